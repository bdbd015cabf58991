"""Digests reach SQL as hex, and reach `verify` the same, however each value is written."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relaion.engine import ShardSource, connect
from relaion.roles import WIDTHS
from relaion.sqlset import VERSION, load
from relaion.verifier import digests
from tests.drawn import quickly
from tests.layout_cases import digest, write
from tests.test_roles_digests import DRESSES, NO_DRESSES, OF_HEX, WRAPS, as_hex, ways

KINDS = {"image_md5": "md5", "image_sha1": "sha1", "image_sha256": "sha256"}
WAYS = ["hex", "upper hex", "base64", "base64 bare", "base32", "base32 bare"]
GARBAGE: list[Any] = [None, "", "=", "no digest", "é" * 12, "A" * 23, "-_" * 9, "7" * 200]


def in_sql(path: Path, role: str) -> list[str | None]:
    with connect() as engine:
        engine.view_shards([ShardSource("s", (0,), (path,), {role: ((0, "digest"),)})], VERSION)
        found = engine.rows(f"select {role} from shard order by file_row_number")
    return [value for (value,) in found]


def in_verify(path: Path, role: str) -> list[str | None]:
    return told(pq.read_table(path).column("digest").combine_chunks(), WIDTHS[role])


def told(column: pa.Array, width: int) -> list[str | None]:
    """What verify reads of a column, in hex."""
    found = digests.as_digests(column, width, is_text=pa.types.is_string(column.type)).to_pylist()
    return [None if value is None else value.hex() for value in found]


@pytest.mark.parametrize("stored", ["text", "bytes"])
@pytest.mark.parametrize("role", sorted(WIDTHS))
def test_every_writing_of_a_digest_is_read_alike_in_one_column(
    tmp_path: Path, role: str, stored: str
) -> None:
    values = [digest(KINDS[role], how, n) for how in WAYS for n in range(10)] + GARBAGE
    expected: list[Any] = [digest(KINDS[role], "hex", n) for _ in WAYS for n in range(10)]
    expected += [None] * len(GARBAGE)
    if stored == "bytes":
        values = [v.encode() if isinstance(v, str) else v for v in values]
        values.append(digest(KINDS[role], "raw", 7))
        expected.append(digest(KINDS[role], "hex", 7))
    path = write(tmp_path / "p.parquet", pa.table({"digest": values}))
    assert [as_hex(v, WIDTHS[role]) for v in values] == expected
    assert in_sql(path, role) == expected
    assert in_verify(path, role) == expected


@pytest.mark.parametrize("role", sorted(WIDTHS))
@pytest.mark.parametrize("fixed", [True, False])
def test_raw_bytes_are_read_alike(tmp_path: Path, role: str, fixed: bool) -> None:
    raw = [digest(KINDS[role], "raw", n) for n in range(5)]
    kind = pa.binary(WIDTHS[role]) if fixed else pa.binary()
    path = write(tmp_path / "p.parquet", pa.table({"digest": pa.array([*raw, None], kind)}))
    expected = [*(digest(KINDS[role], "hex", n) for n in range(5)), None]
    assert in_sql(path, role) == expected
    assert in_verify(path, role) == expected


PLAIN: list[Any] = ["0F" * 16, None, "0f" * 16, "A1b2" * 8]


@pytest.mark.parametrize(
    "odd", quickly(3, [None, "", "0g" * 16, "no digest", "0f" * 16 + " ", "0f" * 20])
)
def test_views_that_need_no_macros_say_the_same(tmp_path: Path, odd: str | None) -> None:
    """Of few rows each value is looked at first: as text, in bytes, in a column without values."""
    columns = {
        "text": pa.array([*PLAIN, odd]),
        "raw": pa.array(
            [b"\x0f" * 16, None, None, b"\xff" * 16, None if odd is None else odd.encode()]
        ),
        "none": pa.nulls(5, pa.string()),
    }
    path = write(tmp_path / "p.parquet", pa.table(columns))
    roles = {"image_md5": tuple((i, name) for i, name in enumerate(columns))}
    source = ShardSource("s", (0,), (path,), roles)
    said = []
    with connect() as engine:
        for few in (True, False):
            engine.view_shards([source], VERSION, ["image_md5"], looks_for_plain=few)
            has_macros = engine.rows("from duckdb_functions() where function_name='digest_of_text'")
            assert bool(has_macros) == (odd is not None or not few)
            views = ("shard", "row_digests", "row_no_digests", "row_values")
            said.append([engine.rows(f"from {view} order by all") for view in views])
    assert said[0] == said[1]


def test_an_md5_kept_as_uuid_is_raw_bytes(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    with connect() as engine:
        engine.execute(f"copy (select md5('0')::uuid as digest) to '{path}' (format parquet)")
    assert in_sql(path, "image_md5") == [digest("md5", "hex", 0)]
    assert in_verify(path, "image_md5") == [digest("md5", "hex", 0)]


SIGNS = "0123456789abcdefABCDEFxX-_+/=: \\{}'\"\u00a0\u200bgZ7md5sha.\n\t,?nrt"


@st.composite
def hostile(draw: st.DrawFn) -> str:
    """Digests in all writings and dresses, cut and spoilt; and texts of the same signs."""
    raw = draw(st.binary(min_size=32, max_size=32))[: draw(st.sampled_from([16, 20, 32]))]
    texts = [v for some in ways(raw).values() for v in some if isinstance(v, str)]
    texts += ["-".join(f"{b:02x}" for b in raw), "0x" + raw.hex(), repr(raw)]
    texts += ["".join(f"\\x{b:02x}" for b in raw), ", ".join(f"0x{b:02x}" for b in raw)]
    inner = draw(st.sampled_from(texts))
    text = draw(st.sampled_from([*DRESSES, *OF_HEX, *WRAPS, *NO_DRESSES])).format(inner, inner)
    at = draw(st.integers(0, len(text)))
    some = draw(st.text(SIGNS, max_size=2))
    return draw(st.sampled_from([text, text[:at] + some + text[at:], text[:at], text[at:], some]))


@example(
    ["image_md5: -AAAAAAAAAAAAAAAAAAAAA==", "md5 - AAAAAAAAAAAAAAAAAAAAAA==", "sha-1-" + "0" * 40]
)
@given(st.lists(hostile() | st.text(SIGNS, max_size=70), min_size=1, max_size=60))
def test_sql_verify_and_the_definition_agree_on_any_text(texts: list[str]) -> None:
    with connect() as engine:
        engine.run(load(VERSION)["04_digest_macros"])
        engine.execute("create temp table t (i integer, v varchar)")
        engine.insert("t", pa.table({"i": range(len(texts)), "v": texts}))
        for width in WIDTHS.values():
            expected = [as_hex(text, width) for text in texts]
            found = engine.rows(f"select digest_of_text(v, {width}) from t order by i")
            assert [v for (v,) in found] == expected
            assert told(pa.array(texts, pa.string()), width) == expected
