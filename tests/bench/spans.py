"""Where the processor time of a process goes: by function, each without those inside it.

Threads below Python count for the function that the main thread is in. What is noted stands in a
file of the process as soon as its outermost function has ended: a worker ends by a signal.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import Any

FOLDER = "RELAION_BENCH_SPANS"  # where the files go
STARTED = "(started)"
BETWEEN = "(between)"

# module -> functions and methods of it; `*` for a generator's steps, `[]` names it by an argument
WATCHED: dict[str, tuple[str, ...]] = {
    "relaion.engine.connection": (
        "Engine.run[1]",
        "Engine.read_parquet",
        "Engine.write_parquet",
        "Engine.attach",
        "Engine.batches*",
        "Engine.rows",
        "Engine.execute",
        "Engine.close",
        "Engine.insert",
        "Engine.view_shards",
        "Engine.table",
    ),
    "duckdb": ("connect",),
    "relaion.paths.files": ("file_sha256",),
    "relaion.paths.seals": ("seal", "read_sealed", "read_still"),
    "relaion.paths.find": ("find_shards",),
    "relaion.lists.snapshot": ("take", "_digest"),
    "relaion.run.audit_file": ("read_carried", "read_told"),
    "relaion.run.store_entries": ("read_lists",),
    "relaion.run.decide": ("Decider.decide",),
    "relaion.run.shard_task": ("run_task", "_write_shard", "_as_before"),
    "relaion.run.survey": ("read_inputs",),
    "relaion.run.walk": ("missing_rows",),
    "relaion.run.find_task": ("run_find[0]",),
    "relaion.run.pool": ("done[0]",),
    "relaion.parquet.read_shard": ("read_shard", "group_shards"),
    "relaion.parquet.writer": ("write_editions",),
    "relaion.stages.clean": ("_cleaned", "request_of"),
    "relaion.stages.update": ("update", "read_parent"),
    "relaion.labs.diffing": ("compare", "write_diff", "_doubted*", "_not_in_step"),
    "relaion.labs.seek": ("Seeker.links", "Seeker.link_ids", "fill_keys", "fill_row_hashes"),
    "relaion.labs.hashes": ("check_hashes", "refuse_shared"),
    "relaion.labs.one_file": ("index", "write"),
    "relaion.sidecars.row_hash": ("row_hashes",),
    "relaion.verifier.audit_tables": ("read_audit",),
    "relaion.verifier.arguments": ("check_given", "_read_lists", "_check_inputs"),
    "relaion.verifier.candidates": ("Carriers.find",),
    "relaion.verifier.checker": ("verify", "_check_rows"),
    "relaion.verifier.compare": ("differing",),
    "relaion.verifier.hands": ("processes",),
    "relaion.verifier.file_checks": ("check_tree", "tokens"),
    "relaion.verifier.footers": ("check_owned", "Said.see"),
    "relaion.verifier.job": ("tasks_of",),
    "relaion.verifier.listable": ("digests_of",),
    "relaion.verifier.lookup": ("read_entries", "in_full", "meet", "hit_links", "links_at"),
    "relaion.verifier.resting": ("check_resting", "named_in", "carries", "check_touched"),
    "relaion.verifier.rows": ("batches*",),
    "relaion.verifier.shard": ("check_shard", "_walk"),
    "relaion.verifier.stated_files": ("check_files", "digest_of"),
    "relaion.verifier.task": ("judge",),
    "relaion.verifier.together": ("check_together", "_judged"),
}
LIBRARIES = frozenset({"duckdb", "pyarrow", "pyarrow.compute", "pyarrow.parquet", "numpy", "rich",
                       "typer", "relaion.cli"})  # fmt: skip


class Spans:
    """What a process has spent so far, in seconds of processors, and how often."""

    def __init__(self, folder: str) -> None:
        self._path = f"{folder}/{os.getpid()}.jsonl"
        self._main = threading.get_ident()
        self._inside: list[list[Any]] = []  # name, when it was gone on with, spent so far
        self._spent: dict[str, list[float]] = {}
        self._until = 0.0

    @contextmanager
    def span(self, name: str) -> Iterator[None]:
        """Count what is spent in here for `name`."""
        if threading.get_ident() != self._main:
            yield
            return
        self._enter(name)
        try:
            yield
        finally:
            self._leave()

    def _enter(self, name: str) -> None:
        now = time.process_time()
        if self._inside:
            self._inside[-1][2] += now - self._inside[-1][1]
        else:
            self._add(BETWEEN if self._until else STARTED, now - self._until)
        self._inside.append([name, now, 0.0])

    def _leave(self) -> None:
        now = time.process_time()
        name, since, spent = self._inside.pop()
        self._add(name, spent + now - since)
        if self._inside:
            self._inside[-1][1] = now
        else:
            self._until = now
            self._write()

    def _add(self, name: str, seconds: float) -> None:
        found = self._spent.setdefault(name, [0.0, 0])
        found[0] += seconds
        found[1] += 1

    def _write(self) -> None:
        words = " ".join(sys.orig_argv[1:4])[:60]
        line = {"pid": os.getpid(), "words": words, "spent": self._spent}
        with open(f"{self._path}.part", "w", encoding="utf-8") as f:  # noqa: PTH123 - no imports
            json.dump(line, f)
        os.replace(f"{self._path}.part", self._path)  # noqa: PTH105

    # -- functions ---------------------------------------------------------------------------

    def wrapped(self, function: Any, name: str, at: int | None) -> Any:
        """The same function, measured; `at`: by which of its arguments it is told apart."""

        @wraps(function)
        def measured(*given: Any, **named: Any) -> Any:
            with self.span(name if at is None else f"{name}: {_word(given[at])}"):
                return function(*given, **named)

        return measured

    def stepped(self, function: Any, name: str) -> Any:
        """The same generator, each step of it measured."""

        @wraps(function)
        def measured(*given: Any, **named: Any) -> Any:
            steps = function(*given, **named)
            while True:
                with self.span(name):
                    found = next(steps, steps)
                if found is steps:
                    return
                yield found

        return measured


def _word(given: Any) -> str:
    """A script by its name, a task by its step, a call by its function."""
    word = getattr(given, "step", None) or getattr(given, "function", None)
    path = getattr(given, "path", None)
    return str(word or (type(given).__name__ if path is None else path.stem))


class _Watching(Loader):
    """Loads a module as its own loader does, and has its functions measured."""

    def __init__(self, loader: Any, spans: Spans) -> None:
        self._loader, self._spans = loader, spans

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: Any) -> None:
        with self._spans.span(f"import {module.__name__}"):
            self._loader.exec_module(module)
        for word in WATCHED.get(module.__name__, ()):
            path, _, at = word.rstrip("]*").partition("[")
            owner, last = module, path
            if "." in path:
                kind, _, last = path.partition(".")
                owner = getattr(module, kind)
            function = getattr(owner, last, None)
            if function is None:
                continue
            new = (
                self._spans.stepped(function, path) if word.endswith("*")
                else self._spans.wrapped(function, path, int(at) if at else None)
            )  # fmt: skip
            setattr(owner, last, new)


class _Finder(MetaPathFinder):
    def __init__(self, spans: Spans) -> None:
        self._spans = spans

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if fullname not in WATCHED and fullname not in LIBRARIES:
            return None
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            if finder is self or find is None:
                continue
            spec: ModuleSpec | None = find(fullname, path, target)
            if spec is not None and spec.loader is not None:
                spec.loader = _Watching(spec.loader, self._spans)
                return spec
        return None


def watch() -> None:
    """Measure this process, where somebody asks for it."""
    if folder := os.environ.get(FOLDER):
        sys.meta_path.insert(0, _Finder(Spans(folder)))
