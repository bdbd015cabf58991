"""`merge`: join the parts of a clean that machines without Ray have searched, or written."""

from __future__ import annotations

import shlex
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relaion.errors import InputError
from relaion.paths import AnyPath, AnyPaths, as_path, as_paths, maybe_path, private_umask, shown
from relaion.run import manifest
from relaion.run import out as folder
from relaion.run.elsewhere import brought_here
from relaion.run.notebook import listening
from relaion.run.outputs import check_apart
from relaion.run.parts.division import FIND_PHASE, SEARCH_AGAIN
from relaion.run.parts.folders import Part, open_parts, together, work_for_merge
from relaion.run.parts.merge_find import Merger
from relaion.run.parts.merge_out import (
    clear,
    is_written,
    put_together,
    refuse_strangers,
    written_parts,
)
from relaion.run.plan_note import left
from relaion.run.pool import Executor, LocalPool
from relaion.run.progress import AUDIT, COVER, SEARCH, WRITE, Progress
from relaion.run.settings import MEMORY, limits_of
from relaion.stages.cleaned import Cleaned, result_of, verify_command
from relaion.tabled import Tabled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class Merged(Tabled):
    """What a merge of `parts` parts came to.

    `done`: all is found (of `phase` find), or OUT is finished (`cleaned` says what it holds).
    `next` is what is to be done then, `summary` all of it in a sentence; `notices` are for whoever
    ran it.
    """

    parts: int
    done: bool
    next: str
    summary: str
    notices: tuple[str, ...] = ()
    cleaned: Cleaned | None = None


def merge(
    parts: AnyPaths,
    *,
    out: AnyPath | None = None,
    phase: str | None = None,
    key: AnyPath | None = None,
    work: AnyPath | None = None,
    workers: int | None = None,
    memory: str = MEMORY,
    yes_i_checked: bool = False,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> Merged:
    """Join the parts of a clean: what they found, with `phase`; or what they wrote, with `out`.

    Rows that share a link with a listed one, cover and the stops are of all parts together. So what
    the parts found is joined before any is written, and again after each search that this asks
    for. May be repeated at any time.

    Args:
        parts: The folders that `clean` was given as OUT, of all parts, in any order.
        out: The folder of the editions, once all parts are written. The parts are then emptied.
        phase: `find`, to join what was found.
        key: The curator key, where cover is chosen; None for that of the parts.
        work: What `clean` was given as `work`, if anything.
        workers: Threads for what is done over all parts; None for one a core.
        memory: What all processes may hold together, such as `2GB`; 500 MB at least.
        yes_i_checked: Go on although lists hit very many rows.
        progress: Hears how far it is; None draws a bar in a notebook, and tells nobody elsewhere.
        executor: Does the tasks; None for processes of this machine.

    Returns:
        Whether that is all, and what is next.

    Raises:
        InputError: For parts that do not belong together, or one that lacks or has not done
            its work.
        ListError: For a curator key or cover ledger that cannot be used.
        OutputError: Where OUT is not ours, or cannot be written.
        BusyError: While a part, or another merge, is at work.
        StopError: Where the lists find too much to be true.
    """
    paths, given_out = as_paths(parts), maybe_path(out)
    key, work = maybe_path(key), maybe_path(work)
    if (given_out is None) == (phase is None):
        raise InputError(
            "merge: add --phase find to join what the parts found, or --out to join what they wrote"
        )
    if phase not in (None, FIND_PHASE):
        raise InputError("--phase: only `find` is to be merged so; name --out for what is written")
    if given_out is not None:
        check_apart(given_out, work, paths)
    limits, listen = limits_of(workers, memory), listening(progress)
    listen.steps((SEARCH, COVER) if given_out is None else (WRITE, AUDIT))
    with (
        LocalPool(guard=limits.guard, listener=listen) as pool,
        open_parts(paths, work) as places,
        private_umask() if given_out is None else ExitStack(),
    ):
        if given_out is not None:
            return _put(places, as_path(given_out), work, pool, listen)
        found = together(places)
        pool.begin(1, work_for_merge(found), held=(found[0].place.lock,))
        first = found[0]
        named = [Path(path) for path in first.said["sidecars"] if first.plan.parameters["cover"]]
        with brought_here(pool, (), named, work=work, out=first.place.path) as (_, beside):
            merger = Merger(
                found, limits, executor or pool, pool, listen, key, yes_i_checked, beside
            )
            return _searched(paths, found, merger.run())


def _searched(paths: Sequence[Path], parts: Sequence[Part], asks: str) -> Merged:
    n = len(parts)
    if asks:
        about = "links" if asks.startswith("same") else "sites"
        summary = (
            f"{n} parts are joined; what they found has {about} to be looked for in all of them: "
            f"{SEARCH_AGAIN}"
        )
        return Merged(n, False, SEARCH_AGAIN, summary)
    following = f"`{shown(f'relaion merge {shlex.join(map(str, paths))} --out OUT')}`"
    if not all(is_written(part) for part in parts):
        following = f"`relaion clean ... --phase write` of every part, then {following}"
    return Merged(n, True, following, f"{n} parts are joined, all is found; next: {following}")


def _put(
    places: Sequence[folder.Out], out: Path, work: Path | None, pool: LocalPool, listen: Progress
) -> Merged:
    parts: tuple[Part, ...] = ()
    known: list[dict[str, Any]] = []
    if manifest.read(out) is None:  # before there is an OUT
        parts = together(places)
        known = written_parts(parts)
    with folder.open_out(out, work) as place:
        folder.check_ours(place)
        made = manifest.read(out)
        told: tuple[str, ...] = ()
        passed_over = None
        done_before = made is not None
        if made is not None:
            refuse_strangers(places, made["run"])
        else:
            put = put_together(parts, known, place, pool, listen)
            made, told, passed_over = put.made, put.told, put.not_looked_at
        command = _command(places, out, made)
        clear(places, made["run"])
        folder.purge(place)
        cleaned = result_of(pool, place, made, done_before, told, None, passed_over, command)
    following = f"check it: {command}"
    return Merged(len(places), True, following, cleaned.summary, told, cleaned)


def _command(places: Sequence[folder.Out], out: Path, made: Mapping[str, Any]) -> str:
    """The `relaion verify` that checks all: as the first part was asked, where one still knows.

    Once parts are emptied, the manifest tells which options there were, and no file of theirs.
    """
    for place in places:
        said = left(place.work, lambda note: dict(note["part"]["said"]))
        if said is not None:
            words = said["keywords"]
            return verify_command(
                out, [Path(p) for p in said["paths"]], Path(said["lists"]),
                Path(words) if words else None, said["columns"],
                Path(said["named_key"]) if said["named_key"] else None,
                [Path(p) for p in said["named_sidecars"]],
            )  # fmt: skip
    words = [shlex.quote(str(out)), "--inputs PATH", "--lists FILE"]
    words += ["--keywords FILE"] if made["parameters"]["keywords"] else []
    words += ["--sidecar FILE"] * len(made["sidecars"])
    return shown(f"relaion verify {' '.join(words)}")
