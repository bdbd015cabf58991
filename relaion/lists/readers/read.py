"""A partner's file as entries, block by block: unpacked, decoded, read by its format, sorted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path

from relaion.errors import ListError
from relaion.lists.digests import is_float
from relaion.lists.marks import ADVICE, HASH_BESIDE
from relaion.lists.normalise import LATER, Tally
from relaion.lists.nothing import (
    may_hold_entry,
    nothing_in,
    refuse_pdq,
    refuse_unusable,
    without_word,
)
from relaion.lists.readers.containers import apart
from relaion.lists.readers.containers.delivered import DeliveredFile, delivered, told_of
from relaion.lists.readers.containers.text import BLOCK, beginning, blocks, opened, text_of
from relaion.lists.readers.documents.document import DocumentFormat, ListDocument, OfDelivery
from relaion.lists.readers.documents.read_document import read_document
from relaion.lists.readers.format import (
    ANY,
    OF_LINE,
    SAMPLE,
    Batch,
    Options,
    Stream,
    Values,
)
from relaion.lists.readers.formats import (
    choose,
    document_format,
    is_marked_up,
    refuse_fields,
    table_source,
)
from relaion.lists.readers.lines.changes import CHANGES
from relaion.lists.readers.lines.comments import uncommented, with_names, with_plain_comments
from relaion.lists.readers.lines.content import content
from relaion.lists.readers.lines.ending import Ending
from relaion.lists.readers.lines.known_good import refuse_bad_head, refuse_good
from relaion.lists.readers.lines.line import LinkBeside, are_bullets, is_list_of_changes
from relaion.lists.readers.lines.mail import is_mail, text_of_mail
from relaion.lists.readers.lines.mime_text import unquoted
from relaion.lists.readers.lines.printed import without_counts
from relaion.lists.readers.lines.proxy import refuse_passing
from relaion.lists.readers.lines.sections import Sections
from relaion.lists.readers.lines.signed import unsigned
from relaion.lists.readers.lines.signs import (
    refuse_parted,
    refuse_signs,
    without_boxes,
    without_escapes,
)
from relaion.lists.readers.tables.field_lines import are_field_lines, rows_of
from relaion.lists.readers.tables.formulas import without_formulas
from relaion.lists.readers.tables.partitions import refuse_partitions
from relaion.lists.readers.tables.rows import TableSource, as_csv
from relaion.lists.readers.vocabulary.letters import without_signature
from relaion.lists.values import SortedBatch, shape
from relaion.paths import several

# formats whose lines may be headings
_IN_LINES = frozenset((
    "txt", "csv", "checksums", CHANGES, "icse", "tat-csv", "threatexchange-csv", "te", "local-file",
))  # fmt: skip
_OF_TYPED_LINES = frozenset(("te", "local-file"))  # each says first of what kind it is


@dataclass
class FileRead:
    """What became of one file, whose records are counted from `first`.

    `form` is the format that read it, `decided` what columns said, `title` what took out all.
    `after` is the number of the record behind its last one, where `put` took in what titles took
    out while it was read: of that a file may hold any amount. `is_alone`: nothing else is in the
    delivery, which brings no list up to date. `shared` is what files of a delivery tell each other.
    """

    tally: Tally = field(default_factory=Tally)
    first: int = 0
    form: str = ""
    decided: dict[str, dict[str, int]] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    title: str = ""
    is_alone: bool = False
    after: int = 0
    put: Callable[[SortedBatch], None] | None = None
    shared: OfDelivery = field(default_factory=OfDelivery)


def read_entries(path: Path, options: Options, found: FileRead) -> Iterator[SortedBatch]:
    """Entries of a file by kind, a batch a block of a few megabytes; `found` tells the rest.

    Values that are no entry are counted by reason; blank lines, comments, the header and empty
    cells of a row that has entries are not counted at all. What the reader had to decide for
    itself is said in `notices`. A file is refused as soon as it shows why, and accepted only
    when all of it was seen. Raises ListError, which names the file, and, where `found.shared` lets
    it, ReadAnewError.
    """
    try:
        refuse_partitions(path, options)
        with (
            opened(path) as raw,
            delivered(path, raw, options, found.notices) as file,
        ):
            yield from _read_file(file, options, found)
    except ListError as e:
        raise ListError(told_of(path, str(e))) from None


def _read_file(file: DeliveredFile, options: Options, found: FileRead) -> Iterator[SortedBatch]:
    start = beginning(file)
    form = document_format(start, file.name, options.file_format)
    table = None if form else table_source(start, file.name, options.file_format)
    if form:
        yield from _read_document(file, form, start, options, found)
    elif table:
        yield from _read_table(file, table, start, options, found)
    else:
        raw = blocks(file, found.tally.skipped)
        source = unsigned(without_escapes(raw, found.notices), found.notices)
        source = unquoted(source, found.notices)
        first, _ = _head(source)
        source = chain(first, source)
        if _are_field_lines("".join(first), file.name, options):
            text = _records_of(file, as_csv(rows_of(source)), options, found)
            yield from _read(file, replace(options, file_format="csv"), found, text)
        else:
            yield from _read(file, options, found, _text(file, options, found, source))


def _are_field_lines(head: str, name: str, options: Options) -> bool:
    """Whether a text is of records whose fields stand a line each, and of no known format."""
    is_open = options.file_format is None and options.scope is None
    return is_open and are_field_lines(head) and choose(head, name, None).name in ("txt", "csv")


def _read(
    file: DeliveredFile, options: Options, found: FileRead, text: tuple[list[str], Iterator[str]]
) -> Iterator[SortedBatch]:
    tally = found.tally
    ending = Ending()
    refuse_passing(file.name, options)
    first, whole_text = text
    sections = _sections(file.name, "".join(first), options)
    sections.asks_first = tally.is_delta
    out = _TakenOut(sections, file.name, found)
    source = ending.watched(sections.left(chain(first, whole_text)))
    first, whole = _head(source)
    head = "".join(first)
    form = choose(head, file.name, options.file_format)
    found.form = found.form or form.name
    stream = Stream(file.name, head, chain(_in_parts(first), source), found.notices, found.decided)
    stream.is_delta = tally.is_delta
    tally.beside = _what_signs_say(stream, options)
    may_be_bullets = form.name in _IN_LINES - {CHANGES} and not tally.beside.minus_removes
    stream.blocks = refuse_signs(stream.blocks, asks=tally.is_delta and may_be_bullets)
    if form.name in _IN_LINES:
        refuse_parted(head, found.shared.signs, are_changes=form.name == CHANGES)
    number, kinds = 0, set[str]()
    for batch, is_last in _with_last(
        iter(()) if whole and sections.holds_all else form.read(stream, options)
    ):
        if options.kind == "row_hash":
            _refuse_spoilt(batch)
        last = None
        if is_last and ending.is_open and batch.n:
            batch, last = ending.parts(batch)  # noqa: PLW2901
        ending.before = batch.values
        some = tally.take(batch, found.first + number)
        number += batch.n
        kinds.update(some.entries)
        tally.beside.refuse_unsure()
        if tally.records * 2 >= SAMPLE:  # of the first lines some are titles, names, comments
            refuse_unusable(tally, options, so_far=not whole, text=sections.prose.understood)
        yield some
        if last is not None:
            some = ending.take(tally, last, found.first + number, kinds, found.notices)
            kinds.update(some.entries)
            yield some
    yield from out.rest(head, number)
    if out.any and not kinds:
        found.title = _BY_NAME if sections.by_name else _BY_TITLE
    sections.refuse_overruled(kinds, tally.lost)
    tally.beside.refuse_unsure()
    refuse_unusable(tally, options, so_far=False, text=sections.prose.understood)
    refuse_pdq(tally, options)
    tally.beside.refuse_strange(tally.taken)
    tally.beside.refuse_parted()
    sections.prose.refuse_title()
    found.notices.extend(chain(tally.beside.notices(), _notices_of(tally)))
    found.notices.extend(without_word(kinds, options, is_named=stream.is_named))
    found.notices.extend(sections.prose.notices())


def _notices_of(tally: Tally) -> Iterator[str]:
    """What was skipped or not kept, that a curator should look at."""
    if n := tally.skipped[HASH_BESIDE]:
        yield f"{several(n, 'hash', 'hashes')} beside other text, skipped: {ADVICE[HASH_BESIDE]}"
    if tally.unusable:
        told = ", ".join(f"{name}: {n:,}" for name, n in tally.unusable.most_common(10))
        yield f"digests that match nothing in a data set, not kept: {told}"


def _read_document(
    file: DeliveredFile, form: DocumentFormat, start: str, options: Options, found: FileRead
) -> Iterator[SortedBatch]:
    found.form = form.name
    document = _document(file, start, found)
    yield from read_document(document, form, options, found.tally, found.first)


def _read_table(
    file: DeliveredFile, table: TableSource, start: str, options: Options, found: FileRead
) -> Iterator[SortedBatch]:
    found.form = table.name
    # of a workbook in an archive the archive's member was named, and none of its sheets
    named = options if file.member is None else replace(options, member=None)
    document = _document(file, start, found)
    if table in apart.NATIVE:
        text = apart.csv_apart(table, document, named)
    else:
        text = as_csv(table.rows(document, named))
    as_text = replace(options, file_format="csv")
    if table.has_headings:
        whole = _text(file, as_text, found, text)
    else:
        whole = _records_of(file, text, options, found)
    yield from _read(file, as_text, found, whole)


def _records_of(
    file: DeliveredFile, text: Iterator[str], options: Options, found: FileRead
) -> tuple[list[str], Iterator[str]]:
    """The first blocks of rows of which each is a record, and the rest."""
    first, _ = _head(text)
    refuse_good("".join(first), file.name, options, is_delta=found.tally.is_delta)
    return first, text


def _document(file: DeliveredFile, start: str, found: FileRead) -> ListDocument:
    return ListDocument(
        file.name, start, lambda: text_of(file), found.notices, found.decided,
        found.tally.is_delta, found.shared, file.seekable,
    )  # fmt: skip


def _what_signs_say(stream: Stream, options: Options) -> LinkBeside:
    lines = stream.lines_of_head()
    return LinkBeside(
        is_list_of_changes("\n".join(lines)),
        are_bullets(content(lines)),
        OF_LINE not in options.ignore,
        options.is_good,
    )


def _sections(name: str, head: str, options: Options) -> Sections:
    refuse_bad_head(head, name, options)
    form = choose(head, name, options.file_format).name
    sections = Sections(name, head, options, form in _IN_LINES and not _OF_HOSTS.search(head))
    sections.prose.is_heeded = sections.prose.is_heeded and form not in _OF_TYPED_LINES
    return sections


_OF_HOSTS = re.compile(
    r"(?m)^(?:0\.0\.0\.0|127\.0\.0\.1|::1?)\s"
)  # whose parts have names of all kinds


_MAIL = 4  # blocks of a mail that is read


def _text(
    file: DeliveredFile, options: Options, found: FileRead, rest: Iterator[str]
) -> tuple[list[str], Iterator[str]]:
    """The first blocks of what a file says, and the rest; raises ListError where it is none."""
    first, is_all = _head(rest)
    if is_mail("".join(first)):
        more = [] if is_all else [*islice(rest, _MAIL)]
        is_all, first = is_all or len(more) < _MAIL, first + more
        said = text_of_mail("".join(first)) if is_all else None
        first = first if said is None else [said]
    if not is_marked_up("".join(first)):
        if is_all:
            first = [without_signature("".join(first), found.notices)]
        rest = without_formulas(with_names(chain(first, rest)))
        rest = uncommented(rest, found.notices)
        rest = rest if options.scope else with_plain_comments(rest, found.notices)
        rest = without_counts(without_boxes(rest))
        first, _ = _head(rest)
    refuse_good("".join(first), file.name, options, is_delta=found.tally.is_delta)
    refuse_fields("".join(first))
    if found.is_alone:
        _refuse_at_once(file, "".join(first), options)
    return first, rest


@dataclass
class _TakenOut:
    """What titles took out of a file, taken in while it is read; `number` counts its records."""

    sections: Sections
    name: str
    found: FileRead
    number: int = 0
    any: bool = False

    def __post_init__(self) -> None:
        if self.found.put is not None:
            self.sections.put = self.take

    def take(self) -> None:
        """Take in what is held so far."""
        if self.found.put is None:
            return
        self.number = self.number or LATER
        for some in self._sorted(""):
            self.found.put(some)
        self.sections.held = []

    def rest(self, head: str, number: int) -> Iterator[SortedBatch]:
        """What is held at the end of a file of which `number` records were read."""
        is_first = not self.number
        self.any = bool(self.sections.held) or not is_first
        self.number = self.number or number
        yield from self._sorted(head if is_first else "")
        self.found.after = 0 if is_first else self.found.first + self.number

    def _sorted(self, head: str) -> Iterator[SortedBatch]:
        for gone in _taken_out(self.sections, self.name, self.sections.options, head):
            yield self.found.tally.take(gone, self.found.first + self.number)
            self.number += gone.n


def _taken_out(sections: Sections, name: str, options: Options, head: str) -> Iterator[Batch]:
    """What titles took out, read as what is listed is, the names of columns above it.

    What cannot be read so is cut into pieces, of which those count that look like a value.
    """
    for why, lines in sections.held:
        text = sections.names + "".join(lines)
        # where columns have names, those of all of the file tell how it is laid out
        sample = f"{head.rstrip()}\n{text}" if sections.names and head.strip() else text
        form = choose(sample, name, options.file_format)
        try:
            batches = [*form.read(Stream(name, sample, iter([text])), options)]
        except ListError:
            pieces = [v for line in lines for v in re.split(r"[\s,;|\"'<>()]+", line) if shape(v)]
            kinds = (options.kind,) if options.kind else ANY
            batches = [Batch(len(pieces), [Values(kinds, pieces)])]
        for batch in batches:
            batch.fates = dict.fromkeys(range(batch.n), why)
            yield batch


def _with_last(batches: Iterator[Batch]) -> Iterator[tuple[Batch, bool]]:
    """Each batch that holds anything, and whether it is the last."""
    held: Batch | None = None
    for batch in batches:
        if held is not None and (batch.n or batch.skipped or batch.unusable):
            yield held, False
            held = None
        held = batch if held is None else held
    if held is not None:
        yield held, True


_BY_NAME = "the file's name says so, and where it is wrong, say --ignore file-name"
_BY_TITLE = "a title in it says so, and where it is wrong, leave it out of a copy"


def _head(source: Iterator[str]) -> tuple[list[str], bool]:
    """The first blocks of a file, enough to tell its format by; whether they are all of it."""
    head: list[str] = []
    for block in source:
        head.append(block)
        if sum(b.count("\n") for b in head) >= SAMPLE or sum(map(len, head)) >= BLOCK:
            return head, False
    return head, True


def _in_parts(first: list[str]) -> Iterator[str]:
    """The head with its first records apart, so that what is wrong with them is seen at once.

    Twice, as a batch is taken only when the next is there.
    """
    for block in first:
        start = 0
        for _ in range(2):
            end = _after_lines(block, start, SAMPLE)
            if end < len(block):
                yield block[start:end]
                start = end
        yield block[start:]


def _after_lines(block: str, at: int, n: int) -> int:
    for _ in range(n):
        found = block.find("\n", at)
        if found < 0:
            return len(block)
        at = found + 1
    return at


def _refuse_spoilt(batch: Batch) -> None:
    for values in batch.values:
        told = [str(v).strip().strip('"') for v in values.text]
        if sum(is_float(v) for v in told) * 2 > len(told):
            raise ListError(
                "holds row hashes as floating-point numbers, which have lost their last digits; "
                "export the column again as whole numbers"
            )


def _refuse_at_once(file: DeliveredFile, head: str, options: Options) -> None:
    """Raise ListError for a long file that is no other format, and of which no line is an entry."""
    lines = content(head.split("\n", SAMPLE)[:SAMPLE])
    if len(lines) * 2 < SAMPLE or may_hold_entry(file, options):
        return
    if choose(head, file.name, options.file_format).name in ("txt", "csv"):
        tally = Tally()
        tally.take(Batch(len(lines), [Values(ANY, lines)]), 0)
        raise nothing_in(tally.skipped)
