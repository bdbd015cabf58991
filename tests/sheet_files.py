"""Workbooks as programs write them, by hand: what a test wants to stand in one, and no more."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

Cell = str | int | float | bool | None | tuple[str, str]  # a formula with its value
Rows = Sequence[Sequence[Cell]]


def column_name(index: int) -> str:
    """`A` for 0, `AA` for 26."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name


def _cell(place: str, value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        formula, shown = value
        told = f"<v>{escape(shown)}</v>" if shown else ""
        return f'<c r="{place}" t="str"><f>{escape(formula)}</f>{told}</c>'
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def sheet_xml(
    rows: Rows, hidden: Sequence[int] = (), merged: Sequence[str] = (),
    links: Mapping[str, str] | None = None, head: str = "",
) -> str:  # fmt: skip
    """A sheet; `hidden` are rows from 1, `merged` ranges, `links` ids by cell."""
    told = [
        f'<row r="{n}"{" hidden=" + quoteattr("1") if n in hidden else ""}>'
        + "".join(_cell(f"{column_name(i)}{n}", v) for i, v in enumerate(row))
        + "</row>"
        for n, row in enumerate(rows, 1)
    ]
    more = "".join(f'<mergeCell ref="{m}"/>' for m in merged)
    leads = "".join(f'<hyperlink ref="{at}" r:id="{i}"/>' for at, i in (links or {}).items())
    return (
        f'<?xml version="1.0"?>{head}<worksheet xmlns="http://schemas.openxmlformats.org/'
        'spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/'
        f'relationships"><sheetData>{"".join(told)}</sheetData>'
        + (f"<mergeCells>{more}</mergeCells>" if more else "")
        + (f"<hyperlinks>{leads}</hyperlinks>" if leads else "")
        + "</worksheet>"
    )


def xlsx(
    sheets: Mapping[str, Rows | str], hidden: Sequence[str] = (),
    targets: Mapping[str, str] | None = None,
) -> bytes:  # fmt: skip
    """A workbook of these sheets, of which some are hidden; `targets` of links by id."""
    held = io.BytesIO()
    main = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    names = "".join(
        f"<sheet name={quoteattr(name)} sheetId={quoteattr(str(i))} r:id={quoteattr(f'r{i}')}"
        f"{' state=' + quoteattr('hidden') if name in hidden else ''}/>"
        for i, name in enumerate(sheets, 1)
    )
    related = "".join(
        f'<Relationship Id="r{i}" Type="{main}/worksheet" Target="worksheets/sheet{i}.xml"/>'
        for i, _ in enumerate(sheets, 1)
    )
    types = "http://schemas.openxmlformats.org/package/2006/content-types"
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("[Content_Types].xml", f'<Types xmlns="{types}"/>')
        out.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}"><Relationship Id="r" Type="{main}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        out.writestr(
            "xl/workbook.xml",
            '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
            f'xmlns:r="{main}"><sheets>{names}</sheets></workbook>',
        )
        out.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}">{related}</Relationships>',
        )
        for i, sheet in enumerate(sheets.values(), 1):
            xml = sheet if isinstance(sheet, str) else sheet_xml(sheet)
            out.writestr(f"xl/worksheets/sheet{i}.xml", xml)
        if targets:
            told = "".join(
                f"<Relationship Id={quoteattr(i)} Type={quoteattr(main + '/hyperlink')} "
                f'Target={quoteattr(target)} TargetMode="External"/>'
                for i, target in targets.items()
            )
            out.writestr(
                "xl/worksheets/_rels/sheet1.xml.rels",
                f'<Relationships xmlns="{package}">{told}</Relationships>',
            )
    return held.getvalue()


def _ods_cell(value: Cell, more: str = "") -> str:
    if value is None:
        return f"<table:table-cell{more}/>"
    if isinstance(value, tuple):
        return (
            f"<table:table-cell table:formula={quoteattr('of:=' + value[0])} "
            f'office:value-type="string"><text:p>{escape(value[1])}</text:p></table:table-cell>'
        )
    if isinstance(value, int | float) and not isinstance(value, bool):
        return (
            f'<table:table-cell office:value-type="float" office:value="{value!r}"{more}>'
            f"<text:p>{value!r}</text:p></table:table-cell>"
        )
    return (
        f'<table:table-cell office:value-type="string"{more}><text:p>{escape(str(value))}'
        "</text:p></table:table-cell>"
    )


def ods(sheets: Mapping[str, Rows | str], hidden: Sequence[int] = ()) -> bytes:
    """The same as an ods file; a sheet may be given as XML of its rows."""
    held = io.BytesIO()
    collapsed = ' table:visibility="collapse"'
    of = "urn:oasis:names:tc:opendocument:xmlns:"
    tables = "".join(
        f"<table:table table:name={quoteattr(name)}>"
        + (
            rows
            if isinstance(rows, str)
            else "".join(
                f"<table:table-row{collapsed if n in hidden else ''}>"
                + "".join(map(_ods_cell, row))
                + "</table:table-row>"
                for n, row in enumerate(rows, 1)
            )
        )
        + "</table:table>"
        for name, rows in sheets.items()
    )
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as out:
        mime = "application/vnd.oasis.opendocument.spreadsheet"
        out.writestr(zipfile.ZipInfo("mimetype"), mime)
        out.writestr(
            "META-INF/manifest.xml",
            f'<manifest:manifest xmlns:manifest="{of}manifest:1.0"><manifest:file-entry '
            f'manifest:full-path="/" manifest:media-type="{mime}"/></manifest:manifest>',
        )
        out.writestr(
            "content.xml",
            f'<office:document-content xmlns:office="{of}office:1.0" xmlns:table="{of}table:1.0" '
            f'xmlns:text="{of}text:1.0" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'office:version="1.2"><office:body><office:spreadsheet>{tables}'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return held.getvalue()
