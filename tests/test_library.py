"""The library as a program uses it: paths as text or `Path`, one or many; what help() says."""

import inspect
import io
import os
import pydoc
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pytest

import relaion
from relaion.errors import RelaionError
from relaion.paths import AnyPath, AnyPaths, as_path, as_paths, as_texts
from tests.drawn import quickly
from tests.pipeline import InProcess, write_shard

MD5 = "9a0364b9e99bb480dd25e1f0284c8555"
ROWS = [{"url": f"http://a.example/{i}", "image_md5": MD5 if i == 1 else None} for i in range(3)]

# the ways to name one thing; a text that were read letter by letter would name files like `d`
ONE: dict[str, Callable[[str], AnyPath]] = {"text": str, "path": Path}
MANY: dict[str, Callable[[str], AnyPaths]] = {
    **ONE,
    "texts": lambda name: [name],
    "paths": lambda name: (Path(name),),
    "iterator": lambda name: iter([name]),
}
one = pytest.mark.parametrize("one", ONE.values(), ids=ONE)
many = pytest.mark.parametrize("many", MANY.values(), ids=MANY)
both = pytest.mark.parametrize(
    ("one", "many"), quickly(2, [
        pytest.param(str, MANY["iterator"], id="iterator"),
        pytest.param(Path, MANY["texts"], id="texts"),
        pytest.param(str, str, id="text"), pytest.param(Path, Path, id="path"),
    ]),
)  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set, a sidecar, a delivery, keywords, a store and a finished run."""
    folder = tmp_path_factory.mktemp("library")
    write_shard(folder / "data/a.parquet", ROWS)
    write_shard(folder / "side/b.parquet", ROWS)
    (folder / "partner.txt").write_text(MD5 + "\n")
    (folder / "words.txt").write_text("catword\n")
    relaion.lists.add(folder / "lists.duckdb", folder / "partner.txt", source="IWF")
    relaion.clean(folder / "data", folder / "lists.duckdb", folder / "out", executor=InProcess())
    return folder


@pytest.fixture
def place(made: Path, in_process: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it to stand in, and tasks done in this process."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@many
def test_inspect(place: Path, many: Callable[[str], AnyPaths]) -> None:
    assert relaion.inspect(many("data")).rows == 3


@many
def test_sql(place: Path, many: Callable[[str], AnyPaths]) -> None:
    assert relaion.sql(many("data"), "select count(*) from shard").rows == ((3,),)
    assert relaion.sql(many("out"), "select count(*) from research").rows == ((2,),)


@both
def test_match(place: Path, one: Callable[[str], AnyPath], many: Callable[[str], AnyPaths]) -> None:
    found = relaion.match(
        many("data"), one("lists.duckdb"), key=one("lists.duckdb.key"), work=one("."),
        sidecars=many("side"),
    )  # fmt: skip
    assert found.rows == {"data": 3}


@pytest.mark.parametrize(
    ("one", "many"),
    [(Path, str), pytest.param(str, MANY["iterator"], marks=pytest.mark.slow)],
    ids=["path", "iterator"],
)
def test_clean_and_verify(
    place: Path, one: Callable[[str], AnyPath], many: Callable[[str], AnyPaths]
) -> None:
    (place / "work").mkdir()
    done = relaion.clean(
        many("data"), one("lists.duckdb"), one("new"), editions=many("research"),
        keywords=one("words.txt"), key=one("lists.duckdb.key"), work=one("work"),
        sidecars=many("side"),
    )  # fmt: skip
    assert [(e.edition, e.removed) for e in done.editions] == [("research", 1)]
    assert done.verdict
    assert done.verdict.ok
    assert relaion.verify(
        one("new"), inputs=many("data"), lists=one("lists.duckdb"), keywords=one("words.txt"),
        key=one("lists.duckdb.key"), sidecars=many("side"),
    ).ok  # fmt: skip


@both
def test_lists(place: Path, one: Callable[[str], AnyPath], many: Callable[[str], AnyPaths]) -> None:
    added = relaion.lists.add(one("new.duckdb"), many("partner.txt"), source="IWF")
    assert added.entries == {"image_md5": 1}
    assert len(relaion.lists.show(one("new.duckdb"))) == 1
    assert relaion.lists.open_store(one("new.duckdb")).lists[0].source == "IWF"
    assert relaion.lists.withdraw(one("new.duckdb"), added.list_id).entries == {"image_md5": 1}


def test_a_form_and_a_day_may_be_text(place: Path) -> None:
    added = relaion.lists.add(
        "new.duckdb", "partner.txt", source="IWF", kind="url_md5", forms="raw",
        received="2024-03-26",
    )  # fmt: skip
    assert (added.forms, added.received) == (("raw",), date(2024, 3, 26))
    with pytest.raises(relaion.RelaionError, match="write a day as YYYY-MM-DD"):
        relaion.lists.add("new.duckdb", "partner.txt", source="IWF", received="26.03.2024")


@one
def test_demo(place: Path, one: Callable[[str], AnyPath]) -> None:
    with pytest.raises(
        relaion.RelaionError, match="out: is not empty and holds something else than this demo"
    ):
        relaion.demo(one("out"), rows=6000)


@pytest.mark.slow
@one
def test_demo_to_its_end(place: Path, one: Callable[[str], AnyPath]) -> None:
    assert relaion.demo(one("new"), rows=6000).folder == Path("new")


def test_link() -> None:
    (only,) = relaion.link("http://A.example/x")
    assert [only.key] == [s.key for s in relaion.link(["http://A.example/x"])]
    assert only.key == relaion.link_key("http://A.example/x")


def test_scripts() -> None:
    assert relaion.scripts("research") == relaion.scripts("research.sql")


@pytest.mark.parametrize("wrong", [b"data", [b"data"], 7, [7], None, [None]])
def test_what_is_no_path_is_a_mistake_of_the_program(wrong: AnyPaths) -> None:
    with pytest.raises(TypeError):
        relaion.inspect(wrong)


@pytest.mark.parametrize("wrong", ["", [""], "a\0b", ["data", "\0"]])
def test_what_names_no_file_is_said(wrong: AnyPaths) -> None:
    # an empty text would be the current folder
    with pytest.raises(relaion.RelaionError, match=r"an empty path|no path holds a NUL"):
        relaion.inspect(wrong)


def test_one_or_many() -> None:
    assert as_paths("data") == as_paths(Path("data")) == as_paths(["data"]) == (Path("data"),)
    assert as_paths(()) == as_paths(iter(())) == ()
    assert as_paths(x for x in ("a", Path("b"))) == (Path("a"), Path("b"))
    assert as_texts("raw") == as_texts(["raw"]) == as_texts(Path("raw")) == ("raw",)
    assert as_path("a/b") == as_path(Path("a/b")) == Path("a/b")


def test_dir_names_what_is_public_and_nothing_else() -> None:
    names = [name for name in dir(relaion) if not name.startswith("_")]
    assert names == sorted(relaion.__all__)
    assert "__version__" in dir(relaion)
    assert all(getattr(relaion, name).__doc__ for name in relaion.__all__)


def test_help_shows_every_function() -> None:
    said = io.StringIO()
    pydoc.Helper(output=said)(relaion)
    functions = said.getvalue().split("FUNCTIONS\n")[1]
    for name in set(relaion.__all__) - {"RelaionError", "lists"}:
        assert f"\n    {name}(" in "\n" + functions, name
    spaced = " ".join(functions.split()).replace("( ", "(")  # later Pythons break the line
    assert "clean(paths: 'AnyPaths', lists: 'AnyPath', out: 'AnyPath'" in spaced
    assert "__getattr__" not in said.getvalue()


# -- in a notebook ----------------------------------------------------------------------------


def test_an_answer_is_a_table_of_any_library(place: Path) -> None:
    query = "select 1 as a, 'x' as a, null as n, [1, 2] as l, 2::hugeint << 70 as big"
    answer = relaion.sql("data", query + " union all from (" + query + ")")
    assert answer.arrow().to_pydict().keys() == {"a", "n", "l", "big"}
    assert answer.arrow().num_columns == 5
    assert answer.df().shape == (2, 5)
    assert answer.pl().columns == ["a", "a_1", "n", "l", "big"]
    assert answer.pl()["big"].to_list() == [str(2 << 70)] * 2


def test_an_answer_shows_as_a_table_with_nothing_that_acts(place: Path) -> None:
    html = relaion.sql("data", "select '<a href=x>y</a>' as t, null as n, 12345 as i")._repr_html_()
    assert "&lt;a href=x&gt;y&lt;/a&gt;" in html
    assert "<a" not in html
    assert "NULL" in html and "12,345" in html
    many = relaion.sql("data", "from range(1000)")._repr_html_()
    assert many.count("<tr>") == 201 and "… 800 more" in many


def test_results_show_as_tables(place: Path) -> None:
    shown = {
        "inspect": relaion.inspect("data"),
        "match": relaion.match("data", "lists.duckdb"),
        "clean": relaion.clean("data", "lists.duckdb", "new"),
        "verify": relaion.verify("new"),
        "lists.show": relaion.lists.show("lists.duckdb"),
        "link": relaion.link("HTTP://a.example/<b>"),
        "scripts": relaion.scripts(),
        "report": relaion.report("new"),
        "purge": relaion.purge("new"),
    }
    for name, result in shown.items():
        html = result._repr_html_()  # type: ignore[attr-defined]
        assert html.startswith("<table>"), name
        assert "<b>" not in html.replace("<p><b>", ""), name
        assert MD5 not in html, name
    html = shown["inspect"]._repr_html_()  # type: ignore[attr-defined]
    assert "<p><b>data: matches</b></p><table>" in html, "records of a record are a table below"
    assert "present:" not in html
    assert "edition" in shown["clean"]._repr_html_()  # type: ignore[attr-defined]


REACHING = (
    "from 'beside.csv'", "set threads = 1", "attach 'x.duckdb'", "copy (select 1) to 'y'",
)  # fmt: skip


def test_a_connection_is_locked_as_the_prompt_is(place: Path) -> None:
    (place / "beside.csv").write_text("a\n1\n")
    for con, found in (
        (relaion.open_audit("out"), ("select count(*) from research", 2)),
        (relaion.open_data(["data"]), ("select count(*) from shard", 3)),
    ):
        assert con.execute(found[0]).fetchall() == [(found[1],)]
        for sql in REACHING:
            with pytest.raises(duckdb.Error):
                con.execute(sql)
        con.close()
    audit = relaion.open_audit("out")
    removed = "select removed from unions where edition = 'research'"
    assert audit.execute(removed).fetchall() == [(1,)]
    with pytest.raises(duckdb.Error):
        audit.execute("delete from unions")
    with pytest.raises(relaion.RelaionError, match="there is open_data"):
        relaion.open_audit("data")
    with pytest.raises(relaion.RelaionError, match="there is open_audit"):
        relaion.open_data("out")


@pytest.mark.slow
def test_a_connection_leaves_nothing_behind(place: Path) -> None:
    code = "import relaion; relaion.open_data('data').execute('from shard')"
    env = os.environ | {"TMPDIR": str(place / "tmp")}
    (place / "tmp").mkdir()
    subprocess.run([sys.executable, "-c", code], cwd=place, env=env, check=True)
    assert not [*(place / "tmp").iterdir()]


class Shell:
    kernel = object()


class Displayed:
    """What a notebook shows: the last picture of a handle, and how many came."""

    def __init__(self) -> None:
        self.pictures: list[str] = []

    def HTML(self, text: str) -> str:
        return text

    def display(self, picture: str, display_id: bool) -> "Displayed":
        assert display_id
        self.pictures.append(picture)
        return self

    def update(self, picture: str) -> None:
        self.pictures.append(picture)


@pytest.mark.slow
def test_a_notebook_sees_a_bar(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ipython = ModuleType("IPython")
    ipython.display = Displayed()  # type: ignore[attr-defined]
    ipython.get_ipython = Shell  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    relaion.clean("data", "lists.duckdb", "new")
    pictures = ipython.display.pictures
    assert any("1/1 row group" in picture for picture in pictures)
    ipython.get_ipython = lambda: None  # type: ignore[attr-defined]
    before = len(pictures)
    relaion.clean("data", "lists.duckdb", "newer")
    assert len(pictures) == before


# -- Every path of every function, as text and as a path -----------------------------------------


def _paths_of(function: Callable[..., object]) -> dict[str, bool]:
    """Parameters that are paths, and whether each may be many."""
    found = {}
    for name, p in inspect.signature(function, eval_str=False).parameters.items():
        said = str(p.annotation)
        if "AnyPath" in said or "PathLike" in said:
            found[name] = "AnyPaths" in said or "Iterable" in said
    return found


PATHED = {
    name: function
    for name, function in {
        **{n: getattr(relaion, n) for n in relaion.__all__},
        **{f"lists.{n}": getattr(relaion.lists, n) for n in relaion.lists.__all__},
    }.items()
    if inspect.isfunction(function) and _paths_of(function)
}


def test_paths_are_found_where_they_are() -> None:
    assert {"clean", "update", "apply", "diff", "open_audit", "report", "lists.add"} <= set(PATHED)
    assert _paths_of(relaion.clean)["paths"] and not _paths_of(relaion.clean)["lists"]
    without = {"link", "link_key"}
    assert {n for n in relaion.__all__ if inspect.isfunction(getattr(relaion, n))} - without == {
        n for n in PATHED if "." not in n
    }


@pytest.mark.parametrize("name", PATHED)
def test_a_path_is_text_or_a_path(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be found is said in the same words, however it is named; nothing is left."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("no store, no shard\n")  # where nothing can be made
    function, paths = PATHED[name], _paths_of(PATHED[name])
    needed = {
        n
        for n, p in inspect.signature(function).parameters.items()
        if p.default is inspect.Parameter.empty or n == "out"
    }
    said = {}
    for way, one, many in (
        ("text", str, str),
        ("path", Path, Path),
        ("list", Path, lambda text: [text]),
        ("iterator", Path, lambda text: iter((Path(text),))),
    ):
        given: dict[str, Any] = {
            n: (many if paths[n] else one)(f"file/{n}") for n in paths if n in needed
        }
        given |= {"query": "select 1"} if "query" in needed else {}
        given |= {"source": "giver"} if name == "lists.add" else {}
        given |= {"list_id": 1} if "list_id" in needed else {}
        given |= {"name": one("file")} if name == "scripts" else {}
        given |= {"keep": many("file/keep")} if name == "apply" else {}
        given |= {"file_format": "txt"} if name == "lists.sample" else {}
        with pytest.raises(RelaionError) as e:
            function(**given)
        said[way] = f"{type(e.value).__name__}: {e.value}"
    assert len(set(said.values())) == 1, said
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("name", PATHED)
def test_no_path_is_used_as_it_came(name: str) -> None:
    """Those that need not be given, too: each goes through the one place that takes both."""
    source = inspect.getsource(PATHED[name])
    ways = "as_path|as_paths|as_texts|maybe_anywhere|maybe_path|open_sql|where_of|_out_here"
    ways += "|_placed|diff_place"
    taken = set(re.findall(rf"\b(?:{ways})\((\w+)", source))
    assert set(_paths_of(PATHED[name])) - taken == set()
