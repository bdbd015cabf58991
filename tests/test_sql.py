"""`sql` as it is used: by people at a prompt, in pipes and scripts; and what it must not open."""

import fcntl
import io
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.pipeline import Sent, add_lists, relaion, write_shard
from tests.pipeline import here as in_process

MD5 = "ab" * 16
LINK = "https://listed.example/a.jpg"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shards, lists and a finished output side by side in one folder."""
    folder = tmp_path_factory.mktemp("sql")
    rows = [{"url": f"https://h.example/{i}.jpg", "text": f"c {i}"} for i in range(30)]
    write_shard(folder / "data/en/a.parquet", [*rows, {"url": LINK, "image_md5": MD5}])
    write_shard(folder / "data/en/b.parquet", rows)
    add_lists(folder / "lists.duckdb", [Sent((("image_md5", MD5),))])
    done = in_process("clean", "data", "--lists", "lists.duckdb", "--out", "out", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def world(made: Path, tmp_path: Path) -> Path:
    """A copy to add links to."""
    shutil.copytree(made, tmp_path / "w", copy_function=os.link)
    return tmp_path / "w"


# -- what may be opened together ----------------------------------------------------------


def beside(w: Path) -> list[str]:
    return ["."]


def by_link(w: Path) -> list[str]:
    (w / "mix").mkdir()
    (w / "mix/old").symlink_to("../data/en")
    (w / "mix/new").symlink_to("../out/research")
    return ["mix"]


def by_links_to_files(w: Path) -> list[str]:
    (w / "mix").mkdir()
    (w / "mix/a.parquet").symlink_to("../data/en/a.parquet")
    (w / "mix/b.parquet").symlink_to("../out/research/en/a.parquet")
    return ["mix"]


def linked_out(w: Path) -> list[str]:
    """An OUT whose shard was moved to another disk, and linked."""
    (w / "disk").mkdir()
    (w / "out/research/en/a.parquet").rename(w / "disk/x.parquet")
    (w / "out/research/en/a.parquet").symlink_to(w / "disk/x.parquet")
    return ["data", "out/research/en/a.parquet"]


def two_outs(w: Path) -> list[str]:
    shutil.copytree(w / "out", w / "out2")
    return ["out", "out2"]


def without_audit(w: Path) -> list[str]:
    (w / "out/audit.duckdb").unlink()
    return ["."]


def broken_off(w: Path) -> list[str]:
    (w / "out/manifest.json").unlink()
    (w / "out/.work").mkdir()
    (w / "out/.work/plan.json").write_text("{}")
    return ["out"]


def broken_off_beside(w: Path) -> list[str]:
    broken_off(w)
    return ["."]


TOGETHER = {
    "named both": lambda _: ["data", "out"],
    "other order": lambda _: ["out", "data"],
    "a folder of both": beside,
    "an edition": lambda _: ["data", "out/research"],
    "a shard of it": lambda _: ["data/en/b.parquet", "out/research/en/a.parquet"],
    "a pattern": lambda _: ["*/**/a.parquet"],
    "dots": lambda _: ["data/../data", "data/../out/"],
    "links to folders": by_link,
    "links to files": by_links_to_files,
    "an output with links": linked_out,
    "two outputs": two_outs,
    "no audit": without_audit,
    "broken off": broken_off,
    "broken off, beside": broken_off_beside,
}
ANTI = "from shard select url"


@pytest.mark.parametrize("name", TOGETHER)
def test_what_would_show_listed_rows_is_refused_in_one_line(world: Path, name: str) -> None:
    paths = TOGETHER[name](world)
    done = in_process("sql", *paths, "-c", ANTI, cwd=world)
    assert done.returncode == 2, done.stdout
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert ": is an output; it is asked alone" in done.stderr or "broke off" in done.stderr


ALONE = {
    "an output": ["out"],
    "with a slash": ["out/"],
    "an edition": ["out/research"],
    "a shard of it": ["out/research/en/a.parquet"],
    "both editions": ["out/research", "out/research-safe"],
    "by way of it": ["out/../out"],
}


@pytest.mark.parametrize("name", ALONE)
def test_an_output_alone_is_asked(world: Path, name: str) -> None:
    done = in_process(
        "sql", *ALONE[name], "-c", "select count(*) from research; from unions", cwd=world
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1] == "60"


def test_shards_by_way_of_an_output_are_no_output(world: Path) -> None:
    done = in_process("sql", "out/../data", "-c", "select count(*) from shard", cwd=world)
    assert (done.returncode, done.stdout.splitlines()[1:]) == (0, ["61"])


def test_a_manifest_of_others_makes_no_output(world: Path) -> None:
    (world / "data/manifest.json").write_text('{"files": []}')
    done = in_process("sql", "data", "-c", "select count(*) from shard", cwd=world)
    assert done.returncode == 0, done.stderr


def test_editions_that_leave_out_other_lists_are_asked_one_at_a_time(world: Path) -> None:
    script = in_process("scripts", "editions/research").stdout
    all_kept = script.replace("csam, privacy, opt-out", "opt-out").replace(
        "name:    research", "name:    all_kept"
    )
    assert all_kept != script
    (world / "all_kept.sql").write_text(all_kept)
    done = in_process(
        "clean", "data", "--lists", "lists.duckdb", "--out", "o2", "--edition", "research",
        "--edition", "all_kept.sql", "--no-verify", cwd=world,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    anti = "from all_kept a anti join research r on a.url = r.url select url"
    for paths in (["o2"], ["o2/research", "o2/all-kept"]):
        done = in_process("sql", *paths, "-c", anti, cwd=world)
        assert (done.returncode, done.stdout) == (2, "")
        assert "asked alone" in done.stderr
        done = in_process("sql", *paths, "-c", "select count(*) > 0 from unions", cwd=world)
        assert done.stdout.splitlines()[1] == "true"
    for paths in (["o2/research"], ["o2/all-kept"]):
        done = in_process("sql", *paths, "-c", anti, cwd=world)
        assert (done.returncode, done.stdout) == (2, "")
        other = world / "o2" / ("research" if "all" in paths[0] else "all-kept") / "en/a.parquet"
        done = in_process("sql", *paths, "-c", f"from read_parquet('{other}')", cwd=world)
        assert done.returncode == 2
        assert "out of reach" in done.stderr


# -- scripts and pipes --------------------------------------------------------------------


def test_a_pipe_gets_whole_values_and_every_row(made: Path) -> None:
    query = "select repeat('f', 400) as digest, null as n, true as b, 'a\tb\nc' as t"
    done = in_process("sql", "data", "-c", query, cwd=made)
    assert done.stdout.splitlines() == [
        "digest\tn\tb\tt", "f" * 400 + "\tNULL\ttrue\ta\\x09b\\x0ac",
    ]  # fmt: skip
    done = in_process("sql", "data", "-c", "select * from range(25000)", cwd=made)
    assert len(done.stdout.splitlines()) == 25_001


def test_every_statement_is_answered(made: Path) -> None:
    query = "create temp table t as select 3 as a; from t; select 1 as x where false"
    done = in_process("sql", "data", "-c", query, cwd=made)
    assert done.stdout == "a\n3\n\nx\n"
    found = json.loads(in_process("sql", "data", "-c", query, "--json", cwd=made).stdout)
    assert (found["columns"], found["rows"]) == (["x"], [])
    assert [(e["columns"], e["rows"]) for e in found["earlier"]] == [(["a"], [[3]])]


def test_json_holds_no_word_that_json_has_not(made: Path) -> None:
    query = "select 'nan'::double as x, 'inf'::double as y"
    done = in_process("sql", "data", "-c", query, "--json", cwd=made)
    assert json.loads(done.stdout, parse_constant=pytest.fail)["rows"] == [["nan", "inf"]]


@pytest.mark.parametrize("query", ["select 1; select nothing; select 3", "select 1; attach 'x'"])
def test_a_mistake_is_named_by_its_statement(made: Path, query: str) -> None:
    done = in_process("sql", "data", "-c", query, cwd=made)
    assert (done.returncode, done.stdout) == (2, "1\n1\n")
    assert done.stderr.startswith("relaion: the query, statement 2: ")
    assert len(done.stderr.splitlines()) == 1
    done = in_process("sql", "data", "-c", query, "--json", cwd=made)
    assert (done.returncode, done.stdout) == (2, "")


def test_what_is_not_asked_but_changed_or_empty_is_refused_in_one_line(made: Path) -> None:
    for query, said in (
        ("create table x as select 1", "which is not allowed here; ask with select"),
        ("delete from removals", "which is not allowed here; ask with select"),
        ("", "holds no statement"),
        (" ; -- a remark", "holds no statement"),
    ):
        done = in_process("sql", "out", "-c", query, cwd=made)
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr and done.stderr.count("\n") == 1, done.stderr


def test_a_run_that_broke_off_before_its_first_shard_is_told(tmp_path: Path) -> None:
    (tmp_path / "out/.work").mkdir(parents=True)
    done = in_process("sql", "out", "-c", "select 1", cwd=tmp_path)
    assert done.returncode == 2 and "out: its run broke off; repeat the" in done.stderr


def test_a_mistake_while_rows_come_is_named_too(made: Path) -> None:
    late = "select 1; select 7 // (30000 - range) + error(range::text) from range(40000)"
    late = "select 1; select if(range > 30000, error('https://x.example'), 1) from range(40000)"
    done = in_process("sql", "data", "-c", late, cwd=made)
    assert done.returncode == 2
    assert "statement 2: DuckDB" in done.stderr
    assert "x.example" not in done.stderr


SCRIPT = """-- a comment that ends in a semicolon;
select 'one;
line' as a;
select 2 as b; select 3 as c;
"""


def script(
    monkeypatch: pytest.MonkeyPatch, cwd: Path, text: str, *args: str
) -> subprocess.CompletedProcess[str]:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    return in_process("sql", "data", *args, cwd=cwd)


def test_a_script_on_stdin(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = script(monkeypatch, made, SCRIPT + "select 4 as d")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "a\none;\\x0aline\n\nb\n2\n\nc\n3\n\nd\n4\n"
    done = script(monkeypatch, made, "select 1;\nselect from where;\n")
    assert (done.returncode, done.stdout) == (2, "1\n1\n")
    assert done.stderr.startswith("relaion: the query, statement 2: ")
    done = script(monkeypatch, made, SCRIPT, "--json")
    assert json.loads(done.stdout)["rows"] == [[3]]
    assert script(monkeypatch, made, "").returncode == 0


def test_a_script_ends_at_its_first_mistake(made: Path) -> None:
    done = relaion("sql", "data", cwd=made, stdin=SCRIPT + "select x;\nselect 5;\n")
    assert done.returncode == 2
    assert done.stderr.startswith("relaion: the query, statement 4: ")
    assert done.stdout.endswith("c\n3\n")


# -- the prompt ---------------------------------------------------------------------------


class Terminal:
    """A command on a terminal of 80 columns."""

    def __init__(self, cwd: Path, *args: str) -> None:
        self._end, theirs = pty.openpty()
        size = b"\x18\x00\x50\x00\x00\x00\x00\x00"
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, size)
        env = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "relaion", *args], stdin=theirs, stdout=theirs, stderr=theirs,
            cwd=cwd, env=env | {"TERM": "xterm"}, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
        )  # fmt: skip
        os.close(theirs)
        self.text = ""

    def until(self, words: str, seconds: float = 30) -> str:
        """Everything that was printed until these words, the terminal's codes left out."""
        end = time.monotonic() + seconds
        while words not in self.text:
            left = end - time.monotonic()
            assert left > 0, f"no {words!r} in {self.text[-2000:]!r}"
            if select.select([self._end], [], [], left)[0]:
                try:
                    raw = os.read(self._end, 65536).decode(errors="replace")
                except OSError:  # the other side has closed
                    assert words in self.text, self.text[-2000:]
                    break
                self.text += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", raw).replace("\r", "")
        before, _, self.text = self.text.partition(words)
        return before

    def type(self, text: str) -> None:
        os.write(self._end, text.encode())

    def interrupt(self) -> str:
        """Type Ctrl-C, and see that what comes next is taken by itself.

        A terminal signals first and then throws away what is not yet shown: not even a prompt
        can be waited for.
        """
        self.type("\x03")
        self.type(".tables\n")
        said = self.until("shard\nen\n")
        self.until(PROMPT)
        return said

    def ends(self) -> int:
        return self.process.wait(30)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._end)


@contextmanager
def terminal(cwd: Path, *args: str) -> Iterator[Terminal]:
    made = Terminal(cwd, *args)
    try:
        yield made
    finally:
        made.close()


PROMPT = "relaion> "
LONG = "select sum(a.range * b.range) from range(3000000) a, range(3000000) b;"


def test_a_day_at_the_prompt(made: Path) -> None:
    with terminal(made, "sql", "data") as t:
        assert "Ask in SQL" in t.until(PROMPT)
        t.type("select 1 as a,\n")
        t.until("...> ")
        t.type("2 as b;\n")
        assert re.search(r"a +b\n1 +2\n", t.until(PROMPT))
        t.type("select nothing;\n")
        assert "relaion: the query: Binder Error" in t.until(PROMPT)
        t.type("select 'unfinished\n")
        t.until("...> ")
        assert "bug" not in t.interrupt()  # Ctrl-C gives the line up
        t.type("select half")
        t.until("half")
        assert "bug" not in t.interrupt()  # also one without an end, before it is waited for
        t.type(LONG + "\n")
        t.until(LONG + "\n")
        time.sleep(0.7)
        assert "bug" not in t.interrupt()  # and a query that runs
        t.type("select 40 + 2 as c;\n")
        assert "42\n" in t.until(PROMPT)
        t.type(".tables\n")
        assert "shard\nen\n" in t.until(PROMPT)
        t.type("\x04")
        assert t.ends() == 0


def test_a_signal_ends_a_query_by_its_number(made: Path) -> None:
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        with terminal(made, "sql", "data", "-c", "select 1 as a; " + LONG) as t:
            t.until("1\n")
            time.sleep(0.3)
            t.process.send_signal(number)
            assert "bug" not in t.until("relaion: stopped\n")
            assert t.ends() == code


def test_a_terminal_shows_whole_values_and_counts_what_it_leaves_out(made: Path) -> None:
    wide = "select repeat('0123456789abcdef', 4) as sha256, 'https://h.example/' as url, 1 as n"
    query = f"{wide}; select range as n from range(2000001)"
    with terminal(made, "sql", "data", "-c", query) as t:
        said = t.until("more rows are not shown")
        assert f"sha256  {'0123456789abcdef' * 4}\n" in said
        assert "url     https://h.example/\n" in said
        assert max(map(len, said.splitlines())) <= 80
        assert "\n999\n" in said.replace(" ", "")
        assert said.endswith("1,999,001 ")
        assert t.ends() == 0
