"""Making the demo: plan the listed rows, write the shards block by block, then the lists."""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from relaion.errors import InputError, OutputError
from relaion.paths import atomic_write, shown
from relaion.sample.partner_files import names, write_deliveries
from relaion.sample.plants import SUBSETS, PlantPlan, plan, smallest, split
from relaion.sample.result import DemoSet, expected
from relaion.sample.rows import (
    Block,
    Place,
    as_joined,
    as_original,
    as_relaion,
    as_sidecar,
    joined_schema,
    make_block,
    original_schema,
    relaion_schema,
    sidecar_schema,
)
from relaion.sample.weblinks import Web
from relaion.sample.words import KEYWORDS, seeded, split_evenly

_BLOCK = 50_000  # rows of a row group, and all that is ever in memory
_SHARD = 500_000  # rows of a shard in a large demo
_MIN_SHARDS, _MAX_SHARDS = 4, 128
_LIST_SCALE = 100
_MAX_ROWS = 2**32  # tokens are unique below
# language of the captions; None where each row has one of its own
_LANGUAGES = dict(zip(SUBSETS, ("en", None, "nolang"), strict=True))
# each subset in a layout of its own: joined, Re-LAION's, LAION-5B's first one
_LAYOUTS = dict(
    zip(
        SUBSETS,
        (
            (joined_schema(), as_joined),
            (relaion_schema(), as_relaion),
            (original_schema(), as_original),
        ),
        strict=True,
    )
)
BARE = SUBSETS[2]  # the subset whose image hashes lie in a sidecar
_ABOUT = {"relaion.sample": "made up: no link leads anywhere and no picture exists"}


@dataclass(frozen=True)
class _Shard:
    """One file to write: where, and which rows of its subset."""

    path: Path
    sidecar: Path | None
    subset: str
    number: int
    first_row: int
    first_token: int
    rows: int


def make(folder: Path, *, rows: int = 300_000, seed: int = 5, full_lists: bool = False) -> DemoSet:
    """Make a LAION-like data set and partner lists that replay the published protocol.

    Writes `folder/data/<subset>/part-*.parquet`, `folder/sidecars/` for the subset that has no
    hashes of its own, `folder/lists/` and `folder/keywords.txt`.
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
    shards = [*_shards(folder, counts, seed)]
    lists, keywords = folder / "lists", folder / "keywords.txt"
    files = {path for s in shards for path in (s.path, s.sidecar) if path}
    _refuse_others(folder, files | {lists / name for name in names()})
    _make_folders(*{path.parent for path in files}, lists)

    web = Web(seed)
    planned = plan(seeded(seed, "plants"), web, counts)
    for shard in shards:
        _write_shard(shard, web, planned, seed)
    scale = 1 if full_lists else _LIST_SCALE
    deliveries = write_deliveries(lists, planned.entries, seed, scale)
    words = sorted({word for words in KEYWORDS.values() for word in words})
    with atomic_write(keywords, mode=0o600) as part:
        part.write_text("\n".join(words) + "\n", encoding="utf-8")
    return DemoSet(folder / "data", folder / "sidecars", deliveries, keywords, counts, expected())


def _shards(folder: Path, counts: dict[str, int], seed: int) -> Iterator[_Shard]:
    token = 0
    for subset, rows in counts.items():
        name = uuid.UUID(bytes=seeded(seed, subset).randbytes(16), version=4)
        n_shards = min(max(-(-rows // _SHARD), _MIN_SHARDS), _MAX_SHARDS)
        first = 0
        for number, n in enumerate(split_evenly(rows, n_shards)):
            part = f"part-{number:05d}-{name}-c000.snappy.parquet"
            path = folder / "data" / subset / part
            sidecar = folder / "sidecars" / f"{subset}-md5" / part if subset == BARE else None
            yield _Shard(path, sidecar, subset, number, first, token, n)
            first, token = first + n, token + n


def _refuse_others(folder: Path, ours: set[Path]) -> None:
    """Another demo's files beside ours would be taken for ours."""
    for top in (folder / "data", folder / "sidecars", folder / "lists"):
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
                f"{shown(folder)}: cannot be made ({e.strerror}); choose another folder"
            ) from None


def _write_shard(shard: _Shard, web: Web, planned: PlantPlan, seed: int) -> None:
    schema, as_rows = _LAYOUTS[shard.subset]
    with ExitStack() as stack:
        writer = stack.enter_context(_writing(shard.path, schema))
        beside = (
            stack.enter_context(_writing(shard.sidecar, sidecar_schema()))
            if shard.sidecar
            else None
        )
        for block in _blocks(shard, web, planned, seed):
            writer.write_table(as_rows(block))
            if beside is not None:
                beside.write_table(as_sidecar(block))


@contextmanager
def _writing(path: Path, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    with (
        atomic_write(path) as part,
        # like Spark's files: no Arrow schema in the footer
        pq.ParquetWriter(part, schema, compression="snappy", store_schema=False) as writer,
    ):
        yield writer
        writer.add_key_value_metadata(_ABOUT)


def _blocks(shard: _Shard, web: Web, planned: PlantPlan, seed: int) -> Iterator[Block]:
    plants = planned.rows[shard.subset]
    for offset in range(0, shard.rows, _BLOCK):
        place = Place(
            shard.subset,
            _LANGUAGES[shard.subset],
            shard.first_row + offset,
            shard.first_token + offset,
            shard.number,
            offset,
        )
        rng = seeded(seed, shard.subset, place.first_row)
        yield make_block(rng, web, place, min(_BLOCK, shard.rows - offset), plants)
