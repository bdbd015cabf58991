"""What `make` gives back: where the demo's files are, and what an audit of them must say."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from relaion.sample.plants import DELIVERIES, PARTNERS, PLANNED, SAME_LINK, SUBSETS, Counts, union


@dataclass(frozen=True)
class DemoDelivery:
    """What one partner sent on one day: the arguments of one `lists add`.

    `kind` is None where the entries' own form tells it. `updates` is the title of the delivery
    that this one brings up to date, `where` chooses its records.
    """

    files: tuple[Path, ...]
    source: str
    title: str
    label: str
    received: date
    kind: str | None
    role: str | None = None
    updates: str | None = None
    where: tuple[str, ...] = ()


@dataclass(frozen=True)
class Expected:
    """What an audit of the demo must say.

    `protocol` maps a delivery's title to the rows that it matches by subset (gross),
    `sources` a source to the rows that at least one of its deliveries matches. `memberships`
    sums IWF, C3P and Stanford; `union` counts their rows once, `unions` does so by subset.
    `same_link` are further rows that only the link of one of these gives away, `privacy`
    the rows of HRW's links; the four groups share no row.
    """

    protocol: Mapping[str, Counts]
    sources: Counts
    memberships: int
    union: int
    unions: Counts
    same_link: Counts
    privacy: Counts


def expected() -> Expected:
    """The numbers of the account, as an audit of the demo must give them."""
    sources = {source: sum(counts.values()) for source, counts in PARTNERS.items()}
    unions = {subset: union(subset) for subset in SUBSETS}
    return Expected(
        protocol={d.title: d.rows for d in DELIVERIES},
        sources={**sources, "HRW": sum(PLANNED["hrw"].rows.values())},
        memberships=sum(sources.values()),
        union=sum(unions.values()),
        unions=unions,
        same_link=SAME_LINK,
        privacy=PLANNED["hrw"].rows,
    )


@dataclass(frozen=True)
class DemoSet:
    """A made-up data set and the lists to clean it with.

    `data` is the folder of the subsets, `sidecars` that of image hashes which lie apart from
    the links; `deliveries` are in the order of receipt (and of
    `lists add`), `keywords` is a text file with one keyword a line, `rows` maps a subset to
    its rows.
    """

    data: Path
    sidecars: Path
    deliveries: tuple[DemoDelivery, ...]
    keywords: Path
    rows: Counts
    expected: Expected
