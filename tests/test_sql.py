"""`sql` as it is used: by people at a prompt, in pipes and scripts; and what it must not open."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relaion as relaion_library
from relaion.cli.answers import _csv
from tests.pipeline import Sent, add_lists, relaion, write_shard
from tests.pipeline import here as in_process
from tests.terminal import terminal

MD5 = "ab" * 16
LINK = "https://listed.example/a.jpg"
ODD = r"""
select 1 as i, 0.1::double as d, 1e16::double as e, 0.1::float as f, 'a,b' as c, '' as nothing,
    null as n, 'q"q' as q, E'l\nm' as l, true as b, [1, 2] as listed, {'a': 1, 'b': 'x'} as s,
    1.50::decimal(5, 2) as m, timestamp '2020-01-02 03:04:05' as t, '\xaa'::blob as x,
    'inf'::double as inf, 'NULL' as text, ' x' as space, map {'a': 1} as map,
    interval 1 day as day, 12345678901234567890::hugeint as huge
"""


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
    assert (
        ": is an output; it has to be asked alone" in done.stderr
        or "was interrupted" in done.stderr
    )


CLEANED_TOO = {
    "named both": ["data", "copy"],
    "other order": ["copy", "data"],
    "a shard of each": ["data/en/b.parquet", "copy/en/a.parquet"],
    "by a link": ["data", "linked"],
}


def test_a_cleaned_copy_is_not_asked_with_what_was_not_cleaned(world: Path) -> None:
    kept = ("apply", "--keep", "out/research", "data", "--out", "copy")
    assert in_process(*kept, cwd=world).returncode == 0
    (world / "linked").symlink_to("copy")
    for name, paths in CLEANED_TOO.items():
        done = in_process("sql", *paths, "-c", ANTI, cwd=world)
        assert (done.returncode, done.stdout) == (2, ""), name
        assert ": is a cleaned copy; it has to be asked alone, not with " in done.stderr
    shutil.copytree(world / "copy", world / "second")
    (world / "second/en").rename(world / "second/fr")
    for paths in (["copy"], ["copy", "second"]):
        done = in_process("sql", *paths, "-c", "select count(*) from shard", cwd=world)
        assert done.returncode == 0, done.stderr


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


@pytest.mark.slow
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
        assert "ask each one alone" in done.stderr
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


@pytest.mark.slow
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
        ("", "holds no SQL statement"),
        (" ; -- a remark", "holds no SQL statement"),
    ):
        done = in_process("sql", "out", "-c", query, cwd=made)
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr and done.stderr.count("\n") == 1, done.stderr


def test_a_run_that_broke_off_before_its_first_shard_is_told(tmp_path: Path) -> None:
    (tmp_path / "out/.work").mkdir(parents=True)
    done = in_process("sql", "out", "-c", "select 1", cwd=tmp_path)
    assert done.returncode == 2 and "out: its run was interrupted; repeat the" in done.stderr


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


@pytest.mark.slow
def test_a_script_ends_at_its_first_mistake(made: Path) -> None:
    done = relaion("sql", "data", cwd=made, stdin=SCRIPT + "select x;\nselect 5;\n")
    assert done.returncode == 2
    assert done.stderr.startswith("relaion: the query, statement 4: ")
    assert done.stdout.endswith("c\n3\n")


# -- on a terminal ------------------------------------------------------------------------

LONG = "select sum(a.range * b.range) from range(3000000) a, range(3000000) b;"


@pytest.mark.slow
def test_a_signal_ends_a_query_by_its_number(made: Path) -> None:
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        with terminal(made, "sql", "data", "-c", "select 1 as a; " + LONG) as t:
            t.until(lambda lines: lines[-1:] == ["1"])
            time.sleep(0.3)
            t.process.send_signal(number)
            assert t.ends() == code
            assert t.shown()[-1] == "relaion: stopped"


def test_a_terminal_shows_whole_values_and_counts_what_it_leaves_out(made: Path) -> None:
    wide = "select repeat('0123456789abcdef', 4) as sha256, 'https://h.example/' as url, 1 as n"
    query = f"{wide}; select range as n from range(2000001)"
    with terminal(made, "sql", "data", "-c", query) as t:
        said = t.until(lambda lines: bool(lines) and "more rows are not shown" in lines[-1])
        assert f"sha256  {'0123456789abcdef' * 4}" in said
        assert "url     https://h.example/" in said
        assert said[-2].strip() == "999"
        assert said[-1].startswith("… 1,999,001 more rows")
        assert t.ends() == 0


# -- forms for programs ---------------------------------------------------------------------


def test_csv_is_as_duckdb_writes_it(made: Path, tmp_path: Path) -> None:
    duckdb.connect().execute(f"copy ({ODD}) to '{tmp_path / 'x.csv'}' (header)")
    done = in_process("sql", "data", "-c", ODD, "--format", "csv", cwd=made)
    assert done.stdout == (tmp_path / "x.csv").read_text()


@pytest.mark.slow
@given(st.lists(st.text("aN,\"'\n\r\t; #|\\é"), min_size=2, max_size=2))
@settings(max_examples=60)
def test_any_text_in_csv_is_as_duckdb_writes_it(values: list[str]) -> None:
    with TemporaryDirectory() as folder:
        con = duckdb.connect()
        con.execute("create table t as select $a as a, $b as b", {"a": values[0], "b": values[1]})
        con.execute(f"copy t to '{folder}/x.csv' (header)")
        theirs = Path(folder, "x.csv").read_bytes().decode()
    assert "".join(_csv(("a", "b"), [[values]])) == theirs


def test_rows_keep_their_order_in_csv(made: Path) -> None:
    query = "select range as n, range as n from range(50000) order by hash(range)"
    plain = in_process("sql", "data", "-c", query, cwd=made).stdout
    done = in_process("sql", "data", "-c", query, "--format", "csv", cwd=made)
    assert done.stdout == plain.replace("\t", ",")


def test_json_and_jsonl_tell_types_and_names_apart(made: Path) -> None:
    query = "select 1 as a, 'x' as a, null as b, [1.5::double] as c, 1.25::decimal(5, 2) as d"
    wanted = {"a": 1, "a_1": "x", "b": None, "c": [1.5], "d": 1.25}
    done = in_process("sql", "data", "-c", f"{query} from range(2)", "--format", "json", cwd=made)
    assert json.loads(done.stdout) == [wanted, wanted]
    done = in_process("sql", "data", "-c", f"{query}; {query}", "--format", "jsonl", cwd=made)
    assert [json.loads(line) for line in done.stdout.splitlines()] == [wanted, wanted]
    done = in_process("sql", "data", "-c", f"{query} where 1=2", "--format", "json", cwd=made)
    assert json.loads(done.stdout) == []


@pytest.mark.slow
def test_markdown_and_tables_are_whole_in_a_pipe(made: Path) -> None:
    query = "select 'a|b' as x, null as y"
    done = in_process("sql", "data", "-c", query, "--format", "markdown", cwd=made)
    assert done.stdout == "| x | y |\n|---|---|\n| a\\|b | NULL |\n"
    query = "select range as n from range(3000)"
    done = in_process("sql", "data", "-c", query, "--format", "table", cwd=made)
    assert len(done.stdout.splitlines()) == 3001


def test_a_form_that_there_is_not_is_refused(made: Path) -> None:
    done = in_process("sql", "data", "-c", "select 1", "--format", "xml", cwd=made)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "xml: no such format; choose one of table, csv" in done.stderr
    done = in_process("sql", "data", "-c", "select 1", "--format", "csv", "--json", cwd=made)
    assert done.returncode == 2 and "--json" in done.stderr


def test_lines_with_a_dot_in_a_script(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = ".mode csv\nselect 1 as a;\n.mode\nselect 2 as b,\n 3 as c;\n.quit\nselect 4;\n"
    done = script(monkeypatch, made, text)
    assert (done.returncode, done.stdout) == (0, "a\n1\n\nb\tc\n2\t3\n")
    done = script(monkeypatch, made, "select 1;\n.nothing\n")
    assert done.returncode == 2 and "there is no such command here" in done.stderr


# -- columns whose names say nothing ------------------------------------------------------


def test_a_column_that_is_not_recognised_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    duckdb.execute(
        "copy (select 'https://h.example/' || i as address, i / 10 as p from range(9) as t(i)) "
        f"to '{tmp_path}/data/a.parquet'"
    )
    count = ("-c", "select count(url), count(punsafe) from shard", "--format", "csv")
    done = in_process("sql", "data", *count, cwd=tmp_path)
    assert done.returncode == 2
    assert "--column url=" in done.stderr
    named = ("--column", "url=address", "--column", "punsafe=p")
    done = in_process("sql", "data", *named, *count, cwd=tmp_path)
    assert done.stdout.splitlines()[1:] == ["9,9"], done.stderr
    columns = {"url": "address", "punsafe": "p"}
    con = relaion_library.open_data(tmp_path / "data", columns=columns)
    assert con.sql("select count(url), max(punsafe) from shard").fetchall() == [(9, 0.8)]
    con.close()
    done = in_process("sql", "data", "--column", "url=nothing", *count, cwd=tmp_path)
    assert "no such column" in done.stderr


def test_of_an_output_the_manifest_says_what_columns_are(world: Path) -> None:
    done = in_process("sql", "out", "--column", "url=url", "-c", "from unions", cwd=world)
    assert done.returncode == 2
    assert "leave out --column" in done.stderr


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ("from nions", 'Did you mean "unions"?'),
        ("select keept from unions", 'Candidate bindings: "kept"'),
        ("select sun(kept) from unions", 'Did you mean "sum"?'),
    ],
    ids=["table", "column", "function"],
)
def test_a_name_that_is_nearly_right_is_answered_with_the_right_one(
    world: Path, query: str, hint: str
) -> None:
    done = in_process("sql", "out", "-c", query, cwd=world)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert hint in line


@pytest.mark.slow
def test_a_question_is_run_by_each_name_that_it_is_listed_by(world: Path) -> None:
    def asked(*names: str) -> subprocess.CompletedProcess[str]:
        return relaion("sql", "data", cwd=world, stdin="".join(f".run {n}\n" for n in names))

    done = asked("languages", "data/languages", "queries/data/languages.sql")
    assert done.returncode == 0, done.stderr
    first, *others = done.stdout.strip().split("\n\n")
    assert others == [first, first]
    assert "no such query" in asked("data/nothing").stderr
    assert "balance: asks an OUT" in asked("queries/balance.sql").stderr


LOSSY = (
    "select '-infinity'::date as d, 'infinity'::timestamp as t, interval '3 months' as i, "
    "'x'::blob as b, timestamp_ns '2020-01-01 00:00:00.123456789' as ns, null::date as n"
)


def test_every_form_tells_days_spans_and_bytes_as_duckdb_does(made: Path) -> None:
    values = ["-infinity", "infinity", "3 months", "x", "2020-01-01 00:00:00.123456789"]
    done = in_process("sql", "data", "-c", LOSSY, "--format", "jsonl", cwd=made)
    assert list(json.loads(done.stdout).values()) == [*values, None]
    done = in_process("sql", "data", "-c", LOSSY, "--json", cwd=made)
    assert json.loads(done.stdout)["rows"] == [[*values, None]]
    done = in_process("sql", "data", "-c", LOSSY, cwd=made)
    assert done.stdout.splitlines()[1].split("\t") == [*values, "NULL"]
    nested = "select {'a': [1, null], 'b': date '2020-01-01'} as s"
    for form in ("markdown", "table"):
        done = in_process("sql", "data", "-c", nested, "--format", form, cwd=made)
        assert "{'a': [1, NULL], 'b': 2020-01-01}" in done.stdout


def test_json_holds_no_code_of_a_terminal(made: Path) -> None:
    codes = [27, 127, 0x9B, 0x9D, 0x202E, 0x2028, 0x2066]
    query = f"select {' || '.join(f'chr({c})' for c in codes)} as x, 'é猫' as y"
    for form in ("json", "jsonl"):
        done = in_process("sql", "data", "-c", query, "--format", form, cwd=made)
        assert not {chr(c) for c in codes} & set(done.stdout)
        assert "é猫" in done.stdout
        found = json.loads(done.stdout)
        assert (found[0] if form == "json" else found)["x"] == "".join(map(chr, codes))
