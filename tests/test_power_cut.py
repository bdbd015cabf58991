"""Work files that a power cut left cut, zeroed or missing are made again, silently and right."""

import os
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from relaion.errors import RelaionError
from relaion.run.journal import NAME
from tests.drawn import quickly
from tests.faults.world import contents, make, run
from tests.pipeline import InProcess, here
from tests.replacing import Between
from tests.test_hard_places import NOBODY, as_nobody

Damage = Callable[[Path], None]


def zeroed(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def other_json(path: Path) -> None:
    path.write_text("[1, 2]")


def gone(path: Path) -> None:
    path.unlink()


def flipped(path: Path, at: float = 0.5) -> None:
    """One bit, as a bad disk or bad memory leaves it."""
    data = bytearray(path.read_bytes())
    data[int(len(data) * at)] ^= 1
    path.write_bytes(data)


DAMAGES: tuple[Damage, ...] = (zeroed, cut, emptied, other_json, gone, flipped)
STOPS = ("same", "count", "write")


class Broken(Exception):
    """What the executor raises to break a run off."""


def spoil_text(path: Path) -> None:
    """Links that are no UTF-8, so that the search reads a mended copy."""
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    raw = [v.encode() + b"\xff" for v in table.column("URL").to_pylist()]
    bad = pa.array(raw, pa.binary()).view(pa.string())
    pq.write_table(table.set_column(0, "URL", bad), path)


@pytest.fixture(scope="module")
def broken_off(tmp_path_factory: pytest.TempPathFactory, each_alone: None) -> Path:
    """A world, cleaned undisturbed in `whole`; `restored` breaks runs over it off."""
    folder = make(tmp_path_factory.mktemp("world"), shards=3)
    spoil_text(folder / "data/en/part-0.parquet")
    words = folder / "words.txt"
    words.write_text("picture 3\n")
    run(folder, out="whole", keywords=words)

    return folder


def stop() -> None:
    raise Broken


def restored(folder: Path, step: str) -> list[Path]:
    """OUT as it was when it was broken off, and its work files."""
    shutil.rmtree(folder / "out", ignore_errors=True)
    saved = folder / f"saved-{step}"
    if not saved.exists():
        with pytest.raises(Broken):
            run(folder, keywords=folder / "words.txt", executor=Between(step, stop, after=True))
        (folder / "out").rename(saved)
    shutil.copytree(saved, folder / "out")
    work = folder / "out/.work"
    return sorted(p for p in work.rglob("*") if p.is_file())


@cache
def undisturbed(folder: Path) -> dict[str, Any]:
    """What there is in the end, read once for hundreds of comparisons."""
    return contents(folder / "whole")


def goes_on(folder: Path) -> None:
    run(folder, keywords=folder / "words.txt")
    assert contents(folder / "out") == undisturbed(folder)
    assert not (folder / "out/.work").exists()


@pytest.mark.slow
def test_what_is_damaged_is_there_to_be_damaged(broken_off: Path) -> None:
    names = {str(p.relative_to(broken_off / "out/.work")) for p in restored(broken_off, "write")}
    wanted = {
        "plan.json", "lists.duckdb", "keywords.json", "list_hits.parquet",
        "same_link.parquet", "lists.parquet", "hit_counts.parquet", "hit_unions.parquet",
        "find/hit_keys.parquet", "journal.jsonl",
    }  # fmt: skip
    assert wanted <= names
    for kind in ("find/hits-", "find/keys-", "find/same-", "mended/000000-"):
        assert any(name.startswith(kind) for name in names), kind


@pytest.mark.slow
@pytest.mark.parametrize(
    ("damage", "step", "ends"),
    [
        (zeroed, "write", (".parquet", ".duckdb", ".json")),
        pytest.param(gone, "count", (".parquet", ".duckdb", ".json"), marks=pytest.mark.slow),
        pytest.param(cut, "same", (".parquet",), marks=pytest.mark.slow),
    ],
)
def test_many_at_once(broken_off: Path, damage: Damage, step: str, ends: tuple[str, ...]) -> None:
    for path in restored(broken_off, step):
        if path.suffix in ends and path.name != "plan.json":
            damage(path)
    goes_on(broken_off)


def test_what_is_whole_is_not_made_again(broken_off: Path) -> None:
    restored(broken_off, "write")
    done: list[object] = []

    class Watch(InProcess):
        def run(self, tasks):  # type: ignore[no-untyped-def]
            done.extend(tasks)
            return super().run(tasks)

    run(broken_off, keywords=broken_off / "words.txt", executor=Watch())
    assert len(done) == 2  # two of three shards are left to be written


@pytest.mark.slow
@pytest.mark.parametrize("step", STOPS)
@pytest.mark.parametrize("damage", DAMAGES)
def test_each_of_them(broken_off: Path, damage: Damage, step: str) -> None:
    for path in restored(broken_off, step):
        if damage is other_json and ".json" not in path.suffix:
            continue  # to what reads no JSON it is bytes cut short, as by `cut`
        restored(broken_off, step)
        damage(path)
        try:
            goes_on(broken_off)
        except (RelaionError, AssertionError) as e:
            raise AssertionError(f"{path.name}: {e}") from e


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES)
def test_each_output(broken_off: Path, damage: Damage) -> None:
    restored(broken_off, "write")
    shards = sorted((broken_off / "out/research").rglob("*.parquet"))
    assert shards
    for i in range(len(shards)):
        restored(broken_off, "write")
        damage(shards[i])
        goes_on(broken_off)


def cut_at_the_failure(path: Path) -> None:
    """In the midst of the line that says which shard failed: what stands before it is whole."""
    os.truncate(path, path.read_bytes().index(b"failed") + 9)


@pytest.mark.slow
@pytest.mark.parametrize("damage", [zeroed, cut_at_the_failure, emptied, other_json, gone])
def test_a_shard_that_failed_is_refused_where_the_journal_is_lost(
    tmp_path: Path, damage: Damage
) -> None:
    make(tmp_path, shards=3)
    path = tmp_path / "data/en/part-1.parquet"
    good = path.read_bytes()
    path.write_bytes(good[:-20])
    with pytest.raises(RelaionError, match="1 of 3 shards failed"):
        run(tmp_path)
    damage(tmp_path / "out/.work" / NAME)
    path.write_bytes(good)
    with pytest.raises(RelaionError, match=r"part-1\.parquet"):  # nobody knows that it failed
        run(tmp_path)


@pytest.mark.parametrize("damage", [zeroed, pytest.param(gone, marks=pytest.mark.slow)])
def test_where_the_plan_is_lost_nothing_of_another_run_is_kept(
    broken_off: Path, damage: Damage
) -> None:
    """Nobody knows any more which run it was: what this one would not write is not its own."""
    restored(broken_off, "write")
    damage(broken_off / "out/.work/plan.json")
    with pytest.raises(RelaionError, match=r"whose plan is lost, and research.*would not write"):
        run(broken_off, editions=["research-safe"])
    goes_on(broken_off)


def asked(folder: Path, *more: str) -> tuple[int, list[str]]:
    """The exit code of the command, repeated, and its lines on stderr."""
    told = ("--lists", "lists.duckdb", "--keywords", "words.txt", "--no-verify", *more)
    done = here("clean", "data", "--out", "out", *told, cwd=folder)
    return done.returncode, done.stderr.splitlines()


@pytest.mark.parametrize("at", quickly(1, [0.3, 0.0, 0.7, 0.99]))
def test_a_plan_with_a_flipped_bit_is_told_as_damaged_and_the_run_begins_anew(
    broken_off: Path, at: float
) -> None:
    restored(broken_off, "write")
    flipped(broken_off / "out/.work/plan.json", at)
    code, lines = asked(broken_off)
    assert code == 0
    assert lines[0] == (
        "out/.work/plan.json: is damaged (its bytes are not those that were written), so nobody "
        "knows what the interrupted run had done; this one begins anew"
    )
    assert contents(broken_off / "out") == undisturbed(broken_off)


def test_what_a_damaged_plan_told_of_is_not_removed_without_it(broken_off: Path) -> None:
    restored(broken_off, "write")
    flipped(broken_off / "out/.work/plan.json")
    code, lines = asked(broken_off, "--purge")
    assert (code, lines) == (2, [
        "relaion: out/.work/plan.json: is damaged (its bytes are not those that were written), so "
        "nobody knows which files of out are to be removed; repeat the interrupted command, which "
        "begins anew, or remove that folder yourself"
    ])  # fmt: skip
    goes_on(broken_off)
    restored(broken_off, "same")
    for path in (broken_off / "out").iterdir():
        if path.name != ".work":
            shutil.rmtree(path)
    flipped(broken_off / "out/.work/plan.json")
    assert asked(broken_off, "--purge")[0] == 0
    assert not list((broken_off / "out").iterdir())


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
@pytest.mark.parametrize("name", quickly(1, ["plan.json", NAME]))
def test_what_another_user_left_there_is_told_and_kept(broken_off: Path, name: str) -> None:
    """As a run under sudo leaves it, in a folder of one's own."""
    restored(broken_off, "write")
    for folder in (broken_off, *broken_off.parents):
        if folder.is_relative_to(tempfile.gettempdir()) and folder.stat().st_uid == 0:
            folder.chmod(folder.stat().st_mode | 0o755)
    for path in (broken_off, *broken_off.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    path = broken_off / "out/.work" / name
    os.chown(path, 0, 0)
    try:
        said = as_nobody(lambda: run(broken_off, keywords=broken_off / "words.txt"))
    finally:
        for path in (broken_off, *broken_off.rglob("*")):
            os.chown(path, 0, 0)
    assert f"out/.work/{name}: cannot be read (Permission denied)" in said
    assert "(chown), and repeat it" in said and "\n" not in said
    goes_on(broken_off)
