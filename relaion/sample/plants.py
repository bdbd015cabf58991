"""Which rows the lists name: their places, links and hashes, drawn before any row is made."""

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from relaion.sample.draw import digests, token
from relaion.sample.protocol import PLANNED, SAME_LINK, SUBSETS, Counts, groups, planted
from relaion.sample.weblinks import Web


@dataclass(frozen=True)
class Plant:
    """What stands in a planted row; `md5` and `sha1` as the shard has them, None is NULL."""

    link: str
    md5: str | None
    sha1: str | None


@dataclass(frozen=True)
class Plan:
    """Planted rows by subset and row number there, and what each delivery lists of them.

    `entries` maps a delivery's slug to values: links as the partner spells them, else
    lower-case hex.
    """

    rows: dict[str, dict[int, Plant]] = field(default_factory=dict)
    entries: dict[str, list[str]] = field(default_factory=lambda: {slug: [] for slug in PLANNED})


def plan(rng: random.Random, web: Web, rows: Counts) -> Plan:
    """Draw the plants for a data set with `rows` rows by subset."""
    made = Plan()
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
        self, rng: random.Random, web: Web, made: Plan, subset: str, first_token: int
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
