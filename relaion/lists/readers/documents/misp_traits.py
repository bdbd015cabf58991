"""What MISP says beside attributes: since when, until when, by whom, of a picture."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from relaion.lists.readers.documents.json_pieces import text_of
from relaion.lists.readers.format import NO_TRAIT, Trait
from relaion.lists.readers.tables import traits
from relaion.lists.readers.vocabulary import names

_SECONDS = 86_400  # of a day
_DAY = re.compile(r"(\d{4}-\d\d-\d\d)(?!\d)")


def day_said(value: object) -> str | None:
    """The day of a time in seconds since 1970, or in words."""
    stamp = value if type(value) is str else text_of(value) if value else ""
    if stamp.isdecimal() and len(stamp) in (9, 10):
        return _day_of(int(stamp) // _SECONDS)
    found = _DAY.match(stamp)
    return found[1] if found else None


@lru_cache(4096)
def _day_of(days: int) -> str:
    return datetime.fromtimestamp(days * _SECONDS, UTC).date().isoformat()


@dataclass
class AttributeTraits:
    """What is said beside attributes; of those of a day, and by a giver, there are many."""

    held: dict[tuple[str | None, ...], Trait] = field(default_factory=dict)

    def of(self, first: object, changed: object, last: object, by: str, *, is_image: bool) -> Trait:
        """The trait of an attribute that was given by somebody: when it was seen, and changed."""
        first_day, last_day = day_said(first) or day_said(changed), day_said(last)
        media = "image" if is_image else None
        told = (media, first_day, last_day, by)
        if told not in self.held:
            if len(self.held) >= _MOST_TRAITS:
                self.held.clear()
            found = Trait(
                media=media, first_seen=first_day, last_seen=last_day,
                by=traits.trait_text(names.BY, by) if by else None,
            )  # fmt: skip
            self.held[told] = found if found != NO_TRAIT else NO_TRAIT
        return self.held[told]


_MOST_TRAITS = 4096  # that are kept
