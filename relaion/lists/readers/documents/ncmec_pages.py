"""What the pages of an answer of NCMEC's hash sharing tell each other, all of one delivery."""

from __future__ import annotations

import html
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from relaion.errors import ListError
from relaion.lists.readers.documents.document import ListDocument, OfDelivery
from relaion.lists.readers.format import OF_NO_COLUMN, Options
from relaion.lists.readers.vocabulary import names
from relaion.paths import shown

_NAME = "ncmec"


@dataclass
class Pages:
    """The pages that were read so far.

    `gone` are the moments of deletions, None where they say none, by a hash of what was deleted:
    of ids there may be millions.
    """

    files: int
    gone: dict[int, float | None] = field(default_factory=dict)
    met: set[str] = field(default_factory=set)  # names of elements, squeezed
    follow_on: list[tuple[str, int, int]] = field(default_factory=list)  # query, start, size
    unread: int = 0  # pages that point to another in a way that is not known
    last: int = 0  # pages that point to none
    _follows: bool = False

    @classmethod
    def of(cls, shared: OfDelivery) -> Pages:
        """Those of a delivery."""
        found: Pages = shared.held.setdefault(_NAME, cls(shared.files))
        return found

    def begin(self) -> None:
        """Another page is read."""
        self._follows = False

    def take_back(self, giver_id: str, at: float | None) -> None:
        """What was deleted, and when."""
        key = hash(giver_id)
        moments = [moment for moment in (self.gone.get(key), at) if moment is not None]
        self.gone[key] = max(moments, default=None)

    def is_gone(self, giver_id: str, at: float | None) -> bool:
        """Whether a record was deleted in what was read before, and is older than that."""
        key = hash(giver_id)
        if key not in self.gone:
            return False
        deleted = self.gone[key]
        return at is not None and deleted is not None and at < deleted

    def follow(self, text: str) -> None:
        """Where the page that is read points to the next one."""
        if not text:
            return
        self._follows = True
        _, _, query = html.unescape(text).rpartition("?")
        told = parse_qs(query)
        try:
            start, size = int(told["start"][0]), int(told["size"][0])
        except (KeyError, ValueError):
            self.unread += 1
            return
        asked = sorted((k, v) for k, v in told.items() if k not in ("start", "size", "max"))
        self.follow_on.append((repr(asked), start, size))

    def end(self, document: ListDocument, options: Options) -> None:
        """The page was read to its end; the last of a delivery tells what lacks."""
        self.last += not self._follows
        if self.files == 1:
            document.notices += self.told(options)
        else:
            document.shared.ends[_NAME] = lambda: self.told(options)

    def told(self, options: Options) -> list[str]:
        """Notices of pages that lack; raises ListError for an option that names no element."""
        said = [("where", name) for name in options.where]
        said += [("ignore", name) for name in sorted(options.ignore - OF_NO_COLUMN)]
        for option, name in said:
            if names.squeezed(name) not in self.met:
                raise ListError(
                    f"--{option} {shown(name)}: there is no such element; of those that decide "
                    "there are classification, feedback, categorization, member"
                )
        n = self._lacking()
        if not n:
            return []
        which = "another page follows" if n == 1 else f"{n:,} other pages follow"
        return [f"{which} that the delivery does not hold: add all pages of an answer together"]

    def _lacking(self) -> int:
        """How many pages are pointed to that are not there."""
        there = Counter((query, start - size) for query, start, size in self.follow_on)
        asked = {(query, start) for query, start, _ in self.follow_on}
        return max(0, len(asked - there.keys()) + self.unread - self.last)
