"""What a finished run tells, all of it public: the tables of audit.duckdb, and manifest.json.

The audit holds counts, summed over shards by `60_audit` in the process that writes the file; the
manifest, written last, says what went in, what decided and what came out.
"""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from relaion.errors import OutputError
from relaion.parquet.looked_at import NotLookedAt, published
from relaion.paths import atomic_write, file_sha256, several, shown
from relaion.run.cover import Covered
from relaion.run.coverage import Coverage
from relaion.run.outputs import APPLY, MANIFEST, manifest_at
from relaion.run.pool import Caller
from relaion.run.settings import Plan
from relaion.run.tasks import Report, Reports

Rows = Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Earlier:
    """What an update carries on of the run before it.

    `audit` is its file, `steps` the lines of the table of that name there. `counted_anew`: this run
    counted every shard; else its counts are changes. `held` are the lists in the store now.
    `is_listed`: lists removed rows by then.
    """

    audit: Path
    steps: Rows
    counted_anew: bool
    held: tuple[int, ...]
    is_listed: bool


@dataclass(frozen=True)
class FinishedRun:
    """What a finished run knows: its plan, the report of each shard, and coverage.

    `not_looked_at` is what nothing was compared with. `sidecars` are lines of the manifest:
    name, rows, bytes, sha256. `is_hit`: the lists found a row at all; `cover` is what hides these.
    `brings_back`: entries were taken back since an earlier clean may have heeded them.
    """

    plan: Plan
    reports: Reports
    coverage: Sequence[Coverage]
    not_looked_at: Sequence[NotLookedAt]
    sidecars: Sequence[Mapping[str, Any]] = ()
    is_hit: bool = True
    cover: Covered | None = None
    earlier: Earlier | None = None
    brings_back: bool = False


def lines_of(found: FinishedRun) -> Iterator[tuple[Mapping[str, Any], Report]]:
    """Subset, name, rows and bytes of each shard, and its report, in order of number."""
    for no, report in found.reports.items():
        yield found.plan.inputs[no], report


def write_audit(caller: Caller, path: Path, found: FinishedRun, work: Path) -> "tuple[str, Told]":
    """Write audit.duckdb whole or not at all, from the reports and the counts in `work`.

    Its folder is flushed with the manifest, which follows. Returns its SHA-256, which the manifest
    states, and what is told of it.
    """
    made, told = caller.call("relaion.run.audit_file:make_audit", work, found)
    with atomic_write(path, folder=False) as part:
        shutil.copyfile(made, part)
        return file_sha256(part), told


def few_lines(found: FinishedRun) -> dict[str, Rows]:
    """The tables of the audit that have no line for each shard."""
    plan = found.plan
    run = {"run": plan.run_id, "sql_version": plan.sql_version, **plan.versions}
    of_list = ("list_id", "source", "title", "label", "received", "digest")
    return {
        "found_run": list(run.items()),
        "found_parameters": [[k, json.dumps(v)] for k, v in plan.parameters.items()],
        "found_scripts": [[s["name"], s["sha256"]] for s in plan.scripts],
        "found_lists": [  # a line for each kind of entry
            [*(x[name] for name in of_list), kind, n, x["role"], step]
            for x, step in lists_of(plan)
            for kind, n in x["entries"].items()
        ],
        "found_steps": [] if found.earlier is None else found.earlier.steps,
        "found_coverage": [
            [shown(c.subset), c.role, c.via, c.rows, c.covered, c.estimated, c.sampled]
            for c in found.coverage
        ],
        "found_not_looked_at": published(found.not_looked_at),
    }


def lists_of(plan: Plan) -> list[tuple[Mapping[str, Any], int]]:
    """Every list that this run or one before it was matched with; and in which step first.

    A list that was taken back since is told as it was when it was last there.
    """
    held: dict[int, tuple[Mapping[str, Any], int]] = {}
    for step, lists in enumerate([*(s["lists"] for s in plan.lineage), plan.lists], 1):
        for x in lists:
            _, first = held.get(x["list_id"], (x, step))
            held[x["list_id"]] = (x, first)
    return [held[list_id] for list_id in sorted(held)]


@dataclass(frozen=True)
class Removal:
    """Rows of one subset that left an edition for one reason, as the public audit tells them.

    `subset` is `small` for several of few rows. `reason_kind` is list, same_link, cover or rule;
    `list_id`, `source`, `title`, `label`, `kind` and `form` are those of the list, `rule` is the
    rule's name: each is None where the reason has none. `gross` rows left for it, `exclusive` of
    them for nothing else.
    """

    edition: str
    subset: str
    reason_kind: str
    list_id: int | None
    source: str | None
    title: str | None
    label: str | None
    kind: str | None
    form: str | None
    rule: str | None
    gross: int
    exclusive: int


class Told(NamedTuple):
    """What an OUT's audit tells of a run: why rows left, what could be matched, what was not."""

    removals: tuple[Removal, ...]
    coverage: tuple[Coverage, ...]
    not_looked_at: tuple[NotLookedAt, ...]


class Carried(NamedTuple):
    """What an update carries on of the audit before: lines of its table `steps`, and what it told.

    `files` are its inputs, which have no edition, and its outputs: edition, subset, shard, rows,
    bytes, SHA-256.
    """

    steps: Rows
    files: Rows
    told: Told


# -- manifest.json ----------------------------------------------------------------------------

NOT_PUBLISHABLE = (
    "there is no cover: whoever has the old metadata can subtract this edition from it and find "
    "the listed rows among the few that no public rule explains"
)


WEAK = (
    "some sites with a listed row lack neutral ones like them (`cover` of manifest.json says how "
    "many), so the difference to the old metadata points at these"
)
JOINED = (
    "some sites with a listed row share a listed image or link with another one (`cover` of "
    "manifest.json says how many): they are gone whole together, and too few neutral ones that "
    "share something are, so the difference to the old metadata points at these"
)
COVERED = (
    "neutral sites left with every site that has a listed row, and whatever shares a link or "
    "an image with them, so the difference to the old metadata does not tell which were listed; "
    "that rests on the cover ledger and the curator key staying secret, on no edition of these "
    "rows without this cover being out, and on readers who do not know already which sites are "
    "bad; count on no more than half of what `cover` asked for"
)
BROUGHT_BACK = (
    "entries of the list store were withdrawn or taken back, so beside an edition that was made "
    "with them this one shows the rows that they named; an update of that edition keeps these out"
)
PUBLISHABLE = "no list removed a row, so the difference to the old metadata shows none"


def _why_covered(cover: "Covered") -> str:
    """For or against an edition with cover: what its listed sites lack, if anything."""
    lack = [WEAK] if cover.weak > cover.joined else []
    return "; ".join([*lack, *([JOINED] if cover.joined else [])]) or COVERED


def _list_removed(found: FinishedRun, report: Report) -> bool:
    """Whether a row of a shard left by way of a list, or may have.

    What an own script's reasons mean is not known.
    """
    own = [e["name"] for e in found.plan.editions if not e["builtin"]]
    return (found.is_hit and any(report.outputs[name].rows < report.rows for name in own)) or any(
        gross and kind != "rule" for _, kind, *_, gross, _exclusive in report.tally
    )


def build(found: FinishedRun, started: str, finished: str, audit: str) -> dict[str, Any]:
    """The manifest as one JSON object, lines of shards to be made when it is written.

    Times are ISO 8601 in UTC, `audit` is that file's SHA-256.

    An edition may be published where no list removed a row of it, or where all are covered.
    """
    plan, cover = found.plan, found.cover
    names = [e["name"] for e in plan.editions]
    rows_in: Counter[str] = Counter()
    rows_out: dict[str, Counter[str]] = {name: Counter() for name in names}
    lists_removed = found.earlier is not None and found.earlier.is_listed
    for line, report in lines_of(found):
        rows_in[line["subset"]] += line["rows"]
        for name in names:
            rows_out[name][line["subset"]] += report.outputs[name].rows
        lists_removed = lists_removed or _list_removed(found, report)
    inputs = [{"subset": subset, "rows": n} for subset, n in rows_in.items()]
    outputs = [
        {"edition": name, "subset": subset, "rows": n}
        for name in names
        for subset, n in rows_out[name].items()
    ]
    publishable, why = True, PUBLISHABLE
    if lists_removed:
        publishable = cover is not None and not cover.weak
        why = NOT_PUBLISHABLE if cover is None else _why_covered(cover)
    elif found.brings_back:
        publishable, why = False, BROUGHT_BACK
    return {
        "relaion": plan.versions["relaion"],
        "duckdb": plan.versions["duckdb"],
        "pyarrow": plan.versions["pyarrow"],
        "sql_version": plan.sql_version,
        "key_version": int(plan.versions["link_key"]),
        "run": plan.run_id,
        "started": started,
        "finished": finished,
        "scripts": plan.scripts,
        "parameters": plan.parameters,
        "editions": plan.editions,
        "lists": plan.lists,
        "sidecars": list(found.sidecars),
        "inputs": ShardLines(partial(_input_lines, found), inputs),
        "outputs": ShardLines(partial(_output_lines, found), outputs),
        "audit": audit,
        "lineage": plan.lineage,
        "cover": None if cover is None else cover.public(),
        "publishable": publishable,
        "why": why,
    }


def way_out(made: Mapping[str, Any]) -> str:
    """What makes a run publishable that is not."""
    if not made:
        return "restore it, or clean again"
    if made.get("why") == BROUGHT_BACK:
        return (
            "make it with `relaion update` from the edition that was published; if none was, clean "
            "into another OUT with a new store of the lists that still count"
        )
    cover, asked = made.get("cover"), made.get("parameters", {}).get("cover")
    if not cover:
        return "clean into another OUT with --cover, such as --cover 20"
    weak, joined = int(cover.get("weak") or 0), int(cover.get("joined") or 0)
    is_more = asked != 1  # than the least
    ways = []
    if joined:
        ways.append(
            f"{joined:,} of its listed sites share a listed image or link with another one, and "
            f"its --cover {asked} found too few neutral ones that do: clean into another OUT with "
            f"more of the data set in one run{' or with a smaller --cover' * is_more}, or keep it "
            "as secret as the lists"
        )
    if weak > joined or not joined:
        ways.append(
            f"its --cover {asked} found too few neutral sites for "
            f"{several(weak - joined, 'listed one')}: clean into another OUT with more of the data "
            "set in one run (all subsets: then more sites are alike), "
            f"{f'with --cover below {asked}, ' * is_more}or with another --cover-site-rows than "
            f"{cover.get('site_rows')}"
        )
    kept = (
        "listed sites that earlier runs chose leave too, whatever their --cover was, and if their "
        "lists were withdrawn since: if no edition or diff of theirs was published, move "
        "cover.duckdb beside the key away first"
    )
    return "; ".join([*ways, kept])


class ShardLines:
    """Lines of a manifest for each shard, made anew whenever they are asked for.

    `summed` is what is left of them to tell: rows by subset, of outputs by edition too.
    """

    def __init__(
        self, make: Callable[[], Iterator[dict[str, Any]]], summed: list[dict[str, Any]]
    ) -> None:
        self._make = make
        self.summed = summed

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self._make()


def _input_lines(found: FinishedRun) -> Iterator[dict[str, Any]]:
    for line, report in lines_of(found):
        yield {**line, "sha256": report.sha256}


def _output_lines(found: FinishedRun) -> Iterator[dict[str, Any]]:
    for edition in found.plan.editions:
        for line, report in lines_of(found):
            out = report.outputs[edition["name"]]
            changed = {"rows": out.rows, "bytes": out.bytes, "sha256": out.sha256}
            yield {"edition": edition["name"], **line, **changed}


def write(out: Path, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Write OUT/manifest.json whole or not at all.

    Returns the manifest with sums in place of the lines of shards, which may be very many.
    """
    with atomic_write(out / MANIFEST) as part, part.open("w", encoding="ascii") as f:
        for i, (key, value) in enumerate(manifest.items()):
            f.write(f"{',' if i else '{'}\n {json.dumps(key)}: ")
            f.writelines(_pieces(value))
        f.write("\n}\n")
    return {k: v.summed if isinstance(v, ShardLines) else v for k, v in manifest.items()}


def _pieces(value: Any) -> Iterator[str]:
    """A value of the manifest as JSON, one line of a list at a time."""
    if not isinstance(value, list | ShardLines):
        yield _indented(value, 1)
        return
    between = "["
    for line in value:
        yield f"{between}\n  {_indented(line, 2)}"
        between = ","
    yield "[]" if between == "[" else "\n ]"


def _indented(value: Any, depth: int) -> str:
    """JSON as `json.dump(indent=1)` writes it there."""
    return json.dumps(value, indent=1).replace("\n", "\n" + " " * depth)


def read(out: Path) -> dict[str, Any] | None:
    """The manifest of a finished OUT, or None where there is none."""
    path = out / MANIFEST
    found = manifest_at(path)
    if found is None and path.exists():
        raise OutputError(f"{shown(path)}: is not a manifest of relaion; name another OUT")
    return found


def read_summed(out: Path) -> dict[str, Any] | None:
    """The same, without the lines of outputs of a clean, and with one line for all inputs."""
    found = read(out)
    if found is None or found.get("kind") == APPLY:
        return found
    try:
        summed = [{"rows": sum(int(line["rows"]) for line in found["inputs"])}]
    except (LookupError, TypeError, ValueError):  # a finding of the check
        summed = []
    return {**found, "inputs": summed, "outputs": []}


def plan_of(manifest: dict[str, Any]) -> dict[str, Any]:
    """The part of a manifest that a plan is compared with (`settings.differences`)."""
    keep = ("subset", "shard", "rows", "bytes")
    return {
        "versions": {
            "relaion": manifest["relaion"],
            "duckdb": manifest["duckdb"],
            "pyarrow": manifest["pyarrow"],
            "link_key": str(manifest["key_version"]),
        },
        "sql_version": manifest["sql_version"],
        "scripts": manifest["scripts"],
        "parameters": manifest["parameters"],
        "editions": manifest["editions"],
        "lists": manifest["lists"],
        "inputs": [{k: i[k] for k in keep} for i in manifest["inputs"]],
        "sidecars": [{k: s[k] for k in ("name", "bytes")} for s in manifest["sidecars"]],
        "lineage": manifest["lineage"],
    }
