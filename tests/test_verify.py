"""Break one thing in a finished OUT, state it as if it were meant, and see verify find it."""

import hashlib
import math
import re
import shutil
import struct
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relaion.engine import Engine
from relaion.errors import InputError, ListError
from relaion.lists.key import key_path
from relaion.lists.store import withdraw
from relaion.verifier.checker import verify
from relaion.verifier.lookup import look_up
from relaion.verifier.manifest import WHY
from relaion.verifier.rows import batches
from relaion.verifier.shard import check_shard
from relaion.verifier.task import ShardTask
from relaion.verifier.together import check_together, parts_of
from relaion.verifier.verdict import Verdict
from tests import oracle
from tests.drawn import quickly
from tests.one_duckdb import filling
from tests.pipeline import here, piped
from tests.verify_world import MORE_SCOPES, SCHEMA, World, md5, roles, row, write

pytestmark = pytest.mark.usefixtures("all_counts", "no_sample")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("made")).make()


@pytest.fixture
def world(made: World, tmp_path: Path) -> World:
    """A copy to break; hard links of untouched shards become files of their own."""
    top = tmp_path / "world"
    shutil.copytree(made.top, top)
    copy = World(top, shards=made.shards)
    copy.manifest, copy.counts = deepcopy(made.manifest), made.counts
    return copy


def lists_are_unchecked(verdict: Verdict, text: str) -> None:
    for promise in ("1a", "1b", "6"):
        assert outcome(verdict, promise).state == "not checked"
        assert text in outcome(verdict, promise).why


def check(world: World, **given: object) -> Verdict:
    return verify(world.out, **(world.arguments() | given))


def whole(verdict: Verdict) -> bool:
    """Whether every promise was checked in full and held, whatever the run left out."""
    return all(o.state == "held" for o in verdict.outcomes)


def said(verdict: Verdict) -> set[tuple[str, str]]:
    return {(f.promise, str(f)) for f in verdict.findings}


def broken(verdict: Verdict) -> set[str]:
    return {o.promise for o in verdict.outcomes if o.state == "broken"}


def without(table: pa.Table, row: int) -> pa.Table:
    return pa.concat_tables([table[:row], table[row + 1 :]])


def put(table: pa.Table, row: int, column: str, value: object) -> pa.Table:
    values = table[column].to_pylist()
    values[row] = value
    at = table.schema.get_field_index(column)
    field = table.schema.field(at)
    return table.set_column(at, field, pa.array(values, field.type))


def input_row(world: World, row: int) -> pa.Table:
    table = pa.Table.from_pylist(world.shards["alpha", "part-0.parquet"], SCHEMA)
    return table[row : row + 1]


def rows_of(world: World, edition: str) -> pa.Table:
    table = pq.read_table(world.output(edition))
    return table.cast(SCHEMA).replace_schema_metadata(SCHEMA.metadata)


def put_back(world: World, row: int, at: int, edition: str = "research") -> None:
    """Keep an input row that should have gone."""
    piece = input_row(world, row)
    world.change(world.output(edition), lambda t: pa.concat_tables([t[:at], piece, t[at:]]))


def test_what_the_oracle_made_is_clean(made: World) -> None:
    verdict = check(made)
    assert verdict.findings == ()
    assert verdict.ok and not any(o.why for o in verdict.outcomes)
    assert verdict.not_looked_at == made.idle
    assert "clean" in verdict.summary
    assert verdict.notices == ()


def test_several_processes_say_the_same(world: World) -> None:
    put_back(world, 5, 5)
    assert check(world, workers=2) == check(world)


# -- promise 1a: a row that should have gone --------------------------------------------

LISTED = [
    (1, "listed (url_md5)"),
    (2, "listed (url)"),
    (3, "listed (url_md5)"),
    (4, "listed (host)"),
    (5, "listed (image_md5)"),
    (6, "listed (url_prefix)"),
    (7, "listed (row_hash)"),
    (8, "listed (image_md5)"),
    (9, "listed (row_hash)"),
    (10, "listed (image_md5)"),
    (11, "listed (image_sha1)"),
    (12, "listed (image_sha1)"),
    (13, "found under the link of a listed row (same_link)"),
    (14, "listed (url)"),
    (15, "listed (host)"),
    (16, "listed (url_md5)"),
    (17, "listed (url_md5)"),
    (18, "found under the link of a listed row (same_link)"),
    (20, "listed (image_md5)"),
    (23, "found under the link of a listed row (same_link)"),
    (26, "one that the rule unsafe_keyword names"),
    (41, "one that the rule unsafe_keyword names"),
    (44, "listed (image_md5)"),
    (54, "listed (image_md5)"),
    (55, "listed (image_md5)"),
    (56, "found under the link of a listed row (same_link)"),
    (57, "listed (image_md5)"),
]


def words_of(reason: oracle.Reason) -> str:
    if reason.reason_kind == "list":
        return f"listed ({reason.kind})"
    if reason.reason_kind == "same_link":
        return "found under the link of a listed row (same_link)"
    return f"one that the rule {reason.rule} names"


def whys(world: World) -> list[set[str]]:
    """Why each row of the first shard has to leave `research`, by the oracle."""
    rows = [roles(r) for shard in world.shards.values() for r in shard]
    named = oracle.reasons(rows, world.lists, world.setting)
    first = named[: len(world.shards["alpha", "part-0.parquet"])]
    return [
        {words_of(r) for r in some if oracle.removes(oracle.RESEARCH, r, world.lists)}
        for some in first
    ]


def lines(counts: Mapping[str, int]) -> set[str]:
    where = "research/alpha/part-0.parquet:"
    return {f"{where} {n} kept row{'s are' if n > 1 else ' is'} {w}" for w, n in counts.items()}


def test_every_row_that_should_have_gone_is_found(world: World) -> None:
    """All at once, and as many as the oracle names for each reason: none may be missed."""
    found = whys(world)
    assert all(why in found[row] for row, why in LISTED)
    shard = pa.Table.from_pylist(world.shards["alpha", "part-0.parquet"], SCHEMA)
    world.change(world.output(), lambda _: shard)
    verdict = check(world)
    kept = {text for promise, text in said(verdict) if promise == "1a"}
    assert kept == lines(Counter(why for some in found for why in some))
    # the rows that stay are whole and in order, and the child lacks these: nothing else
    assert broken(verdict) == {"1a", "6"}


def test_every_listed_row_is_found_without_the_inputs(world: World) -> None:
    shard = pa.Table.from_pylist(world.shards["alpha", "part-0.parquet"], SCHEMA)
    world.change(world.output(), lambda _: shard)
    listed = Counter(why for some in whys(world) for why in some if why.startswith("listed"))
    kept = {text for promise, text in said(check(world, inputs=[])) if promise == "1a"}
    assert lines(listed) <= kept


@pytest.mark.slow
@pytest.mark.parametrize(("row", "why"), quickly(1, [LISTED[i] for i in (1, 12)]))
def test_a_row_that_should_have_gone_is_found_alone(world: World, row: int, why: str) -> None:
    before = sum(r < row for r, _ in LISTED)
    put_back(world, row, row - before)
    verdict = check(world)
    assert ("1a", f"research/alpha/part-0.parquet: 1 kept row is {why}") in said(verdict)
    assert broken(verdict) == {"1a", "6"}


@pytest.mark.slow
def test_a_row_with_a_listed_link_needs_the_listed_row_or_the_inputs(world: World) -> None:
    put_back(world, 23, 0)
    alone = check(world, inputs=[])
    assert alone.outcomes[0].state == "held in part"
    assert "kept rows only" in alone.outcomes[0].why
    put_back(world, 20, 0)
    found = [str(f) for f in check(world, inputs=[]).findings if f.promise == "1a"]
    assert any("same_link" in text for text in found)


@pytest.mark.slow
def test_an_unsafe_row_in_the_safe_edition_is_found_without_lists_too(world: World) -> None:
    put_back(world, 32, 0, "research-safe")
    text = "research-safe/alpha/part-0.parquet: 1 kept row is one that the rule unsafe names"
    assert ("1a", text) in said(check(world))
    assert ("1a", text) in said(check(world, lists=None, keywords=None))
    assert ("1a", text) in said(verify(world.out))


@pytest.mark.slow
def test_a_listed_row_that_no_input_holds_is_found(world: World) -> None:
    link = "https://listed.example/x.jpg"
    world.change(world.output(), lambda t: put(t, 3, "url", link))
    assert {"1a", "2"} <= broken(check(world))


def test_a_listed_row_is_counted_once_a_kind(world: World) -> None:
    listed = pa.concat_tables([input_row(world, 5), input_row(world, 44)])
    world.change(world.output(), lambda t: pa.concat_tables([listed, t]))
    text = "research/alpha/part-0.parquet: 2 kept rows are listed (image_md5)"
    assert ("1a", text) in said(check(world))


def test_a_listed_row_is_found_where_the_input_is_damaged(world: World) -> None:
    put_back(world, 5, 5)
    put_back(world, 14, 13)
    data = bytearray(world.source().read_bytes())
    data[4:400] = bytes(396)
    world.source().write_bytes(data)
    told = said(check(world))
    where = "research/alpha/part-0.parquet: 1 kept row is"
    assert {("1a", f"{where} listed (image_md5)"), ("1a", f"{where} listed (url)")} <= told
    assert any("its rows cannot be read" in text for _, text in told)


# -- promise 1b: rows lost or added ------------------------------------------------------


def test_a_lost_row_is_found(world: World) -> None:
    world.change(world.output("research-safe"), lambda t: without(t, 2))
    verdict = check(world)
    text = "research-safe/alpha/part-0.parquet: 1 row is lost that no list and no rule names"
    assert ("1b", text) in said(verdict)
    assert broken(verdict) == {"1b", "6"}


@pytest.mark.slow
def test_a_row_lost_from_a_shard_with_nothing_listed_is_found(world: World) -> None:
    world.change(world.output(subset="beta", shard="part-1.parquet"), lambda t: t[:-1])
    assert "1b" in broken(check(world))


@pytest.mark.slow
def test_the_last_rows_lost_are_found(world: World) -> None:
    world.change(world.output(), lambda t: t[:-3])
    text = "research/alpha/part-0.parquet: 3 rows are lost that no list and no rule names"
    assert ("1b", text) in said(check(world))


@pytest.mark.slow
def test_a_row_twice_is_found(world: World) -> None:
    world.change(world.output(), lambda t: pa.concat_tables([t[:4], t[3:]]))
    text = "research/alpha/part-0.parquet: 1 row stands more often than in the input"
    verdict = check(world)
    assert ("1b", text) in said(verdict)
    assert "1b" in broken(verdict)


@pytest.mark.slow
def test_a_row_from_elsewhere_is_found(world: World) -> None:
    new = put(input_row(world, 0), 0, "caption", "never seen")
    world.change(world.output(), lambda t: pa.concat_tables([t, new]))
    text = "research/alpha/part-0.parquet: 1 row is not in the input"
    assert ("1b", text) in said(check(world))


def test_an_output_that_is_missing_is_found(world: World) -> None:
    world.output().unlink()
    verdict = check(world)
    assert ("5", "research/alpha/part-0.parquet: is missing") in said(verdict)
    assert {"1b", "5"} <= broken(verdict)


def test_an_output_that_is_not_even_stated_is_found(world: World) -> None:
    world.output().unlink()
    world.manifest["outputs"] = [
        o
        for o in world.manifest["outputs"]
        if (o["edition"], o["subset"], o["shard"]) != ("research", "alpha", "part-0.parquet")
    ]
    world.write_manifest()
    assert "1b" in broken(check(world))


# -- promise 2: the rest is untouched ----------------------------------------------------


def reordered(t: pa.Table) -> pa.Table:
    return pa.concat_tables([t[:6], t[8:9], t[6:8], t[9:]])


def another_nan(t: pa.Table) -> pa.Table:
    (odd,) = struct.unpack("<d", struct.pack("<Q", 0x7FF8000000000001))
    row = next(i for i, x in enumerate(t["similarity"].to_pylist()) if math.isnan(x))
    return put(t, row, "similarity", odd)


def minus_zero(t: pa.Table) -> pa.Table:
    return put(
        t, next(i for i, x in enumerate(t["punsafe"].to_pylist()) if x == 0), "punsafe", -0.0
    )


def as_int64(t: pa.Table) -> pa.Table:
    return t.set_column(7, pa.field("width", pa.int64(), nullable=False), t["width"].cast("int64"))


def as_nullable(t: pa.Table) -> pa.Table:
    return t.set_column(7, pa.field("width", pa.int32()), t["width"])


EDITS: dict[str, tuple[Callable[[pa.Table], pa.Table], str]] = {
    "order": (reordered, "stand in another order"),
    "a value": (lambda t: put(t, 9, "caption", "another"), "1 row differs from the input (column"),
    "a null": (lambda t: put(t, 9, "md5", None), "(column md5)"),
    "a nested value": (lambda t: put(t, 9, "boxes", [[2.5], []]), "(column boxes)"),
    "another nan": (another_nan, "(column similarity)"),
    "minus zero": (minus_zero, "(column punsafe)"),
    "a type": (as_int64, "column width has another type"),
    "nullability": (as_nullable, "column width is nullable now"),
    "a name": (lambda t: t.rename_columns(["URL", *t.column_names[1:]]), "columns are not those"),
    "a column less": (lambda t: t.drop_columns(["sha1"]), "columns are not those"),
    "two columns swapped": (
        lambda t: t.select([*t.column_names[1:], t.column_names[0]]),
        "columns are not those",
    ),
    "metadata": (
        lambda t: t.replace_schema_metadata({b"origin": b"example"}),
        "key-value metadata",
    ),
    "no metadata": (lambda t: t.replace_schema_metadata(None), "key-value metadata"),
}


def edited(world: World, edits: Sequence[str]) -> dict[str, str]:
    """Make each edit in another output; the name of each by where it was made."""
    places = [(e, *key) for key in world.shards for e in ("research", "research-safe")]
    done = {}
    for edit, place in zip(edits, places, strict=False):
        world.rewrite(world.output(*place), EDITS[edit][0])
        done["/".join(place)] = edit
    world.restate()
    return done


@pytest.mark.parametrize("edits", quickly(1, [list(EDITS)[::2], list(EDITS)[1::2]]))
def test_an_edit_breaks_promise_2(world: World, edits: list[str]) -> None:
    done = edited(world, edits)
    assert len(done) == len(edits)
    verdict = check(world)
    found = [f for f in verdict.findings if f.promise == "2"]
    for where, edit in done.items():
        assert any(f.where == where and EDITS[edit][1] in f.what for f in found), (edit, found)
    assert {f.where for f in found} == set(done)
    assert "1a" not in broken(verdict)


def test_promise_2_needs_no_lists(world: World) -> None:
    done = edited(world, ["order", "a value", "another nan", "a type", "metadata"])
    found = check(world, lists=None, keywords=None).findings
    for where, edit in done.items():
        told = {f.promise for f in found if f.where == where}
        assert "2" in told or ("1b" in told and edit in ("a value", "another nan")), edit


OPTIONS: dict[str, dict[str, Any]] = {
    "codec": {"compression": "gzip"},
    "int96": {"use_deprecated_int96_timestamps": True},
    "names in lists": {"use_compliant_nested_type": False},
    "arrow schema": {"store_schema": False},
}


@pytest.mark.slow
def test_another_way_of_writing_breaks_promise_2(world: World) -> None:
    wheres = set()
    for options, key in zip(OPTIONS.values(), world.shards, strict=True):
        world.rewrite(world.output("research", *key), lambda t: t, **options)
        wheres.add("/".join(("research", *key)))
    world.restate()
    verdict = check(world)
    assert broken(verdict) == {"2"}
    assert {f.where for f in verdict.findings} == wheres


def test_row_groups_encodings_and_dictionaries_are_free(world: World) -> None:
    world.change(world.output(), lambda t: t, row_group_size=7, use_dictionary=False)
    assert whole(check(world))


@pytest.mark.slow
def test_two_swapped_shards_are_found(world: World) -> None:
    a, b = world.output(), world.output(shard="part-1.parquet")
    aside = a.with_suffix(".x")
    a.rename(aside)
    b.rename(a)
    aside.rename(b)
    world.restate()
    verdict = check(world)
    assert "2" in broken(verdict)
    assert {f.where for f in verdict.findings if f.promise == "2"} == {
        "research/alpha/part-0.parquet",
        "research/alpha/part-1.parquet",
    }


@pytest.mark.slow
def test_a_name_cannot_forge_a_line(tmp_path: Path) -> None:
    schema = SCHEMA.append(pa.field("a\nOUT: clean", pa.int64()))
    world = World(tmp_path, schema=schema).make()
    at = schema.get_field_index("a\nOUT: clean")
    other = pa.field("a\nOUT: clean", pa.int32())
    world.change(world.output(), lambda t: t.set_column(at, other, t.column(at).cast("int32")))
    assert any("a\\x0aOUT" in str(f) for f in check(world).findings)
    assert not any("\n" in str(f) for f in check(world).findings)


# -- promise 3 ---------------------------------------------------------------------------


@pytest.mark.parametrize("inputs", quickly(1, [True, False]))
def test_a_child_with_more_than_its_parent_is_found(world: World, inputs: bool) -> None:
    world.change(world.output("research"), lambda t: without(t, 2))
    verdict = check(world) if inputs else verify(world.out)
    text = "research-safe/alpha/part-0.parquet: 1 row is not in research, its parent"
    assert ("3", text) in said(verdict)


@pytest.mark.slow
def test_editions_that_are_no_parts_by_their_own_labels_are_found(tmp_path: Path) -> None:
    child = oracle.Edition("research-safe", "research", ("csam",), oracle.SAFE.rules)
    world = World(tmp_path, editions=(oracle.RESEARCH, child)).make()
    verdict = check(world)
    found = {str(f) for f in verdict.findings if f.promise == "3"}
    assert "research-safe/alpha/part-0.parquet: 8 rows are not in research, its parent" in found
    assert not {"1a", "1b", "2"} & broken(verdict)


@pytest.mark.slow
def test_a_child_in_another_order_is_still_a_part(world: World) -> None:
    world.change(world.output("research-safe"), reordered)
    assert "3" not in broken(check(world))
    assert "3" not in broken(verify(world.out))


# -- promises 4 and 5: what lies in OUT --------------------------------------------------


@pytest.mark.slow
def test_a_column_of_row_numbers_is_found(world: World) -> None:
    def numbered(t: pa.Table) -> pa.Table:
        return t.append_column("file_row_number", pa.array(range(len(t)), pa.int64()))

    world.change(world.output(), numbered)
    assert "4" in broken(check(world))
    # the input may have it too
    alone = outcome(check(world, inputs=[]), "4")
    assert alone.state == "held in part"
    assert alone.why == "whether column file_row_number is the input's: not compared with an input"


@pytest.mark.slow
def test_a_position_column_of_the_input_is_no_disclosure(tmp_path: Path) -> None:
    schema = SCHEMA.append(pa.field("row_number", pa.int64()))
    world = World(tmp_path, schema=schema).make()
    assert whole(check(world))
    assert check(world, inputs=[]).ok


def test_a_stray_file_is_found(world: World) -> None:
    names = ("notes.txt", "research/alpha/removed.parquet", "research/x.csv")
    for name in names:
        (world.out / name).write_text("x")
    assert said(check(world)) == {("5", f"{name}: a file that is not stated") for name in names}


def test_a_work_file_left_behind_is_found(world: World) -> None:
    names = ("research/alpha/.part-0.parquet.ab12.part", ".work/hits.parquet")
    for name in names:
        (world.out / name).parent.mkdir(exist_ok=True)
        (world.out / name).write_text("x")
    found = {(f.promise, f.where) for f in check(world).findings}
    assert {(promise, name) for promise in "45" for name in names} <= found


def test_an_empty_folder_left_behind_is_found(world: World) -> None:
    (world.out / ".work").mkdir()
    assert broken(check(world)) == {"5"}


def test_a_store_to_be_read_and_a_manifest_to_be_written_by_others_are_found(world: World) -> None:
    world.store.chmod(0o644)
    (world.out / "manifest.json").chmod(0o666)
    found = {f.where for f in check(world).findings if f.promise == "4"}
    assert found == {world.store.name, "manifest.json"}


@pytest.mark.parametrize(
    "title",
    quickly(1, [md5("nowhere").upper(), "see http://listed.example/x.jpg", "raw.example/x"]),
)
def test_a_digest_or_link_of_a_list_in_the_manifest_is_found(world: World, title: str) -> None:
    world.manifest["why"] = title
    world.write_manifest()
    text = "manifest.json: holds a digest or a link that a list holds"
    assert (("4", text) in said(check(world))) == ("raw.example/x" not in title)


@pytest.mark.parametrize("at", ["inputs set shard", "outputs set shard"])
def test_a_digest_of_a_list_in_a_table_of_the_audit_is_found(world: World, at: str) -> None:
    world.write_audit(executed([f"update {at} = '{md5('nowhere')}'"]))
    text = "audit.duckdb: holds a digest or a link that a list holds"
    assert ("4", text) in said(check(world))


@pytest.mark.parametrize("stated", quickly(1, [True, False]))
def test_a_truncated_shard_is_found(world: World, stated: bool) -> None:
    path = world.output()
    path.write_bytes(path.read_bytes()[:-100])
    if stated:
        world.restate()
    verdict = check(world)
    assert ("5", "research/alpha/part-0.parquet: is no whole parquet file") in said(verdict)
    assert {"1b", "5"} <= broken(verdict)


@pytest.mark.slow
def test_damage_within_a_shard_is_found(world: World) -> None:
    path = world.output()
    raw = bytearray(path.read_bytes())
    raw[200:400] = bytes(200)
    path.write_bytes(raw)
    world.restate()
    verdict = check(world)
    assert {"1b", "2", "5"} & broken(verdict)


def test_a_file_that_is_not_as_stated_is_found(world: World) -> None:
    stated = world.manifest["outputs"][:3]
    for output, (field, wrong) in zip(
        stated, (("rows", 7), ("bytes", 7), ("sha256", "01" * 32)), strict=True
    ):
        output[field] = wrong
    world.write_manifest()
    found = {f.where for f in check(world).findings if f.promise == "5"}
    assert found == {f"{o['edition']}/{o['subset']}/{o['shard']}" for o in stated}


@pytest.mark.parametrize("text", [None, "", "{}", "[]", '{"inputs": 3}', "\xff"])
def test_a_manifest_that_is_none_leaves_everything_unchecked(
    world: World, text: str | None
) -> None:
    path = world.out / "manifest.json"
    path.unlink()
    if text is not None:
        path.write_bytes(text.encode("latin-1"))
    verdict = check(world)
    assert broken(verdict) == {"5"}
    assert all(o.state == "not checked" for o in verdict.outcomes if o.promise != "5")


def test_a_manifest_does_not_lead_out_of_the_folder(world: World) -> None:
    world.manifest["outputs"][0]["subset"] = "../../elsewhere"
    world.write_manifest()
    assert ("5", "manifest.json: names a file outside of OUT") in said(check(world))


# -- promise 6: what went in, and the counts ---------------------------------------------

COUNTS = {
    "gross": "update removals set gross = gross + 1 where rule = 'unsafe'",
    "exclusive": "update removals set exclusive = 0 where list_id = 2 and exclusive > 0",
    "a line less": "delete from removals where reason_kind = 'same_link'",
    "a line more": "insert into removals values "
    "('research', 'alpha', 'list', 2, 'privacy', 'image_sha1', null, null, 1, 0)",
    "a label": "update removals set label = 'opt-out' where list_id = 1",
    "unions": "update unions set removed = removed + 1, kept = kept - 1",
    "rows in": "update unions set rows_in = rows_in + 1",
    "an input": "delete from inputs where shard = 'part-1.parquet'",
    "an output": "update outputs set rows = 0",
    "twice": "insert into unions select * from unions limit 1",
    "a table less": "drop table removals",
    "a column less": "alter table unions drop kept",
    "hits": "update hits set gross = gross + 1 where kind is null",
    "hits alone": "update hits set exclusive = exclusive + 1 where list_id = 3",
    "memberships": "update hit_groups set memberships = memberships + 1 where name is null",
    "rows of groups": "update hit_groups set rows = rows - 1 where grouping = 'source'",
    "shared rows": "update shared_rows set most = 29 where most = 9",
    "a pair less": "delete from shared_rows where list_id = 1",
    "removals by label": "update removal_groups set gross = gross + 1 where grouping = 'label'",
    "removals alone": "update removal_groups set exclusive = 0 where name = 'partner'",
    "coverage": "update coverage set covered = covered + 1 where role = 'image_md5'",
    "coverage of scores": "update coverage set covered = covered - 1 where role = 'punsafe'",
    "scores": "update scores set rows = rows + 1 where above > 0.4",
    "another border": "update scores set up_to = 0.46 where up_to = 0.45",
    "a role less": "delete from coverage where role = 'image_sha256'",
    "row hashes": "update coverage set covered = 0 where role = 'row_hash' and via = 'column'",
    "computed row hashes": "update coverage set covered = covered + 1 where via = 'computed'",
    "more than all": "update coverage set covered = rows + 1 where via = 'sidecar'",
    "of other rows": "update coverage set rows = rows + 1 where via = 'sidecar'",
    "no sample": "update coverage set sampled = null where via = 'sidecar'",
    "no estimate": "update coverage set estimated = false where via = 'sidecar'",
    "an estimate": "update coverage set estimated = true, sampled = 1 where role = 'url'",
    "by another way": "update coverage set via = 'sidecar' where role = 'url'",
    "a form": "update hits set form = 'raw' where form = 'inner raw'",
    "a way": "update removals set form = null where form = 'sidecar'",
    "a setting": "update parameters set setting = 'false' where name = 'inner'",
    "no setting": "delete from parameters where name = 'inner'",
    "a version": "update run set setting = '0.0' where name = 'duckdb'",
    "another run": "insert into run values ('publishable', 'true')",
    "a script": "update scripts set sha256 = lower(md5(name)) where name like '%row_keys.sql'",
    "a script less": "delete from scripts where rowid = 0",
    "a list": "update lists set received = '2024-02-23' where list_id = 2",
    "entries": "update lists set entries = entries + 1 where kind = 'host'",
    "a list twice": "insert into lists select * from lists limit 1",
}


def table_of(statement: str) -> str:
    found = re.search(r"(?:update|from|into|table) (\w+)", statement)
    assert found
    return found[1]


def executed(statements: Sequence[str]) -> Callable[[Engine], None]:
    def change(engine: Engine) -> None:
        for one in statements:
            engine.execute(one)

    return change


def one_a_table(edits: Mapping[str, str]) -> list[list[str]]:
    """Edits that can be made together, since each is of another table and told of by its name.

    Where a table is not what it should be at all, no count is looked at.
    """
    alone = [name for name, statement in edits.items() if "drop" in statement]
    by_table: dict[str, list[str]] = {}
    for name in edits:
        if name not in alone:
            by_table.setdefault(table_of(edits[name]), []).append(name)
    together = [[e for e in some if e] for some in zip_longest(*by_table.values())]
    return [*together, *([name] for name in alone)]


@pytest.mark.parametrize("edits", quickly(1, one_a_table(COUNTS)), ids=", ".join)
def test_an_audit_that_cannot_be_recomputed_is_found(world: World, edits: list[str]) -> None:
    world.write_audit(executed([COUNTS[e] for e in edits]))
    verdict = check(world)
    assert broken(verdict) == {"6"}
    named = [re.search(r"table (\w+) ", f.what) for f in verdict.findings]
    assert {m[1] for m in named if m} == {table_of(COUNTS[e]) for e in edits}
    assert all(named)


@pytest.mark.slow
def test_publishable_follows_what_lists_removed(world: World) -> None:
    for stated, why, promise in (
        (True, "a test", "4"), (False, "", "6"), (None, "a test", "6"), ("no", "a test", "6"),
    ):  # fmt: skip
        world.manifest |= {"publishable": stated, "why": why}
        world.write_manifest()
        assert promise in broken(check(world)) <= {"4", "6"}
        if promise == "4":  # the audit itself says that lists removed rows
            assert promise in broken(check(world, lists=None, inputs=()))


@pytest.mark.slow
def test_where_no_list_removed_a_row_it_may_be_published(tmp_path: Path) -> None:
    world = World(tmp_path / "w", lists=[]).make()
    for stated, expected in ((True, set()), (False, {"6"})):
        world.manifest |= {"publishable": stated, "why": WHY["nothing" if stated else "none"]}
        world.write_manifest()
        assert broken(check(world)) == expected


EXTRA = [
    (
        "alter table removals add column file_row_number bigint;"
        "create table rows_removed as select 'x' as url;"
        "create view lines as select gross as n from removals",
        {"table removals holds a column that no audit has", "holds tables that no audit has",
         "holds views that no audit has"},
    ),
    (
        "create schema more; create table more.unions as select 1 as kept",
        {"holds schemas that no audit has", "holds tables that no audit has"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("statements", "told"), quickly(1, EXTRA))
def test_a_column_that_no_audit_has_is_found(world: World, statements: str, told: set[str]) -> None:
    world.write_audit(executed(statements.split(";")))
    assert {f.what for f in check(world).findings if f.promise == "4"} == told


@pytest.mark.parametrize("damage", ["missing", "text"])
def test_an_audit_that_cannot_be_read_is_found(world: World, damage: str) -> None:
    path = world.out / "audit.duckdb"
    path.unlink()
    if damage == "text":
        path.write_text("x" * 5000)
    assert "6" in broken(check(world))


@pytest.mark.slow
def test_scores_that_are_nan_do_not_count_as_covered(world: World) -> None:
    n = sum(r["punsafe"] is not None and math.isnan(r["punsafe"])
            for (s, _), rows in world.shards.items() if s == "alpha" for r in rows)  # fmt: skip
    assert n
    update = f"update coverage set covered = covered + {n} where role = 'punsafe' and subset = "
    world.write_audit(lambda engine: engine.execute(update + "'alpha'"))
    assert broken(check(world)) == {"6"}


def test_other_lists_are_found_and_nothing_is_held_against_the_model(
    world: World, tmp_path: Path
) -> None:
    other = World(tmp_path / "other", lists=world.lists[:-1]).make()
    verdict = check(world, lists=other.store)
    assert ("6", "manifest.json: 6 lists differ from the store given") in said(verdict)
    assert next(o for o in verdict.outcomes if o.promise == "1b").state == "not checked"
    verdict = check(world, lists=other.store, key=key_path(world.store))
    assert ("6", "manifest.json: 1 list differs from the store given") in said(verdict)
    states = {o.promise: o.state for o in verdict.outcomes}
    assert (states["1a"], states["1b"], states["4"]) == (
        "held in part", "not checked", "held in part",
    )  # fmt: skip
    # without the curator key of the run, only what the store says is compared
    key_path(other.store).unlink()
    text = "manifest.json: 1 list differs from the store given"
    assert ("6", text) in said(check(world, lists=other.store))


@pytest.mark.slow
@pytest.mark.parametrize("has_key", quickly(1, [True, False]))
def test_a_store_with_more_lists_breaks_nothing_and_leaves_the_lists_unchecked(
    world: World, tmp_path: Path, has_key: bool
) -> None:
    more = oracle.Listing(99, "csam", frozenset({("image_md5", md5("in no row"))}))
    grown = World(tmp_path / "grown", lists=(*world.lists, more)).make()
    if not has_key:
        key_path(grown.store).unlink()
    given = {"lists": grown.store} | ({"key": key_path(world.store)} if has_key else {})
    verdict = check(world, **given)
    assert verdict.ok and not verdict.clean
    text = (
        "the store has 1 list more than the run (`relaion update` takes them in; or give the store "
        "as it was)"
    )
    lists_are_unchecked(verdict, text)
    # a kept row that a list names is found, be it one of the run or a newer one
    put_back(world, 2, 1)
    assert "1a" in broken(check(world, **given))


@pytest.mark.parametrize("has_key", [True, False])
def test_a_list_that_was_withdrawn_breaks_nothing_and_leaves_the_lists_unchecked(
    world: World, has_key: bool
) -> None:
    gone, other = world.lists[-1], world.lists[0]
    withdraw(world.store, gone.list_id)
    key = world.store.with_name("away.key")
    if not has_key:
        key_path(world.store).rename(key)
    verdict = check(world)
    assert verdict.ok and not verdict.clean and verdict.summary.endswith("nothing was found broken")
    text = (
        "1 list of the run was withdrawn since (`relaion update` takes this in; or give the store "
        "as it was)"
    )
    lists_are_unchecked(verdict, text)
    # what the store does not say is not taken for a withdrawal
    stated = deepcopy(world.manifest)
    for each in (gone, other):
        world.manifest = deepcopy(stated)
        line = next(x for x in world.manifest["lists"] if x["list_id"] == each.list_id)
        line["source"] = "Nobody"
        world.write_manifest()
        assert "6" in broken(check(world))
    # a kept row that a list still names is found
    if not has_key:
        key.rename(key_path(world.store))
    put_back(world, 2, 1)
    assert "1a" in broken(check(world))


def test_entries_that_an_update_took_back_break_nothing(world: World) -> None:
    text = "entries of 1 list were taken back since"
    with filling(world.store, world.store.read_bytes()) as engine:
        engine.execute(
            "delete from entries where list_id = 2 and digest = "
            "(select min(digest) from entries where list_id = 2)"
        )
    assert "6" in broken(check(world))  # the store says of no update
    with filling(world.store, world.store.read_bytes()) as engine:
        engine.execute(
            "insert into lists by name select * replace (99 as list_id, 2 as replaces) from lists "
            "where list_id = 2"
        )
    verdict = check(world)
    assert verdict.ok and not verdict.clean
    assert outcome(verdict, "1a").state == "not checked"
    assert text in outcome(verdict, "1a").why


@pytest.mark.slow
def test_another_curator_key_is_found(world: World, tmp_path: Path) -> None:
    other = World(tmp_path / "other").make()
    assert "6" in broken(check(world, key=key_path(other.store)))


@pytest.mark.slow
def test_other_keywords_are_found(world: World) -> None:
    world.keywords.write_text("harbour\n")
    text = "manifest.json: the keywords given are not those that the run had"
    number = "manifest.json: states another number of keywords than the file given holds"
    assert said(check(world)) == {("6", text), ("6", number)}
    assert next(o for o in check(world).outcomes if o.promise == "1b").state == "not checked"
    assert next(o for o in check(world).outcomes if o.promise == "1a").state == "held in part"


def test_keywords_may_come_from_a_pipe_of_the_shell(world: World) -> None:
    with piped(world.keywords.read_text()) as pipe:
        words = ("--inputs", world.data, "--lists", world.store, "--keywords", pipe)
        done = here("verify", world.out, *words)
    assert done.stdout.startswith("state") and not done.stderr
    assert "keyword file" not in done.stdout


def test_other_inputs_are_found(world: World) -> None:
    table = pq.read_table(world.source())
    write(world.source(), put(table, 0, "caption", "another"))
    assert {"2", "5"} <= broken(check(world))


@pytest.mark.slow
def test_missing_and_strange_inputs_are_found(world: World) -> None:
    world.source("beta", "part-1.parquet").rename(world.source("beta", "part-2.parquet"))
    found = said(check(world))
    assert ("6", "manifest.json: 1 shard given that the run did not have") in found
    text = "manifest.json: 1 shard of the run not found where the inputs were given"
    assert ("6", text) in found
    held = [o for o in check(world).outcomes if o.promise in ("1b", "2", "3")]
    assert all("1 shard not compared" in o.why for o in held)


# -- sidecars ----------------------------------------------------------------------------


def outcome(verdict: Verdict, promise: str) -> Any:
    return next(o for o in verdict.outcomes if o.promise == promise)


def test_missing_sidecars_are_said(made: World) -> None:
    verdict = check(made, sidecars=[])
    assert verdict.findings == () and not verdict.clean
    assert "rows that only a sidecar names were not looked for" in outcome(verdict, "1a").why
    for promise in ("1b", "6"):
        assert outcome(verdict, promise).state == "not checked"
        assert "the run had sidecars, no --sidecar given" in outcome(verdict, promise).why


def test_a_sidecar_less_is_found(made: World) -> None:
    verdict = check(made, sidecars=[made.sidecar(0), made.sidecar(2)])
    assert said(verdict) == {("6", "manifest.json: the sidecars given are not those of the run")}
    assert "1 sidecar of the run not given" in outcome(verdict, "1a").why
    assert outcome(verdict, "1b").state == "not checked"


@pytest.mark.parametrize("change", quickly(1, ["name", "rows", "sha256"]))
def test_another_sidecar_is_found(world: World, change: str) -> None:
    path = world.sidecar(1)
    if change == "name":
        path = path.rename(path.with_name("other.parquet"))
    else:
        table = pq.read_table(path)
        pq.write_table(table[:-1] if change == "rows" else table[::-1], path)
    verdict = check(world, sidecars=[world.sidecar(0), path])
    assert ("6", "manifest.json: the sidecars given are not those of the run") in said(verdict)


@pytest.mark.slow
def test_sidecars_lie_anywhere_and_in_any_order(made: World, tmp_path: Path) -> None:
    for i in (2, 1, 0):
        shutil.copy(made.sidecar(i), tmp_path)
    assert whole(check(made, sidecars=[tmp_path]))
    assert whole(check(made, sidecars=[made.sidecar(i) for i in (1, 2, 0)]))


@pytest.mark.slow
def test_a_sidecar_for_a_run_without_is_found(tmp_path: Path, made: World) -> None:
    world = World(tmp_path, setting=oracle.Setting(keywords=None)).make()
    assert whole(check(world))
    verdict = check(world, sidecars=[made.sidecar(0)])
    assert ("6", "manifest.json: the sidecars given are not those of the run") in said(verdict)


@pytest.mark.slow
def test_a_sidecar_of_text_lines_is_read(tmp_path: Path) -> None:
    world = World(tmp_path).make()
    lines = [
        f"{row['url']}\t{row['image_md5']}"
        for row in world.setting.sidecars[0].rows
        if row["url"] is not None
    ]
    text = tmp_path / "links.tsv"
    text.write_text("url\tmd5\n" + "\n".join(lines) + "\n")
    world.manifest["sidecars"][0] = {
        "name": "links.tsv", "rows": len(lines), "bytes": text.stat().st_size,
        "sha256": hashlib.sha256(text.read_bytes()).hexdigest(),
    }  # fmt: skip
    world.write_manifest()
    world.write_audit()
    given = [text, world.sidecar(1), world.sidecar(2)]
    assert whole(check(world, sidecars=given))
    put_back(world, 10, 0)
    world.manifest["sidecars"][0]["name"] = "links.tsv"
    text_found = "research/alpha/part-0.parquet: 1 kept row is listed (image_md5)"
    assert ("1a", text_found) in said(check(world, sidecars=given))


def test_a_sidecar_that_is_none_is_refused(made: World) -> None:
    with pytest.raises(InputError, match="a sidecar is"):
        check(made, sidecars=[made.keywords])


# -- losses of what only looks listed ----------------------------------------------------

# rows next to listed ones, which may not be lost: a path that begins with the same letters,
# another host that ends in the same letters, a row hash of its own, another link inside
INNOCENT = [19, 21, 22, 24]


@pytest.mark.slow
def test_a_row_next_to_a_listed_one_may_not_be_lost(world: World) -> None:
    found = whys(world)
    assert not any(found[row] for row in INNOCENT)
    places = [sum(not some for some in found[:row]) for row in INNOCENT]
    world.change(world.output(), lambda t: t.take([i for i in range(len(t)) if i not in places]))
    text = "research/alpha/part-0.parquet: 4 rows are lost that no list and no rule names"
    assert ("1b", text) in said(check(world))


@pytest.mark.slow
def test_without_inner_links_proxies_stay(tmp_path: Path) -> None:
    setting = oracle.Setting(keywords=None, inner=False)
    world = World(tmp_path, setting=setting).make()
    assert whole(check(world))
    kept = pq.read_table(world.output())["url"].to_pylist()
    assert sum((u or "").startswith("https://i0.wp.com/") for u in kept) == 3
    world.manifest["parameters"]["inner"] = True
    world.write_manifest()
    world.write_audit()
    assert {"1a", "6"} <= broken(check(world))


@pytest.mark.slow
def test_links_that_are_not_utf8_are_matched_by_their_bytes(tmp_path: Path) -> None:
    links = [b"https://a.example/\xff", b"https://a.example/\xfe", "https://a.example/ÿ".encode()]
    listed = [
        oracle.Listing(1, "csam", frozenset({oracle.url_entry(links[0])})),
        oracle.Listing(2, "csam", frozenset({("url_md5", hashlib.md5(links[1]).hexdigest())})),
    ]
    named = oracle.reasons([{"url": u} for u in links], listed, oracle.Setting())
    assert [len(reasons) for reasons in named] == [1, 1, 0]
    world = World(tmp_path, listed, oracle.Setting(keywords=None), raw_urls=True)
    world.shards = {("alpha", "part-0.parquet"): [row(i, url=u) for i, u in enumerate(links)]}
    assert whole(check(world.make()))
    assert pq.read_metadata(world.output()).num_rows == 1
    source = pq.ParquetFile(world.source()).read()
    world.change(world.output(), lambda _: source)
    text = "research/alpha/part-0.parquet: 1 kept row is listed"
    assert {("1a", f"{text} (url)"), ("1a", f"{text} (url_md5)")} <= said(check(world))


# -- what was not checked is said --------------------------------------------------------


def test_without_lists_nothing_is_called_clean(made: World) -> None:
    some = {"inputs": [made.data]}
    for arguments in ({}, some, some | {"keywords": made.keywords}):
        verdict = verify(made.out, **arguments)
        assert verdict.ok and not verdict.clean
        assert verdict.outcomes[0].state == "not checked"
        assert "clean" not in verdict.summary.partition(": ")[2]
        assert ": not checked: 1a, " in verdict.summary
        assert "no --lists given" in verdict.outcomes[0].why


def test_without_inputs_or_keywords_it_says_what_is_missing(made: World) -> None:
    states = {o.promise: o.state for o in check(made, inputs=[]).outcomes}
    assert states["1a"] == states["3"] == "held in part"
    assert states["4"] == states["5"] == "held"
    assert states["1b"] == states["2"] == states["6"] == "not checked"
    verdict = check(made, keywords=None)
    assert not verdict.clean
    assert verdict.outcomes[0].state == "held in part"
    assert verdict.summary.endswith("; held in part: 1a")
    assert "the rule for keywords was not checked" in verdict.outcomes[0].why
    assert next(o for o in verdict.outcomes if o.promise == "1b").state == "not checked"


def test_findings_hold_no_value(world: World) -> None:
    world.change(world.output(), lambda t: pa.concat_tables([t[4:], input_row(world, 20)]))
    text = repr(check(world))
    for value in ("same.example", md5("listed d"), "picture of", "harbour"):
        assert value not in text


@pytest.mark.parametrize("field", quickly(1, ["labels", "rules"]))
def test_an_edition_that_is_not_its_script_is_found(world: World, field: str) -> None:
    world.manifest["editions"][0][field] = []
    world.write_manifest()
    text = f"manifest.json: states other {field} of research than its script"
    assert ("6", text) in said(check(world))


def test_another_script_text_is_a_notice(world: World) -> None:
    world.manifest["scripts"][0]["sha256"] = "01" * 32
    world.write_manifest()
    world.write_audit()
    verdict = check(world)
    assert verdict.ok
    assert any("another text" in n for n in verdict.notices)


# -- editions of the user's own ----------------------------------------------------------


@pytest.fixture
def own_edition(tmp_path: Path) -> World:
    """An edition that removes listed rows and some that only its script knows."""
    own = oracle.Edition("own", "research", ("csam",), ("unsafe",))
    return World(tmp_path, editions=(oracle.RESEARCH, own), own=frozenset({"own"})).make()


@pytest.mark.slow
def test_an_own_edition_is_checked_as_far_as_can_be(own_edition: World) -> None:
    # its parent drops more labels, so `own` may only keep what research keeps
    own_edition.change(own_edition.output("own"), lambda _: rows_of(own_edition, "research")[3:])
    verdict = check(own_edition)
    assert {f.promise for f in verdict.findings if f.where == "own/alpha/part-0.parquet"} == set()
    for promise in ("1a", "1b", "6"):
        assert outcome(verdict, promise).state == "held in part"
        assert "script of its own" in outcome(verdict, promise).why
    assert not verdict.clean


@pytest.mark.parametrize("at", quickly(1, [5, 0]))  # in its place, and out of order
def test_an_own_edition_that_keeps_a_listed_row_is_found(own_edition: World, at: int) -> None:
    put_back(own_edition, 5, at, "own")
    text = "own/alpha/part-0.parquet: 1 kept row is listed (image_md5)"
    assert ("1a", text) in said(check(own_edition))


@pytest.mark.slow
def test_an_own_edition_in_another_order_is_found(own_edition: World) -> None:
    own_edition.change(own_edition.output("own"), reordered)
    text = "own/alpha/part-0.parquet: its rows stand in another order than in the input"
    assert ("2", text) in said(check(own_edition))


@pytest.mark.slow
def test_an_own_edition_with_a_changed_row_is_found(own_edition: World) -> None:
    own_edition.change(own_edition.output("own"), lambda t: put(t, 3, "caption", "another"))
    assert "1b" in broken(check(own_edition))


# -- wrong usage -------------------------------------------------------------------------


def test_what_cannot_be_read_is_refused(made: World, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        verify(tmp_path / "nowhere")
    with pytest.raises(ListError):
        verify(made.out, lists=made.keywords)
    with pytest.raises(ListError):
        verify(made.out, lists=tmp_path / "none.duckdb")
    with pytest.raises(InputError, match="keywords"):
        verify(made.out, keywords=tmp_path / "none.txt")
    with pytest.raises(InputError):
        verify(made.out, inputs=[tmp_path / "nowhere"])


def test_progress_is_told(made: World) -> None:
    told: list[tuple[str, int, float]] = []
    check(made, begins=lambda *part: told.append(part))
    assert told == [("lists", 4, 7), ("links", 4, 7), ("rows", 4, 7)]


@pytest.mark.slow
def test_unscored_rows_and_no_same_link(tmp_path: Path) -> None:
    setting = oracle.Setting(keywords=None, unscored="drop", same_link=False)
    world = World(tmp_path, setting=setting).make()
    assert whole(check(world))
    kept = pq.read_table(world.output())
    assert not pc.any(pc.is_null(kept["punsafe"])).as_py()
    assert any((u or "").startswith("HTTP://same") for u in kept["url"].to_pylist())


# -- any run, and any row --------------------------------------------------------------------

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "url": st.sampled_from(
                [None, "https://a.example/1", "http://www.A.example/1#x", "https://b.example/2",
                 "https://c.example/3?x", "c.example/3?x&amp;", "odd", "https://x.a.example:80/",
                 "https://i0.wp.com/a.example/1", "https://p.example/?u=http://c.example/3/4?y"]
            ),
            "caption": st.sampled_from([None, "harbour", "my harbours", "at sea"]),
            "punsafe": st.sampled_from([None, math.nan, 0.0, 0.45, 0.46, 0.95, 0.96]),
            "md5": st.sampled_from([None, md5("a"), md5("b").upper(), md5("c")]),
            "hash": st.sampled_from([None, None, 1, -2]),
        }
    ),
    min_size=1,
    max_size=6,
)  # fmt: skip
COMPUTED = oracle.row_hash({"url": "https://a.example/1", "text": "harbour"}) or 0
SIDECARS = st.lists(
    st.builds(
        oracle.Sidecar,
        st.sampled_from([("url",), ("row_hash",), ("url", "row_hash")]),
        st.lists(
            st.fixed_dictionaries(
                {
                    "url": st.sampled_from([None, "http://a.example/1", "https://b.example/2"]),
                    "row_hash": st.sampled_from([None, 1, COMPUTED]),
                    "image_md5": st.sampled_from([md5("a"), md5("x"), None]),
                }
            ),
            min_size=1,
            max_size=3,
        ).map(tuple),
    ),
    max_size=2,
)
ENTRIES = st.frozensets(
    st.sampled_from(
        [("image_md5", md5("a")), ("image_md5", md5("b")), oracle.url_entry("https://a.example/1"),
         oracle.url_entry("odd"), ("url_md5", md5("https://b.example/2")),
         ("url_md5", md5("a.example/1")), ("url_md5", md5("http://c.example/3/4")),
         oracle.hash_entry(1), oracle.hash_entry(COMPUTED),
         *(oracle.scope_entry(*scope) for scope in MORE_SCOPES)]
    ),
    min_size=1,
)  # fmt: skip


@settings(max_examples=settings().max_examples // 3)
@given(
    shards=st.lists(ROWS, min_size=1, max_size=3),
    entries=st.lists(
        st.tuples(ENTRIES, st.sampled_from(["csam", "watch"]), st.sampled_from([None, ("raw",)])),
        max_size=2,
    ),
    setting=st.builds(
        oracle.Setting,
        keywords=st.sampled_from([None, ("harbour",)]),
        unscored=st.sampled_from(["keep", "drop"]),
        same_link=st.booleans(),
        inner=st.booleans(),
        sidecars=SIDECARS.map(tuple),
    ),
    data=st.data(),
)
def test_the_right_outputs_pass_and_any_row_more_or_less_does_not(
    shards: list[list[dict[str, Any]]],
    entries: list[tuple[frozenset[tuple[str, str]], str, tuple[str, ...] | None]],
    setting: oracle.Setting,
    data: st.DataObject,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    lists = [
        oracle.Listing(i + 1, label, found, forms=forms)
        for i, (found, label, forms) in enumerate(entries)
    ]
    rows = {
        (f"subset{i % 2}", f"part-{i}.parquet"): [row(10 * i + j, **r) for j, r in enumerate(some)]
        for i, some in enumerate(shards)
    }
    world = World(tmp_path_factory.mktemp("any"), lists, setting, shards=rows).make()
    assert check(world).findings == ()
    assert whole(check(world))
    subset, shard = data.draw(st.sampled_from(sorted(rows)))
    edition = data.draw(st.sampled_from(["research", "research-safe"]))
    kept = pq.read_table(world.output(edition, subset, shard))["width"].to_pylist()
    changed = data.draw(st.integers(0, len(rows[subset, shard]) - 1))
    place = rows[subset, shard][changed]["width"]  # a different number in every row
    wanted = sorted(set(kept) ^ {place})
    table = pa.Table.from_pylist(rows[subset, shard], SCHEMA)
    world.change(
        world.output(edition, subset, shard),
        lambda _: table.filter(pc.is_in(table["width"], value_set=pa.array(wanted, pa.int32()))),
    )
    assert ("1b" if place in kept else "1a") in broken(check(world))


# -- rows that nothing chose ----------------------------------------------------------------


@pytest.mark.parametrize("inputs", quickly(1, [True, False]))
def test_what_the_quick_tests_miss_the_sample_finds(
    world: World, monkeypatch: pytest.MonkeyPatch, inputs: bool
) -> None:
    """Were the choice of rows blind, the model would still see those that were drawn."""
    monkeypatch.setattr("relaion.verifier.job.SAMPLED", 10_000)
    monkeypatch.setattr("relaion.verifier.candidates.Carriers.find", lambda *_: [])
    monkeypatch.setattr("relaion.verifier.model.StatedLists.rows_of", lambda *_: [])
    put_back(world, 5, 5)
    put_back(world, 14, 13)
    given = world.arguments()["inputs"] if inputs else []
    told = said(check(world, inputs=given))
    assert ("1a", "research/alpha/part-0.parquet: 1 kept row is listed (image_md5)") in told
    assert ("1a", "research/alpha/part-0.parquet: 1 kept row is listed (url)") in told


def test_links_that_listed_images_pass_on_are_found_with_those_listed(
    made: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each link is held against lists anyway: these are not looked for once more."""
    found = []

    def spy(*given: Any) -> Any:
        found.append(look_up(*given))
        return found[0]

    monkeypatch.setattr("relaion.verifier.job.look_up", spy)
    assert check(made).ok
    (known,) = found
    keys = {"same.example/s.jpg", "listed.example/x.jpg"}
    assert keys < known.links.keys() and keys.isdisjoint(known.carriers.own)
    (path,) = {p for p in known.rows if p.parts[-2:] == ("alpha", "part-0.parquet")}
    assert {2, 13, 14, 20, 23} < set(known.rows[path].to_pylist())


@pytest.mark.slow
def test_some_rows_of_every_subset_are_drawn(made: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many of each as there should be, other ones for another run, the same for the same."""
    asked: dict[str, list[int]] = {}

    def spy(task: Any, path: Path, first: int, n: int) -> Any:
        asked.setdefault(path.parent.name, []).extend(task.sample.get(path, ()))
        return chosen(task, path, first, n)

    chosen = ShardTask.chosen
    monkeypatch.setattr(ShardTask, "chosen", spy)
    monkeypatch.setattr("relaion.verifier.job.SAMPLED", 7)
    assert check(made).ok
    drawn = dict(asked)
    assert {subset: len(rows) for subset, rows in drawn.items()} == {"alpha": 7, "beta": 7}
    asked.clear()
    assert check(made).ok and asked == drawn
    asked.clear()
    monkeypatch.setattr("relaion.verifier.job.SAMPLED", 10_000)
    assert check(made).ok
    assert {subset: len(rows) for subset, rows in asked.items()} == {"alpha": 120, "beta": 90}


def test_small_shards_are_judged_together_and_said_of_is_what_is_said_of_each_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[bool] = []

    def spy(task: ShardTask, seen: Any = None) -> Any:
        looks.append(seen is not None)
        return check_shard(task, seen)

    monkeypatch.setattr("relaion.verifier.together.check_shard", spy)
    assert check(world).ok
    n = len(world.shards)
    assert len(looks) == n and any(looks)
    world.change(world.output("research-safe"), lambda t: without(t, 2))
    together = check(world)
    assert len(looks) > 2 * n  # those of one part twice
    monkeypatch.setattr("relaion.verifier.together._MOST", 1)
    alone = check(world)
    assert not together.ok and together == alone


def test_shards_without_rows_and_wide_ones_are_judged_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks: list[ShardTask] = []

    def all_in_one(some: Sequence[ShardTask]) -> list[Sequence[ShardTask]]:
        tasks.extend(some)
        return [some]

    monkeypatch.setattr("relaion.verifier.checker.parts_of", all_in_one)
    check(world)
    task = tasks[0]
    assert task.stated is not None
    empty = replace(task, stated=replace(task.stated, rows=0))
    wide = replace(task, stated=replace(task.stated, bytes=1 << 30))
    for other in (empty, wide):
        parts = parts_of([task, task, other, task, task])
        assert [len(part) for part in parts] == [2, 1, 2]


def test_shards_that_are_replaced_alike_before_they_are_judged_together_are_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replaced(tasks: Sequence[ShardTask]) -> Any:
        for task in tasks:
            assert task.source is not None
            write(task.source.path, pq.read_table(task.source.path).select(["url"]))
        return check_together(tasks)

    monkeypatch.setattr("relaion.verifier.checker.check_together", replaced)
    found = said(check(world))
    for shard in world.shards:
        where = f"{shard[0]}/{shard[1]} (input)"
        assert ("5", f"{where}: was replaced; nothing was held against it") in found


def test_of_a_shard_that_is_not_small_no_more_is_read_than_tells_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the manifest says of rows may be wrong, and few rows may be wide."""
    taken: Counter[Path] = Counter()

    def without_end(path: Path) -> Iterator[pa.RecordBatch]:
        (batch,) = batches(path)
        while True:
            taken[path] += 1
            assert taken[path] < 9
            yield batch

    monkeypatch.setattr("relaion.verifier.together.batches", without_end)
    assert check(world).ok
    assert max(taken.values()) == 2
