"""A rail: a file of which less than half of the records can be read is not taken."""

from collections.abc import Set

from relaion.errors import ListError
from relaion.lists.digests import PLACEHOLDERS
from relaion.lists.marks import ADVICE
from relaion.lists.normalise import Tally
from relaion.lists.readers.format import UNDERSTOOD, Options
from relaion.lists.values import NOTHING
from relaion.roles import IMAGE_KINDS


def refuse_unusable(tally: Tally, options: Options, *, so_far: bool, text: int = 0) -> None:
    """Raise ListError where less than half of the records could be read.

    `text` of them are lines of a letter, which were understood and hold no entry. Known reasons,
    such as that a record is of a video, are no fault of how it is written.
    """
    unread = {w: n for w, n in tally.lost.items() if w not in UNDERSTOOD and w not in PLACEHOLDERS}
    text = min(text, unread.get(NOTHING, 0))
    n, records = sum(unread.values()) - text, tally.records - text
    if options.partial or n * 2 <= records or not (tally.taken or so_far):
        return  # of a file without any entry the store tells
    by_number = sorted(unread.items(), key=lambda x: -x[1])
    told = ", ".join(f"{why}: {k:,}" for why, k in by_number[:10])
    advice = ADVICE.get(by_number[0][0], "check that it is the list and how it is written")
    raise ListError(
        f"only {records - n:,} of {records:,} records"
        + (" at its beginning" if so_far else "")
        + f" can be read ({told}); {advice}, or take what can be read with --partial"
    )


def refuse_pdq(tally: Tally, options: Options) -> None:
    """Raise ListError where digests of 64 digits are balanced, as PDQ hashes are by making."""
    if tally.looks_like_pdq and options.kind is None and not options.columns:
        raise ListError(
            "digests of 64 digits have about half of their bits set, each of them, as PDQ hashes "
            "have and SHA-256 has not: they match no image digest; if they are SHA-256, say --kind "
            "image_sha256"
        )


_NO_WORD = (
    "nothing in the file says of what the digests are: taken as digests of images; if they are of "
    "links, withdraw the list and add it with --kind url_md5 (or url_sha1, url_sha256)"
)
_MAYBE_PDQ = (
    "digests of 64 digits were taken as SHA-256; PDQ hashes look the same, and match nothing"
)


def without_word(kinds: Set[str], options: Options, *, is_named: bool) -> list[str]:
    """The notices for digests of these kinds, of which nothing says what they are of."""
    if is_named or options.kind is not None or options.columns:
        return []
    told = kinds & set(IMAGE_KINDS)
    return [_NO_WORD] * bool(told) + [_MAYBE_PDQ] * ("image_sha256" in told)
