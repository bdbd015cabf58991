"""Titles of a list and of its sections: what they say of the lines below.

`# removed`, `[deleted]`, `Known good:`, `## Videos`, a row of a table with one cell. What stands
below was taken back, is known good or of videos, up to the next title: whatever the format is, no
such line is read as one that lists anything. Its values are counted, and leave a list that the
delivery brings up to date. The file's name is its first title.

Only short lines without a value are titles, and words of a title stand at one of its ends, beside
what titles are made of: a sentence such as `report removals to us` says nothing of the lines below.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from relaion.lists.readers import names, words
from relaion.lists.readers.format import (
    ANY,
    GOOD,
    OF_FILE,
    TAKEN_BACK,
    VIDEO,
    Batch,
    Options,
    Values,
)
from relaion.lists.readers.text import first_lines
from relaion.lists.values import NOTHING, shape

LISTED, NEUTRAL = "listed", "neutral"

# the head of a block list says `Expires: 1 day`
_BACK = words.words_in(f"{words.TAKEN_BACK} {words.DISPUTED} {words.TITLES_TAKEN_BACK}") - {
    "expires"
}
_ON = words.words_in(f"{words.LISTED} {words.ADDED} block blocked blocklist blacklist denylist")
_PICTURE = words.words_in(words.PICTURES)
_FILM = words.words_in(f"{words.FILMS} mp4s video's")
_MADE_OF = re.compile(
    r"(?:the|of|and|or|with|for|from|since|in|on|by|to|as|at|be|is|are|were|was|been|have|has|this"
    r"|these|those|that|it|please|following|below|now|all|section|start|begin|list|lists|liste[ns]?"
    r"|lista|lijst|file|files|hash(?:es)?|hashwerte|digests?|checksums?|md5s?|sha-?1|sha-?256|urls?"
    r"|links?|items?|records?|values?|rows?|lines?|entry|entries|eintrage?|eintraege|entrees?"
    r"|entradas?|voci|voce|registros?|vermeldingen|dateien|fichiers?|archivos?|ficheiros?|bestanden"
    r"|empreintes?|total|count|no|nr|number|date|month|week|year|update|delta|changes?|january"
    r"|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar"
    r"|apr|jun|jul|aug|sept?|oct|nov|dec|der|die|das|den|dem|von|vom|und|mit|fur|seit|les?|la|du"
    r"|des?|et|depuis|el|los|las|y|del|desde|il|lo|i|gli|dei|delle|e|da|dal|van|het|een|sinds|os|as"
    r"|dos|das|n|v?\d[\d.]*)"
)
_SENTENCE = re.compile(
    r"report(?:ing)?|send|mail|e-?mail|contact|notify|notifications?|see|check(?:ed)?|ask|requests?"
    r"|inform|how|if|when|where|why|will|must|can|could|should|do|does|not|never|none|without|no"
    r"|material|content|contents|web|website|websites|internet|online|page|pages|posts?|platforms?"
    r"|metadata|exif|blank|empty|take-?downs?|opt(?:-?outs?)?|dmca|gdpr|privacy|thumbnails?"
    r"|duplicates?|comments?|generated|policy|nicht|kein(?:e[nrs]?)?|ohne|bitte[nr]|pas|sans|sin|non"
    r"|senza|niet|geen|zonder|nao|sem"
)
_GOOD_WORDS = re.compile(
    r"known[ -]?(?:good|files?|benign|safe|harmless|clean|non[ -]?csam)"
    r"|false[ -]?(?:positive|alarm|hit)s?|false[ -]?match(?:es)?"
    r"|(?:white|allow|safe|good)[ -]?lists?(?:ed)?|nsrl(?:file)?|hashlookup|benign"
    r"|do[ -]?not[ -]?(?:block|remove|delete|report|match)|irrelevant|ignorable|not[ -]csam"
    r"|innocent"
    r"|non[ -]?pertinent|exclusion[ -]?lists?|exclude[ -]?lists?|exclusions|harmless|safe files"
    r"|(?:hashes|files|entries|items|values)? ?to (?:exclude|ignore|skip)"
    r"|(?:exclude|ignore)d? from (?:matching|the match|all lists?)|ignore[ -]?lists?|trusted files"
    r"|bekannt[ -]?(?:gut|harmlos|unbedenklich)\w*|unbedenklich\w*|harmlos\w*"
    r"|aus(?:schluss|nahme)[ -]?listen?|weiss?e?[ -]?listen?|positiv[ -]?listen?"
    r"|falsch[ -]?positiv\w*|fehlalarme?|fehltreffer|unschuldig\w*"
    r"|listes? blanches?|listes? d'?(?:e)? ?exclusions?|faux[ -]positifs?|inoffensi(?:fs?|ves?)"
    r"|(?:fichiers? )?connus? (?:et )?bons?|lista(?:s)? (?:blanca|bianca|branca|d[ei] esclusione"
    r"|de exclus(?:ion|ao)|de excepciones|delle esclusioni)s?|fals[oi]s? positiv[oi]s?"
    r"|inofensiv[oa]s?|innocu[oiae]s?|inocu[oa]s?|archivos buenos|conhecidos bons|noti come buoni"
    r"|witte[ -]?lijst|uitsluitings?lijst|vals[e]?[ -]?positie(?:f|ven)|bekend[ -]?goed\w*"
    r"|onschuldig\w*"
)
_GOOD = re.compile(rf"(?<![a-z])(?:{_GOOD_WORDS.pattern})(?![a-z])")
_PLAINLY_GOOD = re.compile(
    r"fps?|excludes?|excluded|clean|safe|good|trusted|legit(?:imate)?|legitim[eoa]s?|gute?|sauber[e]?"
    r"|sichere?|surs?|bon(?:s|nes?)?|buen[oa]s?|segur[oa]s?|sicur[oi]|buon[ei]|goede?|veilige?"
)
_KNOWN = re.compile(
    r"known|bekannte?|connu[es]*|conocid[oa]s?|not[io]|conhecid[oa]s?|bekende?|software|programs?"
    r"|programme?s?|system|system(?:dateien|files)"
)
_NOT = re.compile(
    r"(?:removed|without|no|excluding|excludes?|cleaned of|free of|not|filtered|checked|against"
    r"|ohne|sans|sin|senza|zonder|sem)\s+(?:\w+\s+){0,2}$"
)
_PHRASE = re.compile(
    r"no longer (?:listed|valid|active|on the list)|(?:taken|take|took) (?:back|off|out)|not listed"
    r" any ?more|dad[oa]s de baja|non piu valid[oaie]|plus valables?|nicht mehr (?:gultig|gelistet)"
    r"|niet meer geldige?|ya no valid[oa]s?"
)
_SIGNS = " \t#/;!%*=~_<>|[](){}\"'`.,:-–—•·\ufeff"
_LONGEST = 4096  # characters of a line of names or words that are looked at
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_NO_TITLE = re.compile(r"\w[.@/\\]\w|[_=]\w|\d{5}|[0-9A-Fa-f]{16}|://|\S{40}")
_HOLDS_VALUE = r"[0-9A-Fa-f]{32}|://|[A-Za-z2-7+/]{22}|^[0-9]+$"
_HEADING = re.compile(r"\s*(?:\[[^\]]*\]\s*|#{2,6}\s.*|[^#].*:[\s,;|\t]*)")


def says_good(text: str) -> bool:
    """Whether words say that what they speak of is known good, and not that it was taken out."""
    bare = re.sub(r"\s+", " ", words.without_marks(text[:_LONGEST]))
    found = _GOOD.search(bare)
    return found is not None and not _NOT.search(bare[: found.start()])


def _is_plainly_good(told: list[str]) -> bool:
    return any(map(_PLAINLY_GOOD.fullmatch, told)) and all(
        _PLAINLY_GOOD.fullmatch(w) or _KNOWN.fullmatch(w) for w in told
    )


def of_words(text: str) -> str | None:
    """What a title says of what stands below it: why it lists nothing, LISTED, or None."""
    bare = _PHRASE.sub("removed", re.sub(r"\s+", " ", words.without_marks(text).replace("’", "'")))
    found = _WORD.findall(bare)
    told = [w for w in found if not _MADE_OF.fullmatch(w) and re.search("[a-z]", w)]
    if 0 < len(found) <= 8 and (says_good(text) or _is_plainly_good(told)):
        return GOOD
    if not told or len(told) > 4 or any(map(_SENTENCE.fullmatch, found)):
        return None
    ends = (told[0], told[-1])
    if _FILM.issuperset(told):
        return VIDEO
    if not _BACK.isdisjoint(ends):
        return TAKEN_BACK if _ON.isdisjoint(told) else None
    is_on = not (_ON | _PICTURE).isdisjoint(ends)
    return LISTED if is_on and _FILM.isdisjoint(told) else None


def of_name(file_name: str) -> str | None:
    """What a file's name says of all that is in it."""
    bare = re.sub(r"(?:\.[A-Za-z0-9]{1,5}){1,2}\Z", "", file_name)
    found = of_words(re.sub(r"[\W_]+", " ", bare))
    return found if found in (TAKEN_BACK, GOOD) else None


def title_of(line: str) -> str | None:
    """What a line says as a title; NEUTRAL for one of no such words, None for what is no title."""
    bare = line.strip(_SIGNS)
    if not bare or len(bare) > 80 or _NO_TITLE.search(bare):
        return None
    if re.search(r"[,;|\t]\s*[^\s,;|\t]", bare) and not line.lstrip().startswith("#"):
        cells = [cell for cell in re.split(r"[,;|\t]", bare) if cell.strip(_SIGNS)]
        if len(cells) > 1 and (" " not in bare.strip() or any(map(_names_column, cells))):
            return None  # names of columns
    found = of_words(bare)
    if found:
        return found
    told = [word for word in _WORD.findall(bare) if re.search(r"[^\W\d]", word)]
    is_title = _HEADING.fullmatch(line) or line.lstrip().startswith(("#", "//", ";", "!"))
    return NEUTRAL if is_title and 0 < len(told) <= 4 else None


def _names_column(cell: str) -> bool:
    return names.read_name(cell.strip(_SIGNS)).what != names.UNKNOWN


def _decides(head: str) -> bool:
    """Whether a column of the file tells of each record whether it is listed."""
    for line in first_lines(head, _NAMED_WITHIN):  # titles may stand before the names
        cells = re.split(r"[,;|\t]", line[:_LONGEST])
        says = {names.read_name(cell.strip("\"' ")).what for cell in cells}
        if len(cells) > 1 and says & {names.STANDING, names.GONE, names.STILL}:
            return True
    return False


_NAMED_WITHIN = 10  # lines


# -- The lines of a file, apart by what their titles say -------------------------------------------


@dataclass
class Sections:
    """The text of a file without what its titles take out; that is kept for `taken_out`.

    `rules` is what the title says that stands above the next line.
    """

    file_name: str
    head: str
    options: Options
    rules: str | None = None
    held: list[tuple[str, str]] = field(default_factory=list)  # (why, line)
    _any_value: bool = False
    _after_title: bool = False
    _named: bool = False

    def __post_init__(self) -> None:
        if not self._is_ignored and not _decides(self.head):
            self.rules = self._heeded(of_name(self.file_name))

    @property
    def _is_ignored(self) -> bool:
        return not self._any_value and OF_FILE in self.options.ignore

    def _heeded(self, says: str | None) -> str | None:
        if says == GOOD and self.options.role is not None:
            return None
        return None if says in (LISTED, NEUTRAL) else says

    def left(self, blocks: Iterator[str]) -> Iterator[str]:
        """The blocks with the lines that are to be read."""
        for block in blocks:
            titles = _titles(block)
            if not titles and self.rules is None:
                self._any_value = self._any_value or bool(block.strip())
                yield block
                continue
            kept = "".join(self._sorted(block, titles))
            if kept:
                yield kept

    def _sorted(self, block: str, titles: dict[int, str]) -> Iterator[str]:
        lines = block.splitlines(keepends=True) if "\n" not in block else _with_ends(block)
        is_within = False  # a quoted field that runs over lines
        for i, line in enumerate(lines):
            says = None if is_within else titles.get(i)
            is_within ^= line.count('"') % 2 == 1
            if says is not None:
                is_end = self.rules is not None
                self._turn(says, line)
                # above what is listed it may be the name of a column
                if says != NEUTRAL and (says != LISTED or is_end):
                    continue
            elif not line.strip() or line.lstrip().startswith("#"):
                pass
            else:
                self._any_value, self._after_title = True, False
                if self.rules is not None:
                    self.held.append((self.rules, line))
                    continue
            yield line

    def _turn(self, says: str, line: str) -> None:
        if self._is_ignored:
            return
        if says == NEUTRAL and (self._after_title or not self._any_value):
            return  # more of a title, or the title of a file whose name says it
        self.rules = self._heeded(says)
        self._after_title = True

    def taken_out(self) -> Batch | None:
        """The lines that titles took out since, a record each, and why."""
        held, self.held = self.held, []
        if not held:
            return None
        batch, text, of = Batch(0), [], []
        for why, line in held:
            values = [v for v in re.split(r"[\s,;|\"'<>()]+", line) if shape(v)]
            if not values:
                if self._named:  # the first such line may name the columns
                    batch.skipped[NOTHING] += 1
                self._named = True
                continue
            batch.fates[batch.n] = why
            text += values
            of += [batch.n] * len(values)
            batch.n += 1
        kinds = (self.options.kind,) if self.options.kind else ANY
        batch.values = [Values(kinds, text, of)]
        return batch


_COUNT = re.compile(r"[^:=]*[^\W\d][^:=]*[:=]\s*(\d+)\s*")


def _is_count(lines: list[str], at: int) -> bool:
    """Whether a line is one of counts, such as `# removed: 2` beside `# added: 10`."""
    found = _COUNT.fullmatch(lines[at])
    beside = [*lines[max(0, at - 1) : at], *lines[at + 1 : at + 2]]
    return found is not None and (not int(found[1]) or any(map(_COUNT.fullmatch, beside)))


def _with_ends(block: str) -> list[str]:
    lines = block.split("\n")
    return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


_MANY = 2000
_SIGNED = re.compile(r"\s*[#\[;!/=*\-]")


def _titles(block: str) -> dict[int, str]:
    """The titles of a block by the number of their line."""
    step = block.find("\n") + 1
    if step > 1 and block[step - 1 :: step] == "\n" * (len(block) // step):
        first = block[:step].strip()
        if re.fullmatch("[0-9A-Fa-f]{32,}", first) and len(block) % step == 0 and "#" not in block:
            return {}  # digests of one length
    lines = block.split("\n")
    try:
        candidates = pc.indices_nonzero(
            pc.invert(pc.match_substring_regex(pa.array(lines, pa.string()), _HOLDS_VALUE))
        ).to_pylist()
    except UnicodeEncodeError:
        candidates = [*range(len(lines))]
    if len(candidates) > _MANY and len(candidates) * 2 > len(lines):
        # hosts or no list at all: there a title bears a sign, and others are not looked at for long
        candidates = [i for i in candidates if _SIGNED.match(lines[i]) or lines[i][-1:] == ":"]
    found = {i: says for i in candidates if lines[i] and (says := title_of(lines[i]))}
    return {i: says for i, says in found.items() if not _is_count(lines, i)}
