"""Mutated partner files, a few of them; `python -m tests.faults.lists_fuzz N SEED` tries more."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from relaion.errors import ListError
from tests.faults import lists_fuzz
from tests.faults.lists_fuzz import Case, fuzz_lists, outcome


def test_each_is_read_or_refused_in_one_line_that_tells_nothing() -> None:
    failures: list[str] = []
    found = fuzz_lists(300, 17, failures)
    assert failures == []
    assert sum(found.values()) == 300
    assert found["read"] > 100 and found["refused"] > 50


SIGNS = (
    "z",
    "ᾋ",
    "\t",
    " ",
    ";",
    ",",
    "\t ",
    "-",
    "=",
    "#",
    "a ",
    "a/",
    "a.",
    "0",
    "(",
    "'",
    '"',
    "\xa0",
    "*",
)
ONE, TWO = "00112233445566778899aabbccddee01", "00112233445566778899aabbccddee02"
PLACES = {
    "first.txt": "{run}\n{one}\n{two}\n",
    "behind.txt": "{one}{run}\n{two}\n",
    "before.txt": "{run}{one}\n{two}\n",
    "title.txt": "# list {run} of\n{one}\n{two}\n",
    "link.txt": "https://a.example/{run}.jpg\nhttps://a.example/b.jpg\n",
    "header.csv": "md5,{run}\n{one},x\n{two},y\n",
    "cell.csv": "md5,note\n{one},x{run}y\n{two},y\n",
    "last.csv": "md5,note\n{one},x\n{two},y\n{run}",
}


@pytest.mark.parametrize("sign", SIGNS)
def test_a_long_run_of_one_sign_is_looked_at_once(sign: str, tmp_path: Path) -> None:
    """Where each place of it were tried again, a line of these would take half a minute."""
    run = (sign * 60_000)[:60_000]
    for name, text in PLACES.items():
        data = text.format(run=run, one=ONE, two=TWO).encode()
        case = Case(name, data, {"kind": None, "file_format": None})
        assert outcome(case, tmp_path) in ("read", "refused"), name


def test_a_case_is_made_of_its_number_alone() -> None:
    assert Case.make(3, 8) == Case.make(3, 8)
    assert Case.make(3, 8) != Case.make(3, 9)


def _raise(error: BaseException) -> Any:
    raise error


def _compute(seconds: float) -> Any:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


BROKEN: dict[str, Callable[[Case], Any]] = {
    "failed: KeyError": lambda case: _raise(KeyError("x")),
    "failed: not one line that names the file": lambda case: _raise(ListError("something")),
    "failed: tells what is in the file": lambda case: min(case.planted),
    "failed: malformed url_md5": lambda case: "malformed url_md5",
    "failed: more than 0.1 seconds": lambda case: _compute(3),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_fault_is_seen(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case.make(0, 0)
    case.planted.add("planted")

    monkeypatch.setattr(lists_fuzz, "_read", lambda *_: BROKEN[what](case))
    monkeypatch.setattr(lists_fuzz, "SECONDS", 0.1)
    assert outcome(case, tmp_path) == what
