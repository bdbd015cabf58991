"""Where the tasks of a run are done: by processes of this machine, or by a Ray cluster."""

import importlib.util
import re
import socket
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from relaion.errors import InputError
from relaion.paths import typed
from relaion.run.ray.cluster import Cluster, folders_of
from relaion.run.settings import Limits, limits_of

if TYPE_CHECKING:
    from relaion.run.pool import Executor, LocalPool
    from relaion.run.progress import Progress

LOCAL = "local"
RAY = "ray"
_MISSING = "--engine ray: Ray is not installed here; `pip install 'relaion[ray]'`"
_ASKED = "write local, ray, ray=auto or ray=HOST:PORT"
_PLACE = re.compile(r"([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})", re.ASCII)
_TRY_SECONDS = 5.0


def named(engine: str) -> Cluster | None:
    """The cluster that an engine names, None for this machine's own processes.

    Raises InputError for what names none.
    """
    if engine == LOCAL:
        return None
    name, equals, address = engine.partition("=")
    if name != RAY or (equals and address != "auto" and _PLACE.fullmatch(address) is None):
        raise InputError(f"--engine {typed(engine)}: names no engine; {_ASKED}")
    return Cluster(address or None)


def cluster_of(engine: str) -> Cluster | None:
    """The same; raises InputError where Ray is not installed, or nobody listens, too."""
    cluster = named(engine)
    if cluster is None:
        return None
    if importlib.util.find_spec("ray") is None:
        raise InputError(_MISSING)
    if (place := _PLACE.fullmatch(cluster.address or "")) is not None:
        _refuse_unreachable(engine, place[1].strip("[]"), int(place[2]))
    return cluster


def engine_of(
    engine: str, workers: int | None, memory: str, seconds: float | None
) -> tuple[Cluster | None, Limits]:
    """The cluster that an engine names, if any, and the limits of a run as they are meant there."""
    cluster = cluster_of(engine)
    return cluster, limits_of(workers, memory, seconds, apart=cluster is not None)


@contextmanager
def joined(
    cluster: Cluster | None,
    limits: Limits,
    workers: int | None,
    pool: "LocalPool",
    listener: "Progress",
    work: Path,
    folders: Iterable[Path] = (),
    reads: Iterable[Path] = (),
    stays: ExitStack | None = None,
) -> "Iterator[tuple[Executor, Limits]]":
    """Who does the tasks of shards, and within which limits: a cluster, or the pool as it is.

    `workers` is how many were asked for; `folders` are what is written to beside the work folder,
    `reads` are files that are read. A cluster that is started here ends with this, or with what
    `stays`: until then `same` names it. Raises InputError for a cluster that cannot be used.
    """
    if cluster is None:
        yield pool, limits
        return
    from relaion.run.ray.pool import RayPool  # noqa: PLC0415 - few runs need it

    with RayPool(cluster, limits, workers, pool, listener, stays) as ray:
        yield ray, ray.begin(work, folders, folders_of(reads))


def same(cluster: Cluster | None, hands: object) -> Cluster | None:
    """The cluster on which some hands work: one that was started for them is not started again."""
    if cluster is None:
        return None
    found: Cluster = getattr(hands, "cluster", cluster)
    return found


def _refuse_unreachable(engine: str, host: str, port: int) -> None:
    """Raise InputError where nobody listens: Ray itself would try for minutes."""
    try:
        socket.create_connection((host, port), _TRY_SECONDS).close()
    except (OSError, OverflowError, UnicodeError) as e:
        why = getattr(e, "strerror", None) or "no answer"
        raise InputError(
            f"--engine {typed(engine)}: nobody can be reached there ({why}); give the address that "
            "`ray start --head` printed, or `ray=auto` on a machine of the cluster"
        ) from None
