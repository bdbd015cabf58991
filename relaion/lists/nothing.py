"""Files that are refused as little, or nothing, in them can be an entry: with what to do.

A file of which less than half of the records can be read is not taken. That nothing in it can be an
entry is said as soon as it is sure: where the first records bring nothing and a quick look at all
lines finds none that may hold one, no digest in any dress, no link, no path, no pattern. A file
whose entries come late has such a line, and is read to its end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Set

import pyarrow as pa
import pyarrow.compute as pc

from relaion.errors import ListError
from relaion.lists.digests import PLACEHOLDERS
from relaion.lists.marks import ADVICE
from relaion.lists.normalise import Tally
from relaion.lists.readers import why
from relaion.lists.readers.containers.delivered import DeliveredFile
from relaion.lists.readers.containers.text import blocks
from relaion.lists.readers.format import Options
from relaion.lists.values import NOTHING, WRONG_LENGTH
from relaion.roles import IMAGE_KINDS


def refuse_unusable(tally: Tally, options: Options, *, so_far: bool, text: int = 0) -> None:
    """Raise ListError where less than half of the records could be read.

    `text` of them are lines of a letter, which were understood and hold no entry. Known reasons,
    such as that a record is of a video, are no fault of how it is written.
    """
    unread = {
        w: n for w, n in tally.lost.items() if w not in why.UNDERSTOOD and w not in PLACEHOLDERS
    }
    text = min(text, unread.get(NOTHING, 0))
    named = min(unread.get(why.OTHER_HASH, 0), tally.unusable.total())  # `PDQ`, and no slip
    n, records = sum(unread.values()) - text - named, tally.records - text
    if options.partial or n * 2 <= records or not (tally.taken or so_far):
        return  # of a file without any entry the store tells
    by_number = sorted(unread.items(), key=lambda x: -x[1])
    told = ", ".join(f"{because}: {k:,}" for because, k in by_number[:10])
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
    of_both = "; so do two MD5s without a line end between" * ("image_md5" in told)
    return [_NO_WORD] * bool(told) + [_MAYBE_PDQ + of_both] * ("image_sha256" in told)


_ADVICE = {
    why.ONLY_HOST: "where each is to stand for all that is there, use --scope host",
    why.GOOD: "known-good hashes are added with --role good, and remove nothing",
    why.VIDEO: "digests of videos match no image",
    why.NO_IMAGE: "digests of documents and programs match no image; if they are images under such "
    "names, say --ignore with the name of the column that holds these",
    why.TAKEN_BACK: "what was taken back leaves a list with `relaion lists add --update ID`",
    **dict.fromkeys(
        (why.ALLOWS, why.HIDES, why.MAPS, why.NARROW, why.OWN_POLICY, why.PATTERN),
        "only rules that block a whole host are taken, and there is none; export the hosts that "
        "are blocked as txt, one a line",
    ),
    why.UNCONFIRMED: "where such records are listed all the same, choose them with --where",
    why.REFERENCE: "ask the giver for what is listed, and not for links that tell of it",
    why.SEEN: "only an indicator lists something; ask the giver for indicators",
    **ADVICE,
    why.NOT_CHOSEN: "check the words of --where",
    why.BAD: "leave --role good out",
    why.OTHER_HASH: "ask the giver for MD5, SHA-1 or SHA-256 of the images' bytes",
    why.NO_ENTRY: "ask the giver for MD5, SHA-1 or SHA-256 of the images' bytes, or for links",
    WRONG_LENGTH: "an MD5 has 32 digits, a SHA-1 40, a SHA-256 64; others match nothing; "
    "of rows of LAION say --kind row_hash",
}
# RE2 knows nothing of what stands around: each alternative is more than an entry needs
_MAY_HOLD = (
    r"[/\\%*?]|:\S|[0-9A-Fa-f]{32}"
    r"|(?m:(?:^|[^A-Za-z0-9+/_.-])[A-Za-z0-9+/_-]{22,}=*\.?(?:$|[^A-Za-z0-9+/_.=-]))"
    r"|[0-9A-Fa-f]{8}[-: .][0-9A-Fa-f]{8}|(?:[0-9A-Fa-f]{2,7}[-: .]){4}[0-9A-Fa-f]{2}"
    r"|[^\x00-\x{1FFF}]"
)


def advice_for(skipped: Mapping[str, int]) -> str:
    """What to do where nothing is an entry, by the reason of most values."""
    if not skipped:  # nothing to say a kind of
        return "check that it is the list, and that all of it came"
    because = max(skipped, key=lambda reason: skipped[reason])
    return _ADVICE.get(because, "check that it is the list, or say what it holds with --kind")


def told_of(skipped: Mapping[str, int]) -> str:
    """Why values are no entries, and how many."""
    return ", ".join(f"{reason}: {n:,}" for reason, n in sorted(skipped.items()))


def nothing_in(skipped: Counter[str]) -> ListError:
    """That no line of a file is an entry, without the file's name; its first ones are `skipped`."""
    return ListError(
        f"nothing in it can be an entry (of its first {skipped.total():,} values "
        f"{told_of(skipped)}; no other line looks like a link or a hash), and an empty list is "
        f"refused: {advice_for(skipped)}"
    )


def may_hold_entry(file: DeliveredFile, options: Options) -> bool:
    """Whether a line of a file may hold an entry, by a quick look at all of it.

    With a kind, a scope or columns that were named anything may be one.
    """
    if options.kind or options.scope or options.columns:
        return True
    for block in blocks(file, Counter()):
        try:
            found = pc.match_substring_regex(pa.array([block], pa.string()), _MAY_HOLD)
        except (UnicodeEncodeError, pa.ArrowInvalid):
            return True
        if found[0].as_py():
            return True
    return False
