"""MISP and STIX, however they are written: the same entries, or one line; and never any more."""

import codecs
import csv
import io
import json
import random
from collections.abc import Callable, Iterator
from math import nan
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from stix2patterns.inspector import INDEX_STAR
from stix2patterns.v21.pattern import Pattern

from relaion.lists.readers.documents.document import OfDelivery
from relaion.lists.readers.documents.latest import Versions
from relaion.lists.readers.documents.stix_pattern import PatternError, comparisons
from relaion.lists.readers.format import Options
from tests.list_samples import Held, Outcome, read_list

Json = Any
_MD5 = "00112233445566778899aabbccdd{:04x}".format
_LINK = "https://pictures.example/{}.jpg".format

# -- Made-up events and bundles, and what is listed in them ----------------------------------------


_TAGS = ("tlp:green", "false-positive")


def _attribute(i: int, rng: random.Random) -> tuple[Json, bool]:
    """An attribute of any kind, and whether it is listed."""
    kind = rng.choice(["md5", "filename|md5", "imphash", "link", "comment", "domain"])
    is_listed = kind in ("md5", "filename|md5")
    of = {"filename|md5": f"a{i}.jpg|{_MD5(i)}", "link": _LINK(i), "domain": "pictures.example"}
    made: Json = {
        "uuid": f"00000000-0000-4000-8000-{i:012d}", "type": kind, "category": "Payload delivery",
        "value": of.get(kind, _MD5(i)), "to_ids": rng.random() < 0.8, "comment": "",
        "deleted": rng.random() < 0.2, "timestamp": "1700000000",
        "Tag": [{"name": x} for x in _TAGS[: rng.choice([1, 1, 1, 1, 2])]],
        "Sighting": [{"type": "1"}] if rng.random() < 0.1 else [],
    }  # fmt: skip
    is_out = len(made["Tag"]) > 1 or made["Sighting"] or made["deleted"] or not made["to_ids"]
    return made, is_listed and not is_out


def event_of(n: int, seed: int) -> tuple[Json, Held]:
    """An event of `n` attributes, some of them in objects, and its entries: at least one."""
    rng = random.Random(seed)
    made = [_attribute(i, rng) for i in range(n)]
    first: Json = {"type": "md5", "value": _MD5(0xFFFF), "to_ids": True, "category": "Other"}
    good = {_MD5(i) for i, (_, is_listed) in enumerate(made) if is_listed} | {_MD5(0xFFFF)}
    alone = [a for a, _ in made[: n // 2]]
    within = [{"name": "file", "Attribute": [a for a, _ in made[n // 2 :]]}] if n else []
    event = {"info": "Batch 12", "analysis": "2", "published": True, "Orgc": {"name": "A partner"},
             "Attribute": [first, *alone], "Object": within}  # fmt: skip
    return {"Event": event}, frozenset(("image_md5", digest) for digest in good)


def bundle_of(n: int, seed: int) -> tuple[Json, Held]:
    """A bundle of about `n` objects, of which some were revoked, and its entries."""
    rng = random.Random(seed)
    made: list[Json] = [_indicator(0xFFFF, f"[file:hashes.MD5 = '{_MD5(0xFFFF)}']")]
    good = {_MD5(0xFFFF)}
    for i in range(n):
        what = rng.choice(["plain", "revoked", "expired", "and", "like", "file", "versions", "or"])
        pattern = f"[file:hashes.MD5 = '{_MD5(i)}']"
        if what == "file":
            made.append({"type": "file", "id": f"file--{i}", "hashes": {"MD5": _MD5(i)}})
            continue
        if what == "and":
            pattern = pattern[:-1] + " AND file:size = 3]"
        if what == "like":
            pattern = pattern.replace("=", "LIKE")
        if what == "or":
            pattern = pattern[:-1] + f" OR file:hashes.MD5 = '{_MD5(1000 + i)}']"
            good |= {_MD5(i), _MD5(1000 + i)}
        one = _indicator(i, pattern)
        one |= {"revoked": True} if what == "revoked" else {}
        one |= {"valid_until": "2020-01-01T00:00:00Z"} if what == "expired" else {}
        made.append(one)
        if what == "versions":
            made.append({**one, "modified": "2024-02-02T00:00:00Z", "revoked": True})
        good |= {_MD5(i)} if what == "plain" else set()
    rng.shuffle(made)
    bundle = {"type": "bundle", "id": "bundle--1", "objects": made}
    return bundle, frozenset(("image_md5", digest) for digest in good)


def _indicator(i: int, pattern: str) -> Json:
    return {"type": "indicator", "spec_version": "2.1", "id": f"indicator--{i}",
            "created": "2024-01-01T00:00:00Z", "modified": "2024-01-01T00:00:00Z",
            "indicator_types": ["malicious-activity"], "pattern": pattern, "pattern_type": "stix",
            "valid_from": "2024-01-01T00:00:00Z"}  # fmt: skip


# -- The same, written in other ways ---------------------------------------------------------------


def _mapped(
    value: Json, of_object: Callable[[Json], Json], of_value: Callable[[Json], Json]
) -> Json:
    if isinstance(value, dict):
        return of_object({k: _mapped(v, of_object, of_value) for k, v in value.items()})
    if isinstance(value, list):
        return [_mapped(v, of_object, of_value) for v in value]
    return of_value(value)


def _same(value: Json) -> Json:
    return value


def _shuffled(value: Json, seed: int) -> Json:
    rng = random.Random(seed)
    return _mapped(value, lambda o: dict(rng.sample(list(o.items()), len(o))), _same)


def _named(change: Callable[[str], str]) -> Callable[[Json], Json]:
    return lambda made: {change(name): value for name, value in made.items()}


def _flags(yes: Json, no: Json) -> Callable[[Json], Json]:
    return lambda value: _mapped(
        value, _same, lambda v: yes if v is True else no if v is False else v
    )


ANY_WAY: dict[str, Callable[[Json], Json]] = {
    "as it is": _same,
    "names in another order": lambda v: _shuffled(v, 1),
    "names in upper case": lambda v: _mapped(v, _named(str.upper), _same),
    "names in lower case": lambda v: _mapped(v, _named(str.lower), _same),
    "flags as words": _flags("true", "false"),
    "flags as Python's words": _flags("True", "False"),
    "flags as numbers": _flags(1, 0),
    "flags as digits": _flags("1", "0"),
    "digests in upper case": lambda v: _mapped(
        v, _same, lambda x: x.replace("aabbccdd", "AABBCCDD") if isinstance(x, str) else x
    ),
}  # fmt: skip
OF_EVENTS: dict[str, Callable[[Json], list[Json]]] = {
    "alone": lambda e: [e],
    "without a name": lambda e: [e["Event"]],
    "in an array": lambda e: [[e, e]],
    "as a search answers": lambda e: [{"response": [e]}],
    "as attributes": lambda e: [{"response": {"Attribute": _all_of(e)}}],
    "one a line": lambda e: [e, e],
    "attributes in an array": lambda e: [_all_of(e)],
}
OF_BUNDLES: dict[str, Callable[[Json], list[Json]]] = {
    "alone": lambda b: [b],
    "as an array": lambda b: [b["objects"]],
    "one a line": lambda b: b["objects"],
    "as TAXII sends them": lambda b: [{"more": True, "next": "1", "objects": b["objects"]}],
    "bundles in an array": lambda b: [[b, b]],
    "a bundle in a bundle": lambda b: [{"type": "bundle", "id": "bundle--2", "objects": [b]}],
}


def _all_of(event: Json) -> list[Json]:
    made = event["Event"]
    return [*made["Attribute"], *(a for o in made["Object"] for a in o["Attribute"])]


def _bytes(values: list[Json], indent: int | None) -> bytes:
    return "\n".join(json.dumps(v, indent=indent) for v in values).encode()


SAVED: dict[str, Callable[[bytes], bytes]] = {
    "as it is": bytes,
    "byte order mark": lambda data: codecs.BOM_UTF8 + data,
    "UTF-16": lambda data: data.decode().encode("utf-16"),
    "UTF-16 BE": lambda data: codecs.BOM_UTF16_BE + data.decode().encode("utf-16-be"),
    "line ends of Windows": lambda data: data.replace(b"\n", b"\r\n"),
}


def _refused_or(outcome: Outcome, good: Held) -> None:
    if outcome.refused is None:
        assert outcome.entries == good
    else:
        assert "\n" not in outcome.refused
        assert "00112233" not in outcome.refused


@pytest.mark.parametrize("how", ANY_WAY)
@pytest.mark.parametrize("packed", OF_EVENTS)
def test_an_event_is_the_same_however_it_is_written(how: str, packed: str) -> None:
    event, good = event_of(12, 1)
    for saved, indent in (("as it is", None), ("UTF-16", 2)):
        data = _bytes([ANY_WAY[how](x) for x in OF_EVENTS[packed](event)], indent)
        outcome = read_list(SAVED[saved](data), "list.json")
        assert outcome.refused is None
        assert outcome.entries == good


@pytest.mark.parametrize("how", ANY_WAY)
@pytest.mark.parametrize("packed", OF_BUNDLES)
def test_a_bundle_is_the_same_however_it_is_written(how: str, packed: str) -> None:
    bundle, good = bundle_of(16, 1)
    for saved, indent in (("byte order mark", None), ("UTF-16 BE", 2)):
        data = _bytes([ANY_WAY[how](x) for x in OF_BUNDLES[packed](bundle)], indent)
        outcome = read_list(SAVED[saved](data), "list.json")
        assert outcome.refused is None
        assert outcome.entries == good


@given(n=st.integers(0, 20), seed=st.integers(0, 9999), how=st.sampled_from([*ANY_WAY]),
       packed=st.sampled_from([*OF_EVENTS]), saved=st.sampled_from([*SAVED]))  # fmt: skip
def test_what_is_listed_of_an_event(n: int, seed: int, how: str, packed: str, saved: str) -> None:
    event, good = event_of(n, seed)
    data = SAVED[saved](_bytes([ANY_WAY[how](x) for x in OF_EVENTS[packed](event)], seed % 3))
    assert read_list(data, "list.json").entries == good


@given(n=st.integers(0, 20), seed=st.integers(0, 9999), how=st.sampled_from([*ANY_WAY]),
       packed=st.sampled_from([*OF_BUNDLES]), saved=st.sampled_from([*SAVED]))  # fmt: skip
def test_what_is_listed_of_a_bundle(n: int, seed: int, how: str, packed: str, saved: str) -> None:
    bundle, good = bundle_of(n, seed)
    data = SAVED[saved](_bytes([ANY_WAY[how](x) for x in OF_BUNDLES[packed](bundle)], seed % 3))
    assert read_list(data, "list.json").entries == good


_COLUMNS = ["uuid", "category", "type", "value", "comment", "to_ids", "deleted"]


def table_of(event: Json, delimiter: str, columns: list[str]) -> bytes:
    """The attributes of an event as a table."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow([*columns, "attribute_tag"])
    for a in _all_of(event):
        if not a.get("Sighting"):  # of which a table says nothing
            tags = ",".join(tag["name"] for tag in a.get("Tag", ()))
            cells = [a.get(name, "") for name in columns]
            writer.writerow([*(int(c) if isinstance(c, bool) else c for c in cells), tags])
    return out.getvalue().encode()


@given(n=st.integers(0, 20), seed=st.integers(0, 9999), delimiter=st.sampled_from(",;\t|"))
def test_a_table_lists_what_its_event_does(n: int, seed: int, delimiter: str) -> None:
    event, good = event_of(n, seed)
    columns = random.Random(seed).sample(_COLUMNS, len(_COLUMNS))
    outcome = read_list(table_of(event, delimiter, columns), "export.csv")
    assert outcome.entries == good


# -- Files that are broken -------------------------------------------------------------------------


def _made() -> Iterator[tuple[str, bytes, Held]]:
    event, listed = event_of(8, 3)
    bundle, of_bundle = bundle_of(8, 3)
    yield "event.json", _bytes([event], None), listed
    yield "bundle.json", _bytes([bundle], 1), of_bundle
    yield "objects.json", _bytes(bundle["objects"], None), of_bundle
    yield "export.csv", table_of(event, ",", _COLUMNS), listed


MADE = [pytest.param(*made, id=made[0]) for made in _made()]


@pytest.mark.parametrize(("name", "data", "good"), MADE)
@pytest.mark.parametrize("step", [97, pytest.param(1, marks=pytest.mark.slow)])
def test_a_file_that_is_cut_off_brings_no_more(
    name: str, data: bytes, good: Held, step: int
) -> None:
    for at in range(1, len(data) - 1, step):
        outcome = read_list(data[:at], name)
        is_whole = outcome.refused is None
        assert not is_whole or outcome.entries <= good, at
        is_lines = name in ("export.csv", "objects.json")  # of which some lines may be all
        assert is_lines or not is_whole, at


_SIGNS = b"{}[]\",:'\\|=\0\xff\xe9 01tfn"


def _broken(data: bytes, rng: random.Random) -> bytes:
    """Some bytes changed, doubled, moved or left out."""
    made = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(made))
        match rng.randrange(4):
            case 0:
                made[at] = rng.choice(_SIGNS)
            case 1:
                del made[at : at + rng.randint(1, 30)]
            case 2:
                made[at:at] = made[at : at + rng.randint(1, 60)]
            case _:
                made[at:at] = bytes(rng.choices(_SIGNS, k=rng.randint(1, 3)))
        if not made:
            break
    return bytes(made)


@pytest.mark.parametrize(("name", "data", "good"), MADE)
@pytest.mark.parametrize("n", [20, pytest.param(400, marks=pytest.mark.slow)])
def test_a_broken_file_is_read_or_refused_in_one_line(
    name: str, data: bytes, good: Held, n: int
) -> None:
    rng = random.Random(f"{name} {n}")
    for _ in range(n):
        outcome = read_list(_broken(data, rng), name)  # anything but ListError would come through
        told = [outcome.refused or "", *outcome.notices]
        assert not any("\n" in text or "00112233445566" in text for text in told)


@pytest.mark.parametrize("opens", ["[", '{"Event":', '{"objects":[', '{"Attribute":[{"Tag":['])
def test_deep_nesting_is_refused(opens: str) -> None:
    for head in ('{"Event":{"info":"a","to_ids":1}}\n', '{"type":"bundle","id":"bundle--1"}\n'):
        refused = read_list((head + opens * 100_000).encode(), "list.json").refused
        assert refused
        assert "\n" not in refused


@pytest.mark.slow
def test_a_line_of_ten_megabytes_is_one_comment() -> None:
    event, good = event_of(3, 1)
    event["Event"]["Attribute"][0]["comment"] = "x " * 5_000_000
    assert read_list(_bytes([event], None), "event.json").entries == good


@pytest.mark.parametrize("name", ["event.json", "bundle.json"])
def test_a_name_that_stands_twice_is_refused(name: str) -> None:
    data = next(data for made, data, _ in _made() if made == name)
    for once, twice in ((b'"type"', b'"type": "url", "type"'), (b'"type"', b'"TYPE": "a", "type"')):
        outcome = read_list(data.replace(once, twice), name)
        assert "the same name twice" in (outcome.refused or "")


# -- Patterns: the official parser tells what is one -----------------------------------------------

_PARTS = st.sampled_from([
    "[", "]", "(", ")", " AND ", " OR ", " FOLLOWEDBY ", " NOT ", " = ", " == ", " != ", " <> ",
    " IN ", " LIKE ", " MATCHES ", " ISSUBSET ", " > ", ", ", "EXISTS ", " WITHIN 5 SECONDS",
    " REPEATS 2 TIMES", " START t'2024-01-01T00:00:00Z' STOP t'2024-01-02T00:00:00.5Z'",
    "file:hashes.MD5", "file:hashes.'SHA-1'", 'file:hashes."md5"', "url:value", "a-b:c[*].'d e'",
    "a:b[0]", "a:c-d", "'x'", "'it\\'s \\\\'", "'a\\b'", "''", "1", "-1.5", ".5", "05", "true",
    "h'ab'", "h'a'", "b'YWI='", "t'2024-01-01T00:00:00Z'", "/* c */", "// c\n", "LAST", "\u00a0",
    "é", "^",
])  # fmt: skip
_VALUE = st.sampled_from(["'x'", "'it\\'s'", "1", "+2", "-.5", "h'ab'", "b'YWI='", "'\\\\'"])
_PATH = st.sampled_from([
    "file:hashes.MD5", "file:hashes.'SHA-1'", "url:value", "a-b:c[*].'d e'[2].f", "x:'y'",
])  # fmt: skip
_TEST = st.one_of(
    st.tuples(_PATH, st.sampled_from([" = ", "=", " NOT = ", " != ", " <> ", " > "]), _VALUE),
    st.tuples(_PATH, st.sampled_from([" LIKE ", " MATCHES ", " NOT ISSUBSET "]), st.just("'a%'")),
    st.tuples(_PATH, st.just(" IN "), st.lists(_VALUE).map(lambda v: f"({' , '.join(v)})")),
).map("".join)
_TESTS = st.recursive(
    _TEST,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" AND ", " OR "]), inner).map("".join),
        inner.map("({})".format),
    ),
    max_leaves=5,
)
_GOOD = st.recursive(
    _TESTS.map("[{}]".format),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" AND ", " OR ", " FOLLOWEDBY "]), inner).map("".join),
        inner.map("({})".format),
        st.tuples(inner, st.sampled_from([" WITHIN 5 SECONDS", " REPEATS 2 TIMES"])).map("".join),
    ),
    max_leaves=4,
)


def _official(pattern: str) -> list[tuple[str, ...]] | None:
    try:
        found = Pattern(pattern).inspect().comparisons
    except Exception:  # it raises whatever a part of it does
        return None
    return sorted(
        (of, str(["*" if step is INDEX_STAR else step for step in path]), operator, value)
        for of, some in found.items()
        for path, operator, value in some
    )


def _ours(pattern: str) -> list[tuple[str, ...]] | None:
    try:
        found = comparisons(pattern)
    except PatternError:
        return None
    return sorted((c.of, str([*c.path]), c.operator, c.text) for c in found if c.why != "EXISTS")


@given(pattern=st.one_of(_GOOD, st.lists(_PARTS, max_size=12).map("".join)))
def test_a_pattern_is_what_the_official_parser_takes(pattern: str) -> None:
    assert _ours(pattern) == _official(pattern)


_ALIKE = (
    "[a:b = 1]", "[a-b:c = 'd']", "[a:'b-c' = 1]", "[a:b-c = 1]", "[a:b.c-d = 1]", "[a:b[*].c = 1]",
    "[a:b[0] = 1]", "[a:b = 05]", "[a:b = +5]", "[a:b = true]", "[a:b > true]", "[a:true = 1]",
    "[a:LAST = 1]", "[a:b = 'c' or d:e = 'f']", "[a:b == 'c']", "[a:b <> 'c']", "[a:b IN ()]",
    "[a:b IN (1,)]", "[a:b NOT IN (1, 'c')]", "[NOT a:b = 1]", "[NOT EXISTS a:b]", "[EXISTS a:b]",
    "[a:b = 1] OR [c:d = 2]", "[a:b = 1] or [c:d = 2]", "[a:b = 1] WITHIN 5 HOURS", "a:b = 1",
    "[a:b = 1] WITHIN -5 SECONDS", "[a:b = 1] REPEATS 1.5 TIMES", "[a:b = 1]]", "[[a:b = 1]]", "[]",
    '[file:hashes."md5" = \'a\']', "[a:b = h'abc']", "[a:b = b'====']", "[a:b = t'2024-13-01T']",
    "[a:b = 'it\\'s']", "[a:b = 'c\\d']", "[a:b = 'c'] // more", "/* c */ [a:b = 1]", "[a.b = 1]",
)  # fmt: skip


@pytest.mark.parametrize("pattern", _ALIKE)
def test_patterns_that_are_nearly_alike(pattern: str) -> None:
    assert _ours(pattern) == _official(pattern)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_broken_patterns_are_those_that_the_official_parser_refuses(seed: int) -> None:
    rng = random.Random(seed)
    whole = (
        "([file:hashes.'SHA-1' = 'a\\'b' OR url:value IN ('c', 'd')] AND [a:b[*].c > 1.5]) WITHIN 9"
        " SECONDS FOLLOWEDBY [x-y:'z' NOT LIKE 'e%' AND EXISTS a:b AND c:d ="
        " t'2024-01-01T00:00:00Z']"
    )
    for _ in range(25):
        at, n = rng.randrange(len(whole)), rng.randint(0, 4)
        made = (
            whole[:at]
            + "".join(rng.choices("[]()'\\=: .AORh0", k=n))
            + whole[at + rng.randint(0, 3) :]
        )
        assert _ours(made) == _official(made), made


@given(values=st.lists(st.text(), min_size=1, max_size=4))
def test_a_string_is_what_was_written(values: list[str]) -> None:
    quoted = ["'" + v.replace("\\", "\\\\").replace("'", "\\'") + "'" for v in values]
    (found,) = comparisons(f"[file:hashes.MD5 IN ({', '.join(quoted)})]")
    assert list(found.values) == values
    assert found.is_enough


@pytest.mark.parametrize("pattern", ["(" * 200 + "[a:b = 1]", "[" + "(" * 200, "[a:b = 1" * 500])
def test_a_pattern_that_is_too_deep_is_none(pattern: str) -> None:
    with pytest.raises(PatternError):
        comparisons(pattern)


def test_a_list_of_patterns_is_read_where_all_are_listed() -> None:
    data = f"[file:hashes.MD5 = '{_MD5(1)}']\n[file:hashes.MD5 = '{_MD5(2)}'] REPEATS 2 TIMES\n"
    asked = read_list(data.encode(), "patterns.txt")
    assert "cannot say that one was revoked" in (asked.refused or "")
    taken = read_list(data.encode(), "patterns.txt", Options(file_format="stix-patterns"))
    assert taken.entries == {("image_md5", _MD5(1))}


# -- Versions --------------------------------------------------------------------------------------

_VERSION = st.tuples(st.sampled_from(["a", "b", ""]), st.sampled_from([1.0, 2.0, 3.0, nan]))


@example(files=[[("a", 2.0), ("a", nan), ("a", 1.0)]])
@given(files=st.lists(st.lists(_VERSION, max_size=5), min_size=1, max_size=3))
def test_no_version_counts_that_is_older_than_one_before_it_or_beside_it(
    files: list[list[tuple[str, float]]],
) -> None:
    shared = OfDelivery(len(files))
    before: list[tuple[str, float]] = []
    for records in files:
        versions = Versions()
        for record_id, moment in records:
            versions.meet(record_id, moment)
        replaced = versions.replaced(shared, "misp")
        for place, (record_id, moment) in enumerate(records):
            is_older = any(name == record_id and at > moment for name, at in [*before, *records])
            assert (place in replaced) == (is_older and record_id != "")
        before += records


@pytest.mark.parametrize(
    "beside", [lambda n: {f"x_{n}": 1}, lambda n: {"x_own": {f"note{n}": "a"}}]
)
def test_a_field_for_each_record_is_refused(beside: Callable[[int], dict[str, Any]]) -> None:
    """Each field is looked for in each record: without a bound the time is that of a square."""
    attribute = {"type": "md5", "category": "Payload delivery", "value": "0" * 31 + "1"}
    event = {"Event": {"Attribute": [attribute | {"to_ids": True} | beside(n) for n in range(600)]}}
    indicator = {"type": "indicator", "pattern_type": "stix", "pattern": "[url:value = 'a']"}
    objects = [indicator | {"id": f"indicator--{n}"} | beside(n) for n in range(600)]
    for document in (event, {"type": "bundle", "objects": objects}):
        said = read_list(json.dumps(document).encode(), "list.json").refused
        assert "more than 500 different fields" in (said or "")
