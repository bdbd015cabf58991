"""`apply` and `verify` on folders of img2dataset whose parts tell different things of a sample."""

import json
import tarfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import relaion
from relaion.errors import InputError
from tests import labs
from tests.drawn import quickly

pytestmark = pytest.mark.usefixtures("in_process")
QUOTE = "URL can't contain control characters. '/a/{}.jpg' (found at least ' ')"
FAILED = (4, 20, 25, 33)  # of which 20 and 33 leave


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> labs.Lab:
    return labs.make(tmp_path_factory.mktemp("lab"))


@pytest.fixture(scope="module")
def diff(lab: labs.Lab, in_process: None) -> Path:
    path = lab.copy.parent / "diff.parquet"
    relaion.diff(lab.old, lab.new, path)
    return path


def folder(path: Path, drop: tuple[str, ...] = (), **change: Any) -> None:
    """A shard whose failed attempts have a message that quotes their link."""
    some = labs.rows()
    keys = [f"{i:09}" for i in range(len(some))]
    told = {
        "url": [r["url"] for r in some], "caption": [r["text"] for r in some], "key": keys,
        "status": ["failed_to_download" if i in FAILED else "success" for i in range(len(some))],
        "error_message": [QUOTE.format(i) if i in FAILED else None for i in range(len(some))],
    }  # fmt: skip
    told |= {name: make(told[name]) for name, make in change.items()}
    path.mkdir(parents=True)
    table = pa.table({n: pa.array(v, pa.string()) for n, v in told.items() if n not in drop})
    pq.write_table(table, path / "00000.parquet", row_group_size=7)
    members = []
    for i, row in enumerate(some):
        if i not in FAILED:
            said = json.dumps({"url": row["url"], "caption": row["text"]}).encode()
            members += [(f"{keys[i]}.jpg", bytes([i]) * 90), (f"{keys[i]}.json", said)]
    labs.tar(path / "00000.tar", members)
    n = len(some) - len(FAILED)
    messages = {QUOTE.format(i): 1 for i in FAILED}
    stats = {
        "count": len(some), "successes": n, "failed_to_download": len(FAILED),
        "failed_to_resize": 0, "status_dict": {"success": n, **messages},
    }  # fmt: skip
    (path / "00000_stats.json").write_text(json.dumps(stats, indent=4))


NONE = [None] * labs.N
ROW_OF_KEYS = ("url", "caption", "error_message")
SHARDS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "whole": ((), {}),
    "no status": (("status",), {}),
    "status NULL": ((), {"status": lambda _: NONE}),
    "status NULL in some rows": ((), {"status": lambda told: [None, *told[1:20], *NONE[20:]]}),
    "status of another program": ((), {"status": lambda _: ["ok"] * labs.N}),
    "no messages": (("error_message",), {}),
    "links and captions NULL": ((), {"url": lambda _: NONE, "caption": lambda _: NONE}),
    "keys alone": ((*ROW_OF_KEYS, "status"), {}),
    "keys and status": (ROW_OF_KEYS, {}),
    "keys and status NULL": (ROW_OF_KEYS, {"status": lambda _: NONE}),
}


@pytest.mark.parametrize("by", quickly(1, ["diff", "keep and old"]))
def test_rows_and_samples_leave_together_whichever_tells_what_they_are(
    lab: labs.Lab, diff: Path, tmp_path: Path, by: str
) -> None:
    for what, (drop, change) in SHARDS.items():
        folder(tmp_path / "copy" / what, drop, **change)
    given: dict[str, Any] = {"diff": diff} if by == "diff" else {"keep": lab.new}
    given |= {"old": lab.old} if by == "keep and old" else {}
    done = relaion.apply(tmp_path / "copy", tmp_path / "out", **given, without_identity="keep")
    verdict = relaion.verify(tmp_path / "out", inputs=tmp_path / "copy", **given)
    assert verdict.ok, [str(f) for f in verdict.findings]
    kept = n_samples = 0
    for what, (drop, _) in SHARDS.items():
        out = tmp_path / "out" / what
        with tarfile.open(out / "00000.tar") as tar:
            samples = {int(name[:9]) for name in tar.getnames()}
        assert samples == set(range(labs.N)) - set(labs.GONE) - set(FAILED), what
        table = pq.read_table(out / "00000.parquet", partitioning=None)
        rows = table["key"].to_pylist()
        is_known = what != "links and captions NULL" and "keys" not in what
        # those of no sample stay
        gone = set(labs.GONE) if is_known else set(labs.GONE) - set(FAILED)
        assert {int(key) for key in rows} == set(range(labs.N)) - gone, what
        stats = json.loads((out / "00000_stats.json").read_text())
        failed = sum(int(key) in FAILED for key in rows)
        assert stats["count"] == len(rows), what
        assert (stats["successes"], stats["failed_to_download"]) == (len(samples), failed), what
        quoted = set() if "error_message" in drop else {f for f in FAILED if f not in gone}
        assert stats["status_dict"] == {
            "success": len(samples), **{QUOTE.format(i): 1 for i in sorted(quoted)}
        }, what  # fmt: skip
        kept, n_samples = kept + len(rows), n_samples + len(samples)
    assert (done.records, done.kept) == (labs.N * len(SHARDS), kept)
    assert sum(c.samples for c in done.counts if c.stayed) == n_samples
    made = json.loads((tmp_path / "out/manifest.json").read_text())
    made["counts"][0]["samples"] -= 1
    (tmp_path / "out/manifest.json").write_text(json.dumps(made))
    assert not relaion.verify(tmp_path / "out", inputs=tmp_path / "copy", **given).ok


@pytest.mark.parametrize("what", ["no messages", "messages NULL", "in excess before"])
def test_messages_count_no_more_failures_than_there_are(
    lab: labs.Lab, diff: Path, tmp_path: Path, what: str
) -> None:
    """Without a message nobody knows by which a row that left was counted."""
    lost = {
        "error_message": lambda told: [None if i in (20, 33) else m for i, m in enumerate(told)]
    }
    drop, change = (("error_message",), {}) if what == "no messages" else ((), lost)
    folder(tmp_path / "copy", drop, **change)
    path = tmp_path / "copy/00000_stats.json"
    stats = json.loads(path.read_text())
    stats["status_dict"] = {"success": 36, "HTTP Error 404": 3, "timed out": 1}
    stats["failed_to_download"] -= what == "in excess before"
    path.write_text(json.dumps(stats, indent=4))
    relaion.apply(tmp_path / "copy", tmp_path / "out", diff=diff)
    after = json.loads((tmp_path / "out/00000_stats.json").read_text())
    failed = after["failed_to_download"] + after["failed_to_resize"]
    told = sum(after["status_dict"].values()) - after["status_dict"]["success"]
    assert (told == failed == 2) is (what != "in excess before")
    assert (told - failed == 3) is (what == "in excess before")
    given: dict[str, Any] = {"diff": diff, "inputs": tmp_path / "copy"}
    verdict = relaion.verify(tmp_path / "out", **given)
    assert verdict.ok, [str(f) for f in verdict.findings]
    after["status_dict"]["timed out"] = 5
    (tmp_path / "out/00000_stats.json").write_text(json.dumps(after, indent=4))
    assert "its counts are not the copy's" in str(
        [str(f) for f in relaion.verify(tmp_path / "out", **given).findings]
    )


def test_a_finished_run_is_of_the_stats_that_it_read(diff: Path, tmp_path: Path) -> None:
    """However short ago they were written, and though those of OUT are others."""
    folder(tmp_path / "copy")
    given: dict[str, Any] = {"diff": diff}
    relaion.apply(tmp_path / "copy", tmp_path / "out", **given)
    assert relaion.apply(tmp_path / "copy", tmp_path / "out", **given).done_before
    stats = tmp_path / "copy/00000_stats.json"
    stats.write_text(stats.read_text().replace('"count": 40', '"count": 41'))
    with pytest.raises(InputError, match=r"00000_stats\.json: has other bytes than when"):
        relaion.apply(tmp_path / "copy", tmp_path / "out", **given)
    verdict = relaion.verify(tmp_path / "out", inputs=tmp_path / "copy", **given)
    assert "00000_stats.json: the file of the copy is not the one" in str(verdict.findings[0])


@pytest.mark.parametrize("quoted", ["https://www.site3.example/a/3.jpg?w=3", "/a/4.jpg", None])
def test_a_message_that_quotes_another_link_is_told_not_to_be_looked_at(
    lab: labs.Lab, diff: Path, tmp_path: Path, quoted: str | None
) -> None:
    """A server may send on to a link that left; what quotes the row's own link stands beside it."""
    said = f"HTTP Error 302: sent on to '{quoted}'." if quoted else "HTTP Error 404: Not Found"
    folder(tmp_path / "copy", error_message=lambda told: [
        said if i == 4 else None for i, _ in enumerate(told)
    ])  # fmt: skip
    done = relaion.apply(tmp_path / "copy", tmp_path / "out", diff=diff)
    what = "00000.parquet: 1 row kept whose error_message may quote another link: not looked at"
    verdict = relaion.verify(tmp_path / "out", diff=diff, inputs=tmp_path / "copy")
    for told in (done.not_looked_at, verdict.not_looked_at):
        assert (what in told) is (quoted is not None and "site3" in quoted)
        assert not any("site3" in line for line in told)


def test_a_message_that_quotes_a_link_of_no_row_is_told_no_more(
    lab: labs.Lab, diff: Path, tmp_path: Path
) -> None:
    """A tar with its stats says nothing of attempts that failed: theirs may be rows that left."""
    folder(tmp_path / "copy")
    (tmp_path / "copy/00000.parquet").unlink()
    labs.tar(tmp_path / "copy/00000.tar", [("1.jpg", b"x"), ("1.url", b"http://a.b/c")])
    done = relaion.apply(tmp_path / "copy", tmp_path / "out", diff=diff, yes_i_checked=True)
    assert (done.left, done.files) == (0, {"linked": 1, "written": 1})
    stats = json.loads((tmp_path / "out/00000_stats.json").read_text())
    assert stats["status_dict"] == {"success": 36} and stats["count"] == 40
    given: dict[str, Any] = {"diff": diff, "inputs": tmp_path / "copy"}
    assert relaion.verify(tmp_path / "out", **given).ok
    (tmp_path / "out/00000_stats.json").unlink()
    (tmp_path / "out/00000_stats.json").write_bytes(
        (tmp_path / "copy/00000_stats.json").read_bytes()
    )
    told = [str(f) for f in relaion.verify(tmp_path / "out", **given).findings]
    assert "00000_stats.json: its counts are not the copy's without what left" in told
