"""One shard's check as plain values, so that it can run in any process; and its rows' fates."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from relaion.paths import Seal
from relaion.remote.mirror import Mirror
from relaion.verifier.manifest import EditionLine, FileLine
from relaion.verifier.model import Reason, Rules, StatedLists, list_reasons, rule_reasons
from relaion.verifier.rows import Roles, Rows, Source
from relaion.verifier.verdict import Notes

# -- every row of a batch decided on: quick tests choose the few that the model is asked about --

Reasons = dict[int, frozenset[Reason]]
"""By number of a row in its batch, why it is named; what nothing names is missing."""


def judge(rows: Rows, known: StatedLists, rules: Rules | None, chosen: Collection[int]) -> Reasons:
    """Why lists and rules (if any) name the rows.

    `chosen` are rows that are asked about in any case: those that hold an entry of a list
    (`StatedLists.rows_of`), and a sample.
    """
    asked = {*chosen, *_beside(rows, known)}
    for urls in rows.all("url"):
        asked.update(known.carriers.find(urls))
    found: Reasons = {}
    at = sorted(asked)
    for number, row in zip(at, rows.take(at).plain(), strict=True):
        ruled = rule_reasons(row, rules) if rules is not None else set()
        found[number] = frozenset(list_reasons(row, known) | ruled)
    if rules is not None:
        found |= {n: r for n, r in _ruled(rows, rules).items() if n not in asked}
    return {number: reasons for number, reasons in found.items() if reasons}


def _beside(rows: Rows, known: StatedLists) -> list[int]:
    """Rows that a sidecar names by row hash."""
    if not known.beside.hashes:
        return []
    named = pa.array(list(known.beside.hashes), pa.int64())
    found: list[int] = pc.indices_nonzero(pc.is_in(rows.hashes(), value_set=named)).to_pylist()
    return found


def _ruled(rows: Rows, rules: Rules) -> Reasons:
    """Why rules name the rows whose score asks for one.

    The model is asked about each row whose caption counts. Of those without a score, and of those
    above a border only, it is asked about one: what it says of that holds for all of them.
    """
    score = rows.first("punsafe", pa.float64())
    scored = pc.fill_null(pc.invert(pc.is_nan(score)), False)

    def above(border: float) -> pa.Array:
        return pc.and_(scored, pc.fill_null(pc.greater(score, pa.array([border])[0]), False))

    found: Reasons = {}
    read = above(rules.keyword_above) if rules.keywords is not None else mask_of(rows.n, ())
    unscored = pc.invert(scored) if rules.drop_unscored else mask_of(rows.n, ())
    for alike in (unscored, pc.and_not(above(rules.unsafe_above), read)):
        if at := pc.indices_nonzero(alike).to_pylist():
            reasons = frozenset(rule_reasons({"punsafe": score[at[0]].as_py()}, rules))
            found |= dict.fromkeys(at, reasons)
    left = pc.indices_nonzero(read).to_pylist()
    columns = {role: c for role, c in rows.columns.items() if role in ("punsafe", "text")}
    some = Rows(rows.n, columns).take(left)
    for number, row in zip(left, some.plain(), strict=True):
        found[number] = frozenset(rule_reasons(row, rules))
    return found


def mask_of(n: int, rows: Collection[int]) -> pa.Array:
    """A boolean array of n rows, true at the given ones."""
    flags = bytearray(n)
    for row in rows:
        flags[row] = 1
    return pc.cast(pa.Array.from_buffers(pa.uint8(), n, [None, pa.py_buffer(flags)]), pa.bool_())


# -- a shard with its editions -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OutputTask:
    """A shard of an edition: where it lies, and what the manifest states of it.

    `roles` is None where its footer cannot be read, and where its input is looked at instead.
    """

    edition: EditionLine
    path: Path
    where: str
    stated: FileLine
    roles: Roles | None = None


@dataclass(frozen=True)
class ShardTask:
    """A shard with all its editions.

    `source` is None where the inputs were not given. `stated` is what the manifest says of it.
    `exact`: lists and keywords are those of the run, so the model says what must remain.
    `labels`, `partners` (who sent them) and `received` (the day, empty for none) are those of the
    lists in `known`. `sample`: rows of these files, in order, that the model is asked about
    whatever they hold. `cover`: rows of these files, in order, that leave as cover, and for which
    labels. `before`: by edition, what the run before made of this very shard; with `keeps_out`,
    rows that it lacks need no other reason to be gone. `earlier`: the lists that the run before
    had, where what they alone name is counted, too, and not what rows have values for: that was
    counted then. `digested`: files whose digest this very run has taken, which is believed while
    nothing has touched them since. `mirror`: the outputs lie in a store, and are brought for as
    long as they are looked at.
    """

    subset: str
    name: str
    source: Source | None
    stated: FileLine | None
    outputs: tuple[OutputTask, ...]
    labels: Mapping[int, str]
    partners: Mapping[int, str]
    received: Mapping[int, str]
    known: StatedLists
    rules: Rules
    exact: bool
    sample: Mapping[Path, Sequence[int]] = field(default_factory=dict)
    cover: Mapping[Path, Mapping[int, frozenset[str]]] = field(default_factory=dict)
    before: Mapping[str, OutputTask] = field(default_factory=dict)
    keeps_out: bool = False
    earlier: frozenset[int] | None = None
    digested: Mapping[Path, Seal] = field(default_factory=dict)
    mirror: Mirror | None = None

    def as_before(self, named: Reasons) -> Reasons:
        """The same as if there were only the lists of the run before."""
        lists = {None, *(self.earlier or ())}
        some = ((row, {r for r in reasons if r.list_id in lists}) for row, reasons in named.items())
        return {row: frozenset(reasons) for row, reasons in some if reasons}

    def since(self, named: Reasons) -> list[int]:
        """The rows that a list names which the run before had not, in order."""
        lists = {None, *(self.earlier or ())}
        return sorted(row for row, found in named.items() if {r.list_id for r in found} - lists)

    @property
    def groups(self) -> int:
        """Row groups of the file whose rows are gone through; at least one."""
        return max(1, self.source.size[1]) if self.source is not None else 1

    def removes(self, edition: EditionLine, reason: Reason) -> bool:
        """Whether rows leave this edition for this reason."""
        if reason.list_id is not None:
            return self.labels.get(reason.list_id) in edition.labels
        if reason.reason_kind == "cover":
            return reason.rule in edition.labels
        return edition.modelled and reason.rule in edition.rules

    def judge(self, path: Path, first: int, rows: Rows) -> Reasons:
        """Why some rows of a file are named, from the row `first` on."""
        found = judge(rows, self.known, self.rules, self.chosen(path, first, rows.n))
        return self.with_cover(found, path, first, rows.n)

    def chosen(self, path: Path, first: int, n: int) -> list[int]:
        """Which of n rows of a file the model is asked about in any case."""
        sample = self.sample.get(path, ())
        at, end = (bisect_left(sample, number) for number in (first, first + n))
        return [number - first for number in sample[at:end]] + self.known.rows_of(path, first, n)

    def with_cover(self, found: Reasons, path: Path, first: int, n: int) -> Reasons:
        """Why they are named, with those that leave as cover."""
        cover = self.cover.get(path, {})
        for number in [row for row in cover if first <= row < first + n] if cover else ():
            reasons = found.get(number - first, frozenset())
            listed = {self.labels.get(r.list_id) for r in reasons if r.list_id is not None}
            covered = {Reason("cover", rule=label) for label in cover[number] - listed}
            if reasons | covered:
                found[number - first] = reasons | covered
        return found

    def is_exact(self, edition: EditionLine) -> bool:
        """Whether the model knows which rows of this edition must remain."""
        return self.exact and edition.modelled


@dataclass
class ShardReport:
    """What the check of one shard found, and what it counted for the audit.

    `counts` holds the audit's numbers (`counts.py`), `kept` the rows by edition; editions
    that the model does not know are missing. `counts_before` and `kept_before` are the same by
    the lists of the run before alone, where that was asked for.
    `rows` is None where the input was not read. `suspects` are outputs whose rows are not
    those expected: they may hold what no input holds.
    """

    subset: str
    notes: Notes = field(default_factory=Notes)
    rows: int | None = None
    counts: Counter[tuple[Any, ...]] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    counts_before: Counter[tuple[Any, ...]] = field(default_factory=Counter)
    kept_before: Counter[str] = field(default_factory=Counter)
    links: set[str] = field(default_factory=set)
    suspects: list[OutputTask] = field(default_factory=list)


def gone(task: ShardTask, edition: EditionLine, named: Reasons, n: int) -> pa.Array:
    """Mask of the rows of a batch of n that leave an edition."""
    removes = partial(task.removes, edition)
    leaving = {reasons for reasons in {*named.values()} if any(map(removes, reasons))}  # of few
    return mask_of(n, [row for row, reasons in named.items() if reasons in leaving])


def survivors(
    task: ShardTask, edition: EditionLine, named: Reasons, kept: pa.Array | None = None
) -> Counter[str]:
    """How many of these rows (or of the kept ones) should not be in an edition, and why."""
    found: Counter[str] = Counter()
    for row, reasons in named.items():
        if kept is None or kept[row].as_py():
            found.update({reason_words(r) for r in reasons if task.removes(edition, r)})
    return found


def reason_words(reason: Reason) -> str:
    """A reason as a finding says it after `1 kept row`: without list, row or value."""
    if reason.reason_kind == "list":
        return f"listed ({reason.kind})"
    if reason.reason_kind == "same_link":
        return "found under the link of a listed row (same_link)"
    if reason.reason_kind == "cover":
        return "cover, as the ledger has it"
    return f"one that the rule {reason.rule} names"
