"""Whatever the table and whichever rows leave: the output is the input without them."""

import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relaion.parquet import row_group_copy
from relaion.parquet.row_groups import Removed
from relaion.parquet.writer import Target, write_editions

# every bit pattern is a float: signalling and quiet NaN with any payload, -0.0, denormals
BITS = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from([0, -(2**63), 0x7FF8000000000000, 0x7FF0000000000001, -1, 1]),
)
TEXT = st.one_of(
    st.text(max_size=5), st.sampled_from(["", "\x00", "a\x00b", "é", "e\u0301", "🙂" * 3])
)
COLUMNS: dict[str, tuple[st.SearchStrategy[Any], pa.DataType]] = {
    "n": (st.integers(-(2**31), 2**31 - 1), pa.int32()),
    "bits": (BITS, pa.int64()),
    "text": (TEXT, pa.string()),
    "raw": (st.binary(max_size=4), pa.binary()),
    "list": (st.lists(st.none() | TEXT, max_size=3), pa.list_(pa.string())),
    "lists": (
        st.lists(st.none() | st.lists(BITS, max_size=2), max_size=2),
        pa.list_(pa.list_(pa.int64())),
    ),
    "yes": (st.booleans(), pa.bool_()),
}


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    rows = draw(st.integers(0, 12))
    names = draw(st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=5))
    fields, arrays = [], []
    for place, name in enumerate(names):
        values, kind = COLUMNS[name]
        nullable = draw(st.booleans())
        found = draw(
            st.lists(st.none() | values if nullable else values, min_size=rows, max_size=rows)
        )
        array = pa.array(found, kind)
        if name == "bits" and draw(st.booleans()):
            array = array.view(pa.float64())
        arrays.append(array)
        fields.append(pa.field(f"{name}{place}", array.type, nullable=nullable))
    return pa.table(arrays, schema=pa.schema(fields))


def bare(table: pa.Table) -> list[Any]:
    """Values as they can be compared: floats by their bits."""
    columns = [
        column.combine_chunks().view(pa.int64()) if pa.types.is_floating(column.type) else column
        for column in table.columns
    ]
    return list(zip(*(column.to_pylist() for column in columns), strict=True))


@given(
    table=tables(),
    removed=st.lists(st.lists(st.integers(0, 11)), min_size=1, max_size=3),
    group=st.integers(1, 5),
    memory=st.sampled_from([None, 1, 2000]),
    dictionary=st.booleans(),
    codec=st.sampled_from(["snappy", "zstd", "none"]),
    pages=st.sampled_from(["1.0", "2.0"]),
    copy_from=st.sampled_from([1, 3, row_group_copy.MIN_ROWS]),
)
def test_output_is_input_minus_rows(
    table: pa.Table,
    removed: list[list[int]],
    group: int,
    memory: int | None,
    dictionary: bool,
    codec: str,
    pages: str,
    copy_from: int,
) -> None:
    removed = [[i for i in numbers if i < table.num_rows] for numbers in removed]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_group_copy, "MIN_ROWS", copy_from)
        source = Path(folder) / "source.parquet"
        pq.write_table(
            table,
            source,
            row_group_size=group,
            use_dictionary=dictionary,
            compression=codec,
            data_page_version=pages,
        )
        targets = [Target(Path(folder) / f"{i}.parquet", r) for i, r in enumerate(removed)]
        written = write_editions(source, targets, memory_bytes=memory)
        rows = bare(table)
        for target, done in zip(targets, written, strict=True):
            found = pq.ParquetFile(target.path).read()
            assert found.schema.equals(pq.read_schema(source), check_metadata=True)
            assert bare(found) == [r for i, r in enumerate(rows) if i not in set(target.removed)]
            assert done.rows == found.num_rows
        left = sorted(p.name for p in Path(folder).iterdir())
        assert left == sorted(["source.parquet", *(t.path.name for t in targets)])


@given(
    numbers=st.sets(st.integers(0, 199)),
    cuts=st.lists(st.integers(1, 60), min_size=1),
)
def test_masks_of_pieces_are_the_mask_of_the_whole(numbers: set[int], cuts: list[int]) -> None:
    removed = Removed(list(numbers), 200, Path("x"))
    kept: list[int] = []
    start = 0
    for cut in [*cuts, 200]:
        size = min(cut, 200 - start)
        mask = removed.mask(start, size)
        stay = [True] * size if mask is None else mask.to_pylist()
        kept += [start + i for i, keep in enumerate(stay) if keep]
        assert removed.between(start, start + size) == stay.count(False)
        start += size
    assert kept == [i for i in range(200) if i not in numbers]
