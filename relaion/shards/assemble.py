"""A rewritten shard's footer: the source's schema and metadata over the new row groups."""

from collections.abc import Sequence

from relaion.shards.metadata import (
    CREATED_BY,
    GROUPS,
    KEY_VALUES,
    ORDERS,
    ROWS,
    SCHEMA,
    VERSION,
    Footer,
)
from relaion.shards.thrift import BINARY, I16, I32, I64, LIST, STRUCT, Struct
from relaion.shards.thrift_out import write_struct

_MAX_ORDINAL = 32_767  # of a row group: a 16-bit field that may be left out


def restored(group: Struct, source: Footer) -> Struct:
    """A row group that pyarrow wrote, its columns named and typed as in the source again."""
    for chunk, leaf in zip(group[1][1][1], source.leaves, strict=True):
        meta = chunk[3][1]
        meta[1] = (I32, leaf.type)
        meta[3] = (LIST, (BINARY, list(leaf.path)))
    return group


def final_footer(source: Footer, written: Footer, groups: Sequence[Struct]) -> bytes:
    """The footer of a shard that holds `groups`; `written` is what pyarrow put there."""
    for ordinal, group in enumerate(groups):
        group.pop(7, None)
        if ordinal <= _MAX_ORDINAL:
            group[7] = (I16, ordinal)
    fields = {k: source.fields[k] for k in (VERSION, SCHEMA, KEY_VALUES) if k in source.fields}
    fields |= {k: written.fields[k] for k in (CREATED_BY, ORDERS) if k in written.fields}
    fields[ROWS] = (I64, sum(group[3][1] for group in groups))
    fields[GROUPS] = (LIST, (STRUCT, list(groups)))
    return write_struct(fields)
