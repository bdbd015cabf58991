"""`poe bench-lists`: what it costs to add a long list of MD5s, an update of it, XML and JSON.

    python -m tests.bench.lists [--lines N] [--update N] [--size MB] [--folder DIR] [NAME ...]

Makes a file of 14,000,000 MD5s, a line each, adds it to a new store, and brings it up to date with
1,000 more. Then long files as partners' programs write them (`list_files.FILES`) are read to their
entries, and added to a store of their own. Each is a process of its own. Prints seconds by the
clock and of all processors, MB of the file for each second of both, less those that Python and its
libraries take to begin, and the most anonymous memory that the process and those that it began held
at one time (`RssAnon`: files that are mapped are not counted). A NAME is how names of files begin,
or `md5s`; without one all are made. All files are deleted.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.list_files import FILES

_EVERY = 0.02  # seconds between two looks at the memory


def make(path: Path, first: int, n: int) -> None:
    """A file of `n` MD5s, those of the numbers from `first` on."""
    with path.open("w") as out:
        out.writelines(hashlib.md5(b"%d" % i).hexdigest() + "\n" for i in range(first, first + n))


_READ = """
import sys
from pathlib import Path
from relaion.processes import keep_pandas_out
keep_pandas_out()
from relaion.lists.delivery import read_where
from relaion.lists.readers.documents.document import OfDelivery
from relaion.lists.readers.format import Options
from relaion.lists.readers.read import FileRead, read_entries
from relaion.lists.seldom import seldom_collected
options = Options(where=read_where(sys.argv[3::2]))
found = FileRead(shared=OfDelivery(may_begin_anew=True))  # as files are added
with seldom_collected():
    for batch in read_entries(Path(sys.argv[1]), options, found) if sys.argv[1] else ():
        pass
"""


def measure(command: list[str]) -> tuple[float, float, int]:
    """Seconds by the clock and of processors, and the most bytes of anonymous memory.

    Raises CalledProcessError where the command fails.
    """
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0
    while True:
        pid, status, used = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        peak = max(peak, _anonymous(process.pid))
        time.sleep(_EVERY)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return seconds, used.ru_utime + used.ru_stime, peak


def _anonymous(pid: int, above: bytes = b"") -> int:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        if command == above:  # its program has not begun, and its memory is that of its parent
            return 0
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        tasks = [*Path(f"/proc/{pid}/task").iterdir()]
        begun = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return 0
    own = next((int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon")), 0)
    return own + sum(_anonymous(child, command) for child in begun)


def main() -> None:
    """Make, add, update, and print a line of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--lines", type=int, default=14_000_000)
    parser.add_argument("--update", type=int, default=1_000)
    parser.add_argument("--size", type=int, default=50, help="MB of each file of XML and JSON")
    parser.add_argument("--folder", type=Path, default=None, help="where the files are made")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as made:
        folder = Path(made)
        if _is_named("md5s", given.names):
            _measure_md5s(folder, given.lines, given.update)
        begun = measure([*_PYTHON, "-c", _READ, "", ""])
        _tell("begin", begun)
        for each in FILES:
            if not _is_named(each.name, given.names):
                continue
            path = folder / each.name
            n = each.make(path, given.size * 1_000_000)
            what = f"{n:,} {each.what} ({path.stat().st_size / 1e6:,.0f} MB)"
            size = path.stat().st_size
            read = [*_PYTHON, "-c", _READ, str(path), *each.args]
            _tell(f"read {what}", measure(read), size, begun)
            store = ["--lists", str(folder / f"{each.name}.duckdb"), "--source", "bench"]
            add = [*_PYTHON, "-m", "relaion", "lists", "add", str(path), *store, *each.args]
            _tell(f"add {what}", measure(add), size, begun)
            path.unlink()


_PYTHON = [sys.executable]
Cost = tuple[float, float, int]


def _is_named(name: str, names: list[str]) -> bool:
    return not names or any(name.startswith(begins) for begins in names)


def _measure_md5s(folder: Path, lines: int, update: int) -> None:
    make(folder / "list.txt", 0, lines)
    make(folder / "more.txt", lines, update)
    add = [*_PYTHON, "-m", "relaion", "lists", "add", "--lists", str(folder / "l.duckdb")]
    _tell(f"add {lines:,} MD5s", measure([*add, str(folder / "list.txt"), "--source", "bench"]))
    _tell(f"update {update:,} MD5s", measure([*add, str(folder / "more.txt"), "--update", "1"]))


def _tell(what: str, cost: Cost, size: int = 0, begun: Cost = (0, 0, 0)) -> None:
    seconds, cpu, peak = cost
    per_second = [size / 1e6 / max(x - y, 0.01) for x, y in zip(cost[:2], begun[:2], strict=True)]
    speed = ", {:.1f} and {:.1f} MB/s".format(*per_second) if size else ""
    above = f" ({(peak - begun[2]) / 1e6:,.0f} above the beginning)" if size else ""
    print(
        f"{what}: {seconds:.1f} s, {cpu:.1f} s of processors{speed}, {peak / 1e6:,.0f} MB{above}",
        flush=True,
    )


if __name__ == "__main__":
    main()
