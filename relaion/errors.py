"""What can go wrong, one class a stage.

RelaionError                 one line for the user, exit code 2
├── InputError               a path, shard, column or option is not what was asked for
│   ├── DamagedError         a shard cannot be read as parquet; the others can
│   └── LinklessError        a shard has no link column
├── ListError                a partner file or the list store cannot be used
├── ScriptError              a SQL script is missing, malformed, unknown or changed
├── EngineError              DuckDB refused; the text is ours, never the engine's
├── ShortError               memory ran out: what was to be read may be whole
├── OutputError              OUT cannot be written, or is not ours to write
│   └── NoRoomError          nothing can be written there: the disk is full
├── BusyError                another run holds the lock
└── StopError                the run stopped itself, to be confirmed or resumed

Every message names the file, says what is wrong, what was found and what to do,
and holds no value of a list or a row: DuckDB and Arrow quote values in theirs, so
an engine's message is never passed on (`relaion.engine` drops it with `from None`).
"""

import errno
from typing import ClassVar


class RelaionError(Exception):
    """Raised when a user's input or machine is at fault; `str()` is the one line to print."""


class Stopped(BaseException):
    """Raised by the command line where a signal arrives; its text says how to go on, if any.

    `latest` is the last one made: native code that was interrupted loses the exception itself.
    """

    latest: "ClassVar[Stopped | None]" = None

    def __init__(self, signal: int, text: str = "") -> None:
        super().__init__(text)
        self.signal = signal
        Stopped.latest = self


class InputError(RelaionError):
    """Raised when a path, a shard, a column or an option is not usable."""


class DamagedError(InputError):
    """Raised when a file is no parquet, is cut off, or cannot be decoded."""


class LinklessError(InputError):
    """Raised when a shard has no link column, and none was named."""


class ListError(RelaionError):
    """Raised when a partner file or the list store is not usable."""


class ScriptError(RelaionError):
    """Raised when a SQL script is missing, malformed or changed after its release."""


class EngineError(RelaionError):
    """Raised when DuckDB fails; names our script and the class of the failure only.

    `by_file`: it may be that it cannot read a file which others can. `by_statement`: it did not
    take the statement, whatever the data hold. `no_room`: the disk is full.
    """

    by_file = False
    no_room = False
    by_statement = False


class ShortError(RelaionError):
    """Raised when DuckDB ran out of memory: what it was to read may be whole."""


def is_short(error: BaseException) -> bool:
    """Whether this process ran out of memory, or may begin no thread, which takes some."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    began_none = isinstance(error, RuntimeError) and "start new thread" in str(error)
    return began_none or isinstance(error, MemoryError)


class OutputError(RelaionError):
    """Raised when an output folder cannot be written or holds something else."""


class NoRoomError(OutputError):
    """Raised when nothing more can be written at all: the disk is full, or is none any more."""


class BusyError(RelaionError):
    """Raised when another process holds the lock on an output or a store."""


class StopError(RelaionError):
    """Raised when a run stops itself: a limit to confirm, failed shards, a signal."""
