"""The search for what the lists of an update gained, and for what else names the rows it finds.

A row of several links, or with one inside its link, is found by one of them; what else names it may
stand in another shard, where only another of its links leads. Rows that a list names tell nearly
all of these links before other rows are searched for theirs: so one look at the links of a data
set is for both.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from relaion.parquet.footer import read_footer
from relaion.paths import Seal, file_sha256
from relaion.run.find import Hunt, Reads
from relaion.run.hits import Searched
from relaion.run.journal import Ledger
from relaion.run.numbered import Numbered

_SAME_LINKS = "same links"


@dataclass
class Gains(Hunt):
    """A search that can tell, once it has run, in which other shards its finds are named, too."""

    _same_link: tuple[Path, ...] = ()
    _known: tuple[Path, ...] = ()  # the keys that were looked for
    _further: frozenset[int] = frozenset()  # shards with a further link of a row on a list
    _seals: Mapping[int, Seal] = field(default_factory=dict)

    def _spreading(self, hits: Path, keys: Path) -> Path:
        return hits  # one whose own link leads nowhere may hold another that does

    def _spread(
        self, shards: Sequence[Numbered], seals: Mapping[int, Seal], reads: Reads
    ) -> tuple[Path, ...]:
        self._seals, self._known = seals, reads["hit_keys"]
        holding = self._found_in("holding", {"list_hits": reads["list_hits"]})
        found = [n for n in self.without_failed(shards) if n.no in holding]
        further = self._further_keys("further-keys", found, {"list_hits": reads["list_hits"]})
        if further is None:
            if any(read_footer(path).rows for path in self._known):
                self._same_link = super()._spread(shards, seals, reads)
            return self._same_link
        self._known += (further,)
        self._same_link, rows = self._swept(shards, {**reads, "further_keys": (further,)})
        self._further = self._found_in("further-rows", {"further_rows": rows})
        return self._same_link

    def linked_shards(self, searched: Searched) -> frozenset[int]:
        """Further shards in which rows share a link with rows that were found."""
        if not any(read_footer(path).rows for path in self._same_link):
            return self._further
        reads: Reads = {"same_link": self._same_link}
        carrying = self._found_in("carrying", reads)
        found = [n for n in searched.shards if n.no in carrying]
        further = self._further_keys("further-same", found, reads)
        if further is None:
            return self._further
        # of shards with hits it is known that they are touched
        touched = self._further | searched.digests.keys()
        others = [n for n in searched.shards if n.no not in touched]
        _, rows = self._swept(others, {"list_hits": (), "hit_keys": (), "further_keys": (further,)})
        return self._further | self._found_in("further-same-rows", {"further_rows": rows})

    def _swept(
        self, shards: Sequence[Numbered], reads: Reads
    ) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
        """Files of `same_link`, and of the rows that carry a further link as one of their own."""
        digest = _digest(path for name in ("hit_keys", "further_keys") for path in reads[name])
        ledger = Ledger(self.journal, f"spread-{digest}")
        ledger.keep(self._seals)
        make = partial(self.task, "spread", reads=reads)
        self.sweep(_SAME_LINKS, shards, ledger, self._seals, make)
        writes = [self.task("spread", name=name).writes for name in ledger.names]
        return tuple(x["same_link"] for x in writes), tuple(x["further_rows"] for x in writes)

    def _further_keys(self, name: str, shards: Sequence[Numbered], reads: Reads) -> Path | None:
        """The file of the keys of all links of these rows by which nothing was looked for yet.

        None where there is no such link. `reads` are the rows, which stand in these shards.
        """
        rows: Reads = {"list_hits": (), "same_link": (), **reads}
        linked = Ledger(self.journal, f"linked-{_digest(p for x in rows.values() for p in x)}")
        linked.keep(self._seals)
        make = partial(self.task, "linked", reads=rows)
        self.sweep(_SAME_LINKS, shards, linked, self._seals, make)
        keys: Reads = {
            "hit_keys": tuple(map(self._path, linked.names)), "known_keys": self._known
        }  # fmt: skip
        task = self.task("further", (), keys, name)
        return self._path(name) if self.made(task, _files(keys), name)["n"] else None

    def _found_in(self, name: str, reads: Reads) -> frozenset[int]:
        return frozenset(self.made(self.task("found_in", (), reads), _files(reads), name)["shards"])


def _files(reads: Reads) -> list[list[str]]:
    return [[p.name, file_sha256(p)] for paths in reads.values() for p in paths]


def _digest(paths: Iterable[Path]) -> str:
    """Of what these files hold, short enough for the name of a step."""
    return hashlib.sha256("".join(map(file_sha256, paths)).encode()).hexdigest()[:16]
