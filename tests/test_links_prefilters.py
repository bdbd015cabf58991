"""Every short cut that spares a row the definition in Python keeps its promise.

A prefilter may pass too many rows, never one too few; where it answers itself, it answers what
the definition does. Held here against hostile links, since likely ones show no breach: SQL
macros (`clean`), masks of `relaion.verifier` (`verify`), and the short cuts of the definitions.
"""

import sys
from collections.abc import Iterator
from unittest import mock

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from relaion import sqlset
from relaion.engine import Engine, connect
from relaion.links import (
    host_digest,
    host_patterns,
    inner_links,
    key_can_spread,
    key_digest,
    key_prefixes,
    link_key,
    link_place,
    link_steps,
)
from relaion.links.entries import names_part
from relaion.links.spellings import spellings
from relaion.links.text import as_bytes, as_text
from relaion.parquet.mended import marked, unmarked
from relaion.verifier.candidates import (
    Carriers,
    easy,
    easy_spellings,
    plain,
    plain_keys,
    settled,
)
from relaion.verifier.near import Near, may_hold
from relaion.verifier.undone import is_soon_undone, undone_keys
from tests.links_strategies import hostile_batches, hostile_links, some_tails, tail_batches

Breaches = list[tuple[str, str]]
MANY = 150_000

# what hostile links once showed, and what resembles it
SHOWN = [
    "http://a.example/x?url=http://192.0.2.7./b.jpg",
    "http://p.example?http:/www.a.0x7f./b.jpg",
    "http://p.example/x/http://a._b/c",
    "http://p.example#https%3a//a-.%2Fx.jp",
    "http://p.example/http%253a%252F%252fwww./.%2fa.b.c",
    "http://awww.example.test/a.jpg",
    "http://p.example/fit/http://a.wwww.example.test/a.jpg",
    "http://p.example/?u=http:/b%%32e256/a.jpg",
    "http%253a%252F%252fxa.a/?u=http:/a.a&#46;test/b-1.JPG",
    "http://p.example/\udcff?u=a.example/b.jpg",
    "http://www.7.\uff11/a.jpg",
    "http&#58;//www.0.0X\xad:80/a.jpg",
    "http://a.example%2Fb/c.jpg",
    "http://a.example%26/c%2F..//%2e/d.jpg?&amp;amp;&",
    "http://a.example/[b]|{c}^%5B%7C/?d=%7B%5e}]",
    "https://www.a.example//b%2F//%2C%252c.jpg//?%20a=%26amp;b&amp;&&",
    f"http://a.example/{16_300 * 'a'}{20 * '&amp;'}",
    f"http://a.example/{16_400 * 'a'}&amp;bcd",
    # escapes that may not be undone one by one: of an entity, a dot, a slash, an escape
    "http://a.example/x&lt%3b/b",
    "http://a.example/x%26lt;b/c",
    "http://a.example/%2525/%252e%252e/b",
    "http://a.example/a/%2e%2e/b%2fc%3fd%23e%5cf",
    "http://a.example/?a%20b%2bc&amp;lt;&amp;amp;d&",
    "http://a.example//%c3%a9//%7f%21//?x=//%c3&amp;&",
    "http://a.example/.b/c%2F%2fd%2f?u=http%3A%2F%2fb%2Eexample%3fc%20d",
    "http://a.example/b%2F.%2fc",
    "http://a.example/b%2F../c",
    "http://a.example/%2F?%20",
    # an escape that stays, though its digits may be small, where the last 24 characters begin
    "http://a.example/b%5cabcdefghijklmnopqrst",
    "http://a.example/?b\\abcdefghijklmnopqrstu",
    # what stands for a border of a host inside, and for a part of one
    "http://p.example/x%3fa.example/b.jpg",
    "http://p.example/x%2ca.example/%3da.example/b",
    "http://p.example/x?a%2eexample/b.jpg",
    "http://p.example/x=a.example:80/b.jpg",
]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with connect(threads=1) as e:
        for name in ("link_macros", "spelling_macros", "inner_macros", "scope_macros"):
            e.run(sqlset.named(name))
        e.execute("create table link (n integer, url varchar)")
        yield e


class Links:
    """Hostile links, what the definitions make of each, and the links inside."""

    def __init__(self, texts: list[str]) -> None:
        self.raw = [as_bytes(text) for text in texts]
        # as DuckDB holds them, and as Python is asked: what is no UTF-8 as bytes
        self.held = [marked(raw) for raw in self.raw]
        self.keys = [link_key(unmarked(held)) for held in self.held]
        self.inner = [[link_key(x) for x in inner_links(unmarked(held))] for held in self.held]

    def fill(self, engine: Engine, texts: list[str]) -> None:
        """Write numbered texts to the table `link`."""
        engine.execute("delete from link")
        numbers = pa.array(range(len(texts)), pa.int32())
        engine.insert("link", pa.table([numbers, pa.array(texts, pa.string())], ["n", "url"]))


def hosts_below(key: str) -> set[str | None]:
    """Under which digests the store keeps the hosts that could be listed for a key."""
    return {host_digest(text.removeprefix("*.")) for text in host_patterns(key)}


def spreads_elsewhere(key: str, tail: str) -> bool:
    """Whether a key that may be listed does not end in this tail."""
    return key_can_spread(key) and not key.endswith(tail)


def list_links(engine: Engine, keys: list[str]) -> None:
    """Take the keys that may be listed into an empty store, as links."""
    engine.execute("create schema if not exists store")
    declared = sqlset.load("lists")["20_take_in"].relations("writes")["store.entries"]
    engine.execute(f"create or replace table store.entries ({declared})")
    listed = [key for key in dict.fromkeys(keys) if key_can_spread(key)]
    columns = {
        "kind": pa.array(["url"] * len(listed), pa.string()),
        "digest": pa.array(map(key_digest, listed), pa.string()),
        "place": pa.array(map(link_place, listed), pa.string()),
        "record_no": pa.nulls(len(listed), pa.int64()),
        "trait_id": pa.nulls(len(listed), pa.int32()),
    }
    engine.lend("incoming", pa.table(columns))
    engine.run(sqlset.load("lists")["20_take_in"], list_id=1)


def passed_over(engine: Engine, links: Links, keys: list[str]) -> tuple[set[str], int]:
    """Links with a listed key that a search passes over, and how many links it looks at."""
    list_links(engine, keys)
    held = {key_digest(key) for key in keys if key_can_spread(key)}
    links.fill(engine, links.held)
    engine.execute(
        "create or replace temp view row_links as"
        " select 0 as shard_no, n::bigint as file_row_number, url from link;"
    )
    engine.execute(
        "create or replace temp view listed_entries as select kind, hash from store.entries"
    )
    engine.execute(
        "create or replace temp table sidecar_keys"
        " (key_kind varchar, digest varchar, host_digest varchar)"
    )
    scripts = sqlset.load()
    engine.run(scripts["fast/14_listed_hosts"], has_links=True, has_inner=False)
    engine.run(scripts["fast/15_near_links"], has_hosts=False, has_hashed=False)
    near = {n for (n,) in engine.rows("select file_row_number from near_links")}
    lost = {
        links.held[n]
        for n, key in enumerate(links.keys)
        if n not in near and key_digest(key) in held
    }
    return lost, len(near)


def tail_breaches(engine: Engine, links: Links) -> Iterator[tuple[str, str]]:
    """(promise, link) for every promise of the tails of links that one breaks."""
    for n, tail, long, inner in engine.rows(
        "select n, link_tail(url), link_long_tail(url), inner_tail(url, link_tail(url)) from link"
    ):
        if tail is not None and spreads_elsewhere(links.keys[n], tail):
            yield "a plain tail is the key's", links.held[n]
        if long is not None and spreads_elsewhere(links.keys[n], long):
            yield "a long plain tail is the key's", links.held[n]
        if inner is not None and any(spreads_elsewhere(key, inner) for key in links.inner[n]):
            yield "a plain tail is that of the keys inside", links.held[n]
    yield from word_breaches(engine, links)
    yield from sought_breaches(engine, links)


def word_breaches(engine: Engine, links: Links) -> Iterator[tuple[str, str]]:
    """(promise, link) for every link that hides the word of its key, or of one inside."""
    tails = [
        (n, marked(as_bytes(key))[-24:])
        for n, inner in enumerate(links.inner)
        for key in {links.keys[n], *inner}
        if key_can_spread(key) and host_digest(key) is not None
    ]
    numbers, texts = ([x[i] for x in tails] for i in (0, 1))
    columns = [pa.array(numbers, pa.int32()), pa.array(texts, pa.string())]
    engine.lend("tails", pa.table(columns, ["n", "tail"]))
    hidden = (
        "select n from tails join link using (n) "
        "where not link_may_hide(url) and not contains(url, link_word(tail))"
    )
    for (n,) in engine.rows(hidden):
        yield "a link that may hide nothing has the word of its keys", links.held[n]


def sought_breaches(engine: Engine, links: Links) -> Iterator[tuple[str, str]]:
    """(promise, link) for every link that is looked for by its key and not among those sought."""
    engine.execute(
        "create or replace temp table link_keys (shard_no integer, file_row_number bigint, "
        "level varchar, url_key varchar, host_digest varchar, names_part boolean)"
    )
    rows = [(0, n, "own", marked(as_bytes(k)), host_digest(k)) for n, k in enumerate(links.keys)]
    columns = dict(
        zip(("shard_no", "n", "level", "key", "host"), zip(*rows, strict=True), strict=True)
    )
    table = pa.table(columns).append_column("part", pa.repeat(pa.scalar(False), len(rows)))
    engine.insert("link_keys", table)
    engine.execute(
        "create or replace temp table proved_keys "
        "(shard_no integer, file_row_number bigint, url varchar, url_key varchar)"
    )
    engine.run(sqlset.named("link_ids"))
    engine.execute("create or replace temp view hit_keys as from link_ids")
    engine.execute(
        "create or replace temp view row_links as "
        "select 0 as shard_no, n::bigint as file_row_number, url from link"
    )
    engine.run(sqlset.named("sought_ends"), has_ends=True)
    engine.run(sqlset.named("sought_links"))
    missed = (
        "select file_row_number from link_ids anti join long_tailed_links using (file_row_number)"
    )
    for (n,) in engine.rows(missed):
        yield "a link that is looked for is among those sought", links.held[n]


def in_sql(engine: Engine, links: Links) -> Iterator[tuple[str, str]]:
    """(promise, link) for every promise of a macro that a link breaks."""
    links.fill(engine, links.held)
    digests = "list_transform({}, lambda h: link_host_digest(h))"
    # what fast/15_near_links looks at: the host of a place, of links with a scheme
    place = "link_place_host(split_part(url, '/', 3))"
    for n, canonical, stripped, host, near, below in engine.rows(
        "select n, link_is_canonical(url), link_stripped(url),"
        " case when not link_is_odd_host(url) then link_host_digest(link_host(url)) end,"
        f" case when regexp_matches(url, '^https?://') and {place} <> ''"
        f" then link_host_digest({place}) end,"
        f" {digests.format(f'link_host_endings({place})')} from link"
    ):
        key = links.keys[n]
        if canonical and stripped != key:
            yield "a canonical link is its key", links.held[n]
        if host is not None and host != host_digest(key):
            yield "a host that is not odd is the key's", links.held[n]
        if near is not None and near != host_digest(key):
            yield "a place that is not odd has the key's host", links.held[n]
        if near is not None and not hosts_below(key) <= set(below):
            yield "a place that is not odd lies below the hosts of its key", links.held[n]
    for n, key in engine.rows(
        "select n, link_stripped(tidy) from"
        " (select n, link_tidied(undone) as tidy from"
        " (select n, link_undone(unnest([url, link_lowered(url)])) as undone from link))"
        " where link_is_canonical(tidy)"
    ):
        if key != links.keys[n]:
            yield "a link that is canonical when tidied has that key", links.held[n]
        if names_part(unmarked(links.held[n])):
            yield "a link that is canonical when tidied names no part of a page", links.held[n]
    yield from tail_breaches(engine, links)
    for n, holds, is_odd, hosts, below in engine.rows(
        "select n, may_hold_link(url), inner_is_odd(url, t, lower(t)),"
        f" {digests.format('inner_words(lower(t))')},"
        " flatten(list_transform(inner_words(lower(t)),"
        f" lambda x: {digests.format('link_host_endings(x)')}))"
        " from (select *, inner_texts(inner_rest(url)) as t from link)"
    ):
        for key in links.inner[n]:
            if not holds:
                yield "what holds a link may hold one", links.held[n]
            if not is_odd and host_digest(key) not in hosts:
                yield "an inner host that is not odd is named", links.held[n]
            if not is_odd and not hosts_below(key) <= set(below):
                yield "an inner host that is not odd is named below its hosts", links.held[n]
    texts = [(n, s) for n, held in enumerate(links.held) for _, s in spellings(unmarked(held))]
    numbers = pa.array([n for n, _ in texts], pa.int32())
    engine.execute("create or replace temp table texts (n integer, text blob)")
    engine.insert("texts", pa.table([numbers, [text for _, text in texts]], ["n", "text"]))
    engine.execute(
        "create or replace temp view row_links as"
        " select 0 as shard_no, n::bigint as file_row_number, url from link;"
        " create or replace temp table near_links"
        " (shard_no integer, file_row_number bigint, url varchar, level varchar);"
        " create or replace temp view listed_entries as"
        " select 'url_md5' as kind, 0::ubigint as hash where false"
    )
    engine.run(sqlset.named("hashed_links"), has_hashed=True, kinds=["url_md5"])
    for of, links_of in (("plain", "told_links"), ("based", "bases")):
        engine.execute(
            f"create or replace temp view {of} as"
            f" select file_row_number::integer as n, link, www from {links_of}"
            " where link is not null and url not in (select url from based_links where is_odd)"
        )
    for of in ("plain", "based"):
        for kind, algorithm in (("url_md5", "md5"), ("url_sha1", "sha1"), ("url_sha256", "sha256")):
            for (n,) in engine.rows(
                f"select n from (select n, hash({algorithm}(text)) as short from texts"
                f" semi join {of} using (n)) anti join link_shorts('{of}', ['{kind}'])"
                " using (n, short)"
            ):
                yield f"the hashes of a {of} link are those of all spellings", links.held[n]
    spelled: dict[int, list[tuple[str, bytes]]] = {}
    engine.execute(
        "create or replace temp table ordinary as select n, url from link_bases('link')"
        " where not is_odd"
    )
    for n, form, text in engine.rows("select n, spelling, text from link_spellings('ordinary')"):
        spelled.setdefault(n, []).append((form, text.encode()))
    for n, found in spelled.items():
        if sorted(found) != sorted(spellings(unmarked(links.held[n]))):
            yield "a link that is not odd is spelled as Python does", links.held[n]
    links.fill(engine, [marked(as_bytes(key)) for key in links.keys])
    for n, patterns, prefixes, spreads in engine.rows(
        "select n, key_host_patterns(url), key_prefixes(url), key_can_spread(url) from link"
    ):
        if spreads != key_can_spread(links.keys[n]):
            yield "a key spreads where Python says so", links.held[n]
        if (patterns, prefixes) != (host_patterns(links.keys[n]), key_prefixes(links.keys[n])):
            yield "a key has the scopes that Python names", links.held[n]


def in_proof(links: Links) -> Iterator[tuple[str, str]]:
    """(promise, link) for every promise of a test of `verify` that a link breaks."""
    urls = pa.array(links.raw, pa.binary())
    tests = (may_hold(urls), settled(urls), plain(urls), easy(urls), is_soon_undone(urls))
    at = pa.array(range(len(urls)), pa.int64())
    shown, undone = (
        {row: key for key, row in zip(keys, places.to_pylist(), strict=True)}
        for keys, places in (
            plain_keys(urls, pc.or_(pc.fill_null(tests[1], False), tests[2])),
            undone_keys(urls, tests[4]),
        )
    )
    spelled: dict[int, set[bytes]] = {}
    for texts, rows in easy_spellings(urls.filter(tests[3]), at.filter(tests[3])):
        for text, row in zip(texts.to_pylist(), rows.to_pylist(), strict=True):
            spelled.setdefault(row, set()).add(text)
    for n, (holds, is_settled, is_plain, is_easy, is_soon) in enumerate(
        zip(*(test.to_pylist() for test in tests), strict=True)
    ):
        key, held, raw = links.keys[n], links.held[n], links.raw[n]
        if (is_plain or is_settled) and shown[n] != as_bytes(key):
            yield "a plain link shows its key", held
        if is_soon and undone[n] != as_bytes(key):
            yield "a link that is soon undone has this key", held
        if is_settled and links.inner[n]:
            yield "a settled link holds no other", held
        if is_easy and spelled[n] != {spelling for _, spelling in spellings(raw)}:
            yield "an easy link is spelled as Python does", held
        if not Near.of([key]).may_name(raw):
            yield "a row with a listed link is near", held
        if not all(below.may_name(raw) for below in map(below_of, hosts_below(key))):
            yield "a row below a listed host is near", held
        alone = pa.array([raw], pa.binary())
        for own in {key, *links.inner[n]}:
            words = Carriers(frozenset({own})).words
            if words is not None and not pc.match_substring_regex(alone, words)[0].as_py():
                yield "what carries a link shows a word of its host, or may hide it", held
        for inner in set(links.inner[n]):
            if not holds:
                yield "what holds a link may hold one", held
            if not may_name_inside(Near.of([inner]), raw):
                yield "a link that holds a listed one is near", held
            if not all(may_name_inside(b, raw) for b in map(below_of, hosts_below(inner))):
                yield "a link that holds one below a listed host is near", held
    some = frozenset(links.keys[::3])
    found = set(Carriers(some, some).find(urls))
    for n, held in enumerate(links.held):
        if (not some.isdisjoint((links.keys[n], *links.inner[n]))) != (n in found):
            yield "what carries a link is found, and nothing else", held
    near = Near.of(some)
    together = near.may_name_inside(urls).to_pylist()
    for held, raw, is_near in zip(links.held, links.raw, together, strict=True):
        if is_near is not may_name_inside(near, raw):
            yield "a link among others is judged as it is alone", held


def may_name_inside(near: Near, url: bytes) -> bool:
    return bool(near.may_name_inside(pa.array([url], pa.binary()))[0].as_py())


def below_of(host: str | None) -> Near:
    """What the store says of a listed host with all below it."""
    return Near(below=frozenset(h for h in [host] if h is not None))


def in_python(links: Links) -> Iterator[tuple[str, str]]:
    """(promise, link) for every short cut of a definition that gives what the long way does not."""
    module = sys.modules["relaion.links.spellings"]
    for held, key in zip(links.held, links.keys, strict=True):
        text = as_text(unmarked(held))
        steps = link_steps(text)
        if (steps[-2][1] if len(steps) > 1 else text) != key:
            yield "a plain key is the key", held
        if link_key(key) != key:
            yield "a key is its own key", held
        if module._is_plain(text):
            short = spellings(text)
            with mock.patch.object(module, "_is_plain", lambda _: False):
                if sorted(short) != sorted(spellings(text)):
                    yield "a plain link has its spellings", held


def breaches(engine: Engine, texts: list[str]) -> Breaches:
    """Every promise that is broken, with the links that show it, the shortest first."""
    links = Links(texts)
    found = {*in_sql(engine, links), *in_proof(links), *in_python(links)}
    return sorted(found, key=lambda f: (f[0], len(f[1]), f[1]))[:20]


@settings(max_examples=4)
@given(hostile_batches)
@example(SHOWN)
def test_no_short_cut_breaks_its_promise(engine: Engine, texts: list[str]) -> None:
    assert breaches(engine, texts) == []


@pytest.mark.slow
@settings(max_examples=40)
@given(hostile_batches)
def test_none_does_in_more_batches(engine: Engine, texts: list[str]) -> None:
    assert breaches(engine, texts) == []


def test_what_is_undone_at_any_depth_has_the_key(engine: Engine) -> None:
    """Every escape, escaped once more and behind another one, in the path and in the query."""
    texts = [
        f"https://WWW.a.Example/a{deep}{code:02X}b?q={deep}{code:02x}c"
        for deep in ("%25", "%2525", "%2523", "%%25")
        for code in range(256)
    ]
    texts += [f"https://{host}/a%2520b" for host in ("xn--A-b.test", "A..test", "A", "A.test:80")]
    links = Links(texts)
    assert set(in_sql(engine, links)) == set()
    proved = (
        "select count(*) from (select link_tidied(undone) as tidy from"
        " (select link_undone(link_lowered(url)) as undone from link))"
        " where link_is_canonical(tidy)"
    )
    links.fill(engine, texts)
    assert 100 < engine.rows(proved)[0][0] < len(texts) / 2


def of_tails(engine: Engine, texts: list[str]) -> tuple[set[tuple[str, str]], int]:
    """The promises of tails that links break, and how many of these links have a tail at all."""
    links = Links(texts)
    links.fill(engine, links.held)
    ((n,),) = engine.rows("select count(link_tail(url)) from link")
    return set(tail_breaches(engine, links)), n


@settings(max_examples=10)
@given(tail_batches)
def test_a_tail_is_that_of_the_key(engine: Engine, texts: list[str]) -> None:
    assert of_tails(engine, texts)[0] == set()


# of each, the last eight characters are not those of the key, or nearly not
ENDS = (
    "x%2541picture", "x%%32541picture", "x%41%34picture", "x%2\n541abcdefg", "%2541%2F",
    "pic%2ejpg", "a&#35;bcdefghi", "a&amp;amp;bcdefghi", "abcdefg&lt;", "a#bcdefghijk",
    "picture.jpg/", "picture.jpg?", "picture.jpg?&", "picture.jpg&", "x/../a.jp", "xyz//a.jp",
    "x/./a.jp", "abcd/..", "abcdefg.", "a/.?bcdef", "ab/?cdef", "ab/..?cdefg", "x%23bcdefghij",
    "picture.jpg ", "pict\ture.jpg", "picture.jpg\u200b", "pic\xfcture", "a%3Bbcdefghij",
    "&am%70;abcdefgh", "picture.jpg\x7f",
)  # fmt: skip


def test_an_end_that_is_not_plain_has_no_wrong_tail(engine: Engine) -> None:
    texts = [
        f"{before}{scheme}{host}/{end}{after}"
        for end in ENDS
        for before, after in (("", ""), ('"', '"'), ("<", ">"), ("'", "',"), (" ", ""))
        for scheme in ("http://", "HTTPS://", "http%3A%2F%2F", "//", "", "http:/", "http&#58;//")
        for host in ("a.b", "A.B:80", "u@a.b.", "a.b/c", "a.b?c", "i0.wp.com/c.d")
    ]
    assert of_tails(engine, texts)[0] == set()


@settings(max_examples=4)
@given(st.one_of(tail_batches, hostile_batches))
@example(
    [
        f"{scheme}{host}/{i}/picture.jpg"
        for i in range(9)
        for scheme in ("http://", "http:///", "https://", "HTTPS://www.", "https:///", "")
        for host in ("pictures.example", "a.test", "ictures.examp")
    ]
)
@example(  # behind three slashes a host that begins as another one does
    [
        f"{start}/a/{i:09}.jpg"
        for i in range(3)
        for start in ("https://pictures.test.example", "http:///pictures.tests.example")
    ]
)
def test_no_link_that_is_listed_is_passed_over(engine: Engine, texts: list[str]) -> None:
    """By its host, its end, or its digest, however it is written; with every third key listed."""
    links = Links(texts)
    assert passed_over(engine, links, links.keys[::3])[0] == set()


def test_most_links_beside_listed_ones_are_passed_over(engine: Engine) -> None:
    """For how they end, though SQL cannot prove their keys."""
    texts = [f"http://a.example/%7e/{i:08}.jpg" for i in range(10_000)]
    links = Links(texts)
    lost, near = passed_over(engine, links, links.keys[::1_000])
    assert lost == set()
    assert near < 50


@pytest.mark.slow
def test_no_link_that_is_listed_is_passed_over_of_very_many(engine: Engine) -> None:
    for seed in range(100):
        links = Links(some_tails(seed, 1_000) + hostile_links(seed, 1_000))
        assert passed_over(engine, links, links.keys[:: 2 + seed % 7])[0] == set()


def test_most_links_of_the_batches_have_a_tail(engine: Engine) -> None:
    found = [of_tails(engine, some_tails(seed))[1] for seed in range(5)]
    assert sum(found) > 5 * 40


@pytest.mark.slow
def test_no_tail_breaks_its_promise_on_very_many_links(engine: Engine) -> None:
    for seed in range(300):
        assert of_tails(engine, some_tails(seed, 500))[0] == set()


@pytest.mark.slow
def test_no_short_cut_breaks_its_promise_on_very_many_links(engine: Engine) -> None:
    texts = hostile_links(20_240_601, MANY)
    at_once = 10_000
    found = [
        breach
        for start in range(0, MANY, at_once)
        for breach in breaches(engine, texts[start : start + at_once])
    ]
    assert found == []


def test_hostile_links_reach_what_they_are_for(engine: Engine) -> None:
    """They pass every prefilter and fail every one, so that a wrong answer would be seen."""
    links = Links(hostile_links(1, 2_000))
    links.fill(engine, links.held)
    shares = engine.rows(
        "select avg(link_is_canonical(url)::int), avg(link_is_odd_host(url)::int),"
        " avg(may_hold_link(url)::int),"
        " avg((may_hold_link(url) and inner_is_odd(url, t, lower(t)))::int),"
        " avg(is_odd::int), avg(contains(url, '%')::int)"
        " from (select *, inner_texts(inner_rest(url)) as t from link_bases('link'))"
    )[0]
    assert all(0.05 < share < 0.95 for share in shares), shares
    assert 0.2 < sum(map(bool, links.inner)) / 2_000 < 0.8
    assert any(held.startswith("\U0010ffff") for held in links.held)
    urls = pa.array(links.raw, pa.binary())
    assert 0.1 < pc.mean(may_hold(urls)).as_py() < 0.95
    assert 0.05 < pc.mean(is_soon_undone(urls)).as_py() < 0.95
