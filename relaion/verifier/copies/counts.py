"""The counts of a copy's manifest, held against what was found."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from relaion.verifier.copies.fates import LEFT, LEFT_WITH_LINK, Against, stays
from relaion.verifier.copies.statement import NAMELESS, WITH_KEY, CopyStatement
from relaion.verifier.listable import Apply
from relaion.verifier.manifest import MANIFEST
from relaion.verifier.verdict import Notes, count

WRONG = {
    LEFT: "that was removed from the set",
    LEFT_WITH_LINK: "whose link was removed from the set",
    WITH_KEY: "that left with another one of its key",
    "unknown": "that neither edition has",
    "not in new": "that the edition does not hold",
    NAMELESS: "without an identity",
}


@dataclass
class CopyJob:
    """One check: what is stated, what it is held against, who hears of what is done."""

    out: Path
    statement: CopyStatement
    against: Against | None
    sources: Mapping[str, Path]
    apply: Apply
    done: Callable[[int, int], object]
    notes: Notes
    stayed: Counter[tuple[str, bool]] = field(default_factory=Counter)
    left: Counter[tuple[str, bool]] = field(default_factory=Counter)
    doubted: int = 0
    several: int = 0
    alone: int = 0
    is_read: bool = True

    @property
    def tells_all(self) -> bool:
        """Whether the fate of every record can be told: not without the set before."""
        return self.against is not None and (
            "old" not in self.statement.against or self.against.old is not None
        )


def check_counts(job: CopyJob) -> None:
    """The manifest's counts by fate are those found; what stayed unknown is not looked at."""
    if job.against is None or not job.is_read:
        return
    stated = job.statement.counts
    ours = {x: n for x, n in job.stayed.items() if stays(x[0], job.statement)}
    theirs = {(fate, is_twin): n for (fate, stayed, is_twin), n in stated.items() if stayed}
    if not job.tells_all:  # without the set before, these two cannot be told apart
        for counts in (ours, theirs):
            for is_twin in (False, True):
                n = counts.pop(("not in new", is_twin), 0)
                counts["unknown", is_twin] = n + counts.get(("unknown", is_twin), 0)
    _same_counts(ours, theirs, "stayed", job.notes)
    if job.tells_all and set(job.statement.inputs) <= set(job.sources):
        gone = {(f, is_twin): n for (f, stayed, is_twin), n in stated.items() if not stayed}
        _same_counts(job.left, gone, "left", job.notes)
        _check_more(job, gone)
    for fate in ("unknown", "not in new"):
        if n := ours.get((fate, False), 0):
            job.notes.limit("1a", f"{count(n, 'record')} {WRONG[fate]}: kept, as was asked for")
    if n := ours.get((NAMELESS, False), 0):
        job.notes.leave_out(f"{count(n, 'row')} kept without an identity: {_UNTOLD}")


_UNTOLD = "nothing can be said of them"
_Stayed = Mapping[tuple[str, bool], int]


def _same_counts(ours: _Stayed, theirs: _Stayed, what: str, notes: Notes) -> None:
    if {f: n for f, n in ours.items() if n} != {f: n for f, n in theirs.items() if n}:
        notes.find("6", MANIFEST, f"its counts by fate of what {what} are not those found")


def _check_more(job: CopyJob, gone: _Stayed) -> None:
    """What is told beside the fates; who left for another's sake was not named."""
    raw = job.statement.raw
    if (job.doubted, job.several) != (raw["doubted"], raw["several"]):
        job.notes.find("6", MANIFEST, "its counts of rows known by more than one hash are wrong")
    if job.alone != raw.get("alone", job.alone):
        job.notes.find("6", MANIFEST, "its count of rows known by row hash alone is wrong")
    if n := sum(n for (fate, _), n in gone.items() if fate == WITH_KEY):
        said = f"{count(n, 'record')} left only since a removed one has the same key"
        job.notes.limit("1b", said)
