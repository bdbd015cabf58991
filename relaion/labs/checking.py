"""What an outsider could compute from an edition, in a worker: what is left, what stands out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from relaion.engine import connect
from relaion.labs.diff_file import DiffFile
from relaion.labs.diffing import gone_rows
from relaion.labs.fates import ROW
from relaion.labs.seek import BATCH_ROWS, Seeker
from relaion.labs.sides import DIFF_COLUMNS
from relaion.run.settings import Limits
from relaion.run.survey import Numbered
from relaion.run.tasks import batches

_HITS = "shard_no integer, file_row_number bigint, list_id integer"
_RESIDUAL = (
    "subset varchar, band varchar, host varchar, directory varchar, n_rows bigint, "
    "n_listed bigint, host_stays boolean, directory_stays boolean"
)


@dataclass(frozen=True)
class Attack:
    """One edition as an outsider sees it: its shards, its labels, its public rule on scores.

    `hits` are the work files that tell which rows of the old set are listed. `lists` are pairs of
    list_id and label, `cover` how many neutral sites the run was told to remove for each.
    """

    old: tuple[Numbered, ...]
    edition: tuple[Numbered, ...]
    hits: Path
    same_link: Path
    lists: tuple[tuple[int, str], ...]
    labels: tuple[str, ...]
    unsafe_above: float | None
    cover: int
    earlier: tuple[DiffFile, ...] = ()


def residual_of(
    work: Path, version: str, limits: Limits, attack: dict[str, Any], tell: Callable[..., object]
) -> tuple[list[tuple[Any, ...]], int]:
    """`residual` for a process that does not load what this module needs."""
    return residual(work, version, limits, Attack(**attack), tell=tell)


def residual(
    work: Path, version: str, limits: Limits, attack: Attack, *, tell: Callable[..., object]
) -> tuple[list[tuple[Any, ...]], int]:
    """The strata of what is left unexplained (`85_stand_out`), and how many rows left in all."""
    with connect(threads=limits.workers, memory=limits.find_memory, temp=work) as engine:
        seeker = Seeker(engine, work, version, limits.workers, {}, tell)
        of_old = list(batches(attack.old, BATCH_ROWS))
        of_new = list(batches(attack.edition, BATCH_ROWS))
        gone = gone_rows(seeker, of_old, of_new, attack.edition, (ROW,))
        engine.execute("create or replace temp table lists (list_id integer, label varchar)")
        names = {"list_id": pa.int32(), "label": pa.string()}
        columns = list(zip(*attack.lists, strict=True)) or [(), ()]
        engine.insert("lists", pa.table(list(map(list, columns)), schema=pa.schema(names)))
        _earlier(seeker, attack.earlier)
        files = []
        for i, (batch, path) in enumerate(zip(of_old, gone, strict=True)):
            files.append(
                seeker.made(f"residual-{i}", lambda b=batch, p=path: _of(seeker, attack, b, p))  # type: ignore[misc]
            )
        seeker.table("residual", _RESIDUAL, files)
        seeker.run("apply/85_stand_out", cover=attack.cover)
        ((left,),) = engine.rows("select coalesce(sum(n_rows), 0)::bigint from residual")
        return engine.rows("from strata"), int(left)


def _of(seeker: Seeker, attack: Attack, batch: Sequence[Numbered], rows: Path) -> str:
    seeker.table("rows", "shard_no integer, file_row_number bigint, row_hash bigint", [rows])
    seeker.table("list_hits", _HITS, [attack.hits])
    seeker.table("same_link", _HITS, [attack.same_link])

    def look() -> None:
        seeker.run(
            "apply/84_residual", unsafe_above=attack.unsafe_above, labels=list(attack.labels)
        )

    seeker.read(batch, look, "shard", roles=("url", "punsafe"))
    return "from residual"


def _earlier(seeker: Seeker, diffs: Sequence[DiffFile]) -> None:
    """Table `earlier_hashes`: what earlier diffs named is known to everybody already."""
    engine = seeker.engine
    engine.execute("create or replace temp table earlier_hashes (row_hash bigint)")
    for diff in diffs:
        engine.view_files([diff.path], "diff", DIFF_COLUMNS)
        engine.execute(
            "insert into earlier_hashes select distinct row_hash from diff "
            "where row_hash is not null"
        )
