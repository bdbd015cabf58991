"""Hosts and prefixes: SQL and Python name the same entries for every key, and no others match."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relaion import sqlset
from relaion.engine import Engine, connect
from relaion.links import (
    host_patterns,
    is_public_suffix,
    key_can_spread,
    key_prefixes,
    link_key,
    read_scoped,
    scope_shown,
)
from relaion.links.entries import DEEPEST
from tests.links_strategies import any_text, links, near_links, plain_pieces, variants
from tests.test_links_cases import KEY_LINES
from tests.test_links_key import real_links

FAULTS = {
    "empty", "no link", "no dot in the host", "a host that leads nowhere", "a hash-bang fragment",
    "a wildcard in the host", "a wildcard in the path", "a wildcard before an address",
    "a wildcard before www.", "a pattern that ends within a segment", "a query in a prefix",
    "a public suffix", "more than a host", f"more than {DEEPEST} folders deep",
}  # fmt: skip
CASES = Path(__file__).parent / "cases" / "links" / "scopes.txt"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with connect(threads=1) as e:
        e.run(sqlset.named("scope_macros"))
        e.execute("create table link(k varchar)")
        yield e


def in_sql(engine: Engine, keys: list[str]) -> list[tuple[str, list[str], list[str]]]:
    """Keys with what SQL says of them; that it says the same of `key_can_spread` is seen to."""
    engine.execute("delete from link")
    engine.insert("link", pa.table({"k": pa.array(keys, pa.string())}))
    spreading = engine.rows("select k from link where key_can_spread(k) order by rowid")
    assert [k for (k,) in spreading] == [k for k in keys if key_can_spread(k)]
    return engine.rows("select k, key_host_patterns(k), key_prefixes(k) from link")


def cases() -> Iterator[tuple[str, str, list[str]]]:
    """(link, `host` or `prefix`, the entries)."""
    link = ""
    for line in CASES.read_text(encoding="utf-8").splitlines():
        if line.startswith("    "):
            link = line[4:]
        elif line.startswith("  "):
            what, *texts = line.split()
            yield link, what, [] if texts == ["-"] else texts


@pytest.mark.parametrize(("link", "what", "texts"), list(cases()), ids=str)
def test_cases(engine: Engine, link: str, what: str, texts: list[str]) -> None:
    key = link_key(link)
    found = {"host": host_patterns(key), "prefix": key_prefixes(key)}
    assert found[what] == texts
    assert in_sql(engine, [key]) == [(key, found["host"], found["prefix"])]


@given(st.lists(st.one_of(near_links, links, plain_pieces).map(link_key), max_size=40))
@example(["ftp:a.test/b", "//a/b", "a.test:0/b", "a..test", ".a.test", "a.test.", "...", "."])
@example(["[::1]/a", "a.test:/b", "a.test:x/b", "a.test\n/b", "a.test/b\n?c", "", "?", "/", "a.b"])
@example(["a.0x7f/b", "a.0x7g/b", "a.1", "1.2.3.4", "*.a.test/b", "x@a.test/b", "é.test/é/é"])
@example(["a." * 126 + "a", "a." * 127 + "a", "a.test" + "/b" * 40, "a.test/b//c"])
def test_sql_and_python_agree(engine: Engine, keys: list[str]) -> None:
    for key, patterns, prefixes in in_sql(engine, keys):
        assert patterns == host_patterns(key)
        assert prefixes == key_prefixes(key)


@pytest.mark.slow
def test_sql_and_python_agree_on_cases_and_real_links(engine: Engine, shared_data: Path) -> None:
    texts = [x.text for x in KEY_LINES if x.text.isprintable()] + real_links(shared_data)
    keys = [link_key(text) for text in texts]
    named = 0
    for key, patterns, prefixes in in_sql(engine, keys):
        assert patterns == host_patterns(key), key
        assert prefixes == key_prefixes(key), key
        named += bool(patterns)
    assert named > 0.99 * len(keys) - 200


def test_null_gives_null(engine: Engine) -> None:
    assert engine.rows("select key_host_patterns(null), key_prefixes(null)") == [(None, None)]


@given(any_text)
def test_any_text_has_patterns_or_none_and_is_read_or_refused(text: str) -> None:
    key = link_key(text)
    patterns, prefixes = host_patterns(key), key_prefixes(key)
    assert bool(patterns) == bool(prefixes)
    assert len(set(patterns)) == len(patterns)
    assert all(key.startswith(prefix) for prefix in prefixes)
    assert len(prefixes) <= DEEPEST + 1
    for kind in ("host", "url_prefix"):
        found = read_scoped(text, kind)
        assert bool(found.text) != bool(found.fault)
        assert found.fault is None or found.fault in FAULTS
    assert scope_shown(text) in (None, "host", "url_prefix")


@given(links, st.sampled_from(sorted(variants)))
def test_a_scoped_entry_names_the_link_it_was_made_of(link: str, name: str) -> None:
    """However the link, the entry or both are written."""
    keys = link_key(link), link_key(variants[name](link))
    bare = link.partition("#")[0].partition("?")[0]
    prefix = read_scoped(variants[name](bare), "url_prefix")
    if "*" not in bare and prefix.fault is None:
        assert all(prefix.text in key_prefixes(key) for key in keys)
        assert read_scoped(bare.rstrip("/") + "/*", "url_prefix").text == prefix.text
    start = "/".join(bare.split("/")[:3])
    host = read_scoped(start, "host")
    if host.fault is None:
        assert all(host.text in host_patterns(key) for key in keys)
        assert all(f"*.{host.text}" in host_patterns(key) for key in keys)


@given(links)
def test_a_prefix_names_nothing_beside_it(link: str) -> None:
    found = read_scoped(link.partition("?")[0], "url_prefix")
    if found.fault is None:
        for other in (f"{found.text}x", f"x{found.text}", f"{found.text}x/a"):
            assert found.text not in key_prefixes(link_key(other))
        assert found.text in key_prefixes(link_key(f"{found.text}/a/b?c"))


@given(links, st.sampled_from(["a", "b.c", "x-y"]))
def test_a_pattern_names_the_hosts_below_and_no_neighbour(link: str, label: str) -> None:
    start = "/".join(link.split("/")[:3]).partition("?")[0]
    exact = read_scoped(start, "host")
    if exact.fault is None:
        below = f"*.{exact.text}"
        assert below in host_patterns(link_key(f"http://{label}.{exact.text}:8080/a"))
        assert exact.text not in host_patterns(link_key(f"http://{label}.{exact.text}/a"))
        assert below not in host_patterns(link_key(f"http://{label}-{exact.text}/a"))
        assert below not in host_patterns(link_key(f"http://{exact.text}.{label}.test/a"))


def test_no_entry_names_the_hosts_of_thousands() -> None:
    suffixes = ["com", "co.uk", "github.io", "blogspot.com", "s3.amazonaws.com", "xn--p1ai"]
    assert all(map(is_public_suffix, suffixes))
    assert not any(map(is_public_suffix, ["example.com", "me.github.io", "192.0.2.1", "[::1]"]))
    for suffix in suffixes:
        for text in (f"*.{suffix}", f"http://{suffix}/"):
            assert read_scoped(text, "host").fault
        assert read_scoped(f"{suffix}/*", "url_prefix").fault


def test_real_links_show_no_scope(shared_data: Path) -> None:
    """Stars in ordinary links do not make them patterns."""
    assert [u for u in real_links(shared_data) if scope_shown(u)] == []
