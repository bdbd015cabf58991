"""`demo`: a made-up data set and partner lists, cleaned in front of your eyes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from relaion.errors import OutputError
from relaion.lists import store
from relaion.lists.results import Shown
from relaion.paths import AnyPath, as_path, atomic_write, no_folder, shown
from relaion.run.audit_file import read_hits
from relaion.run.hits import SMALL, Hits, hold_good, read_known
from relaion.run.notebook import listening
from relaion.run.pipeline import BRINGS_BACK
from relaion.run.progress import MAKE, Progress, steps_of
from relaion.sample import make
from relaion.sample.plants import DELIVERIES
from relaion.sample.result import DemoSet
from relaion.stages.clean import clean
from relaion.stages.cleaned import Cleaned
from relaion.tabled import Tabled

MARK = "demo.json"


@dataclass(frozen=True)
class ProtocolLine:
    """One delivery: who sent what when, its entries, and the rows that it matched.

    `source`, `title`, `label` and `received` (a day, YYYY-MM-DD) are what was said of it. `rows`
    are by subset, `total` their sum.
    """

    source: str
    title: str
    label: str
    received: str
    entries: int
    rows: dict[str, int]
    total: int


@dataclass(frozen=True)
class Demo(Tabled):
    """The demo's protocol and editions.

    `folder` holds all that was made. `protocol` has a line for each delivery with its gross rows by
    subset, but for those that bring another one up to date or name what is `known_good`: these are
    `further`, and `known_good` says what they tell of mistakes in the others. `sources` counts the
    rows of each partner once; `memberships` sums the child-protection partners, `union` counts
    their rows once, by subset in `unions`, `validated` those of them that were validated;
    `same_link` are further rows that only carry a listed link, `privacy` those of the privacy
    links. `cleaned` is the run itself. Subsets are those that the audit tells of: in a small demo,
    several together as `small`.
    """

    folder: Path
    protocol: tuple[ProtocolLine, ...]
    further: tuple[Shown, ...]
    known_good: tuple[str, ...]
    sources: dict[str, int]
    memberships: int
    union: int
    unions: dict[str, int]
    validated: int
    privacy: int
    same_link: int
    cleaned: Cleaned

    @property
    def notices(self) -> tuple[str, ...]:
        """What the run had to say, but for what the demo tells in words of its own."""
        told = (*self.known_good, BRINGS_BACK)
        return tuple(said for said in self.cleaned.notices if said not in told)


def demo(
    out: AnyPath = "relaion-demo",
    *,
    rows: int = 300_000,
    seed: int = 5,
    full_lists: bool = False,
    progress: Progress | None = None,
) -> Demo:
    """Make a LAION-like data set and partner lists, clean it, and show the audit.

    With the default seed and rows the audit repeats the published protocol of Re-LAION-5B.

    Args:
        out: The folder to make.
        rows: Rows of the data set.
        seed: Another seed, another data set.
        full_lists: Lists of 16.2 million entries, as large as real ones.
        progress: Hears how far it is; None draws a bar in a notebook, and tells nobody elsewhere.

    Returns:
        The protocol, and what each edition lost and kept.

    Raises:
        InputError: For fewer rows than the plants need.
        OutputError: For a folder in use.
    """
    out = as_path(out)
    listen = listening(progress)
    listen.steps((MAKE, *steps_of()))
    arguments = {"rows": rows, "seed": seed, "full_lists": full_lists}
    # a folder of a version whose partners sent something else is not this demo's
    made = _make(out, arguments | {"deliveries": len(DELIVERIES)}, listen)
    lists, edited = out / "lists.duckdb", out / "clean"
    cleaned = clean(
        [made.data], lists, edited,
        keywords=made.keywords, sidecars=[made.sidecars], progress=listen,
    )  # fmt: skip
    known = read_known(lists, None)
    told = hold_good(known, settled=True)
    return _read(out, made, read_hits(edited), cleaned, store.show(lists), told)


def _make(out: Path, arguments: Mapping[str, int | bool], progress: Progress) -> DemoSet:
    """Make data and lists; a folder that the same demo made before is made anew, the same."""
    if os.path.lexists(out) and not out.is_dir():
        raise OutputError(f"{no_folder(out)}; name another with --out")
    mark = out / MARK
    try:
        ours = json.loads(mark.read_text(encoding="utf-8")) == dict(arguments)
    except (OSError, ValueError):
        ours = False
    if out.exists() and any(out.iterdir()) and not ours:
        raise OutputError(
            f"{shown(out)}: is not empty and holds something else than this demo; remove it, "
            f"or name another folder with --out"
        )
    rows = int(arguments["rows"])
    progress.phase(MAKE)
    made = make(
        out, rows=rows, seed=int(arguments["seed"]), full_lists=bool(arguments["full_lists"])
    )
    ids: dict[str, int] = {}
    for delivery in made.deliveries:
        added = store.add(
            out / "lists.duckdb",
            delivery.files,
            source=delivery.source,
            title=delivery.title,
            label=delivery.label,
            received=delivery.received,
            kind=delivery.kind,
            role=delivery.role,
            where=delivery.where,
            update=ids[delivery.updates] if delivery.updates else None,
        )
        ids[delivery.title] = added.list_id
    with atomic_write(mark) as part:
        part.write_text(json.dumps(dict(arguments)))
    return made


def _read(
    out: Path,
    made: DemoSet,
    hits: Hits,
    cleaned: Cleaned,
    lists: Sequence[Shown],
    known_good: Sequence[str],
) -> Demo:
    """The protocol as the audit has it: nothing here comes from what was planted."""
    told = {u.subset for u in hits.unions}
    subsets = [s for s in made.rows if s in told or SMALL not in told]
    subsets += [SMALL] if SMALL in told else []
    protocol = []
    further = tuple(x for x in lists if x.replaces or x.role == "good")
    for entry in (x for x in lists if x not in further):
        found = [c for c in hits.counts if c.list_id == entry.list_id and c.kind is not None]
        rows = {s: sum(c.gross for c in found if c.subset == s) for s in subsets}
        line = ProtocolLine(
            source=entry.source,
            title=entry.title or "",
            label=entry.label,
            received=str(entry.received),
            entries=sum(entry.entries.values()),
            rows=rows,
            total=sum(rows.values()),
        )
        protocol.append(line)
    partners = dict.fromkeys(x.source for x in lists if (x.label, x.role) == ("csam", "bad"))
    sources = {source: hits.rows("source", source) for source in partners}
    unions = {u.subset: u.rows for u in hits.unions if (u.grouping, u.name) == ("label", "csam")}
    return Demo(
        folder=out,
        protocol=tuple(protocol),
        further=further,
        known_good=tuple(known_good),
        sources=sources,
        memberships=sum(sources.values()),
        union=hits.rows("label", "csam"),
        unions={s: unions.get(s, 0) for s in subsets},
        validated=hits.rows("label", "validated"),
        privacy=hits.rows("label", "privacy"),
        same_link=hits.rows("same_link"),
        cleaned=cleaned,
    )
