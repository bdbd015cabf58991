"""The store that a run reads: the file whose lists it was told of, or none."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from relaion.errors import ListError
from relaion.lists.snapshot import Snapshot
from relaion.run.hits import KnownLists, read_known, snapshot
from relaion.run.journal import Journal
from relaion.run.pool import HERE
from tests.pipeline import Sent, add_lists

ONE, OTHER = (Sent((("image_md5", f"{i:032x}"),)) for i in (1, 2))


class Noting:
    """Does functions here, and notes their names."""

    def __init__(self) -> None:
        self.called: list[str] = []

    def call(self, function: str, *given: Any, **named: Any) -> Any:
        self.called.append(function.partition(":")[2])
        return HERE.call(function, *given, **named)


def taken(lists: Path, known: KnownLists, caller: Noting) -> Snapshot:
    work = lists.parent / "work"
    work.mkdir()
    return snapshot(lists, known, Journal(work), caller)


def renewed(lists: Path) -> None:
    """The same lists in another file."""
    other = lists.with_name("other")
    other.write_bytes(lists.read_bytes())
    other.chmod(0o600)
    other.replace(lists)


def written_to(lists: Path) -> None:
    with lists.open("r+b") as f:
        f.seek(0)
        f.write(lists.read_bytes()[:1])


@pytest.mark.parametrize(
    ("happens", "reads"),
    [(lambda _: None, 1), (renewed, 2), (written_to, 2), (lambda p: p.chmod(0o644), 2)],
)
def test_lists_are_read_again_where_it_is_not_the_file_that_was_read(
    tmp_path: Path, happens: Callable[[Path], object], reads: int
) -> None:
    lists, caller = tmp_path / "lists.duckdb", Noting()
    add_lists(lists, [ONE])
    known = read_known(lists, None, caller)
    happens(lists)
    assert taken(lists, known, caller).is_whole()
    assert caller.called == ["read_lists"] * reads


def test_a_store_that_got_a_list_since_is_refused(tmp_path: Path) -> None:
    lists, caller = tmp_path / "lists.duckdb", Noting()
    add_lists(lists, [ONE])
    known = read_known(lists, None, caller)
    add_lists(lists, [OTHER])
    with pytest.raises(ListError, match=r"lists\.duckdb: was changed while it was read"):
        taken(lists, known, caller)


def test_a_store_that_is_written_to_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    lists = tmp_path / "lists.duckdb"
    add_lists(lists, [ONE])

    class Late(Noting):
        def call(self, function: str, *given: Any, **named: Any) -> Any:
            found = super().call(function, *given, **named)
            if len(self.called) == 1:
                written_to(lists)
            return found

    caller = Late()
    known = read_known(lists, None, caller)
    assert known.written is None
    assert taken(lists, known, caller).is_whole()
    assert len(caller.called) == 2
