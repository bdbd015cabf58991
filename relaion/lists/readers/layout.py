"""How a table is laid out: delimiter, header, and what each of its columns is for.

The names of columns decide first. Where there are none, their values do. What the names leave
open is asked, never guessed: two columns that may both hold the entries, a column of digests
under a name that says nothing.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest

from relaion.errors import ListError
from relaion.links.text import BLANK, trim
from relaion.lists.kinds import ANY
from relaion.lists.normalise import is_entry_of, shape
from relaion.lists.readers import names
from relaion.lists.readers.decisions import DecidingColumn, chosen_of, is_named
from relaion.lists.readers.format import SAMPLE, Options
from relaion.lists.readers.rows import BLANKS, WHOLE, RowReader
from relaion.lists.readers.words import media_of_file, read_word, word_of_any
from relaion.lists.telling import told as say
from relaion.paths import shown
from relaion.roles import IMAGE_KINDS, SCOPED_KINDS

MOST_COLUMNS = 64
DELIMITERS = "\t;,|"
_WHOLE_LINES = "lines were read whole, as links that hold delimiters; for columns use --format csv"
_BY_VALUE = "no known column name; columns chosen by their values: {}"
_PART_OF_LINK = re.compile(r"[/=&%_]|\.[A-Za-z]{2,5}$")
_NO_PART_OF_LINK = re.compile(r"\d{4}-\d\d-\d\d.*|\d{1,2}[./]\d{1,2}[./]\d{2,4}.*|.*\S +\S.*")
_TITLES = 30  # lines that may stand before the names of columns
# an array as programs print it: its lines, or all of it, are values divided by commas
_IS_ARRAY = re.compile(
    r"""\s*(?:(?:var|let|const|export)?\s*[\w.]+\s*=\s*)?[\[({]\s*(?:$|\n|['"]|[0-9A-Fa-f]{32})"""
)
_FILE = re.compile(r"[^/\\\s][^\t\n]*\.[A-Za-z][A-Za-z0-9]{1,4}")
_WORDS = 20  # different words of a column that decides, where no name says that it does


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

    @property
    def entries(self) -> tuple[ListColumn, ...]:
        """The columns that hold entries."""
        return tuple(c for c in self.columns if c.what == names.ENTRY)


@dataclass
class _Table:
    """A sample cut by one delimiter."""

    delimiter: str
    rows: list[list[str]]
    comments: list[list[str]] = field(default_factory=list)
    header: int | None = None  # the row of names
    names: tuple[str, ...] | None = None

    @property
    def body(self) -> list[list[str]]:
        return self.rows[self.header + 1 :] if self.header is not None else self.rows

    def width(self) -> tuple[int, int]:
        """The most frequent number of fields of the body, and of how many rows it is."""
        counts = Counter(map(len, self.body))
        return counts.most_common(1)[0] if counts else (0, 0)


def find_layout(sample: str, *, named_csv: bool, options: Options) -> ListLayout:
    """The layout of a file whose first lines are `sample`.

    A line that begins with a link is the hard case, since links hold delimiters too: what
    follows decides whether it looks like columns or like more of the link, and where it looks
    like neither, the file's name (`named_csv`) or `--format`. Raises ListError, without the
    file's name, where a choice must be made first.
    """
    kind, said_format = options.kind, options.file_format
    lines = RowReader(WHOLE).rows(sample, last=True)
    whole = _whole(lines, kind)
    if not lines or said_format == "txt" or _IS_ARRAY.match(sample):
        return whole
    tables = [t for d in DELIMITERS if d in sample if (t := _cut(sample, d)).width()[0] > 1]
    named = [t for t in tables if _find_names(t, options)]
    if named:
        return _by_names(max(named, key=lambda t: t.width()[0]), options)
    if whole.header and not _is_by_tabs(tables):  # a title may read like a name
        return whole
    return _without_names(sample, tables, lines, whole, named_csv=named_csv, options=options)


def _without_names(
    sample: str,
    tables: Sequence[_Table],
    lines: Sequence[Sequence[str]],
    whole: ListLayout,
    *,
    named_csv: bool,
    options: Options,
) -> ListLayout:
    blanks = _cut(sample, BLANKS)
    if not _is_by_tabs(tables) and blanks.width()[0] > 1 and _find_names(blanks, options):
        return _by_names(blanks, options)
    guessed = [found for t in tables if (found := _by_values(t, options))]
    if not guessed:  # blanks divide digests from what is beside them; links may hold blanks
        found = _by_values(blanks, options) if _is_regular(blanks) else None
        is_of_links = found and any(_look(blanks.rows, c.index) == "link" for c in found.entries)
        return found if found and not is_of_links else whole
    best = max(guessed, key=lambda found: (len(found.entries), found.width))
    table = next(t for t in tables if t.delimiter == best.delimiter)
    if options.file_format != "csv" and sum(map(_is_entry, lines)) * 2 >= len(lines):
        best = _links_or_columns(table.rows, best, whole, named_csv)
    return best if best.delimiter == WHOLE else _checked(best, table.rows, options)


def _is_by_tabs(tables: Sequence[_Table]) -> bool:
    """Whether tabs divide most lines, as no link holds any."""
    return any(t.delimiter == "\t" and t.width()[1] * 2 > len(t.rows) for t in tables)


def _whole(lines: Sequence[Sequence[str]], kind: str | None) -> ListLayout:
    """Lines as they stand; the first may be the name of what follows."""
    plain = ListColumn(0, "", names.ENTRY, (kind,) if kind else ANY)
    if not lines or shape(lines[0][0]) or len(lines[0]) > 1:
        return ListLayout(WHOLE, 1, None, (plain,))
    name = lines[0][0].strip("'\"= ")
    says = names.read_name(name, kind) if len(name) <= 60 else names.NameSays(names.UNKNOWN)
    if says.what == names.ENTRY and (kind is None or kind in says.kinds):
        column = replace(plain, name=name, kinds=(kind,) if kind else says.kinds)
        return ListLayout(WHOLE, 1, (lines[0][0],), (column,))
    if says.what in (names.OTHER, names.ID, names.REFERENCE):
        column = replace(plain, name=name, what=says.what, kinds=(), word=says.word)
        return ListLayout(WHOLE, 1, (lines[0][0],), (column,))
    return ListLayout(WHOLE, 1, None, (plain,))


def _cut(sample: str, delimiter: str) -> _Table:
    table = _Table(delimiter, RowReader(delimiter).rows(sample, last=True)[:SAMPLE])
    for line in sample.split("\n", _TITLES * 4)[: _TITLES * 4]:
        bare = line.strip().lstrip("\ufeff")
        if bare.startswith("#") and delimiter in bare:
            table.comments.append(
                [cell.strip(" \"'") for cell in bare.lstrip("# ").split(delimiter)]
            )
    return table


def cleaned_name(cell: str) -> str:
    """A cell of a header without quotes and what nobody sees."""
    return trim(trim(cell, BLANK).strip("'\"`"), BLANK)


def _find_names(table: _Table, options: Options) -> bool:
    """Find the row of names, perhaps behind titles or in a comment; whether there is one."""
    counts = Counter(map(len, table.rows))
    for at, row in enumerate(table.rows[:_TITLES]):
        if len(row) < 2 or any(map(shape, row)):
            if any(map(shape, row)):
                break
            continue
        told = [cleaned_name(cell) for cell in row]
        after = Counter(map(_filled_width, table.rows[at + 1 :]))
        within = sum(n for width, n in after.items() if width <= len(row))
        fits = within * 2 >= sum(after.values())
        if table.delimiter == BLANKS and any(re.search(r"[/\\.#]|^\(", name) for name in told):
            continue
        divided = sum(len(other) > 1 for other in table.rows[at + 1 :])
        is_divided = divided * 2 >= sum(after.values()) or all(map(_is_telling, told))
        if fits and is_divided and _names_entries(told, options):
            table.header, table.names = at, tuple(told)
            return True
    common = counts.most_common(1)[0][0] if counts else 0
    for told in table.comments:
        if len(told) == common and common > 2 and _names_entries(told, options):
            table.names = tuple(map(cleaned_name, told))
            return True
    return False


def _is_telling(name: str) -> bool:
    """Whether a name says anything: where all do, they are names, even if few rows are divided."""
    return names.read_name(name).what != names.UNKNOWN


def _filled_width(row: Sequence[str]) -> int:
    """How many fields a row has without the empty ones at its end."""
    return max((i + 1 for i, cell in enumerate(row) if cell), default=0)


def _names_entries(told: Sequence[str], options: Options) -> bool:
    says = [names.read_name(name, options.kind) for name in told]
    if any(s.what == names.ENTRY for s in says):
        return True
    chosen = [c for columns in options.columns.values() for c in columns]
    if any(is_named(c, name, -2) for c in chosen for name in told if name):
        return True
    others = sum(s.what in (names.OTHER, names.ID, names.REFERENCE) for s in says)
    decides = sum(s.what in names.DECIDING for s in says)
    return bool(others) or decides > 1 or (decides == 1 and len(told) > 2)


# -- Columns with names ------------------------------------------------------------------------


def _by_names(table: _Table, options: Options) -> ListLayout:
    told = table.names or ()
    _refuse_wide(len(told))
    columns = [_named_column(i, name, options) for i, name in enumerate(told)]
    deciders = _deciders(columns, told, options)
    body = [row for row in table.body if len(row) > 1]
    columns = _chosen_links(columns)
    types = [d for d in deciders if d.what == names.TYPE]
    if types and not any(c.what == names.ENTRY for c in columns):
        columns = _by_type(columns, types[0], body)
    columns = _only_kind(columns, options.kind)
    notices: list[str] = []
    if not any(c.what == names.ENTRY for c in columns):
        _refuse_nameless(columns, body, options)
    skip = table.header or 0
    return ListLayout(
        table.delimiter, len(told), told if table.header is not None else None, tuple(columns),
        tuple(deciders), skip, tuple(notices),
    )  # fmt: skip


def _refuse_wide(width: int) -> None:
    if width > MOST_COLUMNS:
        raise ListError(
            f"has {width} columns, of which {MOST_COLUMNS} can be read; export only those that "
            "hold entries and decide"
        )


def _named_column(i: int, name: str, options: Options) -> ListColumn:
    says = names.read_name(name, options.kind)
    for kind, columns in options.columns.items():
        if any(is_named(c, name, i) for c in columns):
            if says.what == names.OTHER:
                raise ListError(
                    f"--column {kind}: column {i + 1} ({say(name)}) is by its name of something "
                    "else, which is never an entry; rename it in a copy if that is wrong"
                )
            return ListColumn(i, name, names.ENTRY, kinds_said(kind), says.word, is_said=True)
    if any(is_named(x, name, i) for x in options.ignore):
        return ListColumn(i, name, names.ID if says.what == names.ID else "ignored")
    return ListColumn(i, name, says.what, says.kinds, says.word, is_weak=says.is_weak)


def kinds_said(kind: str) -> tuple[str, ...]:
    """The kinds that `--column` names: `md5` is that of an image, `hash` any digest."""
    if kind in ("md5", "sha1", "sha256"):
        return (f"image_{kind}",)
    return IMAGE_KINDS if kind == "hash" else (kind,)


def _deciders(
    columns: Sequence[ListColumn], told: Sequence[str], options: Options
) -> list[DecidingColumn]:
    deciders = [
        DecidingColumn(c.name, c.what, c.index, c.word, chosen_of(options, c.name, c.index))
        for c in columns
        if c.what in names.DECIDING
    ]
    known = {d.index for d in deciders}
    for field_name, words in options.where.items():
        named = [i for i, name in enumerate(told) if is_named(field_name, name, i)]
        if not named:
            held = ", ".join(say(name) for name in told[:10])
            raise ListError(f"--where {shown(field_name)}: there is no such column; it has {held}")
        deciders += [
            DecidingColumn(told[i], names.STANDING, i, "", words) for i in named if i not in known
        ]
    return deciders


def _chosen_links(columns: list[ListColumn]) -> list[ListColumn]:
    """Of several columns of links, those that are listed: the better name, else a question."""
    links = [c for c in columns if c.what == names.ENTRY and "url" in c.kinds and c.word != "hash"]
    if any(c.is_said for c in links):
        return [_reference(c) if c in links and not c.is_said else c for c in columns]
    strong = [c for c in links if not c.is_weak]
    if len(strong) > 1 and len({c.word for c in strong}) > 1:
        raise ListError(
            f"columns {' and '.join(c.told for c in strong)} hold links; which are listed? name it "
            f"with --column url={strong[0].index + 1}, or leave others out with --ignore"
        )
    has_digest = any(c.what == names.ENTRY and c not in links for c in columns)
    if strong or has_digest:
        return [_reference(c) if c in links and c.is_weak else c for c in columns]
    return columns


def _reference(column: ListColumn) -> ListColumn:
    return replace(column, what=names.REFERENCE, kinds=())


def _by_type(
    columns: list[ListColumn], decider: DecidingColumn, body: Sequence[Sequence[str]]
) -> list[ListColumn]:
    """The column whose values are what the column of types says of them."""
    fits: Counter[int] = Counter()
    typed = 0
    for row in body:
        if decider.index >= len(row):
            continue
        says = read_word(names.TYPE, row[decider.index], decider.word)
        algorithms = {kind.rpartition("_")[2] for kind in says.kinds} - {"host", "prefix"}
        if not algorithms:
            continue
        typed += 1
        for c in columns:
            if c.what == names.UNKNOWN and c.index < len(row):
                found = shape(row[c.index])
                fits[c.index] += found in algorithms or (found == "link" and "url" in says.kinds)
    for at, n in fits.most_common(1):
        if n * 2 > typed:
            return [
                replace(c, what=names.ENTRY, kinds=ANY) if c.index == at else c for c in columns
            ]
    return columns


def _only_kind(columns: list[ListColumn], kind: str | None) -> list[ListColumn]:
    """Only the columns that can hold the kind that the curator named."""
    if kind is None:
        return columns
    able = [c for c in columns if c.what == names.ENTRY and kind in c.kinds]
    # a column of links may hold hashed ones: only where no column is one of hashes
    surely = [c for c in able if kind == "url" or "url" not in c.kinds]
    kept = surely or able
    if not kept:
        raise ListError(
            f"no column can hold {kind}; name it with --column {kind}=NAME, or leave --kind out"
        )
    return [
        replace(c, kinds=(kind,)) if c in kept
        else replace(c, what="ignored", kinds=()) if c.what == names.ENTRY else c
        for c in columns
    ]  # fmt: skip


def _refuse_nameless(
    columns: Sequence[ListColumn], body: Sequence[Sequence[str]], options: Options
) -> None:
    """Raise ListError where a table has names, and none that says where its entries are."""
    for c in columns:
        filled = [row[c.index] for row in body if c.index < len(row) and trim(row[c.index])]
        found = Counter(shape(value) for value in filled)
        found.pop(None, None)
        if not found or sum(found.values()) * 2 < len(filled):
            continue
        (looks, _), *_ = found.most_common()
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
        )
    held = ", ".join(say(c.name, 30) for c in columns[:8])
    raise ListError(
        f"no column of links or hashes among its columns ({held}); name it with --column md5=NAME "
        "(or sha1, sha256, url, url_md5)"
    )


# -- Columns without names ---------------------------------------------------------------------


def _by_values(table: _Table, options: Options) -> ListLayout | None:
    """The layout where columns hold entries in most of the rows that fill them."""
    width, n = table.width()
    kind = options.kind
    if width < 2 or n * 2 <= len(table.rows):
        return None
    if all(sum(map(bool, map(trim, row))) < 2 for row in table.rows):
        return None  # values with tabs around them
    _refuse_wide(width)
    columns: list[ListColumn] = []
    deciders: list[DecidingColumn] = []
    first_is_header = False
    cells = zip_longest(*(row[:width] for row in table.rows), fillvalue="")
    for i, values in enumerate(cells):
        filled = [value for value in values if trim(value)]
        column = _valued_column(i, filled, kind, options)
        columns.append(column)
        if column.what in names.DECIDING:
            deciders.append(DecidingColumn("", column.what, i, "", chosen_of(options, "", i)))
    known = {d.index for d in deciders}
    for said, words in options.where.items():
        if not said.isdigit() or not 0 < int(said) <= width:
            raise ListError(f"--where {shown(said)}: the columns have no names; write its number")
        if int(said) - 1 not in known:
            deciders.append(DecidingColumn("", names.STANDING, int(said) - 1, "", words))
    held = [c for c in columns if c.what == names.ENTRY]
    if not held:
        return None
    first = [table.rows[0][c.index] for c in held if c.index < len(table.rows[0])]
    first_is_header = not any(shape(value) or _fits(value, kind) for value in first)
    if first_is_header and not any(c.is_said for c in held) and kind is None:
        _refuse_nameless(
            [replace(c, what=names.UNKNOWN, name=cleaned_name(table.rows[0][c.index])
                     if c.index < len(table.rows[0]) else "") for c in columns],
            table.rows[1:], options,
        )  # fmt: skip
    places = ", ".join(str(c.index + 1) for c in held[:10])
    return ListLayout(
        table.delimiter, width, tuple(table.rows[0]) if first_is_header else None, tuple(columns),
        tuple(deciders), 0, (_BY_VALUE.format(places),),
    )  # fmt: skip


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
    words = set(filled)
    told = [word_of_any(word) for word in words] if 0 < len(words) <= _WORDS else []
    if told and all(told):
        return str(Counter(told).most_common(1)[0][0])
    if filled and sum(map(_is_file_name, filled)) * 2 > len(filled):
        return names.FILE_NAME
    return names.UNKNOWN


def _is_file_name(value: str) -> bool:
    return _FILE.fullmatch(value.strip()) is not None or media_of_file(value) is not None


def _checked(layout: ListLayout, rows: Sequence[Sequence[str]], options: Options) -> ListLayout:
    """The layout; raises ListError where the values alone cannot say which are the entries."""
    held = layout.entries
    if any(c.is_said for c in held) or options.kind is not None:
        return layout
    looks: dict[str, ListColumn] = {}
    for c in held:
        look = _look(rows, c.index)
        twin = looks.setdefault(look, c)
        if twin is not c:
            what, option = ("links", "url") if look == "link" else (f"{look.upper()} digests", look)
            raise ListError(
                f"columns {twin.index + 1} and {c.index + 1} both look like {what} and have no "
                f"names; say which holds the entries with --column {option}={twin.index + 1}"
            )
        if look == "link" and c.index:
            _refuse_references(c, rows)
        if look == "sha256":
            _refuse_pdq(c, rows)
    return layout


def _look(rows: Sequence[Sequence[str]], i: int) -> str:
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


def _is_regular(table: _Table) -> bool:
    """Whether nearly all rows have as many fields."""
    width, n = table.width()
    return 1 < width <= MOST_COLUMNS and n * 10 >= len(table.rows) * 9


def _is_entry(row: Sequence[str]) -> bool:
    return shape(row[0]) is not None


def _fits(value: str, kind: str | None) -> bool:
    if kind in SCOPED_KINDS:
        return is_entry_of(value, str(kind))
    found = shape(value)
    return found is not None and (
        kind is None or (kind == "url" if found == "link" else kind.endswith("_" + found))
    )


def _links_or_columns(
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
