"""What a value of a partner file is: a digest, a row hash, a link, or nothing usable.

All formats end here: whatever a reader found, its records become entries in this one place.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from relaion.lists import marks
from relaion.lists.digests import LENGTHS, OF_NO_PICTURE, all_hex, numbers_of, pairs_of
from relaion.lists.plain_links import PlainLinks, are_links, plain_links
from relaion.lists.readers import why
from relaion.lists.readers.beside.cell import of_line
from relaion.lists.readers.format import LINK_KINDS, NO_TRAIT, Batch, Values
from relaion.lists.readers.lines.line import BESIDE, SIGN, LinkBeside, read_line, without_end
from relaion.lists.readers.lines.prose import read_prose
from relaion.lists.readers.lines.tags import without_tags
from relaion.lists.readers.tables.notes import Remark
from relaion.lists.values import (
    LONGEST,
    NOTHING,
    Entry,
    SortedBatch,
    SortedEntries,
    kind_for,
    many_digests,
    read_giant,
    read_plain_link,
    read_value,
    read_weak,
    shape,
)
from relaion.roles import IMAGE_KINDS

MAYBE_WORD = "perhaps a hash without its padding, perhaps a word"
_SELDOM = 100  # a sign that one link in so many ends in is its own
_PLAIN_HEX = "^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$"
Pairs = Sequence[tuple[str, int | None]]  # values, and of which record each is
LATER = 1 << 40
"""What is taken back wherever in a file it stands counts as said so many records behind."""
_WATCHED = 4096  # digests of 64 digits whose bits are counted


# -- A batch of records as entries ---------------------------------------------------------------


@dataclass
class Tally:
    """What became of the records and values of a file.

    `read` counts values, `records` records; `taken` of these brought an entry. `skipped` are
    values that are none, `lost` records that brought none, each by reason; `unusable` digests by
    algorithm. `balanced` of `watched` digests have about as many bits set as not. What is a habit
    of a list is seen in all of it so far: `doubtful` of `links` end in a sign that may be theirs,
    `weak` of the values `looked_at` are digests without their padding. `plain_links` finds those
    of a column. `struck` are values that their own lines take back, as the record `behind` all.
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
    struck: int = 0
    behind: int = LATER
    is_delta: bool = False  # it brings a list up to date, and names only what changed
    plain_links: Callable[[Sequence[str]], PlainLinks | None] = field(
        default=plain_links, repr=False, compare=False
    )

    def take(self, batch: Batch, first: int) -> SortedBatch:
        """Sort a batch whose records have the numbers from `first` on."""
        out = SortedBatch(first=first)
        if any(t is not NO_TRAIT and t != NO_TRAIT for t in batch.traits or ()):
            out.traits = batch.traits
        self.skipped += batch.skipped
        self.lost += batch.skipped
        self.unusable += batch.unusable
        self.records += batch.n + batch.skipped.total()
        self.read += batch.skipped.total()
        is_plain = batch.ids is None and batch.traits is None and not batch.fates
        if is_plain and len(batch.values) == 1 and batch.values[0].of is None:
            # each value is a record, as in nearly all lists
            column = self._sort(batch.values[0].text, batch.values[0].kinds, None, out)
            self.lost += column.lost
            self.taken += len(batch.values[0].text) - column.lost.total()
            # which hold wherever in the file they stand
            out.undone = [(*told[:3], self.behind) for told in out.undone]
            self.struck += len(out.undone)
            return out
        taken: set[int] | range = set()
        because: dict[int, str] = {}
        for values in batch.values:
            column = self._sort(*self._counted(values, batch, out), out)
            taken = {*taken, *column.taken} if taken else column.taken
            because = column.why | because
        kept = {*taken}.difference(batch.fates) if batch.fates else taken
        self.beside.parted += sum(fate in why.UNDOES and i in kept for i, fate in because.items())
        self.taken += len(kept)
        if batch.ids is not None:
            told = [(no, giver_id) for no, giver_id in enumerate(batch.ids, first) if giver_id]
            is_all = len(kept) == batch.n
            out.kept_ids = told if is_all else [(no, x) for no, x in told if no - first in kept]
            gone = {first + i for i, fate in batch.fates.items() if fate in why.UNDOES}
            out.gone_ids = [(no, x) for no, x in told if no in gone] if gone else []
            unchosen = {no for *_, no in (*out.unchosen, *out.good)}
            out.unchosen_ids = [(no, x) for no, x in told if no in unchosen] if unchosen else []
        self.lost.update(batch.fates.values())
        if len(kept) + len(batch.fates) < batch.n:
            others = set(range(batch.n)).difference(kept, batch.fates)
            self.lost.update(because.get(i, NOTHING) for i in others)
        return out

    def _counted(
        self, values: Values, batch: Batch, out: SortedBatch
    ) -> tuple[Sequence[str], Sequence[str], Sequence[int]]:
        """The values of records that count, their kinds, and of which record each is."""
        text = values.text.to_pylist() if isinstance(values.text, pa.Array) else values.text
        of = range(len(text)) if values.of is None else values.of
        if not batch.fates:
            return text, values.kinds, of
        kept, gone, good, unchosen = (list[tuple[str, int]]() for _ in range(4))
        for value, i in zip(text, of, strict=True):
            fate = batch.fates.get(i)
            if fate is None:
                kept.append((value, i))
                continue
            self.read += 1
            self.skipped[fate] += 1
            if fate in (why.GOOD, why.BAD) or i in batch.good:
                good.append((value, i))
            if fate in why.UNDOES:
                gone.append((value, i))
            elif fate == why.NOT_CHOSEN and self.is_delta:
                unchosen.append((value, i))
        for some, told in ((gone, out.undone), (good, out.good), (unchosen, out.unchosen)):
            if some:
                told.extend(self._taken_back(some, values.kinds, out.first))
        return [value for value, _ in kept], values.kinds, [i for _, i in kept]

    def _taken_back(
        self, gone: Sequence[tuple[str, int]], kinds: Sequence[str], first: int
    ) -> list[tuple[str, str, str | None, int]]:
        """What values take back, read as those are that count."""
        some = SortedBatch(first=first)
        read = _Column(Tally(), kinds, [i for _, i in gone], some)
        read.sort([value for value, _ in gone])
        for text, record in read.doubtful:  # links that end in a sign, as they stand
            some.undo(text, kinds, first + (record or 0))
        for kind, entries in some.entries.items():
            also = f"url_{kind.rpartition('_')[2]}"
            told = {kind, also} if kind in IMAGE_KINDS and also in kinds else {kind}
            for digests, places, records in zip(
                entries.digests, entries.places, entries.records, strict=True
            ):
                columns = (digests.to_pylist(), places.to_pylist(), records.to_pylist())
                found = [*zip(*columns, strict=True)]
                some.undone += [(k, *entry) for k in sorted(told) for entry in found]
        named = {no for *_, no in some.undone}
        for value, i in gone:  # what is no entry as a whole may hold one
            for piece in re.split(r"[\s,;|\"'<>()]+", value) if first + i not in named else ():
                some.undo(piece, kinds, first + i)
        return some.undone

    def _sort(
        self, values: pa.Array | Sequence[str], kinds: Sequence[str], of: Sequence[int] | None,
        out: SortedBatch,
    ) -> "_Column":  # fmt: skip
        column = _Column(self, kinds, of, out)
        column.sort(values)
        self.skipped += column.skipped
        self.read += column.added + column.skipped.total()
        return column

    def watch(self, digests: pa.Array) -> None:
        """Count the bits of digests of 64 digits: half of a PDQ hash's are set, by its making."""
        for digest in digests.slice(0, max(0, _WATCHED - self.watched)).to_pylist():
            self.watched += 1
            self.balanced += abs(int(digest, 16).bit_count() - 128) <= 2

    @property
    def looks_like_pdq(self) -> bool:
        """Whether so many digests are balanced that no SHA-256 ever would be."""
        return self.watched >= 16 and self.balanced * 10 >= self.watched * 9


# -- Values of one column as entries ------------------------------------------------------------


@dataclass
class _Column:
    """Values that can be of `kinds`: of those that fit a value the first is taken.

    Plain hex and plain links go by whole columns. `of` are the records of values, `taken` those
    that bring an entry, `why` what was wrong with others; `lost` counts values that bring none.
    """

    tally: Tally
    kinds: Sequence[str]
    of: Sequence[int] | None
    out: SortedBatch
    skipped: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    taken: set[int] | range = field(default_factory=set)
    why: dict[int, str] = field(default_factory=dict)
    added: int = 0
    looked_at: int = 0
    found: dict[str, list[tuple[str, str | None, int | None]]] = field(default_factory=dict)
    weak: list[tuple[Entry, int | None]] = field(default_factory=list)
    doubtful: list[tuple[str, int | None]] = field(default_factory=list)

    def sort(self, values: pa.Array | Sequence[str]) -> None:
        """Add the values to the entries by kind; count those that are none."""
        is_link = next((kind for kind in self.kinds if kind in LINK_KINDS), None) == "url"
        if is_link and self.of is not None and are_links(values):  # they need not be a column
            others, self.of = self._without_plain_links(values, self.of)
            self.looked_at, values = len(values) - len(others), others
        try:
            array = values if isinstance(values, pa.Array) else pa.array(values, pa.string())
            rest = self._sort_hex(array)
        except UnicodeEncodeError:  # bytes that are no UTF-8: all of them one by one
            rest = [(x, self.of[i] if self.of else None) for i, x in enumerate(values)]
        if is_link and rest:
            rest = [*zip(*self._without_plain_links(*zip(*rest, strict=True)), strict=True)]
        for value, record in rest:
            if is_link and (entry := read_plain_link(value)):
                self._put(entry, record)
            else:
                self._read(value, record)
        self._settle_links()
        self._settle_weak()
        for kind, found in self.found.items():
            digests, places = (pa.array([x[i] for x in found], pa.string()) for i in (0, 1))
            self._add(kind, digests, pa.array([x[2] for x in found], pa.int64()), places)

    def _without_plain_links(self, values: Sequence[str], of: Any) -> tuple[Sequence[str], Any]:
        """Take in the plain links; returns the other values, and of which record each is."""
        found = self.tally.plain_links(values)
        if found is None:
            return values, of
        mine = of if len(found.places) == len(values) else [of[i] for i in found.places]
        self._add("url", found.digests, mine, found.of_keys)
        self.tally.links += len(mine)
        return found.without(values), found.without(of)

    def _add(self, kind: str, digests: pa.Array, of: Any, places: pa.Array | None = None) -> None:
        """Take in entries of the records `of`, an array of Arrow's or of numbers, or None each."""
        records = of if isinstance(of, pa.Array) else numbers_of(of)
        self.added += len(digests)
        if self.of is not None:
            told = of.to_pylist() if isinstance(of, pa.Array) else of
            is_range = isinstance(told, range) and not self.taken  # as of nearly all lists
            self.taken = told if is_range else {*self.taken, *told}
        else:  # where each value is a record, all of a block have one number
            records = pc.fill_null(records, 0)
        records = pc.add(records, self.out.first)
        self.out.entries.setdefault(kind, SortedEntries()).add(digests, places, records)

    def _sort_hex(self, column: pa.Array) -> Pairs:
        """Take in the plain hex digests; returns the other values, and of which record each is."""
        self.looked_at += (n := len(column))
        records = pa.nulls(n, pa.int64()) if self.of is None else numbers_of(self.of)
        if (algorithm := all_hex(column)) and (kind := kind_for(algorithm, self.kinds)):
            self._take_hex(kind, pc.ascii_lower(column), records)
            return []
        lower = pc.ascii_lower(pc.ascii_trim_whitespace(column))
        plain = pc.match_substring_regex(lower, _PLAIN_HEX)
        other = pc.invert(plain)
        left = pairs_of(column.filter(other), records.filter(other))
        digests, records = lower.filter(plain), records.filter(plain)
        lengths = pc.binary_length(digests)
        for length in pc.unique(lengths).to_pylist():
            mine = pc.equal(lengths, length)
            some, of_some = digests.filter(mine), records.filter(mine)
            if kind := kind_for(LENGTHS[length], self.kinds):
                self._take_hex(kind, some, of_some)
            else:  # told what they are one by one
                left += pairs_of(pc.ascii_upper(some), of_some)
        return left

    def _take_hex(self, kind: str, some: pa.Array, records: pa.Array) -> None:
        harmless = pc.is_in(some, pa.array(OF_NO_PICTURE))
        if pc.any(harmless).as_py():
            for digest, record in pairs_of(some.filter(harmless), records.filter(harmless)):
                self._lose(OF_NO_PICTURE[digest], record)
            keep = pc.invert(harmless)
            some, records = some.filter(keep), records.filter(keep)
        if kind == "image_sha256":
            self.tally.watch(some)
        are_all = isinstance(self.of, range) and len(records) == len(self.of)
        self._add(kind, some, self.of if are_all else records)

    def _read(self, value: str, record: int | None) -> None:
        """Take in one value, or skip it."""
        if self.kinds[0] == "url" and marks.PLAIN_HOST.fullmatch(value):
            self._lose(why.ONLY_HOST, record)  # as all would say below, of each of millions
            return
        if "row_hash" not in self.kinds:
            value = marks.without_sign(value, self.kinds, self.tally.beside)
        if struck := marks.STRUCK.fullmatch(value):
            self._undo(struck[1], record)
            self._lose(why.TAKEN_BACK, record)
            return
        read = self._read_all(value, record)
        for entry in read:
            if isinstance(entry, str):
                self._skip(entry, record)
                if entry == why.TAKEN_BACK:
                    self._undo(value, record)
            else:
                self._put(entry, record)
        if read and isinstance(read[0], str) and all(isinstance(entry, str) for entry in read):
            self.lost[read[0]] += 1

    def _undo(self, value: str, record: int | None) -> None:
        """Take back the entries of a value whose note says so."""
        bare, _, _ = value.partition("#") if "://" not in value else (value, "", "")
        for piece in bare.split():  # without the signs that except a host
            self.out.undo(piece.strip("!~-@|^"), self.kinds, self.out.first + (record or 0))

    def _put(self, entry: Entry, record: int | None) -> None:
        self.found.setdefault(entry[0], []).append((entry[1], entry[2], record))

    def _lose(self, reason: str, record: int | None) -> None:
        """Count a value that is no entry, and was all that its record had."""
        self.lost[reason] += 1
        self._skip(reason, record)

    def _skip(self, reason: str, record: int | None) -> None:
        self.skipped[reason] += 1
        if record is not None:
            self.why.setdefault(record, reason)

    def _settle_links(self) -> None:
        """Links that end in a sign, as they stand where that is no habit of the list."""
        tally = self.tally
        tally.links += sum(len(some) for kind, some in self.found.items() if kind in LINK_KINDS)
        tally.doubtful += len(self.doubtful)
        is_habit = tally.doubtful * _SELDOM > tally.links
        ends = tally.beside.ends_of_all(tally.links)
        for text, record in self.doubtful:
            own = without_end(text, ends)
            entry = SIGN if is_habit and own is None else read_value(own or text, self.kinds)
            if isinstance(entry, str):
                self._lose(entry, record)
            else:
                self._put(entry, record)
                tally.beside.as_they_stand += own is None

    def _settle_weak(self) -> None:
        """Digests without their padding, where most values are such."""
        self.tally.looked_at += self.looked_at
        self.tally.weak += len(self.weak)
        is_habit = self.tally.weak * 2 > self.tally.looked_at
        for entry, record in self.weak:
            if is_habit:
                self._put(entry, record)
            else:
                self._lose(MAYBE_WORD, record)

    def _read_all(self, value: str, record: int | None) -> Sequence[Entry | str]:
        """What a value holds: several may stand in a cell, and a note beside one."""
        if len(value) > LONGEST:
            return many_digests(value, self.kinds) or [read_giant(value, self.kinds)]
        if (pieces := without_tags(value)) is not None:
            n, m = len(self.doubtful), len(self.weak)
            found = [entry for piece in pieces for entry in self._read_all(piece, record)]
            waits = (n, m) != (len(self.doubtful), len(self.weak))  # which one does by itself
            is_whole = len(pieces) == 1 if waits else bool(found)
            if not is_whole or any(isinstance(entry, str) for entry in found):
                del self.doubtful[n:], self.weak[m:]
                found = [BESIDE]
            return [*found, *marks.with_tag(value, found, self.kinds, self.tally.beside)]
        entry = read_value(value, self.kinds)
        if isinstance(entry, tuple) and entry[0] not in LINK_KINDS:
            return [self._without_note(value, entry)]
        if isinstance(entry, str) and (many := many_digests(value, self.kinds)):
            return many
        if isinstance(entry, str) and (weak := read_weak(value, self.kinds)):
            self.weak.append((weak, record))
            return []
        return self._read_line(value, entry, record)

    def _without_note(self, value: str, entry: Entry) -> Entry | str:
        """A digest or a number, which have no blanks: only a remark may follow."""
        _, sign, note = value.partition("#")
        says = self._says(note, len(entry[1])) if sign else None
        fate = says and says.fate
        self.tally.beside.noted += bool(sign) and not fate
        return fate or entry

    def _says(self, note: str, digits: int = 0) -> Remark | None:
        """What a note says of its entry, if anything; where that is not sure, it is counted."""
        beside = self.tally.beside
        says = of_line(note, digits, is_good=beside.is_good)
        if says is None or says.is_sure:
            beside.gone += says is not None
            if says is None and note.strip():
                beside.see_strange(note, lambda text: read_prose(text) is None)
            return says
        beside.unsure[says.word] += beside.heeds_unsure
        return replace(says, fate=None)

    def _read_line(
        self, value: str, entry: Entry | str, record: int | None
    ) -> Sequence[Entry | str]:
        """A value that may hold links, with a note or a sign beside them."""
        kinds, beside = self.kinds, self.tally.beside
        if entry == NOTHING:
            pieces = value.split()
            digests = [p for p in pieces if shape(p) not in (None, "link")]
            note = " ".join(p for p in pieces if p not in digests)
            if digests and (says := self._says(note, len(digests[0]))):
                return [says.fate] if says.fate else [read_value(d, kinds) for d in digests]
            if len(digests) == 1 and pieces[0] == digests[0] and marks.IN_BRACKETS.fullmatch(note):
                beside.noted += 1
                return [read_value(digests[0], kinds)]
        if isinstance(entry, str):
            entry = marks.reason_of(value, entry, kinds)
        may_be = any(kind in LINK_KINDS for kind in kinds)
        line = read_line(value, minus_removes=beside.minus_removes) if may_be else None
        if line is None or line.links == (value,):
            return marks.spelled(value, entry, kinds, beside)
        if line.doubtful:
            self.doubtful.append((line.doubtful, record))
            return []
        says = self._says(line.note) if line.note else None
        beside.see_digest(line.note)
        if fate := line.fault or (says and says.fate):
            return [fate]
        beside.see_cut(line.cut)
        found = [
            e for x in line.links for e in marks.spelled(x, read_value(x, kinds), kinds, beside)
        ]
        beside.noted += line.noted and any(isinstance(entry, tuple) for entry in found)
        return found
