"""`sql`: ask an audit and its editions, or shards before cleaning. Never both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, count, groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from relaion.engine import Engine, connect
from relaion.errors import InputError
from relaion.paths import AnyPaths, as_paths, private_folder
from relaion.run import manifest
from relaion.run.inputs import read_inputs
from relaion.run.numbering import Numbered, sources
from relaion.shards.believed import hides_any, without_claims
from relaion.sqlset import VERSION as SQL_VERSION

# what may be asked: nothing that reaches a file, another database or a setting
ALLOWED = frozenset(
    {"SELECT", "EXPLAIN", "CREATE", "CREATE_FUNC", "INSERT", "UPDATE", "DELETE", "DROP",
     "MULTI", "PRAGMA", "VARIABLE_SET", "PREPARE", "EXECUTE", "CALL", "TRANSACTION", "ANALYZE"}
)  # fmt: skip
AUDIT = "audit.duckdb"


@dataclass(frozen=True)
class Answer:
    """Column names and rows of the last statement that had any."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


class Prompt:
    """An open database that answers one text of SQL after the other."""

    def __init__(self, engine: Engine, tables: tuple[str, ...]) -> None:
        self._engine = engine
        self.tables = tables

    def ask(self, query: str) -> Answer:
        """Run SQL text; raises InputError for a statement that reaches beyond this database."""
        if not _is_utf8(query):
            raise InputError("the query: holds bytes that are not UTF-8; write it in UTF-8")
        answer = Answer((), ())
        for kind, text in self._engine.statements(query):
            if kind not in ALLOWED:
                raise InputError(
                    f"the query: a {kind} statement is not allowed here; ask with select, and "
                    "take results along with --json"
                )
            columns, rows = self._engine.answer(text)
            if columns:
                answer = Answer(columns, tuple(rows))
        return answer


@contextmanager
def open_sql(paths: AnyPaths) -> Iterator[Prompt]:
    """Open an OUT (its audit tables, a view for each edition), or shards (the view `shard`).

    Read-only; files outside are out of reach. Raises InputError when an OUT and shards are
    named together: one anti join between them would show the listed rows.
    """
    paths = as_paths(paths)
    outs = [p for p in paths if _is_out(p)]
    if outs and len(paths) > 1:
        raise InputError(
            f"{outs[0]}: is an output; ask it alone, or shards alone: both together would show "
            "which rows left"
        )
    with TemporaryDirectory(prefix="relaion-sql-") as name, connect() as engine:
        work = Path(name)
        tables = _open_out(engine, outs[0], work) if outs else _open_shards(engine, paths, work)
        yield Prompt(engine, tables)


def sql(paths: AnyPaths, query: str) -> Answer:
    """Answer one SQL text over an OUT, or over shards before cleaning."""
    with open_sql(paths) as prompt:
        return prompt.ask(query)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # bytes that Python carries as lone surrogates
        return False
    return True


def _is_out(path: Path) -> bool:
    folders = [path, *path.resolve().parents]
    return any((f / manifest.MANIFEST).exists() and (f / AUDIT).exists() for f in folders)


def _open_out(engine: Engine, path: Path, work: Path) -> tuple[str, ...]:
    out = path if (path / manifest.MANIFEST).exists() else path.resolve()
    while not (out / manifest.MANIFEST).exists():
        out = out.parent
    engine.attach(out / AUDIT, "audit")
    tables = [name for (name,) in engine.rows(
        "select table_name from duckdb_tables() where database_name = 'audit' order by all"
    )]  # fmt: skip
    found = manifest.read(out)
    editions = [e["name"] for e in found["editions"]] if found else []
    columns = found["parameters"]["columns"] if found else {}
    views: list[str] = []
    for edition in editions:
        shards = _as_read(read_inputs([out / edition], columns).whole(), work / edition)
        views.append(_free(edition.replace("-", "_"), (*tables, *views)))
        engine.view_edition(sources(shards), views[-1], SQL_VERSION)
    engine.execute("use audit")
    engine.lock(folders=[out.resolve(), out.absolute(), work])
    return (*tables, *views)


def _open_shards(engine: Engine, paths: Sequence[Path], work: Path) -> tuple[str, ...]:
    shards = _as_read(read_inputs(paths, {}, settled=False).whole(), work / "shards")
    engine.view_shards(sources(shards), SQL_VERSION)
    names = _view_groups(engine, shards)
    engine.lock(files=[n.shard.path for n in shards])
    return ("shard", *names)


def _as_read(shards: Sequence[Numbered], work: Path) -> list[Numbered]:
    """The shards; a copy of one whose footer denies values that are there, which it leaves out."""
    found = []
    for n in shards:
        path = n.shard.path
        if hides_any(path):
            path = private_folder(work) / f"{n.no:06}.parquet"
            without_claims(n.shard.path, path)
        found.append(replace(n, shard=replace(n.shard, path=path)))
    return found


def _free(name: str, taken: Sequence[str]) -> str:
    """The name, or with a number where it is taken; DuckDB tells no case of letters."""
    lowered = {other.lower() for other in taken}
    numbered = (f"{name} {n}" for n in count(1))
    return next(found for found in chain((name,), numbered) if found.lower() not in lowered)


def _group(numbered: Numbered) -> int:
    return numbered.group


def _view_groups(engine: Engine, shards: Sequence[Numbered]) -> list[str]:
    """A view for each group of shards with their own columns, named after the subset."""
    names = ["shard"]
    for _, members in groupby(sorted(shards, key=_group), key=_group):
        together = list(members)
        name = _free(together[0].shard.subset, names)
        engine.view_files([n.shard.path for n in together], name)
        names.append(name)
    return names[1:]
