"""Names of fields within others, `_source / md5`: where the outer one wraps whatever it holds.

Data bases and services wrap each of their records: its last name alone says what a field is. A name
that tells of what the inner one is (`thumbnail / md5`, `previous / md5`) is no wrapper.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from relaion.lists.readers.format import BETWEEN
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.names import NameSays
from relaion.lists.readers.vocabulary.spelling import words_in

_WRAPPERS = words_in("{wrapper_names}")
_MAY_WRAP = words_in("doc docs document documents body object objects")
"""These are wrappers where nothing else holds entries: a document may be a PDF, too."""
_OF_RECORD = words_in("{names_of_a_record}")
_ABOUT = words_in("{about_a_record}")
"""What stands in these is of the record, and its last name says what it decides."""
_MAY_BE = (
    names.UNKNOWN, names.NOTE, names.GONE, names.STILL, names.STANDING, names.ENTRY,
)  # fmt: skip
_LINKS = words_in("{link_names}")
_OF_WHAT = words_in("{of_what_names}")
_TYPED = re.compile(rf"(.*)(?:\.|{re.escape(BETWEEN)})\$\w+", re.S)
"""A name, and what only tells of what type its value is: `deleted / $numberInt`, `seen.$date`."""
_DOTTED = re.compile(r"[\w@$-]+(?:\.[\w@$-]+)+")


def parts_of(name: str) -> list[str]:
    """The names of a path, from without; one for a name that is none."""
    return name.split(".") if _DOTTED.fullmatch(name) else name.split(BETWEEN)


def is_within(name: str) -> bool:
    """Whether a name is of a field within another that only tells of what is listed: `page.md5`."""
    return any(names.read_name(part).what == names.REFERENCE for part in parts_of(name)[:-1])


def _bare(part: str) -> str:
    plain = part.strip().strip("$@").casefold()
    return plain if plain == "_source" else plain.strip("_")


@lru_cache(4096)
def read_path(name: str, said: str | None = None, *, may_wrap: bool = False) -> NameSays:
    """What a name says, as `read_name` does, where outer names may only wrap the last one.

    `may_wrap`: the names that can be of something else wrap, too.
    """
    while typed := _TYPED.fullmatch(name):
        name = typed[1]
    says = names.read_name(name, said)
    *outer, last = parts_of(name)
    if not outer:
        return says
    if (of := names.read_name(last, said)).what == names.MEDIA and of.word in _OF_WHAT:
        return of  # wherever it stands
    if says.what == names.GONE and says.word == names.TAKEN_DOWN:
        # the file that is a record, and none on a host
        inner = names.read_name(last, said)
        is_own = all(_bare(p) in _OF_RECORD | _WRAPPERS for p in outer)
        return inner if is_own and inner.what == names.GONE else says
    is_beside = all(_bare(p) in _ABOUT | _WRAPPERS | _OF_RECORD for p in outer)
    if is_beside and says.what in _MAY_BE:
        inner = names.read_name(last, said)
        heard = names.DECIDING if says.what == names.ENTRY else (names.GONE, names.UNTIL)
        if inner.what in heard and inner.word != names.TAKEN_DOWN:
            return inner
    wrap = _WRAPPERS | _MAY_WRAP if may_wrap else _WRAPPERS
    kept = [part for part in outer if _bare(part) not in wrap]
    is_open = says.what in (names.UNKNOWN, names.OTHER) or says.is_weak  # `_source` is no source
    if not is_open or len(kept) == len(outer):
        return says
    inner = names.read_name(BETWEEN.join((*kept, last)), said)
    return inner if inner.what == names.ENTRY else says


def read_paths(told: Sequence[str], said: str | None = None) -> list[NameSays]:
    """What names beside each other say."""
    found = [read_path(name, said) for name in told]
    if any(says.what == names.ENTRY for says in found):
        return found
    wrapped = [read_path(name, said, may_wrap=True) for name in told]
    outer = {tuple(parts_of(n)[:-1]) for n, s in zip(told, wrapped, strict=True)
             if s.what == names.ENTRY}  # fmt: skip
    if len(outer) != 1:
        return found
    return [
        w if w.what == names.ENTRY and _LINKS.isdisjoint(names.words_of(parts_of(n)[-1])) else f
        for n, w, f in zip(told, wrapped, found, strict=True)
    ]
