"""What a delivery took back, and what its curator should know of it."""

from dataclasses import dataclass

_UNMET = (
    "records that take back what the list does not hold, or no longer holds: {:,}; they changed "
    "nothing"
)
_ELSEWHERE = (
    ", and {:,} of them name what other lists of the store hold: where those are meant, add the "
    "files with --update and the number of that list"
)
_HELD_BY_OTHERS = (
    "records that it takes back, and that other lists of the store hold: {:,}; they stay listed "
    "there until you add the files with --update ID"
)
_STILL = (
    "entries that it took back, and that other lists of the store hold: {:,}; they stay listed "
    "there, and rows still leave by them"
)
_UNCHOSEN = (
    "entries that the list held, and that --where does not choose in this delivery, left the list: "
    "{:,}"
)

_PARTED = (
    "entries that one file of the delivery lists and another one takes back: {:,}, of which {:,} "
    "stay listed; the file that is named last counts: where that is wrong, withdraw the list and "
    "name the files in the order in which they were made"
)

_BESIDE = (
    "digests and links that stand in one record with a value that was taken back: {:,}; they stay "
    "listed: where their whole record is meant, take them back, too, or it by its giver's id"
)


@dataclass(frozen=True)
class TakenBack:
    """How many entries of this list, and of earlier ones, a delivery took back.

    Of the earlier ones `--where` does not choose `unchosen` any more. `unmet` records took nothing
    back, of which `elsewhere` name what other lists hold; `still` entries of earlier ones were
    taken back, and another list holds them; `parted` stand in one file of the delivery and are
    taken back by another, and `parted_in` of these stay listed. `beside` stand in a record of which
    another value was taken back.
    """

    own: int = 0
    earlier: int = 0
    unchosen: int = 0
    unmet: int = 0
    elsewhere: int = 0
    still: int = 0
    parted: int = 0
    parted_in: int = 0
    beside: int = 0

    @property
    def between_files(self) -> list[str]:
        """What files of the delivery contradict each other in, where their order alone decides."""
        return [_PARTED.format(self.parted, self.parted_in)] * bool(self.parted)

    def told(self, *, is_update: bool, is_full: bool) -> list[str]:
        """What the curator should know of it."""
        told = [_UNCHOSEN.format(self.unchosen)] * bool(self.unchosen)
        told += [_BESIDE.format(self.beside)] * bool(self.beside and not is_full)
        if not is_update:
            return told + [_HELD_BY_OTHERS.format(self.elsewhere)] * bool(self.elsewhere)
        if self.unmet and not is_full:
            others = _ELSEWHERE.format(self.elsewhere) * bool(self.elsewhere)
            told.append(_UNMET.format(self.unmet) + others)
        return told + [_STILL.format(self.still)] * bool(self.still)
