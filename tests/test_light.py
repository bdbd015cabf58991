"""The supervisor loads no heavy library, and outlives whatever ends the process that reads a file.

A `sitecustomize` beside the tests notes what the command's own process imports; in its workers
it ends the process as it opens a file of a deadly name, as a bug of a library would.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import relaion as library
from relaion.errors import RelaionError
from relaion.lazily import late_pattern
from tests.pipeline import InProcess, Sent, add_lists, relaion, rows_of, write_shard

MD5 = f"{7:032x}"
ROWS = [
    {
        "url": f"https://h{i}.example/a",
        "text": "a catword",
        "image_md5": f"{i:032x}",
        "punsafe": i / 40,
    }
    for i in range(40)
]
OWN = """-- name:    mine
-- purpose: What a rule of one's own names.
-- parent:  original
-- labels:  none
-- rules:   short
insert into removals
select 'mine', s.shard_no, s.file_row_number, 'short'
from shard as s where s.file_row_number = 3;
"""
SITE = """
import os, sys
if "-m" in sys.orig_argv and sys.orig_argv[sys.orig_argv.index("-m") + 1] == "relaion":
    class Note:
        def find_spec(self, name, *_):
            if name in ("duckdb", "pyarrow", "numpy"):
                with open(os.environ["NOTED"], "a") as f:
                    f.write(name + chr(10))
    sys.meta_path.insert(0, Note())
else:
    def look(event, given):
        if event == "open" and "deadly" in str(given[0]):
            os.abort()
        if event == "open" and (where := os.environ.get("STARVED")):
            path = str(given[0])
            last.append(path if "data/" in path else last[-1])
            is_now = path == last[-1] if where == "read" else path.endswith(".part")
            if is_now and "starved" in last[-1]:
                os.kill(os.getpid(), 9)
    last = [""]
    sys.addaudithook(look)
    import pyarrow
    opened = pyarrow.OSFile
    def open_file(path, *more):
        if b"ending" in path:
            os.abort()
        return opened(path, *more)
    pyarrow.OSFile = open_file
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    write_shard(tmp_path / "data/a.parquet", ROWS[:20])
    write_shard(tmp_path / "data/b.parquet", ROWS[20:])
    add_lists(tmp_path / "lists.duckdb", [Sent((("image_md5", MD5),))])
    (tmp_path / "words.txt").write_text("catword\n")
    (tmp_path / "mine.sql").write_text(OWN)
    lines = [f"https://h{i}.example/a\t{i:032x}" for i in range(20)]
    (tmp_path / "side.tsv").write_text("\n".join(["url\tmd5", *lines, ""]))
    (tmp_path / "site").mkdir()
    (tmp_path / "site/sitecustomize.py").write_text(SITE)
    return tmp_path


def run(place: Path, *args: str | Path) -> "subprocess.CompletedProcess[str]":
    """The real command; fails where its own process loads what it must not."""
    noted = place / "noted"
    path = os.pathsep.join(filter(None, (str(place / "site"), os.environ.get("PYTHONPATH", ""))))
    done = relaion(*args, cwd=place, PYTHONPATH=path, NOTED=str(noted))
    assert not noted.exists(), noted.read_text()
    assert "Traceback" not in done.stderr
    return done


GIVEN = ("--lists", "lists.duckdb", "--keywords", "words.txt", "--sidecar", "side.tsv")
ONE = ("--workers", "1")  # each takes a second to start
CLEAN = (
    "clean", "data", "--out", "out", *GIVEN, "--edition", "research", "--edition", "mine.sql", *ONE,
)  # fmt: skip


@pytest.mark.slow
def test_clean_loads_no_heavy_library(place: Path) -> None:
    """What the others import is held by the contracts of `lint-imports`, too."""
    done = run(place, *CLEAN)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(rows_of(place / "out", "research")) == len(ROWS) - 2


@pytest.mark.slow
def test_no_command_of_these_loads_a_heavy_library(place: Path) -> None:
    assert run(place, "inspect", "data").returncode == 0
    done = run(place, "match", "data", "--lists", "lists.duckdb", "--sidecar", "side.tsv", *ONE)
    assert done.returncode == 0
    assert "1 row" in done.stdout
    assert run(place, *CLEAN).returncode == 0
    done = run(place, *CLEAN)  # it is finished
    assert done.returncode == 0
    assert "finished before" in done.stdout + done.stderr
    done = run(place, "verify", "out", "--inputs", "data", *GIVEN)
    assert done.returncode == 0, done.stdout
    (place / "data/b.parquet").write_bytes(b"PAR1 and no more")
    done = run(place, "inspect", "data")
    assert done.returncode == 2
    assert "data/b.parquet: " in done.stderr


@pytest.mark.slow
def test_nor_do_those_for_copies(place: Path) -> None:
    write_shard(place / "old/a.parquet", ROWS)
    write_shard(place / "new/a.parquet", ROWS[1:])
    lines = (json.dumps({"url": r["url"], "caption": r["text"]}) for r in ROWS)
    (place / "copy.jsonl").write_text("\n".join(lines))
    assert run(place, "diff", "old", "new", "--out", "d.parquet").returncode == 0
    for by in (("--keep", "new"), ("--diff", "d.parquet")):
        done = run(place, "apply", "old", "copy.jsonl", *by, "--out", by[0][2:], *ONE)
        assert done.returncode == 0, done.stdout + done.stderr
        assert len((place / by[0][2:] / "copy.jsonl").read_text().splitlines()) == len(ROWS) - 1


@pytest.mark.slow
def test_nor_does_one_that_goes_wrong_and_is_gone_on_with(place: Path) -> None:
    whole = (place / "data/b.parquet").read_bytes()
    (place / "data/b.parquet").write_bytes(whole[:-9])
    done = run(place, *CLEAN)
    assert done.returncode == 2
    assert "data/b.parquet: " in done.stderr
    assert run(place, "inspect", "data").returncode == 2
    (place / "data/b.parquet").write_bytes(whole)
    assert run(place, *CLEAN).returncode == 0
    (place / "out/research/data/a.parquet").write_bytes(whole)
    done = run(place, "verify", "out", "--inputs", "data", *GIVEN)
    assert done.returncode == 1
    (place / "mine.sql").write_text(OWN + "attach 'x' as y;")
    assert run(place, *CLEAN).returncode == 2
    (place / "lists.duckdb").write_bytes((place / "lists.duckdb").read_bytes()[:5000])
    for command in (("match", "data"), ("clean", "data", "--out", "o"), ("verify", "out")):
        done = run(place, *command, "--lists", "lists.duckdb")
        assert done.returncode == 2
        assert "lists.duckdb: " in done.stderr


def test_a_shard_that_ends_the_process_costs_itself_alone(place: Path) -> None:
    write_shard(place / "data/deadly.parquet", ROWS[:1])
    write_shard(place / "data/z.parquet", ROWS[5:9])
    line = "data/deadly.parquet: its process was ended by SIGABRT"
    made = ("--out", "out", "--lists", "lists.duckdb", "--no-verify", *ONE)
    done = run(place, "clean", "data", *made)
    assert done.returncode == 2
    assert done.stderr.count(line) == 1 and f"{line}\n" in done.stderr
    assert "relaion: out: as told above: 1 of 4 shards failed, the others are done" in done.stderr
    assert sorted(p.name for p in (place / "out/research/data").iterdir()) == [
        "a.parquet", "b.parquet", "z.parquet"
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("where", ["write", "read"])
def test_a_process_that_was_killed_is_no_fault_of_its_shard(
    place: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """As the system does for want of memory: nothing is to be repaired, and the run goes on."""
    write_shard(place / "data/starved.parquet", [*ROWS[5:8], *ROWS[:9]])
    made = ("--lists", "lists.duckdb", "--no-verify", *ONE)
    monkeypatch.setenv("STARVED", where)
    done = run(place, "clean", "data", "--out", "out", *made)
    assert done.returncode == 2
    line = "data/starved.parquet: its process was ended by SIGKILL, probably because memory ran out"
    assert done.stderr.count(f"{line}\n") == 1
    assert done.stderr.splitlines()[-1] == (
        "relaion: out: as told above: 1 of 3 shards was not done, the others are done; give a "
        "smaller --memory or fewer --workers, and repeat the command to go on"
    )
    monkeypatch.delenv("STARVED")
    done = run(place, "clean", "data", "--out", "out", *made)
    assert done.returncode == 0 and "out: going on with the interrupted run" in done.stderr
    assert run(place, "clean", "data", "--out", "whole", *made).returncode == 0
    for name in ("a", "b", "starved"):
        path = Path("research/data") / f"{name}.parquet"
        assert (place / "out" / path).read_bytes() == (place / "whole" / path).read_bytes()


@pytest.mark.slow
def test_such_a_shard_is_named_by_other_commands(place: Path) -> None:
    write_shard(place / "data/deadly.parquet", ROWS[:1])
    for command in (("inspect", "data"), ("match", "data", "--lists", "lists.duckdb")):
        done = run(place, *command)
        assert done.returncode == 2
        assert "relaion: data/deadly.parquet: its process was ended by SIGABRT" in done.stderr


@pytest.mark.slow
def test_a_store_or_a_sidecar_that_ends_the_process_is_named(place: Path) -> None:
    (place / "lists.duckdb").rename(place / "deadly.duckdb")
    (place / "lists.duckdb.key").rename(place / "deadly.duckdb.key")
    for command in (("match", "data"), ("clean", "data", "--out", "out")):
        done = run(place, *command, "--lists", "deadly.duckdb")
        assert done.returncode == 2
        assert done.stderr.startswith("relaion: deadly.duckdb: its process was ended by SIGABRT")
    (place / "deadly.duckdb").rename(place / "lists.duckdb")
    (place / "deadly.duckdb.key").rename(place / "lists.duckdb.key")
    (place / "side.tsv").rename(place / "deadly.tsv")
    done = run(place, "match", "data", "--lists", "lists.duckdb", "--sidecar", "deadly.tsv")
    assert done.returncode == 2
    assert "deadly.tsv" in done.stderr
    assert "its process was ended by SIGABRT" in done.stderr


@pytest.mark.slow
def test_a_check_goes_on_past_an_output_that_ends_the_process(place: Path) -> None:
    assert run(place, *CLEAN, "--no-verify").returncode == 0
    (place / "data").rename(place / "ending")  # now every file of it does
    done = run(place, "verify", "out", "--inputs", "ending", *GIVEN)
    assert done.returncode == 2
    assert done.stderr == "relaion: ending/a.parquet: its process was ended by SIGABRT\n"
    (place / "ending").rename(place / "data")
    (place / "out").rename(place / "of-ending")
    done = run(place, "verify", "of-ending", "--inputs", "data", *GIVEN)
    assert done.returncode == 1
    for name in ("a.parquet", "b.parquet"):
        assert f"research/data/{name}: its rows cannot be read" in done.stdout


def test_a_library_call_raises_what_its_worker_raised(place: Path, calls_in_workers: None) -> None:
    with pytest.raises(RelaionError, match="no such"):
        library.inspect(place / "nowhere")
    (place / "data/b.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(RelaionError, match=r"b\.parquet: "):
        library.inspect(place / "data")
    assert library.inspect(place / "data/a.parquet").rows == 20


@pytest.mark.slow
def test_a_caller_has_shards_done_where_it_likes(place: Path, calls_in_workers: None) -> None:
    done = library.clean(
        place / "data", place / "lists.duckdb", place / "out", executor=InProcess(), verify=False
    )
    assert sum(e.removed for e in done.editions if e.edition == "research") == 1


def test_a_worker_loads_neither_pandas_nor_numpy() -> None:
    """pyarrow does, where they are installed: the one at the first list that becomes an array."""
    look = (
        "import sys; from relaion.processes import keep_pandas_out; keep_pandas_out()\n"
        "import relaion.run.worker, pyarrow as pa; pa.array([[1]]).to_pylist()\n"
        "print({'pandas', 'numpy'} & set(sys.modules)); import numpy"  # for whoever wants it
    )
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_pattern_that_is_compiled_late_is_as_any() -> None:
    late, plain = late_pattern("(b+)c", re.IGNORECASE), re.compile("(b+)c", re.IGNORECASE)
    for text in ("abBc", "b", "BBCxbc"):
        assert late.findall(text) == plain.findall(text)
        assert late.sub(r"<\1>", text) == plain.sub(r"<\1>", text)
        assert str(late.search(text)) == str(plain.search(text))
    assert (late.pattern, late.flags, late.groups) == (plain.pattern, plain.flags, 1)
    with pytest.raises(re.error):
        late_pattern("(").search("")
