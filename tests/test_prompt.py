"""The prompt of `sql` on a terminal: editing, completion, history, cancelling, mistakes."""

import os
import signal
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from relaion.cli.dots import HELP
from tests.drawn import quickly
from tests.pipeline import Sent, add_lists, write_shard
from tests.pipeline import here as in_process
from tests.terminal import Terminal, terminal

LONG = "select sum(a.range * b.range) from range(3000000) a, range(3000000) b;"
READY = "relaion>"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shards with a name that SQL has to quote, and a finished output beside them."""
    folder = tmp_path_factory.mktemp("prompt")
    rows = [{"url": f"https://h.example/{i}.jpg", "text": f"c {i}"} for i in range(30)]
    write_shard(folder / "data/2b-en/a.parquet", rows)
    add_lists(folder / "lists.duckdb", [Sent((("image_md5", "ab" * 16),))])
    done = in_process("clean", "data", "--lists", "lists.duckdb", "--out", "out", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def ready(t: Terminal) -> list[str]:
    """Wait for an empty prompt that is waited at; what the screen shows."""
    return t.until_line(READY)


def answered(t: Terminal, text: str) -> list[str]:
    """Type a line; what was printed until the next prompt."""
    before = len(ready(t))
    t.type(text + "\r")
    lines = t.until(lambda lines: len(lines) > before and lines[-1] == READY)
    return lines[before:-1]


def test_a_day_at_the_prompt(made: Path) -> None:
    with terminal(made, "sql", "data") as t:
        assert "Ask in SQL, end with `;`. Here: shard, 2b-en." in " ".join(ready(t))
        t.type("select 1 as a,\r")
        t.until(lambda lines: lines[-1] == "    ...>   -- goes on; ; and Enter run it")
        assert answered_at(t, "2 as b;\r") == ["a  b", "1  2"]
        assert answered(t, "select nothing;")[0].startswith("relaion: the query: Binder Error")
        t.type("select 'unfinished\r")
        t.until(lambda lines: lines[-1].startswith("    ...>"))
        t.type("\x03")
        assert answered(t, "select 40 + 2 as c;") == [" c", "42"]
        t.type("select half\x03")
        assert answered(t, ".tables") == ["shard", "2b-en"]
        t.type("\x04")
        assert t.ends() == 0


def answered_at(t: Terminal, keys: str) -> list[str]:
    """Type keys that end a statement; what is printed below them."""
    before = len(t.shown())
    t.type(keys)
    return t.until(lambda lines: len(lines) > before and lines[-1] == READY)[before:-1]


@pytest.mark.slow
def test_ctrl_c_ends_a_query_and_keeps_the_prompt(made: Path) -> None:
    with terminal(made, "sql", "data", columns=140) as t:
        ready(t)
        for _ in range(2):  # the line editor, which takes signals as well, has let go of them
            t.type(LONG + "\r")
            time.sleep(0.8)
            t.type("\x03")
            ready(t)
        assert answered(t, "select 'still here' as said;") == ["said", "still here"]
        assert "bug" not in " ".join(t.shown())


@pytest.mark.slow
def test_a_signal_from_outside_ends_the_prompt_or_what_runs(made: Path) -> None:
    for running in (False, True):
        with terminal(made, "sql", "data", columns=140) as t:
            ready(t)
            if running:
                t.type(LONG + "\r")
                time.sleep(0.6)
            t.process.send_signal(signal.SIGTERM)
            assert t.ends() == 143
            assert t.shown()[-1] == "relaion: stopped"


@pytest.mark.slow
def test_what_was_typed_comes_again_and_can_be_edited(made: Path) -> None:
    with terminal(made, "sql", "data") as t:
        answered(t, "select 12 as n;")
        t.type("\x1b[A" + "\x1b[D" * 6 + "3")  # up, then six to the left
        assert answered_at(t, "\r") == ["  n", "123"]


COMPLETED = {
    "a table after from": ("from sha\t", "from shard"),
    "a name that has to be quoted": ("from 2b\t", 'from "2b-en"'),
    "a column": ("select punsa\t", "select punsafe"),
    "a column of a table": ("select shard.row_h\t", "select shard.row_hash"),
    "a keyword": ("explai\t", "explain"),
    "a function": ("select array_to_s\t", "select array_to_string"),
    "a line with a dot": (".sch\t", ".schema"),
    "a form": (".mode jsonl\t", ".mode jsonl"),
    "a question": (".run hos\t", ".run hosts"),
    "nothing": ("select zzzz\t", "select zzzz"),
}


def begins(line: str) -> Callable[[list[str]], bool]:
    return lambda lines: lines[-1].startswith(line)


@pytest.mark.slow
def test_names_are_completed(made: Path) -> None:
    with terminal(made, "sql", "data") as t:
        for typed, whole in COMPLETED.values():
            ready(t)
            t.type(typed)
            t.until(begins(f"{READY} {whole}"))
            t.type("\x03")


@pytest.mark.slow
def test_several_names_are_listed(made: Path) -> None:
    with terminal(made, "sql", "out", columns=50) as t:
        ready(t)
        t.type("from removal\t\t")
        lines = t.until(lambda lines: any("removal_groups" in line for line in lines[-6:]))
        assert any("removals" in line for line in lines)


@pytest.mark.slow
def test_lines_with_a_dot(made: Path, tmp_path: Path) -> None:
    asked = tmp_path / "asked.sql"
    asked.write_text("select 1 as one;\n.mode csv\nselect 2 as two;\n")
    with terminal(made, "sql", "out", columns=100) as t:
        told = answered(t, ".help")
        assert [line.split("  ")[0] for line in told[:-1]] == [word for word, _ in HELP]
        told = answered(t, ".schema unions")
        assert told[1].split() == ["unions", "edition", "VARCHAR", "which", "edition"]
        assert len(told) == 6
        assert answered(t, ".schema nowhere")[0].startswith("relaion: nowhere: no such table")
        assert answered(t, ".mode xml")[0].startswith("relaion: xml: no such format; choose one")
        assert answered(t, f".read {asked}") == ["one", "  1", "", "two", "2"]
        assert answered(t, "select 'a,b' as x, null as y;") == ["x,y", '"a,b",']
        answered(t, ".mode")
        assert answered(t, ".run balance")[0].split()[0] == "edition"
        assert answered(t, ".run nothing")[0].startswith("relaion: nothing: no such query")
        assert answered(t, ".nothing")[0].startswith("relaion: .nothing: there is no such")
        t.type(".quit\r")
        assert t.ends() == 0


@pytest.mark.slow
def test_null_is_told_from_the_text(made: Path) -> None:
    with terminal(made, "sql", "data") as t:
        told = answered(t, "select null as a, 'NULL' as b;")
        assert told == ["   a  b", "NULL  'NULL'"]


@pytest.mark.slow
def test_a_narrow_window_gets_a_value_a_line(made: Path) -> None:
    with terminal(made, "sql", "data", columns=40) as t:
        told = answered(t, "select url, url as link from shard limit 2;")[1:]
        assert told[0:3] == ["url   https://h.example/0.jpg", "link  https://h.example/0.jpg", ""]


@pytest.mark.slow
def test_a_history_is_kept_where_it_is_asked_for_and_private(made: Path, tmp_path: Path) -> None:
    kept = tmp_path / "asked"
    for _ in range(2):
        with terminal(made, "sql", "data", "--history", str(kept)) as t:
            ready(t)
            t.type("\x1b[A")
            time.sleep(0.5)
            t.type("\x03")
            answered(t, "select 'kept' as k;")
            t.type("\x04")
            t.ends()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "+select 'kept' as k;\n" in kept.read_text()
    with terminal(made, "sql", "data", "--history", str(kept)) as t:
        ready(t)
        t.type("\x1b[A")
        t.until(lambda lines: lines[-1] == f"{READY} select 'kept' as k;")


def another_file(w: Path) -> Path:
    (w / "notes").write_text("my notes\n")
    return w / "notes"


def within(w: Path) -> Path:
    return w / "data/asked"


def a_pipe(w: Path) -> Path:
    os.mkfifo(w / "pipe")
    return w / "pipe"


def nowhere(w: Path) -> Path:
    return w / "none/asked"


@pytest.mark.parametrize("place", quickly(1, [another_file, within, a_pipe, nowhere]))
def test_a_history_in_a_wrong_place_is_refused(
    tmp_path: Path, place: Callable[[Path], Path]
) -> None:
    write_shard(tmp_path / "data/en/a.parquet", [{"url": "https://h.example/1.jpg"}])
    path = place(tmp_path)
    if path.is_file():
        path.chmod(0o644)
    held = path.read_text() if path.is_file() else None
    with terminal(tmp_path, "sql", "data", "--history", str(path), columns=200) as t:
        assert t.ends() == 2
        (line,) = t.shown()
        assert line.startswith("relaion: ") and path.name in line
    assert (path.read_text() if path.is_file() else None) == held
    assert not path.is_file() or stat.S_IMODE(path.stat().st_mode) == 0o644


@pytest.mark.slow
def test_in_a_narrow_window_words_stay_whole(made: Path) -> None:
    with terminal(made, "sql", "out", columns=48) as t:
        greeting = " ".join(ready(t))
        for word in ("not_looked_at", "removal_groups", "research_safe", ".quit"):
            assert word in greeting
        told = answered(t, ".help")
        assert next(x for x in told if x.startswith(".")).split() == [".help", "this", "list"]
        assert "alone: as at first" in " ".join(" ".join(told).split())
        assert max(map(len, told)) <= 48
        assert "(PermissionException)" in " ".join(answered(t, "from 'data/x.parquet';"))
