"""`diff`: the publishable difference of two versions of a data set."""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relaion.errors import InputError, NoRoomError, OutputError, StopError
from relaion.labs.applying import NEW_NUMBERS, OLD_NUMBERS
from relaion.labs.diff_out import diff_place
from relaion.labs.moved import edition_near
from relaion.labs.piecework import Hearing
from relaion.labs.sides import read_set, refuse_same, refuse_swapped, said_of_rows
from relaion.parquet.roles import Columns
from relaion.paths import (
    AnyPath,
    AnyPaths,
    as_paths,
    maybe_path,
    owned_folder,
    private_umask,
    shown,
)
from relaion.run.elsewhere import brought_here
from relaion.run.engines import LOCAL, engine_of, joined
from relaion.run.manifest import way_out
from relaion.run.notebook import listening
from relaion.run.numbered import Numbered, rows_of
from relaion.run.outputs import Owners
from relaion.run.pool import LocalPool, WorkerEndedError, blaming
from relaion.run.progress import SURVEY, Extent, Progress
from relaion.run.settings import MEMORY, Limits, versions
from relaion.sqlset import VERSION, load
from relaion.tabled import Tabled

if TYPE_CHECKING:
    from relaion.labs.told import Compared

ROW, LINK = "row", "link"
FORM = 3  # of diffs; `labs.diff_file` reads it
A_ROW = 40  # bytes of work files and of what DuckDB spills, a row of both sets


@dataclass(frozen=True)
class Diffed(Tabled):
    """What a diff holds.

    `out` is its file and `sha256` that of its bytes; `by` says how rows are told in it: `row`,
    `link` or both. `rows_old` and `rows_new` are those compared, `left` rows of the old set that
    are not in the new one, `lines` of the diff, `links_gone` links that no row of the new set has.
    `without` is how many rows without a row hash and a link, of which no line can tell, the old set
    has more than the new one; `linkless` are rows that only their row hash tells; `duplicates` rows
    of a hash and link that another one has, too; `colliding` row hashes that more than one link
    has. `doubted` are rows that left whose own row hash is not that of their link and caption,
    `believed` rows of both sets whose own was not held against these. `notices` are for whoever
    made it.
    """

    out: Path
    sha256: str
    rows_old: int
    rows_new: int
    left: int
    lines: int
    links_gone: int
    without: int
    linkless: int
    duplicates: int
    colliding: int
    by: tuple[str, ...]
    notices: tuple[str, ...] = ()
    doubted: int = 0
    believed: int = 0


def diff(
    old: AnyPaths,
    new: AnyPaths,
    out: AnyPath,
    *,
    by: str | None = None,
    columns: Columns | None = None,
    work: AnyPath | None = None,
    workers: int | None = None,
    memory: str = MEMORY,
    sql_version: str = VERSION,
    i_accept_disclosure: bool = False,
    engine: str = LOCAL,
    progress: Progress | None = None,
) -> Diffed:
    """Write what left between two versions of a data set, for whoever holds a copy of the old one.

    Either set may be anybody's. The file is parquet: `row_hash` (BIGINT, NULL where a row has
    none), `link` (SHA-256 of a salt and the link key, cut to 16 bytes; NULL where the link still
    stands), `link_gone` and `link_bytes` (INT; NULL but where the row hash still stands, of another
    link: how many bytes the link has that left).

    Args:
        old: The version before: shards, folders or globs.
        new: The version after.
        out: The file of the diff, on this machine or in a store.
        by: `row` or `link` where one identity alone is to tell rows; None for both.
        columns: Which columns of either set are link, caption or row hash, where names do not
            tell; None: as the run had it, of which a set is an edition.
        work: Where a private, temporary folder is made; None for the system's.
        workers: Processes; None for one a core.
        memory: What all processes may hold together, such as `2GB`; 500 MB at least.
        sql_version: The set of SQL scripts.
        i_accept_disclosure: Make a diff that points at listed rows, which must not be published.
        engine: `local`, or `ray`, `ray=auto` or `ray=HOST:PORT` for workers of a Ray cluster.
        progress: Hears how far it is; None draws a bar in a notebook, and tells nobody elsewhere.

    Returns:
        What the diff holds, in counts.

    Raises:
        InputError: For sets that cannot be compared.
        OutputError: For a file that cannot be written.
        StopError: Where publishing it would point at listed rows.
    """
    old, new, work = as_paths(old), as_paths(new), maybe_path(work)
    if by not in (None, ROW, LINK):
        raise InputError(f"--by {by}: write row or link")
    listen = listening(progress)
    listen.steps((SURVEY, "compare"))
    cluster, apart = engine_of(engine, workers, memory, None)
    limits = apart.here
    with LocalPool(guard=limits.guard) as pool, ExitStack() as left:
        place = left.enter_context(diff_place(out, work, (*old, *new)))
        old, new = left.enter_context(_here(pool, old, new, work, listen))
        told = _published(old, new, accepted=i_accept_disclosure)
        sides, columns = {}, columns or _columns_of((*new, *old))
        for name, paths, first in (("old", old, OLD_NUMBERS), ("new", new, NEW_NUMBERS)):
            sides[name] = read_set(pool, paths, first, said_of_rows(columns), listen)
        before, after = sides["old"], sides["new"]
        told = told or _moved(new, after, accepted=i_accept_disclosure)
        is_secret = bool(told)
        refuse_same(new, before, after, "OLD and NEW", "name two versions of a data set")
        refuse_swapped(new, before, after, "NEW", "write it after the other: diff OLD NEW")
        identities, looked, differ = _identities(pool, by, sides)
        if by is None and identities != (ROW, LINK):
            told = (*told, "no row hash on both sides: rows are told by their links alone")
        rows = {name: rows_of(shards) for name, shards in sides.items()}
        owned = left.enter_context(owned_folder("diff", work))
        _refuse_no_room(owned.path, sum(rows.values()), listen)
        pool.begin(1, owned.path, held=(owned.lock,))
        salt = secrets.token_bytes(16)
        listen.phase("compare", Extent.of(sides["old"]) * 2 + Extent.of(sides["new"]) * 3)
        reads = [n.shard.path for shards in sides.values() for n in shards]
        with (
            private_umask(),
            joined(cluster, apart, workers, pool, listen, owned.path, (), reads) as (hands, each),
        ):
            hear = Hearing(hands, listen)
            asked = (owned.path, sql_version, limits, before, after, identities, salt)
            found, lines = _compared(
                pool, place.told, hear, *asked, spread=each if cluster else None
            )
        if found.rows and found.rows + found.nameless == rows["old"]:
            has_both = {ROW, LINK} <= set(identities)
            anew = ", or add --by link if captions were written anew" if has_both else ""
            raise StopError(
                f"{shown(new[0])}: holds no row of {shown(old[0])}: it is of another data set; "
                f"name two versions of one{anew}"
            )
        seals = [sorted(found.seals[n.no].sha256 for n in sides[side]) for side in sides]
        is_same = seals[0] == seals[1]
        believed = _believed(sides, looked, found) if ROW in identities else 0
        told += (
            *_of_hashes(sides, believed, found),
            *_of_wrong(new[0], differ),
            *_doubts(found.rows, rows, old[0], new[0], is_same=is_same),
        )
        if _is_untold(new) and not is_secret:
            told = (_nobody_knows(new, found.rows, rows), *told)  # before all else
        said = _said(found, sides, rows, identities, salt, sql_version, believed)
        said["old"]["editions"], said["new"]["editions"] = _editions(old), _editions(new)
        with blaming(place.told, OutputError):
            sha256 = pool.call("relaion.labs.diffing:write_diff", lines, place.path, said)
        place.publish(sha256)
    return Diffed(
        place.told, sha256, rows["old"], rows["new"], found.rows, found.lines, found.links,
        found.without, found.linkless, found.rows - found.lines, found.colliding, identities, told,
        found.doubted, believed,
    )  # fmt: skip


@contextmanager
def _here(
    pool: LocalPool, old: Sequence[Path], new: Sequence[Path], work: Path | None, progress: Progress
) -> Iterator[tuple[tuple[Path, ...], tuple[Path, ...]]]:
    """Both sets, here; all of their bytes are read once, for the diff says their digests."""
    with brought_here(pool, [*old, *new], work=work, digests=True, progress=progress) as (here, _):
        yield here[: len(old)], here[len(old) :]


def _compared(
    pool: LocalPool, out: Path, hear: Hearing, *asked: Any, spread: Limits | None
) -> tuple[Compared, Path]:
    """`labs.diffing.compare`, in a worker."""
    try:
        found: tuple[Compared, Path] = pool.call(
            "relaion.labs.diffing:compare", *asked, spread=spread, hear=hear
        )
    except WorkerEndedError as e:
        raise StopError(f"{shown(hear.at[0] if hear.at else out)}: {e}") from None
    return found


def _doubts(
    left: int, rows: Mapping[str, int], old: Path, new: Path, *, is_same: bool
) -> Iterator[str]:
    """What may be two sets in the wrong order, where nobody but who named them can tell."""
    swap = "if that is the older version, write it first: diff OLD NEW"
    if not left:
        holds, way_out = f"holds every row of {shown(old)}", swap
        if is_same:
            holds = f"holds the very files of {shown(old)}, byte for byte"
            way_out = "if that is no other version, name one"
        yield f"{shown(new)}: {holds}, so the diff is empty and takes nothing; {way_out}"
    elif rows["new"] > rows["old"]:
        yield (
            f"{shown(new)}: holds {rows['new']:,} rows, more than {shown(old)} "
            f"({rows['old']:,}): right where the set grew; {swap}"
        )


def _identities(
    pool: LocalPool, by: str | None, sides: Mapping[str, Sequence[Numbered]]
) -> tuple[tuple[str, ...], int, int]:
    """The identities that both sides have; how many rows had their own hash held against theirs.

    And how many of those of the new set differ. Raises InputError where they are none.
    """
    able = all(n.has_row_ids for shards in sides.values() for n in shards)
    if by == ROW and not able:
        raise InputError("--by row: a shard has neither row hashes nor both links and captions")
    wanted = (ROW, LINK) if by is None else (by,)
    found = tuple(each for each in wanted if each != ROW or able)
    looked = differ = 0
    if ROW in found:
        for shards in (sides["old"], sides["new"]):  # the last is told of
            with blaming(shards[0].shard.path):
                some, differ = pool.call(
                    "relaion.labs.hashes:check_hashes", [n.shard for n in shards]
                )
                pool.call("relaion.labs.hashes:refuse_shared", [n.shard for n in shards])
            looked += some
    return found, looked, differ


def _stored(sides: Mapping[str, Sequence[Numbered]], *roles: str) -> int:
    """The rows of both sets that lie in shards with row hashes and these roles."""
    wanted = {"row_hash", *roles}
    shards = (n.shard for some in sides.values() for n in some)
    return sum(shard.rows for shard in shards if wanted <= set(shard.layout.roles))


def _believed(sides: Mapping[str, Sequence[Numbered]], looked: int, found: Compared) -> int:
    """How many rows have a hash of their own that nobody held against link and caption.

    Of rows that left all are, where the old set has these; they may be among those `looked` at.
    """
    able = {"row_hash", "url", "text"}
    is_proved = all(able <= set(n.shard.layout.roles) for n in sides["old"])
    return max(0, _stored(sides) - max(looked, found.rows if is_proved else 0))


def _of_hashes(
    sides: Mapping[str, Sequence[Numbered]], believed: int, found: Compared
) -> Iterator[str]:
    """What is told of row hashes that were believed, and of those that are not what they seem."""
    if believed:
        stored = _stored(sides)
        yield (
            f"row hashes that stand in OLD and NEW are believed: {stored - believed:,} of "
            f"{stored:,} rows were compared with what their link and caption give"
        )
    if found.doubted:
        yield (
            f"{found.doubted:,} of the {found.rows:,} rows that left have another row hash than "
            "their link and caption give: a copy without that column knows these by their links "
            "alone"
        )


def _of_wrong(new: Path, differ: int) -> Iterator[str]:
    """What is told of row hashes of the new set that are not those of their rows."""
    if differ:
        yield (
            f"{shown(new)}: {differ:,} of the rows compared have another row hash than their link "
            "and caption give: the diff may name a row that is there, and pass over one that left; "
            "mend the column, or add --by link"
        )


def _published(old: Sequence[Path], new: Sequence[Path], *, accepted: bool) -> tuple[str, ...]:
    """Refuse what a curator's manifest says may not be published; a line for what is accepted."""
    for path in (*new, *old):
        made = _manifest_of(path)
        if made is not None and made.get("publishable") is not True:
            return (_not_publishable(path, "its manifest", made, accepted=accepted),)
    return ()


def _manifest_of(path: Path) -> Mapping[str, Any] | None:
    """The manifest in or above a folder; empty for one that cannot be read."""
    owners = Owners()
    owned = owners.at(path) or getattr(owners.of(path), "output", None)
    return owned.manifest if owned is not None else None


def _columns_of(paths: Sequence[Path]) -> Columns:
    """What a run took for link, caption and row hash, where a set is one of its editions."""
    for path in paths:
        made = _manifest_of(path)
        if made and "parameters" in made:
            told = made["parameters"]
            named = told.get("columns") if isinstance(told, Mapping) else None
            return {role: name for role, name in named.items()
                    if role in ("url", "text", "row_hash") and isinstance(name, str)
                    } if isinstance(named, Mapping) else {}  # fmt: skip
    return {}


def _not_publishable(path: Path, where: str, made: Mapping[str, Any], *, accepted: bool) -> str:
    """A line for what is accepted; raises StopError where it is not."""
    says = "says `publishable: false`" if made else "cannot be read"
    why = str(made.get("why", f"its manifest {says}"))
    if not accepted:
        raise StopError(
            f"{shown(path)}: {where} {says} ({why}): whoever has the old set "
            f"would find the listed rows in the diff; {way_out(made)}, or add "
            "--i-accept-disclosure for a diff that is not published"
        )
    return f"{shown(path)}: is not publishable ({why}); keep this diff as secret as the lists"


def _moved(new: Sequence[Path], shards: Sequence[Numbered], *, accepted: bool) -> tuple[str, ...]:
    """Refuse a copy of an edition whose manifest, near by, says that it may not be published."""
    if not _is_untold(new):
        return ()
    owned = edition_near(new, shards)
    made = owned.manifest if owned is not None else None
    if owned is not None and made and made.get("publishable") is not True:
        where = f"its shards are those of {shown(owned.folder)}, whose manifest"
        return (_not_publishable(new[0], where, made, accepted=accepted),)
    return ()


_UNTOLD = "no manifest of relaion's says whether its difference to the old set may be published"


def _is_untold(new: Sequence[Path]) -> bool:
    return any(_manifest_of(path) is None for path in new)


def _nobody_knows(new: Sequence[Path], left: int, rows: Mapping[str, int]) -> str:
    """What is told of a new set of which no manifest says anything: may the diff be public?"""
    if left and rows["new"] + left == rows["old"]:
        share = f"{left:,} rows of the old set ({left / rows['old']:.2%}) and no others"
        return (
            f"{shown(new[0])}: {_UNTOLD}; the diff names {share}: if lists chose them and this set "
            "is not public yet, keep the diff as secret as the lists"
        )
    return f"{shown(new[0])}: {_UNTOLD}"


def _editions(paths: Sequence[Path]) -> list[str]:
    """Names of the curator's editions that some paths are, as their manifests have them."""
    owners = Owners()
    found = []
    for path in paths:
        owned = owners.of(path / "x")
        if owned is not None and owned.output.manifest and owned.edition:
            found.append(f"{owned.edition} of run {owned.output.manifest['run']}")
    return found


def _refuse_no_room(work: Path, rows: int, listen: Progress) -> None:
    """Say what disk it may need; raise NoRoomError where there is less."""
    need, free = rows * A_ROW, shutil.disk_usage(work).free
    if need > 1_000_000_000:
        listen.say(f"{shown(work)}: up to {need / 1e9:,.0f} GB of work files may be needed")
    if need > free:
        raise NoRoomError(
            f"{shown(work)}: has room for {free / 1e9:,.1f} GB, {need / 1e9:,.1f} may be needed; "
            "name another disk with --work"
        )


def _said(
    found: Compared,
    sides: Mapping[str, Sequence[Numbered]],
    rows: Mapping[str, int],
    by: Sequence[str],
    salt: bytes,
    sql_version: str,
    believed: int,
) -> dict[str, Any]:
    """What a diff says of itself: no path, no name of a file."""
    known = versions()
    said: dict[str, Any] = {
        "form": FORM,
        "relaion": known["relaion"],
        "key_version": int(known["link_key"]),
        "sql_version": sql_version,
        "scripts": _digest(s.sha256 for s in load(sql_version).values()),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "by": list(by),
        "salt": salt.hex(),
        "rows": found.lines,
        "rows_left": found.rows,
        "links_gone": found.links,
        "rows_without_identity": found.without,
        "rows_without_link": found.linkless,
        "duplicates": found.rows - found.lines,
        "colliding_hashes": found.colliding,
        "hashes_doubted": found.doubted,
        "hashes_believed": believed,
    }
    for name, shards in sides.items():
        lines = (f"{n.shard.rows} {found.seals[n.no].sha256}" for n in shards)
        said[name] = {
            "rows": rows[name], "shards": len(shards), "digest": _digest(sorted(lines)),
        }  # fmt: skip
    return said


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
