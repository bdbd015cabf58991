"""Say in what way an output's rows are not those expected: the second, slow look."""

from collections.abc import Iterator
from pathlib import Path

from relaion.errors import InputError
from relaion.verifier.explain import Differences, Judged, explain
from relaion.verifier.model import judge
from relaion.verifier.reading import batches
from relaion.verifier.rows import Roles, open_shard, rows_of
from relaion.verifier.same import row_digests
from relaion.verifier.task import ShardTask, gone
from relaion.verifier.verdict import Notes, count
from relaion.verifier.walk import Track


def tell_differences(
    task: ShardTask, source: Path, roles: Roles, track: Track, notes: Notes
) -> None:
    """Compare an output that does not match with its input again, counting what differs."""
    output = track.output
    ours, theirs = ([pair[side] for pair in track.pairs] for side in (0, 1))
    if not ours:
        notes.find("1b", output.where, "no column is left to tell its rows by")
        return
    with open_shard(source) as file:
        fields = file.schema_arrow

    def judged() -> Iterator[Judged]:
        for batch in batches(source):
            flags = None
            if task.is_exact(output.edition):
                fates = judge(rows_of(batch, fields, roles), task.known, task.rules)
                flags = gone(task, output.edition, fates).to_pylist()
            yield row_digests(batch, ours), flags

    try:
        rows = (row_digests(batch, theirs) for batch in batches(output.path))
        found = explain(judged, rows)
    except InputError:
        notes.unreadable(output.where)
        return
    names = [fields.field(i).name for i in sorted(track.columns)]
    _tell(found, output.where, names, notes)


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
