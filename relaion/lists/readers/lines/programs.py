"""Digests as programs print them that say who they are: hashdeep, FCIV of Windows, `7z h`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from relaion.errors import ListError
from relaion.lists.digests import LENGTHS, is_hex
from relaion.lists.readers.containers.text import content
from relaion.lists.readers.format import (
    ALGORITHMS,
    OTHER_HASH,
    Batch,
    Columns,
    Maybe,
    Options,
    Stream,
    Sure,
)
from relaion.lists.readers.lines.checksums import HEX, NO_LINE
from relaion.lists.readers.vocabulary.media import media_of_file
from relaion.lists.values import told


def _put(
    digests: Mapping[str, str], name: str | None, options: Options, batch: Batch, values: Columns
) -> None:
    """Add the digests of one file by algorithm, as a record; by its name it may be no image."""
    kind = options.kind
    for algorithm in ALGORITHMS:
        if algorithm in digests and (not kind or kind.endswith("_" + algorithm)):
            values.put((kind or f"image_{algorithm}",), digests[algorithm], batch.n)
    if not options.is_good and (fate := media_of_file(name or "")):  # known good may be any file
        batch.fates[batch.n] = fate
    batch.last_name = name
    batch.n += 1


def _by_length(digests: Iterable[str]) -> dict[str, str]:
    return {LENGTHS[len(digest)]: digest for digest in digests}


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
                record = dict(zip(columns, cells, strict=True))
                others = record.keys() - {"size", "filename", *ALGORITHMS}
                batch.unusable.update(told(x) for x in others if is_hex(record[x]))
                _put(record, record.get("filename"), options, batch, values)
            batch.values = values.all()
            yield batch


@dataclass(frozen=True)
class Fciv:
    """`fciv`: below lines of `//` one digest or two, a blank, and the name of the file."""

    name: str = "fciv"

    def sniff(self, head: str, file_name: str) -> Sure | Maybe | None:
        """Sure by the name of the program in a comment."""
        return Sure() if _FCIV.search(head[:2000]) else None

    def read(self, stream: Stream, options: Options) -> Iterator[Batch]:
        """The lines of digests; the names of columns and the line below them are none."""
        for block in stream.blocks:
            batch, values = Batch(0), Columns()
            for line in content(block.split("\n")):
                bare = line.strip()
                if found := _FCIV_LINE.fullmatch(bare):
                    _put(
                        _by_length(filter(None, found.group(1, 2))),
                        found[3],
                        options,
                        batch,
                        values,
                    )
                elif not (bare.startswith("//") or _FCIV_NAMES.fullmatch(bare)):
                    batch.skipped[NO_LINE] += 1
            batch.values = values.all()
            yield batch


_FCIV = re.compile(r"(?im)^(?://|#)\s*File Checksum Integrity Verifier")
_FCIV_LINE = re.compile(rf"({HEX})(?:\s+({HEX}))?\s+(\S.*)")
_FCIV_NAMES = re.compile(r"(?i)(?:md5|sha-?1|\s)+|-+")


@dataclass(frozen=True)
class SevenZip:
    """`7z h`: between two lines of dashes a digest or several, a size and a name a line."""

    name: str = "7z-h"

    def sniff(self, head: str, file_name: str) -> Sure | Maybe | None:
        """Sure by the name of the program, and names of columns above a line of dashes."""
        names = _NAMES.search(head[:4000])
        # without what the program says of itself, as `7z h -ba` or a copied part
        is_first = names is not None and not head[: names.start()].strip()
        is_told = names is not None and (is_first or re.match(r"\s*7-Zip\b", head))
        return Sure() if is_told else None

    def read(self, stream: Stream, options: Options) -> Iterator[Batch]:
        """What stands between the lines of dashes; what stands below them are sums of all files."""
        algorithms: list[str] = []
        is_within = is_over = False
        for block in stream.blocks:
            batch, values = Batch(0), Columns()
            for line in block.split("\n"):
                if found := _NAMES.match(line + "\n-"):
                    algorithms = [w.lower().replace("-", "") for w in found[1].split()]
                    is_over = False
                elif _DASHES.fullmatch(line):
                    is_within, is_over = not is_within and not is_over, is_within or is_over
                elif is_within and line.strip():
                    _line(line, algorithms, options, batch, values)
            batch.values = values.all()
            yield batch


_NAMES = re.compile(r"(?m)^((?:[A-Z][A-Z0-9-]+\s+)+)Size\s+Name\s*\n-")
_DASHES = re.compile(r"-[- ]*- +-[- ]*")


def _line(
    line: str, algorithms: list[str], options: Options, batch: Batch, values: Columns
) -> None:
    """One file: as many digests as columns; a folder has none."""
    cells = line.split(None, len(algorithms) + 1)
    digests = cells[: len(algorithms)]
    if len(cells) < len(algorithms) + 2 or not all(
        re.fullmatch("[0-9A-Fa-f]+", d) for d in digests
    ):
        if any(len(cell) >= min(LENGTHS) for cell in cells):
            batch.skipped[NO_LINE] += 1
        return
    ours = [d for d, a in zip(digests, algorithms, strict=True) if LENGTHS.get(len(d)) == a]
    batch.unusable.update(told(a) for a in algorithms if a not in ALGORITHMS)
    if ours:
        _put(_by_length(ours), cells[-1], options, batch, values)
    else:
        batch.skipped[OTHER_HASH] += 1
