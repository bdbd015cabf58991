"""The processes of a check: how often what their items share travels, and what they load."""

import sys
from collections.abc import Sequence

from relaion.verifier.hands import processes


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


def test_what_items_share_travels_four_times_to_each_process_at_most() -> None:
    known = Known()
    with processes(2) as apply:
        assert [*apply(number, [(known, i) for i in range(2_000)])] == [*range(2_000)]
        assert Known.sent <= 9
        assert [*apply(loaded, [["numpy", "pandas"]])] == [[]]
