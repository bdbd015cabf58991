"""The plain model against a world made by hand, `cases/model/world.txt`."""

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest

from relaion.verifier.model import Reason
from tests import oracle

WORLD = Path(__file__).parent / "cases" / "model" / "world.txt"
FIELD = re.compile(r"(?:(?<=\s)|^)((?:more\.)?[a-z_0-9]+)=")


def digest(kind: str, text: str) -> str:
    """The digest of an entry, without any code of ours."""
    if kind == "row_hash":
        return f"{int(text) % 2**64:016x}"
    algorithm = kind.rpartition("_")[2] if kind[-1].isdigit() else "sha256"
    return hashlib.new(algorithm, text.encode()).hexdigest()


def image(kind: str, word: str) -> str:
    found = digest(kind, word.lower())
    return found.upper() if word.isupper() else found


def row_of(text: str) -> dict[str, Any]:
    """`role=value role=value …`, a value up to the next role."""
    parts = FIELD.split(text)[1:]
    row: dict[str, Any] = {}
    for name, value in zip(parts[::2], map(str.strip, parts[1::2]), strict=True):
        role = name.removeprefix("more.")
        held: Any = value
        if role.startswith("image_"):
            held = image(role, value)
        elif role == "row_hash":
            held = int(value)
        elif role == "punsafe":
            held = float(value)
        if name == role:
            row[role] = held
        else:
            row.setdefault("more", {}).setdefault(role, []).append(held)
    return row


def reason_of(line: str) -> Reason:
    kind, *words = line.split()
    if kind == "rule":
        return Reason("rule", rule=words[0])
    if kind == "same_link":
        return Reason("same_link", int(words[0]))
    form = None if words[2] == "-" else words[2]
    return Reason("list", int(words[0]), words[1], form)


class Told:
    """What the file says."""

    def __init__(self, text: str) -> None:
        self.lists: list[oracle.Listing] = []
        self.rows: list[tuple[str, dict[str, Any], set[Reason]]] = []
        self.sidecars: list[oracle.Sidecar] = []
        self.options: dict[str, str] = {}
        for block in re.split(r"\n(?=\S)", re.sub(r"(?m)^#.*\n?|^\n", "", text)):
            head, *lines = block.strip("\n").split("\n")
            word, _, rest = head.partition(" ")
            self._take(word, rest, [line.strip() for line in lines])

    def _take(self, word: str, rest: str, lines: list[str]) -> None:
        if word == "list":
            number, _, forms = rest.partition(" forms ")
            entries = {(k, digest(k, text)) for k, _, text in (x.partition(" ") for x in lines)}
            limits = tuple(forms.split()) or None
            listing = oracle.Listing(int(number), "csam", frozenset(entries), forms=limits)
            self.lists.append(listing)
        elif word == "sidecar":
            rows = tuple(row_of(x.removeprefix("row ")) for x in lines)
            self.sidecars.append(oracle.Sidecar((rest,), rows))
        elif word == "row":
            self.rows.append((rest, row_of(rest), set(map(reason_of, lines))))
        else:
            self.options[word] = rest

    def setting(self, **changes: Any) -> oracle.Setting:
        words = tuple(self.options["keywords"].split(" | "))
        above = float(self.options["unsafe"]), float(self.options["unsafe_keyword"])
        return oracle.Setting(
            words, unsafe_above=above[0], keyword_above=above[1], sidecars=tuple(self.sidecars),
            **changes,
        )  # fmt: skip


TOLD = Told(WORLD.read_text())
ROWS = [row for _, row, _ in TOLD.rows]


@pytest.fixture(scope="module")
def named() -> list[set[Reason]]:
    return oracle.reasons(ROWS, TOLD.lists, TOLD.setting())


@pytest.mark.parametrize(
    "at", range(len(ROWS)), ids=[text or "nothing" for text, _, _ in TOLD.rows]
)
def test_a_row_is_named_by_what_the_world_says(named: list[set[Reason]], at: int) -> None:
    assert named[at] == TOLD.rows[at][2]


def test_what_is_switched_off_names_nothing() -> None:
    expected = [reasons for _, _, reasons in TOLD.rows]
    alone = oracle.reasons(ROWS, TOLD.lists, TOLD.setting(same_link=False))
    assert alone == [{r for r in some if r.reason_kind != "same_link"} for some in expected]
    plain = oracle.reasons(ROWS, TOLD.lists, TOLD.setting(inner=False))
    for found, some, (text, _, _) in zip(plain, expected, TOLD.rows, strict=True):
        through = "i0.wp.com" in text and "side" in text
        assert found == {r for r in some if "inner" not in (r.form or "") and not through}


def test_a_row_without_a_score_goes_where_that_is_asked_for() -> None:
    found = oracle.reasons(ROWS, TOLD.lists, TOLD.setting(unscored="drop"))
    unscored = Reason("rule", rule="unscored")
    for row, reasons in zip(ROWS, found, strict=True):
        score = row.get("punsafe")
        assert (unscored in reasons) == (score is None or score != score)


def test_the_world_has_every_kind_of_reason() -> None:
    reasons = {r for _, _, some in TOLD.rows for r in some}
    assert {r.reason_kind for r in reasons} == {"list", "same_link", "rule"}
    kinds = {"image_md5", "image_sha1", "row_hash", "url", "url_md5", "url_sha256", "host"}
    assert {r.kind for r in reasons if r.kind} == kinds | {"url_prefix"}
