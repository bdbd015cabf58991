"""Diffs of sets that lie elsewhere, and copies that do: the same as of files here."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import relaion
from relaion.errors import InputError
from relaion.labs.diff_file import META
from tests import labs
from tests.remote_world import BUCKET, S3World

pytestmark = pytest.mark.usefixtures("in_process")
TOP = f"s3://{BUCKET}/labs"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, s3_server: S3World, in_process: None) -> labs.Lab:
    """Two sets, a copy in every form and a diff, here and on s3."""
    made = labs.make(tmp_path_factory.mktemp("lab"))
    relaion.diff(made.old, made.new, made.copy.parent / "diff.parquet")
    s3_server.put_folder(made.copy.parent, "labs")
    return made


def said(diff: Path) -> dict[str, Any]:
    """What a diff says of itself, but for what is drawn anew or a time."""
    found = json.loads(pq.read_schema(diff).metadata[META])
    return {k: v for k, v in found.items() if k not in ("salt", "made", "content")}


def below(folder: Path) -> dict[str, bytes]:
    """All files of a copy, but for what tells of times."""
    files = (p for p in folder.rglob("*") if p.is_file() and p.name != "manifest.json")
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def test_a_diff_of_sets_elsewhere_says_the_same(s3: S3World, lab: labs.Lab, tmp_path: Path) -> None:
    args: dict[str, Any] = {"work": tmp_path / "work"}
    found = relaion.diff(f"{TOP}/old", f"{TOP}/new/part-*.parquet", tmp_path / "d.parquet", **args)
    assert found.left == len(labs.GONE)
    assert said(tmp_path / "d.parquet") == said(lab.copy.parent / "diff.parquet")
    assert (
        pq.read_table(tmp_path / "d.parquet")["row_hash"].to_pylist()
        == pq.read_table(lab.copy.parent / "diff.parquet")["row_hash"].to_pylist()
    )
    assert [*(tmp_path / "work").iterdir()] == []
    with pytest.raises(InputError, match=rf"{TOP}/diff.parquet: is a diff, no data set"):
        relaion.diff(f"{TOP}/diff.parquet", lab.new, tmp_path / "e.parquet", **args)


@pytest.mark.slow
@pytest.mark.parametrize("by", ["keep", "diff"])
def test_a_copy_elsewhere_is_cleaned_the_same(
    s3: S3World, lab: labs.Lab, tmp_path: Path, by: str
) -> None:
    """Tars, tables, lines and parquet: all come whole."""
    top = lab.copy.parent

    def given(of: str | Path) -> dict[str, Any]:
        if by == "diff":
            return {"diff": f"{of}/diff.parquet"}
        return {"keep": f"{of}/new", "old": f"{of}/old"}

    work: dict[str, Any] = {"work": tmp_path / "work"}
    local = relaion.apply(lab.copy, tmp_path / "local", **given(top))
    there = relaion.apply(f"{TOP}/copy", tmp_path / "there", **given(TOP), **work)
    assert below(tmp_path / "there") == below(tmp_path / "local")
    assert there.counts == local.counts
    assert all(p.stat().st_mode & 0o777 == 0o644 for p in (tmp_path / "there").rglob("*.*"))
    assert [*(tmp_path / "work").iterdir()] == []
    manifests = [
        json.loads((tmp_path / name / "manifest.json").read_text()) for name in ("local", "there")
    ]
    assert manifests[0]["outputs"] == manifests[1]["outputs"]
    assert manifests[0]["against"] == manifests[1]["against"]
    assert manifests[0]["inputs"] == manifests[1]["inputs"]
    again = relaion.apply(f"{TOP}/copy", tmp_path / "there", **given(TOP), **work)
    assert again.counts == there.counts
    for inputs, of in ((lab.copy, top), (f"{TOP}/copy", TOP)):
        verdict = relaion.verify(tmp_path / "there", inputs=inputs, **given(of), **work)
        assert {o.state for o in verdict.outcomes} == {"held"}
    if by == "keep":
        s3.put("labs/new/part-0.parquet", lab.old / "part-0.parquet")
        try:
            with pytest.raises(InputError, match="other arguments"):
                relaion.apply(f"{TOP}/copy", tmp_path / "there", **given(TOP), **work)
        finally:
            s3.put("labs/new/part-0.parquet", lab.new / "part-0.parquet")
