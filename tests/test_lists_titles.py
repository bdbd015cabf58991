"""The titles in tests/cases/titles.txt, and titles among lines that are many."""

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from relaion.lists.readers import why
from relaion.lists.readers.format import Options
from relaion.lists.readers.lines import titles
from relaion.lists.readers.lines.candidates import is_count
from relaion.lists.readers.lines.headings import says_of
from relaion.lists.readers.lines.prose import read_prose
from relaion.lists.readers.lines.sections import Sections
from relaion.lists.readers.tables.name_rows import COUNTED
from relaion.lists.readers.vocabulary.letters import is_contact
from tests.drawn import quickly

CASES = [
    re.split(r" {2,}", line, maxsplit=1)
    for line in (Path(__file__).parent / "cases" / "titles.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]
SAYS = {
    "taken back": why.TAKEN_BACK, "not confirmed": why.UNCONFIRMED, "disputed": why.DISPUTED,
    "video": why.VIDEO, "known good": why.GOOD, "another kind": why.OTHER_HASH,
    "no image": why.NO_IMAGE, "listed": titles.LISTED, "usable": titles.USABLE,
    "of links": titles.OF_LINKS, "unknown": titles.UNKNOWN,
}  # fmt: skip


def test_titles() -> None:
    for says, line in CASES:
        name = line.removeprefix("NAME ")
        found = titles.title_of(line) if name == line else titles.of_name(name)
        if says == "asked":
            assert isinstance(found, titles.Doubt), line
        elif says == "nothing":
            assert found in (None, titles.NEUTRAL, titles.PICTURE, titles.LISTED), line
        else:
            assert found == SAYS[says], line


@pytest.mark.parametrize(
    "value", quickly(1, ["ex{}.example/a.jpg", "ex{}.example", "word {} of a text"])
)
def test_a_title_among_many_lines_without_a_scheme(value: str) -> None:
    lines = [value.format(i) + "\n" for i in range(3000)]
    sections = Sections("list.txt", "", Options())
    kept = "".join(sections.left(iter(["".join([*lines, "Removed\n", *lines])])))
    assert kept == "".join(lines)
    assert sections.held == [(why.TAKEN_BACK, lines)]


@pytest.mark.parametrize(
    "line",
    [
        'https://pictures.example/a"b.jpg', '00112233445566778899aabbccddee01  5" disk.jpg',
        '# list "x', '00112233445566778899aabbccddee01,5" tall',
        '00112233445566778899aabbccddee01,"open',
    ],
)  # fmt: skip
def test_an_odd_quote_hides_no_title(line: str) -> None:
    gone = '00112233445566778899aabbccddee02,5" x\n'
    sections = Sections("list.txt", "", Options())
    kept = "".join(sections.left(iter([f"md5,note\n{line}\n# removed\n{gone}"])))
    assert kept == f"md5,note\n{line}\n"
    assert sections.held == [(why.TAKEN_BACK, [gone])]


_RUNS = (" ", "\t", "-", "a", "a/", "1", '"', "a ", "not ", "a.", "a@", "x:", "#", "_", "a=", "(")


def _work(look: Callable[[str], object], n: int) -> float:
    """The least seconds of computing of three looks at lines of about n characters."""
    return _least(
        look, [begin + run * (n // len(run)) + end for run in _RUNS for begin, end in _AROUND]
    )


def _least(look: Callable[[str], object], lines: list[str]) -> float:
    seconds = []
    for _ in range(3):
        started = time.process_time()
        for line in lines:
            look(line)
        seconds.append(time.process_time() - started)
    return min(seconds)


_AROUND = (("", ""), ("see ", " !"), (" ", " removed:"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "look",
    quickly(
        2,
        [
            pytest.param(read_prose.__wrapped__, id="prose"),
            pytest.param(lambda line: is_count([line, line], 0), id="counts"),
            pytest.param(says_of, id="titles"),
            pytest.param(is_contact, id="contacts"),
            pytest.param(COUNTED.search, id="names of columns"),
        ],
    ),
)
def test_work_grows_with_the_length_of_a_line_and_not_with_its_square(
    look: Callable[[str], object],
) -> None:
    """Sixteen times as long: 16 times the work, or 256 times where a pattern is quadratic."""
    assert _work(look, 32_000) < 80 * max(_work(look, 2_000), 0.001)


def test_a_heading_that_names_where_entries_come_from_is_not_tried_in_every_split() -> None:
    """Four times as long: 4 times the work, or 1,000 times where words may be cut anywhere."""
    short, long = (f"from {'ab' * n} x-y" for n in (6, 24))

    def look(line: str) -> object:
        return titles.is_unknown(line, line)

    assert _least(look, [long]) < 80 * max(_least(look, [short]), 0.001)
