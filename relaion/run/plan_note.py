"""The note that a run leaves in its work folder when it begins: what run it is of.

It stands beside the digest of its own text. A flipped bit would pass for another run's arguments:
so a note that is not as it was written tells nothing but that.
"""

import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from relaion.errors import InputError
from relaion.paths import atomic_write, shown

T = TypeVar("T")
PLAN = "plan.json"
_FRAME = b'{"note": %b, "sha256": "%b"}\n'
_BEFORE = _FRAME.index(b"%")
_BEHIND = len(_FRAME % (b"", b"0" * 64)) - _BEFORE


def leave(work: Path, note: Mapping[str, Any]) -> None:
    """Write the note of a run (0600), whole or not at all."""
    with atomic_write(work / PLAN, mode=0o600) as file:
        file.write_bytes(_framed(json.dumps(note).encode("ascii")))


def left(work: Path, make: Callable[[Any], T]) -> T | None:
    """What `make` makes of the note; None where there is none, it is damaged, or of another kind.

    Raises InputError where it cannot be read.
    """
    try:
        whole = (work / PLAN).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as e:
        raise InputError(
            f"{shown(work / PLAN)}: cannot be read ({e.strerror}), so nobody knows what the "
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


def damaged(work: Path) -> Path | None:
    """The path of the note where it is there, and not as it was written."""
    path = work / PLAN
    return path if path.exists() and not left(work, lambda _: True) else None


def spoiled(note: Path) -> str:
    """What is wrong with a damaged note; what nobody knows for it goes behind."""
    return (
        f"{shown(note)}: is damaged (its bytes are not those that were written), so nobody knows "
    )


def begins_anew(note: Path) -> str:
    """What is said of a damaged note where the run does all again that it was of."""
    return f"{spoiled(note)}what the interrupted run had done; this one begins anew"


def _framed(text: bytes) -> bytes:
    return _FRAME % (text, sha256(text).hexdigest().encode("ascii"))
