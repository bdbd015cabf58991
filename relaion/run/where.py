"""Where OUT and the work folder of a run lie: on this machine, or OUT in a store of objects.

An OUT in a store has a *staging folder*, a private one of this machine: there each output is made,
and dropped as soon as it is put, and there lie the work folder and the public files of the run.
"""

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from relaion.errors import InputError
from relaion.paths import AnyPath, ShardPath, as_path, private_folder, shown
from relaion.remote.told_path import AddressPath
from relaion.remote.urls import STORES, RemoteURL, is_remote, remote_url
from relaion.run.outputs import (
    check_apart,
    check_apart_from_shards,
    refuse_within_finished,
    work_of,
)


@dataclass(frozen=True)
class Where:
    """`out` is where files are made, `work` the work folder, both of this machine and absolute.

    `given` is the --work that was given; `url` is that of an OUT in a store, whose staging
    folder is the one above both.
    """

    out: Path
    work: Path
    given: Path | None
    url: RemoteURL | None = None

    @property
    def named(self) -> str:
        """OUT as it may be shown."""
        return shown(self.out if self.url is None else self.url)

    @property
    def told(self) -> Path:
        """OUT as a command names it."""
        return self.out if self.url is None else AddressPath(str(self.url))

    @property
    def near(self) -> Path | None:
        """Where private folders are made for this run, once that is there; None: where OUT is."""
        return self.staging.parent if self.given is None and self.url is not None else self.given

    def make_near(self) -> Path | None:
        """Make that folder, a private one where nobody has named it; returns it."""
        if self.given is None and self.near is not None:
            private_folder(self.near)
        return self.near

    @property
    def staging(self) -> Path:
        """The staging folder of an OUT in a store."""
        return self.out.parent


def where_of(out: AnyPath, work: Path | None) -> Where:
    """Where a run lies; raises InputError for an OUT that nothing can be written to."""
    if not is_remote(out):
        path = as_path(out)
        return Where(path, work_of(path, work), work)
    url = remote_url(out)
    if url.scheme not in STORES or url.is_pattern or not url.bucket:
        stores = ", ".join(f"{scheme}://" for scheme in STORES)
        raise InputError(
            f"{shown(url)}: nothing is written there; name a folder of this machine or of a store "
            f"({stores}) as OUT, without a pattern"
        )
    if not url.key.strip("/"):
        raise InputError(
            f"{shown(url)}: is a whole bucket, in which others may write; name a folder in it "
            "as OUT"
        )
    name = hashlib.sha256(str(url).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    top = (work or _state()).absolute() / f"relaion-{name}"
    return Where(top / "out", top / "work", work, url)


def _state() -> Path:
    """Where programs keep what a restart should find."""
    set_to = os.environ.get("XDG_STATE_HOME", "")
    if set_to.startswith("/"):
        return Path(set_to, "relaion")
    try:
        return Path.home() / ".local" / "state" / "relaion"
    except RuntimeError:
        raise InputError(
            "--work: there is no home folder for the work folder of an OUT in a store; name one"
        ) from None


def check_where(where: Where, paths: Sequence[Path]) -> None:
    """Refuse an OUT that equals, holds or lies inside a PATH, as `check_apart` does.

    And one inside another OUT that is finished.
    """
    local = [path for path in paths if not is_remote(path)]
    if where.url is None:
        check_apart(where.out, where.given, local)
        refuse_within_finished(where.out)
        return
    check_apart(where.staging, None, local)
    for path in paths:
        if is_remote(path) and _meet(where.url, remote_url(path)):
            raise InputError(
                f"{where.named}: equals, holds or lies inside the input {shown(remote_url(path))}; "
                "inputs are never modified, so name a folder apart from them"
            )


def check_where_from_shards(
    where: Where, paths: Sequence[Path], shards: Iterable[ShardPath]
) -> None:
    """The same for the folders that links below a PATH led to, as `check_apart_from_shards`."""
    local = [path for path in paths if not is_remote(path)]
    if where.url is None:
        check_apart_from_shards(where.out, where.given, local, shards)
    else:
        check_apart_from_shards(where.staging, None, local, shards)


def refuse_remote(where: Where) -> None:
    """Raise InputError for an OUT in a store, where a part of a clean is to be written."""
    if where.url is not None:
        raise InputError(
            f"{where.named}: a part of a clean is written to a folder of this machine; name one"
        )


def _meet(out: RemoteURL, given: RemoteURL) -> bool:
    """Whether one equals or holds the other; a pattern reaches all below what it begins with."""
    if (out.scheme, out.bucket) != (given.scheme, given.bucket):
        return False
    a, b = (f"{url.key}/".lstrip("/") for url in (out, given.fixed))
    return a.startswith(b) or b.startswith(a)
