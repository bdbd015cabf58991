"""Tables: rows of fields with or without names, as csv, tsv and their kind. `--format csv`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from relaion.errors import ListError
from relaion.lists.readers import why
from relaion.lists.readers.beside import questions
from relaion.lists.readers.beside.codes import legend_in
from relaion.lists.readers.beside.few_words import tells_language
from relaion.lists.readers.beside.remarks import WATCHED, RemarkColumn
from relaion.lists.readers.containers.text import WHOLE, RowReader, with_end
from relaion.lists.readers.format import (
    OF_FOLDERS,
    SAMPLE,
    Batch,
    Columns,
    Maybe,
    Options,
    Stream,
    Sure,
    Values,
)
from relaion.lists.readers.lines.ending import WITHIN
from relaion.lists.readers.lines.known_good import refuse_bad_names, says_bad
from relaion.lists.readers.lines.plain import read_plain
from relaion.lists.readers.tables import listed_columns, traits
from relaion.lists.readers.tables.cells import (
    Cells,
    RecordColumns,
    column_of,
    pieces_of,
    rows_filled,
)
from relaion.lists.readers.tables.columns import ListColumn, ListLayout
from relaion.lists.readers.tables.decisions import fates_of, is_ignored, refuse_unsure
from relaion.lists.readers.tables.header_rows import TableRows
from relaion.lists.readers.tables.layout import DELIMITERS, find_layout
from relaion.lists.readers.tables.listed_columns import is_replaced, taken_back
from relaion.lists.readers.tables.merged import refuse_merged
from relaion.lists.readers.tables.notes import begins_word, read_text
from relaion.lists.readers.tables.of_links import digest_of_link, links_of
from relaion.lists.readers.tables.said import differing
from relaion.lists.readers.tables.said_of_table import refuse_rows, rows_of_words
from relaion.lists.readers.tables.strays import Strays
from relaion.lists.readers.tables.traits import Decided
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.media import left_out, rows_of_films
from relaion.lists.values import (
    NOTHING,
    told,
    told_words,
)

_SEPARATOR_LINE = re.compile(r'^"?sep=."?\n')  # a first line that a spreadsheet writes
_MANY = 500  # unknown words after which the rest of a file is not needed to refuse it
_SHORT = 7  # characters of what is no digest


@dataclass(frozen=True)
class Table:
    """Rows of fields."""

    name: str = "csv"

    def sniff(self, head: str, file_name: str) -> Sure | Maybe | None:
        """Never sure: a link may hold any delimiter."""
        return (
            Maybe()
            if _is_named_csv(file_name) or any(d in head for d in f"{DELIMITERS} ")
            else None
        )

    def read(self, stream: Stream, options: Options) -> Iterator[Batch]:
        """The rows as records; lines as they stand where the file turns out to be no table."""
        head = _SEPARATOR_LINE.sub("", stream.head, count=1)
        sample = "\n".join(head.split("\n", SAMPLE)[:SAMPLE])
        named_csv = _is_named_csv(stream.file_name)
        layout = find_layout(sample, named_csv=named_csv, options=options)
        stream.notices.extend(layout.notices)
        for decider in layout.deciders:
            decider.is_delta = stream.is_delta
        if layout.delimiter == WHOLE:
            yield from read_plain(stream, options, layout)
            return
        refuse_bad_names(layout.columns, options)
        above = RowReader(layout.delimiter).rows(sample, last=True)[: layout.skip]
        refuse_rows(above, "a line above the names of columns", options)
        stream.is_named = layout.header is not None or any(c.name for c in layout.entries)
        yield from RowsReading(layout, stream, options).batches()


def _is_named_csv(file_name: str) -> bool:
    return re.search(r"\.[ct]sv(\.gz)?$", file_name, re.I) is not None


_PAIR = 2  # columns


@dataclass
class RowsReading:
    """A table on its way: what was seen in all rows decides at the end whether it is taken."""

    layout: ListLayout
    stream: Stream
    options: Options
    are_records: bool = False  # each row is one: none are names, or drawn lines
    rows: int = 0
    is_cut: bool = False
    open_row: Sequence[str] = ()  # the last row, where it has no end
    last_name: str | None = None
    replaced: Batch | None = None  # what the last rows replace
    of_films: list[str] = field(default_factory=list)  # digests of the last rows
    undone_by: set[int] = field(default_factory=set)  # columns whose remarks took rows back
    filled: Counter[int] = field(default_factory=Counter)
    of_link: Counter[int] = field(default_factory=Counter)  # digests of the link beside them
    remarks: list[RemarkColumn] = field(default_factory=list)

    def __post_init__(self) -> None:
        chosen = {d.index for d in self.layout.deciders if d.chosen is not None}
        self.table = TableRows(self.layout, self.options.kind)
        self.rivals = listed_columns.rivals(self.layout.columns)
        self.strays = Strays([c for c in self.layout.columns if c.index not in chosen])
        decided = {d.index for d in self.layout.deciders}
        legend = legend_in(self.stream.lines_of_head())
        for decider in self.layout.deciders:
            decider.doubted = legend.sure
        self.remarks = [
            RemarkColumn(
                replace(c, what="ignored") if is_ignored else c,
                self.options.is_good,
                heeds_folders=OF_FOLDERS not in self.options.ignore,
                is_read=any(tells_language(o) for o in self.layout.columns if o is not c),
                legend=legend,
            )
            for c in self.layout.columns
            if c.index not in decided and ((is_ignored := self._is_ignored(c)) or c.what in WATCHED)
        ]

    def _is_ignored(self, column: ListColumn) -> bool:
        return is_ignored(self.options, column.name, column.index)

    def batches(self) -> Iterator[Batch]:
        """The rows of a text as records."""
        layout = self.layout
        is_text = all(column.index > 0 for column in layout.entries)
        reader = RowReader(layout.delimiter, layout.width if is_text else None)
        to_skip = layout.skip + (layout.header is not None)
        for block, last in with_end(self.stream.blocks):
            text = _SEPARATOR_LINE.sub("", block, count=1) if not self.rows else block
            rows = reader.rows(text, last=last)
            is_open = last and bool(text) and not text.endswith("\n")
            if to_skip:
                dropped = min(to_skip, len(rows))
                rows, to_skip = rows[dropped:], to_skip - dropped
            if not rows:
                continue
            if is_open:
                self._note_cut(rows[-1])
            yield from self._taken(rows, last=last)
        self._judge()

    def of_records(self, parts: Iterable[RecordColumns]) -> Iterator[Batch]:
        """The same of records, whose fields are in the order of the columns."""
        held = RecordColumns(0, [])
        for rows in parts:
            if held.n:
                yield from self._taken(held, last=False)
            held = rows
        if held.n:
            yield from self._taken(held, last=True)
        self._judge()

    def _taken(self, rows: list[list[str]] | RecordColumns, *, last: bool) -> Iterator[Batch]:
        deciders, is_first = self.layout.deciders, self.rows == 0
        batch = self._batch(rows)
        if is_first or any(len(d.unsure) > _MANY for d in deciders):
            refuse_unsure(deciders, is_cut=self.is_cut)
        if is_first:  # what the first rows show is refused at once
            self._refuse_remarks(so_far=not last)
            if not last:
                self._refuse_of_links(so_far=True)
                self.strays.refuse(so_far=True)
        yield from filter(None, (self.replaced, left_out(self.of_films), batch))

    def _note_cut(self, row: Sequence[str]) -> None:
        """A last row that ends early where the file has no last line break is half a row."""
        last = max((d.index for d in self.layout.deciders), default=-1)
        at = len(row) - 1
        self.is_cut = at < last or (at == last and not row[last].strip())
        self.open_row = row
        c = next((c for c in self.layout.columns if c.index == at), None)
        if c and c.what == names.FILE_NAME:
            self.last_name = row[at]
        elif any(c.what == names.FILE_NAME and c.index > at for c in self.layout.columns):
            self.last_name = ""  # it may be that of a video

    def _batch(self, rows: list[list[str]] | RecordColumns) -> Batch:
        layout = self.layout
        cells, n, skipped = self._cells(rows)
        if not self.are_records:
            self.strays.watch(cells)
            deciding = {d.index for d in layout.deciders}
            of_words = rows_of_words(cells, layout.entries[0].index, deciding)
            refuse_rows(of_words, "a line without an entry", self.options)
        listed_columns.refuse_rivals(self.rivals, cells)
        decided = [(d, d.read(cells[d.index])) for d in layout.deciders]
        if not self.are_records and self.rows <= len(rows):  # no sheet that people fill is longer
            self._refuse_merged(cells)
        batch = Batch(n, fates=self._fates(cells, n, decided), skipped=skipped)
        batch.good = traits.good_of(layout.deciders, cells, batch.fates)
        batch.values = self._values(cells, decided, batch.fates)
        for c in layout.columns:
            if c.what == names.OTHER and not is_replaced(c):
                found = [v for v in cells[c.index] if len(v) > _SHORT]
                is_any = "." in "".join(found)
                n = sum("." not in v for v in found) if is_any else len(found)
                batch.unusable[told(c.word)] += n
        for _, said in decided:
            if any(s.unusable for s in differing(said)):
                batch.unusable.update(s.unusable for s in said if s.unusable)
        if self.last_name is None and self._is_cut_within_remark():
            self.last_name = ""
        batch.last_name = self.last_name
        batch.ids = traits.ids_of(layout.columns, cells)
        batch.traits = traits.traits_of(layout.columns, cells, decided)
        self.replaced = taken_back(layout.columns, cells, batch.fates)
        return batch

    def _refuse_merged(self, cells: Cells) -> None:
        words = (names.STANDING, names.CATEGORY)
        for d in self.layout.deciders:
            if d.what in words and d.chosen is None:
                refuse_merged(d.name, d.index, cells[d.index], d.fate_of)
        for r in self.remarks:
            if r.column.what == names.UNKNOWN:
                refuse_merged(r.column.name, r.column.index, cells[r.column.index], r.fate_of)

    def _cells(self, rows: list[list[str]] | RecordColumns) -> tuple[Cells, int, Counter[str]]:
        """The cells of each column, of rows that hold an entry; how many, and what others lack."""
        layout, skipped = self.layout, Counter[str]()
        whole = (
            rows if isinstance(rows, RecordColumns)
            else self.table.records(rows, self.rows, skipped)
        )  # fmt: skip
        self.rows += len(whole) + skipped.total()
        cells = Cells((c.index, column_of(whole, c.index)) for c in layout.columns)
        if self.are_records:  # a field that nobody knows may stand in records of its own
            self.strays.watch(cells)
        telling = [c.index for c in layout.columns if c.what == names.ENTRY or is_replaced(c)]
        filled = rows_filled([cells[at] for at in telling], len(whole))
        if len(filled) < len(whole):
            lacking = set(range(len(whole))).difference(filled)
            filled = sorted([*filled, *self._named_as_gone(cells, lacking)])
        if len(filled) < len(whole):
            skipped[NOTHING] += len(whole) - len(filled)
            cells = Cells((i, [column[k] for k in filled]) for i, column in cells.items())
        return cells, len(filled), skipped

    def _named_as_gone(self, cells: Cells, rows: Iterable[int]) -> list[int]:
        """Of rows without an entry, those that take back a record by the giver's id of it."""
        ids = traits.ids_of(self.layout.columns, cells)
        if ids is None:
            return []
        said: list[tuple[int, Callable[[str], str | None]]] = [
            *((d.index, d.fate_of) for d in self.layout.deciders),
            *((r.column.index, r.fate_of) for r in self.remarks),
        ]
        return [
            i for i in rows
            if ids[i] and any(fate_of(cells[at][i]) == why.TAKEN_BACK for at, fate_of in said)
        ]  # fmt: skip

    def _fates(self, cells: Cells, n: int, decided: Decided) -> dict[int, str]:
        fates = fates_of(n, decided, is_good=self.options.is_good)
        for decider, said in decided:
            if decider.what == names.TYPE and self.options.scope != "host":
                # each would stand for all that is there
                hosts = (i for i in range(n) if said[i].kinds == ("host",))
                fates.update((i, why.ONLY_HOST) for i in hosts if i not in fates)
            is_asked = decider.what in (names.STANDING, names.CATEGORY) and decider.chosen is None
            if self.options.is_good and is_asked:
                listed = (i for i in range(n) if says_bad(said[i], cells[decider.index][i]))
                fates.update((i, why.BAD) for i in listed if i not in fates)
        self._remarks(cells, fates)
        for i in listed_columns.alone(self.layout.columns, cells):
            fates.setdefault(i, why.TAKEN_BACK)
        return fates

    def _remarks(self, cells: Cells, fates: dict[int, str]) -> None:
        """Cells beside the entries that take a row back, or say that it is of a video."""
        held = [cells[c.index] for c in self.layout.entries]

        def digits(row: int) -> int:
            return max(len(column[row]) for column in held)

        for remarks in self.remarks:
            at = remarks.column.index
            found = remarks.read(cells[at], digits, fates, cells.each(at))
            if found:
                self.undone_by.add(at)
            fates.update((i, fate) for i, fate in found.items() if i not in fates)

    def _values(self, cells: Cells, decided: Decided, fates: dict[int, str]) -> list[Values]:
        # without names each of several digests is by its length: `MD5 … SHA1 …`
        is_told = self.layout.header is not None or len(self.layout.entries) == 1
        kinds_of = traits.kinds_of(decided) if is_told else None
        held, links = {c.index for c in self.layout.entries}, links_of(cells)
        of_links = self._digests_of_links(cells, links)
        links = {i: column for i, column in links.items() if i in held}
        self.of_films, found = [], list[Values]()
        for c in self.layout.entries:
            columns, column = Columns(), cells[c.index]
            hashed = of_links.get(c.index, {})
            is_of_image = not c.is_said and any(k.startswith("image_") for k in c.kinds)
            films = rows_of_films(links, c.index) if is_of_image and c.index not in links else ()
            if not (kinds_of or hashed or films) and "\n" not in "".join(column):
                if of := rows_filled([column], len(column)):  # as in nearly all tables
                    text = column if len(of) == len(column) else [*filter(None, column)]
                    found.append(Values(c.kinds, text, of))
                continue
            for i, cell in enumerate(column):
                if not cell:
                    continue
                kinds = kinds_of(i, c.kinds) if kinds_of else c.kinds
                if i in hashed:
                    kinds = (hashed[i],)
                elif i in films and i not in fates:
                    self.of_films.append(cell)
                    continue
                for piece in pieces_of(cell):
                    columns.put(kinds, piece, i)
            found += columns.all()
        return found

    def _digests_of_links(
        self, cells: Cells, links: dict[int, list[str]]
    ) -> dict[int, dict[int, str]]:
        """Where a digest is that of a link beside it: the kind, by column and row."""
        found: dict[int, dict[int, str]] = {}
        for c in self.layout.entries if links else ():
            if c.is_said or not any(k.startswith("image_") for k in c.kinds):
                continue
            for at, others in links.items():
                if at == c.index:
                    continue
                for i, (digest, link) in enumerate(zip(cells[c.index], others, strict=True)):
                    is_new = i not in found.get(c.index, {})
                    kind = digest_of_link(digest, link, is_quick=self._is_quick) if is_new else None
                    if kind:
                        found.setdefault(c.index, {})[i] = kind
            self.of_link[c.index] += len(found.get(c.index, {}))
            self.filled[c.index] += sum(map(bool, cells[c.index]))
        return found

    @property
    def _is_quick(self) -> bool:
        """Whether no digest of so many rows was that of a link: the rest is looked at in haste."""
        return self.rows > 2 * SAMPLE and not self.of_link.total()

    def _judge(self) -> None:
        """What all rows showed: raises ListError where it may not be taken so."""
        layout = self.layout
        for decider in layout.deciders:
            self.stream.decided[decider.told] = dict(decider.words)
        if self.is_cut or self._may_be_undone():
            raise ListError(WITHIN)
        refuse_unsure(layout.deciders, is_cut=False)
        self._refuse_remarks(so_far=False)
        for decider in layout.deciders:
            if decider.words:
                self.stream.notices.append(f"{decider.told}: {told_words(decider.words)}")
        self.stream.notices.extend(
            listed_columns.notices(layout.columns, self.strays.hashes + self.strays.links)
        )
        for remarks in self.remarks:
            self.stream.notices.extend(questions.notices(remarks))
        if layout.width == _PAIR and len(layout.entries) == 1 and self.options.kind is None:
            others = (r.column for r in self.remarks)
            told = (questions.may_be_of_strings(c, layout.entries[0]) for c in others)
            self.stream.notices.extend(filter(None, told))
        self.stream.notices += [
            f"column {c.told} tells what hosts did, and was taken to decide nothing"
            for c in layout.columns if c.what == names.OF_HOSTS
        ]  # fmt: skip
        self._refuse_of_links(so_far=False)
        self.strays.refuse(so_far=False)
        self.stream.notices.extend(self.strays.notices())

    def _refuse_of_links(self, *, so_far: bool) -> None:
        """Raise ListError where most digests of a column, and not all, are of links beside them."""
        for c in self.layout.entries:
            n, of = self.of_link[c.index], self.filled[c.index]
            if n and n < of and n * 2 > of:
                raise ListError(
                    f"column {c.told} holds digests of the links beside them in {n:,} of {of:,} "
                    f"rows{' at its beginning' if so_far else ''}; say --column "
                    f"url_md5={c.index + 1} (or url_sha1, url_sha256), or --ignore {c.index + 1}"
                )

    def _refuse_remarks(self, *, so_far: bool) -> None:
        questions.refuse_all(self.remarks, so_far=so_far)

    def _may_be_undone(self) -> bool:
        """Whether the last row may be cut off before a remark such as took others back."""
        at = len(self.open_row) - 1
        if at < 0 or self.last_name is not None:
            return False
        is_half = at in self.undone_by and bool(self.open_row[at].strip())
        if is_half and read_text(self.open_row[at], alone=False) is not None:
            return False
        return is_half or any(column > at for column in self.undone_by)

    def _is_cut_within_remark(self) -> bool:
        """Whether the last row may end within a remark that would take it back."""
        at = len(self.open_row) - 1
        if at < 0 or self._may_be_undone():
            return False
        cell = self.open_row[at]
        # what another row says as well is a word by itself
        return begins_word(cell) and any(
            r.column.index == at and r.values[cell.strip().casefold()] < 2 for r in self.remarks
        )
