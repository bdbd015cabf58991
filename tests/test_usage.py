"""How the command line is called wrongly, and what comes of output that cannot be written."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import relaion
from relaion.cli import commands as _every_command  # noqa: F401
from relaion.cli.app import app
from tests import mistakes
from tests.drawn import quickly
from tests.pipeline import JOINED, here, write_shard
from tests.pipeline import relaion as run

COMMAND = [sys.executable, "-m", "relaion"]
LONG = ("sql", "data", "--json", "-c", "from range(100000)")


@pytest.mark.parametrize(("args", "says"), mistakes.MISTAKES)
def test_every_mistake_is_one_line_and_leaves_nothing(
    args: tuple[str, ...], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`test_install.py` makes them all in processes of their own."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    done = here(*args, cwd=tmp_path)
    assert mistakes.faults(args, says, done.returncode, done.stdout, done.stderr) == []
    assert not list(tmp_path.iterdir())


def test_a_mistake_in_a_process_of_its_own(tmp_path: Path) -> None:
    done = run("verfy", cwd=tmp_path, TMPDIR=str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (
        2, "", "relaion: no such command 'verfy'. Did you mean 'verify'? See `relaion --help`\n",
    )  # fmt: skip
    assert not list(tmp_path.iterdir())


def test_a_bug_leaves_a_private_log_or_says_that_it_could_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("https://pic.listed.example/")

    monkeypatch.setattr(relaion, "scripts", broken, raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    done = here("scripts")
    (log,) = tmp_path.iterdir()
    assert done.returncode == 2
    assert str(log) in done.stderr
    assert "listed.example" not in done.stderr
    assert log.stat().st_mode & 0o777 == 0o600
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    done = here("scripts")
    assert done.stderr.count("\n") == 1
    assert "could not be written" in done.stderr


def test_the_version_is_the_library_s(tmp_path: Path) -> None:
    done = run("--version", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        f"relaion {relaion.__version__}\n",
        "",
    )


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("streams")
    write_shard(folder / "data/a.parquet", [{"url": "http://a.example/"}], JOINED)
    return folder


CLOSED = (">&-", "Bad file descriptor")
FULL = (">/dev/full", "No space left on device")


@pytest.mark.parametrize(
    ("args", "to", "why"),
    quickly(
        1,
        [
            pytest.param(("--version",), *CLOSED, id="version closed"),
            pytest.param((), *FULL, id="help full"),
            pytest.param(LONG, *CLOSED, id="sql closed", marks=pytest.mark.slow),
            pytest.param(LONG, *FULL, id="sql full"),
            pytest.param(("--version",), *FULL, id="version full", marks=pytest.mark.slow),
            pytest.param((), *CLOSED, id="help closed", marks=pytest.mark.slow),
        ],
    ),
)
def test_lost_output_is_one_line_and_no_success(
    shards: Path, args: tuple[str, ...], to: str, why: str
) -> None:
    if "full" in to and not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this machine")
    done = subprocess.run(
        ["sh", "-c", f'"$@" {to}', "sh", *COMMAND, *args],
        cwd=shards, capture_output=True, text=True, check=False,
        env=os.environ | {"TMPDIR": str(shards)},
    )  # fmt: skip
    said = f"relaion: stdout: cannot be written ({why}); the output is lost, repeat the command\n"
    assert (done.returncode, done.stderr) == (2, said)
    assert [p.name for p in shards.iterdir()] == ["data"]


def test_a_reader_who_leaves_ends_the_program_without_a_word(shards: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, *LONG], cwd=shards, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


@pytest.mark.slow
def test_a_reader_who_is_slow_gets_everything(shards: Path) -> None:
    # a parent may hand over a pipe that does not block: Python raises where that is full
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    with subprocess.Popen([*COMMAND, *LONG], cwd=shards, stdout=theirs) as process:
        os.close(theirs)
        with os.fdopen(ours, encoding="utf-8") as f:
            assert len(json.load(f)["rows"]) == 100_000
    assert process.returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "to", ["2>&-", *(pytest.param(to, marks=pytest.mark.slow) for to in ("2>/dev/full", "<&-"))]
)
def test_talk_that_cannot_be_said_changes_nothing(shards: Path, to: str) -> None:
    # the notice that there are no image hashes goes to stderr
    done = subprocess.run(
        ["sh", "-c", f'"$@" {to}', "sh", *COMMAND, "inspect", "data"],
        cwd=shards, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert "1 shard" in done.stdout


def test_no_file_takes_the_place_of_a_closed_stream(shards: Path) -> None:
    # the first file that is opened would be number 1 or 2, and what is said written into it
    script = (
        "import os\n"
        "from relaion.processes import hold_streams\n"
        "hold_streams()\n"
        "os._exit(os.open('taken.txt', os.O_RDWR | os.O_CREAT))\n"
    )
    done = subprocess.run(
        ["sh", "-c", '"$@" <&- >&- 2>&-', "sh", sys.executable, "-c", script],
        cwd=shards,
        check=False,
    )
    (shards / "taken.txt").unlink()
    assert done.returncode > 2


def test_a_stream_that_lacks_letters_gets_them_spelled(shards: Path) -> None:
    done = run("scripts", cwd=shards, PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert "\\u2026" in done.stdout


@pytest.mark.slow
def test_a_query_that_is_not_utf8_is_refused(shards: Path) -> None:
    asked: list[str | bytes] = [*COMMAND, "sql", "data", "-c", b"select '\xff'"]
    for given, text in ((asked, b""), (asked[:-2], b"select '\xff';\n")):
        done = subprocess.run(
            given, cwd=shards, input=text, capture_output=True, check=False,
            env=os.environ | {"PYTHONUTF8": "1"},
        )  # fmt: skip
        assert b"relaion: the query: holds bytes that are not UTF-8" in done.stderr
        assert done.stderr.count(b"\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize("flag", [pytest.param("-O", marks=pytest.mark.slow), "-OO"])
def test_nothing_depends_on_what_optimising_drops(shards: Path, flag: str) -> None:
    def says(*args: str) -> str:
        return subprocess.run(
            [sys.executable, flag, "-m", "relaion", *args],
            cwd=shards, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip

    assert says("--help") == here("--help").stdout
    assert json.loads(says("inspect", "data", "--json"))["shards"] == 1


def test_ctrl_c_while_libraries_load_is_no_traceback() -> None:
    code = """
import os, runpy, signal, sys

class Pressed:
    def find_spec(self, name, *rest):
        if name == "relaion.cli":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Pressed())
runpy.run_module("relaion", run_name="__main__", alter_sys=True)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "")


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))


HELPS = list(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("command", HELPS, ids=" ".join)
def test_help_is_plain_and_fits(command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """No types of Python, nothing cut off, nothing wider than a terminal."""
    monkeypatch.setenv("COLUMNS", "80")
    text = here(*command, "--help").stdout
    assert text.startswith(f"Usage: relaion {' '.join(command)}".rstrip() + " [OPTIONS]")
    assert not set("<>{}") & set(text)
    assert "...\n" not in text.partition("Commands:")[2]  # nothing is cut off
    assert max(map(len, text.splitlines())) <= 80
    for line in text.splitlines():
        assert not re.match(r"  --(workers|rows|seed|source|kind|sql-version|column)  ", line), line


def test_an_option_stands_under_a_heading_that_its_command_knows() -> None:
    """A card has a title as a delivery has, and a report takes no delivery."""
    report, add = here("report", "--help").stdout, here("lists", "add", "--help").stdout
    assert "The delivery:" not in report
    assert report.index("What comes out:") < report.index("--title") < report.index("If relaion")
    assert add.index("The delivery:") < add.index("--title") < add.index("How the file is read:")


def test_every_command_has_a_help() -> None:
    assert {("clean",), ("lists", "withdraw"), ("sql",), ()} <= set(HELPS)
    assert len(HELPS) == 21


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("30", "did you mean 30_list_hits?"),
        ("030", "did you mean 30_list_hits?"),
        ("30_list", "did you mean 30_list_hits?"),
        ("list-hit", "did you mean 30_list_hits?"),
        ("lsit_hits", "did you mean 30_list_hits?"),
        ("row_keys.sqll", "did you mean 24_row_keys?"),
        ("sidecar", "did you mean 10_sidecar_hits or 12_sidecar_keys or 37_sidecar_reach?"),
        ("xyzzy", ""),
        ("²", ""),
        ("ab" * 16, ""),
        ("https://planted.example/1.jpg", ""),
    ],
)
def test_a_script_that_there_is_not(name: str, meant: str) -> None:
    done = here("scripts", name)
    assert done.returncode == 2
    shown = name if len(name) < 20 else "(not shown)"
    near = f"; {meant}" if meant else ""
    said = f"relaion: {shown}: no such script in sql/v1{near}; `relaion scripts` lists them\n"
    assert done.stderr == said
