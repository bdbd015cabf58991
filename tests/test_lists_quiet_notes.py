"""A note that a quick look passes is one of which the full reading says nothing, too."""

import random
import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from relaion.errors import ListError
from relaion.lists.readers.tables import quiet_notes, remarks
from relaion.lists.readers.tables.columns import ListColumn
from relaion.lists.readers.tables.notes import FORBIDS, LEFT_LIST, OF_AGE
from relaion.lists.readers.tables.remark_of_cell import read_cell, remark_of_folder
from relaion.lists.readers.tables.remarks import RemarkColumn
from relaion.lists.readers.vocabulary import denials, names
from relaion.lists.readers.vocabulary.fragments import Fragments
from relaion.lists.readers.vocabulary.spelling import _lists, expanded
from tests.bench.list_files import _note

_PLAIN = (
    "seen on host {} by the scanner", "uploaded from account {}", "{}", "{}, picture 4",
    "Case 2024/17, {}", "forum post: {}", "{} in the cache of a browser", "a; {}",
    "found ({}) here", "item 12 - {}",
)  # fmt: skip
_CASES = (str.upper, str.title, str.casefold, "\u200b".join, " ".join, "-".join, "_".join)
_LOOKS = str.maketrans({"a": "а", "e": "е", "o": "о"})
_PATTERNS = (
    LEFT_LIST.pattern, OF_AGE.pattern, rf"\A(?:{FORBIDS.pattern})", denials.IN_LINES.pattern,
    rf"\A(?:{denials.FORBIDS.pattern})\Z",
)  # fmt: skip
_PHRASES = (
    "do not block", "not unlawful", "valid until 2020-01-01", "b.mp4", "removed/b.jpg", "video/mp4",
    "no longer listed", "hash lookup", "f p", "sha-512", "x264", "video", "mp4; clip", "closed",
    "keep online", "age 23", "18+", "she is 24", "wrong one", "ne plus diffuser", "false\tpositive",
    "no! Please report false positives to us! longer", "Safe Horizon", "off the list", "thumbs.db",
    "not ours", "expires 1.2.2020", "dalla lista", "pls block", "false pls positive", "h 264",
    "jungle", "not a child", "fully dressed", "erreur", "tested", "unclear", "perhaps", "SHA1",
    "blake 2 b", "photo dna", "hash crc32", "foto", "in.mov", "../old/x.png", "4 u", "un blo ck",
    "abg a ewiesen", "abo a rt",
)  # fmt: skip


def _telling() -> Iterator[str]:
    """Words and phrases, each in other letters too."""
    words = {word for text in _lists().values() for word in expanded(text).split()}
    bare = {word.rstrip("*@+^~-").replace("_", " ") for word in words}
    for word in [*sorted(bare | quiet_notes._ours() | quiet_notes._OF_MEDIA), *_PHRASES]:
        yield word
        yield random.Random(word).choice(_CASES)(word)
        yield word.translate(_LOOKS)
        at = len(word) // 2
        yield f"{word[:at]} {word[at:]}"


def _speaks(cell: str) -> bool:
    said = read_cell(cell, names.NOTE) or remark_of_folder(cell, is_good=False)
    return said is not None


def _are_read(cells: list[str]) -> None:
    loud = {*quiet_notes.not_quiet(cells)}
    missed = [cell for cell in cells if cell not in loud and _speaks(cell)]
    assert not missed


def test_a_telling_word_is_found_wherever_it_stands() -> None:
    found = [*_telling()]
    rng = random.Random(7)
    _are_read([rng.choice(_PLAIN).format(word) for word in found])


@pytest.mark.slow
def test_telling_words_are_found_in_all_places() -> None:
    found = [*_telling()]
    for plain in _PLAIN:
        _are_read([plain.format(word) for word in found])
    rng = random.Random(11)
    _are_read([" ".join(rng.choices(found, k=rng.randint(2, 4))) for _ in range(60_000)])


def test_phrases_are_found_wherever_they_stand() -> None:
    _are_read([plain.format(phrase) for phrase in _PHRASES for plain in _PLAIN])


@pytest.mark.parametrize("pattern", _PATTERNS, ids=lambda pattern: pattern[:20])
@settings(max_examples=150, suppress_health_check=[*HealthCheck], deadline=None)
@given(data=st.data())
def test_what_a_pattern_finds_holds_one_of_its_fragments(pattern: str, data: st.DataObject) -> None:
    found = Fragments(quiet_notes._ours()).of(pattern)
    assert found
    signs = st.characters(codec="ascii", exclude_characters="\n")
    text = data.draw(st.from_regex(re.compile(pattern), alphabet=signs)).casefold()
    if re.search(pattern, text) is None:
        return
    words = re.findall(r"[^\W_]+", text)
    assert any(
        part in word and (not begins or word.startswith(part)) and (not ends or word.endswith(part))
        for word in words for part, begins, ends in found
    )  # fmt: skip


def test_a_pattern_in_which_nothing_must_stand_has_no_fragments() -> None:
    find = Fragments().of
    assert find(r"\w+") is None
    assert find(r"\w+ed?") == {("ed", False, False), ("e", False, False)}
    assert find(r"\bno (?:longer|more)\b") == {("longer", True, True), ("more", True, True)}
    assert find(r"(?:a|\w+)x?") is None
    assert Fragments({"no"}).of(r"\bno (?:longer|more)\b") == {("no", True, True)}
    assert find(r"(?!not )\bfree\w*") == {("free", True, False)}


def test_a_note_of_several_sentences_is_read() -> None:
    notes = [f"seen {i}! found there" for i in range(20)]
    assert quiet_notes.not_quiet(notes) == notes


def test_most_notes_need_no_reading() -> None:
    notes = [_note(i) for i in range(500)]
    assert quiet_notes.not_quiet(notes) == []


_OTHERS = ("removed", "false positive", "maybe removed", "", "a.jpg", "b.mp4", "wrong hash")


def _outcome(name: str, cells: list[str]) -> object:
    column = RemarkColumn(ListColumn(1, name, names.NOTE), is_good=False)
    fates = column.read(cells, [40] * len(cells))
    try:
        column.refuse(so_far=False)
    except ListError as error:
        return str(error), fates
    return column.notices(), fates, column.kept_out, column.passed, column.has_images


@pytest.mark.parametrize("name", ["remark", "comment", "severity", "duration", "age", "is_video"])
@pytest.mark.parametrize("others", [(), ("removed",), ("b.jpg", "c.txt"), _OTHERS])
def test_a_column_says_the_same_as_without_a_quick_look(
    name: str, others: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(name)
    cells = [*map(_note, range(300)), *others, "none", "0", "3", "00:01:20", "23", "yes"]
    rng.shuffle(cells)
    quick = _outcome(name, cells)
    monkeypatch.setattr(remarks, "not_quiet", list)
    assert quick == _outcome(name, cells)
