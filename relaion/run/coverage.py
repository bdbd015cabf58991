"""How many rows could be matched by what, and which values were not looked at.

Counted from the values themselves while they are searched; where nothing searches a column,
from footers, and that is said.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from relaion.links.giant import BY_BYTES
from relaion.paths import shown
from relaion.run.inputs import Inputs
from relaion.run.numbering import Numbered
from relaion.shards.coverage import cover
from relaion.shards.digests import WIDTHS, WORDS

ROLES = ("url", "text", "punsafe", "row_hash", "image_md5", "image_sha1", "image_sha256")
# shard, role, column, how many: as `26_found_values` has them
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


@dataclass(frozen=True)
class NotLookedAt:
    """Values of a subset that were not compared in full, or with nothing: which column, and why.

    `role` is what the column looks like. `values` is how many there are, None where they
    were not counted.
    """

    subset: str
    role: str
    column: str
    reason: str
    values: int | None


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


def not_looked_at(inputs: Inputs, values: Values) -> tuple[NotLookedAt, ...]:
    """Columns that were refused or not taken, and values that could not be looked at in full.

    Subset by subset: those that are no digest, and links that were compared by their bytes only.
    """
    found: dict[NotLookedAt, None] = {}
    subsets = {n.no: n.shard.subset for n in inputs.shards}
    for n in inputs.shards:
        for column in n.shard.layout.passed_over:
            line = NotLookedAt(
                shown(n.shard.subset), column.claimed or "", shown(column.name), column.why, None
            )
            found[line] = None
    unread: Counter[tuple[str, str, str]] = Counter()
    for no, role, name, n_values in values:
        if name is not None and no in subsets:
            unread[shown(subsets[no]), role, name] += n_values
    for (subset, role, name), n_values in sorted(unread.items()):
        reason = BY_BYTES if role == "url" else f"values that are no {WORDS[role]}"
        found[NotLookedAt(subset, role, name, reason, n_values)] = None
    return tuple(found)
