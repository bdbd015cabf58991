"""What the values of a column with a name say against what its name says."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from relaion.errors import ListError
from relaion.lists.digests import is_hex
from relaion.lists.readers.beside.few_words import is_measured
from relaion.lists.readers.beside.figures import SURE, measure_of
from relaion.lists.readers.format import ANY, Options
from relaion.lists.readers.lines.proxy import OUTCOMES, PASSES
from relaion.lists.readers.tables.columns import ListColumn, are_policies, are_signs
from relaion.lists.readers.tables.decisions import media_word, type_of, word_of_any
from relaion.lists.readers.tables.listed_columns import is_replaced
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.answers import answer_of
from relaion.lists.readers.vocabulary.days import days_of, days_within
from relaion.lists.readers.vocabulary.spelling import words_in
from relaion.lists.values import shape
from relaion.roles import IMAGE_KINDS

_DATED = words_in("published listed publié publiée publicad* pubblicat* gelistet veröffentlicht")
_OBJECTS = words_in("object objects asset assets subject target")
_TO = words_in("to thru through au al ao a à tot til till do po до по")
_OF_POLICE = words_in("operation operación operazione operação operacja operace")
_SIGN = 3
_WORDS = re.compile(r"(?=.{1,20}\Z)[^\W\d_]+(?:[ _-][^\W\d_]+)*")
_SIZE = re.compile(r"(?i)\d+ ?[x×*] ?\d+|\d+(?:[.,]\d+)? ?(?:dpi|ppi|mp|px|p)")


def signed(column: ListColumn, body: Sequence[Sequence[str]], options: Options) -> ListColumn:
    """A column, of another kind where what stands in it shows that its name says another thing."""
    cells = [row[column.index] for row in body if column.index < len(row)]
    filled = [cell for cell in map(str.strip, cells) if cell]
    if told := _told_by_cells(column, cells, filled):
        return told
    if column.word in _OF_POLICE and filled and not any(map(word_of_any, filled)):
        is_sign = all(len(cell) < _SIGN for cell in filled)  # `I`, `U`, `D`
        return column if is_sign else replace(column, what=names.UNKNOWN, word="")
    is_kind = column.what in (names.MEDIA, names.CATEGORY, names.TYPE) or column.word == "class"
    is_of_other = is_kind and is_measured(column.name, column.word)
    is_of_other = is_of_other or column.word == "verfahren"  # of police, or of making a digest
    is_of_other = is_of_other and not any(map(word_of_any, filled))
    is_size = column.word == "resolution" and all(map(_SIZE.fullmatch, filled))
    if filled and (is_of_other or is_size):
        return replace(column, what=names.UNKNOWN, word="")
    is_sign = column.what == names.UNKNOWN and are_signs(cells)
    is_beside = column.what in (names.UNKNOWN, names.NOTE, names.REFERENCE, names.OTHER)
    if options.scope == "host" and column.what != "ignored":
        if names.squeezed(column.name) in PASSES:  # whether `yes` lets a host pass is asked for
            return replace(column, what=names.GONE, word="known")
        is_sign = is_sign or (is_beside and are_policies(cells, OUTCOMES))
    return replace(column, what=names.STANDING) if is_sign else column


def _told_by_cells(
    column: ListColumn, cells: Sequence[str], filled: Sequence[str]
) -> ListColumn | None:
    """A column whose cells are all of one kind, which its name does not say."""
    each = {*filled}
    is_mark = each and all(answer_of(cell) is not None or days_of(cell) for cell in each)
    is_several = all(answer_of(x.strip()) is not None for cell in each for x in cell.split(","))
    if each and (is_mark or is_several) and is_replaced(column):  # `hash_removed` with yes and no
        return replace(column, what=names.GONE)
    if column.what == names.CATEGORY and measure_of(column.name) == SURE:
        return replace(column, what=names.CONFIDENCE, word="confidence")  # `confidence level`
    is_of_object = column.what in (names.OTHER, names.CAPTION) and column.word in _OBJECTS
    if is_of_object and _are_media(filled):
        return replace(column, what=names.MEDIA)
    if _is_of_words(column, filled):  # `hashed`: file, path
        return replace(column, what=names.UNKNOWN, kinds=(), word="")
    if column.word.endswith("of") and sum(map(bool, map(shape, filled))) * 2 > len(filled):
        return replace(column, what=names.ENTRY, kinds=ANY)  # of one thing: its name is `MD5 of`
    return _of_days(column, cells, filled)


def typed(columns: list[ListColumn], body: Sequence[Sequence[str]]) -> list[ListColumn]:
    """The columns; beside entries under no known name one may be of algorithms: `Art`, `Wert`."""
    if any(c.what == names.ENTRY and not c.is_said for c in columns):
        return columns
    return [
        replace(c, what=names.TYPE)
        if c.what == names.UNKNOWN and _are_types({r[c.index] for r in body if len(r) > c.index})
        else c
        for c in columns
    ]


def _are_types(each: set[str]) -> bool:
    """Whether different cells are algorithms, few of them, and one is of digests of files."""
    each = {*filter(None, map(str.strip, each))}
    told = [type_of(cell) for cell in each] if 0 < len(each) <= _FEW else []
    is_one = any(s and any(k in IMAGE_KINDS for k in s.kinds) for s in told)
    return is_one and all(s is not None for s in told)


def _is_of_words(column: ListColumn, filled: Sequence[str]) -> bool:
    """Whether a column is called as one of digests is, such as `Revisión`, and holds few words."""
    is_other = column.what == names.OTHER and not is_replaced(column) and all(map(_is_word, filled))
    is_called = column.what == names.ENTRY or is_other
    is_one = is_called and not column.is_said and 0 < len({*filled}) <= _FEW
    return is_one and all(map(_WORDS.fullmatch, filled))


def _is_word(cell: str) -> bool:
    """Whether a cell is written as a word is, and not as a digest."""
    return not is_hex(cell) and cell in (cell.lower(), cell.capitalize(), cell.title())


def _of_days(column: ListColumn, cells: Sequence[str], filled: Sequence[str]) -> ListColumn | None:
    """A column of days alone: until when rows count, or since when; None for any other."""
    each = {*filled}
    if not each or not all(map(days_of, each)):
        return None
    if column.what == names.UNKNOWN and names.squeezed(column.name) in _TO:
        return replace(column, what=names.UNTIL, word=names.TO)
    is_span = any(len(days_within(cell)) > 1 for cell in each)  # its end may be that of its entry
    is_whole = len(filled) == len(cells) and not is_span and not any(map(_is_to_come, each))
    is_since = column.what == names.STANDING or column.word in _DATED  # `Checked`, `Listed on`
    if is_whole and is_since and column.what in (names.STANDING, names.STILL):
        return replace(column, what=names.LAST)
    return None


def _is_to_come(cell: str) -> bool:
    return any(day > date.today() for day in days_of(cell))


def _are_media(filled: Sequence[str]) -> bool:
    """Whether few different words tell of what rows are, one of them of pictures."""
    told = {cell.casefold() for cell in filled}
    says = [media_word(word) for word in told] if len(told) <= _FEW else []
    return any(s is not None and s.media == "image" for s in says)


_FEW = 20


def refuse_perceptual(
    columns: Sequence[ListColumn], body: Sequence[Sequence[str]], options: Options
) -> None:
    """Raise ListError where digests of 64 digits are rated, as PDQ hashes are and no SHA-256 is."""
    rated = next((c for c in columns if names.squeezed(c.name) in _RATINGS), None)
    if rated is None or options.kind is not None:
        return
    for c in columns:
        if c.what != names.ENTRY or c.is_said or c.word.endswith("256"):
            continue
        cells = [row[c.index] for row in body if c.index < len(row) and row[c.index]]
        if cells and sum(shape(cell) == "sha256" for cell in cells) * 2 > len(cells):
            raise ListError(
                f"column {c.told} holds digests of 64 digits beside {rated.told}, as lists of PDQ "
                "hashes do, which match no image digest; if they are SHA-256, say "
                f"--column sha256={c.index + 1}"
            )


_RATINGS = frozenset((
    "quality", "pdqquality", "hashquality", "distance", "hamming", "hammingdistance",
    "pdqdistance", "hammingthreshold", "pdqthreshold",
))  # fmt: skip
