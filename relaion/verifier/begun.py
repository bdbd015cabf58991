"""The first thing that a process of a check does: apart, for what loads pyarrow comes later.

So neither numpy nor pandas is loaded with it, a seventh of a second for each process.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from relaion.odometer import ODOMETER
from relaion.processes import serve_parent

if TYPE_CHECKING:
    from relaion.odometer import Shared

# new objects after which Python looks for circles of them: a footer makes hundreds, and no circle
_OBJECTS = 20_000


def begin(total: Shared | None) -> None:
    """Be a child, and add to the row groups that the check has gone through."""
    gc.set_threshold(_OBJECTS)
    serve_parent()
    ODOMETER.add_to(total)
