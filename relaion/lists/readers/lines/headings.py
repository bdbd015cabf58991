"""Further titles, that no word at their ends tells: of thumbnails, of examples, of what is above.

`# MD5 of the preview images`, `# Sample data`, `# Values are made up.`, `# Platform default
avatars` may say that nothing below is listed. `All entries above were withdrawn.` speaks of what
stands above it, and so may a title that takes out, with no entry below it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from relaion.errors import ListError
from relaion.lists.readers import why
from relaion.lists.readers.lines import titles
from relaion.lists.readers.lines.of_digests import of_else
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.asides import without_asides
from relaion.lists.readers.vocabulary.days import days_of
from relaion.lists.readers.vocabulary.denials import denial_in
from relaion.lists.readers.vocabulary.patterns import pattern
from relaion.lists.readers.vocabulary.spelling import folded, without_marks, words_in

_BY_FOOTER = (
    "a line below entries ({word}) may say that what stands above it is not listed: if it is "
    "listed, say --ignore title; if not, leave it out of a copy"
)
_NOT_TO_BLOCK = pattern("denials.not_to_block")
_FEW = 4  # words of the name of a column
_SHORT = 16  # words of a sentence that is looked at
_LONGEST = 12  # words of a title of what is listed nowhere
_ROW = re.compile(r"[;|\t]\s*\S|,\S")

# -- Of what digests are ---------------------------------------------------------------------------

_SMALL = words_in("{small_pictures}")
_BESIDE_SMALL = words_in("{beside_small_pictures}")  # fmt: skip
_IMAGES = words_in("image images picture pictures")
_HASHED_PARTS = pattern("titles.hashed_parts")
_RESIZED = pattern("titles.resized")

# -- Of what is no picture of abuse ----------------------------------------------------------------

_EXAMPLE = words_in("{examples}")
_BESIDE_EXAMPLE = words_in("{beside_examples}")
_INVENTED = pattern("titles.invented")
_VALUES = pattern("titles.values")
_LAWFUL = words_in("{lawful}")
_LEGAL = words_in("legal légal légaux légales legales legali legaal legale")
_STOCK = pattern("titles.stock")
_END_OF = re.compile(r"end of (?:the )?(?:list of |section of |file of |all )?(?=\w+ \w)")
_SPOKEN = pattern("titles.spoken")
_DENIES = words_in("no not without none excluding excluded except never sans ohne sin senza")


def says_of(line: str) -> str | titles.Doubt | None:
    """What a line says as a title: as `title_of`, and what else may take something out."""
    if (left := without_asides(line)) != line:
        return says_of(left) if left else None
    says = titles.title_of(line)
    if isinstance(says, titles.Doubt) or says in titles.TAKES_OUT or says == titles.OF_LINKS:
        return says
    bare = line.strip(titles.SIGNS)
    if not bare or len(bare) > titles.LONGEST_TITLE or re.search(titles.NO_TITLE, bare):
        return says
    text = _plain(bare)
    found: str | titles.Doubt | None = _of_above(says, line.strip(), text) or _of_references(line)
    is_row = not line.lstrip().startswith("#") and _ROW.search(bare)
    if found is None and titles.is_heading(line):
        found = _of_heading(bare, text)
    if found is None and not is_row and not _names_column(line, bare):
        found = of_else(text)
    if (
        found is None
        and not is_row
        and (titles.is_heading(line) or len(text.split()) <= _SHORT // 2)
    ):
        is_made_up = _INVENTED.search(text)  # a first line, by which somebody made its values up
        is_short = len(text.split()) <= _FEW + 1 and not is_made_up
        word = _of_none(text) or (_no_abuse(text) if is_short else "")
        found = titles.Doubt(word) if word else None
    return found or says


def _of_above(says: str | None, line: str, text: str) -> titles.Doubt | None:
    """What a sentence says that stands below entries, or is none of a heading."""
    units = titles.units_of(line)
    if _names_above(text) and _is_strange(units):
        return titles.Doubt("above", titles.Doubted.ABOVE)
    if says != titles.LISTED and (end := _END_OF.match(text)):
        ended = titles.title_of(f"# {text[end.end() :]}")
        if isinstance(ended, titles.Doubt) or ended in titles.TAKES_OUT or _SPOKEN.search(text):
            return titles.Doubt("end of", titles.Doubted.ABOVE)
    if len(units) > _SHORT or any(map(_ASKS.fullmatch, units)):
        return None
    is_denied = _NOT_TO_BLOCK.search(text) or denial_in(line)
    return titles.Doubt("not to be blocked", is_denial=True) if is_denied else None


_REFERENCES = words_in("{headings_of_references}")
_LINKS_OF = words_in("the our list of url urls link links")


def _of_references(line: str) -> titles.Doubt | None:
    """What a heading says below which pages stand that only tell of the entries."""
    if _ROW.search(line.strip(titles.SIGNS)):  # names of columns: `md5,source`
        return None
    word = "".join(unit for unit in titles.units_of(line) if unit not in _LINKS_OF)
    return titles.Doubt(word, titles.Doubted.LINKS) if word in _REFERENCES else None


def _names_column(line: str, bare: str) -> bool:
    """Whether a line without a sign may be the name of a column, which says the same."""
    return not titles.has_sign(line) and len(bare.split()) <= _FEW and names.is_of_values(bare)


def _of_heading(bare: str, text: str) -> titles.Doubt | None:
    if word := _part(text):
        return titles.Doubt(word, titles.Doubted.DIGESTS)
    word = (
        of_example(bare)
        or _no_abuse(text)
        or _light(text)
        or _other_algorithm(titles.units_of(bare))
    )
    return titles.Doubt(word) if word else None


def _other_algorithm(units: list[str]) -> str:
    """The algorithm of a title that names none that is read: `PhotoDNA-derived keys`."""
    is_short = len(units) <= _SHORT // 2 and not any(map(titles.USABLE_NAME.fullmatch, units))
    is_denied = not _DENIES.isdisjoint(units)
    return next((u for u in units if is_short and not is_denied and titles.OTHER.fullmatch(u)), "")


def _light(text: str) -> str:
    """The colour by which a title may let go of what stands below it: `# green list`."""
    told = re.findall(r"[^\W\d_]+", text)
    lights = [word for word in told if word in _LIGHTS]
    return lights[0] if lights and _BESIDE_LIGHTS.issuperset({*told} - _LIGHTS) else ""


_LIGHTS = words_in("{lights_red} {lights_green} {lights_yellow}")
_BESIDE_LIGHTS = words_in("list lists liste listen lista lijst zone section part abschnitt")


def _plain(text: str) -> str:
    return re.sub(r"[\s_]+", " ", without_marks(text))


def _told(text: str) -> list[str]:
    found = re.findall(r"[^\W\d_]+", _plain(re.sub(r"(?i)\b(?:md-?5|sha-?\d+)s?\b", " ", text)))
    return [word for word in found if not titles.MADE_OF.fullmatch(word)]


def _part(text: str) -> str:
    """The word by which digests are of a part of a picture, or of a text; else none."""
    if found := _HASHED_PARTS.search(text):
        return found["part"]
    if found := _RESIZED.search(text):
        return found[0]
    told = _told(text)
    first = next((w for w in told if w in _SMALL or w in _IMAGES), "")
    is_denied = not _DENIES.isdisjoint(re.findall(r"\w+", text))
    if is_denied or first in _IMAGES:  # `images and previews`
        return ""
    is_small = not _SMALL.isdisjoint(told) and _SMALL.union(_BESIDE_SMALL).issuperset(told)
    return next(word for word in told if word in _SMALL) if is_small else ""


def of_example(text: str) -> str:
    """The word by which a short text says that it is of examples; else none."""
    told = _told(text)
    is_example = _EXAMPLE.union(_BESIDE_EXAMPLE).issuperset(told)
    return next((word for word in told if word in _EXAMPLE), "") if is_example else ""


def _no_abuse(text: str) -> str:
    told = _told(text)
    if not _DENIES.isdisjoint(re.findall(r"\w+", text)):
        return ""
    is_of_values = _VALUES.search(text) is not None
    found = (_INVENTED.search(text) if is_of_values else None) or _STOCK.search(text)
    if found:
        return found[0]
    if len(told) == 1 and told[0] in _LEGAL:
        return told[0]
    return next((w for w in told if w in _LAWFUL), "") if len(told) < 5 else ""


_OF_NONE = (
    pattern("of_none.trial"), pattern("of_none.set_aside"), pattern("of_none.of_system"),
    pattern("of_none.consent"), pattern("of_none.to_read"),
)  # fmt: skip
_OF_DESIGN, _UNTIL = pattern("of_none.of_design"), pattern("of_none.until")
_NONE_DENIED, _TAKES_NOTHING = pattern("of_none.denied"), pattern("sentences.takes_nothing")


def _of_none(text: str) -> str:
    """The words by which a folded title says that nothing below it is listed; else none."""
    if len(text.split()) > _LONGEST or _NONE_DENIED.search(text):
        return ""
    text = _TAKES_NOTHING.sub(" ", text)
    if found := next(filter(None, (some.search(text) for some in _OF_NONE)), None):
        return found[0]
    if _OF_DESIGN.fullmatch(text.strip(" .,:;!-–—*=[](){}\"'")):
        return "of what pages are decked with"
    until = _UNTIL.search(text)
    days = days_of(folded(until["day"])) if until else []
    return "valid until" if days and all(day < date.today() for day in days) else ""


# -- Of words that nobody here knows ---------------------------------------------------------------

BY_UNKNOWN = (
    "line {word} may be a title of what stands below it, in words that nobody here knows: if it "
    "takes nothing out, say --ignore title; if it does, write `# removed` there in a copy"
)
_SEVERAL_CELLS = re.compile(r"[^\s,;|][,;|\t][^\s,;|]")
_CODE = re.compile(r"(?<!\w)\w{1,3} ?= ?[^\W\d]")
_ONE_NAME = re.compile(r"\s*[^\s#]+\s*")
_COLUMN = re.compile(r"[\"']?[a-z][a-z0-9_]*[\"']?")
_TAKES_IN, _FROM_DATA = pattern("sentences.takes_in"), pattern("sentences.from_data")


def without_brands(text: str) -> str:
    """A text without names such as `ThreatExchange`, or `MISP` where not all is in capitals."""
    rest = _CAMEL.sub(" ", text)
    return _CAPITALS.sub(" ", rest) if _LOWER.search(text) else rest


_CAMEL = re.compile(r"\b[^\W\d_]*[a-z][A-Z]\w*\b")
_CAPITALS, _LOWER = re.compile(r"\b[A-Z]{2,6}\b"), re.compile(r"[a-z]{2}")


def is_unknown_title(line: str, says: str | titles.Doubt | None) -> bool:
    """Whether a line that nobody here understood may be the title of all that stands below it."""
    is_title = (
        says in (titles.UNKNOWN, titles.USABLE, titles.PICTURE)
        or _SEVERAL_CELLS.search(line) is not None
    )
    is_one = _ONE_NAME.fullmatch(line) is not None
    if is_one and (
        _COLUMN.fullmatch(line.strip())
        or names.is_of_values(line)
        or any(map(titles.USABLE_NAME.fullmatch, titles.units_of(line)))
    ):
        return False  # the name of a column: `resource`, `IOC`, `Asset_MD5`
    if _CODE.search(line):  # of a legend, which is read with the column of codes
        return False
    folded = f"{without_marks(line)} {line}"
    return is_title and not (_TAKES_IN.search(folded) or _FROM_DATA.search(folded))


# -- Of what stands above --------------------------------------------------------------------------

_ABOVE = pattern("titles.above")
_ASKS = pattern("titles.asks")
_OF_FILES = words_in("{said_of_files}")
_AFTER_USE = pattern("titles.after_use")
_FOOTERS = frozenset((why.TAKEN_BACK, why.GOOD, why.DISPUTED, why.UNCONFIRMED))
_OF_SECTIONS = words_in("{added} listed active current additions blocked block")
_NOTHING = re.compile(
    r"[\W_]*(?:none|nothing|nil|n/?a|empty|keine?|aucune?|ninguno|nessuno|geen)\W*"
)


def _names_above(text: str) -> bool:
    return _ABOVE.search(text.replace("-", " ")) is not None


def _is_strange(units: list[str]) -> bool:
    denies = not _DENIES.isdisjoint(units)
    if len(units) > _SHORT + 8 or any(map(_ASKS.fullmatch, units)):
        return False
    rest = [
        u for u in units if not titles.is_innocent(u) and u not in _OF_SECTIONS and u != "above"
    ]
    return denies or (bool(rest) and _OF_FILES.isdisjoint(units))


@dataclass
class LinesAtEnd:
    """What may be said of all that stands above, until an entry follows; `word` says by what."""

    word: str = ""
    has_sections: bool = False  # so that an empty one may end the file

    def watch(self, says: str | titles.Doubt, line: str, *, is_open: bool) -> None:
        """Look at a title; raises ListError for one of what stands above it.

        `is_open`: entries stand above it, and the curator did not say what titles are worth.
        """
        if not is_open:
            self.has_sections = self.has_sections or _begins_sections(line)
            return
        if _NOTHING.fullmatch(line.strip().casefold()):
            self.word = ""
            return
        word = says.word if isinstance(says, titles.Doubt) else says
        is_above = isinstance(says, titles.Doubt) and says.of is titles.Doubted.ABOVE
        is_footer = _may_be_footer(says, line)
        if is_above or (is_footer and _names_above(_plain(line))):
            raise ListError(_BY_FOOTER.format(word=word))
        if is_footer and not (self.has_sections and _is_short(line)):
            self.word = word

    def refuse(self) -> None:
        """Raise ListError where a file ends below such a title."""
        if self.word:
            raise ListError(_BY_FOOTER.format(word=self.word))


def _may_be_footer(says: str | titles.Doubt, line: str) -> bool:
    is_doubt = (
        isinstance(says, titles.Doubt) and says.of is titles.Doubted.ENTRIES and says.word != "-"
    )
    if not is_doubt and says not in _FOOTERS:
        return False
    is_asking = any(map(_ASKS.fullmatch, titles.units_of(line)))
    return not is_asking and _AFTER_USE.search(_plain(line)) is None


def _begins_sections(line: str) -> bool:
    """Whether a title is that of a section of what is listed."""
    units = titles.units_of(line)
    return len(units) < 5 and titles.is_heading(line) and not _OF_SECTIONS.isdisjoint(units)


def _is_short(line: str) -> bool:
    """Whether a title may be that of a section, and is no sentence."""
    return (
        titles.is_heading(line)
        and len(titles.units_of(line)) < 4
        and not line.rstrip().endswith(".")
    )
