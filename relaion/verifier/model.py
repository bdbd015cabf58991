"""One row's fate in plain Python: which lists and rules name it, and what an audit counts of that.

Nothing here is clever or fast: a row is asked about everything that is known. Of what decides in
`clean` it shares no SQL, only what a link's key, its spellings and the links inside it are
(`relaion.links`, held by `tests/cases`). `verify` asks it about the few rows that its own quick
tests choose (`task.judge`), and about some thousands that nothing chose; the tests hold every
script of `clean` against it.

A row is a mapping of role to value (url, text, punsafe, row_hash, image_md5, image_sha1,
image_sha256): links and captions as text or bytes, digests in hex. A missing role is the same
as None. What further columns of a role hold stands under `more`: role to values.
"""

import hashlib
import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import mmh3
import pyarrow as pa
import pyarrow.compute as pc

from relaion.links import can_spread, key_digest, link_key
from relaion.links.entries import host_patterns, key_prefixes
from relaion.links.inner import inner_links
from relaion.links.spellings import spellings
from relaion.links.text import as_bytes
from relaion.roles import HASHED_LINK_KINDS, IMAGE_KINDS, LINK_KINDS
from relaion.verifier.candidates import Carriers
from relaion.verifier.keywords import holds_any
from relaion.verifier.packed import Lists, PackedLists, PackedRows

# -- what is listed, as far as a data set meets it ---------------------------------------------

Named = tuple[tuple[int, str], ...]  # lists, each with the kind of image digest by which
K = TypeVar("K")
V = TypeVar("V", int, tuple[int, str])


@dataclass(frozen=True)
class StatedSidecars:
    """Rows that sidecars name: by their link key, or by their row hash."""

    links: Mapping[str, Named] = field(default_factory=dict)
    hashes: Mapping[int, Named] = field(default_factory=dict)

    def __or__(self, other: "StatedSidecars") -> "StatedSidecars":
        """What one or the other names."""
        return StatedSidecars(_joined(self.links, other.links), _joined(self.hashes, other.hashes))


@dataclass(frozen=True)
class StatedLists:
    """What is listed.

    `exact`: kind -> digest -> lists that hold it. `forms`: list -> the spellings that its
    hashed links are compared with, where these are limited. `beside`: what sidecars name.
    `links`: key of a link that a list hit on some row -> those lists; `carriers` finds the rows
    that carry one of them. `inner`: whether links inside links count. `rows`: file -> numbers of
    its rows that may hold an entry of `exact`, or carry a link that `carriers` does not look for;
    all others hold none. `unread`: how many values
    of a sidecar are no digest, by file, role and place among its columns.
    """

    exact: Mapping[str, Mapping[str, Lists]] = field(default_factory=dict)
    forms: Mapping[int, frozenset[str]] = field(default_factory=dict)
    beside: StatedSidecars = field(default_factory=StatedSidecars)
    links: PackedLists = field(default_factory=partial(PackedLists, {}))
    inner: bool = True
    rows: Mapping[Path, pa.Array] = field(default_factory=dict)
    unread: Mapping[tuple[Path, str, int], int] = field(default_factory=dict)
    carriers: Carriers = field(default_factory=Carriers)

    def lists(self, kind: str, digest: str) -> Lists:
        """The lists that hold a digest."""
        return self.exact.get(kind, {}).get(digest, ())

    def allows(self, list_id: int, form: str) -> bool:
        """Whether this list's hashed links are compared with this spelling."""
        return list_id not in self.forms or form in self.forms[list_id]

    @cached_property
    def images(self) -> tuple[str, ...]:
        """The kinds of image digests that are listed."""
        return tuple(kind for kind in IMAGE_KINDS if self.exact.get(kind))

    @cached_property
    def hashed(self) -> dict[str, str]:
        """Kinds of hashed links that are listed, and their algorithms."""
        return {kind: name for kind, name in HASHED_LINK_KINDS.items() if self.exact.get(kind)}

    @cached_property
    def asks_links(self) -> bool:
        """Whether any row could be named by a link that it carries."""
        listed = any(self.exact.get(kind) for kind in LINK_KINDS) or self.hashed
        return bool(listed or self.links or self.beside.links)

    @cached_property
    def asks_hashes(self) -> bool:
        """Whether any row could be named by its row hash."""
        return bool(self.exact.get("row_hash") or self.beside.hashes)

    @cached_property
    def roles(self) -> set[str]:
        """The roles of a shard that decide which lists name its rows."""
        return {"url", *self.images} | ({"row_hash", "text"} if self.asks_hashes else set())

    def carrying(
        self, beside: StatedSidecars, links: Mapping[str, Lists], told: Set[str] = frozenset()
    ) -> "StatedLists":
        """The same where sidecars, and rows that lists hit, name these links.

        `told` are those of which `rows` tells who carries them.
        """
        packed = PackedLists.of(links)
        keys = packed.without(told)
        own = keys | beside.links.keys() if beside.links else keys
        carriers = Carriers(own, keys if self.inner else frozenset())
        return replace(self, beside=beside, links=packed, carriers=carriers)

    def only(self, *paths: Path) -> "StatedLists":
        """The same with the rows of these files alone, to travel in a task."""
        return replace(self, rows={p: self.rows[p] for p in paths if p in self.rows})

    def rows_of(self, path: Path, first: int, n: int) -> list[int]:
        """Which of n rows of a file, from the row `first` on, may hold an entry."""
        if path not in self.rows:
            return []
        rows = self.rows[path]
        at = [bisect_left(rows, number, key=lambda x: x.as_py()) for number in (first, first + n)]
        return [number - first for number in rows[at[0] : at[1]].to_pylist()]

    def __or__(self, other: "StatedLists") -> "StatedLists":
        """What is known from one set of files or from another, of the same store."""
        exact = {
            kind: _joined(self.exact.get(kind, {}), other.exact.get(kind, {}))
            for kind in {*self.exact, *other.exact}
        }
        both = replace(
            self,
            exact=exact,
            forms={**self.forms, **other.forms},
            rows=joined_rows([self.rows, other.rows]),
        )
        return both.carrying(self.beside | other.beside, _joined(self.links, other.links))


def joined_rows(some: Sequence[Mapping[Path, pa.Array]]) -> PackedRows:
    """Numbers of rows by file, each once and in order."""
    found: dict[Path, list[pa.Array]] = {}
    for rows in some:
        for path, numbers in rows.items():
            found.setdefault(path, []).append(numbers)
    return in_order(found)


def in_order(found: Mapping[Path, Sequence[pa.Array]]) -> PackedRows:
    """Some numbers of rows by file, each once and in order."""
    joined = ((path, pc.unique(pa.concat_arrays(parts))) for path, parts in found.items())
    return PackedRows((path, rows.take(pc.array_sort_indices(rows))) for path, rows in joined)


def _joined(
    one: Mapping[K, tuple[V, ...]], two: Mapping[K, tuple[V, ...]]
) -> dict[K, tuple[V, ...]]:
    found = {key: set(values) for key, values in one.items()}
    for key, values in two.items():
        found.setdefault(key, set()).update(values)
    return {key: tuple(sorted(values)) for key, values in found.items()}


# -- which lists and rules name a row ----------------------------------------------------------

Row = Mapping[str, Any]
Names = Mapping[int, str]
Numbers = dict[Any, tuple[int, int]]


class Reason(NamedTuple):
    """Why a row is named; as the audit's table `removals` tells reasons apart.

    Cover has its label as `rule`.
    """

    reason_kind: str
    list_id: int | None = None
    kind: str | None = None
    form: str | None = None
    rule: str | None = None


@dataclass(frozen=True)
class Rules:
    """Thresholds and folded keywords; `keywords` None switches `unsafe_keyword` off."""

    unsafe_above: float
    keyword_above: float
    keywords: tuple[str, ...] | None
    drop_unscored: bool


def values(row: Row, role: str) -> list[Any]:
    """What the columns of a role hold in a row, the first one first; NULLs are none."""
    found = [row.get(role), *row.get("more", {}).get(role, ())]
    return [value for value in found if value is not None]


def row_hash(row: Row) -> int | None:
    """The row's own hash, else LAION's murmur of link and caption; None without any of them."""
    if row.get("row_hash") is not None:
        return int(row["row_hash"])
    if row.get("url") is None and row.get("text") is None:
        return None
    return int(mmh3.hash64(_bytes(row.get("url")) + _bytes(row.get("text")))[0])


def _bytes(text: str | bytes | None) -> bytes:
    return text if isinstance(text, bytes) else as_bytes(text or "")


def listed_images(row: Row, known: StatedLists) -> Iterator[tuple[int, str]]:
    """The lists that hold an image digest of a row, each with the kind of the digest."""
    for kind in IMAGE_KINDS:
        for digest in values(row, kind):
            for list_id in known.lists(kind, digest.lower()):
                yield list_id, kind


def sidecar_keys(row: Row, keys: Collection[str]) -> Iterator[str | int]:
    """By what a row of a sidecar names rows of shards: link keys, row hashes.

    Not by a link that leads to no one thing: it stands for many a row, or for none.
    """
    if "url" in keys:
        yield from shared_keys(row)
    if "row_hash" in keys:
        yield from values(row, "row_hash")


def list_reasons(row: Row, known: StatedLists) -> set[Reason]:
    """Why lists name a row: by its image, its row hash, a link that it carries, or a sidecar.

    Where other rows with one of its links were hit, it takes over their lists (`same_link`).
    """
    found = {Reason("list", *named) for named in listed_images(row, known)}
    if known.asks_hashes and (number := row_hash(row)) is not None:
        form = "computed" if row.get("row_hash") is None else None
        listed = known.lists("row_hash", f"{number % 2**64:016x}")
        found |= {Reason("list", x, "row_hash", form) for x in listed}
        found |= {Reason("list", *x, "sidecar") for x in known.beside.hashes.get(number, ())}
    if not known.asks_links:
        return found
    keys = set()
    for url in values(row, "url"):
        keys.add(key := link_key(url))
        found |= set(_link_reasons(url, key, known))
        # a sidecar tells of the row, not of what its link holds
        found |= {Reason("list", *x, "sidecar") for x in known.beside.links.get(key, ())}
        for link in inner_links(url) if known.inner else ():
            keys.add(key := link_key(link))
            for reason in _link_reasons(link, key, known):
                plain = reason.form in (None, "canonical")
                found.add(reason._replace(form="inner" if plain else f"inner {reason.form}"))
    hit = {reason.list_id for reason in found}
    shared = {x for key in keys for x in known.links.get(key, ())}
    return found | {Reason("same_link", x) for x in shared if x not in hit}


# by what a list names a link: the kind of entry, the spelling, all texts of that kind for a key
_NAMES: tuple[tuple[str, str | None, Callable[[str], Iterable[str]]], ...] = (
    ("url", "canonical", lambda key: [key]),
    ("host", None, host_patterns),
    ("url_prefix", None, key_prefixes),
)


def _link_reasons(url: str | bytes, key: str, known: StatedLists) -> Iterator[Reason]:
    for kind, form, texts in _NAMES:
        for text in texts(key) if known.exact.get(kind) else ():
            for list_id in known.lists(kind, key_digest(text)):
                yield Reason("list", list_id, kind, form)
    for form, spelling in spellings(url) if known.hashed else ():
        for kind, algorithm in known.hashed.items():
            digest = hashlib.new(algorithm, spelling, usedforsecurity=False).hexdigest()
            for list_id in known.lists(kind, digest):
                if known.allows(list_id, form):
                    yield Reason("list", list_id, kind, form)


def rule_reasons(row: Row, rules: Rules) -> set[Reason]:
    """Why rules name a row; NaN is no score, and what has none no rule names but `unscored`."""
    score = row.get("punsafe")
    if score is None or math.isnan(score):
        return {Reason("rule", rule="unscored")} if rules.drop_unscored else set()
    found = set()
    if score > rules.unsafe_above:
        found.add(Reason("rule", rule="unsafe"))
    caption = row.get("text")
    if score > rules.keyword_above and caption is not None and rules.keywords is not None:
        if isinstance(caption, bytes):
            caption = caption.decode("utf-8", "surrogateescape")
        if holds_any(caption, rules.keywords):
            found.add(Reason("rule", rule="unsafe_keyword"))
    return found


def shared_keys(row: Row) -> set[str]:
    """The keys of the links that a row passes on once a list names it: those that lead somewhere.

    A link that leads to no one thing is not passed on, but may itself be what a list names.
    """
    return {link_key(url) for url in values(row, "url") if can_spread(url)}


def all_keys(row: Row, *, inner: bool) -> set[str]:
    """The keys of all links of a row; of those inside its links too, where these count."""
    links = values(row, "url")
    inside = [link for url in links for link in inner_links(url)] if inner else []
    return {link_key(link) for link in [*links, *inside]}


# -- what an audit counts of the rows that something names ---------------------------------

Removes = Callable[[Reason], bool]
Line = tuple[Any, bool]
AllReasons = Iterable[Collection[Reason]] | Counter[frozenset[Reason]]
"""The reasons of each row that is named; or of how many rows they are these."""


def alike(named: AllReasons) -> Counter[frozenset[Reason]]:
    """How many rows are named for the same reasons; there are few such sets of reasons."""
    return named if isinstance(named, Counter) else Counter(map(frozenset, named))


def _counted(named: AllReasons, lines: Callable[[frozenset[Reason]], Iterator[Line]]) -> Numbers:
    """By line of a table, from the sets of reasons that rows have: rows, and rows of it alone."""
    gross: Counter[Any] = Counter()
    alone: Counter[Any] = Counter()
    for reasons, n in alike(named).items():
        for line, is_alone in lines(reasons):
            gross[line] += n
            alone[line] += n if is_alone else 0
    return {line: (n, alone[line]) for line, n in gross.items()}


def removals(named: AllReasons, removes: Removes) -> Numbers:
    """Rows that leave an edition by reason: (gross, exclusive)."""

    def lines(reasons: frozenset[Reason]) -> Iterator[Line]:
        ours = [r for r in reasons if removes(r)]
        yield from ((reason, len(ours) == 1) for reason in ours)

    return _counted(named, lines)


def removal_groups(named: AllReasons, removes: Removes, partners: Names, labels: Names) -> Numbers:
    """Rows that leave an edition by (grouping, name): (gross, exclusive); rules are not shown.

    A source's rows that only carry a listed link count with it where it names them itself.
    """

    def lines(reasons: frozenset[Reason]) -> Iterator[Line]:
        ours = [r for r in reasons if removes(r)]
        for grouping, names in (("source", partners), ("label", labels)):
            said = [
                "cover" if r.reason_kind == "cover"
                else r.rule if r.list_id is None
                else names.get(r.list_id)
                for r in ours
            ]  # fmt: skip
            pairs = zip(said, ours, strict=True)
            for name in {name for name, r in pairs if r.reason_kind == "list"}:
                yield (grouping, name), len(set(said)) == 1

    return _counted(named, lines)


def hits(named: AllReasons) -> Numbers:
    """Rows by (list, kind, form): (gross, exclusive), whatever the editions; no kind: same_link.

    A row that only carries a listed link counts as such alone where no list names it.
    """

    def lines(reasons: frozenset[Reason]) -> Iterator[Line]:
        direct = [r for r in reasons if r.reason_kind == "list"]
        linked = [r for r in reasons if r.reason_kind == "same_link"]
        for r in direct + linked:
            yield (r.list_id, r.kind, r.form), (direct if r in direct else direct + linked) == [r]

    return _counted(named, lines)


def hit_groups(named: AllReasons, partners: Names, labels: Names) -> Numbers:
    """What the lists found, by (grouping, name): memberships, and rows counted once."""

    def lines(reasons: frozenset[Reason]) -> Iterator[Line]:
        direct = {r.list_id for r in reasons if r.reason_kind == "list" and r.list_id is not None}
        groups: list[tuple[str, str | None]] = []
        for list_id in direct:
            names = partners.get(list_id), labels.get(list_id)
            groups += [("all", None), ("source", names[0]), ("label", names[1])]
        if not direct:
            groups += [("same_link", None) for r in reasons if r.reason_kind == "same_link"]
        yield from ((group, group not in groups[:i]) for i, group in enumerate(groups))

    return _counted(named, lines)


def protocol(named: AllReasons, received: Names) -> Numbers:
    """What the lists found, by (list, kind): rows, and those that nothing received before names.

    In order of receipt, those without a day last, and then by number: each row is new once.
    """

    def place(line: tuple[int, str]) -> tuple[bool, str, int, str]:
        day = received.get(line[0], "")
        return not day, day, *line

    def lines(reasons: frozenset[Reason]) -> Iterator[Line]:
        pairs = {(r.list_id, r.kind) for r in reasons if r.reason_kind == "list"}
        in_order = sorted(pairs, key=place)  # type: ignore[arg-type] # each has both
        yield from ((line, line == in_order[0]) for line in in_order)

    return _counted(named, lines)


def shared_rows(named: AllReasons) -> Counter[tuple[int, int]]:
    """Rows that two lists both name, by their numbers in order; none for those that share none."""
    found: Counter[tuple[int, int]] = Counter()
    for reasons, n in alike(named).items():
        lists = {r.list_id for r in reasons if r.reason_kind == "list" and r.list_id is not None}
        for pair in combinations(sorted(lists), 2):
            found[pair] += n
    return found
