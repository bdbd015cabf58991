"""Digests of files."""

import hashlib
from pathlib import Path

from relaion.errors import InputError
from relaion.paths.names import shown


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes as 64 hex digits; raises InputError when it cannot be read."""
    try:
        with path.open("rb") as f:
            return hashlib.file_digest(f, "sha256").hexdigest()
    except OSError as e:
        raise InputError(f"{shown(path)}: cannot be read ({e.strerror}); check the file") from None
