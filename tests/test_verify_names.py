"""The names in the manifest of a run are at every level those that `clean` writes, in its order."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from relaion.errors import OutputError
from relaion.verifier.manifest import read_statement
from relaion.verifier.shape import check_shape
from relaion.verifier.verdict import Notes
from tests import cover_world as world
from tests.cover_world import md5
from tests.faults.world import run
from tests.pipeline import InProcess, Sent, add_lists, write_shard

At = tuple[str | int, ...]
# the order is that of the user's --column
UNORDERED = {("parameters", "columns")}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Of an update, so that each part of a manifest is there."""
    from relaion.stages.update import update

    folder = tmp_path_factory.mktemp("named")
    rows = [row for shard in world.rows() for row in shard if "//site" in row["url"]]
    listed = [row for row in rows if "site3." in row["url"]]
    write_shard(folder / "data/en/part-0.parquet", [*rows[:200], *listed])
    add_lists(folder / "lists.duckdb", [Sent((("url", listed[0]["url"]),))])
    words = folder / "words.txt"
    words.write_text("picture\n")
    run(folder, cover=1, cover_site_rows=20, keywords=words)
    add_lists(
        folder / "lists.duckdb", [Sent((("image_md5", md5("7-1")), ("url", "http://b.example/1")))]
    )
    update(
        folder / "out", inputs=[folder / "data"], lists=folder / "lists.duckdb",
        out=folder / "again", keywords=words, verify=False, executor=InProcess(),
    )  # fmt: skip
    return dict(json.loads((folder / "again/manifest.json").read_text()))


def objects(value: Any, at: At = ()) -> Iterator[At]:
    """Where objects stand; of a list the last item."""
    if isinstance(value, dict):
        yield at
        for name, more in value.items():
            yield from objects(more, (*at, name))
    elif isinstance(value, list) and value:
        yield from objects(value[-1], (*at, len(value) - 1))


def said_of(folder: Path, raw: dict[str, Any]) -> list[str]:
    (folder / "manifest.json").write_text(json.dumps(raw, indent=1, ensure_ascii=True) + "\n")
    notes = Notes()
    try:
        check_shape(read_statement(folder), notes)
    except OutputError as e:
        return [str(e)]
    return [finding.what for finding in notes.findings]


@pytest.mark.slow
def test_a_manifest_as_it_was_written_has_the_names_of_one(
    manifest: dict[str, Any], tmp_path: Path
) -> None:
    assert said_of(tmp_path, manifest) == []
    places = {at for at in objects(manifest)}
    assert {at[0] for at in places if at} >= {
        "scripts", "parameters", "editions", "lists", "inputs", "outputs", "lineage", "cover",
    }  # fmt: skip
    assert any(at[0] == "lineage" and "entries" in at for at in places if at)


@pytest.mark.parametrize("what", ["added", "lost", "another", "turned"])
def test_a_name_too_much_too_little_or_out_of_order_is_found_at_every_level(
    what: str, manifest: dict[str, Any], tmp_path: Path
) -> None:
    for at in objects(manifest):
        raw = copy.deepcopy(manifest)
        found = raw
        for step in at:
            found = found[step]  # type: ignore[index]
        names = list(found)
        if what == "turned" and (len(names) < 2 or at in UNORDERED):
            continue
        if what in ("lost", "another") and not names:
            continue
        if what == "added":
            found["secret"] = "https://x.example/1"
        elif what == "lost" and at[-1:] != ("entries",):  # of kinds some may lack
            del found[names[-1]]
        elif what == "another":
            found["secret"] = found.pop(names[0])
        elif what == "turned":
            items = list(found.items())[::-1]
            found.clear()
            found.update(items)
        if raw == manifest and list(found) == names:
            continue
        said = said_of(tmp_path, raw)
        assert said, (what, at)
        assert not any("x.example" in line or "secret" in line for line in said)
