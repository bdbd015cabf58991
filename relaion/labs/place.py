"""The OUT of `apply`: is it ours, is it finished, does an interrupted run go on in it?"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from relaion.errors import InputError, OutputError
from relaion.labs.copy_files import CopyFile
from relaion.paths import (
    file_sha256,
    private_folder,
    public_folder,
    remove_parts,
    remove_tree,
    seal,
    shown,
    stamp_of,
)
from relaion.run import manifest
from relaion.run.journal import Journal
from relaion.run.numbered import Numbered
from relaion.run.out import PURGE, REPEAT, Out, refuse_outputs_of_others, refuse_unknown
from relaion.run.outputs import APPLY, MANIFEST, WORK
from relaion.run.plan_note import PLAN, damaged, leave, left, tell_begun
from relaion.run.progress import Progress
from relaion.run.ray.cluster import refuse_left, remove_work
from relaion.run.remote_out import RemoteOut

Plan = Mapping[str, Any]


def is_applied(made: Mapping[str, Any]) -> bool:
    """Whether a manifest is that of a copy which `apply` cleaned."""
    return made.get("kind") == APPLY


def finished(place: Out, plan: Plan) -> dict[str, Any] | None:
    """The manifest where OUT holds this very run, finished; None where it holds none.

    Raises InputError, naming what differs, where it holds another; OutputError where it holds
    something else than a run of ours.
    """
    found = manifest.read(place.path)
    if found is not None:
        _refuse_other(place, dict(found.get("plan", {})), plan, "holds a finished run", REPEAT)
        if place.remote is not None:
            _refuse_lacking(place.remote, found)
            return found
        since = _since(found)
        for item in found["outputs"]:
            file = place.path / item["name"]
            if (
                not file.is_file()
                or file.stat().st_size != item["bytes"]
                or (_is_newer(file, since) and file_sha256(file) != item["sha256"])
            ):
                raise OutputError(
                    f"{shown(file)}: is missing or another file than the finished run wrote; "
                    "remove that OUT, or name another folder"
                )
        return found
    if place.remote is not None:
        return None  # it was looked at before it was claimed
    strange = sorted(p.name for p in place.path.iterdir() if p.name not in (MANIFEST, WORK))
    if strange and not (place.work / PLAN).exists():
        raise OutputError(
            f"{shown(place.path)}: is not empty and no run of relaion (it holds "
            f"{shown(strange[0])}), or one that was given another --work; name another folder"
        )
    return None


def _refuse_lacking(remote: RemoteOut, made: Mapping[str, Any]) -> None:
    """Raise OutputError where an OUT in a store lacks what its manifest states.

    The store tells sizes; whether the bytes are those that were put only a look at them would tell.
    """
    there = remote.there()
    for item in made["outputs"]:
        noted = there.get(item["name"])
        if noted is None or noted.size != item["bytes"]:
            raise OutputError(
                f"{shown(remote.store.named(item['name']))}: is missing or another file than the "
                "finished run put; remove that OUT, or name another folder"
            )


_MARGIN = 2_000_000_000  # ns: the times of some disks are as coarse


def refuse_changed(
    out: Path,
    made: Mapping[str, Any],
    files: Sequence[CopyFile],
    sets: Mapping[str, tuple[Sequence[Path], Sequence[Numbered]]],
) -> None:
    """Raise InputError where what a finished run read has other bytes since, though of one size.

    `sets` are what it was held against: the arguments, and their shards.

    What nobody wrote to, moved or gave another name since is not read. The kernel changes the
    time of change with each of these, whatever a program does to the time of writing.
    """
    since = _since(made)
    known = {x["name"]: x["sha256"] for x in made["inputs"]}
    known |= {x["name"]: x["source"] for x in made["outputs"] if "source" in x}
    for file in files:
        if not _is_newer(file.path, since):
            continue
        sha256 = known.get(file.name)  # none of a stats file that tells of no shard here
        if seal(file.path).sha256 != sha256 if sha256 else _mtime(file.path) > since:
            _refuse_bytes(out, file.path)
    for name, (paths, shards) in sets.items():
        if any(_is_newer(n.shard.path, since) for n in shards):
            lines = ((n.shard.subset, n.shard.name, seal(n.shard.path).sha256) for n in shards)
            if set_digest(lines) != made["against"].get(name):
                _refuse_bytes(out, paths[0])


def set_digest(shards: Iterable[tuple[str, str, str]]) -> str:
    """The digest of a set of shards: of their subsets, names and SHA-256."""
    lines = sorted(f"{subset}/{name} {sha256}\n" for subset, name, sha256 in shards)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _refuse_bytes(out: Path, path: Path) -> NoReturn:
    raise InputError(
        f"{shown(path)}: has other bytes than when {shown(out)} was made of it; name another "
        "folder, or remove that one to clean anew"
    )


def _since(made: Mapping[str, Any]) -> int:
    """The time in ns up to which files are what a finished run saw; 0 where it does not say."""
    try:
        return int(datetime.fromisoformat(made["finished"]).timestamp() * 1e9) - _MARGIN
    except (LookupError, TypeError, ValueError):
        return 0


def _mtime(path: Path) -> int:
    return stamp_of(path).written_ns


def _is_newer(path: Path, since: int) -> bool:
    stamp = stamp_of(path)
    return max(stamp.written_ns, stamp.changed_ns) > since


def begin(place: Out, plan: Plan, listen: Progress) -> tuple[Journal, bool]:
    """Make the work folder, or find that of the same run broken off: then True beside it.

    `listen` is told so, and where the plan of that run is damaged: this one begins anew.
    """
    before = left(place.work, dict)
    spoiled = damaged(place.work)
    if before is not None:
        # a file may have been mended: what is known of it is of its bytes, not of its size
        _refuse_other(place, _unsized(before), _unsized(plan), "holds an interrupted run", PURGE)
        refuse_left(place.work)
        remove_parts(place.path)
        remove_parts(place.work)
    elif place.work.exists():  # left by a kill while it was removed, or damaged
        refuse_outputs_of_others(place, [place.path / item["name"] for item in plan["inputs"]])
        refuse_left(place.work)
        remove_tree(place.work)
    if place.remote is not None:
        place.remote.refuse_strange([item["name"] for item in plan["inputs"]])
    private_folder(place.work)
    leave(place.work, plan)
    # workers, whose umask is private, only fill them
    public_folder(place.path, *sorted({Path(item["name"]).parent for item in plan["inputs"]}))
    tell_begun(listen, place.named, spoiled, "" if before is None else "the interrupted run")
    return Journal(place.work), before is not None


def purge(place: Out) -> bool:
    """Remove a work folder and what its broken run had written; True where there was one."""
    out, work = place.path, place.work
    if not work.is_dir():
        return False
    names: list[str] = left(work, lambda note: [i["name"] for i in note["inputs"]]) or []
    if not (out / MANIFEST).exists():
        refuse_unknown(place)
        remove_parts(out)
        if place.remote is not None:
            place.remote.remove(names)
        for name in names:
            (out / name).unlink(missing_ok=True)
        folders = {parent for name in names for parent in Path(name).parents} - {Path()}
        for folder in sorted((out / f for f in folders), reverse=True):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
    remove_work(work)
    return True


def _unsized(plan: Plan) -> Plan:
    inputs = [(item.get("name"), item.get("form")) for item in plan.get("inputs", ())]
    return {**plan, "inputs": inputs}


def _refuse_other(place: Out, old: Plan, plan: Plan, holds: str, way_out: str) -> None:
    old, fresh = json.loads(json.dumps([old, plan]))
    different = [name for name in fresh if old.get(name) != fresh[name]]
    if different:
        what = ", ".join(_WORDS.get(name, name) for name in different)
        raise InputError(f"{place.named}: {holds} with other arguments ({what}); {way_out}")


_WORDS = {
    "versions": "versions of relaion, DuckDB or pyarrow", "scripts": "the SQL scripts",
    "parameters": "options", "against": "the edition or diff that it was held against",
    "inputs": "the files of the copy",
}  # fmt: skip
