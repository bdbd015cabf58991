"""CDX, the index of a web archive: the link, what it holds, and the SHA-1 of that in base32."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from relaion.errors import ListError
from relaion.lists.readers import names
from relaion.lists.readers.format import Maybe, Options, Stream, Sure
from relaion.lists.readers.record import Batch, Values
from relaion.lists.readers.rows import content
from relaion.lists.readers.words import read_word
from relaion.roles import SCOPED_KINDS

_FIRST = re.compile(r"\s?CDX((?: [A-Za-z])+)\s*")
_LINK, _DIGEST, _MEDIA = "a", "k", "m"  # the letters of the columns that are read


@dataclass(frozen=True)
class Cdx:
    """Columns divided by blanks, named by letters in the first line."""

    name: str = "cdx"

    def sniff(self, head: str, file_name: str) -> Sure | Maybe | None:
        """Sure by the first line."""
        del file_name
        return Sure() if _first(head) else None

    def read(self, stream: Stream, options: Options) -> Iterator[Batch]:
        """A record a line, with its link and its digest; by its media type."""
        first = _first(stream.head)
        letters = first[1].split() if first else []
        if _LINK not in letters:
            raise ListError("is a CDX file without its links (column a); export it with them")
        at = {letter: letters.index(letter) for letter in (_LINK, _DIGEST, _MEDIA)
              if letter in letters}  # fmt: skip
        kinds = {_LINK: ("url", *SCOPED_KINDS), _DIGEST: ("image_sha1",)}
        if options.kind:
            kinds = {k: (options.kind,) for k, some in kinds.items() if options.kind in some}
        for block in stream.blocks:
            yield _batch(block, len(letters), at, kinds)


def _first(head: str) -> re.Match[str] | None:
    """The line of columns: the first that is no comment."""
    lines = content(head.split("\n", 50)[:50])
    return _FIRST.fullmatch(lines[0]) if lines else None


def _batch(block: str, width: int, at: dict[str, int], kinds: dict[str, tuple[str, ...]]) -> Batch:
    batch = Batch(0)
    values: dict[str, tuple[list[str], list[int]]] = {k: ([], []) for k in kinds if k in at}
    for line in content(block.split("\n")):
        if _FIRST.fullmatch(line):
            continue
        cells = line.split(" ") if not line.startswith(" ") else line.split()
        if len(cells) != width:
            batch.skipped["fewer or more fields than columns"] += 1
            continue
        says = read_word(names.MEDIA, cells[at[_MEDIA]]) if _MEDIA in at else None
        if says and says.fate:
            batch.fates[batch.n] = says.fate
        for letter, (text, of) in values.items():
            if cells[at[letter]] != "-":
                text.append(cells[at[letter]])
                of.append(batch.n)
        batch.n += 1
    batch.values = [Values(kinds[k], text, of) for k, (text, of) in values.items()]
    return batch
