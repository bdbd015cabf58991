"""Footers that lie: whatever they say of values, the same rows leave as by the values."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.engine import ShardSource, connect
from relaion.parquet.mended import hidden_roles, hides_any, without_claims
from relaion.parquet.read_shard import read_shard
from relaion.paths import ShardPath
from relaion.run.sources import players
from relaion.sidecars.row_hash import computed, row_hashes
from relaion.sqlset import VERSION
from relaion.stages.sql import open_sql
from tests.lying import LIES, all_null, narrow_bounds, no_null
from tests.parquet_writers import edit_footer
from tests.pipeline import Sent, add_lists, rows_of
from tests.pipeline import here as relaion

NAMES = ("url", "text", "punsafe", "hash", "md5", "place")
ROWS = 60
BY_LINK, BY_IMAGE, BY_HASH, BY_COMPUTED, UNSAFE = 7, 18, 29, 41, 53
Case = tuple[str, str, str, Sequence[int] | None]


def table(shard: str) -> pa.Table:
    """Rows of one shard; every third lacks a link, a caption, a score, a hash and an image."""

    def some(values: list[Any], off: int, kept: Sequence[int]) -> list[Any]:
        return [v if i in kept or (i + off) % 3 else None for i, v in enumerate(values)]

    rows = range(ROWS)
    hashes: list[Any] = some([hash_no(shard, i) for i in rows], 3, [BY_HASH])
    hashes[BY_COMPUTED] = None
    return pa.table(
        {
            "url": some([link(shard, i) for i in rows], 0, [BY_LINK, BY_COMPUTED]),
            "text": some([f"caption {i}" for i in rows], 1, [BY_COMPUTED]),
            "punsafe": pa.array(
                [0.9 if i == UNSAFE else [0.1, None, float("nan")][i % 3] for i in rows],
                pa.float32(),
            ),
            "hash": pa.array(hashes, pa.int64()),
            "md5": some([image(shard, i) for i in rows], 4, [BY_IMAGE]),
            "place": pa.array(rows, pa.int32()),
        }
    )


def link(shard: str, row: int) -> str:
    return f"https://{shard}.example/{row}.jpg"


def image(shard: str, row: int) -> str:
    return f"{int.from_bytes(f'{shard}{row}'.encode().rjust(16, b'.')[-16:], 'big'):032x}"


def hash_no(shard: str, row: int) -> int:
    return int.from_bytes(f"{shard}{row}".encode().rjust(7, b".")[-7:], "big")


def entries(shard: str) -> list[tuple[str, str]]:
    computed = row_hashes(
        pa.array([link(shard, BY_COMPUTED)]), pa.array([f"caption {BY_COMPUTED}"])
    )[0].as_py()
    return [
        ("url", link(shard, BY_LINK)),
        ("image_md5", image(shard, BY_IMAGE)),
        ("row_hash", str(hash_no(shard, BY_HASH))),
        ("row_hash", str(computed)),
    ]


def write(path: Path, case: Case, shard: str) -> None:
    lie, column, version, groups = case
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(
        table(shard), path, row_group_size=25, data_page_version=version, write_page_index=True,
        data_page_size=64, write_batch_size=8, use_dictionary=["text"],
        bloom_filter_options={name: {"ndv": 25} for name in NAMES if name != "place"},
    )  # fmt: skip
    before = str(values(path))
    LIES[lie](path, NAMES.index(column), groups)
    assert str(values(path)) == before


def values(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.ParquetFile(path).read().to_pylist()
    return rows


def cases(columns: Sequence[str], lies: Sequence[str]) -> list[Case]:
    return [
        (lie, column, version, groups)
        for lie in lies
        for column in columns
        for version, groups in (("1.0", None), ("2.0", (0, 2)))
    ]


FEW: list[Case] = [
    ("all_null", "url", "1.0", None), ("all_null", "md5", "2.0", (0, 2)),
    ("all_null", "hash", "1.0", (1,)), ("no_null", "hash", "2.0", None),
    ("narrow_bounds", "punsafe", "1.0", None), ("narrow_bounds", "url", "2.0", None),
    ("short_bounds", "place", "1.0", None), ("short_bounds", "md5", "2.0", (1,)),
]  # fmt: skip
# bounds of no bytes are those of texts only
ALL = cases(NAMES[:-1], [lie for lie in LIES if lie != "short_bounds"])
ALL += cases(["url", "text", "md5"], ["short_bounds"])


def run(folder: Path, some: Sequence[Case]) -> None:
    """Clean shards of every case; each loses exactly the rows that its values say."""
    names = [f"s{i:03}" for i in range(len(some))]
    for name, case in zip(names, some, strict=True):
        write(folder / "in/a" / f"{name}.parquet", case, name)
    listed = [entry for name in names for entry in entries(name)]
    add_lists(folder / "l.duckdb", [Sent(tuple(listed))])
    matched = relaion("match", "in", "--lists", "l.duckdb", "--json", cwd=folder)
    assert matched.returncode == 0, matched.stderr
    found: Counter[str] = Counter()
    for count in json.loads(matched.stdout)["hits"]["counts"]:
        found[count["kind"]] += count["gross"]
    n = len(names)
    assert found == {"url": n, "image_md5": n, "row_hash": 2 * n}
    done = relaion("clean", "in", "--lists", "l.duckdb", "--out", "out", "--json", cwd=folder)
    held = {o["promise"]: o["state"] for o in json.loads(done.stdout)["verdict"]["outcomes"]}
    assert held == dict.fromkeys(held, "held")
    for edition, gone in (
        ("research", {BY_LINK, BY_IMAGE, BY_HASH, BY_COMPUTED}),
        ("research-safe", {BY_LINK, BY_IMAGE, BY_HASH, BY_COMPUTED, UNSAFE}),
    ):
        expected = [i for i in range(ROWS) if i not in gone]
        by_shard: dict[str, list[int]] = {}
        for path in sorted((folder / "out" / edition).rglob("*.parquet")):
            by_shard[path.stem] = pq.ParquetFile(path).read().column("place").to_pylist()
        assert {
            case: by_shard[name] for name, case in zip(names, some, strict=True)
        } == dict.fromkeys(some, expected)
    hidden = any(lie == "all_null" for lie, *_ in some)
    assert ("NULL throughout" in done.stderr + done.stdout) is hidden


def test_the_same_rows_leave_whatever_the_footer_says(tmp_path: Path) -> None:
    run(tmp_path, FEW)


@pytest.mark.parametrize("column", ["hash", "punsafe"])
def test_numbers_whose_bounds_are_none_are_refused_in_one_line(tmp_path: Path, column: str) -> None:
    """Asked about them, pyarrow ends the whole process; DuckDB does not read the column."""
    write(tmp_path / "in/a/0.parquet", ("short_bounds", column, "1.0", (1,)), "s")
    told = relaion("inspect", "in", cwd=tmp_path)
    assert told.returncode == 2
    assert "bounds in its footer are not of the column's type" in told.stderr
    assert told.stderr.count("\n") == 1


@pytest.mark.slow
def test_the_same_rows_leave_by_every_lie_in_every_column(tmp_path: Path) -> None:
    run(tmp_path, ALL)


@pytest.fixture
def lying(tmp_path: Path) -> Path:
    """A shard of three row groups, whose values stand as `table` says."""
    path = tmp_path / "in/a.parquet"
    write(path, ("sorted_by", "place", "1.0", None), "s")
    return path


QUESTIONS = (
    "count(*) from shard where isnan(punsafe)",
    "count(*) from shard where punsafe > 0.5 and not isnan(punsafe)",
    "count(*) filter (url is null) from shard",
    "count(*) from shard where url is null",
    "max(url), min(url), max(row_hash), min(row_hash) from shard",
    "count(*) from shard where url = 'https://s.example/7.jpg'",
    "count(*) from shard where image_md5 in (select max(image_md5) from shard)",
    "list(h) from (select row_hash as h from shard order by h desc nulls last limit 3)",
    "list(n) from (select file_row_number as n from shard order by url desc nulls last limit 2)",
    "count(*) from shard as a join shard as b using (row_hash)",
    "count(*) from shard where exists (from shard as b where b.image_md5 = shard.image_md5)",
)


@pytest.mark.slow
def test_what_duckdb_says_of_shards_is_so(lying: Path, tmp_path: Path) -> None:
    def answers() -> list[Any]:
        with connect(threads=1) as engine:
            engine.view_shards([ShardSource("s", (0,), (lying,), players(layout))], VERSION)
            return [engine.rows(f"select {question}") for question in QUESTIONS]

    layout = read_shard(ShardPath(lying, "s")).layout
    honest, before = lying.read_bytes(), answers()
    assert before[0] == [(19,)] or before[0] == [(20,)]
    for name, lie in LIES.items():
        if name in ("all_null", "short_bounds"):
            continue
        lying.write_bytes(honest)
        for leaf in range(len(NAMES)):
            lie(lying, leaf, None)
        assert answers() == before, name


@pytest.mark.parametrize("created_by", [b"Polars", b"parquet-mr version 1.5.0", b""])
def test_values_that_a_footer_denies_are_found(lying: Path, created_by: bytes) -> None:
    layout = read_shard(ShardPath(lying, "s")).layout

    def sign(footer: Any) -> None:
        footer[6] = (8, created_by)  # pyarrow keeps back what old writers say

    edit_footer(lying, sign)
    assert hidden_roles(lying, layout) == ()
    all_null(lying, NAMES.index("place"), (2,))
    assert hidden_roles(lying, layout) == ()  # no role
    assert hides_any(lying)
    all_null(lying, NAMES.index("md5"), (1,))
    assert hidden_roles(lying, layout) == ("md5",)


def test_what_is_truly_null_is_no_lie(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    empty = {"md5": pa.nulls(9, pa.string()), "hash": pa.nulls(9, pa.int64())}
    nested = {
        "seen": pa.array([{"at": None, "by": None}] * 9, pa.struct({"at": "i8", "by": "string"})),
        "tags": pa.array([[None], [], None] * 3, pa.list_(pa.string())),
    }
    pq.write_table(pa.table({"url": ["x"] * 9, **empty, **nested}), path, row_group_size=4)
    assert hidden_roles(path, read_shard(ShardPath(path, "s")).layout) == ()
    assert not hides_any(path)


@pytest.mark.parametrize(
    "values",
    [
        pa.array([{"x": 1, "y": None}] * 3, pa.struct({"x": "i8", "y": "string"})),
        pa.array([[1, None]] * 3, pa.list_(pa.int8())),
        pa.array([[("k", 1)]] * 3, pa.map_(pa.string(), pa.int8())),
        pa.array(["a"] * 3).dictionary_encode(),
    ],
)
def test_values_are_found_inside_others(tmp_path: Path, values: pa.Array) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"url": ["x"] * 3, "n": values}), path)
    assert not hides_any(path)
    all_null(path, 1)
    assert hides_any(path)


def test_a_column_that_must_have_values_can_be_denied_too(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    required = pa.schema([pa.field("url", pa.string(), nullable=False)])
    pq.write_table(pa.table({"url": ["x"] * 3}, schema=required), path)
    all_null(path, 0)
    assert hidden_roles(path, read_shard(ShardPath(path, "s")).layout) == ("url",)


def test_a_silent_footer_stands_over_the_same_pages(lying: Path, tmp_path: Path) -> None:
    before = str(values(lying))
    for leaf in range(len(NAMES)):
        all_null(lying, leaf)
    without_claims(lying, tmp_path / "b.parquet")
    assert str(values(tmp_path / "b.parquet")) == before
    assert (tmp_path / "b.parquet").stat().st_mode & 0o777 == 0o600
    with connect() as engine:
        engine.view_files(
            [tmp_path / "b.parquet"], "b", pq.read_schema(tmp_path / "b.parquet").names
        )
        assert engine.rows("select count(place), max(place) from b") == [(ROWS, ROWS - 1)]


def test_questions_are_answered_by_values(lying: Path) -> None:
    for leaf in range(len(NAMES)):
        all_null(lying, leaf)
    with open_sql([lying.parent]) as prompt:
        assert prompt.answer("select count(*), max(url) from shard").rows == (
            (ROWS, "https://s.example/8.jpg"),
        )
        assert prompt.answer('select count(place), max(place) from "in"').rows == (
            (ROWS, ROWS - 1),
        )


def test_row_hashes_are_lacking_by_the_values(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"url": ["x", "y"], "hash": pa.array([1, None], pa.int64())}), path)
    no_null(path, 1)
    shard = read_shard(ShardPath(path, "s"))
    assert [row for rows, _ in computed(shard) for row in rows.to_pylist()] == [1]


@pytest.mark.slow
def test_a_rewritten_shard_does_not_pass_a_lie_on(tmp_path: Path) -> None:
    n = 40_000
    rows = pa.table({"url": [f"https://a.example/{i}" for i in range(2 * n)],
                     "md5": [f"{i:032x}" for i in range(2 * n)],
                     "n": range(2 * n)})  # fmt: skip
    path = tmp_path / "in/a.parquet"
    path.parent.mkdir()
    pq.write_table(rows, path, row_group_size=n)
    all_null(path, 1)
    all_null(path, 2, (1,))
    add_lists(tmp_path / "l.duckdb", [Sent((("url", "https://a.example/5"),))])
    relaion("clean", "in", "--lists", "l.duckdb", "--out", "out", "--no-verify", cwd=tmp_path)
    (out,) = (tmp_path / "out/research").rglob("*.parquet")
    assert not hides_any(out)
    assert pq.read_table(out).num_rows == 2 * n - 1
    with connect() as engine:
        engine.view_files([out], "f", pq.read_schema(out).names)
        assert engine.rows("select count(md5), count(n) from f") == [(2 * n - 1, 2 * n - 1)]


@pytest.mark.slow
def test_sidecars_are_read_by_their_values(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    pq.write_table(pa.table({"url": ["https://a.example/1", "https://a.example/2"]}),
                   tmp_path / "in/a.parquet")  # fmt: skip
    beside = tmp_path / "beside.parquet"
    pq.write_table(
        pa.table({"url": ["https://a.example/1", None], "md5": [None, "cd" * 16]}).set_column(
            1, "md5", pa.array(["ab" * 16, None])
        ),
        beside,
    )
    all_null(beside, 0)
    narrow_bounds(beside, 1)
    add_lists(tmp_path / "l.duckdb", [Sent((("image_md5", "ab" * 16),))])
    done = relaion("clean", "in", "--lists", "l.duckdb", "--out", "out", "--sidecar",
                   "beside.parquet", cwd=tmp_path)  # fmt: skip
    assert [r["url"] for r in rows_of(tmp_path / "out", "research")] == ["https://a.example/2"], (
        done.stderr
    )


@pytest.mark.parametrize("values", [0, 24, 26])
def test_other_counts_of_values_than_of_rows_are_damage(lying: Path, values: int) -> None:
    def edit(footer: Any) -> None:
        footer[4][1][1][0][1][1][1][5][3][1][5] = (6, values)

    edit_footer(lying, edit)
    add_lists(lying.parents[1] / "l.duckdb", [Sent((("url", "https://a.example/5"),))])
    done = relaion("match", "in", "--lists", "l.duckdb", cwd=lying.parents[1])
    assert done.returncode == 2
    assert "the parquet file is damaged" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "case", ["all_null_said", "no_null_said", "wrong_bounds_scores", "real_polars_1.40_null_count",
             "frn", "col_file_row_number", "col_file_index"]
)  # fmt: skip
def test_shards_that_broke_something(tmp_path: Path, shared_data: Path, case: str) -> None:
    folder = shared_data / "shards" / case
    if not folder.exists():
        pytest.skip(f"no ../shared/data/shards/{case} beside this checkout")
    listed = (folder / "list.txt").read_text().split()
    (tmp_path / "list.txt").write_text("\n".join(listed))
    added = relaion("lists", "add", "list.txt", "--source", "p", "--label", "csam", "--lists",
                    "l.duckdb", cwd=tmp_path)  # fmt: skip
    assert added.returncode == 0, added.stderr
    relaion("clean", folder / "in", "--lists", "l.duckdb", "--out", "out", cwd=tmp_path)
    (source,) = (folder / "in").glob("*.parquet")
    rows = values(source)
    links = {r["url"] for r in rows if {r["url"], r.get("md5")} & set(listed)} - {None}
    stay = [r for r in rows if r["url"] not in links and not {r["url"], r.get("md5")} & set(listed)]
    assert len(stay) < len(rows)
    assert rows_of(tmp_path / "out", "research") == stay
    safe = [r for r in stay if r["punsafe"] is None or r["punsafe"] <= 0.45]
    assert rows_of(tmp_path / "out", "research-safe") == safe
