"""The compact protocol: what is read goes back byte for byte, and no bytes surprise the reader."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relaion.parquet.thrift import (
    BINARY,
    BYTE,
    DOUBLE,
    FALSE,
    I16,
    I32,
    I64,
    LIST,
    STRUCT,
    TRUE,
    Struct,
    ThriftError,
    read_struct,
    skip_struct,
    write_struct,
)

LEAVES: st.SearchStrategy[tuple[int, Any]] = st.one_of(
    st.tuples(st.sampled_from([TRUE, FALSE]), st.none()),
    st.tuples(st.just(BYTE), st.integers(0, 255)),
    st.tuples(st.just(I16), st.integers(-(2**15), 2**15 - 1)),
    st.tuples(st.just(I32), st.integers(-(2**31), 2**31 - 1)),
    st.tuples(st.just(I64), st.integers(-(2**63), 2**63 - 1)),
    st.tuples(st.just(DOUBLE), st.binary(min_size=8, max_size=8)),
    st.tuples(st.just(BINARY), st.binary(max_size=200)),
    st.tuples(st.just(LIST), st.tuples(st.just(I32), st.lists(st.integers(-9, 9), max_size=20))),
    st.tuples(st.just(LIST), st.tuples(st.just(BINARY), st.lists(st.binary(max_size=3)))),
    st.tuples(st.just(LIST), st.tuples(st.just(TRUE), st.lists(st.sampled_from([1, 2])))),
)
NUMBERS = st.one_of(st.integers(1, 40), st.integers(-(2**15), 2**15 - 1))
STRUCTS: st.SearchStrategy[Struct] = st.recursive(
    st.dictionaries(NUMBERS, LEAVES, max_size=4),
    lambda inner: st.dictionaries(
        NUMBERS,
        st.one_of(
            LEAVES,
            st.tuples(st.just(STRUCT), inner),
            st.tuples(st.just(LIST), st.tuples(st.just(STRUCT), st.lists(inner, max_size=17))),
        ),
        max_size=4,
    ),
    max_leaves=8,
)


@given(fields=STRUCTS, before=st.binary(max_size=3), after=st.binary(max_size=3))
def test_what_is_written_is_read_again(fields: Struct, before: bytes, after: bytes) -> None:
    data = before + write_struct(fields) + after
    found, end = read_struct(data, len(before))
    assert found == fields
    assert end == len(data) - len(after)
    assert skip_struct(data, len(before)) == end


@given(data=st.binary(max_size=80))
def test_any_bytes_are_a_struct_or_a_thrift_error(data: bytes) -> None:
    try:
        fields, end = read_struct(data)
    except ThriftError:
        return
    assert end <= len(data)
    assert read_struct(write_struct(fields))[0] == fields


@given(fields=STRUCTS, cut=st.integers(1, 50))
def test_a_struct_that_is_cut_off(fields: Struct, cut: int) -> None:
    data = write_struct(fields)
    with pytest.raises(ThriftError):
        read_struct(data[: max(0, len(data) - cut)])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x19\xf1\xff\xff\xff\xff\x0f" + b"\x01" * 9, "more than it holds"),
        (b"\x18\xff\xff\xff\xff\x0f" + b"x" * 9, "ends too early"),
        (b"\x15" + b"\xff" * 20 + b"\x01\x00", "too long"),
        (b"\x1c" * 500, "too deep"),
        (b"\x19" * 3 + b"\x19" * 500, "too deep"),
        (b"\x1b\x00\x00", "does not use"),
    ],
)
def test_bytes_made_to_break_readers(data: bytes, words: str) -> None:
    with pytest.raises(ThriftError, match=words):
        read_struct(data)
