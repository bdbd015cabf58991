"""A list is refused by how it begins, fast, and taken only for what all of it shows."""

import hashlib
import re
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from relaion.lists.readers.format import Options
from tests.drawn import quickly
from tests.list_samples import read_list, read_path


def _hex(i: int) -> str:
    return f"{i * 7919 + 1:032x}"


def _of_link(i: int) -> str:
    link = f"https://pictures.example/{i}.jpg"
    digest = hashlib.md5(link.encode()).hexdigest() if i % 3 else _hex(i)
    return f"{digest},{link}\n"


JUNK: dict[str, tuple[str, Callable[[int], str], str]] = {
    "checksums of videos": ("", lambda i: f"{_hex(i)}  film{i}.mp4\n", "digests of videos"),
    "words": ("", lambda i: f"words that are nothing {i} at all\n", "only 0 of 2,000 records"),
    "a table without a digest": ("md5,a\n", lambda i: f"{i},words\n", "records at its beginning"),
    "a log": (
        "", lambda i: f"2024-01-01 GET https://pictures.example/{i}.jpg 200\n", "beside other text",
    ),
    "PDQ": ("pdq,quality\n", lambda i: f"{i:064x},100\n", "its name says otherwise (pdq)"),
    "git": ("", lambda i: f"{i:040x}\trefs/heads/x{i}\n", "git's objects"),
    "words that decide": ("md5,status\n", lambda i: f"{_hex(i)},word{i}\n", "are not known"),
    "a second column of digests": (
        "md5,thing\n", lambda i: f"{_hex(i)},{i + 1:040x}\n", "in 1,999 rows at its beginning",
    ),
    "digests of links, not all": ("md5,url\n", _of_link, "1,999 rows at its beginning"),
    "very wide": ("", lambda i: f"{','.join([_hex(i)] * 70)}\n", "has 70 columns"),
}  # fmt: skip


DEAR = ("words", "a table without a digest", "very wide")


@pytest.mark.parametrize(
    "what",
    quickly(1, [pytest.param(x, marks=[pytest.mark.slow] if x in DEAR else []) for x in JUNK]),
)
def test_junk_is_refused_by_its_beginning(what: str, tmp_path: Path) -> None:
    head, line, words = JUNK[what]
    chunk = "".join(map(line, range(5_000))) * 12
    _refused_as_soon(tmp_path / "list.txt", head, chunk, words, 40_000_000)


@pytest.mark.slow
def test_three_hundred_megabytes_take_no_longer(tmp_path: Path) -> None:
    chunk = "".join(f"{_hex(i)}  film{i}.mp4\n" for i in range(200_000))
    _refused_as_soon(tmp_path / "list.md5", "", chunk, "videos", 300_000_000)


def _refused_as_soon(path: Path, head: str, chunk: str, words: str, size: int) -> None:
    """A file of this size is refused as soon as one of a tenth: by processor time, within 2."""
    taken = []
    for part in (10, 10, 1):  # patterns are compiled when they are first asked
        with path.open("w") as out:
            out.write(head)
            for _ in range(max(1, size // part // len(chunk))):
                out.write(chunk)
        begin = time.process_time()
        outcome = read_path(path)
        taken.append(time.process_time() - begin)
        assert words in (outcome.refused or "")
    assert taken[-1] < 2 * taken[1] + 0.2


@pytest.mark.slow
def test_a_word_of_row_one_million_decides() -> None:
    rows = "".join(f"{_hex(i)},active\n" for i in range(1_000_000))
    text = f"md5,status\n{rows}{_hex(-1)[1:]}0,zarquon\n".encode()
    assert "not known: zarquon: 1" in (read_list(text, "list.csv").refused or "")


@pytest.mark.parametrize("late", [20_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_a_column_of_digests_that_fills_late_is_asked_for(late: int) -> None:
    rows = "".join(f"{_hex(i)},\n" for i in range(late))
    rows += "".join(f"{_hex(-i)[1:]}0,{i:040x}\n" for i in range(1, 2_000))
    outcome = read_list(f"md5,thing\n{rows}".encode(), "list.csv")
    assert "column 2 (thing) holds 1,999 hashes in 1,999 rows" in (outcome.refused or "")


def test_a_late_word_refuses_whatever_came_before() -> None:
    rows = "".join(f"{_hex(i)},active\n" for i in range(20_000))
    text = f"md5,status\n{rows}{_hex(3)},zarquon\n".encode()
    assert "not known: zarquon: 1" in (read_list(text, "list.csv").refused or "")


@pytest.mark.slow
def test_words_that_are_no_vocabulary_are_not_read_to_the_end() -> None:
    rows = "".join(f"{_hex(i)},{'active' if i < 5_000 else f'word{i}'}\n" for i in range(500_000))
    assert "active: 5,000" in (
        refused := read_list(f"md5,status\n{rows}".encode(), "list.csv").refused or ""
    )
    assert sum(int(n.replace(",", "")) for n in re.findall(r": ([\d,]+)", refused)) < 500_000


def test_one_line_of_many_digests_takes_little_memory() -> None:
    text = " ".join(_hex(i) for i in range(8_000)).encode()
    tracemalloc.start()
    outcome = read_list(text + b"\n", "list.txt")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(outcome.entries) == 8_000
    assert peak < 60 * len(text)


def test_more_than_half_that_cannot_be_read_is_refused_but_for_partial() -> None:
    text = "".join(f"{_hex(i)}\n" + "nothing here\n" * 2 for i in range(1_500)).encode()
    assert "records at its beginning can be read" in (read_list(text, "list.txt").refused or "")
    assert len(read_list(text, "list.txt", Options(partial=True)).entries) == 1_500


def test_notices_hold_ten_numbers_at_most() -> None:
    words = [f"{a}{b}" for a in "ABC" for b in "12345"]
    rows = "".join(f"{_hex(i)},{words[i % 15]}\n" for i in range(30))
    outcome = read_list(f"md5,category\n{rows}".encode(), "list.csv")
    (notice,) = outcome.notices
    assert notice.count(": 2") == 10
    assert notice.endswith("and 5 more")


def test_the_first_rows_do_not_tell_how_many_words_a_column_holds() -> None:
    towns = [chr(97 + i) * 4 for i in range(26)]
    rows = [f"{i:032x},{towns[i // 120]}" for i in range(3000)]
    whole = read_list(("md5,foo\n" + "\n".join(rows) + "\n").encode(), "list.csv")
    assert whole.refused is None
    few = read_list(("md5,foo\n" + "\n".join(rows[:600]) + "\n").encode(), "list.csv")
    assert "that may decide" in (few.refused or "")
