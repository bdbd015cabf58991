"""The SQL macros agree with `link_key` wherever they answer."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relaion import sqlset
from relaion.engine import Engine, connect
from relaion.links import host_digest, link_key
from tests.links_strategies import links, near_links, plain_pieces, variants
from tests.test_links_cases import KEY_LINES
from tests.test_links_key import real_links


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with connect(threads=1) as e:
        e.run(sqlset.named("link_macros"))
        e.execute("create table link(u varchar)")
        yield e


def fill(engine: Engine, texts: list[str]) -> None:
    engine.execute("delete from link")
    engine.insert("link", pa.table({"u": pa.array(texts, pa.string())}))


def disagreements(engine: Engine, texts: list[str]) -> tuple[list[str], int]:
    """Texts for which a macro answers otherwise than Python, and how many it judged at all."""
    fill(engine, texts)
    wrong, judged = [], 0
    for u, is_canonical, stripped, is_odd, host in engine.rows(
        "select u, link_is_canonical(u), link_stripped(u), link_is_odd_host(u),"
        " link_host_digest(link_host(u)) from link"
    ):
        key = link_key(u)
        judged += is_canonical
        if (is_canonical and stripped != key) or (not is_odd and host != host_digest(key)):
            wrong.append(u)
    return wrong, judged


@given(st.lists(st.one_of(near_links, plain_pieces), min_size=1, max_size=40))
@example(["http://a.test?", "http://a.test/?", "http://a.test/x?&", "http://a.test\n"])
@example(["http://www.test/", "http://www.www.a.test/", "http://www.www.test", "http://wwww.test"])
@example(["http://axn--b.test/", "http://xn--a.test/", "http://a.xn--p1ai/", "http://xa.test/"])
@example(["http://192.0.2.1/", "http://a.0x7f/", "http://a.test./", "http://a..test/"])
@example(["http:/a.test/b", "http:///a.test/b", "http://a.test\\b/c", "http://a.test\tb.test/"])
@example(["http://A.test/", "HTTP://a.test/", "http://a.test:80/", "http://u@a.test/"])
@example(["http://a.test#b/c", "http://a.test?b@c.test/d", "http://a&amp;b.test/", "//a.test/b"])
@example(["http://a.test/&#46;/b", "http://a.test/.", "http://a.test/...", "http://a.test/%2e"])
def test_macros_agree_with_python(engine: Engine, texts: list[str]) -> None:
    assert disagreements(engine, texts)[0] == []


@given(links, st.sampled_from(sorted(variants)))
def test_macros_agree_on_variants(engine: Engine, link: str, name: str) -> None:
    assert disagreements(engine, [link, variants[name](link)])[0] == []


def test_macros_agree_on_the_cases(engine: Engine) -> None:
    texts = [x.text for x in KEY_LINES if x.text.isprintable()]
    assert len(texts) > 300
    assert disagreements(engine, texts)[0] == []


def test_macros_agree_on_real_links(engine: Engine, shared_data: Path) -> None:
    """They answer for nine in ten; few hosts are odd."""
    texts = real_links(shared_data)
    wrong, judged = disagreements(engine, texts)
    assert wrong == []
    assert judged > 0.9 * len(texts)
    assert engine.rows("select count(*) from link where link_is_odd_host(u)")[0][0] < 200


def test_null_gives_null(engine: Engine) -> None:
    sql = "select link_is_canonical(u), link_stripped(u), link_is_odd_host(u), link_host(u)"
    assert engine.rows(f"{sql} from (select null::varchar as u)") == [(None, None, None, None)]


def test_an_ordinary_link_is_answered(engine: Engine) -> None:
    """What a macro refuses is right but slow: these it must not refuse."""
    fill(
        engine,
        [
            "http://example.com",
            "https://www.example.com/",
            "https://img.example.xyz/a/B-c_d.e~(1)/%C3%A9%20.jpg",
            "http://a.b.c.example/x?w=1&h=2",
            "http://example.com?x=/a?b",
        ],
    )
    assert (
        engine.rows("select u from link where link_is_odd_host(u) and not contains(u, '?')") == []
    )
    assert engine.rows("select link_stripped(u) from link where link_is_canonical(u)") == [
        ("example.com",),
        ("example.com",),
        ("img.example.xyz/a/B-c_d.e~(1)/%C3%A9%20.jpg",),
        ("a.b.c.example/x?w=1&h=2",),
        ("example.com?x=/a?b",),
    ]
