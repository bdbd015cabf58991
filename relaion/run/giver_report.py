"""A report to the givers of lists: which of their own records hit, and nothing else.

It is for the eyes of a giver, who knows what a record is of; beside what is published it would
say which rows were listed. So it lies in a private folder apart from every output and input.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from relaion.errors import InputError, ListError, OutputError
from relaion.lists.snapshot import Snapshot
from relaion.paths import (
    ShardPath,
    owned_folder,
    refuse_foreign,
    shown,
    sweep,
    sync_folder,
    unwritten,
)
from relaion.run.hits import KnownLists
from relaion.run.outputs import Owners, check_apart, check_apart_from_shards
from relaion.run.pool import Caller, blaming
from relaion.run.settings import Limits


@dataclass(frozen=True)
class Reported:
    """What the report says of the list `list_id` of a `source`: so many of its `records` hit.

    Their ids are in `file`. `without_id` are entries of the list that hit and of which no record
    has an id. `file` is None where there is no record to tell.
    """

    list_id: int
    source: str
    records: int
    without_id: int
    file: Path | None


@dataclass(frozen=True)
class GiverReport:
    """Where the report goes, and the arguments that it must lie apart from."""

    folder: Path
    work: Path | None
    paths: Sequence[Path]

    def check(self) -> None:
        """Refuse a folder that cannot be it, by the arguments alone; raises in one line.

        What a killed run left beside it is removed.
        """
        _refuse_used(self.folder)
        check_apart(self.folder, None, self.paths)
        if self.work is not None and _real(self.work) == _real(self.folder):
            raise InputError(f"{shown(self.folder)}: is the work folder too; name another folder")
        _refuse_output(self.folder)
        sweep(_real(self.folder).parent)

    def check_shards(self, shards: Iterable[ShardPath]) -> None:
        """Refuse it within the folders that links below a PATH led to."""
        check_apart_from_shards(self.folder, None, self.paths, shards)

    def write(
        self, caller: Caller, store: Snapshot, known: KnownLists, entries: Path, limits: Limits
    ) -> tuple[Reported, ...]:
        """Write a file for each list with records that hit `entries`: all of them, or nothing.

        Where no record is to be told there is no folder, either. Lists of what is known good have
        no line. Raises OutputError or ListError.
        """
        target = _real(self.folder)
        with owned_folder("match", target.parent) as made:
            with blaming(store.origin, ListError):
                found = caller.call(
                    "relaion.run.store_entries:write_records", store.path, entries, made.path,
                    self.folder, limits.find_memory,
                )  # fmt: skip
            _refuse_used(self.folder)
            _refuse_output(self.folder)
            try:
                if any(records for records, _ in found.values()):
                    sync_folder(made.path)
                    made.path.rename(target)  # an empty folder may be there, nothing else
                    sync_folder(target.parent)
            except OSError as e:
                raise unwritten(self.folder, e, e.strerror or "no usable path") from None
        listed = [(x["list_id"], x["source"]) for x in known.lists if x["role"] == "bad"]
        return tuple(self._said(i, source, *found.get(i, (0, 0))) for i, source in listed)

    def _said(self, list_id: int, source: str, records: int, without_id: int) -> Reported:
        file = self.folder / name_of(list_id) if records else None
        return Reported(list_id, source, records, without_id, file)


def name_of(list_id: int) -> str:
    """What the file of a list is called."""
    return f"list-{list_id}.csv"


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _refuse_used(folder: Path) -> None:
    refuse_foreign(folder)
    try:
        if folder.exists() and not folder.is_dir():
            raise OutputError(f"{shown(folder)}: is a file; name a new folder")
        if folder.is_dir() and any(folder.iterdir()):
            raise OutputError(f"{shown(folder)}: is not empty; name a new folder")
        if folder.is_dir() and folder.samefile(Path.cwd()):
            raise OutputError(f"{shown(folder)}: is where you are; name a new folder")
    except OSError as e:
        raise OutputError(
            f"{shown(folder)}: cannot be looked at ({e.strerror}); name a new folder"
        ) from None
    above = _real(folder).parent
    if not above.is_dir():
        raise OutputError(f"{shown(folder)}: there is no folder to make it in; make that first")
    if not os.access(above, os.W_OK | os.X_OK):
        raise OutputError(
            f"{shown(folder)}: cannot be written, for nothing can be made beside it; name another"
        )


def _refuse_output(folder: Path) -> None:
    """Refuse what lies in an OUT of `clean`: it may be published, with all that is in it."""
    found = Owners().of(folder / name_of(0))
    if found is not None:
        raise InputError(
            f"{shown(folder)}: lies inside {shown(found.output.folder)}, which `clean` made to be "
            "published; givers' ids are private, so name a folder apart from it"
        )
