"""The public functions, one module for each command."""

from relaion.proof import Verdict
from relaion.run.editions import BUILT_IN
from relaion.sqlset import VERSION as SQL_VERSION
from relaion.stages.clean import MEMORY, Cleaned, clean, purge
from relaion.stages.demo import Demo, demo
from relaion.stages.inspect import inspect
from relaion.stages.link import link
from relaion.stages.match import Matched, match
from relaion.stages.scripts import scripts
from relaion.stages.sql import Answer, open_sql, sql
from relaion.stages.verify import verify

__all__ = [
    "BUILT_IN",
    "MEMORY",
    "SQL_VERSION",
    "Answer",
    "Cleaned",
    "Demo",
    "Matched",
    "Verdict",
    "clean",
    "demo",
    "inspect",
    "link",
    "match",
    "open_sql",
    "purge",
    "scripts",
    "sql",
    "verify",
]
