"""`verify` of a cleaned copy: what holds is found to hold, and what was broken is found."""

import hashlib
import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import relaion
from relaion.errors import InputError
from relaion.labs.certificate import certify, place_of
from relaion.verifier.copies import standing
from relaion.verifier.copies.check import verify_copy
from relaion.verifier.verdict import Verdict
from tests import labs
from tests.drawn import quickly
from tests.pipeline import hands_here


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> labs.Lab:
    return labs.make(tmp_path_factory.mktemp("lab"))


@pytest.fixture(scope="module")
def diff(lab: labs.Lab) -> Path:
    path = lab.copy.parent / "diff.parquet"
    relaion.diff(lab.old, lab.new, path)
    return path


@pytest.fixture(scope="module")
def applied(lab: labs.Lab, diff: Path) -> Path:
    return relaion.apply(lab.copy, lab.copy.parent / "applied", diff=diff).out


@pytest.fixture(scope="module")
def kept(lab: labs.Lab) -> Path:
    out = lab.copy.parent / "kept"
    with hands_here():
        return relaion.apply(lab.copy, out, keep=lab.new, old=lab.old).out


@pytest.fixture
def out(applied: Path, tmp_path: Path) -> Path:
    """A cleaned copy that may be broken, with its certificate."""
    found = tmp_path / "out"
    shutil.copytree(applied, found)
    shutil.copyfile(place_of(applied, None), place_of(found, None))
    return found


def check(out: Path, **given: Any) -> Verdict:
    try:
        certified = certify(stated(out))
    except (LookupError, TypeError, ValueError, AttributeError, OSError):
        certified = None
    return verify_copy(out, certificate=place_of(out, None), certified=certified, **given)


def said(verdict: Verdict) -> dict[str, list[str]]:
    """Findings by promise, none of which tells a link, a caption or a hash."""
    texts = [str(f) for f in verdict.findings] + [verdict.summary, *verdict.not_looked_at]
    for row in (*labs.rows(), *labs.of_copy()):
        secrets = (row["url"], row["text"], str(labs.murmur(row)))
        assert not any(secret in text for secret in secrets for text in texts)
    found: dict[str, list[str]] = {}
    for finding in verdict.findings:
        found.setdefault(finding.promise, []).append(str(finding))
    return found


def states(verdict: Verdict) -> dict[str, str]:
    return {o.promise: o.state for o in verdict.outcomes}


def restate(out: Path, name: str, records: int, moved: int = 0) -> None:
    """Let manifest and certificate state a file as it is now; of `moved` rows that they stayed."""
    made = json.loads((out / "manifest.json").read_text())
    data = (out / name).read_bytes()
    for line in made["outputs"]:
        if line["name"] == name:
            sha256 = hashlib.sha256(data).hexdigest()
            line |= {"sha256": sha256, "bytes": len(data), "records": records}
    for line in made["counts"]:
        if line["fate"] == ("row" if line["stayed"] else "removed"):
            what = "samples" if name == "images/00000.tar" else "rows"
            line[what] += moved if line["stayed"] else -moved
    state(out, made)


def state(out: Path, made: dict[str, Any]) -> None:
    (out / "manifest.json").write_text(json.dumps(made))
    place_of(out, None).write_text(json.dumps(certify(made)))


def stated(out: Path) -> dict[str, Any]:
    return json.loads((out / "manifest.json").read_text())  # type: ignore[no-any-return]


def records_of(out: Path, name: str, side: str) -> int:
    return next(int(x["records"]) for x in stated(out)[side] if x["name"] == name)


FILES = (
    "laion/part.parquet", "text/cc3m.tsv", "text/cc12m.tsv.gz", "text/a.csv", "text/b.jsonl.zst",
    "tars/jsons.tar", "tars/plain.tar", "images/00000.tar", "images/00000.parquet",
)  # fmt: skip

# -- what holds ------------------------------------------------------------------------------------


def test_a_copy_cleaned_with_a_diff_holds(out: Path, lab: labs.Lab, diff: Path) -> None:
    verdict = check(out, diff=diff, inputs=[lab.copy])
    assert said(verdict) == {}
    assert set(states(verdict).values()) == {"held"}
    assert not verdict.clean  # a row has no identity, and a tar holds a file of no sample
    assert sum("kept without an identity" in x for x in verdict.not_looked_at) == 1
    assert {line["name"] for line in stated(out)["inputs"]} == set(FILES)


@pytest.mark.slow
def test_a_copy_cleaned_with_an_edition_holds(kept: Path, lab: labs.Lab) -> None:
    verdict = check(kept, keep=[lab.new], old=[lab.old], inputs=[lab.copy])
    assert said(verdict) == {}
    assert set(states(verdict).values()) == {"held"}
    fates = {(c["fate"], c["stayed"]) for c in stated(kept)["counts"]}
    assert fates == {("row", True), ("link", True), ("removed", False), ("nameless", False)}


def test_without_the_set_before_what_cannot_be_told_is_said(kept: Path, lab: labs.Lab) -> None:
    verdict = check(kept, keep=[lab.new], inputs=[lab.copy])
    assert said(verdict) == {}
    assert states(verdict) == {
        "1a": "held in part", "1b": "not checked", "2": "not checked", "5": "held",
        "6": "held in part",
    }  # fmt: skip
    assert all("--old" in o.why for o in verdict.outcomes if o.promise in ("1a", "1b", "6"))
    assert verdict.summary == (
        f"{kept}: clean as far as it was looked at; not checked: 1b, 2; held in part: 1a, 6"
    )


def test_without_diff_or_copy_it_says_what_was_not_checked(
    out: Path, diff: Path, lab: labs.Lab
) -> None:
    alone = check(out)
    assert states(alone) == {
        "1a": "not checked", "1b": "not checked", "2": "not checked", "5": "held",
        "6": "held in part",
    }  # fmt: skip
    assert alone.ok
    assert not alone.clean
    assert alone.summary == (
        f"{out}: not checked: 1a, 1b, 2; held in part: 6; nothing was found broken"
    )
    assert states(check(out, diff=diff)) == {
        "1a": "held", "1b": "not checked", "2": "not checked", "5": "held", "6": "held in part",
    }  # fmt: skip
    part = check(out, diff=diff, inputs=[lab.copy / "laion"])
    assert said(part)["1b"] == ["part.parquet: a file of the copy that OUT does not have"]


def test_all_that_stayed_is_plainly_clean(lab: labs.Lab, diff: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(lab.copy / "laion", copy)
    done = relaion.apply(copy, tmp_path / "out", diff=diff)
    verdict = relaion.verify(done.out, diff=diff, inputs=copy)
    assert verdict.clean
    assert verdict.summary.endswith("out: clean; every promise was checked and held")


# -- what was broken -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", quickly(4, FILES))
def test_rows_that_the_diff_names_are_found_where_they_stand(
    out: Path, lab: labs.Lab, diff: Path, name: str
) -> None:
    """As an `apply` would leave them that removes nothing: its manifest agrees with its files."""
    (out / name).unlink()
    shutil.copyfile(lab.copy / name, out / name)
    before = records_of(out, name, "inputs")
    restate(out, name, before, before - records_of(out, name, "outputs"))
    found = said(check(out, diff=diff))
    assert [x for x in found["1a"] if x.startswith(name) and "removed from the set" in x]
    found = said(check(out, diff=diff, inputs=[lab.copy]))
    assert [x for x in found["1a"] if "should have left" in x]
    assert any("counts by fate of what left" in x for x in found["6"])


def _parquet(path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    table = change(pq.read_table(path))
    path.unlink()
    pq.write_table(table, path, row_group_size=6, compression="zstd")


def _lines(path: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))


def _members(path: Path, change: Callable[[list[tuple[str, bytes]]], list[Any]]) -> None:
    with tarfile.open(path) as tar:
        members = [(m.name, tar.extractfile(m).read()) for m in tar]  # type: ignore[union-attr]
    path.unlink()
    labs.tar(path, change(members))


def _lose(out: Path) -> None:
    _parquet(out / FILES[0], lambda table: table.slice(0, len(table) - 1))


def _lose_line(out: Path) -> None:
    _lines(out / FILES[1], lambda lines: lines[1:])


def _lose_sample(out: Path) -> None:
    _members(out / FILES[5], lambda members: members[:-2])


@pytest.mark.parametrize(
    ("lose", "name", "noun"),
    [
        (_lose, FILES[0], "1 row is lost"), (_lose_line, FILES[1], "1 line is lost"),
        (_lose_sample, FILES[5], "2 members are lost"),
    ],
)  # fmt: skip
def test_what_was_lost_is_found(
    out: Path, lab: labs.Lab, diff: Path, lose: Callable[[Path], None], name: str, noun: str
) -> None:
    lose(out)
    restate(out, name, records_of(out, name, "outputs") - 1, -1)
    found = said(check(out, diff=diff, inputs=[lab.copy]))
    assert [x for x in found["1b"] if noun in x]
    assert any("counts by fate" in x for x in found["6"])


def _change(out: Path) -> None:
    at = 2
    _parquet(
        out / FILES[0],
        lambda t: t.set_column(
            3,
            "score",
            pa.array([9.5 if i == at else x for i, x in enumerate(t["score"].to_pylist())]),
        ),
    )


def _change_line(out: Path) -> None:
    _lines(out / FILES[3], lambda lines: [*lines[:-1], lines[-1].replace(b"\r\n", b"\n")])


def _change_member(out: Path) -> None:
    path = out / FILES[7]
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data.replace(b"\xff\xd8\x02", b"\xff\xd8\x03", 1))


@pytest.mark.parametrize(
    ("change", "name", "noun"),
    [
        (_change, FILES[0], "1 row is changed"), (_change_line, FILES[3], "1 line is changed"),
        (_change_member, FILES[7], "1 member is changed"),
    ],
)  # fmt: skip
def test_what_was_changed_is_found(
    out: Path, lab: labs.Lab, diff: Path, change: Callable[[Path], None], name: str, noun: str
) -> None:
    change(out)
    restate(out, name, records_of(out, name, "outputs"))
    verdict = check(out, diff=diff, inputs=[lab.copy])
    assert said(verdict) == {"2": [f"{name}: {noun}"]}


def test_another_order_and_other_metadata_are_found(out: Path, lab: labs.Lab, diff: Path) -> None:
    name = FILES[0]
    _parquet(out / name, lambda t: t.take(list(range(len(t)))[::-1]).replace_schema_metadata())
    restate(out, name, records_of(out, name, "outputs"))
    found = said(check(out, diff=diff, inputs=[lab.copy]))
    assert list(found) == ["2"]
    assert f"{name}: its rows are in another order" in found["2"]
    assert any("metadata" in x for x in found["2"])


def test_other_stats_are_found(out: Path, lab: labs.Lab, diff: Path) -> None:
    name = "images/00000_stats.json"
    path = out / name
    path.write_text(path.read_text().replace('"duration": 1.5', '"duration": 2.5'))
    made = stated(out)
    for line in made["outputs"]:
        if line["name"] == name:
            line["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    state(out, made)
    found = said(check(out, diff=diff, inputs=[lab.copy]))
    assert found == {"2": [f"{name}: its counts are not the copy's without what left"]}
    for line in made["outputs"]:
        if line["name"] == name:
            line["source"] = "0" * 64
    state(out, made)
    found = said(check(out, diff=diff, inputs=[lab.copy]))
    assert found == {"6": [f"{name}: the file of the copy is not the one that went in"]}


def test_a_byte_a_file_too_few_and_one_too_many_are_found(out: Path, diff: Path) -> None:
    (out / FILES[0]).unlink()
    path = out / FILES[5]
    path.write_bytes(path.read_bytes().replace(b"of a test", b"of a tent"))
    (out / "more.txt").write_text("")
    (out / ".relaion-0.part").write_text("")
    (out / "empty").mkdir()
    found = said(check(out, diff=diff))
    assert sorted(found["5"]) == [
        ".relaion-0.part: a file that a broken run left behind",
        "empty: a folder that is not stated",
        f"{FILES[0]}: is missing, or no plain file",
        "more.txt: a file that is not stated",
        f"{FILES[5]}: its bytes are not those that the manifest states",
    ]
    assert found["1b"] == [f"{FILES[0]}: its rows are lost"]


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_cut_off_is_found(out: Path, diff: Path, name: str) -> None:
    path = out / name
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[: len(data) // 2 + 77])
    found = said(check(out, diff=diff))
    assert f"{name}: its bytes are not those that the manifest states" in found["5"]


@pytest.mark.parametrize("what", ["gone", "cut off"])
def test_of_a_file_that_is_not_whole_nothing_is_said_to_be_as_it_was(
    out: Path, lab: labs.Lab, diff: Path, what: str
) -> None:
    path = next(out / name for name in FILES if name.endswith(".parquet"))
    data = path.read_bytes()
    path.unlink()
    if what == "cut off":
        path.write_bytes(data[:-100])
    assert states(check(out, diff=diff, inputs=[lab.copy]))["2"] == "held in part"


# -- what it was held against ----------------------------------------------------------------------


def test_another_diff_is_found(out: Path, lab: labs.Lab, diff: Path, tmp_path: Path) -> None:
    cut, other = tmp_path / "cut.parquet", tmp_path / "other.parquet"
    cut.write_bytes(diff.read_bytes()[:-20])
    table = pq.read_table(diff)
    of = json.loads(table.schema.metadata[b"relaion_diff"])
    told = json.dumps({**of, "made": "2020-01-01T00:00:00+00:00"})  # a diff, but another one
    pq.write_table(table.replace_schema_metadata({"relaion_diff": told}), other)
    for path in (cut, other, lab.new / "part-0.parquet"):
        verdict = check(out, diff=path, inputs=[lab.copy])
        assert said(verdict) == {"6": [f"{path.name}: is not the diff that OUT was cleaned with"]}
        assert states(verdict)["1a"] == "not checked"


def test_another_edition_is_found(kept: Path, lab: labs.Lab, diff: Path) -> None:
    found = said(check(kept, keep=[lab.old], old=[lab.old]))
    assert found == {"6": ["--keep: is not the edition that OUT was cleaned with"]}
    found = said(check(kept, keep=[lab.new], old=[lab.new]))
    assert found == {"6": ["--old: is not the set that OUT was cleaned with"]}
    with pytest.raises(
        InputError, match=r"kept: was cleaned with an edition, and with no diff; give --keep NEW"
    ):
        check(kept, diff=diff)


def test_another_copy_is_found(out: Path, lab: labs.Lab, diff: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(lab.copy, copy)
    with (copy / FILES[1]).open("ab") as file:
        file.write(b"more\thttp://more.example/1\n")
    verdict = check(out, diff=diff, inputs=[copy])
    assert said(verdict) == {"6": [f"{FILES[1]}: the file of the copy is not the one that went in"]}
    states = {o.promise: o.state for o in verdict.outcomes if o.promise in ("1b", "2")}
    assert set(states.values()) == {"held in part"}  # of that file nothing was compared
    for path in [p for p in copy.rglob("*") if p.is_file()]:
        with path.open("ab") as file:
            file.write(b" ")
    verdict = check(out, diff=diff, inputs=[copy])
    states = {o.promise: o.state for o in verdict.outcomes if o.promise in ("1b", "2")}
    assert set(states.values()) == {"not checked"}


# -- what is stated --------------------------------------------------------------------------------


def _count_more(made: dict[str, Any]) -> None:
    made["counts"][0]["rows"] += 1


def _swap_counts(made: dict[str, Any]) -> None:
    nameless, removed = (
        next(c for c in made["counts"] if c["fate"] == f) for f in ("nameless", "row")
    )
    nameless["rows"] += 1
    removed["rows"] -= 1


def _name_another_diff(made: dict[str, Any]) -> None:
    made["against"]["diff"] = "0" * 64


def _ask_another_way(made: dict[str, Any]) -> None:
    made["plan"]["parameters"]["by"] = ["row"]


def _state_fewer(made: dict[str, Any]) -> None:
    made["inputs"].pop(0)


def _move_records(made: dict[str, Any]) -> None:
    for line in (*made["inputs"], *made["outputs"]):
        if line["name"] in FILES[:2]:
            line["records"] += 1 - 2 * FILES.index(line["name"])


@pytest.mark.parametrize(
    "edit",
    [
        _count_more, _swap_counts, _name_another_diff, _ask_another_way, _state_fewer,
        _move_records,
    ],
)  # fmt: skip
def test_a_manifest_that_was_edited_is_found(
    out: Path, diff: Path, edit: Callable[[dict[str, Any]], None]
) -> None:
    made = stated(out)
    edit(made)
    (out / "manifest.json").write_text(json.dumps(made))
    found = said(check(out, diff=diff))
    assert any("certificate" in x for x in found["6"]) or edit is _ask_another_way
    state(out, made)
    assert not check(out, diff=diff).ok


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("7 rows kept without an identity: nothing can be said of them", "other rows without"),
        ("9 files of another form (x): not looked at, not cleaned, not in OUT", "other files of"),
        ("https://www.site1.example/a.jpg", "what no run says"),
        ("text/a.csv: see https://www.site1.example/a.jpg", "a link or a digest stands in"),
        (f"text/a.csv: {hashlib.md5(b'a').hexdigest()}", "a link or a digest stands in"),
        ("laion/part.parquet: not looked at, for no row of it has an identity; it", "has some"),
        ("laion/part.parquet: not looked at, though it holds links: column punsafe; if the rows' "
         "link stands there, give --column url=punsafe", "holds none, or is not there"),
        ("laion/part.parquet: not looked at, though it holds links: column none; if the rows' "
         "link stands there, give --column url=none", "holds none, or is not there"),
    ],
)  # fmt: skip
def test_a_line_of_what_was_not_looked_at_that_is_not_so_is_found(
    out: Path, lab: labs.Lab, diff: Path, line: str, why: str
) -> None:
    made = stated(out)
    made["not_looked_at"].append(line)
    state(out, made)
    verdict = check(out, diff=diff, inputs=[lab.copy])
    found = [str(f) for f in verdict.findings]
    assert [f for f in found if why in f]
    assert not any("site1" in x for x in (*found, *verdict.not_looked_at))


@pytest.mark.parametrize(
    ("text", "said_of_it"),
    [
        ("{", "is not JSON text"), ('{"kind": "apply"}', "does not state"),
        ("[]", "holds something else"), ('{"kind": "other"}', "holds something else"),
    ],
)  # fmt: skip
def test_a_manifest_that_cannot_be_read_is_found(
    out: Path, diff: Path, text: str, said_of_it: str
) -> None:
    (out / "manifest.json").write_text(text)
    found = check(out, diff=diff)
    assert said_of_it in str(found.findings[0])
    assert set(states(found).values()) == {"broken", "not checked"}
    (of_whole,) = [o for o in found.outcomes if o.promise == "5"]
    assert "cannot be read" not in of_whole.why  # why it cannot is the finding


def test_a_name_that_leads_out_of_the_folder_is_not_followed(out: Path, diff: Path) -> None:
    made = stated(out)
    made["outputs"][0]["name"] = "../diff.parquet"
    (out / "manifest.json").write_text(json.dumps(made))
    assert "outside of OUT" in str(check(out, diff=diff).findings[0])


def test_a_certificate_of_another_out_is_found(out: Path, kept: Path, diff: Path) -> None:
    place = place_of(out, None)
    shutil.copyfile(place_of(kept, None), place)
    assert "is not the certificate of this OUT" in said(check(out, diff=diff))["6"][0]
    place.write_text("[")
    assert "cannot be read as a certificate" in said(check(out, diff=diff))["6"][0]
    place.unlink()
    verdict = check(out, diff=diff)
    assert verdict.ok
    assert "no certificate beside OUT" in verdict.notices[0]


# -- how links are looked for ----------------------------------------------------------------------

SPELLINGS = (
    b"http://host.example/a/b.jpg", b"https://www.host.example/a/b.jpg",
    b"HTTPS://WWW.Host.example:443/a/./b.jpg", b"host.example/a/b.jpg",
    b"http://host.example/a/%62.jpg", b"http://host.example/a/b.jpg#top",
    b"http://other.example/a/b.jpg", b"http://host.example/\xff/a.jpg",
    b"http://host.example/%FF/a.jpg", b"http://1.2.3.4/a/b.jpg", "http://höst.example/a".encode(),
    b"http://xn--hst-sna.example/a", b"http://h.co/x", b"https://h.co/x", b"None", None,
    b"http://www.www.host.example/a/b.jpg", b"http://host.example:8080/a/b.jpg",
)  # fmt: skip


def test_what_ends_or_stands_elsewhere_is_not_keyed_and_nothing_is_missed() -> None:
    urls = pa.array(SPELLINGS, pa.binary())
    every = standing.link_ids(urls, b"").ids.to_pylist()
    for i, one in enumerate(every):
        if one is None:
            continue
        wanted = standing.Links(*standing.link_ids(urls.slice(i, 1), b""))
        hosts = wanted.hosts.drop_null()
        looked = standing.Links(wanted.ids, wanted.tails, hosts).may_be(urls)
        found = standing.link_ids(looked, b"").ids.to_pylist()
        assert found.count(one) == every.count(one)
    plain = pa.array([b"https://host%d.example/%d.jpg" % (i, i) for i in range(99)], pa.binary())
    few = standing.Links(*standing.link_ids(plain.slice(7, 2), b""))
    assert few.may_be(plain).to_pylist() == plain.slice(7, 2).to_pylist()
