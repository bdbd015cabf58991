"""How an inspection looks on a terminal of 80 columns, line by line."""

from io import StringIO
from pathlib import Path

import pyarrow as pa
import pytest
from rich.console import Console

from relaion.cli.render_inspect import _folded_type, render, share, size
from relaion.stages.inspect import Inspection, inspect
from tests.layout_cases import all_cases, digest, table, write

CASES = {case.name: case for case in all_cases()}
GOLDEN = Path(__file__).parent / "cases" / "inspect"


def printed(found: Inspection, width: int = 80, *, every_column: bool = True) -> str:
    """The text on a terminal, without blanks at the ends of lines."""
    console = Console(file=StringIO(), width=width, highlight=False)
    with console.capture() as capture:
        console.print(render(found, every_column=every_column))
    return "\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n"


def make(folder: Path, layouts: dict[str, str]) -> None:
    for name, case in layouts.items():
        write(folder / name, table(CASES[case].lines, rows=40))


FOLDERS = {
    "one_subset": {f"laion2B-en/part-{n:05d}.parquet": "08_relaion_research" for n in range(3)},
    "three_subsets": {
        "laion2B-en/part-0.parquet": "04_laion_5b_joined",
        "laion2B-en/part-1.parquet": "08_relaion_research",
        "laion2B-multi/part-0.parquet": "05_laion_5b_joined_multi_md5_sha1",
        "laion1B-nolang/part-0.parquet": "40_row_hash_spoilt",
    },
    "first_published": {"laion2B-multi/part-0.parquet": "03_laion_5b_original_multi"},
    "download": {"train/0.parquet": "15_width_twice"},
    "four_subsets": {
        "coyo/0.parquet": "17_coyo",
        "datacomp/0.parquet": "16_datacomp",
        "laion-coco/0.parquet": "11_laion_coco",
        "pd12m/0.parquet": "18_pd12m",
    },
}


@pytest.mark.parametrize("name", FOLDERS)
def test_it_reads_as_in_the_file(name: str, tmp_path: Path) -> None:
    make(tmp_path, FOLDERS[name])
    text = printed(inspect([tmp_path]), every_column=name != "one_subset")
    drawn = (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")
    # sizes of files, and so the width of their column, depend on the version of the writer
    assert [_unsized(line) for line in text.splitlines()] == [
        _unsized(line) for line in drawn.splitlines()
    ]


def _unsized(line: str) -> list[str]:
    words = line.split()
    return words[:-2] if words and words[-1] in ("B", "kB", "MB") else words


def test_no_line_is_wider_than_the_terminal(tmp_path: Path) -> None:
    for name, case in CASES.items():
        if not case.error and not case.said:
            write(tmp_path / f"{name}-with-a-rather-long-name" / "p.parquet", table(case.lines))
    for width in (80, 100, 140):
        assert max(len(line) for line in printed(inspect([tmp_path]), width).splitlines()) <= width


def test_odd_names_are_shown_as_they_are(tmp_path: Path) -> None:
    name = "[bold]x[/bold]\n\x1b[31m"
    columns = {"url": ["x"], name: ["y"], "ß" * 150: ["z"]}
    write(tmp_path / "[red]subset" / "p[1].parquet", pa.table(columns))
    write(tmp_path / "other" / "p.parquet", pa.table({"url": ["x"]}))
    text = printed(inspect([tmp_path]))
    assert "[bold]x[/bold]\\x0a\\x1b[3" in text
    assert text.count("[red]subset") == 3  # its size, its matches, its layout
    assert "p[1].parquet" in text
    assert text.count("ß") == 150  # folded, not cut


def test_odd_names_that_play_a_role_are_shown_as_they_are(tmp_path: Path) -> None:
    write(tmp_path / "p.parquet", pa.table({"[bold]link": ["x"]}))
    text = printed(inspect([tmp_path], columns={"url": "[bold]link"}))
    assert "column [bold]link" in text
    assert text.count("[bold]link") == 2


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        ("list<list<double>>", ["list<list<", " double>>"]),
        ("struct<a: int64, b: string>", ["struct<", " a: int64,", " b: string>"]),
        ("timestamp[us, tz=Europe/Berlin]", ["timestamp[us,", " tz=Europe/Berlin]"]),
        ("float", ["float"]),
    ],
)
def test_a_type_is_folded_between_its_words(kind: str, lines: list[str]) -> None:
    assert _folded_type(kind).plain.split("\n") == lines


def test_captions_links_and_hashes_are_never_shown(tmp_path: Path) -> None:
    md5 = digest("md5", "hex", 1)
    data = {"url": ["https://secret.example/"], "caption": ["a secret"], "md5": [md5]}
    write(tmp_path / "p.parquet", pa.table(data))
    text = printed(inspect([tmp_path]))
    assert "secret" not in text
    assert str(md5) not in text


def test_an_empty_subset_says_none(tmp_path: Path) -> None:
    schema = pa.schema([("url", pa.string())])
    write(tmp_path / "p.parquet", schema.empty_table())
    assert "column url" in printed(inspect([tmp_path]))


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 0, "none"),
        (0, 10, "none"),
        (10, 10, "100 %"),
        (1, 2, "50.0 %"),
        (999_999, 1_000_000, "99.9 %"),
        (1, 1_000_000, "< 0.1 %"),
        (1, 1000, "0.1 %"),
    ],
)
def test_a_share_is_never_rounded_up(part: int, whole: int, text: str) -> None:
    assert share(part, whole) == text


@pytest.mark.parametrize(
    ("n", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1_724_000_000, "1.7 GB"),
        (467_000_000_000, "467.0 GB"),
        (3_000_000_000_000_000, "3000.0 TB"),
    ],
)
def test_sizes_are_short(n: int, text: str) -> None:
    assert size(n) == text
