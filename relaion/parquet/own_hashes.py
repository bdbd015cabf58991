"""Row hashes as a data set holds them itself, in a column of its own."""

import re
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from relaion.parquet.mended import as_bytes

_WHOLE = re.compile(rb"[ \t-\r]*([+-]?[0-9]{1,20})[ \t-\r]*")


def own_hashes(values: pa.Array) -> pa.Array:
    """A column of row hashes as int64: whole numbers with a sign or without, or texts of them.

    A text that is no whole 64-bit number is NULL. As `row_hash_of_number` and
    `row_hash_of_text` in `sql/v1/04_digest_macros.sql`.
    """
    if isinstance(values, pa.DictionaryArray):
        values = values.dictionary_decode()
    if pa.types.is_int64(values.type):
        return values
    if pa.types.is_uint64(values.type):
        return values.view(pa.int64())
    if pa.types.is_null(values.type):
        return pc.cast(values, pa.int64())
    if not pa.types.is_decimal(values.type):
        values = as_bytes(values)
    return pa.array([None if v is None else _signed(v) for v in values.to_pylist()], pa.int64())


def _signed(value: Decimal | bytes) -> int | None:
    if isinstance(value, bytes):
        found = _WHOLE.fullmatch(value)
        number = int(found[1]) if found else 1 << 64
    else:
        number = int(value)
    if not -(1 << 63) <= number < 1 << 64:
        return None
    return number - (1 << 64) if number >> 63 > 0 else number
