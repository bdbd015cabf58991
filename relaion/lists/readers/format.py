"""What a format is: it knows its files by how they begin, and reads them as records.

A record is what a partner says of one thing: digests and links of it, and whether it counts. It
ends in exactly one place: among the entries, taken back, or skipped for a reason. Digests of a
kind that no image digest of a data set can meet are counted by their algorithm.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Protocol

from relaion.errors import ListError
from relaion.lists.readers import why
from relaion.lists.readers.vocabulary.spelling import NO_UTF8, escaped, read_anew
from relaion.roles import HASHED_LINK_KINDS, IMAGE_KINDS, SCOPED_KINDS

if TYPE_CHECKING:
    import pyarrow as pa

_OF_MACHINE = re.compile(
    r"(?i)(?:\*\.)?(?:localhost(?:\.localdomain)?|local|broadcasthost|ip6-\w+|0|255\.255\.255\.255"
    r"|0\.0\.0\.0|127\.\d+\.\d+\.\d+|\[?::1?\]?)\.?"
)


def is_of_machine(host: str) -> bool:
    """Whether a host is the machine's own or none at all, as hosts files name them."""
    return _OF_MACHINE.fullmatch(host) is not None


MEDIA = {"image": None, "unknown": None, "video": why.VIDEO, "other": why.NO_IMAGE}
STANDINGS = {
    "listed": None, "unknown": None, "retracted": why.TAKEN_BACK, "disputed": why.DISPUTED,
    "good": why.GOOD, "bad": why.BAD, "unconfirmed": why.UNCONFIRMED, "no crime": why.NO_CRIME,
}  # fmt: skip
ALGORITHMS = ("md5", "sha1", "sha256")

LINK_KINDS = ("url", *SCOPED_KINDS)  # scoped only where the value's own stars say so
# what a value may be when nothing but the value tells: the first that fits is taken
ANY = (*LINK_KINDS, *IMAGE_KINDS, *HASHED_LINK_KINDS)


@dataclass(frozen=True)
class Trait:
    """What a giver says beside an entry, each in its own words; None where it says nothing."""

    severity: str | None = None
    media: str | None = None
    first_seen: str | None = None
    last_seen: str | None = None
    confidence: str | None = None
    by: str | None = None

    def as_text(self) -> Trait:
        """The same as a store can hold it: words whose bytes are no UTF-8 as they were meant."""
        told = {f.name: getattr(self, f.name) for f in fields(Trait)}
        no_utf8 = {what: text for what, text in told.items() if text and NO_UTF8.search(text)}
        return replace(self, **{w: escaped(read_anew(t)).decode() for w, t in no_utf8.items()})


NO_TRAIT = Trait()


@dataclass(frozen=True)
class Record(Trait):
    """One record, as the reader of a format may make it.

    `hashes` are (algorithm, encoding, value): `md5`, `url_sha1`, `pdq`; an encoding is `hex`,
    `base32`, `base64` or `any`. `media` is a key of MEDIA, `standing` one of STANDINGS.
    """

    hashes: Sequence[tuple[str, str, str]] = ()
    links: Sequence[str] = ()
    record_id: str | None = None
    media: str = "unknown"
    standing: str = "listed"

    def trait(self) -> Trait:
        """What the record says beside its values."""
        told = {f.name: getattr(self, f.name) for f in fields(Trait)}
        return Trait(**told | {"media": None if self.media == "unknown" else self.media})

    def fate(self) -> str | None:
        """Why it brings no entry; None where it does."""
        return STANDINGS[self.standing] or MEDIA[self.media]


@dataclass(frozen=True)
class Values:
    """Values as they stand, of which each may be one of `kinds`: the first that fits is taken.

    Value `i` is of record `of[i]` of its batch; without `of`, of record `i`.
    """

    kinds: tuple[str, ...]
    text: pa.Array | Sequence[str]
    of: Sequence[int] | None = None


@dataclass
class Batch:
    """`n` records. `fates` says why some of them bring no entry, by their place in the batch.

    `ids` and `traits` are of each record, or None where the format has none. `skipped` counts
    rows that are no record, by reason; `unusable` digests by algorithm. `last_name` is the name of
    a file with which the last record ends, where one does. `good` are records that were not chosen
    and may be known good.
    """

    n: int
    values: Sequence[Values] = ()
    fates: dict[int, str] = field(default_factory=dict)
    ids: Sequence[str | None] | None = None
    traits: Sequence[Trait] | None = None
    skipped: Counter[str] = field(default_factory=Counter)
    unusable: Counter[str] = field(default_factory=Counter)
    last_name: str | None = None
    good: frozenset[int] = frozenset()


def kinds_of(algorithm: str) -> tuple[str, ...]:
    """The kinds of entry that a digest by this algorithm can be; empty where there is none."""
    if algorithm in HASHED_LINK_KINDS:
        return (algorithm,)
    return (f"image_{algorithm}",) if algorithm in ALGORITHMS else ()


@dataclass
class Columns:
    """Values of records, those that can be of the same kinds together."""

    held: dict[tuple[str, ...], tuple[list[str], list[int]]] = field(default_factory=dict)

    def put(self, kinds: tuple[str, ...], value: str, record: int) -> None:
        """Take in a value of a record."""
        found = self.held.get(kinds)
        text, of = found or self.held.setdefault(kinds, ([], []))
        text.append(value)
        of.append(record)

    def all(self) -> list[Values]:
        """What was taken in."""
        return [Values(kinds, text, of) for kinds, (text, of) in self.held.items()]


def values_by_kinds(
    kinds: Sequence[tuple[str, ...]], at: Sequence[int], values: Sequence[str]
) -> list[Values]:
    """Values of records, of which each may be of `kinds[at[i]]`, those of the same together."""
    found: list[Values] = []
    for mine in dict.fromkeys(kinds):
        those = {k for k, some in enumerate(kinds) if some == mine}
        is_all = len(those) == len(kinds)
        of = range(len(values)) if is_all else [i for i, k in enumerate(at) if k in those]
        found.append(Values(mine, values if is_all else [values[i] for i in of], of))
    return found


def batch_of(records: Iterable[Record]) -> Batch:
    """Records in columns."""
    held = list(records)
    batch = Batch(len(held), ids=[r.record_id for r in held], traits=[r.trait() for r in held])
    columns = Columns()
    for i, record in enumerate(held):
        if fate := record.fate():
            batch.fates[i] = fate
        for algorithm, _, value in record.hashes:
            if kinds := kinds_of(algorithm):
                columns.put(kinds, value, i)
            else:
                batch.unusable[algorithm] += 1
        for link in record.links:
            columns.put(LINK_KINDS, link, i)
    batch.values = columns.all()
    return batch


# -- What reads records of a file ------------------------------------------------------------------


SAMPLE = 2000  # records by which a file may be refused, but never accepted


@dataclass(frozen=True)
class Sure:
    """The file is of this format."""


@dataclass(frozen=True)
class Maybe:
    """The file can be read so where no format is sure."""


EMPTY = "(empty)"
BETWEEN = " / "  # the names of a path, as of a field within another
OF_FILE = "title"  # what `--ignore` calls titles and lines in words that nobody here knows
OF_NAME = "file-name"  # and the file's name
OF_FOLDERS = "folders"  # and the folders in which files lie
OF_LINE = "remark"  # and notes beside entries of which nobody knows whether they take back

OF_NO_COLUMN = frozenset((OF_FILE, OF_NAME, OF_LINE, OF_FOLDERS))


def words_written(chosen: Iterable[str]) -> str:
    """Words as `--where` reads them: divided by commas, quoted where they hold one."""
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(sorted({word or EMPTY for word in chosen}))
    return out.getvalue()


@dataclass(frozen=True)
class Options:
    """What the curator says of how a delivery is to be read.

    `kind` fixes the kind of every entry. `columns` names columns by the kind that they hold,
    `ignore` what decides nothing, `where` the words of a column that choose its rows: a column
    is its name in the file or its number, from 1. `role` is `bad` or `good` where it was said.
    `partial` takes a file of which less than half can be used. `member` names what is read of an
    archive, or a sheet of a workbook: by its name, its number, from 1, or a pattern.
    """

    kind: str | None = None
    scope: str | None = None
    file_format: str | None = None
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ignore: frozenset[str] = frozenset()
    where: Mapping[str, frozenset[str]] = field(default_factory=dict)
    role: str | None = None
    partial: bool = False
    member: str | None = None

    def told(self) -> list[str]:
        """What of it changes what is read, in words: nothing where nothing was said."""
        said = [f"column {k}={','.join(v)}" for k, v in sorted(self.columns.items())]
        said += [f"ignore {x}" for x in sorted(self.ignore)]
        said += [f"where {k}={words_written(v)}" for k, v in sorted(self.where.items())]
        said += [f"member {self.member}"] * (self.member is not None)
        return said + [f"role {self.role}"] * bool(self.role) + ["partial"] * self.partial

    def columns_named(self) -> list[tuple[str, str]]:
        """Every column of which an option speaks, and that option."""
        said = [("column", name) for told in self.columns.values() for name in told]
        said += [("where", name) for name in self.where]
        return said + [("ignore", name) for name in sorted(self.ignore - OF_NO_COLUMN)]

    @property
    def is_good(self) -> bool:
        """Whether the list names what is known good."""
        return self.role == "good"

    def refuse_good(self, called: str) -> None:
        """Raise ListError where a list of what is bad, as it is `called`, is said to be of good."""
        if self.is_good:
            raise ListError(
                f"is {called}, which lists what is bad, and --role good is for what is known good: "
                "add it without --role good"
            )


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
    is_delta: bool = False  # it brings a list up to date

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
