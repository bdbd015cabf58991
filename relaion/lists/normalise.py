"""What a value of a partner file is: a digest, a row hash, a link, or nothing usable.

All formats end here: whatever a reader found, its records become entries in this one place.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from relaion.lists.digests import (
    LENGTHS,
    OF_NO_PICTURE,
    all_hex,
)
from relaion.lists.readers.format import (
    NO_TRAIT,
    TAKEN_BACK,
    Batch,
    Trait,
    Values,
)
from relaion.lists.readers.lines import (
    SIGN,
    LinkBeside,
    read_line,
    takes_back,
)
from relaion.lists.sorted_entries import SortedBatch, SortedEntries
from relaion.lists.values import (
    LONGEST,
    NOTHING,
    Entry,
    is_of_link,
    kind_for,
    many_digests,
    read_giant,
    read_value,
    read_weak,
)

MAYBE_WORD = "perhaps a hash without its padding, perhaps a word"

_SELDOM = 100  # a sign that one link in so many ends in is its own
_PLAIN_HEX = "^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$"
_WATCHED = 4096  # digests of 64 digits whose bits are counted


# -- A batch of records as entries ---------------------------------------------------------------


@dataclass
class Tally:
    """What became of the records and values of a file.

    `read` counts values, `records` records; `taken` of these brought an entry. `skipped` are
    values that are none, `lost` records that brought none, each by reason; `unusable` digests by
    algorithm. `balanced` of `watched` digests have about as many bits set as not. What is a habit
    of a list is seen in all of it so far: `doubtful` of `links` end in a sign, `weak` of the
    values `looked_at` are digests without their padding.
    """

    read: int = 0
    records: int = 0
    taken: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    unusable: Counter[str] = field(default_factory=Counter)
    balanced: int = 0
    watched: int = 0
    beside: LinkBeside = field(default_factory=LinkBeside)
    links: int = 0
    doubtful: int = 0
    looked_at: int = 0
    weak: int = 0

    def take(self, batch: Batch, first: int) -> SortedBatch:
        """Sort a batch whose records have the numbers from `first` on."""
        out = SortedBatch(traits=_traits(batch), first=first)
        self.skipped += batch.skipped
        self.lost += batch.skipped
        self.unusable += batch.unusable
        self.records += batch.n + batch.skipped.total()
        self.read += batch.skipped.total()
        is_plain = batch.ids is None and batch.traits is None and not batch.fates
        if is_plain and len(batch.values) == 1 and batch.values[0].of is None:
            self._take_plain(batch.values[0], out)
            return out
        taken: set[int] = set()
        why: dict[int, str] = {}
        for values in batch.values:
            self._take_values(values, batch, out, taken, why)
        kept = taken.difference(batch.fates)
        self.taken += len(kept)
        if batch.ids is not None:
            told = [(first + i, giver_id) for i, giver_id in enumerate(batch.ids) if giver_id]
            out.kept_ids = [(no, x) for no, x in told if no - first in kept]
            gone = {i for i, fate in batch.fates.items() if fate == TAKEN_BACK}
            out.gone_ids = [(no, x) for no, x in told if no - first in gone]
        for fate in batch.fates.values():
            self.lost[fate] += 1
        for i in set(range(batch.n)).difference(kept, batch.fates):
            self.lost[why.get(i, NOTHING)] += 1
        return out

    def _take_plain(self, values: Values, out: SortedBatch) -> None:
        """Values of which each is a record: as nearly all lists are, by whole columns."""
        before = self.skipped.total()
        skipped: Counter[str] = Counter()
        lost: Counter[str] = Counter()
        n = sort_values(
            values.text, values.kinds, out.entries, skipped, self.beside, watch=self, lost=lost
        )
        self.skipped += skipped
        self.lost += lost
        self.read += n + self.skipped.total() - before
        self.taken += len(values.text) - lost.total()

    def _take_values(
        self,
        values: Values,
        batch: Batch,
        out: SortedBatch,
        taken: set[int],
        why: dict[int, str],
    ) -> None:
        text = values.text if isinstance(values.text, list) else list(_pylist(values.text))
        of = list(range(len(text))) if values.of is None else list(values.of)
        if batch.fates:
            kept_text, kept_of = [], []
            for value, i in zip(text, of, strict=True):
                fate = batch.fates.get(i)
                if fate is None:
                    kept_text.append(value)
                    kept_of.append(i)
                    continue
                self.read += 1
                self.skipped[fate] += 1
                if fate == TAKEN_BACK and (entry := _read_undone(value, values.kinds)):
                    out.undone.append((*entry, out.first + i))
            text, of = kept_text, kept_of
        skipped: Counter[str] = Counter()
        n = sort_values(
            text, values.kinds, out.entries, skipped, self.beside, watch=self, of=of,
            first=out.first, taken=taken, why=why,
        )  # fmt: skip
        self.skipped += skipped
        self.read += n + skipped.total()

    def watch(self, digests: pa.Array) -> None:
        """Count the bits of digests of 64 digits: half of a PDQ hash's are set, by its making."""
        for digest in digests.slice(0, max(0, _WATCHED - self.watched)).to_pylist():
            self.watched += 1
            self.balanced += abs(int(digest, 16).bit_count() - 128) <= 2

    @property
    def looks_like_pdq(self) -> bool:
        """Whether so many digests are balanced that no SHA-256 ever would be."""
        return self.watched >= 16 and self.balanced * 10 >= self.watched * 9


def _traits(batch: Batch) -> Sequence[Trait] | None:
    if batch.traits is None or all(trait == NO_TRAIT for trait in batch.traits):
        return None
    return batch.traits


def _pylist(text: pa.Array | Sequence[str]) -> Sequence[str]:
    return text if not isinstance(text, pa.Array) else text.to_pylist()


def _read_undone(value: str, kinds: Sequence[str]) -> Entry | None:
    """The entry that a record takes back; its value may be written in any way."""
    found = read_value(value, kinds)
    return found if isinstance(found, tuple) else None


# -- Values of one column as entries ------------------------------------------------------------


def sort_values(
    values: pa.Array | Sequence[str],
    kinds: Sequence[str],
    entries: dict[str, SortedEntries],
    skipped: Counter[str],
    beside: LinkBeside,
    *,
    watch: Tally | None = None,
    of: Sequence[int] | None = None,
    first: int = 0,
    taken: set[int] | None = None,
    why: dict[int, str] | None = None,
    lost: Counter[str] | None = None,
) -> int:
    """Add values of one column to `entries` by kind; count in `skipped` those that are none.

    `kinds` are those that the column can hold: of those that fit a value the first is taken.
    Plain hex, as nearly all values are, goes by whole columns; the rest one by one. Returns how
    many entries were added. `of` are the records of the values, `taken` those that bring an
    entry, `why` what was wrong with others; `lost` counts values that bring none.
    """
    no_one = Counter[str]() if lost is None else lost
    column = _Column(
        kinds, entries, skipped, no_one, beside, of, first, taken, why, watch or Tally()
    )
    try:
        array = values if isinstance(values, pa.Array) else pa.array(values, pa.string())
        rest, at = column.sort_hex(array)
    except UnicodeEncodeError:  # bytes that are no UTF-8: all of them one by one
        rest, at = [*values], None
    places = range(len(rest)) if at is None else at
    for place, value in zip(places, rest, strict=True):
        column.read(value, None if of is None else of[place])
    return column.done()


@dataclass
class _Column:
    kinds: Sequence[str]
    entries: dict[str, SortedEntries]
    skipped: Counter[str]
    lost: Counter[str]
    beside: LinkBeside
    of: Sequence[int] | None
    first: int
    taken: set[int] | None
    why: dict[int, str] | None
    watch: Tally
    added: int = 0
    looked_at: int = 0
    found: dict[str, list[tuple[str, str | None, int | None]]] = field(default_factory=dict)
    weak: list[tuple[Entry, int | None]] = field(default_factory=list)

    def sort_hex(self, column: pa.Array) -> tuple[list[str], list[int] | None]:
        """Take in the plain hex digests; returns the other values, and where they stood."""
        self.looked_at = len(column)
        algorithm = all_hex(column) if self.of is None else None
        if algorithm and (kind := kind_for(algorithm, self.kinds)):
            self._take_hex(kind, pc.ascii_lower(column), None)
            return [], None
        lower = pc.ascii_lower(pc.ascii_trim_whitespace(column))
        plain = pc.match_substring_regex(lower, _PLAIN_HEX)
        digests = lower.filter(plain)
        places = None if self.of is None else pa.array(range(len(column)), pa.int64())
        left: list[str] = []
        at: list[int] | None = None
        if len(digests) < len(column):
            others = pc.invert(plain)
            left = column.filter(others).to_pylist()
            at = None if places is None else places.filter(others).to_pylist()
        elif places is not None:
            at = []
        kept = None if places is None else places.filter(plain)
        lengths = pc.binary_length(digests)
        for length in pc.unique(lengths).to_pylist():
            mine = pc.equal(lengths, length)
            some = digests.filter(mine)
            where = None if kept is None else kept.filter(mine)
            kind = kind_for(LENGTHS[length], self.kinds)
            if kind is None:  # told what they are one by one
                left += pc.ascii_upper(some).to_pylist()
                if at is not None and where is not None:
                    at += where.to_pylist()
                continue
            self._take_hex(kind, some, where)
        return left, at

    def _take_hex(self, kind: str, some: pa.Array, where: pa.Array | None) -> None:
        harmless = pc.is_in(some, _NO_PICTURES)
        if pc.any(harmless).as_py():
            places = None if where is None else where.filter(harmless).to_pylist()
            for n, digest in enumerate(some.filter(harmless).to_pylist()):
                self.skip(OF_NO_PICTURE[digest], self._record(places, n))
            keep = pc.invert(harmless)
            some = some.filter(keep)
            where = None if where is None else where.filter(keep)
        if kind == "image_sha256":
            self.watch.watch(some)
        records = None
        if where is not None and self.of is not None:
            numbers = [self.of[i] for i in where.to_pylist()]
            if self.taken is not None:
                self.taken.update(numbers)
            records = pa.array([n + self.first for n in numbers], pa.int64())
        self.added += len(some)
        self.entries.setdefault(kind, SortedEntries()).add(some, records=records)

    def _record(self, places: list[int] | None, n: int) -> int | None:
        return None if places is None or self.of is None else self.of[places[n]]

    def read(self, value: str, record: int | None) -> None:
        """Take in one value, or skip it."""
        read = self._read_all(value, record)
        for entry in read:
            if isinstance(entry, str):
                self._skip(entry, record)
            else:
                self.put(entry, record)
        if read and isinstance(read[0], str) and all(isinstance(entry, str) for entry in read):
            self.lost[read[0]] += 1

    def put(self, entry: Entry, record: int | None) -> None:
        """Take in one entry."""
        self.found.setdefault(entry[0], []).append((entry[1], entry[2], record))
        if record is not None and self.taken is not None:
            self.taken.add(record)

    def skip(self, reason: str, record: int | None) -> None:
        """Count a value that is no entry."""
        self.lost[reason] += 1
        self._skip(reason, record)

    def _skip(self, reason: str, record: int | None) -> None:
        self.skipped[reason] += 1
        if record is not None and self.why is not None:
            self.why.setdefault(record, reason)

    def done(self) -> int:
        """Settle what is in doubt and hand on what was read; returns how many entries."""
        self._settle_links()
        self._settle_weak()
        for kind, found in self.found.items():
            digests, hosts, records = zip(*found, strict=True)
            numbers = [None if r is None else r + self.first for r in records]
            self.added += len(digests)
            self.entries.setdefault(kind, SortedEntries()).add(
                pa.array(digests, pa.string()),
                pa.array(hosts, pa.string()),
                pa.array(numbers, pa.int64()),
            )
        return self.added

    def _settle_links(self) -> None:
        """Links that end in a sign, as they stand where that is no habit of the list."""
        doubtful, self.beside.doubtful = self.beside.doubtful, []
        tally = self.watch
        tally.links += sum(len(some) for kind, some in self.found.items() if is_of_link(kind))
        tally.doubtful += len(doubtful)
        if tally.doubtful * _SELDOM > tally.links:
            for _, record in doubtful:
                self.skip(SIGN, record)
            return
        for text, record in doubtful:
            entry = read_value(text, self.kinds)
            if isinstance(entry, str):
                self.skip(entry, record)
            else:
                self.put(entry, record)
                self.beside.as_they_stand += 1

    def _settle_weak(self) -> None:
        """Digests without their padding, where most values are such."""
        self.watch.looked_at += self.looked_at
        self.watch.weak += len(self.weak)
        is_habit = self.watch.weak * 2 > self.watch.looked_at
        for entry, record in self.weak:
            if is_habit:
                self.put(entry, record)
            else:
                self.skip(MAYBE_WORD, record)

    def _read_all(self, value: str, record: int | None) -> Sequence[Entry | str]:
        """What a value holds: several may stand in a cell, and a note beside one."""
        kinds = self.kinds
        if len(value) > LONGEST:
            return many_digests(value, kinds) or [read_giant(value, kinds)]
        entry = read_value(value, kinds)
        if isinstance(entry, tuple) and not is_of_link(entry[0]):
            return [self._without_note(value, entry)]
        if isinstance(entry, str) and (many := many_digests(value, kinds)):
            return many
        if isinstance(entry, str) and (weak := read_weak(value, kinds)):
            self.weak.append((weak, record))
            return []
        return self._read_line(value, entry, record)

    def _without_note(self, value: str, entry: Entry) -> Entry | str:
        """A digest or a number, which have no blanks: only a remark may follow."""
        _, sign, note = value.partition("#")
        is_back = takes_back(note)
        self.beside.noted += bool(sign) and not is_back
        return TAKEN_BACK if is_back else entry

    def _read_line(
        self, value: str, entry: Entry | str, record: int | None
    ) -> Sequence[Entry | str]:
        """A value that may hold links, with a note or a sign beside them."""
        kinds, beside = self.kinds, self.beside
        line = None
        if any(map(is_of_link, kinds)):
            line = read_line(value, minus_removes=beside.minus_removes)
        if line is None or line.links == (value,):
            return self._spelled(value, entry)
        if line.doubtful:
            beside.doubtful.append((line.doubtful, record))
            return []
        if line.fault:
            return [line.fault]
        found = [read_value(link, kinds) for link in line.links]
        beside.noted += line.noted and any(isinstance(entry, tuple) for entry in found)
        return found

    def _spelled(self, value: str, entry: Entry | str) -> Sequence[Entry | str]:
        """A link that is no UTF-8 as it stands, and as it reads in Windows-1252."""
        if isinstance(entry, str) or entry[0] != "url" or value.isascii():
            return [entry]
        if not re.search("[\udc80-\udcff]", value):
            return [entry]
        try:
            told = value.encode("utf-8", "surrogateescape").decode("cp1252")
        except UnicodeError:  # five bytes stand for nothing there
            return [entry]
        other = read_value(told, self.kinds)
        if isinstance(other, str) or other == entry:
            return [entry]
        self.beside.in_cp1252 += 1
        return [entry, other]


_NO_PICTURES = pa.array(OF_NO_PICTURE)
