"""Which rows the lists name: their places, links and hashes, drawn before any row is made."""

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from relaion.sample.weblinks import Web
from relaion.sample.words import digests, token

# -- The published account of Re-LAION-5B in numbers, and how the demo plants it ---------------
# Published: the rows that each delivery matched by subset, the memberships (2,861), their
# union (2,236), the number of validated rows (1,008) and of privacy links (399), the sizes of
# the lists. Not published, so chosen here: which rows the partners share, where the validated
# rows and the privacy links lie, the day on which the links came, the size of the link list.
# Made up whole, and naming no row: an update of C3P's list, and a list of known-good files that
# names one entry of Stanford's, as if that had come there by mistake.

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
    role: str | None = None
    updates: str | None = None  # slug of the delivery that this one brings up to date
    where: tuple[str, ...] = ()  # which categories are listed


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
        where=("category=1,2",),
    ),
    Planned(
        "hrw",
        "HRW",
        "HRW links to private pictures",
        "privacy",
        date(2024, 7, 10),
        by_subset(150, 172, 77),
    ),
    Planned(
        "c3p_update",
        "C3P",
        "C3P image hashes, update",
        "csam",
        date(2024, 7, 31),
        by_subset(0, 0, 0),
        updates="c3p",
    ),
    Planned(
        "known_good",
        "NSRL",
        "Known-good placeholder pictures",
        "known-good",
        date(2024, 8, 5),
        by_subset(0, 0, 0),
        role="good",
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
KNOWN_GOOD = 40  # files, of which one stands on Stanford's list


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


@dataclass(frozen=True)
class Plant:
    """What stands in a planted row; `md5` and `sha1` as the shard has them, None is NULL."""

    link: str
    md5: str | None
    sha1: str | None


@dataclass(frozen=True)
class PlantPlan:
    """Planted rows by subset and row number there, and what each delivery lists of them.

    `entries` maps a delivery's slug to values: links as the partner spells them, else
    lower-case hex.
    """

    rows: dict[str, dict[int, Plant]] = field(default_factory=dict)
    entries: dict[str, list[str]] = field(default_factory=lambda: {slug: [] for slug in PLANNED})


def plan(rng: random.Random, web: Web, rows: Counts) -> PlantPlan:
    """Draw the plants for a data set with `rows` rows by subset."""
    made = PlantPlan()
    first_token = 0
    for subset in SUBSETS:
        _Planter(rng, web, made, subset, first_token).plant(rows[subset])
        first_token += rows[subset]
    return made


def _swap_scheme(link: str) -> str:
    return "https" + link[4:] if link.startswith("http:") else "http" + link[5:]


def _upper_host(link: str) -> str:
    scheme, _, host, rest = link.split("/", 3)
    return f"{scheme}//{host.upper()}/{rest}"


def _name_port(link: str) -> str:
    scheme, _, host, rest = link.split("/", 3)
    return f"{scheme}//{host}:{443 if scheme == 'https:' else 80}/{rest}"


_Respell = Callable[[str], str]
# endings of planted links, and spellings of such links that lead to the same place
_PLAIN, _QUERY = ".jpg", ".jpg?w=640&h=480"
_RESPELLED: tuple[tuple[str, _Respell], ...] = (
    (_PLAIN, _swap_scheme),
    (_QUERY, lambda link: link.replace("&", "&amp;")),
    (_PLAIN, lambda link: link + "/"),
    (_QUERY, _swap_scheme),
)
# how a partner spells a link that stands otherwise in a row
_GIVEN: tuple[tuple[str, _Respell], ...] = (
    *_RESPELLED,
    (_PLAIN, _upper_host),
    (_QUERY, _name_port),
    (_PLAIN, lambda link: link + "#top"),
    (_QUERY, lambda link: link),
    (_PLAIN, lambda link: link),
)


class _Planter:
    """Draws the plants of one subset into a plan."""

    def __init__(
        self, rng: random.Random, web: Web, made: PlantPlan, subset: str, first_token: int
    ) -> None:
        self.rng, self.web, self.made = rng, web, made
        self.subset, self.first_token = subset, first_token
        self.free: list[int] = []

    def plant(self, rows: int) -> None:
        """Draw all plants of a subset that has `rows` rows."""
        self.free = self.rng.sample(range(rows), planted(self.subset))
        self.made.rows[self.subset] = {}
        listed = {
            partners: [self._listed(i) for i in range(n)]
            for partners, n in groups(self.subset).items()
        }
        by_partner = {
            name: [p for partners, plants in listed.items() if name in partners for p in plants]
            for name in ("IWF", "C3P", "Stanford")
        }
        self._list("c3p", [p.md5 for p in by_partner["C3P"]])
        self._list_stanford([p.sha1 for p in by_partner["Stanford"]])
        self._list_iwf(by_partner["IWF"])
        for i in range(PLANNED["hrw"].rows[self.subset]):
            self._private(i)
        # only one partner lists a row whose link is repeated: each repetition has one reason
        bases = listed[("C3P",)] + listed[("Stanford",)]
        for i, base in enumerate(self.rng.sample(bases, SAME_LINK[self.subset])):
            self._repeated(i, base)

    def _put(self, row: int, plant: Plant) -> Plant:
        self.made.rows[self.subset][row] = plant
        return plant

    def _row(self, ending: str) -> tuple[int, Plant]:
        """A free row, with a link and hashes that no other row has."""
        row = self.free.pop()
        link = self.web.link(self.rng, token(self.first_token + row), ending)
        md5, sha1 = digests(self.rng, 1, 16)[0], digests(self.rng, 1, 20)[0]
        return row, Plant(link, md5, sha1)

    def _listed(self, nth: int) -> Plant:
        row, plant = self._row((_PLAIN, _QUERY)[nth % 2])
        if nth % 40 == 39 and plant.md5 and plant.sha1:  # hex is hex, whatever its case
            plant = Plant(plant.link, plant.md5.upper(), plant.sha1.upper())
        return self._put(row, plant)

    def _private(self, nth: int) -> None:
        ending, respell = _GIVEN[nth % len(_GIVEN)]
        plant = self._put(*self._row(ending))
        self.made.entries["hrw"].append(respell(plant.link))

    def _repeated(self, nth: int, base: Plant) -> None:
        ways = [respell for ending, respell in _RESPELLED if ("?" in ending) == ("?" in base.link)]
        self._put(self.free.pop(), Plant(ways[nth // 2 % len(ways)](base.link), None, None))

    def _list(self, slug: str, values: Sequence[str | None]) -> None:
        self.made.entries[slug] += [value.lower() for value in values if value]

    def _list_stanford(self, values: list[str | None]) -> None:
        self._list("stanford", values)
        n_validated = PLANNED["stanford_validated"].rows[self.subset]
        self._list("stanford_validated", self.rng.sample(values, n_validated))

    def _list_iwf(self, plants: list[Plant]) -> None:
        """The second list holds the first; the rest of IWF's rows match by their raw link."""
        n_first, n_second = (PLANNED[s].rows[self.subset] for s in ("iwf_first", "iwf_second"))
        self.rng.shuffle(plants)
        self._list("iwf_first", [p.md5 for p in plants[:n_first]])
        self._list("iwf_second", [p.md5 for p in plants[:n_second]])
        links = [p.link.encode() for p in plants[n_second:]]
        self._list("iwf_links", [hashlib.md5(link).hexdigest() for link in links])  # noqa: S324
