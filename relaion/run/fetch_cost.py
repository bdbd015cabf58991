"""What a clean costs besides where shards or OUT lie in stores: bytes on their way, and requests.

A sample was fetched as a run fetches it: the columns that a search needs, then the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING

from relaion.remote.objects import PART
from relaion.remote.standing import HEAD, NEAR, TAIL, Traffic
from relaion.remote.stores import PIECE
from relaion.run.cost import ROOM, Range

if TYPE_CHECKING:
    from relaion.run.cost import Cost

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
