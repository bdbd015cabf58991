"""SIGKILL of runs that write to a store of objects, before requests; and a store that says no.

After each, the very command again ends with the objects of a run that nobody disturbed.
"""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.faults.kills import Row, _must
from tests.faults.world import make
from tests.pipeline import relaion
from tests.remote_world import SECRET, S3World, point_at, serving

OUT = "s3://shards/out"
CLEAN = ("clean", "data", "--lists", "lists.duckdb")
APPLY = ("apply", "--keep", "local/research", "data")
Fault = Callable[[dict[str, Any]], tuple[int, str] | None]
REFUSALS = ((403, "AccessDenied"), (400, "ExpiredToken"), (500, "InternalError"))


def _started(folder: Path, command: Sequence[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "relaion", *command, "--out", OUT, "--work", "work"], cwd=folder,
        text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def _objects(world: S3World) -> dict[str, bytes]:
    client = world.client
    found = client.list_objects_v2(Bucket="shards", Prefix="out").get("Contents", ())
    return {
        each["Key"]: client.get_object(Bucket="shards", Key=each["Key"])["Body"].read()
        for each in found
    }


def _shards(found: dict[str, bytes]) -> dict[str, bytes]:
    return {name: data for name, data in found.items() if name.endswith(".parquet")}


def _ends_the_same(
    folder: Path, world: S3World, command: Sequence[str], expected: dict[str, bytes]
) -> None:
    seen = _objects(world)
    for name, data in _shards(seen).items():
        _must(data == expected[name], f"{name} was seen half-written")
    if "out/manifest.json" in seen:
        _must({*_shards(seen)} == {*_shards(expected)}, "a manifest came too early")
    done = _started(folder, command)
    _, told = done.communicate()
    _must(done.returncode == 0, f"the run could not be gone on with: {told}")
    found = _objects(world)
    _must(_shards(found) == _shards(expected), "other objects")
    _must({*found} == {*expected}, f"others than should be: {[*({*found} ^ {*expected})]}")
    _must(not any((folder / "work").iterdir()), "its private folder was left")
    _empty(world)


def _empty(world: S3World) -> None:
    for name in _objects(world):
        world.client.delete_object(Bucket="shards", Key=name)


def kill_into_a_store(folder: Path, every: int = 1) -> list[Row]:
    """Kill `clean` before each of its requests, and have each of them refused."""
    make(folder, shards=3)
    return _broken(folder, CLEAN, every)


def kill_a_copy_into_a_store(folder: Path, every: int = 1) -> list[Row]:
    """The same of `apply`."""
    make(folder, shards=3)
    done = relaion(*CLEAN, "--out", "local", "--no-verify", cwd=folder)
    _must(done.returncode == 0, done.stderr)
    return _broken(folder, APPLY, every)


def _broken(folder: Path, command: Sequence[str], every: int) -> list[Row]:
    killed = refused = 0
    with serving() as world, pytest.MonkeyPatch.context() as patch:
        point_at(patch, world.address)
        world.forget()
        _, told = (done := _started(folder, command)).communicate()
        _must(done.returncode == 0, f"the undisturbed run failed: {told}")
        requests = len(world.asked)
        expected = _objects(world)
        _empty(world)
        for at in range(1, requests + 1, every):
            world.forget()
            running: list[subprocess.Popen[str]] = []
            world.fault = _killing(world, at, running)
            running.append(_started(folder, command))
            running[0].communicate()
            world.fault = None
            killed += running[0].returncode < 0
            _ends_the_same(folder, world, command, expected)
            world.forget()
            world.fault = _refusing(world, at)
            _, told = (done := _started(folder, command)).communicate()
            world.fault = None
            _must(done.returncode in (0, 2), f"request {at} refused: {told}")
            _must("bug" not in told and SECRET not in told, f"request {at} refused: {told}")
            refused += done.returncode == 2
            _ends_the_same(folder, world, command, expected)
    name = command[0]
    whole = "" if every == 1 else f", one in {every}"
    return [
        (f"SIGKILL of {name} before each of {requests} requests to a store{whole}", killed,
         "all alike"),
        (f"{name} into a store that refuses from a request on", refused, "one line; all alike"),
    ]  # fmt: skip


def _killing(world: S3World, at: int, running: list[subprocess.Popen[str]]) -> Fault:
    def fault(_: dict[str, Any]) -> tuple[int, str] | None:
        if len(world.asked) < at or not running:
            return None
        running[0].kill()
        return (503, "SlowDown")

    return fault


def _refusing(world: S3World, at: int) -> Fault:
    refusal = REFUSALS[at % len(REFUSALS)]
    return lambda _: refusal if len(world.asked) >= at else None
