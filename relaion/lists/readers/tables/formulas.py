"""Links that a spreadsheet wrote as formulas: `=HYPERLINK("https://…";"open")` is that link.

So are `="https://…"` and `'https://…`, by which it is told that a cell is a text.
What the cell shows is a note, which may take the link back. Where it is a digest, or another link,
nobody here can say which of both is listed: the formula stays, and is no entry.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from relaion.lists.readers.tables.notes import takes_back
from relaion.lists.values import shape

# in a quoted field of a table each quote stands twice
_FORMULA = re.compile(
    r"""(?ix) "=\s*(?:HYPERLINK|HYPERLIEN|HIPERVINCULO|HIPERLIGAÇÃO)\(\s*
        ""(?P<link2>[^"\n]*)""(?:\s*[,;]\s*(?:""(?P<label2>[^"\n]*)""|[^"\n()]*))?\s*\)"
    | =\s*(?:HYPERLINK|HYPERLIEN|HIPERVINCULO|HIPERLIGAÇÃO)\(\s*
        "(?P<link1>[^"\n]*)"(?:\s*[,;]\s*(?:"(?P<label1>[^"\n]*)"|[^"\n()]*))?\s*\)
    """
)
_CELL = r"(?m)(?P<before>^|[,;|\t])[ ]*"
_AS_TEXT = re.compile(
    _CELL + r"""(?:"=\s*""(?P<link2>\w+://[^"\n]*)""\s*"|=\s*"(?P<link1>\w+://[^"\n]*)")"""
    r"(?=[ ]*(?:$|[,;|\t]))"
)
_MARKED = re.compile(_CELL + r"""(?P<quote>"?)'(?=\w+://[^'"\s]*(?:"|$|[ \t]|(?<=[,;|])'))""")
_MAY_BE = re.compile(r"(?i)=\s*(?:HYPERL|HIPER)")  # looked for where a block holds `(` and quotes


def _plain(found: re.Match[str]) -> str:
    quote = '"' if found["link2"] is not None else ""
    link = found["link2"] if quote else found["link1"]
    label = (found["label2"] if quote else found["label1"]) or ""
    if label.strip() == link.strip() or not label.strip():
        return f"{quote}{link}{quote}"
    if shape(label) is not None:
        return found[0]
    return f"{quote}{link} # {label}{quote}" if takes_back(label) else f"{quote}{link}{quote}"


def without_formulas(source: Iterator[str]) -> Iterator[str]:
    """The blocks with the links of such formulas in their place."""
    for block in source:
        may_be = "(" in block and '"' in block and _MAY_BE.search(block)
        text = _FORMULA.sub(_plain, block) if may_be else block
        if '="' in text and "://" in text:
            text = _AS_TEXT.sub(lambda f: f'{f["before"]}"{f["link1"] or f["link2"]}"', text)
        yield _MARKED.sub(r"\g<before>\g<quote>", text) if "'http" in text else text
