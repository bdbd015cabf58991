"""What a shard's columns mean where their names and types leave it open: their values tell.

Only a copy or an edition is read so, in which one link, caption and row hash is a row's identity:
bytes that are called a link are one, and text that holds whole numbers alone, called `hash`, is
LAION's row hash.
"""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from relaion.errors import DamagedError, InputError
from relaion.parquet.columns import column_arrays, has_value, open_parquet
from relaion.parquet.glossary import bare_name, says_link
from relaion.parquet.layout import Shard
from relaion.parquet.mended import as_bytes
from relaion.parquet.own_hashes import own_hashes
from relaion.parquet.read_shard import read_shard
from relaion.parquet.roles import Column, Overrides, columns_of, named_by
from relaion.parquet.sights import IN_TEXT
from relaion.parquet.telling import told_by
from relaion.paths import ShardPath, shown
from relaion.roles import ROLES

IDENTITY = ("url", "text", "row_hash")


def meant(
    shard: Shard, said: Overrides, *, needs_link: bool, looks: bool
) -> tuple[Shard, tuple[str, ...]]:
    """A shard with all its roles, and a line for each column that may be one and is not.

    `looks` into columns without a role, too, for links that nobody would look at.

    `said` names columns for roles that no column plays here by its name, or more than one. Raises
    InputError for two columns of links of which it names none, and unless `needs_link` is off, for
    none. A shard that cannot be read is left as it is: whoever reads all of it says so.
    """
    if shard.layout.contested:
        able = tuple(x for x in said if named_by(x[1], shard.names))
        shard = read_shard(ShardPath(shard.path, shard.subset), columns_of(able), needs_link=False)
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
    if looks:
        told = {c.name for c in shard.layout.passed_over if c.claimed in lacks}
        taken = {c.name for c in shard.layout.used if c.role in IDENTITY}
        notices += _other_links(shard, told | taken, is_copy=not needs_link)
    return shard, tuple(notices)


# -- Links in columns that play no role ----------------------------------------------------------

_LOOKED_INTO = 200  # columns: of very wide tables there is no end
_GROUPS, _VALUES = 3, 500  # row groups, and values of each, that are looked at
_WIDEST = 4_096  # bytes of a value on average; beyond it stand images
_FEW = 20  # of so many values one is enough for a link to be none by chance
_LINK = r"^\s*(?i:https?:)?//[^\s/?#]+\.\S+\s*$"


def _other_links(shard: Shard, known: set[str], *, is_copy: bool) -> Iterator[str]:
    """A line for each column that holds links, by its values, and is not `known`.

    A row of a copy that has two links is cleaned by both in two runs: what NEW lacks by either, or
    a diff names, is gone then.
    """
    again = "; if rows have both, clean what comes out once more with it" if is_copy else ""
    names = shard.names
    try:
        with open_parquet(shard.path) as file:
            leaves = [(top, path) for top, path in _leaves(file) if names[top] not in known]
            for top, path in leaves[:_LOOKED_INTO]:
                values, links, is_held = _linked(file, path)
                is_named = says_link(path.rpartition(".")[2])
                if links * (1 if is_named else _FEW) > (0 if is_named else values):
                    way_out = "if the rows' link stands there, give --column "
                    way_out += f"url={shown(path)}{again}"
                    if path != names[top]:
                        way_out = "if the rows' link stands there, write it as a column of its own"
                    yield f"not looked at, though it holds links: column {shown(path)}; {way_out}"
                elif is_held:
                    way_out = "if the rows' link stands there, write it as a column of its own"
                    what = f"column {shown(path)}, within JSON or another text"
                    yield f"not looked at, though it holds links: {what}; {way_out}"
    except (OSError, pa.ArrowException):
        return  # whoever reads all of it says so


def _leaves(file: pq.ParquetFile) -> Iterator[tuple[int, str]]:
    """What holds texts, or bytes no longer than texts: the column's place, and its whole name."""
    places = [i for i, field in enumerate(file.schema_arrow) for _ in range(_many(field.type))]
    meta = file.metadata
    for i, top in enumerate(places):
        leaf = file.schema.column(i)
        chunks = [meta.row_group(g).column(i) for g in _groups(file)]
        size = sum(chunk.total_uncompressed_size for chunk in chunks)
        is_short = size <= _WIDEST * sum(chunk.num_values for chunk in chunks)
        if leaf.physical_type == "BYTE_ARRAY" and is_short:
            yield top, leaf.path


def _many(kind: pa.DataType) -> int:
    """How many leaves a type has."""
    if isinstance(kind, pa.BaseExtensionType):
        return _many(kind.storage_type)
    if pa.types.is_dictionary(kind):
        return 1
    inner = [kind.field(i).type for i in range(kind.num_fields)]
    return sum(map(_many, inner)) if inner else 1


def _groups(file: pq.ParquetFile) -> list[int]:
    last = file.metadata.num_row_groups - 1
    return sorted({last * i // (_GROUPS - 1) for i in range(_GROUPS)}) if last >= 0 else []


def _linked(file: pq.ParquetFile, path: str) -> tuple[int, int, bool]:
    """Of some values of a leaf: those that are no blank, the links, and whether any holds one."""
    values, links, is_held = 0, 0, False
    for group in _groups(file):
        batches = file.iter_batches(_VALUES, row_groups=[group], columns=[path])
        for array in (a for batch in batches for a in _flat(batch.columns)):
            raw = as_bytes(array).drop_null()
            raw = raw.filter(pc.match_substring_regex(raw, r"\S"))
            values += len(raw)
            links += pc.sum(pc.match_substring_regex(raw, _LINK)).as_py() or 0
            is_held = is_held or IN_TEXT in told_by(raw, is_text=True)
            break
    return values, links, is_held


def _flat(arrays: list[pa.Array]) -> Iterator[pa.Array]:
    """What nested columns hold, without their nesting."""
    for array in arrays:
        if isinstance(array, pa.DictionaryArray):
            yield array.dictionary_decode()
        elif pa.types.is_map(array.type):
            yield from _flat([array.keys, array.items])
        elif pa.types.is_struct(array.type) or pa.types.is_nested(array.type):
            yield from _flat(array.flatten() if pa.types.is_struct(array.type) else [array.values])
        elif not isinstance(array, pa.ExtensionArray):
            yield array
        else:
            yield from _flat([array.storage])


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
    return bare_name(column.name).lower() in ROLES["row_hash"].names and column.type in (
        "string",
        "binary",
    )


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
