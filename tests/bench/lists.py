"""`poe bench-lists`: what it costs to add a long list of MD5s, an update of it, and a long XML.

    python -m tests.bench.lists [--lines N] [--update N] [--images N] [--folder DIR]

Makes a file of 14,000,000 MD5s, a line each, adds it to a new store, and brings it up to date with
1,000 more. Then a file of 200,000 images as NCMEC shares them is read, and added. Each is a process
of its own. Prints seconds by the clock and of all processors, and the most anonymous memory that
the process held at one time (`RssAnon`: files that are mapped are not counted). All files are
deleted.
"""

import argparse
import base64
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_EVERY = 0.02  # seconds between two looks at the memory


def make(path: Path, first: int, n: int) -> None:
    """A file of `n` MD5s, those of the numbers from `first` on."""
    with path.open("w") as out:
        out.writelines(hashlib.md5(b"%d" % i).hexdigest() + "\n" for i in range(first, first + n))


_IMAGE = (
    '<image><member id="{member}">An Example</member><timestamp>2024-03-{day:02d}T10:00:00Z'
    "</timestamp><id>image{i}</id><classification>A{grade}</classification><fingerprints>"
    "<md5>{md5}</md5><sha1>{sha1}</sha1><pdna>{pdna}</pdna></fingerprints></image>"
)
_READ = """
import sys
from pathlib import Path
from relaion.lists.readers.format import Options
from relaion.lists.readers.read import FileRead, read_entries
for batch in read_entries(Path(sys.argv[1]), Options(), FileRead()):
    pass
"""


def make_ncmec(path: Path, n: int) -> None:
    """A page of `n` images, each with an MD5, a SHA-1 and a PhotoDNA hash, all in one line."""
    with path.open("w") as out:
        out.write('<queryResult xmlns="https://hashsharing.ncmec.org/hashsharing/v2"><images>')
        for i in range(n):
            number = b"%d" % i
            made = hashlib.sha512(number).digest() * 2 + hashlib.sha1(number).digest()[:16]
            out.write(
                _IMAGE.format(
                    i=i, member=40 + i % 7, day=1 + i % 28, grade=1 + i % 2,
                    md5=hashlib.md5(number).hexdigest(), sha1=hashlib.sha1(number).hexdigest(),
                    pdna=base64.b64encode(made).decode(),
                )
            )  # fmt: skip
        out.write("</images></queryResult>")


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


def _anonymous(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon")), 0)


def main() -> None:
    """Make, add, update, and print a line of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=14_000_000)
    parser.add_argument("--update", type=int, default=1_000)
    parser.add_argument("--images", type=int, default=200_000)
    parser.add_argument("--folder", type=Path, default=None, help="where the files are made")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as made:
        folder = Path(made)
        make(folder / "list.txt", 0, given.lines)
        make(folder / "more.txt", given.lines, given.update)
        add = [sys.executable, "-m", "relaion", "lists", "add", "--lists", str(folder / "l.duckdb")]
        make_ncmec(folder / "page.xml", given.images)
        size = (folder / "page.xml").stat().st_size / 1e6
        images = f"{given.images:,} images of NCMEC ({size:,.0f} MB)"
        page = str(folder / "page.xml")
        for what, command in (
            (f"add {given.lines:,} MD5s", [*add, str(folder / "list.txt"), "--source", "bench"]),
            (f"update {given.update:,} MD5s", [*add, str(folder / "more.txt"), "--update", "1"]),
            (f"read {images}", [sys.executable, "-c", _READ, page]),
            (f"add {images}", [*add, page, "--source", "bench"]),
        ):
            seconds, cpu, peak = measure(command)
            print(
                f"{what}: {seconds:.1f} s, {cpu:.1f} s of processors, {peak / 1e6:,.0f} MB",
                flush=True,
            )


if __name__ == "__main__":
    main()
