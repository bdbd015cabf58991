"""Sidecars read: where they lie, what their columns are, and a parquet file of each."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from relaion.errors import InputError
from relaion.parquet.digests import NONE
from relaion.parquet.footer import MAGICS
from relaion.parquet.glossary import bare_name
from relaion.parquet.read_shard import group_shards, read_shard, schema_names
from relaion.parquet.roles import (
    Columns,
    Layout,
    Overrides,
    columns_of,
    listed,
    overrides_of,
)
from relaion.paths import find_sidecars, private_folder, shown
from relaion.roles import ROLES, WIDTHS
from relaion.sidecars import Sidecar
from relaion.sidecars.tsv import Converted, convert, read_plan

KEYS = ("url", "row_hash")
_FLOATS = ("float16", "float", "double")


def read_sidecars(
    paths: Sequence[Path],
    work: Path,
    columns: Columns | None = None,
    notices: list[str] | None = None,
) -> tuple[Sidecar, ...]:
    """Find sidecars in files, folders and globs, and give roles to their columns.

    Files end in `.parquet`, `.tsv` or `.tsv.gz`; one that is named itself may be called
    anything. Parquet files are read where they lie; TSVs are written to private parquet files
    below `work` once, in bounded memory. `columns` (role to name, or names) holds for the
    files that have a column of that name. What was passed over, and rows that a TSV spoils, are
    told in `notices`. Order is that of the folders' and files' names.

    Raises InputError, in one line that names the file, for one without an image hash or
    without a link and a row hash, and for what cannot be read.
    """
    notices = [] if notices is None else notices
    said = overrides_of(columns)
    found = find_sidecars(paths)
    notices += found.notices
    shards = [
        read_shard(path, columns_of(said, schema_names(path)), needs_link=False)
        for path in found.shards
        if _is_parquet(path.path)
    ]
    told = {shard.path: shard for group in group_shards(shards) for shard in group.shards}
    sidecars = []
    for path in (place.path for place in found.shards):
        if s := told.get(path):
            keys = _keys(path, s.layout)
            sidecars.append(Sidecar(path, path, s.name, s.rows, s.bytes, keys, s.layout))
        else:
            sidecars.append(_of_tsv(path, private_folder(work), said, notices))
    return tuple(sidecars)


def _is_parquet(path: Path) -> bool:
    if path.suffix.lower() == ".parquet":
        return True
    try:
        with path.open("rb") as f:
            return f.read(4) in MAGICS
    except OSError as e:
        raise InputError(f"{shown(path)}: cannot be read ({e.strerror})") from None


def _of_tsv(path: Path, work: Path, columns: Overrides, notices: list[str]) -> Sidecar:
    plan = read_plan(path, columns)
    keys = _keys(path, plan.layout)
    digest = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()
    target = work / f"sidecar-{digest[:32]}.parquet"
    done = convert(path, plan, target)
    notices += _spoilt(path, done)
    size = path.stat().st_size
    return Sidecar(path, target, path.name, done.rows, size, keys, done.layout)


def _spoilt(path: Path, done: Converted) -> list[str]:
    said = []
    if done.odd:
        fate = "their link and hashes could still be told"
        if done.lost:
            fate = f"{done.lost:,} of them could not be told and are left out"
        said.append(f"{shown(path.name)}: {done.odd:,} rows have another number of fields; {fate}")
    if done.no_hashes:
        said.append(
            f"{shown(path.name)}: {done.no_hashes:,} values in the column of row hashes are none"
        )
    return said


def _keys(path: Path, layout: Layout) -> tuple[str, ...]:
    """The roles that join a sidecar. Raises InputError for what cannot serve as one."""
    names = listed(column.name for column in layout.columns)
    if not any(c.role in WIDTHS and c.encoding != NONE for c in layout.used):
        raise InputError(f"{shown(path)}: {_no_digest(layout, names)}")
    if keys := tuple(key for key in KEYS if key in layout.roles):
        return keys
    todo = "name one with --column url=NAME or --column row_hash=NAME"
    if _refused(layout, ("row_hash",)):
        todo = "write it again with its row hashes as int64"
    raise InputError(
        f"{shown(path)}: no link and no row hash to join it by{_refused(layout, KEYS)}; "
        f"it has {names}; {todo}"
    )


def _no_digest(layout: Layout, names: str) -> str:
    others = [c for c in layout.columns if c.role not in ("url", "row_hash", "text")]
    if others and all(column.type in _FLOATS for column in others):
        return (
            f"a table of scores only ({names}), and scores are not joined; "
            "a sidecar gives image hashes"
        )
    return (
        f"no image hash column{_refused(layout, tuple(WIDTHS))}; it has {names}; "
        "name one with --column image_md5=NAME"
    )


def _refused(layout: Layout, roles: Sequence[str]) -> str:
    """Why a column by the name of such a role was refused it, if one was."""
    wanted = {name for role in roles for name in ROLES[role].names}
    for column in layout.columns:
        is_none = column.role in roles and column.encoding == NONE
        if is_none or (column in layout.refused and bare_name(column.name).lower() in wanted):
            return f" ({shown(column.name)}: {column.why})"
    return ""
