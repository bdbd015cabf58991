"""A command on a terminal that is looked at as a user sees it: its screen, line by line."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyte

STILL = 0.4  # seconds in which nothing comes, so nothing is on its way


class Terminal:
    """A command on a terminal of some columns and lines, and what its screen shows."""

    def __init__(
        self,
        cwd: Path,
        *args: str,
        columns: int = 80,
        lines: int = 40,
        program: Sequence[str] = (sys.executable, "-m", "relaion"),
        more: Mapping[str, str] | None = None,
    ) -> None:
        self._end, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._screen = pyte.HistoryScreen(columns, lines, history=5_000)
        self._stream = pyte.ByteStream(self._screen)
        self.heard = b""  # all that was written, what was wiped away since too
        env = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            [*program, *args], stdin=theirs, stdout=theirs, stderr=theirs,
            cwd=cwd, env=env | {"TERM": "xterm", **(more or {})}, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
        )  # fmt: skip
        os.close(theirs)

    def shown(self) -> list[str]:
        """All lines, what has scrolled away included, without the spaces that fill them."""
        above = [
            "".join(row[x].data for x in range(self._screen.columns))
            for row in self._screen.history.top
        ]
        lines = [line.rstrip() for line in (*above, *self._screen.display)]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def until(self, seen: Callable[[list[str]], bool], seconds: float = 60) -> list[str]:
        """Read until the screen is as wanted and stays so for a moment; what it shows then.

        What was typed a moment ago may not have been seen to yet.
        """
        end = time.monotonic() + seconds
        while True:
            fits = seen(self.shown())
            left = end - time.monotonic()
            assert left > 0, "\n".join(self.shown()[-40:])
            if not select.select([self._end], [], [], STILL if fits else left)[0]:
                if fits:
                    break
                continue
            try:
                self._feed(os.read(self._end, 65536))
            except OSError:  # the other side has closed
                assert seen(self.shown()), "\n".join(self.shown()[-40:])
                break
        return self.shown()

    def _feed(self, data: bytes) -> None:
        self.heard += data
        self._stream.feed(data)

    def until_line(self, line: str) -> list[str]:
        """Read until the last line is this one."""
        return self.until(lambda lines: bool(lines) and lines[-1] == line)

    def type(self, text: str) -> None:
        """Send keys."""
        os.write(self._end, text.encode())

    def ends(self, seconds: float = 30) -> int:
        """The exit code, once the process has ended and all it wrote was read."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            is_over = self.process.poll() is not None
            if select.select([self._end], [], [], 0.1)[0]:
                try:
                    self._feed(os.read(self._end, 65536))
                except OSError:
                    break
            elif is_over:
                break
        return self.process.wait(30)

    def cells(self) -> list[list[tuple[str, str, bool]]]:
        """All lines, cell by cell: what stands there, its colour by name, whether it is bold."""
        buffer, n = self._screen.buffer, self._screen.columns
        rows = [*self._screen.history.top, *(buffer[y] for y in range(self._screen.lines))]
        return [[(row[x].data, row[x].fg, row[x].bold) for x in range(n)] for row in rows]

    def close(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self.process.wait()
        os.close(self._end)


@contextmanager
def terminal(cwd: Path, *args: str, columns: int = 80, lines: int = 40) -> Iterator[Terminal]:
    """A command on a terminal, ended at the end."""
    made = Terminal(cwd, *args, columns=columns, lines=lines)
    try:
        yield made
    finally:
        made.close()
