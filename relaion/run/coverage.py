"""How many rows could be matched by what, and which values were not looked at.

Counted from the values themselves while they are searched; where nothing searches a column,
from footers, and that is said.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from relaion.parquet.looked_at import (
    Asked,
    BesideLine,
    Counting,
    NotLookedAt,
    not_looked_at,
    passed_over_beside,
    unread,
    unread_beside,
)
from relaion.paths import shown
from relaion.roles import COUNTED, WIDTHS
from relaion.run.journal import Journal
from relaion.run.pool import Caller
from relaion.run.settings import Settings
from relaion.run.survey import Inputs
from relaion.sidecars import Sidecar

# shard, role, column, how many: as `31_found_values` has them; below 0 are sidecars
Values = Iterable[tuple[int, str, str | None, int]]


@dataclass(frozen=True)
class Coverage:
    """Rows of a subset, and those that have a value for a role: neither NULL nor NaN.

    `via` says whence: a `column` of the shards, a `sidecar`, or `computed`. `covered` is
    reckoned from `sampled` rows where it is `estimated`. `counted` is `values`, `footers` (which
    may be wrong) or `sample`.
    """

    subset: str
    role: str
    rows: int
    covered: int
    via: str = "column"
    estimated: bool = False
    sampled: int | None = None
    counted: str = "values"


def roles_of_kinds(kinds: Iterable[str], *, spreads: bool = True) -> tuple[str, ...]:
    """The roles whose values entries of these kinds are compared with.

    Links are of them where any other kind than that of an image hash is listed, or where what is
    found `spreads` to other rows by its link.
    """
    kinds = set(kinds)
    found = {"url"} if spreads or kinds - WIDTHS.keys() else set()
    for kind in kinds:
        if kind in WIDTHS:
            found.add(kind)
        if kind == "row_hash":
            found |= {"row_hash", "text"}
    return tuple(role for role in COUNTED if role in found)


def counting(caller: Caller) -> Counting:
    """How rows with a value are counted, in another process."""
    return partial(caller.call, "relaion.parquet.counted:count_rows")


def coverage(
    caller: Caller,
    inputs: Inputs,
    values: Values,
    roles: Collection[str],
    sidecars: Sequence[Sidecar],
    settings: Settings,
    journal: Journal,
    *,
    row_hashes: bool,
) -> tuple[Coverage, ...]:
    """A line for each subset and role, and for what sidecars reach.

    `roles` are those that were counted by their values. `row_hashes`: the run computes them where
    a shard has none.
    """
    lines: list[Coverage] = []
    subsets = {n.no: n.shard.subset for n in inputs.shards}
    counts: Counter[tuple[str, str]] = Counter()
    for no, role, column, n in values:
        if column is None and no in subsets:
            counts[subsets[no], role] += n
    for subset, members in groupby(inputs.shards, key=lambda n: n.shard.subset):
        shards = [n.shard for n in members]
        rows = sum(shard.rows for shard in shards)
        for role in COUNTED:
            if role not in roles:
                present = counting(caller)(shards, role).present
                lines.append(Coverage(subset, role, rows, present, counted="footers"))
                continue
            lines.append(Coverage(subset, role, rows, counts[subset, role]))
            computed = counts[subset, "computable"]
            if role == "row_hash" and row_hashes and (computed or not counts[subset, role]):
                lines.append(Coverage(subset, role, rows, computed, "computed"))
    return (*lines, *_reach(caller, inputs, sidecars, settings, journal))


def left_out(
    inputs: Inputs, sidecars: Sequence[Sidecar], asked: Asked, values: Values
) -> tuple[NotLookedAt, ...]:
    """Everything that a run did not look at: columns, files, and values that are no digest."""
    subsets = {n.no: shown(n.shard.subset) for n in inputs.shards}
    counts: Counter[tuple[str, str, str]] = Counter()
    beside: dict[str, list[BesideLine]] = {}
    for no, role, name, n in values:
        if name is not None and no in subsets:
            counts[subsets[no], role, name] += n
        elif name is not None and no < 0:
            beside.setdefault(sidecars[-1 - no].name, []).append((role, name, n))
    return (
        *not_looked_at([n.shard for n in inputs.shards], asked, inputs.skipped),
        *unread(counts),
        *(x for s in sidecars for x in passed_over_beside(s.name, s.layout)),
        *(x for s, lines in sorted(beside.items()) for x in unread_beside(s, lines)),
    )


# -- How many rows the sidecars reach: looked up for a sample of rows, told as an estimate -----
# To count them all would mean a link key for every row of files that may hold billions.


def _reach(
    caller: Caller,
    inputs: Inputs,
    sidecars: Sequence[Sidecar],
    settings: Settings,
    journal: Journal,
) -> tuple[Coverage, ...]:
    """Estimated coverage of each subset by way of sidecars, for the image hashes that they hold.

    A subset that has such hashes itself and meets none in the sidecars has no line.
    """
    if not sidecars:
        return ()
    picked = []
    for subset, members in groupby(inputs.shards, key=lambda n: n.shard.subset):
        shards = [n.shard for n in members]
        if any({"url", "row_hash"} & s.layout.roles.keys() for s in shards):
            picked.append((shown(subset), shards))
    copies = journal.copies(range(-len(sidecars), 0))
    found = caller.call("relaion.run.sidecar_keys:reached", picked, sidecars, settings, copies)
    held = {role for s in sidecars for role in s.layout.roles}
    rows = inputs.rows_by_subset
    own = {(shown(n.shard.subset), role) for n in inputs.shards for role in n.shard.layout.roles}
    return tuple(
        Coverage(subset, role, rows[subset], rows[subset] * n // of, "sidecar", True, of)
        for subset, role, of, n in found
        if role in held and (n or (subset, role) not in own)
    )
