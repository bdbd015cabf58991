"""Shards and their layouts: one footer each, grouped by what they hold.

Shards of one subset with the same column names, types and roles form a group; layouts are
never mixed. How digests are written is told of one shard of a group, for people only.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

import pyarrow as pa

from relaion.errors import DamagedError, InputError
from relaion.parquet.columns import (
    ColumnFacts,
    count_missing,
    facts,
    has_value,
    open_parquet,
    sample_values,
)
from relaion.parquet.footer import Footer, check_sound, read_footer
from relaion.parquet.overrides import Columns, listed, named_by
from relaion.parquet.role_rules import bare_name
from relaion.parquet.roles import Column, Layout, describe, detect, settle
from relaion.paths import ShardPath, Stamp, shown, stamp_of
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


@dataclass(frozen=True)
class Shard:
    """One parquet file as its footer describes it; `bytes` is its size on disk.

    `layout`'s encodings are None until `group_shards` has looked at values. `facts` holds, by
    position, what the footer says about columns that play a role. `stamp` and `footer`, the
    SHA-256 of the footer's bytes, tell whether the file is still the one that was described.
    """

    path: Path
    subset: str
    name: str
    rows: int
    bytes: int
    row_groups: int
    schema: pa.Schema
    layout: Layout
    facts: Mapping[int, ColumnFacts] = field(default_factory=dict, compare=False)
    stamp: Stamp | None = field(default=None, compare=False)
    footer: str = field(default="", compare=False)

    @property
    def says_empty(self) -> bool:
        """Whether the footer may say of some row group that a column with a role is all NULL."""
        facts = (self.facts.get(column.position) for column in self.layout.used)
        return any(fact is None or fact.says_empty for fact in facts)

    def is_still(self) -> bool:
        """Whether the file is as it was described; a further hard link leaves it so."""
        if self.stamp is None:
            return True
        stamp = stamp_of(self.path)
        if stamp.written != self.stamp.written:
            return False
        return stamp == self.stamp or _digest(read_footer(self.path)) == self.footer


@dataclass(frozen=True)
class LayoutGroup:
    """Shards of one subset whose columns have the same names, types and roles."""

    subset: str
    shards: tuple[Shard, ...]
    layout: Layout


def read_shard(
    shard_path: ShardPath,
    overrides: Columns | None = None,
    *,
    needs_link: bool = True,
    settled: bool = True,
) -> Shard:
    """Read the footer of one shard and give roles to its columns.

    `settled` off leaves rivals for a role as their names tell. Raises DamagedError, in one
    line that names the file, for what is no parquet file and a file that is damaged or
    encrypted; InputError for an override that does not fit, for two link columns that both
    hold values and of which the user named none, and (unless `needs_link` is off, as for a
    sidecar) for a file without a link column. A file whose link column has no value at all
    needs none: it has no link to look at.
    """
    path = shard_path.path
    stamp = _stamp(path)
    footer = read_footer(path)
    check_sound(footer)
    try:
        with open_parquet(path) as file:
            schema, meta = file.schema_arrow, file.metadata
            layout = _named(path, lambda: detect(schema, overrides))
            found = facts(footer, file, layout)
            rows, row_groups = meta.num_rows, meta.num_row_groups
    except UnicodeDecodeError:
        raise InputError(f"{shown(path)}: a column's name is not UTF-8; rename it") from None
    except (OSError, pa.ArrowException):
        # pyarrow's message may quote a value
        raise DamagedError(f"{shown(path)}: has a damaged footer; get the file again") from None
    if settled and layout.contested:
        layout = _named(path, lambda: settle(layout, lambda column: has_value(path, column)))
    if needs_link and "url" not in layout.roles and not _is_void(path, rows, layout):
        raise InputError(f"{shown(path)}: {_no_link(layout)}")
    if _stamp(path).written != stamp.written:
        raise DamagedError(f"{shown(path)}: was changed while it was read; wait until it is whole")
    return Shard(
        path, shard_path.subset, shard_path.name, rows, stamp.size, row_groups, schema, layout,
        found, stamp, _digest(footer),
    )  # fmt: skip


def _stamp(path: Path) -> Stamp:
    try:
        return stamp_of(path)
    except InputError as e:
        raise DamagedError(str(e)) from None


def _digest(footer: Footer) -> str:
    return hashlib.sha256(footer.data).hexdigest()


def schema_names(shard_path: ShardPath) -> list[str]:
    """The names of a shard's columns; raises what `read_shard` raises for a file it cannot read."""
    return [c.name for c in read_shard(shard_path, needs_link=False, settled=False).layout.columns]


def _named(path: Path, make: Callable[[], Layout]) -> Layout:
    try:
        return make()
    except InputError as e:
        raise type(e)(f"{shown(path)}: {e}") from None


def _is_void(path: Path, rows: int, layout: Layout) -> bool:
    """Whether the column that is a link by name, or by the user's word, has no value at all.

    A writer that met no link gives the column any type: none (Arrow's null), or that of NaN.
    """
    names = [c.name for c in layout.columns]
    said = [name for role, name in layout.overrides if role == "url"]
    named = {i for name in said for i in named_by(name, names)}
    for column in layout.columns:
        if column.position in named or (not named and column in _mistaken(layout)):
            if not rows or column.type == "null":
                return True
            return sum(count_missing(path, column)) == rows
    return False


def _mistaken(layout: Layout) -> list[Column]:
    """Columns that are links by their names and cannot be, by their types."""
    return [c for c in layout.refused if bare_name(c.name).lower() in ROLES["url"].names]


def _no_link(layout: Layout) -> str:
    names = [column.name for column in layout.columns]
    for mistaken in _mistaken(layout)[:1]:
        return f"no link column: {shown(mistaken.name)} is {mistaken.why}"
    hints = ("url", "uri", "link", "href", "src")
    likely = [
        c.name
        for c in layout.columns
        if c.type == "string" and not c.why and any(hint in c.name.lower() for hint in hints)
    ]
    say = f"say --column url={shown(likely[0])}" if likely else "name it with --column url=NAME"
    return f"no link column; it has {listed(names)}; {say}"


def group_shards(shards: Sequence[Shard]) -> list[LayoutGroup]:
    """Group shards by subset and layout, in the order given within each group.

    Groups come in order of subset, then of their first shard. A few values of digest columns
    are read from one shard a group, to say how they are written. Raises InputError for a
    column that the user named and whose values are no digest, DamagedError where values cannot
    be read.
    """
    alike: dict[tuple[object, ...], list[Shard]] = {}
    for shard in shards:
        alike.setdefault((shard.subset, signature(shard.layout)), []).append(shard)
    groups = [_described(members) for members in alike.values()]
    order = {shard.path: i for i, shard in enumerate(shards)}
    return sorted(groups, key=lambda g: (g.subset, order[g.shards[0].path]))


def signature(layout: Layout) -> tuple[object, ...]:
    """What shards of one group have in common."""
    return (
        layout.overrides,
        tuple((c.name, c.type, c.role, c.order) for c in layout.columns),
    )


def _described(members: Sequence[Shard]) -> LayoutGroup:
    model = next((s for s in members if s.rows), members[0])
    layout = _named(
        model.path,
        lambda: describe(model.layout, lambda column: sample_values(model.path, column)),
    )
    shards = tuple(replace(shard, layout=layout) for shard in members)
    return LayoutGroup(members[0].subset, shards, layout)


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
            notices.append(
                f"subset {shown(subset)}: {len(group.shards)} of {total} shards have another "
                f"layout ({_difference(group.layout, rule.layout)}), such as "
                f"{shown(group.shards[0].name)}"
            )
        if others[_TOLD:]:
            notices.append(f"subset {shown(subset)}: and {len(others) - _TOLD} layouts more")
    return tuple(notices)


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
