"""What an outsider could compute from an edition, in a worker: what is left, what stands out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from relaion.engine import connect
from relaion.labs.diff_file import view_diff
from relaion.labs.diffing import gone_ids, gone_rows
from relaion.labs.fates import LINK, ROW
from relaion.labs.seek import BATCH_ROWS, HASHES, Batches, Seeker
from relaion.labs.told import DiffFile
from relaion.run.numbered import Numbered
from relaion.run.settings import Limits
from relaion.run.tasks import batches

_HITS = "shard_no integer, file_row_number bigint, list_id integer"
_PLACE = "shard_no integer, file_row_number bigint"
_ROWS = f"{_PLACE}, row_hash bigint, link_bytes integer"
_RESIDUAL = (
    "subset varchar, band varchar, host varchar, directory varchar, link varchar, "
    "n_rows bigint, n_listed bigint"
)
_STAYS = "host varchar, directory varchar"


@dataclass(frozen=True)
class Attack:
    """One edition as an outsider sees it: its shards, its labels, its public rule on scores.

    `by` are the identities by which rows of the two sets are told: `row`, `link`. `hits` are the
    work files that tell which rows of the old set are listed. `lists` are pairs of list_id and
    label, `cover` how many neutral sites the run was told to remove for each.
    """

    old: tuple[Numbered, ...]
    edition: tuple[Numbered, ...]
    by: tuple[str, ...]
    hits: Path
    same_link: Path
    lists: tuple[tuple[int, str], ...]
    labels: tuple[str, ...]
    unsafe_above: float | None
    cover: int
    earlier: tuple[DiffFile, ...] = ()


@dataclass(frozen=True)
class Residual:
    """What an outsider makes of an edition: the lines of `86_stand_out`, and rows.

    `left` rows are seen to have left, `unexplained` are those of them that no public rule and no
    earlier diff explains; `named` tells how many each of these diffs named.
    """

    strata: tuple[tuple[Any, ...], ...]
    left: int
    unexplained: int
    named: tuple[int, ...]


def residual(
    work: Path,
    version: str,
    limits: Limits,
    given: dict[str, Any],
    spread: Limits | None,
    tell: Callable[..., object],
) -> Residual:
    """The strata of what is left unexplained, and how many rows left in all.

    `given` makes an `Attack`, for a process that does not load what this module needs. `tell` and
    `spread` are those of a `Seeker`; workers of a cluster find what left.
    """
    attack = Attack(**given)
    with connect(threads=limits.workers, memory=limits.find_memory, temp=work) as engine:
        seeker = Seeker(engine, work, version, limits.workers, {}, tell, spread)
        seeker.site_macros()
        of_old = list(batches(attack.old, BATCH_ROWS))
        of_new = list(batches(attack.edition, BATCH_ROWS))
        rows = _left_rows(seeker, attack, of_old, of_new)
        engine.execute("create or replace temp table lists (list_id integer, label varchar)")
        names = {"list_id": pa.int32(), "label": pa.string()}
        columns = list(zip(*attack.lists, strict=True)) or [(), ()]
        engine.insert("lists", pa.table(list(map(list, columns)), schema=pa.schema(names)))
        named = [0] * len(attack.earlier)
        files = []
        for i, (batch, path) in enumerate(zip(of_old, rows, strict=True)):
            _earlier(seeker, attack.earlier, batch, path, named)
            files.append(
                seeker.made(f"residual-{i}", lambda b=batch, p=path: _of(seeker, attack, b, p))  # type: ignore[misc]
            )
        seeker.table("residual", _RESIDUAL, files)
        stays = [
            seeker.made(f"stays-{i}", lambda batch=batch: _still_there(seeker, batch))  # type: ignore[misc]
            for i, batch in enumerate(of_new)
        ]
        seeker.table("stays", _STAYS, stays)
        seeker.run("apply/86_stand_out", cover=attack.cover)
        ((unexplained,),) = engine.rows("select coalesce(sum(n_rows), 0)::bigint from residual")
        strata = tuple(engine.rows("from strata"))
        seeker.table("rows", _ROWS, rows)
        ((left,),) = engine.rows("select count(*) from rows")
        return Residual(strata, int(left), int(unexplained), tuple(named))


def _left_rows(seeker: Seeker, attack: Attack, of_old: Batches, of_new: Batches) -> Sequence[Path]:
    """Work files `rows`: those that left, by their row hash, and where they have none by link."""
    engine, by_row = seeker.engine, ROW in attack.by
    rows = gone_rows(seeker, of_old, of_new, attack.edition, attack.by)
    for name in ("new", "old"):  # all of these rows are unsettled
        seeker.table(f"{name}_hashes", HASHES, ())
    seeker.table("rows", _ROWS, rows)
    nameless = "from rows where row_hash is null" if by_row else "from rows"
    ((n,),) = engine.rows(f"select count(*) {nameless}")
    if not n:
        return rows

    def asked(path: Path) -> str:
        seeker.table("rows", _ROWS, [path])
        return nameless

    wanted = [
        seeker.made(f"nameless-{i}", lambda path=path: asked(path))  # type: ignore[misc]
        for i, path in enumerate(rows)
    ]
    ids = gone_ids(seeker, of_old, of_new, wanted, (LINK,), b"")

    def left(path: Path, of_links: Path) -> str:
        seeker.table("rows", _ROWS, [path])
        seeker.table("row_ids", f"{_PLACE}, link_id uuid", [of_links])
        seeker.run("apply/83_left_rows", by_row=by_row)
        return "from rows"

    return [
        seeker.made(f"left-rows-{i}", lambda path=path, of=of: left(path, of))  # type: ignore[misc]
        for i, (path, of) in enumerate(zip(rows, ids, strict=True))
    ]


def _earlier(
    seeker: Seeker,
    diffs: Sequence[DiffFile],
    batch: Sequence[Numbered],
    path: Path,
    named: list[int],
) -> None:
    """Table `earlier_rows`: what earlier diffs would take is known to everybody already."""
    engine = seeker.engine
    engine.execute(f"create or replace temp table earlier_rows ({_PLACE})")
    for i, diff in enumerate(diffs):
        seeker.table("rows", _ROWS, [path])
        engine.execute("alter table rows add column is_weak boolean default false")
        engine.execute("alter table rows add column doubt tinyint default 0")
        engine.execute("alter table rows add column others bigint[]")  # a set is believed
        if LINK in diff.by:
            seeker.salted(batch, diff.salt)
        else:
            engine.execute(f"create or replace temp table salted_links ({_PLACE}, link blob)")
        view_diff(engine, diff.path)
        seeker.run("apply/77_fates_by_diff", by_row=True, by_link=True, keeps_nameless=True)
        ((n,),) = engine.rows("select count(*) from fates where leaves")
        named[i] += n
        engine.execute(
            "insert into earlier_rows select shard_no, file_row_number from fates where leaves"
        )


def _of(seeker: Seeker, attack: Attack, batch: Sequence[Numbered], rows: Path) -> str:
    engine = seeker.engine
    seeker.table("rows", _ROWS, [rows])
    seeker.table("list_hits", _HITS, [attack.hits])
    seeker.table("same_link", _HITS, [attack.same_link])

    def look() -> None:
        engine.execute(
            "create or replace temp view row_links as select shard_no, file_row_number, url "
            "from shard semi join rows using (shard_no, file_row_number)"
        )
        seeker.odd_hosts()
        seeker.run(
            "apply/84_residual", unsafe_above=attack.unsafe_above, labels=list(attack.labels)
        )

    seeker.read(batch, look, "shard", roles=("url", "punsafe"))
    return "from residual"


def _still_there(seeker: Seeker, batch: Sequence[Numbered]) -> str:
    def look() -> None:
        seeker.engine.execute(
            "create or replace temp view row_links as "
            "select shard_no, file_row_number, url from shard"
        )
        seeker.odd_hosts()
        seeker.run("apply/85_still_there")

    seeker.read(batch, look, "shard", roles=("url",))
    return "from stays"
