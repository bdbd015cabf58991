"""Partner lists: reading files, the store of digests, the curator key."""

from relaion.lists.kinds import KINDS
from relaion.lists.store import add, open_store, show, withdraw

__all__ = ["KINDS", "add", "open_store", "show", "withdraw"]
