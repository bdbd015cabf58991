"""A file of a delivery as the bytes of the list in it, whatever it is packed in, and its name.

A list may lie in a stream that is packed, in a zip archive, and packed in one. What lies deeper is
refused by its name. Nothing is written but by `seekable`: tables need all of their bytes at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO
from zipfile import ZipFile, ZipInfo

from relaion.errors import ListError
from relaion.lists.readers.containers import zipped as zips
from relaion.lists.readers.containers.magic import is_table, is_zip, refuse_foreign_bytes
from relaion.lists.readers.containers.packed import bounded, is_packed, name_in_gzip, unpacked
from relaion.lists.readers.containers.zipped import FAULTS
from relaion.lists.readers.format import OF_FILE, OF_FOLDERS, Options
from relaion.lists.readers.lines import titles
from relaion.lists.readers.lines.known_good import word_of_bad
from relaion.lists.readers.lines.of_digests import of_digests
from relaion.lists.readers.lines.prose import ASKED, read_prose
from relaion.lists.readers.vocabulary.patterns import pattern
from relaion.lists.readers.vocabulary.trials import trial_in
from relaion.paths import owned_folder, shown

_LETTER = pattern("columns.of_letters")
_LARGEST = 64 << 10  # bytes
_MOST = 20  # texts
_PACKED = (0, 8)  # methods


def letters_among(members: Sequence[ZipInfo], read: ZipInfo) -> list[ZipInfo]:
    """The members beside the one that is `read` that are short texts about it, by their names."""
    found = [m for m in members if m is not read and _LETTER.fullmatch(m.filename)]
    return [
        m for m in found
        if m.file_size <= _LARGEST and m.compress_type in _PACKED and not m.flag_bits & 0x41
    ][:_MOST]  # fmt: skip


def refuse_letters(zipped: ZipFile, letters: Sequence[ZipInfo], options: Options) -> None:
    """Raise ListError where such a text says that what is listed is of a trial, or takes back."""
    for member in letters if OF_FILE not in options.ignore else ():
        try:
            with zipped.open(member) as source:
                text = source.read(_LARGEST).decode("utf-8-sig", "replace")
        except (*FAULTS, NotImplementedError, RuntimeError):
            continue  # what is damaged is told of where the list itself is read
        if any(map(_speaks, filter(None, map(str.strip, text.splitlines())))):
            raise ListError(
                "a text beside the list in the archive says that what is in the list may not be "
                "listed, or not all of it; read it, and if all is listed, say --ignore title"
            )


def _speaks(line: str) -> bool:
    is_trial = bool(trial_in("description", line[: titles.LONGEST_TITLE]))
    return is_trial or read_prose(line) == ASKED


BLOCK = 4 << 20
_PACKED_NAME = re.compile(r"\.(?:gz|gzip|bz2|xz|zst|zstd|zip)\Z", re.I)
_TAR_NAME = re.compile(r"\.(?:tgz|tbz2?|txz|tzst)\Z", re.I)


@dataclass
class DeliveredFile:
    """One file. `name` is what speaks of its list: its own name, or of a member or its folder.

    `office` is the kind of office document that it is, else None; `parts` are the names of its
    parts. `is_packed`: its bytes are not those on the disk.
    """

    path: Path
    raw: BufferedReader
    stack: ExitStack
    name: str
    archive: ZipFile | None = None
    member: ZipInfo | None = None
    office: str | None = None
    parts: tuple[str, ...] = ()
    is_packed: bool = False
    _spooled: Path | None = field(default=None, init=False)

    def blocks(self, block: int = BLOCK) -> Iterator[bytes]:
        """The bytes of the list from their start; raises ListError where they are damaged."""
        size = self.path.stat().st_size
        if self.archive is not None and self.member is not None:
            yield from unpacked(
                bounded(zips.bytes_of(self.archive, self.member, block), size), size, block
            )
            return
        self.raw.seek(0)
        yield from unpacked(iter(lambda: self.raw.read(block), b""), size, block)

    def first(self) -> bytes:
        """The first bytes of the list, a few hundred where it has so many."""
        held = b""
        for block in self.blocks(1 << 16):
            held += block
            if len(held) >= 1 << 16:
                break
        return held

    def seekable(self) -> BinaryIO:
        """All of the list as a file in which one can seek; unpacked into a private folder."""
        if not self.is_packed:
            self.raw.seek(0)
            return self.raw
        if self._spooled is None:
            folder = self.stack.enter_context(owned_folder("lists")).path
            self._spooled = folder / "list"
            try:
                with self._spooled.open("xb") as f:
                    self._spooled.chmod(0o600)
                    for block in self.blocks():
                        f.write(block)
            except OSError as e:
                raise ListError(
                    f"cannot be unpacked ({e.strerror}); unpack it, and add what is in it"
                ) from None
        return self.stack.enter_context(self._spooled.open("rb"))


@contextmanager
def delivered(
    path: Path, raw: BufferedReader, options: Options, notices: list[str]
) -> Iterator[DeliveredFile]:
    """The list in a file that is open as `raw`; raises ListError, without the file's name."""
    with ExitStack() as stack:
        file = DeliveredFile(path, raw, stack, path.name)
        start = raw.read(64)
        spoken = [path.name]
        if is_zip(start):
            file.archive = stack.enter_context(zips.archive(raw))
            file.office = zips.office(file.archive)
            if file.office:
                file.parts = tuple(file.archive.namelist())
                file.archive = None
            else:
                file.member = zips.choose(file.archive, options.member, notices)
                refuse_letters(
                    file.archive, letters_among(file.archive.infolist(), file.member), options
                )
                *folders, own = zips.parts_of_name(file.member)
                spoken = [own, *([] if OF_FOLDERS in options.ignore else folders), path.name]
                spoken += zips.comments(file.archive, file.member)
        elif packed_as := name_in_gzip(raw):
            spoken.append(packed_as)
        _look_inside(file, start)
        has_members = file.member is not None or file.office is not None
        if options.member is not None and not has_members:
            notices.append("--member chose nothing: the file holds no members")
        file.name = _speaking(spoken) if file.is_packed else path.name
        yield file


def _look_inside(file: DeliveredFile, start: bytes) -> None:
    """See that what is packed in a file is a list, or a table that can be unpacked."""
    file.is_packed = file.member is not None or is_packed(start)
    if not file.is_packed:
        return
    within = " within a zip archive" if file.member is not None else " within a packed file"
    first = file.first()
    if not is_table(first):
        if is_zip(first):
            _look_for_sheet(file, within)
        else:
            refuse_foreign_bytes(first, within)


def _look_for_sheet(file: DeliveredFile, within: str) -> None:
    with zips.archive(file.seekable()) as inner:
        file.office = zips.office(inner)
        file.parts = tuple(inner.namelist())
    if file.office is None:
        raise ListError(f"is a zip archive{within}; unpack it once by hand, and add what is in it")


def _speaking(names: list[str]) -> str:
    """Of the names around a list the one that says something of it; its own where none does.

    The first is its own name, whose ending is kept, without those of what it is packed in.
    """
    bare = [_bare(name) for name in names]
    found = next((name for name in reversed(bare) if says_something(name)), bare[0])
    end = Path(bare[0]).suffix
    return found if found == bare[0] or found.endswith(end) else found + end


def _bare(name: str) -> str:
    found = _PACKED_NAME.sub("", name)
    return _TAR_NAME.sub(".tar", found) or name


def says_something(name: str) -> bool:
    """Whether a name says of a whole list that it is taken back, good or bad, or of what it is."""
    text = re.sub(r"[\W_]+", " ", name)
    if of_digests(name) is not None:
        return True
    return (
        titles.of_name(name) is not None or titles.says_good(text) or word_of_bad(text) is not None
    )


def told_of(path: Path, said: str) -> str:
    """An error with the file's name before it, once."""
    return said if said.startswith(shown(path)) else f"{shown(path)}: {said}"
