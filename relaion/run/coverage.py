"""How many rows could be matched by what, and which values were not looked at.

Counted from the values themselves while they are searched; where nothing searches a column,
from footers, and that is said.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from relaion.paths import shown
from relaion.run.inputs import Inputs
from relaion.run.numbering import Numbered
from relaion.shards.coverage import cover
from relaion.shards.digests import WIDTHS
from relaion.shards.looked import (
    Asked,
    BesideLine,
    NotLookedAt,
    not_looked_at,
    passed_over_beside,
    unread,
    unread_beside,
)
from relaion.shards.sidecar import Sidecar

ROLES = ("url", "text", "punsafe", "row_hash", "image_md5", "image_sha1", "image_sha256")
# shard, role, column, how many: as `26_found_values` has them; below 0 are sidecars
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


def roles_of_kinds(kinds: Iterable[str]) -> tuple[str, ...]:
    """The roles whose values entries of these kinds are compared with."""
    found: set[str] = {"url"}
    for kind in kinds:
        if kind in WIDTHS:
            found.add(kind)
        if kind == "row_hash":
            found |= {"row_hash", "text"}
    return tuple(role for role in ROLES if role in found)


def coverage(
    inputs: Inputs, values: Values, roles: Iterable[str], *, row_hashes: bool = False
) -> tuple[Coverage, ...]:
    """A line for each subset and role; `roles` are those that were counted by their values.

    `row_hashes`: the run computes them where a shard has none.
    """
    by_value = set(roles)
    lines: list[Coverage] = []
    counts = _by_subset(inputs, values)
    for subset, members in groupby(inputs.shards, key=lambda n: n.shard.subset):
        lines += _of_subset(subset, list(members), counts, by_value, row_hashes=row_hashes)
    return tuple(lines)


def _by_subset(inputs: Inputs, values: Values) -> Counter[tuple[str, str]]:
    subsets = {n.no: n.shard.subset for n in inputs.shards}
    counts: Counter[tuple[str, str]] = Counter()
    for no, role, column, n in values:
        if column is None and no in subsets:
            counts[subsets[no], role] += n
    return counts


def _of_subset(
    subset: str,
    members: list[Numbered],
    counts: Mapping[tuple[str, str], int],
    by_value: set[str],
    *,
    row_hashes: bool,
) -> Iterator[Coverage]:
    shards = [n.shard for n in members]
    rows = sum(shard.rows for shard in shards)
    for role in ROLES:
        if role in by_value:
            yield Coverage(subset, role, rows, counts[subset, role])
        else:
            yield Coverage(subset, role, rows, cover(shards, role).present, counted="footers")
        if role == "row_hash" and row_hashes and role in by_value:
            computed = counts[subset, "computable"]
            if computed or not counts[subset, role]:
                yield Coverage(subset, role, rows, computed, "computed")


def unread_values(inputs: Inputs, values: Values) -> tuple[NotLookedAt, ...]:
    """Values that are there and are no digest, by subset and column."""
    subsets = {n.no: shown(n.shard.subset) for n in inputs.shards}
    counts: Counter[tuple[str, str, str]] = Counter()
    for no, role, name, n in values:
        if name is not None and no in subsets:
            counts[subsets[no], role, name] += n
    return unread(counts)


def left_out(
    inputs: Inputs, sidecars: Sequence[Sidecar], asked: Asked, values: Values
) -> tuple[NotLookedAt, ...]:
    """Everything that a run did not look at."""
    static = not_looked_at([n.shard for n in inputs.shards], asked, inputs.skipped)
    beside: dict[str, list[BesideLine]] = {}
    for no, role, name, n in values:
        if no < 0 and name is not None:
            beside.setdefault(sidecars[-1 - no].name, []).append((role, name, n))
    return (
        *static,
        *unread_values(inputs, values),
        *(x for s in sidecars for x in passed_over_beside(s.name, s.layout)),
        *(x for s, lines in sorted(beside.items()) for x in unread_beside(s, lines)),
    )
