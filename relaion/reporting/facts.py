"""The facts of a report: answers of the queries in `sql/queries`, and what the manifest states."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relaion.tabled import Tabled

if TYPE_CHECKING:
    from relaion.parquet.looked_at import NotLookedAt
    from relaion.run.coverage import Coverage

FORM = 1  # of the JSON: another number where a field means another thing


@dataclass(frozen=True)
class RunFacts:
    """Which run this is, when it was, and the versions of what did it.

    `started` and `finished` are ISO 8601 in UTC; `relaion`, `duckdb`, `pyarrow`, `sql_version` and
    `key_version` are the versions of the program, its engine, its writer, its scripts and its link
    keys.
    """

    run: str
    started: str
    finished: str
    relaion: str
    duckdb: str
    pyarrow: str
    sql_version: str
    key_version: int


@dataclass(frozen=True)
class EditionFacts:
    """An edition by `name`: which lists and rules it heeds, and the script that says so.

    `labels` are those of the lists. `parent` is the edition, or `original`, that it is a part of.
    `sha256` is that of the script, `builtin` whether it came with relaion.
    """

    name: str
    parent: str
    labels: tuple[str, ...]
    rules: tuple[str, ...]
    script: str
    sha256: str
    builtin: bool


@dataclass(frozen=True)
class SizeLine:
    """How many `shards`, `rows` and `bytes` of a subset: of the input where `edition` is None."""

    edition: str | None
    subset: str
    shards: int
    rows: int
    bytes: int


@dataclass(frozen=True)
class BalanceLine:
    """`rows_in` = `removed` + `kept` of one `edition`.

    `subset` is None for all subsets together.
    """

    edition: str
    subset: str | None
    rows_in: int
    removed: int
    kept: int


@dataclass(frozen=True)
class ProofLine:
    """Whether an edition has no more rows of a subset than its parent has.

    `kept` are the rows of the edition, `kept_by_parent` those of its parent; `holds` where there
    are no more.
    """

    edition: str
    parent: str
    subset: str
    kept: int
    kept_by_parent: int
    holds: bool


@dataclass(frozen=True)
class StepFacts:
    """What an edition kept after a step: 1 is the first clean, the last is this run.

    `rows_in` = `removed` + `kept`.
    """

    step: int
    run: str
    edition: str
    rows_in: int
    removed: int
    kept: int


@dataclass(frozen=True)
class ListFacts:
    """A delivery; `step` is the one that it was first matched in, `entries` are by kind.

    `list_id` is its number in the store; `source`, `title` (or None) and `label` are what was said
    of it. `role` is bad, or good for files known to be harmless. `received` is None where nobody
    said it.
    """

    list_id: int
    source: str
    title: str | None
    label: str
    received: str | None
    role: str
    step: int
    entries: dict[str, int]


@dataclass(frozen=True)
class ReceiptLine:
    """Rows that a delivery names by one kind, those new by it, and all so far in order of receipt.

    `gross` rows are named by the list `list_id`, `new_rows` of them by no earlier one,
    `rows_so_far` by it or an earlier one. `subset` is None for all together, and `small` for
    several of few rows.
    """

    subset: str | None
    list_id: int
    kind: str
    gross: int
    new_rows: int
    rows_so_far: int


@dataclass(frozen=True)
class HitLine:
    """Rows that the list `list_id` found by one kind and spelling, all subsets together.

    `gross` = `overlap` + `exclusive`. `kind` is None for rows that only carry a listed link; `form`
    is None where a kind has one spelling.
    """

    list_id: int
    kind: str | None
    form: str | None
    gross: int
    overlap: int
    exclusive: int


@dataclass(frozen=True)
class OnceLine:
    """Memberships, and the rows that they are: of `all` lists, a `source`, a `label`, `same_link`.

    `grouping` says of which of these, `name` is the source or label; `memberships` counts a row
    once for each list, `rows` once.
    """

    grouping: str
    name: str | None
    memberships: int
    rows: int


@dataclass(frozen=True)
class ReasonLine:
    """Rows that left an edition for one reason, and those that left for it alone.

    `gross` left for it, `exclusive` of them for nothing else. `reason_kind` is list, same_link,
    cover or rule; `list_id`, `label`, `kind` and `form` are those of the list, `rule` is the rule's
    name: each is None where the reason has none.
    """

    edition: str
    reason_kind: str
    list_id: int | None
    label: str | None
    kind: str | None
    form: str | None
    rule: str | None
    gross: int
    exclusive: int


@dataclass(frozen=True)
class GroupLine:
    """Rows that left an edition by the lists of a source or under a label, each counted once.

    `grouping` is source or label, `name` which; `gross` left for it, `exclusive` of them for
    nothing else.
    """

    edition: str
    grouping: str
    name: str
    gross: int
    exclusive: int


@dataclass(frozen=True)
class ScoreLine:
    """How many rows of all subsets have a score above one border and up to the next.

    Both are None for rows without a score; `above` is None below all borders, `up_to` above all.
    `unsafe` are those that the rule on the score alone names. No list has a part in these.
    """

    above: float | None
    up_to: float | None
    rows: int
    unsafe: int


@dataclass(frozen=True)
class PairLine:
    """How many rows the lists `list_id` and `other_id` both name: from `least` to `most`.

    All subsets together. Every two lists that name rows have a line. 0 to 9 stands for fewer
    than ten, or none. `most` is None where no more is told than `least`.
    """

    list_id: int
    other_id: int
    least: int
    most: int | None


@dataclass(frozen=True)
class CoverFacts:
    """What hides the listed rows: neutral sites, `per_site` of them asked for with each listed one.

    `site_rows` is how many rows a site may have, `release` which choice of the ledger it is, `weak`
    how many listed sites stand out: they lack neutral ones like them, or are `joined`, that is,
    share a listed image or link with another one, as too few neutral ones do.
    """

    per_site: int
    site_rows: int
    release: int
    weak: int
    joined: int


@dataclass(frozen=True)
class ScriptFacts:
    """A SQL script that decided: its `name`, and the `sha256` of its bytes."""

    name: str
    sha256: str


@dataclass(frozen=True)
class AuditReport(Tabled):
    """The audit of a finished run as a report has it: counts, never a row.

    Counts by list or rule put subsets of under 1,000 rows together as `small`, or leave them out:
    `few_rows` are these. `publishable` and `why` are those of the manifest. `editions` were written
    from `inputs` as `outputs`; `balance` is rows in, removed and kept, `proof` that each edition is
    a part of its parent. `lists` are the deliveries, `protocol` what each was first to find in
    order of receipt (`protocol_by_subset` apart), `hits` what each found, `counted_once` overlaps
    counted once, `removals` why rows left, `removal_groups` the same by source and label.
    `coverage` says how many rows could be looked at, `not_looked_at` what was left out. `cover` is
    None where there was none. `scores` and `overlaps` are None where the audit holds none. `steps`
    has a line for each step and edition. `parameters` are the settings that decide, `scripts` the
    SQL that did, `scripts_sha256` one digest over those of all scripts. `sidecars` is how many
    files of image hashes were searched. `withdrawn` are lists of earlier runs that the store had no
    more, by number. `written` are the files that `report` wrote, `notices` are
    for whoever asked, `form` is the version of these fields.
    """

    run: RunFacts
    publishable: bool
    why: str
    editions: tuple[EditionFacts, ...]
    inputs: tuple[SizeLine, ...]
    outputs: tuple[SizeLine, ...]
    balance: tuple[BalanceLine, ...]
    proof: tuple[ProofLine, ...]
    steps: tuple[StepFacts, ...]
    lists: tuple[ListFacts, ...]
    protocol: tuple[ReceiptLine, ...]
    protocol_by_subset: tuple[ReceiptLine, ...]
    hits: tuple[HitLine, ...]
    counted_once: tuple[OnceLine, ...]
    removals: tuple[ReasonLine, ...]
    removal_groups: tuple[GroupLine, ...]
    few_rows: tuple[str, ...]
    coverage: tuple[Coverage, ...]
    not_looked_at: tuple[NotLookedAt, ...]
    scores: tuple[ScoreLine, ...] | None
    overlaps: tuple[PairLine, ...] | None
    cover: CoverFacts | None
    sidecars: int
    parameters: dict[str, Any]
    scripts: tuple[ScriptFacts, ...]
    scripts_sha256: str
    withdrawn: tuple[int, ...] = ()
    written: tuple[Path, ...] = ()
    notices: tuple[str, ...] = ()
    form: int = field(default=FORM)

    @property
    def subsets(self) -> tuple[str, ...]:
        """The subsets that went in."""
        return tuple(line.subset for line in self.inputs)

    @property
    def rows_in(self) -> int:
        """Rows that went in."""
        return sum(line.rows for line in self.inputs)

    def rules_of(self, edition: EditionFacts) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The rules of an edition that were on in this run, and those that were off."""
        off = {
            "unscored": str(self.parameters["unscored"]) == "keep",
            "unsafe_keyword": self.parameters["keywords"] is None,
        }
        rules = edition.rules
        return tuple(x for x in rules if not off.get(x)), tuple(x for x in rules if off.get(x))

    def of_edition(self, name: str) -> BalanceLine:
        """The balance of an edition, all subsets together."""
        return next(x for x in self.balance if x.edition == name and x.subset is None)


def public_parameters(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings without what only their curator can read: of keywords there is only how many."""
    found = dict(settings)
    keywords = found.get("keywords")
    found["keywords"] = keywords["n"] if isinstance(keywords, Mapping) else None
    return found


def read_setting(text: str) -> Any:
    """A setting as the audit has it, which is JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return text
