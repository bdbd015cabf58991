"""The records of a copy's files, read plainly: pyarrow for parquet, csv and json for text.

Nothing here is shared with the code that `apply` reads copies by. Units are what a file is made of,
in its order: a line (a record of CSV may be several), or a member of a tar; each is a record, part
of one, or none, and then always stays. Tars are in `tars.py`.
"""

import csv
import gzip
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isnan
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from relaion.errors import InputError
from relaion.parquet.columns import note
from relaion.parquet.glossary import bare_name, says_caption
from relaion.paths import shown
from relaion.roles import ROLES
from relaion.verifier.copies.known import (
    MOST_CAPTIONS,
    NOTHING,
    Identified,
    Records,
    columns_of,
    further,
    murmur,
    other_captions,
    own_hash,
    rows_of_copy,
)
from relaion.verifier.copies.statement import PARQUET, SAMPLES, CopyLine
from relaion.verifier.copies.tars import samples

_IN_QUOTES = re.compile(rb'"((?:[^"]|"")*)"')  # of a TSV, whose quotes may be its caption's or not
_MANY = 8_192
_BLANK = b" \t\r\n\x0b\x0c\xef\xbb\xbf"
_BOM = b"\xef\xbb\xbf"
_NUMBERED = re.compile(r"0*([0-9]+)(?:\.0)?")
_LINK = re.compile(rb'\s*"?[A-Za-z][A-Za-z0-9+.\-]*://\S+\s*')
_SAMPLE = 200  # records that tell how a table is cut
_LONGEST = 128 << 20


class Unit(NamedTuple):
    """A line or member as it stands; `record` is None where it belongs to no record."""

    raw: bytes
    record: Identified | None = None


def read_records(path: Path, line: CopyLine, named: Iterable[tuple[str, str]]) -> Iterator[Records]:
    """All records of a file; `named` are the columns that were named for a role.

    Raises InputError in one line that quotes nothing.
    """
    if line.form == PARQUET:
        yield from rows_of_copy(path, line, is_one="text" in dict(named))
        return
    if line.form == SAMPLES:
        yield from in_pieces(samples(path, dict(named), has_captions="text" in line.columns))
        return
    units = (u.record for u in text_units(path, line, dict(named)) if u.record is not None)
    yield from in_pieces((record, None) for record in units)


def in_pieces(records: Iterable[tuple[Identified, str | None]]) -> Iterator[Records]:
    """Single records, many at a time."""
    held: list[tuple[Identified, str | None]] = []
    for record in records:
        held.append(record)
        if len(held) == _MANY:
            yield _piece(held)
            held = []
    if held:
        yield _piece(held)


def _piece(held: Sequence[tuple[Identified, str | None]]) -> Records:
    hashes = pa.array([record.row_hash for record, _ in held], pa.int64())
    links = pa.array([record.link for record, _ in held], pa.large_binary())
    keys = [key for _, key in held]
    weak = pa.array([record.is_weak for record, _ in held], pa.bool_())
    others, doubt = columns_of([record.further for record, _ in held])
    parts = [record.part for record, _ in held]
    has_keys = any(key is not None for key in keys)
    return Records(hashes, links, keys if has_keys else None, weak, others, doubt, parts)


def bare_key(key: str) -> str:
    """A sample's key as it is in its tar and its row alike: padded, or made a number there."""
    bare = _NUMBERED.fullmatch(key)
    return bare[1] if bare else key


# -- text ------------------------------------------------------------------------------------------


def lines_of_text(path: Path) -> Iterator[bytes]:
    """The lines of a file with their ends, unpacked; a byte order mark is a line of its own."""
    note(path)
    ending = path.suffix.lower()
    try:
        with path.open("rb") as raw:
            source: Any = raw
            if ending == ".gz":
                source = gzip.GzipFile(fileobj=raw)
            elif ending == ".zst":
                source = io.BufferedReader(pa.CompressedInputStream(raw, "zstd"), 1 << 20)
            first = source.readline(_LONGEST)
            if first.startswith(_BOM):
                yield _BOM
                first = first.removeprefix(_BOM)
            if first:
                yield first
            while line := source.readline(_LONGEST):
                yield line
    except (OSError, EOFError, pa.ArrowException, ValueError):
        raise InputError(f"{shown(path)}: its lines cannot be read") from None


def text_units(path: Path, line: CopyLine, named: dict[str, str]) -> Iterator[Unit]:
    """The lines of a TSV, CSV or JSON lines file."""
    kind = [e for e in path.name.lower().split(".")[-2:] if e not in ("gz", "zst")][-1]
    try:
        if kind in ("jsonl", "ndjson"):
            yield from _json_lines(path, line, named)
        else:
            yield from _table(path, line, is_tsv=kind == "tsv", is_one="text" in named)
    except (ValueError, IndexError, RecursionError, csv.Error):
        raise InputError(f"{shown(path)}: its records cannot be read") from None


def _identified(
    link: bytes, captions: Sequence[bytes], own: int | None, *, has_captions: bool
) -> Identified:
    """A record of text, where nothing and an empty text are one; no link is hashed alone."""
    caption = captions[0]
    is_weak = own is None and not link
    more = further(link, captions, own, has_captions=has_captions)
    if own is None and (link or caption) and has_captions:
        own = murmur(link, caption)
    return Identified(link or None, own, is_weak, more)


def _table(path: Path, line: CopyLine, *, is_tsv: bool, is_one: bool) -> Iterator[Unit]:
    delimiter, quoted = _cut(path, line, is_tsv=is_tsv)
    blank = _BLANK.replace(delimiter, b"")
    places: dict[str, int] | None = None
    more: list[int] = []
    for raw, cells in _split(lines_of_text(path), delimiter, quoted=quoted):
        if raw == _BOM or not raw.strip(blank):
            yield Unit(raw)
            continue
        if places is None:
            places, is_header = _places(cells, line)
            if is_header:
                if "text" in places and not is_one:
                    names = [cell.decode("utf-8", "replace") for cell in cells]
                    more = other_captions(names, (names[i] for i in places.values()))
                yield Unit(raw)
                continue
        link, caption, own = (
            cells[places[r]] if r in places else b"" for r in ("url", "text", "row_hash")
        )
        told = own_hash(own.decode("latin-1"))
        captions = [caption, *(cells[i] for i in more)]
        if not quoted:
            inside = filter(None, map(_IN_QUOTES.fullmatch, captions))
            captions += [found[1].replace(b'""', b'"') for found in inside]
        yield Unit(raw, _identified(link, captions, told, has_captions="text" in places))


def table_records(
    path: Path, line: CopyLine
) -> Iterator[tuple[Sequence[str], Mapping[str, int], list[bytes], bytes]]:
    """The records of a table: names of columns (none without a header), places of roles, cells.

    The last is the delimiter.
    """
    delimiter, quoted = _cut(path, line, is_tsv=".tsv" in path.suffixes[-2:])
    names: list[str] = []
    places: dict[str, int] | None = None
    for raw, cells in _split(lines_of_text(path), delimiter, quoted=quoted):
        if raw == _BOM or not raw.strip(_BLANK.replace(delimiter, b"")):
            continue
        if places is None:
            places, is_header = _places(cells, line)
            if is_header:
                names = [cell.decode("utf-8", "replace") for cell in cells]
                continue
        yield names, places, cells, delimiter


def first_cells(path: Path, line: CopyLine) -> list[str]:
    """The names of a table's columns; none where it has no line of names."""
    is_tsv = ".tsv" in path.suffixes[-2:]
    delimiter, quoted = _cut(path, line, is_tsv=is_tsv)
    for raw, cells in _split(lines_of_text(path), delimiter, quoted=quoted):
        if raw != _BOM and raw.strip(_BLANK.replace(delimiter, b"")):
            is_header = _places(cells, line)[1]
            return [cell.decode("utf-8", "replace") for cell in cells] if is_header else []
    return []


def _places(first: Sequence[bytes], line: CopyLine) -> tuple[dict[str, int], bool]:
    """Where the columns of roles stand, by the first record: names if all are there, else numbers.

    A record with a link is no line of names.
    """
    names = [cell.decode("utf-8", "replace") for cell in first]
    wanted = line.columns
    if not any(b"://" in cell for cell in first) and set(wanted.values()) <= set(names):
        return {role: names.index(name) for role, name in wanted.items()}, True
    return {role: int(number) - 1 for role, number in wanted.items()}, False


def _cut(path: Path, line: CopyLine, *, is_tsv: bool) -> tuple[bytes, bool]:
    """The delimiter of a table, and whether it has quotes."""
    lines: list[bytes] = []
    for raw in lines_of_text(path):
        if raw != _BOM:
            lines.append(raw)
        if len(lines) == _SAMPLE:
            break
    if is_tsv:
        cells = [cell for raw in lines for cell in raw.strip(b"\r\n").split(b"\t")]
        inside = sum(bool(_LINK.fullmatch(c)) and c[:1] == b'"' == c[-1:] for c in cells)
        return b"\t", inside > sum(bool(_LINK.fullmatch(c)) and c[:1] != b'"' for c in cells)
    return max((b",", b";", b"|", b"\t"), key=lambda d: _fitting(lines, d, line)), True


def _fitting(lines: Sequence[bytes], delimiter: bytes, line: CopyLine) -> tuple[bool, int]:
    """How well a delimiter cuts lines: are the columns there, and how many hold a link?"""
    found = 0
    places: dict[str, int] | None = None
    try:
        for _, cells in _split(lines, delimiter, quoted=True):
            if places is None:
                places, _ = _places(cells, line)
            found += bool(_LINK.fullmatch(cells[places["url"]])) if "url" in places else 0
    except (csv.Error, IndexError):  # of a record that goes on behind these lines, too
        pass
    except ValueError:
        return False, 0
    return places is not None, found


def _split(
    lines: Iterable[bytes], delimiter: bytes, *, quoted: bool
) -> Iterator[tuple[bytes, list[bytes]]]:
    """Records as they stand, and their cells."""
    if not quoted:
        for raw in lines:
            yield raw, raw.removesuffix(b"\n").removesuffix(b"\r").split(delimiter)
        return
    held: list[bytes] = []

    def texts() -> Iterator[str]:
        for raw in lines:
            held.append(raw)
            if raw != _BOM:
                yield raw.decode("latin-1")

    before = csv.field_size_limit(_LONGEST)  # of the whole process
    try:
        for row in csv.reader(texts(), delimiter=delimiter.decode(), strict=True):
            if held[0] == _BOM:
                yield held.pop(0), []
            yield b"".join(held), [cell.encode("latin-1") for cell in row]
            held.clear()
        if held:
            yield b"".join(held), []
    finally:
        csv.field_size_limit(before)


# -- JSON lines ------------------------------------------------------------------------------------


def json_lines_of(
    path: Path, line: CopyLine, named: Mapping[str, str]
) -> Iterator[tuple[str, dict[str, Any], Any, Any]]:
    """Each object of JSON lines: its text, its fields, and the values of link and caption."""
    for raw in lines_of_text(path):
        if raw.strip(_BLANK):
            text = raw.decode("utf-8", "surrogateescape")
            fields = json.loads(text, parse_int=_number)
            link, caption = (_value(fields, role, named) for role in ("url", "text"))
            yield text, fields, link, caption


def _json_lines(path: Path, line: CopyLine, named: Mapping[str, str]) -> Iterator[Unit]:
    with_hash, with_text = "row_hash" in line.columns, "text" in line.columns
    for raw in lines_of_text(path):
        if not raw.strip(_BLANK):
            yield Unit(raw)
            continue
        try:
            text, is_utf8 = raw.decode(), True
        except UnicodeDecodeError:
            text, is_utf8 = raw.decode("utf-8", "surrogateescape"), False
        fields = json.loads(text, parse_int=_number)
        link, caption = (_value(fields, role, named) for role in ("url", "text"))
        if caption is not None and not with_text:
            raise InputError(f"{shown(path)}: has captions, and its manifest names none")
        own = None
        if with_hash:
            told = _value(fields, "row_hash", named)
            own = own_hash(str(told))
        if own is None and any(v is not None and not isinstance(v, str) for v in (link, caption)):
            own_link = _bytes(link, is_utf8=is_utf8) if isinstance(link, str) else None
            told = _bytes(caption, is_utf8=is_utf8) if isinstance(caption, str) else b""
            others = _more(fields, named, told, is_utf8=is_utf8)
            more = further(own_link, [told, *others], None) if with_text else NOTHING
            yield Unit(raw, Identified(own_link, None, further=more))  # no text is not hashed
            continue
        link, caption = (
            _bytes(v, is_utf8=is_utf8) if isinstance(v, str) else b"" for v in (link, caption)
        )
        captions = [caption, *_more(fields, named, caption, is_utf8=is_utf8)]
        yield Unit(raw, _identified(link, captions, own, has_captions=with_text))


def _more(
    fields: dict[str, Any], named: Mapping[str, str], caption: bytes, *, is_utf8: bool
) -> list[bytes]:
    """The texts of an object whose name says caption, but for the one that is taken."""
    if "text" in named:
        return []
    first = [k for name in ROLES["text"].names for k in fields if bare_name(k).lower() == name]
    others = [k for k in fields if says_caption(k) and k not in first] if first else []
    texts = (fields[k] for k in (*first, *others))
    found = [_bytes(text, is_utf8=is_utf8) for text in texts if isinstance(text, str) and text]
    return [text for text in found if text != caption][: MOST_CAPTIONS - 1]


def _number(text: str) -> int:
    return int(text) if len(text) < 100 else 1 << 99  # Python reads 4,300 digits at most


def _value(fields: dict[str, Any], role: str, named: Mapping[str, str]) -> Any:
    """The first value of a role that is not nothing."""
    if role in named:
        wanted = named[role]
        exact = wanted in fields
        keys = [
            k for k in fields
            if (k == wanted if exact else bare_name(k).lower() == bare_name(wanted).lower())
        ]  # fmt: skip
    else:
        keys = [k for name in ROLES[role].names for k in fields if bare_name(k).lower() == name]
    found = (fields[key] for key in keys)
    return next((v for v in found if v not in (None, "") and not _is_nan(v)), None)


def _is_nan(value: Any) -> bool:
    return type(value) is float and isnan(value)


def _bytes(text: str, *, is_utf8: bool) -> bytes:
    """The bytes that stood in the file, or that an escape of half a character stands for."""
    for how in ("strict", "surrogatepass" if is_utf8 else "surrogateescape"):
        try:
            return text.encode("utf-8", how)
        except UnicodeEncodeError:
            continue
    return text.encode("utf-8", "surrogatepass")
