"""The curator key: one secret file that seals the digests of lists in public files.

A plain digest of a list of one link would let anyone try links against it.
"""

import hashlib
import hmac
import os
import re
import secrets
import shlex
import stat
from pathlib import Path

from relaion.errors import ListError
from relaion.paths import atomic_write, followed, is_shells, open_given, private_umask, shown

_BYTES = 32
_DOMAIN = b"relaion file digest 1\0"  # the key seals other things too: none may look alike
_OF_CHECKS = b"relaion check 1\0"


def key_path(store: Path) -> Path:
    """Where the key of a list store lies: beside it, whatever link leads to the store."""
    store = followed(store)
    return store.with_name(store.name + ".key")


def ledger_path(key: Path) -> Path:
    """Where the cover ledger lies of whoever has this key file: beside it."""
    return followed(key).with_name("cover.duckdb")


def create(path: Path) -> bytes:
    """Write a new key, readable by its owner only, and return its 32 bytes.

    Raises ListError where a file of that name exists: a key that is lost cannot be made
    again. Raises OutputError where it cannot be written.
    """
    if os.path.lexists(path):
        raise ListError(f"{shown(path)}: exists already; a curator key is never overwritten")
    key = secrets.token_bytes(_BYTES)
    with private_umask(), atomic_write(path, 0o600) as part:
        part.write_text(key.hex() + "\n", encoding="ascii")
    return key


def load(path: Path) -> bytes:
    """The 32 bytes of a key file.

    Raises ListError where there is none, where others may read it, or where it is no key.
    """
    try:
        with open_given(path) as f:
            mode = stat.S_IMODE(os.fstat(f.fileno()).st_mode)
            text = f.read(_BYTES * 4)
    except OSError as e:
        raise ListError(
            f"{shown(path)}: the curator key cannot be read ({e.strerror}); "
            "restore it from your backup or name it with --key"
        ) from None
    if mode & 0o077:
        raise ListError(
            f"{shown(path)}: others may read this curator key (mode {mode:04o}); "
            f"run: chmod 600 {shlex.quote(shown(path))}"
        )
    if not re.fullmatch(rb"[0-9a-f]{64}\s*", text):
        todo = "see what writes to this pipe" if is_shells(path) else "restore it from your backup"
        raise ListError(f"{shown(path)}: is no curator key (64 hex digits); {todo}")
    return bytes.fromhex(text.decode("ascii"))


def hmac_digest(key: bytes, sha256_hex: str) -> str:
    """The public form of a file's SHA-256: HMAC-SHA256 under the key, 64 hex digits."""
    return hmac.new(key, _DOMAIN + bytes.fromhex(sha256_hex), hashlib.sha256).hexdigest()


def hmac_of_check(key: bytes, said: bytes) -> str:
    """The seal of what a check said of an OUT: who has not the key cannot say it."""
    return hmac.new(key, _OF_CHECKS + said, hashlib.sha256).hexdigest()
