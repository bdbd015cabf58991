"""`apply`: rows that may be known by more than one hash, and samples under one key.

A stored hash is a number that somebody wrote, several captions say not which was hashed, and
two samples may have one key: none of these may hide what leaves, or take along what does not.
"""

import csv
import io
import json
import tarfile
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import relaion
from relaion.errors import InputError
from relaion.labs.certificate import END
from tests import labs
from tests.drawn import quickly

pytestmark = pytest.mark.usefixtures("in_process")
N = 40
GONE = (3, 7, 20, 33)
STAYS = tuple(i for i in range(N) if i not in GONE)
Rows = Sequence[Mapping[str, Any]]
Write = Callable[[Path, Rows], Path]


def rows() -> list[dict[str, Any]]:
    """Two captions of every link: where one of them leaves, the link stays."""
    found = [
        {"url": f"https://www.site{i // 2 % 6}.example/a/{i // 2}.jpg", "text": f"caption {i}"}
        for i in range(N)
    ]
    return [r | {"hash": labs.murmur(r)} for r in found]


def in_parquet(folder: Path, some: Rows) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist([dict(r) for r in some]), folder / "a.parquet")
    return folder / "a.parquet"


def in_lines(folder: Path, some: Rows) -> Path:
    folder.mkdir(parents=True)
    (folder / "a.jsonl").write_text("".join(json.dumps(r) + "\n" for r in some))
    return folder / "a.jsonl"


def in_csv(folder: Path, some: Rows) -> Path:
    folder.mkdir(parents=True)
    with (folder / "a.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(some[0]))
        writer.writeheader()
        writer.writerows(some)
    return folder / "a.csv"


def in_tsv(folder: Path, some: Rows) -> Path:
    """Quotes around captions that need them alone, as pandas and Python write tables."""
    folder.mkdir(parents=True)
    with (folder / "a.tsv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(some[0]), dialect="excel-tab")
        writer.writeheader()
        writer.writerows(some)
    return folder / "a.tsv"


def in_tar(folder: Path, some: Rows) -> Path:
    folder.mkdir(parents=True)
    members = [(f"{i:04}.{end}", data) for i, r in enumerate(some) for end, data in sample(r)]
    return tar(folder / "a.tar", members)


def sample(row: Mapping[str, Any]) -> list[tuple[str, bytes]]:
    return [("jpg", b"\xff" + row["url"].encode()), ("json", json.dumps(row).encode())]


def tar(path: Path, members: Sequence[tuple[str, bytes]]) -> Path:
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as out:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            out.addfile(info, io.BytesIO(data))
    return path


FORMS: dict[str, Write] = {
    "parquet": in_parquet, "json lines": in_lines, "csv": in_csv, "a tar": in_tar
}  # fmt: skip


def in_all_forms(folder: Path, some: Rows) -> Path:
    """A copy that holds the same rows in every form."""
    for form, write in FORMS.items():
        write(folder / form, some)
    return folder


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, in_process: None) -> Path:
    folder = tmp_path_factory.mktemp("world")
    in_parquet(folder / "old", rows())
    in_parquet(folder / "new", [rows()[i] for i in STAYS])
    relaion.diff(folder / "old", folder / "new", folder / "diff.parquet")
    return folder


def by_diff(world: Path, copy: Path, out: Path) -> tuple[Any, Any]:
    done = relaion.apply(copy, out, diff=world / "diff.parquet")
    return done, relaion.verify(out, diff=world / "diff.parquet", inputs=copy)


def by_keep(world: Path, copy: Path, out: Path) -> tuple[Any, Any]:
    sets: dict[str, Any] = {"keep": world / "new", "old": world / "old"}
    done = relaion.apply(copy, out, **sets)
    return done, relaion.verify(out, inputs=copy, **sets)


WAYS = {"a diff": by_diff, "an edition": by_keep}


def late(some: Rows, number: Callable[[int], int]) -> list[dict[str, Any]]:
    """Ordinary rows before those that leave, whose hash column holds another number."""
    ordinary = [
        {"url": f"https://b.example/{i}", "text": f"b {i}"} for i in range(2_000)
    ]  # fmt: skip
    first = [r | {"hash": labs.murmur(r)} for r in ordinary]
    return first + [
        dict(r) | ({"hash": number(i)} if i in GONE else {}) for i, r in enumerate(some)
    ]


def test_gone_rows_are_told(world: Path) -> None:
    links = pq.read_table(world / "diff.parquet")["link_gone"].to_pylist()
    assert links == [False] * len(GONE)  # by row hash alone


@pytest.mark.parametrize("way", quickly(1, WAYS))
def test_a_wrong_number_late_in_the_hash_column_hides_no_row(
    world: Path, tmp_path: Path, way: str
) -> None:
    copy = in_all_forms(tmp_path / "copy", late(rows(), lambda i: 7))
    done, verdict = WAYS[way](world, copy, tmp_path / "out")
    assert verdict.ok, [str(f) for f in verdict.findings]
    stayed = {c.fate: c.rows for c in done.counts if c.stayed}
    each = len(STAYS) + (2_000 if way == "a diff" else 0)
    assert sum(stayed.values()) == each * len(FORMS)
    n = len(GONE) * len(FORMS)
    assert any(line.startswith(f"{n} rows whose row hash is not that") for line in done.also)
    assert list(done.also) == json.loads(Path(str(done.out) + END).read_text())["also"]


@pytest.mark.slow
def test_the_hash_of_a_row_that_stays_keeps_no_other(world: Path, tmp_path: Path) -> None:
    kept = rows()[STAYS[0]]["hash"]
    copy = in_all_forms(tmp_path / "copy", late(rows(), lambda i: kept))
    for way, clean in WAYS.items():
        done, verdict = clean(world, copy, tmp_path / way)
        assert verdict.ok, [str(f) for f in verdict.findings]
        left = {c.fate: c.rows for c in done.counts if not c.stayed}
        assert left["removed"] == len(GONE) * len(FORMS)


@pytest.mark.slow
def test_a_row_that_is_named_by_its_own_hash_leaves_whatever_its_caption_is(
    world: Path, tmp_path: Path
) -> None:
    some = late(rows(), lambda i: rows()[i]["hash"])
    for row in some[-N:]:
        row["text"] = row["text"] if labs.murmur(row) in {rows()[i]["hash"] for i in STAYS} else "x"
    done, verdict = by_diff(world, in_all_forms(tmp_path / "copy", some), tmp_path / "out")
    assert verdict.ok, [str(f) for f in verdict.findings]
    assert done.left == len(GONE) * len(FORMS)


def test_a_number_late_in_a_copy_without_captions_is_refused(world: Path, tmp_path: Path) -> None:
    some = [{"url": f"https://b.example/{i}", "hash": i + 10} for i in range(20_000)]
    some += [{"url": f"https://c.example/{i}", "hash": 7} for i in range(25)]
    copy = in_parquet(tmp_path / "copy", some)
    with pytest.raises(InputError, match="25 of 20,025 compared are those of other rows"):
        by_diff(world, copy, tmp_path / "out")


CAPTIONS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "the first is new": lambda r: {"url": r["url"], "caption": "new", "alt_text": r["text"]},
    "the second is new": lambda r: {"url": r["url"], "TEXT": r["text"], "text": "new"},
    "by case alone": lambda r: {"url": r["url"], "TEXT": "new", "text": r["text"]},
    "three of them": lambda r: {
        "url": r["url"], "text": "new", "caption": "", "captionOriginal": r["text"]
    },
}  # fmt: skip


@pytest.mark.parametrize("way", quickly(1, WAYS))
def test_of_several_captions_each_may_be_the_one_that_was_hashed(
    world: Path, tmp_path: Path, way: str
) -> None:
    forms = ("parquet", "json lines", "a tar")
    for form, what in product(forms, CAPTIONS):
        FORMS[form](tmp_path / f"copy/{form}/{what}", [CAPTIONS[what](r) for r in rows()])
    done, verdict = WAYS[way](world, tmp_path / "copy", tmp_path / "out")
    assert verdict.ok, [str(f) for f in verdict.findings]
    n = len(forms) * len(CAPTIONS)
    assert (done.kept, done.left) == (len(STAYS) * n, len(GONE) * n)
    assert any(
        f"{N * n:,} rows" in x and "more than one caption, or one in quotes" in x for x in done.also
    ), done.also


def test_captions_that_say_the_same_are_one(world: Path, tmp_path: Path) -> None:
    some = [{"url": r["url"], "text": r["text"], "caption": r["text"]} for r in rows()]
    done, _ = by_diff(world, in_parquet(tmp_path / "copy", some), tmp_path / "out")
    assert (done.left, done.also) == (len(GONE), ())


@pytest.mark.parametrize("way", WAYS)
def test_quotes_around_a_caption_of_a_tsv_may_be_the_writers_or_its_own(
    tmp_path: Path, way: str
) -> None:
    some = [{"url": r["url"], "text": f'"{i}" or "no. {i}"'} for i, r in enumerate(rows())]
    in_parquet(tmp_path / "old", some)
    in_parquet(tmp_path / "new", [some[i] for i in STAYS])
    relaion.diff(tmp_path / "old", tmp_path / "new", tmp_path / "diff.parquet")
    in_tsv(tmp_path / "copy/written", some)
    lines = "".join(f"{r['url']}\t{r['text']}\n" for r in some)
    (tmp_path / "copy/bare.tsv").write_text(f"url\ttext\n{lines}")
    done, verdict = WAYS[way](tmp_path, tmp_path / "copy", tmp_path / "out")
    assert verdict.ok, [str(f) for f in verdict.findings]
    assert (done.kept, done.left) == (len(STAYS) * 2, len(GONE) * 2)


@pytest.mark.parametrize("way", WAYS)
def test_the_line_break_that_ends_a_txt_is_none_of_its_caption(
    world: Path, tmp_path: Path, way: str
) -> None:
    (tmp_path / "copy").mkdir()
    for n, end in enumerate(("", "\n", "\r\n")):
        told = [(f"{i:04}", r["url"] + end, r["text"] + end) for i, r in enumerate(rows())]
        members = [
            (f"{key}.{kind}", text.encode())
            for key, link, caption in told
            for kind, text in (("jpg", link), ("url", link), ("txt", caption))
        ]
        tar(tmp_path / f"copy/{n}.tar", members)
    done, verdict = WAYS[way](world, tmp_path / "copy", tmp_path / "out")
    assert verdict.ok, [str(f) for f in verdict.findings]
    assert (done.kept, done.left) == (len(STAYS) * 3, len(GONE) * 3)


# -- Samples under one key ---------------------------------------------------------------------


def under_one_key(order: str) -> list[tuple[str, bytes]]:
    """Pairs of a row that leaves and one that stays, each pair under one key."""
    members = []
    for gone, stays in zip(GONE, STAYS, strict=False):
        (a, b), (c, d) = sample(rows()[gone]), sample(rows()[stays])
        some = {"one by one": (a, b, c, d), "first images": (a, c, b, d), "crossed": (a, b, d, c)}
        members += [(f"{gone:04}.{end}", data) for end, data in some[order]]
    return members


@pytest.mark.parametrize("apart", [False, True])
def test_samples_of_one_key_that_can_be_told_apart_leave_alone(
    world: Path, tmp_path: Path, apart: bool
) -> None:
    members = under_one_key("one by one")
    if apart:
        members = [m for i in (0, 1) for at, m in enumerate(members) if at // 2 % 2 == i]
    copy = tar(tmp_path / "a.tar", members)
    for way, clean in WAYS.items():
        done, verdict = clean(world, copy, tmp_path / way)
        assert verdict.ok, [str(f) for f in verdict.findings]
        assert (done.kept, done.left, done.also) == (len(GONE), len(GONE), ())
        with tarfile.open(done.out / "a.tar") as out:
            held = [out.extractfile(m).read() for m in out.getmembers()]  # type: ignore[union-attr]
        assert held == [data for i in STAYS[: len(GONE)] for _, data in sample(rows()[i])]


@pytest.mark.parametrize("order", ["first images", "crossed"])
def test_samples_of_one_key_that_cannot_be_told_apart_leave_together_and_are_counted(
    world: Path, tmp_path: Path, order: str
) -> None:
    more = [(f"k{i}.{end}", data) for i in STAYS[10:] for end, data in sample(rows()[i])]
    copy = tar(tmp_path / "a.tar", [*under_one_key(order), *more])
    done, verdict = by_diff(world, copy, tmp_path / "out")
    assert verdict.ok, [str(f) for f in verdict.findings]
    assert done.kept == len(STAYS[10:])
    (line,) = [line for line in done.also if "the same key" in line]
    n = int(line.split()[0])
    assert n == sum(c.rows for c in done.counts if c.fate == "removed with its key") >= len(GONE)
    (held,) = [x for x in verdict.outcomes if x.promise == "1b"]
    assert held.state == "held in part"
    assert f"{n} records left only since" in held.why
    said = json.loads(Path(str(done.out) + END).read_text())
    assert said["also"] == [line]
    assert said["identities"]["key"] == n


def test_rows_beside_a_tar_that_are_other_samples_are_told(world: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    in_tar(copy, rows())
    shifted = [
        {"url": r["url"], "caption": r["text"], "key": f"{i + 1:04}"} for i, r in enumerate(rows())
    ]
    pq.write_table(pa.Table.from_pylist(shifted), copy / "a.parquet")
    done, verdict = by_diff(world, copy, tmp_path / "out")
    assert verdict.ok, [str(f) for f in verdict.findings]
    assert sum("the same key" in line for line in done.also) == 1


# -- What else hid ------------------------------------------------------------------------------


def test_row_hash_is_a_name_of_the_row_hash(world: Path, tmp_path: Path) -> None:
    copy = in_parquet(tmp_path / "copy", [{"row_hash": r["hash"]} for r in rows()])
    done, verdict = by_diff(world, copy, tmp_path / "out")
    assert verdict.ok
    assert done.left == len(GONE)


def test_a_diff_behind_another_file_is_refused(world: Path, tmp_path: Path) -> None:
    data = (world / "diff.parquet").read_bytes()
    (tmp_path / "twice.parquet").write_bytes(data + data)
    copy = in_parquet(tmp_path / "copy", rows())
    with pytest.raises(InputError, match="more than one file"):
        relaion.apply(copy, tmp_path / "out", diff=tmp_path / "twice.parquet")


def test_a_name_that_apply_does_not_write_is_found(world: Path, tmp_path: Path) -> None:
    copy = in_parquet(tmp_path / "copy", rows())
    done, verdict = by_diff(world, copy, tmp_path / "out")
    assert verdict.ok
    written = (done.out / "manifest.json").read_text()
    places: list[tuple[Any, ...]] = [
        (), ("plan",), ("plan", "parameters"), ("inputs", 0), ("outputs", 0), ("counts", 0)
    ]  # fmt: skip
    for place in places:
        under = made = json.loads(written)
        for step in place:
            under = under[step]
        under["zz"] = rows()[GONE[0]]["url"]
        (done.out / "manifest.json").write_text(json.dumps(made))
        verdict = relaion.verify(done.out, diff=world / "diff.parquet", inputs=copy)
        said = [str(f) for f in verdict.findings]
        assert any("other names" in line for line in said), place
        assert not any("zz" in line or under["zz"] in line for line in said), place


def test_a_manifest_that_hides_a_column_rows_are_known_by_is_found(
    world: Path, tmp_path: Path
) -> None:
    copy = in_parquet(tmp_path / "copy", rows())
    done, _ = by_diff(world, copy, tmp_path / "out")
    written = (done.out / "manifest.json").read_text()
    for role, inputs in product(["url", "text", "row_hash"], [None, copy]):
        made = json.loads(written)
        del made["inputs"][0]["columns"][role]
        (done.out / "manifest.json").write_text(json.dumps(made))
        given: dict[str, Any] = {"inputs": inputs} if inputs else {}
        verdict = relaion.verify(done.out, diff=world / "diff.parquet", **given)
        assert any("known by other columns" in str(f) for f in verdict.findings), (role, inputs)


# -- Hashes that nothing proves, and those that are contradicted --------------------------------


def apart() -> list[dict[str, Any]]:
    """Rows of links of their own: a row that leaves takes its link along."""
    some = [{"url": f"https://h{i % 7}.example/{i}.jpg", "text": f"caption {i}"} for i in range(60)]
    return [r | {"hash": labs.murmur(r)} for r in some]


def sets_of(folder: Path, change: Callable[[int, dict[str, Any]], dict[str, Any]]) -> Path:
    """Every fifth row leaves; `change` makes the rows of both sets what they are."""
    some = [change(i, dict(r)) for i, r in enumerate(apart())]
    in_parquet(folder / "old", some)
    in_parquet(folder / "new", [r for i, r in enumerate(some) if i % 5])
    return folder


def cleaned(sets: Path, copy: Path, out: Path, *, old: bool) -> tuple[set[str], dict[str, int]]:
    """The links that stayed, which are those of every file of a copy, and rows by fate."""
    given: dict[str, Any] = {"keep": sets / "new"} | ({"old": sets / "old"} if old else {})
    done = relaion.apply(copy, out, **given)
    verdict = relaion.verify(out, inputs=copy, **given)
    assert verdict.ok, [str(f) for f in verdict.findings]
    files = [p for p in out.rglob("*.*") if p.name != "manifest.json"]
    (stayed,) = {frozenset(r["url"] for r in held(path)) for path in files}
    return set(stayed), {c.fate: c.rows for c in done.counts if c.rows}


def held(path: Path) -> Rows:
    if path.suffix == ".parquet":
        return list(pq.read_table(path, partitioning=None).to_pylist())
    if path.suffix == ".csv":
        return list(csv.DictReader(io.StringIO(path.read_text())))
    if path.suffix == ".tar":
        with tarfile.open(path) as some:
            jsons = [some.extractfile(m) for m in some if m.name.endswith("json")]
            return [json.loads(each.read()) for each in jsons if each]
    return [json.loads(line) for line in path.read_text().splitlines()]


KEPT = {r["url"] for i, r in enumerate(apart()) if i % 5}


def uncaptioned(row: dict[str, Any], number: int) -> dict[str, Any]:
    return {"url": row["url"], "hash": number}


@pytest.mark.parametrize("old", quickly(1, [False, True]))
def test_a_hash_without_a_caption_keeps_no_row_whose_link_is_not_there(
    tmp_path: Path, old: bool
) -> None:
    """A row that left has the hash of one that stays, and which the copy has not."""
    sets, rows = sets_of(tmp_path, lambda i, r: r), apart()
    some = [uncaptioned(r, rows[i if i % 5 else i + 1]["hash"]) for i, r in enumerate(rows)]
    copy = in_all_forms(tmp_path / "copy", [r for i, r in enumerate(some) if i % 5 != 1])
    stayed, fates = cleaned(sets, copy, tmp_path / "out", old=old)
    assert stayed == KEPT - {r["url"] for r in rows[1::5]}
    n = len(FORMS)
    assert fates == {"row": 36 * n, "removed" if old else "not in new": 12 * n}


def test_a_hash_without_a_caption_keeps_its_row_where_no_link_speaks_against_it(
    tmp_path: Path,
) -> None:
    sets = sets_of(tmp_path, lambda i, r: r)
    nothing = [uncaptioned(r, r["hash"]) | {"url": "https://h.example"} for r in apart()]
    copy, n = in_all_forms(tmp_path / "copy", nothing), len(FORMS)
    fates = cleaned(sets, copy, tmp_path / "out", old=False)[1]
    assert fates == {"row": 48 * n, "not in new": 12 * n}


def wrong_in_new(i: int, row: dict[str, Any]) -> dict[str, Any]:
    """One row of the edition has the hash of one that left: fewer than a sample refuses."""
    return row | ({"hash": apart()[0]["hash"]} if i == 1 else {})


@pytest.mark.parametrize("old", quickly(1, [False, True]))
def test_a_hash_of_the_edition_that_is_not_its_rows_own_keeps_no_other(
    tmp_path: Path, old: bool
) -> None:
    more: list[dict[str, Any]] = [
        {"url": f"https://b.example/{i}", "text": f"b {i}"} for i in range(300)
    ]
    more = [r | {"hash": labs.murmur(r)} for r in more]
    sets = sets_of(tmp_path, lambda i, r: r)
    new = [wrong_in_new(i, r) for i, r in enumerate(apart()) if i % 5]
    in_parquet(sets / "new", [*new, *more])
    in_parquet(sets / "old", [*apart(), *more])
    plain = [{"url": r["url"], "text": r["text"]} for r in apart()]
    said = relaion.apply(in_parquet(tmp_path / "first", plain), tmp_path / "x", keep=sets / "new")
    assert any(x.startswith("--keep NEW: 1 row there that the copy may") for x in said.notices)
    for form in ("parquet", "json lines"):
        copy = FORMS[form](tmp_path / form, plain)
        stayed, fates = cleaned(sets, copy, tmp_path / f"out of {form}", old=old)
        assert stayed == KEPT
        # its hash stands in the edition, beside another link: the old set having it says nothing
        assert fates == {"row": 48, "removed" if old else "not in new": 12}


def test_an_edition_without_captions_keeps_no_row_whose_link_it_has_not(tmp_path: Path) -> None:
    sets = sets_of(tmp_path, lambda i, r: {"url": r["url"], "hash": r["hash"]})
    new = [wrong_in_new(i, r) for i, r in enumerate(apart()) if i % 5]
    in_parquet(sets / "new", [{"url": r["url"], "hash": r["hash"]} for r in new])
    copy = in_parquet(tmp_path / "copy", apart())
    stayed, fates = cleaned(sets, copy, tmp_path / "out", old=False)
    assert (stayed, fates) == (KEPT, {"row": 47, "link": 1, "not in new": 12})


def test_a_caption_that_the_edition_mended_after_it_was_hashed_costs_no_row(tmp_path: Path) -> None:
    more: list[dict[str, Any]] = [
        {"url": f"https://b.example/{i}", "text": f"b {i}"} for i in range(600)
    ]
    more = [r | {"hash": labs.murmur(r)} for r in more]
    sets = sets_of(tmp_path, lambda i, r: r)
    mended = [r | ({"text": "mended"} if i in (1, 2) else {}) for i, r in enumerate(apart())]
    in_parquet(sets / "new", [*(r for i, r in enumerate(mended) if i % 5), *more])
    in_parquet(sets / "old", [*apart(), *more])
    copy = in_parquet(tmp_path / "copy", apart())
    stayed, fates = cleaned(sets, copy, tmp_path / "out", old=True)
    assert (stayed, fates) == (KEPT, {"row": 46, "link": 2, "removed": 12})


# -- Packed files in a sample ----------------------------------------------------------------------


def test_a_tar_inside_a_sample_is_told_and_verify_wants_it_told(
    world: Path, tmp_path: Path
) -> None:
    some = rows()
    within = in_tar(tmp_path / "within", [some[i] for i in GONE]).read_bytes()
    members = [(f"{i:04}.{end}", data) for i, r in enumerate(some) for end, data in sample(r)]
    (tmp_path / "copy").mkdir()
    tar(tmp_path / "copy/a.tar", [*members, ("0000.tar", within)])
    out = tmp_path / "out"
    relaion.apply(tmp_path / "copy", out, diff=world / "diff.parquet")
    asked: dict[str, Any] = {"diff": world / "diff.parquet", "inputs": tmp_path / "copy"}
    told = "a.tar: not looked at, for they are packed (and how many): .tar (1)"
    assert relaion.verify(out, **asked).not_looked_at == (told,)
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["not_looked_at"] == [told]
    (out / "manifest.json").write_text(json.dumps(manifest | {"not_looked_at": []}))
    found = [f.what for o in relaion.verify(out, **asked).outcomes for f in o.findings]
    assert any("not told as they stand there" in what for what in found)
