"""Commands mirror the public functions, have help, and stand in the reference."""

import ast
import inspect
import json
import re
from pathlib import Path

import pytest
import typer.main

import relaion
from relaion.cli import app
from relaion.cli.lists import lists_app
from relaion.engine import connect
from tests import docs
from tests.pipeline import here

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = {c.callback.__name__: c.callback for c in app.registered_commands if c.callback}
LIST_COMMANDS = {
    c.callback.__name__: c.callback for c in lists_app.registered_commands if c.callback
}
# what only one side has: printing, a listener, an executor
CLI_ONLY = {"strict", "as_json", "purge", "form", "every_column"}
LIBRARY_ONLY = {"progress", "executor"}


@pytest.mark.parametrize(
    ("command", "function"),
    [(c, getattr(relaion, name)) for name, c in COMMANDS.items()]
    + [(c, getattr(relaion.lists, name)) for name, c in LIST_COMMANDS.items()],
    ids=[*COMMANDS, *LIST_COMMANDS],
)
def test_a_command_is_the_function_of_its_name(command: object, function: object) -> None:
    ours = inspect.signature(command).parameters  # type: ignore[arg-type]
    library = dict(inspect.signature(function).parameters)  # type: ignore[arg-type]
    rename = {"lists": "store"} if "store" in library else {}
    names = [rename.get(n, n) for n in ours if n not in CLI_ONLY]
    if function is relaion.sql:
        names.remove("history")  # of what is typed
    if function is relaion.diff:  # one of two functions
        library |= inspect.signature(relaion.diff_check).parameters
    assert sorted(names) == sorted(n for n in library if n not in LIBRARY_ONLY)
    (whole,) = ast.parse(inspect.getsource(command)).body  # type: ignore[arg-type]
    assert isinstance(whole, ast.FunctionDef)
    assert whole.body[-1].end_lineno
    assert whole.body[-1].end_lineno - whole.body[0].lineno < 15


def test_every_command_stands_in_the_reference() -> None:
    reference = docs.REFERENCE.read_text(encoding="utf-8").splitlines()
    for name in COMMANDS:
        assert f"## relaion {name}" in reference, name
    for name in LIST_COMMANDS:
        assert f"## relaion lists {name}" in reference, name


def test_every_option_has_help() -> None:
    group = typer.main.get_group(app)
    for name, command in {**group.commands, **group.commands["lists"].commands}.items():  # type: ignore[attr-defined]
        assert command.get_short_help_str(), name
        for parameter in command.params:
            assert getattr(parameter, "help", None), f"{name} {parameter.name}"


def test_help_says_how_a_command_ends_and_breaks_no_word() -> None:
    group = typer.main.get_group(app)
    for name, command in docs.commands(group, "relaion"):
        if hasattr(command, "commands"):
            continue
        said = docs.help_of(name, command, width=80)
        options = {o for p in command.params for o in p.opts}
        finds = bool(options & {"--strict", "--check"})
        assert ("1 a check found something" in said.splitlines()[-1]) == finds, name
        assert said.splitlines()[-1].startswith("Exit codes: 0 done; "), name
        assert not re.search(r"\w-$", said, re.MULTILINE), name
        assert "--memory" not in said or "--memory" in options, name


def test_a_column_of_a_list_stands_beside_what_reads_its_file() -> None:
    said = here("lists", "add", "--help").stdout
    assert "What is read:" not in said
    assert said.index("How the file is read:") < said.index("--column") < said.index("What comes")


def test_a_command_that_writes_no_rows_says_what_would_leave() -> None:
    said = {name: here(name, "--help").stdout for name in ("match", "plan", "clean", "apply")}
    would = {name: "What would leave:" in text for name, text in said.items()}
    assert would == {"match": True, "plan": True, "clean": False, "apply": False}
    assert not [name for name, text in said.items() if ("What leaves:" in text) is would[name]]


def test_ci_runs_the_commands_of_the_readme() -> None:
    block = re.search(r"```console\n\$ (.*?)\n\$ (.*?)\n", README)
    assert block
    assert block[0] in (ROOT / ".github/CONTRIBUTING.md").read_text(encoding="utf-8")
    script = (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()
    assert block[1] in script
    assert block[2] in script


@pytest.mark.slow
def test_json_is_one_document(tmp_path: Path) -> None:
    from tests.pipeline import relaion as run

    done = run("scripts", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["version"] == "v1"


def test_the_reference_is_fresh() -> None:
    text = docs.REFERENCE.read_text(encoding="utf-8")
    assert docs.put(text, "reference", docs.reference()) == text


def test_the_engine_draws_no_progress_of_its_own() -> None:
    # after two seconds DuckDB would write a bar to stdout, into a JSON document too
    with connect() as engine:
        assert engine.rows("select current_setting('enable_progress_bar')") == [(False,)]


@pytest.mark.parametrize("limit", ["0", "-1", "nan", "inf"])
def test_a_time_limit_is_a_number_of_seconds(limit: str, tmp_path: Path) -> None:
    done = here("match", tmp_path, "--lists", tmp_path / "lists.duckdb", "--time-limit", limit)
    assert done.returncode == 2
    assert "time limit" in done.stderr and done.stderr.count("\n") == 1
