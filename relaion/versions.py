"""Which versions of packages run here: looked up once, as each look goes through folders."""

import sys
from functools import cache
from pathlib import Path


@cache
def installed(package: str) -> str:
    """The version of an installed package; raises PackageNotFoundError where it is not.

    It stands in the name of a folder: to load what reads it from a file costs a hundredth of a
    second.
    """
    for folder in sys.path:
        for found in Path(folder).glob(f"{package}-*.dist-info"):
            return found.stem.partition("-")[2]
    from importlib import metadata  # noqa: PLC0415 - see above

    return metadata.version(package)
