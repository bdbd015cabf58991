"""What a user can get wrong: one clear line on stderr, exit 2, and nothing half-written."""

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion import sqlset
from relaion.engine import connect
from relaion.errors import InputError, StopError
from relaion.parquet.footer import read_footer
from relaion.parquet.row_groups import open_physical
from relaion.run.hits import Hits, Union, hold
from relaion.stages.inspect import inspect
from tests.parquet_writers import edit_footer
from tests.pipeline import Sent, add_lists, write_shard
from tests.pipeline import here as relaion
from tests.pipeline import relaion as by_itself
from tests.test_inspect_render import printed

LISTED = "https://listed.example/secret-marker.jpg"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a shard, a store and a keyword file; copied and never changed."""
    folder = tmp_path_factory.mktemp("made")
    write_shard(folder / "data/en/a.parquet", [{"url": LISTED, "punsafe": 0.1}, {"url": None}])
    add_lists(folder / "lists.duckdb", [Sent((("url", LISTED),))])
    (folder / "keywords.txt").write_text("teapot\n")
    return folder


@pytest.fixture
def world(made: Path, tmp_path: Path) -> Path:
    """The same, a test's own."""
    return Path(shutil.copytree(made, tmp_path, dirs_exist_ok=True))


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def cleaned(*more: str) -> tuple[str, ...]:
    return ("clean", "data", "--lists", "lists.duckdb", "--out", "out", *more)


def other_store_version(world: Path) -> None:
    with connect(world / "lists.duckdb") as engine:
        engine.execute("update store set key_version = 0")


def no_link_column(world: Path) -> None:
    pq.write_table(pa.table({"caption": ["a"], "picture": ["b"]}), world / "data/en/b.parquet")


def links_inside(world: Path) -> None:
    table = pa.table({"url": [["https://a.example/1.jpg"], ["https://a.example/2.jpg"]]})
    pq.write_table(table, world / "data/en/b.parquet")


def no_link_columns(world: Path) -> None:
    for name in ("b", "c", "d"):
        no_link_column(world)
        (world / "data/en/b.parquet").rename(world / f"data/en/x{name}.parquet")


def only_no_link_columns(world: Path) -> None:
    no_link_column(world)
    whole = (world / "data/en/b.parquet").read_bytes()
    for n in range(25):
        (world / f"data/en/a{n:02}.parquet").write_bytes(whole)
    (world / "data/en/b.parquet").rename(world / "data/en/a.parquet")


def no_columns(world: Path) -> None:
    pq.write_table(pa.table({}), world / "data/en/b.parquet")


def fixed_text(world: Path) -> None:
    """As fastparquet writes what is told to be of a fixed length."""
    path = world / "data/en/b.parquet"
    pq.write_table(pa.table({"url": ["x"], "code": pa.array([b"ab"], pa.binary(2))}), path)
    edit_footer(path, lambda footer: footer[2][1][1][2].update({6: (5, 0)}))


def not_parquet(world: Path) -> None:
    (world / "data/en/b.parquet").write_bytes(b"not parquet at all, " * 10)


def cut_short(world: Path) -> None:
    path = world / "data/en/a.parquet"
    path.write_bytes(path.read_bytes()[:-20])


def empty_data(world: Path) -> None:
    shutil.rmtree(world / "data")
    (world / "data").mkdir()
    (world / "data/notes.txt").write_text("hello")


def out_is_foreign(world: Path) -> None:
    (world / "out").mkdir()
    (world / "out/thesis.txt").write_text("mine")


def out_is_a_file(world: Path) -> None:
    (world / "out").write_text("mine")


def no_scores(world: Path) -> None:
    pq.write_table(pa.table({"url": [LISTED]}), world / "data/en/a.parquet")


def empty_keywords(world: Path) -> None:
    (world / "keywords.txt").write_text("\n# nothing\n")


def bad_edition(world: Path) -> None:
    (world / "mine.sql").write_text("select 1;")


def copying_edition(world: Path) -> None:
    (world / "mine.sql").write_text(
        "-- name: mine\n-- purpose: Leak.\n-- parent: original\n-- labels: csam\n"
        "copy (select 1) to 'stolen.csv';\n"
    )


def reading_edition(world: Path) -> None:
    (world / "mine.sql").write_text(
        "-- name: mine\n-- purpose: Read a file.\n-- parent: original\n-- labels: csam\n"
        "create temp table x as from read_text('/etc/hostname');\n"
    )


def nothing(world: Path) -> None:
    pass


STORE = ("--lists", "lists.duckdb")
ADD = ("lists", "add", "--lists", "l.duckdb", "--source", "A")
CASES: list[tuple[str, Callable[[Path], None], tuple[str, ...], str]] = [
    ("no such path", nothing, ("inspect", "missing"), "missing: no such file or folder"),
    ("no match", nothing, ("inspect", "data/*/x*.parquet"), "matches no file"),
    ("no shards", empty_data, cleaned(), "data: no parquet shard"),
    ("no link column", no_link_column, cleaned(), "no link column"),
    ("links inside", links_inside, cleaned(), "no link column: url holds links (url[]) inside"),
    ("few without links", no_link_columns, cleaned(), "2 more have none, such as data/en/xd"),
    ("all without links", only_no_link_columns, cleaned(), "none of the first 20 shards has one"),
    ("no columns", no_columns, ("match", "data", *STORE), "has no columns, so there is nothing"),
    ("fixed text", fixed_text, ("match", "data", *STORE), "column code is said to be text"),
    ("not parquet", not_parquet, ("match", "data", *STORE), "is not a parquet file"),
    ("cut short", cut_short, cleaned(), "get it again"),
    ("no store", nothing, ("match", "data", "--lists", "none.duckdb"), "none.duckdb"),
    ("store is no store", nothing, ("match", "data", "--lists", "keywords.txt"), "keywords.txt"),
    ("store of another version", other_store_version, cleaned(), "key"),
    ("OUT is the input", nothing, (*cleaned()[:-1], "data/en"), "inputs are never modified"),
    ("OUT inside an input", nothing, (*cleaned()[:-1], "data/en/x"), "name a folder apart"),
    ("OUT holds an input", nothing, (*cleaned()[:-1], "data"), "name a folder apart"),
    ("OUT is foreign", out_is_foreign, cleaned(), "is not empty and no run of relaion"),
    ("OUT is a file", out_is_a_file, cleaned(), "out: "),
    ("no scores to drop by", no_scores, cleaned("--unscored", "drop"), "no shard has a score"),
    ("unscored is a word", nothing, cleaned("--unscored", "maybe"), "keep or drop"),
    ("unknown edition", nothing, cleaned("--edition", "reserch"), "no such edition"),
    ("edition without header", bad_edition, cleaned("--edition", "mine.sql"), "no header"),
    ("edition that copies", copying_edition, cleaned("--edition", "mine.sql"), "COPY"),
    ("edition that reads", reading_edition, cleaned("--edition", "mine.sql"), "out of reach"),
    ("no keywords", nothing, cleaned("--keywords", "none.txt"), "cannot be read"),
    ("empty keywords", empty_keywords, cleaned("--keywords", "keywords.txt"), "no keyword"),
    ("unknown role", nothing, ("inspect", "data", "--column", "link=URL"), "link"),
    ("unknown column", nothing, ("inspect", "data", "--column", "url=LINK"), "LINK"),
    ("column without equals", nothing, ("inspect", "data", "--column", "url"), "role=name"),
    ("no such SQL version", nothing, cleaned("--sql-version", "v9"), "no such SQL version"),
    ("no such script", nothing, ("scripts", "nothing"), "no such script"),
    ("memory is a word", nothing, cleaned("--memory", "much"), "is not a size"),
    ("too few rows", nothing, ("demo", "--out", "d", "--rows", "10"), "the demo needs"),
    ("list file missing", nothing, (*ADD, "no.txt"), "no.txt"),
    ("no file of a pattern", nothing, (*ADD, "new*.txt"), "the pattern matches no file"),
    ("a folder of lists", nothing, (*ADD, "."), "is a folder; name the files in it"),
    ("no such list", nothing, ("lists", "withdraw", "9", *STORE), "has no list 9"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "spoil", "command", "says"), CASES, ids=[c[0] for c in CASES])
def test_one_line_exit_2_nothing_written(
    world: Path,
    what: str,
    spoil: Callable[[Path], None],
    command: tuple[str, ...],
    says: str,
) -> None:
    spoil(world)
    before = snapshot(world)
    done = relaion(*command, cwd=world)
    errors = [x for x in done.stderr.splitlines() if not x.startswith("notice: ")]
    assert done.returncode == 2, done.stderr
    assert says in done.stderr
    assert errors[-1].startswith("relaion: ") and "Traceback" not in done.stderr
    assert len({x.removeprefix("relaion: ") for x in errors}) == len(errors)  # none is told twice
    assert done.stdout == ""
    assert "secret-marker" not in done.stderr
    after = {k: v for k, v in snapshot(world).items() if not k.startswith("out/.work/")}
    for locks in (before, after):
        locks.pop("lists.duckdb.lock", None)
    assert after == before


@pytest.mark.parametrize(
    "content",
    [b"", b"\n\n# only a comment\n", gzip.compress(b"x" * 9999, mtime=0)[:40]],
    ids=["empty", "comments", "cut gzip"],
)
def test_unusable_lists_are_refused_and_leave_no_store(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "list.txt").write_bytes(content)
    done = relaion("lists", "add", "list.txt", "--lists", "l.duckdb", "--source", "A", cwd=tmp_path)
    assert done.returncode == 2
    assert "list.txt" in done.stderr
    assert not (tmp_path / "l.duckdb").exists()


def test_unwritable_out(world: Path) -> None:
    done = relaion(*cleaned()[:-1], "/proc/relaion/out", cwd=world)
    assert done.returncode == 2
    assert done.stderr.startswith("relaion: /proc/relaion/out: cannot be made")


@pytest.mark.parametrize(("found", "rows", "yes", "stops"), [
    (10_001, 1_000_000, False, True),
    (10_000, 1_000_000, False, False),
    (10_001, 1_000_000, True, False),
    (500_000, 999_999, False, False),
])  # fmt: skip
def test_a_run_that_would_remove_very_much_stops(
    found: int, rows: int, yes: bool, stops: bool
) -> None:
    hits = Hits((), (Union("en", "label", "csam", found, found),))
    if not stops:
        hold(hits, rows, {1: "P"}, yes=yes)
        return
    with pytest.raises(StopError, match=r"csam lists hit 10,001 of 1,000,000 rows \(1.0%\)"):
        hold(hits, rows, {1: "P"}, yes=yes)


def test_a_script_changed_after_release_stops_a_run(world: Path) -> None:
    root = world / "checkout"
    package = Path(sqlset.__file__).parent
    shutil.copytree(package, root / "relaion", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(sqlset.sql_root(), root / "sql")
    folder = root / "sql/v1"
    lines = []
    for path in sorted(folder.rglob("*.sql")):
        lines.append(f"{sqlset.parse(path).sha256}  {path.relative_to(folder)}")
    (folder / "SHA256SUMS").write_text("\n".join(lines) + "\n")
    assert by_itself("scripts", "--check", cwd=root, PYTHONPATH=str(root)).returncode == 0
    script = folder / "40_rule_hits.sql"
    script.write_text(script.read_text().replace("is null;", "is null ;"))
    done = by_itself(
        "clean", world / "data", "--lists", world / "lists.duckdb", "--out", world / "out",
        cwd=root, PYTHONPATH=str(root),
    )  # fmt: skip
    assert done.returncode == 2
    assert "sql/v1/40_rule_hits.sql: differs from release v1" in done.stderr


def test_what_is_nested_deeper_than_can_be_read_is_not_called_damaged(tmp_path: Path) -> None:
    deep: list[object] = [1]
    for _ in range(25):
        deep = [deep]
    pq.write_table(pa.table({"deep": [deep]}), tmp_path / "a.parquet")
    footer = read_footer(tmp_path / "a.parquet")
    with pytest.raises(InputError, match="nests columns deeper than"), open_physical(footer):
        pass


@pytest.mark.parametrize("checks", [True, False])
def test_a_flipped_bit_is_found_where_pages_have_checksums(tmp_path: Path, checks: bool) -> None:
    """Also in a shard that loses no row, and is linked as it is."""
    links = [f"http://a{i}.example/{i}.jpg" for i in range(50)]
    how: dict[str, Any] = {"compression": "none", "use_dictionary": False}
    shard = tmp_path / "data/a.parquet"
    shard.parent.mkdir()
    pq.write_table(pa.table({"url": links}), shard, write_page_checksum=checks, **how)
    data = bytearray(shard.read_bytes())
    data[data.index(b"a7.example")] ^= 1
    shard.write_bytes(data)
    add_lists(tmp_path / "lists.duckdb", [Sent((("url", "http://b.example/1.jpg"),))])
    done = relaion("clean", "data", "--lists", "lists.duckdb", "--out", "out", cwd=tmp_path)
    assert done.returncode == checks
    assert ("cannot be read" in done.stdout) is checks


@pytest.mark.parametrize(("depth", "lines"), [(5, 0), (25, 1)])
def test_what_cannot_be_written_without_a_row_is_told_before_that_is_tried(
    tmp_path: Path, depth: int, lines: int
) -> None:
    deep: list[object] = [1]
    for _ in range(depth):
        deep = [deep]
    table = pa.table({"url": ["https://a.example/1"], "deep": [deep]})
    pq.write_table(table, tmp_path / "a.parquet")
    found = inspect(tmp_path)
    told = [line for line in found.notices if "has to leave" in line]
    assert len(told) == found.unwritable == lines
    assert ("yes, unless a row has to leave a shard that" in printed(found)) is bool(lines)
    assert all("a.parquet: nests columns deeper than pyarrow reads" in line for line in told)
