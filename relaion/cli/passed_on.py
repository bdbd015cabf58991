"""Signals while a statement of SQL runs."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from relaion.stages.sql import Prompt


class SignalsPassedOn:
    """A thread passes each signal on to the statement that runs.

    A signal may reach any thread of the process, and wake none. DuckDB looks for one between its
    tasks only, and the main thread may have taken a task of minutes.
    """

    _armed: int | None = None  # where signals are noted, of the one that is open

    def __init__(self, prompt: Prompt) -> None:
        self._prompt = prompt

    def __enter__(self) -> SignalsPassedOn:
        self._signals, noted = os.pipe()
        os.set_blocking(noted, False)
        self._noted = noted
        self._thread = threading.Thread(target=self._pass_on, daemon=True)
        self._thread.start()
        self._before = signal.set_wakeup_fd(noted, warn_on_full_buffer=False)
        SignalsPassedOn._armed = noted
        return self

    def _pass_on(self) -> None:
        while os.read(self._signals, 512):
            self._prompt.interrupt()

    @classmethod
    def arm(cls) -> None:
        """Note signals again, after something else has: the line editor does while it reads."""
        if cls._armed is not None:
            signal.set_wakeup_fd(cls._armed, warn_on_full_buffer=False)

    def __exit__(self, *_: object) -> None:
        SignalsPassedOn._armed = None
        signal.set_wakeup_fd(self._before)
        os.close(self._noted)  # which ends the thread
        self._thread.join()
        os.close(self._signals)
