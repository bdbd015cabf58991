"""The samples of a webdataset tar, and its members as they stand, read by Python's own tarfile."""

import hashlib
import json
import os
import re
import tarfile
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from sys import intern
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa

from relaion.errors import InputError
from relaion.parquet.columns import note
from relaion.parquet.glossary import says_caption
from relaion.paths import shown
from relaion.roles import ROLES
from relaion.verifier.copies.held import holds
from relaion.verifier.copies.known import MOST_CAPTIONS, Identified, further, murmur, own_hash

BLOCK = tarfile.BLOCKSIZE
_SAMPLE = re.compile(r"((?:.*/)?[^./]+)\.([^/]*)", re.DOTALL)
_SAME_PLACE = re.compile(r"(?<![^/])(?:\./+|/+)")
TOLD_BY = ("json", "txt", "url")
_LINK = re.compile(rb"(?:\xef\xbb\xbf)?\s*(https?://\S+)\s*", re.IGNORECASE)
_SPACED = re.compile(rb"(?:\xef\xbb\xbf)?\s*(https?://[^\s/]+/\S[^\r\n]*?)\s*", re.IGNORECASE)
_SHORTCUT = re.compile(rb"\s*\[InternetShortcut\].*^URL=([^\r\n]+)", re.I | re.M | re.S)
_SIGNS = (b"//", b"\\", b"%", b"&", b"aHR0c", b"68747470")  # of links in a text
_PIECE = 1 << 20


class TarMember(NamedTuple):
    """What stands from `start` to before `end`; `key` is None where it is of no sample.

    `unread` is the name of a file that is of none. `has_link`: one stands in its name or headers.
    """

    start: int
    end: int
    key: str | None
    told_by: str
    data: int
    size: int
    unread: str = ""
    has_link: bool = False


_MOST_KEPT = 100_000  # members of a tar; of larger ones each reader reads the headers anew
_kept: dict[tuple[str, int, int, int], list[TarMember]] = {}
"""The members of the two tars that are compared: four readers ask for them."""


def members(path: Path) -> Iterator[TarMember]:
    """All of a tar in order: members, and what stands between and behind them.

    Raises InputError for a tar that tarfile reads in part only.
    """
    try:
        now = path.stat()
    except OSError:
        raise InputError(f"{shown(path)}: cannot be read as a tar") from None
    file = (str(path), now.st_ino, now.st_size, now.st_mtime_ns)
    if file in _kept:
        yield from _kept[file]
        return
    found: list[TarMember] = []
    for member in _members(path):
        if len(found) <= _MOST_KEPT:
            found.append(member)
        yield member
    if len(found) <= _MOST_KEPT:
        for older in list(_kept)[:-1]:
            del _kept[older]
        _kept[file] = found


def _members(path: Path) -> Iterator[TarMember]:
    note(path)
    try:
        with path.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as tar:
            at = 0
            while (info := tar.next()) is not None:
                vars(tar)["members"] = []  # it keeps all
                while at < info.offset:  # headers for all members
                    raw, before = _header_at(file, at), at
                    at += len(raw)
                    yield TarMember(before, at, None, "", 0, 0, has_link=_says_link("", raw))
                at = info.offset_data + -(-info.size // BLOCK) * BLOCK
                if info.size < 0:  # it may lead back here for ever
                    raise ValueError
                sample = _SAMPLE.fullmatch(info.name) if info.isfile() else None
                key = _SAME_PLACE.sub("", sample[1]) if sample else None
                told_by = sample[2].lower() if sample else ""
                unread = "" if sample or not info.isfile() else info.name.rpartition("/")[2]
                more = info.offset_data - info.offset - BLOCK  # of headers before its own
                raw = os.pread(file.fileno(), more + BLOCK, info.offset) if more else b""
                says = _says_link(info.name, raw)
                yield TarMember(
                    info.offset, at, key, told_by, info.offset_data, info.size, unread, says
                )
            size = path.stat().st_size
            if at > size or not _is_zero(file, at):
                raise InputError(f"{shown(path)}: is cut off, or goes on after its end")
            yield TarMember(at, size, None, "", 0, 0)
    except (OSError, EOFError, tarfile.TarError, ValueError, LookupError, RecursionError):
        raise InputError(f"{shown(path)}: cannot be read as a tar") from None


def _header_at(file: BinaryIO, at: int) -> bytes:
    """A header that stands there, with all that it tells."""
    size = tarfile.TarInfo.frombuf(_data(file, at, BLOCK), "utf-8", "surrogateescape").size
    return _data(file, at, BLOCK + -(-size // BLOCK) * BLOCK)


def _says_link(name: str, header: bytes) -> bool:
    text = name.encode("utf-8", "surrogateescape") + b"\n" + header
    return any(map(text.__contains__, _SIGNS)) and holds(text.replace(b"\0", b"\n"))


def _is_zero(file: BinaryIO, at: int) -> bool:
    file.seek(at)
    return not any(any(piece) for piece in iter(lambda: file.read(_PIECE), b""))


class _Record:
    """A sample on its way: its members' endings in order, and where those that tell of it lie."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.endings: tuple[str, ...] = ()
        self.told: dict[str, tuple[int, int]] = {}
        self.part = 0


def _records(found: Iterable[TarMember]) -> tuple[list[_Record], "array[int]"]:
    """The samples of a tar in order of their first members, and of which of them each member is.

    A member whose ending its sample has already begins another one of that key; those of one key
    that have the same endings in the same order are told apart. Of no sample is -1.
    """
    records: list[_Record] = []
    latest: dict[str, int] = {}
    owners = array("q")
    of_key: dict[str, list[int]] = {}
    for member in found:
        if member.key is None:
            owners.append(-1)
            continue
        at = latest.get(member.key)
        if at is None or member.told_by in records[at].endings:
            if at is not None:
                of_key.setdefault(member.key, [at]).append(len(records))
            at = latest[member.key] = len(records)
            records.append(_Record(member.key))
        owners.append(at)
        records[at].endings += (intern(member.told_by),)
        if member.told_by in TOLD_BY:
            records[at].told[member.told_by] = (member.data, member.size)
    for places in of_key.values():
        if all(records[i].endings == records[places[0]].endings for i in places):
            for part, i in enumerate(places):
                records[i].part = part
    return records, owners


def samples(
    path: Path, named: Mapping[str, str], *, has_captions: bool
) -> Iterator[tuple[Identified, str]]:
    """The records of a tar, each with its key, in order of their first members.

    Without captions anywhere no link is hashed alone. Raises InputError for one that has them then.
    """
    records, _ = _records(members(path))
    try:
        with path.open("rb") as file:
            patterns = _patterns(file, records, named)
            for record in records:
                data = {what: _data(file, *place) for what, place in record.told.items()}
                known = _identity(data, named, patterns, has_captions=has_captions)
                yield known._replace(part=record.part), record.key
    except (OSError, ValueError, RecursionError):
        raise InputError(f"{shown(path)}: a sample of it cannot be read") from None


def located(path: Path) -> Iterator[Mapping[str, tuple[int, int]]]:
    """Where that which tells of each sample lies, by ending: offset and size."""
    for record in _records(members(path))[0]:
        yield record.told


def told_of(
    path: Path, named: Mapping[str, str]
) -> Iterator[tuple[Mapping[str, bytes], list[bytes]]]:
    """What tells of each sample, and its links, by the first of which it is known.

    Raises InputError for a tar that cannot be read.
    """
    records, _ = _records(members(path))
    with path.open("rb") as file:
        patterns = _patterns(file, records, named)
        for record in records:
            data = {what: _data(file, *place) for what, place in record.told.items()}
            yield data, _links_and_captions(data, named, patterns)[0]


def _patterns(
    file: BinaryIO, records: Iterable[_Record], named: Mapping[str, str]
) -> list[re.Pattern[bytes]]:
    """What a text alone has to be like to be a link, by most of them in the tar."""
    lines = (_lone_text(file, record.told, named) for record in records)
    kinds = Counter(_kind(txt) for txt in lines if txt)
    return [_LINK, _SPACED] if kinds["link"] > kinds["spaced"] + kinds["caption"] else [_LINK]


def _data(file: BinaryIO, start: int, size: int) -> bytes:
    file.seek(start)
    return file.read(size)


def _lone_text(
    file: BinaryIO, places: Mapping[str, tuple[int, int]], named: Mapping[str, str]
) -> bytes:
    """The text of a sample, where it is that or its caption; nothing where others tell both."""
    txt = _data(file, *places["txt"]) if "txt" in places else b""
    if not txt:
        return b""
    links, captions = _told({what: _data(file, *place) for what, place in places.items()}, named)
    return b"" if captions and (links or _kind(txt) != "link") else (b" " if links else txt)


def _kind(txt: bytes) -> str:
    return "link" if _LINK.fullmatch(txt) else "spaced" if _SPACED.fullmatch(txt) else "caption"


def _told(data: Mapping[str, bytes], named: Mapping[str, str]) -> tuple[list[bytes], list[bytes]]:
    """Links and captions that a sample's json and url tell."""
    fields = _json(data)
    links, captions = (_texts(fields, role, named) for role in ("url", "text"))
    if link := shortcut(data.get("url", b"")):
        links.append(link)
    return links, captions


def _json(data: Mapping[str, bytes]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if "json" in data:
        fields = json.loads(data["json"], parse_constant=lambda _: None)
        if not isinstance(fields, dict):
            raise ValueError
    return fields


def _links_and_captions(
    data: Mapping[str, bytes], named: Mapping[str, str], patterns: Sequence[re.Pattern[bytes]]
) -> tuple[list[bytes], list[bytes]]:
    """Those of its json; its link else is its url, or its txt where that is one, or a caption."""
    links, captions = _told(data, named)
    txt = data.get("txt", b"")
    if txt and not (links and captions and "text" in named):
        found = (pattern.fullmatch(txt) for pattern in patterns)
        is_link = None if links else next(filter(None, found), None)
        if is_link:
            links.append(is_link[1])
        elif not (captions and "text" in named):
            captions += [text for text in (txt, txt.rstrip(b"\n\r")) if text]
    return links, captions


def _identity(
    data: Mapping[str, bytes],
    named: Mapping[str, str],
    patterns: Sequence[re.Pattern[bytes]],
    *,
    has_captions: bool,
) -> Identified:
    links, captions = _links_and_captions(data, named, patterns)
    fields = _json(data)
    if captions and "text" not in named:
        names = ROLES["text"].names
        captions += [
            value.encode() for name, value in fields.items()
            if says_caption(name) and name.lower() not in names and isinstance(value, str) and value
        ]  # fmt: skip
        captions = [*captions[:1], *(x for x in dict.fromkeys(captions) if x != captions[0])]
        captions = captions[:MOST_CAPTIONS]
    own = _own(fields, named)
    link = links[0] if links else None
    more = further(link, captions, own, has_captions=has_captions)
    is_weak = own is None and not links
    if captions and not has_captions:
        raise ValueError  # its manifest names no captions
    if own is None and (links or captions) and has_captions:
        own = murmur(link, captions[0] if captions else None)
    return Identified(link, own, is_weak, more)


def _fields(fields: Mapping[str, Any], role: str, named: Mapping[str, str]) -> list[Any]:
    if role in named:
        found = [fields[named[role]]] if named[role] in fields else []
    else:
        found = [fields[k] for name in ROLES[role].names for k in fields if k.lower() == name]
    return [value for value in found if value is not None]


def _texts(fields: Mapping[str, Any], role: str, named: Mapping[str, str]) -> list[bytes]:
    texts = (v.encode() for v in _fields(fields, role, named) if isinstance(v, str))
    return [text for text in texts if text]


def _own(fields: Mapping[str, Any], named: Mapping[str, str]) -> int | None:
    for value in _fields(fields, "row_hash", named):
        text = str(value).encode("utf-8", "replace") if isinstance(value, str | int) else b""
        if type(value) is not bool and text.strip().lstrip(b"+-").isdigit():
            return own_hash(text.decode("latin-1"))
    return None


def shortcut(data: bytes) -> bytes:
    """The link of a `.url`: its text, or what Windows writes into such a file."""
    found = _SHORTCUT.match(data)
    return (found[1] if found else data.removeprefix(b"\xef\xbb\xbf")).strip()


def tar_units(path: Path, gone: pa.Array | None) -> Iterator[tuple[bytes, bool]]:
    """Digests of all that a tar is made of, in order, and whether it is of a sample that leaves.

    `gone` is a mask of its samples; None where all stay.
    """
    leaves = [] if gone is None else gone.to_pylist()
    owners = None if gone is None else _records(members(path))[1]
    with path.open("rb") as file:
        for i, member in enumerate(members(path)):
            owner = -1 if owners is None else owners[i]
            yield _digest(file, member), owner >= 0 and bool(leaves[owner])


def _digest(file: BinaryIO, member: TarMember) -> bytes:
    digest = hashlib.sha256()
    file.seek(member.start)
    left = member.end - member.start
    while left and (piece := file.read(min(_PIECE, left))):
        digest.update(piece)
        left -= len(piece)
    return digest.digest()
