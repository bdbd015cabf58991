"""The list store as a run sees it: which lists, how many entries, under which public digests."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relaion.lists.key import hmac_digest, key_path, load
from relaion.lists.store import open_store


@dataclass(frozen=True)
class Known:
    """The lists of a store in their public form, entries per kind, and the curator key."""

    lists: tuple[dict[str, Any], ...]
    kinds: dict[str, int]
    key: bytes

    @property
    def sources(self) -> dict[int, str]:
        """Who sent each list."""
        return {x["list_id"]: x["source"] for x in self.lists}

    def seal(self, sha256: str, n: int) -> dict[str, Any]:
        """The public form of a keyword file: its HMAC digest and how many words it holds."""
        return {"digest": hmac_digest(self.key, sha256), "n": n}


def read_known(store: Path, key: Path | None) -> Known:
    """Read the lists of a store, and the curator key beside it (or the one given).

    Raises ListError for a file that is no store, is of another version, or holds no list.
    """
    secret = load(key or key_path(store))
    info = open_store(store)
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
    return Known(lists, kinds, secret)
