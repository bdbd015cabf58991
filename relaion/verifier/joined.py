"""Which listed sites share a listed image, or a listed link, with another listed one?

All sites with a listed image leave whole, while of what a neutral site shows only single rows leave
elsewhere. So sites that share something and are gone whole stand out, unless teams of neutral ones
that share something are gone in their place. Asked of the rows of listed sites and of teams alone,
one by one, in plain Python.
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
from relaion.verifier.cover import IMAGE_ROWS, LedgerPlaces, carried
from relaion.verifier.model import StatedLists, list_reasons, shared_keys, values
from relaion.verifier.rows import Rows, Source

if TYPE_CHECKING:
    from relaion.verifier.listable import Apply
    from relaion.verifier.sidecars import Apart

Places = frozenset[str]
Image = tuple[str, bytes]
Marks = set[tuple[str, bool]]
T = TypeVar("T", bound=Hashable)


@dataclass
class Sharing:
    """What the rows of listed sites share: by each thing the sites, and those where it is listed.

    `images` and `links` (also those inside links) join sites; by `keys` (their own links) and
    `hashes` sidecars name these rows. `named` are the sites with a listed row; `shown` counts the
    rows of each site that show an image, and `beside` those of sidecars that say so of such a row.
    """

    images: dict[Image, Marks] = field(default_factory=dict)
    links: dict[str, Marks] = field(default_factory=dict)
    keys: dict[str, Marks] = field(default_factory=dict)
    hashes: dict[int, Marks] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    shown: dict[Image, Counter[str]] = field(default_factory=dict)
    beside: dict[Image, Counter[str]] = field(default_factory=dict)

    def add(self, other: "Sharing") -> None:
        """Take over what others share."""
        _add(self.images, other.images)
        _add(self.links, other.links)
        _add(self.keys, other.keys)
        _add(self.hashes, other.hashes)
        self.named |= other.named
        for image, counts in other.shown.items():
            self.shown.setdefault(image, Counter()).update(counts)

    def of(self, sites: Collection[str]) -> "Sharing":
        """What some of the sites share; `keys`, `hashes` and `shown` are left out."""

        def some(held: dict[T, Marks]) -> dict[T, Marks]:
            return {
                thing: kept for thing, marks in held.items()
                if (kept := {mark for mark in marks if mark[0] in sites})
            }  # fmt: skip

        return Sharing(some(self.images), some(self.links), named=self.named)


def _add(to: dict[T, Marks], more: Mapping[T, Marks]) -> None:
    for thing, marks in more.items():
        to.setdefault(thing, set()).update(marks)


def joined_places(
    asked: Mapping[Path, Mapping[int, Places]],
    sources: Sequence[Source],
    ledger: LedgerPlaces,
    known: StatedLists,
    lists: Collection[int],
    *,
    cover: int,
    inner: bool,
    apply: "Apply",
    sidecars: Sequence["Apart"] = (),
) -> set[str]:
    """The listed sites that share a listed image or link with another one, and no team stands for.

    By their rank. `asked` has the rows of listed sites and of teams by file; `lists` are those
    whose rows some edition removes. Of a site without a row that these name, every row counts as
    listed. What more rows than a placeholder has show joins nothing, be they of shards or of
    sidecars. What was joined in an earlier run is so for good. A group needs as many teams as
    `cover` says, each of which stands for all of it.
    """
    sharing = Sharing()
    some = [(source, asked[source.path]) for source in sources if asked.get(source.path)]
    for found in apply(partial(_shared, known.only(), frozenset(lists), inner), some):
        sharing.add(found)
    pieces = [piece for apart in sidecars for piece in apart.pieces()]
    _add_beside(sharing, pieces)
    listed = sharing.of(ledger.listed)
    images = _joining(listed.images, sharing.named)
    inside = _inside(ledger.teams, sharing)
    wanted = frozenset(images).union(*inside.values())
    counts: Counter[Image] = Counter()
    for apart in pieces if wanted else ():
        counts.update(_counted(wanted, apart.source))
    shown: Counter[Image] = Counter()
    for more in apply(partial(_counted, wanted), sources) if wanted else ():
        shown.update(more)
    groups = [
        sites for image, sites in images.items()
        if max(shown[image], counts[image]) <= IMAGE_ROWS
    ]  # fmt: skip
    groups += _joining(listed.links, sharing.named).values()
    groups += [set(pair) for pair in ledger.bonds]
    here = frozenset().union(*(places for file in asked.values() for places in file.values()))
    sound = [
        frozenset(team) for name, team in ledger.teams.items()
        if _is_tied(here.intersection(team.values()), inside[name], sharing, shown, counts)
    ]  # fmt: skip
    joined: set[str] = set()
    for group in _groups(groups):
        if sum(group <= team for team in sound) < cover:
            joined |= group
    return joined & here


def _inside(teams: Mapping[str, Mapping[str, str]], sharing: Sharing) -> dict[str, set[Image]]:
    """By team the images that several of its sites show."""
    of_site: dict[str, list[Image]] = {}
    for image, marks in sharing.images.items():
        sites = {site for site, _ in marks}
        for site in sites if len(sites) > 1 else ():
            of_site.setdefault(site, []).append(image)
    found = {}
    for name, team in teams.items():
        counts = Counter(i for site in set(team.values()) for i in of_site.get(site, ()))
        found[name] = {image for image, n in counts.items() if n > 1}
    return found


def _is_tied(
    sites: Places,
    inside: Collection[Image],
    sharing: Sharing,
    shown: Mapping[Image, int],
    beside: Mapping[Image, int],
) -> bool:
    """Whether each site of a team shows an image that stands on several of its sites alone.

    `shown` and `beside` count all rows of shards and of sidecars that show an image. A team of
    which no site is in this data set counts as it did where it was chosen.
    """
    tied: set[str] = set()
    for image in inside:
        held: set[str] = set()
        for of_sites, of_all in ((sharing.shown, shown), (sharing.beside, beside)):
            rows = {site: n for site, n in of_sites.get(image, {}).items() if site in sites}
            if sum(rows.values()) < of_all[image] or of_all[image] > IMAGE_ROWS:
                break
            held |= rows.keys()
        else:
            tied |= held if len(held) > 1 else set()
    return tied >= sites


def _groups(some: Sequence[Collection[str]]) -> list[set[str]]:
    """Sets that have a member in common are one."""
    first: dict[str, str] = {}

    def root(site: str) -> str:
        while first.setdefault(site, site) != site:
            site = first[site] = first[first[site]]
        return site

    for sites in some:
        one, *others = sites
        for other in others:
            first[root(other)] = root(one)
    found: dict[str, set[str]] = {}
    for site in list(first):
        found.setdefault(root(site), set()).add(site)
    return list(found.values())


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
            shown = {(k, bytes.fromhex(digest)) for k in IMAGE_KINDS for digest in values(row, k)}
            for image in shown:
                found.images.setdefault(image, set()).update(marks)
                found.shown.setdefault(image, Counter()).update(places)
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


def _add_beside(sharing: Sharing, sidecars: Sequence["Apart"]) -> None:
    """Add the images that sidecars tell of these rows."""
    carriers = Carriers(frozenset(sharing.keys)).prepared()
    for apart in sidecars:
        for _, rows in apart.source.rows({*apart.keys, *IMAGE_KINDS}):
            marks: dict[int, Marks] = {}
            for number, more in _named(rows, sharing, carriers):
                marks.setdefault(number, set()).update(more)
            at = sorted(marks)
            for image, numbers in carried(rows.take(at), None).items():
                for number in numbers:
                    told = marks[at[number]]
                    sharing.images.setdefault(image, set()).update(told)
                    sharing.beside.setdefault(image, Counter()).update({s for s, _ in told})


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
