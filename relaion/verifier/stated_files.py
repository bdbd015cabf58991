"""The files of a shard from outside: are they there, whole, and those that are stated?"""

import hashlib
from pathlib import Path

from relaion.errors import InputError
from relaion.paths import Seal, Stamp, shown, stamp_of
from relaion.remote.mirror import brought
from relaion.verifier.manifest import FileLine
from relaion.verifier.rows import Source, described
from relaion.verifier.task import ShardReport, ShardTask
from relaion.verifier.verdict import Notes

_SMALL = 1 << 20


def check_files(task: ShardTask) -> ShardReport:
    """Check only that the files of a shard have the bytes that the manifest states."""
    with brought(task.mirror, [o.path for o in task.outputs]):
        return _check_here(task)


def _check_here(task: ShardTask) -> ShardReport:
    report = ShardReport(task.subset)
    files = [(o.path, o.where, o.stated) for o in task.outputs]
    if task.source is not None and task.stated is not None:
        files.append((task.source.path, where_of(task), task.stated))
    for path, where, stated in files:
        stamp = stamp_at(path)
        sha256 = digest_of(path, where, stated, report.notes, task.digested.get(path))
        if stamp is not None and sha256 is not None and stamp_at(path) != stamp:
            report.notes.find("5", where, "was changed or replaced while it was checked")
    if task.source is None or is_other(task.source, written=True):
        report.notes.find("5", where_of(task), "was replaced; nothing was held against it")
    return report


def where_of(task: ShardTask) -> str:
    """What findings call the input of a shard."""
    return shown(f"{task.subset}/{task.name} (input)")


def stamp_at(path: Path) -> Stamp | None:
    """The stamp of the file at a path; None where there is none."""
    try:
        return stamp_of(path)
    except InputError:
        return None


def is_other(source: Source, *, written: bool) -> bool:
    """Whether this is not the file whose columns, and rows with an entry, are known.

    With `written`, a further name or another mode makes no other file of it.
    """
    now, before = stamp_at(source.path), source.stamp
    if now is None or before is None:
        return now is None
    return now.written != before.written if written else now != before


def digest_of(
    path: Path, where: str, stated: FileLine, notes: Notes, known: Seal | None = None
) -> str | None:
    """The SHA-256 of a file that can be read; what differs from the manifest goes to notes.

    `known`: what it was a moment ago; believed while the system says that nothing touched it since.
    """
    try:
        if not path.is_file():  # a pipe would be waited for
            notes.find("5", where, "is missing")
            return None
        size = path.stat().st_size
        if known is not None and stamp_at(path) == known.stamp:
            sha256 = known.sha256
        else:
            with path.open("rb") as f:
                small = size <= _SMALL  # whose bytes are soon read, and need no buffer for more
                found = hashlib.sha256(f.read()) if small else hashlib.file_digest(f, "sha256")
            sha256 = found.hexdigest()
        rows = described(path).metadata.num_rows
    except OSError:
        notes.find("5", where, "is missing")
        return None
    except InputError:
        notes.find("5", where, "is no whole parquet file")
        return None
    if rows != stated.rows:
        notes.find("5", where, f"has {rows:,} rows; the manifest states {stated.rows:,}")
    if size != stated.bytes:
        notes.find("5", where, f"has {size:,} bytes; the manifest states {stated.bytes:,}")
    if sha256 != stated.sha256:
        notes.find("5", where, "its SHA-256 is not the one that the manifest states")
    return sha256
