r"""TSV sidecars, such as CC12M's list of link, SHA-256 and MD5, as private parquet files.

Read once, as bytes, a few megabytes at a time. A line is a row, its fields are between
tabs. A field in quotes is what is between them, with `""` for a quote (no link, digest or
number begins with one); other quotes stand for themselves, since captions hold stray ones.
Tabs and line breaks within quotes are a field's where its row is whole only so. Empty fields
and `\N` are NULL.
"""

import gzip
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc

from relaion.errors import InputError
from relaion.paths import private_umask, shown, whole_file
from relaion.shards.exact import as_text, marked, readable
from relaion.shards.overrides import Overrides
from relaion.shards.private import PrivateFile
from relaion.shards.roles import Column, Layout
from relaion.shards.tsv_plan import MISSING, Plan, Row, is_whole, make_plan, told, unquoted

_BLOCK = 4 << 20
_SAMPLE = 1 << 20
_QUOTED_LINES = 20  # lines that one quoted field may run over
_LONGEST = 64 << 20  # bytes of a line
_GZIP = b"\x1f\x8b"
_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")


@dataclass
class Converted:
    """A TSV that was made a parquet file: what it holds, and what did not go as it should.

    `odd` rows had another number of fields, `lost` of them could not be told and were left
    out; `no_hashes` are values of the row hash column that are none, now NULL.
    """

    layout: Layout
    rows: int = 0
    odd: int = 0
    lost: int = 0
    no_hashes: int = 0


def read_plan(path: Path, columns: Overrides) -> Plan:
    """Find out what a TSV (gzip or plain) holds, from its first megabyte.

    Raises InputError, in one line that names the file, for what is no TSV.
    """
    with _reading(path), _opened(path) as source:
        start = source.read(_SAMPLE)
        if wrong := _no_text(start):
            raise InputError(f"{shown(path)}: {wrong}")
        lines = start.split(b"\n")
        cut_off = len(start) == _SAMPLE and len(lines) > 1
        rows = list(_rows(lines[:-1] if cut_off else lines))
    if not rows or len(rows[0]) < 2:
        raise InputError(
            f"{shown(path)}: has no tab in its first line; "
            "a sidecar is a parquet file or a table whose columns are parted by tabs"
        )
    try:
        return make_plan(rows, columns)
    except InputError as e:
        raise InputError(f"{shown(path)}: {e}") from None


def _no_text(start: bytes) -> str:
    if start.startswith(_UTF16_BOMS):
        return "is UTF-16 text; save it as UTF-8"
    if b"\0" in start:
        return "is neither a parquet file nor a TSV; give one of these"
    if b"\r" in start and b"\n" not in start:
        return "ends its lines in an old way (CR alone); save it with LF"
    return ""


def convert(path: Path, plan: Plan, target: Path) -> Converted:
    """Write what a plan takes of a TSV to a private parquet file (0600), row by row in order.

    The layout that comes back has positions in `target`. Links that are no UTF-8 are marked
    (`exact.marked`), such bytes in digests are U+FFFD. Raises InputError for a file that ends
    early or has a line longer than 64 MB, OutputError where `target` cannot be written.
    """
    moved = tuple(replace(column, position=at) for at, column in enumerate(plan.taken))
    done = Converted(replace(plan.layout, columns=moved))
    kinds = [pa.int64() if c.role == "row_hash" else pa.large_string() for c in plan.taken]
    schema = pa.schema(
        [(f"{c.role}_{c.order}", kind) for c, kind in zip(moved, kinds, strict=True)]
    )
    with (
        private_umask(),
        whole_file(target, 0o600) as part,
        PrivateFile(part, schema) as out,
    ):
        header = 1 if plan.has_header else 0
        for lines in _blocks(path):
            found = list(_rows(lines))
            rows = _whole_rows(found[header:], plan, done)
            header = 0 if found else header
            out.add([_column(rows, column, done) for column in plan.taken])
            done.rows += len(rows)
    return done


def _rows(lines: Sequence[bytes]) -> Iterator[Row]:
    """Lines as fields; empty lines are none."""
    for line in (line.removesuffix(b"\r") for line in lines):
        if line:
            fields = line.split(b"\t")
            yield [unquoted(f) for f in fields] if b'"' in line else fields


def _over_lines(rows: list[Row], width: int) -> list[Row]:
    """Rows whose last field opens a quote that a line soon after closes, made one each."""
    whole: list[Row] = []
    at = 0
    while at < len(rows):
        row, after = rows[at], at + 1
        if len(row) < width and row[-1].startswith(b'"'):
            found = row
            for end in range(after, min(after + _QUOTED_LINES, len(rows))):
                first, *others = rows[end]
                found = [*found[:-1], unquoted(found[-1] + b"\n" + first), *others]
                if len(found) >= width or not found[len(row) - 1].startswith(b'"'):
                    break
            if len(found) == width and not found[len(row) - 1].startswith(b'"'):
                row, after = found, end + 1
        whole.append(row)
        at = after
    return whole


def _whole_rows(rows: list[Row], plan: Plan, done: Converted) -> list[Row]:
    """The rows, each with the right number of fields; what cannot be told is counted."""
    if all(len(row) == plan.width for row in rows):
        return rows
    right: list[Row] = []
    for row in _over_lines(rows, plan.width):
        found = row
        if len(row) != plan.width:
            done.odd += 1
            again = told(plan, row)
            if again is None:
                done.lost += 1
                continue
            found = again
        right.append(found)
    return right


def _column(rows: Sequence[Row], column: Column, done: Converted) -> pa.Array:
    place = column.position
    values = pa.array([row[place] for row in rows], pa.large_binary())
    missing = pc.is_in(values, value_set=pa.array(MISSING, pa.large_binary()))
    values = pc.if_else(missing, pa.scalar(None, pa.large_binary()), values)
    if column.role == "row_hash":
        return _numbers(values, done)
    return as_text(values, marked if column.role == "url" else readable)


def _numbers(values: pa.Array, done: Converted) -> pa.Array:
    try:
        return pc.cast(pc.cast(values, pa.large_string()), pa.int64())
    except pa.ArrowInvalid:  # quotes the value; a number with a plus sign comes here too
        found = [int(v) if v and is_whole(v) else None for v in values.to_pylist()]
    numbers = pa.array(found, pa.int64())
    done.no_hashes += numbers.null_count - values.null_count
    return numbers


def _blocks(path: Path) -> Iterator[list[bytes]]:
    """The lines of a file, some megabytes at a time."""
    rest = b""
    with _opened(path) as source:
        while True:
            with _reading(path):
                block = source.read(_BLOCK)
            if not block:
                break
            *lines, rest = (rest + block).split(b"\n")
            if len(rest) > _LONGEST:
                raise InputError(f"{shown(path)}: has a line of more than 64 MB; is it a TSV?")
            if lines:
                yield lines
    if rest:
        yield [rest]


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a TSV without its mark of UTF-8, unpacked where it is packed."""
    with path.open("rb") as plain:
        is_packed = plain.read(2) == _GZIP
        plain.seek(0)
        source: IO[bytes] = gzip.GzipFile(fileobj=plain) if is_packed else plain  # type: ignore[assignment]
        with _reading(path):
            if source.read(3) != _UTF8_BOM:
                source.seek(0)
        yield source


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except EOFError:
        raise InputError(f"{shown(path)}: is cut off; get the file again") from None
    except (gzip.BadGzipFile, zlib.error):
        raise InputError(f"{shown(path)}: is damaged (gzip); get the file again") from None
    except OSError as e:
        raise InputError(f"{shown(path)}: cannot be read ({e.strerror})") from None
