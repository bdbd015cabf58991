"""`sql`: ask an audit and its editions, or shards before cleaning. Never both."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relaion.engine import Engine, Result, connect
from relaion.engine.views import VIEWS
from relaion.errors import InputError, RelaionError
from relaion.paths import (
    AnyPath,
    AnyPaths,
    as_path,
    as_paths,
    is_utf8,
    owned_folder,
    shown,
    sweep,
)
from relaion.remote import is_remote
from relaion.stages.answer import Answer
from relaion.stages.sql_tables import Askable, ask_here, open_out, open_shards, owned_by

if TYPE_CHECKING:
    import duckdb

    from relaion.parquet.roles import Columns

# what may be asked: nothing that reaches a file, another database or a setting
ALLOWED = frozenset(
    {"SELECT", "EXPLAIN", "CREATE", "CREATE_FUNC", "INSERT", "UPDATE", "DELETE", "DROP",
     "MULTI", "PRAGMA", "VARIABLE_SET", "PREPARE", "EXECUTE", "CALL", "TRANSACTION", "ANALYZE"}
)  # fmt: skip
# what answers with rows, be there none; of others, what DuckDB says of its own is no answer
_ANSWERS = frozenset({"SELECT", "EXPLAIN", "MULTI", "PRAGMA", "EXECUTE", "CALL"})
_DONE = (("Count",), ("Success",), ())
BATCH = 10_000
Said = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True)
class Reply:
    """What one statement answers; its rows are fetched as they are wanted."""

    columns: tuple[str, ...]
    fetch: Callable[[int], list[tuple[Any, ...]]]
    count_rest: Callable[[int], int]

    def batches(self) -> Iterator[list[tuple[Any, ...]]]:
        """All rows, some at a time."""
        while batch := self.fetch(BATCH):
            yield batch


@dataclass(frozen=True)
class Names:
    """What a statement may be made of, each sorted: for a prompt to complete."""

    tables: tuple[str, ...]
    columns: tuple[str, ...]
    functions: tuple[str, ...]
    keywords: tuple[str, ...]


class Prompt:
    """An open database that answers one text of SQL after the other.

    `tables` are what may be asked, `notices` what a user should know of them.
    """

    def __init__(self, engine: Engine, asked: Askable) -> None:
        self._engine = engine
        self._asked = asked
        self.tables = asked.tables
        self.notices = asked.notices

    def ask(
        self, query: str, first: int = 1, *, as_text: Callable[[str], bool] | None = None
    ) -> Iterator[Reply]:
        """Run SQL text, a reply for each statement that answers, to be read before the next.

        A value of a type for which `as_text` is true is the text that DuckDB makes of it, or
        None for NULL; types are told as DuckDB names them, such as `DATE`.
        Raises EngineError for a mistake and InputError for a statement that reaches beyond
        this database; with several statements (or where the `first` has another number) the
        line says which it is.
        """
        if not is_utf8(query):
            raise InputError("the query: holds bytes that are not UTF-8; write it in UTF-8")
        try:
            statements = self._engine.statements(query)
        except RelaionError as e:
            with _said(first if first > 1 else None):
                raise e from None
        named = len(statements) > 1 or first > 1
        for number, (kind, text) in enumerate(statements, first):
            said = partial(_said, number if named else None)
            with said():
                reply = self._reply(kind, text, said, as_text=as_text)
            if reply is not None:
                yield reply

    def answer(self, query: str, *, as_text: Callable[[str], bool] | None = None) -> Answer:
        """Everything that SQL text answers, at once; `as_text` as in `ask`."""
        found = [
            Answer(reply.columns, tuple(row for batch in reply.batches() for row in batch))
            for reply in self.ask(query, as_text=as_text)
        ]
        last = found.pop() if found else Answer((), ())
        return Answer(last.columns, last.rows, tuple(found), self.notices)

    def connection(self) -> duckdb.DuckDBPyConnection:
        """What it asks, for whoever asks in Python: all that lies elsewhere is fetched for that."""
        self._asked.see(None)
        return self._engine.connection

    def interrupt(self) -> None:
        """Stop the statement that runs, from another thread."""
        self._engine.interrupt()

    def count(self, query: str) -> int:
        """How many statements a text holds; 1 where it cannot be told."""
        with suppress(RelaionError):
            return len(self._engine.statements(query)) if is_utf8(query) else 1
        return 1

    def names(self) -> Names:
        """Tables, columns, functions and keywords, as they are now; nothing of what they hold."""
        listed = (
            "select distinct table_name from duckdb_tables() where not internal "
            "union select view_name from duckdb_views() where not internal",
            "select distinct column_name from duckdb_columns() where not internal",
            "select distinct function_name from duckdb_functions() "
            "where regexp_full_match(function_name, '[a-z][a-z0-9_]*')",
            "select distinct keyword_name from duckdb_keywords()",
        )
        found = (tuple(sorted(str(n) for (n,) in self._engine.rows(sql))) for sql in listed)
        tables, *others = found
        return Names(tuple(sorted({*tables, *self._asked.later})), *others)

    def schema(self, table: str | None = None) -> Answer:
        """Each column of what may be asked, or of one table: its type, and what it says.

        Raises InputError for a table that there is not, or that was not fetched yet.
        """
        if table is not None and table.lower() in map(str.lower, self._asked.later):
            raise InputError(f"{shown(table)}: was not fetched yet; ask for some of it first")
        head = ("table", "column", "type", "meaning")
        rows = self._engine.rows(
            "select table_name, column_name, data_type, comment from duckdb_columns() "
            "where not internal and if($t is null, not list_contains($ours, table_name), "
            "lower(table_name) = lower($t)) order by table_name, column_index",
            {"t": table, "ours": list(VIEWS[1:])},  # of what a run reads; they can be named
        )
        if not rows:
            raise InputError(f"{shown(table)}: no such table here; `.tables` lists them")
        return Answer(head, tuple(rows))

    def _reply(
        self, kind: str, text: str, said: Said, *, as_text: Callable[[str], bool] | None
    ) -> Reply | None:
        if kind not in ALLOWED:
            raise InputError(
                f"the query: a {kind} statement is not allowed here; ask with select, and "
                "take results along with --json"
            )
        self._asked.see(text)
        columns = self._columns(text) if as_text and kind == "SELECT" else ()
        texts = [as_text is not None and as_text(kind) for _, kind in columns]
        result = self._engine.ask(_texts(text, texts) if any(texts) else text)
        if any(texts):
            result = replace(result, columns=tuple(name for name, _ in columns))
        head = result.fetch(1)
        if kind not in _ANSWERS and result.columns in _DONE:
            return None

        def fetch(n: int) -> list[tuple[Any, ...]]:
            rows = [head.pop() for _ in head[:n]]
            with said():
                return rows + (result.fetch(n - len(rows)) if n > len(rows) else [])

        def count_rest(known: int) -> int:
            with said():
                return self._count_rest(kind, text, known, result)

        return Reply(result.columns, fetch, count_rest)

    def _columns(self, text: str) -> tuple[tuple[str, str], ...]:
        """Names and types of a query's columns; empty where only its run would tell."""
        with suppress(RelaionError):
            told = self._engine.ask(f"describe {text}")
            return tuple(
                (str(row[0]), str(row[1]))
                for rows in iter(lambda: told.fetch(BATCH), [])
                for row in rows
            )
        return ()

    def _count_rest(self, kind: str, text: str, known: int, result: Result) -> int:
        """How many rows follow those that are known: DuckDB counts faster than rows are fetched."""
        if kind == "SELECT":
            with suppress(RelaionError):
                inner = text.rstrip().rstrip(";")
                whole = self._engine.ask(f"select count(*) from (\n{inner}\n)")  # noqa: S608
                return max(int(whole.fetch(1)[0][0]) - known, 1)
        found = 0
        while batch := result.fetch(BATCH):
            found += len(batch)
        return found


def _texts(query: str, texts: Sequence[bool]) -> str:
    """A query with those columns made texts, the way DuckDB writes them."""
    inner = query.rstrip().rstrip(";")
    names = ", ".join(f"c{i}" for i in range(len(texts)))
    as_text = ", ".join(f"c{i}::varchar" if t else f"c{i}" for i, t in enumerate(texts))
    return f"select {as_text} from (\n{inner}\n) as s({names})"  # noqa: S608


@contextmanager
def _said(number: int | None) -> Iterator[None]:
    """Say which statement an error is of; with None there is only one."""
    try:
        yield
    except RelaionError as e:
        if number is None:
            raise
        text = str(e).removeprefix("the query: ")
        raise type(e)(f"the query, statement {number}: {text}") from None


@contextmanager
def open_sql(paths: AnyPaths, columns: Columns | None = None) -> Iterator[Prompt]:
    """Open an OUT (its audit tables, a view for each edition), or shards (the view `shard`).

    `columns` are names for roles that go before what is recognised; of an OUT they stand in its
    manifest. Read-only; files outside are out of reach. What lies elsewhere is fetched once a
    statement names it. Raises InputError where any two of these
    come together by way of the paths: shards of an OUT and others, two OUTs, an OUT whose run
    broke off. One anti join between them would show the listed rows.
    """
    paths = as_paths(paths)
    sweep()  # a killed prompt over shards may have left copies of them
    with ask_here(as_paths(paths)) as paths, owned_folder("sql") as private, connect() as engine:
        owned = owned_by(paths)
        if owned and columns:
            raise InputError(
                f"{shown(paths[0])}: is an output, whose manifest says what its columns are; leave "
                "out --column"
            )
        asked = (
            open_out(engine, owned, private.path)
            if owned
            else open_shards(engine, paths, private.path, columns or {})
        )
        yield Prompt(engine, asked)


def open_audit(out: AnyPath) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection on an OUT: its audit tables, and a view for each edition.

    Locked as the prompt is: read-only, no other file is in reach, and no setting changes. Close it
    when done; what it needs beside it goes with the process.

    Args:
        out: The folder of a finished run.

    Returns:
        The connection, which is the caller's.

    Raises:
        InputError: For what is no finished OUT, or where its editions may be asked one at a time
            only.
    """
    path = as_path(out)
    if not is_remote(path) and not owned_by([path]):
        raise InputError(
            f"{shown(path)}: was not written by `clean`; for parquet files there is open_data"
        )
    return _connection([path])


def open_data(paths: AnyPaths, *, columns: Columns | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection on shards before cleaning: `shard`, and a view for each subset.

    Locked as that of `open_audit` is.

    Args:
        paths: Shards, folders of shards or globs.
        columns: Names for roles, where they are not recognised, such as `{"url": "LINK"}`.

    Returns:
        The connection, which is the caller's.

    Raises:
        InputError: For what is no shard, has no link column, or lies in an OUT.
    """
    paths = as_paths(paths)
    if not any(map(is_remote, paths)) and owned_by(paths):
        raise InputError(f"{shown(paths[0])}: was written by `clean`; for that there is open_audit")
    return _connection(paths, columns)


def _connection(paths: Sequence[Path], columns: Columns | None = None) -> duckdb.DuckDBPyConnection:
    """What the prompt asks, without the prompt; its private folder is removed at exit."""
    stack = ExitStack()
    prompt = stack.enter_context(open_sql(paths, columns))
    atexit.register(stack.close)
    return prompt.connection()


def sql(paths: AnyPaths, query: str, *, columns: Columns | None = None) -> Answer:
    """Answer one SQL text over an OUT, or over shards before cleaning.

    Of an OUT there are the audit's tables and a view for each edition; of shards `shard`, and a
    view for each subset; never both. It is read-only, and no other file is in reach.

    Args:
        paths: An OUT of `clean`, or shards, folders or globs.
        query: One or more statements; the last that has rows is the answer.
        columns: Of shards: names for roles, where they are not recognised, such as
            `{"url": "LINK"}`. Of an OUT they stand in its manifest.

    Returns:
        Columns and rows as Python values; NULL is None.

    Raises:
        InputError: For what is neither, or for both at once.
        EngineError: For a statement that DuckDB refuses.
    """
    with open_sql(paths, columns) as prompt:
        return prompt.answer(query)
