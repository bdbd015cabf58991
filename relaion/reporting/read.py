"""Reads the facts of a finished OUT: its manifest, and its audit by the queries of the cookbook."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from relaion import sqlset
from relaion.engine import Engine, connect
from relaion.errors import EngineError, InputError, OutputError, RelaionError, ShortError
from relaion.parquet.looked_at import NotLookedAt
from relaion.paths import no_folder, shown
from relaion.reporting.facts import (
    AuditReport,
    BalanceLine,
    CoverFacts,
    EditionFacts,
    GroupLine,
    HitLine,
    ListFacts,
    OnceLine,
    PairLine,
    ProofLine,
    ReasonLine,
    ReceiptLine,
    RunFacts,
    ScoreLine,
    ScriptFacts,
    SizeLine,
    StepFacts,
    public_parameters,
    read_setting,
)
from relaion.run.coverage import Coverage
from relaion.run.hits import FEW_ROWS
from relaion.run.outputs import APPLY, AUDIT, MANIFEST, Owners, manifest_at, refuse_broken_off
from relaion.sqlset import Script

ORIGINAL = "original"
OPTIONAL = {"score_bands", "shared_rows"}  # what audits of earlier versions do not answer
Rows = list[tuple[Any, ...]]
_Line = TypeVar("_Line", BalanceLine, SizeLine, ReasonLine, GroupLine)
_Made = TypeVar("_Made", ScoreLine, PairLine)


def read_report(out: Path) -> AuditReport:
    """The facts of OUT; raises InputError or OutputError in one line for what is no finished run.

    Read-only: nothing is written, and no shard is opened.
    """
    made = _manifest(out)
    try:
        return _facts(made, _answers(out / AUDIT))
    except (LookupError, TypeError, ValueError, AttributeError):
        raise OutputError(
            f"{shown(out / MANIFEST)}: does not state what a report is made of; it was changed, "
            "or another version of relaion wrote it: see `relaion verify`, or clean anew"
        ) from None


def _manifest(out: Path) -> dict[str, Any]:
    if not out.is_dir():
        raise InputError(f"{no_folder(out)}; name a folder that `clean` or `update` made")
    refuse_broken_off(out)
    path = out / MANIFEST
    made = manifest_at(path)
    if made is None:
        raise InputError(_no_manifest(out, path))
    if made.get("kind") == APPLY:
        raise InputError(
            f"{shown(out)}: `apply` made it, so there is no audit; its certificate says what was "
            "done, and `relaion verify` checks it"
        )
    return made


def _no_manifest(out: Path, path: Path) -> str:
    if os.path.lexists(path):
        return f"{shown(path)}: is no manifest of relaion, or is cut off; name another OUT"
    above = Owners().of(out / MANIFEST)
    if above is not None and above.output.manifest is not None:
        whole = shown(above.output.folder)
        return f"{shown(out)}: is a part of {whole}; name that folder, which has the audit"
    if os.path.lexists(out / AUDIT):
        return (
            f"{shown(out)}: holds an audit without {MANIFEST}, so its run did not end; repeat its "
            "command"
        )
    return f"{shown(out)}: holds no {MANIFEST}; name a folder that `clean` or `update` made"


# -- The audit: each query, if its tables are there in the form that it reads -------------------


def _answers(path: Path) -> dict[str, Rows]:
    if not path.is_file():
        what = "is no file" if os.path.lexists(path) else "is missing"
        raise OutputError(f"{shown(path)}: {what}; take OUT from where it is whole, or clean anew")
    if os.path.lexists(path.with_name(f"{AUDIT}.wal")):
        raise OutputError(
            f"{shown(path)}: has a log beside it, so somebody wrote into it; take OUT from where "
            "it is whole"
        )
    try:
        with connect(path, read_only=True, threads=1) as engine:
            return _ask(engine, path)
    except (OutputError, ShortError):
        raise
    except EngineError as e:
        if e.by_statement:  # a query of ours is wrong, whatever the file holds
            raise
        raise _damaged(path) from None
    except RelaionError:
        raise _damaged(path) from None


def _damaged(path: Path) -> OutputError:
    return OutputError(
        f"{shown(path)}: cannot be read as a DuckDB database; it is damaged: take OUT from where "
        "it is whole, or clean anew"
    )


def _ask(engine: Engine, path: Path) -> dict[str, Rows]:
    columns: dict[str, dict[str, str]] = {}
    for table, column, kind in engine.rows(
        "select table_name, column_name, lower(data_type) from duckdb_columns() "
        "where database_name = current_database() and schema_name = 'main' and not internal"
    ):
        columns.setdefault(table, {})[column] = kind
    found: dict[str, Rows] = {}
    for name, query in sqlset.queries().items():
        lacks = _lacks(query, columns)
        if lacks is None:
            found[name] = engine.rows(query.sql, doing=f"queries/{name}")
        elif name not in OPTIONAL:
            raise OutputError(
                f"{shown(path)}: {lacks}; another version of relaion made it, or it was changed: "
                "report it with that version, or clean anew"
            )
    return found


def _lacks(query: Script, columns: Mapping[str, Mapping[str, str]]) -> str | None:
    """What an audit lacks that a query reads."""
    for table, declared in query.relations("reads").items():
        if table not in columns:
            return f"has no table {table}"
        for column in declared.split(", "):
            name, _, kind = column.partition(" ")
            if columns[table].get(name) != kind:
                return f"its table {table} has no {name} of type {kind}"
    return None


# -- The facts ----------------------------------------------------------------------------------


def _facts(made: Mapping[str, Any], answers: Mapping[str, Rows]) -> AuditReport:
    editions = tuple(
        EditionFacts(
            str(e["name"]), str(e["parent"]), tuple(e["labels"]), tuple(e["rules"]), e["script"],
            e["sha256"], bool(e["builtin"]),
        )
        for e in made["editions"]
    )  # fmt: skip
    stated = {name: text for relation, name, text in answers["settings"] if relation == "run"}
    if stated["run"] != made["run"]:
        raise ValueError(AUDIT)
    balance = _in_order(editions, [BalanceLine(*row) for row in answers["balance"]])
    settings = {
        name: read_setting(text)
        for relation, name, text in answers["settings"]
        if relation == "parameters"
    }
    by_subset = [ReceiptLine(s, *rest) for s, _, *rest in answers["protocol_by_subset"]]
    inputs = tuple(SizeLine(None, *row) for row in answers["input_sizes"])
    return AuditReport(
        run=RunFacts(*(made[name] for name in _OF_RUN)),
        publishable=bool(made["publishable"]),
        why=str(made["why"]),
        editions=editions,
        inputs=inputs,
        outputs=_in_order(editions, [SizeLine(*row) for row in answers["output_sizes"]]),
        balance=balance,
        proof=tuple(_proof(editions, balance)),
        steps=tuple(StepFacts(*row) for row in answers["lineage"]),
        lists=tuple(_lists(answers["deliveries"])),
        protocol=tuple(ReceiptLine(None, n, *rest) for n, _, *rest in answers["protocol_in_all"]),
        protocol_by_subset=tuple(by_subset),
        hits=tuple(HitLine(*row) for row in answers["hits_by_list"]),
        counted_once=tuple(OnceLine(*row) for row in answers["hits_counted_once"]),
        removals=_in_order(editions, [ReasonLine(*row) for row in answers["removals_by_reason"]]),
        removal_groups=_in_order(
            editions, [GroupLine(*row) for row in answers["removals_by_group"]]
        ),
        few_rows=tuple(x.subset for x in inputs if 0 < x.rows < FEW_ROWS),
        coverage=tuple(Coverage(*row) for row in answers["coverage_by_role"]),
        not_looked_at=tuple(NotLookedAt(*row) for row in answers["left_out"]),
        scores=_maybe(answers, "score_bands", ScoreLine),
        overlaps=_maybe(answers, "shared_rows", PairLine),
        cover=_cover(made),
        sidecars=len(made["sidecars"]),
        parameters=public_parameters(settings),
        scripts=tuple(ScriptFacts(*row) for row in answers["digests_of_scripts"]),
        scripts_sha256=str(answers["scripts_in_one"][0][1]),
        withdrawn=tuple(
            sorted(
                {x["list_id"] for step in made["lineage"] for x in step["lists"]}
                - {x["list_id"] for x in made["lists"]}
            )
        ),
    )


_OF_RUN = (
    "run", "started", "finished", "relaion", "duckdb", "pyarrow", "sql_version", "key_version",
)  # fmt: skip


def _in_order(editions: Sequence[EditionFacts], lines: Sequence[_Line]) -> tuple[_Line, ...]:
    """Lines of editions in the order of these: parents before their parts."""
    places = {e.name: i for i, e in enumerate(editions)}
    return tuple(sorted(lines, key=lambda line: places[str(line.edition)]))


def _proof(editions: Sequence[EditionFacts], balance: Sequence[BalanceLine]) -> Iterator[ProofLine]:
    """Each edition against the one that it is a part of, subset by subset."""
    kept = {(line.edition, line.subset): line for line in balance}
    for edition in editions:
        for (name, subset), line in kept.items():
            if name != edition.name or subset is None:
                continue
            is_first = edition.parent == ORIGINAL
            above = line.rows_in if is_first else kept[edition.parent, subset].kept
            yield ProofLine(name, edition.parent, subset, line.kept, above, line.kept <= above)


def _lists(rows: Rows) -> Iterator[ListFacts]:
    entries: dict[tuple[Any, ...], dict[str, int]] = {}
    for *of_list, kind, n, step in rows:
        entries.setdefault((*of_list, step), {})[kind] = n
    for (list_id, source, title, label, received, role, step), kinds in entries.items():
        yield ListFacts(list_id, source, title, label, received, role, step, kinds)


def _cover(made: Mapping[str, Any]) -> CoverFacts | None:
    found = made["cover"]
    if found is None:
        return None
    per_site = int(made["parameters"]["cover"])
    names = ("site_rows", "release", "weak", "joined")
    return CoverFacts(per_site, *(int(found[name]) for name in names))


def _maybe(answers: Mapping[str, Rows], name: str, line: type[_Made]) -> tuple[_Made, ...] | None:
    return tuple(line(*row) for row in answers[name]) if name in answers else None
