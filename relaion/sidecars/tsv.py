r"""TSV sidecars, such as CC12M's list of link, SHA-256 and MD5, as private parquet files.

Read once, as bytes, a few megabytes at a time. A line is a row, its fields are between
tabs. A field in quotes is what is between them, with `""` for a quote (no link, digest or
number begins with one); other quotes stand for themselves, since captions hold stray ones.
Tabs and line breaks within quotes are a field's where its row is whole only so. Empty fields
and `\N` are NULL.
"""

import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc

from relaion.errors import InputError
from relaion.parquet.digests import form_of
from relaion.parquet.glossary import bare_name
from relaion.parquet.mended import PrivateFile, as_text, marked, readable
from relaion.parquet.read_shard import detect
from relaion.parquet.roles import Column, Layout, Overrides, columns_of, describe, settle
from relaion.paths import atomic_write, private_umask, shown
from relaion.roles import ROLES, WIDTHS

# -- What the columns of a TSV mean: by its header's names, or by the look of its values -------
# No value leaves this module in a text.

Row = list[bytes]

MISSING = (b"", b"\\N")
_LINK = re.compile(rb"\s*[A-Za-z][A-Za-z0-9+.-]*://")
_WHOLE = re.compile(rb"[+-]?[0-9]{1,19}", re.ASCII)
_LEAST_HASH = 1 << 40  # one row hash in ten million is smaller; numbers of rows all are
_KNOWN = {name for role in ROLES.values() for name in role.names}
_LONGEST_NAME = 26  # as long as names of columns are, and shorter than digests
_MOST = 0.9  # of a column's values look like what it is


@dataclass(frozen=True)
class TsvPlan:
    """How to read a TSV: fields a row, whether a header is passed over, what is taken.

    `layout` is of all columns, `taken` those that a sidecar needs; their positions are
    places in a row.
    """

    width: int
    has_header: bool
    layout: Layout
    taken: tuple[Column, ...]


def make_plan(sample: Sequence[Row], columns: Overrides) -> TsvPlan:
    """Find out from the first rows of a file what its columns are.

    A header has a name that is known or said by `columns` (pairs of role and name), and holds
    no link, digest or row hash. With one, columns have the roles that those of a shard have;
    without, they are told by what most values look like. Raises InputError,
    which names no file, where columns without names look alike.
    """
    first = sample[0]
    header = _header(first, columns)
    has_header = header is not None
    rows = [row for row in sample[has_header:] if len(row) == len(first)]
    seen = [[row[i] for row in rows if row[i] not in MISSING] for i in range(len(first))]
    names = header or _guessed(seen)
    hashes = {
        *ROLES["row_hash"].names,
        *(bare_name(n).lower() for role, n in columns if role == "row_hash"),
    }
    kinds = [
        pa.int64()
        if bare_name(name).lower() in hashes and v and all(map(is_whole, v))
        else pa.string()
        for name, v in zip(names, seen, strict=True)
    ]
    schema = pa.schema(list(zip(names, kinds, strict=True)))
    layout = detect(schema, columns_of(columns, names))
    layout = settle(layout, lambda _: True)  # what the first rows lack, others may hold
    layout = describe(layout, lambda column: [readable(v) for v in seen[column.position]])
    taken = tuple(c for c in layout.used if c.role in ("url", "row_hash", *WIDTHS))
    return TsvPlan(len(first), has_header, layout, taken)


def _header(row: Row, columns: Overrides) -> list[str] | None:
    """The names of a header, None for a row of values.

    A name that may be a value, which nobody may see, gets a number.
    """
    said = {name for _, name in columns}
    names = [readable(field).strip() for field in row]
    is_known = any(name in said or bare_name(name).lower() in _KNOWN for name in names)
    if not is_known or any(_look([field]) for field in row):
        return None
    return [
        name if name in said or (len(name) <= _LONGEST_NAME and "/" not in name) else _number(place)
        for place, name in enumerate(names, 1)
    ]


def _number(place: int) -> str:
    return f"column {place}"


def _guessed(seen: Sequence[Sequence[bytes]]) -> list[str]:
    """Names for columns without a header: the first one that means a role, or `column 3`."""
    names: list[str] = []
    for place, values in enumerate(seen, 1):
        role = _look(values)
        if role and ROLES[role].names[0] in names:
            raise InputError(
                f"has no header, and two of its columns look like {ROLES[role].noun}s; "
                "write a first line with the names of the columns"
            )
        names.append(ROLES[role].names[0] if role else _number(place))
    return names


def _look(values: Sequence[bytes]) -> str | None:
    """The role that most values of a column look like."""
    for role in ("url", "row_hash", *WIDTHS):
        if values and sum(_looks(v, role) for v in values) >= _MOST * len(values):
            return role
    return None


def _looks(value: bytes, role: str) -> bool:
    if role == "url":
        return _is_link(value)
    if role == "row_hash":
        return is_whole(value) and abs(int(value)) >= _LEAST_HASH
    form = _form(value, role) if role in WIDTHS else None
    # the names of files say where pictures lie; nothing but a header makes digests of them
    return form is not None and not (form == "hex" and (b"/" in value or b"." in value))


def _is_link(value: bytes) -> bool:
    return _LINK.match(value) is not None


def is_whole(value: bytes) -> bool:
    """Whether a field is a whole number with a sign, of at most 64 bits."""
    return _WHOLE.fullmatch(value) is not None and -(1 << 63) <= int(value) < 1 << 63


def _form(value: bytes, role: str) -> str | None:
    # as text: 32 bytes of a TSV are an MD5 in hexadecimal, never a raw SHA-256
    return form_of(value.decode("latin-1"), WIDTHS[role])


def told(plan: TsvPlan, row: Row) -> Row | None:
    """A row of another number of fields as one of the right number, where that is plain.

    Fields that are missing at the end are empty. One field too many is a tab within a column
    that is not taken, or else within the link, or a field after the last: whichever leaves
    key and digests looking as they should. None where nothing does.
    """
    return next((right for right in _readings(plan, row) if _fits(plan, right)), None)


def _readings(plan: TsvPlan, row: Row) -> Iterator[Row]:
    extra = len(row) - plan.width
    if extra < 0:
        yield row + [b""] * -extra
        return
    if len(joined := _joined(row)) == plan.width:
        yield joined
    if not any(row[plan.width :]):
        yield row[: plan.width]
    taken = {c.position: c for c in plan.taken}
    links = [place for place, column in taken.items() if column.role == "url"]
    for place in [*(p for p in range(plan.width) if p not in taken), *links]:
        end = place + extra + 1
        yield [*row[:place], b"\t".join(row[place:end]), *row[end:]]
    yield row[: plan.width]


def _joined(row: Row) -> Row:
    """A row whose fields that open a quote reach to the one that closes it, tabs and all."""
    fields: Row = []
    at = 0
    while at < len(row):
        field, after = row[at], at + 1
        if field.startswith(b'"'):
            for end in range(after, len(row)):
                whole = b"\t".join(row[at : end + 1])
                if row[end].endswith(b'"') and (found := unquoted(whole)) != whole:
                    field, after = found, end + 1
                    break
        fields.append(field)
        at = after
    return fields


def unquoted(field: bytes) -> bytes:
    """A field without the quotes around it and with `""` as one; any other as it stands."""
    inner = field[1:-1]
    is_quoted = len(field) > 1 and field[:1] == field[-1:] == b'"'
    if not is_quoted or b'"' in inner.replace(b'""', b""):
        return field
    return inner.replace(b'""', b'"')


def _fits(plan: TsvPlan, row: Row) -> bool:
    """Whether all that is taken looks as it should: a key, and at least one digest."""
    found = set()
    for column in plan.taken:
        value, role = row[column.position], column.role
        if role is None or value in MISSING:
            continue
        right = _form(value, role) is not None if role in WIDTHS else True
        if not right or (role == "url" and not _is_link(value)):
            return False
        if role == "row_hash" and not is_whole(value):
            return False
        found.add(role)
    return bool(found & set(WIDTHS)) and bool(found - set(WIDTHS))


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


def read_plan(path: Path, columns: Overrides) -> TsvPlan:
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


def convert(path: Path, plan: TsvPlan, target: Path) -> Converted:
    """Write what a plan takes of a TSV to a private parquet file (0600), row by row in order.

    The layout that comes back has positions in `target`. Links that are no UTF-8 are marked
    (`mended.marked`), such bytes in digests are U+FFFD. Raises InputError for a file that ends
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
        atomic_write(target, 0o600) as part,
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


def _whole_rows(rows: list[Row], plan: TsvPlan, done: Converted) -> list[Row]:
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
