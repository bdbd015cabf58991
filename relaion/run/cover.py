"""Drive the choice of cover: which sites leave whole, what the ledger gains, which rows go along.

A site with a listed row leaves whole, and so do K neutral ones like it; with them every row that
shares a link or an image with one of theirs. What the ledger said when the choice was made is
what a run that goes on uses.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from relaion.errors import ListError
from relaion.paths import file_sha256, locked, private_folder, several, shown
from relaion.run.find import Hunt, Reads
from relaion.run.hits import Searched
from relaion.run.journal import COVERED, FIND, MADE, Entry, Ledger
from relaion.run.numbered import Numbered
from relaion.run.pool import Caller, blaming
from relaion.run.progress import COVER
from relaion.run.survey import sealed
from relaion.run.tasks import BY_SITE, FindTask

_COPY = "cover.duckdb"
_CHOSEN = ("removed_sites", "cover_lists", "listed_out", "listed_rows")
_GAINED = {"new_sites": "sites", "new_cover": "cover", "new_bonds": "bonds"}
_FIRST = "first-"
"""Before the names of files of a choice that looks at each listed site alone."""


@dataclass(frozen=True)
class Covered:
    """What cover a run has.

    `rows` leave as cover, of `all_rows`; `sites` are those with a listed row, `weak` those of them
    that stand out: they lack neutral sites, or are `joined`, that is, share a listed image or link
    with another one, and no neutral ones do so in their place. `site_rows` is how large a site
    may be, `release` the ledger's state.
    """

    per_site: int
    site_rows: int
    release: int
    sites: int
    weak: int
    joined: int
    rows: int
    all_rows: int

    def public(self) -> dict[str, int]:
        """What the manifest says of it: no count that the audit hides."""
        return {
            "site_rows": self.site_rows, "release": self.release, "weak": self.weak,
            "joined": self.joined,
        }  # fmt: skip

    @property
    def told(self) -> str:
        """What it costs, and how far it goes."""
        part = self.rows / self.all_rows if self.all_rows else 0
        lack = self.weak > self.joined
        share = (
            f"{self.joined:,} share a listed image or link with another one, as too few neutral "
            "ones do"
        )
        why = " or ".join(
            [*(["they lack some"] if lack else ()), *([share] if self.joined else ())]
        )
        weak = (
            f"; {self.weak:,} of these {'is' if self.weak == 1 else 'are'} weak: {why}"
            if self.weak
            else ""
        )
        ones = "one" if self.sites == 1 else "ones"
        sites = "site" if self.per_site == 1 else "sites"
        return (
            f"cover: {self.rows:,} rows ({part:.2%}) leave beside the listed ones, with "
            f"{self.per_site:,} neutral {sites} of at most {self.site_rows:,} rows for each of "
            f"{self.sites:,} listed {ones}{weak}"
        )


@dataclass(frozen=True)
class _Around:
    """Rows of sites; those `around` them, by table; and what is to be known of shared `images`."""

    site_rows: Path
    around: Reads
    images: Reads


@dataclass
class Choice:
    """The choice for what a hunt found. `ready` raises where some shard could not be searched."""

    hunt: Hunt
    key: bytes
    ledger: Path
    caller: Caller
    ready: Callable[[], None]
    _of: list[Any] = field(default_factory=list)

    @property
    def _work(self) -> Path:
        return self.hunt.work

    def run(self, searched: Searched) -> tuple[Searched, Covered]:
        """Choose, and find the rows; leaves covered_hits and covered_lists in the work folder.

        Raises BusyError while another run chooses under this key, ListError for a ledger that
        is none of this key's.
        """
        self.ready()
        private_folder(self._work / FIND)
        shards = searched.shards
        hits: Reads = {
            "list_hits": (self._work / "list_hits.parquet",),
            "same_link": (self._work / "same_link.parquet",),
        }
        counts = self._swept("sites", 0, shards, searched, {**hits, "split_places": ()})
        before = self._chosen_before()
        if before is None:
            with self._alone():
                before = self._choose(shards, searched, counts, hits)
        return self._found(shards, searched, before)

    # -- which sites leave -----------------------------------------------------------------

    def _chosen_before(self) -> dict[str, Any] | None:
        """What this run chose when it was here before, if it chose by the same rows."""

        def same(value: dict[str, Any]) -> dict[str, Any]:
            if value["of"] != self._of:
                raise LookupError
            return dict(value["found"])

        return self.hunt.journal.get(COVERED, "", same)

    def _choose(
        self, shards: Sequence[Numbered], searched: Searched, counts: Reads, hits: Reads
    ) -> dict[str, Any]:
        known = self._known()
        found = self._split(0, counts, known)
        limit, all_rows, n = found["site_rows"], found["rows"], found["n"]
        counts = {**counts, "site_counts": (self._path("summed_counts-0"),)}
        split: list[Path] = [self._path("split_places-0")]
        for depth in (1, 2):
            if not n:
                break
            below = self._swept(
                "sites", depth, shards, searched, {**hits, "split_places": tuple(split)}
            )
            counts = {table: (*counts[table], *below[table]) for table in counts}
            if depth == 1:
                n = self._split(1, counts, known)["n"]
                counts = {**counts, "site_counts": (self._path("summed_counts-1"),)}
                split.append(self._path("split_places-1"))
        reads: Reads = {**counts, **hits, "split_places": tuple(split)}
        values = {**known, "site_rows": limit, "labels": self._labels}
        chosen = self._chosen(reads, values, _FIRST)
        name = _FIRST
        if things := self._things(shards, searched, has_bonds=bool(chosen["bonds"])):
            chosen, name = self._chosen({**reads, **things}, values, ""), ""
        chosen |= {"site_rows": limit, "all_rows": all_rows, "name": name}
        self._settle(chosen, known)
        return chosen

    def _alone(self) -> AbstractContextManager[object]:
        """Nobody else chooses meanwhile; raises BusyError where somebody does."""
        lock = self.ledger.with_name(f"{self.ledger.name}.lock")
        return locked(lock, "chooses cover under this key")

    def _known(self) -> dict[str, Any]:
        """A copy of the ledger as it is now, and by what its state is told."""
        copied = self._work / _COPY
        is_there: bool = self.caller.call("relaion.lists.cover:copy_ledger", self.ledger, copied)
        return {
            "copied": copied, "ledger": self.ledger,
            "state": file_sha256(copied) if is_there else "",
        }  # fmt: skip

    def _settle(self, chosen: dict[str, Any], known: dict[str, Any]) -> None:
        """Say what it costs, and have the ledger and the journal keep it."""
        all_rows, limit = chosen["all_rows"], chosen["site_rows"]
        name = chosen["name"]
        self.hunt.progress.say(
            f"cover: about {chosen['rows']:,} of {all_rows:,} rows "
            f"({chosen['rows'] / max(all_rows, 1):.2%}) will leave with {chosen['sites']:,} listed "
            f"sites and their cover, a site being of at most {limit:,} rows; rows elsewhere that "
            f"share a link or an image with them leave too{self._known_told(chosen)}"
        )
        if chosen["gained"]:
            gains = {_GAINED[table]: self._path(f"{name}{table}") for table in _GAINED}
            with blaming(self.ledger, ListError):
                self.caller.call(
                    "relaion.lists.cover:grow_ledger", self.ledger, known["copied"], self.key,
                    gains,
                )  # fmt: skip
        files = {
            str(path.relative_to(self._work)): file_sha256(path)
            for path in (self._path(f"{name}{table}") for table in _CHOSEN)
        }
        value = {"of": self._of, "found": chosen}
        # the second is for parts of a run, which are told what was made
        self.hunt.journal.add([Entry(COVERED, "", value, files), Entry(MADE, CHOSEN, value, files)])

    def _known_told(self, chosen: dict[str, Any]) -> str:
        """How many of the sites the ledger had, and what can be done about it."""
        sites = chosen.get("known", 0)  # of a run that an earlier version began nobody knows
        if not sites:
            return ""
        return (
            f"; {several(sites, 'site')} of these came from earlier runs, whose choice "
            f"{shown(self.ledger)} keeps, whatever their --cover was: if no edition or diff of any "
            "run with it was published, move it away to choose anew"
        )

    def _chosen(self, reads: Reads, values: dict[str, Any], name: str) -> dict[str, Any]:
        """Which sites leave, by what is read; `name` comes before the names of the files."""
        task = replace(
            self._task("choose", reads),
            writes={t: self._path(f"{name}{t}") for t in (*_CHOSEN, *_GAINED, "able_sites")},
            values=values,
        )
        seen = self._seen(reads, values["state"], values["site_rows"])
        return self.hunt.made(task, seen, f"{name}choose")

    def _things(
        self, shards: Sequence[Numbered], searched: Searched, *, has_bonds: bool
    ) -> Reads | None:
        """What joins listed sites, and who shows which image; None where nothing joins any.

        `has_bonds`: some were joined in an earlier run.
        """
        first = {t: self._path(f"{_FIRST}{t}") for t in ("removed_sites", "listed_rows")}
        around = self._gathered(shards, searched, first, _FIRST)
        reads: Reads = {**around.images, "listed_out": (self._path(f"{_FIRST}listed_out"),)}
        things = self._path("joined_things")
        task = replace(self._task("joined", reads), writes={"joined_things": things})
        if not self.hunt.made(task, self._seen(reads))["joined"] and not has_bonds:
            return None
        able: Reads = {"able_sites": (self._path(f"{_FIRST}able_sites"),)}
        found = self._swept("things", 0, shards, searched, able)
        shown = found["shown_things"]
        if sidecars := self.hunt.sidecars:
            keyed: Reads = {"sited_keys": found["sited_keys"]}
            beside = self._path("beside-shown_things")
            task = replace(self._task("beside_things", keyed), writes={"shown_things": beside})
            self.hunt.made(task, self._seen(keyed, [sealed(s).sha256 for s in sidecars]))
            shown = (*shown, beside)
        return {"joined_things": (things,), "shown_things": shown}

    def _split(self, depth: int, counts: Reads, known: dict[str, Any]) -> dict[str, Any]:
        settings = self.hunt.settings
        task = replace(
            self._task("split", counts),
            writes={t: self._path(f"{t}-{depth}") for t in ("split_places", "summed_counts")},
            values={**known, "depth": depth, "site_rows": settings.cover_site_rows},
        )  # fmt: skip
        return self.hunt.made(task, self._seen(counts, known["state"], depth), f"split-{depth}")

    # -- which rows leave with them --------------------------------------------------------

    def _gathered(
        self, shards: Sequence[Numbered], searched: Searched, sites: Mapping[str, Path], name: str
    ) -> "_Around":
        """The rows of sites that leave, and those that share a link or an image with them.

        `name` is that of the choice, and comes before those of the files and steps.
        """
        inside = self._swept("inside", 0, shards, searched, {t: (p,) for t, p in sites.items()})
        gathered = {t: self._path(f"{name}cover-{t}") for t in (*_SHARED, "list_hits")}
        by_site = {t: self._path(f"{name}{BY_SITE}{t}") for t in (*_SHARED, "site_keys")}
        task = replace(
            self._task("collect", inside),
            writes=gathered | {f"{BY_SITE}{t}": path for t, path in by_site.items()},
        )
        self.hunt.made(task, self._seen(inside), f"{name}collect")
        shared: Reads = {t: (path,) for t, path in gathered.items()}
        images: Reads = {"site_images": (by_site["cover_images"],)}
        beside_shards: tuple[Path, ...] = ()
        if sidecars := self.hunt.sidecars:
            beside = {t: self._path(f"{name}beside-{t}") for t in _SHARED}
            beside_shards = (self._path(f"{name}beside-same_images"),)
            images = {"site_images": (self._path(f"{name}beside-site_images"),)}
            known: Reads = {t: (gathered[t], by_site[t]) for t in _SHARED}
            task = replace(
                self._task("beside", known),
                writes=beside | {
                    f"{BY_SITE}cover_images": images["site_images"][0],
                    f"{BY_SITE}same_images": beside_shards[0],
                },
            )  # fmt: skip
            seen = self._seen(known, [sealed(s).sha256 for s in sidecars])
            self.hunt.made(task, seen, f"{name}beside")
            shared = {**shared, **{t: (path,) for t, path in beside.items()}}
        around = self._swept("around", 0, shards, searched, shared)
        images = {
            **images,
            "site_keys": (by_site["site_keys"],),
            "shown_images": (*around["same_images"], *beside_shards),
        }
        return _Around(gathered["list_hits"], around, images)

    def _found(
        self, shards: Sequence[Numbered], searched: Searched, chosen: dict[str, Any]
    ) -> tuple[Searched, Covered]:
        name = chosen["name"]
        sites = {t: self._path(f"{name}{t}") for t in ("removed_sites", "listed_rows")}
        found = self._gathered(shards, searched, sites, name)
        if chosen["joined"]:
            self.hunt.progress.say(
                f"cover: {chosen['joined']:,} listed sites share a listed image or link with "
                "another one, and too few neutral ones do so: what is written here is not "
                "publishable"
            )
        work = self._work
        reads: Reads = {
            "site_rows": (found.site_rows,),
            "cover_links": found.around["same_link"],
            "same_images": found.around["same_images"],
            "list_hits": (work / "list_hits.parquet",),
            "same_link": (work / "same_link.parquet",),
            "lists": (work / "lists.parquet",),
            "cover_lists": (self._path(f"{name}cover_lists"),),
        }
        task = replace(
            self._task("cover", reads),
            writes={t: work / f"{t}.parquet" for t in ("covered_hits", "covered_lists")},
        )
        self.ready()
        made = self.hunt.made(task, self._seen(reads))
        digests = dict(searched.digests)
        for no, digest in made["digests"]:
            both = f"{digests.get(int(no), '')} {digest}"
            digests[int(no)] = hashlib.sha256(both.encode()).hexdigest()
        covered = Covered(
            self.hunt.settings.cover, chosen["site_rows"], chosen["release"], chosen["sites"],
            chosen["weak"], chosen["joined"], made["rows"], chosen["all_rows"],
        )  # fmt: skip
        return replace(searched, digests=digests), covered

    # -- steps over shards -----------------------------------------------------------------

    def _swept(
        self,
        step: str,
        depth: int,
        shards: Sequence[Numbered],
        searched: Searched,
        reads: Reads,
    ) -> Reads:
        """Do a step over all shards; returns the files that it left, by table."""
        labels = self._labels
        seen = self._seen(reads, depth, labels)
        name = hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:16]
        ledger = Ledger(self.hunt.journal, f"{step}-{name}")
        ledger.keep(searched.seals)
        tables = _TABLES[step]
        self.hunt.sweep(
            _DETAILS[step], shards, ledger, searched.seals,
            lambda shards, name: replace(
                self._task(step, reads, shards), values={"depth": depth, "labels": labels},
                writes={t: self._path(f"{name}-{t}") for t in tables},
            ),
            COVER,
        )  # fmt: skip
        self.ready()
        found = {t: tuple(self._path(f"{n}-{t}") for n in ledger.names) for t in tables}
        if step == "sites" and not depth:
            self._of = self._seen(found, self.hunt.settings.cover)
        return found

    def _task(self, step: str, reads: Reads, shards: Sequence[Numbered] = ()) -> FindTask:
        return replace(self.hunt.task(step, shards), reads=dict(reads), secret=self.key)

    @property
    def _labels(self) -> list[str]:
        """Those whose rows some edition removes."""
        return sorted({x for e in self.hunt.settings.editions for x in e.labels})

    def _path(self, name: str) -> Path:
        return self._work / FIND / f"{name}.parquet"

    def _seen(self, reads: Reads, *more: Any) -> list[Any]:
        """By what a step went: the digests of the files that it read."""
        files = [[p.name, file_sha256(p)] for paths in reads.values() for p in paths]
        return [files, *more]


CHOSEN = "chosen"
"""The step that tells what was chosen, in the journal of whoever chose."""
_SHARED = ("hit_keys", "cover_images", "cover_hashes")
_DETAILS = {
    "sites": "count sites", "inside": "rows of sites", "around": "rows beside them",
    "things": "images by site",
}  # fmt: skip
_TABLES = {
    "sites": ("site_counts", "listed_places"),
    "inside": ("list_hits", "hit_keys", "cover_images", "cover_hashes", "site_keys"),
    "around": ("same_link", "same_images"),
    "things": ("shown_things", "sited_keys"),
}
