"""Digests of files as programs print them, a file a line or a block of lines each.

`md5sum` and `sha*sum` (`digest  name`, `digest *name`, a backslash before names that were
escaped), BSD's `MD5 (name) = digest`, `certutil`, PowerShell's `Get-FileHash` as a list, hashdeep,
and CDX, the index of a web archive. The names of the files tell what the digests are of: those of
videos are no entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from relaion.errors import ListError
from relaion.lists.readers import names
from relaion.lists.readers.decisions import media_of_file, read_word
from relaion.lists.readers.format import (
    ALGORITHMS,
    LINK_KINDS,
    OTHER_HASH,
    SAMPLE,
    VIDEO,
    Batch,
    Columns,
    Maybe,
    Options,
    Stream,
    Sure,
    Values,
)
from relaion.lists.readers.text import content, first_lines
from relaion.lists.values import told
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
        lines = first_lines(head, 200)
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
    found_lines: list[tuple[str, str]] = []
    for line in lines:
        if found_sum := _SUM.fullmatch(line):
            digest, name = found_sum[1], found_sum[2]
        elif found_tag := _TAG.fullmatch(line):
            name, digest = (part for part in found_tag.groups() if part is not None)
        else:
            batch.skipped[_fault(line, batch)] += 1
            continue
        found_lines.append((digest, name))
        batch.last_name = name if found_sum else None
    return _filled(batch, kinds, found_lines)


def _filled(batch: Batch, kinds: tuple[str, ...], found: list[tuple[str, str]]) -> Batch:
    """A batch with digests, of which those are no entries that are of videos by their names."""
    batch.n, batch.values = len(found), (Values(kinds, [digest for digest, _ in found]),)
    batch.fates = {i: VIDEO for i, (_, name) in enumerate(found) if re.search(_VIDEO, name)}
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
        is_one = re.search(r"(?im)^CertUtil:\s", head) and re.search(
            r"(?im)^(?:MD[245]|SHA1|SHA256|SHA384|SHA512)(?:\s|-)\s*\S.*:\s*$", head
        )
        return Sure() if is_one else None

    def read(self, stream: Stream, options: Options) -> Iterator[Batch]:
        """The lines of digests; those of videos by the line before."""
        name = ""
        for block in stream.blocks:
            digests: list[tuple[str, str]] = []
            for line in content(block.split("\n")):
                bare = line.strip()
                if bare.endswith(":") and not bare.lower().startswith("certutil:"):
                    name = bare.rstrip(": ")
                elif not bare.lower().startswith("certutil:"):
                    digests.append((re.sub(r"\s", "", bare), name))
            yield _filled(Batch(0), _kinds(options), digests)


@dataclass(frozen=True)
class FileHashList:
    """`Get-FileHash | Format-List`: Algorithm, Hash and Path, a line each."""

    name: str = "get-filehash"

    def sniff(self, head: str, file_name: str) -> Sure | Maybe | None:
        """Sure where the first lines are such fields."""
        lines = first_lines(head, 20)
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
    found: list[tuple[str, str]] = []
    for record in records:
        algorithm = record.get("algorithm", "").lower()
        if algorithm in ALGORITHMS:
            batch.last_name = record.get("path", "")
            found.append((record.get("hash", ""), batch.last_name))
        else:
            batch.unusable[told(algorithm) or "unknown"] += 1
            batch.skipped[OTHER_HASH] += 1
    return _filled(batch, kinds, found)


# -- hashdeep --------------------------------------------------------------------------------------

_HASHDEEP = "%%%% HASHDEEP-"
_FEW_FIELDS = "fewer fields than columns"


@dataclass(frozen=True)
class Hashdeep:
    """Digests of each file by several algorithms; what is left of a line is the file's name."""

    name: str = "hashdeep"

    def sniff(self, head: str, file_name: str) -> Sure | Maybe | None:
        """Sure by the first line."""
        return Sure() if head.lstrip().startswith(_HASHDEEP) else None

    def read(self, stream: Stream, options: Options) -> Iterator[Batch]:
        """A record a line, with a digest of each column that names one."""
        columns: list[str] = []
        for block in stream.blocks:
            batch, values = Batch(0), Columns()
            for line in content(block.split("\n")):
                if line.startswith("%%%%"):
                    if not line.startswith(_HASHDEEP):
                        columns = [c.strip().lower() for c in line.lstrip("% ").split(",")]
                    continue
                if not columns:
                    raise ListError(
                        "is a hashdeep file without its line of columns (%%%% size,md5,…); fetch "
                        "it again"
                    )
                cells = line.split(",", len(columns) - 1)
                if len(cells) < len(columns):
                    batch.skipped[_FEW_FIELDS] += 1
                    continue
                _put(dict(zip(columns, cells, strict=True)), options.kind, batch, values)
            batch.values = values.all()
            yield batch


def _put(record: dict[str, str], kind: str | None, batch: Batch, values: Columns) -> None:
    batch.last_name = record.get("filename")
    if media_of_file(record.get("filename", "")) == VIDEO:
        batch.fates[batch.n] = VIDEO
    for name, value in record.items():
        if name in ALGORITHMS and (not kind or kind.endswith("_" + name)):
            values.put((kind or f"image_{name}",), value, batch.n)
    others = [name for name in record if name not in ("size", "filename", *ALGORITHMS)]
    batch.unusable.update(told(x) for x in others if re.fullmatch("[0-9a-fA-F]+", record[x]))
    batch.n += 1


# -- CDX, the index of a web archive ---------------------------------------------------------------

_CDX = re.compile(r"\s?CDX((?: [A-Za-z])+)\s*")
_OF_LINK, _OF_DIGEST, _OF_MEDIA = "a", "k", "m"  # the letters of the columns that are read


@dataclass(frozen=True)
class Cdx:
    """Columns divided by blanks, named by letters in the first line."""

    name: str = "cdx"

    def sniff(self, head: str, file_name: str) -> Sure | Maybe | None:
        """Sure by the first line."""
        return Sure() if _cdx_columns(head) else None

    def read(self, stream: Stream, options: Options) -> Iterator[Batch]:
        """A record a line, with its link and its digest; by its media type."""
        first = _cdx_columns(stream.head)
        letters = first[1].split() if first else []
        if _OF_LINK not in letters:
            raise ListError("is a CDX file without its links (column a); export it with them")
        at = {letter: letters.index(letter) for letter in (_OF_LINK, _OF_DIGEST, _OF_MEDIA)
              if letter in letters}  # fmt: skip
        kinds = {_OF_LINK: LINK_KINDS, _OF_DIGEST: ("image_sha1",)}
        if options.kind:
            kinds = {k: (options.kind,) for k, some in kinds.items() if options.kind in some}
        for block in stream.blocks:
            yield _cdx_batch(block, len(letters), at, kinds)


def _cdx_columns(head: str) -> re.Match[str] | None:
    """The line of columns: the first that is no comment."""
    lines = first_lines(head, 50)
    return _CDX.fullmatch(lines[0]) if lines else None


def _cdx_batch(
    block: str, width: int, at: dict[str, int], kinds: dict[str, tuple[str, ...]]
) -> Batch:
    batch = Batch(0)
    values: dict[str, tuple[list[str], list[int]]] = {k: ([], []) for k in kinds if k in at}
    for line in content(block.split("\n")):
        if _CDX.fullmatch(line):
            continue
        cells = line.split(" ") if not line.startswith(" ") else line.split()
        if len(cells) != width:
            batch.skipped["fewer or more fields than columns"] += 1
            continue
        says = read_word(names.MEDIA, cells[at[_OF_MEDIA]]) if _OF_MEDIA in at else None
        if says and says.fate:
            batch.fates[batch.n] = says.fate
        for letter, (text, of) in values.items():
            if cells[at[letter]] != "-":
                text.append(cells[at[letter]])
                of.append(batch.n)
        batch.n += 1
    batch.values = [Values(kinds[k], text, of) for k, (text, of) in values.items()]
    return batch
