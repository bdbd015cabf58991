"""OUT in a store of objects: whose it is, what it holds, and its manifest last of all.

Outputs are put by the workers that make them (`putting.py`). The process that drives the run holds
the claim, lists what is there, and puts the audit and then the manifest, once all is there that
the manifest states, as it was put, and nothing else.
"""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from relaion.errors import BusyError, OutputError, RelaionError
from relaion.paths import file_sha256, is_utf8, locked, private_folder, public_folder, shown
from relaion.remote.claim import CLAIM, RunClaim, owner_of, refuse_claimed, take_claim
from relaion.remote.failures import UnwrittenError
from relaion.remote.objects import Noted, Objects
from relaion.remote.stores import objects_at, open_store
from relaion.remote.urls import RemoteURL
from relaion.run.journal import FIND
from relaion.run.outputs import AUDIT, MANIFEST, VERIFIED
from relaion.run.plan_note import PLAN
from relaion.run.where import Where

_PUBLIC = (MANIFEST, AUDIT, VERIFIED)


class RemoteOut:
    """OUT in a store that this process has claimed, or that is finished (`claim` is None then)."""

    def __init__(self, store: Objects, folder: Path, claim: RunClaim | None) -> None:
        self.store = store
        self._folder = folder  # the staging folder's
        self._claim = claim
        self._there: dict[str, Noted] | None = None

    @property
    def named(self) -> str:
        """OUT as it may be shown."""
        return shown(self.store.at)

    def there(self) -> Mapping[str, Noted]:
        """What it held when this was asked first."""
        if self._there is None:
            self._there = self.store.there()
        return self._there

    def refuse_strange(self, names: Iterable[str]) -> None:
        """Raise OutputError where it holds what a run that puts these names would not put."""
        for name in names:
            if not is_utf8(name):
                raise OutputError(
                    f"{shown(name)}: is no UTF-8, so no object of a store can have the name; "
                    "rename the file"
                )
        known = {*names, *_PUBLIC, CLAIM}
        if strange := next((name for name in self.there() if name not in known), None):
            raise OutputError(
                f"{self.named}: holds {shown(strange)}, which this run would not put there; name "
                "another OUT, or remove it"
            )

    def finish(self, outputs: Mapping[str, Noted], beside: Sequence[str] = (AUDIT,)) -> None:
        """Put what goes `beside` the manifest and then that; give up the claim.

        Both lie in the staging folder; `outputs` are all other files as they were put. Raises
        OutputError where the store holds anything else, BusyError where the claim is lost: then no
        manifest is put.
        """
        assert self._claim is not None  # noqa: S101 - no run begins without one
        for name in beside:
            self.put_public(name)
        there = self.store.there()
        for name, noted in outputs.items():
            if there.get(name) != noted:
                raise OutputError(
                    f"{shown(self.store.named(name))}: is gone, or another one than was put; see "
                    "what writes there, and repeat the command to go on"
                )
        if strange := next(iter(there.keys() - outputs.keys() - {*beside, CLAIM}), None):
            raise OutputError(
                f"{shown(self.store.named(strange))}: this run did not put it; remove it, and "
                "repeat the command to go on"
            )
        self._claim.check()
        if self.store.put_new(MANIFEST, (self._folder / MANIFEST).read_bytes()) is None:
            raise BusyError(f"{self.named}: another run has put its manifest; name another OUT")
        self._claim.drop()
        self._claim = None

    def put_public(self, name: str) -> None:
        """Put the audit, or the word of a check, in place of what is there."""
        path = self._folder / name
        self.store.put(path, name, file_sha256(path))

    def remove(self, names: Iterable[str]) -> None:
        """Remove objects that a run put, or had begun to put, and nothing else."""
        self.store.remove_parts()
        there = self.store.there()
        self.store.remove([name for name in names if name in there])
        self._there = None

    def leave(self, *, is_begun: bool) -> bool:
        """Give up the claim, or say that the run has stopped and may be gone on with.

        Returns whether no claim of this run is left.
        """
        if self._claim is None:
            return True
        try:
            if not is_begun:
                self._claim.drop()
                return True
            self._claim.rest()
        except RelaionError:  # why the run stopped is told already
            pass
        return False


@contextmanager
def open_remote(where: Where) -> Iterator[tuple[RemoteOut, int]]:
    """Claim an OUT in a store, and lock its staging folder; yields it, and the lock.

    That folder is removed afterwards where nothing of a run is left in it, and no claim that it
    alone knows in the store. Raises BusyError while another run writes there, OutputError where it
    holds what is not ours.
    """
    assert where.url is not None  # noqa: S101 - `where_of` says so
    store = objects_at(where.url)
    is_unclaimed = not os.path.lexists(where.staging)
    private_folder(where.staging)
    public_folder(where.out)
    with locked(where.staging, f"is writing to {where.named}") as lock:
        try:
            claim = None
            if _is_open(store, where, owner_of(where.staging)):
                is_unclaimed = False  # its answer may be lost
                claim = take_claim(store, owner_of(where.staging))
                store.remove_parts()
            remote = RemoteOut(store, where.out, claim)
            try:
                yield remote, lock
            finally:
                is_unclaimed = remote.leave(is_begun=_is_begun(where))
        finally:
            if is_unclaimed and not _is_begun(where):
                shutil.rmtree(where.staging, ignore_errors=True)


def _let_go(store: Objects, owner: str) -> None:
    """Remove a claim of ours; another's stays. Raises UnwrittenError where the store refuses.

    With this folder's name is gone who could ever remove it.
    """
    try:
        refuse_claimed(store, owner)
    except (BusyError, OutputError) as e:
        if isinstance(e, UnwrittenError):
            raise
        return
    store.remove([CLAIM])


def _refuse_object(url: RemoteURL) -> None:
    """Raise OutputError where an object has the very name of OUT: whoever names it would get that.

    Whether one is there that may not be looked at nobody can say.
    """
    if open_store(url).there(url) is not None:
        raise OutputError(f"{shown(url)}: is an object, and no folder; name another OUT")


def _is_begun(where: Where) -> bool:
    return os.path.lexists(where.work / PLAN) or (where.work / FIND).is_dir()


def _is_open(store: Objects, where: Where, owner: str) -> bool:
    """Whether an OUT is to be claimed; of a finished one the public files are fetched instead."""
    there = store.there()
    if MANIFEST in there:
        for name in _PUBLIC:
            if not (name in there and store.get(name, where.out / name)):
                (where.out / name).unlink(missing_ok=True)
        if CLAIM in there:  # a kill came between the manifest and the end of the claim
            _let_go(store, owner)
        return False
    for name in _PUBLIC:  # of a try whose manifest was not put
        (where.out / name).unlink(missing_ok=True)
    if CLAIM in there:
        refuse_claimed(store, owner)
    _refuse_object(store.at)
    strange = sorted(name for name in there if name != CLAIM)
    if strange and not _is_begun(where):
        raise OutputError(
            f"{where.named}: is not empty and no run of relaion that is known here (it holds "
            f"{shown(strange[0])}), or one that was given another --work; name another folder"
        )
    return True
