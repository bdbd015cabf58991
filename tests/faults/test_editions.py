"""Scripts of a user's own that reach for what is not theirs: files, settings, other editions."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from relaion.errors import RelaionError
from relaion.run.pool import LocalPool
from relaion.run.process import Guard
from tests.faults.world import HONEST, OWN, contents, copied, disclosed, make, run, searched


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make(tmp_path_factory.mktemp("whole"), shards=3)
    (folder / "mine.sql").write_text(OWN + HONEST)
    run(folder, editions=["research", folder / "mine.sql"])
    return folder


@pytest.fixture
def world(whole: Path, tmp_path: Path) -> Path:
    copied(whole, tmp_path)
    (tmp_path / "secret.csv").write_text("planted-secret\n")
    return tmp_path


REFUSED = {
    "reads a file": "create temp table x as from read_csv('{}/secret.csv');",
    "reads a text": "create temp table x as from read_text('/etc/passwd');",
    "reads by name": "create temp table x as from '{}/secret.csv';",
    "lists files": "create temp table x as select error(count(*)::varchar) from glob('{}/*') "
    "having count(*) > 0;",
    "reads another shard": "create temp table x as from read_parquet('{}/data/en/part-2.parquet');",
    "reads all hits": "create temp table x as from read_parquet('{}/out/.work/list_hits.parquet');",
    "reads the store": "create temp table x as from read_blob('{}/lists.duckdb');",
    "writes": "copy (select 1) to '{}/stolen.csv';",
    "attaches": "attach '{}/lists.duckdb' as l;",
    "installs": "install httpfs;",
    "loads": "load icu;",
    "sets": "set memory_limit = '100GB';",
    "resets": "reset lock_configuration;",
    "pragma": "pragma enable_profiling;",
    "sets a variable": "set variable labels = [];",
    "deletes": "delete from removals;",
    "updates": "update removals set reason = 'x';",
    "drops": "drop view shard;",
    "calls": "call pragma_version();",
    "environment": "create temp table x as select getenv('HOME');",
    "removes what is not there": "insert into removals select 'mine', shard_no, 999999, "
    "'odd' from shard limit 1;",
    "removes of another shard": HONEST
    + "insert into removals select 'mine', shard_no + 1, 0, 'odd' from shard limit 1;",
    "removes row null": "insert into removals values ('mine', 0, null, 'odd');",
    "removes for another": "insert into removals values ('research', 0, 0, 'odd');",
    "keeps a listed row": "",
    "empties removals": "create or replace temp table removals as from removals limit 0;",
    "replaces removals": "create or replace temp table removals as select edition, "
    "shard_no, file_row_number + 1 as file_row_number, reason from removals;",
    "empties the hits": "create or replace temp table list_hits as from list_hits limit 0;"
    "create or replace temp table same_link as from same_link limit 0;"
    "create or replace temp table lists as from lists limit 0;",
    "replaces shard": "create or replace temp view shard as select 0 as shard_no, "
    "0::bigint as file_row_number where false;",
    "forges kept": "create temp table kept as select 'mine' as edition, 0 as file_row_number;",
    "undeclared reason": HONEST
    + "insert into removals select 'mine', shard_no, 0, url from shard limit 1;",
    "deletes while explaining": "explain analyze delete from removals;",
}


@pytest.mark.parametrize("attack", REFUSED)
def test_an_attack_is_refused_in_one_line(
    world: Path, attack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/planted-home")
    (world / "mine.sql").write_text(OWN + REFUSED[attack].format(world))
    with pytest.raises(RelaionError) as e:
        run(world, editions=["research", world / "mine.sql"])
    assert "\n" not in str(e.value)
    assert "planted" not in str(e.value)
    assert disclosed(world, str(e.value)) == []
    assert "a bug" not in str(e.value) and "Error in" not in str(e.value)
    assert not (world / "out/manifest.json").exists()
    assert not list((world / "out").rglob("mine/**/part-1.parquet"))
    assert not (world / "stolen.csv").exists()
    kept = world / "out/research/en/part-1.parquet"
    assert not kept.exists()


HARMLESS = {
    "redefines a macro": "create or replace temp macro fold_text(t) as '';"
    "create or replace temp macro link_host(t) as '';",
    "hides what it made": "create temp table removals2 as from removals;" + HONEST[:-1].replace(
        "from removals", "from removals2"
    ),
    "spoils its own connection": HONEST + "create or replace temp view shard as select 1 as x;"
    "create or replace temp table lists as select 1 as y;",
    "a header that lies": "",
}  # fmt: skip


@pytest.mark.parametrize("attack", HARMLESS)
def test_what_it_does_to_its_own_connection_changes_nothing(
    world: Path, whole: Path, attack: str
) -> None:
    body = HARMLESS[attack]
    body = body if "insert" in body else body + HONEST
    (world / "mine.sql").write_text(OWN + body)
    run(world, editions=["research", world / "mine.sql"])
    ours, theirs = contents(world / "out"), contents(whole / "out")
    for key in ours:
        if key.endswith(".parquet") or key in ("removals", "unions"):
            assert ours[key] == theirs[key], key


ENDLESS = {
    "recursion": "create temp table x as with recursive r as "
    "(select 1 as i union all select i + 1 from r where i > 0) select count(*) as n from r;",
    "cross join": "create temp table x as select count(*) as n from range(1000000000) as a, "
    "range(1000000000) as b where a.range * 7 = b.range * 3 + 1;",
}


@pytest.mark.parametrize("attack", ENDLESS)
def test_what_never_ends_is_ended(world: Path, tmp_path: Path, attack: str) -> None:
    (world / "mine.sql").write_text(OWN + ENDLESS[attack])
    searched(world, editions=["research", world / "mine.sql"])
    (tmp_path / "w").mkdir()
    with (
        LocalPool(2, tmp_path / "w", Guard(seconds=3)) as pool,
        pytest.raises(RelaionError, match=r"took longer than 3 s|ran out of memory"),
    ):
        run(world, editions=["research", world / "mine.sql"], executor=pool)


def test_a_script_may_sort_more_than_its_memory(world: Path) -> None:
    """The lock leaves DuckDB its own temporary files."""
    body = "create temp table x as select range as i, hash(range) as h from range(6_000_000) " \
        "order by h;"  # fmt: skip
    (world / "mine.sql").write_text(OWN + HONEST + body)
    run(world, editions=["research", world / "mine.sql"], memory="500MB")
    assert pq.read_metadata(world / "out/mine/en/part-1.parquet").num_rows == 39
