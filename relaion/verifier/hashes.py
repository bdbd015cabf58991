"""LAION's row hash, where a shard lacks it: murmur of the link's and the caption's bytes."""

from array import array

import mmh3
import pyarrow as pa
import pyarrow.compute as pc

from relaion.verifier.rows import Rows


def computable(rows: Rows) -> pa.Array:
    """A mask of the rows without a hash of their own that have a link or a caption."""
    none = pa.nulls(rows.n)
    own, url, text = (rows.columns.get(role, none) for role in ("row_hash", "url", "text"))
    return pc.and_(pc.is_null(own), pc.or_(pc.is_valid(url), pc.is_valid(text)))


def row_hashes(rows: Rows) -> tuple[pa.Array, pa.Array]:
    """Row hashes as int64, and a mask of those that were computed.

    A hash is computed where the column is missing or NULL; a row without link and caption
    has none then.
    """
    own = rows.columns.get("row_hash", pa.nulls(rows.n, pa.int64()))
    wanted = computable(rows)
    if not wanted.true_count:
        return own, wanted
    none = pa.nulls(rows.n, pa.binary())
    links, captions = (
        rows.columns.get(role, none).filter(wanted).to_pylist() for role in ("url", "text")
    )
    found = [
        mmh3.hash64((link or b"") + (caption or b""))[0]
        for link, caption in zip(links, captions, strict=True)
    ]
    return pc.replace_with_mask(own, wanted, pa.array(found, pa.int64())), wanted


def shortened(hashes: pa.Array) -> pa.Array:
    """Row hashes as the 64 bits by which listed digests are compared (`digests.prefixes`)."""
    numbers = array("q", pc.drop_null(hashes).to_pylist())
    numbers.byteswap()  # hex digits begin with the highest byte
    return pa.Array.from_buffers(pa.int64(), len(numbers), [None, pa.py_buffer(numbers)])
