"""A zip archive: its members, which of them is read, and its bytes; nothing of it by name on disk.

An archive says twice where its members lie: before each, and in a directory at its end. Whatever
the directory does not name would be passed over unseen, so an archive of which it does not name
all bytes is refused.
"""

from __future__ import annotations

import fnmatch
import re
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from lzma import LZMAError
from typing import BinaryIO

from relaion.errors import ListError
from relaion.paths import shown

_END = b"PK\x05\x06"
_END_SIZE = 22
_END_64 = b"PK\x06\x06"
_LONGEST_NOTE = 1 << 16
_LARGEST_DIRECTORY = 32 << 20  # bytes: some 300,000 members
_BEHIND = 24  # bytes that may follow the data of a member: its digest and its sizes
_ADDED = re.compile(
    r"(?:.*/)?(?:__MACOSX/.*|\._[^/]*|\.DS_Store|Thumbs\.db|desktop\.ini|Icon\r)", re.I | re.S
)
"""What a system adds by itself to whatever is packed on it."""
_OUTSIDE = re.compile(r"(?:.*/)?\.\.(?:/.*)?|/.*|[A-Za-z]:.*", re.S)
_METHODS = {0, 8, 12}  # stored, deflate, bzip2; of others nobody bounds the memory
_AT_ONCE = {12: 4096}  # bytes of bzip2, which are unpacked to as much as they hold
_SHOWN = 24  # characters of a member's name: fewer than a digest has
_TOLD = 5
FAULTS = (
    zipfile.BadZipFile, zlib.error, LZMAError, struct.error, ValueError, EOFError, OverflowError,
    RecursionError, IndexError, LookupError,
)  # fmt: skip
_DAMAGED = "the zip archive is damaged or ends too early; fetch the file again"
_UNPACK = "unpack it, and add what is in it"

# what an office document is by the names of its parts
SHEETS = {"xlsx": "xl/workbook.xml", "ods": "content.xml"}
_OF_ODS = b"application/vnd.oasis.opendocument.spreadsheet"
_OFFICE = (
    ("word/document.xml", "a document of Word"),
    ("ppt/presentation.xml", "slides of PowerPoint"),
    ("xl/workbook.bin", "a binary workbook (.xlsb)"),
    ("Index/Document.iwa", "a document of Pages or Numbers"),
    ("Index.zip", "a document of Pages or Numbers"),
    ("META-INF/MANIFEST.MF", "a Java archive"),
    ("META-INF/container.xml", "a book (EPUB)"),
)


@contextmanager
def archive(raw: BinaryIO) -> Iterator[zipfile.ZipFile]:
    """The archive, of which all bytes are named; raises ListError, without the file's name."""
    with _opened(raw) as zipped:
        yield zipped


def _opened(raw: BinaryIO) -> zipfile.ZipFile:
    try:
        _refuse_unnamed_end(raw)
        return zipfile.ZipFile(raw)
    except NotImplementedError:
        raise ListError(f"is a zip archive of a newer kind than is read; {_UNPACK}") from None
    except FAULTS:
        raise ListError(_DAMAGED) from None


def _refuse_unnamed_end(raw: BinaryIO) -> None:
    """Raise ListError where the directory of an archive is not at its end, or is very large."""
    size = raw.seek(0, 2)
    start = max(0, size - _END_SIZE - _LONGEST_NOTE)
    raw.seek(start)
    tail = raw.read()
    at = tail.rfind(_END)
    if at < 0 or at + _END_SIZE > len(tail):
        raise ListError(_DAMAGED)
    _, disk, first_disk, _, n, length, _, note = struct.unpack("<4s4H2LH", tail[at : at + 22])
    if disk or first_disk:
        raise ListError("is a part of a zip archive; put its parts together, such as with zip -s 0")
    if at + _END_SIZE + note != len(tail):
        raise ListError(f"holds other data behind the end of the zip archive; {_UNPACK}")
    if length == 0xFFFFFFFF or n == 0xFFFF:
        further = tail.rfind(_END_64, 0, at)
        length = struct.unpack("<Q", tail[further + 40 : further + 48])[0] if further >= 0 else 0
    if length > _LARGEST_DIRECTORY:
        raise ListError(f"is a zip archive of very many members; {_UNPACK}")


def office(zipped: zipfile.ZipFile) -> str | None:
    """Which of SHEETS an archive is; None for what is no office document.

    Raises ListError for an office document that holds no sheet.
    """
    held = set(zipped.namelist())
    if SHEETS["xlsx"] in held:
        return "xlsx"
    if {"mimetype", SHEETS["ods"]} <= held:
        told = b"".join(bytes_of(zipped, zipped.getinfo("mimetype"), 4096))
        if told.startswith(_OF_ODS):
            return "ods"
        raise ListError("is an office document and no sheet; copy the list into a txt file")
    if found := next((what for name, what in _OFFICE if name in held), None):
        raise ListError(f"is {found}; export the list as txt or csv")
    return None


def comments(zipped: zipfile.ZipFile, member: zipfile.ZipInfo) -> list[str]:
    """What the archive says of itself and of this member: the lines of its comments."""
    both = b"\n".join((zipped.comment, member.comment)).decode("utf-8", "replace")
    return [line.strip() for line in both.splitlines() if line.strip()]


def named(name: str) -> str:
    """A member's name for an error: escaped, and cut where it is as long as a digest."""
    told = shown(name.replace("\n", "\\n"))
    return f"{told[:_SHOWN]}…" if len(told) > _SHOWN else told


def choose(zipped: zipfile.ZipFile, said: str | None, notices: list[str]) -> zipfile.ZipInfo:
    """The member that is read: the only one, or the one that the curator named.

    Raises ListError, without the file's name.
    """
    whole = [m for m in zipped.infolist() if not _name(m).endswith("/")]
    members = [m for m in whole if not _ADDED.fullmatch(_name(m))]
    _refuse_hostile(zipped, whole)
    if not members:
        raise ListError("is an empty zip archive; check that all of it came")
    found = pick([_name(m) for m in members], said, "member", _UNPACK)
    if len(members) < len(whole):
        n = len(whole) - len(members)
        notices.append(f"members that a system added to the archive, not looked at: {n:,}")
    if said is not None and len(members) > 1:
        notices.append(f"other members of the archive, not looked at: {len(members) - 1:,}")
    member = members[found]
    if member.flag_bits & 0x41 or member.compress_type == 99:
        raise ListError(f"its member is encrypted; {_UNPACK}, with the password")
    if member.compress_type not in _METHODS:
        raise ListError(
            f"its member is packed in a way that is not read (method {member.compress_type}); "
            f"{_UNPACK}"
        )
    return member


def pick(
    names: Sequence[str], said: str | None, what: str, otherwise: str, shown_as: Sequence[str] = ()
) -> int:
    """Which of several is meant, by name, number or pattern; raises ListError where none is.

    `what` they are, and how they are shown where not by their names; `otherwise` is what else can
    be done.
    """
    if said is None and len(names) == 1:
        return 0
    few = enumerate((shown_as or names)[:_TOLD], 1)
    told = ", ".join(f"{i}: {name if shown_as else named(name)}" for i, name in few)
    told += ", …" * (len(names) > _TOLD)
    if said is None:
        raise ListError(
            f"holds {len(names):,} {what}s ({told}), and one is read at a time: choose it with "
            f"--member NAME, or by its number, or {otherwise}"
        )
    if said in names:
        return names.index(said)
    if re.fullmatch(r"[0-9]{1,6}", said) and 0 < int(said) <= len(names):
        return int(said) - 1
    found = [i for i, name in enumerate(names) if fnmatch.fnmatchcase(name, said)]
    if len(found) == 1:
        return found[0]
    how = "more than one" if found else "none"
    raise ListError(
        f"of its {len(names):,} {what}s ({told}) {how} is meant by --member; name one, or give "
        "its number"
    )


def parts_of_name(member: zipfile.ZipInfo) -> list[str]:
    """The folders of a member and its own name."""
    return [part for part in _name(member).split("/") if part]


def _name(member: zipfile.ZipInfo) -> str:
    return member.filename.replace("\\", "/")


def _refuse_hostile(zipped: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo]) -> None:
    if any(_OUTSIDE.fullmatch(_name(m)) or "\0" in m.orig_filename for m in members):
        raise ListError(
            "a member of the zip archive has a name that leads out of the folder where it is "
            "unpacked; ask the giver for the list itself"
        )
    twice = Counter(map(_name, members)).most_common(1)
    if twice and twice[0][1] > 1:
        raise ListError(
            f"two members of the zip archive have one name, of which only one can count; {_UNPACK}"
        )
    _refuse_gaps(zipped)


def _refuse_gaps(zipped: zipfile.ZipFile) -> None:
    """Raise ListError where data lies in an archive that its directory does not name."""
    try:
        _look_for_gaps(zipped)
    except FAULTS:
        raise ListError(_DAMAGED) from None


def _look_for_gaps(zipped: zipfile.ZipFile) -> None:
    raw = zipped.fp
    end = 0
    for m in sorted(zipped.infolist(), key=lambda m: m.header_offset):
        if raw is None or not end <= m.header_offset <= end + (_BEHIND if end else 4):
            raise ListError(
                "holds data that the directory of the zip archive does not name, such as another "
                f"archive; {_UNPACK}"
            )
        raw.seek(m.header_offset + 26)
        of_name, of_more = struct.unpack("<HH", raw.read(4))
        end = m.header_offset + 30 + of_name + of_more + m.compress_size
    if zipped.infolist() and not end <= zipped.start_dir <= end + _BEHIND:
        raise ListError(
            f"holds data that the directory of the zip archive does not name; {_UNPACK}"
        )


def bytes_of(zipped: zipfile.ZipFile, member: zipfile.ZipInfo, block: int) -> Iterator[bytes]:
    """The bytes of a member in blocks; raises ListError, without the file's name."""
    n = 0
    try:
        with zipped.open(member) as source:
            while found := source.read(_AT_ONCE.get(member.compress_type, block)):
                n += len(found)
                yield found
    except (NotImplementedError, RuntimeError):  # RuntimeError: a password is asked for
        raise ListError(f"its member is encrypted or packed in a newer way; {_UNPACK}") from None
    except FAULTS:
        raise ListError(
            "the zip archive is damaged: its member is not what the archive says; fetch it again"
        ) from None
    if n != member.file_size:
        raise ListError(_DAMAGED)
