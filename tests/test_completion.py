"""What shells are offered: through bash, zsh and fish themselves, and by their protocols."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import relaion as library
from relaion.cli import completion
from relaion.lists import delivery
from relaion.lists.readers.formats import readable
from tests.drawn import quickly
from tests.pipeline import Sent, add_lists, here, write_shard
from tests.terminal import Terminal

LINK = "https://marker-host.example/marker-link.jpg"
TITLE = "holds $(touch hacked) `touch hacked` 'x' \"y\" \\$(touch hacked) [red]"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set, a store, and a folder of programs in which `relaion` is this one."""
    folder = tmp_path_factory.mktemp("world")
    write_shard(folder / "data/a.parquet", [{"url": LINK}])
    add_lists(folder / "lists.duckdb", [Sent((("url", LINK),), source="IWF")])
    (folder / "partner.txt").write_text("https://other.example/marker\n")
    library.lists.add(
        folder / "lists.duckdb", folder / "partner.txt", source="C3P", title=TITLE, label="privacy"
    )
    (folder / "partner.txt").unlink()
    (folder / "bin").mkdir()
    program = folder / "bin/relaion"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m relaion "$@"\n')
    program.chmod(0o755)
    return folder


def environment(world: Path, **more: str) -> dict[str, str]:
    path = f"{world / 'bin'}{os.pathsep}{os.environ['PATH']}"
    checkout = str(Path(library.__file__).parents[1])
    kept = {k: v for k, v in os.environ.items() if not k.startswith("RELAION_")}
    return kept | {"PATH": path, "PYTHONPATH": checkout, "HOME": str(world / "home")} | more


def offered(world: Path, line: str, **more: str) -> list[str]:
    """What bash is offered at the end of a line, by its protocol."""
    words = line.split(" ")
    done = subprocess.run(
        ["relaion"], cwd=world, capture_output=True, text=True, check=False,
        env=environment(world, COMP_WORDS=line, COMP_CWORD=str(len(words) - 1),
                        _RELAION_COMPLETE="complete_bash", **more),
        executable=str(world / "bin/relaion"),
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.split()


def offered_here(world: Path, line: str, **more: str) -> list[str]:
    """The same, asked in this process; nothing listed by the environment."""
    asks = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("RELAION_")]:
            patch.delenv(name)
        for name, value in (asks | {"_RELAION_COMPLETE": "complete_bash"} | more).items():
            patch.setenv(name, value)
        done = here(cwd=world)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "offers"),
    [
        ("relaion ver", ["verify"]),
        ("relaion lists w", ["withdraw"]),
        ("relaion clean --edi", ["--edition"]),
        ("relaion clean --con", ["--config"]),
        ("relaion clean data --edition ", ["research", "research-safe"]),
        ("relaion clean data --edition research-", ["research-safe"]),
        ("relaion scripts list_h", ["list_hits"]),
        ("relaion scripts 30", ["30_list_hits"]),
        ("relaion scripts editions/", ["editions/research", "editions/research_safe"]),
        ("relaion lists add f --kind url_", ["url_md5", "url_sha1", "url_sha256", "url_prefix"]),
        ("relaion lists add f --role ", ["bad", "good"]),
        ("relaion lists add f --scope ", ["host", "prefix"]),
        ("relaion lists add f --format get", ["get-filehash", "get-filehash-table"]),
        ("relaion lists add f --form href-s", ["href-swapped"]),
        ("relaion lists add f --column sha", ["sha1=", "sha256="]),
        ("relaion lists add f --label p", ["privacy"]),
        ("relaion inspect d --column image_s", ["image_sha1=", "image_sha256="]),
        ("relaion apply d --unknown ", ["keep", "drop"]),
        ("relaion diff a b --by ", ["row", "link"]),
        ("relaion match d --sql-version ", ["v1"]),
        ("relaion sql d --format js", ["json", "jsonl"]),
        ("relaion lists withdraw --lists lists.duckdb ", ["1", "2"]),
        ("relaion lists add f --lists lists.duckdb --update ", ["1", "2"]),
        ("relaion lists withdraw ", []),  # of no store
        ("relaion lists withdraw --lists data ", []),
        ("relaion lists withdraw --lists nowhere ", []),
        ("relaion link ", []),
    ],
)
def test_values_are_completed(world: Path, line: str, offers: list[str]) -> None:
    assert offered_here(world, line) == offers


@pytest.mark.slow
def test_a_process_offers_the_same(world: Path) -> None:
    assert offered(world, "relaion ver") == ["verify"]
    assert offered(world, "relaion lists withdraw --lists lists.duckdb ") == ["1", "2"]


def test_the_store_may_be_that_of_a_variable_or_a_file(world: Path) -> None:
    line = "relaion lists withdraw "
    assert offered_here(world, line, RELAION_LISTS="lists.duckdb") == ["1", "2"]
    (world / "c.toml").write_text("lists = 'lists.duckdb'\n")
    (world / "c.toml").chmod(0o600)
    assert offered_here(world, "relaion lists withdraw --config c.toml ") == ["1", "2"]
    assert offered_here(world, line, RELAION_LISTS="lists.duckdb", RELAION_WORKERS="two") == []


def test_names_that_are_written_twice_are_the_same() -> None:
    assert readable() == completion.LIST_FORMATS
    assert completion.COLUMN_KINDS == delivery._COLUMN_KINDS


def test_no_heavy_library_is_loaded_but_for_a_store(world: Path) -> None:
    code = "import sys, relaion.cli as c; c.completion.kinds(''), c.completion.scripts('');"
    code += "c.completion.editions(''); c.completion.spellings(''); print(sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env=environment(world),
    )  # fmt: skip
    assert not {"'duckdb'", "'pyarrow'", "'numpy'"} & set(re.findall(r"'\w+'", done.stdout))


# -- In the shells themselves --------------------------------------------------------------------


def source(world: Path, shell: str) -> Path:
    """The file that a shell reads, as the command shows it."""
    done = subprocess.run(
        [world / "bin/relaion", "--show-completion", shell],
        env=environment(world), capture_output=True, text=True, check=True,
    )  # fmt: skip
    path = world / f"completion.{shell}"
    path.write_text(done.stdout)
    return path


@pytest.mark.slow
def test_bash_itself_completes(world: Path) -> None:
    script = (
        f"source {source(world, 'bash')}; complete -p relaion >&2\n"
        "COMP_WORDS=(relaion lists withdraw --lists lists.duckdb ''); COMP_CWORD=5\n"
        '_relaion_completion relaion; printf "<%s>" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script], cwd=world, env=environment(world), capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "<1><2>"
    assert done.stderr == "complete -o default -F _relaion_completion relaion\n"


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("fish"), reason="this machine has no fish")
def test_fish_itself_completes(world: Path) -> None:
    def fish(line: str) -> list[str]:
        done = subprocess.run(
            ["fish", "--no-config", "-c", f"source {path}; complete -C '{line}'"],
            cwd=world, env=environment(world), capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.splitlines()

    path = source(world, "fish")
    assert [x.partition("\t")[0] for x in fish("relaion clean --edition ")] == [
        "research", "research-safe",
    ]  # fmt: skip
    first, second = fish("relaion lists withdraw --lists lists.duckdb ")
    assert first.startswith("1\tIWF")
    assert re.match(r"2\tC3P holds .*\.\.\.\Z", second)  # on one line, however long its title
    assert not list(world.rglob("hacked"))


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("zsh"), reason="this machine has no zsh")
def test_zsh_itself_completes_and_runs_no_title(world: Path) -> None:
    path = source(world, "zsh")
    terminal = Terminal(
        world, program=("zsh", "-f", "-i"), more=environment(world, PROMPT="ready> ")
    )
    try:
        terminal.until_line("ready>")
        terminal.type(f"autoload -U compinit; compinit -u -D; source {path}; clear\n")
        terminal.until_line("ready>")
        terminal.type("relaion clean --edition research-\t")
        terminal.until_line("ready> relaion clean --edition research-safe")
        terminal.type("\x15relaion lists withdraw --lists lists.duckdb \t")
        shown = "\n".join(terminal.until(lambda lines: any("C3P" in x for x in lines)))
    finally:
        terminal.close()
    assert re.search(r"^1 +-- IWF", shown, re.MULTILINE)
    assert re.search(r"^2 +-- C3P holds", shown, re.MULTILINE)
    assert not list(world.rglob("hacked"))
    assert "marker" not in shown


@pytest.mark.parametrize("asks", quickly(1, ["complete_zsh", "complete_fish"]))
def test_nothing_listed_is_offered_and_nothing_is_written(world: Path, asks: str) -> None:
    before = sorted(p.name for p in world.rglob("*"))
    asked = {
        "_TYPER_COMPLETE_ARGS": "relaion lists withdraw --lists lists.duckdb ",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    done = subprocess.run(
        [world / "bin/relaion"], cwd=world, capture_output=True, text=True, check=False,
        env=environment(world, _RELAION_COMPLETE=asks, **asked),
    )  # fmt: skip
    assert done.stderr == ""
    assert "marker" not in done.stdout and "$" not in done.stdout and "`" not in done.stdout
    assert "C3P holds" in done.stdout
    assert sorted(p.name for p in world.rglob("*")) == before


def test_a_shell_that_is_not_known_is_refused(world: Path) -> None:
    done = subprocess.run(
        [world / "bin/relaion", "--show-completion", "tcsh"],
        env=environment(world), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "write one of bash, zsh, fish" in done.stderr
