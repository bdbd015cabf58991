"""Where the processor time of a command goes: by process and function, from the most to the least.

    python -m tests.bench.phases [--least SECONDS] -- update OUT --inputs DATA ...

Measured are the functions that `spans.py` names, each without those inside it, and the libraries
that a process loads. `(started)` is a process before the first of these, `(rest)` what a process
spent after the last. Measuring costs some hundredths of a second a process. What Python compiles is
kept: believe the second run.
"""

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from subprocess import run

from tests.bench.spans import FOLDER

TRACED = Path(__file__).parent / "traced"


def measure(words: list[str], folder: Path) -> tuple[float, float, list[dict[str, object]]]:
    """Seconds of the clock, seconds of processors, and what each process noted."""
    path = os.pathsep.join([str(TRACED), str(Path(__file__).parents[2])])
    env = os.environ | {FOLDER: str(folder), "PYTHONPATH": path}
    env["PYTHONPYCACHEPREFIX"] = str(Path(tempfile.gettempdir(), "relaion-bench", "compiled"))
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    run([sys.executable, "-m", "relaion", *words], env=env, check=True, stdout=sys.stderr)
    took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return took, spent, [json.loads(p.read_text()) for p in sorted(folder.glob("*.jsonl"))]


def main() -> None:
    """Run a command, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--least", type=float, default=0.05)
    parser.add_argument("words", nargs="+")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work, "spans")
        folder.mkdir()
        took, spent, processes = measure(given.words, folder)
    total: dict[str, float] = defaultdict(float)
    times: Counter[str] = Counter()
    for process in processes:
        lines: dict[str, list[float]] = process["spent"]  # type: ignore[assignment]
        own = sum(seconds for seconds, _ in lines.values())
        print(f"\nprocess {process['pid']} ({process['words']}): {own:.2f} s")
        for name, (seconds, n) in sorted(lines.items(), key=lambda x: -x[1][0]):
            total[name] += seconds
            times[name] += int(n)
            if seconds >= given.least:
                print(f"  {seconds:6.2f}  {name} ({n:.0f})")
    print(f"\nall {len(processes)} processes: {spent:.2f} s of processors, {took:.2f} of the clock")
    print(f"  {spent - sum(total.values()):6.2f}  (rest)")
    for name, seconds in sorted(total.items(), key=lambda x: -x[1]):
        if seconds >= given.least:
            print(f"  {seconds:6.2f}  {name} ({times[name]})")


if __name__ == "__main__":
    main()
