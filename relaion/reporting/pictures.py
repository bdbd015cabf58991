"""Bar charts as SVG that stands within a page: text as text, colours left to the page.

Whatever the colours, bars of two series differ by their hatching, and every bar has its number. The
scale is that of logarithms, so that small numbers are seen beside large ones.
"""

import io
import math
import re
import textwrap
import unicodedata
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from relaion.reporting.document import BarChart, number

# colours that stand for others, which the page sets for light and dark
_INK, _FAINT, _FIRST, _SECOND, _PAPER = "#010101", "#020202", "#030303", "#040404", "#050505"
_VARIABLES = {
    _INK: "currentColor", _FAINT: "var(--faint)", _FIRST: "var(--first)",
    _SECOND: "var(--second)", _PAPER: "var(--paper)",
}  # fmt: skip
_LOOKS = ((_FIRST, ""), (_PAPER, "////"))  # of each series: filled, and hatched
_WIDTH = 4.0  # inches of 100 units: a narrow phone shows it nearly as it is
_BAR = 0.2  # inches
_LABEL = 0.22
_GAP = 0.11
_LETTERS = 38  # in a line of a label
_STYLE: Any = {
    "svg.fonttype": "none",  # text that can be read aloud, searched and copied
    "svg.hashsalt": "relaion",
    "font.family": "sans-serif",
    "font.size": 10.5,
    "hatch.linewidth": 1.4,
    "hatch.color": _SECOND,
}


def svg(chart: BarChart, key: str) -> str:
    """The picture; `key` keeps its names apart from those of others on the page."""
    with mpl.rc_context(_STYLE):
        figure = _drawn(chart)
        written = io.BytesIO()
        # no date and no address of whoever wrote it: the same facts are the same bytes
        none = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        FigureCanvasSVG(figure)
        figure.savefig(written, format="svg", metadata=none)
    return _within_a_page(written.getvalue(), chart, key)


def _drawn(chart: BarChart) -> Figure:
    rows = list(_laid_out(chart))
    height = rows[-1][0] + 0.05
    figure = Figure(figsize=(_WIDTH, height), dpi=100)
    axes = figure.add_axes((0.01, 0.0, 0.98, 1.0))
    axes.set_axis_off()
    largest = max((v for g in chart.groups for v in g.values if v is not None), default=1)
    axes.set_ylim(height, 0)
    axes.set_xlim(0, 1)
    axes.patch.set_visible(False)
    figure.patch.set_visible(False)
    for top, kind, text, value in rows:
        if kind == "label":
            axes.text(0, top + _LABEL * 0.72, text, color=_INK, va="baseline")
        elif kind == "mark":
            _draw_mark(axes, top, text)
        elif value is not None:
            _draw_bar(axes, top, int(kind), value, largest)
    return figure


def _laid_out(chart: BarChart) -> Iterator[tuple[float, str, str, int | None]]:
    """Where each label, mark and bar begins, in inches from the top."""
    top = 0.02
    marks: dict[int, list[str]] = {}
    for place, text in chart.marks:
        marks.setdefault(place, []).append(text)
    for i, group in enumerate(chart.groups):
        for text in marks.get(i, ()):
            yield top, "mark", text, None
            top += 0.24
        for line in _wrapped(group.label):
            yield top, "label", line, None
            top += _LABEL
        for series, value in enumerate(group.values):
            if value is not None:
                yield top, str(series), "", value
                top += _BAR
        top += _GAP
    yield top - _GAP, "end", "", None


def _wrapped(label: str) -> list[str]:
    """A label in lines that fit the picture; letters of East Asia are twice as wide."""
    is_wide = any(unicodedata.east_asian_width(c) in "WF" for c in label)
    return textwrap.wrap(label, _LETTERS // 2 if is_wide else _LETTERS) or [""]


def _draw_bar(axes: Axes, top: float, series: int, value: int, largest: int) -> None:
    colour, hatch = _LOOKS[series]
    length = 0.78 * _scaled(value) / _scaled(largest) if value else 0.0
    axes.barh(
        top + _BAR / 2, length, height=_BAR * 0.82, color=colour, edgecolor=_SECOND, hatch=hatch,
        linewidth=0.8,
    )  # fmt: skip
    axes.text(length + 0.015, top + _BAR * 0.82, number(value), color=_INK, va="baseline")


def _scaled(value: int) -> float:
    """Length on the scale: a tenth of the numbers is one step, and 1 can still be seen."""
    return 0.35 + math.log10(value) if value else 0.0


def _draw_mark(axes: Axes, top: float, text: str) -> None:
    axes.plot((0, 1), (top + 0.05, top + 0.05), color=_INK, linewidth=1.2, dashes=(4, 2))
    axes.text(1, top + 0.19, text, color=_INK, ha="right", va="baseline", style="italic")


# -- From a file of its own to a part of a page --------------------------------------------------

_NAMESPACE = re.compile(r"\{[^}]*\}")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")


def _within_a_page(raw: bytes, chart: BarChart, key: str) -> str:
    """Names made the picture's own, namespaces and addresses left out, colours left to the page."""
    root = ET.fromstring(raw)  # noqa: S314 - written just now, here
    for element in list(root.iter()):
        element.tag = _NAMESPACE.sub("", str(element.tag))
        attributes = {_NAMESPACE.sub("", k): v for k, v in element.attrib.items()}
        if element.tag == "g":
            attributes.pop("id", None)  # of which nothing is made
        if "id" in attributes:
            attributes["id"] = f"{key}-{attributes['id']}"
        element.attrib.clear()
        element.attrib.update({k: _coloured(_REFERENCE.sub(rf"url(#{key}-\1)", v))
                               for k, v in attributes.items()})  # fmt: skip
    for unwanted in [x for x in root if x.tag == "metadata"]:
        root.remove(unwanted)
    box = root.attrib["viewBox"]
    root.attrib.clear()
    root.attrib.update(
        {"viewBox": box, "role": "img", "aria-labelledby": f"{key}-title {key}-desc"}
    )
    for place, (tag, text) in enumerate((("title", chart.caption), ("desc", chart.told))):
        told = ET.Element(tag, {"id": f"{key}-{tag}"})
        told.text = text
        root.insert(place, told)
    return ET.tostring(root, encoding="unicode")


def _coloured(value: str) -> str:
    for colour, variable in _VARIABLES.items():
        value = value.replace(colour, variable)
    return value
