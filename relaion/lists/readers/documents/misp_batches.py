"""Attributes of MISP as batches: their values, why some bring no entry, what was seen of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set
from dataclasses import dataclass, field

from relaion.lists.readers import why
from relaion.lists.readers.documents.document import ListDocument
from relaion.lists.readers.documents.field_columns import Row, SharedThings
from relaion.lists.readers.documents.fields import Fields
from relaion.lists.readers.documents.json_pieces import each_of, text_of
from relaion.lists.readers.documents.misp_attributes import (
    Attribute,
    AttributeRows,
)
from relaion.lists.readers.documents.misp_kinds import (
    AttributeKinds,
    HeldAttributes,
)
from relaion.lists.readers.documents.misp_traits import AttributeTraits
from relaion.lists.readers.format import ANY, LINK_KINDS, Batch, Options, Stream, values_by_kinds
from relaion.lists.readers.tables.said import WordSays
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.misp_words import OF_ANALYSIS, type_says


@dataclass(frozen=True, slots=True)
class _Told:
    """What holds for attributes that are alike: of what kinds their values are, and why none.

    `is_none`: by their type they are never entries. `is_unsaid`: nothing says of what they are.
    """

    kinds: tuple[str, ...]
    fate: str
    unusable: str
    proposals: int
    is_none: bool = False
    is_unsaid: bool = False
    lacks_type: bool = False


@dataclass
class Attributes:
    """Attributes on their way: as batches, and what was seen of all of them."""

    options: Options
    fields: Fields
    unsaid: int = 0  # digests of which nothing says that they are of an image
    references: int = 0
    proposals: int = 0
    reports: int = 0  # reports of events that may take back
    tells_ids: bool = True  # some attribute says whether it is meant to be looked for
    replaced: Set[int] = frozenset()  # places of those that another version replaces
    n: int = 0
    rows: AttributeRows = field(init=False)
    kinds: AttributeKinds = field(init=False)
    traits: AttributeTraits = field(init=False)

    def __post_init__(self) -> None:
        self.rows = AttributeRows(self.fields.read_names | {"type"})
        self.kinds = AttributeKinds(self.rows.read)
        self.traits = AttributeTraits()
        said = (*self.options.where, *self.options.ignore)
        # what the curator decided of
        self._said = {names.squeezed(name) for name in said}

    def batch(self, some: HeldAttributes) -> Batch:
        """Attributes as records."""
        n, attributes = len(some.ids), SharedThings.of(some.attributes)
        rows = attributes.map(self._row)
        fates, types = self.fields.read(rows, [*map(len, some.texts)], "type", own=some.own)
        if self.replaced:
            fates |= {i: why.REPLACED for i in range(n) if self.n + i in self.replaced}
        says = dict(zip(attributes.at, types, strict=True))
        told = SharedThings([
            self._told(attribute, says[k], rows.each[k])
            for k, attribute in enumerate(attributes.each)
        ], attributes.at)  # fmt: skip
        batch = Batch(n, fates=fates)
        batch.values = values_by_kinds([of.kinds for of in told.each], told.at, some.values)
        self._heed(told, batch)
        batch.ids = [uuid.strip() or None for uuid in some.ids]
        given = attributes.map(lambda a: ("filename" in a.own and a.is_of_image, a.event.by))
        batch.traits = self.traits.of(given.all(), some.first, some.changed, some.last)
        self.n += n
        if self.n == n:  # what the first show is refused at once
            self.fields.refuse(so_far=True)
        return batch

    def _heed(self, told: SharedThings[_Told], batch: Batch) -> None:
        """Take in what holds for attributes that are alike."""
        fates, times = batch.fates, Counter(told.at)
        for k, of in enumerate(told.each):
            if of.unusable:
                batch.unusable[of.unusable] += times[k]
            self.proposals += of.proposals * times[k]
            self.references += times[k] if of.fate == why.REFERENCE and not of.is_none else 0
        for i in told.where(lambda of: bool(of.fate)):
            of = told.each[told.at[i]]
            if of.is_none and fates.get(i) != why.REPLACED:  # what can be no entry takes none back
                fates[i] = of.fate
            fates.setdefault(i, of.fate)
        self.unsaid += sum(i not in fates for i in told.where(lambda of: of.is_unsaid))
        for i in told.where(lambda of: of.lacks_type):
            fates.setdefault(i, why.NO_ENTRY)

    def _row(self, attribute: Attribute) -> Row:
        """Its fields; a type that nobody knows is none where its value can be no entry."""
        row = self.rows.row(attribute)
        if not attribute.may_be_entry and type_says(attribute.type) is None:
            row = {name: words for name, words in row.items() if name != "type"}
        return row

    def _told(self, attribute: Attribute, says: WordSays, row: Row) -> _Told:
        """What holds for each attribute that is like one."""
        kinds, fate = says.kinds, ""
        if not kinds and says.fate is None and says.is_sure and "type" in self._said:
            kinds = ANY  # the value tells
        proposals = len(each_of(attribute.own.get("shadowattribute") or None))
        if not kinds:
            fate = says.fate or why.NO_ENTRY
            return _Told(LINK_KINDS, fate, says.unusable, proposals, is_none=True)
        if kinds == ("host",) and self.options.scope != "host":
            fate = why.ONLY_HOST
        elif kinds == LINK_KINDS and self._is_reference(attribute):
            fate = why.REFERENCE
        if self.options.kind and self.options.kind not in kinds and kinds != ("host",):
            kinds = (self.options.kind,)
        is_unsaid = kinds[0].startswith("image_") and not attribute.is_of_image
        return _Told(
            kinds, fate, says.unusable, proposals, is_unsaid=is_unsaid, lacks_type="type" not in row
        )

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
        if not self.tells_ids:
            document.notices.append(
                "no attribute says whether it is listed (to_ids): all were taken to be; look "
                "whether the giver exported only those that are"
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
