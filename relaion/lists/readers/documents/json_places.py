"""Where the records of a JSON stand: what is all of it, and the arrays that an object holds.

The whole file is looked at, so that neither an array behind the first is passed over nor what the
objects around the records say of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from relaion.errors import ListError
from relaion.lists.readers import why
from relaion.lists.readers.documents.document import ListDocument
from relaion.lists.readers.documents.foreseen import is_enough
from relaion.lists.readers.documents.json_alike import AlikeRecords, RecordShape
from relaion.lists.readers.documents.json_envelope import (
    OF_ELSE,
    Heads,
    TextsBeside,
    of_what,
    refuse_beside,
    speaks,
)
from relaion.lists.readers.documents.json_rows import (
    LOOKS,
    JsonRows,
    is_flat,
    option_of,
    refuse_value,
    row_places,
)
from relaion.lists.readers.documents.json_text import JsonReader, object_parts
from relaion.lists.readers.format import ALGORITHMS, BETWEEN, OF_FILE, OF_NO_COLUMN, Options
from relaion.lists.readers.lines import titles
from relaion.lists.readers.lines.known_good import refuse_bad_title
from relaion.lists.readers.lines.signs import is_sign_alone
from relaion.lists.readers.tables.decisions import read_word
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.asides import without_asides
from relaion.lists.readers.vocabulary.trials import trial_in
from relaion.lists.values import told as say

ITEM = "item"
_DEEPEST = 8  # objects around an array of records
_MOST = 1000  # texts around records
_NOTES = 50  # of an array of notes
_LONGEST = titles.LONGEST_TITLE
_MIXED = (
    "holds objects beside values that are none; ask the giver for a list of one or of the other"
)
_OF_PART = (
    "{word} says that some of what is in it was taken back, and not that all was: add that with "
    "--update ID as a file of its own, and the rest as another"
)
_ROWS = "holds its records as arrays, whose fields have no names; export them as csv, or as objects"


@dataclass
class RecordPlace:
    """An array, or the values that are all of a file: what stands there, and their fields.

    `path` is as `objects` takes it. `has_entries`: something there looks like one.
    """

    path: tuple[str, ...]
    rows: JsonRows
    n: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("{", "[", ""), 0))
    has_entries: bool = False
    heads: Heads = field(default_factory=Heads)
    first: list[Any] = field(default_factory=list)  # values
    length: int = 0
    words: list[str] = field(default_factory=list)  # among values
    known: set[tuple[str, ...]] = field(default_factory=set)  # the names of records
    alike: dict[int, tuple[RecordShape, set[tuple[bool, ...]]]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What messages call it."""
        return BETWEEN.join(self.path[:-1])

    def take_all(self, values: Sequence[Any]) -> None:
        """Look at elements, of which nearly all are like others."""
        if not isinstance(values, AlikeRecords) or row_places(values.shape) is None:
            self._take_each(values)
            return
        _, met = self.alike.setdefault(id(values.shape), (values.shape, set()))
        told = values.patterns()
        if told <= met:  # of each such there was one with an entry, and what it has was met
            self.length += len(values)
            self.n["{"] += len(values)
            return
        self._take_each(values)
        if len(met) < _MOST and all(map(self.heads.knows, values)):
            met |= told

    def shown(self) -> Hashable:
        """What all of it must be known to show before objects are read; fields never get fewer."""
        rows = self.rows
        others = bool(self.n["["]), bool(self.n[""])
        return len(rows.fields), len(rows.columns), *others, *self.heads.texts

    def _take_each(self, values: Sequence[Any]) -> None:
        n, known = self.length, self.known
        for value in values:
            if type(value) is dict and tuple(value) in known and is_flat(value):
                self.length += 1
                continue
            self.n["{"] += self.length - n
            self.take(value)
            n = self.length
            if type(value) is dict and self.rows.knows(value) and self.heads.knows(value):
                known.add(tuple(value))
        self.n["{"] += self.length - n

    def take(self, value: Any) -> None:
        """Look at an element."""
        if len(self.first) < _MOST and not isinstance(value, (dict, list)):
            self.first.append(value)
        self.length += 1
        if value is None:
            return
        kind = "{" if isinstance(value, dict) else "[" if isinstance(value, list) else ""
        self.n[kind] += 1
        if kind == "{":
            self.rows.meet(value)
            if not self.heads.knows(value):
                has_entry = _has_entry(value)
                self.heads.take(value, has_entry=has_entry)
                self.has_entries = self.has_entries or has_entry
            return
        has_entry = _has_entry(value)
        self.has_entries = self.has_entries or has_entry
        if not has_entry and len(self.words) < _MOST and isinstance(value, str):
            self.words.append(value)


@dataclass
class RecordPlaces:
    """What was found in a JSON. `around` are texts beside its arrays, by the path of each."""

    options: Options
    arrays: dict[tuple[str, ...], RecordPlace] = field(default_factory=dict)
    around: TextsBeside = field(default_factory=TextsBeside)
    has_entries: bool = False  # around the arrays
    digests: list[str] = field(default_factory=list)  # names of those of the outermost object
    ignored: set[str] = field(default_factory=set)  # of arrays, and of digests beside them

    def walk(self, reader: JsonReader, path: tuple[str, ...] = ()) -> None:
        """Look at the value that begins here."""
        start = reader.peek()
        if start == "[":
            if names.squeezed(".".join(path)) in self._said:
                self.ignored.add(".".join(path))
                reader.skip()
                return
            place = self.arrays.setdefault((*path, ITEM), self.place((*path, ITEM)))
            for some in reader.element_values():
                place.take_all(some)
        elif start == "{" and len(path) < _DEEPEST:
            self._members(reader, path)
        elif start == "{":
            reader.skip()
        else:
            self.beside(path, reader.value())

    def _members(self, reader: JsonReader, path: tuple[str, ...]) -> None:
        for name in reader.members_once():
            refuse_value(name)
            self.walk(reader, (*path, name))

    def beside(self, path: tuple[str, ...], value: Any) -> None:
        """Take in a value that stands beside arrays."""
        if isinstance(value, str):
            is_entry = "://" not in value and LOOKS.search(value) is not None
            if is_entry and names.squeezed(name := ".".join(path)) in self._said:
                self.ignored.add(name)
                is_entry = False
            self.has_entries = self.has_entries or is_entry
            self.digests += path if is_entry and len(path) == 1 else ()
        if value is not None:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            self.around.put(path, text if len(text) <= _LONGEST else "")

    def take_notes(self, place: RecordPlace) -> None:
        """Take in texts of an array of notes as if each stood by itself."""
        name = place.path[-2] if len(place.path) > 1 else ""
        if not place.has_entries and names.read_name(name).what in (names.NOTE, names.CAPTION):
            for i, text in enumerate(place.words[:_NOTES]):
                self.beside((*place.path[:-2], str(i), name), text)

    @property
    def _said(self) -> set[str]:
        return {names.squeezed(name) for name in self.options.ignore - OF_NO_COLUMN}

    def place(self, path: tuple[str, ...]) -> RecordPlace:
        """A place without anything in it."""
        return RecordPlace(path, JsonRows(self.options))


def find_records(document: ListDocument, options: Options) -> tuple[RecordPlaces, RecordPlace]:
    """Where the records of a JSON stand; raises ListError where that must be said first."""
    reader = JsonReader(document.open())
    places = RecordPlaces(options)
    start = reader.peek()
    if not start:
        raise ListError("is an empty JSON")
    if start == "[" and (foreseen := _foreseen(document, places)):
        return places, foreseen
    places.walk(reader)
    if reader.peek() or start not in ("{", "["):  # several values, one after another
        return RecordPlaces(options), _one_after_another(document, places, start)
    if start == "[":
        return places, _checked(next(iter(places.arrays.values())))
    filled = [p for p in places.arrays.values() if p.length]
    refuse_beside(
        [(p.path, 0 if p.n["{"] else p.length) for p in filled if p.has_entries],
        {p.path: (p.length, p.first) for p in filled if not p.has_entries},
    )
    for p in filled:
        places.take_notes(p)
    found = _chosen([p for p in filled if sum(p.n.values())], places, options)
    if found is None:  # all of it is one record
        _refuse_own_digest(filled, places, options)
        return RecordPlaces(options), _one_after_another(document, places, start)
    return places, _checked(found)


def _foreseen(document: ListDocument, places: RecordPlaces) -> RecordPlace | None:
    """The array that is all of a document, by its first objects; None where that is not enough."""
    found = places.place((ITEM,))
    for some in elements(document) if document.shared.may_begin_anew else ():
        found.take_all(some)
        if not found.n["{"]:
            break
        if is_enough(document, found.length):
            return _checked(found)
    return None


def elements(document: ListDocument) -> Iterator[Sequence[Any]]:
    """The elements of the array that is all of a document, or of several behind each other."""
    reader = JsonReader(document.open())
    while start := reader.peek():
        if start != "[":
            raise ListError(_MIXED)
        yield from reader.element_values()


def _one_after_another(document: ListDocument, places: RecordPlaces, start: str) -> RecordPlace:
    found = places.place((ITEM,) if start == "[" else ())
    if start == "[":
        _refuse_rows(document)
    for some in object_parts(document, found.path):
        found.take_all(some)
        if found.n["{"] and is_enough(document, found.length):
            break
    return _checked(found)


def _refuse_rows(document: ListDocument) -> None:
    """Raise ListError where one of several arrays is a record: it holds more than entries."""
    reader = JsonReader(document.open())
    while start := reader.peek():
        if start != "[":
            raise ListError(_MIXED)
        held: set[bool] = set()
        for _ in reader.elements():
            value = reader.value()
            if value is not None and not isinstance(value, dict):
                held.add(_has_entry(value))
        if len(held) > 1:
            raise ListError(_ROWS)


def _chosen(
    arrays: Sequence[RecordPlace], places: RecordPlaces, options: Options
) -> RecordPlace | None:
    """The array that holds the records; None where all of it is one record."""
    is_said = bool(options.columns or options.kind or options.scope)
    likely = [p for p in arrays if p.has_entries]
    if not likely and (is_said or len(arrays) == 1):
        likely = [p for p in arrays if p.n["{"]] or [*arrays]
    if places.has_entries or not any(p.n["{"] for p in likely):
        # what looks like entries stands beside arrays, or in several that are of one record
        return likely[0] if len(likely) == 1 and not places.has_entries else None
    if len(likely) > 1:
        told = ", ".join(say(p.name) for p in likely)
        raise ListError(
            f"holds several arrays of records ({told}); leave out those that are not listed with "
            f"--ignore, as --ignore {option_of(likely[0].name)}, and add them as lists of their own"
        )
    return likely[0]


def _refuse_own_digest(
    arrays: Sequence[RecordPlace], places: RecordPlaces, options: Options
) -> None:
    """Raise ListError where a digest stands around records: it may be that of the file itself."""
    said = {names.squeezed(name) for _, name in options.columns_named()}
    for name in places.digests:
        says = names.read_name(name)
        if says.what not in (names.ENTRY, names.UNKNOWN):  # `list_id` and `etag` list nothing
            continue
        is_plain = says.word in ALGORITHMS  # beside links, it is of one record
        told = [p.name for p in arrays if p.has_entries and not (is_plain and _are_links(p.first))]
        if told and names.squeezed(name) not in said:
            raise ListError(
                f"holds a digest ({say(name)}) around its records ({say(told[0])}), which may be "
                f"that of the file: say --ignore {option_of(name)} if it is, or name it with "
                "--column md5=NAME (or sha1, sha256) if it is listed"
            )


def _are_links(values: Sequence[Any]) -> bool:
    return bool(values) and all("://" in str(value) for value in values)


def _checked(place: RecordPlace) -> RecordPlace:
    if place.n["["]:
        raise ListError(_ROWS)
    if place.n["{"] and place.n[""]:
        raise ListError(_MIXED)
    if place.has_entries and place.n[""] and (word := speaks(place.words)):
        raise ListError(
            f"holds words among its values ({say(word)}), and nobody here knows of which they "
            "speak; export them as csv, or as objects"
        )
    return place


def _has_entry(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_entry, value.values()))
    if isinstance(value, list):
        return any(map(_has_entry, value))
    return isinstance(value, str) and LOOKS.search(value) is not None


# -- What stands around records ------------------------------------------------------------------


def fate_of_all(
    places: RecordPlaces, place: RecordPlace, options: Options, *, is_delta: bool
) -> str | None:
    """Why nothing of a place is listed, by its name and by what is said around it.

    Raises ListError where that must be asked: in a file that brings no list up to date, nothing
    can be taken back.
    """
    if OF_FILE in options.ignore:
        return None
    for word, says, is_alone in _said(places, place, options):
        if says == why.TAKEN_BACK and is_delta:
            if not is_alone:
                raise ListError(_OF_PART.format(word=word))
            return says
        if isinstance(says, str) and says.startswith(OF_ELSE):
            raise ListError(
                f"{word} says that its digests are {says}; if they are not, say --ignore title"
            )
        if says in titles.IS_OF:
            raise ListError(f"{word} says that it is {says}; if it is not, say --ignore title")
        raise ListError(
            f"{word} says that what is in it may not be listed; if it is, say --ignore title, and "
            "if it was taken back, add the file with --update ID"
        )
    return None


def _said(
    places: RecordPlaces, place: RecordPlace, options: Options
) -> Iterator[tuple[str, str | titles.Doubt, bool]]:
    """What a name or a text says, by what messages call it, and whether it stands there alone."""
    for name in place.path:
        done = f"{name}{'d' if name.endswith('e') else 'ed'}"  # `release` is one, or a verb
        if name != ITEM and (says := _of_title(name, options) or _of_title(done, options)):
            yield f"the name {say(name)} of its records", says, True
    texts = [*places.around.all(), *place.heads.texts]
    n = Counter(path for path, _ in texts)
    behind = place.heads.behind
    for path, text in texts:
        is_alone = n[path] == 1 and path not in behind
        if options.is_good:
            refuse_bad_title(text, options)
        if found := says_of_all(path[-1], text, options):
            yield f"{say(path[-1])} in it", found, is_alone
        elif other := of_what(path[-1], text, options):
            yield f"{say(path[-1])} in it", other, is_alone


def says_of_all(name: str, text: str, options: Options) -> str | titles.Doubt | None:
    """Why nothing is listed that a text speaks of, which stands under a name; None if it is."""
    what = names.read_name(name)
    read = read_word(what.what, text, what.word) if what.what in names.DECIDING else None
    says = read.fate if read and read.is_sure and read.fate in why.UNDOES else None
    if of_text := says or _of_title(text, options):
        return of_text
    return titles.Doubt(word) if (word := trial_in(name, text)) else None


_NO_TITLE = re.compile(r"true|false|[\d\W]*")


def _of_title(text: str, options: Options) -> str | titles.Doubt | None:
    if is_sign_alone(text) and not text.strip().isalpha():  # X is a platform, a grade, an axis
        return titles.Doubt(text.strip())
    is_title = "://" not in text and not _NO_TITLE.fullmatch(text)
    found = titles.of_words(re.sub(r"[\W_]+", " ", without_asides(text))) if is_title else None
    is_out = isinstance(found, titles.Doubt) or found in titles.TAKES_OUT
    return None if not is_out or (found == why.GOOD and options.role) else found
