"""How words of a column weigh whose name is not known: as verdicts, or as names of things.

Nobody knows all words of all givers. But verdicts are words of a few kinds: participles, verbs in
one form, small words such as `out`, denials. Towns, makers and programs are written as names are,
and one that is known tells what the others are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

from relaion.lists.readers.tables.notes import ALONE, SPEAKS
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.answers import answer_of
from relaion.lists.readers.vocabulary.days import MONTHS
from relaion.lists.readers.vocabulary.patterns import pattern
from relaion.lists.readers.vocabulary.spelling import folded, words_in

_VERDICTS = words_in("{verdicts}")
_KNOWN = (
    _VERDICTS
    | SPEAKS.keys()
    | ALONE.keys()
    | words_in(
        "{listed} {added} {unlawful} {notes_doubted} {uncertain} {mistaken} {wrong} {recalls} "
        "{to_remove} {taken_in}"
    )
)
_PARTICLES = words_in("{particles}")
_NOT = words_in("{negations}")
_TOPICS = (words_in("{places} {things} {topics} {colours} {weekdays}") | MONTHS) - _KNOWN
_LEAST = 3  # words: `Treffer` and `Niete` are written as names are, too
_SHORTEST = 4  # letters of a word that tells a topic, or looks like a name
# how verdicts end, and begin, in the languages that are known here; accents are told apart
_SHAPES = pattern("notes.like_verdicts")


_PHRASE = pattern("notes.lets_go")


@lru_cache(65536)
def weighs(word: str) -> bool:
    """Whether a word, in lower case, may be said of a record and not of a thing."""
    if is_topical(word):
        return False
    bare = word.strip("()[]{}<>.*!?\"' ")
    pieces = [p for p in re.split(r"[\W_]+", folded(bare)) if p]
    if is_verdict(word) or answer_of(bare) is not None or not pieces:
        return True
    if _PHRASE.search(folded(bare)):
        return True
    if pieces[0] in _NOT | _PARTICLES or (len(pieces) == 1 and len(pieces[0]) < _SHORTEST):
        return True
    return any(map(_SHAPES.fullmatch, re.split(r"[\W_]+", bare)))


def is_verdict(word: str) -> bool:
    """Whether a word, or one of its words, is one that we know to be said of records."""
    pieces = [p for p in re.split(r"[\W_]+", folded(word)) if p]
    is_said = "".join(pieces) in _KNOWN or _PHRASE.search(" ".join(pieces)) is not None
    return is_said or any(p in _VERDICTS for p in pieces)


def lets_go(text: str) -> bool:
    """Whether a text holds a phrase by which something is let go: `order lifted`."""
    return _PHRASE.search(folded(text)) is not None


def is_topical(word: str) -> bool:
    """Whether a word is a name of a place or of a thing that is known."""
    plain = names.squeezed(word)
    return len(plain) >= _SHORTEST - 1 and plain in _TOPICS


def are_of_one_form(told: Collection[str]) -> bool:
    """Whether words end alike, as verbs of one form do: `garder`, `jeter`."""
    ends = {word[-2:] for word in told}
    return (
        len(told) > 1 and len(ends) == 1 and all(len(w) > _SHORTEST and w.isalpha() for w in told)
    )


def look_like_names(told: Sequence[str], spelled: Mapping[str, str]) -> bool:
    """Whether words are written as names are: with a capital, or with capitals within."""
    return all(
        re.match(r"[^\W\d_]", s) and any(map(str.isupper, s)) and len(s) >= _SHORTEST
        for s in (spelled.get(word, word) for word in told)
    )


def describe(told: Sequence[str], spelled: Mapping[str, str], *, is_read: bool) -> bool:
    """Whether words tell of things: none may be a verdict, and one is known, or some look so.

    `spelled` are the words as they stand; `is_read`: the language of the file is one of ours.
    """
    if any(map(weighs, told)) or are_of_one_form(told):
        return False
    if any(re.search(r"[^\W\d_A-Z][A-Z]", spelled.get(word, word)) for word in told):
        return True  # `exFAT`: no verdict has a capital within
    is_one = is_read and len(told) >= _LEAST and look_like_names(told, spelled)
    return is_one or any(map(is_topical, told))


_LIGHTS = [words_in(light) for light in ("{lights_red}", "{lights_green}", "{lights_yellow}")]
_HUES = words_in("hair skin eyes eye clothing shirt car wall background folder dress")
_COLOURED = words_in("{colour_names}")


def are_lights(told: Collection[str], name: str) -> bool:
    """Whether words are red and green, as traffic lights are, and their name is of no colour."""
    plain = {names.squeezed(word) for word in told}
    is_of_lights = plain <= _LIGHTS[0] | _LIGHTS[1] | _LIGHTS[2]
    has_both = bool(plain & _LIGHTS[0]) and bool(plain & _LIGHTS[1])
    if has_both and is_of_lights:
        return _COLOURED.isdisjoint(names.words_of(name))
    is_listed = plain >= {"black", "white"} and plain <= {"black", "white", "grey", "gray"}
    is_bare = is_of_colour(name) or len(names.words_of(name)) == 1
    return is_listed and is_bare and name.casefold() not in _HUES


def is_of_colour(name: str) -> bool:
    """Whether a column by its name tells a colour, and of nothing but a list."""
    told = {*names.words_of(name)} - {"list", "liste", "lista", "lijst"}
    return bool(told) and told <= _COLOURED


_MOST_SIGNS = 4  # characters


def are_marks(values: Collection[str]) -> bool:
    """Whether cells hold signs alone, such as `★` and `☆`, and not one sign as a measure."""
    told = [value for value in values if value.strip(" -–—.·/*'\"")]
    is_sign = all(len(v) <= _MOST_SIGNS and not any(map(str.isalnum, v)) for v in told)
    kinds = {c for value in told for c in value if c.isprintable() and c not in "\ufe0f "}
    return bool(told) and is_sign and (len(kinds) > 1 or "" in values)
