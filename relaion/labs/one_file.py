"""What a worker does with one file of a copy: index it, or write it without what leaves."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from relaion.copies.form import Indexed, Rewritten
from relaion.labs.copy_files import PARQUET, STATS, CopyFile
from relaion.parquet.writer import Target, write_editions
from relaion.paths import Seal, atomic_write, is_still, read_sealed, replaced, stamp_of, sync_folder
from relaion.run.shard_task import copied, hard_linked


def _module(form: str) -> ModuleType:
    return import_module(f"relaion.copies.{form}")


def index(file: CopyFile, into: Path, columns: Mapping[str, str]) -> tuple[Indexed, list[Any]]:
    """Index a file that is no parquet: what it holds, and its seal as it was read."""
    made: list[Indexed] = []
    (seal,) = read_sealed(
        [file.path], lambda: made.append(_module(file.form).index(file.path, into, columns))
    )
    return made[-1], seal.plain()


def write(
    file: CopyFile,
    out: Path,
    known: list[Any],
    leaving: Path | None,
    number: int,
    memory: int,
    *,
    copy: bool,
    stats_of: Path | None = None,
    before: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write a file without the records that leave it, or link it where none does.

    `leaving` is the work file of what leaves, with `number` for this file. `stats_of` is the
    parquet file of whose rows a stats file tells. `before` is what was said when it was written:
    where that is still so, nothing is done. Raises InputError where the file is another one
    than the `known` seal is of.
    """
    seal = Seal.read(known)
    target = file.target(out)
    gone = _gone(leaving, number)
    of = hashlib.sha256(f"{seal.sha256} {gone.to_pylist()}".encode()).hexdigest()
    if before and before["of"] == of and is_still(target, _sealed(before)):
        return dict(before)
    if not is_still(file.path, seal):
        raise replaced(file.path)
    if not len(gone):
        how = _same_bytes(file.path, target, seal, copy=copy)
        return _told(target, how, of, None, seal.sha256)
    if file.form == STATS:
        done = _module(STATS).without(file.path, target, _by_status(stats_of, gone))
    elif file.form == PARQUET:
        (written,) = write_editions(file.path, [Target(target, gone)], memory_bytes=memory)
        sync_folder(target.parent)
        done = Rewritten(written.rows, written.bytes, written.sha256)
    else:
        done = _module(file.form).rewrite(file.path, target, gone)
    if not is_still(file.path, seal):
        target.unlink()
        raise replaced(file.path)
    return _told(target, "written", of, done.records, done.sha256)


def _gone(leaving: Path | None, number: int) -> pa.ChunkedArray:
    """The numbers of the records that leave a file, in order."""
    if leaving is None:
        return pa.chunked_array([], pa.int64())
    found = pq.read_table(leaving, columns=["file_row_number"], filters=[("shard_no", "=", number)])
    return found["file_row_number"]


def _by_status(stats_of: Path | None, gone: pa.ChunkedArray) -> dict[str, int]:
    """Attempts that leave, by status, and by error message where img2dataset counts these too.

    Without the rows of the attempts what leaves are samples: all of them were downloaded.
    """
    if stats_of is None:
        return {"success": len(gone)}
    with pq.ParquetFile(stats_of) as file:
        told = [name for name in ("status", "error_message") if name in file.schema_arrow.names]
        rows = file.read(columns=told).take(gone)
    found = Counter(str(x) for name in told for x in rows[name].to_pylist() if x is not None)
    return dict(found) or {"success": len(gone)}


def _same_bytes(source: Path, target: Path, seal: Seal, *, copy: bool) -> str:
    """The file under its new name: a hard link where the disk allows one."""
    with atomic_write(target) as part:
        if not copy and hard_linked(source, part, seal.stamp):
            return "linked"
        if copied(source, part) != seal.sha256:
            raise replaced(source)
    return "copied"


def _told(target: Path, how: str, of: str, records: int | None, sha256: str) -> dict[str, Any]:
    stamp = stamp_of(target)
    return {
        "how": how, "of": of, "records": records, "bytes": stamp.size, "sha256": sha256,
        "stamp": list(stamp),
    }  # fmt: skip


def _sealed(before: Mapping[str, Any]) -> Seal:
    return Seal.read([before["stamp"], before["sha256"]])
