"""The faults of `python -m tests.faults`, a few of each."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.__main__ import table
from tests.faults.damage import findings

ROOT = Path(__file__).resolve().parents[2]
SHORT = {
    "kills.kill_clean_at_random": (2, 4),
    "kills.kill_lists": (6, 4),
    "parts.kill_parts": (6, 4),
    "full_disk.limit_clean": (3,),
    "full_disk.limit_lists": (4,),
    "damage.flips": (200,),
    "damage.cuts": (200,),
    "stores.kill_into_a_store": (17,),
}
SLOW = {"parts.kill_parts", "stores.kill_into_a_store"}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] if n in SLOW else []) for n in SHORT]
)
def test_a_few(name: str, tmp_path: Path) -> None:
    # a process of its own: what is forked must come of one that has run nothing
    code = f"from tests.faults.__main__ import run, tell; tell(run([({name!r}, {SHORT[name]!r})]))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    rows = [(w, int(n), t) for w, n, t in (x.split("\t") for x in done.stdout.splitlines())]
    assert rows and all(n for _, n, _ in rows)
    assert findings(rows) == []


def test_findings_are_seen() -> None:
    rows = [("x", 2, "1 refused: footer, 1 OTHER ROWS"), ("y", 1, "1 FOUND: half a file")]
    assert findings(rows) == ["OTHER ROWS", "FOUND: half a file"]
    assert table(rows).count("\n") == 3
