"""`--engine ray` against a real cluster of this machine: the same result, whatever is lost."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from relaion.engine import connect
from relaion.run import find, tasks
from relaion.stages.clean import clean
from relaion.stages.match import match
from tests import cover_world
from tests.ray_cluster import Running, running

pytest.importorskip("ray")
pytestmark = pytest.mark.slow
HOW: dict[str, Any] = {"key": None, "memory": "1GB"}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Running]:
    with (
        tempfile.TemporaryDirectory(prefix="rt-", dir="/tmp") as folder,
        running(Path(folder) / "r") as found,
    ):
        yield found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    cover_world.make(folder)
    (folder / "words.txt").write_text("picture\n")
    cleaned(folder, "local", engine="local")
    return folder


@pytest.fixture
def joined(cluster: Running, monkeypatch: pytest.MonkeyPatch) -> str:
    """The cluster's name, joined by this process, with a task for every shard."""
    for name, value in cluster.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(find, "FEWEST_ROWS", 1)
    monkeypatch.setattr(tasks, "FEWEST_ROWS", 1)
    return cluster.engine


def cleaned(folder: Path, out: str, **more: Any) -> Path:
    keywords = folder / "words.txt"
    clean(folder / "data", folder / "lists.duckdb", folder / out, keywords=keywords, **(HOW | more))
    return folder / out


def told(out: Path) -> tuple[dict[str, bytes], dict[str, Any], dict[str, list[Any]]]:
    """All that a run leaves, but for its times: shards, the manifest, the audit."""
    shards = {str(p.relative_to(out)): p.read_bytes() for p in sorted(out.rglob("*.parquet"))}
    manifest = json.loads((out / "manifest.json").read_text())
    for name in ("started", "finished"):
        del manifest[name]
    audit = {}
    with connect(threads=1, memory="200MB") as con:
        con.execute("attach ? as audit (read_only)", [str(out / "audit.duckdb")])
        names = "select table_name from duckdb_tables() where database_name = 'audit'"
        for (name,) in con.rows(names):
            audit[name] = con.rows(f"from audit.{name} order by all")
    assert not list(out.rglob(".relaion-*")) and not (out / ".work").exists()
    return shards, manifest, audit


@pytest.mark.parametrize("workers", [1, 2])
def test_a_clean_is_that_of_one_machine(world: Path, joined: str, workers: int) -> None:
    out = cleaned(world, f"ray-{workers}", engine=joined, workers=workers)
    assert told(out) == told(world / "local")


def test_a_match_is_that_of_one_machine(world: Path, joined: str) -> None:
    found = [
        match(world / "data", world / "lists.duckdb", engine=engine, **HOW)
        for engine in ("local", joined)
    ]
    assert found[0] == found[1]
