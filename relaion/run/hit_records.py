"""Write which records of the givers hit, list by list."""

import csv
import os
from pathlib import Path

from relaion.engine import Engine, connect
from relaion.lists.database import attach_store
from relaion.paths import unwritten
from relaion.run.giver_report import name_of
from relaion.sqlset import load


def write_records(
    store: Path, entries: Path, folder: Path, named: Path, memory: str
) -> dict[int, tuple[int, int]]:
    """Write a file (0600) for each list; its records, and its entries that hit without an id.

    Ids stand there as the giver wrote them where the store kept them, else as it keeps them:
    128 bits of their SHA-256. `named` is what errors call the folder.
    """
    with connect(memory=memory, temp=entries.parent) as engine:
        attach_store(engine, store)
        engine.read_parquet("hit_entries", [entries])
        engine.run(load("lists")["60_hit_records"])
        lists = engine.rows(
            "select list_id, bool_and(giver_id is not null) from hit_records group by all "
            "order by all"
        )
        without = dict(engine.rows("from hits_without_id"))
        written = {}
        for list_id, is_kept in lists:
            try:
                written[list_id] = _write(engine, list_id, folder, is_kept=is_kept)
            except OSError as e:
                place = named / name_of(list_id)
                raise unwritten(place, e, e.strerror or "no usable path") from None
    return {i: (written.get(i, 0), without.get(i, 0)) for i in {*written, *without}}


def _write(engine: Engine, list_id: int, folder: Path, *, is_kept: bool) -> int:
    column, head = ("giver_id", "record_id") if is_kept else ("id_digest", "record_id_sha256")
    query = f"select distinct {column} from hit_records where list_id = ? order by all"  # noqa: S608
    handle = os.open(folder / name_of(list_id), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    n = 0
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow([head])
        for batch in engine.batches(query, [list_id]):
            out.writerows([giver_id] for giver_id in batch.column(0).to_pylist())
            n += batch.num_rows
        f.flush()
        os.fsync(f.fileno())
    return n
