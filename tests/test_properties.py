"""`clean` against a plain-Python model, over random data sets, lists and keywords."""

import math
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from relaion.engine import connect
from relaion.stages.clean import clean
from tests import oracle
from tests.drawn import drawn
from tests.oracle import RESEARCH, SAFE, Listing, Setting
from tests.pipeline import ALL_HASHES, InProcess, Sent, add_lists, rows_of, write_shard

pytestmark = pytest.mark.usefixtures("all_counts", "no_sample")

# few values, so that rows and lists meet often
MD5S = [f"{i:032x}" for i in (11, 12, 0xABCDEF, 14)]
SHA1S = [f"{i:040x}" for i in (21, 0xFACADE)]
LINKS = [
    "https://a.example/1.jpg", "http://a.example/1.jpg", "http://A.Example/1.jpg?x=1&amp;y=2",
    "https://a.example/1.jpg?x=1&y=2", "https://www.b.example/Ü.png", "https://b.example/2/",
    "http://b.example/2#top", "no link", "",
    "https://i0.wp.com/a.example/1.jpg?w=3", "http://p.example/?u=http%3A%2F%2Fb.example%2F2",
    "https://sub.b.example/dir/3.jpg",
    "None", "http://", "http://a.example/?", "https://b.example/2#!/4", "http://localhost/5.jpg",
]  # fmt: skip
GIVEN = ["a.example/1.jpg", "http://a.example/1.jpg", "HTTPS://WWW.B.EXAMPLE/2", "b.example/2"]
HOSTS = ["a.example", "*.b.example"]
PREFIXES = ["b.example/2", "sub.b.example/dir"]
CAPTIONS = [
    "a red teapot", "TEAPOTS", "мой кот", "котёл", "一个茶壶", "die STRASSE", "", "teapot,кот",
]  # fmt: skip
KEYWORDS = ["teapot", "КОТ", "茶壶", "Straße"]
FLOAT32 = 0.949999988079071
SCORES = [0.0, 0.45, 0.4500000178813934, 0.46, 0.95, FLOAT32, 0.9500000476837158, 1.0, math.nan]


def odd_case(text: str) -> st.SearchStrategy[str]:
    return st.sampled_from([text, text.upper(), text.title()])


def maybe(values: Sequence[Any]) -> st.SearchStrategy[Any]:
    return st.none() | st.sampled_from(values)


ROWS = st.fixed_dictionaries(
    {
        "url": maybe(LINKS),
        "text": maybe(CAPTIONS),
        "punsafe": maybe(SCORES),
        "image_md5": st.none() | st.sampled_from(MD5S).flatmap(odd_case),
        "image_sha1": st.none() | st.sampled_from(SHA1S).flatmap(odd_case),
        "row_hash": maybe([7, -8]),
    }
)
HASHES = [7, -8, *(oracle.row_hash({"url": u, "text": t}) for u in LINKS[:4] for t in CAPTIONS[:2])]
ENTRIES = st.one_of(
    st.tuples(st.just("image_md5"), st.sampled_from(MD5S).flatmap(odd_case)),
    st.tuples(st.just("image_sha1"), st.sampled_from(SHA1S).flatmap(odd_case)),
    st.tuples(st.just("url"), st.sampled_from(LINKS[:7])),
    st.tuples(st.just("url_md5"), st.sampled_from([*LINKS, *GIVEN]).filter(bool).map(oracle.md5)),
    st.tuples(st.just("host"), st.sampled_from(HOSTS)),
    st.tuples(st.just("url_prefix"), st.sampled_from([f"{p}/*" for p in PREFIXES])),
    st.tuples(st.just("row_hash"), st.sampled_from(HASHES).map(str)),
)
BESIDE = st.lists(
    st.tuples(st.sampled_from([u for u in LINKS if u.startswith("http")]), st.sampled_from(MD5S)),
    max_size=4,
)
SENT = st.builds(
    Sent,
    st.lists(ENTRIES, min_size=1, max_size=4).map(tuple),
    st.sampled_from(["csam", "privacy", "validated"]),
    st.sampled_from(["A", "B"]),
)


def entry(kind: str, value: str) -> tuple[str, str]:
    """An entry as the store holds it."""
    if kind == "url":
        return oracle.url_entry(value)
    if kind == "row_hash":
        return oracle.hash_entry(int(value))
    if kind in ("host", "url_prefix"):
        return oracle.scope_entry(kind, value.removesuffix("/*"))
    return kind, value.lower()


def write_sidecar(folder: Path, beside: Sequence[tuple[str, str]]) -> list[Path]:
    """A TSV of links and MD5s; none for no line."""
    if not beside:
        return []
    folder.mkdir(exist_ok=True)
    path = folder / "beside.tsv"
    path.write_text("".join(f"{u}\t{md5}\n" for u, md5 in beside), encoding="utf-8")
    return [path]


def listings(sent: Sequence[Sent]) -> list[Listing]:
    """What the store makes of deliveries: a list for each kind of entry."""
    found: list[Listing] = []
    for delivery in sent:
        for kind in sorted({k for k, _ in delivery.entries}):
            values = [v for k, v in delivery.entries if k == kind]
            entries = frozenset(entry(kind, v) for v in values)
            found.append(Listing(len(found) + 1, delivery.label, entries, delivery.source))
    return found


def run(
    folder: Path,
    shards: Sequence[Sequence[dict[str, Any]]],
    sent: Sequence[Sent],
    setting: Setting,
    beside: Sequence[tuple[str, str]] = (),
) -> Path:
    place = 0
    for i, rows in enumerate(shards):
        numbered = [{**row, "WIDTH": place + j} for j, row in enumerate(rows)]
        place += len(rows)
        write_shard(folder / "data" / "en" / f"part-{i:03}.parquet", numbered, ALL_HASHES)
    add_lists(folder / "lists.duckdb", sent)
    words = None
    if setting.keywords:
        words = folder / "keywords.txt"
        words.write_text("\n".join(setting.keywords), encoding="utf-8")
    clean(
        [folder / "data"], folder / "lists.duckdb", folder / "out", keywords=words,
        unscored=setting.unscored, same_link=setting.same_link, inner=setting.inner,
        sidecars=write_sidecar(folder, beside), verify=False, yes_i_checked=True,
        workers=1, executor=InProcess(),
    )  # fmt: skip
    return folder / "out"


def float32(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows as a float32 column holds them."""
    import struct

    def narrow(x: float | None) -> float | None:
        return None if x is None else struct.unpack("f", struct.pack("f", x))[0]

    return [{**row, "punsafe": narrow(row["punsafe"])} for row in rows]


@drawn(
    2,
    30,
    shards=st.lists(st.lists(ROWS, min_size=1, max_size=12), min_size=1, max_size=3),
    sent=st.lists(SENT, min_size=1, max_size=3),
    unscored=st.sampled_from(["keep", "drop"]),
    same_link=st.booleans(),
    inner=st.booleans(),
    beside=BESIDE,
    keywords=st.just(()) | st.lists(st.sampled_from(KEYWORDS), min_size=1, unique=True).map(tuple),
)
def test_editions_and_audit_are_what_the_model_says(
    shards: list[list[dict[str, Any]]],
    sent: list[Sent],
    unscored: str,
    same_link: bool,
    inner: bool,
    beside: list[tuple[str, str]],
    keywords: tuple[str, ...],
) -> None:
    known = tuple({"url": u, "image_md5": md5} for u, md5 in beside)
    apart = (oracle.Sidecar(("url",), known),) if known else ()
    setting = Setting(keywords or None, unscored, same_link, inner=inner, sidecars=apart)
    rows = float32([row for shard in shards for row in shard])
    lists = listings(sent)
    named = oracle.reasons(rows, lists, setting)
    with tempfile.TemporaryDirectory() as name:
        out = run(Path(name), shards, sent, setting, beside)
        for edition in (RESEARCH, SAFE):
            keeps = oracle.kept(named, edition, lists)
            assert [r["WIDTH"] for r in rows_of(out, edition.name)] == [
                i for i, keep in enumerate(keeps) if keep
            ]
            assert audit(out, edition.name) == oracle.removals(named, edition, lists)
        assert sorted(p.name for p in out.iterdir()) == [
            "audit.duckdb", "manifest.json", "research", "research-safe",
        ]  # fmt: skip


def audit(out: Path, edition: str) -> dict[oracle.Reason, tuple[int, int]]:
    """Removals by reason as the audit has them: (gross, exclusive)."""
    with connect(out / "audit.duckdb", read_only=True) as engine:
        rows = engine.rows(
            "select reason_kind, list_id, kind, form, rule, gross, exclusive from removals "
            "where edition = ?",
            [edition],
        )
    return {oracle.Reason(*row[:5]): (row[5], row[6]) for row in rows}


@drawn(
    0,
    8,
    rows=st.lists(ROWS, min_size=2, max_size=20),
    sent=st.lists(SENT, min_size=2, max_size=3),
    cut=st.integers(1, 19),
)
def test_splitting_shards_changes_nothing_and_longer_lists_never_keep_more(
    rows: list[dict[str, Any]], sent: list[Sent], cut: int
) -> None:
    setting = Setting(tuple(KEYWORDS))
    cut = min(cut, len(rows) - 1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kept = {}
        for what, shards, lists in (
            ("whole", [rows], sent),
            ("split", [rows[:cut], rows[cut:]], sent),
            ("fewer", [rows], sent[:1]),
        ):
            (folder / what).mkdir()
            out = run(folder / what, shards, lists, setting)
            kept[what] = {
                e: [r["WIDTH"] for r in rows_of(out, e)] for e in ("research", "research-safe")
            }
        assert kept["whole"] == kept["split"]
        for edition, places in kept["whole"].items():
            assert set(places) <= set(kept["fewer"][edition])
            assert places == sorted(places)


@drawn(
    0, 8, rows=st.lists(ROWS, min_size=1, max_size=20), sent=st.lists(SENT, min_size=1, max_size=2)
)
def test_cleaning_what_is_clean_changes_nothing(
    rows: list[dict[str, Any]], sent: list[Sent]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        out = run(folder, [rows], sent, Setting())
        again = clean(
            [out / "research-safe"], folder / "lists.duckdb", folder / "again",
            verify=False, yes_i_checked=True, workers=1, executor=InProcess(),
        )  # fmt: skip
        assert all(edition.removed == 0 for edition in again.editions)
        first = next((out / "research-safe").rglob("*.parquet"))
        second = next((folder / "again" / "research-safe").rglob("*.parquet"))
        assert first.read_bytes() == second.read_bytes()
