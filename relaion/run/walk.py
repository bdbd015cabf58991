"""Which rows of a shard does an edition of it lack? The two are walked side by side.

An edition keeps the rows of its shard in order, so each of its rows is the next one of the shard
that is equal. Rows are compared by 64 bits of all their columns, under a salt that nobody knows
before: whoever made the data cannot have made two rows that look alike.
"""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from relaion.engine import Engine, connect, quote
from relaion.errors import EngineError, InputError
from relaion.parquet.mended import mend_whole
from relaion.paths import private_folder, remove_tree, shown
from relaion.run.sources import believable

FOLDER = "walked"


def missing_rows(
    shard: Path, edition: Path, names: Sequence[str], work: Path, memory: str
) -> pa.Array:
    """The numbers of the rows (int64, from 0, in order) that an edition of a shard lacks.

    `names` are those of all columns; private copies that are needed are made in `work`. Raises
    InputError where the edition is not the shard without some of its rows.
    """
    with _folder_of_its_own(work) as folder:
        copies = folder / "shard.parquet", folder / "edition.parquet"
        read = believable(shard, copies[0]), believable(edition, copies[1])
        try:
            return _missing(*read, names, work, memory, told=(shard, edition))
        except EngineError as e:
            if not e.by_file:
                raise
        private_folder(folder)  # one of them DuckDB cannot read as it is
        for whole, copy in zip((shard, edition), copies, strict=True):
            mend_whole(whole, copy)
        return _missing(*copies, names, work, memory, told=(shard, edition))


@contextmanager
def _folder_of_its_own(work: Path) -> Iterator[Path]:
    """Where private copies lie, if there are any: other processes walk at the same time."""
    folder = work / FOLDER / secrets.token_hex(8)
    try:
        yield folder
    finally:
        if folder.is_dir():
            remove_tree(folder)


def _missing(
    shard: Path,
    edition: Path,
    names: Sequence[str],
    work: Path,
    memory: str,
    told: tuple[Path, Path],
) -> pa.Array:
    salt = secrets.token_hex(16)
    with (
        connect(threads=1, memory=memory, temp=work) as one,
        connect(threads=1, memory=memory, temp=work) as other,
    ):
        kept = _Ahead(_hashes(one, edition, names, salt))
        found = enumerate(_hashes(other, shard, names, salt))
        missing = [row for row, hashed in found if not kept.takes(hashed)]
    if not kept.is_done:
        shard, edition = told
        raise InputError(
            f"{shown(edition)}: holds a row, or an order of rows, that {shown(shard)} does not "
            "have; is it an edition of other data? check it with `relaion verify`"
        )
    return pa.array(missing, pa.int64())


class _Ahead:
    """The next row of the edition, which waits for its like."""

    def __init__(self, hashes: Iterator[int]) -> None:
        self._hashes = hashes
        self._next = next(hashes, None)

    def takes(self, found: int) -> bool:
        if found != self._next:
            return False
        self._next = next(self._hashes, None)
        return True

    @property
    def is_done(self) -> bool:
        return self._next is None


def _hashes(engine: Engine, path: Path, names: Sequence[str], salt: str) -> Iterator[int]:
    """A number for each row of a file, in order."""
    engine.view_source(0, path, names)
    columns = [name for name, *_ in engine.rows("describe source")][-len(names) :] if names else []
    row = ", ".join(["?", *map(quote, columns)])
    query = f"select hash({row}) as found from source order by file_row_number"  # noqa: S608
    for batch in engine.batches(query, [salt]):
        yield from batch.column(0).to_pylist()
