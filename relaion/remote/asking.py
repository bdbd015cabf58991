"""Asking a store, and asking again where that may help: nowhere else is anything tried twice.

The libraries below are told not to try again by themselves, as far as they can be told: tries of
tries would make minutes of what is known in seconds.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

from relaion.errors import RelaionError
from relaion.remote.failures import HereError, kind_of, of_disk, told
from relaion.remote.urls import WEB, RemoteURL

T = TypeVar("T")
FIRST_WAIT = 0.5  # seconds; each further one is twice as long, and some chance more
_LONGEST_WAIT = 16.0
CONNECT = 5  # seconds until a server that does not answer counts as out of reach


class _Patience(NamedTuple):
    """So many tries at most, and none that begins so many seconds after the first or later."""

    tries: int
    seconds: float


PATIENCE = {
    "busy": _Patience(8, 90),
    "cut": _Patience(5, 600),  # in the midst of bytes, which may be slow to come
    "silent": _Patience(2, 600),  # known after a minute without a byte, and some came before
    "unreached": _Patience(4, 8),
}
"""What may be over in a moment, by `kind_of`."""
_REMEMBERED = 60.0  # seconds for which a server counts as out of reach
_unreached: dict[tuple[str, str], float] = {}


def asked(ask: Callable[[], T], url: RemoteURL) -> T:
    """What `ask` returns; tried again with growing waits where the cause may pass.

    A server that was just found out of reach is asked once: whoever ends a run asks several times.
    Raises what `ask` raised last.
    """
    began, wait, tries = time.monotonic(), FIRST_WAIT, 0
    server = url.scheme, url.bucket if url.scheme in WEB else ""
    while True:
        tries += 1
        try:
            found = ask()
        except (RelaionError, MemoryError):
            raise
        except Exception as e:
            now = time.monotonic()
            kind = kind_of(e)
            allowed = PATIENCE.get(kind, _Patience(1, 0))
            before = _unreached.get(server, now - _REMEMBERED)
            is_known = kind == "unreached" and now - before < _REMEMBERED
            pause = wait * (1 + random.random())  # noqa: S311 - so that many do not come at once
            if tries >= allowed.tries or is_known or now + pause - began > allowed.seconds:
                if kind == "unreached":
                    _unreached[server] = now
                raise
        else:
            _unreached.pop(server, None)
            return found
        time.sleep(pause)
        wait = min(2 * wait, _LONGEST_WAIT)


@contextmanager
def of_this_machine() -> Iterator[None]:
    """For what is done to files within what is asked: its OSError is none of the store's."""
    try:
        yield
    except OSError as e:
        raise HereError(e) from None


def retrying(do: Callable[[], T], url: RemoteURL, *, seen: bool = False) -> T:
    """As `asked`; raises RemoteError in the end, as `told` has it; OSError for a disk of ours."""
    try:
        return asked(do, url)
    except (RelaionError, MemoryError):
        raise
    except Exception as e:
        if (ours := of_disk(e)) is not None:
            raise ours from None
        raise told(e, url, seen=seen) from None
