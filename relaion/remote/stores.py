"""Which store an address is of, and what reads and writes there."""

import logging
from functools import lru_cache, partial
from importlib import import_module

from relaion.errors import InputError
from relaion.remote.objects import Objects
from relaion.remote.store import Store
from relaion.remote.urls import WEB, RemoteURL

_EXTRAS = {"s3": ("s3fs", "s3"), "gs": ("gcsfs", "gcs"), "az": ("adlfs", "azure"),
           "hf": ("huggingface_hub", "hf")}  # fmt: skip
_TALK = ("azure", "gcsfs", "google")  # they tell of what they tried where nobody asked for it


def open_store(url: RemoteURL) -> Store:
    """The store that an address is of.

    Raises InputError, with the command that brings it, where its library is not installed.
    """
    return _opened(url.scheme)


@lru_cache
def _opened(scheme: str) -> Store:
    if scheme in WEB:
        from relaion.remote.web import WebStore  # noqa: PLC0415 - only who reads links needs it

        return WebStore()
    library, extra = _EXTRAS[scheme]
    for talker in _TALK:
        logging.getLogger(talker).addHandler(logging.NullHandler())
    try:
        found = import_module(library)
    except ImportError:
        raise InputError(
            f"{scheme}://: cannot be read without {library}; run "
            f"`pip install 'relaion[{extra}]'`, then repeat the command"
        ) from None
    if scheme == "s3":
        from relaion.remote.s3 import S3Store  # noqa: PLC0415 - as above

        return S3Store(found)
    if scheme == "hf":
        from relaion.remote.hub import HubStore  # noqa: PLC0415 - as above

        return HubStore(found)
    if scheme == "az":
        from relaion.remote.az import AzStore  # noqa: PLC0415 - as above

        return AzStore(found)
    from relaion.remote.by_fsspec import FsspecStore, opened_gs  # noqa: PLC0415 - as above

    # what the package shows first asks another service of each bucket's kind, at each request, and
    # prints a line where it may not
    return FsspecStore(partial(opened_gs, import_module("gcsfs.core").GCSFileSystem))


def objects_at(at: RemoteURL) -> Objects:
    """What writes below an address; raises InputError where the library for it is missing."""
    store = open_store(at)
    if at.scheme == "s3":
        from relaion.remote.s3 import S3Objects  # noqa: PLC0415 - as above

        return S3Objects(at, store)
    if at.scheme == "az":
        from relaion.remote.az import AzObjects  # noqa: PLC0415 - as above

        return AzObjects(at, store)
    from relaion.remote.by_fsspec import AnyObjects  # noqa: PLC0415 - as above

    return AnyObjects(at, store)
