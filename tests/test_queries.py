"""The cookbook: each query reads what its header says, and answers what it promises."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest

import relaion
from relaion import sqlset
from tests import report_world
from tests.pipeline import here
from tests.pipeline import relaion as run
from tests.report_world import MD5, SUBSETS, WORD, row

OF_AUDIT, OF_DATA = sqlset.queries(), sqlset.queries(sqlset.DATA)
ALL = {**OF_AUDIT, **OF_DATA}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report_world.plain(tmp_path_factory.mktemp("asked")).parent


def asked(world: Path, name: str) -> list[tuple[Any, ...]]:
    place = world / ("data" if name in OF_DATA else "out")
    return list(relaion.sql(place, ALL[name].sql).rows)


def test_no_two_have_one_name() -> None:
    assert not OF_AUDIT.keys() & OF_DATA.keys()


@pytest.mark.parametrize("name", ALL)
def test_it_reads_what_its_header_says_and_nothing_else(name: str) -> None:
    query = ALL[name]
    assert query.path.stem == name
    assert query.params == {}
    assert len(duckdb.extract_statements(query.sql)) == 1
    with duckdb.connect() as con:
        for table, declared in query.relations("reads").items():
            con.execute(f"create table {table} ({declared})")
        answer = con.execute(query.sql).fetchall()
        nothing = [(None,) * len(con.description or ())]
        # these have a line for each threshold, and a count of none
        assert answer in ([], nothing) or name in ("threshold_steps", "scripts_in_one")


@pytest.mark.slow
def test_the_prompt_runs_each_by_its_name(world: Path) -> None:
    for place, names, others in (("out", OF_AUDIT, OF_DATA), ("data", OF_DATA, OF_AUDIT)):
        lines = "".join(f"select '{name}';\n.run {name}\n" for name in names)
        other = next(iter(others))
        typed = f"{lines}select 'listed';\n.run\n.run {other}\n"
        done = run("sql", place, cwd=world, stdin=typed)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)  # by the last line alone
        assert f"{other}: asks {'shards' if place == 'out' else 'an OUT'}" in done.stderr
        said = done.stdout.splitlines()
        assert {*names} <= {*said}
        listed = said[said.index("listed") + 1 :]
        assert [x.split()[0] for x in listed if x] == [*names]


def test_scripts_lists_and_prints_them() -> None:
    told = here("scripts").stdout
    for name, query in ALL.items():
        assert re.search(rf"(?m)^(data/)?{name} +", told), name
        place = query.path.relative_to(sqlset.sql_root())
        assert here("scripts", place).stdout.strip() == query.sql.strip()
    assert here("scripts", "data/hosts.sql").stdout == here("scripts", "hosts").stdout


def test_months(world: Path) -> None:
    assert asked(world, "new_rows_by_month") == [("2024-01", 2, 92, 92), ("2024-02", 1, 3, 95)]
    lines = [x for x in asked(world, "removals_by_month") if x[0] == "research"]
    assert [(x[1], x[2], x[5], x[6], x[8]) for x in lines] == [
        ("2024-01", 1, "list", "image_md5", 24), ("2024-01", 2, "list", "image_md5", 80),
        ("2024-02", 3, "list", "url", 3),
    ]  # fmt: skip


def test_thresholds_of_the_audit_and_of_the_shards_agree(world: Path) -> None:
    scores = [row(s, i)["punsafe"] for s, n in SUBSETS.items() for i in range(n)]
    by_data: Counter[Any] = Counter()
    for _, threshold, above, *_ in asked(world, "thresholds"):
        by_data[threshold] += above
    for threshold, would_leave, _ in asked(world, "threshold_steps"):
        above = sum(x is not None and x > threshold for x in scores)
        assert would_leave == above
        assert threshold == 0 or by_data[threshold] == above


@pytest.mark.slow
def test_hosts_links_images_and_languages(world: Path) -> None:
    hosts = asked(world, "hosts")
    assert len(hosts) == 50
    assert hosts[0] == ("host0.listed.example", 46, 2.0, 2.0)
    assert hosts[-1][-1] == 100
    assert asked(world, "duplicate_links") == [
        ("en", 1200, 1200, 0, 0, 1), ("multi", 1100, 1100, 0, 0, 1),
        (None, 2300, 2300, 0, 0, 1),
    ]  # fmt: skip
    assert asked(world, "duplicate_images") == [("image_md5", 120, len(MD5), 60, 60, 2)]
    languages = asked(world, "languages")
    assert [x[:6] for x in languages] == [
        ("en", None, 1200, 100, 1200, 1200), ("multi", None, 1100, 100, 1100, 1100)
    ]  # fmt: skip
    assert WORD not in repr([asked(world, name) for name in OF_AUDIT])
