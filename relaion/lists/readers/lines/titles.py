"""Titles of a list and of its sections: what they say of the lines below.

`# removed`, `[deleted]`, `Known good:`, `## Videos`, a row of a table with one cell. What stands
below was taken back, is known good, of videos or of another algorithm, up to the next title:
its values are counted, and leave a list that the delivery brings up to date. Only short lines are
titles, and the words of one stand at its ends: `report removals to us` says nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from relaion.lists.readers import why
from relaion.lists.readers.lines.asks import asks_for_pictures, asks_out
from relaion.lists.readers.lines.signs import is_sign_alone
from relaion.lists.readers.tables.notes import ALONE, SPEAKS
from relaion.lists.readers.vocabulary import names, spelling
from relaion.lists.readers.vocabulary.asides import without_asides
from relaion.lists.readers.vocabulary.media import is_of_other_hash, names_litter, without_files
from relaion.lists.readers.vocabulary.patterns import pattern
from relaion.lists.readers.vocabulary.spelling import without_marks, words_in

LISTED, NEUTRAL, PICTURE, USABLE = "listed", "neutral", "of pictures", "of a usable algorithm"
UNKNOWN = "of words that nobody here knows"
OF_LINKS = "digests of links"
IS_OF = frozenset((why.VIDEO, why.NO_IMAGE, why.OTHER_HASH))
TAKES_OUT = IS_OF | {why.TAKEN_BACK, why.GOOD, why.DISPUTED, why.UNCONFIRMED}


class Doubted(Enum):
    """What a title may take out: `VALUES` of unknown words, `PICTURES` that it asks to remove."""

    ENTRIES, DIGESTS, VALUES, ABOVE, LINKS, PICTURES = range(6)


@dataclass(frozen=True)
class Doubt:
    """A title that may take out some of a list; `digits`: only digests of that length."""

    word: str
    of: Doubted = Doubted.ENTRIES
    digits: int = 0
    is_denial: bool = False


_SAY_LISTED = words_in("{listed} enabled") - words_in("{abuse}") - {"cp"}
_NOT_LISTED = frozenset(
    no + word for no in words_in("{negations} {no_longer}") - {"n", "plus"} for word in _SAY_LISTED
)
_GOOD = words_in("{good} {mistakes} {titles_good}")
_STRONG = (
    dict.fromkeys(_NOT_LISTED, why.TAKEN_BACK)
    | dict.fromkeys(words_in("{titles_taken_back} {do_not_use}"), why.TAKEN_BACK)
    | SPEAKS
)
for _word in (*_GOOD, *words_in("expires")):  # the head of a block list says `Expires: 1 day`
    _STRONG.pop(_word, None)
_OVER = (_NOT_LISTED - SPEAKS.keys()) | words_in("{no_longer}")  # of a list, or of something else
_STRONG |= dict.fromkeys(words_in("{no_longer}") - _STRONG.keys(), why.TAKEN_BACK)
_MISTAKEN = words_in("{mistaken}")
_APART = words_in("{headings_set_apart}")
_OFTEN = _APART - words_in("triage backlog rm rmv todelete tocheck unprocessed wl kg") | {"blad"}
"""Files are called so, whatever they hold; a sheet is a `blad`."""
_ALONE = (
    ALONE.keys() | words_in("{duplicates} {titles_doubted} {wrong} {to_remove}")
) - {"review"} - _STRONG.keys() - _GOOD  # fmt: skip
_UNCERTAIN = words_in("{uncertain}")
_ON = words_in("{listed} {added} block blocked blocklist blacklist denylist")
_TAKEN_IN = _ON | words_in("{taken_in}")
_PICTURE = words_in("{pictures_in_titles}")
_FILM = words_in("{films} mp4 mp4s mov avi mkv webm")
_NO_PICTURE = words_in("{no_pictures} {no_pictures_above}")
_TOPICS = "social media gambling streaming dating"  # of hosts
_HEADINGS = words_in(f"{{harmless_headings}} {{note_names}} {{fillers}} {{file_names}} {_TOPICS}")
_NAMED = words_in("{before_a_name}")
_ABUSE = words_in("{abuse}")
USABLE_NAME = re.compile(r"(?:md-?5|sha-?1|sha-?256)(?:s|sums?|hash(?:es)?)?")
_DIGITS = (("md|ed2k|imp|[ug]uid", 32), ("ripemd|rmd", 40), ("v?pdq|sha3|blake", 64))
# what lists of links and pictures were made from: `removed material` may be all that is listed
_MATTER = words_in("{matter_of_lists}")
_PLACES = re.compile(r"domains?|hosts?|(?:web)?sites?|domaines?")
_PURPOSE = re.compile(r"removal|remove|deletion|delete|drop(?:ped)?|withdraw|retract")
_TO_DO = re.compile(r"\b(?:to|zu|te) (?:be )?(?:remove|delete|drop|withdraw|retract|unblock)d?\b")
_BY = re.compile(r"\b(?:by|durch|par|por|door)\b")
_BUT = re.compile(r"exclud\w*|except|but|besides|ausser|hors|sauf|excepto|salvo|tranne|behalve")
_END = re.compile(r"end|ende|fin|fim|einde")
_PLAINLY_GOOD = words_in("{titles_plainly_good}")
_KNOWN = words_in("{titles_maybe_good}")
_NOT = words_in("{negations} {compared_with} removed excluding") - {"n"}
_LEFT_OUT = words_in("excluded filtered omitted leftout")
_PHRASE = pattern("titles.taken_off")
MADE_OF = pattern("titles.made_of")
OTHER = pattern("algorithms.in_titles")
_SENTENCE = pattern("titles.sentence")
_LEFT_LIST = pattern("denials.left_list")
_ASKED = pattern("titles.asked")
_TO_CONFIRM = pattern("titles.to_confirm")
_ORIGIN = pattern("titles.origin")
_NEXT_PART = pattern("titles.next_part")
_LINKS_HASHED = pattern("titles.links_hashed")
_CATEGORY = pattern("titles.category")
_SPACED = re.compile(r"\b(?:[a-z] ){3,}[a-z]\b")
SIGNS = " \t#/;!%*=~_<>|[](){}\"'`.,:-–—•·\ufeff"
_LONGEST = 4096  # characters of a line of names or words that are looked at
LONGEST_TITLE = 120  # characters
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_NUMBER = re.compile(r"(?<!\S)\d{4,}(?!\S)")  # of lines that are numbered, one is read
_PIECES = re.compile(r"[.!?;]\s+|\s[-–—]+\s|[()\[\]]+")
_FILE_END = re.compile(r"\.(?:txt|csv|tsv|lst|list|md|xlsx?)\Z")
NO_TITLE = r"[A-Za-z]\.[A-Za-z0-9]|[0-9]\.[A-Za-z]|\S@\S|\\|[0-9A-Fa-f]{16}|://|\S{40}"
_SIGNED = re.compile(r"\s*[#\[;!/=*\-]")
_HEADING = re.compile(r"\s*(?:\[[^\]]*\]\s*|#{2,6}\s.*|[^#].*:[\s,;|\t]*)")


def _folded(text: str) -> str:
    bare = without_marks(text[:_LONGEST]).replace("’", "'")
    bare = re.sub(r"\s+", " ", re.sub(r"[_=/\\]+", " ", bare)).strip()
    bare = re.sub(r"\b18 ?\+", "adults", bare)
    return _SPACED.sub(lambda found: found[0].replace(" ", ""), bare)


def says_good(text: str) -> bool:
    """Whether words say that what they speak of is known good, and not that it was taken out."""
    is_one = {*".;!,"}.isdisjoint(text)  # sentence, which is left out as a whole or not at all
    if is_one and not _says_good(units_of(text)):
        return False
    return _says_good(units_of(without_asides(text)))


def _says_good(units: list[str]) -> bool:
    at = next((i for i, unit in enumerate(units) if unit in _GOOD), None)
    if at is None:
        return False
    before, behind = units[max(0, at - 3) : at], units[at + 1 : at + 5]
    return _NOT.isdisjoint(before) and _LEFT_OUT.isdisjoint(behind)


def _is_plainly_good(told: list[str]) -> bool:
    return not _PLAINLY_GOOD.isdisjoint(told) and all(
        w in _PLAINLY_GOOD or w in _KNOWN or w in _PICTURE for w in told
    )


def _units(text: str) -> list[str]:
    """The words of a text; one of ours that is written in several, as `de-listed`, is one."""
    tokens: list[str] = []
    for word in _WORD.findall(text):
        tokens += [word] if MADE_OF.fullmatch(word) else re.split("[-']", word)
    return spelling.joined(tokens, _MOST, _is_one)


def _is_one(unit: str, n: int) -> bool:
    is_algorithm = n < 3 and bool(USABLE_NAME.fullmatch(unit) or OTHER.fullmatch(unit))
    return is_algorithm or unit in _WRITTEN_APART


def units_of(text: str) -> list[str]:
    """The words of a text, folded; several that are one of ours are one."""
    return _units(_folded(text))


_MOST = 5  # words that one of ours may be written in
_WRITTEN_APART = _STRONG.keys() | _ALONE | _UNCERTAIN | _GOOD | _ABUSE | _LEFT_OUT | _HEADINGS


@lru_cache(65536)
def of_words(text: str) -> str | Doubt | None:
    """What a title says of what stands below it: why it lists nothing, LISTED, or None."""
    said = [says for piece in _PIECES.split(text) if (says := _of_piece(piece.strip(SIGNS)))]
    if grade := _category_in(_folded(text)):
        said.insert(0, Doubt(grade))
    sure = [says for says in said if says in TAKES_OUT]
    return next(iter([*sure, *(s for s in said if isinstance(s, Doubt)), *said]), None)


def _category_in(text: str) -> str | None:
    """The category that a text names, where to some givers it is of nothing that is listed.

    `text` is folded. Of CAID and VIC 1 to 3 are listed, 8 is known good; of others A to C are.
    """
    found = _CATEGORY.search(text)
    return f"category {found['digit'] or found['letter']}" if found else None


def _of_piece(text: str) -> str | Doubt | None:
    bare = _PHRASE.sub("removed", _ASKED.sub(" ", _folded(text)))
    bare = _TO_CONFIRM.sub("unconfirmed", _LEFT_LIST.sub("removed", bare))
    found = _units(bare)
    if found[:1] == ["do"] and len(found) > 1 and found[1] in _STRONG:
        found = found[1:]  # Polish: `do usunięcia`
    told = [w for w in found if re.search(r"[^\W\d]", w)]
    told = [w for w in told if not MADE_OF.fullmatch(w) and not USABLE_NAME.fullmatch(w)]
    is_plain = _is_plainly_good(told) and _GOOD.isdisjoint(found)
    if 0 < len(found) <= 8 and (_says_good(found) or is_plain):
        return why.GOOD
    if not told:
        if _LINKS_HASHED.search(bare):
            return OF_LINKS
        return USABLE if any(map(USABLE_NAME.fullmatch, found)) else None
    is_end = len(found) < 6 and _END.fullmatch(found[0])
    if is_end and any(w in _STRONG or w in _FILM for w in told):
        return LISTED
    is_prose = any(map(_SENTENCE.fullmatch, found))
    says = _of_other(found, told, is_prose=is_prose)
    if says or is_prose:
        return says
    is_strong = any(word in _STRONG for word in told)
    return _of_strong(bare, found, told) if is_strong else _of_rest(told)


def _of_rest(told: list[str]) -> str | Doubt | None:
    """What words say that take out only by themselves, and those of what is listed."""
    ends = {told[0], told[-1]}
    doubted = _ALONE | _UNCERTAIN
    if _APART.issuperset(told):
        return Doubt(told[0])
    if len(told) <= _FEW + 1 and not _MISTAKEN.isdisjoint(told) and not _TAKEN_IN.isdisjoint(told):
        return Doubt(next(w for w in told if w in _MISTAKEN))  # `listed in error`
    is_few = len(told) < 3 and ends & _UNCERTAIN and _ON.isdisjoint(told)
    is_all = told[0] in doubted and all(
        w in doubted or w in ("listed", "gelistet", "qa", "qc") or w in _MATTER for w in told
    )
    if is_few or is_all:
        return Doubt(next(w for w in told if w in doubted))
    if len(told) > 4 or not _FILM.isdisjoint(told):
        return None
    return (
        PICTURE if ends & _PICTURE else LISTED if ends & _ON and doubted.isdisjoint(told) else None
    )


def _of_other(found: list[str], told: list[str], *, is_prose: bool) -> str | Doubt | None:
    """Whether a title is of another algorithm, of videos, or of what is no picture."""
    is_last_few = len(told) <= 4 and not is_prose
    if algorithm := next((w for w in told if OTHER.fullmatch(w)), None):
        is_usable = any(map(USABLE_NAME.fullmatch, found))
        rest = {w for w in told if not OTHER.fullmatch(w)}
        if not is_usable and is_last_few and (told[-1] == algorithm or rest <= _PICTURE):
            return why.OTHER_HASH
        digits = next((n for begins, n in _DIGITS if re.match(begins, algorithm)), 0)
        is_denied = any(w in ("no", "not", "without", "ohne", "sans", "sin") for w in found)
        return Doubt(algorithm, Doubted.DIGESTS, digits) if digits and not is_denied else None
    if not is_last_few or not _PICTURE.isdisjoint(told) or not {*told}.isdisjoint(_STRONG):
        return None
    if any(map(_BUT.fullmatch, told)):
        return None
    if told[-1] in _NO_PICTURE:
        return why.NO_IMAGE
    return why.VIDEO if told[-1] in _FILM else Doubt(told[0]) if told[0] in _FILM else None


def _of_strong(bare: str, found: list[str], told: list[str]) -> str | Doubt | None:
    """What a title says in which a word stands that takes out."""
    at = next(i for i, word in enumerate(told) if word in _STRONG)
    word = told[at]
    if not _ON.isdisjoint(told) or _ORIGIN.search(bare) or _DUPLICATE.intersection(told):
        return None
    is_last = told[-1] in _STRONG
    if (at and not is_last) or (at and len(told) > 4) or len(found) > 16:
        return None
    if (
        not _MATTER.isdisjoint(told) and _STRONG[word] == why.TAKEN_BACK
    ):  # `hashes of removed material`
        return Doubt(word) if found[0] == word else None
    is_asked = _PURPOSE.fullmatch(word) and re.search(r"\b(?:please|bitte|svp|por favor)\b", bare)
    is_clause = (
        is_asked
        or len(told) > 4
        or (word in _OVER and len(told) > 1)
        or _TO_DO.search(bare)
        or (_BY.search(bare) and not is_last)
    )
    return Doubt(word) if is_clause else _STRONG[word]


_DUPLICATE = words_in("{duplicates}")


def of_name(file_name: str) -> str | Doubt | None:
    """What a file's name says of all that is in it."""
    bare = re.sub(r"(?:\.[A-Za-z0-9]{1,5}){1,2}\Z", "", file_name)
    text = re.sub(r"[\W_]+", " ", bare)
    found = why.OTHER_HASH if is_of_other_hash(file_name) else of_words(text)
    if found == why.TAKEN_BACK:
        told = [w for w in _units(_folded(text)) if not re.fullmatch(r"[\d.]+", w)]
        word = next((w for w in told if w in _STRONG), "")
        is_of = any(map(_PLACES.fullmatch, told)) or (len(told) > 1 and _PURPOSE.fullmatch(word))
        return Doubt(word) if is_of else found
    is_plain = isinstance(found, Doubt) and found.word in _OFTEN
    return found if (isinstance(found, Doubt) or found in TAKES_OUT) and not is_plain else None


_OF_DIFF = re.compile(r"(?:---|\+\+\+) \S+\.[A-Za-z]+(?:\t.*)?")


def _of_whole(line: str, bare: str) -> Doubt | None:
    """The doubt about a line that is nothing else than such a sign, or such a sentence."""
    if is_sign_alone(line):
        return Doubt(bare or "-")
    if names_litter(bare):
        return Doubt("files of a system")
    is_request = " " in bare and len(bare) <= LONGEST_TITLE and asks_for_pictures(_folded(bare))
    return Doubt(units_of(bare)[0], Doubted.PICTURES) if is_request else None


def title_of(line: str) -> str | Doubt | None:
    """What a line says as a title; NEUTRAL for one of no such words, None for what is no title."""
    line = without_asides(line)
    bare = line.strip(SIGNS)
    if doubt := _of_whole(line, bare):
        return doubt
    if _SIGNED.match(line):
        bare = _FILE_END.sub("", bare)
    if re.fullmatch(r"\s*\[[^\]]*\]\s*", line):  # `[list.removed]`
        bare = bare.replace(".", " ")
    bare = without_files(bare, is_heading=is_heading(line))
    if not bare or len(bare) > LONGEST_TITLE or re.search(NO_TITLE, bare):
        return None
    asked = asks_out(line, _folded(bare), units_of(bare))
    is_dated = re.fullmatch(r"[^,;|\t\d]+[,;|\t]\s*[\d./-]*(?:19|20)\d\d[\d./-]*", bare)
    is_row = re.search(r"[,;|\t]\s*[^\s,;|\t]", bare) and not is_dated
    if is_row and not asked and not line.lstrip().startswith("#"):
        cells = [cell for cell in re.split(r"[,;|\t]", bare) if cell.strip(SIGNS)]
        if len(cells) > 1 and (" " not in bare.strip() or any(map(_names_column, cells))):
            return None  # names of columns
    found = of_words(_NUMBER.sub("0", bare)) or (Doubt(asked) if asked else None)
    is_of_diff = isinstance(found, Doubt) and _OF_DIFF.fullmatch(line)
    if found and not is_of_diff and not (found == PICTURE and is_unknown(line, bare)):
        return found
    told = [word for word in _WORD.findall(bare) if re.search(r"[^\W\d]", word)]
    if told and not is_of_diff and is_unknown(line, bare):
        return _doubt_of(units_of(bare)) or UNKNOWN
    return NEUTRAL if is_heading(line) and 0 < len(told) <= _FEW else None


_FEW = 4  # words of a heading
_MOST_UNKNOWN = 6
_LONGEST_POINTER = 12
_ASKS = re.compile(r"report(?:ing)?|send|e-?mail|contact|notify|see|ask|inform|please")
_POINTS = words_in("{pointers}")
_VERBS = words_in("{verbs_of_sentences}")


def is_heading(line: str) -> bool:
    """Whether a line bears a heading's sign."""
    is_signed = line.lstrip().startswith(("#", "//", ";", "!"))
    return is_signed or _HEADING.fullmatch(re.sub(r"\A\s+", " ", line)) is not None


def is_innocent(word: str) -> bool:
    """Whether a word of a heading decides nothing by itself."""
    return (
        (len(word) < 3 and not spelling.is_unread(word))  # two signs of Chinese say what they mean
        or not word.isalpha()
        or word in _DECIDE_NOTHING
        or MADE_OF.fullmatch(word) is not None
        or USABLE_NAME.fullmatch(word) is not None
    )


_DECIDE_NOTHING = _HEADINGS | _PICTURE | _ABUSE
_ROW = re.compile(r"[;|\t]\s*[^\s;|\t]|,[^\s,]")
_MISSING = ("unknown", "null", "none", "nan")


def is_unknown(line: str, bare: str) -> bool:
    """Whether a line may be a heading that decides, in words that nobody here knows."""
    is_row = not line.lstrip().startswith("#") and _ROW.search(bare)
    is_cut = line.count('"') % 2  # a cell that runs over lines
    if is_row or is_cut or line.strip().casefold() in _MISSING or re.search(r"\*\.|/\w+/", line):
        return False
    units = units_of(bare)
    points = len(units) > _FEW and not _POINTS.isdisjoint(units)
    if points and not any(map(_ASKS.fullmatch, units)) and not _ORIGIN.search(_folded(bare)):
        is_told = not all(map(is_innocent, units))
        return is_told and _ON.isdisjoint(units) and len(units) <= _LONGEST_POINTER
    is_doubted = not _DOUBTED.isdisjoint(units)
    is_plain = _NOT_NEXT.isdisjoint(units) and not re.search(r"\w\.\w", line)  # `pagefile.sys`
    is_next = is_plain and _NEXT_PART.match(_folded(bare))
    if (
        is_next
        or any(w in _JUDGED or OTHER.fullmatch(w) for w in units)
        or (not is_doubted and any(w in _ON or w in _FILM for w in units))
    ):
        return False  # of our words, which say nothing where they stand so
    strange = [w for w in units if w in _DOUBTED or not is_innocent(w)]
    if not strange or max(map(len, strange)) > _LONGEST_WORD or _is_named(units, bare):
        return False
    is_prose = len(units) > _FEW and not _VERBS.isdisjoint(units)
    return len(units) <= _MOST_UNKNOWN and not is_prose


def _doubt_of(units: list[str]) -> Doubt | None:
    """The word that may take out, where no other says anything: `cases closed in May`."""
    word = next((w for w in units if w in _DOUBTED), None)
    is_all = all(w in _DOUBTED or is_innocent(w) for w in units)
    return Doubt(word) if word and is_all and _ON.isdisjoint(units) else None


def _is_named(units: list[str], bare: str) -> bool:
    """Whether a name stands behind a word such as `operation`, `source:`, `generated by`."""
    told = bare.split()
    is_name = len(told) > 1 and (
        told[0].endswith(":") or units[1:2] in (["by"], ["with"]) or not told[1][0].islower()
    )
    return is_name and units[0] in _NAMED and sum(map(str.isalpha, units)) <= _FEW + 1


_DOUBTED = (_ALONE | _UNCERTAIN) - _HEADINGS
_NOT_NEXT = (_DOUBTED | _MISTAKEN) - words_in("previous vorige earlier anterior anteriore")
_JUDGED = _STRONG.keys() | _GOOD | _NO_PICTURE
_LONGEST_WORD = 24  # letters


def _names_column(cell: str) -> bool:
    return names.read_name(cell.strip(SIGNS)).what != names.UNKNOWN


_TOLD = (
    _STRONG.keys() | _ALONE | _UNCERTAIN | _ON | _FILM | _PICTURE | _NO_PICTURE | _GOOD
) | words_in("{negations} known false white allow do good safe clean trusted")

_DRESSED = re.compile(r"[_=/\\]|\b\w \w \w\b")  # words that only `_folded` sees
# the same for RE2, which looks at many lines at once; what it lets pass `may_be_title` judges
QUICK = (
    r"^\s*[#\[;!/=*\-]|:\s*$|[_=/\\]|\b\w \w \w\b|[^\x00-\x7f]|\b18 ?\+|(?i:\b(?:"
    + "|".join([*map(re.escape, sorted(_TOLD)), OTHER.pattern])
    + r")\b)"
)


@lru_cache(1 << 16)
def _is_told(word: str) -> bool:
    return word in _TOLD or OTHER.fullmatch(word) is not None


def has_sign(line: str) -> bool:
    """Whether a line begins or ends with a sign of titles."""
    return _SIGNED.match(line) is not None or line.rstrip()[-1:] == ":"


def may_be_title(line: str) -> bool:
    """A quick look at a line: whether it bears a title's sign, or a word that titles know."""
    if has_sign(line) or "18" in line:  # `18+`
        return True
    is_bare = line.isascii() and not _DRESSED.search(line)
    return any(map(_is_told, _WORD.findall(line.lower() if is_bare else _folded(line))))
