"""What a run does not look at, in words that can stand in its verdict.

"Clean" is said of what was looked at. So whatever was not is gathered here: columns that were
refused or not taken, values that are no digest (of sidecars too), kinds of list and rules that
met no column in a subset, lists that no edition heeds, files beside the shards. A NULL is none
of these: it is coverage.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Protocol

from relaion.parquet.layout import Shard
from relaion.parquet.roles import Layout
from relaion.paths import shown
from relaion.roles import ROLES, WIDTHS

SCORE_RULES = frozenset({"unsafe", "unsafe_keyword", "unscored"})
KEYWORD_RULE = "unsafe_keyword"
NO_KEYWORDS = "no --keywords given, so the rule that needs them is off"
BY_BYTES = "links of more than 16 KiB: matched on their bytes only"
UNREAD = "values that are no"
_PARQUET = (b"PAR1", b"PARE")
BESIDE = "beside the shards, not cleaned"
# what is published of sidecars, which may be a partner's: neither their names nor their columns'
UNREAD_BESIDE = "values of sidecars that are no"
REFUSED_BESIDE = "columns of sidecars that are not used"
# role, column, how many
BesideLine = tuple[str, str, int]
Line = Sequence[str | int | None]


@dataclass(frozen=True)
class NotLookedAt:
    """Something that nothing was compared with: which column or files, and why.

    `subset` is None where it is of no subset. `role` is what a column looks like, or `files`,
    `keywords`, `lists`. `column` names the column or the files, if there are any. `values` is
    how many values, rows or files these are; None where they were not counted. `sidecar` is
    the file name of the sidecar whose column it is.
    """

    subset: str | None
    role: str
    column: str | None
    reason: str
    values: int | None
    sidecar: str | None = None

    @property
    def sentence(self) -> str:
        """One line for people; it holds names and counts, never a value."""
        where = f"subset {self.subset}: " if self.subset is not None else ""
        where += f"sidecar {self.sidecar}: " if self.sidecar is not None else ""
        if self.role == "files":
            return f"{where}{self.column or f'{self.values:,} files'} ({self.reason})"
        what = "" if self.column is None else f"column {self.column}: "
        many = "" if self.values is None else f"{self.values:,} "
        return f"{where}{what}{many}{self.reason}"


class Reached(Protocol):
    """What was given to a run, as far as it decides what is looked at."""

    @property
    def kinds(self) -> Collection[str]:
        """Kinds of the lists' entries."""

    @property
    def rules(self) -> Collection[str]:
        """Rules of the editions."""

    @property
    def beside(self) -> Collection[str]:
        """Image hashes that sidecars hold."""

    @property
    def has_keywords(self) -> bool:
        """Whether keywords were given."""

    @property
    def idle(self) -> Collection[str]:
        """Labels of lists that no edition removes."""


@dataclass(frozen=True)
class Asked:
    """`Reached` as plain values."""

    kinds: Collection[str]
    rules: Collection[str] = ()
    beside: Collection[str] = ()
    has_keywords: bool = False
    idle: Collection[str] = ()


def not_looked_at(
    shards: Sequence[Shard], asked: Reached, skipped: Iterable[Path] = ()
) -> tuple[NotLookedAt, ...]:
    """All that can be told before a value is read; `skipped` are paths that are no shards."""
    found: dict[NotLookedAt, None] = {}
    ordered = sorted(shards, key=lambda s: s.subset)
    for subset, members in groupby(ordered, key=lambda s: s.subset):
        found |= dict.fromkeys(_of_subset(shown(subset), list(members), asked))
    if KEYWORD_RULE in asked.rules and not asked.has_keywords:
        found[NotLookedAt(None, "keywords", None, NO_KEYWORDS, None)] = None
    for label in sorted(asked.idle):  # what they list stays in every edition
        why = f"lists labelled {shown(label)}: no edition heeds them, what only they name stays"
        found[NotLookedAt(None, "lists", None, why, None)] = None
    if files := beside_shards(skipped):
        found[NotLookedAt(None, "files", named(files), BESIDE, len(files))] = None
    return tuple(found)


def _of_subset(subset: str, shards: Sequence[Shard], asked: Reached) -> Iterator[NotLookedAt]:
    for shard in shards:
        for column in shard.layout.passed_over:
            yield NotLookedAt(subset, column.claimed or "", shown(column.name), column.why, None)
    for role in WIDTHS:
        rows = _rows_without(shards, role)
        if role in asked.kinds and role not in asked.beside and rows:
            of = f"{ROLES[role].algorithm}s"
            why = f"rows without a column or a sidecar of {of} to hold the lists against"
            yield NotLookedAt(subset, role, None, why, rows)
    rows = _rows_without(shards, "punsafe")
    if SCORE_RULES & set(asked.rules) and rows:
        why = "rows without a column of scores, which the rules on scores need"
        yield NotLookedAt(subset, "punsafe", None, why, rows)
    rows = _rows_without(shards, "text")
    if KEYWORD_RULE in asked.rules and asked.has_keywords and rows:
        why = "rows without a column of captions, which the rule on keywords needs"
        yield NotLookedAt(subset, "text", None, why, rows)


def _rows_without(shards: Sequence[Shard], role: str) -> int:
    return sum(shard.rows for shard in shards if role not in shard.layout.roles)


def beside_shards(skipped: Iterable[Path]) -> list[Path]:
    """Files and folders that were passed over and may hold data: no checksums, nothing hidden.

    But for what is hidden and holds rows all the same, as a shard does that is named `_x.parquet`:
    other programs read it.
    """
    return sorted(p for p in skipped if p.suffix != ".crc" and (not _is_hidden(p) or _has_rows(p)))


def _is_hidden(path: Path) -> bool:
    return path.name[:1] in ("", ".", "_")


def _has_rows(path: Path) -> bool:
    """Whether a file is a parquet file by name and first bytes, or a folder holds one."""
    try:
        if path.is_dir():
            # git-annex keeps there what the shards themselves link to
            return path.name != ".git" and any(_has_rows(p) for p in path.rglob("*") if p.is_file())
        if path.suffix.lower() != ".parquet":
            return False
        with path.open("rb") as f:
            return f.read(4) in _PARQUET
    except OSError:
        return False


def named(files: Sequence[Path]) -> str:
    """`00000.tar`, or `00000.tar and 41,999 more`."""
    more = len(files) - 1
    return shown(files[0].name) + (f" and {more:,} more" if more else "")


def unread(counts: Mapping[tuple[str, str, str], int]) -> tuple[NotLookedAt, ...]:
    """Values (subset, role, column) that are no digest, and links compared by bytes only."""
    return tuple(
        NotLookedAt(
            subset,
            role,
            name,
            BY_BYTES if role == "url" else f"{UNREAD} {ROLES[role].algorithm}",
            n,
        )
        for (subset, role, name), n in sorted(counts.items())
        if n
    )


def passed_over_beside(sidecar: str, layout: Layout) -> tuple[NotLookedAt, ...]:
    """Columns of a sidecar that look like a key or an image hash and are not used."""
    return tuple(
        NotLookedAt(None, c.claimed, shown(c.name), c.why, None, shown(sidecar))
        for c in layout.passed_over
        if c.claimed in ("url", "row_hash", *WIDTHS)
    )


def unread_beside(sidecar: str, lines: Iterable[BesideLine]) -> tuple[NotLookedAt, ...]:
    """Values of a sidecar that are no digest, by column."""
    return tuple(
        NotLookedAt(None, role, shown(name), f"{UNREAD} {ROLES[role].algorithm}", n, shown(sidecar))
        for role, name, n in sorted(lines)
        if n
    )


def is_of_sidecars(line: NotLookedAt) -> bool:
    """Whether a line as it was published tells of sidecars."""
    return line.reason.startswith((UNREAD_BESIDE, REFUSED_BESIDE))


def published(found: Iterable[NotLookedAt]) -> list[Line]:
    """What of it may be published: no names of files, and of sidecars sums alone."""
    lines: list[Line] = []
    values: Counter[str] = Counter()
    columns: dict[str, None] = {}
    for x in found:
        if x.sidecar is None:
            name = None if x.role == "files" else x.column
            lines.append((x.subset, x.role, name, x.reason, x.values))
        elif x.values is None:
            columns[x.role] = None
        else:
            values[x.role] += x.values
    lines += [(None, role, None, REFUSED_BESIDE, None) for role in columns]
    lines += [
        (None, r, None, f"{UNREAD_BESIDE} {ROLES[r].algorithm}", n) for r, n in values.items()
    ]
    return lines
