"""Arguments that lie elsewhere, as files of this machine for as long as a command runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from relaion.errors import InputError
from relaion.paths import ShardPath, owned_folder, public_folder, shown
from relaion.paths.locks import sweep
from relaion.paths.stand_ins import within_tree
from relaion.remote.urls import is_remote
from relaion.run.outputs import AUDIT, MANIFEST, VERIFIED
from relaion.run.pool import Caller, WorkerEndedError
from relaion.run.progress import ONE_FILE, QUIET, SURVEY, Extent, Progress

SHARDS = (".parquet",)
OF_AN_OUT = (MANIFEST, AUDIT, VERIFIED)
SIDECARS = (".parquet", ".tsv", ".tsv.gz")


@contextmanager
def brought_here(
    caller: Caller,
    paths: Sequence[Path],
    sidecars: Sequence[Path] = (),
    *,
    work: Path | None = None,
    out: Path | None = None,
    digests: bool = False,
    notes: tuple[str, ...] = (MANIFEST,),
    progress: Progress = QUIET,
    ends: tuple[str, ...] = SIDECARS,
) -> Iterator[tuple[tuple[Path, ...], tuple[Path, ...]]]:
    """PATH arguments, and sidecars or other files, with stand-ins for addresses; gone afterwards.

    They are made in a private folder of `work`, beside `out` where there is no other, else where
    the system keeps what is temporary. Of shards what is needed is fetched when it is needed;
    sidecars are fetched at once, which end in `ends`, and so is what beside shards or sidecars is
    called as one of `notes`.
    `digests`: shards are read through once for their digests. What is fetched or read through is
    told to `progress`.

    Raises InputError for an address that leads nowhere.
    """
    if not any(map(is_remote, (*paths, *sidecars))):
        yield tuple(paths), tuple(sidecars)
        return
    place = work or (out and above(out))
    if work is not None:
        public_folder(work)
    if place is not None:
        sweep(place)
    with owned_folder("remote", place) as owned:
        try:
            shards = caller.call(
                "relaion.remote.brought:bring", paths, owned.path / "shards", SHARDS,
                notes, digests=digests, hear=telling(progress, "shards are read for digests"),
            )  # fmt: skip
            beside = caller.call(
                "relaion.remote.brought:bring", sidecars, owned.path / "sidecars", ends,
                () if ends == SIDECARS else notes, wholes=True,
                hear=telling(progress, "files are fetched"),
            )  # fmt: skip
        except WorkerEndedError as e:
            first = next(p for p in (*paths, *sidecars) if is_remote(p))
            raise InputError(f"{shown(first)}: cannot be looked at: {e}") from None
        yield shards, beside
    if place is not None:
        sweep(place)  # of a run that was killed a moment before this one began


def telling(progress: Progress, detail: str) -> Callable[[int | None], None]:
    """What tells how many files have come, by what `bring` says."""

    def hear(told: int | None) -> None:
        if told is None:
            progress.done(ONE_FILE)
        elif told:
            progress.phase(SURVEY, Extent(told), detail=detail)

    return hear


def above(out: Path) -> Path:
    """The nearest folder above an output that is there."""
    return next(p for p in (out.absolute().parent, *out.absolute().parents) if p.is_dir())


def lying_here(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Those of some arguments that are paths of this machine, and stand for nothing."""
    return tuple(p for p in paths if not is_remote(p) and not within_tree(p))


def shards_here(places: Sequence[ShardPath]) -> tuple[ShardPath, ...]:
    """Those of some shards that lie on this machine."""
    return tuple(s for s in places if not within_tree(os.fspath(s.path)))
