"""Whatever leaf of whatever column holds a listed value: no verdict is plainly clean."""

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import strategies as st

from relaion.parquet.looked_at import NotLookedAt
from relaion.parquet.read_shard import group_shards, read_shard
from relaion.paths import ShardPath
from relaion.stages.clean import clean
from relaion.stages.match import match
from relaion.stages.update import update
from relaion.stages.verify import verify
from tests.drawn import drawn
from tests.pipeline import InProcess, Sent, add_lists

LINK = "https://e.example/p/1.jpg"
MD5 = hashlib.md5(b"an image").digest()
WORDS = ("", "a lighthouse", "n/a", "50 % off", "v1.0/b")


@dataclass(frozen=True)
class Branch:
    """A type, and how a value of it is made of one for its planted leaf (None: words alone)."""

    kind: pa.DataType
    of: Any


TEXTS = (pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string()))
BYTES = (pa.binary(), pa.large_binary())


def leaf(kind: pa.DataType) -> Branch:
    def of(planted: Any, draw: Any) -> Any:
        plain = draw(st.sampled_from(WORDS)) if planted is None else planted
        return plain.encode() if kind in BYTES and isinstance(plain, str) else plain

    return Branch(kind, of)


def within(inner: Branch, how: str) -> Branch:
    """A column's type with another one inside."""
    many = st.lists(st.none(), max_size=2)
    if how == "list":
        return Branch(
            pa.list_(inner.kind),
            lambda p, draw: [*[inner.of(None, draw) for _ in draw(many)], inner.of(p, draw)],
        )
    if how == "fixed":
        return Branch(
            pa.list_(inner.kind, 2), lambda p, draw: [inner.of(None, draw), inner.of(p, draw)]
        )
    if how == "values":
        return Branch(pa.map_(pa.string(), inner.kind), lambda p, draw: [("k", inner.of(p, draw))])
    members = {"n": pa.int8(), "in it": inner.kind, "after": pa.string()}
    return Branch(
        pa.struct(members), lambda p, draw: {"n": 1, "in it": inner.of(p, draw), "after": "x"}
    )


BRANCHES = st.recursive(
    st.sampled_from([leaf(kind) for kind in (*TEXTS, *BYTES)]),
    lambda inner: st.builds(within, inner, st.sampled_from(("list", "fixed", "values", "struct"))),
    max_leaves=4,
)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[pa.Table], int, str]:
    """Shards of one layout, in which of their columns something is planted, and which role."""
    branches = draw(st.lists(BRANCHES, min_size=1, max_size=3))
    at = draw(st.integers(0, len(branches) - 1))
    role = draw(st.sampled_from(("url", "image_md5")))
    sizes = draw(st.lists(st.integers(1, 9), min_size=1, max_size=3))
    shard, row = draw(st.integers(0, len(sizes) - 1)), draw(st.integers(0, 8))
    tables = []
    for no, rows in enumerate(sizes):
        columns = {"url": pa.array([f"https://a.example/{no}/{i}.jpg" for i in range(rows)])}
        for place, branch in enumerate(branches):
            values = []
            for i in range(rows):
                here = (place, no, i) == (at, shard, row % sizes[shard])
                planted = (LINK if role == "url" else MD5.hex()) if here else None
                is_null = planted is None and draw(st.booleans())
                values.append(None if is_null else branch.of(planted, draw))
            columns[f"c{place}"] = pa.array(values, branch.kind)
        tables.append(pa.table(columns))
    return tables, at, role


def put(folder: Path, tables: list[pa.Table]) -> list[ShardPath]:
    folder.mkdir(exist_ok=True)
    for no, table in enumerate(tables):
        pq.write_table(table, folder / f"{no}.parquet", row_group_size=4)
    return [ShardPath(folder / f"{no}.parquet", "s") for no in range(len(tables))]


@drawn(12, 400, world=worlds())
def test_whatever_leaf_holds_a_link_or_a_digest_its_column_is_named(
    world: tuple[list[pa.Table], int, str],
) -> None:
    tables, at, role = world
    with tempfile.TemporaryDirectory() as folder:
        shards = [read_shard(place, looks=True) for place in put(Path(folder), tables)]
        (group,) = group_shards(shards)
    named = {c.name: c.claimed for c in group.layout.columns if c.claimed}
    assert named == {f"c{at}": role}


def said(lines: tuple[NotLookedAt, ...]) -> set[str | None]:
    return {line.column for line in lines}


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
def test_match_clean_verify_and_update_name_what_a_later_shard_alone_holds(tmp_path: Path) -> None:
    n = 3
    urls = [[f"https://a.example/{no}/{i}.jpg" for i in range(n)] for no in range(2)]
    kind = pa.list_(pa.struct({"link": pa.string()}))
    things = [pa.nulls(n, kind), pa.array([None, [{"link": LINK}], []], kind)]
    data, lists, out = tmp_path / "en", tmp_path / "lists.duckdb", tmp_path / "out"
    put(data, [pa.table({"url": u, "images": t}) for u, t in zip(urls, things, strict=True)])
    add_lists(lists, [Sent((("url", LINK),))])
    assert "images" in said(match([data], lists).not_looked_at)
    done = clean([data], lists, out, executor=InProcess())
    assert done.verdict is not None
    assert "images" in said(done.not_looked_at)
    assert not done.verdict.clean
    assert any("column images" in x for x in verify(out, lists=lists).not_looked_at)
    again = verify(out, inputs=[data], lists=lists)
    assert again.not_looked_at == done.verdict.not_looked_at
    add_lists(lists, [Sent((("url", urls[0][0]),))])
    newer = update(out, [data], lists, tmp_path / "newer", executor=InProcess())
    assert "images" in said(newer.not_looked_at)
