"""`apply`: by which columns rows are known where names and types leave it open."""

import io
import json
import re
import tarfile
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import relaion
from relaion.errors import InputError, StopError
from tests import labs
from tests.drawn import quickly
from tests.pipeline import here

pytestmark = pytest.mark.usefixtures("in_process")
BLANK = "https://www.site1.example/a/a b.jpg"
GONE = (3, 7, 9)
Rows = Sequence[Mapping[str, Any]]


def rows() -> list[dict[str, Any]]:
    """Rows with a hash, of which two have a blank in their link; one of these leaves."""
    found = labs.rows()[:12]
    found[8]["url"], found[9]["url"] = BLANK, BLANK.replace("a b", "c d")
    return [r | {"hash": labs.murmur(r)} for r in found]


def told(of: Rows, **change: Any) -> list[dict[str, Any]]:
    """Rows as img2dataset calls their columns, some of them changed or left out (None)."""
    named = [{"url": r["url"], "caption": r["text"], "hash": r["hash"]} for r in of]
    return [
        {
            k: change[k](v) if k in change else v
            for k, v in r.items()
            if change.get(k, 0) is not None
        }
        for r in named
    ]


def write(path: Path, some: Rows) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist([dict(r) for r in some]), path)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, in_process: None) -> Path:
    folder = tmp_path_factory.mktemp("world")
    write(folder / "old/a.parquet", told(rows()))
    write(folder / "new/a.parquet", told([r for i, r in enumerate(rows()) if i not in GONE]))
    relaion.diff(folder / "old", folder / "new", folder / "diff.parquet")
    return folder


def both(world: Path, copy: Path, out: Path, **more: Any) -> list[Any]:
    """A copy cleaned by the diff and by the edition; `verify` finds nothing in either."""
    done = []
    ways: dict[str, dict[str, Any]] = {
        "d": {"diff": world / "diff.parquet"}, "k": {"keep": world / "new"}
    }  # fmt: skip
    for name, given in ways.items():
        found = relaion.apply(copy, out.with_name(out.name + name), **given, **more)
        verdict = relaion.verify(found.out, inputs=copy, **given)
        assert verdict.ok, [str(f) for f in verdict.findings]
        done.append(found)
    return done


# -- Columns whose type leaves open what they are ----------------------------------------------

COLUMNS: dict[str, dict[str, Any]] = {
    "text that holds row hashes": {"hash": str},
    "text that holds row hashes, and nothing else": {"hash": str, "url": None, "caption": None},
    "row hashes without a sign as text": {"hash": lambda h: f" {h % 2**64}\n"},
    "links and captions of bytes": {"url": str.encode, "caption": str.encode, "hash": None},
    "links of bytes": {"url": str.encode, "caption": None, "hash": None},
}


def test_values_tell_what_a_column_is_where_its_type_does_not(world: Path, tmp_path: Path) -> None:
    for what, change in COLUMNS.items():
        write(tmp_path / f"copy/{what}.parquet", told(rows(), **change))
    for done in both(world, tmp_path / "copy", tmp_path / "out"):
        assert (done.left, done.kept, done.clean) == (3 * len(COLUMNS), 9 * len(COLUMNS), True)
        for what in COLUMNS:
            kept = pq.read_table(done.out / f"{what}.parquet")
            held = pq.read_table(tmp_path / f"copy/{what}.parquet")
            assert kept.equals(held.take([i for i in range(12) if i not in GONE])), what


def test_row_hashes_as_text_are_an_identity_of_their_own(world: Path, tmp_path: Path) -> None:
    """Captions written anew: by the hash that was kept a row that left is still known."""
    anew = told(rows(), hash=str, caption=lambda c: c + " anew", url=lambda u: u + "?anew=1")
    write(tmp_path / "copy/a.parquet", anew)
    given: dict[str, Any] = {"columns": {"row_hash": "hash"}}
    assert [d.left for d in both(world, tmp_path / "copy", tmp_path / "out", **given)] == [3, 3]
    with pytest.raises(InputError, match=r"not LAION's .*12 of 12"):
        relaion.apply(tmp_path / "copy", tmp_path / "o", keep=world / "new")


NONE = {
    "double": (float, "double: a row hash lost its last digits"),
    "text, of which one is no number": (lambda h: "x" if h % 3 == 0 else str(h), "are no whole"),
    "bytes": (lambda h: str(h).encode(), "its whole numbers are bytes; write them as text"),
}


def test_a_hash_that_cannot_be_read_is_told(world: Path, tmp_path: Path) -> None:
    for what, (change, _) in NONE.items():
        write(tmp_path / f"copy/{what}.parquet", told(rows(), hash=change))
    for done in both(world, tmp_path / "copy", tmp_path / "out"):
        assert done.left == 3 * len(NONE)
        assert len(done.not_looked_at) == len(NONE)
        for what, (_, words) in NONE.items():
            begins = f"{what}.parquet: column hash is not looked at: "
            (notice,) = [x for x in done.not_looked_at if x.startswith(begins)]
            assert words in notice
    for what, (change, words) in NONE.items():
        alone = tmp_path / what / "a.parquet"
        write(alone, told(rows(), hash=change, url=None, caption=None))
        with pytest.raises(InputError, match=rf"it has the columns hash; column hash .*{words}"):
            relaion.apply(alone, tmp_path / "o", keep=world / "new")


def test_digests_of_images_are_no_row_hash_and_nothing_is_said(world: Path, tmp_path: Path) -> None:
    write(tmp_path / "copy/a.parquet", told(rows(), hash=lambda h: f"{h % 2**64:032x}"))
    for done in both(world, tmp_path / "copy", tmp_path / "out"):
        assert (done.left, done.clean) == (3, True)


@pytest.mark.parametrize(
    "change",
    quickly(1, [{"hash": str}, {"url": str.encode, "caption": str.encode, "hash": None},
     {"hash": str, "caption": None}]),
)  # fmt: skip
def test_an_edition_is_read_as_a_copy_is(
    world: Path, tmp_path: Path, change: dict[str, Any]
) -> None:
    for side in ("old", "new"):
        held = pq.read_table(world / side / "a.parquet").to_pylist()
        named = [{"url": r["url"], "text": r["caption"], "hash": r["hash"]} for r in held]
        write(tmp_path / side / "a.parquet", told(named, **change))
    copy = world / "old"
    for old in ({}, {"old": tmp_path / "old"}):
        given: dict[str, Any] = {"keep": tmp_path / "new", **old}
        done = relaion.apply(copy, tmp_path / f"o{len(old)}", **given)
        assert done.left == 3
        assert relaion.verify(done.out, inputs=copy, **given).ok
    found = relaion.diff(tmp_path / "old", tmp_path / "new", tmp_path / "d.parquet")
    assert found.left == 3


# -- Columns that the user has to name ---------------------------------------------------------


def renamed(some: Rows) -> list[dict[str, Any]]:
    return [{"lnk": r["url"], "words": r["text"], "n": 1} for r in some]


def test_a_column_that_is_named_is_one_of_the_editions_too(world: Path, tmp_path: Path) -> None:
    write(tmp_path / "copy/a.parquet", renamed(rows()))
    write(tmp_path / "old/a.parquet", renamed(rows()))
    write(tmp_path / "new/a.parquet", renamed([r for i, r in enumerate(rows()) if i not in GONE]))
    given: dict[str, Any] = {"keep": tmp_path / "new", "old": tmp_path / "old"}
    columns = {"url": "lnk", "text": "words"}
    done = relaion.apply(tmp_path / "copy", tmp_path / "out", **given, columns=columns)
    assert {(c.fate, c.rows) for c in done.counts} == {("row", 9), ("removed", 3)}
    assert relaion.verify(tmp_path / "out", inputs=tmp_path / "copy", **given).ok
    with pytest.raises(InputError, match=r"new/a\.parquet: no link column; it has lnk, words, n"):
        relaion.apply(tmp_path / "copy", tmp_path / "o", **given)
    # where an edition's own names tell it, the word is of the copy alone
    known: dict[str, Any] = {"keep": world / "new", "old": world / "old"}
    done = relaion.apply(tmp_path / "copy", tmp_path / "known", **known, columns=columns)
    assert {(c.fate, c.rows) for c in done.counts} == {("row", 9), ("removed", 3)}


@pytest.mark.parametrize("form", ["parquet", "tsv", "jsonl"])
def test_without_an_identity_the_columns_are_told_and_how_to_name_them(
    world: Path, tmp_path: Path, form: str
) -> None:
    path = tmp_path / f"copy/a.{form}"
    path.parent.mkdir()
    some = [{"hash": "x", **r, "text": ""} for r in renamed(rows())]
    if form == "parquet":
        write(path, renamed(rows()))
    elif form == "tsv":
        path.write_text("words\ttext\thash\n" + "".join(f"{r['words']}\tb\tx\n" for r in some))
    else:
        path.write_text("".join(json.dumps(r) + "\n" for r in some))
    with pytest.raises((InputError, StopError)) as found:
        relaion.apply(tmp_path / "copy", tmp_path / "out", keep=world / "new")
    assert "it has the columns " in str(found.value) and "words" in str(found.value)
    assert "--column url=NAME" in str(found.value)
    assert "caption, 1" not in str(found.value)


def test_links_that_are_names_of_fields_are_not_told(world: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy/a.jsonl").write_text(json.dumps({labs.rows()[3]["url"]: "x"}) + "\n")
    with pytest.raises(StopError, match="no link and no row hash") as found:
        relaion.apply(tmp_path / "copy", tmp_path / "out", keep=world / "new")
    assert "site" not in str(found.value)


# -- Words -------------------------------------------------------------------------------------


def test_by_the_link_alone_says_nothing_of_a_caption(world: Path, tmp_path: Path) -> None:
    links = told(rows(), caption=None, hash=None)
    write(tmp_path / "copy/a.parquet", links)
    write(tmp_path / "copy/b.parquet", told(rows()[:1]))
    done = relaion.apply(tmp_path / "copy", tmp_path / "out", keep=world / "new")
    assert done.summary.endswith(" holds (9 rows by the link alone)")


# -- A blank in a link -------------------------------------------------------------------------


def _txt(path: Path, some: Rows) -> None:
    with tarfile.open(path, "w") as tar:
        for i, r in enumerate(some):
            info = tarfile.TarInfo(f"{i:04}.txt")
            info.size = len(r["url"].encode())
            tar.addfile(info, io.BytesIO(r["url"].encode()))


def _lines(made: Callable[[Mapping[str, Any]], str], first: str = "") -> Callable[..., None]:
    return lambda path, some: path.write_text(first + "".join(made(r) + "\n" for r in some))


FORMS: dict[str, Callable[[Path, Rows], None]] = {
    "parquet": lambda path, some: write(path, told(some, hash=None)),
    "tsv": _lines(lambda r: f"{r['url']}\t{r['text']}", "url\tcaption\n"),
    "csv": _lines(lambda r: f'"{r["url"]}","{r["text"]}"', "url,caption\n"),
    "jsonl": _lines(lambda r: json.dumps({"url": r["url"], "caption": r["text"]})),
    "tar": _txt,
}


def test_a_blank_in_a_link_is_no_matter_in_any_form(world: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    for form, written in FORMS.items():
        written(tmp_path / f"copy/of-{form}.{form}", rows())
    for done in both(world, tmp_path / "copy", tmp_path / "out"):
        assert (done.left, done.kept) == (3 * len(FORMS), 9 * len(FORMS))
        assert done.not_looked_at == ()


@pytest.mark.slow
def test_a_caption_that_begins_with_a_link_is_a_caption(world: Path, tmp_path: Path) -> None:
    """Where most of the texts of a tar are none, that one is not taken for a link."""
    (tmp_path / "copy").mkdir()
    captions = [{"url": "a caption"}, {"url": f"{BLANK} is shown"}, {"url": "another"}]
    _txt(tmp_path / "copy/a.tar", [rows()[3], *captions])
    given: dict[str, Any] = {"without_identity": "keep", "yes_i_checked": True}
    for done in both(world, tmp_path / "copy", tmp_path / "out", **given):
        assert [c.rows for c in done.counts if c.fate == "nameless"] == [3]


# -- Files that are damaged --------------------------------------------------------------------

WAY_OUT = r"get a fresh copy|get it again|--column url=NAME"


@pytest.mark.parametrize("side", ["copy", "edition"])
def test_a_line_on_a_file_that_cannot_be_read_names_it_and_a_way_out(
    world: Path, tmp_path: Path, shared_data: Path, side: str
) -> None:
    files = sorted((shared_data / "real/parquet-testing/bad_data").glob("*.parquet"))
    assert files
    for bad in files:
        place = tmp_path / bad.stem / "x.parquet"
        place.parent.mkdir()
        place.write_bytes(bad.read_bytes())
        copy, keep = (place, world / "new") if side == "copy" else (world / "old", place)
        with pytest.raises((InputError, StopError)) as found:
            relaion.apply(copy, tmp_path / f"o-{bad.stem}", keep=keep)
        assert re.search(rf"x\.parquet: .*(?:{WAY_OUT})", str(found.value)), found.value


# -- Links that nobody looks at ----------------------------------------------------------------

CDN = "https://cdn.example/{}.jpg"
OTHERS: dict[str, tuple[str, Any]] = {
    "a column whose name says links": ("original_url", lambda u: u),
    "one whose name does not": ("image_src", lambda u: u),
    "of bytes": ("src", str.encode),
    "within a struct": ("image.src", lambda u: {"src": u, "bytes": b"x" * 9_000}),
    "within lists": ("pages", lambda u: [u]),
}


def beside(change: Any, name: str) -> list[dict[str, Any]]:
    """Rows known by a link that is none of the set's; that one stands in another column."""
    top = name.partition(".")[0]
    return [
        {"url": CDN.format(i), "about": "a photo", top: change(r["url"])}
        for i, r in enumerate(rows())
    ]


def test_a_column_of_links_that_plays_no_role_is_named(world: Path, tmp_path: Path) -> None:
    for what, (name, change) in OTHERS.items():
        write(tmp_path / f"copy/{what}.parquet", beside(change, name))
    with pytest.raises(StopError, match="holds links: column original_url"):
        relaion.apply(tmp_path / "copy", tmp_path / "o", diff=world / "diff.parquet")
    given: dict[str, Any] = {"unknown": "keep", "keep": world / "new"}
    for more in (given, {"diff": world / "diff.parquet"}):
        out = tmp_path / f"out{len(more)}"
        done = relaion.apply(tmp_path / "copy", out, yes_i_checked=True, **more)
        lines = {line.partition(".parquet: ")[0]: line for line in done.not_looked_at}
        assert lines.keys() == OTHERS.keys()
        for what, (name, _) in OTHERS.items():
            said = f"{what}.parquet: not looked at, though it holds links: column {name}"
            assert lines[what].startswith(said)
            assert ("--column url=" + name in lines[what]) == ("within" not in what)
        made = json.loads(done.certificate.read_text())
        assert {*made["not_looked_at"]} == {*lines.values()} and not made["stands_alone"]


def test_links_in_a_column_of_an_edition_are_named(world: Path, tmp_path: Path) -> None:
    write(tmp_path / "new/a.parquet", beside(lambda u: u, "image_src"))
    write(tmp_path / "new/b.parquet", beside(lambda u: u, "image_src"))
    done = here("diff", world / "old", tmp_path / "new", "--by", "link", "--out", tmp_path / "d")
    assert done.stderr.count("holds links: column image_src") == 1


def test_two_columns_of_links_are_refused_and_why(world: Path, tmp_path: Path) -> None:
    write(tmp_path / "copy/a.parquet", beside(lambda u: u, "image_url"))
    given: dict[str, Any] = {"diff": world / "diff.parquet"}
    with pytest.raises(InputError, match="2 link columns hold values") as found:
        relaion.apply(tmp_path / "copy", tmp_path / "o", **given)
    assert "match several" not in str(found.value)
    with pytest.raises(InputError, match="a row is known by one url; where rows have several"):
        relaion.apply(
            tmp_path / "copy", tmp_path / "o", columns={"url": ["url", "image_url"]}, **given
        )
    done = relaion.apply(tmp_path / "copy", tmp_path / "o", columns={"url": "image_url"}, **given)
    assert done.left == 3
    assert [x.partition(";")[0] for x in done.not_looked_at] == [
        "a.parquet: not looked at, though it holds links: column url"
    ]


def test_a_field_of_links_is_named_where_no_record_is_met(world: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    some = [{"url": r["url"], "original_url": r["original_url"]} for r in
            beside(lambda u: u, "original_url")]  # fmt: skip
    (tmp_path / "copy/a.jsonl").write_text("".join(json.dumps(r) + "\n" for r in some))
    with pytest.raises(StopError, match=r"a\.jsonl: not looked at, .* original_url \(\d+\)\);"):
        relaion.apply(tmp_path / "copy", tmp_path / "o", diff=world / "diff.parquet")


def _members(link: bytes, i: int) -> list[tuple[str, bytes]]:
    """A sample that is known by another link; at a second place it has its own."""
    fields = {"url": CDN.format(i), "caption": "a"}
    return [(f"{i}.jpg", b"\xff\0"), (f"{i}.json", json.dumps(fields).encode()), (f"{i}.@", link)]


def _nested(path: str, link: str, i: int) -> str:
    for name in reversed(path.split(".")):
        link = [{name: link}] if name == "list" else {name: link}  # type: ignore[assignment]
    return json.dumps({"url": CDN.format(i), "caption": "a", **json.loads(json.dumps(link))})


def _second(path: Path, kind: str, first: list[str], links: list[str]) -> None:
    """A copy of records that are met, and of others whose own link stands elsewhere."""
    path.mkdir()
    met = [json.dumps({"url": link, "caption": "a"}) for link in first]
    if kind == "csv":
        lines = [f"{CDN.format(i)},a,{link}" for i, link in enumerate(links)]
        lines = ["url,caption,src", *(f"{link},a," for link in first), *lines]
        (path / "a.csv").write_text("\n".join(lines) + "\n")
    elif kind.startswith("."):
        members = [(f"met{i}.json", line.encode()) for i, line in enumerate(met)]
        for i, link in enumerate(links):
            for name, data in _members(link.encode(), i):
                members.append((name.replace(".@", kind), data))
        labs.tar(path / "a.tar", members)
    else:
        lines = [_nested(kind, link, i) for i, link in enumerate(links)]
        (path / "a.jsonl").write_text("\n".join([*met, *lines]) + "\n")
        members = [(f"{i}.json", line.encode()) for i, line in enumerate([*met, *lines])]
        labs.tar(path / "b.tar", members)


SECOND = ("csv", ".txt", ".orig.json", ".html", "page", "meta.src", "a.b.c.d", "all.0")


def test_a_link_at_a_second_place_is_named_by_its_value(world: Path, tmp_path: Path) -> None:
    links = [r["url"] for r in rows()]
    (tmp_path / "copy").mkdir()
    for n, kind in enumerate(SECOND):
        _second(tmp_path / f"copy/{n}", kind, [links[0], links[GONE[0]]], links)
    for done in both(world, tmp_path / "copy", tmp_path / "out"):
        for n, kind in enumerate(SECOND):
            told = [
                x
                for x in done.not_looked_at
                if x.startswith(f"{n}/") and "though it holds links" in x
            ]
            assert len(told) == (1 if kind.startswith((".", "csv")) else 2), kind
            name = "src" if kind == "csv" else kind
            assert all(x.endswith(f": {name} ({len(links)})") for x in told), told
        assert not any(link in x for link in links for x in done.not_looked_at)


@pytest.mark.slow
def test_a_link_that_is_known_already_is_not_named_again(world: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    some = [{"url": r["url"], "caption": f"a b ({r['url']})", "again": [r["url"]],
             "exif": {"note": f"see {r['url']} for it"}} for r in rows()]  # fmt: skip
    lines = [json.dumps(x) for x in some]
    (tmp_path / "copy/a.jsonl").write_text("\n".join(lines))
    members = []
    for i, line in enumerate(lines):
        members += [(f"{i}.jpg", b"http://example.org/ns \0"), (f"{i}.cls", b"1")]
        members += [(f"{i}.json", line.encode()), (f"{i}.txt", some[i]["caption"].encode())]
    labs.tar(tmp_path / "copy/a.tar", members)
    for done in both(world, tmp_path / "copy", tmp_path / "out"):
        assert done.not_looked_at == ()


# -- Files without an identity, and files whose hashes are another's ---------------------------


def test_a_file_without_an_identity_among_others_is_named(world: Path, tmp_path: Path) -> None:
    write(tmp_path / "copy/a.parquet", told(rows()))
    write(tmp_path / "copy/b.parquet", [{"i": i, "words": "x"} for i in range(9)])
    for done in both(world, tmp_path / "copy", tmp_path / "out"):
        assert (
            "b.parquet: not looked at, for no row of it has an identity; it has the columns i, "
            "words; say which column is one with --column url=NAME, --column text=NAME or "
            "--column row_hash=NAME"
        ) in done.not_looked_at


def test_a_tar_of_captions_alone_has_no_identity(world: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    _txt(tmp_path / "copy/a.tar", [{"url": f"a picture of {i}"} for i in range(9)])
    ways: list[dict[str, Any]] = [{"diff": world / "diff.parquet"}, {"keep": world / "new"}]
    for given in ways:
        with pytest.raises(InputError, match="no row of the copy has an identity"):
            relaion.apply(tmp_path / "copy", tmp_path / "o", **given)


def test_a_file_of_other_hashes_is_set_aside_and_the_others_are_done(
    world: Path, tmp_path: Path
) -> None:
    write(tmp_path / "copy/a.parquet", told(rows(), hash=lambda h: h // 2))
    write(tmp_path / "copy/b.parquet", told(rows()))
    out = tmp_path / "out"
    with pytest.raises(StopError, match=r"a\.parquet: the row hashes are not .*; the others are"):
        relaion.apply(tmp_path / "copy", out, diff=world / "diff.parquet")
    assert pq.read_metadata(out / "b.parquet").num_rows == 9
    assert not (out / "a.parquet").exists()


@pytest.mark.slow
def test_samples_that_a_row_beside_them_tells_are_looked_at(world: Path, tmp_path: Path) -> None:
    some = [{**r, "key": f"{i:04}"} for i, r in enumerate(told(rows(), hash=None))]
    write(tmp_path / "copy/a.parquet", some)
    _txt(tmp_path / "copy/a.tar", [{"url": f"a picture of {i}"} for i in range(12)])
    for done in both(world, tmp_path / "copy", tmp_path / "out"):
        assert (done.left, done.kept, done.not_looked_at) == (3, 9, ())


def test_a_field_of_links_in_the_jsons_of_a_tar_is_named(world: Path, tmp_path: Path) -> None:
    some = {"url": CDN.format(1), "original_url": rows()[3]["url"]}
    labs.tar(tmp_path / "copy/a.tar", [("1.json", json.dumps(some).encode())])
    with pytest.raises(StopError, match=r"a\.tar: not looked at, .* original_url \(\d\)\);"):
        relaion.apply(tmp_path / "copy", tmp_path / "o", diff=world / "diff.parquet")


# -- Numbers that stand for no row hash ---------------------------------------------------------

FILLERS = (0, -1, -(2**63), 2**63 - 1)


def _jsonl(path: Path, some: Rows) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(r) + "\n" for r in some))


QUICK = [("parquet", None), ("jsonl", 0), ("parquet", -1), ("jsonl", 2**63 - 1)]


@pytest.mark.parametrize(
    ("form", "filler"),
    quickly(
        1,
        [
            pytest.param(*each, marks=[] if each in QUICK else [pytest.mark.slow])
            for each in product(["parquet", "jsonl"], [None, *FILLERS])
        ],
    ),
)
def test_no_row_is_known_by_a_number_that_fills_a_gap(
    tmp_path: Path, form: str, filler: int | None
) -> None:
    """NEW has such a number, too: what left is told by link and caption, and by the link."""
    of = rows()
    edition = told([r for i, r in enumerate(of) if i not in GONE])
    many = [dict(r) for r in edition * 20]  # one of a hundred may be no hash at all
    many[0]["hash"] = filler
    write(tmp_path / "new/a.parquet", many)
    write(tmp_path / "old/a.parquet", told(of))
    relaion.diff(tmp_path / "old", tmp_path / "new", tmp_path / "diff.parquet")
    held = [dict(r) | {"hash": filler} for r in told(of)]
    for what, some in (
        ("all", held),
        ("links", [{k: v for k, v in r.items() if k != "caption"} for r in held]),
    ):
        name = tmp_path / f"copy/{what}.{form}"
        _jsonl(name, some) if form == "jsonl" else write(name, some)
    for done in both(tmp_path, tmp_path / "copy", tmp_path / "out"):
        assert (done.left, done.kept) == (6, 18), done.counts


@pytest.mark.parametrize("named", quickly(1, [{}, {"columns": {"row_hash": "hash"}}]))
def test_one_number_for_rows_of_many_links_is_no_row_hash(
    world: Path, tmp_path: Path, named: dict[str, Any]
) -> None:
    """A true hash of the edition fills the column: each row would stay by it."""
    of = told(rows(), caption=None)
    held = [r | {"hash": of[0]["hash"]} for r in of]
    write(tmp_path / "copy/a.parquet", held)
    _jsonl(tmp_path / "copy/b.jsonl", held)
    lines = ["url\thash", *(f"{r['url']}\t{r['hash']}" for r in held)]
    (tmp_path / "copy/c.tsv").write_text("\n".join(lines) + "\n")
    for form in ("a.parquet", "b.jsonl", "c.tsv"):
        with pytest.raises(InputError, match=r"no identity \(12 of 12 compared .* add --by link"):
            relaion.apply(tmp_path / "copy" / form, tmp_path / "o", keep=world / "new", **named)
        assert not any((tmp_path / "o").iterdir())
    for done in both(world, tmp_path / "copy", tmp_path / "out", by="link", **named):
        assert (done.left, done.kept) == (9, 27)
    write(tmp_path / "new2/a.parquet", held)
    with pytest.raises(InputError, match="no identity"):
        relaion.apply(tmp_path / "copy", tmp_path / "o", keep=tmp_path / "new2")


def test_links_alone_are_not_hashed_with_an_empty_caption(tmp_path: Path) -> None:
    """The row of a link without a caption left, another row of that link stayed."""
    of = told(rows())
    bare = {
        "url": of[0]["url"],
        "caption": "",
        "hash": labs.murmur({"url": of[0]["url"], "text": ""}),
    }
    write(tmp_path / "old/a.parquet", [*of, bare])
    write(tmp_path / "new/a.parquet", [r for i, r in enumerate(of) if i not in GONE])
    relaion.diff(tmp_path / "old", tmp_path / "new", tmp_path / "diff.parquet")
    links = [{"url": r["url"]} for r in of]
    write(tmp_path / "copy/a.parquet", links)
    _jsonl(tmp_path / "copy/b.jsonl", links)
    told_links = "".join(f"{r['url']}\n" for r in [{"url": "url"}, *links])
    (tmp_path / "copy/c.tsv").write_text(told_links)
    for done in both(tmp_path, tmp_path / "copy", tmp_path / "out"):
        assert (done.left, done.kept) == (9, 27), done.counts
