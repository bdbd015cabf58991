"""What a process of relaion owes to others: no core file, no life after its parent, no tracks."""

import os
import resource
import signal
import threading
import time

_CHECK_SECONDS = 0.2


def leave_no_core() -> None:
    """Write no core file when this process, or one that it starts, is killed: it would hold lists.

    Programs that take cores from the kernel (systemd-coredump, apport) heed this limit, too.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def serve_parent() -> None:
    """Be a child: end with the parent, leave Ctrl-C to it, leave no core."""
    leave_no_core()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent(os.getppid())


def end_with_parent(parent: int) -> None:
    """Watch for the parent's end from a thread of its own, so that no orphan goes on writing."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_CHECK_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
