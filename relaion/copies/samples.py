"""The samples of a webdataset tar: what identifies each, and the tar without some of them.

Which members are which sample, `members` says.

What identifies a sample: its `.json`, by the names of `relaion.roles`; its link else is its
`.url`, or its `.txt` where that is a link; its captions are its `.txt`, too. A line with
blanks that begins like a link may be either: it is a link where most of the `.txt` in the tar are
links.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from relaion.copies.fields import IDENTITY, Shape, Shapes
from relaion.copies.form import INDEX, Rewritten, columns_of, others_of
from relaion.copies.held_links import holds_link, json_may_hold_links
from relaion.copies.indexed import Indexed
from relaion.copies.lines import COMPARED, differing
from relaion.copies.members import TOLD_BY, Samples, read_samples
from relaion.copies.second_links import BEHIND_LINK, SecondLinks, is_behind, names_of_links
from relaion.copies.tars import Tar, copy_pieces, open_tar
from relaion.errors import InputError
from relaion.parquet.mended import PrivateFile, marked
from relaion.parquet.own_hashes import own_hashes
from relaion.parquet.row_groups import Removed, RowNumbers
from relaion.paths import atomic_write, private_umask, replaced, shown, stamp_of, typed
from relaion.roles import ROLES
from relaion.sidecars.row_hash import row_hashes, without_fillers

_LARGEST = 16 << 20
_LINK = re.compile(rb"(?:\xef\xbb\xbf)?\s*(https?://\S+)\s*", re.IGNORECASE)
_SPACED = re.compile(rb"(?:\xef\xbb\xbf)?\s*(https?://[^\s/]+/\S[^\r\n]*?)\s*", re.IGNORECASE)
_SHORTCUT = re.compile(rb"\s*\[InternetShortcut\].*^URL=([^\r\n]+)", re.I | re.M | re.S)
_ROWS, _BYTES = 8_192, 32 << 20  # of a piece of the index
_MOST_FIELDS = 1_000
_JSON_BLANK = " \t\n\r"
_DECODER = json.JSONDecoder(object_pairs_hook=tuple, parse_constant=lambda _: None)


# -- What identifies each sample ---------------------------------------------------------------


def index(path: Path, into: Path, columns: Mapping[str, str]) -> Indexed:
    """Write the index of a tar (0600): one row a record, with its link, row hash and key.

    `columns` name the fields of the jsons that play a role (`url`, `text`, `row_hash`) in place of
    those known by name. Links and keys that are no UTF-8 are told as `mended.marked` does. Of
    the data only `.json`, `.txt` and `.url` are read. Raises InputError for a tar that cannot be
    read, or could be read in two ways; then nothing is written.
    """
    with open_tar(path) as tar:
        beside = SecondLinks()
        found = read_samples(tar, beside)
        with private_umask(), atomic_write(into, 0o600) as part:
            reader = _Reader(tar, columns)
            _write_index(part, found, reader)
            if reader.is_of_links:
                reader = _Reader(tar, columns, _SPACED)
                _write_index(part, found, reader)
            if not reader.tells_captions:
                reader = _Reader(tar, columns, reader.link, has_captions=False)
                _write_index(part, found, reader)
        notices = (*reader.notices(), *beside.notices(()))
        count = reader.count
        compared, differ = count["compared"], count["differ"]
        return Indexed(len(found), reader.used(), notices, compared, differ)


def _write_index(part: Path, found: Samples, reader: "_Reader") -> None:
    places = [pa.array(each, pa.int64()) for each in found.spans()]
    places = [pc.if_else(pc.greater_equal(each, 0), each, None) for each in places]
    written = 0
    with PrivateFile(part, INDEX) as out:
        for piece in reader.pieces(found):
            out.add(
                [*_arrays(piece, reader), *(each.slice(written, len(piece)) for each in places)]
            )
            written += len(piece)
        reader.refuse_unknown()


class _Identity(NamedTuple):
    """What identifies a sample; nothing is told as None, as an empty text is."""

    key: bytes
    link: bytes | None
    caption: bytes | None
    own: bytes | None
    part: int = 0
    more: tuple[bytes, ...] = ()  # further captions


def _arrays(piece: list[_Identity], reader: "_Reader") -> list[pa.Array]:
    """A piece of the index, but for places."""
    links = pa.array([each.link for each in piece], pa.large_binary())
    captions = pa.array([each.caption for each in piece], pa.large_binary())
    own = without_fillers(own_hashes(pa.array([each.own for each in piece], pa.binary())))
    further = columns_of([each.more for each in piece]) if reader.has_captions else []
    lacks = pc.is_null(own)
    computed = pa.nulls(len(own), pa.int64())
    if reader.has_captions:  # else it would be of a link alone
        computed = pc.if_else(lacks, row_hashes(links, captions), None)
    has_link, has_caption = pc.is_valid(links), pc.is_valid(captions)
    hashes = pc.coalesce(own, pc.if_else(has_link, computed, None))
    told = (captions, *further) if reader.has_captions else ()
    others = others_of(links, told, own, hashes)
    of_caption = pc.if_else(pc.and_not(has_caption, has_link), computed, None)
    if reader.count["compared"] < COMPARED:
        compared, differ = differing(own, links, captions)
        reader.count["compared"] += compared
        reader.count["differ"] += differ
    return [
        pa.array([None if x.link is None else marked(x.link) for x in piece], pa.string()),
        hashes,
        pa.array([marked(x.key) for x in piece], pa.string()),
        of_caption,
        others,
        pa.array([each.part for each in piece], pa.int32()),
    ]


class _Json(NamedTuple):
    """A json as it is written, its fields, and which of them play a role."""

    text: str = ""
    fields: tuple[tuple[str, object], ...] = ()
    shape: Shape = Shape()


_NO_JSON = _Json()


class _Reader:
    """Reads what identifies samples, and counts what people must know of."""

    def __init__(
        self,
        tar: Tar,
        columns: Mapping[str, str],
        link: re.Pattern[bytes] = _LINK,
        *,
        has_captions: bool = True,
    ) -> None:
        self.count: Counter[str] = Counter()
        self.link, self.has_captions = link, has_captions
        self._there: dict[str, None] = {}  # fields of captions, also of those that are null
        self._tar = tar
        self._shapes = Shapes(columns)
        self._columns = self._shapes.columns
        self._second = SecondLinks()
        self._fields: dict[str, None] = {}  # of the jsons, that play no role
        self._by: dict[str, Counter[str]] = {role: Counter() for role in IDENTITY}

    def pieces(self, found: Samples) -> Iterator[list[_Identity]]:
        """The identities of all records in order, so many at once as memory takes."""
        piece: list[_Identity] = []
        size = 0
        for record in range(len(found)):
            each = self._identity(found, record)
            size += len(each.link or b"") + len(each.caption or b"") + len(each.key)
            piece.append(each)
            if len(piece) == _ROWS or size >= _BYTES:
                yield piece
                piece, size = [], 0
        if piece:
            yield piece

    @property
    def is_of_links(self) -> bool:
        """Whether a `.txt` with blanks in it may be a link, as most of the others here are."""
        links, captions = (self._by[role][".txt"] for role in ("url", "text"))
        return self.link is _LINK and self.count["spaced"] > 0 and links > captions

    @property
    def tells_captions(self) -> bool:
        """Whether any sample has a caption, or a field for one."""
        return bool(self._by["text"] or self._there)

    def used(self) -> dict[str, str]:
        """The fields and members that play each role, the most frequent one first."""
        found = {
            role: ", ".join(name for name, _ in names.most_common())
            for role, names in self._by.items()
            if names
        }
        return {"text": ", ".join(self._there), **found} if self._there else found

    def refuse_unknown(self) -> None:
        """Raise InputError for a field that was named and that no json has."""
        for role, name in self._columns.items():
            if self.count["json"] and not self.count["has " + role]:
                raise self._tar.wrong(
                    f"no .json in it has a field {typed(name)}",
                    f"name the field of the {ROLES[role].noun} as the jsons spell it",
                )

    def notices(self) -> Iterator[str]:
        """What was not judged as people may expect, in numbers."""
        name = shown(self._tar.path)
        if not self._tar.is_ended:
            yield f"{name}: has no end blocks; if it was cut off between two members, get it again"
        for what, why in (
            (
                "odd",
                "a link, caption or hash that is no text or whole number, and counts as none",
            ),
            ("second", "a second, different link, which is not looked at"),
        ):
            if n := self.count[what]:
                yield f"{name}: records with {why}: {n}"
        yield from self._second.notices(self._fields)

    def _identity(self, found: Samples, record: int) -> _Identity:
        at = record * 6
        told = _NO_JSON
        if found.places[at]:
            self.count["json"] += 1
            told = self._json(record, self._data(found, record, 0))
        links = self._texts(record, told, told.shape.url)
        captions = self._texts(record, told, told.shape.text)
        of_url = txt = b""
        if found.places[at + 4]:
            of_url = self._data(found, record, 2)
            link = _link_of(of_url)
            links += [(".url", link)] if link else []
        if found.places[at + 2]:
            txt = self._data(found, record, 1)
            is_link = None if links else self.link.fullmatch(txt) or _LINK.fullmatch(txt)
            self.count["spaced"] += not (links or is_link) and bool(_SPACED.fullmatch(txt))
            if is_link:
                links.append((".txt", is_link[1]))
            elif txt and not (captions and "text" in self._columns):
                captions.append((".txt", txt))
                bare = txt.rstrip(b"\r\n")  # an editor ends each file with a line break
                captions += [(".txt", bare)] if bare else []
        if captions and "text" not in self._columns:
            captions += self._texts(record, told, told.shape.further, is_sure=False)
        self.count["second"] += len({link for _, link in links}) > 1
        self._look(told, txt, of_url, links)
        more = dict.fromkeys(text for _, text in captions[1:] if text != captions[0][1])
        return _Identity(
            found.keys[record],
            self._first("url", links),
            self._first("text", captions),
            self._own(told),
            found.parts[record],
            tuple(more),
        )

    def _look(
        self,
        told: _Json,
        txt: bytes,
        of_url: bytes,
        links: list[tuple[str, bytes]],
    ) -> None:
        """Look for links beside the one that the sample is known by."""
        name, own = links[0] if links else ("", b"")
        names: set[str] = set()
        known = "" if name in (".txt", ".url") else own.decode("utf-8", "replace")
        if told.text and json_may_hold_links(told.text, known):
            others = (x for i, x in enumerate(told.fields) if i not in told.shape.url)
            names = names_of_links(others, own.decode("utf-8", "replace"))
        if txt and holds_link(txt, own):
            names.add(".txt")
        if of_url and holds_link(of_url, _link_of(of_url)):
            names.add(".url")
        if is_behind(own):
            names.add(BEHIND_LINK)
        self._second.add(names)

    def _texts(
        self, record: int, told: _Json, places: tuple[int, ...], *, is_sure: bool = True
    ) -> list[tuple[str, bytes]]:
        """The texts of some fields but empty ones; what is none counts as odd, if it `is_sure`."""
        texts = []
        for place in places:
            name, value = told.fields[place]
            if isinstance(value, str):
                if value:
                    texts.append((name, self._text(record, value)))
            elif value is not None and is_sure:
                self.count["odd"] += 1
        return texts

    def _text(self, record: int, value: str) -> bytes:
        try:
            return value.encode()
        except UnicodeEncodeError:
            raise self._wrong(record, "has half a character in a link or caption") from None

    def _first(self, role: str, values: list[tuple[str, bytes]]) -> bytes | None:
        if not values:
            return None
        self._by[role][values[0][0]] += 1
        return values[0][1]

    def _own(self, told: _Json) -> bytes | None:
        """Its own row hash: a whole number, or a text that may be one."""
        for name, value in (told.fields[place] for place in told.shape.row_hash):
            if type(value) is int or isinstance(value, str):
                text = str(value).encode("utf-8", "replace")
                if text.strip().lstrip(b"+-").isdigit():
                    self._by["row_hash"][name] += 1
                    return text
            elif value is not None:
                self.count["odd"] += 1
        return None

    def _json(self, record: int, data: bytes) -> _Json:
        """A json as it is read. NaN, which writers put for none, is none."""
        try:
            text = data.decode(json.detect_encoding(data), "surrogatepass").strip(_JSON_BLANK)
            found, end = _DECODER.raw_decode(text)
        except (ValueError, RecursionError):
            raise self._wrong(record, "is no JSON") from None
        if end < len(text):
            raise self._wrong(record, "is no JSON")
        if not isinstance(found, tuple):
            raise self._wrong(record, "is no object")
        names = tuple(name for name, _ in found)
        return _Json(text, found, self._shapes.get(names) or self._shape(record, names))

    def _shape(self, record: int, names: tuple[str, ...]) -> Shape:
        """The shape of a json that is like none before; what there is of its fields is noted."""
        if len(set(names)) < len(names):
            raise self._wrong(record, "has a field twice")
        shape = self._shapes.made(names)
        self.count.update(f"has {role}" for role in IDENTITY if getattr(shape, role))
        if len(self._fields) < _MOST_FIELDS:
            self._fields.update(dict.fromkeys(shape.unplayed))
        if len(self._there) < _MOST_FIELDS:
            self._there.update(dict.fromkeys(names[place] for place in shape.text))
        return shape

    def _data(self, found: Samples, record: int, which: int) -> bytes:
        at = record * 6 + which * 2
        start, size = found.places[at], found.places[at + 1]
        if size > _LARGEST:
            raise self._tar.wrong(
                f"the .{TOLD_BY[which].decode()} at byte {start} has more than {_LARGEST >> 20} MB",
                "take its sample out of the tar",
            )
        return self._tar.read(start, size)

    def _wrong(self, record: int, what: str) -> InputError:
        return self._tar.wrong(
            f"the .json of sample {record + 1} {what}", "mend it, or take its sample out of the tar"
        )


def _link_of(data: bytes) -> bytes:
    """The link of a `.url`: its text, or what Windows writes into such a file."""
    shortcut = _SHORTCUT.match(data)
    return (shortcut[1] if shortcut else data.removeprefix(b"\xef\xbb\xbf")).strip()


# -- The tar without some of its samples -------------------------------------------------------


def rewrite(path: Path, target: Path, leaving: RowNumbers, index: Path | None = None) -> Rewritten:
    """Write a tar at `target` without the samples of some records; all other bytes stay.

    What leaves is every member of their keys, with the headers that belong to it. `index` is the
    file that `index` made of this tar, by which its headers need not be read again. Raises
    InputError for a tar that `index` refuses, that has no such records, or that was changed
    meanwhile; then nothing is written.
    """
    before = stamp_of(path)
    with open_tar(path) as tar:
        found = None if index is None else _kept_by(index, leaving, tar)
        kept, records = found or _kept_by_headers(tar, leaving)
        with atomic_write(target) as part:
            size, sha256 = copy_pieces(tar, kept, part)
            if stamp_of(path).written != before.written:
                raise replaced(path)
    return Rewritten(records, size, sha256)


_Kept = tuple[Iterator[tuple[int, int]], int]  # the bytes that stay, and how many records they are


def _kept_by(index: Path, leaving: RowNumbers, tar: Tar) -> _Kept | None:
    """What stays by an index; None where a sample that leaves is in pieces or not alone."""
    spans = pq.read_table(index, columns=["start", "stop"])
    gone = spans.filter(pc.invert(_mask(leaving, len(spans), tar.path)))
    if gone["start"].null_count:
        return None
    gone = gone.sort_by("start")
    starts, stops = (gone[name].to_pylist() for name in ("start", "stop"))
    pieces = zip([0, *stops], [*starts, tar.size], strict=True)
    return (piece for piece in pieces if piece[0] < piece[1]), len(spans) - len(gone)


def _kept_by_headers(tar: Tar, leaving: RowNumbers) -> _Kept:
    """What stays by the headers of all members."""
    found = read_samples(tar)
    gone = bytearray(len(found))
    mask = _mask(leaving, len(found), tar.path)
    for record in pc.indices_nonzero(pc.invert(mask)).to_pylist():
        gone[found.first[record]] = True
    return _kept(found, gone, tar.size), sum(not gone[first] for first in found.first)


def _mask(leaving: RowNumbers, records: int, path: Path) -> pa.Array:
    """Which records stay."""
    mask = Removed(leaving, records, path).mask(0, records)
    return pa.repeat(pa.scalar(True), records) if mask is None else mask


def _kept(found: Samples, gone: bytearray, size: int) -> Iterator[tuple[int, int]]:
    """The bytes that stay, in as few pieces as there are; what comes last is the end blocks."""
    start: int | None = 0
    for at, owner in zip(found.starts, found.owners, strict=True):
        leaves = owner >= 0 and gone[found.first[owner]]
        if leaves and start is not None:
            if start < at:
                yield start, at
            start = None
        elif not leaves and start is None:
            start = at
    if start is not None and start < size:
        yield start, size
