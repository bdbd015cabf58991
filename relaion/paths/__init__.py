"""Files: finding shards, escaping globs, writing whole or not at all, private folders.

Standard library only.
"""

from relaion.paths.digest import file_sha256
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
from relaion.paths.find import find_shards, find_sidecars, is_shard_name
from relaion.paths.found import Found, ShardPath
from relaion.paths.given import AnyPath, AnyPaths, as_path, as_paths, as_texts, maybe_path
from relaion.paths.names import shown
from relaion.paths.sql import reachable, sql_path

__all__ = [
    "AnyPath",
    "AnyPaths",
    "Found",
    "ShardPath",
    "as_path",
    "as_paths",
    "as_texts",
    "file_sha256",
    "find_shards",
    "find_sidecars",
    "is_shard_name",
    "locked",
    "maybe_path",
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
