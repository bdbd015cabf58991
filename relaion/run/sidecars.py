"""Sidecars: files that hold image hashes apart from the links, met by the lists first.

One scan of each, however large; the few keys that matched are kept in the work folder, and
the search joins them as it joins the lists themselves.
"""

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from relaion.engine import Engine, ShardSource
from relaion.paths import file_sha256, whole_file
from relaion.run.fill import fill_keys
from relaion.run.numbering import players
from relaion.run.readable import Original, mending
from relaion.shards.digests import WIDTHS
from relaion.shards.sidecar import Sidecar
from relaion.sqlset import load

FOUND = "sidecar_keys.parquet"
LINES = "sidecars.json"


def roles_beside(sidecars: Sequence[Sidecar]) -> frozenset[str]:
    """Image hashes that at least one sidecar holds."""
    return frozenset(role for s in sidecars for role in s.layout.roles if role in WIDTHS)


def sidecar_lines(sidecars: Sequence[Sidecar], work: Path) -> list[dict[str, Any]]:
    """Name, rows, bytes and SHA-256 of each sidecar, for the manifest; hashed once a run."""
    path = work / LINES
    if not path.exists():
        lines = [
            {"name": s.name, "rows": s.rows, "bytes": s.bytes, "sha256": file_sha256(s.path)}
            for s in sidecars
        ]
        with whole_file(path, mode=0o600) as part:
            part.write_text(json.dumps(lines), encoding="ascii")
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="ascii"))
    return found


def view_sidecars(
    engine: Engine,
    sidecars: Sequence[Sidecar],
    work: Path,
    version: str,
    kinds: Collection[str] = tuple(WIDTHS),
) -> None:
    """Create the view `sidecar_digests`: the key of each row, and its image hashes of `kinds`."""
    sources = [_source(s, original, work, kinds) for s, original in _originals(sidecars)]
    engine.view_sidecars(sources, version)


def _originals(sidecars: Sequence[Sidecar]) -> list[tuple[Sidecar, Original]]:
    """Sidecars as files that may have to be mended; numbered downwards, apart from shards."""
    return [(s, Original(-1 - i, s.readable, s.layout)) for i, s in enumerate(sidecars)]


def _source(
    sidecar: Sidecar, original: Original, work: Path, kinds: Collection[str]
) -> ShardSource:
    path, layout = original.readable(work)
    played = {
        role: columns
        for role, columns in players(layout).items()
        if role == sidecar.key or (role in WIDTHS and role in kinds)
    }
    return ShardSource(sidecar.name, original.no, (path,), played)


def find_sidecar_keys(
    engine: Engine, sidecars: Sequence[Sidecar], version: str, work: Path
) -> None:
    """Fill the table `sidecar_keys`, from the work folder where an earlier try left it."""
    if not sidecars:
        return
    path = work / FOUND
    if not path.exists():
        scripts = load(version)
        kinds = [k for (k,) in engine.rows("select distinct kind from store.entries")]

        def look() -> None:
            view_sidecars(engine, sidecars, work, version, kinds)
            engine.run(scripts["10_sidecar_hits"])

        mending([original for _, original in _originals(sidecars)], work, look)
        engine.run(scripts["11_sidecar_links"])
        engine.run(scripts["19_odd_links"], has_links=True)
        fill_keys(engine)
        engine.run(scripts["12_sidecar_keys"])
        engine.write_parquet("from sidecar_keys", path)
    engine.read_parquet("sidecar_keys", [path])
