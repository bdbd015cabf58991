"""The journal of a run: what is whole in it counts, and nothing else."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relaion.paths import seal
from relaion.run.journal import (
    CHANGED,
    COPY,
    FAILED,
    FOUND,
    MADE,
    NAME,
    SHARD,
    STORE,
    Entry,
    Journal,
    Ledger,
    digests_of,
)
from relaion.run.tasks import Reports


def lines(folder: Path) -> list[Entry]:
    return list(Journal(folder).entries(SHARD))


def shard(no: int, value: object = None) -> Entry:
    return Entry(SHARD, str(no), value)


def test_entries_come_back_and_the_later_of_two_counts(tmp_path: Path) -> None:
    assert lines(tmp_path) == []
    journal = Journal(tmp_path)
    journal.add([shard(1), shard(2)])
    Journal(tmp_path).add([Entry(STORE, "1", "x")])
    journal.add([shard(1, "\u00fc\n")])
    assert lines(tmp_path) == list(journal.entries(SHARD)) == [shard(1, "\u00fc\n"), shard(2)]
    assert Journal(tmp_path).get(STORE, "1", str) == "x"
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600


def test_what_the_reader_cannot_take_is_none(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.add([shard(1, {"no": 1}), shard(2, []), shard(3)])
    assert [journal.get(SHARD, str(no), lambda v: v["no"]) for no in (1, 2, 3, 4)] == [
        1, None, None, None,
    ]  # fmt: skip


@pytest.mark.parametrize("text", [b"[]", b"{}", b"7", b'["a", "b", 1]', b'["a", "b", 1, 2]'])
def test_a_whole_line_that_is_no_entry_is_none(tmp_path: Path, text: bytes) -> None:
    from relaion.run import journal

    (tmp_path / NAME).write_bytes(journal._lines([text]))
    Journal(tmp_path).add([shard(1)])
    assert lines(tmp_path) == [shard(1)]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("spoil", [Path.unlink, cut, lambda path: path.write_bytes(bytes(4))])
def test_an_entry_is_none_without_its_files(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    (tmp_path / "find").mkdir()
    file = tmp_path / "find/hits.parquet"
    file.write_bytes(b"rows")
    journal = Journal(tmp_path)
    journal.add([Entry(MADE, "count", 7, digests_of(tmp_path, [file]))])
    assert Journal(tmp_path).get(MADE, "count", int) == 7
    spoil(file)
    assert Journal(tmp_path).get(MADE, "count", int) is None


@given(at=st.integers(0, 400), by=st.sampled_from(["cut", "zeroed", "changed"]), data=st.data())
def test_a_damaged_line_is_none_and_those_added_later_count(
    at: int, by: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    added = [shard(n, "ab" * n) for n in range(6)]
    Journal(folder).add(added)
    path = folder / NAME
    raw = bytearray(path.read_bytes())
    at = min(at, len(raw) - 1)
    if by == "cut":
        del raw[at:]
    elif by == "zeroed":
        raw[at : at + 64] = bytes(len(raw[at : at + 64]))
    else:
        raw[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(bytes(raw))
    before = lines(folder)
    assert all(entry in added for entry in before)
    Journal(folder).add([shard(9)])
    assert lines(folder) == [*before, shard(9)]


def test_what_is_forgotten_is_gone_for_whoever_reads_next(tmp_path: Path) -> None:
    """A search of several shards is forgotten with one of them; what is written is kept."""
    file = tmp_path / "a"
    file.write_bytes(b"a")
    found = {no: seal(file).plain() for no in ("1", "2", "3")}
    journal = Journal(tmp_path)
    first = Ledger(journal, "hits")
    together, alone = first.name([1, 2]), first.name([3])
    assert first.add(together, {no: found[no] for no in "12"}, {"a": seal(file).sha256})
    assert first.add(alone, {"3": found["3"]}, {})
    assert not first.add(first.name([4]), {"4": found["1"]}, {"gone": "00"})
    journal.add([shard(1), shard(2)])
    journal.add_copies({1: "aa", 2: "bb"})
    journal.mark_changed([1])
    journal.mark_failed("en/\udc80", "part-0.parquet")
    for again in (journal, Journal(tmp_path)):
        assert Ledger(again, "hits").covered == {1, 2, 3}
        assert again.copies([1, 3]) == {1: "aa"}
        assert (again.changed, again.failed) == ({1}, {("en/\udc80", "part-0.parquet")})
    journal.forget([1])
    for again in (journal, Journal(tmp_path)):
        assert Ledger(again, "hits").covered == {3}
        assert (again.copies([1, 2]), again.changed) == ({2: "bb"}, set())
        assert len(list(again.entries(SHARD))) == 2
        assert list(again.entries(FAILED))
    journal.forget_search()
    whats = (FOUND, MADE, COPY, CHANGED)
    assert not any(list(Journal(tmp_path).entries(what)) for what in whats)
    assert len(lines(tmp_path)) == 2


def test_a_ledger_drops_what_was_found_in_other_bytes(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"a")
    before = seal(file)
    ledger = Ledger(Journal(tmp_path), "same-1")
    ledger.add(ledger.name([1]), {"1": before.plain()}, {})
    ledger.keep({1: before})
    assert ledger.covered == {1}
    file.write_bytes(b"b")
    ledger.keep({1: seal(file)})
    assert ledger.covered == Ledger(Journal(tmp_path), "same-1").covered == set()


def test_every_line_is_json_behind_its_digest(tmp_path: Path) -> None:
    Journal(tmp_path).add([shard(1, {"hits": ""})])
    (line,) = (tmp_path / NAME).read_bytes().split()[1:2]
    assert json.loads((tmp_path / NAME).read_bytes().strip().partition(b" ")[2])[0] == SHARD
    assert line


def test_reports_are_read_when_they_are_asked_for(tmp_path: Path) -> None:
    """In order of number, whichever was written last; another process reads the same file."""
    report = {
        "rows": 3, "bytes": 9, "sha256": "aa", "hits": "", "outputs": {}, "tally": [["en", 1]],
        "groups": [], "scores": [], "stamp": [1, 2, 3, 4, 5], "searched": "aa",
    }  # fmt: skip
    journal, reports = Journal(tmp_path), Reports()
    for no in (7, 2):
        journal.add([shard(no, report | {"no": no})])
        reports.add([no], journal)
    journal.add([shard(7, report | {"no": 7, "rows": 4})])
    for each in (reports, pickle.loads(pickle.dumps(reports))):
        assert [(no, found.rows) for no, found in each.items()] == [(2, 3), (7, 4)]
        assert len(each) == 2 and 7 in each and 3 not in each
        assert each[2].tally == [("en", 1)]
    (tmp_path / NAME).write_bytes(b"torn")
    with pytest.raises(KeyError):
        reports[2]
