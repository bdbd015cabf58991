"""SIGKILL in every command of a clean in parts, at a random step on the disk, then again."""

import random
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from relaion.stages.clean import clean
from relaion.stages.merge import merge
from tests.faults.children import child
from tests.faults.kills import Row, _must
from tests.faults.world import contents, disclosed, make, run
from tests.pipeline import InProcess, hands_here

OF = 2
Command = Callable[[Path], object]


def _part(no: int, phase: str, folder: Path) -> None:
    with hands_here():
        clean(
            [folder / "data"], folder / "lists.duckdb", folder / f"part{no}", workers=1,
            shards=f"{no}/{OF}", phase=phase, executor=InProcess(),
        )  # fmt: skip


def _merge(folder: Path, **how: Any) -> None:
    with hands_here():
        merge(
            [folder / f"part{no}" for no in range(1, OF + 1)],
            workers=1,
            executor=InProcess(),
            **how,
        )


def _put(folder: Path) -> None:
    _merge(folder, out=folder / "out")


COMMANDS: tuple[Command, ...] = (
    *(partial(_part, no, "find") for no in range(1, OF + 1)), partial(_merge, phase="find"),
    *(partial(_part, no, "find") for no in range(1, OF + 1)), partial(_merge, phase="find"),
    *(partial(_part, no, "write") for no in range(1, OF + 1)), _put,
)  # fmt: skip


def kill_parts(folder: Path, kills: int, seed: int) -> list[Row]:
    """Kill commands of parts and merges, each repeated until it ends, until enough were tried."""
    rng = random.Random(seed)
    child(lambda: make(folder, shards=5) and None, folder)
    child(lambda: run(folder) and None, folder)
    expected = child(lambda: contents(folder / "out"), folder).value
    shutil.rmtree(folder / "out")
    steps = [_whole(folder, command) for command in COMMANDS]
    killed = runs = 0
    while killed < kills:
        _ends_the_same(folder, expected)
        for command, last in zip(COMMANDS, steps, strict=True):
            while rng.random() < 0.7:
                step = rng.randrange(1, last + 1)
                ended = child(partial(command, folder), folder, step=step)
                _must(ended.error is None, f"after a kill: {ended.error}")
                _must(not disclosed(folder), "a planted value was seen")
                _must(not (folder / "out").exists() or command is _put, "an OUT came too early")
                killed += ended.killed
            _whole(folder, command)
        runs += 1
    _ends_the_same(folder, expected)
    return [("SIGKILL of parts and merges before a step on the disk", killed, f"{runs} runs alike")]


def _whole(folder: Path, command: Command) -> int:
    """Do a command to its end; returns its steps on the disk."""
    done = child(partial(command, folder), folder)
    _must(done.error is None, f"{command} could not be done: {done.error}")
    return done.steps


def _ends_the_same(folder: Path, expected: dict[str, Any]) -> None:
    found = child(lambda: contents(folder / "out"), folder).value
    different = [k for k in expected if found.get(k) != expected[k]]
    _must(not different and len(found) == len(expected), f"other contents: {different}")
    left = [p for p in (folder / "out").rglob("*") if p.name.startswith(".")]
    _must(not left, f"left behind: {left}")
    for no in range(1, OF + 1):
        names = [p.name for p in (folder / f"part{no}").iterdir()]
        _must(names == ["merged.json"], f"left behind: {names}")
        shutil.rmtree(folder / f"part{no}")
    shutil.rmtree(folder / "out")
