"""What the lists of a run are, and what they ask for, so that nothing else is computed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from relaion.engine import Engine
from relaion.lists.database import has_hashes, refuse_other_files
from relaion.lists.key import hmac_digest, key_path, load
from relaion.lists.snapshot import NAME, Snapshot, changed, take
from relaion.lists.store import open_store
from relaion.roles import HASHED_LINK_KINDS, LINK_KINDS
from relaion.run.journal import STORE, Entry, Journal

# -- What the lists and sidecars of a run ask for, so that nothing else is computed ------------


class NeededKinds:
    """Kinds of keys, spellings and row hashes that could match.

    `forms` are the spellings that all lists of hashed links together allow, None for every
    one; `row_hashes` are int64. Reads the store and the table `sidecar_keys`.
    """

    def __init__(self, engine: Engine) -> None:
        listed = {kind for (kind,) in engine.rows("select distinct kind from store.entries")}
        keys = {kind for (kind,) in engine.rows("select distinct key_kind from sidecar_keys")}
        self.kinds = listed | keys
        self.has_links = bool(self.kinds & set(LINK_KINDS))
        self.has_hashed = bool(self.kinds & set(HASHED_LINK_KINDS))
        self.forms = _forms(engine)
        self.row_hashes = _row_hashes(engine)


def _forms(engine: Engine) -> list[str] | None:
    found = engine.rows(
        "select l.forms from store.lists as l semi join (select list_id from store.entries "
        "where kind in ('url_md5', 'url_sha1', 'url_sha256')) as e on l.list_id = e.list_id"
    )
    if any(forms is None for (forms,) in found):
        return None
    return sorted({form for (forms,) in found for form in forms})


def _row_hashes(engine: Engine) -> pa.Array:
    digests = engine.rows(
        "select digest from store.entries where kind = 'row_hash' "
        "union select digest from sidecar_keys where key_kind = 'row_hash'"
    )
    values = [int.from_bytes(bytes.fromhex(digest), "big", signed=True) for (digest,) in digests]
    return pa.array(values, pa.int64())


def view_hashes(engine: Engine) -> None:
    """View `listed_hashes` of the attached store: 64 bits of each entry, as this DuckDB hashes.

    Those that the store holds, where they are that; else they are made in every search.
    """
    stored = engine.is_last and has_hashes(engine, "store.")
    hashes = "hash" if stored else "hash(digest) as hash"
    engine.execute(
        "create or replace temp view listed_hashes as "
        f"select kind, {hashes} from store.entries"  # noqa: S608 - one of two
    )


# -- The list store as a run sees it: which lists, how many entries, under which public digests --


@dataclass(frozen=True)
class KnownLists:
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


def read_known(store: Path, key: Path | None) -> KnownLists:
    """Read the lists of a store, and the curator key beside it (or the one given).

    Raises ListError for a file that is no store, is of another version, or holds no list.
    """
    refuse_other_files(store)  # before a key is missed that no such file has
    return _known(store, load(key or key_path(store)))


def snapshot(store: Path, known: KnownLists, journal: Journal) -> Snapshot:
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
    again = _known(taken.path, known.key, counted=False)  # a store changes by whole lists
    if again.lists != tuple(x | {"entries": {}} for x in known.lists):
        raise changed(store)
    return taken


def _known(store: Path, secret: bytes, *, counted: bool = True) -> KnownLists:
    info = open_store(store, counted=counted)
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
    return KnownLists(lists, kinds, secret)
