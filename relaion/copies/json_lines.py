r"""JSON lines: one object a line, as the lines stand.

A link that is no text (a number, a list) is none, and is counted. A field of a role that stands
twice in one object is refused, for programs differ in which one they take. NaN, which Python
writes for nothing, is nothing. A lone surrogate (`\ud800`) is text whose bytes are no UTF-8.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isnan
from pathlib import Path
from typing import Any, NoReturn

from relaion.copies.form import Rewritten, columns_of
from relaion.copies.held_links import json_may_hold_links
from relaion.copies.indexed import Indexed
from relaion.copies.lines import (
    BLANK,
    BOM,
    NO_ROW_HASH,
    ROLES_READ,
    IndexBatch,
    Seen,
    indexed,
    is_no_row_hash,
    lines_of,
    no_column,
    no_row_hashes,
    values,
    write_index,
    write_without,
)
from relaion.copies.second_links import SecondLinks, names_of_links
from relaion.errors import InputError
from relaion.parquet.glossary import bare_name, says_caption
from relaion.parquet.row_groups import RowNumbers
from relaion.paths import shown, typed
from relaion.roles import ROLES

_BLANKS = " \t\r\n"
_FURTHER = "further"  # fields of captions, by any of which a record may be known
_MOST_SHAPES = 10_000  # sets of fields that are remembered
_ADVICE = "mend or take out that line"


def index(path: Path, into: Path, columns: Mapping[str, str]) -> Indexed:
    """Write the index of JSON lines; `columns` names the fields that play a role.

    Raises InputError, which quotes no value, for a line that is no object, and for a record
    with two links.
    """
    reading = _Objects(path, {r: columns[r] for r in ROLES_READ if r in columns})

    def told(seen: Seen) -> Indexed:
        for name in reading.given.values() if seen.records else ():
            if not any(_plain(name) == _plain(key) for key in reading.keys):
                raise no_column(path, name, reading.keys)
        if "row_hash" in columns and reading.is_hash_refused:
            raise no_row_hashes(path)
        seen.unread, seen.unread_captions = reading.unread, reading.unread_captions
        played = {name for names in reading.played.values() for name in names}
        notices = [NO_ROW_HASH] * reading.is_hash_refused
        others = [key for key in (*reading.keys, *reading.inner) if key not in played]
        notices += reading.second.notices(others)
        roles = {role: ", ".join(map(typed, names)) for role, names in reading.played.items()}
        return indexed(path, seen, roles, notices, reading.keys)

    return write_index(into, reading.batches, told)


def rewrite(path: Path, target: Path, leaving: RowNumbers) -> Rewritten:
    """Write JSON lines without the records of these numbers, every other one byte for byte."""
    return write_without(path, target, lines_of(path), BLANK, headed=False, leaving=leaving)


def _plain(name: str) -> str:
    return bare_name(name).lower()


def _is_called(key: str, wanted: str, keys: tuple[str, ...]) -> bool:
    """Whether a user means this field: by its very name, or else in any case."""
    return key == wanted if wanted in keys else _plain(key) == _plain(wanted)


class _Twice(dict[str, Any]):
    """An object in which some names stand more than once; `pairs` is all of it."""

    names: frozenset[str]
    pairs: list[tuple[str, Any]]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    twice = _Twice(found)
    twice.pairs = pairs
    names = [name for name, _ in pairs]
    twice.names = frozenset(name for name in found if names.count(name) > 1)
    return twice


# whole numbers of more than 4,300 digits are an error in Python, whichever field they stand in
_QUICK = json.JSONDecoder(object_pairs_hook=_object)
_PATIENT = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=lambda text: int(text) if len(text) < 100 else 1 << 99
)


@dataclass
class _Objects:
    """The objects of a file, on their way into its index."""

    path: Path
    given: Mapping[str, str]
    is_hash_refused: bool = False
    is_begun: bool = False
    has_captions: bool = True  # until all lines were seen
    unread: int = 0
    unread_captions: int = 0
    second: SecondLinks = field(default_factory=SecondLinks)
    keys: dict[str, None] = field(default_factory=dict)  # all names of fields, in their order
    inner: dict[str, None] = field(default_factory=dict)  # names in objects in fields
    played: dict[str, dict[str, None]] = field(default_factory=dict)
    _shapes: dict[tuple[str, ...], dict[str, list[str]]] = field(default_factory=dict)

    def batches(self, seen: Seen) -> Iterator[IndexBatch] | None:
        """The records; None where they were told as they have to be."""
        if self.is_begun:
            is_hash_refused = "row_hash" in self.played and is_no_row_hash(seen)
            if not is_hash_refused and self.has_captions == ("text" in self.played):
                return None
            if is_hash_refused:
                self.is_hash_refused = True
                del self.played["row_hash"]
                self._shapes.clear()
            self.has_captions = "text" in self.played
        self.is_begun = True
        self.unread = self.unread_captions = 0
        self.second = SecondLinks()
        return self._read()

    def _read(self) -> Iterator[IndexBatch]:
        line = 1
        for raws in lines_of(self.path):
            if raws == [BOM]:
                continue
            batch = self._batch(line, raws)
            if len(batch.links):
                yield batch
            line += len(raws)

    def _batch(self, line: int, raws: list[bytes]) -> IndexBatch:
        links: list[bytes | None] = []
        captions: list[bytes | None] = []
        hashes: list[bytes | None] = []
        more: list[list[bytes]] = []  # captions beside that one
        unsure: list[int] = []
        for at, raw in enumerate(raws, line):
            if not raw.strip(BLANK):
                continue
            found, is_utf8 = self._parsed(at, raw)
            if raw.count(b"{") > 1 and len(self.inner) < _MOST_SHAPES:
                self.inner.update(dict.fromkeys(_inner_names(found)))
            roles = self._shapes.get(tuple(found)) or self._shape(tuple(found))
            link, caption = self._one(at, found, roles, "url"), self._one(at, found, roles, "text")
            said = [each for each in (link, caption) if isinstance(each, str)]
            if json_may_hold_links(raw.decode("latin-1"), *said):
                own = link if isinstance(link, str) else ""
                self.second.add(names_of_links(_others(found, roles), own))
            if _is_no_text(link) or _is_no_text(caption):
                self.unread += _is_no_text(link)
                self.unread_captions += _is_no_text(caption)
                unsure.append(len(links))
            links.append(_bytes(link, is_utf8=is_utf8))
            captions.append(_bytes(caption, is_utf8=is_utf8))
            told = (_bytes(found[name], is_utf8=is_utf8) for name in roles.get(_FURTHER, ()))
            more.append([text for text in told if text and text != captions[-1]])
            if "row_hash" in roles:
                own = self._one(at, found, roles, "row_hash")
                own = str(own) if type(own) in (int, float, bool, list, dict) else own
                hashes.append(_bytes(own, is_utf8=is_utf8))
            else:
                hashes.append(None)
        own_hashes = values(hashes) if "row_hash" in self.played else None
        found_links = values(links)
        self.second.behind(found_links)
        return IndexBatch(
            found_links, values(captions), own_hashes, unsure, self.has_captions, columns_of(more)
        )

    def _parsed(self, line: int, raw: bytes) -> tuple[dict[str, Any], bool]:
        """The object of a line, and whether the line is UTF-8."""
        is_utf8 = True
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            is_utf8 = False
            text = raw.decode("utf-8", "surrogateescape")
        text = text.strip(_BLANKS)
        try:
            try:
                found, end = _QUICK.raw_decode(text)
            except json.JSONDecodeError:
                raise
            except ValueError:
                found, end = _PATIENT.raw_decode(text)
        except json.JSONDecodeError:
            self._refuse(line, "is no whole JSON object")
        except RecursionError:
            self._refuse(line, "is nested too deep")
        if not isinstance(found, dict):
            self._refuse(line, "is JSON, but no object")
        if end < len(text):
            self._refuse(line, "goes on behind its object")
        return found, is_utf8

    def _refuse(self, line: int, what: str) -> NoReturn:
        advice = f"JSON lines hold one object a line; {_ADVICE}, or write the file anew so"
        if line == 1:
            advice = "JSON lines hold one object a line; write the file anew so (jq -c '.[]')"
        raise InputError(f"{shown(self.path)}: line {line} {what}; {advice}") from None

    def _shape(self, keys: tuple[str, ...]) -> dict[str, list[str]]:
        """The fields of each role in objects with these names, the first before the others."""
        if len(self._shapes) >= _MOST_SHAPES:
            self._shapes.clear()
        if len(self.keys) < _MOST_SHAPES:
            self.keys.update(dict.fromkeys(keys))
        found: dict[str, list[str]] = {}
        for role in ROLES_READ:
            if role == "row_hash" and self.is_hash_refused:
                continue
            if role in self.given:
                wanted = self.given[role]
                names = [key for key in keys if _is_called(key, wanted, keys)]
            else:
                ranks = ROLES[role].names
                names = [key for rank in ranks for key in keys if _plain(key) == rank]
            if names:
                found[role] = names
                self.played.setdefault(role, {}).update(dict.fromkeys(names))
        if "text" in found and "text" not in self.given:
            others = [key for key in keys if says_caption(key) and key not in found["text"]]
            if others or found["text"][1:]:
                found[_FURTHER] = [*found["text"], *others]
        self._shapes[keys] = found or {"": []}
        return self._shapes[keys]

    def _one(
        self, line: int, found: dict[str, Any], roles: Mapping[str, list[str]], role: str
    ) -> Any:
        """The value of a role; for captions the first that there is."""
        names = roles.get(role, ())
        if len(names) == 1 and type(found) is dict and type(value := found.get(names[0])) is str:
            return value
        if isinstance(found, _Twice) and not found.names.isdisjoint(names):
            self._refuse(line, f"has a field twice, which is a {ROLES[role].noun}")
        there = [value for value in map(found.get, names) if not _is_nothing(value)]
        if len(there) > 1 and role != "text":
            raise InputError(
                f"{shown(self.path)}: line {line} has {len(there)} fields that are a "
                f"{ROLES[role].noun} by name; say which one, as --column {role}=NAME"
            )
        return there[0] if there else None


def _others(found: dict[str, Any], roles: Mapping[str, list[str]]) -> Iterator[tuple[str, Any]]:
    """The fields that play no role."""
    played = {name for names in roles.values() for name in names}
    pairs = found.pairs if isinstance(found, _Twice) else found.items()
    return (pair for pair in pairs if pair[0] not in played)


def _inner_names(found: dict[str, Any]) -> Iterator[str]:
    for name, value in found.items():
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                yield from (f"{name}.{key}" for key in inner)


def _is_nothing(value: Any) -> bool:
    return value is None or value == "" or (type(value) is float and isnan(value))


def _is_no_text(value: Any) -> bool:
    return value is not None and not isinstance(value, str)


def _bytes(text: Any, *, is_utf8: bool) -> bytes | None:
    """The bytes of a text as they stood in its file; None for all else.

    A line that is no UTF-8 was decoded with a surrogate for each bad byte; every other
    surrogate was written as an escape.
    """
    if not isinstance(text, str):
        return None
    try:
        return text.encode()
    except UnicodeEncodeError:
        pass
    try:
        return text.encode("utf-8", "surrogatepass" if is_utf8 else "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
