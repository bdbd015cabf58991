"""Join what the parts of a clean found, and do what is to be done over all of them.

It is the search of a whole run, of which the parts have done what looks at shards. Where a step
lacks that, the parts are told what to search next, and are given what this needs.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from relaion.errors import InputError, ListError, OutputError
from relaion.lists.key import ledger_path, load
from relaion.lists.snapshot import NAME, Snapshot
from relaion.parquet.layout import Shard
from relaion.parquet.roles import Layout
from relaion.paths import Seal, atomic_write, file_sha256, private_folder, shown
from relaion.roles import COUNTED
from relaion.run.cover import CHOSEN, Choice
from relaion.run.editions import Edition
from relaion.run.find import Hunt
from relaion.run.hits import hold
from relaion.run.journal import (
    FIND,
    FOUND,
    JOINED,
    MADE,
    SIDECARS,
    STORE,
    Entry,
    Journal,
    Ledger,
    is_whole,
)
from relaion.run.numbered import Numbered, rows_of
from relaion.run.parts.division import Joined, digest_of, key_digest, seen_of
from relaion.run.parts.folders import Part, work_for_merge
from relaion.run.pool import Caller, Executor
from relaion.run.progress import SEARCH, Progress
from relaion.run.settings import Limits, Plan, Settings
from relaion.run.survey import UNREAD_BESIDE, read_sealed_sidecars
from relaion.run.tasks import FindTask
from relaion.sidecars import Sidecar
from relaion.sqlset import named


class AskingError(Exception):
    """Raised where parts are to search first; its text is the step."""


@dataclass
class MergeHunt(Hunt):
    """A search of which the parts look at the shards. `done` are the steps that were done here."""

    done: list[str] = field(default_factory=list)

    def meet_sidecars(self) -> None:
        """Nothing: each part has done so."""

    def sweep(
        self,
        detail: str,
        shards: Sequence[Numbered],
        ledger: Ledger,
        seals: Mapping[int, Seal],
        make: Callable[..., FindTask],
        step: str = SEARCH,
    ) -> None:
        """Nothing where the parts have done a step; else raise AskingError."""
        self.progress.phase(step, detail=detail)
        if {n.no for n in shards} - ledger.covered:
            raise AskingError(ledger.step)

    def made(self, task: FindTask, of: list[Any], name: str = "") -> dict[str, Any]:
        """Do a step, and remember that it is one of now."""
        found = super().made(task, of, name)
        self.done.append(name or task.step)
        return found


class MergeChoice(Choice):
    """The choice of cover of all parts, whose steps they are given, and then itself."""

    hunt: MergeHunt

    def _chosen_before(self) -> dict[str, Any] | None:
        """What was chosen before, which the parts are told."""
        found = super()._chosen_before()
        if found is not None:
            self.hunt.done.append(CHOSEN)
        return found

    def _settle(self, chosen: dict[str, Any], known: dict[str, Any]) -> None:
        """Keep it, and tell the parts."""
        super()._settle(chosen, known)
        self.hunt.done.append(CHOSEN)


@dataclass(frozen=True)
class Merger:
    """What joins parts: `key` in place of the one that they were made with.

    `beside` are their sidecars, which only cover needs.
    """

    parts: tuple[Part, ...]
    limits: Limits
    executor: Executor
    caller: Caller
    progress: Progress
    key: Path | None
    yes: bool
    beside: Sequence[Path] = ()

    @property
    def plan(self) -> Plan:
        """The plan of all."""
        return self.parts[0].plan

    @property
    def work(self) -> Path:
        """The private folder in which they are joined."""
        return work_for_merge(self.parts)

    def run(self) -> str:
        """Join them; returns the step that the parts are to search next, empty where all is found.

        Raises InputError for a part that has not searched what it was asked for, StopError where
        the lists find too much to be true.
        """
        private_folder(self.work)
        private_folder(self.work / FIND)
        journal = Journal(self.work)
        sidecars = self._sidecars(journal)
        self._gather(journal)
        hunt = MergeHunt(
            _settings(self.plan, self.limits, self.work), sidecars, COUNTED, self._store(), journal,
            self.executor, self.progress,
        )  # fmt: skip
        asks = ""
        try:
            self._search(hunt)
        except AskingError as e:
            asks = str(e)
        asked = {p.share.no: Joined.at(p.journal) for p in self.parts}
        if asks != "hits":
            self._give(journal, hunt.done, asks)
        self._refuse_unfinished(journal, asks, asked)
        return asks

    def _search(self, hunt: MergeHunt) -> None:
        shards = stand_ins(self.plan)
        searched = hunt.run(shards)
        sources = {x["list_id"]: x["source"] for x in self.plan.lists}
        hold(searched.hits, rows_of(shards), sources, yes=self.yes)
        if self.plan.parameters["cover"]:
            path = self.key or Path(self.parts[0].said["key"])
            key = self._curator_key(path)
            MergeChoice(hunt, key, ledger_path(path), self.caller, _ready).run(searched)

    def _curator_key(self, path: Path) -> bytes:
        found = load(path)
        if key_digest(found) != self.parts[0].note["key"]:
            raise ListError(
                f"{shown(path)}: is another curator key than that of the parts; name that one "
                "with --key"
            )
        return found

    def _refuse_unfinished(
        self, journal: Journal, asks: str, asked: Mapping[int, Joined | None]
    ) -> None:
        """Raise InputError for a part that was told of a step that others have done."""
        covered = Ledger(journal, asks).covered if asks else set()
        if not covered and asks != "hits":
            return  # they are told once more
        for part in self.parts:
            before = asked[part.share.no]
            was_told = asks == "hits" or (before is not None and before.asks == asks)
            if asks and was_told and part.own - covered:
                raise InputError(
                    f"{part} has not searched all of its shards yet; run its `relaion clean` with "
                    "--phase find"
                )

    # -- what the parts have ---------------------------------------------------------------------

    def _store(self) -> Snapshot:
        """The list store as the first part took it."""
        first = self.parts[0]
        path = first.place.work / NAME
        found = first.journal.get(STORE, "", lambda value: Snapshot(path, path, *value))
        found = None if found is None else found.sealed()
        if found is None:
            raise InputError(
                f"{first} lacks its copy of the list store; run its `relaion clean` with "
                "--phase find"
            )
        return found

    def _sidecars(self, journal: Journal) -> tuple[Sidecar, ...]:
        """The sidecars, which only cover looks into once more."""
        plan, first = self.plan, self.parts[0]
        if not plan.sidecars:
            return ()
        if not plan.parameters["cover"]:
            none = Layout(())
            return tuple(
                Sidecar(Path(x["name"]), Path(x["name"]), x["name"], 0, x["bytes"], (), none)
                for x in plan.sidecars
            )
        journal.add(e for e in first.journal.entries(SIDECARS))
        columns = plan.parameters["columns"]
        return read_sealed_sidecars(self.beside, journal, columns, [], self.caller)

    def _gather(self, journal: Journal) -> None:
        """Take what the parts found in their own shards, each file by a hard link or a copy."""
        journal.drop(lambda entry: entry.what == FOUND)
        first = self.parts[0]
        found = []
        for part in self.parts:
            for entry in part.journal.entries(FOUND):
                is_own = part.own.issuperset(map(int, entry.value))
                if is_own and given(part.place.work, self.work, entry.files):
                    found.append(entry)
        journal.add(found)
        if self.plan.sidecars and (unread := first.place.work / UNREAD_BESIDE).exists():
            given(first.place.work, self.work, {UNREAD_BESIDE: file_sha256(unread)})

    # -- what they are given ---------------------------------------------------------------------

    def _give(self, journal: Journal, done: Sequence[str], asks: str) -> None:
        """Give each part what was made of all, and say what is next."""
        made = [entry for entry in journal.entries(MADE) if entry.name in done]
        digests = {entry.name: digest_of(entry) for entry in made}
        seen = seen_of(journal)
        text = json.dumps([sorted(digests.items()), sorted(seen.items()), asks])
        of = hashlib.sha256(text.encode("ascii")).hexdigest()
        for part in self.parts:
            now = seen_of(part.journal)
            joined = Joined(of, asks, digests, {name: d for name, d in now.items() if name in seen})
            for entry in made:
                if not given(self.work, part.place.work, entry.files):
                    raise OutputError(
                        f"{shown(self.work)}: was changed while parts were merged; repeat the "
                        "command"
                    )
            part.journal.add([*made, Entry(JOINED, "", vars(joined))])


def _ready() -> None:
    """The parts stop where shards fail."""


def given(source: Path, target: Path, files: Mapping[str, str]) -> bool:
    """Put private files of one work folder, by their SHA-256, into another one.

    False where one is gone, or was copied and is not whole; of one that could be linked, whoever
    reads it looks. None of these files is ever written to in place.
    """
    for name, sha256 in files.items():
        if _is_one(source / name, target / name) or is_whole(target / name, sha256):
            continue
        try:
            with atomic_write(target / name, mode=0o600, flush=False) as part:
                try:
                    os.link(source / name, part)
                except OSError:  # another file system, or one without hard links
                    shutil.copyfile(source / name, part)
                    part.chmod(0o600)
        except FileNotFoundError:
            return False
        if not (_is_one(source / name, target / name) or is_whole(target / name, sha256)):
            return False
    return True


def _is_one(path: Path, other: Path) -> bool:
    """Whether these are two names of one file."""
    try:
        return path.samefile(other)
    except OSError:
        return False


def _settings(plan: Plan, limits: Limits, work: Path) -> Settings:
    """The settings of the parts, for steps that look at no shard and decide no row."""
    script = named("research", plan.sql_version)  # a placeholder: no edition is run
    editions = tuple(
        Edition(e["name"], e["parent"], tuple(e["labels"]), tuple(e["rules"]), script, e["builtin"])
        for e in plan.editions
    )
    return replace(Settings(plan.sql_version, limits, work, editions=editions), **plan.parameters)


def stand_ins(plan: Plan) -> tuple[Numbered, ...]:
    """The shards of a plan by name, rows and bytes: for what looks into none of them."""
    none = Layout(())
    shards = (
        Shard(Path(x["shard"]), x["subset"], x["shard"], x["rows"], x["bytes"], 1, none)
        for x in plan.inputs
    )
    return tuple(Numbered(no, 0, shard) for no, shard in enumerate(shards))
