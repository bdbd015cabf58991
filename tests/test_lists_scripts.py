"""The store's scripts say in their headers what their SQL does."""

import duckdb
import pytest

from relaion.engine import Engine, connect
from relaion.sqlset import Script, load

ALL = load("lists")
VALUES = {
    "store_version": 1, "key_version": 1, "list_id": 1, "kind": "url", "first": 0, "last": 9,
    "chain": [1], "starts": [0], "is_full": True,
}  # fmt: skip


def columns(engine: Engine, relation: str) -> str:
    rows = engine.rows(f"describe {relation}")
    return ", ".join(f"{name} {kind.lower()}" for name, kind, *_ in rows)


@pytest.mark.parametrize("name", ALL)
def test_header_declares_exactly_the_parameters_that_the_sql_uses(name: str) -> None:
    statements = duckdb.extract_statements(ALL[name].sql)
    used = {parameter for statement in statements for parameter in statement.named_parameters}
    assert used == set(ALL[name].params)


def run(engine: Engine, script: Script) -> None:
    engine.run(script, **{name: VALUES[name] for name in script.params})


@pytest.mark.parametrize("name", ALL)
def test_script_makes_what_it_says(name: str) -> None:
    script = ALL[name]
    with connect() as engine:
        engine.execute("create schema store")
        there = script.relations("reads")
        if name == "20_take_in":  # it adds to a table that it does not read
            there |= script.relations("writes")
        for relation, declared in there.items():
            engine.execute(f"create table {relation} ({declared})")
        run(engine, script)
        for relation, declared in script.relations("writes").items():
            assert columns(engine, relation) == declared, relation


def test_every_column_that_needs_it_is_explained_in_the_file_itself() -> None:
    with connect() as engine:
        engine.execute("create schema store")
        run(engine, ALL["10_store"])
        said = engine.rows("select column_name from duckdb_columns() where comment is not null")
    assert {"digest", "host_digest", "n_new", "n_known", "n_duplicate"} <= {
        name for (name,) in said
    }
