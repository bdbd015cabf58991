"""Promise 3 between two files: do all rows of a child edition stand in its parent?"""

from collections.abc import Iterator
from pathlib import Path

from relaion.verifier.differences import explain
from relaion.verifier.reading import batches
from relaion.verifier.same import row_digests
from relaion.verifier.schema import compare


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
