"""One edition's shard while it is written: row groups, then the source's own footer."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from relaion.shards.assemble import final_footer, restored
from relaion.shards.copied import Copier
from relaion.shards.footer import read_footer
from relaion.shards.masks import Removed
from relaion.shards.metadata import MAGIC, Footer
from relaion.shards.thrift import Struct

GROUP_ROWS = 131_072  # what DuckDB and polars take as one piece of work


@dataclass(frozen=True)
class Shape:
    """Row groups: their rows, and the bytes that may be gathered before one is written early."""

    rows: int
    bytes: int


class Edition:
    """Takes pieces of the source in order, drops the edition's rows, writes the rest.

    Row groups have the same number of rows whatever was dropped: a group's size must not
    tell how many rows left it.
    """

    def __init__(
        self, part: Path, schema: pa.Schema, removed: Removed, options: dict[str, Any], shape: Shape
    ) -> None:
        """Begin a file at `part`."""
        self.part = part
        self.removed = removed
        self._shape = shape
        self._sink = pa.OSFile(os.fsencode(part), "wb")
        self._writer = pq.ParquetWriter(self._sink, schema, **options)
        self._held: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0
        self._groups: list[tuple[int, Struct] | None] = []  # in order; None: pyarrow wrote it

    def add(self, batch: pa.RecordBatch, start: int) -> None:
        """Take a piece whose first row is row `start` of the source."""
        mask = self.removed.mask(start, batch.num_rows)
        kept = batch if mask is None else batch.filter(mask)
        if not kept.num_rows:
            return
        while self._rows + kept.num_rows >= self._shape.rows:
            missing = self._shape.rows - self._rows
            self._hold(kept.slice(0, missing))
            self.flush()
            kept = kept.slice(missing)
        if kept.num_rows:
            self._hold(kept)
        if self._bytes >= self._shape.bytes:
            self.flush()

    def _hold(self, batch: pa.RecordBatch) -> None:
        self._held.append(batch)
        self._rows += batch.num_rows
        self._bytes += batch.nbytes

    def flush(self) -> None:
        """Write what is held as a row group."""
        if self._held:
            table = pa.Table.from_batches(self._held)
            self._held, self._rows, self._bytes = [], 0, 0
            self._writer.write_table(table, row_group_size=table.num_rows)
            self._groups.append(None)

    def copy(self, group: int, copier: Copier) -> None:
        """Take a whole row group of the source as it stands."""
        self.flush()
        self._groups.append((group, copier.copy(group, self._sink)))

    def abandon(self) -> None:
        """Let go of the file, after an error too: pyarrow would write on when collected."""
        self._held = []
        self._writer.is_open = False
        with suppress(OSError):
            self._sink.close()

    def close(self, source: Footer, copier: Copier) -> int:
        """Write the rest and the footer; returns the rows of the file."""
        self.flush()
        self._writer.close()
        self._sink.close()
        written = read_footer(self.part)
        encoded = iter(range(len(written.groups)))
        groups = [
            restored(written.group(next(encoded)), source) if known is None else known[1]
            for known in self._groups
        ]
        with self.part.open("r+b") as f:
            f.seek(written.start)
            f.truncate()
            copier.copy_indexes([known for known in self._groups if known], f)
            data = final_footer(source, written, groups)
            f.write(data + len(data).to_bytes(4, "little") + MAGIC)
        return int(sum(group[3][1] for group in groups))
