"""The cases in tests/cases/lists, which people can read; its README says how they are written."""

import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from relaion.engine import connect
from relaion.errors import RelaionError
from relaion.links import key_digest, link_key
from relaion.lists import store
from relaion.lists.delivery import read_columns, read_where, scoped_kind
from relaion.lists.ingest import nothing_in
from relaion.lists.readers import why
from relaion.lists.readers.format import Options
from relaion.roles import KINDS
from tests.list_samples import read_list

FOLDER = Path(__file__).parent / "cases" / "lists"
_NAMES = {
    "<TAB>": "\t", "<NUL>": "\0", "<BLANK>": " ", "<ESC>": "\x1b", "<9MB>": "x" * 9_000_000,
}  # fmt: skip
_ENCODINGS = {
    "bom": "utf-8-sig",
    "utf-16": "utf-16",
    "utf-32": "utf-32",
    "utf-16-bare": "utf-16-le",
    "latin-1": "latin-1",
    "cp850": "cp850",
    "mac-roman": "mac_roman",
    "shift-jis": "cp932",
    "gbk": "gb18030",
}


@dataclass
class Case:
    """One rule: the files of a delivery, options, and what must come of it."""

    where: str
    title: str
    files: list[tuple[str, list[str], list[str]]] = field(default_factory=list)
    options: dict[str, object] = field(default_factory=dict)
    entries: set[tuple[str, str]] = field(default_factory=set)
    skipped: dict[str, int] = field(default_factory=dict)
    duplicates: int = 0
    notices: list[str] = field(default_factory=list)
    refused: str | None = None


def read_cases(path: Path) -> Iterator[Case]:
    case = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        word, _, rest = line.partition(" ")
        if word == "=":
            if case:
                yield case
            case = Case(f"{path.stem}:{number}", rest)
        elif line and not line.startswith("#"):
            assert case, f"{path.name}:{number}: no case has begun"
            take(case, word, rest, f"{path.name}:{number}")
    if case:
        yield case


def take(case: Case, word: str, rest: str, where: str) -> None:
    first, _, second = rest.partition(" ")
    match word:
        case "file":
            case.files.append((first, second.split(), []))
        case "|":
            case.files[-1][2].append(rest)
        case "with":
            name, _, value = rest.partition("=")
            if name in ("column", "where", "ignore"):
                case.options.setdefault({"column": "columns"}.get(name, name), []).append(value)  # type: ignore[attr-defined]
            elif name == "partial":
                case.options["partial"] = True
            elif name == "form":
                case.options["forms"] = value.split()
            else:
                case.options[{"format": "file_format"}.get(name, name)] = value
        case "gives":
            keys = {"url": link_key(second), "host": second, "url_prefix": second}
            digest = key_digest(keys[first]) if first in keys else second
            case.entries.add((first, digest))
        case "skips":
            case.skipped[second] = int(first)
        case "duplicates":
            case.duplicates = int(rest)
        case "says":
            case.notices.append(rest)
        case "refuses":
            assert rest.strip(), f"{where}: with which words?"  # every error holds an empty text
            case.refused = rest
        case _:
            raise AssertionError(f"{where}: no such word: {word}")


def saved(lines: list[str], how: list[str]) -> bytes:
    """The bytes of a file, saved as a case says."""
    text = "".join(line + "\n" for line in lines)
    for name, character in _NAMES.items():
        text = text.replace(name, character)
    if "no-end" in how:
        text = text[:-1]
    text = text.replace(
        "\n", {"crlf": "\r\n", "cr": "\r"}.get(" ".join({"crlf", "cr"} & {*how}), "\n")
    )
    encoding = next((e for name, e in _ENCODINGS.items() if name in how), "utf-8")
    data = b"\xfe\xff" + text.encode("utf-16-be") if "utf-16-be" in how else text.encode(encoding)
    data = data.decode("latin-1").encode() if "twice" in how else data
    data = gzip.compress(data) if "gzip" in how else data
    return data[:-1] if "cut" in how else data


CASES = [
    case
    for path in sorted(FOLDER.glob("*.txt"))
    if path.name != "README.txt"
    for case in read_cases(path)
]


# what only a store tells: what of a delivery it holds, takes back or takes for another spelling
_SAYS_A_STORE = ("took nothing back", "call known good what others")
_OF_A_STORE = ("forms", "update", "role", "label", "title", "scope", "full")


def is_read_alone(case: Case) -> bool:
    """Whether a reader tells all that must come of a case; a store adds nothing."""
    return (
        len(case.files) == 1
        and not case.duplicates
        and why.TAKEN_BACK not in case.skipped
        and not any(name in case.options for name in _OF_A_STORE)
        and not any(words in notice for notice in case.notices for words in _SAYS_A_STORE)
        and case.options.get("kind") in (None, *KINDS)
        and options_of(case) is not None
    )


def options_of(case: Case) -> Options | None:
    """How its file is read, where that can be said without a store."""
    said = {name: value for name, value in case.options.items() if name != "forms"}
    said.pop("update", None)
    try:
        kind = scoped_kind(said.pop("kind", None), said.get("scope"))  # type: ignore[arg-type]
        columns, where = (said.pop(name, []) for name in ("columns", "where"))
        return Options(
            kind=kind,
            columns=read_columns(columns),  # type: ignore[arg-type]
            where=read_where(where),  # type: ignore[arg-type]
            ignore=frozenset(said.pop("ignore", [])),  # type: ignore[call-overload]
            **said,  # type: ignore[arg-type]
        )
    except RelaionError:
        return None


ALONE = [case for case in CASES if is_read_alone(case)]


def _is_long(case: Case) -> bool:
    return any("<9MB>" in line for _, _, lines in case.files for line in lines)


def _files() -> Iterator[Any]:
    """Those of each file of cases, and apart from them the long ones."""
    for file in sorted({case.where.partition(":")[0] for case in ALONE}):
        of_file = [case for case in ALONE if case.where.startswith(f"{file}:")]
        yield pytest.param([x for x in of_file if not _is_long(x)], id=file)
        if long := [x for x in of_file if _is_long(x)]:
            yield pytest.param(long, id=f"{file}, long", marks=pytest.mark.slow)


@pytest.mark.parametrize("cases", [*_files()])
def test_cases_are_read(cases: list[Case]) -> None:
    """By their reader alone, which is quick."""
    for case in cases:
        try:
            _is_read(case)
        except Exception as e:
            e.add_note(f"{case.where}: {case.title}")
            raise


def _is_read(case: Case) -> None:
    name, how, lines = case.files[0]
    options = options_of(case)
    assert options is not None
    outcome = read_list(saved(lines, how), name, options)
    assert outcome.found is not None
    tally = outcome.found.tally
    if case.refused is not None:
        assert outcome.refused is not None
        refused = outcome.refused
        if refused.startswith("nothing in it"):  # what to do then is said by who adds it
            refused = str(nothing_in(name, Counter(tally.skipped), [outcome.found]))
        assert case.refused in refused
        assert "\n" not in refused
        return
    assert outcome.refused is None, outcome.refused
    assert outcome.entries == case.entries
    assert outcome.skipped == case.skipped
    assert tally.records == tally.taken + sum(tally.lost.values())
    assert len(outcome.notices) == len(case.notices)
    for found, expected in zip(outcome.notices, case.notices, strict=True):
        assert expected in found


def _stored() -> Iterator[Any]:
    """Each case; quickly every fourth of which a store tells more, and few of the others."""
    for case in CASES:
        is_slow = zlib.crc32(case.where.encode()) % (40 if is_read_alone(case) else 4)
        yield pytest.param(case, marks=[pytest.mark.slow] if is_slow else [], id=case.where)


@pytest.mark.parametrize("case", [*_stored()])
def test_case(case: Case, tmp_path: Path) -> None:
    check(case, tmp_path)


def check(case: Case, tmp_path: Path) -> None:
    """Add the files of a case to a new store, and compare what comes of it."""
    lists = tmp_path / "lists.duckdb"
    files = []
    for name, how, lines in case.files:
        path = tmp_path / name
        path.write_bytes(saved(lines, how))
        if "earlier" in how:
            store.add(lists, [path], source="A partner")
        else:
            files.append(path)
    is_update = len(files) < len(case.files)
    before = lists.read_bytes() if is_update else b""
    if is_update:
        case.options["update"] = 1
    if case.refused is not None:
        with pytest.raises(RelaionError, match=re.escape(case.refused)) as caught:
            store.add(lists, files, source="A partner", **case.options)  # type: ignore[arg-type]
        assert "\n" not in str(caught.value)
        assert (lists.read_bytes() if lists.exists() else b"") == before
        return
    added = store.add(lists, files, source="A partner", **case.options)  # type: ignore[arg-type]
    with connect(lists, read_only=True) as engine:
        held = engine.rows("select kind, digest from entries")
    assert set(held) == case.entries
    assert len(held) == len(case.entries), "an entry is stored twice"
    skipped = {**case.skipped}
    retracted = skipped.pop(why.TAKEN_BACK, 0)
    assert added.skipped == skipped
    assert added.retracted == retracted
    assert added.records == added.used + sum(added.lost.values())
    assert added.duplicate == case.duplicates
    if not is_update:
        assert added.read == len(held) + case.duplicates + sum(case.skipped.values())
    assert len(added.notices) == len(case.notices)
    for found, expected in zip(added.notices, case.notices, strict=True):
        assert expected in found


def test_there_are_cases() -> None:
    assert len(CASES) >= 50
