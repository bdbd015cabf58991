"""An answer of NCMEC's hash sharing as a whole: its version, and what its pages tell each other."""

from __future__ import annotations

import html
import re
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from relaion.errors import ListError
from relaion.lists.readers.documents import xml_text
from relaion.lists.readers.documents.document import ListDocument, OfDelivery
from relaion.lists.readers.format import OF_NO_COLUMN, Options
from relaion.lists.readers.vocabulary import names
from relaion.lists.values import told
from relaion.paths import shown
from relaion.roles import IMAGE_KINDS

NAME = "ncmec"
ROOT = "queryresult"
_SPACE = re.compile(r"https?://hashsharing\.ncmec\.org/hashsharing/v2/?")
_VERSION = re.compile(r"/v(\d[\w.]*)/?$")
_ANSWERS = {
    "status": "tells who asked",
    "availablecategorizations": "lists categorizations",
    "availablefeedbackreasons": "lists reasons of feedback",
}


def space_of(head: str, options: Options) -> str:
    """The name space of a file of version 2; raises ListError for any other."""
    options.refuse_good("hash sharing of NCMEC")
    if options.kind not in (None, *IMAGE_KINDS):
        raise ListError(
            f"is hash sharing of NCMEC, which holds no {options.kind} but digests of images; leave "
            "--kind and --scope out"
        )
    if options.columns:
        raise ListError(
            "--column: hash sharing of NCMEC has no columns; its elements are named, and read"
        )
    root = xml_text.root_of(head)
    if root is None:
        raise ListError("is no valid XML; ask the giver for the file as it was exported")
    space, name = root
    if _SPACE.fullmatch(space):
        if name.casefold() != ROOT:
            what = _ANSWERS.get(name.casefold(), "is no list of entries")
            raise ListError(
                f"is an answer of NCMEC's hash sharing that {what} ({told(name)}), not the "
                "entries; fetch those"
            )
        return space
    if not space and options.file_format == NAME:
        return space
    if not space:
        raise ListError(
            "looks like hash sharing of NCMEC and does not say of which version it is (its name "
            "space is missing); if it is of version 2, say --format ncmec"
        )
    version = _VERSION.search(space)
    which = (
        f"version {version[1]}" if version else f"another version ({xml_text.told_space(space)})"
    )
    raise ListError(
        f"is hash sharing of NCMEC of {which}, of which version 2 can be read; ask for version 2"
    )


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
        found: Pages = shared.held.setdefault(NAME, cls(shared.files))
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
            document.shared.ends[NAME] = lambda: self.told(options)

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
