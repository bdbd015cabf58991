"""What the columns of a TSV mean: by its header's names, or by the look of its values.

No value leaves this module in a text.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from relaion.errors import InputError
from relaion.shards.claims import NAMES, NOUNS, bare_name
from relaion.shards.digests import WIDTHS, form_of
from relaion.shards.exact import readable
from relaion.shards.overrides import Overrides, columns_of, named_by
from relaion.shards.roles import Column, Layout, describe, detect, settle

Row = list[bytes]

MISSING = (b"", b"\\N")
_LINK = re.compile(rb"\s*[A-Za-z][A-Za-z0-9+.-]*://")
_WHOLE = re.compile(rb"[+-]?[0-9]{1,19}", re.ASCII)
_LEAST_HASH = 1 << 40  # one row hash in ten million is smaller; numbers of rows all are
_KNOWN = {name for names in NAMES.values() for name in names}
_LONGEST_NAME = 26  # as long as names of columns are, and shorter than digests
_MOST = 0.9  # of a column's values look like what it is


@dataclass(frozen=True)
class Plan:
    """How to read a TSV: fields a row, whether a header is passed over, what is taken.

    `layout` is of all columns, `taken` those that a sidecar needs; their positions are
    places in a row.
    """

    width: int
    has_header: bool
    layout: Layout
    taken: tuple[Column, ...]


def make_plan(sample: Sequence[Row], columns: Overrides) -> Plan:
    """Find out from the first rows of a file what its columns are.

    A header has a name that is known or said by `columns` (pairs of role and name), and holds
    no link, digest or row hash. With one, columns have the roles that those of a shard have;
    without, they are told by what most values look like. Raises InputError,
    which names no file, where columns without names look alike.
    """
    first = sample[0]
    has_header = _is_header(first, columns)
    rows = [row for row in sample[has_header:] if len(row) == len(first)]
    seen = [[row[i] for row in rows if row[i] not in MISSING] for i in range(len(first))]
    names = _named(first, columns) if has_header else _guessed(seen)
    hashes = {
        *NAMES["row_hash"],
        *(bare_name(n).lower() for role, n in columns if role == "row_hash"),
    }
    kinds = [
        pa.int64()
        if bare_name(name).lower() in hashes and v and all(map(is_whole, v))
        else pa.string()
        for name, v in zip(names, seen, strict=True)
    ]
    given = columns_of(tuple((role, name) for role, name in columns if named_by(name, names)))
    layout = detect(pa.schema(list(zip(names, kinds, strict=True))), given)
    layout = settle(layout, lambda _: True)  # what the first rows lack, others may hold
    layout = describe(layout, lambda column: [readable(v) for v in seen[column.position]])
    taken = tuple(c for c in layout.used if c.role in ("url", "row_hash", *WIDTHS))
    return Plan(len(first), has_header, layout, taken)


def _is_header(row: Row, columns: Overrides) -> bool:
    said = {name for _, name in columns}
    names = [readable(field).strip() for field in row]
    is_known = any(name in said or bare_name(name).lower() in _KNOWN for name in names)
    return is_known and not any(_look([field]) for field in row)


def _named(header: Row, columns: Overrides) -> list[str]:
    """A header's names; one that may be a value, which nobody may see, gets a number."""
    names = [readable(name).strip() for name in header]
    said = {name for _, name in columns}
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
        if role and NAMES[role][0] in names:
            raise InputError(
                f"has no header, and two of its columns look like {NOUNS[role]}s; "
                "write a first line with the names of the columns"
            )
        names.append(NAMES[role][0] if role else _number(place))
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


def told(plan: Plan, row: Row) -> Row | None:
    """A row of another number of fields as one of the right number, where that is plain.

    Fields that are missing at the end are empty. One field too many is a tab within a column
    that is not taken, or else within the link, or a field after the last: whichever leaves
    key and digests looking as they should. None where nothing does.
    """
    return next((right for right in _readings(plan, row) if _fits(plan, right)), None)


def _readings(plan: Plan, row: Row) -> Iterator[Row]:
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


def _fits(plan: Plan, row: Row) -> bool:
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
