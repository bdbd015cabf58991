"""What looks like entries in columns of a table that are none: asked for, never passed over."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from relaion.errors import ListError
from relaion.lists.readers import why
from relaion.lists.readers.tables.cells import Cells
from relaion.lists.readers.tables.columns import ListColumn
from relaion.lists.readers.tables.listed_columns import is_replaced
from relaion.lists.readers.tables.notes import read_text
from relaion.lists.readers.vocabulary import names
from relaion.lists.values import told_words
from relaion.paths import several

DIGEST = re.compile(
    r"[\[({<]?(?:0x|(?:urn:)?(?i:md5|sha-?1|sha-?256)(?:\s?[:=]|\s)\s?)?"
    r"(?:[0-9A-Fa-f]{32}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}"
    r"|[A-Z2-7]{26}(?:={6})?|[A-Z2-7]{32}|[A-Z2-7]{52}(?:={4})?"
    r"|[A-Za-z0-9+/]{22}==|[A-Za-z0-9+/]{27}=|[A-Za-z0-9+/]{43}=)"
    r"[\])}>]?[.,;]?"
)
# one that stands free in a text, or between others: no part of a path, a link or a longer word
_AMONG = re.compile(
    r"(?<![^\s,;|\"'\[({])(?:[0-9A-Fa-f]{64}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{32})(?![^\s,;|\"'\])}])"
)
_BETWEEN = re.compile(r"[\s,;|\"'\[\](){}]+")
_LINK = re.compile(r"\s*(?:https?|hxxps?)\S*://\S+\s*", re.I)
_BESIDE = frozenset((names.UNKNOWN, names.NOTE, names.CAPTION, *names.TRAITS))
_TEXTS = (names.UNKNOWN, names.NOTE, names.CAPTION)
_WORD = 20  # characters
_SHORTEST = 24  # characters of a digest: those of an MD5 in base64
_FEW = 20  # one value in so many is a stray one


@dataclass
class Strays:
    """What was seen of them in all rows so far, by column; `filled` counts cells that hold any."""

    columns: Sequence[ListColumn]
    hashes: Counter[int] = field(default_factory=Counter)
    among: Counter[int] = field(default_factory=Counter)  # cells with a digest beside other text
    links: Counter[int] = field(default_factory=Counter)
    filled: Counter[int] = field(default_factory=Counter)
    words: dict[int, Counter[str]] = field(default_factory=dict)  # in columns of entries

    def watch(self, cells: Cells) -> None:
        """Count what looks like entries in columns that are none, and what takes back in those."""
        entries = [c for c in self.columns if c.what == names.ENTRY]
        for c in entries if len(entries) > 1 else ():
            column = cells[c.index]
            is_long = min(map(len, column), default=0) > _WORD  # each, as of nearly all lists
            words = (v for v in column if 0 < len(v) <= _WORD and v.isalpha())
            for word, n in Counter(() if is_long else words).items():
                says = read_text(word, alone=True)
                if says and says.fate in (why.TAKEN_BACK, why.GOOD, why.DISPUTED):
                    self.words.setdefault(c.index, Counter())[says.word] += n
        for c in self.columns:
            is_watched = c.what in _BESIDE or c.what in (names.REFERENCE, names.FILE_NAME)
            if is_watched or is_replaced(c):
                column, each = cells[c.index], cells.each(c.index)
                self.filled[c.index] += len(column) - (column.count("") if "" in each else 0)
                if max(map(len, each), default=0) >= _SHORTEST:
                    long = [v for v in column if len(v) >= _SHORTEST]
                    others = [v for v in long if not DIGEST.fullmatch(v)]
                    texts = [v for v in others if c.what in _TEXTS and _AMONG.search(v)]
                    mixed = sum(not _are_digests(v) for v in texts)
                    self.hashes[c.index] += len(long) - len(others) + len(texts) - mixed
                    self.among[c.index] += mixed if c.what == names.UNKNOWN else 0
                if "://" in "".join(each):
                    some = (v for v in column if "://" in v)
                    self.links[c.index] += sum(1 for v in some if _LINK.fullmatch(v))

    def refuse(self, *, so_far: bool) -> None:
        """A column of digests under a name that says nothing is asked for.

        Of the beginning of a file (`so_far`) only one of which most cells are such.
        """
        for c in self.columns:
            if said := self.words.get(c.index):
                raise ListError(
                    f"column {c.told} holds in {several(said.total(), 'row')} no entry but words "
                    f"that take back ({told_words(said)}), and nobody here knows whether they take "
                    "the other entries of their rows back: leave those rows out in a copy, or the "
                    "words"
                )
            n, of = self.among[c.index], self.filled[c.index]
            if n * 2 > of:
                raise ListError(
                    f"column {c.told} holds hashes beside other text in {several(n, 'row')}, which "
                    "would be lost: perhaps columns are divided by another sign; give each value "
                    f"a column of its own in a copy, or say --ignore {c.index + 1}"
                )
            n = self.hashes[c.index]
            if c.what in _BESIDE and n and n * (2 if so_far else _FEW) > of:
                hashes, rows = several(n, "hash", "hashes"), several(of, "row")
                raise ListError(
                    f"column {c.told} holds {hashes} in {rows}"
                    f"{' at its beginning' if so_far else ''}, and its name does not say of what; "
                    f"say --column md5={c.index + 1} (or sha1, sha256), or --ignore {c.index + 1}"
                )

    def notices(self) -> list[str]:
        """The columns that hold some and were not read."""
        told = []
        for c in self.columns:
            if c.what in _BESIDE and (n := self.hashes[c.index]):
                told.append(
                    f"column {c.told} holds {several(n, 'hash', 'hashes')} among other values and "
                    "was not read; if they are listed, say "
                    f"--column md5={c.index + 1} (or sha1, sha256)"
                )
            n = 0 if is_replaced(c) else self.links[c.index]
            if n and n * _FEW > self.filled[c.index]:
                told.append(
                    f"column {c.told} holds {several(n, 'link')} and was not read, as links that "
                    f"only tell of the entries; if they are listed, say --column url={c.index + 1}"
                )
        return told


def _are_digests(text: str) -> bool:
    """Whether a text is digests, with signs between."""
    return all(DIGEST.fullmatch(piece) for piece in _BETWEEN.split(text) if piece)
