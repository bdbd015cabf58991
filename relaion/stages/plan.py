"""`plan`: what a clean would take, told from really cleaning a sample of the same shards."""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from relaion.errors import InputError, ListError, RelaionError
from relaion.lists.key import key_path
from relaion.parquet.roles import Columns
from relaion.paths import (
    AnyPath,
    AnyPaths,
    as_path,
    as_paths,
    as_texts,
    maybe_path,
    owned_folder,
    private_folder,
    several,
    shown,
)
from relaion.paths.stand_ins import within_tree
from relaion.remote import is_remote, remote_url
from relaion.remote.standing import Traffic
from relaion.run.cost import (
    ALONE,
    Cost,
    Fetching,
    Model,
    Sample,
    Sending,
    Whole,
    assumptions,
    rows_to_measure,
    shares,
    store_assumptions,
    with_stores,
)
from relaion.run.elsewhere import brought_here
from relaion.run.find import kept_bytes
from relaion.run.meter import Meter, Taken
from relaion.run.notebook import listening
from relaion.run.numbered import Numbered
from relaion.run.out import sweep_left
from relaion.run.outputs import MANIFEST
from relaion.run.pool import Caller, LocalPool
from relaion.run.progress import MEASURE, SURVEY, Extent, Progress
from relaion.run.settings import MEMORY, Limits, limits_of
from relaion.run.survey import Inputs, first_of, read_inputs, refuse_text
from relaion.run.where import where_of
from relaion.sqlset import BUILT_IN, VERSION
from relaion.stages.clean import clean
from relaion.stages.cleaned import Cleaned
from relaion.tabled import Tabled

_SMALLER = 8  # times: the other sample, so that what comes once is told from what a row costs
_PIECES = 8  # of a sample of large shards
_FETCHED = 3  # of those elsewhere, where each may be a row group that is fetched whole


@dataclass(frozen=True)
class StepShare:
    """A step of a run, and its share of all processors' time, from 0 to 1."""

    step: str
    share: float


@dataclass(frozen=True)
class CleanPlan(Tabled):
    """What a clean would take.

    `rows`, `shards` and `bytes` are those of the data; `sampled_rows` of `sampled_shards` were
    cleaned to measure, which took `measured_seconds`. `here` is what it costs on this machine, `on`
    on several like it, if that was asked for. `steps` share the processors' time. `free` are bytes
    that the disk of OUT has, None where no OUT was named. `assumptions` are sentences; `notices`
    are for whoever plans.
    """

    rows: int
    shards: int
    bytes: int
    sampled_rows: int
    sampled_shards: int
    measured_seconds: float
    here: Cost
    on: Cost | None
    steps: tuple[StepShare, ...]
    free: int | None
    assumptions: tuple[str, ...]
    notices: tuple[str, ...]


def plan(
    paths: AnyPaths,
    lists: AnyPath,
    *,
    out: AnyPath | None = None,
    editions: AnyPaths = BUILT_IN,
    keywords: AnyPath | None = None,
    unscored: str = "keep",
    columns: Columns | None = None,
    key: AnyPath | None = None,
    work: AnyPath | None = None,
    workers: int | None = None,
    memory: str = MEMORY,
    time_limit: float | None = None,
    sql_version: str = VERSION,
    same_link: bool = True,
    inner: bool = True,
    sidecars: AnyPaths = (),
    copy: bool = False,
    verify: bool = True,
    good_wins: bool = False,
    cover: int = 0,
    cover_site_rows: int | None = None,
    on: int | None = None,
    sample_rows: int | None = None,
    seed: int = 1,
    progress: Progress | None = None,
) -> CleanPlan:
    """Tell what `clean` with the same arguments would take: time, memory, disk, bytes moved.

    Cleans two samples of the shards, which are picked at random, in a private folder that is
    removed. Of shards elsewhere the row groups of the sample are fetched, as a run would fetch
    them. Nothing is written to OUT, to the list store or beside the curator key.

    Args:
        paths: Shards, folders of shards or globs; one or many. Each folder is a subset.
        lists: The list store.
        out: Where the editions would go: only the room on its disk is looked at, if it is here. Of
            a store nothing is looked at.
        editions: `research`, `research-safe`, or paths of scripts of your own.
        keywords: A UTF-8 file of words, one a line; None switches off the rule that needs them.
        unscored: `keep` or `drop`: what becomes of rows without a score where a rule needs one.
        columns: Role to the name, or names, of its columns; None finds them by name and type.
        key: The curator key; None for the one beside the store.
        work: Where the private folder is made; None for the system's temporary folder.
        workers: Processes; None for one a core.
        memory: What all processes may hold together, such as `2GB`; 500 MB at least.
        time_limit: Seconds for one task of a worker; None for a time by its rows and bytes.
        sql_version: The set of SQL scripts.
        same_link: Whether other rows with a listed link leave too.
        inner: Whether links inside links are matched.
        sidecars: Files of image hashes by link or row hash; they are searched whole.
        copy: Copy files that lose nothing; else they are hard-linked, and share their bytes.
        verify: Whether the result is checked at the end.
        good_wins: What a list of known-good files names is not listed, whoever lists it.
        cover: So many neutral sites leave with each that has a listed row.
        cover_site_rows: How many rows a site may have; None for what costs least.
        on: Machines like this one, for parts of the work (`shards` of `clean`); None for this one.
        sample_rows: About how many rows are cleaned to measure; None for `rows_to_measure`.
        seed: Another number picks other rows.
        progress: Hears how far it is; None draws a bar in a notebook, and tells nobody elsewhere.

    Returns:
        What it would take, with ranges, what was measured, and what the ranges rest on.

    Raises:
        InputError: For a path, a shard or an option that cannot be used.
        ListError: For a store that cannot.
        ScriptError: For an edition of your own that cannot run.
        OutputError: Where no private folder can be made, or the sample cannot be written.
        StopError: Where a sample cannot be cleaned.
    """
    paths, sidecars, editions = as_paths(paths), as_paths(sidecars), as_texts(editions)
    lists, key, work = as_path(lists), maybe_path(key), maybe_path(work)
    where = None if out is None else where_of(out, None)
    out = None if where is None or where.url is not None else where.out
    limits, listen = limits_of(workers, memory, time_limit), listening(progress)
    if (on is not None and on < 1) or (sample_rows is not None and sample_rows < 1):
        raise InputError("--on and --sample-rows are numbers of machines and of rows; from 1 up")
    refuse_text(paths)
    sweep_left(work, lists)
    listen.steps((SURVEY, MEASURE))
    began, before = time.monotonic(), sum(os.times()[:4])
    with ExitStack() as left:
        owned = left.enter_context(owned_folder("plan", work))
        with LocalPool(guard=limits.guard, listener=listen) as pool:
            here, beside = left.enter_context(
                brought_here(pool, paths, sidecars, work=owned.path, progress=listen)
            )
            inputs = read_inputs(here, columns or {}, pool, progress=listen)
            surveyed = time.monotonic() - began
            away = any(within_tree(n.shard.path) for n in inputs.shards)
            wanted = sample_rows or rows_to_measure(inputs.rows, fetched=away)
            picked = _picked(inputs, wanted, random.Random(seed))  # noqa: S311
            listen.phase(MEASURE, Extent(3), detail=f"a sample of {several(len(picked), 'shard')}")
            fetching = _fetch(pool, inputs, picked, is_checked=verify)
            _make(pool, picked, owned.path / "data")
            listen.done(Extent(1))
        surveying = surveyed, sum(os.times()[:4]) - before
        trial = _Trial(
            lists, owned.path, limits, _secrets(owned.path, key or key_path(lists), cover),
            {
                "editions": editions, "keywords": maybe_path(keywords), "unscored": unscored,
                "columns": columns, "workers": 1, "memory": memory, "time_limit": time_limit,
                "sql_version": sql_version, "same_link": same_link, "inner": inner,
                "sidecars": beside, "copy": copy, "verify": verify, "good_wins": good_wins,
                "cover": cover, "cover_site_rows": cover_site_rows,
            },
        )  # fmt: skip
        samples: list[Sample] = []
        for some in _two(picked):
            listen.phase(
                MEASURE, Extent(3), Extent(1 + len(samples)),
                f"{sum(piece.rows for piece in some):,} rows are cleaned",
            )  # fmt: skip
            samples.append(trial.measured(some))
        is_linked = fetching is None and (where is None or where.url is None)
        is_linked = is_linked and not copy and _on_one_disk(inputs, out)
    sizes = tuple((n.shard.rows, n.shard.bytes) for n in inputs.shards)
    whole = Whole(sizes, surveying, links=is_linked)
    kept = kept_bytes(samples[-1].kinds, beside=bool(sidecars))
    model = Model(samples[0], samples[-1], limits, kept)
    store = None if where is None else where.url
    copies = store is not None and all(
        is_remote(path) and remote_url(path).scheme == store.scheme for path in paths
    )

    def cost(machines: int = 1) -> Cost:
        found = model.cost(whole, machines)
        if fetching is None and store is None:
            return found
        objects = len(samples[-1].kept) * len(sizes)
        sent = model.changed(whole) if copies else found.out
        sending = None if store is None else Sending(sent, objects, found.out, verify)
        return with_stores(found, fetching, sending, model.batches(whole, machines))

    here_cost = cost()
    steps = tuple(StepShare(name, share) for name, share in shares(model.steps(whole)))
    free = None if out is None else shutil.disk_usage(_standing(out)).free
    rests_on = [
        *assumptions(model, whole, beside=bool(sidecars)),
        *store_assumptions(fetching, store is not None, limits.workers),
    ]  # fmt: skip
    return CleanPlan(
        whole.rows, len(inputs.shards), whole.bytes, sum(piece.rows for piece in picked),
        len({piece.n.no for piece in picked}), sum(s.taken.seconds for s in samples), here_cost,
        None if on is None else cost(on), steps, free,
        tuple(rests_on), tuple(_told(inputs, here_cost, free, out)),
    )  # fmt: skip


def _fetch(
    caller: Caller, inputs: Inputs, pieces: Sequence[_Piece], *, is_checked: bool
) -> Fetching | None:
    """Fetch what holds the sample, as a run would; None where all of it lies here."""
    sizes = [n.shard.bytes for n in inputs.shards if within_tree(n.shard.path)]
    if not sizes:
        return None
    ends = search = rest = Traffic()
    seen: set[int] = set()
    for piece in pieces:
        if within_tree(piece.n.shard.path):
            positions = frozenset(c.position for c in piece.n.shard.layout.used)
            found = caller.call(
                "relaion.parquet.excerpt:fetch", piece.n.shard.path, piece.start, piece.rows,
                positions, is_first=piece.n.no not in seen,
            )  # fmt: skip
            seen.add(piece.n.no)
            ends, search, rest = (
                a.plus(b) for a, b in zip((ends, search, rest), found, strict=True)
            )
    return Fetching(ends, search, rest, sizes, is_checked)


# -- The sample: rows in a row of shards, picked at random over all rows ------------------------


@dataclass(frozen=True)
class _Piece:
    """Rows of a shard, from row `start` on; `name` is its path in the sample."""

    n: Numbered
    start: int
    rows: int
    name: str


def _picked(inputs: Inputs, wanted: int, draw: random.Random) -> list[_Piece]:
    """Whole shards where they are small, else rows in a row of a few; in the order picked."""
    is_here = not any(within_tree(n.shard.path) for n in inputs.shards)
    each = max(1, wanted // (_PIECES if is_here else _FETCHED))
    shards = [n for n in inputs.shards if n.shard.rows] or list(inputs.shards[:1])
    # windows are numbered over all shards, and only those that are picked are ever made
    ends = list(accumulate(max(1, n.shard.rows // each) for n in shards))
    total = ends[-1] if ends else 0
    pieces: list[_Piece] = []
    held = 0
    for window in draw.sample(range(total), min(total, wanted)):  # each has a row, or all have none
        at = bisect_right(ends, window)
        n, i = shards[at], window - (ends[at - 1] if at else 0)
        rows = min(n.shard.rows, each)
        name = f"{n.group}/part-{n.no:07}-{i:05}.parquet"
        pieces.append(_Piece(n, i * each, rows, name))
        held += rows
        if held >= wanted:
            break
    return pieces


def _two(pieces: Sequence[_Piece]) -> Iterator[Sequence[_Piece]]:
    """A smaller sample, which is part of the other, and that one."""
    wanted, held = sum(piece.rows for piece in pieces) // _SMALLER, 0
    for i, piece in enumerate(pieces, 1):
        held += piece.rows
        if held >= wanted and i < len(pieces):
            yield pieces[:i]
            break
    yield pieces


def _make(caller: Caller, pieces: Sequence[_Piece], into: Path) -> None:
    """Write the sample.

    Raises InputError where a shard cannot be read, OutputError where its rows cannot be written.
    """
    for piece in pieces:
        target = into / piece.name
        for folder in (into, target.parent):
            private_folder(folder)
        if piece.rows == piece.n.shard.rows:
            caller.call("relaion.parquet.excerpt:whole", piece.n.shard.path, target)
        else:
            caller.call(
                "relaion.parquet.excerpt:cut", piece.n.shard.path, piece.start, piece.rows, target
            )


def _secrets(folder: Path, key: Path, cover: int) -> Path:
    """Where the curator key is read: with cover a copy, for a ledger is written beside it."""
    if not cover or not key.is_file():
        return key
    copied = private_folder(folder / "key") / key.name
    copied.touch(0o600)
    copied.write_bytes(key.read_bytes())
    return copied


@dataclass(frozen=True)
class _Trial:
    """Cleans samples as all would be cleaned; `given` are the arguments of `clean`."""

    lists: Path
    folder: Path
    limits: Limits
    key: Path
    given: Mapping[str, Any]

    def measured(self, pieces: Sequence[_Piece]) -> Sample:
        """Clean a sample; twice where others were at work, who only ever add to what it takes."""
        found = self.run(pieces)
        if found.taken.processors >= ALONE * found.taken.seconds:
            return found
        return min(found, self.run(pieces), key=lambda sample: sample.taken.processors)

    def run(self, pieces: Sequence[_Piece]) -> Sample:
        """Clean a sample and measure it; raises what `clean` raises, said of a sample."""
        data, out = self.folder / "data", self.folder / f"out-{len(pieces)}"
        work = self.folder / f"work-{len(pieces)}"
        meter = Meter(work)
        files = [data / piece.name for piece in pieces]
        try:
            with meter.measuring() as taken:
                done = clean(
                    files, self.lists, out, key=self.key, work=work, yes_i_checked=True,
                    progress=meter, **self.given,
                )  # fmt: skip
        except ListError:  # the sample has nothing to do with it
            raise
        except RelaionError as e:
            failed = [line for line in meter.said if line.startswith(shown(data))]
            why = first_of(failed) if failed else str(e)
            for piece in pieces:
                why = why.replace(shown(data / piece.name), shown(piece.n.shard.path))
            raise type(e)(f"a sample of the data cannot be cleaned: {why}") from None
        found = _sample(pieces, data, out, done, taken)
        shutil.rmtree(out)
        return found


def _sample(pieces: Sequence[_Piece], data: Path, out: Path, done: Cleaned, taken: Taken) -> Sample:
    """What a clean of these made."""
    sources = {piece.name: (data / piece.name).stat() for piece in pieces}
    removed: dict[str, int] = {}
    for line in done.editions:
        removed[line.edition] = removed.get(line.edition, 0) + line.removed
    kept = {}
    for edition in removed:
        was = now = 0
        for name, source in sources.items():
            made = (out / edition / name).stat()
            if made.st_ino != source.st_ino:
                was, now = was + source.st_size, now + made.st_size
        kept[edition] = now / was if was else 1.0
    rows, size = sum(piece.rows for piece in pieces), sum(s.st_size for s in sources.values())
    manifest = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    kinds = frozenset(kind for x in manifest["lists"] for kind in x["entries"])
    return Sample(max(1, rows), size, taken, kept, removed, kinds)


# -- What the answer rests on ------------------------------------------------------------------


def _standing(path: Path) -> Path:
    """A folder that is there: the path, or the nearest above it."""
    whole = path.absolute()
    return next(each for each in (whole, *whole.parents) if each.is_dir())


def _on_one_disk(inputs: Inputs, out: Path | None) -> bool:
    """Whether files can be linked from the inputs to OUT; taken for granted without one."""
    if out is None:
        return True
    there = _standing(out).stat().st_dev
    folders = {n.shard.path.parent for n in inputs.shards}
    return all(folder.stat().st_dev == there for folder in folders)


def _told(inputs: Inputs, here: Cost, free: int | None, out: Path | None) -> Iterator[str]:
    yield from inputs.notices
    yield from (broken.why for broken in inputs.broken)
    needed = here.out.likely + here.work.likely
    if free is not None and out is not None and free < needed:
        yield (
            f"{shown(out)}: its disk has {free / 1e9:,.1f} GB free, and about "
            f"{needed / 1e9:,.1f} GB will be needed"
        )
