"""Shards and their layouts as plain values, grouped by what they hold.

Shards of one subset with the same column names, types and roles form a group; layouts are
never mixed. How digests are written is told of one shard of a group, for people only.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

from relaion.parquet.footer import Footer, read_footer
from relaion.parquet.glossary import bare_name
from relaion.parquet.roles import Layout, listed
from relaion.parquet.sights import NOTHING, Sights
from relaion.paths import Stamp, several, shown, stamp_of
from relaion.roles import ROLES

# -- Layouts by the names that people know them by, told from names of columns in any case -----

# what it is -> columns that it has; the first that fits is told, so the special ones come first
_KNOWN: tuple[tuple[str, str], ...] = (
    ("Re-LAION-5B", "url caption similarity hash punsafe key status md5"),
    ("laion-coco", "url text top_caption all_captions"),
    ("LAION-5B translated to English", "url text|eng text"),
    ("LAION-Aesthetics", "url text hash aesthetic_score"),
    ("LAION-Aesthetics", "url text hash aesthetic"),
    ("LAION-5B multi as first published", "sample_id url text license nsfw similarity language"),
    ("LAION-400M, or LAION-5B as first published", "sample_id url text license nsfw similarity"),
    ("LAION-5B with scores (joined)", "url text similarity hash punsafe pwatermark"),
    ("a LAION table of safety scores", "hash prediction"),
    ("a LAION table of watermark scores", "hash pwatermark"),
    ("LAION-POP", "url cogvlm_caption"),
    ("DataComp", "uid url text clip_l14_similarity_score sha256"),
    ("COYO-700M", "url text image_phash clip_similarity_vitb32"),
    ("PD12M", "url caption hash mime_type"),
    ("a download by img2dataset", "url key status error_message"),
)


def known_as(names: Iterable[str]) -> str:
    """The data set, or the program, whose columns these are; empty if none is known."""
    lower = {bare_name(name).lower() for name in names}
    return next((what for what, needed in _KNOWN if _columns(needed) <= lower), "")


def _columns(needed: str) -> set[str]:
    first, _, blank = needed.partition("|")  # one name holds a blank
    return set(first.split()) | ({blank} if blank else set())


@dataclass(frozen=True, slots=True)
class Shard:
    """One parquet file as its footer describes it; `bytes` is its size on disk.

    `layout`'s encodings are None until `group_shards` has looked at values. `nulls` has, by
    position, how many NULLs the footer counts in a column that plays a role, None where it does
    not count; `says_empty`, whether it may say of some row group that such a column is all NULL.
    `stamp` and `footer`, the SHA-256 of the footer's bytes, tell whether the file is still the
    one that was described. `sights` are what was seen in columns that play no role, `looked`
    whether values of them were read. `unwritable` is why no row can be left out of it, if so.
    """

    path: Path
    subset: str
    name: str
    rows: int
    bytes: int
    row_groups: int
    layout: Layout
    nulls: Mapping[int, int | None] = field(default_factory=dict, compare=False)
    says_empty: bool = field(default=True, compare=False)
    stamp: Stamp | None = field(default=None, compare=False)
    footer: str = field(default="", compare=False)
    sights: Sights = field(default=NOTHING, compare=False)
    looked: bool = field(default=False, compare=False)
    unwritable: str = field(default="", compare=False)

    @property
    def names(self) -> list[str]:
        """The names of all columns."""
        return [column.name for column in self.layout.columns]

    def is_still(self) -> bool:
        """Whether the file is as it was described; a further hard link leaves it so."""
        if self.stamp is None:
            return True
        stamp = stamp_of(self.path)
        if stamp.written != self.stamp.written:
            return False
        return stamp == self.stamp or footer_digest(read_footer(self.path)) == self.footer


def footer_digest(footer: Footer) -> str:
    """The SHA-256 of a footer's bytes."""
    return hashlib.sha256(footer.data).hexdigest()


@dataclass(frozen=True)
class LayoutGroup:
    """Shards of one subset whose columns have the same names, types and roles."""

    subset: str
    shards: tuple[Shard, ...]
    layout: Layout


def grouped(shards: Sequence[Shard], describe: Callable[[Shard], Layout]) -> list[LayoutGroup]:
    """Group shards by subset and layout, in the order given within each group.

    Groups come in order of subset, then of their first shard. `describe` tells of one shard a
    group how its digests are written.
    """
    signatures: dict[int, tuple[object, ...]] = {}  # shards share their layouts
    alike: dict[tuple[object, ...], list[Shard]] = {}
    for shard in shards:
        known = id(shard.layout)
        if known not in signatures:
            signatures[known] = signature(shard.layout)
        alike.setdefault((shard.subset, signatures[known]), []).append(shard)
    groups = []
    for members in alike.values():
        # what one shard holds in a column that plays no role is said of all
        sights = frozenset().union(*{shard.sights for shard in members})
        first = next((s for s in members if s.rows), members[0])
        layout = describe(replace(first, sights=sights))
        described = tuple(replace(shard, layout=layout) for shard in members)
        groups.append(LayoutGroup(members[0].subset, described, layout))
    order = {shard.path: i for i, shard in enumerate(shards)}
    return sorted(groups, key=lambda g: (g.subset, order[g.shards[0].path]))


def signature(layout: Layout) -> tuple[object, ...]:
    """What shards of one group have in common."""
    return (
        layout.overrides,
        tuple((c.name, c.type, c.role, c.order) for c in layout.columns),
    )


# -- Words for subsets whose shards do not all have one layout ---------------------------------

_TOLD = 3  # layouts of one subset


def mixed_notices(groups: Sequence[LayoutGroup]) -> tuple[str, ...]:
    """A line for each of the first groups that differ from the largest one of their subset."""
    notices = []
    for subset, members in groupby(groups, key=lambda g: g.subset):
        together = list(members)
        total = sum(len(group.shards) for group in together)
        rule = max(together, key=lambda g: len(g.shards))
        others = [group for group in together if group is not rule]
        for group in others[:_TOLD]:
            have = "has" if len(group.shards) == 1 else "have"
            notices.append(
                f"subset {shown(subset)}: {len(group.shards):,} of {several(total, 'shard')} "
                f"{have} another layout ({_difference(group.layout, rule.layout)}), such as "
                f"{shown(group.shards[0].name)}"
            )
        if others[_TOLD:]:
            more = several(len(others) - _TOLD, "layout")
            notices.append(f"subset {shown(subset)}: and {more} more")
    return tuple(notices)


def unwritable(shards: Iterable[Shard]) -> tuple[str, ...]:
    """A line for the first shard out of which no row can be left."""
    found = [shard for shard in shards if shard.unwritable]
    more = f" ({len(found):,} shards are so)" if len(found) > 1 else ""
    return tuple(
        f"`clean` refuses this shard where a row has to leave: {s.unwritable}{more}"
        for s in found[:1]
    )


def _difference(here: Layout, rule: Layout) -> str:
    """How one layout differs from another, by what it means for matching."""
    lacks = [ROLES[r].noun for r in ROLES if r in rule.roles and r not in here.roles]
    has = [ROLES[r].noun for r in ROLES if r in here.roles and r not in rule.roles]
    told = []
    if lacks:
        told.append(f"without {', '.join(lacks)}")
    if has:
        told.append(f"with {', '.join(has)}")
    for role in ROLES:
        ours, theirs = ([c.name for c in x.playing(role)] for x in (here, rule))
        if ours and theirs and ours != theirs:
            told.append(f"{ROLES[role].noun} in {listed(ours)} instead of {listed(theirs)}")
    return "; ".join(told) or "other columns, the same roles"
