"""The only package that talks to DuckDB: connections, views of shards, errors in our own words."""

from relaion.engine.connection import Connect, Engine, Result, connect
from relaion.engine.views import ROLE_TYPES, VIEWS, WIDTHS, ShardSource, literal, quote

__all__ = [
    "ROLE_TYPES",
    "VIEWS",
    "WIDTHS",
    "Connect",
    "Engine",
    "Result",
    "ShardSource",
    "connect",
    "literal",
    "quote",
]
