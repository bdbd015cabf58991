"""How pyarrow is told to store an edition's shard the way its source is stored."""

from collections.abc import Iterator
from typing import Any

from relaion.errors import InputError
from relaion.paths import shown
from relaion.shards.metadata import BYTE_ARRAY, FIXED, INT96, Footer, Leaf
from relaion.shards.physical import Physical
from relaion.shards.traits import DELTA_BYTES, DELTA_LENGTH, DELTA_PACKED, SPLIT, Storage

_LZO, _LZ4_HADOOP = 3, 5
_CODECS = ("NONE", "SNAPPY", "GZIP", None, "BROTLI", "LZ4_RAW", "ZSTD", "LZ4_RAW")
# pyarrow's own defaults are gzip 9 and brotli 8: twice the time for 1 % of the size
_LEVELS = {"GZIP": 6, "BROTLI": 5}
_ENCODINGS = {
    DELTA_PACKED: "DELTA_BINARY_PACKED",
    DELTA_LENGTH: "DELTA_LENGTH_BYTE_ARRAY",
    DELTA_BYTES: "DELTA_BYTE_ARRAY",
    SPLIT: "BYTE_STREAM_SPLIT",
}
# logical types whose order is not that of their bare values: DECIMAL (of bytes), FLOAT16,
# VARIANT, GEOMETRY, GEOGRAPHY; what is newer than these is not trusted either
_DECIMAL, _FLOAT16, _NEWEST_PLAIN = 5, 15, 14
_INTERVAL = 21


def writer_options(
    footer: Footer, storage: Storage, physical: Physical, group_rows: int
) -> dict[str, Any]:
    """Arguments for pyarrow's ParquetWriter, for row groups of at most so many rows.

    Raises InputError for LZO, which it cannot read.
    """
    columns = list(zip(footer.leaves, storage.columns, physical.paths, strict=True))
    if any(_LZO in traits.codecs for _, traits, _ in columns):
        raise InputError(
            f"{shown(footer.path)}: is compressed with LZO, which pyarrow cannot read; "
            "write it again with another codec"
        )
    codecs = {path: _CODECS[traits.codecs[0]] for _, traits, path in columns}
    indexed = any(traits.page_index for _, traits, _ in columns)
    return {
        "store_schema": False,
        "compression": codecs,
        "compression_level": {p: _LEVELS[c] for p, c in codecs.items() if c in _LEVELS},
        "use_dictionary": [path for _, traits, path in columns if traits.dictionary],
        "column_encoding": {
            path: _ENCODINGS[traits.encoding]
            for leaf, traits, path in columns
            if traits.encoding in _ENCODINGS and not traits.dictionary and leaf.type != INT96
        },
        "write_statistics": [
            path
            for leaf, traits, path in columns
            if (traits.statistics or indexed) and _is_ordered(leaf)
        ],
        "write_page_index": indexed,
        # without a number pyarrow makes room for a million values, which takes longer than all else
        "bloom_filter_options": {p: {"ndv": group_rows} for _, t, p in columns if t.bloom_filter},
        "data_page_version": f"{storage.page_version}.0",
        "write_page_checksum": storage.checksums,
        "dictionary_pagesize_limit": 8 << 20,  # only columns where it pays have one
    }


def _is_ordered(leaf: Leaf) -> bool:
    """Whether the smallest and largest of the bare values are those of what they mean."""
    element = leaf.element
    if leaf.type == INT96 or (6 in element and element[6][1] == _INTERVAL):
        return False
    of_bytes = leaf.type in (BYTE_ARRAY, FIXED)
    if of_bytes and 6 in element and element[6][1] == _DECIMAL:
        return False
    for kind in element[10][1] if 10 in element else ():
        if kind > _NEWEST_PLAIN or (kind == _DECIMAL and of_bytes):
            return False
    return True


def notices(footer: Footer, storage: Storage) -> Iterator[str]:
    """What a rewritten shard does not keep of its source, in plain words."""
    columns = list(zip(footer.leaves, storage.columns, strict=True))
    if named := [leaf.name for leaf, t in columns if _LZ4_HADOOP in t.codecs]:
        yield f"LZ4 in Hadoop's old framing is written as LZ4_RAW (columns {', '.join(named)})"
    if named := [leaf.name for leaf, t in columns if len(t.codecs) > 1]:
        yield (
            "row groups are compressed with different codecs, the most frequent one is kept "
            f"(columns {', '.join(named)})"
        )
    if named := [leaf.name for leaf, t in columns if t.bounds and not _is_ordered(leaf)]:
        yield f"smallest and largest values are not written (columns {', '.join(named)})"
    if storage.sorted:
        yield "row groups no longer declare the order that they are sorted by; rows keep theirs"
    if named := [leaf.name for leaf, t in columns if t.key_values]:
        yield f"metadata of single column chunks is dropped (columns {', '.join(named)})"
