"""Whether OUT and WORK lie apart from the inputs, whatever their names look like.

Folders are compared by what they are on the disk, not by name: a link, `..`, another case or
another mount of the same folder is the same. Of a folder that is not there yet, the nearest
one that is counts, and the names below it.
"""

import fnmatch
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from relaion.errors import InputError
from relaion.paths import ShardPath, shown
from relaion.run.out import PLAN, work_of
from relaion.run.outputs import MANIFEST, entered, tops_of

_GLOB = re.compile(r"[*?\[]")
_Id = tuple[int, int]


@dataclass(frozen=True)
class _Place:
    """A folder as it is on the disk: it and those above it that exist, with the names below.

    `above` goes from the folder itself upwards; each has the names that lead from there to it,
    in lower case.
    """

    above: tuple[tuple[_Id, tuple[str, ...]], ...]

    def below(self, other: "_Place") -> tuple[str, ...] | None:
        """The names that lead here from another folder; None where this lies not within it."""
        top, tail = other.above[0]
        for found, names in self.above:
            if found == top and names[: len(tail)] == tail:
                return names[len(tail) :]
        return None


def _place(path: Path) -> _Place:
    real = Path(os.path.realpath(path))
    above = []
    for folder in (real, *real.parents):
        found = _id(folder)
        if found is not None:
            names = real.relative_to(folder).parts
            above.append((found, tuple(n.casefold() for n in names)))
    return _Place(tuple(above))


def _id(path: Path) -> _Id | None:
    try:
        info = path.stat()
    except OSError:
        return None
    return info.st_dev, info.st_ino


@dataclass(frozen=True)
class _Given:
    """What one PATH argument takes in: a folder, and below it a pattern (empty for all)."""

    name: str
    folder: _Place
    pattern: tuple[str, ...] = ()

    def meets(self, place: _Place, *, is_out: bool) -> bool:
        """Whether a folder lies where this PATH is searched, or (an OUT) holds it."""
        if is_out and self.folder.below(place) is not None:
            return True
        names = place.below(self.folder)
        if names is None:
            return False
        for name, part in zip(names, self.pattern, strict=False):
            if part == "**":
                return True
            if not fnmatch.fnmatchcase(name, part):
                return False
        return is_out or len(names) >= len(self.pattern)


def _given(path: Path) -> Iterator[_Given]:
    if path.is_dir():
        yield _Given(shown(path), _place(path))
    elif path.is_symlink() or path.exists() or not _GLOB.search(str(path)):
        for folder in {path.parent, Path(os.path.realpath(path)).parent}:
            yield _Given(shown(folder), _place(folder))
    else:
        parts = path.absolute().parts
        first = next(i for i, part in enumerate(parts) if _GLOB.search(part))
        pattern = tuple(part.casefold() for part in parts[first:])
        yield _Given(shown(path), _place(Path(*parts[:first])), pattern)


def check_apart(out: Path, work: Path | None, paths: Sequence[Path | str]) -> None:
    """Refuse an OUT that equals, holds or lies inside a PATH; a WORK inside one, or inside OUT.

    Looks at the arguments only, so that it is known before anything is read. Raises InputError.
    """
    _refuse(out, work, (g for path in paths for g in _given(Path(path))))
    if work is not None and _place(work).below(_place(out)) is not None:
        raise InputError(
            f"{shown(work)}: the work folder equals OUT or lies inside it; name one apart from "
            "it, or leave --work out"
        )


def check_apart_from_shards(
    out: Path, work: Path | None, paths: Sequence[Path | str], shards: Iterable[ShardPath]
) -> None:
    """The same for the folders that links below a PATH led to, once the shards are found."""
    tops = tops_of(paths)
    folders: set[Path] = set()
    for shard in shards:
        folders |= {shard.path.parent, Path(os.path.realpath(shard.path)).parent}
        folders.update(entered(shard.path, tops))
    _refuse(out, work, (_Given(shown(f), _place(f)) for f in sorted(folders)))


def _refuse(out: Path, work: Path | None, inputs: Iterable[_Given]) -> None:
    targets = {p: _place(p) for p in ((out,) if work is None else (out, work))}
    for given in inputs:
        for place, target in targets.items():
            if given.meets(target, is_out=place is out):
                raise InputError(_refusal(place, given.name, out, work))


def _refusal(place: Path, name: str, out: Path, work: Path | None) -> str:
    text = (
        f"{shown(place)}: equals, holds or lies inside the input folder {name}; inputs are never "
        "modified, so name a folder apart from them"
    )
    if (out / MANIFEST).is_file():
        return f"{text} (a finished run lies there: move it away)"
    if (work_of(out, work) / PLAN).is_file():
        return f"{text} (a run broke off there: add --purge once to remove what it left)"
    return text
