"""What a run tells in a notebook, where nobody else listens: one line that is written anew."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from html import escape
from typing import Any

from relaion.run.progress import NOTHING, Course, Extent, Progress, Quiet, clock

_EVERY = 0.2  # seconds between two pictures of it


def listening(progress: Progress | None, steps: Sequence[str] = ()) -> Progress:
    """Who is told: whom the caller named, else a bar in a notebook, else nobody.

    `steps` are those that the command will go through.
    """
    listener = progress
    if listener is None:
        listener = Quiet() if _shell() is None else NotebookBar(sys.modules["IPython"])
    if steps:
        listener.steps(steps)
    return listener


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
        self._course = Course()
        self._drawn = 0.0

    def steps(self, names: Sequence[str]) -> None:
        """What is to come."""
        self._course.steps(names)

    def phase(
        self, step: str, whole: Extent = NOTHING, before: Extent = NOTHING, detail: str = ""
    ) -> None:
        """Begin another bar in the place of the last."""
        self._course.phase(step, whole, before, detail)
        self._draw(at_once=True)

    def done(self, part: Extent, task: int | None = None) -> None:
        """Move the bar on."""
        self._course.done(part, task)
        self._draw()

    def moved(self, task: int, groups: float) -> None:
        """Move the bar on within a task."""
        self._course.moved(task, groups)
        self._draw()

    def say(self, text: str) -> None:
        """A line that stays."""
        print(text)

    def _draw(self, *, at_once: bool = False) -> None:
        now, at = time.monotonic(), self._course.position()
        is_last = at is not None and at.through == at.whole
        if at is None or not (at_once or is_last or now - self._drawn >= _EVERY):
            return
        self._drawn = now
        value = "" if at.share is None else f' max="1" value="{at.share:.4f}"'
        said = ", ".join(part for part in (at.count, clock(at.elapsed), at.time_left) if part)
        picture = self._html(f"{escape(at.name)} <progress{value}></progress> {escape(said)}")
        if self._handle is None:
            self._handle = self._display(picture, display_id=True)
        else:
            self._handle.update(picture)
