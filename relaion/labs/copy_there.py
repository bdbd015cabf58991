"""A copy that `apply` cleaned into a store, whole on this machine for as long as it is checked."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from relaion.errors import InputError
from relaion.labs.certificate import END
from relaion.paths import owned_folder, public_folder, shown
from relaion.paths.locks import sweep
from relaion.paths.stand_ins import tree_of
from relaion.remote.stores import objects_at
from relaion.remote.urls import RemoteURL, place_in_tree
from relaion.run.elsewhere import telling
from relaion.run.outputs import MANIFEST
from relaion.run.pool import Caller, WorkerEndedError
from relaion.run.progress import Progress


@contextmanager
def copy_there(
    pool: Caller,
    url: RemoteURL,
    made: Mapping[str, Any] | None,
    work: Path | None,
    progress: Progress,
) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """What stands for OUT, with all that its manifest states, and its certificate beside it.

    Beside it come the names of objects there that no folder of this machine can hold. Raises
    InputError where it cannot be read.
    """
    if work is not None:
        public_folder(work)
        sweep(work)
    with owned_folder("remote", work) as owned:
        folder = tree_of(owned.path) / place_in_tree(url, url)
        folder.parent.mkdir(parents=True)
        try:
            strange = pool.call(
                "relaion.remote.mirror:fetch_stated", url, folder, [MANIFEST, *_stated(made)],
                hear=telling(progress, "files are fetched"),
            )  # fmt: skip
        except WorkerEndedError as e:
            raise InputError(f"{shown(url)}: cannot be looked at: {e}") from None
        objects_at(url.folder).get(f"{url.name}{END}", folder.with_name(f"{url.name}{END}"))
        yield folder, strange


def _stated(made: Mapping[str, Any] | None) -> list[str]:
    """The files that a manifest states; none of one that is broken, which is a finding."""
    try:
        return sorted({str(line["name"]) for line in (made or {"outputs": ()})["outputs"]})
    except (LookupError, TypeError):
        return []
