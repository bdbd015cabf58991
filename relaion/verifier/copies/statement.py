"""The manifest of a copy that `apply` cleaned, as a checker reads it, and what lies beside it."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from relaion.errors import OutputError
from relaion.links import KEY_VERSION
from relaion.parquet.looked_at import beside_shards
from relaion.paths import file_sha256, find_files, shown
from relaion.verifier.file_checks import check_entry, files_in, folders_in
from relaion.verifier.manifest import MANIFEST, read_json, refuse_escape
from relaion.verifier.verdict import Notes, count

APPLIED = "apply"
PARQUET, STATS, SAMPLES = "parquet", "stats", "samples"
STATS_END = "_stats.json"
_ENDS = {PARQUET: ".parquet", SAMPLES: ".tar", STATS: STATS_END}
_FORMS = (
    ".parquet", ".tar",
    *(f".{kind}{end}" for kind in ("tsv", "csv", "jsonl", "ndjson") for end in ("", ".gz", ".zst")),
)  # fmt: skip
FATES = (
    "row", "link", "removed", "removed with its link", "removed with its key", "unknown",
    "not in new", "nameless",
)  # fmt: skip
NAMELESS, WITH_KEY = "nameless", "removed with its key"
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class CopyLine:
    """A file of the copy, or of OUT, as the manifest states it; `records` is None for stats.

    `source` is the digest of the stats that these were made of.
    """

    name: str
    records: int | None
    sha256: str
    form: str
    columns: Mapping[str, str]
    source: str | None = None

    @property
    def stem(self) -> str:
        """Its name without the end that tells its form: that of its shard."""
        end = _ENDS.get(self.form, "")
        return self.name[: -len(end)] if end and self.name.lower().endswith(end) else self.name


@dataclass(frozen=True)
class CopyStatement:
    """All that the manifest of an applied OUT states.

    `against` holds digests: of `diff`, or of `keep` and, where it was given, `old`. `by` are the
    identities that count. `counts` are by fate, whether they stayed, and whether they are samples
    whose rows are counted. `planned` are names, and a digest, that its run began with.
    """

    raw: Mapping[str, Any]
    by: frozenset[str]
    keeps_unknown: bool
    keeps_nameless: bool
    columns: Mapping[str, str]
    against: Mapping[str, str]
    inputs: Mapping[str, CopyLine]
    outputs: Mapping[str, CopyLine]
    counts: Mapping[tuple[str, bool, bool], int]
    not_looked_at: tuple[str, ...]
    planned: frozenset[str]
    planned_diff: str | None

    @property
    def known(self) -> bool:
        """Whether the link keys here are those that it was made with."""
        return self.raw.get("key_version") == KEY_VERSION

    @property
    def pairs(self) -> list[list[str]]:
        """Names of files whose records are judged together: a tar with its parquet file."""
        found: dict[str, list[str]] = {}
        for line in self.inputs.values():
            stem = line.stem if line.form in (PARQUET, SAMPLES) else line.name
            found.setdefault(stem, []).append(line.name)
        return list(found.values())


def read_copy_statement(out: Path) -> CopyStatement:
    """Read OUT/manifest.json; raises OutputError in one line when it is not usable."""
    raw, _ = read_json(out)
    try:
        return _statement(raw)
    except KeyError as e:
        raise OutputError(f"{MANIFEST}: does not state {shown(str(e.args[0]))}") from None
    except (TypeError, ValueError, AttributeError):
        raise OutputError(f"{MANIFEST}: holds something else than apply writes") from None


def _statement(raw: Mapping[str, Any]) -> CopyStatement:
    if raw["kind"] != APPLIED:
        raise ValueError
    asked = raw["plan"]["parameters"]
    inputs = _lines(_line(x, str(x["form"])) for x in raw["inputs"])
    forms = {str(x["name"]): str(x["form"]) for x in raw["plan"]["inputs"]}
    columns = {name: line.columns for name, line in inputs.items()}
    outputs = _lines(
        _line({"columns": columns.get(x["name"], {}), **x}, forms.get(str(x["name"]), ""))
        for x in raw["outputs"]
    )
    counts: Counter[tuple[str, bool, bool]] = Counter()
    for line in raw["counts"]:
        if line["fate"] not in FATES or type(line["stayed"]) is not bool:
            raise ValueError
        for is_twin, name in ((False, "rows"), (True, "samples")):
            counts[line["fate"], line["stayed"], is_twin] += _whole(line[name])
    against = {k: v for k, v in raw["against"].items() if _SHA256.fullmatch(v)}
    if set(against) not in ({"diff"}, {"keep"}, {"keep", "old"}):
        raise ValueError
    return CopyStatement(
        raw, frozenset(map(str, asked["by"])), asked["unknown"] == "keep",
        asked["without_identity"] == "keep",
        {str(k): str(v) for k, v in asked["columns"].items()}, against, inputs, outputs, counts,
        tuple(map(str, raw["not_looked_at"])), frozenset(forms),
        raw["plan"]["against"].get("diff", {}).get("sha256"),
    )  # fmt: skip


def _line(line: Mapping[str, Any], form: str) -> CopyLine:
    records = None if line["records"] is None else _whole(line["records"])
    columns = {str(k): str(v) for k, v in line["columns"].items()}
    refuse_escape(str(line["name"]))
    source = str(line["source"]) if "source" in line else None
    return CopyLine(str(line["name"]), records, str(line["sha256"]), form, columns, source)


def _whole(number: Any) -> int:
    if type(number) is not int or number < 0:
        raise ValueError
    return number


def _lines(lines: Iterable[CopyLine]) -> dict[str, CopyLine]:
    found: dict[str, CopyLine] = {}
    for line in lines:
        if found.setdefault(line.name, line) is not line:
            raise OutputError(f"{MANIFEST}: states a file twice")
    return found


def named_below(inputs: Sequence[Path]) -> tuple[dict[str, Path], int]:
    """The files of a copy by their names below OUT, and how many of another form are beside."""
    found: dict[str, Path] = {}
    beside: set[Path] = set()
    for given in inputs:
        is_folder = given.is_dir()
        top = given.absolute().name if is_folder and len(inputs) > 1 else ""
        there = find_files([given], (*_FORMS, STATS_END))
        beside |= set(there.skipped)
        for shard in there.shards:
            inside = shard.path.relative_to(given) if is_folder else Path(shard.path.name)
            found[PurePosixPath(top, inside.as_posix()).as_posix()] = shard.path
    return found, len(beside_shards(beside))


# -- Does it agree with itself, and with what lies there? ------------------------------------------


def check_copy_stated(statement: CopyStatement, notes: Notes) -> None:
    """Names are mirrored, numbers add up, and its run is the one that it names."""
    place = other_names(statement.raw)
    if place is not None:
        where = f"under {place}" if place else "at its top"
        notes.find("6", MANIFEST, f"has other names {where} than apply writes there")
    plan = json.dumps(statement.raw["plan"], sort_keys=True)
    run = hashlib.sha256(plan.encode()).hexdigest()[:16]
    if run != statement.raw.get("run"):
        notes.find("6", MANIFEST, "its run is not the one of the arguments that it states")
    if not _is_of_plan(statement.raw):
        notes.find("6", MANIFEST, "names other versions or times than its run can have")
    n = statement.counts[NAMELESS, True, False]
    said = f"{count(n, 'row')} kept without an identity: nothing can be said of them"
    if n and said not in statement.not_looked_at:
        notes.find("6", MANIFEST, "does not name the rows without an identity as not looked at")
    if statement.planned_diff != statement.against.get("diff"):
        notes.find("6", MANIFEST, "names two diffs")
    lost = statement.inputs.keys() - statement.outputs.keys()
    if lost:
        notes.find("1b", MANIFEST, f"states no output for {count(len(lost), 'file')} of the copy")
    if (statement.outputs.keys() | statement.inputs.keys()) - statement.planned:
        notes.find("5", MANIFEST, "states files that the copy does not have")
    kept = sum(line.records or 0 for line in statement.outputs.values())
    read = sum(line.records or 0 for line in statement.inputs.values())
    stayed = sum(n for (_, stays, _), n in statement.counts.items() if stays)
    if stayed != kept or sum(statement.counts.values()) != read:
        notes.find("6", MANIFEST, "its counts by fate are not those of the files that it states")
    if not statement.known:
        notes.skip("1a", "link keys of another version; check with the relaion that made OUT")


def _is_of_plan(raw: Mapping[str, Any]) -> bool:
    """Whether versions are those that the run was planned with, and it ended after it began."""
    try:
        planned = dict(raw["plan"]["versions"])
        named = {x: str(raw[x]) for x in ("relaion", "duckdb", "pyarrow")}
        named["link_key"] = str(raw["key_version"])
        began, ended = (datetime.fromisoformat(raw[x]) for x in ("started", "finished"))
        return (
            all(str(planned[x]) == version for x, version in named.items())
            and raw["sql_version"] == raw["plan"]["sql_version"]
            and began <= ended
        )
    except (LookupError, TypeError, ValueError):
        return False


def check_copy_tree(out: Path, statement: CopyStatement, notes: Notes) -> list[str]:
    """Every stated file is there with its bytes, and nothing else; returns those that are."""
    for path in files_in(out, notes):
        name = path.relative_to(out).as_posix()
        if name == MANIFEST or name in statement.outputs:
            continue
        hidden = any(part.startswith(".") for part in path.relative_to(out).parts)
        left = "a file that a broken run left behind" if hidden else "a file that is not stated"
        notes.find("5", name, left)
    folders = {parent for name in statement.outputs for parent in Path(name).parents}
    for folder in folders_in(out):
        if folder.relative_to(out) not in folders:
            notes.find("5", folder.relative_to(out).as_posix(), "a folder that is not stated")
    there = []
    inputs = {line.sha256 for line in statement.inputs.values()}
    for name, line in statement.outputs.items():
        path = out / name
        carried = line.sha256 in inputs or line.form == STATS
        check_entry(out.resolve() / name, name, notes, is_carried=carried)
        if not path.is_file():
            notes.find("5", name, "is missing, or no plain file")
            notes.find("1b", name, "its rows are lost")
            continue
        try:
            sha256 = file_sha256(path)
        except (OSError, OutputError):
            notes.unreadable(name)
            continue
        if sha256 != line.sha256:
            notes.find("5", name, "its bytes are not those that the manifest states")
        there.append(name)
    check_entry(out.resolve() / MANIFEST, MANIFEST, notes, is_carried=False)
    return there


def check_certificate(
    path: Path, statement: CopyStatement, certified: Mapping[str, Any] | None, notes: Notes
) -> None:
    """The certificate beside OUT, if one is there, says what the manifest says, and no more.

    `certified` is what it has to say but for `checked`; None where the manifest does not tell.
    """
    where = path.name
    if not path.is_file():
        notes.notice(f"{where}: no certificate beside OUT; it was not looked at")
        return
    try:
        said = json.loads(path.read_text(encoding="ascii"))
        same = _as_certified(said) == _as_certified(statement.raw)
        is_whole = certified is None or {**said, "checked": None} == {**certified, "checked": None}
        is_checked = "checked" in said and _is_check(said["checked"])
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        notes.find("6", where, "cannot be read as a certificate")
        return
    if not (same and is_whole):
        notes.find("6", where, "is not the certificate of this OUT: it says else than the manifest")
    elif not is_checked:
        notes.find("6", where, "is not the certificate of this OUT: no check says what it says")


def _is_check(said: Any) -> bool:
    """Whether it has the form of what a check found, or there was none."""
    if said is None:
        return True
    lines = said["promises"]
    return (
        set(said) == {"when", "by", "promises"}
        and datetime.fromisoformat(said["when"]).tzinfo is not None
        and re.fullmatch(r"relaion \S+ verify: .*", said["by"]) is not None
        and [line["promise"] for line in lines] == ["1a", "1b", "2", "5", "6"]
        and all(set(line) == {"promise", "title", "state", "why"} for line in lines)
        and all(line["state"] in ("held", "held in part", "not checked") for line in lines)
        and lines[0]["state"] != "not checked"
        and all(isinstance(line[k], str) for line in lines for k in ("title", "why"))
    )


def _as_certified(said: Mapping[str, Any]) -> tuple[Any, ...]:
    against = {k: v["sha256"] if isinstance(v, dict) else v for k, v in said["against"].items()}
    files = [
        [(x["name"], x["records"], x["sha256"]) for x in said[side]]
        for side in ("inputs", "outputs")
    ]
    counts = [(x["fate"], x["stayed"], x["rows"], x["samples"]) for x in said["counts"]]
    return said["run"], against, files, counts, list(said["not_looked_at"])


# -- The names in the manifest of a copy: those that `apply` writes, and no other -----------------


_TEXT = None  # of a value that is no object, or one that is checked elsewhere
_FILE = {"name": _TEXT, "form": _TEXT, "sha256": _TEXT, "records": _TEXT}
_SHARDS = [{"subset": _TEXT, "shard": _TEXT, "rows": _TEXT, "bytes": _TEXT}]
_SIDE = {"rows": _TEXT, "shards": _TEXT, "digest": _TEXT, "?editions": _TEXT}
_COLUMNS = {"?url": _TEXT, "?text": _TEXT, "?row_hash": _TEXT}
_SAID = {
    **dict.fromkeys(
        ("form", "relaion", "key_version", "sql_version", "scripts", "made", "by", "salt", "rows",
         "rows_left", "links_gone", "rows_without_identity", "rows_without_link", "duplicates",
         "colliding_hashes", "content"),
    ),
    "?hashes_doubted": _TEXT,
    "?hashes_believed": _TEXT,
    "old": _SIDE,
    "new": _SIDE,
}  # fmt: skip
NAMES: Mapping[str, Any] = {
    **dict.fromkeys(
        ("relaion", "kind", "run", "duckdb", "pyarrow", "key_version", "sql_version", "started",
         "finished", "not_looked_at", "doubted", "several"),
    ),
    "?alone": _TEXT,
    "plan": {
        "versions": dict.fromkeys(("relaion", "duckdb", "pyarrow", "link_key")),
        "sql_version": _TEXT,
        "scripts": [{"name": _TEXT, "sha256": _TEXT}],
        "parameters": {
            "by": _TEXT, "unknown": _TEXT, "without_identity": _TEXT, "columns": _COLUMNS,
        },
        "against": {
            "?diff": {"sha256": _TEXT, "rows": _TEXT, "said": _SAID},
            "?keep": _SHARDS,
            "?old": _SHARDS,
        },
        "inputs": [{"name": _TEXT, "form": _TEXT, "bytes": _TEXT}],
    },
    "against": {"?diff": _TEXT, "?keep": _TEXT, "?old": _TEXT},
    "inputs": [{**_FILE, "columns": _COLUMNS}],
    "outputs": [dict.fromkeys(("name", "how", "bytes", "sha256", "records", "?source"))],
    "counts": [dict.fromkeys(("fate", "stayed", "rows", "samples"))],
}  # fmt: skip
"""Names and what is under them: an object, a list of such, or what is no object (None). A name
behind `?` may lack."""


def other_names(said: Any, known: Any = NAMES, where: str = "") -> str | None:
    """Where the first object stands that has a name too much or too few; None where none does.

    Nothing of an unknown name is told: it may be what nobody may see.
    """
    if isinstance(known, list):
        if not isinstance(said, list):
            return where
        found = (other_names(each, known[0], where) for each in said)
        return next((place for place in found if place is not None), None)
    if known is None:
        return where if _holds_objects(said) else None
    if not isinstance(said, dict) or not _are_named(set(said), set(known)):
        return where
    for name, more in known.items():
        bare = name.removeprefix("?")
        inside = f"{where}.{bare}" if where else bare
        if bare in said and (place := other_names(said[bare], more, inside)) is not None:
            return place
    return None


def _are_named(said: set[str], known: set[str]) -> bool:
    needed = {name for name in known if not name.startswith("?")}
    return needed <= said <= {name.removeprefix("?") for name in known}


def _holds_objects(said: Any) -> bool:
    if isinstance(said, list):
        return any(map(_holds_objects, said))
    return isinstance(said, dict)
