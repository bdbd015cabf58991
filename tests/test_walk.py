"""The walk of a shard beside an edition of it: which rows does the edition lack?"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relaion.errors import InputError
from relaion.run import walk
from relaion.run.walk import missing_rows

# names alike but for case, none at all, and values that compare with nothing
ODD = pa.table(
    [
        pa.array([1.5, float("nan"), None, float("nan"), 1.5, 0.0], pa.float32()),
        pa.array([None, "a", "a", "b", None, ""]),
        pa.array([b"\xff", b"", None, b"\xff", b"\xff", b"\x00"]),
        pa.array([[1], [], None, [None], [1], [2]], pa.list_(pa.int32())),
        pa.array([{"x": 1}, {"x": None}, None, {"x": 1}, {"x": 1}, {"x": 2}]),
    ],
    names=["A", "a", "", "file_row_number", "c4"],
)


def walked(folder: Path, whole: pa.Table, edition: pa.Table) -> list[int]:
    paths = folder / "whole.parquet", folder / "edition.parquet"
    for path, table in zip(paths, (whole, edition), strict=True):
        pq.write_table(table, path)
    found: list[int] = missing_rows(*paths, whole.column_names, folder, "200MB").to_pylist()
    return found


@given(kept=st.lists(st.booleans(), min_size=6, max_size=6))
def test_what_is_lacking_leaves_what_is_there(
    tmp_path_factory: pytest.TempPathFactory, kept: list[bool]
) -> None:
    """Of rows that are equal, any may be the one that left: what stays is the same."""
    edition = ODD.filter(pa.array(kept))
    missing = walked(tmp_path_factory.mktemp("w"), ODD, edition)
    stays = ODD.take(pa.array([i for i in range(6) if i not in missing], pa.int64()))
    assert repr(stays.to_pylist()) == repr(edition.to_pylist())


@pytest.mark.parametrize("order", [[1, 0], [0, 0], [5, 1]])
def test_what_is_no_part_in_order_is_refused(tmp_path: Path, order: list[int]) -> None:
    whole = ODD.slice(0, 4)
    with pytest.raises(InputError, match=r"edition.parquet: holds a row, or an order of rows"):
        walked(tmp_path, whole, ODD.take(order))


def test_walks_of_two_shards_at_once_have_copies_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Text that is no UTF-8 is read through a private copy: another walk leaves it alone."""

    def shards(folder: Path, n: int) -> tuple[Path, Path]:
        folder.mkdir()
        texts = pa.array([b"\xff", b"a", b"b", b"c"][:n], pa.binary()).view(pa.string())
        whole, edition = folder / "whole.parquet", folder / "edition.parquet"
        pq.write_table(pa.table({"t": texts}), whole)
        pq.write_table(pa.table({"t": texts.slice(1)}), edition)
        return whole, edition

    first, second = shards(tmp_path / "1", 4), shards(tmp_path / "2", 3)
    made = walk.mend_whole
    others: list[pa.Array] = []

    def slowly(whole: Path, copy: Path) -> None:
        made(whole, copy)
        if whole == first[0]:  # while this walk makes its copies, another one is done
            others.append(missing_rows(*second, ["t"], tmp_path, "200MB"))

    monkeypatch.setattr(walk, "mend_whole", slowly)
    assert missing_rows(*first, ["t"], tmp_path, "200MB").to_pylist() == [0]
    assert [found.to_pylist() for found in others] == [[0]]
    assert not any((tmp_path / walk.FOLDER).iterdir())
