"""Writing shards true to their source: everything stays as it was but the removed rows.

A shard is decoded once, and every edition is written from the same pieces. Kept are names,
types and nullability (two columns that differ only in case too), key-value metadata byte
for byte, row order, codecs, INT96, names inside lists. Encodings, compression levels,
`created_by` and the borders of row groups may change.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa

from relaion.errors import OutputError
from relaion.paths import shown, unwritten, whole_file
from relaion.shards.copied import Copier
from relaion.shards.edition import GROUP_ROWS, Edition, Shape
from relaion.shards.footer import read_footer
from relaion.shards.masks import Removed, RowNumbers
from relaion.shards.metadata import Footer
from relaion.shards.options import notices, writer_options
from relaion.shards.physical import open_physical
from relaion.shards.spans import Span, batches, spans
from relaion.shards.traits import read_storage

Outputs: TypeAlias = "list[tuple[Target, Edition]]"

MEMORY = 1 << 30
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
    does. `memory_bytes` bounds what is held at a time (1 GiB by default; a single value or
    page that is larger than that is still read whole); with another bound the borders of
    row groups differ, and so do the bytes of the files.

    Raises InputError for a source that is damaged, encrypted or not parquet, and for row
    numbers that it does not have; OutputError where a target cannot be written. Either
    leaves no file behind.
    """
    footer = read_footer(source)
    _refuse(source, targets)
    storage = read_storage(footer)
    room = memory_bytes or MEMORY
    batch_rows = min(_BATCH_ROWS, max(1, min(_BATCH_BYTES, room // 16) // storage.row_bytes))
    group_bytes = min(_GROUP_BYTES, room // (4 * len(targets) + 4))
    group_rows = min(GROUP_ROWS, max(1, group_bytes // storage.row_bytes))
    shape = Shape(group_rows, 2 * group_bytes)  # rows may be unlike: a run of long captions
    with ExitStack() as stack:
        file, physical = stack.enter_context(open_physical(footer))
        copier = Copier(footer, stack.enter_context(source.open("rb")))
        options = writer_options(footer, storage, physical, max(1, min(group_rows, footer.rows)))
        editions = []
        for target in targets:
            part = stack.enter_context(whole_file(target.path))
            removed = Removed(target.removed, footer.rows, source)
            with _writing(target.path):
                editions.append(Edition(part, physical.schema, removed, options, shape))
            stack.callback(editions[-1].abandon)
        outputs = list(zip(targets, editions, strict=True))
        for span in spans(footer, [edition.removed for edition in editions], copier.can_copy):
            decoded = _copy(span, outputs, copier)
            for batch, start in batches(footer, file, span, batch_rows) if decoded else ():
                for target, edition in decoded:
                    with _writing(target.path):
                        edition.add(batch, start)
        said = tuple(notices(footer, storage))
        return [_finish(target, edition, footer, copier, said) for target, edition in outputs]


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


def _copy(span: Span, outputs: Outputs, copier: Copier) -> Outputs:
    """Copy a span's row groups for the targets that lose nothing there; returns the others."""
    for place in sorted(span.copied):
        target, edition = outputs[place]
        with _writing(target.path):
            for group in span.groups:
                edition.copy(group, copier)
    return [output for place, output in enumerate(outputs) if place not in span.copied]


def _flushed_digest(part: Path) -> str:
    """SHA-256 of a file, computed while the disk takes it: `whole_file` then need not wait."""
    with part.open("rb") as f, ThreadPoolExecutor(1) as pool:
        flushed = pool.submit(os.fsync, f.fileno())
        sha256 = hashlib.file_digest(f, "sha256").hexdigest()
        flushed.result()
    return sha256


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
    target: Target, edition: Edition, source: Footer, copier: Copier, said: tuple[str, ...]
) -> Written:
    """Close an edition's file, open it again, and see that it holds what it should."""
    with _writing(target.path):
        rows = edition.close(source, copier)
    again = read_footer(edition.part)
    if rows != source.rows - len(edition.removed) or again.rows != rows:
        raise OutputError(f"{shown(target.path)}: came out with another number of rows; report it")
    if again.elements != source.elements or again.key_values != source.key_values:
        raise OutputError(f"{shown(target.path)}: came out with another schema; report it")
    with _writing(target.path):
        sha256 = _flushed_digest(edition.part)
    return Written(target.path, rows, again.size, sha256, said)
