"""The lists as a run sees them, what they found, and when that is too much to be true."""

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from relaion.errors import InputError, ListError, StopError
from relaion.lists.key import hmac_digest, key_path, load
from relaion.lists.snapshot import NAME, Snapshot, changed, seal_settled, take
from relaion.lists.store_file import refuse_other_files
from relaion.paths import Seal, Stamp, stamp_of
from relaion.roles import kind_words
from relaion.run.journal import STORE, Entry, Journal
from relaion.run.numbered import Numbered
from relaion.run.pool import HERE, Caller, blaming
from relaion.run.survey import Inputs


@dataclass(frozen=True)
class KnownLists:
    """The lists of a store in their public form, entries per kind, and the curator key.

    `kinds` counts entries that are listed, `known_good` those of each list that another list
    calls known good, `unusable` digests by algorithm that no data set has. `taken_back`: entries
    were withdrawn, or taken back by a later delivery; `withdrawn` are lists that are gone whole.
    `stamp` is that of the file that was read; None where it was replaced or written to meanwhile.
    `sealed` tells the very bytes that were read; None where nobody knows these.
    """

    lists: tuple[dict[str, Any], ...]
    kinds: dict[str, int]
    key: bytes
    known_good: dict[int, int] = field(default_factory=dict)
    unusable: dict[str, int] = field(default_factory=dict)
    taken_back: bool = False
    withdrawn: tuple[dict[str, Any], ...] = ()
    stamp: Stamp | None = None
    sealed: Seal | None = None

    @property
    def facts(self) -> "KnownLists":
        """What was read, whatever file it was read of."""
        return replace(self, stamp=None, sealed=None)

    @property
    def sources(self) -> dict[int, str]:
        """Who sent each list."""
        return {x["list_id"]: x["source"] for x in self.lists}

    def seal(self, sha256: str, n: int) -> dict[str, Any]:
        """The public form of a keyword file: its HMAC digest and how many words it holds."""
        return {"digest": hmac_digest(self.key, sha256), "n": n}


def read_known(
    store: Path,
    key: Path | None,
    caller: Caller = HERE,
    *,
    may_be_empty: bool = False,
    seals: bool = False,
) -> KnownLists:
    """Read the lists of a store, and the curator key beside it (or the one given).

    `seals`: a snapshot of it will be taken, so it is digested beside, while a worker reads it.
    Raises ListError for a file that is no store, is of another version, or holds no list of what is
    listed, unless it `may_be_empty`.
    """
    refuse_other_files(store)  # before a key is missed that no such file has
    secret = load(key or key_path(store))
    with ThreadPoolExecutor(1) as beside:
        sealed = beside.submit(_sealed, store) if seals else None
        known = _read(caller, store, secret, may_be_empty=may_be_empty)
        found = None if sealed is None else sealed.result()
        is_one = found is not None and found.stamp == known.stamp
        return replace(known, sealed=found if is_one else None)


def snapshot(store: Path, known: KnownLists, journal: Journal, caller: Caller = HERE) -> Snapshot:
    """The store as this run reads it, from its work folder where an earlier try left it.

    Where that one is gone, or was written into, what was found in it is forgotten. Raises
    ListError where it is not what `known` was read of just now: where it has other bytes, or,
    where nobody knows these or an earlier try left it, where it holds other lists or entries.
    """
    work = journal.work
    before = journal.get(STORE, "", lambda found: Snapshot(work / NAME, store, *found))
    taken = None if before is None else before.sealed()
    is_new = taken is None
    if taken is None:
        taken = take(store, work, known.sealed)
        if before is None or before.sha256 != taken.sha256:
            journal.forget_search()
        journal.add([Entry(STORE, "", [taken.sha256, taken.mode])])
    if known.sealed is not None and known.sealed.sha256 == taken.sha256:
        return taken
    if known.sealed is not None and is_new:
        raise changed(store)
    again = _read(caller, taken.path, known.key, named=store, may_be_empty=True)
    if again.facts != known.facts:
        raise changed(store)
    return taken


def _read(
    caller: Caller,
    store: Path,
    secret: bytes,
    *,
    named: Path | None = None,
    may_be_empty: bool = False,
) -> KnownLists:
    before = _stamp(store)
    with blaming(named or store, ListError):
        found: KnownLists = caller.call(
            "relaion.run.store_entries:read_lists", store, secret, may_be_empty=may_be_empty
        )
    return replace(found, stamp=before if before == _stamp(store) else None)


def _sealed(store: Path) -> Seal | None:
    """The seal of a store, where its stamp tells of each write since."""
    try:
        found, stamp = seal_settled(store)
    except InputError:  # whoever reads it says why
        return None
    return None if stamp is None else found


def _stamp(store: Path) -> Stamp | None:
    try:
        return stamp_of(store)
    except InputError:  # whoever reads it says why
        return None


GOOD_ENTRIES = 100
GOOD_SHARE = 0.01


def hold_good(known: KnownLists, *, settled: bool) -> list[str]:
    """What is to be said of listed entries that another list calls known good.

    More than 100 of a list, or 1 % of it, are no slip of a giver: the good list was added as
    bad, or a bad one as good. Raises StopError then, unless the user has `settled` it.
    """
    told = []
    for x in known.lists:
        n, of = known.known_good.get(x["list_id"], 0), sum(x["entries"].values())
        if not n:
            continue
        are = "is" if n == 1 else "are"
        line = f"list {x['list_id']} ({x['source']}): {n:,} of {of:,} entries {are} known good"
        if not settled and n > min(GOOD_ENTRIES, GOOD_SHARE * of):
            raise StopError(
                f"{line} by another list of the store, too many for a slip; check which of the "
                "two was added with the wrong --role, or repeat with --good-wins, which lets "
                "known-good entries count as not listed"
            )
        told.append(line)
    return told


# -- What the lists found ------------------------------------------------------------------

HOLD_SHARE = 0.01
HOLD_ROWS = 1_000_000
SCOPE_SHARE = 0.001
SCOPE_ROWS = 10_000
FEW_ROWS = 1_000  # a subset of fewer shows no counts of its own by list or rule
SMALL = "small"  # what such subsets are told as, together
_CHECK = "check the lists with `relaion match`, then repeat with --yes-i-checked"


@dataclass(frozen=True)
class Count:
    """Rows that the list `list_id` found by one kind and form in one subset.

    `kind` is None for rows that carry a listed link without being found by themselves, `form` is
    None where a kind has one spelling. `gross - exclusive` rows were found by something else too.
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

    `grouping` is all, source or label (`name` says which): rows that lists name themselves; or
    same_link: the rows beyond all of these that only carry a listed link. `memberships` counts a
    row once for each list that found it, `rows` once.
    """

    subset: str
    grouping: str
    name: str | None
    memberships: int
    rows: int


@dataclass(frozen=True)
class Hits:
    """What the lists found, counted: `counts` list by list, `unions` with overlaps counted once."""

    counts: tuple[Count, ...]
    unions: tuple[Union, ...]

    @classmethod
    def of(cls, counts: Iterable[Iterable[Any]], unions: Iterable[Iterable[Any]]) -> "Hits":
        """Hits of lines as tables have them."""
        return cls(tuple(Count(*c) for c in counts), tuple(Union(*u) for u in unions))

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


ValueLine = tuple[int, str, str | None, int]


@dataclass(frozen=True)
class Searched:
    """What was found, counted; the shards that were searched, and a digest of the hits of each.

    A shard without hits has no digest. `seals` are the shards as they were searched, `values`
    the lines of `31_found_values`, those of a subset summed under the number of its first shard,
    and those of `10_sidecar_hits` under negative numbers;
    `entries` the file of the entries that hit, where it was asked for.
    """

    hits: Hits
    digests: dict[int, str]
    shards: tuple[Numbered, ...]
    seals: dict[int, Seal]
    values: tuple[ValueLine, ...] = ()
    entries: Path | None = None


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


NO_HIT = "no row is on any list; check with `relaion inspect` what could be matched"


def notices(hits: Hits, known: KnownLists, inputs: Inputs, reached: Collection[str]) -> list[str]:
    """What a user should hear about a search: no hit at all, and what could not be matched.

    `reached` are roles of sidecars.
    """
    found = []
    roles, refused = inputs.roles.union(reached), inputs.refused
    for kind, n in sorted(known.kinds.items()):
        role = kind if kind.startswith("image_") else "url"
        if role not in roles:
            why = refused.get(role, "no shard has such a column")
            word = "entry" if n == 1 else "entries"
            found.append(f"{n:,} {kind_words(kind)} {word} could not be matched: {why}")
    if not hits.rows("all"):
        found.append(NO_HIT)
    return found
