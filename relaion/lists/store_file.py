"""The file of a list store from outside: whether it is one, and what may lie beside it."""

import shutil
import stat
from contextlib import suppress
from pathlib import Path

from relaion.errors import BusyError, ListError, OutputError
from relaion.paths import followed, locked, shown


def refuse_other_files(store: Path, named: Path | None = None) -> None:
    """Raise ListError for what is no list store at all, and one that another program changes."""
    named = named or store
    try:
        if not stat.S_ISREG(store.stat().st_mode):
            what = "is a folder" if store.is_dir() else "is no file"
            raise ListError(f"{shown(named)}: {what}; name the list store, a file")
        with store.open("rb") as f:
            start = f.read(12)
    except (OSError, ValueError) as e:  # ValueError: a NUL byte in the path
        why = getattr(e, "strerror", None) or "no usable path"
        raise ListError(
            f"{shown(named)}: cannot be read as a list store ({why}); "
            "check the path, or make a store with `relaion lists add`"
        ) from None
    if start[8:] != b"DUCK":
        raise ListError(f"{shown(named)}: is no list store; check the path given as --lists")
    if store.with_name(store.name + ".wal").exists():
        raise ListError(
            f"{shown(named)}: another program left changes beside it (.wal); "
            "close that program, or open the store once in it to finish them"
        )


def work_of(store: Path) -> Path:
    """The private folder beside a store in which its one writer works."""
    return store.with_name(f".{store.name}.work")


def sweep_beside(store: Path) -> None:
    """Remove what a killed writer left beside a store; nothing while another one writes."""
    store = followed(store)
    work, lock = work_of(store), store.with_name(store.name + ".lock")
    if work.is_dir() and not work.is_symlink() and lock.exists():
        with suppress(BusyError, OutputError), locked(lock, "writes to this store"):
            shutil.rmtree(work, ignore_errors=True)
