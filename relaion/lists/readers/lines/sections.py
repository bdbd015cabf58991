"""The lines of a file, apart by what their titles say.

A title holds up to the next one that speaks of the same thing. A heading that says nothing, such as
`# Ticket 2` or `### Europe`, ends a section only where its level does; where it may be a part of it
or the next one, what stands below is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field

from relaion.errors import ListError
from relaion.lists.readers import why
from relaion.lists.readers.format import OF_FILE, OF_NAME, Options
from relaion.lists.readers.lines.candidates import ENTRY, lines_of_words, titles_among
from relaion.lists.readers.lines.content import first_lines
from relaion.lists.readers.lines.headings import BY_UNKNOWN, LinesAtEnd, of_example
from relaion.lists.readers.lines.known_good import refuse_bad_title
from relaion.lists.readers.lines.of_digests import OF_LINKS_BY_TITLE, of_digests
from relaion.lists.readers.lines.prose import HOST_IN, LinesOfProse
from relaion.lists.readers.lines.titles import (
    IS_OF,
    LISTED,
    NEUTRAL,
    OF_LINKS,
    PICTURE,
    TAKES_OUT,
    UNKNOWN,
    USABLE,
    Doubt,
    Doubted,
    has_sign,
    is_heading,
    is_innocent,
    of_name,
)
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.letters import is_contact
from relaion.lists.values import shape
from relaion.roles import IMAGE_KINDS

CELLS = re.compile(r"[,;|\t]")
NAMED_WITHIN = 10
"""Lines in which names of columns are looked for: titles may stand before them."""
_LONGEST = 4096  # characters of a line of names that are looked at

_FEW_WORDS = 4  # of a name


def _cells_say(line: str) -> list[names.NameSays]:
    return [names.read_name(cell.strip("\"'= ")) for cell in CELLS.split(line[:_LONGEST].strip())]


def decides_rows(head: str) -> bool:
    """Whether a column of the file tells of each record whether it is listed."""
    return column_decides(head, {names.STANDING, names.GONE, names.STILL})


def column_decides(head: str, deciding: set[str]) -> bool:
    """Whether a column of the file decides of each record in one of these ways."""
    for line in first_lines(head, NAMED_WITHIN):  # titles may stand before the names
        says = {found.what for found in _cells_say(line)}
        if len(CELLS.split(line)) > 1 and says & deciding:
            return True
    return False


def names_algorithm(head: str) -> bool:
    """Whether a column says by which algorithm its digests are."""
    return any(
        says.what == names.ENTRY and says.word in ("md5", "sha1", "sha256")
        for line in first_lines(head, NAMED_WITHIN)
        for says in _cells_say(line)
    )


def names_pictures(head: str) -> bool:
    """Whether a column says that its digests are those of pictures."""
    return any(
        says.what == names.ENTRY and says.kinds and set(says.kinds) <= set(IMAGE_KINDS)
        for line in first_lines(head, NAMED_WITHIN)
        for says in _cells_say(line)
    )


def has_entries(head: str) -> bool:
    """Whether a column says that it holds entries."""
    return any(map(names_entries, first_lines(head, NAMED_WITHIN)))


def names_entries(line: str) -> bool:
    """Whether a line is one of names of columns, of which one holds entries."""
    is_plain = len(line) < _LONGEST and not line.lstrip().startswith("#")
    cells = line.split(", ")  # `MD5 of the full URL, lower-cased`
    is_plain = is_plain and not (len(cells) > 1 and len(cells[0].split()) > _FEW_WORDS)
    return is_plain and any(says.what == names.ENTRY for says in _cells_say(line))


_QUOTES = "\"' \r\n"
_OF_MANY = re.compile(r"\s*(?=\S*[*\[])(?!\[)[^\s#!]+\s*")  # hosts: `*banner*`, `ads[0-9]`
# a line that may hold an entry, in whatever spelling; below `Kind regards,` stand names
_MAY_HOLD_VALUE = (
    r"[0-9A-Fa-f]{8}|://|[^\s,;|]{20}|[^\W_]\.[^\W_]|(?:[0-9A-Fa-f]{2,8}[ :.-]){3}|[;|\t]|^\d+\s*$"
)
_MOST_HELD = 4 << 20  # characters
_BY_NAME = (
    "the file's name ({word}) may say that nothing in it is listed: if it is a list, say --ignore "
    "file-name; if not, give it a name that plainly says so, such as removed.txt"
)
_BY_NAME_ALONE = (
    "the file's name says that nothing in it is listed, and by its columns all of it is: if it is "
    "a list, say --ignore file-name; if not, leave the column that decides out of a copy"
)
_BY_TITLE = (
    "a title in it ({word}) may say that what stands below is not listed: if it is listed, say "
    "--ignore title; if not, write a plainer title there in a copy, as `# removed`"
)
_BY_DENIAL = (
    "a title in it ({word}) says that what stands below is not listed: leave that out of a copy, "
    "or the title alone where it is listed; no option goes against so plain a word"
)
_BY_HEADING = (
    "a heading in it may end what a title before it takes out, or be a part of it ({word}): write "
    "`# listed` above what is listed in a copy, or say --ignore title where all of it is taken out"
)


def _form(line: str) -> tuple[str, int]:
    """How a heading is written: its sign, and for `###` how deep it is."""
    bare = line.strip()
    if found := re.match("#+", bare):
        return "#", len(found[0])
    return (bare[0] if bare[0] in "[/;!=*-" else bare[-1]), 0


def _words(line: str) -> str:
    return " ".join(re.findall(r"[^\W\d_]+", re.sub(r"(?i)\bmd-?5|sha-?(1|256)", "x", line)))


@dataclass
class Sections:
    """The text of a file without what its titles take out; that is `held`, with why.

    `rules` is what the title says that stands above the next line, `names` the line that names the
    columns, `by_name` what the file's name says. `heeds_unknown`: headings of unknown words are
    asked for; formats with lines of their own between records have none. `asks_first`: those of
    an update above its first entry, too, since all below may be what it takes back.
    """

    file_name: str
    head: str
    options: Options
    heeds_unknown: bool = True
    asks_first: bool = False
    rules: str | None = None
    by_name: str | None = None
    overruled: bool = False  # what the file's name says, by a column that decides
    names: str = ""
    held: list[tuple[str, list[str]]] = field(default_factory=list)
    has_held: bool = False  # whether any line was taken out
    has_left: bool = False  # whether any line is left to read, besides names, titles and comments
    put: Callable[[], None] | None = None  # takes what is held and empties it, where it is much
    _doubt: Doubt | None = None
    _said: str = _BY_NAME  # how the doubt is told
    _title: str = ""  # the line that rules; the file's name has none
    _part: str = ""  # a heading right below it
    _any_value: bool = False
    _lines: int = 0  # before this block
    _last: str = ""  # the last of them
    _valued: str = ""  # the first line with a value
    _above: dict[str, int] = field(default_factory=dict)  # unknown headings before all values
    _after_title: bool = False
    _footer: LinesAtEnd = field(default_factory=LinesAtEnd)
    prose: LinesOfProse = field(default_factory=LinesOfProse)

    def __post_init__(self) -> None:
        self.prose.is_heeded = self.heeds_unknown
        self.prose.only_denials = OF_FILE in self.options.ignore
        self.prose.of_hosts = self.options.scope is not None
        self.prose.tells = not self.options.is_good
        self._has_algorithm = names_algorithm(self.head)
        self._has_grades = column_decides(self.head, {names.CATEGORY})
        is_ignored = OF_NAME in self.options.ignore
        says = None if is_ignored else self._heeded(of_name(self.file_name))
        if says and decides_rows(self.head):
            self.overruled, says = isinstance(says, str) and not self.options.where, None
        if isinstance(says, Doubt):
            self._doubt = says
        else:
            self.rules = self.by_name = says
        said = of_digests(self.file_name) if not (says or is_ignored) else None
        is_named = said and said[0].word == OF_LINKS and has_entries(self.head)
        columns = {cell.strip(_QUOTES).casefold() for cell in CELLS.split(self.head.split("\n")[0])}
        is_column = said is not None and said[0].word in columns  # `filename_md5.csv`
        if said and not self.options.kind and not (is_named or is_column):
            self._doubt, self._said = said
        word = "" if is_ignored else of_example(re.sub(r"[\W_]+", " ", self.file_name))
        if word and self._doubt is None:
            self._doubt = Doubt(word)

    def _heeded(self, says: str | Doubt | None) -> str | Doubt | None:
        if isinstance(says, Doubt) and says.of is Doubted.PICTURES:
            return says if self._valued or self.asks_first else None
        of_algorithm = says == why.OTHER_HASH or (isinstance(says, Doubt) and says.digits > 0)
        if isinstance(says, Doubt) and says.of is Doubted.LINKS and not self._valued:
            return None  # a list of sources is one of links
        of_grade = isinstance(says, Doubt) and says.word.startswith("category ")
        of_good = says == why.GOOD or of_grade
        if of_algorithm and self._has_algorithm:
            # below entries the title is of the next ones, whatever the first name said
            is_one = not CELLS.search(self.head.split("\n")[0])
            return None if not self._any_value else says if is_one else Doubt(_OTHER_BELOW)
        if of_good and self.options.role:
            return None
        if of_grade and self._has_grades:
            return None
        return says if isinstance(says, Doubt) or says in TAKES_OUT else None

    @property
    def holds_all(self) -> bool:
        """Whether titles took out all lines so far but names, titles and comments."""
        return self.has_held and not self.has_left

    def refuse_overruled(self, listed: Collection[str], lost: Collection[str]) -> None:
        """Raise ListError where the name takes all out, and the column that decides nothing."""
        if self.overruled and listed and TAKES_OUT.isdisjoint(lost):
            raise ListError(_BY_NAME_ALONE)

    def left(self, blocks: Iterator[str]) -> Iterator[str]:
        """The blocks with the lines that are to be read."""
        for block in blocks:
            lines, told = lines_of_words(block)
            titles = titles_among(lines, told, heeds_unknown=self.heeds_unknown)
            self.prose.watch(block, lines, told, titles, self._lines)
            before, self._lines = self._lines, self._lines + block.count("\n")
            if not titles and self.rules is None and self._doubt is None:
                if not self._any_value:
                    self._look_at(block)
                self.has_left = self.has_left or bool(block.strip())
                if self._footer.word and self._holds_any(block.split("\n")):
                    self._footer.word = ""
                self._last = _last_line(block)
                yield block
                continue
            kept = "".join(self._sorted(block, titles, before))
            self._last = _last_line(block)
            if self.put and sum(len(line) for _, some in self.held for line in some) > _MOST_HELD:
                self.put()
            if kept:
                yield kept
        self._footer.refuse()
        self.prose.refuse()

    def _watch(self, says: str | Doubt | None, line: str) -> str | Doubt | None:
        """What a line says, where it does not speak of what stands above it alone."""
        is_open = self.has_left and bool(self._valued) and OF_FILE not in self.options.ignore
        if says is None and self._footer.word and self._holds_any((line,)):
            self._footer.word = ""
        elif says is not None:
            self._footer.watch(says if self._heeded(says) else NEUTRAL, line, is_open=is_open)
        return None if isinstance(says, Doubt) and says.of is Doubted.ABOVE else says

    def _look_at(self, block: str) -> None:
        for line in first_lines(block, NAMED_WITHIN):
            if self._names_columns(line):
                self.names = line + "\n"
            self._any_value = True
            self._valued = self._valued or self._value_in(line)

    def _names_columns(self, line: str) -> bool:
        """Whether a line is one of names; `MD5,d41d8c…` is a row whose type is a word of names."""
        return names_entries(line) and not self._value_in(line)

    def _value_in(self, line: str) -> str:
        """A line that holds a value in one of its cells, or where it is asked for a host."""
        if self.options.scope is not None and HOST_IN.match(line):
            return line
        cells = [*CELLS.split(line), *re.findall(r"^\S+|(?<!\w)\w+://\S+|[0-9A-Fa-f]{32,}", line)]
        return line if any(shape(cell.strip(_QUOTES)) for cell in cells) else ""

    def _holds_any(self, lines: Iterable[str]) -> bool:
        return any(re.search(ENTRY, line) or self._value_in(line) for line in lines)

    def _sorted(self, block: str, titles: dict[int, str | Doubt], before: int) -> Iterator[str]:
        above = self._last
        for i, line in enumerate(_with_ends(block)):
            says = titles.get(i)
            if says == UNKNOWN:
                says = self._unknown(line, before + i + 1, is_apart=not above.strip())
            above = line
            says = self._watch(says, line)
            is_named = says in (None, NEUTRAL, PICTURE, USABLE, OF_LINKS)
            is_named = is_named and not (says == OF_LINKS and ", " in line)  # a sentence
            if is_named and not self._any_value and self._names_columns(line):
                self.names = line
            elif says is not None:
                refuse_bad_title(line, self.options)
                was_ruled = self.rules is not None
                self._turn(says, line)
                # above what is listed it may be the name of a column
                is_doubt = isinstance(says, Doubt) and says.of is not Doubted.VALUES
                if says in TAKES_OUT or is_doubt or (was_ruled and says == LISTED):
                    continue
            elif line.strip() and not line.lstrip().startswith("#"):
                self._refuse_doubt(line)
                self._valued = self._valued or self._value_in(line)
                self._any_value, self._after_title = True, False
                if self.rules is not None:
                    if not self.held or self.held[-1][0] != self.rules:
                        self.held.append((self.rules, []))
                    self.held[-1][1].append(line)
                    self.has_held = True
                    continue
                self.has_left = True
            yield line

    def _unknown(self, line: str, number: int, *, is_apart: bool) -> str | Doubt | None:
        """What a heading of unknown words is: a doubt where values stand above it."""
        plain, told = NEUTRAL if is_heading(line) else None, _words(line).casefold()
        is_of_hosts = self.options.scope is not None  # their programs write heads of their own
        is_rule = is_of_hosts and re.search(r"[\s|^=]", self._valued.strip()) is not None
        is_head = is_rule and line.lstrip().startswith(("#", "!"))
        is_pattern = is_of_hosts and _OF_MANY.fullmatch(line) is not None
        if is_head or is_pattern or shape(line.strip(_QUOTES)) is not None:
            return plain if is_head else None
        if not self._valued:
            is_bare = not any(map(is_innocent, told.split())) and len(told.split()) < _FEW
            self._above[told] = number if is_bare else 0
            is_remark = line.lstrip().startswith(("#", "//", ";"))
            if self.asks_first and not is_remark and not names_entries(line):
                return Doubt(f"{number:,}", Doubted.VALUES)
            return plain
        cells = CELLS.split(line)
        is_note = re.fullmatch(r"\s*; [^,;|\t]*", line) and ";" not in self.names + self._valued
        is_of_row = (
            not is_note
            and len(cells) > 1
            and (
                not cells[0].strip(_QUOTES)
                or shape(CELLS.split(self._valued)[0].strip(_QUOTES)) is None
            )
        )
        if not is_apart and "://" in self._valued and not has_sign(line):
            return plain  # some word among links, as lists that were gathered hold
        if self.rules is not None or is_of_row or told in self._above:
            return plain
        return Doubt(f"{number:,}", Doubted.VALUES)

    def _refuse_doubt(self, line: str) -> None:
        doubt = self._doubt
        if doubt is None:
            return
        is_unknown = doubt.of is Doubted.VALUES
        if is_unknown and is_contact(line):
            return
        length = doubt.digits or "32,"  # from those of an MD5 on
        of_links = r"://" if doubt.of is Doubted.LINKS else ""
        held = _MAY_HOLD_VALUE if is_unknown else of_links or (
            rf"(?<![0-9A-Fa-f])[0-9A-Fa-f]{{{length}}}(?![0-9A-Fa-f])"
        )  # fmt: skip
        if doubt.of in (Doubted.ENTRIES, Doubted.PICTURES) or re.search(held, line):
            raise ListError(self._said.format(word=doubt.word))

    def _turn(self, says: str | Doubt, line: str) -> None:
        """What a title changes."""
        is_ignored = OF_FILE in self.options.ignore
        if says == OF_LINKS:
            if not self.options.kind and not names_pictures(self.head) and not is_ignored:
                self._doubt, self._said = Doubt(says, Doubted.DIGESTS), OF_LINKS_BY_TITLE
        elif isinstance(says, Doubt):
            is_unknown = says.of is Doubted.VALUES
            if is_unknown and self._doubt is not None:
                return
            if (says.is_denial or not is_ignored) and self._heeded(says):
                told = _BY_DENIAL if says.is_denial else _BY_TITLE
                self._doubt, self._said = says, BY_UNKNOWN if is_unknown else told
        elif self._any_value or not is_ignored or says not in IS_OF:
            self._turn_surely(says, line)

    def _turn_surely(self, says: str, line: str) -> None:
        if says == USABLE and self.rules == why.OTHER_HASH:
            says = PICTURE
        if says in (NEUTRAL, USABLE) or (says == PICTURE and self.rules not in IS_OF):
            if self.rules is not None:
                self._pass(line)
        elif says not in IS_OF or self.rules in (None, *IS_OF) or not self._is_part(line):
            if says == LISTED and self._valued and OF_FILE not in self.options.ignore:
                self._refuse_above()
            heeded = self._heeded(says)
            if isinstance(heeded, Doubt):
                self._turn(heeded, line)
                return
            self.rules = heeded
            self._doubt, self._title, self._part, self._after_title = None, line, "", True

    def _refuse_above(self) -> None:
        """What is listed only from here on was something else above, as the heading there says."""
        if len(self._above) == 1 and (number := next(iter(self._above.values()))):
            raise ListError(BY_UNKNOWN.format(word=f"{number:,}"))

    def _pass(self, line: str) -> None:
        """A heading that says nothing of its own ends what rules, is a part of it, or either."""
        is_part = self._is_part(line)
        if is_part is None and OF_FILE not in self.options.ignore:
            self._doubt, self._said = Doubt(self.rules or ""), _BY_HEADING
        elif is_part is False:
            self.rules, self._doubt = None, None

    def _is_part(self, line: str) -> bool | None:
        """Whether a heading is one within the section; None where nobody can say."""
        if not self._title:
            return True  # the file's name is above all
        (sign, depth), (of_title, least) = _form(line), _form(self._title)
        if self._after_title:
            self._part = line
            return True
        if sign == of_title == "#" and depth != least:
            return depth > least
        if self._part and _form(self._part) == (sign, depth):
            return True if _words(self._part) == _words(line) else None
        return False if sign == of_title and (sign in "[:" or depth > 1) else None


_FEW = 4
_OTHER_BELOW = "another algorithm"


def _last_line(block: str) -> str:
    return block.removesuffix("\n").rpartition("\n")[2]


def _with_ends(block: str) -> list[str]:
    lines = block.split("\n")
    return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
