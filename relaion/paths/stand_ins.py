"""Files of this machine that stand for objects elsewhere, and what is known of each.

A stand-in has the name and the size of its object, in a tree of folders named as there; its bytes
are fetched as they are needed (`relaion.remote.standing`). Whatever else tells files apart here
asks for its object: its stamp is that of the object's version, and people read the address.
Standard library only.
"""

import hashlib
import json
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

MARK = ".relaion-elsewhere"
_TREE = f"/{MARK}/tree/"
_NUMBER, _DIGEST = re.compile(r"[0-9]{1,19}"), re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class ObjectRecord:
    """What stands for an object: its state file, and what that tells.

    `size` in bytes; `version` is a digest (64 hex digits) of what tells it from other versions.
    `about` is all that is known of the object; `held` the ranges of bytes that are there, in the
    order in which they came, `sha256` that of all its bytes once they are there, `digest` that of
    all its bytes where it is known without them.
    """

    state: Path
    size: int
    version: str
    about: dict[str, Any]
    held: tuple[tuple[int, int], ...]
    sha256: str
    digest: str


def tree_of(root: Path) -> Path:
    """The folder below which stand-ins lie, in a private folder."""
    return root / MARK / "tree"


def within_tree(path: os.PathLike[str] | str) -> bool:
    """Whether a path is that of a stand-in, or of a folder of such."""
    return _TREE in os.fspath(path)


def address(path: os.PathLike[str] | str) -> str:
    """What a stand-in stands for, as it may be shown."""
    scheme, _, rest = os.fspath(path).partition(_TREE)[2].partition("/")
    return f"{scheme.partition('-')[0]}://{rest}"


def state_of(path: os.PathLike[str] | str) -> Path:
    """Where the state of a stand-in lies."""
    root, _, rest = os.fspath(path).partition(_TREE)
    digest = hashlib.sha256(os.fsencode(rest)).hexdigest()
    return Path(root, MARK, "states", digest[:2], digest[2:])


def record_of(path: os.PathLike[str] | str) -> ObjectRecord | None:
    """What is known of a stand-in; None for any other file."""
    if not within_tree(path):
        return None
    return read_record(state_of(path))


def read_record(state: Path) -> ObjectRecord | None:
    """What a state file tells; None where there is none.

    A line that was cut off, by a kill or for want of room, tells nothing: its bytes come again.
    """
    try:
        info = state.stat()
    except OSError:  # a file beside the shards, of which the name alone is here
        return None
    # a file that was written anew may have the number and the size of the one before
    return _read(state, (info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns))


@lru_cache(1 << 12)
def _read(state: Path, _stamp: tuple[int, ...]) -> ObjectRecord:
    text = state.read_text(encoding="ascii", errors="replace")
    first, *more = text.rpartition("\n")[0].split("\n")  # what has no end was cut off
    about = json.loads(first)
    held: list[tuple[int, int]] = []
    sha256, digest = "", str(about["sha256"])
    for line in more:
        start, _, end = line.partition(" ")
        if start in ("whole", "digest"):
            if _DIGEST.fullmatch(end):
                digest = end
                sha256 = end if start == "whole" else sha256
        elif _NUMBER.fullmatch(start) and _NUMBER.fullmatch(end):
            held.append((int(start), int(end)))
    return ObjectRecord(
        state, int(about["size"]), str(about["version"]), about, tuple(held), sha256, digest
    )
