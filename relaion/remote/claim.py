"""The claim of a run on an OUT in a store: one object, put only where none is.

It lies there from before the first output is put until the manifest is, so an OUT with it is
unfinished. It tells of its run no more than a random name, which the run's private folder knows,
and when it began; what a kill left is taken over by a run of that same folder, and by no other.
"""

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from relaion.errors import BusyError, OutputError
from relaion.paths import atomic_write, shown
from relaion.remote.failures import no_condition
from relaion.remote.objects import Objects

CLAIM = ".relaion-run.json"
_SECONDS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (0, "second"))


@dataclass(frozen=True)
class Claimant:
    """What a claim says: whose it is, since when, and whether that run goes on now."""

    owner: str
    since: str
    goes_on: bool

    def data(self) -> bytes:
        """As it is put."""
        said = {"relaion": "unfinished run", "owner": self.owner, "since": self.since}
        return json.dumps(said | {"goes_on": self.goes_on}, indent=1).encode("ascii") + b"\n"


def _read(data: bytes) -> Claimant | None:
    try:
        said = json.loads(data)
        return Claimant(str(said["owner"]), str(said["since"]), bool(said["goes_on"]))
    except (ValueError, TypeError, LookupError, RecursionError):
        return None


def _claimed(store: Objects, name: str) -> str:
    """What a claim of this name is on, as it may be shown."""
    return shown(store.named(name.removesuffix(CLAIM)))


class RunClaim:
    """The claim of this run; `mark` is that of the object as it was put last."""

    def __init__(self, store: Objects, mine: Claimant, mark: str, name: str = CLAIM) -> None:
        self._store = store
        self._name = name
        self._mine = mine
        self._mark = mark

    def check(self) -> None:
        """Raise BusyError where it is not this run's any more."""
        found = self._store.read(self._name)
        if found is None or found[0] != self._mine.data():
            raise BusyError(
                f"{_claimed(self._store, self._name)}: the claim of this run on it was removed or "
                "replaced, so another run may write there; nothing more was put, see what it holds"
            )

    def rest(self) -> None:
        """Say that the run has stopped, and may be gone on with."""
        said = Claimant(self._mine.owner, self._mine.since, goes_on=False)
        self._store.put_over(self._name, said.data(), self._mark)

    def drop(self) -> None:
        """Remove it: the OUT is finished, or holds nothing of this run. Another's stays."""
        found = self._store.read(self._name)
        theirs = None if found is None else _read(found[0])
        if theirs is not None and theirs.owner == self._mine.owner:
            self._store.remove([self._name])


def owner_of(folder: Path) -> str:
    """The random name of a private folder, which is made where it has none."""
    path = folder / "owner"
    try:
        found = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        found = ""
    if not found:
        found = secrets.token_hex(8)
        with atomic_write(path, mode=0o600) as part:
            part.write_text(found + "\n", encoding="ascii")
    return found


def refuse_claimed(store: Objects, owner: str, name: str = CLAIM) -> None:
    """Raise BusyError or OutputError where another run has claimed the OUT."""
    found = store.read(name)
    if found is not None:
        _refuse(store, found[0], owner, name)


def take_claim(store: Objects, owner: str, name: str = CLAIM) -> RunClaim:
    """Claim an OUT for the run with this name, or take over the claim that it left.

    `name` is that of the claim: an OUT that is one object has one beside it.

    Raises BusyError where another run goes on there, OutputError where one was broken off, and
    UnwrittenError for a store that heeds no condition: whether it does is tried.
    """
    for _ in range(2):
        mine = Claimant(owner, datetime.now(UTC).isoformat(timespec="seconds"), goes_on=True)
        put = store.put_new(name, mine.data())
        if put is None:
            found = store.read(name)
            if found is None:  # it was removed just now
                continue
            data, mark = found
            _refuse(store, data, owner, name)
            put = store.put_over(name, mine.data(), mark)
        elif store.put_new(name, b"{}\n") is not None:  # it is there, and yet it was put
            store.remove([name])
            raise no_condition(store.at)
        if put is not None:
            return RunClaim(store, mine, put.etag, name)
    raise BusyError(f"{_claimed(store, name)}: another run writes there; wait until it ends")


def _refuse(store: Objects, data: bytes, owner: str, name: str) -> None:
    theirs = _read(data)
    where = _claimed(store, name)
    if theirs is None:
        raise OutputError(
            f"{shown(store.named(name))}: is no claim of a run, but has its name; name another OUT"
        )
    if theirs.owner == owner:
        return
    if theirs.goes_on:
        raise BusyError(
            f"{where}: another run (claim {shown(theirs.owner)}) writes there since "
            f"{_age(theirs.since)}; wait until it ends, or if it was killed, repeat its command "
            "where it ran"
        )
    raise OutputError(
        f"{where}: holds an unfinished run (claim {shown(theirs.owner)}) of {_age(theirs.since)}, "
        "made elsewhere or with another --work; repeat its command there to finish it or, with "
        "--purge, to remove it, or name another OUT"
    )


def _age(since: str) -> str:
    """A time, and how long ago that is by the clock of this machine."""
    try:
        began = datetime.fromisoformat(since)
        seconds = max(0, int((datetime.now(UTC) - began).total_seconds()))
    except (ValueError, TypeError, OverflowError):
        return "an unknown time"
    of, unit = next((n, unit) for n, unit in _SECONDS if seconds >= n)
    n = seconds // (of or 1)
    ago = f"{n} {unit}{'' if n == 1 else 's'} ago"
    return f"{began:%Y-%m-%d %H:%M} UTC ({ago})"
