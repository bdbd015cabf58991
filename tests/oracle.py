"""One row's fate in plain Python: the slow model that every fast answer is held against.

A row is a mapping of role to value (url, text, punsafe, image_md5, image_sha1,
image_sha256); a missing role is the same as None. Nothing here is clever: all rows are held
at once, every row is asked about every list, keywords are tried at every place.
"""

import hashlib
import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from relaion.links import key_digest, link_key

Row = Mapping[str, Any]
IMAGE_KINDS = ("image_md5", "image_sha1", "image_sha256")
URL_KINDS = {"url_md5": "md5", "url_sha1": "sha1", "url_sha256": "sha256"}
# names of letters in scripts that are written without spaces
UNSPACED = (
    "CJK UNIFIED", "CJK COMPATIBILITY", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER",
    "MYANMAR", "TIBETAN",
)  # fmt: skip


class Reason(NamedTuple):
    """Why a row is named: a list hit, a listed link on another row, or a rule."""

    reason_kind: str
    list_id: int | None = None
    kind: str | None = None
    form: str | None = None
    rule: str | None = None


@dataclass(frozen=True)
class Listing:
    """A list: entries are (kind, digest), as the list store holds them."""

    list_id: int
    label: str
    entries: frozenset[tuple[str, str]]
    source: str = "partner"


@dataclass(frozen=True)
class Setting:
    """What decides besides lists; `keywords` None switches the keyword rule off."""

    keywords: tuple[str, ...] | None = None
    unscored: str = "keep"
    same_link: bool = True
    unsafe_above: float = 0.45
    keyword_above: float = 0.95


@dataclass(frozen=True)
class Edition:
    """Which labels and rules remove rows."""

    name: str
    parent: str
    labels: tuple[str, ...]
    rules: tuple[str, ...]


LABELS = ("csam", "privacy", "opt-out")
RESEARCH = Edition("research", "original", LABELS, ("unsafe_keyword", "unscored"))
SAFE = Edition("research-safe", "research", LABELS, ("unsafe", "unsafe_keyword", "unscored"))


def md5(text: str) -> str:
    """MD5 of a text as lower-case hex."""
    return hashlib.md5(text.encode()).hexdigest()


def url_entry(link: str) -> tuple[str, str]:
    """A plain link as a list store holds it."""
    return "url", key_digest(link_key(link))


def digests(row: Row) -> set[tuple[str, str, str | None]]:
    """Everything by which a row could be listed: kind, digest, and the form of the link."""
    found: set[tuple[str, str, str | None]] = set()
    for kind in IMAGE_KINDS:
        if row.get(kind) is not None:
            found.add((kind, row[kind].lower(), None))
    url = row.get("url")
    if url is not None:
        raw = url.encode() if isinstance(url, str) else url
        found.add(("url", key_digest(link_key(url)), "canonical"))
        for kind, algorithm in URL_KINDS.items():
            found.add((kind, hashlib.new(algorithm, raw).hexdigest(), "raw"))
    return found


def reasons(rows: Sequence[Row], lists: Iterable[Listing], setting: Setting) -> list[set[Reason]]:
    """For every row of a whole run, everything that names it, whatever the edition."""
    found = [_hits(row, lists) | _rules(row, setting) for row in rows]
    if not setting.same_link:
        return found
    keys = [None if r.get("url") is None else link_key(r["url"]) for r in rows]
    hit = [{x.list_id for x in reasons if x.reason_kind == "list"} for reasons in found]
    passed_on: dict[str, set[int | None]] = {}
    for key, lists_of in zip(keys, hit, strict=True):
        if key is not None:
            passed_on.setdefault(key, set()).update(lists_of)
    for i, key in enumerate(keys):
        for list_id in (passed_on[key] if key is not None else set()) - hit[i]:
            found[i].add(Reason("same_link", list_id))
    return found


def _hits(row: Row, lists: Iterable[Listing]) -> set[Reason]:
    return {
        Reason("list", x.list_id, kind, form)
        for kind, digest, form in digests(row)
        for x in lists
        if (kind, digest) in x.entries
    }


def _rules(row: Row, setting: Setting) -> set[Reason]:
    score = row.get("punsafe")
    if score is None or math.isnan(score):
        return {Reason("rule", rule="unscored")} if setting.unscored == "drop" else set()
    found = set()
    if score > setting.unsafe_above:
        found.add(Reason("rule", rule="unsafe"))
    if score > setting.keyword_above and has_keyword(row.get("text"), setting.keywords or ()):
        found.add(Reason("rule", rule="unsafe_keyword"))
    return found


def has_keyword(caption: str | None, keywords: Iterable[str]) -> bool:
    """Whether a caption holds a keyword between borders; no caption holds none."""
    if caption is None:
        return False
    text = _fold(caption)
    for keyword in map(_fold, keywords):
        for start in range(len(text) - len(keyword) + 1):
            end = start + len(keyword)
            if text[start:end] != keyword:
                continue
            before = start == 0 or _apart(text[start - 1], keyword[0])
            after = end == len(text) or _apart(text[end], keyword[-1])
            if before and after:
                return True
    return False


def _fold(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def _apart(a: str, b: str) -> bool:
    """Whether a word may end between two letters."""
    in_word = unicodedata.category(a)[0] in {"L", "N", "M"}
    return not in_word or any(unicodedata.name(x, "").startswith(UNSPACED) for x in (a, b))


def removes(edition: Edition, reason: Reason, lists: Iterable[Listing]) -> bool:
    """Whether rows that are named so leave this edition."""
    if reason.list_id is None:
        return reason.rule in edition.rules
    label = next(x.label for x in lists if x.list_id == reason.list_id)
    return label in edition.labels


def kept(named: Sequence[set[Reason]], edition: Edition, lists: Sequence[Listing]) -> list[bool]:
    """Which rows an edition keeps."""
    return [not any(removes(edition, r, lists) for r in reasons) for reasons in named]


def removals(
    named: Sequence[set[Reason]], edition: Edition, lists: Sequence[Listing]
) -> dict[Reason, tuple[int, int]]:
    """Rows that leave an edition by reason: (gross, exclusive)."""
    gross: Counter[Reason] = Counter()
    alone: Counter[Reason] = Counter()
    for reasons in named:
        ours = [r for r in reasons if removes(edition, r, lists)]
        gross.update(ours)
        if len(ours) == 1:
            alone.update(ours)
    return {reason: (n, alone[reason]) for reason, n in gross.items()}


def hits(named: Sequence[set[Reason]]) -> dict[tuple[Any, ...], tuple[int, int]]:
    """Rows by (list, kind, form): (gross, exclusive), whatever the editions; no kind: same_link."""
    gross: Counter[tuple[Any, ...]] = Counter()
    alone: Counter[tuple[Any, ...]] = Counter()
    for reasons in named:
        direct = [r for r in reasons if r.reason_kind == "list"]
        linked = [r for r in reasons if r.reason_kind == "same_link"]
        for r in direct + linked:
            line = (r.list_id, r.kind, r.form)
            gross[line] += 1
            alone[line] += (direct if r in direct else direct + linked) == [r]
    return {line: (n, alone[line]) for line, n in gross.items()}


def hit_groups(
    named: Sequence[set[Reason]], lists: Sequence[Listing]
) -> dict[tuple[str, str | None], tuple[int, int]]:
    """What the lists found, by (grouping, name): memberships, and rows counted once."""
    by_id = {x.list_id: x for x in lists}
    memberships: Counter[tuple[str, str | None]] = Counter()
    rows: Counter[tuple[str, str | None]] = Counter()
    for reasons in named:
        direct = {r.list_id for r in reasons if r.reason_kind == "list" and r.list_id is not None}
        linked = [r for r in reasons if r.reason_kind == "same_link"]
        groups: list[tuple[str, str | None]] = []
        for list_id in direct:
            x = by_id[list_id]
            groups += [("all", None), ("source", x.source), ("label", x.label)]
        if not direct:
            groups += [("same_link", None) for _ in linked]
        memberships.update(groups)
        rows.update(set(groups))
    return {group: (n, rows[group]) for group, n in memberships.items()}


def removal_groups(
    named: Sequence[set[Reason]], edition: Edition, lists: Sequence[Listing]
) -> dict[tuple[str, str], tuple[int, int]]:
    """Rows that leave an edition by (grouping, name): (gross, exclusive); rules are not shown."""
    by_id = {x.list_id: x for x in lists}
    gross: Counter[tuple[str, str]] = Counter()
    alone: Counter[tuple[str, str]] = Counter()
    for reasons in named:
        ours = [r for r in reasons if removes(edition, r, lists)]
        for grouping in ("source", "label"):
            names = [
                str(r.rule if r.list_id is None else getattr(by_id[r.list_id], grouping))
                for r in ours
            ]
            shown = {n for n, r in zip(names, ours, strict=True) if r.reason_kind == "list"}
            gross.update((grouping, n) for n in shown)
            if len(set(names)) == 1:
                alone.update((grouping, n) for n in shown)
    return {group: (n, alone[group]) for group, n in gross.items()}


def coverage(rows: Sequence[Row]) -> dict[str, tuple[int, int]]:
    """Role to all rows, and those that have a value; NaN is none."""
    found = {}
    for role in ("url", "text", "punsafe", *IMAGE_KINDS):
        values = [row.get(role) for row in rows]
        n = sum(v is not None and not (isinstance(v, float) and math.isnan(v)) for v in values)
        found[role] = (len(rows), n)
    return found
