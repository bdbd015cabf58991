"""Columns that decide whether a record counts: every word of theirs is looked at and counted.

Known words are used. Where one is not known, nobody here can say whether its records are to be
removed: the file is refused, with all words and how often they stand there, until `--where`
chooses the words that count or `--ignore` says that the column decides nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache

from relaion.errors import ListError
from relaion.lists.readers import why
from relaion.lists.readers.format import BETWEEN, EMPTY, LINK_KINDS, OF_NO_COLUMN, Options
from relaion.lists.readers.tables.folders import says_erased
from relaion.lists.readers.tables.notes import read_note
from relaion.lists.readers.tables.said import COUNTS, UNSURE, CellsSay, WordSays, differing
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.answers import DENIED, NO, YES, is_among
from relaion.lists.readers.vocabulary.days import days_of
from relaion.lists.readers.vocabulary.of_what import ELSE, FILE, LINK, is_of_what, of_what
from relaion.lists.readers.vocabulary.spelling import words_in
from relaion.lists.readers.vocabulary.trials import is_reviewer
from relaion.lists.values import could_be_value, quoted, told_words
from relaion.lists.values import told as say
from relaion.roles import HASHED_LINK_KINDS, IMAGE_KINDS

_STANDINGS = {
    None: "{listed} {added} {also_listed}",
    why.TAKEN_BACK: "{taken_back} {taken_back_alone} {mistaken}",
    why.DISPUTED: "{disputed} {disputed_alone}",
    why.GOOD: "{mistakes} {good} {good_alone} {also_good}",
    why.UNCONFIRMED: "{unconfirmed} {unconfirmed_alone} {also_unconfirmed} invalid",
}
_STANDING = {
    word: WordSays(fate) for fate, said in _STANDINGS.items() for word in words_in(said)
} | dict.fromkeys(words_in("{uncertain}"), UNSURE)
_STANDING["knownbad"] = COUNTS
_STANDING |= {"nonmalicious": WordSays(why.GOOD), "suspicious": UNSURE}  # of ThreatExchange
# good, or to who gives the list; innocent, or a sound record
_STANDING |= dict.fromkeys(("known", "ok", "okay"), UNSURE)
_LISTS = words_in("{listed} {added}")

_MEDIA = {
    word: WordSays(fate, media=media)
    for fate, media, said in (
        (why.NO_IMAGE, "other", "{other_media}"), (why.VIDEO, "video", "{video}"),
        (None, "image", "{image}"),
    )
    for word in words_in(said)
}  # fmt: skip
_MIME = re.compile(r"(image|video|audio|text|application|font|model|multipart|message)/.*")

_OF_HASH = re.compile(
    r"(?P<what>hash|image|img|photo|file|picture|media|content|url|uri|link|rawuri|rawurl)?"
    r"(?P<algorithm>md5|sha1|sha256)(?:hash|sum|digest|hex)?"
)
_UNUSABLE = re.compile(
    r"(?:hash|image|photo)?(pdqf?|photodna|pdna|md4|ed2k|sha224|sha384|sha512|sha3\d*|ssdeep|tlsh"
    r"|imphash|phash|blake2?3?[bs]?|ripemd160|crc32|vpdq|netclean|whirlpool|tiger|sdhash)(?:hash(?:er|es)?|v\d)?"
    r"|(?:hash)?(video(?:md5|sha1|sha256|pdq|tmk|hash)|tmk(?:pdqf)?|trendquery|textlsh|text)"
)
_OF_LINKS = {"url", "uri", "link", "rawuri", "rawurl", "weburl", "href", "unclickableurl"}
_OF_NOTHING = words_in("{of_nothing_types}")
_OF_HOSTS = {"domain", "hostname", "host", "fqdn", "ip", "ipv4", "ipv6", "ipdst", "ipsrc", "site"}
_DATE = re.compile(r"\d{4}-?\d\d-?\d\d.*|\d{1,2}[./]\d{1,2}[./]\d{2,4}.*|\d{9,13}(?:\.\d+)?")

_FLAG_FATES = {"disputed": why.DISPUTED} | dict.fromkeys(
    (
        "falsepositive", "fp", "whitelisted", "allowlisted", "whitelist", "allowlist", "knowngood",
        "good", "benign", "ignored", "ignore", "innocent", "safe", "legal", "harmless", "clean",
    ),
    why.GOOD,
)  # fmt: skip
_FLAG_FATES |= dict.fromkeys(words_in("{mistakes} {good} {good_alone}"), why.GOOD) | dict.fromkeys(
    words_in("{disputed} {disputed_alone}"), why.DISPUTED
)
_FLAG_FATES |= dict.fromkeys(
    words_in("{rejected} {unconfirmed} {unconfirmed_names}"),
    why.UNCONFIRMED,
)
_GRADE = re.compile(r"[abcабвсαβγאבגأبج甲乙丙][1-5]?")  # the first letters of an alphabet
_GRADED = re.compile(
    r"\W*(?:iwf\W*)?(?:cat(?:[eé]gor[a-zíî]+)?|kategori[aeij]*|категор[а-яіїј]+|κατηγορία|grade|grad|level|class|klasse|stufe|класс)(?=[\W_]|.$|..$)"
)
_CONFIRMED, _EITHER, _NO_GRADE = map(words_in, ("{confirmed}", "{listed_or_let_go}", "d e z"))
KNOWN_GOOD_CATEGORY = "8"  # of CAID and of Project VIC
_NUMBER = re.compile(r"\d{1,4}")
_LISTED_AS, _INTACT = map(words_in, ("{listed_categories}", "intact allocated existing"))


@lru_cache(65536)
def read_word(what: str, word: str, name: str = "") -> WordSays:
    """What a word says in a column that decides `what`; `name` is the column's own word."""
    plain = names.squeezed(word)
    if what == names.GONE:
        # `known` may be known good, or known to be listed material; a copy of a page is archived
        is_sure = name not in ("known", "bekannt", "archived", names.TAKEN_DOWN)
        yes = WordSays(_FLAG_FATES.get(name, why.TAKEN_BACK), is_sure=is_sure)
        return _flag(word, plain, yes=yes, no=COUNTS)
    if what == names.STILL:
        is_sure = name not in _EITHER
        gone = WordSays(why.UNCONFIRMED if name in _CONFIRMED else why.TAKEN_BACK, is_sure=is_sure)
        return _flag(word, plain, yes=WordSays(is_sure=is_sure), no=gone)
    if what == names.UNTIL:
        is_measure = name == "end" and word.strip().isdigit() and len(word.strip()) < _EPOCH
        return (
            COUNTS
            if is_measure
            else _until(word.strip(), plain, is_sure=name not in (names.TO, "out"))
        )
    if not plain and not word.strip(" -–—*/."):
        return COUNTS
    if of := of_what(word) if is_of_what(name) else None:
        return _OF[of] or _media(word.strip().casefold(), plain) or WordSays(why.NO_ENTRY)
    looks = () if DENIED.match(word) else _LOOKS[what]
    found = (look(word.strip().casefold(), plain) for look in looks)
    return next(filter(None, found), UNSURE)


_OF = {LINK: WordSays(kinds=tuple(HASHED_LINK_KINDS)), FILE: COUNTS, ELSE: None}


def _flag(word: str, plain: str, *, yes: WordSays, no: WordSays) -> WordSays:
    bare = word.strip().casefold()
    if bare in YES or plain in YES:
        return yes
    is_gone = no is COUNTS
    if not bare or bare in NO or plain in NO or (no is COUNTS and plain in _INTACT):
        return no if bare or is_gone else UNSURE
    if _DATE.fullmatch(bare) or days_of(bare):
        if is_gone and _until(bare, plain).fate is None:  # `expired on` a day that is to come
            return UNSURE
        return yes if is_gone or no.fate == why.UNCONFIRMED else UNSURE
    return _STANDING.get(plain, UNSURE)


def _until(word: str, plain: str, *, is_sure: bool = True) -> WordSays:
    """A day until which an entry is listed; what is past has expired."""
    if not plain or plain in _ENDLESS:
        return COUNTS
    days = days_of(word)
    if not days and plain in YES:
        return UNSURE
    if not days:
        return _STANDING.get(plain, UNSURE)
    today = date.today()
    past = {day < today for day in days}
    gone = WordSays(why.TAKEN_BACK, is_sure=is_sure)
    return UNSURE if len(past) > 1 else gone if past.pop() else COUNTS


_EPOCH = 8  # digits of what may be a day; fewer are where something ends
_ENDLESS = words_in("never none nie jamais nunca mai nooit null nil no nein non na infinite")


def _standing(_: str, plain: str) -> WordSays | None:
    return _STANDING.get(plain)


_OF_MEDIA = re.compile(r"\A(?:media|file|content|mime)type(?=.)")


def _media(word: str, plain: str) -> WordSays | None:
    if mime := _MIME.fullmatch(word):
        return _MEDIA[mime[1]] if mime[1] in ("image", "video", "audio") else _MEDIA["other"]
    return _MEDIA.get(_OF_MEDIA.sub("", plain))  # `media_type_video` is a word of ThreatExchange


def _type(_: str, plain: str) -> WordSays | None:
    of_link = plain.removeprefix("hash") if plain.startswith("hashurl") else plain
    if found := _OF_HASH.fullmatch(of_link):
        what = "url" if found["what"] in ("url", "uri", "link", "rawuri", "rawurl") else "image"
        return WordSays(kinds=(f"{what}_{found['algorithm']}",))
    if plain in _KNOWN_TYPES:
        return _KNOWN_TYPES[plain]
    found = _UNUSABLE.fullmatch(plain)
    if found is None:
        return None
    is_video = plain.startswith(("video", "hashvideo", "tmk"))
    return WordSays(why.VIDEO if is_video else why.OTHER_HASH, unusable=found[1] or found[2])


_KNOWN_TYPES = (
    dict.fromkeys(_OF_LINKS, WordSays(kinds=LINK_KINDS))
    | dict.fromkeys(_OF_HOSTS, WordSays(kinds=("host",)))
    | dict.fromkeys(("hash", "digest", "filehash"), WordSays(kinds=IMAGE_KINDS))
    | dict.fromkeys(_OF_NOTHING, WordSays(why.NO_ENTRY))
    | dict.fromkeys(("exact", "exactmatch"), COUNTS)
)


def _category(word: str, plain: str) -> WordSays | None:
    grade, *rest = re.split(r"\s[-–—]\s|:\s", _GRADED.sub("", word), maxsplit=1)
    if rest and (read_note(rest[0]) or word_of_any(rest[0])):
        return None  # `A - removed`
    plain = names.squeezed(grade) or plain
    plain = re.sub(r"^([1-5])([abc])$", r"\2\1", plain)
    if _GRADE.fullmatch(plain):
        return COUNTS
    if plain in _NO_GRADE:
        return WordSays(why.NO_CRIME)
    if plain == KNOWN_GOOD_CATEGORY:
        return WordSays(why.GOOD)
    return UNSURE if _NUMBER.fullmatch(plain) or _NUMBER.fullmatch(word) else None


def _listed_as(_: str, plain: str) -> WordSays | None:
    return COUNTS if plain in _LISTED_AS else None


_LOOKS = {
    names.STANDING: (_standing, _media, _type, _listed_as),
    names.CATEGORY: (_category, _standing, _media, _listed_as),
    names.MEDIA: (_media, _type, _standing),
    names.TYPE: (_type, _media, _standing),
}


def word_of_any(word: str) -> str | None:
    """What kind of decision a word by itself speaks of; None for a word that speaks of none."""
    bare, plain = word.strip().casefold(), names.squeezed(word)
    if _type(bare, plain):
        return names.TYPE
    if _media(bare, plain):
        return names.MEDIA
    return names.STANDING if _standing(bare, plain) else None


def lists(word: str) -> bool:
    """Whether a word by itself says that its row is listed."""
    return names.squeezed(word) in _LISTS


def is_uncertain(word: str) -> bool:
    """Whether a word by itself may take its row out, or not: `ok`, `adult`."""
    return _STANDING.get(names.squeezed(word)) is UNSURE


def type_of(word: str) -> WordSays | None:
    """What a word says of the algorithm of its row; None where it names none."""
    return _type(word.strip().casefold(), names.squeezed(word))


def media_word(word: str) -> WordSays | None:
    """What a word says of what its row is of; None where it says nothing."""
    return _media(word.strip().casefold(), names.squeezed(word))


# -- Columns of such words -------------------------------------------------------------------------
_MANY = 1000  # words after which a column is no vocabulary
_LONGEST = 40  # characters of a word; what is longer is a text
_REST = "(other words)"
_FEW, _PHRASE = 8, 6  # words of a vocabulary, and those that one may consist of
# what a column of operations says in one letter; of `U` and `R` givers mean more than one thing
_OPERATIONS = words_in("action actions operation op change event aktion acción azione ação")
_LETTERS = {"+": COUNTS, "-": WordSays(why.TAKEN_BACK), "d": WordSays(why.TAKEN_BACK)}
_LETTERS |= dict.fromkeys("aim", COUNTS)
_ANSWERS = words_in("rejected denied declined kept refused")


@dataclass
class DecidingColumn:
    """One column that decides. `words` counts what stands in it, `unsure` what is not known."""

    name: str
    what: str
    index: int
    word: str = ""
    chosen: frozenset[str] | None = None
    words: Counter[str] = field(default_factory=Counter)
    unsure: Counter[str] = field(default_factory=Counter)
    is_delta: bool = False  # the file is an update: signs without a name are those of changes
    doubted: frozenset[str] = frozenset()  # codes that a legend may take out
    is_of_disk: bool = False  # what it calls deleted may be a file on a disk, and no record
    _said: dict[str, WordSays] = field(default_factory=dict)

    def read(self, cells: Sequence[str], times: Sequence[int] | None = None) -> CellsSay:
        """What each cell says; counts them all, each as often as `times` says."""
        said, counted = self._said, Counter(cells if times is None else ())
        for cell, n in zip(cells, times or (), strict=False):
            counted[cell] += n
        for cell, n in counted.items():
            if cell not in said:
                says = self._say(cell)
                is_open = not says.is_sure and self.chosen is None
                said[cell] = COUNTS if is_open and is_reviewer(self.name, cell) else says
            told = say(cell.strip(), _LONGEST) or EMPTY
            if told not in self.words and len(self.words) >= _MANY:
                told = _REST
            self.words[told] += n
            if not said[cell].is_sure:
                self.unsure[told] += n
        return CellsSay(map(said.__getitem__, cells), map(said.__getitem__, counted))

    def fate_of(self, cell: str) -> str | None:
        """Why a row with this cell brings no entry; the cell is not counted."""
        return self._say(cell).fate

    def _say(self, cell: str) -> WordSays:
        if self.chosen is not None:
            bare = cell.strip()
            shown_as = {bare.casefold(), say(bare, _LONGEST).casefold()}
            is_chosen = is_among(bare, self.chosen) or not shown_as.isdisjoint(self.chosen)
            known = read_word(self.what, cell, self.word)
            if is_chosen:  # what it is of still counts: a digest of a video is none of an image
                is_of = known.kinds or known.fate in (
                    why.VIDEO,
                    why.NO_IMAGE,
                    why.NO_ENTRY,
                    why.OTHER_HASH,
                )
                return known if known.is_sure and is_of else COUNTS
            # what is no longer listed leaves what it brings up to date, chosen or not
            is_number = self.what == names.CATEGORY and bare.isdigit()
            is_gone = known.is_sure and known.fate in why.UNDOES and not is_number
            return replace(known, is_chosen=False) if is_gone else WordSays(why.NOT_CHOSEN)
        if cell.strip().casefold() in self.doubted:
            return UNSURE
        is_change = self.word in _OPERATIONS or (not self.word and self.is_delta)
        if self.what == names.STANDING and is_change:
            return _LETTERS.get(cell.strip().casefold()) or read_word(self.what, cell, self.word)
        return read_word(self.what, cell, self.word)

    @property
    def told(self) -> str:
        """What messages call it."""
        return say(self.name) or f"column {self.index + 1}"

    @property
    def _which(self) -> str:
        named = say(self.name) or "without a name"
        return f"column {self.index + 1} ({named}) decides which rows count"

    @staticmethod
    def _held(words: Counter[str]) -> str:
        """A vocabulary is told whole: a phrase in it is no caption."""
        return told_words(words, _PHRASE if len(words) <= _FEW else None)

    @property
    def _option(self) -> str:
        return option_name(self.name, self.index)

    @property
    def _may_be_ignored(self) -> bool:
        return True

    def refuse_unsure(self, *, is_cut: bool) -> None:
        """Raise ListError where it holds words that nobody here knows."""
        if self.is_of_disk and self.chosen is None and self._says_erased():
            raise ListError(
                f"{self._which}: beside paths it may say that a file was deleted on its disk, or "
                f"that a record was taken back; it holds {self._held(self.words)}; say --ignore "
                f"{self._option} for the former, --where {self._option}=WORD,WORD for the latter"
            )
        if not self.unsure:
            return
        if self.word == names.TAKEN_DOWN:
            raise ListError(
                f"{self._which}: it may say that a host took down what is listed, or that a record "
                f"was taken back; it holds {self._held(self.words)}; say --ignore {self._option} "
                f"for the former, --where {self._option}=WORD,WORD for the latter"
            )
        if self.what == names.CATEGORY and all(map(str.isdigit, self.unsure)):
            reason = "its categories are numbers, which mean another thing to every giver"
            if self.words[KNOWN_GOOD_CATEGORY]:
                reason += f" ({KNOWN_GOOD_CATEGORY} is known good to some)"
        else:
            reason = f"words in it are not known: {self._held(self.unsure)}"
        held = self._held(self.words)
        reason += "; the file may be cut off" * is_cut + f"; it holds {held}" * (held not in reason)
        way = f"--where {self._option}=WORD,WORD"
        way += f" or say --ignore {self._option}" * self._may_be_ignored
        raise ListError(f"{self._which}, and {reason}; choose with {way}")

    def _says_erased(self) -> bool:
        return any(
            says_erased(self.name, w) for w, s in self._said.items() if s.fate == why.TAKEN_BACK
        )

    def refuse_answers(self) -> None:
        """`removed` beside `rejected` answers requests: there what was removed is listed."""
        told = {names.squeezed(word) for word in self.words}
        if self.chosen is None and told & {"removed", "removal"} and told & _ANSWERS:
            raise ListError(
                f"{self._which}, and its words ({self._held(self.words)}) may answer requests, "
                "where removed means granted, or tell what was taken back; choose with --where "
                f"{self._option}=WORD,WORD"
            )


def chosen_of(options: Options, name: str, index: int) -> frozenset[str] | None:
    """The words that `--where` chooses of a column; None where it names another."""
    for field_name, chosen in options.where.items():
        if is_named(field_name, name, index):
            return chosen
    return None


def is_named(said: str, name: str, index: int) -> bool:
    """Whether a curator means this column: by its name, or its number from 1."""
    plain = names.squeezed(said)
    return (bool(plain) and plain == names.squeezed(name)) or said.strip() == str(index + 1)


def is_ignored(options: Options, name: str, index: int) -> bool:
    """Whether a column decides nothing; `--ignore title` speaks of no column."""
    return any(is_named(said, name, index) for said in options.ignore - OF_NO_COLUMN)


def fates_of(
    rows: int, decided: Sequence[tuple[DecidingColumn, Sequence[WordSays]]], *, is_good: bool
) -> dict[int, str]:
    """Why rows bring no entry, by their place: the first column that says so."""
    fates: dict[int, str] = {}
    for _, said in decided:
        if all(says.fate is None for says in differing(said)):
            continue
        for i, says in enumerate(said[:rows]):
            unlisted = None if says.is_chosen else why.NOT_CHOSEN
            if fate := unlisted if is_good and says.fate == why.GOOD else says.fate:
                fates.setdefault(i, fate)
    return fates


def refuse_unsure(deciders: Sequence[DecidingColumn], *, is_cut: bool) -> None:
    """Raise ListError where a column holds words that nobody here knows.

    `is_cut`: the file ends within its last row, whose word may be half of one.
    """
    for decider in deciders:
        decider.refuse_answers()
        decider.refuse_unsure(is_cut=is_cut)


def option_name(name: str, index: int) -> str:
    """How a curator names a column: by its name, or its number where that is no word or path."""
    plain = name.strip()
    at = str(index + 1) if index >= 0 else quoted(say(plain))  # a field has no place
    if BETWEEN in plain:
        parts = [option_name(part, index) for part in plain.split(BETWEEN)]
        return at if at in parts else ".".join(parts)
    is_plain = plain.isascii() and re.sub("[_-]", "", plain).isalnum() and not plain.isdigit()
    return plain if is_plain and not could_be_value(plain) and plain not in OF_NO_COLUMN else at
