"""The parts of verify, each held against something slow and plain."""

import base64
import hashlib
import math
import os
import pickle
from collections import Counter
from pathlib import Path
from typing import Any
from unittest import mock

import mmh3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from relaion.errors import InputError, StopError
from relaion.links import host_digest, link_key
from relaion.links.entries import host_patterns, key_prefixes
from relaion.links.inner import inner_links
from relaion.links.spellings import FORMS, spellings
from relaion.lists.snapshot import hold
from relaion.verifier import digests, lookup, model
from relaion.verifier.candidates import (
    Carriers,
    easy,
    easy_spellings,
    plain,
    plain_key,
    settled,
)
from relaion.verifier.compare import (
    Cursor,
    beyond,
    bits,
    compare_schemas,
    differing,
    explain,
    row_digests,
)
from relaion.verifier.digests import Sieve, as_digests, common, prefix_of, prefixes
from relaion.verifier.hands import processes
from relaion.verifier.keywords import fold, holds_any, read_keywords
from relaion.verifier.listable import Digests
from relaion.verifier.lookup import in_full, meet, read_entries
from relaion.verifier.model import Reason, Rules, StatedLists, StatedSidecars
from relaion.verifier.near import Near, may_hold
from relaion.verifier.packed import PackedLists
from relaion.verifier.rows import At, Rows, batches, described, open_shard, role_rows
from relaion.verifier.task import judge
from relaion.verifier.verdict import Notes, count
from tests import oracle
from tests.oracle import Listing, Setting
from tests.pipeline import Sent, add_lists

# -- keywords ----------------------------------------------------------------------------

LETTERS = "aAéßſKΣςиЙเก海々ーか0.- \u0301\u00ad_ʼ"


@given(st.text(LETTERS, max_size=12), st.lists(st.text(LETTERS, min_size=1, max_size=3)))
@example("die STRASSE", ["Straße"])
@example("cafe\u0301", ["caf"])
@example("大海边", ["海"])
@example("x海", ["海"])
@example("a海a", ["a"])
@example("a b", ["\u00ad", " ", " b"])
def test_keywords_are_found_as_the_oracle_finds_them(text: str, words: list[str]) -> None:
    ours = holds_any(text, [fold(w).strip(" ") for w in words])
    assert ours == oracle.has_keyword(text, words)


@pytest.mark.parametrize(
    ("caption", "keyword", "found"),
    [
        ("мой кот!", "кот", True),
        ("котёл", "кот", False),
        ("CAFÉ", "cafe\u0301", True),
        ("café", "caf", False),
        ("a_b", "b", True),
        ("b2", "b", False),
        ("anna an", "an", True),
        ("ปลาทะเล", "ทะเล", True),
        ("big-boat", "big-boat", True),
        ("big  boat", "big boat", True),
        ("xa a a", "a a", True),
        ("", "x", False),
    ],
)
def test_a_keyword_stands_between_borders(caption: str, keyword: str, found: bool) -> None:
    assert holds_any(caption, [fold(keyword)]) is found


def test_a_keyword_file_is_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "words"
    path.write_bytes("\ufeff# no word\r\n\r\n  Straße \r\nSTRASSE\n#x\nкот".encode())
    found = read_keywords(path)
    assert found.words == ("strasse", "кот")
    assert found.sha256 == hashlib.sha256("Straße\nSTRASSE\nкот\n".encode()).hexdigest()
    path.write_bytes(b"\xff")
    with pytest.raises(InputError, match="UTF-8"):
        read_keywords(path)


# -- links -------------------------------------------------------------------------------

HOSTS = ["a.example", "www.a.example", "www.www.a.example", "b.example", "www.example",
         "xn--4ca.example", "ä.example", "A.example", "a.example.", "a..example", "192.0.2.1",
         "www.192.0.2.1", "a_b.example", "example", "a.example:80", "u@a.example", "0x7f.1",
         "a.1example", "-a.example", "a.exa-mple", "a.example-", "c.www.a.example",
         "ww.www.a.example", "awww.a.example", "b.c.a.example"]  # fmt: skip
LINKS = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", " ", "\t"]),
        st.sampled_from(["http://", "https://", "HTTP://", "//", "", "ftp://", "http:/", "x:"]),
        st.sampled_from(HOSTS),
        st.sampled_from(["", "/", "?", "#", "\\", "/p", "/www.a.example", "&#47;p", "%2Fp", "\n"]),
    ),
)


PIECE = st.sampled_from(
    [*"/?&=.:@;#%~-_+ \\", "..", "//", "&amp;", "%41", "%2F", "%20", "abcdefgh", "ABCDEFGH.jpg",
     "http:", "é", "'", "&#47;", "x", "12345678", "%E9", "%e9", "%2E", "%25", "%00", "%7F"]
)  # fmt: skip
HOST_LINKS = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["http://", "https://"]),
        st.sampled_from(["", "www.", "www.www.", "w.", "ww.", "www-", "xn--"]),
        st.sampled_from(["a.example", "b-c.example", "example", "a.example:80", "a_b.example"]),
        st.sampled_from(["", "/", "?", "/p/", "/p?", "?a", "/.", "/a.b/", "/a.b", "/a?b.c/"]),
        st.lists(PIECE, max_size=6).map("".join),
    ),
)


@settings(max_examples=settings().max_examples * 10)
@given(HOST_LINKS)
@example("http://www.www.a.example/p")
@example("https://www.example/p")
@example("http://a.example/p?")
@example("http://a.example/p/?x=1&")
@example("http://a.example/p%20q/%E9?x%E9")
@example("http://a.example/p?x%20y")
@example("http://a.example/" + "p/" * 9000 + "q")
def test_a_plain_link_shows_its_key(link: str) -> None:
    raw = pa.array([link.encode()])
    is_plain, is_settled = (test(raw)[0].as_py() for test in (plain, settled))
    if is_plain or is_settled:
        assert plain_key(link.encode()).decode() == link_key(link)
    if is_settled:
        assert is_plain and inner_links(link) == []
        assert not may_hold(raw)[0].as_py()


def test_most_links_are_settled() -> None:
    easy_ones = ["http://a.example", "https://www.a-b.example/p/q_r/x-1.jpeg?w=1&h=2",
                 "http://a.b.example/x%20y/z.jpg?v=1.2"]  # fmt: skip
    odd = ["http://A.example/", "http://a.example/p/", "https://p.example/a.example/x.jpg", "a"]
    found = settled(pa.array([*easy_ones, *odd, None])).to_pylist()
    assert found == [True] * 3 + [False] * 4 + [None]


@settings(max_examples=settings().max_examples * 6)
@given(st.lists(st.one_of(LINKS, HOST_LINKS), min_size=1, max_size=8), st.one_of(LINKS, HOST_LINKS))
@example(["http://www.www.a.example/p"], "http://a.example/p")
@example(["http://c.www.a.example/"], "http://c.www.a.example/")
@example(["https://i0.wp.com/a.example/1.jpg"], "http://www.a.example/1.jpg")
@example(["http://ab\\", "https://", "http://ab/"], "ab\\")  # no plain link has this key
def test_every_row_with_one_of_the_keys_is_found(links: list[str], listed: str) -> None:
    key = link_key(listed)
    urls = pa.array([*(u.encode() for u in links), None], pa.binary())
    own = {i for i, u in enumerate(links) if link_key(u) == key}
    inner = {i for i, u in enumerate(links) if key in map(link_key, inner_links(u))}
    keys = frozenset({key})
    assert Carriers(keys).find(urls) == sorted(own)
    assert Carriers(keys, keys).find(urls) == sorted(own | inner)
    assert Carriers().find(urls) == []
    many = pa.array([*urls.to_pylist(), *[None] * 8], pa.binary())  # more rows than texts
    assert Carriers(keys, keys).find(many) == sorted(own | inner)


@given(st.dictionaries(st.text(), st.sampled_from([(1,), (1, 2)])), st.lists(st.text()))
def test_packed_links_are_told_apart_though_their_hashes_meet(
    links: dict[str, tuple[int, ...]], others: list[str]
) -> None:
    for hashed in (mmh3.hash, lambda raw: len(raw) % 2):
        with mock.patch("relaion.verifier.packed.mmh3.hash", hashed):
            packed = pickle.loads(pickle.dumps(PackedLists(links)))
            assert dict(packed) == links
            twice = PackedLists([*links.items(), *((text, (2, 3)) for text in others)])
            assert dict(twice) == {
                text: tuple(sorted({*links.get(text, ()), *((2, 3) if text in others else ())}))
                for text in {*links, *others}
            }
            keys = packed.without(frozenset())
            assert [keys.__contains__(text) for text in others] == [t in links for t in others]
            raw = [text.encode() for text in (*links, *others)]
            assert keys.among(raw) == [n for n, t in enumerate(raw) if t.decode() in links]


@settings(max_examples=settings().max_examples * 5)
@given(LINKS, st.data())
def test_a_link_below_a_listed_host_or_prefix_is_always_near(
    link: str, data: st.DataObject
) -> None:
    key = link_key(link)
    patterns = host_patterns(key)
    if patterns:
        digest = host_digest(data.draw(st.sampled_from(patterns)).removeprefix("*."))
        below = Near(below=frozenset(h for h in [digest] if h is not None))
        assert below.may_name(link.encode())
    for text in (key, *key_prefixes(key)):
        assert Near.of([text]).may_name(link.encode())


@settings(max_examples=settings().max_examples * 10)
@given(HOST_LINKS)
@example("http://www.a.example/P%20q.jpg?x&amp;y=Z")
@example("https://a.example/p/q?x&amp;")
@example("https://a.example/%20")
def test_easy_links_have_the_spellings_of_the_definition(link: str) -> None:
    raw = pa.array([link.encode()])
    if easy(raw)[0].as_py():
        found = [some for some in easy_spellings(raw, pa.array([7], pa.int64()))]
        texts = {text for some, _ in found for text in some.to_pylist()}
        assert texts == {text for _, text in spellings(link)}
        assert {row for _, rows in found for row in rows.to_pylist()} == {7}
        assert all(len(some) == len(rows) for some, rows in found)


NESTED = st.lists(
    st.sampled_from(
        ["http://", "https:", "//", "/", "i0.wp.com", "a.example", "?u=", "&", "%2F", "%3A",
         "http", "%252F", "%2f%2f", "www.", "A.Example", "@", ":80", "192.0.2.1", "f=auto,w=3",
         ".", "%2E", "#", "&#47;", "&#46;", ":", "x.jpg", "\\", "é"]
    ),
    max_size=9,
).map("".join)  # fmt: skip


@settings(max_examples=settings().max_examples * 10)
@given(NESTED)
@example("https://i0.wp.com/a.example:8080/x.jpg")
@example("https://p.example/?u=http%3A%2F%2Fa.example%2Fx.jpg")
@example("https://p.example/?u=http%25253A%25252F%25252Fa.example%25252Fx.jpg")
@example("https://i0.wp.com/i1.wp.com/a%2Eexample/x.jpg")
def test_a_link_that_holds_another_is_always_looked_at(link: str) -> None:
    raw = link.encode()
    found = inner_links(raw)
    if found:
        assert may_hold(pa.array([raw])).to_pylist() == [True]
    for inner in found:
        key = link_key(inner)
        assert Near.of([key]).may_name_inside(pa.array([raw]))[0].as_py()
        for pattern in host_patterns(key):
            digest = host_digest(pattern.removeprefix("*."))
            near = Near(below=frozenset([digest] if digest else []))
            assert near.may_name_inside(pa.array([raw]))[0].as_py()


def test_few_links_may_hold_another() -> None:
    none = [b"https://a.example/p/x.jpg", b"http://a.b.example/x-1.jpeg?w=1&h=2", None]
    assert may_hold(pa.array(none, pa.binary())).true_count == 0


def test_links_inside_that_stand_elsewhere_are_passed_over() -> None:
    near = Near.of(["a.example/"])
    inside = [
        b"a.example/x.jpg",
        b"b.example/x.jpg",
        b"c.example/v1.2/p%20q/x.jpg?u=https%3A%2F%2Fd.x",
    ]
    links = pa.array([b"https://i0.wp.com/" + x for x in inside])
    assert near.may_name_inside(links).to_pylist() == [True, False, False]


def rows_with(n: int, columns: dict[str, pa.Array]) -> Rows:
    """Rows with one column for each role."""
    return Rows(n, {role: (column,) for role, column in columns.items()})


# -- row hashes --------------------------------------------------------------------------

ROW_HASHES = [  # url, text, hash; the first two are real rows of published tables
    ("https://img1.etsystatic.com/186/0/5531524/il_340x270.1310915051_5kax.jpg",
     "Vintage Green Glass Swag Hanging Lamp Mid Century", 6170073934346815248),
    ("https://www.advocate-art.com/system/ART/Modules/Application/Images/Image/images/000/011/121/"
     "artistique_half/VML175107.jpg?6f71107bead7921d03fa7dc3e4ac4b9a8f24dfd3d823d512d7618c06e4059513",
     "Christmas Shopping Copy", -3604776403351267688),
    ("http://a", "bc", 6914112474592262566),
    ("https://example.org/é.jpg", "日本語 caption", 4109891751969920278),
]  # fmt: skip


@pytest.mark.parametrize(("url", "text", "number"), ROW_HASHES)
def test_row_hashes_are_those_of_the_published_tables(url: str, text: str, number: int) -> None:
    assert oracle.row_hash({"url": url, "text": text}) == number
    columns = {"url": pa.array([url.encode()]), "text": pa.array([text.encode()])}
    rows = rows_with(1, columns)
    assert rows.hashes().to_pylist() == [number] and rows.computable.to_pylist() == [True]


def test_row_hashes_are_computed_where_there_is_none() -> None:
    columns = {
        "url": pa.array([b"http://a", None, None, b"http://\xff"], pa.binary()),
        "text": pa.array([b"bc", None, b"x", None], pa.binary()),
    }
    rows = rows_with(4, columns)
    raw = mmh3.hash64(b"http://\xff")[0]
    assert rows.hashes().to_pylist() == [6914112474592262566, None, mmh3.hash64("x")[0], raw]
    assert rows.computable.to_pylist() == [True, False, True, True]
    own = {"row_hash": pa.array([7, None, None, 0], pa.int64())}
    rows = rows_with(4, columns | own)
    assert rows.hashes().to_pylist() == [7, None, mmh3.hash64("x")[0], 0]
    assert rows.computable.to_pylist() == [False, False, True, False]


# -- digests -----------------------------------------------------------------------------

HEX = st.binary(min_size=16, max_size=16).map(bytes.hex)


@given(st.lists(st.one_of(HEX, st.none(), st.sampled_from(["", "0" * 15, "g" * 32, "0" * 8]))))
def test_prefixes_are_the_first_bytes(digests: list[str | None]) -> None:
    good = [d for d in digests if d is not None and len(d) == 32 and "g" not in d]
    expected = [int.from_bytes(bytes.fromhex(d)[:8], "little", signed=True) for d in good]
    assert prefixes(pa.array(digests, pa.string())).to_pylist() == expected
    assert prefixes(pa.array([*digests, "x"], pa.string())[:-1]).to_pylist() == expected


@given(st.lists(st.integers(-5, 5)), st.lists(st.integers(-5, 5)))
def test_common_is_the_intersection(left: list[int], right: list[int]) -> None:
    found = common(pa.array(left, pa.int64()), pa.array(right, pa.int64())).to_pylist()
    assert sorted(found) == sorted(set(left) & set(right))
    assert len(prefix_of([])) == 0


NUMBERS = st.lists(st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, -1, 1, 2**62]))


@given(NUMBERS, st.lists(NUMBERS, max_size=3))
def test_a_sieve_loses_no_digest_that_is_an_entry(
    numbers: list[int], pieces: list[list[int]]
) -> None:
    entries = pa.array(numbers, pa.int64())
    found = [pa.array([*some, *numbers[n::3]], pa.int64()) for n, some in enumerate(pieces)]
    at = [pa.array(range(len(x)), pa.int64()) for x in found]
    asked = [Digests(x, at[n], ((Path(f"{n}"), len(x)),)) for n, x in enumerate(found)]
    shorts, places = (pa.concat_arrays([entries[:0], *some]) for some in (found, at))
    asked.append(Digests(shorts, places, tuple(file for x in asked for file in x.files)))
    met, rows, _ = meet(entries, asked)
    with (
        mock.patch.object(digests, "_AT_ONCE", 1 << 6),  # in parts
        mock.patch.object(lookup, "_FEW_DIGESTS", 0),
        mock.patch.object(lookup, "_DIGESTS_AT_ONCE", 2),
    ):
        assert Sieve(entries).passing(entries).true_count == len(numbers)
        sifted, places, _ = meet(entries, asked)
    assert sorted(sifted.to_pylist()) == sorted(met.to_pylist())
    assert {*met.to_pylist()} == {*numbers} & {n for x in found for n in x.to_pylist()}
    kept, all_kept = ({p: x for p, x in some.items() if len(x)} for some in (places, rows))
    assert kept == all_kept


def test_digests_are_decoded() -> None:
    raw = bytes(range(16))
    for text in (
        base64.b64encode(raw).decode(),
        base64.b64encode(raw).decode().rstrip("="),
        base64.b32encode(raw).decode().lower(),
        raw.hex().upper(),
        raw.hex(),
    ):
        for kind in (pa.string(), pa.large_binary()):
            column = pa.array([text, None]).cast(kind)
            assert as_digests(column, 16, is_text=True).to_pylist() == [raw, None]
    assert as_digests(pa.array(["no digest at all!"]), 16, is_text=True).to_pylist() == [None]
    mixed = pa.array([raw.hex(), None, "none", raw.hex().upper()])
    assert as_digests(mixed[1:], 16, is_text=True).to_pylist() == [None, None, raw]
    assert as_digests(mixed[:2], 16, is_text=True).to_pylist() == [raw, None]


# -- the model ---------------------------------------------------------------------------

IMAGES = [hashlib.md5(bytes([i])).hexdigest() for i in range(4)]
URLS: list[str | bytes] = [
    "https://a.example/1", "http://A.example/1#x", "https://b.example/2", "odd text",
    b"https://b.example/\xff", "https://i0.wp.com/a.example/1", "https://c.b.example/d/e?f",
    "http://b.example/2", "https://c.b.example:8080/d",
]  # fmt: skip
TEXTS = ["harbour", "harbours", "Harbour!", None, "", b"harbour \xff"]
HASHES = [None, 0, 7, -7, 2**63 - 1, oracle.row_hash({"url": URLS[0], "text": "harbour"})]
ROW = st.fixed_dictionaries(
    {
        "url": st.sampled_from([*URLS, None]),
        "text": st.sampled_from(TEXTS),
        "punsafe": st.sampled_from(
            [None, math.nan, 0.0, 0.45, 0.4500001, 0.95, 0.9500001, 1.0, math.inf, -math.inf]
        ),
        "image_md5": st.sampled_from([*IMAGES, IMAGES[0].upper(), "none", None]),
        "row_hash": st.sampled_from(HASHES),
    }
)


def spelled_entries(*urls: str | bytes) -> list[tuple[str, str]]:
    """Hashes of every spelling of these links."""
    return [("url_md5", hashlib.md5(x).hexdigest()) for u in urls for _, x in spellings(u)]


ENTRY = st.sampled_from(
    [
        *(("image_md5", digest) for digest in IMAGES),
        *(oracle.url_entry(u) for u in URLS),
        *spelled_entries(URLS[2], URLS[4], URLS[0]),
        ("url_sha256", hashlib.sha256(b"http://A.example/1#x").hexdigest()),
        *(oracle.hash_entry(n) for n in HASHES if n is not None),
        *(oracle.hash_entry(oracle.row_hash({"url": u, "text": "harbour"}) or 0) for u in URLS),
        *(oracle.scope_entry("host", x) for x in ("*.b.example", "b.example", "a.example")),
        oracle.scope_entry("url_prefix", "c.b.example/d"),
        oracle.scope_entry("url_prefix", "a.example"),
    ]
)
FORM = st.none() | st.just(()) | st.just(("raw",)) | st.just(tuple(f for f in FORMS if f != "raw"))
LISTS = st.lists(st.tuples(st.frozensets(ENTRY, max_size=3), FORM), max_size=3).map(
    lambda found: [
        Listing(i + 1, "csam", entries, forms=forms) for i, (entries, forms) in enumerate(found)
    ]
)
SIDECAR = st.builds(
    oracle.Sidecar,
    st.sampled_from([("url",), ("row_hash",), ("url", "row_hash")]),
    st.lists(ROW, max_size=4).map(tuple),
)


def raw(text: str | bytes | None) -> bytes | None:
    return text.encode() if isinstance(text, str) else text


@settings(max_examples=settings().max_examples * 6)
@given(
    st.lists(ROW, max_size=8),
    LISTS,
    st.builds(
        Setting,
        st.sampled_from([None, ("harbour",)]),
        st.sampled_from(["keep", "drop"]),
        st.booleans(),
        inner=st.booleans(),
        sidecars=st.lists(SIDECAR, max_size=2).map(tuple),
    ),
    st.sampled_from([pa.float32(), pa.float64()]),
    st.booleans(),
)
def test_no_row_that_something_names_is_passed_over(
    rows: list[dict[str, Any]],
    lists: list[Listing],
    setting: Setting,
    score: pa.DataType,
    has_hashes: bool,
) -> None:
    hashes = {} if has_hashes else {"row_hash": None}
    rows = [r | {"punsafe": pa.scalar(r["punsafe"], score).as_py()} | hashes for r in rows]
    columns = {
        "url": pa.array([raw(r["url"]) for r in rows], "binary"),
        "text": pa.array([raw(r["text"]) for r in rows], "binary"),
        "punsafe": pa.array([r["punsafe"] for r in rows], pa.float64()),
        "image_md5": as_digests(
            pa.array([r["image_md5"] for r in rows], pa.string()), 16, is_text=True
        ),
    }
    if has_hashes:
        columns["row_hash"] = pa.array([r["row_hash"] for r in rows], pa.int64())
    rules = Rules(0.45, 0.95, setting.keywords, setting.unscored == "drop")
    known = oracle.known_of(rows, lists, setting)
    # what the first look at a file finds: rows that hold an entry themselves
    holds = known.carrying(StatedSidecars(), {})
    chosen = [i for i, row in enumerate(rows) if model.list_reasons(row, holds)]
    found = judge(rows_with(len(rows), columns), known, rules, chosen)
    named = oracle.reasons(rows, lists, setting)
    assert found == {i: reasons for i, reasons in enumerate(named) if reasons}


def test_a_shard_without_scores_has_no_rule_hits() -> None:
    rows = rows_with(2, {"url": pa.array([b"https://a.example/", None], "binary")})
    assert judge(rows, StatedLists(), Rules(0.45, 0.95, ("x",), False), []) == {}
    dropped = judge(rows, StatedLists(), Rules(0.45, 0.95, None, True), [0])
    assert dropped == {i: {Reason("rule", rule="unscored")} for i in range(2)}


# -- reading and comparing ---------------------------------------------------------------


def test_roles_are_read_by_position_where_names_repeat(tmp_path: Path) -> None:
    path = tmp_path / "twins.parquet"
    names = ["url", "URL", "url", "url.x"]
    table = pa.table([pa.array([f"{n}{i}"]) for i, n in enumerate(names)], names=names)
    pq.write_table(table, path)
    for position, name in enumerate(names):
        (rows,) = role_rows(path, {"url": (At(position, "string"),)}, {"url"})
        assert rows.columns["url"][0].to_pylist() == [f"{name}{position}".encode()]


def test_bytes_that_are_no_text_are_read(tmp_path: Path) -> None:
    path = tmp_path / "raw.parquet"
    raw = pa.array([b"http://a.example/\xff", b"ok"], pa.binary())
    pq.write_table(pa.table({"url": raw.view(pa.string())}), path)
    (rows,) = role_rows(path, {"url": (At(0, "string"),)}, {"url"})
    assert rows.columns["url"][0].to_pylist()[0].endswith(b"\xff")
    (batch,) = batches(path)
    assert len(set(row_digests(batch, [0]))) == 2


def test_what_pyarrow_makes_of_a_large_footer_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "a.parquet")
    assert described(tmp_path / "a.parquet") is described(tmp_path / "a.parquet")
    monkeypatch.setattr("relaion.verifier.rows._SMALL_FOOTER", 9)
    assert described(tmp_path / "a.parquet") is not described(tmp_path / "a.parquet")


def test_names_that_are_no_text_are_opened(tmp_path: Path) -> None:
    path = tmp_path / "odd\udcff.parquet"
    try:
        path.write_bytes(b"")
    except OSError:
        pytest.skip("this file system wants names in UTF-8")
    with pytest.raises(InputError, match="an empty file"):
        open_shard(path)


@pytest.mark.parametrize(
    "kind",
    [
        pa.float16(), pa.float32(), pa.float64(), pa.list_(pa.float32()),
        pa.struct([("x", pa.float64())]), pa.struct([("x", pa.list_(pa.float16()))]),
    ],
)  # fmt: skip
def test_nan_is_equal_to_itself_and_zero_is_not_minus_zero(kind: pa.DataType) -> None:
    def column(x: float) -> pa.Array:
        value: Any = x
        if pa.types.is_struct(kind):
            value = {"x": [x] if pa.types.is_list(kind.field(0).type) else x}
        elif pa.types.is_list(kind):
            value = [x]
        return bits(pa.array([value, None], kind))

    assert column(math.nan).equals(column(math.nan))
    assert column(0.0).equals(column(0.0))
    assert not column(0.0).equals(column(-0.0))


@pytest.mark.parametrize("kind", [pa.int32(), pa.int64()])
def test_numbers_for_rows_differ_where_rows_do(kind: pa.DataType) -> None:
    column = pa.array([-1, -2, 0, 1, 2, None], pa.int64()).cast(kind)
    batch = pa.record_batch([column], names=["n"])
    assert len(set(row_digests(batch, [0]))) == 6
    assert row_digests(batch, [0]) == row_digests(batch, [0])


def test_what_lies_under_a_null_does_not_count() -> None:
    a = pa.Array.from_buffers(pa.int64(), 2, [pa.py_buffer(b"\x01"), pa.py_buffer(bytes(16))])
    b = pa.Array.from_buffers(
        pa.int64(), 2, [pa.py_buffer(b"\x01"), pa.py_buffer(bytes(8) + b"\x07" * 8)]
    )
    left, right = (pa.record_batch([x], names=["n"]) for x in (a, b))
    assert differing(left, [right], [(0, 0)]) == []
    assert row_digests(left, [0]) == row_digests(right, [0])


@given(st.lists(st.lists(st.integers(0, 9), max_size=4)), st.lists(st.integers(0, 5)))
def test_a_cursor_gives_every_row_once(pieces: list[list[int]], steps: list[int]) -> None:
    rows = [n for piece in pieces for n in piece]
    cursor = Cursor(pa.record_batch([pa.array(p, pa.int64())], names=["n"]) for p in pieces)
    taken: list[int] = []
    for n in steps:
        for piece in cursor.take(n):
            taken += piece.column(0).to_pylist()
        assert (
            len(taken) == min(len(rows), sum(steps[: steps.index(n) + 1]))
            or taken == rows[: len(taken)]
        )
    assert taken == rows[: sum(steps)]
    assert cursor.is_done() == (len(taken) == len(rows))


DIGESTS = st.lists(st.integers(0, 5), max_size=12)


@given(DIGESTS, st.sets(st.integers(0, 5)), DIGESTS, st.integers(1, 4))
def test_differences_are_counted(
    source: list[int], gone: set[int], output: list[int], size: int
) -> None:
    def judged() -> Any:
        for i in range(0, len(source), size):
            rows = source[i : i + size]
            yield rows, [row in gone for row in rows]

    found = explain(judged, iter([output[i : i + 3] for i in range(0, len(output), 3)]))
    expected = Counter(row for row in source if row not in gone)
    extra = Counter(output) - expected
    assert found.lost == (expected - Counter(output)).total()
    assert found.kept == sum(n for row, n in extra.items() if row in gone and row in source)
    assert found.doubled == sum(n for row, n in extra.items() if row in expected)
    assert found.foreign == sum(n for row, n in extra.items() if row not in source)


@given(DIGESTS, DIGESTS)
def test_rows_beyond_the_parent_are_counted(
    tmp_path_factory: pytest.TempPathFactory, child: list[int], parent: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("part")
    for name, rows in (("child", child), ("parent", parent)):
        pq.write_table(pa.table({"n": pa.array(rows, pa.int64())}), folder / name)
    extra = Counter(child) - Counter(parent)
    assert beyond(folder / "child", folder / "parent") == extra.total()


PLAIN = pa.table({"t": pa.array([1], pa.timestamp("ns")), "n": [[1]], "s": ["x"]})


def numbered(number: str) -> pa.Table:
    fields = [f.with_metadata({"PARQUET:field_id": number}) for f in PLAIN.schema]
    return PLAIN.cast(pa.schema(fields))


@pytest.mark.parametrize(
    ("table", "options", "words"),
    [
        (PLAIN, {}, []),
        (PLAIN, {"row_group_size": 1, "use_dictionary": False, "data_page_version": "2.0"}, []),
        (PLAIN, {"use_deprecated_int96_timestamps": True}, ["parquet types"]),
        (PLAIN, {"use_compliant_nested_type": False}, ["parquet types"]),
        (numbered("7"), {}, ["the numbers of its fields"]),
        (PLAIN, {"store_schema": True}, ["key-value metadata"]),
        (PLAIN.append_column("T", [[1]]), {}, ["columns are not those"]),
        (PLAIN.select(["t", "s", "n"]), {}, ["columns are not those"]),
        (PLAIN, {"compression": {"s": "gzip"}}, ["column s is compressed"]),
    ],
)
def test_schemas_are_compared_to_the_detail(
    tmp_path: Path, table: pa.Table, options: dict[str, Any], words: list[str]
) -> None:
    plain: dict[str, Any] = {"store_schema": False, "compression": "none"}
    pq.write_table(numbered("1"), tmp_path / "a", **plain)
    table = numbered("1") if table is PLAIN else table
    pq.write_table(table, tmp_path / "b", **(plain | options))
    said, pairs = compare_schemas(tmp_path / "a", tmp_path / "b")
    assert [any(w in text for text in said) for w in words] == [True] * len(words)
    assert len(said) == len(words)
    assert len(pairs) == 3


def test_columns_of_another_type_are_not_compared_by_value(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1], "b": ["x"], "c": [1.5]}), tmp_path / "a")
    pq.write_table(pa.table({"c": [1.5], "a": ["1"], "b": ["x"]}), tmp_path / "b")
    assert compare_schemas(tmp_path / "a", tmp_path / "b")[1] == [(1, 2), (2, 0)]


def end_this_process(_: int) -> None:
    os._exit(9)


@pytest.mark.slow
def test_a_process_that_dies_is_told_in_one_line() -> None:
    with pytest.raises(StopError, match="fewer workers"), processes(2) as apply:
        list(apply(end_this_process, [1, 2]))


# -- what is said ------------------------------------------------------------------------


def test_numbers_agree_with_their_words() -> None:
    assert count(1, "row", "is") == "1 row is"
    assert count(2, "kept row", "is") == "2 kept rows are"
    assert count(1200, "shard") == "1,200 shards"


def test_a_reserve_is_never_called_clean() -> None:
    notes = Notes()
    assert notes.verdict("OUT").clean
    notes.limit("3", "something")
    assert notes.verdict("OUT").ok and not notes.verdict("OUT").clean
    assert "clean;" not in notes.verdict("OUT").summary
    assert notes.verdict("OUT").summary == (
        "OUT: clean as far as it was looked at; held in part: 3"
    )
    notes.skip("1a", "nothing was given")
    assert notes.verdict("OUT").summary == (
        "OUT: not checked: 1a; held in part: 3; nothing was found broken"
    )
    notes.find("3", "a", "b")
    assert not notes.verdict("OUT").ok
    assert notes.verdict("OUT").summary == "OUT: 1 finding; broken: 3"


def test_entries_that_were_met_are_found_in_full(tmp_path: Path) -> None:
    """DuckDB leaves out those that begin otherwise; it may leave too many, never too few."""
    values = [hashlib.md5(b"%d" % i).hexdigest() for i in range(2_000)]
    path = tmp_path / "lists.duckdb"
    add_lists(path, [Sent(tuple(("image_md5", value) for value in values))])
    with hold(path) as store:
        wanted, (entries, others) = read_entries(store, inner=True)
        assert not len(others)
        assert wanted.kinds == {"image_md5"} and len(entries) == 2_000
        for n in (0, 1, 700, 2_000):
            met = entries.slice(len(entries) - n)
            found = in_full(store, met, good_wins=True).exact.get("image_md5", {})
            wants = {*met.to_pylist()}
            assert {*found} == {v for v in values if prefixes(pa.array([v]))[0].as_py() in wants}
