"""What rows can be matched by, and how many have a value to match."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from relaion.parquet.digests import ENCODINGS, NONE
from relaion.parquet.glossary import NO_COLUMN, bare_name, misfit
from relaion.parquet.layout import Shard
from relaion.parquet.roles import Column
from relaion.paths import shown
from relaion.roles import ROLES, WIDTHS

# -- How many rows have a value in a column that plays a role: as footers state, else by reading --


@dataclass(frozen=True)
class RoleCoverage:
    """Rows of some shards that have a value for one role.

    `rows` are all rows, `present` those with a value that is neither NULL nor NaN. `nans`
    is None where NaN was not looked for: such rows then count as present. `counted` says
    how: `footers`, `reading`, or `footers and reading`; empty where there is no column.
    """

    role: str
    columns: tuple[str, ...]
    rows: int
    present: int
    nans: int | None
    counted: str


# which counts: `count_values.cover`
Cover: TypeAlias = Callable[[Sequence[Shard], str], RoleCoverage]


# -- What rows can be matched by: which lists and rules find something to look at --------------

# what a lab wants to know, in this order: role, in words, the list kinds or rules it serves
_USES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("url", "link", ("url", "url_md5", "url_sha1", "url_sha256", "host", "url_prefix")),
    ("image_md5", "image MD5", ("image_md5",)),
    ("image_sha1", "image SHA-1", ("image_sha1",)),
    ("image_sha256", "image SHA-256", ("image_sha256",)),
    ("row_hash", "row hash", ("row_hash",)),
    ("punsafe", "rule on score", ("unsafe",)),
    ("text", "rule on keywords", ("unsafe_keyword",)),
)


@dataclass(frozen=True)
class Match:
    """Whether rows can be matched by one thing, for how many of them, and why not.

    `kinds` are the list kinds, or the rule, that look at the column of `role`; `present` of
    `rows` have a value there, or one that is computed from link and caption (row hashes).
    `nans` are scores that are NaN and so none; None where they were not looked for.
    `counted` is Coverage's. `detail` says which column, or why none.
    """

    what: str
    role: str
    kinds: tuple[str, ...]
    possible: bool
    present: int
    rows: int
    nans: int | None
    counted: str
    detail: str


def uses(shards: Sequence[Shard], cover: Cover) -> tuple[Match, ...]:
    """What the rows of some shards can be matched by, in a fixed order.

    Raises InputError for a column that has to be read and cannot be.
    """
    told = {role: cover(shards, role) for role, _, _ in _USES}
    return tuple(
        _match(told[role], what, kinds, told, shards, cover) for role, what, kinds in _USES
    )


def _match(
    here: RoleCoverage,
    what: str,
    kinds: tuple[str, ...],
    told: dict[str, RoleCoverage],
    shards: Sequence[Shard],
    cover: Cover,
) -> Match:
    detail = _detail(here, shards)
    if here.role == "row_hash" and (computed := _computable(shards, here, cover)):
        here = replace(here, present=here.present + computed)
        detail = _computed(detail)
    possible = here.present > 0
    if here.role == "text" and possible and not told["punsafe"].present:
        # the rule asks for a keyword and a score, so that captions alone meet nothing
        possible, detail = False, "no safety score, which the rule needs too"
    return Match(
        what,
        here.role,
        kinds,
        possible,
        here.present,
        here.rows,
        here.nans,
        here.counted,
        detail,
    )


def _computable(shards: Sequence[Shard], here: RoleCoverage, cover: Cover) -> int:
    """Rows without a row hash of their own from whose link and caption it is computed."""
    able = [s for s in shards if {"url", "text"} <= s.layout.roles.keys()]
    if len(able) == len(shards):
        return here.rows - here.present
    return sum(s.rows for s in able) - cover(able, "row_hash").present


def _computed(detail: str) -> str:
    how = "computed from link and caption"
    if detail.startswith("column"):
        return f"{detail}; {how} where it is missing"
    return how if detail == NO_COLUMN else f"{how}; {detail}"


def _detail(here: RoleCoverage, shards: Sequence[Shard]) -> str:
    if not here.columns:
        return _why_none(here.role, shards)
    named = "column " + " or ".join(shown(name) for name in here.columns)
    looked_at = [c for s in shards for c in s.layout.playing(here.role) if c.role in WIDTHS]
    ways = {ENCODINGS[c.encoding or "hex"] for c in looked_at if c.encoding != NONE}
    bare = {c.why.partition("; ")[2] for c in looked_at if c.encoding == NONE}
    if here.rows and not here.present:
        named += ", without a value in any row"
    elif ways:
        named += " in " + " or ".join(sorted(ways))
    if bare:
        named += "; " + "; ".join(sorted(bare))
    if here.nans:
        named += f"; NaN, which is no score: {here.nans:,}"
    if here.nans is None:
        named += "; NaN, which is no score, was not looked for"
    return named


def _why_none(role: str, shards: Sequence[Shard]) -> str:
    """Why no column plays a role: there is none, or the one by that name was refused."""
    for shard in shards:
        for column in shard.layout.refused:
            if bare_name(column.name).lower() in ROLES[role].names and not _meant_otherwise(
                column, role
            ):
                return f"not by column {shown(column.name)}: {column.why}"
    return NO_COLUMN


def _meant_otherwise(column: Column, role: str) -> bool:
    """`hash` is LAION's row hash as a number, and an image hash as text or bytes."""
    is_number = bool(misfit("image_md5", column.type))
    return bare_name(column.name).lower() == "hash" and is_number is (role in WIDTHS)
