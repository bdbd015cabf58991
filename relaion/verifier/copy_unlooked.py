"""What of a copy nobody looked at, found again: columns and fields of links that play no role.

No more is asked for here than `apply` has to name: what is a link beyond doubt, in the first rows.
"""

import csv
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from relaion.errors import InputError
from relaion.parquet.glossary import says_link
from relaion.paths import shown, typed
from relaion.verifier.copy_records import first_cells, lines_of_text
from relaion.verifier.copy_statement import PARQUET, SAMPLES, CopyLine

_ROWS, _LEAVES, _WIDEST = 500, 100, 4_096


def links_unlooked(path: Path, line: CopyLine) -> list[str]:
    """Columns or fields of a file that hold links and by which no row is known, as they are shown.

    Raises InputError for a file that cannot be read.
    """
    try:
        if line.form == PARQUET:
            return [shown(name) for name in _columns(path, set(line.columns.values()))]
        if line.form == SAMPLES:
            return []
        played = {name for names in line.columns.values() for name in names.split(", ")}
        names = list(dict.fromkeys(_names(path, line)))
        return [typed(name) for name in names if says_link(name) and typed(name) not in played][:20]
    except (OSError, pa.ArrowException, ValueError, RecursionError, csv.Error):
        raise InputError(f"{shown(path)}: cannot be read") from None


def _names(path: Path, line: CopyLine) -> Iterator[str]:
    if line.form != "json_lines":
        yield from first_cells(path, line)
        return
    for raw in islice(lines_of_text(path), _ROWS):
        if raw.strip(b" \t\r\n\x0b\x0c\xef\xbb\xbf"):
            yield from json.loads(raw.decode("utf-8", "surrogateescape"))


def _columns(path: Path, played: set[str]) -> Iterator[str]:
    with pq.ParquetFile(path) as file:
        if not file.metadata.num_rows:
            return
        groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
        for i in range(min(len(file.schema), _LEAVES)):
            leaf = file.schema.column(i)
            chunks = [group.column(i) for group in groups]
            is_short = all(x.total_uncompressed_size <= _WIDEST * x.num_values for x in chunks)
            is_played = leaf.path in played or leaf.path.partition(".")[0] in played
            if leaf.physical_type == "BYTE_ARRAY" and is_short and not is_played:
                batches = file.iter_batches(_ROWS, row_groups=[0], columns=[leaf.path])
                values = [v for v in _values(next(batches).to_pylist()) if v.strip()]
                if 2 * sum(map(_is_link, values)) > len(values):
                    yield leaf.path


def _values(found: object) -> Iterator[bytes]:
    """All texts and bytes within what Python makes of nested values."""
    if isinstance(found, str | bytes):
        yield found.encode("utf-8", "replace") if isinstance(found, str) else found
    elif isinstance(found, dict):
        yield from _values(list(found.values()))
    elif isinstance(found, list | tuple):
        for each in found:
            yield from _values(each)


def _is_link(value: bytes) -> bool:
    scheme, mark, rest = value.strip().partition(b"://")
    host = rest.partition(b"/")[0]
    is_web = scheme.lower() in (b"http", b"https") and b"." in host.strip(b".")
    return bool(mark) and is_web and len(value.split()) == 1 and host.isascii()
