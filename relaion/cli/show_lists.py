"""How the list store looks: counts, never an entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from relaion.cli.show_run import kind_words
from relaion.cli.show_small import count, plain_table
from relaion.links import FORMS
from relaion.lists.kinds import HASHED_LINK

if TYPE_CHECKING:
    from relaion.lists.results import Added, Shown, Withdrawn


def entry_words(entries: Mapping[str, int]) -> str:
    """Entries by kind, in words."""
    return ", ".join(f"{n:,} {kind_words(kind)}" for kind, n in entries.items()) or "none"


def form_words(forms: Sequence[str]) -> str:
    """The spellings that a list is matched in, in words; every base with all its variants as one.

    Nothing where they are not known, and all are tried.
    """
    words: list[str] = []
    for base in dict.fromkeys(form.partition("-")[0] for form in FORMS):
        variants = [form for form in FORMS if form.partition("-")[0] == base]
        chosen = [form for form in variants if form in forms]
        words += [f"{base}*"] if chosen == variants else chosen
    return ", ".join(words)


def show_added(result: Added) -> RenderableType:
    """What was read, and how it adds up."""
    if not result.added:
        return Text(f"list {result.list_id} ({result.source}): in the store already")
    table = plain_table("read", "", right=("",))
    table.show_header = False
    for name, n in (
        ("read", result.read),
        ("new", result.new),
        ("known from an earlier list", result.known),
        ("duplicate", result.duplicate),
        ("skipped", sum(result.skipped.values())),
        *((f"  {reason}", n) for reason, n in result.skipped.items()),
    ):
        table.add_row(Text(name), f"{n:,}")
    head = Text(f"list {result.list_id} ({result.source}): {entry_words(result.entries)}")
    matched_as = [Text(f"matched as {form_words(result.forms)}")] if result.forms else []
    return Group(head, table, *matched_as)


def show_store(lists: tuple[Shown, ...]) -> RenderableType:
    """One line a list and kind."""
    if not lists:
        return Text("no list")
    numbers = ("entries", "read", "new", "known", "duplicate", "skipped")
    table = plain_table(
        "list", "source", "title", "received", "label", "what", *numbers, right=numbers
    )
    for x in lists:
        first = [x.read, x.new, x.known, x.duplicate, sum(x.skipped.values())]
        head = [str(x.list_id), x.source, x.title or "", str(x.received or ""), x.label]
        for i, (kind, n) in enumerate(x.entries.items()):
            cells = head if i == 0 else [""] * len(head)
            rest = [count(v) for v in first] if i == 0 else [""] * len(first)
            what = kind_words(kind)
            if x.forms and kind in HASHED_LINK:
                what += f" of {form_words(x.forms)}"
            table.add_row(*map(Text, cells), what, count(n), *rest)
    return table


def show_withdrawn(result: Withdrawn) -> RenderableType:
    """What went."""
    return Text(f"list {result.list_id} ({result.source}) is out: {entry_words(result.entries)}")
