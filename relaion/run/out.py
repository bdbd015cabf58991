"""The output folder: may it be written, is it ours, is it finished; its lock and work folder."""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relaion.errors import InputError, OutputError
from relaion.paths import locked, private_folder, whole_file
from relaion.run import manifest
from relaion.run.plan import Plan, differences
from relaion.shards.layout import Shard

WORK = ".work"
PLAN = "plan.json"
REPEAT = "repeat those, or name another folder"
PURGE = "repeat those, or add --purge once to remove what that run left"


@dataclass(frozen=True)
class Out:
    """An output folder that this process holds the lock of."""

    path: Path
    work: Path
    lock: int


def check_apart(out: Path, shards: Sequence[Shard]) -> None:
    """Refuse an OUT that is an input's folder, lies inside one, or holds one."""
    target = out.resolve()
    for folder in {s.path.resolve().parent for s in shards}:
        if target == folder or target.is_relative_to(folder) or folder.is_relative_to(target):
            raise InputError(
                f"{out}: equals, holds or lies inside the input folder {folder}; "
                "inputs are never modified, so name a folder apart from them"
            )


@contextmanager
def open_out(out: Path, work: Path | None) -> Iterator[Out]:
    """Make and lock OUT; one run at a time, its workers included."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = os.access(out, os.W_OK | os.X_OK)
    except (OSError, FileExistsError) as e:
        raise OutputError(f"{out}: cannot be made ({e.strerror}); name another folder") from None
    if not probe:
        raise OutputError(f"{out}: cannot be written; change its mode or name another folder")
    with locked(out, "is writing to this folder") as handle:
        os.set_inheritable(handle, True)
        yield Out(out, work or out / WORK, handle)


def check_ours(out: Out) -> None:
    """Refuse a folder that holds something else than a run of ours."""
    known = {manifest.MANIFEST, "audit.duckdb", WORK}
    strange = sorted(p.name for p in out.path.iterdir() if p.name not in known)
    begun = (out.path / manifest.MANIFEST).exists() or (out.work / PLAN).exists()
    if strange and not begun:
        raise OutputError(
            f"{out.path}: is not empty and no run of relaion (it holds {strange[0]}); "
            "name another folder"
        )


def finished(out: Out, plan: Plan) -> dict[str, Any] | None:
    """The manifest when OUT holds this very run, finished; None when it holds none.

    Raises InputError naming what differs when it holds another run.
    """
    found = manifest.read(out.path)
    if found is not None:
        _refuse_other(out.path, manifest.plan_of(found), plan, "holds a finished run", REPEAT)
    return found


def begin(out: Out, plan: Plan, stamps: list[list[Any]]) -> bool:
    """Make the work folder, or find the one of the same run broken off; True when it goes on.

    `stamps` are the inputs' paths, sizes and times: an input that changed since is refused.
    """
    path = out.work / PLAN
    fresh = {"plan": json.loads(manifest.plan_json(plan)), "stamps": stamps}
    if path.exists():
        found = json.loads(path.read_text(encoding="ascii"))
        _refuse_other(out.path, found["plan"], plan, "holds a run broken off", PURGE)
        if found["stamps"] != stamps:
            changed = next(
                (new[0] for old, new in zip(found["stamps"], stamps, strict=False) if old != new),
                str(out.path),
            )
            raise InputError(
                f"{changed}: changed since the run began; add --purge once to remove what that "
                "run left, then begin anew"
            )
        return True
    private_folder(out.work)
    private_folder(out.work / "done")
    with whole_file(path, mode=0o600) as part:
        part.write_text(json.dumps(fresh), encoding="ascii")
    return False


def _refuse_other(out: Path, old: dict[str, Any], plan: Plan, holds: str, way_out: str) -> None:
    different = differences(old, plan)
    if different:
        raise InputError(f"{out}: {holds} with other arguments ({'; '.join(different)}); {way_out}")


def purge(out: Path, work: Path) -> bool:
    """Remove a work folder and what its broken run had written; True when there was one.

    Finished outputs are left alone: their run has removed its work folder itself.
    """
    if not work.is_dir():
        return False
    try:
        plan = json.loads((work / PLAN).read_text(encoding="ascii"))["plan"]
    except (OSError, ValueError, KeyError):
        plan = {"editions": [], "inputs": []}
    if not (out / manifest.MANIFEST).exists():
        _remove_outputs(out, plan)
    shutil.rmtree(work)
    return True


def _remove_outputs(out: Path, plan: dict[str, Any]) -> None:
    """Remove the shards that a plan would write, and the folders that are then empty."""
    for edition in (e["name"] for e in plan["editions"]):
        for item in plan["inputs"]:
            (out / edition / item["subset"] / item["shard"]).unlink(missing_ok=True)
        folders = [p for p in (out / edition).rglob("*") if p.is_dir()]
        for folder in [*sorted(folders, reverse=True), out / edition]:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
    (out / "audit.duckdb").unlink(missing_ok=True)
