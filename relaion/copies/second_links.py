"""Links of a record that stand elsewhere than in its link: nobody looks them up, so they are told.

By their values, whatever a field is called, and however deep it is nested: a value is told that
begins like a link, or holds one in JSON, in HTML or among words, and it is not the link by which
its record is known.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from relaion.copies.held_links import SIGNS, hold_link, holds_link
from relaion.parquet.glossary import says_link
from relaion.paths import typed

_MEDIA = frozenset(
    b"jpg jpeg png webp gif bmp tif tiff avif heic jxl npy npz mp4 webm mp3 wav flac".split()
)
_PACKED = (
    b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\0", b"BZh", b"\x04\x22\x4d\x18", b"PK\x03\x04",
    b"7z\xbc\xaf", b"Rar!", b"PAR1", b"ARROW1", b"SQLite format 3\0",
)  # fmt: skip
_IMAGE = re.compile(  # whatever it is called; pictures, films and sounds
    rb"(?s)\xff\xd8\xff|\x89PNG\r\n|GIF8[79]a|RIFF.{4}(?:WEBP|WAVE|AVI )|BM.{4}\0{4}|II\*\0|MM\0\*"
    rb"|\0\0..ftyp|\xff\x0a|\0\0\0\x0c(?:JXL |jP  )|\xff\x4f\xff\x51|8BPS|\x1aE\xdf\xa3|fLaC|OggS"
)
IN_NAMES = re.compile(rb"//|\\|[%&]|aHR0c|68747470")
"""What stands in each text that holds a link and has no byte of zeros: one of `SIGNS`."""
_CUT = re.compile(rb"\s+|\|\s*(?=(?:[a-z]+:)?//)", re.IGNORECASE)
_MAY_CUT = r"\S[\s\x0b]+\S|\|[\s\x0b]*(?:[A-Za-z]+:)?//|^[\s\x0b]*[\[{]"
_CUTS = (b" ", b"\t", b"\n", b"\x0b", b"\x0c", b"\r", b"|", b"[", b"{")  # one is in each such link
_USTAR = slice(257, 262)
_MANY_NAMES = 20
_MOST = 1_000  # names that are remembered
_OTHERS = "others"
_KEYS = "names of fields"
_HEADERS = "headers of members"
IN_QUOTES = "records within quotes"
"""The name for lines that stand in a field of a table, and would be records without quotes."""
BEHIND_LINK = "text behind the link"
"""The name for what stands behind a blank, or a `|`, in a record's own link, or in JSON there."""


def is_media(ending: bytes) -> bool:
    """Whether members of this ending hold pictures, sounds or numbers, and no text."""
    return ending.rpartition(b".")[2] in _MEDIA


def _is_packed(ending: bytes, start: bytes) -> bool:
    """Whether a member holds files or records of its own: a tar, a parquet file, packed text."""
    is_tar = start[_USTAR] == b"ustar" or ending.rpartition(b".")[2] == b"tar"  # the oldest say not
    return is_tar or start.startswith(_PACKED)


class SecondLinks:
    """Which fields, columns or members hold links that are not looked at, and how many records.

    A packed member may hold some: nobody unpacks it, so it is told whatever it holds. So is a file
    of no sample, for nobody reads it.
    """

    def __init__(self) -> None:
        self._records: Counter[str] = Counter()
        self._packed: Counter[str] = Counter()
        self._unread: Counter[str] = Counter()

    def page(self, ending: bytes, start: bytes, pieces: Iterator[bytes]) -> None:
        """Look at a member that is not read otherwise, unless it is packed or an image.

        `start` is how it begins, `pieces` are the whole of it.
        """
        name = "." + ending.decode("utf-8", "replace")
        if _is_packed(ending, start):
            _count(self._packed, name)
        elif not _IMAGE.match(start) and hold_link(pieces, is_text=b"\0" not in start):
            self.add([name])

    def header(self, name: bytes, raw: bytes) -> None:
        """Look at the name of a member, and at its headers as they stand, if it has several.

        These may say much: where a file came from, by an attribute that tar keeps with it.
        """
        if holds_link(name + b"\n" + raw.replace(b"\0", b"\n")):
            self.add([_HEADERS])

    def column(self, name: str, cells: pa.Array, links: pa.Array) -> None:
        """Look at the cells of a column (bytes), beside the links of the same records."""
        is_other = pc.invert(pc.fill_null(pc.equal(cells, links), False))
        may = pc.and_(pc.fill_null(pc.match_substring_regex(cells, SIGNS), False), is_other)
        pairs = zip(cells.filter(may).to_pylist(), links.filter(may).to_pylist(), strict=True)
        if n := sum(holds_link(cell, link or b"") for cell, link in pairs):
            self.add([name], n)

    def behind(self, links: pa.Array) -> None:
        """Look behind the first link of records' own links (bytes)."""
        *_, data = links.buffers()
        raw = data.to_pybytes() if data else b""
        if not any(cut in raw for cut in _CUTS):
            return
        may = pc.fill_null(pc.match_substring_regex(links, _MAY_CUT), False)
        if n := sum(map(is_behind, links.filter(may).to_pylist())):
            self.add([BEHIND_LINK], n)

    def add(self, names: Iterable[str], records: int = 1) -> None:
        """So many more records have a link under these names."""
        for name in names:
            _count(self._records, name, records)

    def unread(self, path: bytes) -> None:
        """A member of no sample is there."""
        _count(self._unread, path.rpartition(b"/")[2].decode("utf-8", "replace"))

    def notices(self, names: Iterable[str]) -> list[str]:
        """A line for what holds links by its values; one for `names` that only say so."""
        lines = []
        found, told = _counted(self._records)
        if told:
            lines.append(f"not looked at, though it holds links (and in how many records): {told}")
        if packed := _counted(self._packed)[1]:
            lines.append(f"not looked at, for they are packed (and how many): {packed}")
        if unread := _counted(self._unread)[1]:
            lines.append(f"not looked at, for they are of no sample (and how many): {unread}")
        said = list(dict.fromkeys(_shown(name) for name in names if says_link(name)))
        if said := [name for name in said if name not in found]:
            lines.append(
                f"not looked at, though the name says links: {', '.join(said[:_MANY_NAMES])}"
            )
        return lines


def _count(counts: Counter[str], name: str, n: int = 1) -> None:
    is_known = name in counts or len(counts) < _MOST
    counts[name if is_known else _OTHERS] += n


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


def is_behind(link: bytes) -> bool:
    """Whether a link stands behind the first of a record's own, or within JSON there."""
    bare = link.strip()
    if bare.startswith((b"[", b"{")):
        return holds_link(bare)
    return any(map(holds_link, _CUT.split(bare, 1)[1:]))


def names_of_links(fields: Iterable[tuple[str, Any]], own: str) -> set[str]:
    """Under which names links stand in some fields of a record, beside its `own`."""
    known = _raw(own)
    return {name for name, text in _texts(fields) if holds_link(_raw(text), known)}


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


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
