"""The only package that talks to DuckDB: connections, views of shards, errors in our own words."""

from relaion.engine.connection import Connect, Engine, connect
from relaion.engine.texts import Result
from relaion.engine.views import VIEWS, ShardSource, literal, quote, sql_path

__all__ = [
    "VIEWS",
    "Connect",
    "Engine",
    "Result",
    "ShardSource",
    "connect",
    "literal",
    "quote",
    "sql_path",
]
