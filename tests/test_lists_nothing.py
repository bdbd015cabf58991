"""Files in which nothing can be an entry: refused early where that is sure, else read whole."""

import subprocess
import sys
from pathlib import Path

import pytest

from relaion.errors import ListError
from relaion.lists import nothing, store
from relaion.lists.normalise import Tally
from relaion.lists.readers.containers.delivered import delivered
from relaion.lists.readers.containers.text import opened
from relaion.lists.readers.format import ANY, Batch, Options, Values
from relaion.lists.values import read_value
from tests.drawn import quickly
from tests.test_lists_cases import CASES

HOSTS = [f"pictures{i}.example" for i in range(6000)]
LINES = sorted({line for case in CASES for _, _, lines in case.files for line in lines})


@pytest.mark.slow
def test_every_line_of_the_cases_that_brings_an_entry_may_hold_one(tmp_path: Path) -> None:
    path, n = tmp_path / "list.txt", 0
    for line in LINES:
        if len(line) > 2000 or not Tally().take(Batch(1, [Values(ANY, [line])]), 0).entries:
            continue
        n += 1
        path.write_text(line + "\n", "utf-8", "surrogateescape")
        with opened(path) as raw, delivered(path, raw, Options(), []) as file:
            assert nothing.may_hold_entry(file, Options()), line
    assert n > 300


@pytest.mark.parametrize(
    "last", quickly(1, ["https://pictures.example/one.jpg", "01" * 16, "01 " * 16])
)
def test_what_stands_last_is_read(tmp_path: Path, last: str) -> None:
    (tmp_path / "list.txt").write_text("\n".join([*HOSTS, last, ""]))
    added = store.add(tmp_path / "lists.duckdb", [tmp_path / "list.txt"], source="A")
    assert sum(added.entries.values()) == 1
    assert added.skipped == {"only a host": 6000}


def test_where_no_line_may_hold_an_entry_the_file_is_refused_by_its_first_ones(
    tmp_path: Path,
) -> None:
    (tmp_path / "list.txt").write_text("\n".join([*HOSTS, ""]))
    with pytest.raises(ListError, match=r"of its first 2,000 values only a host: 2,000; no other"):
        store.add(tmp_path / "lists.duckdb", [tmp_path / "list.txt"], source="A")


@pytest.mark.slow
def test_beside_another_file_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "hosts.txt").write_text("\n".join([*HOSTS, ""]))
    (tmp_path / "list.txt").write_text("01" * 16 + "\n")
    files = [tmp_path / "hosts.txt", tmp_path / "list.txt"]
    added = store.add(tmp_path / "lists.duckdb", files, source="A")
    assert added.entries == {"image_md5": 1}


@pytest.mark.parametrize("host", ["a.example", "a-b.c.co.uk", "com.com", "www.github.io", "x.jpg"])
def test_a_plain_host_is_told_in_haste_what_it_is_told_with_care(host: str) -> None:
    tally = Tally()
    tally.take(Batch(1, [Values(ANY, [host])]), 0)
    assert [*tally.skipped] == [read_value(host, ANY)] == ["only a host"]


_ADD = """
import resource, sys
from relaion.lists import store
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
store.add("first.duckdb", [sys.argv[1]], source="A")
store.add("first.duckdb", [sys.argv[2]], source="A", update=1)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.slow
def test_what_a_files_name_takes_out_is_not_held_until_its_end(tmp_path: Path) -> None:
    listed = [f"{i * 7919:032x}" for i in range(1, 1001)]
    (tmp_path / "list.txt").write_text("\n".join([*listed, ""]))
    others = (f"{i * 104729:032x}" for i in range(2_000_000, 2_400_000))
    (tmp_path / "removed.txt").write_text("\n".join([*listed[:500], *others, listed[999], ""]))
    command = [sys.executable, "-c", _ADD, "list.txt", "removed.txt"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert int(ran.stdout) < 450 << 10  # kilobytes
    (first, second) = store.show(tmp_path / "first.duckdb")
    assert (first.entries, second.entries) == ({"image_md5": 499}, {})
    assert second.retracted == 400_501


def test_of_an_empty_file_no_kind_is_asked(tmp_path: Path) -> None:
    (tmp_path / "l.txt").write_text("\n")
    with pytest.raises(ListError, match=r"it is empty.*check that it is the list, and that all of"):
        store.add(tmp_path / "l.duckdb", [tmp_path / "l.txt"], source="A")
