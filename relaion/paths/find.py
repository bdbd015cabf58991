"""From PATH arguments to shards."""

import glob as globbing
import itertools
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from relaion.errors import InputError
from relaion.paths.names import is_address, is_pattern, shown
from relaion.paths.to_parquet import is_lines, to_parquet

# -- What a list of PATH arguments holds -------------------------------------------------------


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
    says what a file is to people, `forms` which there are, where they are more than one.
    """

    shards: tuple[ShardPath, ...]
    skipped: tuple[Path, ...] = ()
    looped: tuple[Path, ...] = ()
    repeated: tuple[Path, ...] = ()
    noun: str = "shard"
    endings: tuple[str, ...] = (".parquet",)
    forms: str = ""

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


_OF_COPIES = tuple(
    f".{kind}{packed}"
    for kind in ("tsv", "csv", "jsonl", "ndjson", "tar")
    for packed in ("", ".gz", ".zst")
)
_SIDECARS = (".parquet", ".tsv", ".tsv.gz")


def find_shards(paths: Sequence[Path | str], *, twins: bool = False) -> Found:
    """Expand files, folders and globs to shards, sorted by subset and name.

    A folder is searched to the bottom; its shards' subset is their folder's path below it,
    or its own name where they lie directly in it. A file or a glob's match belongs to the
    subset named after its folder. What is hidden (`.x`, and `_x` as Spark has it, unless it
    is a partition `_k=v`) or does not end in `.parquet` is passed over; a file that is named
    itself is taken whatever it is called. Symlinks are followed, a file or folder reached
    twice counts once. Raises InputError for a path that does not exist or cannot be read, a
    link to nothing, for no shard at all, and for two shards of the same name in one subset
    (unless `twins`: for who looks at the places only).
    """
    found = _find(paths, Found(()))
    if not twins:
        found.refuse_twins()
    return found


def find_sidecars(paths: Sequence[Path | str]) -> Found:
    """Expand files, folders and globs to sidecars, by the rules of `find_shards`.

    A sidecar's name ends in `.parquet`, `.tsv` or `.tsv.gz`. Two of the same name may lie in
    folders of the same name: nothing is written under it. Raises as `find_shards` does.
    """
    return _find(paths, Found((), noun="sidecar", endings=_SIDECARS))


def find_files(
    paths: Sequence[Path | str],
    endings: tuple[str, ...],
    forms: str = "",
    noun: str = "file of a copy",
) -> Found:
    """Expand files, folders and globs to files of a copy, by the rules of `find_shards`.

    Where there is none, an error says to name `forms`.
    """
    return _find(paths, Found((), noun=noun, endings=endings, forms=forms))


def _find(paths: Sequence[Path | str], empty: Found) -> Found:
    search = _Search(empty.endings)
    for given in paths:
        search.add(given)
    if not search.shards:
        named = ", ".join(shown(p) for p in paths) or "no path given"
        what = "parquet shard" if empty.noun == "shard" else empty.noun
        among = f" among {_counted(sorted(search.skipped))}" if search.skipped else ""
        wanted = empty.forms or f"files that end in {' or '.join(empty.endings)}"
        if empty.noun == "shard":
            wanted += _other_forms(sorted(search.skipped))
        is_named_so = any(str(p).endswith(empty.endings) and Path(p).is_dir() for p in paths)
        is_folder = "is a folder, with " if is_named_so else ""
        raise InputError(f"{named}: {is_folder}no {what} found{among}; name {wanted}")
    ordered = sorted(search.shards.values(), key=lambda s: (s.subset, os.fsencode(s.name)))
    return replace(
        empty,
        shards=tuple(ordered),
        skipped=tuple(sorted(search.skipped)),
        looped=tuple(sorted(search.looped)),
        repeated=tuple(sorted(search.repeated)),
    )


def _other_forms(skipped: Sequence[Path]) -> str:
    """What to do with files of other forms, of which one is taken for an example."""
    some = [p for p in skipped if p.name.lower().endswith(_OF_COPIES) and not _is_hidden(p.name)]
    if not some:
        return ""
    commands = (to_parquet(p) for p in some if is_lines(p))
    command = next((c for c in commands if c), None)
    made = f" (each can be made one, such as: {command})" if command else ""
    return (
        f"{made}. To clean a copy in its own form with what its publisher gave out, there is "
        "`relaion apply`"
    )


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or (name.startswith("_") and "=" not in name)


def _folder_name(folder: Path) -> str:
    # the name that the user sees, so a symlink's own one; `.` and `..` have none
    return Path(os.path.abspath(folder)).name or "root"  # noqa: PTH100  resolve() follows links


class _Search:
    """What was found so far, over all PATH arguments."""

    def __init__(self, endings: tuple[str, ...]) -> None:
        self._endings = endings
        self.shards: dict[Path, ShardPath] = {}
        self.skipped: set[Path] = set()
        self.looped: set[Path] = set()
        self.repeated: set[Path] = set()

    def add(self, given: Path | str) -> None:
        """Expand one PATH argument."""
        if not str(given):
            raise InputError("an empty path was given; name a shard, a folder or a glob")
        try:
            self._expand(Path(given))
        except OSError as e:
            raise _unreadable(e, given) from None

    def _expand(self, path: Path) -> None:
        if path.is_dir():
            self._walk(path, set())
        elif path.is_symlink() or path.exists():
            self._take(path, _folder_name(path.parent))
        elif is_address(path):
            raise InputError(
                f"{shown(path)}: this command reads files of this machine only; fetch it, and name "
                "the file or folder"
            )
        elif is_pattern(path):
            self._match(path)
        else:
            raise InputError(f"{shown(path)}: no such file or folder; check the path")

    def _is_wanted(self, name: str) -> bool:
        return name.lower().endswith(self._endings) and not _is_hidden(name)

    def _take(self, path: Path, subset: str) -> None:
        try:
            real = path.resolve(strict=True)
        except PermissionError:
            raise
        except (OSError, RuntimeError):  # a dangling link, or one that leads to itself
            restore = "run git annex get" if _is_annexed(path) else "restore or remove it"
            raise InputError(
                f"{shown(path)}: is a link to a file that is not there; {restore}"
            ) from None
        if not real.is_file():
            raise InputError(f"{shown(path)}: is not a regular file; name a file to read")
        known = self.shards.setdefault(real, ShardPath(path, subset))
        if _where(known.path) != _where(path):
            self.repeated.add(path)

    def _match(self, pattern: Path) -> None:
        matches = globbing.glob(str(pattern), recursive=True)  # noqa: PTH207  absolute, too
        if not matches:
            raise InputError(f"{shown(pattern)}: the pattern matches no file; check the path")
        seen: set[tuple[int, int]] = set()
        for match in sorted(map(Path, matches), key=_linked_last):
            if match.is_dir():
                self._walk(match, seen)
            elif self._is_wanted(match.name):
                self._take(match, _folder_name(match.parent))
            else:
                self.skipped.add(match)

    def _walk(self, top: Path, seen: set[tuple[int, int]]) -> None:
        for folder, folders, files in os.walk(top, followlinks=True, onerror=_stop):
            here = Path(folder)
            info = here.stat()
            if (info.st_dev, info.st_ino) in seen:  # a symlink back up: each folder once
                self.looped.update({here} - {top})
                folders.clear()
                continue
            seen.add((info.st_dev, info.st_ino))
            self.skipped.update(here / f for f in folders if _is_hidden(f))
            folders[:] = _own_first(here, (f for f in folders if not _is_hidden(f)))
            subset = _folder_name(top) if here == top else here.relative_to(top).as_posix()
            for name in _own_first(here, files):
                path = here / name
                # a link to nothing may have been a folder of shards, so it is not passed over
                lost = path.is_symlink() and not path.exists() and not _is_hidden(name)
                if self._is_wanted(name) or lost:
                    self._take(path, subset)
                else:
                    self.skipped.add(path)


def _is_annexed(link: Path) -> bool:
    """Whether a link leads to where git-annex would keep a file's content."""
    try:
        return "annex/objects" in link.readlink().as_posix()
    except OSError:
        return False


def _linked_last(path: Path) -> tuple[bool, bytes]:
    # a pattern enters links too, even back up: what is reached twice keeps its own name
    return os.path.realpath(path) != os.path.abspath(path), os.fsencode(path)  # noqa: PTH100


def _own_first(folder: Path, names: Iterable[str]) -> list[str]:
    """Names in order, symlinks last: what is reached twice keeps its own name."""
    return sorted(names, key=lambda name: ((folder / name).is_symlink(), os.fsencode(name)))


def _where(path: Path) -> Path:
    """The place of a name itself, whatever it links to."""
    return path.parent.resolve() / path.name


def _unreadable(error: OSError, given: Path | str) -> InputError:
    return InputError(
        f"{shown(error.filename or given)}: cannot be read ({error.strerror}); "
        "change its permissions or leave it out"
    )


def _stop(error: OSError) -> None:
    # os.walk passes over what it cannot read unless told otherwise
    raise error
