"""A digest column read value by value, by other code than `parquet/digests.py` and the SQL."""

import base64
import binascii
import re
import string
from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc


def as_digests(column: pa.Array, width: int, *, is_text: bool) -> pa.Array:
    """Digests of `width` bytes, each value by itself; null where it is none.

    `is_text`: the column is one of text, where raw bytes are told only where they are no UTF-8.
    """
    if column.type == pa.binary(width):
        return column
    texts = pc.cast(column, pa.binary())
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
    rf"(?:[-_]|{_NOT_SIGNS}+(?:[-_]{_NOT_SIGNS}+)?)",  # base64 of links may begin with a dash
    re.IGNORECASE | re.ASCII,
)
_QUOTE = re.compile(rf"{_NOT_SIGNS}*(?:br?|rb|[uxe])['\"]", re.IGNORECASE | re.ASCII)
_HEX = re.compile(b"[0-9A-Fa-f]+")
_HEX_DIGITS = frozenset(string.hexdigits)
_ESCAPED = {"n": b"\n", "r": b"\r", "t": b"\t", "'": b"'", '"': b'"', "\\": b"\\"}


def _digest(raw: bytes, width: int, *, is_text: bool) -> bytes | None:
    if len(raw) == 2 * width and _HEX.fullmatch(raw):
        return bytes.fromhex(raw.decode())
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw if len(raw) == width else _read(raw.decode("latin-1"), width)
    return raw if len(raw) == width and not is_text else _read(text, width)


def _read(text: str, width: int) -> bytes | None:
    """A digest as people write it, whatever stands around it."""
    bare = _from_sign(text)
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


def _from_sign(text: str) -> str:
    return text[next((i for i, c in enumerate(text) if c in _SIGNS or c == "\\"), len(text)) :]


def _without_tail(text: str) -> str:
    end = next((i for i in range(len(text), 0, -1) if text[i - 1] in _SIGNS | {"="}), 0)
    return text[:end]


def _joined(parts: Sequence[str], width: int) -> bytes | None:
    """Parts that are whole bytes in hex, none of them empty, as one digest of that width."""
    if any(len(p) % 2 or not p or set(p) - _HEX_DIGITS for p in parts):
        return None
    return bytes.fromhex(found) if len(found := "".join(parts)) == 2 * width else None


def _looked_closer(text: str, width: int) -> bytes | None:
    """A digest behind dashes, in quotes of a language, in groups, over lines, as a file's name."""
    rest = text
    for _ in range(3):
        if not (word := _WORD.match(rest)):
            break
        rest = rest[word.end() :]
    if quoted := _QUOTE.match(rest):
        rest = rest[quoted.end() :]
    rest = _without_tail(_from_sign(rest))
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


def _shown_by_python(text: str, width: int) -> bytes | None:
    shown = re.fullmatch(r"[bB]['\"](.*)['\"][^0-9A-Za-z+/=_-]*", _from_sign(text), re.DOTALL)
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
    return bytes(raw) if len(raw) == width else None


def _based(text: str, width: int) -> bytes | None:
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
                return decode(plain)
        elif bare.isalnum() and not set(bare) & set("0189"):
            return decode(padded.upper())
    return None


# -- Digests in 64 bits each, in the memory of Arrow: millions without a Python object ------------


_SIXTEEN = "^[0-9a-f]{16}"


def prefixes(digests: pa.Array) -> pa.Array:
    """The first 64 bits of lower-case hex digests as int64.

    Nulls, and texts that do not begin with 16 hex digits, are left out: they equal no digest.
    """
    present = pc.drop_null(digests)
    found = _unhex(present)
    if found is None:
        found = _unhex(present.filter(pc.match_substring_regex(present, _SIXTEEN)))
    return found if found is not None else pa.array([], pa.int64())


def _unhex(digests: pa.Array) -> pa.Array | None:
    heads = pc.binary_slice(pc.cast(digests, pa.binary()), 0, 16)
    if not len(heads):
        return pa.array([], pa.int64())
    text = heads.buffers()[2]
    try:
        raw = binascii.unhexlify(text.slice(0, text.size)) if text is not None else b""
    except binascii.Error:
        return None
    if len(raw) != 8 * len(heads):  # one was shorter, so the pieces do not line up
        return None
    return pa.Array.from_buffers(pa.int64(), len(heads), [None, pa.py_buffer(raw)])


def first_bytes(digests: pa.Array) -> pa.Array:
    """The first 64 bits of digests in bytes."""
    heads = pc.binary_slice(pc.cast(digests, pa.binary()), 0, 8) if len(digests) else digests
    data = heads.buffers()[2] if len(digests) else pa.py_buffer(b"")
    return pa.Array.from_buffers(pa.int64(), len(heads), [None, data])


def prefix_of(digests: Iterable[str]) -> pa.Array:
    """`prefixes` of a few digests."""
    return prefixes(pa.array(list(digests), pa.string()))


def common(left: pa.Array, right: pa.Array) -> pa.Array:
    """The distinct values that stand in both arrays; the smaller one is the one hashed."""
    small, large = sorted((left, right), key=len)
    if not len(small):
        return pa.array([], pa.int64())
    return pc.unique(large.filter(pc.is_in(large, value_set=small)))


_MOST_BITS = 27  # of memory: 16 MB
_AT_ONCE = 1 << 25  # places that are filled at once, each of which takes four bytes meanwhile
_SPARE = 8  # places for each number


class Sieve:
    """Tells quickly which numbers may be among some others: all that are, and one in eight more.

    A number has its place by its highest bits. Where many share these, more pass than need be.
    """

    def __init__(self, numbers: pa.Array) -> None:
        """Mark the places of the numbers, which are int64 without NULLs."""
        self._bits = min(_MOST_BITS, max(8, (_SPARE * len(numbers)).bit_length()))
        places = self._places(numbers)
        marks = []
        for start in range(0, 1 << self._bits, _AT_ONCE):
            size = min(_AT_ONCE, 1 << self._bits)
            some = places
            if size < 1 << self._bits:
                start_of, end = (pa.array([n], pa.int32())[0] for n in (start, start + size - 1))
                is_here = pc.and_(pc.greater_equal(places, start_of), pc.less_equal(places, end))
                some = pc.subtract(places.filter(is_here), start_of)
            last = pc.inverse_permutation(some, max_index=size - 1, output_type=pa.int32())
            marks.append(pc.is_valid(last))
        self._marks = pa.concat_arrays(marks)

    def _places(self, numbers: pa.Array) -> pa.Array:
        shift = pa.array([64 - self._bits], pa.uint64())[0]  # pa.scalar loads pandas
        return pc.cast(pc.shift_right(numbers.view(pa.uint64()), shift), pa.int32())

    def passing(self, numbers: pa.Array) -> pa.Array:
        """A mask of those that may be among the others."""
        return self._marks.take(self._places(numbers))
