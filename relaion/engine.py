"""The only module that talks to DuckDB: connections, scripts, and errors in our own words.

Settings that are not part of a result (threads, memory, temp folder, access) live here.
An engine message can quote a value of a row or a list, so none is ever passed on.
"""

import re
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from relaion.errors import EngineError, RelaionError, Stopped
from relaion.paths import owned_folder, reachable, shown, sql_path, whole_file
from relaion.sqlset import Script, load

Values = Mapping[str, Any] | Sequence[Any] | None

# duckdb exception class -> what happened, in words that hold no value
_WORDS: tuple[tuple[type[duckdb.Error], str], ...] = (
    (duckdb.OutOfMemoryException, "ran out of memory; give more with --memory"),
    (duckdb.IOException, "could not read or write a file (missing, damaged, or the disk is full)"),
    (duckdb.InvalidInputException, "met a value or a file that it cannot read"),
    (duckdb.ConversionException, "met a value that does not fit its column's type"),
    (duckdb.ConstraintException, "met a value twice where it may occur once"),
    (duckdb.PermissionException, "was asked for a file that is out of reach here"),
    (duckdb.CatalogException, "was asked for a table or function that does not exist here"),
    (duckdb.ParserException, "cannot parse the statement"),
    (duckdb.BinderException, "cannot bind a column or function of the statement"),
    (duckdb.InterruptException, "was interrupted"),
)


# what the system said, which quotes nothing
_NO_ROOM = "found no room on the disk"
_CAUSES = {
    "No space left on device": _NO_ROOM,
    "File too large": "found no room for a file",
    "Input/output error": "could not read or write: the disk fails",
    "Permission denied": "may not read or write a file",
    "No such file or directory": "did not find a file",
}
_UNCOMMITTED = re.compile(
    r"TransactionContext Error: Failed to commit: (?:Could not|Cannot|Failed to) \w+ file "
)


def _cause(error: duckdb.Error) -> str | None:
    """What the system said, if it did: of files, be it of the log, whose loss is fatal.

    Other errors quote values, which may say the same; so does a commit that fails for a value.
    """
    is_of_file = isinstance(error, (duckdb.IOException, duckdb.FatalException))
    if not is_of_file and not _UNCOMMITTED.match(str(error)):
        return None
    return next((cause for said, cause in _CAUSES.items() if said in str(error)), None)


def _words(error: duckdb.Error) -> str:
    cause = _cause(error)
    if cause is not None:
        return cause
    if isinstance(error, duckdb.CatalogException) and "already exists" in str(error):
        return "was to make a table or function whose name is taken"
    return next((words for cls, words in _WORDS if isinstance(error, cls)), "failed")


_BY_STATEMENT = (
    duckdb.ParserException,
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.PermissionException,
)


def _is_by_file(error: duckdb.Error) -> bool:
    """Whether an error may come from what a file holds, not from the machine or a statement."""
    kinds = (
        duckdb.IOException,
        duckdb.InvalidInputException,
        duckdb.ConversionException,
        duckdb.NotSupportedError,
        duckdb.SerializationException,
    )
    return isinstance(error, kinds) and _cause(error) is None


@contextmanager
def _interruptible() -> Iterator[None]:
    """Raise what a signal raised: DuckDB stops for it, but loses it and says another thing."""
    before = Stopped.latest
    try:
        yield
    except (RuntimeError, duckdb.InterruptException) as e:
        if Stopped.latest is not before and Stopped.latest is not None:
            raise Stopped(Stopped.latest.signal) from None
        if isinstance(e, duckdb.Error):
            raise
        raise KeyboardInterrupt from None  # no other signal interrupts a library


@contextmanager
def _explained() -> Iterator[None]:
    """Explain a mistake in a user's statement; any other failure is said in our words."""
    try:
        with _interruptible():
            yield
    except (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException) as e:
        raise EngineError(f"the query: {str(e).strip().splitlines()[0]}") from None
    except duckdb.Error as e:
        raise EngineError(f"the query: DuckDB {_words(e)} ({type(e).__name__})") from None


def quote(name: str) -> str:
    """A name as a SQL identifier, whatever characters it holds."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as a SQL string, whatever characters it holds."""
    return "'" + text.replace("'", "''") + "'"


ROLE_TYPES = {
    "url": "varchar",
    "text": "varchar",
    "punsafe": "double",
    "row_hash": "bigint",
    "image_md5": "varchar",
    "image_sha1": "varchar",
    "image_sha256": "varchar",
    "language": "varchar",
}
VIEWS = ("shard", "row_links", "row_digests", "row_no_digests", "row_values")
WIDTHS = {"image_md5": 16, "image_sha1": 20, "image_sha256": 32}


# What the footer of a shard says of values (bounds, counts of NULL, bloom filters) may be wrong:
# released programs write such footers. DuckDB takes it for the truth in these steps, and rows
# that are there would not be found. They are off wherever shards are looked at.
_BELIEVERS = (
    "statistics_propagation",  # counts and bounds answer for the values; `is null` is decided
    "filter_pushdown",  # a filter in the scan passes over row groups
    "join_filter_pushdown",  # so do the bounds of a join's other side
    "top_n",  # and those of the best rows so far: `order by .. limit`
    "row_group_pruner",  # the same, by bounds alone
)


@dataclass(frozen=True)
class ShardSource:
    """Shards of one subset and one schema, each with its number.

    `roles` says which columns play a role, the first one first: the position of each in the
    file, from 0, and its name for people. A role that is missing reads as null.
    """

    subset: str
    numbers: tuple[int, ...]
    paths: tuple[Path, ...]
    roles: Mapping[str, tuple[tuple[int, str], ...]]


@dataclass(frozen=True)
class Result:
    """The rows of a user's statement, to be fetched before the next one is run."""

    columns: tuple[str, ...]
    _con: duckdb.DuckDBPyConnection

    def fetch(self, n: int) -> list[tuple[Any, ...]]:
        """The next rows, at most n; none where the result has ended."""
        with _explained():
            return self._con.fetchmany(n)


class Engine:
    """One DuckDB connection. Not to be shared between threads."""

    def __init__(self, con: duckdb.DuckDBPyConnection, temp: Path | None = None) -> None:
        self._con = con
        self._log = temp / "errors.log" if temp else None
        # for files whose names DuckDB cannot say; made when there is one, gone with close()
        self._temp = temp
        self._links: Path | None = None
        self._left = ExitStack()
        self._macros: set[str] = set()

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
        """Files as the list that `read_parquet` takes."""
        return ", ".join(literal(sql_path(path)) for path in reachable(paths, self._links_folder))

    @contextmanager
    def _said_by_us(self, doing: str) -> Iterator[None]:
        try:
            with _interruptible():
                yield
        except duckdb.Error as e:
            detail = self._keep_detail()
            said = EngineError(f"{doing}: DuckDB {_words(e)} ({type(e).__name__}){detail}")
            said.by_file = _is_by_file(e)
            said.no_room = _cause(e) == _NO_ROOM
            said.by_statement = isinstance(e, _BY_STATEMENT)
            raise said from None

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

    def ask(self, sql: str) -> "Result":
        """Run a statement that a user wrote; its rows are fetched as they are wanted.

        A mistake in its text is explained in DuckDB's words, which then quote nothing but
        the statement; any other failure in ours.
        """
        with _explained():
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
        with self._said_by_us(f"filling {table}"):
            self._con.register("_incoming", data)
            try:
                self._con.execute(f"insert into {quote(table)} select * from _incoming")  # noqa: S608
            finally:
                self._con.unregister("_incoming")

    def create(self, table: str, data: pa.Table) -> None:
        """Make a temp table of Arrow data."""
        with self._said_by_us(f"filling {table}"):
            self._con.register("_incoming", data)
            try:
                self._con.execute(f"create temp table {quote(table)} as from _incoming")
            finally:
                self._con.unregister("_incoming")

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
                f"{script.path.name}: missing parameters {sorted(missing)}, "
                f"undeclared parameters {sorted(extra)}"
            )
        self.set_variables(**values)
        with self._said_by_us(script.path.name):
            for statement in self._con.extract_statements(script.sql):
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
        looked_at: Collection[str] = tuple(ROLE_TYPES),
        views: Collection[str] = VIEWS,
        shown_roles: Collection[str] = tuple(ROLE_TYPES),
    ) -> None:
        """Create the views over files: the one place where SQL text is generated.

        `shard` has one column a role, `row_links` each link of a row (one a link column),
        `row_digests` each value of each digest column, null where it is no digest,
        `row_no_digests` each that is there and no digest, `row_values` whether a row has a value
        for a role; the last three for the roles that are `looked_at`. Columns are taken by
        position, since names may be the same but for case, or ours. To bind a view takes its
        time, so `views` says which are wanted, and `shown_roles` which roles `shard` has to
        tell; the others read as null.
        """
        for script in ("04_digest_macros", "05_link_macros"):
            self.macros(load(version)[script])
        reads = [self._reading(source) for source in sources]
        parts: dict[str, Callable[[_Reading], list[str]]] = {
            "shard": lambda read: [_shard(read, shown_roles)],
            "row_links": _links,
            "row_digests": lambda read: _digests(read, looked_at),
            "row_no_digests": lambda read: _no_digests(read, looked_at),
            "row_values": lambda read: [_values(read, looked_at)],
        }
        for view in views:
            self._view(view, [part for read in reads for part in parts[view](read)])

    def view_sidecars(self, sources: Sequence[ShardSource], version: str) -> None:
        """Create `sidecar_digests`: each digest of each sidecar with its row's link or row hash.

        And `sidecar_no_digests`: each value there, once, with its column, that is no digest.
        """
        self.macros(load(version)["04_digest_macros"])
        reads = [self._reading(source) for source in sources]
        parts = [part for read in reads for part in _beside(read)]
        nothing = (
            "select null::varchar as url, null::bigint as row_hash, null::varchar as kind, "
            "null::varchar as digest where false"
        )
        self._view("sidecar_digests", parts or [nothing])  # no image hash is listed
        odd = [part for read in reads for part in _no_digests(read, WIDTHS)]
        if odd:
            self._view("sidecar_no_digests", odd)

    def view_edition(self, sources: Sequence[ShardSource], name: str, version: str) -> None:
        """Create one view like `shard` under another name."""
        self.macros(load(version)["04_digest_macros"])
        self._view(name, [_shard(self._reading(source)) for source in sources])

    def _view(self, name: str, parts: Sequence[str]) -> None:
        body = "\nunion all\n".join(parts)
        self._look_at_values()
        self.execute(f"create or replace temp view {quote(name)} as\n{body}")

    def view_files(self, paths: Sequence[Path], name: str) -> None:
        """Create a view of files of one schema with all their own columns."""
        read = f"read_parquet([{self._files(paths)}], hive_partitioning = false)"
        self._look_at_values()
        self.execute(f"create or replace temp view {quote(name)} as from {read}")

    def _look_at_values(self) -> None:
        """Answer by what shards hold, not by what their footers say of it."""
        self.set_option("disabled_optimizers", ",".join(_BELIEVERS))

    def _reading(self, source: ShardSource) -> "_Reading":
        read = f"read_parquet([{self._files(source.paths)}], hive_partitioning = false)"
        described = self.rows(f"describe select * from {read}", doing=str(source.paths[0]))  # noqa: S608
        names = ", ".join(f"c{i}" for i in range(len(described)))
        types = tuple(str(column[1]) for column in described)
        return _Reading(source, f"from {read} as s({names})", types)

    def write_parquet(self, query: str, path: Path) -> None:
        """Write the rows of a query to a work file, whole or not at all, but for power cuts."""
        with whole_file(path, mode=0o600, flush=False) as part:
            self.execute(
                f"copy ({query}) to {literal(str(part))} (format parquet)", doing=str(path)
            )

    def read_parquet(self, table: str, paths: Sequence[Path], in_table: str | None = None) -> None:
        """Load files that `write_parquet` made into a temp table.

        Or only the rows of the shards whose `shard_no` another table holds.
        """
        where = "" if in_table is None else f" semi join {quote(in_table)} using (shard_no)"
        self.execute(
            f"create or replace temp table {quote(table)} as "
            f"from read_parquet([{self._files(paths)}], hive_partitioning = false){where}",
            doing=str(paths[0]),
        )

    def statements(self, sql: str) -> list[tuple[str, str]]:
        """Split SQL text: (statement type such as `SELECT`, its text) each."""
        with _explained():
            return [(s.type.name, s.query) for s in self._con.extract_statements(sql)]

    def parameters(self, sql: str) -> set[str]:
        """The `$names` that SQL text uses."""
        with self._said_by_us("the query"):
            found = self._con.extract_statements(sql)
            return {name for statement in found for name in statement.named_parameters}

    def attach(self, path: Path, name: str, *, read_only: bool = True) -> None:
        """Attach a database file under a name."""
        mode = " (read_only)" if read_only else ""
        self.execute(f"attach {literal(str(path))} as {quote(name)}{mode}", doing=str(path))

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


@dataclass(frozen=True)
class _Reading:
    """Files to read: the `from` clause, with columns named by position, and their types.

    So no name of the data meets one of ours, and DuckDB's names of positions stay its own.
    """

    source: ShardSource
    clause: str
    types: tuple[str, ...]

    def select(self, *columns: str) -> str:
        return f"select {', '.join(columns)} {self.clause}"

    @property
    def shard_no(self) -> str:
        numbers = self.source.numbers
        first = numbers[0]
        if numbers == tuple(range(first, first + len(numbers))):
            return f"(file_index + {first:d})::integer as shard_no"
        listed = ", ".join(f"{no:d}" for no in numbers)
        return f"([{listed}])[(file_index + 1)::bigint]::integer as shard_no"

    def values(self, role: str) -> list[str]:
        """The values of a role's columns, as SQL of the role's type, the first one first."""
        return [self._value(role, position) for position, _ in self.source.roles.get(role, ())]

    def _value(self, role: str, position: int) -> str:
        value, kind = f"c{position}", self.types[position]
        if role in WIDTHS:
            return self.digest("digest", role, position)
        if role == "row_hash" and kind != "BIGINT":
            return f"row_hash_of_{'text' if kind == 'VARCHAR' else 'number'}({value})"
        if kind == "BLOB":  # text that nothing marks as such: not its escapes
            value = f"decode({value})"
        if kind.startswith("DECIMAL"):  # by its digits: the nearest double, as anybody reads it
            value = f"{value}::varchar"
        return f"{value}::{ROLE_TYPES[role]}"

    def digest(self, asked: str, role: str, position: int) -> str:
        """What one of the digest macros says of a column: `digest`, `is_digest`, .."""
        value = f"c{position}"
        if self.types[position] == "VARCHAR":
            return f"{asked}_of_text({value}, {WIDTHS[role]})"
        return f"{asked}_of_bytes({value}::blob, {WIDTHS[role]})"

    def present(self, position: int) -> str:
        """Whether a digest column holds a value, whatever it is."""
        value = f"c{position}"
        is_text = self.types[position] == "VARCHAR"
        return f"has_text({value})" if is_text else f"octet_length({value}::blob) > 0"


def _shard(read: _Reading, roles: Collection[str] = tuple(ROLE_TYPES)) -> str:
    columns = [f"{literal(shown(read.source.subset))} as subset", read.shard_no, "file_row_number"]
    for role, sql_type in ROLE_TYPES.items():
        values = read.values(role) if role in roles else []
        value = next(iter(values), f"null::{sql_type}")
        columns.append(f"{value} as {role}")
    return read.select(*columns)


def _links(read: _Reading) -> list[str]:
    names = [literal(shown(name)) for _, name in read.source.roles.get("url", ())]
    found = list(zip(read.values("url"), names, strict=True)) or [("null::varchar",) * 2]
    return [
        read.select(read.shard_no, "file_row_number", f"{value} as url", f"{name} as column_name")
        for value, name in found
    ]


def _digests(read: _Reading, looked_at: Collection[str]) -> list[str]:
    nothing = "null::varchar as kind", "null::varchar as digest"
    parts = [
        read.select(
            read.shard_no,
            "file_row_number",
            f"{literal(role)} as kind",
            f"{read.digest('digest', role, position)} as digest",
        )
        for role, position, _ in _digest_columns(read, looked_at)
    ]
    return parts or [f"{read.select(read.shard_no, 'file_row_number', *nothing)} where false"]


def _no_digests(read: _Reading, looked_at: Collection[str]) -> list[str]:
    nothing = "null::varchar as kind", "null::varchar as column_name"
    parts = [
        read.select(
            read.shard_no, f"{literal(role)} as kind", f"{literal(shown(name))} as column_name"
        )
        + f" where {_is_odd(read, role, position)}"
        for role, position, name in _digest_columns(read, looked_at)
    ]
    return parts or [f"{read.select(read.shard_no, *nothing)} where false"]


def _is_odd(read: _Reading, role: str, position: int) -> str:
    """Whether a digest column holds a value that is no digest."""
    return f"(not {read.digest('is_digest', role, position)} and {read.present(position)})"


def _digest_columns(read: _Reading, looked_at: Collection[str]) -> list[tuple[str, int, str]]:
    """Role, position and name of each digest column that is looked at."""
    return [
        (role, position, name)
        for role in WIDTHS
        if role in looked_at
        for position, name in read.source.roles.get(role, ())
    ]


def _values(read: _Reading, looked_at: Collection[str]) -> str:
    columns = [read.shard_no]
    for role in ROLE_TYPES:
        columns.append(f"{' or '.join(_tests(read, role, looked_at)) or 'false'} as {role}")
    columns.append(f"{next(iter(_tests(read, 'url', looked_at)), 'false')} as first_url")
    odd = [_is_odd(read, role, p) for role, p, _ in _digest_columns(read, looked_at)]
    links = read.values("url") if "url" in looked_at else []
    columns.append(f"{' or '.join(odd) or 'false'} as has_no_digest")
    columns.append(f"{' or '.join(f'link_is_giant({v})' for v in links) or 'false'} as has_giant")
    return read.select(*columns)


def _tests(read: _Reading, role: str, looked_at: Collection[str]) -> list[str]:
    """Whether each of the columns that play a role holds a value, if the role is looked at."""
    places = [p for p, _ in read.source.roles.get(role, ())] if role in looked_at else []
    if role in WIDTHS:
        return [read.digest("is_digest", role, position) for position in places]
    values = read.values(role) if role in looked_at else []
    if role == "punsafe":
        return [f"coalesce(not isnan({v}), false)" for v in values]
    return [f"{v} is not null" for v in values]


def _beside(read: _Reading) -> list[str]:
    # a row may lack the one and have the other, or its link may be another than the shard's
    row_hash = next(iter(read.values("row_hash")), "null::bigint")
    first, *more = read.values("url") or ["null::varchar"]
    keys = [(first, row_hash), *((url, "null::bigint") for url in more)]
    return [
        read.select(
            f"{url} as url",
            f"{row_hash} as row_hash",
            f"{literal(role)} as kind",
            f"{value} as digest",
        )
        for url, row_hash in keys
        for role in WIDTHS
        for value in read.values(role)
    ]


@contextmanager
def connect(
    database: Path | None = None,
    *,
    read_only: bool = False,
    threads: int | None = None,
    memory: str | None = None,
    temp: Path | None = None,
) -> Iterator[Engine]:
    """Open DuckDB on a file, or in memory, and close it again.

    `temp` is the private folder for what does not fit in memory, and for the details of
    unknown errors; without it nothing is spilled (DuckDB's default is the current folder).
    `memory` is a size such as '2GB'. No extension is ever installed or loaded from a network.
    """
    config: dict[str, Any] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "temp_directory": str(temp / "spill") if temp else "",
    }
    if threads:
        config["threads"] = threads
    if memory:
        config["memory_limit"] = memory
    try:
        con = duckdb.connect(str(database or ":memory:"), read_only=read_only, config=config)
    except duckdb.Error as e:
        raise _cannot_open(database, e) from None
    with suppress(duckdb.Error):  # a notebook has a display of its own, which takes no such word
        con.execute("set enable_progress_bar = false")  # else it stands in the midst of stdout
    engine = Engine(con, temp)
    try:
        yield engine
    finally:
        engine.close()


def _cannot_open(database: Path | None, error: duckdb.Error) -> RelaionError:
    if "could not set lock" in str(error).lower():  # "lock" alone is in "block", too
        return EngineError(f"{database}: another process has it open; wait for it to end")
    return EngineError(
        f"{database}: cannot be opened as a DuckDB database ({type(error).__name__}); "
        "check the path and that the file is whole"
    )
