"""The list store as a run sees it: which lists, how many entries, under which public digests."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relaion.lists.database import refuse_other_files
from relaion.lists.key import hmac_digest, key_path, load
from relaion.lists.snapshot import NAME, Snapshot, changed, take
from relaion.lists.store import open_store
from relaion.run.ledger import forget_all, read_note, write_note

NOTE = "lists.json"


@dataclass(frozen=True)
class Known:
    """The lists of a store in their public form, entries per kind, and the curator key."""

    lists: tuple[dict[str, Any], ...]
    kinds: dict[str, int]
    key: bytes

    @property
    def sources(self) -> dict[int, str]:
        """Who sent each list."""
        return {x["list_id"]: x["source"] for x in self.lists}

    def seal(self, sha256: str, n: int) -> dict[str, Any]:
        """The public form of a keyword file: its HMAC digest and how many words it holds."""
        return {"digest": hmac_digest(self.key, sha256), "n": n}


def read_known(store: Path, key: Path | None) -> Known:
    """Read the lists of a store, and the curator key beside it (or the one given).

    Raises ListError for a file that is no store, is of another version, or holds no list.
    """
    refuse_other_files(store)  # before a key is missed that no such file has
    return _known(store, load(key or key_path(store)))


def snapshot(store: Path, known: Known, work: Path) -> Snapshot:
    """The store as this run reads it, from its work folder where an earlier try left it.

    Where that one is gone, or was written into, what was found in it is forgotten. Raises
    ListError where the store holds other lists than `known`, which was read of it just now.
    """
    note = work / NOTE
    before = read_note(note, lambda found: Snapshot(work / NAME, store, found[0], found[1]))
    if before is not None and before.is_whole():
        taken = before
    else:
        taken = take(store, work)
        if before is None or before.sha256 != taken.sha256:
            forget_all(work)
        write_note(note, [taken.sha256, taken.mode])
    if _known(taken.path, known.key).lists != known.lists:
        raise changed(store)
    return taken


def _known(store: Path, secret: bytes) -> Known:
    info = open_store(store)
    lists = tuple(
        {
            "list_id": x.list_id,
            "source": x.source,
            "title": x.title,
            "label": x.label,
            "received": x.received.isoformat() if x.received else None,
            "digest": hmac_digest(secret, x.content_sha256),
            "entries": dict(sorted(x.entries.items())),
        }
        for x in info.lists
    )
    kinds: dict[str, int] = {}
    for x in info.lists:
        for kind, n in x.entries.items():
            kinds[kind] = kinds.get(kind, 0) + n
    return Known(lists, kinds, secret)
