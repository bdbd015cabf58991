"""What a worker does with one file of a copy: index it, or write it without what leaves."""

import hashlib
import re
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from relaion.copies.form import Rewritten
from relaion.copies.indexed import Indexed
from relaion.copies.second_links import SecondLinks
from relaion.labs.copy_files import PARQUET, STATS, CopyFile
from relaion.parquet.columns import open_parquet
from relaion.parquet.mended import as_bytes
from relaion.parquet.writer import Target, write_editions
from relaion.paths import (
    Seal,
    atomic_write,
    file_sha256,
    is_still,
    read_sealed,
    replaced,
    stamp_of,
    sync_folder,
)
from relaion.remote.stores import objects_at
from relaion.remote.urls import RemoteURL
from relaion.run.putting import origin_of, put_file
from relaion.run.shard_task import copied, hard_linked


def _module(form: str) -> ModuleType:
    return import_module(f"relaion.copies.{form}")


def index(
    file: CopyFile,
    into: Path,
    columns: Mapping[str, str],
    before: tuple[dict[str, Any], list[Any], str] | None,
) -> tuple[Indexed, list[Any], str]:
    """Index a file that is no parquet: what it holds, its seal as it was read, and the index's.

    `before` is what was said of it, whose index is whole: if the file is still that one, it is so.
    """
    if before is not None and is_still(file.path, Seal.read(before[1])):
        told, plain, sha256 = before
        return Indexed(**{**told, "notices": tuple(told["notices"])}), plain, sha256
    made: list[Indexed] = []
    (seal,) = read_sealed(
        [file.path],
        lambda: made.append(_module(file.form).index(file.path, into, columns)),
        beside=True,
    )
    return made[-1], seal.plain(), file_sha256(into)


def write(
    file: CopyFile,
    out: Path,
    known: list[Any],
    leaving: Path | None,
    number: int,
    memory: int,
    *,
    copy: bool,
    stats_of: tuple[Path | None, Path | None] = (None, None),
    link: str | None = None,
    index: Path | None = None,
    before: Mapping[str, Any] | None = None,
    store: RemoteURL | None = None,
) -> dict[str, Any]:
    """Write a file without the records that leave it, or link it where none does.

    `leaving` is the work file of what leaves, with `number` for this file. `stats_of` are
    the parquet file of whose rows a stats file tells, and the index of its tar. `before` is what
    was said when it was written: where that is still so, nothing is done. `link` is the column of
    a parquet file's links, `index` that of a tar. With a `store` what is written is put there, and
    dropped here; whether what was put `before` is still there whoever asks knows. Raises InputError
    where the file is another one than the `known` seal is of, UnwrittenError where the store
    refuses.
    """
    seal = Seal.read(known)
    target = file.target(out)
    gone = _gone(leaving, number)
    of = hashlib.sha256(f"{seal.sha256} {gone.to_pylist()}".encode()).hexdigest()
    is_stats = file.form == STATS  # which the rows decide that stay, too
    is_same = before is not None and before["of"] == of and not is_stats
    if before and is_same and (store is not None or is_still(target, _sealed(before))):
        return dict(before)
    if not is_still(file.path, seal):
        raise replaced(file.path)
    more = {"source": seal.sha256} if is_stats else {}  # of others the manifest tells beside
    left = _module(STATS).left_of(*stats_of, gone) if is_stats else None
    if not len(gone) and not (is_stats and _module(STATS).tells_more(file.path, left)):
        if store is not None:
            return more | _put(store, file.path, file, "copied", of, None, seal.sha256, link)
        how = _same_bytes(file.path, target, seal, copy=copy)
        return more | _told(target, how, of, None, seal.sha256, _looked(file, target, link))
    if is_stats:
        done = _module(STATS).without(file.path, target, left)
    elif file.form == PARQUET:
        (written,) = write_editions(file.path, [Target(target, gone)], memory_bytes=memory)
        sync_folder(target.parent)
        done = Rewritten(written.rows, written.bytes, written.sha256)
    elif index is not None:
        done = _module(file.form).rewrite(file.path, target, gone, index)
    else:
        done = _module(file.form).rewrite(file.path, target, gone)
    if not is_still(file.path, seal):
        target.unlink()
        raise replaced(file.path)
    if store is not None:
        try:
            return more | _put(store, target, file, "written", of, done.records, done.sha256, link)
        finally:
            target.unlink(missing_ok=True)
    looked = _looked(file, target, link)
    return more | _told(target, "written", of, done.records, done.sha256, looked)


_MESSAGES = "error_message"  # of img2dataset, which quotes what a server sent it to
_LIKE_LINK = re.compile(rb"[^\s'\"<>()]*/[^\s'\"<>()]*")


def _looked(file: CopyFile, target: Path, link: str | None) -> dict[str, Any]:
    """What is told of a parquet file of OUT, beside what became of its rows.

    `quoting` are rows whose message quotes what may be a link, and is no part of their own;
    `second` sentences on links that stand behind rows' own.
    """
    quoting, second = 0, SecondLinks()
    if file.form == PARQUET:
        with open_parquet(target) as rows:
            names = [n for n in (_MESSAGES, link) if n and rows.schema_arrow.names.count(n) == 1]
            for batch in rows.iter_batches(columns=names) if names else ():
                found = {name: as_bytes(batch.column(name)) for name in names}
                if link in names:
                    second.behind(found[link])
                if _MESSAGES in names:
                    quoting += _quoting(found[_MESSAGES], found.get(link or ""))
    return {"quoting": quoting, "second": second.notices(())}


def _quoting(messages: pa.Array, own: pa.Array | None) -> int:
    mask = pc.fill_null(pc.match_substring(messages, "/"), False)
    links = [b""] * mask.true_count if own is None else own.filter(mask).to_pylist()
    found = 0
    for message, url in zip(messages.filter(mask).to_pylist(), links, strict=True):
        quoted = (each.strip(b".,:;") for each in _LIKE_LINK.findall(message))
        found += any(each not in (url or b"") for each in quoted)
    return found


def _gone(leaving: Path | None, number: int) -> pa.ChunkedArray:
    """The numbers of the records that leave a file, in order."""
    if leaving is None:
        return pa.chunked_array([], pa.int64())
    found = pq.read_table(leaving, columns=["file_row_number"], filters=[("shard_no", "=", number)])
    return found["file_row_number"]


def _same_bytes(source: Path, target: Path, seal: Seal, *, copy: bool) -> str:
    """The file under its new name: a hard link where the disk allows one."""
    with atomic_write(target) as part:
        if not copy and hard_linked(source, part, seal.stamp):
            return "linked"
        if copied(source, part) != seal.sha256:
            raise replaced(source)
    return "copied"


def _put(
    store: RemoteURL,
    path: Path,
    file: CopyFile,
    how: str,
    of: str,
    records: int | None,
    sha256: str,
    link: str | None,
) -> dict[str, Any]:
    """Put a file below OUT, from where it lies here; what it holds is looked at before."""
    looked = _looked(file, path, link)
    noted = put_file(objects_at(store), path, file.name, sha256, origin_of(path))
    return {
        "how": how, "of": of, "records": records, "bytes": noted.size, "sha256": sha256,
        "etag": noted.etag, **looked,
    }  # fmt: skip


def _told(
    target: Path, how: str, of: str, records: int | None, sha256: str, looked: Mapping[str, Any]
) -> dict[str, Any]:
    stamp = stamp_of(target)
    return {
        "how": how, "of": of, "records": records, "bytes": stamp.size, "sha256": sha256,
        "stamp": list(stamp), **looked,
    }  # fmt: skip


def _sealed(before: Mapping[str, Any]) -> Seal:
    return Seal.read([before["stamp"], before["sha256"]])
