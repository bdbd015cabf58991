"""What is looked at: what rows can be matched by, and what a run does not look at."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import TypeAlias

from relaion.parquet.digests import ENCODINGS, NONE
from relaion.parquet.footer import MAGICS
from relaion.parquet.glossary import NO_COLUMN, bare_name, misfit
from relaion.parquet.layout import Shard
from relaion.parquet.roles import Column, Layout
from relaion.parquet.sights import TOO_LARGE
from relaion.paths import shown
from relaion.roles import ROLES, WIDTHS

# -- How many rows have a value in a column that plays a role: as footers state, else by reading --


@dataclass(frozen=True)
class RoleCoverage:
    """Rows of some shards that have a value for one role.

    `rows` are all rows, `present` those with a value that is neither NULL nor NaN. `nans`
    is None where NaN was not looked for: such rows then count as present. `counted` says
    how: `footers`, `reading`, or `footers and reading`; empty where there is no column.
    """

    role: str
    columns: tuple[str, ...]
    rows: int
    present: int
    nans: int | None
    counted: str


# `counted.count_rows`, here or in another process
Counting: TypeAlias = Callable[[Sequence[Shard], str], RoleCoverage]


# -- What rows can be matched by: which lists and rules find something to look at --------------

# what a lab wants to know, in this order: role, in words, the list kinds or rules it serves
_USES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("url", "link", ("url", "url_md5", "url_sha1", "url_sha256", "host", "url_prefix")),
    ("image_md5", "image MD5", ("image_md5",)),
    ("image_sha1", "image SHA-1", ("image_sha1",)),
    ("image_sha256", "image SHA-256", ("image_sha256",)),
    ("row_hash", "row hash", ("row_hash",)),
    ("punsafe", "rule on score", ("unsafe",)),
    ("text", "rule on keywords", ("unsafe_keyword",)),
)


@dataclass(frozen=True)
class Match:
    """Whether rows can be matched by one thing, for how many of them, and why not.

    `what` names it for people; `possible`: it can match at least one row. `kinds` are the list
    kinds, or the rule, that look at the column of `role`; `present` of `rows` have a value there,
    or one that is computed from link and caption (row hashes). `nans` are scores that are NaN and
    so none; None where they were not looked for. `counted` is Coverage's. `detail` says which
    column, or why none.
    """

    what: str
    role: str
    kinds: tuple[str, ...]
    possible: bool
    present: int
    rows: int
    nans: int | None
    counted: str
    detail: str


def uses(shards: Sequence[Shard], count: Counting) -> tuple[Match, ...]:
    """What the rows of some shards can be matched by, in a fixed order.

    Raises InputError for a column that has to be read and cannot be.
    """
    told = {role: count(shards, role) for role, _, _ in _USES}
    found = []
    for role, what, kinds in _USES:
        here, detail = told[role], _detail(told[role], shards)
        present = here.present
        if role == "row_hash" and (by := _computable(shards, told, count)):
            present += sum(by.values())
            detail = _computed(detail, " or ".join(sorted(by, reverse=True)))
        possible = present > 0
        if role == "text" and possible and not told["punsafe"].present:
            # the rule asks for a keyword and a score, so that captions alone meet nothing
            possible, detail = False, "no safety score, which the rule needs too"
        found.append(
            Match(what, role, kinds, possible, present, here.rows, here.nans, here.counted, detail)
        )
    return tuple(found)


def _computable(
    shards: Sequence[Shard], told: Mapping[str, RoleCoverage], count: Counting
) -> dict[str, int]:
    """Rows without a row hash of their own for which one is computed, by what of.

    No more than there are: which rows lack link, caption and hash at once is not counted.
    """
    alike: dict[tuple[bool, ...], list[Shard]] = {}
    for shard in shards:
        has = tuple(role in shard.layout.roles for role in ("url", "text", "row_hash"))
        alike.setdefault(has, []).append(shard)
    found: Counter[str] = Counter()
    for (link, caption, own), members in alike.items():
        roles = ["url"] * link + ["text"] * caption + ["row_hash"] * own
        counts = told if len(alike) == 1 else {role: count(members, role) for role in roles}
        sources = [counts[role].present for role in roles if role != "row_hash"]
        hashed = counts["row_hash"].present if own else 0
        if sources and max(sources) > hashed:
            what = "link and caption" if link and caption else "link" if link else "caption"
            found[what if link and caption else f"{what} alone"] += max(sources) - hashed
    return dict(found)


def _computed(detail: str, what: str) -> str:
    """How row hashes come about; a run computes them where one of its lists names row hashes."""
    how = f"computed from {what}, for lists of row hashes"
    if detail.startswith("column"):
        return f"{detail}; where it is missing {how}"
    return how if detail == NO_COLUMN else f"{how}; {detail}"


def _detail(here: RoleCoverage, shards: Sequence[Shard]) -> str:
    if not here.columns:
        return _why_none(here.role, shards)
    named = "column " + " or ".join(shown(name) for name in here.columns)
    looked_at = [c for s in shards for c in s.layout.playing(here.role) if c.role in WIDTHS]
    ways = {ENCODINGS[c.encoding or "hex"] for c in looked_at if c.encoding != NONE}
    bare = {c.why.partition("; ")[2] for c in looked_at if c.encoding == NONE}
    if here.rows and not here.present:
        named += ", without a value in any row"
    elif ways:
        named += " in " + " or ".join(sorted(ways))
    if bare:
        named += "; " + "; ".join(sorted(bare))
    if here.nans:
        named += f"; NaN, which is no score: {here.nans:,}"
    if here.nans is None:
        named += "; NaN, which is no score, was not looked for"
    return named


def _why_none(role: str, shards: Sequence[Shard]) -> str:
    """Why no column plays a role: there is none, or the one by that name was refused."""
    for shard in shards:
        for column in shard.layout.refused:
            if bare_name(column.name).lower() in ROLES[role].names and not _meant_otherwise(
                column, role
            ):
                return f"not by column {shown(column.name)}: {column.why}"
    return NO_COLUMN


def _meant_otherwise(column: Column, role: str) -> bool:
    """`hash` is LAION's row hash as a number, and an image hash as text or bytes."""
    is_number = bool(misfit("image_md5", column.type))
    return bare_name(column.name).lower() == "hash" and is_number is (role in WIDTHS)


# -- What a run does not look at, in words that can stand in its verdict -----------------------
# "Clean" is said of what was looked at. So whatever was not is gathered here: columns that were
# refused or not taken, values that are no digest (of sidecars too), kinds of list and rules that
# met no column in a subset, lists that no edition heeds, files beside the shards. A NULL is none
# of these: it is coverage.

SCORE_RULES = frozenset({"unsafe", "unsafe_keyword", "unscored"})
KEYWORD_RULE = "unsafe_keyword"
NO_KEYWORDS = "no --keywords given, so the rule that needs them is off"
BY_BYTES = "links of more than 16 KiB: matched on their bytes only"
UNREAD = "values that are no"
BESIDE = "beside the shards, not cleaned"
# what is published of sidecars, which may be a partner's: neither their names nor their columns'
UNREAD_BESIDE = "values of sidecars that are no"
REFUSED_BESIDE = "columns of sidecars that are not used"
# role, column, how many
BesideLine = tuple[str, str, int]
Line = Sequence[str | int | None]


@dataclass(frozen=True)
class NotLookedAt:
    """Something that nothing was compared with: which column or files, and the `reason`.

    `subset` is None where it is of no subset. `role` is what a column looks like, or `files`,
    `keywords`, `lists`. `column` names the column or the files, if there are any. `values` is how
    many values, rows or files these are; None where they were not counted. `sidecar` is the file
    name of the sidecar whose column it is.
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


@dataclass(frozen=True)
class Asked:
    """What was given to a run, as far as it decides what is looked at.

    `kinds` are those of the lists' entries, `rules` those of the editions, `beside` the image
    hashes that sidecars hold, `idle` the labels of lists that no edition removes. `unusable` counts
    digests of the lists that are compared with nothing, by algorithm.
    """

    kinds: Collection[str]
    rules: Collection[str] = ()
    beside: Collection[str] = ()
    has_keywords: bool = False
    idle: Collection[str] = ()
    unusable: Mapping[str, int] = field(default_factory=dict)


def not_looked_at(
    shards: Sequence[Shard], asked: Asked, skipped: Iterable[Path] = ()
) -> tuple[NotLookedAt, ...]:
    """All that can be told before a value is read; `skipped` are paths that are no shards."""
    found: dict[NotLookedAt, None] = {}
    ordered = sorted(shards, key=lambda s: s.subset)
    for subset, members in groupby(ordered, key=lambda s: s.subset):
        found |= dict.fromkeys(_of_subset(shown(subset), list(members), asked))
    if KEYWORD_RULE in asked.rules and not asked.has_keywords:
        found[NotLookedAt(None, "keywords", None, NO_KEYWORDS, None)] = None
    for label in sorted(asked.idle):  # what they list stays in every edition
        why = (
            f"lists labelled {shown(label)}: no edition uses them, so rows that only they name stay"
        )
        found[NotLookedAt(None, "lists", None, why, None)] = None
    for algorithm, n in sorted(asked.unusable.items()):
        why = f"{algorithm} digests of the lists, which nothing is compared with"
        found[NotLookedAt(None, "lists", None, why, n)] = None
    if files := beside_shards(skipped):
        found[NotLookedAt(None, "files", named(files), BESIDE, len(files))] = None
    return tuple(found)


def _of_subset(subset: str, shards: Sequence[Shard], asked: Asked) -> Iterator[NotLookedAt]:
    for shard in shards:
        for column in shard.layout.passed_over:
            yield NotLookedAt(subset, column.claimed or "", shown(column.name), column.why, None)
    wanted = {
        role: f"rows without a column or a sidecar of {ROLES[role].algorithm}s to hold the lists "
        "against"
        for role in WIDTHS
        if role in asked.kinds and role not in asked.beside
    }
    if SCORE_RULES & set(asked.rules):
        wanted["punsafe"] = "rows without a column of scores, which the rules on scores need"
    if KEYWORD_RULE in asked.rules and asked.has_keywords:
        wanted["text"] = "rows without a column of captions, which the rule on keywords needs"
    for role, why in wanted.items():
        if rows := sum(shard.rows for shard in shards if role not in shard.layout.roles):
            yield NotLookedAt(subset, role, None, why, rows)


_SOME_VALUES = "columns without a role, in which a look at some values found no link or digest"
_TOLD = 5  # of these columns


def looked_into(shards: Iterable[Shard]) -> tuple[str, ...]:
    """Notices that name columns without a role of which some values were looked at, or none.

    They may hold links and digests, by their types, and were not seen to: no more can be said.
    """
    layouts = {id(shard.layout): shard.layout for shard in shards}
    columns = [
        c
        for layout in layouts.values()
        for c in layout.columns
        if not (c.role or c.claimed) and ("string" in c.type or "binary" in c.type)
    ]
    told = []
    for what, is_large in ((_SOME_VALUES, False), (TOO_LARGE, True)):
        names = {shown(c.name): None for c in columns if is_large is (TOO_LARGE in c.why)}
        if names:
            more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
            told.append(f"{what}: {', '.join(list(names)[:_TOLD])}{more}")
    return tuple(told)


def beside_shards(skipped: Iterable[Path]) -> list[Path]:
    """Files and folders that were passed over and may hold data: no checksums, nothing hidden.

    Nor what `apply` says of a copy, where that holds no link. But what is hidden and holds rows all
    the same, as a shard does that is named `_x.parquet`: other programs read it.
    """
    return sorted(
        p for p in skipped
        if p.suffix != ".crc" and (not _is_hidden(p) or _has_rows(p)) and not _is_of_a_run(p)
    )  # fmt: skip


_OF_A_RUN = re.compile(r"manifest\.json|.+\.certificate\.json")
_SAYS_SO = re.compile(
    rb"\{\s*\"(?:certificate\"\s*:\s*[0-9]|relaion\"\s*:\s*\"[^\"]*\",\s*\"kind\"\s*:\s*\"apply\")"
)
_MAY_LINK = re.compile(rb"//|\\(?!u(?!00))|%|aHR0c", re.IGNORECASE)  # `apply` writes none of these


def _is_of_a_run(path: Path) -> bool:
    """Whether a file is the manifest or certificate of a copy that was cleaned, without a link."""
    if not _OF_A_RUN.fullmatch(path.name) or not path.is_file():
        return False
    try:
        with path.open("rb") as f:
            start = f.read(200)
            return bool(_SAYS_SO.match(start)) and not _MAY_LINK.search(start + f.read())
    except OSError:
        return False


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
            return f.read(4) in MAGICS
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
