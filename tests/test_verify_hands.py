"""The hands of a check: what items share travels seldom, what is loaded, what threads end with."""

import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.parquet.columns import note, watched
from relaion.verifier.hands import processes, threads
from relaion.verifier.rows import batches


class Known:
    """What all items share; counts how often it is sent."""

    sent = 0

    def __reduce__(self) -> tuple[type["Known"], tuple[()]]:
        Known.sent += 1
        return Known, ()


def number(item: tuple[Known, int]) -> int:
    """The number of an item."""
    return item[1]


def loaded(names: Sequence[str]) -> list[str]:
    """Which of these modules a process has loaded, beside pyarrow."""
    import pyarrow.compute  # noqa: F401

    return [name for name in names if name in sys.modules]


def threads_made(path: Path) -> int:
    """How many threads it takes to read a file."""
    before = len([*Path("/proc/self/task").iterdir()])
    assert sum(batch.num_rows for batch in batches(path)) == 3
    return len([*Path("/proc/self/task").iterdir()]) - before


@pytest.mark.skipif(sys.platform != "linux", reason="the system lists threads elsewhere")
def test_who_reads_waits_for_no_thread_of_arrow(tmp_path: Path) -> None:
    """There is one for all who read side by side: they would wait for each other."""
    pq.write_table(pa.table({"a": [1, 2, 3], "b": ["x", "y", "z"]}), tmp_path / "a.parquet")
    with processes(2) as apply:
        assert [*apply(threads_made, [tmp_path / "a.parquet"])] == [0]


def test_what_items_share_travels_sixteen_times_to_each_process_at_most() -> None:
    known = Known()
    with processes(2) as apply:
        assert [*apply(number, [(known, i) for i in range(2_000)])] == [*range(2_000)]
        assert Known.sent <= 33
        assert [*apply(loaded, [["numpy", "pandas"]])] == [[]]


def test_threads_go_side_by_side_and_answer_in_order() -> None:
    all_begun = threading.Barrier(3, timeout=300)

    def look(item: int) -> int:
        all_begun.wait()  # nobody comes through alone
        return -item

    with threads(3) as apply:
        assert [*apply(look, [1, 2, 3])] == [-1, -2, -3]
        assert [*apply(look, iter([4, 5, 6]))] == [-4, -5, -6]


def test_of_what_brings_back_much_some_is_begun_ahead_and_not_all() -> None:
    begun: list[int] = []

    def items() -> Iterator[int]:
        for i in range(100):
            begun.append(i)
            yield i

    with threads(2) as apply:
        assert next(apply(abs, items())) == 0
        assert len(begun) <= 6


def test_an_error_in_a_thread_is_raised_and_what_was_not_begun_never_is() -> None:
    done: list[int] = []

    def look(item: int) -> None:
        if not item:
            raise ValueError
        done.append(item)
        threading.Event().wait(0.05)

    with pytest.raises(ValueError), threads(2) as apply:
        list(apply(look, [*range(100)]))
    assert len(done) < 50


def test_no_file_is_named_as_the_one_that_is_read_where_several_are() -> None:
    told: list[Any] = []
    one, other = Path("one"), Path("other")
    with watched(told.append, {}):
        note(one)
        with threads(2) as apply:
            list(apply(note, [one, other]))
        note(one)
    assert told == [one, (), one]
