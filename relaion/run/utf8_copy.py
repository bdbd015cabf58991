"""Shards as DuckDB can read them.

One whose links or captions hold bytes that are no UTF-8 would end a scan, with a message that
quotes them; one whose footer denies values that are there would be read as NULL, without a
word. Both are read through a private copy of the columns that play a role.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from relaion.errors import EngineError
from relaion.parquet.null_claims import hidden_roles
from relaion.parquet.roles import Layout
from relaion.parquet.row_groups import read_through
from relaion.parquet.utf8_copy import bad_text, mend, mended_layout
from relaion.paths import private_folder
from relaion.run.journal import MENDED as FOLDER
from relaion.run.journal import is_vouched, vouch
from relaion.run.survey import Numbered


class Original(NamedTuple):
    """A shard as it came: its number in the run, its path, and what its columns mean.

    `says_empty` is whether its footer may say of a row group that such a column is all NULL.
    """

    no: int
    path: Path
    layout: Layout
    says_empty: bool = True

    def readable(self, work: Path) -> tuple[Path, Layout]:
        """The file to read, with its layout: the private copy where there is a whole one."""
        copy = self._copy(work)
        if not copy.exists():
            return self.path, self.layout
        if not is_vouched(self._note(work), self.no, [copy]):
            self.drop(work)  # cut or zeroed: made again where DuckDB gives up once more
            return self.path, self.layout
        return copy, mended_layout(self.layout)

    def mend(self, work: Path, is_needed: Callable[[Path, Layout], object]) -> bool:
        """Make the private copy where it is needed and lacking; whether it was made."""
        copy = self._copy(work)
        if copy.exists() or not is_needed(self.path, self.layout):
            return False
        private_folder(copy.parent)
        mend(self.path, self.layout, copy)
        vouch(self._note(work), self.no, [copy])
        return True

    def drop(self, work: Path) -> None:
        """Remove the private copy: it may be of other bytes than the file has now."""
        for left in (self._copy(work), self._note(work)):
            left.unlink(missing_ok=True)

    def _copy(self, work: Path) -> Path:
        return work / FOLDER / f"{self.no:06}.parquet"

    def _note(self, work: Path) -> Path:
        return self._copy(work).with_suffix(".json")


def original(n: Numbered) -> Original:
    """A numbered shard, as it came."""
    return Original(n.no, n.shard.path, n.shard.layout, n.shard.says_empty)


def as_read(shards: Iterable[Numbered], work: Path) -> list[Numbered]:
    """The shards, those that were mended with the path and layout of their private copy."""
    found = []
    for n in shards:
        path, layout = original(n).readable(work)
        # no other shard is laid out like a copy, so it is a group of its own
        group = n.group if path == n.shard.path else -1 - n.no
        found.append(replace(n, shard=replace(n.shard, path=path, layout=layout), group=group))
    return found


def mending(shards: Sequence[Original], work: Path, read: Callable[[], None]) -> None:
    """Read some shards; where DuckDB gives up, mend those that need it and read again.

    Those that it would misread are mended before: it would not notice. A shard that it cannot
    read by itself is mended whatever is wrong with it. Raises what `read` raised where none
    needs it.
    """
    for shard in shards:
        if shard.says_empty:
            shard.mend(work, hidden_roles)
    try:
        read()
    except EngineError as e:
        if not any([shard.mend(work, bad_text) for shard in shards]):
            # one that DuckDB cannot open for a column that plays no role, and pyarrow can
            alone = e.by_file and len(shards) == 1
            if not alone:
                raise
            read_through(shards[0].path)  # or is it damaged?
            if not shards[0].mend(work, lambda *_: True):
                raise
        read()
