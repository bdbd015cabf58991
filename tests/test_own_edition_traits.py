"""An edition of one's own may ask for what givers say beside their entries."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import relaion
from relaion.lists import store

pytestmark = pytest.mark.usefixtures("in_process")

DIGESTS = [f"{i:032x}" for i in range(1, 20)]
WORST = """\
-- name:    worst
-- purpose: Rows that a list names as the worst.
-- parent:  original
-- labels:  none
-- rules:   none
-- reads:   hit_traits (severity varchar)
insert into removals
select distinct 'worst', h.shard_no, h.file_row_number, 'list'
from hit_traits as h
where h.severity in ('A1', 'A2');
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [
        f"{d},{s},{2000 + i}" for i, (d, s) in enumerate(zip(DIGESTS, "ABABABAB", strict=False))
    ]
    rows = [row.replace(",A,", ",A1,").replace(",B,", ",B2,") for row in rows]
    (tmp_path / "list.csv").write_text("\n".join(["md5,severity,first seen", *rows, ""]))
    store.add(tmp_path / "lists.duckdb", tmp_path / "list.csv", source="A")
    (tmp_path / "worst.sql").write_text(WORST)
    return tmp_path


def write(folder: Path, name: str, **columns: list[str]) -> Path:
    path = folder / name / "a.parquet"
    path.parent.mkdir()
    pq.write_table(pa.table(columns), path)
    return path.parent


@pytest.mark.slow
def test_the_rows_that_are_listed_as_the_worst_leave(folder: Path) -> None:
    links = [f"https://pictures.example/{i}.jpg" for i in range(len(DIGESTS))]
    data = write(folder, "data", md5=DIGESTS, url=links)
    lists, out = folder / "lists.duckdb", folder / "out"
    relaion.clean(data, lists, out, editions=["research", str(folder / "worst.sql")])
    kept = pq.read_table(out / "worst").column("md5").to_pylist()
    assert kept == [d for i, d in enumerate(DIGESTS) if i not in (0, 2, 4, 6)]
    assert len(pq.read_table(out / "research")) == len(DIGESTS) - 8


@pytest.mark.slow
def test_a_sidecar_tells_them_too(folder: Path) -> None:
    links = [f"https://pictures.example/{i}.jpg" for i in range(len(DIGESTS))]
    data = write(folder, "data", url=links)
    beside = write(folder, "beside", url=links, md5=DIGESTS)
    relaion.clean(
        data, folder / "lists.duckdb", folder / "out", editions=[str(folder / "worst.sql")],
        sidecars=beside,
    )  # fmt: skip
    kept = pq.read_table(folder / "out" / "worst").column("url").to_pylist()
    assert kept == [link for i, link in enumerate(links) if i not in (0, 2, 4, 6)]
