"""One row's fate in plain Python: which lists and rules name it, and what an audit counts of that.

Nothing here is clever, fast or shared with `clean`: a row is asked about everything that is
known. `verify` asks it about the few rows that its own quick tests choose (`decide.py`), and
about some thousands that nothing chose; the tests hold every script of `clean` against it.

A row is a mapping of role to value (url, text, punsafe, row_hash, image_md5, image_sha1,
image_sha256): links and captions as text or bytes, digests in hex. A missing role is the same
as None. What further columns of a role hold stands under `more`: role to values.
"""

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import mmh3

from relaion.links import can_spread, key_digest, link_key
from relaion.links.entries import host_patterns, key_prefixes
from relaion.links.inner import inner_links
from relaion.links.spellings import spellings
from relaion.links.text import as_bytes
from relaion.roles import IMAGE_KINDS
from relaion.verifier.keywords import holds_any
from relaion.verifier.matched_entries import StatedLists

Row = Mapping[str, Any]
Names = Mapping[int, str]
Numbers = Mapping[Any, tuple[int, int]]


class Reason(NamedTuple):
    """Why a row is named; as the audit's table `removals` tells reasons apart."""

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


def _link_reasons(url: str | bytes, key: str, known: StatedLists) -> Iterator[Reason]:
    names = [("url", "canonical", [key]), ("host", None, host_patterns(key))]
    for kind, form, texts in [*names, ("url_prefix", None, key_prefixes(key))]:
        for text in texts if known.exact.get(kind) else ():
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


# -- what an audit counts of the rows that something names ---------------------------------

Removes = Callable[[Reason], bool]
Named = Iterable[Collection[Reason]]


def _alike(named: Named) -> Iterator[tuple[frozenset[Reason], int]]:
    """The sets of reasons that rows have, and how many rows each: there are few."""
    yield from Counter(map(frozenset, named)).items()


def removals(named: Named, removes: Removes) -> dict[Reason, tuple[int, int]]:
    """Rows that leave an edition by reason: (gross, exclusive)."""
    gross: Counter[Reason] = Counter()
    alone: Counter[Reason] = Counter()
    for reasons, n in _alike(named):
        ours = [r for r in reasons if removes(r)]
        for reason in ours:
            gross[reason] += n
            alone[reason] += n if len(ours) == 1 else 0
    return {reason: (n, alone[reason]) for reason, n in gross.items()}


def removal_groups(named: Named, removes: Removes, partners: Names, labels: Names) -> Numbers:
    """Rows that leave an edition by (grouping, name): (gross, exclusive); rules are not shown.

    A source's rows that only carry a listed link count with it where it names them itself.
    """
    gross: Counter[tuple[str, str | None]] = Counter()
    alone: Counter[tuple[str, str | None]] = Counter()
    for reasons, n in _alike(named):
        ours = [r for r in reasons if removes(r)]
        for grouping, names in (("source", partners), ("label", labels)):
            said = [r.rule if r.list_id is None else names.get(r.list_id) for r in ours]
            pairs = zip(said, ours, strict=True)
            for group in {(grouping, name) for name, r in pairs if r.reason_kind == "list"}:
                gross[group] += n
                alone[group] += n if len(set(said)) == 1 else 0
    return {group: (n, alone[group]) for group, n in gross.items()}


def hits(named: Named) -> Numbers:
    """Rows by (list, kind, form): (gross, exclusive), whatever the editions; no kind: same_link.

    A row that only carries a listed link counts as such alone where no list names it.
    """
    gross: Counter[tuple[Any, ...]] = Counter()
    alone: Counter[tuple[Any, ...]] = Counter()
    for reasons, n in _alike(named):
        direct = [r for r in reasons if r.reason_kind == "list"]
        linked = [r for r in reasons if r.reason_kind == "same_link"]
        for r in direct + linked:
            line = (r.list_id, r.kind, r.form)
            gross[line] += n
            alone[line] += n if (direct if r in direct else direct + linked) == [r] else 0
    return {line: (n, alone[line]) for line, n in gross.items()}


def hit_groups(named: Named, partners: Names, labels: Names) -> Numbers:
    """What the lists found, by (grouping, name): memberships, and rows counted once."""
    memberships: Counter[tuple[str, str | None]] = Counter()
    rows: Counter[tuple[str, str | None]] = Counter()
    for reasons, n in _alike(named):
        direct = {r.list_id for r in reasons if r.reason_kind == "list" and r.list_id is not None}
        groups: list[tuple[str, str | None]] = []
        for list_id in direct:
            names = partners.get(list_id), labels.get(list_id)
            groups += [("all", None), ("source", names[0]), ("label", names[1])]
        if not direct:
            groups += [("same_link", None) for r in reasons if r.reason_kind == "same_link"]
        for group, times in Counter(groups).items():
            memberships[group] += n * times
            rows[group] += n
    return {group: (n, rows[group]) for group, n in memberships.items()}
