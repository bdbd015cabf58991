"""Small shards checked together: their inputs are judged as one, each is compared by itself.

To judge a thousand rows takes as many calls as to judge a million. Whatever is not as it should
be is looked at again, shard by shard, so that nothing is said otherwise than of a shard alone.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate, islice

import pyarrow as pa

from relaion.errors import InputError
from relaion.odometer import ODOMETER
from relaion.parquet.footer import footers_held, read_footer
from relaion.paths import stamp_of
from relaion.paths.stand_ins import within_tree
from relaion.verifier.counts import Counts, count_coverage, count_reasons
from relaion.verifier.made import Made
from relaion.verifier.rows import batches, rows_of, schema_of
from relaion.verifier.shard import JudgedInput, check_shard, names_of
from relaion.verifier.task import Reasons, ShardReport, ShardTask, judge

_ROWS = 16_384  # of the inputs of a part; where they are wide, a KiB of a file counts as one
_BYTES = 64 << 20
_MOST = 16  # shards of a part


def parts_of(tasks: Sequence[ShardTask]) -> Sequence[Sequence[ShardTask]]:
    """The tasks in order, small ones that are alike in parts of several."""
    parts: list[slice] = []
    start = rows = 0
    last: ShardTask | None = None
    for at, task in enumerate(tasks):
        n, said = _ROWS, task.stated
        if said is not None and said.rows:  # one without rows has no batch to put to the others'
            n = max(said.rows, said.bytes >> 10)
        if last is None or at - start == _MOST or rows + n > _ROWS or not _are_alike(last, task):
            parts.append(slice(start, at))
            start, rows = at, 0
        rows += n
        last = task
    parts.append(slice(start, len(tasks)))
    return Made([part for part in parts if part.start < part.stop], tasks.__getitem__)


def _are_alike(one: ShardTask, other: ShardTask) -> bool:
    """Whether both lie here, with nothing before them, and what one is asked the other is."""
    if one.source is None or other.source is None or one.subset != other.subset:
        return False
    plain = all(
        not task.before
        and task.earlier is None
        and task.mirror is None
        and task.source is not None
        and not within_tree(task.source.path)
        for task in (one, other)
    )
    return plain and one.source.roles == other.source.roles


def folded(reports: Iterable[ShardReport]) -> list[ShardReport]:
    """What reports count, in few: one for all that tell of the same subset and editions alike."""
    found: dict[tuple[object, ...], ShardReport] = {}
    for report in reports:
        key = report.subset, report.rows is None, frozenset(report.kept)
        one = found.setdefault(key, ShardReport(report.subset))
        if report.rows is not None:
            one.rows = (one.rows or 0) + report.rows
        one.counts.update(report.counts)
        one.kept.update(report.kept)
    return [*found.values()]


def check_together(tasks: Sequence[ShardTask]) -> list[ShardReport]:
    """Check a part, as `check_shard` checks each; counts of all may stand in the first report."""
    found = _at_once(tasks) if len(tasks) > 1 else None
    return [check_shard(task) for task in tasks] if found is None else found


def _at_once(tasks: Sequence[ShardTask]) -> list[ShardReport] | None:
    with footers_held():
        try:
            judged = _judged(tasks)
        except (InputError, pa.ArrowException, IndexError, KeyError):  # or the files were replaced
            judged = None
        if judged is None:
            return None
        some, counts = judged
        reports = [check_shard(task, seen) for task, seen in zip(tasks, some, strict=True)]
    if any(r.notes.findings or r.suspects or r.rows is None for r in reports):
        ODOMETER.move(-sum(task.groups for task in tasks))
        return None
    reports[0].counts.update(counts)
    return reports


def _judged(tasks: Sequence[ShardTask]) -> tuple[list[JudgedInput], Counts] | None:
    """What was seen of each, and the counts of all; None where they do not go together."""
    paths = [task.source.path for task in tasks if task.source is not None]
    roles = tasks[0].source.roles if tasks[0].source is not None else {}
    stamps, read = [], []
    held = 0
    for path in paths:
        stamps.append(stamp_of(path))
        here = list(islice(batches(path), 2))  # it may have more rows, or wider ones, than is said
        if len(here) != 1 or read_footer(path).elements != read_footer(paths[0]).elements:
            return None
        read += here
        held += here[0].nbytes
        if held > _BYTES:
            return None
    schema = schema_of(paths[0])
    starts = [0, *accumulate(batch.num_rows for batch in read)]
    whole = pa.Table.from_batches(read).combine_chunks().to_batches()[0]
    rows = rows_of(whole, schema, roles)
    chosen: list[int] = []
    places = list(zip(tasks, paths, starts, read, strict=False))
    for task, path, start, batch in places:
        chosen += [start + row for row in task.chosen(path, 0, batch.num_rows)]
    found = judge(rows, tasks[0].known, tasks[0].rules, chosen)
    numbers = sorted(found)
    named: list[Reasons] = []
    for task, path, start, batch in places:
        at, end = (bisect_left(numbers, n) for n in (start, start + batch.num_rows))
        ours = {number - start: found[number] for number in numbers[at:end]}
        named.append(task.with_cover(ours, path, 0, batch.num_rows))
    counts: Counts = Counter()
    count_coverage(rows, names_of(schema, roles), counts)
    count_reasons(tasks[0], [reasons for some in named for reasons in some.values()], counts)
    return [JudgedInput(*seen) for seen in zip(stamps, read, named, strict=True)], counts
