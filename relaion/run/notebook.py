"""What a run tells in a notebook, where nobody else listens: one line that is written anew."""

from __future__ import annotations

import sys
import time
from html import escape
from typing import Any

from relaion.run.pool import Progress, Quiet

_EVERY = 0.2  # seconds between two pictures of it


def listening(progress: Progress | None) -> Progress:
    """Who is told: whom the caller named, else a bar in a notebook, else nobody."""
    if progress is not None:
        return progress
    shell = _shell()
    return Quiet() if shell is None else NotebookBar(sys.modules["IPython"])


def _shell() -> Any:
    """The kernel's shell, of a notebook alone: a terminal has the command line's own bars."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell if shell is not None and hasattr(shell, "kernel") else None


class NotebookBar:
    """A bar below the cell, for the phase that runs; what is said stays above it."""

    def __init__(self, ipython: Any) -> None:
        self._html = ipython.display.HTML
        self._handle: Any = None
        self._display = ipython.display.display
        self._name, self._of, self._shards, self._rows, self._total = "", 0, 0, 0, 0
        self._drawn = 0.0

    def phase(self, name: str, shards: int, rows: int) -> None:
        """Begin another bar in the place of the last."""
        self._name, self._of, self._total = name, shards, rows
        self._shards = self._rows = 0
        self._draw(at_once=True)

    def done(self, shards: int, rows: int) -> None:
        """Move the bar on."""
        self._shards += shards
        self._rows += rows
        self._draw(at_once=self._shards >= self._of)

    def say(self, text: str) -> None:
        """A line that stays."""
        print(text)

    def _draw(self, *, at_once: bool) -> None:
        now = time.monotonic()
        if not at_once and now - self._drawn < _EVERY:
            return
        self._drawn = now
        picture = self._html(
            f'{escape(self._name)} <progress max="{max(self._total, 1)}" value="{self._rows}">'
            f"</progress> {self._shards:,} of {self._of:,} shards, {self._rows:,} rows"
        )
        if self._handle is None:
            self._handle = self._display(picture, display_id=True)
        else:
            self._handle.update(picture)
