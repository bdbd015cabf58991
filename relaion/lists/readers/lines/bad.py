"""What no list of what is known good may say: that it holds what is listed as bad.

Such a list takes entries out of all others, so a partner's list that is added with `--role good` by
mistake would undo them. Its name, its titles, its columns and what stands beside its entries are
looked at; `not csam`, `false positives of the CSAM list`, `checked against csam` say the contrary.
"""

from __future__ import annotations

import re
from functools import lru_cache

from relaion.errors import ListError
from relaion.lists.readers.format import OF_FILE, OF_NAME, Options
from relaion.lists.readers.lines import titles
from relaion.lists.readers.tables.columns import ListColumn
from relaion.lists.readers.tables.decisions import is_named, option_name
from relaion.lists.readers.tables.said import WordSays
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.spelling import words_in

_BAD = words_in("{abuse} {lists_of_bad}")
_GRADE = re.compile(
    r"\b(?:cat|category|kategorie|categorie|categoria|kategori|severity|grade) [abc] ?[1-5]?\b"
    r"|\biwf [abc][1-5]?\b|\b(?:caid|vics?) cat(?:egory)? [1-3]\b"
)
_CONTRARY = words_in(
    "{negations} {compared_with} {good} {good_alone} {mistakes} {titles_good} "
"{titles_plainly_good} wrongly falsely mistakenly wrong false cleared suspected alleged "
"excluded fälschlich nonpertinent"
) - words_in("n")  # fmt: skip
_BARE_GRADE = re.compile(r"(?:iwf )?[abc][1-5]?")
_SAYS = (
    "{what} says that {it} holds what is listed as bad ({word}), and --role good is for what is "
)
_CHOICE = (
    "known good: add it without --role good; if it is known good after all, say --ignore {option}"
)
_SHORT = 5  # words of a cell that is no text
_TEXTS = frozenset((names.FILE_NAME, names.CAPTION, names.REFERENCE))
_OF_SOFTWARE = words_in("product package application program programme software os vendor")
_SIGNS = ("#", "//", ";", "!", "%", "[", "=", "-", "*")


@lru_cache(65536)
def word_of_bad(text: str) -> str | None:
    """The word by which a text says that it speaks of what is bad; None where it does not."""
    units = titles.units_of(text)
    if not _CONTRARY.isdisjoint(units):
        return None
    word = next((unit for unit in units if unit in _BAD), None)
    found = None if word else _GRADE.search(" ".join(units))
    return found[0].strip() if found else word


@lru_cache(65536)
def cell_of_bad(cell: str, what: str) -> str | None:
    """The same of a cell in a column for `what`: nothing else may stand in it, but for a note."""
    if what in _TEXTS or not (word := word_of_bad(cell)):
        is_grade = what == names.SEVERITY and _BARE_GRADE.fullmatch(cell.strip().casefold())
        return cell.strip() if is_grade else None
    units = titles.units_of(cell)
    is_plain = len(units) <= _SHORT and all(u in _BAD or titles.is_innocent(u) for u in units)
    return word if is_plain or what == names.NOTE else None


def refuse_bad_head(head: str, file_name: str, options: Options) -> None:
    """Raise ListError where a list of what is known good says above its entries that it is none."""
    if not options.is_good:
        return
    word = word_of_bad(re.sub(r"[\W_]+", " ", file_name))
    if word and OF_NAME not in options.ignore:
        raise ListError(_told("the file's name", "it", word, OF_NAME))
    for line in head.split("\n", 2000)[:2000]:
        bare = line.strip("\ufeff \t\r")
        if len(bare) <= titles.LONGEST_TITLE and (
            bare.startswith(_SIGNS) or titles.title_of(bare) is not None
        ):
            refuse_bad_title(bare, options)


def refuse_bad_title(line: str, options: Options) -> None:
    """Raise ListError where a title in a list of what is known good names what is bad."""
    is_heeded = options.is_good and OF_FILE not in options.ignore
    if is_heeded and not re.search(titles.NO_TITLE, line) and (word := word_of_bad(line)):
        raise ListError(_told("a title in it", "it", word, OF_FILE))


def refuse_bad_names(columns: tuple[ListColumn, ...], options: Options) -> None:
    """Raise ListError where a column of such a list is called after what is bad."""
    chosen = {*options.where, *options.ignore}
    for c in columns if options.is_good else ():
        is_said = any(is_named(said, c.name, c.index) for said in chosen)
        if not is_said and (word := word_of_bad(" ".join(names.words_of(c.name)))):
            raise ListError(_told(f"the name of column {c.told}", "it", word, _option(c)))


def refuse_bad_cell(cell: str, column: ListColumn) -> None:
    """Raise ListError where a cell of such a list says that its row is bad."""
    is_name = not _OF_SOFTWARE.isdisjoint(names.words_of(column.name))  # a game may be `Abuse`
    if not is_name and (word := cell_of_bad(cell, column.what)):
        raise ListError(_told(f"column {column.told}", "a row", word, _option(column)))


def _option(column: ListColumn) -> str:
    return option_name(column.name, column.index)


def _told(what: str, it: str, word: str, option: str) -> str:
    return _SAYS.format(what=what, it=it, word=word) + _CHOICE.format(option=option)


def says_bad(says: WordSays, cell: str) -> bool:
    """Whether a word lists its record: an empty cell, or one of media or kinds, does not."""
    return says.fate is None and says.is_sure and bool(cell) and not (says.kinds or says.media)
