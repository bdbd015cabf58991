"""Promise 2 by the footers alone: is an output's schema its input's, to the last detail?"""

import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from relaion.parquet.footer import Footer, read_footer
from relaion.parquet.storage import CODEC, check_sound
from relaion.verifier.compare import Pairs
from relaion.verifier.rows import open_shard

# nothing writes Hadoop's old framing any more, and readers of it are few: a run says so and
# writes the same compression in the framing that the format names
_LZ4_HADOOP, _LZ4_RAW = 5, 7
_FIELD_ID = re.compile(r" field_id=-?\d+")


def compare(source: Path, target: Path) -> tuple[list[str], Pairs]:
    """What differs, in plain sentences, and which columns can still be compared by value.

    Columns are taken by position, for names may repeat. Raises InputError when a file
    cannot be read.
    """
    check_sound(read_footer(target))  # before pyarrow is asked about its chunks
    with open_shard(source) as a, open_shard(target) as b:
        left, right = a.schema_arrow, b.schema_arrow
        said = list(_fields(left, right))
        if not said:
            said += _details(a, b)
    before, after = read_footer(source), read_footer(target)
    if not said and before.elements[1:] != after.elements[1:]:
        said.append("its schema is not the input's to the last detail")
    said += _metadata(before, after)
    said += _codecs(before, after)
    return said, _pairs(left, right)


def _fields(left: pa.Schema, right: pa.Schema) -> Iterator[str]:
    if left.names != right.names:
        yield "its columns are not those of the input (names, number or order)"
        return
    for old, new in zip(left, right, strict=True):
        if old.type != new.type:
            yield f"column {old.name} has another type than in the input"
        elif old.nullable != new.nullable:
            yield f"column {old.name} is {'nullable' if new.nullable else 'required'} now"


def _details(left: pq.ParquetFile, right: pq.ParquetFile) -> Iterator[str]:
    """What Arrow's types do not show: INT96, names inside lists, annotations, field numbers."""
    old, new = _tree(left), _tree(right)
    if _FIELD_ID.sub("", old) != _FIELD_ID.sub("", new):
        yield "its parquet types are not the input's (physical types, or names inside lists)"
    elif old != new:
        yield "the numbers of its fields are not the input's"


def _tree(file: pq.ParquetFile) -> str:
    """The schema as parquet's own text, but for the name of its root."""
    lines = str(file.schema).splitlines()
    start = next((i for i, line in enumerate(lines) if line.startswith("required group")), 0)
    return "\n".join(lines[start + 1 :])


def _metadata(left: Footer, right: Footer) -> Iterator[str]:
    """What pyarrow does not show: pairs in their order, one given twice, NULL values; the root."""
    if left.key_values != right.key_values:
        yield "its key-value metadata is not the input's"
    children = 5  # of a SchemaElement: other columns are told by others
    if {**left.elements[0], children: 0} != {**right.elements[0], children: 0}:
        yield "the root of its schema is not the input's"


def _codecs(left: Footer, right: Footer) -> Iterator[str]:
    if len(left.leaves) != len(right.leaves):
        return
    for leaf, old, new in zip(right.leaves, _used(left), _used(right), strict=True):
        if old and not new <= old | ({_LZ4_RAW} if _LZ4_HADOOP in old else set()):
            yield f"column {leaf.name} is compressed with another codec than in the input"


def _used(footer: Footer) -> list[set[int]]:
    """For each column, the codecs of its chunks."""
    found: list[set[int]] = [set() for _ in footer.leaves]
    for index in range(len(footer.groups)):
        for codecs, chunk in zip(found, footer.chunks(index), strict=True):
            codecs.add(chunk[3][1][CODEC][1])
    return found


def _pairs(left: pa.Schema, right: pa.Schema) -> Pairs:
    """Positions of columns that have the same name and type in both."""
    if left.names == right.names:
        same = range(len(left.names))
        return [(i, i) for i in same if left.field(i).type == right.field(i).type]
    found = []
    for i, field in enumerate(left):
        places = right.get_all_field_indices(field.name)
        if len(places) == 1 and right.field(places[0]).type == field.type:
            found.append((i, places[0]))
    return found
