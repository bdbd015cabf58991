"""The file of a list store: checked before it is read, replaced as a whole when it changes.

A change is made to a copy in a private folder beside the store, which then takes the store's
name. So a run that reads the store keeps what it opened, a writer that is killed at any moment
leaves the store as it was, and what was withdrawn is in no byte of the new file.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from relaion.engine import Engine, connect
from relaion.errors import EngineError, InputError, ListError, OutputError, ShortError
from relaion.links import KEY_VERSION
from relaion.lists.store_file import refuse_other_files, work_of
from relaion.paths import locked, private_umask, refuse_unwritable, shown, sync_folder
from relaion.roles import LINK_KINDS
from relaion.sqlset import load

STORE_VERSION = 4
# older versions, read as they are and written as ours:
UNHASHED = 2  # whose entries have no hash yet
UNTAILED = 3  # whose links have no tail
MEMORY = "300MB"  # of DuckDB, beyond which it spills into the private folder

_MOSTLY = 4  # a file of which more than a quarter is empty is written anew
_WORK_NAME = "store.duckdb"  # its tables are `store.entries` and so on, as scripts call them


@contextmanager
def reading(store: Path, named: Path | None = None) -> Iterator[Engine]:
    """A connection to a store, read-only, its tables without a prefix.

    `named` is what errors call it, where the user named another file than is read.
    Raises InputError for a path that DuckDB cannot open, ListError for a file that is no store,
    is damaged, or of another version, and EngineError while another program has it open for
    writing.
    """
    named = named or store
    _refuse_unsayable(store)
    refuse_other_files(store, named)
    with connect(store, read_only=True) as engine:
        _check_versions(named, engine)
        try:
            _as_ours(engine)
            yield engine
        except EngineError:
            raise ListError(f"{shown(named)}: is damaged; restore it from your backup") from None


def _refuse_unsayable(store: Path) -> None:
    r"""Refuse a path that DuckDB takes for another: it reads `\` as `/`, and cuts at `?`."""
    try:
        str(store).encode("utf-8")
        sayable = not {"\\", "?"} & set(str(store))
    except UnicodeEncodeError:
        sayable = False
    if not sayable:
        raise InputError(
            f"{shown(store)}: DuckDB opens no database under a path that holds \\ or ?, or is not "
            "UTF-8; choose another place for the list store"
        )


def _check_versions(store: Path, engine: Engine) -> None:
    try:
        ((store_version, key_version),) = engine.rows(
            "select store_version, key_version from store"
        )
    except (EngineError, ValueError):
        raise ListError(
            f"{shown(store)}: is a database, but no list store; check the path given as --lists"
        ) from None
    has_tables = store_version in (STORE_VERSION, UNTAILED, UNHASHED)
    may_be_older = has_tables and key_version < KEY_VERSION and not _holds_keys(engine)
    for what, found, ours, is_read in (
        ("tables", store_version, STORE_VERSION, has_tables),
        ("link keys", key_version, KEY_VERSION, key_version == KEY_VERSION or may_be_older),
    ):
        if not is_read:
            raise ListError(
                f"{shown(store)}: holds {what} of version {found}, this relaion needs {ours}; "
                "add the partners' files to a new store with `relaion lists add`, or use the "
                "relaion that made this one"
            )


def _holds_keys(engine: Engine) -> bool:
    """Whether a store has an entry that was made of a link key; other digests are the giver's."""
    kinds = ", ".join(f"'{kind}'" for kind in LINK_KINDS)
    ((holds,),) = engine.rows(f"select exists (from entries where kind in ({kinds}))")
    return bool(holds)


def has_keys(engine: Engine) -> bool:
    """Whether a store is of this version of the link key; else no entry of it was made of one."""
    ((version,),) = engine.rows("select key_version from store")
    return int(version) == KEY_VERSION


def has_columns(engine: Engine) -> bool:
    """Whether a store has all columns of this version."""
    return _version(engine) == STORE_VERSION


def has_hashes(engine: Engine, of: str = "") -> bool:
    """Whether the entries of a store have the hashes that this DuckDB makes of them.

    `of` is what its tables are called, such as `store.`.
    """
    if _version(engine, of) == UNHASHED:
        return False
    ((is_ours,),) = engine.rows(f"select hashed_by = version() from {of}store")  # noqa: S608
    return bool(is_ours)


@contextmanager
def writing(store: Path) -> Iterator[Path]:
    """Be the only writer of a store; yields a private folder beside it that is gone afterwards.

    Raises BusyError while another process writes, OutputError where the folder cannot be used,
    InputError for a path that DuckDB cannot open, ListError for another kind of file, beside
    which nothing is left.
    """
    _refuse_unsayable(store)
    if not store.parent.is_dir():
        raise OutputError(f"{shown(store.parent)}: no such folder; make it, or check --lists")
    if store.exists():
        refuse_other_files(store)
    refuse_unwritable(store.parent, _WRITTEN_ANEW if store.exists() else _MADE_THERE)
    work = work_of(store)
    try:
        with private_umask(), locked(store.with_name(store.name + ".lock"), "writes to this store"):
            shutil.rmtree(work, ignore_errors=True)  # of a writer that was killed
            work.mkdir(mode=0o700)
            try:
                yield work
            finally:
                shutil.rmtree(work, ignore_errors=True)
    except OSError as e:
        raise _unwritable(store, e.strerror or "no usable path") from None


# what the tables of an older version hold, by those of ours
_OF_OLD = {
    "lists": "select *, 'bad' as role, null::varchar as format, null::varchar as settings, "
    "null::integer as replaces, 0::bigint as n_retracted, 0::bigint as n_records, "
    "0::bigint as n_used, null::timestamp as withdrawn, null::varchar as entries_then from {}lists",
    "skipped": "select *, 0::bigint as n_records from {}skipped",
    "files": "from {}files",
    "entries": "select list_id, kind, digest, host_digest, hash(digest) as hash, "
    "null::bigint as record_no, null::integer as trait_id, null::usmallint as tail from {}entries",
    "unusable": "select 0 as list_id, '' as algorithm, 0::bigint as n where false",
    "traits": "select * from (select 0 as trait_id, '' as severity, '' as media, '' as first_seen, "
    "'' as last_seen, '' as confidence, '' as given_by where false)",
    "records": "select * from (select 0 as list_id, 0::bigint as record_no, '' as id_digest, "
    "null::varchar as giver_id where false)",
    "repeats": "select * from (select 0 as list_id, '' as kind, 0::ubigint as hash, "
    "0::bigint as record_no where false)",
}


def tables_of(engine: Engine, of: str = "") -> dict[str, str]:
    """The tables of a store that hold lists, and the query that gives each in our version.

    `of` is what its tables are called, such as `old.`. Hashes are made by this DuckDB.
    """
    if _version(engine, of) == UNHASHED:
        return {table: query.format(of) for table, query in _OF_OLD.items()}
    names = ("lists", "skipped", "unusable", "files", "traits", "records", "repeats", "entries")
    queries = {table: f"from {of}{table}" for table in names}
    queries["entries"] = f"select * replace (hash(digest) as hash) from {of}entries"  # noqa: S608
    queries["repeats"] = (
        "select * from (select distinct p.* replace (hash(e.digest) as hash) "  # noqa: S608
        f"from {of}repeats as p inner join {of}entries as e on p.hash = e.hash and p.kind = e.kind)"
    )
    return queries


def attach_store(engine: Engine, path: Path, only: Sequence[int] | None = None) -> None:
    """Attach a store, to be read as `store`; one of an older version by views that are as ours.

    With `only`, it has no entry but those of these lists.
    """
    engine.attach(path, "store")
    version = _version(engine, "store.")
    if version == STORE_VERSION and only is None:
        return
    engine.execute("detach store")
    engine.attach(path, "old_store")
    engine.execute("attach ':memory:' as store")
    if version == UNHASHED:
        engine.execute(
            "create or replace view store.store as "  # noqa: S608 - a number of ours
            f"select * replace ({STORE_VERSION:d} as store_version), version() as hashed_by "
            "from old_store.store"
        )
        views = tables_of(engine, "old_store.")
    else:
        tables = ("store", "lists", "skipped", "unusable", "files", "traits", "records", "entries")
        views = {table: f"from old_store.{table}" for table in tables}
        if version == UNTAILED:
            views["entries"] = "select *, null::usmallint as tail from old_store.entries"
    if only is not None:
        wanted = ", ".join(f"{list_id:d}" for list_id in only) or "null"
        views["entries"] = f"select * from ({views['entries']}) where list_id in ({wanted})"  # noqa: S608
    for table, query in views.items():
        engine.execute(f"create or replace view store.{table} as {query}")


def _version(engine: Engine, of: str = "") -> int:
    ((version,),) = engine.rows(f"select store_version from {of}store")  # noqa: S608
    return int(version)


def _as_ours(engine: Engine) -> None:
    """Let queries find the tables of our version in a store of an older one."""
    if _version(engine) != UNHASHED:
        return
    ((name,),) = engine.rows("select current_database()")
    for table, query in tables_of(engine, f'"{name}".main.').items():
        engine.execute(f"create or replace temp view {table} as {query}")


def move_lists(engine: Engine, old: Path, without: int | None = None) -> None:
    """Write the lists of an old store into a new one; of one of them no entry."""
    engine.attach(old, "old")
    engine.execute("update store.store set next_list_id = (select next_list_id from old.store)")
    queries = tables_of(engine, "old.")
    for table, query in queries.items():
        only = ""
        if without is not None and table == "traits":  # those that no other list's entries have
            held = f"({queries['entries']}) as e where e.list_id <> {without:d}"
            only = f" where trait_id in (select e.trait_id from {held})"  # noqa: S608 - ours
        elif without is not None and table not in ("lists", "skipped", "unusable"):
            only = f" where list_id <> {without:d}"
        engine.execute(f"insert into store.{table} by name {query}{only}")
    engine.execute("detach old")


@contextmanager
def new_version(store: Path, work: Path, *, empty: bool, keep: bool = True) -> Iterator[Engine]:
    """A copy of the store, or an empty one, to be changed; it becomes the store at the end.

    Unless it is not to be kept: then the store stays as it is.
    """
    new = work / _WORK_NAME
    try:
        for left in work.glob(f"{_WORK_NAME}*"):  # of a version that was given up
            left.unlink()
        if not empty:
            shutil.copyfile(store, new)
        with connect(new, memory=MEMORY, temp=work, flushed=False) as engine:
            if empty:
                _make_tables(engine)
            yield engine
            engine.execute("checkpoint")
            ((total, free),) = engine.rows(
                "select total_blocks, free_blocks from pragma_database_size() "
                "where database_name = 'store'"
            )
        if keep and free * _MOSTLY > total:
            new = _without_gaps(new, work)
        if keep:
            _take_name(new, store)
    except (EngineError, ShortError) as e:  # its details lie in the folder that goes away
        raise _unwritable(store, str(e).partition("; details in ")[0]) from None


def _make_tables(engine: Engine) -> None:
    script = load("lists")["10_store"]
    engine.execute("begin")  # written once, not with each statement
    engine.run(script, store_version=STORE_VERSION, key_version=KEY_VERSION)
    engine.execute("commit")


def _without_gaps(old: Path, work: Path) -> Path:
    """The same store in a file without the room of what was taken out again."""
    new = work / "whole" / _WORK_NAME
    new.parent.mkdir(mode=0o700)
    with connect(new, memory=MEMORY, temp=work, flushed=False) as engine:
        _make_tables(engine)
        move_lists(engine, old)
        engine.execute("checkpoint")
    return new


def _take_name(new: Path, store: Path) -> None:
    with new.open("rb") as f:
        os.fchmod(f.fileno(), 0o600)
        os.fsync(f.fileno())
    new.replace(store)
    sync_folder(store.parent)


_MADE_THERE = "and the list store goes there; name another place with --lists"
_WRITTEN_ANEW = (
    "and a list store is written anew where it lies; change the mode of that folder, or copy the "
    "store with its key and name the copy with --lists"
)


def _unwritable(store: Path, why: str) -> OutputError:
    return OutputError(f"{shown(store)}: cannot be written ({why}); the store is as it was")
