"""Parquet files as other programs write them, for tests of the faithful writer.

A writer stores a table as its program would: pyarrow, pandas, DuckDB, polars, Hugging Face
(pyarrow with its metadata key) and Spark (INT96, list child `array`, no Arrow schema). What
no program here writes is made by editing a footer.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from relaion.engine import connect, literal
from relaion.parquet.thrift import BINARY, LIST, STRUCT, Struct, read_struct, write_struct


def with_pyarrow(table: pa.Table, path: Path, codec: str, **options: Any) -> None:
    """pyarrow with its defaults."""
    pq.write_table(table, path, compression=codec, row_group_size=_group(table), **options)


def with_pandas(table: pa.Table, path: Path, codec: str) -> None:
    """Pandas with its metadata and an index that is kept as a column."""
    frame = table.to_pandas()
    frame.index = frame.index * 3  # no range index: it becomes `__index_level_0__`
    frame.to_parquet(path, compression=codec, row_group_size=_group(table))


def with_duckdb(table: pa.Table, path: Path, codec: str) -> None:
    """DuckDB's COPY: DELTA encodings where it likes, root named duckdb_schema."""
    source = path.with_suffix(".arrow.parquet")
    pq.write_table(table, source)
    codec = {"none": "uncompressed", "lz4": "lz4_raw"}.get(codec, codec)
    with connect(threads=1) as engine:
        engine.execute(
            f"copy (from read_parquet({literal(str(source))})) to {literal(str(path))} "
            f"(format parquet, compression {codec}, row_group_size 2048, "
            "parquet_version v2, kv_metadata {note: 'from duckdb'})"
        )
    source.unlink()


def with_polars(table: pa.Table, path: Path, codec: str) -> None:
    """polars with its page indexes."""
    import polars as pl

    name = {"none": "uncompressed", "NONE": "uncompressed"}.get(codec, codec)
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    frame.write_parquet(path, compression=name, row_group_size=_group(table))  # type: ignore[arg-type]


def with_hugging_face(table: pa.Table, path: Path, codec: str) -> None:
    """Hugging Face datasets: pyarrow, with the features in a key of their own."""
    info = {"info": {"features": {name: {"_type": "Value"} for name in table.column_names}}}
    named = table.replace_schema_metadata({"huggingface": json.dumps(info)})
    pq.write_table(named, path, compression=codec, row_group_size=_group(table))


def with_spark(table: pa.Table, path: Path, codec: str) -> None:
    """Spark: INT96, list child `array`, no Arrow schema, its own keys, names and root."""
    renamed = pa.table([_array_child(column) for column in table.columns], names=table.column_names)
    pq.write_table(
        renamed,
        path,
        compression=codec,
        row_group_size=_group(table),
        use_deprecated_int96_timestamps=True,
        use_compliant_nested_type=False,
        store_schema=False,
        version="1.0",
        use_dictionary=["LANGUAGE", "LICENSE", "status"],
    )

    def sign(fields: Struct) -> None:
        fields[2][1][1][0][4] = (BINARY, b"spark_schema")
        fields[5] = key_values(
            (b"org.apache.spark.version", b"3.2.1"),
            (b"org.apache.spark.sql.parquet.row.metadata", b'{"type":"struct","fields":[]}'),
        )

    edit_footer(path, sign)


def _array_child(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_list(column.type):
        return column
    inner = column.type.value_type
    if pa.types.is_list(inner):
        inner = pa.list_(pa.field("array", inner.value_type))
    return column.cast(pa.list_(pa.field("array", inner)))


def _group(table: pa.Table) -> int:
    return max(1, int(table.num_rows) // 3)


WRITERS: dict[str, Callable[[pa.Table, Path, str], None]] = {
    "pyarrow": with_pyarrow,
    "pandas": with_pandas,
    "duckdb": with_duckdb,
    "polars": with_polars,
    "hugging_face": with_hugging_face,
    "spark": with_spark,
}


def key_values(*pairs: tuple[bytes, bytes | None]) -> tuple[int, Any]:
    """Field 5 of a footer: pairs in this order, a value of None left out."""
    found = [
        {1: (BINARY, key)} | ({2: (BINARY, value)} if value is not None else {})
        for key, value in pairs
    ]
    return LIST, (STRUCT, found)


def footer_of(path: Path) -> tuple[bytes, Struct]:
    """A parquet file's bytes before the footer, and the footer."""
    data = path.read_bytes()
    length = int.from_bytes(data[-8:-4], "little")
    return data[: -8 - length], read_struct(data[-8 - length : -8])[0]


def edit_footer(path: Path, edit: Callable[[Struct], None]) -> None:
    """Change a file's footer in place: what other programs write and none here does."""
    pages, fields = footer_of(path)
    edit(fields)
    footer = write_struct(fields)
    path.write_bytes(pages + footer + len(footer).to_bytes(4, "little") + b"PAR1")
