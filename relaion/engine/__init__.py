"""The only package that talks to DuckDB: connections, views of shards, errors in our own words."""

from relaion.engine.connection import Engine, Result, connect
from relaion.engine.views import VIEWS, ShardSource, literal, quote

__all__ = [
    "VIEWS",
    "Engine",
    "Result",
    "ShardSource",
    "connect",
    "literal",
    "quote",
]
