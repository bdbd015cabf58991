"""Hash sharing of NCMEC, version 2, in XML: entries by members, and what they deleted again.

An entry is `image` or `video`; `deletedImage` and `deletedVideo` take one back by its id and its
member, whose ids are their own: a record is called `MEMBER/ID` here, as NCMEC's addresses are.

Answers come in pages, in no order of time. A deletion takes back what stands before it, in any
page, and what stands behind it where that is older by its own timestamp.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from relaion.errors import ListError
from relaion.lists.readers import why
from relaion.lists.readers.documents import xml_text
from relaion.lists.readers.documents.document import ListDocument
from relaion.lists.readers.documents.elements import Elements, opinion_of
from relaion.lists.readers.documents.ncmec_pages import NAME, ROOT, Pages, space_of
from relaion.lists.readers.format import Batch, Columns, Options, Sure, Trait
from relaion.lists.readers.tables import traits
from relaion.lists.readers.vocabulary import names
from relaion.lists.values import shape, told
from relaion.roles import IMAGE_KINDS

_AT_ONCE = 1000  # records
_MOST_NAMES = 1000  # different names of elements

# what stands where: `role` is how its end is taken
_TOP, _GROUP, _RECORD, _FIELD, _PRINTS, _PRINT, _OPINIONS, _OPINION, _KINDS, _KIND = range(10)
_PAGING, _NEXT, _BESIDE, _LEFT, _OTHER, _OUTSIDE, _UNKNOWN, _AROUND = range(10, 18)
_IMAGE, _VIDEO, _GONE, _NO_VIDEO = "image", "video", "deletedImage", "deletedVideo"
_RECORDS = {name.casefold(): name for name in (_IMAGE, _VIDEO, _GONE, _NO_VIDEO)}
_CATEGORY = {"categorization": (_KIND, ""), "categorisation": (_KIND, "")}
_WITHIN: dict[int, dict[str, tuple[int, str]]] = {
    _OUTSIDE: {ROOT: (_TOP, "")},
    _TOP: {"images": (_GROUP, ""), "videos": (_GROUP, ""), "paging": (_PAGING, "")},
    _RECORD: {
        "member": (_FIELD, "member"), "timestamp": (_FIELD, "timestamp"), "id": (_FIELD, "id"),
        "classification": (_FIELD, "classification"), "fingerprints": (_PRINTS, ""),
        "feedback": (_OPINIONS, ""), "categorizations": (_KINDS, ""),
        "categorisations": (_KINDS, ""),
    },
    _OPINIONS: {
        "negativefeedback": (_OPINION, "negative"),
        "affirmativefeedback": (_OPINION, "affirmative"),
    },
    _KINDS: _CATEGORY, _KIND: _CATEGORY,
    _PAGING: {"next": (_NEXT, "")},
}  # fmt: skip
_UNKNOWN_WITHIN = {
    _TOP: _AROUND, _AROUND: _AROUND,
    _RECORD: _BESIDE, _BESIDE: _BESIDE, _PRINTS: _BESIDE, _OPINIONS: _OPINIONS, _KINDS: _KINDS,
    _KIND: _KINDS,
}  # fmt: skip
_NIL = f"XMLSchema-instance{xml_text.SPACE}nil"
_KNOWN = ("classification", "feedback", "categorization", "member")


@dataclass(frozen=True)
class Ncmec:
    """The answers of NCMEC's hash sharing."""

    name: str = NAME

    def sniff(self, head: str, file_name: str) -> Sure | None:
        """Sure by the outermost element and its name space."""
        root = xml_text.root_of(head) if "queryresult" in head[:65536].casefold() else None
        root = root or (xml_text.root_of(head) if "hashsharing" in head[:65536] else None)
        is_one = root and (root[1].casefold() == ROOT or "hashsharing" in root[0].casefold())
        return Sure() if is_one else None

    def read(self, document: ListDocument, options: Options) -> Iterator[Batch]:
        """The entries, and what takes entries back, some thousands a batch."""
        reading = _NcmecPage(document, options, space_of(document.head, options))
        xml = xml_text.XmlReader(reading.start, reading.end, reading.text)
        for _ in xml.read(document):
            if reading.n >= _AT_ONCE:
                yield reading.taken()
        yield reading.taken()
        reading.judge()


@dataclass(slots=True)
class _Element:
    """An element that may stand somewhere, and what it may hold."""

    role: int
    name: str = ""
    children: dict[str, _Element] = field(default_factory=dict)


def _told_twice(name: str) -> ListError:
    return ListError(
        f"an entry in it has two elements {name}, which say different things; ask the giver for "
        "the file as it was exported"
    )


def _opinion(role: int, plain: str) -> int | None:
    """What an element of feedback is, wherever in a record it stands; None for any other."""
    is_of_others = role == _OPINIONS or "feedback" in plain
    return (_OPINION if opinion_of(plain) else _OPINIONS) if is_of_others else None


def _kind_of(name: str) -> str | None:
    """The kind of entry that a fingerprint of this name is; None for one that matches nothing."""
    says = names.read_name(name)
    kinds = [kind for kind in says.kinds if kind in IMAGE_KINDS]
    return kinds[0] if says.what == names.ENTRY and len(kinds) == 1 else None


@lru_cache(4096)
def _moment(text: str) -> float | None:
    """A timestamp as seconds; None for any other text."""
    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except (ValueError, OverflowError):
        return None


@dataclass
class _NcmecPage:
    """One file on its way: the record that is being read, and those that wait to be taken."""

    document: ListDocument
    options: Options
    space: str
    text: list[str] = field(default_factory=list)
    n: int = 0  # records that wait
    here: _Element = field(init=False)
    above: list[_Element] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)
    prints: list[tuple[str, str]] = field(default_factory=list)
    others: list[str] = field(default_factory=list)  # fingerprints that match nothing
    kinds: list[str] = field(default_factory=list)  # categorizations of the record
    feedback: str = ""
    columns: Columns = field(default_factory=Columns)
    fates: dict[int, str] = field(default_factory=dict)
    ids: list[str | None] = field(default_factory=list)
    traits: list[Trait] = field(default_factory=list)
    unusable: Counter[str] = field(default_factory=Counter)
    known: dict[tuple[str, ...], Trait] = field(default_factory=dict)
    names_seen: int = 0
    spoke: _Element | None = None  # the element whose attributes said what it says

    def __post_init__(self) -> None:
        self.here = _Element(_OUTSIDE)
        self.prefix = f"{self.space}{xml_text.SPACE}" if self.space else ""
        self.elements = Elements(self.options, self.document)
        self.pages = Pages.of(self.document.shared)
        self.pages.begin()
        self.pages.met.update(_KNOWN)

    # -- Elements ----------------------------------------------------------------------------------

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Enter an element."""
        self.text.clear()
        above = self.here
        self.above.append(above)
        here = above.children.get(name)
        if here is None:
            here = self._find(above, name)
        self.here = here
        if attributes:
            if here.name == "member" and here.role == _FIELD and [*attributes] == ["id"]:
                member = attributes["id"].strip()  # as nearly all records have it
                if self.fields.setdefault("member id", member) != member:
                    raise _told_twice("member")
            else:
                self._attributes(here, attributes)

    def end(self, _: str) -> None:
        """Leave an element; all that a record says is said when its element ends."""
        here = self.here
        role = here.role
        if role == _FIELD:
            text = self.text
            value = text[0] if len(text) == 1 else "".join(text)
            value = value.strip()
            if self.fields.setdefault(here.name, value) != value:
                raise _told_twice(here.name)
        elif role == _PRINT:
            text = self.text
            value = text[0] if len(text) == 1 else "".join(text)
            parts = value.split()
            if parts:  # what blanks divide is no digest, and no two
                self.prints.append((here.name, parts[0] if len(parts) == 1 else "?"))
        elif role == _OTHER:
            self.others.append(here.name)
        elif role == _RECORD:
            self._finish(here.name)
        elif role != _PRINTS:
            self._leave(here)
            self.text.clear()
        self.here = self.above.pop()

    def _leave(self, here: _Element) -> None:
        """Leave an element that few records have."""
        value = "".join(self.text).strip()
        if here.role == _OPINION:
            self._opine(here.name)
        elif here.role == _OPINIONS:
            self._said_of(here.name, value)
        elif here.role == _KIND and value:
            self.kinds.append(value)
        elif here.role == _BESIDE:
            self._leave_beside(here, value)
        elif here.role == _AROUND and not here.children:
            self.elements.around(here.name, value)
        elif here.role == _NEXT:
            self.pages.follow(value)
        elif here.role == _UNKNOWN:
            self._leave_print(here, value)

    def _leave_beside(self, here: _Element, value: str) -> None:
        if value or here.children:
            self.elements.beside(here.name, value)
        elif self.spoke is not here:
            self.elements.empty(here.name)
        self.spoke = None

    def _leave_print(self, here: _Element, value: str) -> None:
        if shape(value) not in (None, "link"):
            raise ListError(
                f"holds fingerprints {here.name} that look like those of files, and nobody "
                f"here knows of what they are: say --ignore {here.name} to leave them out, or "
                "ask the giver"
            )
        self.others.append(here.name)

    def _opine(self, opinion: str) -> None:
        if self.feedback != "negative":
            self.feedback = opinion

    def _said_of(self, name: str, value: str) -> None:
        """What is said of a record within its feedback: an opinion, or anything else."""
        if opinion := opinion_of(value):
            self._opine(opinion)
        elif value:
            self.elements.beside(name, value)

    def _attributes(self, here: _Element, attributes: dict[str, str]) -> None:
        for name, value in attributes.items():
            bare = xml_text.local(name)
            plain = bare.casefold()
            if here.role == _FIELD and here.name == "member" and plain == "id":
                if self.fields.setdefault("member id", value.strip()) != value.strip():
                    raise _told_twice("member")
            elif name.endswith(_NIL):
                self.spoke = here
            else:
                self.pages.met.add(names.squeezed(bare))
                if here.role in (_TOP, _GROUP, _AROUND):
                    self._attribute_of_all(here, bare, value.strip())
                else:
                    self._attribute(here, bare, value.strip())

    def _attribute(self, here: _Element, bare: str, value: str) -> None:
        """What an attribute of a record, or of an element in it, says of the record."""
        plain = bare.casefold()
        if here.role == _OPINIONS:
            self._said_of(bare, value)
        elif here.role == _BESIDE and plain == "value":  # `<state value="…"/>`
            self.spoke = here
            self.elements.beside(here.name, value)
        elif here.role == _KIND and plain == "name":
            self.kinds.append(value)
        elif here.role in (_RECORD, _PRINT, _OTHER, _UNKNOWN, _PRINTS, _FIELD, _BESIDE):
            is_print = here.role in (_PRINT, _OTHER, _UNKNOWN)
            if plain == "of" and here.role in (_PRINT, _PRINTS):
                bare = "fingerprints of"
                self.pages.met.add(names.squeezed(bare))
            if not (is_print and plain in ("rel", "href")):
                self.elements.beside(bare, value)

    def _attribute_of_all(self, here: _Element, bare: str, value: str) -> None:
        if here.role != _AROUND and self.elements.decides(bare):
            raise ListError(
                f"an attribute {told(bare)} speaks of all that stands below it, and nobody "
                "here knows what it says; ask the giver for version 2 as it was exported"
            )
        self.elements.around(bare, value)

    def _find(self, above: _Element, name: str) -> _Element:
        """What an element is that was not met there before."""
        if len(self.above) > xml_text.DEEPEST:
            raise xml_text.refuse_deep()
        self.names_seen += 1
        if self.names_seen > _MOST_NAMES:
            raise ListError(
                f"has elements of more than {_MOST_NAMES:,} different names, as no hash sharing "
                "of NCMEC has; ask the giver for the file as it was exported"
            )
        bare = xml_text.local(name)
        is_ours = name == self.prefix + bare
        self.pages.met.add(names.squeezed(bare))
        found = above.children[name] = self._place(above, bare, is_ours=is_ours)
        return found

    def _place(self, above: _Element, bare: str, *, is_ours: bool) -> _Element:
        role = above.role
        if role == _GROUP:
            return self._record(bare, is_ours=is_ours)
        if role == _PRINTS and is_ours:
            kind = _kind_of(bare)
            is_other = names.read_name(bare).what == names.OTHER or self.elements.ignores(bare)
            role = _PRINT if kind else _OTHER if is_other else _UNKNOWN
            return _Element(role, kind or told(bare))
        if role in (_FIELD, _PRINT, _OTHER, _UNKNOWN):
            raise ListError(
                f"an element {told(above.name)} holds others, as in no hash sharing of NCMEC of "
                "version 2; ask the giver for the file as it was exported"
            )
        plain = bare.casefold()
        if role in (_LEFT, _AROUND) and (plain in (*_RECORDS, "fingerprints") or _kind_of(bare)):
            raise ListError(
                f"holds entries in an element {told(above.name)}, which version 2 of NCMEC's hash "
                "sharing has not, and nobody here knows what it says of them; ask the giver"
            )
        if role in (_RECORD, _BESIDE, _OPINIONS) and (known_as := _opinion(role, plain)):
            return _Element(known_as, opinion_of(plain) if known_as == _OPINION else bare)
        known = _WITHIN.get(role, {}) if is_ours or role == _OUTSIDE else {}
        return _Element(*known.get(plain, (_UNKNOWN_WITHIN.get(role, _LEFT), bare)))

    def _record(self, bare: str, *, is_ours: bool) -> _Element:
        plain = bare.casefold()
        if is_ours and plain in _RECORDS:
            return _Element(_RECORD, _RECORDS[plain])
        if self.elements.ignores(bare):
            return _Element(_RECORD, "")
        raise ListError(
            f"holds entries of a kind {told(bare)}, which version 2 of NCMEC's hash sharing has "
            f"not: say --ignore {told(bare)} to leave them out, or ask the giver what they are"
        )

    # -- Records -----------------------------------------------------------------------------------

    def _finish(self, kind: str) -> None:
        """Take in the record that ends."""
        i, self.n = self.n, self.n + 1
        told_by = self.fields
        member = told_by.get("member id") or told_by.get("member") or ""
        giver_id = told_by.get("id") or None
        if giver_id and member:
            giver_id = f"{member}/{giver_id}"
        for of_kind, value in self.prints:
            if self.options.kind in (None, of_kind):
                self.columns.put((of_kind,), value, i)
        for name in self.others:
            self.unusable[name] += 1
        if kind == _IMAGE:
            self._image(i, giver_id, member)
        else:
            self._other(i, kind, giver_id)
        self.elements.entries[kind or "others"] += 1
        self.fields = {}
        self.feedback = ""
        self.prints.clear()
        self.others.clear()
        self.kinds.clear()

    def _image(self, i: int, giver_id: str | None, member: str) -> None:
        told_by, elements = self.fields, self.elements
        grade = told_by.get("classification", "")
        at = told_by.get("timestamp", "")
        self.ids.append(giver_id)
        self.traits.append(self._trait(grade, at, told_by.get("member") or member))
        elements.take(i, grade, self.feedback, self.kinds, (member, told_by.get("member", "")))
        if not self.prints and self.others:
            self.fates[i] = why.NO_ENTRY
            self.columns.put(IMAGE_KINDS, "", i)
        elif self.pages.gone and giver_id and self.pages.is_gone(giver_id, _moment(at)):
            self.fates[i] = why.TAKEN_BACK

    def _other(self, i: int, kind: str, giver_id: str | None) -> None:
        """A video, whose deletion is none of an image's, or the deletion of an image."""
        is_deletion = kind == _GONE
        self.ids.append(giver_id if is_deletion else None)
        self.traits.append(self._trait("", "", ""))
        self.fates[i] = why.TAKEN_BACK if is_deletion else why.VIDEO if kind else why.NO_ENTRY
        self.elements.skip()
        if is_deletion and giver_id is None:
            raise ListError(
                "takes an image back and does not say which (its id is missing); ask the giver "
                "for the file as it was exported"
            )
        if is_deletion and giver_id:
            self.pages.take_back(giver_id, _moment(self.fields.get("timestamp", "")))

    def _trait(self, grade: str, at: str, member: str) -> Trait:
        key = (grade, at[:10], member)
        found = self.known.get(key)
        if found is None:
            if len(self.known) > 100_000:
                self.known.clear()
            by, severity = (
                traits.trait_text(what, said) if said else None
                for what, said in ((names.BY, member), (names.SEVERITY, grade))
            )
            day = at[:10] if re.fullmatch(r"\d{4}-\d\d-\d\d", at[:10]) else None
            found = Trait(severity=severity, last_seen=day, by=by)
            self.known[key] = found
        return found

    def taken(self) -> Batch:
        """The records that wait."""
        batch = Batch(self.n, self.columns.all(), self.fates, self.ids, self.traits)
        batch.unusable = self.unusable
        for i, fate in self.elements.fates().items():
            batch.fates.setdefault(i, fate)
        self.n = 0
        self.columns, self.fates, self.ids, self.traits = Columns(), {}, [], []
        self.unusable = Counter()
        return batch

    def judge(self) -> None:
        """What all of the file showed: raises ListError where it may not be taken so."""
        self.elements.judge()
        self.pages.end(self.document, self.options)
