"""What `clean` makes of real files passes; the same OUT with one shard put back does not."""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.engine import connect
from relaion.links import host_patterns, inner_links, key_prefixes, link_key
from relaion.links.spellings import spellings
from relaion.lists import add
from relaion.stages.clean import clean
from relaion.verifier.checker import verify
from relaion.verifier.verdict import Verdict
from tests import oracle
from tests.drawn import quickly


@dataclass
class Run:
    """A data set, the lists made of its own links, and the OUT that `clean` made."""

    data: Path
    lists: Path
    out: Path
    listed: int

    def check(self) -> Verdict:
        return verify(self.out, inputs=[self.data], lists=self.lists)


pytestmark = pytest.mark.usefixtures("all_counts", "no_sample", "in_process")

REAL = ["laion400m_10000.parquet", "laion2B_multi_9461.parquet"]


@pytest.fixture(scope="module", params=quickly(1, REAL))
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
    assert all(o.state == "held" for o in verdict.outcomes)
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


@dataclass
class Wide:
    """A run over a real file whose lists name rows in every way there is."""

    top: Path
    data: Path
    lists: Path
    out: Path

    def check(self) -> Verdict:
        return verify(self.out, inputs=[self.data], lists=self.lists, sidecars=[self.sidecar])

    @property
    def sidecar(self) -> Path:
        return self.top / "sidecar.parquet"

    def add(self, name: str, values: list[str], **options: Any) -> None:
        (self.top / name).write_text("\n".join(dict.fromkeys(values)) + "\n", encoding="utf-8")
        add(self.lists, [self.top / name], source=name, **options)


def digests(urls: list[str], algorithm: str) -> list[str]:
    """A hash of one spelling of each link, another one for each."""
    found = []
    for i, url in enumerate(urls):
        spelled = spellings(url)
        found.append(hashlib.new(algorithm, spelled[i % len(spelled)][1]).hexdigest())
    return found


@pytest.fixture(scope="module", params=[pytest.param(REAL[0], marks=pytest.mark.slow), REAL[1]])
def wide(
    request: pytest.FixtureRequest, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Wide:
    top = tmp_path_factory.mktemp("wide")
    run = Wide(top, top / "data", top / "lists.duckdb", top / "out")
    run.data.mkdir()
    shutil.copy(shared_data / "real" / request.param, run.data / "part-0.parquet")
    table = pq.read_table(run.data / "part-0.parquet")
    urls, texts = table["URL"].to_pylist(), table["TEXT"].to_pylist()
    inner = [link for u in urls for link in inner_links(u)]
    keys = [k for k in map(link_key, urls[7::701]) if host_patterns(k)]
    hashes = [oracle.row_hash({"url": urls[i], "text": texts[i]}) for i in range(3, len(urls), 97)]
    run.add("links", inner[::40])
    run.add("md5", digests(urls[::53] + inner[::9], "md5"), kind="url_md5")
    run.add(
        "sha1",
        digests(urls[1::61], "sha1"),
        kind="url_sha1",
        forms=["raw", "key-bare"],
        label="privacy",
    )
    run.add("hosts", [host_patterns(k)[0] for k in keys], scope="host")
    run.add("prefixes", [key_prefixes(k)[-1] for k in keys if "/" in k], scope="prefix")
    run.add("row hashes", [str(n) for n in hashes], kind="row_hash")
    images = [hashlib.md5(u.encode()).hexdigest() for u in urls[2::31]]
    run.add("images", images[::3], kind="image_md5", label="opt-out")
    pq.write_table(pa.table({"url": urls[2::31], "md5": images}), run.sidecar)
    clean([run.data], run.lists, run.out, sidecars=[run.sidecar], workers=1, verify=False,
          yes_i_checked=True)  # fmt: skip
    return run


@pytest.mark.slow
def test_what_clean_makes_of_wide_lists_is_clean(wide: Wide) -> None:
    verdict = wide.check()
    assert verdict.findings == ()
    assert all(o.state == "held" for o in verdict.outcomes)
    with connect(wide.out / "audit.duckdb", read_only=True) as engine:
        ways = {(k, f) for k, f in engine.rows("select distinct kind, form from hits")}
    assert {("url", "inner"), ("host", None), ("url_prefix", None), ("row_hash", "computed"),
            ("image_md5", "sidecar"), ("url_md5", "raw"), ("url_md5", "inner raw"),
            ("url_sha1", "raw"), ("url_md5", "raw-swapped")} <= ways  # fmt: skip
    assert {form for kind, form in ways if kind == "url_sha1"} <= {
        "raw", "key-bare", "inner raw", "inner key-bare",
    }  # fmt: skip


@pytest.mark.slow
def test_each_way_of_being_listed_is_found_in_the_input(wide: Wide, tmp_path: Path) -> None:
    run = Wide(wide.top, wide.data, wide.lists, tmp_path / "out")
    shutil.copytree(wide.out, run.out)
    shutil.copy(run.data / "part-0.parquet", run.out / "research" / "data" / "part-0.parquet")
    found = {f.what for f in run.check().findings if f.promise == "1a"}
    for kind in ("url", "url_md5", "host", "url_prefix", "row_hash", "image_md5"):
        assert any(f"listed ({kind})" in what for what in found), kind
