"""A shard that breaks is named, the others are written, and the run goes on once it is whole."""

import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from relaion.errors import DamagedError, InputError, StopError
from relaion.parquet.footer import read_footer
from relaion.parquet.thrift import write_struct
from relaion.run.pool import LocalPool
from relaion.run.process import Guard, TaskOutcome, private_bytes
from relaion.run.survey import read_inputs
from relaion.run.tasks import FindTask
from tests.faults.world import contents, copied, disclosed, make, names, run, searched
from tests.pipeline import InProcess, write_shard

Spoil = Callable[[Path], None]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world cleaned undisturbed."""
    folder = make(tmp_path_factory.mktemp("whole"))
    run(folder)
    return folder


@pytest.fixture
def world(whole: Path, tmp_path: Path) -> Path:
    return copied(whole, tmp_path)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def wrong_magic(path: Path) -> None:
    path.write_bytes(b"PARX" + path.read_bytes()[4:])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def long_footer(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:-8] + (2**31 - 1).to_bytes(4, "little") + b"PAR1")


def bad_pages(path: Path) -> None:
    data = bytearray(path.read_bytes())
    start = pq.ParquetFile(path).metadata.row_group(0).column(0).data_page_offset
    data[start : start + 12] = b"\xff" * 12
    path.write_bytes(bytes(data))


def bad_caption(path: Path) -> None:
    """Pages that the search does not read, but the writer does."""
    data = bytearray(path.read_bytes())
    for group in range(pq.ParquetFile(path).metadata.num_row_groups):
        start = pq.ParquetFile(path).metadata.row_group(group).column(1).data_page_offset
        data[start : start + 12] = b"\xff" * 12
    path.write_bytes(bytes(data))


def unreadable(path: Path) -> None:
    path.unlink()
    path.symlink_to("/proc/self/mem")


SPOILS: list[tuple[Spoil, int]] = [
    (cut, 1), (wrong_magic, 1), (empty, 3), (long_footer, 4), (bad_pages, 1), (bad_pages, 2),
    (bad_pages, 3), (bad_caption, 1), (bad_caption, 4),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "no"), SPOILS, ids=lambda x: getattr(x, "__name__", str(x)))
def test_it_is_named_and_the_run_goes_on_when_it_is_replaced(
    world: Path, whole: Path, spoil: Spoil, no: int
) -> None:
    path = world / f"data/en/part-{no}.parquet"
    good = path.read_bytes()
    spoil(path)
    with pytest.raises(StopError, match=rf"part-{no}\.parquet: .*1 of 6 shards failed") as e:
        run(world)
    assert "\n" not in str(e.value)
    assert disclosed(world, str(e.value)) == []
    assert "manifest.json" not in names(world / "out")
    assert sum(n.startswith("research/") for n in names(world / "out")) == 5
    with pytest.raises(StopError, match="1 of 6 shards failed"):  # nothing was mended
        run(world)
    path.write_bytes(good)
    run(world)
    assert contents(world / "out") == contents(whole / "out")
    assert not (world / "out/.work").exists()


def test_a_broken_shard_is_searched_and_written_alone_when_it_is_whole(world: Path) -> None:
    path = world / "data/en/part-3.parquet"
    good = path.read_bytes()
    cut(path)
    with pytest.raises(StopError):
        run(world)
    path.write_bytes(good)
    done: list[Any] = []

    class Watch(InProcess):
        def run(self, tasks: Any) -> Any:
            done.extend(tasks)
            return super().run(tasks)

    run(world, executor=Watch())
    searched = [[n.no for n in t.shards] for t in done if isinstance(t, FindTask)]
    assert searched[0] == [3]
    assert [t.no for t in done if not isinstance(t, FindTask)] == [3]


def test_hits_of_a_mended_shard_remove_rows_of_those_written_before(
    world: Path, whole: Path
) -> None:
    """The link in part-2 is listed only because part-1 holds a listed picture behind it."""
    path = world / "data/en/part-1.parquet"
    good = path.read_bytes()
    cut(path)
    with pytest.raises(StopError):
        run(world)
    assert pq.read_metadata(world / "out/research/en/part-2.parquet").num_rows == 40
    path.write_bytes(good)
    run(world)
    assert pq.read_metadata(world / "out/research/en/part-2.parquet").num_rows == 39
    assert contents(world / "out") == contents(whole / "out")


def test_a_shard_may_come_back_as_another_file(world: Path) -> None:
    path = world / "data/en/part-3.parquet"
    bad_pages(path)
    with pytest.raises(StopError):
        run(world)
    write_shard(path, [{"url": "https://planted-host.example/planted-link.jpg"}, {"url": "x"}])
    run(world)
    assert pq.read_metadata(world / "out/research/en/part-3.parquet").num_rows == 1


def test_only_what_failed_may_change(world: Path) -> None:
    cut(world / "data/en/part-3.parquet")
    with pytest.raises(StopError):
        run(world)
    write_shard(world / "data/en/part-0.parquet", [{"url": "https://h.example/"}])
    with pytest.raises(InputError, match=r"inputs differ, first in en/part-0\.parquet"):
        run(world)


def test_a_changed_time_is_seen_although_rows_and_bytes_are_the_same(world: Path) -> None:
    cut(world / "data/en/part-3.parquet")
    with pytest.raises(StopError):
        run(world)
    os.utime(world / "data/en/part-0.parquet", ns=(1, 1))
    with pytest.raises(InputError, match=r"part-0\.parquet: changed since the run began"):
        run(world)


def test_all_broken_is_refused_at_once(world: Path) -> None:
    for path in (world / "data/en").iterdir():
        cut(path)
    with pytest.raises(InputError, match=r"part-0\.parquet: .* \(and 5 more\)"):
        run(world)
    assert not (world / "out").exists()


class Breaking(InProcess):
    """Does tasks like the others, but a batch with this shard fails as a dead worker would."""

    def __init__(self, no: int) -> None:
        super().__init__()
        self.no = no
        self.asked: list[list[int]] = []

    def run(self, tasks: Any) -> Any:
        for task in tasks:
            numbers = [n.no for n in task.shards] if isinstance(task, FindTask) else []
            if isinstance(task, FindTask) and task.step in ("hits", "same"):
                self.asked.append(numbers)
                if self.no in numbers:
                    yield TaskOutcome(task.no, f"{task.named}: its process was ended by SIGSEGV")
                    continue
            yield from super().run([task])


def test_a_batch_that_kills_its_worker_is_cut_until_the_shard_is_alone(
    world: Path, whole: Path
) -> None:
    breaking = Breaking(3)
    with pytest.raises(StopError, match=r"part-3\.parquet: its process was ended by SIGSEGV"):
        run(world, executor=breaking)
    assert breaking.asked[:6] == [
        [0, 1, 2, 3, 4, 5],
        [0, 1, 2],
        [3, 4, 5],
        [3],
        [4, 5],
        [0, 1, 2, 4, 5],
    ]
    run(world)
    assert contents(world / "out") == contents(whole / "out")


def edition(world: Path, body: str) -> Path:
    path = world / "mine.sql"
    path.write_text(
        "-- name: mine\n-- purpose: Breaks.\n-- parent: original\n-- labels: csam\n"
        f"-- reads: shard (shard_no integer)\n{body}\n"
    )
    return path


ENDLESS = (
    "create temp table endless as with recursive r as "
    "(select 1 as i union all select i + 1 from r where i > 0) select count(*) as n from r;"
)


def spent_by_children() -> float:
    """Processors' seconds of those that have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def test_a_worker_that_hangs_is_stopped_and_its_shard_named(world: Path, tmp_path: Path) -> None:
    script = edition(world, ENDLESS)
    searched(world, editions=[script])
    begun = spent_by_children()
    with (
        LocalPool(2, tmp_path, Guard(seconds=2)) as pool,
        pytest.raises(StopError, match=r"took longer than 2 s and was stopped; .*6 of 6 shards"),
    ):
        run(world, executor=pool, editions=[script])
    assert spent_by_children() - begun < 40


def test_a_worker_that_takes_all_memory_is_stopped(world: Path, tmp_path: Path) -> None:
    script = edition(
        world,
        "create temp table big as select string_agg(s, '') as t from "
        "(select repeat('x', 10_000_000) as s from range(300));",
    )
    with (
        # what this process holds counts, and after many tests that is much
        LocalPool(1, tmp_path, Guard(memory=400_000_000 + private_bytes(os.getpid()))) as pool,
        pytest.raises(StopError, match=r"processes took more than [0-9.]+ GB|ran out of memory"),
    ):
        run(world, executor=pool, editions=[script], memory="8GB")


def test_a_footer_that_would_end_pyarrow_is_refused(tmp_path: Path) -> None:
    """A chunk of another type than its column: asked for it, pyarrow ends the whole process."""
    path = tmp_path / "p.parquet"
    write_shard(path, [{"url": "https://h.example/"}])
    footer = read_footer(path)
    chunk = write_struct(footer.chunks(0)[0])
    other = footer.chunks(0)[0]
    other[3][1][1] = (other[3][1][1][0], 1)  # BYTE_ARRAY is now said to be INT32
    data = path.read_bytes()
    assert data.count(chunk) == 1
    path.write_bytes(data.replace(chunk, write_struct(other)))
    with pytest.raises(DamagedError, match="a column chunk is not what its schema says"):
        read_inputs([path], {})
