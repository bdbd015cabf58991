"""Values of sidecars that are no digest: counted, told by name, published without any.

Whoever gave a sidecar sees which of its columns hold junk. What is published says how much of
it there was in all: a sidecar's name, and its columns', may be a partner's.
"""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.engine import connect
from relaion.errors import OutputError
from relaion.run import find, find_task
from relaion.run.audit_file import read_told
from relaion.stages.clean import clean
from relaion.stages.match import match
from relaion.stages.verify import verify
from tests import oracle
from tests.pipeline import InProcess, Sent, add_lists, here

pytestmark = pytest.mark.usefixtures("in_process")

LINKS = [f"https://a.example/{i}.jpg" for i in range(6)]
MD5S = [oracle.md5(f"image {i}") for i in range(6)]
SHA1S = [hashlib.sha1(f"image {i}".encode()).hexdigest() for i in range(6)]
# (as it stands in the sidecar, whether it is a digest or nothing at all)
VALUES = [
    (MD5S[0].upper(), 1),
    ("junk", 0),
    (" ", 1),
    (None, 1),
    (SHA1S[4], 0),
    ("0x" + MD5S[5], 1),
]
JUNK = sum(not fine for _, fine in VALUES)
PARQUET = "sidecar supplier-a.parquet: "
TSV = "sidecar supplier-b.tsv: "


def world(folder: Path, *, kinds: tuple[str, ...] = ("image_md5", "image_sha1")) -> dict[str, Any]:
    data = folder / "en"
    data.mkdir()
    rows = {
        "url": LINKS,
        "image_url": pa.nulls(6, pa.string()),
        "text": ["words"] * 6,
        "punsafe": [0.1] * 6,
    }
    pq.write_table(pa.table(rows), data / "p.parquet")
    beside = folder / "beside"
    beside.mkdir()
    values = [value for value, _ in VALUES]
    pq.write_table(
        pa.table(
            {
                "url": LINKS,
                "image_url": [f"{link}?mirror" for link in LINKS],
                "md5": values,
                "original_md5": ["x", *MD5S[1:]],
                "supplier_sha1": [[s] for s in SHA1S],
            }
        ),
        beside / "supplier-a.parquet",
        row_group_size=4,
    )
    lines = [f"{u}\t{v or ''}\t{s}\n" for u, v, s in zip(LINKS, values, SHA1S, strict=True)]
    lines[3] = f"{LINKS[3]}\t\tnothing\n"
    (beside / "supplier-b.tsv").write_text("url\tmd5\tsha1\n" + "".join(lines))
    entries = {"image_md5": MD5S[0], "image_sha1": SHA1S[1], "url": "https://b.example/1.jpg"}
    add_lists(folder / "lists.duckdb", [Sent(tuple((k, entries[k]) for k in kinds))])
    (folder / "words.txt").write_text("teapot\n")
    return {"lists": folder / "lists.duckdb", "sidecars": [beside],
            "columns": {"url": ["url", "image_url"]}}  # fmt: skip


TOLD = {
    f"{PARQUET}column md5: {JUNK} values that are no MD5",
    f"{PARQUET}column original_md5: 1 values that are no MD5",
    f"{PARQUET}column supplier_sha1: holds what is as long as SHA-1 (supplier_sha1[]) inside, "
    "which are not matched; if they are of images, write a row for each of them (in DuckDB: "
    "unnest(supplier_sha1))",
    f"{TSV}column md5: {JUNK} values that are no MD5",
    f"{TSV}column sha1: 1 values that are no SHA-1",
}
PUBLISHED = {
    f"{2 * JUNK + 1} values of sidecars that are no MD5",
    "1 values of sidecars that are no SHA-1",
    "columns of sidecars that are not used",
}


@pytest.mark.slow
def test_what_a_sidecar_holds_that_is_no_digest_is_told(tmp_path: Path) -> None:
    given = world(tmp_path)
    out, words = tmp_path / "out", tmp_path / "words.txt"
    assert {x.sentence for x in match([tmp_path / "en"], **given).not_looked_at} == TOLD
    done = clean([tmp_path / "en"], out=out, keywords=words, executor=InProcess(), **given)
    assert done.verdict is not None
    assert done.verdict.ok, done.verdict.findings
    assert {x.sentence for x in done.not_looked_at} == TOLD == set(done.verdict.not_looked_at)
    assert not done.verdict.clean
    assert {x.sentence for x in read_told(out).not_looked_at} == PUBLISHED
    # one who has only OUT, or no sidecar, hears what the audit says
    assert set(verify(out).not_looked_at) == PUBLISHED
    del given["sidecars"], given["columns"]
    partly = verify(out, inputs=[tmp_path / "en"], keywords=words, **given)
    assert set(partly.not_looked_at) >= PUBLISHED
    again = here("clean", "en", "--lists", "lists.duckdb", "--sidecar", "beside", "--keywords",
                 "words.txt", "--column", "url=url", "--column", "url=image_url", "--out", "out",
                 "--json", cwd=tmp_path)  # fmt: skip
    assert {x["reason"] for x in json.loads(again.stdout)["not_looked_at"]} == {
        "values of sidecars that are no MD5",
        "values of sidecars that are no SHA-1",
        "columns of sidecars that are not used",
    }


@pytest.mark.slow
def test_no_name_of_a_sidecar_stands_in_the_audit(tmp_path: Path) -> None:
    given = world(tmp_path)
    out = tmp_path / "out"
    clean([tmp_path / "en"], out=out, executor=InProcess(), verify=False, **given)
    held = (out / "audit.duckdb").read_bytes()
    for name in (b"supplier", b"original_md5", b"junk", SHA1S[4].encode()):
        assert name not in held, name
    for line in read_told(out).not_looked_at:
        assert line.role in ("keywords", "image_md5", "image_sha1")
        assert (line.subset, line.column, line.sidecar) == (None, None, None)


@pytest.mark.slow
def test_verify_counts_them_itself(tmp_path: Path) -> None:
    given = world(tmp_path)
    whole, words = tmp_path / "whole", tmp_path / "words.txt"
    clean([tmp_path / "en"], out=whole, keywords=words, executor=InProcess(), verify=False, **given)
    where = "where reason = 'values of sidecars that are no MD5'"
    for i, lie in enumerate((
        f"update not_looked_at set n_values = n_values + 1 {where}",
        f"delete from not_looked_at {where}",
        f"update not_looked_at set column_name = 'md5' {where}",
    )):  # fmt: skip
        out = Path(shutil.copytree(whole, tmp_path / f"out{i}"))
        with connect(out / "audit.duckdb") as engine:
            engine.execute(lie)
            engine.execute("checkpoint")
        found = verify(out, inputs=[tmp_path / "en"], keywords=words, **given).findings
        assert "table not_looked_at is not what was left out" in {f.what for f in found}


@pytest.mark.slow
def test_of_kinds_that_no_list_holds_nothing_is_told(tmp_path: Path) -> None:
    given = world(tmp_path, kinds=("image_sha1", "url"))
    told = {x.sentence for x in match([tmp_path / "en"], **given).not_looked_at}
    assert told == {line for line in TOLD if "sha1" in line}


@pytest.mark.slow
def test_a_run_that_goes_on_tells_them_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = world(tmp_path)
    out, words = tmp_path / "out", tmp_path / "words.txt"

    def break_off(*_: object) -> None:
        raise OutputError("no more")

    with monkeypatch.context() as broken:
        broken.setattr(find.Hunt, "_gathered", break_off)
        with pytest.raises(OutputError, match="no more"):
            clean([tmp_path / "en"], out=out, keywords=words, executor=InProcess(), **given)

    def never(*_: object, **__: object) -> None:
        raise AssertionError("the sidecars are searched again")

    monkeypatch.setattr(find_task, "find_sidecar_keys", never)
    done = clean([tmp_path / "en"], out=out, keywords=words, executor=InProcess(), **given)
    assert {x.sentence for x in done.not_looked_at} == TOLD
