"""Signals where nothing can go on: while libraries are loaded, at the last flush, under nohup."""

import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from relaion.errors import Stopped

app = importlib.import_module("relaion.cli.app")  # the package has an object of that name
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def loading(tmp_path: Path) -> Callable[..., "subprocess.Popen[str]"]:
    """Starts the command line with a library that says when it is loaded, and takes long."""
    (tmp_path / "typer.py").write_text("import time\nprint('loads', flush=True)\ntime.sleep(30)\n")
    env = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}

    def start(ignored: int | None = None) -> "subprocess.Popen[str]":
        def take(number: int = signal.SIGHUP) -> None:  # whatever these tests are run under
            signal.signal(number, signal.SIG_IGN if number == ignored else signal.SIG_DFL)

        started = subprocess.Popen(
            [sys.executable, "-m", "relaion", "--version"], env=env, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            preexec_fn=take,  # noqa: PLW1509
        )  # fmt: skip
        assert started.stdout and started.stdout.readline() == "loads\n"
        return started

    return start


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_libraries_load_is_no_traceback(
    loading: Callable[..., "subprocess.Popen[str]"], number: int
) -> None:
    process = loading()
    process.send_signal(number)
    assert process.communicate() == ("", "")
    assert process.returncode == 128 + number


def test_a_run_under_nohup_outlives_its_terminal(
    loading: Callable[..., "subprocess.Popen[str]"],
) -> None:
    process = loading(signal.SIGHUP)
    process.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.3)
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 128 + signal.SIGTERM


def test_ctrl_c_while_the_last_of_the_output_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def flush() -> None:
        raise Stopped(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(app, "_run", lambda: 0)
        patch.setattr(app, "on_signals", lambda do: None)
        patch.setattr(sys.stdout, "flush", flush)
        code = app.run()
    assert code == 130


STOPPED_LATE = """
import importlib, os, signal, sys, time
app = importlib.import_module("relaion.cli.app")
sys.path.insert(0, sys.argv[1])

def loading():
    import slow_library
    time.sleep(30)

def finalizing():
    class Closed:
        def __del__(self):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.01)
    Closed()
    time.sleep(30)

does = {"loading": loading, "finalizing": finalizing}[sys.argv[2]]
app._named = lambda _: lambda **_: does()
app.main()
"""


@pytest.mark.parametrize("when", ["loading", "finalizing"])
def test_a_signal_that_nobody_would_hear_of_is_raised_a_little_later(
    when: str, tmp_path: Path
) -> None:
    """Native code that loads a module aborts; what a finalizer raises is lost, and all goes on."""
    (tmp_path / "slow_library.py").write_text(
        "import os, signal\nfrom relaion.errors import Stopped\n"
        "try:\n    os.kill(os.getpid(), signal.SIGTERM)\n"
        "except Stopped:\n    raise SystemError('aborted') from None\n"
        "print('loaded', flush=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", STOPPED_LATE, str(tmp_path), when],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 128 + signal.SIGTERM, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ("loaded\n" if when == "loading" else "")
