"""Sidecars as DuckDB sees them, and the keys of their rows that the lists name."""

import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from relaion.engine import Engine, ShardSource, connect
from relaion.errors import InputError
from relaion.parquet.columns import column_batches, open_parquet
from relaion.parquet.layout import Shard
from relaion.parquet.mended import as_bytes, as_text, marked
from relaion.parquet.own_hashes import own_hashes
from relaion.parquet.roles import Columns
from relaion.paths import read_still, shown
from relaion.roles import WIDTHS
from relaion.run.python_answers import fill_keys
from relaion.run.settings import Settings
from relaion.run.sources import Copies, Original, players
from relaion.run.survey import SIDECAR_KEYS, UNREAD_BESIDE, sealed
from relaion.sidecars import Sidecar
from relaion.sidecars.read import read_sidecars
from relaion.sidecars.row_hash import row_hashes
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


def read_as_shards(
    engine: Engine,
    sidecars: Sequence[Sidecar],
    settings: Settings,
    copies: Copies,
    search: Callable[[], None],
) -> None:
    """Search sidecars as though they were shards, of negative numbers."""

    def look() -> None:
        sources = [_source(s, o, copies, tuple(WIDTHS)) for s, o in _originals(sidecars)]
        views = ("shard", "row_links", "row_digests")
        engine.view_shards(sources, settings.sql_version, [*WIDTHS], views, ("row_hash",))
        search()

    seals = {s.path: sealed(s) for s in sidecars}
    originals = [original for _, original in _originals(sidecars)]
    read_still(seals, lambda: copies.reading(originals, look))


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


ROWS = 1_000  # of a subset; all of them where it has no more
PLACES = 50  # rows, evenly spread over a subset, whose row groups are read
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
    """Subset, role, rows looked up and rows reached, of a sample of the shards of each subset."""
    limits, work, version = settings.limits, settings.work, settings.sql_version
    with connect(threads=limits.threads, memory=limits.find_memory, temp=work) as engine:
        engine.execute(
            "create temp table sampled "
            "(subset varchar, sample_no bigint, url varchar, row_hash bigint)"
        )
        hashed = any("row_hash" in s.keys for s in sidecars)
        engine.insert("sampled", _sample(picked, hashed=hashed))
        view_sidecars(engine, sidecars, Copies(work, copies), version)
        engine.run(load(version)["37_sidecar_reach"])
        return engine.rows("from sidecar_reach")


def _sample(picked: Sequence[tuple[str, Sequence[Shard]]], *, hashed: bool) -> pa.Table:
    """Rows of each subset; their row hashes, for which captions are read, only if `hashed`."""
    pieces = [_SAMPLED.empty_table()]
    number = 0
    for subset, shards in picked:
        for shard, places in _places(subset, shards):
            for links, hashes in _rows(shard, places, hashed=hashed):
                numbers = pa.array(range(number, number + len(links)), pa.int64())
                named = pa.repeat(subset, len(links))
                pieces.append(pa.table([named, numbers, links, hashes], schema=_SAMPLED))
                number += len(links)
    return pa.concat_tables(pieces)


# row group -> rows of it, counted from its first one
Places: TypeAlias = dict[int, list[int]]


def _places(subset: str, shards: Sequence[Shard]) -> Iterator[tuple[Shard, Places]]:
    """Which rows of a subset are looked up: each as likely as any other, the same in every run.

    Row groups are drawn by how many rows they have, and as many rows of each as often as it was
    drawn, spread over the whole of it: so the cost has a bound however large the subset is, and
    no row is preferred for standing first. A small row group may be drawn more often than it has
    rows: its rows then count as often.
    """
    total = sum(shard.rows for shard in shards)
    chosen = random.Random(subset)  # noqa: S311 - a sample that has to be the same again
    drawn = iter(_spread(total, total if total <= ROWS else PLACES, chosen))
    each = 1 if total <= ROWS else ROWS // PLACES
    place, start = next(drawn, total), 0
    for shard in shards:
        if place < start + shard.rows:
            found: Places = {}
            first = start
            for group, rows in enumerate(_group_rows(shard)):
                times = 0
                while place < min(first + rows, start + shard.rows):
                    times, place = times + each, next(drawn, total)
                if times:
                    found[group] = _spread(rows, times, chosen)
                first += rows
            yield shard, found
        start += shard.rows


def _spread(rows: int, n: int, chosen: random.Random) -> list[int]:
    """Some rows in order, one of each nth part of them."""
    return [min(int((i + chosen.random()) * rows / n), rows - 1) for i in range(n)]


def _group_rows(shard: Shard) -> list[int]:
    with _readable(shard) as file:
        return [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)]


@contextmanager
def _readable(shard: Shard) -> Iterator[pq.ParquetFile]:
    try:
        with open_parquet(shard.path) as file:
            yield file
    except (OSError, pa.ArrowException):
        raise InputError(
            f"{shown(shard.path)}: its links or captions cannot be read; get the file again"
        ) from None


def _rows(shard: Shard, places: Places, *, hashed: bool) -> Iterator[tuple[pa.Array, pa.Array]]:
    """Links and row hashes of some rows."""
    roles = shard.layout.roles
    names = [n for n in ("url", "text", "row_hash") if n in roles and (hashed or n == "url")]
    with _readable(shard) as file:
        for group, rows in places.items():
            if not names:
                yield pa.nulls(len(rows), pa.string()), pa.nulls(len(rows), pa.int64())
                continue
            start, wanted = 0, [roles[name] for name in names]
            for arrays in column_batches(file, wanted, [group]):
                here = [row - start for row in rows if start <= row < start + len(arrays[0])]
                start += len(arrays[0])
                if here:
                    taken = [array.take(pa.array(here)) for array in arrays]
                    yield _keys(dict(zip(names, taken, strict=True)), len(here), hashed=hashed)
                if start > rows[-1]:
                    break


def _keys(columns: dict[str, pa.Array], n: int, *, hashed: bool) -> tuple[pa.Array, pa.Array]:
    links = columns.get("url", pa.nulls(n, pa.string()))
    hashes = own_hashes(columns.get("row_hash", pa.nulls(n, pa.int64())))
    if hashed and {"url", "text"} & columns.keys():
        captions = columns.get("text", pa.nulls(n, pa.string()))
        hashes = pc.coalesce(hashes, row_hashes(links, captions))
    return pc.cast(as_text(as_bytes(links), marked), pa.string()), hashes
