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
from relaion.lists.readers.documents import xml_text
from relaion.lists.readers.documents.document import ListDocument
from relaion.lists.readers.documents.elements import Elements
from relaion.lists.readers.documents.ncmec_pages import Pages
from relaion.lists.readers.format import (
    NO_ENTRY,
    TAKEN_BACK,
    VIDEO,
    Batch,
    Columns,
    Options,
    Sure,
    Trait,
)
from relaion.lists.readers.tables import traits
from relaion.lists.readers.vocabulary import names
from relaion.lists.values import shape, told
from relaion.roles import IMAGE_KINDS

_NAME = "ncmec"
_SPACE = re.compile(r"https?://hashsharing\.ncmec\.org/hashsharing/v2/?")
_VERSION = re.compile(r"/v(\d[\w.]*)/?$")
_ROOT = "queryresult"
_AT_ONCE = 1000  # records
_MOST_NAMES = 1000  # different names of elements
_ANSWERS = {
    "status": "tells who asked",
    "availablecategorizations": "lists categorizations",
    "availablefeedbackreasons": "lists reasons of feedback",
}

# what stands where: `role` is how its end is taken
_TOP, _GROUP, _RECORD, _FIELD, _PRINTS, _PRINT, _OPINIONS, _OPINION, _KINDS, _KIND = range(10)
_PAGING, _NEXT, _BESIDE, _LEFT, _OTHER, _OUTSIDE, _UNKNOWN = range(10, 17)
_IMAGE, _VIDEO, _GONE, _NO_VIDEO = "image", "video", "deletedImage", "deletedVideo"
_RECORDS = {name.casefold(): name for name in (_IMAGE, _VIDEO, _GONE, _NO_VIDEO)}
_CATEGORY = {"categorization": (_KIND, ""), "categorisation": (_KIND, "")}
_WITHIN: dict[int, dict[str, tuple[int, str]]] = {
    _OUTSIDE: {_ROOT: (_TOP, "")},
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
    _RECORD: _BESIDE, _BESIDE: _BESIDE, _PRINTS: _BESIDE, _OPINIONS: _BESIDE, _KINDS: _KINDS,
    _KIND: _KINDS,
}  # fmt: skip
_KNOWN = ("classification", "feedback", "categorization", "member")


@dataclass(frozen=True)
class Ncmec:
    """The answers of NCMEC's hash sharing."""

    name: str = _NAME

    def sniff(self, head: str, file_name: str) -> Sure | None:
        """Sure by the outermost element and its name space."""
        root = xml_text.root_of(head) if "queryresult" in head[:65536].casefold() else None
        root = root or (xml_text.root_of(head) if "hashsharing" in head[:65536] else None)
        is_one = root and (root[1].casefold() == _ROOT or "hashsharing" in root[0].casefold())
        return Sure() if is_one else None

    def read(self, document: ListDocument, options: Options) -> Iterator[Batch]:
        """The entries, and what takes entries back, some thousands a batch."""
        reading = _NcmecPage(document, options, _space_of(document.head, options))
        xml = xml_text.XmlReader(reading.start, reading.end, reading.text)
        for _ in xml.read(document):
            if reading.n >= _AT_ONCE:
                yield reading.taken()
        yield reading.taken()
        reading.judge()


def _space_of(head: str, options: Options) -> str:
    """The name space of a file of version 2; raises ListError for any other."""
    if options.is_good:
        raise ListError(
            "is hash sharing of NCMEC, which lists what is bad, and --role good is for what is "
            "known good: add it without --role good"
        )
    if options.kind not in (None, *IMAGE_KINDS):
        raise ListError(
            f"is hash sharing of NCMEC, which holds no {options.kind} but digests of images; leave "
            "--kind and --scope out"
        )
    if options.columns:
        raise ListError(
            "--column: hash sharing of NCMEC has no columns; its elements are named, and read"
        )
    root = xml_text.root_of(head)
    if root is None:
        raise ListError("is no valid XML; ask the giver for the file as it was exported")
    space, name = root
    if _SPACE.fullmatch(space):
        if name.casefold() != _ROOT:
            what = _ANSWERS.get(name.casefold(), "is no list of entries")
            raise ListError(
                f"is an answer of NCMEC's hash sharing that {what} ({told(name)}), not the "
                "entries; fetch those"
            )
        return space
    if not space and options.file_format == _NAME:
        return space
    if not space:
        raise ListError(
            "looks like hash sharing of NCMEC and does not say of which version it is (its name "
            "space is missing); if it is of version 2, say --format ncmec"
        )
    version = _VERSION.search(space)
    which = (
        f"version {version[1]}" if version else f"another version ({xml_text.told_space(space)})"
    )
    raise ListError(
        f"is hash sharing of NCMEC of {which}, of which version 2 can be read; ask for version 2"
    )


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
        if here.role == _OPINION and self.feedback != "negative":
            self.feedback = here.name
        elif here.role == _KIND and value:
            self.kinds.append(value)
        elif here.role == _BESIDE:
            self.elements.beside(here.name, value)
        elif here.role == _NEXT:
            self.pages.follow(value)
        elif here.role == _UNKNOWN:
            if shape(value) not in (None, "link"):
                raise ListError(
                    f"holds fingerprints {here.name} that look like those of files, and nobody "
                    f"here knows of what they are: say --ignore {here.name} to leave them out, or "
                    "ask the giver"
                )
            self.others.append(here.name)

    def _attributes(self, here: _Element, attributes: dict[str, str]) -> None:
        for name, value in attributes.items():
            bare = xml_text.local(name)
            plain = bare.casefold()
            if here.role == _FIELD and here.name == "member" and plain == "id":
                if self.fields.setdefault("member id", value.strip()) != value.strip():
                    raise _told_twice("member")
                continue
            self.pages.met.add(names.squeezed(bare))
            if here.role == _KIND and plain == "name":
                self.kinds.append(value)
            elif here.role in (_RECORD, _PRINT, _OTHER, _UNKNOWN, _PRINTS, _FIELD, _BESIDE):
                is_print = here.role in (_PRINT, _OTHER, _UNKNOWN)
                if not (is_print and plain in ("rel", "href")):
                    self.elements.beside(bare, value.strip())
            elif here.role in (_TOP, _GROUP) and self.elements.decides(bare):
                raise ListError(
                    f"an attribute {told(bare)} speaks of all that stands below it, and nobody "
                    "here knows what it says; ask the giver for version 2 as it was exported"
                )

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
        if role == _LEFT and (plain in (*_RECORDS, "fingerprints") or _kind_of(bare)):
            raise ListError(
                f"holds entries in an element {told(above.name)}, which version 2 of NCMEC's hash "
                "sharing has not, and nobody here knows what it says of them; ask the giver"
            )
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
            self.fates[i] = NO_ENTRY
            self.columns.put(IMAGE_KINDS, "", i)
        elif self.pages.gone and giver_id and self.pages.is_gone(giver_id, _moment(at)):
            self.fates[i] = TAKEN_BACK

    def _other(self, i: int, kind: str, giver_id: str | None) -> None:
        """A video, whose deletion is none of an image's, or the deletion of an image."""
        is_deletion = kind == _GONE
        self.ids.append(giver_id if is_deletion else None)
        self.traits.append(self._trait("", "", ""))
        self.fates[i] = TAKEN_BACK if is_deletion else VIDEO if kind else NO_ENTRY
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
