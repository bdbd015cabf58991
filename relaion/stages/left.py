"""What killed processes of ours left: removed by whoever comes next."""

from pathlib import Path

from relaion.lists.store_file import sweep_beside
from relaion.paths import sweep
from relaion.paths.locks import DAY


def sweep_left(work: Path | None, lists: Path | None, *, logs: bool = False) -> None:
    """Remove what killed processes of ours left in temporary folders and beside the store."""
    for place in (None, work):
        if place is None or place.is_dir():
            sweep(place, logs_older=0.0 if logs else DAY)
    if lists is not None:
        sweep_beside(lists)
