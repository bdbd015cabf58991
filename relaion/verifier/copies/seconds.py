"""Links at a second place of a record, found again: what a manifest has to tell of text and tars.

By none of them is a record known, so nobody looks them up; `apply` says in how many records they
stand. Here every record is read for it once more.
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from relaion.errors import InputError
from relaion.parquet.glossary import bare_name, says_caption, says_link
from relaion.paths import shown, typed
from relaion.roles import ROLES
from relaion.verifier.copies.held import holds
from relaion.verifier.copies.records import json_lines_of, table_records
from relaion.verifier.copies.statement import SAMPLES, CopyLine
from relaion.verifier.copies.tars import TOLD_BY, located, members, shortcut, told_of

HOLDS = "not looked at, though it holds links (and in how many records): "
PACKED = "not looked at, for they are packed (and how many): "
UNREAD = "not looked at, for they are of no sample (and how many): "
_MEDIA = re.compile(
    "jpe?g|png|webp|gif|bmp|tiff?|avif|heic|jxl|np[yz]|mp[34]|webm|wav|flac"
)  # ends of names of what holds no text
_OF_PACKED = re.compile(
    rb"\x1f\x8b|\x28\xb5\x2f\xfd|\xfd7zXZ\0|BZh|\x04\x22\x4d\x18|PK\x03\x04|7z\xbc\xaf|Rar!"
    rb"|PAR1|ARROW1|SQLite format 3\0|.{257}ustar",
    re.DOTALL,
)
_OF_IMAGE = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n|GIF8[79]a|RIFF.{4}(?:WEBP|WAVE|AVI )|BM.{4}\0{4}|II\*\0|MM\0\*"
    rb"|\0\0..ftyp|\xff\x0a|\0\0\0\x0cJXL |\0\0\0\x0cjP  |\xff\x4f\xff\x51|8BPS"
    rb"|\x1aE\xdf\xa3|fLaC|OggS",
    re.DOTALL,
)
_OF_LINKS = (b"http", b"ahr0c", b"68747470", b"h\0t\0t\0p", b"h\0\0\0t")  # in what is no text
_START = 1 << 12  # bytes that tell what a member is
_PIECE = 16 << 20  # bytes of a member that are looked at at once, the same as `apply` looks at
_SHARED = 1 << 10  # of them so many in two pieces
_NAMES = 20  # that a sentence names
_MOST = 1_000  # names beyond which nobody counts them apart
_KEYS = "names of fields"
_HEADERS = "headers of members"
BEHIND_LINK = "text behind the link"
_MAY_HOLD = r"[^\t-\r ][\t-\r ]|\||^[\t-\r ]*[\[{]"  # the first tells of blanks behind it, too
_NEXT = re.compile(rb"[ \t\n\v\f\r]|\|[ \t\n\v\f\r]*(?:[a-z]+:)?//", re.IGNORECASE)
_IN_QUOTES = "records within quotes"
_LINK = re.compile(rb"[ \t\n\f\r]*[a-z][a-z0-9+.-]*://[^ \t\n\f\r]+[ \t\n\f\r]*", re.IGNORECASE)
_IDENTITY = ("url", "text", "row_hash")


def seconds_of(path: Path, line: CopyLine, named: Mapping[str, str]) -> list[str] | None:
    """The sentences that tell of links at a second place of a file's records.

    None where more names hold links than are counted apart. Raises InputError for a file that
    cannot be read.
    """
    try:
        if line.form == SAMPLES:
            found = _of_tar(path, named)
        elif line.form == "json_lines":
            found = [_of_lines(path, line, named)]
        else:
            found = [_of_table(path, line)]
    except (OSError, ValueError, IndexError, RecursionError, csv.Error):
        raise InputError(f"{shown(path)}: its records cannot be read") from None
    if any(len(counts) > _MOST for counts in found):
        return None
    heads = (HOLDS, HOLDS, PACKED, UNREAD)
    return [head + _listed(counts) for head, counts in zip(heads, found, strict=False) if counts]


def names_of_tar(path: Path, named: Mapping[str, str]) -> list[str]:
    """Fields of the jsons in a tar whose names say links and that play no role."""
    names: dict[str, None] = {}
    with path.open("rb") as file:
        for places in located(path):
            if "json" in places:
                names.update(dict.fromkeys(k for k, _ in _others(_json(file, places), named)))
    return [".".join(map(typed, name.split("."))) for name in names if says_link(name)][:_NAMES]


def _listed(counts: Mapping[str, int]) -> str:
    shown_as: Counter[str] = Counter()
    for name, n in counts.items():
        shown_as[".".join(map(typed, name.split(".")))] += n
    told = [f"{name} ({n:,})" for name, n in sorted(shown_as.items())]
    more = f" and {len(told) - _NAMES:,} more" if told[_NAMES:] else ""
    return ", ".join(told[:_NAMES]) + more


def _places(fields: Iterable[tuple[str, Any]], own: str) -> set[str]:
    """Under which names links stand that are not the record's own."""
    fields = list(fields)
    known = own.encode("utf-8", "surrogatepass")
    pairs = [*_texts(fields), *((_KEYS, name) for name, _ in fields)]
    return {name for name, text in pairs if holds(text.encode("utf-8", "surrogatepass"), known)}


def _texts(fields: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, str]]:
    """All texts in JSON whose objects are tuples of pairs, by the names that lead there."""
    for name, value in fields:
        if isinstance(value, str):
            yield name, value
        elif isinstance(value, list):
            yield from _texts((name, each) for each in value)
        elif isinstance(value, tuple):
            yield from ((_KEYS, key) for key, _ in value)
            yield from _texts((f"{name}.{key}", inner) for key, inner in value)


# -- text ------------------------------------------------------------------------------------------


def _of_lines(path: Path, line: CopyLine, named: Mapping[str, str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for text, fields, link, _ in json_lines_of(path, line, named):
        played = _played(fields, line, named)
        pairs = json.loads(text, parse_int=len, object_pairs_hook=tuple)
        own = link if isinstance(link, str) else ""
        names = _places((x for x in pairs if x[0] not in played), own)
        if is_behind(own.encode("utf-8", "surrogatepass")):
            names.add(BEHIND_LINK)
        found.update(names)
    return found


def _played(fields: Mapping[str, Any], line: CopyLine, named: Mapping[str, str]) -> set[str]:
    """The fields of an object that play a role: by name, or as the user named them."""
    found: set[str] = set()
    for role in _IDENTITY:
        names = set(ROLES[role].names)
        if role in named:
            names = {named[role]} if named[role] in fields else {bare_name(named[role]).lower()}
        keys = {k for k in fields if bare_name(k).lower() in names or k in names}
        if role == "row_hash" and "row_hash" not in line.columns:
            continue
        if role == "text" and keys and role not in named:
            keys |= set(filter(says_caption, fields))
        found |= keys
    return found


def _of_table(path: Path, line: CopyLine) -> Counter[str]:
    found: Counter[str] = Counter()
    for names, places, cells, delimiter in table_records(path, line):
        link = cells[places["url"]] if "url" in places else b""
        found[BEHIND_LINK] += is_behind(link)
        found[_IN_QUOTES] += "url" in places and _in_quotes(cells, places["url"], delimiter)
        for i, cell in enumerate(cells):
            if i not in places.values() and cell != link and holds(cell, link):
                found[names[i] if names else str(i + 1)] += 1
    return +found


def is_behind(link: bytes) -> bool:
    """Whether another link stands in a link: behind a blank or a `|`, or in a list of JSON."""
    bare = link.strip()
    if bare[:1] in (b"[", b"{"):
        return holds(bare)
    found = _NEXT.search(bare)
    return found is not None and holds(bare[found.start() + 1 :].lstrip())


def links_behind(links: pa.Array) -> int:
    """In how many links (bytes) another one stands."""
    may = pc.match_substring_regex(links, _MAY_HOLD)
    return sum(map(is_behind, links.filter(pc.fill_null(may, False)).to_pylist()))


def _in_quotes(cells: list[bytes], link: int, delimiter: bytes) -> bool:
    """Whether a line within a cell would be a record without quotes, by the `link` in the cell."""
    for at, cell in enumerate(cells):
        lines = [line.split(delimiter) for line in cell.split(b"\n")]
        for line in lines[: len(lines) * (len(lines) > 1)]:
            outside = [b""] * at if line is lines[0] else []
            behind = [b""] * (len(cells) - at - 1) if line is lines[-1] else []
            row = [*outside, *line, *behind]
            is_cell = link == at and len(line) == 1  # of several lines, each a link or none
            if len(row) == len(cells) and not is_cell and _LINK.fullmatch(row[link]):
                return True
    return False


# -- tars ------------------------------------------------------------------------------------------


def _of_tar(path: Path, named: Mapping[str, str]) -> list[Counter[str]]:
    """Of what tells of samples; of members that nobody reads; of packed ones; of no sample."""
    of_fields: Counter[str] = Counter()
    with path.open("rb") as file:
        for data, links in told_of(path, named):
            own = links[0] if links else b""
            names = set()
            if "json" in data:
                others = _others(json.loads(data["json"], object_pairs_hook=tuple), named, ("url",))
                names = _places(others, own.decode("utf-8", "replace"))
            if holds(data.get("txt", b""), own):
                names.add(".txt")
            of_url = data.get("url", b"")
            if holds(of_url, shortcut(of_url)):
                names.add(".url")
            if is_behind(own):
                names.add(BEHIND_LINK)
            of_fields.update(names)
        return [of_fields, *_of_members(file, path)]


def _of_members(file: BinaryIO, path: Path) -> Iterator[Counter[str]]:
    found, packed, unread = Counter[str](), Counter[str](), Counter[str]()
    for member in members(path):
        found[_HEADERS] += member.has_link
        if member.unread:
            unread[_named(member.unread)] += 1
        is_media = _MEDIA.fullmatch(member.told_by.rpartition(".")[2]) is not None
        if member.key is None or not member.size or is_media or member.told_by in TOLD_BY:
            continue
        file.seek(member.data)
        start = file.read(min(member.size, _START))
        name = "." + _named(member.told_by)
        if _OF_PACKED.match(start) or member.told_by.rpartition(".")[2] == "tar":
            packed[name] += 1
        elif not _OF_IMAGE.match(start):
            file.seek(member.data)
            is_text, pieces = b"\0" not in start, _pieces(file, member.size)
            if any((is_text or _may_hold(piece)) and holds(piece) for piece in pieces):
                found[name] += 1
    yield from (+found, packed, unread)


def _pieces(file: BinaryIO, size: int) -> Iterator[bytes]:
    """So many bytes of a file from its place on; each piece begins as the one before ends."""
    behind = b""
    for at in range(0, size, _PIECE):
        piece = behind + file.read(min(_PIECE, size - at))
        yield piece
        behind = piece[-_SHARED:]


def _named(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _may_hold(data: bytes) -> bool:
    """Whether bytes that are no text may hold a link as it is."""
    plain = data.lower()
    return any(sign in plain for sign in _OF_LINKS)


def _json(file: BinaryIO, places: Mapping[str, tuple[int, int]]) -> tuple[tuple[str, Any], ...]:
    start, size = places["json"]
    file.seek(start)
    found: tuple[tuple[str, Any], ...] = json.loads(file.read(size), object_pairs_hook=tuple)
    return found


def _others(
    fields: Iterable[tuple[str, Any]], named: Mapping[str, str], roles: Iterable[str] = _IDENTITY
) -> list[tuple[str, Any]]:
    """The fields of a json that by their names play none of some roles."""
    names = {name for role in roles if role not in named for name in ROLES[role].names}
    known = {named[role] for role in roles if role in named}
    return [x for x in fields if x[0].lower() not in names and x[0] not in known]
