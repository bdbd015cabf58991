"""The two consoles: what was asked for goes to stdout, all talk to stderr."""

import sys

from rich.console import Console

WIDE = 1_000_000  # columns of a file or a pipe: a line there is as long as what it says


def console(*, stderr: bool) -> Console:
    """A console as wide as the terminal; in a file or a pipe nothing is wrapped."""
    stream = sys.stderr if stderr else sys.stdout
    seen = stream is not None and stream.isatty()  # None where it was closed before the start
    return Console(stderr=stderr, highlight=False, width=None if seen else WIDE)


out = console(stderr=False)
talk = console(stderr=True)
