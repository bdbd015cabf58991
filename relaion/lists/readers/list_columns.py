"""The columns of a table in a partner's file, and how the table is laid out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from relaion.errors import ListError
from relaion.links.text import BLANK, trim
from relaion.lists.readers import names
from relaion.lists.readers.decisions import DecidingColumn
from relaion.lists.readers.format import Options
from relaion.lists.telling import told as say
from relaion.lists.values import shape
from relaion.roles import IMAGE_KINDS

MOST_COLUMNS = 64


@dataclass(frozen=True)
class ListColumn:
    """A column: its place, from 0, its name, what it is for, the kinds of its entries."""

    index: int
    name: str
    what: str
    kinds: tuple[str, ...] = ()
    word: str = ""
    is_said: bool = False
    is_weak: bool = False

    @property
    def told(self) -> str:
        """What messages call it."""
        return f"{self.index + 1} ({say(self.name)})" if self.name else str(self.index + 1)


@dataclass(frozen=True)
class ListLayout:
    """How to read a file. `width` is how many fields a row has; `header` their names, if any."""

    delimiter: str
    width: int
    header: tuple[str, ...] | None
    columns: tuple[ListColumn, ...]
    deciders: tuple[DecidingColumn, ...] = ()
    skip: int = 0  # rows before the header
    notices: tuple[str, ...] = ()

    @property
    def entries(self) -> tuple[ListColumn, ...]:
        """The columns that hold entries."""
        return tuple(c for c in self.columns if c.what == names.ENTRY)


@dataclass
class TableSample:
    """A sample cut by one delimiter."""

    delimiter: str
    rows: list[list[str]]
    comments: list[list[str]] = field(default_factory=list)
    header: int | None = None  # the row of names
    names: tuple[str, ...] | None = None

    @property
    def body(self) -> list[list[str]]:
        """The rows below the names."""
        return self.rows[self.header + 1 :] if self.header is not None else self.rows

    def width(self) -> tuple[int, int]:
        """The most frequent number of fields of the body, and of how many rows it is."""
        counts = Counter(map(len, self.body))
        return counts.most_common(1)[0] if counts else (0, 0)


def cleaned_name(cell: str) -> str:
    """A cell of a header without quotes and what nobody sees."""
    return trim(trim(cell, BLANK).strip("'\"`"), BLANK)


def refuse_wide(width: int) -> None:
    """Raise ListError for more columns than are read."""
    if width > MOST_COLUMNS:
        raise ListError(
            f"has {width} columns, of which {MOST_COLUMNS} can be read; export only those that "
            "hold entries and decide"
        )


def kinds_said(kind: str) -> tuple[str, ...]:
    """The kinds that `--column` names: `md5` is that of an image, `hash` any digest."""
    if kind in ("md5", "sha1", "sha256"):
        return (f"image_{kind}",)
    return IMAGE_KINDS if kind == "hash" else (kind,)


def refuse_nameless(
    columns: Sequence[ListColumn], body: Sequence[Sequence[str]], options: Options
) -> None:
    """Raise ListError where a table has names, and none that says where its entries are."""
    for c in columns:
        filled = [row[c.index] for row in body if c.index < len(row) and trim(row[c.index])]
        found = Counter(shape(value) for value in filled)
        found.pop(None, None)
        if not found or sum(found.values()) * 2 < len(filled):
            continue
        (looks, _), *_ = found.most_common()
        what = "links" if looks == "link" else f"{str(looks).upper()}s by their length"
        option = "url" if looks == "link" else looks
        if c.what in (names.OTHER, names.ID, names.REFERENCE):
            raise ListError(
                f"column {c.told} looks like {what}, but its name says otherwise ({say(c.word)}): "
                "such values are never entries, and there is no other column of entries"
            )
        raise ListError(
            f"column {c.told} looks like {what}, but its name does not say so; if they are the "
            f"entries, say --column {option}={c.index + 1}"
        )
    held = ", ".join(say(c.name, 30) for c in columns[:8])
    raise ListError(
        f"no column of links or hashes among its columns ({held}); name it with --column md5=NAME "
        "(or sha1, sha256, url, url_md5)"
    )
