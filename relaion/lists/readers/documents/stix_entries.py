"""Patterns of STIX as entries: digests of files, links, and under `--scope host` hosts.

A pattern names what is listed where each of its comparisons is enough by itself. What it says
beside that of the file, its name or its media type, tells whether it may be of an image.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain

from relaion.errors import ListError
from relaion.lists.readers import why
from relaion.lists.readers.documents.fields import Fields
from relaion.lists.readers.documents.stix_pattern import (
    Comparison,
    PatternError,
    compared,
    comparisons,
    plain_comparison,
    plain_comparisons,
)
from relaion.lists.readers.format import (
    LINK_KINDS,
    Batch,
    Columns,
    Maybe,
    Options,
    Stream,
    Sure,
    kinds_of,
    values_by_kinds,
)
from relaion.lists.readers.lines.content import content, first_lines
from relaion.lists.readers.tables.decisions import media_word, read_word
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.media import (
    are_plain_pictures,
    is_name_of_media,
    is_plain_picture,
    media_of_file,
)
from relaion.lists.values import told
from relaion.roles import IMAGE_KINDS

UNREADABLE = "a pattern that cannot be read"
_FILES = ("file", "artifact")
_HOSTS = ("domain-name", "ipv4-addr", "ipv6-addr")
_PROGRAMS = frozenset(("windows-pebinary-ext", "archive-ext", "pdf-ext"))


def kinds_at(comparison: Comparison) -> tuple[tuple[str, ...], str]:
    """The kinds of entry of what is compared, or the algorithm of a digest that can be none."""
    return _kinds_at(comparison.of, comparison.path)


@lru_cache(4096)
def _kinds_at(of: str, steps: tuple[str | int, ...]) -> tuple[tuple[str, ...], str]:
    of, path = of.casefold(), [str(step).casefold() for step in steps]
    if of in _FILES and len(path) == 2 and path[0] == "hashes":
        if path[1] == "*":
            return IMAGE_KINDS, ""
        kinds = kinds_of(names.squeezed(path[1]))
        is_of_image = bool(kinds) and kinds[0] in IMAGE_KINDS
        return (kinds, "") if is_of_image else ((), told(path[1]))
    if (path == ["value"] and of == "url") or (of == "artifact" and path == ["url"]):
        return LINK_KINDS, ""
    return (("host",) if of in _HOSTS and path == ["value"] else ()), ""


def media_in(found: Sequence[Comparison], beside: Sequence[str]) -> tuple[bool, str | None]:
    """Whether a pattern is of an image by its words, and why it is of something else.

    `beside` are names of the file that stand beside the pattern.
    """
    if not beside and all(_is_of_digest_or_link(c) for c in found):
        return False, None
    if not found and all(map(is_plain_picture, beside)):
        return True, None
    equal = [c for c in found if c.operator in ("=", "==", "IN") and c.of.casefold() in _FILES]
    at = [(c, [str(step).casefold() for step in c.path]) for c in equal]
    files = [v for c, path in at if path == ["name"] for v in c.values if v] or [*beside]
    types = [v for c, path in at if path == ["mime_type"] for v in c.values if v]
    parts = {str(c.path[1]).casefold() for c in found if c.path[0] == "extensions" and c.path[1:]}
    if any(is_name_of_media(f) and media_of_file(f) is None for f in files) or any(
        (says := media_word(t)) and says.media == "image" for t in types
    ):
        return True, None
    reason = next((reason for f in files if (reason := media_of_file(f))), None)
    reason = reason or next((w for t in types if (w := read_word(names.MEDIA, t).fate)), None)
    reason = reason or (None if _PROGRAMS.isdisjoint(parts) else why.NO_IMAGE)
    return "raster-image-ext" in parts, reason


def _is_of_digest_or_link(comparison: Comparison) -> bool:
    """Whether it says no more than a value: nothing of a name, a type or a part of a file."""
    return comparison.path[0] in ("hashes", "value")


_TEXT_OR_NAME = re.compile(r"""('[^'\\]*(?:\\.[^'\\]*)*')|(?<=\.)"([A-Za-z0-9_-]+)\"""", re.S)


def _comparisons(pattern: str) -> list[Comparison]:
    """The same of a pattern whose names may stand in double quotes, as some programs write them."""
    try:
        return comparisons(pattern)
    except PatternError:
        plain = _TEXT_OR_NAME.sub(lambda m: m[1] or f"'{m[2]}'", pattern)
        if plain == pattern:
            raise
        return comparisons(plain)


Held = tuple[tuple[str, ...], str]  # kinds and a value


def _values(comparison: Comparison) -> list[Held]:
    kinds, _ = kinds_at(comparison)
    return [(kinds, value) for value in comparison.values if value is not None and kinds]


@dataclass
class Patterns:
    """Patterns on their way into batches, and what was seen of all of them."""

    options: Options
    passed: Counter[str] = field(default_factory=Counter)  # comparisons beside those taken
    unsaid: int = 0  # digests of which nothing says that they are of an image

    def take_all(
        self, patterns: Sequence[str], beside: Sequence[Sequence[str]], batch: Batch,
        out: Collection[int],
    ) -> None:  # fmt: skip
        """Take in patterns as the records of a batch, but those that are `out`."""
        if not out and self._take_all_plain(patterns, beside, batch):
            return
        values = Columns()
        for i, (pattern, names_of) in enumerate(zip(patterns, beside, strict=True)):
            if i not in out:
                self.take(i, pattern, batch, values, names_of)
        batch.values = values.all()

    def _take_all_plain(
        self, patterns: Sequence[str], beside: Sequence[Sequence[str]], batch: Batch
    ) -> bool:
        """The same of plain ones beside plain names of pictures, as nearly all are; else false."""
        plain = plain_comparisons(patterns)
        if not plain or not are_plain_pictures(chain.from_iterable(beside)):
            return False
        where, values = plain
        kinds = {each: _kinds_at(*compared(each))[0] for each in dict.fromkeys(where)}
        if not all(kinds.values()):
            return False
        digests = {each for each, some in kinds.items() if some[0] in IMAGE_KINDS}
        unsaid = (i for i, each in enumerate(where) if each in digests and not beside[i])
        self.unsaid += sum(i not in batch.fates for i in unsaid)
        number = {each: k for k, each in enumerate(kinds)}
        at = [*map(number.__getitem__, where)]
        batch.values = values_by_kinds([*map(self._kinds, kinds.values())], at, values)
        return True

    def take(
        self, i: int, pattern: str, batch: Batch, values: Columns, beside: Sequence[str] = ()
    ) -> None:
        """Take in a pattern as record `i`: its values, or why it brings none."""
        if self._take_plain(i, pattern, batch, values, beside):
            return
        try:
            found = _comparisons(pattern)
        except PatternError:
            if i not in batch.fates:
                batch.fates[i] = UNREADABLE
                values.put(LINK_KINDS, pattern, i)
            return
        held, reasons = self._held(found, batch)
        if not held and i not in batch.fates:
            batch.fates[i] = next(iter(reasons), why.NO_ENTRY)
            held = [(k, v) for c in found if c.why for k, v in _values(c)]
        is_image, no_image = media_in(found, beside)
        digests = [(kinds, value) for kinds, value in held if kinds[0] in IMAGE_KINDS]
        if digests and no_image and len(held) == len(digests):
            batch.fates.setdefault(i, no_image)
        elif digests and no_image:
            held = [x for x in held if x not in digests]
            self.passed[no_image] += len(digests)
        if i not in batch.fates:
            self.passed.update(r for r in reasons if r != why.NO_ENTRY)
            self.unsaid += 0 if is_image or no_image else len(digests)
        for kinds, value in held:
            values.put(self._kinds(kinds), value, i)

    def _take_plain(
        self, i: int, pattern: str, batch: Batch, values: Columns, beside: Sequence[str]
    ) -> bool:
        """Take in a pattern that is one digest or link, as nearly all are; false for others."""
        plain = plain_comparison(pattern)
        kinds, _ = _kinds_at(*plain[:2]) if plain else ((), "")
        if not plain or not kinds:
            return False
        if kinds[0] in IMAGE_KINDS:
            is_image, no_image = media_in((), beside)
            if no_image:
                batch.fates.setdefault(i, no_image)
            self.unsaid += not is_image and i not in batch.fates
        values.put(self._kinds(kinds), plain[2], i)
        return True

    def _held(self, found: Sequence[Comparison], batch: Batch) -> tuple[list[Held], list[str]]:
        """The values that are listed, with their kinds; why others are not."""
        held: list[Held] = []
        reasons: list[str] = []
        for c in found:
            kinds, other = kinds_at(c)
            if other and c.is_enough:
                batch.unusable[other] += 1
            if c.why:
                reasons.append(why.PATTERNS[c.why])
            elif kinds == ("host",) and self.options.scope != "host":
                reasons.append(why.ONLY_HOST)
            elif some := _values(c):
                held += some
            else:
                reasons.append(why.NO_ENTRY)
        return held, reasons

    def _kinds(self, kinds: tuple[str, ...]) -> tuple[str, ...]:
        kind = self.options.kind
        is_said = kind is not None and kind not in kinds and kinds != ("host",)
        return (str(kind),) if is_said else kinds

    def notices(self) -> list[str]:
        """What the curator should know of them."""
        found = []
        if self.passed:
            said = ", ".join(f"{reason}: {n:,}" for reason, n in self.passed.most_common(10))
            found.append(f"parts of patterns that were not taken: {said}")
        if self.unsaid:
            found.append(
                f"nothing beside {self.unsaid:,} digests says of what they are (the name of a "
                "file, or a media type): taken as digests of images"
            )
        return found


# -- A text with a pattern a line ------------------------------------------------------------------


_LINES = 400


def are_patterns(head: str) -> bool:
    """Whether most lines of a text are patterns."""
    lines = [line for line in first_lines(head, _LINES) if line.lstrip().startswith(("[", "("))]
    n = 0
    for line in lines:
        try:
            n += bool(comparisons(line))
        except PatternError:
            continue
    return bool(n) and n * 2 > len(first_lines(head, _LINES))


@dataclass(frozen=True)
class StixPatterns:
    """A pattern a line. Nothing in it says which were revoked, or have expired: it is asked."""

    name: str = "stix-patterns"

    def sniff(self, head: str, file_name: str) -> Sure | Maybe | None:
        """Sure where most lines are patterns."""
        return Sure() if are_patterns(head) else None

    def read(self, stream: Stream, options: Options) -> Iterator[Batch]:
        """A record a line; raises ListError where nobody said that all of them are listed."""
        if options.file_format != self.name:
            raise ListError(
                "is a list of STIX patterns, which cannot say that one was revoked or has expired; "
                "ask the giver for the indicators as JSON, or say --format stix-patterns where all "
                "of them are listed"
            )
        Fields(options, {}, ())  # which refuses options that name one
        read = Patterns(options)
        for block in stream.blocks:
            lines = content(block.split("\n"))
            batch, values = Batch(len(lines)), Columns()
            for i, line in enumerate(lines):
                read.take(i, line.strip(), batch, values)
            batch.values = values.all()
            yield batch
        stream.notices.extend(read.notices())
