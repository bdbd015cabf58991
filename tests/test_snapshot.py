"""The store that a run reads: the file whose lists it was told of, or none."""

import hashlib
import os
import time
from collections.abc import Callable
from io import BufferedReader
from pathlib import Path
from typing import Any

import pytest

from relaion.engine import connect
from relaion.errors import ListError
from relaion.lists.snapshot import Snapshot, hold
from relaion.paths import seals, stamp_of
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


def aged(path: Path) -> None:
    """As a store that was written an hour ago."""
    an_hour_ago = time.time() - 3600
    os.utime(path, (an_hour_ago, an_hour_ago))


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    path = tmp_path / "lists.duckdb"
    add_lists(path, [ONE])
    aged(path)
    return path


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
    [(lambda _: None, 1), (renewed, 1), (written_to, 1), (lambda p: p.chmod(0o644), 1)],
)
@pytest.mark.parametrize("sealed", [True, False])
def test_lists_are_read_again_where_nobody_knows_the_bytes_that_were_read(
    lists: Path, happens: Callable[[Path], object], reads: int, sealed: bool
) -> None:
    caller = Noting()
    known = read_known(lists, None, caller, seals=sealed)
    happens(lists)
    assert taken(lists, known, caller).sealed()
    assert caller.called == ["read_lists"] * (reads if sealed else 2)


def other_entries(lists: Path) -> None:
    """Another program changes the very file: its lists stay as they were, an entry of one goes."""
    info = lists.stat()
    with connect(lists) as engine:
        engine.execute("delete from entries where digest like '%3'")
    os.utime(lists, ns=(info.st_atime_ns, info.st_mtime_ns))


@pytest.mark.parametrize("sealed", [True, False])
def test_other_entries_of_the_same_lists_are_another_store(tmp_path: Path, sealed: bool) -> None:
    lists = tmp_path / "lists.duckdb"
    add_lists(lists, [Sent(tuple(("image_md5", f"{i:032x}") for i in range(1, 9)))])
    aged(lists)
    known = read_known(lists, None, HERE, seals=sealed)
    assert (known.sealed is not None) == sealed
    other_entries(lists)
    with pytest.raises(ListError, match=r"lists\.duckdb: was changed while it was read"):
        taken(lists, known, Noting())


def test_a_store_that_is_another_than_an_earlier_try_of_the_run_had_is_told(lists: Path) -> None:
    """The try goes on with its own, which may be of the same lists and not of the same entries."""
    known = read_known(lists, None, HERE, seals=True)
    first = taken(lists, known, Noting())
    journal = Journal(first.path.parent)
    renewed(lists)  # of the same bytes
    again = read_known(lists, None, HERE, seals=True)
    assert snapshot(lists, again, journal, Noting()).sha256 == first.sha256
    with connect(lists) as engine:  # of others, but it says the same
        engine.execute("checkpoint")
        engine.execute("create table further as select 1")
    caller = Noting()
    again = read_known(lists, None, HERE, seals=True)
    assert snapshot(lists, again, journal, caller).sha256 == first.sha256
    assert caller.called == ["read_lists"]
    with connect(lists) as engine:
        engine.execute("delete from entries")
    with pytest.raises(ListError):
        snapshot(lists, read_known(lists, None, HERE, seals=True), journal, caller)


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
    assert known.stamp is None
    assert taken(lists, known, caller).sealed()
    assert len(caller.called) == 2


# -- What another program writes into the very file is found; where none does it is digested once --


def forged(lists: Path) -> None:
    """Other bytes, of the same size, and the time of change that the file had."""
    info = lists.stat()
    with lists.open("r+b") as f:
        f.seek(info.st_size // 2)
        f.write(b"other")
    os.utime(lists, ns=(info.st_atime_ns, info.st_mtime_ns))


@pytest.fixture
def digests(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The inode of each file that is digested."""
    noted = []
    digest = hashlib.file_digest

    def noting(f: BufferedReader, *given: Any) -> Any:
        noted.append(os.fstat(f.fileno()).st_ino)
        return digest(f, *given)

    monkeypatch.setattr(hashlib, "file_digest", noting)
    return noted


def test_a_store_is_digested_once_for_a_run_and_its_check(lists: Path, digests: list[int]) -> None:
    known = read_known(lists, None, HERE, seals=True)
    store = taken(lists, known, Noting())
    store.check()
    with hold(store, store.path.unlink) as held:  # as a run removes its work folder meanwhile
        assert held.engine.rows("select count(*) from entries") == [(1,)]
    assert digests == [lists.stat().st_ino]


def test_a_store_that_is_held_alone_is_digested_once(lists: Path, digests: list[int]) -> None:
    with hold(lists):
        pass
    assert len(digests) == 1


@pytest.mark.parametrize("writes", [written_to, forged])
def test_a_write_into_a_snapshot_is_found(lists: Path, writes: Callable[[Path], None]) -> None:
    store = taken(lists, read_known(lists, None, HERE, seals=True), Noting())
    same = writes is written_to
    writes(lists)
    assert (store.sealed() is not None) == same
    if not same:
        with pytest.raises(ListError, match=r"lists\.duckdb: was changed while it was read"):
            store.check()
        with pytest.raises(ListError, match="was changed while it was read"), hold(store):
            pass


@pytest.mark.parametrize("named", ["path", "snapshot"])
@pytest.mark.parametrize("when", ["while it is let go", "later"])
def test_a_write_into_a_store_that_is_held_is_found(lists: Path, named: str, when: str) -> None:
    store: Path | Snapshot = lists
    if named == "snapshot":
        store = taken(lists, read_known(lists, None, HERE, seals=True), Noting())

    def writes() -> None:
        with lists.open("r+b") as f:
            f.seek(lists.stat().st_size // 2)
            f.write(b"other")

    is_early = when != "later"
    with (
        pytest.raises(ListError, match=r"lists\.duckdb: was changed while it was read"),
        hold(store, writes if is_early else lambda: None),
    ):
        if not is_early:
            forged(lists)


def test_a_further_name_of_a_store_is_no_write(lists: Path, digests: list[int]) -> None:
    store = taken(lists, read_known(lists, None, HERE, seals=True), Noting())
    (lists.parent / "another").hardlink_to(lists)
    store.check()
    assert len(digests) == 2


def test_a_write_between_the_reading_and_the_snapshot_is_seen(
    lists: Path, digests: list[int]
) -> None:
    known = read_known(lists, None, HERE, seals=True)
    forged(lists)
    with pytest.raises(ListError, match="was changed while it was read"):
        taken(lists, known, Noting())
    assert len(digests) == 2


def test_a_store_that_was_written_just_now_is_digested_again(
    lists: Path, digests: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within one turn of the kernel's clock a further write would leave its stamp as it is."""
    monkeypatch.setattr("time.time_ns", lambda: lists.stat().st_mtime_ns + 1_000_000)
    store = taken(lists, read_known(lists, None, HERE, seals=True), Noting())
    assert store.stamp is None
    store.check()
    assert len(digests) == 3


@pytest.mark.parametrize("how", ["taken", "held"])
def test_a_second_write_within_a_turn_of_the_clock_is_found(
    lists: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """It leaves the stamp as the first one made it: so none is believed that was so young."""
    same = stamp_of(lists)
    monkeypatch.setattr(seals, "_of", lambda _: same)
    monkeypatch.setattr("time.time_ns", lambda: same.written_ns + 1_000)

    def writes() -> None:
        forged(lists)
        monkeypatch.setattr("time.time_ns", lambda: same.written_ns + 10**9)

    if how == "taken":
        known = read_known(lists, None, HERE, seals=True)
        writes()
        # read again, whatever its stamp says, and what is read there is no store any more
        with pytest.raises(ListError, match="is damaged"):
            taken(lists, known, Noting())
    else:
        with pytest.raises(ListError, match="was changed while it was read"), hold(lists, writes):
            pass
