"""Headers are held against the SQL below them, and released scripts against their digests."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from relaion import sqlset
from relaion.engine import Engine, connect
from relaion.engine.views import BELIEVERS
from relaion.errors import ScriptError
from relaion.sqlset import Script
from tests import docs

ALL = sqlset.load()
# relations that more than one script makes, and those that Python fills
FILLED_BY_PYTHON = {"other_hashes", "captionless",
    "shard", "shards", "sidecar", "sampled", "lists", "editions", "keywords",
    "row_links", "row_digests", "row_no_digests", "row_values", "sidecar_digests",
    "sidecar_no_digests",
    "odd_keys", "inner_links", "spelled", "row_hashes",
    # of work files, when a copy is cleaned or two editions are compared
    "rows", "row_ids", "wanted_hashes", "wanted_links", "new_hashes", "old_hashes", "new_links",
    "old_links", "diff", "sample_keys", "step_hashes", "earlier_rows",
    "store.entries", "store.lists", "store.traits", "listed_entries",
    "near_entries",
    # of an update: counts of now, of now without the new lists, and those of the audit before
    *(f"{when}_{table}" for when in ("now", "before")
      for table in ("hit_counts", "hit_unions", "hit_order", "hit_pairs")),
    "now_tally", "now_groups", "now_scores",
    *(f"earlier.{t}" for t in (
        "hits", "hit_groups", "protocol", "shared_rows", "removals", "removal_groups", "scores",
    )),
    "ledger_places", "ledger_sites", "ledger_cover", "ledger_bonds", "site_ranks", "site_rows",
    "cover_links", "site_images", "site_keys", "shown_images",
}  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_header_declares_exactly_the_parameters_that_the_sql_uses(name: str) -> None:
    script = ALL[name]
    statements = duckdb.extract_statements(script.sql)
    used = {parameter for statement in statements for parameter in statement.named_parameters}
    assert used == set(script.params)


def columns(engine: Engine, relation: str) -> str:
    """A relation's columns as a header writes them."""
    described = engine.rows(f"describe {relation}")
    return ", ".join(f"{name} {kind.lower()}" for name, kind, *_ in described)


def make_inputs(engine: Engine, script: Script) -> None:
    """Create what a script says it reads, empty."""
    engine.execute("create schema store")
    engine.execute("create schema earlier")
    for relation, declared in script.relations("reads").items():
        temp = "" if "." in relation else "temp "
        engine.execute(f"create {temp}table {relation} ({declared})")


VALUES = {
    "varchar[]": ["csam"], "boolean": True, "double": 0.5, "varchar": "keep", "bigint": 1000,
    "blob": b"salt",
    "integer": 1, "integer[]": [1],
}  # fmt: skip


@pytest.fixture(scope="module")
def with_macros() -> Iterator[Engine]:
    """An engine that knows all macros."""
    with connect() as engine:
        for macros in (n for n in ALL if n.endswith("_macros")):
            engine.run(ALL[macros])
        yield engine


@pytest.mark.parametrize("name", ALL)
def test_script_runs_on_what_it_reads_and_makes_what_it_says(
    name: str, with_macros: Engine
) -> None:
    script, engine = ALL[name], with_macros
    engine.execute("begin")
    try:
        make_inputs(engine, script)
        written = script.relations("writes")
        if name.startswith("editions/"):
            engine.run(ALL["45_removals"])
        engine.run(script, **{p: VALUES[kind] for p, kind in script.params.items()})
        for relation, declared in written.items():
            assert columns(engine, relation) == declared, relation
    finally:
        engine.execute("rollback")  # the next one finds what this one found


def test_every_relation_read_is_made_by_a_script_or_filled_by_python() -> None:
    made = {relation for s in ALL.values() for relation in s.relations("writes")}
    for name, script in ALL.items():
        unknown = set(script.relations("reads")) - made - FILLED_BY_PYTHON
        assert {u for u in unknown if not u.startswith("found_")} == set(), name


def test_script_names_follow_their_files() -> None:
    for name, script in ALL.items():
        assert script.name == name.split("/")[-1].lstrip("0123456789_"), name


def test_the_page_of_the_scripts_says_what_their_headers_say() -> None:
    page = docs.SCRIPTS.read_text(encoding="utf-8")
    assert page == docs.with_tables(page)
    assert page.count("](v1/") == len(ALL)


def released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "v1"
    folder.mkdir()
    sql = "-- name: one\n-- purpose: A test.\nselect 1;\n"
    (folder / "10_one.sql").write_text(sql)
    digest = hashlib.sha256(sql.encode()).hexdigest()
    (folder / "SHA256SUMS").write_text(f"{digest}  10_one.sql\n")
    monkeypatch.setattr(sqlset, "sql_root", lambda: tmp_path)
    sqlset.load.cache_clear()
    return folder / "10_one.sql"


def test_a_script_changed_after_its_release_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = released(tmp_path, monkeypatch)
    assert list(sqlset.load()) == ["10_one"]
    sqlset.load.cache_clear()
    path.write_text(path.read_text() + "\n")
    with pytest.raises(ScriptError, match=r"sql/v1/10_one\.sql: differs from release v1"):
        sqlset.load()
    sqlset.load.cache_clear()


def test_a_script_added_after_the_release_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = released(tmp_path, monkeypatch)
    (path.parent / "20_two.sql").write_text(path.read_text())
    with pytest.raises(ScriptError, match=r"20_two\.sql: is not part of release v1"):
        sqlset.load()
    sqlset.load.cache_clear()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("select 1;", "no header"),
        ("-- name: X\n-- purpose: y", "no header"),
        ("-- name: x\n-- purpose: y\n-- params: threshold double", r":3: write `-- params:"),
        ("-- name: x\n-- purpose: y\n-- reads: a table", r":3: write `-- reads:"),
    ],
)
def test_a_malformed_header_is_named_by_line(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "x.sql"
    path.write_text(text)
    with pytest.raises(ScriptError, match=complaint):
        sqlset.parse(path)


# a view of files of which DuckDB expects no more than a fifth of the rows
_FEW = "from (select {} lower(i::varchar) as digest from values_of) as v where v.digest is not null"


@pytest.mark.parametrize(
    ("name", "probed", "columns", "made"),
    [
        (
            "30_list_hits", "row_keys",
            "1 as shard_no, i as file_row_number, 'image_md5' as kind, null::varchar as level, "
            "null::varchar as spelling,",
            "maybe_hits",
        ),
        (
            "10_sidecar_hits", "sidecar_digests",
            "i::varchar as url, i as row_hash, 'image_md5' as kind,", "maybe_sidecar_hits",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("hashes", ["hash", "hash(digest) as hash"])
def test_the_list_is_hashed_and_not_the_rows_that_it_meets(
    name: str, probed: str, columns: str, made: str, hashes: str
) -> None:
    script = ALL[name]
    with connect() as engine:
        make_inputs(engine, script)
        engine.execute(
            "create or replace table store.entries as select 1 as list_id, "
            "'image_md5' as kind, i::varchar as digest, hash(i) as hash from range(1_000_000) r(i)"
        )
        for hashed in {"listed_entries", "near_entries"} & set(script.relations("reads")):
            engine.execute(f"drop table {hashed}")
            columns_of = f"list_id, kind, digest, null as trait_id, {hashes}"
            engine.execute(f"create temp view {hashed} as select {columns_of} from store.entries")
        engine.execute(f"drop table {probed}")
        engine.execute("create temp table values_of as select i from range(20_000) r(i)")
        engine.execute(f"create temp view {probed} as select * {_FEW.format(columns)}")
        engine.set_option("disabled_optimizers", ",".join(BELIEVERS))
        create = next(text for _, text in engine.statements(script.sql) if f"{made} as" in text)
        query = create.partition(f"{made} as\n")[2]
        plan = str(engine.rows(f"explain {query}"))
    assert "SEMI" in plan and "RIGHT_SEMI" not in plan
