"""The only module that talks to DuckDB: connections, scripts, and errors in our own words.

Settings that are not part of a result (threads, memory, temp folder, access) live here.
An engine message can quote a value of a row or a list, so none is ever passed on.
"""

import re
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from relaion.errors import EngineError, RelaionError
from relaion.paths import owned_folder, reachable, shown, sql_path, whole_file
from relaion.sqlset import Script

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
_CAUSES = {
    "No space left on device": "found no room on the disk",
    "File too large": "found no room for a file",
    "Input/output error": "could not read or write: the disk fails",
    "Permission denied": "may not read or write a file",
    "No such file or directory": "did not find a file",
}


def _words(error: duckdb.Error) -> str:
    for said, cause in _CAUSES.items():
        if isinstance(error, duckdb.IOException) and said in str(error):
            return cause
    return next((words for cls, words in _WORDS if isinstance(error, cls)), "failed")


@contextmanager
def _explained() -> Iterator[None]:
    """Explain a mistake in a user's statement; any other failure is said in our words."""
    try:
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
# how a digest column is written (`shards.digests`) -> the same digest as hex; a value that is
# none gives null, or what equals no digest. Text may be stored as bytes, bytes as a UUID.
_BASE64 = (
    "rpad(translate({0}::varchar, '-_', '+/'), ((length({0}::varchar) + 3) // 4 * 4)::integer, '=')"
)
_BITS = (
    "array_to_string(list_transform(string_split(rtrim(upper({0}::varchar), '='), ''), lambda c: "
    "lpad(bin(strpos('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', c) - 1), 5, '0')), '')"
)
_AS_HEX = {
    "hex": "{0}",
    "base64": f"hex(try(from_base64({_BASE64})))",
    "base32": (
        "case when regexp_full_match({0}::varchar, '[A-Za-z2-7]+=*') then "
        f"hex(unbin(left({_BITS}, length(rtrim({{0}}::varchar, '=')) * 5 // 8 * 8))) end"
    ),
    "binary": "hex({0}::blob)",
}


@dataclass(frozen=True)
class ShardSource:
    """Shards of one subset and one schema, numbered on from `first_no`.

    `roles` says which column plays a role: its position in the file, from 0, and for a
    digest how it is written (hex, base64, binary). A role that is missing reads as null.
    """

    subset: str
    first_no: int
    paths: tuple[Path, ...]
    roles: Mapping[str, tuple[int, str | None]]


class Engine:
    """One DuckDB connection. Not to be shared between threads."""

    def __init__(self, con: duckdb.DuckDBPyConnection, temp: Path | None = None) -> None:
        self._con = con
        self._log = temp / "errors.log" if temp else None
        # for files whose names DuckDB cannot say; made when there is one, gone with close()
        self._temp = temp
        self._links: Path | None = None
        self._left = ExitStack()

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
            yield
        except duckdb.Error as e:
            detail = self._keep_detail()
            raise EngineError(f"{doing}: DuckDB {_words(e)} ({type(e).__name__}){detail}") from None

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

    def answer(self, sql: str) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """Column names and rows of a statement that a user wrote.

        A mistake in its text is explained in DuckDB's words, which then quote nothing but
        the statement; any other failure in ours.
        """
        with _explained():
            result = self._con.execute(sql)
            columns = tuple(column[0] for column in result.description or ())
            return columns, result.fetchall()

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

    def view_shards(self, sources: Sequence[ShardSource], name: str = "shard") -> None:
        """Create the view `shard` over files: the one place where SQL text is generated.

        Columns are taken by position, since DuckDB renames the second of `WIDTH`, `width`.
        """
        parts = [self._select_shards(source) for source in sources]
        body = "\nunion all\n".join(parts)
        self.execute(f"create or replace temp view {quote(name)} as\n{body}")

    def view_files(self, paths: Sequence[Path], name: str) -> None:
        """Create a view of files of one schema with all their own columns."""
        read = f"read_parquet([{self._files(paths)}], hive_partitioning = false)"
        self.execute(f"create or replace temp view {quote(name)} as from {read}")

    def _select_shards(self, source: ShardSource) -> str:
        read = f"read_parquet([{self._files(source.paths)}], hive_partitioning = false)"
        described = self.rows(f"describe select * from {read}", doing=str(source.paths[0]))  # noqa: S608
        columns = [
            f"{literal(shown(source.subset))} as subset",
            f"(file_index + {source.first_no})::integer as shard_no",
            "file_row_number",
        ]
        for role, sql_type in ROLE_TYPES.items():
            position, encoding = source.roles.get(role, (None, None))
            value = "null" if position is None else quote(described[position][0])
            if position is not None and role.startswith("image_"):
                value = _AS_HEX[encoding or "hex"].format(value)
            columns.append(f"{value}::{sql_type} as {role}")
        return "select " + ", ".join(columns) + f" from {read}"  # noqa: S608

    def write_parquet(self, query: str, path: Path) -> None:
        """Write the rows of a query to a parquet file, whole or not at all."""
        with whole_file(path, mode=0o600) as part:
            self.execute(
                f"copy ({query}) to {literal(str(part))} (format parquet)", doing=str(path)
            )

    def read_parquet(self, table: str, paths: Sequence[Path], shard_no: int | None = None) -> None:
        """Load files that `write_parquet` made into a temp table, or one shard's rows of them."""
        where = "" if shard_no is None else f" where shard_no = {shard_no:d}"
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
