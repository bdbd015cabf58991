"""Which links lead to one thing: the same that lists may name, and no junk."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relaion.links import can_spread, clean_entry, key_can_spread, link_key, names_part
from relaion.links.entries import entry_fault
from tests.links_strategies import any_text, hostile_batches, links, variants

JUNK = [
    *("", " ", "None", "nan", "NaN", "null", "N/A", "n/a", "-", "#", "/", "//", "///", ".", "..."),
    *("?", "http://", "https://", "http:///", "https://?", "http://#", "http:", "http://."),
    *("http://.../", "http://.../a.jpg", "http://…/a.jpg", "/images/a.jpg", "images/a.jpg"),
    *("a.jpg", "http:///a.jpg", "http://localhost/", "http://localhost/a.jpg", "//cdn/a.jpg"),
    *("http://0.0.0.0/", "0.0.0.0", "http://example.com", "http://example.com/", "[::1]"),
    *("http://example.com/?", "example.com:8080/", "https://www.example.com/#top", "http://[::1]/"),
    *("http://example.com/#!/a", "http://example.com/page#!/1", "http://example.com/page&#35;!/1"),
    *("http%3A%2F%2Fexample.com%2Fpage%23!1", "data:image/png;base64,AAAA", "data:,"),
    *("about:blank", "javascript:void(0)", "mailto:a@b.test", "file:///C:/a.jpg", "undefined"),
    *("blob:http://a.test/1", "http://*/a.jpg", "http://%00.test/a.jpg", "a b", "http://%s/a.jpg"),
    *("http://undefined/a.jpg", "http://a<b.test/x", "\x00", "\udcff"),
]
ONE_THING = [
    *("http://example.com/a", "https://www.example.com/?x", "example.com/a.jpg", "//example.com/a"),
    *("http://192.0.2.7/a.jpg", "http://[2001:db8::1]:8080/a", "ftp://example.com/a", "é.test/a"),
    *("http://example.com/a#top", "http://example.com/a?b#c!", "http://example.com/%23!", "a.b/c"),
]


@pytest.mark.parametrize("text", JUNK)
def test_junk_does_not_spread(text: str) -> None:
    assert not can_spread(text)


@pytest.mark.parametrize("text", ONE_THING)
def test_what_leads_to_one_thing_does(text: str) -> None:
    assert can_spread(text)


def taken(text: str) -> bool:
    """Whether `lists add` takes a text for a link, once it was found on its line."""
    return entry_fault(text) is None


def agrees(text: str) -> bool:
    """Whether a text spreads where a list could name it, read as it stands."""
    return clean_entry(text) != text or can_spread(text) == taken(text)


@given(st.one_of(any_text, links, st.sampled_from(JUNK)))
def test_what_spreads_is_what_a_list_may_name(text: str) -> None:
    assert agrees(text)


@settings(max_examples=10)
@given(hostile_batches)
def test_hostile_links_spread_where_a_list_may_name_them(texts: list[str]) -> None:
    assert [text for text in texts if not agrees(text)] == []


@given(links, st.sampled_from(sorted(variants)))
def test_all_spellings_spread_or_none(link: str, name: str) -> None:
    """The key decides, but for `#!`."""
    assert can_spread(link) == key_can_spread(link_key(link))
    assert can_spread(variants[name](link)) == can_spread(link)


@given(any_text)
def test_only_a_fragment_tells_a_part_from_its_page(text: str) -> None:
    if names_part(text):
        assert not can_spread(text)
        assert "#" in text or "%" in text or "&" in text
    else:
        assert can_spread(text) == key_can_spread(link_key(text))
