"""An edition of one's own: it may read every column, and its mistakes are told before a scan."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.run import own_edition
from tests.drawn import quickly
from tests.faults.world import HONEST, OWN, copied, make
from tests.lying import all_null
from tests.pipeline import here, piped

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "relaion/run/README.md"
STORE = ("--lists", "lists.duckdb", "--out", "out", "--no-verify", "--edition", "research")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("made"), shards=2, rows=12)


@pytest.fixture
def world(made: Path, tmp_path: Path) -> Path:
    return copied(made, tmp_path)


def kept(world: Path, edition: str = "mine") -> list[list[int]]:
    """The places of the rows that an edition keeps, shard by shard."""
    paths = sorted((world / "out" / edition).rglob("*.parquet"))
    return [pq.ParquetFile(p).read(["WIDTH"]).column(0).to_pylist() for p in paths]


def cleaned(world: Path, rule: str) -> list[list[int]]:
    select = "insert into removals select 'mine', shard_no, file_row_number, 'odd' from source"
    (world / "mine.sql").write_text(OWN + HONEST + f"{select} where {rule};")
    done = here("clean", "data", *STORE, "--edition", "mine.sql", cwd=world)
    assert done.returncode == 0, done.stderr
    return kept(world)


def test_source_has_every_column_of_its_own_shard_alone(world: Path) -> None:
    first, second = cleaned(world, '"WIDTH" % 3 = shard_no')
    assert first == [i for i in range(12) if i % 3 != 0]
    assert second == [i for i in range(12) if i % 3 != 1 and i != 7]  # 7 is listed


def rewritten(world: Path, **columns: pa.Array) -> Path:
    """The first shard with further columns."""
    path = world / "data/en/part-0.parquet"
    table = pq.read_table(path)
    for name, values in columns.items():
        table = table.append_column(name, values)
    pq.write_table(table, path)
    return path


def test_a_script_may_ask_with_the_macros_of_digests_whatever_a_shard_holds(world: Path) -> None:
    bare = rewritten(world)
    held = pq.read_table(bare)
    digests = [n for n in held.column_names if n.lower() in ("md5", "sha1", "sha256", "row_hash")]
    pq.write_table(held.drop_columns(digests), bare)
    script = OWN + HONEST + (
        "insert into removals select 'mine', shard_no, file_row_number, 'none' "
        "from shard where not has_text(text);"
    )  # fmt: skip
    (world / "mine.sql").write_text(script)
    done = here("clean", "data", *STORE, "--edition", "mine.sql", cwd=world)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_names_that_differ_only_in_case_or_are_ours_get_numbers(world: Path) -> None:
    n = pa.array(range(12, 0, -1))
    rewritten(world, width=n, Shard_No=n, file_row_number=n)
    (world / "data/en/part-1.parquet").unlink()
    rule = "width_1 = 12 or Shard_No_1 = 11 or file_row_number_1 = 10 or width = 5"
    assert cleaned(world, rule) == [[3, 4, *range(6, 12)]]


@pytest.mark.slow
def test_bytes_that_are_no_text_and_a_footer_that_denies_values(world: Path) -> None:
    bad = pa.array([b"\xff bad", *[b"good"] * 11]).cast(pa.binary()).view(pa.string())
    path = rewritten(world, note=bad, seen=pa.array(range(12)))
    all_null(path, pq.read_schema(path).names.index("seen"))
    (world / "data/en/part-1.parquet").unlink()
    assert cleaned(world, "note = '\ufffd bad' or seen = 3") == [[1, 2, *range(4, 12)]]
    assert not list(world.rglob("source"))


def checked(world: Path, body: str, *paths: str) -> str:
    (world / "mine.sql").write_text(OWN + body)
    done = here("scripts", "--check", "mine.sql", *paths, cwd=world)
    assert done.returncode in (0, 2)
    return done.stdout + done.stderr


MISTAKES = {
    "select nothing_of_this_name from shard;": 'mine.sql:7: Binder Error: Referenced column "noth',
    "-- a remark\n\nselect 1 from source where nope > 1;": "mine.sql:9: Binder Error: Referenced c",
    "select * from others;": "mine.sql:7: Catalog Error: Table with name others does not exist",
    "selec 1;": "mine.sql: Parser Error: syntax error",
    "select 'x'::integer;": "mine.sql:7: DuckDB met a value that does not fit its column's type",
    "create temp table x as from read_text('/etc/hostname');": "mine.sql:7: DuckDB was asked for a",
    "insert into removals values ('mine', 0, null, 'odd');": "mine.sql:7: DuckDB was to insert nul",
    "-- random()\nselect 'é now()'\n, \"Random\" /* x */ ();": "mine.sql:9: random() may answer o",
    "select url from source using /* x */ sample 5%;": "mine.sql:7: sample may answer otherwise",
    "attach 'x.duckdb';": "mine.sql: holds the statement ATTACH; an edition may only read",
    "select current_date;": "mine.sql:7: current_date may answer otherwise when it is run again",
    "select ago(interval 1 day);": "mine.sql:7: ago() may answer otherwise when it is run again",
    "select reservoir_quantile(1, 0.5);": "mine.sql:7: reservoir_quantile() may answer otherwise",
    'select "current_date" from shard;': "mine.sql:7: current_date may answer otherwise when it is",
    "select (date '2020-02-02').age();": "mine.sql:7: age() may answer otherwise when it is run",
    "insert into removals select 1, 2;": 'mine.sql:7: Binder Error: table "removals" has 4 columns',
}


@pytest.mark.parametrize("body", quickly(3, MISTAKES))
def test_a_mistake_is_told_in_one_line_before_anything_is_made(world: Path, body: str) -> None:
    said = checked(world, body, "data")
    assert MISTAKES[body] in said and said.count("\n") == 1 and "fix the script" in said
    done = here("clean", "data", *STORE, "--edition", "mine.sql", cwd=world)
    assert done.returncode == 2 and done.stderr == said
    assert not (world / "out").exists()


def test_a_check_tells_what_is_read_and_made_and_reads_no_row(world: Path) -> None:
    rewritten(world, width=pa.array(["a value"] * 12))
    body = "create temp table x as select width_1 as w from source;\n" + HONEST
    (world / "mine.sql").write_text(OWN + body)
    done = here("scripts", "--check", "mine.sql", "data/en/part-0.parquet", "--json", cwd=world)
    found = json.loads(done.stdout)
    assert (found["edition"], found["parent"], found["ended"]) == ("mine", "research", True)
    reads = {r["name"]: r for r in found["reads"]}
    assert set(reads) == {"source", "removals"}
    assert ["width_1", "varchar"] in reads["source"]["columns"]
    assert reads["source"]["renamed"] == [["width", "width_1"]]
    assert [(r["name"], r["columns"]) for r in found["makes"]] == [("x", [["w", "varchar"]])]
    assert "source of en: column width is width_1" in checked(world, body, "data/en/part-0.parquet")
    assert "a value" not in done.stdout


def test_columns_of_source_are_told_by_shards_alone(world: Path) -> None:
    assert "whose columns only shards tell" in checked(world, "from source;")
    assert ": runs\n" in checked(world, "select l.source from lists as l;")


def test_what_asks_no_clock_is_not_refused(world: Path) -> None:
    rewritten(world, today=pa.array(range(12)), localtime=pa.array(range(12)))
    body = (
        "with now (a) as (select s.today + s.localtime from source as s) "
        "select age(date '2020-02-02', make_date(2020, 1, 1)), current_schema() from now"
    )
    assert ": runs\n" in checked(
        world, f"create temp table today (a int);\n{body};", "data/en/part-0.parquet"
    )


def test_every_layout_is_tried(world: Path) -> None:
    rewritten(world, only_here=pa.array(range(12)))
    said = checked(world, "select only_here from source;", "data")
    assert 'Referenced column "only_here" not found' in said and "part-1.parquet" in said


def test_a_script_without_end_is_no_mistake_of_the_check(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_edition, "_SECONDS", 0.3)
    endless = (
        "with recursive r as (select 1 as i union all select i + 1 from r) select max(i) from r;"
    )
    assert "was not tried to its end" in checked(world, endless)


def test_shards_are_for_checking_a_script_of_ones_own(world: Path) -> None:
    done = here("scripts", "30_list_hits", "data", cwd=world)
    assert done.returncode == 2 and "data: files are only for checking" in done.stderr


@pytest.mark.slow
def test_what_the_page_says_of_own_editions_runs(world: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    sql = re.search(r"```sql\n(-- name:    large\n.*?)```\n\n```bash\n(.*?)```", text, re.S)
    assert sql
    (world / "large.sql").write_text(sql[1])
    (world / "data").rename(world / "my-copy")
    path = world / "my-copy/en/part-0.parquet"
    unsafe = {"TEXT": pa.array(["badword"] * 12), "punsafe": pa.array([0.99] * 12)}
    table = pq.read_table(path)
    kept_columns = [n for n in table.column_names if n.casefold() not in ("text", "punsafe")]
    table = table.select(kept_columns)
    for name, values in unsafe.items():
        table = table.append_column(name, values)
    pq.write_table(table, path)
    (world / "words.txt").write_text("badword\n")
    asked = (ROOT / "sql/queries/README.md").read_text(encoding="utf-8")
    by_hand = re.search(r"relaion scripts --by-hand .*", asked)
    assert by_hand
    for line in (*sql[2].splitlines(), by_hand[0]):
        words = line.partition("#")[0].split()[1:]
        if "--lists" in words:  # whose reasons the header of `large` does not name
            words += ["--keywords", "words.txt", "--unscored", "drop"]
        done = here(*words, cwd=world)
        assert done.returncode == 0, done.stderr
    (world / "large").rename(world / "out")
    assert kept(world, "large") == [[], []]  # every WIDTH is below 64


def test_a_script_may_come_from_a_pipe_of_the_shell(world: Path) -> None:
    (world / "mine.sql").write_text(OWN + HONEST)
    with piped(OWN + HONEST) as pipe:
        checked = here("scripts", "--check", pipe, cwd=world)
        assert checked.returncode == 0, checked.stderr
    relaion = [sys.executable, "-m", "relaion", "clean", "data", *STORE, "--edition"]
    command = ["bash", "-c", 'exec "$@" <(cat mine.sql)', "bash", *relaion]
    done = subprocess.run(command, cwd=world, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    manifest = (world / "out/manifest.json").read_text()
    again = here("clean", "data", *STORE, "--edition", "mine.sql", cwd=world)
    assert again.returncode == 0, again.stderr  # a finished run is left alone
    assert (world / "out/manifest.json").read_text() == manifest


def test_an_update_knows_editions_by_their_headers(world: Path) -> None:
    (world / "a.sql").write_text(OWN + HONEST)
    assert here("clean", "data", *STORE, "--edition", "a.sql", cwd=world).returncode == 0
    (world / "a.sql").rename(world / "b.sql")
    words = ("update", "out", "--inputs", "data", *STORE[:2], "--out", "new", "--edition", "b.sql")
    done = here(*words, cwd=world)  # and checks it against the run before
    assert done.returncode == 0, done.stderr
    again = here("clean", "data", *STORE, "--edition", "b.sql", cwd=world)
    assert again.returncode == 0, again.stderr  # a finished run is left alone


BLAMED = {
    'select 1 // ("WIDTH" - 3) from source;': "was to divide by zero; write nullif(…, 0)",
    "select error('no ' || url) from shard;": "all values there can be read, so fix",
    "select url::integer from shard where url > '';": "all values there can be read, so fix",
}


@pytest.mark.parametrize("body", BLAMED)
def test_what_no_value_of_a_shard_is_to_blame_for_is_blamed_on_the_script(
    world: Path, body: str
) -> None:
    (world / "mine.sql").write_text(OWN + HONEST + body)
    done = here("clean", "data", *STORE, "--edition", "mine.sql", cwd=world)
    assert done.returncode == 2 and "mine.sql: DuckDB " in done.stderr
    assert BLAMED[body] in done.stderr and "https:" not in done.stderr
