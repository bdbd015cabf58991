"""CDX, the index of a web archive: a link and a digest a line, under letters for names.

Servers of such indexes write the names out (`urlkey timestamp original …`), in columns divided by
blanks, tabs or commas, or fields of JSON behind the key and the time of each line (CDXJ).
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from relaion.errors import ListError
from relaion.lists.readers.format import (
    LINK_KINDS,
    Batch,
    Columns,
    Maybe,
    Options,
    Stream,
    Sure,
)
from relaion.lists.readers.lines.content import content, first_lines
from relaion.lists.readers.tables.decisions import read_word
from relaion.lists.readers.vocabulary import names

_CDX = re.compile(r"\s?CDX((?: [A-Za-z])+)\s*")
_CDXJ = re.compile(r"\S+ (?:- )?\d{4,17} (\{.*\})\s*")
_LINK, _DIGEST, _MEDIA, _STATUS = "a", "k", "m", "s"  # the letters of the columns that are read
_WRITTEN_OUT = {
    "original": _LINK, "url": _LINK, "digest": _DIGEST, "mimetype": _MEDIA, "mime": _MEDIA,
    "statuscode": _STATUS, "status": _STATUS,
}  # fmt: skip
_NAMES = _WRITTEN_OUT.keys() | {
    "urlkey", "timestamp", "length", "offset", "filename", "redirect", "robotflags", "languages",
    "encoding", "charset", "truncated", "mime-detected", "endtimestamp", "dupecount", "uniqcount",
    "groupcount", "recordoffset", "compressedsize",
}  # fmt: skip
_FULL = ("200", "206", "226", "-")  # others, such as 404, bring a page that stands for no image
_OF_PAGE = "sha1 of a capture whose HTTP status is not 200"


@dataclass(frozen=True)
class _Columns:
    """How a line is divided, and what stands in its fields, as letters or by other names."""

    delimiter: str
    letters: tuple[str, ...]

    def fields(self, line: str) -> dict[str, str] | None:
        """The fields of a line by their letters; None where it has more or fewer."""
        if not self.letters:
            return _of_json(line)
        if self.delimiter == " ":
            cells = line.split(" ") if not line.startswith(" ") else line.split()
        else:
            cells = next(csv.reader([line], delimiter=self.delimiter), [])
        if len(cells) != len(self.letters):
            return None
        return dict(zip(self.letters, cells, strict=True))


@dataclass(frozen=True)
class Cdx:
    """Columns named by letters or names in the first line, or fields of JSON."""

    name: str = "cdx"

    def sniff(self, head: str, file_name: str) -> Sure | Maybe | None:
        """Sure by the first line."""
        return Sure() if _laid_out(head) else None

    def read(self, stream: Stream, options: Options) -> Iterator[Batch]:
        """A record a line, with its link and its digest; by its media type."""
        laid_out = _laid_out(stream.head)
        if laid_out is None or (laid_out.letters and _LINK not in laid_out.letters):
            raise ListError("is a CDX file without its links (column a); export it with them")
        kinds = {_LINK: LINK_KINDS, _DIGEST: ("image_sha1",)}
        if options.kind:
            kinds = {k: (options.kind,) for k, some in kinds.items() if options.kind in some}
        for block in stream.blocks:
            yield _batch(block, laid_out, kinds)


def _laid_out(head: str) -> _Columns | None:
    """What the first line says that is no comment; None where it is of no such index."""
    lines = first_lines(head, 50)
    if not lines:
        return None
    if found := _CDX.fullmatch(lines[0]):
        return _Columns(" ", tuple(found[1].split()))
    told = re.split(r"[ \t,;]", lines[0].strip())
    if {"urlkey", "timestamp"} <= {*told} <= _NAMES:
        delimiter = next((d for d in ",\t;" if d in lines[0]), " ")
        return _Columns(delimiter, tuple(_WRITTEN_OUT.get(word, word) for word in told))
    return _Columns(" ", ()) if all(map(_of_json, lines)) else None


def _of_json(line: str) -> dict[str, str] | None:
    found = _CDXJ.fullmatch(line)
    try:
        held = json.loads(found[1]) if found else None
    except (ValueError, RecursionError):
        held = None
    if not isinstance(held, dict) or not {"url", *held} <= _NAMES or "url" not in held:
        return None
    told = {k: "-" if v is None else str(v) for k, v in held.items()}
    return {str(_WRITTEN_OUT.get(k, k)): v.removeprefix("sha1:") for k, v in told.items()}


def _batch(block: str, laid_out: _Columns, kinds: Mapping[str, tuple[str, ...]]) -> Batch:
    batch, columns = Batch(0), Columns()
    for line in content(block.split("\n")):
        fields = laid_out.fields(line)
        if fields is None:
            if not _CDX.fullmatch(line):
                batch.skipped["fewer or more fields than columns"] += 1
            continue
        if fields.get(_LINK) in _WRITTEN_OUT:
            continue  # the names
        says = read_word(names.MEDIA, fields[_MEDIA]) if _MEDIA in fields else None
        if says and says.fate:
            batch.fates[batch.n] = says.fate
        for letter, some in kinds.items():
            value = fields.get(letter, "-")
            if letter == _DIGEST and value != "-" and fields.get(_STATUS, "-") not in _FULL:
                batch.unusable[_OF_PAGE] += 1
            elif value != "-":
                columns.put(some, value, batch.n)
        batch.n += 1
    batch.values = columns.all()
    return batch
