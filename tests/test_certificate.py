"""The certificate of a cleaned copy: its form, where it lies, what it never says, its check."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import relaion
from relaion.cli import app
from relaion.errors import InputError
from relaion.labs import certificate as certificates
from relaion.labs.certificate import place_of
from tests import labs
from tests.pipeline import hands_here, here

SCHEMA = json.loads(Path(certificates.__file__).with_name(certificates.SCHEMA_FILE).read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


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
    with hands_here():
        return relaion.apply(lab.copy, lab.copy.parent / "applied", diff=diff).out


def valid(path: Path) -> dict[str, Any]:
    """A certificate that is in the form which the package tells, and says nothing of a row."""
    text = path.read_text(encoding="ascii")
    made: dict[str, Any] = json.loads(text)
    VALIDATOR.validate(made)
    assert list(made) == list(SCHEMA["properties"])
    assert json.dumps(made, indent=2) + "\n" == text
    for row in (*labs.rows(), *labs.of_copy()):
        for secret in (row["url"], row["text"], str(labs.murmur(row))):
            assert secret not in text
    assert str(path.parent) not in text
    assert str(labs.__file__).split("tests")[0] not in text
    return made


def refused(made: dict[str, Any], **changes: Any) -> bool:
    return not VALIDATOR.is_valid({**made, **changes})


def test_the_schema_is_one_and_refuses_what_is_not_of_the_form(applied: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    made = valid(place_of(applied, None))
    assert refused(made, certificate=2)
    assert refused(made, path="/home/me")
    assert refused(made, says="clean")
    assert refused(made, against={})
    assert refused(made, outputs=[{**made["outputs"][0], "name": "/data/a.parquet"}])
    assert refused(made, outputs=[{**made["outputs"][0], "name": "a/../../b.parquet"}])
    assert refused(made, outputs=[{**made["outputs"][0], "row_hash": 1}])


def test_it_says_what_was_done_with_a_diff(applied: Path, diff: Path, lab: labs.Lab) -> None:
    place = place_of(applied, None)
    assert place == applied.parent / "applied.certificate.json"
    assert {p.name for p in applied.iterdir()} == {
        "manifest.json", *(p.name for p in lab.copy.iterdir())
    }  # fmt: skip
    made = valid(place)
    manifest = json.loads((applied / "manifest.json").read_text())
    assert made["says"].startswith("holds nothing that diff ")
    assert made["says"].endswith("... names, and 1 row without an identity")
    assert not made["stands_alone"]
    assert len(made["not_looked_at"]) == 2
    assert made["against"]["diff"]["sha256"] == manifest["against"]["diff"]
    assert set(made["against"]["diff"]["said"]) >= {"made", "key_version", "old", "new", "by"}
    assert "salt" not in json.dumps(made)
    assert {x["name"] for x in made["outputs"]} == {
        p.relative_to(lab.copy).as_posix() for p in lab.copy.rglob("*") if p.is_file()
    }
    assert sum(x["rows"] + x["samples"] for x in made["counts"]) == sum(
        x["records"] for x in made["inputs"]
    )
    assert sum(made["identities"].values()) == sum(x["rows"] for x in made["counts"])
    assert made["identities"]["none"] == 1
    assert made["identities"]["link"] > 0
    assert made["checked"] is None


def test_it_says_what_was_done_with_an_edition(lab: labs.Lab, tmp_path: Path) -> None:
    place = tmp_path / "kept.json"
    done = relaion.apply(
        lab.copy / "laion", tmp_path / "out", keep=lab.new, old=lab.old, certificate=place
    )
    assert done.certificate == place
    assert not place_of(done.out, None).exists()
    made = valid(place)
    assert made["says"].startswith("holds only what edition ")
    assert made["stands_alone"]
    assert made["against"]["keep"]["shards"] == made["against"]["old"]["shards"] == 2
    assert made["against"]["old"]["rows"] == labs.N
    assert made["identities"]["either"] == 2


@pytest.mark.slow
def test_a_finished_run_writes_it_again_where_it_is_missing(
    lab: labs.Lab, diff: Path, tmp_path: Path
) -> None:
    given = {"diff": diff}
    first = relaion.apply(lab.copy / "laion", tmp_path / "out", **given)  # type: ignore[arg-type]
    before = first.certificate.read_bytes()
    first.certificate.unlink()
    again = relaion.apply(lab.copy / "laion", tmp_path / "out", **given)  # type: ignore[arg-type]
    assert again.done_before
    assert first.certificate.read_bytes() == before
    first.certificate.write_text('{"certificate": 1, "says": "of another run"}')
    relaion.apply(lab.copy / "laion", tmp_path / "out", **given)  # type: ignore[arg-type]
    assert first.certificate.read_bytes() == before
    other = tmp_path / "other.json"
    relaion.apply(lab.copy / "laion", tmp_path / "out", certificate=other, **given)  # type: ignore[arg-type]
    assert other.read_bytes() == before


def test_it_takes_no_place_of_anything_else(lab: labs.Lab, diff: Path, tmp_path: Path) -> None:
    notes = tmp_path / "notes.json"
    notes.write_text('{"mine": 1}')
    out = tmp_path / "out"
    places = {
        out / "c.json": "inside OUT", out: "inside OUT",
        lab.copy / "c.json": "inputs are never modified", diff: "inputs are never modified",
        notes: "is there and no certificate", tmp_path: "is a folder; name a file",
        Path("/dev/null"): "is there and no certificate",
        tmp_path / "none" / "c.json": "none: is not a folder; make it",
        notes / "c.json": "notes.json: is not a folder; make it",
    }  # fmt: skip
    for place, why in places.items():
        with pytest.raises(InputError, match=why):
            relaion.apply(lab.copy, out, diff=diff, certificate=place)
    assert notes.read_text() == '{"mine": 1}'
    assert not out.exists()


UNWRITABLE = pytest.mark.skipif(not Path("/proc").is_dir(), reason="no folder that takes no file")


@UNWRITABLE
def test_where_none_can_be_written_nothing_else_is(
    lab: labs.Lab, diff: Path, applied: Path, tmp_path: Path
) -> None:
    """It is said before any work, and of what it is: OUT, the certificate, or a diff."""
    out, nowhere = tmp_path / "out", Path("/proc/relaion.json")
    clean = ("apply", diff, lab.copy, "--out")
    goes_there = "relaion: /proc: cannot be written (No such file or directory), and the"
    for args, said in (
        ((*clean, out, "--certificate", nowhere), f"{goes_there} certificate goes there"),
        ((*clean, "/proc/o"), "so /proc/o cannot be made there; name another folder"),
        ((*clean, "/proc/o/o"), "so /proc/o/o cannot be made there; name another folder"),
        ((*clean, diff / "o"), f"{diff}/o: cannot be made, since {diff} is no folder"),
        (("verify", applied, "--diff", diff, "--certificate", nowhere), "certificate goes there"),
        (("diff", lab.old, lab.new, "--out", nowhere), f"{goes_there} diff goes there"),
    ):
        done = here(*args)
        assert done.returncode == 2, done.stdout
        assert said in done.stderr and done.stderr.count("\n") == 1
        assert not out.exists()


def test_a_folder_above_out_that_is_missing_is_made(
    lab: labs.Lab, diff: Path, tmp_path: Path
) -> None:
    out = tmp_path / "some" / "where" / "out"
    assert here("apply", diff, lab.copy, "--out", out).returncode == 0
    assert place_of(out, None).is_file()


# -- its check -------------------------------------------------------------------------------------


def run(*args: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(a) for a in args])
    return done.exit_code, done.output


def test_verify_certifies_what_holds(
    applied: Path, lab: labs.Lab, diff: Path, tmp_path: Path
) -> None:
    place = tmp_path / "checked.json"
    given = ("--diff", diff, "--inputs", lab.copy, "--certificate", place)
    code, said = run("verify", applied, *given)
    assert code == 0, said
    made = valid(place)
    plain = json.loads(place_of(applied, None).read_text())
    assert {**made, "checked": None} == plain
    assert [p["state"] for p in made["checked"]["promises"]] == ["held"] * 5
    assert "other code than apply" in made["checked"]["by"]


def test_verify_certifies_nothing_that_was_broken(
    applied: Path, lab: labs.Lab, diff: Path, tmp_path: Path
) -> None:
    out, place = tmp_path / "out", tmp_path / "checked.json"
    shutil.copytree(applied, out)
    shutil.copyfile(lab.copy / "text" / "cc3m.tsv", out / "text" / "cc3m.tsv")
    code, said = run("verify", out, "--diff", diff, "--certificate", place)
    assert code == 1
    assert "BROKEN" in said
    assert not place.exists()


def test_options_that_are_for_another_out_are_refused(
    applied: Path, lab: labs.Lab, diff: Path, tmp_path: Path
) -> None:
    for given, why in (
        (
            {"lists": tmp_path / "lists.duckdb"},
            "--lists: only for an OUT of clean; this one was made by apply",
        ),
        ({"certificate": tmp_path / "c.json"}, "nothing to certify without --diff"),
        ({"diff": diff, "keep": lab.new}, "say what to check by"),
        ({"old": lab.old}, "--old goes with --keep"),
        ({"diff": lab.new}, "new: is a folder, no diff"),
        ({"keep": diff}, "is a diff, no published edition; name it with --diff"),
        ({"keep": lab.new, "old": diff}, "is a diff, no data set"),
        ({"diff": diff, "inputs": diff}, "is a diff, no data set"),
        ({"diff": tmp_path / "none.parquet"}, "none.parquet: cannot be read"),
        ({"diff": diff, "certificate": applied / "c.json"}, "inside OUT"),
    ):
        with pytest.raises(InputError, match=why):
            relaion.verify(applied, **given)  # type: ignore[arg-type]


def test_an_out_of_clean_takes_none_of_them(lab: labs.Lab, diff: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "manifest.json").write_text("{}")
    (out / "audit.duckdb").write_bytes(b"")
    for given in ({"diff": diff}, {"keep": lab.new}, {"certificate": tmp_path / "c.json"}):
        with pytest.raises(
            InputError, match="only for an OUT of apply; this one was made by clean"
        ):
            relaion.verify(out, **given)  # type: ignore[arg-type]


Edit = Callable[[dict[str, Any]], object]
EDITS: dict[str, Edit] = {
    "stands_alone": lambda c: c.update(stands_alone=True),
    "says": lambda c: c.update(says=c["says"].partition(",")[0]),
    "identities": lambda c: c["identities"].update(none=0),
    "rows of the diff": lambda c: c["against"]["diff"].update(rows=1),
    "what the diff says": lambda c: c["against"]["diff"]["said"].update(rows_left=3),
    "versions": lambda c: c["versions"].update(relaion="9"),
    "finished": lambda c: c.update(finished="2020-01-01T00:00:00+00:00"),
    "parameters": lambda c: c["parameters"].update(by=["row"]),
    "bytes": lambda c: c["outputs"][0].update(bytes=1),
    "not_looked_at": lambda c: c.update(not_looked_at=[]),
    "an added key": lambda c: c.update(clean="yes"),
    "no check": lambda c: c.pop("checked"),
    "a check of any form": lambda c: c.update(checked={"at": "x"}),
    "a check of nothing": lambda c: c.update(
        checked={"when": "2026-11-27T00:00:00+00:00", "by": "relaion 1 verify: x", "promises": []}
    ),
}


def resaid(out: Path, edit: Edit) -> dict[str, Any]:
    place = place_of(out, None)
    said: dict[str, Any] = json.loads(place.read_text())
    edit(said)
    place.write_text(json.dumps(said))
    return said


@pytest.mark.slow
def test_an_edit_of_any_field_of_it_is_found(
    applied: Path, diff: Path, tmp_path: Path, in_process: None
) -> None:
    out = tmp_path / "out"
    shutil.copytree(applied, out)
    whole = json.loads(place_of(applied, None).read_text())
    place_of(out, None).write_text(json.dumps(whole))
    assert relaion.verify(out, diff=diff).ok
    for what, edit in EDITS.items():
        place_of(out, None).write_text(json.dumps(whole))
        resaid(out, edit)
        findings = [str(f) for f in relaion.verify(out, diff=diff).findings]
        assert any("is not the certificate of this OUT" in f for f in findings) or (
            what.startswith(("a check", "no check")) and findings
        ), what


def test_a_check_that_was_written_into_it_holds(
    applied: Path, diff: Path, lab: labs.Lab, tmp_path: Path, in_process: None
) -> None:
    out = tmp_path / "out"
    shutil.copytree(applied, out)
    relaion.verify(out, diff=diff, inputs=lab.copy, certificate=place_of(out, None))
    assert json.loads(place_of(out, None).read_text())["checked"]
    assert relaion.verify(out, diff=diff).ok


OF_BOTH: dict[str, Edit] = {
    "does not name the rows without an identity": lambda m: m.update(not_looked_at=[]),
    "names other versions or times": lambda m: m.update(relaion="9"),
    "names other versions": lambda m: m.update(finished="2020-01-01T00:00:00+00:00"),
    "says else of the diff": lambda m: m["plan"]["against"]["diff"]["said"].update(rows_left=3),
}


@pytest.mark.parametrize("found", OF_BOTH)
def test_an_edit_of_the_manifest_and_of_it_is_found_where_it_can_be(
    applied: Path, diff: Path, tmp_path: Path, in_process: None, found: str
) -> None:
    out = tmp_path / "out"
    shutil.copytree(applied, out)
    made = json.loads((out / "manifest.json").read_text())
    OF_BOTH[found](made)
    plan = json.dumps(made["plan"], sort_keys=True)
    made["run"] = hashlib.sha256(plan.encode()).hexdigest()[:16]
    (out / "manifest.json").write_text(json.dumps(made))
    place_of(out, None).write_text(json.dumps(certificates.certify(made)))
    findings = [str(f) for f in relaion.verify(out, diff=diff).findings]
    assert len(findings) == 1 and found in findings[0], findings


def test_what_was_not_looked_at_is_found_again(
    lab: labs.Lab, diff: Path, tmp_path: Path, in_process: None
) -> None:
    """With the copy before, each line that is taken out of manifest and certificate is missed."""
    copy = tmp_path / "copy"
    links = [f"https://pages.example/{i}" for i in range(20)]
    labs.parquet(copy / "a.parquet", labs.rows()[:20], source=links)
    labs.parquet(copy / "b.parquet", labs.rows()[:20], image=[{"src": x} for x in links])
    pq.write_table(pa.table({"words": ["x"] * 3}), copy / "c.parquet")
    rows = [{"url": r["url"], "page_url": "x"} for r in labs.rows()[:9]]
    (copy / "d.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    (copy / "e.tsv").write_text(
        "url\tpage_url\n" + "".join(f"{r['url']}\t{r['page_url']}\n" for r in rows)
    )
    (copy / "f.npy").write_bytes(b"x")
    done = relaion.apply(copy, tmp_path / "out", diff=diff)
    given: dict[str, Any] = {"diff": diff, "inputs": copy}
    assert relaion.verify(done.out, **given).ok
    made = json.loads((done.out / "manifest.json").read_text())
    lines = made["not_looked_at"]
    assert len(lines) == 7, lines
    for i, line in enumerate(lines):
        less = {**made, "not_looked_at": lines[:i] + lines[i + 1 :]}
        (done.out / "manifest.json").write_text(json.dumps(less))
        place_of(done.out, None).write_text(json.dumps(certificates.certify(less)))
        assert len(relaion.verify(done.out, **given).findings) == 1, line
