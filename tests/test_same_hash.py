"""Rows of one row hash: LAION's hashes link and caption with nothing between them.

Of two such rows one may be listed and leave, while the other stays in the edition.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relaion
from relaion.labs.diff_file import BARE, META, Content
from tests import labs
from tests import oracle_copy as oracle
from tests.test_apply_known import in_csv, in_lines, in_parquet, in_tar, in_tsv

pytestmark = pytest.mark.usefixtures("in_process")
Rows = Sequence[Mapping[str, Any]]
LISTED = {"url": "https://h.example/12", "text": "34 words"}
OTHER = {"url": "https://h.example/1234", "text": " words"}
REST = [{"url": f"https://b.example/{i}.jpg", "text": f"b {i}"} for i in range(40)]
STAYS = 30
FORMS: dict[str, Callable[[Path, Rows], Path]] = {
    "parquet": in_parquet, "json lines": in_lines, "csv": in_csv, "tsv": in_tsv, "a tar": in_tar
}  # fmt: skip
WAYS = ("keep", "keep of old", "diff")


def hashed(rows: Rows) -> list[dict[str, Any]]:
    return [dict(r) | {"hash": labs.murmur(r)} for r in rows]


def only(rows: Rows, *names: str) -> list[dict[str, Any]]:
    return [{name: r[name] for name in names} for r in rows]


OLD = hashed([*REST, LISTED, OTHER])
NEW = hashed([*REST[:STAYS], OTHER])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, in_process: None) -> Path:
    folder = tmp_path_factory.mktemp("world")
    in_parquet(folder / "old", OLD)
    in_parquet(folder / "new", NEW)
    relaion.diff(folder / "old", folder / "new", folder / "diff.parquet")
    return folder


def cleaned(world: Path, way: str, copy: Path, out: Path, **more: Any) -> Any:
    """What was done to a copy; a check of other code says the same."""
    given: dict[str, Any] = {
        "keep": {"keep": world / "new"},
        "keep of old": {"keep": world / "new", "old": world / "old"},
        "diff": {"diff": world / "diff.parquet"},
    }[way]
    done = relaion.apply(copy, out, **given, **more)
    verdict = relaion.verify(out, inputs=copy, **given)
    assert verdict.ok, [str(f) for f in verdict.findings]
    return done


def links(folder: Path) -> list[str]:
    return [str(x) for p in folder.rglob("*.parquet") for x in pq.read_table(p)["url"].to_pylist()]


def test_one_line_of_the_diff_has_a_length(world: Path) -> None:
    lines = pq.read_table(world / "diff.parquet").to_pylist()
    assert len(lines) == len(REST) - STAYS + 1
    (told,) = [x for x in lines if x["link_bytes"] is not None]
    assert (told["row_hash"], told["link_bytes"]) == (labs.murmur(LISTED), len(LISTED["url"]))


def test_a_diff_of_sets_cut_otherwise_names_it_too(world: Path, tmp_path: Path) -> None:
    for i, row in enumerate(reversed(OLD[-3:])):
        in_parquet(tmp_path / f"old/{i}", [row])
    pq.write_table(pa.Table.from_pylist(NEW[::-1]), tmp_path / "new.parquet")
    relaion.diff(tmp_path / "old", tmp_path / "new.parquet", tmp_path / "d.parquet")
    found = pq.read_table(tmp_path / "d.parquet")["link_bytes"].to_pylist()
    assert sorted(found, key=str) == [len(LISTED["url"]), None]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("columns", [("url", "text", "hash"), ("url", "text"), ("url", "hash")])
def test_the_listed_one_leaves_and_the_other_stays(
    world: Path, tmp_path: Path, way: str, columns: tuple[str, ...]
) -> None:
    copy = tmp_path / "copy"
    for form, write in FORMS.items():
        write(copy / form, only(OLD, *columns))
    done = cleaned(world, way, copy, tmp_path / "out")
    assert done.kept == len(NEW) * len(FORMS)
    assert LISTED["url"] not in links(tmp_path / "out")
    assert OTHER["url"] in links(tmp_path / "out")


@pytest.mark.parametrize(("way", "kept"), [("keep", 32), ("keep of old", 30), ("diff", 30)])
def test_without_links_nobody_can_tell_and_what_is_known_to_have_left_takes_both(
    world: Path, tmp_path: Path, way: str, kept: int
) -> None:
    done = cleaned(world, way, in_parquet(tmp_path / "copy", only(OLD, "hash")), tmp_path / "out")
    assert done.kept == kept
    assert any(line.startswith("42 rows known by row hash alone") for line in done.also)


@pytest.mark.parametrize("way", WAYS)
def test_a_link_that_is_spelled_anew_says_what_its_hash_does_not(
    world: Path, tmp_path: Path, way: str
) -> None:
    anew = [r | {"url": r["url"].replace("https://", "http://www.")} for r in OLD]
    copy = in_parquet(tmp_path / "copy", only(anew, "url", "hash"))
    done = cleaned(world, way, copy, tmp_path / "out")
    assert done.kept == len(NEW)
    assert OTHER["url"].replace("https://", "http://www.") in links(tmp_path / "out")


@pytest.mark.parametrize("way", ["keep", "keep of old"])
def test_where_links_do_not_count_hashes_that_they_do_not_give_are_believed(
    world: Path, tmp_path: Path, way: str
) -> None:
    moved = [r | {"url": f"s3://mine/{i}", "text": "new"} for i, r in enumerate(OLD[: STAYS + 5])]
    copy = in_parquet(tmp_path / "copy", moved)
    done = cleaned(world, way, copy, tmp_path / "out", by="row", columns={"row_hash": "hash"})
    assert done.kept == STAYS


@pytest.mark.parametrize(("way", "kept"), [("keep", 32), ("keep of old", 31), ("diff", 31)])
def test_where_the_user_vouches_for_hashes_the_old_set_or_a_diff_tells_what_left(
    world: Path, tmp_path: Path, way: str, kept: int
) -> None:
    anew = in_parquet(tmp_path / "copy", [r | {"text": f"new {i}"} for i, r in enumerate(OLD)])
    done = cleaned(world, way, anew, tmp_path / "out", columns={"row_hash": "hash"})
    assert done.kept == kept
    assert any("known by row hash alone" in line for line in done.also) == (way != "diff")


@pytest.mark.parametrize("way", WAYS)
def test_an_edition_with_both_keeps_both(tmp_path: Path, way: str) -> None:
    in_parquet(tmp_path / "old", OLD)
    in_parquet(tmp_path / "new", hashed([*REST[:STAYS], LISTED, OTHER]))
    done = relaion.diff(tmp_path / "old", tmp_path / "new", tmp_path / "diff.parquet")
    assert done.lines == len(REST) - STAYS
    made = cleaned(tmp_path, way, tmp_path / "old", tmp_path / "out")
    assert made.kept == STAYS + 2


def in_form_2(diff: Path) -> None:
    """Write a diff as it was written before links had lengths."""
    table = pq.read_table(diff)
    said = json.loads(table.schema.metadata[META])
    told = table.filter([x is None for x in table["link_bytes"].to_pylist()]).drop("link_bytes")
    said |= {"form": BARE, "rows": told.num_rows}
    content = Content(told.schema.remove_metadata())
    for batch in told.to_batches():
        content.add(batch)
    said["content"] = content.sha256(said)
    meta = {META: json.dumps(said, sort_keys=True).encode()}
    pq.write_table(told.replace_schema_metadata(meta), diff)


def test_a_diff_of_the_form_before_is_read_and_its_want_is_told(
    world: Path, tmp_path: Path
) -> None:
    (tmp_path / "diff.parquet").write_bytes((world / "diff.parquet").read_bytes())
    in_form_2(tmp_path / "diff.parquet")
    done = cleaned(tmp_path, "diff", world / "old", tmp_path / "out")
    assert done.kept == len(NEW) + 1
    assert any("is of form 2" in line for line in done.also)


# -- One text cut anywhere -----------------------------------------------------------------------


def cuts_of(draw: st.DrawFn, text: str) -> list[dict[str, Any]]:
    """Two rows that share a text, and a row hash."""
    places = draw(st.sets(st.integers(9, len(text)), min_size=2, max_size=2))
    return [{"url": text[:at], "text": text[at:]} for at in places]


@st.composite
def drawn(draw: st.DrawFn) -> tuple[Rows, Rows, Rows]:
    """A copy, an edition, and the set that it was made of; all share texts cut anywhere."""
    texts = [f"https://h{i}.example/12 34 é {i}" for i in range(8)]
    old = [row for text in texts for row in cuts_of(draw, text)]
    stays = draw(st.sets(st.integers(0, len(old) - 1), min_size=4, max_size=12))
    more = cuts_of(draw, texts[0])  # a third cut, which neither set has
    return [*old, *more], [row for i, row in enumerate(old) if i in stays], old


@pytest.mark.parametrize("columns", [("url", "text", "hash"), ("url", "text")])
@pytest.mark.parametrize("way", WAYS)
@given(sets=drawn())
@settings(max_examples=3)
def test_what_stays_of_texts_cut_anywhere_is_what_the_model_keeps(
    tmp_path_factory: pytest.TempPathFactory, way: str, columns: tuple[str, ...], sets: Any
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    copy, new, old = (hashed([*REST, *some]) for some in sets)
    in_parquet(folder / "old", old)
    in_parquet(folder / "new", new)
    copied = in_parquet(folder / "copy", only(copy, *columns))
    fates = oracle.by_keep(copy, new, old if way == "keep of old" else None)
    if way == "diff":
        relaion.diff(folder / "old", folder / "new", folder / "diff.parquet")
        fates = oracle.by_diff(copy, oracle.diff_of(old, new, b"").lines, b"")
    cleaned(folder, way, copied, folder / "out")
    stayed = pq.read_table(folder / "out" / "a.parquet").select(["url", "text"]).to_pylist()
    assert stayed == only(
        [r for r, f in zip(copy, fates, strict=True) if not f.leaves], "url", "text"
    )
    if way != "diff":  # of rows that no set had a diff knows nothing
        bare = [{r["url"].rstrip(" /") for r in some} for some in (stayed, new)]
        assert bare[0] <= bare[1]


@pytest.mark.parametrize("way", WAYS)
def test_an_edition_that_spells_links_anew_beside_its_hashes_takes_nothing_that_it_holds(
    tmp_path: Path, way: str
) -> None:
    """Of a third of its rows no other length tells that the row with that hash left."""
    anew = [
        r | {"url": r["url"].replace("https:", "http:")} if i % 3 else r for i, r in enumerate(NEW)
    ]
    in_parquet(tmp_path / "old", OLD)
    in_parquet(tmp_path / "new", only(anew, "url", "hash"))
    done = relaion.diff(tmp_path / "old", tmp_path / "new", tmp_path / "diff.parquet")
    assert done.left == len(OLD) - len(NEW)
    made = cleaned(tmp_path, way, tmp_path / "old", tmp_path / "out")
    assert made.kept == len(NEW)
    assert LISTED["url"] not in links(tmp_path / "out")
