"""Partner lists: reading files, the store of digests, the curator key.

What is named here is loaded when it is first used.
"""

from typing import TYPE_CHECKING

from relaion.lazily import lazily
from relaion.roles import KINDS

if TYPE_CHECKING:
    from relaion.lists.catalogue import formats, sample
    from relaion.lists.store import add, open_store, show, withdraw

__all__ = ["KINDS", "add", "formats", "open_store", "sample", "show", "withdraw"]

_STORE, _CATALOGUE = "relaion.lists.store", "relaion.lists.catalogue"

__getattr__ = lazily(
    __name__,
    dict.fromkeys(("add", "open_store", "show", "withdraw"), _STORE)
    | dict.fromkeys(("formats", "sample"), _CATALOGUE),
)
