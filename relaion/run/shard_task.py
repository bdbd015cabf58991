"""What a worker does with a batch of shards: decide, then mask the rows out of each and write it.

A shard that fails is told apart; the others of its batch are done.
"""

import hashlib
import os
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeAlias

import pyarrow as pa

from relaion.errors import EngineError, InputError, NoRoomError, OutputError, RelaionError
from relaion.odometer import ODOMETER
from relaion.parquet.mended import hidden_roles
from relaion.parquet.writer import Target, write_editions
from relaion.paths import (
    Seal,
    Stamp,
    atomic_write,
    file_sha256,
    is_still,
    read_still,
    replaced,
    seal,
    shown,
    stamp_of,
    sync_file,
    sync_folder,
    unwritten,
)
from relaion.paths.stand_ins import record_of, within_tree
from relaion.remote.failures import ChangedObjectError, GoneError, StoreDownError, changed
from relaion.remote.standing import digested, drop, object_of, whole
from relaion.run.decide import Decider, Decision
from relaion.run.numbered import Numbered
from relaion.run.process import TaskOutcome
from relaion.run.progress import Extent
from relaion.run.putting import put_editions
from relaion.run.settings import Settings
from relaion.run.tasks import ParentShard, Report, Task, WrittenShard
from relaion.run.walk import missing_rows

_UNDECIDED = Decision({}, [], [], [])  # of a shard whose editions stay as they were
Outputs: TypeAlias = "tuple[dict[str, WrittenShard], list[str]]"


def run_task(
    task: Task, decider: Decider, line: Callable[[str, BaseException], str]
) -> TaskOutcome:
    """Decide a batch, write its shards, count.

    What is said: a report of each shard that was done, by number a line for each that failed, and
    those that have other bytes than when they were searched. `line` says in one line what an
    unexpected error of a shard was. Raises what decides nothing for any shard of the batch; where
    it has one shard alone, that one is named. Where there is no room for one shard, the others of
    its batch are not tried.
    """
    try:
        done = _written(task, decider, line)
        _flush_given(task, done.said["reports"])
        return done
    except ChangedShardError as e:  # of one alone, before it was decided
        return TaskOutcome(task.no, str(e), said={"changed": [task.no]})
    finally:
        _flush_folders(task)


def _decide(task: Task, decider: Decider) -> dict[int, Decision]:
    """What leaves each shard that does not stay as it was."""
    decided = task.decided
    if not decided:
        return {}
    decisions: list[dict[int, Decision]] = []
    seals = {n.shard.path: task.seals[n.no] for n in decided}
    part = replace(task, shards=decided)
    try:
        read_still(seals, lambda: decisions.append(decider.decide(part)))
    except RelaionError as e:
        if len(task.shards) == 1:
            _refuse_replaced(task, task.shards[0], e)
            if isinstance(e, EngineError) and e.no_room:  # a batch may need more than each
                raise NoRoomError(str(e)) from None
        raise
    return decisions[-1]


def _written(
    task: Task, decider: Decider, line: Callable[[str, BaseException], str]
) -> TaskOutcome:
    """Write the shards of a batch, one after the other, or as many at a time as it has threads."""
    reports: list[dict[str, Any]] = []
    failed: dict[int, str] = {}
    changed: list[int] = []
    no_room: str | None = None
    decisions: dict[int, Decision] = {}

    def decide() -> Sequence[Numbered]:
        decisions.update(_decide(task, decider))
        return task.decided

    def write(n: Numbered) -> dict[str, Any]:
        # to decide was the first half of it
        stays = n.no in task.stay
        with ODOMETER.stretch(Extent.of([n]).groups / (1 if stays else 2)):
            return _write_shard(task, n, _UNDECIDED if stays else decisions[n.no]).plain()

    staying = [n for n in task.shards if n.no in task.stay]
    with closing(_begun(write, decide, staying, task.threads)) as begun:
        for n, report in begun:
            try:
                reports.append(report())
            except (NoRoomError, StoreDownError) as e:  # the next one could not be done either
                no_room = str(e)
                break
            except ChangedShardError as e:
                failed[n.no] = str(e)
                changed.append(n.no)
            except RelaionError as e:
                failed[n.no] = str(e)
            except Exception as e:  # a bug met in one shard must not end the run
                failed[n.no] = line(shown(n.shard.path), e)
    said = {"reports": reports, "failed": failed, "changed": changed}
    return TaskOutcome(task.no, no_room, no_room is not None, said)


_Begun: TypeAlias = "tuple[Numbered, Callable[[], dict[str, Any]]]"


def _begun(
    write: Callable[[Numbered], dict[str, Any]],
    decide: Callable[[], Sequence[Numbered]],
    staying: Sequence[Numbered],
    threads: int,
) -> Generator[_Begun, None, None]:
    """Each shard with what waits for its report; what is not begun when this ends never is.

    Those that stay fill what is left free: they are begun while one thread decides, and those that
    are not begun by then wait until all others are, for one of these takes longer.
    """
    if threads == 1:
        yield from ((n, partial(write, n)) for n in (*decide(), *staying))
        return
    waiting = deque(staying)
    done: SimpleQueue[_Begun] = SimpleQueue()

    def next_one() -> None:
        n = waiting.popleft()
        found: Future[dict[str, Any]] = Future()
        try:
            found.set_result(write(n))
        except BaseException as e:  # raised where the report is asked for
            found.set_exception(e)
        done.put((n, found.result))

    with ThreadPoolExecutor(threads) as pool:
        try:
            for _ in staying:
                pool.submit(next_one)
            decided = decide()
            waiting.extendleft(reversed(decided))
            for _ in decided:
                pool.submit(next_one)
            for _ in (*decided, *staying):
                yield done.get()
        finally:
            pool.shutdown(cancel_futures=True)


def _flush_given(task: Task, reports: Sequence[Mapping[str, Any]]) -> None:
    """Have the disk keep what was linked or copied of a batch; what was written is flushed already.

    One by one each would wait for all that other threads write meanwhile.
    """
    shards = {n.no: n for n in task.shards}
    for report in reports if task.settings.store is None else ():
        for name, output in report["outputs"].items():
            if output["how"] != "written":
                _flush(task.settings.target(name, shards[report["no"]]), sync_file)


def _flush_folders(task: Task) -> None:
    """Have the disk keep the names of a batch, before anybody hears that it is done."""
    targets = [task.settings.target(e.name, n) for e in task.settings.editions for n in task.shards]
    for folder in sorted({target.parent for target in targets}):
        if folder.is_dir():
            _flush(folder, sync_folder)


def _flush(path: Path, sync: Callable[[Path], None]) -> None:
    try:
        sync(path)
    except OSError as e:
        if path.is_file():  # which the disk may not have
            path.unlink()
        raise unwritten(path, e, e.strerror or str(e)) from None


class ChangedShardError(InputError):
    """Raised for a shard that has other bytes than when it was searched."""


def _write_shard(task: Task, n: Numbered, decision: Decision) -> Report:
    """Write one shard of every edition.

    Raises InputError, and leaves no output, where it is another file than was searched.
    """
    source, known = n.shard.path, task.seals[n.no]
    settings = task.settings
    parents = task.parents.get(n.no, {}).values()
    done: list[Outputs] = []
    try:
        # an update gives what nothing touches the bytes of the parent
        sha256 = _digest(source, known, digested if n.no in task.stay else whole)
        (read,) = read_still({source: known}, lambda: done.append(_write(task, n, decision)))
        outputs, notices = done[-1]
        if n.shard.says_empty and (denied := hidden_roles(source, n.shard.layout)):
            notices.append(_denied(denied))
        stamps: dict[str, Stamp] = {}
        if settings.store is None:
            _same_bytes(settings, n, sha256, read, outputs)
            stamps = {e.name: stamp_of(settings.target(e.name, n)) for e in settings.editions}
        stamp = stamp_of(source)
        is_linked = any(output.how == "linked" for output in outputs.values())
        if stamp.written != read.written or not (
            is_linked or is_still(source, Seal(read, known.sha256))
        ):
            raise replaced(source)
        if settings.store is not None:
            origins = {p.sha256: p.path for p in parents} | {sha256: source}
            outputs = put_editions(settings, n, sha256, outputs, origins)
    except RelaionError as e:
        _refuse_replaced(task, n, e)
        raise
    finally:
        for path in (source, *(parent.path for parent in parents)):
            drop(path)
    return Report(
        n.no, n.shard.rows, stamp.size, sha256, task.hits.get(n.no, ""),
        {name: replace(output, stamp=stamps.get(name)) for name, output in outputs.items()},
        decision.tally, decision.groups, decision.scores, stamp, known.sha256, notices,
    )  # fmt: skip


def _digest(source: Path, known: Seal, digest_of: Callable[[Path], str | None]) -> str:
    """The SHA-256 of a shard; raises ChangedObjectError where the search saw other bytes."""
    record = record_of(source)
    if record is None:
        return known.sha256
    sha256 = digest_of(source) or known.sha256
    # where the search knew no digest, the version stands for it
    if known.sha256 not in (sha256, record.version):
        raise changed(object_of(record).url)
    return sha256


def _denied(columns: Sequence[str]) -> str:
    named = ", ".join(map(shown, columns))
    return (
        "footers say that row groups are NULL throughout where they hold values "
        f"(columns {named}); the values were read. A shard that loses no row keeps its footer: "
        "other programs may believe it, so write such shards again"
    )


def _refuse_replaced(task: Task, n: Numbered, error: RelaionError) -> None:
    """Raise ChangedShardError where that is so, whatever went wrong, and leave no output."""
    is_other = isinstance(error, (ChangedObjectError, GoneError))
    if isinstance(error, OutputError) or (
        not is_other and _is_searched(n.shard.path, task.seals[n.no])
    ):
        return
    for edition in task.settings.editions:
        task.settings.target(edition.name, n).unlink(missing_ok=True)
    said = error if isinstance(error, InputError) else replaced(n.shard.path)
    raise ChangedShardError(str(said)) from None


def _is_searched(source: Path, known: Seal) -> bool:
    if within_tree(source):  # what is read there is of the version that was searched, or refused
        return True
    try:
        return seal(source).sha256 == known.sha256
    except InputError:
        return False


def _write(task: Task, n: Numbered, decision: Decision) -> Outputs:
    """Write the shard of every edition that loses rows; the others have no output yet.

    Of an update, editions that lose no more than before are what they were.
    """
    settings = task.settings
    removed = dict(decision.removed)
    outputs: dict[str, WrittenShard] = {}
    for name, parent in task.parents.get(n.no, {}).items():
        whole(parent.path)
        without = decision.without.get(name)
        removed[name], as_before = _since(task, n, name, parent, removed.get(name), without)
        if as_before:
            outputs[name] = _as_before(settings, n, name, parent, task.seals[n.no])
    targets: list[tuple[str, Target]] = []
    for edition in settings.editions:
        target = settings.target(edition.name, n)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as e:
            raise OutputError(f"{shown(target.parent)}: cannot be made ({e.strerror})") from None
        if edition.name not in outputs and len(removed[edition.name]):
            targets.append((edition.name, Target(target, removed[edition.name])))
    notices: list[str] = []
    if targets:
        written = write_editions(
            n.shard.path, [t for _, t in targets], memory_bytes=settings.limits.writer_bytes
        )
        for (name, to), w in zip(targets, written, strict=True):
            if w.rows != n.shard.rows - len(removed[name]):
                raise OutputError(f"{shown(to.path)}: holds another number of rows than it should")
            outputs[name] = WrittenShard(w.rows, w.bytes, w.sha256, "written")
            notices += [said for said in w.notices if said not in notices]
    return outputs, notices


def _since(
    task: Task,
    n: Numbered,
    edition: str,
    parent: ParentShard,
    now: pa.Array | None,
    without: int | None = None,
) -> tuple[pa.Array, bool]:
    """The rows that leave an edition, and whether these are those that had left before.

    `now` are those that lists and rules name, None where nothing can have joined them. What left
    before stays out, whether anything names it yet: the edition is walked where fewer rows are
    named than had left; where touched shards alone were searched with all lists and the lists of
    before name others than had left (`without` of them are named), for a row may have left by the
    link of one that stands in another; where entries were taken back and a list found something
    here; and where a script of the user's own decides, of which nobody knows what it makes of
    longer lists. Else those that had left are among those that are named: lists only grow, so what
    those of before name had left then, and where these are as many, they are all that had left.
    """
    before = n.shard.rows - parent.rows
    if now is None:
        return pa.array([], pa.int64()), True
    settings = task.settings
    is_own = any(e.name == edition and not e.built_in for e in settings.editions)
    others = bool(task.gained) and without != before
    walks = len(now) < before or others or is_own or (task.is_less and n.no in task.hits)
    if walks or task.gained:  # how many had left is told by the manifest that states its digest
        _refuse_other_edition(parent, seal(parent.path))
    if walks:
        left = missing_rows(
            n.shard.path, parent.path, n.shard.names, settings.work, settings.limits.decide_memory
        )
        now = pa.array(sorted({*left.to_pylist(), *now.to_pylist()}), pa.int64())
    return now, len(now) == before


def _as_before(
    settings: Settings, n: Numbered, edition: str, parent: ParentShard, source: Seal
) -> WrittenShard:
    """Give an edition the bytes that it had: by a hard link, else by a copy."""
    found = source if _is_source(n, parent, source) else seal(parent.path)
    _refuse_other_edition(parent, found)
    target = settings.target(edition, n)
    with atomic_write(target, flush=False) as part:  # of a batch together
        is_linked = not settings.copy and hard_linked(parent.path, part, found.stamp)
        if not is_linked and copied(parent.path, part) != parent.sha256:
            raise replaced(parent.path)
    return WrittenShard(
        parent.rows, parent.bytes, parent.sha256, "linked" if is_linked else "copied"
    )


def _refuse_other_edition(parent: ParentShard, found: Seal) -> None:
    if (found.sha256, found.stamp.size) != (parent.sha256, parent.bytes):
        raise OutputError(
            f"{shown(parent.path)}: is not what the manifest above it states; check that run with "
            "`relaion verify`, and restore it"
        )


def _is_source(n: Numbered, parent: ParentShard, source: Seal) -> bool:
    """Whether it is the shard itself, whose bytes are known."""
    try:
        return parent.sha256 == source.sha256 and n.shard.path.samefile(parent.path)
    except OSError:
        return False


def _same_bytes(
    settings: Settings, n: Numbered, sha256: str, read: Stamp, outputs: dict[str, WrittenShard]
) -> None:
    """Give the editions that lose nothing the source's bytes: by a hard link, else by a copy."""
    source = n.shard.path
    for edition in settings.editions:
        if edition.name not in outputs:
            with atomic_write(settings.target(edition.name, n), flush=False) as part:
                how = (
                    "linked" if not settings.copy and hard_linked(source, part, read) else "copied"
                )
                # the stamp of a stand-in says nothing of the bytes that are here
                digest = file_sha256 if within_tree(source) else lambda _: sha256
                if (copied(source, part) if how == "copied" else digest(part)) != sha256:
                    raise replaced(source)
            outputs[edition.name] = WrittenShard(n.shard.rows, n.shard.bytes, sha256, how)


def hard_linked(source: Path, part: Path, read: Stamp) -> bool:
    """Link a file that is as it was read; False where the disk cannot."""
    try:
        os.link(source.resolve(), part)
    except OSError:  # another file system, or one without hard links
        return False
    if within_tree(source):
        part.chmod(0o644)  # it was private, and is an output now
    elif stamp_of(part).written != read.written:
        raise replaced(source)
    return True


def copied(source: Path, part: Path) -> str:
    """Copy bytes, and tell their SHA-256; what fails on the source's side is said of it."""
    digest = hashlib.sha256()
    with part.open("wb") as to:
        for block in _blocks(source):
            digest.update(block)
            to.write(block)
    return digest.hexdigest()


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as f:
            while block := f.read(1 << 20):
                yield block
    except OSError as e:
        raise InputError(
            f"{shown(path)}: cannot be read ({e.strerror}); is it still there and whole?"
        ) from None
