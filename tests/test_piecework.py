"""Batches of a search that others do: the same lines and fates, and what fails names its shards."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from relaion.errors import InputError, StopError
from relaion.labs.diffing import compare
from relaion.labs.fates import Question, work_out
from relaion.labs.piecework import Hearing
from relaion.labs.seek import FOLDER
from relaion.labs.told import Compared, Fates
from relaion.run.numbered import Numbered
from relaion.run.process import TaskOutcome
from relaion.run.progress import NOTHING, Extent, Quiet
from relaion.run.settings import limits_of
from tests.copies import LAION, RELAION, Shards, cut
from tests.drawn import quickly
from tests.oracle_copy import murmur
from tests.pipeline import InProcess

LIMITS = limits_of(1, "2GB")
SALT = bytes(range(16))
BATCH = 12


class Counting(InProcess, Quiet):
    """Does pieces, and counts them and what is told of them."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces, self.through = 0, NOTHING
        self.step_files: set[Path] = set()

    def run(self, tasks: Sequence[Any]) -> Any:
        self.pieces += len(tasks)
        self.step_files |= {task.call.given[0] for task in tasks}
        return super().run(tasks)

    def done(self, part: Extent, task: int | None = None) -> None:
        self.through += part


def rows(n: int = 30) -> list[dict[str, Any]]:
    found: list[dict[str, Any]]
    found = [{"url": f"http://h{i % 5}.example/{i}.jpg", "text": f"picture {i}"} for i in range(n)]
    found += [{**found[i], "text": f"again {i}"} for i in range(0, n, 10)]
    found += [{"url": None, "text": "alone"}, {"url": "http://a.example/", "text": ""}]
    found = [{**r, "row_hash": murmur(r["url"], r["text"])} for r in found]
    # one whose own hash is another than its link and caption give, and two that nothing tells
    found += [{"url": "http://h1.example/d.jpg", "text": "doubted", "row_hash": 4711}]
    return found + 2 * [{"url": None, "text": None, "row_hash": None}]


OLD = rows()
NEW = [r for i, r in enumerate(OLD) if i not in (0, 3, 4, 31, 33, 35, 36)]


@pytest.fixture
def sets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[tuple[Numbered, ...], tuple[Numbered, ...], tuple[Numbered, ...]]:
    """The set before, the one after, and a copy with other captions."""
    for module in ("fates", "diffing"):
        monkeypatch.setattr(f"relaion.labs.{module}.BATCH_ROWS", BATCH)
    shards = Shards(tmp_path)
    copy = [{**r, "text": "other"} if i % 4 == 0 else r for i, r in enumerate(OLD)]
    return (
        shards.of("old", cut(OLD, [6, 12, 20]), LAION, 2_000),
        shards.of("new", cut(NEW[::-1], [4, 9]), RELAION, 1_000),
        shards.of("copy", cut(copy, [10, 17]), LAION),
    )


def rows_of(path: Path) -> list[Any]:
    """What a work file holds: DuckDB does not write the same rows to the same bytes each time."""
    return list(pq.read_table(path).to_pylist())


def compared(work: Path, sets: Any, hands: Counting | None) -> tuple[Compared, Any, Extent]:
    work.mkdir()
    hear = Hearing(hands or Counting(), told := hands or Counting())
    found, lines = compare(
        work, "v1", LIMITS, sets[0], sets[1], ("row", "link"), SALT,
        tell=lambda word, **_: hear(word), spread=LIMITS if hands else None,
    )  # fmt: skip
    return found, rows_of(lines), told.through


def test_a_diff_is_the_same_whoever_reads_the_batches(tmp_path: Path, sets: Any) -> None:
    hands = Counting()
    found = compared(tmp_path / "a", sets, None)
    assert found == compared(tmp_path / "b", sets, hands)
    assert (found[0].doubted, found[0].nameless, found[0].without) == (1, 2, 1)
    assert hands.pieces >= 8
    assert not list((tmp_path / "b" / FOLDER).glob("step-*"))


def worked_out(question: Question, hands: Counting) -> tuple[Fates, dict[str, str]]:
    """The fates, and the work files that were made for them."""
    kept: dict[str, str] = {}
    hear = Hearing(hands, hands, kept.__setitem__)
    return work_out(question, lambda word, **_: hear(word)), kept


@pytest.mark.slow
@pytest.mark.parametrize("by", quickly(1, ["keep", "diff"]))
def test_fates_are_the_same_whoever_reads_the_batches(tmp_path: Path, sets: Any, by: str) -> None:
    if by == "diff":
        (tmp_path / "d").mkdir()
        _, lines = compare(
            tmp_path / "d", "v1", LIMITS, sets[0], sets[1], ("row", "link"), SALT,
            tell=lambda *_, **__: None,
        )  # fmt: skip
        question = Question(tmp_path, "v1", LIMITS, sets[2], diff=lines, salt=SALT)
    else:
        question = Question(tmp_path, "v1", LIMITS, sets[2], sets[1], sets[0])
    here, there = Counting(), Counting()
    found = []
    for hands, spread in ((here, None), (there, LIMITS)):
        asked = replace(question, work=tmp_path / f"work-{spread is None}", spread=spread)
        asked.work.mkdir()
        fates, kept = worked_out(asked, hands)
        leaving = {no: rows_of(path) for no, path in fates.leaving.items()}
        assert any("salted" in name for name in kept) == (by == "diff" and spread is not None)
        found.append((replace(fates, leaving={}), leaving, hands.through))
    assert found[0] == found[1]
    assert here.pieces == 0 and there.pieces >= 5


@pytest.mark.slow
def test_what_was_found_before_is_not_looked_for_again(tmp_path: Path, sets: Any) -> None:
    question = Question(tmp_path, "v1", LIMITS, sets[2], sets[1], sets[0], spread=LIMITS)
    found, kept = worked_out(question, Counting())
    hands = Counting()
    assert worked_out(replace(question, known=kept), hands) == (found, {})
    assert hands.pieces == 0
    assert worked_out(replace(question, known=kept, spread=None), hands) == (found, {})


@pytest.mark.slow
def test_no_step_has_the_name_of_an_earlier_one(tmp_path: Path, sets: Any) -> None:
    """Workers know a step by its path, and a search may be done again in the same folder."""
    question = Question(tmp_path, "v1", LIMITS, sets[2], sets[1], sets[0], spread=LIMITS)
    first, again = Counting(), Counting()
    worked_out(question, first)
    worked_out(question, again)
    assert first.step_files and again.step_files and not first.step_files & again.step_files


def test_a_shard_that_breaks_a_piece_is_named(tmp_path: Path, sets: Any) -> None:
    broken = sets[2][1].shard.path
    broken.write_bytes(broken.read_bytes()[:-40])
    question = Question(tmp_path, "v1", LIMITS, sets[2], sets[1], spread=LIMITS)
    hear = Hearing(Counting(), Quiet())
    with pytest.raises(InputError, match=broken.name):
        work_out(question, lambda word, **_: hear(word))
    assert broken in hear.at


def test_a_piece_that_breaks_its_worker_is_told_by_its_shards(tmp_path: Path, sets: Any) -> None:
    class Broken(InProcess):
        def run(self, tasks: Sequence[Any]) -> Any:
            return (TaskOutcome(t.no, f"{t.named}: its process ended") for t in tasks)

    hear = Hearing(Broken(), Quiet())
    question = Question(tmp_path, "v1", LIMITS, sets[2], sets[1], spread=LIMITS)
    with pytest.raises(StopError, match=r"00000\.parquet.*: its process ended"):
        work_out(question, lambda word, **_: hear(word))
    assert hear.at
