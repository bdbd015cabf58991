"""Links of which nobody has to look twice what they are, a line each: the digests of all at once.

What `read_plain_link` says of one is said here of a text: one pattern tells which they are, what
their keys have not is cut out of all of them at once, and each host's digest is made once. Arrow
is not loaded for this, so a process that does nothing else begins quickly and is small.
"""

from __future__ import annotations

import re
import struct
import sys
from array import array
from binascii import hexlify
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from itertools import accumulate
from typing import NamedTuple

from relaion.links.place import TAIL, host_digest
from relaion.processes import serve_parent

READY = b"."
_LONGEST = 250  # bytes: no longer is the longest name of a host
_MANY = 1 << 14  # hosts: of links there are many to one
_LONG = 32 + TAIL  # of a `link_place`
_HOST = re.compile(rb"(?!www\.|.*xn--)(?:[a-z0-9_-]++\.)++[a-z][a-z0-9-]*+")
_PLACE = rb"[a-z0-9_.-]++(?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*+)++"
# links, a line each: first such as are keys behind `https://`, of which nothing is cut out
_BARE = re.compile(rb"(?:https://(?!www\.)%b(?<!\.)\n)*+" % _PLACE)
_PLAIN = re.compile(
    rb"(?:https?://%b/?(?:\?[A-Za-z0-9_.=-]++(?:&[A-Za-z0-9_.=-]++)*+)?(?<=[A-Za-z0-9_/=-])\n)*+"
    % _PLACE
)
_CUT_OUT = (
    (b"\nhttp://", b"\nhttps://"), (b"://www.", b"://"), (b"/\n", b"\n"), (b"/?", b"?"),
)  # fmt: skip


class LinkLines(NamedTuple):
    """The plain ones of some lines: digests of their keys, in hex, and their `link_place`.

    Both stand without anything between; `ends` are those of the latter. `places` say which lines
    they are of: none where they are of all. These are numbers of four bytes.
    """

    places: bytes
    digests: bytes
    of_keys: bytes
    ends: bytes


def read_lines(text: bytes, n: int) -> LinkLines | None:
    """The plain ones of the lines of a text; None where none of them is, or these are not `n`."""
    places: Sequence[int] = ()
    is_bare = _end_of(_BARE, text, 0) == len(text)  # as nearly all are
    keys = _cut(text) if is_bare else []
    if len(keys) != n and text.count(b"\n") != n:
        return None
    if not is_bare or max(map(len, keys)) > _LONGEST - len("https://"):
        found, places = _plain_ones(text)
        keys = _cut(found) if places else []
    if not keys:
        return None
    if len(_hosts) > _MANY:
        _hosts.clear()
    of_keys = [_hosts[key.partition(b"/")[0]] + key[-TAIL:] for key in keys]
    told = b"".join(of_keys)
    if len(told) < _LONG * len(keys) and min(map(len, of_keys)) <= TAIL:  # without a host's digest
        kept = [i for i, of_key in enumerate(of_keys) if len(of_key) > TAIL]
        if not kept:
            return None
        keys, of_keys = [keys[i] for i in kept], [of_keys[i] for i in kept]
        places, told = [places[i] for i in kept] if places else kept, b"".join(of_keys)
    return LinkLines(
        array("i", places).tobytes(),
        hexlify(b"".join([sha256(key).digest() for key in keys])),
        told,
        _ends_of(of_keys, len(told)),
    )


def _cut(keys: bytes) -> list[bytes]:
    return keys[len("https://") : -1].split(b"\nhttps://")


def _plain_ones(text: bytes) -> tuple[bytes, list[int]]:
    """The keys of the plain ones of some lines, each behind `https://`, and their places."""
    lines = text.split(b"\n")
    if max(map(len, lines)) > _LONGEST:
        text = b"\n".join(b"" if len(x) > _LONGEST else x for x in lines)
    found, places, at, line = [b"\n"], list[int](), 0, 0  # what is cut out stands behind an end
    while at < len(text):
        end = _end_of(_PLAIN, text, at)
        found.append(text[at:end])
        n = found[-1].count(b"\n")
        places += range(line, line + n)
        line += n + 1
        at = text.find(b"\n", end) + 1 or len(text)
    keys = b"".join(found)
    for sign, other in _CUT_OUT:
        keys = keys.replace(sign, other)
    return keys[1:], places


def _end_of(pattern: re.Pattern[bytes], text: bytes, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


class _HostDigests(dict[bytes, bytes]):
    """The digests of hosts; empty for one of which has to be looked twice what it is."""

    def __missing__(self, host: bytes) -> bytes:
        digest = host_digest(host.decode()) if _HOST.fullmatch(host) else None
        found = self[host] = (digest or "").encode()
        return found


_hosts = _HostDigests()


def _ends_of(texts: Sequence[bytes], size: int) -> bytes:
    """Where texts end that stand behind each other, and are so long together."""
    n = len(texts)
    if size == _LONG * n:  # as long as can be is each of them
        return ends(n, _LONG)
    return array("i", accumulate(map(len, texts), initial=0)).tobytes()


@lru_cache(8)
def ends(n: int, length: int) -> bytes:
    """Where texts of this length end that stand behind each other, and where the first begins."""
    return array("i", range(0, length * n + 1, length)).tobytes()


# -- A process of its own --------------------------------------------------------------------------


def send(write: Callable[[bytes], object], *parts: bytes) -> None:
    """Write some bytes for another process."""
    write(_LENGTHS.pack(*map(len, parts), *[0] * (_PARTS - len(parts))))
    for part in parts:
        write(part)


def received(read: Callable[[int], bytes]) -> list[bytes]:
    """What was sent, four parts; raises EOFError where nobody sends any more."""
    lengths = _LENGTHS.unpack(_whole(read, _LENGTHS.size))
    return [_whole(read, length) for length in lengths]


def _whole(read: Callable[[int], bytes], length: int) -> bytes:
    found = read(length)
    if len(found) < length:
        raise EOFError
    return found


_PARTS = 4
_LENGTHS = struct.Struct(f"{_PARTS}q")


def _serve() -> None:
    """Say of the lines of one text after another what `read_lines` does."""
    serve_parent()
    asked, told = sys.stdin.buffer, sys.stdout.buffer
    told.write(READY)
    told.flush()
    with suppress(EOFError, OSError):
        while True:
            text, n, *_ = received(asked.read)
            send(told.write, *(read_lines(text, int(n)) or ()))
            told.flush()


if __name__ == "__main__":
    _serve()
