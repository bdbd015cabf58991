"""What is read in haste, by what is known of records before it, is what is read with care."""

import io
import json
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relaion.errors import ListError
from relaion.lists.marks import PLAIN_HOST, STRUCK, without_sign
from relaion.lists.readers.documents.document import ListDocument
from relaion.lists.readers.documents.field_tree import DEEPEST, FieldTree
from relaion.lists.readers.documents.json_pieces import pieces, text_of
from relaion.lists.readers.documents.json_rows import JsonRows
from relaion.lists.readers.documents.json_text import objects
from relaion.lists.readers.format import ANY, LINK_KINDS, Options
from relaion.lists.readers.lines.line import LinkBeside, read_line
from relaion.lists.values import read_plain_link, read_value
from tests.list_samples import read_list

# -- Values, whole in a block or not ---------------------------------------------------------------

_NAMES = st.sampled_from(["Event", "attribute", "Attribute", "type", "md5", "a", "B", "isDeleted"])
_SCALARS = (
    st.none() | st.booleans() | st.integers(-9, 99) | st.sampled_from(["", "x", "ü", '"\\{['])
)
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_NAMES, inner, max_size=4)
)


class _Blocks(io.RawIOBase):
    """Bytes in blocks of a size."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data, self._size = io.BytesIO(data), size

    def read(self, size: int = -1) -> bytes:
        return self._data.read(self._size)


def _document(text: str, size: int = 1 << 20) -> ListDocument:
    return ListDocument(
        "list.json", text, lambda: cast(BinaryIO, _Blocks(text.encode("utf-8"), size))
    )


@given(st.lists(_VALUES, max_size=6), st.sampled_from(["\n", " ", "\r\n\n"]), st.integers(1, 40))
def test_values_behind_each_other_are_the_same_in_blocks_of_any_size(
    values: list[Any], between: str, size: int
) -> None:
    text = between.join(map(json.dumps, values))
    assert [*objects(_document(text, size), "")] == values == [*objects(_document(text), "")]


@given(st.lists(_VALUES, max_size=6), st.sampled_from([None, 1]), st.integers(1, 40))
def test_elements_are_the_same_in_blocks_of_any_size(
    values: list[Any], indent: int | None, size: int
) -> None:
    text = json.dumps(values, indent=indent)
    assert (
        [*objects(_document(text, size), "item")] == values == [*objects(_document(text), "item")]
    )


def _parts(text: str, size: int) -> list[Any] | str:
    found: list[Any] = []
    try:
        for some in pieces(_document(text, size), {"event"}, {"attribute"}):
            found += [
                (some.names, number, some.owner, value)
                for number, value in enumerate(some.values, some.number)
            ]
    except ListError as e:
        return str(e)
    return found


@given(st.lists(_VALUES, min_size=1, max_size=3), st.sampled_from([None, 1]), st.integers(1, 40))
def test_pieces_are_the_same_in_blocks_of_any_size(
    values: list[Any], indent: int | None, size: int
) -> None:
    text = "\n".join(json.dumps(value, indent=indent) for value in values)
    assert _parts(text, size) == _parts(text, 1 << 20)


def test_what_stands_before_an_error_is_read_first() -> None:
    found = iter(objects(_document('[{"a": 1}, {"b": 1, "b": 2}]'), "item"))
    assert next(found) == {"a": 1}
    with pytest.raises(ListError, match="same name twice"):
        next(found)


# -- Fields by their places ------------------------------------------------------------------------


def _words(
    held: Any, path: tuple[str, ...], depth: int, found: dict[str, list[str]]
) -> dict[str, list[str]]:
    """Each word by its path, as a walk that keeps nothing finds it."""
    assert depth <= DEEPEST
    inside = path[-1:] == ("B",)  # whose objects speak by their names
    if isinstance(held, dict):
        for name, each in held.items():
            if name == "a":
                continue
            if inside:
                found.setdefault("/".join(path), []).append(name)
            way = path if inside or name == "type" else (*path, name)
            _words(each, way, depth + 1, found)
    elif isinstance(held, list):
        for each in held:
            _words(each, path, depth + 1, found)
    elif held is not None and path:
        found.setdefault("/".join(path), []).append(text_of(held))
    return found


@given(st.lists(st.dictionaries(_NAMES, _VALUES, max_size=5), max_size=5))
def test_words_are_found_wherever_they_stand(records: list[dict[str, Any]]) -> None:
    tree = FieldTree(
        "/".join, "a list", passed=("type",), keyed=("B",), left=("a",)
    )  # fmt: skip
    for record in records:
        try:
            told = _words(record, (), 0, {})
        except AssertionError:
            with pytest.raises(ListError, match="deep in each other"):
                tree.words(record)
            continue
        assert tree.words(record) == told


# -- Objects as rows -------------------------------------------------------------------------------

_D = "00112233445566778899aabbccddeeff"
_TEXTS = st.sampled_from(["", "x", _D, "https://pictures.example/one.jpg", "removed"])
_LEAVES = _TEXTS | st.none() | st.booleans() | st.integers(0, 9) | st.lists(_TEXTS, max_size=2)
_FIELDS = st.sampled_from(["md5", "status", "url", "tags", "MD5", "file"])
_OBJECTS = st.dictionaries(
    _FIELDS,
    _LEAVES | st.dictionaries(_FIELDS, _LEAVES, max_size=2)
    | st.lists(st.dictionaries(_FIELDS, _TEXTS, max_size=2), max_size=2),
    max_size=4,
)  # fmt: skip


def _rows(records: list[dict[str, Any]], ignored: frozenset[str], *, again: bool) -> Any:
    """The rows of objects: of rows that know them from before, or each by new ones."""
    options, known = Options(ignore=ignored), JsonRows(Options(ignore=ignored))
    try:
        for record in records:
            known.meet(record)
        if again:
            return known.columns, [*known.cells(records, [*known.columns])]
        told: list[Mapping[str, str]] = []
        for record in records:
            told += JsonRows(options, dict(known.fields)).rows(record)
    except ListError as e:
        return str(e)
    return known.columns, [[row.get(key, "") for key in known.columns] for row in told]


_ALIKE = st.fixed_dictionaries(
    {"md5": _TEXTS, "tags": _LEAVES | st.dictionaries(_FIELDS, _TEXTS, max_size=2)}
)


@given(
    st.lists(_OBJECTS, max_size=5) | st.lists(_ALIKE, max_size=5),
    st.sampled_from([frozenset(), frozenset({"file"})]),
)
def test_rows_of_objects_that_are_alike_are_those_of_each(
    records: list[dict[str, Any]], ignored: frozenset[str]
) -> None:
    assert _rows(records, ignored, again=True) == _rows(records, ignored, again=False)


# -- Links -----------------------------------------------------------------------------------------

_HOSTS = (
    "a.example",
    "www.a.example",
    "xn--a.example",
    "github.io",
    "1.2.3.4",
    "a-.example",
    "a.c",
)
_PARTS = ("a", "b.jpg", "..", ".", "removed", _D, "a.", "-", "www.a.example", "feed.", "%41", "@b")
_QUERIES = ("", "?a=1", "?a=1&b=2", "?a=1&lt=2", "?num&excl", "?a=", "?a=b.", "?", "?u=http", "?=")
_LINKS = st.builds(
    lambda scheme, host, parts, end: f"{scheme}://{host}{''.join(parts)}{end}",
    st.sampled_from(["http", "https", "hxxp"]), st.sampled_from(_HOSTS),
    st.lists(st.sampled_from(_PARTS).map("/{}".format), max_size=4), st.sampled_from(_QUERIES),
)  # fmt: skip


@example("https://a.example/feed.")
@example("https://a.example/b?a=b.")
@given(_LINKS | st.text(max_size=20).map("https://a.example/{}".format))
def test_a_plain_link_is_what_a_closer_look_finds(link: str) -> None:
    entry = read_plain_link(link)
    if entry is None:
        return
    line = read_line(link)
    assert line is not None
    assert line.links == (link,)
    assert not (PLAIN_HOST.fullmatch(link) or STRUCK.fullmatch(link))
    for minus_removes in (False, True):
        beside = LinkBeside(minus_removes=minus_removes)
        assert without_sign(link, ANY, beside) == link
    assert {read_value(link, kinds) for kinds in (ANY, LINK_KINDS, ("url",))} == {entry}


def test_most_links_are_plain() -> None:
    for link in ("https://pictures.example/a/1.jpg", "http://a.b.example/x?id=1&y=z"):
        assert read_plain_link(link)


# -- Files of many records -------------------------------------------------------------------------


def _lines() -> Iterator[str]:
    for i in range(1, 4501):
        beside = {"note": "removed"} if i == 4400 else {}
        yield json.dumps({"md5": f"{i:032x}"[::-1], "status": "active"} | beside)


def test_a_record_that_is_unlike_all_before_it_is_looked_at() -> None:
    read = read_list("\n".join(_lines()).encode(), "list.jsonl")
    assert read.refused is None
    assert len(read.entries) == 4499
    assert ("image_md5", f"{4400:032x}"[::-1]) not in read.entries
