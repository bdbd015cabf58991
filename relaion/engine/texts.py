"""SQL text that a user wrote: tried without a row, asked what it reads, and answered."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Timer
from typing import Any

import duckdb

from relaion.engine.words import explained, mistakes
from relaion.paths import shown
from relaion.sqlset import Script

_BLANK = re.compile(r"(?:\s+|--[^\n]*\n?|/\*.*?\*/)*", re.S)  # what may stand before a statement
_COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.S)
_INSERT = re.compile(
    rf"^{_BLANK.pattern}insert\s+into\s+[\w.\"]+\s*(?:\([^()]*\)\s*)?", re.S | re.I
)


def rehearse(con: duckdb.DuckDBPyConnection, script: Script, seconds: float) -> bool:
    """Run a user's script where no table has a row; whether it came to its end in time.

    Raises EngineError, which says where the script is wrong in DuckDB's own words: these
    quote nothing but the script.
    """
    timer = Timer(seconds, con.interrupt)
    timer.start()
    try:
        with mistakes(shown(script.path)):
            statements = con.extract_statements(script.sql)
        line = 1
        for statement in statements:
            blank = _BLANK.match(statement.query)
            first = line + (blank[0].count("\n") if blank else 0)
            with mistakes(f"{shown(script.path)}:{first}"):
                result = con.execute(statement)
                while result.fetchmany(10_000):
                    pass
            line += statement.query.count("\n")
    except (duckdb.InterruptException, duckdb.OutOfMemoryException):
        return False
    finally:
        timer.cancel()
    return True


def names_read(con: duckdb.DuckDBPyConnection, sql: str) -> set[str]:
    """The tables and views that SQL text reads, in small letters, and more where unsure.

    DuckDB tells it of a query alone: an insert would have to find its table.
    """
    with explained():
        texts = [s.query for s in con.extract_statements(sql)]
    found: set[str] = set()
    for text in texts:
        try:
            found |= con.get_table_names(_INSERT.sub("", text))
        except duckdb.Error:
            found |= set(re.findall(r"\w+", text))
    return {name.lower() for name in found}


# words of SQL that stand for the clock without a call, and what takes rows by chance
_CLOCKS = {"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"}
_HIDING = {"query", "json_execute_serialized_sql"}  # run SQL that a text may hold
_BY_CHANCE = {"reservoir_quantile"}  # which DuckDB calls consistent
# called volatile, so that it is not left out; and a schema, which is `main` for every edition
_ASKS_NONE = {"error", "current_schema"}
_OPEN, _SHUT = ("(", "[", "{"), (")", "]", "}")
_AGE = "age"  # asks the clock for the day that is not given to it


def other_answers(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[str, int] | None:
    """What of SQL text may answer otherwise when it is run again, and its line; None if nothing.

    Functions that DuckDB calls volatile, clocks, samples, what runs a text as SQL, and DuckDB's
    own macros of these.
    """
    return _first_of(_answering_otherwise(con), sql)


_ANSWERS: dict[str, bool] = {}  # what DuckDB itself brings along is the same in every connection


def _answering_otherwise(con: duckdb.DuckDBPyConnection) -> Mapping[str, bool]:
    """Functions of DuckDB that may answer otherwise, by whether they do where they take arguments.

    To list them takes DuckDB a hundredth of a second: once a process.
    """
    if _ANSWERS:
        return _ANSWERS
    found = con.execute(
        "select function_name, stability = 'VOLATILE' or stability = 'CONSISTENT_WITHIN_QUERY' "
        "and len(parameters) = 0, len(parameters) > 0, macro_definition from duckdb_functions() "
        "where internal"
    ).fetchall()
    takes: dict[str, bool] = {}
    for name, is_other, some, _ in found:
        if is_other:
            takes[name] = takes.get(name, False) or some
    takes |= dict.fromkeys({_AGE} | _HIDING | _BY_CHANCE, True)
    takes = {name: some for name, some in takes.items() if name not in _ASKS_NONE}
    macros = ((name, text) for name, _, _, text in found if text is not None)
    takes |= {name: True for name, text in macros if _first_of(takes, text)}
    _ANSWERS.update(takes)
    return _ANSWERS


def _first_of(takes: Mapping[str, bool], sql: str) -> tuple[str, int] | None:
    """The first of these functions that is called, by whether it takes arguments; or a clock."""
    data = sql.encode()
    starts = [(at, kind.name) for at, kind in duckdb.tokenize(sql) if kind.name != "comment"]
    ends = [at for at, _ in starts[1:]] + [len(data)]
    texts = [
        _COMMENTS.sub("", data[at:end].decode("utf-8", "replace")).strip()
        for (at, _), end in zip(starts, ends, strict=True)
    ]
    for i, (text, (at, _)) in enumerate(zip(texts, starts, strict=True)):
        bare = text.strip('"').lower()
        given = _arguments(texts[i + 1 :]) if bare in takes else None
        is_call = given is not None and (given == 0 or takes[bare])
        is_call = is_call and not (bare == _AGE and (given or 0) > 1)
        is_sample = bare == "tablesample" or (bare, *texts[i + 1 : i + 2]) == ("using", "sample")
        is_column = i > 0 and texts[i - 1] == "."
        if is_call or is_sample or (bare in _CLOCKS and not is_column):
            what = f"{bare}()" if is_call else "sample" if is_sample else bare
            return what, 1 + data.count(b"\n", 0, at)
    return None


def _arguments(texts: Sequence[str]) -> int | None:
    """How many arguments stand in the brackets with which these tokens begin; None for none."""
    if not texts or texts[0] != "(":
        return None
    depth = commas = 0
    for i, text in enumerate(texts):
        depth += (text in _OPEN) - (text in _SHUT)
        if not depth:
            return 0 if i == 1 else commas + 1
        commas += depth == 1 and text == ","
    return commas + 1


@dataclass(frozen=True)
class Result:
    """The rows of a user's statement, to be fetched before the next one is run."""

    columns: tuple[str, ...]
    _con: duckdb.DuckDBPyConnection

    def fetch(self, n: int) -> list[tuple[Any, ...]]:
        """The next rows, at most n; none where the result has ended."""
        with explained():
            return self._con.fetchmany(n)
