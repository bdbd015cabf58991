"""The list store as a run sees it: which lists, how many entries, under which public digests."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from relaion.errors import ListError
from relaion.lists.key import hmac_digest, key_path, load
from relaion.lists.snapshot import NAME, Snapshot, changed, take
from relaion.lists.store_file import refuse_other_files
from relaion.run.journal import STORE, Entry, Journal
from relaion.run.pool import HERE, Caller, blaming


@dataclass(frozen=True)
class KnownLists:
    """The lists of a store in their public form, entries per kind, and the curator key.

    `kinds` counts entries that are listed, `known_good` those of each list that another list
    calls known good, `unusable` digests by algorithm that no data set has.
    """

    lists: tuple[dict[str, Any], ...]
    kinds: dict[str, int]
    key: bytes
    known_good: dict[int, int] = field(default_factory=dict)
    unusable: dict[str, int] = field(default_factory=dict)

    @property
    def sources(self) -> dict[int, str]:
        """Who sent each list."""
        return {x["list_id"]: x["source"] for x in self.lists}

    def seal(self, sha256: str, n: int) -> dict[str, Any]:
        """The public form of a keyword file: its HMAC digest and how many words it holds."""
        return {"digest": hmac_digest(self.key, sha256), "n": n}


def read_known(store: Path, key: Path | None, caller: Caller = HERE) -> KnownLists:
    """Read the lists of a store, and the curator key beside it (or the one given).

    Raises ListError for a file that is no store, is of another version, or holds no list.
    """
    refuse_other_files(store)  # before a key is missed that no such file has
    return _known(caller, store, load(key or key_path(store)))


def snapshot(store: Path, known: KnownLists, journal: Journal, caller: Caller = HERE) -> Snapshot:
    """The store as this run reads it, from its work folder where an earlier try left it.

    Where that one is gone, or was written into, what was found in it is forgotten. Raises
    ListError where the store holds other lists than `known`, which was read of it just now.
    """
    work = journal.work
    before = journal.get(STORE, "", lambda found: Snapshot(work / NAME, store, *found))
    if before is not None and before.is_whole():
        taken = before
    else:
        taken = take(store, work)
        if before is None or before.sha256 != taken.sha256:
            journal.forget_search()
        journal.add([Entry(STORE, "", [taken.sha256, taken.mode])])
    # a store changes by whole lists
    again = _known(caller, taken.path, known.key, named=store, counted=False)
    if again.lists != tuple(x | {"entries": {}} for x in known.lists):
        raise changed(store)
    return taken


def _known(
    caller: Caller, store: Path, secret: bytes, *, named: Path | None = None, counted: bool = True
) -> KnownLists:
    with blaming(named or store, ListError):
        found: KnownLists = caller.call(
            "relaion.run.store_entries:read_lists", store, secret, counted=counted
        )
    return found
