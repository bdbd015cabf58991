"""`demo`: a made-up data set and partner lists, cleaned in front of your eyes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from relaion.errors import OutputError
from relaion.lists import store
from relaion.lists.store import Shown
from relaion.paths import AnyPath, as_path, atomic_write
from relaion.run.audit_file import read_hits
from relaion.run.hits import SMALL, Hits
from relaion.run.pool import Progress, Quiet
from relaion.sample import make
from relaion.sample.result import DemoSet
from relaion.stages.clean import Cleaned, clean

MARK = "demo.json"


@dataclass(frozen=True)
class ProtocolLine:
    """One delivery: who sent what when, its entries, and the rows that it matched."""

    source: str
    title: str
    label: str
    received: str
    entries: int
    rows: dict[str, int]
    total: int


@dataclass(frozen=True)
class Demo:
    """The demo's protocol and editions.

    `protocol` has a line for each delivery with its gross rows by subset. `sources` counts
    the rows of each partner once; `memberships` sums the child-protection partners, `union`
    counts their rows once, by subset in `unions`; `same_link` are further rows that only
    carry a listed link, `privacy` those of the privacy links. Subsets are those that the audit
    tells of: in a small demo, several together as `small`.
    """

    folder: Path
    protocol: tuple[ProtocolLine, ...]
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
        """What the run had to say."""
        return self.cleaned.notices


def demo(
    out: AnyPath = "relaion-demo",
    *,
    rows: int = 300_000,
    seed: int = 5,
    full_lists: bool = False,
    progress: Progress | None = None,
) -> Demo:
    """Make a LAION-like data set and partner lists, clean it, and show the audit.

    With the default seed the audit repeats the published protocol of Re-LAION-5B. Raises
    InputError for fewer rows than the plants need, OutputError for a folder in use.
    """
    out = as_path(out)
    listen = progress or Quiet()
    made = _make(out, {"rows": rows, "seed": seed, "full_lists": full_lists}, listen)
    lists, edited = out / "lists.duckdb", out / "clean"
    cleaned = clean(
        [made.data], lists, edited,
        keywords=made.keywords, sidecars=[made.sidecars], progress=listen,
    )  # fmt: skip
    return _read(out, made, read_hits(edited), cleaned, store.show(lists))


def _make(out: Path, arguments: Mapping[str, int | bool], progress: Progress) -> DemoSet:
    """Make data and lists; a folder that the same demo made before is made anew, the same."""
    mark = out / MARK
    ours = mark.exists() and json.loads(mark.read_text()) == dict(arguments)
    if out.exists() and any(out.iterdir()) and not ours:
        raise OutputError(
            f"{out}: is not empty and not this demo; remove it or name another with --out"
        )
    rows = int(arguments["rows"])
    progress.phase("make", 0, rows)
    made = make(
        out, rows=rows, seed=int(arguments["seed"]), full_lists=bool(arguments["full_lists"])
    )
    for delivery in made.deliveries:
        store.add(
            out / "lists.duckdb",
            delivery.files,
            source=delivery.source,
            title=delivery.title,
            label=delivery.label,
            received=delivery.received,
            kind=delivery.kind,
        )
    with atomic_write(mark) as part:
        part.write_text(json.dumps(dict(arguments)))
    progress.done(0, rows)
    return made


def _read(out: Path, made: DemoSet, hits: Hits, cleaned: Cleaned, lists: Sequence[Shown]) -> Demo:
    """The protocol as the audit has it: nothing here comes from what was planted."""
    told = {u.subset for u in hits.unions}
    subsets = [s for s in made.rows if s in told or SMALL not in told]
    subsets += [SMALL] if SMALL in told else []
    protocol = []
    for entry in lists:
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
    partners = dict.fromkeys(x.source for x in lists if x.label == "csam")
    sources = {source: hits.rows("source", source) for source in partners}
    unions = {u.subset: u.rows for u in hits.unions if (u.grouping, u.name) == ("label", "csam")}
    return Demo(
        folder=out,
        protocol=tuple(protocol),
        sources=sources,
        memberships=sum(sources.values()),
        union=hits.rows("label", "csam"),
        unions={s: unions.get(s, 0) for s in subsets},
        validated=hits.rows("label", "validated"),
        privacy=hits.rows("label", "privacy"),
        same_link=hits.rows("same_link"),
        cleaned=cleaned,
    )
