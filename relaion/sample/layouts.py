"""The layouts of LAION's metadata, as Arrow tables of made-up rows, and of a sidecar."""

import math

import pyarrow as pa

from relaion.sample.rows import Block


def original_schema() -> pa.Schema:
    """The first layout of LAION-5B: no score, and no hash of any kind."""
    return pa.schema(
        [
            ("SAMPLE_ID", pa.int64()),
            ("URL", pa.string()),
            ("TEXT", pa.string()),
            ("HEIGHT", pa.int32()),
            ("WIDTH", pa.int32()),
            ("LICENSE", pa.string()),
            ("NSFW", pa.string()),
            ("similarity", pa.float64()),
        ]
    )


def sidecar_schema() -> pa.Schema:
    """Image hashes by row hash, as LAION's md5 sets have them apart from the links."""
    return pa.schema([("hash", pa.int64()), ("md5", pa.string()), ("sha1", pa.string())])


def joined_schema() -> pa.Schema:
    """The joined LAION-5B layout with image hashes."""
    fields = [
        ("URL", pa.string()),
        ("TEXT", pa.string()),
        ("WIDTH", pa.int32()),
        ("HEIGHT", pa.int32()),
        ("similarity", pa.float64()),
        ("hash", pa.int64()),
        ("pwatermark", pa.float32()),
        ("punsafe", pa.float32()),
        ("md5", pa.string()),
        ("sha1", pa.string()),
    ]
    return pa.schema(fields)


def relaion_schema() -> pa.Schema:
    """The 15 columns of Re-LAION-5B, the language and, for the SHA-1 lists, one more."""
    names = ("width", "height", "original_width", "original_height")
    fields = [
        ("url", pa.string()),
        ("similarity", pa.float64()),
        ("hash", pa.int64()),
        ("pwatermark", pa.float32()),
        ("punsafe", pa.float32()),
        *((name, pa.string()) for name in ("caption", "language", "key")),
        *((name, pa.string()) for name in ("status", "error_message")),
        *((name, pa.int32()) for name in names),
        *((name, pa.string()) for name in ("exif", "md5", "sha1")),
    ]
    return pa.schema(fields)


def as_original(block: Block) -> pa.Table:
    """A block in LAION-5B's first layout, with width and height swapped as they are there."""
    schema, n = original_schema(), len(block.url)
    columns = {
        "SAMPLE_ID": range(block.place.first_row, block.place.first_row + n),
        "URL": block.url,
        "TEXT": block.text,
        "HEIGHT": [width for width, _ in block.size],
        "WIDTH": [height for _, height in block.size],
        "LICENSE": ["?"] * n,
        "NSFW": [_tag(score) for score in block.punsafe],
        "similarity": block.similarity,
    }
    return pa.table([pa.array(columns[f.name], f.type) for f in schema], schema=schema)


def _tag(score: float | None) -> str:
    if score is None or math.isnan(score):
        return "?"
    return "NSFW" if score > 0.95 else "UNSURE" if score > 0.45 else "UNLIKELY"


def as_sidecar(block: Block) -> pa.Table:
    """The image hashes of a block by row hash; a picture that was never had has no row."""
    rows = zip(block.row_hash(), block.md5, block.sha1, strict=True)
    found = [row for row in rows if row[1] or row[2]]
    columns = list(zip(*found, strict=True)) or [(), (), ()]
    schema = sidecar_schema()
    return pa.table(
        [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema
    )


def as_joined(block: Block) -> pa.Table:
    """A block in the joined LAION-5B layout."""
    schema = joined_schema()
    columns = {
        "URL": block.url,
        "TEXT": block.text,
        "WIDTH": [width for width, _ in block.size],
        "HEIGHT": [height for _, height in block.size],
        "similarity": block.similarity,
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
        "language": block.language,
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
