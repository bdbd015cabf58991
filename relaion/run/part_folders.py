"""Parts as their merge finds them: each in a folder of its own, all of one run."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from relaion.errors import InputError
from relaion.paths import shown
from relaion.run import out as folder
from relaion.run.journal import SIDECARS, Journal
from relaion.run.parts import Share, own_of, refuse_merged
from relaion.run.settings import Plan, differences, versions
from relaion.sqlset import load

ANEW = (
    "repeat its `relaion clean` with the arguments of the others (--purge once removes what it "
    "left)"
)


@dataclass(frozen=True)
class Part:
    """One part whose lock is held. `note` is private: what it noted beside its plan."""

    place: folder.Out
    share: Share
    plan: Plan
    note: Mapping[str, Any]
    journal: Journal

    def __str__(self) -> str:
        return f"{shown(self.place.path)}: part {self.share}"

    @cached_property
    def own(self) -> frozenset[int]:
        """The numbers of its shards."""
        return own_of(self.plan, self.share)

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
    found = folder.begun(
        place.work,
        lambda note: (Share(*note["part"]["share"]), Plan(**note["plan"]), dict(note["part"])),
    )
    if found is None:
        raise InputError(
            f"{shown(place.path)}: holds no part of a clean, or one that was given another --work; "
            "name the folders that `relaion clean … --shards i/n --out` was given"
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
            raise InputError(f"{shown(path)}: no such folder; name the folder of each part")
        first = seen.setdefault(Path(os.path.realpath(path)), path)
        if first is not path:
            raise InputError(f"{shown(path)}: is named twice; name each part once")
    with ExitStack() as held:
        yield tuple(held.enter_context(folder.open_out(path, work)) for path in paths)


def together(found: Sequence[Part]) -> tuple[Part, ...]:
    """The parts in order, where they are all the parts of one run; raises InputError."""
    by_share: dict[int, Part] = {}
    for part in found:
        first = found[0]
        if part.share.of != first.share.of:
            raise InputError(
                f"{part}, but {shown(first.place.path)} is part {first.share}; the parts of one "
                "clean are divided by one number"
            )
        other = by_share.setdefault(part.share.no, part)
        if other is not part:
            raise InputError(f"{part}, and so is {shown(other.place.path)}; name each part once")
    parts = tuple(by_share[no] for no in sorted(by_share))
    _refuse_other_program(parts[0])
    for part in parts[1:]:
        if different := _differences(parts[0], part):
            raise InputError(
                f"{part} is of another run than {shown(parts[0].place.path)} "
                f"({'; '.join(different)}); {ANEW}"
            )
    of = found[0].share.of
    lacking = [f"{no}/{of}" for no in range(1, of + 1) if no not in by_share]
    if lacking:
        more = f" (and {len(lacking) - 1} more)" if len(lacking) > 1 else ""
        raise InputError(f"part {lacking[0]} is missing{more}; name the folders of all parts")
    return parts


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
