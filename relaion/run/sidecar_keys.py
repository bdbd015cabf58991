"""Sidecars as DuckDB sees them, and the keys of their rows that the lists name."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from relaion.engine import Engine, ShardSource, connect
from relaion.parquet.columns import column_batches, open_parquet
from relaion.parquet.layout import Shard
from relaion.parquet.mended import as_bytes, as_text, marked
from relaion.parquet.roles import Columns
from relaion.paths import read_still
from relaion.roles import WIDTHS
from relaion.run.coverage import evenly
from relaion.run.python_answers import fill_keys
from relaion.run.settings import Settings
from relaion.run.sources import Copies, Original, players
from relaion.run.survey import SIDECAR_KEYS, UNREAD_BESIDE, sealed
from relaion.sidecars import Sidecar
from relaion.sidecars.read import read_sidecars
from relaion.sidecars.row_hash import own_hashes, row_hashes
from relaion.sqlset import load


def read_told(
    paths: Sequence[Path], work: Path, columns: Columns
) -> tuple[tuple[Sidecar, ...], list[str]]:
    """Sidecars, and what is to be told of them."""
    notices: list[str] = []
    return read_sidecars(paths, work, columns, notices), notices


def view_sidecars(
    engine: Engine,
    sidecars: Sequence[Sidecar],
    copies: Copies,
    version: str,
    kinds: Collection[str] = tuple(WIDTHS),
) -> None:
    """Create the view `sidecar_digests`: the key of each row, and its image hashes of `kinds`."""
    sources = [_source(s, original, copies, kinds) for s, original in _originals(sidecars)]
    engine.view_sidecars(sources, version)


def _originals(sidecars: Sequence[Sidecar]) -> list[tuple[Sidecar, Original]]:
    """Sidecars as files that may have to be mended; numbered downwards, apart from shards."""
    return [(s, Original(-1 - i, s.readable, s.layout)) for i, s in enumerate(sidecars)]


def _source(
    sidecar: Sidecar, original: Original, copies: Copies, kinds: Collection[str]
) -> ShardSource:
    path, layout = copies.readable(original)
    played = {
        role: columns
        for role, columns in players(layout).items()
        if role in sidecar.keys or (role in WIDTHS and role in kinds)
    }
    return ShardSource(sidecar.name, (original.no,), (path,), played)


def find_sidecar_keys(
    engine: Engine, sidecars: Sequence[Sidecar], settings: Settings, copies: Copies
) -> None:
    """Fill the table `sidecar_keys`, and leave it in the work folder.

    Beside it lies `unread_beside`: how many values of the sidecars are no digest.
    """
    version, work = settings.sql_version, settings.work
    scripts = load(version)
    kinds = [k for (k,) in engine.rows("select distinct kind from store.entries")]
    originals = [original for _, original in _originals(sidecars)]

    def look() -> None:
        view_sidecars(engine, sidecars, copies, version, kinds)
        engine.run(scripts["10_sidecar_hits"], good_wins=settings.good_wins)

    for original in originals:
        copies.drop(original)
    seals = {s.path: sealed(s) for s in sidecars}
    read_still(seals, lambda: copies.reading(originals, look))
    engine.run(scripts["fast/19_odd_links"], has_links=True)
    fill_keys(engine)
    engine.run(scripts["12_sidecar_keys"])
    engine.write_parquet("from sidecar_keys", work / SIDECAR_KEYS)
    engine.write_parquet("from unread_beside order by all", work / UNREAD_BESIDE)


ROWS = 1_000  # of a subset; the estimate is then good to three in a hundred
GROUPS = 5  # row groups of a shard
HEAD = 4_096  # rows at the head of a row group that are read
_SAMPLED = pa.schema(
    [
        ("subset", pa.string()),
        ("sample_no", pa.int64()),
        ("url", pa.string()),
        ("row_hash", pa.int64()),
    ]
)


def reached(
    picked: Sequence[tuple[str, Sequence[Shard]]],
    sidecars: Sequence[Sidecar],
    settings: Settings,
    copies: Mapping[int, str],
) -> list[tuple[str, str, int, int]]:
    """Subset, role, rows looked up and rows reached, of some shards of each subset."""
    limits, work, version = settings.limits, settings.work, settings.sql_version
    with connect(threads=limits.workers, memory=limits.find_memory, temp=work) as engine:
        engine.execute(
            "create temp table sampled "
            "(subset varchar, sample_no bigint, url varchar, row_hash bigint)"
        )
        engine.insert("sampled", _sample(picked))
        view_sidecars(engine, sidecars, Copies(work, copies), version)
        engine.run(load(version)["37_sidecar_reach"])
        return engine.rows("from sidecar_reach")


def _sample(picked: Sequence[tuple[str, Sequence[Shard]]]) -> pa.Table:
    pieces = [_SAMPLED.empty_table()]
    number = 0
    for subset, shards in picked:
        for shard in shards:
            for links, hashes in _rows(shard, -(-ROWS // len(shards))):
                numbers = pa.array(range(number, number + len(links)), pa.int64())
                named = pa.repeat(subset, len(links))
                pieces.append(pa.table([named, numbers, links, hashes], schema=_SAMPLED))
                number += len(links)
    return pa.concat_tables(pieces)


def _rows(shard: Shard, n: int) -> Iterator[tuple[pa.Array, pa.Array]]:
    """Links and row hashes of about n rows, from row groups spread over a shard."""
    roles = shard.layout.roles
    names = [name for name in ("url", "text", "row_hash") if name in roles]
    groups = evenly(range(shard.row_groups), GROUPS)
    each = -(-n // len(groups))
    with open_parquet(shard.path) as file:
        for group in groups:
            wanted = [roles[name] for name in names]
            arrays = next(column_batches(file, wanted, [group], rows=HEAD), None)
            if arrays is None:
                continue
            places = pa.array(evenly(range(len(arrays[0])), each))
            columns = {k: v.take(places) for k, v in zip(names, arrays, strict=True)}
            captions = columns.get("text", pa.nulls(len(places), pa.string()))
            computed = row_hashes(columns["url"], captions)
            own = columns.get("row_hash", pa.nulls(len(places), pa.int64()))
            links = pc.cast(as_text(as_bytes(columns["url"]), marked), pa.string())
            yield links, pc.coalesce(own_hashes(own), computed)
