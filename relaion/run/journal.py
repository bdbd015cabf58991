"""What is done, one line a finished shard: the state that a run broken off goes on from.

Lines are appended by the one process that drives the run, flushed to the disk once a batch,
after the files that they vouch for. Each carries the digest of its own text: one that a kill or
a power cut left torn, zeroed or mixed up is none, and its shard is done again.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from relaion.errors import OutputError
from relaion.paths import shown

T = TypeVar("T")
NAME = "journal.jsonl"


class Journal:
    """The journal of one work folder, to be appended to by one process."""

    def __init__(self, work: Path) -> None:
        self._path = work / NAME

    def read(self, make: Callable[[Any], T]) -> Iterator[T]:
        """What `make` makes of each whole line, in order; lines that it cannot take are none."""
        try:
            lines = self._path.read_bytes().split(b"\n")
        except OSError:
            return
        for line in lines:
            digest, _, text = line.partition(b" ")
            if digest != _digest(text):
                continue
            try:
                yield make(json.loads(text))
            except (ValueError, TypeError, LookupError, AttributeError):
                continue

    def add(self, values: Iterable[Any]) -> None:
        """Append a line for each value, and flush them to the disk together."""
        texts = [json.dumps(value).encode("ascii") for value in values]
        lines = b"".join(b"\n" + _digest(text) + b" " + text for text in texts)
        try:
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(handle, "ab") as f:
                f.write(lines + b"\n")  # a torn line before these ends with the first of them
                f.flush()
                os.fsync(f.fileno())
        except OSError as e:
            raise OutputError(f"{shown(self._path)}: cannot be written ({e.strerror})") from None


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest()[:16].encode("ascii")
