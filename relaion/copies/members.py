"""Which members of a tar are which sample.

A sample's key is webdataset's: a member's path up to the first dot of its base name. A member
without such a dot (a folder, `README`, a hidden file) belongs to no sample and always stays.

**Keys that come twice.** A member whose ending the sample at hand has already begins another record
of the same key. Where all records of a key have the same endings in the same order, each is a
sample of its own, as whoever wrote them one after the other meant it. Where they have not, nobody
can tell whose a member is: then they leave together, and so they do with a row beside the tar that
has their key.
"""

import re
from array import array
from dataclasses import dataclass, field
from tarfile import BLOCKSIZE as BLOCK

from relaion.copies.second_links import IN_NAMES, SecondLinks, is_media
from relaion.copies.tars import Member, Tar

_START = 1 << 12  # bytes by which it is told what a member holds
TOLD_BY = (b"json", b"txt", b"url")
_SAMPLE = re.compile(rb"((?:.*/)?[^./]+)\.([^/]*)")
_SAME_PLACE = re.compile(rb"(?<![^/])(?:\./+|/+)")  # `./a` is `a`, and so is `.//a`


@dataclass
class Samples:
    """The records of a tar, in order of the first member of each, and where their members lie.

    `first` is the record with which a record leaves, itself where it leaves alone; `parts` counts
    the samples of one key that are told apart, from 0. `places` are pairs of offset and size, for
    each of `TOLD_BY`; an offset of 0 is none. Piece i of the tar begins at `starts[i]` and belongs
    to record `owners[i]`, or to none (-1). Some 300 bytes a sample.
    """

    keys: list[bytes] = field(default_factory=list)
    first: "array[int]" = field(default_factory=lambda: array("q"))
    parts: "array[int]" = field(default_factory=lambda: array("i"))
    places: "array[int]" = field(default_factory=lambda: array("q"))
    starts: "array[int]" = field(default_factory=lambda: array("q"))
    owners: "array[int]" = field(default_factory=lambda: array("q"))

    def __len__(self) -> int:
        return len(self.keys)

    def spans(self) -> "tuple[array[int], array[int]]":
        """Where each record starts and stops; -1 where it is in pieces or leaves with another."""
        starts, stops = (array("q", bytes(8 * len(self))) for _ in range(2))
        for start, stop, owner in zip(self.starts, self.starts[1:], self.owners, strict=False):
            if owner >= 0:
                starts[owner], stops[owner] = (-1, -1) if stops[owner] else (start, stop)
        for record, first in enumerate(self.first):
            if record != first:
                for each in (record, first):
                    starts[each] = stops[each] = -1
        return starts, stops


def read_samples(tar: Tar, second: SecondLinks | None = None) -> Samples:
    """Read all members of a tar; raises InputError as it does.

    `second` hears of members with links that are not read, and of files of no sample.
    """
    found, endings = Samples(), _Endings()
    latest: dict[bytes, int] = {}  # record of each key
    several: dict[bytes, list[int]] = {}  # records of keys that have more than one
    end = 0
    for member in tar.members():
        end = member.end
        if second is not None:
            _hear_headers(second, tar, member)
        sample = _SAMPLE.fullmatch(member.name) if member.is_file else None
        if sample is None:
            _hear(second, tar, member, None)
            _piece(found, member.start, -1)
            continue
        key, ending = _same_place(sample[1]), sample[2].lower()
        record = latest.get(key)
        if record is None:
            record = latest[key] = _begin(found, endings, key)
        elif endings.has(record, ending):
            several.setdefault(key, [record])
            record = latest[key] = _begin(found, endings, key)
            several[key].append(record)
        endings.add(record, ending)
        if ending in TOLD_BY:
            at = record * 2 * len(TOLD_BY) + TOLD_BY.index(ending) * 2
            found.places[at] = member.data
            found.places[at + 1] = member.size
        else:
            _hear(second, tar, member, ending)
        _piece(found, member.start, record)
    _piece(found, end, -1)  # the end blocks
    for records in several.values():
        is_told = len({endings.of[record] for record in records}) == 1
        for part, record in enumerate(records):
            if is_told:
                found.parts[record] = part
            else:
                found.first[record] = records[0]
    return found


def _hear(second: SecondLinks | None, tar: Tar, member: Member, ending: bytes | None) -> None:
    """Tell of a member that is not read otherwise; `ending` is None where it is of no sample."""
    if second is None or not member.is_file:
        return
    if ending is None:
        second.unread(member.name)
    elif member.size and not is_media(ending):
        start = tar.read(member.data, min(member.size, _START))
        second.page(ending, start, tar.pieces(member.data, member.size))


def _hear_headers(second: SecondLinks, tar: Tar, member: Member) -> None:
    """Tell of a member whose name, or whose headers where there are several, may hold a link."""
    size = (member.data if member.name else member.end) - member.start
    if size > BLOCK or IN_NAMES.search(member.name):
        second.header(member.name, tar.read(member.start, size) if size > BLOCK else b"")


def _same_place(key: bytes) -> bytes:
    return _SAME_PLACE.sub(b"", key) if b"/" in key else key


class _Endings:
    """Which endings each record has, in their order; records of the same ones share a number."""

    def __init__(self) -> None:
        self.of: array[int] = array("q")
        self._known: list[tuple[bytes, ...]] = [()]
        self._next: dict[tuple[int, bytes], int] = {}

    def has(self, record: int, ending: bytes) -> bool:
        return ending in self._known[self.of[record]]

    def add(self, record: int, ending: bytes) -> None:
        before = self.of[record]
        number = self._next.get((before, ending))
        if number is None:
            number = self._next[before, ending] = len(self._known)
            self._known.append((*self._known[before], ending))
        self.of[record] = number


def _begin(found: Samples, endings: _Endings, key: bytes) -> int:
    record = len(found)
    found.keys.append(key)
    found.first.append(record)
    found.parts.append(0)
    found.places.extend((0,) * 2 * len(TOLD_BY))
    endings.of.append(0)
    return record


def _piece(found: Samples, start: int, owner: int) -> None:
    if not found.owners or found.owners[-1] != owner:
        found.starts.append(start)
        found.owners.append(owner)
