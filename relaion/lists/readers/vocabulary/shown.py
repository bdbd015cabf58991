"""What a text beside an entry says that its picture shows: a child, a grown-up, a thing.

A picture of a grown-up or of a logo may have been listed by mistake, or a whole file may tell of
what was looked at. Texts that say so of a few words say nothing else; beside texts that speak of
children one word is enough.
"""

import re
from functools import lru_cache

from relaion.lists.readers.vocabulary.patterns import pattern
from relaion.lists.readers.vocabulary.spelling import folded, words_in

CHILD = "a child"
_CHILDREN = words_in("{shown_child}") - words_in("junge jungen man abus abuse")
_BOYS = words_in("junge jungen")  # `junge Frau`
_GROWN_UP = words_in("{shown_grown_up} {of_age}")
_ELSE = words_in("{shown_else}")
_BESIDE = words_in("{beside_shown}")
_ABUSE = words_in("abuse abusive abus abuso missbrauch misbruik csam csem explicit")
_WORDS = re.compile(r"[^\W_]+")
_LONGEST = 200  # characters
_MOST = 12  # words of a text of which all are known
_NO_SEX = pattern("notes.no_sex")


@lru_cache(65536)
def shown_by(text: str, *, is_whole: bool) -> str | None:
    """What a text says is shown that is no child; CHILD where it speaks of one; None for neither.

    `is_whole`: only where it says nothing else, and then never of a child.
    """
    if len(text) > _LONGEST:
        return None
    plain = folded(text)
    told = _WORDS.findall(plain)
    kept = {word for word in told if word not in _BOYS or len(told) == 1 or word != "junge"}
    is_boy = not _BOYS.isdisjoint(told) and _GROWN_UP.isdisjoint(told)
    if is_boy or not _CHILDREN.isdisjoint(kept):
        return None if is_whole else CHILD
    told_of = [word for word in told if word in _GROWN_UP or word in _ELSE]
    if is_whole:
        is_all = all(w in _GROWN_UP or w in _ELSE or w in _BESIDE or w.isdigit() for w in told)
        return told_of[0] if told_of and is_all and len(told) <= _MOST else None
    if not _ABUSE.isdisjoint(told):
        return CHILD
    if found := _NO_SEX.search(plain):
        return found[0]
    return told_of[0] if told_of else None
