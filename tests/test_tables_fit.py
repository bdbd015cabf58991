"""Whatever names data and lists have, what is shown fits the window, and nothing is cut off."""

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.cells import cell_len

from relaion.cli import consoles
from relaion.lists import store
from tests.drawn import quickly
from tests.pipeline import here

LONG = "a_column_whose_name_says_all_that_can_be_said_of_what_it_holds_and_more"
WIDE = "写真の見出し_とても長い名前"  # two columns a letter
LABEL = "a-label-of-our-own-that-nobody-could-fit-into-a-column"
SOURCE = "Internationale Beschwerdestelle für sehr lange Namen 東京支部"
ASKED = {
    "inspect": ("inspect", "data"),
    "columns": ("inspect", "data", "--columns"),
    "formats": ("lists", "formats"),
    "lists": ("lists", "show", "--lists", "lists.duckdb"),
    "match": ("match", "data", "--lists", "lists.duckdb"),
    "clean": ("clean", "data", "--lists", "lists.duckdb", "--out", "out", "--no-verify"),
    "verify": ("verify", "out", "--inputs", "data", "--lists", "lists.duckdb"),
    "report": ("report", "out"),
    "removals": ("sql", "out", "-c", "from removals", "--format", "table"),
    "shard": ("sql", "data", "-c", "from shard limit 2", "--format", "table"),
    "scripts": ("scripts",),
    "link": ("link", "HTTPS://WWW.example.com/" + "a/" * 60 + "?q=" + "x" * 200),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Subsets with odd names, one of 40 columns, one of many shards; lists with long labels."""
    folder = tmp_path_factory.mktemp("wide")
    numbers = range(1500)
    columns: dict[str, object] = {
        "url": [f"https://h{i % 50}.example/{'long/' * 20}{i}.jpg" for i in numbers],
        "md5": [f"{i:032x}" for i in numbers],
        LONG: ["x"] * 1500,
        WIDE: ["x"] * 1500,
    }
    columns |= {f"feature_{i:02}": [0.5] * 1500 for i in range(36)}
    for subset in ("データセット_" * 4 + "一", "b" * 60, "many"):
        (folder / "data" / subset).mkdir(parents=True)
    (one, two, many) = sorted((folder / "data").iterdir(), key=lambda p: p.name)
    table = pa.table(columns)
    for place in (one, two):
        pq.write_table(table, place / f"{'p' * 100}.parquet")
    for i in range(30):
        rows = table.slice(50 * i, 50).rename_columns([n.upper() for n in table.column_names])
        pq.write_table(rows, many / f"{i}.parquet")
    for name in ("notes", "more notes", "further notes"):
        (folder / "data" / f"{name} of the year {'before ' * 8}this.txt").write_text("")
    (folder / "l.txt").write_text("".join(f"{i:032x}\n" for i in range(5)))
    for title in ("一覧表" * 12, "z" * 90):
        store.add(
            folder / "lists.duckdb", [folder / "l.txt"], source=SOURCE, label="csam",
            title=title, kind="image_md5",
        )  # fmt: skip
        (folder / "l.txt").write_text("".join(f"{i:032x}\n" for i in range(3, 9)))
    (folder / "m.txt").write_text("https://h1.example/9.jpg\n")
    store.add(folder / "lists.duckdb", [folder / "m.txt"], source="x", label=LABEL)
    done = here(*ASKED["clean"], "--yes-i-checked", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("width", quickly(1, [80, 60, 140]))
@pytest.mark.parametrize("name", quickly(4, ASKED))
def test_nothing_is_wider_than_the_window_or_cut_off(
    world: Path, name: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consoles.out, "_width", width)
    done = here(*ASKED[name], cwd=world)
    assert done.returncode in (0, 1), done.stderr
    lines = done.stdout.splitlines()
    # what is to be copied in one piece is broken by the terminal alone
    copied = re.compile(
        r"^to check it:|^  (relaion|echo) |duckdb +the counts|manifest\.json +what|^  [0-9a-f]{64}$"
    )
    too_wide = [x for x in lines if cell_len(x) > width and not copied.search(x)]
    if name in ("removals", "shard", "link"):  # values are never broken by us
        too_wide = [x for x in too_wide if " " in x.strip().split("  ")[-1].strip()]
    assert too_wide == []
    cut = [x for x in lines if "…" in x and not re.search(r"[0-9a-f]{12}…", x)]
    assert cut == []
    whole = "".join("".join(lines).split())
    if name == "columns":
        assert all(LONG[i : i + 26] in whole for i in range(0, len(LONG), 26))  # so it is folded
        assert WIDE[:10] in whole
    if name in ("inspect", "columns", "match"):
        assert "b" * 60 in whole
    if name in ("lists", "match", "report"):
        assert LABEL in whole


def test_notices_are_wrapped_between_words_in_a_window_and_not_at_all_in_a_pipe(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_a_pipe = here(*ASKED["inspect"], cwd=world).stderr.splitlines()
    assert max(map(len, in_a_pipe)) > 160
    monkeypatch.setattr(consoles.talk, "_width", 60)
    lines = here(*ASKED["inspect"], cwd=world).stderr.splitlines()
    assert max(map(cell_len, lines)) <= 60
    words = " ".join(in_a_pipe).split()
    short = [word for word in words if cell_len(word) <= 60]  # longer ones have to be broken
    assert [word for word in short if word not in " ".join(lines).split()] == []


def test_a_command_in_an_error_is_not_wrapped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rows.csv").write_text("url,caption\nhttps://a.example/1.jpg,one\n")
    monkeypatch.setattr(consoles.talk, "_width", 60)
    (line,) = here("inspect", "rows.csv", cwd=tmp_path).stderr.splitlines()
    assert line.endswith("to 'rows.parquet'\"")


def test_what_to_do_next_is_a_line_to_be_copied(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consoles.out, "_width", 30)
    lines = here(*ASKED["clean"], cwd=world).stdout.splitlines()
    assert '  relaion sql out -c "from unions"' in lines
