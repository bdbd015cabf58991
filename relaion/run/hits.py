"""What a search found, counted; when that is too much to be true, and what to say of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from relaion.errors import StopError

HOLD_SHARE = 0.01
HOLD_ROWS = 1_000_000
SCOPE_SHARE = 0.001
SCOPE_ROWS = 10_000
FEW_ROWS = 1_000  # a subset of fewer shows no counts of its own by list or rule
SMALL = "small"  # what such subsets are told as, together
_CHECK = "check the lists with `relaion match`, then repeat with --yes-i-checked"


@dataclass(frozen=True)
class Count:
    """Rows that one list found by one kind and form in one subset.

    `kind` is None for rows that carry a listed link without being found by themselves.
    `gross - exclusive` rows were found by something else too.
    """

    subset: str
    list_id: int
    kind: str | None
    form: str | None
    gross: int
    exclusive: int


@dataclass(frozen=True)
class Union:
    """Rows of one subset that any list of a group found: overlaps counted once.

    `grouping` is all, source, label (`name` says which), or same_link.
    """

    subset: str
    grouping: str
    name: str | None
    memberships: int
    rows: int


@dataclass(frozen=True)
class Hits:
    """What the lists found, counted."""

    counts: tuple[Count, ...]
    unions: tuple[Union, ...]

    def rows(self, grouping: str, name: str | None = None) -> int:
        """Rows of a union over all subsets."""
        return sum(u.rows for u in self.unions if (u.grouping, u.name) == (grouping, name))

    def scoped(self, list_id: int) -> int:
        """Rows that a list names by host or prefix, over all subsets; by several, several times."""
        return sum(
            c.gross
            for c in self.counts
            if c.list_id == list_id and c.kind in ("host", "url_prefix")
        )


def hold(hits: Hits, rows: int, sources: Mapping[int, str], *, yes: bool) -> None:
    """Stop when lists hit more rows than can be true, until the user has checked.

    More than 1 % of at least a million rows hit by `csam` lists: a placeholder image or a
    CDN's address is on the list, or a column is not what it seems. More than 10,000 rows, or
    0.1 % of all, hit by one list's hosts and prefixes: a host of many is listed as a whole.
    `sources` says who sent a list. Raises StopError.
    """
    if yes:
        return
    found = hits.rows("label", "csam")
    if rows >= HOLD_ROWS and found > HOLD_SHARE * rows:
        raise StopError(
            f"csam lists hit {found:,} of {rows:,} rows ({found / rows:.1%}), more than "
            f"{HOLD_SHARE:.0%}; {_CHECK}"
        )
    wide = {
        list_id: n
        for list_id in sources
        if (n := hits.scoped(list_id)) > min(SCOPE_ROWS, SCOPE_SHARE * rows)
    }
    if wide:
        told = ", ".join(f"list {i} ({sources[i]}) {n:,}" for i, n in sorted(wide.items()))
        raise StopError(
            f"hosts and prefixes would remove very many of {rows:,} rows: {told}; more than "
            f"{SCOPE_ROWS:,} or {SCOPE_SHARE:.1%} by one list; {_CHECK}"
        )


GOOD_ENTRIES = 100
GOOD_SHARE = 0.01


def hold_good(
    lists: Collection[Mapping[str, Any]], known_good: Mapping[int, int], *, settled: bool
) -> list[str]:
    """What is to be said of listed entries that another list calls known good.

    More than 100 of a list, or 1 % of it, are no slip of a giver: the good list was added as
    bad, or a bad one as good. Raises StopError then, unless the user has `settled` it.
    """
    told = []
    for x in lists:
        n, of = known_good.get(x["list_id"], 0), sum(x["entries"].values())
        if not n:
            continue
        line = f"list {x['list_id']} ({x['source']}): {n:,} of {of:,} entries are known good"
        if not settled and n > min(GOOD_ENTRIES, GOOD_SHARE * of):
            raise StopError(
                f"{line} by another list of the store, too many for a slip; check which of the "
                "two was added with the wrong --role, or repeat with --good-wins, which lets "
                "known-good entries count as not listed"
            )
        told.append(line)
    return told


def of_unusable(unusable: Mapping[str, int]) -> list[str]:
    """What is to be said of digests in lists that match nothing in a data set."""
    return [
        f"{n:,} {algorithm} digests of the lists were not matched: no data set holds such"
        for algorithm, n in sorted(unusable.items())
    ]


def notices(
    hits: Hits,
    kinds: Mapping[str, int],
    roles: Collection[str],
    reached: Collection[str] = (),
    refused: Mapping[str, str] | None = None,
) -> list[str]:
    """What a user should hear about a search: no hit at all, kinds that could not be matched.

    `roles` are those of the shards, `reached` those of sidecars. `refused`: role to the words
    that name a column which looks like it and cannot be read, and why.
    """
    found = []
    for kind, n in sorted(kinds.items()):
        role = kind if kind.startswith("image_") else "url"
        if role not in roles and role not in reached:
            why = (refused or {}).get(role, "no shard has such a column")
            found.append(f"{n:,} {kind} entries could not be matched: {why}")
    if not hits.rows("all"):
        found.append("no row is on any list; check with `relaion inspect` what could be matched")
    return found
