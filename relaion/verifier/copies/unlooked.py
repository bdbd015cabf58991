"""What of a copy nobody looked at, found again: columns and fields of links that play no role.

No more is asked for here than `apply` has to name: what is a link beyond doubt, in the first rows.
And what the manifest names is refuted where nothing of the kind is there.
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from relaion.errors import InputError
from relaion.parquet.glossary import says_link
from relaion.paths import shown, typed
from relaion.verifier.copies.held import holds
from relaion.verifier.copies.records import first_cells, lines_of_text
from relaion.verifier.copies.seconds import names_of_tar
from relaion.verifier.copies.statement import NAMELESS, PARQUET, SAMPLES, CopyLine, CopyStatement
from relaion.verifier.verdict import Notes, count

_ROWS, _LEAVES, _WIDEST = 500, 100, 4_096


def links_unlooked(path: Path, line: CopyLine, named: Mapping[str, str]) -> list[str]:
    """Columns or fields of a file that hold links and by which no row is known, as they are shown.

    Raises InputError for a file that cannot be read.
    """
    try:
        if line.form == PARQUET:
            return [shown(name) for name in _columns(path, set(line.columns.values()))]
        if line.form == SAMPLES:
            return names_of_tar(path, named)
        played = {name for names in line.columns.values() for name in names.split(", ")}
        names = list(dict.fromkeys(_names(path, line)))
        said = [x for x in names if says_link(x) and typed(x) not in played]
        return [".".join(map(typed, name.split("."))) for name in said][:20]
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


# -- What is named, and is not so ------------------------------------------------------------------

_HOLDS = re.compile(
    r"not looked at, though it holds links: column (.*?)(?:, within JSON or another text)?; "
    "if the rows' link stands "
)
_NO_ROW = "not looked at, for no row of it has an identity"
_BESIDE = re.compile(
    r"([0-9,]+ files?) of another form \(.*\): not looked at, not cleaned, not in OUT"
)
_NAMELESS = re.compile(r"([0-9,]+ rows?) kept without an identity: nothing can be said of them")
_OF_STATS = "tells of no shard here; not in OUT"
_A_LINK = re.compile(r"(?i:https?:)?//[^\s/?#]+\.|[0-9a-fA-F]{32}")


def refute(statement: CopyStatement, beside: int | None, notes: Notes) -> list[str]:
    """Find what the manifest cannot say was not looked at; returns the other lines, to be told.

    `beside` are files of another form in the copy; None where it was not given.
    """
    untold: set[str] = set()

    def wrong(why: str, where: str = "manifest.json") -> None:
        notes.find("6", where, why)

    names = sorted(statement.planned | statement.inputs.keys(), key=len, reverse=True)
    nameless = statement.counts[NAMELESS, True, False]
    for line in statement.not_looked_at:
        name = next((x for x in names if line.startswith(f"{shown(x)}: ")), None)
        rest = line if name is None else line[len(shown(name)) + 2 :]
        if found := _NAMELESS.fullmatch(line):
            if found[1] != count(nameless, "row"):
                wrong("names other rows without an identity than it counts")
        elif found := _BESIDE.fullmatch(line):
            if beside is not None and found[1] != count(beside, "file"):
                wrong("names other files of another form than the copy has")
        elif name is None and not rest.endswith(_OF_STATS):
            untold.add(line)
            wrong("says of something that was not looked at what no run says")
        elif name is not None and _A_LINK.search(rest):
            untold.add(line)
            wrong("a link or a digest stands in what was not looked at of it", name)
    return [line for line in statement.not_looked_at if line not in untold]


def refute_of(path: Path, line: CopyLine, told: list[str], fates: set[str], notes: Notes) -> None:
    """Find what is said of a file that was not looked at, and is not so by the file itself.

    `fates` are those of its records. Raises InputError for a file that cannot be read.
    """
    for sentence in told:
        rest = sentence.removeprefix(f"{shown(line.name)}: ")
        if rest.startswith(_NO_ROW) and fates != {NAMELESS}:
            notes.find("6", line.name, "is said to have no row with an identity, and has some")
        if line.form == PARQUET and (found := _HOLDS.match(rest)) and not _has(path, found[1]):
            why = "a column is said to hold links that holds none, or is not there"
            notes.find("6", line.name, why)


def _has(path: Path, name: str) -> bool:
    """Whether a column, by its name as it is shown, holds what may be a link in any row."""
    try:
        with pq.ParquetFile(path) as file:
            leaves = [file.schema.column(i).path for i in range(len(file.schema))]
            known = [leaf for leaf in leaves if shown(leaf) == name]
            for leaf in known:
                for batch in file.iter_batches(_ROWS, columns=[leaf]):
                    if any(b"//" in value or holds(value) for value in _values(batch.to_pylist())):
                        return True
    except (OSError, pa.ArrowException, ValueError):
        raise InputError(f"{shown(path)}: cannot be read") from None
    return False
