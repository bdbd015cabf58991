"""A run as a folder of SQL and parquet files, to be run by hand: in a DuckDB shell, without us.

The run is done here and now, up to the decision which rows leave, and every statement of it is
noted: a connection made here does what any other does, and writes each down as it stands, the
scripts with their parameters as variables, the views, and what Python answered as parquet files.
So the text follows the run, not a second list of what it does.
"""

import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from relaion.engine import Engine, ShardSource, connect, literal, quote
from relaion.engine.connection import Values
from relaion.engine.views import scanned, sql_path
from relaion.errors import InputError, ListError, OutputError, RelaionError, ScriptError
from relaion.parquet.mended import PrivateFile
from relaion.paths import atomic_write, private_folder, shown
from relaion.roles import COUNTED
from relaion.run.any_task import AnyTask
from relaion.run.decide import Decider
from relaion.run.find import BATCH_ROWS, Hunt
from relaion.run.find_task import Finders, run_find
from relaion.run.hits import snapshot
from relaion.run.journal import FIND, Journal
from relaion.run.numbered import Numbered
from relaion.run.own_edition import lists_named
from relaion.run.pipeline import Request
from relaion.run.pool import CallTask
from relaion.run.process import TaskOutcome
from relaion.run.progress import Progress
from relaion.run.settings import write_keywords
from relaion.run.survey import read_sealed_sidecars
from relaion.run.tasks import FindTask, task
from relaion.sqlset import Script

# what an own edition may see, and change on its own connection only
_LENT = (
    "lists",
    "editions",
    "list_hits",
    "same_link",
    "hit_traits",
    "rule_hits",
    "shards",
    "removals",
)
_MADE = (
    ("table", "select table_name from duckdb_tables() where not internal"),
    ("view", "select view_name from duckdb_views() where not internal"),
    ("sequence", "select sequence_name from duckdb_sequences()"),
    ("type", "select type_name from duckdb_types() where not internal"),
    ("schema", "select schema_name from duckdb_schemas() where not internal"),
    ("macro", "select distinct function_name from duckdb_functions() where not internal "
     "and function_type = 'macro'"),
    ("macro table", "select distinct function_name from duckdb_functions() where not internal "
     "and function_type = 'table_macro'"),
)  # fmt: skip


class Tape:
    """The statements of a run in their order; `folder` (0700) is where answers are kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = private_folder(folder)
        self.written: dict[Path, str] = {}  # files of the run's own, by the table in their place
        self.views: dict[str, str] = {}
        self._steps: list[tuple[str, bool]] = []
        self._mark = 0
        self._failed = False
        self._answers = 0

    def __len__(self) -> int:
        return len(self._steps)

    @property
    def text(self) -> str:
        """All of it, as one text of SQL."""
        return "\n".join(step for step, _ in self._steps)

    def add(self, sql: str, *, stays: bool = False) -> None:
        """Note a statement; one that `stays` is not done again by a second try."""
        self._steps.append((sql.strip().rstrip(";") + ";\n", stays))

    def begin(self) -> None:
        """What follows may fail and be tried again: then only the last try counts."""
        if self._failed:
            self.cut(self._mark)
        self._failed, self._mark = False, len(self)

    def fail(self) -> None:
        """Something went wrong since `begin`."""
        self._failed = True

    def cut(self, start: int) -> None:
        """Forget what was noted from a place on, but for what stays."""
        self._steps[start:] = [step for step in self._steps[start:] if step[1]]

    def answer(self, table: str, data: pa.Table | pa.RecordBatch) -> str:
        """Keep rows that Python gives; returns the query that reads them."""
        self._answers += 1
        path = self.folder / f"{self._answers:04}_{table}.parquet"
        rows = pa.table(data) if isinstance(data, pa.RecordBatch) else data
        with PrivateFile(path, rows.schema) as out:
            for batch in rows.to_batches():
                out.add(list(batch.columns))
        path.chmod(0o600)
        return f"from {scanned(literal(sql_path(path)))}"

    @contextmanager
    def connect(self, **how: Any) -> Iterator[Engine]:
        """A connection that notes what it does."""
        with connect(**how, made=partial(_Noting, self)) as engine:
            yield engine

    @contextmanager
    def connect_own(self, shard_no: int, edition: str, **how: Any) -> Iterator[Engine]:
        """A connection for an edition of the user's own, and one shard.

        On one connection, as this text is run, its tables are the shard's for a while.
        """
        start, view = len(self), self.views.get("shard")
        own: list[_Lent] = []

        def make(*args: Any) -> _Lent:
            own.append(_Lent(self, shard_no, *args))
            return own[-1]

        self.add("".join(f"create or replace temp table whole_{t} as from {t};\n" for t in _LENT))
        try:
            with connect(**how, made=make) as engine:
                yield engine
                left = own[0].left()
        except BaseException:
            self.cut(start)
            raise
        self.add(f"insert into whole_removals from removals where edition = {literal(edition)}")
        for drop in left:
            self.add(drop)
        self.add("".join(f"create or replace temp table {t} as from whole_{t};\n" for t in _LENT))
        if view is not None:
            self.views["shard"] = view
            self.add(view)


class _Noting(Engine):
    """A connection that notes its statements on a tape."""

    is_last = False

    def __init__(self, tape: Tape, *args: Any) -> None:
        super().__init__(*args)
        self.tape = tape
        self._depth = 0  # within a method that notes more than its statements
        self._stays = False

    def _links_folder(self) -> Path:
        return private_folder(self.tape.folder / "links")

    @contextmanager
    def _noted(self, sql: Callable[[], str]) -> Iterator[None]:
        self._depth += 1
        try:
            yield
        except BaseException:
            self.tape.fail()
            raise
        finally:
            self._depth -= 1
        if not self._depth and (text := sql()):
            self.tape.add(text, stays=self._stays)

    def execute(self, sql: str, values: Values = None, doing: str = "a query") -> None:
        """Run one statement for its effect."""
        with self._noted(lambda: _inlined(sql, values)):
            super().execute(sql, values, doing)

    def run(self, script: Script, **values: Any) -> None:
        """Run a script; noted with its parameters as variables."""
        with self._noted(lambda: _as_text(script, values)):
            super().run(script, **values)

    def macros(self, script: Script) -> None:
        """Run a script that makes macros, once: a second try finds them there."""
        self._stays = True
        super().macros(script)
        self._stays = False

    def _view(self, name: str, parts: Sequence[str]) -> None:
        super()._view(name, parts)
        self.tape.views[name] = f"create or replace temp view {quote(name)} as\n" + (
            "\nunion all\n".join(parts)
        )

    def view_shards(self, *given: Any, **named: Any) -> None:
        """Create the views over files; here every reading of shards begins.

        They hold for any digest, not only for those of today: who runs the text by hand reads how
        digests are told from other values, and may have changed the files.
        """
        self.tape.begin()
        super().view_shards(*given, **{**named, "looks_for_plain": False})

    def view_sidecars(self, sources: Sequence[ShardSource], version: str) -> None:
        """Create the views over sidecars; here every reading of them begins."""
        self.tape.begin()
        super().view_sidecars(sources, version)

    def insert(self, table: str, data: pa.Table | pa.RecordBatch) -> None:
        """Append rows that Python gives; removals of own editions are noted where they arise."""

        def said() -> str:
            if table == "removals" or not data.num_rows:
                return ""
            return f"insert into {quote(table)} {self.tape.answer(table, data)}"

        with self._noted(said):
            super().insert(table, data)

    def create(self, table: str, data: pa.Table) -> None:
        """Make a temp table of rows that Python gives."""
        answered = partial(self.tape.answer, table, data)
        with self._noted(lambda: f"create or replace temp table {quote(table)} as {answered()}"):
            super().create(table, data)

    def attach(self, path: Path, name: str, *, read_only: bool = True) -> None:
        """Attach a database file, once."""
        self._stays = True
        super().attach(path, name, read_only=read_only)
        self._stays = False

    def lock(self, *, files: Sequence[Path] = (), folders: Sequence[Path] = ()) -> None:
        """Lock the connection; whoever runs the text may do as they like."""
        with self._noted(str):
            super().lock(files=files, folders=folders)

    def write_parquet(self, query: str, path: Path) -> None:
        """Write a work file; noted as a table in its place."""
        name = quote(f"kept {path.parent.name}/{path.stem}")
        with self._noted(lambda: f"create or replace temp table {name} as {query}"):
            super().write_parquet(query, path)
        self.tape.written[path] = name

    def read_parquet(self, table: str, paths: Sequence[Path], in_table: str | None = None) -> None:
        """Load work files, or the tables in their place."""
        where = "" if in_table is None else f" semi join {quote(in_table)} using (shard_no)"
        parts = [
            f"select * from {self.tape.written.get(p) or self._scan([p])}"  # noqa: S608
            for p in paths
        ]
        body = f"select * from ({' union all '.join(parts)}){where}"  # noqa: S608
        with self._noted(lambda: f"create or replace temp table {quote(table)} as {body}"):
            super().read_parquet(table, paths, in_table)


class _Lent(_Noting):
    """The connection of an own edition: its tables are those of the run, of one shard."""

    def __init__(self, tape: Tape, shard_no: int, *args: Any) -> None:
        super().__init__(tape, *args)
        self._only = f" where shard_no = {shard_no:d}"
        self._lists = f" {lists_named(shard_no, 'whole_')}"
        self._before: set[tuple[str, str]] = set()

    def create(self, table: str, data: pa.Table) -> None:
        """Make a table of the run's rows."""
        one_by_one = {"editions": "", "lists": self._lists}
        only = one_by_one.get(table, self._only)
        with self._noted(
            lambda: f"create or replace temp table {table} as from whole_{table}{only}"
        ):
            super().create(table, data)

    def insert(self, table: str, data: pa.Table | pa.RecordBatch) -> None:
        """Append the run's rows."""
        with self._noted(lambda: f"insert into {table} from whole_{table}{self._only}"):
            super().insert(table, data)

    def lock(self, *, files: Sequence[Path] = (), folders: Sequence[Path] = ()) -> None:
        """Lock the connection; from here on the script makes what it likes."""
        self._before = self._made()
        super().lock(files=files, folders=folders)

    def left(self) -> list[str]:
        """What drops that which the script made, since the next shard has none of it."""
        found = sorted(self._made() - self._before, reverse=True)  # views before their tables
        return [
            f"drop {kind} if exists {quote(name)}{' cascade' if kind == 'schema' else ''}"
            for kind, name in found
        ]

    def _made(self) -> set[tuple[str, str]]:
        return {(kind, name) for kind, sql in _MADE for (name,) in self.rows(sql)}


def _inlined(sql: str, values: Values) -> str:
    """A statement with its values in it."""
    if isinstance(values, Mapping):
        return re.sub(r"\$(\w+)", lambda m: _literal(values[m[1]]), sql)
    left = iter(values or ())
    text = re.sub(r"\?", lambda m: _literal(next(left)), sql) if values else sql
    return (
        text.replace("attach ", "attach if not exists ", 1) if sql.startswith("attach ") else text
    )


# words of listed links are asked for where they stand: the text goes through more hands than tables
_ASKED = {"hit_words": "(select h.pattern from hit_words as h)"}


def _as_text(script: Script, values: Mapping[str, Any]) -> str:
    """A script as it can be run in one go: only a text's last statement may hold a `$name`."""
    told = {name: _ASKED.get(name) or _literal(value) for name, value in values.items()}
    sets = [f"set variable {name} = {value};\n" for name, value in told.items()]
    lines = script.sql.splitlines(keepends=True)
    for name in script.params:
        used = re.compile(rf"\${name}\b")
        lines = [x if x.startswith("--") else used.sub(f"getvariable('{name}')", x) for x in lines]
    return "".join(sets + lines)


def _literal(value: Any) -> str:
    if isinstance(value, str):
        return literal(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_literal, value))}]"
    return "null" if value is None else str(value).lower()


# -- The run itself, on connections that note -------------------------------------------------

SCRIPT = "by_hand.sql"
_DATA = "data"


class _Here:
    """Does the steps of the search in this process, on noted connections."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._finders = Finders(tape.connect)

    def run(self, tasks: Sequence[AnyTask | CallTask]) -> Iterator[TaskOutcome]:
        for each in tasks:
            if not isinstance(each, FindTask):  # nothing is written
                raise TypeError(f"a search, not {type(each).__name__}")
            start = len(self._tape)
            try:
                yield run_find(each, self._finders)
            except RelaionError as e:
                self._tape.cut(start)
                fatal = isinstance(e, (ListError, ScriptError, OutputError))
                yield TaskOutcome(each.no, str(e), fatal)


def write_by_hand(request: Request, lists: Path, into: Path, progress: Progress) -> Path:
    """Write the folder `into` (0700), which must be new or empty; returns the script in it.

    Raises OutputError for the folder, InputError for too many rows or a shard that cannot be read.
    """
    if into.is_dir() and any(into.iterdir()):
        raise OutputError(f"{shown(into)}: is not empty; name a new folder")
    inputs = request.inputs
    shards = inputs.whole()
    if inputs.rows > BATCH_ROWS:
        raise InputError(
            f"{inputs.rows:,} rows are too many to be decided at once by hand (at most "
            f"{BATCH_ROWS:,}); name some of the shards"
        )
    private_folder(into)
    try:
        return _write(request, lists, into.absolute(), shards, progress)
    except BaseException:
        shutil.rmtree(into, ignore_errors=True)
        raise


def _write(
    request: Request, lists: Path, into: Path, shards: tuple[Numbered, ...], progress: Progress
) -> Path:
    work = private_folder(into / _DATA)
    journal = Journal(work)
    store = snapshot(lists, request.known, journal)
    settings = replace(request.settings, out=into, work=work)
    beside = read_sealed_sidecars(request.sidecars, journal, settings.columns, [])
    if request.keywords:
        write_keywords(work, request.keywords)
    tape = Tape(work / "answers")
    tape.add(_files(shards))
    searched = Hunt(settings, beside, COUNTED, store, journal, _Here(tape), progress).run(shards)
    decider = Decider(settings, tape.connect, tape.connect_own)
    try:
        copies = journal.copies(n.no for n in shards)
        decider.decide(task(settings, shards, searched, copies))
    finally:
        decider.close()
    for path in tape.written:
        path.unlink(missing_ok=True)
    shutil.rmtree(work / FIND, ignore_errors=True)
    for left in (*work.glob("*.json*"), work / "errors.log"):
        left.unlink(missing_ok=True)
    with atomic_write(into / SCRIPT, mode=0o600) as part:
        part.write_text(f"{_HEAD}\n{tape.text}", encoding="utf-8")
    return into / SCRIPT


_HEAD = """\
-- A run of relaion, to be run by hand. It reads the shards where they lie and the files beside it,
-- and writes nothing. At its end, which rows leave which edition stands in `removals`, and which
-- shard a number is in `shard_files`. As secret as the lists: remove the folder when done.
"""


def _files(shards: Sequence[Numbered]) -> str:
    lines = []
    for n in shards:
        path = literal(shown(n.shard.path.absolute()))
        lines.append(f"    ({n.no:d}, {literal(shown(n.shard.subset))}, {path})")
    return (
        "create or replace temp table shard_files as\nfrom (values\n"
        + ",\n".join(lines)
        + "\n) as f(shard_no, subset, path)"
    )
