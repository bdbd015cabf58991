"""Partner lists: reading files, the store of digests, the curator key.

What is named here is loaded when it is first used.
"""

from typing import TYPE_CHECKING

from relaion.lazily import lazily
from relaion.roles import KINDS

if TYPE_CHECKING:
    from relaion.lists.store import add, open_store, show, withdraw

__all__ = ["KINDS", "add", "open_store", "show", "withdraw"]

_STORE = "relaion.lists.store"

__getattr__ = lazily(__name__, dict.fromkeys(("add", "open_store", "show", "withdraw"), _STORE))
