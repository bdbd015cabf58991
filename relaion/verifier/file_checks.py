"""What lies in OUT: how open it is, and what names disclose."""

import hashlib
import os
import re
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from relaion.links import key_digest, link_key
from relaion.links.entries import host_patterns, key_prefixes
from relaion.lists.snapshot import Held
from relaion.verifier.digests import common, prefix_of
from relaion.verifier.manifest import MANIFEST, VERIFIED, Statement
from relaion.verifier.model import StatedLists
from relaion.verifier.rows import schema_of
from relaion.verifier.verdict import Notes, count

# -- Promise 4: does a name, a digest or a link in OUT say what is listed, or which row left? --

# names that this program gives to row positions; no data set brings them along
POSITIONS = frozenset({"file_row_number", "file_index", "shard_no", "row_number", "rowid"})
_DIGEST = re.compile(r"(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{32}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})"
                     r"(?![0-9A-Fa-f])")  # fmt: skip
_LINK = re.compile(r"[^\s\"'<>]+[./][^\s\"'<>]+")
_AT_ONCE = 100_000


def check_columns(path: Path, where: str, given: frozenset[str] | None, notes: Notes) -> None:
    """No column may hold row positions, unless the input (`given`, None for none) has it too."""
    for name in sorted({*schema_of(path).names} & POSITIONS - (given or frozenset())):
        if given is None:
            notes.limit("4", f"whether column {name} is the input's: not compared with an input")
            continue
        notes.find("4", where, f"column {name} looks like the position of rows in a shard")


class SaidDigests:
    """Digests under which a store could hold something that a file says, in 64 bits each.

    In full they are made anew where one of these is listed: those of very many shards take room.
    """

    def __init__(self, what: Callable[[], Any]) -> None:
        """`what` gives JSON-like values, whenever it is asked."""
        self._what = what
        found, shorts = _tokens(texts_of(what())), [pa.array([], pa.int64())]
        while some := [*islice(found, _AT_ONCE)]:
            shorts.append(prefix_of(some))
        self.shorts = pa.concat_arrays(shorts)

    def holds(self, listed: set[str]) -> bool:
        """Whether one of these digests is among its own."""
        is_near = len(common(prefix_of(listed), self.shorts)) > 0
        return is_near and not listed.isdisjoint(_tokens(texts_of(self._what())))


def _tokens(texts: Iterable[str]) -> Iterator[str]:
    for text in {*texts}:  # the same names stand in each line
        yield from (m[0].lower() for m in _DIGEST.finditer(text))
        for word in _LINK.findall(text):
            raw = word.encode("utf-8", "surrogateescape")
            key = link_key(word)
            names = (key, *host_patterns(key), *key_prefixes(key))
            yield from map(key_digest, names)
            for algorithm in ("md5", "sha1", "sha256"):
                yield hashlib.new(algorithm, raw, usedforsecurity=False).hexdigest()


def texts_of(value: Any) -> Iterator[str]:
    """All text in a JSON-like value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from texts_of(item)
    elif isinstance(value, Collection | Iterator):
        for item in value:
            yield from texts_of(item)


def check_tokens(said: Mapping[str, SaidDigests], known: StatedLists, notes: Notes) -> None:
    """No digest or link of a list may stand in the manifest or the audit (`said`, by file)."""
    listed = {digest for digests in known.exact.values() for digest in digests}
    for where, found in said.items():
        if found.holds(listed):
            notes.find("4", where, "holds a digest or a link that a list holds")


# -- What lies in OUT, and how open it is ------------------------------------------------------

AUDIT = "audit.duckdb"
_OTHERS_WRITE = stat.S_IWOTH
_ODD = stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH
_NOT_OWNER = stat.S_IRWXG | stat.S_IRWXO


def check_tree(out: Path, statement: Statement, notes: Notes) -> None:
    """Nothing else than the manifest, the audit and the stated shards may lie in OUT."""
    inputs = {file.sha256 for file in statement.inputs.values()}
    carried = {"/".join(k) for k, f in statement.outputs.items() if f.sha256 in inputs}
    shards = {"/".join(key) for key in statement.outputs}
    known = {MANIFEST, AUDIT, VERIFIED} | shards
    check_names((path.relative_to(out).as_posix() for path in files_in(out, notes)), known, notes)
    folders = {parent for key in statement.outputs for parent in Path(*key).parents}
    for folder in folders_in(out):
        if folder.relative_to(out) not in folders:
            notes.find("5", folder.relative_to(out).as_posix(), "a folder that is not stated")
    linked, top = 0, out.resolve()
    for name in ["", *sorted(known), *sorted(map(str, folders - {Path()}))]:
        linked += check_entry(
            top / name, name or out.name, notes,
            is_carried=name in carried, may_be_linked=name in shards,
        )  # fmt: skip
    if linked:
        notes.notice(
            f"{count(linked, 'shard', 'has')} another name elsewhere (a hard link), as an "
            "update makes of what it leaves as it was: never edit such a file in place"
        )


def check_objects(there: Iterable[str], statement: Statement, notes: Notes) -> None:
    """The same of an OUT in a store: what it holds is all that can be asked there."""
    shards = {"/".join(part for part in key if part) for key in statement.outputs}
    check_names(there, {MANIFEST, AUDIT, VERIFIED} | shards, notes)
    notes.notice(
        "who may read or write there, and what the store notes of its objects, was not looked at"
    )


def check_names(names: Iterable[str], known: Collection[str], notes: Notes) -> None:
    """Nothing may lie in OUT but what is known."""
    for name in names:
        if name in known:
            continue
        hidden = any(part.startswith(".") for part in name.split("/"))
        left = "a file that a broken run left behind" if hidden else "a file that is not stated"
        notes.find("5", name, left)
        if hidden:
            notes.find("4", name, "work files may hold what no output may show; remove it")


def check_entry(
    path: Path, name: str, notes: Notes, *, is_carried: bool, may_be_linked: bool = False
) -> bool:
    """A stated file or folder: itself, in this place only, with what belongs to it only.

    `is_carried`: it may be another name of an input, whose owner decides the rest. Returns whether
    it has another name where it `may_be_linked`: of another OUT, which is not to be told apart.
    """
    try:
        found = path.lstat()
    except OSError:
        return False  # a missing file is found when it is read
    is_folder = stat.S_ISDIR(found.st_mode)
    if not (is_folder or stat.S_ISREG(found.st_mode)):
        notes.find("5", name, "is no plain file or folder, but a link or device")
        return False
    if found.st_mode & _OTHERS_WRITE:
        notes.find("4", name, "everybody may write to it; take that right away")
    if is_carried:
        return False
    is_linked = not is_folder and found.st_nlink > 1
    if is_linked and not may_be_linked:
        notes.find("5", name, "has another name elsewhere, by which it may be changed")
    if not is_folder and found.st_mode & _ODD:
        notes.find("5", name, "has the mode of a program; no output is one")
    if _has_attributes(path):
        notes.find("4", name, "has extended attributes, which may say anything")
    return is_linked and may_be_linked


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


def files_in(out: Path, notes: Notes) -> Iterable[Path]:
    """All files in OUT; a folder that cannot be looked into is a finding."""

    def closed(error: OSError) -> None:
        where = Path(error.filename).relative_to(out).as_posix()
        notes.find("5", where, "a folder that cannot be looked into")

    for folder, _, files in os.walk(out, onerror=closed):
        yield from (Path(folder, name) for name in sorted(files))


def folders_in(out: Path) -> Iterable[Path]:
    """All folders in OUT."""
    for folder, folders, _ in os.walk(out):
        yield from (Path(folder, name) for name in sorted(folders))
