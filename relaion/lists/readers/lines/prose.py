"""Lines of text in a list that nobody here understands: letters, footers, remarks.

Words that take back are known, but no list of such words is whole. So the other way round: a line
of text is understood where each of its words is known to decide nothing, or where it says whom to
ask or what the list is not to be used for. Any other is told of by its number, and where it speaks
of some of the entries, or denies something of them, the curator is asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from relaion.errors import ListError
from relaion.lists.readers.lines.candidates import is_count, is_quoted
from relaion.lists.readers.lines.headings import BY_UNKNOWN, is_unknown_title, without_brands
from relaion.lists.readers.lines.titles import (
    LISTED,
    TAKES_OUT,
    Doubt,
    Doubted,
    is_innocent,
    units_of,
)
from relaion.lists.readers.vocabulary import spelling
from relaion.lists.readers.vocabulary.asides import whole_files, without_asides
from relaion.lists.readers.vocabulary.denials import denial_in
from relaion.lists.readers.vocabulary.letters import closes_letter
from relaion.lists.readers.vocabulary.patterns import pattern
from relaion.lists.readers.vocabulary.spelling import expanded, without_marks, words_in

_NOT_UNDERSTOOD = (
    "lines of text that nobody here understood: {n:,} (line{s} {told}); look whether they take "
    "something back or say that nothing is listed; --ignore title leaves this out"
)
_UNREAD = "lines of text behind very many others, not looked at: {n:,}"
_CUT = "lines of text that are looked at up to {most:,} characters only: {n:,}"
_ASKED = (
    "line {at:,} speaks of entries in words that may take some of them back: if it does not, say "
    "--ignore title; if it does, leave it and what it takes back out of a copy"
)
_DENIED = (
    "line {at:,} says that entries are not listed: leave it and what it takes back out of a copy, "
    "or the line alone where they are; no option goes against so plain a word"
)
_ABOUT_ENTRIES = pattern("sentences.about_entries")
_ASKING = pattern("sentences.asking")
_CLAUSES = pattern("sentences.clauses")
_CONDITION = pattern("sentences.condition")
_FORBIDS = pattern("sentences.forbids")
_GREETING = pattern("sentences.greeting")
_REQUESTS, _POINTERS = pattern("sentences.requests"), pattern("sentences.pointers")
_TAKES_IN, _FROM_DATA = pattern("sentences.takes_in"), pattern("sentences.from_data")
_SHARED = pattern("sentences.sharing")
_NOT_SHARED = pattern("sentences.not_shared")
_OF_SOME = pattern("sentences.of_some")
_ONLY_SOME = pattern("sentences.only_some")
_OTHER_USE = pattern("sentences.other_use")
_SIGNER = pattern("sentences.signer")
_STATES = pattern("sentences.states")
_TAKES_NOTHING = pattern("sentences.takes_nothing")

_MOST_TOLD = 10
_MOST_READ = 20_000  # lines of a file
_HEAD = 2  # lines above entries: a title, and a day, a giver or names of columns; more are a letter
_MANY = 200  # lines of a block: more are no remarks on a list
_LONGEST = 2000  # characters of a line that are looked at
_TITLE = 4  # words of one that may say of all entries that they are harmless
_SENTENCE = 4  # words of a line that may ask for something in a language that nobody here knows
_SIGNATURE = 12  # lines below the end of a letter
_SHORT, _NAMES = 60, 6  # characters and words of one of them
_PIECES = re.compile(r"(?<=\w\w)[.!?;]+(?:\s+|$)")
_ENDING = re.compile(r"\.\w+")
_HOST = re.compile(r"(?<![\w.-])\.*(?:[\w-]+\.)+[A-Za-z]{2,}(?:[:/]\S*)?")
_ONE_TOKEN = re.compile(r"(?!\S*[\u2e80-\uffff])(?=\S*[\d.=_:/\\|,*\[\]-])\S+")
_OF_DIFF = re.compile(r"diff |index \w+\.\.|@@|--- |\+\+\+ |-----BEGIN |-----END |Hash: \w+$")
_VALUE = re.compile(r"[0-9A-Fa-f]{32}|://|(?m:^[^\s#]*[A-Za-z2-7+/]{22})")
HOST_IN = re.compile(r"(?m)^[^\S\n]*(?:[\d.:]+[^\S\n]+)?[^\s#;!]*[^\W_]\.[^\W_]")
"""A line that begins with a host, or with an address and a host."""
_VALUE_OR_HOST = re.compile(f"{HOST_IN.pattern}|{_VALUE.pattern.replace('(?m:', '(?:')}")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")

_DOUBTS = words_in(
    "{taken_back} {mistakes} {good} {disputed} {unconfirmed} {uncertain} {titles_taken_back} "
    "{do_not_use} {titles_good} {good_alone} {titles_doubted} {notes_doubted} "
    "{taken_back_alone} {unconfirmed_alone} {disputed_alone} {mistaken} {wrong} {to_remove} "
    "{recalls} {doubts}"
) - words_in("{no_doubts}")
_HARMLESS = (
    words_in(
        "{letters} {topic_names} {harmless_values} {places} {things} {weekdays} "
        "{told_to_somebody} {listed} {added} {abuse} {pictures} {fillers} {verbs_of_sentences} "
        "{pointers} {matter_of_lists} {before_a_name} {harmless_headings} {lists_of_bad} "
        "{unlawful} {taken_in} {subjects} {confirmed} {note_names} {file_names} {link_names} "
        "{hash_names} {caption_names} {harmless_in_sentences}"
    )
    - _DOUBTS
)
_HARMLESS_FILES = words_in("{good_alone}") - words_in(
    "good clean safe legal ignore ignored negativ*"
)
"""Of what is listed as bad none is called so."""
_NEGATIONS = words_in("{negations_of_sentences}") | frozenset(
    ("dont", "doesnt", "isnt", "arent", "werent", "wasnt", "didnt", "havent", "hasnt")
)
_NONE = words_in("{none_of}")
_JUDGED = words_in("{judged}") - words_in("current live active")
"""Where one of these is denied, what stands below may be listed nowhere."""
_SPANISH_NO = re.compile(r"\bno (?:se|son|es|esta|estan|fue|fueron|han|ha|debe[n]?|deberian|hay)\b")
_LEGEND = re.compile(r"(?<!\w)(?:[a-z0-9*+†]{1,3} ?=|[a-z0-9*+†] ?:) ?[^\W\d]")
_GERMAN = words_in("der die das und von wurden wurde nicht ist sind mit für zu bitte")
_ENDINGS = ("s", "es", "d", "ed", "n", "en", "e", "em")
_JOINTS = ("", "s", "n", "en", "es")
_LABELS = [[w] for w in ("contact", "author", "source", "from", "signed", "prepared", "kontakt")]
_LONGEST_WORD, _SHORTEST = 40, 4  # letters of one, and of a part of a compound
_HEADS = words_in("{compound_heads}")
"""With these compounds end: what they are of is told before them."""
_SIGNS = " \t\r\n#/;!%*=~_<>|[](){}\"'`,:-–—•·\ufeff"
_CJK = sorted(
    map(without_marks, expanded("{letters_without_blanks}").split()), key=len, reverse=True
)


@lru_cache(1 << 16)
def _is_understood(word: str) -> bool:
    """Whether a word decides nothing, as it stands, in one of its forms, or as a compound."""
    if word in _DOUBTS:
        return False
    if word in _HARMLESS or (is_innocent(word) and not spelling.is_unread(word)):
        return True
    if spelling.is_unread(word):
        for known in _CJK:
            word = word.replace(known, "")
        return not re.sub(r"[\d\W]", "", word)
    return any(base in _HARMLESS for base in _forms_of(word)) or _is_compound(word)


def _forms_of(word: str) -> list[str]:
    """A word without an ending that may be none of its own."""
    bases = [word.removesuffix(end) for end in _ENDINGS if word.endswith(end)]
    return [form for base in bases if len(base) >= _SHORTEST for form in (base, base + "e")]


def _is_compound(word: str) -> bool:
    if len(word) > _LONGEST_WORD:
        return False
    for i in range(_SHORTEST, len(word) - _SHORTEST + 1):
        right, left = word[i:], word[:i]
        if right in _HEADS and any(
            left.removesuffix(joint) in _HARMLESS for joint in _JOINTS if left.endswith(joint)
        ):
            return True
    return False


TOLD, ASKED, DENIED = "told", "asked", "denied"


@lru_cache(4096)
def read_prose(line: str, *, is_below: bool = False) -> str | None:
    """Whether a line is to be told of, asked about, or denies; None for one that is understood.

    `is_below`: entries stand above it, and names may.
    """
    # each part of a line is looked at by itself: links, paths, addresses and hosts are no words
    text = "".join(map(_bare_part, re.split(r"(\s+)", without_asides(line[:_LONGEST]))))
    folded = without_marks(text).replace("’", "'")
    says_of_some = any(map(_OF_SOME.search, (re.sub(r"[_=\s]+", " ", folded), text)))
    found = None
    for piece in _PIECES.split(text):
        says = _of_piece(piece.strip(_SIGNS), of_some=says_of_some, is_below=is_below)
        if says in (ASKED, DENIED):
            return says
        found = found or says
    return found


def is_strange(title: str) -> bool:
    """Whether a title may say anything: it denies, or half of its words are not known."""
    bare = without_brands(without_asides(title))
    units = units_of(_TAKES_NOTHING.sub(" ", without_marks(bare)))
    if not (_NEGATIONS | _NONE).isdisjoint(units):
        return True
    is_any = 2 * sum(map(_is_understood, units)) <= len(units) or not _DOUBTS.isdisjoint(units)
    return is_any and None not in map(read_prose, (title, bare))


def _bare_part(part: str) -> str:
    if "@" in part or "://" in part or "\\" in part or (part[:1] == "/" and part != "/"):
        return " "
    slash = part.find("/", 1)
    ends = [found.end() for found in _ENDING.finditer(part, slash)] if slash > 0 else []
    rest = part[ends[-1] :] if ends else part
    return " " * bool(ends) + (_HOST.sub(" ", rest) if "." in rest else rest)


def _of_piece(piece: str, *, of_some: bool, is_below: bool) -> str | None:
    if not piece or _SIGNER.fullmatch(without_marks(piece)):
        return None
    folded = re.sub(r"[_=\s/]+", " ", without_marks(piece).replace("’", "'"))
    if _ASKING.search(folded) and not of_some:
        return _beside_asking(folded)
    bare = _TAKES_NOTHING.sub(" ", whole_files(folded))
    units = units_of(bare)
    told = re.findall(r"[^\W\d_]+", bare)
    is_denied = not _NEGATIONS.isdisjoint(told) or _SPANISH_NO.search(bare) is not None
    is_denied = is_denied or re.search(r"n't\b", bare) is not None
    is_judged = (is_denied or not _NONE.isdisjoint(told)) and any(
        w in _JUDGED or not _JUDGED.isdisjoint(_forms_of(w)) for w in told
    )
    strange = [u for u in units if not _is_understood(u) and u not in _NEGATIONS]
    named = _names_in(piece, folded, is_below=is_below)
    strange = [u for u in strange if u not in named or u in _DOUBTS] + _doubts_cut(folded)
    is_only = of_some and _ONLY_SOME.search(bare) is not None
    is_forbidden = _FORBIDS.search(_OTHER_USE.sub(" ", folded)) is not None
    is_denial = denial_in(piece, is_title=False)
    if is_denial or is_only or is_forbidden:
        return DENIED if is_denial else ASKED
    is_cut = bare != folded
    if not strange and not (is_denied or is_judged or (of_some and is_cut)):
        return None
    has_doubt = not _DOUBTS.isdisjoint(strange)
    is_legend = has_doubt and _LEGEND.search(without_marks(piece)) is not None
    is_reason = has_doubt and _NOT_SHARED.search(folded) is not None and _is_statement(bare)
    if (
        of_some
        or is_legend
        or is_judged
        or is_reason
        or (strange and _is_strange_request(f"{bare} {piece}", has_doubt=has_doubt))
        or (not is_below and _is_unknown(piece, f"{bare} {piece}", strange, len(units)))
        or (is_denied and len(units) > 2 and _ABOUT_ENTRIES.search(bare))
        or (not is_below and _is_strange_title(units, strange, f"{bare} {piece}"))
    ):
        return ASKED
    return TOLD if strange else None


def _beside_asking(folded: str) -> str | None:
    """What a sentence says that asks for something, in those clauses that ask for nothing."""
    for clause in _CLAUSES.split(folded):
        if _ASKING.search(clause) or _CONDITION.match(clause):
            continue
        says = _of_piece(clause.strip(_SIGNS), of_some=False, is_below=False)
        has_doubt = not _DOUBTS.isdisjoint(units_of(clause))
        if says in (ASKED, DENIED):
            return says
        if has_doubt and _is_statement(clause):
            return ASKED
    return None


def _is_strange_request(text: str, *, has_doubt: bool) -> bool:
    """Whether a folded text asks that something be done with what stands below, and not what.

    It does not where it takes in; a word that takes back, beside it, needs no `please`.
    """
    is_request = (has_doubt or _REQUESTS.search(text)) and _POINTERS.search(text)
    return bool(is_request and not (_TAKES_IN.search(text) or _FROM_DATA.search(text)))


def _is_unknown(piece: str, text: str, strange: Sequence[str], n: int) -> bool:
    """Whether a line above entries asks for what nobody here knows, or is in such a language.

    Where most words have a capital, they are names.
    """
    n_strange = sum(word not in _DOUBTS for word in strange)
    is_request = n_strange and _REQUESTS.search(text) and not _FROM_DATA.search(text)
    is_named = sum(w[:1].isupper() for w in _WORD.findall(piece)[1:]) * 2 >= n
    is_strange = n >= _SENTENCE and n_strange * 4 >= n * 3 and not is_named
    return bool((is_request or is_strange) and not _TAKES_IN.search(text))


def _is_strange_title(units: Sequence[str], strange: Sequence[str], text: str) -> bool:
    """Whether a line is of a script of which no word is known, or of few words says `harmless`."""
    is_unread = any(map(spelling.is_unread, strange)) and not _TAKES_IN.search(text)
    return is_unread or (len(units) <= _TITLE and not _HARMLESS_FILES.isdisjoint(strange))


def _is_statement(text: str) -> bool:
    """Whether a folded text says how entries are."""
    return _ABOUT_ENTRIES.search(text) is not None and _STATES.search(text) is not None


def _doubts_cut(folded: str) -> list[str]:
    """Words that take back, among those that say what is not to be passed on."""
    cut = " ".join(found[0] for found in _NOT_SHARED.finditer(folded))
    return [u for u in units_of(cut) if u in _DOUBTS and u != "test" and not _SHARED.fullmatch(u)]


def _names_in(piece: str, folded: str, *, is_below: bool) -> frozenset[str]:
    """The words of a piece that are names: with a capital, beside words that have none."""
    told = _WORD.findall(piece)
    units = units_of(folded)
    is_german = len(_GERMAN.intersection(units)) > 0
    is_greeting = _GREETING.match(folded.strip()) is not None or units[:1] in _LABELS
    is_signer = is_below and len(told) > 1 and all(w[:1].isupper() for w in told if len(w) > 3)
    if is_signer or (is_greeting and len(told) < 8):
        return frozenset(units_of(" ".join(w for w in told if w[:1].isupper())))
    if is_german or not any(w[:1].islower() for w in told):
        return frozenset()
    return frozenset(units_of(" ".join(w for w in told[1:] if w[:1].isupper())))


@dataclass
class LinesOfProse:
    """The lines of text of a file; `told` are those that were not understood, by number.

    `is_heeded`: they are looked at; `tells`: not only those that are asked about;
    `only_denials`: the curator said that others take nothing out.
    `of_hosts`: the entries may be hosts.
    """

    is_heeded: bool = True
    tells: bool = True
    only_denials: bool = False
    of_hosts: bool = False
    told: list[int] = field(default_factory=list)
    asked: int = 0  # the first line to ask about
    denied: int = 0  # the first line that denies
    title: int = 0  # a line above all entries that may be their title
    understood: int = 0  # lines that are no comments and were
    _has_values: bool = False
    _looked_at: int = 0
    _unread: int = 0  # lines behind those that are looked at
    _cut: int = 0  # lines that are looked at but for their ends

    def watch(
        self,
        block: str,
        lines: list[str],
        candidates: Sequence[int],
        titles: Mapping[int, str | Doubt],
        before: int,
    ) -> None:
        """Look at those lines of a block that hold words and no value; `before` stand others."""
        if not self.is_heeded:
            return
        value = _VALUE_OR_HOST if self.of_hosts else _VALUE
        held = None if self._has_values else value.search(block)
        first = (
            block.count("\n", 0, held.start()) if held else 0 if self._has_values else len(lines)
        )
        self._has_values = self._has_values or held is not None
        many = len(candidates) > _MANY
        cells = _cells(lines, first)
        is_head = held is not None and sum(i < first for i in candidates) <= _HEAD
        titled: list[int] = []
        for i in candidates:
            line, rest = lines[i][:_LONGEST], lines[i][_LONGEST:]
            is_comment = line.lstrip()[:1] == "#"
            is_heard = _is_heard(titles.get(i))
            if (is_heard and not _asks(line)) or (many and not is_comment):
                continue
            is_row = self.of_hosts and HOST_IN.match(line) is not None
            if is_row or not _is_text(lines[i], cells) or is_quoted(lines, i) or is_count(lines, i):
                continue
            self._cut += bool(rest.strip(_SIGNS))
            self._looked_at += 1
            if self._looked_at > _MOST_READ:
                self._unread += 1
                continue
            found = None if closes_letter(line) else read_prose(line, is_below=i > first)
            is_signer = i > first and _is_signer(line, lines[max(0, i - _SIGNATURE) : i])
            is_letter = cells[1] < 2 or cells[0].strip(" ") not in line
            self.understood += found is None and is_letter and not is_comment
            is_plain = titles.get(i) == LISTED or is_signer
            is_open = self.tells and not (self.only_denials or is_plain or is_heard)
            if found == TOLD and is_open:
                self.told.append(before + i + 1)
            elif found == ASKED and not (self.asked or self.only_denials):
                self.asked = before + i + 1
            elif found == DENIED and not self.denied:
                self.denied = before + i + 1
            is_title = is_open and is_head and i < first and is_unknown_title(line, titles.get(i))
            if is_title and is_strange(line):
                titled.append(before + i + 1)
        self.title = titled[0] if len(titled) == 1 and not self.of_hosts else self.title

    def refuse(self) -> None:
        """Raise ListError where a line speaks of some entries in a file that holds any."""
        if self.denied and self._has_values:
            raise ListError(_DENIED.format(at=self.denied))
        if self.asked and self._has_values:
            raise ListError(_ASKED.format(at=self.asked))

    def refuse_title(self) -> None:
        """Raise ListError where the title of all entries is in words that nobody here knows."""
        if self.title:
            raise ListError(BY_UNKNOWN.format(word=f"{self.title:,}"))

    def notices(self) -> list[str]:
        """The lines that were not understood, by their numbers."""
        n = len(self.told)
        more = [_UNREAD.format(n=self._unread)] if self._unread and self.tells else []
        if self._cut and self.tells:
            more.append(_CUT.format(n=self._cut, most=_LONGEST))
        if not n:
            return more
        told = ", ".join(f"{at:,}" for at in self.told[:_MOST_TOLD])
        told += f" and {n - _MOST_TOLD:,} more" if n > _MOST_TOLD else ""
        return [_NOT_UNDERSTOOD.format(n=n, s="s" * (n > 1), told=told), *more]


def _is_heard(says: str | Doubt | None) -> bool:
    """Whether a line was heard as a title, so that it takes out or is asked about."""
    return (
        says.of in (Doubted.ENTRIES, Doubted.VALUES)
        if isinstance(says, Doubt)
        else says in TAKES_OUT
    )


def _asks(line: str) -> bool:
    """Whether a line asks for something: as a title below entries it is not heeded."""
    return _ASKING.search(without_marks(line)) is not None


def _is_signer(line: str, above: list[str]) -> bool:
    """Whether a short line, and no sentence, stands below the end of a letter."""
    bare = line.strip()
    is_short = len(bare) <= _SHORT and len(bare.split()) <= _NAMES and bare[-1:] not in ".!"
    return is_short and any(map(closes_letter, above))


def _cells(lines: Sequence[str], first: int) -> tuple[str, int]:
    """By which sign the first line with a value is divided, and into how many cells.

    A blank belongs to the sign where one stands behind it.
    """
    rest = (line for line in lines if line.strip() and line.lstrip()[:1] != "#")
    line = lines[first] if first < len(lines) else next(rest, "")
    sign = max("\t;|,", key=line.count)
    return f"{sign} " if f"{sign} " in line else sign, line.count(sign) + 1


def _is_text(line: str, cells: tuple[str, int]) -> bool:
    """Whether a line is no row of a table, no value, and no word that programs write."""
    is_odd = line.count('"') % 2 or _OF_DIFF.match(line) or _ONE_TOKEN.fullmatch(line.strip())
    if is_odd or _VALUE.search(line):
        return False
    sign, n = cells[0].strip(" "), cells[1]
    if n < 2 or line.lstrip().startswith("#"):
        return True
    filled = [cell for cell in line.split(sign) if cell.strip(_SIGNS)]
    if len(filled) < 2 or (sign == cells[0] and f"{sign} " in line and '"' not in line):
        return True
    return line.count(sign) + 1 != n and any(len(cell.split()) > 3 for cell in filled)
