"""How many rows could be matched by what: from the footers, or by a count where they are mute."""

from collections.abc import Sequence
from dataclasses import dataclass

from relaion.engine import ShardSource, connect
from relaion.run.inputs import Inputs
from relaion.run.numbering import Numbered, sources

ROLES = ("url", "text", "punsafe", "image_md5", "image_sha1", "image_sha256")


@dataclass(frozen=True)
class Coverage:
    """Rows of a subset, and those in which a role's column exists and is not NULL.

    A score of NaN counts as covered: footers do not tell it from another.
    """

    subset: str
    role: str
    rows: int
    covered: int


def coverage(inputs: Inputs) -> tuple[Coverage, ...]:
    """A line for each subset and role."""
    rows: dict[str, int] = {}
    covered: dict[tuple[str, str], int] = {}
    for n in inputs.shards:
        subset = n.shard.subset
        rows[subset] = rows.get(subset, 0) + n.shard.rows
        for role in ROLES:
            key = (subset, role)
            covered[key] = covered.get(key, 0) + _covered(n, role)
    return tuple(Coverage(s, r, rows[s], n) for (s, r), n in covered.items())


def _covered(numbered: Numbered, role: str) -> int:
    shard = numbered.shard
    column = shard.layout.roles.get(role)
    if column is None:
        return 0
    facts = shard.facts.get(column.position)
    if facts is not None and facts.nulls is not None:
        return shard.rows - facts.nulls
    return _count(sources([numbered]), role)


def _count(found: Sequence[ShardSource], role: str) -> int:
    with connect(threads=1) as engine:
        engine.view_shards(found)
        ((n,),) = engine.rows(f"select count({role}) from shard")  # noqa: S608 - one of ROLES
    return int(n)
