"""What the fields around records say of all of them: of what their digests are, and which go out.

Fields stand around an array of records, in a line before them, or beside columns that are written
as arrays. None of it is passed over: what it says is heeded, or asked about.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from relaion.errors import ListError
from relaion.lists.readers.beside.few_words import of_nothing
from relaion.lists.readers.documents.json_rows import option_of
from relaion.lists.readers.format import BETWEEN, Options
from relaion.lists.readers.lines import titles
from relaion.lists.readers.lines.signs import is_sign_alone
from relaion.lists.readers.tables.decisions import media_word, type_of, word_of_any
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.of_what import ELSE, LINK, is_of_what
from relaion.lists.readers.vocabulary.of_what import of_what as of_word
from relaion.lists.readers.vocabulary.spelling import words_in
from relaion.lists.values import told as say
from relaion.roles import HASHED_LINK_KINDS

OF_ELSE = "of something else"
_MOST = 1000  # places of texts around records
_AT_ONE = 1000  # texts at one; of more, the last is kept, too
_OF_HASHES = words_in("{of_hashing}")
_SAYS_OF = re.compile(
    r"(?i)(?:[\w-]+\s){0,4}(?:md-?5|sha-?1|sha-?256|hash|digest|checksum|fingerprint)(?:es|s)?"
    r"(?:\s(?:hash|digest|sum)(?:es|s)?)?(?:\s(?:of|over|on|from)|\s(?:was|were|is|are)"
    r"(?:\s\w+)?\s(?:of|over|on|from))\s(?:(?:the|a|all|its|their|each)\s)*"
    r"(?P<what>[\w-]+)(?:\s(?P<next>[\w-]+))?"
)
_NEXT = re.compile(  # `file names`, `user content`: the second word says it
    r"(?i)(?:names?|paths?|titles?|texts?|captions?|strings?|urls?|uris?|links?|address(?:es)?"
    r"|thumb(?:nail)?s?|frames?|previews?|contents?|images?|pictures?|photos?|files?|media"
    r"|materials?|uploads?)"
)
_TYPES = words_in("kind type format")
_OF_LINK = re.compile(r"(?i)(?:url|uri|link|href|address|web-?address|permalink)(?:es|s)?")
_ONE = re.compile(r"[\w-]{2,40}")


def of_what(name: str, text: str, options: Options) -> str | None:
    """What a text called so says that digests are of, where it is no file; None where nothing.

    Raises ListError where it is of links, and the curator did not say of what they are.
    """
    found = _SAYS_OF.match(text.strip())
    told = set(names.words_of(name))
    if is_of_what(names.read_name(name).word) or told == {"input"}:
        of = of_word(text)
        if of == LINK:
            _refuse_of_links(name, text, options)
        return f"{OF_ELSE} ({say(text.strip())})" if of == ELSE else None
    if found:
        what = found["what"]
        is_of_film = (said := media_word(what)) is not None and said.fate is not None
        if found["next"] and _NEXT.fullmatch(found["next"]) and not is_of_film:
            what = found["next"] if found["next"] != "name" else "filename"
    elif _ONE.fullmatch(text.strip()) and told & _OF_HASHES:
        what = text.strip()
        if told & _OF_HASHES <= _TYPES and not _has_algorithm(what):
            return None  # `type` may be of whatever
    else:
        return None
    says = names.read_name(what if _has_algorithm(what) else f"{what} md5")
    is_of_link = _OF_LINK.fullmatch(what) is not None or (
        says.what == names.ENTRY and set(says.kinds) <= set(HASHED_LINK_KINDS)
    )
    typed = type_of(what)
    if is_of_link and (found or typed is None or set(typed.kinds) <= set(HASHED_LINK_KINDS)):
        if found or _has_algorithm(what):
            _refuse_of_links(name, text, options)
        return None
    return f"{OF_ELSE} ({say(says.word)})" if says.what == names.OTHER else None


def _refuse_of_links(name: str, text: str, options: Options) -> None:
    if not options.kind:
        raise ListError(
            f"{say(name)} in it says that its digests are of links; if they are, say --kind "
            f"{(kind := _kind_of(text))}, and else --kind {kind.replace('url', 'image')}"
        )


def _has_algorithm(text: str) -> bool:
    return not {"md5", "sha1", "sha256", "hash", "hashes"}.isdisjoint(names.words_of(text))


def _kind_of(text: str) -> str:
    told = names.words_of(text)
    return f"url_{next((w for w in told if w in ('md5', 'sha1', 'sha256')), 'md5')}"


# -- Arrays that stand beside the entries --------------------------------------------------------


def refuse_beside(
    entries: Sequence[tuple[tuple[str, ...], int]],
    others: Mapping[tuple[str, ...], tuple[int, Sequence[Any]]],
) -> None:
    """Raise ListError where an array without entries says something of those of `entries`.

    `entries` are the arrays that hold entries, with how many values, none of them an object or 0;
    `others` how long each other array is and its first values, by its path.
    """
    if not entries:
        return
    told = ", ".join(say(BETWEEN.join(path[:-1])) for path, _ in entries)
    for path, (length, held) in others.items():
        name = BETWEEN.join(path[:-1])
        is_column = any(path[:-2] == other[:-2] and n == length > 1 for other, n in entries)
        if is_column and not _is_harmless(path[-2], held):
            raise ListError(
                f"holds its columns as arrays ({told}, {say(name)}), and one may decide of the "
                "other; make an object of each record, or, if it decides nothing, say --ignore "
                f"{option_of(name)}"
            )
        if any(takes_out(part) for part in path[:-1]):
            raise ListError(
                f"{say(name)} may name entries that are not listed, which nobody here can find; "
                f"take them out in a copy and say --ignore {option_of(name)}"
            )


def takes_out(name: str) -> bool:
    """Whether a name says that what it holds is not listed."""
    if names.read_name(name).what == names.GONE:
        return True
    bare = " ".join(names.words_of(name))
    return isinstance(found := titles.of_words(bare), str) and found in titles.TAKES_OUT


def _is_harmless(name: str, held: Sequence[Any]) -> bool:
    if names.read_name(name).what in names.DECIDING or any(isinstance(x, bool) for x in held):
        return False
    return of_nothing(name) and not any(word_of_any(x) for x in held if isinstance(x, str))


# -- Records that are none -----------------------------------------------------------------------


class TextsBeside:
    """Texts beside records by their path; where several stand at one, as of cases, all of them."""

    def __init__(self) -> None:
        self._at: dict[tuple[str, ...], dict[str, None]] = {}

    def put(self, path: tuple[str, ...], text: str) -> None:
        """Take in a text."""
        if len(self._at) < _MOST or path in self._at:
            at = self._at.setdefault(path, {})
            if len(at) >= _AT_ONE and text not in at:
                at.popitem()
            at[text] = None

    def all(self) -> list[tuple[tuple[str, ...], str]]:
        """Each text with its path."""
        return [(path, text) for path, at in self._at.items() for text in at]


class Heads:
    """Objects among records that hold no entry and no field of one: they speak of the others."""

    def __init__(self) -> None:
        self._fields: set[str] = set()  # of records
        self._shapes: set[tuple[str, ...]] = set()
        self._texts = TextsBeside()
        self.behind: set[tuple[str, ...]] = set()  # of texts that stand below a record

    def take(self, record: Mapping[str, Any], *, has_entry: bool) -> None:
        """Take in a record."""
        if has_entry:
            self._fields.update(map(str.casefold, record))
            self._shapes.add(tuple(record))
            return
        for path, text in _texts_of(record, ()):
            self._texts.put(path, text)
            if self._shapes and len(self.behind) < _MOST:
                self.behind.add(path)

    def knows(self, record: Mapping[str, Any]) -> bool:
        """Whether a record with these fields held an entry."""
        return tuple(record) in self._shapes

    @property
    def texts(self) -> list[tuple[tuple[str, ...], str]]:
        """What they say, each with its path, where others are records."""
        if not self._fields:
            return []
        return [(p, t) for p, t in self._texts.all() if p[0].casefold() not in self._fields]


def _texts_of(record: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[Any, str]]:
    for name, each in record.items():
        if isinstance(each, dict) and len(path) < 8:
            yield from _texts_of(each, (*path, name))
        elif isinstance(each, bool):
            yield (*path, name), str(each).lower()
        elif isinstance(each, str) and len(each) <= titles.LONGEST_TITLE:
            yield (*path, name), each


def speaks(values: Collection[str]) -> str | None:
    """The first of some texts by which a record would not be listed, or would."""

    def decides(text: str) -> bool:
        typed = type_of(text)
        is_out = typed is not None and typed.fate is not None
        is_out = is_out or word_of_any(text) == names.STANDING or is_sign_alone(text)
        return is_out or takes_out(text)

    return next(filter(decides, values), None)
