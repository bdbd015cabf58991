"""Row groups that lose nothing are carried over as they are, indexes and filters included."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.engine import connect, literal
from relaion.parquet import row_group_copy
from relaion.parquet.footer import read_footer
from relaion.parquet.storage import chunk_range
from relaion.parquet.thrift import I64, Struct, read_struct
from relaion.parquet.writer import Target, write_editions
from tests.faithful import Seen, assert_faithful, write
from tests.parquet_layouts import relaion15
from tests.parquet_writers import edit_footer, footer_of

GROUP = row_group_copy.MIN_ROWS
ROWS = 4 * GROUP + 10  # four groups to copy, one too small to be worth it


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("copied") / "source.parquet"
    n = range(ROWS)
    table = pa.table(
        {
            "url": [f"https://host.example/{i}" for i in n],
            "license": pa.array([f"licence {i % 9}" if i % 7 else None for i in n]),
            "n": pa.array(n, pa.int64()),
        }
    )
    options = {"write_page_index": True, "bloom_filter_options": {"url": {"ndv": GROUP}}}
    pq.write_table(table, path, row_group_size=GROUP, data_page_size=50_000, **options)
    return path


def chunk_bytes(path: Path, group: int) -> list[bytes]:
    data, found = path.read_bytes(), []
    for chunk in read_footer(path).chunks(group):
        start, size = chunk_range(chunk[3][1])
        found.append(data[start : start + size])
    return found


def groups_of(path: Path) -> list[int]:
    metadata = pq.read_metadata(path)
    return [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]


def assert_indexes_point_at_pages(path: Path) -> None:
    """Every place that an offset index names holds the header of a data page."""
    data, footer = path.read_bytes(), read_footer(path)
    for group in range(len(footer.groups)):
        for chunk in footer.chunks(group):
            index, end = read_struct(data, chunk[4][1])
            assert end == chunk[4][1] + chunk[5][1]
            pages = index[1][1][1]
            assert pages[0][3][1] == 0
            for page in pages:
                header, after = read_struct(data, page[1][1])
                assert header[1][1] == 0
                assert after - page[1][1] + header[3][1] == page[2][1]
            column, end = read_struct(data, chunk[6][1])
            assert end == chunk[6][1] + chunk[7][1] and len(column[2][1][1]) == len(pages)


def test_only_touched_groups_are_encoded_again(tmp_path: Path, source: Path) -> None:
    target = tmp_path / "t.parquet"
    write(source, target, [GROUP + 5, GROUP + 6])
    assert groups_of(target) == [GROUP, GROUP - 2, GROUP, GROUP, 10]
    for group in (0, 2, 3):
        assert chunk_bytes(target, group) == chunk_bytes(source, group)
    assert chunk_bytes(target, 1) != chunk_bytes(source, 1)
    assert_indexes_point_at_pages(target)
    kept = [i for i in range(ROWS) if i not in (GROUP + 5, GROUP + 6)]
    assert pq.read_table(target).equals(pq.read_table(source).take(kept))


def test_targets_that_lose_rows_in_different_groups(tmp_path: Path, source: Path) -> None:
    removed = [[0], [ROWS - 1], [2 * GROUP, 3 * GROUP], range(GROUP, 2 * GROUP), [], [0, ROWS - 1]]
    targets = [Target(tmp_path / f"{i}.parquet", numbers) for i, numbers in enumerate(removed)]
    written = write_editions(source, targets)
    table = pq.read_table(source)
    with connect(threads=1) as engine:
        for target, done in zip(targets, written, strict=True):
            gone = set(target.removed)
            kept = [i for i in range(ROWS) if i not in gone]
            assert pq.read_table(target.path).equals(table.take(kept))
            assert done.rows == len(kept)
            sql = "select n from read_parquet($p) where url = $u"
            for i in (0, 1, GROUP - 1, 2 * GROUP + 1, ROWS - 2):  # through the bloom filters
                found = engine.rows(sql, {"p": str(target.path), "u": f"https://host.example/{i}"})
                assert found == [(i,)] * (i not in gone)
            assert_indexes_point_at_pages(target.path)


def test_a_copied_group_keeps_its_filter_and_bounds(tmp_path: Path, source: Path) -> None:
    target = tmp_path / "t.parquet"
    write(source, target, [1])
    data = [source.read_bytes(), target.read_bytes()]
    filters = 0
    for chunks in zip(read_footer(source).chunks(2), read_footer(target).chunks(2), strict=True):
        one, two = (chunk[3][1] for chunk in chunks)
        bounds = {k: v for k, v in one[12][1].items() if k not in (1, 2)}  # as before 2017
        assert two[12][1] == bounds and 5 in bounds
        if 14 in one:
            filters += 1
            places = [meta[14][1] for meta in (one, two)]
            sizes = [meta[15][1] for meta in (one, two)]
            kept = [d[p : p + n] for d, p, n in zip(data, places, sizes, strict=True)]
            assert places[0] != places[1] and kept[0] == kept[1] != b""
    assert filters == 1


def test_groups_that_duckdb_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its bloom filters, DELTA encodings and column orders."""
    monkeypatch.setattr(row_group_copy, "MIN_ROWS", 2048)
    plain, path, target = (tmp_path / f"{name}.parquet" for name in "pst")
    pq.write_table(relaion15(4_100), plain)
    with connect(threads=1) as engine:
        engine.execute(
            f"copy (from read_parquet({literal(str(plain))})) to {literal(str(path))} "
            "(format parquet, compression zstd, row_group_size 2048, parquet_version v2)"
        )
        source = Seen(path, engine)
        removed = [2048, 4_000]
        write(path, target, removed)
        assert groups_of(target) == [2048, 2050]  # the last group is too small to be kept apart
        assert chunk_bytes(target, 0) == chunk_bytes(path, 0)
        assert_faithful(source, target, removed)


def old_statistics(fields: Struct) -> None:
    """Bounds as they stood before 2017, when a writer could get them wrong."""
    for group in fields[4][1][1]:
        for chunk in group[1][1][1]:
            found = chunk[3][1][12][1]
            found |= {1: found[5], 2: found[6]}


def no_orders(fields: Struct) -> None:
    fields.pop(7)


def another_order(fields: Struct) -> None:
    fields[7] = (9, (12, [{2: (12, {})} for _ in range(3)]))


def longer_chunk(fields: Struct) -> None:
    """A length that is off by some bytes, as parquet-mr before 1.2.9 and others noted it."""
    meta = fields[4][1][1][2][1][1][1][0][3][1]
    meta[7] = (I64, meta[7][1] + 3)


def filter_of_unknown_length(fields: Struct) -> None:
    for group in fields[4][1][1]:
        group[1][1][1][0][3][1].pop(15)


@pytest.mark.parametrize(
    ("edit", "copies", "bounds"),
    [
        (old_statistics, [0, 2, 3], {3, 5, 6, 7, 8}),
        (no_orders, [0, 2, 3], {3}),
        (another_order, [], set()),
        (longer_chunk, [0, 3], {3, 5, 6, 7, 8}),
        (filter_of_unknown_length, [], set()),
    ],
)
def test_what_is_not_to_be_trusted_is_encoded_again(
    tmp_path: Path, source: Path, edit: object, copies: list[int], bounds: set[int]
) -> None:
    path, target = tmp_path / "s.parquet", tmp_path / "t.parquet"
    path.write_bytes(source.read_bytes())
    edit_footer(path, edit)  # type: ignore[arg-type]
    write(path, target, [GROUP])
    before = [chunk_bytes(source, group)[2] for group in range(4)]
    after = [chunk_bytes(target, group)[2] for group in range(len(groups_of(target)))]
    assert [group for group, chunk in enumerate(before) if chunk in after] == copies
    if copies:
        assert footer_of(target)[1][4][1][1][0][1][1][1][2][3][1][12][1].keys() <= bounds
    kept = [i for i in range(ROWS) if i != GROUP]
    assert pq.read_table(target).equals(pq.read_table(source).take(kept))


def elsewhere(fields: Struct) -> None:
    """As DuckDB before 1.0: where a dictionary comes first, values lie somewhere else."""
    for group in fields[4][1][1]:
        for chunk in group[1][1][1]:
            meta = chunk[3][1]
            if 11 in meta:
                meta[9] = (I64, meta[11][1] + meta[7][1] - 3)


def test_places_of_values_that_are_wrong_are_mended(tmp_path: Path) -> None:
    path, target = tmp_path / "source.parquet", tmp_path / "target.parquet"
    n = range(2 * GROUP)
    table = pa.table({"url": [f"https://a.example/{i}" for i in n], "k": [f"{i % 9}" for i in n]})
    pq.write_table(table, path, row_group_size=GROUP, use_dictionary=["k"])
    places = [c[3][1][9] for c in read_footer(path).chunks(1)]
    edit_footer(path, elsewhere)
    assert [c[3][1][9] for c in read_footer(path).chunks(1)] != places
    write(path, target, {5})
    assert chunk_bytes(target, 1) == chunk_bytes(path, 1)  # copied
    for group in range(2):
        for chunk in read_footer(target).chunks(group):
            page, _ = read_struct(target.read_bytes(), chunk[3][1][9][1])
            assert page[1][1] in (0, 3)  # of values
    assert pq.read_table(target).equals(table.take([*range(5), *range(6, 2 * GROUP)]))
