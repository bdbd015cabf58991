"""Lists of what is known good: those that say so of themselves, and what none of them may say.

A list says so by a name, a title or a table, and is asked about. One that is added with `--role
good` takes entries out of all others, so a partner's list that came there by mistake would undo
them: it may not say that it holds what is listed as bad. Its name, its titles, its columns and what
stands beside its entries are looked at; `not csam`, `false positives of the CSAM list`, `checked
against csam` say the contrary.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from relaion.errors import ListError
from relaion.lists.readers import why
from relaion.lists.readers.format import OF_FILE, OF_NAME, Options
from relaion.lists.readers.lines import titles
from relaion.lists.readers.lines.content import first_lines
from relaion.lists.readers.tables.columns import ListColumn
from relaion.lists.readers.tables.decisions import is_named, option_name
from relaion.lists.readers.tables.said import WordSays
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.media import is_name_of_media, media_of_file
from relaion.lists.readers.vocabulary.names import squeezed
from relaion.lists.readers.vocabulary.patterns import pattern
from relaion.lists.readers.vocabulary.spelling import words_in

_NSRL = "known-good software hashes (NSRL)"
# squeezed names of columns, by what they tell of a file that belongs to a piece of software
_OF_PRODUCT = pattern("columns.of_product")
_OF_SYSTEM = pattern("columns.of_system")
_OF_FILE = pattern("columns.of_file")
_SOURCE = pattern("columns.source")


def refuse_good(head: str, file_name: str, options: Options, *, is_delta: bool = False) -> None:
    """Raise ListError where a file says that it names what is known good, and nobody said so.

    `--role good` takes it as that, `--role bad` as a list like any other. Of a list of changes
    (`is_delta`) a title takes back what stands below it, as the word in a column does.
    """
    if options.role is not None:
        return
    found = _good_table(head) or (None if is_delta else _good_words(head, file_name, options))
    if found:
        raise _is_good(found)


def refuse_good_table(rows: Sequence[Sequence[str]], options: Options) -> None:
    """The same by the first rows of a table, the first of which names its columns."""
    head = "\n".join("\t".join(re.sub(r"[\t\n,;|]", " ", cell) for cell in row) for row in rows)
    if options.role is None and (found := _good_table(head)):
        raise _is_good(found)


def _is_good(what: str) -> ListError:
    return ListError(
        f"{what}: add it with --role good, so that it removes nothing; if it is listed material "
        "after all, say --role bad"
    )


def _good_table(head: str) -> str | None:
    """What a table of software is called, by the names or the values of its columns."""
    if _are_of_system(head):
        return "names files of an operating system or of programs, which are known good to all"
    rows = [re.split(r"[,;\t|]", line[:4096].strip().strip("|")) for line in first_lines(head, 200)]
    rows = [[cell.strip("\"' ") for cell in row] for row in rows]
    for at, row in enumerate(rows[:20]):
        told = [squeezed(cell) for cell in row]
        if any(map(_HASHLOOKUP.match, row)):
            return "known-good software hashes (hashlookup)"
        if found := _good_names(told, rows[at + 1 :]):
            return found
        if _are(rows[at + 1 :], told, _OF_FILE, _is_picture):
            return None
    bare = sum(map(_is_of_software, rows))
    return _NSRL if bare and bare * 2 > len(rows) else None


_HASHLOOKUP = re.compile(
    r"(?i)hashlookup[:_-]\w"
)  # a field of its own; `Hash Lookup` is a program's
_OF_SYSTEMS = re.compile(
    r"(?i)(?:[a-z]:|(?<=[\s*\"']))?\\(?:windows\\(?!temp\\)|program files(?: \(x86\))?\\)"
    r"|[a-z]:/(?:windows/(?!temp/)|program files(?: \(x86\))?/)"
    r"|/usr/(?:share/(?!nginx|apache)|lib(?:32|64|exec)?/|s?bin/|include/)|(?<![\w.])/s?bin/\w"
    r"|/System/Library/|/Library/(?:Desktop|Screen|User) Pictures/|/Applications/[^/]+\.app/"
    r"|(?:^|[\s/\\*,;(\"'])(?:node_modules|site-packages|dist-packages)[/\\]"
)
_HELD = re.compile(
    r"(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{32}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})(?![0-9A-Fa-f])"
)


_OF_PACKAGES = re.compile(r"(?i)(?:node_modules|site-packages|dist-packages)[/\\]")
_OF_USER = re.compile(r"(?i)/home/|[/\\]users[/\\]|/root/")


def _is_of_system(line: str) -> bool:
    """Whether a line holds such a path; what lies among the files of a user is the user's."""
    of = _OF_PACKAGES if _OF_USER.search(line) else _OF_SYSTEMS
    return "://" not in line and of.search(line) is not None


def _are_of_system(head: str) -> bool:
    """Whether most digests stand beside paths on which systems and programs keep their own."""
    held = [line[:4096] for line in first_lines(head, 200) if _HELD.search(line[:4096])]
    n = sum(_is_of_system(line) for line in held)
    return n > 1 and n * 2 > len(held)


def _good_names(told: list[str], rows: list[list[str]]) -> str | None:
    if not any(
        re.fullmatch(r"(?:file|datei)?(?:md5|sha1|sha256)(?:hash|sum)?|hash", n) for n in told
    ):
        return None
    system, name = (any(map(p.fullmatch, told)) for p in (_OF_SYSTEM, _OF_FILE))
    product = [i for i, n in enumerate(told) if _OF_PRODUCT.fullmatch(n)]
    # programs that hash files leave the version of a product empty beside pictures
    is_told = not rows or any(row[i] for i in product for row in rows if i < len(row))
    if product and is_told and (system or name or "crc32" in told or len(product) > 1):
        return _NSRL
    if "crc32" in told and name and not _are(rows, told, _OF_FILE, _is_picture):
        return _NSRL
    if _are(rows, told, _SOURCE, titles.says_good):
        return "a list whose source is one of what is known good"
    return None


def _is_picture(file_name: str) -> bool:
    return is_name_of_media(file_name) and media_of_file(file_name) is None


def _are(
    rows: list[list[str]], told: list[str], of: re.Pattern[str], says: Callable[[str], bool]
) -> bool:
    """Whether most cells of a column say so, whose name is `of` something."""
    for i in [i for i, name in enumerate(told) if of.fullmatch(name)]:
        cells = [row[i] for row in rows if i < len(row) and row[i]]
        if cells and sum(map(says, cells)) * 2 > len(cells):
            return True
    return False


def _is_of_software(row: list[str]) -> bool:
    """Whether a row without names is one of NSRL: digests, a CRC-32, a file, and its size."""
    n = sum(
        re.fullmatch(r"[0-9A-Fa-f]{32}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}", c) is not None for c in row
    )
    crc = any(re.fullmatch(r"[0-9A-Fa-f]{8}", cell) for cell in row)
    return n > 1 and crc and len(row) >= n + 3 and any(cell.isdigit() for cell in row)


def _good_words(head: str, file_name: str, options: Options) -> str | None:
    if OF_NAME not in options.ignore and (
        titles.says_good(re.sub(r"[\W_]+", " ", file_name)) or titles.of_name(file_name) == why.GOOD
    ):
        return "the file's name says that it lists what is known good"
    has_value = False
    for line in head.split("\n", 50)[:50]:
        bare = line.strip().strip("\ufeff")
        is_row = bare.startswith(";") and bare.count(";") > 2  # whose first cell is empty
        is_comment = bare.startswith(("#", "//", ";", "!", "%")) and not is_row
        is_title = titles.title_of(bare) == why.GOOD
        has_value = has_value or not (is_comment or is_title or not bare)
        if has_value and is_title:
            continue  # of a section: its lines are told apart
        if is_title or (is_comment and titles.says_good(bare)):
            what = "comment" if is_comment else "title"
            return f"a {what} in it says that it lists what is known good"
    return None


_BAD = words_in("{abuse} {lists_of_bad}")
_GRADE = re.compile(
    r"\b(?:cat|category|kategorie|categorie|categoria|kategori|severity|grade) [abc] ?[1-5]?\b"
    r"|\biwf [abc][1-5]?\b|\b(?:caid|vics?) cat(?:egory)? [1-3]\b"
)
_CONTRARY = words_in("{contrary_of_bad}") - words_in("n")  # fmt: skip
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
