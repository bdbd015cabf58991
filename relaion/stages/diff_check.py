"""`diff --check`: what could an outsider compute from what a curator is about to publish?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relaion.errors import InputError, StopError
from relaion.labs.applying import NEW_NUMBERS
from relaion.labs.piecework import Hearing
from relaion.labs.sides import refuse_folder
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
from relaion.remote.told_path import AddressPath
from relaion.remote.urls import is_remote
from relaion.roles import COUNTED
from relaion.run import manifest
from relaion.run.elsewhere import OF_AN_OUT, brought_here
from relaion.run.engines import LOCAL, engine_of, joined
from relaion.run.find import Hunt
from relaion.run.hits import FEW_ROWS, SMALL, Hits, KnownLists, Searched, read_known, snapshot
from relaion.run.journal import Journal
from relaion.run.manifest import way_out
from relaion.run.notebook import listening
from relaion.run.numbered import Numbered
from relaion.run.outputs import AUDIT, Owners
from relaion.run.pool import Executor, LocalPool, WorkerEndedError, blaming
from relaion.run.progress import Extent, Progress
from relaion.run.settings import MEMORY, Limits, Settings
from relaion.run.survey import check_sidecars, read_inputs, read_sealed_sidecars, sealed
from relaion.sidecars import Sidecar
from relaion.sqlset import VERSION
from relaion.stages.diff import LINK, ROW
from relaion.tabled import Tabled

if TYPE_CHECKING:
    from relaion.labs.checking import Residual
    from relaion.labs.told import DiffFile


@dataclass(frozen=True)
class Stratum:
    """A part of what an outsider cannot explain of an `edition`, told by what anybody can see.

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
class Checked(Tabled):
    """What `diff --check` found of `out`: `ok` where nothing stands out in any edition.

    And where its manifest says that it may be published: a site that lacks neutral ones need not
    be seen to stand out by a check, and still may by whoever knows more.

    `cover` is how many neutral sites left with each listed one, 0 for none. `residual` are the rows
    that left each edition unexplained, `strata` parts of them. `not_looked_at` is what nothing can
    be said of, a sentence each. `publishable` is what the manifest says, and `weak` how many listed
    sites lack neutral ones by it. `known`: earlier diffs named all that left, so nothing is news.
    `way_out` says what to do where something stands out, or a site is weak. `notices` are for
    whoever asked.
    """

    out: Path
    cover: int
    residual: dict[str, int]
    strata: tuple[Stratum, ...]
    notices: tuple[str, ...] = ()
    not_looked_at: tuple[str, ...] = ()
    way_out: str = ""
    publishable: bool = True
    weak: int = 0
    known: bool = False

    @property
    def ok(self) -> bool:
        """Whether nothing stands out, and it may be published or nothing of it is news."""
        return (self.publishable or self.known) and not self.stands_out

    @property
    def stands_out(self) -> bool:
        """Whether listed rows stand out anywhere."""
        return any(s.stands_out for s in self.strata)


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
    engine: str = LOCAL,
    progress: Progress | None = None,
) -> Checked:
    """Take from each edition of OUT what an outsider could, and see whether listed rows stand out.

    Args:
        check: The OUT of `clean` or `update`, of this machine or of a store.
        inputs: The set that it was made of.
        lists: The list store.
        earlier: Diffs that were published before: rows that they named count as known.
        key: The curator key; None for the one beside the store.
        columns: Role to the name, or names, of its columns; None: as the run had it.
        sidecars: Files of image hashes by link or row hash.
        work: Where private, temporary folders are made; None for the system's.
        workers: Processes; None for one a core.
        memory: What all processes may hold together, such as `2GB`; 500 MB at least.
        sql_version: The set of SQL scripts.
        engine: `local`, or `ray`, `ray=auto` or `ray=HOST:PORT` for workers of a Ray cluster.
        progress: Hears how far it is; None draws a bar in a notebook, and tells nobody elsewhere.

    Returns:
        What is left unexplained, and whether anything stands out in it.

    Raises:
        InputError: For what cannot be read, or where what is seen is not what the run tells.
        ListError: For a store that cannot be used.
    """
    (given,), inputs, lists = as_paths(check), as_paths(inputs), as_path(lists)
    key, work, beside_them = maybe_path(key), maybe_path(work), as_paths(sidecars)
    cluster, limits = engine_of(engine, workers, memory, None)
    listen = listening(progress)
    if not inputs:
        raise InputError("--check needs --inputs: the set that OUT was made of")
    with LocalPool(guard=limits.guard) as pool, ExitStack() as left:
        (out,), _ = left.enter_context(
            brought_here(pool, [given], work=work, notes=OF_AN_OUT, progress=listen)
        )
        made = _made(out)
        known = read_known(lists, key, pool)
        inputs, files = left.enter_context(
            brought_here(pool, inputs, (*beside_them, *as_paths(earlier)), work=work,
                         progress=listen)
        )  # fmt: skip
        beside_them, published = files[: len(beside_them)], files[len(beside_them) :]
        for path in published:
            refuse_folder(path, "name with --earlier the file that `relaion diff` made")
        diffs = tuple(pool.call("relaion.labs.diff_file:read_diff", path) for path in published)
        parameters: dict[str, Any] = made["parameters"]
        columns = columns or parameters["columns"]
        old = read_inputs(inputs, columns, pool).whole()
        _refuse_other(out, made, old, known.lists)
        owned = left.enter_context(owned_folder("check", work))
        pool.begin(1, owned.path, held=(owned.lock,))
        journal = Journal(owned.path)
        shards = {e["name"]: _shards(pool, out / e["name"], columns) for e in made["editions"]}
        reads = [n.shard.path for some in (old, *shards.values()) for n in some]
        with (
            private_umask(),
            joined(cluster, limits, workers, pool, listen, owned.path, (), reads) as (hands, each),
        ):
            settings = Settings(
                sql_version, each, owned.path.absolute(), same_link=parameters["same_link"],
                inner=parameters["inner"], good_wins=parameters["good_wins"],
            )  # fmt: skip
            store = snapshot(lists, known, journal, pool)
            told: list[str] = []
            beside = read_sealed_sidecars(beside_them, journal, columns, told, pool)
            _refuse_fewer_sidecars(out, made, beside)
            searched = Hunt(settings, beside, COUNTED, store, journal, hands, listen).run(old)
            check_sidecars(beside)
            with blaming(out / AUDIT, InputError):
                audited = pool.call("relaion.run.audit_file:read_hits", out)
            unlooked = _held_against(out, made, known, searched, audited)
            cover = 0
            strata: list[Stratum] = []
            rows: dict[str, int] = {}
            for edition in made["editions"]:
                name = edition["name"]
                above, cover = _public_rule(made, edition)
                by = _identities((*searched.shards, *shards[name]))
                _refuse_unmet(diffs, by)
                found = _residual(
                    pool, hands, private_folder(owned.path / f"of-{len(rows)}"), sql_version, each,
                    {
                        "old": searched.shards, "edition": shards[name], "by": by,
                        "hits": owned.path / "list_hits.parquet",
                        "same_link": owned.path / "same_link.parquet",
                        "lists": tuple((x["list_id"], x["label"]) for x in known.lists),
                        "labels": tuple(edition["labels"]), "unsafe_above": above, "cover": cover,
                        "earlier": diffs,
                    },
                    listen,
                )  # fmt: skip
                told += _unmet(out / name, found, diffs)
                unlooked += _unlooked(made, out / name, found, by)
                rows[name] = found.unexplained
                strata += [Stratum(name, *line) for line in found.strata]
    told_as = AddressPath(shown(given)) if is_remote(given) else given
    checked = Checked(
        told_as, cover, rows, tuple(strata), tuple(told), tuple(unlooked),
        publishable=made.get("publishable") is True,
        weak=int((made.get("cover") or {}).get("weak") or 0),
        known=bool(diffs) and not any(rows.values()) and made.get("why") != manifest.BROUGHT_BACK,
    )  # fmt: skip
    return checked if checked.ok else replace(checked, way_out=_way_out(made))


def _made(out: Path) -> dict[str, Any]:
    """The manifest of a finished OUT; raises InputError for anything else."""
    made = manifest.read(out) if out.is_dir() else None
    if made is not None and made.get("editions"):
        return made
    owned = Owners().of(out / "x") if made is None and out.is_dir() else None
    if owned is not None and owned.output.manifest:
        raise InputError(
            f"{shown(out)}: is part of a run of `relaion clean`, whose editions are checked "
            f"together; name its OUT: --check {shown(owned.output.folder)}"
        )
    raise InputError(f"{shown(out)}: holds no finished run of `relaion clean`; name its OUT")


def _refuse_other(
    out: Path,
    made: Mapping[str, Any],
    old: Sequence[Numbered],
    lists: Sequence[Mapping[str, Any]],
) -> None:
    """Raise InputError for another set than the run was made of, or for fewer lists.

    What these hide would not be seen, and what is more would count as rows that left.
    """
    here = {(n.shard.subset, n.shard.name, n.shard.rows) for n in old}
    stated = {(x["subset"], x["shard"], x["rows"]) for x in made["inputs"]}
    if lacks := len(stated - here):
        raise InputError(
            f"{shown(out)}: {lacks:,} of the {len(stated):,} shards that it was made of are not "
            "among --inputs; name them all"
        )
    if more := len(here - stated):
        raise InputError(
            f"{shown(out)}: was not made of {more:,} of the {len(here):,} shards of --inputs; "
            "name those alone that it was made of"
        )
    held = {x["digest"] for x in lists}
    if lacks := sum(x["digest"] not in held for x in made["lists"]):
        raise InputError(
            f"{shown(out)}: the store lacks {lacks:,} of the {len(made['lists']):,} lists that it "
            "was cleaned with, or the key is another; name that store with --lists"
        )


def _refuse_fewer_sidecars(out: Path, made: Mapping[str, Any], beside: Sequence[Sidecar]) -> None:
    """Raise InputError where a sidecar is missing by which the run's lists met rows."""
    held = {sealed(s).sha256 for s in beside}
    if lacks := sum(x["sha256"] not in held for x in made["sidecars"]):
        raise InputError(
            f"{shown(out)}: was cleaned with {len(made['sidecars']):,} sidecars, by which lists "
            f"met rows; {lacks:,} of them are not named: name them with --sidecar"
        )


def _held_against(
    out: Path, made: Mapping[str, Any], known: KnownLists, searched: Searched, audited: Hits
) -> list[str]:
    """Hold what the lists found now against what the run's audit tells of each list and subset.

    Raises InputError where it differs: of listed rows that are not found nothing could be said.
    Small subsets are told together, or not at all. Lists that the store gained since change only
    which rows carry the link of a listed one. After an update entries that were withdrawn may be
    what differs; returns a line then.
    """
    then = {x["list_id"]: x["digest"] for x in made["lists"]}
    now = {x["list_id"]: x["digest"] for x in known.lists if x["digest"] in then.values()}
    linked = len(now) == len(known.lists)
    found, stated = _gross(searched.hits, now, linked=linked), _gross(audited, then, linked=linked)
    named = {subset for subset, _ in stated} - {SMALL}
    rows: Counter[str] = Counter()
    for n in searched.shards:
        rows[shown(n.shard.subset)] += n.shard.rows
    is_all = min(rows.values(), default=0) >= FEW_ROWS
    differ = {
        key[0]
        for key in {key for _, key in (*found, *stated)}
        if any(found[s, key] != stated[s, key] for s in named)
        or (here := _total(found, key)) < (there := _total(stated, key))
        or (is_all and here != there)
    }
    if not differ:
        return []
    if made["lineage"] and known.taken_back:
        return [
            f"{shown(out)}: rows of entries that were withdrawn since, which stay out and count as "
            "not listed here"
        ]
    raise InputError(
        f"{shown(out)}: {len(differ):,} of its {len(then):,} lists hit other rows now than its "
        "audit tells, so listed rows would be missed; name the store, the set and the --column of "
        "that run, or clean again if entries were withdrawn since"
    )


_Of = tuple[str, tuple[str, str | None, str | None]]


def _gross(hits: Hits, digests: Mapping[int, str], *, linked: bool) -> Counter[_Of]:
    """Rows that each list hit, by subset, digest of the list, kind and form."""
    found: Counter[_Of] = Counter()
    for c in hits.counts:
        if c.list_id in digests and (linked or c.kind is not None):
            found[c.subset, (digests[c.list_id], c.kind, c.form)] += c.gross
    return found


def _total(counts: Counter[_Of], key: tuple[str, str | None, str | None]) -> int:
    return sum(n for (_, of), n in counts.items() if of == key)


def _identities(shards: Sequence[Numbered]) -> tuple[str, ...]:
    """By what rows are told, as in a diff: by links alone where a shard has no row hashes."""
    return (ROW, LINK) if all(n.has_row_ids for n in shards) else (LINK,)


def _refuse_unmet(diffs: Sequence[DiffFile], by: Sequence[str]) -> None:
    """Raise InputError for an earlier diff by which no row of this set can be told."""
    for diff in diffs:
        if not set(diff.by) & set(by):
            raise InputError(
                f"{shown(diff.path)}: tells rows by their row hash alone, and these sets have "
                "none; leave it out, or name one that tells links"
            )


def _unlooked(
    made: Mapping[str, Any], edition: Path, found: Residual, by: Collection[str]
) -> list[str]:
    """Hold the rows that are seen to have left against the manifest; a line if they are fewer.

    Raises InputError for more than it tells, and where none of them is seen.
    """
    kept = sum(x["rows"] for x in made["outputs"] if x["edition"] == edition.name)
    left = sum(x["rows"] for x in made["inputs"]) - kept
    by_what = "row hash or link" if ROW in by else "link"
    if found.left > left:
        raise InputError(
            f"{shown(edition)}: lacks {found.left:,} rows of --inputs, and {left:,} left it by its "
            "manifest; one of the two was changed since: name what it was made from, or clean again"
        )
    if left and not found.left:
        raise InputError(
            f"{shown(edition)}: none of the {left:,} rows that left can be told by {by_what}, so "
            "nothing could be looked at"
        )
    if found.left == left:
        return []
    return [
        f"{shown(edition.name)}: {left - found.left:,} of the {left:,} rows that left: no "
        f"{by_what} tells them from rows that stay"
    ]


def _unmet(edition: Path, found: Residual, diffs: Sequence[DiffFile]) -> list[str]:
    """A line for each earlier diff that names nothing of what left."""
    return [
        f"{shown(diff.path)}: names none of the rows that left {shown(edition.name)}, so it "
        "explains nothing"
        for diff, n in zip(diffs, found.named, strict=True)
        if found.left and not n
    ]


def _way_out(made: Mapping[str, Any]) -> str:
    """What to do where listed rows stand out, or a site is weak."""
    cover = made.get("cover")
    if not cover or cover.get("weak") or not made.get("publishable", True):
        return way_out(made)
    return (
        f"clean into another OUT with --cover above {made['parameters']['cover']:,}, or with "
        f"another --cover-site-rows than {cover.get('site_rows')}"
    )


def _public_rule(made: dict[str, Any], edition: dict[str, Any]) -> tuple[float | None, int]:
    """The score above which rows leave by a rule that is public, and the cover of the run."""
    parameters = made["parameters"]
    rules = set(edition["rules"])
    name = "unsafe_above" if "unsafe" in rules else "keyword_above"
    above = float(parameters[name]) if rules & {"unsafe", "unsafe_keyword"} else None
    return above, int(parameters.get("cover") or 0)


def _shards(pool: LocalPool, edition: Path, columns: Columns) -> tuple[Numbered, ...]:
    found = read_inputs([edition], columns, pool).whole()
    return tuple(replace(n, no=NEW_NUMBERS + n.no) for n in found)


def _residual(
    pool: LocalPool,
    hands: Executor,
    work: Path,
    version: str,
    limits: Limits,
    attack: dict[str, Any],
    listen: Progress,
) -> Residual:
    old, new = (Extent.of(shards) for shards in (attack["old"], attack["edition"]))
    by_link = ROW not in attack["by"]  # which takes a look at the links of the old set more
    of_old = 2 + by_link + sum(LINK in diff.by for diff in attack["earlier"])
    of_new = 2 if by_link else 3
    listen.phase("subtract", old * of_old + new * of_new)
    hear = Hearing(hands, listen)
    try:
        found: Residual = pool.call(
            "relaion.labs.checking:residual",
            work,
            version,
            limits.here,
            attack,
            limits if limits.apart else None,
            hear=hear,
        )
    except WorkerEndedError as e:
        raise StopError(f"{shown(hear.at[0] if hear.at else work)}: {e}") from None
    return found
