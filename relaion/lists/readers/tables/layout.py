"""How a table is laid out: delimiter, header, and what each of its columns is for.

The names of columns decide first. Where there are none, their values do. What the names leave
open is asked, never guessed: two columns that may both hold the entries, a column of digests
under a name that says nothing.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from relaion.errors import ListError
from relaion.links.text import trim
from relaion.lists.digests import LENGTHS, is_hex
from relaion.lists.readers.containers.text import BLANKS, WHOLE, RowReader
from relaion.lists.readers.format import ANY, SAMPLE, Options
from relaion.lists.readers.lines.content import content
from relaion.lists.readers.tables.column_values import refuse_perceptual, signed, typed
from relaion.lists.readers.tables.columns import (
    MOST_COLUMNS,
    ListColumn,
    ListLayout,
    TableSample,
    by_values,
    checked,
    cleaned_name,
    is_entry,
    is_link_among,
    is_regular,
    kinds_said,
    links_or_columns,
    look_of,
    refuse_nameless,
    refuse_wide,
)
from relaion.lists.readers.tables.decisions import (
    DecidingColumn,
    chosen_of,
    is_ignored,
    is_named,
    read_word,
)
from relaion.lists.readers.tables.folders import is_of_disk
from relaion.lists.readers.tables.header_rows import is_divider
from relaion.lists.readers.tables.listed_columns import chosen_links, refuse_successors, with_new
from relaion.lists.readers.tables.name_rows import is_telling, may_name
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.paths import is_within, read_path, read_paths
from relaion.lists.values import is_entry_of, shape
from relaion.lists.values import told as say
from relaion.paths import shown

DELIMITERS = "\t;,|"
_TITLES = 100  # lines that may stand before the names of columns
# an array as programs print it: its lines, or all of it, are values divided by commas
_IS_ARRAY = re.compile(
    r"\s*+(?:(?:var|let|const|export)?\s*+[\w.]+\s*+=\s*+)?[\[({]"
    r"""(?:[^\S\n]*+(?:$|\n)|\s*+(?:['"]|[0-9A-Fa-f]{32}(?![0-9A-Fa-f]*[\])}])))"""
)


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
    is_plain = not (said_format or named_csv or options.columns_named())
    if is_plain and _are_digests(content(sample.split("\n"))):
        return whole
    cut = [_cut(sample, d) for d in DELIMITERS if d in sample]
    found = [t for t in cut if _find_names(t, options)]
    tables = [t for t in cut if t.width()[0] > 1]  # below the names, where there are any
    named = [t for t in found if t in tables or _names_no_entry_first(t)]
    if named:
        return by_names(max(named, key=lambda t: t.width()[0]), options)
    title = () if any(map(_holds_pairs, tables)) else whole.header
    if title and not _is_by_tabs(tables) and not _is_by_blanks(title[0], sample):
        return whole  # a title may read like a name
    return _without_names(sample, tables, lines, whole, named_csv=named_csv, options=options)


def _names_no_entry_first(table: TableSample) -> bool:
    """Whether all names tell, the first of no entry: so rows of one field hold none, cut or not."""
    told = table.names or ()
    of_others = (names.OTHER, names.ID, names.REFERENCE)
    return (
        bool(table.body)
        and all(map(is_telling, told))
        and names.read_name(told[0]).what in of_others
    )


def _holds_pairs(table: TableSample) -> bool:
    """Whether rows are of a link and a digest, or of several digests: no link ends in those."""
    looks = [{*map(shape, row)} - {None} for row in table.rows[1:]]
    return sum(len(each) > 1 for each in looks) * 2 > len(looks)


def _is_text(column: ListColumn) -> bool:
    """Whether nobody here knows what stands in a column: beside a host, it may say anything."""
    return column.what == names.UNKNOWN


def _are_digests(lines: Sequence[str]) -> bool:
    """Whether lines hold nothing but digests of one algorithm, several in one at least."""
    pieces = [[piece for piece in _BETWEEN.split(line) if piece] for line in lines]
    lengths = {len(piece) for line in pieces for piece in line}
    widest = max(map(len, pieces), default=0)
    is_one = len(lengths) == 1 and lengths <= LENGTHS.keys()
    is_one = is_one and (widest <= MOST_COLUMNS or len(lines) == 1)
    return (
        is_one
        and any(len(line) > 1 for line in pieces)
        and all(is_hex(p) for x in pieces for p in x)
    )


_HOLDS_DIGEST = re.compile(r"[0-9A-Fa-f]{32}")  # no name of a column does
_NO_LETTER = re.compile(r"[\W\d_]*")
_BETWEEN = re.compile(r"[\s,;|\"'`{}()\[\]]+")


def _without_names(
    sample: str,
    tables: Sequence[TableSample],
    lines: Sequence[Sequence[str]],
    whole: ListLayout,
    *,
    named_csv: bool,
    options: Options,
) -> ListLayout:
    blanks = _cut(sample, BLANKS)
    if not _is_by_tabs(tables) and blanks.width()[0] > 1 and _find_names(blanks, options):
        return by_names(blanks, options)
    guessed = [found for t in tables if (found := by_values(t, options))]
    if not guessed:  # blanks divide digests from what is beside them; links may hold blanks
        has_notes = any(cell[:1] == "#" for row in blanks.rows for cell in row)
        is_one = is_regular(blanks) and not has_notes and not _is_below_title(blanks)
        found = by_values(blanks, options) if is_one else None
        looks = {look_of(blanks.rows, c.index) for c in found.entries} if found else ()
        is_of_links = "link" in looks and len(looks) == 1  # beside a digest each row is cut alike
        is_prose = options.scope and found and any(map(_is_text, found.columns))
        is_table = found and not (is_of_links or is_prose)
        return checked(found, blanks.rows, options) if found and is_table else whole
    best = max(guessed, key=lambda found: (len(found.entries), found.width))
    table = next(t for t in tables if t.delimiter == best.delimiter)
    if options.file_format != "csv" and sum(map(is_entry, lines)) * 2 >= len(lines):
        best = links_or_columns(table.rows, best, whole, named_csv)
    return best if best.delimiter == WHOLE else checked(best, table.rows, options)


def _is_below_title(blanks: TableSample) -> bool:
    """Whether the first line has more words than lines below have pieces: above `- …`, a title."""
    first, *others = blanks.rows
    is_wide = len(first) > max(2, blanks.width()[0]) and not any(map(shape, first))
    return is_wide and all(len(row) < len(first) for row in others)


def _is_by_tabs(tables: Sequence[TableSample]) -> bool:
    """Whether tabs divide most lines, as no link holds any."""
    return any(t.delimiter == "\t" and t.width()[1] * 2 > len(t.rows) for t in tables)


def _is_by_blanks(header: str, sample: str) -> bool:
    """Whether names stand in columns, with several blanks between, as the lines below them do."""
    width = len(header.split())
    rows = [line.split() for line in content(sample.split("\n"))[1:]]
    fits = sum(width <= len(row) for row in rows)
    return re.search(r"\S\s{2,}\S", header) is not None and width > 1 and fits * 2 > len(rows)


def _whole(lines: Sequence[Sequence[str]], kind: str | None) -> ListLayout:
    """Lines as they stand; the first may be the name of what follows."""
    plain = ListColumn(0, "", names.ENTRY, (kind,) if kind else ANY)
    if not lines or shape(lines[0][0]) or len(lines[0]) > 1 or _HOLDS_DIGEST.search(lines[0][0]):
        return ListLayout(WHOLE, 1, None, (plain,))
    if is_link_among(lines[0][0].strip(), (line[0].strip() for line in lines[1:])):
        return ListLayout(WHOLE, 1, None, (plain,))
    name = lines[0][0].strip("'\"= ")
    says = read_path(name, kind) if len(name) <= 60 else names.NameSays(names.UNKNOWN)
    if says.what == names.ENTRY and (kind is None or kind in says.kinds):
        column = replace(plain, name=name, kinds=(kind,) if kind else says.kinds)
        return ListLayout(WHOLE, 1, (lines[0][0],), (column,))
    if says.what in (names.OTHER, names.ID, names.REFERENCE):
        column = replace(plain, name=name, what=says.what, kinds=(), word=says.word)
        return ListLayout(WHOLE, 1, (lines[0][0],), (column,))
    if (name.isidentifier() or is_within(name)) and names.is_of_what(name) and kind is None:
        column = replace(plain, name=name, what=names.UNKNOWN, kinds=())
        return ListLayout(WHOLE, 1, (lines[0][0],), (column,))
    return ListLayout(WHOLE, 1, None, (plain,))


def _cut(sample: str, delimiter: str) -> TableSample:
    table = TableSample(delimiter, RowReader(delimiter).rows(sample, last=True)[:SAMPLE])
    for line in sample.split("\n", _TITLES * 4)[: _TITLES * 4]:
        bare = line.strip().lstrip("\ufeff")
        if bare.startswith("#") and delimiter in bare:
            table.comments.append(
                [cell.strip(" \"'") for cell in bare.lstrip("# ").split(delimiter)]
            )
    return table


def _find_names(table: TableSample, options: Options) -> bool:
    """Find the row of names, perhaps behind titles or in a comment; whether there is one."""
    found = max(_rows_of_names(table, options), key=lambda row: row[0], default=None)
    if found:
        _, table.header, table.names = found
        return True
    counts = Counter(map(len, table.rows))
    common = counts.most_common(1)[0][0] if counts else 0
    for told in table.comments:
        if len(told) == common and common > 2 and _names_entries(told, options):
            table.names = tuple(map(cleaned_name, told))
            return True
    return False


def _rows_of_names(
    table: TableSample, options: Options
) -> Iterator[tuple[tuple[bool, bool], int, tuple[str, ...]]]:
    """Rows that may be that of names, and whether they name entries, and more than one column.

    Titles have cells, too: `Contact,desk` names no entry, and `Version 3,,` and `Version,3` one.
    """
    filled = [at for at, row in enumerate(table.rows) if any(map(str.strip, row))][:_TITLES]
    for at in filled:
        row, below = table.rows[at], table.rows[at + 1 :]
        if any(map(shape, row)) or _holds_link(row, below):
            break
        told = tuple(map(cleaned_name, row))
        is_above = _is_above_entries(row, below, options)
        if len(row) < 2 or not may_name(row, told, below, table.delimiter, is_above=is_above):
            continue
        if is_above or _names_entries(told, options):
            of_entries = any(s.what == names.ENTRY for s in read_paths(told, options.kind))
            are_several = sum(not _NO_LETTER.fullmatch(name) for name in told) > 1
            yield (is_above or of_entries, are_several), at, told
            if is_above or (of_entries and are_several):
                break


def _holds_link(row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether a row holds a link without a scheme, where those below it do."""
    return any(
        is_link_among(cell.strip(), (other[i].strip() for other in below if i < len(other)))
        for i, cell in enumerate(row)
    )


def _is_above_entries(row: Sequence[str], below: Sequence[Sequence[str]], options: Options) -> bool:
    """Whether a column that the curator gave by its number holds entries below this row only."""
    under = next((other for other in below if not is_divider(other)), ())
    for said, columns in options.columns.items():
        for column in columns:
            at = int(column) - 1 if column.isdecimal() else -1
            if not 0 <= at < min(len(row), len(under)):
                continue
            is_entry_at = [
                any(is_entry_of(r[at], kind) for kind in kinds_said(said)) for r in (row, under)
            ]
            if trim(row[at]) and is_entry_at == [False, True]:
                return True
    return False


def _names_entries(told: Sequence[str], options: Options) -> bool:
    says = read_paths(told, options.kind)
    if any(s.what == names.ENTRY for s in says):
        return True
    chosen = [c for columns in options.columns.values() for c in columns]
    if any(is_named(c, name, -2) for c in chosen for name in told if name):  # numbers tell nothing
        return True
    others = sum(s.what in (names.OTHER, names.ID, names.REFERENCE) for s in says)
    decides = sum(s.what in names.DECIDING for s in says)
    return bool(others) or decides > 1 or (decides == 1 and len(told) > 2)


# -- Columns with names ------------------------------------------------------------------------


def by_names(table: TableSample, options: Options) -> ListLayout:
    """The layout of a table whose columns have names."""
    told = table.names or ()
    refuse_wide(len(told))
    for option, field_name in options.columns_named():
        if not any(is_named(field_name, name, i) for i, name in enumerate(told)):
            held = ", ".join(say(name) for name in told[:10])
            raise ListError(
                f"--{option} {shown(field_name)}: there is no such column; it has {held}"
            )
    body = [row for row in table.body if len(row) > 1]
    columns = [
        signed(_named_column(i, name, says, options), body, options)
        for i, (name, says) in enumerate(zip(told, read_paths(told, options.kind), strict=True))
    ]
    columns = typed(columns, body)
    refuse_successors(columns, body, options)
    deciders = _deciders(columns, told, options)
    _refuse_twins(columns, deciders)
    columns = chosen_links(with_new(columns))
    refuse_perceptual(columns, body, options)
    types = [d for d in deciders if d.what == names.TYPE]
    if types and not any(c.what == names.ENTRY for c in columns):
        columns = _by_type(columns, types[0], body)
    columns = _only_kind(columns, options.kind, body)
    if not any(c.what == names.ENTRY for c in columns):
        refuse_nameless(columns, body, told)
    skip = table.header or 0
    return ListLayout(
        table.delimiter, len(told), told if table.header is not None else None, tuple(columns),
        tuple(deciders), skip,
    )  # fmt: skip


def _refuse_twins(columns: Sequence[ListColumn], deciders: Sequence[DecidingColumn]) -> None:
    """Raise ListError where entries, and what decides, stand in a row twice under one name."""
    plain = Counter(names.squeezed(c.name) for c in columns if c.what == names.ENTRY)
    deciding = Counter(names.squeezed(d.name) for d in deciders)
    twice = [d for d in deciders if deciding[names.squeezed(d.name)] > 1]
    if twice and max(plain.values(), default=0) > 1:
        raise ListError(
            f"has several columns of entries and several called {twice[0].told}, and nobody here "
            "knows which decides for which; make one row of each entry"
        )


def _named_column(i: int, name: str, says: names.NameSays, options: Options) -> ListColumn:
    for kind, columns in options.columns.items():
        if any(is_named(c, name, i) for c in columns):
            if says.what == names.OTHER:
                raise ListError(
                    f"--column {kind}: column {i + 1} ({say(name)}) is by its name of something "
                    "else, which is never an entry; rename it in a copy if that is wrong"
                )
            return ListColumn(i, name, names.ENTRY, kinds_said(kind), says.word, is_said=True)
    if is_ignored(options, name, i):
        return ListColumn(i, name, names.ID if says.what == names.ID else "ignored")
    return ListColumn(i, name, says.what, says.kinds, says.word, is_weak=says.is_weak)


def _deciders(
    columns: Sequence[ListColumn], told: Sequence[str], options: Options
) -> list[DecidingColumn]:
    of_disk = any(map(is_of_disk, told))
    deciders = [
        DecidingColumn(
            c.name, c.what, c.index, c.word, chosen_of(options, c.name, c.index),
            is_of_disk=of_disk and c.what in (names.GONE, names.STANDING),
        )
        for c in columns
        if c.what in names.DECIDING
    ]  # fmt: skip
    known = {d.index for d in deciders}
    for field_name, words in options.where.items():
        named = [i for i, name in enumerate(told) if is_named(field_name, name, i)]
        deciders += [
            DecidingColumn(told[i], names.STANDING, i, "", words) for i in named if i not in known
        ]
    return deciders


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
            if c.what in (names.UNKNOWN, names.NOTE, names.CAPTION) and c.index < len(row):
                found = shape(row[c.index])
                fits[c.index] += found in algorithms or (found == "link" and "url" in says.kinds)
    for at, n in fits.most_common(1):
        if n * 2 > typed:
            return [
                replace(c, what=names.ENTRY, kinds=ANY) if c.index == at else c for c in columns
            ]
    return columns


def _only_kind(
    columns: list[ListColumn], kind: str | None, body: Sequence[Sequence[str]]
) -> list[ListColumn]:
    """Only the columns that can hold the kind that the curator named."""
    if kind is None:
        return columns
    able = [c for c in columns if c.what == names.ENTRY and kind in c.kinds]
    # a column of links may hold hashed ones: only where no column is one of hashes
    surely = [c for c in able if kind == "url" or "url" not in c.kinds]
    kept = surely or able
    if not kept:
        open_ones = [c for c in columns if c.what not in (names.OTHER, names.ID, *names.DECIDING)]
        held = (
            c.index + 1 for c in open_ones
            if any(is_entry_of(row[c.index], kind) for row in body if c.index < len(row))
        )  # fmt: skip
        at = next(held, None)
        choice = f"name it with --column {kind}={at}, or " if at else ""
        raise ListError(f"no column can hold {kind}; {choice}leave --kind out")
    return [
        replace(c, kinds=(kind,)) if c in kept
        else replace(c, what="ignored", kinds=()) if c.what == names.ENTRY else c
        for c in columns
    ]  # fmt: skip
