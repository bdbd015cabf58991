"""Blocks of made-up rows, in the layouts of LAION's metadata."""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass

import mmh3
import pyarrow as pa

from relaion.sample.plants import Plant
from relaion.sample.weblinks import Web, make_odd
from relaion.sample.words import (
    captions,
    digests,
    languages,
    some,
    token,
    with_keyword,
    with_near_keyword,
)

# -- Blocks of made-up rows --------------------------------------------------------------------
# A block is generated from its own seed, so that one block never depends on another and any
# number of rows is made in the memory of one block.

_SIZES = ((640, 480), (300, 300), (800, 600), (1_024, 768), (500, 333), (1_200, 1_600), (236, 354))


@dataclass(frozen=True)
class Place:
    """Where a block lies: its subset, the language of its captions, its first row there.

    `language` is None in the multilingual subset. `first_token` numbers the rows of the whole
    data set, `shard` and `offset` the rows of a shard.
    """

    subset: str
    language: str | None
    first_row: int
    first_token: int
    shard: int
    offset: int


@dataclass
class Block:
    """The columns of some rows. All lists are of one length; None is NULL."""

    place: Place
    url: list[str | None]
    text: list[str | None]
    language: list[str]
    punsafe: list[float | None]
    pwatermark: list[float | None]
    similarity: list[float]
    size: list[tuple[int, int]]
    md5: list[str | None]
    sha1: list[str | None]

    def row_hash(self) -> list[int]:
        """LAION's row hash: the low half of MurmurHash3 x64 128 over link and caption, signed."""
        pairs = zip(self.url, self.text, strict=True)
        return [mmh3.hash64((url or "") + (text or ""))[0] for url, text in pairs]


def make_block(
    rng: random.Random, web: Web, place: Place, n: int, plants: Mapping[int, Plant]
) -> Block:
    """Make `n` rows; a row whose number in the subset is in `plants` is that plant."""
    spoken = [place.language] * n if place.language else languages(rng, n)
    block = Block(
        place,
        url=[*web.links(rng, [token(place.first_token + i) for i in range(n)])],
        text=[*captions(rng, spoken)],
        language=spoken,
        punsafe=(scores := _scores(rng, n)),
        pwatermark=[None if s is None else rng.random() ** 3 for s in scores],
        similarity=[0.26 + 0.1 * rng.random() ** 2 for _ in range(n)],
        size=rng.choices(_SIZES, k=n),
        md5=[*digests(rng, n, 16)],
        sha1=[*digests(rng, n, 20)],
    )
    _add_keywords(rng, block)
    _repeat_links(rng, block)
    _leave_out(rng, block)
    for i in range(n):
        if plant := plants.get(place.first_row + i):
            block.url[i], block.md5[i], block.sha1[i] = plant.link, plant.md5, plant.sha1
    return block


def _scores(rng: random.Random, n: int) -> list[float | None]:
    """`punsafe`: 97 % below 0.45, 1.5 % up to 0.95, 1.5 % above; some NULL, few NaN or borders."""
    scores: list[float | None] = [_score(rng.random()) for _ in range(n)]
    oddities = ((0.002, None), (0.0002, math.nan), (0.0001, 0.45), (0.0001, 0.95))
    for share, value in oddities:
        for i in some(rng, n, share):
            scores[i] = value
    return scores


def _score(quantile: float) -> float:
    if quantile < 0.97:
        return float(0.449 * (quantile / 0.97) ** 6)
    if quantile < 0.985:
        return 0.451 + 0.498 * (quantile - 0.97) / 0.015
    return 0.951 + 0.049 * (quantile - 0.985) / 0.015


def _add_keywords(rng: random.Random, block: Block) -> None:
    """Put keywords into three of four captions above 0.95, and into a few that may stay."""
    for i, (score, text) in enumerate(zip(block.punsafe, block.text, strict=True)):
        high = score is not None and score > 0.95
        if text and rng.random() < (0.75 if high else 0.002):
            block.text[i] = with_keyword(rng, text, block.language[i])
        elif text and rng.random() < (0.1 if high else 0.001):
            block.text[i] = with_near_keyword(rng, text, block.language[i])


def _repeat_links(rng: random.Random, block: Block) -> None:
    """Let one row in two hundred show the picture of another row, under its own caption."""
    n = len(block.url)
    for i in some(rng, n, 0.005):
        j = rng.randrange(n)
        block.url[i], block.md5[i], block.sha1[i] = block.url[j], block.md5[j], block.sha1[j]


def _leave_out(rng: random.Random, block: Block) -> None:
    """Spell some links oddly, and make some values NULL."""
    links = [url or "" for url in block.url]
    make_odd(rng, links)
    block.url = [*links]
    n = len(links)
    for i in some(rng, n, 0.02):  # never downloaded
        block.md5[i] = block.sha1[i] = None
    for i in some(rng, n, 0.005):
        block.sha1[i] = None
    for i in some(rng, n, 0.002):
        block.text[i] = None
    for i in some(rng, n, 0.0001):
        block.url[i] = None


# -- The layouts of LAION's metadata, as Arrow tables of made-up rows, and of a sidecar --------


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
