"""The cases in tests/cases/links, which people can read; its README says how they are written."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from relaion.links import clean_entry, entry_fault, link_key

FOLDER = Path(__file__).parent / "cases" / "links"
_NAMES = {"TAB": "\t", "CR": "\r", "LF": "\n", "SPACE": " "}


@dataclass(frozen=True)
class Line:
    """One line below a rule: its sign (`` for a link that stands alone) and its text."""

    where: str
    rule: str
    sign: str
    text: str
    above: str  # the last line without a sign


def shown(text: str) -> str:
    """A text with ⟨names⟩ in place of the characters that cannot be seen."""

    def one(m: re.Match[str]) -> str:
        name = m[1]
        if name.startswith("byte "):
            return bytes.fromhex(name[5:]).decode("utf-8", "surrogateescape")
        return chr(int(name[2:], 16)) if name.startswith("U+") else _NAMES[name]

    return re.sub("⟨(.*?)⟩", one, text)


def lines(name: str) -> Iterator[Line]:
    """The links of a case file with their rules."""
    rule = above = ""
    for number, raw in enumerate((FOLDER / name).read_text("utf-8").split("\n"), 1):
        if not raw.strip() or raw.startswith("#"):
            continue
        if not raw.startswith(" "):
            rule, above = raw, ""
            continue
        found = re.fullmatch(r" +(?:([=!>+-]) )? *(.*?) *", raw)
        assert found, f"{name}:{number}"
        sign, text = found[1] or "", shown(found[2])
        if not sign:
            above = text
        yield Line(f"{name}:{number}", rule, sign, text, above)


KEY_LINES = [x for p in sorted(FOLDER.glob("0*.txt")) for x in lines(p.name)]


def test_keys() -> None:
    for line in KEY_LINES:
        key = link_key(line.text)
        assert link_key(key) == key, line
        match line.sign:
            case "=":
                assert key == link_key(line.above), line
            case "!":
                assert key != link_key(line.above), line
            case ">":
                assert line.text == link_key(line.above), line


def test_entries() -> None:
    for line in lines("entries.txt"):
        match line.sign:
            case ">":
                assert clean_entry(line.above) == line.text, line
                assert entry_fault(line.above) is None, line
            case "-":
                assert entry_fault(line.above) == line.text, line
            case _:
                assert clean_entry(clean_entry(line.text)) == clean_entry(line.text), line


def test_every_rule_of_the_cases_says_something() -> None:
    """A rule without a comparison below it would pass whatever the code does."""
    compared = {x.rule for x in KEY_LINES if x.sign}
    assert {x.rule for x in KEY_LINES} == compared
    assert len(compared) > 100


def test_shared_pairs(shared_data: Path) -> None:
    """The pairs that were handed to the project, none of them written by us."""
    with (shared_data / "link_pairs.csv").open(encoding="utf-8", newline="") as f:
        pairs = list(csv.DictReader(f))
    wrong = [p for p in pairs if (link_key(p["a"]) == link_key(p["b"])) != (p["same"] == "true")]
    assert len(pairs) == 106
    assert not wrong
