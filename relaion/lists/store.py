"""The list store: digests of what partners sent, in one private file."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from relaion.engine import Engine
from relaion.errors import InputError, ListError
from relaion.lists.database import has_hashes, new_version, reading, writing
from relaion.lists.ingest import (
    Added,
    Counts,
    Delivery,
    Shown,
    StoredList,
    StoreInfo,
    Withdrawn,
    describe,
    doubts,
    take_in,
)
from relaion.lists.key import create, key_path, load
from relaion.paths import AnyPath, AnyPaths, as_path, as_paths, as_texts, shown

# -- What a list store holds: for people in counts, for runs with what they need to record -----
# A run calls `open_store` first, then `Engine.attach(path, "store")`, and reads `store.entries`
# and `store.lists` in place. A writer replaces the file as a whole, so what a run has attached
# does not change under it.

_ABOUT = ("list_id", "source", "title", "label", "received")
_NUMBERS = ("read", "new", "known", "duplicate")
_LISTS = (
    "select list_id, source, title, label, received, n_read, n_new, n_known, n_duplicate, "
    "added, content_sha256, forms from lists order by list_id"
)


def rows_of_lists(engine: Engine) -> list[dict[str, Any]]:
    """The lists of a store as rows by field name: those of `results`, and `content_sha256`."""
    fields = (*_ABOUT, *_NUMBERS, "added", "content_sha256", "forms")
    rows = [dict(zip(fields, row, strict=True)) for row in engine.rows(_LISTS)]
    return [{**row, "forms": tuple(row["forms"] or ())} for row in rows]


def about(row: dict[str, Any]) -> dict[str, Any]:
    """The fields of a list that every result begins with."""
    return {name: row[name] for name in _ABOUT}


def count_entries(engine: Engine) -> dict[int, dict[str, int]]:
    """Entries by list and kind."""
    found: dict[int, dict[str, int]] = {}
    for list_id, kind, n in engine.rows(
        "select list_id, kind, count(*) from entries group by all order by all"
    ):
        found.setdefault(list_id, {})[kind] = n
    return found


def show(store: AnyPath) -> tuple[Shown, ...]:
    """The lists of a store with their counts: never an entry, a file's name or its digest.

    Raises ListError for a file that is no store of this version.
    """
    with reading(as_path(store)) as engine:
        rows, entries = rows_of_lists(engine), count_entries(engine)
        skipped: dict[int, dict[str, int]] = {}
        for list_id, reason, n in engine.rows("from skipped order by all"):
            skipped.setdefault(list_id, {})[reason] = n
    return tuple(
        Shown(
            **about(row),
            added=row["added"],
            forms=row["forms"],
            entries=entries.get(row["list_id"], {}),
            **{name: row[name] for name in _NUMBERS},
            skipped=skipped.get(row["list_id"], {}),
        )
        for row in rows
    )


def open_store(store: AnyPath, *, counted: bool = True) -> StoreInfo:
    """The lists of a store, for a run that is to use them; their entries where `counted`.

    Raises ListError for a file that is no store of this version or holds no list, EngineError
    while another program has it open for writing.
    """
    store = as_path(store)
    with reading(store) as engine:
        rows = rows_of_lists(engine)
        entries = count_entries(engine) if counted else {}
        ((store_version, key_version),) = engine.rows(
            "select store_version, key_version from store"
        )
    if not rows:
        raise ListError(f"{shown(store)}: holds no list; add one with `relaion lists add`")
    lists = tuple(
        StoredList(
            **about(row),
            content_sha256=row["content_sha256"],
            forms=row["forms"],
            entries=entries.get(row["list_id"], {}),
        )
        for row in rows
    )
    return StoreInfo(store, store_version, key_version, lists)


__all__ = [
    "Added",
    "Shown",
    "StoreInfo",
    "StoredList",
    "Withdrawn",
    "add",
    "open_store",
    "show",
    "withdraw",
]

_MOVES = (
    "insert into store.lists from old.lists where list_id <> ? order by list_id",
    "insert into store.skipped from old.skipped where list_id <> ?",
    "insert into store.files from old.files where list_id <> ?",
    "insert into store.entries select list_id, kind, digest, host_digest, hash(digest) "
    "from old.entries where list_id <> ?",
)
_NO_LIST = 0  # lists are counted from 1


def add(
    store: AnyPath,
    files: AnyPaths,
    *,
    source: str,
    title: str | None = None,
    received: date | str | None = None,
    label: str = "csam",
    kind: str | None = None,
    scope: str | None = None,
    forms: str | Iterable[str] = (),
    file_format: str | None = None,
    columns: str | Iterable[str] = (),
    where: str | Iterable[str] = (),
    ignore: str | Iterable[str] = (),
    role: str | None = None,
    partial: bool = False,
) -> Added:
    """Read a delivery into a list store, which is made with its curator key where there is none.

    All or nothing: a run that fails or is killed leaves the store as it was. The same files
    with the same source, label and options add nothing a second time. `kind` says what all
    entries are, `file_format` (`txt`, `csv`) how lines are to be read, where the files do not
    tell. With `scope`, every link or host stands for its whole `host`, or as a `prefix` for
    all that is below it; without, only `*.example.com` and `example.com/dir/*` do. `forms`
    names the spellings that the giver of hashed links hashed (`raw`, `key-*`), where that is
    known: only in those will the list match. `received` is a date, or its text `2024-03-26`.

    Raises InputError for an option, ListError for a file or a store that cannot be used or a
    delivery without an entry, BusyError while another process writes, OutputError when the
    store cannot be written.
    """
    delivery = describe(
        as_paths(files),
        source=source,
        title=title,
        received=received,
        label=label,
        kind=kind,
        scope=scope,
        forms=as_texts(forms),
        file_format=file_format,
        columns=as_texts(columns),
        where=as_texts(where),
        ignore=as_texts(ignore),
        role=role,
        partial=partial,
    )
    store = as_path(store).resolve()
    with writing(store) as work:
        is_new = not store.exists()
        earlier = None if is_new else _same_delivery(store, delivery)
        if earlier is not None:
            return earlier
        is_anew = is_new or not _has_hashes(store)
        with new_version(store, work, empty=is_anew) as engine:
            if is_anew and not is_new:
                _move(engine, store, _NO_LIST)
            added = _added(engine, delivery)
            if is_new:
                _make_key(key_path(store))
        return added


def _has_hashes(store: Path) -> bool:
    with reading(store) as engine:
        return has_hashes(engine)


def _move(engine: Engine, old: Path, without: int) -> None:
    """Write the lists of an old store into a new one, but for one of them."""
    engine.attach(old, "old")
    engine.execute("update store.store set next_list_id = (select next_list_id from old.store)")
    for move in _MOVES:
        engine.execute(move, [without])
    engine.execute("detach old")


def _same_delivery(store: Path, delivery: Delivery) -> Added | None:
    with reading(store) as engine:
        lists = rows_of_lists(engine)
    same = {"source": delivery.source, "label": delivery.label}
    same["content_sha256"] = delivery.content_sha256
    found = next((row for row in lists if same.items() <= row.items()), None)
    if found is None:
        return None
    notice = f"these files are in the store already, as list {found['list_id']}; nothing was added"
    told = {"title": delivery.title, "received": delivery.received}
    if any(value not in (None, found[name]) for name, value in told.items()):
        notice += (
            f", its title and day stay as they were (to change them: "
            f"`relaion lists withdraw {found['list_id']}`, then add it again)"
        )
    nothing = Counts({}, 0, 0, 0, 0, {})
    return Added(
        **about(found), **vars(nothing), added=False, forms=found["forms"], notices=(notice,)
    )


def _added(engine: Engine, delivery: Delivery) -> Added:
    ((list_id,),) = engine.rows("select next_list_id from store.store")
    engine.execute("update store.store set next_list_id = next_list_id + 1")
    notices = [*doubts(delivery)]
    counts = take_in(engine, delivery, list_id, notices)
    row = (list_id, delivery.source, delivery.title, delivery.label, delivery.received)
    engine.execute(
        "insert into store.lists values "
        "(?, ?, ?, ?, ?, now() at time zone 'UTC', ?, ?, ?, ?, ?, ?::varchar[])",
        [
            *row, delivery.content_sha256, counts.read, counts.new, counts.known, counts.duplicate,
            list(delivery.forms) or None,
        ],
    )  # fmt: skip
    for reason, n in counts.skipped.items():
        engine.execute("insert into store.skipped values (?, ?, ?)", [list_id, reason, n])
    for path, sha256 in zip(delivery.files, delivery.sha256, strict=True):
        engine.execute(
            "insert into store.files values (?, ?, ?)", [list_id, shown(path.name), sha256]
        )
    return Added(*row, **vars(counts), added=True, forms=delivery.forms, notices=tuple(notices))


def _make_key(path: Path) -> None:
    if path.exists():
        load(path)  # of a store that was here before: refused where others may read it
    else:
        create(path)


def withdraw(store: AnyPath, list_id: int) -> Withdrawn:
    """Take a list out of a store: what remains is written to a new file, byte for byte its own.

    An entry that another list holds too stays with that list. Raises InputError when there is
    no such list, otherwise as `add`.
    """
    store = as_path(store).resolve()
    with writing(store) as work:
        with reading(store) as engine:
            lists = {row["list_id"]: row for row in rows_of_lists(engine)}
            if list_id not in lists:
                held = ", ".join(map(str, lists)) or "none"
                raise InputError(f"{shown(store)}: has no list {list_id}; its lists: {held}")
            entries = count_entries(engine)[list_id]
        with new_version(store, work, empty=True) as engine:
            _move(engine, store, list_id)
        return Withdrawn(**about(lists[list_id]), entries=entries)
