"""Ctrl-C and SIGTERM: one line that says how to go on, and nothing that lives on."""

import os
import signal
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from relaion.errors import Stopped
from tests.faults.world import contents, make, names, run


def start(folder: Path) -> "subprocess.Popen[str]":
    args = ("clean", "data", "--lists", "lists.duckdb", "--out", "out", "--no-verify")
    return subprocess.Popen(
        [sys.executable, "-m", "relaion", *args], cwd=folder, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def wait_for(path: Path, process: "subprocess.Popen[str]") -> None:
    while not path.exists():
        assert process.poll() is None, f"{path} never came"
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_a_run_which_can_be_gone_on_with(tmp_path: Path, number: int) -> None:
    make(tmp_path, shards=3)
    process = start(tmp_path)
    wait_for(tmp_path / "out/.work/plan.json", process)
    os.killpg(process.pid, number)  # as a terminal does
    out, err = process.communicate(timeout=600)
    assert process.returncode == 128 + number, err
    assert out == ""
    assert err == "relaion: stopped; repeat the command to go on where it stopped\n"
    again = start(tmp_path)
    out, err = again.communicate(timeout=600)
    assert again.returncode == 0, err
    run(tmp_path, out="other")
    assert contents(tmp_path / "out") == contents(tmp_path / "other")


def test_a_signal_while_checking_says_that_out_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, shards=2)

    def stopped(*_: Any, **__: Any) -> None:
        raise Stopped(signal.SIGTERM)

    # the package has a function of this name, which hides the module
    monkeypatch.setattr(import_module("relaion.stages.clean"), "check", stopped)
    with pytest.raises(Stopped, match="is finished, check it with `relaion verify`") as e:
        run(tmp_path, verify=True)
    assert e.value.signal == signal.SIGTERM
    assert "manifest.json" in names(tmp_path / "out")


def test_no_core_is_written_and_no_value_stands_in_arguments(tmp_path: Path) -> None:
    """What the kernel tells of a run and its workers while they go on."""
    make(tmp_path, shards=6, rows=2000)
    process = start(tmp_path)
    seen: dict[int, tuple[str, str, str]] = {}
    while process.poll() is None:
        for pid in _family(process.pid):
            told = [_proc(pid, name) for name in ("limits", "cmdline", "environ")]
            if all(told):
                seen[pid] = (told[0], told[1], told[2])
        time.sleep(0.02)
    process.communicate()
    assert process.returncode == 0
    assert len(seen) > 1, "no worker was seen"
    workers = {pid: told for pid, told in seen.items() if "relaion.run.worker" in told[1]}
    assert workers
    for _, arguments, environment in seen.values():
        assert "planted" not in arguments + environment
        assert "part-1" not in arguments
    cores = [line for told in workers.values() for line in told[0].splitlines() if "core" in line]
    assert all(line.split()[4:6] == ["0", "0"] for line in cores), cores


def _family(pid: int) -> list[int]:
    found = [pid]
    for process in Path("/proc").glob("[0-9]*"):
        stat = _proc(int(process.name), "stat")
        if stat and int(stat.rpartition(")")[2].split()[1]) == pid:
            found.append(int(process.name))
    return found


def _proc(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text(errors="replace")
    except OSError:
        return ""
