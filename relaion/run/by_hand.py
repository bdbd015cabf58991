"""A run as a folder of SQL and parquet files, to be run by hand: in a DuckDB shell, without us.

The run is done here and now, up to the decision which rows leave, and every statement of it is
noted (`tape.py`). So the text follows the run, not a second list of what it does.
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from relaion.engine import literal
from relaion.errors import InputError, ListError, OutputError, RelaionError, ScriptError
from relaion.paths import atomic_write, private_folder, shown
from relaion.roles import COUNTED
from relaion.run.decide import Decider
from relaion.run.find import BATCH_ROWS, Hunt
from relaion.run.find_task import Finders, run_find
from relaion.run.journal import FIND, Journal
from relaion.run.known_lists import snapshot
from relaion.run.pipeline import Request
from relaion.run.pool import AnyTask, Progress, TaskOutcome
from relaion.run.search_task import FindTask
from relaion.run.settings import write_keywords
from relaion.run.sidecars import read_sealed_sidecars
from relaion.run.survey import Numbered, several
from relaion.run.tape import Tape
from relaion.run.tasks import task

SCRIPT = "by_hand.sql"
_DATA = "data"


class _Here:
    """Does the steps of the search in this process, on noted connections."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._finders = Finders(tape.connect)

    def run(self, tasks: Sequence[AnyTask]) -> Iterator[TaskOutcome]:
        for each in tasks:
            if not isinstance(each, FindTask):  # nothing is written
                raise TypeError(f"a search, not {type(each).__name__}")
            start = len(self._tape)
            try:
                done = run_find(each, self._finders)
                yield TaskOutcome(each.no, None, said=done.plain())
            except RelaionError as e:
                self._tape.cut(start)
                fatal = isinstance(e, (ListError, ScriptError, OutputError))
                yield TaskOutcome(each.no, str(e), fatal)


def write_by_hand(request: Request, lists: Path, into: Path, progress: Progress) -> Path:
    """Write the folder `into` (0700), which must be new or empty; returns the script in it.

    Raises OutputError for the folder, InputError for too many rows or a shard that cannot be read.
    """
    if into.is_dir() and any(into.iterdir()):
        raise OutputError(f"{shown(into)}: is not empty; name a new folder")
    inputs = request.inputs
    shards = inputs.whole()
    if inputs.rows > BATCH_ROWS:
        raise InputError(
            f"{inputs.rows:,} rows are too many to be decided at once by hand (at most "
            f"{BATCH_ROWS:,}); name some of the shards"
        )
    private_folder(into)
    try:
        return _write(request, lists, into.absolute(), shards, progress)
    except BaseException:
        shutil.rmtree(into, ignore_errors=True)
        raise


def _write(
    request: Request, lists: Path, into: Path, shards: tuple[Numbered, ...], progress: Progress
) -> Path:
    work = private_folder(into / _DATA)
    journal = Journal(work)
    store = snapshot(lists, request.known, journal)
    settings = replace(request.settings, out=into, work=work)
    beside = (
        read_sealed_sidecars(request.sidecars, journal, settings.columns, [])
        if request.sidecars
        else ()
    )
    if request.keywords:
        write_keywords(work, request.keywords)
    tape = Tape(work / "answers")
    tape.add(_files(shards))
    failed: list[str] = []
    hunt = Hunt(
        settings, beside, COUNTED, store, journal, _Here(tape), progress,
        lambda _, line: failed.append(line),
    )  # fmt: skip
    searched = hunt.run(shards)
    if failed:
        raise InputError(several(failed))
    decider = Decider(settings, tape.connect, tape.connect_own)
    try:
        copies = journal.copies(n.no for n in shards)
        decider.decide(task(settings, shards, searched.digests, searched.seals, copies))
    finally:
        decider.close()
    for path in tape.written:
        path.unlink(missing_ok=True)
    shutil.rmtree(work / FIND, ignore_errors=True)
    for left in (*work.glob("*.json*"), work / "errors.log"):
        left.unlink(missing_ok=True)
    with atomic_write(into / SCRIPT, mode=0o600) as part:
        part.write_text(f"{_HEAD}\n{tape.text}", encoding="utf-8")
    return into / SCRIPT


_HEAD = """\
-- A run of relaion, to be run by hand. It reads the shards where they lie and the files beside it,
-- and writes nothing. At its end, which rows leave which edition stands in `removals`, and which
-- shard a number is in `shard_files`. As secret as the lists: remove the folder when done.
"""


def _files(shards: Sequence[Numbered]) -> str:
    lines = []
    for n in shards:
        path = literal(shown(n.shard.path.absolute()))
        lines.append(f"    ({n.no:d}, {literal(shown(n.shard.subset))}, {path})")
    return (
        "create or replace temp table shard_files as\nfrom (values\n"
        + ",\n".join(lines)
        + "\n) as f(shard_no, subset, path)"
    )
