"""Interpol's database of images (ICSE) as csv, divided by semicolons, with names or without.

A record has an MD5 and a SHA-1, and perceptual hashes, of which ZZ40 has the length of an MD5.
What is in the baseline is unlawful everywhere; of the rest nobody here knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from relaion.errors import ListError
from relaion.lists.readers import why
from relaion.lists.readers.documents.field_columns import FieldColumns, Row
from relaion.lists.readers.documents.field_rows import FieldLayout, cut_rows, rows_of
from relaion.lists.readers.documents.fields import Fields, Meaning
from relaion.lists.readers.format import (
    NO_TRAIT,
    Batch,
    Columns,
    Maybe,
    Options,
    Stream,
    Sure,
    Trait,
)
from relaion.lists.readers.tables import traits
from relaion.lists.readers.tables.decisions import media_word
from relaion.lists.readers.tables.said import COUNTS, UNSURE, WordSays
from relaion.lists.readers.vocabulary import names

_COLUMNS = (
    "MD5", "SHA1", "ZZ40", "PhotoDNA", "Lace", "Image ID", "Is distributed", "Victim identified",
    "Offender identified", "Series name", "Investigation name", "Agency", "Number of submissions",
    "File Available", "Media Type", "Baseline",
)  # fmt: skip
_DIGESTS = {"MD5": "image_md5", "SHA1": "image_sha1"}
_OTHERS = ("ZZ40", "PhotoDNA", "Lace")
_SPELLED = {names.squeezed(name): name for name in _COLUMNS}
_NEEDED = frozenset(("MD5", "ZZ40", "Media Type"))
_SHAPES = {
    "MD5": r"[0-9A-Fa-f]{32}", "SHA1": r"[0-9A-Fa-f]{40}", "ZZ40": r"[0-9A-Fa-f]{32}",
    "PhotoDNA": r"[0-9A-Fa-f]{288}", "Is distributed": "[YN]", "Victim identified": "[YN]",
    "Media Type": "Image|Video", "Baseline": "Yes|No", "File Available": "True|False",
}  # fmt: skip
_YES, _NO = frozenset(("yes", "y", "true", "1")), frozenset(("no", "n", "false", "0"))


def _baseline(word: str) -> WordSays | None:
    plain = word.strip().casefold()
    return COUNTS if plain in _YES else UNSURE if plain in _NO or not plain else None


_MEANINGS: Mapping[str, Meaning] = {name: Meaning() for name in _COLUMNS} | {
    "Media Type": Meaning(names.MEDIA, "mediatype"),
    "Baseline": Meaning(names.STANDING, "baseline", _baseline),
}


@dataclass(frozen=True)
class Icse:
    """The images and videos of ICSE."""

    name: str = "icse"

    def sniff(self, head: str, file_name: str) -> Sure | Maybe | None:
        """Sure by the names of the columns, or by what stands in them."""
        return Sure() if _laid_out(head) else None

    def read(self, stream: Stream, options: Options) -> Iterator[Batch]:
        """A record a row."""
        layout = _laid_out(stream.head)
        if layout is None:
            raise ListError(
                "is no csv of Interpol's ICSE, which has columns `MD5`, `ZZ40` and `Media Type`; "
                "leave --format out, or say --format csv"
            )
        options.refuse_good("a list of Interpol's ICSE")
        seen = {column for column in layout.columns if column}
        fields = Fields(options, _MEANINGS, seen, is_delta=stream.is_delta)
        is_first = True
        for rows, skipped in rows_of(stream, layout, ends_open=True):
            batch = _batch(rows, fields, options)
            batch.skipped += skipped
            if is_first:
                fields.refuse(so_far=True)
            is_first = False
            yield batch
        fields.judge(stream)


def _batch(rows: Sequence[Row], fields: Fields, options: Options) -> Batch:
    if any(field.name == "Baseline" for field in fields.deciding):  # nothing said is asked, too
        rows = [{"Baseline": ("",)} | dict(row) for row in rows]
    fates, _ = fields.read(FieldColumns.of_rows(rows), [32] * len(rows))
    batch, columns = Batch(len(rows), fates=fates), Columns()
    for i, row in enumerate(rows):
        is_any = False
        for name, kind in _DIGESTS.items():
            if name in row and options.kind in (None, kind):
                columns.put((kind,), row[name][0], i)
                is_any = True
        others = [name for name in _OTHERS if name in row]
        batch.unusable.update(others)
        if others and not is_any:
            columns.put(("image_md5",), "", i)
            fates.setdefault(i, why.NO_ENTRY)
    batch.values = columns.all()
    batch.ids = [row["Image ID"][0] if "Image ID" in row else None for row in rows]
    batch.traits = [_trait(row) for row in rows]
    return batch


def _trait(row: Row) -> Trait:
    by = traits.trait_text(names.BY, row["Agency"][0]) if "Agency" in row else None
    said = media_word(row["Media Type"][0]) if "Media Type" in row else None
    media = said.media if said else None
    return Trait(by=by, media=media) if by or media else NO_TRAIT


def _laid_out(head: str) -> FieldLayout | None:
    for delimiter, rows in cut_rows(head):
        first = [*rows, []][0]
        told = tuple(_SPELLED.get(names.squeezed(cell), cell.strip()) for cell in first)
        if {*told} >= _NEEDED:
            return FieldLayout(delimiter, told, tuple(first))
        if rows and all(map(_fits, rows)):
            return FieldLayout(delimiter, _COLUMNS)
    return None


def _fits(row: Sequence[str]) -> bool:
    """Whether a row without names is one of ICSE's, by what stands in its columns."""
    if len(row) != len(_COLUMNS):
        return False
    held = dict(zip(_COLUMNS, row, strict=True))
    fits = [re.fullmatch(shape, held[name].strip(), re.I) for name, shape in _SHAPES.items()]
    told = [held[name].strip() for name in _SHAPES]
    filled = [fit is not None for fit, text in zip(fits, told, strict=True) if text]
    return bool(held["Media Type"].strip()) and all(filled) and len(filled) > 4
