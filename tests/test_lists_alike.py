"""Records that are written alike are read by one pattern: what comes of them is what came before.

Each is read twice, once by the scanner alone, and once by what was learned from its first records.
"""

import io
import json
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from relaion.errors import InputError, ListError
from relaion.lists.delivery import read_where
from relaion.lists.plain_links import plain_links
from relaion.lists.readers.documents import json_patterns, json_runs, json_text
from relaion.lists.readers.documents.document import ListDocument
from relaion.lists.readers.documents.field_columns import FieldColumns, Row, SharedThings
from relaion.lists.readers.documents.fields import Fields
from relaion.lists.readers.documents.json_alike import _PIECE, AlikeRecords, is_bare
from relaion.lists.readers.documents.json_pieces import pieces
from relaion.lists.readers.documents.json_rows import JsonRows
from relaion.lists.readers.documents.json_text import object_parts
from relaion.lists.readers.documents.misp_attributes import meanings
from relaion.lists.readers.documents.stix_pattern import (
    compared,
    plain_comparison,
    plain_comparisons,
)
from relaion.lists.readers.format import NO_TRAIT, Options
from relaion.lists.readers.read import FileRead, read_entries
from relaion.lists.values import read_plain_link
from tests.bench.list_files import FILES, ListFile
from tests.list_samples import read_list
from tests.test_lists_cases import FOLDER, read_cases

_NEVER = 1 << 40


@contextmanager
def learning(after: int, first: int = 1) -> Iterator[None]:
    """Learn from records behind so many, in small blocks; make a shape of so many of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_runs, "LEARN_AFTER", after)
        patch.setattr(json_runs, "_FIRST", first)
        if after != _NEVER:  # what is whole in a block is one value
            patch.setattr(json_text, "_BLOCK", 3000)
        yield


# -- Values ----------------------------------------------------------------------------------------

_SCALARS = st.sampled_from([
    None, True, False, 0, -7, 12, 10**17, 10**30, 1.5, -0.25, 1e300, "", "x", "ü", 'a"b', "\\",
    "a/b", "\n", "\ud83d\ude00", "\ud83d", "]}, {",
])  # fmt: skip
_INNER = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc12"), inner, max_size=3)
    ),
    max_leaves=6,
)
_RECORDS = st.fixed_dictionaries(
    {"a": _SCALARS}, optional={"b": _INNER, "c": _INNER, "d": _SCALARS}
)
_STYLES = st.sampled_from([
    {}, {"separators": (",", ":")}, {"ensure_ascii": False, "separators": (",", " : ")},
])  # fmt: skip


def as_document(text: str) -> ListDocument:
    data = text.encode("utf-8", "surrogatepass")
    return ListDocument("list.json", text, lambda: io.BytesIO(data))


def _read(text: str) -> tuple[list[Any], str]:
    found: list[Any] = []
    try:
        for some in object_parts(as_document(text), "item" if text[:1] == "[" else ""):
            found.extend(some)
    except ListError as e:
        return found, str(e)
    return found, ""


def _pieces(text: str) -> tuple[list[Any], str]:
    found: list[Any] = []
    try:
        for some in pieces(as_document(text), frozenset(("c",)), frozenset(("b",))):
            for number, each in enumerate(some.values, some.number):
                told = [*each.items()] if isinstance(each, dict) else each
                found.append((some.names, number, some.owner, told))
    except ListError as e:
        return found, str(e)
    return found, ""


_FAULTS = (
    "",
    '"',
    ",",
    "}",
    "{",
    "\\",
    "\x00",
    "\x1f",
    "1",
    ":",
    "\n",
    "\\u00e9",
    "\\x",
    "é",
    '"a": 1, ',
)


@example([{"a": "x"}] * 5, {}, True, '"a": 1, ', 41)  # a name twice
@example([{"a": "x"}] * 5, {}, False, "\n", 51)  # within a text
@example([{"a": "x"}] * 5, {}, False, "\x1f", 51)
@example([{"a": "x"}] * 5, {}, True, "\x1f", 44)
@given(
    st.lists(_RECORDS, min_size=3, max_size=12), _STYLES, st.booleans(), st.sampled_from(_FAULTS),
    st.integers(0, 400),
)  # fmt: skip
def test_a_run_is_read_as_its_records_are(
    records: list[Any], style: dict[str, Any], is_array: bool, fault: str, at: int
) -> None:
    held = [json.dumps(record, **style) for record in records]
    text = f"[{', '.join(held)}]" if is_array else "\n".join(held)
    at = min(at, len(text))
    text = text[:at] + fault + text[at:]
    for read in (_read, _pieces):
        with learning(_NEVER):
            expected = read(text)
        with learning(0):
            assert repr(read(text)) == repr(expected)


_TEXTS = (
    "x", r"\\", r"\"", r"\/", r"\u00e9", r"\ud83d\ude00", r"\ud83d", r"\x", r"\u00", r"\\\"", "\\",
    r'\\", ', r'\\", ", "b": "', r'\"}, {\"a', "\x1f", "\n", "\t",
)  # fmt: skip


@pytest.mark.parametrize("between", [", ", "\n"])
@pytest.mark.parametrize("one", _TEXTS)
def test_a_run_of_texts_with_escapes_is_read_as_its_records_are(between: str, one: str) -> None:
    for other in _TEXTS:
        records = [rf'{{"a": "C:\\{i}", "b": "\"{i}\" at \/{i}"}}' for i in range(24)]
        records[18] = f'{{"a": "{one}", "b": "{other}"}}'
        text = f"[{between.join(records)}]" if between == ", " else between.join(records)
        with learning(_NEVER):
            expected = _read(text)
        with learning(0):
            assert _read(text) == expected


@pytest.mark.parametrize("between", [", ", "\n"])
@pytest.mark.parametrize("value", ["true", '"x"', "[]", '{"c": "\\u0061"}', "null"])
def test_a_name_with_escapes_is_read_where_only_some_records_have_it(
    between: str, value: str
) -> None:
    """An indicator of STIX may so say that it is revoked."""
    told = [("", rf', "rev\u006fked": {value}')[i % 2] for i in range(24)]
    records = [f'{{"a": "x{i}"{each}}}' for i, each in enumerate(told)]
    text = f"[{between.join(records)}]" if between == ", " else between.join(records)
    with learning(_NEVER):
        expected = _read(text)
    with learning(0, first=4):
        assert _read(text) == expected


def test_a_control_sign_is_seen_in_each_piece_of_a_block() -> None:
    for at in (0, _PIECE - 1, _PIECE, 2 * _PIECE + 7):
        for line in ("é" * at, "x\n" * (at // 2)):
            assert is_bare(f"{line}\n{line[:9]}")
            assert not is_bare(f"{line}\x01{line[:9]}")


@pytest.mark.parametrize("empty", ['{"hashes":[]}', '{"hashes":{}}', "{}"])
@pytest.mark.parametrize("is_array", [True, False])
def test_records_that_hold_nothing_hide_none_behind_them(empty: str, is_array: bool) -> None:
    full = [f'{{"hashes":["{i:032x}"]}}' for i in range(60)]
    records = [*full[:30], *[empty] * 30, *full[30:]]
    text = f"[{','.join(records)}]" if is_array else "\n".join(records)
    for after in (0, 30):
        with learning(after, first=4):
            assert _read(text) == ([json.loads(record) for record in records], "")


@pytest.mark.parametrize("between", [", ", "\n"])
def test_records_that_a_pattern_takes_for_one_are_read_one_by_one(
    between: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = json_patterns.shape_of

    def of_two(*args: Any) -> Any:
        shape = made(*args)
        first = re.sub(r"\(\?P<g\d+>", "(?:", shape.pattern)
        return replace(shape, pattern=rf"(?:{first},?\s*+)?+{shape.pattern}")

    monkeypatch.setattr(json_runs, "shape_of", of_two)
    records = [{"n": i, "in": {"n": "x"}, "md5": f"{i:032x}"} for i in range(60)]
    text = between.join(map(json.dumps, records))
    with learning(0):
        assert _read(f"[{text}]" if between == ", " else text) == (records, "")


_KEYS = st.sampled_from(["hash", "Hash", "HASH", "file", "n"])
_VALUES = st.sampled_from([{}, [], None, "a" * 32, "b" * 32, 1, 1.5, "q\n", ["x"], {"a": "x"},
                           {"hash": {}, "Hash": "c" * 32}])  # fmt: skip


@example([{"n": 1, "hash": "a" * 32, "Hash": {}}])
@given(st.lists(st.dictionaries(_KEYS, _VALUES, max_size=4), min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_columns_of_a_run_are_the_rows_of_its_records(kinds: list[dict[str, Any]]) -> None:
    text = json.dumps([record for record in kinds for _ in range(12)])
    with learning(_NEVER):
        expected = _rows(text)
    with learning(0):
        assert _rows(text) == expected


def _rows(text: str) -> Any:
    try:
        place = JsonRows(Options())
        for some in object_parts(as_document(text), "item"):
            for record in some:
                place.meet(record)
        keys, rows = [*place.columns], list[Any]()
        if not keys:
            return keys
        for some in object_parts(as_document(text), "item"):
            rows.extend(
                zip(*JsonRows(Options(), place.fields).columns_of(some, keys).columns, strict=True)
            )
    except ListError as e:
        return str(e)
    return keys, rows


def test_most_records_are_read_in_runs() -> None:
    records = [
        {"md5": f"{i:032x}", "n": i, "in": {"a": [str(i)]}, "key": {str(i): None}}
        for i in range(500)
    ]
    records[250]["extra"] = "x"
    parts = [*object_parts(as_document(json.dumps(records)), "item")]
    in_runs = [len(some) for some in parts if isinstance(some, AlikeRecords)]
    assert sum(in_runs) > 200
    assert [record for some in parts for record in some] == records


@example([{"a": "x"}], {"c"}, {}, "")
@example([{"a": "x"}, {"a": "x", "b": [1]}, {"a": "y", "b": None}], {"b"}, {}, "")
@given(
    st.lists(_RECORDS, min_size=1, max_size=5), st.sets(st.sampled_from("abcd"), max_size=3),
    _STYLES, st.sampled_from(["", "\\"]),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_records_of_one_kind_differ_in_what_is_free_alone(
    kinds: list[dict[str, Any]], free: set[str], style: dict[str, Any], escape: str
) -> None:
    records = [dict(record, n=f"{escape}{i}") for i, record in enumerate(kinds * 40)]
    free, n = {*free, "n"}, 0
    text = f"[{', '.join(json.dumps(record, **style) for record in records)}]"
    with learning(0):
        for some in object_parts(as_document(text), "item"):
            if not isinstance(some, AlikeRecords) or (found := some.kinds(frozenset(free))) is None:
                continue
            assert some.kinds(frozenset("q")) is None  # of which there is one answer
            for one, record in zip(found.all(), some, strict=True):
                n += 1
                assert [*one] == [*record]
                assert all(repr(one[x]) == repr(record[x]) for x in one if x not in free)
    assert n > 10 or kinds[0] != {"a": "x"}  # else nothing was compared


@pytest.mark.parametrize("twice", ['"md5": "x", "md5": "y"', '"md5": "x", "m\\u0064\\u0035": "y"'])
def test_a_name_twice_behind_many_records_is_refused(twice: str) -> None:
    lines = [f'{{"md5": "{i:032x}", "category": "A1"}}' for i in range(400)]
    lines[380] = f'{{{twice}, "category": "A1"}}'
    outcome = read_list("\n".join(lines).encode(), "list.jsonl")
    assert outcome.refused is not None
    assert "gives the same name twice" in outcome.refused


def test_names_of_several_records_that_are_one_but_for_case_are_refused_in_one() -> None:
    held = [{"a": "x", ("status", "STATUS")[i % 2]: "y"} for i in range(20)]
    both = {"a": "x", "status": "y", "STATUS": "y"}
    for records in (held, [*held[:15], both, *held[15:]]):
        with learning(0, first=4):
            assert ("same name twice" in _pieces(json.dumps(records))[1]) == (both in records)


# -- Files -----------------------------------------------------------------------------------------


def _outcome(data: bytes, name: str, options: Options) -> Any:
    outcome = read_list(data, name, options)
    tally = outcome.found.tally if outcome.found and not outcome.refused else None
    told = tally and (tally.read, tally.records, tally.taken, tally.lost, tally.unusable)
    decided = outcome.found.decided if outcome.found and not outcome.refused else None
    return replace(outcome, found=None), told, decided


def _same(data: bytes, name: str, options: Options, first: int = 1) -> bool:
    """Whether a file is read, in either way; raises AssertionError where they differ."""
    with learning(_NEVER):
        expected = _outcome(data, name, options)
    with learning(0, first):
        assert _outcome(data, name, options) == expected
    return expected[0].refused is None


_JSON = [each for each in FILES if not each.name.endswith(".xml")]
_WORDS: tuple[Any, ...] = (
    None, True, "", "removed", "false positive", "video", 8, 1.5, "x\\y", [], {}, ["a", "b"],
    [{"name": "a"}], {"status": "removed"}, "2020-01-01", "clip.mp4",
)  # fmt: skip


def _odd(record: dict[str, Any], draw: random.Random) -> None:
    """Change a record in one place."""
    held: list[Any] = [record, *(x for x in record.values() if isinstance(x, dict) and x)]
    held += [y for x in record.values() if isinstance(x, list) for y in x if isinstance(y, dict)]
    inner = draw.choice([x for x in held if x])
    name = draw.choice([*inner])
    match draw.randrange(4):
        case 0:
            del inner[name]
        case 1:
            inner[draw.choice(["status", "comment", "md5", "MD5", "deleted"])] = draw.choice(_WORDS)
        case 2:
            inner[name.swapcase()] = inner.pop(name)
        case _:
            inner[name] = draw.choice(_WORDS)


def _file_of(form: ListFile, draw: random.Random) -> bytes:
    records = [json.loads(form.record(i)) for i in range(draw.choice([8, 40]))]
    for record in draw.sample(records, draw.choice([0, 0, 1, 3])):
        _odd(record, draw)
    indent = draw.choice([None, None, 1]) if form.between == "," else None
    text = (
        form.before + form.between.join(json.dumps(x, indent=indent) for x in records) + form.after
    )
    return (text.replace("/", "\\/") if draw.random() < 0.2 else text).encode()


@pytest.mark.parametrize("form", _JSON, ids=lambda form: form.name)
def test_a_file_with_odd_records_is_read_as_before(form: ListFile) -> None:
    options = Options(where=read_where(form.args[1::2]))
    read = 0
    for seed in range(6):
        data = _file_of(form, random.Random(f"{form.name}-{seed}"))
        read += _same(data, form.name, options, first=1 + seed % 3)
    assert read  # else nothing was compared


_ODD: tuple[tuple[str, tuple[str | int, ...], Any], ...] = (
    ("vics.json", ("MediaFiles", 0, "FileName"), "clip.mp4"),
    ("vics.json", ("MediaFiles", 0, "MD5"), f"{7:032X}"),
    ("vics.json", ("MediaFiles", 0), {}),
    ("vics.json", ("MediaFiles",), []),
    ("vics.json", ("AlternativeHashes", 0, "HashName"), "SHA256"),
    ("vics.json", ("AlternativeHashes", 0, "HashName"), "SHA1"),
    ("vics.json", ("AlternativeHashes", 0), {"HashName": "PDQ"}),
    ("vics.json", ("FilePath",), "films/clip.mp4"),
    ("vics.json", ("MimeType",), "video/mp4"),
    ("vics.json", ("@removed",), {"reason": "deleted"}),
    ("vics.json", ("Category",), 8),
    ("threatexchange.json", ("status",), "NON_MALICIOUS"),
    ("threatexchange.json", ("type",), "HASH_VIDEO_MD5"),
    ("threatexchange.json", ("should_delete",), True),
    ("threatexchange.json", ("my_reactions",), {"DISAGREE_WITH_TAGS": {"data": []}}),
    ("stopncii.json", ("caseNumbers",), {"5": "Withdrawn"}),
    ("stopncii.json", ("caseNumbers",), {"5": "Withdrawn", "6": "Active"}),  # which is no word
    ("stopncii.json", ("hashStatus",), "Withdrawn"),
    ("stopncii.json", ("signalType",), "ImagePDQ"),
    ("stopncii.json", ("CSPFeedbacks", 0, "feedbackValue"), "Not Blocked"),
    ("misp.json", ("deleted",), True),
    ("misp.json", ("Tag",), [{"name": 'false-positive:risk="high"'}]),
    ("misp.json", ("type",), "filename|sha1"),  # whose value is two
    ("misp.json", ("value",), f"clip.mp4|{7:040x}"),
    ("misp.json", ("Event",), {"published": False}),
    ("stix.json", ("revoked",), True),
    ("stix.json", ("valid_until",), "2020-01-01T00:00:00Z"),
    ("stix.json", ("name",), "clip.mp4"),
    ("stix.json", ("pattern",), f"[file:hashes.MD5 = '{7:032x}' AND file:name = 'x']"),
    ("stix.json", ("type",), "malware"),
    ("stix.json", ("x_acme_review",), {"status": "removed"}),
    ("short.jsonl", ("category",), "D"),
    ("short.jsonl", ("md5",), [f"{7:032x}", f"{8:032x}"]),
    ("short.jsonl", ("note",), "removed"),
    ("links.jsonl", ("url",), "hxxp://a[.]example/1.jpg"),
    ("links.jsonl", ("url",), None),
)


_OF_NO_NOTE = (("MediaFiles", 0), ("MediaFiles",), ("FilePath",))
_ONE_ACTIVE = {"5": "Withdrawn", "6": "Active"}


@pytest.mark.parametrize(("name", "place", "value"), _ODD)
def test_a_record_of_which_something_is_special_is_seen(
    name: str, place: tuple[str | int, ...], value: Any
) -> None:
    form = next(each for each in FILES if each.name == name)
    records = [json.loads(form.record(i)) for i in range(30)]
    *way, last = place
    at: Any = records[20]
    for part in way:
        at = at[part]
    at[last] = value
    options = Options(where=read_where(form.args[1::2]))
    text = form.before + form.between.join(map(json.dumps, records)) + form.after
    _same(text.encode(), name, options)
    plain = form.before + form.between.join(form.record(i) for i in range(30)) + form.after
    if place not in _OF_NO_NOTE and value != _ONE_ACTIVE:
        with learning(0):
            assert _outcome(text.encode(), name, options) != _outcome(plain.encode(), name, options)


@pytest.mark.parametrize(
    "odd",
    [
        {"FileName": "a.mp4"},
        {"MD5": f"{7:032X}"},
        {"md5": f"{7:032X}"},
        {"MD5": ""},
        {"FileName": 1},
    ],
    ids=str,
)
@pytest.mark.parametrize("every", [2, 4, 30])
def test_files_of_media_need_no_md5_of_their_own(odd: dict[str, Any], every: int) -> None:
    form = next(each for each in FILES if each.name == "vics.json")
    records = [json.loads(form.record(i)) for i in range(60)]
    for i, record in enumerate(records):
        record["MediaFiles"][0].pop("MD5")
        record["MediaFiles"][0] |= odd if i % every == every - 1 else {}
    text = form.before + form.between.join(map(json.dumps, records)) + form.after
    assert _same(text.encode(), form.name, Options(where=read_where(form.args[1::2])))


_IN_ARRAYS: tuple[Any, ...] = (
    ["a"], ["a", "b"], [], [None, 5], [["a"]], [{"a": "b"}], ["", "a"], ["removed"], ["clip.mp4"],
    [f"{7:032x}"], [f"{7:032x}", "a"], [f"{7:032x}", f"{8:032x}"], {},
)  # fmt: skip


_OF_MEDIA = ("Tags", "Series", "Status", "MD5", "Category", "MimeType")
_EVERY = (1, 2, 4)  # of which media holds the value: each for a third of the fields and values


@pytest.mark.parametrize("name", _OF_MEDIA)
@pytest.mark.parametrize("value", _IN_ARRAYS, ids=str)
def test_arrays_in_fields_of_media_are_what_each_is(name: str, value: Any) -> None:
    form = next(each for each in FILES if each.name == "vics.json")
    options = Options(where=read_where(form.args[1::2]), ignore=frozenset(("Status",)))
    every = _EVERY[(_OF_MEDIA.index(name) + _IN_ARRAYS.index(value)) % len(_EVERY)]
    records = [json.loads(form.record(i)) for i in range(48)]
    for i, record in enumerate(records):
        if i % every == 0:
            record[name] = value
        elif i % 4 == 1:
            record[name] = ["c", "d", "e"][: i % 3]
    text = form.before + form.between.join(map(json.dumps, records)) + form.after
    _same(text.encode(), form.name, options)


@pytest.mark.parametrize("value", [["a"], ["a", "b"], []], ids=str)
def test_media_with_arrays_of_words_are_read_by_column(value: Any, monkeypatch: Any) -> None:
    form = next(each for each in FILES if each.name == "vics.json")
    records = [json.dumps(json.loads(form.record(i)) | {"Tags": value}) for i in range(200)]
    read: list[Any] = []
    rows = JsonRows.rows

    def counted(*args: Any) -> Any:
        read.append(args)
        return rows(*args)

    monkeypatch.setattr(JsonRows, "rows", counted)
    options = Options(where=read_where(form.args[1::2]))
    with learning(0):
        _outcome((form.before + ",".join(records) + form.after).encode(), form.name, options)
    assert len(read) < 50


@pytest.mark.parametrize("form", _JSON, ids=lambda form: form.name)
def test_ids_and_traits_of_records_are_those_of_each(form: ListFile, tmp_path: Path) -> None:
    records = [json.loads(form.record(i)) for i in range(60)]
    for i, record in enumerate(records):  # which says nothing, but that it differs
        for name in ("first_seen", "valid_from", "added_on", "timestamp"):
            if name in record and i % 3:
                record[name] = (None, f"2023-0{1 + i % 9}-07T10:00:00Z", None)[i % 3]
    path = tmp_path / form.name
    path.write_text(form.before + form.between.join(map(json.dumps, records)) + form.after)
    options = Options(where=read_where(form.args[1::2]))
    with learning(_NEVER):
        expected = _told_of_entries(path, options)
    with learning(0, first=6):
        assert _told_of_entries(path, options) == expected
    assert len({record for record, *_ in expected[0]}) == len(records)


def _told_of_entries(path: Path, options: Options) -> tuple[Any, Any]:
    """The entries of a file, each with its record and what is told of it; the givers' ids."""
    entries: list[Any] = []
    ids: list[Any] = []
    for batch in read_entries(path, options, FileRead()):
        for kind, some in batch.entries.items():
            for digests, records in zip(some.digests, some.records, strict=True):
                for digest, record in zip(digests.to_pylist(), records.to_pylist(), strict=True):
                    trait = batch.traits[record - batch.first] if batch.traits else NO_TRAIT
                    entries.append((record, kind, digest, repr(trait)))
        ids += batch.kept_ids
    return sorted(entries), ids


def test_rows_that_records_share_count_as_often_as_they_stand() -> None:
    kinds: list[dict[str, tuple[str, ...]]] = [
        {"type": ("sha1",), "to_ids": ("true",), "comment": ("a picture",)},
        {"type": ("md5", "nobody knows"), "tag": ("tlp:amber", "false-positive")},
        {"type": ("url",), "to_ids": ("false",), "deleted": ("true",)},
    ]
    each = [kinds[i] for i in (0, 1, 0, 2, 0, 1)]
    found = []
    for rows in (each, [dict(row) for row in each]):
        seen = {name for row in kinds for name in row}
        fields = Fields(Options(), meanings(seen), seen)
        told = fields.read(SharedThings.of(rows), [40] * len(rows), "type")
        counted = [(d.name, d.words, d.unsure) for d in fields.deciding]
        found.append((told, counted, [r.values for r in fields.remarks]))
    assert found[0] == found[1]
    assert found[0][0][0]  # else none was taken out


@pytest.mark.parametrize("where", [[], ["name=a.jpg"]])
def test_fields_of_their_own_stand_beside_those_that_rows_share(where: list[str]) -> None:
    kinds: list[Row] = [
        {"type": ("sha1",), "deleted": ("true",)}, {"type": ("md5",), "name": ("b.jpg",)},
    ]  # fmt: skip
    each = [kinds[i] for i in (0, 1, 1, 0)]
    own = [("a.jpg",), ("clip.mp4",), (), ("a.jpg", "b.jpg")]
    found = []
    seen = {"type", "deleted", "name"}
    for is_shared in (True, False):
        fields = Fields(Options(where=read_where(where)), meanings(seen), seen)
        rows = [{**row, "name": words} for row, words in zip(each, own, strict=True)]
        held = SharedThings.of(each) if is_shared else FieldColumns.of_rows(rows)
        beside = FieldColumns(4, several={"name": own} if is_shared else {})
        told = fields.read(held, [40] * 4, "type", own=beside)
        counted = [(d.name, d.words, d.unsure) for d in fields.deciding]
        found.append((told, counted, [r.values for r in fields.remarks]))
    assert found[0] == found[1]
    assert {*found[0][0][0]} == ({0, 1, 2, 3} if where else {0, 3})


def _multiplied(data: str, draw: random.Random) -> str | None:
    """A document whose longest array of objects holds them many times; None where there is none."""
    try:
        found = json.loads(data)
    except ValueError:
        return None
    arrays: list[list[Any]] = []
    below = [found]
    while below:
        each = below.pop()
        if isinstance(each, list) and each and all(isinstance(x, dict) for x in each):
            arrays.append(each)
        below += each.values() if isinstance(each, dict) else each if isinstance(each, list) else ()
    if not arrays:
        return None
    longest = max(arrays, key=len)
    longest[:] = [draw.choice(longest) for _ in range(30)]
    return json.dumps(found, indent=draw.choice([None, 1]))


@pytest.mark.slow
def test_each_case_many_times_is_read_as_before() -> None:
    n = read = 0
    for path in sorted(FOLDER.glob("[0-9]*.txt")):
        for case in read_cases(path):
            try:
                where = read_where([str(x) for x in case.options.get("where", [])])  # type: ignore[attr-defined]
            except InputError:  # a case of that
                continue
            ignore = frozenset(map(str, case.options.get("ignore", [])))  # type: ignore[call-overload]
            for name, _, lines in case.files:
                text = _multiplied("\n".join(lines), random.Random(case.where))
                if text is not None:
                    n += 1
                    read += _same(
                        text.encode(), Path(name).name, Options(where=where, ignore=ignore)
                    )
    assert n > 100
    assert read > 20


_PATTERNS = st.sampled_from([
    "[url:value = 'https://a.example/1']", "[file:hashes.MD5='a']", "[file:hashes.'SHA-1' = 'b']",
    "[file:hashes.MD5  = 'a']", "[url:value = 'a\nb']", "[url:value = 'a", "b']", "\n", "",
    "[file:name = 'a']", "[url:value = 'a'] ", "[url:value = 'a\\'']",
])  # fmt: skip


@example(["[url:value = 'a", "b']"])
@given(st.lists(_PATTERNS, min_size=1, max_size=5))
def test_plain_patterns_are_at_once_what_each_is(patterns: list[str]) -> None:
    each = [plain_comparison(pattern) for pattern in patterns]
    found = plain_comparisons(patterns)
    assert (found is not None) == all(each)
    if found:
        assert [(*compared(where), value) for where, value in zip(*found, strict=True)] == each


# -- Links -----------------------------------------------------------------------------------------

_HOSTS = st.sampled_from([
    "a.example", "www.a.example", "www.com", "www.www.b.example", "a_b.c1", "1.2.3.4", "x.1a",
    "xn--a.example", "A.example", "localhost", f"{'a' * 260}.example",
])  # fmt: skip
_PLACES = st.lists(
    st.sampled_from(
        ["/a", "/b.jpg", "/.", "/..", "/", "/%20", "/a b", "/-", "/é", "/a.", "/xn--a", "/a" * 130]
    ),
    max_size=3,
)
_ENDS = st.sampled_from(["", "?", "?a=1", "?a=1&b=", "?a&", "?a.", "?x=/y", "#f", " ", "\n", "\0"])
_LINKS = st.builds(
    lambda scheme, host, places, end: f"{scheme}{host}{''.join(places)}{end}",
    st.sampled_from(["https://", "http://", "HTTP://", "ftp://", ""]), _HOSTS, _PLACES, _ENDS,
)  # fmt: skip


@example(["https://a.example/a."])  # all others are keys behind `https://`
@example(["https://www.www.b.example/a"])
@example(["http://www.a.example/a/?a=1", "https://a.example/é", "http://1.2.3.4/a"])
@given(st.lists(_LINKS, min_size=1, max_size=30))
def test_plain_links_are_at_once_what_each_is(links: list[str]) -> None:
    links += [f"https://a{i}.example/{i}" for i in range(16)]
    found = plain_links(links)
    if found is None:
        return
    told = zip(found.digests.to_pylist(), found.of_keys.to_pylist(), strict=True)
    digests = dict(zip(found.places, told, strict=True))
    found.digests.validate(full=True)
    found.of_keys.validate(full=True)
    for i, link in enumerate(links):
        entry = read_plain_link(link)
        if i in digests:
            assert entry == ("url", *digests[i])
        else:  # read by itself
            is_odd = any(part in link for part in ("xn--", "//www.", "/.")) or len(link) > 250
            assert entry is None or is_odd
    assert [*found.without(links)] == [x for i, x in enumerate(links) if i not in digests]
