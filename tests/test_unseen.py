"""What counts as invisible, against what this Python knows of Unicode; links that end in it."""

import re
import unicodedata
from collections.abc import Iterator
from hashlib import md5

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relaion import sqlset
from relaion.engine import Engine, connect
from relaion.links import clean_entry, entry_fault, link_key
from relaion.links.spellings import spellings
from relaion.links.text import IGNORABLE, UNSEEN, WHITE, trim
from relaion.lists.normalise import Tally
from relaion.lists.readers.format import Batch, Values
from tests.links_strategies import links

ALL = [*map(chr, range(0x110000))]
# the parts of Default_Ignorable_Code_Point that are no format characters, by their names
_OTHER_IGNORABLE = re.compile("VARIATION SELECTOR|GRAPHEME JOINER|HANGUL .*FILLER|VOWEL INHERENT")
# format characters that are not ignorable: numbers' signs, interlinear marks, hieroglyphs
_SEEN_FORMAT = re.compile("(?:ARABIC (?!LETTER)|SYRIAC|KAITHI|INTERLINEAR|EGYPTIAN)")
_RESERVED = {0x2065, *range(0xFFF0, 0xFFF9), *range(0xE0000, 0xE1000)}
LINK = "https://pictures.example/dir/a.jpg"
around = st.text(st.sampled_from(sorted(UNSEEN)), max_size=4)


def is_unassigned(letter: str) -> bool:
    return unicodedata.category(letter) == "Cn"


def test_the_table_is_what_the_properties_say() -> None:
    by_category = {c for c in ALL if unicodedata.category(c) in ("Cc", "Cf", "Zs", "Zl", "Zp")}
    ignorable = {
        c
        for c in ALL
        if _OTHER_IGNORABLE.search(unicodedata.name(c, ""))
        or (unicodedata.category(c) == "Cf" and not _SEEN_FORMAT.match(unicodedata.name(c, "")))
    }
    assert {c for c in IGNORABLE if not is_unassigned(c)} == ignorable
    assert {ord(c) for c in IGNORABLE if is_unassigned(c)} <= _RESERVED
    assert {chr(c) for c in _RESERVED} <= IGNORABLE
    # isspace() counts four separators of old tables, which Unicode does not
    assert {c for c in ALL if c.isspace()} - set("\x1c\x1d\x1e\x1f") == WHITE
    assert by_category <= UNSEEN
    assert {c for c in UNSEEN - IGNORABLE if not is_unassigned(c)} <= by_category


def test_every_invisible_character_is_cut_at_both_ends_of_a_link() -> None:
    key = link_key(LINK)
    assert {c for c in UNSEEN if link_key(f"{c}{LINK}{c}") != key} == set()
    assert {c for c in UNSEEN if link_key(f"{c}{LINK}{c}".encode()) != key} == set()
    assert {c for c in UNSEEN if clean_entry(f"{c}{LINK}{c}") != LINK} == set()
    assert {c for c in UNSEEN if entry_fault(c)} == UNSEEN
    kept = [c for c in "aé\u200a\u0301茶\u2800\ufffd\ufffe\U0010ffff" if c not in UNSEEN]
    assert [c for c in kept if trim(c) != c] == []


@given(links, around, around)
def test_a_key_knows_no_invisible_ends(link: str, before: str, after: str) -> None:
    assert link_key(f"{before}{link}{after}") == link_key(link)


@given(links, around, around)
def test_the_trimmed_link_is_among_the_spellings(link: str, before: str, after: str) -> None:
    found = {text for _, text in spellings(f"{before}{link}{after}")}
    assert {text for _, text in spellings(trim(link))} <= found


def test_a_giver_who_hashed_the_trimmed_link_is_reached_under_a_name_of_its_own() -> None:
    """With an umlaut and a blank within: browsers and keys write those otherwise."""
    found = {text: form for form, text in spellings("\u200ehttp://a.test/ä b.jpg\u00ad")}
    assert found["http://a.test/ä b.jpg".encode()] == "trimmed"
    assert found["https://a.test/ä b.jpg".encode()] == "trimmed-swapped"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with connect(threads=1) as engine:
        engine.run(sqlset.named("link_macros"))
        engine.run(sqlset.named("spelling_macros"))
        yield engine


def test_sql_never_vouches_for_a_link_with_such_an_end(engine: Engine) -> None:
    places = (LINK, "http://a.test/", "http://a.test", "http://a.test/x?b=c")
    texts = [t for u in places for c in sorted(UNSEEN - {"\0"}) for t in (f"{u}{c}", f"{c}{u}")]
    engine.execute("create or replace temp table ends (u varchar)")
    engine.insert("ends", pa.table({"u": texts}))
    count = "select count(*) from ends where "
    assert engine.rows(count + "link_is_canonical(u)") == [(0,)]
    engine.execute("create or replace temp view links as select u as url from ends")
    assert engine.rows("select count(*) from link_bases('links') where not is_odd") == [(0,)]
    # the host alone is known where a slash ends it
    assert engine.rows(count + "not link_is_odd_host(u) and link_host(u) <> 'a.test'") == [
        (len([t for t in texts if t.startswith(LINK)]),)
    ]


def test_every_invisible_character_is_cut_at_both_ends_of_a_digest() -> None:
    digest = md5(b"x").hexdigest()
    for value in (digest, digest.upper(), "ndTkYSaMgDT1yFZOFVxnpg=="):
        values = [f"{c}{value}{c}" for c in sorted(UNSEEN)]
        tally = Tally()
        entries = tally.take(Batch(len(values), (Values(("image_md5",), values),)), 0).entries
        assert not tally.skipped
        assert sum(map(len, entries["image_md5"].digests)) == len(UNSEEN)
