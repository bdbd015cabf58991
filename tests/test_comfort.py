"""Settings from the environment and a file: comfort alone, never what decides."""

from pathlib import Path

import pytest
import typer.main

from relaion.cli import app, comfort
from relaion.cli.comfort import COMFORT, ENVIRONMENT, REFUSED
from relaion.errors import InputError
from tests.docs import commands
from tests.pipeline import Sent, add_lists, here, relaion, write_shard

LINK = "https://marker-host.example/marker-link.jpg"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    rows = [{"url": f"https://h{i}.example/{i}.jpg", "text": "a cat"} for i in range(20)]
    write_shard(folder / "data/a.parquet", [*rows, {"url": LINK, "text": "marker caption"}])
    add_lists(folder / "lists.duckdb", [Sent((("url", LINK),))])
    done = here("clean", "data", "--lists", "lists.duckdb", "--out", "out", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)


def config(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def test_every_option_is_for_comfort_or_is_not() -> None:
    found = set()
    for _, command in commands(typer.main.get_group(app), "relaion"):
        for p in command.params:
            if p.param_type_name == "option":
                found |= {o[2:] for o in (*p.opts, *p.secondary_opts) if o.startswith("--")}
    found.remove("hard-link")  # the other side of --copy
    assert found <= set(COMFORT) | set(REFUSED)
    assert set(COMFORT) <= found
    assert not set(COMFORT) & set(REFUSED)


@pytest.mark.parametrize("key", sorted({*REFUSED, "editions", "threshold", "same_link"}))
def test_what_decides_is_refused_in_a_file_by_name_and_reason(key: str, tmp_path: Path) -> None:
    path = config(tmp_path / "c.toml", f"workers = 2\n{key} = true\n")
    with pytest.raises(InputError) as e:
        comfort.from_file(path)
    line = str(e.value)
    assert f"c.toml: {key} " in line and "stands in the command" in line and "\n" not in line


WRONG = (
    ("workers = 'two'", "workers: write a whole number of at least 1"),
    ("workers = 0", "workers: write a whole number"),
    ("workers = true", "workers: write a whole number"),
    ("workers = 2.0", "workers: write a whole number"),
    ("memory = 2", 'memory: write a size in quotes, such as "2GB"'),
    ("memory = '2 parsecs'", "memory: 2 parsecs: is not a size"),
    ("memory = '1MB'", "memory: 1MB: too little"),
    ("time-limit = -1", "time-limit: write a number of seconds above 0"),
    ("time-limit = inf", "time-limit: a time limit of inf s"),
    ("time-limit = nan", "time-limit: write a number"),
    ("lists = ''", "lists: write a path in quotes"),
    ("lists = ['a']", "lists: write a path in quotes"),
    ("lists = '~/lists.duckdb'", "lists: ~ stands for nothing here"),
    ("lists = \"a\\u0000b\"", "no path holds a NUL"),
    ("copy = 'yes'", "copy: write true or false"),
    ("quiet = true\nverbose = true", "quiet and verbose contradict each other"),
    ("worker = 2", "worker is no setting; did you mean workers?"),
    ("time_limit = 2", "time_limit is no setting; did you mean time-limit?"),
    ("colour = 2", "colour is no setting; there are lists, workers"),
    ("[tool.relaion]\nworkers = 2", "tool is a table, and there are none"),
    ("[clean]\nworkers = 2", "clean is a table"),
    ("workers = 2\nworkers = 3", "sets a key twice; leave one out"),
    (LINK, "is no TOML (line 1,"),
    (f"'{LINK}' = 1", "a key (not shown) is no setting"),
    ("x = " + "[" * 5000, "is "),
)  # fmt: skip


@pytest.mark.parametrize(("text", "says"), WRONG, ids=range(len(WRONG)))
def test_a_file_that_is_wrong_is_one_line(text: str, says: str, tmp_path: Path) -> None:
    config(tmp_path / "c.toml", text)
    done = here("match", "d", "--lists", "l", "--config", "c.toml", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("relaion: c.toml: ") and done.stderr.count("\n") == 1
    assert says in done.stderr
    assert "marker" not in done.stderr


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "latin.toml").write_bytes(b"log = '\xff'\n")
    (tmp_path / "large.toml").write_bytes(b"#" * (1 << 21))
    config(tmp_path / "open.toml", "workers = 2\n").chmod(0o666)
    for name, says in (
        ("none.toml", "No such file"), ("folder", "Is a directory"),
        ("latin.toml", "is not UTF-8"), ("large.toml", "too large"),
        ("open.toml", "everybody can write to it"), ("", "empty path"),
    ):  # fmt: skip
        done = here("match", "d", "--lists", "l", "--config", name, cwd=tmp_path)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert says in done.stderr, name


@pytest.mark.slow
def test_paths_in_a_file_are_told_from_its_folder(world: Path, tmp_path: Path) -> None:
    (tmp_path / "lists.duckdb").symlink_to(world / "lists.duckdb")
    (tmp_path / "lists.duckdb.key").symlink_to(world / "lists.duckdb.key")
    path = config(tmp_path / "c.toml", "\ufefflists = 'lists.duckdb'\n")
    done = here("lists", "show", "--config", path, cwd=world / "data")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("RELAION_WORKERS", "two", "RELAION_WORKERS: write a whole number of at least 1"),
        ("RELAION_WORKERS", "0", "RELAION_WORKERS: write a whole number of at least 1"),
        ("RELAION_WORKERS", LINK, "RELAION_WORKERS: write a whole number of at least 1"),
        ("RELAION_MEMORY", "lots", "RELAION_MEMORY: lots: is not a size"),
        ("RELAION_MEMORY", LINK, "RELAION_MEMORY: (not shown): is not a size"),
        ("RELAION_LISTS", "~/lists.duckdb", "RELAION_LISTS: ~ stands for nothing here"),
    ],
)  # fmt: skip
def test_a_bad_variable_is_named(
    name: str, value: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    done = here("match", "d", "--lists", "l", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert says in done.stderr and "marker" not in done.stderr


def test_an_option_wins_over_the_environment_and_that_over_a_file(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = config(tmp_path / "c.toml", "workers = 3\nmemory = '3GB'\ntime-limit = 77.5\n")
    monkeypatch.setenv("RELAION_WORKERS", "2")
    monkeypatch.setenv("RELAION_MEMORY", "")  # as if it were not set
    monkeypatch.setenv("RELAION_LISTS", "nowhere.duckdb")
    done = here(
        "match", "data", "--lists", "lists.duckdb", "--config", path, "-v", cwd=world
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for line in (
        "--lists: lists.duckdb (from the command)",
        "--workers: 2 (from RELAION_WORKERS)",
        f"--memory: 3GB (from {path})",
        f"--time-limit: 77.5 (from {path})",
        "--work: not given (default)",
    ):
        assert f"  {line}\n" in done.stderr
    done = here("match", "data", "--lists", "lists.duckdb", "--workers", "1", "-v", cwd=world)
    assert "--workers: 1 (from the command)\n" in done.stderr
    monkeypatch.setenv("RELAION_LISTS", "lists.duckdb")
    assert here("match", "data", cwd=world).stdout == done.stdout


def test_a_switch_of_a_file_can_be_turned_back(world: Path, tmp_path: Path) -> None:
    path = config(tmp_path / "c.toml", f"copy = true\nlists = '{world / 'lists.duckdb'}'\n")
    for more, where in (((), path), (("--hard-link",), "the command")):
        done = here("clean", "data", "--out", "out", "--config", path, "-v", *more, cwd=world)
        assert f"--copy: {not more} (from {where})" in done.stderr


@pytest.mark.slow
def test_nothing_is_read_that_is_not_named(world: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    places = (
        "relaion.toml", ".relaion.toml", "pyproject.toml", ".env", ".config/relaion.toml",
        ".config/relaion/config.toml", "config.toml",
    )  # fmt: skip
    made = [folder / place for folder in (home, world, world / "data") for place in places]
    for path in made:
        path.parent.mkdir(parents=True, exist_ok=True)
        config(path, "workers = 0\nRELAION_WORKERS=0\n")
    done = relaion(
        "lists", "show", "--lists", "lists.duckdb", cwd=world, HOME=str(home), XDG_CONFIG_HOME=""
    )
    for path in made:
        path.unlink()
    assert done.returncode == 0, done.stderr


# -- A store from the environment, where a command can do without --------------------------------


def test_verify_takes_the_store_and_says_so(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAION_LISTS", "lists.duckdb")
    done = here("verify", "out", "--inputs", "data", cwd=world)
    assert "held         1a" in done.stdout
    assert "notice: --lists lists.duckdb is that of RELAION_LISTS\n" in done.stderr


@pytest.mark.slow
def test_it_is_not_forced_on_what_takes_none(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = here("scripts", cwd=world)
    monkeypatch.setenv("RELAION_LISTS", "lists.duckdb")
    assert here("scripts", cwd=world).stdout == named.stdout
    done = here("diff", "data", "out/research", "--out", "d.parquet", cwd=world)
    assert "lists" not in done.stderr and "RELAION" not in done.stderr
    done = here("diff", "--check", "out", "--inputs", "data", cwd=world)
    assert "notice: --lists lists.duckdb is that of RELAION_LISTS\n" in done.stderr
    (world / "copy").mkdir()
    (world / "copy/manifest.json").write_text("{}")
    done = here("verify", "copy", cwd=world)  # as `apply` leaves it, without an audit
    assert "RELAION_LISTS" not in done.stderr
