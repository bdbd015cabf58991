"""What a footer must not say, lest pyarrow end the whole process when it is asked.

`ColumnChunkMetaData` throws where Cython lets nothing be thrown through: a C++ exception there
ends the program. So what it would stumble on is looked for before.
"""

from relaion.shards.metadata import BYTE_ARRAY, OPTIONAL, REPEATED, Footer, Leaf, damaged
from relaion.shards.thrift import Struct

_META = 3  # of a ColumnChunk
_TYPE, _VALUES, _SIZES = 1, 5, 16  # of its ColumnMetaData
_UNENCODED, _REPETITION, _DEFINITION = 1, 2, 3  # of SizeStatistics
_REPETITION_TYPE, _LOGICAL = 3, 10  # of a SchemaElement


def check_sound(footer: Footer) -> None:
    """Refuse a footer whose chunks have other types or counts of levels than its schema.

    Or other counts of values than rows: readers then stop at one of the two.

    Levels of columns inside others are not looked at: they play no role, so nothing is asked
    of them. Raises DamagedError.
    """
    for leaf in footer.leaves:
        if _LOGICAL in leaf.element and not isinstance(leaf.element[_LOGICAL][1], dict):
            raise damaged(footer.path, "a column's type is none")
    for index in range(len(footer.groups)):
        for leaf, chunk in zip(footer.leaves, footer.chunks(index), strict=True):
            try:
                meta = chunk[_META][1]
                sound = meta[_TYPE][1] == leaf.type and (
                    leaf.nested or _is_flat(leaf, meta, footer.groups[index].rows)
                )
            except (KeyError, TypeError, IndexError):
                sound = False
            if not sound:
                raise damaged(footer.path, "a column chunk is not what its schema says")


def _is_flat(leaf: Leaf, meta: Struct, rows: int) -> bool:
    sizes = meta[_SIZES][1] if _SIZES in meta else {}
    return bool(meta[_VALUES][1] == rows and _fits(leaf, sizes))


def _fits(leaf: Leaf, sizes: Struct) -> bool:
    repetition = leaf.element[_REPETITION_TYPE][1] if _REPETITION_TYPE in leaf.element else 0
    levels = {
        _REPETITION: int(repetition == REPEATED),
        _DEFINITION: int(repetition in (OPTIONAL, REPEATED)),
    }
    for field, highest in levels.items():
        if field in sizes and len(sizes[field][1][1]) not in (0, highest + 1):
            return False
    return _UNENCODED not in sizes or leaf.type == BYTE_ARRAY
