"""A format as anybody may add one: what knows its files, and what reads their records.

%MADE 1
17 listed md5:00112233445566778899aabbccddee01 https://pictures.example/one.jpg
18 gone md5:00112233445566778899aabbccddee02
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from relaion.errors import ListError
from relaion.lists.readers.format import Batch, Maybe, Options, Record, Stream, Sure, batch_of
from relaion.lists.readers.lines.content import content

_FIRST = re.compile(r"%MADE (\d+)")
_STANDINGS = {"listed": "listed", "gone": "retracted", "film": "listed"}
NO_RECORD = "no record of MADE"


@dataclass(frozen=True)
class Made:
    """A number, a word, and what it is about: digests with their algorithm, and links."""

    name: str = "made"

    def sniff(self, head: str, file_name: str) -> Sure | Maybe | None:
        """Sure by the first line."""
        return Sure() if _FIRST.match(head) else None

    def read(self, stream: Stream, options: Options) -> Iterator[Batch]:
        """A record a line."""
        first = _FIRST.match(stream.head)
        if first is None or first[1] != "1":
            version = first[1] if first else "no"
            raise ListError(f"is of version {version} of MADE, of which 1 can be read")
        for block in stream.blocks:
            lines = [x for x in content(block.split("\n")) if not _FIRST.fullmatch(x)]
            read = [_record(line) for line in lines]
            batch = batch_of(record for record in read if record is not None)
            batch.skipped[NO_RECORD] += sum(record is None for record in read)
            yield batch


def _record(line: str) -> Record | None:
    number, word, *values = line.split()
    if word not in _STANDINGS:
        return None
    hashes = [value.partition(":") for value in values if "://" not in value]
    return Record(
        record_id=number,
        hashes=[(algorithm, "hex", digest) for algorithm, _, digest in hashes],
        links=[value for value in values if "://" in value],
        standing=_STANDINGS[word],
        media="video" if word == "film" else "image",
    )
