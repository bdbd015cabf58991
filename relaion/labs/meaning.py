"""What a shard's columns mean where their names and types leave it open: their values tell.

Only a copy or an edition is read so, in which one link, caption and row hash is a row's identity:
bytes that are called a link are one, and text that holds whole numbers alone, called `hash`, is
LAION's row hash.
"""

import pyarrow as pa
import pyarrow.compute as pc

from relaion.errors import DamagedError, InputError
from relaion.parquet.columns import column_arrays, has_value, open_parquet
from relaion.parquet.glossary import bare_name
from relaion.parquet.layout import Shard
from relaion.parquet.mended import as_bytes
from relaion.parquet.read_shard import read_shard
from relaion.parquet.roles import Column, Overrides, columns_of, named_by
from relaion.paths import ShardPath, shown
from relaion.roles import ROLES
from relaion.sidecars.row_hash import own_hashes

IDENTITY = ("url", "text", "row_hash")


def meant(shard: Shard, said: Overrides, *, needs_link: bool) -> tuple[Shard, tuple[str, ...]]:
    """A shard with all its roles, and a line for each column that may be one and is not.

    `said` names columns for roles that no column plays here by its name. Raises InputError for two
    columns of links, and unless `needs_link` is off, for none. A shard that cannot be read is left
    as it is: whoever reads all of it says so.
    """
    lacks = [role for role in IDENTITY if role not in shard.layout.roles]
    named = dict(shard.layout.overrides)
    found = {role: name for role, name in said if role in lacks and named_by(name, shard.names)}
    notices = []
    try:
        for role in lacks:
            if role not in found and role not in named:
                player, why = _hash(shard) if role == "row_hash" else (_text(shard, role), "")
                found |= {role: player.name} if player else {}
                notices += [why] if why else []
    except DamagedError:
        return shard, ()
    for c in shard.layout.passed_over:
        if c.claimed in lacks and c.claimed not in found and c.type != "null":
            notices.append(f"column {shown(c.name)} is not looked at: {c.why}")
    if found or (needs_link and "url" in lacks):
        overrides = columns_of((*shard.layout.overrides, *found.items()))
        place = ShardPath(shard.path, shard.subset)
        shard = read_shard(place, overrides, needs_link=needs_link)
    return shard, tuple(notices)


def _text(shard: Shard, role: str) -> Column | None:
    """The column whose bytes are links or captions, by its name."""
    names = ROLES[role].names
    able = [c for c in shard.layout.columns if c.claimed == role and c.type == "binary"]
    able = [c for c in able if bare_name(c.name).lower() in names]
    able.sort(key=lambda c: names.index(bare_name(c.name).lower()))
    full = [c for c in able if has_value(shard.path, c)] if able[1:] else able
    if role == "url" and full[1:]:
        raise InputError(
            f"{shown(shard.path)}: {len(full)} link columns hold values "
            f"({', '.join(shown(c.name) for c in full)}); say which one is the row's link with "
            f"--column url={shown(full[0].name)}"
        )
    return next(iter(full or able), None)


def _is_hash(column: Column) -> bool:
    return bare_name(column.name).lower() == "hash" and column.type in ("string", "binary")


def _hash(shard: Shard) -> tuple[Column | None, str]:
    """The column of text that holds row hashes alone, or why one that holds some is none."""
    for column in filter(_is_hash, shard.layout.columns):
        values, whole = _whole(shard, column)
        if not whole:
            continue  # digests of images
        if column.type == "string" and whole == values:
            return column, ""
        what = f"{values - whole:,} of {values:,} values are no whole 64-bit number"
        if whole == values:
            what = "its whole numbers are bytes; write them as text or int64"
        return None, f"column {shown(column.name)} is not looked at: {what}"
    return None, ""


def _whole(shard: Shard, column: Column) -> tuple[int, int]:
    """Values of a column that are no blank, and those of them that are whole 64-bit numbers."""
    values = whole = 0
    try:
        with open_parquet(shard.path) as file:
            for array in column_arrays(file, column):
                is_coded = isinstance(array, pa.DictionaryArray)
                raw = as_bytes(array.dictionary_decode() if is_coded else array).drop_null()
                raw = raw.filter(pc.match_substring_regex(raw, r"\S"))
                values += len(raw)
                whole += len(raw) - own_hashes(raw).null_count
    except (OSError, pa.ArrowException):
        raise DamagedError(f"{shown(shard.path)}: cannot be read; get it again") from None
    return values, whole
