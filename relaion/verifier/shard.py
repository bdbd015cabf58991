"""Check one shard with all its editions: its files, its schema, its rows."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from relaion.errors import InputError
from relaion.paths import Seal, Stamp, is_still, shown, stamp_of
from relaion.verifier import schema
from relaion.verifier.compare import Cursor
from relaion.verifier.diff_report import beyond, tell_differences
from relaion.verifier.file_checks import check_columns, check_owned
from relaion.verifier.manifest import FileLine
from relaion.verifier.reading import batches
from relaion.verifier.rows import Roles, open_shard, role_rows
from relaion.verifier.said import Said
from relaion.verifier.task import OutputTask, ShardReport, ShardTask, survivors
from relaion.verifier.verdict import Notes, count
from relaion.verifier.walk import Track, walk


def check_shard(task: ShardTask) -> ShardReport:
    """Check one shard. Reads files only; all that is wrong stands in the report."""
    report = ShardReport(task.subset, task.name)
    files = [(o.path, o.where, o.stated) for o in task.outputs]
    if task.source is not None and task.stated is not None:
        files.append((task.source, _where(task), task.stated))
    stamps = [_stamp(path) for path, _, _ in files]
    found = _check(task, report)
    for (path, where, stated), stamp in zip(files, stamps, strict=True):
        if stamp is not None and not is_still(path, Seal(stamp, stated.sha256)):
            found.notes.find("5", where, "was changed or replaced while it was checked")
    return found


def _where(task: ShardTask) -> str:
    return shown(f"{task.subset}/{task.name} (input)")


def _stamp(path: Path) -> Stamp | None:
    try:
        return stamp_of(path)
    except InputError:
        return None


def _check(task: ShardTask, report: ShardReport) -> ShardReport:
    read = [(o, _whole(o.path, o.where, o.stated, report.notes)) for o in task.outputs]
    outputs = [(o, sha256) for o, sha256 in read if sha256 is not None]
    for output, found in outputs:
        if task.stated is None or found != task.stated.sha256:
            check_owned(output.path, output.where, task.source, report.notes)
    for lost in (o for o, sha256 in read if sha256 is None):
        report.notes.unreadable(lost.where)
    if task.source is not None and task.roles is not None and task.stated is not None:
        where = _where(task)
        sha256 = _whole(task.source, where, task.stated, report.notes)
        same = sha256 == task.stated.sha256
        if sha256 is not None and _is_other(task.source, task.stamp, written=same):
            report.notes.find("5", where, "was replaced; nothing was held against it")
            _check_alone(task, [o for o, _ in outputs], report)
            return report
        identical = [(o, digest == sha256) for o, digest in outputs]
        try:
            _check_against(task, task.source, task.roles, identical, report)
            return report
        except InputError:
            report = ShardReport(task.subset, task.name, report.notes)
            report.notes.find("5", where, "its rows cannot be read; nothing was held against it")
    _check_alone(task, [o for o, _ in outputs], report)
    return report


def _is_other(path: Path, stamp: Stamp | None, *, written: bool) -> bool:
    """Whether this is not the file whose columns, and rows with an entry, are known.

    With `written`, a further name or another mode makes no other file of it.
    """
    now = _stamp(path)
    if now is None or stamp is None:
        return now is None
    return now.written != stamp.written if written else now != stamp


def _whole(path: Path, where: str, stated: FileLine, notes: Notes) -> str | None:
    """The SHA-256 of a file that can be read; what differs from the manifest goes to notes."""
    try:
        if not path.is_file():  # a pipe would be waited for
            notes.find("5", where, "is missing")
            return None
        size = path.stat().st_size
        with path.open("rb") as f:
            sha256 = hashlib.file_digest(f, "sha256").hexdigest()
        with open_shard(path) as file:
            rows = file.metadata.num_rows
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


def _check_against(
    task: ShardTask,
    source: Path,
    roles: Roles,
    outputs: Sequence[tuple[OutputTask, bool]],
    report: ShardReport,
) -> None:
    """With the input: schema, metadata, order, values, and each row's fate.

    `outputs` says of each whether it has the input's very bytes.
    """
    with open_shard(source) as file:
        fields = file.schema_arrow
    tracks = [_track(source, o, report.notes, identical=same) for o, same in outputs]
    for track in tracks:
        given = frozenset(fields.names)
        check_columns(track.output.path, track.output.where, given, report.notes)
    beyond = walk(task, source, roles, tracks, report)
    for track in tracks:
        _tell_kept(track.survivors, track.output, report.notes)
        if track.matches and track.said is not None and track.said.hidden:
            said = "its footer, an index or a dictionary names a value that none of its rows has"
            report.notes.find("4", track.output.where, said)
        if track.matches and track.said is not None and track.said.miscounted:
            said = (
                "its footer states another number of NULLs or of distinct values than a column "
                "has; programs that believe it lose rows"
            )
            report.notes.find("1b", track.output.where, said)
        if not track.matches:
            report.suspects.append(track.output)
            tell_differences(task, source, roles, track, report.notes)
    matching = {t.output.edition.name for t in tracks if t.matches}
    for child, parent in _families([o for o, _ in outputs]):
        names = (child.edition.name, parent.edition.name)
        if names in beyond or not matching.issuperset(names):
            _check_part(child, parent, report.notes)


def _track(source: Path, output: OutputTask, notes: Notes, *, identical: bool) -> Track:
    said, pairs = schema.compare(source, output.path)
    for words in said:
        notes.find("2", output.where, words)
    if identical:
        return Track(output, pairs, None)
    return Track(output, pairs, Cursor(batches(output.path)), Said(output.path, source))


def _check_alone(task: ShardTask, outputs: Sequence[OutputTask], report: ShardReport) -> None:
    """Without the input: what the outputs alone can show."""
    for output in outputs:
        check_columns(output.path, output.where, None, report.notes)
        if task.source is None:
            check_kept(task, output, report.notes)
        else:  # no list was held against it yet, but against the input
            report.suspects.append(output)
    for child, parent in _families(outputs):
        _check_part(child, parent, report.notes)


def check_kept(task: ShardTask, output: OutputTask, notes: Notes) -> None:
    """Find kept rows of an output by itself that a list or a rule of the edition names."""
    if output.roles is None:
        return  # its file is a finding already
    found: Counter[str] = Counter()
    first = 0
    try:
        for rows in role_rows(output.path, output.roles, set(output.roles)):
            found += survivors(task, output.edition, task.judge(output.path, first, rows))
            first += rows.n
    except InputError:
        notes.unreadable(output.where)
    _tell_kept(found, output, notes)


def _tell_kept(found: Counter[str], output: OutputTask, notes: Notes) -> None:
    for words, n in found.items():
        notes.find("1a", output.where, f"{count(n, 'kept row', 'is')} {words}")


def _families(outputs: Sequence[OutputTask]) -> Iterator[tuple[OutputTask, OutputTask]]:
    """Every output with that of its parent edition."""
    by_name = {o.edition.name: o for o in outputs}
    for output in outputs:
        if output.edition.parent in by_name:
            yield output, by_name[output.edition.parent]


def _check_part(child: OutputTask, parent: OutputTask, notes: Notes) -> None:
    try:
        n = beyond(child.path, parent.path)
    except InputError:
        notes.find("5", child.where, "its rows, or those of its parent, cannot be read")
        return
    name = parent.edition.name
    if n is None:
        notes.find("3", child.where, f"its rows are not those of {name}, its parent")
    elif n:
        notes.find("3", child.where, f"{count(n, 'row', 'is')} not in {name}, its parent")
