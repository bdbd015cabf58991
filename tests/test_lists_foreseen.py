"""Documents that are read once: what comes of them is what comes of a look at all of them first.

Each made file is read in both ways. What its first records did not show (a field that appears
late, what stands behind all records, a fault) is seen, and then nothing of what was read counts.
"""

import copy
import io
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from relaion.errors import ListError
from relaion.lists import store
from relaion.lists.database import new_version
from relaion.lists.delivery import read_where
from relaion.lists.readers.documents import foreseen, json_runs, json_text, misp
from relaion.lists.readers.documents.document import DocumentFormat, ListDocument, OfDelivery
from relaion.lists.readers.documents.foreseen import ReadAnewError
from relaion.lists.readers.format import Options
from relaion.lists.readers.formats import DOCUMENTS
from relaion.lists.readers.read import FileRead, read_entries
from tests.bench.list_files import FILES, ListFile

_NAMES = (
    "status", "comment", "md5", "MD5", "deleted", "note", "Bewertung", "confidence", "descriptors",
    "should_delete", "@removed", "AlternativeHashes", "MediaFiles", "MimeType", "first_seen",
    "hashStatus", "unknown", "revoked", "valid_until", "pattern", "modified",
)  # fmt: skip
_WORDS: tuple[Any, ...] = (
    None, True, "", "removed", "false positive", "Aktiv", "video", 8, 1.5, [], {}, ["a", "b"],
    {"status": "removed"}, [{"HashName": "SHA256", "HashValue": "f" * 64}], "2020-01-01",
    "clip.mp4", 'q"\\u', "f" * 32, "https://pictures.example/y.jpg",
)  # fmt: skip
_AMONG: tuple[Any, ...] = (None, "x", 5, [], {}, {"title": "removed"}, {"note": "a list"})
_OF_OTHERS: tuple[dict[str, Any], ...] = (
    {"type": "identity", "id": "identity--11111111-1111-4111-8111-111111111111", "name": "A Giver"},
    {"type": "opinion", "id": "opinion--2", "opinion": "strongly-disagree"},
    {"type": "report", "id": "report--3", "name": "false positives"},
    {"type": "report", "id": "report--4", "name": "what the police found in March"},
    {"type": "malware", "id": "malware--5"},
)
_BEHIND = (
    '"title": "removed hashes"', '"note": "list of pictures"', '"others": [1, 2]',
    '"hasMoreRecords": true', '"description": "the last two are wrong"', '"value": []',
)  # fmt: skip
_FAULTS = ('"', ",", "}", "\\", "\x00", '"a": 1, ')

_ONCE = [form for form in FILES if form.name != "ncmec.xml"]
_ARRAY = replace(_ONCE[-2], name="short.json", before="[", between=",", after="]")
_FORMS = [*_ONCE, _ARRAY]

_MISP = next(form for form in FILES if form.name == "misp.json")
_BEHIND_ATTRIBUTES = (
    "", '"Tag": [{"name": "tlp:red"}, {"name": "x\\"}]"}]', '"Tag": [], "deleted": true',
    '"info": "a"', '"EventReport": [{"name": "false positives", "content": "]}}"}]',
    '"ShadowAttribute": [{"proposal_to_delete": true}], "timestamp": "1900000000"',
    '"Orgc": {"name": "A Giver"}, "x_state": [[{"a": [{}]}]]', '"Attribute": []',
    f'"Object": [{{"name": "file", "Attribute": [{_MISP.record(3)}]}}]',
    f'"Object": [], "note": 5}}}}, {{"Event": {{"info": "b", "Attribute": [{_MISP.record(3)}]',
    f'"note": 5}}}}\n{{"Event": {{"Tag": [], "Attribute": [{_MISP.record(900)}]',
)  # fmt: skip


@contextmanager
def looking_at(first: int, block: int = 3000) -> Iterator[None]:
    """Look at so many records before a file is read; learn from the first, in small blocks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(foreseen, "_FIRST", first)
        patch.setattr(json_runs, "LEARN_AFTER", 0)
        patch.setattr(json_text, "_BLOCK", block)
        yield


def _with_late_fields(form: ListFile, draw: random.Random) -> list[Any]:
    """Records of which some have fields that others have not, or other things in them."""
    records: list[Any] = [json.loads(form.record(i)) for i in range(draw.choice([30, 60, 120]))]
    n = len(records)
    for _ in range(draw.choice([0, 0, 1, 2])):
        name, word, start = draw.choice(_NAMES), draw.choice(_WORDS), draw.randrange(n)
        for record in records[start : draw.choice([n, start + 5]) : draw.choice([1, 3])]:
            record[name] = copy.deepcopy(word)
    if draw.random() < 0.3:  # it vanishes, or changes its type
        name, word = draw.choice([*records[0]]), draw.choice(_WORDS)
        for record in records[draw.randrange(n) :]:
            record.pop(name) if word is None else record.update({name: copy.deepcopy(word)})
    if draw.random() < 0.2:
        for record in records[draw.randrange(n) :]:
            items = [*record.items()]
            draw.shuffle(items)
            record.clear()
            record.update(items)
    if draw.random() < 0.2:
        records.insert(draw.randrange(n), draw.choice(_AMONG))
    if form.name == "stix.json":
        for other in draw.sample(_OF_OTHERS, draw.choice([0, 1, 2])):
            at = draw.randrange(len(records))
            records.insert(at, other | {"object_refs": [json.loads(form.record(at))["id"]]})
        if draw.random() < 0.2:  # another version
            records.append(json.loads(form.record(3)) | {"modified": "2025-01-01T00:00:00Z"})
    return records


def _file_of(form: ListFile, draw: random.Random) -> bytes:
    after = form.after
    if len(after) > 1 and draw.random() < 0.2:
        after = f"{after[0]}, {draw.choice(_BEHIND)}{after[1:]}"
    elif after == "]" and draw.random() < 0.2:
        after = draw.choice(["", "] []", "] {}", "] 5", f"] [{form.record(1)}]"])
    before = form.before
    if form is _MISP and draw.random() < 0.8:
        told = draw.choice(_BEHIND_ATTRIBUTES)
        after = f"], {told}}}}}" if told else "]}}"
        before = draw.choice([before, before, '{"Event": {"Attribute": ['])
        if draw.random() < 0.3:
            before, after = f'{{"response": [{before}', f"{after}]}}"
    indent = draw.choice([None, None, 1]) if form.between == "," else None
    held = [json.dumps(x, indent=indent) for x in _with_late_fields(form, draw)]
    text = before + form.between.join(held) + after
    if draw.random() < 0.1:
        at = draw.randrange(len(text))
        text = text[:at] + draw.choice(_FAULTS) + text[at:]
    return text.encode()


def _read(path: Path, options: Options, *, may_begin_anew: bool) -> Any:
    """All that comes of a file, in its order."""
    found, batches = FileRead(shared=OfDelivery(may_begin_anew=may_begin_anew)), []
    try:
        for batch in read_entries(path, options, found):
            entries = [
                (kind, [[x.to_pylist() for x in some] for some in (e.digests, e.places, e.records)])
                for kind, e in batch.entries.items()
            ]
            taken_out = batch.undone, batch.unchosen, batch.gone_ids, batch.unchosen_ids
            batches.append((batch.first, entries, repr(batch.traits), batch.kept_ids, *taken_out))
    except ListError as e:
        return str(e)
    ends = [end() for end in found.shared.ends.values()]
    return batches, found.notices, found.decided, repr(found.tally), ends


@pytest.mark.parametrize("form", _FORMS, ids=lambda form: form.name)
def test_a_file_is_read_once_as_one_that_was_looked_at_first(
    form: ListFile, tmp_path: Path
) -> None:
    path, options = tmp_path / form.name, Options(where=read_where(form.args[1::2]))
    ways = Counter[str]()
    for seed in range(16):
        draw = random.Random(f"{form.name}-{seed}")
        path.write_bytes(_file_of(form, draw))
        with looking_at(draw.choice([1, 5, 20]), draw.choice([800, 3000, 1 << 20])):
            expected = _read(path, options, may_begin_anew=False)
            try:
                assert _read(path, options, may_begin_anew=True) == expected
                ways["once"] += 1
            except ReadAnewError:
                ways["anew"] += 1
    assert ways["once"] > 2, "else nothing was compared"
    assert ways["anew"] > 2


_LATE: dict[str, tuple[str, dict[str, Any]]] = {
    "a field": ("short.jsonl", {"status": "removed"}),
    "a field of an array": ("short.json", {"status": "removed"}),
    "an object": ("short.jsonl", {"status": {"of": "removed"}}),
    "a field of a medium": ("vics.json", {"Status": "removed"}),
    "a hash": ("vics.json", {"AlternativeHashes": [{"HashName": "SHA256", "HashValue": "f" * 64}]}),
    "a removal": ("vics.json", {"@removed": {"reason": "deleted"}}),
    "a state": ("threatexchange.json", {"should_delete": True}),
    "what is needed": ("threatexchange.json", {"descriptors": {"data": [{"status": "UNKNOWN"}]}}),
    "a field of an indicator": ("stix.json", {"x_state": "removed"}),
    "a version": ("stix.json", {"id": "indicator--5"}),
    "what others say": ("stix.json", _OF_OTHERS[1] | {"object_refs": ["indicator--5"]}),
    "who gave it": ("stix.json", _OF_OTHERS[0]),
    "a field of an attribute": ("misp.json", {"x_state": "removed"}),
    "an older attribute": ("misp.json", json.loads(_MISP.record(5)) | {"timestamp": "5"}),
    "a word of a case": ("stopncii.json", {"unknown": "x"}),
}


@pytest.mark.parametrize("late", _LATE)
def test_what_the_last_record_alone_shows_is_known_of_all(late: str, tmp_path: Path) -> None:
    """So a giver takes back a record in a field that no other record has."""
    name, more = _LATE[late]
    form = next(each for each in _FORMS if each.name == name)
    records = [json.loads(form.record(i)) for i in range(60)]
    if form.name == "stix.json":
        records[3]["id"] = "indicator--5"
    records[-1] = more if "type" in more else records[-1] | more
    path, options = tmp_path / name, Options(where=read_where(form.args[1::2]))
    path.write_text(form.before + form.between.join(map(json.dumps, records)) + form.after)
    with looking_at(20), pytest.raises(ReadAnewError):
        _read(path, options, may_begin_anew=True)


@pytest.mark.parametrize(
    ("name", "after"),
    [
        ("vics.json", '], "title": "removed"}'),
        ("vics.json", '], "others": [1]}'),
        ("stopncii.json", '], "description": "the last two are wrong"}'),
        ("short.json", '] {"md5": "x"}'),
        ("short.json", '] "removed"'),
        ("short.jsonl", '\n"removed"'),
        ("short.jsonl", '\n["removed"]'),
        ("short.jsonl", '\n{"md5": "'),
    ],
)
def test_what_stands_behind_all_records_is_seen(name: str, after: str, tmp_path: Path) -> None:
    form = next(each for each in _FORMS if each.name == name)
    path, options = tmp_path / name, Options(where=read_where(form.args[1::2]))
    path.write_text(form.before + form.between.join(map(form.record, range(60))) + after)
    with looking_at(20):
        assert isinstance(_read(path, options, may_begin_anew=False), str)
        with pytest.raises(ReadAnewError):
            _read(path, options, may_begin_anew=True)


@pytest.mark.parametrize(
    ("name", "after"),
    [
        ("stix.json", f", {json.dumps(_OF_OTHERS[3])}]}}"),
        ("stopncii.json", '], "title": "what the police found in March"}'),
        ("threatexchange.json", '], "paging": {"next": "more"}}'),
        ("vics.json", '], "title": "what the police found in March"}'),
        ("misp.json", '], "Tag": [{"name": "tlp:red"}]}}'),
    ],
)
def test_what_is_only_told_of_is_told_of_behind_all_records(
    name: str, after: str, tmp_path: Path
) -> None:
    form = next(each for each in _FORMS if each.name == name)
    path, options = tmp_path / name, Options(where=read_where(form.args[1::2]))
    held = form.before + form.between.join(map(form.record, range(60)))
    path.write_text(held + form.after)
    with looking_at(20):
        plain = _read(path, options, may_begin_anew=True)
        path.write_text(held + after)
        told = _read(path, options, may_begin_anew=True)
        assert told == _read(path, options, may_begin_anew=False)
    assert told != plain or name == "vics.json"  # of which nobody is told


def test_an_event_that_ends_otherwise_than_was_foreseen_is_read_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of the file is that of another event, which has no attributes."""
    monkeypatch.setattr(misp, "_MOST_AROUND", 2000)
    event, path = '{"Event": {"info": "a", "Tag": [{"name": "x"}]', tmp_path / "misp.json"
    held = "[" + ",".join(map(_MISP.record, range(60))) + "]"
    path.write_text(
        f'{{"response": [{event}, "Attribute": {held}, "deleted": true, "note": "{"a" * 3000}"}}}},'
        f'{event}, "deleted": false, "note": ""}}}}]}}'
    )
    with looking_at(20), pytest.raises(ReadAnewError):
        _read(path, Options(), may_begin_anew=True)


class _Counted(io.BytesIO):
    """Bytes that count how many of them were read."""

    n = 0

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        _Counted.n += len(found)
        return found


def _opened(data: bytes) -> Callable[[], BinaryIO]:
    return lambda: _Counted(data)


@pytest.mark.parametrize("form", _FORMS, ids=lambda form: form.name)
def test_a_file_whose_records_are_alike_is_read_once(
    form: ListFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = form.before + form.between.join(map(form.record, range(600))) + form.after
    data, reader, ends = text.encode(), _reader_of(form), misp._ends
    # to look at its end is not to read it
    monkeypatch.setattr(misp, "_ends", lambda x: ends(replace(x, open=lambda: io.BytesIO(data))))
    options, read = Options(where=read_where(form.args[1::2])), []
    for may_begin_anew in (False, True):
        document = ListDocument(form.name, text[:1000], _opened(data))
        document.shared.may_begin_anew = may_begin_anew
        _Counted.n = 0
        with looking_at(20):
            assert sum(batch.n for batch in reader.read(document, options)) == 600
        read.append(_Counted.n / len(data))
    careful, once = read
    assert careful > 1.9
    assert once < 1.4


def _reader_of(form: ListFile) -> DocumentFormat:
    name = form.name.split(".")[0]
    return next(
        x for x in DOCUMENTS if x.name == (name if name not in ("short", "links") else "json")
    )


def test_a_version_of_a_store_that_was_given_up_leaves_nothing(tmp_path: Path) -> None:
    work, lists = tmp_path / "work", tmp_path / "lists.duckdb"
    work.mkdir()
    with suppress(ReadAnewError), new_version(lists, work, empty=True):
        raise ReadAnewError
    left = work / "store.duckdb.wal"
    left.write_bytes(b"as where it was killed")
    with new_version(lists, work, empty=True) as engine:
        assert engine.rows("from store.lists") == []
        assert not left.exists()
    assert lists.exists()


def test_a_field_that_appears_behind_many_records_decides_in_the_store(tmp_path: Path) -> None:
    """A delivery that is begun anew leaves nothing of the first time in the store."""
    form = next(each for each in FILES if each.name == "short.jsonl")
    records = [json.loads(form.record(i)) for i in range(foreseen._FIRST + 500)]
    for record in records[-5:]:
        record["status"] = "withdrawn"
    late, lists = tmp_path / "late.jsonl", tmp_path / "lists.duckdb"
    late.write_text("\n".join(map(json.dumps, records)))
    plain = tmp_path / "plain.jsonl"
    plain.write_text("\n".join(map(form.record, range(9_000_000, 9_000_010))))
    assert store.add(lists, [plain], source="A partner").new == 10
    added = store.add(lists, [late], source="A partner")
    assert (added.list_id, added.new, added.retracted) == (2, len(records) - 5, 5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(foreseen, "_FIRST", 1 << 40)
        other = tmp_path / "other.duckdb"
        store.add(other, [plain], source="A partner")
        assert store.add(other, [late], source="A partner") == added
        fresh = store.add(tmp_path / "fresh.duckdb", [late], source="A partner")
    assert store.add(tmp_path / "new.duckdb", [late], source="A partner") == fresh
    assert [x.entries for x in store.show(lists)] == [x.entries for x in store.show(other)]
