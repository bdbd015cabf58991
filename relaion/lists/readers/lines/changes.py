"""Lists of changes: what was added and what was taken out, by signs or as `diff` prints it.

A diff may be unified (`+`, `-`), plain (`>`, `<` below `2,3c4`) or of contexts (`!` in the old part
and in the new one). In each, lines without a sign are still there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from relaion.errors import ListError
from relaion.lists.readers import why
from relaion.lists.readers.format import ANY, Batch, Maybe, Options, Stream, Sure, Values
from relaion.lists.readers.lines.checksums import SUM
from relaion.lists.readers.lines.content import content, first_lines
from relaion.lists.readers.vocabulary.media import media_of_file
from relaion.lists.values import shape

CHANGES = "changes"

_SIGNED = re.compile(r"\"?([+~!–—−-])\"?\s*[,;|]?\s*(\S.*?)\s*")
# a long list may begin with what was added alone
_OF_CHANGES = ({"+"}, *({"+", minus} for minus in "-–—−"))
_ARROW = re.compile(r"([<>])[ \t]+(\S.*?)\s*(?<!>)")
_PROSE = re.compile(r"\w \w+ \w")  # a sentence may hold commas
_UNIFIED = re.compile(r"@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@.*")
_PLAIN = re.compile(r"\d{1,9}(?:,\d{1,9})?[acd]\d{1,9}(?:,\d{1,9})?")  # a digest is longer
_CONTEXT = re.compile(r"\*{15}.*")
_OLD_PART = re.compile(r"\*\*\* \d+(?:,\d+)? \*\*\*\*")
_NEW_PART = re.compile(r"--- \d+(?:,\d+)? ----")
_FILES = re.compile(
    r"(?:---|\+\+\+|\*\*\*) \S.*|diff .*|index [0-9a-f.]+.*|\\ No newline.*|Index: .*|=+"
)


_MOST_TITLES = 10


def _titles(lines: Sequence[str]) -> int:
    """How many lines stand above the first change: titles, and names of two columns at most."""
    for n, line in enumerate(lines[: _MOST_TITLES + 1]):
        if _SIGNED.fullmatch(line):
            return n
        is_wide = len(re.findall(r"[,;|\t]", line)) > 1
        if (is_wide and not _PROSE.search(line)) or any(map(shape, re.split(r"[\s,;|]+", line))):
            return 0
    return 0


def _refuse_tildes(lines: Sequence[str]) -> None:
    """Raise ListError where a tilde may say that a value changed: minus signs take back."""
    signs = {found[1] for line in lines if (found := _SIGNED.fullmatch(line))}
    if "~" in signs and signs & {*"-–—−"}:
        raise ListError(
            "tildes and minus signs stand before its entries, and a tilde may say that one was "
            "changed: write + or - instead in a copy"
        )


def _kind_of_diff(lines: Sequence[str]) -> str:
    """`unified`, `plain` or `context` for what `diff` prints; else nothing."""
    if any(map(_UNIFIED.fullmatch, lines)) and any(line.startswith("--- ") for line in lines):
        return "unified"
    if any(map(_CONTEXT.fullmatch, lines)) and any(map(_OLD_PART.fullmatch, lines)):
        return "context"
    arrows = [line for line in lines if _ARROW.fullmatch(line)]
    if arrows and any(map(_PLAIN.fullmatch, lines)):
        return "plain"
    # the same without its numbers, as `diff | grep` leaves it
    is_arrows = len(arrows) == len(lines) and any(line.startswith("<") for line in arrows)
    return "plain" if is_arrows else ""


@dataclass(frozen=True)
class Changes:
    """What was added and what was taken out; in a diff, lines without a sign are still there."""

    name: str = CHANGES

    def sniff(self, head: str, file_name: str) -> Sure | Maybe | None:
        """Sure for a diff, and where both signs, or plus signs alone, stand before digests."""
        lines = first_lines(head, 2000)
        if _kind_of_diff(lines):
            return Sure()
        lines = lines[_titles(lines) :]
        signed = [found for line in lines if (found := _SIGNED.fullmatch(line))]
        if len(signed) < len(lines) or {found[1] for found in signed} not in _OF_CHANGES:
            return None
        n = sum(shape(found[2]) not in (None, "link") for found in signed)
        return Sure() if n * 2 > len(signed) else None

    def read(self, stream: Stream, options: Options) -> Iterator[Batch]:
        """Each line as a record; one that was taken out takes its value back."""
        head = content(stream.lines_of_head())
        reading = _ReadingChanges(_kind_of_diff(head))
        if reading.kind != "context":
            _refuse_tildes(head)
        stream.is_named = any(not line.startswith("+") for line in head)  # as of any plain list
        kinds = (options.kind,) if options.kind else ANY
        is_first = True
        for block in stream.blocks:
            batch = Batch(0)
            values: list[str] = []
            lines = content(block.split("\n"))
            above = _titles(lines) if is_first and not reading.kind else 0
            is_first = is_first and not lines
            for line in lines[above:]:
                if (found := reading.line(line)) is None:
                    continue
                value, fate = found
                if fate:
                    batch.fates[len(values)] = fate
                values.append(value)
            batch.n, batch.values = len(values), (Values(kinds, values),)
            yield batch
        reading.refuse_rows()


@dataclass
class _ReadingChanges:
    """A list of changes on its way; `kind` is that of a diff, empty where lines have signs."""

    kind: str
    is_old: bool = False  # within the old part of a context
    n: int = 0
    rows: int = 0  # rows of several fields, which nobody here can read without their names

    def line(self, line: str) -> tuple[str, str | None] | None:
        """The value of a line, and why it brings no entry; None for a line of diff's own."""
        if self.kind == "context" and (_OLD_PART.fullmatch(line) or _NEW_PART.fullmatch(line)):
            self.is_old = line.startswith("*")
            return None
        if self.kind and any(p.fullmatch(line) for p in (_UNIFIED, _FILES, _CONTEXT, _PLAIN)):
            return None
        if self.kind == "plain" and line.strip() == "---":
            return None
        found = (_ARROW if self.kind == "plain" else _SIGNED).fullmatch(line)
        sign, text = (found[1], found[2]) if found else ("", line.strip())
        is_gone = sign == "<" or (sign not in ("", "+", ">") and not self._is_new(sign))
        self.n += 1
        if named := SUM.fullmatch(text):  # as md5sum prints them
            return named[1], why.TAKEN_BACK if is_gone else media_of_file(named[2])
        pieces = [piece for piece in re.split(r"[,;|\t]", text) if piece.strip()]
        self.rows += len(pieces) > 1 and shape(text) is None and any(map(shape, pieces))
        return text, why.TAKEN_BACK if is_gone else None

    def _is_new(self, sign: str) -> bool:
        return self.kind == "context" and sign == "!" and not self.is_old

    def refuse_rows(self) -> None:
        """Raise ListError for a diff of a table: the names of its columns may say what counts."""
        if self.kind and self.rows * 2 > self.n:
            raise ListError(
                "is a diff of a table, of which nobody here can tell the columns; add the new "
                "table itself, with --update ID --full"
            )


# -- Changes of which nobody can tell what is old --------------------------------------------------

_HEX = r"[0-9A-Fa-f]{32}(?:[0-9A-Fa-f]{8}|[0-9A-Fa-f]{32})?"
# each run of blanks is tried once, from its begin: a line may be of nothing else
_BESIDE = re.compile(r"\S(?:.*?\S)??\s++[|<].*|\s{9,}+>\s+\S.*|\t\s*+>\s+\S.*")
_COMM = re.compile(rf"(\t*)(?:{_HEX}|\w+://\S+)\s*")
_EDIT = re.compile(r"\d{1,9}(?:,\d{1,9})?[acd]|[ad]\d{1,9} \d{1,9}")


def unreadable_changes(head: str, _: str) -> str | None:
    """What changes are called that cannot be read as such; None for any other text."""
    lines = first_lines(head, 400)
    if not lines:
        return None
    beside = [found[0] for line in lines if (found := _BESIDE.fullmatch(line))]
    signs = {sign for line in beside for sign in re.findall(r"\s([<>|])(?:\s|$)", line)}
    if len(signs) > 1 and _are_changes(lines):
        return "what diff --side-by-side prints"
    columns = [found[1] for line in lines if (found := _COMM.fullmatch(line))]
    told = [line.strip() for line in lines]  # comm takes sorted files, and gives sorted lines
    is_sorted = len(told) > 2 and told == sorted(set(told), key=str.lower)
    if len(columns) == len(lines) and len({*columns}) > 1 and is_sorted:
        return "what comm prints, whose first column was taken out"
    edits = sum(_EDIT.fullmatch(line.strip()) is not None for line in lines)
    ends = sum(line.strip() in (".", "w", "q") for line in lines)
    is_script = edits and edits + ends > 1 and not any(x.startswith(("<", ">")) for x in lines)
    return "a script of changes, as diff -e or -n prints it" if is_script else None


def _are_changes(lines: Sequence[str]) -> bool:
    """Whether nearly all lines are two values, or one with a sign of what became of it."""
    n = sum(len(re.findall(_HEX, line)) in (1, 2) or "://" in line for line in lines)
    return n * 10 >= len(lines) * 9
