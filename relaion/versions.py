"""Which versions of packages run here: looked up once, as each look reads their metadata."""

from functools import cache
from importlib import metadata


@cache
def installed(package: str) -> str:
    """The version of an installed package; raises PackageNotFoundError where it is not."""
    return metadata.version(package)
