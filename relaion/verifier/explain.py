"""In what way do the rows of an output differ from those expected? Slow; for broken shards.

Rows are numbers here (`same.row_digests`). Input and output are read side by side; what
stands in both cancels out, so only the differences are held.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_MOST = 1_000_000

# digests of some input rows, and which of them should have gone (None: that is not known)
Judged = tuple[list[int], list[bool] | None]
Source = Callable[[], Iterator[Judged]]


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


def explain(source: Source, output: Iterator[list[int]]) -> Differences:
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
    for rows, gone in source():
        judged = judged or gone is not None
        for i, row in enumerate(rows):
            if row in extra:
                (kept if gone is not None and gone[i] else doubled).add(row)
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
        rows, gone = judged or ([], None)
        for i, row in enumerate(rows):
            if gone is None or not gone[i]:
                _add(pending, row, 1)
        for row in found or ():
            _add(pending, row, -1)
        if len(pending) > _MOST:
            return None


def _add(pending: Counter[int], row: int, n: int) -> None:
    pending[row] += n
    if not pending[row]:
        del pending[row]
