"""What `clean` makes of real files passes; the same OUT with one shard put back does not."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from relaion.lists import add
from relaion.proof import Verdict, verify
from relaion.stages import clean


@dataclass
class Run:
    """A data set, the lists made of its own links, and the OUT that `clean` made."""

    data: Path
    lists: Path
    out: Path
    listed: int

    def check(self) -> Verdict:
        return verify(self.out, inputs=[self.data], lists=self.lists)


REAL = ["laion400m_10000.parquet", "laion2B_multi_9461.parquet"]


@pytest.fixture(scope="module", params=REAL)
def finished(
    request: pytest.FixtureRequest, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Run:
    top = tmp_path_factory.mktemp("real")
    run = Run(top / "data", top / "lists.duckdb", top / "out", 0)
    run.data.mkdir()
    shutil.copy(shared_data / "real" / request.param, run.data / "part-0.parquet")
    links = pq.read_table(run.data / "part-0.parquet")["URL"].to_pylist()
    wanted = sorted({u for u in links[::500] if u.startswith("http")})
    run.listed = len(wanted)
    # written as a partner may write them: another scheme, a fragment, letters of the host
    spelled = [u.replace("https://", "HTTP://", 1) + "#top" for u in wanted]
    (top / "links.txt").write_text("\n".join(spelled), encoding="utf-8")
    add(run.lists, [top / "links.txt"], source="a partner")
    clean([run.data], run.lists, run.out, workers=1, verify=False)
    return run


def test_what_clean_makes_is_clean(finished: Run) -> None:
    verdict = finished.check()
    assert verdict.findings == ()
    assert verdict.clean
    kept = pq.read_metadata(finished.out / "research" / "data" / "part-0.parquet").num_rows
    before = pq.read_metadata(finished.data / "part-0.parquet").num_rows
    assert finished.listed <= before - kept <= 2 * finished.listed


def test_the_input_in_place_of_an_output_is_found(finished: Run, tmp_path: Path) -> None:
    run = Run(finished.data, finished.lists, tmp_path / "out", finished.listed)
    shutil.copytree(finished.out, run.out)
    path = run.out / "research" / "data" / "part-0.parquet"
    shutil.copy(run.data / "part-0.parquet", path)
    broken = {o.promise for o in run.check().outcomes if o.state == "broken"}
    assert {"1a", "5"} <= broken
    assert "1b" not in broken
    found = [str(f) for f in verify(run.out, lists=run.lists).findings if f.promise == "1a"]
    assert len(found) == 1 and "listed (url)" in found[0]
