"""What stands last in a file whose last line has no end.

Many whole files end so, and a file that was cut off ends so, too. Half a digest is no digest, or
has the length of another algorithm's; half a name of a file no longer tells that it is a video.
Such a record is left out. Half a link may be another link: there only the curator can look.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from relaion.lists.digests import is_hex
from relaion.lists.normalise import Tally
from relaion.lists.readers import why
from relaion.lists.readers.format import Batch, Values
from relaion.lists.readers.tables.notes import begins_word
from relaion.lists.readers.vocabulary.media import is_name_of_media
from relaion.lists.values import SortedBatch
from relaion.roles import HASHED_LINK_KINDS, IMAGE_KINDS

_LAST = (
    "the file ends without a line break; if it was cut off, the last entry is half of one: check it"
)

HALF = (
    "the file ends without a line break, and its last record was left out as half of one; if it is "
    "whole, end its line and add the file again"
)
WITHIN = (
    "ends within a row, before the word that decides; fetch it again, or end its last line with a "
    "line break if it is whole"
)


@dataclass
class Ending:
    """How a file ends. `is_open`: its last line has no end."""

    is_open: bool = False
    before: Sequence[Values] = ()  # of the batch before the last
    halves: int = 0  # values of the last record that are shorter than all others of their column

    def watched(self, blocks: Iterator[str]) -> Iterator[str]:
        """The blocks as they are; how the last of them ends is kept."""
        for block in blocks:
            if block:
                self.is_open = not block.endswith("\n")
            yield block

    def parts(self, batch: Batch) -> tuple[Batch, Batch]:
        """A batch without its last record, and that record."""
        at = batch.n - 1
        rest, last = _records(batch, 0, at), _records(batch, at, batch.n)
        rest.skipped, rest.unusable, last.last_name = batch.skipped, batch.unusable, batch.last_name
        found = enumerate(zip(rest.values, last.values, strict=True))
        whole = [v for k, (r, v) in found if not _is_half(self._others(r, k), v)]
        self.halves = len(last.values) - len(whole)
        is_half_name = batch.last_name is not None and not is_name_of_media(batch.last_name)
        is_half_name = is_half_name or any(map(_ends_in_half_note, last.values))
        if not last.fates and (is_half_name or not whole):
            last.fates[0] = why.CUT_OFF
        elif not last.fates:
            last.values = whole
        return rest, last

    def _others(self, rest: Values, k: int) -> Values:
        """What stood before in the same column: the last line may be a batch of its own."""
        is_alone = not len(rest.text) and k < len(self.before)
        return self.before[k] if is_alone and self.before[k].kinds == rest.kinds else rest

    def take(
        self, tally: Tally, last: Batch, first: int, seen: set[str], notices: list[str]
    ) -> SortedBatch:
        """The last record, without what may be half of an entry. `seen` are the kinds before."""
        some = tally.take(last, first)
        if not last.fates and self.halves:
            tally.read += self.halves
            tally.skipped[why.CUT_OFF] += self.halves
        digests = {*IMAGE_KINDS, *HASHED_LINK_KINDS}
        longest = max((_bits(kind) for kind in seen & digests), default=0)
        doubtful = {k for k in some.entries.keys() & digests - seen if _bits(k) < longest}
        for kind in doubtful:
            n = sum(map(len, some.entries.pop(kind).digests))
            tally.skipped[why.CUT_OFF] += n
        if doubtful and not some.entries:
            tally.taken -= 1
            tally.lost[why.CUT_OFF] += 1
        if some.entries.keys() - digests or (some.entries and not seen):
            notices.append(_LAST)
        if why.CUT_OFF in tally.skipped and HALF not in notices:
            notices.append(HALF)
        return some


def _ends_in_half_note(values: Values) -> bool:
    found = re.search(r"\s#(.*)", str(values.text[-1])) if len(values.text) else None
    return found is not None and (not found[1].strip() or begins_word(found[1]))


def _bits(kind: str) -> int:
    return {"md5": 128, "sha1": 160, "sha256": 256}[kind.rpartition("_")[2]]


def _is_half(rest: Values, last: Values) -> bool:
    """Whether digests of a column have one length, and its last a shorter one."""
    before = [str(value).strip() for value in rest.text[max(0, len(rest.text) - 100) :]]
    text = str(last.text[0]).strip() if len(last.text) == 1 else ""
    lengths = {len(value) for value in before}
    return is_hex(text) and len(lengths) == 1 and len(text) < min(lengths) and is_hex(before[0])


def _records(batch: Batch, first: int, end: int) -> Batch:
    """Some records of a batch that lie together."""
    values = []
    for some in batch.values:
        text, of = some.text[first:end], None
        if some.of is not None:
            places = [i for i, record in enumerate(some.of) if first <= record < end]
            text = [str(some.text[i]) for i in places]
            of = [some.of[i] - first for i in places]
        values.append(Values(some.kinds, text, of))
    fates = {i - first: fate for i, fate in batch.fates.items() if first <= i < end}
    ids = None if batch.ids is None else batch.ids[first:end]
    traits = None if batch.traits is None else batch.traits[first:end]
    return Batch(end - first, values, fates, ids, traits)
