"""Plain links digested beside the process that reads them, while it reads on.

Half of the time of reading links is their digests, and Python computes on one processor. So what
comes next is read while another process (`link_lines`) digests the links that were read last.
Where that is not to be had (one processor, few links, a process that ends or gives no sign for
long) they are digested here, and nothing but the time differs. Links go there through a pipe: no
file holds them.
"""

from __future__ import annotations

import fcntl
import os
import select
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO

from relaion.errors import ListError
from relaion.lists.link_lines import READY, LinkLines, received, send
from relaion.lists.plain_links import PlainLinks, are_links, lines_of, plain_links
from relaion.lists.readers.format import LINK_KINDS, Batch

_MANY = 8_000  # links from which on it pays to begin a process
_AT_ONCE = 1 << 20  # bytes that wait in a pipe: so much is told of a batch
_PAGES = 1 << 13  # bytes of them that may stay empty
_AT_A_TIME, _AHEAD = 3, 4  # batches that were asked for, and that were read
# else glibc gives memory back behind each text, and takes it anew for the next
_KEEPS_MEMORY = dict.fromkeys(("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"), str(1 << 23))
_PATIENCE = 30  # seconds without a sign of the process


@dataclass(eq=False)
class _BatchAsked:
    """A batch, its links that were asked for, and what was told of them."""

    batch: Batch
    asked: Sequence[str] = ()
    found: PlainLinks | None = None


@dataclass
class LinksBeside:
    """The plain links of batches; `ended` where no process is to be begun, or no more.

    The process is asked for the links of three batches at a time, so that it need not wait. While
    it has them, those of the next are digested here: it is waited for only where much was read.
    """

    ended: bool = False
    _process: subprocess.Popen[bytes] | None = None
    _is_ready: bool = False
    _room: int = 0  # bytes that wait for the process, which need not read them
    _n: int = 0  # links so far
    _asked: deque[_BatchAsked] = field(default_factory=deque)  # of which nothing was told yet
    _told: _BatchAsked | None = None  # the last batch that was given

    def __post_init__(self) -> None:
        self.ended = self.ended or processors() < 2 or not sys.executable

    def ahead(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """The same batches, each when the next were read; so is what is wrong with the next."""
        waiting = deque[_BatchAsked]()
        wrong: ListError | None = None
        try:
            try:
                for batch in batches:
                    told = [*self._told_of(waiting)]
                    waiting.append(self._ask(batch))
                    for self._told in told:
                        yield self._told.batch
            except ListError as e:
                wrong = e
            while waiting:
                if len(self._asked) > 1 and not self._has_come():
                    last = self._asked.pop()  # which is digested here while it does the other
                    last.found = plain_links(last.asked)
                self._await(waiting[0])
                self._told = waiting.popleft()
                yield self._told.batch
            if wrong is not None:
                raise wrong
        finally:
            self._end()

    def plain_links(self, values: Sequence[str]) -> PlainLinks | None:
        """What `plain_links` says of values."""
        told = self._told
        is_told = told is not None and len(values) > 0 and [*told.asked] == [*values]
        return told.found if told is not None and is_told else plain_links(values)

    def _told_of(self, waiting: deque[_BatchAsked]) -> Iterator[_BatchAsked]:
        """Take out the first batches that wait, so that one does, or two with a process."""
        while self._asked and self._has_come():
            self._receive()
        while len(waiting) > (1 if self._is_ready else 0):
            if waiting[0] in self._asked and len(waiting) < _AHEAD:
                break
            self._await(waiting[0])
            yield waiting.popleft()

    def _has_come(self) -> bool:
        pipes = self._pipes()
        return pipes is None or has_come(pipes[1].file)

    def _await(self, one: _BatchAsked) -> None:
        """Receive what is told of a batch, if its links were asked for."""
        while one in self._asked:
            self._receive()

    def _receive(self) -> None:
        pipes, first = self._pipes(), self._asked[0]
        try:
            found = LinkLines(*received(pipes[1].read)) if pipes else None
        except (OSError, EOFError):
            found = None
        if found is None:
            self._end()
            return
        first.found = PlainLinks.of(found) if found.digests else None
        self._asked.popleft()

    def _ask(self, batch: Batch) -> _BatchAsked:
        """A batch, whose links are sent if they are many."""
        asked, values = _BatchAsked(batch), _links_of(batch)
        self._n += len(values)
        if len(self._asked) >= _AT_A_TIME:
            asked.asked, asked.found = values, plain_links(values)
            return asked
        text = lines_of(values) if self._n > _MANY and self._pipes() else None
        while text is not None and self._asked and len(text) > self._room:
            self._receive()  # else each might wait for the other to read
        pipes = self._pipes() if text is not None else None
        if text is None or pipes is None:
            return asked
        try:
            send(pipes[0].write, text, b"%d" % len(values))
            asked.asked = values
            self._asked.append(asked)
        except OSError:
            self._end()
        return asked

    def _pipes(self) -> tuple[PatientPipe, PatientPipe] | None:
        """Those to and from the process, where it waits for links; begins one where none was."""
        if self._process is None and not self.ended:
            with suppress(OSError):
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "relaion.lists.link_lines"],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                    bufsize=0, env=_KEEPS_MEMORY | os.environ,
                )  # fmt: skip
            self.ended = self._process is None
        if self._process is None or self._process.stdin is None or self._process.stdout is None:
            return None
        pipes = PatientPipe(self._process.stdin), PatientPipe(self._process.stdout)
        if not self._is_ready and has_come(self._process.stdout):
            self._room = min(pipe.widen() for pipe in pipes)
            self._is_ready = pipes[1].read(len(READY)) == READY
            if not self._is_ready:
                self._end()
        return pipes if self._is_ready else None

    def _end(self) -> None:
        process, self._process = self._process, None
        self.ended, self._is_ready = True, False
        while self._asked:  # they are digested here
            self._asked.popleft().asked = ()
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        process.wait()


@dataclass(frozen=True)
class PatientPipe:
    """A pipe without a buffer; raises TimeoutError where its other end is waited for too long."""

    file: IO[bytes]

    def widen(self) -> int:
        """Have much wait in it, so that neither end does, where the system lets it: how much."""
        os.set_blocking(self.file.fileno(), False)
        with suppress(OSError, AttributeError):
            return fcntl.fcntl(self.file, fcntl.F_SETPIPE_SZ, _AT_ONCE) - _PAGES
        return 0

    def read(self, length: int) -> bytes:
        """So many bytes; fewer at its end."""
        found, left = list[bytes](), length
        while left:
            self._wait(select.POLLIN)
            some = os.read(self.file.fileno(), left)
            if not some:
                break
            found.append(some)
            left -= len(some)
        return b"".join(found)

    def write(self, data: bytes) -> None:
        """Write all of it."""
        left = memoryview(data)
        while left:
            self._wait(select.POLLOUT)
            left = left[os.write(self.file.fileno(), left) :]

    def _wait(self, event: int) -> None:
        poll = select.poll()  # `select` takes no number from 1,024 on
        poll.register(self.file, event)
        if not poll.poll(1000 * _PATIENCE):
            raise TimeoutError


def processors() -> int:
    """On how many this process may compute, as far as its system tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def has_come(pipe: IO[bytes]) -> bool:
    """Whether something, or its end, can be read of a pipe; its number may be any."""
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    return bool(poll.poll(0))


def _links_of(batch: Batch) -> Sequence[str]:
    """The links of a batch, if it is one of links: none of records that do not count."""
    for values in batch.values:
        if 2 * len(values.text) < batch.n:
            continue
        is_link = next((kind for kind in values.kinds if kind in LINK_KINDS), None) == "url"
        if is_link and are_links(values.text):
            of = range(batch.n) if values.of is None else values.of
            return (
                values.text if not batch.fates
                else [x for x, i in zip(values.text, of, strict=True) if i not in batch.fates]
            )  # fmt: skip
    return ()
