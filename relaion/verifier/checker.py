"""`verify`: the promises of a finished run, checked by other code than the run's own."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from relaion.errors import InputError, OutputError
from relaion.lists.snapshot import Snapshot, hold
from relaion.parquet.columns import watched
from relaion.parquet.roles import Columns
from relaion.paths import shown
from relaion.verifier import file_checks
from relaion.verifier.arguments import (
    Arguments,
    Given,
    check_given,
    check_installation,
    same_columns,
)
from relaion.verifier.manifest import MANIFEST, Statement, check_shape, read_statement
from relaion.verifier.schedule import Done, Job, check_rows
from relaion.verifier.verdict import PROMISES, Notes, Verdict


def verify(
    out: Path,
    *,
    inputs: Sequence[Path] = (),
    lists: Path | Snapshot | None = None,
    keywords: Path | bytes | None = None,
    key: Path | bytes | None = None,
    columns: Columns | None = None,
    sidecars: Sequence[Path] = (),
    workers: int = 1,
    done: Done | None = None,
    held: Callable[[], object] = lambda: None,
    work: Path | None = None,
) -> Verdict:
    """Re-check the promises of a finished OUT; what could not be checked is said, with why.

    `inputs`, `lists`, `keywords`, `sidecars` and `key` (default: the one beside the lists) are
    those of the run; keywords and key may be read already. `held()` is called as soon as the
    store is open, `done(shards, rows)` after each shard. Writes nothing but private copies of
    sidecars of text lines, in the private folder `work` or one that is gone afterwards. A list
    of hashed links makes it slow: each link is written in every way that may have been hashed
    (some 4 µs a row).
    Raises InputError or ListError for an argument that cannot be read; whatever is wrong
    with OUT itself is a finding of the verdict.
    """
    if not out.is_dir():
        raise InputError(f"{shown(out)}: no such folder; name the OUT of a finished run")
    notes = Notes()
    try:
        statement = read_statement(out)
    except OutputError as e:
        notes.find("5", MANIFEST, str(e).removeprefix(f"{MANIFEST}: "))
        for promise in PROMISES:
            notes.skip(promise, "OUT has no manifest that can be read")
        return notes.verdict(shown(out))
    if not check_shape(statement, notes):
        for promise in PROMISES:
            notes.skip(promise, "OUT has no manifest as clean writes one")
        return notes.verdict(shown(out))
    same_columns(statement, columns, notes)
    check_installation(statement, notes)
    with ExitStack() as stack:
        opened = None if lists is None else stack.enter_context(hold(lists))
        held()
        arguments = Arguments(inputs, opened, keywords, key, sidecars, work)
        given = check_given(statement, arguments, notes, stack)
        _say_unchecked(statement, given, notes)
        file_checks.check_tree(out, statement, notes)
        file_checks.check_stated(statement, notes)
        file_checks.check_private(opened, notes)
        check_rows(Job(out, statement, given, workers, done), notes)
    return notes.verdict(shown(out))


def verify_telling(
    out: Path, *, tell: Callable[..., object], ended: Mapping[Path, str], **given: Any
) -> Verdict:
    """`verify` for another process, which hears of what may end this one.

    Told are None when the store is open, the file that is read next, and what is done. `ended`
    are files that ended such a process before, and how: they count as unreadable.
    """

    def done(shards: int, rows: int) -> None:
        tell((shards, rows))

    with watched(tell, ended):
        return verify(out, **given, held=lambda: tell(None, waits=True), done=done)


def _say_unchecked(statement: Statement, given: Given, notes: Notes) -> None:
    lists, inputs = given.lists is not None, bool(given.sources)
    if not lists:
        notes.skip("1a", "no lists given")
        notes.limit("4", "not compared with the lists: none given")
    if not inputs:
        for promise in ("1b", "2", "6"):
            notes.skip(promise, "no inputs of the run given")
        notes.limit("1a", "other rows with a listed link are looked for among kept rows only")
        notes.limit("3", "not compared with the original: no inputs of the run given")
    for why in given.unlike:
        notes.skip("1b", why)
        notes.skip("6", why)
    for edition in statement.editions:
        if not edition.modelled:
            why = f"edition {shown(edition.name)} has a script of its own"
            notes.limit("1b", f"{why}: whether it lost innocent rows cannot be judged")
            notes.limit("1a", f"{why}: only its lists were checked")
            notes.limit("6", f"{why}: its counts were not recomputed")
