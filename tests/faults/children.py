"""Work done in forked processes that can be killed at any moment.

The parent imports everything and runs nothing, so that a child starts at once and no thread
of the parent holds a lock that the child would wait for.
"""

import os
import pickle
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relaion.run.journal import NAME

# what Python tells its audit hooks of: each changes something on the disk
_STEPS = frozenset(
    {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.chmod", "os.truncate",
     "os.symlink", "fcntl.flock"}
)  # fmt: skip


@dataclass(frozen=True)
class Ended:
    """How a child ended: killed, or with a value, or with an error (class and text)."""

    killed: bool
    value: Any = None
    error: tuple[str, str] | None = None
    steps: int = 0


def child(
    work: Callable[[], Any],
    folder: Path,
    *,
    seconds: float | None = None,
    step: int | None = None,
    before: Callable[[], None] | None = None,
) -> Ended:
    """Do work in a child; SIGKILL it after some seconds, or at its n-th step on the disk.

    `folder` takes what it says and returns; `before` runs in the child first.
    """
    answer = folder / "answer.pickle"
    answer.unlink(missing_ok=True)
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        _serve(work, answer, folder, step, before)
    if seconds is not None:
        _sleep(pid, seconds)
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return Ended(killed=True)
    if not answer.exists():
        return Ended(False, error=("crash", f"status {status}"))
    value, error, steps = pickle.loads(answer.read_bytes())
    return Ended(False, value, error, steps)


def _sleep(pid: int, seconds: float) -> None:
    """Wait, but no longer than the child lives (which stays a zombie to be waited for)."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        info = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if info is not None:
            return
        time.sleep(0.002)


def _serve(
    work: Callable[[], Any],
    answer: Path,
    folder: Path,
    step: int | None,
    before: Callable[[], None] | None,
) -> None:
    count = 0

    def hook(event: str, args: Any) -> None:
        nonlocal count
        # nothing is renamed when a line is added to the journal
        if event in _STEPS or (event == "open" and str(args[0]).endswith(f"/{NAME}")):
            count += 1
            if count == step:
                os.kill(os.getpid(), signal.SIGKILL)

    value = error = None
    try:
        os.setsid()
        said = os.open(folder / "said.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(said, 1)
        os.dup2(said, 2)
        if before is not None:
            before()
        sys.addaudithook(hook)
        value = work()
    except BaseException as e:
        known = type(e).__module__ == "relaion.errors"
        error = (type(e).__name__, str(e) if known else traceback.format_exc())
    steps = count
    step = None
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    try:
        answer.write_bytes(pickle.dumps((value, error, steps)))
    finally:
        os._exit(0)
