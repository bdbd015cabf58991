"""Parts as their merge finds them: each in a folder of its own, all of one run."""

import os
import resource
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from relaion.errors import InputError
from relaion.paths import no_folder, shown
from relaion.run import out as folder
from relaion.run.journal import SIDECARS, Journal
from relaion.run.parts.division import (
    Share,
    divided,
    note_at,
    refuse_damaged,
    refuse_merged,
    sizes_of,
)
from relaion.run.settings import Plan, differences, versions
from relaion.sqlset import load

ANEW = (
    "repeat its `relaion clean` with the arguments of the others (--purge once removes what it "
    "left)"
)

_FILES = 256  # that a merge may have open beside the locks of its parts


@dataclass(frozen=True)
class Part:
    """One part whose lock is held. `note` is private: what it noted beside its plan.

    `own` are the numbers of its shards.
    """

    place: folder.Out
    share: Share
    plan: Plan
    note: Mapping[str, Any]
    journal: Journal
    own: frozenset[int] = frozenset()

    def __str__(self) -> str:
        return f"{shown(self.place.path)}: part {self.share}"

    @property
    def said(self) -> Mapping[str, Any]:
        """The arguments that it was asked with."""
        found: Mapping[str, Any] = self.note["said"]
        return found

    @property
    def sidecars(self) -> list[str] | None:
        """SHA-256 of its sidecars; None where it has not read them yet."""
        return self.journal.get(
            SIDECARS, "", lambda found: sorted(str(sha256) for _, sha256 in found.values())
        )


def read_part(place: folder.Out) -> Part:
    """Read what a part noted; raises InputError for a folder that is no part."""
    refuse_merged(place.path)
    found = note_at(place.work)
    if found is None:
        refuse_damaged(place.work)
        raise InputError(
            f"{shown(place.path)}: holds no part of a clean, or one that was given another --work; "
            "name the folders that `relaion clean ... --shards i/n --out` was given"
        )
    return Part(place, *found, Journal(place.work))


@contextmanager
def open_parts(paths: Sequence[Path], work: Path | None) -> Iterator[tuple[folder.Out, ...]]:
    """Lock the folders of all parts, in the order given; one merge or one of its parts at a time.

    Raises InputError for one that is not there, or named twice, and BusyError.
    """
    seen: dict[Path, Path] = {}
    for path in paths:
        if not path.is_dir():
            raise InputError(f"{no_folder(path)}; name the folder of each part")
        first = seen.setdefault(Path(os.path.realpath(path)), path)
        if first is not path:
            raise InputError(f"{shown(path)}: is named twice; name each part once")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = len(paths) + _FILES
    if soft != resource.RLIM_INFINITY and soft < needed:  # each lock is an open file
        most = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    with ExitStack() as held:
        yield tuple(held.enter_context(folder.open_out(path, work)) for path in paths)


def together(places: Sequence[folder.Out]) -> tuple[Part, ...]:
    """The parts in order, where they are all the parts of one run; raises InputError.

    What is the same in all is held once: a plan names every shard.
    """
    if not places:
        raise InputError("no part is named; name the folders of all parts")
    found: dict[int, Part] = {}
    for place in places:
        part = read_part(place)
        first = next(iter(found.values()), part)
        if part is first:
            _refuse_other_program(part)
            owners = divided(sizes_of(part.plan), part.share.of)
            own: dict[int, set[int]] = {}
            for number, owner in enumerate(owners):
                own.setdefault(owner, set()).add(number)
        _refuse_other(first, part, found.get(part.share.no))
        mine = frozenset(own.get(part.share.no, ()))
        note = part.note if part is first else {k: part.note[k] for k in ("key", "said")}
        found[part.share.no] = replace(part, plan=first.plan, note=note, own=mine)
    of = first.share.of
    lacking = [f"{no}/{of}" for no in range(1, of + 1) if no not in found]
    if lacking:
        more = f" (and {len(lacking) - 1} more)" if len(lacking) > 1 else ""
        raise InputError(f"part {lacking[0]} is missing{more}; name the folders of all parts")
    return tuple(found[no] for no in sorted(found))


def _refuse_other(first: Part, part: Part, other: Part | None) -> None:
    """Raise InputError for a part of another run than the first one, or named already."""
    if part.share.of != first.share.of:
        raise InputError(
            f"{part}, but {shown(first.place.path)} is part {first.share}; the parts of one "
            "clean are divided by one number"
        )
    if other is not None:
        raise InputError(f"{part}, and so is {shown(other.place.path)}; name each part once")
    if different := _differences(first, part):
        raise InputError(
            f"{part} is of another run than {shown(first.place.path)} "
            f"({'; '.join(different)}); {ANEW}"
        )


def _differences(first: Part, part: Part) -> list[str]:
    found = [] if first.note["key"] == part.note["key"] else ["the curator key differs"]
    found += differences(asdict(first.plan), part.plan)
    footers = zip(first.note["footers"], part.note["footers"], strict=False)
    other = next((no for no, (a, b) in enumerate(footers) if a != b), None)
    if not found and other is not None:
        item = part.plan.inputs[other]
        found.append(f"the inputs differ, first in {item['subset']}/{item['shard']}")
    beside = first.sidecars, part.sidecars
    if not found and None not in beside and beside[0] != beside[1]:
        found.append("the sidecars differ")
    return found


def _refuse_other_program(part: Part) -> None:
    """Raise InputError where parts were made by another version than is to merge them."""
    now, then = versions(), part.plan.versions
    different = [
        f"{name} {then.get(name)}, here {version}"
        for name, version in now.items()
        if then.get(name) != version
    ]
    scripts = {f"{name}.sql": s.sha256 for name, s in load(part.plan.sql_version).items()}
    if not different and scripts != {s["name"]: s["sha256"] for s in part.plan.scripts}:
        different = ["other SQL scripts"]
    if different:
        raise InputError(
            f"{part} was made with {'; '.join(different)}; merge with what the parts were made with"
        )


def work_for_merge(parts: Sequence[Part]) -> Path:
    """The private folder in which parts are joined: in that of the first one."""
    return parts[0].place.work / "merge"
