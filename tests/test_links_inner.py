"""Links inside links: what is found, and that the SQL never dismisses one."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relaion import sqlset
from relaion.engine import Engine, connect
from relaion.links import host_digest, inner_links, link_key
from tests.links_strategies import any_text, links, near_links, split
from tests.test_links_cases import Line, lines
from tests.test_links_key import real_links

_PARTS = [
    *("/", "//", "?", "&", "=", ":", "#", "\\", ".", "%", "%2F", "%252f", "%2E", "%25", "%3A"),
    *("a.test/", "b.example/c", "http://", "https:/", "HTTP%3A%2F%2F", "http%253A%252F%252F"),
    *(
        "www.c.test/",
        "xn--p1ai.test/",
        "é.test/",
        "%C3%A9.test/",
        "http://a。test/",
        "%E3%80%82",
        "．",
        "%FF",
        "d.test:8080/",
    ),
    *("192.0.2.1/", "x.jpg", "u@", "..", "1.2/", "a", "F", "%61", "%32", "&amp;", " ", "ſ", "K"),
    *(
        ",",
        ";",
        "|",
        '"',
        "'",
        "<",
        ">",
        "[",
        "\n",
        "\t",
        "\\/",
        ",http://d.test/",
        " https://e.test/",
    ),
]
proxies = st.tuples(
    st.sampled_from(["http://p.test/", "https://p.test?", "http://p.test", "//p.test/", ""]),
    st.lists(st.sampled_from(_PARTS), max_size=10).map("".join),
).map("".join)
"""Texts that often hold links."""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with connect(threads=1) as e:
        for name in ("link_macros", "inner_macros"):
            e.run(sqlset.named(name))
        e.execute("create table link(u varchar)")
        yield e


def dismissed(engine: Engine, texts: list[str]) -> list[str]:
    """Texts that hold a link which the macros dismiss."""
    engine.execute("delete from link")
    engine.insert("link", pa.table({"u": pa.array(texts, pa.string())}))
    wrong = []
    for u, may_hold, is_odd, hosts in engine.rows(
        "select u, may_hold_link(u), inner_is_odd(u, t, lower(t)),"
        " list_transform(inner_words(lower(t)), lambda h: link_host_digest(h))"
        " from (select u, inner_texts(inner_rest(u)) as t from link)"
    ):
        found = inner_links(u)
        reached = is_odd or all(host_digest(link_key(x)) in hosts for x in found)
        if found and not (may_hold and reached):
            wrong.append(u)
    return wrong


@pytest.mark.parametrize("line", list(lines("inner.txt")), ids=lambda x: x.where)
def test_case(line: Line) -> None:
    keys = {link_key(x) for x in inner_links(line.above)}
    if line.sign == "+":
        assert link_key(line.text) in keys, line.rule
    elif line.sign == "-":
        assert link_key(line.text) not in keys, line.rule


def test_the_cases_on_the_sql_side(engine: Engine) -> None:
    texts = [x.text for x in lines("inner.txt") if not x.sign]
    assert len(texts) > 20
    assert dismissed(engine, texts) == []


@given(st.lists(st.one_of(proxies, near_links), min_size=1, max_size=30))
@example(["http://p.test/%%32Fa.test/", "http://p.test/a%2Etest%2Fx", "http://p.test/%%32e%2F"])
@example(["http://p.test?u=http://a.test/b", "http://p.test#a.test/b", "http:////p.test/a.test/b"])
@example(["http://p.test/\na.test/b", "http://p.test/a.test:80/b", "http://p.test/http:/.test/"])
def test_macros_dismiss_no_inner_link(engine: Engine, texts: list[str]) -> None:
    assert dismissed(engine, texts) == []


@pytest.mark.slow
def test_real_links(engine: Engine, shared_data: Path) -> None:
    """Few rows are looked at, fewer by Python; none of those that hold a link is dismissed."""
    texts = real_links(shared_data)
    assert dismissed(engine, texts) == []
    ((held, odd),) = engine.rows(
        "select avg(may_hold_link(u)::int),"
        " avg((may_hold_link(u) and inner_is_odd(u, t, lower(t)))::int)"
        " from (select u, inner_texts(inner_rest(u)) as t from link)"
    )
    assert 0.03 < held < 0.12
    assert odd < 0.01


@given(st.one_of(any_text, proxies))
def test_inner_links_are_others(text: str) -> None:
    found = inner_links(text)
    assert text not in found
    assert len(set(found)) == len(found) <= 64
    for x in found:
        link_key(x)


@given(
    links.filter(lambda u: split(u)[3]).map(lambda u: u.partition(":")[2].lstrip("/\\")),
    st.from_regex(r"(?!http|hxxp)[a-z][a-z0-9+-]{1,8}", fullmatch=True),
    st.sampled_from([":", ":/", "://", ":\\\\"]),
    st.sampled_from(["%s", " %s", '"%s', "<%s>", "\u200b%s"]),
)
def test_another_service_holds_what_a_link_of_http_holds(
    link: str, scheme: str, slashes: str, frame: str
) -> None:
    found = inner_links(frame % f"{scheme}{slashes}{link}")
    own = inner_links(frame % f"http://{link}")
    assert link_key(f"http://{link}") not in {link_key(x) for x in found} - {
        link_key(x) for x in own
    }


@given(st.binary(max_size=60), st.sampled_from([b"%s", b"http://a.test/%s", b"//p.test/a.test/%s"]))
def test_bytes_never_raise(raw: bytes, frame: bytes) -> None:
    for x in inner_links(frame % raw):
        link_key(x)


@example("http://cafe。example/a.png", "https://p.test/fit/")
@given(
    links.filter(lambda u: split(u)[3]),
    st.sampled_from(["https://p.test/i?u=", "http://p.test/", "https://p.test/fit/"]),
)
def test_a_link_put_into_a_proxy_is_found(link: str, proxy: str) -> None:
    """As it stands, escaped, and escaped twice. A host alone is no image."""
    once = quote(link, safe="")
    for inner in (link, once, quote(once, safe="")):
        keys = {link_key(x) for x in inner_links(proxy + inner)}
        assert link_key(link) in keys


def test_null_gives_null(engine: Engine) -> None:
    sql = (
        "select may_hold_link(u), inner_is_odd(u, u, u), inner_words(u)"
        " from (select null::varchar as u)"
    )
    assert engine.rows(sql) == [(None, None, None)]


def test_long_texts_take_time_in_proportion() -> None:
    n = 50_000
    for tail in ("/a.bc" * n, "%25" * n, "%252f" * n + "b.cc/", "/" + "a." * n, "=é." * n):
        assert len(inner_links("http://a.test/" + tail)) <= 64
