"""The spellings of links: what they reach, and that the SQL makes the same."""

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import md5
from html import unescape
from pathlib import Path
from urllib.parse import unquote_to_bytes

import can_ada
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relaion import sqlset
from relaion.engine import Engine, connect
from relaion.links import FORMS, link_key
from relaion.links.spellings import _is_plain, spellings
from relaion.links.text import as_bytes
from tests.links_strategies import any_text, links, near_links, plain_pieces, variants
from tests.test_links_cases import Line, lines
from tests.test_links_key import real_links


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with connect(threads=1) as e:
        for name in ("link_macros", "spelling_macros"):
            e.run(sqlset.named(name))
        e.execute("create table link(n integer, url varchar)")
        yield e


def disagreements(engine: Engine, texts: list[str]) -> tuple[list[str], int]:
    """Texts that SQL spells otherwise than Python, and how many it spells at all."""
    engine.execute("delete from link")
    numbers = pa.array(range(len(texts)), pa.int32())
    engine.insert("link", pa.table({"n": numbers, "url": pa.array(texts, pa.string())}))
    engine.execute(
        "create or replace temp table ordinary as"
        " select n, url from link_bases('link') where not is_odd"
    )
    found: dict[int, list[tuple[str, bytes]]] = {}
    for n, form, spelling in engine.rows(
        "select n, spelling, text from link_spellings('ordinary')"
    ):
        found.setdefault(n, []).append((form, spelling.encode()))
    wrong = [texts[n] for n, given in found.items() if sorted(given) != sorted(spellings(texts[n]))]
    return wrong, len(found)


@pytest.mark.parametrize("line", list(lines("spellings.txt")), ids=lambda x: x.where)
def test_case(line: Line) -> None:
    found = spellings(line.above)
    if line.sign:
        form, _, text = line.text.partition(": ")
        assert ((form, as_bytes(text)) in found) == (line.sign == "+"), line.rule


def test_the_vector_of_threatexchange() -> None:
    """The one that python-threatexchange tests its `url_md5` with."""
    found = {
        md5(s).hexdigest(): form for form, s in spellings("https://www.facebook.com/?user=123")
    }
    assert found["e359430911fe80c2dd526d3cca21da30"] == "raw-bare"


@given(st.one_of(any_text, links))
@example("http://a.test/?;")
@example("http://[a/")
@example("//")
@example("https://www.&#38;%5C\xad")
def test_every_spelling_once_the_link_first(text: str) -> None:
    found = spellings(text)
    assert found[0] == ("raw", as_bytes(text))
    assert len({s for _, s in found}) == len(found)
    # a browser's form of the link with its entities too, and a key that is no variant
    assert max(Counter(form for form, _ in found).values()) <= 2
    assert {form for form, _ in found} <= set(FORMS)
    assert as_bytes(link_key(text)) in {s for _, s in found}


def in_full(text: str) -> list[tuple[str, bytes]]:
    """Spellings the long way, without the short cut for plain links."""
    with pytest.MonkeyPatch.context() as patch:
        # the package has a function of that name, which hides the module
        patch.setattr(sys.modules["relaion.links.spellings"], "_is_plain", lambda _: False)
        return spellings(text)


@given(st.one_of(links, near_links, plain_pieces))
@example("http://www.com/a")
@example("https://a-.b_c.test/.a/..b?c=&d=./e")
def test_the_short_cut_changes_nothing(text: str) -> None:
    assert spellings(text) == in_full(text)


def test_the_short_cut_serves_most_real_links_and_changes_none(shared_data: Path) -> None:
    found = real_links(shared_data)
    assert sum(map(_is_plain, found)) > 0.85 * len(found)
    assert all(spellings(text) == in_full(text) for text in found[::4])


@given(st.binary(max_size=40), st.sampled_from([b"%s", b"http://a.test/%s", b"http://%s.test/"]))
def test_bytes_never_raise(raw: bytes, frame: bytes) -> None:
    assert spellings(frame % raw)[0] == ("raw", frame % raw)


@given(near_links)
def test_bytes_and_text_agree(text: str) -> None:
    assert spellings(text.encode()) == spellings(text)


@given(st.lists(st.one_of(near_links, plain_pieces), min_size=1, max_size=40))
@example(["http://a.test/%2C", "http://a.test/%2c%2C", "http://A.test/x", "http://a.test"])
@example(["http://a.test/x/?q", "http://a.test/x//y?q=//", "http://a.test/x&amp;?a", "http://a.b"])
@example(
    ["http://www.test/x", "http://www.www.a.test/x", "http://www.a.test/X/", "http://a.test//"]
)
@example(["http://a.test/%C3%89", "http://a.test/%CE%A3", "http://a.test/%E9", "http://a.test/%3F"])
@example(
    ["http%3A%2F%2Fa.test/x", "http:%2F%2Fa.test/x", "http://a.test%2Fb/x", "http://a&amp;b.c/"]
)
@example(["http://a.test/'?x", "http://a.test/x?'", "http://a.test/[1]|", "http://a.test/^{x}"])
@example(
    ["http://a.test/x?a&amp;", "http://a.test/x?&", "http://a.test/%26amp;", "http://a.test/;"]
)
def test_sql_spells_as_python(engine: Engine, texts: list[str]) -> None:
    assert disagreements(engine, texts)[0] == []


@given(links, st.sampled_from(sorted(variants)))
def test_sql_spells_variants_as_python(engine: Engine, link: str, name: str) -> None:
    assert disagreements(engine, [link, variants[name](link)])[0] == []


def test_sql_undoes_escaped_escapes(engine: Engine) -> None:
    """A link through two programs holds `%2520`; what they spell that SQL does not know is odd."""
    known = ["x%2520y", "X%25252C%252Cc%2b", "%252Fx/?q=%2520%2526", "%255B4%255D.jpg?w=1&amp;h=2"]
    texts = [f"http://www.a.test/{rest}" for rest in known]
    assert disagreements(engine, texts) == ([], len(texts))
    odd = ["%2541", "%253F", "%25c3%25a9", "x%2520%252c", "%25", "%2525", "%253B", "a%252Ftail;"]
    assert disagreements(engine, [f"http://a.test/{text}" for text in odd]) == ([], 0)


@pytest.mark.slow
def test_sql_spells_real_links_as_python(engine: Engine, shared_data: Path) -> None:
    """All but one in fifty."""
    texts = real_links(shared_data)
    wrong, judged = disagreements(engine, texts)
    assert wrong == []
    assert judged > 0.98 * len(texts)


def test_null_has_no_spelling(engine: Engine) -> None:
    engine.execute("create or replace temp view one as select null::varchar as url")
    assert engine.rows("from link_bases('one')") == []
    assert engine.rows("from link_spellings('one')") == []


def _unescaped(url: str) -> str:
    return re.sub("&#?[0-9A-Za-z]+;", lambda m: unescape(m[0]), url)


GIVERS: dict[str, tuple[Callable[[str], str | bytes], float]] = {
    "as it stands": (lambda u: u, 1),
    "other scheme": (
        lambda u: u.replace("http", "https", 1) if u[4] != "s" else u.replace("https", "http", 1), 1
    ),
    "no scheme": (lambda u: u.partition("://")[2], 1),
    "www. cut off": (lambda u: u.replace("://www.", "://", 1), 0.999),
    "ThreatExchange": (lambda u: u.lower().partition("://")[2], 1),
    "browser's href": (lambda u: str(can_ada.parse(u).href), 1),
    "entities undone": (_unescaped, 1),
    "escapes undone": (lambda u: unquote_to_bytes(_unescaped(u)), 1),
    "lower-case hex": (
        lambda u: re.sub("%[0-9A-Fa-f]{2}", lambda m: m[0].lower(), _unescaped(u)), 1
    ),
    "entities escaped": (lambda u: u if "&amp;" in u else u.replace("&", "&amp;"), 0.94),
    "link key": (link_key, 1),
    "link key with https": (lambda u: f"https://{link_key(u)}", 0.99),
}  # fmt: skip
"""How a giver may write a link before hashing it, and the share of real links found at least."""


@pytest.mark.parametrize("giver", sorted(GIVERS))
def test_reach_on_real_links(giver: str, shared_data: Path) -> None:
    table = pq.read_table(shared_data / "real" / "laion400m_10000.parquet", columns=["URL"])
    texts = [u for u in table.column(0).to_pylist() if u.startswith("http")][::3]
    write, floor = GIVERS[giver]
    hashed = [as_bytes(w) if isinstance(w := write(u), str) else w for u in texts]
    reached = sum(h in {s for _, s in spellings(u)} for u, h in zip(texts, hashed, strict=True))
    assert reached / len(texts) >= floor
