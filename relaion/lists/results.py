"""What the functions of the list store give back: counts and names, never an entry."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from relaion.tabled import Tabled


@dataclass(frozen=True)
class ListChanges:
    """What a delivery changed in the list that it brings up to date, in entries.

    `added` are new, `retracted` were taken back, `unchanged` are in both.
    """

    added: int
    retracted: int
    unchanged: int


@dataclass(frozen=True)
class ListAbout(Tabled):
    """What every result says of a list: its number in the store, and what its curator said of it.

    `list_id` is the number; `source` who sent it, `title` what it is called (or None), `label` what
    it is for, `received` the day it came (None where nobody said it).
    """

    list_id: int
    source: str
    title: str | None
    label: str
    received: date | None


@dataclass(frozen=True)
class CountedList(ListAbout):
    """The counts of a list, and `forms`: the spellings that its giver hashed, empty for not known.

    `entries` are by kind, `skipped` by reason. `read` = `new` + `known` + `duplicate` + `retracted`
    + all `skipped`.
    """

    added: object
    entries: Mapping[str, int]
    read: int
    new: int
    known: int
    duplicate: int
    skipped: Mapping[str, int]
    forms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Added(CountedList):
    """What `add` read.

    `entries` counts the entries that the list holds now, by kind; `known` are those that another
    list holds too, or the list that this one `replaces`; `retracted` were taken back by the file
    itself. `records` = `used` + all `lost`: each brought an entry or did not, by reason. `decided`
    are the words of columns that decide, `unusable` digests by algorithm that match nothing. `role`
    is bad or good, `format` the reader that took the file, `changes` what an update changed (None
    for a list of its own). Where the delivery was in the store already, `list_id` is that list,
    `added` is false and all counts are zero; it is false too where nothing was to be stored
    (`dry_run`). `notices` are for whoever added it.
    """

    added: bool
    notices: tuple[str, ...] = ()
    retracted: int = 0
    records: int = 0
    used: int = 0
    lost: Mapping[str, int] = field(default_factory=dict)
    decided: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    unusable: Mapping[str, int] = field(default_factory=dict)
    role: str = "bad"
    format: str = ""
    replaces: int | None = None
    changes: ListChanges | None = None
    dry_run: bool = False


@dataclass(frozen=True)
class Shown(CountedList):
    """One list of a store; counts as `Added` had them. `added` and `withdrawn` are UTC.

    `withdrawn` is None for a list that counts; of one that was withdrawn `entries` are those that
    it had. `role` is bad or good, `format` the reader that took it (empty in stores of before),
    `replaces` the list that it brought up to date, or None; `changes` are what it changed in that
    list, where the store kept it; `updated_by` are the lists that brought it up to date. `records`,
    `used`, `retracted` and `unusable` are as it was read.
    """

    added: datetime
    role: str = "bad"
    format: str = ""
    retracted: int = 0
    records: int = 0
    used: int = 0
    unusable: Mapping[str, int] = field(default_factory=dict)
    replaces: int | None = None
    withdrawn: datetime | None = None
    changes: ListChanges | None = None
    updated_by: tuple[int, ...] = ()


@dataclass(frozen=True)
class Withdrawn(ListAbout):
    """The list that was taken out, and how many `entries` went with it, by kind.

    `notices` are for whoever took it out.
    """

    entries: Mapping[str, int]
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class StoredList(ListAbout):
    """One list as a run needs it. `content_sha256` must not leave the machine unsealed.

    `entries` are by kind, `forms` the spellings that its giver hashed (empty: all are tried),
    `role` bad or good, `replaces` the list that it brought up to date, or None, `unusable` digests
    by algorithm that match nothing.
    """

    content_sha256: str
    entries: Mapping[str, int]
    forms: tuple[str, ...] = ()
    role: str = "bad"
    replaces: int | None = None
    unusable: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class StoreInfo(Tabled):
    """A store that this version can read: its lists in the order of their numbers.

    `path` is its file, `store_version` the version of its tables, `key_version` that of its link
    keys. `taken_back`: lists were withdrawn, or entries taken back by a later delivery. The
    `content_sha256` of those `withdrawn` is sealed already: its HMAC under the curator key.
    """

    path: Path
    store_version: int
    key_version: int
    lists: tuple[StoredList, ...]
    taken_back: bool = False
    withdrawn: tuple[StoredList, ...] = ()
