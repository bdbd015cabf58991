"""A diff as a file: parquet whose metadata says of what it is, by whom it can be applied."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from relaion.errors import InputError
from relaion.links import KEY_VERSION
from relaion.paths import file_sha256, shown

FORM = 1
META = b"relaion_diff"
SCHEMA = pa.schema([("row_hash", pa.int64()), ("link", pa.binary(16)), ("link_gone", pa.bool_())])
NOT_WHOLE = "get the diff again"


@dataclass(frozen=True)
class DiffFile:
    """A diff that can be applied: its path, bytes' SHA-256, rows, salt, and what else it says.

    `by` are the identities that it holds: `row`, `link`.
    """

    path: Path
    sha256: str
    rows: int
    salt: bytes
    by: tuple[str, ...]
    said: dict[str, Any]


def diffs_among(paths: Sequence[Path]) -> list[Path]:
    """Those of some files that say of themselves that they are diffs, whole or not."""
    return [path for path in paths if _is_diff(path)]


def _is_diff(path: Path) -> bool:
    try:
        return META in (pq.read_schema(path).metadata or {})
    except (OSError, pa.ArrowException):
        return False


def read_diff(path: Path) -> DiffFile:
    """Read what a diff says of itself; raises InputError for what is none, or of another version.

    All of its bytes are read once: a diff that was cut off, or changed, is refused.
    """
    sha256 = file_sha256(path)
    try:
        with pq.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
            raw = (file.metadata.metadata or {}).get(META)
            if raw is not None:
                for _ in file.iter_batches(columns=list(SCHEMA.names)):
                    pass
    except (OSError, pa.ArrowException, KeyError):
        raise InputError(
            f"{shown(path)}: is no diff, or one that was cut off or damaged; {NOT_WHOLE}"
        ) from None
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
    if form != FORM or version != KEY_VERSION:
        raise InputError(
            f"{shown(path)}: is a diff of form {form} with link keys of version {version}; this "
            f"relaion reads form {FORM} with link keys of version {KEY_VERSION}: take the release "
            f"that made it ({shown(str(said.get('relaion', 'unknown')))}), or get a newer diff"
        )
    if not schema.remove_metadata().equals(SCHEMA) or said.get("rows") != rows:
        raise InputError(f"{shown(path)}: holds other columns or rows than it says; {NOT_WHOLE}")
    return DiffFile(path, sha256, rows, salt, by, said)
