"""Shards read: one footer each, and a few values of digest columns from one shard a group."""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pyarrow as pa

from relaion.errors import DamagedError, InputError, LinklessError
from relaion.parquet.columns import (
    facts,
    has_value,
    open_parquet,
    plain_type,
    sample_values,
)
from relaion.parquet.counted import count_missing
from relaion.parquet.footer import read_footer, refused
from relaion.parquet.glossary import bare_name, meaning
from relaion.parquet.layout import LayoutGroup, Shard, footer_digest, grouped
from relaion.parquet.looking import HERE, THERE, look_into
from relaion.parquet.roles import (
    Column,
    Columns,
    Layout,
    Overrides,
    assign,
    describe,
    listed,
    named_by,
    overrides_of,
    settle,
)
from relaion.parquet.row_groups import why_unwritable
from relaion.parquet.sights import NOTHING, Sights, name_other_columns
from relaion.parquet.storage import check_sound
from relaion.paths import ShardPath, Stamp, shown, stamp_of
from relaion.paths.stand_ins import record_of
from relaion.remote.standing import need_ends_of_many
from relaion.roles import ROLES

_LINK = re.compile(r"(?i)\W*(?:https?:)?//[^\s/]+/\S")

# -- Roles by the names and types of a schema, as pyarrow has it -------------------------------


def detect(schema: pa.Schema, columns: Columns | None = None) -> Layout:
    """Give roles to columns by name (any case) and type; values are not looked at.

    Every column that claims an image hash plays it. Raises InputError for an override of an
    unknown role, a column that is not there, or one of a type that cannot play the role.
    """
    return _detected(schema.remove_metadata(), overrides_of(columns))


@lru_cache(maxsize=64)  # the shards of a data set are thousands, their schemas a few
def _detected(schema: pa.Schema, overrides: Overrides) -> Layout:
    columns = []
    spelled: dict[str, list[str]] = {}
    for name in schema.names:
        spelled.setdefault(bare_name(name).lower(), []).append(name)
    for position, field in enumerate(schema):
        kind = plain_type(field.type)
        note = meaning(field.name, kind)
        for other in spelled[bare_name(field.name).lower()]:
            if other != field.name:
                note += f"; another column than {shown(other)}"
        columns.append(Column(field.name, position, kind, None, "", note, None))
    return assign(Layout(tuple(columns), overrides), None)


# -- Shards, one by one ------------------------------------------------------------------------

_AHEAD = 64  # shards elsewhere whose footers are fetched together


def read_shard(
    shard_path: ShardPath,
    overrides: Columns | None = None,
    *,
    needs_link: bool = True,
    settled: bool = True,
    looks: bool = False,
) -> Shard:
    """Read the footer of one shard and give roles to its columns.

    `settled` off leaves rivals for a role as their names tell. `looks` into columns that play no
    role, too: of a shard that lies elsewhere only its footer is asked. Raises DamagedError, in one
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
            meta = file.metadata
            layout = _named(path, lambda: detect(file.schema_arrow, overrides))
            nulls, says_empty = facts(footer, file, layout)
            rows, row_groups = meta.num_rows, meta.num_row_groups
            if settled:
                # where no link is needed, one is a row's identity, if there is any: another is none
                layout = _settled(path, layout, takes_several=needs_link)
            is_here = record_of(path) is None
            sights = look_into(file, layout, HERE if is_here else None) if looks else NOTHING
            lacks = why_unwritable(footer) if looks else ""
    except UnicodeDecodeError:
        raise InputError(f"{shown(path)}: a column's name is not UTF-8; rename it") from None
    except (OSError, pa.ArrowException) as e:
        # pyarrow's message may quote a value
        raise refused(footer, e, "its footer cannot be read") from None
    _refuse_row_as_names(path, layout.playing("url"))
    if needs_link and "url" not in layout.roles and not _is_void(path, rows, layout):
        seen = sights if looks and is_here else _seen(path, layout)
        layout = name_other_columns(layout, seen)
        _refuse_row_as_names(path, _holding(layout))
        raise LinklessError(f"{shown(path)}: {_no_link(layout)}")
    if _stamp(path).written != stamp.written:
        raise DamagedError(f"{shown(path)}: was changed while it was read; wait until it is whole")
    return Shard(
        path, shard_path.subset, shard_path.name, rows, stamp.size, row_groups, layout, nulls,
        says_empty, stamp, footer_digest(footer), sights, looks and is_here, lacks,
    )  # fmt: skip


def _settled(path: Path, layout: Layout, *, takes_several: bool) -> Layout:
    def settle_here() -> Layout:
        return settle(layout, lambda c: has_value(path, c), takes_several=takes_several)

    return _named(path, settle_here)


def read_shards(
    shards: Sequence[ShardPath],
    overrides: Columns | None = None,
    *,
    needs_link: bool = True,
    settled: bool = True,
    looks: bool = False,
    tell: Callable[[object], object],
) -> None:
    """Read shards one by one as `read_shard` does, and tell of each as soon as it is read.

    Told are an error for one that is damaged or has no link column, else the shard, the number of
    its layout, and that layout where it is the first to have it: in thousands there are few.
    """
    layouts: dict[Layout, int] = {}
    for i, place in enumerate(shards):
        if i % _AHEAD == 0:
            need_ends_of_many([s.path for s in shards[i : i + _AHEAD]])
        try:
            shard = read_shard(
                place, overrides, needs_link=needs_link, settled=settled, looks=looks
            )
        except (DamagedError, LinklessError) as e:
            tell(e)
            continue
        new = shard.layout not in layouts
        no = layouts.setdefault(shard.layout, len(layouts))
        tell((replace(shard, layout=Layout(())), no, shard.layout if new else None))


def _stamp(path: Path) -> Stamp:
    try:
        return stamp_of(path)
    except InputError as e:
        raise DamagedError(str(e)) from None


def schema_names(shard_path: ShardPath) -> list[str]:
    """The names of a shard's columns; raises what `read_shard` raises for a file it cannot read."""
    return [c.name for c in read_shard(shard_path, needs_link=False, settled=False).layout.columns]


def _named(path: Path, make: Callable[[], Layout]) -> Layout:
    try:
        return make()
    except InputError as e:
        if str(e).startswith(f"{shown(path)}: "):  # as what lies elsewhere is named
            raise
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


def _refuse_row_as_names(path: Path, columns: Sequence[Column]) -> None:
    """Raise InputError, which shows no name, where a column of links has a link as its name.

    A writer took the first row of a table for the names of its columns: no list would ever be
    compared with that link, and what is public would show it.
    """
    for column in columns:
        if _LINK.match(column.name):
            raise InputError(
                f"{shown(path)}: the name of column {column.position + 1}, which holds links, is a "
                "link: a first row was taken for names; write the file again with that row as a "
                "row, and names for the columns"
            )


def _holding(layout: Layout) -> list[Column]:
    return [c for c in layout.columns if c.why.startswith("holds links, ")]


def _no_link(layout: Layout) -> str:
    names = [column.name for column in layout.columns]
    for mistaken in _mistaken(layout)[:1]:
        verb = "" if mistaken.why.startswith("holds ") else "is "
        return f"no link column: {shown(mistaken.name)} {verb}{mistaken.why}"
    for other in layout.columns:
        if other.claimed == "url" and "<" in other.type:
            return f"no link column, but column {shown(other.name)} {other.why}"
    hints = ("url", "uri", "link", "href", "src")
    likely = [
        c.name
        for c in layout.columns
        if c.type == "string" and not c.why and any(hint in c.name.lower() for hint in hints)
    ]
    likely = [c.name for c in _holding(layout)] or likely
    say = (
        f"say --column url={shown(likely[0])}"
        if likely
        else "name it with --column url=NAME, or take the file away"
    )
    return f"no link column; it has {listed(names)}; {say}"


def group_shards(shards: Sequence[Shard]) -> list[LayoutGroup]:
    """Group shards as `grouped` does.

    A few values of digest columns are read from one shard a group, to say how they are written.
    Raises InputError for a column that the user named and whose values are no digest,
    DamagedError where values cannot be read.
    """
    return grouped(shards, described)


def described(shard: Shard) -> Layout:
    """The layout of a shard, with how its digests are written; raises as `group_shards` does.

    And with the columns that play no role and hold links or digests.
    """
    layout = _named(
        shard.path, lambda: describe(shard.layout, lambda column: sample_values(shard.path, column))
    )
    sights = NOTHING if shard.looked else _seen(shard.path, layout)
    return name_other_columns(layout, shard.sights | sights)


def _seen(path: Path, layout: Layout) -> Sights:
    """What columns without a role hold; a file that cannot be read tells others so."""
    with suppress(OSError, pa.ArrowException), open_parquet(path) as file:
        return look_into(file, layout, HERE if record_of(path) is None else THERE)
    return NOTHING
