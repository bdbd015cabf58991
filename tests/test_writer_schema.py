"""Schemas that no layout of links has, but that somebody's file may: all come out as they were."""

import datetime as dt
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.engine import Engine, connect
from relaion.parquet.footer import read_footer
from relaion.parquet.thrift import BINARY, I32, STRUCT, Struct
from tests.faithful import Seen, assert_faithful, assert_same_footer, write
from tests.parquet_layouts import every_type, joined
from tests.parquet_writers import edit_footer, footer_of, key_values

ROWS = 90
REMOVED = random.Random(5).sample(range(ROWS), 21)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with connect(threads=1) as engine:
        yield engine


def arrow_rows(path: Path) -> list[str]:
    """Every row as text; columns by position, since names may repeat."""
    with pq.ParquetFile(path) as file:
        columns = [column.to_pylist() for column in file.read(use_threads=False).columns]
    return [repr(row) for row in zip(*columns, strict=True)]


def assert_as_before(source: Path, target: Path, removed: list[int]) -> None:
    """Footers and pyarrow only: DuckDB and polars cannot read every type."""
    before, after = footer_of(source)[1], footer_of(target)[1]
    assert after[2] == before[2]
    assert after.get(5) == before.get(5)
    assert after.get(1) == before.get(1)
    one, two = pq.ParquetFile(source), pq.ParquetFile(target)
    assert str(one.schema).split("\n", 1)[1] == str(two.schema).split("\n", 1)[1]
    assert one.schema_arrow.equals(two.schema_arrow, check_metadata=True)
    rows = arrow_rows(source)
    assert arrow_rows(target) == [row for i, row in enumerate(rows) if i not in set(removed)]


@pytest.mark.parametrize("stored", [True, False], ids=["arrow schema", "no arrow schema"])
@pytest.mark.parametrize("compliant", [True, False], ids=["element", "item"])
@pytest.mark.parametrize("integers", [True, False], ids=["decimals as INT", "decimals as bytes"])
def test_every_type_pyarrow_writes(
    tmp_path: Path, stored: bool, compliant: bool, integers: bool
) -> None:
    source, target = tmp_path / "s.parquet", tmp_path / "t.parquet"
    pq.write_table(
        every_type(ROWS),
        source,
        row_group_size=40,
        store_schema=stored,
        use_compliant_nested_type=compliant,
        store_decimal_as_integer=integers,
        write_time_adjusted_to_utc=not stored,
    )
    write(source, target, REMOVED)
    assert_as_before(source, target, REMOVED)


@pytest.mark.parametrize("version", ["1.0", "2.4", "2.6"])
@pytest.mark.parametrize("pages", ["1.0", "2.0"])
def test_format_and_page_versions(tmp_path: Path, version: str, pages: str) -> None:
    source, target = tmp_path / "s.parquet", tmp_path / "t.parquet"
    table = every_type(ROWS)
    pq.write_table(table, source, version=version, data_page_version=pages)
    write(source, target, REMOVED)
    assert_as_before(source, target, REMOVED)
    assert pq.read_metadata(target).format_version == pq.read_metadata(source).format_version


def test_int96_beside_int64_and_before_the_year_1678(tmp_path: Path, engine: Engine) -> None:
    """INT96 holds the year 1, which no 64-bit count of nanoseconds does; Spark writes it."""
    source, target = Seen(tmp_path / "s.parquet", engine), tmp_path / "t.parquet"
    moment = dt.datetime(1969, 12, 31, 23, 59, 59, 999999)
    days = [dt.datetime(1, 1, 1), moment, None, dt.datetime(9999, 12, 31)]
    raw = [_int96(day) for day in days]
    table = pa.table(
        {"old": pa.array(raw, pa.binary(12)), "new": pa.array(days, pa.timestamp("us", "UTC"))}
    )
    pq.write_table(table, source.path, store_schema=False, compression="none")

    def as_int96(fields: Struct) -> None:
        element = fields[2][1][1][1]
        element[1] = (I32, 3)
        element.pop(2)
        for group in fields[4][1][1]:
            meta = group[1][1][1][0][3][1]
            meta[1] = (I32, 3)
            meta.pop(12, None)

    edit_footer(source.path, as_int96)
    assert source.file.schema.column(0).physical_type == "INT96"
    written = write(source.path, target, [1])
    assert written.notices == ()
    assert_same_footer(source, Seen(target, engine))
    pages, _ = footer_of(target)
    assert [value is not None and value in pages for value in raw] == [True, False, False, True]
    for unit in ("ms", "us"):
        one = pq.ParquetFile(source.path, coerce_int96_timestamp_unit=unit).read()
        two = pq.ParquetFile(target, coerce_int96_timestamp_unit=unit).read()
        assert two.equals(one.take([0, 2, 3]))


def _int96(day: dt.datetime | None) -> bytes | None:
    """Nanoseconds of the day, then the Julian day number: twelve bytes, little-endian."""
    if day is None:
        return None
    midnight = day.replace(hour=0, minute=0, second=0, microsecond=0)
    nanos = (day - midnight) // dt.timedelta(microseconds=1) * 1000
    return nanos.to_bytes(8, "little") + (day.toordinal() + 1_721_425).to_bytes(4, "little")


def test_text_that_is_not_utf8(tmp_path: Path) -> None:
    source, target = tmp_path / "s.parquet", tmp_path / "t.parquet"
    odd = [b"https://a.example/\xff\xfe", b"caf\xe9", b"\xed\xa0\x80", None, b"", b"\x00"]
    table = pa.table({"url": pa.array(odd, pa.binary()).view(pa.string()), "n": range(6)})
    pq.write_table(table, source)
    write(source, target, [1])
    found = pq.read_table(target)
    assert found.schema.equals(table.schema)
    assert found["url"].cast(pa.binary()).to_pylist() == [odd[0], *odd[2:]]


def test_names_that_clash(tmp_path: Path) -> None:
    """The same name twice, a dot in a name, an empty one: options must not mix them up."""
    source, target = tmp_path / "s.parquet", tmp_path / "t.parquet"
    names = ["url", "URL", "url", "a.b", "a", "", "ключ"]
    arrays = [pa.array([f"{name}{i}" for i in range(9)]) for name in names]
    arrays[4] = pa.array([{"b": f"nested{i}"} for i in range(9)])
    pq.write_table(pa.table(arrays, names=names), source, use_dictionary=False)
    write(source, target, [3])
    assert_as_before(source, target, [3])


def hive_list(fields: Struct) -> None:
    """Names of Hive's and old Spark's lists: `bag` and `array_element`."""
    _rename(fields, {b"list": b"bag", b"element": b"array_element"})


def two_level_list(fields: Struct) -> None:
    """`repeated binary array`, without a group around it, as Avro and Thrift wrote lists."""
    elements = fields[2][1][1]
    at = next(i for i, e in enumerate(elements) if e[4][1] == b"list")
    leaf = elements.pop(at + 1)
    elements[at] = leaf | {3: (I32, 2), 4: (BINARY, b"array")}
    for group in fields[4][1][1]:
        for chunk in group[1][1][1]:
            path = chunk[3][1][3][1][1]
            if b"list" in path:
                path[path.index(b"list") :] = [b"array"]


def old_annotations(fields: Struct) -> None:
    """Only converted types, as before 2018: no logical type anywhere."""
    for element in fields[2][1][1]:
        element.pop(10, None)


def future_annotation(fields: Struct) -> None:
    """A logical type that this version of the format does not have, and a field id."""
    leaf = fields[2][1][1][1]
    leaf.pop(6, None)
    leaf[9] = (I32, 77)
    leaf[10] = (STRUCT, {15 + 25: (STRUCT, {})})


def enum_and_bson(fields: Struct) -> None:
    fields[2][1][1][1] |= {6: (I32, 4), 10: (STRUCT, {4: (STRUCT, {})})}


def repeated_pairs(fields: Struct) -> None:
    """A key twice, one without a value, one that is not text, in no order."""
    fields[5] = key_values((b"z", b"1"), (b"a", None), (b"z", b"\xff\x00"), (b"", b""))


def no_pairs(fields: Struct) -> None:
    fields.pop(5, None)


def empty_pairs(fields: Struct) -> None:
    fields[5] = key_values()


def no_orders(fields: Struct) -> None:
    """No column orders and no version of a writer, as the oldest files."""
    fields.pop(7, None)
    fields[6] = (BINARY, b"parquet-mr")


def _rename(fields: Struct, names: dict[bytes, bytes]) -> None:
    for element in fields[2][1][1]:
        element[4] = (BINARY, names.get(element[4][1], element[4][1]))
    for group in fields[4][1][1]:
        for chunk in group[1][1][1]:
            path = chunk[3][1][3][1][1]
            path[:] = [names.get(part, part) for part in path]


FOREIGN: list[Callable[[Struct], None]] = [
    hive_list,
    two_level_list,
    old_annotations,
    future_annotation,
    enum_and_bson,
    repeated_pairs,
    no_pairs,
    empty_pairs,
    no_orders,
]


@pytest.mark.parametrize("edit", FOREIGN)
def test_footers_that_no_writer_here_makes(tmp_path: Path, edit: Callable[[Struct], None]) -> None:
    source, target = tmp_path / "s.parquet", tmp_path / "t.parquet"
    required = pa.list_(pa.field("element", pa.string(), nullable=False))
    lists = [None if i % 7 == 6 else [f"{i}", ""][: i % 3] for i in range(ROWS)]
    table = pa.table(
        {
            "url": [f"https://a.example/{i}" for i in range(ROWS)],
            "tags": pa.array(lists, required),
            "n": pa.array(range(ROWS), pa.uint8()),
        }
    )
    pq.write_table(table, source, store_schema=False, row_group_size=40)
    edit_footer(source, edit)
    write(source, target, REMOVED)
    before, after = footer_of(source)[1], footer_of(target)[1]
    assert after[2] == before[2]
    assert after.get(5) == before.get(5)
    if edit is future_annotation:
        return  # pyarrow refuses such a file, so nobody can say more of it
    assert_as_before(source, target, REMOVED)


@pytest.mark.parametrize("shape", ["no rows", "no row groups", "an empty row group"])
def test_files_without_rows(tmp_path: Path, engine: Engine, shape: str) -> None:
    source, target = Seen(tmp_path / "s.parquet", engine), tmp_path / "t.parquet"
    table = joined(20).drop_columns(["width"])
    with pq.ParquetWriter(source.path, table.schema) as writer:
        if shape == "no rows":
            writer.write_table(table.slice(0, 0))
        if shape == "an empty row group":
            writer.write_table(table.slice(0, 5))
            writer.write_table(table.slice(0, 0))
            writer.write_table(table.slice(5))
    write(source.path, target, [])
    assert_faithful(source, target, [])


def test_file_names_of_any_bytes(tmp_path: Path) -> None:
    source = tmp_path / os.fsdecode(b"latin1-\xe9 [1]*'.parquet")
    target = tmp_path / os.fsdecode(b"out\n\xff?.parquet")
    pq.write_table(joined(9), tmp_path / "plain.parquet")
    (tmp_path / "plain.parquet").rename(source)
    write(source, target, [4])
    target.rename(tmp_path / "plain.parquet")
    assert pq.read_metadata(tmp_path / "plain.parquet").num_rows == 8


def test_one_row(tmp_path: Path, engine: Engine) -> None:
    source = Seen(tmp_path / "s.parquet", engine)
    pq.write_table(joined(1), source.path)
    for removed in ([], [0]):
        write(source.path, tmp_path / "t.parquet", removed)
        assert_faithful(source, tmp_path / "t.parquet", removed)


def test_the_footer_tells_what_stands_there(tmp_path: Path) -> None:
    path = tmp_path / "s.parquet"
    pq.write_table(joined(10), path, store_schema=False)
    footer = read_footer(path)
    assert (footer.rows, len(footer.groups), footer.key_values) == (10, 1, [])
    assert [leaf.name for leaf in footer.leaves] == joined(1).column_names
    edit_footer(path, repeated_pairs)
    assert read_footer(path).key_values == [
        (b"z", b"1"),
        (b"a", None),
        (b"z", b"\xff\x00"),
        (b"", b""),
    ]
