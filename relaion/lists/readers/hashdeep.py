"""hashdeep: a first line that names the format, a second that names the columns. No quoting."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from relaion.errors import ListError
from relaion.lists.readers.format import Maybe, Options, Stream, Sure
from relaion.lists.readers.record import VIDEO, Batch, Values
from relaion.lists.readers.rows import content
from relaion.lists.readers.words import media_of_file
from relaion.lists.telling import told

_FIRST = "%%%% HASHDEEP-"
_MANY = "fewer fields than columns"


@dataclass(frozen=True)
class Hashdeep:
    """Digests of each file by several algorithms; what is left of a line is the file's name."""

    name: str = "hashdeep"

    def sniff(self, head: str, file_name: str) -> Sure | Maybe | None:
        """Sure by the first line."""
        del file_name
        return Sure() if head.lstrip().startswith(_FIRST) else None

    def read(self, stream: Stream, options: Options) -> Iterator[Batch]:
        """A record a line, with a digest of each column that names one."""
        columns: list[str] = []
        for block in stream.blocks:
            batch = Batch(0)
            values: dict[str, tuple[list[str], list[int]]] = {}
            for line in content(block.split("\n")):
                if line.startswith("%%%%"):
                    if not line.startswith(_FIRST):
                        columns = [c.strip().lower() for c in line.lstrip("% ").split(",")]
                    continue
                if not columns:
                    raise ListError(
                        "is a hashdeep file without its line of columns (%%%% size,md5,…); fetch "
                        "it again"
                    )
                cells = line.split(",", len(columns) - 1)
                if len(cells) < len(columns):
                    batch.skipped[_MANY] += 1
                    continue
                _put(dict(zip(columns, cells, strict=True)), batch, values)
            batch.values = [
                Values((options.kind or f"image_{a}",), text, of)
                for a, (text, of) in values.items()
                if not options.kind or options.kind.endswith("_" + a)
            ]
            yield batch


def _put(
    record: dict[str, str], batch: Batch, values: dict[str, tuple[list[str], list[int]]]
) -> None:
    batch.last_name = record.get("filename")
    if media_of_file(record.get("filename", "")) == VIDEO:
        batch.fates[batch.n] = VIDEO
    others: Counter[str] = Counter()
    for name, value in record.items():
        if name in ("md5", "sha1", "sha256"):
            text, of = values.setdefault(name, ([], []))
            text.append(value)
            of.append(batch.n)
        elif name not in ("size", "filename") and re.fullmatch("[0-9a-fA-F]+", value):
            others[told(name)] += 1
    batch.unusable += others
    batch.n += 1
