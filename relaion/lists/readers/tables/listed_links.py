"""Which of several columns of links, by their names, is that of what is listed.

A complaint names three links: the work, the page that infringes, the complaint itself. Only the
second is listed, and the first belongs to whom the complaint protects. So a column called after
where something comes from is not taken beside links of which nobody here knows what they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from relaion.errors import ListError
from relaion.lists.readers.tables.columns import ListColumn
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.spelling import words_in

_ORIGIN = words_in("source src original originals origin")
_OF_COMPLAINT = words_in("{complaint_names} notice notices lumen")
_LINK = words_in("{link_names}")


def chosen_links(columns: Sequence[ListColumn]) -> list[ListColumn]:
    """The columns, of which those of links are entries that are listed; else a question.

    Raises ListError where the names leave open which are listed.
    """
    links = [c for c in columns if c.what == names.ENTRY and "url" in c.kinds and c.word != "hash"]
    if any(c.is_said for c in links):
        return [_reference(c) if c in links and not c.is_said else c for c in columns]
    is_plain = any(c.word == names.LISTED for c in links)
    if is_plain:  # `original_url` beside `infringing_url`
        told = [c for c in links if _is_of_origin(c)]
        columns = [_reference(c) if c in told else c for c in columns]
        links = [c for c in links if c not in told]
    strong = [c for c in links if not c.is_weak]
    if len(strong) > 1 and len({c.word for c in strong}) > 1:
        raise _asked(strong, strong[0])
    has_digest = any(c.what == names.ENTRY and c not in links for c in columns)
    if strong or has_digest:
        columns = [_reference(c) if c in links and c.is_weak else c for c in columns]
        links = strong
    origins = [c for c in links if _is_of_origin(c)]
    others = [c for c in columns if _may_be_listed(c) or (c in links and c not in origins)]
    if origins and others:
        raise _asked(sorted([*origins, *others], key=lambda c: c.index), others[0])
    return [*columns]


def _is_of_origin(column: ListColumn) -> bool:
    return not _ORIGIN.isdisjoint(names.words_of(column.name))


def _may_be_listed(column: ListColumn) -> bool:
    """Whether a column of links, or of a complaint, may tell that the origin is not listed."""
    told = {*names.words_of(column.name)}
    if column.what == names.REFERENCE:
        return not _OF_COMPLAINT.isdisjoint(told)
    return column.what == names.UNKNOWN and not _LINK.isdisjoint(told)


def _asked(columns: Sequence[ListColumn], example: ListColumn) -> ListError:
    return ListError(
        f"columns {' and '.join(c.told for c in columns)} hold links; which are listed? name it "
        f"with --column url={example.index + 1}, or leave others out with --ignore"
    )


def _reference(column: ListColumn) -> ListColumn:
    return replace(column, what=names.REFERENCE, kinds=())
