"""Sidecars as DuckDB sees them, and the keys of their rows that the lists name."""

from collections.abc import Collection, Sequence
from pathlib import Path

from relaion.engine import Engine, ShardSource
from relaion.parquet.roles import Columns
from relaion.paths import read_still
from relaion.roles import WIDTHS
from relaion.run.python_answers import fill_keys
from relaion.run.sidecars import FOUND, UNREAD, sealed
from relaion.run.sources import players
from relaion.run.utf8_copy import Copies, Original
from relaion.sidecars import Sidecar
from relaion.sidecars.read import read_sidecars
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
    engine: Engine,
    sidecars: Sequence[Sidecar],
    version: str,
    work: Path,
    copies: Copies,
    *,
    good_wins: bool = False,
) -> None:
    """Fill the table `sidecar_keys`, and leave it in the work folder.

    Beside it lies `unread_beside`: how many values of the sidecars are no digest.
    """
    scripts = load(version)
    kinds = [k for (k,) in engine.rows("select distinct kind from store.entries")]
    originals = [original for _, original in _originals(sidecars)]

    def look() -> None:
        view_sidecars(engine, sidecars, copies, version, kinds)
        engine.run(scripts["10_sidecar_hits"], good_wins=good_wins)

    for original in originals:
        copies.drop(original)
    seals = {s.path: sealed(s) for s in sidecars}
    read_still(seals, lambda: copies.reading(originals, look))
    engine.run(scripts["fast/19_odd_links"], has_links=True)
    fill_keys(engine)
    engine.run(scripts["12_sidecar_keys"])
    engine.write_parquet("from sidecar_keys", work / FOUND)
    engine.write_parquet("from unread_beside order by all", work / UNREAD)
