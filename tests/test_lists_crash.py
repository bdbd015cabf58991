"""A writer that is killed costs time only: the store is as before, or wholly as after."""

import random
import subprocess
import sys
import time
from pathlib import Path

from relaion.engine import connect
from relaion.lists import store

KILLS = 10
ADD = """
import sys, pathlib
from relaion.lists import store
print("go", flush=True)
store.add(pathlib.Path(sys.argv[1]), [pathlib.Path(sys.argv[2])], source="B")
"""


def add(lists: Path, path: Path, seconds: float | None) -> bool:
    """Add in a process of its own, killed after some seconds; whether it was killed."""
    with subprocess.Popen(
        [sys.executable, "-c", ADD, str(lists), str(path)], stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None and child.stdout.readline() == b"go\n"
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            child.kill()
    return child.returncode != 0


def held(lists: Path) -> list[tuple[int, int]]:
    with connect(lists, read_only=True) as engine:
        return engine.rows(
            "select list_id, count(distinct digest) from entries group by 1 order by 1"
        )


def test_killed_at_random_moments(tmp_path: Path) -> None:
    rng = random.Random(11)
    lists, path = tmp_path / "lists.duckdb", tmp_path / "list.txt"
    path.write_text("ab" * 16)
    store.add(lists, [path], source="A")
    path.write_text("\n".join(f"{rng.getrandbits(128):032x}" for _ in range(30_000)))
    begin = time.monotonic()
    assert not add(lists, path, None)
    lasts = time.monotonic() - begin
    store.withdraw(lists, 2)
    killed = 0
    number = 3
    for tried in range(10 * KILLS):
        if tried >= KILLS and killed >= KILLS // 3:
            break
        killed += add(lists, path, rng.random() * lasts)
        now = held(lists)
        assert now in ([(1, 1)], [(1, 1), (number, 30_000)])
        if len(now) == 2:
            store.withdraw(lists, number)
            number += 1
    assert killed >= KILLS // 3, "the kills came too late to try anything"
    assert not add(lists, path, None)
    assert held(lists) == [(1, 1), (number, 30_000)]
    assert {p.name for p in tmp_path.iterdir()} == {
        "lists.duckdb", "lists.duckdb.key", "lists.duckdb.lock", "list.txt",
    }  # fmt: skip
