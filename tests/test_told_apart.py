"""What `verify` says of each way in which an output is not what it should be, one by one.

And what `clean` does where a shard changes behind its back. Elsewhere slow tests come by here.
"""

import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import relaion
from relaion.errors import StopError
from relaion.verifier.compare import Differences
from relaion.verifier.file_checks import check_entry
from relaion.verifier.manifest import EditionLine, FileLine
from relaion.verifier.shard import _check_before, _tell
from relaion.verifier.task import OutputTask
from relaion.verifier.verdict import Notes
from tests.pipeline import InProcess, Sent, add_lists, write_shard

EDITION = EditionLine("research", "original", None, frozenset(), frozenset(), "", "", True)


def said(notes: Notes) -> set[tuple[str, str]]:
    return {(f.promise, f.what) for f in notes.findings}


BEFORE = {
    "less": ([1, 3], True, None),
    "more": ([1, 2, 3, 4], True, ("3", "1 row is here that the parent run removed")),
    "moved": ([3, 1], True, ("2", "its rows stand in another order than in the parent run")),
    "moved, which is told elsewhere": ([3, 1], False, None),
}


@pytest.mark.parametrize("name", BEFORE)
def test_an_edition_is_a_part_of_what_it_was(tmp_path: Path, name: str) -> None:
    rows, in_order, expected = BEFORE[name]
    tasks = []
    for where, held in (("now", rows), ("before", [1, 2, 3])):
        pq.write_table(pa.table({"n": held}), tmp_path / where)
        tasks.append(OutputTask(EDITION, tmp_path / where, where, FileLine(0, 0, "")))
    notes = Notes()
    now, before = tasks
    _check_before(now, before, notes, in_order=in_order)
    assert said(notes) == ({expected} if expected else set())
    assert all(f.where == "now" for f in notes.findings)


def test_an_edition_before_that_is_no_table_of_the_same_columns_or_none_at_all(
    tmp_path: Path,
) -> None:
    tasks = []
    for where, column in (("now", "n"), ("before", "other")):
        pq.write_table(pa.table({column: [1]}), tmp_path / where)
        tasks.append(OutputTask(EDITION, tmp_path / where, where, FileLine(0, 0, "")))
    now, before = tasks
    notes = Notes()
    _check_before(now, before, notes, in_order=True)
    assert said(notes) == {("3", "its rows are not those that the parent run kept")}
    (tmp_path / "before").write_bytes(b"")
    notes = Notes()
    _check_before(now, before, notes, in_order=True)
    assert said(notes) == {("5", "its rows, or those of its parent run, cannot be read")}


FAR = "its rows are not those of the input, or far out of order"
DIFFERENT = {
    "too many": (Differences(too_many=True), {("1b", FAR), ("2", FAR)}),
    "changed": (
        Differences(lost=3, foreign=2),
        {("2", "2 rows differ from the input (column url)"),
         ("1b", "1 row is lost that no list and no rule names")},
    ),
    "added": (
        Differences(lost=1, foreign=3),
        {("2", "1 row differs from the input (column url)"), ("1b", "2 rows are not in the input")},
    ),
    "doubled": (Differences(doubled=2), {("1b", "2 rows stand more often than in the input")}),
    "kept, which is told elsewhere": (Differences(kept=1), set()),
    "moved": (Differences(), {("2", "its rows stand in another order than in the input")}),
}  # fmt: skip


@pytest.mark.parametrize("name", DIFFERENT)
def test_each_difference_has_its_words(name: str) -> None:
    found, expected = DIFFERENT[name]
    notes = Notes()
    _tell(found, "x", ["url"], notes)
    assert said(notes) == expected
    many = Notes()
    _tell(found, "x", list("abcd"), many)  # too many columns are not named
    assert not any("column" in what for _, what in said(many))


def test_a_file_of_out_is_a_plain_one_that_nobody_else_can_change(tmp_path: Path) -> None:
    def told(path: Path, **how: Any) -> tuple[bool, set[tuple[str, str]]]:
        notes = Notes()
        is_linked = check_entry(path, "x", notes, **{"is_carried": False, **how})
        return is_linked, said(notes)

    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    plain.chmod(0o644)
    assert told(plain) == (False, set())
    assert told(tmp_path / "none") == (False, set())
    (tmp_path / "link").symlink_to(plain)
    assert told(tmp_path / "link")[1] == {("5", "is no plain file or folder, but a link or device")}
    plain.chmod(0o646)
    written = ("4", "everybody may write to it; take that right away")
    assert told(plain)[1] == {written}
    plain.chmod(0o755)
    assert told(plain)[1] == {("5", "has the mode of a program; no output is one")}
    assert told(plain, is_carried=True) == (False, set())
    plain.chmod(0o644)
    os.link(plain, tmp_path / "again")
    assert told(plain) == (
        False, {("5", "has another name elsewhere, by which it may be changed")}
    )  # fmt: skip
    assert told(plain, may_be_linked=True) == (True, set())
    assert told(tmp_path, may_be_linked=True) == (False, set())  # folders have several by nature


def test_a_shard_that_changes_once_it_is_written_has_no_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"url": f"http://a.example/{i}.jpg"} for i in range(3)]
    for name in ("a", "b"):
        write_shard(tmp_path / f"data/{name}.parquet", rows)
    add_lists(tmp_path / "lists.duckdb", [Sent((("url", "http://b.example/1.jpg"),))])

    def changing(*_: Any, **__: Any) -> None:
        write_shard(tmp_path / "data/a.parquet", rows[1:])

    monkeypatch.setattr("relaion.run.pipeline.coverage", changing)
    with pytest.raises(StopError, match=r"a\.parquet: was changed or replaced"):
        relaion.clean(
            tmp_path / "data", tmp_path / "lists.duckdb", tmp_path / "out", executor=InProcess()
        )
    left = {p.name for p in (tmp_path / "out").rglob("*.parquet") if ".work" not in p.parts}
    assert left == {"b.parquet"}
