"""Rows that two lists share: counted again, and held against what an audit tells of them.

A pair that shares fewer than ten rows is told as so many alone, and one that would tell such a
pair by what is left is told as ten or more. Which these are is decided here apart from the SQL.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from itertools import chain, combinations
from typing import Any, TypeAlias

from relaion.paths import shown
from relaion.verifier.audit_tables import Cells
from relaion.verifier.file_checks import AUDIT
from relaion.verifier.manifest import Statement
from relaion.verifier.task import ShardReport
from relaion.verifier.verdict import Notes, count

TABLE = "shared_rows"
LEAST = 10  # rows that two lists have to share for the number to be told
_ENOUGH = 4  # lists; of fewer, the other tables tell every pair
Pair: TypeAlias = tuple[int, int]
Bounds: TypeAlias = tuple[int, int | None]
FEW: Bounds = (0, LEAST - 1)
HIDDEN: Bounds = (LEAST, None)


def told_pairs(lists: Sequence[int], shared: Mapping[Pair, int]) -> dict[Pair, Bounds]:
    """What an audit tells of each pair of the lists that name rows, all of which were counted."""
    pairs = combinations(sorted(lists), 2)
    return told_bounds({pair: (n, n) for pair in pairs for n in [shared.get(pair, 0)]})


def told_bounds(known: Mapping[Pair, Bounds]) -> dict[Pair, Bounds]:
    """What an audit tells of every two lists that name rows, of which so much is known.

    The upper border of a pair that may be of fewer than ten is moved out to the end of its ten.
    """
    sure = {pair for pair, (least, most) in known.items() if LEAST <= least == most}
    hidden = known.keys() - sure
    told = sorted(sure, key=lambda pair: (known[pair][0], pair))
    while len({*chain(*known)}) >= _ENOUGH and 1 in _not_told(hidden).values():
        hidden.add(told.pop(0))
    return {pair: _told(bounds, is_hidden=pair in sure & hidden) for pair, bounds in known.items()}


def _told(bounds: Bounds, *, is_hidden: bool) -> Bounds:
    least, most = bounds
    if is_hidden or (most is None and least >= LEAST):
        return HIDDEN
    if least < LEAST:
        return 0, None if most is None else most // LEAST * LEAST + LEAST - 1
    return bounds


def _not_told(hidden: Collection[Pair]) -> Counter[int]:
    return Counter(list_id for pair in hidden for list_id in pair)


def naming(cells: Cells) -> list[int]:
    """The lists that the audit says name rows by themselves."""
    return sorted({x["list_id"] for x in cells["hits"] if x["kind"] is not None})


def check_form(cells: Cells, statement: Statement, notes: Notes) -> None:
    """Does each pair of lists stand once, in a form that tells no number under ten?"""
    stated = _stated(cells)
    if sorted(stated) != [*combinations(naming(cells), 2)]:
        notes.find("6", AUDIT, f"table {TABLE} does not have each two lists that name rows once")
    small = sum(
        0 < least < LEAST or (most is not None and most < max(least, LEAST - 1))
        for least, most in stated.values()
    )
    if small:
        said = f"{count(small, 'line')} of table {TABLE} tell of fewer than {LEAST} rows"
        notes.find("4", AUDIT, said)
    if statement.lineage:  # where the counts before an update are known from and to
        return
    n = sum(x not in (FEW, HIDDEN) and x[0] != x[1] for x in stated.values())
    if n:
        notes.find("6", AUDIT, f"{count(n, 'line')} of table {TABLE} cannot be so")


def check_pairs(
    cells: Cells,
    statement: Statement,
    reports: Sequence[ShardReport],
    told_subsets: Mapping[str, str | None],
    notes: Notes,
    *,
    is_whole: bool,
) -> None:
    """Hold the pairs against the rows that were judged.

    After an update, and where entries were taken back, what is told has to hold the number.
    """
    stated = _stated(cells)
    shared: Counter[Any] = Counter()
    for report in reports:
        if told_subsets.get(shown(report.subset)) is not None:
            for (table, *key), n in report.counts.items():
                if table == TABLE:
                    shared[tuple(key)] += n
    if is_whole and not statement.lineage:
        expected = told_pairs(naming(cells), shared)
        wrong = sum(stated.get(pair) != bounds for pair, bounds in expected.items())
        plain = [p for p, x in expected.items() if x[0] != x[1] and _is_number(stated.get(p))]
        if plain:
            notes.find("4", AUDIT, f"{count(len(plain), 'line')} of table {TABLE} tell what others "
                       "leave out")  # fmt: skip
    else:
        known = statement.whole_lists if not is_whole else statement.known_lists.keys()
        wrong = sum(
            not _holds(bounds, shared[pair])
            for pair, bounds in stated.items()
            if known >= set(pair)
        )
    _tell_wrong(wrong, notes)


def check_gained_pairs(
    cells: Cells, before: Cells, reports: Sequence[ShardReport], notes: Notes
) -> None:
    """Hold the pairs against those of the run before, and what was counted since.

    A pair that was told from and to is known no better now, and may not be told better either.
    """
    gained: Counter[Any] = Counter()
    for report in reports:
        for sign, found in ((1, report.counts), (-1, report.counts_before)):
            for (table, *key), n in found.items():
                if table == TABLE:
                    gained[tuple(key)] += sign * n
    earlier = _stated(before)
    known: dict[Pair, Bounds] = {}
    for pair in combinations(naming(cells), 2):
        least, most = earlier.get(pair, (0, 0))  # of a list that is new it told nothing
        known[pair] = least + gained[pair], None if most is None else most + gained[pair]
    stated = _stated(cells)
    _tell_wrong(sum(stated.get(pair) != told for pair, told in told_bounds(known).items()), notes)


def _tell_wrong(wrong: int, notes: Notes) -> None:
    if wrong:
        notes.find("6", AUDIT, f"{count(wrong, 'number')} of table {TABLE} cannot be recomputed")


def _is_number(bounds: Bounds | None) -> bool:
    return bounds is not None and bounds[0] == bounds[1]


def _holds(bounds: Bounds, n: int) -> bool:
    least, most = bounds
    return least <= n and (most is None or n <= most)


def _stated(cells: Cells) -> dict[Pair, Bounds]:
    found: dict[Pair, Bounds] = defaultdict(lambda: HIDDEN)
    for line in cells[TABLE]:
        found[line["list_id"], line["other_id"]] = line["least"], line["most"]
    return dict(found)
