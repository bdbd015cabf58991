"""Where outputs lie: ours among what PATH arguments reach, and whether OUT is apart from those.

An output of ours is told by the manifest above a shard, which is looked at under the name by
which it was reached and under the one that it links to. A copy of an edition without its manifest,
or a hard link elsewhere, cannot be told.
"""

import fnmatch
import glob as globbing
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from relaion.errors import InputError
from relaion.paths import ShardPath, shown
from relaion.remote.claim import CLAIM
from relaion.run.plan_note import PLAN, left

MANIFEST = "manifest.json"
AUDIT = "audit.duckdb"
VERIFIED = "verified.json"
WORK = ".work"
MERGED = "merged.json"  # all that is left of a part once it was merged
APPLY = "apply"  # the kind that a manifest of `apply` says


def work_of(out: Path, work: Path | None) -> Path:
    """The private folder of a run: OUT/.work, or one of its own below the `work` given.

    What else lies in `work` is not ours: it is neither closed to others nor removed.
    """
    if work is None:
        return out / WORK
    name = hashlib.sha256(os.fsencode(out.resolve())).hexdigest()[:16]
    return work / f"relaion-{name}"


def maker_of(work: Path) -> str | None:
    """The command whose run broke off, by the plan in its work folder; None where none can tell."""

    def made(note: Any) -> str | None:
        if "plan" not in note:
            return APPLY if "against" in note else None
        if "merge" in note.get("part", ()):
            return "merge"
        return "update" if note["plan"]["lineage"] else "clean"

    try:
        return left(work, made)
    except InputError:
        return None


@dataclass(frozen=True)
class OurOutput:
    """A folder that a command made, or began; its manifest is None where the run broke off."""

    folder: Path
    manifest: dict[str, Any] | None = field(compare=False)

    @property
    def editions(self) -> tuple[str, ...]:
        """The names of its editions; none where the manifest does not say."""
        return tuple(str(e["name"]) for e in (self.manifest or {}).get("editions", ()))

    @property
    def example(self) -> str:
        """An edition to name in place of the whole."""
        return shown(self.folder / (self.editions or ("research",))[0])


@dataclass(frozen=True)
class OwnedShard:
    """A shard of an output, and the folder there (an edition's name) that it lies in."""

    output: OurOutput
    edition: str


class Owners:
    """Finds the output that a file belongs to; every folder is looked at once."""

    def __init__(self) -> None:
        self._known: dict[Path, OurOutput | None] = {}
        self._copies: dict[Path, bool] = {}

    def at(self, folder: Path) -> OurOutput | None:
        """The output that has its top here, if any."""
        if folder not in self._known:
            self._known[folder] = _output(folder)
        return self._known[folder]

    def of(self, path: Path) -> OwnedShard | None:
        """The output that a file lies in, by its own name or by what it links to."""
        for name in _names(path):
            for folder in name.parents:
                found = self.at(folder)
                if found is not None:
                    parts = name.relative_to(folder).parts
                    top = OurOutput(folder.resolve(), found.manifest)
                    return OwnedShard(top, parts[0] if len(parts) > 1 else "")
        return None

    def copy_of(self, path: Path) -> Path | None:
        """The OUT of `apply` that a file lies in, by its own name or by what it links to."""
        for folder in (folder for name in _names(path) for folder in name.parents):
            if folder not in self._copies:
                self._copies[folder] = _is_of_apply(manifest_at(folder / MANIFEST))
            if self._copies[folder]:
                return folder.resolve()
        return None


def _names(path: Path) -> list[Path]:
    # by its own name `a/OUT/../b` seems to lie in OUT
    return [path.resolve(), *([] if ".." in path.parts else [path.absolute()])]


def _is_of_apply(manifest: dict[str, Any] | None) -> bool:
    return manifest is not None and manifest.get("kind") == APPLY


def _output(folder: Path) -> OurOutput | None:
    manifest = manifest_at(folder / MANIFEST)
    if _is_of_apply(manifest):
        return None  # a copy that was cleaned holds every row once, as any data set does
    if manifest is not None or (_is_file(folder / MANIFEST) and _is_file(folder / AUDIT)):
        return OurOutput(folder, manifest or {})
    is_begun = _is_file(folder / WORK / PLAN) or _is_file(folder / CLAIM)  # of one in a store
    return OurOutput(folder, None) if is_begun else None


# `manifest.build` puts this first; whoever writes ours anew may indent it as they like
_BEGINS = re.compile(rb"\s*\{\s*\"relaion\"\s*:")
_ENOUGH = 100


def manifest_at(path: Path) -> dict[str, Any] | None:
    """A manifest of ours; None for none, and for a file of that name that others made."""
    try:
        if not path.is_file():  # a pipe would be waited for
            return None
        with path.open("rb") as f:
            start = f.read(_ENOUGH)
            if not _BEGINS.match(start):  # others' may be of any size
                return None
            found = json.loads(start + f.read())
    except (OSError, ValueError, RecursionError):
        return None
    ours = isinstance(found, dict) and {"relaion", "run", "outputs"} <= set(found)
    return found if ours else None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except PermissionError:  # it lies in the private folder of somebody's run
        return True


def refuse_outputs(paths: Sequence[Path | str], shards: Iterable[ShardPath]) -> None:
    """Refuse inputs that are outputs as a whole: every row would count once for each edition.

    One edition by itself is an input like another. Raises InputError.
    """
    owners = Owners()
    tops = tops_of(paths)
    seen: dict[Path, OwnedShard] = {}
    for shard in shards:
        for folder in entered(shard.path, tops):
            found = owners.at(folder)
            if found is not None:
                raise InputError(_whole(found))
        owned = owners.of(shard.path)
        if owned is None:
            continue
        first = seen.setdefault(owned.output.folder, owned)
        if first.edition != owned.edition:
            raise InputError(_whole(owned.output))


def _whole(found: OurOutput) -> str:
    where = shown(found.folder)
    if found.manifest is None:
        return (
            f"{where}: holds a run that was interrupted, so it is no input; finish that run, or "
            f"remove what it left ({_named(maker_of(found.folder / WORK))} with --out {where} "
            "--purge), or name other folders"
        )
    return (
        f"{where}: is a finished output, whose editions hold the same rows more than once; name "
        f"one of them ({found.example}), or files or folders apart from it"
    )


def tops_of(paths: Sequence[Path | str]) -> frozenset[Path]:
    """The folders that PATH arguments name, by themselves or by a pattern."""
    found: set[Path] = set()
    for given in map(Path, paths):
        if given.is_dir():
            found.add(given)
        elif not given.exists():
            found.update(map(Path, globbing.glob(str(given), recursive=True)))  # noqa: PTH207
    return frozenset(found)


def entered(shard: Path, tops: frozenset[Path]) -> Iterator[Path]:
    """The folders that were walked through to reach a shard, from the outermost PATH on."""
    parents = list(shard.parents)
    outermost = max((i for i, p in enumerate(parents) if p in tops), default=-1)
    yield from parents[: outermost + 1]


# -- Whether OUT and WORK lie apart from the inputs, whatever their names look like ----------
# Folders are compared by what they are on the disk, not by name: a link, `..`, another case or
# another mount of the same folder is the same. Of a folder that is not there yet, the nearest
# one that is counts, and the names below it.

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
    is_file: bool = False  # the pattern is the name of one file

    def meets(self, place: _Place, *, is_out: bool) -> bool:
        """Whether a folder lies where this PATH is searched, or (an OUT) holds it.

        An OUT may lie beside a file: nothing is searched there, and whoever names the folder
        later is told of the OUT by its manifest. A WORK may not: what it holds looks like shards.
        """
        if is_out and self.folder.below(place) is not None:
            return True
        names = place.below(self.folder)
        if names is None:
            return False
        if self.is_file and not is_out:
            return True
        for name, part in zip(names, self.pattern, strict=False):
            if part == "**":
                return True
            if not fnmatch.fnmatchcase(name, part):
                return False
        return is_out or len(names) >= len(self.pattern)


def _given(path: Path) -> Iterator[_Given]:
    if path.is_dir():
        yield _Given(shown(path), _place(path))
    elif path.is_symlink() or path.exists():
        yield from _file(path)
    elif not _GLOB.search(str(path)):
        raise InputError(f"{shown(path)}: no such file or folder; check the path")
    else:
        parts = path.absolute().parts
        first = next(i for i, part in enumerate(parts) if _GLOB.search(part))
        pattern = tuple(part.casefold() for part in parts[first:])
        yield _Given(shown(path), _place(Path(*parts[:first])), pattern)


def _file(path: Path) -> Iterator[_Given]:
    """One file, where it is named and where it lies."""
    for name in {path, Path(os.path.realpath(path))}:
        pattern = (globbing.escape(name.name).casefold(),)
        yield _Given(shown(name.parent), _place(name.parent), pattern, is_file=True)


def refuse_broken_off(out: Path) -> None:
    """Raise InputError where a run broke off, and left nothing yet that could be read."""
    if os.path.lexists(out / WORK) and not any(os.path.lexists(out / x) for x in (MANIFEST, AUDIT)):
        made = _named(maker_of(out / WORK))
        raise InputError(f"{shown(out)}: its run was interrupted; repeat {made} that made it")


def _named(maker: str | None) -> str:
    return f"the `relaion {maker}`" if maker else "the command"


def check_apart(out: Path, work: Path | None, paths: Sequence[Path | str]) -> None:
    """Refuse an OUT that equals, holds or lies inside a PATH; a WORK inside one, or inside OUT.

    OUT may lie beside a PATH that is a file, WORK may not. Looks at the arguments only, so that
    it is known before anything is read. Raises InputError.
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
    files: list[Path] = []  # that a PATH names, by themselves or by a pattern
    for shard in shards:
        walked = set(entered(shard.path, tops))
        if walked:
            folders |= {*walked, shard.path.parent, Path(os.path.realpath(shard.path)).parent}
        else:
            files.append(shard.path)
    _refuse(out, work, (_Given(shown(f), _place(f)) for f in sorted(folders)))
    _refuse(out, work, (given for f in files for given in _file(f)))


def refuse_within_finished(place: Path) -> None:
    """Raise InputError where a file or folder to be written lies inside a finished OUT.

    Its manifest states every file in it, so anything else there breaks what it promises. The OUT
    itself is no matter here: whoever goes on with it looks at what it holds.
    """
    for folder in place.resolve().parents:
        if manifest_at(folder / MANIFEST) is not None:
            raise InputError(
                f"{shown(place)}: lies inside {shown(folder)}, which holds a finished run and "
                "nothing else; name a place apart from it"
            )


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
    # not of what an update goes on from
    if (out / MANIFEST).is_file() and name != shown(place):
        return f"{text} (a finished run lies there: move it away)"
    if (work_of(out, work) / PLAN).is_file():
        return f"{text} (a run was interrupted there: add --purge once to remove what it left)"
    return text
