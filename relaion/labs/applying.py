"""The flow of `apply`: files indexed, the fate of every row worked out, files written.

A file that fails is set aside and named; the others are done. Then the run stops with what it has,
to be gone on with when the file was mended.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relaion.errors import (
    DamagedError,
    EngineError,
    InputError,
    OutputError,
    ShortError,
    StopError,
)
from relaion.labs.copy_files import PARQUET, SAMPLES, STATS, CopyFile
from relaion.labs.piecework import Hearing
from relaion.parquet.glossary import bare_name
from relaion.parquet.layout import signature
from relaion.parquet.roles import Overrides
from relaion.paths import ShardPath, private_folder, shown
from relaion.remote.objects import Noted
from relaion.remote.urls import RemoteURL
from relaion.roles import ROLES
from relaion.run.journal import MADE, Entry, Journal
from relaion.run.numbered import Numbered
from relaion.run.pool import Call, Caller, CallTask, Executor, LocalPool, WorkerEndedError, blaming
from relaion.run.process import LOG, TaskOutcome, is_killed, seconds_for, unpacked, way_on
from relaion.run.progress import ONE_FILE, SEARCH, SURVEY, WRITE, Extent, Progress, Quiet
from relaion.run.settings import Limits
from relaion.run.survey import first_of, read_footers, read_inputs
from relaion.run.tasks import SLOWER

if TYPE_CHECKING:
    from relaion.copies.indexed import Indexed
    from relaion.labs.told import Fates
    from relaion.parquet.layout import Shard
    from relaion.parquet.roles import Column

_NO_BASIS = ("copies", "new", "old", "limits", "spread")  # of the files, or of who does it
INDEXES = "index"
INDEXED = "indexed"  # by number: a file that is no parquet, as it was indexed
SOUGHT = "sought"  # by name: a work file of the search
WRITTEN = "written"  # by number: a file of OUT
ALONE = 1_000_000_000  # beyond it folders are numbered, below it tars by themselves
NEW_NUMBERS, OLD_NUMBERS = 1_000_000_000, 1_500_000_000  # beyond any number of a copy's file


@dataclass(frozen=True)
class Known:
    """A file of the copy as it was read: what it holds, as a shard, and its seal."""

    file: CopyFile
    shard: Shard
    seal: list[Any]
    columns: Mapping[str, str]
    notices: tuple[str, ...] = ()
    compared: int = 0
    differ: int = 0


def meant(
    pool: Caller,
    shard: Shard,
    said: Overrides = (),
    *,
    needs_link: bool = False,
    looks: bool = True,
) -> tuple[Shard, tuple[str, ...]]:
    """`labs.meaning.meant`, in a worker where values have to be read."""
    said_more = any(role not in shard.layout.roles for role, _ in said)
    looks = looks and shard.rows > 0 and any(map(_may_hold_links, shard.layout.columns))
    is_open = _is_open(shard, needs_link=needs_link) or bool(shard.layout.contested)
    if not said_more and not looks and not is_open:
        return shard, ()
    found: tuple[Shard, tuple[str, ...]] = pool.call(
        "relaion.labs.meaning:meant", shard, said, needs_link=needs_link, looks=looks
    )
    return found


def _may_hold_links(column: Column) -> bool:
    is_taken = column.role in ("url", "text", "row_hash")
    return not is_taken and ("string" in column.type or "binary" in column.type)


def _is_open(shard: Shard, *, needs_link: bool) -> bool:
    """Whether a look at its values, or the user's word, may give a shard more roles."""
    lacks = {"url", "text", "row_hash"} - set(shard.layout.roles)
    return ("url" in lacks and needs_link) or any(
        c.claimed in lacks
        or ("row_hash" in lacks and bare_name(c.name).lower() in ROLES["row_hash"].names)
        for c in shard.layout.columns
    )


def read_edition(
    pool: Caller, paths: Sequence[Path], first: int, said: Overrides, progress: Progress
) -> tuple[Numbered, ...]:
    """The shards of an edition, numbered from `first` on.

    `said` names columns for roles that no column of it plays by its name, or more than one.
    """
    if not paths:
        return ()

    seen: set[object] = set()  # layouts, and columns of them that were told

    def told(shard: Shard) -> Shard:
        looks = shard.layout not in seen
        seen.add(shard.layout)
        with blaming(shard.path):
            found, notices = meant(pool, shard, said, needs_link=True, looks=looks)
        for notice in notices:
            if notice not in seen:
                progress.say(f"{shown(shard.path)}: {notice}")
            seen.add(notice)
        return found

    shards = read_inputs(paths, {}, pool, settled=False, meant=told, progress=progress).whole()
    return tuple(replace(n, no=first + n.no) for n in shards)


@dataclass
class Applying:
    """One run of `apply` over an OUT that is locked and begun."""

    out: Path
    work: Path
    journal: Journal
    pool: LocalPool
    limits: Limits
    version: str
    columns: Mapping[str, str]
    progress: Progress
    files: Sequence[CopyFile] = ()
    hands: Executor | None = None  # who reads and writes files, in place of the pool
    store: RemoteURL | None = None  # where OUT lies, if not here, and what it held at first
    there: Mapping[str, Noted] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)
    left_out: set[int] = field(default_factory=set)  # of a shard of which another file failed

    @property
    def named(self) -> str:
        """OUT as it may be shown."""
        return shown(self.out if self.store is None else self.store)

    @property
    def is_idle(self) -> bool:
        """Whether no run could go on with anything in the work folder, nor anybody look into it."""
        log, kept = self.work / LOG, (INDEXED, SOUGHT, WRITTEN)
        is_told = log.is_file() and log.stat().st_size > 0
        return not is_told and not any(any(self.journal.entries(what)) for what in kept)

    # -- reading ---------------------------------------------------------------------------

    def read(self, files: Sequence[CopyFile]) -> list[Known]:
        """Read the files of the copy: parquet by footers, whatever else is indexed, but stats."""
        self.files = files
        indexed = self._index([f for f in files if f.form not in (PARQUET, STATS)])
        parquet = [f for f in files if f.form == PARQUET]
        by_path = {f.path: f for f in (*parquet, *(f for f, *_ in indexed.values()))}
        places = [ShardPath(f.path, str(Path(f.name).parent)) for f in parquet]
        shards = self._footers(places, self.columns, by_path)
        known = []
        for f in parquet:
            if f.path in shards:
                try:
                    shard, notices = meant(self.pool, shards[f.path])
                except WorkerEndedError as e:
                    self.fail(f, f"{shown(f.path)}: {e}")
                    continue
                known.append(Known(f, shard, [], _played(shard), notices))
        places = [ShardPath(self._index_of(f), "") for f, *_ in indexed.values()]
        indexes = self._footers(places, {"url": "url", "row_hash": "row_hash"}, {})
        for file, found, seal in indexed.values():
            shard = indexes[self._index_of(file)]
            of = Known(
                file, shard, seal, found.columns, found.notices, found.compared, found.differ
            )
            known.append(of)
        return sorted(known, key=lambda k: k.file.no)

    def _index_of(self, file: CopyFile) -> Path:
        return self.work / INDEXES / f"{file.no:08}.parquet"

    def _index(self, files: Sequence[CopyFile]) -> dict[int, tuple[CopyFile, Indexed, list[Any]]]:
        """Index the files that are no parquet, in workers; those that fail are set aside."""
        private_folder(self.work / INDEXES)
        found: dict[int, tuple[CopyFile, Indexed, list[Any]]] = {}
        waiting = []
        for file in files:
            into = self._index_of(file)
            before = self.journal.get(INDEXED, str(file.no), tuple)
            call = Call("relaion.labs.one_file:index", (file, into, dict(self.columns), before))
            waiting.append(self._task(file, call))
        by_no = {f.no: f for f in files}
        self.progress.phase(SURVEY, Extent(len(files)), detail="index")
        for outcome in self._run(waiting):
            if value := self._value(by_no[outcome.no], outcome):
                indexed, seal, sha256 = value
                name = str(self._index_of(by_no[outcome.no]).relative_to(self.work))
                said = [asdict(indexed), seal, sha256]
                self.journal.add([Entry(INDEXED, str(outcome.no), said, {name: sha256})])
                found[outcome.no] = (by_no[outcome.no], indexed, seal)
            self.progress.done(ONE_FILE)
        return found

    def _footers(
        self,
        places: Sequence[ShardPath],
        columns: Mapping[str, str],
        named: Mapping[Path, CopyFile],
    ) -> dict[Path, Shard]:
        def set_aside(path: Path, error: DamagedError) -> None:
            if path not in named:  # what was noted of a file that is no parquet
                raise OutputError(
                    f"{shown(self.work)}: a work file is gone or damaged; repeat the command, "
                    "which makes it anew"
                ) from None
            self.fail(named[path], str(error))

        if not places:
            return {}
        shards = read_footers(
            self.pool, places, dict(columns), set_aside, needs_link=False, progress=self.progress
        )
        return {shard.path: shard for shard in shards}

    def whole_folders(self, known: Sequence[Known]) -> list[Known]:
        """Those files of which no other file of the same shard failed: these are left out."""
        broken = {f.folder_no for f in self.files if f.no in self.failed} - {None}
        self.left_out |= {f.no for f in self.files if f.folder_no in broken} - set(self.failed)
        aside = self.left_out | set(self.failed)
        return [k for k in known if k.file.no not in aside]

    def has_folder(self, stats: CopyFile, known: Sequence[Known]) -> bool:
        """Whether the shard that a stats file tells of is there."""
        return stats.folder_no is not None and stats.folder_no in {k.file.folder_no for k in known}

    # -- the search ------------------------------------------------------------------------

    def numbered(self, known: Sequence[Known]) -> tuple[Numbered, ...]:
        """The files as shards for the search, in batches that hold all files of one shard."""
        alike: dict[Any, int] = {}
        kinds = [(k.file.form, signature(k.shard.layout)) for k in known]
        return tuple(
            Numbered(k.file.no, alike.setdefault(kind, len(alike)), k.shard)
            for k, kind in zip(known, kinds, strict=True)
        )

    def samples(self, known: Sequence[Known]) -> tuple[tuple[int, int, Path], ...]:
        """Files that tell keys of samples: each tar, and a parquet file beside it that has them.

        Records of one key share a fate, within a tar and with the rows of its parquet file.
        """
        tars = {k.file.folder_no for k in known if k.file.form == SAMPLES}
        found = []
        for k in known:
            beside = (
                k.file.form == PARQUET
                and k.shard.names.count("key") == 1
                and k.file.folder_no in tars
            )
            if k.file.form == SAMPLES or (beside and k.file.folder_no is not None):
                folder = k.file.no if k.file.folder_no is None else ALONE + k.file.folder_no
                found.append((folder, k.file.no, k.shard.path))
        return tuple(found)

    def fates(self, known: Sequence[Known], asked: Mapping[str, Any]) -> tuple[list[Known], Fates]:
        """The fate of every row, and the files that it is known of: others are set aside.

        `asked` is a `fates.Question` but for its files.
        """
        while True:
            known = self.whole_folders(known)
            if not known:
                self.stop_where_failed()
            at: list[Path] = []
            try:
                files = {"copies": self.numbered(known), "samples": self.samples(known)}
                return known, self._fates({**asked, **files}, at)
            except (EngineError, InputError, ShortError, StopError):
                if not any([self._is_broken(k) for k in known if k.shard.path in at]):
                    raise

    def _is_broken(self, known: Known) -> bool:
        """Whether a file cannot be read to its end; it is then set aside."""
        path = known.shard.path
        try:
            self.pool.call("relaion.parquet.row_groups:read_through", path)
        except DamagedError as e:
            self.fail(known.file, str(e))
        except WorkerEndedError as e:
            self.fail(known.file, f"{shown(path)}: {e}")
        return known.file.no in self.failed

    def _fates(self, question: Mapping[str, Any], at: list[Path]) -> Fates:
        """Ask a worker; what it found before is kept, and `at` says which files it reads."""
        shards = [n for name in ("copies", "new", "old") for n in question[name]]
        said = [
            [[n.no, str(n.shard.path), n.shard.footer, _written(n.shard)] for n in shards],
            str({k: v for k, v in question.items() if k not in _NO_BASIS}),
        ]
        basis = hashlib.sha256(json.dumps(said).encode()).hexdigest()
        if self.journal.get(MADE, "basis", str) != basis:
            self.journal.drop(lambda entry: entry.what == SOUGHT)
            self.journal.add([Entry(MADE, "basis", basis)])
        known = {e.name: str(e.value) for e in self.journal.entries(SOUGHT)}
        self.progress.phase(SEARCH, Extent.of(shards))

        def keep(name: str, sha256: str) -> None:
            self.journal.add([Entry(SOUGHT, name, sha256)])

        hear = Hearing(self.hands or self.pool, self.progress, keep)
        try:
            found: Fates = self.pool.call(
                "relaion.labs.fates:work_out_of", {**question, "known": known}, hear=hear
            )
        except WorkerEndedError as e:
            where = shown(hear.at[0]) if hear.at else self.named
            more = f" (or one of {len(hear.at) - 1} more)" if len(hear.at) > 1 else ""
            raise StopError(f"{where}{more}: {e}") from None
        finally:
            at[:] = hear.at
        return found

    # -- writing ---------------------------------------------------------------------------

    def write(
        self, known: Sequence[Known], stats: Sequence[CopyFile], fates: Fates, *, copy: bool
    ) -> dict[int, dict[str, Any]]:
        """Write every file of OUT, in workers; those that fail are set aside."""
        waiting = []
        for k in known:
            seal = k.seal or fates.seals[k.file.no].plain()
            named: dict[str, Any] = {"copy": copy, "link": k.columns.get("url")}
            named |= {"index": k.shard.path} if k.file.form == SAMPLES else {}
            waiting.append(self._write_task(k.file, seal, fates, k.file.no, named))
        tars = {k.file.folder_no: k.shard.path for k in known if k.file.form == SAMPLES}
        beside = {k.file.folder_no: k.file for k in known if k.file.form == SAMPLES}
        beside |= {k.file.folder_no: k.file for k in known if k.file.form == PARQUET}
        for file in stats:
            of = beside[file.folder_no]
            rows = of.path if of.form == PARQUET else None
            seal = self.pool.call("relaion.paths:seal", file.path).plain()
            named = {"copy": copy, "stats_of": (rows, tars.get(file.folder_no))}
            waiting.append(self._write_task(file, seal, fates, of.no, named))
        by_no = {f.no: f for f in (*(k.file for k in known), *stats)}
        done: dict[int, dict[str, Any]] = {}
        self.progress.phase(WRITE, Extent(len(waiting)))
        for outcome in self._run(waiting):
            if value := self._value(by_no[outcome.no], outcome):
                self.journal.add([Entry(WRITTEN, str(outcome.no), value)])
                done[outcome.no] = value
            self.progress.done(ONE_FILE)
        return done

    def _write_task(
        self, file: CopyFile, seal: list[Any], fates: Fates, number: int, named: dict[str, Any]
    ) -> CallTask:
        given = (file, self.out, seal, fates.leaving.get(number), number, self.limits.writer_bytes)
        before = self.journal.get(WRITTEN, str(file.no), dict)
        if self.store is not None:
            if before and self.there.get(file.name) != put_as(before):
                before = None
            named = named | {"store": self.store}
        call = Call("relaion.labs.one_file:write", given, named | {"before": before})
        return replace(self._task(file, call), puts=self.store is not None)

    # -- tasks -----------------------------------------------------------------------------

    def _run(self, waiting: Sequence[CallTask]) -> Iterator[TaskOutcome]:
        return (self.hands or self.pool).run(waiting)

    def _task(self, file: CopyFile, call: Call) -> CallTask:
        size = file.path.stat().st_size * (1 if self.store is None else 1 + SLOWER)
        return CallTask(file.no, shown(file.path), seconds_for(0, size, 1), call)

    def _value(self, file: CopyFile, outcome: TaskOutcome) -> Any:
        """What a task returned; None where it failed, which is noted."""
        if outcome.fatal:
            raise StopError(f"{outcome.error}; fix the cause and repeat the command to go on")
        if outcome.error is not None:
            self.fail(file, outcome.error)
            return None
        return unpacked(outcome.said["value"])

    def fail(self, file: CopyFile, line: str) -> None:
        """Set a file aside."""
        self.failed[file.no] = line
        if len(self.files) > 1:  # what is said of the only one is the last line
            self.progress.say(line)

    def stop_where_failed(self) -> None:
        """Raise StopError where a file failed; why is not said again to whoever was told."""
        if not self.failed:
            return
        n, of, left = len(self.failed), len(self.files), len(self.left_out)
        lines = [self.failed[no] for no in sorted(self.failed)]
        did, todo = way_on(lines, "repair or replace what failed")
        if of == 1:
            raise StopError(f"{lines[0]}; {todo}" if is_killed(lines[0]) else lines[0])
        is_told = not isinstance(self.progress, Quiet)
        where = self.named if is_told else first_of(lines)
        said = f"{where}: {n} of {of} files {did}" + (", as told above" if is_told else "")
        if left:
            beside, was = "it" if n == 1 else "them", "was" if left == 1 else "were"
            said += f"; {left} beside {beside} {was} left out"
        if n + left < of:
            said += "; the others are done"
        raise StopError(f"{said}; {todo}")


def put_as(done: Mapping[str, Any]) -> Noted:
    """What the store said of a file when it was put."""
    return Noted(int(done["bytes"]), str(done.get("etag")))


def _written(shard: Shard) -> list[int]:
    """What a stamp says that a hard link in OUT leaves as it is."""
    return [] if shard.stamp is None else list(shard.stamp.written)


def _played(shard: Shard) -> dict[str, str]:
    roles = shard.layout.roles
    return {role: roles[role].name for role in ("url", "text", "row_hash") if role in roles}
