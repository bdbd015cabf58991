"""What the functions of the list store give back: counts and names, never an entry."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path


@dataclass(frozen=True)
class Added:
    """What `add` read. `read` = `new` + `known` + `duplicate` + the sum of `skipped`.

    `entries` counts the entries that the list holds now, by kind; `known` are those of them
    that an earlier list holds too. Where the delivery was in the store already, `list_id` is
    that list, `added` is false and all counts are zero.
    """

    list_id: int
    source: str
    title: str | None
    label: str
    received: date | None
    added: bool
    entries: Mapping[str, int]
    read: int
    new: int
    known: int
    duplicate: int
    skipped: Mapping[str, int]
    forms: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shown:
    """One list of a store; counts as `Added` had them. `added` is UTC.

    `forms` names the spellings that its giver hashed; empty where that is not known.
    """

    list_id: int
    source: str
    title: str | None
    label: str
    received: date | None
    added: datetime
    entries: Mapping[str, int]
    read: int
    new: int
    known: int
    duplicate: int
    skipped: Mapping[str, int]
    forms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Withdrawn:
    """The list that was taken out, and how many entries went with it, by kind."""

    list_id: int
    source: str
    title: str | None
    label: str
    received: date | None
    entries: Mapping[str, int]
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class StoredList:
    """One list as a run needs it. `content_sha256` must not leave the machine unsealed."""

    list_id: int
    source: str
    title: str | None
    label: str
    received: date | None
    content_sha256: str
    entries: Mapping[str, int]
    forms: tuple[str, ...] = ()


@dataclass(frozen=True)
class StoreInfo:
    """A store that this version can read: its lists in the order of their numbers."""

    path: Path
    store_version: int
    key_version: int
    lists: tuple[StoredList, ...]
