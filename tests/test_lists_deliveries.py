"""Ordinary deliveries are read, hostile ones are not: the cases in tests/cases/deliveries.txt.

What a refusal advises is done as it is told, here and for each refusal of the list cases.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from relaion.links import key_digest, link_key
from relaion.lists.readers.format import Options
from tests.list_advice import vain_advice
from tests.list_samples import read_list
from tests.test_lists_cases import CASES, options_of, saved

FILE = Path(__file__).parent / "cases" / "deliveries.txt"
_HELD = re.compile(r"(!?)<([usS]?)(\d+)>")
_KINDS = {"": ("image_md5", "md5"), "s": ("image_sha1", "sha1"), "S": ("image_sha256", "sha256")}


def _value(found: re.Match[str]) -> str:
    told = hashlib.md5(found[3].encode(), usedforsecurity=False).hexdigest()
    if found[2] == "u":
        return f"https://pictures.example/{told[:7]}/{found[3]}.jpg"
    name = _KINDS[found[2]][1]
    return hashlib.new(name, found[3].encode(), usedforsecurity=False).hexdigest()


def _entry(found: re.Match[str]) -> tuple[str, str]:
    value = _value(found)
    if found[2] == "u":
        return "url", key_digest(link_key(value))
    return _KINDS[found[2]][0], value


@dataclass
class Delivery:
    """One file: how it must end, what is listed in it and what must never be taken."""

    sign: str
    title: str
    name: str = ""
    lines: list[str] = field(default_factory=list)
    listed: set[tuple[str, str]] = field(default_factory=set)
    never: set[tuple[str, str]] = field(default_factory=set)

    def take(self, line: str, *, is_listed: bool) -> None:
        for found in _HELD.finditer(line):
            (self.listed if is_listed and not found[1] else self.never).add(_entry(found))
        self.lines.append(_HELD.sub(_value, line))

    @property
    def data(self) -> bytes:
        return "".join(line + "\n" for line in self.lines).encode()


def _deliveries() -> Iterator[Delivery]:
    held: Delivery | None = None
    for line in FILE.read_text(encoding="utf-8").splitlines():
        sign, _, rest = line.partition(" ")
        if sign in ("+", "?", "-"):
            if held:
                yield held
            held = Delivery(sign, rest)
        elif sign == "file":
            assert held
            held.name = rest
        elif sign in ("|", "x"):
            assert held
            held.take(rest, is_listed=sign == "|")
    assert held
    yield held


DELIVERIES = [*_deliveries()]


@pytest.mark.parametrize("case", DELIVERIES, ids=lambda case: f"{case.sign} {case.title}")
def test_delivery(case: Delivery) -> None:
    outcome = read_list(case.data, case.name)
    assert not outcome.entries & case.never, outcome.notices
    if case.sign == "+":
        assert outcome.refused is None
        assert outcome.entries == case.listed, outcome.skipped
    elif case.sign == "?":
        assert outcome.refused is not None, "it is read: say + of it"
    if outcome.refused is not None:
        assert "\n" not in outcome.refused
        assert vain_advice(case.data, case.name, outcome.refused, Options()) == []


def test_most_ordinary_deliveries_are_read() -> None:
    signs = [case.sign for case in DELIVERIES]
    assert signs.count("+") >= 90
    assert signs.count("-") >= 90
    assert signs.count("?") * 10 <= signs.count("+")


_LONGEST = 20_000  # bytes: of a long file one advice takes a second


@pytest.mark.parametrize("one_of", [4, pytest.param(1, marks=pytest.mark.slow)])
def test_what_a_refusal_advises_helps(one_of: int) -> None:
    tried = 0
    for case in CASES[::one_of]:
        options = options_of(case) if case.refused and len(case.files) == 1 else None
        name, how, lines = case.files[0]
        data = saved(lines, how)
        if options is None or len(data) > _LONGEST:
            continue
        refused = read_list(data, name, options).refused
        if refused is not None:
            tried += 1
            assert vain_advice(data, name, refused, options) == [], f"{case.where}: {refused}"
    assert tried > 200 // one_of
