"""The notes that a run leaves: in its work folder what run it is of, and what was a merged part.

Each stands beside the digest of its own text. A flipped bit would pass for another run's
arguments: so a note that is not as it was written tells nothing but that.
"""

import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from relaion.errors import InputError
from relaion.paths import atomic_write, shown
from relaion.run.progress import Progress

T = TypeVar("T")
PLAN = "plan.json"
_FRAME = b'{"note": %b, "sha256": "%b"}\n'
_BEFORE = _FRAME.index(b"%")
_BEHIND = len(_FRAME % (b"", b"0" * 64)) - _BEFORE


def leave(work: Path, note: Mapping[str, Any], name: str = PLAN) -> None:
    """Write a note, whole or not at all; that of a run is private (0600)."""
    with atomic_write(work / name, mode=0o600 if name == PLAN else 0o644) as file:
        file.write_bytes(_framed(json.dumps(note).encode("ascii")))


def left(work: Path, make: Callable[[Any], T], name: str = PLAN) -> T | None:
    """What `make` makes of the note; None where there is none, it is damaged, or of another kind.

    Raises InputError where it cannot be read.
    """
    try:
        whole = (work / name).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as e:
        raise InputError(
            f"{shown(work / name)}: cannot be read ({e.strerror}), so nobody knows what the "
            "interrupted run had done; give this file back to who runs the command (chown), and "
            "repeat it"
        ) from None
    text = whole[_BEFORE:-_BEHIND]
    if whole != _framed(text):
        return None
    try:
        return make(json.loads(text))
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None


def damaged(work: Path, name: str = PLAN) -> Path | None:
    """The path of the note where it is there, and not as it was written."""
    path = work / name
    return path if path.exists() and not left(work, lambda _: True, name) else None


def spoiled(note: Path) -> str:
    """What is wrong with a damaged note; what nobody knows for it goes behind."""
    return (
        f"{shown(note)}: is damaged (its bytes are not those that were written), so nobody knows "
    )


def tell_begun(listen: Progress, named: str, damaged_note: Path | None, goes_on: str) -> None:
    """Say what a run in OUT goes on with, if anything; or that it begins anew, its note damaged."""
    if damaged_note is not None:
        lost = f"{spoiled(damaged_note)}what the interrupted run had done"
        listen.say(f"{lost}; this one begins anew")
    elif goes_on:
        listen.say(f"{named}: going on with {goes_on}")


def _framed(text: bytes) -> bytes:
    return _FRAME % (text, sha256(text).hexdigest().encode("ascii"))
