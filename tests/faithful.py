"""Is a rewritten shard its source but for the removed rows? Asked of three other readers."""

from collections.abc import Collection
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from relaion.engine import Engine, sql_path
from relaion.parquet.writer import Target, Written, write_editions
from tests.parquet_writers import footer_of


class Seen:
    """A file as pyarrow, DuckDB and polars read it; each is asked once."""

    def __init__(self, path: Path, engine: Engine) -> None:
        self.path = path
        self._engine = engine

    @cached_property
    def file(self) -> pq.ParquetFile:
        with pq.ParquetFile(self.path) as file:
            return file

    @cached_property
    def arrow(self) -> list[str]:
        """Every row by pyarrow, as text that tells NaN from NULL and 0.0 from -0.0."""
        return [repr(row) for row in pq.read_table(self.path, use_threads=False).to_pylist()]

    @cached_property
    def polars(self) -> pl.DataFrame:
        return pl.read_parquet(self.path, glob=False, hive_partitioning=False)

    @cached_property
    def duckdb(self) -> list[str]:
        rows = self._ask("select * from read_parquet($p, hive_partitioning = false)")
        return [repr(row) for row in rows]

    @cached_property
    def duckdb_schema(self) -> list[Any]:
        """Every element of the schema as DuckDB sees it, field ids and annotations included."""
        return self._ask("select * exclude (file_name) from parquet_schema($p)")

    @cached_property
    def duckdb_pairs(self) -> list[Any]:
        return self._ask("select key, value from parquet_kv_metadata($p)")

    def _ask(self, sql: str) -> list[Any]:
        return self._engine.rows(sql, {"p": sql_path(self.path)})

    @cached_property
    def pairs(self) -> Any:
        """The key-value metadata as it stands in the footer."""
        return footer_of(self.path)[1].get(5)

    @cached_property
    def schema_text(self) -> str:
        return str(self.file.schema).split("\n", 1)[1]  # the first line holds an address

    def chunks(self, column: int) -> list[pq.ColumnChunkMetaData]:
        metadata = self.file.metadata
        return [metadata.row_group(i).column(column) for i in range(metadata.num_row_groups)]


def write(source: Path, target: Path, removed: Collection[int]) -> Written:
    """Write one edition without `removed`."""
    (written,) = write_editions(source, [Target(target, pa.array(sorted(removed), pa.int64()))])
    return written


def assert_faithful(source: Seen, target: Path, removed: Collection[int]) -> None:
    """Compare everything that promise 2 of the design names, in all three readers."""
    assert_same_footer(source, Seen(target, source._engine))
    assert_same_rows(source, Seen(target, source._engine), removed)


def assert_same_footer(source: Seen, target: Seen) -> None:
    assert target.pairs == source.pairs
    assert target.file.metadata.metadata == source.file.metadata.metadata
    assert target.schema_text == source.schema_text
    assert target.file.schema_arrow.equals(source.file.schema_arrow, check_metadata=True)
    assert target.duckdb_schema == source.duckdb_schema
    assert target.duckdb_pairs == source.duckdb_pairs
    for column in range(source.file.metadata.num_columns):
        before, after = source.chunks(column), target.chunks(column)
        if before:
            assert {c.compression for c in after} <= {c.compression for c in before}
            assert {c.path_in_schema for c in after} <= {c.path_in_schema for c in before}
            assert {c.physical_type for c in after} <= {c.physical_type for c in before}
            if not any(c.has_dictionary_page for c in before):
                assert not any(c.has_dictionary_page for c in after)


def assert_same_rows(source: Seen, target: Seen, removed: Collection[int]) -> None:
    gone = set(removed)
    kept = [i not in gone for i in range(source.file.metadata.num_rows)]
    assert target.file.metadata.num_rows == sum(kept)
    assert target.arrow == [row for row, keep in zip(source.arrow, kept, strict=True) if keep]
    assert target.duckdb == [row for row, keep in zip(source.duckdb, kept, strict=True) if keep]
    expected = source.polars.filter(pl.Series(kept, dtype=pl.Boolean))
    assert target.polars.schema == expected.schema
    assert target.polars.equals(expected)
