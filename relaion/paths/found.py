"""What a list of PATH arguments holds."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from relaion.errors import InputError
from relaion.paths.names import shown


@dataclass(frozen=True)
class ShardPath:
    """One parquet file, the subset (folder) it is audited with, and its name there."""

    path: Path
    subset: str

    @property
    def name(self) -> str:
        """File name, as it will stand in every edition."""
        return self.path.name


@dataclass(frozen=True)
class Found:
    """What a list of PATH arguments holds: files in order, and what was passed over.

    `skipped` are files and folders that are not wanted by their name, `looped` folders that a
    symlink leads back to, `repeated` other names of files that are counted already. `noun`
    says what a file is to people.
    """

    shards: tuple[ShardPath, ...]
    skipped: tuple[Path, ...] = ()
    looped: tuple[Path, ...] = ()
    repeated: tuple[Path, ...] = ()
    noun: str = "shard"
    endings: tuple[str, ...] = (".parquet",)

    def refuse_twins(self) -> None:
        """Raise InputError for two shards of the same name in one subset."""
        for a, b in itertools.pairwise(self.shards):
            if (a.subset, a.name) == (b.subset, b.name):
                raise InputError(
                    f"{shown(b.path)}: subset {shown(a.subset)} has a shard {shown(a.name)} "
                    f"already ({shown(a.path)}); name the folder above both, so that their "
                    "subsets differ"
                )

    @property
    def notices(self) -> tuple[str, ...]:
        """One line a kind of thing passed over, with a count and up to three names."""
        noun, ends = self.noun, " or ".join(self.endings)
        told = (
            (self.skipped, f"not read, no {noun} by its name (hidden, or does not end in {ends})"),
            (self.looped, "not entered, a link to a folder that was read already"),
            (self.repeated, f"not read twice, another name of a {noun} that was read already"),
        )
        return tuple(f"{_counted(paths)}: {why}" for paths, why in told if paths)


def _counted(paths: Sequence[Path]) -> str:
    names = ", ".join(shown(path.name) for path in paths[:3])
    more = ", …" if len(paths) > 3 else ""
    return f"{len(paths)} {'path' if len(paths) == 1 else 'paths'} ({names}{more})"
