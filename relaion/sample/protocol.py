"""The published account of Re-LAION-5B in numbers, and how the demo plants it.

Published: the rows that each delivery matched by subset, the memberships (2,861), their
union (2,236), the number of validated rows (1,008) and of privacy links (399), the sizes of
the lists. Not published, so chosen here: which rows the partners share, where the validated
rows and the privacy links lie, the day on which the links came, the size of the link list.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

SUBSETS = ("laion2B-en", "laion2B-multi", "laion1B-nolang")
# published sizes of the subsets, in units of ten million rows
SHARES = (232, 227, 127)

Counts = Mapping[str, int]


def by_subset(en: int, multi: int, nolang: int) -> Counts:
    """Three numbers as a mapping from subset to number."""
    return dict(zip(SUBSETS, (en, multi, nolang), strict=True))


@dataclass(frozen=True)
class Planned:
    """One delivery as planned: what it is called and the rows that it matches by subset."""

    slug: str
    source: str
    title: str
    label: str
    received: date
    rows: Counts
    kind: str | None = None


# In the order in which they were received. A list's label decides which editions it cleans;
# `validated` is no label of an edition, so that list only marks rows: all of its entries are
# in Stanford's main list, which removes them.
DELIVERIES = (
    Planned(
        "iwf_first",
        "IWF",
        "IWF image hashes, first list",
        "csam",
        date(2024, 2, 22),
        by_subset(6, 1, 4),
    ),
    Planned("c3p", "C3P", "C3P image hashes", "csam", date(2024, 3, 20), by_subset(459, 390, 280)),
    Planned(
        "iwf_second",
        "IWF",
        "IWF image hashes, second list",
        "csam",
        date(2024, 3, 26),
        by_subset(9, 3, 5),
    ),
    Planned(
        "iwf_links",
        "IWF",
        "IWF link hashes",
        "csam",
        date(2024, 3, 26),
        by_subset(1, 0, 0),
        "url_md5",
    ),
    Planned(
        "stanford",
        "Stanford",
        "Stanford image hashes",
        "csam",
        date(2024, 4, 24),
        by_subset(788, 487, 439),
    ),
    Planned(
        "stanford_validated",
        "Stanford",
        "Stanford image hashes, validated",
        "validated",
        date(2024, 4, 24),
        by_subset(463, 287, 258),
    ),
    Planned(
        "hrw",
        "HRW",
        "HRW links to private pictures",
        "privacy",
        date(2024, 7, 10),
        by_subset(150, 172, 77),
    ),
)
PLANNED = {d.slug: d for d in DELIVERIES}

# Rows that several partners list. 613 + 4 + 4 + 2 x 2 = 625 memberships more than rows.
OVERLAPS: Mapping[tuple[str, ...], Counts] = {
    ("C3P", "Stanford"): by_subset(249, 212, 152),
    ("IWF", "C3P"): by_subset(2, 1, 1),
    ("IWF", "Stanford"): by_subset(2, 1, 1),
    ("IWF", "C3P", "Stanford"): by_subset(1, 0, 1),
}
# rows of each partner of image hashes, each row once
PARTNERS: Mapping[str, Counts] = {
    "IWF": by_subset(10, 3, 5),
    "C3P": PLANNED["c3p"].rows,
    "Stanford": PLANNED["stanford"].rows,
}
# rows without a hash that carry the link of a planted row in another spelling
SAME_LINK = by_subset(10, 9, 5)
# the 399 privacy links came in two parts
HRW_FIRST_PART = 41

# published sizes of the lists: entries
IWF_FIRST, IWF_SECOND, C3P = 1_500_000, 2_200_000, 14_000_000
STANFORD_PARTS = (92, 3_114)
IWF_LINKS = 100


def groups(subset: str) -> dict[tuple[str, ...], int]:
    """Rows of a subset by the set of partners that list them; the values sum to the union."""
    found = {partners: counts[subset] for partners, counts in OVERLAPS.items()}
    for partner, counts in PARTNERS.items():
        shared = sum(n for partners, n in found.items() if partner in partners)
        found[(partner,)] = counts[subset] - shared
    return found


def union(subset: str) -> int:
    """Rows of a subset that at least one of IWF, C3P and Stanford lists."""
    return sum(groups(subset).values())


def planted(subset: str) -> int:
    """Rows of a subset that are planted, for whatever reason."""
    return union(subset) + PLANNED["hrw"].rows[subset] + SAME_LINK[subset]


def split(rows: int) -> dict[str, int]:
    """Rows by subset in the published proportions; the values sum to `rows`."""
    ends = [rows * sum(SHARES[: i + 1]) // sum(SHARES) for i in range(len(SHARES))]
    starts = [0, *ends]
    return {s: end - start for s, start, end in zip(SUBSETS, starts, ends, strict=False)}


def smallest() -> int:
    """The smallest number of rows that holds every planted row."""
    rows = sum(map(planted, SUBSETS))
    while any(n < planted(s) for s, n in split(rows).items()):
        rows += 1
    return rows
