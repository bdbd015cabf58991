"""`link`: the key of a link, step by step. For whoever prepares a list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from relaion.links import link_key, link_steps
from relaion.paths import as_texts
from relaion.tabled import Results, Tabled


@dataclass(frozen=True)
class Steps(Tabled):
    """The way of one link to its key: `steps` are what was done, and the text after it."""

    link: str
    key: str
    steps: tuple[tuple[str, str], ...]


def link(urls: str | Iterable[str]) -> Results[Steps]:
    """Show the link key of each link, step by step; consults no list.

    Args:
        urls: One link or many, as text.

    Returns:
        The steps and the key of each, in order.

    Raises:
        InputError: For an empty text.
    """
    return Results(
        Steps(url, link_key(url), tuple(link_steps(url))) for url in as_texts(urls, "link", "one")
    )
