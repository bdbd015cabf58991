"""Ways of saying things, in plain text beside this module: what sentences, titles and notes say.

A pattern is its name in [] and, below it, the ways of saying it: each is a line, or several short
ones are, parted by `|`. An indented line goes on with the one above it. `{name}` stands for another
pattern of the file, `{file.name}` for one of another file, and `{words}` for any word of that list
(`spelling.py`); there `-` stands for all that begins so, and `_` for a blank. A blank at the end
of a line is written `[ ]`. All else is as in Python's `re`.
"""

import re
from functools import cache
from pathlib import Path

from relaion.lazily import late_pattern
from relaion.lists.readers.vocabulary.spelling import expanded, sections, without_marks

_FOLDER = Path(__file__).with_name("patterns")
_REFERENCE = re.compile(r"\{([a-z]\w*(?:\.\w+)?)\}")
_GOES_ON = "    "


def pattern(name: str) -> re.Pattern[str]:
    """The pattern `file.name`, compiled when it is first asked; raises KeyError for no pattern."""
    return late_pattern(_text(name))


@cache
def _file(name: str) -> dict[str, str]:
    return {
        key: "\n".join(lines).replace("\n" + _GOES_ON, "").replace("\n", "|")
        for key, lines in sections(_FOLDER / f"{name}.txt").items()
    }


@cache
def _text(name: str) -> str:
    file, _, key = name.partition(".")

    def put(found: re.Match[str]) -> str:
        other = found[1]
        if "." in other or other in _file(file):
            return f"(?:{_text(other if '.' in other else f'{file}.{other}')})"
        return f"(?:{_any_word(other)})"

    return _REFERENCE.sub(put, _file(file)[key])


def _any_word(words: str) -> str:
    held = {without_marks(word) for word in expanded(f"{{{words}}}").split()}
    longest_first = sorted(held, key=lambda word: (-len(word), word))
    return "|".join(w.replace("-", "[^ ]*").replace("_", " ") for w in longest_first)
