"""What writes to the store that an address is in."""

from relaion.remote.by_fsspec import AnyObjects
from relaion.remote.objects import Objects
from relaion.remote.s3 import S3Objects
from relaion.remote.stores import open_store
from relaion.remote.urls import RemoteURL


def objects_at(at: RemoteURL) -> Objects:
    """What writes below an address; raises InputError where the library for it is missing."""
    open_store(at)
    return S3Objects(at) if at.scheme == "s3" else AnyObjects(at)
