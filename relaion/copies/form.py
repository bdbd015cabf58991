"""What every form of file answers: which records it holds, and itself without some of them.

A record is a row of parquet, a line of TSV, CSV or JSON, a sample of a tar. Whatever is no parquet
is told to SQL through its index, a private parquet file with one row a record, in their order:
so a record's number is `file_row_number` there, and decisions are the same for all forms.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from relaion.parquet.mended import marked
from relaion.sidecars.row_hash import further_hashes

INDEX = pa.schema(
    [
        ("url", pa.string()),
        ("row_hash", pa.int64()),
        ("key", pa.string()),
        ("caption_hash", pa.int64()),
        ("others", pa.list_(pa.int64())),
        ("part", pa.int32()),
        ("start", pa.int64()),
        ("stop", pa.int64()),
    ]
)
"""Columns of an index: the link (`mended.marked` where its bytes are no UTF-8), the row hash (its
own field, else computed of link and caption; NULL where there is no link either), the sample
key of a tar, the row hash of a caption alone, which can be met but tells nothing where it is
not, and the further row hashes that it may be known by (`further_hashes`). `part` tells samples of
one key apart, from 0. `start` and `stop` are the bytes of a tar that are a sample, where it is in
one piece and leaves by itself. Each is NULL where a record has none."""


@dataclass(frozen=True)
class Rewritten:
    """A file that was written without some records: what it holds now."""

    records: int
    bytes: int
    sha256: str


def others_of(
    links: pa.Array, captions: Sequence[pa.Array], own: pa.Array | None, hashes: pa.Array
) -> pa.Array:
    """`further_hashes` as a column of an index, whose row hashes are `hashes`.

    A row hash that was computed is among them: it is not in doubt (`apply/70_identities`).
    """
    places, lists = further_hashes(links, captions, own)
    if not len(places):
        return pa.nulls(len(links), INDEX.field("others").type)
    found: list[list[int] | None] = [None] * len(links)
    for at, some in zip(places.to_pylist(), lists.to_pylist(), strict=True):
        is_own = own is not None and own[at].is_valid
        found[at] = some if is_own or not hashes[at].is_valid else [hashes[at].as_py(), *some]
    return pa.array(found, INDEX.field("others").type)


MOST_CAPTIONS = 7  # beside the first: each costs a hash for every record


def columns_of(texts: Sequence[Sequence[bytes]]) -> list[pa.Array]:
    """Further captions of records, each with as many as it has, as columns."""
    width = min(max(map(len, texts), default=0), MOST_CAPTIONS)
    return [
        pa.array([each[i] if i < len(each) else None for each in texts], pa.large_binary())
        for i in range(width)
    ]


def bare_keys(keys: pa.ChunkedArray) -> pa.ChunkedArray:
    """Keys of samples as text that is the same in a tar and in the rows beside it.

    img2dataset pads a key with zeros; who wrote the rows anew may have made a number of it.
    """
    try:
        keys = keys.cast(pa.string())
    except pa.ArrowNotImplementedError:  # lists and the like are no keys
        keys = pa.chunked_array([pa.nulls(len(keys), pa.string())])
    except pa.ArrowInvalid:  # bytes that are no UTF-8
        told = [None if key is None else marked(key) for key in keys.to_pylist()]
        keys = pa.chunked_array([pa.array(told, pa.string())])
    return pc.replace_substring_regex(keys, r"^0*([0-9]+)(?:\.0)?$", r"\1")
