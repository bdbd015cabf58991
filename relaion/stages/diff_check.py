"""`diff --check`: what could an outsider compute from what a curator is about to publish?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from relaion.errors import InputError, StopError
from relaion.labs.applying import NEW_NUMBERS
from relaion.parquet.roles import Columns
from relaion.paths import (
    AnyPath,
    AnyPaths,
    as_path,
    as_paths,
    maybe_path,
    owned_folder,
    private_folder,
    private_umask,
    shown,
)
from relaion.run import manifest
from relaion.run.find import Hunt
from relaion.run.hits import read_known, snapshot
from relaion.run.journal import Journal
from relaion.run.pool import LocalPool, Progress, Quiet, WorkerEndedError
from relaion.run.settings import MEMORY, Settings, limits_of
from relaion.run.survey import Numbered, check_sidecars, read_inputs, read_sealed_sidecars
from relaion.sqlset import VERSION


@dataclass(frozen=True)
class Stratum:
    """A part of what an outsider cannot explain, told by what anybody can see of it.

    `grouping` is all, subset, score, subset and score, or host, which is never named: `name` is
    None. `sites` and `rows` are all that left there, listed or not; how many are listed is not
    told. `stands_out`: more of the sites are listed than cover allows.
    """

    edition: str
    grouping: str
    name: str | None
    sites: int
    rows: int
    stands_out: bool


@dataclass(frozen=True)
class Checked:
    """What `diff --check` found: `ok` where nothing stands out in any edition."""

    out: Path
    cover: int
    residual: dict[str, int]
    strata: tuple[Stratum, ...]
    notices: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing stands out."""
        return not any(s.stands_out for s in self.strata)


def diff_check(
    check: AnyPath,
    inputs: AnyPaths,
    lists: AnyPath,
    *,
    earlier: AnyPaths = (),
    key: AnyPath | None = None,
    columns: Columns | None = None,
    sidecars: AnyPaths = (),
    work: AnyPath | None = None,
    workers: int | None = None,
    memory: str = MEMORY,
    sql_version: str = VERSION,
    progress: Progress | None = None,
) -> Checked:
    """Take from each edition of OUT what an outsider could, and see whether listed rows stand out.

    `check` is the OUT, `inputs` the set that it was made of, `earlier` diffs that were published
    before: rows that they named count as known. Raises InputError or ListError in one line.
    """
    out, inputs, lists = as_path(check), as_paths(inputs), as_path(lists)
    key, work = maybe_path(key), maybe_path(work)
    limits, listen = limits_of(workers, memory), progress or Quiet()
    made = manifest.read(out) if out.is_dir() else None
    if made is None or not made.get("editions"):
        raise InputError(f"{shown(out)}: holds no finished run of `relaion clean`; name its OUT")
    if not inputs:
        raise InputError("--check needs --inputs: the set that OUT was made of")
    with LocalPool(guard=limits.guard) as pool, ExitStack() as left:
        known = read_known(lists, key, pool)
        diffs = tuple(
            pool.call("relaion.labs.diff_file:read_diff", path) for path in as_paths(earlier)
        )
        old = read_inputs(inputs, columns or {}, pool).whole()
        _refuse_other(out, made, old, known.lists, has_sidecars=bool(as_paths(sidecars)))
        owned = left.enter_context(owned_folder("check", work))
        pool.begin(1, owned.path, held=(owned.lock,))
        journal = Journal(owned.path)
        parameters: dict[str, Any] = made["parameters"]
        settings = Settings(
            sql_version, limits, owned.path.absolute(), same_link=parameters["same_link"],
            inner=parameters["inner"], good_wins=parameters["good_wins"],
        )  # fmt: skip
        with private_umask():
            store = snapshot(lists, known, journal, pool)
            told: list[str] = []
            beside = read_sealed_sidecars(as_paths(sidecars), journal, columns or {}, told, pool)
            searched = Hunt(settings, beside, (), store, journal, pool, listen).run(old)
            check_sidecars(beside)
            cover = 0
            strata: list[Stratum] = []
            rows: dict[str, int] = {}
            for edition in made["editions"]:
                above, cover = _public_rule(made, edition)
                shards = _shards(pool, out / edition["name"])
                found, n = _residual(
                    pool, private_folder(owned.path / f"of-{len(rows)}"), sql_version, settings,
                    {
                        "old": searched.shards, "edition": shards,
                        "hits": owned.path / "list_hits.parquet",
                        "same_link": owned.path / "same_link.parquet",
                        "lists": tuple((x["list_id"], x["label"]) for x in known.lists),
                        "labels": tuple(edition["labels"]), "unsafe_above": above, "cover": cover,
                        "earlier": diffs,
                    },
                    listen,
                )  # fmt: skip
                rows[edition["name"]] = n
                strata += [Stratum(edition["name"], *line) for line in found]
    return Checked(out, cover, rows, tuple(strata), tuple(told))


def _refuse_other(
    out: Path,
    made: Mapping[str, Any],
    old: Sequence[Numbered],
    lists: Sequence[Mapping[str, Any]],
    *,
    has_sidecars: bool,
) -> None:
    """Raise InputError for less than the run was made with: what it hides would not be seen."""
    here = {(n.shard.subset, n.shard.name, n.shard.rows) for n in old}
    stated = {(x["subset"], x["shard"], x["rows"]) for x in made["inputs"]}
    if lacks := len(stated - here):
        raise InputError(
            f"{shown(out)}: {lacks} of the {len(stated)} shards that it was made of are not among "
            "--inputs; name them all"
        )
    held = {x["digest"] for x in lists}
    if lacks := sum(x["digest"] not in held for x in made["lists"]):
        raise InputError(
            f"{shown(out)}: the store lacks {lacks} of the {len(made['lists'])} lists that it was "
            "cleaned with, or the key is another; name that store with --lists"
        )
    if made["sidecars"] and not has_sidecars:
        raise InputError(
            f"{shown(out)}: was cleaned with sidecars, by which lists met rows; name them with "
            "--sidecar"
        )


def _public_rule(made: dict[str, Any], edition: dict[str, Any]) -> tuple[float | None, int]:
    """The score above which rows leave by a rule that is public, and the cover of the run."""
    parameters = made["parameters"]
    rules = set(edition["rules"])
    name = "unsafe_above" if "unsafe" in rules else "keyword_above"
    above = float(parameters[name]) if rules & {"unsafe", "unsafe_keyword"} else None
    return above, int(parameters.get("cover") or 0)


def _shards(pool: LocalPool, edition: Path) -> tuple[Numbered, ...]:
    found = read_inputs([edition], {}, pool).whole()
    return tuple(replace(n, no=NEW_NUMBERS + n.no) for n in found)


def _residual(
    pool: LocalPool,
    work: Path,
    version: str,
    settings: Settings,
    attack: dict[str, Any],
    listen: Progress,
) -> tuple[list[tuple[Any, ...]], int]:
    at: list[Path] = []
    shards: Sequence[Numbered] = (*attack["old"], *attack["edition"])
    listen.phase("subtract", 2 * len(shards), 2 * sum(n.shard.rows for n in shards))

    def hear(word: tuple[Any, ...]) -> None:
        if word[0] == "at":
            at[:] = word[1]
        elif word[0] == "done":
            listen.done(*word[1:])

    try:
        found: tuple[list[tuple[Any, ...]], int] = pool.call(
            "relaion.labs.checking:residual_of", work, version, settings.limits, attack, hear=hear
        )
    except WorkerEndedError as e:
        raise StopError(f"{shown(at[0] if at else work)}: {e}") from None
    return found
