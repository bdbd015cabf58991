"""The lists of a store and their entries, counted by DuckDB."""

from pathlib import Path

from relaion.lists.key import hmac_digest
from relaion.lists.store import open_store
from relaion.run.known_lists import KnownLists


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
            "entries": dict(sorted(x.entries.items())),
        }
        for x in info.lists
    )
    kinds: dict[str, int] = {}
    for x in info.lists:
        for kind, n in x.entries.items():
            kinds[kind] = kinds.get(kind, 0) + n
    return KnownLists(lists, kinds, secret)
