"""Which listed sites share a listed image, or a listed link, with another listed one?

All sites with a listed image leave whole, while of what a neutral site shows only single rows leave
elsewhere. So sites that share something and are gone whole stand out. Asked of the rows of listed
sites alone, one by one, in plain Python.
"""

from collections import Counter
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pyarrow as pa

from relaion.links import can_spread, link_key
from relaion.links.inner import inner_links
from relaion.roles import IMAGE_KINDS
from relaion.verifier.candidates import Carriers
from relaion.verifier.cover import IMAGE_ROWS, carried
from relaion.verifier.model import StatedLists, list_reasons, shared_keys, values
from relaion.verifier.rows import Rows, Source

if TYPE_CHECKING:
    from relaion.verifier.arguments import Apart
    from relaion.verifier.lookup import Apply

Places = frozenset[str]
Image = tuple[str, bytes]
Marks = set[tuple[str, bool]]
T = TypeVar("T", bound=Hashable)


@dataclass
class Sharing:
    """What the rows of listed sites share: by each thing the sites, and those where it is listed.

    `images` and `links` (also those inside links) join sites; by `keys` (their own links) and
    `hashes` sidecars name these rows. `named` are the sites with a listed row.
    """

    images: dict[Image, Marks] = field(default_factory=dict)
    links: dict[str, Marks] = field(default_factory=dict)
    keys: dict[str, Marks] = field(default_factory=dict)
    hashes: dict[int, Marks] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)

    def add(self, other: "Sharing") -> None:
        """Take over what others share."""
        _add(self.images, other.images)
        _add(self.links, other.links)
        _add(self.keys, other.keys)
        _add(self.hashes, other.hashes)
        self.named |= other.named


def _add(to: dict[T, Marks], more: Mapping[T, Marks]) -> None:
    for thing, marks in more.items():
        to.setdefault(thing, set()).update(marks)


def joined_places(
    listed: Mapping[Path, Mapping[int, Places]],
    sources: Sequence[Source],
    known: StatedLists,
    lists: Collection[int],
    *,
    inner: bool,
    apply: "Apply",
    sidecars: Sequence["Apart"] = (),
) -> set[str]:
    """The listed sites that share a listed image or link with another one, by their rank.

    `listed` has the rows of listed sites by file; `lists` are those whose rows some edition
    removes. Of a site without a row that these name, every row counts as listed. What more rows
    than a placeholder has show joins nothing, be they of shards or of sidecars.
    """
    sharing = Sharing()
    some = [(source, listed[source.path]) for source in sources if listed.get(source.path)]
    for found in apply(partial(_shared, known.only(), frozenset(lists), inner), some):
        sharing.add(found)
    counts = _add_beside(sharing, [piece for apart in sidecars for piece in apart.pieces()])
    images = _joining(sharing.images, sharing.named)
    wanted = frozenset(images)
    if wanted:
        shown: Counter[Image] = Counter()
        for more in apply(partial(_counted, wanted), sources):
            shown.update(more)
        images = {
            image: sites for image, sites in images.items()
            if max(shown[image], counts[image]) <= IMAGE_ROWS
        }  # fmt: skip
    links = _joining(sharing.links, sharing.named)
    return set().union(*images.values(), *links.values())


def _joining(things: Mapping[T, Marks], named: Collection[str]) -> dict[T, set[str]]:
    """What is listed on one site and stands on others too, with all of these."""
    found = {}
    for thing, held in things.items():
        sites = {site for site, _ in held}
        if len(sites) > 1 and any(is_listed or site not in named for site, is_listed in held):
            found[thing] = sites
    return found


def _shared(
    known: StatedLists,
    lists: frozenset[int],
    inner: bool,
    item: tuple[Source, Mapping[int, Places]],
) -> Sharing:
    source, listed = item
    found = Sharing()
    for first, rows in source.rows({"url", "text", "row_hash", *IMAGE_KINDS}):
        at = sorted(number - first for number in listed if first <= number < first + rows.n)
        taken = rows.take(at)
        hashes = taken.hashes().to_pylist()
        for number, row, value in zip(at, taken.plain(), hashes, strict=True):
            is_listed = any(reason.list_id in lists for reason in list_reasons(row, known))
            places = listed[first + number]
            if is_listed:
                found.named |= places
            marks = {(place, is_listed) for place in places}
            keys = shared_keys(row)
            for key in keys:
                found.keys.setdefault(key, set()).update(marks)
            for key in keys | (_inner_keys(row) if inner else set()):
                found.links.setdefault(key, set()).update(marks)
            for kind in IMAGE_KINDS:
                for digest in values(row, kind):
                    found.images.setdefault((kind, bytes.fromhex(digest)), set()).update(marks)
            if value is not None:
                found.hashes.setdefault(value, set()).update(marks)
    return found


def _inner_keys(row: Mapping[str, object]) -> set[str]:
    return {
        link_key(link)
        for url in values(row, "url")
        for link in inner_links(url)
        if can_spread(link)
    }


def _add_beside(sharing: Sharing, sidecars: Sequence["Apart"]) -> Counter[Image]:
    """Add the images that sidecars tell of these rows; returns how many of their rows show each."""
    carriers = Carriers(frozenset(sharing.keys)).prepared()
    counts: Counter[Image] = Counter()
    for apart in sidecars:
        for _, rows in apart.source.rows({*apart.keys, *IMAGE_KINDS}):
            marks: dict[int, Marks] = {}
            for number, more in _named(rows, sharing, carriers):
                marks.setdefault(number, set()).update(more)
            at = sorted(marks)
            for image, numbers in carried(rows.take(at), None).items():
                for number in numbers:
                    sharing.images.setdefault(image, set()).update(marks[at[number]])
    wanted = frozenset(_joining(sharing.images, sharing.named))
    for apart in sidecars:
        counts.update(_counted(wanted, apart.source))
    return counts


def _named(rows: Rows, sharing: Sharing, carriers: Carriers) -> Iterator[tuple[int, Marks]]:
    """The rows of a sidecar that have a link or a row hash of a listed site's row."""
    for urls in rows.all("url"):
        for number in carriers.find(urls):
            yield number, sharing.keys.get(link_key(urls[number].as_py()), set())
    for number, value in enumerate(rows.first("row_hash", pa.int64()).to_pylist()):
        if value in sharing.hashes:
            yield number, sharing.hashes[value]


def _counted(wanted: frozenset[Image], source: Source) -> Counter[Image]:
    """How many rows of a file show each of some images."""
    found: Counter[Image] = Counter()
    for _, rows in source.rows({kind for kind, _ in wanted}):
        for image, numbers in carried(rows, wanted).items():
            found[image] += len(numbers)
    return found
