"""A rail: a file of which less than half of the records can be read is not taken."""

from relaion.errors import ListError
from relaion.lists.digests import PLACEHOLDERS
from relaion.lists.marks import ADVICE
from relaion.lists.normalise import Tally
from relaion.lists.readers.format import UNDERSTOOD, Options


def refuse_unusable(tally: Tally, options: Options, *, so_far: bool) -> None:
    """Raise ListError where less than half of the records could be read.

    Known reasons, such as that a record is of a video, are no fault of how it is written.
    """
    unread = {w: n for w, n in tally.lost.items() if w not in UNDERSTOOD and w not in PLACEHOLDERS}
    n = sum(unread.values())
    if options.partial or n * 2 <= tally.records or not (tally.taken or so_far):
        return  # of a file without any entry the store tells
    by_number = sorted(unread.items(), key=lambda x: -x[1])
    told = ", ".join(f"{why}: {k:,}" for why, k in by_number[:10])
    advice = ADVICE.get(by_number[0][0], "check that it is the list and how it is written")
    raise ListError(
        f"only {tally.records - n:,} of {tally.records:,} records"
        + (" at its beginning" if so_far else "")
        + f" can be read ({told}); {advice}, or take what can be read with --partial"
    )
