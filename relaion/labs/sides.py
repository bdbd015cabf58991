"""OLD, NEW, DIFF and PATH: does an argument name what its place asks for?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from relaion.errors import InputError
from relaion.labs.applying import read_edition
from relaion.labs.copy_files import CopyFile
from relaion.parquet.footer import MAGIC
from relaion.parquet.roles import Columns, Overrides, overrides_of
from relaion.paths import find_files, find_shards, shown
from relaion.run.numbered import Numbered
from relaion.run.outputs import OwnedShard, Owners
from relaion.run.pool import Caller
from relaion.run.progress import Progress

DIFF_COLUMNS = ("row_hash", "link", "link_gone", "link_bytes")
NO_SET = "is a diff, no data set; name a shard, a folder of shards or a glob"
_SWAPPED = "is a diff, and stands among the files of the copy; write DIFF before PATH"
_WITH_KEEP = (
    "is a diff, and stands among the files of the copy; name one thing to clean by: this DIFF "
    "before PATH, or --keep NEW"
)
_SECOND = (
    "is a diff and no file of a copy; one DIFF goes before PATH, and a second is applied to what "
    "the first made"
)
DIFF_AMONG = "is a diff and no file of the copy; move it elsewhere"


def said_of_rows(columns: Columns | None) -> Overrides:
    """Which column plays url, text or row_hash; raises InputError for what has no use here."""
    chosen: dict[str, str] = {}
    for role, name in overrides_of(columns):
        if role not in ("url", "text", "row_hash"):
            raise InputError(
                f"--column {role}={shown(name)}: rows are known by url, text and row_hash alone"
            )
        if role in chosen:
            several = (
                "; where rows have several links, apply once with each, every time to what the "
                "last one made, so that a row stays which NEW has by all of them"
            )
            raise InputError(
                f"--column {role}: named twice; a row is known by one {role}"
                + (several if role == "url" else "")
            )
        chosen[role] = name
    return tuple(chosen.items())


def refuse_diffs(caller: Caller, paths: Sequence[Path], why: str) -> None:
    """Raise InputError, saying why, where one of some files is a diff of ours."""
    files = [path for path in paths if path.is_file()]
    for path in caller.call("relaion.labs.diff_file:diffs_among", files) if files else ():
        raise InputError(f"{shown(path)}: {why}")


def refuse_misplaced(
    caller: Caller, paths: Sequence[Path], keep: Sequence[Path], diff: Path | None
) -> None:
    """Raise InputError where a diff stands in place of the copy, or the other way round."""
    if diff is None:
        refuse_diffs(caller, paths, _WITH_KEEP)
        return
    is_one = diff.is_file() and caller.call("relaion.labs.diff_file:diffs_among", [diff])
    refuse_diffs(caller, paths, _SECOND if is_one else _SWAPPED)
    refuse_folder(diff, "write DIFF before PATH, or name a published edition with --keep")


def refuse_folder(diff: Path, way_out: str) -> None:
    """Raise InputError for a folder in place of a diff."""
    if diff.is_dir():
        raise InputError(f"{shown(diff)}: is a folder, no diff; {way_out}")


def read_set(
    caller: Caller,
    paths: Sequence[Path],
    first: int,
    said: Overrides,
    progress: Progress,
    no_set: str = NO_SET,
) -> tuple[Numbered, ...]:
    """The shards of a set, as `read_edition` reads them.

    InputError says `no_set` where what was named is a diff of ours.
    """
    try:
        return read_edition(caller, paths, first, said, progress)
    except InputError:
        refuse_diffs(caller, [s.path for s in find_shards(paths, twins=True).shards], no_set)
        raise


def named_as(paths: Sequence[Path], shard: Path) -> str:
    """The argument by which a shard was found."""
    return shown(next((p for p in paths if shard.is_relative_to(p)), paths[0]))


def refuse_same(
    paths: Sequence[Path],
    old: Sequence[Numbered],
    new: Sequence[Numbered],
    named: str,
    way_out: str,
) -> None:
    """Raise InputError where a set is named twice: nothing would have left it.

    `paths` name the new one.
    """
    places = [{n.shard.path.resolve() for n in shards} for shards in (old, new)]
    if old and places[0] == places[1]:
        raise InputError(
            f"{named_as(paths, new[0].shard.path)}: holds the files of both {named}; {way_out}"
        )


def refuse_swapped(
    paths: Sequence[Path],
    old: Sequence[Numbered],
    new: Sequence[Numbered],
    named: str,
    way_out: str,
) -> None:
    """Raise InputError where the manifest above the set before says that it was made of the other.

    Shards are told by name and rows: which folder they lie in depends on how they were named.
    `paths` name the other.
    """
    owners = Owners()
    owned = owners.of(old[0].shard.path) if old else None
    made = owned.output.manifest if owned else None
    if owned is None or not made or not new:
        return
    other = owners.of(new[0].shard.path)
    if other is not None and other.output == owned.output:
        return
    stated = Counter((x["shard"], x["rows"]) for x in made.get("inputs", ()))
    if Counter((n.shard.name, n.shard.rows) for n in new) <= stated:
        raise InputError(
            f"{shown(owned.output.folder / owned.edition)}: was made of "
            f"{named_as(paths, new[0].shard.path)}, so it is {named}; {way_out}"
        )


def refuse_copy_for_edition(
    keep: Sequence[Path], paths: Sequence[Path], copies: Sequence[CopyFile]
) -> None:
    """Raise InputError where NEW holds no shard, and say so where PATH is what a curator made.

    `paths` name the copy, `copies` are its files.
    """
    if not keep:
        return
    owners = Owners()
    owned = ((f.path, owners.of(f.path)) for f in copies)
    made = next(((path, x.output.folder) for path, x in owned if x is not None), None)
    way = "with --keep the published edition, whose files end in .parquet"
    if made is not None:
        way += (
            f", and the copy as PATH: {named_as(paths, made[0])} was made by a run, says the "
            f"manifest in {shown(made[1])}, so swap the two"
        )
    found = find_files(keep, (".parquet",), way, "shard of an edition")
    if made is not None:
        for shard in found.shards:  # a file that is named itself, whatever it is called
            if shard.path.suffix != ".parquet" and not _begins_as_parquet(shard.path):
                raise InputError(f"{shown(shard.path)}: is no shard of an edition; name {way}")


def _begins_as_parquet(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == MAGIC
    except OSError:
        return False


def refuse_edition_for_copy(
    paths: Sequence[Path], copies: Sequence[CopyFile], new: Sequence[Numbered], *, yes: bool
) -> None:
    """Raise InputError where the copy is a curator's edition by its manifest, and NEW is none.

    `paths` name the copy, `copies` are its files; `yes` is that it was checked.
    """
    if yes or not new:
        return
    owners = Owners()

    def edition(path: Path) -> OwnedShard | None:
        owned = owners.of(path)
        return owned if owned is not None and owned.edition in owned.output.editions else None

    found = next((f.path for f in copies if edition(f.path)), None)
    if found and (owned := edition(found)) and not any(edition(n.shard.path) for n in new):
        raise InputError(
            f"{named_as(paths, found)}: is the edition {shown(owned.edition)} of "
            f"{shown(owned.output.folder)} by the manifest there, and --keep NEW is of none; swap "
            "the two, or add --yes-i-checked if it is this edition that is to be cleaned"
        )
