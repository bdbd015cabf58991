"""Digests of files as programs print them that say who they are: one table of programs, one reader.

hashdeep, FCIV, certutil and PowerShell's `Get-FileHash` of Windows, `7z h`. What knows a program's
text, and what reads its lines, stands in `PROGRAMS`. By the names of files, digests of videos are
no entries; a list of what is known good may hold any file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import NamedTuple

from relaion.errors import ListError
from relaion.lists.digests import LENGTHS, is_hex
from relaion.lists.readers import why
from relaion.lists.readers.format import ALGORITHMS, Batch, Columns, Options, Stream, Sure
from relaion.lists.readers.lines.checksums import HEX, NO_LINE
from relaion.lists.readers.lines.content import content, first_lines
from relaion.lists.readers.tables.folders import FoldersOfFiles
from relaion.lists.readers.tables.of_links import digest_of_link
from relaion.lists.readers.vocabulary import media
from relaion.lists.values import told
from relaion.roles import HASHED_LINK_KINDS, IMAGE_KINDS

_AT_ONCE = 10_000  # files


class PrintedFile(NamedTuple):
    """A file as a program tells of it: its name, where one is told, and digests by algorithm.

    A digest whose algorithm is empty is by that of its length, of the file or of a link that is its
    name. `others` are algorithms of no use here. `ends_in_name`: nothing is told behind the name.
    `place` is what tells in which folder it lies, where the name does not.
    """

    name: str | None
    digests: Mapping[str, str]
    others: tuple[str, ...] = ()
    ends_in_name: bool = True
    place: str = ""


Printed = Iterator[PrintedFile | str]
"""Files, and why lines are of none."""


def _by_length(digests: Iterable[str]) -> dict[str, str]:
    return {LENGTHS[len(digest)]: digest for digest in digests}


_HASHDEEP = "%%%% HASHDEEP-"


def _hashdeep(lines: Iterator[str]) -> Printed:
    """Digests by the algorithms that a line of columns names; the rest of a line is the name."""
    columns: list[str] = []
    for line in lines:
        if line.startswith("%%%%"):
            if not line.startswith(_HASHDEEP):
                columns = [c.strip().lower() for c in line.lstrip("% ").split(",")]
            continue
        if not columns:
            raise ListError(
                "is a hashdeep file without its line of columns (%%%% size,md5,…); fetch it again"
            )
        cells = line.split(",", len(columns) - 1)
        if len(cells) < len(columns):
            yield "fewer fields than columns"
            continue
        record = dict(zip(columns, cells, strict=True))
        others = [x for x in columns if x not in ("size", "filename", *ALGORITHMS)]
        held = {name: record[name] for name in ALGORITHMS if name in record}
        of_others = tuple(told(x) for x in others if is_hex(record[x]))
        yield PrintedFile(record.get("filename"), held, of_others)


_FCIV = re.compile(r"(?im)^(?://|#)\s*File Checksum Integrity Verifier")
_FCIV_LINE = re.compile(rf"({HEX})(?:\s+({HEX}))?\s+(\S.*)")
_FCIV_NAMES = re.compile(r"(?i)(?:md5|sha-?1|\s)+|-+")


def _fciv(lines: Iterator[str]) -> Printed:
    """Below lines of `//` one digest or two, a blank, and the name of the file."""
    for bare in map(str.strip, lines):
        if found := _FCIV_LINE.fullmatch(bare):
            yield PrintedFile(found[3], _by_length(filter(None, found.group(1, 2))))
        elif not (bare.startswith("//") or _FCIV_NAMES.fullmatch(bare)):
            yield NO_LINE


_SEVEN_NAMES = re.compile(r"(?m)^((?:[A-Z][A-Z0-9-]+\s+)+)Size\s+Name\s*\n-")
_DASHES = re.compile(r"-[- ]*- +-[- ]*")


def _is_of_seven(head: str) -> bool:
    """Whether names of columns stand above a line of dashes, below the name of the program.

    Or first, without what the program says of itself, as of `7z h -ba` or a copied part.
    """
    found = _SEVEN_NAMES.search(head[:4000])
    is_first = found is not None and not head[: found.start()].strip()
    return found is not None and (is_first or re.match(r"\s*7-Zip\b", head) is not None)


def _seven(lines: Iterator[str]) -> Printed:
    """Between two lines of dashes digests, a size and a name a line; below them stand sums."""
    algorithms: list[str] = []
    is_within = is_over = False
    for line in lines:
        if found := _SEVEN_NAMES.match(line + "\n-"):
            algorithms = [w.lower().replace("-", "") for w in found[1].split()]
            is_over = False
        elif _DASHES.fullmatch(line):
            is_within, is_over = not is_within and not is_over, is_within or is_over
        elif is_within and line.strip():
            yield from _line_of_seven(line, algorithms)


def _line_of_seven(line: str, algorithms: list[str]) -> Printed:
    """One file: as many digests as columns; a folder has none."""
    cells = line.split(None, len(algorithms) + 1)
    digests = cells[: len(algorithms)]
    if len(cells) < len(algorithms) + 2 or not all(
        re.fullmatch("[0-9A-Fa-f]+", d) for d in digests
    ):
        if any(len(cell) >= min(LENGTHS) for cell in cells):
            yield NO_LINE
        return
    ours = [d for d, a in zip(digests, algorithms, strict=True) if LENGTHS.get(len(d)) == a]
    others = tuple(told(a) for a in algorithms if a not in ALGORITHMS)
    yield PrintedFile(cells[-1], _by_length(ours), others) if ours or others else why.OTHER_HASH


_BYTES = re.compile(r"\s*[0-9A-Fa-f][0-9A-Fa-f ]{30,200}\s*")


def _is_of_certutil(head: str) -> bool:
    """Whether it has the shape that is one in all languages."""
    lines = first_lines(head, 200)
    ends = [i for i, line in enumerate(lines) if line.lower().startswith("certutil:")]
    return any(i > 1 and _BYTES.fullmatch(lines[i - 1]) for i in ends)


def _certutil(lines: Iterator[str]) -> Printed:
    """A line with the name, one with the digest, one that it went well."""
    title = ""
    for bare in map(str.strip, lines):
        if not _BYTES.fullmatch(bare):
            title = title if bare.lower().startswith("certutil:") else bare
        elif other := _other_algorithm(title):
            yield PrintedFile("", {}, (other,))
        else:
            digest = re.sub(r"\s", "", bare)
            yield PrintedFile(_name_in(title), {"": digest}, ends_in_name=False, place=title)


def _other_algorithm(title: str) -> str | None:
    """The algorithm that a title names, where it is none of ours: before the name of the file."""
    told = re.findall(r"[^\W_]+", title.replace(_name_in(title), " "))[:4]
    found = next((word.lower() for word in told if re.match(r"(?i)(?:md|sha)\d", word)), None)
    return None if found in ALGORITHMS else found


def _name_in(title: str) -> str:
    """The file's name in a title such as `MD5 hash of a.jpg:`, wherever it stands there."""
    ends = re.findall(r"[^\s/\\]*\.[A-Za-z0-9]{1,5}(?=[\s:：»”\"'’)]|\Z)", title)
    return str(ends[-1]) if ends else title


_FIELD = re.compile(
    r"(?i)(?:\s*(?=algorithm|hash|path))?([A-Za-z][A-Za-z ]{0,30}?)\s*:(?:\s+(.*?))?\s*"
)


def _is_of_fields(head: str) -> bool:
    lines = first_lines(head, 20)
    said = [found[1].lower() for line in lines if (found := _FIELD.fullmatch(line))]
    return {"algorithm", "hash"} <= {*said} and len(said) * 2 > len(lines)


def _file_hashes(lines: Iterator[str]) -> Printed:
    """`Get-FileHash | Format-List`: Algorithm, Hash and Path, a line each.

    A record ends at a blank line, or where one of its fields comes again.
    """
    held: dict[str, str] = {}
    last, has_paths = "", False
    for line in lines:
        found = _FIELD.fullmatch(line)
        name = found[1].lower() if found else ""
        if held and (not line.strip() or name in held):
            has_paths = has_paths or "path" in held
            yield _of_fields(held)
            held = {}
        if found:
            held[name], last = found[2] or "", name
        elif line.strip() and last in held:  # a long path goes on
            held[last] += line.strip()
    if held:  # without its name it may be that of a video
        yield why.CUT_OFF if has_paths and "path" not in held else _of_fields(held)


_ROW = re.compile(
    r"\s*(?P<algorithm>MD5|SHA-?1|SHA-?256|SHA-?384|SHA-?512|RIPEMD160|MACTripleDES)[^\S\t]+"
    r"(?P<hash>[0-9A-Fa-f]{32,128})(?:\s+(?P<path>(?!\S+\s+[0-9A-Fa-f]{32})\S.*?))?\s*",
    re.I,
)  # a word and another digest are no path
_LINE = re.compile(r"[\s-]*-[\s-]*")


def _is_of_rows(head: str) -> bool:
    lines = first_lines(head, 200)
    n = sum(_ROW.fullmatch(line) is not None for line in lines)
    return n > 0 and n * 2 > sum(not _LINE.fullmatch(line) for line in lines)


def _rows_of_file_hashes(lines: Iterator[str]) -> Printed:
    """The same fields as it shows them by itself, divided by blanks, below names and a line."""
    has_begun = False
    for line in lines:
        if found := _ROW.fullmatch(line):
            has_begun = True
            yield _of_fields(found.groupdict())
        elif has_begun and not _LINE.fullmatch(line) and not _HEAD.match(line):
            yield NO_LINE


_HEAD = re.compile(r"(?i)\s*algorithm\w*\s+hash")


def _of_fields(record: Mapping[str, str | None]) -> PrintedFile:
    algorithm = (record.get("algorithm") or "").lower().replace("-", "")
    if algorithm not in ALGORITHMS:
        return PrintedFile("", {}, (told(algorithm) or "unknown",))
    return PrintedFile(record.get("path") or "", {"": record.get("hash") or ""})


# -- What reads them -------------------------------------------------------------------------------


@dataclass(frozen=True)
class PrintedDigests:
    """What a program prints, known by its beginning; `keeps_all`: blank lines tell something."""

    name: str
    knows: Callable[[str], object]
    files: Callable[[Iterator[str]], Printed]
    keeps_all: bool = False

    def sniff(self, head: str, file_name: str) -> Sure | None:
        """Sure where the program is known."""
        return Sure() if self.knows(head) else None

    def read(self, stream: Stream, options: Options) -> Iterator[Batch]:
        """A record a file."""
        blocks = (block.removesuffix("\n").split("\n") for block in stream.blocks)
        found = self.files(chain.from_iterable(blocks if self.keeps_all else map(content, blocks)))
        folders = FoldersOfFiles(options)
        while some := [*islice(found, _AT_ONCE)]:
            folders.meet(f.place or f.name or "" for f in some if isinstance(f, PrintedFile))
            # what is left ends in no half name
            cut = [some.pop()] if some[-1] == why.CUT_OFF else []
            yield from (_batch(part, options) for part in (some, cut) if part)
        stream.notices += folders.notices()


def _batch(found: Iterable[PrintedFile | str], options: Options) -> Batch:
    batch, values = Batch(0), Columns()
    for file in found:
        if isinstance(file, str):
            batch.skipped[file] += 1
            continue
        if file.others:
            batch.unusable.update(file.others)
        if file.digests or not file.others:
            _put(file, options, batch, values)
        else:
            batch.skipped[why.OTHER_HASH] += 1
    batch.values = values.all()
    return batch


_OF_FILE = {algorithm: (f"image_{algorithm}",) for algorithm in ALGORITHMS}


def _put(file: PrintedFile, options: Options, batch: Batch, values: Columns) -> None:
    """Add the digests of a file as a record; by its name it may be no image."""
    kind, path, of_link = options.kind, file.name or "", None
    for algorithm, digest in file.digests.items():
        if algorithm:
            if not kind or kind.endswith(f"_{algorithm}"):
                values.put((kind,) if kind else _OF_FILE[algorithm], digest, batch.n)
            continue
        of_link, path = digest_of_link(digest, path), media.path_of(path)
        own = of_link or kind
        values.put((own,) if own else (*IMAGE_KINDS, *HASHED_LINK_KINDS), digest, batch.n)
    if not (options.is_good or of_link) and (fate := media.media_of_file(path)):
        batch.fates[batch.n] = fate
    batch.last_name = file.name if file.ends_in_name else None
    batch.n += 1


HASHDEEP = PrintedDigests("hashdeep", lambda x: x.lstrip().startswith(_HASHDEEP), _hashdeep)
"""Asked before all formats: its lines may be read as those of a table."""
PROGRAMS = (
    PrintedDigests("certutil", _is_of_certutil, _certutil),
    PrintedDigests("get-filehash", _is_of_fields, _file_hashes, keeps_all=True),
    PrintedDigests("get-filehash-table", _is_of_rows, _rows_of_file_hashes),
    PrintedDigests("fciv", lambda x: _FCIV.search(x[:2000]), _fciv),
    PrintedDigests("7z-h", _is_of_seven, _seven, keeps_all=True),
)
