"""What every test can ask for: the real files, hypothesis profiles, a private umask-free folder."""

import gc
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

from relaion.run.pool import HERE, LocalPool
from tests.one_duckdb import one_duckdb
from tests.pipeline import hands_here

settings.register_profile("dev", max_examples=15, deadline=None)
settings.register_profile(
    "quick", max_examples=50, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate]
)
settings.register_profile(
    "ci", max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
# the same examples in every run: a landing is judged by what it changed, not by luck; whoever works
# on the code draws others each time
settings.register_profile("same", max_examples=15, deadline=None, derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


_CALL = LocalPool.call


def _call_here(_: LocalPool, function: str, *given: Any, **named: Any) -> Any:
    return HERE.call(function, *given, **named)


@pytest.fixture(scope="session", autouse=True)
def calls_here() -> Iterator[None]:
    """What a library call of this process has done elsewhere is done here: no wait, same code.

    Tasks go to the executor that a test names, and the command line is a process of its own.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LocalPool, "call", _call_here)
        yield


@pytest.fixture(scope="session", autouse=True)
def no_waiting_for_the_disk() -> Iterator[None]:
    """Thousands of files are written here; that they outlive a power cut is tested with a patch."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", os.fstat)  # which fails, too, where there is no such file
        yield


@pytest.fixture(scope="session", autouse=True)
def files_in_one_duckdb() -> Iterator[None]:
    """Files that are read, stores and audits that are made, here: by a DuckDB that is there."""
    with one_duckdb():
        yield


@pytest.fixture
def calls_in_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for whoever calls the library: heavy functions are done in a process of their own."""
    monkeypatch.setattr(LocalPool, "call", _CALL)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real files that nobody here wrote; they live beside the checkout, never in it."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no ../shared/data beside this checkout")
    return folder


@pytest.fixture(scope="module")
def all_counts() -> Iterator[None]:
    """Audits of tiny data sets tell their counts too, for tests that read them; in this process.

    What is told by default is the matter of `test_told.py`.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("relaion.run.audit_file.FEW_ROWS", 0)
        patch.setattr("relaion.run.parent.FEW_ROWS", 0)
        patch.setattr("relaion.verifier.counts.FEW_ROWS", 0)
        yield


@pytest.fixture(scope="module")
def in_process() -> Iterator[None]:
    """`clean` and `match` of the library do their tasks here: a process costs a second to start."""
    with hands_here():
        yield


@pytest.fixture(scope="module")
def no_sample() -> Iterator[None]:
    """`verify` asks its model about no row that its quick tests do not choose."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("relaion.verifier.job.SAMPLED", 0)
        yield


@pytest.fixture(scope="module")
def each_alone() -> Iterator[None]:
    """Every shard is a batch of its own, so that a run can break off between two small ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("relaion.run.tasks.FEWEST_ROWS", 1)
        patch.setattr("relaion.run.tasks.BATCH_ROWS", 1)
        yield


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is collected stays: to look for garbage meanwhile finds none, again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """Three thousand tests are a heap that no later look for garbage need go through."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)  # what a test leaves is little, and looked for often enough


SLOW = ("faults", "test_lists_crash.py", "test_lists_faults.py")
DEMO = "test_demo.py"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is broken on purpose takes minutes: apart from the suite.

    With `SLOW_SHARE=5` every fifth of these is run, always the same ones, and with `SLOW_TURN=1` to
    `4` another fifth; `poe slow` runs all.
    The demo's are no part of a share: `.ci/run` runs them on the demo that it has made.
    """
    share = int(os.environ.get("SLOW_SHARE", "1"))
    turn = int(os.environ.get("SLOW_TURN", "0"))
    left_out = []
    for item in items:
        place = item.path.relative_to(Path(__file__).parent).parts[0]
        if place in SLOW:
            item.add_marker(pytest.mark.slow)
        is_slow = item.get_closest_marker("slow")
        is_of_turn = zlib.crc32(item.nodeid.encode()) % share == turn % share
        is_apart = not is_of_turn or (share > 1 and place == DEMO)
        if is_slow and is_apart:
            left_out.append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


@pytest.fixture(scope="session")
def s3_server() -> Iterator[Any]:
    """An S3 on loopback, for all tests of a process."""
    world = pytest.importorskip("tests.remote_world", reason="without the extra [test]")
    with world.serving() as found:
        yield found


@pytest.fixture
def s3(s3_server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """That S3, without faults and counted anew, as the one that the environment names."""
    from tests.remote_world import point_at

    point_at(monkeypatch, s3_server.address)
    s3_server.forget()
    yield s3_server
    s3_server.fault = None
