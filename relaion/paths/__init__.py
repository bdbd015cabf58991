"""Files: finding shards, escaping globs, writing whole or not at all, private folders.

Standard library only.
"""

from relaion.paths.files import (
    atomic_write,
    file_sha256,
    locked,
    private_folder,
    private_umask,
    public_folder,
    refuse_foreign,
    remove_parts,
    remove_tree,
    sync_folder,
    unwritten,
)
from relaion.paths.find import Found, ShardPath, find_shards, find_sidecars, is_shard_name
from relaion.paths.names import (
    AnyPath,
    AnyPaths,
    as_path,
    as_paths,
    as_texts,
    is_utf8,
    maybe_path,
    shown,
    typed,
)
from relaion.paths.owned import Owned, owned_folder, sweep
from relaion.paths.sql import reachable, sql_path
from relaion.paths.stamps import (
    Seal,
    Stamp,
    is_still,
    read_sealed,
    read_still,
    replaced,
    seal,
    stamp_of,
)

__all__ = [
    "AnyPath",
    "AnyPaths",
    "Found",
    "Owned",
    "Seal",
    "ShardPath",
    "Stamp",
    "as_path",
    "as_paths",
    "as_texts",
    "atomic_write",
    "file_sha256",
    "find_shards",
    "find_sidecars",
    "is_shard_name",
    "is_still",
    "is_utf8",
    "locked",
    "maybe_path",
    "owned_folder",
    "private_folder",
    "private_umask",
    "public_folder",
    "reachable",
    "read_sealed",
    "read_still",
    "refuse_foreign",
    "remove_parts",
    "remove_tree",
    "replaced",
    "seal",
    "shown",
    "sql_path",
    "stamp_of",
    "sweep",
    "sync_folder",
    "typed",
    "unwritten",
]
