"""What a run was asked to do: sizes, limits, keywords, and the plan that runs are compared by."""

import codecs
import hashlib
import json
import math
import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from relaion.errors import InputError
from relaion.links import KEY_VERSION
from relaion.links.text import BLANK, CONTROL, trim
from relaion.paths import atomic_write, open_given, shown, typed
from relaion.remote.urls import RemoteURL
from relaion.run.process import Guard
from relaion.sqlset import load
from relaion.versions import installed

if TYPE_CHECKING:
    from relaion.run.editions import Edition
    from relaion.run.numbered import Numbered

# -- Sizes as people write them ----------------------------------------------------------------

_UNITS = {"": 1, "K": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4}
_SIZE = re.compile(r"^\s*([0-9]+(?:\.[0-9]+)?)\s*([KMGT]?)(I?)B?\s*$", re.IGNORECASE)
_MOST = 1 << 60  # DuckDB takes no number of any length


def parse_size(text: str) -> int:
    """Bytes of a size such as `2GB`, `512MiB` or `4G`; InputError when it is none."""
    found = _SIZE.match(text)
    if not found:
        raise InputError(f"--memory {typed(text)}: is not a size; write it like 2GB")
    unit = _UNITS[found[2].upper()]
    if found[3]:
        unit = {1000**i: 1024**i for i in range(5)}[unit]
    size = float(found[1]) * unit
    if size > _MOST:
        raise InputError(f"--memory {typed(text)}: is more than any machine has; write it like 2GB")
    return int(size)


# -- How much of the machine a run may take ----------------------------------------------------

MEMORY = "2GB"  # where nothing else is said
A_PROCESS = 125_000_000  # bytes that one holds before it does anything: libraries, mostly
LEAST = 500_000_000  # where a writer holds a wide row group, in the only worker there is room for
A_WRITER = 400_000_000  # more is of no use to a worker that writes: row groups are bounded


@dataclass(frozen=True)
class Limits:
    """How much of the machine a run may take: processes or threads, and memory in bytes.

    The memory is that of all processes together, as far as it is private (RssAnon on Linux).
    `seconds` that a task of a worker may take; None for as many as its rows and bytes ask for.
    `apart`: each worker is of one thread and has this memory for itself, on a machine of a cluster.
    `alone`: a search has one thread, for there is too little to search.
    """

    workers: int
    memory: int
    seconds: float | None = None
    apart: bool = False
    alone: bool = False

    @property
    def guard(self) -> Guard:
        """What all processes together, or one task, may not exceed."""
        return Guard(self.memory, self.seconds)

    @property
    def here(self) -> "Limits":
        """The same for processes of this machine alone."""
        return replace(self, workers=os.cpu_count() or 1, apart=False) if self.apart else self

    @property
    def threads(self) -> int:
        """How many threads a search has."""
        return 1 if self.apart or self.alone else self.workers

    @property
    def find_bytes(self) -> int:
        """What DuckDB may take in the one process that searches, beside its parent."""
        return (self.memory - 2 * A_PROCESS) * 4 // 5

    @property
    def find_memory(self) -> str:
        """The same as DuckDB takes it."""
        return f"{self.find_bytes}B"

    @property
    def writer_bytes(self) -> int:
        """What a worker may hold of what it writes."""
        return self.memory * 2 // 5  # not by how many there are: that would move row groups

    def fitting(self, wanted: int) -> int:
        """How many of so many processes that decide and write have room, beside their parent."""
        if self.apart:
            return max(1, wanted)
        each = A_PROCESS + min(self.memory // 4, A_WRITER)
        return max(1, min(wanted, (self.memory - A_PROCESS) // each))

    @property
    def decide_memory(self) -> str:
        """What DuckDB may take in each process that decides; the writer needs twice as much."""
        n = 1 if self.apart else self.fitting(self.workers)
        each = (self.memory - A_PROCESS) // n - A_PROCESS
        return f"{max(each // 3, 64_000_000)}B"


def limits_of(
    workers: int | None, memory: str, seconds: float | None = None, *, apart: bool = False
) -> Limits:
    """Limits as the user gave them: one worker a core by default, memory and time checked.

    `apart`: each worker has that memory for itself, on a machine of a cluster.
    """
    if seconds is not None and not 0 < seconds < math.inf:
        raise InputError(f"a time limit of {seconds:g} s; give a number of seconds above 0")
    size = parse_size(memory)
    if size < LEAST:
        raise InputError(
            f"--memory {typed(memory)}: too little for all processes together; give "
            f"{LEAST // 1_000_000}MB at least"
        )
    return Limits(workers or os.cpu_count() or 1, size, seconds, apart)


# -- Keyword files: one word or phrase a line. As secret as lists: never echoed, never in an OUT --

WORDS = "keywords.json"
_ENDS = BLANK | CONTROL  # of a line


@dataclass(frozen=True)
class Keywords:
    """The words of a file, in its order.

    `raw` are its bytes: the file may be another one by the time that the run is checked.
    """

    words: tuple[str, ...]
    raw: bytes = field(default=b"", repr=False)

    @property
    def sha256(self) -> str:
        """Of the words, one a line: blank lines, remarks and line ends decide nothing.

        Public only as an HMAC.
        """
        return hashlib.sha256("".join(f"{word}\n" for word in self.words).encode()).hexdigest()


def read_keywords(path: Path) -> Keywords:
    """Read UTF-8 lines, with or without BOM; blank lines and `#` comments are passed over.

    Blanks and what nobody sees at the ends of a line do not count.
    Raises InputError for a file that cannot be read, is not UTF-8 or holds no word.
    """
    try:
        with open_given(path) as file:
            raw = file.read()
        text = raw.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except OSError as e:
        raise InputError(
            f"{shown(path)}: cannot be read ({e.strerror}); check --keywords"
        ) from None
    except UnicodeDecodeError:
        raise InputError(f"{shown(path)}: is not UTF-8 text; save it as UTF-8") from None
    lines = (trim(line, _ENDS) for line in text.splitlines())
    words = tuple(dict.fromkeys(w for w in lines if w and not w.startswith("#")))
    if not words:
        raise InputError(
            f"{shown(path)}: holds no keyword; write one a line, or leave out --keywords to switch "
            "the rule off"
        )
    return Keywords(words, raw)


def write_keywords(work: Path, keywords: Keywords) -> None:
    """Leave the words where shard tasks read them, in the private work folder."""
    with atomic_write(work / WORDS, mode=0o600, flush=False) as part:
        part.write_text(json.dumps(keywords.words), encoding="ascii")


def words_at(work: Path) -> list[str] | None:
    """What `write_keywords` left; None where a run has no keywords."""
    path = work / WORDS
    return list(json.loads(path.read_text(encoding="ascii"))) if path.exists() else None


# -- What a run was asked to do, in a form that two runs can be compared by --------------------
# The plan is public: it stands in the manifest. Lists and keywords appear as HMAC digests
# under the curator key, inputs by subset, name, rows and bytes, never by their links.

UNSAFE_ABOVE = 0.45
KEYWORD_ABOVE = 0.95


@dataclass(frozen=True)
class Settings:
    """What a run was asked to do: built once by its stage, and passed whole to every part of it.

    `out` and `work` are absolute; a dry run has no `out`. `store` is OUT itself where that lies in
    a store of objects: `out` is in its staging folder. `keywords` is None, or the HMAC digest
    of the keywords and how many there are. `copy` instead of hard links to what loses no row.
    `good_wins`: what a list of known-good files names is not listed, whoever lists it.
    `cover` neutral sites leave for each listed one; a site has at most `cover_site_rows` rows, or
    as many as the cost allows.
    """

    sql_version: str
    limits: Limits
    work: Path = Path()
    out: Path = Path()
    editions: "tuple[Edition, ...]" = ()
    same_link: bool = True
    inner: bool = True
    unscored: str = "keep"
    keywords: dict[str, Any] | None = None
    columns: dict[str, str | list[str]] = field(default_factory=dict)
    unsafe_above: float = UNSAFE_ABOVE
    keyword_above: float = KEYWORD_ABOVE
    copy: bool = False
    good_wins: bool = False
    cover: int = 0
    cover_site_rows: int | None = None
    store: RemoteURL | None = None

    def public(self) -> dict[str, Any]:
        """Those that decide which rows stay, as the manifest has them: no path, no listed value."""
        return {
            "unscored": self.unscored,
            "same_link": self.same_link,
            "inner": self.inner,
            "good_wins": self.good_wins,
            "keywords": self.keywords,
            "columns": self.columns,
            "unsafe_above": self.unsafe_above,
            "keyword_above": self.keyword_above,
            "cover": self.cover,
            "cover_site_rows": self.cover_site_rows,
        }

    def target(self, edition: str, shard: "Numbered") -> Path:
        """Where a shard of an edition goes."""
        return self.out / edition / shard.shard.subset / shard.shard.name

    def name(self, edition: str, shard: "Numbered") -> str:
        """What it is called below OUT."""
        return PurePosixPath(edition, shard.shard.subset, shard.shard.name).as_posix()


@dataclass(frozen=True)
class Plan:
    """Everything that decides the outcome of a run, and nothing that does not."""

    versions: dict[str, str]
    sql_version: str
    scripts: list[dict[str, str]]
    parameters: dict[str, Any]
    editions: list[dict[str, Any]]
    lists: list[dict[str, Any]]
    inputs: list[dict[str, Any]]
    sidecars: list[dict[str, Any]]
    lineage: list[dict[str, Any]] = field(default_factory=list)

    @property
    def run_id(self) -> str:
        """The digest of the plan: equal for equal runs."""
        return run_of(vars(self))


def run_of(plan: Mapping[str, Any]) -> str:
    """The name of the run that a plan makes, which is the digest of that plan."""
    text = json.dumps(plan, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def versions() -> dict[str, str]:
    """Versions that an outcome may depend on."""
    return {
        "relaion": installed("relaion"),
        "duckdb": installed("duckdb"),
        "pyarrow": installed("pyarrow"),
        "link_key": str(KEY_VERSION),
    }


def make_plan(
    settings: Settings,
    inputs: Sequence[Mapping[str, Any]],
    lists: Sequence[Mapping[str, Any]],
    sidecars: Sequence[Path] = (),
    lineage: Sequence[Mapping[str, Any]] = (),
) -> Plan:
    """The plan of a run; `lineage` are the runs that it goes on from, the first clean first.

    `inputs` holds subset, shard, rows, bytes; `lists` holds list_id, source, title, label,
    received, digest, entries.
    """
    scripts = [
        {"name": f"{k}.sql", "sha256": s.sha256} for k, s in load(settings.sql_version).items()
    ]
    return Plan(
        versions=versions(),
        sql_version=settings.sql_version,
        scripts=scripts,
        parameters=settings.public(),
        editions=[
            {
                "name": e.name,
                "parent": e.parent,
                "labels": list(e.labels),
                "rules": list(e.rules),
                "script": e.file,
                "sha256": e.script.sha256,
                "builtin": e.built_in,
            }
            for e in settings.editions
        ],
        lists=[dict(entry) for entry in lists],
        inputs=[dict(item) for item in inputs],
        sidecars=[{"name": path.name, "bytes": path.stat().st_size} for path in sidecars],
        lineage=[dict(step) for step in lineage],
    )


LISTS_DIFFER = "the lists differ"


def differences(
    old: Mapping[str, Any], new: Plan, failed: Collection[tuple[str, str]] = ()
) -> list[str]:
    """What differs between a plan on disk and this one, in words that name the cause first.

    Shards (subset, name) that failed in the old run may be other ones now.
    """
    fresh = json.loads(json.dumps(asdict(new)))
    found = [
        f"{name} {old['versions'].get(name)} is now {value}"
        for name, value in fresh["versions"].items()
        if old["versions"].get(name) != value
    ]
    if old["sql_version"] != fresh["sql_version"] or old["scripts"] != fresh["scripts"]:
        found.append("the SQL scripts differ")
    found += [
        f"{'--' if name in ('unscored', 'keywords') else ''}{name} differs"
        for name, value in fresh["parameters"].items()
        if old["parameters"].get(name) != value
    ]
    same = but_files(old["editions"]) == but_files(fresh["editions"])
    found += [] if same else ["the editions differ"]
    found += [LISTS_DIFFER] if old["lists"] != fresh["lists"] else []
    before, after = _but(old["inputs"], failed), _but(fresh["inputs"], failed)
    if before != after:
        found.append(_inputs_differ(before, after))
    if old["sidecars"] != fresh["sidecars"]:
        found.append("the sidecars differ")
    if old["lineage"] != fresh["lineage"]:
        found.append("the run that it goes on from differs")
    return found


def but_files(editions: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Editions without what the files of their scripts are called, which decides nothing."""
    return [{k: v for k, v in edition.items() if k != "script"} for edition in editions]


def _but(inputs: list[dict[str, Any]], failed: Collection[tuple[str, str]]) -> list[dict[str, Any]]:
    """Inputs, those that failed without their rows and bytes."""
    unknown = {"rows": None, "bytes": None}
    return [i | unknown if (i["subset"], i["shard"]) in failed else i for i in inputs]


def _inputs_differ(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> str:
    before = {(i["subset"], i["shard"]): i for i in old}
    for item in new:
        key = (item["subset"], item["shard"])
        if before.pop(key, None) != item:
            return f"the inputs differ, first in {item['subset']}/{item['shard']}"
    missing = next(iter(before), None)
    if missing is None:
        return "the inputs are in another order"
    return f"the inputs differ: {missing[0]}/{missing[1]} is missing"
