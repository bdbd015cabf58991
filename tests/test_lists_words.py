"""The lists of words in plain text: each is used, and holds a word once."""

import re
from collections import Counter
from pathlib import Path

import pytest

from relaion.lists.readers.vocabulary import wordlists
from relaion.lists.readers.vocabulary.spelling import words_in
from relaion.lists.readers.vocabulary.wordlists import expanded

READERS = Path(wordlists.__file__).parents[1]
LISTS = wordlists._lists()


def test_each_list_is_used() -> None:
    texts = [p.read_text("utf-8") for e in ("py", "txt") for p in READERS.rglob(f"*.{e}")]
    used = {name for text in texts for name in re.findall(r"\{([a-z_]+)\}", text)}
    assert LISTS.keys() - used == set()


@pytest.mark.parametrize("name", LISTS)
def test_no_list_holds_a_word_twice(name: str) -> None:
    """Nor one that a stem of it stands for."""
    forms = [words_in(word) for word in LISTS[name].split()]
    held = Counter(form for some in forms for form in some)
    again = [w for w, some in zip(LISTS[name].split(), forms, strict=True) if _is_idle(some, held)]
    assert [w for w in again if w.isascii()] == []


def _is_idle(forms: frozenset[str], held: Counter[str]) -> bool:
    return all(held[form] > 1 for form in forms)


def test_lists_hold_the_words_of_lists() -> None:
    assert set(LISTS["pictures"].split()) < set(expanded("{image}").split())
    assert words_in("{pictures} zzz") == words_in(LISTS["pictures"]) | {"zzz"}
    with pytest.raises(KeyError, match="no_such_list"):
        expanded("{no_such_list}")
