"""The columns of a table in a partner's file: what they are for, what their values say of it."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import zip_longest

from relaion.errors import ListError
from relaion.links.text import BLANK, is_bare, trim
from relaion.lists.digests import LENGTHS
from relaion.lists.readers import why
from relaion.lists.readers.format import ANY, Options
from relaion.lists.readers.lines.proxy import POLICIES
from relaion.lists.readers.lines.titles import title_of
from relaion.lists.readers.tables.decisions import (
    DecidingColumn,
    chosen_of,
    type_of,
    word_of_any,
)
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.media import media_of_file
from relaion.lists.values import first_shape, is_entry_of, shape
from relaion.lists.values import told as say
from relaion.paths import shown
from relaion.roles import IMAGE_KINDS, SCOPED_KINDS

MOST_COLUMNS = 64


@dataclass(frozen=True)
class ListColumn:
    """A column: its place, from 0, its name, what it is for, the kinds of its entries."""

    index: int
    name: str
    what: str
    kinds: tuple[str, ...] = ()
    word: str = ""
    is_said: bool = False
    is_weak: bool = False

    @property
    def told(self) -> str:
        """What messages call it."""
        return f"{self.index + 1} ({say(self.name)})" if self.name else str(self.index + 1)


@dataclass(frozen=True)
class ListLayout:
    """How to read a file. `width` is how many fields a row has; `header` their names, if any."""

    delimiter: str
    width: int
    header: tuple[str, ...] | None
    columns: tuple[ListColumn, ...]
    deciders: tuple[DecidingColumn, ...] = ()
    skip: int = 0  # rows before the header
    notices: tuple[str, ...] = ()

    @cached_property
    def entries(self) -> tuple[ListColumn, ...]:
        """The columns that hold entries."""
        return tuple(c for c in self.columns if c.what == names.ENTRY)


_DRAWN = re.compile(r"\s*\+(?:[-=]{2,}\+)+\s*")


@dataclass
class TableSample:
    """A sample cut by one delimiter."""

    delimiter: str
    rows: list[list[str]]
    comments: list[list[str]] = field(default_factory=list)
    header: int | None = None  # the row of names
    names: tuple[str, ...] | None = None

    @property
    def body(self) -> list[list[str]]:
        """The rows below the names."""
        return self.rows[self.header + 1 :] if self.header is not None else self.rows

    def width(self) -> tuple[int, int]:
        """The most frequent number of fields of the body, and of how many rows it is.

        Drawn lines around and in a table are none of its rows.
        """
        drawn = (len(row) == 1 and _DRAWN.fullmatch(row[0]) for row in self.body)
        counts = Counter(
            len(row) for row, is_line in zip(self.body, drawn, strict=True) if not is_line
        )
        return counts.most_common(1)[0] if counts else (0, 0)


def is_link_among(cell: str, others: Iterable[str]) -> bool:
    """Whether a text is a link without a scheme, as others below it are, and not a name."""
    return is_bare(cell) and ("/" in cell or any(map(is_bare, others)))


def cleaned_name(cell: str) -> str:
    """A cell of a header without quotes and what nobody sees."""
    return trim(trim(cell, BLANK).strip("'\"`"), BLANK)


def refuse_wide(width: int) -> None:
    """Raise ListError for more columns than are read."""
    if width > MOST_COLUMNS:
        raise ListError(
            f"has {width} columns, of which {MOST_COLUMNS} can be read; export only those that "
            "hold entries and decide"
        )


def kinds_said(kind: str) -> tuple[str, ...]:
    """The kinds that `--column` names: `md5` is that of an image, `hash` any digest."""
    if kind in ("md5", "sha1", "sha256"):
        return (f"image_{kind}",)
    return IMAGE_KINDS if kind == "hash" else (kind,)


def _looks(body: Sequence[Sequence[str]], i: int) -> str | None:
    """What at least half of the cells of a column look like; None where they look like nothing."""
    filled = [row[i] for row in body if i < len(row) and trim(row[i])]
    found = Counter(shape(value.partition("\n")[0]) for value in filled)  # of several the first
    found.pop(None, None)
    return found.most_common(1)[0][0] if found and found.total() * 2 >= len(filled) else None


def refuse_nameless(
    columns: Sequence[ListColumn], body: Sequence[Sequence[str]], told: Sequence[str] = ()
) -> None:
    """Raise ListError where a table has names, and none that says where its entries are.

    `told` are the cells of its first row, which may be a title: `Title,False positives`.
    """
    like = {c.index: looks for c in columns if (looks := _looks(body, c.index))}
    unsaid = [c for c in columns if c.index in like and c.what == names.UNKNOWN]
    for c in columns:
        if (looks := like.get(c.index)) is None:
            continue
        what = "links" if looks == "link" else f"{str(looks).upper()}s by their length"
        option = "url" if looks == "link" else looks
        if c.what in (names.OTHER, names.ID, names.REFERENCE):
            raise ListError(
                f"column {c.told} looks like {what}, but its name says otherwise ({say(c.word)}): "
                "such values are never entries, and there is no other column of entries"
            )
        raise ListError(
            f"column {c.told} looks like {what}, but its name does not say so; if they are the "
            f"entries, say --column {option}={c.index + 1}"
            + (f" (there are {len(unsaid)} such columns)" if len(unsaid) > 1 else "")
            + next((_IF_TITLE.format(say(x)) for x in told if title_of(x) in why.UNDOES), "")
        )
    held = ", ".join(say(c.name, 30) for c in columns[:8])
    raise ListError(
        f"no column of links or hashes among its columns ({held}); name it with --column md5=NAME "
        "(or sha1, sha256, url, url_md5)" + _BY_ID * any(c.what == names.ID for c in columns)
    )


_BY_ID = "; to take back by id, add an empty md5 in a copy"
_IF_TITLE = (
    "; but if that row is a title ({}), what stands below it may not be listed: then leave the "
    "file out"
)


# -- Tables whose columns have no names ------------------------------------------------------------


_WHOLE_LINES = "lines were read whole, as links that hold delimiters; for columns use --format csv"
_BY_VALUE = "no known column name; columns chosen by their values: {}"
_PART_OF_LINK = re.compile(r"[/=&%_]|\.[A-Za-z]{2,5}$")
_NO_PART_OF_LINK = re.compile(r"\d{4}-\d\d-\d\d.*|\d{1,2}[./]\d{1,2}[./]\d{2,4}.*|.*\S +\S.*")
_FILE = re.compile(r"[^/\\\s][^\t\n]*\.[A-Za-z][A-Za-z0-9]{1,4}")
_ONE_WORD = re.compile(r"[^\W\d_][\w-]*")
_WORDS = 20  # different words of a column that decides, where no name says that it does


def by_values(table: TableSample, options: Options) -> ListLayout | None:
    """The layout where columns hold entries in most of the rows that fill them."""
    width, n = table.width()
    kind = options.kind
    if width < 2 or n * 2 <= len(table.rows):
        return None
    if all(sum(map(bool, map(trim, row))) < 2 for row in table.rows):
        return None  # values with tabs around them
    refuse_wide(width)
    if not _all_numbered(options, width):
        return None
    columns: list[ListColumn] = []
    deciders: list[DecidingColumn] = []
    is_named = len(table.rows) == 2 and _is_above(*table.rows)
    cells = zip_longest(*(row[:width] for row in table.rows[is_named:]), fillvalue="")
    has_digest = any(look_of(table.rows, i) in LENGTHS.values() for i in range(width))
    for i, values in enumerate(cells):
        filled = [value for value in values if trim(value)]
        column = _graded(_valued_column(i, filled, kind, options), filled, has_digest)
        columns.append(column)
        if column.what in names.DECIDING:
            deciders.append(DecidingColumn("", column.what, i, "", chosen_of(options, "", i)))
    known = {d.index for d in deciders}
    for said, words in options.where.items():
        if int(said) - 1 not in known:
            deciders.append(DecidingColumn("", names.STANDING, int(said) - 1, "", words))
    held = [c for c in columns if c.what == names.ENTRY]
    if not held:
        return None
    first = [table.rows[0][c.index] for c in held if c.index < len(table.rows[0])]
    first_is_header = not any(shape(value) or _fits(value, kind) for value in first)
    is_row = sum(map(bool, map(trim, table.rows[0]))) > 1  # a title is in one field
    is_asked = first_is_header and is_row and not is_sentence(table.rows[0])
    if is_asked and not any(c.is_said for c in held) and kind is None:
        refuse_nameless(
            [replace(c, what=names.UNKNOWN, name=_one_word(table.rows[0], c.index))
             for c in columns], table.rows[1:], table.rows[0],
        )  # fmt: skip
    places = ", ".join(str(c.index + 1) for c in held[:10])
    return ListLayout(
        table.delimiter, width, tuple(table.rows[0]) if first_is_header else None, tuple(columns),
        tuple(deciders), 0, (_BY_VALUE.format(places),),
    )  # fmt: skip


def is_sentence(row: Sequence[str]) -> bool:
    """Whether a row is a sentence with commas, and names no columns."""
    told = [len(cell.split()) for cell in row if cell.strip()]
    return len(told) > 1 and max(told) > _NAME_WORDS and sum(told) > _NAME_WORDS * 2


_NAME_WORDS = 4


def _is_above(row: Sequence[str], below: Sequence[str]) -> bool:
    """Whether the first of two rows is made of words, where the second holds several digests."""
    at = [i for i, cell in enumerate(below) if shape(cell) in LENGTHS.values()]
    return len(at) > 1 and all(i < len(row) and _one_word(row, i) for i in at)


def _one_word(row: Sequence[str], i: int) -> str:
    """What may be the name of a column; a first row of texts or hosts may be data: none is told."""
    cell = cleaned_name(row[i]) if i < len(row) else ""
    return cell if cell.isidentifier() else ""


def _all_numbered(options: Options, width: int) -> bool:
    """Whether there are the columns of which options speak; raises ListError for a name."""
    said = options.columns_named()
    for option, name in said:
        if not name.isdecimal():
            raise ListError(
                f"--{option} {shown(name)}: the columns have no names; write its number"
            )
    return all(0 < int(name) <= width for _, name in said)


def _valued_column(i: int, filled: Sequence[str], kind: str | None, options: Options) -> ListColumn:
    for said, columns in options.columns.items():
        if str(i + 1) in columns:
            return ListColumn(i, "", names.ENTRY, kinds_said(said), is_said=True)
    if str(i + 1) in options.ignore:
        return ListColumn(i, "", "ignored")
    if sum(_fits(value, kind) for value in filled) * 2 > len(filled):
        if options.columns:
            return ListColumn(i, "", "ignored")
        return ListColumn(i, "", names.ENTRY, (kind,) if kind else ANY)
    return ListColumn(i, "", _beside(filled))


def _beside(filled: Sequence[str]) -> str:
    """What a column without a name is for, where its values are no entries."""
    if are_signs(filled):
        return names.STANDING
    words = dict.fromkeys(filled)  # in the order of the file, so that it decides a tie
    told = [word_of_any(word) for word in words] if 0 < len(words) <= _WORDS else []
    if told and all(told):
        return str(Counter(told).most_common(1)[0][0])
    if told and any(map(_names_algorithm, words)) and all(map(_is_label, words)):
        return names.TYPE  # `md5` and `audio_md5`: of the latter nobody here knows of what it is
    if are_policies(filled, POLICIES):
        return names.STANDING  # `pass`, `DIRECT`: what is to be done with what stands beside it
    if filled and sum(map(_is_file_name, filled)) * 2 > len(filled):
        return names.FILE_NAME
    return names.UNKNOWN


def _is_label(word: str) -> bool:
    return _ONE_WORD.fullmatch(word.rstrip(":= ")) is not None


def _names_algorithm(word: str) -> bool:
    """Whether a word by itself, or a part of it, is an algorithm: `md5`, `audio_sha1`."""
    return type_of(word) is not None or not _ALGORITHMS.isdisjoint(names.words_of(word))


_ALGORITHMS = {*LENGTHS.values()}
_SIGN_PAIRS = (set("+-"), set("ad"), set("amd"), set("iud"), set("id"), set("ar"), set("<>|"))


def are_signs(filled: Sequence[str]) -> bool:
    """Whether values are signs of what was added and what was taken out."""
    told = {value.strip().casefold() for value in filled if value.strip()}
    return len(told) > 1 and any(told <= pair for pair in _SIGN_PAIRS)


def are_policies(filled: Sequence[str], policies: frozenset[str]) -> bool:
    """Whether values are single words, few different ones, of which some say what is to be done."""
    told = {value.strip().casefold() for value in filled if value.strip()}
    is_short = 0 < len(told) <= _WORDS and all(map(_ONE_WORD.fullmatch, told))
    return is_short and not policies.isdisjoint(told)


def _graded(column: ListColumn, filled: Sequence[str], has_digest: bool) -> ListColumn:
    is_one = has_digest and column.what == names.UNKNOWN and _are_grades(filled)
    return replace(column, what=names.CATEGORY) if is_one else column


def _are_grades(filled: Sequence[str]) -> bool:
    """One digit each: categories, of which one may be that of what is known good; not numbers."""
    told = [value.strip() for value in filled]
    is_counted = told in (
        [str(i) for i in range(len(told))],
        [str(i + 1) for i in range(len(told))],
    )
    return bool(told) and all(re.fullmatch("[0-9]", v) for v in told) and not is_counted


def _is_file_name(value: str) -> bool:
    return _FILE.fullmatch(value.strip()) is not None or media_of_file(value) is not None


def checked(layout: ListLayout, rows: Sequence[Sequence[str]], options: Options) -> ListLayout:
    """The layout; raises ListError where the values alone cannot say which are the entries."""
    held = layout.entries
    if any(c.is_said for c in held):
        return layout
    if options.kind in SCOPED_KINDS and len(held) > 1:
        raise ListError(
            f"columns {held[0].index + 1} and {held[1].index + 1} both hold hosts and have no "
            f"names; say which holds the entries with --column {options.kind}={held[0].index + 1}"
        )
    if options.kind is not None:
        return layout
    looks: dict[str, ListColumn] = {}
    for c in held:
        look = look_of(rows, c.index)
        twin = looks.setdefault(look, c)
        if twin is not c:
            what, option = ("links", "url") if look == "link" else (f"{look.upper()} digests", look)
            looks_of = ((d, look_of(rows, d.index)) for d in held)
            others = "".join(  # without these their digests would be lost
                f" --column {other}={d.index + 1}"
                for d, other in looks_of
                if other != look and other in ("md5", "sha1", "sha256")
            )
            raise ListError(
                f"columns {twin.index + 1} and {c.index + 1} both look like {what} and have no "
                f"names; say which holds the entries with --column {option}={twin.index + 1}"
                f"{others}, or both with --column {option}={c.index + 1} beside it"
            )
        if look == "link" and c.index:
            _refuse_references(c, rows)
        if look == "sha256":
            _refuse_pdq(c, rows)
    return layout


def look_of(rows: Sequence[Sequence[str]], i: int) -> str:
    """What most entries of a column look like: an algorithm, `link`, or nothing."""
    found = Counter(shape(row[i]) for row in rows if i < len(row))
    found.pop(None, None)
    return str(found.most_common(1)[0][0]) if found else ""


def _refuse_references(column: ListColumn, rows: Sequence[Sequence[str]]) -> None:
    """A link that most rows share tells of them; it is not what is listed."""
    values = [row[column.index] for row in rows if column.index < len(row)]
    if len(values) > 2 and len(set(values)) * 2 <= len(values):
        raise ListError(
            f"column {column.index + 1} holds links of which most stand there again and again, as "
            "those of reports do; if they are what is listed, say "
            f"--column url={column.index + 1}, else --ignore {column.index + 1}"
        )


def _refuse_pdq(column: ListColumn, rows: Sequence[Sequence[str]]) -> None:
    """64 digits and a quality from 0 to 100 beside them: a PDQ hash as its tools print it."""
    for i in range(max(map(len, rows), default=0)):
        beside = [row[i].strip() for row in rows if i < len(row)]
        if beside and all(re.fullmatch(r"\d{1,3}", v) and int(v) <= 100 for v in beside):
            if [*map(int, beside)] in ([*range(len(beside))], [*range(1, len(beside) + 1)]):
                continue  # the rows are numbered
            raise ListError(
                f"column {column.index + 1} looks like PDQ hashes with their quality in column "
                f"{i + 1}: PDQ hashes have the length of SHA-256 and match no image digest; if "
                f"they are SHA-256, say --column sha256={column.index + 1}"
            )


def is_regular(table: TableSample) -> bool:
    """Whether nearly all rows have as many fields."""
    width, n = table.width()
    return 1 < width <= MOST_COLUMNS and n * 10 >= len(table.rows) * 9


def is_entry(row: Sequence[str]) -> bool:
    """Whether a row begins with an entry."""
    return shape(row[0]) is not None


def _fits(value: str, kind: str | None) -> bool:
    if kind in SCOPED_KINDS:
        return is_entry_of(value, str(kind))
    found = first_shape(value)
    return found is not None and (
        kind is None or (kind == "url" if found == "link" else kind.endswith("_" + found))
    )


def links_or_columns(
    rows: Sequence[Sequence[str]], table: ListLayout, whole: ListLayout, named_csv: bool
) -> ListLayout:
    """Lines begin with a link and are links: are the delimiters the link's or the table's?"""
    tails = list(zip_longest(*(row[1:] for row in rows), fillvalue=""))
    filled = [values for values in tails if any(map(trim, values))]
    certain = table.delimiter == "\t" or not filled or any(map(_is_no_part_of_link, filled))
    within = any(map(_is_part_of_link, filled))
    if certain and within:
        raise ListError(
            "links may hold the delimiter; quote them, name the columns, or pass --format csv"
        )
    if certain or (named_csv and not within):
        return table
    return whole if within and not named_csv else replace(whole, notices=(_WHOLE_LINES,))


def _is_no_part_of_link(values: Sequence[str]) -> bool:
    return all(
        not trim(value) or _NO_PART_OF_LINK.fullmatch(trim(value)) or shape(value)
        for value in values
    )


def _is_part_of_link(values: Sequence[str]) -> bool:
    parts = (v for v in values if _PART_OF_LINK.search(v) and not _is_no_part_of_link([v]))
    return sum(1 for _ in parts) * 2 > len(values)
