"""Roles by the names and types of a schema, as pyarrow has it."""

from functools import lru_cache

import pyarrow as pa

from relaion.parquet.glossary import bare_name, meaning
from relaion.parquet.overrides import Columns, Overrides, overrides_of
from relaion.parquet.roles import Column, Layout, assign
from relaion.parquet.storage import plain_type
from relaion.paths import shown


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
