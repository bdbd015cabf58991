"""What becomes of every row of a copy: worked out in a worker, over all of its files at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from relaion.copies.form import bare_keys
from relaion.engine import connect
from relaion.labs.copy_files import NotOldError
from relaion.labs.diff_file import view_diff
from relaion.labs.seek import BATCH_ROWS, HASHES, Seeker, is_index
from relaion.labs.told import Fates
from relaion.paths import shown
from relaion.run.numbered import Numbered, rows_of
from relaion.run.settings import Limits
from relaion.run.tasks import batches

ROW, LINK = "row", "link"


@dataclass(frozen=True)
class Question:
    """Which rows of a copy stay? `new` and `old` are editions; or `diff` is a diff's file.

    No two shards have one number, whichever set they are of. `by` are the identities that count.
    `samples` are files of one shard of img2dataset's: its number, a shard's number, and the file
    that has the keys of its rows in a column `key`. `named` are roles whose column the user named.
    `known` are work files of a run before, with
    their SHA-256 by name. `spread` is that of a `Seeker`.
    """

    work: Path
    version: str
    limits: Limits
    copies: tuple[Numbered, ...]
    new: tuple[Numbered, ...] = ()
    old: tuple[Numbered, ...] = ()
    diff: Path | None = None
    salt: bytes = b""
    by: tuple[str, ...] = (ROW, LINK)
    keeps_unknown: bool = False
    keeps_nameless: bool = False
    samples: tuple[tuple[int, int, Path], ...] = ()
    named: tuple[str, ...] = ()
    known: dict[str, str] = field(default_factory=dict)
    spread: Limits | None = None

    @property
    def batches(self) -> list[tuple[Numbered, ...]]:
        """The files of the copy, some at a time: those of one shard together."""
        folders = {no: folder for folder, no, _ in self.samples}
        units: dict[tuple[bool, int], list[Numbered]] = {}
        for n in self.copies:
            of = folders.get(n.no)
            units.setdefault((of is None, n.no if of is None else of), []).append(n)
        found: list[list[Numbered]] = []
        held = 0
        for unit in units.values():
            rows = rows_of(unit)
            if not found or held + rows > BATCH_ROWS:
                found.append([])
                held = 0
            found[-1] += unit
            held += rows
        return [tuple(batch) for batch in found]


def work_out_of(question: dict[str, Any], tell: Callable[..., object]) -> Fates:
    """`work_out` for a process that does not load what this module needs."""
    return work_out(Question(**question), tell)


def work_out(question: Question, tell: Callable[..., object]) -> Fates:
    """The fate of each row; raises InputError for a shard that cannot be read, or changed.

    `tell` hears what `Seeker` tells.
    """
    q, limits = question, question.limits
    with connect(threads=limits.workers, memory=limits.find_memory, temp=q.work) as engine:
        seeker = Seeker(engine, q.work, q.version, limits.workers, q.known, tell, q.spread)
        rows = seeker.row_files("copy", q.batches, q.named, by_row=ROW in q.by)
        fates = _by_diff(seeker, q, q.diff, rows) if q.diff else _by_keep(seeker, q, rows)
        counts: list[tuple[int, str, bool, int]] = []
        twins: list[tuple[int, str, bool, int]] = []
        leaving: dict[int, Path] = {}
        for i, batch in enumerate(q.batches):
            seeker.table("fates", _FATES, fates[i : i + 1])
            told = engine.rows(_COUNTS)
            counts += [(*fate, rows) for *fate, rows, _ in told]
            twins += [(*fate, n) for *fate, _, n in told if n]
            path = seeker.made(f"leaving-{i}", lambda: _LEAVING)
            leaving |= {n.no: path for n in batch}
        engine.view_files(rows, "all_rows", _NAMES)
        ((doubted, several, alone),) = engine.rows(
            _KNOWN_BY,
            {"proves": LINK in q.by and (q.diff is not None or "row_hash" not in q.named)},
        )
        seals = seeker.seals([*q.new, *q.old, *q.copies])
        ((disowned,),) = engine.rows(
            "with wrong as (select distinct row_hash from new_hashes where doubt = 2) "
            "select count(*) from wrong anti join "
            "(from new_hashes semi join wrong using (row_hash) where doubt < 2) using (row_hash)"
        )
        if ROW not in q.by:
            doubted = several = alone = 0
        more = (doubted, several, disowned, alone)
        return Fates(tuple(counts), leaving, seals, tuple(twins), *more)


_ROWS = (
    "shard_no integer, file_row_number bigint, others bigint[], row_hash bigint, "
    "link_bytes integer, is_weak boolean, doubt tinyint"
)
_NAMES = [column.split()[0] for column in _ROWS.split(", ")]
_COUNTS = """
select shard_no, fate, leaves, count(*), count(*) filter (is_twin)
from fates group by all order by all
"""
_FATES = "shard_no integer, file_row_number bigint, fate varchar, leaves boolean, is_twin boolean"
_IDS = (
    "shard_no integer, file_row_number bigint, link_id uuid, host varchar, tail varchar, "
    "short ubigint"
)
_SALTED = "shard_no integer, file_row_number bigint, link blob"
_KNOWN_BY = """
select
    count(*) filter (others is not null and doubt = 2),
    count(*) filter (others is not null and doubt < 2),
    count(*) filter (
        row_hash is not null and (link_bytes is null or (doubt > 0 and not $proves))
    )
from all_rows
"""
_LEAVING = "select shard_no, file_row_number from fates where leaves order by all"


def _by_keep(seeker: Seeker, q: Question, rows: Sequence[Path]) -> list[Path]:
    """Work files `fates`, one a batch of the copy, against an edition and the set before it."""
    engine = seeker.engine
    sets = {name: list(batches(of, BATCH_ROWS)) for name, of in (("new", q.new), ("old", q.old))}
    if ROW in q.by:
        engine.view_files(rows, "all_rows", _NAMES)
        engine.execute(_WANTED)
        for name, shards in sets.items():
            seeker.table(f"{name}_hashes", HASHES, seeker.hash_files(name, shards, proves=True))
            if name == "new" and q.old:
                engine.execute(_LESS_HASHES)
                _probe(seeker, "wanted_hashes", "new_hashes", "row_hash")
        _refuse_other_old(seeker, q, "old_hashes", "row_hash")
    else:
        for name in sets:
            seeker.table(f"{name}_hashes", HASHES, ())
    ids: list[Path] = []
    if LINK in q.by:
        ids = _link_ids(seeker, q, rows)
        seeker.table("hit_keys", _IDS, ids)
        engine.execute(
            "create or replace temp table wanted_links as select distinct link_id from hit_keys"
        )
        for name, shards in sets.items():
            seeker.table(f"{name}_links", "link_id uuid", seeker.link_files(name, shards))
            if name == "new" and q.old:
                _less(seeker, "wanted_links", "new_links", "link_id")
                _probe(seeker, "wanted_links", "new_links", "link_id")
                engine.execute(
                    "create or replace temp table hit_keys as "
                    "from hit_keys semi join wanted_links using (link_id)"
                )
        _refuse_other_old(seeker, q, "old_links", "link_id")
    else:
        for name in sets:
            seeker.table(f"{name}_links", "link_id uuid", ())
    return [
        seeker.made(f"fates-{i}", lambda i=i: _fates(seeker, q, rows, ids, i))  # type: ignore[misc]
        for i, _ in enumerate(q.batches)
    ]


_WANTED = """
create or replace temp table wanted_hashes as
select row_hash, case when doubt = 0 then link_bytes end as link_bytes from all_rows
where row_hash is not null
union all
select unnest(others), link_bytes from all_rows where others is not null
"""
_LESS_HASHES = """
create or replace temp table wanted_hashes as
from wanted_hashes as w
anti join new_hashes as n
    on w.row_hash = n.row_hash and (w.link_bytes = n.link_bytes or n.link_bytes is null)
"""
PROBES = 1_000  # rows of the edition that are looked for in the set which it was made of


def _probe(seeker: Seeker, wanted: str, found: str, column: str) -> None:
    """Look for some of what NEW has in the old set, too: it had all of it."""
    engine = seeker.engine
    engine.execute(
        f"create or replace temp table probes as select distinct {column} from {found} "  # noqa: S608
        f"order by {column} limit {PROBES}"
    )
    engine.execute(f"insert into {wanted} ({column}) select {column} from probes")  # noqa: S608


def _refuse_other_old(seeker: Seeker, q: Question, found: str, column: str) -> None:
    """Raise NotOldError where the old set has none of the rows that NEW and the copy share."""
    if not q.old:
        return
    asked = (
        f"select count(*), count(*) filter ({column} in (select {column} from {found})) from probes"  # noqa: S608
    )
    ((n, met),) = seeker.engine.rows(asked)
    if n and not met:
        raise NotOldError(
            f"{shown(q.old[0].shard.path.parent)}: holds none of {n:,} rows that NEW and the copy "
            "have in common, so NEW was not made of it; name the set that it was made of with --old"
        )


def _fates(seeker: Seeker, q: Question, rows: Sequence[Path], ids: Sequence[Path], i: int) -> str:
    seeker.table("rows", _ROWS, rows[i : i + 1])
    seeker.table("row_ids", _IDS, ids[i : i + 1])
    seeker.run(
        "apply/76_fates_by_keep", by_row=ROW in q.by, by_link=LINK in q.by, has_old=bool(q.old),
        keeps_unknown=q.keeps_unknown, keeps_nameless=q.keeps_nameless,
        trusts_own="row_hash" in q.named,
    )  # fmt: skip
    return _of_samples(seeker, q)


def _of_samples(seeker: Seeker, q: Question) -> str:
    """Let samples and their rows share a fate: they are of one batch."""
    if q.samples:
        engine = seeker.engine
        engine.execute(
            "create or replace temp table sample_keys "
            "(folder_no integer, key varchar, part integer, is_sample boolean, shard_no integer, "
            "file_row_number bigint)"
        )
        indexes = {n.no for n in q.copies if is_index(n)}
        here = {no for (no,) in engine.rows("select distinct shard_no from fates")}
        for folder_no, shard_no, path in q.samples:
            if shard_no in here:
                keys = _keys(folder_no, shard_no, path, is_sample=shard_no in indexes)
                engine.insert("sample_keys", keys)
        seeker.run("apply/78_fates_of_samples")
    return "from fates"


def _keys(folder_no: int, shard_no: int, path: Path, *, is_sample: bool) -> pa.Table:
    told = pq.read_table(path, columns=["key", "part"] if is_sample else ["key"])
    keys = bare_keys(told["key"])
    n = len(keys)
    return pa.table(
        {
            "folder_no": pa.repeat(pa.scalar(folder_no, pa.int32()), n),
            "key": keys,
            "part": told["part"] if is_sample else pa.repeat(pa.scalar(0, pa.int32()), n),
            "is_sample": pa.repeat(pa.scalar(is_sample), n),
            "shard_no": pa.repeat(pa.scalar(shard_no, pa.int32()), n),
            "file_row_number": pa.array(range(n), pa.int64()),
        }
    )


def _link_ids(seeker: Seeker, q: Question, rows: Sequence[Path]) -> list[Path]:
    """Work files `link_ids` of the rows that no row hash settled, one a batch of the copy."""
    do = partial(_link_ids_of, by_row=ROW in q.by)
    items = list(zip(q.batches, rows, strict=True))
    return seeker.files("copy-ids", do, items, ["new_hashes", "old_hashes"])


def _link_ids_of(seeker: Seeker, batch: Sequence[Numbered], path: Path, *, by_row: bool) -> str:
    seeker.table("rows", _ROWS, [path])
    seeker.engine.execute("update rows set row_hash = null where doubt > 0")  # these settle nothing
    seeker.link_ids(batch, by_row=by_row)
    return "from link_ids order by shard_no, file_row_number"


def _by_diff(seeker: Seeker, q: Question, diff: Path, rows: Sequence[Path]) -> list[Path]:
    """Work files `fates`, one a batch of the copy, against a diff."""
    engine = seeker.engine
    for name in ("new", "old"):
        seeker.table(f"{name}_hashes", HASHES, ())

    salted: list[Path] = []
    if LINK in q.by and seeker.spread is not None:  # else they are no matter for a file
        items, settling = list(zip(q.batches, rows, strict=True)), ["new_hashes", "old_hashes"]
        salted = seeker.files("salted", partial(_salted_of, salt=q.salt), items, settling)

    def fates(i: int, batch: Sequence[Numbered]) -> str:
        seeker.table("rows", _ROWS, rows[i : i + 1])
        seeker.table("salted_links", _SALTED, salted[i : i + 1])
        if LINK in q.by and not salted:
            seeker.salted(batch, q.salt)
        view_diff(engine, diff)
        seeker.run(
            "apply/77_fates_by_diff", by_row=ROW in q.by, by_link=LINK in q.by,
            keeps_nameless=q.keeps_nameless,
        )  # fmt: skip
        return _of_samples(seeker, q)

    return [
        seeker.made(f"fates-{i}", lambda i=i, batch=batch: fates(i, batch))  # type: ignore[misc]
        for i, batch in enumerate(q.batches)
    ]


def _salted_of(seeker: Seeker, batch: Sequence[Numbered], path: Path, *, salt: bytes) -> str:
    seeker.table("rows", _ROWS, [path])
    seeker.salted(batch, salt)
    return "from salted_links order by shard_no, file_row_number"


def _less(seeker: Seeker, table: str, found: str, column: str) -> None:
    """Look no further for what was found."""
    seeker.engine.execute(
        f"create or replace temp table {table} as from {table} anti join {found} using ({column})"
    )
