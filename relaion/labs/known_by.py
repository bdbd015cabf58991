"""Can the rows of a copy be known by what it has? Asked before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from relaion.errors import InputError, StopError
from relaion.labs.applying import Applying, Known
from relaion.labs.copy_files import PARQUET, UNLOOKED, refuse_hashes, shared_line
from relaion.labs.report import NAMELESS
from relaion.parquet.roles import listed
from relaion.paths import shown
from relaion.run.numbered import Numbered
from relaion.run.pool import Caller, blaming

if TYPE_CHECKING:
    from relaion.labs.told import DiffFile, Fates

ROW, LINK = "row", "link"
_TAKE_OUT = ", or take that column out where the copy has links and captions"


def with_own_hashes(run: Applying, known: Sequence[Known]) -> list[Known]:
    """The files without those whose hash column is no LAION row hash: these are set aside.

    Every row would be said to have stayed by it, and none of them would be met. Raises InputError
    where that is so of all of them: then the arguments do not fit.
    """
    way_out = ", or --column row_hash=NAME where it is one and the captions were written anew"
    is_told = "row_hash" in run.columns  # then captions may be others than those that were hashed
    parquet = [k for k in known if k.file.form == PARQUET and not is_told]
    wrong = _sharing(run, known)
    if able := [k for k in parquet if {"url", "text", "row_hash"} <= set(k.shard.layout.roles)]:
        with blaming(able[0].file.path):
            found = run.pool.call(
                "relaion.labs.hashes:other_hashes", [k.shard for k in able], way_out
            )
        wrong |= {able[i].file.no: line for i, line in found.items()}
    for k in known if not is_told else ():  # of other forms: compared as they were indexed
        try:
            refuse_hashes(k.file.path, k.compared, k.differ, way_out)
        except InputError as e:
            wrong[k.file.no] = str(e)
    if wrong and all(k.file.no in wrong for k in known if k.shard.rows):
        raise InputError(next(iter(wrong.values())))
    for k in known:
        if k.file.no in wrong:
            run.fail(k.file, wrong[k.file.no])
    return [k for k in known if k.file.no not in wrong]


def _sharing(run: Applying, known: Sequence[Known]) -> dict[int, str]:
    """A line on each file in which rows of different links share their row hashes, by number."""
    able = [k for k in known if "row_hash" in k.shard.layout.roles and k.shard.rows]
    if not able:
        return {}
    with blaming(able[0].file.path):
        found = run.pool.call("relaion.labs.hashes:shared_hashes", [k.shard for k in able])
    return {
        able[i].file.no: shared_line(able[i].file.path, shared, compared, _TAKE_OUT)
        for i, (shared, compared) in found.items()
    }


def check_hashes(
    pool: Caller, by: Sequence[str], new: Sequence[Numbered], old: Sequence[Numbered]
) -> None:
    """Raise InputError where the hashes of an edition are no LAION row hashes."""
    if ROW not in by:
        return
    for shards in (new, old):
        if shards:
            with blaming(shards[0].shard.path):
                pool.call("relaion.labs.hashes:check_hashes", [n.shard for n in shards])
                pool.call("relaion.labs.hashes:refuse_shared", [n.shard for n in shards])


def usable(known: Sequence[Known], by: Sequence[str]) -> None:
    """Raise InputError where no file has an identity at all."""
    roles = {role for k in known for role in k.shard.layout.roles if k.shard.rows}
    has_row = ROW in by and ("row_hash" in roles or {"url", "text"} <= roles)
    if not (has_row or (LINK in by and "url" in roles)) and any(k.shard.rows for k in known):
        raise _no_identity(known, by)


def _no_identity(known: Sequence[Known], by: Sequence[str]) -> InputError:
    """The error for a copy of which no row can be known."""
    needs = "a link or row hash"
    if ROW not in by:
        needs = "a link"
    elif LINK not in by:
        is_all = tuple(by) == (ROW,)
        needs = "a row hash, or a link and a caption" if is_all else "a row hash"
    first = next((k for k in known if k.shard.rows and k.file.form == PARQUET), known[0])
    has, more = "", ""
    if first.file.form == PARQUET:
        has = f"; it has the columns {listed(first.shard.names)}"
        more = "".join(f"; {notice}" for notice in first.notices)
    return InputError(
        f"{shown(first.file.path)}: no row of the copy has an identity: {needs} is needed"
        f"{has}{more}; say which column is one with --column url=NAME, --column text=NAME or "
        "--column row_hash=NAME"
    )


def refuse_strangers(
    known: Sequence[Known],
    by: Sequence[str],
    fates: Fates,
    diff: DiffFile | None,
    *,
    yes: bool,
) -> None:
    """Raise StopError where no identity of the copy was met: it is of another data set.

    And InputError where no row of it has any.
    """
    met = {"removed", "removed with its link"} if diff else {"row", "link", "removed"}
    rows = sum(n for *_, n in fates.counts) - sum(n for *_, n in fates.twins)
    if yes or not rows:
        return
    if all(fate == NAMELESS for _, fate, _, _ in fates.counts):
        raise _no_identity(known, by)
    if (diff and not diff.rows) or any(fate in met for _, fate, _, _ in fates.counts):
        return
    if diff:
        said = "the diff names no row of the copy: either it is clean, or of another data set"
    else:
        said = "the edition holds no row of the copy: it is of another data set"
    unseen = [
        f"{shown(k.file.name)}: {notice}"
        for k in known for notice in k.notices if notice.startswith(UNLOOKED)
    ]  # fmt: skip
    more = f"; {unseen[0]}" if unseen else ""
    others = f" and {len(known) - 1:,} more" if known[1:] else ""
    raise StopError(
        f"{shown(known[0].file.path)}{others}: {said} ({rows:,} row{'s' * (rows != 1)} looked "
        f"at{more}); if that is right, add --yes-i-checked"
    )
