"""How much is said, and a log of it: -q, -v and --log.

What the library notes on the way (`logging`, under the name `relaion`) is heard by -v and by the
log; what stands on the terminal anyway goes to the log alone. Neither is told more than counts,
names of columns and shards, and places that the user named: no value of a list or a row, and of the
command's words only which options there were, since a link may be among the others.
"""

import fcntl
import logging
import os
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.text import Text

from relaion.cli.consoles import talk
from relaion.errors import InputError
from relaion.paths import shown
from relaion.run.progress import NOTHING, Extent, Progress, Quiet

NOTES = logging.getLogger("relaion")
_COMMANDS = (" -c '", "; run: ")  # what stands before or in a line to be copied
_SHOWN = "shown"  # an attribute of records that stand on the terminal anyway
_FIRST = "# relaion log"  # of a file that more may be added to


class _Spoken(logging.Handler):
    """Writes notes to stderr, with the seconds since the command began."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._began = time.monotonic()

    def emit(self, record: logging.LogRecord) -> None:
        """A line, unless it stands there anyway."""
        if not getattr(record, _SHOWN, False):
            line = f"{time.monotonic() - self._began:8.2f} s  {_one_line(record)}"
            talk.print(Text(line, style="dim"))


class _Kept(logging.Handler):
    """Adds lines to a file; where that fails it is said once, and the run goes on."""

    def __init__(self, path: Path) -> None:
        super().__init__(logging.DEBUG)
        self._path = path
        self._file: int | None = _opened(path)

    def emit(self, record: logging.LogRecord) -> None:
        """A line with the day and time of the world's clock, and how much it matters."""
        if self._file is None:
            return
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = f"{when} {record.levelname.lower()} {_one_line(record)}\n"
        raw = line.encode("utf-8", "backslashreplace")
        try:
            while raw:
                raw = raw[os.write(self._file, raw) :]
        except OSError as e:
            self.close()
            why = e.strerror or type(e).__name__
            say(f"{shown(self._path)}: the log ends here, it cannot be written ({why})")

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        super().close()


def _one_line(record: logging.LogRecord) -> str:
    return shown(" ".join(record.getMessage().split()))


def _opened(path: Path) -> int:
    """The file, made 0600 or added to where it is a log already; raises InputError."""
    where = shown(path)
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC
        file = os.open(path, flags, 0o600)
    except OSError as e:
        raise InputError(f"{where}: no log can be kept there ({e.strerror}); check --log") from None
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise InputError(f"{where}: is no file; name one for --log")
        begins = os.pread(file, len(_FIRST) + 1, 0)
        if begins not in (b"", f"{_FIRST}\n".encode()):
            raise InputError(f"{where}: holds something else than a log; name another file")
        os.fchmod(file, 0o600)
        fcntl.fcntl(file, fcntl.F_SETFL, fcntl.fcntl(file, fcntl.F_GETFL) & ~os.O_NONBLOCK)
        if not begins:
            os.write(file, f"{_FIRST}\n".encode())
    except OSError as e:
        os.close(file)
        raise InputError(f"{where}: no log can be kept there ({e.strerror}); check --log") from None
    except InputError:
        os.close(file)
        raise
    return file


# -- One command: from here on -----------------------------------------------------------------


def begin(*, quiet: bool = False, verbose: bool = False, log: Path | None = None) -> None:
    """Say as much as is asked for, until the next command; raises InputError for the log."""
    for handler in NOTES.handlers[:]:
        NOTES.removeHandler(handler)
        handler.close()
    talk.quiet = quiet
    NOTES.propagate = False
    NOTES.addHandler(logging.NullHandler())
    if verbose:
        NOTES.addHandler(_Spoken())
    if log is not None:
        NOTES.addHandler(_Kept(log))
    least = logging.DEBUG if verbose and log is not None else logging.INFO
    NOTES.setLevel(least if verbose or log is not None else logging.CRITICAL)


def say(line: str) -> None:
    """Print a line on stderr, however quiet it is to be there."""
    quiet, talk.quiet = talk.quiet, False
    try:
        # a command in it is to be copied in one piece
        talk.print(Text(f"relaion: {line}"), soft_wrap=any(c in line for c in _COMMANDS))
    finally:
        talk.quiet = quiet


def keep(line: str, level: int = logging.INFO) -> None:
    """Write what stands on the terminal anyway to the log."""
    NOTES.log(level, "%s", line, extra={_SHOWN: True})


class Heard:
    """A listener to a run that notes its phases and their times, and passes all on to another."""

    def __init__(self, listener: Progress) -> None:
        self._listener = listener
        self._phase: tuple[str, float] | None = None

    def steps(self, names: Sequence[str]) -> None:
        """What is to come."""
        self._listener.steps(names)

    def phase(
        self, step: str, whole: Extent = NOTHING, before: Extent = NOTHING, detail: str = ""
    ) -> None:
        """A phase begins, so the one before has ended."""
        self.end()
        self._phase = ": ".join([step, *([detail] if detail else [])]), time.monotonic()
        n = whole.shards
        NOTES.info("%s begins%s", self._phase[0], f", {n:,} shard{'s' * (n != 1)}" if n else "")
        self._listener.phase(step, whole, before, detail)

    def done(self, part: Extent, task: int | None = None) -> None:
        """So much more is through."""
        self._listener.done(part, task)

    def moved(self, task: int, groups: float) -> None:
        """A task is under way."""
        self._listener.moved(task, groups)

    def say(self, text: str) -> None:
        """A line that stays."""
        keep(text, logging.WARNING)
        self._listener.say(text)

    def end(self) -> None:
        """The last phase has ended."""
        if self._phase is not None:
            name, began = self._phase
            NOTES.info("%s took %.2f s", name, time.monotonic() - began)
            self._phase = None


class Unheard(Heard, Quiet):
    """One that nobody hears, with `--quiet`: what a run said meanwhile, its last line must say."""


@contextmanager
def heard(listener: Progress) -> Iterator[Heard]:
    """What `Heard` does, to the end of the last phase."""
    hears = (Unheard if talk.quiet else Heard)(listener)
    yield hears
    hears.end()


def machine() -> str:
    """What this run is done with, by versions; no library is loaded for it."""
    from relaion.run.settings import versions  # noqa: PLC0415 - reads the environment's metadata

    found = versions()
    python = ".".join(map(str, sys.version_info[:3]))
    return (
        f"relaion {found['relaion']}, Python {python}, DuckDB {found['duckdb']}, "
        f"pyarrow {found['pyarrow']}"
    )
