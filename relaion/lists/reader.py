"""What a list store holds: for people in counts, for runs with what they need to record.

A run calls `open_store` first, then `Engine.attach(path, "store")`, and reads `store.entries`
and `store.lists` in place. A writer replaces the file as a whole, so what a run has attached
does not change under it.
"""

from __future__ import annotations

from typing import Any

from relaion.engine import Engine
from relaion.errors import ListError
from relaion.lists.database import reading
from relaion.lists.results import Shown, StoredList, StoreInfo
from relaion.paths import AnyPath, as_path, shown

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


def open_store(store: AnyPath) -> StoreInfo:
    """The lists of a store, for a run that is to use them.

    Raises ListError for a file that is no store of this version or holds no list, EngineError
    while another program has it open for writing.
    """
    store = as_path(store)
    with reading(store) as engine:
        rows, entries = rows_of_lists(engine), count_entries(engine)
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
