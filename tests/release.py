"""What a release needs. `python -m tests.release [v1]` freezes a set of scripts: `poe freeze`.

It writes `sql/v1/SHA256SUMS`, which `sha256sum -c` reads in that folder: every file below it, in
order of name. From then on a script that differs is refused, here and wherever it is installed.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from relaion import sqlset

SUMS = "SHA256SUMS"


def sums(folder: Path) -> str:
    """The text of SHA256SUMS for a folder: its files and those of all below it, sorted by name.

    Raises ValueError for a name that its format cannot hold as it is, or that nobody would ship.
    """
    lines = []
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if name == SUMS or path.is_dir():
            continue
        if path.is_symlink() or path.name.startswith(".") or not name.isascii() or " " in name:
            raise ValueError(f"{name}: is no file to be released; remove it")
        if "\\" in name or not name.isprintable():
            raise ValueError("a name holds a backslash or a control character; give it another")
        lines.append((name, hashlib.sha256(path.read_bytes()).hexdigest()))
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(lines))


def freeze(folder: Path) -> str:
    """Write SHA256SUMS, once; what to say of it. Raises ValueError where it says something else."""
    text = sums(folder)
    path = folder / SUMS
    if path.exists() and path.read_text(encoding="ascii") != text:
        raise ValueError(
            f"{path}: was written, and the files differ since; a released set is never changed: "
            "restore it, or start the next version"
        )
    path.write_text(text, encoding="ascii", newline="\n")
    return f"{path}: {text.count(chr(10))} files"


# -- Which Pythons there are to try a package with ---------------------------------------------

PYTHONS = ("3.11", "3.12", "3.13")


def interpreter(version: str) -> Path | None:
    """A Python of this version that can make environments; None where this machine has none."""
    for path in _candidates(version):
        code = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
        try:
            done = subprocess.run(
                [path, "-I", "-c", code], capture_output=True, text=True, check=False, timeout=60
            )
        except OSError:
            continue
        if done.returncode == 0 and done.stdout.strip() == version:
            return path
    return None


def _candidates(version: str) -> Iterator[Path]:
    """This Python, those of pyenv and uv, and what the PATH finds, in this order."""
    yield Path(sys.executable)
    home = Path.home()
    managed = Path(os.environ.get("PYENV_ROOT") or home / ".pyenv") / "versions"
    yield from sorted(managed.glob(f"{version}.*/bin/python{version}"), reverse=True)
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local/share")
    yield from sorted(data.glob(f"uv/python/cpython-{version}.*/bin/python{version}"), reverse=True)
    found = shutil.which(f"python{version}")
    if found is not None:
        yield Path(found)


def main() -> int:
    """Freeze the set that is named, or the newest."""
    version = sys.argv[1] if len(sys.argv) > 1 else sqlset.VERSION
    folder = sqlset.sql_root() / version
    if version not in sqlset.versions():
        print(f"{version}: no such SQL version", file=sys.stderr)
        return 2
    try:
        print(freeze(folder))
    except ValueError as e:
        print(e, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
