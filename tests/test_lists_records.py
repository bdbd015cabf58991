"""Records of a document come to a table in parts, whose size follows that of their texts."""

import pytest

from relaion.lists.readers.tables.cells import RecordColumns
from relaion.lists.readers.tables.records import _in_parts


@pytest.mark.parametrize(
    ("width", "text", "sizes"),
    [
        (
            2,
            "a",
            [4000, 8000, 8000, 8000, 8000, 4000],
        ),  # the first is small, for what it shows is refused
        (1, "a" * 300, [4000] * 10),  # long texts would be much at once
        (64, "", [4000] * 10),  # so would many
    ],
)
def test_parts_are_large_where_texts_are_short(width: int, text: str, sizes: list[int]) -> None:
    texts = [f"{text}{i}" if text else "" for i in range(40_000)]
    runs = (RecordColumns(400, [texts[at : at + 400]] * width) for at in range(0, 40_000, 400))
    parts = [*_in_parts(runs, width)]
    assert [part.n for part in parts] == sizes
    for column in range(width):
        assert [cell for part in parts for cell in part.columns[column]] == texts


def test_parts_become_small_again_where_long_texts_follow() -> None:
    runs = (RecordColumns(500, [[text] * 500]) for text in ["a"] * 24 + ["a" * 2000] * 24)
    assert [part.n for part in _in_parts(runs, 1)] == [4000, 8000, 4000, 4000, 4000]


def test_long_texts_do_not_wait_for_more_of_them() -> None:
    runs = iter([RecordColumns(500, [["a" * 2000] * 500])] * 40)
    parts = _in_parts(runs, 1)
    assert [next(parts).n for _ in range(2)] == [4000, 4000]
    assert len([*runs]) == 40 - 16
