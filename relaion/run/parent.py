"""The run that an update goes on from: what it stated, and what has changed since.

Its folder is read and linked from, never written to.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from relaion.errors import InputError, ListError, OutputError
from relaion.paths import file_sha256, no_folder, shown
from relaion.run import manifest
from relaion.run.hits import FEW_ROWS
from relaion.run.outputs import AUDIT, MANIFEST, manifest_at, refuse_broken_off
from relaion.run.settings import Plan, but_files, run_of
from relaion.run.tasks import ParentShard
from relaion.sqlset import versions

Key = tuple[str, str]
# what may change from run to run: cover only grows
_MAY_DIFFER = ("cover", "cover_site_rows")


@dataclass(frozen=True)
class Parent:
    """A finished OUT: where it lies, its manifest, and the SHA-256 of that file's bytes."""

    folder: Path
    made: Mapping[str, Any]
    sha256: str

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The settings that decide which rows stay."""
        found: Mapping[str, Any] = self.made["parameters"]
        return found

    def lineage(self, *, kept_out: bool) -> list[dict[str, Any]]:
        """The runs up to this one, the first clean first, as the next manifest tells them.

        `kept_out`: rows stay out in the next that left here, and that nothing may name there.
        """
        step = {
            "run": self.made["run"], "finished": self.made["finished"], "manifest": self.sha256,
            "kept_out": kept_out, "lists": self.made["lists"],
        }  # fmt: skip
        return [*self.made["lineage"], step]

    @cached_property
    def inputs(self) -> dict[Key, Mapping[str, Any]]:
        """What the manifest states of each input, by subset and name."""
        return {(i["subset"], i["shard"]): i for i in self.made["inputs"]}

    @cached_property
    def _outputs(self) -> dict[Key, dict[str, ParentShard]]:
        found: dict[Key, dict[str, ParentShard]] = {}
        for o in self.made["outputs"]:
            path = self.folder / o["edition"] / o["subset"] / o["shard"]
            shard = ParentShard(path, o["rows"], o["bytes"], o["sha256"])
            found.setdefault((o["subset"], o["shard"]), {})[o["edition"]] = shard
        return found

    def outputs(self, subset: str, name: str) -> dict[str, ParentShard]:
        """The shard of each edition; none where it had no such shard."""
        return self._outputs.get((subset, name), {})

    @cached_property
    def lists(self) -> dict[int, Mapping[str, Any]]:
        """Every list that it, or a run before it, was matched with, as it was then."""
        steps = (step["lists"] for step in self.lineage(kept_out=False))
        return {x["list_id"]: x for lists in steps for x in lists}


def read_parent(out: Path) -> Parent:
    """Read a finished OUT of `clean` or `update`; raises InputError or OutputError for another."""
    if not out.is_dir():
        raise InputError(f"{no_folder(out)}; name the OUT of a finished run")
    refuse_broken_off(out)
    path = out / MANIFEST
    made = manifest.read(out)
    if made is None:
        raise InputError(f"{shown(out)}: holds no {MANIFEST}; name the OUT of a finished run")
    if "editions" not in made or manifest_at(path) is None:
        raise InputError(f"{shown(out)}: `apply` made it; an update goes on from an OUT of `clean`")
    if "lineage" not in made or "audit" not in made:
        raise OutputError(
            f"{shown(path)}: an earlier version of relaion wrote it; clean once more to go on "
            "from there"
        )
    if not _is_as_written(made):
        raise OutputError(
            f"{shown(path)}: its run is not the digest of what it states, so it was edited since "
            "it was written; restore it, or clean again"
        )
    if made["sql_version"] not in versions():
        raise OutputError(
            f"{shown(path)}: was made by SQL {shown(made['sql_version'])}, which this version of "
            "relaion has not; update with the version that made it, or clean once more"
        )
    refuse_other_audit(out, made)
    return Parent(out, made, hashlib.sha256(path.read_bytes()).hexdigest())


def refuse_other_audit(out: Path, made: Mapping[str, Any]) -> None:
    """Raise OutputError where the audit beside a manifest is not the one that it states."""
    path = out / AUDIT
    if not path.is_file():
        raise OutputError(f"{shown(path)}: is missing, or no file; restore it, or clean anew")
    if file_sha256(path) != made["audit"]:
        raise OutputError(
            f"{shown(path)}: is not the audit that the manifest beside it states, so it was edited "
            "since it was written; restore it, or clean anew"
        )


_TOLD = {"started": str, "finished": str, "publishable": bool, "why": str}
_FILE = ("subset", "shard", "rows", "bytes", "sha256")
_STEP = ("run", "finished", "manifest", "kept_out", "lists")


def _is_as_written(made: dict[str, Any]) -> bool:
    """Whether what decided is what its run is the digest of, and the rest is there.

    What went in and came out is held against the audit (`refuse_other_counts`).
    """
    try:
        is_run = made["run"] == run_of(manifest.plan_of(made))
        is_told = all(isinstance(made[name], kind) for name, kind in _TOLD.items())
        is_covered = (made["cover"] is not None) == bool(made["parameters"]["cover"])
        files = [{"edition": None, **line} for line in made["inputs"]] + made["outputs"]
        are_whole = all(
            {"edition", *_FILE} <= set(line) and isinstance(line["rows"], int) for line in files
        )
        steps = [dict(step) for step in made["lineage"]]
        lists = [dict(x) for step in (made, *steps) for x in step["lists"]]
        are_whole &= all(set(_STEP) <= step.keys() for step in steps)
        are_whole &= all({"list_id", "entries", *_HEAD} <= x.keys() for x in lists)
        is_told &= isinstance(made["sql_version"], str)
    except (AttributeError, KeyError, TypeError, ValueError):
        return False
    return is_run and is_told and is_covered and are_whole


def refuse_other_counts(
    parent: Parent, steps: Iterable[Sequence[Any]], files: Iterable[Sequence[Any]]
) -> None:
    """Raise OutputError where the audit does not tell what the manifest states.

    `steps` are lines of the audit's table: step, run, edition, subset, rows in, removed, kept;
    `files` those of `inputs`, with no edition, and of `outputs`: edition, subset, shard, rows,
    bytes, SHA-256.
    """
    lines = list(steps)
    last = max((line[0] for line in lines), default=0)
    told: Counter[tuple[str, str]] = Counter()
    stated: Counter[tuple[str, str]] = Counter()
    for step, run, edition, *_, kept in lines:
        if step == last:
            told[run, edition] += kept
    for o in parent.made["outputs"]:
        stated[parent.made["run"], o["edition"]] += o["rows"]
    is_other = told != stated or last != len(parent.made["lineage"]) + 1
    if is_other or Counter(map(_named_file, files)) != Counter(_files(parent)):
        raise OutputError(
            f"{shown(parent.folder)}: its manifest and its audit tell of different rows; check "
            "that run with `relaion verify`, and restore it"
        )


def _files(parent: Parent) -> Iterator[tuple[Any, ...]]:
    """What the manifest states of each file, named as an audit names it."""
    for line in (*parent.made["inputs"], *parent.made["outputs"]):
        yield _named_file((line.get("edition"), *(line[name] for name in _FILE)))


def _named_file(line: Sequence[Any]) -> tuple[Any, ...]:
    edition, subset, shard, *rest = line
    return (edition, shown(subset), shown(shard), *rest)


# -- What has to be equal ----------------------------------------------------------------------


def refuse_other_settings(parent: Parent, plan: Plan) -> None:
    """Raise InputError where what decides is not what it was, naming each thing that differs."""
    made = parent.made
    different = []
    if made["sql_version"] != plan.sql_version or made["scripts"] != plan.scripts:
        different.append("the SQL scripts")
    if str(made["key_version"]) != plan.versions["link_key"]:
        different.append("the version of the link key")
    if but_files(made["editions"]) != but_files(plan.editions):
        different.append("the editions")
    different += [
        "the keywords" if name == "keywords" else name
        for name, value in plan.parameters.items()
        if name not in _MAY_DIFFER and made["parameters"].get(name) != value
    ]
    if different:
        verb = "differs" if len(different) == 1 and different[0].startswith("the v") else "differ"
        raise InputError(
            f"{shown(parent.folder)}: an update has the options of the run that it "
            f"goes on from, but {', '.join(different)} {verb}; give what that run had (or did not "
            "have), or clean again"
        )


@dataclass(frozen=True)
class ListsSince:
    """How the store differs from what the parent was matched with.

    `gained` are lists that it had not; `is_less`: entries that it or a run before it had were
    taken back since, or known-good files came that may take some back, so that rows left for what
    no store names any more. `was_less`: that is so, or was in a run before it, also since its data
    had changed. `told` says which lists that it had were taken back, whole or in part.
    """

    gained: tuple[int, ...]
    is_less: bool
    was_less: bool
    told: tuple[str, ...] = ()


_HEAD = ("source", "title", "label", "received", "digest", "role")


def lists_since(
    parent: Parent, plan: Plan, store: Path, withdrawn: Iterable[Mapping[str, Any]]
) -> ListsSince:
    """Compare the lists; raises ListError for a store that is not the one of the parent.

    A store keeps the head of a list that was `withdrawn`, under the digest that the manifest
    states: so every list of the parent, and of the runs before it, is there or was taken out there.
    """
    now = {x["list_id"]: x for x in plan.lists}
    heads = {x["list_id"]: x for x in withdrawn} | now
    before = parent.lists
    if any(i in heads and any(heads[i][n] != x[n] for n in _HEAD) for i, x in before.items()):
        raise _other_store(
            parent, store, "its lists of the same numbers are others, or the curator key is"
        )
    if unknown := [x for i, x in before.items() if i not in heads]:
        raise _other_store(
            parent, store, f"it does not hold, and never held, {_named(unknown)}, or is an older "
            "copy"
        )  # fmt: skip
    gained = tuple(sorted(set(now) - set(before)))
    good = plan.parameters["good_wins"] and any(now[i]["role"] == "good" for i in gained)
    steps = parent.lineage(kept_out=False)
    is_less = good or any(_is_less(step["lists"], now) for step in steps)
    was_less = is_less or any(step["kept_out"] for step in steps)
    return ListsSince(gained, is_less, was_less, tuple(_taken_back(parent, now)))


def _is_less(before: Iterable[Mapping[str, Any]], now: Mapping[int, Mapping[str, Any]]) -> bool:
    """Whether lists are gone, or hold fewer entries than before."""
    return any(
        x["list_id"] not in now
        or any(now[x["list_id"]]["entries"].get(kind, 0) < n for kind, n in x["entries"].items())
        for x in before
    )


def _other_store(parent: Parent, store: Path, why: str) -> ListError:
    return ListError(
        f"{shown(store)}: is not the store that {shown(parent.folder)} was made with: {why}; give "
        "that store, grown since, and its --key"
    )


def _taken_back(parent: Parent, now: Mapping[int, Mapping[str, Any]]) -> Iterator[str]:
    """What of the lists that the parent was matched with is not in the store any more."""
    had = parent.made["lists"]
    gone = [x for x in had if x["list_id"] not in now]
    stay = f"since {shown(parent.folder)} was made; what they named there stays out"
    if gone:
        yield f"{_named(gone)}: withdrawn {stay}"
    if fewer := [x for x in had if x["list_id"] in now and _is_less([x], now)]:
        yield f"{_named(fewer)}: entries were taken back {stay}"


def _named(lists: Sequence[Mapping[str, Any]]) -> str:
    """Lists as their curator knows them; the first three of many."""
    lines = [f"list {x['list_id']} ({shown(x['source'])}, {shown(x['label'])})" for x in lists]
    more = f" and {len(lines) - 3:,} more" if len(lines) > 3 else ""
    return ", ".join(lines[:3]) + more


# -- What the data gained, lost or changed -----------------------------------------------------


@dataclass(frozen=True)
class ShardsSince:
    """Shards by subset and name: those that are new, that are gone, and that have changed."""

    gained: frozenset[Key]
    lost: frozenset[Key]
    changed: frozenset[Key]

    @property
    def is_same(self) -> bool:
        """Whether the data are what they were."""
        return not (self.gained or self.lost or self.changed)


def shards_since(parent: Parent, plan: Plan) -> ShardsSince:
    """Compare the inputs by name, rows and bytes; broken ones are told when they are read."""
    now = {(i["subset"], i["shard"]): i for i in plan.inputs}
    before = parent.inputs
    changed = {
        key
        for key in now.keys() & before.keys()
        if now[key]["bytes"] is not None
        and any(now[key][name] != before[key][name] for name in ("rows", "bytes"))
    }
    return ShardsSince(
        frozenset(now.keys() - before.keys()), frozenset(before.keys() - now.keys()),
        frozenset(changed),
    )  # fmt: skip


def refuse_changed(parent: Parent, keys: Iterable[Key], what: str) -> None:
    """Raise InputError, naming the first shards that are not what the parent was made of."""
    if found := _first(keys):
        raise InputError(
            f"{found}: {what} since {shown(parent.folder)} was made; give "
            "the data as they were, or add --allow-changed, which cleans what is there whole"
        )


def let_in(parent: Parent, keys: Iterable[Key]) -> Iterator[str]:
    """What is said of shards that are cleaned as new ones although entries were taken back."""
    if found := _first(keys):
        yield (
            f"{found}: not what {shown(parent.folder)} was made of, so cleaned "
            "as if new; rows that had left there for what was taken back since may be here again, "
            "where whoever compares both editions finds them; to keep them out, give these shards "
            "as they were"
        )


def _first(keys: Iterable[Key]) -> str:
    found = sorted("/".join(map(shown, key)) for key in keys)
    more = f" and {len(found) - 3:,} more" if len(found) > 3 else ""
    return ", ".join(found[:3]) + more


def has_few(rows: Mapping[str, int]) -> bool:
    """Whether a subset has so few rows that an audit may tell it under another name than before."""
    return any(0 < n < FEW_ROWS for n in rows.values())


def missing_sidecars(parent: Parent, plan: Plan) -> list[str]:
    """The names of those that the parent had and this run has not, by name and bytes."""
    given = Counter((s["name"], s["bytes"]) for s in plan.sidecars)
    had = Counter((s["name"], s["bytes"]) for s in parent.made["sidecars"])
    return sorted(name for name, _ in (had - given).elements())


def refuse_missing_sidecars(parent: Parent, plan: Plan) -> None:
    """Raise InputError where a sidecar of the parent is not given: what it names is not found."""
    if missing := missing_sidecars(parent, plan):
        raise refused_sidecars(parent, missing)


def refused_sidecars(parent: Parent, missing: Sequence[str]) -> InputError:
    """What is said of sidecars of the parent, by name, that are not given."""
    more = f" and {len(missing) - 3:,} more" if len(missing) > 3 else ""
    return InputError(
        f"{shown(parent.folder)}: was made with sidecars that are not given, or have changed "
        f"({', '.join(map(shown, missing[:3]))}{more}); give them with --sidecar, or add "
        "--allow-changed"
    )
