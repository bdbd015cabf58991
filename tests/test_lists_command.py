"""`relaion lists` as people type it: what is read is shown, what is refused says what to do."""

import json
import os
import pty
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from relaion.cli.lists import spooled
from relaion.errors import ListError
from tests.pipeline import here, relaion

A, B, C = (pair * 16 for pair in ("ab", "bc", "cd"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = ["media id,md5,status", f"7,{A},active", f"8,{B},active", f"9,{C},removed"]
    (tmp_path / "list.csv").write_text("\n".join([*rows, ""]))
    return tmp_path


def test_both_equations_and_the_words_that_decide_are_shown(folder: Path) -> None:
    ran = here("lists", "add", "list.csv", "--lists", "l.duckdb", "--source", "IWF", cwd=folder)
    assert ran.returncode == 0, ran.stderr
    told = [line.split() for line in ran.stdout.splitlines()]
    assert ["read", "3", "3"] in told
    assert ["retracted", "1", "1"] in told
    assert ["brought", "an", "entry", "2"] in told
    assert "status: active: 2, removed: 1" in ran.stderr
    assert not {A, B, C} & set((ran.stdout + ran.stderr).split())


@pytest.mark.slow
def test_the_standard_input_is_a_file_like_any_other(folder: Path) -> None:
    rows = (folder / "list.csv").read_text()
    arguments = ("lists", "add", "-", "--lists", "l.duckdb", "--source", "IWF", "--json")
    ran = relaion(*arguments, cwd=folder, stdin=rows)
    assert json.loads(ran.stdout)["entries"] == {"image_md5": 2}
    again = here("lists", "add", "list.csv", *arguments[3:], cwd=folder)
    assert json.loads(again.stdout)["added"] is False, "it is the same delivery"


def test_the_standard_input_is_kept_for_its_owner_alone_and_named_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this process, which is quick."""
    with (folder / "list.csv").open() as given:
        monkeypatch.setattr(sys, "stdin", given)
        with (
            pytest.raises(ListError, match=r"\Astandard input: is no list") as caught,
            spooled([Path("-"), folder / "list.csv"]) as files,
        ):
            path, other = files
            assert path.read_bytes() == other.read_bytes()
            assert path.stat().st_mode & 0o777 == 0o600
            raise ListError(f"{path}: is no list")
    assert str(folder) not in str(caught.value)
    assert not path.exists()
    with spooled([folder / "list.csv"]) as files:
        assert files == [folder / "list.csv"]


@pytest.mark.slow
def test_an_empty_standard_input_is_called_so(folder: Path) -> None:
    arguments = ("lists", "add", "-", "--lists", "l.duckdb", "--source", "IWF")
    ran = relaion(*arguments, cwd=folder, stdin="")
    assert ran.returncode == 2
    assert ran.stderr.startswith("relaion: standard input: ") and "relaion-stdin" not in ran.stderr


def test_what_is_typed_wrongly_is_said_in_one_line(folder: Path) -> None:
    for options, said in (
        (["--role", "great"], "--role great: choose one of bad, good"),
        (["--column", "md5"], "--column md5: write KIND=NAME"),
        (["--column", "md6=x"], "--column md6=x: write KIND=NAME"),
        (["--where", "status"], "--where status: write NAME=WORD,WORD"),
        (["--where", "colour=red"], "--where colour: there is no such column"),
        (["--format", "cvs"], "--format cvs: did you mean csv?"),
        (["--full"], "--full: is for --update"),
        (["--update", "3"], "cannot be read as a list store"),
    ):
        ran = here(
            "lists", "add", "list.csv", "--lists", "l.duckdb", "--source", "A", *options,
            cwd=folder,
        )  # fmt: skip
        assert ran.returncode == 2, options
        assert said in ran.stderr
        assert ran.stderr.count("\n") == 1
        assert not (folder / "l.duckdb").exists()


@pytest.mark.slow
def test_a_store_fits_a_terminal_of_80_columns(folder: Path) -> None:
    title = "Hashes of the month of March, second delivery"
    add = ("lists", "add", "list.csv", "--lists", "l.duckdb", "--source", "A long name of a giver")
    here(*add, "--title", title, "--received", "2024-03-26", cwd=folder)
    here("lists", "withdraw", "1", "--lists", "l.duckdb", cwd=folder)
    here(*add, "--kind", "url_md5", cwd=folder)
    master, slave = pty.openpty()
    env = os.environ | {"COLUMNS": "80", "TERM": "xterm"}
    shown = [sys.executable, "-m", "relaion", "lists", "show", "--lists", "l.duckdb", "--history"]
    subprocess.run(shown, cwd=folder, stdout=slave, env=env, check=True)
    os.close(slave)
    text = os.read(master, 1 << 16).decode()
    os.close(master)
    lines = [_plain(line) for line in text.splitlines()]
    assert max(map(len, lines)) <= 80, text
    about = next(line for line in lines if "withdrawn" in line)
    assert about.startswith("    csam; added")
    assert len(about) > 60  # it has the whole width, not that of a column


def test_a_store_tells_deliveries_of_one_giver_apart(folder: Path) -> None:
    added = ("lists", "add", "--lists", "l.duckdb", "--source", "A")
    (folder / "first.csv").write_text(f"id,md5\n1,{'01' * 16}\n2,{'02' * 16}\n")
    (folder / "next.csv").write_text(f"id,md5,status\n1,,removed\n3,{'03' * 16},active\n")
    assert here(*added, "first.csv", cwd=folder).returncode == 0
    assert here(*added, "next.csv", "--update", "1", cwd=folder).returncode == 0
    today = datetime.now(UTC).date().isoformat()
    for more in ([], ["--history"]):
        ran = here("lists", "show", "--lists", "l.duckdb", *more, cwd=folder)
        first, about, second, of_second = ran.stdout.split("\n")[1:5]
        assert first.startswith("1 ")
        assert second.startswith("2 ")
        assert today in first  # nobody said when it came: then it was the day on which it was added
        assert f"added {today}" in about
        assert "updated by list 2" in about
        assert "updates list 1 (1 added, 1 taken back)" in of_second
        assert "1 value read" in of_second


@pytest.mark.slow
def test_a_notice_is_wrapped_at_words_on_a_terminal_only(folder: Path) -> None:
    add = ["lists", "add", "list.csv", "--source", "A", "--label", "neighbours", "--dry-run"]
    (line,) = here(*add, "--lists", "l.duckdb", cwd=folder).stderr.splitlines()[:1]
    assert len(line) > 80
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "relaion", *add, "--lists", "l.duckdb"]
    env = os.environ | {"COLUMNS": "80", "TERM": "xterm"}
    subprocess.run(
        command, cwd=folder, stderr=slave, stdout=subprocess.DEVNULL, env=env, check=True
    )
    os.close(slave)
    text = os.read(master, 1 << 16).decode()
    os.close(master)
    lines = [_plain(told) for told in text.splitlines()]
    assert max(map(len, lines)) <= 80, text
    assert " ".join(lines).startswith(line)


def _plain(line: str) -> str:
    while "\x1b[" in line:
        before, _, after = line.partition("\x1b[")
        line = before + after.partition("m")[2]
    return line.rstrip()
