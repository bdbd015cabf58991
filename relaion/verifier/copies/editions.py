"""An edition that a copy is held against, and which of its columns say who a row is."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from relaion.parquet.glossary import bare_name
from relaion.parquet.layout import Shard
from relaion.parquet.read_shard import group_shards, read_shard
from relaion.parquet.roles import Column, Layout, named_by
from relaion.paths import ShardPath, file_sha256, find_shards, shown
from relaion.roles import ROLES
from relaion.verifier.copies.known import whole_number
from relaion.verifier.rows import At, Source, batches, roles_of


@dataclass(frozen=True)
class EditionSets:
    """An edition by its shards; `digest` is that of their names and bytes."""

    sources: tuple[Source, ...]
    digest: str


def read_edition(paths: Sequence[Path], named: Mapping[str, str]) -> EditionSets:
    """The shards of an edition; raises InputError for what cannot be read.

    `named` are columns by role, for where no name of a column tells it.
    """
    shards = [_settled(place, named) for place in find_shards(paths).shards]
    sources, lines = [], []
    for group in group_shards(shards):
        for shard in group.shards:
            roles = copy_roles(shard.path, group.layout, named)
            sources.append(Source(shard.path, roles, is_checked=False))
            lines.append(f"{shard.subset}/{shard.name} {file_sha256(shard.path)}\n")
    digest = hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()
    return EditionSets(tuple(sources), digest)


def _settled(place: ShardPath, named: Mapping[str, str]) -> Shard:
    """A shard whose values, or else the user's word, tell which of several columns plays a role."""
    shard = read_shard(place, needs_link=False, settled=False)
    if not shard.layout.contested:
        return shard
    said = {role: name for role, name in named.items() if named_by(name, shard.names)}
    return read_shard(place, said, needs_link=False)


def copy_roles(path: Path, layout: Layout, named: Mapping[str, str]) -> dict[str, tuple[At, ...]]:
    """Where the columns of roles stand, also of bytes that are texts and text that is numbers."""
    roles = {**roles_of(layout)}
    for role in ("url", "text", "row_hash"):
        if role in roles:
            continue
        known = ROLES[role].names
        able = [c for c in layout.columns if named.get(role) in (c.name, shown(c.name))]
        if not able and role == "row_hash":
            able = [
                c
                for c in layout.columns
                if c.type == "string" and _bare(c) in ROLES["row_hash"].names
            ]
            able = [c for c in able if _is_numbers(path, c.name)]
        elif not able:
            able = [c for c in layout.columns if c.type == "binary" and _bare(c) in known]
            able.sort(key=lambda c: known.index(_bare(c)))
        if able:
            roles[role] = (At(able[0].position, able[0].type),)
    return roles


def played(path: Path, named: Mapping[str, str]) -> dict[str, str] | None:
    """Which columns of a parquet file of a copy say who a row is, by role.

    `named` are those that the user named. None where the values of a file decide it, and not all
    of them are there: another file may have had what this one lacks.
    """
    place = ShardPath(path, "")
    shard = read_shard(place, needs_link=False)
    said = {role: name for role, name in named.items() if named_by(name, shard.names)}
    if said:
        shard = read_shard(place, said, needs_link=False)
    if shard.layout.contested:
        return None
    roles = copy_roles(path, shard.layout, named)
    return {
        role: shard.names[at.position]
        for role, (at, *_) in roles.items() if role in ("url", "text", "row_hash")
    }  # fmt: skip


def _bare(column: Column) -> str:
    return bare_name(column.name).lower()


def _is_numbers(path: Path, name: str) -> bool:
    """Whether a column of text holds whole 64-bit numbers, and blanks, alone."""
    told = [
        value.decode("latin-1")
        for batch in batches(path, [name])
        for value in batch.column(0).to_pylist()
        if value is not None and value.strip()
    ]
    return bool(told) and all(whole_number(text) is not None for text in told)
