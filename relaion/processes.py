"""What a process of relaion owes to others: no core file, no life after its parent, no tracks."""

import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

_CHECK_SECONDS = 0.2


class _KeptOut:  # no MetaPathFinder: what loads that costs a hundredth of a second
    """Finds that there is no pandas, and for pyarrow that there is no numpy."""

    def find_spec(self, fullname: str, *_: object) -> None:
        """Nothing for any module; for these two not even the next finder is asked."""
        if fullname == "pandas" or (fullname == "numpy" and _loads_pyarrow()):
            raise ModuleNotFoundError(fullname, name=fullname)


def _loads_pyarrow() -> bool:
    """Whether a module of pyarrow is about to be loaded."""
    specs = [
        module.__spec__ for name, module in [*sys.modules.items()] if name.startswith("pyarrow")
    ]
    return any(getattr(spec, "_initializing", False) for spec in specs)


def keep_pandas_out() -> None:
    """Keep pyarrow from loading pandas and numpy, where installed: half a second, and a tenth.

    pyarrow asks for the one at the first list that becomes an array, for the other when it is
    loaded, and does without both. For processes of our own only: a program that imports this
    library may want them. What draws pictures finds numpy all the same.
    """
    if not any(isinstance(finder, _KeptOut) for finder in sys.meta_path):
        sys.meta_path.insert(0, _KeptOut())


def leave_no_core() -> None:
    """Write no core file when this process, or one that it starts, is killed: it would hold lists.

    Programs that take cores from the kernel (systemd-coredump, apport) heed this limit, too.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def hold_streams() -> None:
    """Take the numbers of streams that were closed, before anything else is opened.

    They would go to the next files, which talk would then be written into. Each is turned the
    wrong way: what is written to a closed stdout still fails, and can be said.
    """
    for number, wrong_way in ((0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_RDONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, wrong_way)  # gets the lowest number that is free: this one


def on_signals(do: Callable[[int, FrameType | None], object]) -> None:
    """Do this where a signal asks to end; a run under `nohup` outlives its terminal."""
    signal.signal(signal.SIGINT, do)
    signal.signal(signal.SIGTERM, do)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, do)


def end_at_once(number: int, _: FrameType | None) -> None:
    """End without a word: 130 for Ctrl-C, 143 for SIGTERM."""
    os._exit(128 + number)


def serve_parent() -> None:
    """Be a child: end with the parent, leave Ctrl-C to it, leave no core, start quickly."""
    keep_pandas_out()
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
