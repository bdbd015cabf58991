"""Codes of few signs, such as 1 and 9, and the legend that says what they mean.

What a code means stands in a line above or below a table, or nowhere. A legend is read so far that
a column of its codes is asked about: `Codes: 1 = confirmed, 9 = withdrawn`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from relaion.lists.readers.beside import weights
from relaion.lists.readers.tables.decisions import lists, read_word
from relaion.lists.readers.tables.notes import read_note, read_short
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.spelling import words_in
from relaion.lists.readers.vocabulary.trials import trial_in

_NAMES = words_in("{code_names}")
_NAMED = re.compile(
    r"rc|cd|\w*(?:codes?|kod[ei]?|kode[nr]?|codigos?|codici?e?|kennzeichen|kennziffer)"
)
_CODE = re.compile(r"0x[0-9a-f]{1,4}|[-+]?\d{1,3}|[^\W\d_]|[^\W\d_]{1,2}\d|\d[^\W\d_]")
_MOST = 9  # codes of a column that decides
_ONE = r"(?P<code>[-+]?\d{1,3}|[^\W\d_]{1,2}\d{0,2}|\d{1,2}[^\W\d_])"
_SAYS = (
    rf"['\"‘“(\[]?(?<![\w.,/-]){_ONE}['\"’”)\]]?\s*"
    r"(?:=>?|:|->|→|–|—|-(?=\s)|\b(?:means|stands for|is|are|bedeutet|heißt|steht für|signifie"
    r"|veut dire|significa|quiere decir|betekent|betyder|betyr|tarkoittaa|jelentése|oznacza"
    r"|znamená|означает|anlamına gelir)\b)\s*(?P<means>[^\W\d_][^,;|\n]*)"
)
_PAIR = re.compile(_SAYS)
_BARE = re.compile(rf"(?<![\w.,/-]){_ONE}\s(?P<means>[^\W\d_][^,;|\n]*)")
_LEGEND = re.compile(
    r"(?i)\s*[#;/*\"'(\[]*\s*(?:legend|key|codes?|legende|schlüssel|kürzel|kz|kennziffern?|légende"
    r"|leyenda|clave|códigos?|legenda|codici?|codigos?|state|status|kodes?|koodit?|kody|коды?)\b"
)
_LONGEST = 300  # characters of a line
_ENTRY = re.compile(r"[0-9A-Fa-f]{32}|://")


def is_of_codes(name: str) -> bool:
    """Whether a column by its name holds codes, of whatever."""
    told = names.words_of(name)
    is_one = bool(told) and all(word in _NAMES for word in told)
    is_one = is_one or (len(told) == 1 and names.is_cut_off(told[0]))
    return is_one or any(map(_NAMED.fullmatch, told))


def are_codes(told: Collection[str]) -> bool:
    """Whether the different cells of a column are codes, and few."""
    return 0 < len(told) <= _MOST and all(map(_CODE.fullmatch, told))


@dataclass(frozen=True)
class Legend:
    """Codes, in lower case, of which a legend says that their rows are not listed, or may say so.

    Only words that surely take out are heeded in a column of grades: `B = non-penetrative`.
    """

    sure: frozenset[str] = frozenset()
    perhaps: frozenset[str] = frozenset()


NO_LEGEND = Legend()


def legend_in(lines: Iterable[str]) -> Legend:
    """The legend in the lines of a text that hold no entry."""
    found: dict[str, str] = {}
    for line in lines:
        if len(line) > _LONGEST or _ENTRY.search(line):
            continue
        pairs, is_said = [*_PAIR.finditer(line)], _LEGEND.match(line) is not None
        if len(pairs) > 1 or is_said or (pairs and "=" in line):
            bare = _BARE.finditer(line) if is_said and len(pairs) < 2 else ()
            found |= {p["code"].casefold(): p["means"] for p in (*bare, *pairs)}
    sure = frozenset(code for code, means in found.items() if _takes_out(means))
    others = found.items() if sure else ()  # a legend of verdicts has one that is known
    return Legend(sure, frozenset(code for code, means in others if _may_take_out(means)))


def _bare(means: str) -> str:
    return means.strip(" .)]\"'\t\r")


def _takes_out(means: str) -> bool:
    bare = _bare(means)
    said = read_note(bare) or read_short(bare)
    is_word = read_word(names.STANDING, bare).fate is not None
    return said is not None or is_word or bool(trial_in("", bare))


def _may_take_out(means: str) -> bool:
    bare = _bare(means).casefold()
    return not lists(bare) and (weights.is_verdict(bare) or weights.weighs(bare))
