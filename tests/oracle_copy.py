"""Which rows of a copy stay, and what a diff tells, in plain Python: one row at a time, all held.

A row is a mapping of role to value; a role that is missing is a column that its file lacks. Only
the link key is shared with the code that is tested (`tests/cases/links` holds it), and which links
stand for one thing.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import mmh3

from relaion.links import can_spread, link_key
from relaion.links.text import as_bytes
from relaion.parquet.mended import marked

ROW, LINK = "row", "link"
BOTH = (ROW, LINK)
Rows = Sequence[Mapping[str, Any]]
Line = tuple[int | None, bytes | None, bool, int | None]


class Fate(NamedTuple):
    """What is said of a row, and whether it leaves."""

    fate: str
    leaves: bool


def murmur(link: str | bytes | None, caption: str | bytes | None) -> int:
    """LAION's hash of a link and a caption, where None counts as nothing."""
    return mmh3.hash64(_bytes(link) + _bytes(caption), signed=True)[0]


def _bytes(text: str | bytes | None) -> bytes:
    return text if isinstance(text, bytes) else (text or "").encode("utf-8", "surrogateescape")


FILLERS = (0, -1, -(2**63), 2**63 - 1)


def _own(row: Mapping[str, Any]) -> int | None:
    """A row's own hash; what writers put where there is none is none."""
    own = row.get("row_hash")
    return None if own is None or int(own) in FILLERS else int(own)


def row_id(row: Mapping[str, Any]) -> int | None:
    """A row's own hash; else that of its link and caption, where its file has columns of both."""
    if (own := _own(row)) is not None:
        return own
    if not {"url", "text"} <= set(row) or row["url"] is row["text"] is None:
        return None
    found = murmur(row["url"], row["text"])
    return None if found in FILLERS else found


def computed_id(row: Mapping[str, Any]) -> int | None:
    """The hash of link and caption, where a row has both: a wrong one of its own hides none."""
    link, caption = row.get("url"), row.get("text")
    return None if link is None or caption is None else murmur(link, caption)


def is_weak(row: Mapping[str, Any]) -> bool:
    """Whether its hash is of a caption alone: it may be met, and tells nothing where it is not."""
    return _own(row) is None and not row.get("url")


def is_unproved(row: Mapping[str, Any]) -> bool:
    """Whether a row's own hash is not known to be that of its link and caption."""
    return row_id(row) is not None and doubts(row)[row_id(row)] > 0  # type: ignore[index]


def link_bytes(row: Mapping[str, Any]) -> int | None:
    """How long the link in a row's hash is; None where somebody wrote the hash beside none.

    Rows of one hash and one length have one link and one caption.
    """
    link = _bytes(row.get("url"))
    return None if _own(row) is not None and not link else len(link)


def meet(one: int | None, other: int | None) -> bool:
    """Whether links of these lengths, of rows of one hash, may be the same."""
    return one == other or one is None or other is None


def link_id(row: Mapping[str, Any]) -> bytes | None:
    """The key of a row's link; None for a link that stands for nothing in particular."""
    link = row.get("url")
    return None if link is None or not can_spread(link) else key_bytes(link)


def key_bytes(link: str | bytes) -> bytes:
    """A link key as bytes, as it is salted: marked where it is no UTF-8."""
    key = link_key(link)
    return (key if key.isascii() else marked(as_bytes(key))).encode()


def _ids(rows: Rows, by: Iterable[str]) -> tuple[set[int], set[bytes]]:
    hashes = {h for r in rows if (h := row_id(r)) is not None} if ROW in by else set()
    links = {k for r in rows if (k := link_id(r)) is not None} if LINK in by else set()
    return hashes, links


def doubts(row: Mapping[str, Any]) -> dict[int, int]:
    """The hashes that a row may be known by, and how far each is in doubt.

    0 is given by link and caption, or nothing could speak against it; 1 nothing can prove, for its
    link stands without a caption; 2 link and caption contradict: they give another, which is sure.
    """
    first, own, given = row_id(row), _own(row), murmur(row.get("url"), row.get("text"))
    if first is None:
        return {}
    if own is None or "url" not in row:
        return {first: 0}
    if "text" not in row:
        return {own: 1}
    if not row["url"] or own == given:
        return {own: 0}
    return {own: 2, given: 0} if row["text"] else {own: 1}


def _surest(rows: Rows) -> dict[int, dict[int | None, int]]:
    """Each hash of a set, by lengths of links, with the least doubt that it has on any row."""
    found: dict[int, dict[int | None, int]] = defaultdict(dict)
    for row in rows:
        for each, doubt in doubts(row).items():
            length = link_bytes(row)
            found[each][length] = min(doubt, found[each].get(length, doubt))
    return found


def _asked(row: Mapping[str, Any], by: Sequence[str]) -> list[tuple[int, int, int | None]]:
    """The hashes that a row may be known by, with their doubts and lengths of the link.

    A link that is no identity, and does not prove a hash, may be another than was hashed.
    """
    length, is_known = link_bytes(row), LINK in by and link_id(row) is not None
    return [(h, d, length if is_known or d == 0 else None) for h, d in doubts(row).items()]


def by_keep(
    rows: Rows,
    new: Rows,
    old: Rows | None = None,
    *,
    by: Sequence[str] = BOTH,
    unknown: str = "drop",
    without_identity: str = "drop",
) -> list[Fate]:
    """The fate of each row of a copy where an edition says what may stay."""
    new_links, old_links = _ids(new, by)[1], _ids(old or (), by)[1]
    in_new = _surest(new)
    gone = {
        (h, length)
        for h, lengths in _surest(old or ()).items()
        for length in lengths
        if not any(meet(length, other) for other in in_new.get(h, ()))
    }

    def is_gone(each: int, length: int | None) -> bool:
        return any(h == each and (h not in in_new or length in (left, None)) for h, left in gone)

    def is_whole(each: int) -> bool:
        return any(h == each and h not in in_new for h, _ in gone)

    def fate(row: Mapping[str, Any]) -> Fate:
        mine = _asked(row, by) if ROW in by else []
        link = link_id(row) if LINK in by else None
        doubts_met = (
            max(d, other)
            for h, d, length in mine
            for at, other in in_new.get(h, {}).items()
            if meet(length, at)
        )
        doubt = min(doubts_met, default=2)
        may_stay = link in new_links or (doubt == 0 and bool(mine) and mine[0][2] is not None)
        if any(
            is_whole(h) or (is_gone(h, length) and not may_stay) for h, _, length in mine
        ):  # its caption is as it was: the row was removed, not the link
            return Fate("removed", True)
        if doubt == 0 or (doubt == 1 and (link is None or link in new_links)):
            return Fate("row", False)
        if (not mine or is_weak(row)) and link is None:
            return Fate("nameless", without_identity == "drop")
        if link in new_links:
            return Fate("link", False)
        if link in old_links:
            return Fate("removed", True)
        return Fate("not in new" if old is None else "unknown", unknown == "drop")

    return [fate(row) for row in rows]


class Diff(NamedTuple):
    """The lines of a diff, sorted, and what is counted beside them."""

    lines: list[Line]
    rows_left: int
    links_gone: int
    without: int
    colliding: int


def salted(key: bytes, salt: bytes) -> bytes:
    """A link as a diff tells it."""
    return hashlib.sha256(salt + key).digest()[:16]


def diff_of(old: Rows, new: Rows, salt: bytes, by: Sequence[str] = BOTH) -> Diff:
    """What left between two sets; nothing that still stands anywhere in the new one."""
    new_hashes, new_links = _ids(new, by)
    lengths: dict[int | None, set[int | None]] = defaultdict(set)
    for row in new:
        lengths[row_id(row)].add(link_bytes(row))
    lines: set[Line] = set()
    keys: dict[int, set[bytes]] = defaultdict(set)
    left: Counter[str] = Counter()
    for row in old:
        mine = row_id(row) if ROW in by else None
        link = link_id(row) if LINK in by else None
        length = link_bytes(row)
        if mine in new_hashes and any(meet(length, other) for other in lengths[mine]):
            continue
        if mine in new_hashes and link in new_links:  # it may be spelled anew beside the hash
            continue
        if mine is not None and link is not None:
            keys[mine].add(link)
        gone = None if link is None or link in new_links else salted(link, salt)
        if mine is None and gone is None:
            left["without"] += link is None
            continue
        left["rows"] += 1
        lines.add((mine, gone, gone is not None, length if mine in new_hashes else None))
    # nothing tells such rows apart: as many left as there are fewer
    if left["without"]:
        of_new = [
            r
            for r in new
            if not ((ROW in by and row_id(r) is not None) or (LINK in by and link_id(r)))
        ]
        left["without"] = max(0, left["without"] - len(of_new))
    ordered = sorted(lines, key=lambda x: [(v is None, v) for v in (x[0], x[1] or None, x[3])])
    return Diff(
        ordered, left["rows"], len({x[1] for x in lines if x[1]}), left["without"],
        sum(len(found) > 1 for found in keys.values()),
    )  # fmt: skip


def by_diff(
    rows: Rows,
    lines: Iterable[Line],
    salt: bytes,
    *,
    by: Sequence[str] = BOTH,
    without_identity: str = "keep",
) -> list[Fate]:
    """The fate of each row of a copy where a diff says what left."""
    told = list(lines)
    hashes = {x[0] for x in told if x[3] is None} - {None}
    shared = {(x[0], x[3]) for x in told if x[3] is not None}
    links = {x[1] for x in told if x[2]}

    def fate(row: Mapping[str, Any]) -> Fate:
        mine = row_id(row) if ROW in by else None
        link = link_id(row) if LINK in by else None
        own = [] if mine is None else [(mine, link_bytes(row), link is None and is_unproved(row))]
        given = computed_id(row) if ROW in by else None
        own += [] if given is None else [(given, link_bytes(row), False)]
        if any(
            h in hashes or any(h == x and (is_any or length in (at, None)) for x, at in shared)
            for h, length, is_any in own
        ):
            return Fate("removed", True)
        if link is not None and salted(link, salt) in links:
            return Fate("removed with its link", True)
        known = mine is not None and not is_weak(row)
        if known or link is not None:
            return Fate("row" if known else "link", False)
        return Fate("nameless", without_identity == "drop")

    return [fate(row) for row in rows]
