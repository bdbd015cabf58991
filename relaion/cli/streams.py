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
from typing import TYPE_CHECKING, Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


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


# -- Progress: shards, rows, rate, time left; silent where nobody looks --------------------------


class Bars:
    """Listens to a run and draws a bar for each phase; notices are lines between them."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = Progress(
            TextColumn("{task.description:<9}"),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[shards]}/{task.fields[of]} shards"),
            TextColumn("{task.completed:,.0f} rows"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def phase(self, name: str, shards: int, rows: int) -> None:
        """A new bar for a new phase."""
        if self._task is not None:
            self._bars.remove_task(self._task)
        self._task = self._bars.add_task(name, total=rows or 1, shards=0, of=shards, rate="")

    def done(self, shards: int, rows: int) -> None:
        """Move the bar on."""
        if self._task is None:
            return
        task = next(t for t in self._bars.tasks if t.id == self._task)
        self._bars.update(self._task, advance=rows, shards=task.fields["shards"] + shards)
        speed = task.speed
        self._bars.update(self._task, rate=f"{speed:,.0f} rows/s" if speed else "")

    def say(self, text: str) -> None:
        """A line that stays."""
        self._console.print(Text(text), soft_wrap=True)
