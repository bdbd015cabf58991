"""Leaves of columns: where the values of a column stand, at any depth, and what each is.

A list of links, a struct with a member of digests, a map from names to links: parquet stores each
as leaves, which can be read by themselves. So an image beside a link is never read with it.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import pyarrow as pa

from relaion.paths import shown


class ValueLeaf(NamedTuple):
    """A leaf: its column's position, its own among the leaves of the file, and what it is.

    `path` names it for people: `images[].src`. `sql` gives DuckDB one value a row, or a list of
    them (`many`). `type` is Arrow's; a list of small whole numbers counts as a leaf.
    """

    column: int
    leaf: int
    path: str
    sql: str
    many: bool
    type: pa.DataType

    @property
    def name(self) -> str:
        """Its own name: that of a member, or of the column."""
        return self.path.rpartition(".")[2].replace("[]", "").removesuffix("{}")


@lru_cache(maxsize=64)  # the shards of a data set are thousands, their schemas a few
def leaves_of(schema: pa.Schema) -> tuple[ValueLeaf, ...]:
    """All leaves of a schema, in the order of the file."""
    found: list[ValueLeaf] = []
    at = 0
    for position, field in enumerate(schema):
        for name, sql, many, kind in _below(field.type, shown(field.name), _quoted(field.name)):
            found.append(ValueLeaf(position, at, name, sql, many, kind))
            at += 1
    return tuple(found)


Named = tuple[str, str, bool, pa.DataType]


def _below(kind: pa.DataType, name: str, sql: str, *, many: bool = False) -> Iterator[Named]:
    kind = _stored(kind)
    if is_octets(kind) or not kind.num_fields:
        yield name, sql, many, kind
    elif pa.types.is_struct(kind):
        for field in kind:
            member = f".{_quoted(field.name)}"
            inner = f"list_transform({sql}, lambda x: x{member})" if many else sql + member
            yield from _below(field.type, f"{name}.{shown(field.name)}", inner, many=many)
    elif pa.types.is_map(kind):
        yield from _below_map(kind, name, sql, many=many)
    else:
        inner = f"flatten({sql})" if many else sql
        yield from _below(kind.value_type, f"{name}[]", inner, many=True)


def _below_map(kind: pa.DataType, name: str, sql: str, *, many: bool) -> Iterator[Named]:
    parts = (("map_keys", kind.key_type, "{keys}"), ("map_values", kind.item_type, "{}"))
    for part, inside, mark in parts:
        inner = f"{part}({sql})"
        if many:
            inner = f"flatten(list_transform({sql}, lambda x: {part}(x)))"
        yield from _below(inside, name + mark, inner, many=True)


def _quoted(name: str) -> str:
    plain = name.isascii() and name.isidentifier() and name.islower()
    return name if plain else '"' + shown(name).replace('"', '""') + '"'


def _stored(kind: pa.DataType) -> pa.DataType:
    if isinstance(kind, pa.BaseExtensionType):
        return _stored(kind.storage_type)
    return _stored(kind.value_type) if pa.types.is_dictionary(kind) else kind


def _is_list(kind: pa.DataType) -> bool:
    return isinstance(
        kind,
        pa.ListType
        | pa.LargeListType
        | pa.FixedSizeListType
        | pa.ListViewType
        | pa.LargeListViewType,
    )


def is_octets(kind: pa.DataType) -> bool:
    """Whether it is a list of whole numbers of one byte, which may be bytes one by one."""
    return _is_list(kind) and str(_stored(kind.value_type)) in ("uint8", "int8")


def is_text(kind: pa.DataType) -> bool:
    """Whether it is text, however Arrow keeps it."""
    return str(kind) in ("string", "large_string", "string_view")


def is_bytes(kind: pa.DataType) -> bool:
    """Whether it is bytes, which may be text or a digest."""
    if pa.types.is_fixed_size_binary(kind):
        return int(kind.byte_width) >= 16
    return str(kind) in ("binary", "large_binary", "binary_view")


def _is_wide_number(kind: pa.DataType) -> bool:
    return pa.types.is_decimal(kind) and (kind.precision >= 38, kind.scale) == (True, 0)


def may_hold(kind: pa.DataType) -> bool:
    """Whether a leaf of this type could hold links or digests."""
    return is_text(kind) or is_bytes(kind) or _is_wide_number(kind) or is_octets(kind)


def has_text_bounds(kind: pa.DataType) -> bool:
    """Whether a footer's bounds of it may be a link: of other types they may end the process."""
    return is_text(kind) or (is_bytes(kind) and not pa.types.is_fixed_size_binary(kind))


def leaf_arrays(values: pa.Array) -> Iterator[pa.Array]:
    """The leaves of a column as it was read, which may lack some, in the order of `leaves_of`.

    Texts and bytes as `binary` or `large_binary`, others as they are.
    """
    if isinstance(values, pa.ExtensionArray):
        yield from leaf_arrays(values.storage)
    elif isinstance(values, pa.DictionaryArray):
        yield from leaf_arrays(values.dictionary.take(values.indices))
    elif isinstance(values, pa.StructArray):
        for i in range(values.type.num_fields):
            yield from leaf_arrays(values.field(i))
    elif isinstance(values, pa.MapArray) or (_is_list(values.type) and not is_octets(values.type)):
        yield from leaf_arrays(values.flatten())
    elif str(values.type) in ("string", "large_string"):
        yield values.view(pa.binary() if str(values.type) == "string" else pa.large_binary())
    elif str(values.type) in ("binary", "large_binary"):
        yield values
    elif is_text(values.type) or is_bytes(values.type):
        yield values.cast(pa.large_binary())
    else:
        yield values
