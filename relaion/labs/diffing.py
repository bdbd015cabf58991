"""Two versions of a data set compared, in a worker: which identities left, and nothing else."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from relaion.engine import connect
from relaion.labs.diff_file import META, SCHEMA, Content
from relaion.labs.fates import LINK, ROW
from relaion.labs.seek import BATCH_ROWS, HASHES, Batches, Seeker
from relaion.labs.told import Compared
from relaion.parquet.mended import raw_texts
from relaion.paths import atomic_write, file_sha256
from relaion.run.numbered import Numbered
from relaion.run.settings import Limits
from relaion.run.tasks import batches
from relaion.sidecars.row_hash import row_hashes, without_fillers

GROUP_ROWS = 1_000_000
PROVED = frozenset({"row_hash", "url", "text"})
"""The roles of a shard that prove its row hashes."""
_ROWS = "shard_no integer, file_row_number bigint, row_hash bigint, link_bytes integer"
_IDS = (
    "shard_no integer, file_row_number bigint, link_id uuid, link blob, host varchar, "
    "tail varchar, short ubigint, is_doubted boolean"
)
_GONE = f"{_ROWS}, is_shared boolean"
_STEP = "row_hash bigint, link_bytes integer"
_DOUBTED = pa.schema([("shard_no", pa.int32()), ("file_row_number", pa.int64())])
_SETTLING = ("new_hashes", "old_hashes")  # tables by which a row hash settles what becomes of a row


def compare(
    work: Path,
    version: str,
    limits: Limits,
    old: Sequence[Numbered],
    new: Sequence[Numbered],
    by: Sequence[str],
    salt: bytes,
    *,
    tell: Callable[..., object],
    spread: Limits | None = None,
) -> tuple[Compared, Path]:
    """Find what left; the lines of the diff are left in a work file, sorted.

    `tell` and `spread` are those of a `Seeker`. Raises InputError for a shard that cannot be read,
    or changed meanwhile.
    """
    with connect(threads=limits.workers, memory=limits.find_memory, temp=work) as engine:
        seeker = Seeker(engine, work, version, limits.workers, {}, tell, spread)
        of_old = list(batches(old, BATCH_ROWS))
        of_new = list(batches(new, BATCH_ROWS))
        rows = gone_rows(seeker, of_old, of_new, new, by)
        gone_ids(seeker, of_old, of_new, rows, by, salt)
        seeker.table("rows", _GONE, rows)
        seeker.run("apply/82_diff", by_row=ROW in by, by_link=LINK in by)
        path = seeker.made("diff", lambda: "from diff order by row_hash, link, link_bytes")
        ((lines,),) = engine.rows("select count(*) from diff")
        (counts,) = engine.rows("from diff_counts")
        rows_left, links, nameless, linkless, colliding = counts
        without = max(0, nameless - _nameless(seeker, of_new, by)) if nameless else 0
        ((doubted,),) = engine.rows("select count(*) from row_ids where is_doubted")
        seals = seeker.seals([*old, *new])
        found = Compared(
            lines, rows_left, links, without, linkless, colliding, nameless, doubted, seals
        )
        return found, path


def _nameless(seeker: Seeker, batches: Batches, by: Sequence[str]) -> int:
    """How many rows of these shards have no identity."""
    do = partial(_nameless_of, by=tuple(by))
    return sum(seeker.numbers(do, [(batch,) for batch in batches], _SETTLING))


def _nameless_of(seeker: Seeker, batch: Sequence[Numbered], *, by: Sequence[str]) -> int:
    seeker.table("step_hashes", _STEP, ())

    def look() -> None:
        seeker.identities(batch)
        seeker.run("apply/80_not_in_step")

    seeker.read(batch, look, "shard")
    seeker.engine.execute(
        "create or replace temp table link_ids (shard_no integer, file_row_number bigint)"
    )
    if LINK in by:
        seeker.link_ids(batch, by_row=False)
    seeker.run("apply/87_nameless", by_row=ROW in by)
    ((n,),) = seeker.engine.rows("from nameless")
    return int(n)


def gone_rows(
    seeker: Seeker,
    of_old: Batches,
    of_new: Batches,
    new: Sequence[Numbered],
    by: Sequence[str],
) -> list[Path]:
    """Work files `rows`: those of the old set whose row hash is nowhere in the new one."""
    engine = seeker.engine
    beside = in_step([n for batch in of_old for n in batch], new) if ROW in by else {}
    items = [(batch, [beside[n.no] for n in batch if n.no in beside]) for batch in of_old]
    files = seeker.files("old-rows", _not_in_step, items)
    hashes: list[Path] = []
    if ROW in by:
        seeker.table("rows", _ROWS, files)
        engine.execute(
            "create or replace temp table wanted_hashes as "
            "select distinct row_hash from rows where row_hash is not null"
        )
        hashes = seeker.hash_files("new", of_new, proves=False)
    seeker.table("new_hashes", HASHES, hashes)

    def gone(path: Path) -> str:
        seeker.table("rows", _ROWS, [path])
        seeker.run("apply/81_gone_rows", by_row=ROW in by)
        return "from rows"

    return [
        seeker.made(f"gone-rows-{i}", lambda path=path: gone(path))  # type: ignore[misc]
        for i, path in enumerate(files)
    ]


def in_step(old: Sequence[Numbered], new: Sequence[Numbered]) -> dict[int, Numbered]:
    """The shard of the new set that stands for each of the old one's, by the number of that.

    By subset and name; else by a name that either set has once: the shards of one folder are a
    subset named after it, and no two versions lie in one. A wrong pair only costs time.
    """
    of_place = {(n.shard.subset, n.shard.name): n for n in new}
    names = [Counter(n.shard.name for n in shards) for shards in (old, new)]
    of_name = {n.shard.name: n for n in new if all(count[n.shard.name] == 1 for count in names)}
    found = {}
    for n in old:
        other = of_place.get((n.shard.subset, n.shard.name)) or of_name.get(n.shard.name)
        if other is not None:
            found[n.no] = other
    return found


def _not_in_step(seeker: Seeker, batch: Sequence[Numbered], beside: Sequence[Numbered]) -> str:
    seeker.table("step_hashes", _STEP, ())
    if beside:
        seeker.read(beside, lambda: _step_hashes(seeker, beside), "shard")

    def look() -> None:
        seeker.identities(batch)
        seeker.run("apply/80_not_in_step")

    seeker.read(batch, look, "shard")
    return "from rows"


def _step_hashes(seeker: Seeker, shards: Sequence[Numbered]) -> None:
    seeker.identities(shards)
    seeker.engine.execute(
        "create or replace temp table step_hashes as "
        "select row_hash, link_bytes from identities where row_hash is not null"
    )


def gone_ids(
    seeker: Seeker,
    of_old: Batches,
    of_new: Batches,
    rows: Sequence[Path],
    by: Sequence[str],
    salt: bytes,
) -> list[Path]:
    """Work files `row_ids` of these rows; table `new_links` says which of their links still stand.

    A row without a link that is an identity has no link_id. `is_doubted` is one whose own row hash
    is not that of its link and caption, where row hashes are identities.
    """
    engine = seeker.engine
    for name in ("new", "old"):
        seeker.table(f"{name}_hashes", HASHES, ())
    seeker.table("new_links", "link_id uuid", ())
    items = list(zip(of_old, rows, strict=True))
    found = seeker.files(
        "gone-ids", partial(_gone_ids_of, by=tuple(by), salt=salt), items, _SETTLING
    )
    seeker.table("row_ids", _IDS, found)
    engine.execute("create or replace temp view hit_keys as from row_ids where link_id is not null")
    engine.execute(
        "create or replace temp table wanted_links as select distinct link_id from hit_keys"
    )
    seeker.table("new_links", "link_id uuid", seeker.link_files("new", of_new))
    return found


def _gone_ids_of(
    seeker: Seeker, batch: Sequence[Numbered], path: Path, *, by: Sequence[str], salt: bytes
) -> str:
    engine = seeker.engine
    seeker.table("rows", _ROWS, [path])
    seeker.table("link_ids", _IDS, ())
    seeker.table("salted_links", _IDS, ())
    seeker.table("doubted", "shard_no integer, file_row_number bigint", ())
    layouts = [n.shard.layout for n in batch]
    proves = ROW in by and any(set(layout.roles) >= PROVED for layout in layouts)
    is_one = all(len(layout.playing("url")) < 2 for layout in layouts)
    if proves or (LINK in by and is_one):  # both are told by one look at the columns
        roles = sorted(PROVED if proves else {"url"})
        seeker.read(batch, lambda: seeker.run("apply/90_gone_texts"), "shard", roles)
    if proves:
        engine.insert("doubted", pa.Table.from_batches(_doubted(seeker), _DOUBTED))
    if LINK in by and is_one:
        engine.execute("create or replace temp view row_links as from gone_texts")
        seeker.ids_of_links(by_row=False, salt=salt)
    elif LINK in by:
        seeker.link_ids(batch, by_row=False, salt=salt)
    return (
        "select r.shard_no, r.file_row_number, i.link_id, s.link, i.host, i.tail, i.short, "
        "(r.shard_no, r.file_row_number) in (from doubted) as is_doubted "
        "from rows as r left join link_ids as i using (shard_no, file_row_number) "
        "left join salted_links as s using (shard_no, file_row_number) "
        "order by r.shard_no, r.file_row_number"
    )


def _doubted(seeker: Seeker) -> Iterator[pa.RecordBatch]:
    """Of `gone_texts` the places of rows with another row hash than link and caption give."""
    for batch in seeker.engine.batches(
        "select shard_no, file_row_number, row_hash, url, text from gone_texts "
        "where row_hash is not null and url <> '' and text <> ''"
    ):
        *places, own, links, captions = batch.columns
        given = row_hashes(raw_texts(links), raw_texts(captions))
        differs = pc.fill_null(pc.not_equal(without_fillers(own), given), False)
        yield pa.RecordBatch.from_arrays(places, schema=_DOUBTED).filter(differs)


def write_diff(lines: Path, out: Path, said: dict[str, Any]) -> str:
    """Write a diff as it is published: sorted, zstd, `said` in its metadata.

    Returns the SHA-256 of the file.
    """
    content = Content()
    with pq.ParquetFile(lines) as source:
        for batch in source.iter_batches(GROUP_ROWS):
            content.add(batch)
        said = {**said, "content": content.sha256(said)}
        schema = SCHEMA.with_metadata({META: json.dumps(said, sort_keys=True).encode("ascii")})
        with (
            atomic_write(out) as part,
            pq.ParquetWriter(part, schema, compression="zstd") as writer,
        ):
            for batch in source.iter_batches(GROUP_ROWS):
                writer.write_table(_typed(batch, schema), row_group_size=GROUP_ROWS)
    return file_sha256(out)


def _typed(batch: pa.RecordBatch, schema: pa.Schema) -> pa.Table:
    columns = [column.cast(field.type) for column, field in zip(batch.columns, schema, strict=True)]
    return pa.Table.from_arrays(columns, schema=schema)
