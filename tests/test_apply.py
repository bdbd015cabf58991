"""`apply`: which rows of a copy stay, by an edition or by a diff, and what is left on the disk."""

import csv
import gzip
import io
import json
import os
import random
import shutil
import stat
import tarfile
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mmh3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from relaion.errors import (
    InputError,
    NoRoomError,
    OutputError,
    RelaionError,
    ShortError,
    StopError,
)
from relaion.labs.applying import INDEXES, Applying
from relaion.labs.copy_files import CopyFile, NotOldError
from relaion.labs.diff_file import read_diff
from relaion.labs.diffing import compare, write_diff
from relaion.labs.fates import Question, work_out
from relaion.labs.told import Fates
from relaion.links import KEY_VERSION
from relaion.parquet.writer import write_editions
from relaion.run.numbered import Numbered
from relaion.run.settings import limits_of
from relaion.stages.apply import apply
from relaion.stages.clean import clean
from relaion.stages.diff import diff
from relaion.stages.verify import verify
from tests import lying
from tests import oracle_copy as oracle
from tests.copies import (
    LAION,
    LINKS,
    LINKS_HASHES,
    NO_HASH,
    RELAION,
    Laid,
    Shards,
    cut,
    cuts,
    lay,
    layouts,
    sets,
)
from tests.drawn import quickly
from tests.pipeline import InProcess, Sent, add_lists, here, rows_of, write_shard

LIMITS = limits_of(1, "2GB")
SALT = bytes(range(16))
pytestmark = pytest.mark.usefixtures("in_process")
Rows = Sequence[Mapping[str, Any]]
bys = st.sampled_from([("row", "link"), ("row", "link"), ("row",), ("link",)])
shares = st.sampled_from([0.0, 0.3, 100.0])  # `seek.MANY`: ends of links are compared, or are not


def unheard(*_: object) -> None:
    """Nobody listens."""


def decided(fates: Fates, shards: Sequence[Numbered]) -> tuple[list[bool], Counter[Any]]:
    """Whether each row leaves, in order, and how many rows had each fate."""
    leaves: list[bool] = []
    for n in shards:
        gone = pq.read_table(fates.leaving[n.no], filters=[("shard_no", "=", n.no)])
        numbers = gone["file_row_number"].to_pylist()
        assert numbers == sorted(set(numbers))
        leaves += [i in set(numbers) for i in range(n.shard.rows)]
    counts: Counter[Any] = Counter()
    for _, fate, leaving, rows in fates.counts:
        counts[oracle.Fate(fate, leaving)] += rows
    return leaves, counts


# -- Which rows stay ---------------------------------------------------------------------------


@pytest.mark.slow
@settings(max_examples=4)
@given(
    copy=sets, new=sets, old=st.none() | sets, by=bys, laid=st.tuples(layouts, layouts, layouts),
    cut_at=st.tuples(cuts, cuts), unknown=st.sampled_from(["keep", "drop"]),
    without=st.sampled_from(["keep", "drop"]), batch=st.sampled_from([5, 1000]), many=shares,
)  # fmt: skip
def test_an_edition_keeps_what_a_plain_reading_of_it_keeps(
    copy: list[Any], new: list[Any], old: list[Any] | None, by: tuple[str, ...],
    laid: tuple[Laid, Laid, Laid], cut_at: tuple[list[int], list[int]],
    unknown: str, without: str, batch: int, many: float,
) -> None:  # fmt: skip
    old = None if old is None else old + new
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("relaion.labs.fates.BATCH_ROWS", batch)
        patch.setattr("relaion.labs.seek.MANY", many)
        shards = Shards(Path(folder))
        copies = shards.of("copy", cut(copy, cut_at[0]), laid[0])
        news = shards.of("new", cut(new, cut_at[1]), laid[1], 1_000)
        olds = shards.of("old", [old], laid[2], 2_000) if old is not None else ()
        question = Question(
            Path(folder), "v1", LIMITS, copies, news, olds, by=by,
            keeps_unknown=unknown == "keep", keeps_nameless=without == "keep",
        )  # fmt: skip
        try:
            found = work_out(question, unheard)
        except NotOldError:  # it has other row hashes, or none
            reject()
        leaves, counts = decided(found, copies)
    fates = oracle.by_keep(
        [laid[0].seen(r) for r in copy], [laid[1].seen(r) for r in new],
        None if old is None else [laid[2].seen(r) for r in old],
        by=by, unknown=unknown, without_identity=without,
    )  # fmt: skip
    assert leaves == [f.leaves for f in fates]
    assert counts == Counter(fates)


@settings(max_examples=4)
@given(
    copy=sets, old=sets, new=sets, by=bys, laid=st.tuples(layouts, layouts, layouts),
    cut_at=st.tuples(cuts, cuts, cuts), without=st.sampled_from(["keep", "drop"]), many=shares,
)  # fmt: skip
def test_a_diff_tells_and_takes_what_a_plain_reading_does(
    copy: list[Any], old: list[Any], new: list[Any], by: tuple[str, ...],
    laid: tuple[Laid, Laid, Laid], cut_at: tuple[list[int], list[int], list[int]], without: str,
    many: float,
) -> None:  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("relaion.labs.diffing.BATCH_ROWS", 6)
        patch.setattr("relaion.labs.seek.MANY", many)
        shards = Shards(Path(folder))
        olds = shards.of("old", cut(old, cut_at[0]), laid[0], 2_000)
        news = shards.of("new", cut(new, cut_at[1]), laid[1], 1_000)
        seen = [[x.seen(r) for r in of] for x, of in zip(laid, (old, new, copy), strict=True)]
        found, lines = compare(Path(folder), "v1", LIMITS, olds, news, by, SALT, tell=unheard)
        path = Path(folder) / "diff.parquet"
        said = {"form": 3, "key_version": KEY_VERSION, "salt": SALT.hex(), "by": list(by)}
        write_diff(lines, path, {**said, "rows": found.lines})
        told = read_diff(path)
        held = [tuple(x.values()) for x in pq.ParquetFile(path).read().to_pylist()]
        copies = shards.of("copy", cut(copy, cut_at[2]), laid[2])
        work = Path(folder) / "work"
        work.mkdir()
        fates = work_out(
            Question(work, "v1", LIMITS, copies, diff=path, salt=told.salt, by=by,
                     keeps_nameless=without == "keep"),
            unheard,
        )  # fmt: skip
        leaves, counts = decided(fates, copies)
    expected = oracle.diff_of(seen[0], seen[1], SALT, by)
    assert held == expected.lines
    assert (found.rows, found.links, found.without, found.colliding) == expected[1:]
    of_copy = oracle.by_diff(seen[2], expected.lines, SALT, by=by, without_identity=without)
    assert leaves == [f.leaves for f in of_copy]
    assert counts == Counter(of_copy)


# -- Round trip: clean, diff, apply on a copy of another form, cut and order -------------------


@dataclass(frozen=True)
class Form:
    """How a copy of some form is written below a folder, in parts, and read back in order."""

    write: Callable[[Path, Sequence[Rows]], None]
    read: Callable[[Path], list[dict[str, Any]]]


def parquet(laid: Laid) -> Form:
    """Parquet files of a layout, in two folders."""

    def write(folder: Path, parts: Sequence[Rows]) -> None:
        for i, rows in enumerate(parts):
            lay(folder / f"{i % 2}/{i}.parquet", rows, laid)

    def read(folder: Path) -> list[dict[str, Any]]:
        back = {name: role for role, name in laid.names.items()}
        found = []
        for path in sorted(folder.rglob("*.parquet")):
            found += pq.ParquetFile(path).read().to_pylist()
        return [{back[k]: v for k, v in row.items() if k in back} for row in found]

    return Form(write, read)


def texts(end: str, packed: Callable[[bytes], bytes], unpacked: Callable[[bytes], bytes]) -> Form:
    """TSV, CSV or JSON lines; of tables every second file has no names."""

    def write(folder: Path, parts: Sequence[Rows]) -> None:
        for i, rows in enumerate(parts):
            (folder / str(i % 2)).mkdir(parents=True, exist_ok=True)
            told = [{"caption": r["text"], "url": r["url"]} for r in rows]
            said = io.StringIO(newline="")
            if ".jsonl" in end:
                said.writelines(json.dumps(r) + "\n" for r in told)
            else:
                of = csv.DictWriter(said, ["caption", "url"], delimiter=DELIMITERS[end])
                if i % 2:
                    of.writeheader()
                of.writerows(told)
            (folder / f"{i % 2}/{i}{end}").write_bytes(packed(said.getvalue().encode()))

    def read(folder: Path) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for path in sorted(folder.rglob(f"*{end}")):
            text = io.StringIO(unpacked(path.read_bytes()).decode(), newline="")
            if ".jsonl" in end:
                found += map(json.loads, text)
            else:
                rows = csv.DictReader(text, ["caption", "url"], delimiter=DELIMITERS[end])
                found += [r for r in rows if r["url"] != "url"]
        return [{"url": r["url"] or None, "text": r["caption"] or None} for r in found]

    return Form(write, read)


DELIMITERS = {".tsv": "\t", ".csv": ",", ".tsv.gz": "\t"}


def tars(*, with_rows: bool) -> Form:
    """Webdataset tars; img2dataset's have a parquet file and their counts beside them."""

    def write(folder: Path, parts: Sequence[Rows]) -> None:
        folder.mkdir(parents=True)
        for i, rows in enumerate(parts):
            keyed = [
                {"url": r["url"], "caption": r["text"], "key": f"{i:05}{n:04}", "status": "success"}
                for n, r in enumerate(rows)
            ]
            with tarfile.open(folder / f"{i:05}.tar", "w") as tar:
                for r in keyed:
                    for kind, what in (("jpg", b"picture"), ("json", json.dumps(r).encode())):
                        member = tarfile.TarInfo(f"{r['key']}.{kind}")
                        member.size = len(what)
                        tar.addfile(member, io.BytesIO(what))
            if with_rows:
                lay(folder / f"{i:05}.parquet", keyed, PAIRED)
                n = len(keyed)
                counts = {"count": n, "successes": n, "failed_to_download": 0,
                          "failed_to_resize": 0, "status_dict": {"success": n}}  # fmt: skip
                (folder / f"{i:05}_stats.json").write_text(json.dumps(counts, indent=4))

    def read(folder: Path) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for path in sorted(folder.glob("*.tar")):
            with tarfile.open(path) as tar:
                inside = [json.load(tar.extractfile(m)) for m in tar if m.name.endswith("json")]  # type: ignore[arg-type]
            if with_rows:
                beside = pq.ParquetFile(path.with_suffix(".parquet")).read(["key"])["key"]
                assert beside.to_pylist() == [r["key"] for r in inside]
                stats = json.loads(path.with_name(f"{path.stem}_stats.json").read_text())
                assert stats["count"] == stats["status_dict"].get("success", 0) == len(inside)
            found += inside
        return [{"url": r["url"], "text": r["caption"]} for r in found]

    return Form(write, read)


@pytest.mark.parametrize("by", quickly(1, [None, "row", "link"]))
def test_an_old_set_that_the_edition_was_not_made_of_is_refused(
    world: Path, tmp_path: Path, by: str | None
) -> None:
    """Every row that was removed would be unknown to it, and stay where unknown ones do."""
    other = [{"url": f"http://other.example/{i}.jpg", "text": "x"} for i in range(9)]
    lay(tmp_path / "other/a.parquet", other, LAION)
    given: dict[str, Any] = {"keep": world / "out/research", "unknown": "keep", "by": by}
    with pytest.raises(InputError, match="so NEW was not made of it"):
        apply(world / "data", tmp_path / "out", old=tmp_path / "other", **given)
    assert apply(world / "data", tmp_path / "out", old=world / "data", **given).left


def test_a_work_file_that_goes_meanwhile_is_told_as_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def index(self: Applying, files: Sequence[CopyFile]) -> Any:
        found = made(self, files)
        for path in (self.work / INDEXES).iterdir():
            path.unlink()
        return found

    made = Applying._index
    monkeypatch.setattr(Applying, "_index", index)
    rows = [{"url": f"http://a.example/{i}.jpg", "text": "x"} for i in range(2)]
    lay(tmp_path / "new/a.parquet", rows, LAION)
    (tmp_path / "copy.tsv").write_text("".join(f"{r['url']}\t{r['text']}\n" for r in rows))
    with pytest.raises(OutputError, match="a work file is gone or damaged; repeat the command"):
        apply(tmp_path / "copy.tsv", tmp_path / "out", keep=tmp_path / "new")


def test_a_part_of_the_old_set_is_none_other_for_a_row_that_stands_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of the edition are looked for there by as many hashes as are drawn, all different."""
    monkeypatch.setattr("relaion.labs.fates.PROBES", 2)
    rows = [{"url": f"http://a.example/{i}.jpg", "text": "x"} for i in range(2)]
    often, once = sorted(rows, key=lambda r: mmh3.hash64(r["url"] + r["text"])[0])
    lay(tmp_path / "new/a.parquet", [often, often, once], LAION)
    lay(tmp_path / "old/a.parquet", [once], LAION)
    lay(tmp_path / "copy/a.parquet", [often, once], LAION)
    new, old = tmp_path / "new", tmp_path / "old"
    assert not apply(tmp_path / "copy", tmp_path / "out", keep=new, old=old).left


@pytest.mark.parametrize("end", quickly(1, [".tsv", ".jsonl", ".tar"]))
def test_row_hashes_that_are_none_are_refused_in_every_form(
    world: Path, tmp_path: Path, end: str
) -> None:
    """By one hash of a row that stayed, whatever else the copy holds would stay."""
    copy, kept = tmp_path / "copy", data()[0]
    copy.mkdir()
    rows = [{**r, "hash": kept["row_hash"]} for r in data()[:9]]
    told = [{"url": r["url"], "caption": r["text"], "hash": r["hash"]} for r in rows]
    path = copy / f"a{end}"
    if end == ".tar":
        with tarfile.open(path, "w") as tar:
            for i, r in enumerate(told):
                what = json.dumps(r).encode()
                member = tarfile.TarInfo(f"{i}.json")
                member.size = len(what)
                tar.addfile(member, io.BytesIO(what))
    elif end == ".tsv":
        lines = ["\t".join(map(str, r.values())) for r in told]
        path.write_text("url\tcaption\thash\n" + "\n".join(lines) + "\n")
    else:
        path.write_text("".join(json.dumps(r) + "\n" for r in told))
    with pytest.raises(InputError, match=r"are not LAION's .* \(8 of 9 compared differ\)"):
        apply(copy, tmp_path / "out", keep=world / "out/research")
    done = apply(copy, tmp_path / "out", keep=world / "out/research", by="link")
    assert done.left == 3


@pytest.mark.parametrize("form", ["json lines", "tar"])
def test_a_caption_without_a_link_is_no_identity(world: Path, tmp_path: Path, form: str) -> None:
    """It meets nothing, which must not pass for a row that stayed."""
    copy, caption = tmp_path / "copy", data()[3]["text"]
    copy.mkdir()
    known = {"url": LISTED[0], "caption": caption}
    if form == "json lines":
        told = [known, {"url": None, "caption": caption}, {"caption": caption}]
        (copy / "a.jsonl").write_text("".join(json.dumps(r) + "\n" for r in told))
    else:
        with tarfile.open(copy / "a.tar", "w") as tar:
            for name, what in (("1.json", json.dumps(known)), ("2.txt", caption), ("3.txt", "x")):
                member = tarfile.TarInfo(name)
                member.size = len(what)
                tar.addfile(member, io.BytesIO(what.encode()))
    kept = apply(copy, tmp_path / "kept", diff=world / "diff.parquet")
    assert {(c.fate, c.rows) for c in kept.counts} == {("nameless", 2), ("removed", 1)}
    assert not kept.clean
    left = apply(copy, tmp_path / "left", diff=world / "diff.parquet", without_identity="drop")
    assert (left.kept, left.clean) == (0, True) or form == "tar"


def test_a_key_that_was_made_a_number_is_still_the_sample_s(world: Path, tmp_path: Path) -> None:
    """Without a json a sample is known by its row alone."""
    copy, link = tmp_path / "copy", LISTED[0]
    copy.mkdir()
    with tarfile.open(copy / "00000.tar", "w") as tar:
        for n in range(3):
            member = tarfile.TarInfo(f"00000000{n}.jpg")
            tar.addfile(member)
    urls = ["https://host0.example/0.jpg", link, "https://host1.example/1.jpg"]
    table = pa.table({"url": urls, "caption": [None] * 3, "key": [0, 1, 2]})
    pq.write_table(table, copy / "00000.parquet")
    apply(copy, tmp_path / "out", keep=world / "out/research")
    with tarfile.open(tmp_path / "out/00000.tar") as tar:
        assert tar.getnames() == ["000000000.jpg", "000000002.jpg"]
    assert verify(tmp_path / "out", keep=world / "out/research", inputs=copy).ok


PAIRED = Laid({"url": "url", "caption": "caption", "key": "key", "status": "status"})


def same(raw: bytes) -> bytes:
    return raw


FORMS = {
    "tsv": texts(".tsv", same, same), "csv": texts(".csv", same, same),
    "tsv.gz": texts(".tsv.gz", gzip.compress, gzip.decompress),
    "jsonl.gz": texts(".jsonl.gz", gzip.compress, gzip.decompress),
    "webdataset": tars(with_rows=False), "img2dataset": tars(with_rows=True),
    "LAION-5B": parquet(LAION), "Re-LAION": parquet(RELAION), "no hash": parquet(NO_HASH),
    "links alone": parquet(LINKS), "links and hashes": parquet(LINKS_HASHES),
}  # fmt: skip


def data(n: int = 60) -> list[dict[str, Any]]:
    """Rows of a data set: two rows of each tenth link, of which one is unsafe; md5s and scores."""
    rows: list[dict[str, Any]] = [
        {"url": f"https://host{i % 7}.example/{i}.jpg", "text": f"picture {i}", "punsafe": 0.1,
         "image_md5": f"{i:032x}"}
        for i in range(n)
    ]  # fmt: skip
    rows += [rows[i] | {"text": f"again {i}", "image_md5": None} for i in range(0, n, 10)]
    rows += [
        {"url": None, "text": "no link", "punsafe": 0.1},
        {"url": "https://host1.example/7.jpg", "text": None, "punsafe": 0.2},
    ]
    for row in rows:
        row["row_hash"] = oracle.murmur(row["url"], row["text"])
    return rows


LISTED = ("https://host3.example/3.jpg", "https://host4.example/4.jpg")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, in_process: None) -> Path:
    """`data` cleaned by `clean` into `out`, and `diff.parquet` of what left."""
    folder = tmp_path_factory.mktemp("world")
    rows = data()
    rows[30] |= {"punsafe": 0.99, "text": "a badword here"}  # the rule leaves its twin where it is
    rows[30]["row_hash"] = oracle.murmur(rows[30]["url"], rows[30]["text"])
    write_shard(folder / "data/en/0.parquet", rows[:40])
    write_shard(folder / "data/en/1.parquet", rows[40:])
    sent = [Sent((("image_md5", f"{5:032x}"), *(("url", link) for link in LISTED)))]
    add_lists(folder / "lists.duckdb", sent)
    (folder / "words").write_text("badword\n")
    clean(
        [folder / "data"], folder / "lists.duckdb", folder / "out", keywords=folder / "words",
        verify=False, executor=InProcess(),
    )  # fmt: skip
    diff(folder / "data", folder / "out/research", folder / "diff.parquet",
         i_accept_disclosure=True)  # fmt: skip
    return folder


def roled(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of the joined layout by role."""
    return [{"url": r["URL"], "text": r["TEXT"], "row_hash": r["hash"]} for r in rows]


def old_rows(world: Path) -> list[dict[str, Any]]:
    """The rows that were cleaned."""
    return roled(rows_of(world, "data"))


def by_value(rows: Rows) -> Counter[Any]:
    return Counter((r.get("url"), r.get("text"), r.get("row_hash")) for r in rows)


BY = ("diff", "keep", "keep and old")


def _each(forms: Iterable[str]) -> Iterator[Any]:
    """Each form in each way; quickly in one, so that the ways take turns."""
    for i, form in enumerate(forms):
        for way, by in enumerate(BY):
            yield pytest.param(by, form, marks=[] if way == i % len(BY) else [pytest.mark.slow])


@pytest.mark.parametrize(("by", "form"), quickly(3, [*_each(FORMS)]))
def test_a_copy_of_any_form_cut_and_order_loses_what_left_and_nothing_else(
    world: Path, tmp_path: Path, form: str, by: str
) -> None:
    before, after = old_rows(world), roled(rows_of(world / "out", "research"))
    gone = by_value(before) - by_value(after)
    assert len(gone) == 4  # by digest, by two links, by a word
    random.Random(form).shuffle(before)
    FORMS[form].write(tmp_path / "copy", cut(before, [9, 30, 31]))
    given: dict[str, Any] = (
        {"diff": world / "diff.parquet"} if by == "diff" else
        {"keep": world / "out/research", "without_identity": "keep"}
    )  # fmt: skip
    if by == "keep and old":
        given["old"] = world / "data"
    done = apply(tmp_path / "copy", tmp_path / "out", **given)
    kept = FORMS[form].read(tmp_path / "out")
    had = FORMS[form].read(tmp_path / "copy")
    left = by_value(had) - by_value(kept)
    assert not by_value(kept) - by_value(had)
    # of a row whose link still stands, the link tells nothing; and without the old set nobody
    # can say whether the row left, or its caption was written anew
    sees_twin = form != "links alone" and by != "keep"
    told = [r for r in gone if sees_twin or r[0] != "https://host2.example/30.jpg"]
    assert sum(left.values()) == len(told) == done.left  # a sample and its row are one
    samples = sum(c.samples for c in done.counts if not c.stayed)
    assert samples == (done.left if form == "img2dataset" else 0)
    assert {url for url, *_ in left} == {url for url, *_ in told}
    assert [r for r in had if r["url"] not in LISTED and r in kept] == kept  # in their order


@pytest.mark.parametrize("by", ["diff", "keep"])
def test_a_row_whose_caption_was_written_anew_is_known_by_its_link(
    world: Path, tmp_path: Path, by: str
) -> None:
    anew = [row | {"text": f"anew {i}"} for i, row in enumerate(old_rows(world)) if row["url"]]
    lay(tmp_path / "copy/a.parquet", anew, NO_HASH)
    given: dict[str, Any] = (
        {"diff": world / "diff.parquet"} if by == "diff" else {"keep": world / "out/research"}
    )
    done = apply(tmp_path / "copy", tmp_path / "out", **given)
    kept = parquet(NO_HASH).read(tmp_path / "out")
    links = {r["URL"] for r in rows_of(world / "out", "research")}
    assert [r["url"] for r in kept] == [r["url"] for r in anew if r["url"] in links]
    assert {c.fate for c in done.counts if c.stayed} == {"row" if by == "diff" else "link"}


def test_what_is_written_has_all_columns_as_they_were(world: Path, tmp_path: Path) -> None:
    source = world / "data/en/0.parquet"
    apply(source, tmp_path / "out", keep=world / "out/research")
    old, new = (pq.ParquetFile(p) for p in (source, tmp_path / "out/0.parquet"))
    places = set(new.read()["WIDTH"].to_pylist())
    kept = old.read().filter(pa.array([w in places for w in old.read()["WIDTH"].to_pylist()]))
    assert new.read().equals(kept) and new.schema_arrow.equals(old.schema_arrow, True)
    assert 0 < len(places) < old.metadata.num_rows


@pytest.mark.slow
def test_without_the_old_set_a_row_is_only_not_in_the_edition(world: Path, tmp_path: Path) -> None:
    mine = {"url": "https://mine.example/a.jpg", "text": "mine"}
    mine["row_hash"] = oracle.murmur(mine["url"], mine["text"])  # type: ignore[assignment]
    lay(tmp_path / "copy/a.parquet", [*old_rows(world), mine], LAION)
    given: dict[str, Any] = {"keep": world / "out/research", "unknown": "keep"}
    told = apply(tmp_path / "copy", tmp_path / "a", **given)
    assert {(c.fate, c.stayed) for c in told.counts} == {("row", True), ("link", True),
                                                        ("not in new", True)}  # fmt: skip
    told = apply(tmp_path / "copy", tmp_path / "b", **given, old=world / "data")
    assert {(c.fate, c.rows, c.stayed) for c in told.counts if c.fate != "row"} == {
        ("removed", 4, False), ("unknown", 1, True)
    }  # fmt: skip


def test_an_edition_without_row_hashes_tells_rows_by_their_links(
    world: Path, tmp_path: Path
) -> None:
    """Else every row of the old set would count as removed: its hash is not in the edition."""
    new = roled(rows_of(world / "out", "research"))
    lay(tmp_path / "new/a.parquet", new, LINKS)
    given: dict[str, Any] = {"keep": tmp_path / "new", "old": world / "data"}
    told = apply(world / "data", tmp_path / "out", **given)
    assert {(c.fate, c.stayed) for c in told.counts} == {
        ("link", True), ("removed", False), ("nameless", False)
    }  # fmt: skip
    with pytest.raises(InputError, match="neither row hashes nor both links and captions"):
        apply(world / "data", tmp_path / "out2", **given, by="row")


# -- What is left on the disk ------------------------------------------------------------------


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder; of a manifest all but its times."""
    found = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    if "manifest.json" in found:
        made = json.loads(found["manifest.json"])
        kept = {k: v for k, v in made.items() if k not in ("started", "finished")}
        found["manifest.json"] = json.dumps(kept).encode()
    return found


@pytest.fixture
def copy(world: Path, tmp_path: Path) -> Path:
    """A copy of three files: the last loses nothing, the first holds no row."""
    rows = old_rows(world)
    lay(tmp_path / "copy/0.parquet", [], LAION)
    lay(tmp_path / "copy/a/1.parquet", rows[:25], NO_HASH)
    lay(tmp_path / "copy/a/2.parquet", rows[41:], RELAION)
    return tmp_path / "copy"


def test_files_that_lose_nothing_are_linked_and_nothing_else_is_left(
    world: Path, copy: Path, tmp_path: Path
) -> None:
    before = tree(copy)
    done = apply(copy, tmp_path / "out", diff=world / "diff.parquet")
    assert done.files == {"linked": 2, "written": 1}
    assert (tmp_path / "out/a/2.parquet").samefile(copy / "a/2.parquet")
    assert set(tree(tmp_path / "out")) == {*before, "manifest.json"}
    assert tree(copy) == before
    assert not [p for p in tmp_path.rglob("*") if p.name.startswith(".")]
    alone = apply(copy, tmp_path / "alone", diff=world / "diff.parquet", copy=True)
    assert alone.files == {"copied": 2, "written": 1}
    assert not (tmp_path / "alone/a/2.parquet").samefile(copy / "a/2.parquet")


def test_the_same_again_is_done_already_and_another_thing_is_refused(
    world: Path, copy: Path, tmp_path: Path
) -> None:
    given: dict[str, Any] = {"diff": world / "diff.parquet"}
    first = apply(copy, tmp_path / "out", **given)
    before = tree(tmp_path / "out")
    again = apply(copy, tmp_path / "out", **given)
    assert again.done_before and again.counts == first.counts
    with pytest.raises(InputError, match=r"holds a finished run with other arguments \(options"):
        apply(copy, tmp_path / "out", **given, by="row")
    assert tree(tmp_path / "out") == before
    (tmp_path / "out/a/1.parquet").unlink()
    with pytest.raises(RelaionError, match="is missing or another file"):
        apply(copy, tmp_path / "out", **given)


def changed(path: Path) -> None:
    """Other bytes of the same size, moved here with the time of the file that was here."""
    info, raw = path.stat(), path.read_bytes()
    assert b"parquet-cpp-arrow" in raw
    path.unlink()
    path.write_bytes(raw.replace(b"parquet-cpp-arrow", b"parquet-cpp-brrow"))
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))


@pytest.mark.parametrize("what", quickly(1, ["copy/a/1.parquet", "copy/a/2.parquet", "new", "old"]))
def test_a_finished_run_is_of_the_bytes_that_it_read(
    world: Path, copy: Path, tmp_path: Path, what: str
) -> None:
    for name, source in (("new", world / "out/research"), ("old", world / "data")):
        shutil.copytree(source, tmp_path / name)
    given: tuple[str | Path, ...] = ("--keep", "new", "--old", "old", "--out", "out")
    command = ("apply", "copy", *given)
    assert here(*command, cwd=tmp_path).returncode == 0
    path = tmp_path / what
    changed_at = path / "en/0.parquet" if path.is_dir() else path
    before = changed_at.read_bytes()
    os.link(changed_at, tmp_path / "more")  # another name is no other bytes
    assert "was finished before" in here(*command, cwd=tmp_path).stdout
    changed(changed_at)
    done = here(*command, cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert f"{what}: has other bytes than when out was made of it" in done.stderr
    changed_at.write_bytes(before)
    assert "was finished before" in here(*command, cwd=tmp_path).stdout


def test_a_finished_run_vouches_for_the_bytes_that_it_wrote(
    world: Path, copy: Path, tmp_path: Path
) -> None:
    apply(copy, tmp_path / "out", diff=world / "diff.parquet")
    changed(tmp_path / "out/a/1.parquet")
    with pytest.raises(RelaionError, match=r"1\.parquet: is missing or another file"):
        apply(copy, tmp_path / "out", diff=world / "diff.parquet")


def test_what_is_said_into_a_file_is_a_line_a_message(
    world: Path, copy: Path, tmp_path: Path
) -> None:
    """However long it is, and without the spaces to which a table is filled."""
    name = "x" * 180
    (copy / name).write_text("")
    out = tmp_path / f"o{name}"
    given = ("--out", out, "--certificate", tmp_path / "c.json")
    said = here("apply", world / "diff.parquet", copy, *given).stdout
    said += here("verify", out, "--diff", world / "diff.parquet").stdout
    lines = said.split("\n")
    assert not [line for line in lines if line != line.rstrip()]
    what = f"1 file of another form ({name}): not looked at, not cleaned, not in OUT"
    assert lines.count(f"  {what}") == 2
    assert len([line for line in lines if line.startswith(f"{out}: ")]) == 2
    assert lines[-2].startswith(f"{out}: clean as far as") and lines[-2].endswith("in part: 6")


def test_a_cleaned_copy_is_a_copy_like_another(world: Path, copy: Path, tmp_path: Path) -> None:
    """What the run before says of it holds no row; a link in there would be one."""
    apply(copy, tmp_path / "in/out", keep=world / "out/research")
    again = apply(tmp_path / "in/out", tmp_path / "again", keep=tmp_path / "in/out")
    assert again.left == 0
    assert again.files == {"linked": 3}
    assert again.clean and not again.not_looked_at
    both = apply(tmp_path / "in", tmp_path / "both", keep=tmp_path / "in/out")
    assert both.clean  # with its certificate
    assert verify(tmp_path / "both", inputs=[tmp_path / "in"], keep=tmp_path / "in/out").clean
    manifest = tmp_path / "in/out/manifest.json"
    manifest.write_text(manifest.read_text().replace('"apply"', '"apply", "x": "http://a.b/c"'))
    told = apply(tmp_path / "in/out", tmp_path / "told", keep=tmp_path / "in/out").not_looked_at
    assert told == (
        "1 file of another form (manifest.json): not looked at, not cleaned, not in OUT",
    )


def test_work_files_are_the_owners_alone_while_they_are_there(
    world: Path, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, int] = {}

    def full(*_: object, **__: object) -> None:
        work = tmp_path / "out/.work"
        seen.update({str(p): stat.S_IMODE(p.stat().st_mode) for p in (work, *work.rglob("*"))})
        raise NoRoomError("no room")

    with monkeypatch.context() as broken, pytest.raises(RelaionError):
        broken.setattr("relaion.labs.one_file.write_editions", full)
        apply(copy, tmp_path / "out", diff=world / "diff.parquet")
    assert len(seen) > 5
    assert not [name for name, mode in seen.items() if mode & 0o077]
    apply(copy, tmp_path / "out", diff=world / "diff.parquet")
    apply(copy, tmp_path / "whole", diff=world / "diff.parquet")
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")


def test_a_run_that_goes_on_reads_nothing_anew_that_its_journal_vouches_for(
    world: Path, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither texts, which are indexed, nor the editions; a file that was linked is as it was."""
    FORMS["tsv"].write(copy / "text", [old_rows(world)[:20]])
    FORMS["webdataset"].write(copy / "tars", [old_rows(world)[20:40]])
    given: dict[str, Any] = {"keep": world / "out/research", "old": world / "data"}

    def broken(*_: object, **__: object) -> None:
        raise NoRoomError("no room")

    for name in ("out", "other"):
        with monkeypatch.context() as patch, pytest.raises(RelaionError):
            patch.setattr("relaion.labs.one_file.write_editions", broken)
            apply(copy, tmp_path / name, **given)
    with monkeypatch.context() as patch:
        for what in ("labs.seek.Seeker.read", "copies.tables.index", "copies.samples.index"):
            patch.setattr(f"relaion.{what}", lambda *_: pytest.fail("read anew"))
        apply(copy, tmp_path / "out", **given)
    # a text of other bytes is read, and so is all that hangs on it
    FORMS["tsv"].write(copy / "text", [old_rows(world)[1:9]])
    apply(copy, tmp_path / "other", **given)
    apply(copy, tmp_path / "whole", **given)
    assert tree(tmp_path / "other") == tree(tmp_path / "whole")
    assert len(tree(tmp_path / "out")) == 6


def test_a_plan_that_is_damaged_is_told_and_the_run_begins_anew(
    world: Path, copy: Path, tmp_path: Path
) -> None:
    """A flipped bit is no other argument; and what is not ours to write is not taken for it."""
    given = ("apply", world / "diff.parquet", copy, "--out", tmp_path / "out")
    apply(copy, tmp_path / "whole", diff=world / "diff.parquet")
    bad = copy / "a/1.parquet"
    whole = bad.read_bytes()
    bad.write_bytes(whole[:-20])
    assert here(*given).returncode == 2
    plan = tmp_path / "out/.work/plan.json"
    plan.write_bytes(plan.read_bytes().replace(b"duckdb", b"duckdc"))
    refused = here(*given, "--purge").stderr
    assert refused.startswith(f"relaion: {plan}: is damaged") and refused.count("\n") == 1
    bad.write_bytes(whole)
    (tmp_path / "out/x").write_text("")
    refused = here(*given).stderr
    assert "whose plan is lost, and x, which this run would not write" in refused
    (tmp_path / "out/x").unlink()
    assert here(*given).stderr.startswith(f"{plan}: is damaged")
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")


def test_a_damaged_file_is_set_aside_and_mended_it_is_as_if_nothing_had_been(
    world: Path, copy: Path, tmp_path: Path
) -> None:
    given: dict[str, Any] = {"diff": world / "diff.parquet", "without_identity": "drop"}
    apply(copy, tmp_path / "whole", **given)
    for name, damage in (("a/2.parquet", "pages"), ("a/1.parquet", "footer")):
        whole = (copy / name).read_bytes()
        bad = b"PAR1" + b"\xff" * 400 + whole[404:] if damage == "pages" else whole[:-20]
        (copy / name).write_bytes(bad)
        with pytest.raises(StopError, match=rf"{Path(name).name}.*1 of 3 files failed"):
            apply(copy, tmp_path / damage, **given)
        others = {n: d for n, d in tree(tmp_path / damage).items() if ".work" not in n}
        assert others == {
            n: d for n, d in tree(tmp_path / "whole").items() if n not in (name, "manifest.json")
        }
        (copy / name).write_bytes(whole)
        apply(copy, tmp_path / damage, **given)
        assert tree(tmp_path / damage) == tree(tmp_path / "whole")


def test_where_every_file_fails_nothing_is_left_of_the_run(world: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy/a.jsonl").write_text('{"url": ""}\nno json\n')
    done = here("apply", world / "diff.parquet", "copy", "--out", "out", cwd=tmp_path)
    assert "a.jsonl: line 2 is no whole JSON object" in done.stderr
    assert not list((tmp_path / "out").iterdir())


def test_a_damaged_file_is_set_aside_where_memory_runs_out_over_it(
    world: Path, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page may say of itself that it holds a gigabyte."""
    ask = Applying._fates

    def short(self: Applying, question: Mapping[str, Any], at: list[Path]) -> Any:
        try:
            return ask(self, question, at)
        except RelaionError as e:
            raise ShortError(str(e)) from None

    monkeypatch.setattr(Applying, "_fates", short)
    whole = (copy / "a/2.parquet").read_bytes()
    (copy / "a/2.parquet").write_bytes(b"PAR1" + b"\xff" * 400 + whole[404:])
    with pytest.raises(StopError, match=r"2\.parquet.*1 of 3 files failed"):
        apply(copy, tmp_path / "out", diff=world / "diff.parquet", without_identity="drop")


def test_what_failed_is_said_once_and_by_the_name_of_what_failed(
    world: Path, tmp_path: Path
) -> None:
    """Not by that of the file beside it, which cannot be cleaned without."""
    FORMS["img2dataset"].write(tmp_path / "copy", cut(old_rows(world), [9]))
    tar = tmp_path / "copy/00000.tar"
    tar.write_bytes(tar.read_bytes()[:3000])
    given = ("--out", tmp_path / "out")
    done = here("apply", world / "diff.parquet", tmp_path / "copy", *given)
    why, last = done.stderr.splitlines()
    assert why.startswith(f"{tar}: ") and "cut off" in why
    assert last == (
        f"relaion: {tmp_path}/out: 1 of 6 files failed, as told above; 2 beside it were left out; "
        "the others are done; repair or replace what failed and repeat the command to go on"
    )
    assert [p.name for p in sorted((tmp_path / "out").glob("*.tar"))] == ["00001.tar"]
    with pytest.raises(StopError, match=r"00000\.tar: .*: 1 of 6 files failed; 2 beside it"):
        apply(tmp_path / "copy", tmp_path / "out", diff=world / "diff.parquet")
    for path in (tmp_path / "copy").glob("00001*"):
        path.unlink()
    done = here("apply", world / "diff.parquet", tmp_path / "copy", "--out", tmp_path / "b")
    assert "1 of 3 files failed" in done.stderr and "others" not in done.stderr
    done = here("apply", world / "diff.parquet", tar, "--out", tmp_path / "c")
    assert done.stderr == f"relaion: {why}\n"


def test_a_file_that_changes_meanwhile_is_not_written(
    world: Path, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(path: Path, *given: Any, **named: Any) -> Any:
        done = write_editions(path, *given, **named)
        with path.open("ab") as f:
            f.write(b"more")
        return done

    with monkeypatch.context() as broken, pytest.raises(StopError, match="changed or replaced"):
        broken.setattr("relaion.labs.one_file.write_editions", changed)
        apply(copy, tmp_path / "out", diff=world / "diff.parquet")
    assert not (tmp_path / "out/a/1.parquet").exists()
    assert not (tmp_path / "out/manifest.json").exists()


# -- What a footer, a column or a name can say -------------------------------------------------


@pytest.mark.parametrize("lie", quickly(1, ["all_null", "no_null", "few_nulls", "narrow_bounds"]))
def test_a_footer_that_lies_changes_no_fate(world: Path, tmp_path: Path, lie: str) -> None:
    rows = old_rows(world)
    for name in ("true", "false"):
        lay(tmp_path / name / "a.parquet", rows, LAION)
    for leaf in (1, 2, 3):
        lying.LIES[lie](tmp_path / "false/a.parquet", leaf, None)
    true, false = (
        apply(tmp_path / name, tmp_path / f"out-{name}", diff=world / "diff.parquet")
        for name in ("true", "false")
    )
    assert false.counts == true.counts


def test_links_that_are_no_utf8_are_known_by_their_bytes(world: Path, tmp_path: Path) -> None:
    odd = [{"url": f"http://a.example/\udcff{c}.jpg", "text": c} for c in "ab"]
    lay(tmp_path / "new/n.parquet", odd[:1], NO_HASH)
    lay(tmp_path / "copy/c.parquet", [*odd, {"url": "http://a.example/%FFa.jpg", "text": "x"}],
        NO_HASH)  # fmt: skip
    told = apply(tmp_path / "copy", tmp_path / "out", keep=tmp_path / "new")
    assert Counter({c.fate: c.rows for c in told.counts}) == {"row": 1, "link": 1, "not in new": 1}


@pytest.mark.parametrize("by", ["diff", "keep"])
def test_a_link_that_stands_for_nothing_in_particular_is_no_identity(
    world: Path, tmp_path: Path, by: str
) -> None:
    vague = (None, "None", "http://host3.example/", "https://host4.example", LISTED[0] + "#!part")
    rows = [{"url": link} for link in (*vague, LISTED[0], "http://www.host5.example/12.jpg")]
    lay(tmp_path / "copy/a.parquet", rows, LINKS)
    given: dict[str, Any] = (
        {"diff": world / "diff.parquet"} if by == "diff" else {"keep": world / "out/research"}
    )
    for nameless in ("keep", "drop"):
        done = apply(tmp_path / "copy", tmp_path / nameless, **given, without_identity=nameless)
        assert Counter({c.fate: c.rows for c in done.counts}) == {
            "nameless": 5, "link": 1, "removed with its link" if by == "diff" else "not in new": 1
        }  # fmt: skip
        assert done.left == (1 if nameless == "keep" else 6)
        assert bool(done.not_looked_at) == (nameless == "keep")


def test_a_hash_column_that_is_no_row_hash_is_refused(world: Path, tmp_path: Path) -> None:
    rows = [r | {"row_hash": i} for i, r in enumerate(old_rows(world))]
    lay(tmp_path / "copy/a.parquet", rows, LAION)
    given: dict[str, Any] = {"diff": world / "diff.parquet"}
    with pytest.raises(InputError, match=r"are not LAION's .*--by link, or --column row_hash="):
        apply(tmp_path / "copy", tmp_path / "out", **given)
    assert not [*(tmp_path / "out").iterdir()]
    assert apply(tmp_path / "copy", tmp_path / "out", **given, by="link").left == 3
    # whoever says that it is one is believed: captions may have been written anew; and what link
    # and caption give is looked for, too
    said = {"row_hash": "hash"}
    assert apply(tmp_path / "copy", tmp_path / "b", **given, columns=said).left == 4
    for side in ("new", "old"):
        lay(tmp_path / side / "a.parquet", rows, LAION)
    with pytest.raises(InputError, match=r"new/a\.parquet: the row hashes are not LAION's"):
        apply(world / "data", tmp_path / "c", keep=tmp_path / "new")
    with pytest.raises(InputError, match=r"old/a\.parquet: the row hashes are not LAION's"):
        diff(tmp_path / "old", tmp_path / "new", tmp_path / "d.parquet")


def test_hashes_that_a_double_has_cut_are_computed_anew(world: Path, tmp_path: Path) -> None:
    table = pq.read_table(world / "data/en/0.parquet")
    cut_hash = table["hash"].cast(pa.float64(), safe=False)
    (tmp_path / "copy").mkdir()
    pq.write_table(table.set_column(3, "hash", cut_hash), tmp_path / "copy/0.parquet")
    true = apply(world / "data/en/0.parquet", tmp_path / "a", diff=world / "diff.parquet")
    assert apply(tmp_path / "copy", tmp_path / "b", diff=world / "diff.parquet").counts == (
        true.counts
    )


# -- What is refused: one line, and nothing half-written ---------------------------------------


def table_of(path: Path, **columns: Sequence[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


@pytest.fixture(scope="module")
def bad(world: Path) -> Path:
    """The world with what is wrong in it beside."""
    table_of(world / "two/a.parquet", url=["http://a.b/1"], URL=["http://a.b/2"])
    table_of(world / "none/a.parquet", width=[1], height=[2])
    strange = [{"url": f"http://s.example/{i}.jpg", "text": "s"} for i in range(5)]
    lay(world / "strange/a.parquet", strange, NO_HASH)
    whole = (world / "diff.parquet").read_bytes()
    (world / "cut.parquet").write_bytes(whole[: len(whole) // 2])
    (world / "broken").mkdir()
    (world / "broken/a.parquet").write_bytes(b"PAR1 no parquet PAR1")
    (world / "full").mkdir()
    (world / "full/mine.txt").write_text("mine")
    (world / "lines").mkdir()
    (world / "lines/a.tsv").write_text("url\ttext\nhttp://s.example/1.jpg\ts\n")
    (world / "empty").mkdir()
    (world / "with").mkdir()
    for name, source in (("a", world / "data/en/0.parquet"), ("d", world / "diff.parquet")):
        shutil.copyfile(source, world / f"with/{name}.parquet")
    return world


REFUSED = {
    "no diff and no edition": (
        ("data", "--out", "o"),
        "data: was read as the DIFF, and no copy is named; write DIFF before PATH, or name the "
        "published edition that may stay with --keep"),
    "a diff alone": (("diff.parquet", "--out", "o"), "diff.parquet: was read as the DIFF"),
    "a diff twice": (("diff.parquet", "data", "--diff", "diff.parquet", "--out", "o"),
                     "diff.parquet: is a diff and no file of a copy"),
    "a folder for --diff": (("data", "--diff", "data", "--out", "o"), "data: is a folder, no diff"),
    "both options": (("data", "--diff", "diff.parquet", "--keep", "data", "--out", "o"),
                     "say what to clean by, with one thing only"),
    "the copy and the edition swapped": (
        ("out/research", "--keep", "data", "--out", "o"),
        "out/research: is the edition research of "),
    "a file in it swapped": (
        ("out/research/en/0.parquet", "--keep", "data", "--out", "o"),
        "out/research/en/0.parquet: is the edition research of "),
    "a copy in a form of its own and the edition swapped": (
        ("out/research", "--keep", "lines", "--out", "o"),
        "as PATH: out/research was made by a run, says the manifest in "),
    "a file in a form of its own and the edition swapped": (
        ("out/research", "--keep", "lines/a.tsv", "--out", "o"),
        "lines/a.tsv: is no shard of an edition; name with --keep the published edition"),
    "an edition in a form of its own": (
        ("data", "--keep", "lines", "--out", "o"),
        "whose files end in .parquet\n"),
    "a file under two names": (("diff.parquet", "data", "data/en", "--out", "o"),
                               "which another PATH names, too"),
    "a folder for a diff": (("data", "strange", "--out", "o"), "data: is a folder, no diff"),
    "a diff behind the copy": (("data", "diff.parquet", "--out", "o"), "write DIFF before PATH"),
    "two diffs": (("diff.parquet", "diff.parquet", "data", "--out", "o"), "one DIFF goes before"),
    "a diff in the copy": (("diff.parquet", "with", "--out", "o"),
                           "with/d.parquet: is a diff and no file of the copy"),
    "a diff in the copy and a column": (
        ("diff.parquet", "with", "--column", "url=URL", "--out", "o"),
        "with/d.parquet: is a diff and no file of the copy"),
    "a diff and an edition": (("diff.parquet", "data", "--keep", "out/research", "--out", "o"),
                              "name one thing to clean by"),
    "a diff for an edition": (("data", "--keep", "diff.parquet", "--out", "o"),
                              "no published edition; write it before PATH"),
    "a diff for the old set": (
        ("data", "--keep", "out/research", "--old", "diff.parquet", "--out", "o"),
        "not the set that NEW was made of"),
    "the old set for both": (("data", "--keep", "data", "--old", "data", "--out", "o"),
                             "data: holds the files of both --keep NEW and --old OLD"),
    "old and new swapped": (("data", "--keep", "data", "--old", "out/research", "--out", "o"),
                            "out/research: was made of data, so it is NEW"),
    "a diff that is cut off": (("cut.parquet", "data", "--out", "o"), "cut off or damaged"),
    "a shard for a diff": (("data/en/0.parquet", "data", "--out", "o"), "no diff of relaion's"),
    "an option of the other kind": (
        ("diff.parquet", "data", "--old", "data", "--out", "o"), "go with --keep"),
    "OUT in the copy": (("diff.parquet", "data", "--out", "data/o"), "lies inside"),
    "OUT that is the copy": (("diff.parquet", "data", "--out", "data"), "inputs are never"),
    "OUT in the edition": (("data", "--keep", "out/research", "--out", "out/research/o"),
                           "inputs are never"),
    "OUT in another OUT": (("diff.parquet", "data", "--out", "out/o"),
                           "which holds a finished run and nothing else; name a place apart"),
    "a certificate in another OUT": (
        ("diff.parquet", "data", "--out", "o", "--certificate", "out/c.json"),
        "which holds a finished run and nothing else; name a place apart"),
    "OUT of something else": (("diff.parquet", "data", "--out", "full"), "is not empty"),
    "OUT of clean": (("diff.parquet", "data", "--out", "out"), "other arguments"),
    "two link columns": (("diff.parquet", "two", "--out", "o"), "--column url="),
    "no identity": (("diff.parquet", "none", "--out", "o"), "no row of the copy has an identity"),
    "another data set": (("diff.parquet", "strange", "--out", "o"),
                         "strange/a.parquet: the diff names no row"),
    "an edition of another": (("strange", "--keep", "out/research", "--out", "o"),
                              "of another data set"),
    "a damaged edition": (("data", "--keep", "broken", "--out", "o"), "broken/a.parquet: "),
    "no file": (("diff.parquet", "empty", "--out", "o"),
                "empty: no file of a copy found; name parquet, tar, TSV, CSV or JSON lines ("),
    "no file of a form": (("diff.parquet", "full", "--out", "o"),
                          "full: no file of a copy found among 1 path (mine.txt); name parquet,"),
    "a role without use": (("diff.parquet", "data", "--column", "punsafe=x", "--out", "o"),
                           "url, text and row_hash alone"),
}  # fmt: skip


def values_of(bad: Path) -> set[bytes]:
    """What nothing that is told may hold."""
    values = {str(v).encode() for row in old_rows(bad) for v in row.values() if v is not None}
    assert len(values) > 150
    return {value for value in {*values, b"host3", b"s.example"} if len(value) > 4}


@pytest.mark.parametrize("what", REFUSED)
def test_a_mistake_is_said_in_a_line_and_leaves_nothing(bad: Path, what: str) -> None:
    args, words = REFUSED[what]
    before = tree(bad)
    done = here("apply", *args, cwd=bad)
    assert done.returncode == 2, done.stdout
    assert words in done.stderr
    assert done.stderr.count("\n") == 1 and done.stdout == ""
    assert not any(value in done.stderr.encode() for value in values_of(bad))
    assert set(tree(bad)) == set(before)
    assert not (bad / "o/.work").exists()
    shutil.rmtree(bad / "o", ignore_errors=True)


@pytest.mark.parametrize(
    ("copy", "keep", "old", "said"),
    quickly(
        1,
        [
            ("data", "data", None, "holds every row of the copy, so nothing left it"),
            # without a manifest nobody can be sure which of the two was made of the other
            ("data", "data", "parted", "more than --old OLD"),
            ("data", "out/research", "data", ""),
            ("out/research", "out/research", "data", "so nothing left it"),
        ],
    ),
)
def test_what_may_be_the_old_set_named_as_the_edition_is_noticed(
    bad: Path, tmp_path: Path, copy: str, keep: str, old: str | None, said: str
) -> None:
    lay(bad / "parted/a.parquet", old_rows(bad)[5:], LAION)
    more = ("--old", old) if old else ()
    done = here("apply", copy, "--keep", keep, *more, "--out", tmp_path / "o", cwd=bad)
    assert done.returncode == 0, done.stderr
    assert said in done.stderr and bool(said) == bool(done.stderr)
    assert done.stderr.count("\n") == bool(said)


def test_of_another_data_set_can_be_right(bad: Path, tmp_path: Path) -> None:
    assert "no row of the copy is known" in " ".join(here("apply", "--help").stdout.split())
    given: dict[str, Any] = {"diff": bad / "diff.parquet"}
    with pytest.raises(StopError, match="add --yes-i-checked"):
        apply(bad / "strange", tmp_path / "out", **given)
    assert apply(bad / "strange", tmp_path / "out", **given, yes_i_checked=True).left == 0
    edition: dict[str, Any] = {"keep": bad / "data", "yes_i_checked": True}
    assert apply(bad / "out/research", tmp_path / "again", **edition).left == 0


def test_nothing_that_is_told_or_written_beside_the_rows_is_a_value(bad: Path) -> None:
    """The manifest and what is printed hold no link, caption or hash; nor does a refusal, above."""
    done = here("apply", "diff.parquet", "data", "--out", "told", "--json", cwd=bad)
    assert done.returncode == 0, done.stderr
    told = (done.stdout + done.stderr).encode() + (bad / "told/manifest.json").read_bytes()
    shutil.rmtree(bad / "told")
    assert not [value for value in values_of(bad) if value in told]
