"""Characters that nobody sees: they stick to a text that is copied, and are no part of it."""

import re

# Ranges of four properties of Unicode 16.0: White_Space (PropList.txt), the categories Cc and Cf
# (UnicodeData.txt), Default_Ignorable_Code_Point (DerivedCoreProperties.txt). Written down, since
# `unicodedata` knows another Unicode in each Python, and a link may not have two keys;
# tests/test_unseen.py derives them anew from what Python knows.
_WHITE = "0009-000D 0020 0085 00A0 1680 2000-200A 2028-2029 202F 205F 3000"
_IGNORABLE = (
    "00AD 034F 061C 115F-1160 17B4-17B5 180B-180F 200B-200F 202A-202E 2060-206F 3164 FE00-FE0F "
    "FEFF FFA0 FFF0-FFF8 1BCA0-1BCA3 1D173-1D17A E0000-E0FFF"
)
_CONTROL = "0000-001F 007F-009F"
_FORMAT = (  # those that are not ignorable too
    "0600-0605 06DD 070F 0890-0891 08E2 FFF9-FFFB 110BD 110CD 13430-1343F"
)


def _letters(ranges: str) -> frozenset[str]:
    found: set[str] = set()
    for part in ranges.split():
        first, _, last = part.partition("-")
        found.update(map(chr, range(int(first, 16), int(last or first, 16) + 1)))
    return frozenset(found)


WHITE = _letters(_WHITE)
"""White space."""
IGNORABLE = _letters(_IGNORABLE)
"""What leaves no trace: joiners, soft hyphens, byte order marks, marks of direction, fillers."""
BLANK = WHITE | IGNORABLE
"""What leaves a line blank."""
CONTROL = _letters(_CONTROL)
"""Controls; tabs and line breaks are white space too."""
UNSEEN = BLANK | CONTROL | _letters(_FORMAT)
"""All of these, and the other format characters."""


def trim(text: str, ends: frozenset[str] = UNSEEN) -> str:
    """Without white space, controls and invisible characters at both ends."""
    start, end = 0, len(text)
    while start < end and text[start] in ends:
        start += 1
    while start < end and text[end - 1] in ends:
        end -= 1
    return text[start:end]


def one_of(letters: frozenset[str]) -> str:
    """A regular expression for one of these characters; as ranges, which `re` looks up fast."""
    ranges: list[list[int]] = []
    for code in sorted(map(ord, letters)):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    parts = (f"{re.escape(chr(first))}-{re.escape(chr(last))}" for first, last in ranges)
    return f"[{''.join(parts)}]"
