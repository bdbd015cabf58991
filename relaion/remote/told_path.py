"""An address where results tell a path."""

from pathlib import PosixPath


class AddressPath(PosixPath):
    """An address, such as `s3://bucket/folder`: names are joined to it as to a path.

    It is for being told, and named to a command again; nothing is opened by it.
    """

    def __str__(self) -> str:
        scheme, _, rest = super().__str__().partition(":/")
        return f"{scheme}://{rest.lstrip('/')}"

    def __fspath__(self) -> str:
        return str(self)
