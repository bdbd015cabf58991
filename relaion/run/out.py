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
        _refuse_other(out.path, manifest.plan_of(found), plan, "holds a finished run")
    return found


def begin(out: Out, plan: Plan, stamps: list[list[Any]]) -> bool:
    """Make the work folder, or find the one of the same run broken off; True when it goes on.

    `stamps` are the inputs' paths, sizes and times: an input that changed since is refused.
    """
    path = out.work / PLAN
    fresh = {"plan": json.loads(manifest.plan_json(plan)), "stamps": stamps}
    if path.exists():
        found = json.loads(path.read_text(encoding="ascii"))
        _refuse_other(out.path, found["plan"], plan, "holds a run broken off")
        if found["stamps"] != stamps:
            changed = next(
                (new[0] for old, new in zip(found["stamps"], stamps, strict=False) if old != new),
                str(out.path),
            )
            raise InputError(
                f"{changed}: changed since the run began; begin anew with --purge, then clean"
            )
        return True
    private_folder(out.work)
    private_folder(out.work / "done")
    with whole_file(path, mode=0o600) as part:
        part.write_text(json.dumps(fresh), encoding="ascii")
    return False


def _refuse_other(out: Path, old: dict[str, Any], plan: Plan, holds: str) -> None:
    different = differences(old, plan)
    if different:
        raise InputError(
            f"{out}: {holds} with other arguments ({'; '.join(different)}); "
            "repeat those, or name another folder"
        )


def purge(work: Path) -> bool:
    """Remove a work folder; True when there was one."""
    if not work.is_dir():
        return False
    shutil.rmtree(work)
    return True
