"""`relaion demo` repeats the published protocol, and its notebook runs on it."""

import json
import os
import re
from pathlib import Path
from typing import Any

import duckdb
import nbformat
import pytest
from nbclient import NotebookClient

import relaion as library
from relaion import sqlset
from relaion.errors import OutputError
from relaion.lists import add
from relaion.run.audit_file import read_hits
from relaion.sample.build import make
from relaion.stages.clean import clean
from relaion.stages.update import update
from tests import pinned
from tests.pipeline import relaion

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb"))
# twenty seconds of work; `.ci/run` runs all of this on the demo that it makes anyway
pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """The demo, and what it says; `DEMO` may name one that is finished."""
    given = os.environ.get("DEMO")
    folder = Path(given).absolute() if given else tmp_path_factory.mktemp("demo") / "d"
    done = relaion("demo", "--out", folder, "--json")
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


def test_the_protocol_is_the_published_one(demo: tuple[Path, Any]) -> None:
    _, result = demo
    found = [
        (x["received"], x["source"], x["label"], *x["rows"].values()) for x in result["protocol"]
    ]
    assert found == [
        ("2024-02-22", "IWF", "csam", 6, 1, 4),
        ("2024-03-20", "C3P", "csam", 459, 390, 280),
        ("2024-03-26", "IWF", "csam", 9, 3, 5),
        ("2024-03-26", "IWF", "csam", 1, 0, 0),
        ("2024-04-24", "Stanford", "csam", 788, 487, 439),
        ("2024-04-24", "Stanford", "validated", 463, 287, 258),
        ("2024-07-10", "HRW", "privacy", 150, 172, 77),
    ]
    assert result["sources"] == {"IWF": 18, "C3P": 1129, "Stanford": 1714}
    assert (result["memberships"], result["union"]) == (2861, 2236)
    assert (result["validated"], result["privacy"], result["same_link"]) == (1008, 399, 24)


def test_an_update_and_a_known_good_list_came_too(demo: tuple[Path, Any]) -> None:
    _, result = demo
    found = [
        (x["list_id"], x["source"], x["role"], x["replaces"], x["entries"], x["retracted"])
        for x in result["further"]
    ]
    assert found == [
        (8, "C3P", "bad", 2, {"image_md5": 1}, 1),
        (9, "NSRL", "good", None, {"image_md5": 40, "image_sha1": 40}, 0),
    ]
    assert result["known_good"] == ["list 5 (Stanford): 1 of 3,206 entries is known good"]


def test_the_verdict_is_clean(demo: tuple[Path, Any]) -> None:
    given = ("--inputs", "data", "--lists", "lists.duckdb", "--sidecar", "sidecars")
    done = relaion("verify", "clean", *given, "--keywords", "keywords.txt", "--json", cwd=demo[0])
    outcomes = json.loads(done.stdout)["outcomes"]
    assert [o["state"] for o in outcomes] == ["held"] * len(outcomes)
    assert not any(o["why"] for o in outcomes)


def test_the_shards_and_the_audit_are_what_they_were(demo: tuple[Path, Any]) -> None:
    """However the code is laid out, not one byte of an edition and no number may change."""
    expected = pinned.CASE.read_text(encoding="utf-8").splitlines()
    if expected[0] != f"# made with {pinned.versions()}":
        pytest.skip(f"another library writes other bytes: {expected[0]}, not {pinned.versions()}")
    assert pinned.told(demo[0] / "clean") == expected


def test_every_listed_row_left_both_editions(demo: tuple[Path, Any]) -> None:
    folder, _ = demo
    query = (
        "select edition, sum(gross) filter (where grouping = 'label' and name = 'csam'), "
        "sum(gross) filter (where grouping = 'label' and name = 'privacy') "
        "from removal_groups group by edition order by edition"
    )
    done = relaion("sql", folder / "clean", "-c", query, "--json")
    assert json.loads(done.stdout)["rows"] == [
        ["research", 2236, 399], ["research-safe", 2236, 399],
    ]  # fmt: skip


def test_a_second_demo_is_the_same_and_another_is_refused(demo: tuple[Path, Any]) -> None:
    folder, first = demo
    again = relaion("demo", "--out", folder)
    for x in first["protocol"]:
        line = rf"(?m)^{x['received']}  {re.escape(x['title'])} .* {x['total']:,}$"
        assert re.search(line, again.stdout), line
    (told,) = re.findall(r"(?s)Two more deliveries .*?\n\n", again.stdout)
    assert all(said in told for said in first["known_good"])
    assert max(map(len, told.splitlines())) <= 80
    assert "clean: this run was finished before" in again.stdout
    assert "to check it: relaion verify" in again.stdout
    other = relaion("demo", "--out", folder, "--seed", "6")
    assert other.returncode == 2
    assert "something else than this demo" in other.stderr


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_the_notebook_runs_and_shows_what_it_holds(demo: tuple[Path, Any], path: Path) -> None:
    stored, fresh = (nbformat.reads(path.read_text(), as_version=4) for _ in range(2))  # type: ignore[no-untyped-call]
    env = os.environ | {
        "RELAION_OUT": str(demo[0] / "clean"),
        "RELAION_DATA": str(demo[0] / "data"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    NotebookClient(fresh, timeout=120, kernel_name="python3").execute(env=env)
    for before, after in zip(stored.cells, fresh.cells, strict=True):
        if before.cell_type == "code" and "scripts" not in before.source:
            assert texts(before) == texts(after)
    pictures = [
        o
        for c in stored.cells
        if c.cell_type == "code"
        for o in c.outputs
        if "image/png" in o.get("data", {})
    ]
    assert len(pictures) >= 3 or "audit" not in path.stem


def texts(cell: Any) -> list[str]:
    return [
        o["data"][form]
        for o in cell.outputs
        for form in ("text/markdown", "text/html")
        if form in o.get("data", {}) and "<progress" not in o["data"][form]
    ]


def test_the_deliveries_as_updates_end_in_the_published_protocol(tmp_path: Path) -> None:
    made = make(tmp_path, rows=20_000)
    lists, ids = tmp_path / "lists.duckdb", dict[str, int]()
    how: dict[str, Any] = {"keywords": made.keywords, "sidecars": [made.sidecars]}
    out: Path | None = None
    # two lists came on one day; what brings a list up to date, and what is known good, came last
    for step, some in enumerate((made.deliveries[:2], made.deliveries[2:6], made.deliveries[6:])):
        for x in some:
            ids[x.title] = add(
                lists, x.files, source=x.source, title=x.title, label=x.label, kind=x.kind,
                received=x.received, role=x.role, where=x.where,
                update=ids[x.updates] if x.updates else None,
            ).list_id  # fmt: skip
        done = (
            clean(made.data, lists, tmp_path / f"step-{step}", **how)
            if out is None
            else update(out, made.data, lists, tmp_path / f"step-{step}", **how)
        )
        assert done.verdict is not None
        assert done.verdict.ok, done.verdict.findings
        out = done.out
    assert out is not None
    hits = read_hits(out)
    assert {s: hits.rows("source", s) for s in ("IWF", "C3P", "Stanford")} == {
        "IWF": 18, "C3P": 1129, "Stanford": 1714,
    }  # fmt: skip
    assert hits.rows("label", "csam") == 2236
    assert hits.rows("label", "privacy") == 399
    with duckdb.connect(str(out / "audit.duckdb"), read_only=True) as con:
        found = con.sql(
            "select min(l.received)::varchar, l.source, l.label, sum(p.gross), sum(p.new_rows) "
            "from protocol as p join (select distinct list_id, received, source, label from lists) "
            "as l using (list_id) group by all order by all"
        ).fetchall()
    assert [line[:4] for line in found] == [
        ("2024-02-22", "IWF", "csam", 11 + 17 + 1), ("2024-03-20", "C3P", "csam", 1129),
        ("2024-04-24", "Stanford", "csam", 1714), ("2024-04-24", "Stanford", "validated", 1008),
        ("2024-07-10", "HRW", "privacy", 399),
    ]  # fmt: skip
    assert sum(line[4] for line in found) == hits.rows("all")


def test_the_cookbook_answers(demo: tuple[Path, Any]) -> None:
    """Every query, on a set with all there is to ask for; and the published numbers in one row."""
    folder, _ = demo
    found = {
        name: library.sql(folder / place, query.sql).rows
        for place, kind in (("clean", ""), ("data", sqlset.DATA))
        for name, query in sqlset.queries(kind).items()
    }
    assert all(found.values())
    assert [x[3:] for x in found["protocol_in_all"] if x[0] == 2] == [(1129, 1126, 1137)]
    assert ("all", None, 4279, 2635) in found["hits_counted_once"]
    assert {x[:2]: x[2:] for x in found["shared_rows"] if x[2]} == {
        (1, 3): (11, 11), (2, 5): (615, 615), (2, 6): (368, 368), (5, 6): (1008, 1008),
    }  # fmt: skip
    assert [x[:3] for x in found["new_rows_by_month"]] == [
        ("2024-02", 1, 11), ("2024-03", 3, 1130), ("2024-04", 2, 1095), ("2024-07", 1, 399),
    ]  # fmt: skip
    assert {x[1] for x in found["languages"]} > {None, "de", "ja"}
    assert [x[1] for x in found["duplicate_links"]] == [65011, 118759, 116199, 299969]


@pytest.mark.parametrize("name", ["demo.json", "other"])
def test_a_folder_of_others_or_a_file_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(OutputError, match="holds something else than this demo"):
        library.demo(tmp_path)
    with pytest.raises(OutputError, match="is not a folder; name another with --out"):
        library.demo(tmp_path / name)
