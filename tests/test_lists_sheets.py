"""Sheets of xlsx and ods files: what a csv of them would bring, and what a csv would not show."""

import gzip
import io
import os
import random
import zipfile
from collections.abc import Callable

import pytest

from relaion.links import key_digest, link_key
from relaion.lists.readers import why
from relaion.lists.readers.format import Options
from relaion.lists.readers.tables import sheet_parts, sheets
from tests.list_samples import Outcome, read_list
from tests.sheet_files import Cell, Rows, ods, sheet_xml, xlsx

pytest.importorskip("python_calamine", reason="the extra `sheets` is not installed")

MD5 = [f"{i * 7919:08x}" * 4 for i in range(101, 111)]
RIGHT = frozenset(("image_md5", digest) for digest in MD5)
LIST: Rows = [["md5", "status"], *([digest, "active"] for digest in MD5)]
FORMS: dict[str, Callable[..., bytes]] = {"xlsx": xlsx, "ods": ods}
both = pytest.mark.parametrize("form", FORMS)


def _row(*cells: Cell) -> list[Cell]:
    return [*cells]


def read(data: bytes, name: str = "list.xlsx", **said: object) -> Outcome:
    return read_list(data, name, Options(**said))  # type: ignore[arg-type]


@both
def test_the_only_sheet_is_read(form: str) -> None:
    for data in (FORMS[form]({"Sheet1": LIST}), FORMS[form]({"a": [], "Tabelle1": LIST})):
        assert read(data, "list").entries == RIGHT
        assert read(gzip.compress(data), "list.gz").entries == RIGHT
    assert "no sheet with anything" in (read(FORMS[form]({"a": [], "b": []})).refused or "")


@both
def test_of_several_sheets_one_is_chosen(form: str) -> None:
    data = FORMS[form]({"About": [["a list of June"]], "Hashes": LIST})
    said = read(data).refused or ""
    assert "holds 2 sheets (1: About, 2: Hashes)" in said and "--member" in said
    for member in ("Hashes", "2", "Hash*"):
        outcome = read(data, member=member)
        assert outcome.entries == RIGHT
        assert any("other sheets of the workbook" in notice for notice in outcome.notices)
    assert "none is meant" in (read(data, member="Links").refused or "")


@both
def test_an_entry_with_nothing_beside_it_is_no_title(form: str) -> None:
    notes = {3: "seen in June", 5: "withdrawn"}
    rows = [["md5", "note"], *([digest, notes.get(i)] for i, digest in enumerate(MD5))]
    outcome = read(FORMS[form]({"a": rows}))
    assert outcome.entries == RIGHT - {("image_md5", MD5[5])}
    assert outcome.skipped == {why.TAKEN_BACK: 1}


@pytest.mark.parametrize(
    "said", ["WITHDRAWN", "Removed hashes", "Do not use", "False positives", "June"]
)
def test_what_is_printed_around_a_sheet_and_its_properties_speak_as_a_title(said: str) -> None:
    """A header or a footer of its pages, the title of a workbook, the name of a sheet."""
    text = f'&amp;L&amp;"Arial,Bold"&amp;12{said}&amp;RPage &amp;P of &amp;N'
    head = f"<headerFooter><oddHeader>{text}</oddHeader></headerFooter></worksheet>"
    printed = xlsx({"a": sheet_xml(LIST).replace("</worksheet>", head)})
    core = io.BytesIO(xlsx({"a": LIST}))
    with zipfile.ZipFile(core, "a") as out:
        out.writestr("docProps/core.xml", f'<p xmlns:dc="urn:dc"><dc:title>{said}</dc:title></p>')
    for data in (printed, core.getvalue(), xlsx({said: LIST})):
        outcome = read(data)
        if said == "June":
            assert outcome.entries == RIGHT
        else:
            assert not outcome.entries and (outcome.refused or outcome.skipped)


def test_a_hidden_sheet_is_not_passed_over() -> None:
    data = xlsx({"June": LIST, "May": LIST}, hidden=["May"])
    assert "2: May (hidden)" in (read(data).refused or "")
    assert read(data, member="June").entries == RIGHT
    alone = xlsx({"May": LIST}, hidden=["May"])
    assert "which is hidden" in (read(alone).refused or "")
    assert read(alone, member="1").entries == RIGHT


@both
def test_hidden_rows_are_asked_about(form: str) -> None:
    data = (
        ods({"a": LIST}, hidden=[3]) if form == "ods" else xlsx({"a": sheet_xml(LIST, hidden=[3])})
    )
    assert "rows of the sheet are hidden (1)" in (read(data).refused or "")
    empty: Rows = [*LIST, []]
    data = (
        ods({"a": empty}, hidden=[12])
        if form == "ods" else xlsx({"a": sheet_xml(empty, hidden=[12])})
    )  # fmt: skip
    assert read(data).entries == RIGHT


def _with_parts(data: bytes, parts: dict[str, Callable[[str], str]]) -> bytes:
    """A workbook with other texts of its parts; one that it has not begins empty."""
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(held, "w") as new:
        told = {name: old.read(name).decode() for name in old.namelist()}
        for name in told.keys() | parts.keys():
            new.writestr(name, parts.get(name, str)(told.get(name, "")))
    return held.getvalue()


_TYPE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATED = "".join(
    f'<Relationship Id="{name}" Type="{_TYPE}/{name}" Target="{name}.xml"/>'
    for name in ("styles", "sharedStrings")
)


def _xlsx_styled(font: str = "", run: str = "", *, format_of: int = 1) -> bytes:
    """A list whose last digest has a format of a font, and is a shared text of one run."""
    xml = sheet_xml([*LIST[:-1], []])
    cells = f'<c r="A11" s="{format_of}" t="s"><v>1</v></c><c r="B11" t="s"><v>0</v></c>'
    styles = (
        f'<styleSheet><fonts><font/><font>{font}</font></fonts><cellStyleXfs><xf fontId="1"/>'
        '</cellStyleXfs><cellXfs><xf fontId="0"/><xf fontId="1"/></cellXfs><dxfs><dxf><font>'
        "<strike/></font></dxf></dxfs></styleSheet>"
    )
    texts = f"<sst><si><t>active</t></si><si><r><rPr>{run}</rPr><t>{MD5[-1]}</t></r></si></sst>"
    return _with_parts(xlsx({"a": xml.replace('<row r="11">', f'<row r="11">{cells}')}), {
        "xl/_rels/workbook.xml.rels": lambda told: told.replace("</Rel", f"{_RELATED}</Rel"),
        "xl/styles.xml": lambda _: styles, "xl/sharedStrings.xml": lambda _: texts,
    })  # fmt: skip


def test_rows_that_are_crossed_out_are_asked_about() -> None:
    for plain in (
        _xlsx_styled(),
        _xlsx_styled('<strike val="0"/>', '<strike val="0"/>'),
        _xlsx_styled("<strike/>", format_of=0),
    ):
        assert read(plain).entries == RIGHT
    for struck in (_xlsx_styled("<strike/>"), _xlsx_styled(run='<strike val="1"/>')):
        assert "cells of the sheet are crossed out (1)" in (read(struck).refused or "")


def test_notes_that_hang_on_cells_are_asked_about() -> None:
    note = '<comments><commentList><comment ref="A2"><text/></comment></commentList></comments>'
    held = io.BytesIO(xlsx({"a": LIST}))
    with zipfile.ZipFile(held, "a") as out:
        out.writestr(
            "xl/worksheets/_rels/sheet1.xml.rels",
            '<Relationships><Relationship Id="r" Type="http://x/comments" '
            'Target="/xl/comments1.xml"/></Relationships>',
        )
        out.writestr("xl/comments1.xml", note)
    assert "notes hang on cells of the sheet (1)" in (read(held.getvalue()).refused or "")


@pytest.mark.parametrize("line", ["solid", "none"])
def test_lines_through_the_cells_of_an_ods_file(line: str) -> None:
    style = (
        '<office:automatic-styles xmlns:style="s" xmlns:fo="f"><style:style style:name="ce1">'
        f'<style:text-properties style:text-line-through-style="{line}"/></style:style>'
        '<style:style style:name="ce2" style:parent-style-name="ce1"/></office:automatic-styles>'
    )
    last = f"<text:p>{MD5[-1]}</text:p>"
    for old, new in (
        (last, f'<text:p><text:span text:style-name="ce1">{MD5[-1]}</text:span></text:p>'),
        (f'"string">{last}', f'"string" table:style-name="ce2">{last}'),
    ):
        data = _with_parts(
            ods({"a": LIST}),
            {
                "content.xml": lambda told, old=old, new=new: told.replace(  # type: ignore[misc]
                    "<office:body>", f"{style}<office:body>"
                ).replace(old, new)
            },
        )
        outcome = read(data, "list.ods")
        if line == "none":
            assert outcome.entries == RIGHT
        else:
            assert "cells of the sheet are crossed out (1)" in (outcome.refused or "")


@both
def test_titles_stand_above_and_between_the_rows(form: str) -> None:
    above = FORMS[form]({"a": [["Hash list, June 2024"], [], *LIST]})
    assert read(above).entries == RIGHT
    gone: Rows = [*LIST, [], ["Removed entries"], ["0123456789abcdef0123456789abcdef", "active"]]
    assert read(FORMS[form]({"a": gone})).entries == RIGHT
    good = read(FORMS[form]({"a": [["Known good files"], *LIST]})).refused
    assert good is not None and "known good" in good


@both
def test_the_name_of_a_sheet_speaks_as_that_of_a_file(form: str) -> None:
    assert "taken back" in (read(FORMS[form]({"Removed": LIST})).refused or "")
    assert "known good" in (read(FORMS[form]({"Known good": LIST})).refused or "")
    assert read(FORMS[form]({"Removed": LIST}), ignore=frozenset(("file-name",))).entries == RIGHT


def test_a_merged_cell_speaks_for_all_its_rows() -> None:
    rows: Rows = [["md5", "status"], [MD5[0], "active"], [MD5[1], "removed"], [MD5[2]], [MD5[3]],
                  [MD5[4], "active"]]  # fmt: skip
    kept = frozenset(("image_md5", digest) for digest in (MD5[0], MD5[4]))
    assert read(xlsx({"a": sheet_xml(rows, merged=["B3:B5"])})).entries == kept
    told = "".join(
        "<table:table-row>"
        + "".join(
            f"<table:table-cell{spans if cell == 'removed' else ''}><text:p>{cell}</text:p>"
            "</table:table-cell>"
            for cell in row
        )
        + "</table:table-row>"
        for row in rows
        for spans in [' table:number-rows-spanned="3" office:value-type="string"']
    ).replace("<table:table-cell><text", '<table:table-cell office:value-type="string"><text')
    assert read(ods({"a": told})).entries == kept


@both
def test_numbers_that_lost_digits_are_spoilt_as_in_a_csv(form: str) -> None:
    rows: Rows = [["hash"], *(_row(1234567890123456789.0 + i * 1e6) for i in range(9))]
    said = read(FORMS[form]({"a": rows}), kind="row_hash").refused
    assert said is not None and "floating-point numbers" in said
    some: Rows = [["md5"], *([digest] for digest in MD5), [1.2345678901234567e31]]
    outcome = read(FORMS[form]({"a": some}))
    assert outcome.entries == RIGHT
    assert outcome.skipped == {"a number that a spreadsheet made of a hash": 1}
    few: Rows = [["hash"], *(_row(12345678 + i) for i in range(9))]
    assert len(read(FORMS[form]({"a": few}), kind="row_hash").entries) == 9


@both
def test_whole_numbers_are_the_words_of_a_csv(form: str) -> None:
    rows: Rows = [["md5", "category"], *(_row(digest, i % 3 + 1) for i, digest in enumerate(MD5))]
    data = FORMS[form]({"a": rows})
    assert "choose with --where" in (read(data).refused or "")
    assert len(read(data, where={"category": frozenset(("1", "3"))}).entries) == 7


@both
def test_formulas_give_their_saved_values(form: str) -> None:
    links = [f"https://example.com/{i}.jpg" for i in range(3)]
    rows: Rows = [["url"], *(_row((f'HYPERLINK("{link}")', link)) for link in links)]
    right = {("url", key_digest(link_key(link))) for link in links}
    assert read(FORMS[form]({"a": rows})).entries == right
    unsaved: Rows = [["md5", "b"], *(_row(digest, ("A1", "")) for digest in MD5)]
    assert "were not saved (10)" in (read(FORMS[form]({"a": unsaved})).refused or "")


def test_links_that_a_cell_does_not_show_are_counted() -> None:
    rows: Rows = [["md5", "page"], *([digest, "see"] for digest in MD5)]
    links = {f"B{i}": "x" for i in range(2, 12)}
    data = xlsx({"a": sheet_xml(rows, links=links)}, targets={"x": "https://example.com/a"})
    outcome = read(data)
    assert outcome.entries == RIGHT
    assert any("other than they show, not looked at: 10" in n for n in outcome.notices)
    formula: Rows = [
        ["md5", "p"], *(_row(m, ('HYPERLINK("https://example.com/a","see")', "see")) for m in MD5)
    ]  # fmt: skip
    assert any("not looked at: 10" in n for n in read(xlsx({"a": formula})).notices)


def test_links_that_a_cell_does_not_show_are_asked_about_in_a_column_of_links() -> None:
    rows: Rows = [["note", "url"], ["a", "https://example.com/1.jpg"], ["b", "picture 2"]]
    target = {"x": "https://example.com/2.jpg"}
    outcome = read(xlsx({"a": sheet_xml(rows, links={"B3": "x"})}, targets=target))
    assert "lead to a link and do not show it (1)" in (outcome.refused or "")
    above: Rows = [["see the portal"], *rows[:2]]
    assert read(xlsx({"a": sheet_xml(above, links={"A1": "x"})}, targets=target)).entries


@both
def test_rows_may_begin_anywhere(form: str) -> None:
    rows: Rows = [[], [], *([None, None, *row] for row in LIST)]
    assert read(FORMS[form]({"a": rows})).entries == RIGHT


def test_one_cell_far_out_costs_no_memory() -> None:
    far = sheet_xml(LIST).replace("</sheetData>", '<row r="1048576"><c r="XFD1048576"><v>1</v></c>'
                                  "</row></sheetData>")  # fmt: skip
    assert "more than 20,000,000 cells" in (read(xlsx({"a": far})).refused or "")
    many = (
        '<table:table-row table:number-rows-repeated="900000"><table:table-cell '
        'table:number-columns-repeated="900" office:value-type="string"><text:p>a</text:p>'
        "</table:table-cell></table:table-row>"
    )
    assert "more than 20,000,000 cells" in (read(ods({"a": many})).refused or "")
    assert "more than 20,000,000 cells" in (read(ods({"a": LIST, "b": many})).refused or "")


def test_what_a_workbook_declares_is_not_expanded() -> None:
    bomb = '<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    assert "declares entities" in (read(xlsx({"a": sheet_xml(LIST, head=bomb)})).refused or "")


def test_texts_beyond_a_bound_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "_MOST_TEXT", 100)
    held = io.BytesIO(xlsx({"a": LIST}))
    with zipfile.ZipFile(held, "a") as out:
        out.writestr("xl/sharedStrings.xml", "<sst>" + "a" * 200 + "</sst>")
    assert "more text than a sheet may" in (read(held.getvalue()).refused or "")


def test_without_the_extra_an_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "python_calamine", None)
    said = read(xlsx({"a": LIST})).refused or ""
    assert "pip install 'relaion[sheets]'" in said


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [("list.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old or an encrypted office"),
     ("list.csv", b"md5\n", "is no workbook")],
)  # fmt: skip
def test_others_are_refused(name: str, data: bytes, said: str) -> None:
    assert said in (read(data, name, file_format="xlsx" if "work" in said else None).refused or "")


@both
def test_a_workbook_that_is_cut_is_refused_in_one_line(form: str) -> None:
    data = FORMS[form]({"a": LIST})
    for at in range(1, len(data), 41):
        said = read(data[:at]).refused
        assert said is not None and "\n" not in said


def _changed(data: bytes, rng: random.Random) -> bytes:
    """A workbook one part of which was damaged, in an archive that is whole."""
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(held, "w") as out:
        names = before.namelist()
        hit = rng.choice([name for name in names if name.endswith("xml")])
        for name in names:
            part = bytearray(before.read(name))
            if name == hit:
                for _ in range(rng.randint(1, 3)):
                    part[rng.randrange(len(part))] = rng.choice(b'<>&"/0129 azAZ\x00\xff')
            out.writestr(name, bytes(part))
    return held.getvalue()


@pytest.mark.slow
@both
def test_damaged_workbooks_break_nothing(form: str) -> None:
    data, rng = FORMS[form]({"a": LIST}), random.Random(form)
    for _ in range(400):
        changed = _changed(data, rng)
        child = os.fork()
        if child == 0:
            said = read(changed).refused or ""
            os._exit(1 if "\n" in said or any(digest in said for digest in MD5) else 0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) <= 0


def test_places_of_cells() -> None:
    assert sheet_parts._place("B7") == (6, 1)
    assert sheet_parts._place("$AA$10") == (9, 26)
    assert sheet_parts._place("7") is None
