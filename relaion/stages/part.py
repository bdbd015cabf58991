"""One part of a clean on a machine of its own: search it, then write it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relaion.errors import InputError, OutputError
from relaion.paths import private_umask, shown
from relaion.run import out as folder
from relaion.run.outputs import MANIFEST
from relaion.run.parts.division import (
    FIND_PHASE,
    Share,
    note_of,
    others,
    own_of,
    refuse_merged,
)
from relaion.run.parts.flow import PartRun
from relaion.stages.cleaned import CleanedPart

if TYPE_CHECKING:
    from relaion.run.pipeline import Request
    from relaion.run.pool import Executor, LocalPool
    from relaion.run.progress import Progress

A_PART = "it is one part of many; `relaion merge` makes the whole"


def do_part(
    place: folder.Out,
    request: Request,
    pool: LocalPool,
    share: Share,
    phase: str,
    lists: Path,
    said: Mapping[str, Any],
    *,
    workers: int,
    listen: Progress,
    executor: Executor | None,
) -> CleanedPart:
    """Do a phase of a part whose arguments were checked, in its folder, which is open.

    The work folder is left in any case: the merge reads it. Raises as `clean` does.
    """
    refuse_merged(place.path)
    if (place.path / MANIFEST).exists():
        raise OutputError(
            f"{shown(place.path)}: holds a finished run, so it is no place for a part; name a "
            "folder of its own for each part"
        )
    folder.check_ours(place)
    inputs, plan = request.inputs, request.plan
    if inputs.broken:
        raise InputError(
            f"{inputs.broken[0].why} (shards are divided by their bytes, so no part begins before "
            "all can be read; repair or replace it)"
        )
    note = note_of(share, request.known.key, inputs, said)
    stamps, strange = inputs.stamps(), others(place.work)
    journal, goes_on = folder.begin(place, plan, listen, stamps, note, strange)
    pool.begin(workers, place.work, held=(place.lock,))
    with private_umask():
        run = PartRun(
            place, journal, request, lists, goes_on, executor or pool, pool, listen, yes=True,
            share=share,
        )  # fmt: skip
        done = run.find() if phase == FIND_PHASE else run.write()
    own = len(own_of(plan, share))
    did = "searched" if phase == FIND_PHASE else "written"
    summary = (
        f"{shown(place.path)}: part {share}, {done.shards:,} of its {own:,} shards {did} now; "
        f"next: {done.next}"
    )
    return CleanedPart(
        place.path, plan.run_id, (), (), (), False, A_PART, False,
        (*(inputs.notices if phase == FIND_PHASE else ()), *done.told), None, summary=summary,
        share=str(share), phase=phase, shards=done.shards, of_shards=own, next=done.next,
    )  # fmt: skip
