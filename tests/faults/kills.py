"""SIGKILL at random moments, and at every step on the disk, then again until it ends well.

Whatever the moment: a file that is seen is whole, and in the end all is as if nothing had
happened.
"""

import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from relaion.engine import connect
from relaion.lists import store
from tests.faults.children import Ended, child
from tests.faults.world import contents, disclosed, make, run

Row = tuple[str, int, str]  # what was tried, how often, what came of it
PROGRAM = (
    "import sys, pathlib\n"
    "from relaion import clean\n"
    "clean([pathlib.Path('data')], pathlib.Path('lists.duckdb'), pathlib.Path('out'),\n"
    "      verify=False, workers=2)\n"
)


class Damage(AssertionError):
    """Something that a kill must not leave."""


def _must(is_so: bool, what: str) -> None:
    if not is_so:
        raise Damage(what)


def _expected(folder: Path) -> tuple[dict[str, Any], float, int]:
    """What an undisturbed run leaves, how long it takes, and its steps on the disk."""
    child(lambda: make(folder, shards=3) and None, folder)
    begun = time.monotonic()
    done = child(lambda: run(folder) and None, folder)
    lasts = time.monotonic() - begun
    _must(done.error is None, f"the undisturbed run failed: {done.error}")
    found = child(lambda: contents(folder / "out"), folder).value
    shutil.rmtree(folder / "out")
    return found, lasts, done.steps


def _only_whole(out: Path, expected: dict[str, Any]) -> None:
    """Every file that is seen is what it will be in the end."""
    for path in out.rglob("*.parquet"):
        name = str(path.relative_to(out))
        if not name.startswith(".work/"):
            _must(path.read_bytes() == expected[name], f"{name} was seen half-written")
    _must(not disclosed(out.parent), "a planted value was seen")
    if (out / "manifest.json").exists():
        seen = {str(p.relative_to(out)) for p in out.rglob("*.parquet") if ".work" not in p.parts}
        _must(seen == {n for n in expected if n.endswith(".parquet")}, "a manifest came too early")


def _ends_the_same(folder: Path, expected: dict[str, Any]) -> None:
    done = child(lambda: run(folder) and None, folder)
    _must(done.error is None, f"the run could not be gone on with: {done.error}")
    found = child(lambda: contents(folder / "out"), folder).value
    different = [k for k in expected if found.get(k) != expected[k]]
    _must(not different and len(found) == len(expected), f"other contents: {different}")
    left = [p for p in (folder / "out").rglob("*") if p.name.startswith(".")]
    _must(not left, f"left behind: {left}")
    shutil.rmtree(folder / "out")


def kill_clean_at_random(folder: Path, kills: int, seed: int) -> list[Row]:
    """Kill `clean` at random moments, going on after each kill, until enough were tried."""
    rng = random.Random(seed)
    expected, lasts, _ = _expected(folder)
    killed = runs = 0
    while killed < kills:
        chain = rng.randrange(1, 5)
        for _ in range(chain):
            ended = child(lambda: run(folder) and None, folder, seconds=rng.random() * lasts)
            _must(ended.error is None, f"a run after a kill failed: {ended.error}")
            killed += ended.killed
            _only_whole(folder / "out", expected)
            if not ended.killed:
                break
        _ends_the_same(folder, expected)
        runs += 1
    return [
        ("SIGKILL of clean at random moments", killed, f"{runs} runs ended byte for byte alike")
    ]


def kill_clean_at_every_step(folder: Path, every: int = 1) -> list[Row]:
    """Kill `clean` at each of its steps on the disk (rename, unlink, link, mkdir, lock, ...)."""
    expected, _, steps = _expected(folder)
    tried = 0
    for step in range(1, steps + 1, every):
        ended = child(lambda: run(folder) and None, folder, step=step)
        _must(ended.killed, f"step {step} never came: {ended.error}")
        _only_whole(folder / "out", expected)
        _ends_the_same(folder, expected)
        tried += 1
    return [(f"SIGKILL of clean before each of {steps} steps on the disk", tried, "all alike")]


def kill_programs(folder: Path, kills: int, seed: int) -> list[Row]:
    """Kill `clean` with its real worker processes, which must end with it."""
    rng = random.Random(seed)
    expected, _, _ = _expected(folder)
    killed = runs = 0
    lasts = 4.0
    while killed < kills:
        for _ in range(rng.randrange(1, 4)):
            program = subprocess.Popen([sys.executable, "-c", PROGRAM], cwd=folder)
            try:
                program.wait(rng.uniform(0.2, 1) * lasts)
                break
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()
                killed += 1
            _wait_for_workers(folder / "out")
            _only_whole(folder / "out", expected)
        _ends_the_same(folder, expected)
        runs += 1
    return [("SIGKILL of clean with worker processes", killed, f"{runs} runs ended alike")]


def _wait_for_workers(out: Path) -> None:
    """The lock is free once the last worker has ended."""
    from relaion.errors import BusyError
    from relaion.paths import locked

    for _ in range(300):
        try:
            if not out.exists():
                return
            with locked(out, "writes"):
                return
        except BusyError:
            time.sleep(0.1)
    raise Damage("a worker outlived its parent by 30 s")


def kill_lists(folder: Path, kills: int, seed: int) -> list[Row]:
    """Kill `lists add`: the store is as before, or wholly as after."""
    rng = random.Random(seed)
    lists, first, second = (folder / n for n in ("lists.duckdb", "a.txt", "b.txt"))
    first.write_text("ab" * 16)
    second.write_text("\n".join(f"{rng.getrandbits(128):032x}" for _ in range(3_000)))
    child(lambda: store.add(lists, [first], source="A") and None, folder)
    before = lists.read_bytes()

    def held() -> list[tuple[Any, ...]]:
        with connect(lists, read_only=True) as engine:
            return engine.rows("select list_id, count(*) from entries group by all order by all")

    def add() -> None:
        store.add(lists, [second], source="B")

    begun = time.monotonic()
    whole = child(add, folder)
    lasts = time.monotonic() - begun
    _must(whole.error is None, f"lists add failed: {whole.error}")
    after = child(held, folder).value
    killed = old = new = 0
    moments: list[dict[str, Any]] = [{"step": s} for s in range(1, whole.steps + 1)]
    while killed < kills:
        lists.write_bytes(before)
        moment = moments.pop() if moments else {"seconds": rng.random() * lasts}
        ended: Ended = child(add, folder, **moment)
        _must(ended.error is None, f"lists add failed: {ended.error}")
        killed += ended.killed
        if lists.read_bytes() == before:
            old += 1
        else:
            _must(child(held, folder).value == after, "a store between before and after")
            new += 1
        again = child(add, folder)
        _must(again.error is None, f"lists add after a kill failed: {again.error}")
        _must(child(held, folder).value == after, "a store that is not as after")
        left = {p.name for p in folder.iterdir()} - {"answer.pickle", "said.log", "a.txt", "b.txt"}
        _must(left == {"lists.duckdb", "lists.duckdb.key", "lists.duckdb.lock"}, f"left: {left}")
    said = f"{old} stores as before, {new} as after; each added well the next time"
    return [("SIGKILL of lists add", killed, said)]
