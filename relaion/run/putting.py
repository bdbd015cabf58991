"""What a worker puts in a store of objects: the editions of a shard, each whole.

What was written is put and its file dropped, so a worker holds the editions of one shard at most.
What has the very bytes of its source, or of another edition, is copied by the store itself where
it can do that, and else put from where these bytes lie.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from relaion.paths.stand_ins import record_of
from relaion.remote.objects import Noted, Objects
from relaion.remote.standing import object_of, whole
from relaion.remote.stores import objects_at
from relaion.remote.urls import RemoteURL
from relaion.run.settings import Settings
from relaion.run.tasks import WrittenShard

if TYPE_CHECKING:
    from relaion.run.numbered import Numbered


def put_editions(
    settings: Settings,
    n: "Numbered",
    sha256: str,
    written: dict[str, WrittenShard],
    origins: Mapping[str, Path],
) -> dict[str, WrittenShard]:
    """Put a shard of every edition: those `written`, and the source's bytes for the others.

    `origins` are files that may stand for objects, by the digest of their bytes.

    Their files are gone afterwards, also where not all could be put. Raises UnwrittenError where
    the store refuses, InputError where the source has other bytes by now.
    """
    assert settings.store is not None  # noqa: S101 - else nobody puts anything
    store = objects_at(settings.store)
    source = n.shard.path
    put: dict[str, WrittenShard] = {}
    # by digest: objects that have such bytes
    twins = {digest: origin_of(path) for digest, path in origins.items()}
    try:
        for edition in settings.editions:
            name = settings.name(edition.name, n)
            made = written.get(edition.name)
            if made is None:
                made, path = WrittenShard(n.shard.rows, n.shard.bytes, sha256, "copied"), source
            else:
                path = settings.target(edition.name, n)
            noted = put_file(store, path, name, made.sha256, twins.get(made.sha256))
            twins[made.sha256] = (store.at / name, noted)
            how = "written" if made.how == "written" else "copied"
            put[edition.name] = replace(made, how=how, etag=noted.etag)
            settings.target(edition.name, n).unlink(missing_ok=True)
    finally:
        for edition in settings.editions:
            with suppress(OSError):
                settings.target(edition.name, n).unlink(missing_ok=True)
    return put


def put_file(
    store: Objects, path: Path, name: str, sha256: str, twin: tuple[RemoteURL, Noted] | None
) -> Noted:
    """Put one file that has these bytes; `twin` is an object that has them, too, if any.

    Raises UnwrittenError where the store refuses, InputError where the file has other bytes by now.
    """
    noted = None
    if twin is not None:
        noted = store.copy(*twin, name, sha256)
    if noted is None:
        whole(path)  # what stands for an object may have holes yet
        noted = store.put(path, name, sha256)
    return noted


def origin_of(path: Path) -> tuple[RemoteURL, Noted] | None:
    """The object that a shard was read from, as it was seen then; None for a file of this machine.

    One without a mark could not be told from another that took its place.
    """
    record = record_of(path)
    file = None if record is None else object_of(record)
    if file is None or not file.tag:
        return None
    return file.url, Noted(file.size, file.tag.strip('"'))
