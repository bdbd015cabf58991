"""Files whose structure is their format, XML and JSON: read as bytes, never as lines.

Read as lines they would give up what they mark as withdrawn or as good, and one line may be all
of a file. What knows such a file reads its records from `ListDocument.open`, whenever it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol

from relaion.lists.readers.format import Batch, Options, Sure


@dataclass
class OfDelivery:
    """What the files of one delivery, of which there are `files`, tell each other.

    `held` is whatever a format keeps from one file for the next, by the format's name. `ends` are
    asked when all files were read, each once: they give notices, or raise ListError.
    `may_begin_anew`: a reader may raise ReadAnewError, and is then asked again without it. `signs`
    are those that stand before the entries of any.
    """

    files: int = 1
    may_begin_anew: bool = False
    held: dict[str, Any] = field(default_factory=dict)
    signs: set[str] = field(default_factory=set)
    ends: dict[str, Callable[[], list[str]]] = field(default_factory=dict)


@dataclass
class ListDocument:
    """A file of XML or JSON: its name, how it begins, and its bytes.

    `head` is its beginning as text, without byte order mark. `open` gives all of it from the
    start: unpacked, in UTF-8, without byte order mark; reading raises ListError where it is
    damaged. `notices` are for the curator, `decided` counts the words of the fields that decide,
    by field. `is_delta`: it brings a list up to date, and names only what changed. `shared` is
    what the other files of its delivery said. `raw` gives its bytes as they are, in which one can
    seek. `is_named`: it says of what its digests are. `is_foreseen`: it is read once, by what its
    first records showed.
    """

    file_name: str
    head: str
    open: Callable[[], BinaryIO]
    notices: list[str] = field(default_factory=list)
    decided: dict[str, dict[str, int]] = field(default_factory=dict)
    is_delta: bool = False
    shared: OfDelivery = field(default_factory=OfDelivery)
    raw: Callable[[], BinaryIO] | None = None
    is_named: bool = True
    is_foreseen: bool = False

    def decide(self, name: str, word: str, times: int = 1) -> None:
        """Count a word of a field that decides."""
        words = self.decided.setdefault(name, {})
        words[word] = words.get(word, 0) + times


class DocumentFormat(Protocol):
    """One way of writing a list in XML or JSON. `name` is what `--format` calls it."""

    @property
    def name(self) -> str:
        """The name, in lower case."""

    def sniff(self, head: str, file_name: str) -> Sure | None:
        """Sure where a file that begins with `head` is of this format."""

    def read(self, document: ListDocument, options: Options) -> Iterator[Batch]:
        """The records of a file, some thousands a batch, in memory that does not grow with it.

        Raises ListError, without the file's name, for a file that must not be taken.
        """
