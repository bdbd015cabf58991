"""The process that speaks with Ray, so that whoever drives the run loads nothing of it.

Started as `python -P -m relaion.run.ray.office`: it takes commands line by line and answers so.
What Ray notes of a driver (its command line, its folder, its environment) is this process's, in
which nothing stands. It ends with its parent, and all that it has hired ends with it.
"""

import contextlib
import json
import logging
import os
import queue
import sys
import threading
from pathlib import Path
from typing import Any

from relaion.processes import serve_parent
from relaion.run import node_copy
from relaion.run.ray.courier import VERSIONS, Courier

_STORE = 80_000_000  # bytes: the least that Ray takes; names of files are all that it holds
_LOOK_SECONDS = 0.1  # between two looks at what was said
_MOVED_SECONDS = 0.5  # between two questions how far a task is
_END_SECONDS = 2.0  # for a worker to be ended by its courier, before that is
_CLEAR_SECONDS = 10.0  # for what is left on a node to be removed
_PROBE_SECONDS = 120.0  # for a node to say what is installed there


def look(packages: dict[str, str]) -> dict[str, str]:
    """What is installed on a node. It travels whole, so it uses nothing that may be missing."""
    import sys  # noqa: PLC0415 - see above
    from importlib import metadata  # noqa: PLC0415

    found = {"Python": ".".join(map(str, sys.version_info[:2]))}
    for name, package in packages.items():
        try:
            found[name] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[name] = ""
    return found


class Office:
    """A connection to Ray, the couriers that were hired by it, and what they are asked."""

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self._couriers: dict[int, Any] = {}
        self._asked: dict[Any, tuple[str, int]] = {}  # what each reference is of
        self._busy: dict[int, Any] = {}  # by courier, the question how far it is, if one is open
        self._there: set[int] = set()  # those that took their post
        self._hired: Any = None
        self._next_look = 0.0

    # -- commands: each is a dictionary with `do` -----------------------------------------------

    def open(self, address: str | None, place: str, workers: int) -> str:
        """Join a cluster, or start one on this machine alone, whose files lie in `place`.

        Returns the address by which others join it.
        """
        quiet: dict[str, Any] = {
            "log_to_driver": False, "configure_logging": False, "logging_level": logging.CRITICAL,
        }  # fmt: skip
        if address is not None:
            self._ray.init(address=address, **quiet)
            return address
        spill = Path(place) / "spill"
        spill.mkdir(mode=0o700)
        self._ray.init(
            address="local", num_cpus=workers, num_gpus=0, include_dashboard=False,
            object_store_memory=_STORE, _temp_dir=str(Path(place) / "r"),
            object_spilling_directory=str(spill), _node_ip_address="127.0.0.1", **quiet,
        )  # fmt: skip
        return str(self._ray.get_runtime_context().gcs_address)

    def nodes(self) -> list[dict[str, Any]]:
        """The nodes that live, with the room that each has in all."""
        return [
            {
                "node": n["NodeID"],
                "name": n.get("NodeManagerHostname") or n.get("NodeManagerAddress") or "a node",
                "cpus": int(n["Resources"].get("CPU", 0)),
                "memory": int(n["Resources"].get("memory", 0)),
            }
            for n in self._ray.nodes()
            if n["Alive"]
        ]

    def versions(self, nodes: list[str]) -> dict[str, dict[str, str] | None]:
        """What is installed on each node; None where it does not answer."""
        ask = self._ray.remote(look)
        asked = {
            n: ask.options(num_cpus=0, max_retries=2, scheduling_strategy=self._at(n)).remote(
                VERSIONS
            )
            for n in nodes
        }
        found: dict[str, dict[str, str] | None] = dict.fromkeys(nodes)
        self._ray.wait(list(asked.values()), num_returns=len(asked), timeout=_PROBE_SECONDS)
        for node, one in asked.items():
            with contextlib.suppress(Exception):  # whatever is wrong with it
                found[node] = self._ray.get(one, timeout=1)
        return found

    def hire(self, courier: int, node: str, memory: int, post: dict[str, Any]) -> None:
        """Have a courier take its post on a node; `hired` is said when it has."""
        self._hired = self._hired or self._ray.remote(Courier)
        made = self._hired.options(
            num_cpus=1, memory=memory, max_restarts=0, max_task_retries=0, max_concurrency=2,
            scheduling_strategy=self._at(node),
        ).remote(post)  # fmt: skip
        self._couriers[courier] = made
        self._asked[made.begin.remote()] = ("hired", courier)

    def give(self, courier: int, task: str, answer: str, seconds: float) -> None:
        """Have a task done; `done` is said when its answer is there."""
        hired = self._couriers[courier]
        self._busy[courier] = None
        self._asked[hired.do.remote(task, answer, seconds)] = ("done", courier)

    def fire(self, courier: int, *, leaves: bool = False) -> None:
        """End a courier at once, and its worker; `leaves` where it is for good."""
        hired = self._couriers.pop(courier, None)
        self._busy.pop(courier, None)
        self._asked = {ref: of for ref, of in self._asked.items() if of[1] != courier}
        if hired is None:
            return
        if courier in self._there:
            end = hired.leave if leaves else hired.end
            self._ray.wait([end.remote()], timeout=_END_SECONDS)
        self._ray.kill(hired)

    def clear(self, nodes: list[str], lists: str) -> None:
        """Remove what couriers left on these nodes, none of which could do so itself."""
        ask = self._ray.remote(node_copy.clear)
        asked = [
            ask.options(num_cpus=0, max_retries=0, scheduling_strategy=self._at(node)).remote(lists)
            for node in nodes
        ]
        self._ray.wait(asked, num_returns=len(asked), timeout=_CLEAR_SECONDS)

    def _at(self, node: str) -> Any:
        from ray.util.scheduling_strategies import (  # noqa: PLC0415 - heavy, and an extra
            NodeAffinitySchedulingStrategy,
        )

        return NodeAffinitySchedulingStrategy(node_id=node, soft=False)

    # -- what is said without being asked ---------------------------------------------------

    @property
    def is_asking(self) -> bool:
        """Whether somebody has yet to answer."""
        return bool(self._asked)

    def heard(self, now: float) -> list[dict[str, Any]]:
        """What has happened since; waits a moment where nothing has."""
        if now >= self._next_look:
            self._next_look = now + _MOVED_SECONDS
            for courier, asked in list(self._busy.items()):
                if asked is None:
                    ref = self._busy[courier] = self._couriers[courier].moved.remote()
                    self._asked[ref] = ("moved", courier)
        if not self._asked:
            return []
        ready, _ = self._ray.wait(list(self._asked), num_returns=1, timeout=_LOOK_SECONDS)
        return [said for ref in ready if (said := self._said(ref)) is not None]

    def _said(self, ref: Any) -> dict[str, Any] | None:
        what, courier = self._asked.pop(ref)
        try:
            value = self._ray.get(ref)
        except Exception as e:  # whatever Ray calls it: what it says may not be told, its class may
            if self._couriers.pop(courier, None) is None:
                return None
            self.fire(courier)
            return {"what": "lost", "courier": courier, "why": type(e).__name__}
        if what == "hired":
            self._there.add(courier)
        elif what == "done":
            self._busy.pop(courier, None)
        elif what == "moved" and courier in self._busy:
            self._busy[courier] = None
        return {"what": what, "courier": courier, "value": value}


def _read(commands: "queue.SimpleQueue[str]") -> None:
    for line in sys.stdin:
        commands.put(line)
    commands.put("")


def _answered(office: Office, line: str) -> dict[str, Any]:
    command = json.loads(line)
    name = command.pop("do")
    try:
        return {"what": name, "value": getattr(office, name)(**command)}
    except Exception as e:  # one of Ray's many; what it says holds addresses and versions
        return {"what": name, "error": type(e).__name__, "text": str(e)}


def main() -> None:
    """Serve commands until stdin ends."""
    os.umask(0o077)
    serve_parent()
    answers, sys.stdout = os.fdopen(os.dup(1), "w", encoding="ascii"), sys.stderr
    os.dup2(2, 1)
    logging.disable(logging.CRITICAL)
    import time  # noqa: PLC0415 - as all below, when nobody waits for it

    import ray  # noqa: PLC0415 - an extra

    def tell(said: dict[str, Any]) -> None:
        print(json.dumps(said), file=answers, flush=True)

    office = Office(ray)
    commands: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(commands,), daemon=True).start()
    while True:
        with contextlib.suppress(queue.Empty):
            while line := commands.get(timeout=0 if office.is_asking else _LOOK_SECONDS):
                tell(_answered(office, line))
            break  # nobody asks any more
        for said in office.heard(time.monotonic()):
            tell(said)
    ray.shutdown()


if __name__ == "__main__":
    main()
