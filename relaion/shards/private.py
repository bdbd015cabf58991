"""Private parquet files, written piece by piece, that only this tool reads."""

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

GROUP_ROWS = 100_000
GROUP_BYTES = 64 << 20


class PrivateFile:
    """Gathers pieces into row groups of some 100,000 rows, or of 64 MB."""

    def __init__(self, part: Path, schema: pa.Schema) -> None:
        """Begin a file at `part`, a path that `whole_file` gave."""
        self._schema = schema
        self._sink = pa.OSFile(os.fsencode(part), "wb")
        self._writer = pq.ParquetWriter(
            self._sink, schema, use_dictionary=False, store_schema=False
        )
        self._held: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0

    def __enter__(self) -> "PrivateFile":
        """Nothing more to do."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Write what is held, unless something went wrong, and close."""
        try:
            if kind is None:
                self._flush()
            self._writer.close()
        finally:
            self._sink.close()

    def add(self, arrays: list[pa.Array]) -> None:
        """Take rows, one array for each column of the schema."""
        piece = pa.RecordBatch.from_arrays(arrays, schema=self._schema)
        self._held.append(piece)
        self._rows += piece.num_rows
        self._bytes += piece.nbytes
        if self._rows >= GROUP_ROWS or self._bytes >= GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            table = pa.Table.from_batches(self._held, self._schema)
            self._writer.write_table(table, row_group_size=self._rows)
        self._held, self._rows, self._bytes = [], 0, 0
