"""One shard's work, from rows to editions: what a worker does, in its own process.

A task is a small JSON object, so that it can travel to any executor. Rules meet the hits
here, an edition's script says which rows leave, the writer masks them out.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa

from relaion.engine import Engine, ShardSource, connect
from relaion.errors import InputError, OutputError, ScriptError
from relaion.paths import file_sha256, shown, whole_file
from relaion.run.process import seconds_for
from relaion.run.readable import Original, mending
from relaion.shards.roles import Column, Layout
from relaion.shards.writer import Target, write_editions
from relaion.sqlset import load, parse

_ORDERED = "order by edition, file_row_number, reason"
ROWS_A_SECOND = 5_000  # an edition script and two editions of long captions take a tenth


@dataclass(frozen=True)
class EditionTask:
    """One edition of one shard: the script that decides, and where the rows go."""

    name: str
    parent: str
    labels: list[str]
    script: str
    sha256: str
    target: str
    rules: list[str]
    built_in: bool


@dataclass(frozen=True)
class Task:
    """Everything that a worker must know of one shard; plain values only.

    `roles`: role to position, encoding, name and type of the column that plays it. `hits`: a
    digest of what the search found in this shard.
    """

    no: int
    path: str
    subset: str
    rows: int
    roles: dict[str, list[Any]]
    editions: list[EditionTask]
    unsafe_above: float
    keyword_above: float
    unscored: str
    work: str
    version: str
    memory: str
    link: bool
    bytes: int
    hits: str

    def to_json(self) -> str:
        """One line of JSON; odd file names survive as surrogate escapes."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> "Task":
        """Read what `to_json` wrote."""
        found = json.loads(line)
        found["editions"] = [EditionTask(**e) for e in found["editions"]]
        return cls(**found)

    @property
    def named(self) -> str:
        """What an error calls this task."""
        return shown(self.path)

    @property
    def seconds(self) -> float:
        """How long it may take."""
        return seconds_for(self.rows, self.bytes, ROWS_A_SECOND)

    @property
    def original(self) -> Original:
        """The shard as it came, with the columns that play a role."""
        columns = tuple(
            Column(name, position, kind, role, "", "", encoding)
            for role, (position, encoding, name, kind) in self.roles.items()
        )
        return Original(self.no, Path(self.path), Layout(columns))

    @property
    def report_path(self) -> Path:
        """Where the report of this task lies once it is done."""
        return Path(self.work) / "done" / f"{self.no:06}.json"


@dataclass(frozen=True)
class Output:
    """A shard of an edition as it was written; `how` is written, linked or copied."""

    rows: int
    bytes: int
    sha256: str
    how: str


@dataclass
class Report:
    """What a task did: private, since it counts per shard. `hits` is that of the task."""

    no: int
    rows: int
    bytes: int
    sha256: str
    hits: str
    outputs: dict[str, Output]
    tally: list[list[Any]]
    groups: list[list[Any]]
    notices: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> "Report":
        """Read the report of a finished task."""
        found = json.loads(path.read_text(encoding="ascii"))
        found["outputs"] = {k: Output(**v) for k, v in found["outputs"].items()}
        return cls(**found)


def run_task(task: Task) -> Report:
    """Decide, write, count; leaves the report in the work folder and returns it."""
    source = Path(task.path)
    removed, tally, groups = _decided(task)
    outputs, notices, sha256 = _write(task, source, removed)
    report = Report(
        task.no,
        task.rows,
        source.stat().st_size,
        sha256,
        task.hits,
        outputs,
        tally,
        groups,
        notices,
    )
    with whole_file(task.report_path, mode=0o600) as part:
        part.write_text(json.dumps(asdict(report)), encoding="ascii")
    return report


Decision: TypeAlias = tuple[dict[str, pa.Array], list[list[Any]], list[list[Any]]]


def _decided(task: Task) -> Decision:
    """Removed rows per edition in order, and the counts."""
    found: list[Decision] = []
    mending([task.original], Path(task.work), lambda: found.append(_decide(task)))
    return found[-1]


@contextmanager
def _prepared(task: Task) -> Iterator[Engine]:
    """A connection that holds what an edition's script reads, and can reach nothing else."""
    work = Path(task.work)
    path, layout = task.original.readable(work)
    with connect(threads=1, memory=task.memory, temp=work) as engine:
        scripts = load(task.version)
        roles = {role: (c.position, c.encoding) for role, c in layout.roles.items()}
        engine.view_shards([ShardSource(task.subset, task.no, (path,), roles)])
        for table in ("list_hits", "same_link"):
            engine.read_parquet(table, [work / f"{table}.parquet"], shard_no=task.no)
        engine.read_parquet("lists", [work / "lists.parquet"])
        engine.run(scripts["38_text_macros"])
        engine.run(
            scripts["40_rule_hits"],
            unsafe_above=task.unsafe_above,
            keyword_above=task.keyword_above,
            keyword_pattern=_keyword_pattern(engine, work, task.version),
            unscored=task.unscored,
        )
        engine.run(scripts["45_removals"])
        _load_editions(engine, task)
        engine.lock(files=[path])
        yield engine


def _decide(task: Task) -> Decision:
    """Run the scripts over one shard."""
    scripts = load(task.version)
    with _prepared(task) as engine:
        for edition in task.editions:
            if edition.built_in:
                _run_script(engine, edition)
            else:
                engine.insert("removals", _own_removals(task, edition, engine))
        engine.run(scripts["50_kept"])
        engine.run(scripts["55_tally"])
        for name in [n for n in scripts if n.startswith("9")]:
            engine.run(scripts[name])
            relation = next(iter(scripts[name].relations("writes")))
            refused = engine.rows(f"select edition from {relation}")  # noqa: S608 - our header
            if refused:
                raise InputError(
                    f"{task.path}: edition {refused[0][0]} was not written, {name} found it among "
                    f"the {scripts[name].purpose[0].lower()}{scripts[name].purpose[1:]}"
                )
        removed = {
            e.name: engine.table(
                "select distinct file_row_number from removals where edition = ? order by all",
                [e.name],
            )
            .column(0)
            .combine_chunks()
            for e in task.editions
        }
        tally = [list(row) for row in engine.rows("from tally order by all")]
        groups = [list(row) for row in engine.rows("from tally_groups order by all")]
    return removed, tally, groups


def _keyword_pattern(engine: Engine, work: Path, version: str) -> str | None:
    keywords = work / "keywords.parquet"
    if not keywords.exists():
        return None
    engine.read_parquet("keywords", [keywords])
    engine.run(load(version)["39_keyword_pattern"])
    ((pattern,),) = engine.rows("from keyword_pattern")
    return str(pattern) if pattern is not None else None


def _load_editions(engine: Engine, task: Task) -> None:
    engine.execute("create temp table editions (edition varchar, parent varchar, labels varchar[])")
    for e in task.editions:
        engine.execute("insert into editions values (?, ?, ?)", [e.name, e.parent, e.labels])


def _own_removals(task: Task, edition: EditionTask, engine: Engine) -> pa.Table:
    """The rows of `removals` that a user's own script makes for its edition.

    It runs on a connection of its own, which holds the removals of the editions before it:
    whatever else it makes, replaces or deletes there is gone with it, and cannot change what
    is checked and counted. Raises ScriptError for a reason that its header does not name: a
    reason is published, and might be anything that a row holds.
    """
    before = engine.table(f"from removals {_ORDERED}")
    with _prepared(task) as own:
        own.insert("removals", before)
        _run_script(own, edition)
        others = own.table(f"from removals where edition != $e {_ORDERED}", {"e": edition.name})
        if not others.equals(before):
            raise ScriptError(
                f"{shown(edition.script)}: changes what other editions remove; its rows must say "
                f"'{edition.name}'"
            )
        found = own.table("from removals where edition = $e", {"e": edition.name})
    reasons = set(found.column("reason").to_pylist())
    if not reasons <= {"list", "same_link", *edition.rules}:
        raise ScriptError(
            f"{shown(edition.script)}: gives a reason that is neither list, same_link nor named in "
            "its header; name each in a line `-- rules: ...`, for reasons are published"
        )
    return found


def _run_script(engine: Engine, edition: EditionTask) -> None:
    script = parse(Path(edition.script))
    if script.sha256 != edition.sha256:
        raise ScriptError(f"{edition.script}: changed since the run began; restore it")
    engine.run(script, **({"labels": edition.labels} if "labels" in script.params else {}))


def _write(
    task: Task, source: Path, removed: dict[str, pa.Array]
) -> tuple[dict[str, Output], list[str], str]:
    """Write every edition's shard; those that lose nothing are linked or copied."""
    sha256 = file_sha256(source)
    outputs: dict[str, Output] = {}
    targets: list[tuple[str, Target]] = []
    for edition in task.editions:
        target = Path(edition.target)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as e:
            raise OutputError(f"{target.parent}: cannot be made ({e.strerror})") from None
        if len(removed[edition.name]):
            targets.append((edition.name, Target(target, removed[edition.name])))
        else:
            how = _same_bytes(source, target, link=task.link)
            outputs[edition.name] = Output(task.rows, source.stat().st_size, sha256, how)
    notices: list[str] = []
    if targets:
        written = write_editions(source, [t for _, t in targets])
        for (name, _), w in zip(targets, written, strict=True):
            outputs[name] = Output(w.rows, w.bytes, w.sha256, "written")
            notices += [n for n in w.notices if n not in notices]
    for edition in task.editions:
        expected = task.rows - len(removed[edition.name])
        if outputs[edition.name].rows != expected:
            raise OutputError(f"{edition.target}: holds another number of rows than it should")
    return outputs, notices, sha256


def _same_bytes(source: Path, target: Path, *, link: bool) -> str:
    """Give the target the source's bytes: by a hard link, else by a copy."""
    with whole_file(target) as part:
        if link:
            try:
                os.link(source.resolve(), part)
            except OSError:  # another file system, or one without hard links
                _copy(source, part)
                return "copied"
            return "linked"
        _copy(source, part)
        return "copied"


def _copy(source: Path, part: Path) -> None:
    """Copy bytes; what fails on the source's side is said of the source."""
    with part.open("wb") as to:
        for block in _blocks(source):
            to.write(block)


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as f:
            while block := f.read(1 << 20):
                yield block
    except OSError as e:
        raise InputError(
            f"{shown(path)}: cannot be read ({e.strerror}); is it still there and whole?"
        ) from None
