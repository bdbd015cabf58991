"""What the values of a column with a name say against what its name says."""

import re
from collections.abc import Sequence
from dataclasses import replace

from relaion.errors import ListError
from relaion.lists.readers.format import ANY, Options
from relaion.lists.readers.lines.proxy import OUTCOMES, PASSES
from relaion.lists.readers.tables.columns import ListColumn, are_policies, are_signs
from relaion.lists.readers.tables.decisions import word_of_any
from relaion.lists.readers.tables.replaced import is_replaced
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.answers import answer_of
from relaion.lists.readers.vocabulary.days import days_of
from relaion.lists.readers.vocabulary.few_words import is_measured
from relaion.lists.readers.vocabulary.words import words_in
from relaion.lists.values import shape

_OF_POLICE = words_in("operation operación operazione operação operacja operace")
_SIGN = 3
_SIZE = re.compile(r"(?i)\d+ ?[x×*] ?\d+|\d+(?:[.,]\d+)? ?(?:dpi|ppi|mp|px|p)")


def signed(column: ListColumn, body: Sequence[Sequence[str]], options: Options) -> ListColumn:
    """A column, of another kind where what stands in it shows that its name says another thing."""
    cells = [row[column.index] for row in body if column.index < len(row)]
    filled = [cell for cell in map(str.strip, cells) if cell]
    is_mark = filled and all(answer_of(cell) is not None or days_of(cell) for cell in filled)
    if is_mark and is_replaced(column):  # `hash_removed` with yes and no
        return replace(column, what=names.GONE)
    if column.word.endswith("of") and sum(map(bool, map(shape, filled))) * 2 > len(filled):
        return replace(column, what=names.ENTRY, kinds=ANY)  # of one thing: its name is `MD5 of`
    if column.word in _OF_POLICE and filled and not any(map(word_of_any, filled)):
        is_sign = all(len(cell) < _SIGN for cell in filled)  # `I`, `U`, `D`
        return column if is_sign else replace(column, what=names.UNKNOWN, word="")
    is_kind = column.what in (names.MEDIA, names.CATEGORY, names.TYPE) or column.word == "class"
    is_of_other = is_kind and is_measured(column.name, column.word)
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
