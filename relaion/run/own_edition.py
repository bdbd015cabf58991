"""Editions of the user's own: a script that sees one shard, and is tried before any is read.

It runs on a connection of its own, which can reach nothing but the shard. Before a run it is
tried on the same relations without a row, so that a mistake in it is said once, at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa

from relaion.engine import Engine, connect, quote
from relaion.errors import EngineError, ScriptError
from relaion.parquet.layout import Shard
from relaion.parquet.mended import mend_whole
from relaion.paths import is_shells, private_folder, shown
from relaion.roles import ROLES
from relaion.run.editions import Edition, Relation, Tried
from relaion.run.numbered import Numbered
from relaion.run.sources import believable, sources
from relaion.sqlset import Script, load, parse

if TYPE_CHECKING:
    from relaion.run.settings import Settings

STATEMENTS = frozenset({"SELECT", "INSERT", "CREATE", "CREATE_FUNC", "EXPLAIN"})
FOUND = ("list_hits", "same_link", "hit_traits")  # what the search left, for all shards together
EDITIONS = "edition varchar, parent varchar, labels varchar[]"
SOURCE = "source"
_LISTS = "list_id integer, source varchar, label varchar"
_SHARD = (
    ("subset", "varchar"),
    ("shard_no", "integer"),
    ("file_row_number", "bigint"),
    *((name, role.sql_type) for name, role in ROLES.items()),
)
_ORDERED = "order by edition, shard_no, file_row_number, reason"
ConnectOwn: TypeAlias = Callable[..., AbstractContextManager[Engine]]
_SECONDS = 10.0  # for a trial without a row
_MEMORY = "1GB"


def connect_own(_shard_no: int, _edition: str, **how: Any) -> AbstractContextManager[Engine]:
    """A connection for an own edition and one shard."""
    return connect(**how)


def own_removals(
    settings: Settings,
    edition: Edition,
    engine: Engine,
    n: Numbered,
    whole: Shard,
    opened: ConnectOwn,
) -> pa.Table:
    """The rows of `removals` that a user's own script makes for its edition, of one shard.

    It sees one shard at a time, so that what it decides does not hang on how shards are
    batched. It runs on a connection of its own, which holds the removals of the editions
    before it, and can reach nothing but the shard: whatever else it makes, replaces or
    deletes there is gone with it, and cannot change what is checked and counted. `whole` is the
    shard as it came, of which `source` shows every column. Raises
    ScriptError for a reason that neither its header nor that of a parent names: a reason is
    published, and might be anything that a row holds.
    """
    script = edition.script.path
    only = f"where shard_no = {n.no:d}"
    before = engine.table(f"from removals {only} {_ORDERED}")

    def decided(source: Path | None) -> pa.Table:
        with opened(
            n.no, edition.name, threads=1, memory=settings.limits.decide_memory, temp=settings.work
        ) as own:
            _load(own, settings.sql_version, engine, n, only)
            if source is not None:
                own.view_source(n.no, source, whole.names)
            own.run(load(settings.sql_version)["45_removals"])
            own.insert("removals", before)
            own.lock(files=[n.shard.path, *([source] if source else [])])
            _run_own(own, edition, () if source is None else (SOURCE,))
            others = own.table(f"from removals where edition != $e {_ORDERED}", {"e": edition.name})
            if not others.equals(before):
                raise ScriptError(
                    f"{shown(script)}: changes what other editions remove; its rows must say "
                    f"'{edition.name}'"
                )
            return own.table("from removals where edition = $e", {"e": edition.name})

    if reads_source(engine, edition.script):
        copy = settings.work / SOURCE / f"{n.no:06}.parquet"  # gone with the work folder
        found = _of_source(whole.path, copy, decided)
    else:
        found = decided(None)
    if any(no != n.no for no in found.column("shard_no").unique().to_pylist()):
        raise ScriptError(
            f"{shown(script)}: removes rows of a shard that it was not shown; take shard_no "
            "from `shard`"
        )
    reasons = set(found.column("reason").to_pylist())
    if not reasons <= {"list", "same_link", *_rules(edition, settings.editions)}:
        raise ScriptError(
            f"{shown(script)}: gives a reason that is neither list, same_link nor named in "
            "its header or a parent's; name each in a line `-- rules: ...`, for reasons are "
            "published"
        )
    return found


def _rules(edition: Edition, editions: Sequence[Edition]) -> set[str]:
    """What a header names, and those of the editions of the run that it is part of."""
    above = {e.name: e for e in editions}
    rules = set(edition.rules)
    while (parent := above.get(edition.parent)) is not None:
        rules |= set(parent.rules)
        edition = parent
    return rules


def _load(own: Engine, version: str, engine: Engine, n: Numbered, only: str) -> None:
    """What the script sees, but for `source` and `removals`."""
    own.run(load(version)["38_text_macros"])
    own.macros(load(version)["04_digest_macros"])  # whatever columns this shard happens to have
    own.view_shards(sources([n]), version, wanted=("shard",))
    own.create("lists", engine.table(f"from lists {lists_named(n.no)}"))
    own.create("editions", engine.table("from editions"))
    for table in (*FOUND, "rule_hits", "shards"):
        own.create(table, engine.table(f"from {table} {only}"))


def lists_named(shard_no: int, whole: str = "") -> str:
    """Which lists a script sees: those that name a row of its shard.

    What came since then changes nothing of a shard that it does not touch.
    """
    hits = (
        f"select list_id from {whole}{table} where shard_no = {shard_no:d}"  # noqa: S608 - ours
        for table in ("list_hits", "same_link")
    )
    return f"where list_id in ({' union all '.join(hits)})"


def _of_source(whole: Path, copy: Path, decide: Callable[[Path], pa.Table]) -> pa.Table:
    """Decide by a shard with all its columns: by a private copy, where DuckDB would misread it."""
    try:
        return decide(believable(whole, copy))
    except EngineError as e:
        if not e.by_file:
            raise
        private_folder(copy.parent)
        mend_whole(whole, copy)
        return decide(copy)


def check_statements(script: Script) -> None:
    """An edition reads, makes temp tables and inserts into removals; nothing else.

    And it decides by the rows alone: whoever runs it again must come to the same.
    """
    with connect() as engine:
        try:
            kinds = [kind for kind, _ in engine.statements(script.sql)]
            other = engine.other_answers(script.sql)
        except EngineError as e:
            why = str(e).removeprefix("the query: ")
            raise ScriptError(f"{shown(script.path)}: {why}; fix the script") from None
    for kind in kinds:
        if kind not in STATEMENTS:
            raise ScriptError(
                f"{shown(script.path)}: holds the statement {kind.replace('_', ' ')}; an edition "
                "may only read, make temp tables and insert into removals; fix the script"
            )
    if other is not None:
        raise ScriptError(
            f"{shown(script.path)}:{other[1]}: {other[0]} may answer otherwise when it is run "
            "again; an edition decides by its rows alone: write a day as a date, and for a sample "
            "ask hash(url) % 10; fix the script"
        )


def reads_source(engine: Engine, script: Script) -> bool:
    """Whether a script reads every column of the shard; views of wide files take their time."""
    return SOURCE in engine.names_read(script.sql) or "query_table" in script.sql.lower()


def run_edition(engine: Engine, edition: Edition) -> None:
    """Run the script of an edition; raises ScriptError where it is another one by now."""
    script = edition.script
    if not is_shells(script.path):
        script = parse(script.path)
    if script.sha256 != edition.script.sha256:
        raise ScriptError(f"{shown(edition.script.path)}: changed since the run began; restore it")
    engine.run(script, **_values(edition))


def _values(edition: Edition) -> dict[str, list[str]]:
    return {"labels": list(edition.labels)} if "labels" in edition.script.params else {}


def _run_own(engine: Engine, edition: Edition, more: Sequence[str]) -> None:
    """Run a user's own script; raises ScriptError where no shard could make it go well."""
    try:
        run_edition(engine, edition)
    except EngineError as e:
        if e.by_statement:
            raise ScriptError(f"{e}; fix the script") from None
        if e.by_file and _are_read(engine, ("shard", *more)):
            raise EngineError(f"{e}; all values there can be read, so fix the script") from None
        raise


def _are_read(engine: Engine, views: Sequence[str]) -> bool:
    """Whether all values of these views can be read, whatever a script makes of them."""
    try:
        for view in views:
            engine.execute(f"select bit_xor(hash(r)) from {view} as r")  # noqa: S608 - ours
    except EngineError:
        return False
    return True


def try_own(edition: Edition, shards: Sequence[Numbered], version: str) -> Tried:
    """Run an own edition's script on what it would see, without a row.

    The shards, one of each layout, tell the columns of `source`. Raises ScriptError, in one line
    with DuckDB's reason, where the script cannot run.
    """
    with connect(threads=1) as engine:
        names = engine.names_read(edition.script.sql)
        wide = reads_source(engine, edition.script)
    if wide and not shards:
        raise ScriptError(
            f"{shown(edition.script.path)}: reads `source`, whose columns only shards tell; name "
            "some: relaion scripts --check FILE PATH"
        )
    tried = [_try(edition, n, names, version) for n in (shards if wide else [None])]
    reads = {(r.name, r.subset, r.columns): r for read, _, _ in tried for r in read}
    return Tried(
        shown(edition.script.path), edition.script.sha256, edition.name, edition.parent,
        edition.labels, edition.rules, tuple(reads.values()), tried[0][1],
        all(ended for _, _, ended in tried),
    )  # fmt: skip


def _try(
    edition: Edition, n: Numbered | None, names: set[str], version: str
) -> tuple[tuple[Relation, ...], tuple[Relation, ...], bool]:
    """What the script reads of the shards of one layout and what it makes; whether it ended."""
    with connect(threads=1, memory=_MEMORY) as own:
        scripts = load(version)
        own.run(scripts["38_text_macros"])
        own.macros(scripts["04_digest_macros"])
        _show_nothing(own, "shard", _SHARD)
        for table, columns in _columns(scripts).items():
            own.execute(f"create temp table {table} ({columns})")
        renamed: tuple[tuple[str, str], ...] = ()
        if n is not None:
            renamed = _show_columns(own, n)
        own.run(scripts["45_removals"])
        own.lock()
        given = _relations(own)
        try:
            ended = own.rehearse(edition.script, _SECONDS, **_values(edition))
        except EngineError as e:
            raise ScriptError(f"{e}{_within(n)}; fix the script") from None
        makes = {} if not ended else _relations(own)
    reads = (
        Relation(name, columns, *((shown(n.shard.subset), renamed) if n and name == SOURCE else ()))
        for name, columns in given.items()
        if name in names
    )
    made = (Relation(name, c) for name, c in makes.items() if name not in given)
    return tuple(reads), tuple(made), ended


def _columns(scripts: dict[str, Script]) -> dict[str, str]:
    """The tables that a script sees, with their columns as those say that make or read them."""
    read = scripts["55_tally"].relations("reads")
    return {
        **{table: read[table] for table in FOUND if table in read},
        "hit_traits": scripts["30_list_hits"].relations("writes")["hit_traits"],
        "rule_hits": scripts["40_rule_hits"].relations("writes")["rule_hits"],
        "shards": scripts["50_check_rows"].relations("reads")["shards"],
        "lists": _LISTS,
        "editions": EDITIONS,
    }


def _show_columns(own: Engine, n: Numbered) -> tuple[tuple[str, str], ...]:
    """Make `source` as an empty table; returns the columns that have another name in it."""
    names = n.shard.names
    own.view_source(n.no, n.shard.path, names)
    described = own.rows(f"describe {SOURCE}")
    _show_nothing(own, SOURCE, [(name, kind) for name, kind, *_ in described])
    given = [name for name, *_ in described][-len(names) :] if names else []
    return tuple((a, b) for a, b in zip(names, given, strict=True) if a != b)


def _show_nothing(own: Engine, view: str, columns: Sequence[tuple[str, str]]) -> None:
    """Make a view without rows, of columns as (name, type)."""
    nulls = ", ".join(f"null::{kind} as {quote(name)}" for name, kind in columns)
    own.execute(f"create or replace temp view {view} as select {nulls} where false")


def _relations(own: Engine) -> dict[str, tuple[tuple[str, str], ...]]:
    rows = own.rows(
        "select lower(table_name), column_name, data_type from duckdb_columns() "
        "where not internal order by table_oid, column_index"
    )
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    for table, name, kind in rows:
        found[table] = (*found.get(table, ()), (name, kind if "(" in kind else kind.lower()))
    return found


def _within(n: Numbered | None) -> str:
    return f" (among the columns of {shown(n.shard.path)})" if n is not None else ""
