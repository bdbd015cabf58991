"""Names of data columns, subsets and editions that meet a name of ours: nothing is mistaken."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from relaion.engine import ShardSource, connect
from relaion.engine.views import told_apart
from relaion.parquet.columns import column_batches, open_parquet
from relaion.parquet.mended import mend
from relaion.parquet.read_shard import read_shard
from relaion.parquet.roles import Column
from relaion.paths import ShardPath
from relaion.sqlset import VERSION
from relaion.stages.sql import open_sql
from relaion.verifier.rows import role_rows, roles_of
from tests.pipeline import Sent, add_lists
from tests.pipeline import here as relaion

OURS = [
    "file_row_number", "FILE_ROW_NUMBER", "file_index", "File_Index", "subset", "shard_no",
    "filename", "rowid", "c0", "C1", "s", "shard", "list_hits", "row_hash_1", "url_1", "",
    "a.b", "a", '"', "x y", "n", "N",
]  # fmt: skip
ROWS = 30


def odd(names: Sequence[str]) -> pa.Table:
    """Links in the midst of columns by these names, which hold numbers that name other rows."""
    others = [pa.array([(i * 7 + k) % ROWS for i in range(ROWS)]) for k in range(len(names))]
    nested = pa.array([{"b": -i} for i in range(ROWS)])
    half = len(names) // 2
    columns = [*others[:half], links(), *others[half:], nested, scores()]
    return pa.Table.from_arrays(columns, [*names[:half], "URL", *names[half:], "a", "punsafe"])


def links() -> pa.Array:
    return pa.array([f"https://a.example/{i}" for i in range(ROWS)])


def scores() -> pa.Array:
    return pa.array([i / 100 for i in range(ROWS)])


def test_the_listed_row_leaves_whatever_the_other_columns_are_called(tmp_path: Path) -> None:
    for k, name in enumerate(("a", "b")):
        path = tmp_path / "in/shard" / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(odd(OURS[k:]), path, row_group_size=7)
    add_lists(tmp_path / "l.duckdb", [Sent((("url", "https://a.example/11"),))])
    script = tmp_path / "removals.sql"
    script.write_text(
        "-- name:    removals\n-- purpose: Rows without links that end in 3.\n"
        "-- parent:  research\n-- labels:  csam\n-- rules:   three\n-- params:  none\n"
        "-- reads:   shard (shard_no integer, file_row_number bigint, url varchar)\n"
        "-- writes:  removals (edition varchar, shard_no integer, file_row_number bigint, "
        "reason varchar)\n"
        "-- nulls:   none\n-- order:   none\n\n"
        "insert into removals select 'removals', shard_no, file_row_number, 'three' from shard "
        "where url like '%3'\n"
        "union all select 'removals', shard_no, file_row_number, 'list' from list_hits;\n"
    )
    done = relaion("clean", "in", "--lists", "l.duckdb", "--out", "out", "--edition", "research",
                   "--edition", script, cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    for edition, gone in (("research", {11}), ("removals", {3, 11, 13, 23})):
        stay = [i for i in range(ROWS) if i not in gone]
        for name in ("a", "b"):
            (out,) = (tmp_path / "out" / edition).rglob(f"{name}.parquet")
            whole = pq.ParquetFile(tmp_path / "in/shard" / f"{name}.parquet").read()
            assert pq.ParquetFile(out).read().equals(whole.take(stay))
    with open_sql(
        [tmp_path / "out" / "removals"]
    ) as prompt:  # an edition called like a table of the audit
        (view,) = (t for t in prompt.tables if t.startswith("removals "))
        assert prompt.answer(f'select count(*) from "{view}"').rows == ((2 * (ROWS - 4),),)
        assert "reason_kind" in prompt.answer("select * from removals limit 1").columns
    with open_sql([tmp_path / "in"]) as prompt:  # a subset called like our own view
        assert prompt.answer(
            "select count(*), max(file_row_number), max(shard_no) from shard"
        ).rows == ((2 * ROWS, ROWS - 1, 1),)
        assert len(prompt.tables) == 3
        for name in prompt.tables:
            assert prompt.answer(f'select count(*) from "{name}"').rows[0][0] in (ROWS, 2 * ROWS)


def test_subsets_that_differ_in_case_are_apart(tmp_path: Path) -> None:
    for subset, n in (("EN", 1), ("en", 2), ("Shard", 3)):
        (tmp_path / "in" / subset).mkdir(parents=True)
        pq.write_table(pa.table({"url": ["x"] * n}), tmp_path / "in" / subset / "a.parquet")
    with open_sql([tmp_path / "in"]) as prompt:
        found = [prompt.answer(f'select count(*) from "{t}"').rows[0][0] for t in prompt.tables]
    assert sorted(found) == [1, 2, 3, 6]


def test_columns_that_sql_cannot_tell_apart_are_numbered() -> None:
    assert told_apart(["WIDTH", "width", "a"]) == ["WIDTH", "width_1", "a"]
    assert told_apart(["", "c0", ""]) == ["C0_1", "c0", "C2"]
    assert told_apart(["a", "A", "a_1", "A"]) == ["a", "A_2", "a_1", "A_3"]


@given(st.lists(st.text("aAcC0_1", max_size=3), max_size=8))
def test_any_columns_can_be_told_apart(given_names: list[str]) -> None:
    found = told_apart(given_names)
    assert len({name.lower() for name in found}) == len(given_names)
    first = {name.lower(): name for name in reversed(given_names) if name}
    assert set(first.values()) <= set(found)


names = st.lists(st.sampled_from(OURS) | st.text("abAB._ ", max_size=3), max_size=6)


@pytest.mark.slow
@settings(max_examples=25)
@example(["", "c0"], None)  # DuckDB calls the first one C0
@example(["", "", "C1", "_1"], None)
@given(names, st.data())
def test_columns_are_taken_by_place_under_any_names(
    tmp_path_factory: pytest.TempPathFactory, given_names: list[str], data: st.DataObject | None
) -> None:
    tmp_path = tmp_path_factory.mktemp("names")
    path = tmp_path / "a.parquet"
    table = odd(given_names)
    pq.write_table(table, path)
    place = table.schema.names.index("URL")
    with connect(threads=1) as engine:
        engine.view_shards(
            [ShardSource("s", (4, 5), (path, path), {"url": ((place, "URL"),)})], VERSION
        )
        found = engine.rows("select shard_no, file_row_number, url from shard order by all")
    assert found == [(4 + k, i, f"https://a.example/{i}") for k in (0, 1) for i in range(ROWS)]
    flat = [i for i, f in enumerate(table.schema) if not pa.types.is_nested(f.type)]
    picked = data.draw(st.lists(st.sampled_from(flat), min_size=1, max_size=4)) if data else flat
    columns = [Column(table.schema.names[i], i, "", None, "", "", None) for i in picked]
    with open_parquet(path) as file:
        (arrays,) = column_batches(file, columns)
    assert [a.to_pylist() for a in arrays] == [table.column(i).to_pylist() for i in picked]
    layout = read_shard(ShardPath(path, "s"), {"url": "URL", "punsafe": "punsafe"}).layout
    for wanted in ({"url"}, {"url", "punsafe"}):
        (rows,) = role_rows(path, roles_of(layout), wanted)
        assert rows.columns["url"][0].to_pylist() == [u.encode() for u in links().to_pylist()]
    moved = mend(path, layout, tmp_path / "b.parquet")
    again: list[Any] = (
        pq.read_table(tmp_path / "b.parquet").column(moved.roles["url"].position).to_pylist()
    )
    assert again == links().to_pylist()


@pytest.mark.slow
def test_rows_leave_by_columns_with_more_around_their_names(tmp_path: Path) -> None:
    columns = {
        "\ufeffurl": links(),
        " text": ["a teapot" if i != 5 else "words" for i in range(ROWS)],
        "md5 ": [f"{i:032x}" for i in range(ROWS)],
        "'punsafe'": [{5: 0.6, 7: 0.99}.get(i, 0.1) for i in range(ROWS)],
    }
    (tmp_path / "in/en").mkdir(parents=True)
    pq.write_table(pa.table(columns), tmp_path / "in/en/a.parquet", row_group_size=7)
    add_lists(
        tmp_path / "l.duckdb", [Sent((("url", "https://a.example/11"), ("image_md5", f"{3:032x}")))]
    )
    (tmp_path / "words.txt").write_text("teapot\n")
    done = relaion("clean", "in", "--lists", "l.duckdb", "--out", "out", "--keywords", "words.txt",
                   "--strict", cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    gone = {"research": {3, 7, 11}, "research-safe": {3, 5, 7, 11}}
    for edition, left in gone.items():
        out = pq.ParquetFile(tmp_path / "out" / edition / "en/a.parquet").read()
        stay = [i for i in range(ROWS) if i not in left]
        assert out.column(2).to_pylist() == [columns["md5 "][i] for i in stay], edition
