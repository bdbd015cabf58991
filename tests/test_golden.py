"""Every `*.test` below tests/cases, found by glob so that none is forgotten."""

from pathlib import Path

import pytest

from tests.golden import run_case

CASES = sorted((Path(__file__).parent / "cases").rglob("*.test"))


@pytest.mark.parametrize("path", CASES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_case(path: Path) -> None:
    run_case(path)


def test_there_are_cases() -> None:
    assert len(CASES) >= 9
