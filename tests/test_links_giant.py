"""Links of many kilobytes: compared by their bytes, in bounded time, and told of."""

import time
from pathlib import Path

import pyarrow as pa
import pytest

from relaion.engine import connect
from relaion.links import host_patterns, inner_links, key_digest, link_key, link_steps, names_part
from relaion.links.spellings import spellings
from relaion.links.text import LONGEST, as_bytes, as_text, is_giant, quote_raw
from relaion.lists.normalise import Tally
from relaion.lists.readers.format import Batch, Values
from relaion.parquet.looked_at import BY_BYTES
from relaion.parquet.mended import marked
from relaion.run.finder import MACROS
from relaion.run.python_answers import BYTES_AT_ONCE, _ends
from relaion.sqlset import load
from relaion.stages.clean import clean
from relaion.stages.match import match
from relaion.stages.verify import verify
from relaion.verifier.rows import giants
from tests.drawn import quickly
from tests.pipeline import InProcess, write_shard

N = 1_000_000
GIANTS: dict[str, str | bytes] = {
    "plain": "https://www.example.com/" + "a" * N,
    "data": "data:image/png;base64," + "A" * N,
    "a word": "a" * N,
    "escapes": "https://example.com/" + "%2525" * (N // 5),
    "folders": "https://example.com/" + "a.b/" * (N // 4),
    "entities": "https://example.com/" + "&amp;" * (N // 5),
    "a host": "https://" + "a." * (N // 2) + "com/x",
    "blanks": " " * N,
    "letters": "https://example.com/" + "é a" * (N // 4),
    "bytes": b"https://example.com/" + b"\xe9" * N,
    "brackets": "[" * N,
    "a fragment": "https://example.com#!" + "a" * N,
    "a backslash": "https://example.com\\" + "a" * N,
    "a user": " https://u:p@example.com:443/" + "a " * (N // 2),
    "ftp": "ftp://example.com:21/" + "%41" * (N // 3),
}
SIZES = (LONGEST - 30, LONGEST - 1, LONGEST, LONGEST + 1, 2 * LONGEST, 2 * LONGEST + 1)


@pytest.mark.parametrize("name", quickly(5, GIANTS))
def test_a_giant_costs_little(name: str) -> None:
    start = time.process_time()
    url = GIANTS[name]
    key = link_key(url)
    assert link_key(key) == key
    assert inner_links(url) == []
    assert [form for form, _ in spellings(url)] == ["raw"]
    assert link_steps(url)[-1] == ("key", key)
    names_part(url)
    assert time.process_time() - start < 10  # quadratic work takes hours


def test_a_long_word_is_spelled_in_time() -> None:
    start = time.process_time()
    for _ in range(20):  # 35 s each, where every sign of a word began a search of its own
        spellings("data:image/png;base64," + "a" * (LONGEST - 100))
    assert time.process_time() - start < 10
    assert (b"12.x", "raw-lower") not in [(s, f) for f, s in spellings("12.ab://x")]
    assert dict(spellings("x 12.ab+1://Y"))["raw-lower"] == b"x 12.y"


@pytest.mark.slow
def test_a_listed_host_covers_a_giant() -> None:
    for name in ("plain", "escapes", "letters", "bytes", "a fragment", "a backslash", "a user"):
        assert host_patterns(link_key(GIANTS[name]))[0] == "example.com", name
    assert names_part(GIANTS["a fragment"])
    assert link_key("http://example.com/" + "a" * N) == link_key(GIANTS["plain"])
    assert link_key("http://example.com/" + "a" * N + "/") != link_key(GIANTS["plain"])


@pytest.mark.slow
def test_sql_says_the_same() -> None:
    cut = [u[:size] for u in GIANTS.values() for size in SIZES]
    tails = [f"https://{'a' * 20}.example/{'%41' * 6000}"[:size] for size in SIZES]
    urls = [*cut, *tails, *GIANTS.values()]
    with connect(threads=1) as engine:
        for macros in (*MACROS, "07_spelling_macros"):
            engine.run(load("v1")[macros])
        for url in urls:
            text = marked(url) if isinstance(url, bytes) else url
            engine.execute("create or replace temp table link as select ?::varchar as url", [text])
            ((giant, plain, odd, nested),) = engine.rows(
                "select link_is_giant(url), link_is_canonical(url), is_odd, may_hold_link(url) "
                "from link_bases('link')"
            )
            assert giant == is_giant(url)
            assert not giant or (not plain and odd and not nested)
            assert link_key(link_key(url)) == link_key(url)
    texts = pa.array([*map(as_bytes, map(as_text, urls)), None], pa.binary())
    assert giants(texts).to_pylist() == [*map(is_giant, urls), False]


def test_what_is_printed_already_is_not_gone_through_sign_by_sign() -> None:
    took = []
    for text in ("%41/b" * 2_000_000, "%41/b" * 2_000_000 + "\x7f"):
        start = time.process_time()
        quote_raw(text)
        took.append(time.process_time() - start)
    assert 3 * took[0] < took[1]


def test_links_go_to_python_by_their_bytes() -> None:
    with connect(threads=1) as engine:
        engine.execute(
            "create temp table asked as select repeat('a', if(i % 10 = 0, 1000000, 9)) as url "
            "from range(100) as r(i)"
        )
        ends = _ends(engine, "asked")
        assert ends == sorted(ends) and ends[-1] == 100
        sizes = engine.rows("select rowid, strlen(url) from asked order by rowid")
        for a, b in zip([0, *ends], ends, strict=False):
            assert sum(size for i, size in sizes if a <= i < b) <= BYTES_AT_ONCE + N
        engine.execute("delete from asked")
        assert _ends(engine, "asked") == []


def test_a_listed_giant_is_the_same_giant() -> None:
    for size in (LONGEST + 10, 1 << 16, N):
        url = "https://www.example.com/" + "a" * size
        values = Values(("url",), [url, "a" * (1 << 17)])
        entries = Tally().take(Batch(2, (values,)), 0).entries
        (digests,) = entries["url"].digests
        assert digests.to_pylist() == [key_digest(link_key(url))]


def test_a_line_of_brackets_is_read_in_time() -> None:
    start = time.process_time()
    for sign in ")]}>.":
        values = Values(("url",), ["https://example.com/" + sign * 65_000])
        Tally().take(Batch(1, (values,)), 0)
    assert time.process_time() - start < 10


@pytest.mark.slow
def test_giants_are_matched_and_told(tmp_path: Path) -> None:
    from tests.test_columns import listed

    same = "https://example.com/" + "a%2Cb" * 4000
    rows = [
        {"url": same},
        {"url": same.replace("https:", "http:")},
        {"url": same + "c"},
        {"url": "data:image/png;base64," + "A" * 20_000},
        {"url": "https://example.com/b"},
    ]
    write_shard(tmp_path / "in" / "p.parquet", rows)
    lists = listed(tmp_path, ("url", same))
    found = match([tmp_path / "in"], lists)
    assert found.hits.rows("all") == 2
    told = [(x.role, x.column, x.reason, x.values) for x in found.not_looked_at]
    assert told == [("url", "URL", BY_BYTES, 4)]
    out = tmp_path / "out"
    clean([tmp_path / "in"], lists, out, executor=InProcess(), verify=False)
    verdict = verify(out, inputs=[tmp_path / "in"], lists=lists)
    assert verdict.ok, verdict
