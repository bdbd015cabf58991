"""Arrow types in the words of this project: what a parquet file holds, however it is stored."""

import pyarrow as pa

_SAME = {
    "large_string": "string",
    "string_view": "string",
    "large_binary": "binary",
    "binary_view": "binary",
    "halffloat": "float16",
}


def plain_type(kind: pa.DataType) -> str:
    """A type's name, the same for shards that differ only in how Arrow keeps a value.

    `string` for large, view and dictionary strings too; a list's child has no name and no
    nullability here, since writers choose them freely.
    """
    kind = _stored(kind)
    if _is_list(kind):
        return f"list<{plain_type(kind.value_type)}>"
    if pa.types.is_struct(kind):
        return "struct<" + ", ".join(f"{f.name}: {plain_type(f.type)}" for f in kind) + ">"
    if pa.types.is_map(kind):
        return f"map<{plain_type(kind.key_type)}, {plain_type(kind.item_type)}>"
    if pa.types.is_fixed_size_binary(kind):
        return f"binary[{kind.byte_width}]"
    return _SAME.get(str(kind), str(kind))


def leaf_indexes(schema: pa.Schema) -> list[int | None]:
    """For each column of a file, its index among the file's leaf columns; None if nested."""
    found: list[int | None] = []
    leaf = 0
    for field in schema:
        width = _leaves(field.type)
        found.append(leaf if not pa.types.is_nested(_stored(field.type)) else None)
        leaf += width
    return found


def _leaves(kind: pa.DataType) -> int:
    kind = _stored(kind)
    if _is_list(kind):
        return _leaves(kind.value_type)
    if pa.types.is_map(kind):
        return _leaves(kind.key_type) + _leaves(kind.item_type)
    if pa.types.is_struct(kind):
        return sum(_leaves(field.type) for field in kind)
    return 1


def _stored(kind: pa.DataType) -> pa.DataType:
    """The type that the file has, below an extension or a dictionary."""
    if isinstance(kind, pa.BaseExtensionType):
        return _stored(kind.storage_type)
    return _stored(kind.value_type) if pa.types.is_dictionary(kind) else kind


def _is_list(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(kind)
        or pa.types.is_large_list(kind)
        or pa.types.is_fixed_size_list(kind)
        or pa.types.is_list_view(kind)
        or pa.types.is_large_list_view(kind)
    )
