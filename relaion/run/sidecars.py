"""Sidecars: files that hold image hashes apart from the links, met by the lists first.

One scan of each, however large; the few keys that matched are kept in the work folder, and
the search joins them as it joins the lists themselves.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from relaion.errors import InputError
from relaion.parquet.roles import Columns
from relaion.paths import Seal, find_sidecars, is_still, replaced, seal, shown, stamp_of
from relaion.roles import WIDTHS
from relaion.run.journal import SIDECARS, Entry, Journal
from relaion.run.pool import HERE, Caller, WorkerEndedError
from relaion.sidecars import Sidecar

FOUND = "sidecar_keys.parquet"
UNREAD = "sidecar_values.parquet"


def roles_beside(sidecars: Sequence[Sidecar]) -> frozenset[str]:
    """Image hashes that at least one sidecar holds."""
    return frozenset(role for s in sidecars for role in s.layout.roles if role in WIDTHS)


def sidecar_lines(sidecars: Sequence[Sidecar]) -> list[dict[str, Any]]:
    """Name, rows, bytes and SHA-256 of each sidecar, for the manifest."""
    return [
        {"name": s.name, "rows": s.rows, "bytes": s.bytes, "sha256": sealed(s).sha256}
        for s in sidecars
    ]


def read_sealed_sidecars(
    paths: Sequence[Path],
    journal: Journal,
    columns: Columns,
    notices: list[str],
    caller: Caller = HERE,
) -> tuple[Sidecar, ...]:
    """Read sidecars, each sealed before its first byte is: nobody may change it from then on.

    Raises InputError for one that cannot be read, or changed since the run that goes on began.
    """
    seals = _seals([s.path for s in find_sidecars(paths).shards], journal)
    try:
        found, told = caller.call(
            "relaion.run.sidecar_keys:read_told", paths, journal.work, columns
        )
    except WorkerEndedError as e:
        raise InputError(f"{shown(paths[0])}: the sidecars cannot be read: {e}") from None
    notices += told
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
        if not is_still(sidecar.path, sealed(sidecar)):
            raise replaced(sidecar.path)


def seals_of(sidecars: Sequence[Sidecar]) -> list[str]:
    """The SHA-256 of each, as the run began with it."""
    return [sealed(s).sha256 for s in sidecars]


def sealed(sidecar: Sidecar) -> Seal:
    """A sidecar as it was before its first byte was read."""
    if sidecar.seal is None:  # cannot be: `read_sealed_sidecars` made it
        raise ValueError("a sidecar that was not sealed")
    return sidecar.seal
