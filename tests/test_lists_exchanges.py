"""StopNCII, Tech Against Terrorism, ThreatExchange, ICSE: written in every way, cut and spoilt."""

import json
import random
from collections.abc import Callable, Sequence
from math import nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relaion.lists.readers.documents.latest import Deletion, Latest, day_of, moment_of
from tests.list_samples import Outcome, read_list

_D = "00112233445566778899aabbccddee"

# -- Which record holds ----------------------------------------------------------------------------

_SAID = st.tuples(st.integers(0, 2), st.booleans(), st.sampled_from([nan, 1.0, 2.0, 3.0]))


def _is_listed(said: Sequence[tuple[int, bool, float]], thing: int) -> bool:
    """Whether a thing is listed, by a look at each pair of its records."""
    mine = [(at, gone, moment) for at, (of, gone, moment) in enumerate(said) if of == thing]
    listed = [(at, moment) for at, gone, moment in mine if not gone]

    def later(a: tuple[int, float], b: tuple[int, float]) -> bool:
        is_told = a[1] == a[1] and b[1] == b[1] and a[1] != b[1]
        return a[1] > b[1] if is_told else a[0] > b[0]

    holding = [
        (at, moment) for at, gone, moment in mine
        if gone and not any(later(other, (at, moment)) for other in listed)
    ]  # fmt: skip
    return bool(listed) and not holding


@given(st.lists(_SAID, max_size=12))
def test_a_deletion_holds_unless_a_record_is_later(said: list[tuple[int, bool, float]]) -> None:
    latest = Latest()
    things = set()
    for thing, is_gone, at in said:
        if is_gone:
            latest.delete(Deletion(thing, at, len(latest.keys), "", (), None))
        else:
            assert not latest.take(thing, at)
            things.add(thing)
    held = {deletion.key for deletion, is_out in latest.settled() if not is_out}
    assert things - held == {thing for thing in range(3) if _is_listed(said, thing)}


def test_moments_are_read_as_exchanges_write_them() -> None:
    told = ["2020-07-01T18:31:15+0000", "2020-07-01T18:31:15Z", "2020-07-01T18:31:15", "1593628275"]
    assert {moment_of(text) for text in told} == {1593628275.0}
    assert {day_of(text) for text in (*told, "1593628275000")} == {"2020-07-01"}
    assert day_of("soon") is None
    assert day_of("") is None


# -- JSON, written in every way --------------------------------------------------------------------

_STOPNCII: list[dict[str, Any]] = [
    {"lastModtimestamp": 1, "signalType": "URL", "hashValue": "https://pictures.example/one.jpg",
     "hashStatus": "Active", "caseNumbers": {"a": "Active"}, "CSPFeedbacks": []},
    {"lastModtimestamp": 2, "signalType": "URL", "hashValue": "https://pictures.example/two.jpg",
     "hashStatus": "Withdrawn"},
    {"lastModtimestamp": 3, "signalType": "VideoMD5", "hashValue": f"{_D}02",
     "hashStatus": "Active"},
]  # fmt: skip
_TAT: list[dict[str, Any]] = [
    {"hash_digest": f"{_D}01", "algorithm": "MD5", "file_type": "jpg", "deleted": False, "id": 1},
    {"hash_digest": f"{_D}02", "algorithm": "MD5", "file_type": "mp4", "deleted": False, "id": 2},
    {"hash_digest": f"{_D}03", "algorithm": "MD5", "file_type": "jpg", "deleted": True, "id": 3},
]
_TX: list[dict[str, Any]] = [
    {"id": "1", "raw_indicator": f"{_D}01", "type": "HASH_MD5", "status": "MALICIOUS",
     "owner": {"id": "7"}, "tags": {"data": [{"text": "csam"}]}, "should_delete": False,
     "descriptors": {"data": [{"status": "MALICIOUS"}]}},
    {"id": "2", "raw_indicator": f"{_D}02", "type": "HASH_MD5", "status": "NON_MALICIOUS",
     "should_delete": False, "descriptors": {"data": [{"status": "NON_MALICIOUS"}]}},
    {"id": "3", "raw_indicator": f"{_D}03", "type": "HASH_MD5", "status": "MALICIOUS",
     "should_delete": True},
    {"id": "4", "raw_indicator": f"{_D}04", "type": "HASH_VIDEO_MD5", "status": "MALICIOUS"},
]  # fmt: skip
_KINDS = {"hashRecords": _STOPNCII, "results": _TAT, "data": _TX}
_FLAGS: dict[str, Callable[[bool], Any]] = {
    "true": bool, '"true"': lambda b: str(b).lower(), '"True"': str, "1": int, '"yes"': (
        lambda b: "yes" if b else "no"
    ),
}  # fmt: skip


def _changed(value: Any, change: Callable[[str], str], flag: Callable[[bool], Any]) -> Any:
    if isinstance(value, dict):
        names = [*value]
        random.Random(len(names)).shuffle(names)
        return {change(name): _changed(value[name], change, flag) for name in names}
    if isinstance(value, list):
        return [_changed(each, change, flag) for each in value]
    return flag(value) if isinstance(value, bool) else value


def _plain(name: str) -> Outcome:
    return read_list(json.dumps({name: _KINDS[name]}).encode(), "list.json")


@given(
    st.sampled_from([*_KINDS]), st.sampled_from([str, str.upper, str.lower]),
    st.sampled_from([*_FLAGS]), st.sampled_from([None, 2]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), st.sampled_from(["page", "array", "lines"]),
)  # fmt: skip
def test_how_json_is_written_changes_nothing(
    name: str, change: Callable[[str], str], flag: str, indent: int | None, encoding: str, how: str
) -> None:
    plain = _plain(name)
    assert len(plain.entries) == 1, plain.refused
    told = _changed({name: _KINDS[name]}, change, _FLAGS[flag])
    records = told[change(name)]
    text = {
        "page": json.dumps(told, indent=indent),
        "array": json.dumps(records, indent=indent),
        "lines": "\n".join(json.dumps(record) for record in records),
    }[how]
    outcome = read_list(text.encode(encoding), "list.json")
    assert outcome.entries == plain.entries, outcome.refused
    assert outcome.skipped == plain.skipped


@pytest.mark.parametrize("name", _KINDS)
def test_json_that_is_cut_is_refused(name: str) -> None:
    data = json.dumps({name: _KINDS[name]}).encode()
    for at in range(1, len(data), 7):
        outcome = read_list(data[:at], "list.json")
        assert outcome.refused is not None, at


def test_records_deep_in_each_other_are_refused() -> None:
    deep: Any = {}
    for _ in range(20):
        deep = {"a": deep}
    deep = json.dumps({"results": [_TAT[0] | {"beside": deep}]}).replace("{}", '"x"')
    assert "deep in each other" in (read_list(deep.encode(), "list.json").refused or "")


def test_a_field_for_each_record_is_refused() -> None:
    rows = [_TAT[0] | {f"field{n}": 1} for n in range(600)]
    said = read_list(json.dumps({"results": rows}).encode(), "list.json").refused
    assert "different fields" in (said or "")


# -- What is spoilt --------------------------------------------------------------------------------

_ICSE = (
    "MD5;SHA1;ZZ40;PhotoDNA;Lace;Image ID;Media Type;Baseline\n"
    f"{_D}01;{_D}0100112233;{_D.upper()}F1;;;1;Image;Yes\n"
    f"{_D}02;{_D}0200112233;{_D.upper()}F2;;;2;Video;Yes\n"
    f"{_D}03;{_D}0300112233;{_D.upper()}F3;;;3;Image;Yes\n"
)
_SET = (
    "signal_type,signal_str,collab,category,tags\n"
    f"photo_md5,{_D}01,A,POSITIVE_CLASS,csam\n"
    f"photo_md5,{_D}02,A,NEGATIVE_CLASS,false_positive\n"
    f"url,https://pictures.example/one.jpg,A,INVESTIGATION_SEED,\n"
)
_TEXTS = {
    "icse.csv": _ICSE,
    "set.csv": _SET,
    "simple.HASH_MD5.te": "".join(
        f"{_D}{n:02d},{n},2020-01-01T00:00:00+0000,x\n" for n in range(1, 5)
    ),
    "signals.txt": f"photo_md5 {_D}01\nvideo_md5 {_D}02\nurl https://pictures.example/one.jpg\n",
    "list.csv": "hash_digest,algorithm,file_type,deleted,id\n"
    + f"{_D}01,MD5,jpg,False,1\n{_D}02,MD5,jpg,True,2\n{_D}03,MD5,mp4,False,3\n",
    **{f"{name}.json": json.dumps({name: rows}) for name, rows in _KINDS.items()},
}
_NEVER = {
    "icse.csv": {("image_md5", f"{_D}02"), ("image_md5", f"{_D}f1")},
    "set.csv": {("image_md5", f"{_D}02")},
    "signals.txt": {("image_md5", f"{_D}02")},
    "list.csv": {("image_md5", f"{_D}02"), ("image_md5", f"{_D}03")},
}


def _spoilt(data: bytes, rng: random.Random) -> bytes:
    held = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at, n = rng.randrange(len(held) or 1), rng.randint(1, 12)
        match rng.randrange(4):
            case 0:
                held[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del held[at : at + n]
            case 2:
                held[at:at] = held[at : at + n]
            case _:
                held[at:at] = rng.choice([b"\0", b'"', b"\n", b";", b",", b"\xff\xfe", b"[" * 99])
    return bytes(held)


def _fuzz(name: str, seeds: range) -> None:
    """Nothing but a refusal of one line that holds no value."""
    for seed in seeds:
        outcome = read_list(_spoilt(_TEXTS[name].encode(), random.Random(seed)), name)
        told = [outcome.refused or "", *outcome.notices]
        assert not any("\n" in text or _D[:20] in text for text in told), seed


@pytest.mark.parametrize("name", _TEXTS)
def test_what_is_spoilt_is_refused_or_read(name: str) -> None:
    assert read_list(_TEXTS[name].encode(), name).entries
    _fuzz(name, range(25))


@pytest.mark.slow
@pytest.mark.parametrize("name", _TEXTS)
def test_what_is_spoilt_in_any_way_is_refused_or_read(name: str) -> None:
    _fuzz(name, range(25, 400))


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in _TEXTS if not name.endswith(".json")])
def test_tables_that_are_cut_bring_no_more(name: str) -> None:
    data = _TEXTS[name].encode()
    whole = read_list(data, name).entries
    for at in range(1, len(data)):
        outcome = read_list(data[:at], name)
        more = outcome.entries - whole
        assert not outcome.entries & _NEVER.get(name, set()), at
        assert all(kind == "url" for kind, _ in more), at  # half a link may be a link
