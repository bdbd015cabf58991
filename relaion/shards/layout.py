"""Shards and their layouts: one footer each, grouped by what they hold.

Shards of one subset with the same column names, types and roles form a group; layouts are
never mixed. How digests are written is looked up in one shard of a group and held against
the footers of the others.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa

from relaion.errors import DamagedError, InputError
from relaion.paths import ShardPath, Stamp, shown, stamp_of
from relaion.shards.columns import ColumnFacts, facts, open_parquet, sample_values
from relaion.shards.digests import WIDTHS
from relaion.shards.footer import Footer, read_footer
from relaion.shards.overrides import listed
from relaion.shards.roles import Layout, detect, refine
from relaion.shards.sound import check_sound


@dataclass(frozen=True)
class Shard:
    """One parquet file as its footer describes it; `bytes` is its size on disk.

    `layout.encoding`s are None until `group_shards` has looked at values. `facts` holds, by
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

    def is_still(self) -> bool:
        """Whether the file is as it was described; a further hard link leaves it so."""
        if self.stamp is None:
            return True
        stamp = stamp_of(self.path)
        if stamp.written != self.stamp.written:
            return False
        return stamp == self.stamp or _digest(read_footer(self.path)) == self.footer


@dataclass(frozen=True)
class Group:
    """Shards of one subset whose columns have the same names, types and roles."""

    subset: str
    shards: tuple[Shard, ...]
    layout: Layout


def read_shard(
    shard_path: ShardPath,
    overrides: Mapping[str, str] | None = None,
    *,
    needs_link: bool = True,
) -> Shard:
    """Read the footer of one shard and give roles to its columns.

    Raises DamagedError, in one line that names the file, for what is no parquet file and a
    file that is damaged or encrypted; InputError for an override that does not fit and
    (unless `needs_link` is off, as for a sidecar) for a file without a link column.
    """
    path = shard_path.path
    stamp = _stamp(path)
    footer = read_footer(path)
    check_sound(footer)
    try:
        with open_parquet(path) as file:
            schema, meta = file.schema_arrow, file.metadata
            layout = _layout(path, schema, overrides)
            found = facts(file, layout)
            rows, row_groups = meta.num_rows, meta.num_row_groups
    except UnicodeDecodeError:
        raise InputError(f"{shown(path)}: a column's name is not UTF-8; rename it") from None
    except (OSError, pa.ArrowException):
        # pyarrow's message may quote a value
        raise DamagedError(f"{shown(path)}: has a damaged footer; get the file again") from None
    if needs_link and "url" not in layout.roles:
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


def _layout(path: Path, schema: pa.Schema, overrides: Mapping[str, str] | None) -> Layout:
    try:
        return detect(schema, overrides)
    except InputError as e:
        raise InputError(f"{shown(path)}: {e}") from None


def _no_link(layout: Layout) -> str:
    names = [column.name for column in layout.columns]
    mistaken = next((c for c in layout.refused if c.name.lower() in ("url", "image_url")), None)
    if mistaken:
        return f"no link column: {shown(mistaken.name)} is {mistaken.why}"
    hints = ("url", "uri", "link", "href", "src")
    likely = [
        c.name
        for c in layout.columns
        if c.type == "string" and not c.why and any(hint in c.name.lower() for hint in hints)
    ]
    say = f"say --column url={shown(likely[0])}" if likely else "name it with --column url=NAME"
    return f"no link column; it has {listed(names)}; {say}"


def group_shards(shards: Sequence[Shard]) -> list[Group]:
    """Group shards by subset and layout, in the order given within each group.

    Groups come in order of subset, then of their first shard. A few values of digest columns
    are read from one shard a group, and from each shard whose footer does not confirm them.
    Raises InputError for a column that the user named and whose values are no digest,
    DamagedError where values cannot be read.
    """
    alike: dict[tuple[object, ...], list[Shard]] = {}
    for shard in shards:
        alike.setdefault((shard.subset, _signature(shard.layout)), []).append(shard)
    groups: list[Group] = []
    for members in alike.values():
        groups += _split_by_values(members)
    order = {shard.path: i for i, shard in enumerate(shards)}
    return sorted(groups, key=lambda g: (g.subset, order[g.shards[0].path]))


def _split_by_values(members: Sequence[Shard]) -> list[Group]:
    """One group, or several where digests are written differently from shard to shard."""
    model = next((s for s in members if _has_digests(s)), members[0])
    known = _refined(model)
    split: dict[object, tuple[Layout, list[Shard]]] = {}
    for shard in members:
        layout = known if shard is model or _confirms(shard, known) else _refined(shard)
        same, together = split.setdefault(_played(layout), (layout, []))
        together.append(replace(shard, layout=same))
    return [Group(members[0].subset, tuple(ss), layout) for layout, ss in split.values()]


def _signature(layout: Layout) -> tuple[object, ...]:
    return (layout.overrides, tuple((c.name, c.type) for c in layout.columns))


def _played(layout: Layout) -> tuple[object, ...]:
    return tuple((c.role, c.encoding) for c in layout.columns)


def _digest_positions(layout: Layout) -> list[int]:
    return [c.position for role, c in layout.roles.items() if role in WIDTHS]


def _has_digests(shard: Shard) -> bool:
    """Whether the footer says that every digest column has a value."""
    found = [shard.facts.get(p) for p in _digest_positions(shard.layout)]
    return all(f is not None and f.nulls is not None and f.nulls < shard.rows for f in found)


def _confirms(shard: Shard, layout: Layout) -> bool:
    """Whether a shard's footer agrees with how a shard like it writes its digests."""
    for position in _digest_positions(shard.layout):
        told = shard.facts.get(position)
        encoding = layout.columns[position].encoding
        if encoding is None or told is None or told.forms is None:
            return False
        if not told.forms <= {encoding}:
            return False
    return True


def _refined(shard: Shard) -> Layout:
    try:
        return refine(shard.layout, lambda column: sample_values(shard.path, column))
    except InputError as e:
        raise type(e)(f"{shown(shard.path)}: {e}") from None
