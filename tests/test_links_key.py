"""What holds for the key of every link."""

import hashlib
from functools import cache
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relaion.links import clean_entry, entry_fault, host_digest, key_digest, link_key, link_steps
from tests.links_strategies import any_text, links, near_links, split, variants


def real_links(folder: Path) -> list[str]:
    """The links of the two real parquet files."""
    names = ("laion400m_10000.parquet", "laion2B_multi_9461.parquet")
    tables = [pq.read_table(folder / "real" / name, columns=["URL"]) for name in names]
    return [u for t in tables for u in t.column("URL").to_pylist() if u is not None]


@given(link=links, name=st.sampled_from(sorted(variants)))
def test_trivial_variants_keep_the_key(link: str, name: str) -> None:
    assert link_key(variants[name](link)) == link_key(link), name


@pytest.mark.parametrize("name", sorted(variants))
def test_variants_of_real_links_keep_the_key(name: str, shared_data: Path) -> None:
    keys = keys_of_plain_links(shared_data)
    assert len(keys) > 2000
    assert [u for u, key in keys.items() if link_key(variants[name](u)) != key] == []


@cache
def keys_of_plain_links(folder: Path) -> dict[str, str]:
    """Of a seventh of the real links, those in which nothing is special, each with its key."""
    return {
        u: link_key(u)
        for u in real_links(folder)[::7]
        if u.startswith("http") and not set(u) & set("#;%\\ @") and "/." not in u and u.isascii()
    }


def test_variants_are_variants() -> None:
    """Each kind changes some link, or it would prove nothing."""
    some = "http://www.img.example/é a'b/x.jpg?a=1&b=2"
    assert len(variants) >= 14
    unchanged = {n for n, change in variants.items() if change(some) == some}
    assert unchanged == {"port with zeros", "empty query", "escaped whole"}


@given(any_text)
@example("http://http%3A%2F%2Fa.test/")
@example("HTTP:[%21")
@example("HTTP:&AMP¡;")
@example("http%3A%2F%2F?%c3")
@example("http://a.test/%26am%70;quot;?%26")
def test_a_key_is_its_own_key(text: str) -> None:
    key = link_key(text)
    assert link_key(key) == key


@given(st.binary(max_size=40), st.sampled_from([b"%s", b"http://a.test/%s", b"http://%s.test/"]))
def test_bytes_never_raise(raw: bytes, frame: bytes) -> None:
    link = frame % raw
    key = link_key(link)
    assert link_key(key) == key
    assert len(key_digest(key)) == 64
    assert link_steps(link)[-1] == ("key", key)


@given(any_text)
def test_nothing_raises(text: str) -> None:
    entry_fault(text)
    assert clean_entry(clean_entry(text)) == clean_entry(text)
    assert link_steps(text)[0] == ("as given", text)
    assert link_steps(text)[-1] == ("key", link_key(text))
    assert host_digest(link_key(text)) is None or link_key(text)


@given(near_links)
def test_a_key_of_text_is_text(text: str) -> None:
    """Without lone surrogates in, none come out: a key fits a VARCHAR."""
    link_key(text).encode("utf-8")


@given(near_links)
def test_bytes_and_text_agree(text: str) -> None:
    assert link_key(text.encode()) == link_key(text)


@given(links, links)
def test_other_links_have_other_keys(a: str, b: str) -> None:
    """Nothing but the scheme and `www.` may be lost from links that are written plainly."""

    def essence(link: str) -> tuple[str, ...]:
        _, host, port, path, query = split(link)
        return (host.removeprefix("www."), port, path, query)

    assert (link_key(a) == link_key(b)) == (essence(a) == essence(b))


@given(links, st.data())
def test_what_counts_changes_the_key(link: str, data: st.DataObject) -> None:
    scheme, host, port, path, query = split(link)
    others = [
        f"{scheme}sub.{host}{port}{path}{query}",
        f"{scheme}{host}:4430{path}{query}",
        f"{scheme}{host}{port}{path}/x{query}",
        f"{scheme}{host}{port}{path}{query}{'&' if query else '?'}x=1",
        f"{scheme}{host}{port}{path.swapcase()}{query}",
        f"{scheme}{host}{port}{path}{query.swapcase()}",
        f"ftp://{host}{port}{path}{query}",
    ]
    other = data.draw(st.sampled_from(others))
    assert (link_key(other) == link_key(link)) == (other == link)


def test_real_links(shared_data: Path) -> None:
    """One link of the ten thousand stands there twice, as http and as https."""
    path = shared_data / "real" / "laion400m_10000.parquet"
    found = set(pq.read_table(path).column("URL").to_pylist())
    assert (len(found), len({link_key(u) for u in found})) == (9_999, 9_998)


def test_digests() -> None:
    key = link_key("https://www.example.com/é.jpg")
    assert key_digest(key) == hashlib.sha256(b"example.com/%C3%A9.jpg").hexdigest()
    assert key_digest("data:\udce9\ud800") == hashlib.sha256(b"data:\xe9\xed\xa0\x80").hexdigest()
    assert host_digest(key) == hashlib.md5(b"example.com").hexdigest()
    assert host_digest("www.example/a") == hashlib.md5(b"example").hexdigest()


@pytest.mark.parametrize(
    "link",
    [
        "http://example.com:81/a",
        "http://192.0.2.1/a",
        "http://word/a",
        "http://bücher.example/a",
        "http://[2001:db8::1]/a",
        "ftp://example.com/a",
        "http://a%20b.example/",
        "word",
        "",
    ],
)
def test_odd_hosts_have_no_digest(link: str) -> None:
    assert host_digest(link_key(link)) is None


def test_long_and_nested_texts_take_time_in_proportion() -> None:
    """Each of these took minutes, or would have, if the work grew with the square of the length."""
    n = 50_000
    texts = [
        "http://a.test/" + "%4%3" * n + "1" * 50,
        "http://a.test/%C3%" + "%3" * n + "1" * n + "%c3",
        "http://a.test/?" + "&am" * n + "&amp;" + "p;" * n,
        "http://a.test/?&" + "amp;" * n,
        "http://a.test/%" + "25" * n,
        "http%" + "25" * n + "3A%2F%2Fa.test",
        "a." * n + "@",
        "http://" + "www." * n + "test/",
        "http://" + ":1" * n + "x/",
        "http://a.test/" + "../" * n + "a//" * n,
        "[" * n + "." + "]" * n,
    ]
    for text in texts:
        assert link_key(link_key(text)) == link_key(text)
        entry_fault(text)


@given(
    links,
    st.sampled_from(['"%s"', "'%s'", "<%s>", "\u2039%s\u203a", '"\\\\%s",', "\u201c//%s\u201d"]),
    st.sampled_from([".", "%2E", "%252e", "\u3002", "\uff0e", "%EF%BD%A1"]),
)
def test_quotes_around_a_link_without_a_scheme_change_nothing(
    link: str, frame: str, dot: str
) -> None:
    _, host, port, path, query = split(link)
    bare = f"{host.replace('.', dot)}{port}{path}{query}"
    assert link_key(frame % bare) == link_key(bare) == link_key(link)
