"""CDX, the index of a web archive: a link and a digest a line, under letters for names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from relaion.errors import ListError
from relaion.lists.readers.containers.text import content, first_lines
from relaion.lists.readers.format import (
    LINK_KINDS,
    Batch,
    Maybe,
    Options,
    Stream,
    Sure,
    Values,
)
from relaion.lists.readers.tables.decisions import read_word
from relaion.lists.readers.vocabulary import names

_CDX = re.compile(r"\s?CDX((?: [A-Za-z])+)\s*")
_OF_LINK, _OF_DIGEST, _OF_MEDIA = "a", "k", "m"  # the letters of the columns that are read


_OF_STATUS = "s"
_FULL = ("200", "206", "226", "-")  # others, such as 404, bring a page that stands for no image
_OF_PAGE = "sha1 of a capture whose HTTP status is not 200"


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
        read = (_OF_LINK, _OF_DIGEST, _OF_MEDIA, _OF_STATUS)
        at = {letter: letters.index(letter) for letter in read if letter in letters}
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
            if cells[at[letter]] == "-":
                continue
            if letter == _OF_DIGEST and _OF_STATUS in at and cells[at[_OF_STATUS]] not in _FULL:
                batch.unusable[_OF_PAGE] += 1
            else:
                text.append(cells[at[letter]])
                of.append(batch.n)
        batch.n += 1
    batch.values = [Values(kinds[k], text, of) for k, (text, of) in values.items()]
    return batch
