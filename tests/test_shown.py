"""What `clean` and `match` print of counts, and that tables are readable on any terminal."""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from relaion.cli.render import AnswerRows, plain_table
from relaion.cli.render_run import (
    coverage_table,
    edition_table,
    protocol_table,
    removal_table,
    show_cleaned,
    show_verdict,
)
from relaion.run.coverage import Coverage
from relaion.run.hits import Count, Hits
from relaion.run.manifest import Removal
from relaion.stages.cleaned import Cleaned, EditionCount
from relaion.verifier.verdict import Notes
from tests.drawn import quickly
from tests.pipeline import Sent, add_lists, here, write_shard

MD5, OTHER = "ab" * 16, "cd" * 16
SIZES = {"en": 1500, "multi": 1200, "tiny": 40, "wee": 30}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shown")
    for subset, n in SIZES.items():
        rows: list[dict[str, Any]] = [
            {"url": f"https://h.example/{subset}-{i}.jpg", "punsafe": 0.1} for i in range(n)
        ]
        rows[3] |= {"image_md5": MD5}
        rows[5] |= {"image_md5": OTHER, "punsafe": 0.9}
        write_shard(folder / "data" / subset / "a.parquet", rows)
    write_shard(
        folder / "clear/en/a.parquet", [{"url": f"https://c.example/{i}"} for i in range(9)]
    )
    add_lists(folder / "lists.duckdb", [
        Sent((("image_md5", MD5),)), Sent((("image_md5", OTHER),), label="privacy", source="HRW"),
    ])  # fmt: skip
    return folder


def test_clean_ends_with_why_rows_left(world: Path) -> None:
    args = ("clean", "data", "--lists", "lists.duckdb", "--out", "out")
    done = here(*args, cwd=world)
    assert done.returncode == 0, done.stderr
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "research list 1 partner csam: image MD5 4 4" in lines
    assert "research-safe list 2 HRW privacy: image MD5 4 -" in lines
    assert "research-safe rule unsafe 4 -" in lines
    assert "publishable: no, because there is no cover" in "\n".join(lines[-2:])
    found = json.loads(here(*args, "--json", cwd=world).stdout)
    assert (found["done_before"], found["publishable"]) == (True, False)
    ours = [r for r in found["removals"] if r["edition"] == "research" and r["list_id"] == 1]
    # 70 rows of two subsets are too few, so the next smallest joins them
    assert [(r["subset"], r["source"], r["gross"]) for r in ours] == [
        ("en", "partner", 1), ("small", "partner", 3),
    ]  # fmt: skip
    assert json.loads((world / "out/manifest.json").read_text())["why"] == found["why"]


@pytest.mark.slow
def test_the_audit_tells_of_no_small_subset_and_verify_says_so(world: Path) -> None:
    here("clean", "data", "--lists", "lists.duckdb", "--out", "out", "--no-verify", cwd=world)
    for table in ("hits", "hit_groups", "removals", "removal_groups"):
        query = f"select distinct subset from {table} order by all"
        done = here("sql", "out", "-c", query, cwd=world)
        assert done.stdout.split() == ["subset", "en", "small"]
    done = here(
        "sql", "out", "-c", "select sum(removed) from unions where subset = 'wee'", cwd=world
    )
    assert done.stdout.split()[1] == "4"  # what the files show themselves
    done = here("match", "data", "--lists", "lists.duckdb", "--json", cwd=world)
    counts = json.loads(done.stdout)["hits"]["counts"]  # the curator's own eyes
    assert {c["subset"] for c in counts} == set(SIZES)


@pytest.mark.slow
def test_where_no_list_removed_a_row_it_may_be_published(world: Path) -> None:
    done = here("clean", "clear", "--lists", "lists.duckdb", "--out", "o2", cwd=world)
    assert done.returncode == 0, done.stderr
    assert "publishable: yes, no list removed a row" in done.stdout
    assert json.loads((world / "o2/manifest.json").read_text())["publishable"] is True


@pytest.mark.slow
def test_a_tiny_data_set_is_said_not_to_be_told(world: Path) -> None:
    done = here("clean", "data/wee", "--lists", "lists.duckdb", "--out", "o3", cwd=world)
    assert done.returncode == 0, done.stderr
    assert "is not told of subsets under 1,000 rows (wee)" in done.stdout
    assert "image MD5" not in done.stdout
    assert "publishable: no" in done.stdout


# -- tables on a terminal -----------------------------------------------------------------

LANGUAGES = [f"laion2B-{a}{b}" for a in "abcdefghij" for b in "abcde"]
LONG = "a-subset-with-a-very-long-name-of-seventy-letters-and-not-one-space-in"


def cleaned(subsets: Sequence[str]) -> Cleaned:
    editions = [
        EditionCount(e, s, 12_345_678, 123_456, 12_222_222)
        for e in ("research", "research-safe")
        for s in subsets
    ]
    removals = [
        Removal("research-safe", s, kind, 3, "A Partner Of Ours", "the second list", "csam",
                "image_sha256", "sidecar", rule, 123_456, 99)
        for s in subsets for kind, rule in (("list", None), ("rule", "unsafe_keyword"))
    ]  # fmt: skip
    return Cleaned(Path("out"), "0", tuple(editions), tuple(removals), (), False,
                   "there is no cover", False, (), None)  # fmt: skip


def printed(what: Any, width: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False, force_terminal=True, color_system=None).print(
        what, crop=False
    )
    return out.getvalue()


@pytest.mark.parametrize("width", quickly(2, [40, 60, 80, 160]))
@pytest.mark.parametrize("subsets", [["en"], ["laion2B-en", "laion2B-multi"], LANGUAGES, [LONG]])
def test_no_word_is_broken(subsets: list[str], width: int) -> None:
    result = cleaned(subsets)
    lists = [{"list_id": 3, "source": "A Partner", "received": "2024-02-22", "label": "csam",
              "entries": {"image_md5": 3}}]  # fmt: skip
    hits = Hits(tuple(Count(s, 3, "image_md5", None, 1_234_567, 1) for s in subsets), ())
    for made in (
        edition_table(result), removal_table(result), protocol_table(lists, hits, subsets),
        show_cleaned(result),
    ):  # fmt: skip
        text = printed(made, width)
        words = set(text.split())
        for word in set(printed(made, 3000).split()) - {"-"}:
            assert word in words or len(word) + 12 > width, f"{word} at {width}:\n{text}"
        assert max(map(len, text.splitlines())) <= width


def test_an_answer_is_a_table_where_it_fits_and_blocks_where_not() -> None:
    rows = [("f" * 64, 7, None), ("0" * 64, 12, "x")]
    table = printed(AnswerRows(("sha256", "n", "t"), rows), 80).splitlines()
    assert [line.rstrip() for line in table] == [
        f"{'sha256':64}   n  t", f"{'f' * 64}   7  NULL", f"{'0' * 64}  12  x",
    ]  # fmt: skip
    assert printed(AnswerRows(("sha256", "n", "t"), rows[:1]), 72).splitlines() == [
        f"sha256  {'f' * 64}", "n       7", "t       NULL",
    ]  # fmt: skip
    assert "f" * 100 in printed(AnswerRows(("a",), [("f" * 100,)]), 30).replace("\n", "").replace(
        " ", ""
    )
    assert printed(AnswerRows(("a", "b"), []), 20).split() == ["a", "b"]


@pytest.mark.parametrize("width", [40, 80])
def test_a_verdict_is_whole_at_any_width(width: int) -> None:
    """Numbers, titles, reasons and findings; further lines stand in below the first."""
    notes = Notes()
    notes.find("6", "manifest.json", "1 shard given that the run did not have")
    notes.skip("1b", "no --inputs given")
    notes.limit("1a", "1 sidecar of the run not given")
    notes.leave_out(
        "subset en: 10,000 rows without a column of scores, which the rules on scores need"
    )
    lines = printed(show_verdict(notes.verdict("out")), width).splitlines()
    assert max(map(len, lines)) <= width
    text = " ".join(" ".join(lines).split())
    assert "held in part 1a no row survives that a list or a rule names 1 sidecar of" in text
    assert "held 2 the rest" in text
    assert "not checked 1b no other row is lost, and none is added no --inputs given" in text
    assert "manifest.json: 1 shard given that the run did not have" in text
    at = next(i for i, line in enumerate(lines) if line.startswith("  subset en"))
    assert lines[at + 1].startswith("    ")


def test_a_subset_that_is_called_like_markup_is_shown_as_it_is() -> None:
    table = plain_table("", "no[bold] 100%", right=("no[bold] 100%",))
    table.add_row("rows", "1")
    said = io.StringIO()
    Console(width=80, file=said).print(table)
    assert "no[bold] 100%" in said.getvalue()


def test_commands_and_long_values_are_never_broken() -> None:
    """What may be copied from the terminal stays on one line, however long."""
    link = "https://a.example/" + "x" * 100
    said = printed(AnswerRows(("url", "n"), [(link, 1)]), 40)
    assert f"url  {link}\n" in said


def test_each_spelling_of_a_hashed_link_is_named() -> None:
    lists = [{"list_id": 3, "source": "s", "received": "", "label": "", "entries": {"url_md5": 3}}]
    forms = ("raw", "key")
    hits = Hits(tuple(Count("en", 3, "url_md5", form, 2, 2) for form in forms), ())
    told = printed(protocol_table(lists, hits, ["en"]), 80)
    lines = [line.split("  ")[1].strip() for line in told.splitlines() if "link MD5" in line]
    assert lines == ["link MD5, raw", "link MD5, key"]
    told = printed(protocol_table(lists, Hits((), ()), ["en"]), 80)
    assert "link MD5  " in told


def test_a_delivery_that_only_takes_back_is_no_bare_line() -> None:
    lists = [{"list_id": 3, "source": "s", "received": "", "label": "", "entries": {}}]
    told = printed(protocol_table(lists, Hits((), ()), ["en"]), 80)
    assert told.splitlines()[2].split("  ")[1] == "no entry of its own"


def test_the_head_of_what_was_looked_at_is_never_broken() -> None:
    lines = [
        Coverage("en", role, 123_456, 123_456)
        for role in (
            "url",
            "image_md5",
            "image_sha1",
            "image_sha256",
            "row_hash",
            "punsafe",
            "text",
        )
    ]
    assert "looked at" in printed(coverage_table(lines), 80)
    assert "could be looked at" in printed(coverage_table(lines, "could be looked at"), 80)


def test_what_nothing_was_compared_with_is_not_told_to_have_no_values() -> None:
    lines = [
        Coverage("en", "url", 5, 5), Coverage("en", "image_md5", 5, 0),
        Coverage("en", "punsafe", 5, 5, counted="footers"),
    ]  # fmt: skip
    told = printed(coverage_table(lines), 80).split()
    assert told == ["looked", "at", "en", "rows", "5", "links", "5", "MD5", "-"]
