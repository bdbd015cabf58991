"""`report`: its numbers are those of the audit, it tells no listed thing, and it can be read."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import asdict, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

import relaion
from relaion import sqlset
from relaion.lists import store
from relaion.reporting.card import named_by
from relaion.reporting.document import BarChart, BarGroup, Document, Grid, Section, grid
from relaion.reporting.facts import CoverFacts
from relaion.reporting.html import html
from relaion.reporting.markdown import escaped
from relaion.reporting.sections import document
from tests import report_world
from tests.browser import PROGRAM, browser
from tests.drawn import quickly
from tests.pipeline import InProcess, here
from tests.report_world import MD5, SUBSETS, TITLE, WORD, row

CASE = Path(__file__).parent / "cases" / "report.txt"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two subsets, three lists (12 images, 40 of which 6 are the same, 3 links), a finished run."""
    return report_world.plain(tmp_path_factory.mktemp("report")).parent


@pytest.fixture(scope="module")
def written(world: Path) -> dict[str, str]:
    """Every form of the report, by name."""
    place = world / "told"
    place.mkdir()
    relaion.report(
        world / "out", html=place / "r.html", markdown=place / "r.md", card=place / "card",
        title="A set", licence="cc-by-4.0", i_accept_disclosure=True,
    )  # fmt: skip
    found = {p.name: p.read_text("utf-8") for p in place.rglob("*") if p.is_file()}
    found["json"] = here("report", world / "out", "--json").stdout
    found["terminal"] = here("report", world / "out").stdout
    return found


# -- Numbers ------------------------------------------------------------------------------------

FIELDS = {
    "removals": "removals_by_reason", "removal_groups": "removals_by_group",
    "hits": "hits_by_list", "counted_once": "hits_counted_once", "balance": "balance",
    "steps": "lineage", "protocol": "protocol_in_all", "outputs": "output_sizes",
    "inputs": "input_sizes", "scripts": "digests_of_scripts", "coverage": "coverage_by_role",
    "not_looked_at": "left_out", "scores": "score_bands", "overlaps": "shared_rows",
}  # fmt: skip


def numbers(rows: Any) -> Counter[int]:
    return Counter(v for row in rows for v in row if isinstance(v, int))


@pytest.mark.parametrize("field", quickly(4, FIELDS))
def test_every_number_is_the_answer_of_a_query(world: Path, field: str) -> None:
    found = json.loads(here("report", world / "out", "--json").stdout)[field]
    with duckdb.connect(str(world / "out/audit.duckdb"), read_only=True) as con:
        asked = con.execute(sqlset.queries()[FIELDS[field]].sql).fetchall()
    assert len(found) == len(asked)
    assert numbers(x.values() for x in found) == numbers(asked)


def test_no_number_of_the_report_comes_from_elsewhere(world: Path) -> None:
    """Fields of another shape than their query, and those reckoned from others or stated."""
    told = relaion.report(world / "out")
    with duckdb.connect(str(world / "out/audit.duckdb"), read_only=True) as con:
        named = {*FIELDS.values(), "deliveries", "protocol_by_subset", "settings", "scripts_in_one"}
        asked = {n: con.execute(sqlset.queries()[n].sql).fetchall() for n in named}
    assert [
        (x.list_id, x.source, x.title, x.label, x.received, x.role, kind, n, x.step)
        for x in told.lists
        for kind, n in x.entries.items()
    ] == asked["deliveries"]
    assert [(s, *rest) for s, _, *rest in asked["protocol_by_subset"]] == [
        (x.subset, x.list_id, x.kind, x.gross, x.new_rows, x.rows_so_far)
        for x in told.protocol_by_subset
    ]
    kept = {(e, s): n for e, s, _, _, n in asked["balance"]}
    rows_in = {s: n for s, _, n, _ in asked["input_sizes"]}
    for line in told.proof:
        above = {"original": rows_in[line.subset]}.get(line.parent)
        assert line.kept == kept[line.edition, line.subset]
        assert line.kept_by_parent == (above or kept[line.parent, line.subset])
    settings = {n: json.loads(text) for kind, n, text in asked["settings"] if kind == "parameters"}
    words = settings.pop("keywords")
    assert told.parameters == settings | {"keywords": words["n"]}
    assert asked["scripts_in_one"] == [(len(told.scripts), told.scripts_sha256)]
    lines = "".join(f"{x.sha256}  {x.name}\n" for x in sorted(told.scripts, key=lambda x: x.name))
    assert hashlib.sha256(lines.encode()).hexdigest() == told.scripts_sha256
    made = json.loads((world / "out/manifest.json").read_text())
    assert asdict(told.run) == {name: made[name] for name in asdict(told.run)}
    assert told.sidecars == len(made["sidecars"])
    others = (
        "lists protocol_by_subset proof parameters run sidecars form editions why publishable "
        "few_rows written notices cover scripts_sha256 withdrawn"
    )
    assert {*asdict(told)} == {
        *FIELDS,
        *others.split(),
    }  # a new field needs its query, or a reason here


def test_every_number_of_a_table_or_picture_is_an_answer(world: Path) -> None:
    """As it stands on the page: none is put together on the way there."""
    told = document(relaion.report(world / "out"))
    with duckdb.connect(str(world / "out/audit.duckdb"), read_only=True) as con:
        answers = [con.execute(q.sql).fetchall() for q in sqlset.queries().values()]
    known = {str(x) for rows in answers for row in rows for x in row if isinstance(x, int)}
    parts = [part for section in told.sections for part in section.parts]
    cells = [row[i] for x in parts if isinstance(x, Grid) for row in x.rows for i in x.numbers]
    cells = [x.replace(",", "") for x in cells if not x.endswith((" kB", "%", "–", " MB"))]
    assert len(cells) > 150
    assert {*cells} - known <= {"<10"}
    bars = [v for x in parts if isinstance(x, BarChart) for g in x.groups for v in g.values]
    assert {str(v) for v in bars if v is not None} <= known


def test_the_numbers_are_those_of_the_files(world: Path) -> None:
    """Counted without the audit: rows of the shards, and what was planted."""
    told = relaion.report(world / "out")
    for line in told.balance:
        if line.subset is None:
            continue
        kept = pq.read_table(world / "out" / line.edition / line.subset / "a.parquet").num_rows
        assert (line.rows_in, line.kept) == (SUBSETS[line.subset], kept)
        assert line.removed == SUBSETS[line.subset] - kept
    assert [(x.gross, x.new_rows, x.rows_so_far) for x in told.protocol] == [
        (24, 24, 24), (80, 68, 92), (3, 3, 95),
    ]  # fmt: skip
    assert [(x.gross, x.overlap, x.exclusive) for x in told.hits] == [
        (24, 12, 12), (80, 12, 68), (3, 0, 3),
    ]  # fmt: skip
    assert [x.rows for x in told.counted_once if x.grouping == "all"] == [95]
    keyword = [x for x in told.removals if (x.edition, x.rule) == ("research", "unsafe_keyword")]
    assert sum(x.gross for x in keyword) == sum(
        (x["punsafe"] or 0) > 0.95 and WORD in x["text"]
        for subset, n in SUBSETS.items()
        for x in (row(subset, i) for i in range(n))
    )
    assert all(x.holds for x in told.proof)
    assert len(told.proof) == 4


def test_scores_are_those_of_all_rows(world: Path) -> None:
    told = relaion.report(world / "out").scores
    assert told is not None
    scores = [row(s, i)["punsafe"] for s, n in SUBSETS.items() for i in range(n)]
    assert sum(x.rows for x in told) == sum(SUBSETS.values())
    for line in told:
        if line.above is None and line.up_to is None:
            assert line.rows == scores.count(None)
        else:
            low, high = line.above or -1.0, 2.0 if line.up_to is None else line.up_to
            assert line.rows == sum(x is not None and low < x <= high for x in scores)
    removed = [x for x in relaion.report(world / "out").removals if x.rule == "unsafe"]
    assert sum(x.unsafe for x in told) == sum(x.gross for x in removed) > 0


def test_the_words_hold_the_numbers(written: dict[str, str]) -> None:
    for name in ("r.html", "r.md", "terminal"):
        for number in ("2,300", "92", "95"):
            assert re.search(rf"\b{number}\b", written[name]), (name, number)


# -- Disclosure ---------------------------------------------------------------------------------


def test_no_form_tells_a_listed_thing(world: Path, written: dict[str, str]) -> None:
    made = json.loads((world / "out/manifest.json").read_text())
    secrets = [
        *MD5, "listed.example", WORD, made["parameters"]["keywords"]["digest"],
        *(x["digest"] for x in made["lists"]), str(world),
    ]  # fmt: skip
    assert len(written) == 6
    for name, text in written.items():
        found = [i for i, secret in enumerate(secrets) if secret.lower() in text.lower()]
        assert found == [], name


def test_few_shared_rows_and_no_score_of_a_hit_are_told(world: Path) -> None:
    told = relaion.report(world / "out")
    assert [(x.list_id, x.other_id, x.least, x.most) for x in told.overlaps or ()] == [
        (1, 2, 12, 12), (1, 3, 0, 9), (2, 3, 0, 9),
    ]  # fmt: skip
    assert told.scores
    assert {*asdict(told.scores[0])} == {"above", "up_to", "rows", "unsafe"}


def test_what_is_not_told_is_not_called_none(world: Path) -> None:
    """Nor does the name of a column come apart."""
    told = relaion.report(world / "out")
    columns = {**told.parameters, "columns": {"url": "Adresse"}}
    few = replace(told, hits=(), protocol=(), overlaps=(), few_rows=("en",), parameters=columns)
    text = repr(document(few))
    assert "url: Adresse" in text
    assert text.count("1,000 rows or more. Of smaller ones (en) this is not told") == 2
    assert "No list named a row." not in text
    assert "No list named a row." in repr(document(replace(few, few_rows=())))


# -- The forms ----------------------------------------------------------------------------------


def masked(text: str) -> str:
    """Without what changes from day to day, and with the code."""
    text = re.sub(r"\b[0-9a-f]{64}\b", "<digest>", text)
    text = re.sub(r"run [0-9a-f]{16}, finished on [0-9-]{10}", "run <run>, finished on <day>", text)
    text = re.sub(r"(?m)^(relaion|DuckDB|pyarrow|link keys) .*$", r"\1 <version>", text)
    return re.sub(r"\b\d+ (scripts of|lines more)", r"<n> \1", text)


def test_the_terminal_fits_and_says_what_it_did(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rich.console import Console

    from relaion.cli.render_report import show_report

    console = Console(width=80, highlight=False)
    with console.capture() as captured:
        console.print(show_report(relaion.report(world / "out")))
    lines = [line.rstrip() for line in captured.get().splitlines()]
    assert max(map(len, lines)) <= 80
    text = masked("\n".join(lines)) + "\n"
    if not CASE.exists():  # remove it to have it written anew, and read what changed
        CASE.write_text(text, "utf-8")
    assert text == CASE.read_text("utf-8")


class Seen(HTMLParser):
    """Tags in order, with their attributes; tables by the tags that they hold."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_the_page_stands_alone_and_is_accessible(written: dict[str, str]) -> None:
    page = written["r.html"]
    seen = Seen(page).tags
    names = Counter(tag for tag, _ in seen)
    assert not {"script", "a", "link", "img", "iframe", "object", "use", "image"} & set(names)
    for tag, attributes in seen:
        assert not {"href", "xlink:href", "src", "srcset", "action"} & set(attributes), tag
        for value in attributes.values():
            assert "url(" not in (value or "").replace("url(#", ""), tag
    assert "@import" not in page and "url(http" not in page
    assert names["table"] == names["caption"] > 8
    assert all(x.get("scope") in ("col", "row") for tag, x in seen if tag == "th")
    pictures = [x for tag, x in seen if tag == "svg"]
    assert len(pictures) >= 3
    ids = Counter(x["id"] for _, x in seen if "id" in x)
    assert set(ids.values()) == {1}
    for picture in pictures:
        assert picture["role"] == "img"
        assert all(ids[name] for name in str(picture["aria-labelledby"]).split())
    assert "<b>list</b>" not in page
    assert "first &lt;b&gt;list&lt;/b&gt; | *of* `A` &amp; co" in page


def test_a_title_is_text_in_markdown(written: dict[str, str]) -> None:
    for name in ("r.md", "README.md"):
        assert escaped(TITLE) in written[name]
        assert "://" not in written[name] and "<b>" not in written[name]
        for table in re.findall(r"(?:^\|.*\n)+", written[name], re.M):
            assert len({len(re.findall(r"(?<!\\)\|", x)) for x in table.splitlines()}) == 1
    assert escaped("www.a.example m@b.example\n# x") == r"www\.a.example m\@b.example \# x"


def test_a_card_says_that_cover_left_too(world: Path) -> None:
    told = relaion.report(world / "out")
    covered = replace(told, cover=CoverFacts(2, 9, 1, 0, 0))
    for edition in told.editions:
        assert "neutral sites" not in named_by(told, edition)
        assert "and without neutral sites that left along; " in named_by(covered, edition)


def test_the_card_can_be_read_and_its_sums_checked(world: Path, written: dict[str, str]) -> None:
    front = written["README.md"].split("---\n")[1]
    fields = {k: json.loads(v) for k, v in (x.split(": ", 1) for x in front.splitlines())}
    assert fields["pretty_name"] == "A set"
    assert fields["license"] == "cc-by-4.0"
    assert [c["config_name"] for c in fields["configs"]] == ["research", "research-safe"]
    for config in fields["configs"]:
        assert len([*(world / "out").glob(config["data_files"])]) == 2
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", world / "told/card/SHA256SUMS"], cwd=world / "out",
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout.count(": OK")) == (0, 4)


def very_many(folder: Path, n: int = 200) -> Path:
    """A page with one table of n lines, the last a sum, and one picture of n bars."""
    rows = [(f"list {i}", str(i)) for i in range(n)]
    bars = tuple(BarGroup(f"bar {i}", (i,)) for i in range(n))
    parts = (grid("A table", ("list", "rows"), rows, ("rows",), (n - 1,)),
             BarChart("Bars", "One bar a list.", ("rows",), bars))  # fmt: skip
    page = folder / "many.html"
    page.write_text(html(Document("Many", (Section("a", "A", parts),))))
    return page


def test_what_is_very_long_is_folded_and_every_line_is_there(tmp_path: Path) -> None:
    seen, folded = very_many(tmp_path).read_text().split("<details>")
    folded, drawn = folded.split("</details>")
    assert "<summary>179 more lines of this table</summary>" in folded
    found = [re.findall(r">list (\d+)</th>", text) for text in (seen, folded)]
    assert found[0] == [*map(str, range(20)), "199"]
    assert found[1] == [*map(str, range(20, 199))]
    assert re.findall(r">bar (\d+)<", drawn) == [*map(str, range(180, 200))]
    assert "Bars: the 20 largest of 200" in drawn
    assert "<details>" not in very_many(tmp_path, 25).read_text()


@pytest.mark.slow
@pytest.mark.skipif(PROGRAM is None, reason="no Chromium on this machine")
def test_what_is_folded_is_reached_by_keys_and_printed(tmp_path: Path) -> None:
    path = very_many(tmp_path)
    height = "document.documentElement.scrollHeight"
    with browser() as page:
        page.open(path, width=1280, media={}, kind="print")
        printed = page.ask(height)
        page.open(path, width=1280, media={})
        folded = page.ask(height)
        page.ask("document.querySelector('summary').focus()")
        page.call("Input.dispatchKeyEvent", type="keyDown", key="Enter", text="\r",
                  windowsVirtualKeyCode=13)  # fmt: skip
        assert page.ask(height) > 2 * folded and printed > 2 * folded


@pytest.mark.slow
@pytest.mark.skipif(PROGRAM is None, reason="no Chromium on this machine")
def test_the_page_in_a_browser(world: Path, written: dict[str, str], tmp_path: Path) -> None:
    path = world / "told/r.html"
    with browser() as page:
        for width in (1280, 360):
            for theme in ("light", "dark"):
                page.open(path, width=width, media={"prefers-color-scheme": theme})
                assert page.requests == [path.as_uri()]
                assert page.errors == []
                assert page.ask("document.documentElement.scrollWidth") == width
                assert page.ask(_CONTRASTS) >= 4.5, theme
                smallest = page.ask(
                    "Math.min(...[...document.querySelectorAll('svg text')]"
                    ".map(x => x.getBoundingClientRect().height))"
                )
                assert smallest >= 12  # pixels of a line of letters in a picture
                cut = page.ask(
                    "[...document.querySelectorAll('svg')].filter(s => [...s.querySelectorAll("
                    "'text')].some(t => t.getBoundingClientRect().right > "
                    "s.getBoundingClientRect().right + 1)).length"
                )
                assert cut == 0
                # no table is cut off, and no number in one has to be looked for at its side
                assert (
                    page.ask(
                        "[...document.querySelectorAll('.box:has(table)')]"
                        ".filter(x => x.scrollWidth > x.clientWidth + 1).length"
                    )
                    == 0
                )
                assert (
                    page.ask(
                        "[...document.querySelectorAll('td')].filter(x => "
                        "x.getBoundingClientRect().right > innerWidth + 1).length"
                    )
                    == 0
                )
                page.picture(tmp_path / f"{width}-{theme}.png")
        for kind in ("screen", "print"):  # a name without a gap pushes no number off the page
            page.open(path, width=1280, media={}, kind=kind)
            page.ask("document.querySelectorAll('.long').forEach(x => x.append('x'.repeat(150)))")
            assert page.ask("document.querySelectorAll('.long').length") > 5
            assert page.ask(
                "[...document.querySelectorAll('.box:has(table)')]"
                ".filter(x => x.scrollWidth > x.clientWidth + 1).length"
            ) == 0  # fmt: skip
        page.open(path, width=800, media={"prefers-color-scheme": "dark"}, kind="print")
        assert page.ask("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


_CONTRASTS = """
(() => {
  const light = c => c.match(/[0-9.]+/g).slice(0, 3).map(Number).map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
  const paper = getComputedStyle(document.body).backgroundColor;
  const told = document.querySelectorAll('p, td, th, h2, code, caption, svg text');
  return Math.min(...[...told].map(x => {
    const style = getComputedStyle(x);
    let below = x, back = 'rgba(0, 0, 0, 0)';
    while (below && /, 0\\)$/.test(back)) {
      back = getComputedStyle(below).backgroundColor; below = below.parentElement;
    }
    const ink = x.tagName === 'text' ? style.fill : style.color;
    const [a, b] = [light(ink), light(back || paper)].sort((m, n) => n - m);
    return (a + 0.05) / (b + 0.05);
  }));
})()
"""


# -- Updates, mistakes, files that are there ----------------------------------------------------


@pytest.mark.slow
def test_an_update_shows_its_lineage(world: Path, in_process: None, tmp_path: Path) -> None:
    shutil.copytree(world, tmp_path, dirs_exist_ok=True)
    (tmp_path / "d.txt").write_text(f"{MD5[50]}\n")
    store.add(tmp_path / "lists.duckdb", [tmp_path / "d.txt"], source="D")
    relaion.update(
        tmp_path / "out", tmp_path / "data", tmp_path / "lists.duckdb", tmp_path / "new",
        keywords=tmp_path / "words.txt", executor=InProcess(),
    )  # fmt: skip
    told = relaion.report(tmp_path / "new")
    assert [x.step for x in told.steps] == [1, 1, 2, 2]
    assert told.steps[0].run == relaion.report(tmp_path / "out").run.run
    assert "step 1 was the first clean" in " ".join(here("report", tmp_path / "new").stdout.split())
    assert {x.step for x in told.lists} == {1, 2}


def broken(out: Path, how: str) -> Path:
    made = json.loads((out / "manifest.json").read_text())
    if how == "no audit":
        (out / "audit.duckdb").unlink()
    elif how == "cut audit":
        (out / "audit.duckdb").write_bytes((out / "audit.duckdb").read_bytes()[:9000])
    elif how == "text audit":
        (out / "audit.duckdb").write_text("not a database")
    elif how == "log":
        (out / "audit.duckdb.wal").write_bytes(b"")
    elif how == "other form":
        with duckdb.connect(str(out / "audit.duckdb")) as con:
            con.execute("alter table protocol drop column new_rows")
    elif how == "other run":
        (out / "manifest.json").write_text(json.dumps(made | {"run": "0" * 16}))
    elif how == "changed":
        made["editions"] = [{"name": "research"}]
        (out / "manifest.json").write_text(json.dumps(made))
    elif how == "applied":
        (out / "manifest.json").write_text(json.dumps(made | {"kind": "apply"}))
    elif how == "no manifest":
        (out / "manifest.json").unlink()
    elif how == "foreign":
        (out / "manifest.json").write_text("{}")
    elif how == "running":
        (out / "manifest.json").unlink()
        (out / "audit.duckdb").unlink()
        (out / ".work").mkdir()
    return {"edition": out / "research", "nowhere": out / "x", "file": out / "manifest.json"}.get(
        how, out
    )


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("no audit", "audit.duckdb: is missing; take OUT from where it is whole"),
        ("cut audit", "audit.duckdb: cannot be read as a DuckDB database; it is damaged"),
        ("text audit", "audit.duckdb: cannot be read as a DuckDB database; it is damaged"),
        ("log", "audit.duckdb: has a log beside it"),
        ("other form", "its table protocol has no new_rows of type bigint; another version"),
        ("other run", "does not state what a report is made of"),
        ("changed", "does not state what a report is made of"),
        ("applied", "`apply` made it, so there is no audit; its certificate"),
        ("no manifest", "holds an audit without manifest.json, so its run did not end"),
        ("foreign", "manifest.json: is no manifest of relaion"),
        ("running", "its run was interrupted; repeat"),
        ("edition", "/out; name that folder, which has the audit"),
        ("nowhere", "no such folder"),
        ("file", "is not a folder"),
    ],
)
def test_what_is_no_finished_run_is_one_line(
    world: Path, tmp_path: Path, how: str, said: str
) -> None:
    shutil.copytree(world / "out", tmp_path / "out")
    done = here("report", broken(tmp_path / "out", how))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert said in done.stderr


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--html", "out/r.html"), "lies inside OUT"),
        (("--markdown", "mine.txt"), "was not made by `report`; name another, or add --force"),
        (("--markdown", "data"), "exists and is not a file"),
        (("--markdown", "none/r.md"), "is not a folder; make it"),
        (("--markdown", "r.md", "--html", "./r.md"), "is named for two files"),
        (("--card", "out/card", "--i-accept-disclosure"), "lies inside OUT"),
        (("--card", "card"), "--card: the editions may not be published"),
        (("--card", "mine.txt", "--i-accept-disclosure"), "is not a folder"),
        (("--licence", "mit"), "--licence: is for --card or --croissant; add one of them"),
        (("--croissant", "out/c.json", "--i-accept-disclosure"), "lies inside OUT"),
        (("--croissant", "c.json"), "--croissant: the editions may not be published"),
        (("--croissant", "mine.txt", "--i-accept-disclosure"), "was not made by `report`"),
        (("--croissant", "-", "--i-accept-disclosure"), "-: is not the name of a file"),
        (("--card", "card", "--title", "a\nb"), "--title: write words on one line"),
    ],
)
def test_a_file_that_cannot_be_is_one_line(
    world: Path, tmp_path: Path, args: tuple[str, ...], said: str
) -> None:
    shutil.copytree(world, tmp_path, dirs_exist_ok=True)
    (tmp_path / "mine.txt").write_text("mine")
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    done = here("report", "out", *args, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert said in done.stderr
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize("way", quickly(1, ["--markdown", "--html"]))
def test_nothing_that_cannot_be_made_again_is_written_over(
    world: Path, tmp_path: Path, way: str
) -> None:
    duckdb.connect(str(tmp_path / "lists.duckdb")).execute("create table t as select 1").close()
    (tmp_path / "lists.duckdb.key").write_text("k")
    duckdb.sql(f"copy (select 1 as a) to '{tmp_path / 'a.parquet'}'")
    (tmp_path / "page.html").symlink_to("lists.duckdb")
    before = {p: p.read_bytes() for p in tmp_path.iterdir()}
    for path in before:
        done = here("report", str(world / "out"), way, path.name, "--force", cwd=tmp_path)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert "never overwrites" in done.stderr
    assert {p: p.read_bytes() for p in tmp_path.iterdir()} == before


@pytest.mark.slow
def test_what_report_made_is_written_over_and_is_the_same(world: Path, tmp_path: Path) -> None:
    place = tmp_path / "r.html"
    relaion.report(world / "out", html=place)
    first = place.read_bytes()
    assert relaion.report(str(world / "out"), html=str(place)).written == (place,)
    assert place.read_bytes() == first
    place.write_text("mine")
    with pytest.raises(relaion.RelaionError, match="was not made by `report`"):
        relaion.report(world / "out", html=place)
    relaion.report(world / "out", html=place, force=True)
    assert place.read_bytes() == first


def test_a_missing_extra_is_one_line(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    done = here("report", world / "out", "--html", tmp_path / "r.html")
    assert done.returncode == 2
    assert "pip install 'relaion[report]'" in done.stderr
    assert not list(tmp_path.iterdir())
    assert here("report", world / "out").returncode == 0


@pytest.mark.slow
def test_the_command_to_repeat_a_run_has_what_decided(world: Path, tmp_path: Path) -> None:
    given = "--edition research --unscored drop --no-same-link --no-inner --good-wins"
    out = str(tmp_path / "out")
    run = ("clean", "data", "--lists", "lists.duckdb", "--out", out, *given.split())
    done = here(*run, cwd=world)
    assert done.returncode == 0, done.stderr
    told = here("report", out, cwd=world).stdout
    assert f"relaion clean DATA --lists LISTS {given} --out OUT" in told


def test_a_dash_is_no_file(world: Path) -> None:
    done = here("report", "out", "--markdown", "-", cwd=world)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "relaion: -: is not the name of a file; name one, such as report.md\n"
    assert not (world / "-").exists()
