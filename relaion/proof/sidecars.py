"""Are the sidecars that were given those of the run? And where do their roles stand?"""

import hashlib
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from relaion.errors import InputError
from relaion.paths import owned_folder, shown
from relaion.proof.beside import Apart
from relaion.proof.rows import roles_of
from relaion.proof.shorts import Source
from relaion.proof.statement import MANIFEST, SidecarLine, Statement
from relaion.proof.verdict import Notes, count
from relaion.shards.sidecar import Sidecar, read_sidecars


def check_sidecars(
    statement: Statement, paths: Sequence[Path], notes: Notes, stack: ExitStack
) -> tuple[tuple[Apart, ...], list[str]]:
    """The sidecars as sources, and why the model cannot know what the run knew, if so.

    A sidecar of text lines is read through a private copy that goes when `stack` ends.
    Raises InputError for a sidecar that cannot be read.
    """
    if not paths:
        if not statement.sidecars:
            return (), []
        notes.limit("1a", "rows that only a sidecar names were not looked for: none given")
        return (), ["the run had sidecars, none were given"]
    work = stack.enter_context(owned_folder("verify")).path
    said: list[str] = []
    found = read_sidecars(paths, work, statement.parameters.columns, said)
    for notice in said:
        notes.notice(notice)
    ours = sorted((_line(sidecar) for sidecar in found), key=str)
    differ = len(set(ours) ^ set(statement.sidecars)) or ours != list(statement.sidecars)
    apart = tuple(Apart(Source(s.readable, roles_of(s.layout)), s.key) for s in found)
    if not differ:
        return apart, []
    missing = len(set(statement.sidecars) - set(ours))
    if missing:
        notes.limit("1a", f"{count(missing, 'sidecar')} of the run not given")
    notes.find("6", MANIFEST, "the sidecars given are not those of the run")
    return apart, ["the sidecars given are not those of the run"]


def _line(sidecar: Sidecar) -> SidecarLine:
    try:
        with sidecar.path.open("rb") as f:
            sha256 = hashlib.file_digest(f, "sha256").hexdigest()
    except OSError as e:
        raise InputError(f"{shown(sidecar.path)}: cannot be read ({e.strerror})") from None
    return SidecarLine(sidecar.name, sidecar.rows, sidecar.bytes, sha256)
