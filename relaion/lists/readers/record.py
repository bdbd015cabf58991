"""What the reader of a format hands on: records, many at a time.

A record is what a partner says of one thing: digests and links of it, and whether it counts. It
ends in exactly one place: among the entries, taken back, or skipped for a reason. Digests of a
kind that no image digest of a data set can meet are counted by their algorithm.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from relaion.roles import HASHED_LINK_KINDS, SCOPED_KINDS

if TYPE_CHECKING:
    import pyarrow as pa

# -- Why a record, though it was understood, brings no entry -------------------------------------

TAKEN_BACK = "marked as taken back"
DISPUTED = "marked as disputed"
GOOD = "known good"
BAD = "listed as bad"  # in a list of what is known good
UNCONFIRMED = "not confirmed by its giver"
NO_CRIME = "in a category that names no crime"
VIDEO = "of a video"
NO_IMAGE = "of something that is no image"
NO_ENTRY = "of a kind that no data set holds"
ONLY_HOST = "only a host"
NOT_CHOSEN = "not chosen by --where"
OTHER_HASH = "a hash of another kind"
HIDES = "a rule that hides a part of a page"
ALLOWS = "a rule that allows"
NARROW = "a rule for less than a whole host"
OF_MACHINE = "a name of the machine itself"
UNDERSTOOD = frozenset((
    TAKEN_BACK, DISPUTED, GOOD, BAD, UNCONFIRMED, NO_CRIME, NO_ENTRY, ONLY_HOST, VIDEO, NO_IMAGE,
    NOT_CHOSEN, HIDES, ALLOWS, NARROW, OF_MACHINE,
))  # fmt: skip
"""Reasons that speak of the record and not of how it is written."""

_OF_MACHINE = re.compile(
    r"(?i)(?:\*\.)?(?:localhost(?:\.localdomain)?|local|broadcasthost|ip6-\w+|0|255\.255\.255\.255"
    r"|0\.0\.0\.0|127\.\d+\.\d+\.\d+|\[?::1?\]?)\.?"
)


def is_of_machine(host: str) -> bool:
    """Whether a host is the machine's own or none at all, as hosts files name them."""
    return _OF_MACHINE.fullmatch(host) is not None


MEDIA = {"image": None, "unknown": None, "video": VIDEO, "other": NO_IMAGE}
STANDINGS = {
    "listed": None, "unknown": None, "retracted": TAKEN_BACK, "disputed": DISPUTED, "good": GOOD,
    "bad": BAD, "unconfirmed": UNCONFIRMED, "no crime": NO_CRIME,
}  # fmt: skip
ALGORITHMS = ("md5", "sha1", "sha256")

_LINK = ("url", *SCOPED_KINDS)


@dataclass(frozen=True)
class Trait:
    """What a giver says beside an entry, each in its own words; None where it says nothing."""

    severity: str | None = None
    media: str | None = None
    first_seen: str | None = None
    last_seen: str | None = None
    confidence: str | None = None
    by: str | None = None


NO_TRAIT = Trait()


@dataclass(frozen=True)
class Record:
    """One record, as the reader of a format may make it.

    `hashes` are (algorithm, encoding, value): `md5`, `url_sha1`, `pdq`; an encoding is `hex`,
    `base32`, `base64` or `any`. `media` is a key of MEDIA, `standing` one of STANDINGS.
    """

    hashes: Sequence[tuple[str, str, str]] = ()
    links: Sequence[str] = ()
    record_id: str | None = None
    media: str = "unknown"
    standing: str = "listed"
    severity: str | None = None
    first_seen: str | None = None
    last_seen: str | None = None
    confidence: str | None = None
    by: str | None = None

    def trait(self) -> Trait:
        """What the record says beside its values."""
        media = None if self.media == "unknown" else self.media
        return Trait(
            self.severity, media, self.first_seen, self.last_seen, self.confidence, self.by
        )

    def fate(self) -> str | None:
        """Why it brings no entry; None where it does."""
        return STANDINGS[self.standing] or MEDIA[self.media]


@dataclass(frozen=True)
class Values:
    """Values as they stand, of which each may be one of `kinds`: the first that fits is taken.

    Value `i` is of record `of[i]` of its batch; without `of`, of record `i`.
    """

    kinds: tuple[str, ...]
    text: pa.Array | Sequence[str]
    of: Sequence[int] | None = None


@dataclass
class Batch:
    """`n` records. `fates` says why some of them bring no entry, by their place in the batch.

    `ids` and `traits` are of each record, or None where the format has none. `skipped` counts
    rows that are no record, by reason; `unusable` digests by algorithm. `last_name` is the name of
    a file with which the last record ends, where one does.
    """

    n: int
    values: Sequence[Values] = ()
    fates: dict[int, str] = field(default_factory=dict)
    ids: Sequence[str | None] | None = None
    traits: Sequence[Trait] | None = None
    skipped: Counter[str] = field(default_factory=Counter)
    unusable: Counter[str] = field(default_factory=Counter)
    last_name: str | None = None


def kinds_of(algorithm: str) -> tuple[str, ...]:
    """The kinds of entry that a digest by this algorithm can be; empty where there is none."""
    if algorithm in HASHED_LINK_KINDS:
        return (algorithm,)
    return (f"image_{algorithm}",) if algorithm in ALGORITHMS else ()


def batch_of(records: Iterable[Record]) -> Batch:
    """Records in columns."""
    held = list(records)
    batch = Batch(len(held), ids=[r.record_id for r in held], traits=[r.trait() for r in held])
    columns: dict[tuple[str, ...], tuple[list[str], list[int]]] = {}
    for i, record in enumerate(held):
        if fate := record.fate():
            batch.fates[i] = fate
        for algorithm, _, value in record.hashes:
            if kinds := kinds_of(algorithm):
                _put(columns, kinds, value, i)
            else:
                batch.unusable[algorithm] += 1
        for link in record.links:
            _put(columns, _LINK, link, i)
    batch.values = [Values(kinds, text, of) for kinds, (text, of) in columns.items()]
    return batch


def _put(
    columns: dict[tuple[str, ...], tuple[list[str], list[int]]],
    kinds: tuple[str, ...],
    value: str,
    i: int,
) -> None:
    text, of = columns.setdefault(kinds, ([], []))
    text.append(value)
    of.append(i)
