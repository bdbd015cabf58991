"""What commands call: the public functions and their kin, loaded when first used."""

from typing import TYPE_CHECKING

from relaion.lazily import lazily

if TYPE_CHECKING:
    from relaion.run.editions import Tried
    from relaion.stages.clean import Cleaned, Purged, clean, purge
    from relaion.stages.demo import Demo, demo
    from relaion.stages.inspect import Inspection, inspect
    from relaion.stages.link import Steps, link
    from relaion.stages.match import Matched, match
    from relaion.stages.scripts import ByHand, Listing, scripts
    from relaion.stages.sql import Answer, open_sql, sql
    from relaion.stages.verify import verify
    from relaion.verifier.verdict import Verdict

__all__ = [
    "Answer",
    "ByHand",
    "Cleaned",
    "Demo",
    "Inspection",
    "Listing",
    "Matched",
    "Purged",
    "Steps",
    "Tried",
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

_HOMES = {
    "Verdict": "relaion.verifier.verdict",
    "Answer": "relaion.stages.sql",
    "Cleaned": "relaion.stages.clean",
    "Demo": "relaion.stages.demo",
    "Inspection": "relaion.stages.inspect",
    "ByHand": "relaion.stages.scripts",
    "Listing": "relaion.stages.scripts",
    "Matched": "relaion.stages.match",
    "Purged": "relaion.stages.clean",
    "Steps": "relaion.stages.link",
    "Tried": "relaion.run.editions",
    "clean": "relaion.stages.clean",
    "demo": "relaion.stages.demo",
    "inspect": "relaion.stages.inspect",
    "link": "relaion.stages.link",
    "match": "relaion.stages.match",
    "open_sql": "relaion.stages.sql",
    "purge": "relaion.stages.clean",
    "scripts": "relaion.stages.scripts",
    "sql": "relaion.stages.sql",
    "verify": "relaion.stages.verify",
}

__getattr__ = lazily(__name__, _HOMES)
