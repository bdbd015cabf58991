"""What a clean of very much costs, told from two small ones: a cost that comes once, and one a row.

Two runs over samples of other sizes tell these apart. What they cost is carried on to all rows, and
to all bytes of the shards: where a sample has longer rows than the rest, the two differ, and the
range is as wide as they are apart, with some room on both sides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil

from relaion.remote.objects import PART
from relaion.remote.standing import HEAD, NEAR, TAIL, Traffic
from relaion.remote.store import PIECE
from relaion.run.find import LINK_BYTES, rows_at_once
from relaion.run.meter import Taken
from relaion.run.settings import Limits

ROOM = 0.15  # on both sides: what two runs of the same work differ by on a quiet machine
ALONE = 0.75  # of a core that a sample has on a quiet machine, at least
A_FILE = 5_000  # bytes that the supervisor holds of each shard
_NONE_SEEN = 3.0  # rows of so many samples as large lose one, where none of a sample did
_WAITS = 1.3  # how much longer than all processors' time a run takes that reads and writes
_A_START = 1.5  # seconds of a processor for each process more, to search and write, and to check
_SAMPLE_ROWS = 400_000, 2_000_000  # at least, and at most
_A_SHARE = 5  # of so many rows one is in the sample
_IDLE = 0.05  # of a processor that a sample had at least, whatever the clock says


def rows_to_measure(rows: int, *, fetched: bool) -> int:
    """About how many rows are cleaned to measure what `rows` cost; fewer where they are fetched.

    What depends on how many hosts there are grows slower than rows: so of a very large set few of
    them would make a row seem dearer than it is.
    """
    fewest, most = _SAMPLE_ROWS
    return fewest if fetched else max(fewest, min(most, rows // _A_SHARE))


@dataclass(frozen=True)
class Range:
    """A number as far as it is known: `likely`, and between `low` and `high` if all goes as said.

    Bytes, or seconds.
    """

    low: float
    likely: float
    high: float

    def __add__(self, more: float) -> Range:
        return Range(self.low + more, self.likely + more, self.high + more)

    def plus(self, more: Range) -> Range:
        """Both together."""
        return Range(self.low + more.low, self.likely + more.likely, self.high + more.high)

    def __mul__(self, times: float) -> Range:
        return Range(self.low * times, self.likely * times, self.high * times)

    @classmethod
    def of(cls, numbers: Sequence[float], room: float = ROOM) -> Range:
        """Between the least and the most of some numbers, with room on both sides."""
        low, high = min(numbers) * (1 - room), max(numbers) * (1 + room)
        return cls(low, sum(numbers) / len(numbers), high)


@dataclass(frozen=True)
class Cost:
    """What a clean takes in all, on `machines` with `workers` each.

    `seconds` of the clock, `processors` seconds of all processors together; `memory` bytes on one
    machine; `out` and `work` bytes on the disks of all, `out` in a store if that is one; `read` and
    `written` bytes, `fetched` and `sent` those on their way from stores and to one, by so many
    `requests`: None where that is not known, or there are none.
    """

    machines: int
    workers: int
    seconds: Range
    processors: Range
    memory: Range | None
    out: Range
    work: Range
    read: Range | None
    written: Range | None
    fetched: Range | None = None
    sent: Range | None = None
    requests: Range | None = None


@dataclass(frozen=True)
class Sample:
    """A clean of a sample: rows, bytes, what it took, and what its editions are.

    `kept` are bytes of what was written anew of each edition, of its input; `removed` rows; `kinds`
    of what the lists hold.
    """

    rows: int
    bytes: int
    taken: Taken
    kept: Mapping[str, float]
    removed: Mapping[str, int]
    kinds: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Whole:
    """All that is to be cleaned: rows and bytes of each shard; whether unchanged ones are linked.

    `surveyed` is what it took to read all footers, seconds and those of processors.
    """

    sizes: Sequence[tuple[int, int]]
    surveyed: tuple[float, float] = (0.0, 0.0)
    links: bool = True

    @property
    def rows(self) -> int:
        """Rows of all."""
        return sum(rows for rows, _ in self.sizes)

    @property
    def bytes(self) -> int:
        """Bytes of all."""
        return sum(size for _, size in self.sizes)


@dataclass(frozen=True)
class Model:
    """Two samples, the smaller one first, each cleaned by one worker; and the limits of the whole.

    More workers for the larger one would make their start look like a cost of its rows. `row_bytes`
    is what a search keeps of a row, as `kept_bytes` has it.
    """

    small: Sample
    large: Sample
    limits: Limits
    row_bytes: int = LINK_BYTES

    def once(self, of: Callable[[Taken], float]) -> float:
        """What comes once, however many rows there are."""
        if not self._tells_apart(of):
            return 0.0
        return max(0.0, of(self.small.taken) - self.a_row(of) * self.small.rows)

    def a_row(self, of: Callable[[Taken], float]) -> float:
        """What comes with each row."""
        if not self._tells_apart(of):  # then all of it comes with rows
            return of(self.large.taken) / max(1, self.large.rows)
        more = of(self.large.taken) - of(self.small.taken)
        return more / (self.large.rows - self.small.rows)

    def _tells_apart(self, of: Callable[[Taken], float]) -> bool:
        more_rows = self.large.rows > self.small.rows
        return more_rows and of(self.large.taken) > of(self.small.taken)

    @property
    def had(self) -> float:
        """How much of a processor the larger sample had: less than all where others want it."""
        return self.large.taken.processors / max(0.001, self.large.taken.seconds)

    def steps(self, whole: Whole) -> dict[str, float]:
        """Seconds of processors by step, in order, for all."""
        names = dict.fromkeys((*self.large.taken.steps, *self.small.taken.steps))

        def seconds(name: str) -> float:
            def of(taken: Taken) -> float:
                return taken.steps.get(name, 0.0)

            return self.once(of) + self.a_row(of) * whole.rows

        return {name: seconds(name) for name in names}

    def cost(self, whole: Whole, machines: int = 1) -> Cost:
        """For all, in so many parts of the same size."""
        runs = 1 if machines == 1 else 2 * machines  # each part is begun to search, and to write
        searching = self.once(lambda taken: taken.steps.get("search", 0.0)) * (
            self.batches(whole, machines) - 1
        )
        workers = self.limits.workers
        started = 2 * _A_START * (workers - 1) * runs
        processors = self._scaled(_processors, whole, runs) + whole.surveyed[1] * runs
        processors = processors + (searching * machines + started)
        each = processors * (1 / machines / workers)
        begun = (self.once(_seconds) + whole.surveyed[0]) * (runs // machines)
        likely = max(begun, each.likely) * (1 + _WAITS) / 2
        busy = max(likely, each.high * _WAITS / max(_IDLE, min(1.0, self.had)))
        seconds = Range(max(begun, each.low), likely, busy)
        return Cost(
            machines, workers, seconds, processors, self._memory(whole, machines),
            self._out(whole), self._work(whole, machines),
            self._moved(whole, runs, lambda taken: taken.read),
            self._moved(whole, runs, lambda taken: taken.written),
        )  # fmt: skip

    def batches(self, whole: Whole, machines: int = 1) -> int:
        """In how many batches each machine searches its rows."""
        at_once = rows_at_once(self.limits.find_bytes, self.row_bytes)
        return max(1, ceil(whole.rows / machines / at_once))

    def changed(self, whole: Whole) -> Range:
        """Bytes of the shards of all editions that lose a row."""
        return self._out(replace(whole, links=True))

    def _work(self, whole: Whole, machines: int) -> Range:
        """Bytes of work folders: the lists mostly, which are there once for each machine."""
        small, large = self.small, self.large
        more = max(0, large.taken.work - small.taken.work) / max(1, large.rows - small.rows)
        once = max(0.0, large.taken.work - more * large.rows)
        return Range.of([once * machines + more * whole.rows])

    def _scaled(self, of: Callable[[Taken], float], whole: Whole, runs: int) -> Range:
        once, a_row = self.once(of) * runs, self.a_row(of)
        longer = whole.bytes / max(1, whole.rows) / max(1.0, self.large.bytes / self.large.rows)
        return Range.of([once + a_row * whole.rows, once + a_row * whole.rows * longer])

    def _moved(self, whole: Whole, runs: int, of: Callable[[Taken], int | None]) -> Range | None:
        if of(self.small.taken) is None or of(self.large.taken) is None:
            return None
        return self._scaled(lambda taken: float(of(taken) or 0), whole, runs)

    def _memory(self, whole: Whole, machines: int) -> Range | None:
        """As much as the sample took at least; as much as it may take at most."""
        if self.large.taken.memory is None:
            return None
        held = self.large.taken.memory + A_FILE * len(whole.sizes)
        most = max(held, self.limits.memory)
        return Range(held, min(most, 2 * held), most)

    def _out(self, whole: Whole) -> Range:
        """Bytes of all editions: a shard that loses no row is linked, and takes no room."""
        low = likely = high = 0.0
        for name, share in self.large.kept.items():
            n = self.large.removed[name] / self.large.rows
            most = max(n, _NONE_SEEN / self.large.rows)
            low += share * self._written(whole, n * (1 - ROOM))
            likely += share * self._written(whole, n)
            high += max(1.0, share) * self._written(whole, most * (1 + ROOM))
        return Range(low, likely, high)

    def _written(self, whole: Whole, lost: float) -> float:
        """Bytes of the shards that lose a row, where so large a share of rows is lost."""
        if not whole.links:
            return float(whole.bytes)
        return sum(size * (1 - (1 - min(1.0, lost)) ** rows) for rows, size in whole.sizes)


def _processors(taken: Taken) -> float:
    return taken.processors


def _seconds(taken: Taken) -> float:
    return taken.seconds


def shares(steps: Mapping[str, float]) -> Iterable[tuple[str, float]]:
    """The share of each step in all of them, in order."""
    total = sum(steps.values())
    return ((name, seconds / total if total else 0.0) for name, seconds in steps.items())


def assumptions(model: Model, whole: Whole, *, beside: bool) -> Iterator[str]:
    """What is taken for granted; `beside`: sidecars were searched."""
    large, workers = model.large, model.limits.workers
    cores = f"{workers} processor core{'s' * (workers != 1)}"
    yield "the rows that were picked are like the others"
    yield f"{cores} free for this run alone, at the lower end"
    yield "disks that keep up: shards that were just written are read from memory in so small a run"
    if model.had < ALONE:
        yield (
            f"the sample had {model.had:.0%} of a core, so others were at work: as long as they "
            "are, count on the upper end"
        )
    if not any(large.removed.values()):
        yield "no row of the sample left, so nobody knows how many shards will be written anew"
    if beside:
        yield "sidecars were searched whole, and cost that once"
    if large.rows >= whole.rows:
        yield "all rows were cleaned, so only the noise of the machine is left"


# -- Where shards or OUT lie in stores: bytes on their way, and requests --------------------------


_LISTED = 1_000  # names that one request tells
_OF_AN_OUT = 20  # requests of a claim, an audit and a manifest
_LOOKS = 2  # requests for an object that is read back, beside its bytes


@dataclass(frozen=True)
class Fetching:
    """What a sample took to fetch, and how large the shards are that lie elsewhere.

    `ends` is what both ends of the shards took, `search` what the columns that are searched, `rest`
    what the others; `sizes` are bytes of each shard. `is_checked`: all of it is fetched once more
    at the end.
    """

    ends: Traffic
    search: Traffic
    rest: Traffic
    sizes: Sequence[int]
    is_checked: bool

    @property
    def bytes(self) -> int:
        """Bytes of all shards that lie elsewhere."""
        return sum(self.sizes)

    @property
    def share(self) -> float:
        """The share of bytes that a search fetches."""
        return (self.ends.bytes + self.search.bytes) / max(1, self._sampled)

    @property
    def rate(self) -> float:
        """Bytes that came in a second, to one worker; 0 where nothing was fetched."""
        seconds = self.ends.seconds + self.search.seconds + self.rest.seconds
        return self._sampled / seconds if self._sampled and seconds else 0.0

    @property
    def _sampled(self) -> int:
        return self.ends.bytes + self.search.bytes + self.rest.bytes

    @property
    def _times(self) -> float:
        """How many times as much all is as the sample."""
        return self.bytes / self._sampled if self._sampled else 0.0

    def again(self, *, is_kept: bool) -> float:
        """Bytes that are fetched more than once, `is_kept` those of the search."""
        return (0 if is_kept else self.share * self.bytes) + self.bytes * self.is_checked

    def seconds(self, *, is_kept: bool) -> float:
        """How long one worker would fetch; not both ends, which a survey has timed."""
        first = (self.search.seconds + self.rest.seconds) * self._times
        return first + (self.again(is_kept=is_kept) / self.rate if self.rate else 0.0)

    def requests(self, *, is_kept: bool) -> float:
        """To list, to read both ends, to search, to write and to check; each answered at once."""
        ends = sum(1 if size <= HEAD + NEAR + TAIL else 2 for size in self.sizes)
        found: float = ceil(len(self.sizes) / _LISTED) + ends
        found += self._times * (self.search.requests * (1 if is_kept else 2) + self.rest.requests)
        if self.is_checked:
            found += ends + sum(ceil(size / PIECE) for size in self.sizes)
        return found


@dataclass(frozen=True)
class Sending:
    """What goes to an OUT in a store: `bytes` that are sent, `objects` there with `held` bytes."""

    bytes: Range
    objects: int
    held: Range
    is_checked: bool

    @property
    def requests(self) -> Range:
        """To put or copy each object, and to read it back."""
        found = self.bytes * (1 / PART) + (self.objects + _OF_AN_OUT)
        if not self.is_checked:
            return found
        return found.plus(self.held * (1 / PIECE) + _LOOKS * self.objects)


def with_stores(
    cost: Cost, fetching: Fetching | None, sending: Sending | None, batches: int
) -> Cost:
    """A cost with what is fetched and sent.

    Time to send is told where it was measured how fast something comes: it is taken to go as fast.
    """
    is_kept = batches == 1 and cost.machines == 1
    comes, goes, asked = Range.of([0.0]), None, Range.of([0.0])
    alone, work, rate = 0.0, cost.work, 0.0
    if fetching is not None:
        comes = Range.of([fetching.bytes + fetching.again(is_kept=is_kept)])
        asked = Range.of([fetching.requests(is_kept=is_kept)])
        alone, rate = fetching.seconds(is_kept=is_kept), fetching.rate
        a_shard = max(fetching.sizes, default=0) * cost.workers * cost.machines
        work = work.plus(Range.of([fetching.share * fetching.bytes / batches + a_shard]))
    if sending is not None:
        goes, asked = sending.bytes, asked.plus(sending.requests)
        comes = comes.plus(sending.held) if sending.is_checked else comes
        moved = sending.bytes.likely + (sending.held.likely if sending.is_checked else 0)
        alone += moved / rate if rate else 0.0
    # workers together may get as much as one does, or each of them as much
    low = alone / cost.machines / cost.workers
    high = alone / cost.machines
    waits = Range(low * (1 - ROOM), (low + high) / 2, high * (1 + ROOM))
    return replace(
        cost, seconds=cost.seconds.plus(waits), work=work, fetched=comes, sent=goes, requests=asked
    )


def store_assumptions(fetching: Fetching | None, sends: bool, workers: int) -> Iterator[str]:
    """What such a cost rests on, in sentences."""
    if fetching is not None and fetching.rate:
        together = (
            f"; {workers} together get between as much and {workers} times that"
            if workers > 1
            else ""
        )
        yield f"one worker fetched {fetching.rate / 1e6:,.1f} MB in a second{together}"
    if sends:
        yield (
            "OUT takes bytes as fast as PATH gives them: nothing was written there to measure it"
            if fetching is not None and fetching.rate
            else "the time to send is not in it: nothing was written to OUT to measure it"
        )
    if fetching is not None or sends:
        yield "stores answer each request at once: none is asked twice"
