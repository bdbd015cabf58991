"""Shards with bytes that are no UTF-8: found, and made readable without losing a byte."""

import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relaion.engine import connect, literal
from relaion.errors import DamagedError, EngineError, InputError, OutputError, ShortError
from relaion.parquet.mended import MARK, bad_text, marked, mend, readable, unmarked
from relaion.parquet.read_shard import detect, read_shard
from relaion.parquet.roles import Layout
from relaion.paths import ShardPath
from relaion.run.sources import Copies, Original
from tests.layout_cases import digest, write

BAD = b"http://one.example/\xe9.jpg"
GOOD = b"http://two.example/\xc3\xa9.jpg"


def text(values: Sequence[bytes | None], kind: pa.DataType | None = None) -> pa.Array:
    """A text column of any bytes; pyarrow checks texts that it makes itself."""
    raw = pa.array(values, pa.binary())
    made = pa.Array.from_buffers(pa.string(), len(raw), raw.buffers())
    return made if kind is None else made.cast(kind)


def layout_of(path: Path) -> Layout:
    return read_shard(ShardPath(path, "s")).layout


def read_back(path: Path, layout: Layout) -> dict[str, list[Any]]:
    """Role to values, by position, as DuckDB reads them."""
    with connect(threads=1) as engine:
        rows = engine.ask(f"select * from read_parquet({literal(str(path))})").fetch(1_000_000)
    return {role: [row[c.position] for row in rows] for role, c in layout.roles.items()}


@given(st.binary())
def test_a_link_comes_back_as_its_bytes(link: bytes) -> None:
    again = unmarked(marked(link))
    assert (again if isinstance(again, bytes) else again.encode()) == link


@given(st.text(st.characters(blacklist_categories=["Cs"])))
def test_a_link_that_is_utf8_stays_as_it_is(link: str) -> None:
    assert marked(link.encode()) == link or link.startswith(MARK)


def test_a_mark_that_was_there_before_is_told_from_ours() -> None:
    before = f"{MARK}ä".encode()
    assert marked(before) != marked("ä".encode("latin-1"))
    assert unmarked(marked(before)) == before
    assert unmarked(f"{MARK}кот") == f"{MARK}кот"  # not ours: beyond latin-1


def test_a_run_of_bad_bytes_is_one_sign() -> None:
    assert readable(b"a\xff\xfe\xfdb\xffc") == "a\ufffdb\ufffdc"
    assert readable("a\ufffd\ufffdb кот".encode()) == "a\ufffd\ufffdb кот"


@pytest.mark.parametrize(
    ("columns", "bad"),
    [
        ({"url": text([GOOD, None])}, False),
        ({"url": text([GOOD, BAD])}, True),
        ({"url": text([MARK.encode() + b"x"])}, True),
        ({"url": text([GOOD]), "TEXT": text([b"\xff"])}, True),
        ({"url": text([GOOD]), "LANGUAGE": text([b"\xff"])}, True),
        ({"url": text([GOOD]), "license": text([b"\xff"])}, False),  # no role: never read
        ({"url": text([GOOD]), "md5": pa.array([b"\xff" * 16], pa.binary(16))}, False),
        ({"url": text([GOOD, BAD], pa.large_string())}, True),
        ({"url": text([GOOD, BAD]).dictionary_encode()}, True),
        ({"url": text([])}, False),
    ],
)
def test_bad_text_is_found_in_columns_with_a_role(
    tmp_path: Path, columns: dict[str, pa.Array], bad: bool
) -> None:
    path = write(tmp_path / "p.parquet", pa.table(columns))
    assert bad_text(path, layout_of(path)) is bad


def test_bad_text_is_found_in_the_last_row(tmp_path: Path) -> None:
    links = text([GOOD] * 20_000 + [BAD])
    path = write(tmp_path / "p.parquet", pa.table({"url": links}), row_group_size=9_000)
    assert bad_text(path, layout_of(path))


def test_mended_rows_are_those_of_the_shard(tmp_path: Path) -> None:
    good = str(digest("md5", "hex", 1)).encode()
    table = pa.table(
        {
            "WIDTH": pa.array([1, 2, 3, 4], pa.int32()),
            "text": text([b"caf\xe9 \xff\xff", None, b"", "кот".encode()]),
            "width": pa.array([5, 6, 7, 8], pa.int32()),
            "URL": text([GOOD, BAD, None, b""]),
            "md5": text([good, b"\xff" + good[1:], None, b"short"]),
            "sha256": pa.array([b"\xff" * 32, None, b"\0" * 32, b"x" * 32], pa.binary(32)),
            "hash": pa.array([-5, None, 2**62, 0], pa.int64()),
            "punsafe": pa.array([0.5, float("nan"), None, 1], pa.float32()),
            "LANGUAGE": text([b"en", b"\xffn", None, b"de"]),
        }
    )
    path = write(tmp_path / "p.parquet", table, row_group_size=3)
    before = layout_of(path)
    target = tmp_path / "mended.parquet"
    after = mend(path, before, target)

    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert list(after.roles) == list(before.roles)
    assert [c.position for c in after.columns] == list(range(8 - 1))
    assert {r: (c.name, c.type, c.encoding) for r, c in after.roles.items()} == {
        r: (c.name, c.type, c.encoding) for r, c in before.roles.items()
    }
    found = read_back(target, after)
    scores = found.pop("punsafe")
    assert scores[1] != scores[1]
    assert [scores[0], *scores[2:]] == [0.5, None, 1.0]
    assert found == {
        "url": [GOOD.decode(), MARK + BAD.decode("latin-1"), None, ""],
        "text": ["caf\ufffd \ufffd", None, "", "кот"],
        "image_md5": [good.decode(), "\ufffd" + good[1:].decode(), None, "short"],
        "image_sha256": [b"\xff" * 32, None, b"\0" * 32, b"x" * 32],
        "row_hash": [-5, None, 2**62, 0],
        "language": ["en", "\ufffdn", None, "de"],
    }


@pytest.mark.parametrize("kind", [pa.large_string(), pa.string_view(), "dictionary"])
def test_any_arrow_type_of_text_is_mended(tmp_path: Path, kind: Any) -> None:
    links, words = text([BAD, GOOD, None]), text([b"\xff", b"", None])
    if kind == "dictionary":
        links, words = links.dictionary_encode(), words.dictionary_encode()
    else:
        links, words = links.cast(kind), words.cast(kind)
    path = write(tmp_path / "p.parquet", pa.table({"url": links, "text": words}))
    after = mend(path, layout_of(path), tmp_path / "mended.parquet")
    assert read_back(tmp_path / "mended.parquet", after) == {
        "url": [marked(BAD), GOOD.decode(), None],
        "text": ["\ufffd", "", None],
    }


def test_order_holds_over_many_pieces_and_groups(tmp_path: Path) -> None:
    links = [b"http://%d.example/\xff" % n if n % 1000 == 7 else b"%d" % n for n in range(210_001)]
    table = pa.table({"hash": pa.array(range(210_001), pa.int64()), "url": text(links)})
    path = write(tmp_path / "p.parquet", table, row_group_size=30_000)
    after = mend(path, layout_of(path), tmp_path / "mended.parquet")
    same = read_back(tmp_path / "mended.parquet", after) == {
        "row_hash": list(range(210_001)),
        "url": [marked(link) for link in links],
    }
    assert same
    groups = pq.read_metadata(tmp_path / "mended.parquet")
    rows = [groups.row_group(i).num_rows for i in range(groups.num_row_groups)]
    assert max(rows) < 110_000
    assert min(rows[:-1]) >= 100_000


def test_no_rows_and_no_row_groups(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    schema = pa.schema([("url", pa.string()), ("md5", pa.string())])
    pq.ParquetWriter(path, schema).close()
    after = mend(path, layout_of(path), tmp_path / "mended.parquet")
    assert read_back(tmp_path / "mended.parquet", after) == {"url": [], "image_md5": []}


def test_what_cannot_be_read_or_written_is_one_line(tmp_path: Path) -> None:
    path = write(tmp_path / "p.parquet", pa.table({"url": text([BAD] * 1000)}))
    layout = detect(pq.read_schema(path))
    with pytest.raises(OutputError, match="cannot be written"):
        mend(path, layout, tmp_path / "nowhere" / "mended.parquet")
    content = bytearray(path.read_bytes())
    content[4:60] = b"\xff" * 56
    path.write_bytes(content)
    for action in (lambda: bad_text(path, layout), lambda: mend(path, layout, tmp_path / "m")):
        with pytest.raises(InputError, match=r"a column cannot be read; .*, get it again$"):
            action()
    assert [p.name for p in tmp_path.iterdir()] == ["p.parquet"]


# -- Copies in a work folder, which several tries of a task share ------------------------------


def test_want_of_memory_over_a_damaged_shard_is_told_as_damage(tmp_path: Path) -> None:
    """A page may say of itself that it holds a gigabyte."""

    def read() -> None:
        raise ShortError("ran out of memory")

    path = write(tmp_path / "p.parquet", pa.table({"url": text([GOOD] * 100)}))
    shard, copies = Original(0, path, layout_of(path)), Copies(tmp_path / "work", {})
    with pytest.raises(ShortError):
        copies.reading([shard], read)
    whole = path.read_bytes()
    path.write_bytes(b"PAR1" + b"\xff" * 20 + whole[24:])
    with pytest.raises(DamagedError, match=r"p\.parquet"):
        copies.reading([shard], read)
    assert copies.made == {}


def test_a_late_try_changes_no_copy_that_another_has_left(tmp_path: Path) -> None:
    """A worker that was given up for lost may go on: what it mends takes no name from others."""

    def tried(known: dict[int, str]) -> Copies:
        copies, reads = Copies(tmp_path / "work", known), []

        def read() -> None:
            reads.append(copies.readable(shard)[0])
            if len(reads) == 1:
                raise EngineError("no UTF-8")

        copies.reading([shard], read)
        assert reads[-1] == copies.readable(shard)[0] != shard.path
        return copies

    path = write(tmp_path / "p.parquet", pa.table({"url": text([BAD, GOOD])}))
    shard = Original(7, path, layout_of(path))
    won = tried({})
    kept, layout = won.readable(shard)
    before = kept.read_bytes()

    late = Copies(tmp_path / "work", won.made)
    late.drop(shard)
    assert late.readable(shard) == (path, shard.layout)
    assert kept.read_bytes() == before, "it is read by others"
    assert tried({}).made == won.made
    write(path, pa.table({"url": text([GOOD, BAD, BAD])}))
    assert tried({}).made != won.made
    assert kept.read_bytes() == before
    assert Copies(tmp_path / "work", won.made).readable(shard) == (kept, layout)
    assert all(p.suffix == ".parquet" for p in kept.parent.iterdir()), "nothing half made is left"

    kept.write_bytes(before[:-9])  # cut, as by a power cut: it counts as not there
    cut = Copies(tmp_path / "work", won.made)
    assert cut.readable(shard) == (path, shard.layout)
