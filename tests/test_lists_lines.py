"""What holds for every line: nothing raises, links stand on their line, work stays in bounds."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relaion.links import clean_entry, key_digest, link_key
from relaion.links.text import WHITE
from relaion.lists.normalise import Tally
from relaion.lists.readers import why
from relaion.lists.readers.format import Batch, Values
from relaion.lists.readers.lines.line import BESIDE, SIGN, read_line
from relaion.lists.readers.tables.notes import read_text, takes_back
from tests.links_strategies import links, near_links
from tests.list_samples import read_list
from tests.test_links_key import real_links

FILE = "https://pictures.example/dir/a.jpg"
SIGNS = st.text("-.,;:()[]{}<>#|*+!?\"'` \t\n1a/", max_size=8)
NOTES = st.sampled_from(
    ["removed", "(removed)", "- false positive", "# retracted", "Removed 2024", "— withdrawn!",
     "[DISPUTED]", "not CSAM", "no longer listed", "gelöscht", "faux positif", "FP"]
)  # fmt: skip
HARMLESS = st.sampled_from(
    ["category A", "(1)", "- found in June", "2024-02-22", "A", "seen twice"]
)
BLANKS = st.text(st.sampled_from(sorted(WHITE - set("\r\n"))), min_size=1, max_size=3)


@given(st.lists(st.one_of(near_links, links, SIGNS, NOTES), max_size=5))
@example(["!"])
@example(["<", FILE])
def test_nothing_raises_and_each_link_stands_on_its_line(pieces: list[str]) -> None:
    text = "".join(pieces)
    line = read_line(text)
    if line is not None:
        assert bool(line.links) != bool(line.fault)
        squeezed = "".join(clean_entry(text).split())
        whole = "".join(text.split())
        for link in line.links:
            assert "".join(link.split()) in whole + squeezed or link_key(link)


@given(BLANKS, NOTES)
def test_what_takes_back_never_leads_to_an_entry(blank: str, note: str) -> None:
    for link in (FILE, "https://pictures.example/one", "pictures.example/one.png", f"<{FILE}>"):
        line = read_line(f"{link}{blank}{note}")
        assert line is not None
        assert (line.links, line.fault) == ((), why.TAKEN_BACK)


@given(BLANKS, HARMLESS, st.sampled_from(["", "- ", "* ", "1. ", "12) ", "• "]))
def test_any_white_space_parts_a_note_from_the_name_of_a_file(
    blank: str, note: str, bullet: str
) -> None:
    line = read_line(f"{bullet}{FILE}{blank}{note}")
    assert line is not None
    assert (line.links, line.fault, line.noted) == ((FILE,), None, True)


def test_real_links_are_read_as_they_stand(shared_data: object) -> None:
    found = [(u, read_line(u)) for u in real_links(shared_data)]  # type: ignore[arg-type]
    other = [line.fault for u, line in found if line and line.links != (u,)]
    assert len(found) > 19_000
    assert len(other) == 1  # ends in a full stop
    assert None not in other


@pytest.mark.parametrize(
    ("text", "alone", "fate", "is_sure"),
    [
        ("removed", True, why.TAKEN_BACK, True),
        (" (Removed) ", True, why.TAKEN_BACK, True),
        ("false positive", True, why.TAKEN_BACK, True),
        ("falsePositive", False, why.TAKEN_BACK, True),
        ("seen in May, widerrufen am 1.2.2024", False, why.TAKEN_BACK, True),
        ("no longer valid", False, why.TAKEN_BACK, True),
        ("nicht mehr aktiv", False, why.TAKEN_BACK, True),
        ("legal adult", False, None, False),
        ("known good (NSRL)", False, why.GOOD, True),
        ("removed by partner", True, None, None),
        ("removed by partner", False, why.TAKEN_BACK, False),
        ("a safe place", False, None, None),
        ("not removed", False, None, None),
        ("no longer disputed", False, None, None),
        ("no longer", False, why.TAKEN_BACK, True),
        ("the site is no longer online", False, None, None),
        ("cleaned of false positives", False, None, None),
        ("nsrl", True, why.GOOD, True),
        ("not in NSRL", False, None, None),
        ("checked against NSRL", False, None, None),
        ("unremoved", False, None, None),
        ("removal2", False, None, None),
        ("", False, None, None),
    ],
)
def test_a_text_beside_an_entry(
    text: str, alone: bool, fate: str | None, is_sure: bool | None
) -> None:
    says = read_text(text, alone=alone)
    assert (says and says.fate, says and says.is_sure) == (fate, is_sure)


def test_words_that_hold_such_words_take_nothing_back() -> None:
    assert not any(map(takes_back, ["unsafely", "errors_of_mine", "category A", "fps", "2024", ""]))


def test_contrived_lines_take_time_in_proportion() -> None:
    n = 20_000
    texts = [
        FILE + " " * n + "x", FILE + "\t" * n, FILE + " \t" * n + "#", FILE + ")" * n,
        "https://" * (n // 4), f"{FILE}," * (n // 40), (FILE + " ") * (n // 40), "- " * n,
        "<" * n, "[" * n + "](", "[x](" + "(" * n, FILE + ",;" * n, "1." * n, ">" * n + FILE,
        FILE + "(removed" * (n // 8), "a " * n + FILE,
    ]  # fmt: skip
    start = time.process_time()
    for text in texts:
        read_line(text)
    assert time.process_time() - start < 10


@pytest.mark.parametrize(("n", "taken"), [(99, False), (100, True)])
def test_a_sign_that_few_links_end_in_is_their_own(n: int, taken: bool) -> None:
    values = [f"https://pictures.example/{i}" for i in range(n)]
    values.append("https://pictures.example/Inc.")
    tally = Tally()
    entries = tally.take(Batch(n + 1, (Values(("url",), values),)), 0).entries
    held = {d for some in entries["url"].digests for d in some.to_pylist()}
    assert len(held) == n + taken
    assert (key_digest("pictures.example/Inc.") in held) is taken
    assert tally.skipped == ({} if taken else {SIGN: 1})
    assert len(tally.beside.notices()) == taken
    assert "Inc" not in "".join(tally.beside.notices())


def test_what_lines_strike_out_is_said_behind_all_of_their_file_however_many_there_are() -> None:
    tally = Tally(behind=7_000_000)
    for first in (0, 150_000):
        struck = [f"~~{i:032x}~~" for i in range(first + 1, first + 150_000)]
        undone = tally.take(Batch(len(struck), (Values(("image_md5",), struck),)), first).undone
        assert len(undone) == len(struck)
        assert {record for *_, record in undone} == {7_000_000}


def test_a_long_list_may_begin_with_what_was_added_alone() -> None:
    for value in ("{:032x}", "https://a.example/{}.jpg"):
        added = "".join(f"+ {value}\n".format(i) for i in range(1, 4000))
        outcome = read_list(f"{added}- {value}\n".format(5).encode(), "list.txt")
        assert outcome.skipped == {why.TAKEN_BACK: 1}


@pytest.mark.slow
def test_the_command_counts_by_reason_and_echoes_no_line(tmp_path: Path) -> None:
    lines = [
        "https://planted.example/one.jpg - a planted note",
        "https://planted.example/two.jpg (removed)",
        "\u200ehttps://planted.example/three\u00ad",
        "https://planted.example/Inc.",
        "https://planted.example/four and more",
    ]
    (tmp_path / "list.txt").write_text("\n".join(lines), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "relaion",
        "lists",
        "add",
        str(tmp_path / "list.txt"),
        "--json",
    ]
    options = ["--source", "A", "--lists", str(tmp_path / "lists.duckdb")]
    run = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
    added = json.loads(run.stdout)
    assert added["entries"] == {"url": 2}
    assert added["skipped"] == {SIGN: 1, BESIDE: 1}
    assert added["retracted"] == 1
    assert "planted" not in run.stdout + run.stderr
