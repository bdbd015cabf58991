"""What each format is, for people, and small files of it: to see what a list looks like.

Those that are text stand in `formats.txt`, beside what is said of each; the others are made here of
the same rows. Nothing in them is of anybody.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import pyarrow as pa
import pyarrow.parquet as pq

_TOLD = Path(__file__).with_name("formats.txt")


@dataclass(frozen=True)
class FormatSample:
    """A file by its bytes; `suffix` is how its name ends, `args` what it is added with."""

    suffix: str
    data: bytes
    args: tuple[str, ...] = ()
    is_text: bool = True


def _read(told: str) -> tuple[dict[str, tuple[str, ...]], dict[str, FormatSample]]:
    """What is said of each format or packing, as `formats.txt` tells; the samples that are text."""
    about: dict[str, tuple[str, ...]] = {}
    texts: dict[str, FormatSample] = {}
    for part in told.split("\n=== ")[1:]:
        said, _, sample = part.partition("\n--- ")
        name, *lines = said.split("\n")
        about[name] = tuple(line.partition(": ")[2] for line in lines)
        if sample:
            first, _, text = sample.partition("\n")
            suffix, *args = first.split()
            texts[name] = FormatSample(suffix, f"{text}\n".encode(), tuple(args))
    return about, texts


ABOUT, _TEXTS = _read(_TOLD.read_text(encoding="utf-8").removesuffix("\n"))
_TXT = _TEXTS["txt"].data


def _rows() -> list[list[str]]:
    """The rows of the table that is a sample, the names of its columns first."""
    return [*csv.reader(_TEXTS["csv"].data.decode().splitlines())]


# -- Tables that are no text -----------------------------------------------------------------------


def _table() -> pa.Table:
    names, *rows = _rows()
    return pa.table({name: [row[i] for row in rows] for i, name in enumerate(names)})


def _parquet() -> FormatSample:
    held = io.BytesIO()
    pq.write_table(_table(), held)
    return FormatSample(".parquet", held.getvalue(), is_text=False)


def _arrow() -> FormatSample:
    held, table = io.BytesIO(), _table()
    with pa.ipc.new_file(held, table.schema) as out:
        out.write_table(table)
    return FormatSample(".arrow", held.getvalue(), is_text=False)


def _arrow_stream() -> FormatSample:
    held, table = io.BytesIO(), _table()
    with pa.ipc.new_stream(held, table.schema) as out:
        out.write_table(table)
    return FormatSample(".arrows", held.getvalue(), is_text=False)


def zipped(parts: dict[str, str]) -> bytes:
    """A zip archive of these members, the same each time."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as out:
        for name, text in parts.items():
            out.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return held.getvalue()


_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_OPEN = "http://schemas.openxmlformats.org"
_RELATED = f"{_OPEN}/package/2006/relationships"
_DOCUMENT = f"{_OPEN}/officeDocument/2006/relationships"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def _xlsx() -> FormatSample:
    rows = "".join(
        "<row>"
        + "".join(f'<c t="inlineStr"><is><t>{escape(cell)}</t></is></c>' for cell in row)
        + "</row>"
        for row in _rows()
    )
    types = (
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
        'relationships+xml"/><Override PartName="/xl/workbook.xml" '
        f'ContentType="{_SHEET}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" '
        f'ContentType="{_SHEET}.worksheet+xml"/>'
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_OPEN}/package/2006/content-types">{types}</Types>',
        "_rels/.rels": _related("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": f'<workbook xmlns="{_OPEN}/spreadsheetml/2006/main" '
        f'xmlns:r="{_DOCUMENT}"><sheets><sheet name="Sheet1" sheetId="1" r:id="r1"/></sheets>'
        "</workbook>",
        "xl/_rels/workbook.xml.rels": _related("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_OPEN}/spreadsheetml/2006/main">'
        f"<sheetData>{rows}</sheetData></worksheet>",
    }
    data = zipped({name: _XML + text for name, text in parts.items()})
    return FormatSample(".xlsx", data, is_text=False)


def _related(what: str, target: str) -> str:
    return (
        f'<Relationships xmlns="{_RELATED}"><Relationship Id="r1" Type="{_DOCUMENT}/{what}" '
        f'Target="{target}"/></Relationships>'
    )


def _ods() -> FormatSample:
    of = "urn:oasis:names:tc:opendocument:xmlns"
    mime = "application/vnd.oasis.opendocument.spreadsheet"
    rows = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}</text:p>'
            "</table:table-cell>"
            for cell in row
        )
        + "</table:table-row>"
        for row in _rows()
    )
    parts = {
        "mimetype": mime,
        "META-INF/manifest.xml": f'{_XML}<manifest:manifest xmlns:manifest="{of}:manifest:1.0" '
        f'manifest:version="1.2"><manifest:file-entry manifest:full-path="/" '
        f'manifest:media-type="{mime}"/><manifest:file-entry manifest:full-path="content.xml" '
        'manifest:media-type="text/xml"/></manifest:manifest>',
        "content.xml": f'{_XML}<office:document-content xmlns:office="{of}:office:1.0" '
        f'xmlns:table="{of}:table:1.0" xmlns:text="{of}:text:1.0" office:version="1.2">'
        f'<office:body><office:spreadsheet><table:table table:name="Sheet1">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>",
    }
    return FormatSample(".ods", zipped(parts), is_text=False)


# -- What lists are packed in ----------------------------------------------------------------------


def _packed(suffix: str, pack: Callable[[bytes], bytes]) -> Callable[[], FormatSample]:
    return lambda: FormatSample(suffix, pack(_TXT), is_text=False)


_MADE: dict[str, Callable[[], FormatSample]] = {
    "parquet": _parquet, "arrow": _arrow, "arrow-stream": _arrow_stream, "xlsx": _xlsx,
    "ods": _ods,
    "gzip": _packed(".txt.gz", lambda data: gzip.compress(data, mtime=0)),
    "bzip2": _packed(".txt.bz2", bz2.compress), "xz": _packed(".txt.xz", lzma.compress),
    "zstd": _packed(".txt.zst", lambda data: bytes(pa.compress(data, "zstd", asbytes=True))),
    "zip": _packed(".zip", lambda data: zipped({"list.txt": data.decode()})),
}  # fmt: skip
SAMPLES = (*_TEXTS, *_MADE)
"""What `--format` calls the formats of which there is one, and what a list may be packed in."""


def sample_of(name: str) -> FormatSample:
    """The sample of a format."""
    return _TEXTS.get(name) or _MADE[name]()
