"""The list store: digests of what partners sent, in one private file."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from relaion.engine import Engine
from relaion.errors import InputError
from relaion.lists.contents import (
    CHANGES,
    COLUMNS,
    FULL,
    count_entries,
    no_such_list,
    open_store,
    result_of,
    rows_of_lists,
    show,
)
from relaion.lists.database import (
    has_columns,
    has_hashes,
    has_keys,
    move_lists,
    new_version,
    reading,
    writing,
)
from relaion.lists.delivery import Delivery, describe, doubts
from relaion.lists.ingest import take_in
from relaion.lists.key import create, hmac_digest, key_path, load
from relaion.lists.readers.documents.foreseen import ReadAnewError
from relaion.lists.readers.formats import DOCUMENTS
from relaion.lists.results import (
    Added,
    ListChanges,
    Shown,
    StoredList,
    StoreInfo,
    Withdrawn,
)
from relaion.paths import (
    AnyPath,
    AnyPaths,
    as_path,
    as_paths,
    as_texts,
    followed,
    owned_folder,
    shown,
    sweep,
)

GOOD_LABEL = "known-good"  # of lists of what is known good, where the curator names none
READER_VERSION = 1  # of what values of a file become entries

__all__ = [
    "Added", "ListChanges", "Shown", "StoreInfo", "StoredList", "Withdrawn", "add", "open_store",
    "show", "withdraw",
]  # fmt: skip


def add(
    store: AnyPath,
    files: AnyPaths,
    *,
    source: str | None = None,
    title: str | None = None,
    received: date | str | None = None,
    label: str | None = None,
    kind: str | None = None,
    scope: str | None = None,
    forms: str | Iterable[str] = (),
    file_format: str | None = None,
    columns: str | Iterable[str] = (),
    where: str | Iterable[str] = (),
    ignore: str | Iterable[str] = (),
    role: str | None = None,
    partial: bool = False,
    keep_ids: bool = False,
    member: str | None = None,
    update: int | None = None,
    full: bool = False,
    dry_run: bool = False,
) -> Added:
    """Read a delivery into a list store, which is made with its curator key where there is none.

    All or nothing: a run that fails or is killed leaves the store as it was. The same files with
    the same source, label and options add nothing a second time. What is None or empty is told by
    the files; with `update`, it is as that list has it.

    Args:
        store: The list store; a file to make where there is none.
        files: The files of one delivery.
        source: Who sent it; needed unless it is an update.
        title: What it is called; None for no title.
        received: The day it came: a date, or its text `2024-03-26`; today where it is left out. The
            protocol counts in that order.
        label: `csam` where nothing is said, `privacy`, `opt-out` or a word of your own.
        kind: What all entries are, one of `relaion.lists.KINDS`.
        scope: `host` or `prefix`: every link or host stands for its whole host, or for all below
            it; without, only `*.example.com` and `example.com/dir/*` do.
        forms: Spellings that the giver of hashed links hashed (`raw`, `key-*`), where that is
            known: only in those will the list match.
        file_format: The reader that reads the files.
        columns: What the columns of a table hold, such as `sha1=3`.
        where: Words that choose the rows of a table, such as `category=1,2`.
        ignore: Columns that decide nothing, or `title`.
        role: `bad`, or `good` for a list of what is known good: it removes nothing.
        partial: Take a file of which less than half can be read.
        keep_ids: Keep the giver's ids as they stand, not only digests of them.
        member: What is read of a zip archive or a workbook: the name of a file or a sheet in it,
            its number, or a pattern; needed where there are several.
        update: The number of the list that the delivery brings up to date.
        full: With `update`: it is the whole new list, not what changed.
        dry_run: Read and count, and store nothing.

    Returns:
        What was read, by what became of it.

    Raises:
        InputError: For an option.
        ListError: For a file or a store that cannot be used, or a delivery without an entry.
        BusyError: While another process writes.
        OutputError: When the store cannot be written.
    """
    sweep()  # a killed one may have left what came by the standard input
    store = followed(as_path(store))
    said: dict[str, Any] = {
        "source": source, "title": title, "label": label, "kind": kind, "scope": scope,
        "forms": as_texts(forms), "file_format": file_format, "columns": as_texts(columns),
        "where": as_texts(where), "ignore": as_texts(ignore), "role": role, "partial": partial,
        "keep_ids": keep_ids, "member": member,
    }  # fmt: skip
    if full and update is None:
        raise InputError("--full: is for --update, which names the list that it replaces")
    chain: tuple[int, ...] = ()
    if update is not None:
        chain, before = _list_to_update(store, update)
        held = before["role"] or "bad"
        if role is not None and role != held:
            raise InputError(
                f"--role {role}: list {update} is {held}; withdraw it, and add its next "
                "delivery by itself"
            )
        unsaid = (None, (), False)
        said = {n: before.get(n, value) if value in unsaid else value for n, value in said.items()}
    if said["source"] is None:
        raise InputError("--source: say who sent the list")
    if said["label"] is None:
        said["label"] = GOOD_LABEL if said["role"] == "good" else "csam"
    delivery = describe(tuple(map(as_path, as_paths(files))), received=received, **said)
    with _place(store, dry_run=dry_run) as place, writing(place) as work:
        is_new = not place.exists()
        earlier = None if is_new else _same_delivery(place, delivery, chain, is_full=full)
        if earlier is not None:
            if update is not None and earlier.list_id not in chain:
                raise InputError(
                    f"--update {update}: these files are in the store already, as list "
                    f"{earlier.list_id}, which brings no list {update} up to date; withdraw list "
                    f"{earlier.list_id}, then add them again so"
                )
            return earlier
        read = functools.partial(
            _new_version, place, work, delivery, chain, update, is_full=full, dry_run=dry_run
        )
        with suppress(ReadAnewError):
            return read(may_begin_anew=True)
        return read(may_begin_anew=False)


def _new_version(
    place: Path,
    work: Path,
    delivery: Delivery,
    chain: tuple[int, ...],
    update: int | None,
    *,
    is_full: bool,
    dry_run: bool,
    may_begin_anew: bool,
) -> Added:
    """Add a delivery to the store at `place`, in a new version of it that is made in `work`."""
    is_new = not place.exists()
    is_anew = is_new or not _is_ours(place)
    with new_version(place, work, empty=is_anew, keep=not dry_run) as engine:
        if is_anew and not is_new:
            move_lists(engine, place)
        read = functools.partial(take_in, is_full=is_full, may_begin_anew=may_begin_anew)
        added = _added(engine, delivery, chain, update, read, is_full=is_full, dry_run=dry_run)
        if is_new and not dry_run:
            _make_key(key_path(place))
    return added


@contextmanager
def _place(store: Path, *, dry_run: bool) -> Iterator[Path]:
    """The store; where there is none and nothing is to be stored, a place that goes away."""
    if not dry_run or store.exists():
        yield store
        return
    with owned_folder("lists") as owned:
        yield owned.path / store.name


def _list_to_update(store: Path, list_id: int) -> tuple[tuple[int, ...], dict[str, Any]]:
    """All lists that hold what a list holds now, and how it was read."""
    with reading(store) as engine:
        rows = {row["list_id"]: row for row in rows_of_lists(engine)}
        if list_id not in rows:
            raise InputError(f"--update: {shown(store)}: {no_such_list(engine, list_id)}")
    chain = {list_id}
    while True:  # in either direction: an update may be brought up to date, or what it updates
        more = {i for i, row in rows.items() if row["replaces"] in chain}
        more |= {rows[i]["replaces"] for i in chain if rows[i]["replaces"] in rows}
        if more <= chain:
            break
        chain |= more
    row = rows[list_id]
    told = json.loads(row["settings"] or "{}")
    # that a list is bad was seldom said: only what was said of it switches off what tells it good
    role = "good" if row["role"] == "good" else told.get("role")
    about_it = {"source": row["source"], "label": row["label"], "role": role}
    return tuple(sorted(chain)), told | about_it


def _is_ours(store: Path) -> bool:
    """Whether a store has the columns, hashes and link keys of this version."""
    with reading(store) as engine:
        return has_columns(engine) and has_hashes(engine) and has_keys(engine)


def _same_delivery(
    store: Path, delivery: Delivery, chain: tuple[int, ...], *, is_full: bool
) -> Added | None:
    """What to answer where the store holds what these files say, or None: then they are read.

    Files that came before say something new once another delivery brought their list up to date,
    and as the whole list where they came as a part of it.
    """
    with reading(store) as engine:
        lists = {row["list_id"]: row for row in rows_of_lists(engine)}
    same = {"source": delivery.source, "label": delivery.label}
    same["content_sha256"] = delivery.content_sha256
    found = next((row for row in lists.values() if same.items() <= row.items()), None)
    if found is None:
        return None
    if found["list_id"] in chain:
        found = lists[chain[-1]]
        was_full = found["replaces"] is None or json.loads(found["settings"] or "{}").get(FULL)
        if not same.items() <= found.items() or (is_full and not was_full):
            return None
    notice = f"these files are in the store already, as list {found['list_id']}; nothing was added"
    later = [
        i for i, row in lists.items()
        if row["replaces"] == found["list_id"] and _took_back(row["settings"])
    ]  # fmt: skip
    if later and not chain:
        notice += (
            f", and what list {later[-1]} took back of it stays out (to bring it back: "
            f"--update {later[-1]}, with --full where they are the whole list)"
        )
    told = {"title": delivery.title, "received": delivery.received}
    if any(value not in (None, found[name]) for name, value in told.items()):
        notice += (
            f", its title and day stay as they were (to change them: "
            f"`relaion lists withdraw {found['list_id']}`, then add it again)"
        )
    none = dict.fromkeys(("read", "new", "known", "duplicate", "retracted", "records", "used"), 0)
    return result_of(
        Added, found, **none, added=False, entries={}, skipped={}, format=found["format"] or "",
        replaces=None, notices=(notice,),
    )  # fmt: skip


def _took_back(settings: str | None) -> bool:
    changes = json.loads(settings or "{}").get(CHANGES)
    return changes is not None and changes["retracted"] > 0


def _added(
    engine: Engine,
    delivery: Delivery,
    chain: tuple[int, ...],
    update: int | None,
    read: Callable[..., Added],
    *,
    is_full: bool,
    dry_run: bool,
) -> Added:
    ((list_id,),) = engine.rows("select next_list_id from store.store")
    engine.execute("update store.store set next_list_id = next_list_id + 1")
    notices = [*doubts(delivery)]
    added = read(engine, delivery, list_id, notices, chain=chain)
    notices += _another_format(engine, chain, added.format)
    notices += _is_late(engine, chain, added)
    added = replace(
        added, added=not dry_run, notices=tuple(notices), replaces=update, dry_run=dry_run,
        received=added.received or datetime.now(UTC).date(),
    )  # fmt: skip
    settings = json.loads(delivery.settings)
    if added.changes is not None:
        settings[CHANGES] = vars(added.changes)
        settings[FULL] = is_full
    told = {name: vars(added).get(name.removeprefix("n_")) for name in COLUMNS if name != "added"}
    columns = told | {
        "content_sha256": delivery.content_sha256, "forms": list(delivery.forms) or None,
        "reader_version": READER_VERSION, "settings": json.dumps(settings),
    }  # fmt: skip
    marks = ", ".join("?::varchar[]" if name == "forms" else "?" for name in columns)
    engine.execute(
        f"insert into store.lists ({', '.join(columns)}, added) "  # noqa: S608 - names of ours
        f"values ({marks}, now() at time zone 'UTC')",
        [*columns.values()],
    )
    for reason in sorted({*added.skipped, *added.lost}):
        n, records = added.skipped.get(reason, 0), added.lost.get(reason, 0)
        engine.execute(
            "insert into store.skipped values (?, ?, ?, ?)", [list_id, reason, n, records]
        )
    for algorithm, n in added.unusable.items():
        engine.execute("insert into store.unusable values (?, ?, ?)", [list_id, algorithm, n])
    for path, sha256 in zip(delivery.files, delivery.sha256, strict=True):
        engine.execute(
            "insert into store.files values (?, ?, ?)", [list_id, shown(path.name), sha256]
        )
    return added


def _another_format(engine: Engine, chain: Sequence[int], form: str) -> list[str]:
    """That a delivery is of a format by which another giver may be meant than the list's."""
    held = engine.rows(
        "select distinct format from store.lists where list_contains(?, list_id)", [list(chain)]
    )
    before = sorted(name for (name,) in held if name)
    of_one_giver = {f.name for f in DOCUMENTS} - {"json"}
    if not before or form in before or of_one_giver.isdisjoint((form, *before)):
        return []
    return [
        f"the list was read as {', '.join(before)} so far, and this delivery as {form}: check that "
        "--update names the right list"
    ]


def _is_late(engine: Engine, chain: Sequence[int], added: Added) -> list[str]:
    """That a delivery came before one that its list has, which may have taken back what it adds."""
    later = engine.rows(
        "select list_id from store.lists where list_contains(?, list_id) and received > ? order by "
        "all", [list(chain), added.received],
    )  # fmt: skip
    if not later or added.changes is None or not added.changes.added:
        return []
    told = ", ".join(str(list_id) for (list_id,) in later)
    return [
        f"it was received before list{'s' * (len(later) > 1)} {told}, where some of what it adds "
        f"may have been taken back: entries that are listed by it: {added.changes.added:,}; where "
        "they were taken back, withdraw it"
    ]


def _make_key(path: Path) -> None:
    if path.exists():
        load(path)  # of a store that was here before: refused where others may read it
    else:
        create(path)


def withdraw(store: AnyPath, list_id: int) -> Withdrawn:
    """Take a list out of a store: what remains is written to a new file, byte for byte its own.

    The day, the counts and the HMAC of the list stay, for its history. An entry that another list
    holds too stays with that list.

    Args:
        store: The list store.
        list_id: The list's number, as `show` has it.

    Returns:
        The list that went, and its entries by kind.

    Raises:
        InputError: Where there is no such list, or another one brought it up to date.
        ListError: For a store that cannot be used.
        BusyError: While another process writes.
        OutputError: When the store cannot be written.
    """
    store = followed(as_path(store))
    with writing(store) as work:
        with reading(store) as engine:
            lists = {row["list_id"]: row for row in rows_of_lists(engine)}
            if list_id not in lists:
                raise InputError(f"{shown(store)}: {no_such_list(engine, list_id)}")
            later = [i for i, row in lists.items() if row["replaces"] == list_id]
            if later:
                many = len(later) > 1
                raise InputError(
                    f"list {list_id}: list{'s' * many} {', '.join(map(str, later))} brought it up "
                    f"to date and {'hold' if many else 'holds'} only what changed; withdraw "
                    f"{'those' if many else 'that'} first, the newest before the others"
                )
            entries = count_entries(engine).get(list_id, {})
        digest = hmac_digest(load(key_path(store)), lists[list_id]["content_sha256"])
        with new_version(store, work, empty=True) as engine:
            move_lists(engine, store, list_id)
            engine.execute(
                "update store.lists set withdrawn = now() at time zone 'UTC', content_sha256 = ?, "
                "entries_then = ?, settings = null, checkpoint = null where list_id = ?",
                [digest, json.dumps(entries), list_id],
            )
        before = lists[list_id]["replaces"]
        notices = (
            f"what it took back from list {before} does not come back; add that list anew if it is "
            "to count again",
        ) * (before is not None)
        return result_of(Withdrawn, lists[list_id], entries=entries, notices=notices)
