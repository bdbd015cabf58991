"""What lies elsewhere: addresses, stores of objects behind them, and their errors in one line.

Nothing is imported that only an extra brings until a store is opened.
"""

from relaion.remote.urls import RemoteURL, display, is_remote, remote_url

__all__ = ["RemoteURL", "display", "is_remote", "remote_url"]
