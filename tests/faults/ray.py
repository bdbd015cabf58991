"""Workers of a Ray cluster that are killed every so often while a clean goes on."""

import json
import tempfile
from pathlib import Path

from tests.faults.kills import Row
from tests.pipeline import relaion
from tests.ray_cluster import Killer, running

SECONDS = 5.0


def kill_workers(folder: Path, runs: int, rows: int) -> list[Row]:
    """Clean so many rows on two workers, of which one is killed every five seconds."""
    made = relaion("demo", "--out", folder / "d", "--rows", str(rows))
    assert made.returncode == 0, made.stderr
    whole = outputs(folder / "d/clean")
    killed = 0
    with (
        tempfile.TemporaryDirectory(prefix="rf-", dir="/tmp") as place,
        running(Path(place) / "r", 2) as cluster,
    ):
        for no in range(runs):
            killer = Killer(cluster, SECONDS)
            killer.start()
            done = relaion(
                "clean", "data", "--lists", "lists.duckdb", "--sidecar", "sidecars",
                "--keywords", "keywords.txt", "--out", f"out-{no}", "--engine", cluster.engine,
                "--memory", "1GB", "--no-verify", cwd=folder / "d", **cluster.env,
            )  # fmt: skip
            killer.ended.set()
            killer.join()
            killed += killer.killed
            assert done.returncode == 0, done.stderr
            assert outputs(folder / f"d/out-{no}") == whole, "another result"
    return [("SIGKILL of workers on Ray, every 5 s", killed, f"{runs} runs ended alike")]


def outputs(out: Path) -> dict[str, str]:
    """The shards of a run by their digests, as its manifest has them."""
    lines = json.loads((out / "manifest.json").read_text())["outputs"]
    return {f"{x['edition']}/{x['subset']}/{x['shard']}": x["sha256"] for x in lines}
