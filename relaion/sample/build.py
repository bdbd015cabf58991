"""Making the demo: plan the listed rows, write the shards block by block, then the lists."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from relaion.errors import InputError, OutputError
from relaion.paths import whole_file
from relaion.sample.draw import seeded, split_evenly
from relaion.sample.layouts import as_joined, as_relaion, joined_schema, relaion_schema
from relaion.sample.partner_files import names, write_deliveries
from relaion.sample.plants import Plan, plan
from relaion.sample.protocol import SUBSETS, smallest, split
from relaion.sample.result import DemoSet, expected
from relaion.sample.rows import Place, make_block
from relaion.sample.weblinks import Web
from relaion.sample.words import KEYWORDS

_BLOCK = 50_000  # rows of a row group, and all that is ever in memory
_SHARD = 500_000  # rows of a shard in a large demo
_MIN_SHARDS, _MAX_SHARDS = 4, 128
_LIST_SCALE = 100
_MAX_ROWS = 2**32  # tokens are unique below
# language of the captions; None where each row has one of its own
_LANGUAGES = dict(zip(SUBSETS, ("en", None, "nolang"), strict=True))
_ABOUT = {"relaion.sample": "made up: no link leads anywhere and no picture exists"}


@dataclass(frozen=True)
class _Shard:
    """One file to write: where, and which rows of its subset."""

    path: Path
    subset: str
    number: int
    first_row: int
    first_token: int
    rows: int


def make(folder: Path, *, rows: int = 300_000, seed: int = 5, full_lists: bool = False) -> DemoSet:
    """Make a LAION-like data set and partner lists that replay the published protocol.

    Writes `folder/data/<subset>/part-*.parquet`, `folder/lists/` and `folder/keywords.txt`.
    Everything is made up and neutral; every host is a reserved name. The same arguments give
    the same bytes. The lists hold one unmatched entry for a hundred published ones, with
    `full_lists` all 16.2 million.

    Raises InputError when `rows` cannot hold the planted rows, OutputError when the folder
    holds shards or lists that this call would not write, or cannot be written.
    """
    least = smallest()
    if not least <= rows < _MAX_ROWS:
        raise InputError(
            f"rows: {rows:,} is out of range; the demo needs {least:,} rows for what it plants, "
            f"and makes fewer than {_MAX_ROWS:,}"
        )
    counts = split(rows)
    shards = [*_shards(folder / "data", counts, seed)]
    lists, keywords = folder / "lists", folder / "keywords.txt"
    _refuse_others(folder, {s.path for s in shards} | {lists / name for name in names()})
    _make_folders(lists, *(folder / "data" / subset for subset in SUBSETS))

    web = Web(seed)
    planned = plan(seeded(seed, "plants"), web, counts)
    for shard in shards:
        _write_shard(shard, web, planned, seed)
    scale = 1 if full_lists else _LIST_SCALE
    deliveries = write_deliveries(lists, planned.entries, seed, scale)
    words = sorted({word for words in KEYWORDS.values() for word in words})
    with whole_file(keywords, mode=0o600) as part:
        part.write_text("\n".join(words) + "\n", encoding="utf-8")
    return DemoSet(folder / "data", deliveries, keywords, counts, expected())


def _shards(data: Path, counts: dict[str, int], seed: int) -> Iterator[_Shard]:
    token = 0
    for subset, rows in counts.items():
        name = uuid.UUID(bytes=seeded(seed, subset).randbytes(16), version=4)
        n_shards = min(max(-(-rows // _SHARD), _MIN_SHARDS), _MAX_SHARDS)
        first = 0
        for number, n in enumerate(split_evenly(rows, n_shards)):
            path = data / subset / f"part-{number:05d}-{name}-c000.snappy.parquet"
            yield _Shard(path, subset, number, first, token, n)
            first, token = first + n, token + n


def _refuse_others(folder: Path, ours: set[Path]) -> None:
    """Another demo's files beside ours would be taken for ours."""
    for top in (folder / "data", folder / "lists"):
        others = [p for p in top.rglob("*") if p.is_file() and p not in ours]
        if others:
            raise OutputError(
                f"{top}: holds {len(others):,} files of something else, such as {others[0].name}; "
                "choose an empty folder"
            )


def _make_folders(*folders: Path) -> None:
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as e:
            raise OutputError(
                f"{folder}: cannot be made ({e.strerror}); choose another folder"
            ) from None


def _write_shard(shard: _Shard, web: Web, planned: Plan, seed: int) -> None:
    language = _LANGUAGES[shard.subset]
    joined = shard.subset != SUBSETS[2]
    schema = joined_schema(language=language is None) if joined else relaion_schema()
    plants = planned.rows[shard.subset]
    with (
        whole_file(shard.path) as part,
        # like Spark's files: no Arrow schema in the footer
        pq.ParquetWriter(part, schema, compression="snappy", store_schema=False) as writer,
    ):
        for offset in range(0, shard.rows, _BLOCK):
            place = Place(
                shard.subset,
                language,
                shard.first_row + offset,
                shard.first_token + offset,
                shard.number,
                offset,
            )
            rng = seeded(seed, shard.subset, place.first_row)
            block = make_block(rng, web, place, min(_BLOCK, shard.rows - offset), plants)
            writer.write_table(as_joined(block) if joined else as_relaion(block))
        writer.add_key_value_metadata(_ABOUT)
