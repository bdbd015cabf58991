"""The three streams of the command line, so that no output is lost without a word.

Where stdout cannot be written (closed, a full disk, a reader that has gone), `Unwritten` says so;
rich and typer would end the program themselves on the OSError that Python raises. What cannot be
said on stderr is left unsaid: the exit code stays what it is.
"""

import errno
import io
import os
import select
import sys
from typing import TYPE_CHECKING, TextIO

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
            while (done := _write(self, data)) is None:
                select.select([], [self], [])
        except OSError as e:
            raise Unwritten(e) from None
        return done


class _Talk(io.FileIO):
    """What is written should arrive."""

    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            done = _write(self, data)
        except OSError:
            done = None
        return memoryview(data).nbytes if done is None else done


def _write(file: io.FileIO, data: "ReadableBuffer") -> int | None:
    return io.FileIO.write(file, data)


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
