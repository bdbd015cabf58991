"""Where a diff goes: a file of this machine, or an object of a store, whole and once."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from relaion.errors import BusyError, InputError, OutputError
from relaion.paths import (
    AnyPath,
    as_path,
    locked,
    private_folder,
    refuse_unwritable,
    shown,
)
from relaion.remote.claim import CLAIM, RunClaim, owner_of, refuse_claimed, take_claim
from relaion.remote.failures import GoneError, UnwrittenError
from relaion.remote.objects import Objects
from relaion.remote.stores import objects_at, open_store
from relaion.remote.urls import RemoteURL, is_remote
from relaion.run.elsewhere import lying_here
from relaion.run.outputs import refuse_within_finished
from relaion.run.where import Where, check_where, where_of

_ANSWERED = ("no bucket", "none", "unknown", "refused", "expired", "unable")  # nothing was put


@dataclass(frozen=True)
class DiffPlace:
    """`path` is where the file is written; what is put in a store is named by `where`."""

    path: Path
    where: Where | None = None
    claim: RunClaim | None = None

    @property
    def told(self) -> Path:
        """As a command names it."""
        return self.path if self.where is None else self.where.told

    def publish(self, sha256: str) -> None:
        """Put what was written, if it goes to a store.

        Raises OutputError or BusyError where it cannot be put; the file stays here then.
        """
        if self.where is None or self.claim is None or self.where.url is None:
            return
        url = self.where.url
        try:
            self.claim.check()
            _refuse_standing(url)
            objects_at(url.folder).put(self.path, url.name, sha256)
        except (UnwrittenError, InputError, BusyError) as e:
            raise OutputError(
                f"{e} (the diff is made, and lies whole in {shown(self.path)}, for you alone, "
                "until the command is repeated)"
            ) from None
        self.path.unlink()


@contextmanager
def diff_place(out: AnyPath, work: Path | None, named: Sequence[Path]) -> Iterator[DiffPlace]:
    """Where a diff goes, which nothing stands at; `named` are the sets that it is of.

    A name in a store is claimed as long as this lasts; a kill leaves the claim, which the same
    command takes over. Raises InputError or OutputError where a diff cannot go there, BusyError
    while another run makes one there.
    """
    if not is_remote(out):
        path = as_path(out)
        _refuse_file(path, lying_here(named))
        yield DiffPlace(path)
        return
    where = where_of(out, work)
    check_where(where, named)
    assert where.url is not None  # noqa: S101 - `where_of` says so
    store, name = objects_at(where.url.folder), f"{where.url.name}{CLAIM}"
    is_free = not os.path.lexists(where.staging)  # of a claim: else one may hang on its owner
    private_folder(where.staging)
    with locked(where.staging, f"is writing to {where.named}"):
        owner, path, claim = owner_of(where.staging), where.staging / "diff.parquet", None
        try:
            try:
                _refuse_standing(where.url)
            except InputError:
                is_free = _let_go(store, owner, name) or is_free
                raise
            is_free = False  # the answer may be lost
            try:
                claim = take_claim(store, owner, name)
            except (BusyError, UnwrittenError) as e:
                is_free = isinstance(e, BusyError) or e.kind in _ANSWERED
                raise
            path.unlink(missing_ok=True)
            yield DiffPlace(path, where, claim)
        finally:
            if claim is not None:
                with suppress(OutputError, BusyError):
                    claim.drop()
                    is_free = True
            if is_free and not os.path.lexists(path):
                shutil.rmtree(where.staging, ignore_errors=True)


def _let_go(store: Objects, owner: str, name: str) -> bool:
    """Remove a claim of ours that a kill left behind the diff; whether none of ours is there."""
    try:
        refuse_claimed(store, owner, name)
        store.remove([name])
    except BusyError:
        return True
    except OutputError:
        return False
    return True


def _refuse_standing(url: RemoteURL) -> None:
    """Raise InputError where an object or a folder stands already, or the store does not say."""
    store = open_store(url)
    try:
        store.info(url)
    except GoneError:
        if next(iter(store.files(url)), None) is None:
            return
        raise InputError(f"{shown(url)}: is a folder; name a file such as diff.parquet") from None
    raise InputError(f"{shown(url)}: exists already; remove it, or name another file")


def _refuse_file(out: Path, inputs: Sequence[Path]) -> None:
    """Raise InputError where a diff cannot stand, or where something else stands already."""
    if out.is_dir():
        raise InputError(f"{shown(out)}: is a folder; name a file such as diff.parquet")
    if not out.parent.is_dir():
        raise InputError(f"{shown(out.parent)}: is not a folder; make it, or name another file")
    place = out.resolve()
    for path in inputs:
        if place == path.resolve() or (path.is_dir() and path.resolve() in place.parents):
            raise InputError(
                f"{shown(out)}: lies in {shown(path)}, which is an input; inputs are never "
                "modified, so name a file elsewhere"
            )
    refuse_within_finished(out)
    if out.exists():
        raise InputError(f"{shown(out)}: exists already; remove it, or name another file")
    refuse_unwritable(out.parent, "and the diff goes there; name another file with --out")
