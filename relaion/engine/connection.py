"""Connections to DuckDB, and what is run on them.

Settings that are not part of a result (threads, memory, temp folder, access) live here.
An engine message can quote a value of a row or a list, so none is ever passed on.
"""

import re
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
import pyarrow as pa

from relaion.engine import texts, views
from relaion.engine.texts import Result
from relaion.engine.views import VIEWS, Reading, ShardSource, literal, quote, reachable, sql_path
from relaion.engine.words import (
    explained,
    failed,
    interruptible,
    unopened,
)
from relaion.errors import EngineError, InputError
from relaion.parquet.fetched import see_columns
from relaion.paths import Stamp, atomic_write, owned_folder, shown, stamp_of
from relaion.roles import ROLES, WIDTHS
from relaion.sqlset import VERSION, Script, load

Values = Mapping[str, Any] | Sequence[Any] | None

_STATEMENTS: dict[str, list[duckdb.Statement]] = {}  # of each script that was run, by its SHA-256


def _stamp(path: Path) -> Stamp | None:
    with suppress(InputError):
        return stamp_of(path)
    return None  # whoever opens it says what is wrong


class Engine:
    """One DuckDB connection. Not to be shared between threads."""

    is_last = True  # no other DuckDB will run what this one ran

    def __init__(self, con: duckdb.DuckDBPyConnection, temp: Path | None = None) -> None:
        self._con = con
        self._log = temp / "errors.log" if temp else None
        # for files whose names DuckDB cannot say; made when there is one, gone with close()
        self._temp = temp
        self._links: Path | None = None
        self._left = ExitStack()
        self._macros: set[str] = set()
        self._trusts_footers = True
        self._types: dict[tuple[Path, Stamp | None], tuple[str, ...]] = {}  # of columns of shards
        self.statement = (0, 1)  # which one of a script, of how many

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """DuckDB's own, for whoever is to ask without us."""
        return self._con

    def close(self) -> None:
        """Close the connection."""
        self._con.close()
        self._left.close()

    def _links_folder(self) -> Path:
        if self._links is None:
            owned = self._left.enter_context(owned_folder("links", self._temp))
            self._links = owned.path
        return self._links

    def _files(self, paths: Sequence[Path]) -> str:
        """Files as the list that DuckDB takes."""
        return ", ".join(literal(sql_path(path)) for path in reachable(paths, self._links_folder))

    def _scan(self, paths: Sequence[Path]) -> str:
        """Files as a table, each column from where it stands."""
        return views.scanned(f"[{self._files(paths)}]")

    @contextmanager
    def _said_by_us(self, doing: str) -> Iterator[None]:
        try:
            with interruptible():
                yield
        except duckdb.Error as e:
            raise failed(doing, e, self._keep_detail()) from None

    def _keep_detail(self) -> str:
        """Write the engine's own message, which may quote a row, to a private file."""
        if self._log is None:
            return ""
        try:
            with self._log.open("a", encoding="utf-8", errors="backslashreplace") as f:
                self._log.chmod(0o600)
                f.write(traceback.format_exc() + "\n")
        except OSError:
            return ""
        return f"; details in {self._log}"

    def execute(self, sql: str, values: Values = None, doing: str = "a query") -> None:
        """Run one statement for its effect."""
        with self._said_by_us(doing):
            self._con.execute(sql, values)

    def rows(
        self, sql: str, values: Values = None, doing: str = "a query"
    ) -> list[tuple[Any, ...]]:
        """All rows of one query."""
        with self._said_by_us(doing):
            return self._con.execute(sql, values).fetchall()

    def ask(self, sql: str) -> Result:
        """Run a statement that a user wrote; its rows are fetched as they are wanted.

        A mistake in its text is explained in DuckDB's words, which then quote nothing but
        the statement; any other failure in ours.
        """
        with explained():
            found = self._con.execute(sql)
            columns = tuple(column[0] for column in found.description or ())
        return Result(columns, found)

    def table(self, sql: str, values: Values = None, doing: str = "a query") -> pa.Table:
        """The result of one query as an Arrow table."""
        with self._said_by_us(doing):
            return self._con.sql(sql, params=values).to_arrow_table()

    def batches(
        self, sql: str, values: Values = None, rows: int = 100_000, doing: str = "a query"
    ) -> Iterator[pa.RecordBatch]:
        """The result of one query as Arrow batches, never held as a whole."""
        with self._said_by_us(doing):
            yield from self._con.sql(sql, params=values).to_arrow_reader(rows)

    def insert(self, table: str, data: pa.Table | pa.RecordBatch) -> None:
        """Append Arrow data to a table, columns by position."""
        self._from_arrow(f"insert into {quote(table)} from _incoming", table, data)

    def create(self, table: str, data: pa.Table) -> None:
        """Make a temp table of Arrow data."""
        self._from_arrow(f"create temp table {quote(table)} as from _incoming", table, data)

    def _from_arrow(self, sql: str, table: str, data: pa.Table | pa.RecordBatch) -> None:
        with self._said_by_us(f"filling {table}"):
            self._con.register("_incoming", data)
            try:
                self._con.execute(sql)
            finally:
                self._con.unregister("_incoming")

    def lend(self, name: str, data: pa.Table) -> None:
        """Let what is run from here on read Arrow data under a name, as a view."""
        with self._said_by_us(f"reading {name}"):
            self._con.register(name, data)

    def set_variables(self, **values: Any) -> None:
        """Set variables: `$name` in a script reads them, lists included."""
        for name, value in values.items():
            if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
                raise EngineError(f"{name}: not a variable name")
            self.execute(f"set variable {name} = $v", {"v": value}, f"setting ${name}")

    def run(self, script: Script, **values: Any) -> None:
        """Set a script's declared parameters and run its statements one by one.

        Raises EngineError when a parameter is missing or not declared.
        """
        if set(values) != set(script.params):
            missing, extra = set(script.params) - set(values), set(values) - set(script.params)
            raise EngineError(
                f"{shown(script.path.name)}: missing parameters {sorted(missing)}, "
                f"undeclared parameters {sorted(extra)}"
            )
        self.set_variables(**values)
        with self._said_by_us(script.path.name):
            statements = _STATEMENTS.get(script.sha256) or self._con.extract_statements(script.sql)
            _STATEMENTS[script.sha256] = statements  # which every connection may run
            for i, statement in enumerate(statements):
                self.statement = i, len(statements)
                result = self._con.execute(statement)
                while result.fetchmany(10_000):  # an open result would bar the next statement
                    pass

    def macros(self, script: Script) -> None:
        """Run a script that makes macros, once on this connection."""
        if script.sha256 not in self._macros:
            self.run(script)
            self._macros.add(script.sha256)

    def view_shards(
        self,
        sources: Sequence[ShardSource],
        version: str,
        looked_at: Collection[str] = tuple(ROLES),
        wanted: Collection[str] = VIEWS,
        shown_roles: Collection[str] = tuple(ROLES),
        *,
        looks_for_plain: bool = False,
    ) -> None:
        """Create the views over files: the one place where SQL text is generated.

        `shard` has one column a role, `row_links` each link of a row (one a link column),
        `row_digests` each value of each digest column, null where it is no digest,
        `row_no_digests` whether each is there and no digest, `row_values` whether a row has a value
        for a role; the last three for the roles that are `looked_at`. Columns are taken by
        position, since names may be the same but for case, or ours. To bind a view takes its
        time, so `wanted` says which are, and `shown_roles` which roles `shard` has to
        tell; the others read as null. With `looks_for_plain` each digest is looked at beforehand:
        where all are plain, their views need no macros.
        """
        roles = views.roles_read(wanted, looked_at, shown_roles)
        if "row_values" in wanted:
            self.macros(load(version)["05_link_macros"])
        reads = [self._reading(source, roles) for source in sources]
        if looks_for_plain:
            reads = [self._with_plain(read, roles) for read in reads]
        if not all(read.is_simple(roles) for read in reads):
            self.macros(load(version)["04_digest_macros"])
        parts: dict[str, Callable[[Reading], list[str]]] = {
            "shard": lambda read: [views.of_shard(read, shown_roles)],
            "row_links": views.of_links,
            "row_digests": lambda read: views.of_digests(read, looked_at),
            "row_no_digests": lambda read: views.of_no_digests(read, looked_at),
            "row_values": lambda read: [views.of_values(read, looked_at)],
        }
        for view in wanted:
            self._view(view, [part for read in reads for part in parts[view](read)])

    def view_sidecars(self, sources: Sequence[ShardSource], version: str) -> None:
        """Create `sidecar_digests`: each digest of each sidecar with its row's link or row hash.

        And `sidecar_no_digests`: each value, once, with its column; whether it is no digest.
        """
        self.macros(load(version)["04_digest_macros"])
        reads = [self._reading(source) for source in sources]
        parts = [part for read in reads for part in views.of_sidecar(read)]
        nothing = (
            "select null::varchar as url, null::bigint as row_hash, null::varchar as kind, "
            "null::varchar as digest where false"
        )
        self._view("sidecar_digests", parts or [nothing])  # no image hash is listed
        odd = [part for read in reads for part in views.of_no_digests(read, WIDTHS)]
        self._view("sidecar_no_digests", odd)

    def view_source(self, shard_no: int, path: Path, columns: Sequence[str]) -> None:
        """Create `source`, one shard with all its own columns; of those named alike, `name_1`."""
        read = self._reading(ShardSource("", (shard_no,), (path,), {}))
        self._view("source", [views.of_source(read, columns)])

    def view_edition(self, sources: Sequence[ShardSource], name: str) -> None:
        """Create one view like `shard` under another name."""
        self.macros(load(VERSION)["04_digest_macros"])
        self._view(name, [views.of_shard(self._reading(source)) for source in sources])

    def _view(self, name: str, parts: Sequence[str]) -> None:
        body = "\nunion all\n".join(parts)
        self._look_for_ourselves()
        self.execute(f"create or replace temp view {quote(name)} as\n{body}")

    def _look_for_ourselves(self) -> None:
        if self._trusts_footers:
            self.believe_no_footer()

    def view_files(self, paths: Sequence[Path], name: str, columns: Sequence[str]) -> None:
        """Create a view of files of one schema with all their own columns, which are given.

        Of names that are the same but for case, the second is `name_1`.
        """
        see_columns(paths, None)
        named = ", ".join(map(quote, views.told_apart(columns)))
        self._view(name, [f"from {self._scan(paths)} as s({named})"])

    def _reading(self, source: ShardSource, roles: Collection[str] | None = None) -> Reading:
        """Files to read the columns of these roles, or all; of what lies elsewhere, these come."""
        doing = str(source.paths[0])
        see_columns(source.paths, positions := source.positions(roles))
        of = source.paths[0], _stamp(source.paths[0])
        if (types := self._types.get(of)) is None:
            # not by `select *`: DuckDB calls a column without a name C0, which may be another's
            first = self._files(source.paths[:1])
            children = f"select num_children from parquet_schema([{first}])"  # noqa: S608
            ((n,), *_) = self.rows(children, doing=doing)
        names = views.names_of(n if types is None else len(types), positions)
        clause = f"from {self._scan(source.paths)} as s({', '.join(names)})"
        if types is None:
            described = self.rows(f"describe select * {clause}", doing=doing)
            types = self._types[of] = tuple(str(column[1]) for column in described)
        return Reading(source, clause, types)

    def _with_plain(self, read: Reading, roles: Collection[str]) -> Reading:
        """The same, with the digest columns of these roles that hold plain ones only."""
        asked = {place: read.is_plain(role, place) for role, place in read.digests(roles)}
        if not asked:
            return read
        all_plain = (f"bool_and({test})" for test in asked.values())
        self._look_for_ourselves()
        (found,) = self.rows(read.select(*all_plain), doing=str(read.source.paths[0]))
        # of no row at all they say null
        plain = {place for place, yes in zip(asked, found, strict=True) if yes is not False}
        return replace(read, plain=frozenset(plain))

    def write_parquet(self, query: str, path: Path) -> None:
        """Write the rows of a query to a work file, whole or not at all, but for power cuts."""
        with atomic_write(path, mode=0o600, flush=False) as part:
            self.execute(
                f"copy ({query}) to {literal(str(part))} (format parquet)", doing=str(path)
            )

    def read_parquet(self, table: str, paths: Sequence[Path], in_table: str | None = None) -> None:
        """Load files that `write_parquet` made into a temp table.

        Or only the rows of the shards whose `shard_no` another table holds.
        """
        where = "" if in_table is None else f" semi join {quote(in_table)} using (shard_no)"
        self.execute(
            f"create or replace temp table {quote(table)} as from {self._scan(paths)}{where}",
            doing=str(paths[0]),
        )

    def rehearse(self, script: Script, seconds: float, **values: Any) -> bool:
        """Run a user's script where no table has a row, as `texts.rehearse` has it."""
        self.set_variables(**values)
        return texts.rehearse(self._con, script, seconds)

    def names_read(self, sql: str) -> set[str]:
        """The tables and views that SQL text reads, in small letters, and more where unsure."""
        return texts.names_read(self._con, sql)

    def other_answers(self, sql: str) -> tuple[str, int] | None:
        """What of SQL text may answer otherwise when run again, as `texts.other_answers`."""
        return texts.other_answers(self._con, sql)

    def statements(self, sql: str) -> list[tuple[str, str]]:
        """Split SQL text: (statement type such as `SELECT`, its text) each."""
        with explained():
            return [(s.type.name, s.query) for s in self._con.extract_statements(sql)]

    def attach(self, path: Path, name: str, *, read_only: bool = True) -> None:
        """Attach a database file under a name."""
        mode = " (read_only)" if read_only else ""
        self.execute(f"attach {literal(str(path))} as {quote(name)}{mode}", doing=str(path))

    def believe_no_footer(self) -> None:
        """Answer by what shards hold, not by what these say of it."""
        self.set_option("disabled_optimizers", ",".join(views.BELIEVERS))
        self._trusts_footers = False

    def run_bounded(self, script: Script) -> None:
        """Run a script that reads no shard: bounds of a join's one side choose of the other."""
        heeded = (name for name in views.BELIEVERS if name != "join_filter_pushdown")
        self.set_option("disabled_optimizers", ",".join(heeded))
        try:
            self.run(script)
        finally:
            self.believe_no_footer()

    def lock(self, *, files: Sequence[Path] = (), folders: Sequence[Path] = ()) -> None:
        """From here on, no other file is in reach and no setting changes."""
        names = [p.absolute() for p in reachable(files, self._links_folder)]
        # DuckDB asks for leave twice, as a pattern and as the file that it matched
        self.set_option("allowed_paths", [*map(str, names), *map(sql_path, names)])
        self.set_option("allowed_directories", [f"{p}/" for p in folders])
        self.set_option("enable_external_access", False)
        self.set_option("lock_configuration", True)

    def set_option(self, name: str, value: Any) -> None:
        """Set one DuckDB option of this connection's database."""
        if isinstance(value, list):
            text = "[" + ", ".join(literal(v) for v in value) + "]"
        elif isinstance(value, str):
            text = literal(value)
        else:
            text = str(value).lower()
        self.execute(f"set {quote(name)} = {text}", doing=f"setting {name}")

    def interrupt(self) -> None:
        """Stop the statement that runs in another thread."""
        self._con.interrupt()


@contextmanager
def connect(
    database: Path | None = None,
    *,
    read_only: bool = False,
    threads: int | None = None,
    memory: str | None = None,
    temp: Path | None = None,
    storage: str | None = None,
    flushed: bool = True,
    made: Callable[[duckdb.DuckDBPyConnection, Path | None], Engine] = Engine,
) -> Iterator[Engine]:
    """Open DuckDB on a file, or in memory, and close it again; `made` is what of it.

    `temp` is the private folder for what does not fit in memory (without it nothing is spilled) and
    for details of unknown errors, `storage` the oldest DuckDB that is to read the file ('v1.0.0').
    Without `flushed` nothing waits for the disk: for a file that its maker flushes itself before it
    takes the name by which it is read.
    `memory` is a size such as '2GB'. No extension is installed or loaded.
    """
    config: dict[str, Any] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "temp_directory": str(temp / "spill") if temp else "",
    }
    if threads:
        config["threads"] = threads
    if storage:
        config["storage_compatibility_version"] = storage
    if memory:
        config["memory_limit"] = memory
    if not flushed:
        config["fsync_mode"] = "NONE"
    with interruptible():
        try:
            con = duckdb.connect(str(database or ":memory:"), read_only=read_only, config=config)
            _set_if_known(con, "enable_progress_bar = false")  # which would stand within stdout
            _set_if_known(con, "disable_parquet_prefetching = true")  # which holds columns whole
        except duckdb.InterruptException:
            raise
        except duckdb.Error as e:
            raise unopened(database, e) from None
    engine = made(con, temp)
    try:
        yield engine
    finally:
        engine.close()


def _set_if_known(con: duckdb.DuckDBPyConnection, setting: str) -> None:
    # a notebook has a display of its own, which takes no such word
    try:
        con.execute(f"set {setting}")
    except duckdb.InterruptException:
        raise
    except duckdb.Error:
        pass


Connect: TypeAlias = Callable[..., AbstractContextManager[Engine]]  # `connect`, or one that notes
