"""`apply`, `diff` where a row has several links: which one is meant, and how all of them count."""

from pathlib import Path
from typing import Any

import pytest

import relaion
from relaion.errors import InputError, StopError
from tests.drawn import quickly
from tests.test_apply_known import FORMS, Rows, apart, in_all_forms, in_parquet
from tests.test_apply_known import held as held_in

pytestmark = pytest.mark.usefixtures("in_process")
GONE = {r["url"] for r in apart()[::5]}


def sets(folder: Path) -> Path:
    in_parquet(folder / "old", apart())
    in_parquet(folder / "new", [r for r in apart() if r["url"] not in GONE])
    relaion.diff(folder / "old", folder / "new", folder / "diff.parquet")
    return folder


def with_two() -> list[dict[str, Any]]:
    """Rows with a second link: that of the row before them."""
    some = apart()
    return [
        {"url": r["url"], "text": r["text"], "image_url": some[i - 1]["url"]}
        for i, r in enumerate(some)
    ]


def held(out: Path) -> Rows:
    (path,) = (p for p in out.iterdir() if p.name != "manifest.json")
    return held_in(path)


@pytest.mark.parametrize("way", quickly(1, ["keep", "diff"]))
def test_a_run_for_each_link_leaves_rows_that_stay_by_all(tmp_path: Path, way: str) -> None:
    world = sets(tmp_path)
    given: dict[str, Any] = {way: world / ("new" if way == "keep" else "diff.parquet")}
    copy = in_all_forms(tmp_path / "copy", with_two())
    for name in ("url", "image_url"):
        out = tmp_path / f"by {name}"
        done = relaion.apply(copy, out, columns={"url": name}, **given)
        verdict = relaion.verify(out, inputs=copy, **given)
        assert verdict.ok, [str(f) for f in verdict.findings]
        other = {"url": "image_url", "image_url": "url"}[name]
        for form in FORMS:
            said = [x for x in done.not_looked_at if x.startswith(f"{form}/")]
            assert any(f"{other} (" in x or f"column {other};" in x for x in said), form
        copy = out
    want = [r for r in with_two() if not {r["url"], r["image_url"]} & GONE]
    assert len(want) == 36
    for form in FORMS:
        (path,) = (copy / form).iterdir()
        assert [(r["url"], r["image_url"]) for r in held_in(path)] == [
            (r["url"], r["image_url"]) for r in want
        ]


@pytest.mark.parametrize("form", quickly(1, ["parquet", *(x for x in FORMS if x != "parquet")]))
def test_two_links_in_one_cell_are_told(tmp_path: Path, form: str) -> None:
    world = sets(tmp_path)
    first, second = (f"https://more.example/{i}.jpg" for i in "ab")
    cells = (
        f"{first} {second}", f"{first}|{second}", f"['{first}', '{second}']".replace("'", '"'),
        f"{first}?a=1|2&u={second}", f"{first} (2)",  # these hold a link, and no second one
    )  # fmt: skip
    copy = FORMS[form](tmp_path / "copy", apart() + [{"url": x, "text": "x"} for x in cells])
    given: dict[str, Any] = {"diff": world / "diff.parquet"}
    done = relaion.apply(copy, tmp_path / "out", **given)
    (said,) = (x for x in done.not_looked_at if "text behind the link" in x)
    assert said.endswith("it holds links (and in how many records): text behind the link (3)")
    for inputs in ([], [copy]):
        verdict = relaion.verify(tmp_path / "out", inputs=inputs, **given)
        assert verdict.ok, [str(f) for f in verdict.findings]
        assert said in verdict.not_looked_at
    manifest = tmp_path / "out/manifest.json"
    manifest.write_text(manifest.read_text().replace("the link (3)", "the link (2)"))
    lied = relaion.verify(tmp_path / "out", inputs=[copy], **given)
    assert any("told as they stand there" in f.what for f in lied.findings)


@pytest.mark.parametrize("form", quickly(1, ["parquet", "json lines", "csv"]))
def test_of_two_links_one_is_asked_for(tmp_path: Path, form: str) -> None:
    world = sets(tmp_path)
    copy = FORMS[form](tmp_path / "copy", with_two())
    with pytest.raises((InputError, StopError), match="--column url="):
        relaion.apply(copy, tmp_path / "out", keep=world / "new")
    with pytest.raises(InputError, match="apply once with each"):
        both = {"url": ["url", "image_url"]}
        relaion.apply(copy, tmp_path / "out", keep=world / "new", columns=both)


@pytest.mark.slow
def test_an_edition_with_two_links_is_read_by_the_one_that_is_named(tmp_path: Path) -> None:
    some = with_two()
    in_parquet(tmp_path / "old", some)
    in_parquet(tmp_path / "new", [r for r in some if r["url"] not in GONE])
    copy = in_parquet(tmp_path / "copy", [{"url": r["url"], "text": "new"} for r in some])
    new, old = tmp_path / "new", tmp_path / "old"
    with pytest.raises(InputError, match="2 link columns hold values"):
        relaion.apply(copy, tmp_path / "out", keep=new)
    named: dict[str, Any] = {"columns": {"url": "url"}}
    relaion.apply(copy, tmp_path / "out", keep=new, old=old, **named)
    verdict = relaion.verify(tmp_path / "out", inputs=copy, keep=new, old=old)
    assert verdict.ok, [str(f) for f in verdict.findings]
    assert not verdict.notices  # nobody gave a --column to verify
    assert {r["url"] for r in held(tmp_path / "out")} == {r["url"] for r in some} - GONE
    diff = tmp_path / "d.parquet"
    with pytest.raises(InputError, match="2 link columns hold values"):
        relaion.diff(old, new, diff)
    done = relaion.diff(old, new, diff, **named)
    assert (done.left, done.links_gone) == (12, 12)
    by_other = relaion.diff(old, new, tmp_path / "e.parquet", columns={"url": "image_url"})
    assert (by_other.left, by_other.links_gone) == (12, 12)
    left = relaion.apply(copy, tmp_path / "by diff", diff=diff).left
    assert left == 12
    assert (
        relaion.apply(copy, tmp_path / "by other", diff=by_other.out, yes_i_checked=True).left == 12
    )
