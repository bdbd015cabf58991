"""The hashes beside the digests of a store: right, made anew where another DuckDB made them."""

import random
from collections import Counter
from collections.abc import Callable
from hashlib import md5
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion import match
from relaion.engine import connect
from relaion.lists import ingest, store
from relaion.lists.database import STORE_VERSION
from tests.drawn import quickly

pytestmark = pytest.mark.usefixtures("in_process")

LISTED = [md5(f"{i}".encode()).hexdigest() for i in range(40)]
_LATER = {
    "entries": ("hash", "record_no", "trait_id", "tail"),
    "skipped": ("n_records",),
    "lists": (
        "role", "format", "reader_version", "settings", "replaces", "checkpoint", "n_retracted",
        "n_records", "n_used", "withdrawn", "entries_then",
    ),
}  # fmt: skip
OLD = [
    *(f"alter table {table} drop column {c}" for table, some in _LATER.items() for c in some),
    *(f"drop table {table}" for table in ("unusable", "traits", "records", "repeats")),
    "alter table store drop column hashed_by",
    "update store set store_version = 2",
]
WITHOUT_TAILS = ["alter table entries drop column tail", "update store set store_version = 3"]
OF_ANOTHER = ["update entries set hash = 0", "update store set hashed_by = 'v0.0.1'"]


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    rows = pa.table({"url": ["https://a.example/1"] * 3, "md5": [LISTED[3], "f" * 32, LISTED[30]]})
    pq.write_table(rows, tmp_path / "data" / "a.parquet")
    add(tmp_path / "lists.duckdb", LISTED[:20], "one")
    return tmp_path / "lists.duckdb"


def add(lists: Path, digests: list[str], source: str) -> store.Added:
    path = lists.with_name("list.txt")
    path.write_text("".join(f"{digest}\n" for digest in digests))
    return store.add(lists, [path], source=source)


def change(lists: Path, statements: list[str]) -> None:
    with connect(lists) as engine:
        for statement in statements:
            engine.execute(statement)


def found(lists: Path) -> int:
    counts = match([lists.with_name("data")], lists, workers=1, same_link=False).hits.counts
    return sum(count.gross for count in counts)


def told(lists: Path, query: str) -> list[tuple[int, ...]]:
    with connect(lists, read_only=True) as engine:
        return engine.rows(query)


def held(lists: Path) -> set[tuple[int, str]]:
    with connect(lists, read_only=True) as engine:
        assert engine.rows("select store_version, hashed_by = version() from store") == [
            (STORE_VERSION, True)
        ]
        assert engine.rows("select count(*) from entries where hash <> hash(digest)") == [(0,)]
        rows = engine.rows("select list_id, digest from entries")
    assert len(set(rows)) == len(rows)
    return set(rows)


def test_hashes_are_those_of_the_digests(lists: Path) -> None:
    assert held(lists) == {(1, digest) for digest in LISTED[:20]}
    assert found(lists) == 1


def three(lists: Path) -> int:
    return add(lists, LISTED[10:], "three").list_id


def no_second(lists: Path) -> int:
    return store.withdraw(lists, 2).list_id


ADDED, LEFT = {(3, d) for d in LISTED[10:]}, {(2, LISTED[30])}


@pytest.mark.parametrize(
    ("made", "write", "after"),
    quickly(
        1,
        [
            (OLD, three, ADDED),
            (OF_ANOTHER, no_second, LEFT),
            (WITHOUT_TAILS, three, ADDED),
            pytest.param(WITHOUT_TAILS, no_second, LEFT, marks=pytest.mark.slow),
            pytest.param(OLD, no_second, LEFT, marks=pytest.mark.slow),
            pytest.param(OF_ANOTHER, three, ADDED, marks=pytest.mark.slow),
        ],
    ),
)
def test_other_stores_are_read_as_they_are_and_written_as_ours(
    lists: Path, made: list[str], write: Callable[[Path], int], after: set[tuple[int, str]]
) -> None:
    add(lists, LISTED[30:31], "two")
    before = held(lists)
    change(lists, made)
    data = lists.read_bytes()
    assert found(lists) == 2
    assert lists.read_bytes() == data
    write(lists)
    assert held(lists) == before ^ after
    assert add(lists, LISTED[5:6], "last").list_id == max(no for no, _ in before | after) + 1


@pytest.mark.parametrize("made", quickly(1, [WITHOUT_TAILS, OLD]))
def test_links_of_other_stores_are_found_though_no_tail_of_theirs_is_known(
    lists: Path, made: list[str]
) -> None:
    """Before their store is written anew, and after; those that came later have one."""
    tails = (
        "select count(*), count(tail) from entries where kind = 'url' and host_digest is not null"
    )
    add(lists, ["https://a.example/1", "https://a.example/picture.jpg"], "two")
    assert told(lists, tails) == [(2, 2)]
    change(lists, made)
    assert found(lists) == 4
    add(lists, ["https://a.example/other.jpg"], "three")
    assert told(lists, tails) == [(3, 1)]
    assert found(lists) == 4


def test_counts_are_those_of_a_set_however_many_parts_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "_AT_ONCE", 7)
    monkeypatch.setattr(ingest, "_GROUP", 3)
    monkeypatch.setattr(ingest, "_HELD", 1)
    rng = random.Random(1)
    earlier: set[str] = set()
    lists, stored = tmp_path / "lists.duckdb", set()
    for number in range(1, 6):
        some = Counter(rng.choices(LISTED, k=rng.randrange(1, 60)))
        added = add(lists, [*some.elements()], f"partner {number}")
        assert (added.new, added.known) == (len(some.keys() - earlier), len(earlier & some.keys()))
        assert added.duplicate == some.total() - len(some)
        assert added.entries == {"image_md5": len(some)}
        earlier |= some.keys()
        stored |= {(number, digest) for digest in some}
        assert held(lists) == stored
