"""Links of a record that stand elsewhere than in its link: nobody looks them up, so they are told.

By their values, whatever a field is called, and however deep it is nested: a value is told that
begins like a link and is not the one by which its record is known.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from relaion.parquet.glossary import says_link
from relaion.paths import typed

_BEGINS = r"^(?:\xef\xbb\xbf)?\s*(?i:https?:)?//[^\s/?#]+\.[^\s/?#]"
_TEXT = re.compile(r"\s*(?:https?:)?//[^\s/?#]+\.[^\s/?#]", re.IGNORECASE)
_WITHIN = re.compile(rb"(?i:https?:)(?:\\?/){2}[^\s/?#\\]+\.[^\s/?#]")
_ESCAPED = re.compile(rb"\\u00(?:2f|3a)", re.IGNORECASE)
_MEDIA = frozenset(
    b"jpg jpeg png webp gif bmp tif tiff avif heic jxl npy npz cls mp4 webm mp3 wav flac".split()
)
_PACKED = (
    b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\0", b"BZh", b"\x04\x22\x4d\x18", b"PK\x03\x04",
    b"7z\xbc\xaf", b"Rar!", b"PAR1", b"ARROW1", b"SQLite format 3\0",
)  # fmt: skip
_PICKLED = re.compile(rb"\x80[\x02-\x05]")
_USTAR = slice(257, 262)
_MANY_NAMES = 20
_MOST = 1_000  # names that are remembered
_OTHERS = "other fields"
_KEYS = "names of fields"


def is_link(text: str) -> bool:
    """Whether a text begins like a link: with a scheme or `//`, and a host with a dot."""
    return _TEXT.match(text) is not None


def may_hold_links(raw: bytes, known: int) -> bool:
    """Whether the bytes of a JSON may hold more links than the `known` ones."""
    if b"\\/" in raw:  # a slash may be written so, and one of two alone, too
        raw = raw.replace(b"\\/", b"/")
    if raw.count(b"//") > known:
        return True
    return b"\\u00" in raw and _ESCAPED.search(raw) is not None


def is_media(ending: bytes) -> bool:
    """Whether members of this ending hold pictures, sounds or numbers, and no text."""
    return ending.rpartition(b".")[2] in _MEDIA


def _is_packed(ending: bytes, start: bytes) -> bool:
    """Whether a member holds files or records of its own: a tar, a parquet file, packed text."""
    is_tar = start[_USTAR] == b"ustar" or ending.rpartition(b".")[2] == b"tar"  # the oldest say not
    return is_tar or start.startswith(_PACKED)


class SecondLinks:
    """Which fields, columns or members hold links that are not looked at, and how many records.

    A packed member may hold some: nobody unpacks it, so it is told whatever it holds.
    """

    def __init__(self) -> None:
        self._records: Counter[str] = Counter()
        self._packed: Counter[str] = Counter()

    def look(self, fields: Iterable[tuple[str, Any]], known: Iterable[str | bytes | None]) -> None:
        """Look at all values of a record, but for those that are `known`."""
        of = {link.strip() for link in map(_text, known) if link}
        self.add(
            {name for name, text in _texts(fields) if is_link(text) and text.strip() not in of}
        )

    def sample(
        self,
        data: bytes,
        others: Iterable[tuple[str, Any]],
        txt: bytes,
        known: Sequence[tuple[str, bytes]],
    ) -> None:
        """Look at the `others` of the fields of a tar's sample, whose json is `data`; at its txt.

        `known` are its link and its caption, each with the field or member that it stands in.
        """
        texts = [text for _, text in known]
        of_json = (text for name, text in known if name not in (".txt", ".url"))
        if data and may_hold_links(data, sum(text.count(b"//") for text in of_json)):
            self.look(others, texts)
        if txt and txt.strip() not in {text.strip() for text in texts}:
            lines = txt.decode("utf-8", "replace").removeprefix("\ufeff").splitlines()
            if any(map(is_link, lines)):
                self.add([".txt"])

    def page(self, ending: bytes, start: bytes) -> None:
        """Look at the start of a member that is not read, if it is text, pickled or packed."""
        name = "." + ending.decode("utf-8", "replace")
        if _is_packed(ending, start):
            is_known = name in self._packed or len(self._packed) < _MOST
            self._packed[name if is_known else _OTHERS] += 1
        elif (b"\0" not in start or _PICKLED.match(start)) and _WITHIN.search(start):
            self.add([name])

    def column(self, name: str, cells: pa.Array, links: pa.Array) -> None:
        """Look at the cells of a column (bytes), beside the links of the same records."""
        found = pc.fill_null(pc.match_substring_regex(cells, _BEGINS), False)
        if found.true_count:
            same = pc.fill_null(pc.equal(cells, links), False)
            if n := pc.and_not(found, same).true_count:
                self.add([name], n)

    def add(self, names: Iterable[str], records: int = 1) -> None:
        """So many records more have a link under these names."""
        for name in names:
            is_known = name in self._records or len(self._records) < _MOST
            self._records[name if is_known else _OTHERS] += records

    def notices(self, names: Iterable[str]) -> list[str]:
        """A line for what holds links by its values; one for `names` that only say so."""
        lines = []
        found, told = _counted(self._records)
        if told:
            lines.append(f"not looked at, though it holds links (and in how many records): {told}")
        if packed := _counted(self._packed)[1]:
            lines.append(f"not looked at, for they are packed (and how many): {packed}")
        said = list(dict.fromkeys(_shown(name) for name in names if says_link(name)))
        if said := [name for name in said if name not in found]:
            lines.append(
                f"not looked at, though the name says links: {', '.join(said[:_MANY_NAMES])}"
            )
        return lines


def _counted(records: Counter[str]) -> tuple[Counter[str], str]:
    """The names as they are shown, and a list of them with how many records each has."""
    found: Counter[str] = Counter()
    for name, n in records.items():
        found[_shown(name)] += n
    told = [f"{name} ({n:,})" for name, n in sorted(found.items())[:_MANY_NAMES]]
    more = len(found) - len(told)
    return found, ", ".join(told) + (f" and {more:,} more" if more else "")


def _shown(name: str) -> str:
    """A name with those above it; a link or digest among them is not repeated."""
    return ".".join(map(typed, name.split(".")))


def _text(value: str | bytes | None) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value or ""


def _texts(fields: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, str]]:
    """All texts within JSON with the names that lead there; objects may be pairs."""
    waiting: list[tuple[str, Any]] = [*fields]
    waiting += [(_KEYS, name) for name, _ in waiting]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, str):
            yield name, value
        elif isinstance(value, dict | tuple):
            pairs = getattr(value, "pairs", None) or value
            for key, inner in pairs.items() if isinstance(pairs, dict) else pairs:
                waiting.append((f"{name}.{key}", inner))
                waiting.append((_KEYS, key))
        elif isinstance(value, list):
            waiting += [(name, inner) for inner in value]
