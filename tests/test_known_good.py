"""Lists of what is known good: they remove nothing, and tell of mistakes in other lists."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import relaion
from relaion.errors import ListError, StopError
from relaion.lists import store

pytestmark = pytest.mark.usefixtures("in_process")

DIGESTS = [f"{i:032x}" for i in range(1, 1200)]
LINKS = [f"https://pictures.example/{i}.jpg" for i in range(1200)]


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    return tmp_path / "lists.duckdb"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    rows = {"url": LINKS[:40], "md5": DIGESTS[:40], "TEXT": ["a boat"] * 40}
    pq.write_table(pa.table(rows), folder / "a.parquet")
    return folder


def deliver(lists: Path, digests: list[str], **options: str) -> None:
    path = lists.with_name("list.csv")
    path.write_text("\n".join(["md5", *digests, ""]))
    store.add(lists, path, source=options.pop("source", "A"), **options)  # type: ignore[arg-type]


def kept(out: Path) -> set[str]:
    return set(pq.read_table(out / "research").column("md5").to_pylist())


def test_a_good_list_removes_nothing(lists: Path, data: Path, tmp_path: Path) -> None:
    deliver(lists, DIGESTS[3:5])
    deliver(lists, DIGESTS[10:20], role="good", source="Software")
    assert relaion.match(data, lists).hits.rows("all") == 2
    done = relaion.clean(data, lists, tmp_path / "out", editions=["research"])
    assert kept(tmp_path / "out") == {*DIGESTS[:40]} - {*DIGESTS[3:5]}
    assert done.verdict is not None and done.verdict.ok
    stated = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert [x["role"] for x in stated["lists"]] == ["bad", "good"]
    assert stated["parameters"]["good_wins"] is False
    told = relaion.sql(tmp_path / "out", "select source, role from lists order by list_id")
    assert list(told.rows) == [("A", "bad"), ("Software", "good")]


def test_an_entry_that_is_known_good_is_told_and_many_stop(
    lists: Path, data: Path, tmp_path: Path
) -> None:
    deliver(lists, DIGESTS[:1000])
    deliver(lists, [DIGESTS[3], *DIGESTS[1001:1010]], role="good", source="Software")
    told = "list 1 (A): 1 of 1,000 entries is known good"
    matched = relaion.match(data, lists)
    assert told in matched.notices
    assert matched.hits.rows("all") == 40
    deliver(lists, DIGESTS[:20], role="good", source="More software")
    for run in (
        lambda: relaion.match(data, lists),
        lambda: relaion.clean(data, lists, tmp_path / "out"),
    ):
        with pytest.raises(StopError, match=r"20 of 1,000 entries are known good .* --good-wins"):
            run()
    assert not (tmp_path / "out" / "manifest.json").exists()


@pytest.mark.slow
def test_the_good_may_win(lists: Path, data: Path, tmp_path: Path) -> None:
    deliver(lists, DIGESTS[:30])
    deliver(lists, DIGESTS[5:25], role="good", source="Software")
    assert relaion.match(data, lists, good_wins=True).hits.rows("all") == 10
    done = relaion.clean(data, lists, tmp_path / "out", editions=["research"], good_wins=True)
    assert kept(tmp_path / "out") == {*DIGESTS[5:25], *DIGESTS[30:40]}
    assert done.verdict is not None and done.verdict.ok
    assert relaion.verify(tmp_path / "out", inputs=data, lists=lists).ok
    stated = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert stated["parameters"]["good_wins"] is True


@pytest.mark.slow
def test_they_win_in_sidecars_too(lists: Path, tmp_path: Path) -> None:
    (tmp_path / "links").mkdir()
    pq.write_table(pa.table({"url": LINKS[:10]}), tmp_path / "links" / "a.parquet")
    pq.write_table(pa.table({"url": LINKS[:10], "md5": DIGESTS[:10]}), tmp_path / "side.parquet")
    deliver(lists, DIGESTS[:6])
    deliver(lists, DIGESTS[4:8], role="good", source="Software")
    arguments = (tmp_path / "links", lists, tmp_path / "out")
    done = relaion.clean(
        *arguments, sidecars=tmp_path / "side.parquet", editions=["research"], good_wins=True
    )
    links = set(pq.read_table(tmp_path / "out" / "research").column("url").to_pylist())
    assert links == {*LINKS[4:10]}
    assert done.verdict is not None and done.verdict.ok


def test_the_table_of_nsrl_is_read_without_a_question(lists: Path) -> None:
    heads = '"SHA-1","MD5","CRC32","FileName","ProductCode","OpSystemCode","SpecialCode"'
    path = lists.with_name("table.csv")
    path.write_text(f'{heads}\n"{"AB12" * 10}","{"CD34" * 8}","0A0B0C0D","f.dll",1,"WIN",""\n')
    with pytest.raises(ListError, match=r"known-good software hashes \(NSRL\): add it with --role"):
        store.add(lists, path, source="A")
    added = store.add(lists, path, source="A", role="good")
    assert (added.role, added.entries) == ("good", {"image_md5": 1, "image_sha1": 1})


def test_good_lists_alone_match_nothing(lists: Path, data: Path) -> None:
    deliver(lists, DIGESTS[:3], role="good")
    with pytest.raises(ListError, match="holds only lists of what is known good"):
        relaion.match(data, lists)


@pytest.mark.slow
def test_digests_that_no_data_set_has_are_told(lists: Path, data: Path) -> None:
    path = lists.with_name("list.csv")
    path.write_text(f"md5,pdq\n{DIGESTS[3]},{'f0' * 32}\n")
    store.add(lists, path, source="A")
    told = "1 pdq digests of the lists, which nothing is compared with"
    assert told in [x.sentence for x in relaion.match(data, lists).not_looked_at]
    out = lists.with_name("out")
    done = relaion.clean(data, lists, out)
    assert done.verdict is not None and done.verdict.ok
    assert "clean as far as it was looked at" in done.summary
    assert told in done.verdict.not_looked_at
    store.add(lists, path, source="B")  # what came since is none of that run's
    again = relaion.verify(out, inputs=data, lists=lists)
    assert again.ok and told in again.not_looked_at
