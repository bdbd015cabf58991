"""Plain links digested beside the process that reads them, while it reads on.

Half of the time of reading links is their digests, and Python computes on one processor. So what
comes next is read while another process (`link_lines`) digests the links that were read last.
Where that is not to be had (one processor, few links, a process that ends) they are digested here,
and nothing but the time differs. So they are where it gives no sign for long. Links go there
through a pipe: no file holds them.
"""

from __future__ import annotations

import fcntl
import os
import select
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from relaion.errors import ListError
from relaion.lists.link_lines import READY, LinkLines, received, send
from relaion.lists.plain_links import PlainLinks, are_links, lines_of, plain_links
from relaion.lists.readers.format import LINK_KINDS, Batch

_MANY = 8_000  # links from which on it pays to begin a process
_AT_ONCE = 1 << 20  # bytes that wait in a pipe: so much is told of a batch
_PATIENCE = 30  # seconds without a sign of the process


@dataclass
class LinksBeside:
    """The plain links of batches; `ended` where no process is to be begun, or no more."""

    ended: bool = False
    _process: subprocess.Popen[bytes] | None = None
    _is_ready: bool = False
    _n: int = 0  # links so far
    _asked: Sequence[str] = ()
    _held: Sequence[str] = ()  # those of which `_found` is told
    _found: PlainLinks | None = None

    def __post_init__(self) -> None:
        self.ended = self.ended or processors() < 2 or not sys.executable

    def ahead(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """The same batches, each when the next was read; so is what is wrong with the next."""
        held: Batch | None = None
        wrong: ListError | None = None
        try:
            try:
                for batch in batches:
                    self._turn(batch)
                    if held is not None:
                        yield held
                    held = batch
            except ListError as e:
                wrong = e
            self._turn(None)
            if held is not None:
                yield held
            if wrong is not None:
                raise wrong
        finally:
            self._end()

    def plain_links(self, values: Sequence[str]) -> PlainLinks | None:
        """What `plain_links` says of values."""
        is_held = len(values) > 0 and [*self._held] == [*values]
        return self._found if is_held else plain_links(values)

    def _turn(self, batch: Batch | None) -> None:
        """Receive what is told of the links that were sent, and send those of a batch if many."""
        values = _links_of(batch) if batch else ()
        self._n += len(values)
        asked, self._asked, self._held = self._asked, (), ()
        pipes = self._pipes() if self._n > _MANY else None
        text = lines_of(values) if pipes else None
        if pipes is None:
            return
        try:
            if asked:
                found = LinkLines(*received(pipes[1].read))
                self._held, self._found = asked, PlainLinks.of(found) if found.digests else None
            if text is not None:
                send(pipes[0].write, text)
                self._asked = values
        except (OSError, EOFError):
            self._end()

    def _pipes(self) -> tuple[PatientPipe, PatientPipe] | None:
        """Those to and from the process, where it waits for links; begins one where none was."""
        if self._process is None and not self.ended:
            with suppress(OSError):
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "relaion.lists.link_lines"],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                    bufsize=0,
                )  # fmt: skip
            self.ended = self._process is None
        if self._process is None or self._process.stdin is None or self._process.stdout is None:
            return None
        pipes = PatientPipe(self._process.stdin), PatientPipe(self._process.stdout)
        if not self._is_ready and has_come(self._process.stdout):
            for pipe in pipes:
                pipe.widen()
            self._is_ready = pipes[1].read(len(READY)) == READY
            if not self._is_ready:
                self._end()
        return pipes if self._is_ready else None

    def _end(self) -> None:
        process, self._process = self._process, None
        self.ended, self._is_ready = True, False
        self._asked = self._held = ()
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

    def widen(self) -> None:
        """Have much wait in it, so that neither end does, where the system lets it."""
        with suppress(OSError, AttributeError):
            fcntl.fcntl(self.file, fcntl.F_SETPIPE_SZ, _AT_ONCE)
        os.set_blocking(self.file.fileno(), False)

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
