"""OUT and WORK lie apart from the inputs, however they are named; an output is no input whole."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from relaion.errors import InputError
from relaion.run.outputs import check_apart
from relaion.run.plan_note import leave
from tests.drawn import quickly
from tests.pipeline import Sent, add_lists, here, write_shard

MD5 = "ab" * 16


def make(folder: Path) -> Path:
    rows: list[dict[str, Any]] = [{"url": f"https://h.example/{i}.jpg"} for i in range(20)]
    rows[3] |= {"image_md5": MD5}
    for subset in ("en", "multi"):
        write_shard(folder / "data" / subset / "a.parquet", rows)
    add_lists(folder / "lists.duckdb", [Sent((("image_md5", MD5),))])
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world, and its finished `out`: to be copied."""
    folder = make(tmp_path_factory.mktemp("made"))
    assert clean(folder, "data", out="out").returncode == 0
    return folder


@pytest.fixture
def world(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made / "data", tmp_path / "data")
    for name in ("lists.duckdb", "lists.duckdb.key"):
        shutil.copy(made / name, tmp_path / name)
    return tmp_path


def clean(world: Path, *paths: str, out: str, work: str | None = None, more: tuple[str, ...] = ()):  # type: ignore[no-untyped-def]
    args = ["clean", *paths, "--lists", "lists.duckdb", "--out", out, "--no-verify", *more]
    return here(*args, *(["--work", work] if work else []), cwd=world)


def nothing(_: Path) -> None:
    pass


def linked(w: Path) -> None:
    (w / "link").symlink_to("data")


def linked_deep(w: Path) -> None:
    """What is searched leads to a folder elsewhere, in which OUT would lie."""
    (w / "far/sub/fr").mkdir(parents=True)
    shutil.copy(w / "data/en/a.parquet", w / "far/sub/fr/a.parquet")
    (w / "data/far").symlink_to("../far")


def linked_file(w: Path) -> None:
    (w / "in").mkdir()
    (w / "in/a.parquet").symlink_to("../data/en/a.parquet")


def brackets(w: Path) -> None:
    (w / "data").rename(w / "data[1]")


Spoil = Callable[[Path], None]
REFUSED: list[tuple[str, Spoil, tuple[str, ...], str, str | None]] = [
    ("OUT in PATH, beside its subsets", nothing, ("data",), "data/clean", None),
    ("deeper, not there yet", nothing, ("data",), "data/x/y/z", None),
    ("a slash", nothing, ("data/",), "data/clean/", None),
    ("dots", nothing, ("data",), "other/../data/clean", None),
    ("dots in PATH", nothing, ("data/../data/en/..",), "data/clean", None),
    ("absolute and relative", nothing, ("{}/data",), "data/clean", None),
    ("PATH through a link", linked, ("link",), "data/clean", None),
    ("OUT through a link", linked, ("data",), "link/clean", None),
    ("a link within PATH", linked_deep, ("data",), "far/clean", None),
    ("a link within PATH, OUT above", linked_deep, ("data",), "far", None),
    ("OUT is the link's folder", linked_file, ("in/a.parquet",), "in", None),
    ("the folder of what is linked", linked_file, ("in/a.parquet",), "data/en", None),
    ("PATH in OUT", nothing, ("data/en",), "data", None),
    ("PATH in OUT, far up", nothing, ("data/en",), ".", None),
    ("OUT in a single file", nothing, ("data/en/a.parquet",), "data/en/a.parquet/x", None),
    ("a single file is OUT", nothing, ("data/en/a.parquet",), "data/en/A.parquet", None),
    ("a single file in OUT", nothing, ("data/en/a.parquet",), "data", None),
    ("a folder too", nothing, ("data/en/a.parquet", "data"), "data/en/x", None),
    ("WORK beside a single file", nothing, ("data/en/a.parquet",), "data/en/x", "data/en/w"),
    ("a pattern for folders", nothing, ("data/*",), "data/clean", None),
    ("a pattern for files", nothing, ("data/*/*.parquet",), "data/clean", None),
    ("two stars", nothing, ("**/a.parquet",), "x/clean", None),
    ("letters", nothing, ("[d]ata/e?",), "data/en/clean", None),
    ("OUT above a pattern", nothing, ("data/*/*.parquet",), "data", None),
    ("a pattern that is a name", brackets, ("data[1]",), "data[1]/clean", None),
    ("the second PATH", nothing, ("data/en", "data/multi"), "data/multi/x", None),
    ("WORK in PATH", nothing, ("data",), "out", "data/work"),
    ("WORK is PATH", nothing, ("data",), "out", "data"),
    ("WORK in a link", linked, ("data",), "out", "link/w"),
    ("WORK in OUT", nothing, ("data",), "out", "out/w"),
    ("WORK in OUT, in capitals", nothing, ("data",), "out", "OUT/w"),
    ("WORK is OUT", nothing, ("data",), "out", "./out"),
]


@pytest.mark.parametrize(
    ("spoil", "paths", "out", "work"), [c[1:] for c in REFUSED], ids=[c[0] for c in REFUSED]
)
def test_refused_in_one_line_with_nothing_made(
    world: Path, spoil: Spoil, paths: tuple[str, ...], out: str, work: str | None
) -> None:
    spoil(world)
    before = sorted(p for p in world.rglob("*") if ".lock" not in p.name)
    done = clean(world, *(p.format(world) for p in paths), out=out, work=work)
    lines = [x for x in done.stderr.splitlines() if not x.startswith("notice: ")]
    assert done.returncode == 2, done.stdout
    assert len(lines) == 1
    assert "equals, holds or lies inside" in lines[0] or "equals OUT or lies inside" in lines[0]
    assert sorted(p for p in world.rglob("*") if ".lock" not in p.name) == before


ALLOWED: list[tuple[str, Spoil, tuple[str, ...], str, str | None]] = [
    ("a name that begins alike", nothing, ("data",), "data-clean", None),
    ("a pattern that does not meet it", nothing, ("[d]ata/*/*.parquet",), "clean", None),
    ("beside a single file", nothing, ("data/en/a.parquet",), "data/en/x", None),
    ("beside the files of a pattern", nothing, ("data/en/*.parquet",), "data/en/x", None),
    ("beside a link to a file", linked_file, ("in/a.parquet",), "in/x", None),
    ("beside a linked file", linked_file, ("in/a.parquet",), "data/en/x", None),
    ("WORK above all", nothing, ("data",), "out", "."),
    ("dots that lead away", nothing, ("data",), "data/../out", None),
]


@pytest.mark.parametrize(
    ("spoil", "paths", "out", "work"),
    quickly(
        1,
        [
            pytest.param(*c[1:], id=c[0], marks=pytest.mark.slow if c in ALLOWED[1:3] else ())
            for c in ALLOWED
        ],
    ),
)
def test_apart_is_apart(
    world: Path, spoil: Spoil, paths: tuple[str, ...], out: str, work: str | None
) -> None:
    spoil(world)
    done = clean(world, *paths, out=out, work=work)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_beside_a_file_all_goes_on_and_the_folder_is_told_of_it(world: Path) -> None:
    """The first try of a newcomer: a file here, and what is written beside it."""
    (world / "data/en/a.parquet").rename(world / "links.parquet")
    shutil.rmtree(world / "data")
    for _ in range(2):  # the second finds the first
        done = here("clean", "links.parquet", "--lists", "lists.duckdb", "--out", "out", cwd=world)
        assert done.returncode == 0, done.stderr
    apart = str(world.with_name(f"{world.name}-apart"))
    for folder in (".", "*"):
        done = clean(world, folder, out=apart)
        assert done.returncode == 2
        assert "is a finished output" in done.stderr
    done = here("clean", "links.parquet", "--lists", "lists.duckdb", "--out", ".", cwd=world)
    assert done.returncode == 2
    assert "equals, holds or lies inside" in done.stderr


def test_it_is_refused_before_anything_is_read(world: Path) -> None:
    (world / "data/en/a.parquet").write_bytes(b"no parquet")
    (world / "lists.duckdb").write_bytes(b"no store")
    assert "lies inside" in clean(world, "data", out="data/clean").stderr


def test_another_case_is_another_name_only_where_both_can_be() -> None:
    # a folder that is not there yet is told by the names below one that is
    with pytest.raises(InputError):
        check_apart(Path("/tmp/Not-There/out"), Path("/tmp/not-there/OUT/w"), ["/usr"])
    check_apart(Path("/tmp/not-there/out"), Path("/tmp/not-there/w"), ["/usr"])


def test_a_run_of_that_shape_is_told_the_way_out(made: Path, world: Path) -> None:
    """Runs were begun so before it was refused; what they left must be removable."""
    shutil.copytree(made / "out", world / "elsewhere")
    plan = {"plan": {"editions": [{"name": "research"}], "inputs": [
        {"subset": "en", "shard": "a.parquet"}]}, "stamps": []}  # fmt: skip
    for top in ("data/clean", "wide"):
        (world / top / ".work").mkdir(parents=True)
        leave(world / top / ".work", plan)
        shutil.copytree(world / "elsewhere/research/en", world / top / "research/en")
    done = clean(world, "data", out="data/clean")
    assert "a run was interrupted there: add --purge once" in done.stderr
    done = clean(world, "data", out="new")  # its shards are no inputs either
    assert done.returncode == 2
    assert "holds a run that was interrupted" in done.stderr
    assert clean(world, "data", out="data/clean", more=("--purge",)).returncode == 0
    assert list((world / "data/clean").rglob("*.parquet")) == []
    assert clean(world, "data", out="new").returncode == 0
    shutil.copytree(world / "new", world / "data/clean", dirs_exist_ok=True)
    assert "move it away" in clean(world, "data", out="data/clean").stderr
    words = ("--inputs", "data", "--lists", "lists.duckdb", "--out", "new")
    done = here("update", "new", *words, cwd=world)  # it is what the update goes on from
    assert "never modified" in done.stderr and "move it away" not in done.stderr


@pytest.mark.parametrize("command", quickly(1, ["clean", "match", "inspect"]))
def test_an_output_as_a_whole_is_no_input(made: Path, world: Path, command: str) -> None:
    shutil.copytree(made / "out", world / "out")
    (world / "to").mkdir()
    (world / "to/here").symlink_to("../out")
    lists = ("--lists", "lists.duckdb")
    apart = ("--out", str(world.with_name(f"{world.name}-o2")), "--no-verify")
    more = {"clean": (*lists, *apart), "match": lists, "inspect": ()}[command]
    for paths in (["out"], ["out/"], ["."], ["to"], ["to/here"], ["out/*"], ["data", "out"],
                  ["out/research", "out"], ["out/../out"], ["out/*/en/*.parquet"]):  # fmt: skip
        done = here(command, *paths, *more, cwd=world)
        assert done.returncode == 2, paths
        assert "is a finished output" in done.stderr, paths
        assert "/research)" in done.stderr
        assert done.stderr.count("\n") == 1
    parts = (["to/here/research"], ["out/research"], ["out/research/en/a.parquet"])
    for paths in parts[:1] if command == "clean" else parts:
        done = here(command, *paths, *more, cwd=world)
        assert done.returncode == 0, done.stderr
        shutil.rmtree(world.with_name(f"{world.name}-o2"), ignore_errors=True)


def test_a_work_folder_that_is_a_file_is_named_as_it_was_given(world: Path) -> None:
    (world / "file").touch()
    for work in ("file", "file/deep"):
        done = clean(world, "data", out="out", work=work)
        assert done.returncode == 2
        assert done.stderr == "relaion: file: is no folder; choose another one\n"
