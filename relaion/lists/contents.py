"""What a list store holds: its lists and their counts, for people and for runs; never an entry.

A run calls `open_store` first, then `attach_store`, and reads `store.entries` and `store.lists` in
place. A writer (`store.py`) replaces the file as a whole, so what a run has attached does not
change under it. Nothing here loads what reads partners' files, which takes a third of a second.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from relaion.engine import Engine
from relaion.errors import ListError
from relaion.lists.database import reading
from relaion.lists.results import ListAbout, ListChanges, Shown, StoredList, StoreInfo
from relaion.paths import AnyPath, as_path, shown
from relaion.tabled import Results

COLUMNS = (
    "list_id", "source", "title", "label", "received", "n_read", "n_new", "n_known", "n_duplicate",
    "n_retracted", "n_records", "n_used", "added", "content_sha256", "forms", "role", "format",
    "settings", "replaces", "withdrawn", "entries_then",
)  # fmt: skip
_LISTS = f"select {', '.join(COLUMNS)} from lists order by list_id"  # noqa: S608 - ours
_Result = TypeVar("_Result", bound=ListAbout)


def rows_of_lists(engine: Engine, *, history: bool = False) -> list[dict[str, Any]]:
    """The lists of a store as rows by field name; those withdrawn only for the `history`."""
    names = [name.removeprefix("n_") for name in COLUMNS]
    rows = [dict(zip(names, row, strict=True)) for row in engine.rows(_LISTS)]
    held = [row for row in rows if history or row["withdrawn"] is None]
    return [{**row, "forms": tuple(row["forms"] or ())} for row in held]


def no_such_list(engine: Engine, list_id: int) -> str:
    """What to say of a number that a store has no list of, or no longer one."""
    rows = {row["list_id"]: row for row in rows_of_lists(engine, history=True)}
    held = "its lists: " + (_ranges(i for i, x in rows.items() if x["withdrawn"] is None) or "none")
    if list_id in rows:
        return f"list {list_id} was withdrawn on {rows[list_id]['withdrawn']:%Y-%m-%d}; {held}"
    return f"has no list {list_id}; {held}"


def _ranges(numbers: Iterable[int]) -> str:
    """Numbers in order, each run of them as its ends: `1-3, 7`."""
    runs: list[list[int]] = []
    for n in numbers:
        if runs and n == runs[-1][-1] + 1:
            runs[-1] = [runs[-1][0], n]
        else:
            runs.append([n])
    return ", ".join("-".join(map(str, run)) for run in runs)


def result_of(kind: type[_Result], row: Mapping[str, Any], **more: Any) -> _Result:
    """A list as a result of this class: its fields by name, and more of them."""
    return kind(**{f.name: row[f.name] for f in fields(kind) if f.name in row} | more)


def count_entries(engine: Engine) -> dict[int, dict[str, int]]:
    """Entries by list and kind."""
    return _by_list(engine, "select list_id, kind, count(*) from entries group by all order by all")


def _by_list(engine: Engine, query: str) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    for list_id, name, n in engine.rows(query):
        found.setdefault(list_id, {})[name] = n
    return found


_UNUSABLE = "select list_id, algorithm, n from unusable order by all"


def show(store: AnyPath, *, history: bool = False) -> Results[Shown]:
    """The lists of a store with their counts: never an entry, a file's name or its digest.

    Args:
        store: The list store.
        history: Those that were withdrawn, too.

    Returns:
        The lists in the order of their numbers.

    Raises:
        ListError: For a file that is no store of this version.
    """
    with reading(as_path(store)) as engine:
        rows, entries = rows_of_lists(engine, history=history), count_entries(engine)
        skipped = _by_list(
            engine, "select list_id, reason, n from skipped where n > 0 order by all"
        )
        unusable = _by_list(engine, _UNUSABLE)
    return Results(
        result_of(
            Shown,
            row,
            entries=json.loads(row["entries_then"] or "null") or entries.get(row["list_id"], {}),
            skipped=skipped.get(row["list_id"], {}),
            format=row["format"] or "",
            unusable=unusable.get(row["list_id"], {}),
            changes=_changes(row),
            updated_by=tuple(x["list_id"] for x in rows if x["replaces"] == row["list_id"]),
        )
        for row in rows
    )


def _changes(row: Mapping[str, Any]) -> ListChanges | None:
    told = json.loads(row["settings"] or "{}").get(CHANGES)
    return ListChanges(**told) if told else None


CHANGES = "changes"  # what an update changed, beside the settings by which it was read
FULL = "full"  # whether it came as the whole list


def open_store(store: AnyPath, *, may_be_empty: bool = False) -> StoreInfo:
    """The lists of a store, for a run that is to use them.

    Args:
        store: The list store.
        may_be_empty: Take a store without a list, for who asks what was withdrawn since.

    Returns:
        The lists, and the versions of the store.

    Raises:
        ListError: For a file that is no store of this version or holds no list.
        EngineError: While another program has it open for writing.
    """
    store = as_path(store)
    with reading(store) as engine:
        history = rows_of_lists(engine, history=True)
        rows = [row for row in history if row["withdrawn"] is None]
        entries = count_entries(engine)
        unusable = _by_list(engine, _UNUSABLE)
        ((store_version, key_version),) = engine.rows(
            "select store_version, key_version from store"
        )
    if not rows and not may_be_empty:
        raise ListError(f"{shown(store)}: holds no list; add one with `relaion lists add`")
    lists = tuple(
        result_of(
            StoredList,
            row,
            entries=entries.get(row["list_id"], {}),
            unusable=unusable.get(row["list_id"], {}),
        )
        for row in rows
    )
    taken_back = any(
        row["withdrawn"] is not None or (row["replaces"] is not None and row["retracted"])
        for row in history
    )
    withdrawn = tuple(
        result_of(StoredList, row, entries={}) for row in history if row["withdrawn"] is not None
    )
    return StoreInfo(store, store_version, key_version, lists, taken_back, withdrawn)
