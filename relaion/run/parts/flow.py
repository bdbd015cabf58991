"""The flow of one part of a clean: search its shards, and write them once all parts have searched.

How often it has to search, the merge says: what the lists name first; then the links of what any
part found; with cover, the sites. What is found in between lies in the work folder of the part,
which stays until all parts are merged.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from relaion.errors import RelaionError, StopError
from relaion.lists.key import ledger_path
from relaion.lists.snapshot import Snapshot
from relaion.paths import Seal, shown
from relaion.roles import COUNTED
from relaion.run.cover import CHOSEN, Choice, Covered
from relaion.run.coverage import Coverage
from relaion.run.find import Hunt
from relaion.run.hits import Searched
from relaion.run.journal import FOUND, WRITTEN, Entry, Ledger
from relaion.run.numbered import Numbered
from relaion.run.parts.division import (
    MERGE_NEXT,
    SIDECARS_STEP,
    Joined,
    Share,
    found_by_all,
    own_of,
    written,
)
from relaion.run.pipeline import Run
from relaion.run.progress import AUDIT, SEARCH
from relaion.run.survey import roles_beside, sidecar_lines
from relaion.run.tasks import FindTask, Reports
from relaion.sidecars import Sidecar

# -- Its search is that of a whole run, of its own shards. What is done over all shards is taken
# from the last merge; where that had not come so far, this part has done what it can by now. ------


class UnmergedError(StopError):
    """Raised where a part has to wait for the others: `str()` is not to be printed as it is."""


class UnsearchedError(StopError):
    """Raised where shards are to be searched first: `str()` is not to be printed as it is."""


@dataclass
class PartHunt(Hunt):
    """A search over the shards of one part. `searches`: else what is lacking is not searched.

    `searched` are the shards that this process searched, in whatever step.
    """

    searches: bool = True
    searched: set[int] = field(default_factory=set)
    _joined: list[Joined | None] = field(default_factory=list)

    def sweep(
        self,
        detail: str,
        shards: Sequence[Numbered],
        ledger: Ledger,
        seals: Mapping[int, Seal],
        make: Callable[..., FindTask],
        step: str = SEARCH,
    ) -> None:
        """Do a step over the shards of this part; raises UnsearchedError where it may not."""
        waiting = {n.no for n in shards} - ledger.covered
        if waiting and not self.searches:
            raise UnsearchedError(ledger.step)
        super().sweep(detail, shards, ledger, seals, make, step)
        self.searched |= waiting & ledger.covered

    def made(self, task: FindTask, of: list[Any], name: str = "") -> dict[str, Any]:
        """What the merge found by a step; raises UnmergedError where it has not done it yet."""
        name = name or task.step
        if name == SIDECARS_STEP:
            return super().made(task, of, name)
        if not self._joined:
            self._joined.append(Joined.at(self.journal))
        joined = self._joined[0]
        found = None if joined is None else found_by_all(self.journal, joined, name)
        if found is None:
            raise UnmergedError(name)
        return found


class PartChoice(Choice):
    """The choice of cover as a part sees it: the merge has made it."""

    def _chosen_before(self) -> dict[str, Any] | None:
        """What the merge chose; None where it has not come so far: then its steps are followed."""
        joined = Joined.at(self.hunt.journal)
        return None if joined is None else found_by_all(self.hunt.journal, joined, CHOSEN)

    def _alone(self) -> AbstractContextManager[object]:
        return nullcontext()

    def _known(self) -> dict[str, Any]:
        return {"copied": self._work, "ledger": self.ledger, "state": ""}

    def _settle(self, chosen: dict[str, Any], known: dict[str, Any]) -> None:
        """Nothing: the merge has told it, and keeps it."""


# -- Its flow ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PartDone:
    """What became of a part: how many shards were searched or written now, and what is next."""

    shards: int
    next: str
    told: tuple[str, ...] = ()


@dataclass
class PartRun(Run):
    """A run over the shards of one part."""

    share: Share = field(kw_only=True)

    @cached_property
    def own(self) -> frozenset[int]:
        """The numbers of its shards."""
        return own_of(self.request.plan, self.share)

    @property
    def _mine(self) -> tuple[Numbered, ...]:
        return tuple(n for n in self.request.inputs.shards if n.no in self.own)

    @property
    def _of(self) -> int:
        return len(self.own)

    @contextmanager
    def _purged_by(self, *kinds: type[RelaionError]) -> Iterator[None]:
        """Leave what was found before, which may be a night's work: the others wait for it."""
        if self.goes_on:
            yield
            return
        with super()._purged_by(*kinds):
            yield

    # -- the two phases ------------------------------------------------------------------------

    def find(self) -> PartDone:
        """Search what is to be searched by now.

        Raises StopError when shards failed, once the others are done.
        """
        beside, store, _ = self._begun()
        hunt = self._part_hunt(beside, store, searches=True)
        try:
            self._searched(hunt)
            following = "all is found; run the same command with --phase write"
            joined = Joined.at(self.journal)
            if joined is not None and written(self.journal, joined) is not None:
                following = "this part is written; `relaion merge PART... --out OUT` is next"
        except UnmergedError:
            following = f"when all {self.share.of} parts have done so: {MERGE_NEXT}"
        self._stop_where_failed()
        return PartDone(len(hunt.searched), following)

    def write(self) -> PartDone:
        """Write the editions of its shards, and leave what the merge needs for the manifest.

        Raises StopError where not all parts have searched, or shards failed.
        """
        beside, store, told = self._begun()
        started = datetime.now(UTC)
        try:
            searched, cover = self._searched(self._part_hunt(beside, store, searches=False))
        except UnsearchedError:
            raise StopError(
                f"{self._named} has shards that are not searched yet; run the same command with "
                f"--phase find, and then {MERGE_NEXT}"
            ) from None
        except UnmergedError:
            raise StopError(
                f"{self._named} cannot be written before all parts have searched; run {MERGE_NEXT}"
            ) from None
        joined = Joined.at(self.journal)
        if joined is None:  # cannot be: it was searched by it
            raise StopError(f"{self._named} was changed meanwhile; repeat the command")
        before = written(self.journal, joined)
        reports = self._rewrite(searched)
        self._stop_where_failed()
        self.progress.phase(AUDIT)
        covered = self._covered(beside, searched, reports)
        told += self._told(searched, roles_beside(beside), reports)
        told += [] if cover is None else [cover.told]
        told = list(dict.fromkeys(told))
        value = {
            "of": joined.of,
            "started": before["started"] if before else started.isoformat(),
            "coverage": [asdict(line) for line in covered],
            "not_looked_at": [asdict(line) for line in self._passed_over(beside, searched)],
            "sidecars": sidecar_lines(beside),
            "is_hit": bool(searched.hits.counts),
            "cover": None if cover is None else asdict(cover),
            "brings_back": self._brings_back,
            "told": told,
        }
        self.journal.add([Entry(WRITTEN, "", value)])
        following = "when all parts are written: `relaion merge PART... --out OUT`"
        return PartDone(len(reports), following, tuple(told))

    @property
    def _named(self) -> str:
        return f"{shown(self.place.path)}: part {self.share}"

    def _begun(self) -> tuple[tuple[Sidecar, ...], Snapshot, list[str]]:
        store = self._taken()
        # a batch may hold shards that went to another part when an input was replaced
        covered = {int(no) for e in self.journal.entries(FOUND) for no in e.value if int(no) >= 0}
        self.journal.forget(covered - self.own)
        beside, told = self._read_beside()
        return beside, store, told

    # -- the search ----------------------------------------------------------------------------

    def _part_hunt(
        self, beside: tuple[Sidecar, ...], store: Snapshot, *, searches: bool
    ) -> PartHunt:
        return PartHunt(
            self.request.settings, beside, COUNTED, store, self.journal, self.executor,
            self.progress, self._fail, searches=searches,
        )  # fmt: skip

    def _searched(self, hunt: PartHunt) -> tuple[Searched, Covered | None]:
        """What all parts found, of the shards of this one; raises UnmergedError, UnsearchedError.

        The stops were made where the parts were merged.
        """
        request = self.request
        searched = hunt.run(self._mine)
        if not request.settings.cover:
            return searched, None
        choice = PartChoice(
            hunt, request.known.key, ledger_path(request.key), self.caller, self._stop_where_failed
        )
        return choice.run(searched)

    # -- what the merge will need --------------------------------------------------------------

    def _covered(
        self, beside: tuple[Sidecar, ...], searched: Searched, reports: Reports
    ) -> tuple[Coverage, ...]:
        """Coverage of all shards, which the first part counts for all."""
        if self.share.no == 1:
            return super()._covered(beside, searched, reports)
        self._check_still(beside, reports)
        return ()
