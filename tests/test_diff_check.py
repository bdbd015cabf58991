"""`diff --check`: what an outsider cannot explain of an edition, and what stands out in it."""

import math
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import relaion
from relaion.engine import connect
from relaion.errors import InputError
from relaion.sqlset import load
from tests.oracle_copy import murmur
from tests.pipeline import Sent, add_lists, here, write_shard

pytestmark = pytest.mark.usefixtures("in_process")
SCRIPT = load()["apply/85_stand_out"]
LISTED = "http://h3.example/dir/3.jpg"


def rows(n: int = 60) -> list[dict[str, Any]]:
    """Ten hosts of six rows; each tenth row has a high score."""
    found: list[dict[str, Any]] = [
        {"url": f"http://h{i % 10}.example/dir/{i}.jpg", "text": f"picture {i}",
         "punsafe": 0.9 if i % 10 == 7 else 0.02}
        for i in range(n)
    ]  # fmt: skip
    return [{**r, "row_hash": murmur(r["url"], r["text"])} for r in found]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data of one subset, a list of one link, and both editions, without cover."""
    folder = tmp_path_factory.mktemp("check")
    write_shard(folder / "data/en/a.parquet", rows())
    add_lists(folder / "lists.duckdb", [Sent((("url", LISTED),))])
    done = here("clean", "data", "--lists", "lists.duckdb", "--out", "out", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def check(world: Path, *more: str) -> Any:
    command = ("diff", "--check", "out", "--inputs", "data", "--lists", "lists.duckdb", *more)
    return here(*command, cwd=world)


def test_without_cover_a_listed_row_stands_out(world: Path) -> None:
    found = relaion.diff_check(world / "out", world / "data", world / "lists.duckdb")
    assert not found.ok
    # what the public rule on scores explains is no part of it
    assert found.residual == {"research": 1, "research-safe": 1}
    (whole,) = [s for s in found.strata if (s.edition, s.grouping) == ("research", "all")]
    assert (whole.sites, whole.rows, whole.stands_out) == (1, 1, True)
    done = check(world)
    assert done.returncode == 1
    assert "listed rows stand out" in done.stdout


def test_no_host_link_or_count_of_listed_rows_is_told(world: Path) -> None:
    for more in ((), ("--json",)):
        done = check(world, *more)
        assert "example" not in done.stdout + done.stderr
        assert "n_listed" not in done.stdout


def test_what_an_earlier_diff_named_is_no_news(world: Path) -> None:
    made = here(
        "diff", "data", "out/research", "--out", "first.parquet", "--i-accept-disclosure", cwd=world
    )
    assert made.returncode == 0, made.stderr
    done = check(world, "--earlier", "first.parquet", "--json")
    assert done.returncode == 0, done.stderr
    assert '"research": 0' in done.stdout


def test_less_than_the_run_was_made_with_is_refused(world: Path, tmp_path: Path) -> None:
    """What it hides would not be seen."""
    add_lists(tmp_path / "other.duckdb", [Sent((("url", "http://nowhere.example/1.jpg"),))])
    with pytest.raises(InputError, match="lacks 1 of the 1 lists that it was cleaned with"):
        relaion.diff_check(world / "out", world / "data", tmp_path / "other.duckdb")
    write_shard(tmp_path / "data/en/a.parquet", rows()[:50])
    with pytest.raises(InputError, match="1 of the 1 shards that it was made of are not among"):
        relaion.diff_check(world / "out", tmp_path / "data", world / "lists.duckdb")


def test_cover_hides_what_it_covers(world: Path, tmp_path: Path) -> None:
    shutil.copytree(world / "data", tmp_path / "data")
    add_lists(tmp_path / "lists.duckdb", [Sent((("url", LISTED),))])
    done = here(
        "clean", "data", "--lists", "lists.duckdb", "--cover", "5", "--out", "out", "--edition",
        "research", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = relaion.diff_check(tmp_path / "out", tmp_path / "data", tmp_path / "lists.duckdb")
    assert found.ok
    assert found.cover == 5
    assert found.residual["research"] == 36  # six hosts whole


def test_what_left_alone_stands_out_whatever_cover_was_asked_for(tmp_path: Path) -> None:
    """No site is like it, so that nothing left with it."""
    alone = {"url": LISTED, "text": "alone", "punsafe": 0.02, "row_hash": murmur(LISTED, "alone")}
    others = [r for r in rows() if "h3." not in r["url"]]
    write_shard(tmp_path / "data/en/a.parquet", [*others, alone])
    add_lists(tmp_path / "lists.duckdb", [Sent((("url", LISTED),))])
    done = here(
        "clean", "data", "--lists", "lists.duckdb", "--cover", "3", "--out", "out", "--edition",
        "research", "--no-verify", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = relaion.diff_check(tmp_path / "out", tmp_path / "data", tmp_path / "lists.duckdb")
    assert found.residual["research"] == 1
    assert not found.ok


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--check", "out", "--inputs", "data"), "--check needs --lists"),
        (("--check", "out", "--lists", "lists.duckdb"), "--check needs --inputs"),
        (("data", "data", "--check", "out", "--lists", "lists.duckdb"), "--check OUT goes without"),
        (("--check", "data", "--inputs", "data", "--lists", "lists.duckdb"), "no finished run"),
        (("data", "data", "--out", "x", "--lists", "lists.duckdb"), "without what --check takes"),
        (("data",), "name both sets and the file"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(
    world: Path, arguments: tuple[str, ...], told: str
) -> None:
    done = here("diff", *arguments, cwd=world)
    assert done.returncode == 2
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1


@given(st.integers(1, 60), st.data(), st.floats(0.02, 0.98))
def test_the_tail_is_binomial(n: int, data: st.DataObject, rate: float) -> None:
    k = data.draw(st.integers(0, n))
    with connect() as engine:
        engine.execute("create temp table residual (subset varchar, band varchar, host varchar, "
                       "directory varchar, n_rows bigint, is_listed boolean)")  # fmt: skip
        engine.run(SCRIPT, cover=1)
        ((tail,),) = engine.rows("select binomial_tail($n, $k, $r)", {"n": n, "k": k, "r": rate})
    exact = sum(math.comb(n, i) * rate**i * (1 - rate) ** (n - i) for i in range(k, n + 1))
    assert math.isclose(tail, exact, rel_tol=1e-6, abs_tol=1e-12)
