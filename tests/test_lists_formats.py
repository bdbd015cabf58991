"""The formats of lists: their order, and how one is added in under eighty lines."""

from pathlib import Path

import pytest

from relaion.lists.readers import formats
from relaion.lists.readers.format import Sure
from relaion.lists.readers.formats import FORMATS, choose, readable
from tests.made_format import Made
from tests.test_lists_cases import Case, check, read_cases

CASES = [*read_cases(Path(__file__).parent / "cases" / "lists_made.txt")]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_a_format_is_added_in_one_module(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "FORMATS", (Made(), *FORMATS))
    check(case, tmp_path)


def test_it_is_named_by_the_option(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "made" not in readable()
    monkeypatch.setattr(formats, "FORMATS", (Made(), *FORMATS))
    assert "made" in readable()
    assert choose("nothing of it", "list.txt", "made").name == "made"


def test_it_takes_fewer_than_eighty_lines() -> None:
    text = (Path(__file__).parent / "made_format.py").read_text(encoding="utf-8")
    assert text.count("\n") < 80


def test_names_are_given_once_and_the_last_takes_whatever_is_left() -> None:
    names = [f.name for f in FORMATS]
    assert len(set(names)) == len(names)
    assert names[-1] == "txt"
    assert FORMATS[-1].sniff("", "") is not None


def test_the_first_that_is_sure_reads() -> None:
    head = "%%%% HASHDEEP-1.0\n%%%% size,md5,filename\n"
    sure = [f.name for f in FORMATS if isinstance(f.sniff(head, "a.csv"), Sure)]
    assert sure[0] == choose(head, "a.csv", None).name == "hashdeep"
