"""In what way do the rows of an output differ from those expected? Slow; for broken shards.

Rows are numbers here (`same.row_digests`). Input and output are read side by side; what
stands in both cancels out, so only the differences are held. The same counts what a child
edition has beyond its parent (promise 3).
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from relaion.errors import InputError
from relaion.verifier.compare import row_digests
from relaion.verifier.reading import batches
from relaion.verifier.rows import Roles, open_shard, rows_of
from relaion.verifier.schema import compare
from relaion.verifier.task import ShardTask, gone
from relaion.verifier.verdict import Notes, count
from relaion.verifier.walk import Track

_MOST = 1_000_000

# digests of some input rows, and which of them should have gone (None: that is not known)
Judged = tuple[list[int], list[bool] | None]
Expected = Callable[[], Iterator[Judged]]


@dataclass(frozen=True)
class Differences:
    """Numbers of rows. None of them: the same rows in another order.

    `lost` should be there and are not; `kept` are there and should have gone; `doubled`
    stand more often than in the input; `foreign` do not stand in the input at all.
    `too_many`: counting was given up.
    """

    lost: int = 0
    kept: int = 0
    doubled: int = 0
    foreign: int = 0
    too_many: bool = False

    @property
    def changed(self) -> int:
        """Rows that went missing where others came: changed in place, as far as can be told."""
        return min(self.lost, self.foreign)


def explain(source: Expected, output: Iterator[list[int]]) -> Differences:
    """Compare the rows of an input with those of an output; `source` is read twice.

    Where it is not known which rows should have gone, none is called lost or kept.
    """
    pending = _cancel(source(), output)
    if pending is None:
        return Differences(too_many=True)
    extra = {row: -n for row, n in pending.items() if n < 0}
    lost = sum(n for n in pending.values() if n > 0)
    kept: set[int] = set()
    doubled: set[int] = set()
    judged = False
    for rows, flags in source():
        judged = judged or flags is not None
        for i, row in enumerate(rows):
            if row in extra:
                (kept if flags is not None and flags[i] else doubled).add(row)
    return Differences(
        lost=lost if judged else 0,
        kept=sum(extra[row] for row in kept),
        doubled=sum(extra[row] for row in doubled - kept),
        foreign=sum(n for row, n in extra.items() if row not in kept and row not in doubled),
    )


def _cancel(expected: Iterator[Judged], output: Iterator[list[int]]) -> Counter[int] | None:
    """Rows that should be there and are not (positive), and the reverse; None: too many."""
    pending: Counter[int] = Counter()
    while True:
        judged, found = next(expected, None), next(output, None)
        if judged is None and found is None:
            return pending
        rows, flags = judged or ([], None)
        for i, row in enumerate(rows):
            if flags is None or not flags[i]:
                _add(pending, row, 1)
        for row in found or ():
            _add(pending, row, -1)
        if len(pending) > _MOST:
            return None


def _add(pending: Counter[int], row: int, n: int) -> None:
    pending[row] += n
    if not pending[row]:
        del pending[row]


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
        first = 0
        for batch in batches(source):
            flags = None
            if task.is_exact(output.edition):
                named = task.judge(source, first, rows_of(batch, fields, roles))
                flags = gone(task, output.edition, named, batch.num_rows).to_pylist()
            first += batch.num_rows
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


def beyond(child: Path, parent: Path) -> int | None:
    """How many rows of the child do not stand in the parent; None: too many to count.

    Their order may differ (that is another promise). Raises InputError for unreadable files.
    """
    _, pairs = compare(parent, child)
    if not pairs:
        return None
    ours, theirs = [i for i, _ in pairs], [j for _, j in pairs]
    if _is_subsequence(_digests(child, theirs), _digests(parent, ours)):
        return 0
    found = explain(
        lambda: ((rows, None) for rows in _digests(parent, ours)), _digests(child, theirs)
    )
    return None if found.too_many else found.foreign + found.doubled


def _digests(path: Path, columns: list[int]) -> Iterator[list[int]]:
    return (row_digests(batch, columns) for batch in batches(path))


def _is_subsequence(small: Iterator[list[int]], large: Iterator[list[int]]) -> bool:
    rows = (row for some in large for row in some)
    return all(any(row == other for other in rows) for some in small for row in some)
