"""All formats that are no lines of text, in the order in which they are asked.

The first that is sure reads the file: documents (XML and JSON whose records have a meaning of
their own), then tables that are no text. What none of them knows is read as text (`formats`).
"""

from collections.abc import Sequence

from relaion.lists.readers.containers.apart import NATIVE
from relaion.lists.readers.documents.document import DocumentFormat
from relaion.lists.readers.documents.json_list import JsonList
from relaion.lists.readers.documents.json_pages import (
    StopNcii,
    TechAgainstTerrorism,
    ThreatExchange,
)
from relaion.lists.readers.documents.misp import Misp
from relaion.lists.readers.documents.ncmec import Ncmec
from relaion.lists.readers.documents.stix import Stix
from relaion.lists.readers.documents.vics import Vics
from relaion.lists.readers.tables.rows import TableSource

DOCUMENTS: Sequence[DocumentFormat] = (
    Ncmec(),
    Misp(),
    Stix(),
    StopNcii,
    TechAgainstTerrorism,
    ThreatExchange,
    Vics(),
    JsonList(),  # the last, as it takes any JSON
)
TABLES: Sequence[TableSource] = (*NATIVE,)


def document_format(head: str, file_name: str, forced: str | None) -> DocumentFormat | None:
    """The format of a document: the one that the curator named, else the first that is sure."""
    if forced is not None:
        return next((f for f in DOCUMENTS if f.name == forced), None)
    return next((f for f in DOCUMENTS if f.sniff(head, file_name)), None)


def table_source(head: str, file_name: str, forced: str | None) -> TableSource | None:
    """The kind of table that a file is: the one that the curator named, else the first sure."""
    if forced is not None:
        return next((t for t in TABLES if t.name == forced), None)
    return next((t for t in TABLES if t.sniff(head, file_name)), None)
