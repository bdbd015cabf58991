"""Hash sharing of NCMEC, compared with a plain model of it, cut, spoilt and made to exhaust."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from relaion.engine import connect
from relaion.errors import ListError
from relaion.lists import store
from relaion.lists.readers.documents import xml_text
from tests.list_samples import read_list

_SPACE = "https://hashsharing.ncmec.org/hashsharing/v2"

# -- Pages as the model says them ------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """One element of a page; `second` is its timestamp, None where it has none."""

    kind: str
    member: int
    giver_id: int
    second: int | None
    digest: int


@dataclass(frozen=True)
class Style:
    """How a page is written, which changes nothing of what it says."""

    prefix: str
    change: str
    encoding: str
    seed: int
    indent: bool


_ENTRIES = st.builds(
    Entry,
    st.sampled_from(["image", "image", "image", "deletedImage", "video", "deletedVideo"]),
    st.integers(1, 2),
    st.integers(1, 4),
    st.none() | st.integers(0, 5),
    st.integers(0, 9),
)
_STYLES = st.builds(
    Style,
    st.sampled_from(["", "h", "ns2"]),
    st.sampled_from(["", "upper", "lower"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.integers(0, 99),
    st.booleans(),
)


def _digest(entry: Entry) -> str:
    """A digest for each number, never one of what nobody lists."""
    return f"00112233445566778899aabbccddee{entry.digest:02x}"


def _named(name: str, style: Style) -> str:
    told = getattr(name, style.change)() if style.change else name
    return f"{style.prefix}:{told}" if style.prefix else told


def _element(name: str, text: str, style: Style, attributes: str = "") -> str:
    bare = _named(name, style)
    return f"<{bare}{attributes}>{text}</{bare}>"


def _entry(entry: Entry, style: Style) -> str:
    parts = [
        _element("member", "An example", style, f" id={quoteattr(str(entry.member))}"),
        _element("id", escape(str(entry.giver_id)), style),
    ]
    if entry.second is not None:
        parts.append(_element("timestamp", f"2024-03-19T10:00:0{entry.second}Z", style))
    if not entry.kind.startswith("deleted"):
        parts.append(_element("fingerprints", _element("md5", _digest(entry), style), style))
    random.Random(style.seed).shuffle(parts)
    return _element(entry.kind, ("\n  " if style.indent else "").join(parts), style)


def _page(entries: Sequence[Entry], style: Style) -> bytes:
    groups = []
    for name, kind in (("images", "image"), ("videos", "video")):
        held = [_entry(e, style) for e in entries if kind in e.kind.casefold()]
        groups.append(_element(name, "".join(held), style))
    space = f" xmlns{':' * bool(style.prefix)}{style.prefix}={quoteattr(_SPACE)}"
    return _element("queryResult", "".join(groups), style, space).encode(style.encoding)


def _listed(pages: Sequence[Sequence[Entry]]) -> set[str]:
    """What is listed: what no deletion takes back that stands behind it, or is newer than it."""
    every = [entry for page in pages for entry in page if "image" in entry.kind.casefold()]
    found = set()
    for at, entry in enumerate(every):
        of_it = [
            (where, other) for where, other in enumerate(every)
            if other.kind == "deletedImage"
            and (other.member, other.giver_id) == (entry.member, entry.giver_id)
        ]  # fmt: skip
        if entry.kind == "image" and not any(_is_out(at, entry, *other) for other in of_it):
            found.add(_digest(entry))
    return found


def _is_out(at: int, entry: Entry, where: int, deletion: Entry) -> bool:
    is_newer = None not in (entry.second, deletion.second) and deletion.second > entry.second  # type: ignore[operator]
    return where > at or is_newer


@pytest.mark.slow
@settings(phases=[Phase.explicit, Phase.generate])  # each example makes a store
@given(st.lists(st.tuples(st.lists(_ENTRIES, max_size=8), _STYLES), min_size=1, max_size=3))
def test_what_pages_list_is_what_a_plain_model_says(
    tmp_path_factory: pytest.TempPathFactory, told: list[tuple[list[Entry], Style]]
) -> None:
    folder = tmp_path_factory.mktemp("pages")
    files = []
    for number, (entries, style) in enumerate(told):
        files.append(folder / f"page{number}.xml")
        files[-1].write_bytes(_page(entries, style))
    expected = _listed([entries for entries, _ in told])
    lists = folder / "lists.duckdb"
    if not expected:
        with pytest.raises(ListError):
            store.add(lists, files, source="A partner")
        return
    store.add(lists, files, source="A partner")
    with connect(lists, read_only=True) as engine:
        held = engine.rows("select kind, digest from entries")
    assert {*held} == {("image_md5", digest) for digest in expected}


@given(st.lists(_ENTRIES, min_size=1, max_size=8), _STYLES)
def test_how_a_page_is_written_changes_nothing(entries: list[Entry], style: Style) -> None:
    plain = read_list(_page(entries, Style("", "", "utf-8", 0, indent=False)), "page.xml")
    outcome = read_list(_page(entries, style), "page.xml")
    assert (outcome.entries, outcome.skipped) == (plain.entries, plain.skipped)
    assert (outcome.refused is None) == (plain.refused is None)


# -- Files that are spoilt -------------------------------------------------------------------------

_WHOLE = _page(
    [Entry("image", 1, n, n, n) for n in range(1, 4)] + [Entry("video", 1, 9, 1, 9)],
    Style("", "", "utf-8", 1, indent=True),
)


def _refused(data: bytes) -> str:
    outcome = read_list(data, "page.xml")
    assert outcome.refused is not None
    assert "\n" not in outcome.refused
    assert "00112233445566778899aabb" not in outcome.refused
    return outcome.refused


def test_a_page_that_is_cut_is_refused() -> None:
    assert len(read_list(_WHOLE, "page.xml").entries) == 3
    for at in range(1, len(_WHOLE), 29):
        _refused(_WHOLE[:at])


@pytest.mark.slow
def test_a_page_that_is_cut_anywhere_is_refused() -> None:
    for at in range(1, len(_WHOLE)):
        _refused(_WHOLE[:at])


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (f'<queryResult xmlns="{_SPACE}">' + "<a>" * 100_000, "deep in each other"),
        (f'<queryResult xmlns="{_SPACE}"><images>' + "x" * 9_000_000, "more than 1 MB of text"),
        (f'<queryResult xmlns="{_SPACE}"><a b="' + "x" * 10_000_000, "longer than 8 MB"),
        ("<?xml version='1.0'?><!DOCTYPE queryResult SYSTEM 'file:///etc/hostname'>"
         f'<queryResult xmlns="{_SPACE}">&a;</queryResult>', "DOCTYPE"),
        (f'<queryResult xmlns="{_SPACE}"><images>'
         + "".join(f"<a{n}/>" for n in range(5000)), "holds entries of a kind a0"),
        (f'<queryResult xmlns="{_SPACE}"><images><image>'
         + "".join(f"<a{n}/>" for n in range(5000)), "different names"),
    ],
    ids=["depth", "text", "tag", "external entity", "kinds", "names"],
)  # fmt: skip
def test_what_would_exhaust_its_reader_is_refused(data: str, says: str) -> None:
    assert says in _refused(data.encode())


def test_a_long_comment_is_nothing() -> None:
    data = _WHOLE.replace(b">", b"><!--" + b"x" * 5_000_000 + b"-->", 1)
    assert len(read_list(data, "page.xml").entries) == 3


def test_the_root_is_known_without_its_rest() -> None:
    assert xml_text.root_of(_WHOLE.decode()[:80]) == (_SPACE, "queryResult")
    assert xml_text.root_of("no <b>xml</b>") is None
    assert xml_text.root_of("<a") is None


def _spoilt(data: bytes, rng: random.Random) -> bytes:
    """Some bytes of a page changed, left out, doubled or moved."""
    held = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at, n = rng.randrange(len(held)), rng.randint(1, 12)
        match rng.randrange(4):
            case 0:
                held[at] = rng.randrange(256)
            case 1:
                del held[at : at + n]
            case 2:
                held[at:at] = held[at : at + n]
            case _:
                to = rng.randrange(len(held))
                held[to:to] = held[at : at + n]
        if not held:
            break
    return bytes(held)


def _fuzz(seeds: range) -> None:
    """Nothing but a refusal, and nothing of a video."""
    for seed in seeds:
        outcome = read_list(_spoilt(_WHOLE, random.Random(seed)), "page.xml")
        if outcome.refused is not None:
            assert "\n" not in outcome.refused
            assert "00112233445566778899aabb" not in outcome.refused
        elif b"video" in _WHOLE:
            assert ("image_md5", _digest(Entry("video", 1, 9, 1, 9))) not in outcome.entries


def test_a_page_that_is_spoilt_is_refused_or_read() -> None:
    _fuzz(range(150))


@pytest.mark.slow
def test_pages_that_are_spoilt_are_refused_or_read() -> None:
    _fuzz(range(150, 4_000))


def test_the_name_of_a_file_is_heeded(tmp_path: Path) -> None:
    path = tmp_path / "removed.xml"
    path.write_bytes(_WHOLE)
    with pytest.raises(ListError, match="the file's name says"):
        store.add(tmp_path / "lists.duckdb", [path], source="A partner")
