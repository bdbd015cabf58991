"""Promise 4: does a name, a digest or a link in OUT say what is listed, or which row left?"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from relaion.links import key_digest, link_key
from relaion.links.scopes import host_patterns, key_prefixes
from relaion.verifier.known import StatedLists
from relaion.verifier.rows import open_shard
from relaion.verifier.verdict import Notes

# names that this program gives to row positions; no data set brings them along
POSITIONS = frozenset({"file_row_number", "file_index", "shard_no", "row_number", "rowid"})
_DIGEST = re.compile(r"(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{32}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})"
                     r"(?![0-9A-Fa-f])")  # fmt: skip
_LINK = re.compile(r"[^\s\"'<>]+[./][^\s\"'<>]+")


def check_columns(path: Path, where: str, given: frozenset[str] | None, notes: Notes) -> None:
    """No column may hold row positions, unless the input (`given`) has it too."""
    with open_shard(path) as file:
        names = set(file.schema_arrow.names)
    for name in sorted(names & POSITIONS - (given or frozenset())):
        notes.find("4", where, f"column {name} looks like the position of rows in a shard")


def tokens(texts: Iterable[str]) -> set[str]:
    """Digests under which a store could hold something that these texts say."""
    found: set[str] = set()
    for text in texts:
        found.update(m[0].lower() for m in _DIGEST.finditer(text))
        for word in _LINK.findall(text):
            raw = word.encode("utf-8", "surrogateescape")
            key = link_key(word)
            names = (key, *host_patterns(key), *key_prefixes(key))
            found.update(map(key_digest, names))
            for algorithm in ("md5", "sha1", "sha256"):
                found.add(hashlib.new(algorithm, raw, usedforsecurity=False).hexdigest())
    return found


def texts_of(value: Any) -> Iterator[str]:
    """All text in a JSON-like value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from texts_of(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts_of(item)


def check_tokens(said: dict[str, set[str]], known: StatedLists, notes: Notes) -> None:
    """No digest or link of a list may stand in the manifest or the audit (`said`, by file)."""
    listed = {digest for digests in known.exact.values() for digest in digests}
    for where, found in said.items():
        if found & listed:
            notes.find("4", where, "holds a digest or a link that a list holds")
