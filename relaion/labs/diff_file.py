"""A diff as a file: parquet whose metadata says of what it is, by whom it can be applied."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from relaion.engine import Engine, connect
from relaion.errors import EngineError, InputError
from relaion.labs.told import DiffFile
from relaion.links import KEY_VERSION
from relaion.paths import file_sha256, shown
from relaion.remote.standing import need_ends

FORM = 3
BARE = 2  # the form without `link_bytes`: what left is not in it where its row hash still stands
META = b"relaion_diff"
_BARE = pa.schema([("row_hash", pa.int64()), ("link", pa.binary(16)), ("link_gone", pa.bool_())])
SCHEMA = _BARE.append(pa.field("link_bytes", pa.int32()))
_SCHEMAS = {BARE: _BARE, FORM: SCHEMA}
NOT_WHOLE = "get the diff again"


class Content:
    """The SHA-256 of what a diff holds and says: a byte that was changed in it is met by nobody."""

    def __init__(self, schema: pa.Schema = SCHEMA) -> None:
        """Begin with no line."""
        self._schema = schema
        self._columns = [hashlib.sha256() for _ in schema]

    def add(self, batch: pa.RecordBatch) -> None:
        """Add lines: the values of each column in order, and which of them are none."""
        for digest, column, field in zip(self._columns, batch.columns, self._schema, strict=True):
            kind = pa.uint8() if pa.types.is_boolean(field.type) else field.type
            values = column.cast(field.type).cast(kind)
            is_none = values.is_null().cast(pa.uint8())
            nothing = pa.scalar(bytes(16) if kind == pa.binary(16) else 0, kind)
            filled = values.fill_null(nothing)
            width = kind.bit_width // 8
            for array, size in ((filled, width), (is_none, 1)):
                at = array.offset * size
                digest.update(memoryview(array.buffers()[1])[at : at + len(array) * size])

    def sha256(self, said: Mapping[str, Any]) -> str:
        """The digest, with all that is said but itself."""
        told = json.dumps({k: v for k, v in said.items() if k != "content"}, sort_keys=True)
        whole = "\n".join([*(digest.hexdigest() for digest in self._columns), told])
        return hashlib.sha256(whole.encode()).hexdigest()


def diffs_among(paths: Sequence[Path]) -> list[Path]:
    """Those of some files that say of themselves that they are diffs, whole or not."""
    return [path for path in paths if _is_diff(path)]


def _is_diff(path: Path) -> bool:
    need_ends(path)
    try:
        return META in (pq.read_schema(path).metadata or {})
    except (OSError, pa.ArrowException, ValueError):
        return False


def read_diff(path: Path) -> DiffFile:
    """Read what a diff says of itself; raises InputError for what is none, or of another version.

    All of its bytes are read once: a diff that was cut off, or changed, is refused.
    """
    sha256 = file_sha256(path)
    try:
        with pq.ParquetFile(path) as file:
            meta, schema, rows = file.metadata, file.schema_arrow, file.metadata.num_rows
            raw = (file.metadata.metadata or {}).get(META)
        like = next((s for s in _SCHEMAS.values() if s.names == schema.names), None)
        content = _content(path, like) if raw is not None and like is not None else Content()
    except (OSError, pa.ArrowException, KeyError, ValueError, EngineError):
        raise InputError(
            f"{shown(path)}: is no diff, or one that was cut off or damaged; {NOT_WHOLE}"
        ) from None
    if _holds_another(path, meta):
        raise InputError(
            f"{shown(path)}: holds more than one file, one behind the other; {NOT_WHOLE}"
        )
    if raw is None:
        raise InputError(
            f"{shown(path)}: is a parquet file but no diff of relaion's; name the file that "
            "`relaion diff` made, or clean with --keep"
        )
    try:
        said = dict(json.loads(raw))
        form, version = int(said["form"]), int(said["key_version"])
        salt, by = bytes.fromhex(said["salt"]), tuple(map(str, said["by"]))
    except (ValueError, TypeError, LookupError, RecursionError):
        raise InputError(f"{shown(path)}: its metadata cannot be read; {NOT_WHOLE}") from None
    if form not in _SCHEMAS or version != KEY_VERSION:
        raise InputError(
            f"{shown(path)}: is a diff of form {form} with link keys of version {version}; this "
            f"relaion reads forms {BARE} and {FORM} with link keys of version {KEY_VERSION}: take "
            f"the release that made it ({shown(str(said.get('relaion', 'unknown')))}), or get a "
            "newer diff"
        )
    if not schema.remove_metadata().equals(_SCHEMAS[form]) or said.get("rows") != rows:
        raise InputError(f"{shown(path)}: holds other columns or rows than it says; {NOT_WHOLE}")
    if said.get("content") != content.sha256(said):
        raise InputError(f"{shown(path)}: was changed after it was made; {NOT_WHOLE}")
    return DiffFile(path, sha256, rows, salt, by, said)


def view_diff(engine: Engine, path: Path) -> None:
    """View `diff` of a diff of either form: in one without lengths none has any."""
    names = pq.read_schema(path).names
    if names == SCHEMA.names:
        engine.view_files([path], "diff", names)
        return
    engine.view_files([path], "bare_diff", names)
    engine.execute(
        "create or replace temp view diff as select *, null::integer as link_bytes from bare_diff"
    )


def _content(path: Path, schema: pa.Schema) -> Content:
    """What a search reads of it, which another library than pyarrow does: it decides what leaves.

    Raises EngineError where that cannot read it, ValueError for values of another kind.
    """
    found = Content(schema)
    with connect(threads=1) as engine:
        engine.view_files([path], "diff", schema.names)
        for batch in engine.batches("from diff"):
            found.add(batch)
    return found


def _holds_another(path: Path, meta: pq.FileMetaData) -> bool:
    """Whether another parquet file ends between the values of a diff and its footer."""
    chunks = [
        meta.row_group(i).column(j)
        for i in range(meta.num_row_groups) for j in range(meta.num_columns)
    ]  # fmt: skip
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(size - 8)
        footer = size - 8 - int.from_bytes(file.read(4), "little")
        end = max((_start(c) + c.total_compressed_size for c in chunks), default=4)
        file.seek(end)
        return b"PAR1" in file.read(max(0, footer - end))


def _start(chunk: pq.ColumnChunkMetaData) -> int:
    first = chunk.dictionary_page_offset
    return int(chunk.data_page_offset if first is None else min(first, chunk.data_page_offset))
