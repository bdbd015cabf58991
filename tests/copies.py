"""Copies of a data set as people hold them: laid out anew, cut into other shards, numbered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from relaion.parquet.layout import signature
from relaion.parquet.read_shard import read_shard
from relaion.paths import ShardPath
from relaion.run.numbered import Numbered
from tests.oracle_copy import murmur

HASHES: Mapping[str, pa.DataType] = {
    "int64": pa.int64(), "uint64": pa.uint64(), "decimal": pa.decimal128(20, 0),
    "text": pa.string(), "large_text": pa.large_string(),
}  # fmt: skip


@dataclass(frozen=True)
class Laid:
    """How a file is laid out: names of the columns it has by role, and how it writes them.

    `more` are columns that play no role, before and behind.
    """

    names: Mapping[str, str]
    hashes: str = "int64"
    binary: bool = False
    more: tuple[str, ...] = ()
    group_rows: int = 3

    def seen(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row as this file has it."""
        return {role: row.get(role) for role in ("url", "text", "row_hash") if role in self.names}


LAION = Laid({"url": "URL", "text": "TEXT", "row_hash": "hash"}, more=("WIDTH",))
RELAION = Laid({"url": "url", "row_hash": "hash", "text": "caption"}, more=("key", "exif"))
NO_HASH = Laid({"text": "TEXT", "url": "URL"}, more=("SAMPLE_ID", "LICENSE"))
LINKS = Laid({"url": "url"}, more=("width",))
LINKS_HASHES = Laid({"row_hash": "hash", "url": "URL"})
LAYOUTS = (LAION, RELAION, NO_HASH, LINKS, LINKS_HASHES)


def as_hash(value: int | None, kind: str) -> Any:
    """A row hash as a column of that kind holds it."""
    if value is None or kind == "int64":
        return value
    if kind == "uint64":
        return value % 2**64
    return Decimal(value) if kind == "decimal" else str(value)


def lay(path: Path, rows: Sequence[Mapping[str, Any]], laid: Laid) -> Path:
    """Write a file of these rows, given by role; texts may be bytes that are no UTF-8."""
    columns: dict[str, pa.Array] = {}
    for i, name in enumerate(laid.more):
        columns[name] = pa.array([f"{name}-{i}-{n}" for n, _ in enumerate(rows)])
    for role, name in laid.names.items():
        values = [row.get(role) for row in rows]
        if role == "row_hash":
            cells = [as_hash(v, laid.hashes) for v in values]
            columns[name] = pa.array(cells, HASHES[laid.hashes])
        else:
            columns[name] = _texts(values, binary=laid.binary)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path, row_group_size=laid.group_rows)
    return path


def _texts(values: Sequence[Any], *, binary: bool) -> pa.Array:
    raw = [v.encode("utf-8", "surrogateescape") if isinstance(v, str) else v for v in values]
    cells = pa.array(raw, pa.binary())
    return cells if binary else pa.Array.from_buffers(pa.string(), len(raw), cells.buffers())


@dataclass
class Shards:
    """Files written into a folder and numbered for the search; no two ever have one number."""

    folder: Path
    no: int = 0
    groups: dict[Any, int] = field(default_factory=dict)

    def of(
        self, name: str, cut: Sequence[Sequence[Mapping[str, Any]]], laid: Laid, first: int = 0
    ) -> tuple[Numbered, ...]:
        """One shard a part, which may be empty."""
        return tuple(self._one(name, i, part, laid, first) for i, part in enumerate(cut))

    def _one(
        self, name: str, i: int, rows: Sequence[Mapping[str, Any]], laid: Laid, first: int
    ) -> Numbered:
        path = lay(self.folder / name / f"{i:05}.parquet", rows, laid)
        # of bytes, or a hash of texts: such columns play a role where somebody says so
        shard = read_shard(ShardPath(path, ""), laid.names, needs_link=False)
        group = self.groups.setdefault(signature(shard.layout), len(self.groups))
        return Numbered(first + i, group, shard)


def cut(rows: Sequence[Any], places: Sequence[int]) -> list[Sequence[Any]]:
    """Rows in order, cut at these places; parts may be empty."""
    at = [0, *sorted(p % (len(rows) + 1) for p in places), len(rows)]
    return [rows[a:b] for a, b in pairwise(at)]


# -- Rows that meet each other: few links in many spellings, few captions, hashes that are odd --

SPELLED = (
    "http://a.example/1.jpg", "https://www.a.example/1.jpg", "HTTP://A.example:80/1.jpg#x",
    "http://a.example/%31.jpg", "http://a.example/1.jpg?a=1&amp;b=2", "a.example/1.jpg?a=1&b=2",
    "http://a.example/2.jpg", "http://b.example/1.jpg", "http://b.example/1.jpg/",
    "http://a.example/p#!part", "http://a.example/p", "http://a.example/", "https://c.example",
    "None", "", "#", "http://a", "http://ab",
    "http://\u00e9.example/\u00fc", "http://xn--9ca.example/%C3%BC", " http://b.example/1.jpg ",
    "http://a.example/\udcff\udcfe.jpg", "http://a.example/%FF%FE.jpg", "\U0010ffffa",
    "http://192.0.2.1/x?y=z1234567", "http://0xc0000201/x?y=z1234567", "http://localhost/abcdefgh",
)  # fmt: skip
CAPTIONS = (None, "", "bc", "c", "a picture", "a picture ", "\u65e5\u672c\u8a9e", "bytes \udcff")
EDGES = (0, -1, -(2**63), 2**63 - 1, 42)


def _row(link: str | None, caption: str | None, stored: str, edge: int) -> dict[str, Any]:
    own = {"murmur": murmur(link, caption), "none": None, "edge": edge}[stored]
    return {"url": link, "text": caption, "row_hash": own}


rows = st.builds(
    _row,
    st.one_of(st.sampled_from(SPELLED), st.none(), st.sampled_from(SPELLED[:9])),
    st.sampled_from(CAPTIONS),
    st.sampled_from(("murmur", "murmur", "murmur", "none", "edge")),
    st.sampled_from(EDGES),
)
"""One row by role."""
sets = st.lists(rows, max_size=14)
layouts = st.builds(
    lambda laid, kind, binary, size: Laid(laid.names, kind, binary, laid.more, size),
    st.sampled_from(LAYOUTS), st.sampled_from(sorted(HASHES)), st.booleans(), st.integers(1, 6),
)  # fmt: skip
cuts = st.lists(st.integers(0, 20), max_size=2)
