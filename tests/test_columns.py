"""Which columns are looked at: several of one role, odd names, mixed writings, odd types.

The property holds `clean` and `verify` against the plain oracle, which reads values only.
"""

import base64
import hashlib
import json
import math
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import relaion
from relaion.engine import connect
from relaion.errors import InputError
from relaion.stages.clean import clean
from relaion.stages.match import match
from tests import oracle
from tests.lying import LIES
from tests.oracle import RESEARCH, SAFE, Setting
from tests.pipeline import InProcess, Sent, add_lists
from tests.pipeline import here as command
from tests.test_properties import listings

pytestmark = pytest.mark.usefixtures("in_process")

MD5S = [oracle.md5(f"image {i}") for i in range(6)]
LINKS = [f"https://h{i % 3}.example/{i}.jpg" for i in range(8)]


def write(path: Path, **columns: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)
    return path


def listed(folder: Path, *entries: tuple[str, str]) -> Path:
    add_lists(folder / "lists.duckdb", [Sent(entries)])
    return folder / "lists.duckdb"


def kept(folder: Path, paths: list[Path], lists: Path, **options: Any) -> list[Any]:
    """The values of column n that stay in `research`; verify must agree."""
    done = clean(paths, lists, folder / "out", yes_i_checked=True, executor=InProcess(), **options)
    assert done.verdict is not None
    assert done.verdict.ok, done.verdict.findings
    out = sorted((folder / "out" / "research").rglob("*.parquet"))
    return [n for path in out for n in pq.read_table(path)["n"].to_pylist()]


def test_a_column_that_duckdb_cannot_read_and_pyarrow_can_is_matched(tmp_path: Path) -> None:
    digests = pa.array([hashlib.md5(b"1").digest(), hashlib.md5(b"2").digest()], pa.binary(16))
    paths = []
    for i in range(2):
        path = write(tmp_path / "en" / f"{i}.parquet", n=[0, 1], url=LINKS[:2], md5=digests)
        paths.append(path)
    split = {"md5": "BYTE_STREAM_SPLIT"}
    table = pq.read_table(path)
    pq.write_table(table, path, use_dictionary=False, column_encoding=split)
    lists = listed(tmp_path, ("image_md5", hashlib.md5(b"2").hexdigest()))
    assert kept(tmp_path, paths, lists) == [0, 0]


def test_every_hash_column_is_matched(tmp_path: Path) -> None:
    path = write(
        tmp_path / "en" / "p.parquet",
        n=[0, 1, 2, 3],
        url=LINKS[:4],
        md5=pa.array([None] * 4, pa.string()),
        original_md5=[MD5S[0], MD5S[1].upper(), None, "junk"],
        image_md5=[None, None, base64.b64encode(bytes.fromhex(MD5S[2])).decode(), None],
    )
    lists = listed(tmp_path, ("image_md5", MD5S[0]), ("image_md5", MD5S[2]))
    assert kept(tmp_path, [path.parent], lists) == [1, 3]
    with connect(tmp_path / "out" / "audit.duckdb", read_only=True) as engine:
        assert engine.rows("from not_looked_at where role = 'image_md5'") == [
            ("en", "image_md5", "original_md5", "values that are no MD5", 1)
        ]
        assert engine.rows("select covered from coverage where role = 'image_md5'") == [(3,)]


@pytest.mark.slow
def test_two_link_columns_are_refused_until_one_is_named(tmp_path: Path) -> None:
    path = write(
        tmp_path / "en" / "p.parquet",
        n=[0, 1, 2, 3, 4],
        url=[*LINKS[:4], LINKS[7]],
        image_url=[*LINKS[4:7], None, LINKS[0]],
    )
    lists = listed(tmp_path, ("url", LINKS[1]), ("url", LINKS[6]))
    for said in (command("inspect", path), command("match", path, "--lists", lists)):
        assert said.returncode == 2
        assert len(said.stderr.splitlines()) == 1
        assert "say which one is the row's link with --column url=url" in said.stderr
    one = [path.parent]
    assert kept(tmp_path / "a", one, lists, columns={"url": "url"}) == [0, 2, 3, 4]
    assert kept(tmp_path / "b", one, lists, columns={"url": "image_url"}) == [0, 1, 3, 4]
    both = {"url": ["url", "image_url"]}
    assert kept(tmp_path / "c", one, lists, columns=both) == [0, 3, 4]
    stated = json.loads((tmp_path / "c" / "out" / "manifest.json").read_text())
    assert stated["parameters"]["columns"] == both


@pytest.mark.slow
def test_a_row_hash_is_computed_of_the_first_of_two_links(tmp_path: Path) -> None:
    """A row that has the second link only has none, and the audit does not count it as one."""
    path = write(
        tmp_path / "en" / "p.parquet",
        n=[0, 1, 2, 3],
        url=[LINKS[0], LINKS[1], None, None],
        image_url=[LINKS[4], None, LINKS[3], LINKS[2]],
        hash=pa.array([None] * 4, pa.int64()),
    )
    lists = listed(tmp_path, ("row_hash", str(oracle.row_hash({"url": LINKS[1]}))))
    both = {"url": ["url", "image_url"]}
    assert kept(tmp_path, [path.parent], lists, columns=both) == [0, 2, 3]
    with connect(tmp_path / "out" / "audit.duckdb", read_only=True) as engine:
        covered = engine.rows(
            "select role, via, covered from coverage where role in $roles",
            {"roles": ["url", "row_hash"]},
        )
    assert set(covered) == {
        ("url", "column", 4),
        ("row_hash", "column", 0),
        ("row_hash", "computed", 2),
    }


def test_both_links_of_a_listed_row_spread(tmp_path: Path) -> None:
    path = write(
        tmp_path / "en" / "p.parquet",
        n=[0, 1, 2, 3],
        url=[LINKS[0], LINKS[1], LINKS[2], LINKS[3]],
        image_url=[LINKS[4], LINKS[0], LINKS[6], LINKS[4].upper().replace("JPG", "jpg")],
        md5=[MD5S[0], None, None, None],
    )
    lists = listed(tmp_path, ("image_md5", MD5S[0]))
    both = {"url": ["url", "image_url"]}
    assert kept(tmp_path, [path.parent], lists, columns=both) == [2]
    args = ("match", path, "--lists", lists, "--column", "url=url", "--column", "url=image_url")
    unions = json.loads(command(*args, "--json").stdout)["hits"]["unions"]
    assert {u["grouping"]: u["rows"] for u in unions if not u["name"]} == {"all": 1, "same_link": 2}
    said = "1 membership is 1 row; 2 more rows carry a listed link; nothing was written"
    assert command(*args).stdout.splitlines()[-1] == said


@pytest.mark.slow
@pytest.mark.parametrize(
    "null", [pa.string(), pytest.param(pa.large_string(), marks=pytest.mark.slow)]
)
def test_a_link_column_without_values_never_wins(tmp_path: Path, null: pa.DataType) -> None:
    for i, empty in enumerate(([None] * 3, ["", None, ""])):
        path = write(
            tmp_path / "en" / f"{i}.parquet",
            n=[3 * i, 3 * i + 1, 3 * i + 2],
            URL=pa.array(empty, null),
            image_url=LINKS[:3],
        )
    lists = listed(tmp_path, ("url", LINKS[1]))
    assert kept(tmp_path, [path.parent], lists) == [0, 2, 3, 5]


def test_only_links_and_hashes_may_have_several_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "p.parquet", url=LINKS[:1], text=["a"], caption=["b"])
    lists = listed(tmp_path, ("url", LINKS[1]))
    with pytest.raises(InputError, match="text was given to text already"):
        match([path], lists, columns={"text": ["text", "caption"]})


@pytest.mark.slow
def test_refused_columns_are_known_to_the_run(tmp_path: Path) -> None:
    first = write(
        tmp_path / "en" / "p.parquet",
        url=LINKS[:2],
        punsafe=["0.99", "97 %"],
        md5=pa.array([[MD5S[0]], None], pa.list_(pa.string())),
        sha1=pa.array([b"x" * 17] * 2, pa.binary(17)),
        caption=["a", None],
        text=["b", "c"],
    )
    write(tmp_path / "de" / "p.parquet", url=LINKS[:2], punsafe=[0.1, 0.2])
    lists = listed(tmp_path, ("image_md5", MD5S[0]))
    found = match([tmp_path / "en", tmp_path / "de"], lists).not_looked_at
    assert {(x.subset, x.role, x.column) for x in found if x.column} == {
        ("en", "punsafe", "punsafe"), ("en", "image_md5", "md5"), ("en", "image_sha1", "sha1"),
        ("en", "text", "caption"),
    }  # fmt: skip
    assert any("string, but safety scores are numbers" in x.reason for x in found)
    clean([first.parent], lists, tmp_path / "out", executor=InProcess())
    with connect(tmp_path / "out" / "audit.duckdb", read_only=True) as engine:
        stated = {(r[1], r[2]) for r in engine.rows("from not_looked_at")}
    assert stated >= {(x.role, x.column) for x in found}


@pytest.mark.slow
def test_links_in_a_column_that_plays_no_role_are_told(tmp_path: Path) -> None:
    table = {
        "url": LINKS[:2],
        "LINK": LINKS[2:4],
        "original_url": [LINKS[4], None],
        "found_on": [f" {LINKS[5].upper()}", ""],
        "page_url": pa.array([None, None], pa.string()),
        "link_text": ["a", "b"],
        "remark": ["see https://a.example/1.jpg", LINKS[6]],
        "credit": ["no", "https"],
    }
    data = write(tmp_path / "en" / "p.parquet", **table).parent
    write(data / "q.parquet", **table | {"found_on": ["a", "b"]})
    lists = listed(tmp_path, ("url", LINKS[1]))
    told = {"LINK", "original_url", "found_on", "page_url", "remark"}
    done = clean([data], lists, tmp_path / "out", executor=InProcess())
    assert done.verdict is not None
    assert done.verdict.ok, done.verdict.findings
    found = [x for x in done.not_looked_at if x.column]
    assert {(x.role, x.column) for x in found} == {("url", name) for name in told}
    assert all(x.reason.endswith(f"--column url=url --column url={x.column}") for x in found)
    assert {x.sentence for x in done.not_looked_at} == set(done.verdict.not_looked_at)
    with connect(tmp_path / "out" / "audit.duckdb", read_only=True) as engine:
        assert {r[2] for r in engine.rows("from not_looked_at") if r[2]} == told
    named = {"url": ["url", *told]}
    assert not match([data], lists, columns=named).not_looked_at
    shown = command("inspect", "en", cwd=tmp_path).stdout
    assert "holds links, which are not matched" in " ".join(shown.split())


KINDS = [
    pa.decimal128(9, 8),
    *(
        pytest.param(k, marks=pytest.mark.slow)
        for k in (pa.decimal128(38, 20), pa.decimal256(40, 9))
    ),
]


@pytest.mark.parametrize("kind", KINDS)
def test_decimal_scores_are_read_as_doubles(tmp_path: Path, kind: pa.DataType) -> None:
    scores = ["0.45", "0.45000001", "0.95", None, "0.1"]
    path = write(
        tmp_path / "en" / "p.parquet",
        n=[0, 1, 2, 3, 4],
        url=LINKS[:5],
        punsafe=pa.array([None if s is None else Decimal(s) for s in scores], kind),
    )
    lists = listed(tmp_path, ("url", LINKS[7]))
    assert kept(tmp_path, [path.parent], lists) == [0, 1, 2, 3, 4]
    (out,) = (tmp_path / "out" / "research-safe").rglob("*.parquet")
    assert pq.read_table(out)["n"].to_pylist() == [0, 3, 4]


def ways(digest: str) -> list[str]:
    raw = bytes.fromhex(digest)
    return [
        digest, digest.upper(), base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode().rstrip("="), base64.b32encode(raw).decode(),
        f"0x{digest}", f" {digest}\t", f"md5:{digest}", f'"{digest}"',
        "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:])),
    ]  # fmt: skip


WRITTEN = (
    st.none()
    | st.sampled_from(MD5S).flatmap(lambda d: st.sampled_from(ways(d)).map(lambda text: (d, text)))
    | st.sampled_from(["", " ", "junk", "0" * 31, "A" * 22 + "!"]).map(lambda text: (None, text))
)
LINK = st.none() | st.sampled_from(
    [
        *LINKS, LINKS[0].replace("https", "http"), f"https://i0.wp.com/{LINKS[1][8:]}", "no link",
        "", "None", "nan", "#", "/", "http://", "data:image/png;base64,AA==", "https://h0.example/",
        LINKS[2] + "\u200b", "\ufeff" + LINKS[3], LINKS[4].replace("/", "%2F"),
    ]
)  # fmt: skip
ROW = st.fixed_dictionaries(
    {
        "url": LINK,
        "other": LINK,
        "md5": WRITTEN,
        "more_md5": WRITTEN,
        "punsafe": st.none() | st.sampled_from([0.1, 0.45, 0.46, 0.99, math.nan]),
    }
)
# names that the engine, the scripts or this project use for something else
ODD = [
    "file_row_number", "FILE_ROW_NUMBER", "file_index", "File_Index", "filename", "shard_no",
    "subset", "c0", "c1", "s", "rowid", "digest", "kind", "row_hash", "a.b", "", "select", '"', "'",
]  # fmt: skip
ENTRY = st.one_of(
    st.tuples(st.just("image_md5"), st.sampled_from(MD5S)),
    st.tuples(st.just("url"), st.sampled_from(LINKS)),
)


def as_oracle(row: dict[str, Any]) -> dict[str, Any]:
    digest, further = (None if w is None else w[0] for w in (row["md5"], row["more_md5"]))
    return {
        "url": row["url"],
        "punsafe": row["punsafe"],
        "image_md5": digest,
        "more": {"url": [row["other"]], "image_md5": [further]},
    }


# base32 of 16 bytes is, when padded, as long as their hexadecimal
LONG = "57be0c9f0e244fd4d83455690e07ec1f"
PADDED = "K67AZHYOERH5JWBUKVUQ4B7MD4======"


@pytest.mark.slow
@settings(max_examples=settings().max_examples // 5)
@given(
    rows=st.lists(ROW, min_size=1, max_size=14),
    entries=st.lists(ENTRY, min_size=1, max_size=4, unique=True),
    names=st.lists(st.sampled_from(ODD), max_size=4, unique=True),
    cut=st.integers(1, 13),
    # a bound of the wrong length makes a column of numbers unreadable: refused, not misread
    lies=st.lists(
        st.tuples(st.sampled_from(sorted(LIES)), st.integers(0, 5)).filter(
            lambda told: told[0] != "short_bounds" or 0 < told[1] < 5
        ),
        max_size=3,
    ),
)
@example(
    rows=[
        {"url": None, "other": None, "md5": None, "punsafe": None, "more_md5": (LONG, PADDED)},
    ],
    entries=[("image_md5", LONG)],
    names=[],
    cut=1,
    lies=[],
)
def test_clean_and_verify_are_what_the_values_say(
    rows: list[dict[str, Any]],
    entries: list[tuple[str, str]],
    names: list[str],
    cut: int,
    lies: list[tuple[str, int]],
) -> None:
    """`lies` are told by the footer about one of the last six columns, the odd ones apart."""
    sent = [Sent(tuple(entries))]
    lists = listings(sent)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for i, part in enumerate(p for p in (rows[:cut], rows[cut:]) if p):
            odd = {n: [7 * j for j in range(len(part))][::-1] for n in names}
            columns = {
                **odd,
                "n": [i * cut + j for j in range(len(part))],
                "url": pa.array([r["url"] for r in part], pa.string()),
                "image_url": pa.array([r["other"] for r in part], pa.string()),
                "md5": pa.array([r["md5"] and r["md5"][1] for r in part], pa.string()),
                "OriginalMD5": pa.array(
                    [r["more_md5"] and r["more_md5"][1].encode() for r in part], pa.binary()
                ),
                "punsafe": pa.array([r["punsafe"] for r in part], pa.float64()),
            }
            (folder / "en").mkdir(exist_ok=True)
            path = folder / "en" / f"{i}.parquet"
            pq.write_table(pa.table(columns), path, row_group_size=5, write_page_index=True)
            for lie, column in lies:
                LIES[lie](path, len(odd) + column, None)
        add_lists(folder / "lists.duckdb", sent)
        done = clean(
            [folder / "en"], folder / "lists.duckdb", folder / "out", workers=1,
            columns={"url": ["url", "image_url"]}, yes_i_checked=True, executor=InProcess(),
        )  # fmt: skip
        assert done.verdict is not None
        assert done.verdict.ok, done.verdict.findings
        named = oracle.reasons([as_oracle(r) for r in rows], lists, Setting())
        for edition in (RESEARCH, SAFE):
            keeps = oracle.kept(named, edition, lists)
            out = sorted((folder / "out" / edition.name).rglob("*.parquet"))
            found = [n for path in out for n in pq.read_table(path)["n"].to_pylist()]
            assert found == [i for i, keep in enumerate(keeps) if keep]


@pytest.mark.slow
def test_the_library_takes_one_name_or_several(tmp_path: Path) -> None:
    path = write(tmp_path / "p.parquet", link=LINKS[:2], src=LINKS[2:4])
    lists = listed(tmp_path, ("url", LINKS[3]))
    one = relaion.match([path], lists, columns={"url": "src"})
    both = relaion.match([path], lists, columns={"url": ("link", "src")})
    assert one.hits.rows("all") == both.hits.rows("all") == 1
