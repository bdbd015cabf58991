"""The three streams of the command line, so that no output is lost without a word.

Where stdout cannot be written (closed, a full disk, a reader that has gone), `Unwritten` says so;
rich and typer would end the program themselves on the OSError that Python raises. What cannot be
said on stderr is left unsaid: the exit code stays what it is. Progress is drawn on stderr.
"""

import errno
import io
import os
import select
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self, TextIO

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from relaion.run.progress import NOTHING, Course, Extent, Position, Rarely, clock

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer
    from rich.live import Live


class Unwritten(Exception):
    """Raised when output is lost; no RelaionError, which the SQL prompt would go on after."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror or type(error).__name__)
        self.reader_gone = error.errno == errno.EPIPE


class _Data(io.FileIO):
    """What is written must arrive."""

    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            # None where a pipe that does not block is full, as some parents leave theirs
            while (done := super().write(data)) is None:
                select.select([], [self], [])
        except OSError as e:
            raise Unwritten(e) from None
        return done


class _Talk(io.FileIO):
    """What is written should arrive."""

    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            done = super().write(data)
        except OSError:
            done = None
        return memoryview(data).nbytes if done is None else done


def own_streams() -> None:
    """Write to stdout and stderr through files of our own, whatever this process was given."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="surrogateescape")  # to be refused where it is read
    sys.stdout = _text(_Data(1, "w", closefd=False), sys.stdout)
    sys.stderr = _text(_Talk(2, "w", closefd=False), sys.stderr)


def _text(file: io.FileIO, was: TextIO | None) -> io.TextIOWrapper:
    """Text as the stream that was here; what its encoding lacks is written with a backslash."""
    return io.TextIOWrapper(
        io.BufferedWriter(file),
        encoding="utf-8" if was is None else was.encoding,
        errors="backslashreplace",
        line_buffering=file.fileno() == 2 or file.isatty(),
    )


# -- Progress: one line below the notices on a terminal; in a pipe a line now and then -----------

_BAR = 16  # columns at most; in a narrow window there is none
_GAP = "  "


def line_of(position: Position, width: int) -> Text:
    """Where a command stands in one line of at most so many columns: what matters most first."""
    share = "" if position.share is None else f"{position.share:.0%}".rjust(4)
    count, left, elapsed = position.count, position.time_left, clock(position.elapsed)
    short = position.number and f"{position.number}/{position.of} {position.step}"
    for parts in (
        (position.name, _bar(position.share, _BAR), share, count, elapsed, left),
        (position.name, _bar(position.share, _BAR // 2), share, count, elapsed, left),
        (position.name, share, count, elapsed, left),
        (position.name, share, count.partition(" ")[0], elapsed, left),
        (position.name, share, elapsed, left),
        (short or position.name, share, elapsed, left.removeprefix("about ")),
        (short or position.name, share, elapsed),
    ):
        text = _GAP.join(part for part in parts if part)
        if cell_len(text) <= width:
            break
    return Text(set_cell_size(text, min(width, cell_len(text))), no_wrap=True)


def _bar(share: float | None, width: int) -> str:
    if share is None:
        return ""
    full = round(share * width)
    return "━" * full + "─" * (width - full)


class Bars:
    """Listens to a run and draws where it stands; notices are lines above it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._course, self._lines = Course(), Rarely()
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            from rich.live import Live  # noqa: PLC0415 - loaded when it is first used

            self._live = Live(
                console=self._console, get_renderable=self._drawn, refresh_per_second=4,
                transient=True, redirect_stdout=False, redirect_stderr=False,
            )  # fmt: skip
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def _drawn(self) -> Text:
        position = self._course.position()
        return Text() if position is None else line_of(position, self._console.width - 1)

    def steps(self, names: Sequence[str]) -> None:
        """What is to come."""
        self._course.steps(names)

    def phase(
        self, step: str, whole: Extent = NOTHING, before: Extent = NOTHING, detail: str = ""
    ) -> None:
        """Begin a step, or the next part of one."""
        self._course.phase(step, whole, before, detail)
        if self._live is not None:
            self._live.refresh()
        self._tell()

    def done(self, part: Extent, task: int | None = None) -> None:
        """Move on."""
        self._course.done(part, task)
        self._tell()

    def moved(self, task: int, groups: float) -> None:
        """Move on within a task."""
        self._course.moved(task, groups)
        self._tell()

    def _tell(self) -> None:
        if self._live is None and self._lines.is_time():
            position = self._course.position()
            if position is not None:
                self.say(position.sentence)

    def say(self, text: str) -> None:
        """A line that stays."""
        self._console.print(Text(text))
