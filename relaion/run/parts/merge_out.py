"""Join the parts of a clean that are written into one OUT: shards, audit, and the manifest last."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from relaion.errors import InputError, OutputError
from relaion.parquet.looked_at import NotLookedAt
from relaion.paths import atomic_write, file_sha256, replaced, shown, sync_folder, unwritten
from relaion.run import manifest
from relaion.run import out as folder
from relaion.run.cover import Covered
from relaion.run.coverage import Coverage
from relaion.run.find import COUNTS
from relaion.run.journal import SHARD
from relaion.run.manifest import FinishedRun, write_audit
from relaion.run.outputs import AUDIT, MERGED
from relaion.run.parts.division import (
    Joined,
    found_by_all,
    merged_at,
    refuse_damaged,
    written,
)
from relaion.run.parts.folders import Part
from relaion.run.parts.merge_find import given
from relaion.run.plan_note import leave, left
from relaion.run.pool import Caller
from relaion.run.progress import AUDIT as AUDIT_STEP
from relaion.run.progress import WRITE, Extent, Progress
from relaion.run.settings import Plan
from relaion.run.tasks import Report, Reports


@dataclass(frozen=True)
class PutTogether:
    """A finished OUT: its manifest, what is to be told, what was not looked at."""

    made: dict[str, Any]
    told: tuple[str, ...]
    not_looked_at: tuple[NotLookedAt, ...]


def put_together(
    parts: Sequence[Part],
    of_parts: Sequence[dict[str, Any]],
    place: folder.Out,
    caller: Caller,
    progress: Progress,
) -> PutTogether:
    """Make one OUT of parts that are written; `of_parts` is what each knows for the manifest.

    Files are linked, or copied where they lie on another disk. What a part wrote is known by its
    digest, and is read again only where somebody touched the file since. Raises InputError for a
    part that lacks a file.
    """
    reports = Reports()
    for part in parts:
        _refuse_unwritten(part)
        reports.add(part.own, part.journal)
    folder.begin(place, parts[0].plan, progress, [], {"merge": len(parts)})
    progress.phase(WRITE, Extent(len(reports)))
    for part in parts:
        for no in sorted(part.own):
            _place(part, place, no, reports[no])
            progress.done(Extent(1))
    _flush(place, parts[0])
    progress.phase(AUDIT_STEP)
    _counts(parts[0], place)
    first = of_parts[0]
    passed_over = tuple(NotLookedAt(**line) for line in first["not_looked_at"])
    found = FinishedRun(
        parts[0].plan, reports,
        tuple(Coverage(**line) for line in first["coverage"]), passed_over, first["sidecars"],
        first["is_hit"], None if first["cover"] is None else Covered(**first["cover"]),
        brings_back=any(known["brings_back"] for known in of_parts),
    )  # fmt: skip
    audit, _ = write_audit(caller, place.path / AUDIT, found, place.work)
    started = min(known["started"] for known in of_parts)
    made = manifest.build(found, started, datetime.now(UTC).isoformat(), audit)
    made = manifest.write(place.path, made)
    told = dict.fromkeys(line for known in of_parts for line in known["told"])
    return PutTogether(made, tuple(told), passed_over)


def written_parts(parts: Sequence[Part]) -> list[dict[str, Any]]:
    """What each part knows for the manifest; raises InputError for one that is not written."""
    found = []
    joined = [Joined.at(part.journal) for part in parts]
    of = {each.of for each in joined if each is not None}
    for part, each in zip(parts, joined, strict=True):
        if each is None or each.asks or len(of) > 1:
            raise InputError(
                f"{part} is not searched to the end together with the others; run `relaion merge` "
                "with --phase find and all parts, which says what is next"
            )
        known = written(part.journal, each)
        if known is None or part.journal.changed:
            raise _unwritten(part)
        found.append(known)
    return found


def is_written(part: Part) -> bool:
    """Whether a part has written what all parts found, as far as it was joined by now."""
    joined = Joined.at(part.journal)
    return joined is not None and not joined.asks and written(part.journal, joined) is not None


def _unwritten(part: Part) -> InputError:
    return InputError(f"{part} is not written yet; run its `relaion clean` with --phase write")


def _refuse_unwritten(part: Part) -> None:
    if any(part.journal.get(SHARD, str(no), Report.read) is None for no in part.own):
        raise _unwritten(part)


def _place(part: Part, place: folder.Out, no: int, report: Report) -> None:
    """Put the editions of a shard where they belong; raises InputError for one that is gone."""
    item = part.plan.inputs[no]
    names = {e: Path(e, item["subset"], item["shard"]) for e in report.outputs}
    for edition, output in report.outputs.items():  # before any is linked, which moves a stamp
        source = part.place.path / names[edition]
        if not output.is_at(source):
            raise InputError(
                f"{shown(source)}: is gone, or not what part {part.share} wrote; run its "
                "`relaion clean` with --phase write again"
            )
    for edition, output in report.outputs.items():
        source = part.place.path / names[edition]
        with atomic_write(place.path / names[edition], flush=False) as to:
            try:
                os.link(source, to)
            except OSError:  # another file system, or one without hard links
                _copy(source, to, output.sha256)


def _copy(source: Path, to: Path, sha256: str) -> None:
    shutil.copyfile(source, to)
    if file_sha256(to) != sha256:
        raise replaced(source)
    with to.open("rb") as f:
        os.fsync(f.fileno())


def _flush(place: folder.Out, part: Part) -> None:
    """Have the disk keep the names of all shards, before a manifest states them."""
    folders = {
        place.path / e["name"] / item["subset"]
        for e in part.plan.editions
        for item in part.plan.inputs
    }
    for each in sorted(folders):
        try:
            sync_folder(each)
        except OSError as e:
            raise unwritten(each, e, e.strerror or str(e)) from None


def _counts(part: Part, place: folder.Out) -> None:
    """Take what was counted over all parts to where the audit is made."""
    joined = Joined.at(part.journal)
    is_whole = joined is not None and found_by_all(part.journal, joined, "count") is not None
    files = {f"{t}.parquet": file_sha256(part.place.work / f"{t}.parquet") for t in COUNTS}
    if not is_whole or not given(part.place.work, place.work, files):
        raise OutputError(
            f"{part} lost what was counted; run `relaion merge` with --phase find and all parts"
        )


# -- What is left of the parts: nothing but a word that they were merged -------------------------


def refuse_strangers(places: Sequence[folder.Out], run: str) -> None:
    """Raise InputError for a part that belongs to another run than OUT holds, finished."""
    for place in places:
        merged = merged_at(place.path)
        if merged is None:
            refuse_damaged(place.work)
        ours = merged["run"] if merged else left(place.work, _run_of)
        if ours != run:
            raise InputError(
                f"{shown(place.path)}: is no part of the run that OUT holds, finished; name "
                "another OUT"
            )


def _run_of(note: Mapping[str, Any]) -> str:
    """The run of a part, by what it noted; LookupError for what is no part."""
    if "share" not in note["part"]:
        raise LookupError
    return Plan(**note["plan"]).run_id


def clear(places: Sequence[folder.Out], run: str) -> None:
    """Remove what parts hold that were merged into a finished OUT: hits, and names of its files."""
    for place in places:
        share = left(place.work, lambda note: list(note["part"]["share"]))
        if share is not None:
            leave(place.path, {"run": run, "share": share}, MERGED)
        folder.purge(place)
