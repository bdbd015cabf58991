"""What a format is: it knows its files by how they begin, and reads them as records."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from relaion.errors import ListError

if TYPE_CHECKING:
    from relaion.lists.readers.record import Batch

SAMPLE = 2000  # records by which a file may be refused, but never accepted


@dataclass(frozen=True)
class Sure:
    """The file is of this format."""


@dataclass(frozen=True)
class Maybe:
    """The file can be read so where no format is sure."""


@dataclass(frozen=True)
class Options:
    """What the curator says of how a delivery is to be read.

    `kind` fixes the kind of every entry. `columns` names columns by the kind that they hold,
    `ignore` what decides nothing, `where` the words of a column that choose its rows: a column
    is its name in the file or its number, from 1. `role` is `bad` or `good` where it was said.
    `partial` takes a file of which less than half can be used.
    """

    kind: str | None = None
    scope: str | None = None
    file_format: str | None = None
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ignore: frozenset[str] = frozenset()
    where: Mapping[str, frozenset[str]] = field(default_factory=dict)
    role: str | None = None
    partial: bool = False

    def told(self) -> list[str]:
        """What of it changes what is read, in words: nothing where nothing was said."""
        said = [f"column {k}={','.join(v)}" for k, v in sorted(self.columns.items())]
        said += [f"ignore {x}" for x in sorted(self.ignore)]
        said += [f"where {k}={','.join(sorted(v))}" for k, v in sorted(self.where.items())]
        return said + [f"role {self.role}"] * bool(self.role) + ["partial"] * self.partial

    @property
    def is_good(self) -> bool:
        """Whether the list names what is known good."""
        return self.role == "good"


@dataclass
class Stream:
    """The text of a file, in blocks of whole lines.

    `head` is its beginning, `blocks` all of it, `head` included. The last block ends without a
    line break where the file does. `notices` are for the curator, `decided` counts the words of
    the columns that decide, by the name of the column. `is_named`: the file says what it holds.
    """

    file_name: str
    head: str
    blocks: Iterator[str]
    notices: list[str] = field(default_factory=list)
    decided: dict[str, dict[str, int]] = field(default_factory=dict)
    is_named: bool = True

    def lines_of_head(self) -> list[str]:
        """The first lines, comments and blank ones too."""
        return self.head.split("\n", SAMPLE)[:SAMPLE]


class Format(Protocol):
    """One way of writing a list. `name` is what `--format` calls it."""

    @property
    def name(self) -> str:
        """The name, in lower case."""

    def sniff(self, head: str, file_name: str) -> Sure | Maybe | None:
        """Whether a file that begins with `head` is of this format."""

    def read(self, stream: Stream, options: Options) -> Iterator[Batch]:
        """The records of a file, a batch a block.

        Raises ListError, without the file's name, for a file that must not be taken.
        """


def refused(what: str, advice: str) -> ListError:
    """The error for a file that is known for what it is, and not taken."""
    return ListError(f"{what}; {advice}")


def has_word(text: str, *words: str) -> bool:
    """Whether one of the words stands in a text by itself, in any case."""
    found = "|".join(words)
    return re.search(rf"(?i)(?<![a-z0-9])(?:{found})(?![a-z0-9])", text) is not None
