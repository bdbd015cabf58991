"""What a worker asks of the list store: its lists and entries, and the records that hit."""

import csv
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa

from relaion.engine import Engine, connect
from relaion.errors import ListError
from relaion.lists.contents import open_store
from relaion.lists.database import attach_store, has_hashes
from relaion.lists.key import hmac_digest
from relaion.lists.results import StoredList
from relaion.paths import shown, unwritten
from relaion.roles import HASHED_LINK_KINDS, LINK_KINDS
from relaion.run.giver_report import name_of
from relaion.run.hits import KnownLists
from relaion.sqlset import load


def read_lists(store: Path, secret: bytes, *, may_be_empty: bool = False) -> KnownLists:
    """Read a store; raises as `read_known` does."""
    info = open_store(store, may_be_empty=may_be_empty)
    lists = tuple(_line(x, hmac_digest(secret, x.content_sha256)) for x in info.lists)
    withdrawn = tuple(_line(x, x.content_sha256) for x in info.withdrawn)
    listed = [x for x in info.lists if x.role == "bad"]
    if not listed and not may_be_empty:
        raise ListError(
            f"{shown(store)}: holds only lists of what is known good, which remove nothing; add "
            "one of what is listed with `relaion lists add`"
        )
    kinds: Counter[str] = Counter()
    unusable: Counter[str] = Counter()
    for x in listed:
        kinds.update(x.entries)
        unusable.update(x.unusable)
    known_good = _known_good(store) if len(listed) < len(lists) else {}
    return KnownLists(
        lists, dict(kinds), secret, known_good, dict(unusable), info.taken_back, withdrawn
    )  # fmt: skip


def _line(x: StoredList, digest: str) -> dict[str, Any]:
    """A list in its public form."""
    return {
        "list_id": x.list_id,
        "source": x.source,
        "title": x.title,
        "label": x.label,
        "received": x.received.isoformat() if x.received else None,
        "digest": digest,
        "role": x.role,
        "entries": dict(sorted(x.entries.items())),
    }


def _known_good(store: Path) -> dict[int, int]:
    with connect() as engine:
        attach_store(engine, store)
        engine.run(load("lists")["50_known_good"])
        return dict(engine.rows("from known_good"))


def write_records(
    store: Path, entries: Path, folder: Path, named: Path, memory: str
) -> dict[int, tuple[int, int]]:
    """Write a file (0600) for each list; its records, and its entries that hit without an id.

    Ids stand there as the giver wrote them where the store kept them, else as it keeps them:
    128 bits of their SHA-256. `named` is what errors call the folder.
    """
    with connect(memory=memory, temp=entries.parent) as engine:
        attach_store(engine, store)
        engine.read_parquet("hit_entries", [entries])
        engine.run(load("lists")["60_hit_records"])
        lists = engine.rows(
            "select list_id, bool_and(giver_id is not null) from hit_records group by all "
            "order by all"
        )
        without = dict(engine.rows("from hits_without_id"))
        written = {}
        for list_id, is_kept in lists:
            try:
                written[list_id] = _write(engine, list_id, folder, is_kept=is_kept)
            except OSError as e:
                place = named / name_of(list_id)
                raise unwritten(place, e, e.strerror or "no usable path") from None
    return {i: (written.get(i, 0), without.get(i, 0)) for i in {*written, *without}}


def _write(engine: Engine, list_id: int, folder: Path, *, is_kept: bool) -> int:
    column, head = ("giver_id", "record_id") if is_kept else ("id_digest", "record_id_sha256")
    query = f"select distinct {column} from hit_records where list_id = ? order by all"  # noqa: S608
    handle = os.open(folder / name_of(list_id), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    n = 0
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow([head])
        for batch in engine.batches(query, [list_id]):
            out.writerows([giver_id] for giver_id in batch.column(0).to_pylist())
            n += batch.num_rows
        f.flush()
        os.fsync(f.fileno())
    return n


_NO_HASHES = pa.array([], pa.int64())


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
        # of what is not there nothing is asked: it would be looked for among all entries
        self.forms = _forms(engine) if self.has_hashed else []
        self.row_hashes = _row_hashes(engine) if "row_hash" in self.kinds else _NO_HASHES


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


_IS_TABLE = (
    "select exists (from duckdb_tables() where database_name = 'store' and table_name = 'entries')"
)


def view_entries(engine: Engine) -> None:
    """View `listed_entries` of the attached store, with 64 bits of each digest as hash, and places.

    And `near_entries`, those that rows are compared with: all, until others are chosen. Hashes are
    those that the store holds, where this DuckDB makes the same; else made in every search. An
    entry's place is its row in the store, or 63 bits of its hash where `entries` is a view.
    """
    stored = engine.is_last and has_hashes(engine, "store.")
    hashes = "hash" if stored else "hash(digest) as hash"
    ((is_table,),) = engine.rows(_IS_TABLE)
    place = "rowid" if is_table else "(hash >> 1)::bigint"
    listed = (
        f"select list_id, kind, digest, trait_id, {hashes}, {place} as place from store.entries"  # noqa: S608
    )
    engine.execute(f"create or replace temp view listed_entries as {listed}")
    engine.execute("create or replace temp view near_entries as from listed_entries")
