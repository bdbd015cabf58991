"""Rows of a parquet file, batch by batch, and the columns that have a role in plain types."""

import base64
import binascii
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from relaion.errors import InputError
from relaion.shards.columns import refuse_encrypted
from relaion.shards.roles import Layout

BATCH = 65_536
KEYS = frozenset({"url", "text", "punsafe", "row_hash", "image_md5", "image_sha1", "image_sha256"})
_PLAIN_64 = bytes.maketrans(b"-_", b"+/")  # the URL alphabet of base64 counts too
_BASES: dict[str, tuple[Callable[[bytes], bytes], int]] = {
    "base64": (lambda b: base64.b64decode(b.translate(_PLAIN_64), validate=True), 4),
    "base32": (base64.b32decode, 8),
}
_ANY_TEXT = pc.CastOptions(target_type=pa.string(), allow_invalid_utf8=True)


@dataclass(frozen=True)
class Role:
    """Where a role's column stands in its shard, and how its digests are written."""

    position: int
    encoding: str | None


Roles = Mapping[str, Role]


def roles_of(layout: Layout) -> dict[str, Role]:
    """The roles of a layout as plain values, to travel in a task."""
    return {role: Role(c.position, c.encoding) for role, c in layout.roles.items()}


@dataclass(frozen=True)
class Rows:
    """Some rows by role: url and text as bytes, punsafe as float64, digests as lower-case hex.

    row_hash is int64. A role that the shard lacks is not in `columns`. `nulls`: NULLs of each
    role's column, as it stands in the shard.
    """

    n: int
    columns: Mapping[str, pa.Array]
    nulls: Mapping[str, int] = field(default_factory=dict)


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


def batches(
    path: Path, names: list[str] | None = None, groups: Sequence[int] | None = None
) -> Iterator[pa.RecordBatch]:
    """All rows of a shard in order, or of these row groups; all columns or those named."""
    with open_shard(path) as file:
        reader = file.iter_batches(BATCH, row_groups=groups, columns=names)
        while True:
            try:
                batch = next(reader, None)
            except (pa.ArrowException, OSError, ValueError):
                raise InputError(f"{path}: its rows cannot be read") from None
            if batch is None:
                return
            yield batch


def role_rows(
    path: Path, roles: Roles, wanted: Collection[str], groups: Sequence[int] | None = None
) -> Iterator[Rows]:
    """The rows of a shard with the wanted roles only; other columns are not decoded."""
    chosen = {role: at for role, at in roles.items() if role in wanted and role in KEYS}
    with open_shard(path) as file:
        schema = file.schema_arrow
    try:
        names = sorted({schema.field(r.position).name for r in chosen.values()})
        if names:
            for batch in batches(path, names, groups):
                yield rows_of(batch, schema, chosen)
    except (pa.ArrowException, IndexError, KeyError):  # the file was replaced since
        raise InputError(f"{path}: holds other columns than it did") from None


def rows_of(batch: pa.RecordBatch, schema: pa.Schema, roles: Roles) -> Rows:
    """The columns with a role out of a batch that has all, or some, of the schema's columns."""
    columns, nulls = {}, {}
    for name, role in roles.items():
        column = _column(batch, schema, role.position)
        nulls[name] = column.null_count
        if name in ("url", "text"):
            columns[name] = as_bytes(column)
        elif name == "punsafe":
            columns[name] = pc.cast(_decoded(column), pa.float64())
        elif name == "row_hash":
            columns[name] = pc.cast(_decoded(column), pa.int64())
        elif name.startswith("image_"):
            columns[name] = as_hex(column, role.encoding)
    return Rows(batch.num_rows, columns, nulls)


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


def as_hex(column: pa.Array, encoding: str | None) -> pa.Array:
    """A digest column as lower-case hex; what does not decode is null, for it equals no digest."""
    plain = _decoded(column)
    if encoding == "binary":
        raw = as_bytes(plain).to_pylist()
        return pa.array([None if v is None else v.hex() for v in raw], pa.string())
    if encoding is None or encoding not in _BASES:
        return pc.ascii_lower(pc.cast(plain, options=_ANY_TEXT))
    return pa.array([_hex(v, encoding) for v in as_bytes(plain).to_pylist()], pa.string())


def _hex(value: bytes | None, encoding: str) -> str | None:
    if value is None:
        return None
    decode, block = _BASES[encoding]
    text = value.strip().rstrip(b"=")
    padded = text + b"=" * (-len(text) % block)
    try:
        return decode(padded.upper() if block == 8 else padded).hex()
    except (binascii.Error, ValueError):
        return None
