"""What is said of attributes and indicators is asked once for all that say the same.

Each file is read so, and once more with nothing shared; objects of MISP, remarks of their own.
"""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relaion.lists.delivery import read_where
from relaion.lists.readers.documents import misp_kinds
from relaion.lists.readers.format import Options
from relaion.lists.readers.tables import notes
from relaion.lists.readers.tables.notes import read_text
from tests.bench.list_files import FILES
from tests.drawn import quickly
from tests.list_samples import read_list
from tests.test_lists_alike import _NEVER, _outcome, learning

_FORMS = {form.name: form for form in FILES}
_MD5 = "0123456789abcdef0123456789abcde"


def _attribute(i: int) -> dict[str, Any]:
    return json.loads(_FORMS["misp.json"].record(i)) | {"comment": f"of report {i} of the desk"}  # type: ignore[no-any-return]


def _object(i: int) -> dict[str, Any]:
    """An object of a file: its name, two digests, and of some a media type."""
    told = [("filename", f"{i}.jpg"), ("md5", f"{i:032x}"), ("sha1", f"{i:040x}")]
    told += [("mime-type", "image/png")] * (i % 3 == 0)
    beside = {"object_relation": "md5", "category": "Payload delivery", "comment": ""}
    inner = [
        _attribute(4 * i + k) | {"type": kind, "value": value} | beside
        for k, (kind, value) in enumerate(told)
    ]
    return {
        "id": str(i), "name": "file", "meta-category": "file", "uuid": f"u{i}", "comment": "",
        "timestamp": str(1_700_000_000 + i), "deleted": False, "Attribute": inner,
    }  # fmt: skip


def _event(records: list[dict[str, Any]], name: str) -> bytes:
    form = _FORMS["misp.json"]
    before = form.before.replace('"Attribute": [', f'"{name}": [')
    return (before + ", ".join(map(json.dumps, records)) + form.after).encode()


def _ways(data: bytes, options: Options) -> Iterator[Any]:
    """What comes of a file: of each record by itself, and in each way of those that share."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(misp_kinds, "_MOST_KEPT", 0)
        with learning(_NEVER):
            yield _outcome(data, "list.json", options)
    for after, first in ((_NEVER, 1), (0, 1), (0, 6)):
        with learning(after, first):
            yield _outcome(data, "list.json", options)


def _same(data: bytes, options: Options = Options()) -> Any:  # noqa: B008
    expected, *others = _ways(data, options)
    assert all(other == expected for other in others)
    return expected


_ODD: tuple[tuple[tuple[str | int, ...], Any], ...] = (
    (("name",), "pe-section"),
    (("name",), None),
    (("meta-category",), "video"),
    (("deleted",), True),
    (("comment",), "removed"),
    (("Tag",), [{"name": 'false-positive:risk="high"'}]),
    (("Attribute", 0, "value"), "clip.mp4"),
    (("Attribute", 0, "value"), "no picture"),
    (("Attribute", 0, "type"), "comment"),
    (("Attribute", 1, "comment"), "removed"),
    (("Attribute", 1, "comment"), ["removed"]),
    (("Attribute", 1, "Note"), "removed"),
    (("Attribute", 1, "x_review"), {"status": "removed"}),
    (("Attribute", 1, "deleted"), True),
    (("Attribute", 1, "to_ids"), False),
    (("Attribute", 1, "category"), "Nobody knows"),
    (("Attribute", 1, "object_relation"), "thumbnail-md5"),
    (("Attribute", 1, "Tag"), [{"name": 'false-positive:risk="high"'}]),
    (("Attribute", 1, "Sighting"), [{"type": "1"}]),
    (("Attribute", 1, "ShadowAttribute"), [{"proposal_to_delete": True}]),
    (("Attribute", 1, "warnings"), [{"match": "x"}]),
    (("Attribute", 1, "decay_score"), [{"decayed": True}]),
    (("Attribute", 1, "Event"), {"published": False}),
    (("Attribute", 1, "mimetype"), "video/mp4"),
    (("Attribute", 1, "filename"), "clip.mp4"),
    (("Attribute", 1, "type"), "nobody knows"),
    (("Attribute", 1, "type"), "imphash"),
    (("Attribute", 1, "uuid"), "00000000-0000-4000-8000-000000000001"),
    (("Attribute", 1), {"type": "filename|md5", "value": f"clip.mp4|{_MD5}0"}),
    (("Attribute", 1), {"type": "filename|md5", "value": f"b.png|{_MD5}0"}),
    (("Attribute", 1), {"type": "nobody knows", "value": "no digest"}),
    (("Attribute",), [{"type": "md5", "value": f"{_MD5}0"}]),
    (("Attribute",), []),
)


# among objects that differ, and among such as are all written alike
@pytest.mark.parametrize("every", [1, pytest.param(3, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("place", "value"), quickly(18, _ODD))
def test_an_object_of_which_something_is_special_is_seen(
    place: tuple[str | int, ...], value: Any, every: int
) -> None:
    found = _same(_event(_odd(every, place, value), "Object"))
    if (place[-1], value) not in _OF_NOTHING:
        assert found != _plain(every)


@cache
def _plain(every: int) -> Any:
    return _same(_event([_object(every * i) for i in range(24)], "Object"))


def _odd(every: int, place: tuple[str | int, ...], value: Any) -> list[dict[str, Any]]:
    records = [_object(every * i) for i in range(24)]
    *way, last = place
    at: Any = records[16]
    for part in way:
        at = at[part]
    at[last] = value
    return records


@pytest.mark.parametrize(
    ("where", "of_object", "of_one"),
    [
        ("filename=16.jpg", 0, 1),
        ("comment=removed", 2, 1),
        ("uuid=u", 0, 0),
        ("to_ids=false", 0, 0),
    ],
)
def test_attributes_are_chosen_by_what_each_has_of_its_own(
    where: str, of_object: int, of_one: int
) -> None:
    options = Options(where=read_where([where]))
    for at, n in ((("comment",), of_object), (("Attribute", 1, "comment"), of_one)):
        assert len(_same(_event(_odd(1, at, "removed"), "Object"), options)[0].entries) == n


def test_attributes_that_differ_in_one_thing_share_nothing() -> None:
    told = [{"comment": "removed"}, {"md5": {"status": "removed"}}, {"type": "nobody knows"}]
    for i, odd in enumerate(told):
        records = [_object(i) for i in range(1, 25)]
        for record in records:
            record["comment"] = "a picture"
            for each in record["Attribute"]:
                each |= {"md5": {"status": "active"}, "Tag": []}
        plain = _same(_event(records, "Object"))
        records[16]["Attribute"][1] |= odd
        records[15]["Attribute"][1] |= (
            {"type": "nobody knows", "value": "no digest"} if i > 1 else {}
        )
        found = _same(_event(records, "Object"))
        assert len(plain[0].entries) == 48
        if i < 2:
            assert len(found[0].entries) == 47
        else:
            assert "nobody knows" in str(found[0].refused)


def test_attributes_of_two_events_share_nothing() -> None:
    events = [
        json.loads(_event([_object(24 * k + i) for i in range(1, 25)], "Object")) for k in (0, 1)
    ]
    for draft in (0, 1):
        for k, each in enumerate(events):
            each["Event"]["published"] = k != draft
        assert len(_same(json.dumps(events).encode())[0].entries) == 48


_OF_NOTHING: tuple[Any, ...] = (
    ("name", None), ("value", "no picture"), ("comment", ["removed"]), ("filename", "clip.mp4"),
    ("uuid", "00000000-0000-4000-8000-000000000001"),
)  # fmt: skip


@pytest.mark.parametrize("around", [{}, {"uuid": "x"}, {"comment": "removed"}, {"deleted": "1"}])
def test_an_object_that_says_little_is_one(around: dict[str, Any]) -> None:
    records: list[Any] = [{"Attribute": _object(i)["Attribute"]} | around for i in range(24)]
    entries = _same(_event(records, "Object"))[0].entries
    assert bool(entries) == ({*around} <= {"uuid"})


@pytest.mark.parametrize(
    "note", ["removed", "clip.mp4", "false positive", "", None, ["removed"], 7]
)
@pytest.mark.parametrize("name", ["comment", "Comment", "note", "Note"])
def test_a_remark_among_many_others_is_read(name: str, note: Any) -> None:
    records = [_attribute(i) for i in range(40)]
    records[30].pop("comment")
    records[30][name] = note
    found = _same(_event(records, "Attribute"))
    is_out = (note == ["removed"] and name in ("note", "Note")) or note in (
        "removed",
        "clip.mp4",
        "false positive",
    )
    assert len(found[0].entries) == 40 - is_out


@pytest.mark.parametrize("note", ["removed", "clip.mp4", "", None, ["removed", "x"]])
@pytest.mark.parametrize("name", ["description", "Description", "x_note", "X_Note"])
def test_a_description_among_many_others_is_read(name: str, note: Any) -> None:
    form = _FORMS["stix.json"]
    records = [
        json.loads(form.record(i)) | {"description": f"of report {i} of the desk"}
        for i in range(40)
    ]
    records[30].pop("description")
    records[30][name] = note
    data = (form.before + ", ".join(map(json.dumps, records)) + form.after).encode()
    found = _same(data)
    is_out = "removed" in str(note) or note == "clip.mp4"
    assert len(found[0].entries) == 40 - is_out


@pytest.mark.parametrize("name", ["note", "Note", "NOTE"])
def test_a_field_speaks_however_its_name_is_written(name: str) -> None:
    """Of a name with a capital nothing was read in records of MISP and of STIX."""
    for form, record in (("misp.json", "Attribute"), ("stix.json", "")):
        told = [json.loads(_FORMS[form].record(i)) for i in range(3)]
        told[1][name] = "removed"
        before, after = _FORMS[form].before, _FORMS[form].after
        data = (before + ", ".join(map(json.dumps, told)) + after).encode()
        assert len(read_list(data, form).entries) == 2, record


# -- Texts that say nothing ------------------------------------------------------------------------

_OURS = st.sampled_from(sorted(notes._KNOWN))


@st.composite
def _in_parts(draw: st.DrawFn) -> str:
    """One of our words, written in several."""
    word = draw(_OURS)
    at = sorted(draw(st.sets(st.integers(1, max(1, len(word) - 1)), max_size=3)))
    parts = [word[i:j] for i, j in zip([0, *at], [*at, len(word)], strict=True)]
    return draw(st.sampled_from([" ", "-", "_", ". ", "! "])).join(parts)


_ASIDES = (
    "nothing was withdrawn this month.",
    "Please report false positives to us!",
    "",
    ".",
    "!",
)
_TOKENS = (
    _OURS | _in_parts() | st.sampled_from(_ASIDES)
    | st.sampled_from(["seen", "in", "7", "the", "p", "f", "no", "not", "nsrl", "z listy", "Ü"])
)  # fmt: skip


@example(["no", "!", "nothing was withdrawn this month.", "longer"], " ", True)
@example(["z listy"], " ", False)
@given(st.lists(_TOKENS, max_size=6), st.sampled_from([" ", "_", ", "]), st.booleans())
def test_a_text_without_our_words_says_nothing(told: list[str], between: str, alone: bool) -> None:
    text = between.join(told)
    found = read_text.__wrapped__(text, alone=alone)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(notes, "_has_ours", lambda _: True)
        assert read_text.__wrapped__(text, alone=alone) == found
