"""Sidecars: files that hold image hashes apart from the links, met by the lists first.

One scan of each, however large; the few keys that matched are kept in the work folder, and
the search joins them as it joins the lists themselves.
"""

import os
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from relaion.engine import Engine, ShardSource
from relaion.errors import InputError
from relaion.parquet.overrides import Columns
from relaion.paths import Seal, find_sidecars, is_still, read_still, replaced, seal, shown, stamp_of
from relaion.roles import WIDTHS
from relaion.run.journal import SIDECARS, Entry, Journal
from relaion.run.python_answers import fill_keys
from relaion.run.survey import players
from relaion.run.utf8_copy import Copies, Original
from relaion.sidecars.sidecar import Sidecar, read_sidecars
from relaion.sqlset import load

FOUND = "sidecar_keys.parquet"
UNREAD = "sidecar_values.parquet"


def roles_beside(sidecars: Sequence[Sidecar]) -> frozenset[str]:
    """Image hashes that at least one sidecar holds."""
    return frozenset(role for s in sidecars for role in s.layout.roles if role in WIDTHS)


def sidecar_lines(sidecars: Sequence[Sidecar]) -> list[dict[str, Any]]:
    """Name, rows, bytes and SHA-256 of each sidecar, for the manifest."""
    return [
        {"name": s.name, "rows": s.rows, "bytes": s.bytes, "sha256": _sealed(s).sha256}
        for s in sidecars
    ]


def read_sealed_sidecars(
    paths: Sequence[Path], journal: Journal, columns: Columns, notices: list[str]
) -> tuple[Sidecar, ...]:
    """Read sidecars, each sealed before its first byte is: nobody may change it from then on.

    Raises InputError for one that cannot be read, or changed since the run that goes on began.
    """
    seals = _seals([s.path for s in find_sidecars(paths).shards], journal)
    found = read_sidecars(paths, journal.work, columns, notices)
    sidecars = tuple(replace(s, seal=seals[s.path]) for s in found)
    check_sidecars(sidecars)
    return sidecars


def _seals(paths: Sequence[Path], journal: Journal) -> dict[Path, Seal]:
    names = [os.fsencode(path.absolute()).hex() for path in paths]
    known = journal.get(SIDECARS, "", lambda found: [Seal.read(found[name]) for name in names])
    if known is None:
        journal.forget_search()  # nobody knows of which sidecars it was
        seals = [seal(path) for path in paths]
    else:
        seals = [_again(path, before) for path, before in zip(paths, known, strict=True)]
    value = {name: s.plain() for name, s in zip(names, seals, strict=True)}
    journal.add([Entry(SIDECARS, "", value)])
    return dict(zip(paths, seals, strict=True))


def _again(path: Path, before: Seal) -> Seal:
    now = before if stamp_of(path) == before.stamp else seal(path)
    if now.sha256 != before.sha256:
        raise ChangedSidecarError(
            f"{shown(path)}: changed since the run began; restore it, or add --purge once to "
            "remove what that run left, then begin anew"
        )
    return now


class ChangedSidecarError(InputError):
    """Raised when a sidecar is another one than the run that goes on began with."""


def check_sidecars(sidecars: Sequence[Sidecar]) -> None:
    """Raise InputError where one has other bytes than when the run began."""
    for sidecar in sidecars:
        if not is_still(sidecar.path, _sealed(sidecar)):
            raise replaced(sidecar.path)


def seals_of(sidecars: Sequence[Sidecar]) -> list[str]:
    """The SHA-256 of each, as the run began with it."""
    return [_sealed(s).sha256 for s in sidecars]


def _sealed(sidecar: Sidecar) -> Seal:
    if sidecar.seal is None:  # cannot be: `read_sealed_sidecars` made it
        raise ValueError("a sidecar that was not sealed")
    return sidecar.seal


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
    engine: Engine, sidecars: Sequence[Sidecar], version: str, work: Path, copies: Copies
) -> None:
    """Fill the table `sidecar_keys`, and leave it in the work folder.

    Beside it lies `unread_beside`: how many values of the sidecars are no digest.
    """
    scripts = load(version)
    kinds = [k for (k,) in engine.rows("select distinct kind from store.entries")]
    originals = [original for _, original in _originals(sidecars)]

    def look() -> None:
        view_sidecars(engine, sidecars, copies, version, kinds)
        engine.run(scripts["10_sidecar_hits"])

    for original in originals:
        copies.drop(original)
    seals = {s.path: _sealed(s) for s in sidecars}
    read_still(seals, lambda: copies.reading(originals, look))
    engine.run(scripts["fast/19_odd_links"], has_links=True)
    fill_keys(engine)
    engine.run(scripts["12_sidecar_keys"])
    engine.write_parquet("from sidecar_keys", work / FOUND)
    engine.write_parquet("from unread_beside order by all", work / UNREAD)
