"""What DuckDB's errors are called: in words that hold no value of a row or a list."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from relaion.errors import EngineError, RelaionError, ShortError, Stopped
from relaion.paths import shown

# duckdb exception class -> what happened, in words that hold no value
_WORDS: tuple[tuple[type[duckdb.Error], str], ...] = (
    (duckdb.IOException, "could not read or write a file (missing, damaged, or the disk is full)"),
    (duckdb.InvalidInputException, "met a value or a file that it cannot read"),
    (duckdb.ConversionException, "met a value that does not fit its column's type"),
    (duckdb.ConstraintException, "met a value twice where it may occur once"),
    (duckdb.PermissionException, "was asked for a file that is out of reach here"),
    (duckdb.CatalogException, "was asked for a table or function that does not exist here"),
    (duckdb.ParserException, "cannot parse the statement"),
    (duckdb.BinderException, "cannot bind a column or function of the statement"),
    (duckdb.InterruptException, "was interrupted"),
)

# the same, where a part of the message that is DuckDB's own tells more
_NO_DIVISOR = "Invalid Input Error: Division by zero"
_TOLD: tuple[tuple[type[duckdb.Error], str, str], ...] = (
    (duckdb.CatalogException, "already exists",
     "was to make a table or function whose name is taken"),
    (duckdb.InvalidInputException, "in read-only mode",
     "was asked to change a table, which is not allowed here; ask with select"),
    (duckdb.InvalidInputException, _NO_DIVISOR,
     "was to divide by zero; write nullif(…, 0) in the script"),
    (duckdb.ConstraintException, "Error: NOT NULL constraint",
     "was to insert null where none may be"),
)  # fmt: skip


# what the system said, which quotes nothing
NO_ROOM = "found no room on the disk"
_CAUSES = {
    "No space left on device": NO_ROOM,
    "File too large": "found no room for a file",
    "Input/output error": "could not read or write: the disk fails",
    "Permission denied": "may not read or write a file",
    "No such file or directory": "did not find a file",
}
_UNCOMMITTED = re.compile(
    r"TransactionContext Error: Failed to commit: (?:Could not|Cannot|Failed to) \w+ file "
)


def cause_of(error: duckdb.Error) -> str | None:
    """What the system said, if it did: of files, be it of the log, whose loss is fatal.

    Other errors quote values, which may say the same; so does a commit that fails for a value.
    """
    is_of_file = isinstance(error, (duckdb.IOException, duckdb.FatalException))
    if not is_of_file and not _UNCOMMITTED.match(str(error)):
        return None
    return next((cause for said, cause in _CAUSES.items() if said in str(error)), None)


def is_of_memory(error: duckdb.Error) -> bool:
    """Whether memory ran out, be it that of a library which DuckDB holds."""
    is_other = type(error) is duckdb.Error and "Allocation error" in str(error)
    return is_other or isinstance(error, duckdb.OutOfMemoryException)


def words(error: duckdb.Error) -> str:
    """What happened, for a sentence that begins with DuckDB."""
    cause = cause_of(error)
    if cause is not None:
        return cause
    if is_of_memory(error):
        return "ran out of memory; give more with --memory"
    for cls, said, what in _TOLD:
        if isinstance(error, cls) and said in str(error):
            return what
    return next((words for cls, words in _WORDS if isinstance(error, cls)), "failed")


def failed(doing: str, error: duckdb.Error, detail: str) -> RelaionError:
    """What to raise for a failure of our own statement: the words of DuckDB may quote a row."""
    line = f"{shown(doing)}: DuckDB {words(error)} ({type(error).__name__}){detail}"
    if is_of_memory(error):  # an EngineError may be taken for a sign of damage
        return ShortError(line)
    said = EngineError(line)
    said.by_file = is_by_file(error)
    said.no_room = cause_of(error) == NO_ROOM
    said.by_statement = isinstance(error, BY_STATEMENT)
    return said


BY_STATEMENT = (
    duckdb.ParserException,
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.PermissionException,
)


def is_by_file(error: duckdb.Error) -> bool:
    """Whether an error may come from what a file holds, not from the machine or a statement.

    One of no kind at all is one: so the reader of parquet tells of encodings that it does not know.
    """
    kinds = (
        duckdb.IOException,
        duckdb.InvalidInputException,
        duckdb.ConversionException,
        duckdb.NotSupportedError,
        duckdb.SerializationException,
    )
    is_one = type(error) is duckdb.Error or isinstance(error, kinds)
    is_other = (
        is_of_memory(error) or str(error).startswith(_NO_DIVISOR) or cause_of(error) is not None
    )
    return is_one and not is_other


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise what a signal raised: DuckDB stops for it, but loses it and says another thing."""
    before = Stopped.latest
    try:
        yield
    except (RuntimeError, duckdb.InterruptException) as e:
        if Stopped.latest is not before and Stopped.latest is not None:
            raise Stopped(Stopped.latest.signal) from None
        if isinstance(e, duckdb.Error):
            raise
        raise KeyboardInterrupt from None  # no other signal interrupts a library


@contextmanager
def mistakes(where: str) -> Iterator[None]:
    """Explain what a user's script cannot do, whatever the data: nothing but it can be quoted.

    What stops it for want of time or memory passes.
    """
    try:
        with interruptible():
            yield
    except (duckdb.InterruptException, duckdb.OutOfMemoryException):
        raise
    except duckdb.Error as e:
        said = f"DuckDB {words(e)}"
        if isinstance(e, BY_STATEMENT) and not isinstance(e, duckdb.PermissionException):
            said = str(e).strip().splitlines()[0].rstrip("!.")
        raise EngineError(f"{where}: {said}") from None


@contextmanager
def explained() -> Iterator[None]:
    """Explain a mistake in a user's statement; any other failure is said in our words."""
    try:
        with interruptible():
            yield
    except (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException) as e:
        raise EngineError(f"the query: {_first_and_hint(str(e))}") from None
    except duckdb.Error as e:
        raise EngineError(f"the query: DuckDB {words(e)} ({type(e).__name__})") from None


# of tables, columns and functions: names of what may be asked, all of which may be listed there
_HINT = re.compile(r"(Did you mean|Candidate bindings:) \"[^\n]*\"\??")


def _first_and_hint(message: str) -> str:
    """What is wrong, and the names that may have been meant; what else DuckDB says may be long."""
    first, *others = message.strip().splitlines()
    hints = [line for line in others if _HINT.fullmatch(line)]
    return " ".join([first, *hints[:1]])


def unopened(database: Path | None, error: duckdb.Error) -> RelaionError:
    """What to say of a file that DuckDB does not open."""
    if is_of_memory(error):
        return ShortError(f"{shown(database)}: DuckDB {words(error)}")
    if "could not set lock" in str(error).lower():  # "lock" alone is in "block", too
        return EngineError(f"{shown(database)}: another process has it open; wait for it to end")
    return EngineError(
        f"{shown(database)}: cannot be opened as a DuckDB database ({type(error).__name__}); "
        "check the path and that the file is whole"
    )
