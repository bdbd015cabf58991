"""The JSON layer: every value or one clear line, whatever the blocks in which a file comes."""

import io
import json
import tracemalloc
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relaion.errors import ListError
from relaion.lists.readers.documents.document import ListDocument
from relaion.lists.readers.documents.json_text import LARGEST, JsonReader, objects


class _Few(io.RawIOBase):
    """Bytes of which each call brings a few."""

    def __init__(self, data: bytes, at_once: int) -> None:
        self._data, self._at_once = io.BytesIO(data), at_once

    def read(self, size: int = -1) -> bytes:
        return self._data.read(self._at_once)


def _document(data: bytes, at_once: int = 1 << 20) -> ListDocument:
    return ListDocument("list.json", "", lambda: cast(BinaryIO, _Few(data, at_once)))


def _read(data: bytes | str, place: str = "", at_once: int = 1 << 20) -> list[Any]:
    return [*objects(_document(data.encode() if isinstance(data, str) else data, at_once), place)]


def _refusal(data: bytes | str, place: str = "", at_once: int = 1 << 20) -> str:
    with pytest.raises(ListError) as caught:
        _read(data, place, at_once)
    assert "\n" not in str(caught.value)
    return str(caught.value)


_NAMES = st.sampled_from(["value", "item", "Media", "md5", "a.b", "", "ü", 'q"\\']) | st.text()
_SCALARS = (
    st.none() | st.booleans() | st.integers() | st.text()
    | st.decimals(allow_nan=False, allow_infinity=False, places=3).map(float)
)  # fmt: skip
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_NAMES, inner, max_size=4)
)


def _plain(value: Any) -> Any:
    """Numbers alike, however a parser gives them."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return Decimal(str(value)) if isinstance(value, (float, Decimal)) else value


@given(
    values=st.lists(_VALUES, min_size=1, max_size=3),
    place=st.sampled_from(["", "item", "value.item", "value", "item.md5", "value.item.Media.item"]),
    indent=st.sampled_from([None, 1]),
    is_ascii=st.booleans(),
    at_once=st.integers(1, 40),
)
def test_all_that_stands_at_a_place(
    values: list[Any], place: str, indent: int | None, is_ascii: bool, at_once: int
) -> None:
    text = "\n".join(json.dumps(v, indent=indent, ensure_ascii=is_ascii) for v in values)
    path = place.split(".") if place else []
    assert _plain(_read(text, place, at_once)) == _plain([x for v in values for x in _at(v, path)])


def _at(value: Any, path: list[str]) -> list[Any]:
    if not path:
        return [value]
    if isinstance(value, list) and path[0] == "item":
        return [found for each in value for found in _at(each, path[1:])]
    is_there = isinstance(value, dict) and path[0] in value
    return _at(value[path[0]], path[1:]) if is_there else []


_WHOLE = '{"a": [1, {"b": "x\\"y"}], "value": [{"md5": "é", "n": -1.5e3}, {"c": [[], {}]}, true]}'


@pytest.mark.parametrize("place", ["", "value.item", "none"])
@pytest.mark.parametrize("at_once", [3, 1 << 20])
def test_a_file_that_is_cut_is_refused(place: str, at_once: int) -> None:
    data = _WHOLE.encode()
    for at in range(1, len(data)):
        assert "cut off" in _refusal(data[:at], place, at_once)


@pytest.mark.parametrize("at_once", [1, 7, 1 << 20])
@pytest.mark.parametrize(
    "wrong",
    [
        '{"a": 1,}', "[1,]", "[1 2]", '{"a" 1}', "{'a': 1}", "{a: 1}", '{"a": 01}', "[1] x",
        '["a\tb"]', '["a\0b"]', '["\\x41"]', "// said\n[1]", "var x = [1];", '{"a": 1}, {"a": 2}',
        "[1]]", '[1, /* said */ 2]', "[undefined]", "[+1]", "[.5]", "{1: 2}",
        "[" + "9" * 5000 + "]",
    ],
)  # fmt: skip
def test_what_is_no_json_is_refused(wrong: str, at_once: int) -> None:
    for place in ("", "item", "value.item"):
        said = _refusal(wrong + " " * 20, place, at_once)
        assert said.startswith("is no valid JSON (at about character ")


@pytest.mark.parametrize("at_once", [1, 1 << 20])
@pytest.mark.parametrize(
    ("twice", "place"),
    [
        ('{"md5": "a", "md5": "b"}', ""),
        ('[{"x": {"status": 1, "status": 2}}]', "item"),
        ('{"value": [], "value": [{"md5": 1}]}', "value.item"),
        ('{"odata": 1, "value": [1], "odata": 2}', "value.item"),
        ('{"a": 1, "\\u0061": 2}', ""),
    ],
)
def test_a_name_that_stands_twice_is_refused(twice: str, place: str, at_once: int) -> None:
    assert "gives the same name twice" in _refusal(twice, place, at_once)


def test_several_values_one_after_another() -> None:
    assert _read('{"a": 1}\n{"a": 2}\r\n\n {"a": 3}[4]"5"6') == [
        {"a": 1}, {"a": 2}, {"a": 3}, [4], "5", 6,
    ]  # fmt: skip
    assert _read("") == _read(" \n") == []


def test_numbers_stay_as_they_are() -> None:
    found = _read("[1, 1.50, 12345678901234567890, 1E400, -0.0, 1e2]", "item", 1)
    assert [str(x) for x in found] == ["1", "1.50", "12345678901234567890", "1E+400", "-0.0",
                                      "1E+2"]  # fmt: skip


def test_no_number_is_nothing() -> None:
    assert _read("[NaN, Infinity, -Infinity]", "item", 1) == [None] * 3


def test_half_a_character_and_bytes_that_are_no_utf8() -> None:
    assert _read('["\\ud83d\\ude00", "\\ud83d", {"\\udfff": ["\\uDBFF x"]}]') == [
        ["\U0001f600", "\ufffd", {"\ufffd": ["\ufffd x"]}]
    ]
    assert _read(b'["caf\xe9"]', "item") == [b"caf\xe9".decode("utf-8", "surrogateescape")]


@pytest.mark.parametrize("place", ["", "item", "value.item", "a"])
@pytest.mark.parametrize("start", ["[", '{"a":', '[{"a":', '{"value":[[', '{"x": {"y": [['])
def test_what_is_nested_deeply_is_refused_at_once(start: str, place: str) -> None:
    assert "nested more than 64 deep" in _refusal(start * 200_000, place)
    whole = start * 40 + "0" + "".join("]" if c == "[" else "}" for c in reversed(start * 40)
                                       if c in "[{")  # fmt: skip
    if (start * 40).count("[") + (start * 40).count("{") > 64:
        assert "nested" in _refusal(f'{{"value": [{whole}]}}', "value.item")


def _peak(rows: Iterator[Any]) -> int:
    tracemalloc.start()
    try:
        for _ in rows:
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_a_file_takes_the_memory_of_a_record() -> None:
    record = '{"md5": "0123456789abcdef0123456789abcdef", "a": [1, 2, 3]}'
    half = ", ".join([record] * 50_000)
    data = f'{{"first": [{half}], "value": [{half}], "last": {{"x": [{half}]}}}}'.encode()
    assert len(data) > 8_000_000
    assert _peak(objects(_document(data), "value.item")) < 10_000_000


def test_a_long_text_is_read_and_a_longer_record_refused() -> None:
    assert len(_read('["' + "x" * 10_000_000 + '"]', "item")[0]) == 10_000_000
    said = _refusal('[{"a": "' + "x" * (LARGEST + 2_000_000) + '"}]', "item")
    assert "longer than 16 million characters" in said


def test_a_place_in_a_json() -> None:
    reader = JsonReader(cast(BinaryIO, io.BytesIO(b'\xef\xbb\xbf{"a": [1, {"b": 2}], "c": "d"}')))
    told: list[Any] = []
    assert reader.peek() == "{"
    for name in reader.members():
        told.append(name)
        if reader.peek() == "[":
            told.extend(reader.value() for _ in reader.elements())
        else:
            reader.skip()
    assert told == ["a", 1, {"b": 2}, "c"]
    assert reader.peek() == ""
