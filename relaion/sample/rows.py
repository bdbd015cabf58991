"""Blocks of made-up rows.

A block is generated from its own seed, so that one block never depends on another and any
number of rows is made in the memory of one block.
"""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass

import mmh3

from relaion.sample.captions import captions, languages, with_keyword, with_near_keyword
from relaion.sample.draw import digests, some, token
from relaion.sample.plants import Plant
from relaion.sample.weblinks import Web, make_odd

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
