"""How many rows could be matched by what, for the audit: a line a subset, role and way."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from relaion.run.inputs import Inputs
from relaion.run.numbering import Numbered
from relaion.shards.coverage import cover
from relaion.shards.rowhash import needs_hashes

ROLES = ("url", "text", "punsafe", "row_hash", "image_md5", "image_sha1", "image_sha256")


@dataclass(frozen=True)
class Coverage:
    """Rows of a subset, and those that have a value for a role: neither NULL nor NaN.

    `via` says whence: a `column` of the shards, a `sidecar`, or `computed`. `covered` is
    reckoned from `sampled` rows where it is `estimated`.
    """

    subset: str
    role: str
    rows: int
    covered: int
    via: str = "column"
    estimated: bool = False
    sampled: int | None = None


def coverage(inputs: Inputs, *, row_hashes: bool = False) -> tuple[Coverage, ...]:
    """Counted from footers, or by reading a column where they are mute.

    `row_hashes`: the run computes them where a shard has none.
    """
    lines: list[Coverage] = []
    for subset, members in groupby(inputs.shards, key=lambda n: n.shard.subset):
        lines += _of_subset(subset, list(members), row_hashes=row_hashes)
    return tuple(lines)


def _of_subset(subset: str, members: list[Numbered], *, row_hashes: bool) -> Iterator[Coverage]:
    shards = [n.shard for n in members]
    for role in ROLES:
        found = cover(shards, role)
        yield Coverage(subset, role, found.rows, found.present)
        if role == "row_hash" and row_hashes and any(map(needs_hashes, shards)):
            yield Coverage(subset, role, found.rows, found.rows - found.present, "computed")
