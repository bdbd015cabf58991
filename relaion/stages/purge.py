"""`purge`: remove what a run that was interrupted left, so that the next one begins anew."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from relaion.errors import InputError
from relaion.labs import place as ours
from relaion.paths import AnyPath, as_path, maybe_path, shown
from relaion.run import out as folder
from relaion.run.engines import refuse_left
from relaion.run.outputs import APPLY, maker_of
from relaion.tabled import Tabled


@dataclass(frozen=True)
class Purged(Tabled):
    """A `work` folder, and whether there was one to remove (`removed`)."""

    work: Path
    removed: bool


def purge(out: AnyPath, *, work: AnyPath | None = None) -> Purged:
    """Remove what a broken run of `clean`, `update` or `apply` left in OUT, and its work folder.

    Finished outputs stay. Whatever else killed processes left in temporary folders, and logs of
    errors, go too.

    Args:
        out: The folder of the run.
        work: Where its work folder was made, if not in `out`.

    Returns:
        The work folder, and whether there was one.

    Raises:
        InputError: Where there is no OUT.
        OutputError: Where OUT holds something else, or what is left cannot be removed.
        BusyError: While a run goes on.
    """
    out, work = as_path(out), maybe_path(work)
    folder.sweep_left(work, None, logs=True)
    if not out.is_dir():
        raise InputError(f"{shown(out)}: no such folder; nothing to purge")
    with folder.open_out(out, work) as place:
        refuse_left(place.work)
        remove = ours.purge if maker_of(place.work) == APPLY else folder.purge
        return Purged(place.work, remove(out, place.work))
