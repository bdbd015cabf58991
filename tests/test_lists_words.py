"""The lists of words in plain text: each is used, and holds a word once."""

import re
from collections import Counter
from pathlib import Path

import pytest

from relaion.lists.readers.vocabulary import patterns, spelling
from relaion.lists.readers.vocabulary.spelling import expanded, words_in

READERS = Path(spelling.__file__).parents[1]
LISTS = spelling._lists()
PATTERNS = [
    f"{path.stem}.{name}"
    for path in sorted(Path(patterns.__file__).with_name("patterns").glob("*.txt"))
    for name in spelling.sections(path)
]


def test_each_list_is_used() -> None:
    texts = [p.read_text("utf-8") for e in ("py", "txt") for p in READERS.rglob(f"*.{e}")]
    used = {name for text in texts for name in re.findall(r"\{([a-z_]+)\}", text)}
    assert LISTS.keys() - used == set()


def test_each_pattern_is_used() -> None:
    code = "\n".join(path.read_text("utf-8") for path in READERS.rglob("*.py"))
    texts = {path: path.read_text("utf-8") for path in READERS.rglob("patterns/*.txt")}
    within = {f"{p.stem}.{n}" for p, t in texts.items() for n in re.findall(r"\{([a-z_]+)\}", t)}
    across = {name for text in texts.values() for name in re.findall(r"\{([a-z_]+\.\w+)\}", text)}
    called = {name for name in PATTERNS if f'"{name}"' in code or f"'{name}'" in code}
    assert {*PATTERNS} - within - across - called == set()


def test_patterns_are_written_as_they_are_read() -> None:
    """A blank at an end of a line is lost to programs that trim them."""
    for name in PATTERNS:
        file, _, key = name.partition(".")
        path = Path(patterns.__file__).with_name("patterns") / f"{file}.txt"
        lines = spelling.sections(path)[key]
        assert [line for line in lines if line != line.rstrip()] == [], name
        assert not lines[0].startswith(" "), name
        assert [line for line in lines if MISWRITTEN.search(line)] == [], name
        assert patterns.pattern(name).search("") is None or name in MAY_BE_EMPTY


# a name in [] that is none, an indent of other than four blanks, braces that are no reference: each
# would be read as part of a pattern, and nobody hear of it
MISWRITTEN = re.compile(r"^\[[\w -]*\]$|^(?! {4}|\S)|\t|\{(?!\d+(?:,\d*)?\}|[a-z]\w*(?:\.\w+)?\})")


@pytest.mark.parametrize("line", ["[of some]", "   |b", "a{Name}b", "a{name }b"])
def test_what_is_nearly_a_name_or_an_indent_is_told(line: str) -> None:
    assert MISWRITTEN.search(line)
    assert not MISWRITTEN.search("    |[ab]{name}{1,3}{file.name}[ ]")


MAY_BE_EMPTY = {"asides.when", "asides.span", "denials.degree", "denials.not_sharing",
                "denials.sharing", "sentences.judges"}  # fmt: skip
"""Parts of others."""


def test_a_pattern_is_made_of_its_lines_and_of_others() -> None:
    assert patterns.pattern("algorithms.in_titles").fullmatch("photodna hashes") is None
    assert patterns.pattern("algorithms.in_titles").fullmatch("photodnahashes")
    assert patterns.pattern("titles.hashed_parts").search("md5 of thumbnails")  # a list of words
    assert patterns.pattern("sentences.closing").fullmatch("best wishes,")
    with pytest.raises(KeyError, match="no_such"):
        patterns.pattern("titles.no_such")


def test_no_list_holds_a_word_twice() -> None:
    """Nor one that a stem of it stands for."""
    for name, text in LISTS.items():
        forms = [words_in(word) for word in text.split()]
        held = Counter(form for some in forms for form in some)
        again = [w for w, some in zip(text.split(), forms, strict=True) if _is_idle(some, held)]
        assert [w for w in again if w.isascii()] == [], name


def _is_idle(forms: frozenset[str], held: Counter[str]) -> bool:
    return all(held[form] > 1 for form in forms)


def test_lists_hold_the_words_of_lists() -> None:
    assert set(LISTS["pictures"].split()) < set(expanded("{image}").split())
    assert words_in("{pictures} zzz") == words_in(LISTS["pictures"]) | {"zzz"}
    with pytest.raises(KeyError, match="no_such_list"):
        expanded("{no_such_list}")
