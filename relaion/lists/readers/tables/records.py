"""Records of a document as rows of a table: fields are columns, by the rules of columns.

Which fields decide, which are never entries, which are asked for: whatever holds for a partner's
csv holds for the fields of JSON and other tables that are no text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from relaion.lists.readers.documents.document import ListDocument
from relaion.lists.readers.format import SAMPLE, Batch, Options, Stream
from relaion.lists.readers.lines.known_good import refuse_bad_names, refuse_good_table
from relaion.lists.readers.tables.cells import RecordColumns
from relaion.lists.readers.tables.columns import TableSample
from relaion.lists.readers.tables.layout import by_names
from relaion.lists.readers.tables.table import RowsReading

_AT_ONCE, _OF_SHORT = 4000, 8000  # records of a part
_LARGE, _OF_A_TEXT = 2 << 20, 50  # bytes of a part, and those that any text takes
_SHOWN = 200  # records by which a table of software is known


def read_records(
    told: Sequence[str],
    found: Iterable[RecordColumns],
    document: ListDocument,
    options: Options,
) -> Iterator[Batch]:
    """Records of a document, some at a time, as rows of a table whose columns have these names.

    Every record has a text for each name, empty for none. Raises ListError as a table does.
    """
    parts = _in_parts(found, len(told))
    first = next(parts, RecordColumns(0, [[] for _ in told]))
    sample = first.rows(SAMPLE)
    refuse_good_table([[*told], *sample[:_SHOWN]], options)
    table = TableSample(",", [[*told], *sample], header=0, names=tuple(told))
    layout = by_names(table, options)
    document.notices.extend(layout.notices)
    for decider in layout.deciders:
        decider.is_delta = document.is_delta
    refuse_bad_names(layout.columns, options)
    stream = Stream(
        document.file_name, "", iter(()), document.notices, document.decided,
        is_delta=document.is_delta,
    )  # fmt: skip
    yield from RowsReading(layout, stream, options, are_records=True).of_records(
        chain([first], parts)
    )


def _in_parts(found: Iterable[RecordColumns], width: int) -> Iterator[RecordColumns]:
    """The same records, as many in each part as are read at once: more of short ones.

    The first part is never a large one: what it shows is refused before the rest is read.
    """
    n, size, most, held = 0, 0, _AT_ONCE, [list[str]() for _ in range(width)]
    for some in found:
        n += some.n
        size += width * some.n * _OF_A_TEXT
        for column, more in zip(held, some.columns, strict=True):
            column.extend(more)
            size += len("".join(more))
        while n >= most or (n >= _AT_ONCE and size > _LARGE):
            at = most if size <= _LARGE else _AT_ONCE
            yield RecordColumns(at, [column[:at] for column in held])
            size = size * (n - at) // n
            n, held, most = n - at, [column[at:] for column in held], _OF_SHORT
    if n:
        yield RecordColumns(n, held)
