"""Rows of a parquet file, batch by batch, and the columns that have a role in plain types."""

import base64
import binascii
import os
import re
import string
from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Context, Decimal
from pathlib import Path
from typing import NamedTuple

import mmh3
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from relaion.errors import InputError
from relaion.links.text import LONGEST, is_giant
from relaion.parquet.columns import refuse_encrypted
from relaion.parquet.roles import Layout
from relaion.verifier.reading import batches

DIGEST_BYTES = {"image_md5": 16, "image_sha1": 20, "image_sha256": 32}
KEYS = frozenset({"url", "text", "punsafe", "row_hash", "image_md5", "image_sha1", "image_sha256"})
PIECE_ROWS = 1_000_000
_EXACT = Context(prec=100)  # a decimal of 256 bits has 77 digits
_ANY_TEXT = pc.CastOptions(target_type=pa.string(), allow_invalid_utf8=True)


class At(NamedTuple):
    """Where a column with a role stands in its shard, and its type (`plain_type`)."""

    position: int
    type: str


Roles = Mapping[str, tuple[At, ...]]
"""Role to the columns that play it, the first one first."""


def roles_of(layout: Layout) -> dict[str, tuple[At, ...]]:
    """The roles of a layout as plain values, to travel in a task."""
    return {
        role: tuple(At(c.position, c.type) for c in layout.playing(role)) for role in layout.roles
    }


@dataclass(frozen=True)
class Rows:
    """Some rows by role: url and text as bytes, punsafe as float64, digests as their bytes.

    row_hash is int64. A role that the shard lacks is not in `columns`; where several columns
    play one, the first one stands there, and the others in `more`. `unread`: how many values
    of a column (role, and its place among those of the role) are no digest, or giant links.
    """

    n: int
    columns: Mapping[str, pa.Array]
    more: Mapping[str, tuple[pa.Array, ...]] = field(default_factory=dict)
    unread: Mapping[tuple[str, int], int] = field(default_factory=dict)

    def all(self, role: str) -> tuple[pa.Array, ...]:
        """Every column of a role."""
        return (self.columns[role], *self.more.get(role, ())) if role in self.columns else ()

    def take(self, rows: Sequence[int]) -> "Rows":
        """Some of them; what is unread is not said."""
        at = pa.array(rows, pa.int64())
        more = {role: tuple(c.take(at) for c in some) for role, some in self.more.items()}
        return Rows(len(rows), {role: c.take(at) for role, c in self.columns.items()}, more)

    def plain(self) -> Iterator[dict[str, object]]:
        """Each row as the model takes it: role to value, digests in hex, NULLs left out."""
        columns = {role: _values(role, c) for role, c in self.columns.items()}
        more = {role: [_values(role, c) for c in some] for role, some in self.more.items()}
        for i in range(self.n):
            row: dict[str, object] = {role: column[i] for role, column in columns.items()}
            if more:
                row["more"] = {role: [c[i] for c in some] for role, some in more.items()}
            yield row

    @property
    def computable(self) -> pa.Array:
        """A mask of the rows without a row hash of their own that have a link or a caption."""
        none = pa.nulls(self.n)
        own, url, text = (self.columns.get(role, none) for role in ("row_hash", "url", "text"))
        return pc.and_(pc.is_null(own), pc.or_(pc.is_valid(url), pc.is_valid(text)))

    def hashes(self) -> pa.Array:
        """Row hashes, computed where a row has none of its own: murmur of link and caption."""
        own = self.columns.get("row_hash", pa.nulls(self.n, pa.int64()))
        wanted = self.computable
        if not wanted.true_count:
            return own
        none = pa.nulls(self.n, pa.binary())
        links, captions = (
            self.columns.get(role, none).filter(wanted).to_pylist() for role in ("url", "text")
        )
        found = array("q", [
            mmh3.hash64((link or b"") + (caption or b""))[0]
            for link, caption in zip(links, captions, strict=True)
        ])  # fmt: skip
        return pc.replace_with_mask(own, wanted, int64(found))


def _values(role: str, column: pa.Array) -> list[object]:
    found = column.to_pylist()
    return [None if v is None else v.hex() for v in found] if role in DIGEST_BYTES else found


def int64(numbers: "array[int]") -> pa.Array:
    """Numbers as Arrow holds them, without a Python object for each."""
    return pa.Array.from_buffers(pa.int64(), len(numbers), [None, pa.py_buffer(numbers)])


@dataclass(frozen=True)
class Source:
    """A file to look at, and where its roles stand; all its row groups, or some of them.

    `first` is the number of its first row. `is_checked`: a check of its own finds that it is
    damaged. Nothing else does so for a sidecar: one that cannot be read raises InputError, for
    rows that it names would be missed.
    """

    path: Path
    roles: "Roles"
    groups: tuple[int, ...] | None = None
    is_checked: bool = True
    first: int = 0

    def rows(self, wanted: Collection[str]) -> Iterator[Rows]:
        """Its rows up to where it is damaged."""
        try:
            yield from role_rows(self.path, self.roles, wanted, self.groups)
        except InputError:
            if not self.is_checked:
                raise

    def pieces(self) -> Iterator["Source"]:
        """Itself in pieces of whole row groups, each of some PIECE_ROWS rows."""
        try:
            with open_shard(self.path) as file:
                sizes = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
        except InputError:
            if not self.is_checked:
                raise
            return
        groups: list[int] = []
        first = held = 0
        for group, size in enumerate(sizes):
            if groups and held + size > PIECE_ROWS:
                yield replace(self, groups=tuple(groups), first=first)
                groups, first, held = [], first + held, 0
            groups.append(group)
            held += size
        if groups:
            yield replace(self, groups=tuple(groups), first=first)


def open_shard(path: Path) -> pq.ParquetFile:
    """Open a parquet file; raises InputError in one line that quotes nothing of it."""
    try:
        # pyarrow takes a path as UTF-8 text only; bytes name any file. Small buffers, or a
        # column of a row group lies in memory as a whole, in three files at once.
        source = pa.OSFile(os.fsencode(path))
        file = pq.ParquetFile(source, buffer_size=1 << 18, pre_buffer=False)
        refuse_encrypted(path, file)
    except (pa.ArrowException, OSError, ValueError):
        raise InputError(f"{path}: cannot be read as parquet") from None
    return file


def role_rows(
    path: Path, roles: Roles, wanted: Collection[str], groups: Sequence[int] | None = None
) -> Iterator[Rows]:
    """The rows of a shard with the wanted roles only; other columns are not decoded."""
    chosen = {role: at for role, at in roles.items() if role in wanted and role in KEYS}
    with open_shard(path) as file:
        schema = file.schema_arrow
    try:
        names = sorted({schema.field(a.position).name for at in chosen.values() for a in at})
        if names:
            for batch in batches(path, names, groups):
                yield rows_of(batch, schema, chosen)
    except (pa.ArrowException, IndexError, KeyError):  # the file was replaced since
        raise InputError(f"{path}: holds other columns than it did") from None


def rows_of(batch: pa.RecordBatch, schema: pa.Schema, roles: Roles) -> Rows:
    """The columns with a role out of a batch that has all, or some, of the schema's columns."""
    columns: dict[str, pa.Array] = {}
    more: dict[str, tuple[pa.Array, ...]] = {}
    unread: dict[tuple[str, int], int] = {}
    for name, played in roles.items():
        if name not in KEYS:
            continue
        raw = [_column(batch, schema, at.position) for at in played]
        found = [_played(name, c, at.type) for c, at in zip(raw, played, strict=True)]
        columns[name] = found[0]
        if found[1:]:
            more[name] = tuple(found[1:])
        if name == "url":
            for place, column in enumerate(found):
                unread[name, place] = giants(column).true_count
        if name in DIGEST_BYTES:
            for place, (column, at, digests) in enumerate(zip(raw, played, found, strict=True)):
                unread[name, place] = 0
                if digests.null_count != column.null_count:
                    held = _present(column, is_text=at.type == "string")
                    unread[name, place] = held - (len(digests) - digests.null_count)
    return Rows(batch.num_rows, columns, more, unread)


def giants(urls: pa.Array) -> pa.Array:
    """A mask of the links that are compared by their bytes only."""
    mask = pc.fill_null(pc.greater(pc.binary_length(urls), LONGEST), False)
    if not mask.true_count:
        return mask
    found = [is_giant(url) for url in urls.filter(mask).to_pylist()]
    return pc.replace_with_mask(mask, mask, pa.array(found, pa.bool_()))


def _played(role: str, column: pa.Array, kind: str) -> pa.Array:
    if role in ("url", "text"):
        return as_bytes(column)
    if role == "punsafe":
        plain = _decoded(column)
        if kind.startswith("decimal"):
            return _doubles(plain, kind)
        return pc.cast(plain, pa.float64())
    if role == "row_hash":
        return _row_hashes(_decoded(column), kind)
    return as_digests(column, DIGEST_BYTES[role], is_text=kind == "string")


def _row_hashes(column: pa.Array, kind: str) -> pa.Array:
    """Whole numbers of 64 bits, however the column stores them; others are null."""
    if pa.types.is_int64(column.type):
        return column
    found: list[int | None] = []
    values = (as_bytes(column) if kind == "string" else column).to_pylist()
    for value in values:
        if isinstance(value, bytes) and kind == "string":
            text = value.decode("latin-1").strip(" \t\n\v\f\r")
        elif isinstance(value, bytes):  # a decimal, as it is stored
            text = str(int.from_bytes(value, "big", signed=True))
        else:
            text = str(value)
        digits = text[1:] if text[:1] in ("+", "-") else text
        number = int(text) if digits.isascii() and digits.isdigit() and len(digits) <= 20 else None
        is_whole = number is not None and -(2**63) <= number < 2**64
        found.append((number + 2**63) % 2**64 - 2**63 if number is not None and is_whole else None)
    return pa.array(found, pa.int64())


def _doubles(column: pa.Array, kind: str) -> pa.Array:
    """Decimals as the nearest doubles, from whole numbers or from their bytes, highest first."""
    scale = int(kind.rstrip(")").rpartition(",")[2])
    whole = [
        int.from_bytes(v, "big", signed=True) if isinstance(v, bytes) else v
        for v in column.to_pylist()
    ]
    found = [None if v is None else float(Decimal(v).scaleb(-scale, _EXACT)) for v in whole]
    return pa.array(found, pa.float64())


def _present(column: pa.Array, *, is_text: bool) -> int:
    """How many values of a digest column there are, whatever they are; blanks are none."""
    plain = _decoded(column)
    raw = as_bytes(plain)
    if is_text:
        raw = pc.utf8_trim(pc.cast(plain, options=_ANY_TEXT), " ")
    return int(pc.sum(pc.greater(pc.binary_length(raw), 0)).as_py() or 0)


def _column(batch: pa.RecordBatch, schema: pa.Schema, position: int) -> pa.Array:
    """The column at a position of the schema; columns may share a name."""
    name = schema.field(position).name
    before = sum(schema.field(i).name == name for i in range(position))
    return batch.column(batch.schema.get_all_field_indices(name)[before])


def _decoded(column: pa.Array) -> pa.Array:
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def as_bytes(column: pa.Array) -> pa.Array:
    """A text column as its exact bytes, whether or not they are UTF-8."""
    return pc.cast(_decoded(column), pa.binary())


def as_digests(column: pa.Array, width: int, *, is_text: bool) -> pa.Array:
    """Digests of `width` bytes, each value by itself; null where it is none.

    `is_text`: the column is one of text, where raw bytes are told only where they are no UTF-8.
    """
    plain = _decoded(column)
    if plain.type == pa.binary(width):
        return plain
    texts = as_bytes(plain)
    present = texts.drop_null()
    found = _unhexed(present, width)
    if found is None:
        values = [_digest(v, width, is_text=is_text) for v in present.to_pylist()]
        found = pa.array(values, pa.binary(width))
    if len(found) == len(texts):
        return found
    return pc.replace_with_mask(pa.nulls(len(texts), pa.binary(width)), texts.is_valid(), found)


def _unhexed(texts: pa.Array, width: int) -> pa.Array | None:
    """Hex digits of any case as bytes; None where one of the texts is anything else."""
    if not pc.all(pc.equal(pc.binary_length(texts), 2 * width), min_count=0).as_py():
        return None
    _, offsets, data = texts.buffers()
    if data is None or not len(texts):
        return pa.array([], pa.binary(width))
    start, end = (memoryview(offsets).cast("i")[texts.offset + i] for i in (0, len(texts)))
    try:
        raw = binascii.unhexlify(memoryview(data)[start:end])
    except binascii.Error:
        return None
    return pa.Array.from_buffers(pa.binary(width), len(texts), [None, pa.py_buffer(raw)])


_SIGNS = frozenset(string.ascii_letters + string.digits + "+/_-")
_HEAD = re.compile(
    r"(?:urn:)?(?:md5|sha-?1|sha-?256|sha)(?:sum)?[^0-9a-z+/_\\-]+", re.IGNORECASE | re.ASCII
)


_NOT_SIGNS = r"[^0-9A-Za-z+/_\\-]"
_WORD = re.compile(
    rf"{_NOT_SIGNS}*(?:urn|image|hash|digest|checksum|md5|sha-?1|sha-?256|sha)(?:sum)?"
    rf"(?:{_NOT_SIGNS}*[-_]{_NOT_SIGNS}*|{_NOT_SIGNS}+)",
    re.IGNORECASE | re.ASCII,
)
_QUOTE = re.compile(rf"{_NOT_SIGNS}*(?:br?|rb|[uxe])['\"]", re.IGNORECASE | re.ASCII)
_HEX = re.compile(b"[0-9A-Fa-f]+")
_HEX_DIGITS = frozenset(string.hexdigits)
_ESCAPED = {"n": b"\n", "r": b"\r", "t": b"\t", "'": b"'", '"': b'"', "\\": b"\\"}


def _digest(raw: bytes, width: int, *, is_text: bool) -> bytes | None:
    if len(raw) == 2 * width and _HEX.fullmatch(raw):
        return bytes.fromhex(raw.decode())
    found = _told(raw, width, is_text=is_text)
    return None if found is None else bytes.fromhex(found)


def _told(raw: bytes, width: int, *, is_text: bool) -> str | None:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.hex() if len(raw) == width else _read(raw.decode("latin-1"), width)
    if len(raw) == width and not is_text:
        return raw.hex()
    return _read(text, width)


def _read(text: str, width: int) -> str | None:
    """A digest as people write it, whatever stands around it."""
    start = next((i for i, c in enumerate(text) if c in _SIGNS or c == "\\"), len(text))
    bare = text[start:]
    if head := _HEAD.match(bare):
        bare = bare[head.end() :]
    bare = _without_tail(bare)
    if bare.isascii():
        digits = bare[2:] if bare[:2] in ("0x", "0X", "\\x", "\\X") else bare
        if found := _joined(re.split("[-: ]", digits), width):
            return found
        if found := _based(bare, width):
            return found
    return _looked_closer(text, width) if len(text.encode()) >= -(-8 * width // 6) else None


def _without_tail(text: str) -> str:
    end = next((i for i in range(len(text), 0, -1) if text[i - 1] in _SIGNS | {"="}), 0)
    return text[:end]


def _joined(parts: Sequence[str], width: int) -> str | None:
    """Parts that are whole bytes in hex, none of them empty, as one digest of that width."""
    if any(len(p) % 2 or not p or set(p) - _HEX_DIGITS for p in parts):
        return None
    return found.lower() if len(found := "".join(parts)) == 2 * width else None


def _looked_closer(text: str, width: int) -> str | None:
    """A digest behind dashes, in quotes of a language, in groups, over lines, as a file's name."""
    rest = text
    for _ in range(3):
        if not (word := _WORD.match(rest)):
            break
        rest = rest[word.end() :]
    if quoted := _QUOTE.match(rest):
        rest = rest[quoted.end() :]
    start = next((i for i, c in enumerate(rest) if c in _SIGNS or c == "\\"), len(rest))
    rest = _without_tail(rest[start:])
    digits = re.sub(r"\A[^0-9A-Za-z]*(?:0?[xX])?", "", rest)
    groups = re.split("(?:[-: \t-\r]|[^\\x00-\\x7f])+", digits)
    parted = re.split("[^0-9A-Za-z]+(?:0?[xX])?|0[xX]", digits)
    one_by_one = all(len(p) == 2 for p in parted)
    found = _joined(groups if groups[-1] else groups[:-1], width) or (
        _joined(parted, width) if one_by_one else None
    )
    if found:
        return found
    one_line = re.sub(" *[\t-\r][ \t-\r]*", "", rest)
    if len(one_line.rstrip("=")) == -(-8 * width // 6) and (found := _based(one_line, width)):
        return found
    folders, _, name = (
        re.sub(r"\A[A-Za-z]:(?=.*[/\\])", "", rest, flags=re.DOTALL)
        .replace("\\", "/")
        .rpartition("/")
    )
    stem, *ends = name.split(".")
    if (
        not set(folders) & set(":?#")
        and len(ends) <= 2
        and all(2 <= len(e) <= 5 and e.isascii() and e.isalnum() for e in ends)
        and len(re.findall(f"[0-9A-Fa-f]{{{2 * width}}}", text)) == 1
        and (found := _joined([stem], width))
    ):
        return found
    return _shown_by_python(text, width)


def _shown_by_python(text: str, width: int) -> str | None:
    start = next((i for i, c in enumerate(text) if c in _SIGNS or c == "\\"), len(text))
    shown = re.fullmatch(r"[bB]['\"](.*)['\"][^0-9A-Za-z+/=_-]*", text[start:], re.DOTALL)
    if shown is None or "\\x" not in text:
        return None
    raw, rest = bytearray(), shown[1]
    while rest:
        if escape := re.match(r"\\(?:x([0-9A-Fa-f]{2})|([nrt'\"\\]))", rest):
            raw += bytes.fromhex(escape[1]) if escape[1] else _ESCAPED[escape[2]]
            rest = rest[escape.end() :]
        elif rest[0] != "\\" and " " <= rest[0] <= "~":
            raw += rest[0].encode()
            rest = rest[1:]
        else:
            return None
    return raw.hex() if len(raw) == width else None


def _based(text: str, width: int) -> str | None:
    bare = text.rstrip("=")
    for bits, block, decode in ((6, 4, base64.urlsafe_b64decode), (5, 8, base64.b32decode)):
        if len(bare) != -(-8 * width // bits):
            continue
        padded = bare + "=" * (-len(bare) % block)
        if text not in (bare, padded):
            return None
        if bits == 6:
            plain = padded.replace("+", "-").replace("/", "_")
            if set(bare) <= _SIGNS:
                return decode(plain).hex()
        elif bare.isalnum() and not set(bare) & set("0189"):
            return decode(padded.upper()).hex()
    return None
