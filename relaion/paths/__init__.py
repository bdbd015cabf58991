"""Files: finding shards, escaping globs, writing whole or not at all, private folders.

Standard library only.
"""

from relaion.paths.files import (
    locked,
    private_folder,
    private_umask,
    public_folder,
    remove_parts,
    remove_tree,
    sync_folder,
    whole_file,
)
from relaion.paths.find import Found, ShardPath, find_shards, is_shard_name
from relaion.paths.names import shown
from relaion.paths.sql import reachable, sql_path

__all__ = [
    "Found",
    "ShardPath",
    "find_shards",
    "is_shard_name",
    "locked",
    "private_folder",
    "private_umask",
    "public_folder",
    "reachable",
    "remove_parts",
    "remove_tree",
    "shown",
    "sql_path",
    "sync_folder",
    "whole_file",
]
