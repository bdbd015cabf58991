"""verify holds rows of any type against each other: the same are the same, others are seen."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.parquet.writer import Target, write_editions
from relaion.verifier.compare import compare_schemas, differing, row_digests
from relaion.verifier.rows import batches

A, B = "a", "b"
TINY, SMALL = Decimal("-1.50"), Decimal("1.25")


def made(kind: pa.DataType) -> Callable[[object], pa.Array]:
    return lambda value: pa.array([None, value, value, None], kind)


def extension(kind: pa.DataType, storage: pa.DataType) -> Callable[[object], pa.Array]:
    return lambda value: pa.ExtensionArray.from_storage(kind, made(storage)(value))


def twins(value: object) -> pa.Array:
    """A struct whose two members share a name."""
    return pa.StructArray.from_arrays([pa.array([1] * 4), pa.array([value] * 4)], ["x", "x"])


# name -> how a column is made of a value, a value, another value
TYPES: dict[str, tuple[Callable[[object], pa.Array], object, object]] = {
    "string_view": (made(pa.string_view()), A, B),
    "binary_view": (made(pa.binary_view()), b"a", b"b"),
    "large_string": (made(pa.large_string()), A, B),
    "bytes that are no text": (made(pa.binary()), b"\xff", b"\xfe"),
    "list of views": (made(pa.list_(pa.string_view())), [A, None], [B, None]),
    "large_list of views": (made(pa.large_list(pa.binary_view())), [b"a"], [b"b"]),
    "list_view": (made(pa.list_view(pa.string_view())), [A], [B]),
    "large_list_view": (made(pa.large_list_view(pa.string())), [A], [B]),
    "fixed_size_list of views": (made(pa.list_(pa.string_view(), 2)), [A, A], [A, B]),
    "map of views": (made(pa.map_(pa.string_view(), pa.string_view())), [(A, A)], [(A, B)]),
    "struct of views": (made(pa.struct([("x", pa.string_view())])), {"x": A}, {"x": B}),
    "struct of one name twice": (twins, 2, 3),
    "list against NULL": (made(pa.list_(pa.int32())), [], None),
    "deep": (made(pa.list_(pa.list_(pa.struct([("x", pa.list_(pa.float64()))])))),
             [[{"x": [0.0]}]], [[{"x": [-0.0]}]]),
    "dictionary": (lambda v: made(pa.string())(v).dictionary_encode(), A, B),
    "list of dictionary": (lambda v: pa.ListArray.from_arrays(
        [0, 1, 2, 3, 4], made(pa.string())(v).dictionary_encode()), A, B),
    "decimal32": (made(pa.decimal32(5, 2)), TINY, SMALL),
    "decimal64": (made(pa.decimal64(15, 2)), TINY, SMALL),
    "decimal128": (made(pa.decimal128(38, 2)), TINY, SMALL),
    "decimal256": (made(pa.decimal256(76, 2)), TINY, SMALL),
    "list of decimal256": (made(pa.list_(pa.decimal256(76, 2))), [TINY], [SMALL]),
    "duration": (made(pa.duration("ns")), 1, -1),
    "float16": (made(pa.float16()), 0.0, -0.0),
    "list of float16": (made(pa.list_(pa.float16())), [0.0], [-0.0]),
    "double": (made(pa.float64()), float("nan"), 1.0),
    "uint64": (made(pa.uint64()), 2**64 - 1, 2**64 - 2),
    "bool": (made(pa.bool_()), True, False),
    "uuid": (extension(pa.uuid(), pa.binary(16)), b"1" * 16, b"2" * 16),
    "json": (extension(pa.json_(), pa.string()), "{}", "[]"),
    "bool8": (extension(pa.bool8(), pa.int8()), 1, 0),
    "tensor": (extension(pa.fixed_shape_tensor(pa.float32(), [2]), pa.list_(pa.float32(), 2)),
               [1, 2], [1, 3]),
    "date64": (made(pa.date64()), 86_400_000, 0),
    "time32": (made(pa.time32("s")), 1, 2),
    **{f"timestamp {unit} {zone}": (made(pa.timestamp(unit, zone)), 1_000_000_000, -(2**40))
       for unit in ("s", "ms", "us", "ns") for zone in (None, "UTC", "Europe/Berlin")},
}  # fmt: skip


def write(path: Path, column: pa.Array, *, nullable: bool = True) -> Path:
    links = pa.array([f"https://a.example/{i}.jpg" for i in range(len(column))])
    fields = [pa.field("url", pa.string()), pa.field("c", column.type, nullable)]
    pq.write_table(pa.table([links, column], pa.schema(fields)), path)
    return path


def unlike(a: Path, b: Path) -> list[int]:
    """Columns that differ, by the comparison and by the numbers for rows alike."""
    (left,), right = list(batches(a)), list(batches(b))
    found = differing(left, right, [(0, 0), (1, 1)])
    numbers = [n for piece in right for n in row_digests(piece, [0, 1])]
    assert (row_digests(left, [0, 1]) == numbers) is (not found)
    return found


@pytest.mark.parametrize("name", TYPES)
def test_rows_of_any_type(name: str, tmp_path: Path) -> None:
    make, value, other = TYPES[name]
    column = make(value)
    source = write(tmp_path / "source.parquet", column)
    expected = write(tmp_path / "expected.parquet", column.slice(0, 3))
    target = tmp_path / "target.parquet"
    write_editions(source, [Target(target, [3])])
    assert compare_schemas(source, target)[0] == []
    assert unlike(expected, target) == []
    changed = write(tmp_path / "changed.parquet", make(other).slice(0, 3))
    assert unlike(changed, target) == [1]


def test_int96_beyond_arrows_years(tmp_path: Path) -> None:
    """Read as nanoseconds since 1970, two such times can be one."""
    links = pa.array(["https://a.example/1.jpg"])
    paths = []
    for seconds in (0, 1):
        path = tmp_path / f"{seconds}.parquet"
        times = pa.array([seconds], pa.timestamp("s"))
        pq.write_table(
            pa.table({"url": links, "c": times}),
            path,
            use_deprecated_int96_timestamps=True,
            use_dictionary=False,
            compression="none",
        )
        paths.append(path)
    assert unlike(paths[0], paths[1]) == [1]
    assert [b.schema.field(1).type for b in batches(paths[0])] == [pa.binary(12)]


def test_columns_of_one_name(tmp_path: Path) -> None:
    columns = [pa.array(["x", "y"]), pa.array([1, 2]), pa.array([3, 4])]
    source, target = tmp_path / "source.parquet", tmp_path / "target.parquet"
    pq.write_table(pa.table(columns, ["url", "n", "n"]), source)
    write_editions(source, [Target(target, [0])])
    assert compare_schemas(source, target)[0] == []
    (left,), (right,) = batches(source), batches(target)
    assert differing(left.slice(1), [right], [(0, 0), (1, 1), (2, 2)]) == []
    assert differing(left.slice(1), [right], [(1, 2)]) == [1]


@pytest.mark.parametrize("removed", [[], [0], [4, 5], [9], [0, 1, 2, 9], [*range(10)]])
@pytest.mark.parametrize("cut", [0, 1, 3])
def test_rows_that_are_removed_are_passed_over(removed: list[int], cut: int) -> None:
    left = pa.RecordBatch.from_pydict({"n": [*range(10)], "text": [str(n) * n for n in range(10)]})
    kept = [n for n in range(10) if n not in removed]
    right = left.take(pa.array(kept, pa.int64()))
    pairs = [(0, 0), (1, 1)]
    assert differing(left, [right.slice(0, cut), right.slice(cut)], pairs, removed) == []
    for place in range(len(kept)):
        other = pa.array([-1 if i == place else n for i, n in enumerate(kept)], pa.int64())
        changed = pa.RecordBatch.from_arrays([other, right.column(1)], ["n", "text"])
        assert differing(left, [changed.slice(0, cut), changed.slice(cut)], pairs, removed) == [0]


def test_required_columns_and_no_rows(tmp_path: Path) -> None:
    source = write(tmp_path / "s.parquet", pa.array([1, 2, 3, 4]), nullable=False)
    target = tmp_path / "t.parquet"
    write_editions(source, [Target(target, [0, 1, 2, 3])])
    assert compare_schemas(source, target)[0] == []
    assert sum(b.num_rows for b in batches(target)) == 0
    empty = tmp_path / "e.parquet"
    with pq.ParquetWriter(empty, pq.read_schema(source)) as writer:
        writer.write_table(pq.read_table(source).slice(0, 0))
    assert sum(b.num_rows for b in batches(empty)) == 0


@pytest.mark.slow
def test_a_batch_of_wide_rows_is_small(tmp_path: Path) -> None:
    """A few images behind a dictionary are gigabytes once they are decoded."""
    image = pa.array([{"bytes": b"x" * 1_000_000}] * 300, pa.struct([("bytes", pa.binary())]))
    path = write(tmp_path / "p.parquet", image)
    assert path.stat().st_size < 10_000_000
    pieces = [b.num_rows for b in batches(path)]
    assert sum(pieces) == 300
    assert max(pieces) <= 70
    assert max(b.num_rows for b in batches(path, ["url"])) > 70
