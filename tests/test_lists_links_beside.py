"""Links digested by a process beside the one that reads them: nothing but the time hangs on it."""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from relaion.errors import ListError
from relaion.lists import link_lines, links_beside
from relaion.lists.links_beside import LinksBeside, has_come
from relaion.lists.plain_links import plain_links
from relaion.lists.readers.format import LINK_KINDS, Batch, Options, Values
from relaion.lists.readers.read import FileRead, read_entries
from tests.bench.list_files import FILES

N = 17_000  # records, which are several batches
_ODD: tuple[Any, ...] = (
    "http://www.pictures.example/a/?b=1", "hxxp://a[.]example/1.jpg", "https://1.2.3.4/a", "", None,
    "https://bücher.example/ä", "https://a.example/" + "a" * 300, "https://a.example/\ud800", "x",
    "https://pictures.example/a\nhttps://pictures.example/b", "https://a.example/a.",
)  # fmt: skip


def _waits(pipe: Any) -> bool:
    """Whether something comes from a process that begins, however long that takes."""
    return bool(select.select([pipe], [], [], 60)[0])


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A process begins with the first link; how many links it told of, by the batch."""
    found: list[int] = []
    received = link_lines.received

    def counted(read: Any) -> list[bytes]:
        parts = received(read)
        found.append(len(parts[1]) // 64)
        return parts

    monkeypatch.setattr(links_beside, "processors", lambda: 2)
    monkeypatch.setattr(links_beside, "_MANY", 0)
    monkeypatch.setattr(links_beside, "has_come", _waits)
    monkeypatch.setattr(links_beside, "received", counted)
    return found


def _made(path: Path) -> Path:
    """A file of which some records do not count, and some links are to be looked at twice."""
    form = next(each for each in FILES if each.name == path.name)
    field = "url" if form.name == "links.jsonl" else "hashValue"
    records = [json.loads(form.record(i)) for i in range(N)]
    for i, odd in enumerate(_ODD):
        records[N // 2 + 40 * i][field] = odd
    for record in records[N // 2 :: 7] if field == "hashValue" else ():
        record["hashStatus"] = "Withdrawn"
    path.write_text(form.before + form.between.join(map(json.dumps, records)) + form.after)
    return path


def _read(path: Path) -> Any:
    found, entries = FileRead(), list[Any]()
    for batch in read_entries(path, Options(), found):
        for kind, some in sorted(batch.entries.items()):
            columns = zip(some.digests, some.places, some.records, strict=True)
            entries += [(kind, *(part.to_pylist() for part in parts)) for parts in columns]
        entries.append((batch.undone, batch.kept_ids, batch.gone_ids))
    return entries, found.tally, found.notices


@pytest.mark.parametrize("name", ["links.jsonl", "stopncii.json"])
def test_links_are_the_same_as_without(
    name: str, tmp_path: Path, told: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _made(tmp_path / name)
    entries = _read(path)
    assert sum(told) > N / 2
    told.clear()
    monkeypatch.setattr(links_beside, "processors", lambda: 1)
    assert _read(path) == entries
    assert not told


def _fails(_: Any) -> Any:
    raise EOFError


@pytest.mark.parametrize("program", ["/nowhere", "/bin/false", "/bin/cat", "", None])
def test_links_are_digested_here_where_a_process_fails(
    program: str | None, tmp_path: Path, told: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _made(tmp_path / "links.jsonl")
    entries = _read(path)
    told.clear()
    if program is not None:
        monkeypatch.setattr(sys, "executable", program)
    else:
        monkeypatch.setattr(links_beside, "received", _fails)
    assert _read(path) == entries
    assert not told


def _links(first: int, n: int = 100) -> Batch:
    links = [f"https://a{i}.example/{i}" for i in range(first, first + n)]
    return Batch(len(links), [Values(LINK_KINDS, links)])


def test_what_is_wrong_comes_behind_what_was_read(told: list[int]) -> None:
    def batches() -> Iterator[Batch]:
        yield from map(_links, (0, 100, 200))
        raise ListError("is cut off")

    beside, read = LinksBeside(), list[Any]()
    with pytest.raises(ListError, match="is cut off"):
        for batch in beside.ahead(batches()):
            values = batch.values[0].text
            read.append((beside.plain_links(values), plain_links(values)))
    assert [found.digests for found, _ in read] == [found.digests for _, found in read]
    assert told == [100, 100, 100]


def test_links_are_digested_here_while_the_process_has_others(
    told: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    beside, read = LinksBeside(), 0
    for batch in beside.ahead(map(_links, range(0, 1000, 100))):
        values = batch.values[0].text
        assert beside.plain_links(values) == plain_links(values)
        read += 1
        monkeypatch.setattr(links_beside, "has_come", lambda _: False)
    assert read == 10
    assert 3 <= len(told) < read


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The processes that were begun."""
    found: list[Any] = []
    popen = subprocess.Popen

    def kept(*args: Any, **more: Any) -> Any:
        found.append(popen(*args, **more))
        return found[-1]

    monkeypatch.setattr(subprocess, "Popen", kept)
    return found


def test_the_process_ends_with_the_reading(begun: list[Any]) -> None:
    reading: Any = LinksBeside().ahead(map(_links, range(0, 1000, 100)))
    next(reading)
    assert begun[0].poll() is None
    reading.close()
    assert begun[0].poll() is not None


@pytest.mark.parametrize("n", [100, 40_000], ids=["asked", "asking"])  # more than a pipe holds
def test_a_process_that_stands_still_is_not_waited_for(
    n: int, begun: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    beside, read = LinksBeside(), 0
    for batch in beside.ahead(_links(first, n) for first in range(0, 4 * n, n)):
        values = batch.values[0].text
        assert beside.plain_links(values) == plain_links(values)
        read += 1
        if read == 1:
            os.kill(begun[0].pid, signal.SIGSTOP)
            monkeypatch.setattr(links_beside, "_PATIENCE", 0.1)
            monkeypatch.setattr(links_beside, "has_come", has_come)
    assert read == 4
    assert [process.poll() for process in begun] == [-signal.SIGKILL]


def test_pipes_may_have_any_number() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 2048 if hard == resource.RLIM_INFINITY else min(2048, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
    held = list[int]()
    with suppress(OSError):
        held += [os.open(os.devnull, os.O_RDONLY) for _ in range(1030)]
    ours, theirs = os.pipe()
    try:
        with os.fdopen(ours, "rb") as pipe:
            assert not has_come(pipe)
            os.write(theirs, b".")
            assert has_come(pipe)
    finally:
        for number in (theirs, *held):
            os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="its system tells of all alone")
def test_processors_are_those_that_it_may_use() -> None:
    code = (
        "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])\n"
        "from relaion.lists.links_beside import LinksBeside; print(LinksBeside().ended)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "True\n"
