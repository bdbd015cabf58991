"""Writing shards true to their source: everything stays as it was but the removed rows.

A shard is decoded once, and every edition is written from the same pieces. Kept are names,
types and nullability (two columns that differ only in case too), key-value metadata byte
for byte, row order, codecs, INT96, names inside lists. Encodings, compression levels,
`created_by` and the borders of row groups may change.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from relaion.errors import InputError, OutputError
from relaion.odometer import ODOMETER
from relaion.parquet.footer import BYTE_ARRAY, FIXED, INT96, MAGIC, Footer, Leaf, read_footer
from relaion.parquet.row_group_copy import Copier, final_footer, restored
from relaion.parquet.row_groups import (
    PiecedFile,
    Removed,
    RowNumbers,
    batches,
    open_physical,
    spans,
)
from relaion.parquet.storage import (
    DELTA_BYTES,
    DELTA_LENGTH,
    DELTA_PACKED,
    SPLIT,
    Storage,
    read_storage,
)
from relaion.parquet.thrift import Struct
from relaion.paths import atomic_write, shown, unwritten
from relaion.remote.standing import whole

# -- How pyarrow is told to store an edition's shard the way its source is stored --------------

_LZO, _LZ4_HADOOP = 3, 5
_CODECS = ("NONE", "SNAPPY", "GZIP", None, "BROTLI", "LZ4_RAW", "ZSTD", "LZ4_RAW")
# pyarrow's own defaults are gzip 9 and brotli 8: twice the time for 1 % of the size
_LEVELS = {"GZIP": 6, "BROTLI": 5}
_ENCODINGS = {
    DELTA_PACKED: "DELTA_BINARY_PACKED",
    DELTA_LENGTH: "DELTA_LENGTH_BYTE_ARRAY",
    DELTA_BYTES: "DELTA_BYTE_ARRAY",
    SPLIT: "BYTE_STREAM_SPLIT",
}
# logical types whose order is not that of their bare values: DECIMAL (of bytes), FLOAT16 (15),
# VARIANT, GEOMETRY, GEOGRAPHY; what is newer than these is not trusted either
_DECIMAL, _NEWEST_PLAIN = 5, 14
_INTERVAL = 21


def writer_options(
    footer: Footer, storage: Storage, paths: Sequence[str], group_rows: int
) -> dict[str, Any]:
    """Arguments for pyarrow's ParquetWriter, for row groups of at most so many rows.

    Raises InputError for LZO, which it cannot read.
    """
    columns = list(zip(footer.leaves, storage.columns, paths, strict=True))
    if any(_LZO in traits.codecs for _, traits, _ in columns):
        raise InputError(
            f"{shown(footer.path)}: is compressed with LZO, which pyarrow cannot read; "
            "write it again with another codec"
        )
    codecs = {path: _CODECS[traits.codecs[0]] for _, traits, path in columns}
    indexed = any(traits.page_index for _, traits, _ in columns)
    return {
        "compression": codecs,
        "compression_level": {p: _LEVELS[c] for p, c in codecs.items() if c in _LEVELS},
        "use_dictionary": [path for _, traits, path in columns if traits.dictionary],
        "column_encoding": {
            path: _ENCODINGS[traits.encoding]
            for leaf, traits, path in columns
            if traits.encoding in _ENCODINGS and not traits.dictionary and leaf.type != INT96
        },
        "write_statistics": [
            path
            for leaf, traits, path in columns
            if (traits.statistics or indexed) and _is_ordered(leaf)
        ],
        "write_page_index": indexed,
        # without a number pyarrow makes room for a million values, which takes longer than all else
        "bloom_filter_options": {p: {"ndv": group_rows} for _, t, p in columns if t.bloom_filter},
        "data_page_version": f"{storage.page_version}.0",
        "write_page_checksum": storage.checksums,
        "dictionary_pagesize_limit": 8 << 20,  # only columns where it pays have one
    }


def _is_ordered(leaf: Leaf) -> bool:
    """Whether the smallest and largest of the bare values are those of what they mean."""
    element = leaf.element
    if leaf.type == INT96 or (6 in element and element[6][1] == _INTERVAL):
        return False
    of_bytes = leaf.type in (BYTE_ARRAY, FIXED)
    if of_bytes and 6 in element and element[6][1] == _DECIMAL:
        return False
    for kind in element[10][1] if 10 in element else ():
        if kind > _NEWEST_PLAIN or (kind == _DECIMAL and of_bytes):
            return False
    return True


def notices(footer: Footer, storage: Storage) -> Iterator[str]:
    """What a rewritten shard does not keep of its source, in plain words."""
    columns = list(zip(footer.leaves, storage.columns, strict=True))
    if named := [leaf.name for leaf, t in columns if _LZ4_HADOOP in t.codecs]:
        yield f"LZ4 in Hadoop's old framing is written as LZ4_RAW (columns {', '.join(named)})"
    if named := [leaf.name for leaf, t in columns if len(t.codecs) > 1]:
        yield (
            "row groups are compressed with different codecs, the most frequent one is kept "
            f"(columns {', '.join(named)})"
        )
    if named := [leaf.name for leaf, t in columns if t.bounds and not _is_ordered(leaf)]:
        yield f"smallest and largest values are not written (columns {', '.join(named)})"
    if storage.sorted:
        yield "row groups no longer declare the order that they are sorted by; rows keep theirs"
    if named := [leaf.name for leaf, t in columns if t.key_values]:
        yield (
            "what its writer noted beside pieces of a column (key-value metadata of column chunks) "
            f"is not kept; every value is (columns {', '.join(named)})"
        )


# -- One edition's shard while it is written: row groups, then the source's own footer ---------

GROUP_ROWS = 131_072  # what DuckDB and polars take as one piece of work


class EditionFile(PiecedFile):
    """Takes pieces of the source in order, drops the edition's rows, writes the rest.

    Row groups have the same number of rows whatever was dropped: a group's size must not
    tell how many rows left it.
    """

    def __init__(
        self, path: Path, part: Path, schema: pa.Schema, removed: Removed, **options: Any
    ) -> None:
        """Begin the file of `path` at `part`; `options` are those of any file of pieces."""
        self.path = path
        self.part = part
        self.removed = removed
        self._groups: list[tuple[int, Struct] | None] = []  # in order; None: pyarrow wrote it
        with _writing(path):
            super().__init__(part, schema, **options)

    def add(self, batch: pa.RecordBatch, start: int) -> None:
        """Take a piece whose first row is row `start` of the source."""
        mask = self.removed.mask(start, batch.num_rows)
        self.take(batch if mask is None else batch.filter(mask))

    def flush(self) -> None:
        """Write what is held as a row group."""
        if self._held:
            super().flush()
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


MEMORY = 1 << 30
_MODE = 0o644
_BATCH_ROWS = 16_384  # a piece of ordinary rows stays in the processor's cache
_BATCH_BYTES = 16 << 20
_GROUP_BYTES = 64 << 20


@dataclass(frozen=True)
class Target:
    """A file to write: its final path, and the rows to drop by file_row_number."""

    path: Path
    removed: RowNumbers


@dataclass(frozen=True)
class Written:
    """A file that was written: rows, bytes, SHA-256 of its bytes, what it could not keep."""

    path: Path
    rows: int
    bytes: int
    sha256: str
    notices: tuple[str, ...] = ()


def write_editions(
    source: Path, targets: Sequence[Target], *, memory_bytes: int | None = None
) -> list[Written]:
    """Write every target's rows of `source`, in one pass over it, in one thread.

    Each target appears whole, or not at all, at its path, and is opened again before it
    does; to flush its folder is left to the caller. Editions that lose the same rows are encoded
    once. `memory_bytes` bounds what is held at a time (1 GiB by default; a single value or
    page that is larger than that is still read whole); with another bound the borders of
    row groups differ, and so do the bytes of the files.

    Raises InputError for a source that is damaged, encrypted or not parquet, and for row
    numbers that it does not have; OutputError where a target cannot be written. Either
    leaves no file behind.
    """
    whole(source)
    footer = read_footer(source)
    _refuse(source, targets)
    storage = read_storage(footer)
    room = memory_bytes or MEMORY
    batch_rows = min(_BATCH_ROWS, max(1, min(_BATCH_BYTES, room // 16) // storage.row_bytes))
    group_bytes = min(_GROUP_BYTES, room // (4 * len(targets) + 4))
    group_rows = min(GROUP_ROWS, max(1, group_bytes // storage.row_bytes))
    with ExitStack() as stack:
        file, paths = stack.enter_context(open_physical(footer))
        copier = Copier(footer, stack.enter_context(source.open("rb")))
        options = writer_options(footer, storage, paths, max(1, min(group_rows, footer.rows)))
        options["most_rows"] = group_rows
        options["most_bytes"] = 2 * group_bytes  # rows may be unlike: a run of long captions
        editions: list[EditionFile] = []
        twins = []
        flushes = Flushes(stack.enter_context(ThreadPoolExecutor(1)))
        for target in targets:
            # flushed by `flushes`, with its mode: both wait for the disk once
            part = stack.enter_context(atomic_write(target.path, _MODE, flush=False))
            removed = Removed(target.removed, footer.rows, source)
            if twin := next((e for e in editions if e.removed.are(removed)), None):
                twins.append((target.path, part, twin))
                continue
            schema = file.schema_arrow
            editions.append(EditionFile(target.path, part, schema, removed, **options))
            stack.callback(editions[-1].abandon)
        for span in spans(footer, [edition.removed for edition in editions], copier.can_copy):
            for place in sorted(span.copied):
                with _writing(editions[place].path):
                    for group in span.groups:
                        editions[place].copy(group, copier)
            decoded = [e for place, e in enumerate(editions) if place not in span.copied]
            for batch, start in batches(footer, file, span, batch_rows) if decoded else ():
                for edition in decoded:
                    with _writing(edition.path):
                        edition.add(batch, start)
                ODOMETER.reach(start / footer.rows)
            ODOMETER.reach((span.start + span.rows) / max(1, footer.rows))
        said = tuple(notices(footer, storage))
        made = {e.path: _finish(e, footer, copier, said, flushes) for e in editions}
        for path, part, twin in twins:  # the same rows are the same bytes
            with _writing(path):
                shutil.copyfile(twin.part, part)
                flushes.begin(path, part)
                sha256 = _digest(part)
            if sha256 != made[twin.path].sha256:
                raise OutputError(
                    f"{shown(path)}: came out with other bytes than {shown(twin.path)}, which it "
                    "is a copy of; check the disk, and repeat the command"
                )
            made[path] = replace(made[twin.path], path=path)
        flushes.wait()
        return [made[target.path] for target in targets]


def _refuse(source: Path, targets: Sequence[Target]) -> None:
    """Two targets at one path, or the source itself, would lose rows for good."""
    taken = {source.resolve()}
    for target in targets:
        if target.path.resolve() in taken:
            raise OutputError(
                f"{shown(target.path)}: is the input, or the target of another edition; "
                "choose another folder"
            )
        taken.add(target.path.resolve())


class Flushes:
    """Has the disk take files, while they are digested and the next ones are encoded."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        self._begun: list[tuple[Path, Future[None]]] = []

    def begin(self, path: Path, part: Path) -> None:
        """Begin with the file of `path`, which is whole at `part`."""
        self._begun.append((path, self._pool.submit(_flush, part)))

    def wait(self) -> None:
        """Return when the disk has all; raises OutputError where it cannot take one."""
        for path, flush in self._begun:
            with _writing(path):
                flush.result()


def _flush(part: Path) -> None:
    with part.open("rb") as f:
        os.fchmod(f.fileno(), _MODE)
        os.fsync(f.fileno())


def _digest(part: Path) -> str:
    with part.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Turn errors of the disk and of pyarrow into one line about the target."""
    try:
        yield
    except MemoryError:
        raise OutputError(
            f"{shown(path)}: memory ran out; give more, or run fewer workers"
        ) from None
    except OSError as e:
        raise unwritten(path, e, _reason(e)) from None
    except (pa.ArrowException, ValueError) as e:
        raise OutputError(
            f"{shown(path)}: cannot be written (pyarrow: {type(e).__name__}); nothing was left"
        ) from None


def _reason(error: OSError) -> str:
    """What the system says; pyarrow's own text repeats the path of the temporary file."""
    return os.strerror(error.errno) if error.errno else type(error).__name__


def _finish(
    edition: EditionFile, source: Footer, copier: Copier, said: tuple[str, ...], flushes: Flushes
) -> Written:
    """Close an edition's file, open it again, and see that it holds what it should."""
    with _writing(edition.path):
        rows = edition.close(source, copier)
    flushes.begin(edition.path, edition.part)
    again = read_footer(edition.part)
    if rows != source.rows - len(edition.removed) or again.rows != rows:
        raise OutputError(f"{shown(edition.path)}: came out with another number of rows; report it")
    if again.elements != source.elements or again.key_values != source.key_values:
        raise OutputError(f"{shown(edition.path)}: came out with another schema; report it")
    with _writing(edition.path):
        sha256 = _digest(edition.part)
    return Written(edition.path, rows, again.size, sha256, said)
