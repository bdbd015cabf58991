"""JSON lists written in every way: the same entries or a refusal, and never what must not enter.

Shuffled names, names in another case, flags as text, byte order marks, UTF-16, one line or many,
an envelope or none, cut anywhere, and broken in any way.
"""

import codecs
import json
import random
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relaion.lists.readers.format import Options
from tests.drawn import quickly
from tests.list_samples import Outcome, read_list

LISTED = [f"00112233445566778899aabbccddee{i:02x}" for i in range(1, 40)]
GONE = [f"ff112233445566778899aabbccddee{i:02x}" for i in range(1, 40)]
ALL = {("image_md5", digest) for digest in LISTED}

PLAIN: list[dict[str, Any]] = [
    {"id": 1, "md5": LISTED[0], "status": "active", "confirmed": True, "note": None},
    {"id": 2, "md5": GONE[0], "status": "removed", "confirmed": True, "tags": ["a", "b"]},
    {"id": 3, "md5": GONE[1], "status": "active", "confirmed": False, "file": {"name": "a.jpg"}},
    {"id": 4, "md5": [LISTED[1], LISTED[2]], "status": "active", "confirmed": True},
    {"id": 5, "md5": GONE[2], "status": "active", "confirmed": True, "file": {"type": "video/mp4"}},
    {"id": 6, "files": [{"md5": LISTED[3], "px": 9}, {"md5": GONE[3], "status": "removed"}],
     "status": "active", "confirmed": True},
]  # fmt: skip
MEDIA: list[dict[str, Any]] = [
    {"MediaID": 1, "Category": 1, "MD5": LISTED[0], "IsDistributed": True, "Deleted": False,
     "MediaFiles": [{"MD5": LISTED[0], "FileName": "a.jpg", "FilePath": "C:\\removed"}]},
    {"MediaID": 2, "Category": 2, "MD5": LISTED[1], "IsDistributed": False, "Deleted": False,
     "AlternativeHashes": [{"HashName": "PDQ", "HashValue": GONE[9] * 2}]},
    {"MediaID": 3, "Category": 0, "MD5": GONE[0], "Deleted": False},
    {"MediaID": 4, "Category": 8, "MD5": GONE[1], "Deleted": False},
    {"MediaID": 5, "Category": 1, "MD5": GONE[2], "Deleted": True},
    {"MediaID": 6, "Category": 1, "MD5": GONE[3], "MimeType": "video/mp4", "Deleted": False},
    {"MediaID": 7, "Category": 1, "MD5": GONE[4], "MediaFiles": [{"FileName": "b.MP4"}]},
]  # fmt: skip
CHOSEN = Options(where={"category": frozenset(("1", "2"))})

Records = list[dict[str, Any]]
Change = Callable[[Any, random.Random], Any]


def _deep(change: Callable[[dict[str, Any], random.Random], dict[str, Any]]) -> Change:
    """A change of every object, from the inside."""

    def changed(value: Any, rng: random.Random) -> Any:
        if isinstance(value, dict):
            return change({k: changed(v, rng) for k, v in value.items()}, rng)
        return [changed(v, rng) for v in value] if isinstance(value, list) else value

    return changed


def _shuffled(each: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    return dict(rng.sample([*each.items()], len(each)))


def _cased(each: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    how = (str.upper, str.lower, str.title, str.swapcase)
    return {rng.choice(how)(name): value for name, value in each.items()}


def _typed(each: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """Flags and numbers as texts, and nothing as no field."""
    text = {name: json.dumps(v) if isinstance(v, (bool, int)) and rng.random() < 0.5 else v
            for name, v in each.items()}  # fmt: skip
    return {name: v for name, v in text.items() if v is not None or rng.random() < 0.5}


CHANGES: dict[str, Change] = {
    "as it is": lambda value, rng: value,
    "names shuffled": _deep(_shuffled),
    "names in another case": _deep(_cased),
    "flags and numbers as texts": _deep(_typed),
    "records in another order": lambda value, rng: rng.sample(value, len(value)),
    "digests in upper case": lambda value, rng: json.loads(
        re.sub(r"[0-9a-f]{32}", lambda found: found[0].upper(), json.dumps(value))
    ),
    "all of it": lambda value, rng: _deep(_cased)(_deep(_typed)(_deep(_shuffled)(
        rng.sample(value, len(value)), rng), rng), rng),
}  # fmt: skip
LAYOUTS: dict[str, Callable[[Records], str]] = {
    "one line": json.dumps,
    "pretty": lambda records: json.dumps(records, indent=2),
    "a record a line": lambda records: "\n".join(map(json.dumps, records)) + "\n",
    "records behind each other": lambda records: "".join(map(json.dumps, records)),
    "tabs and CRLF": lambda records: json.dumps(records, indent="\t").replace("\n", "\r\n"),
    "escaped": lambda records: re.sub(
        '"[^"]*"', lambda found: found[0].replace("a", "\\u0061"), json.dumps(records)
    ),
}
ENVELOPES: dict[str, Callable[[Records], str]] = {
    "an envelope": lambda records: json.dumps({"count": len(records), "data": records}),
    "behind it": lambda records: json.dumps({"data": records, "next": None, "page": {"n": 1}}),
}
OF_MEDIA: dict[str, Callable[[Records], str]] = {
    "VICS 1": lambda records: json.dumps(
        {"odata.metadata": "http://github.com/ICMEC/ProjectVic/DataModels/1.3.xml#Media",
         "value": records}),
    "VICS 2": lambda records: json.dumps(
        {"VALUE": records, "@odata.context":
         "http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/CUSTOM/$metadata#Media"},
        indent=1),
    "cases": lambda records: json.dumps(
        {"odata.metadata": "http://github.com/ICMEC/ProjectVic/DataModels/1.2.xml#Cases",
         "value": [{"CaseID": "x", "Media": records[:3]}, {"media": records[3:], "n": {}}]}),
}  # fmt: skip
ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "utf-8": lambda text: text.encode(),
    "bom": lambda text: codecs.BOM_UTF8 + text.encode(),
    "utf-16-le": lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
    "utf-16-be": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    "blank lines": lambda text: b"\n \n" + text.encode() + b"\n\n",
}
WORLDS = {
    "json": (PLAIN, Options(), LAYOUTS | ENVELOPES, LISTED[:4]),
    "vics": (MEDIA, CHOSEN, LAYOUTS | OF_MEDIA, LISTED[:2]),
}


def _entries(digests: list[str]) -> set[tuple[str, str]]:
    return {("image_md5", digest) for digest in digests}


def _check(outcome: Outcome) -> None:
    """What holds for whatever is read: one line, and no value in it; never what must not enter."""
    said = [outcome.refused or "", *outcome.notices]
    for text in said:
        assert "\n" not in text
        assert not re.search(r"[0-9A-Fa-f]{12}", text.replace("\\u00", "")), text
    assert not outcome.entries & _entries(GONE)


@pytest.mark.parametrize("world", quickly(1, WORLDS))
def test_how_it_is_written_changes_nothing(world: str) -> None:
    records, options, layouts, right = WORLDS[world]
    for number, (how, change) in enumerate(CHANGES.items()):
        for layout, write in layouts.items():
            text = write(change(records, random.Random(number)))
            encodings = ENCODINGS if how == "all of it" else {"utf-8": ENCODINGS["utf-8"]}
            for encoding, encode in encodings.items():
                outcome = read_list(encode(text), "list.json", options)
                _check(outcome)
                if layout == "escaped" and outcome.refused:  # names may not be known then
                    continue
                assert outcome.entries == _entries(right), (how, layout, encoding, outcome.refused)
                assert outcome.found and outcome.found.form == world


def test_a_field_that_nobody_knows_is_asked_for_where_it_stands_alone() -> None:
    records = [{"md5": LISTED[0]}, {"md5": LISTED[1], "sizes": [{"md5": LISTED[2]}]}]
    said = read_list(json.dumps(records).encode(), "list.json").refused or ""
    assert "column 2 (sizes / md5) holds 1 hash in 1 row, and its name does not say of what" in said
    option = re.findall(r"--column (md5)=(\w+)", said)[0]
    chosen = Options(columns={option[0]: ("md5", option[1])})
    assert read_list(json.dumps(records).encode(), "list.json", chosen).entries == _entries(
        LISTED[:3]
    )


@pytest.mark.parametrize("world", WORLDS)
def test_without_a_choice_or_with_the_wrong_one(world: str) -> None:
    records, options, layouts, _ = WORLDS[world]
    for write in layouts.values():
        data = write(records).encode()
        if world == "vics":
            assert "categories" in (read_list(data, "list.json").refused or "")
        wrong = replace(options, where={"category": frozenset(("7",)), "id": frozenset(("77",))})
        assert read_list(data, "list.json", wrong).refused


def _cuts(world: str, layout: str, places: Callable[[int], list[int]]) -> None:
    """A file that ends early is refused whole; where a record is a line, whole lines are a file."""
    records, options, layouts, right = WORLDS[world]
    data = layouts[layout](records).encode()
    for at in places(len(data.rstrip())):
        outcome = read_list(data[:at], "list.json", options)
        _check(outcome)
        if layout in ("a record a line", "records behind each other"):
            assert outcome.entries <= _entries(right)
        else:
            assert outcome.refused, at


@pytest.mark.parametrize("world", WORLDS)
def test_a_file_that_is_cut_is_refused(world: str) -> None:
    for layout in WORLDS[world][2]:
        _cuts(world, layout, lambda n: random.Random(n).sample(range(1, n), 6))


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS)
def test_a_file_that_is_cut_anywhere_is_refused(world: str) -> None:
    for layout in WORLDS[world][2]:
        _cuts(world, layout, lambda n: [*range(1, n)])


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS)
def test_a_file_that_is_broken_is_read_or_refused(world: str) -> None:
    """Bytes changed, left out and put in: no fault but a refusal, and no value is told."""
    records, options, layouts, _ = WORLDS[world]
    rng = random.Random(world)
    pieces = [
        b'"', b"1e9999999999999999999", b"{", b"}", b"[", b"]", b",", b":", b"\\", b"\0", b"\n",
        b"null", b"\xff", b"-", b"\\ud800", b'"md5":', b'"status":"removed",', b"//", b"",
    ]  # fmt: skip
    for layout, write in layouts.items():
        data = write(records).encode()
        for _ in range(400):
            broken = bytearray(data)
            for _ in range(rng.randint(1, 4)):
                at, end = sorted(rng.sample(range(len(broken)), 2))
                end = min(end, at + rng.randint(0, 30))
                broken[at:end] = rng.choice([*pieces, data[end : end + 20]])
            outcome = read_list(bytes(broken), "list.json", options)
            said = [outcome.refused or "", *outcome.notices]
            assert all("\n" not in text for text in said), layout
            assert not any(d[2:14] in text.casefold() for d in LISTED for text in said), layout


# -- Any JSON ------------------------------------------------------------------------------------

_WORDS = (
    "md5 MD5 url urls status Status data value item id type hashes file files removed title name "
    "category deleted MediaID Category Media MediaFiles FileName AlternativeHashes HashName x "
    "HashValue sha1 tags a.b odata.metadata"
)
_NAMES = st.sampled_from(_WORDS.split())
_SCALARS = st.sampled_from(
    [None, True, False, 0, 1, 8, 1.5, "", "removed", "active", "x", "md5", "a.mp4", "video/mp4",
     "false positive", LISTED[0], LISTED[1], GONE[0] * 2, "https://pictures.example/one.jpg",
     "pictures.example", "\ud83d", "\n", "#Media", "é"]
)  # fmt: skip
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(values=st.lists(_VALUES, min_size=1, max_size=3), chosen=st.booleans())
def test_any_json_is_read_or_refused_in_one_line(values: list[Any], chosen: bool) -> None:
    text = "\n".join(map(json.dumps, values))
    outcome = read_list(text.encode(), "list.json", CHOSEN if chosen else Options())
    for said in (outcome.refused or "", *outcome.notices):
        assert "\n" not in said
        assert LISTED[0][2:20] not in said
        assert "pictures.example" not in said
    assert outcome.entries or outcome.refused


@settings(max_examples=30)
@given(data=st.data())
def test_no_record_that_was_taken_back_enters(data: st.DataObject) -> None:
    """Whatever else stands in a record and around it."""
    records = []
    for i in range(data.draw(st.integers(1, 5))):
        beside = data.draw(st.dictionaries(st.sampled_from(["x", "note", "file", "n"]), _VALUES))
        is_gone = data.draw(st.booleans())
        digest = (GONE if is_gone else LISTED)[i]
        names = data.draw(st.sampled_from([("md5", "status"), ("MD5", "deleted")]))
        says = {"status": "removed" if is_gone else "active", "deleted": is_gone}[names[1]]
        records.append(beside | {names[0]: digest, names[1]: says})
    text = data.draw(st.sampled_from([*LAYOUTS.values(), *ENVELOPES.values()]))(records)
    outcome = read_list(text.encode(), "list.json")
    assert not outcome.entries & _entries(GONE)


@pytest.mark.parametrize("blank", [" ", "\n", "\r\n", "\t"])
def test_any_blanks_before_it_leave_a_json_what_it_is(blank: str) -> None:
    data = blank * 700_000 + '[{"md5": "00112233445566778899aabbccddee01"}]'
    read = read_list(data.encode(), "list.json")
    assert read.entries == {("image_md5", "00112233445566778899aabbccddee01")}


def test_a_digest_beside_entries_is_no_text_that_shows_something() -> None:
    """Of bytes in base64 some read as words between signs: `/Boy/`, `+man+`."""
    hashes = [f"{'Ab3' * 20}{word}{i:04}" for i, word in enumerate(["/Boy/", "+man+"] * 20)]
    media = [
        {"MediaID": i, "Category": 1, "MD5": f"{i + 1:032X}",
         "AlternativeHashes": [{"HashName": "PhotoDNA", "HashValue": value}]}
        for i, value in enumerate(hashes)
    ]  # fmt: skip
    data = json.dumps({"odata.metadata": "x/ProjectVic#Media", "value": media}).encode()
    outcome = read_list(data, "media.json", Options(where={"category": frozenset("1")}))
    assert outcome.found is not None
    assert len(outcome.entries) == len(media)
    assert not [notice for notice in outcome.found.notices if "child" in notice]


@pytest.mark.parametrize("at", [None, 3, 900, -1])
def test_what_one_of_many_cases_says_is_heard(at: int | None) -> None:
    """Of more texts than are kept, the last is heard as well."""
    cases: list[dict[str, Any]] = [
        {"Title": f"case {i}a", "Media": [{"MediaID": i, "Category": 1, "MD5": f"{i:032x}"}]}
        for i in range(1, 1300)
    ]
    if at is not None:
        cases[at]["Title"] = "removed"
    refused = read_list(json.dumps({"value": cases}).encode(), "vics.json", CHOSEN).refused
    assert ("Title in it says" in str(refused)) == (at is not None)
