"""What lies in OUT, and how open it is."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from relaion.lists.snapshot import Held
from relaion.verifier.statement import MANIFEST, Statement
from relaion.verifier.verdict import Notes

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
