"""The runs that a run goes on from: what it states of them, and the OUT of the one before.

An update goes on from a finished OUT, and what left there stays out, even where the entry that
named it was taken back since. Then lists alone do not tell which rows have to be gone; together
with the OUT before they do.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from relaion.errors import InputError, OutputError
from relaion.paths import no_folder, shown
from relaion.verifier.audit_tables import Cells, is_stated, read_audit
from relaion.verifier.file_checks import AUDIT
from relaion.verifier.manifest import (
    MANIFEST,
    FileLine,
    Statement,
    read_statement,
    why_stated,
)
from relaion.verifier.shape import check_shape
from relaion.verifier.task import OutputTask
from relaion.verifier.verdict import Notes, count

TAKEN_BACK = (
    "entries that a step before was matched with were taken back, so more rows may be gone than "
    "lists and rules name (--parent tells which)"
)
# what an update may be given otherwise than the run before: cover only grows
_MAY_DIFFER = frozenset({"cover", "cover_site_rows"})
_SAME = ("sql_version", "key_version", "scripts", "editions")


@dataclass(frozen=True)
class RunBefore:
    """The OUT that a run goes on from: where it lies, and what it states.

    `gone` are its inputs that the run has not, by SHA-256: they may have another name there.
    """

    out: Path
    statement: Statement
    gone: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def audit(self, notes: Notes) -> Cells | None:
        """The tables of its audit; None where that is gone, or not the one that it states."""
        if not is_stated(self.out, self.statement):
            if (self.out / AUDIT).exists():
                what = (
                    "is not the one that the manifest beside it states; nothing was held against it"
                )
                notes.find("6", f"{AUDIT} (parent)", what)
            return None
        return self._cells

    @cached_property
    def _cells(self) -> Cells | None:
        return read_audit(self.out, Notes())

    def was(self, key: tuple[str, str], source: FileLine) -> tuple[str, str] | None:
        """What this shard was called there; None where these bytes were none of its shards."""
        if key not in self.statement.inputs:
            key = self.gone.get(source.sha256, key)
        known = self.statement.inputs.get(key)
        return key if known is not None and known.sha256 == source.sha256 else None

    def outputs(self, subset: str, name: str, source: FileLine | None) -> dict[str, OutputTask]:
        """A shard of each edition there; none where it was made of another input."""
        was = None if source is None else self.was((subset, name), source)
        if was is None:
            return {}
        subset, name = was
        found = {}
        for edition in self.statement.editions:
            file = self.statement.outputs.get((edition.name, subset, name))
            if file is not None:
                where = f"{edition.name}/{subset}/{name}"
                task = OutputTask(edition, self.out / where, shown(f"{where} (parent)"), file)
                found[edition.name] = task
        return found


def read_before(parent: Path | None, statement: Statement, notes: Notes) -> RunBefore | None:
    """The OUT of the run before, where it is the one that the manifest states; else None.

    Raises InputError for what is no OUT at all.
    """
    if parent is None:
        return None
    if not parent.is_dir():
        raise InputError(f"{no_folder(parent)}; name the OUT before this one")
    try:
        found = read_statement(parent)
    except OutputError as e:
        raise InputError(f"{shown(parent)}: {e}; name the OUT before this one") from None
    if not statement.lineage:
        notes.find("6", MANIFEST, "states no run that it goes on from, but a parent was given")
        return None
    last = statement.lineage[-1]
    run = found.raw["run"]
    if run != last.run and any(step.run == run for step in statement.lineage):
        raise InputError(
            f"--parent {shown(parent)}: is an earlier step of this OUT, and not the one right "
            f"before it; name the OUT of run {shown(last.run)}"
        )
    if (run, found.sha256) != (last.run, last.manifest):
        what = (
            "the parent given is not the run that it goes on from, or was changed since; nothing "
            "was held against it"
        )
        notes.find("6", MANIFEST, what)
        return None
    if not check_shape(found, Notes()):
        notes.find("6", MANIFEST, "the run before has no manifest as clean writes one")
        return None
    inputs = found.inputs
    gone = {inputs[key].sha256: key for key in sorted(inputs) if key not in statement.inputs}
    return RunBefore(parent, found, gone)


def check_lineage(statement: Statement, before: RunBefore | None, notes: Notes) -> None:
    """Does the manifest state of its earlier steps what those stated of themselves?"""
    if not statement.lineage:
        return
    n = len(statement.lineage)
    notes.notice(
        f"this run goes on from {count(n, 'earlier step')}: whoever has the editions of both sees "
        "which rows left since; the times of the files tell which shards the last step wrote, so "
        "publish the files without their times"
    )
    heads = {i: x._replace(entries=()) for i, x in statement.known_lists.items()}
    for step in statement.lineage:
        if any(x._replace(entries=()) != heads[list_id] for list_id, x in step.lists.items()):
            notes.find("6", MANIFEST, "states a list otherwise than an earlier step had it")
    if before is None:
        notes.limit("6", "earlier steps were not compared: no parent to hold them against")
        return
    raw, theirs = statement.raw, before.statement.raw
    for what in _differences(raw, theirs):
        notes.find("6", MANIFEST, f"states other {what} than the run that it goes on from")
    if others := sorted(k for k, x in statement.inputs.items() if before.was(k, x) is None):
        notes.notice(_of_others(others, statement, before))
    is_open = raw["publishable"] and why_stated(raw) != "covered"
    if is_open and keeps_out(statement, before) and not theirs["publishable"]:
        notes.find("4", MANIFEST, "says that OUT may be published, but the run before may not")


def _of_others(keys: Sequence[tuple[str, str]], statement: Statement, before: RunBefore) -> str:
    """What is said of shards that the run before did not have, as they are now."""
    named = ", ".join("/".join(map(shown, key)) for key in keys[:3])
    more = f" and {len(keys) - 3:,} more" if keys[3:] else ""
    said = f"{named}{more}: new, or other than the parent had it"
    had, now = before.statement.inputs, {x.sha256 for x in statement.inputs.values()}
    is_lost = any(key in had for key in keys) or any(x.sha256 not in now for x in had.values())
    if is_lost and keeps_out(statement, before):
        said += (
            ", so rows may be here again that had left there for what was taken back since: beside "
            "the parent's edition this one shows them"
        )
    return said


def _differences(raw: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[str]:
    """What is not as it was in the run before."""
    *earlier, last = raw["lineage"]
    if earlier != theirs["lineage"]:
        yield "earlier steps"
    if any(last[name] != theirs[name] for name in ("finished", "lists")):
        yield "lists, or another time, of that run"
    yield from (name for name in _SAME if raw[name] != theirs[name])
    ours, old = (
        {k: v for k, v in x["parameters"].items() if k not in _MAY_DIFFER} for x in (raw, theirs)
    )
    if ours != old:
        yield "parameters"


def is_as_it_was(statement: Statement, before: Statement) -> bool:
    """Whether all that decides, but for lists and data, is as in the run before."""
    ours, theirs = statement.raw, before.raw
    return all(ours[name] == theirs[name] for name in (*_SAME, "parameters"))


def keeps_out(statement: Statement, before: RunBefore | None) -> bool:
    """Whether rows stay out that left before and that nothing may name any more."""
    if before is None:
        return statement.taken_back
    uncovered = before.statement.parameters.cover and not statement.parameters.cover
    fewer = Counter(before.statement.sidecars) - Counter(statement.sidecars)
    return statement.taken_back or bool(uncovered or fewer)


def check_steps(cells: Cells, statement: Statement, before: RunBefore | None, notes: Notes) -> None:
    """Hold the audit's table `steps` against the manifest, and against the parent's."""
    by_step: dict[int, list[tuple[Any, ...]]] = {}
    for line in cells["steps"]:
        number, *rest = line.values()
        by_step.setdefault(number, []).append(tuple(rest))
    n = len(statement.lineage) + 1
    if Counter(by_step.pop(n, ())) != Counter(_kept(statement)):
        notes.find("6", AUDIT, "table steps does not end with what this run kept")
    if sorted(by_step) != list(range(1, n)):
        notes.find("6", AUDIT, "table steps has other steps than the manifest states")
        return
    editions = {edition.name for edition in statement.editions}
    if not all(
        _can_be(by_step[number], step.run, editions)
        for number, step in enumerate(statement.lineage, 1)
    ):
        notes.find("6", AUDIT, "table steps has lines of earlier steps that cannot be so")
    if before is None:
        return
    if Counter(by_step[n - 1]) != Counter(_kept(before.statement)):
        notes.find("6", AUDIT, "table steps tells something else of the run before than that kept")
    theirs = before.audit(notes)
    ours = Counter((number, *line) for number, lines in by_step.items() for line in lines)
    if theirs is None:
        notes.limit("6", "steps before the last one were not compared: the parent has no audit")
    elif Counter(tuple(x.values()) for x in theirs["steps"]) != ours:
        notes.find("6", AUDIT, "table steps does not repeat the steps of the parent's audit")


def _can_be(lines: Iterable[tuple[Any, ...]], run: str, editions: Collection[str]) -> bool:
    """Whether a step can have kept so many: the rows in, alike for each edition, less the gone."""
    rows: dict[str, dict[str, int]] = {}
    for named, edition, subset, rows_in, removed, kept in lines:
        if named != run or removed + kept != rows_in:
            return False
        rows.setdefault(subset, {})[edition] = rows_in
    return all(set(x) == editions and len(set(x.values())) == 1 for x in rows.values())


def _kept(statement: Statement) -> list[tuple[Any, ...]]:
    """What a run kept, as its step tells it."""
    rows_in, kept = statement.sums()
    run = statement.raw["run"]
    return [(run, *key, rows_in[key[1]], rows_in[key[1]] - n, n) for key, n in kept.items()]
