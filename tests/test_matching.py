"""Every way in which a list can name a row, through the real command line, verified."""

import hashlib
import json
from pathlib import Path
from typing import Any

import mmh3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.engine import connect
from relaion.parquet.read_shard import read_shard
from relaion.paths import ShardPath
from relaion.run.settings import MEMORY, Settings, limits_of
from relaion.run.sidecar_keys import reached
from relaion.sidecars.read import read_sidecars
from relaion.sqlset import VERSION
from tests.pipeline import here as relaion

ORIGINAL = pa.schema(
    [
        ("SAMPLE_ID", pa.int64()), ("URL", pa.string()), ("TEXT", pa.string()),
        ("HEIGHT", pa.int32()), ("WIDTH", pa.int32()), ("LICENSE", pa.string()),
        ("NSFW", pa.string()), ("similarity", pa.float64()),
    ]
)  # fmt: skip
pytestmark = pytest.mark.usefixtures("all_counts")

N = 40


def link(i: int) -> str:
    return f"https://pics.example/set/{i}.jpg"


def row_hash(i: int) -> int:
    return mmh3.hash64(link(i) + f"caption {i}")[0]


def digest(i: int, algorithm: str = "md5") -> str:
    return hashlib.new(algorithm, b"picture %d" % i).hexdigest()


def original(folder: Path, links: list[Any] | None = None) -> Path:
    """A shard in LAION-5B's first layout: neither hash nor score."""
    links = links or [link(i) for i in range(N)]
    n = len(links)
    columns = [
        range(n), links, [f"caption {i}" for i in range(n)], [300] * n, [400] * n, ["?"] * n,
        ["UNLIKELY"] * n, [0.3] * n,
    ]  # fmt: skip
    path = folder / "data" / "laion2B-en" / "part-00000.snappy.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = [
        pa.array(c, pa.binary()).view(pa.string()) if f.name == "URL" and isinstance(c[0], bytes)
        else pa.array(c, f.type)
        for c, f in zip(columns, ORIGINAL, strict=True)
    ]  # fmt: skip
    pq.write_table(pa.table(arrays, schema=ORIGINAL), path, row_group_size=16)
    return path


def add(folder: Path, entries: list[str], *args: str, name: str = "list.txt") -> None:
    (folder / name).write_text("\n".join([*entries, ""]))
    done = relaion("lists", "add", name, "--lists", "l.duckdb", "--source", "P", *args, cwd=folder)
    assert done.returncode == 0, done.stderr


def clean(folder: Path, *args: str, out: str = "out") -> dict[str, Any]:
    """Clean, verify included; the rows that research removed, by place."""
    done = relaion(
        "clean", "data", "--lists", "l.duckdb", "--out", out, "--edition", "research",
        "--yes-i-checked", "--json", *args, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    assert {o["state"] for o in result["verdict"]["outcomes"]} == {"held"}, result["verdict"]
    assert not [o for o in result["verdict"]["outcomes"] if o["why"]]
    return result


def gone(folder: Path, out: str = "out") -> list[int]:
    kept: set[int] = set()
    for path in (folder / out / "research").rglob("*.parquet"):
        kept |= set(pq.read_table(path, columns=["SAMPLE_ID"]).column(0).to_pylist())
    return sorted(set(range(N)) - kept)


def forms(folder: Path, out: str = "out") -> list[tuple[Any, ...]]:
    with connect(folder / out / "audit.duckdb", read_only=True) as engine:
        return engine.rows("select kind, form, gross from hits where kind is not null order by all")


@pytest.mark.slow
def test_the_first_layout_is_cleaned_by_image_hashes_that_lie_apart(tmp_path: Path) -> None:
    original(tmp_path)
    beside = tmp_path / "laion2B-en-md5"
    beside.mkdir()
    known = [i for i in range(N) if i % 2 == 0]  # the other downloads failed
    pq.write_table(
        pa.table({"hash": [row_hash(i) for i in known], "md5": [digest(i) for i in known]}),
        beside / "part-0.parquet",
    )
    add(tmp_path, [digest(4).upper(), digest(5), digest(6)])
    bare = clean(tmp_path, out="without")
    assert gone(tmp_path, "without") == []
    assert any("could not be matched" in notice for notice in bare["notices"])
    result = clean(tmp_path, "--sidecar", "laion2B-en-md5")
    assert gone(tmp_path) == [4, 6]
    assert forms(tmp_path) == [("image_md5", "sidecar", 2)]
    assert not any("could not be matched" in notice for notice in result["notices"])
    with connect(tmp_path / "out/audit.duckdb", read_only=True) as engine:
        covered = engine.rows(
            "select role, covered, estimated, sampled from coverage where via = 'sidecar'"
        )
    assert covered == [("image_md5", N // 2, True, N)]
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert manifest["sidecars"] == [
        {
            "name": "part-0.parquet", "rows": N // 2,
            "bytes": (beside / "part-0.parquet").stat().st_size,
            "sha256": hashlib.sha256((beside / "part-0.parquet").read_bytes()).hexdigest(),
        }
    ]  # fmt: skip


@pytest.mark.slow
def test_a_tsv_of_links_and_hashes_cleans_whatever_the_spelling(tmp_path: Path) -> None:
    original(tmp_path)
    lines = [
        f"{link(i).replace('https:', 'http:')}\t{digest(i, 'sha256')}\t{digest(i)}"
        for i in range(N)
    ]
    (tmp_path / "cc12m.tsv").write_text("\n".join([*lines, ""]))
    add(tmp_path, [digest(3), digest(9, "sha256")])
    clean(tmp_path, "--sidecar", "cc12m.tsv")
    assert gone(tmp_path) == [3, 9]
    assert forms(tmp_path) == [("image_md5", "sidecar", 1), ("image_sha256", "sidecar", 1)]


@pytest.mark.slow
def test_a_finished_run_knows_its_sidecars(tmp_path: Path) -> None:
    original(tmp_path)
    (tmp_path / "a.tsv").write_text(f"{link(1)}\t{digest(1)}\n")
    (tmp_path / "b.tsv").write_text(f"{link(1)}\t{digest(1)}\n{link(2)}\t{digest(2)}\n")
    add(tmp_path, [digest(1)])
    clean(tmp_path, "--sidecar", "a.tsv")
    args = ("data", "--lists", "l.duckdb", "--out", "out", "--edition", "research")
    again = relaion("clean", *args, "--sidecar", "a.tsv", "--json", cwd=tmp_path)
    assert json.loads(again.stdout)["done_before"] is True
    other = relaion("clean", *args, "--sidecar", "b.tsv", cwd=tmp_path)
    assert (other.returncode, "the sidecars differ" in other.stderr) == (2, True)


def test_row_hashes_name_rows_with_and_without_a_column_of_them(tmp_path: Path) -> None:
    path = original(tmp_path)
    add(tmp_path, [str(row_hash(i)) for i in (2, 11, 30)], "--kind", "row_hash")
    clean(tmp_path)
    assert gone(tmp_path) == [2, 11, 30]
    assert forms(tmp_path) == [("row_hash", "computed", 3)]
    hashes = pa.array([None if i == 11 else row_hash(i) for i in range(N)], pa.int64())
    pq.write_table(pq.ParquetFile(path).read().append_column("hash", hashes), path)
    clean(tmp_path, out="column")
    assert gone(tmp_path, "column") == [2, 11, 30]
    assert forms(tmp_path, "column") == [("row_hash", "computed", 1), ("row_hash", None, 2)]


def test_hashed_links_are_found_in_the_form_of_their_giver(tmp_path: Path) -> None:
    original(tmp_path)
    bare = link(7).removeprefix("https://")
    entries = [hashlib.md5(text.encode()).hexdigest() for text in (link(1), bare)]
    add(tmp_path, entries, "--kind", "url_md5")
    clean(tmp_path)
    assert gone(tmp_path) == [1, 7]
    assert forms(tmp_path) == [("url_md5", "raw", 1), ("url_md5", "raw-bare", 1)]


def test_a_list_whose_form_is_known_matches_in_no_other(tmp_path: Path) -> None:
    original(tmp_path)
    bare = link(7).removeprefix("https://")
    entries = [hashlib.md5(text.encode()).hexdigest() for text in (link(1), bare)]
    add(tmp_path, entries, "--kind", "url_md5", "--form", "raw-bare")
    clean(tmp_path)
    assert gone(tmp_path) == [7]


def test_links_inside_links_are_found_and_counted_apart(tmp_path: Path) -> None:
    links = [link(i) for i in range(N)]
    links[3] = "https://i0.wp.com/seen.example/a.jpg?w=300"
    links[4] = "https://proxy.example/?u=http%3A%2F%2Fseen.example%2Fa.jpg&s=1"
    links[5] = "http://www.seen.example/a.jpg/"
    original(tmp_path, links)
    add(tmp_path, ["https://seen.example/a.jpg"])
    clean(tmp_path)
    assert gone(tmp_path) == [3, 4, 5]
    assert forms(tmp_path) == [("url", "canonical", 1), ("url", "inner", 2)]
    clean(tmp_path, "--no-inner", out="own")
    assert gone(tmp_path, "own") == [5]


@pytest.mark.slow
def test_a_row_goes_for_the_link_inside_its_link_when_that_was_hit_elsewhere(
    tmp_path: Path,
) -> None:
    links = [link(i) for i in range(N)]
    links[8] = "https://i0.wp.com/pics.example/set/2.jpg"
    original(tmp_path, links)
    add(tmp_path, [str(row_hash(2))], "--kind", "row_hash")
    clean(tmp_path)
    assert gone(tmp_path) == [2, 8]
    clean(tmp_path, "--no-inner", out="own")
    assert gone(tmp_path, "own") == [2]


JUNK = [
    "", None, "nan", "#", "/", "http://", "https://?", "http:///", "data:image/png;base64,AAAA",
    "http://localhost/a.jpg", "http://pics.example", "http://pics.example/?", "N/A",
]  # fmt: skip


@pytest.mark.slow
def test_a_text_that_many_rows_carry_does_not_take_them_along(tmp_path: Path) -> None:
    """The row that is listed goes; another with its link goes only where that is one thing."""
    links: list[Any] = [*JUNK, *JUNK, link(0), "http://www.pics.example/set/0.jpg#top"]
    links += ["http://pics.example/page#!/1", "http://pics.example/page#!/2"]
    links += [link(i) for i in range(len(links), N)]
    original(tmp_path, links)
    listed = [*range(len(JUNK)), 2 * len(JUNK), 2 * len(JUNK) + 2]
    numbers = [mmh3.hash64((links[i] or "") + f"caption {i}")[0] for i in listed]
    add(tmp_path, [str(number) for number in numbers], "--kind", "row_hash")
    clean(tmp_path)
    assert gone(tmp_path) == sorted([*listed, 2 * len(JUNK) + 1])
    clean(tmp_path, "--no-same-link", out="own")
    assert gone(tmp_path, "own") == listed


@pytest.mark.slow
def test_a_sidecar_with_a_text_for_a_link_names_no_row(tmp_path: Path) -> None:
    links = [*JUNK, "http://pics.example/page#!/1", "https://pics.example/one.jpg"]
    original(tmp_path, [*links, *(link(i) for i in range(len(links), N))])
    beside = pa.table({"url": links, "md5": [digest(i) for i in range(len(links))]})
    pq.write_table(beside, tmp_path / "beside.parquet")
    add(tmp_path, [digest(i) for i in range(len(links))])
    clean(tmp_path, "--sidecar", "beside.parquet")
    assert gone(tmp_path) == [len(links) - 1]


@pytest.mark.slow
def test_hosts_that_only_resemble_a_plain_one_are_looked_at(tmp_path: Path) -> None:
    links = [link(i) for i in range(N)]
    links[3] = "http://a.example/x?url=http://192.0.2.7./b.jpg"
    links[4] = "http://a.example/x?url=http://seen._example/b.jpg"
    links[5] = "http://awww.bad.example/1.jpg"
    links[6] = "http://a.example/http://xwww.bad.example/1.jpg"
    original(tmp_path, links)
    add(tmp_path, ["http://192.0.2.7/b.jpg", "http://seen._example/b.jpg", "*.bad.example"])
    clean(tmp_path)
    assert gone(tmp_path) == [3, 4, 5, 6]


def test_hosts_and_prefixes_remove_what_lies_below_them(tmp_path: Path) -> None:
    links = [link(i) for i in range(N)]
    links[1:7] = [
        "https://a.bad.example/1.jpg", "http://www.bad.example/", "https://notbad.example/1.jpg",
        "https://half.example/in/1.jpg", "https://half.example/inner/1.jpg",
        "https://i0.wp.com/x.bad.example/1.jpg",
    ]  # fmt: skip
    original(tmp_path, links)
    add(tmp_path, ["*.bad.example", "half.example/in/*"])
    clean(tmp_path)
    assert gone(tmp_path) == [1, 2, 4, 6]
    assert forms(tmp_path) == [("host", "inner", 1), ("host", None, 2), ("url_prefix", None, 1)]


@pytest.mark.slow
def test_a_scope_that_removes_much_stops_with_its_count(tmp_path: Path) -> None:
    original(tmp_path)
    add(tmp_path, ["pics.example"], "--scope", "host")
    args = ("data", "--lists", "l.duckdb", "--out", "out")
    done = relaion("clean", *args, cwd=tmp_path)
    assert done.returncode == 2
    assert "list 1 (P) 40" in done.stderr
    assert "--yes-i-checked" in done.stderr
    assert "pics.example" not in done.stderr
    assert list((tmp_path / "out").rglob("*.parquet")) == []
    clean(tmp_path)
    assert gone(tmp_path) == list(range(N))


@pytest.mark.slow
def test_links_that_are_not_utf_8_match_on_their_bytes_and_stay_as_they_are(tmp_path: Path) -> None:
    links = [link(i).encode() for i in range(N)]
    for i in (2, 12, 22):
        links[i] = f"http://ü.example/{i}-caf".encode() + b"\xe9.jpg"
    links[3] = b"http://pics.example/caf\xe8.jpg"
    path = original(tmp_path, links)
    add(tmp_path, ["http://xn--tda.example/2-caf%E9.jpg"])
    add(tmp_path, [hashlib.md5(links[12]).hexdigest()], "--kind", "url_md5")
    add(tmp_path, [str(mmh3.hash64(links[22] + b"caption 22")[0])], "--kind", "row_hash")
    clean(tmp_path)
    assert gone(tmp_path) == [2, 12, 22]
    source, out = (
        pq.ParquetFile(p).read().column("URL").cast(pa.binary()).to_pylist()
        for p in (path, next((tmp_path / "out/research").rglob("*.parquet")))
    )
    assert out == [u for i, u in enumerate(source) if i not in (2, 12, 22)]
    assert not (tmp_path / "out/.work").exists()


@pytest.mark.slow
def test_a_caption_that_is_not_utf_8_is_read_around_its_bad_bytes(tmp_path: Path) -> None:
    path = tmp_path / "data" / "en" / "part-0.parquet"
    path.parent.mkdir(parents=True)
    captions = [b"a red teapot", b"teapot \xff\xfe", b"\xe9teapot", b"te\xffapot", b"cup"]
    columns = {
        "SAMPLE_ID": pa.array(range(5), pa.int64()),
        "URL": pa.array([link(i) for i in range(5)]),
        "TEXT": pa.array(captions, pa.binary()).view(pa.string()),
        "punsafe": pa.array([0.99] * 5, pa.float32()),
    }
    pq.write_table(pa.table(columns), path)
    (tmp_path / "words.txt").write_text("teapot\n")
    add(tmp_path, [digest(1)])
    clean(tmp_path, "--keywords", "words.txt")
    assert [i for i in gone(tmp_path) if i < 5] == [0, 1, 2]


def test_a_sidecars_reach_is_estimated_from_rows_all_over_a_subset(tmp_path: Path) -> None:
    held = ((0, 4_200), (0, 2_000), (4_000, 6_000), (8_000, 10_000), (0, 0))
    picked, lines = [], []
    for sizes in ((10_000,), (7_000, 10, 2_990)):
        for first, last in held:
            subset = f"{len(sizes)}-{first}-{last}"
            links = [f"https://host.example/{subset}/{i}.jpg" for i in range(10_000)]
            lines += [f"{x.replace('https', 'HTTP')}\t{digest(1)}\n" for x in links[first:last]]
            shards = []
            for n in sizes:
                path = tmp_path / subset / f"{n}.parquet"
                path.parent.mkdir(exist_ok=True)
                pq.write_table(pa.table({"url": links[:n]}), path)
                links = links[n:]
                shards.append(read_shard(ShardPath(path, subset)))
            picked.append((subset, shards))
    tsv = tmp_path / "beside.tsv"
    tsv.write_text("".join(lines))
    sidecars = read_sidecars([tsv], tmp_path / "work")
    settings = Settings(VERSION, limits_of(1, MEMORY), tmp_path)
    found = reached(picked, sidecars, settings, {})
    for subset, role, of, n in found:
        _, first, last = map(int, subset.split("-"))
        assert of == 1_000
        assert role != "image_md5" or abs(10 * n - (last - first)) < 150
    assert len(found) == 3 * len(picked)
    assert found == reached(picked, sidecars, settings, {})


@pytest.mark.parametrize(
    ("args", "looked_at"),
    [
        ((), {"url", "image_md5"}),
        (("--no-same-link",), {"image_md5"}),
        (("--link",), {"url", "image_md5"}),
    ],
)
def test_links_are_told_as_looked_at_only_where_they_were(
    tmp_path: Path, args: tuple[str, ...], looked_at: set[str]
) -> None:
    (tmp_path / "data/en").mkdir(parents=True)
    table = pa.table({"url": [link(i) for i in range(N)], "md5": [digest(i) for i in range(N)]})
    pq.write_table(table, tmp_path / "data/en/a.parquet")
    add(tmp_path, [digest(4)])
    if args == ("--link",):
        add(tmp_path, [link(7)], name="links.txt")
        args = ("--no-same-link",)
    done = relaion("match", "data", "--lists", "l.duckdb", "--json", *args, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = json.loads(done.stdout)["coverage"]
    counted = {x["role"] for x in lines if x["covered"] and x["counted"] != "footers"}
    assert counted == looked_at
