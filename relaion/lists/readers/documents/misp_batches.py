"""Attributes of MISP as batches: their values, why some bring no entry, what was seen of all."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass, field

from relaion.lists.readers.documents.document import ListDocument
from relaion.lists.readers.documents.field_columns import Row
from relaion.lists.readers.documents.fields import Fields
from relaion.lists.readers.documents.json_pieces import each_of, text_of
from relaion.lists.readers.documents.misp_attributes import Attribute, AttributeRows, is_picture
from relaion.lists.readers.documents.misp_traits import AttributeTraits
from relaion.lists.readers.format import (
    ANY,
    LINK_KINDS,
    NO_ENTRY,
    ONLY_HOST,
    REFERENCE,
    REPLACED,
    Batch,
    Columns,
    Options,
    Stream,
)
from relaion.lists.readers.tables.said import WordSays
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.misp_words import OF_ANALYSIS, type_says
from relaion.lists.values import shape


@dataclass
class Attributes:
    """Attributes on their way: as batches, and what was seen of all of them."""

    options: Options
    fields: Fields
    unsaid: int = 0  # digests of which nothing says that they are of an image
    references: int = 0
    proposals: int = 0
    reports: int = 0  # reports of events that may take back
    replaced: Set[int] = frozenset()  # places of those that another version replaces
    n: int = 0
    rows: AttributeRows = field(init=False)
    traits: AttributeTraits = field(init=False)

    def __post_init__(self) -> None:
        self.rows = AttributeRows(self.fields.read_names | {"type"})
        self.traits = AttributeTraits()
        said = (*self.options.where, *self.options.ignore)
        # what the curator decided of
        self._said = {names.squeezed(name) for name in said}

    def batch(self, some: Sequence[Attribute]) -> Batch:
        """Attributes as records."""
        rows = [self._row(attribute) for attribute in some]
        digits = [len(attribute.text) for attribute in some]
        fates, types = self.fields.read(rows, digits, "type")
        if self.replaced:
            fates |= {i: REPLACED for i in range(len(some)) if self.n + i in self.replaced}
        batch, values = Batch(len(some), fates=fates), Columns()
        for i, (attribute, says) in enumerate(zip(some, types, strict=True)):
            if says.unusable:
                batch.unusable[says.unusable] += 1
            self._take(i, attribute, says, batch, values)
            if attribute.own.get("shadowattribute"):
                self.proposals += len(each_of(attribute.own["shadowattribute"]))
            if "type" not in rows[i]:
                fates.setdefault(i, NO_ENTRY)
        batch.values = values.all()
        batch.ids = [text_of(a.own.get("uuid")).strip() or None for a in some]
        batch.traits = [
            self.traits.of(
                a.own, a.event.by, is_image="filename" in a.own and _is_of_image(a)
            ) for a in some
        ]  # fmt: skip
        self.n += len(some)
        if self.n == len(some):  # what the first show is refused at once
            self.fields.refuse(so_far=True)
        return batch

    def _row(self, attribute: Attribute) -> Row:
        """Its fields; a type that nobody knows is none where its value can be no entry."""
        row = self.rows.row(attribute)
        if type_says(attribute.type) is None and not any(
            map(shape, re.split(r"[|\s]", attribute.text))
        ):
            row = {name: words for name, words in row.items() if name != "type"}
        return row

    def _take(
        self, i: int, attribute: Attribute, says: WordSays, batch: Batch, values: Columns
    ) -> None:
        kinds = says.kinds
        if not kinds and says.fate is None and says.is_sure and "type" in self._said:
            kinds = ANY  # the value tells
        value = attribute.value
        if not kinds:
            # what can be no entry takes none back
            if batch.fates.get(i) != REPLACED:
                batch.fates[i] = says.fate or NO_ENTRY
            values.put(LINK_KINDS, value, i)
            return
        if kinds == ("host",) and self.options.scope != "host":
            batch.fates.setdefault(i, ONLY_HOST)
        elif kinds == LINK_KINDS and self._is_reference(attribute):
            batch.fates.setdefault(i, REFERENCE)
            self.references += 1
        if self.options.kind and self.options.kind not in kinds and kinds != ("host",):
            kinds = (self.options.kind,)
        values.put(kinds, value, i)
        if i not in batch.fates and kinds[0].startswith("image_"):
            self.unsaid += not _is_of_image(attribute)

    def _is_reference(self, attribute: Attribute) -> bool:
        category = attribute.own.get("category")
        is_of = bool(category) and names.squeezed(text_of(category)) == OF_ANALYSIS
        return is_of and "category" not in self._said

    def judge(self, document: ListDocument | Stream) -> None:
        """What all of them showed: raises ListError where they may not be taken so."""
        self.fields.judge(document)
        if self.unsaid:
            document.notices.append(
                f"nothing beside {self.unsaid:,} digests says of what they are (the name of a "
                "file, or a media type): taken as digests of images"
            )
        if self.references:
            document.notices.append(
                f"links in the category External analysis: {self.references:,}, taken as "
                "references; if they are listed, say --ignore category"
            )
        if self.reports:
            document.notices.append(
                f"reports beside events that may take back what these list: {self.reports:,}; read "
                "them, for no attribute was left out by them"
            )
        if self.proposals:
            document.notices.append(
                f"proposals to change attributes: {self.proposals:,}, of which none was taken"
            )


def _is_of_image(attribute: Attribute) -> bool:
    types = attribute.types
    return any(map(is_picture, attribute.files)) or any("image" in t.casefold() for t in types)
