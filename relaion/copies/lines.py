"""Records of a text file: cut at line ends in one place, told in an index, left out of a file.

A line ends with LF, and a CR before that is part of its end; a CR elsewhere is text. A line of
nothing but blanks is no record: it has no number and always stays, and so does a byte order mark.
"""

import io
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from relaion.copies.compressed import blocks, packed
from relaion.copies.form import INDEX, Rewritten, others_of
from relaion.copies.indexed import Indexed
from relaion.errors import InputError
from relaion.parquet.mended import PrivateFile, as_text, marked
from relaion.parquet.own_hashes import own_hashes
from relaion.parquet.row_groups import Removed, RowNumbers
from relaion.paths import atomic_write, private_umask, shown, typed
from relaion.sidecars.row_hash import row_hashes, without_fillers

ROLES_READ = ("url", "text", "row_hash")

BOM = b"\xef\xbb\xbf"
BLANK = b" \t\r\n\x0b\x0c" + BOM
"""Bytes of which a line is made that is no record."""

LONGEST = 64 << 20  # bytes of a record, so that a file without line ends is not read into memory
_SCHEME = r"^\s*[A-Za-z][A-Za-z0-9+.\-]*://\S"
_LINK = r"^\s*[A-Za-z][A-Za-z0-9+.\-]*://\S+\s*$"
_MANY_NAMES = 20


def lines_of(path: Path) -> Iterator[list[bytes]]:
    """The lines of a file with their ends, many at a time; a byte order mark stands alone.

    Raises InputError as `blocks`, and for a line that is too long to be one.
    """
    held: list[bytes] = []  # an unfinished line, in the blocks it came in
    size = 0
    source = blocks(path)
    first = next(source)
    if first.startswith(BOM):
        yield [BOM]
    for block in chain([first.removeprefix(BOM)], source):
        end = block.rfind(b"\n") + 1
        if end:
            yield io.BytesIO(b"".join((*held, block[:end]))).readlines()
            held, size = [], 0
        if end < len(block):
            held.append(block[end:])
            size += len(block) - end
        if size > LONGEST:
            raise too_long(path, LONGEST)
    if held:
        yield [b"".join(held)]


def too_long(path: Path, limit: int) -> InputError:
    """The error for a record that never seems to end."""
    return InputError(
        f"{shown(path)}: a record is longer than {limit >> 20} MB; its lines must end with LF, "
        "and every quote in a CSV file must be closed"
    )


def write_without(
    path: Path, target: Path, pieces: Iterable[list[bytes]], blank: bytes, *, headed: bool,
    leaving: RowNumbers,
) -> Rewritten:  # fmt: skip
    """Write a file without some records; `pieces` is all of it, cut where records end.

    Raises InputError for numbers that the file has no record of.
    """
    gone = Removed(leaving, sys.maxsize, path)
    at = -1 if headed else 0  # a header has the number before the first
    with atomic_write(target) as part, packed(path, part) as (file, write):
        for raws in pieces:
            is_record = [bool(raw.strip(blank)) for raw in raws]
            many = sum(is_record)
            mask = gone.mask(at, many)
            at += many
            if mask is None:
                write(b"".join(raws))
                continue
            stays = iter(mask.to_pylist())
            both = zip(raws, is_record, strict=True)
            write(b"".join([raw for raw, counts in both if not counts or next(stays)]))
        records = max(at, 0)
        gone = Removed(leaving, records, path)
    return Rewritten(records - len(gone), file.bytes, file.sha256)


# -- The index of a file ------------------------------------------------------------------------


@dataclass
class Seen:
    """What was seen in the records of a file: how many have what."""

    records: int = 0
    links: int = 0
    schemes: int = 0  # links that begin with a scheme
    own: int = 0  # row hashes of their own
    no_whole: int = 0  # values in their place that are none
    fillers: int = 0  # whole numbers that stand for none
    unread: int = 0  # links that are no text
    unread_captions: int = 0
    compared: int = 0  # row hashes of their own, held against those of link and caption
    differ: int = 0


@dataclass
class IndexBatch:
    """Some records: bytes of what they have, NULL where there is nothing (large_binary).

    `unsure` are places of records whose link or caption cannot be read, so no hash is computed.
    Nor is one where `has_captions` is off: the file has none, so a hash would be of a link alone.
    `more` are further captions, by any of which a record may be known.
    """

    links: pa.Array
    captions: pa.Array
    own: pa.Array | None = None
    unsure: list[int] | None = None
    has_captions: bool = True
    more: Sequence[pa.Array] = ()


def values(of: Iterable[bytes | None]) -> pa.Array:
    """Bytes as an array, where empty ones are nothing."""
    return pa.array([value or None for value in of], pa.large_binary())


def like_links(cells: pa.Array) -> int:
    """How many bytes look like a link and nothing else."""
    return pc.sum(pc.match_substring_regex(cells, _LINK)).as_py() or 0


def write_index(
    into: Path,
    read: Callable[[Seen], Iterator[IndexBatch] | None],
    tell: Callable[[Seen], Indexed],
) -> Indexed:
    """Write the index that `read` gives the records of, again as long as it wants another one.

    `read` is called with what was seen so far (nothing, the first time) until it returns None;
    then `tell` says what was made of it, or that it is refused.
    """
    seen = Seen()
    with private_umask(), atomic_write(into, 0o600) as part:
        while (batches := read(seen)) is not None:
            seen = Seen()
            with PrivateFile(part, INDEX) as out:
                for batch in batches:
                    _add(out, batch, seen)
        return tell(seen)


def _add(out: PrivateFile, batch: IndexBatch, seen: Seen) -> None:
    links, captions = batch.links, batch.captions
    seen.records += len(links)
    seen.links += len(links) - links.null_count
    seen.schemes += pc.sum(pc.match_substring_regex(links, _SCHEME)).as_py() or 0
    own = None
    if batch.own is not None:
        own = _own(batch.own)
        seen.no_whole += own.null_count - batch.own.null_count
        whole = len(own) - own.null_count
        own = without_fillers(own)
        seen.own += len(own) - own.null_count
        seen.fillers += whole - (len(own) - own.null_count)
        if seen.compared < COMPARED and batch.captions.null_count < len(links):
            compared, differ = differing(own, links, captions)
            seen.compared += compared
            seen.differ += differ
    told, of_caption = own, pa.nulls(len(links), pa.int64())
    if not batch.has_captions:
        own = pa.nulls(len(links), pa.int64()) if own is None else own
    elif own is None or own.null_count:
        is_any = pc.or_(pc.is_valid(links), pc.is_valid(captions))
        if batch.unsure:
            doubted = set(batch.unsure)
            is_any = pc.and_(is_any, pa.array([i not in doubted for i in range(len(links))]))
        computed = pc.if_else(is_any, row_hashes(links, captions), None)
        if own is not None:
            computed = pc.if_else(pc.is_valid(own), None, computed)
        of_link = pc.if_else(pc.is_valid(links), computed, None)
        of_caption = pc.if_else(pc.is_valid(links), None, computed)
        own = of_link if own is None else pc.coalesce(own, of_link)
    texts = pc.cast(as_text(links, marked), pa.string())
    n = len(links)
    others = others_of(links, (captions, *batch.more) if batch.has_captions else (), told, own)
    key, part, place = pa.nulls(n, pa.string()), pa.nulls(n, pa.int32()), pa.nulls(n, pa.int64())
    out.add([texts, own, key, of_caption, others, part, place, place])


COMPARED = 10_000  # row hashes of a file, and no more, for it takes its time


def differing(own: pa.Array, links: pa.Array, captions: pa.Array) -> tuple[int, int]:
    """How many records have a row hash of their own, link and caption; and of how many it differs.

    Of the first `COMPARED` that have all.
    """
    whole = pc.and_(pc.is_valid(own), pc.and_(pc.is_valid(links), pc.is_valid(captions)))
    own, links, captions = (each.filter(whole)[:COMPARED] for each in (own, links, captions))
    same = pc.equal(own, row_hashes(links, captions))
    return len(own), len(own) - same.true_count


def _own(cells: pa.Array) -> pa.Array:
    if pc.any(pc.match_substring_regex(cells, "[^0-9-]")).as_py():  # pyarrow reads 0x10, too
        return own_hashes(cells)
    try:
        return pc.cast(pc.cast(cells, pa.large_string()), pa.int64())
    except pa.ArrowInvalid:  # one has 64 bits without a sign, or more
        return own_hashes(cells)


def indexed(
    path: Path,
    seen: Seen,
    columns: Mapping[str, str],
    notices: list[str],
    names: Iterable[str],
) -> Indexed:
    """Tell what an index was made of; raises InputError where there is nothing to look for.

    `names` are those of all its columns.
    """
    if seen.records and not seen.links and not seen.own:
        has = ", ".join(map(typed, list(names)[:_MANY_NAMES]))
        raise InputError(
            f"{shown(path)}: no link and no row hash in it"
            + (f"; it has the columns {has}" if has else "")
            + "; say which column is one with --column url=NAME or --column row_hash=NAME"
        )
    if seen.schemes < seen.links:
        n = seen.links - seen.schemes
        says = "does not look like one: it has" if n == 1 else "do not look like one: they have"
        notices.append(f"{n:,} of {seen.links:,} links {says} no scheme such as https://")
    if seen.no_whole and "row_hash" in columns:
        notices.append(
            f"{seen.no_whole:,} row hashes are no whole 64-bit number: computed of link and caption"
        )
    if seen.fillers and "row_hash" in columns:
        notices.append(
            f"{seen.fillers:,} row hashes are 0 or another number that stands for none: not used"
        )
    if seen.unread:
        have = "record has" if seen.unread == 1 else "records have"
        notices.append(f"{seen.unread:,} {have} a link that is no text: it is not looked at")
    if seen.unread_captions:
        n = seen.unread_captions
        what = "record has" if n == 1 else "records have"
        told_of = "it" if n == 1 else "them"
        notices.append(f"{n:,} {what} a caption that is no text: no row hash of {told_of}")
    told = tuple(notices)
    return Indexed(seen.records, dict(columns), told, seen.compared, seen.differ)


def is_no_row_hash(seen: Seen) -> bool:
    """Whether a column called `hash` holds something else, such as digests of images."""
    return seen.no_whole > seen.own + seen.fillers


NO_ROW_HASH = "the column of row hashes holds no whole 64-bit numbers: they are computed instead"


def no_row_hashes(path: Path) -> InputError:
    """The error for a column that a user named as row hash, and that is none."""
    return InputError(
        f"{shown(path)}: the column named as row hash holds no whole 64-bit numbers; name another, "
        "or none"
    )


def no_column(path: Path, wanted: str, names: Iterable[str]) -> InputError:
    """The error for a column that a user named and that is not there."""
    has = ", ".join(map(typed, list(names)[:_MANY_NAMES]))
    return InputError(f"{shown(path)}: no column {typed(wanted)!r}; it has: {has}")
