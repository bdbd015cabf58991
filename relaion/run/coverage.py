"""How many rows could be matched by what, for the audit: a line a subset and role."""

from dataclasses import dataclass
from itertools import groupby

from relaion.run.inputs import Inputs
from relaion.shards.coverage import cover

ROLES = ("url", "text", "punsafe", "image_md5", "image_sha1", "image_sha256")


@dataclass(frozen=True)
class Coverage:
    """Rows of a subset, and those that have a value for a role: neither NULL nor NaN."""

    subset: str
    role: str
    rows: int
    covered: int


def coverage(inputs: Inputs) -> tuple[Coverage, ...]:
    """Counted from footers, or by reading a column where they are mute."""
    lines = []
    for subset, members in groupby(inputs.shards, key=lambda n: n.shard.subset):
        shards = [n.shard for n in members]
        for role in ROLES:
            found = cover(shards, role)
            lines.append(Coverage(subset, role, found.rows, found.present))
    return tuple(lines)
