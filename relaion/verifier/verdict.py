"""What a check says: findings, one outcome for each promise, and the verdict over all of them.

A sentence names a file, what is wrong and how many rows, never which row or value. Names
of files and columns are others' choice, so every sentence is put on one line here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from relaion.errors import StopError
from relaion.paths import several, shown
from relaion.tabled import Tabled

State = Literal["held", "held in part", "broken", "not checked"]

PROMISES = {
    "1a": "no row survives that a list or a rule names",
    "1b": "no other row is lost, and none is added",
    "2": "the rest is untouched: schema, metadata, order and values",
    "3": "every edition is a part of its parent",
    "4": "nothing is disclosed",
    "5": "OUT is whole: the files that its manifest states, and nothing else",
    "6": "every number can be recomputed: what went in, and the counts that came out",
}
FIRST = "1a"  # without it nothing can be called clean, of a clean as of a copy


class ProcessEndedError(StopError):
    """Raised when one of several processes was ended; one alone may tell why."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: the `promise` it breaks, `where`, and `what` in a plain sentence."""

    promise: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True)
class CheckOutcome:
    """One promise and its state; `why` says what was left out, and is empty where it held whole.

    `title` says the promise in words, `findings` what breaks it.
    """

    promise: str
    title: str
    state: State
    why: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Verdict(Tabled):
    """The outcome of every promise (`outcomes`), and `notices` that break none.

    `out` is what was checked. `ok`: nothing is broken (what an exit code asks). `clean`: every
    promise was checked in full and held, and nothing was left out; never true without lists.
    `not_looked_at` are sentences, one for each thing that nothing was compared with. `rests` says
    what rests on an earlier check, empty where nothing does; `rests_on` are these checks, the first
    one first: run and time. `manifest` is the SHA-256 of the manifest that was checked.
    """

    out: str
    outcomes: tuple[CheckOutcome, ...]
    notices: tuple[str, ...]
    not_looked_at: tuple[str, ...] = ()
    rests: str = ""
    rests_on: tuple[tuple[str, str], ...] = ()
    manifest: str = ""

    @property
    def ok(self) -> bool:
        """Whether no promise was found broken."""
        return all(o.state != "broken" for o in self.outcomes)

    @property
    def clean(self) -> bool:
        """Whether every promise was checked, without reserve, and held, and all was looked at."""
        return self._is_held and not self.not_looked_at

    @property
    def _is_held(self) -> bool:
        return all(o.state == "held" for o in self.outcomes)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, in the order of the promises."""
        return tuple(f for o in self.outcomes for f in o.findings)

    @property
    def summary(self) -> str:
        """One sentence; says 'clean' only where every promise was checked and held.

        And "as far as it was looked at" only where the first was checked at all: whether what is
        named left. Why a promise was not checked its outcome says.
        """
        if not self.ok:
            broken = ", ".join(o.promise for o in self.outcomes if o.state == "broken")
            return f"{self.out}: {count(len(self.findings), 'finding')}; broken: {broken}"
        rests = f"; {self.rests}" if self.rests else ""
        if self.clean:
            return f"{self.out}: clean; every promise was checked and held{rests}"
        by_state = {
            state: ", ".join(o.promise for o in self.outcomes if o.state == state)
            for state in ("not checked", "held in part")
        }
        said = [f"{state}: {promises}" for state, promises in by_state.items() if promises]
        if all(o.state != "not checked" for o in self.outcomes if o.promise == FIRST):
            said.insert(0, "clean as far as it was looked at")
        else:
            said.append("nothing was found broken")
        if self._is_held:
            said.append("every promise was checked and held")
        return f"{self.out}: {'; '.join(said)}{rests}"


@dataclass
class Notes:
    """Gathers what the checks say while they run; `titles` are the promises that are checked."""

    findings: list[Finding] = field(default_factory=list)
    skipped: dict[str, list[str]] = field(default_factory=dict)
    limits: dict[str, list[str]] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    titles: Mapping[str, str] = field(default_factory=lambda: PROMISES)
    rests: str = ""
    rests_on: tuple[tuple[str, str], ...] = ()
    manifest: str = ""

    def find(self, promise: str, where: str, what: str) -> None:
        """Something is wrong."""
        self.findings.append(Finding(promise, shown(where), shown(what)))

    def skip(self, promise: str, why: str) -> None:
        """A promise could not be checked at all."""
        _once(self.skipped.setdefault(promise, []), why)

    def limit(self, promise: str, why: str) -> None:
        """A promise was checked, but for this."""
        _once(self.limits.setdefault(promise, []), why)

    def notice(self, text: str) -> None:
        """Something to know that breaks no promise."""
        _once(self.notices, text)

    def leave_out(self, sentence: str) -> None:
        """Something was not looked at."""
        _once(self.left_out, sentence)

    def add(self, other: "Notes") -> None:
        """Take over what the check of one shard said."""
        self.findings += other.findings
        for promise, said in other.limits.items():
            for why in said:
                self.limit(promise, why)

    def take(self, other: "Notes") -> None:
        """Take over all that a part of the check said."""
        self.add(other)
        for promise, said in other.skipped.items():
            for why in said:
                self.skip(promise, why)
        for text in other.notices:
            self.notice(text)
        for sentence in other.left_out:
            self.leave_out(sentence)
        self.rests, self.rests_on = other.rests, other.rests_on

    def unreadable(self, where: str) -> None:
        """A file whose rows cannot be read: its rows are lost, and not looked at."""
        self.find("5", where, "its rows cannot be read")
        self.find("1b", where, "its rows cannot be read, so they count as lost")
        self.limit("1a", "files that cannot be read were not looked at")

    def verdict(self, out: str) -> Verdict:
        """The outcome of every promise, from all that was said."""
        outcomes = tuple(self._outcome(p) for p in self.titles)
        return Verdict(
            out, outcomes, tuple(self.notices), tuple(self.left_out), self.rests, self.rests_on,
            self.manifest,
        )  # fmt: skip

    def _outcome(self, promise: str) -> CheckOutcome:
        found = tuple(dict.fromkeys(f for f in self.findings if f.promise == promise))
        why = self.skipped.get(promise, []) + self.limits.get(promise, [])
        state: State = "held in part" if why else "held"
        if promise in self.skipped:
            state = "not checked"
        if found:
            state = "broken"
        return CheckOutcome(promise, self.titles[promise], state, "; ".join(why), found)


def _once(said: list[str], text: str) -> None:
    if shown(text) not in said:
        said.append(shown(text))


def count(n: int, noun: str, verb: str = "") -> str:
    """`1 row is`, `2 rows are`: a number with its noun, and `is`, `has` or `differs` to fit."""
    many = {"is": "are", "has": "have", "stands": "stand", "differs": "differ"}
    said = several(n, noun)
    if not verb:
        return said
    return f"{said} {verb if n == 1 else many[verb]}"
