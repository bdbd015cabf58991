"""Shards as DuckDB sees them, and as it can read them.

One whose links or captions hold bytes that are no UTF-8 would end a scan, with a message that
quotes them; one whose footer denies values that are there would be read as NULL, without a
word. Both are read through a private copy of the columns that play a role.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from relaion.engine import ShardSource
from relaion.errors import EngineError, ShortError
from relaion.parquet.mended import (
    bad_text,
    hidden_roles,
    hides_any,
    mend,
    mended_layout,
    without_claims,
)
from relaion.parquet.roles import Layout
from relaion.parquet.row_groups import read_through
from relaion.paths import file_sha256, private_folder
from relaion.run.journal import is_whole
from relaion.run.numbered import Numbered


def players(layout: Layout) -> dict[str, tuple[tuple[int, str], ...]]:
    """Role to the columns that play it, as `ShardSource` takes them."""
    return {
        role: tuple((c.position, c.name) for c in layout.playing(role)) for role in layout.roles
    }


def sources(shards: Sequence[Numbered]) -> tuple[ShardSource, ...]:
    """What `Engine.view_shards` takes for these shards: one source for those of a group.

    Wherever they stand: each source is one more part of every view, and takes its time.
    """
    groups: dict[int, list[Numbered]] = {}
    for n in shards:
        groups.setdefault(n.group, []).append(n)
    return tuple(
        ShardSource(
            members[0].shard.subset,
            tuple(n.no for n in members),
            tuple(n.shard.path for n in members),
            players(members[0].shard.layout),
        )
        for members in groups.values()
    )


def believable(whole: Path, copy: Path) -> Path:
    """The shard with all its columns; a private copy where its footer denies values that it has."""
    if not hides_any(whole):
        return whole
    private_folder(copy.parent)
    without_claims(whole, copy)
    return copy


FOLDER = "mended"
_DIGITS = 16  # of a SHA-256, in the name of a copy


class Original(NamedTuple):
    """A shard as it came: its number in the run, its path, and what its columns mean.

    `says_empty` is whether its footer may say of a row group that such a column is all NULL.
    """

    no: int
    path: Path
    layout: Layout
    says_empty: bool = True


def original(n: Numbered) -> Original:
    """A numbered shard, as it came."""
    return Original(n.no, n.shard.path, n.shard.layout, n.shard.says_empty)


class Copies:
    """The private copies in a work folder.

    Each is named by its own bytes, and takes that name when it is whole: another try of the same
    task, perhaps on another machine, makes the same file or one of another name, and changes
    nothing of what others read. `known` are the SHA-256 of those that the journal vouches for, by
    number of their shard; what else lies there counts as not there. `made` are those that were
    made since.
    """

    def __init__(self, work: Path, known: Mapping[int, str]) -> None:
        self._folder = work / FOLDER
        self._known = dict(known)
        self.made: dict[int, str] = {}

    def readable(self, shard: Original) -> tuple[Path, Layout]:
        """The file to read, with its layout: the private copy where there is a whole one."""
        known = self._known.get(shard.no)
        if known is None:
            return shard.path, shard.layout
        copy = self._copy(shard, known)
        if shard.no not in self.made and not is_whole(copy, known):
            self.drop(shard)  # cut or zeroed: made again where DuckDB gives up once more
            return shard.path, shard.layout
        return copy, mended_layout(shard.layout)

    def as_read(self, shards: Iterable[Numbered]) -> list[Numbered]:
        """The shards, those that were mended with the path and layout of their copy."""
        found = []
        for n in shards:
            path, layout = self.readable(original(n))
            # no other shard is laid out like a copy, so it is a group of its own
            group = n.group if path == n.shard.path else -1 - n.no
            found.append(replace(n, shard=replace(n.shard, path=path, layout=layout), group=group))
        return found

    def reading(self, shards: Sequence[Original], read: Callable[[], None]) -> None:
        """Read some shards; where DuckDB gives up, mend those that need it and read again.

        Those that it would misread are mended before: it would not notice. A shard that it
        cannot read by itself is mended whatever is wrong with it. Raises what `read` raised
        where none needs it.
        """
        for shard in shards:
            if shard.says_empty:
                self._mend(shard, hidden_roles)
        try:
            read()
        except ShortError:
            if len(shards) == 1:  # a damaged page may say that it holds more than there is room for
                read_through(shards[0].path)
            raise
        except EngineError as e:
            if not any([self._mend(shard, bad_text) for shard in shards]):
                # one that DuckDB cannot open for a column that plays no role, and pyarrow can
                alone = e.by_file and len(shards) == 1
                if not alone:
                    raise
                read_through(shards[0].path)  # or is it damaged?
                if not self._mend(shards[0], lambda *_: True):
                    raise
            read()

    def drop(self, shard: Original) -> None:
        """Forget a copy: it may be of other bytes than the file has now.

        It stays with the work folder: another try may be the one that counts, and read it.
        """
        self._known.pop(shard.no, None)
        self.made.pop(shard.no, None)

    def _mend(self, shard: Original, is_needed: Callable[[Path, Layout], object]) -> bool:
        """Make the private copy where it is needed and lacking; whether it was made."""
        if shard.no in self._known or not is_needed(shard.path, shard.layout):
            return False
        own = private_folder(self._folder) / f".relaion-{secrets.token_hex(8)}.part"
        try:
            mend(shard.path, shard.layout, own)
            sha256 = file_sha256(own)
            own.replace(self._copy(shard, sha256))
        finally:
            own.unlink(missing_ok=True)
        self._known[shard.no] = self.made[shard.no] = sha256
        return True

    def _copy(self, shard: Original, sha256: str) -> Path:
        return self._folder / f"{shard.no:06}-{sha256[:_DIGITS]}.parquet"
