"""-q, -v and --log: how much is said, and that none of it holds a listed value."""

import logging
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import relaion as library
from relaion.run import notes
from tests.pipeline import Sent, add_lists, here, relaion, write_shard

LINK = "https://marker-host.example/marker-link.jpg"
MD5 = "9a0364b9e99bb480dd25e1f0284c8555"
ROWS = [{"url": f"https://h{i}.example/{i}.jpg", "text": "a cat"} for i in range(20)]
SECRETS = ("marker", MD5, "partner-file", "catword")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    listed = {"url": LINK, "text": "marker caption", "image_md5": MD5}
    write_shard(folder / "data/a.parquet", [*ROWS, listed])
    add_lists(folder / "lists.duckdb", [Sent((("url", LINK), ("image_md5", MD5)))])
    (folder / "words.txt").write_text("catword\n")
    return folder


CLEAN = ("clean", "data", "--lists", "lists.duckdb", "--keywords", "words.txt")


def test_quiet_names_the_shard_that_failed(world: Path, tmp_path: Path) -> None:
    shutil.copytree(world / "data", tmp_path / "data")
    whole = next((tmp_path / "data").rglob("*.parquet"))
    broken = whole.with_name("broken.parquet")
    broken.write_bytes(whole.read_bytes()[:-9])
    lists = str(world / "lists.duckdb")
    done = here("clean", "data", "--lists", lists, "--out", "o", "-q", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "broken.parquet: is a parquet file that was cut off" in done.stderr
    assert "as told above" not in done.stderr


@pytest.mark.slow
def test_quiet_is_the_result_s_line_and_the_exit_code(world: Path) -> None:
    done = here(*CLEAN, "--out", "quiet", "-q", cwd=world)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1 and done.stdout.startswith("quiet: clean; ")
    for args, says in (
        (("verify", "quiet"), "quiet: "),
        (("match", "data", "--lists", "lists.duckdb"), "2 memberships are 1 row; nothing was"),
        (("inspect", "data"), "21 rows in 1 shard of 1 subset; can be matched by link"),
        (("clean", "data", "--lists", "lists.duckdb", "--out", "quiet", "--purge"), "nothing to"),
    ):
        done = here(*args, "--quiet", cwd=world)
        assert (done.stderr, done.stdout.count("\n")) == ("", 1)
        assert says in done.stdout
    done = here("match", "nowhere", "--lists", "lists.duckdb", "-q", cwd=world)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    # what is asked for as it is stays whole
    assert here("link", LINK, "-q").stdout == here("link", LINK).stdout


@pytest.mark.slow
def test_quiet_ends_with_its_command(world: Path) -> None:
    here("inspect", "data", "-q", cwd=world)
    done = here(*CLEAN[:-2], "--out", "loud", cwd=world)
    assert "notice: no --keywords" in done.stderr and done.stdout.count("\n") > 9


@pytest.mark.slow
def test_verbose_says_what_and_why(world: Path) -> None:
    plain = here(*CLEAN, "--out", "first", cwd=world)
    done = here(*CLEAN, "--out", "second", "-v", cwd=world)
    assert done.stdout == plain.stdout.replace("first", "second")
    for said in (
        r"relaion [\d.]+, Python [\d.]+, DuckDB [\d.]+, pyarrow [\d.]+",
        r"clean: --lists --out --keywords --verbose",
        r"data, 1 shard: url is column URL \(by name and type\)$",
        r"(match|search)[a-z: ]* begins, 1 shard",
        r"verify took \d+\.\d\d s",
    ):
        assert re.search(rf"^ +\d+\.\d\d s  {said}", done.stderr, re.MULTILINE), said
    assert "begins" not in plain.stderr


def test_a_log_is_private_and_added_to(world: Path, tmp_path: Path) -> None:
    log = tmp_path / "day.log"
    for _ in range(2):
        done = here("inspect", "data", "--log", log, cwd=world)
        assert done.returncode == 0
    here("match", "nowhere", "--lists", "lists.duckdb", "--log", log, cwd=world)
    first, *lines = log.read_text(encoding="utf-8").splitlines()
    assert first == "# relaion log"
    assert log.stat().st_mode & 0o777 == 0o600
    assert all(re.match(r"\d{4}-\d\d-\d\dT[\d:.]{12}\+00:00 [a-z]+ \S", line) for line in lines)
    ends = [line.partition(" ")[2] for line in lines if "ended with" in line]
    assert ends == ["info ended with exit code 0"] * 2 + ["info ended with exit code 2"]
    assert lines[-2].endswith(" error nowhere: no such file or folder; check the path") or (
        " error nowhere: no such file or folder" in lines[-2]
    )
    log.chmod(0o644)
    here("inspect", "data", "--log", log, cwd=world)
    assert log.stat().st_mode & 0o777 == 0o600


@pytest.mark.slow
def test_workers_are_heard(world: Path, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    done = relaion(*CLEAN, "--out", tmp_path / "out", "-v", "--log", log, cwd=world)
    assert done.returncode == 0, done.stderr
    took = r": \d+\.\d\d s \(\d+\.\d\d s of processors\) in process \d+\n"
    assert re.search(rf" debug [^\n]*{took}", log.read_text())
    assert " in process " not in done.stderr
    plain = tmp_path / "b.log"
    relaion("match", "data", "--lists", "lists.duckdb", "--log", plain, cwd=world)
    assert " debug " not in plain.read_text()


def test_no_listed_value_is_told(world: Path, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    partner = tmp_path / "partner-file.txt"
    partner.write_text(f"{LINK}\n{MD5}\n")
    store = ("--lists", tmp_path / "lists.duckdb")
    commands: tuple[tuple[str | Path, ...], ...] = (
        ("lists", "add", partner, *store, "--source", "giver"),
        ("lists", "show", *store),
        (*CLEAN, "--out", tmp_path / "out"),
        ("verify", tmp_path / "out", "--lists", "lists.duckdb", "--inputs", "data"),
        ("sql", "data", "-c", f"select count(*) from shards where url = '{LINK}'"),
        ("sql", "data", "-c", f"select '{LINK}'::integer"),
        ("sql", "data", "-c", f'select "{LINK}" from shard'),
        ("sql", "data", "-c", f"from marker; select 1; '{LINK}'"),
        ("link", LINK),
        ("lists", "withdraw", "1", *store),
    )
    for command in commands:
        # a worker's notes come with clean; the others say here what they say anywhere
        ran = relaion if command[0] == "clean" else here
        done = ran(*command, "-v", "--log", log, cwd=world)
        said = done.stderr if command[0] != "sql" else ""  # its statement was typed here
        kept = log.read_text(encoding="utf-8")
        assert [s for s in SECRETS if s in kept + said] == [], command


def test_a_log_lies_apart(world: Path, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("workers = 1\n")
    (tmp_path / "c.toml").chmod(0o600)
    (tmp_path / "link.log").symlink_to(world / "words.txt")
    (tmp_path / "held.log").write_text("something\n")
    os.mkfifo(tmp_path / "pipe.log")
    before = {p: p.read_bytes() for p in world.glob("*") if p.is_file()}
    for log, says in (
        ("data/a.log", "lies in data"),
        ("data/a.parquet", "lies in data"),
        ("new/a.log", "lies in new"),
        ("new", "is named for something else too"),
        ("lists.duckdb", "is named for something else too"),
        ("words.txt", "is named for something else too"),
        ("./data/../words.txt", "is named for something else too"),
        (str(tmp_path / "link.log"), "is named for something else too"),
        (str(tmp_path / "c.toml"), "is named for something else too"),
        ("lists.duckdb.key", "holds something else than a log"),
        (str(tmp_path / "held.log"), "holds something else than a log"),
        (str(tmp_path / "pipe.log"), "is no file"),
        ("/dev/null", "is no file"),
        (str(tmp_path), "Is a directory"),
        ("nowhere/a.log", "No such file"),
        ("", "empty path"),
        ("-", "--log -: is no file"),
    ):
        args = (*CLEAN, "--out", "new", "--config", tmp_path / "c.toml", "--log", log)
        done = here(*args, cwd=world)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), log
        assert says in done.stderr, log
        assert not (world / "new").exists(), log
    assert {p: p.read_bytes() for p in world.glob("*") if p.is_file()} == before
    done = here("inspect", "data/*", "--log", "data/x", cwd=world)
    assert done.returncode == 2 and not (world / "data/x").exists()
    done = here(
        "demo", "--rows", "10", "--log", "relaion-demo/a.log", cwd=tmp_path
    )  # which is its default
    assert done.returncode == 2 and not (tmp_path / "relaion-demo").exists()


@pytest.mark.slow
def test_a_log_that_is_full_is_said_and_ends_nothing(world: Path, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    here("inspect", "data", "--log", log, cwd=world)
    size = log.stat().st_size

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 50, size + 50))

    command = [sys.executable, "-m", "relaion", "inspect", "data", "--log", str(log), "-q"]
    done = subprocess.run(
        command, cwd=world, preexec_fn=limit, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert done.stdout.startswith("21 rows in 1 shard")
    assert done.stderr.count("\n") == 1
    assert f"{log}: the log ends here, it cannot be written (File too large)" in done.stderr


def test_q_and_v_contradict_each_other(world: Path, tmp_path: Path) -> None:
    done = here("inspect", "data", "-q", "-v", cwd=world)
    assert (done.returncode, done.stderr) == (
        2, "relaion: -q and -v contradict each other; leave one out\n",
    )  # fmt: skip
    path = tmp_path / "c.toml"
    path.write_text("quiet = true\n")
    path.chmod(0o600)
    assert here("inspect", "data", "--config", path, cwd=world).stderr == ""
    assert " s  inspect: " in here("inspect", "data", "--config", path, "-v", cwd=world).stderr


def test_the_notes_of_a_worker_are_counted_where_they_are_too_many() -> None:
    gathered = notes.Gathered()
    for i in range(103):
        gathered.emit(logging.LogRecord("relaion", logging.INFO, "", 0, "note %d", (i,), None))
    kept = gathered.taken()["notes"]
    assert len(kept) == 101 and kept[-1][1] == "3 more notes of one task were left out"
    assert gathered.taken() == {}


@pytest.mark.parametrize("answer", [{}, {"notes": 1}, {"notes": [[1], "x", ["a", "b"], None]}])
def test_an_answer_with_other_notes_says_nothing(answer: dict[str, object]) -> None:
    notes.pass_on(answer)


@pytest.mark.slow
def test_the_library_s_notes_are_heard_by_logging(
    world: Path, caplog: pytest.LogCaptureFixture
) -> None:
    logger = logging.getLogger("relaion")
    logger.propagate = True
    with caplog.at_level(logging.INFO, "relaion"):
        library.match(world / "data", world / "lists.duckdb")
    assert "data, 1 shard: url is column URL (by name and type)" in caplog.messages


def test_a_run_that_is_stopped_says_so_in_its_log(world: Path, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    command = [sys.executable, "-m", "relaion", "sql", str(world / "data"), "--log", str(log)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin
        deadline = time.monotonic() + 60
        while not (log.exists() and " sql: " in log.read_text()):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        process.terminate()
        assert process.wait(60) == 143
    *_, said, ended = log.read_text().splitlines()
    assert said.endswith(" error stopped") and ended.endswith(" info ended with exit code 143")


def test_a_log_may_lie_where_nothing_else_does(world: Path, tmp_path: Path) -> None:
    (tmp_path / "IWF").mkdir()
    (tmp_path / "partner.txt").write_text("https://other.example/a.jpg\n")
    add = ("lists", "add", "partner.txt", "--lists", "l.duckdb", "--source", "IWF")
    done = here(*add, "--log", "IWF/a.log", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    long = "select " + " + ".join(["1"] * 300)
    done = here("sql", world / "data", "-c", long, "--log", "IWF/a.log", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    done = here("link", "x" * 5000, "--log", "IWF/a.log", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    done = here("inspect", "x" * 5000, "--log", "IWF/a.log", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
