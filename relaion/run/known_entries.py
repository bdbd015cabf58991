"""The lists of a store and their entries, counted by DuckDB."""

from collections import Counter
from pathlib import Path

from relaion.engine import connect
from relaion.errors import ListError
from relaion.lists.database import attach_store
from relaion.lists.key import hmac_digest
from relaion.lists.store import open_store
from relaion.paths import shown
from relaion.run.known_lists import KnownLists
from relaion.sqlset import load


def read_lists(store: Path, secret: bytes, *, counted: bool = True) -> KnownLists:
    """Read a store; raises as `read_known` does."""
    info = open_store(store, counted=counted)
    lists = tuple(
        {
            "list_id": x.list_id,
            "source": x.source,
            "title": x.title,
            "label": x.label,
            "received": x.received.isoformat() if x.received else None,
            "digest": hmac_digest(secret, x.content_sha256),
            "role": x.role,
            "entries": dict(sorted(x.entries.items())),
        }
        for x in info.lists
    )
    listed = [x for x in info.lists if x.role == "bad"]
    if not listed:
        raise ListError(
            f"{shown(store)}: holds only lists of what is known good, which remove nothing; add "
            "one of what is listed with `relaion lists add`"
        )
    kinds: Counter[str] = Counter()
    unusable: Counter[str] = Counter()
    for x in listed:
        kinds.update(x.entries)
        unusable.update(x.unusable)
    known_good = _known_good(store) if counted and len(listed) < len(lists) else {}
    return KnownLists(lists, dict(kinds), secret, known_good, dict(unusable))


def _known_good(store: Path) -> dict[int, int]:
    with connect() as engine:
        attach_store(engine, store)
        engine.run(load("lists")["50_known_good"])
        return dict(engine.rows("from known_good"))
