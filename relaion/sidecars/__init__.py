"""Sidecars: tables of image hashes that lie apart from the links, joined by link or row hash."""

from dataclasses import dataclass
from pathlib import Path

from relaion.parquet.roles import Layout
from relaion.paths import Seal


@dataclass(frozen=True)
class Sidecar:
    """One file of image hashes: `path` as it was found, its `bytes` on disk, its rows.

    `readable` is the parquet file to read: the same one, or a private copy made of a TSV.
    `keys` are the roles that join it: `url`, `row_hash`, or both, since a row may lack one.
    `layout` has positions in `readable`, and at least a key and one image hash. `seal` is the
    file as it was before it was read, where somebody asked for that.
    """

    path: Path
    readable: Path
    name: str
    rows: int
    bytes: int
    keys: tuple[str, ...]
    layout: Layout
    seal: Seal | None = None
