"""Tables that are no text, as rows: objects of JSON, parquet, sheets. One reader reads all tables.

They are written as csv, in memory and by parts, and read as a partner's csv is, so that whatever
holds for columns of a csv (which decide, which are never entries, which are refused) holds for
them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from relaion.lists.readers.documents.document import ListDocument
from relaion.lists.readers.format import Options, Sure

Row = Sequence[str | None]
_AT_ONCE = 2000


class TableSource(Protocol):
    """One way of keeping a table. `name` is what `--format` calls it.

    `has_headings`: a person wrote it, who may have put titles and notes above and between its
    rows; else its first row names the columns, and each other one is a record.
    """

    @property
    def name(self) -> str:
        """The name, in lower case."""

    @property
    def has_headings(self) -> bool:
        """Whether titles may stand among its rows."""

    def sniff(self, head: str, file_name: str) -> Sure | None:
        """Sure where a file that begins with `head` is such a table."""

    def rows(self, document: ListDocument, options: Options) -> Iterator[Row]:
        """Its rows from the first, which names the columns, in memory that does not grow with it.

        A cell is text as its giver would write it, None where there is none. Raises ListError,
        without the file's name, for a file that must not be taken.
        """


def as_csv(rows: Iterable[Row]) -> Iterator[str]:
    """Rows as csv, in blocks of whole rows; every cell in quotes, so that none is a comment."""
    held = io.StringIO()
    writer = csv.writer(held, quoting=csv.QUOTE_ALL, lineterminator="\n")
    n = 0
    for row in rows:
        writer.writerow(["" if cell is None else cell for cell in row])
        n += 1
        if n == _AT_ONCE:
            yield held.getvalue()
            held.seek(0)
            held.truncate()
            n = 0
    if n:
        yield held.getvalue()
