"""The output folder: may it be written, is it ours, is it finished; its lock and work folder.

And what killed processes of ours left there and in temporary folders.
"""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relaion.errors import InputError, OutputError
from relaion.lists.store_file import sweep_beside
from relaion.paths import (
    locked,
    or_umask,
    private_folder,
    public_folder,
    refuse_foreign,
    remove_parts,
    remove_tree,
    shown,
    sweep,
)
from relaion.paths.locks import DAY
from relaion.run import manifest
from relaion.run.journal import FIND, Journal
from relaion.run.outputs import (
    APPLY,
    AUDIT,
    MANIFEST,
    VERIFIED,
    WORK,
    maker_of,
    work_of,
)
from relaion.run.plan_note import PLAN, damaged, leave, left, spoiled, tell_begun
from relaion.run.progress import Progress
from relaion.run.ray.cluster import refuse_left, remove_work
from relaion.run.remote_out import RemoteOut, open_remote
from relaion.run.settings import LISTS_DIFFER, Plan, differences
from relaion.run.where import Where

REPEAT = "repeat those, or name another folder"
_UPDATE = f"{REPEAT}, or go on from this run with `relaion update`"
PURGE = "repeat those, or add --purge once to remove what that run left"


@dataclass(frozen=True)
class Out:
    """An output folder that this process holds the lock of.

    `remote` is OUT itself where that lies in a store of objects: `path` is in its staging folder.
    """

    path: Path
    work: Path
    lock: int
    remote: RemoteOut | None = None

    @property
    def named(self) -> str:
        """OUT as it may be shown."""
        return shown(self.path) if self.remote is None else self.remote.named


@contextmanager
def open_out(out: Path, work: Path | None) -> Iterator[Out]:
    """Make and lock OUT; one run at a time, its workers included."""
    public_folder(out)
    if not os.access(out, os.W_OK | os.X_OK):
        raise OutputError(
            f"{shown(out)}: cannot be written; {or_umask('change its mode or name another folder')}"
        )
    refuse_foreign(work_of(out, work))
    with locked(out, "is writing to this folder") as handle:
        yield Out(out, work_of(out, work), handle)


@contextmanager
def open_where(where: Where) -> Iterator[Out]:
    """Open OUT where it lies: a folder as `open_out` does, or one in a store."""
    if where.url is None:
        with open_out(where.out, where.given) as place:
            yield place
        return
    with open_remote(where) as (remote, lock):
        yield Out(where.out, where.work, lock, remote)


def check_ours(out: Out) -> None:
    """Refuse a folder that holds something else than a run of ours."""
    if out.remote is not None:
        return  # it was looked at before it was claimed
    known = {MANIFEST, AUDIT, VERIFIED, WORK}
    strange = sorted(p.name for p in out.path.iterdir() if p.name not in known)
    begun = (out.path / MANIFEST).exists() or (out.work / PLAN).exists()
    begun = begun or (out.work / FIND).is_dir()  # its plan is lost
    if strange and not begun:
        raise OutputError(
            f"{shown(out.path)}: is not empty and no run of relaion (it holds "
            f"{shown(strange[0])}), or one that was given another --work; "
            "name another folder"
        )


def finished(out: Out, plan: Plan) -> dict[str, Any] | None:
    """The manifest when OUT holds this very run, finished; None when it holds none.

    Raises InputError naming what differs when it holds another run.
    """
    found = manifest.read(out.path)
    if found is not None:
        before = manifest.plan_of(found)
        way_out = _UPDATE if differences(before, plan) == [LISTS_DIFFER] else REPEAT
        _refuse_other(out.named, before, plan, "holds a finished run", way_out)
    return found


def begin(
    out: Out,
    plan: Plan,
    listen: Progress,
    stamps: list[list[Any]],
    part: Mapping[str, Any] | None = None,
    others: Collection[tuple[str, str]] = (),
) -> tuple[Journal, bool]:
    """Make the work folder, or find the one of the same run broken off: then True beside it.

    A work folder whose plan is lost is one of a run that nothing is known of. `listen` is told what
    goes on, and where that plan is there, but damaged. `stamps` are
    the inputs' paths, sizes and times: an input that changed since is refused, unless it failed
    in that run: what is known of it is then forgotten. `part` is what a part of a run notes of
    itself; `others` are the shards of other parts, which may be other files by now.
    """
    found = left(
        out.work, lambda note: (dict(note["plan"]), list(note["stamps"]), note.get("part"))
    )
    note_lost = damaged(out.work)
    goes_on = found is not None
    if found is not None:
        journal = Journal(out.work)
        failed = {*journal.failed, *others}
        _refuse_other_part(out.named, found[2], part)
        _refuse_other(out.named, found[0], plan, f"holds {part_named(found[2])}", PURGE, failed)
        refuse_left(out.work)
        journal.forget({*_changed(found[1], stamps, plan, failed), *journal.changed})
        remove_parts(out.path)
        remove_parts(out.work)
    elif maker_of(out.work) == APPLY:  # what it wrote nobody would know of without its plan
        raise InputError(
            f"{out.named}: holds an interrupted run of `relaion apply`; repeat that command, or "
            "add --purge once to remove what it left"
        )
    elif out.work.exists() and out.remote is not None:
        refuse_left(out.work)
        remove_tree(out.work)  # what it holds besides is looked at below
    elif out.work.exists():  # left by a kill while it was removed: of whatever run
        ours = [Path(AUDIT), *_outputs(vars(plan))]
        refuse_outputs_of_others(out, (out.path / path for path in ours))
        refuse_left(out.work)
        remove_tree(out.work)
    if out.remote is not None:
        out.remote.refuse_strange([path.as_posix() for path in _outputs(vars(plan))])
    for folder in (out.work, out.work / FIND):
        private_folder(folder)
    note = {"plan": vars(plan), "stamps": stamps} | ({} if part is None else {"part": part})
    leave(out.work, note)
    # workers, whose umask is private, only fill them
    subsets = {item["subset"] for item in plan.inputs}
    public_folder(out.path, *sorted(Path(e["name"], s) for e in plan.editions for s in subsets))
    begun = "the interrupted run" if part is None else part_named(part)
    tell_begun(listen, out.named, note_lost, begun if goes_on else "")
    return Journal(out.work), goes_on


def _refuse_other_part(
    out: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None
) -> None:
    """Raise InputError where a run broke off that was of other shards than this one is."""
    was, is_now = part_named(old), part_named(new)
    if was != is_now:
        raise InputError(f"{out}: holds {was}, not {is_now}; {PURGE}")
    if old is not None and new is not None and old.get("key") != new.get("key"):
        raise InputError(f"{out}: holds {was} under another curator key; {PURGE}")


def part_named(part: Mapping[str, Any] | None) -> str:
    """What a run is of, by what it noted."""
    if part is None:
        return "an interrupted run"
    no, of = part.get("share", (0, 0))
    return f"part {no}/{of} of a clean" if no else "a merge of parts that was interrupted"


def _changed(
    old: list[list[Any]], new: list[list[Any]], plan: Plan, failed: set[tuple[str, str]]
) -> list[int]:
    """Numbers of the inputs that are other files now; raises InputError where one may not be."""
    changed = [no for no, (a, b) in enumerate(zip(old, new, strict=True)) if a != b]
    for no in changed:
        item = plan.inputs[no]
        if (item["subset"], item["shard"]) not in failed:
            raise InputError(
                f"{shown(new[no][0])}: changed since the run began; add --purge once to remove "
                "what that run left, then start again"
            )
    return changed


def refuse_outputs_of_others(out: Out, written: Iterable[Path]) -> None:
    """Refuse an OUT that holds what this run would not write, where nobody knows what did."""
    ours = set(written)
    for path in sorted(p for p in out.path.rglob("*") if p.is_file() or p.is_symlink()):
        is_work = any(map(path.is_relative_to, (out.path / WORK, out.work)))
        is_work = is_work or path.name.endswith(".part")
        if path not in ours and not is_work:
            raise OutputError(
                f"{shown(out.path)}: holds an interrupted run whose plan is lost, and "
                f"{shown(path.relative_to(out.path))}, which this run would not write; "
                "remove what it holds, or name another folder"
            )


def _refuse_other(
    out: str,
    old: dict[str, Any],
    plan: Plan,
    holds: str,
    way_out: str,
    failed: Collection[tuple[str, str]] = (),
) -> None:
    different = differences(old, plan, failed)
    if different:
        raise InputError(f"{out}: {holds} with other arguments ({'; '.join(different)}); {way_out}")


def purge(out: Out) -> bool:
    """Remove a work folder and what its broken run had written; True when there was one.

    Finished outputs are left alone, but for a file that a kill broke off after the manifest: their
    run has removed its work folder itself.
    """
    is_finished = (out.path / MANIFEST).exists()
    if is_finished:
        remove_parts(out.path)
    if not out.work.is_dir():
        return False
    if not is_finished:
        refuse_unknown(out)
    if not is_finished:
        written = left(out.work, lambda note: _outputs(note["plan"])) or []
        remove_parts(out.path)
        if out.remote is not None:
            out.remote.remove([AUDIT, *(path.as_posix() for path in written)])
        _remove_outputs(out.path, written)
    remove_work(out.work)
    return True


def refuse_unknown(out: Out) -> None:
    """Raise OutputError where a broken run wrote into OUT, and its note that says what is damaged.

    Without its work folder, nobody would know either that a run of ours wrote there.
    """
    note = damaged(out.work)
    holds = out.remote is not None or {*out.path.iterdir()} - {out.path / WORK, out.work}
    if note is not None and holds:
        raise OutputError(
            f"{spoiled(note)}which files of {out.named} are to be removed; repeat the interrupted "
            "command, which begins anew, or remove that folder yourself"
        )


def _outputs(plan: dict[str, Any]) -> list[Path]:
    """The shards that a plan writes, below OUT; LookupError or TypeError for what is no plan."""
    return [
        Path(str(edition["name"]), str(item["subset"]), str(item["shard"]))
        for edition in plan["editions"]
        for item in plan["inputs"]
    ]


def _remove_outputs(out: Path, written: list[Path]) -> None:
    """Remove these shards, and the folders of their editions that are then empty."""
    for path in written:
        (out / path).unlink(missing_ok=True)
    for edition in {out / path.parts[0] for path in written}:
        folders = [p for p in edition.rglob("*") if p.is_dir()]
        for folder in [*sorted(folders, reverse=True), edition]:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
    (out / AUDIT).unlink(missing_ok=True)


def sweep_left(work: Path | None, lists: Path | None, *, logs: bool = False) -> None:
    """Remove what killed processes of ours left in temporary folders and beside the store."""
    for place in (None, work):
        if place is None or place.is_dir():
            sweep(place, logs_older=0.0 if logs else DAY)
    if lists is not None:
        sweep_beside(lists)
