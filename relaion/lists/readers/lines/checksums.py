"""Digests of files as `md5sum` and its kind print them, a file a line each.

`md5sum` and `sha*sum` (`digest  name`, `digest *name`, a backslash before names that were
escaped), BSD's `MD5 (name) = digest`. By the names of the files, digests of videos are no entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from relaion.errors import ListError
from relaion.lists.readers import why
from relaion.lists.readers.beside.cell import of_line
from relaion.lists.readers.format import (
    OF_LINE,
    SAMPLE,
    Batch,
    Columns,
    Maybe,
    Options,
    Stream,
    Sure,
    Values,
)
from relaion.lists.readers.lines.content import content, first_lines
from relaion.lists.readers.lines.line import LinkBeside
from relaion.lists.readers.tables.folders import FoldersOfFiles
from relaion.lists.readers.tables.of_links import digest_of_link
from relaion.lists.readers.vocabulary import media
from relaion.lists.values import told
from relaion.roles import HASHED_LINK_KINDS, IMAGE_KINDS

NO_LINE = "no line of such a file"
HEX = "[0-9A-Fa-f]{32}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}"
SUM = re.compile(rf"\\?({HEX})(?: [ *]|\t(?!\w+://)(?=[^\t]*[./\\][^\t]*$))(\S.*)")
_LONG_SUM = re.compile(r"\\?[0-9A-Fa-f]{56,128} [ *]\S.*")
_TAG = re.compile(
    r"(?:MD5\s?\((?P<md5>.+)\)\s?=\s*(?P<md5_hex>[0-9A-Fa-f]{32})"
    r"|SHA1\s?\((?P<sha1>.+)\)\s?=\s*(?P<sha1_hex>[0-9A-Fa-f]{40})"
    r"|SHA2?-?256\s?\((?P<sha256>.+)\)\s?=\s*(?P<sha256_hex>[0-9A-Fa-f]{64}))\s*",
    re.I,
)
_TAGS = ("MD5", "SHA1", "SHA256", "SHA2-256", "SHA-256")
# `a.jpg: digest`, `a.jpg=digest`, `digest: a.jpg`; other names may be those of users
_LABELLED = re.compile(
    rf"(?P<name>[^:=\s][^:=]*+)[:=]\s*+(?P<digest>{HEX})\s*"
    rf"|(?P<before>{HEX})\s*:\s+(?P<behind>[^:=\s][^:=]*+)"
)
_OTHER_TAG = re.compile(r"([A-Za-z][A-Za-z0-9/-]{2,12})\s?\((.+)\)\s?=\s*(\S+)\s*")
_SEVERAL = re.compile(rf"(?:{HEX})\s+\S")
_GIT = re.compile(r"refs/\S+|HEAD|\S+\^\{\}")
_IMAGE = r"(?i)\.(?:jpe?g|jpe|jfif|a?png|gif|webp|bmp|tiff?|heic|heif|avif|jxl|svg|ico)"
_HAS_IMAGE = re.compile(_IMAGE + r"\)?\s*(?:=.*)?$", re.M)


@dataclass(frozen=True)
class Checksums:
    """A digest and the name of its file, a line each."""

    name: str = "checksums"

    def sniff(self, head: str, file_name: str) -> Sure | Maybe | None:
        """Sure where nearly all lines are such."""
        lines = first_lines(head, 200)
        n = sum(
            1 for line in lines
            if SUM.fullmatch(line) or _OTHER_TAG.fullmatch(line) or _labelled(line)
        )  # fmt: skip
        n += sum(1 for line in lines if _LONG_SUM.fullmatch(line) and not SUM.fullmatch(line))
        named = [found for line in lines if (found := SUM.fullmatch(line))]
        # of git, or by several algorithms, as rhash prints them
        if sum(1 for f in named if _GIT.fullmatch(f[2]) or _SEVERAL.match(f[2])) * 2 > len(named):
            return None
        has_names = bool(lines) and "\t" in lines[0] and not SUM.fullmatch(lines[0])
        return Sure() if lines and n * 10 >= len(lines) * 9 and not has_names else None

    def read(self, stream: Stream, options: Options) -> Iterator[Batch]:
        """Digests with the kind of their length; those of videos by the names of their files."""
        kinds = _kinds(options)
        videos = images = total = linked = 0
        folders = FoldersOfFiles(options)
        notes = LinkBeside(heeds_unsure=OF_LINE not in options.ignore, is_good=options.is_good)
        for block in stream.blocks:
            batch, told = _batch(block, kinds)
            folders.meet(told)
            linked += sum("://" in name for name in told)
            if options.is_good or options.ignore & _OF_NAMES:  # known good may be any file
                batch.fates.clear()
            _heed_notes(batch, told, notes)
            notes.refuse_unsure()
            videos += sum(fate == why.VIDEO for fate in batch.fates.values())
            images += _HAS_IMAGE.search(block) is not None
            total += batch.n
            if total >= SAMPLE:
                _refuse_videos(videos, total)
            yield batch
        _refuse_videos(videos, total)
        if linked:
            stream.notices.append(_LINKED.format(linked))
        stream.notices += folders.notices()
        if total and not images and not videos:
            stream.notices.append(
                "the names of the files are not those of pictures; check what the digests are of"
            )


_LINKED = (
    "files that are named by links: {:,}; their digests were read, and the links were not: if they "
    "are listed, too, add them as a list of links"
)
_OF_NAMES = frozenset(("filename", "file-name", "path", "name"))


def _refuse_videos(videos: int, total: int) -> None:
    if total and videos * 10 >= total * 9:
        raise ListError(
            "looks like digests of videos, by the names of their files; no image has them, so "
            "there is nothing to add"
        )


def _kinds(options: Options) -> tuple[str, ...]:
    return (options.kind,) if options.kind else (*IMAGE_KINDS, *HASHED_LINK_KINDS)


def _batch(block: str, kinds: tuple[str, ...]) -> tuple[Batch, Sequence[str]]:
    """The digests of a block, and the names of their files."""
    lines = content(block.split("\n"))
    batch = Batch(0)
    columns = _columns(lines)
    if columns is not None:
        digests, names_found = columns
        told = names_found.to_pylist()
        batch.n = len(digests)
        other = pc.invert(pc.match_substring_regex(names_found, _IMAGE + r"\s*$"))
        places = pc.indices_nonzero(other).to_pylist()
        batch.fates = {
            i: fate for i in places if "." in told[i] and (fate := media.media_of_file(told[i]))
        }
        batch.values = (Values(kinds, digests),)
        batch.last_name = told[-1]
        return batch, told
    found_lines: list[tuple[str, str]] = []
    for line in lines:
        if found_sum := SUM.fullmatch(line):
            digest, name = found_sum[1], found_sum[2]
        elif found_tag := _TAG.fullmatch(line):
            name, digest = (part for part in found_tag.groups() if part is not None)
        elif labelled := _labelled(line):
            digest, name = labelled
        else:
            batch.skipped[_fault(line, batch)] += 1
            continue
        found_lines.append((digest, name))
        batch.last_name = name if found_sum else None
    return _filled(batch, kinds, found_lines), [name for _, name in found_lines]


def _labelled(line: str) -> tuple[str, str] | None:
    """A digest and the name of a picture or a video, parted by a colon or a sign of equality."""
    found = _LABELLED.fullmatch(line)
    if found is None:
        return None
    name = (found["name"] or found["behind"]).strip().strip("\"'")
    return (found["digest"] or found["before"], name) if media.is_name_of_media(name) else None


def _filled(batch: Batch, kinds: tuple[str, ...], found: list[tuple[str, str]]) -> Batch:
    """A batch with digests, of which those are no entries that are of no images by their names.

    A digest whose file is named by a link may be that of the link itself.
    """
    batch.n = len(found)
    of_link = {i: kind for i, (d, name) in enumerate(found) if (kind := digest_of_link(d, name))}
    values = Columns()
    for i, (digest, _) in enumerate(found):
        values.put((of_link[i],) if i in of_link else kinds, digest, i)
    batch.values = values.all()
    batch.fates = {
        i: fate for i, (_, name) in enumerate(found)
        if i not in of_link and (fate := media.media_of_file(media.path_of(name)))
    }  # fmt: skip
    return batch


def _heed_notes(batch: Batch, told: Sequence[str], notes: LinkBeside) -> None:
    """What stands behind the names of files: `b.jpg # removed`."""
    for i, name in enumerate(told):
        note = media.note_of_file(name) or (name if name.isalpha() else "")  # `raus`
        if note and (fate := media.media_of_file(name.removesuffix(note).rstrip(" \t#;|([,–—-"))):
            batch.fates.setdefault(i, fate)
        says = of_line(note, 0, is_good=notes.is_good) if note else None
        if says and says.is_sure:
            batch.fates.setdefault(i, str(says.fate))
        elif says:
            notes.unsure[says.word] += notes.heeds_unsure


def _fault(line: str, batch: Batch) -> str:
    """Why a line brings nothing; counts the digests of other algorithms."""
    if other := _OTHER_TAG.fullmatch(line):
        if other[1].upper() in _TAGS:
            return "wrong length"
        batch.unusable[told(other[1].lower())] += 1
        return why.OTHER_HASH
    if _LONG_SUM.fullmatch(line):
        batch.unusable["sha512 or sha384"] += 1
        return why.OTHER_HASH
    return NO_LINE


def _columns(lines: list[str]) -> tuple[pa.Array, pa.Array] | None:
    """Digests and names where all lines are `digest  name`: as whole columns."""
    try:
        whole = pa.array(lines, pa.string())
    except UnicodeEncodeError:
        return None
    if any("://" in line for line in lines):
        return None
    found = pc.extract_regex(whole, rf"^\\?(?P<digest>{HEX})(?: [ *]|\t)(?P<name>[^\s][^\t]*)$")
    return (found.field(0), found.field(1)) if found.null_count == 0 and len(lines) else None
