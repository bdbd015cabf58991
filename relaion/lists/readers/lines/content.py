"""Which lines of a text say something."""

from collections.abc import Sequence

from relaion.links.text import BLANK, trim


def content(lines: Sequence[str]) -> list[str]:
    """Lines that are neither blank nor a comment (`#`)."""
    return [line for line in lines if (bare := trim(line, BLANK)) and bare[0] != "#"]


def first_lines(head: str, n: int) -> list[str]:
    """Of the first `n` lines those that are neither blank nor a comment."""
    return content(head.split("\n", n)[:n])
