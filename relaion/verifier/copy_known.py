"""By which row hashes a record may be known: its own, and what its link gives with each caption."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import mmh3
import pyarrow as pa
import pyarrow.compute as pc

from relaion.parquet.glossary import says_caption

FILLERS = (-(2**63), -1, 0, 2**63 - 1)  # what NaN and gaps become
HASHES = pa.list_(pa.int64())
MOST_CAPTIONS = 8


class Further(NamedTuple):
    """Row hashes beside the first one, and how far its own is in doubt.

    1 where it has a link and no caption that proves it, 2 where link and captions give others.
    """

    hashes: tuple[int, ...] = ()
    doubt: int = 0


NOTHING = Further()
UNPROVED = Further(doubt=1)


class Identified(NamedTuple):
    """What a record is known by: its link, and its row hash; weak is that of a caption alone.

    `further` are other row hashes; `part` tells samples of one key apart.
    """

    link: bytes | None
    row_hash: int | None
    is_weak: bool = False
    further: Further = NOTHING
    part: int = 0


@dataclass(frozen=True)
class Records:
    """Some records: row hashes (int64), links (bytes), and keys of samples or None.

    `weak` are those whose hash is that of a caption alone: it may be met, and tells nothing else.
    `others` are lists of further row hashes, `doubt` (int8) how far their own are in doubt
    (`Further`), `parts` of samples of one key.
    """

    hashes: pa.Array
    links: pa.Array
    keys: Sequence[str | None] | None = None
    weak: pa.Array | None = None
    others: pa.Array | None = None
    doubt: pa.Array | None = None
    parts: Sequence[int] | None = None


def murmur(link: bytes | None, caption: bytes | None) -> int:
    """LAION's row hash of a link with its caption."""
    return mmh3.hash64((link or b"") + (caption or b""))[0]


def further(
    link: bytes | None,
    captions: Sequence[bytes | None],
    own: int | None,
    *,
    has_captions: bool = True,
) -> Further:
    """What a record may be known by beside its own hash, or beside that of its first caption.

    Where its file has no captions at all, no link is hashed alone.
    """
    if not has_captions:
        return NOTHING if own is None or not link else UNPROVED
    if own is None:
        told = [c for c in captions[1:] if c and c != captions[0]]
        return Further(_given(link, told)) if told else NOTHING
    if not link:
        return NOTHING
    first = captions[0] if captions else None
    if first and murmur(link, first) == own:
        return NOTHING
    hashes = _given(link, [c for c in captions if c])
    if not hashes:
        return NOTHING if own == murmur(link, None) else UNPROVED
    return NOTHING if own in hashes else Further(hashes, doubt=2)


def _given(link: bytes | None, captions: Iterable[bytes]) -> tuple[int, ...]:
    hashes = (murmur(link, caption) for caption in captions)
    return tuple(h for h in hashes if h not in FILLERS)


def other_captions(names: Sequence[str], played: Iterable[str]) -> list[int]:
    """Places of columns whose names say captions, and that play no role."""
    taken = set(played)
    found = [i for i, name in enumerate(names) if name not in taken and says_caption(name)]
    return found[: MOST_CAPTIONS - 1]


def columns_of(found: Sequence[Further]) -> tuple[pa.Array, pa.Array]:
    """Further hashes (lists; NULL where there are none), and how far own ones are in doubt."""
    hashes = pa.array([each.hashes or None for each in found], HASHES)
    return hashes, pa.array([each.doubt for each in found], pa.int8())


def flat(others: pa.Array) -> pa.Array:
    """All hashes in lists."""
    return pc.list_flatten(others)


def any_among(others: pa.Array, some: pa.Array) -> pa.Array:
    """Which lists hold one of some values."""
    hits = pc.is_in(pc.list_flatten(others), value_set=some, skip_nulls=True)
    places = pc.list_parent_indices(others).filter(hits).unique()
    return pc.is_in(pa.array(range(len(others)), places.type), value_set=places)
