"""What `apply` tells: the manifest of OUT, and the verdict for people."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relaion.labs.copy_files import PARQUET
from relaion.labs.place import set_digest
from relaion.parquet.looked_at import beside_shards
from relaion.parquet.roles import listed
from relaion.paths import shown
from relaion.run.outputs import APPLY
from relaion.tabled import Tabled

if TYPE_CHECKING:
    from relaion.labs.applying import Known
    from relaion.labs.copy_files import CopyFile, FoundFiles
    from relaion.labs.told import DiffFile, Fates

NAMELESS = "nameless"
WITH_KEY = "removed with its key"
NO_IDENTITY = "not looked at, for no row of it has an identity"
WORDS = {
    "row": "known by their row hash",
    "link": "known by their link alone",
    "removed": "removed",
    "removed with its link": "removed with their link",
    WITH_KEY: "that share a key with a removed one, and leave with it",
    "unknown": "that the old set never had",
    "not in new": "that the edition does not hold",
    NAMELESS: "without an identity",
}
"""Fate of rows, as `sql/v1/apply` tells it, in words that go behind `n rows`."""
_BY_DIFF = {
    "row": "that the diff does not name by row hash or link",
    "link": "that the diff does not name by their link alone",
}


@dataclass(frozen=True)
class Counted:
    """Rows of a copy that had one fate, and whether they stayed.

    `fate` is a word for it, `rows` how many had it, `stayed` whether these are in OUT. `by_diff`:
    they were held against a diff. `samples` are those of these rows in the tar beside them: none is
    counted twice.
    """

    fate: str
    rows: int
    stayed: bool
    by_diff: bool = False
    samples: int = 0

    @property
    def words(self) -> str:
        """The fate in words; a diff knows of no row that it stayed."""
        return _BY_DIFF.get(self.fate, WORDS[self.fate]) if self.by_diff else WORDS[self.fate]


@dataclass(frozen=True)
class Applied(Tabled):
    """What `apply` made of a copy.

    `out` is where it lies, `run` the name of the run. `records` rows were read, `kept` stayed and
    `left` did not. `counts` are rows by fate; a sample of a tar is one where no row beside the tar
    is. `files` says how many were written anew, linked or copied. `notices` are for whoever ran it,
    `not_looked_at` is what is not vouched for, one sentence each. `certificate` is where that lies.
    `also` are sentences on rows that left with another one, or were known by more than one row
    hash. `done_before`: this very run was finished before, and nothing was done now. `summary` is
    the verdict.
    """

    out: Path
    run: str
    records: int
    kept: int
    left: int
    counts: tuple[Counted, ...]
    files: dict[str, int]
    notices: tuple[str, ...]
    not_looked_at: tuple[str, ...]
    certificate: Path
    also: tuple[str, ...] = ()
    done_before: bool = False
    summary: str = ""

    @property
    def clean(self) -> bool:
        """Whether the verdict is plain: nothing was left unlooked at."""
        return not self.not_looked_at


@dataclass(frozen=True)
class FinishedCopy:
    """What a finished run knows."""

    plan: Mapping[str, Any]
    known: Sequence[Known]
    stats: Sequence[CopyFile]
    fates: Fates
    written: Mapping[int, Mapping[str, Any]]
    found: FoundFiles
    nameless: str


def build(
    run: FinishedCopy, diff: DiffFile | None, started: datetime, finished: datetime
) -> dict[str, Any]:
    """The manifest of OUT: no row, no link, no path of whoever ran it."""
    versions = run.plan["versions"]
    counts, twins = Counter[tuple[str, bool]](), Counter[tuple[str, bool]]()
    for _, fate, leaves, n in run.fates.counts:
        counts[fate, not leaves] += n
    for _, fate, leaves, n in run.fates.twins:
        counts[fate, not leaves] -= n
        twins[fate, not leaves] += n
    seals = run.fates.seals
    inputs = [
        {
            "name": k.file.name, "form": k.file.form, "records": k.shard.rows,
            "sha256": k.seal[1] if k.seal else seals[k.file.no].sha256,
            "columns": dict(k.columns),
        }
        for k in run.known
    ]  # fmt: skip
    left = Counter({no: 0 for no in run.written})
    for no, _, leaves, n in run.fates.counts:
        left[no] += n if leaves else 0
    files = {k.file.no: k for k in run.known}
    outputs = []
    for no, done in sorted(run.written.items()):
        of = files.get(no)
        name = of.file.name if of else next(f.name for f in run.stats if f.no == no)
        outputs.append({
            "name": name, "how": done["how"], "bytes": done["bytes"], "sha256": done["sha256"],
            "records": (of.shard.rows - left[no] if done["records"] is None else done["records"])
            if of else None,
        } | ({} if of else {"source": done["source"]}))  # fmt: skip
    made = {
        "relaion": versions["relaion"],
        "kind": APPLY,
        "run": hashlib.sha256(json.dumps(run.plan, sort_keys=True).encode()).hexdigest()[:16],
        "duckdb": versions["duckdb"],
        "pyarrow": versions["pyarrow"],
        "key_version": int(versions["link_key"]),
        "sql_version": run.plan["sql_version"],
        "started": started.isoformat(),
        "finished": finished.isoformat(),
        "plan": dict(run.plan),
        "against": _against(run, diff),
        "inputs": inputs,
        "outputs": outputs,
        "counts": [
            {"fate": fate, "stayed": stayed, "rows": n, "samples": twins[fate, stayed]}
            for (fate, stayed), n in sorted(counts.items())
        ],
        "doubted": run.fates.doubted,
        "several": run.fates.several,
        "alone": run.fates.alone,
        "not_looked_at": list(_not_looked_at(run, counts)),
    }
    return made


def _against(run: FinishedCopy, diff: DiffFile | None) -> dict[str, Any]:
    """What it was held against, by digests."""
    if diff is not None:
        return {"diff": diff.sha256}
    return {
        name: set_digest(
            (item["subset"], item["shard"], run.fates.seals[first + i].sha256)
            for i, item in enumerate(run.plan["against"][name])
        )
        for name, first in (("keep", 1_000_000_000), ("old", 1_500_000_000))
        if run.plan["against"].get(name)
    }


def _not_looked_at(run: FinishedCopy, counts: Mapping[tuple[str, bool], int]) -> Iterator[str]:
    """What is not vouched for, and what was left behind."""
    for k in run.known:
        for notice in k.notices:
            said = notice.removeprefix(f"{shown(k.file.path)}: ")  # no path of whoever ran it
            yield f"{shown(k.file.name)}: {said}"
        for said in run.written[k.file.no]["second"]:
            yield f"{shown(k.file.name)}: {said}"
        if n := run.written[k.file.no]["quoting"]:
            yield (
                f"{shown(k.file.name)}: {_rows(n)} kept whose error_message may quote another "
                "link: not looked at"
            )
    yield from _unknown_files(run)
    stats = {f.no for f in run.stats}
    for f in run.found.files:
        if f.form == "stats" and f.no not in stats:
            yield f"{shown(f.name)}: tells of no shard here; not in OUT"
    if beside := beside_shards(run.found.skipped):
        names = ", ".join(shown(p.name) for p in beside[:3]) + (", …" if beside[3:] else "")
        what = f"{len(beside):,} file{'s' if beside[1:] else ''} of another form"
        yield f"{what} ({names}): not looked at, not cleaned, not in OUT"
    if n := counts.get((NAMELESS, True), 0):
        yield f"{_rows(n)} kept without an identity: nothing can be said of them"


def _unknown_files(run: FinishedCopy) -> Iterator[str]:
    """Files of which no row has an identity, whatever became of them."""
    named = {no for no, fate, _, n in run.fates.counts if n and fate != NAMELESS}
    for k in run.known:
        if k.file.no not in named and k.shard.rows:
            has = f"; it has the columns {listed(k.shard.names)}" if k.file.form == PARQUET else ""
            yield (
                f"{shown(k.file.name)}: {NO_IDENTITY}{has}; say which column is one with "
                "--column url=NAME, --column text=NAME or --column row_hash=NAME"
            )


def others(made: Mapping[str, Any]) -> list[str]:
    """What stayed although nothing vouches for it, in words."""
    asked = ("unknown", "not in new", NAMELESS)
    counts = (Counted(c["fate"], c["rows"], c["stayed"]) for c in made["counts"] if c["rows"])
    return [f"{_rows(c.rows)} {c.words}" for c in counts if c.stayed and c.fate in asked]


def more_said(made: Mapping[str, Any]) -> list[str]:
    """What a manifest tells beside the fates: who left with another, and who was in doubt."""
    found = []
    of_key = [c for c in made["counts"] if c["fate"] == WITH_KEY]
    if n := sum(c["rows"] + c["samples"] for c in of_key):
        found.append(
            f"{n:,} record{'' if n == 1 else 's'} left only since a removed one has the same key: "
            "two samples under one key, or a row beside the tar that is not its sample's"
        )
    is_named = "named" if "diff" in made["against"] else "removed"
    trusted = "row_hash" in made["plan"]["parameters"]["columns"]
    if n := made["doubted"]:
        how = f"each left where either is {is_named}"
        if is_named == "removed" and not trusted:
            how += ", and none stayed by its own hash"
        found.append(f"{_rows(n)} whose row hash is not that of link and caption: {how}")
    if n := made["several"]:
        what = "more than one caption, or one in quotes that may be no part of it"
        found.append(f"{_rows(n)} with {what}: each left where any reading is {is_named}")
    if n := made.get("alone"):  # which a run of an earlier version does not tell
        what = "known by row hash alone: nothing says of which of two rows with one hash"
        found.append(f"{_rows(n)} {what}; each left where either is known to be {is_named}")
    if made["plan"]["against"].get("diff", {}).get("said", {}).get("form") == 2:
        found.append(
            "the diff is of form 2: it names no removed row whose row hash another row has that "
            "stayed; get a newer one, or clean with --keep"
        )
    return found


def _rows(n: int) -> str:
    return f"{n:,} row{'' if n == 1 else 's'}"


def says(made: Mapping[str, Any]) -> str:
    """What OUT holds, in one sentence, as its manifest has it."""
    against = made["against"]
    if "diff" in against:
        said = f"holds nothing that diff {against['diff'][:12]}… names"
    else:
        said = f"holds only what edition {against['keep'][:12]}… holds"
        by_link = sum(c["rows"] for c in made["counts"] if c["fate"] == "link" and c["stayed"])
        rows = sum(c["rows"] for c in made["counts"] if c["stayed"])
        if 0 < by_link < rows:
            said += f" ({_rows(by_link)} by the link alone)"
    if more := others(made):
        said += ", and " + " and ".join(more)
    return said


def applied(
    out: Path, made: Mapping[str, Any], notices: Sequence[str], certificate: Path
) -> Applied:
    """What a manifest tells people."""
    by_diff = "diff" in made["against"]
    counts = tuple(
        Counted(c["fate"], c["rows"], c["stayed"], by_diff, c["samples"]) for c in made["counts"]
    )
    kept = sum(c.rows for c in counts if c.stayed)
    left = sum(c.rows for c in counts if not c.stayed)
    passed_over = tuple(made["not_looked_at"])
    said = says(made)
    if passed_over:
        n = len(passed_over)
        said += f"; {n:,} {'thing was' if n == 1 else 'things were'} not looked at, as told above"
    return Applied(
        out, str(made["run"]), kept + left, kept, left, counts,
        dict(Counter(o["how"] for o in made["outputs"])), (*notices, *_doubts(made)), passed_over,
        certificate, tuple(more_said(made)),
        summary=f"{shown(out)}: {said}",
    )  # fmt: skip


def _doubts(made: Mapping[str, Any]) -> Iterator[str]:
    """What may be the set that an edition was made of, named as the edition."""
    sets = made["plan"]["against"]
    new, old = (sum(shard["rows"] for shard in sets.get(name, ())) for name in ("keep", "old"))
    counts = [c for c in made["counts"] if c["rows"]]
    if old and new > old:
        yield (
            f"--keep NEW holds {new:,} rows, more than --old OLD ({old:,}), of which it was made: "
            "if they are the wrong way round, swap them and take another OUT"
        )
    elif new and counts and all(c["fate"] in ("row", "link") for c in counts):
        yield (
            "--keep NEW holds every row of the copy, so nothing left it: right where it was clean "
            "already; if NEW is the old set, name the published edition and take another OUT"
        )


def disowned(fates: Fates) -> tuple[str, ...]:
    """A line on row hashes of the edition that its own links and captions do not give."""
    n = fates.disowned
    if not n:
        return ()
    return (
        f"--keep NEW: {_rows(n)} there that the copy may have by row hash, but whose link and "
        "caption give another one: the link decided",
    )


def before_this(done: Applied) -> Applied:
    """What is told of a run that was finished before: nothing was looked at now."""
    said = f"{done.summary} (as it was finished; nothing was looked at now)"
    return replace(done, done_before=True, summary=said)
