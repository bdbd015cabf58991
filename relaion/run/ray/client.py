"""The office that speaks with Ray, as whoever drives the run sees it: commands and what it says."""

import json
import os
import queue
import re
import secrets
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relaion.errors import InputError, StopError
from relaion.paths import owned_folder
from relaion.run.ray.cluster import Cluster
from relaion.run.ray.courier import VERSIONS, versions

_OPEN_SECONDS = 180.0
_END_SECONDS = 20.0
_SHORT = 16  # letters of a folder in which Ray's sockets have room for their names
_STATED = re.compile(r"(Ray|Python): ([0-9A-Za-z.+-]{1,40})")


@dataclass(frozen=True)
class Node:
    """A machine of the cluster: how many workers of a run have room there, if it were empty."""

    node: str
    name: str
    room: int


class RayClient:
    """One connection to Ray, by a process of its own; a context, which ends it."""

    def __init__(self, cluster: Cluster, log: Path) -> None:
        """`log` is a private file, for what Ray's libraries print."""
        self._cluster = self.joined = cluster
        self._log = log
        self._left = ExitStack()
        self._said: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._kept: list[dict[str, Any]] = []
        self._process: subprocess.Popen[str] | None = None
        self._token = cluster.token or (secrets.token_hex(32) if cluster.is_own else "")

    def __enter__(self) -> "RayClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def _where(self) -> str:
        own = self._cluster.is_own
        return "--engine ray" if own else f"--engine ray={self._cluster.address}"

    # -- to begin and to end -----------------------------------------------------------------

    def open(self, workers: int, memory: int) -> list[Node]:
        """Join the cluster, or start one; returns the nodes that have room for workers.

        Raises InputError in one line for one that cannot be joined, or is of other versions.
        """
        held: tuple[int, ...] = ()
        place = ""
        if self._cluster.address is None:
            folder = self._left.enter_context(owned_folder("ray", _short_folder()))
            place, held = str(folder.path), (folder.lock,)
        self._start(held)
        address = self._ask("open", address=self._cluster.address, place=place, workers=workers)
        if self._cluster.address is None:
            self.joined = Cluster(address, self._token)
        nodes = self.nodes(memory)
        if not nodes:
            raise InputError(
                f"{self._where}: no machine of the cluster has a processor and "
                f"{memory / 1e9:.1f} GB of memory for a worker; give less with --memory"
            )
        return nodes

    def nodes(self, memory: int) -> list[Node]:
        """The nodes that have room for workers of so much memory."""
        found = [
            Node(n["node"], n["name"], min(n["cpus"], n["memory"] // memory))
            for n in self._ask("nodes")
        ]
        return [node for node in found if node.room]

    def refuse_other_versions(self, nodes: list[Node]) -> None:
        """Raise InputError for a node on which something else is installed than here."""
        here = versions()
        found = self._ask("versions", nodes=[n.node for n in nodes])
        for node in nodes:
            there = found[node.node]
            if there is None:
                raise InputError(
                    f"{self._where}: {node.name} does not answer; see whether Ray is well there"
                )
            for name in ("relaion", "Python", *(n for n in VERSIONS if n != "relaion")):
                if there.get(name) != here[name]:
                    has = f"{name} {there[name]}" if there.get(name) else f"no {name}"
                    raise InputError(
                        f"{self._where}: {node.name} has {has}, this machine {name} {here[name]}; "
                        "install the same on all, or results could differ"
                    )

    def _start(self, held: tuple[int, ...]) -> None:
        log = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "relaion.run.ray.office"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                encoding="ascii", cwd="/", pass_fds=held, start_new_session=True,
                env=self._environment(),
            )  # fmt: skip
        except OSError as e:
            raise StopError(f"no process could be started ({e.strerror})") from None
        finally:
            os.close(log)
        threading.Thread(target=self._listen, daemon=True).start()

    def _environment(self) -> Mapping[str, str]:
        """What Ray is told by: no statistics; of a cluster of our own, a key, and no other door."""
        env = dict(os.environ) | {"RAY_USAGE_STATS_ENABLED": "0"}
        if path := env.get("PYTHONPATH"):  # the office works elsewhere
            env["PYTHONPATH"] = os.pathsep.join(
                str(Path(part).absolute()) for part in path.split(os.pathsep) if part
            )
        if self._cluster.is_own:
            for name in ("RAY_ADDRESS", "RAY_AUTH_TOKEN_PATH", "RAY_JOB_CONFIG_JSON_ENV_VAR"):
                env.pop(name, None)
            env |= {
                "RAY_AUTH_MODE": "token",
                "RAY_AUTH_TOKEN": self._token,
                # by which Ray binds to loopback alone, as it does by default on other systems
                "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
            }
        return env

    def end(self) -> None:
        """End the connection, and with it all that was hired; and the cluster that it started."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(OSError):
                if process.stdin is not None:
                    process.stdin.close()
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._left.close()

    # -- commands, and what happens ------------------------------------------------------------

    def tell(self, do: str, **given: Any) -> None:
        """Command something that nobody waits for; what goes wrong is an event."""
        if self._process is None or self._process.stdin is None:
            return
        with suppress(OSError):  # it has ended: whoever waits for an event hears of it
            self._process.stdin.write(json.dumps({"do": do, **given}) + "\n")
            self._process.stdin.flush()

    def event(self, seconds: float) -> dict[str, Any] | None:
        """What has happened; None where nothing has for so long. Raises StopError at the end."""
        if self._kept:
            return self._kept.pop(0)
        try:
            said = self._said.get(timeout=seconds)
        except queue.Empty:
            return None
        if said is None:
            self._said.put(None)
            raise StopError(
                f"{self._where}: the connection to Ray ended; repeat the command to go on"
            )
        return said

    def _ask(self, do: str, **given: Any) -> Any:
        """Command something, and wait until it is done."""
        self.tell(do, **given)
        while True:
            try:
                said = self._said.get(timeout=_OPEN_SECONDS)
            except queue.Empty:
                said = None
            if said is None:
                raise InputError(f"{self._where}: Ray could not be started, or does not answer")
            if said["what"] != do:
                self._kept.append(said)
            elif "error" in said:
                raise InputError(
                    f"{self._where}: {why_not(self._cluster, said['error'], said['text'])}"
                )
            else:
                return said["value"]

    def _listen(self) -> None:
        process = self._process
        if process is not None and process.stdout is not None:
            with suppress(ValueError):
                for line in process.stdout:
                    self._said.put(json.loads(line))
        self._said.put(None)


def why_not(cluster: Cluster, kind: str, text: str) -> str:
    """Why a cluster was not joined, in our words: Ray's are many lines. `kind` is their class."""
    stated: dict[str, list[str]] = {}
    for name, version in _STATED.findall(text):
        stated.setdefault(name, []).append(version)
    for name, (there, here, *_) in ((n, v) for n, v in stated.items() if len(v) > 1):
        if there != here:
            return (
                f"the cluster has {name} {there}, this machine {name} {here}; install the same on "
                "all"
            )
    if kind == "AuthenticationError":
        return "the cluster asks for its key; set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN"
    if kind == "ConnectionError" and cluster.address == "auto":
        return "no cluster runs on this machine; give its address, or leave out `=auto`"
    if cluster.address is None:
        return f"Ray could not be started on this machine ({kind}); see its room and memory"
    return (
        f"the cluster did not take this machine in ({kind}); is it one of the cluster's, and "
        "RAY_AUTH_TOKEN the cluster's key?"
    )


def _short_folder() -> Path | None:
    """A folder for temporary files whose name is short enough for sockets below it."""
    import tempfile  # noqa: PLC0415 - where a cluster is started alone

    return None if len(tempfile.gettempdir()) <= _SHORT else Path("/tmp")  # noqa: S108 - private
