"""The search of a part: its own shards, and what a merge of all parts made of them.

It is the search of a whole run. What is done over all shards is not done here but taken from the
last merge; where that had not come so far, this part has done what it can by now.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from relaion.errors import StopError
from relaion.paths import Seal
from relaion.run.cover import CHOSEN, Choice
from relaion.run.find import Hunt
from relaion.run.journal import Ledger
from relaion.run.parts import SIDECARS_STEP, Joined, found_by_all
from relaion.run.progress import SEARCH
from relaion.run.survey import Numbered
from relaion.run.tasks import FindTask


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
