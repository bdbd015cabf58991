"""No reader takes a hole for values: what was not fetched cannot be read, it fails aloud."""

import errno
import os
import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relaion.engine import ShardSource, connect
from relaion.engine.views import BELIEVERS
from relaion.errors import EngineError, NoRoomError, RelaionError
from relaion.parquet.columns import column_arrays, open_parquet
from relaion.parquet.fetched import chunk_ranges, leaves_by_column, see_columns
from relaion.parquet.footer import read_footer
from relaion.parquet.read_shard import read_shard
from relaion.parquet.thrift import I64, Struct
from relaion.parquet.writer import Target, write_editions
from relaion.paths import ShardPath, is_still, seal, shown, stamp_of
from relaion.paths.stand_ins import record_of
from relaion.remote.brought import bring
from relaion.remote.standing import OnDemand, drop, joined, lacking, need, whole
from relaion.run.editions import load_editions
from relaion.run.numbered import Numbered
from relaion.run.settings import Settings, limits_of
from relaion.run.shard_task import _same_bytes
from relaion.run.sources import players
from relaion.sqlset import VERSION
from tests.drawn import quickly
from tests.parquet_writers import edit_footer
from tests.remote_world import BUCKET, S3World

_ROWS = 500
RESEARCH = load_editions(["research"], VERSION)
_RANGES = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=5)


@given(_RANGES, _RANGES)
def test_what_is_lacking_is_what_is_wanted_and_not_held(
    wanted: list[tuple[int, int]], held: list[tuple[int, int]]
) -> None:
    def points(ranges: Sequence[tuple[int, int]]) -> set[int]:
        return {i for start, end in ranges for i in range(start, end)}

    assert points(lacking(wanted, held)) == points(wanted) - points(held)
    together = joined(wanted)
    assert points(together) == points(wanted)
    assert all(a[1] < b[0] for a, b in pairwise(together))


def _columns() -> dict[str, pa.Array]:
    chance = random.Random(1)
    n = range(_ROWS)
    return {
        "url": pa.array([f"https://h.example/{i}" for i in n]),
        "same": pa.array(["one value"] * _ROWS),
        "nothing": pa.array([None] * _ROWS, pa.string()),
        "flags": pa.array([chance.random() < 0.5 for _ in n]),
        "numbers": pa.array([chance.randrange(9) for _ in n], pa.int64()),
        "scores": pa.array([chance.random() for _ in n]),
        "bytes": pa.array([chance.randbytes(16) for _ in n], pa.binary(16)),
        "lists": pa.array([[i, None] * (i % 3) for i in n]),
        "structs": pa.array([{"a": i, "b": str(i)} for i in n]),
    }


_WAYS: list[Any] = [
    pytest.param(
        {"compression": codec, "data_page_version": version, "use_dictionary": in_dictionary},
        marks=[] if codec in ("none", "snappy") else pytest.mark.slow,
    )
    for codec in ("none", "snappy", "gzip", "zstd", "brotli", "lz4")
    for version in ("1.0", "2.0")
    for in_dictionary in (True, False)
]
_WAYS += [{"use_dictionary": False, "column_encoding": {"numbers": "DELTA_BINARY_PACKED",
                                                        "url": "DELTA_BYTE_ARRAY"}}]  # fmt: skip
_WAYS += [{"write_page_index": True, "write_page_checksum": True}]


@pytest.mark.parametrize("way", _WAYS)
def test_a_column_of_zeros_is_read_by_nobody(tmp_path: Path, way: dict[str, Any]) -> None:
    """Whatever the format: pyarrow and DuckDB find no page in a hole, and say so."""
    table = pa.table(_columns())
    pq.write_table(table, whole := tmp_path / "whole.parquet", row_group_size=200, **way)
    holes = tmp_path / "holes.parquet"
    footer = read_footer(whole)
    holes.write_bytes(b"PAR1".ljust(footer.start, b"\0") + whole.read_bytes()[footer.start :])
    with connect() as engine:
        # as in all views of shards: else a footer answers `count` and `is null`, here or elsewhere
        engine.set_option("disabled_optimizers", ",".join(BELIEVERS))
        for name in table.column_names:
            with pytest.raises((pa.ArrowException, OSError)):
                pq.ParquetFile(holes).read(columns=[name])
            if (
                name == "nothing"
            ):  # DuckDB gives NULL by the footer; `hidden_roles` looks with pyarrow
                continue
            for asked in (name, f"count({name})", f"md5({name}::varchar)"):
                with pytest.raises(EngineError):
                    engine.rows(f"select {asked} from read_parquet('{holes}')")


def test_columns_and_their_leaves(tmp_path: Path) -> None:
    pq.write_table(pa.table(_columns()), path := tmp_path / "x.parquet", row_group_size=200)
    footer = read_footer(path)
    assert [len(r) for r in leaves_by_column(footer)] == [1] * 8 + [2]
    meta = pq.read_metadata(path)
    for position, leaves in enumerate(leaves_by_column(footer)):
        wanted = chunk_ranges(footer, [position])
        assert len(wanted) == 3 * len(leaves)
        for group in range(3):
            for leaf in leaves:
                chunk = meta.row_group(group).column(leaf)
                start = chunk.dictionary_page_offset or chunk.data_page_offset
                end = start + chunk.total_compressed_size
                assert any(a <= start and end <= b for a, b in wanted)


@pytest.fixture(scope="module")
def shard() -> bytes:
    """A shard of two megabytes, most of them noise."""
    each = [random.Random(i) for i in range(_ROWS)]
    columns = {k: v for k, v in _columns().items() if k in ("url", "scores", "bytes")}
    columns["image_md5"] = pa.array([chance.randbytes(16).hex() for chance in each])
    columns["noise"] = pa.array([chance.randbytes(3000) for chance in each])
    pq.write_table(pa.table(columns), sink := pa.BufferOutputStream(), row_group_size=_ROWS)
    return bytes(sink.getvalue())


@pytest.fixture
def standing(s3: S3World, shard: bytes, tmp_path: Path) -> Path:
    """What stands for that shard on s3; the shard itself lies beside the tree."""
    (tmp_path / "shard.parquet").write_bytes(shard)
    s3.put("holes/x/shard.parquet", tmp_path / "shard.parquet")
    (found,) = bring(
        [Path(f"s3://{BUCKET}/holes/x/shard.parquet")], tmp_path / "root", (".parquet",)
    )
    s3.forget()
    return found


def test_a_stand_in_has_the_name_and_the_size_and_nothing_else(standing: Path, s3: S3World) -> None:
    assert standing.name == "shard.parquet"
    assert standing.parent.name == "x"
    assert standing.stat().st_size == s3.client.head_object(
        Bucket=BUCKET, Key="holes/x/shard.parquet"
    )["ContentLength"]  # fmt: skip
    assert standing.stat().st_blocks == 0
    assert standing.stat().st_mode & 0o777 == 0o600
    assert shown(standing) == f"s3://{BUCKET}/holes/x/shard.parquet"
    assert shown(standing.parent) == f"s3://{BUCKET}/holes/x"
    assert is_still(standing, seal(standing))


def test_views_fetch_the_columns_that_they_show_and_name_no_other(
    standing: Path, s3: S3World
) -> None:
    layout = read_shard(ShardPath(standing, "x")).layout
    source = ShardSource("x", (0,), (standing,), players(layout))
    with connect() as engine:
        engine.view_shards([source], VERSION, (), wanted=("row_links",), shown_roles=())
        before, stamp = s3.sent, stamp_of(standing)
        assert engine.rows("select count(url) from row_links") == [(_ROWS,)]
        assert s3.sent == before
        footer = read_footer(standing)
        record = record_of(standing)
        assert record is not None
        assert not lacking(chunk_ranges(footer, [0]), record.held)
        for position in (2, 3, 4):
            assert lacking(chunk_ranges(footer, [position]), record.held)
        # a view that would read a column that it does not say cannot be made
        reading = engine._reading(source, {"url"})
        assert engine.rows(f"describe {reading.select('c0')}")
        with pytest.raises(EngineError, match="DuckDB"):
            engine.rows(f"describe {reading.select('c4')}")
        engine.view_shards([source], VERSION, ("image_md5",), ("row_digests",), ())
        assert engine.rows("select count(digest) from row_digests") == [(_ROWS,)]
        assert lacking(chunk_ranges(footer, [4]), record.held)
        assert stamp_of(standing) == stamp


def test_a_view_of_what_was_not_fetched_fails_aloud(
    standing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As though somebody had forgotten to ask for the column."""
    layout = read_shard(ShardPath(standing, "x")).layout
    drop(standing)
    read_footer(standing)
    monkeypatch.setattr("relaion.engine.connection.see_columns", lambda *_: None)
    source = ShardSource("x", (0,), (standing,), players(layout))
    with connect() as engine:
        engine.view_shards([source], VERSION, ("image_md5",), ("row_digests", "row_links"), ())
        for asked in ("count(url) from row_links", "count(digest) from row_digests"):
            with pytest.raises(EngineError):
                engine.rows(f"select {asked}")


def test_pyarrow_reads_what_it_is_asked_for(standing: Path, s3: S3World, tmp_path: Path) -> None:
    here = pq.read_table(tmp_path / "shard.parquet")
    layout = read_shard(ShardPath(standing, "x")).layout
    with open_parquet(standing) as file:
        for column in (layout.columns[1], layout.columns[3]):
            found = pa.chunked_array(list(column_arrays(file, column)))
            assert found.to_pylist() == here.column(column.name).to_pylist()
    assert s3.sent < standing.stat().st_size / 4


def test_to_write_all_is_fetched_once(standing: Path, s3: S3World, tmp_path: Path) -> None:
    read_footer(standing)
    need(standing, [(1000, 5000)])
    found = write_editions(standing, [Target(tmp_path / "a.parquet", pa.array([3]))])
    there = write_editions(
        tmp_path / "shard.parquet", [Target(tmp_path / "b.parquet", pa.array([3]))]
    )
    assert found[0].sha256 == there[0].sha256
    assert s3.sent == standing.stat().st_size
    assert whole(standing) == seal(tmp_path / "shard.parquet").sha256 == seal(standing).sha256
    assert s3.sent == standing.stat().st_size


def test_what_is_let_go_of_is_a_hole_again_and_its_links_stay(
    standing: Path, s3: S3World, tmp_path: Path
) -> None:
    stamp = stamp_of(standing)
    whole(standing)
    os.link(standing, tmp_path / "linked.parquet")
    drop(standing)
    assert standing.stat().st_blocks == 0
    assert (tmp_path / "linked.parquet").read_bytes() == (tmp_path / "shard.parquet").read_bytes()
    assert stamp_of(standing) == stamp
    before = s3.sent
    assert len(read_footer(standing).leaves) == 5
    assert s3.sent > before


def test_what_is_let_go_of_while_it_is_read_is_fetched_again(standing: Path) -> None:
    with OnDemand(standing) as first:
        assert first.read(4) == b"PAR1"
        drop(standing)
        need(standing, [(700_000, 710_000)])  # into the file that took its place
        first.seek(700_000)
        found = first.read(4096)
    assert found == standing.read_bytes()[700_000:704_096]
    assert found.count(0) < len(found)


def test_a_hole_becomes_no_output(standing: Path, tmp_path: Path) -> None:
    """Another worker has let go of the shard, just before it is linked."""
    shard = read_shard(ShardPath(standing, "x"))
    n = Numbered(0, 0, shard)
    settings = Settings(VERSION, limits_of(1, "1GB"), tmp_path, tmp_path / "out", editions=RESEARCH)
    (tmp_path / "out/research/x").mkdir(parents=True)
    sha256 = str(whole(standing))
    _same_bytes(settings, n, sha256, stamp_of(standing), {})
    made = tmp_path / "out/research/x/shard.parquet"
    assert made.read_bytes() == (tmp_path / "shard.parquet").read_bytes()
    drop(standing)
    with pytest.raises(RelaionError, match="was changed or replaced"):
        _same_bytes(settings, n, sha256, stamp_of(standing), {})


def test_another_version_is_refused_by_every_read(standing: Path, s3: S3World) -> None:
    read_footer(standing)
    s3.put("holes/x/shard.parquet", b"PAR1" + b"\0" * (standing.stat().st_size - 8) + b"PAR1")
    told = f"s3://{BUCKET}/holes/x/shard.parquet: was changed"
    with pytest.raises(RelaionError, match=told):
        need(standing, [(700_000, 700_001)])
    with pytest.raises(RelaionError, match=told):
        whole(standing)


_COMPRESSED, _DICTIONARY_AT, _DATA_AT = 7, 11, 9  # of a ColumnMetaData


def _less(share: float) -> Callable[[list[Struct]], None]:
    def lie(metas: list[Struct]) -> None:
        for meta in metas:
            meta[_COMPRESSED] = (I64, int(meta[_COMPRESSED][1] * share))

    return lie


def _another_begins_within(metas: list[Struct]) -> None:
    """Links are said to be short, and the column behind them to begin within their last page."""
    start, size = metas[0][_DATA_AT][1], metas[0][_COMPRESSED][1]
    _less(0.1)(metas)
    metas[1][_DATA_AT] = (I64, start + size - 200)


def _dictionary_elsewhere(metas: list[Struct]) -> None:
    _less(0.1)(metas)
    metas[0][_DICTIONARY_AT] = (I64, 2)


@pytest.mark.parametrize("codec", quickly(1, ["snappy", "none"]))
@pytest.mark.parametrize(
    "lie",
    quickly(2, [_less(0.02), _another_begins_within, _less(0), _less(3), _dictionary_elsewhere]),
)
def test_a_footer_that_lies_about_sizes_makes_no_values_of_holes(
    s3: S3World, tmp_path: Path, codec: str, lie: Callable[[list[Struct]], None]
) -> None:
    """DuckDB goes by the headers of pages: what it finds here, it finds through an address."""
    chance = random.Random(5)
    rows = 6_000
    table = pa.table({
        "url": [f"https://h.example/{i}/{chance.randbytes(50).hex()}" for i in range(rows)],
        "noise": [chance.randbytes(400) for _ in range(rows)],
    })  # fmt: skip
    local = tmp_path / "x.parquet"
    pq.write_table(
        table, local, row_group_size=rows // 2, compression=codec, use_dictionary=False,
        data_page_size=20_000, write_batch_size=100,
    )  # fmt: skip

    def edit(footer: Struct) -> None:
        for group in footer[4][1][1]:
            lie([chunk[3][1] for chunk in group[1][1][1]])

    edit_footer(local, edit)
    s3.put("lies/x.parquet", local)
    (there,) = bring([Path(f"s3://{BUCKET}/lies/x.parquet")], tmp_path / "root", (".parquet",))
    see_columns([there], [0])
    record = record_of(there)
    assert record is not None
    with connect() as engine:
        engine.set_option("disabled_optimizers", ",".join(BELIEVERS))
        found = [engine.rows(f"select url from read_parquet('{p}')") for p in (local, there)]
    assert [url for (url,) in found[0]] == table["url"].to_pylist()
    assert found[1] == found[0]


def test_what_a_cut_page_lacks_is_no_value(s3: S3World, tmp_path: Path) -> None:
    """The end of the last page is gone, and with it what follows: an error there as here."""
    links = [f"https://h.example/{random.Random(i).randbytes(40).hex()}" for i in range(3_000)]
    pq.write_table(pa.table({"url": links}), path := tmp_path / "x.parquet", use_dictionary=False)
    footer = read_footer(path)
    data = path.read_bytes()
    local = tmp_path / "cut.parquet"
    local.write_bytes(data[: footer.start - 5_000] + data[footer.start :])
    s3.put("lies/cut.parquet", local)
    (there,) = bring([Path(f"s3://{BUCKET}/lies/cut.parquet")], tmp_path / "root", (".parquet",))
    see_columns([there], [0])
    with connect() as engine:
        for one in (local, there):
            with pytest.raises(EngineError):
                engine.rows(f"select url from read_parquet('{one}')")


@pytest.mark.parametrize(
    "torn",
    quickly(
        3, ["10", "10 ", "0 99999999", "whole ", "whole 0123abc", "digest " + "g" * 64, "x y\n"]
    ),
)
def test_a_line_that_was_cut_off_tells_nothing(standing: Path, torn: str) -> None:
    need(standing, [(1000, 2000)])
    before = record_of(standing)
    assert before is not None
    with before.state.open("a") as f:
        f.write(torn)
    after = record_of(standing)
    assert after is not None
    assert (after.held, after.sha256, after.digest) == (before.held, "", before.digest)
    need(standing, [(5000, 6000)])
    last = record_of(standing)
    assert last is not None
    assert not lacking([(1000, 2000), (5000, 6000)], last.held)
    assert "99999999" not in str(last.held)
    assert (last.sha256, last.digest) == ("", before.digest)


def test_a_full_disk_is_one_line_where_the_state_is_kept_too(
    standing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = record_of(standing)
    assert record is not None
    opened = Path.open

    def full(self: Path, mode: str = "r", *args: Any, **how: Any) -> Any:
        if self == record.state and mode == "a":
            raise OSError(errno.ENOSPC, "No space left on device")
        return opened(self, mode, *args, **how)

    monkeypatch.setattr(Path, "open", full)
    fetches: list[Callable[[], object]] = [
        lambda: need(standing, [(1000, 2000)]),
        lambda: whole(standing),
    ]
    for fetch in fetches:
        with pytest.raises(NoRoomError, match="No space left on device"):
            fetch()
