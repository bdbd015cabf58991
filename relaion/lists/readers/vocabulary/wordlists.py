"""The lists of words beside this module: plain text that needs no Python to read or to lengthen.

How they are written is said in `entries.txt`. A text such as `{taken_back} {mistakes} gone` stands
for the words of two lists and one more.
"""

import re
from functools import cache
from pathlib import Path

_NAME = re.compile(r"\[(\w+)\]")
_REFERENCE = re.compile(r"\{(\w+)\}")


def sections(path: Path) -> dict[str, list[str]]:
    """The lines of each part of a file of words or patterns, without comments, by its name."""
    found: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if name := _NAME.fullmatch(line):
            if name[1] in found:
                raise ValueError(f"{path.name}: two parts are called {name[1]}")
            lines = found[name[1]] = []
        elif line and not line.startswith("#"):
            lines.append(line)
    return found


@cache
def _lists() -> dict[str, str]:
    """The words of each list by its name; raises ValueError where two have one name."""
    found: dict[str, str] = {}
    for path in sorted(Path(__file__).parent.glob("*.txt")):
        for name, lines in sections(path).items():
            if name in found:
                raise ValueError(f"two lists of words are called {name}")
            found[name] = " ".join(lines)
    return found


def expanded(text: str) -> str:
    """A text in which the words of lists stand for their names; raises KeyError for no list."""
    return _REFERENCE.sub(lambda found: expanded(_lists()[found[1]]), text)
