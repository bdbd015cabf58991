"""The flow of one part of a clean: search its shards, and write them once all parts have searched.

How often it has to search, the merge says: what the lists name first; then the links of what any
part found; with cover, the sites. What is found in between lies in the work folder of the part,
which stays until all parts are merged.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from relaion.errors import RelaionError, StopError
from relaion.lists.key import ledger_path
from relaion.lists.snapshot import Snapshot
from relaion.paths import shown
from relaion.roles import COUNTED
from relaion.run.cover import Covered
from relaion.run.coverage import Coverage
from relaion.run.find import Searched
from relaion.run.journal import FOUND, WRITTEN, Entry
from relaion.run.part_search import PartChoice, PartHunt, UnmergedError, UnsearchedError
from relaion.run.parts import MERGE_NEXT, Joined, Share, own_of, written
from relaion.run.pipeline import Run
from relaion.run.progress import AUDIT
from relaion.run.survey import Numbered, roles_beside, sidecar_lines
from relaion.run.tasks import Reports
from relaion.sidecars import Sidecar


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
