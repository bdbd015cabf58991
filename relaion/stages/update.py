"""`update`: the next delivery. What lists gained is searched, and what it touches is written."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from relaion.errors import InputError
from relaion.lists.key import ledger_path
from relaion.paths import AnyPath, AnyPaths, as_path, as_paths, as_texts, maybe_path, shown
from relaion.run import out as folder
from relaion.run.editions import load_editions
from relaion.run.elsewhere import OF_AN_OUT, brought_here, lying_here, shards_here
from relaion.run.engines import LOCAL, engine_of
from relaion.run.hits import hold_good
from relaion.run.manifest import Carried
from relaion.run.notebook import listening
from relaion.run.outputs import AUDIT
from relaion.run.parent import (
    Parent,
    lists_since,
    missing_sidecars,
    read_parent,
    refuse_changed,
    refuse_missing_sidecars,
    refuse_other_counts,
    refuse_other_settings,
    shards_since,
)
from relaion.run.pool import Executor, LocalPool, blaming
from relaion.run.progress import Progress, steps_of
from relaion.run.settings import MEMORY, Settings
from relaion.run.update import UpdateRun
from relaion.run.where import check_where, check_where_from_shards, where_of
from relaion.stages.clean import carry_out, editions_of, request_of
from relaion.stages.cleaned import Cleaned, verify_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from relaion.run.editions import Edition
    from relaion.run.pool import Caller


def update(
    parent: AnyPath,
    inputs: AnyPaths,
    lists: AnyPath,
    out: AnyPath,
    *,
    editions: AnyPaths = (),
    keywords: AnyPath | None = None,
    key: AnyPath | None = None,
    work: AnyPath | None = None,
    workers: int | None = None,
    memory: str = MEMORY,
    time_limit: float | None = None,
    sidecars: AnyPaths = (),
    copy: bool = False,
    verify: bool = True,
    yes_i_checked: bool = False,
    cover: int | None = None,
    cover_site_rows: int | None = None,
    allow_changed: bool = False,
    engine: str = LOCAL,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> Cleaned:
    """Write the editions of a finished run anew, without what the lists have named since.

    Shards without a new removal are hard-linked from `parent`; the others are cleaned from `inputs`
    as `clean` would. What decides is as it was there. Rows that had left stay out, whatever was
    taken back since. Resumes a run broken off; a finished OUT is left as it is.

    Args:
        parent: The OUT of that run, which is read and linked from, never written to.
        inputs: The data that it was made of, grown or not.
        lists: The same list store.
        out: The folder of the new editions.
        editions: Where scripts of editions of your own lie.
        keywords: The keyword file of that run, if it had one.
        key: The curator key; None for the one beside the store.
        work: Where the private work folder is made; None for within `out`.
        workers: Processes; None for one a core.
        memory: What all processes may hold together, such as `2GB`; 500 MB at least.
        time_limit: Seconds for one task of a worker; None for a time by its rows and bytes.
        sidecars: All sidecars, those of that run too.
        copy: Copy files that lose nothing; else they are hard-linked, and share their bytes.
        verify: Check the result by other code; without it `verdict` is None.
        yes_i_checked: Go on although lists hit very many rows.
        cover: Neutral sites for each listed one, no fewer than there; None: as it was there.
        cover_site_rows: How many rows a site may have; None: as it was there.
        allow_changed: Clean shards that are others now whole, and go on without shards and sidecars
            that are gone; else they are refused.
        engine: `local`, or `ray`, `ray=auto` or `ray=HOST:PORT` for workers of a Ray cluster.
        progress: Hears how far it is; None draws a bar in a notebook, and tells nobody elsewhere.
        executor: Does the tasks of shards in place of an engine.

    Returns:
        What was made, why rows left, and the verdict.

    Raises:
        InputError: For what cannot be used, or decides and is not as it was.
        ListError: For a store that cannot be used, or is another one.
        OutputError: Where OUT is not ours, or cannot be written.
        BusyError: While another run holds OUT.
        StopError: Where the run stops itself: a limit to confirm, shards that failed.
    """
    inputs, sidecars = as_paths(inputs), as_paths(sidecars)
    lists, (before,) = as_path(lists), as_paths(parent)
    keywords, key, work = maybe_path(keywords), maybe_path(key), maybe_path(work)
    where = where_of(out, work)
    cluster, limits = engine_of(engine, workers, memory, time_limit)
    listen = listening(progress)
    command = verify_command(where.told, inputs, lists, keywords, {}, key, sidecars, before)
    with LocalPool(guard=limits.guard, listener=listen) as pool, ExitStack() as left:
        (parent_here,), _ = left.enter_context(
            brought_here(pool, [before], work=where.make_near(), out=where.out, notes=OF_AN_OUT)
        )
        made = read_parent(parent_here)
        check_where(where, [*inputs, before])
        folder.sweep_left(work, lists)
        columns = dict(made.parameters["columns"])
        covers = bool(made.parameters["cover"] if cover is None else cover)
        listen.steps(steps_of(cover=covers, verify=verify))
        settings = Settings(
            made.made["sql_version"], limits, where.work.absolute(), where.out.absolute(),
            store=where.url, editions=_editions(made, as_texts(editions), pool), copy=copy,
            cover=made.parameters["cover"] if cover is None else cover,
            cover_site_rows=cover_site_rows or made.parameters["cover_site_rows"],
            **{name: made.parameters[name] for name in _AS_BEFORE},
        )  # fmt: skip
        lineage = made.lineage(kept_out=False)
        # which shards are others now is told by their digests
        here, beside = left.enter_context(
            brought_here(
                pool,
                inputs,
                sidecars,
                work=where.near,
                out=where.out,
                digests=True,
                progress=listen,
            )
        )
        request = request_of(
            settings, here, lists, keywords, key, columns, beside, pool, lineage, listen,
        )  # fmt: skip
        since = lists_since(made, request.plan, lists, request.known.withdrawn)
        refuse_other_settings(made, request.plan)
        if cover_then := made.made["cover"]:
            asked = (ledger_path(request.key), request.known.key, cover_then["release"])
            pool.call("relaion.lists.cover:check_ledger", *asked, made.folder)
        shards = shards_since(made, request.plan)
        kept_out = (
            since.was_less or allow_changed or bool(made.parameters["cover"])
            or bool(missing_sidecars(made, request.plan))
        )  # fmt: skip
        plan = replace(
            request.plan, lineage=made.lineage(kept_out=kept_out),
            editions=made.made["editions"],  # the same, whatever the scripts' files are called now
        )  # fmt: skip
        request = replace(request, plan=plan)
        if not allow_changed:
            refuse_missing_sidecars(made, plan)
            refuse_changed(made, shards.lost, "gone")
            refuse_changed(made, shards.changed, "changed")
        with blaming(parent_here / AUDIT):
            carried: Carried = pool.call("relaion.run.audit_file:read_carried", parent_here)
        refuse_other_counts(made, carried.steps, carried.files)
        hold_good(request.known, settled=settings.good_wins or yes_i_checked)
        check_where_from_shards(where, lying_here(here), shards_here(request.inputs.places))
        place = left.enter_context(folder.open_where(where))
        run = partial(
            UpdateRun, parent=made, since=since, shards=shards, carried=carried,
            allow_changed=allow_changed,
        )  # fmt: skip
        return carry_out(
            place, request, pool, here, lists, command, columns=columns, verify=verify,
            yes=yes_i_checked, listen=listen, executor=executor, make=run, parent=parent_here,
            cluster=cluster, workers=workers,
        )  # fmt: skip


_AS_BEFORE = (
    "same_link", "inner", "unscored", "good_wins", "unsafe_above", "keyword_above",
)  # fmt: skip


def _editions(made: Parent, given: Sequence[str], caller: Caller) -> tuple[Edition, ...]:
    """The editions of the run before; where the scripts of one's own lie has to be told."""
    lines: list[dict[str, Any]] = made.made["editions"]
    version = made.made["sql_version"]
    own = [line["name"] for line in lines if not line["builtin"]]
    # told by its header, whatever its file is called
    found = {edition.name: edition for edition in editions_of(given, version, caller)}
    if missing := [name for name in own if name not in found]:
        raise InputError(
            f"{shown(made.folder)}: its edition {shown(missing[0])} has a script of its own; say "
            "where that lies with --edition PATH"
        )
    if strange := sorted(set(found) - set(own)):
        raise InputError(
            f"--edition {shown(strange[0])}: the editions of an update are those of "
            f"{shown(made.folder)}; only say where scripts of your own lie"
        )
    names = [line["name"] for line in lines]
    found |= {e.name: e for e in load_editions([n for n in names if n not in found], version)}
    return tuple(found[name] for name in names)
