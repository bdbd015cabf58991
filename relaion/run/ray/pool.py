"""Workers on the machines of a Ray cluster: another executor behind the same interface.

A worker that is lost, with its machine or alone, has its task done again elsewhere. A task that
takes much longer than the others is tried a second time; the first whole result counts. What is
found by a search goes to files of each try's own, and takes its name when that try has won: so a
worker that was given up for lost, and still writes, changes nothing.
"""

import json
import os
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relaion.errors import InputError, OutputError, StopError
from relaion.paths import (
    atomic_write,
    private_folder,
    remove_tree,
    shown,
    stamp_of,
    unwritten,
)
from relaion.paths.locks import wait_unlocked
from relaion.paths.stand_ins import state_of, within_tree
from relaion.run.notes import NOTES, pass_on
from relaion.run.process import LOG, TaskOutcome, is_killed, packed
from relaion.run.progress import Progress
from relaion.run.ray.client import Node, RayClient
from relaion.run.ray.cluster import FOLDER, Cluster, refuse_left
from relaion.run.ray.courier import Post
from relaion.run.ray.work import TriedTasks, Try, own_files, puts, remove_free
from relaion.run.settings import Limits
from relaion.run.tasks import FindTask

if TYPE_CHECKING:
    from relaion.run.any_task import AnyTask
    from relaion.run.pool import CallTask, LocalPool

LOST = 10  # times that a task is done again for a worker that was lost
SLOW = 3.0  # times as long as the others: then a task is tried a second time
SLOW_SECONDS = 20.0  # and this at least
_EVENT_SECONDS = 0.5
_GRACE = 60.0  # beyond its own limit: then nobody is there to heed that
_LOST_SECONDS = 2.0  # for the worker of a courier that was lost to end, too
_TO_ROOT = 3  # from the state of what stands for an object to the folder of all
_FULL_SECONDS = 60.0
_UNBORN = 10  # workers in a row that were lost before they began
_MARK = ".relaion-{}.part"  # what is left of it is swept with all else that is so called


@dataclass
class _Courier:
    """A courier as the pool sees it: where it stands, and what it does."""

    no: int
    node: Node
    lock: Path
    is_there: bool = False
    trying: Try | None = None


class RayPool:
    """Does tasks on the machines of a cluster; a context, which ends the workers.

    `limits` say how many workers, None in its place for as many as there is room for, and how much
    memory each has. `here` does what is no matter of shards. A cluster that is started here ends
    with this, or with what `stays`. Tasks need the work folder, which all
    machines have to share, and the folders that are written.
    """

    def __init__(
        self,
        cluster: Cluster,
        limits: Limits,
        wanted: int | None,
        here: "LocalPool | None",
        listener: Progress,
        stays: ExitStack | None = None,
    ) -> None:
        self._mine = ExitStack()
        self._ends = stays or self._mine
        self._cluster, self._limits, self._wanted = cluster, limits, wanted
        self._here, self._listener = here, listener
        self._client: RayClient | None = None
        self._nodes: list[Node] = []
        self._couriers: dict[int, _Courier] = {}
        self._work = Path()
        self._home = "/"
        self._marks: list[tuple[str, str]] = []
        self._devices: list[tuple[str, int]] = []
        # where machines are many, each has its own copy of the lists
        self._lists = "" if cluster.is_own else secrets.token_hex(4)
        self._hired_on: set[str] = set()
        self._n_couriers = self._n_tries = 0
        self._full_at: float | None = None
        self._unborn = 0
        self.size = 1

    def __enter__(self) -> "RayPool":
        return self

    def __exit__(self, *_: object) -> None:
        there = {c.node.node for c in self._couriers.values() if c.is_there}
        self._fire(list(self._couriers.values()), leaves=True)
        if self._client is not None and self._lists and (lost := sorted(self._hired_on - there)):
            self._client.tell("clear", nodes=lost, lists=self._lists)
        self._mine.close()
        for path, _text in self._marks:
            with suppress(OSError):  # it is swept with all else that is so called
                Path(path).unlink()

    @property
    def cluster(self) -> Cluster:
        """The cluster that was joined, or was started and can be joined by others now."""
        return self._cluster if self._client is None else self._client.joined

    @property
    def searches(self) -> int:
        """How many searches go on side by side."""
        return self.size

    def begin(self, work: Path, folders: Iterable[Path], inputs: Iterable[Path]) -> Limits:
        """Join the cluster, with the work folder and others that tasks write to.

        `inputs` are folders that they read. Returns the limits, now with how many workers there
        are. Raises InputError for a cluster that cannot be used.
        """
        folders = [folder.absolute() for folder in folders]
        self._work = work.absolute()
        private_folder(self._work / FOLDER)
        refuse_left(work)
        remove_tree(self._work / FOLDER)
        private_folder(self._work / FOLDER)
        self._client = self._ends.enter_context(RayClient(self._cluster, self._work / LOG))
        memory = self._limits.memory
        self._nodes = self._client.open(self._wanted or os.cpu_count() or 1, memory)
        if not self._cluster.is_own:
            self._client.refuse_other_versions(self._nodes)
        room = sum(node.room for node in self._nodes)
        self.size = max(1, min(room, self._wanted or room))
        self._full_at = time.monotonic() + _FULL_SECONDS
        NOTES.info("Ray: %d workers on %d machines", self.size, len(self._nodes))
        inputs = set(inputs)
        # what stands for objects of a store lies in a folder of its own, where workers fetch to
        fetched = {state_of(path).parents[_TO_ROOT] for path in inputs if within_tree(path)}
        self._mark([self._work, *folders, *sorted(fetched)])
        places = {self._work, *folders, *inputs}
        if not all(path.is_absolute() for path in places):
            self._home = str(Path.cwd())
        known = {stamp_of(path).device: path for path in sorted(places)}
        self._devices = [(str(path.absolute()), device) for device, path in known.items()]
        return replace(self._limits, workers=self.size)

    def _mark(self, folders: Iterable[Path]) -> None:
        """Leave files by which a machine sees that it shares these folders."""
        for folder in dict.fromkeys(folder.absolute() for folder in folders):
            text = secrets.token_hex(16)
            path = folder / _MARK.format(secrets.token_hex(8))
            self._marks.append((str(path), text))
            try:
                path.write_text(text, encoding="ascii")
            except OSError as e:
                raise unwritten(folder, e, e.strerror or type(e).__name__) from None

    # -- tasks ---------------------------------------------------------------------------------

    def run_here(self, task: "AnyTask") -> TaskOutcome:
        """Do a task that reads no shard with all of this machine: there is one of it alone."""
        assert self._here is not None  # noqa: S101 - a check has no such task
        settings = replace(task.settings, limits=task.settings.limits.here)
        (outcome,) = self._here.run([replace(task, settings=settings)])
        return outcome

    def run(self, tasks: "Sequence[AnyTask | CallTask]") -> Iterator[TaskOutcome]:
        """Do the tasks; ends what is not done at once when the caller stops listening."""
        work = TriedTasks(tasks)
        try:
            while work.open:
                self._employ(work)
                for outcome in (self._next(work), self._overdue(work), self._let_go(work)):
                    if outcome is not None:
                        yield outcome
        finally:
            self._fire([c for c in self._couriers.values() if c.trying is not None])
            for path in work.left:
                path.unlink(missing_ok=True)

    def _employ(self, work: TriedTasks) -> None:
        """Give tasks to all who have none, and have as many couriers as there is work for."""
        for courier in self._couriers.values():
            if courier.is_there and courier.trying is None:
                if (one := work.next()) is None:
                    one = self._second(work, courier)
                if one is not None:
                    self._give(courier, one, work)
        lacking = min(self.size, len(work.open)) - len(self._couriers)
        for _ in range(lacking):
            self._hire()

    def _hire(self) -> None:
        """Have one more courier, where most room is left."""
        assert self._client is not None  # noqa: S101 - `begin` has joined
        taken = [c.node.node for c in self._couriers.values()]
        free = max(self._nodes, key=lambda node: node.room - taken.count(node.node))
        self._n_couriers += 1
        lock = self._work / FOLDER / f"{self._n_couriers:06}.lock"
        post = Post(
            str(self._work), self._home, str(lock), self._limits.memory, self._limits.seconds,
            self._marks, self._devices, self._lists,
        )  # fmt: skip
        self._couriers[self._n_couriers] = _Courier(self._n_couriers, free, lock)
        self._hired_on.add(free.node)
        self._client.tell(
            "hire", courier=self._n_couriers, node=free.node, memory=self._limits.memory,
            post=asdict(post),
        )  # fmt: skip

    def _give(self, courier: _Courier, at: int, work: TriedTasks) -> None:
        if self._client is None:
            return
        self._n_tries += 1
        task, moved_to = own_files(work.tasks[at], self._n_tries)
        one = Try(at, self._n_tries, task, moved_to, time.monotonic())
        courier.trying = one
        work.trying.append(one)
        asked, answer = self._files(one)
        with atomic_write(asked, mode=0o600, flush=False) as part:
            part.write_text(packed(task), encoding="ascii")
        self._client.tell(
            "give", courier=courier.no, task=str(asked), answer=str(answer), seconds=task.seconds
        )

    def _files(self, one: Try) -> tuple[Path, Path]:
        """The file of a task, and that of its answer."""
        folder = self._work / FOLDER
        return folder / f"{one.no:06}.task", folder / f"{one.no:06}.answer"

    # -- what happens to them --------------------------------------------------------------------

    def _next(self, work: TriedTasks) -> TaskOutcome | None:
        """What became of a task, if one is done when the next thing has happened."""
        if self._client is None:
            return None
        event = self._client.event(_EVENT_SECONDS)
        if event is None:
            self._say_full()
            return None
        courier = self._couriers.get(event.get("courier", 0))
        if event["what"] == "hire" and "error" in event:
            raise InputError(f"a worker could not be asked of Ray ({event['error']})")
        if courier is None:  # it was given up by then
            return None
        one = courier.trying
        if event["what"] == "hired":
            self._took_post(courier, event["value"])
        elif event["what"] == "lost":
            return self._lost_courier(work, courier, event["why"])
        elif event["what"] == "moved" and one is not None and event["value"]:
            self._listener.moved(one.task.no, event["value"])
        elif event["what"] == "done" and one is not None:
            if (why := event["value"]) is None:
                became = self._done(work, courier, one)
            else:
                became = self._unanswered(work, courier, one, why)
            return became
        return None

    def _unanswered(
        self, work: TriedTasks, courier: _Courier, one: Try, why: str
    ) -> TaskOutcome | None:
        """End it all where an answer could not be written, unless another try was first."""
        courier.trying = None
        work.trying.remove(one)
        work.left += one.moved_to
        if one.at not in work.open:
            return None
        work.open.discard(one.at)
        return TaskOutcome(one.task.no, why, fatal=True)

    def _lost_courier(self, work: TriedTasks, courier: _Courier, why: str) -> TaskOutcome | None:
        del self._couriers[courier.no]
        NOTES.info("Ray: a worker on %s was lost (%s)", courier.node.name, why)
        self._nodes = (
            self._client.nodes(self._limits.memory) if self._client else None
        ) or self._nodes
        if not courier.is_there:
            self._unborn += 1
            if self._unborn > max(_UNBORN, 2 * self.size):
                raise StopError(
                    f"workers of the Ray cluster end before they begin ({why}); see whether Ray, "
                    "relaion and the shared folders are well on its machines"
                )
        one = courier.trying
        if one is None:
            return None
        wait_unlocked([courier.lock], _LOST_SECONDS)  # it would remove what another has just put
        return self._given_up(work, courier, one, "its worker was lost")

    def _given_up(
        self, work: TriedTasks, courier: _Courier, one: Try, why: str
    ) -> TaskOutcome | None:
        """As `_lost`; what puts is only done again once its worker has let go of its lock."""
        if puts(one.task) and wait_unlocked([courier.lock], 0):
            work.hold(one, courier.lock, why, courier.node.name)
            return None
        return self._lost(work, one, why)

    def _let_go(self, work: TriedTasks) -> TaskOutcome | None:
        """What became of a task whose worker may still put, once nobody waits for that any more."""
        held, error = work.let_go()
        if held is None or error is None:
            return None if held is None else self._lost(work, held.one, held.why)
        return TaskOutcome(held.one.task.no, error)

    def _took_post(self, courier: _Courier, useless: Sequence[str] | None) -> None:
        if useless is not None:
            path, why = useless
            if why:
                raise OutputError(
                    f"{shown(path)}: cannot be written on {courier.node.name} ({why}); see its "
                    "disk and who may write there"
                )
            raise InputError(
                f"{shown(path)}: {courier.node.name} does not share this folder; name one that "
                "all machines of the cluster have under the same path (--out, --work)"
            )
        courier.is_there = True
        self._unborn = 0

    def _say_full(self) -> None:
        """Say once that nobody has come yet: others may have the cluster."""
        if self._full_at is None or any(c.is_there for c in self._couriers.values()):
            self._full_at = None
        elif time.monotonic() > self._full_at:
            self._full_at = None
            self._listener.say(
                f"waiting for Ray: the cluster has no processor and {self._limits.memory / 1e9:.1f}"
                " GB free for a worker yet"
            )

    def _overdue(self, work: TriedTasks) -> TaskOutcome | None:
        """Give up a courier that should have ended its task itself, long ago."""
        now = time.monotonic()
        for courier in list(self._couriers.values()):
            one = courier.trying
            limit = self._limits.seconds
            if one is None or now - one.began < (limit or one.task.seconds) + _GRACE:
                continue
            self._fire([courier])
            return self._given_up(work, courier, one, "its worker did not answer any more")
        return None

    def _lost(self, work: TriedTasks, one: Try, why: str) -> TaskOutcome | None:
        """Have a task done again; its error, where that was done too often."""
        work.trying.remove(one)
        work.left += one.moved_to
        if one.at not in work.open or any(other.at == one.at for other in work.trying):
            return None
        work.lost[one.at] = work.lost.get(one.at, 0) + 1
        if work.lost[one.at] <= LOST:
            work.waiting.appendleft(one.at)
            return None
        work.open.discard(one.at)
        return TaskOutcome(one.task.no, f"{one.task.named}: {why}, {LOST + 1} times")

    def _done(self, work: TriedTasks, courier: _Courier, one: Try) -> TaskOutcome | None:
        courier.trying = None
        said = self._answer(one)
        if said is None:
            return self._lost(work, one, "what its worker answered is gone")
        error = said["error"]
        if said["broken"] and is_killed(error):  # by whom, nobody knows: as if its machine were
            return self._lost(work, one, error)
        work.trying.remove(one)
        work.left += one.moved_to
        if one.at not in work.open:  # another try was first
            return None
        pass_on(said)
        work.open.discard(one.at)
        late = [c for c in self._couriers.values() if c.trying and c.trying.at == one.at]
        self._fire(late)
        for other in [other for other in work.trying if other.at == one.at]:
            work.trying.remove(other)
            work.left += other.moved_to
        if said["broken"]:
            error = f"{one.task.named}: {error}"
        elif error is None:
            work.ratios.append((time.monotonic() - one.began) / one.task.seconds)
            said["said"] = self._named(said["said"], one)
        if error is not None and said["fatal"] and not self._cluster.is_own:
            error = f"{error} (on {courier.node.name})"  # what one machine lacks, others may have
        return TaskOutcome(one.task.no, error, bool(said["fatal"]), said["said"])

    def _answer(self, one: Try) -> dict[str, Any] | None:
        asked, answer = self._files(one)
        try:
            said: dict[str, Any] = json.loads(answer.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None
        for path in (asked, answer):
            path.unlink(missing_ok=True)
        return said

    def _named(self, said: dict[str, Any], one: Try) -> dict[str, Any]:
        """Give the files of a try that has won their names, also where it tells of them."""
        names = {}
        for own, path in one.moved_to.items():
            try:
                own.replace(path)
            except OSError as e:
                raise unwritten(path, e, e.strerror or type(e).__name__) from None
            work = one.task.settings.work if isinstance(one.task, FindTask) else self._work
            names[str(own.relative_to(work))] = str(path.relative_to(work))
        if not names:
            return said
        files = {names.get(name, name): sha256 for name, sha256 in said["files"].items()}
        return said | {"files": files}

    def _second(self, work: TriedTasks, courier: _Courier) -> int | None:
        """A task to be tried once more by this courier, since it takes much longer than others."""
        if not work.ratios:
            return None
        usual, now = sorted(work.ratios)[len(work.ratios) // 2], time.monotonic()
        for one in sorted(work.trying, key=lambda one: one.began):
            seconds = now - one.began
            tries = sum(other.at == one.at for other in work.trying)
            limit = max(SLOW_SECONDS, SLOW * usual * one.task.seconds)
            if puts(one.task):
                continue
            if tries == 1 and one.at in work.open and seconds > limit:
                NOTES.info("Ray: %s takes long, so it is tried on %s too", one.task.named,
                           courier.node.name)  # fmt: skip
                return one.at
        return None

    def _fire(self, couriers: Sequence[_Courier], *, leaves: bool = False) -> None:
        """End couriers, and see that they are gone with their workers, as far as can be seen.

        `leaves`: for good, and with all that they shared.
        """
        for courier in couriers:
            self._couriers.pop(courier.no, None)
            if self._client is not None:
                self._client.tell("fire", courier=courier.no, leaves=leaves)
        remove_free([courier.lock for courier in couriers])
