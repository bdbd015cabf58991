"""`match --report-to-giver`: each giver's own ids of the records that hit, and nothing else."""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import relaion
from relaion.cli.render_run import matched_line
from relaion.errors import NoRoomError, OutputError, RelaionError
from relaion.lists import store
from relaion.run import store_entries
from relaion.run.giver_report import Reported
from relaion.stages.match import Matched
from tests.pipeline import hands_here, here
from tests.pipeline import relaion as command
from tests.test_lists_hashes import OLD, change

DIGESTS = [f"{i:032x}" for i in range(1, 100)]
SHA1 = [f"{i:040x}" for i in range(1, 100)]
LINKS = [f"https://pictures.example/{i}.jpg" for i in range(40)]


@pytest.fixture(autouse=True)
def workers_here() -> Iterator[None]:
    with hands_here():
        yield


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    return tmp_path / "lists.duckdb"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Forty images, each behind a link of its own, in two shards."""
    rows = pa.table({"url": LINKS, "md5": DIGESTS[:40], "sha1": SHA1[:40], "TEXT": ["x"] * 40})
    (tmp_path / "data").mkdir()
    pq.write_table(rows.slice(0, 20), tmp_path / "data/a.parquet")
    pq.write_table(rows.slice(20), tmp_path / "data/b.parquet")
    return tmp_path / "data"


def deliver(lists: Path, head: str, *rows: str, **options: Any) -> int:
    path = lists.with_name("list.csv")
    path.write_text("\n".join([head, *rows, ""]))
    said: dict[str, Any] = {"source": "A", "keep_ids": True} | options
    return store.add(lists, path, **said).list_id


def match(lists: Path, data: Path, **options: Any) -> Matched:
    return relaion.match(data, lists, report_to_giver=lists.with_name("report"), **options)


def told(lists: Path) -> dict[str, list[str]]:
    """The lines of each file of the report."""
    files = sorted(lists.with_name("report").iterdir())
    return {path.name: path.read_text("utf-8").splitlines() for path in files}


def digest(giver_id: str) -> str:
    return hashlib.sha256(giver_id.encode()).hexdigest()[:32]


@pytest.mark.slow
def test_ids_are_told_by_the_command_line_and_nothing_else_is(lists: Path, data: Path) -> None:
    deliver(lists, "media id,md5", *(f"case-{9 - i},{DIGESTS[i]}" for i in (3, 5, 25)),
            f"other,{DIGESTS[50]}")  # fmt: skip
    deliver(lists, "media id,md5", f"other,{DIGESTS[60]}", source="B")
    done = command("match", "data", "--lists", lists, "--report-to-giver", "report",
                   cwd=data.parent)  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = data.parent / "report"
    assert (report / "list-1.csv").read_bytes() == b"record_id\ncase--16\ncase-4\ncase-6\n"
    assert [path.name for path in report.iterdir()] == ["list-1.csv"]
    assert report.stat().st_mode & 0o777 == 0o700
    assert (report / "list-1.csv").stat().st_mode & 0o777 == 0o600
    assert "list 1 (A): 3 records hit, their ids in report/list-1.csv\n" in done.stdout
    assert "list 2 (B): 0 records hit\n" in done.stdout
    assert "nothing else was written" in done.stdout
    for secret in ("case-", "pictures.example", DIGESTS[3][-8:], digest("case-4")):
        assert secret not in done.stdout + done.stderr
    assert sorted(path.name for path in data.parent.iterdir()) == [
        "data", "list.csv", "lists.duckdb", "lists.duckdb.key", "lists.duckdb.lock", "report",
    ]  # fmt: skip


@pytest.mark.slow
def test_it_is_told_as_json(lists: Path, data: Path) -> None:
    deliver(lists, "media id,md5", f"x,{DIGESTS[3]}", f",{DIGESTS[4]}")
    done = here("match", data, "--lists", lists, "--report-to-giver", "r", "--json",
                cwd=data.parent)  # fmt: skip
    assert json.loads(done.stdout)["reported"] == [
        {"list_id": 1, "source": "A", "records": 1, "without_id": 1, "file": "r/list-1.csv"}
    ]
    assert relaion.match(data, lists).reported == ()


@pytest.mark.slow
def test_ids_that_are_not_kept_are_told_as_digests(lists: Path, data: Path) -> None:
    deliver(lists, "media id,md5", f"eins,{DIGESTS[3]}", f"zw\u00f6i,{DIGESTS[5]}", keep_ids=False)
    deliver(lists, "media id,md5", f"eins,{DIGESTS[3]}", source="B")
    match(lists, data)
    assert told(lists) == {
        "list-1.csv": ["record_id_sha256", *sorted([digest("eins"), digest("zw\u00f6i")])],
        "list-2.csv": ["record_id", "eins"],
    }


def test_all_records_of_an_entry_and_all_entries_of_a_record(lists: Path, data: Path) -> None:
    """Nobody knows which of several records brought an entry first; a record counts once."""
    rows = [f"{name},{DIGESTS[3]}," for name in ("c", "a", "b", "a")]
    rows += [f"both,{DIGESTS[7]},{SHA1[7]}", f"second,{DIGESTS[70]},{SHA1[8]}"]
    rows += [f"neither,{DIGESTS[71]},{SHA1[72]}"]
    deliver(lists, "media id,md5,sha1", *rows)
    (said,) = match(lists, data).reported
    assert told(lists)["list-1.csv"] == ["record_id", "a", "b", "both", "c", "second"]
    assert said == Reported(1, "A", 5, 0, lists.with_name("report") / "list-1.csv")


@pytest.mark.slow
def test_updates_tell_their_own_records(lists: Path, data: Path) -> None:
    """A whole list again says all ids anew: one that it says no longer stands for nothing."""
    head = "media id,md5"
    deliver(lists, head, f"old,{DIGESTS[3]}", f"gone,{DIGESTS[4]}", f"same,{DIGESTS[5]}")
    deliver(lists, head, f"new,{DIGESTS[3]}", f"same,{DIGESTS[5]}", f"more,{DIGESTS[6]}",
            source=None, update=1, full=True)  # fmt: skip
    deliver(lists, head, f"alien,{DIGESTS[9]}", f"alien,{DIGESTS[9]}", source="B")
    match(lists, data)
    assert told(lists) == {
        "list-1.csv": ["record_id", "same"],
        "list-2.csv": ["record_id", "more", "new"],
        "list-3.csv": ["record_id", "alien"],
    }


@pytest.mark.slow
def test_another_givers_records_are_theirs(lists: Path, data: Path) -> None:
    """The same digest in lists that have nothing to do with each other."""
    md5s = [hashlib.md5(link.encode()).hexdigest() for link in LINKS]
    head = "media id,url md5"
    deliver(lists, head, *(f"{name},{md5s[3]}" for name in "ab"), kind="url_md5")
    # these hashed another spelling, so nothing of theirs hits
    deliver(lists, head, *(f"{name},{md5s[3]}" for name in "cd"), kind="url_md5", source="B",
            forms="key-www")  # fmt: skip
    match(lists, data)
    assert told(lists) == {"list-1.csv": ["record_id", "a", "b"]}


@pytest.mark.slow
def test_links_hosts_and_row_hashes_count_and_same_links_do_not(
    lists: Path, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    rows = {"url": [*LINKS[:5], LINKS[0], "https://a.host.example/1"],
            "md5": [*DIGESTS[:5], DIGESTS[50], None]}  # fmt: skip
    pq.write_table(pa.table(rows), tmp_path / "data/a.parquet")
    deliver(lists, "id,url", f"link,{LINKS[1]}", "other,https://pictures.example/99.jpg")
    deliver(lists, "id,url", "host,a.host.example", source="B", scope="host")
    deliver(lists, "id,md5", f"image,{DIGESTS[0]}", f"far,{DIGESTS[60]}", source="C")
    result = match(lists, tmp_path / "data")
    assert result.hits.rows("same_link") == 1
    assert told(lists) == {
        "list-1.csv": ["record_id", "link"],
        "list-2.csv": ["record_id", "host"],
        "list-3.csv": ["record_id", "image"],
    }


@pytest.mark.slow
def test_a_sidecar_tells_the_record_of_the_image(lists: Path, tmp_path: Path) -> None:
    (tmp_path / "links").mkdir()
    pq.write_table(pa.table({"url": LINKS[:10]}), tmp_path / "links/a.parquet")
    beside = {"url": [*LINKS[:12], LINKS[2]], "md5": [*DIGESTS[:12], DIGESTS[40]]}
    pq.write_table(pa.table(beside), tmp_path / "side.parquet")
    # the last is in the sidecar, and no row of the shards has its link
    rows = [f"n{i},{DIGESTS[i]}" for i in (2, 4, 40, 11)]
    deliver(lists, "id,md5", *rows, f"again,{DIGESTS[4]}", f",{DIGESTS[5]}")
    (said,) = match(lists, tmp_path / "links", sidecars=tmp_path / "side.parquet").reported
    assert told(lists) == {"list-1.csv": ["record_id", "again", "n2", "n4", "n40"]}
    assert said.without_id == 1


def test_good_lists_are_never_told_of(lists: Path, data: Path) -> None:
    deliver(lists, "id,md5", *(f"bad-{i},{DIGESTS[i]}" for i in range(3, 7)))
    deliver(lists, "id,md5", f"good,{DIGESTS[4]}", f"fine,{DIGESTS[9]}", role="good", source="S")
    (said,) = match(lists, data, good_wins=True).reported
    assert told(lists) == {"list-1.csv": ["record_id", "bad-3", "bad-5", "bad-6"]}
    assert said.list_id == 1


@pytest.mark.slow
def test_entries_without_an_id_are_counted(lists: Path, data: Path) -> None:
    deliver(lists, "md5", *DIGESTS[3:6], DIGESTS[3])
    deliver(lists, "id,md5", f",{DIGESTS[3]}", f"late,{DIGESTS[3]}", f",{DIGESTS[4]}", source="B")
    result = match(lists, data)
    assert [(r.records, r.without_id) for r in result.reported] == [(0, 3), (1, 1)]
    assert told(lists) == {"list-2.csv": ["record_id", "late"]}


@pytest.mark.parametrize(
    ("head", "entry", "said"),
    [("id,md5", f"x,{DIGESTS[90]}", "no record hit"),
     ("md5", DIGESTS[3], "no entry that hit has an id")],
)  # fmt: skip
def test_without_a_record_to_tell_there_is_no_folder(
    lists: Path, data: Path, head: str, entry: str, said: str
) -> None:
    deliver(lists, head, entry)
    result = match(lists, data)
    assert result.reported == (Reported(1, "A", 0, int(head == "md5"), None),)
    assert not lists.with_name("report").exists()
    assert matched_line(result).endswith(f"; nothing was written for givers: {said}")


@pytest.mark.slow
def test_ids_stand_as_a_csv_file_can_hold_them(lists: Path, data: Path) -> None:
    deliver(lists, "id,md5", f'"a,b",{DIGESTS[3]}', f'"say ""x""",{DIGESTS[4]}')
    match(lists, data)
    assert told(lists)["list-1.csv"] == ["record_id", '"a,b"', '"say ""x"""']


@pytest.mark.slow
def test_an_id_that_is_not_utf8_is_told_with_escapes(lists: Path, data: Path) -> None:
    path = lists.with_name("list.csv")
    path.write_bytes(b"id,md5\n" + b"caf\xe9," + DIGESTS[3].encode() + b"\n")
    store.add(lists, path, source="A", keep_ids=True)
    store.add(lists, path, source="B")
    match(lists, data)
    escaped = "caf\\udce9"
    assert told(lists) == {
        "list-1.csv": ["record_id", escaped],
        "list-2.csv": ["record_id_sha256", digest(escaped)],
    }


def test_what_was_taken_back_is_not_told(lists: Path, data: Path) -> None:
    head = "id,md5,status"
    deliver(lists, head, f"first,{DIGESTS[3]},active", f"second,{DIGESTS[3]},active",
            f"third,{DIGESTS[4]},active", f"third,{DIGESTS[4]},retracted",
            f"fifth,{DIGESTS[5]},active", f"sixth,{DIGESTS[5]},active",
            f"fifth,{DIGESTS[5]},retracted")  # fmt: skip
    deliver(lists, head, f"first,{DIGESTS[3]},retracted", source=None, update=1)
    match(lists, data)
    assert told(lists) == {"list-1.csv": ["record_id", "second", "sixth"]}


@pytest.mark.slow
def test_what_is_listed_again_is_told_by_its_new_record(lists: Path, data: Path) -> None:
    head = "id,md5,status"
    rows = [f"{name},{DIGESTS[i]},active" for i in (3, 4) for name in (f"x{i}", f"y{i}")]
    deliver(lists, head, *rows, f"z,{DIGESTS[5]},active")
    deliver(lists, head, f",{DIGESTS[3]},retracted", source=None, update=1)
    deliver(lists, head, f"z,{DIGESTS[5]},active", source=None, update=2, full=True)
    deliver(lists, head, *(f"new{i},{DIGESTS[i]},active" for i in (3, 4)), source=None, update=3)
    match(lists, data)
    assert told(lists) == {
        "list-1.csv": ["record_id", "z"],
        "list-4.csv": ["record_id", "new3", "new4"],
    }


# -- where it may lie ---------------------------------------------------------------------------


def refused(lists: Path, data: Path, folder: str, words: str, **options: Any) -> None:
    before = sorted(lists.parent.rglob("*"))
    with pytest.raises(RelaionError, match=words) as found:
        relaion.match(data, lists, report_to_giver=lists.parent / folder, **options)
    assert "\n" not in str(found.value)
    assert sorted(lists.parent.rglob("*")) == before


def test_where_it_may_not_lie(lists: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(lists, "id,md5", f"x,{DIGESTS[3]}")
    top = lists.parent
    relaion.clean(data, lists, top / "out", editions=["research"], verify=False)
    for name in ("full", "empty", "far"):
        (top / name).mkdir()
    # all of it is known before anything is read
    monkeypatch.setattr("relaion.stages.match.read_known", lambda *_: pytest.fail("read"))
    (top / "full/file").touch()
    (top / "link").symlink_to("empty")
    (top / "into").symlink_to("out")
    pq.write_table(pa.table({"url": LINKS[:3], "md5": DIGESTS[:3]}), top / "far/side.parquet")
    for folder, words in (
        ("data/report", "lies inside the input folder"),
        ("data", "is not empty"),
        ("out/report", "lies inside .*out, which `clean` made"),
        ("out/research/report", "lies inside .*out, which `clean` made"),
        ("into/report", "lies inside .*out, which `clean` made"),
        ("full", "is not empty; name a new folder"),
        ("full/file", "is a file; name a new folder"),
        ("full/file/x", "is no folder; choose another one"),
        ("link", "is a link or somebody else's"),
        ("not/there", "no folder to make it in"),
    ):
        refused(lists, data, folder, words)
    refused(lists, data, "far/report", "lies inside the input folder", sidecars=[top / "far"])
    refused(lists, data, "empty", "is the work folder too", work=top / "empty")
    monkeypatch.chdir(top / "empty")
    refused(lists, data, "empty", "is where you are")


def test_shards_that_links_lead_to_are_kept_apart(lists: Path, data: Path) -> None:
    deliver(lists, "id,md5", f"x,{DIGESTS[3]}")
    (lists.parent / "in").mkdir()
    (lists.parent / "in/a.parquet").symlink_to("../data/a.parquet")
    refused(lists, lists.parent / "in", "data/report", "lies inside the input folder")


def test_an_empty_folder_is_taken_and_closed_to_others(lists: Path, data: Path) -> None:
    deliver(lists, "id,md5", f"x,{DIGESTS[3]}")
    lists.with_name("report").mkdir(mode=0o755)
    match(lists, data)
    assert told(lists) == {"list-1.csv": ["record_id", "x"]}
    assert lists.with_name("report").stat().st_mode & 0o777 == 0o700


@pytest.mark.slow
def test_what_a_killed_run_left_beside_it_is_removed(lists: Path, data: Path) -> None:
    deliver(lists, "id,md5", f"x,{DIGESTS[3]}")
    left = lists.with_name("relaion-match-abcdefgh")
    left.mkdir(mode=0o700)
    (left / "list-1.csv").touch()
    match(lists, data)
    assert not left.exists()


def test_all_of_it_or_nothing(lists: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(lists, "id,md5", f"x,{DIGESTS[3]}")
    deliver(lists, "id,md5", f"y,{DIGESTS[3]}", source="B")
    write = store_entries._write

    def full(engine: Any, list_id: int, folder: Path, **how: Any) -> int:
        if list_id == 2:
            raise OSError(28, os.strerror(28))
        return write(engine, list_id, folder, **how)

    monkeypatch.setattr(store_entries, "_write", full)
    refused(lists, data, "report", "report/list-2.csv: cannot be written .No space left")
    assert NoRoomError.__mro__[1] is OutputError

    def filled(engine: Any, list_id: int, folder: Path, **how: Any) -> int:
        lists.with_name("report").mkdir(exist_ok=True)
        (lists.with_name("report") / "theirs").touch()
        return write(engine, list_id, folder, **how)

    monkeypatch.setattr(store_entries, "_write", filled)
    with pytest.raises(OutputError, match="report: is not empty"):
        match(lists, data)
    assert told(lists) == {"theirs": []}


@pytest.mark.slow
def test_an_old_store_has_no_ids(lists: Path, data: Path) -> None:
    deliver(lists, "id,md5", f"x,{DIGESTS[3]}")
    change(lists, OLD)
    assert match(lists, data).reported == (Reported(1, "A", 0, 1, None),)


@pytest.mark.slow
def test_hashes_of_another_duckdb_lead_to_the_same_records(lists: Path, data: Path) -> None:
    head = "id,md5"
    deliver(lists, head, f"x,{DIGESTS[3]}", f"y,{DIGESTS[3]}", f"z,{DIGESTS[4]}")
    deliver(lists, head, f"new,{DIGESTS[4]}", source=None, update=1)
    change(lists, [
        "update entries set hash = xor(hash, 12345)", "update repeats set hash = xor(hash, 12345)",
        "update store set hashed_by = 'v0.0.1'",
    ])  # fmt: skip
    expected = {"list-1.csv": [*"xyz"], "list-2.csv": ["new"]}
    match(lists, data)
    assert {name: lines[1:] for name, lines in told(lists).items()} == expected
    deliver(lists, head, f"q,{DIGESTS[90]}", source="B")  # writes the store anew
    lists.with_name("report").rename(lists.with_name("before"))
    match(lists, data)
    assert {name: lines[1:] for name, lines in told(lists).items()} == expected
