"""Check one shard with all its editions: its files, its schema, its rows.

An input is walked against its outputs (`track.py`), batch by batch, each file read once. Where the
model knows what must remain, it has to be there, bit for bit. Where it does not (an edition of
one's own, no lists given), the output's rows have to stand in the input in this order.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from relaion.errors import InputError
from relaion.odometer import ODOMETER
from relaion.parquet.footer import footers_held
from relaion.paths import Seal, Stamp, is_still, shown
from relaion.remote.mirror import brought
from relaion.remote.standing import drop, whole
from relaion.verifier.compare import (
    Cursor,
    Differences,
    Judged,
    beyond,
    compare_schemas,
    explain,
    is_in_order,
    row_digests,
)
from relaion.verifier.counts import count_coverage, count_reasons
from relaion.verifier.file_checks import check_columns
from relaion.verifier.footers import Said, check_owned
from relaion.verifier.model import all_keys
from relaion.verifier.rows import Roles, Rows, Source, batches, rows_of, schema_of
from relaion.verifier.stated_files import digest_of, is_other, stamp_at, where_of
from relaion.verifier.task import (
    OutputTask,
    Reasons,
    ShardReport,
    ShardTask,
    gone,
    survivors,
)
from relaion.verifier.track import Track
from relaion.verifier.verdict import Notes, count

Before = Mapping[str, OutputTask]
_UNLIKE_BEFORE = "the parent's rows are not those of an input, so what left before is not known"


@dataclass(frozen=True)
class JudgedInput:
    """A small input whose rows were judged, and counted, along with those of others.

    `stamp` is the one from before it was read, `batch` are all its rows, `named` says of which why
    they are named.
    """

    stamp: Stamp
    batch: pa.RecordBatch
    named: Reasons


def check_shard(task: ShardTask, seen: JudgedInput | None = None) -> ShardReport:
    """Check one shard. Reads files only; all that is wrong stands in the report.

    With what was `seen` of its input, nothing is counted but rows. Raises RemoteError for a store
    that does not answer.
    """
    with brought(task.mirror, [o.path for o in task.outputs]):
        return _check_here(task, seen)


def _check_here(task: ShardTask, seen: JudgedInput | None) -> ShardReport:
    report = ShardReport(task.subset)
    files = [(o.path, o.where, o.stated) for o in task.outputs]
    files += [(o.path, o.where, o.stated) for o in task.before.values()]
    if task.source is not None and task.stated is not None:
        files.append((task.source.path, where_of(task), task.stated))
    stamps = [stamp_at(path) for path, _, _ in files]
    if seen is not None:
        stamps[-1] = seen.stamp
    with ODOMETER.stretch(task.groups), _source_here(task), footers_held():
        found = _check(task, report, seen)
    for (path, where, stated), stamp in zip(files, stamps, strict=True):
        if stamp is not None and not is_still(path, Seal(stamp, stated.sha256)):
            found.notes.find("5", where, "was changed or replaced while it was checked")
    return found


@contextmanager
def _source_here(task: ShardTask) -> Iterator[None]:
    """Have what lies elsewhere, beside OUT, here as long as it is checked; raises RemoteError."""
    paths = [before.path for before in task.before.values()]
    paths += [] if task.source is None else [task.source.path]
    try:
        for path in paths:
            whole(path)
        yield
    finally:
        for path in paths:
            drop(path)


def _check(task: ShardTask, report: ShardReport, seen: JudgedInput | None) -> ShardReport:
    known = task.digested
    read = [
        (o, digest_of(o.path, o.where, o.stated, report.notes, known.get(o.path)))
        for o in task.outputs
    ]
    outputs = [(o, sha256) for o, sha256 in read if sha256 is not None]
    for output, found in outputs:
        if task.stated is None or found != task.stated.sha256:
            source = None if task.source is None else task.source.path
            check_owned(output.path, output.where, source, report.notes)
    for lost in (o for o, sha256 in read if sha256 is None):
        report.notes.unreadable(lost.where)
    before = _others_before(task, outputs, report.notes)
    if task.source is not None and task.stated is not None:
        where = where_of(task)
        source = task.source.path
        sha256 = digest_of(source, where, task.stated, report.notes, known.get(source))
        same = sha256 == task.stated.sha256
        if sha256 is not None and is_other(task.source, written=same):
            report.notes.find("5", where, "was replaced; nothing was held against it")
            _check_alone(task, [o for o, _ in outputs], before, report)
            return report
        identical = [(o, digest == sha256) for o, digest in outputs]
        try:
            _check_against(task, task.source, identical, before, report, seen)
            return report
        except InputError:
            report = ShardReport(task.subset, report.notes)
            report.notes.find("5", where, "its rows cannot be read; nothing was held against it")
    _check_alone(task, [o for o, _ in outputs], before, report)
    return report


def _others_before(
    task: ShardTask, outputs: Sequence[tuple[OutputTask, str]], notes: Notes
) -> Before:
    """By edition what the run before made of this shard, where these are other bytes.

    A file that is not the one which that run stated is relied on for nothing.
    """
    found = {}
    for output, sha256 in outputs:
        name = output.edition.name
        before = task.before.get(name)
        if before is None or before.stated.sha256 == sha256:
            continue
        if digest_of(before.path, before.where, before.stated, Notes()) == before.stated.sha256:
            found[name] = before
            continue
        said = "is missing, or not what the manifest beside it states; nothing was held against it"
        notes.find("6", before.where, said)
        if task.keeps_out:
            notes.limit("1b", "files of the parent could not be read, so what left before it")
    return found


def _check_against(
    task: ShardTask,
    source: Source,
    outputs: Sequence[tuple[OutputTask, bool]],
    before: Before,
    report: ShardReport,
    seen: JudgedInput | None,
) -> None:
    """With the input: schema, metadata, order, values, and each row's fate.

    `outputs` says of each whether it has the input's very bytes.
    """
    given = frozenset(schema_of(source.path).names)
    tracks = [_track(source.path, o, report.notes, identical=same) for o, same in outputs]
    for track in tracks:
        if earlier := before.get(track.output.edition.name):
            track.before = _track(source.path, earlier, Notes(), identical=False)
            track.before.said = None
    for track in tracks:
        check_columns(track.output.path, track.output.where, given, report.notes)
    broken = _walk(task, source, tracks, report, seen)
    for track in tracks:
        _tell_track(task, source, track, report)
    matching = {t.output.edition.name for t in tracks if t.matches}
    for child, parent in _families([o for o, _ in outputs]):
        names = (child.edition.name, parent.edition.name)
        if names in broken or not matching.issuperset(names):
            _check_part(child, parent, report.notes)


def _tell_track(task: ShardTask, source: Source, track: Track, report: ShardReport) -> None:
    """What the walk along an output found."""
    output, notes = track.output, report.notes
    _tell_kept(track.survivors, output, notes)
    if track.matches and track.said is not None and track.said.hidden:
        said = "its footer, an index or a dictionary names a value that none of its rows has"
        notes.find("4", output.where, said)
    if track.matches and track.said is not None and track.said.miscounted:
        said = (
            "its footer states another number of NULLs or of distinct values than a column "
            "has; programs that believe it lose rows"
        )
        notes.find("1b", output.where, said)
    if not track.matches:
        report.suspects.append(output)
        _tell_differences(task, source, track, notes)
    if track.before is not None and not (track.matches and track.before.matches):
        _check_before(output, track.before.output, notes, in_order=False)
        if _is_kept_out(task, output) and not track.before.matches:
            notes.limit("1b", _UNLIKE_BEFORE)


def _track(source: Path, output: OutputTask, notes: Notes, *, identical: bool) -> Track:
    said, pairs = compare_schemas(source, output.path)
    for words in said:
        notes.find("2", output.where, words)
    if identical:
        return Track(output, pairs, None)
    return Track(output, pairs, Cursor(batches(output.path)), Said(output.path, source))


def _check_alone(
    task: ShardTask, outputs: Sequence[OutputTask], before: Before, report: ShardReport
) -> None:
    """Without the input: what the outputs alone can show."""
    for output in outputs:
        if earlier := before.get(output.edition.name):
            _check_before(output, earlier, report.notes, in_order=True)
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
    source = Source(output.path, output.roles, is_checked=False)
    try:
        for first, rows in source.rows(output.roles):
            found += survivors(task, output.edition, task.judge(output.path, first, rows))
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


def _check_before(output: OutputTask, before: OutputTask, notes: Notes, *, in_order: bool) -> None:
    """An edition is a part of what the run before made of it: nothing comes back."""
    try:
        n = beyond(output.path, before.path)
        is_moved = in_order and n == 0 and not is_in_order(output.path, before.path)
    except InputError:
        notes.find("5", output.where, "its rows, or those of its parent run, cannot be read")
        return
    if n is None:
        notes.find("3", output.where, "its rows are not those that the parent run kept")
    elif n:
        notes.find("3", output.where, f"{count(n, 'row', 'is')} here that the parent run removed")
    elif is_moved:
        notes.find("2", output.where, "its rows stand in another order than in the parent run")


# -- an input walked against its outputs -------------------------------------------------------


def names_of(schema: pa.Schema, roles: Roles) -> dict[tuple[str, int], str]:
    """What the columns of each role are called, by role and place."""
    return {
        (role, place): shown(schema.field(at.position).name)
        for role, played in roles.items()
        for place, at in enumerate(played)
    }


def _walk(
    task: ShardTask,
    source: Source,
    tracks: Sequence[Track],
    report: ShardReport,
    seen: JudgedInput | None,
) -> set[tuple[str, str]]:
    """Follow all outputs along the input; counts go to the report.

    Returns the pairs (child edition, parent edition) where the parent lacks a row that the
    child has, as far as both match.
    """
    names = names_of(schema_of(source.path), source.roles)
    broken: set[tuple[str, str]] = set()
    report.rows = 0
    judged = _judged(task, source) if seen is None else [(seen.batch, None, seen.named)]
    for batch, rows, named in judged:
        report.rows += batch.num_rows
        for track in tracks:
            _step(task, track, batch, named, report)
        broken |= _beyond_parent(tracks)
        if rows is None:  # counted already
            continue
        count_reasons(task, named.values(), report.counts)
        if task.earlier is None:
            count_coverage(rows, names, report.counts)
        else:
            _count_before(task, tracks, batch.num_rows, task.as_before(named), report)
            for row in rows.take(task.since(named)).plain():
                report.links |= all_keys(row, inner=task.known.inner)
    for track in tracks:
        track.end()
    return broken


def _count_before(
    task: ShardTask, tracks: Sequence[Track], n: int, named: Reasons, report: ShardReport
) -> None:
    """What the lists of the run before name of n rows, and how many they left of these."""
    count_reasons(task, named.values(), report.counts_before)
    for track in tracks:
        edition = track.output.edition
        report.kept_before[edition.name] += n - gone(task, edition, named, n).true_count


def _judged(task: ShardTask, source: Source) -> Iterator[tuple[pa.RecordBatch, Rows, Reasons]]:
    """The batches of an input, their columns with a role, and why their rows are named."""
    fields = schema_of(source.path)
    first = 0
    for batch in batches(source.path):
        rows = rows_of(batch, fields, source.roles)
        yield batch, rows, task.judge(source.path, first, rows)
        first += batch.num_rows
        ODOMETER.reach(first / max(1, source.size[0]))


def _step(
    task: ShardTask, track: Track, batch: pa.RecordBatch, named: Reasons, report: ShardReport
) -> None:
    edition = track.output.edition
    removed = gone(task, edition, named, batch.num_rows) if task.is_exact(edition) else None
    by_both = _is_kept_out(task, track.output)
    if by_both and removed is not None:
        removed = track.and_before(batch, removed)
    track.follow(batch, removed)
    if not by_both:
        track.follow_before(batch)
    if removed is None and track.matches and track.removed is not None:
        removed = track.removed
        track.survivors += survivors(task, edition, named, pc.invert(removed))
    if removed is not None and task.is_exact(edition):
        report.kept[edition.name] += batch.num_rows - removed.true_count


def _is_kept_out(task: ShardTask, output: OutputTask) -> bool:
    """Whether it takes what the run before made of this shard to tell which rows stay."""
    name = output.edition.name
    return task.keeps_out and name in task.before and task.is_exact(output.edition)


def _beyond_parent(tracks: Sequence[Track]) -> set[tuple[str, str]]:
    found = set()
    by_name = {t.output.edition.name: t for t in tracks if t.matches}
    for track in by_name.values():
        parent = by_name.get(track.output.edition.parent or "")
        if parent is None or track.removed is None or parent.removed is None:
            continue
        if pc.and_(parent.removed, pc.invert(track.removed)).true_count:
            found.add((track.output.edition.name, parent.output.edition.name))
    return found


# -- in what way an output differs; slow, for broken shards ------------------------------------


def _tell_differences(task: ShardTask, source: Source, track: Track, notes: Notes) -> None:
    """Compare an output that does not match with its input again, counting what differs."""
    output = track.output
    ours, theirs = ([pair[side] for pair in track.pairs] for side in (0, 1))
    if not ours:
        notes.find("1b", output.where, "no column is left to tell its rows by")
        return

    def judged() -> Iterator[Judged]:
        for n, (batch, _, named) in enumerate(_judged(task, source)):
            flags = None
            if not _is_kept_out(task, output):
                if task.is_exact(output.edition):
                    flags = gone(task, output.edition, named, batch.num_rows).to_pylist()
            elif track.before is not None and track.before.matches:
                flags = track.expected[n].to_pylist()
            yield row_digests(batch, ours), flags

    try:
        rows = (row_digests(batch, theirs) for batch in batches(output.path))
        found = explain(judged, rows)
    except InputError:
        notes.unreadable(output.where)
        return
    fields = schema_of(source.path)
    _tell(found, output.where, [fields.field(i).name for i in sorted(track.columns)], notes)


def _tell(found: Differences, where: str, columns: list[str], notes: Notes) -> None:
    if found.too_many:
        for promise in ("1b", "2"):
            notes.find(promise, where, "its rows are not those of the input, or far out of order")
        return
    if found.changed:
        named = f" (column {', '.join(columns)})" if 0 < len(columns) < 4 else ""
        notes.find("2", where, f"{count(found.changed, 'row', 'differs')} from the input{named}")
    if lost := found.lost - found.changed:
        notes.find("1b", where, f"{count(lost, 'row', 'is')} lost that no list and no rule names")
    if added := found.foreign - found.changed:
        notes.find("1b", where, f"{count(added, 'row', 'is')} not in the input")
    if found.doubled:
        stands = count(found.doubled, "row", "stands")
        notes.find("1b", where, f"{stands} more often than in the input")
    if not (found.lost or found.kept or found.doubled or found.foreign):
        notes.find("2", where, "its rows stand in another order than in the input")
