"""One check: what is stated, what was given, and the tasks that are made of it.

Whatever needs rows is a task of one shard with all its editions (`task.py`).
"""

import random
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import pyarrow as pa

from relaion.errors import InputError
from relaion.parquet.layout import Shard
from relaion.parquet.looked_at import NotLookedAt, is_of_sidecars, unread
from relaion.parquet.read_shard import group_shards, read_shard
from relaion.paths import ShardPath, shown
from relaion.remote.mirror import Mirror
from relaion.verifier.arguments import Given
from relaion.verifier.audit_tables import Cells
from relaion.verifier.counts import is_counted
from relaion.verifier.cover import CoverRows, covered_rows
from relaion.verifier.joined import joined_places
from relaion.verifier.lineage import RunBefore, keeps_out
from relaion.verifier.listable import Apply
from relaion.verifier.lookup import Begins, look_up
from relaion.verifier.made import Made
from relaion.verifier.manifest import MANIFEST, Statement
from relaion.verifier.model import Rules, StatedLists
from relaion.verifier.rows import Roles, Source, roles_of
from relaion.verifier.task import OutputTask, ShardReport, ShardTask
from relaion.verifier.verdict import Notes, count

SAMPLED = 10_000
"""Rows of a subset that the model is asked about whatever they hold; all where it has fewer."""


@dataclass(frozen=True)
class Job:
    """One check: what is stated, what was given, and who hears of its parts.

    Where OUT lies in a store, `mirror` brings its shards to `out` while they are looked at.
    """

    out: Path
    statement: Statement
    given: Given
    begins: Begins
    before: RunBefore | None
    mirror: Mirror | None = None

    @property
    def keeps_out(self) -> bool:
        """Whether rows stay out that left before and that nothing may name any more."""
        return keeps_out(self.statement, self.before)


def leave_out(
    job: Job,
    cells: Cells | None,
    reports: Sequence[ShardReport],
    left_out: Sequence[NotLookedAt],
    notes: Notes,
) -> None:
    """Say what was not looked at: by the inputs, or where they are missing as the audit has it."""
    stated = [
        NotLookedAt(r["subset"], r["role"], r["column_name"], r["reason"], r["n_values"])
        for r in (cells or {}).get("not_looked_at", ())
    ]
    if job.given.sources:
        counts: Counter[tuple[str, str, str]] = Counter()
        for report in reports:
            for (table, *key), n in report.counts.items():
                if table == "not_looked_at":
                    counts[shown(report.subset), key[0], key[1]] += n
        beside = job.given.sidecars and job.given.lists is not None
        told = [x for x in stated if is_of_sidecars(x) and not beside]
        stated = [*left_out, *unread(counts), *told]
    for found in stated:
        notes.leave_out(found.sentence)


def left_out_of(cells: Cells, left_out: Sequence[NotLookedAt], notes: Notes) -> None:
    """The same where values were counted by an earlier check, of which the audit tells."""
    for found in left_out:
        notes.leave_out(found.sentence)
    for r in cells["not_looked_at"]:
        if is_counted(r["reason"]):
            line = NotLookedAt(r["subset"], r["role"], r["column_name"], r["reason"], r["n_values"])
            notes.leave_out(line.sentence)


class Outputs(Mapping[tuple[str, str], Sequence[OutputTask]]):
    """The outputs of every shard, in the order of the editions; with roles where no input is.

    Those of a shard are made when they are asked for.
    """

    def __init__(self, job: Job) -> None:
        """Find which shards there are, and the roles of those without an input."""
        self._job = job
        editions = job.statement.editions
        self._keys = dict.fromkeys(
            (subset, shard)
            for edition in editions
            for name, subset, shard in job.statement.outputs
            if name == edition.name
        )
        self._roles: dict[Path, Roles] = {}
        alone = (key for key in self._keys if key not in job.given.sources)
        self._roles = roles_of_outputs([(key[0], o) for key in alone for o in self[key]], job)

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __getitem__(self, key: tuple[str, str]) -> Sequence[OutputTask]:
        found = []
        for edition in self._job.statement.editions:
            file = self._job.statement.outputs.get((edition.name, *key))
            if file is not None:
                where = "/".join((edition.name, *key))
                path = self._job.out / where
                found.append(OutputTask(edition, path, shown(where), file, self._roles.get(path)))
        return found


def roles_of_outputs(outputs: Iterable[tuple[str, OutputTask]], job: Job) -> dict[Path, Roles]:
    """Roles of the outputs that can be read; the others are found when they are checked."""
    overrides = job.statement.parameters.columns
    by_edition: dict[str, list[Shard]] = {}
    for subset, output in outputs:
        if not output.path.is_file():  # a pipe would be waited for
            continue
        with suppress(InputError):
            shard = read_shard(ShardPath(output.path, subset), overrides, needs_link=False)
            by_edition.setdefault(output.edition.name, []).append(shard)
    found: dict[Path, Roles] = {}
    for shards in by_edition.values():
        try:
            groups = group_shards(shards)
        except InputError:
            found |= {s.path: roles_of(s.layout) for s in shards}
        else:
            found |= {s.path: roles_of(g.layout) for g in groups for s in g.shards}
    return found


def sources_of(job: Job, outputs: Mapping[tuple[str, str], Sequence[OutputTask]]) -> list[Source]:
    """The shards to hold against the lists: inputs, or outputs where those are missing."""
    found = []
    for key, tasks in outputs.items():
        if key in job.given.sources:
            found.append(job.given.sources[key])
        else:
            found += [Source(t.path, t.roles) for t in tasks if t.roles is not None]
    return found


def known_of(job: Job, apply: Apply, sources: Sequence[Source], said: pa.Array) -> StatedLists:
    """What is listed, as far as these sources meet it; nothing where no lists were given."""
    given = job.given
    if given.lists is None:
        return StatedLists()
    return look_up(
        given.lists, sources, given.sidecars, job.statement.parameters, said, apply, job.begins
    )


def cover_of(
    job: Job,
    apply: Apply,
    sources: Sequence[Source],
    known: StatedLists,
    notes: Notes,
    others: Sequence[Source] = (),
) -> Mapping[Path, CoverRows]:
    """The rows that leave as cover, and whether as many sites are weak as is stated.

    Which of these share a listed image or link with another one is asked where all inputs, and
    the lists and sidecars of the run, are given.
    """
    places, parameters = job.given.places, job.statement.parameters
    if places is None:
        return {}
    rows, asked = covered_rows(
        places,
        sources,
        inner=parameters.inner,
        apply=apply,
        sidecars=job.given.sidecars,
        others=others,
    )
    seen = set().union(*(some for file in asked.values() for some in file.values()))
    weak = {site for site in seen & places.listed.keys() if places.listed[site] < parameters.cover}
    if job.given.exact and len(job.given.sources) == len(job.statement.inputs):
        wanted = frozenset().union(*(edition.labels for edition in job.statement.editions))
        joined = joined_places(
            asked,
            sources,
            places,
            known,
            [list_id for list_id, label in job.given.labels.items() if label in wanted],
            cover=parameters.cover,
            inner=parameters.inner,
            apply=apply,
            sidecars=job.given.sidecars,
        )
        weak |= joined
        if len(joined) > job.statement.raw["cover"]["joined"]:
            what = (
                "states fewer sites that share a listed image or link than its cover ledger tells"
            )
            notes.find("4", MANIFEST, what)
    if len(weak) > job.statement.raw["cover"]["weak"]:
        notes.find("4", MANIFEST, "states fewer weak sites than its cover ledger tells")
    return {path: dict(sorted(some.items())) for path, some in rows.items() if some}


def tell_cover(cells: Cells, statement: Statement, notes: Notes) -> None:
    """What cover costs each edition, as far as the audit tells it, and how many sites are weak."""
    if not statement.parameters.cover or statement.raw["cover"] is None:
        return
    rows = sum(statement.sums()[0].values())
    weak = count(statement.raw["cover"]["weak"], "listed site", "is")
    joined = statement.raw["cover"]["joined"]
    shares = "shares" if joined == 1 else "share"
    why = f": {joined:,} {shares} a listed image or link with another one" if joined else ""
    for edition in statement.editions:
        lines = [r for r in cells["removals"] if r["edition"] == edition.name]
        n = sum(r["gross"] for r in lines if r["reason_kind"] == "cover")
        cost = f"{count(n, 'row')} ({n / max(rows, 1):.2%}) of {edition.name} left as cover"
        notes.notice(f"{cost}; {weak} weak{why}")


def tasks_of(
    job: Job,
    known: StatedLists,
    outputs: Mapping[tuple[str, str], Sequence[OutputTask]],
    cover: Mapping[Path, CoverRows],
) -> Sequence[ShardTask]:
    """A task for each of these shards, made when it is asked for."""
    parameters = job.statement.parameters
    rules = Rules(
        parameters.unsafe_above,
        parameters.keyword_above,
        job.given.keywords,
        parameters.unscored == "drop",
    )
    sample = _sample(job, outputs)

    def task_of(key: tuple[str, str]) -> ShardTask:
        editions = outputs[key]
        source = job.given.sources.get(key)
        stated = job.statement.inputs.get(key)
        named = {o.edition.name: o.path for o in editions}
        named |= {} if source is None else {_INPUT: source.path}
        files = [*named.values()]
        return ShardTask(
            *key, source, stated, tuple(editions),
            job.given.labels, job.given.partners, job.given.received,
            known.only(*files), rules, job.given.exact,
            {file: sample[of, *key] for of, file in named.items() if (of, *key) in sample},
            {file: cover[file] for file in files if file in cover},
            {} if job.before is None else job.before.outputs(*key, stated),
            job.keeps_out, mirror=job.mirror,
        )  # fmt: skip

    return Made([*outputs], task_of)


_INPUT = ""  # in place of an edition


def _sample(
    job: Job, outputs: Mapping[tuple[str, str], Sequence[OutputTask]]
) -> dict[tuple[str, str, str], list[int]]:
    """Rows of every subset that the model is asked about although nothing asks for it.

    They hold the quick tests against the model: drawn from the run's name, so that a check is
    the same each time, of the inputs and of each edition. Rows of an edition are asked about
    where these are not just the input's. Told are they by edition, subset and name.
    """
    groups: dict[tuple[str, str], tuple[list[str], list[int]]] = {}
    for (subset, name), editions in outputs.items():
        rows = {o.edition.name: o.stated.rows for o in editions}
        if (subset, name) in job.given.sources:
            rows[_INPUT] = job.statement.inputs[subset, name].rows
        for of, n in rows.items():
            names, sizes = groups.setdefault((of, subset), ([], []))
            names.append(name)
            sizes.append(n)
    found: dict[tuple[str, str, str], list[int]] = {}
    for group, (names, sizes) in groups.items():
        ends = list(accumulate(sizes))
        draw = random.Random(f"{job.statement.raw['run']} {group}")  # noqa: S311 - no secret
        for number in sorted(draw.sample(range(ends[-1]), min(SAMPLED, ends[-1]))):
            at = bisect_right(ends, number)
            found.setdefault((*group, names[at]), []).append(number - (ends[at] - sizes[at]))
    return found
