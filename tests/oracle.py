"""One row's fate in plain Python: the slow model that every fast answer is held against.

A row is a mapping of role to value (url, text, punsafe, row_hash, image_md5, image_sha1,
image_sha256); a missing role is the same as None; url and text may be bytes. What further
columns of a role hold stands under `more`: role to values. Nothing here is
clever: all rows are held at once, every row is asked about every list, keywords are tried at
every place.
"""

import hashlib
import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import mmh3

from relaion.links import can_spread, key_digest, link_key
from relaion.links.inner import inner_links
from relaion.links.scopes import host_patterns, key_prefixes
from relaion.links.spellings import spellings

Row = Mapping[str, Any]
IMAGE_KINDS = ("image_md5", "image_sha1", "image_sha256")
URL_KINDS = {"url_md5": "md5", "url_sha1": "sha1", "url_sha256": "sha256"}
# names of letters in scripts that are written without spaces
UNSPACED = (
    "CJK UNIFIED", "CJK COMPATIBILITY", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER",
    "MYANMAR", "TIBETAN", "TAI LE", "NEW TAI LUE", "TAI THAM", "TAI VIET", "BALINESE", "JAVANESE",
    "BOPOMOFO", "HENTAIGANA", "HALFWIDTH KATAKANA", "COMBINING KATAKANA", "HANGZHOU",
    "VERTICAL KANA", "VERTICAL IDEOGRAPHIC", "MASU MARK", "IDEOGRAPHIC ITERATION",
    "IDEOGRAPHIC CLOSING", "IDEOGRAPHIC NUMBER", "IDEOGRAPHIC LEVEL", "IDEOGRAPHIC RISING",
    "IDEOGRAPHIC DEPARTING", "IDEOGRAPHIC ENTERING", "IDEOGRAPHIC ANNOTATION",
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
    """A list: entries are (kind, digest), as the list store holds them.

    `forms`: the spellings in which its hashed links count; None for all of them.
    """

    list_id: int
    label: str
    entries: frozenset[tuple[str, str]]
    source: str = "partner"
    forms: tuple[str, ...] | None = None

    def names(self, kind: str, digest: str, form: str | None) -> bool:
        """Whether this list holds the digest, and wants it in this form."""
        hashed = kind in URL_KINDS and self.forms is not None and form is not None
        wanted = not hashed or (form or "").removeprefix("inner ") in (self.forms or ())
        return wanted and (kind, digest) in self.entries


@dataclass(frozen=True)
class Sidecar:
    """Image hashes that live apart from the rows; `keys` are `url`, `row_hash` or both."""

    keys: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Setting:
    """What decides besides lists; `keywords` None switches the keyword rule off."""

    keywords: tuple[str, ...] | None = None
    unscored: str = "keep"
    same_link: bool = True
    unsafe_above: float = 0.45
    keyword_above: float = 0.95
    inner: bool = True
    sidecars: tuple[Sidecar, ...] = ()


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


def url_entry(link: str | bytes) -> tuple[str, str]:
    """A plain link as a list store holds it."""
    return "url", key_digest(link_key(link))


def scope_entry(kind: str, text: str) -> tuple[str, str]:
    """A host pattern or a prefix (kind `host` or `url_prefix`) as a list store holds it."""
    return kind, hashlib.sha256(text.encode()).hexdigest()


def hash_entry(number: int) -> tuple[str, str]:
    """A row hash as a list store holds it."""
    return "row_hash", f"{number % 2**64:016x}"


def row_hash(row: Row) -> int | None:
    """The row's own hash, else LAION's murmur of link and caption; None without any of them."""
    if row.get("row_hash") is not None:
        return int(row["row_hash"])
    if row.get("url") is None and row.get("text") is None:
        return None
    low, _ = mmh3.hash64(_bytes(row.get("url")) + _bytes(row.get("text")))
    return int(low)


def values(row: Row, role: str) -> list[Any]:
    """What the columns of a role hold in a row, the first one first; NULLs are none."""
    found = [row.get(role), *row.get("more", {}).get(role, ())]
    return [value for value in found if value is not None]


def digests(row: Row, setting: Setting) -> set[tuple[str, str, str | None]]:
    """Everything by which a row could be listed: kind, digest, and the form of the link."""
    found: set[tuple[str, str, str | None]] = set()
    for kind in IMAGE_KINDS:
        found |= {(kind, value.lower(), None) for value in values(row, kind)}
    number = row_hash(row)
    if number is not None:
        form = "computed" if row.get("row_hash") is None else None
        found.add((*hash_entry(number), form))
    for url in values(row, "url"):
        found |= _link_digests(url)
        for link in inner_links(url) if setting.inner else ():
            for kind, digest, form in _link_digests(link):
                inner = "inner" if form in (None, "canonical") else f"inner {form}"
                found.add((kind, digest, inner))
    return found


def _link_digests(url: str | bytes) -> set[tuple[str, str, str | None]]:
    key = link_key(url)
    found: set[tuple[str, str, str | None]] = {(*url_entry(url), "canonical")}
    found |= {(*scope_entry("host", text), None) for text in host_patterns(key)}
    found |= {(*scope_entry("url_prefix", text), None) for text in key_prefixes(key)}
    for form, text in spellings(url):
        for kind, algorithm in URL_KINDS.items():
            found.add((kind, hashlib.new(algorithm, text).hexdigest(), form))
    return found


def _bytes(text: str | bytes | None) -> bytes:
    return text.encode() if isinstance(text, str) else text or b""


def reasons(rows: Sequence[Row], lists: Iterable[Listing], setting: Setting) -> list[set[Reason]]:
    """For every row of a whole run, everything that names it, whatever the edition."""
    lists = tuple(lists)
    found = [
        _hits(row, lists, setting) | _beside(row, lists, setting) | _rules(row, setting)
        for row in rows
    ]
    if not setting.same_link:
        return found
    hit = [{x.list_id for x in reasons if x.reason_kind == "list"} for reasons in found]
    passed_on: dict[str, set[int | None]] = {}
    for row, lists_of in zip(rows, hit, strict=True):
        for url in values(row, "url"):
            if can_spread(url):
                passed_on.setdefault(link_key(url), set()).update(lists_of)
    for i, row in enumerate(rows):
        for key in _keys(row, setting):
            for list_id in passed_on.get(key, set()) - hit[i]:
                found[i].add(Reason("same_link", list_id))
    return found


def _keys(row: Row, setting: Setting) -> set[str]:
    links = values(row, "url")
    inner = [link for url in links for link in inner_links(url)] if setting.inner else []
    return {link_key(u) for u in [*links, *inner]}


def _hits(row: Row, lists: Iterable[Listing], setting: Setting) -> set[Reason]:
    return {
        Reason("list", x.list_id, kind, form)
        for kind, digest, form in digests(row, setting)
        for x in lists
        if x.names(kind, digest, form)
    }


def _beside(row: Row, lists: Iterable[Listing], setting: Setting) -> set[Reason]:
    """The lists that name the image of a sidecar's row with this row's link or row hash."""
    return {
        Reason("list", x.list_id, kind, "sidecar")
        for sidecar in setting.sidecars
        for beside in sidecar.rows
        if any(_same_row(row, beside, key) for key in sidecar.keys)
        for kind in IMAGE_KINDS
        for x in lists
        if beside.get(kind) is not None and (kind, beside[kind].lower()) in x.entries
    }


def _same_row(row: Row, beside: Row, key: str) -> bool:
    if beside.get(key) is None:
        return False
    if key == "url":
        if not can_spread(beside["url"]):
            return False
        return link_key(beside["url"]) in {link_key(url) for url in values(row, "url")}
    return bool(row_hash(row) == beside["row_hash"])


def _rules(row: Row, setting: Setting) -> set[Reason]:
    score = row.get("punsafe")
    if score is None or math.isnan(score):
        return {Reason("rule", rule="unscored")} if setting.unscored == "drop" else set()
    found = set()
    if score > setting.unsafe_above:
        found.add(Reason("rule", rule="unsafe"))
    if score > setting.keyword_above and has_keyword(_caption(row), setting.keywords or ()):
        found.add(Reason("rule", rule="unsafe_keyword"))
    return found


def _caption(row: Row) -> str | None:
    text = row.get("text")
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def has_keyword(caption: str | None, keywords: Iterable[str]) -> bool:
    """Whether a caption holds a keyword between borders; no caption holds none."""
    if caption is None:
        return False
    parted = "".join(" " if _is_unseen(c) and _may_part(c) else c for c in caption)
    return any(
        _stands_in(_fold(text), _fold(k).strip(" ")) for text in (caption, parted) for k in keywords
    )


def _stands_in(text: str, keyword: str) -> bool:
    if keyword:
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
    text = "".join(c for c in text if not _is_unseen(c))
    text = "".join(" " if c.isspace() and c not in "\x1c\x1d\x1e\x1f" else c for c in text)
    while "  " in text:
        text = text.replace("  ", " ")
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def _is_unseen(c: str) -> bool:
    """Whether Unicode calls a character ignorable by default; by category and name."""
    name = unicodedata.name(c, "")
    if name.startswith(("ARABIC NUMBER", "INTERLINEAR", "EGYPTIAN", "KAITHI", "SYRIAC")):
        return False
    if unicodedata.category(c) == "Cf":
        return not name.startswith("ARABIC") or name == "ARABIC LETTER MARK"
    if any(x in name for x in ("VARIATION SELECTOR", "GRAPHEME JOINER", "VOWEL INHERENT")):
        return True
    reserved = 0xE0000 <= ord(c) < 0xE1000 or 0xFFF0 <= ord(c) < 0xFFF9 or c == "\u2065"
    return reserved or (name.startswith(("HANGUL", "HALFWIDTH HANGUL")) and "FILLER" in name)


def _may_part(c: str) -> bool:
    return c != "\u00ad" and unicodedata.category(c) != "Mn"


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


def coverage(rows: Sequence[Row]) -> dict[tuple[str, str], tuple[int, int]]:
    """(Role, via) to all rows, and those that have a value; NaN is none.

    via `column` for the rows' own values, `computed` for row hashes where these are missing.
    """
    computed = sum(r.get("row_hash") is None and row_hash(r) is not None for r in rows)
    found = {("row_hash", "computed"): (len(rows), computed)}
    for role in ("url", "text", "punsafe", "row_hash", *IMAGE_KINDS):
        values = [row.get(role) for row in rows]
        n = sum(v is not None and not (isinstance(v, float) and math.isnan(v)) for v in values)
        found[role, "column"] = (len(rows), n)
    return found
