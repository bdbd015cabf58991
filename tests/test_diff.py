"""`diff`: what a diff of two sets holds and says, what may not be one, and how diffs are read."""

import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.errors import InputError, StopError
from relaion.labs.applying import NEW_NUMBERS, OLD_NUMBERS, read_edition
from relaion.labs.diff_file import META, SCHEMA, read_diff
from relaion.labs.diffing import in_step
from relaion.labs.hashes import check_hashes
from relaion.links import KEY_VERSION
from relaion.run.manifest import way_out
from relaion.run.pool import Here
from relaion.run.progress import QUIET
from relaion.stages.apply import apply
from relaion.stages.diff import diff
from tests.copies import LAION, LINKS, NO_HASH, RELAION, Laid, cut, lay
from tests.drawn import quickly
from tests.oracle_copy import diff_of, murmur
from tests.pipeline import here, relaion

pytestmark = pytest.mark.usefixtures("in_process")
Rows = Sequence[Mapping[str, Any]]


def rows(n: int = 30) -> list[dict[str, Any]]:
    """Rows, each tenth link on two of them, the last ones with links that stand for nothing."""
    found: list[dict[str, Any]]
    found = [{"url": f"http://h{i % 5}.example/{i}.jpg", "text": f"picture {i}"} for i in range(n)]
    found += [{**found[i], "text": f"again {i}"} for i in range(0, n, 10)]
    found += [{"url": None, "text": "alone"}, {"url": "http://a.example/", "text": "a host"}]
    found += [
        {"url": "http://a", "text": "b.example/c"},
        {"url": "http://ab.example/c", "text": ""},
    ]
    return [{**r, "row_hash": murmur(r["url"], r["text"])} for r in found]


OLD = rows()
GONE = (0, 3, 4, 30 + 1, 33, 35, 36)  # 10 and 31 share a link, of which only one row leaves
NEW = [r for i, r in enumerate(OLD) if i not in GONE]


def sides(folder: Path, old: Laid = LAION, new: Laid = RELAION) -> tuple[Path, Path]:
    """Both sets, cut into other shards of other names."""
    for i, part in enumerate(cut(OLD, [10, 20])):
        lay(folder / f"old/{i}.parquet", part, old)
    for i, part in enumerate(cut(NEW[::-1], [4])):
        lay(folder / f"new/part-{i}.parquet", part, new)
    return folder / "old", folder / "new"


def lines_of(path: Path) -> list[tuple[Any, ...]]:
    return [tuple(line.values()) for line in pq.ParquetFile(path).read().to_pylist()]


def said_of(path: Path) -> dict[str, Any]:
    said = json.loads(pq.read_schema(path).metadata[META])
    assert isinstance(said, dict)
    return said


def expected(path: Path, old: Laid = LAION, new: Laid = RELAION, by: Sequence[str] = ()) -> Any:
    salt = bytes.fromhex(said_of(path)["salt"])
    seen = [[x.seen(r) for r in of] for x, of in ((old, OLD), (new, NEW))]
    return diff_of(seen[0], seen[1], salt, by or ("row", "link"))


# -- What it holds -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "by"),
    quickly(2, [(LAION, RELAION, ("row", "link")), (NO_HASH, RELAION, ("row", "link")),
     (LAION, LINKS, ("link",)), (LINKS, NO_HASH, ("link",))]),
    ids=["joined to Re-LAION", "first published to Re-LAION", "to links", "from links"],
)  # fmt: skip
def test_sets_of_any_layouts_are_compared_by_what_both_have(
    tmp_path: Path, old: Laid, new: Laid, by: tuple[str, ...]
) -> None:
    path = tmp_path / "d.parquet"
    done = diff(*sides(tmp_path, old, new), path)
    assert done.by == by
    assert len(done.notices) == 1 + (by == ("link",))
    assert "no manifest of relaion's says" in done.notices[0]
    want = expected(path, old, new, by)
    assert lines_of(path) == want.lines
    assert (done.left, done.links_gone, done.without, done.colliding) == want[1:]


def test_it_is_sorted_packed_and_says_what_it_is_of(tmp_path: Path) -> None:
    path = tmp_path / "d.parquet"
    done = diff(*sides(tmp_path), path)
    file = pq.ParquetFile(path)
    assert file.schema_arrow.remove_metadata().equals(SCHEMA)
    assert {file.metadata.row_group(0).column(i).compression for i in range(3)} == {"ZSTD"}
    held = lines_of(path)
    assert held == sorted(held, key=lambda x: (x[0] is None, x[0], x[1] is None, x[1]))
    assert len(held) == len(GONE) == done.left
    assert (done.linkless, done.duplicates) == (2, 0)
    said = said_of(path)
    assert set(said) == {
        "form", "relaion", "key_version", "sql_version", "scripts", "made", "by", "salt", "rows",
        "rows_left", "links_gone", "rows_without_identity", "rows_without_link", "duplicates",
        "colliding_hashes", "hashes_doubted", "hashes_believed", "old", "new", "content",
    }  # fmt: skip
    assert (said["old"]["rows"], said["old"]["shards"]) == (len(OLD), 3)
    assert (said["new"]["rows"], said["new"]["shards"]) == (len(NEW), 2)
    assert said["key_version"] == KEY_VERSION
    assert not [p for p in tmp_path.iterdir() if p.name not in ("old", "new", "d.parquet")]


def test_two_are_alike_but_for_salt_and_date(tmp_path: Path) -> None:
    """Nor can their links be joined."""
    given = sides(tmp_path)
    paths = [tmp_path / f"{name}.parquet" for name in "ab"]
    for path in paths:
        diff(*given, path)
    said = [said_of(path) for path in paths]
    assert said[0].pop("salt") != said[1].pop("salt")
    assert [s.pop("made") for s in said]
    assert [s.pop("content") for s in said]  # of salt and date, too
    assert said[0] == said[1]
    hashes, links = ([{x[i] for x in lines_of(p)} for p in paths] for i in (0, 1))
    assert hashes[0] == hashes[1]
    assert links[0] & links[1] == {None}


def test_what_still_stands_anywhere_is_not_told(tmp_path: Path) -> None:
    """Neither in another shard than the one of that name, nor under another spelling."""
    old, new = tmp_path / "old", tmp_path / "new"
    one = {"url": "http://www.a.example/1.jpg", "text": "one"}
    two = {"url": "https://a.example:443/1.jpg#x", "text": "two"}
    lay(old / "a.parquet", [one, {"url": "http://b.example/2.jpg", "text": "b"}], NO_HASH)
    lay(old / "b.parquet", [{"url": "http://c.example/3.jpg", "text": "c"}], NO_HASH)
    lay(new / "a.parquet", [{"url": "http://c.example/3.jpg", "text": "c"}], NO_HASH)
    lay(new / "b.parquet", [two], NO_HASH)
    diff(old, new, tmp_path / "d.parquet")
    assert [(h, gone) for h, _, gone, _ in lines_of(tmp_path / "d.parquet")] == sorted(
        [(murmur(one["url"], "one"), False), (murmur("http://b.example/2.jpg", "b"), True)]
    )


def test_sets_cut_alike_give_the_same_as_others(tmp_path: Path) -> None:
    for i, (old, new) in enumerate([(OLD[:18], [r for r in OLD[:18] if r in NEW]),
                                    (OLD[18:], [r for r in OLD[18:] if r in NEW])]):  # fmt: skip
        lay(tmp_path / f"old/{i}.parquet", old, LAION)
        lay(tmp_path / f"new/{i}.parquet", new, LAION)
    done = diff(tmp_path / "old", tmp_path / "new", tmp_path / "d.parquet")
    assert lines_of(tmp_path / "d.parquet") == expected(tmp_path / "d.parquet").lines
    assert done.lines == len(GONE)


@pytest.mark.slow
def test_shards_are_compared_in_step_though_each_version_lies_in_a_folder_of_its_own(
    tmp_path: Path,
) -> None:
    names = {"old": ("0", "1", "a/2", "b/2"), "new": ("1", "b/2", "c/2", "3")}
    for side, of in names.items():
        for name in of:
            lay(tmp_path / side / f"{name}.parquet", rows(1), LAION)
    old, new = (
        read_edition(Here(), [tmp_path / side], first, (), QUIET)
        for side, first in (("old", OLD_NUMBERS), ("new", NEW_NUMBERS))
    )
    found = {old[n - OLD_NUMBERS].shard.path: other for n, other in in_step(old, new).items()}
    told = {
        path.relative_to(tmp_path).as_posix(): n.shard.path.relative_to(tmp_path).as_posix()
        for path, n in found.items()
    }
    assert told == {"old/1.parquet": "new/1.parquet", "old/b/2.parquet": "new/b/2.parquet"}


def test_equal_sets_have_an_empty_diff_that_takes_nothing(tmp_path: Path) -> None:
    old, _ = sides(tmp_path)
    done = diff(old, shutil.copytree(old, tmp_path / "same"), tmp_path / "d.parquet")
    assert (done.lines, done.left) == (0, 0)
    assert f"same: holds the very files of {old}, byte for byte" in done.notices[-1]
    assert apply(old, tmp_path / "out", diff=tmp_path / "d.parquet").left == 0


@pytest.mark.slow
def test_sets_in_the_wrong_order_are_noticed(tmp_path: Path) -> None:
    """Which one is the older nobody can tell but who named them."""
    old, new = sides(tmp_path)
    done = here("diff", new, old, "--out", tmp_path / "d.parquet")
    assert done.returncode == 0, done.stderr
    assert "new: holds every row of" not in done.stderr
    assert "old: holds every row of" in done.stderr and "diff OLD NEW" in done.stderr
    lay(tmp_path / "grown/a.parquet", [*NEW, *({"url": f"http://n.example/{i}", "text": "n",
        "row_hash": murmur(f"http://n.example/{i}", "n")} for i in range(9))], LAION)  # fmt: skip
    done = here("diff", old, tmp_path / "grown", "--out", tmp_path / "e.parquet")
    assert "right where the set grew" in done.stderr
    done = here("diff", old, new, "--out", tmp_path / "f.parquet")
    assert "diff OLD NEW" not in done.stderr


def test_an_edition_named_before_what_it_was_made_of_is_refused(tmp_path: Path) -> None:
    edition = curated(
        tmp_path, publishable=True,
        inputs=[
            {"subset": "x", "shard": f"{i}.parquet", "rows": len(part)}
            for i, part in enumerate(cut(OLD, [10, 20]))
        ],
    )  # fmt: skip
    done = here("diff", edition, tmp_path / "old", "--out", tmp_path / "d.parquet")
    assert done.returncode == 2
    assert "so it is NEW; write it after the other: diff OLD NEW" in done.stderr
    assert here("diff", tmp_path / "old", edition, "--out", tmp_path / "d.parquet").returncode == 0


def test_no_image_digest_is_in_it(tmp_path: Path) -> None:
    digest = "0123456789abcdef0123456789abcdef"
    for name, n in (("old", 4), ("new", 3)):
        (tmp_path / name).mkdir()
        table = {"URL": [f"http://a.example/{i}" for i in range(n)], "TEXT": ["x"] * n,
                 "md5": [digest] * n, "sha256": [digest * 2] * n}  # fmt: skip
        pq.write_table(pa.table(table), tmp_path / name / "a.parquet")
    diff(tmp_path / "old", tmp_path / "new", tmp_path / "d.parquet")
    content = (tmp_path / "d.parquet").read_bytes() + repr(
        lines_of(tmp_path / "d.parquet")
    ).encode()
    assert digest.encode() not in content and bytes.fromhex(digest) not in content
    assert repr(bytes.fromhex(digest)).encode()[2:-1] not in content


# -- What may not be one -----------------------------------------------------------------------


def curated(folder: Path, **said: Any) -> Path:
    """NEW as an edition inside an OUT whose manifest says something."""
    _, new = sides(folder)
    new.rename(folder / "out-research")
    (folder / "out").mkdir()
    (folder / "out-research").rename(folder / "out/research")
    made = {"relaion": "0", "run": "0", "editions": [{"name": "research"}], "outputs": [],
            **said}  # fmt: skip
    (folder / "out/manifest.json").write_text(json.dumps(made))
    (folder / "out/audit.duckdb").write_bytes(b"")
    return folder / "out/research"


def test_columns_that_the_run_was_told_are_known(tmp_path: Path) -> None:
    parameters = {"columns": {"url": "A", "text": "B", "image_md5": "C"}}
    edition = curated(tmp_path, publishable=True, parameters=parameters)
    for path in [*edition.rglob("*.parquet"), *(tmp_path / "old").rglob("*.parquet")]:
        table = pq.read_table(path, partitioning=None)
        names = {"url": "A", "caption": "B", "URL": "A", "TEXT": "B"}
        pq.write_table(table.rename_columns([names.get(n, n) for n in table.column_names]), path)
    done = diff(tmp_path / "old", edition, tmp_path / "d.parquet")
    assert (done.left, done.by) == (len(GONE), ("row", "link"))


@pytest.mark.parametrize("told", [[], None, {"columns": []}])
def test_a_manifest_that_says_no_columns_is_no_hindrance(tmp_path: Path, told: Any) -> None:
    edition = curated(tmp_path, publishable=True, parameters=told)
    assert diff(tmp_path / "old", edition, tmp_path / "d.parquet").left == len(GONE)


@pytest.mark.parametrize("side", ["old", "new"])
def test_what_its_curator_calls_not_publishable_is_no_diff_unless_it_is_accepted(
    tmp_path: Path, side: str
) -> None:
    edition, path = curated(tmp_path, publishable=False, why="no cover"), tmp_path / "d.parquet"
    pair = (edition, tmp_path / "old") if side == "old" else (tmp_path / "old", edition)
    with pytest.raises(StopError, match=r"`publishable: false` \(no cover\).*--cover"):
        diff(*pair, path)
    assert not path.exists()
    done = diff(*pair, path, i_accept_disclosure=True)
    assert re.search("is not publishable .*as secret as the lists", done.notices[0])


def _shards_of(edition: Path) -> list[dict[str, Any]]:
    return [
        {"edition": "research", "subset": "x", "shard": path.name, "bytes": path.stat().st_size,
         "rows": pq.read_metadata(path).num_rows}
        for path in sorted(edition.rglob("*.parquet"))
    ]  # fmt: skip


PLACES = ("moved/research", "moved", "far/away/moved")
WAYS = ("copied", "linked", "a part")


@pytest.mark.parametrize(
    ("how", "place"),
    quickly(
        1,
        [
            pytest.param(how, place, marks=[] if i == j else [pytest.mark.slow])
            for i, how in enumerate(WAYS)
            for j, place in enumerate(PLACES)
        ],
    ),
)
def test_an_edition_that_was_copied_out_is_what_the_manifest_near_it_says(
    tmp_path: Path, place: str, how: str
) -> None:
    edition = curated(tmp_path, publishable=False, why="no cover")
    made = json.loads((tmp_path / "out/manifest.json").read_text())
    made |= {"outputs": _shards_of(edition), "inputs": _shards_of(tmp_path / "old")}
    (tmp_path / "out/manifest.json").write_text(json.dumps(made))
    moved, path = tmp_path / place, tmp_path / "d.parquet"
    moved.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(edition, moved, copy_function=os.link if how == "linked" else shutil.copy2)
    if how == "a part":
        sorted(moved.rglob("*.parquet"))[0].unlink()
    with pytest.raises(StopError, match=r"its shards are those of .*out, whose manifest says `pub"):
        diff(tmp_path / "old", moved, path)
    assert not path.exists()
    done = diff(tmp_path / "old", moved, path, i_accept_disclosure=True)
    assert [n for n in done.notices if "as secret as the lists" in n]
    made["publishable"] = True
    (tmp_path / "out/manifest.json").write_text(json.dumps(made))
    diff(tmp_path / "old", moved, tmp_path / "e.parquet")


@pytest.mark.slow
def test_where_no_manifest_says_anything_that_is_said_first_and_what_it_means(
    tmp_path: Path,
) -> None:
    lay(tmp_path / "old/a.parquet", OLD, LAION)
    lay(tmp_path / "less/a.parquet", OLD[3:], LAION)
    done = here("diff", tmp_path / "old", tmp_path / "less", "--out", tmp_path / "d.parquet")
    assert done.returncode == 0, done.stderr
    (first, *_) = done.stderr.splitlines()
    assert "less: no manifest of relaion's says whether" in first
    assert f"names 3 rows of the old set ({3 / len(OLD):.2%}) and no others" in first
    old, new = sides(tmp_path / "grown")
    more = {"url": "http://n.example/1", "text": "n", "row_hash": murmur("http://n.example/1", "n")}
    lay(tmp_path / "grown/new/more.parquet", [more], RELAION)
    notices = diff(old, new, tmp_path / "e.parquet").notices
    assert not any("as secret as the lists" in n for n in notices)


def test_what_lacks_neutral_sites_is_not_told_to_be_covered_as_it_was(tmp_path: Path) -> None:
    edition = curated(
        tmp_path, publishable=False, why="some lack neutral ones", parameters={"cover": 20},
        cover={"site_rows": 300, "release": 1, "weak": 2},
    )  # fmt: skip
    done = here("diff", tmp_path / "old", edition, "--out", tmp_path / "d.parquet")
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    for said in ("--cover 20 found too few neutral sites for 2 listed ones", "all subsets",
                 "--cover below 20", "another --cover-site-rows than 300",
                 "move cover.duckdb beside the key away first"):  # fmt: skip
        assert said in done.stderr
    assert "with --cover," not in done.stderr
    of_one = {"cover": {"weak": 2, "joined": 1, "site_rows": 300}, "parameters": {"cover": 1}}
    assert "--cover below" not in way_out(of_one) and "smaller --cover" not in way_out(of_one)
    joined = {"cover": {"weak": 2, "joined": 2}, "parameters": {"cover": 2}}
    assert "with a smaller --cover" in way_out(joined) and "move cover.duckdb" in way_out(joined)


def test_what_is_publishable_needs_no_word_and_what_cannot_be_read_does(tmp_path: Path) -> None:
    edition = curated(tmp_path, publishable=True)
    diff(tmp_path / "old", edition, tmp_path / "d.parquet")
    assert said_of(tmp_path / "d.parquet")["new"]["editions"] == ["research of run 0"]
    (tmp_path / "out/manifest.json").write_text("{")
    with pytest.raises(StopError, match=r"its manifest cannot be read.*; restore it, or clean"):
        diff(tmp_path / "old", edition, tmp_path / "e.parquet")


REFUSED = {
    "another data set": (("old", "other", "--out", "d"), "of another data set"),
    "an empty edition": (("old", "empty", "--out", "d"), "of another data set"),
    "no such set": (("old", "nothing", "--out", "d"), "nothing: "),
    "a damaged shard": (("old", "broken", "--out", "d"), "a.parquet"),
    "damaged pages": (("old", "pages", "--out", "d"), "a.parquet"),
    "a folder for the diff": (("old", "new", "--out", "new"), "is a folder"),
    "no folder for it": (("old", "new", "--out", "no/d"), "is not a folder"),
    "an input for it": (("old/0.parquet", "new", "--out", "old/0.parquet"), "is an input"),
    "a place among inputs": (("old", "new", "--out", "old/d.parquet"), "is an input"),
    "a place in a finished OUT": (("old", "new", "--out", "done/d"), "holds a finished run"),
    "a file that is there": (("old", "new", "--out", "mine.txt"), "exists already"),
    "one set twice": (("old", "old/*.parquet", "--out", "d"), "holds the files of both"),
    "a diff for a set": (("old", "mine.parquet", "--out", "d"), "is a diff, no data set"),
    "one set twice by its folder": (("with", "with", "--out", "d"), "with: holds the files of b"),
    "a diff for the set before": (("mine.parquet", "new", "--out", "d"), "is a diff, no data set"),
    "an identity that is none": (("old", "new", "--by", "key", "--out", "d"), "row or link"),
    "an identity that one lacks": (("old", "links", "--by", "row", "--out", "d"),
                                   "neither row hashes nor"),
}  # fmt: skip


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad")
    sides(folder)
    other = [{"url": f"http://o.example/{i}", "text": "o"} for i in range(5)]
    lay(folder / "other/a.parquet", other, NO_HASH)
    lay(folder / "empty/a.parquet", [], LAION)
    lay(folder / "links/a.parquet", NEW, LINKS)
    (folder / "broken").mkdir()
    (folder / "broken/a.parquet").write_bytes(b"PAR1 broken PAR1")
    whole = lay(folder / "pages/a.parquet", NEW, RELAION).read_bytes()
    (folder / "pages/a.parquet").write_bytes(b"PAR1" + b"\xff" * 600 + whole[604:])
    (folder / "mine.txt").write_text("mine")
    (folder / "done").mkdir()
    (folder / "done/manifest.json").write_text('{"relaion": "1", "run": 1, "outputs": []}')
    lay(folder / "with/in/a.parquet", OLD, LAION)
    diff(folder / "old", folder / "new", folder / "mine.parquet")
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("what", REFUSED)
def test_a_mistake_is_said_in_a_line_and_leaves_nothing(bad: Path, what: str) -> None:
    args, words = REFUSED[what]
    before = files(bad)
    done = here("diff", *args, cwd=bad)
    assert done.returncode == 2, done.stdout
    assert words in done.stderr and done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert not [r for r in OLD if str(r["url"]) in done.stderr and r["url"]]
    assert files(bad) == before


# -- How a diff is read ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(bad: Path) -> Path:
    path = bad / "diff.parquet"
    diff(bad / "old", bad / "new", path)
    return path


def rewritten(made: Path, to: Path, **said: Any) -> Path:
    table = pq.ParquetFile(made).read()
    meta = json.dumps({**said_of(made), **said}).encode()
    pq.write_table(table.replace_schema_metadata({META: meta}), to)
    return to


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"key_version": 3}, f"link keys of version 3; .*version {KEY_VERSION}"),
        ({"form": 4}, "of form 4"),
        ({"salt": "no"}, "metadata cannot be read"),
        ({"by": None}, "metadata cannot be read"),
        ({"form": None}, "metadata cannot be read"),
        ({"rows": 5}, "other columns or rows than it says"),
    ],
)
def test_a_diff_of_another_kind_is_refused(
    made: Path, tmp_path: Path, said: dict[str, Any], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        read_diff(rewritten(made, tmp_path / "d.parquet", **said))


def test_a_diff_is_whole_or_refused(made: Path, tmp_path: Path) -> None:
    """Cut off or changed anywhere, it is no diff, or says of itself that it is another."""
    whole, path = made.read_bytes(), tmp_path / "d.parquet"
    for end in range(0, len(whole), len(whole) // 12 + 1):
        path.write_bytes(whole[:end])
        with pytest.raises(InputError, match="cut off or damaged"):
            read_diff(path)
    path.write_bytes(whole)
    assert read_diff(path).rows == len(GONE)


def test_a_bit_that_one_library_alone_stumbles_over_is_told(made: Path, tmp_path: Path) -> None:
    """DuckDB searches: what it cannot read is no diff, whatever pyarrow makes of it."""
    whole, path, refused = made.read_bytes(), tmp_path / "d.parquet", 0
    name = whole.index(b"link_gone")
    held = duckdb.read_parquet(str(made)).fetchall()
    for at, bit in (*((at, 1) for at in range(20, 100, 2)), (name, 0x80), (name, 1)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :])
        try:
            read_diff(path)
        except InputError:
            refused += 1
        else:
            assert duckdb.read_parquet(str(path)).fetchall() == held
    assert refused > 1


@pytest.mark.slow
def test_a_diff_by_one_identity_is_not_asked_for_another(made: Path, tmp_path: Path) -> None:
    given = sides(tmp_path)
    path = tmp_path / "links.parquet"
    diff(*given, path, by="link")
    assert {h for h, *_ in lines_of(path)} == {None}
    with pytest.raises(InputError, match="holds no row hashes to know rows by"):
        apply(given[0], tmp_path / "out", diff=path, by="row")
    told = apply(given[0], tmp_path / "out", diff=path)
    assert {c.fate for c in told.counts} == {"removed with its link", "link", "nameless"}


# -- The real command, and what it takes -------------------------------------------------------


@pytest.mark.slow
def test_the_real_commands_work_in_workers(bad: Path, tmp_path: Path) -> None:
    done = relaion("diff", bad / "old", bad / "new", "--out", tmp_path / "d.parquet", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["lines"] == len(GONE)
    out = tmp_path / "out"
    done = relaion("apply", tmp_path / "d.parquet", bad / "old", "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["left"] == len(GONE)
    done = relaion("diff", bad / "old", bad / "pages", "--out", tmp_path / "e.parquet")
    assert done.returncode == 2 and done.stderr.count("\n") == 1


# -- What is told of rows that nothing tells apart, and of a diff that was changed --------------


@pytest.mark.slow
@pytest.mark.parametrize("by", quickly(1, [None, "row", "link"]))
def test_rows_without_an_identity_left_only_where_there_are_fewer(
    tmp_path: Path, by: str | None
) -> None:
    nothing = {"url": None, "text": None}
    laid = Laid({"url": "url", "text": "caption"})
    lay(tmp_path / "old/a.parquet", [*OLD, *[nothing] * 3], laid)
    lay(tmp_path / "same/b.parquet", [nothing, *OLD[::-1], nothing, nothing], laid)
    lay(tmp_path / "less/a.parquet", [*OLD, nothing, nothing], laid)
    for new, n in (("same", 0), ("less", 1)):
        out = tmp_path / f"{new}.parquet"
        done = diff(tmp_path / "old", tmp_path / new, out, by=by)
        assert (done.left, done.lines, done.without) == (0, 0, n)
        assert said_of(out)["rows_without_identity"] == n
    done_here = here("diff", tmp_path / "old", tmp_path / "less", "--out", tmp_path / "x.parquet")
    assert re.search(r"\b1 +row without row hash and link left", done_here.stdout)


def test_a_byte_that_was_changed_is_told_wherever_it_stands(tmp_path: Path) -> None:
    out = tmp_path / "d.parquet"
    diff(*sides(tmp_path), out)
    table, said = pq.read_table(out), said_of(out)
    anew = tmp_path / "anew.parquet"

    def refused(some: pa.Table, **change: Any) -> bool:
        told = {META: json.dumps({**said, **change}, sort_keys=True).encode()}
        pq.write_table(some.replace_schema_metadata(told), anew, row_group_size=2)
        try:
            read_diff(anew)
        except InputError as e:
            assert str(e) == f"{anew}: was changed after it was made; get the diff again"
            return True
        return False

    assert not refused(table)  # however it is cut
    assert refused(table[::-1])
    assert refused(table, salt="00" * 16)
    assert refused(table, made="2020-01-01")
    assert refused(table, content=None)
    lines = table.to_pylist()
    for i, line in enumerate(lines):
        for name, value in line.items():
            other = {
                "row_hash": 1, "link": bytes(16), "link_gone": not value, "link_bytes": 3
            }[name]  # fmt: skip
            for new in {other, None} - {value}:
                changed = [*lines[:i], {**line, name: new}, *lines[i + 1 :]]
                assert refused(pa.Table.from_pylist(changed, table.schema))


def test_a_diff_that_tells_no_digest_of_itself_is_of_a_version_before(tmp_path: Path) -> None:
    out = tmp_path / "d.parquet"
    diff(*sides(tmp_path), out)
    said = {k: v for k, v in said_of(out).items() if k != "content"} | {"form": 1}
    table = pq.read_table(out).replace_schema_metadata({META: json.dumps(said).encode()})
    pq.write_table(table, out)
    with pytest.raises(
        InputError, match=r"is a diff of form 1 .* this relaion reads forms 2 and 3"
    ):
        read_diff(out)


@pytest.mark.slow
def test_hashes_that_were_not_compared_are_told(tmp_path: Path) -> None:
    some = [{"url": f"https://h.example/{i}", "text": f"t {i}"} for i in range(15_000)]
    table = pa.Table.from_pylist([r | {"hash": murmur(r["url"], r["text"])} for r in some])
    old, new = sets = (tmp_path / "old", tmp_path / "new")
    for folder, n in zip(sets, (15_000, 9_000), strict=True):
        folder.mkdir()
        pq.write_table(table.slice(0, n), folder / "a.parquet", row_group_size=2_500)
    done = diff(old, new, tmp_path / "d.parquet")
    assert any("19,000 of 24,000 rows were compared" in line for line in done.notices)
    pq.write_table(table.slice(0, 10_000), sets[0] / "a.parquet", row_group_size=2_500)
    done = diff(old, new, tmp_path / "e.parquet")
    assert not any("compared" in line for line in done.notices)
    for folder in sets:
        pq.write_table(table.drop_columns(["text"]), folder / f"{folder.name}.parquet")
        (folder / "a.parquet").unlink()
    pq.write_table(table.drop_columns(["text"]).slice(1), sets[1] / "new.parquet")
    done = diff(old, new, tmp_path / "f.parquet")
    assert any(": 0 of 29,999 rows were compared" in line for line in done.notices)


def _hashed(n: int, wrong: Sequence[int] = ()) -> list[dict[str, Any]]:
    rows = [{"url": f"https://h{i}.example/{i}.jpg", "text": f"one {i}"} for i in range(n)]
    return [
        {**row, "hash": murmur(row["url"], row["text"]) + (i in wrong)}
        for i, row in enumerate(rows)
    ]


def test_every_row_that_left_is_held_against_its_link_and_caption(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # of a set that is larger than the sample
    monkeypatch.setattr(check_hashes, "__defaults__", ("", 40))
    rows = _hashed(400, wrong=(390, 395))
    for side, some in (("old", rows), ("new", rows[:380])):
        (tmp_path / side).mkdir()
        pq.write_table(pa.Table.from_pylist(some), tmp_path / side / "a.parquet")
    path = tmp_path / "d.parquet"
    done = diff(tmp_path / "old", tmp_path / "new", path, workers=1)
    assert (done.left, done.doubted) == (20, 2)
    said = said_of(path)
    assert said["hashes_doubted"] == 2
    assert said["hashes_believed"] == done.believed > 0
    assert any("2 of the 20 rows that left have another row hash" in n for n in done.notices)
    assert any("are believed" in notice for notice in done.notices)
    by_link = tmp_path / "l.parquet"
    told = diff(tmp_path / "old", tmp_path / "new", by_link, by="link")
    assert (told.doubted, told.believed) == (0, 0)
    by_row = diff(tmp_path / "old", tmp_path / "new", tmp_path / "r.parquet", by="row")
    assert (by_row.doubted, by_row.links_gone) == (2, 0)


@pytest.mark.parametrize("first", ["url", "image_url"])
def test_of_two_columns_of_links_the_one_that_holds_some_is_read(
    tmp_path: Path, first: str
) -> None:
    rows = [
        {"url": None, "image_url": None, "text": r["text"], "hash": r["hash"], first: r["url"]}
        for r in _hashed(60)
    ]
    kinds = {"url": pa.string(), "image_url": pa.string(), "text": pa.string(), "hash": pa.int64()}
    for side, some in (("old", rows), ("new", rows[:50])):
        (tmp_path / side).mkdir()
        table = pa.Table.from_pylist(some, schema=pa.schema(kinds))
        pq.write_table(table, tmp_path / side / "a.parquet")
    done = diff(tmp_path / "old", tmp_path / "new", tmp_path / "d.parquet")
    assert (done.left, done.links_gone, done.doubted) == (10, 10, 0)


def test_a_set_that_was_compared_whole_has_no_hash_that_is_believed(tmp_path: Path) -> None:
    rows = _hashed(60)
    for side, some in (("old", rows), ("new", rows[:50])):
        (tmp_path / side).mkdir()
        pq.write_table(pa.Table.from_pylist(some), tmp_path / side / "a.parquet")
    done = diff(tmp_path / "old", tmp_path / "new", tmp_path / "d.parquet")
    assert (done.left, done.doubted, done.believed) == (10, 0, 0)
    assert not any("believed" in notice for notice in done.notices)


def test_hashes_of_the_new_set_that_are_not_of_their_rows_are_told(tmp_path: Path) -> None:
    """One row that stays seems gone, and one that left seems there."""
    rows = _hashed(400)
    stay = [*rows[:379], {**rows[379], "hash": rows[399]["hash"]}]
    for side, some in (("old", rows), ("new", stay)):
        (tmp_path / side).mkdir()
        pq.write_table(pa.Table.from_pylist(some), tmp_path / side / "a.parquet")
    done = diff(tmp_path / "old", tmp_path / "new", tmp_path / "d.parquet")
    (line,) = (x for x in done.notices if "of the rows compared" in x)
    assert line.startswith(f"{tmp_path / 'new'}: 1 of the rows compared have another row hash")
    done = diff(tmp_path / "old", tmp_path / "new", tmp_path / "l.parquet", by="link")
    assert not any("compared" in line for line in done.notices)


def test_a_set_with_new_captions_alone_is_told_by_its_links(tmp_path: Path) -> None:
    for side, n in (("old", 20), ("new", 15)):
        (tmp_path / side).mkdir()
        rows = [{"url": f"https://h.example/{i}.jpg", "text": f"{side} {i}"} for i in range(n)]
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / side / "a.parquet")
    with pytest.raises(StopError, match="add --by link if captions were written anew"):
        diff(tmp_path / "old", tmp_path / "new", tmp_path / "d.parquet")
    done = diff(tmp_path / "old", tmp_path / "new", tmp_path / "d.parquet", by="link")
    assert (done.left, done.links_gone) == (5, 5)
