"""Digests of files as tools print them, a file a line or a block of lines each.

`md5sum` and `sha*sum` (`digest  name`, `digest *name`, a backslash before names that were
escaped), BSD's `MD5 (name) = digest`, `certutil`, and PowerShell's `Get-FileHash` as a list. The
names of the files tell what the digests are of: those of videos are no entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from relaion.errors import ListError
from relaion.lists.readers.format import SAMPLE, Maybe, Options, Stream, Sure
from relaion.lists.readers.record import OTHER_HASH, VIDEO, Batch, Values
from relaion.lists.readers.rows import content
from relaion.lists.telling import told
from relaion.roles import HASHED_LINK_KINDS, IMAGE_KINDS

NO_LINE = "no line of such a file"
_HEX = "[0-9A-Fa-f]{32}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}"
_SUM = re.compile(rf"\\?({_HEX})(?: [ *]|\t(?=[^\t]*[./\\][^\t]*$))(?!\w+://)(\S.*)")
_LONG_SUM = re.compile(r"\\?[0-9A-Fa-f]{56,128} [ *]\S.*")
_TAG = re.compile(
    r"(?:MD5\s?\((?P<md5>.+)\)\s?=\s*(?P<md5_hex>[0-9A-Fa-f]{32})"
    r"|SHA1\s?\((?P<sha1>.+)\)\s?=\s*(?P<sha1_hex>[0-9A-Fa-f]{40})"
    r"|SHA2?-?256\s?\((?P<sha256>.+)\)\s?=\s*(?P<sha256_hex>[0-9A-Fa-f]{64}))\s*"
)
_TAGS = ("MD5", "SHA1", "SHA256", "SHA2-256", "SHA-256")
_OTHER_TAG = re.compile(r"([A-Z][A-Za-z0-9/-]{2,12})\s?\((.+)\)\s?=\s*(\S+)\s*")
_GIT = re.compile(r"refs/\S+|HEAD|\S+\^\{\}")
_VIDEO = (
    r"(?i)\.(?:mp4|m4v|mov|avi|mkv|webm|mpe?g|wmv|flv|3gpp?|ogv|m?2?ts|vob|asf|rmv?b?|f4v|divx)\s*$"
)
_IMAGE = r"(?i)\.(?:jpe?g|jpe|jfif|a?png|gif|webp|bmp|tiff?|heic|heif|avif|jxl|svg|ico)\s*$"


@dataclass(frozen=True)
class Checksums:
    """A digest and the name of its file, a line each."""

    name: str = "checksums"

    def sniff(self, head: str, file_name: str) -> Sure | Maybe | None:
        """Sure where nearly all lines are such."""
        del file_name
        lines = content(head.split("\n", 200)[:200])
        n = sum(1 for line in lines if _SUM.fullmatch(line) or _OTHER_TAG.fullmatch(line))
        n += sum(1 for line in lines if _LONG_SUM.fullmatch(line) and not _SUM.fullmatch(line))
        named = [found for line in lines if (found := _SUM.fullmatch(line))]
        if named and sum(1 for f in named if _GIT.fullmatch(f[2])) * 2 > len(named):
            return None
        has_names = bool(lines) and "\t" in lines[0] and not _SUM.fullmatch(lines[0])
        return Sure() if lines and n * 10 >= len(lines) * 9 and not has_names else None

    def read(self, stream: Stream, options: Options) -> Iterator[Batch]:
        """Digests with the kind of their length; those of videos by the names of their files."""
        kinds = _kinds(options)
        videos = images = total = 0
        for block in stream.blocks:
            batch = _batch(block, kinds)
            videos += sum(fate == VIDEO for fate in batch.fates.values())
            images += _images(block)
            total += batch.n
            if total >= SAMPLE:
                _refuse_videos(videos, total)
            yield batch
        _refuse_videos(videos, total)
        if total and not images and not videos:
            stream.notices.append(
                "the names of the files are not those of pictures; check what the digests are of"
            )


def _refuse_videos(videos: int, total: int) -> None:
    if total and videos * 10 >= total * 9:
        raise ListError(
            "looks like digests of videos, by the names of their files; no image has them, so "
            "there is nothing to add"
        )


def _kinds(options: Options) -> tuple[str, ...]:
    return (options.kind,) if options.kind else (*IMAGE_KINDS, *HASHED_LINK_KINDS)


def _batch(block: str, kinds: tuple[str, ...]) -> Batch:
    lines = content(block.split("\n"))
    digests: list[str] = []
    batch = Batch(0)
    columns = _columns(lines)
    if columns is not None:
        found, names = columns
        video = pc.match_substring_regex(names, _VIDEO)
        batch.n = len(found)
        batch.fates = dict.fromkeys(pc.indices_nonzero(video).to_pylist(), VIDEO)
        batch.values = (Values(kinds, found),)
        batch.last_name = str(names[-1])
        return batch
    for line in lines:
        if found_sum := _SUM.fullmatch(line):
            digest, name = found_sum[1], found_sum[2]
        elif found_tag := _TAG.fullmatch(line):
            name, digest = (part for part in found_tag.groups() if part is not None)
        else:
            batch.skipped[_fault(line, batch)] += 1
            continue
        if re.search(_VIDEO, name):
            batch.fates[len(digests)] = VIDEO
        digests.append(digest)
        batch.last_name = name if found_sum else None
    batch.n = len(digests)
    batch.values = (Values(kinds, digests),)
    return batch


def _fault(line: str, batch: Batch) -> str:
    """Why a line brings nothing; counts the digests of other algorithms."""
    if other := _OTHER_TAG.fullmatch(line):
        if other[1] in _TAGS:
            return "wrong length"
        batch.unusable[told(other[1].lower())] += 1
        return OTHER_HASH
    if _LONG_SUM.fullmatch(line):
        batch.unusable["sha512 or sha384"] += 1
        return OTHER_HASH
    return NO_LINE


def _columns(lines: list[str]) -> tuple[pa.Array, pa.Array] | None:
    """Digests and names where all lines are `digest  name`: as whole columns."""
    try:
        whole = pa.array(lines, pa.string())
    except UnicodeEncodeError:
        return None
    if any("://" in line for line in lines):
        return None
    found = pc.extract_regex(whole, rf"^\\?(?P<digest>{_HEX})(?: [ *]|\t)(?P<name>[^\s][^\t]*)$")
    return (found.field(0), found.field(1)) if found.null_count == 0 and len(lines) else None


def _images(block: str) -> int:
    return 1 if re.search(_IMAGE.replace(r"\s*$", r"\)?\s*(?:=.*)?$"), block, re.M) else 0


# -- Programs of Windows: a digest takes several lines -----------------------------------------

_FIELD = re.compile(r"(?i)\s*(Algorithm|Hash|Path)\s*:\s*(.*?)\s*")


@dataclass(frozen=True)
class Certutil:
    """`certutil -hashfile`: a line with the name, one with the digest, one that it went well."""

    name: str = "certutil"

    def sniff(self, head: str, file_name: str) -> Sure | Maybe | None:
        """Sure by its last line."""
        del file_name
        is_one = re.search(r"(?im)^CertUtil:\s", head) and re.search(
            r"(?im)^(?:MD[245]|SHA1|SHA256|SHA384|SHA512)(?:\s|-)\s*\S.*:\s*$", head
        )
        return Sure() if is_one else None

    def read(self, stream: Stream, options: Options) -> Iterator[Batch]:
        """The lines of digests; those of videos by the line before."""
        kinds = _kinds(options)
        is_video = False
        for block in stream.blocks:
            batch = Batch(0)
            digests: list[str] = []
            for line in content(block.split("\n")):
                bare = line.strip()
                if re.match(r"(?i)certutil:", bare):
                    continue
                if bare.endswith(":"):
                    is_video = re.search(_VIDEO, bare.rstrip(": ")) is not None
                    continue
                if is_video:
                    batch.fates[len(digests)] = VIDEO
                digests.append(re.sub(r"\s", "", bare))
            batch.n, batch.values = len(digests), (Values(kinds, digests),)
            yield batch


@dataclass(frozen=True)
class FileHashList:
    """`Get-FileHash | Format-List`: Algorithm, Hash and Path, a line each."""

    name: str = "get-filehash"

    def sniff(self, head: str, file_name: str) -> Sure | Maybe | None:
        """Sure where the first lines are such fields."""
        del file_name
        lines = content(head.split("\n", 20)[:20])
        told = [found[1].lower() for line in lines if (found := _FIELD.fullmatch(line))]
        return Sure() if {"algorithm", "hash"} <= {*told} and len(told) * 2 > len(lines) else None

    def read(self, stream: Stream, options: Options) -> Iterator[Batch]:
        """A record begins at each Algorithm; a long path may go on in the next line."""
        kinds = _kinds(options)
        held: dict[str, str] = {}
        for block in stream.blocks:
            done: list[dict[str, str]] = []
            for line in content(block.split("\n")):
                found = _FIELD.fullmatch(line)
                if found and found[1].lower() == "algorithm" and held:
                    done.append(held)
                    held = {}
                if found:
                    held[found[1].lower()] = found[2]
                elif "path" in held:
                    held["path"] += line.strip()
            yield _of_fields(done, kinds)
        yield _of_fields([held] if held else [], kinds)


def _of_fields(records: list[dict[str, str]], kinds: tuple[str, ...]) -> Batch:
    batch = Batch(0)
    digests: list[str] = []
    for record in records:
        algorithm = record.get("algorithm", "").lower()
        if algorithm not in ("md5", "sha1", "sha256"):
            batch.unusable[told(algorithm) or "unknown"] += 1
            batch.skipped[OTHER_HASH] += 1
            continue
        if re.search(_VIDEO, record.get("path", "")):
            batch.fates[len(digests)] = VIDEO
        digests.append(record.get("hash", ""))
        batch.last_name = record.get("path", "")
    batch.n, batch.values = len(digests), (Values(kinds, digests),)
    return batch
