"""Which lines of a block are of words, and which of those are titles."""

from __future__ import annotations

import re
from itertools import takewhile

import pyarrow as pa
import pyarrow.compute as pc

from relaion.lists.readers.lines.headings import says_of
from relaion.lists.readers.lines.signs import SIGN_ALONE
from relaion.lists.readers.lines.titles import (
    LISTED,
    LONGEST_TITLE,
    NO_TITLE,
    QUICK,
    UNKNOWN,
    Doubt,
    Doubted,
    may_be_title,
    of_words,
)

_COUNT = re.compile(r"([^:=]*[^\W\d][^:=]*)[:=]\s*(\d{1,12})\s*")
_COUNTS = 50  # lines of counts beside one that are looked at
_COUNTED = re.compile(
    r"(?i)[\s#;/!]*(?:total|count|number of|no of|new|of|\s|entries|hashes|urls|links|images"
    r"|records|values|rows|lines|items|digests|unchanged)+"
)


def is_count(lines: list[str], at: int) -> bool:
    """Whether a line is one of counts, such as `# removed: 2` beside `# added: 10`."""
    found = _count_in(lines[at])
    if found is None:
        return False
    above = takewhile(bool, map(_count_in, reversed(lines[max(0, at - _COUNTS) : at])))
    below = takewhile(bool, map(_count_in, lines[at + 1 : at + 1 + _COUNTS]))
    beside = [c for c in (found, *above, *below) if c and int(c[2])]
    return not int(found[2]) or any(
        _COUNTED.fullmatch(c[1]) or of_words(c[1]) == LISTED for c in beside
    )


def _count_in(line: str) -> re.Match[str] | None:
    """The count that a line is of, if it is no longer than a title may be."""
    bare = line.strip()
    return _COUNT.fullmatch(bare) if len(bare) <= LONGEST_TITLE else None


_QUOTED_LINES = 20  # lines that one quoted field may run over
_OPENS = re.compile(r'(^|[,;\t|])[^\S\t]*"(?:[^"]|"")*\Z')
_CLOSES = re.compile(r'((?:[^"]|"")*)"\s*([,;\t|]|\Z)')


def is_quoted(lines: list[str], at: int) -> bool:
    """Whether a line stands within a quoted field of a table that runs over lines."""
    before = range(at - 1, max(-1, at - _QUOTED_LINES), -1)
    first = next((i for i in before if '"' in lines[i]), at)
    last = next((i for i in range(at, min(len(lines), at + _QUOTED_LINES)) if '"' in lines[i]), -1)
    if first == at or last < 0 or lines[first].lstrip().startswith("#"):
        return False
    opened, closed = _OPENS.search(lines[first]), _CLOSES.match(lines[last])
    if opened is None or closed is None or not (opened[1] or closed[2]):
        return False
    within = [*lines[first + 1 : last], closed[1]]
    return not any(re.search(HOLDS_VALUE, line) for line in within)


MANY = 2000
_HEX = b"0123456789abcdefABCDEF\r\n"
ENTRY = r"[0-9A-Fa-f]{32}|://"
# two letters, as far as a pattern tells that is made anew for each block: one of all letters takes
# a millisecond to make
_OTHER = r"[A-Za-z\x{80}-\x{10FFFF}]"
_TELLS = re.compile(r"[^\W\d_].?[^\W\d_]")  # numbers such as `½` are no letters
_SAYS = rf"\b18 ?\+|{SIGN_ALONE}"
_SIGN_OF_WORD = r"[\x{4E00}-\x{9FFF}]"  # of Chinese, one is a word
_MAY_TELL = rf"{_OTHER}.?{_OTHER}|{_SIGN_OF_WORD}"
_WORD_OF_ONE = re.compile(r"[\u4e00-\u9fff]")
_COUNTERS = "甲乙丙丁戊己庚辛壬癸"  # as `A` and `B`; numbers are told apart by themselves
HOLDS_VALUE = r"[0-9A-Fa-f]{32}|://|^[^#]*[A-Za-z2-7+/]{22}|^[0-9]+$"


def lines_of_words(block: str) -> tuple[list[str], list[int]]:
    """The lines of a block, and the numbers of those that hold words and no value."""
    step = block.find("\n") + 1
    if step > 1 and block[step - 1 :: step] == "\n" * (len(block) // step):
        is_hex = block.isascii() and not block.encode().translate(None, _HEX)
        if is_hex and step > 32 and len(block) % step == 0:
            return [], []  # digests of one length
    lines = block.split("\n")
    try:
        text = pa.array(lines, pa.string())
        is_other = pc.match_substring_regex(text, HOLDS_VALUE)
        is_said = pc.match_substring_regex(text, _SAYS)
        is_told = pc.or_(is_said, pc.match_substring_regex(text, _MAY_TELL))
        chosen = pc.indices_nonzero(pc.and_not(is_told, is_other))
        said = {*pc.indices_nonzero(is_said).to_pylist()}
        if len(chosen) > MANY:
            chosen = chosen.filter(pc.match_substring_regex(text.take(chosen), QUICK))
        candidates = chosen.to_pylist()
    except UnicodeEncodeError:
        candidates = [*range(len(lines))]
        said = {*candidates}
    if len(candidates) > MANY:  # links without a scheme, hosts, or no list at all
        candidates = [
            i for i in candidates
            if len(lines[i]) <= 4 * LONGEST_TITLE
            and (lines[i].lstrip()[:1] == "#" or not re.search(NO_TITLE, lines[i]))
            and may_be_title(lines[i])
        ]  # fmt: skip
    told = [i for i in candidates if i in said or lines[i].isascii() or _tells(lines[i])]
    return lines, [i for i in told if lines[i]]


def _tells(line: str) -> bool:
    """Whether two letters stand in a line, at most one sign apart, or one that is a word."""
    found = _TELLS.search(line)
    while found and not (found[0][0].isalpha() and found[0][-1].isalpha()):
        found = _TELLS.search(line, found.start() + 1)
    if found:
        return True
    told = _WORD_OF_ONE.findall(line)
    return any(not sign.isnumeric() and sign not in _COUNTERS for sign in told)


def titles_among(
    lines: list[str], candidates: list[int], *, heeds_unknown: bool
) -> dict[int, str | Doubt]:
    """What those lines say that are titles, by their number."""
    found = {i: says for i in candidates if (says := says_of(lines[i]))}
    if not heeds_unknown or _are_captions(found, lines):
        found = _known(found)
    return {
        i: says for i, says in found.items() if not (is_count(lines, i) or is_quoted(lines, i))
    }  # fmt: skip


def _known(titles: dict[int, str | Doubt]) -> dict[int, str | Doubt]:
    return {i: s for i, s in titles.items() if s not in (UNKNOWN, Doubt("above", Doubted.ABOVE))}


_SECTIONS = 10  # a list has no more kinds of entries that are told apart


def _are_captions(titles: dict[int, str | Doubt], lines: list[str]) -> bool:
    """Whether lines of unknown words name single entries, or so many parts that none decides."""
    at = [i for i, says in titles.items() if says == UNKNOWN]
    if len({lines[i] for i in at}) > _SECTIONS:
        return True
    n = sum(re.search(HOLDS_VALUE, line) is not None for line in lines)
    is_each = all(i + 1 < len(lines) and re.search(HOLDS_VALUE, lines[i + 1]) for i in at)
    return len(at) > 2 and is_each and n <= len(at) + 1 and len({lines[i] for i in at}) == len(at)
