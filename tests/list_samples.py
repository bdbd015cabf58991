"""The list files of ../shared/data, what is true of them, and a fast way to read a list."""

import json
import shlex
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from relaion.errors import ListError
from relaion.links import key_digest, link_key, read_scoped
from relaion.lists.delivery import read_columns, read_where, scoped_kind
from relaion.lists.readers.containers import apart
from relaion.lists.readers.documents.document import ListDocument
from relaion.lists.readers.format import Options
from relaion.lists.readers.read import FileRead, read_entries
from relaion.lists.readers.tables.rows import TableSource, as_csv

LISTS = Path(__file__).parents[1] / "../shared/data/lists"
TRUTH: dict[str, dict[str, Any]] = (
    json.loads((LISTS / "truth.json").read_text()) if LISTS.is_dir() else {}
)


def in_this_process(table: TableSource, document: ListDocument, options: Options) -> Iterator[str]:
    """`apart.csv_apart` without a process of its own."""
    return as_csv(table.rows(document, options))


Held = frozenset[tuple[str, str]]  # kind and digest of each entry


@dataclass(frozen=True)
class Outcome:
    """What came of a file: entries, or the words with which it was refused."""

    entries: Held = frozenset()
    refused: str | None = None
    notices: tuple[str, ...] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)
    found: FileRead | None = None


def read_list(data: bytes, name: str, options: Options = Options()) -> Outcome:  # noqa: B008
    """Read a file of these bytes as `lists add` does, without a store."""
    path = Path(_folder().name) / name
    path.write_bytes(data)
    try:
        return read_path(path, options)
    finally:
        path.unlink()


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """One for all files of a process, one at a time: a disk may take 2 ms to make and drop one."""
    return tempfile.TemporaryDirectory(prefix="relaion-list-", ignore_cleanup_errors=True)


def read_path(path: Path, options: Options = Options()) -> Outcome:  # noqa: B008
    """The same of a file that is there; tables in this process, which costs less."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(apart, "csv_apart", in_this_process)
        return read_apart(path, options)


def read_apart(path: Path, options: Options = Options()) -> Outcome:  # noqa: B008
    """The same, tables in processes of their own as `lists add` reads them."""
    found = FileRead()
    entries: set[tuple[str, str]] = set()
    try:
        for batch in read_entries(path, options, found):
            for kind, some in batch.entries.items():
                for digests in some.digests:
                    entries.update((kind, digest) for digest in digests.to_pylist())
    except ListError as e:
        return Outcome(refused=str(e).removeprefix(str(path)), found=found)
    if not entries:  # the store adds no empty list
        told = ", ".join(f"{why}: {n}" for why, n in found.tally.skipped.items())
        return Outcome(refused=f"nothing in it can be an entry ({told})", found=found)
    return Outcome(frozenset(entries), None, tuple(found.notices), dict(found.tally.skipped), found)


@dataclass(frozen=True)
class Sample:
    """One file, the options that it is added with, and what must and must not come of it."""

    name: str
    data: bytes
    options: Options
    good: Held
    bad: Held
    is_undecidable: bool

    def read(self, data: bytes | None = None) -> Outcome:
        """Read it, or other bytes in its place."""
        return read_list(self.data if data is None else data, self.name, self.options)

    def changed(self, change: Callable[[str], str]) -> bytes:
        """Its text after a change, as bytes."""
        text = self.data.decode("utf-8", "surrogateescape")
        return change(text).encode("utf-8", "surrogateescape")


def _digests(values: Mapping[str, list[str]]) -> Held:
    held = set()
    for kind, some in values.items():
        for value in some:
            if kind == "url":
                held.add((kind, key_digest(link_key(value))))
            elif kind in ("host", "url_prefix"):
                held.add((kind, key_digest(read_scoped(value, kind).text)))
            else:
                held.add((kind, value.lower()))
    return frozenset(held)


def options_of(args: str) -> Options:
    """The options of a command line, as far as they say how a list is to be read."""
    said: dict[str, list[str]] = {}
    words = iter(shlex.split(args))
    for option in words:
        said.setdefault(option.removeprefix("--"), []).append(next(words))
    one = {name: values[-1] for name, values in said.items()}
    return Options(
        kind=scoped_kind(one.get("kind"), one.get("scope")),
        scope=one.get("scope"),
        file_format=one.get("format"),
        columns=read_columns(said.get("column", [])),
        ignore=frozenset(said.get("ignore", [])),
        where=read_where(said.get("where", [])),
        role=one.get("role"),
        member=one.get("member"),
    )


def _sample(name: str, *, chosen: bool = False) -> Sample:
    truth = TRUTH[name]
    args = f"{truth['args'] or ''} {truth.get('args_with_choice', '') if chosen else ''}"
    return Sample(
        name, (LISTS / "samples" / name).read_bytes(), options_of(args), _digests(truth["good"]),
        _digests(truth["bad"]), bool(truth.get("undecidable")),
    )  # fmt: skip


SAMPLES = {name: _sample(name) for name in TRUTH}
CHOSEN = {name: _sample(name, chosen=True) for name in TRUTH if "args_with_choice" in TRUTH[name]}
