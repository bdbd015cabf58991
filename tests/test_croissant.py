"""`report --croissant`: the file says what the editions' files and columns are, and no more."""

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import relaion
from relaion.reporting import croissant
from tests import report_world
from tests.report_world import MD5

PROGRAM = shutil.which("mlcroissant")
ROWS = 1_100
EDITIONS = ["research", "research-safe"]
# column, values, and what the file says of them: None where it leaves them out
ODD: list[tuple[str, Any, str | None]] = [
    ("URL", pa.array([f"https://h{i % 50}.example/{i}.jpg" for i in range(ROWS)]), "sc:URL"),
    ("a b", pa.array(range(ROWS)), "sc:Float"),  # of the other shard: fractions
    ("😀", pa.array([True] * ROWS), "sc:Boolean"),
    ("same", pa.array(["x"] * ROWS), "sc:Text"),
    ("same", pa.array([1.5] * ROWS), "sc:Float"),
    ("Same", pa.array([7] * ROWS, pa.uint8()), "sc:Integer"),
    ("column.2", pa.array([b"x"] * ROWS), "sc:Text"),
    ("..", pa.array([0] * ROWS, pa.timestamp("us", "UTC")), "sc:DateTime"),
    ('a/b "<\\', pa.array([0] * ROWS, pa.date32()), "sc:Date"),
    ("tags", pa.array([["a", "b"]] * ROWS), "sc:Text"),
    ("nested", pa.array([{"x": 1}] * ROWS), None),
    ("deep", pa.array([[["x"]]] * ROWS), None),
    ("image_md5", pa.array([hashlib.md5(b"%d" % i).hexdigest() for i in range(ROWS)]), "sc:Text"),
]


def write(out: Path, path: Path, **given: Any) -> dict[str, Any]:
    relaion.report(out, croissant=path, i_accept_disclosure=True, **given)
    return dict(json.loads(path.read_bytes()))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report_world.plain(tmp_path_factory.mktemp("croissant"))


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("odd")
    data = folder / "data/e n"
    data.mkdir(parents=True)
    table = pa.Table.from_arrays([x for _, x, _ in ODD], names=[name for name, *_ in ODD])
    pq.write_table(table, data / "ä 1%.parquet")
    pq.write_table(pa.table({"URL": ODD[0][1], "a b": [0.5] * ROWS}), data / "b.parquet")
    report_world.add(folder, MD5[:3], source="A")
    return report_world.clean(folder, words=False)


def ids(part: Any) -> list[str]:
    """Every `@id` of a thing, not of a reference to one."""
    if isinstance(part, list):
        return [x for inner in part for x in ids(inner)]
    if not isinstance(part, dict) or {*part} == {"@id"}:
        return []
    own = [part["@id"]] if "@id" in part else []
    return own + [x for name, inner in part.items() if name != "@context" for x in ids(inner)]


def test_it_says_what_the_run_and_its_files_are(plain: Path, tmp_path: Path) -> None:
    made = write(plain, tmp_path / "c.json", licence="cc-by-4.0", title="A set")
    manifest = json.loads((plain / "manifest.json").read_bytes())
    assert (made["@type"], made["conformsTo"]) == ("sc:Dataset", croissant._CONFORMS)
    assert (made["name"], made["license"], made["version"]) == ("A set", "cc-by-4.0", "1.0.0")
    assert made["datePublished"] == manifest["finished"][:10]
    sets = [x for x in made["distribution"] if x["@type"] == "cr:FileSet"]
    assert [len([*plain.glob(x["includes"])]) for x in sets] == [2, 2]
    files = [x for x in made["distribution"] if x["@type"] == "cr:FileObject"]
    assert len(files) == 4
    for file in files:
        raw = (plain / file["contentUrl"]).read_bytes()
        assert file["sha256"] == hashlib.sha256(raw).hexdigest()
        assert file["contentSize"] == f"{len(raw)} B"
    assert [x["@id"] for x in made["recordSet"]] == EDITIONS
    for edition in made["recordSet"]:
        schema = pq.read_schema(plain / edition["@id"] / "en/a.parquet")
        assert [x["source"]["extract"]["column"] for x in edition["field"]] == schema.names
        held = {x["source"]["fileSet"]["@id"] for x in edition["field"]}
        assert held == {x["@id"] for x in sets if x["name"] == edition["@id"]}


def test_odd_columns(odd: Path, tmp_path: Path) -> None:
    made = write(odd, tmp_path / "c.json")
    every = ids(made)
    assert len({*every}) == len(every)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+(?:[./][A-Za-z0-9_-]+)*", x) for x in every)
    for edition in made["recordSet"]:
        told = [(x["name"], x["dataType"]) for x in edition["field"]]
        assert told == [(name, kind) for name, _, kind in ODD if kind is not None]
        assert [x["name"] for x in edition["field"] if x.get("repeated")] == ["tags"]
        assert edition["description"].endswith("type unknown here: nested and deep.")
        whole = [x["name"] for x in edition["field"] if "not in every" not in str(x)]
        assert whole == ["URL", "a b"]
    links = [x["contentUrl"] for x in made["distribution"] if "contentUrl" in x]
    assert "research/e%20n/%C3%A4%201%25.parquet" in links
    assert "license" not in made


def test_many_shards_are_told_by_their_sums(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(croissant, "MOST_SHARDS", 3)
    made = write(plain, tmp_path / "card/c.json", card=tmp_path / "card")
    (file,) = (x for x in made["distribution"] if x["@type"] == "cr:FileObject")
    raw = (tmp_path / "card" / file["contentUrl"]).read_bytes()
    assert file["sha256"] == hashlib.sha256(raw).hexdigest()


def test_it_is_the_same_again_and_says_no_more_than_a_card(plain: Path, tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    write(plain, path, card=tmp_path / "card")
    raw = path.read_bytes()
    relaion.report(plain, croissant=path, i_accept_disclosure=True)  # over what `report` made
    assert path.read_bytes() == raw
    card = (tmp_path / "card/README.md").read_text("utf-8")
    said = " ".join(
        json.dumps({k: v for k, v in x.items() if k in ("name", "description", "citeAs")})
        for x in (json.loads(raw), *json.loads(raw)["recordSet"])
    )
    assert {*re.findall(r"[\d,]*\d", said)} <= {*re.findall(r"[\d,]*\d", card)}
    assert str(plain).encode() not in raw
    assert b"partner.example" not in raw and b"listed.example" not in raw


def test_a_shard_that_is_gone_is_one_line(plain: Path, tmp_path: Path) -> None:
    out = shutil.copytree(plain, tmp_path / "out")
    (out / "research/en/a.parquet").unlink()
    with pytest.raises(relaion.RelaionError, match="is missing, and the manifest states"):
        write(out, tmp_path / "c.json")
    assert not (tmp_path / "c.json").exists()


@pytest.mark.skipif(PROGRAM is None, reason="no mlcroissant on this machine")
@pytest.mark.parametrize("world", ["plain", "odd"])
def test_mlcroissant_takes_it(world: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    write(request.getfixturevalue(world), tmp_path / "c.json", licence="cc-by-4.0")
    done = subprocess.run(
        [str(PROGRAM), "validate", "--jsonld", tmp_path / "c.json"],
        capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "arning" not in done.stderr.replace("WARNING: All log messages", "")
