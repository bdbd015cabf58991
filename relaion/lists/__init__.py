"""Partner files and the list store: what partners sent, as digests in one private file."""

from relaion.lists.kinds import KINDS

__all__ = ["KINDS"]
