"""A whole run by the plain model of `verify`: what every fast answer of `clean` is held against.

Lists, sidecars and rows are plain values here, all of them held at once: every row is asked
about every list. The model itself (`relaion.verifier.model`) is held against a world made by hand
(`tests/cases/model`), and its keywords against another reading of Unicode (`has_keyword`).
"""

import hashlib
import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from relaion.links import key_digest, link_key
from relaion.roles import IMAGE_KINDS
from relaion.verifier import model
from relaion.verifier.keywords import fold
from relaion.verifier.model import Reason, Row, Rules, StatedLists, StatedSidecars, row_hash, values

__all__ = ["IMAGE_KINDS", "Reason", "row_hash", "values"]
# names of letters in scripts that are written without spaces
UNSPACED = (
    "CJK UNIFIED", "CJK COMPATIBILITY", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER",
    "MYANMAR", "TIBETAN", "TAI LE", "NEW TAI LUE", "TAI THAM", "TAI VIET", "BALINESE", "JAVANESE",
    "BOPOMOFO", "HENTAIGANA", "HALFWIDTH KATAKANA", "COMBINING KATAKANA", "HANGZHOU",
    "VERTICAL KANA", "VERTICAL IDEOGRAPHIC", "MASU MARK", "IDEOGRAPHIC ITERATION",
    "IDEOGRAPHIC CLOSING", "IDEOGRAPHIC NUMBER", "IDEOGRAPHIC LEVEL", "IDEOGRAPHIC RISING",
    "IDEOGRAPHIC DEPARTING", "IDEOGRAPHIC ENTERING", "IDEOGRAPHIC ANNOTATION",
)  # fmt: skip


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


def known_of(rows: Sequence[Row], lists: Iterable[Listing], setting: Setting) -> StatedLists:
    """What is listed: all of it, what sidecars name, and the links of all rows that are hit."""
    exact: dict[str, dict[str, tuple[int, ...]]] = {}
    forms = {}
    for x in lists:
        if x.forms is not None:
            forms[x.list_id] = frozenset(x.forms)
        for kind, digest in x.entries:
            before = exact.setdefault(kind, {}).get(digest, ())
            exact[kind][digest] = (*before, x.list_id)
    known = StatedLists(exact, forms, inner=setting.inner)
    beside = StatedSidecars()
    for sidecar in setting.sidecars:
        for row in sidecar.rows:
            if named := tuple(model.listed_images(row, known)):
                for key in model.sidecar_keys(row, sidecar.keys):
                    by_link = StatedSidecars({key: named}) if isinstance(key, str) else None
                    beside |= by_link or StatedSidecars({}, {int(key): named})
    known = known.carrying(beside, {})
    links: dict[str, set[int]] = {}
    for row in rows if setting.same_link else ():
        lists_of = {r.list_id for r in model.list_reasons(row, known) if r.list_id is not None}
        for key in model.shared_keys(row):
            links.setdefault(key, set()).update(lists_of)
    return known.carrying(beside, {key: tuple(sorted(x)) for key, x in links.items() if x})


def rules_of(setting: Setting) -> Rules:
    """Keywords and thresholds as the model takes them."""
    words = setting.keywords
    folded = None if words is None else tuple(w for k in words if (w := fold(k).strip(" ")))
    return Rules(setting.unsafe_above, setting.keyword_above, folded, setting.unscored == "drop")


def reasons(rows: Sequence[Row], lists: Iterable[Listing], setting: Setting) -> list[set[Reason]]:
    """For every row of a whole run, everything that names it, whatever the edition."""
    known, rules = known_of(rows, lists, setting), rules_of(setting)
    return [model.list_reasons(row, known) | model.rule_reasons(row, rules) for row in rows]


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
    return model.removals(named, lambda reason: removes(edition, reason, lists))


def removal_groups(
    named: Sequence[set[Reason]], edition: Edition, lists: Sequence[Listing]
) -> model.Numbers:
    """Rows that leave an edition by (grouping, name)."""
    return model.removal_groups(named, lambda r: removes(edition, r, lists), *names(lists))


def hit_groups(named: Sequence[set[Reason]], lists: Sequence[Listing]) -> model.Numbers:
    """What the lists found, by (grouping, name): memberships, and rows counted once."""
    return model.hit_groups(named, *names(lists))


def names(lists: Sequence[Listing]) -> tuple[dict[int, str], dict[int, str]]:
    """Sources and labels of lists."""
    return {x.list_id: x.source for x in lists}, {x.list_id: x.label for x in lists}


def coverage(rows: Sequence[Row]) -> dict[tuple[str, str], tuple[int, int]]:
    """(Role, via) to all rows, and those that have a value; NaN is none.

    via `column` for the rows' own values, `computed` for row hashes where these are missing.
    """
    computed = sum(r.get("row_hash") is None and row_hash(r) is not None for r in rows)
    found = {("row_hash", "computed"): (len(rows), computed)}
    for role in ("url", "text", "punsafe", "row_hash", *IMAGE_KINDS):
        held = [row.get(role) for row in rows]
        n = sum(v is not None and not (isinstance(v, float) and math.isnan(v)) for v in held)
        found[role, "column"] = (len(rows), n)
    return found


def scores(rows: Sequence[Row]) -> dict[tuple[float | None, float | None], int]:
    """Rows above one border and up to the next, of twentieths from 0 to 1; NaN is no score."""
    borders = [None, *(i / 20 for i in range(21)), None]
    found: Counter[tuple[float | None, float | None]] = Counter()
    for row in rows:
        score = row.get("punsafe")
        if not isinstance(score, int | float) or math.isnan(score):
            found[None, None] += 1
            continue
        for above, up_to in pairwise(borders):
            if (above is None or score > above) and (up_to is None or score <= up_to):
                found[above, up_to] += 1
    return dict(found)
