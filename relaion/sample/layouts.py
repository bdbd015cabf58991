"""The two layouts of LAION's metadata, as Arrow tables of made-up rows."""

import pyarrow as pa

from relaion.sample.rows import Block


def joined_schema(*, language: bool) -> pa.Schema:
    """The joined LAION-5B layout with image hashes; LANGUAGE in the multilingual subset only."""
    fields = [
        ("URL", pa.string()),
        ("TEXT", pa.string()),
        ("WIDTH", pa.int32()),
        ("HEIGHT", pa.int32()),
        ("similarity", pa.float64()),
        *([("LANGUAGE", pa.string())] if language else []),
        ("hash", pa.int64()),
        ("pwatermark", pa.float32()),
        ("punsafe", pa.float32()),
        ("md5", pa.string()),
        ("sha1", pa.string()),
    ]
    return pa.schema(fields)


def relaion_schema() -> pa.Schema:
    """The 15 columns of Re-LAION-5B and, for the SHA-1 lists, one more."""
    names = ("width", "height", "original_width", "original_height")
    fields = [
        ("url", pa.string()),
        ("similarity", pa.float64()),
        ("hash", pa.int64()),
        ("pwatermark", pa.float32()),
        ("punsafe", pa.float32()),
        *((name, pa.string()) for name in ("caption", "key", "status", "error_message")),
        *((name, pa.int32()) for name in names),
        *((name, pa.string()) for name in ("exif", "md5", "sha1")),
    ]
    return pa.schema(fields)


def as_joined(block: Block) -> pa.Table:
    """A block in the joined LAION-5B layout."""
    schema = joined_schema(language=block.place.language is None)
    columns = {
        "URL": block.url,
        "TEXT": block.text,
        "WIDTH": [width for width, _ in block.size],
        "HEIGHT": [height for _, height in block.size],
        "similarity": block.similarity,
        "LANGUAGE": block.language,
        "hash": block.row_hash(),
        "pwatermark": block.pwatermark,
        "punsafe": block.punsafe,
        "md5": block.md5,
        "sha1": block.sha1,
    }
    return pa.table([pa.array(columns[f.name], f.type) for f in schema], schema=schema)


def as_relaion(block: Block) -> pa.Table:
    """A block in Re-LAION's layout: a row without an MD5 is a failed download."""
    schema, place = relaion_schema(), block.place
    got = [md5 is not None for md5 in block.md5]
    keys = range(place.offset, place.offset + len(got))
    columns = {
        "url": block.url,
        "similarity": block.similarity,
        "hash": block.row_hash(),
        "pwatermark": [0.5 if w is None else w for w in block.pwatermark],
        "punsafe": block.punsafe,
        "caption": block.text,
        "key": [f"{place.shard:06d}{key:06d}" for key in keys],
        "status": ["success" if ok else "failed_to_download" for ok in got],
        "error_message": [None if ok else "HTTP Error 404: Not Found" for ok in got],
        "width": [256 if ok else None for ok in got],
        "height": [256 if ok else None for ok in got],
        "original_width": [s[0] if ok else None for s, ok in zip(block.size, got, strict=True)],
        "original_height": [s[1] if ok else None for s, ok in zip(block.size, got, strict=True)],
        "exif": ["{}" if ok else None for ok in got],
        "md5": block.md5,
        "sha1": block.sha1,
    }
    return pa.table([pa.array(columns[f.name], f.type) for f in schema], schema=schema)
