"""What is replaced while a run reads it: one line that names it, or a result as if it was not."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.errors import InputError, ListError, RelaionError, StopError
from relaion.stages.match import match
from tests.drawn import quickly
from tests.faults.world import (
    LISTED,
    MD5,
    contents,
    copied,
    disclosed,
    make,
    names,
    rows_of_shard,
    run,
)
from tests.pipeline import JOINED, ROLES, InProcess, Sent, add_lists, rows_of
from tests.replacing import (
    WAYS,
    Between,
    Way,
    append,
    overwrite,
    rename,
    step_of,
    truncate,
    vanish,
)

STEPS = ("hits", "gather", "same", "count", "write")
SIZE = 12_000
slow = pytest.mark.slow
pytestmark = pytest.mark.usefixtures("each_alone", "in_process")


def padded(rows: list[dict[str, Any]]) -> bytes:
    """A shard of always the same size, whatever it holds."""
    columns = [pa.array([r.get(ROLES.get(f.name, f.name)) for r in rows], f.type) for f in JOINED]
    pad = SIZE // 4
    for _ in range(9):
        sink = pa.BufferOutputStream()
        with pq.ParquetWriter(sink, JOINED, compression="none", store_schema=False) as writer:
            writer.write_table(pa.table(columns, schema=JOINED))
            writer.add_key_value_metadata({"pad": "x" * pad})
        data = bytes(sink.getvalue())
        if len(data) == SIZE:
            return data
        pad += SIZE - len(data)
    raise AssertionError(f"no shard of {SIZE} bytes")


def innocent() -> bytes:
    return padded(rows_of_shard(0))


def guilty() -> bytes:
    """The same shard, but it holds a listed row at its end."""
    rows = rows_of_shard(0)
    rows[-1] |= {"url": LISTED, "text": "planted-caption"}
    return padded(rows)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make(tmp_path_factory.mktemp("whole"), shards=3)
    (folder / "data/en/part-0.parquet").write_bytes(innocent())
    run(folder)
    other = folder / "other"
    other.mkdir()
    add_lists(other / "lists.duckdb", [Sent((("url", "https://nobody.example/x.jpg"),))])
    return folder


@pytest.fixture
def world(whole: Path, tmp_path: Path) -> Path:
    return copied(whole, tmp_path)


def is_listed(row: dict[str, Any]) -> bool:
    return row["URL"] == LISTED or row["md5"] == MD5 or "planted-a" in str(row["URL"])


def kept(world: Path) -> int:
    """Listed rows in a finished OUT."""
    return sum(map(is_listed, rows_of(world / "out", "research")))


def said(world: Path, **options: Any) -> str | None:
    """The one line with which a run ended; None where it finished, without a listed row."""
    try:
        run(world, **options)
    except RelaionError as e:
        assert "\n" not in str(e)
        assert disclosed(world, str(e)) == []
        assert "manifest.json" not in names(world / "out")
        return str(e)
    assert kept(world) == 0
    return None


_fresh: dict[bytes, dict[str, Any]] = {}


def fresh(world: Path) -> dict[str, Any]:
    """What a run over these very files makes."""
    files = [p for p in sorted((world / "data").rglob("*")) if p.is_file()]
    files += [world / "lists.duckdb", world / "lists.duckdb.key"]
    of_them = hashlib.sha256(b"".join(hashlib.sha256(p.read_bytes()).digest() for p in files))
    if of_them.digest() not in _fresh:
        run(world, out="fresh")
        _fresh[of_them.digest()] = contents(world / "fresh")
    return _fresh[of_them.digest()]


def ends_like_a_fresh_run(world: Path) -> None:
    """The command repeated gives what a run gives that nothing disturbed."""
    assert said(world) is None
    assert contents(world / "out") == fresh(world)
    assert not (world / "out/.work").exists()


def cases() -> list[Any]:
    """Each way at each step; but for the one that tells most, they take their time."""
    often = [(overwrite, "same")]
    return [
        pytest.param(way, step, marks=() if (way, step) in often else slow)
        for way in WAYS
        for step in STEPS
    ]


def shard_of(world: Path) -> Path:
    return world / "data/en/part-0.parquet"


@pytest.mark.parametrize(("way", "step"), cases())
@pytest.mark.parametrize("copy", [False, pytest.param(True, marks=slow)])
def test_a_shard_is_named_and_its_listed_row_leaves_when_the_command_is_repeated(
    world: Path, way: Way, step: str, copy: bool
) -> None:
    path = shard_of(world)
    hands = Between(step, lambda: way(path, guilty()))
    line = said(world, executor=hands, copy=copy)
    assert hands.acted
    if line is None:  # in place before its first byte was searched
        assert step == "hits" and way in (overwrite,), line
    else:
        assert "part-0.parquet" in line
        assert line.endswith("go on")
    path.unlink(missing_ok=True)
    path.write_bytes(guilty())
    ends_like_a_fresh_run(world)


@pytest.mark.slow
@pytest.mark.parametrize(
    "way", [overwrite, *(pytest.param(w, marks=slow) for w in WAYS if w is not overwrite)]
)
def test_a_shard_that_is_replaced_when_it_was_written_is_found_before_the_manifest(
    world: Path, way: Way
) -> None:
    written: list[int] = []

    class After(InProcess):
        def run(self, tasks: Any) -> Any:
            for task in tasks:
                yield from super().run([task])
                if step_of(task) == "write":
                    written.append(task.no)
                    if len(written) == 3:
                        way(shard_of(world), guilty())

    line = said(world, executor=After())
    assert line is not None and "part-0.parquet" in line
    shard_of(world).unlink(missing_ok=True)
    shard_of(world).write_bytes(guilty())
    ends_like_a_fresh_run(world)


@pytest.mark.slow
@pytest.mark.parametrize("way", [overwrite, pytest.param(rename, marks=slow)])
def test_a_shard_that_changes_while_no_run_goes_on_is_not_taken_for_what_it_was(
    world: Path, way: Way
) -> None:
    """Size and time are as before: only its bytes, and the kernel's own time, tell."""

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(world, executor=Between("write", stop, after=True))
    way(shard_of(world), guilty())
    line = said(world)
    assert line is not None and "part-0.parquet" in line
    if way is rename:  # its time of change is another one: refused before anything is done
        assert "--purge" in line
        return
    ends_like_a_fresh_run(world)


@pytest.mark.slow
def test_a_shard_that_gets_another_hard_link_is_the_same(world: Path, whole: Path) -> None:
    """Other runs and programs for backups do that, and the kernel's time of change moves."""
    n = 0

    class Linking(InProcess):
        def run(self, tasks: Any) -> Any:
            nonlocal n
            for task in tasks:
                for path in (world / "data/en").iterdir():
                    n += 1
                    (world / f"link-{n}").hardlink_to(path)
                yield from super().run([task])

    run(world, executor=Linking())
    assert contents(world / "out") == contents(whole / "out")


def store_cases() -> list[Any]:
    often = [(rename, "hits")]
    return [
        pytest.param(way, step, marks=() if (way, step) in often else slow)
        for way in WAYS
        for step in STEPS
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("way", "step"), store_cases())
def test_the_store_of_a_run_is_one(world: Path, whole: Path, way: Way, step: str) -> None:
    lists = world / "lists.duckdb"
    before = lists.read_bytes()
    other = (whole / "other/lists.duckdb").read_bytes()
    line = said(world, executor=Between(step, lambda: way(lists, other)))
    if way in (overwrite, truncate, append):
        if line is None:  # all was searched by then
            assert step == "write"
        else:
            assert "lists.duckdb: " in line
            assert ".work" not in line
    else:
        assert line is None
    lists.unlink(missing_ok=True)
    lists.write_bytes(before)
    lists.chmod(0o600)
    if line is not None:
        ends_like_a_fresh_run(world)
    assert contents(world / "out") == contents(whole / "out")


@pytest.mark.slow
@pytest.mark.parametrize(
    "way", [rename, *(pytest.param(w, marks=slow) for w in (overwrite, truncate, vanish))]
)
@pytest.mark.parametrize("is_open", [True, pytest.param(False, marks=slow)])
def test_the_check_of_a_run_reads_the_store_of_the_run(
    world: Path, whole: Path, way: Way, is_open: bool
) -> None:
    """What `clean` checks itself with is not what lies at the path by then."""
    lists = world / "lists.duckdb"
    lists.chmod(0o600 if is_open else 0o640)
    other = (whole / "other/lists.duckdb").read_bytes()
    step = "write"
    hands = Between(step, lambda: way(lists, other), after=True)
    if way in (overwrite, truncate) and is_open:
        with pytest.raises(ListError, match=r"lists\.duckdb: .*is finished but was not checked"):
            run(world, executor=hands, verify=True)
    else:
        found = run(world, executor=hands, verify=True).verdict
        said = [f.what for outcome in found.outcomes for f in outcome.findings]
        open_to_others = "others than its owner may open it; set its mode to 0600"
        assert said == ([] if is_open else [open_to_others])
        assert not is_open or all(o.state == "held" for o in found.outcomes)
    assert kept(world) == 0
    assert names(world / "out") - {"verified.json"} == names(whole / "out")


def test_a_store_that_others_may_read_is_copied_and_the_copy_is_private(
    world: Path, whole: Path
) -> None:
    lists = world / "lists.duckdb"
    lists.chmod(0o644)
    seen: list[int] = []

    def look() -> None:
        seen.append((world / "out/.work/lists.duckdb").stat().st_mode & 0o777)
        overwrite(lists, (whole / "other/lists.duckdb").read_bytes())

    run(world, executor=Between("gather", look))
    assert seen == [0o600]
    assert contents(world / "out") == contents(whole / "out")


@pytest.mark.slow
def test_a_run_that_goes_on_has_the_store_that_it_began_with(world: Path, whole: Path) -> None:
    """The store was replaced meanwhile, and is back by the time that the run goes on."""
    lists = world / "lists.duckdb"

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(world, executor=Between("same", stop))
    rename(lists, (whole / "other/lists.duckdb").read_bytes())
    with pytest.raises(InputError, match="the lists differ"):
        run(world)
    rename(lists, (whole / "lists.duckdb").read_bytes())
    lists.chmod(0o600)
    run(world)
    assert contents(world / "out") == contents(whole / "out")


def test_a_log_beside_the_store_is_refused(world: Path) -> None:
    (world / "lists.duckdb.wal").write_bytes(b"x")
    with pytest.raises(ListError, match=r"another program left changes beside it"):
        run(world)


@pytest.mark.slow
@pytest.mark.parametrize(
    "way", [rename, *(pytest.param(w, marks=slow) for w in (overwrite, vanish))]
)
@pytest.mark.parametrize("step", ["write", pytest.param("hits", marks=slow)])
def test_keywords_are_read_once(world: Path, whole: Path, way: Way, step: str) -> None:
    words = world / "words.txt"
    words.write_text("picture 3\n")
    hands = Between(step, lambda: way(words, b"nothing\n"))
    found = run(world, keywords=words, executor=hands, verify=True)
    assert found.verdict.clean


SIDECAR = pa.schema([("url", pa.string()), ("md5", pa.string())])


def sidecar(is_guilty: bool) -> bytes:
    digest = MD5 if is_guilty else "01" * 16
    table = pa.table({"url": ["https://h2.example/2-2.jpg"], "md5": [digest]}, schema=SIDECAR)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="none", use_dictionary=False, write_statistics=False)
    return bytes(sink.getvalue())


@pytest.mark.slow
@pytest.mark.parametrize("is_text", [False, pytest.param(True, marks=slow)])
@pytest.mark.parametrize(
    "way", [overwrite, *(pytest.param(w, marks=slow) for w in WAYS if w is not overwrite)]
)
@pytest.mark.parametrize(
    "step", ["hits", *(pytest.param(s, marks=slow) for s in ("sidecars", "write"))]
)
def test_a_sidecar_is_named_or_what_it_was(world: Path, way: Way, step: str, is_text: bool) -> None:
    folder = world / "data-beside"
    folder.mkdir()
    path = folder / ("list.tsv" if is_text else "list.parquet")
    line = "https://h2.example/2-2.jpg\t{}\n"
    good, bad = sidecar(True), sidecar(False)
    assert len(good) == len(bad)
    if is_text:
        good, bad = line.format(MD5).encode(), line.format("01" * 16).encode()
    path.write_bytes(good)
    said_ = said(world, sidecars=[path], executor=Between(step, lambda: way(path, bad)))
    assert said_ is not None and path.name in said_
    path.unlink(missing_ok=True)
    path.write_bytes(good)
    again = said(world, sidecars=[path])
    assert again is None
    urls = [r["URL"] for r in rows_of(world / "out", "research")]
    assert "https://h2.example/2-2.jpg" not in urls


@pytest.mark.slow
def test_a_sidecar_that_changes_while_no_run_goes_on_is_refused(world: Path) -> None:
    path = world / "list-s.parquet"
    path.write_bytes(sidecar(False))

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(world, sidecars=[path], executor=Between("write", stop))
    overwrite(path, sidecar(True))
    line = said(world, sidecars=[path])
    assert line is not None and "list-s.parquet: changed since the run began" in line
    overwrite(path, sidecar(False))
    assert said(world, sidecars=[path]) is None


def hands_of_match(monkeypatch: pytest.MonkeyPatch, hands: Any) -> None:
    import sys
    from contextlib import contextmanager

    @contextmanager
    def pool(*_: object, **__: object) -> Any:
        yield hands

    monkeypatch.setattr(sys.modules["relaion.stages.match"], "LocalPool", pool)


@pytest.mark.parametrize(
    ("way", "step"),
    [(overwrite, "same"), *(pytest.param(w, "count", marks=slow) for w in (rename, vanish))],
)
def test_match_counts_a_shard_as_it_was_or_names_it(
    world: Path, way: Way, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands_of_match(monkeypatch, Between(step, lambda: way(shard_of(world), guilty())))
    with pytest.raises(InputError, match=r"part-0\.parquet: [^\n]*$"):
        match([world / "data"], world / "lists.duckdb", workers=1)


class Linking(InProcess):
    """Gives a file another name before each task of a step, as a clean beside it may."""

    def __init__(self, path: Path, *steps: str) -> None:
        super().__init__()
        self.path = path
        self.steps = steps
        self.made = 0

    def run(self, tasks: Any) -> Any:
        for task in tasks:
            yield from super().run([task])
            if step_of(task) in self.steps:
                self.made += 1
                other = self.path.with_name(f"{self.made}.link")
                other.hardlink_to(self.path)


@pytest.mark.slow
@pytest.mark.parametrize("step", quickly(1, ["hits", "count"]))
def test_match_counts_a_shard_that_is_linked_meanwhile(
    world: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = world / "hashes.tsv"
    beside.write_text(f"url\tmd5\nhttps://example.org/none.jpg\t{MD5}\n")
    undisturbed = match([world / "data"], world / "lists.duckdb", workers=1, sidecars=[beside])
    linking = Linking(shard_of(world), "hits", step)
    hands_of_match(monkeypatch, linking)
    assert match([world / "data"], world / "lists.duckdb", workers=1, sidecars=[beside]) == (
        undisturbed
    )
    assert linking.made >= 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("way", "step"),
    [
        (rename, "same"),
        pytest.param(overwrite, "same", marks=slow),
        pytest.param(vanish, "hits", marks=slow),
    ],
)
def test_match_has_one_store(
    world: Path, whole: Path, way: Way, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists = world / "lists.duckdb"
    undisturbed = match([world / "data"], lists, workers=1).hits
    other = (whole / "other/lists.duckdb").read_bytes()
    hands_of_match(monkeypatch, Between(step, lambda: way(lists, other)))
    if way is overwrite:
        with pytest.raises(RelaionError, match=r"lists\.duckdb: [^\n]*$"):
            match([world / "data"], lists, workers=1)
    else:
        assert match([world / "data"], lists, workers=1).hits == undisturbed


@pytest.mark.slow
def test_an_own_edition_that_changes_is_refused(world: Path) -> None:
    script = world / "mine.sql"
    text = (
        "-- name: mine\n-- purpose: Removes.\n-- parent: original\n-- labels: csam\n"
        "insert into removals select 'mine', shard_no, file_row_number, 'list' "
        "from list_hits where false;\n"
    )
    script.write_text(text)
    act: Callable[[], None] = lambda: rename(script, text.replace("false", "true").encode())  # noqa: E731
    with pytest.raises(StopError, match=r"mine\.sql: changed since the run began"):
        run(world, editions=[script], executor=Between("write", act))
