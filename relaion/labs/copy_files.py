"""The files of a copy that a lab holds: found, known by their form, and named below OUT."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from relaion.errors import InputError
from relaion.paths import find_files, shown

PARQUET, SAMPLES, STATS = "parquet", "samples", "stats"
STATS_END = "_stats.json"
_PACKED = ("", ".gz", ".zst")
FORMS: Mapping[str, tuple[str, ...]] = {
    PARQUET: (".parquet",),
    "tables": tuple(f".{kind}{packed}" for kind in ("tsv", "csv") for packed in _PACKED),
    "json_lines": tuple(f".{kind}{packed}" for kind in ("jsonl", "ndjson") for packed in _PACKED),
    SAMPLES: (".tar",),
    STATS: (STATS_END,),
}
"""Form, which is the module of `relaion.copies` that reads it, to the ends of its names."""
ENDS = tuple(end for ends in FORMS.values() for end in ends)
_FORMS = (
    "parquet, tar, TSV, CSV or JSON lines (.jsonl, .ndjson), the last three also as .gz or .zst"
)


@dataclass(frozen=True)
class CopyFile:
    """One file of a copy: where it is, its name below OUT, and its form.

    `folder_no` is the same for files of one shard that img2dataset wrote (a tar, its parquet file,
    its stats); None for a file by itself.
    """

    no: int
    path: Path
    name: str
    form: str
    folder_no: int | None = None

    def target(self, out: Path) -> Path:
        """Where it goes."""
        return out / self.name


@dataclass(frozen=True)
class FoundFiles:
    """The files of a copy in order of their names, and paths that are none by their names."""

    files: tuple[CopyFile, ...]
    skipped: tuple[Path, ...] = field(default=())
    notices: tuple[str, ...] = ()


UNLOOKED = "not looked at, though "  # so begins a line on columns or fields of links without a role


class NotOldError(InputError):
    """Raised for an old set that has nothing in common with the edition made of it."""


MOST = 0.01  # row hashes that may differ: of a caption that was mended after it was hashed


def refuse_hashes(path: Path, compared: int, differ: int, more: str = "") -> None:
    """Raise InputError where row hashes are not those of link and caption; `more` ways out."""
    if differ > MOST * compared:
        raise InputError(
            f"{shown(path)}: the row hashes are not LAION's of link and caption "
            f"({differ:,} of {compared:,} compared differ), so they are no identity across copies; "
            f"add --by link{more}"
        )


def shared_line(path: Path, shared: int, compared: int, more: str = "") -> str:
    """The line on a file whose row hashes are none, for rows of different links share them."""
    return (
        f"{shown(path)}: the row hashes are no identity ({shared:,} of {compared:,} compared are "
        f"those of other rows, too), as where one number fills a column; add --by link{more}"
    )


def form_of(path: Path) -> str:
    """The form of a file by the end of its name; parquet for one of another name."""
    name = path.name.lower()
    return next((form for form, ends in FORMS.items() if name.endswith(ends)), PARQUET)


def find_copy(paths: Sequence[Path]) -> FoundFiles:
    """Find the files of a copy; below OUT they keep the names that they have below their PATH.

    Of several PATH arguments each folder keeps its own name too. Raises InputError for a path
    that holds none, for two files that would have one name, and for a file that two of them name.
    """
    places: dict[str, Path] = {}
    names: dict[Path, str] = {}
    skipped: list[Path] = []
    notices: list[str] = []
    for given in paths:
        found = find_files([given], ENDS, _FORMS)
        skipped += found.skipped
        notices += replace(found, skipped=()).notices  # what was skipped the verdict tells
        for shard in found.shards:
            name = _name(shard.path, given, alone=len(paths) == 1)
            if places.setdefault(name, shard.path) != shard.path:
                raise InputError(
                    f"{shown(shard.path)}: {shown(places[name])} would have the same name in OUT; "
                    "name the folder above both, or clean them one by one"
                )
            if names.setdefault(shard.path.resolve(), name) != name:
                raise InputError(
                    f"{shown(given)}: holds {shown(name)}, which another PATH names, too; name "
                    "every file of the copy once"
                )
    if not places:
        raise InputError("no copy is named: name its files or folders behind the diff")
    ordered = sorted(places.items(), key=lambda item: os.fsencode(item[0]))
    return FoundFiles(_numbered(ordered), tuple(sorted(skipped)), tuple(notices))


def _name(path: Path, given: Path, *, alone: bool) -> str:
    if not given.is_dir():
        return path.name
    inside = path.relative_to(given)
    top = Path() if alone else Path(os.path.abspath(given)).name  # noqa: PTH100  as it was called
    return PurePosixPath(top, inside.as_posix()).as_posix()


def _numbered(places: Sequence[tuple[str, Path]]) -> tuple[CopyFile, ...]:
    """Number the files, and put together those of one shard: a tar, its parquet file, its stats."""
    stems: dict[str, set[str]] = {}
    for name, path in places:
        stems.setdefault(_stem(name, path), set()).add(form_of(path))
    together = [stem for stem, forms in stems.items() if len(forms & _OF_ONE_SHARD) > 1]
    folders = {stem: no for no, stem in enumerate(sorted(together))}
    return tuple(
        CopyFile(no, path, name, form_of(path), folders.get(_stem(name, path)))
        for no, (name, path) in enumerate(places)
    )


_OF_ONE_SHARD = {PARQUET, SAMPLES, STATS}


def _stem(name: str, path: Path) -> str:
    """A name without the end that tells its form."""
    end = next((e for e in FORMS[form_of(path)] if name.lower().endswith(e)), "")
    return name[: len(name) - len(end)]
