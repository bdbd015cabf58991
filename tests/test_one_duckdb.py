"""Tests see of DuckDB what the product would, though their files share one that is there."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from relaion.engine import Engine, connect
from tests import one_duckdb

CHANGED: dict[str, Any] = {"threads": 1, "memory": "300MB"}


@pytest.fixture(autouse=True)
def none_there(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(one_duckdb, "_free", [])
    monkeypatch.delenv(one_duckdb.OWN, raising=False)
    with one_duckdb.one_duckdb():
        yield


@pytest.fixture
def audit(tmp_path: Path) -> Path:
    path = tmp_path / "audit.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("create table t as select 1 as x")
    return path


def settings(engine: Engine) -> dict[str, Any]:
    return dict(engine.rows("select name, value from duckdb_settings()"))


def own_and_attached(
    path: Path, monkeypatch: pytest.MonkeyPatch, **how: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings of a DuckDB of the file's own, and of one that attached it."""
    with monkeypatch.context() as patch:
        patch.setattr("relaion.engine.connection.duckdb", duckdb)
        with connect(path, read_only=True, **how) as engine:
            own = settings(engine)
    with connect(path, read_only=True, **how) as engine:
        return own, settings(engine)


# told of how the file was come by, and of no setting that the product makes; and that of the disk,
# for which no test waits
COME_BY = {"access_mode", "search_path", "fsync_mode"}


def differing(own: dict[str, Any], attached: dict[str, Any]) -> set[str]:
    return {name for name in own if own[name] != attached[name]} - COME_BY


def test_settings_are_those_given(
    audit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for how in ({**CHANGED, "temp": tmp_path}, {}):
        own, attached = own_and_attached(audit, monkeypatch, **how)
        assert differing(own, attached) == set()
    assert len(one_duckdb._free) == 1  # one did it all


def test_what_is_set_ends_with_its_connection(
    audit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(audit, read_only=True, **CHANGED, temp=tmp_path) as engine:
        engine.set_option("disabled_optimizers", "top_n")
        engine.set_option("preserve_insertion_order", False)
        (there,) = [engine._con._duckdb]  # type: ignore[attr-defined]
    assert [free for free, _ in one_duckdb._free] == [there]
    own, attached = own_and_attached(audit, monkeypatch)
    assert differing(own, attached) == set()


def test_a_locked_connection_ends_with_its_duckdb(
    audit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(audit, read_only=True) as engine:
        engine.lock()
    assert not one_duckdb._free
    own, attached = own_and_attached(audit, monkeypatch)
    assert differing(own, attached) == set()


def test_settings_of_files_that_are_open_at_once_are_apart(audit: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "audit.duckdb"
    other.parent.mkdir()
    other.write_bytes(audit.read_bytes())
    with (
        connect(audit, read_only=True, threads=1) as one,
        connect(other, read_only=True, threads=2) as two,
    ):
        for engine in (one, two):
            assert engine.rows("select current_database()") == [("audit",)]
        assert [settings(engine)["threads"] for engine in (one, two)] == ["1", "2"]


def test_an_open_transaction_is_undone_at_the_end(audit: Path) -> None:
    with connect(audit) as engine:
        engine.execute("begin")
        engine.execute("insert into t values (2)")
    with connect(audit, read_only=True) as engine:
        assert engine.rows("select x from t") == [(1,)]


def in_memory() -> tuple[Any, list[Any]]:
    """The DuckDB behind a connection to memory, and all that can be seen in it."""
    with connect() as engine:
        seen = [
            engine.rows("select name, value from duckdb_settings() order by all"),
            engine.rows("select schema_name from duckdb_schemas() order by all"),
            engine.rows("select table_name from duckdb_tables()"),
            engine.rows("select view_name from duckdb_views() where not internal"),
            engine.rows("select function_name from duckdb_functions() where not internal"),
            engine.rows("select database_name from duckdb_databases() order by all"),
            engine.rows("select getvariable('v')"),
        ]
        return engine._con._duckdb, seen  # type: ignore[attr-defined]


def test_what_is_made_in_memory_ends_with_its_connection(audit: Path, tmp_path: Path) -> None:
    there, seen = in_memory()
    for made in (
        "create temp table a as select 1 as x",
        "create or replace temp view b as select 1 as x",
        "create temp macro c(x) as x",
        "create table d as select 1 as x; create or replace view e as from d",
        f"create schema s;\nattach '{audit}' as o (read_only);\ncreate view s.t as from o.t",
        "begin; create table d as select 1 as x",
        "set variable v = 1",
    ):
        with connect(**CHANGED, temp=tmp_path) as engine:
            engine.execute(made)
        assert in_memory() == (there, seen), made


@pytest.mark.parametrize("made", ["create macro c(x) as x", "create type y as integer"])
def test_what_is_not_known_how_to_be_undone_ends_with_its_duckdb(made: str) -> None:
    there, seen = in_memory()
    with connect() as engine:
        engine.execute(made)
    other, again = in_memory()
    assert other is not there
    assert again == seen


def test_what_closing_says_is_heard(audit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise duckdb.IOException("the disk is gone")

    con = one_duckdb._connect(str(audit), read_only=True, config={})
    monkeypatch.setattr(con, "_con", type("Broken", (), {"execute": con._con.execute,
                                                          "close": broken})())  # fmt: skip
    with pytest.raises(duckdb.IOException):
        con.close()


def test_it_can_be_switched_off(audit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(one_duckdb.OWN, "1")
    monkeypatch.setattr("relaion.engine.connection.duckdb", duckdb)
    with one_duckdb.one_duckdb(), connect(audit, read_only=True) as engine:
        assert isinstance(engine._con, duckdb.DuckDBPyConnection)


def test_a_process_that_was_forked_takes_no_duckdb_of_its_parent(audit: Path) -> None:
    """The threads stay with the parent: whoever asks for what they hold may wait for ever."""
    with connect(audit, read_only=True) as engine:
        engine.rows("from t")
    ((there, _),) = one_duckdb._free
    child = os.fork()
    if child == 0:
        with connect(audit, read_only=True) as engine:
            is_own = engine._con._duckdb is not there  # type: ignore[attr-defined]
            os._exit(not (is_own and engine.rows("from t") == [(1,)]))
    assert os.waitpid(child, 0)[1] == 0
    assert [free for free, _ in one_duckdb._free] == [there]
