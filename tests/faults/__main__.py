"""`python -m tests.faults`: break what can break, for some minutes, and tell what came of it.

Prints a Markdown table; ends with 1 when something was found. The same in small is
`test_short.py`.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.faults.damage import findings
from tests.faults.kills import Row

SEED = 4
# in two processes side by side: a name, and what it is called with
PLAN: tuple[tuple[tuple[str, tuple[int, ...]], ...], ...] = (
    (("kills.kill_clean_at_random", (200, SEED)), ("kills.kill_clean_at_every_step", (2,)),
     ("parts.kill_parts", (100, SEED)), ("full_disk.limit_clean", (40,)),
     ("damage.pipeline", (100,)), ("stores.kill_into_a_store", (4,)),
     ("stores.kill_a_copy_into_a_store", (4,))),
    (("kills.kill_lists", (100, SEED)), ("kills.kill_programs", (20, SEED)),
     ("full_disk.limit_lists", (30,)), ("full_disk.small_disk", (25,)),
     ("damage.flips", (1,)), ("damage.cuts", (1,)),
     ("lists.fuzz", (100_000, SEED)), ("ray.kill_workers", (3, 100_000))),
)  # fmt: skip
Step = Callable[..., list[Row]]


def step(name: str) -> Step:
    """The function that a name of the plan means: `(folder, *numbers) -> rows`."""
    from tests.faults import damage, full_disk, kills, mutated, parts, ray, stores

    modules = {
        "kills": kills, "full_disk": full_disk, "damage": damage, "lists": mutated, "parts": parts,
        "ray": ray, "stores": stores,
    }  # fmt: skip
    module, _, function = name.partition(".")
    found: Step = getattr(modules[module], function)
    return found


def run(steps: Sequence[tuple[str, tuple[int, ...]]]) -> list[Row]:
    """Do some steps one after the other, each in a folder of its own."""
    rows: list[Row] = []
    for name, numbers in steps:
        begun = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="relaion-faults-") as folder:
            try:
                found = step(name)(Path(folder), *numbers)
            except AssertionError as e:
                found = [(name, 1, f"1 FOUND: {e}")]
        rows += found
        print(f"{name}: {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
        print(*found, sep="\n", file=sys.stderr, flush=True)
    return rows


def table(rows: Sequence[Row]) -> str:
    """The rows as Markdown."""
    lines = ["| what was tried | how often | what came of it |", "|---|---:|---|"]
    return "\n".join([*lines, *(f"| {what} | {n:,} | {told} |" for what, n, told in rows)])


def tell(rows: Sequence[Row]) -> None:
    """Print rows for another process to read."""
    for what, n, told in rows:
        print(f"{what}\t{n}\t{told}")


def main() -> None:
    """Do all of the plan, or the part whose number is given."""
    if len(sys.argv) > 1:
        tell(run(PLAN[int(sys.argv[1])]))
        return
    with ThreadPoolExecutor(len(PLAN)) as hands:
        texts = list(hands.map(_part, range(len(PLAN))))
    rows = [_row(line) for text in texts for line in text.splitlines()]
    print(table(rows))
    found = findings(rows)
    if found:
        sys.exit(f"found: {found}")


def _part(number: int) -> str:
    command = [sys.executable, "-m", "tests.faults", str(number)]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def _row(line: str) -> Row:
    what, n, told = line.split("\t")
    return what, int(n), told


if __name__ == "__main__":
    main()
