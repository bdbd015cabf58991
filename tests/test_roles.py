"""Roles hold under any order and case of a layout's columns, and follow positions."""

from collections.abc import Sequence

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relaion.errors import InputError
from relaion.parquet.columns import leaf_indexes, plain_type
from relaion.parquet.digests import Value
from relaion.parquet.glossary import UNKNOWN, meaning
from relaion.parquet.read_shard import detect
from relaion.parquet.roles import Column, describe, settle
from relaion.roles import KINDS, ROLES, so_many
from tests.layout_cases import Case, Line, all_cases, column_type, values

# cases whose rule is about the very case of names, or about a user's exact names, stay out
PLAIN = [c for c in all_cases() if not c.error and not c.said and not c.name.startswith("54")]


@st.composite
def shuffled(draw: st.DrawFn) -> tuple[Case, list[tuple[str, Line]]]:
    """A case, and its columns in another order and with letters in another case."""
    case = draw(st.sampled_from(PLAIN))
    found = []
    names: set[str] = set()
    for line in draw(st.permutations(case.lines)):
        flips = draw(st.lists(st.booleans(), min_size=len(line.name), max_size=len(line.name)))
        name = "".join(
            c.swapcase() if flip and c.isascii() else c
            for c, flip in zip(line.name, flips, strict=True)
        )
        names.add(name)
        found.append((name, line))
    return case, found


@given(shuffled())
def test_order_and_case_of_names_change_no_role(
    drawn: tuple[Case, list[tuple[str, Line]]],
) -> None:
    _, columns = drawn
    schema = pa.schema([pa.field(name, column_type(line)) for name, line in columns])
    held = [values(line) for _, line in columns]

    def sample(column: Column) -> Sequence[Value]:
        return [v for v in held[column.position] if v is not None]

    layout = describe(settle(detect(schema), lambda c: bool(sample(c))), sample)
    for position, (column, (name, line)) in enumerate(zip(layout.columns, columns, strict=True)):
        role, _, encoding = line.role.partition(" ")
        assert (column.name, column.position) == (name, position)
        assert (column.role or "-") == (role if role in ROLES else "-"), line
        assert (column.encoding or "") == encoding


@given(st.lists(st.text(max_size=12), max_size=8), st.data())
def test_any_names_and_types_are_survived(names: list[str], data: st.DataObject) -> None:
    kinds = st.sampled_from([pa.string(), pa.int64(), pa.float64(), pa.null(), pa.binary(16)])
    schema = pa.schema([pa.field(name, data.draw(kinds)) for name in names])
    layout = detect(schema)
    assert [c.position for c in layout.columns] == list(range(len(names)))
    assert sorted(c.position for c in layout.used) == [
        c.position for c in layout.columns if c.role is not None
    ]
    assert all(c.meaning for c in layout.columns)


def test_detect_looks_at_no_value_and_leaves_the_writing_open() -> None:
    layout = detect(pa.schema([("url", pa.string()), ("md5", pa.string())]))
    assert layout.roles["image_md5"].encoding is None
    assert layout.roles["image_md5"].why == "by name and type"


def test_columns_of_exactly_one_name_are_told_apart_by_position() -> None:
    layout = detect(pa.schema([("url", pa.string()), ("url", pa.string())]))
    assert layout.roles["url"].position == 0
    assert "url is taken" in layout.refused[0].why
    with pytest.raises(InputError, match="2 columns have that very name"):
        detect(pa.schema([("url", pa.string()), ("url", pa.string())]), {"url": "url"})


def test_a_case_variant_can_be_named() -> None:
    schema = pa.schema([("url", pa.string()), ("URL", pa.string())])
    assert detect(schema).roles["url"].position == 0
    assert detect(schema, {"url": "URL"}).roles["url"].position == 1


def test_prediction_is_a_safety_score_only_beside_a_row_hash_and_no_link() -> None:
    score, key = ("prediction", pa.float32()), ("hash", pa.int64())
    assert "punsafe" in detect(pa.schema([key, score])).roles
    for schema in ([score], [key, score, ("URL", pa.string())]):
        assert "punsafe" not in detect(pa.schema(schema)).roles
    named = detect(pa.schema([key, score, ("link", pa.string())]), {"url": "link"})
    assert "punsafe" not in named.roles
    assert "punsafe" in detect(pa.schema([score]), {"punsafe": "prediction"}).roles


def test_an_override_frees_what_it_replaces() -> None:
    schema = pa.schema([("hash", pa.string()), ("md5", pa.string()), ("url", pa.string())])
    assert detect(schema).roles["image_md5"].name == "md5"
    layout = detect(schema, {"image_sha1": "md5"})
    assert layout.roles["image_sha1"].name == "md5"
    assert layout.roles["image_md5"].name == "hash"


@pytest.mark.parametrize(
    ("role", "name", "said"),
    [
        ("url", "Url", "no such column; it has link, n, words"),
        ("url", "lnik", "did you mean link?"),
        ("url", "zzzzzz", "it has link, n, words"),
        ("URL", "link", "no such role; the roles are url, text"),
        ("", "link", "no such role"),
        ("text", "n", "int64, but captions are text (string)"),
        ("punsafe", "words", "string, but safety scores are numbers"),
        ("image_md5", "n", "LAION's row hash, not an image hash"),
        ("url", "bad\nname", "--column url=bad\\x0aname: no such column"),
    ],
)
def test_a_wrong_override_is_told_in_one_line(role: str, name: str, said: str) -> None:
    schema = pa.schema([("link", pa.string()), ("n", pa.int64()), ("words", pa.string())])
    with pytest.raises(InputError) as caught:
        detect(schema, {role: name})
    text = str(caught.value)
    assert said in text
    assert "\n" not in text
    assert text.startswith(f"--column {role}=")


def test_very_many_columns_are_not_all_told() -> None:
    schema = pa.schema([(f"c{n}", pa.string()) for n in range(500)])
    with pytest.raises(InputError, match="c19 and 480 more"):
        detect(schema, {"url": "nothing"})


def test_what_happened_to_a_column_on_its_way_is_explained() -> None:
    schema = pa.schema(
        [
            ("SAMPLE_ID", pa.float64()),
            ("WIDTH", pa.float64()),
            ("width", pa.int32()),
            ("error_message", pa.null()),
            ("similarity", pa.float64()),
            ("odd", pa.null()),
        ]
    )
    told = {column.name: column.meaning for column in detect(schema).columns}
    assert told == {
        "SAMPLE_ID": "row number in older LAION sets; as a fraction, since pandas met a NULL",
        "WIDTH": "width in pixels, in some sets height; as a fraction, since pandas met a NULL; "
        "another column than width",
        "width": "width in pixels, in some sets height; another column than WIDTH",
        "error_message": "why the download failed; without a type: NULL in every row",
        "similarity": "how well caption and image fit",
        "odd": "not known, kept as it is; without a type: NULL in every row",
    }


def test_meanings_need_no_case_and_the_type_only_for_hash() -> None:
    assert meaning("URL", "string") == meaning("url", "string") != UNKNOWN
    assert "link and caption" in meaning("hash", "int64")
    assert "image file" in meaning("Hash", "string")
    assert meaning("something else", "string") == UNKNOWN


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (pa.large_string(), "string"),
        (pa.string_view(), "string"),
        (pa.dictionary(pa.int32(), pa.string()), "string"),
        (pa.json_(), "string"),
        (pa.large_binary(), "binary"),
        (pa.uuid(), "binary[16]"),
        (pa.float16(), "float16"),
        (pa.list_(pa.field("element", pa.float64(), nullable=False)), "list<double>"),
        (pa.large_list(pa.field("array", pa.large_string())), "list<string>"),
        (pa.list_(pa.int8(), 4), "list<int8>"),
        (
            pa.struct({"a": pa.string(), "b": pa.list_(pa.int8())}),
            "struct<a: string, b: list<int8>>",
        ),
        (pa.map_(pa.string(), pa.int32()), "map<string, int32>"),
        (pa.timestamp("us", "UTC"), "timestamp[us, tz=UTC]"),
    ],
)
def test_types_are_named_by_what_they_hold(kind: pa.DataType, name: str) -> None:
    assert plain_type(kind) == name


def test_leaves_are_counted_through_nested_columns() -> None:
    schema = pa.schema(
        [
            ("a", pa.struct({"x": pa.int8(), "y": pa.list_(pa.map_(pa.string(), pa.int8()))})),
            ("url", pa.string()),
            ("b", pa.list_(pa.struct({"x": pa.int8(), "y": pa.int8()}))),
            ("md5", pa.dictionary(pa.int8(), pa.string())),
        ]
    )
    assert leaf_indexes(schema) == [None, 3, None, 6]


def test_entries_are_counted_in_words() -> None:
    assert [so_many(1, kind)[2:] for kind in KINDS[:2]] == ["link", "link MD5"]
    assert [so_many(2_000, kind) for kind in KINDS] == [
        "2,000 links", "2,000 link MD5", "2,000 link SHA-1", "2,000 link SHA-256",
        "2,000 image MD5", "2,000 image SHA-1", "2,000 image SHA-256", "2,000 row hashes",
        "2,000 hosts", "2,000 link prefixes",
    ]  # fmt: skip
