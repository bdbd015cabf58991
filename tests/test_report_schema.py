"""`report --json` is what its schema says, whatever the run was, and nothing else is."""

import copy
import json
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import relaion
from tests import report_world
from tests.drawn import quickly
from tests.pipeline import here

PATH = resources.files("relaion.reporting") / "report.schema.json"
SCHEMA = json.loads(PATH.read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


# of these a report says nothing that it does not say of the others
ALIKE = ("many lists", "without titles")
KINDS = [
    pytest.param(kind, marks=[pytest.mark.slow] if kind in ALIKE else [])
    for kind in report_world.KINDS
]


@pytest.fixture(scope="module", params=quickly(1, KINDS))
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    out = report_world.KINDS[request.param](tmp_path_factory.mktemp("told"))
    done = here("report", out, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    used = json.dumps(SCHEMA)
    assert all(f'"#/$defs/{name}"' in used for name in SCHEMA["$defs"])
    objects = [x for x in (SCHEMA, *SCHEMA["$defs"].values()) if "properties" in x]
    assert all(x["additionalProperties"] is False for x in objects)
    assert all(sorted(x["required"]) == sorted(x["properties"]) for x in objects)


def test_a_report_is_what_the_schema_says(told: Any) -> None:
    VALIDATOR.validate(told)


def test_what_is_less_more_or_other_is_no_report(told: Any) -> None:
    for name, value in told.items():
        less, other = copy.deepcopy(told), copy.deepcopy(told)
        del less[name]
        other[name] = 1.5
        assert not VALIDATOR.is_valid(less), name
        assert not VALIDATOR.is_valid(other), name
        lines = value if isinstance(value, list) else []
        if lines and isinstance(lines[0], dict):
            more = copy.deepcopy(told)
            more[name][0]["url"] = "x"
            assert not VALIDATOR.is_valid(more), name
    if told["overlaps"]:
        few = copy.deepcopy(told)
        few["overlaps"][0]["least"] = 3
        assert not VALIDATOR.is_valid(few)


@pytest.mark.slow
def test_files_that_were_written_are_told(tmp_path: Path) -> None:
    out = report_world.without_titles(tmp_path)
    done = here("report", out, "--markdown", tmp_path / "r.md", "--json")
    found = json.loads(done.stdout)
    VALIDATOR.validate(found)
    assert found["written"] == [str(tmp_path / "r.md")]


def test_the_help_names_it() -> None:
    help_text = " ".join(here("report", "--help").stdout.split())
    assert "report.schema.json in relaion.reporting" in help_text
    assert Path(relaion.__file__).parent.joinpath("reporting/report.schema.json").is_file()
