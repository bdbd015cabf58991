"""`purge`: remove what a run that was interrupted left, so that the next one begins anew."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from relaion.errors import InputError
from relaion.labs import place as ours
from relaion.paths import AnyPath, maybe_path
from relaion.paths.locks import sweep
from relaion.run import out as folder
from relaion.run.elsewhere import above
from relaion.run.outputs import APPLY, maker_of
from relaion.run.ray.cluster import refuse_left
from relaion.run.where import where_of
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
    work = maybe_path(work)
    where = where_of(out, work)
    folder.sweep_left(work, None, logs=True)
    sweep(where.near or above(where.out))  # what stood for shards elsewhere
    if where.url is None and not where.out.is_dir():
        raise InputError(f"{where.named}: no such folder; nothing to purge")
    with folder.open_where(where) as place:
        refuse_left(place.work)
        if maker_of(place.work) == APPLY:
            return Purged(place.work, ours.purge(place))
        return Purged(place.work, folder.purge(place))
