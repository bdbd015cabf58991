"""By which row hashes a record may be known: its own, and what its link gives with each caption."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import mmh3
import pyarrow as pa
import pyarrow.compute as pc

from relaion.errors import InputError
from relaion.parquet.columns import plain_type
from relaion.parquet.glossary import says_caption
from relaion.paths import shown
from relaion.verifier.copies.statement import CopyLine
from relaion.verifier.rows import At, Rows, batches, role_rows, schema_of

_WHOLE = re.compile(r"[ \t-\r]*([+-]?[0-9]{1,20})[ \t-\r]*")
FILLERS = (-(2**63), -1, 0, 2**63 - 1)  # what NaN and gaps become
HASHES = pa.list_(pa.int64())
MOST_CAPTIONS = 8
_MIX = -7046029254386353131  # odd: no two lengths give one number


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
    `lengths` are those of links, in bytes (`lengths_of`).
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


class HashLengths(NamedTuple):
    """Row hashes, each with the length of the link that is hashed in it; NULL where none tells."""

    hashes: pa.Array
    lengths: pa.Array

    @property
    def marks(self) -> pa.Array:
        """Numbers that two have in common if both hash and length are the same; NULL without."""
        return marks(self.hashes, self.lengths)

    def filter(self, mask: pa.Array) -> "HashLengths":
        """Some of them."""
        return HashLengths(self.hashes.filter(mask), self.lengths.filter(mask))


def marks(hashes: pa.Array, lengths: pa.Array) -> pa.Array:
    """What tells rows apart whose links and captions, one behind the other, are the same text."""
    return pc.bit_wise_xor(hashes, pc.multiply(pc.add(lengths, 1), pa.scalar(_MIX, pa.int64())))


def lengths_of(links: pa.Array, is_given: pa.Array) -> pa.Array:
    """Bytes of links (int64); without one 0 where the row hash `is_given` by the caption alone.

    A number that somebody wrote beside no link may be of any, so there it is NULL.
    """
    bare = pc.if_else(is_given, pa.scalar(0, pa.int64()), pa.scalar(None, pa.int64()))
    return pc.if_else(_is_filled(links), pc.cast(pc.binary_length(links), pa.int64()), bare)


def whole_number(text: str) -> int | None:
    """A whole number of 64 bits that is written as text; None for all else."""
    found = _WHOLE.fullmatch(text)
    number = int(found[1]) if found else 2**64
    return (number + 2**63) % 2**64 - 2**63 if -(2**63) <= number < 2**64 else None


def own_hash(text: str) -> int | None:
    """A row hash that is written as text; None where it is none, or stands for none."""
    number = whole_number(text)
    return None if number in (None, *FILLERS) else number


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


def any_of(others: pa.Array, hits: pa.Array) -> pa.Array:
    """Which lists hold a value that is hit; `hits` are of all values."""
    places = pc.list_parent_indices(others).filter(hits).unique()
    return pc.is_in(pa.array(range(len(others)), places.type), value_set=places)


# -- The records of a copy that are rows of a parquet file ----------------------------------------


def _no_fillers(hashes: pa.Array) -> pa.Array:
    return pc.if_else(pc.is_in(hashes, value_set=pa.array(FILLERS, pa.int64())), None, hashes)


def row_ids(rows: Rows, *, computed: bool) -> pa.Array:
    """Row hashes, and where they lack those that are `computed` of link and caption."""
    if "row_hash" in rows.columns:
        hashes = tuple(map(_no_fillers, rows.columns["row_hash"]))
        rows = replace(rows, columns={**rows.columns, "row_hash": hashes})
    return _no_fillers(rows.hashes()) if computed else rows.first("row_hash", pa.int64())


def hashes_by_doubt(rows: Rows) -> tuple[HashLengths, HashLengths, HashLengths]:
    """Row hashes of rows of a set: sure ones, those without proof, and those that are contradicted.

    As `copy_known.Further` has it: a link with its caption gives a sure one, whatever stands beside
    it. Each may hold NULLs.
    """
    own, has_captions = row_ids(rows, computed=False), "text" in rows.columns
    links = rows.first("url", pa.binary())
    alone, with_caption = (
        lengths_of(links, pa.repeat(pa.scalar(is_given), rows.n)) for is_given in (False, True)
    )
    stored = HashLengths(own, alone)
    none = HashLengths(own.slice(0, 0), alone.slice(0, 0))
    if not has_captions or "url" not in rows.columns:
        is_proved = "url" not in rows.columns
        return (stored, none, none) if is_proved else (none, stored, none)
    if own.null_count == rows.n:
        return HashLengths(row_ids(rows, computed=True), with_caption), none, none
    bare = Rows(rows.n, {role: some for role, some in rows.columns.items() if role != "row_hash"})
    given = _no_fillers(bare.hashes())
    has_link, has_caption = (_is_filled(rows.first(role, pa.binary())) for role in ("url", "text"))
    is_own = pc.is_valid(own)
    is_same = pc.or_(pc.fill_null(pc.equal(own, given), False), pc.invert(has_link))
    both = pc.and_(has_link, has_caption)
    computed = HashLengths(given, with_caption).filter(pc.or_(both, pc.invert(is_own)))
    sure = [stored.filter(is_same), computed]
    unproved, wrong = (
        stored.filter(pc.and_not(mask, is_same)) for mask in (pc.invert(has_caption), has_caption)
    )
    return HashLengths(*map(pa.concat_arrays, zip(*sure, strict=True))), unproved, wrong


def _is_filled(texts: pa.Array) -> pa.Array:
    return pc.fill_null(pc.greater(pc.binary_length(texts), 0), False)


def rows_of_copy(path: Path, line: CopyLine, *, is_one: bool) -> Iterator[Records]:
    """The rows of a parquet file; with `is_one` it has captions in one column."""
    schema = schema_of(path)
    roles: dict[str, tuple[At, ...]] = {}
    for role, name in line.columns.items():
        at = schema.get_all_field_indices(name)
        if not at or role not in ("url", "text", "row_hash"):
            raise InputError(f"{shown(path)}: lacks a column by which its rows are known")
        roles[role] = (At(at[0], plain_type(schema.field(at[0]).type)),)
    if "text" in roles and not is_one:
        kinds = [plain_type(kind) for kind in schema.types]
        able = other_captions(
            schema.names, [schema.field(x.position).name for (x,) in roles.values()]
        )
        more = [At(i, kinds[i]) for i in able if kinds[i] in ("string", "binary")]
        roles["text"] += tuple(more)
    keys = _keys(path, schema)
    if not roles:  # by its key a row may still be that of a sample
        n = sum(batch.num_rows for batch in batches(path, []))
        here = None if keys is None else list(keys)
        yield Records(pa.nulls(n, pa.int64()), pa.nulls(n, pa.binary()), here)
        return
    computed = {"url", "text"} <= set(roles)
    for rows in role_rows(path, roles, ("url", "text", "row_hash")):
        own = row_ids(rows, computed=False)
        here = None if keys is None else [next(keys) for _ in range(rows.n)]
        links = rows.first("url", pa.binary())
        has_link = pc.fill_null(pc.greater(pc.binary_length(links), 0), False)
        weak = pc.and_not(pc.is_null(own), has_link)
        others, doubt = columns_of(_further(rows, own, has_captions="text" in roles))
        hashes = row_ids(rows, computed=computed)
        yield Records(hashes, links, here, weak, others, doubt)


def _further(rows: Rows, own: pa.Array, *, has_captions: bool) -> list[Further]:
    captions = [column.to_pylist() for column in rows.all("text")]
    if not captions[1:] and own.null_count == rows.n:
        return [NOTHING] * rows.n
    links, hashes = rows.first("url", pa.binary()).to_pylist(), own.to_pylist()
    texts = zip(*captions, strict=True) if has_captions else [()] * rows.n
    each = zip(links, texts, hashes, strict=True)
    return [further(*told, has_captions=has_captions) for told in each]


def _keys(path: Path, schema: pa.Schema) -> Iterator[str | None] | None:
    """The keys of samples that img2dataset writes beside a tar."""
    if schema.names.count("key") != 1 or pa.types.is_nested(schema.field("key").type):
        return None
    return (
        key.decode("utf-8", "surrogateescape")
        if isinstance(key, bytes)
        else None
        if key is None
        else str(key)
        for batch in batches(path, ["key"])
        for key in batch.column(0).to_pylist()
    )
