"""A Ray cluster of this machine for tests: loopback alone, with a key, in a process of its own.

Run as `python -m tests.ray_cluster CPUS [CPUS]`: prints its address, and lives until stdin
ends. A second number is a second node, as another machine would be; it is lost at the first line.
"""

import logging
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

LOOPBACK = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}


@dataclass(frozen=True)
class Running:
    """A cluster: how it is named, by what it is joined, and where its own files lie."""

    engine: str
    env: Mapping[str, str]
    folder: Path
    orders: IO[str]

    @property
    def left(self) -> list[Path]:
        """What runs have in the folder of temporary files of its machines."""
        return list((self.folder / "t").glob("relaion-*"))

    def lose(self) -> None:
        """Lose the second node, with all that it does."""
        self.orders.write("\n")
        self.orders.flush()


@contextmanager
def running(folder: Path, *cpus: int) -> Iterator[Running]:
    """Start a cluster; `folder` has a short name, since Ray's sockets lie below it."""
    key = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    joined = LOOPBACK | key
    folder.mkdir()
    (folder / "t").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.ray_cluster", *map(str, cpus)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env=os.environ | joined | {"RAY_TMPDIR": str(folder), "TMPDIR": str(folder / "t")},
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    try:
        address = process.stdout.readline().strip()
        assert address, "the cluster did not start"
        yield Running(f"ray={address}", joined, folder, process.stdin)
    finally:
        process.stdin.close()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


def of_cluster(cluster: Running, title: str) -> list[int]:
    """The processes of a cluster, told by its key, whose command line has this word."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes().decode(errors="replace")
            key = (process / "environ").read_bytes()
        except OSError:
            continue
        token = cluster.env["RAY_AUTH_TOKEN"].encode()
        if token in key and title in line:
            found.append(int(process.name))
    return found


def couriers_and_workers(cluster: Running) -> tuple[list[int], list[int]]:
    """Those of a cluster, and not what the driver has for itself."""
    couriers = of_cluster(cluster, "ray::Courier")
    workers = []
    for pid in of_cluster(cluster, "relaion.run.worker"):
        with suppress(OSError):
            parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
            workers += [pid] if parent in couriers else []
    return couriers, workers


class Killer(threading.Thread):
    """Kills a courier, or the worker of one, every so often, as often as a task may be lost."""

    def __init__(self, cluster: Running, seconds: float) -> None:
        super().__init__(daemon=True)
        self.cluster, self.seconds, self.killed = cluster, seconds, 0
        self.ended = threading.Event()

    def run(self) -> None:
        while self.killed < 6 and not self.ended.wait(self.seconds):
            for pid in couriers_and_workers(self.cluster)[self.killed % 2][:1]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    self.killed += 1


def main() -> None:
    from ray.cluster_utils import Cluster

    logging.disable(logging.CRITICAL)
    how: dict[str, Any] = {
        "include_dashboard": False, "object_store_memory": 80_000_000,
        "node_ip_address": "127.0.0.1",
    }  # fmt: skip
    cluster: Any = Cluster(
        initialize_head=True, head_node_args=how | {"num_cpus": int(sys.argv[1])}
    )
    others = [cluster.add_node(**how, num_cpus=int(n)) for n in sys.argv[2:]]
    print(cluster.address, flush=True)
    for _ in sys.stdin:
        while others:
            cluster.remove_node(others.pop(), allow_graceful=False)
    cluster.shutdown()


if __name__ == "__main__":
    main()
