"""What lies in OUT: how open it is, who wrote each byte, and what names disclose."""

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from relaion.errors import InputError
from relaion.links import key_digest, link_key
from relaion.links.entries import host_patterns, key_prefixes
from relaion.lists.snapshot import Held
from relaion.parquet.footer import CREATED_BY, GROUPS, Footer, read_footer
from relaion.parquet.storage import BLOOM_FILTER, chunk_range, read_page_header
from relaion.parquet.thrift import LIST, STRUCT, Struct, ThriftError, write_struct
from relaion.verifier.manifest import MANIFEST, Statement
from relaion.verifier.matched_entries import StatedLists
from relaion.verifier.rows import open_shard
from relaion.verifier.verdict import Notes

# -- Promise 4: does a name, a digest or a link in OUT say what is listed, or which row left? --

# names that this program gives to row positions; no data set brings them along
POSITIONS = frozenset({"file_row_number", "file_index", "shard_no", "row_number", "rowid"})
_DIGEST = re.compile(r"(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{32}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})"
                     r"(?![0-9A-Fa-f])")  # fmt: skip
_LINK = re.compile(r"[^\s\"'<>]+[./][^\s\"'<>]+")


def check_columns(path: Path, where: str, given: frozenset[str] | None, notes: Notes) -> None:
    """No column may hold row positions, unless the input (`given`) has it too."""
    with open_shard(path) as file:
        names = set(file.schema_arrow.names)
    for name in sorted(names & POSITIONS - (given or frozenset())):
        notes.find("4", where, f"column {name} looks like the position of rows in a shard")


def tokens(texts: Iterable[str]) -> set[str]:
    """Digests under which a store could hold something that these texts say."""
    found: set[str] = set()
    for text in texts:
        found.update(m[0].lower() for m in _DIGEST.finditer(text))
        for word in _LINK.findall(text):
            raw = word.encode("utf-8", "surrogateescape")
            key = link_key(word)
            names = (key, *host_patterns(key), *key_prefixes(key))
            found.update(map(key_digest, names))
            for algorithm in ("md5", "sha1", "sha256"):
                found.add(hashlib.new(algorithm, raw, usedforsecurity=False).hexdigest())
    return found


def texts_of(value: Any) -> Iterator[str]:
    """All text in a JSON-like value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from texts_of(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts_of(item)


def check_tokens(said: dict[str, set[str]], known: StatedLists, notes: Notes) -> None:
    """No digest or link of a list may stand in the manifest or the audit (`said`, by file)."""
    listed = {digest for digests in known.exact.values() for digest in digests}
    for where, found in said.items():
        if found & listed:
            notes.find("4", where, "holds a digest or a link that a list holds")


# -- Does every byte of a shard that clean wrote belong to a page, an index, a filter or the footer?
# A parquet reader goes where the footer sends it, and never sees what lies between. Nor does it
# show fields that it does not know.

# fields that the format knows, by struct; encryption is refused elsewhere
_OF_FILE, _OF_GROUP, _OF_CHUNK = frozenset(range(1, 8)), frozenset(range(1, 8)), {2, 3, 4, 5, 6, 7}
_OF_META, _OF_PAGE = frozenset(range(1, 18)), frozenset(range(1, 9))
_OF_STATISTICS, _OF_SIZES, _OF_PAIR = frozenset(range(1, 9)), frozenset(range(1, 4)), {1, 2}
_KEY_VALUES, _STATISTICS, _SIZES, _BLOOM_LENGTH = 8, 12, 16, 15
_WRITER = re.compile(rb"parquet-cpp-arrow version [0-9]{1,4}(?:\.[0-9]{1,4}){2}[0-9A-Za-z.-]{0,20}")
Span = tuple[int, int]


def check_owned(path: Path, where: str, source: Path | None, notes: Notes) -> None:
    """Find bytes and fields of an output that no reader shows; `source`: its input, if given."""
    try:
        footer = read_footer(path)
        if not all(group.rows for group in footer.groups):
            return  # pages of a row group without rows lie where each writer likes
        allowed = _chunk_pairs(read_footer(source)) if source is not None else None
        for what in _differences(footer, allowed):
            notes.find("4", where, what)
    except (ThriftError, InputError, KeyError, TypeError, IndexError, OSError):
        notes.find("4", where, "its pages and indexes are not where its footer says")


def _differences(footer: Footer, allowed: set[bytes] | None) -> Iterator[str]:
    groups = [footer.group(i) for i in range(len(footer.groups))]
    whole = write_struct({**footer.fields, GROUPS: (LIST, (STRUCT, groups))})
    if whole != footer.data:
        yield "its footer holds bytes that say nothing, or is written otherwise than clean does"
    if not _WRITER.fullmatch(footer.created_by) and CREATED_BY in footer.fields:
        yield "its footer names another program than clean writes with"
    with footer.path.open("rb") as f:
        spans = [(0, 4), (footer.start, footer.size)]
        for group in groups:
            for chunk in group[1][1][1]:
                spans += _spans(f.fileno(), chunk)
        if not all(map(_is_known, groups)) or set(footer.fields) - _OF_FILE:
            yield "its footer has fields that the format does not know"
    if allowed is not None and not _chunk_pairs(footer) <= allowed:
        yield "a column chunk has key-value metadata that the input has not"
    spans = sorted(span for span in spans if span[0] != span[1])
    if any(before[1] != after[0] for before, after in pairwise(spans)):
        yield "holds bytes that belong to no page, no index and no footer, or to two of them"


def _spans(handle: int, chunk: Struct) -> Iterator[Span]:
    """What a column chunk owns: its pages, end to end; its indexes; its filter."""
    meta = chunk[3][1]
    place, size = chunk_range(meta)
    end = place + size
    while place < end:
        header, length = read_page_header(handle, place)
        if set(header) - _OF_PAGE or os.pread(handle, length, place) != write_struct(header):
            raise ThriftError("has a page with more than a page has")
        if header[3][1] < 0:
            raise ThriftError("has a page that is none")
        yield place, place + length + header[3][1]
        place += length + header[3][1]
    if place != end:
        raise ThriftError("has pages that do not fill their chunk")
    for at in (4, 6):
        if at in chunk:
            yield chunk[at][1], chunk[at][1] + chunk[at + 1][1]
    if BLOOM_FILTER in meta:
        yield meta[BLOOM_FILTER][1], meta[BLOOM_FILTER][1] + meta[_BLOOM_LENGTH][1]


def _is_known(group: Struct) -> bool:
    if set(group) - _OF_GROUP:
        return False
    for chunk in group[1][1][1]:
        meta = chunk[3][1]
        if set(chunk) - _OF_CHUNK or set(meta) - _OF_META:
            return False
        if _STATISTICS in meta and set(meta[_STATISTICS][1]) - _OF_STATISTICS:
            return False
        if _SIZES in meta and set(meta[_SIZES][1]) - _OF_SIZES:
            return False
        pairs = meta[_KEY_VALUES][1][1] if _KEY_VALUES in meta else ()
        if any(set(pair) - _OF_PAIR for pair in pairs):
            return False
    return True


def _chunk_pairs(footer: Footer) -> set[bytes]:
    """The key-value pairs of all column chunks, as they are written."""
    return {
        write_struct(pair)
        for i in range(len(footer.groups))
        for chunk in footer.chunks(i)
        if _KEY_VALUES in chunk[3][1]
        for pair in chunk[3][1][_KEY_VALUES][1][1]
    }


# -- What lies in OUT, and how open it is ------------------------------------------------------

AUDIT = "audit.duckdb"
_OTHERS_WRITE = stat.S_IWOTH
_ODD = stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH
_NOT_OWNER = stat.S_IRWXG | stat.S_IRWXO


def check_tree(out: Path, statement: Statement, notes: Notes) -> None:
    """Nothing else than the manifest, the audit and the stated shards may lie in OUT."""
    inputs = {file.sha256 for file in statement.inputs.values()}
    carried = {"/".join(k) for k, f in statement.outputs.items() if f.sha256 in inputs}
    known = {MANIFEST, AUDIT} | {"/".join(key) for key in statement.outputs}
    for path in _files(out, notes):
        name = path.relative_to(out).as_posix()
        if name in known:
            continue
        hidden = any(part.startswith(".") for part in path.relative_to(out).parts)
        left = "a file that a broken run left behind" if hidden else "a file that is not stated"
        notes.find("5", name, left)
        if hidden:
            notes.find("4", name, "work files may hold what no output may show; remove it")
    folders = {parent for key in statement.outputs for parent in Path(*key).parents}
    for folder in _folders(out):
        if folder.relative_to(out) not in folders:
            notes.find("5", folder.relative_to(out).as_posix(), "a folder that is not stated")
    for name in ["", *sorted(known), *sorted(map(str, folders - {Path()}))]:
        _check_entry(out.resolve() / name, name or out.name, notes, is_carried=name in carried)


def _check_entry(path: Path, name: str, notes: Notes, *, is_carried: bool) -> None:
    """A stated file or folder: itself, in this place only, with what belongs to it only.

    `is_carried`: it may be another name of an input, whose owner decides the rest.
    """
    try:
        found = path.lstat()
    except OSError:
        return  # a missing file is found when it is read
    is_folder = stat.S_ISDIR(found.st_mode)
    if not (is_folder or stat.S_ISREG(found.st_mode)):
        notes.find("5", name, "is no plain file or folder, but a link or device")
        return
    if found.st_mode & _OTHERS_WRITE:
        notes.find("4", name, "everybody may write to it; take that right away")
    if is_carried:
        return
    if not is_folder and found.st_nlink > 1:
        notes.find("5", name, "has another name elsewhere, by which it may be changed")
    if not is_folder and found.st_mode & _ODD:
        notes.find("5", name, "has the mode of a program; no output is one")
    if _has_attributes(path):
        notes.find("4", name, "has extended attributes, which may say anything")


def _has_attributes(path: Path) -> bool:
    if not hasattr(os, "listxattr"):
        return False
    try:
        return any(name.startswith("user.") for name in os.listxattr(path))
    except OSError:  # a file system without any
        return False


def check_private(store: Held | None, notes: Notes) -> None:
    """The list store is for its owner only (the curator key is refused where it is not)."""
    if store is not None and store.mode & _NOT_OWNER:
        notes.find("4", store.named.name, "others than its owner may open it; set its mode to 0600")


def check_stated(statement: Statement, notes: Notes) -> None:
    """Does the manifest agree with itself? Every edition has every shard, and not more rows."""
    for edition in statement.editions:
        for (subset, shard), source in statement.inputs.items():
            where = f"{edition.name}/{subset}/{shard}"
            output = statement.outputs.get((edition.name, subset, shard))
            if output is None:
                notes.find("1b", where, "the manifest states no such output; its rows are lost")
            elif output.rows > source.rows:
                notes.find("1b", where, "the manifest states more rows than the input has")
    names = {e.name for e in statement.editions}
    for key in statement.outputs:
        if key[0] not in names or key[1:] not in statement.inputs:
            notes.find("5", "/".join(key), "the manifest states no input or edition for it")


def _files(out: Path, notes: Notes) -> Iterable[Path]:
    def closed(error: OSError) -> None:
        where = Path(error.filename).relative_to(out).as_posix()
        notes.find("5", where, "a folder that cannot be looked into")

    for folder, _, files in os.walk(out, onerror=closed):
        yield from (Path(folder, name) for name in sorted(files))


def _folders(out: Path) -> Iterable[Path]:
    for folder, folders, _ in os.walk(out):
        yield from (Path(folder, name) for name in sorted(folders))
