"""What a value of a partner file is: a digest, a row hash, a link, or nothing usable.

All formats end here: whatever a reader found, its records become entries in this one place.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from relaion.links import (
    clean_entry,
    entry_fault,
    host_digest,
    key_digest,
    link_key,
    read_scoped,
    scope_shown,
)
from relaion.links.text import trim
from relaion.lists.digests import (
    LENGTHS,
    all_hex,
    is_float,
    is_hex,
    read_digest,
    read_row_hash,
    read_weak_digest,
    undressed,
)
from relaion.lists.placeholders import NO_ROW, OF_NO_PICTURE, OF_NO_ROW, ONE_DIGIT
from relaion.lists.readers.lines import (
    LINK_START,
    SIGN,
    LinkBeside,
    read_line,
    takes_back,
)
from relaion.lists.readers.record import (
    NO_TRAIT,
    OF_MACHINE,
    OTHER_HASH,
    TAKEN_BACK,
    Batch,
    Trait,
    Values,
    is_of_machine,
)
from relaion.lists.readers.text import TOO_LONG
from relaion.roles import SCOPED_KINDS

NOTHING = "no link or hash"
NO_NUMBER = "no whole 64-bit number"
WRONG_LENGTH = "wrong length"
LINK = "a link, not a hash"
SPREADSHEET = "a number that a spreadsheet made of a hash"
MAYBE_WORD = "perhaps a hash without its padding, perhaps a word"

_LONGEST = 1 << 16  # characters of a value in which a link is still looked for
_PLAINLY_LINK = re.compile(r"https?://\S+", re.IGNORECASE)
_SELDOM = 100  # a sign that one link in so many ends in is its own
_PLAIN_HEX = "^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$"
_PIECES = re.compile(r"[\s,;|\[\](){}\"'`]+")
_WATCHED = 4096  # digests of 64 digits whose bits are counted

# (kind, digest, digest of the host)
Entry = tuple[str, str, str | None]


@dataclass
class SortedEntries:
    """Entries of one kind: lower-case hex digests, and for links their host's digest or null.

    `records` are the numbers of their records, null where the file gives none.
    """

    digests: list[pa.Array] = field(default_factory=list)
    hosts: list[pa.Array] = field(default_factory=list)
    records: list[pa.Array] = field(default_factory=list)

    def add(
        self, digests: pa.Array, hosts: pa.Array | None = None, records: pa.Array | None = None
    ) -> None:
        """Append digests, for links as many host digests, and as many numbers of records."""
        n = len(digests)
        self.digests.append(digests)
        self.hosts.append(pa.nulls(n, pa.string()) if hosts is None else hosts)
        self.records.append(pa.nulls(n, pa.int64()) if records is None else records)


def shape(value: str) -> str | None:
    """`md5`, `sha1`, `sha256` or `link` for what is an entry by its looks alone, else None."""
    text = clean_entry(value[:_LONGEST])
    if found := read_digest(text):
        return found[0]
    return "link" if LINK_START.match(text) and not entry_fault(text) else None


def is_entry_of(value: str, kind: str) -> bool:
    """Whether a value can be an entry of this kind."""
    return isinstance(_read(value, (kind,)), tuple)


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

    def take(self, batch: Batch, first: int) -> "SortedBatch":
        """Sort a batch whose records have the numbers from `first` on."""
        out = SortedBatch(ids=batch.ids, traits=_traits(batch), first=first)
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
        for fate in batch.fates.values():
            self.lost[fate] += 1
        for i in set(range(batch.n)).difference(kept, batch.fates):
            self.lost[why.get(i, NOTHING)] += 1
        return out

    def _take_plain(self, values: Values, out: "SortedBatch") -> None:
        """Values of which each is a record: as nearly all lists are, by whole columns."""
        before = self.skipped.total()
        skipped: Counter[str] = Counter()
        n = sort_values(values.text, values.kinds, out.entries, skipped, self.beside, watch=self)
        self.skipped += skipped
        self.lost += skipped
        self.read += n + self.skipped.total() - before
        self.taken += n

    def _take_values(
        self,
        values: Values,
        batch: Batch,
        out: "SortedBatch",
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


@dataclass
class SortedBatch:
    """Entries of a batch by kind; ids and traits of its records, whose numbers begin at `first`.

    `undone` are (kind, digest, host digest, record) of values that were taken back.
    """

    entries: dict[str, SortedEntries] = field(default_factory=dict)
    ids: Sequence[str | None] | None = None
    traits: Sequence[Trait] | None = None
    first: int = 0
    undone: list[tuple[str, str, str | None, int]] = field(default_factory=list)


def _traits(batch: Batch) -> Sequence[Trait] | None:
    if batch.traits is None or all(trait == NO_TRAIT for trait in batch.traits):
        return None
    return batch.traits


def _pylist(text: pa.Array | Sequence[str]) -> Sequence[str]:
    return text if not isinstance(text, pa.Array) else text.to_pylist()


def _read_undone(value: str, kinds: Sequence[str]) -> Entry | None:
    """The entry that a record takes back; its value may be written in any way."""
    found = _read(value, kinds)
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
) -> int:
    """Add values of one column to `entries` by kind; count in `skipped` those that are none.

    `kinds` are those that the column can hold: of those that fit a value the first is taken.
    Plain hex, as nearly all values are, goes by whole columns; the rest one by one. Returns how
    many entries were added. `of` are the records of the values, `taken` those that bring an
    entry, `why` what was wrong with others.
    """
    column = _Column(kinds, entries, skipped, beside, of, first, taken, why, watch or Tally())
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
        if algorithm and (kind := _kind_for(algorithm, self.kinds)):
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
            kind = _kind_for(LENGTHS[length], self.kinds)
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
        for entry in self._read_all(value, record):
            if isinstance(entry, str):
                self.skip(entry, record)
            else:
                self.put(entry, record)

    def put(self, entry: Entry, record: int | None) -> None:
        """Take in one entry."""
        self.found.setdefault(entry[0], []).append((entry[1], entry[2], record))
        if record is not None and self.taken is not None:
            self.taken.add(record)

    def skip(self, reason: str, record: int | None) -> None:
        """Count what is no entry."""
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
        tally.links += sum(len(some) for kind, some in self.found.items() if _is_of_link(kind))
        tally.doubtful += len(doubtful)
        if tally.doubtful * _SELDOM > tally.links:
            for _, record in doubtful:
                self.skip(SIGN, record)
            return
        for text, record in doubtful:
            entry = _read(text, self.kinds)
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
        if len(value) > _LONGEST:
            return _many_digests(value, kinds) or [_read_giant(value, kinds)]
        entry = _read(value, kinds)
        if isinstance(entry, tuple) and not _is_of_link(entry[0]):
            return [self._without_note(value, entry)]
        if isinstance(entry, str) and (many := _many_digests(value, kinds)):
            return many
        if isinstance(entry, str) and (weak := _read_weak(value, kinds)):
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
        if any(map(_is_of_link, kinds)):
            line = read_line(value, minus_removes=beside.minus_removes)
        if line is None or line.links == (value,):
            return self._spelled(value, entry)
        if line.doubtful:
            beside.doubtful.append((line.doubtful, record))
            return []
        if line.fault:
            return [line.fault]
        found = [_read(link, kinds) for link in line.links]
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
        other = _read(told, self.kinds)
        if isinstance(other, str) or other == entry:
            return [entry]
        self.beside.in_cp1252 += 1
        return [entry, other]


_NO_PICTURES = pa.array(OF_NO_PICTURE)


def _kind_for(algorithm: str, kinds: Sequence[str]) -> str | None:
    return next((kind for kind in kinds if kind.endswith("_" + algorithm)), None)


def _is_of_link(kind: str) -> bool:
    return kind in ("url", *SCOPED_KINDS)


def _many_digests(value: str, kinds: Sequence[str]) -> list[Entry | str]:
    """The digests of a cell that holds several and nothing else; empty for any other cell."""
    pieces = [piece for piece in _PIECES.split(value) if piece]
    if len(pieces) < 2 or not all(is_hex(p) and len(p) in LENGTHS for p in pieces):
        return []
    return [_read(piece, kinds) for piece in pieces]


def _algorithms(kinds: Sequence[str]) -> list[str]:
    return sorted({kind.partition("_")[2] for kind in kinds} & set(LENGTHS.values()))


def _read_weak(value: str, kinds: Sequence[str]) -> Entry | None:
    found = read_weak_digest(clean_entry(value)) if len(value) < 80 else None
    kind = _kind_for(found[0], kinds) if found else None
    if found is None or kind is None or found[1] in OF_NO_PICTURE:
        return None
    return kind, found[1], None


def _read(value: str, kinds: Sequence[str]) -> Entry | str:
    """(kind, digest, host digest) of an entry, or the reason why it is none."""
    if len(value) > _LONGEST:
        return _read_giant(value, kinds)
    text = clean_entry(value)
    if tuple(kinds) == ("row_hash",):
        return _read_number(text)
    algorithms = _algorithms(kinds)
    found = _read_bare(text, kinds, algorithms)
    if found is None and algorithms:
        found = _read_dressed(text, kinds, algorithms)
    if found is not None:
        return found
    if kind := _kind_of_link(text, kinds):
        return _read_link(text, kind)
    if algorithms and is_float(text) and not text.isdigit():
        return SPREADSHEET
    return LINK if LINK_START.match(text) else NOTHING


def _read_bare(text: str, kinds: Sequence[str], algorithms: list[str]) -> Entry | str | None:
    if len(text) in LENGTHS and text == text[0] * len(text):
        return ONE_DIGIT
    if found := read_digest(text, algorithms):
        return _read_hash(*found, kinds)
    return WRONG_LENGTH if is_hex(text) else None


def _read_dressed(text: str, kinds: Sequence[str], algorithms: list[str]) -> Entry | str | None:
    bare, named = undressed(text)
    if bare == text:
        return None
    if named and named not in algorithms:
        return OTHER_HASH
    found = read_digest(bare, [named] if named else algorithms)
    if found:
        return _read_hash(*found, kinds)
    return WRONG_LENGTH if is_hex(bare) else None


def _read_number(text: str) -> Entry | str:
    number = read_row_hash(text)
    if number == OF_NO_ROW:
        return NO_ROW
    return ("row_hash", number, None) if number else NO_NUMBER


def _read_hash(algorithm: str, digest: str, kinds: Sequence[str]) -> Entry | str:
    kind = _kind_for(algorithm, kinds)
    if kind is None:
        return OTHER_HASH
    return OF_NO_PICTURE.get(digest) or (kind, digest, None)


def _read_giant(value: str, kinds: Sequence[str]) -> Entry | str:
    """An entry of many kilobytes: a link where it is one as it stands, compared by its bytes."""
    value = trim(value)
    if "url" not in kinds or not _PLAINLY_LINK.fullmatch(value):
        return TOO_LONG
    return _read_link(value, "url")


def _kind_of_link(text: str, kinds: Sequence[str]) -> str | None:
    """The kind as which a link, a host or a pattern is to be read; None where none may be."""
    shown = scope_shown(text) if "url" in kinds else None
    if shown in kinds:
        return shown
    return next((kind for kind in kinds if kind in ("url", *SCOPED_KINDS)), None)


def _host_fault(text: str, kind: str) -> str | None:
    """Why a host is none that anybody lists: the machine's own, or a number with dots."""
    if kind != "host":
        return None
    if is_of_machine(text):
        return OF_MACHINE
    # `2.0` would be read as an address, as programs do
    is_number = re.fullmatch(r"[\d.]+", text) is not None
    return NOTHING if is_number and text.rstrip(".").count(".") != 3 else None


def _read_link(text: str, kind: str) -> Entry | str:
    if kind == "url":
        key, fault = link_key(text), entry_fault(text)
    else:
        scoped = read_scoped(text, kind)
        key, fault = scoped.text, _host_fault(text, kind) or scoped.fault
    if fault:
        return NOTHING if fault in ("empty", "no link") else fault
    return kind, key_digest(key), host_digest(key.removeprefix("*."))
