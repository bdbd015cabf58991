"""The cover ledger: which sites are out for good, listed ones and their cover, beside the key.

It holds HMACs of places under the curator key, never a host. It only grows: a run reads it,
opens seats for what is newly listed, and puts a longer one in its place.
"""

import hashlib
import hmac
import os
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path

from relaion.engine import Engine, connect
from relaion.errors import EngineError, ListError
from relaion.paths import atomic_write, owned_folder, private_umask, shown
from relaion.sqlset import load

VERSION = 2
_OLDER = (1,)  # without teams and bonds, which are added when it grows
_DOMAIN = b"relaion cover site 1\0"  # the key seals other things too: none may look alike
_TABLES = {
    "sites": "site, host, directory, depth, label, since",
    "cover": "site, host, directory, depth, peer_of, since, level, team",
    "bonds": "site, other, since",
}


class OtherKeyError(ListError):
    """A ledger of another curator key than that of the run."""


def rank(key: bytes, site: str) -> str:
    """What the ledger calls a place; also the order in which neutral sites are taken."""
    return hmac.digest(key, _DOMAIN + site.encode("ascii"), "sha256").hex()


def ranks(key: bytes, sites: Iterable[str]) -> list[str]:
    """The rank of each of some places."""
    return [rank(key, site) for site in sites]


def _key_check(key: bytes) -> str:
    return hmac.new(key, b"relaion cover ledger 1\0", hashlib.sha256).hexdigest()


def copy_ledger(ledger: Path, to: Path) -> bool:
    """Copy the ledger into a private folder; False where there is none yet.

    Raises ListError where others may read it, or it is no file that can be read.
    """
    for left in (to, to.with_name(f"{to.name}.wal")):
        left.unlink(missing_ok=True)
    try:
        with ledger.open("rb") as f:
            mode = stat.S_IMODE(os.fstat(f.fileno()).st_mode)
            if mode & 0o077:
                raise ListError(
                    f"{shown(ledger)}: others may read this cover ledger (mode {mode:04o}); make "
                    "it yours alone (chmod 600)"
                )
            with private_umask(), to.open("wb") as out:
                shutil.copyfileobj(f, out)
    except FileNotFoundError:
        return False
    except OSError as e:
        raise ListError(
            f"{shown(ledger)}: the cover ledger cannot be read ({e.strerror}); restore it from "
            "your backup"
        ) from None
    return True


def check_ledger(ledger: Path, key: bytes, release: int = 0, before: Path = Path()) -> None:
    """Raise ListError for a ledger that a run could not use; one that is not there is none.

    Also for one that has not come to the `release` of a run `before` this one: it only grows.
    """
    with owned_folder("lists") as folder, connect(threads=1) as engine:
        copied = folder.path / ledger.name
        copy_ledger(ledger, copied)
        attach_ledger(engine, copied, key, ledger)
        known = " union all ".join(f"select since from ledger_{table}" for table in _TABLES)  # noqa: S608
        ((newest,),) = engine.rows(f"select coalesce(max(since), 0) from ({known})")  # noqa: S608
    if newest < release:
        what = "is an older copy" if ledger.exists() else "is not there"
        raise ListError(
            f"{shown(ledger)}: {what}, though {shown(before)} was made with it, and what is out "
            "only grows; restore it, or name the key that it lies beside with --key"
        )


def knows_cover(ledger: Path, key: bytes) -> bool:
    """Whether runs under this key had cover, as far as can be told of the ledger that is there."""
    try:
        check_ledger(ledger, key)
    except OtherKeyError:
        return False
    except ListError:
        pass  # whose it is cannot be told
    return True


def attach_ledger(engine: Engine, copied: Path, key: bytes, ledger: Path) -> None:
    """Load the tables of a copied ledger as `ledger_sites` and so on; empty without one.

    Raises ListError where it is no ledger, of another version or of another key; `ledger` is what
    errors call it.
    """
    script = load("lists")["70_cover_ledger"]
    written = script.relations("writes")
    if not copied.exists():
        for table in _TABLES:
            columns = f"create or replace temp table ledger_{table} ({written[table]})"
            engine.execute(columns)
        return
    try:
        engine.attach(copied, "ledger")
        ((version, check),) = engine.rows("select version, key_check from ledger.about")
        for table, columns in _TABLES.items():
            engine.execute(f"create or replace temp table ledger_{table} ({written[table]})")
            held = columns.removesuffix(", team") if version in _OLDER else columns
            if table != "bonds" or version not in _OLDER:
                found = f"select {held} from ledger.{table}"  # noqa: S608 - names of this module
                engine.execute(f"insert into ledger_{table} ({held}) {found}")
        engine.execute("detach ledger")
    except (EngineError, ValueError):
        raise ListError(
            f"{shown(ledger)}: is no cover ledger, or damaged; restore it from your backup"
        ) from None
    if version not in (VERSION, *_OLDER) or check != _key_check(key):
        is_new = version not in (VERSION, *_OLDER)
        what = "of another version" if is_new else "of another curator key"
        raise (ListError if is_new else OtherKeyError)(
            f"{shown(ledger)}: is a cover ledger {what}; keep each key in a folder of its own, or "
            "name the right one with --key"
        )


def grow_ledger(ledger: Path, copied: Path, key: bytes, gains: dict[str, Path]) -> None:
    """Write the ledger of which `copied` is a copy, with what it gains, whole or not at all.

    `gains` are work files by table. The caller holds the ledger's lock.
    """
    with private_umask():
        _gain(copied, key, gains)
        with atomic_write(ledger, 0o600, alone=True) as part:
            shutil.copyfile(copied, part)


def _gain(copied: Path, key: bytes, gains: dict[str, Path]) -> None:
    is_new = not copied.exists()
    with connect(copied, threads=1, flushed=False) as engine:
        engine.execute("begin")
        if is_new:
            engine.run(load("lists")["70_cover_ledger"])
            engine.execute("insert into about values (?, ?)", [VERSION, _key_check(key)])
        elif engine.rows("select 1 from about where version < ?", [VERSION]):
            bonds = load("lists")["70_cover_ledger"].relations("writes")["bonds"]
            engine.execute("alter table cover add column team varchar")
            engine.execute(f"create table bonds ({bonds})")
            engine.execute("update about set version = ?", [VERSION])
        for table, path in gains.items():
            engine.read_parquet("gained", [path])
            columns = _TABLES[table]
            engine.execute(f"insert into {table} ({columns}) select {columns} from gained")  # noqa: S608
            engine.execute("drop table gained")
        engine.execute("commit")
        engine.execute("checkpoint")
