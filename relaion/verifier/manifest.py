"""manifest.json as a checker reads it: every field that is relied on, looked at first."""

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from relaion.errors import OutputError
from relaion.paths import shown
from relaion.roles import KINDS, ROLES
from relaion.verifier.verdict import Notes

MANIFEST = "manifest.json"
RULES = frozenset({"unsafe", "unsafe_keyword", "unscored"})


@dataclass(frozen=True)
class FileLine:
    """A file as the manifest states it; a sidecar has its name here, but not its folder."""

    rows: int
    bytes: int
    sha256: str
    name: str = ""


@dataclass(frozen=True)
class EditionLine:
    """An edition as the manifest states it.

    `below` names its parent, `parent` too, but is None where that is no edition of the run.
    """

    name: str
    below: str
    parent: str | None
    labels: frozenset[str]
    rules: frozenset[str]
    script: str
    sha256: str
    builtin: bool

    @property
    def modelled(self) -> bool:
        """Whether its rules are known here, so that losses can be judged."""
        return self.builtin and self.rules <= RULES


class ListLine(NamedTuple):
    """A list as the manifest states it, or as a store has it, whose digest is not under a key."""

    source: str
    title: str
    label: str
    received: str
    entries: tuple[tuple[str, int], ...]
    role: str
    digest: str


@dataclass(frozen=True)
class StatedParameters:
    """The settings that decide which rows stay."""

    unscored: str
    same_link: bool
    inner: bool
    good_wins: bool
    unsafe_above: float
    keyword_above: float
    keywords: str | None
    columns: Mapping[str, str | list[str]]
    cover: int = 0


@dataclass(frozen=True)
class Statement:
    """All that a manifest states. Shards are keyed (subset, name), outputs (edition, ...)."""

    raw: Mapping[str, Any]
    data: bytes
    sql_version: str
    key_version: int
    scripts: Mapping[str, str]
    parameters: StatedParameters
    editions: tuple[EditionLine, ...]
    lists: Mapping[int, ListLine]
    sidecars: tuple[FileLine, ...]
    inputs: Mapping[tuple[str, str], FileLine]
    outputs: Mapping[tuple[str, str, str], FileLine]

    def sums(self) -> tuple[Counter[str], Counter[tuple[str, str]]]:
        """Rows of each subset, as an audit names it, and those kept of it by each edition."""
        rows: Counter[str] = Counter()
        kept: Counter[tuple[str, str]] = Counter()
        for (subset, _), file in self.inputs.items():
            rows[shown(subset)] += file.rows
        for (edition, subset, _), file in self.outputs.items():
            kept[edition, shown(subset)] += file.rows
        return rows, kept


def read_json(out: Path) -> tuple[dict[str, Any], bytes]:
    """OUT/manifest.json and its bytes; raises OutputError in one line when it is no JSON object."""
    path = out / MANIFEST
    try:
        if not path.is_file():  # a pipe would be waited for
            raise OutputError(f"{MANIFEST}: is missing, or no plain file")
        data = path.read_bytes()
        raw = json.loads(data.decode("utf-8"))
    except OSError as e:
        raise OutputError(f"{MANIFEST}: cannot be read ({e.strerror})") from None
    except (ValueError, RecursionError):
        raise OutputError(f"{MANIFEST}: is not JSON text") from None
    return raw, data


def read_statement(out: Path) -> Statement:
    """Read OUT/manifest.json; raises OutputError in one line when it is not usable."""
    raw, data = read_json(out)
    try:
        return _statement(raw, data)
    except KeyError as e:
        raise OutputError(f"{MANIFEST}: does not state {e.args[0]}") from None
    except (TypeError, ValueError, AttributeError):
        raise OutputError(f"{MANIFEST}: holds something else than clean writes") from None


def _statement(raw: Mapping[str, Any], data: bytes) -> Statement:
    inputs = {(i["subset"], i["shard"]): _file(i) for i in raw["inputs"]}
    outputs = {(o["edition"], o["subset"], o["shard"]): _file(o) for o in raw["outputs"]}
    for parts in [*inputs, *outputs]:
        refuse_escape("/".join(parts))
    if len(inputs) != len(raw["inputs"]) or len(outputs) != len(raw["outputs"]):
        raise OutputError(f"{MANIFEST}: states a shard twice")
    return Statement(
        raw=raw,
        data=data,
        sql_version=str(raw["sql_version"]),
        key_version=int(raw["key_version"]),
        scripts={str(s["name"]): str(s["sha256"]) for s in raw["scripts"]},
        parameters=_parameters(raw["parameters"]),
        editions=tuple(_edition(e, raw["editions"]) for e in raw["editions"]),
        lists={int(x["list_id"]): _list(x) for x in raw["lists"]},
        sidecars=tuple(
            sorted((_file(x, str(x["name"])) for x in raw.get("sidecars", ())), key=str)
        ),
        inputs=inputs,
        outputs=outputs,
    )


def refuse_escape(path: str) -> None:
    """Raise OutputError for a name that leads out of OUT."""
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts:
        raise OutputError(f"{MANIFEST}: names a file outside of OUT")


def _file(line: Mapping[str, Any], name: str = "") -> FileLine:
    return FileLine(int(line["rows"]), int(line["bytes"]), str(line["sha256"]), name)


def _edition(line: Mapping[str, Any], all_lines: list[Mapping[str, Any]]) -> EditionLine:
    names = {e["name"] for e in all_lines}
    return EditionLine(
        name=str(line["name"]),
        below=str(line["parent"]),
        parent=line["parent"] if line["parent"] in names else None,
        labels=frozenset(line["labels"]),
        rules=frozenset(line["rules"]),
        script=str(line["script"]),
        sha256=str(line["sha256"]),
        builtin=line["builtin"] is True,
    )


def _list(line: Mapping[str, Any]) -> ListLine:
    entries = tuple(sorted((str(k), int(n)) for k, n in line["entries"].items()))
    names = (line[k] for k in ("source", "title", "label", "received"))
    source, title, label, received = ("" if n is None else str(n) for n in names)
    role, digest = str(line.get("role", "bad")), str(line["digest"])
    return ListLine(source, title, label, received, entries, role, digest)


def _parameters(line: Mapping[str, Any]) -> StatedParameters:
    keywords = line["keywords"]
    return StatedParameters(
        unscored=str(line["unscored"]),
        same_link=line["same_link"] is not False,
        inner=line.get("inner") is not False,
        good_wins=line.get("good_wins") is True,
        unsafe_above=float(line["unsafe_above"]),
        keyword_above=float(line["keyword_above"]),
        keywords=None if keywords is None else str(keywords["digest"]),
        columns={
            str(k): list(map(str, v)) if isinstance(v, list) else str(v)
            for k, v in line["columns"].items()
        },
        cover=int(line["cover"]),
    )


# -- The manifest by itself: every key and value of the kind that clean writes, and nothing else--

# what a manifest says of publishing, word for word
WHY = {
    "none": "there is no cover: whoever has the old metadata can subtract this edition from it and "
    "find the listed rows among the few that no public rule explains",
    "nothing": "no list removed a row, so the difference to the old metadata shows none",
    "weak": "some sites with a listed row lack neutral ones like them (`cover` says how many), so "
    "the difference to the old metadata points at these",
    "covered": "neutral sites left with every site that has a listed row, and whatever shares a "
    "link or an image with them, so the difference to the old metadata does not tell which were "
    "listed; that rests on the cover ledger and the curator key staying secret, on no edition of "
    "these rows without this cover being out, and on readers who do not know already which sites "
    "are bad; count on no more than half of what `cover` asked for",
}


def why_stated(raw: Mapping[str, Any]) -> str | None:
    """For or against publishing: none, weak, covered or nothing (to be hidden); None: otherwise."""
    cover = raw["cover"]
    state = "none" if cover is None else "weak" if cover["weak"] else "covered"
    known = ("nothing", "covered") if raw["publishable"] else ("none", "weak")
    return next((w for w in known if w in (state, "nothing") and raw["why"] == WHY[w]), None)


def check_shape(statement: Statement, notes: Notes) -> bool:
    """Find keys that no manifest has, values of another kind, and what was written otherwise.

    Returns whether all that a check relies on is there, and of its kind.
    """
    raw = statement.raw
    differences = list(_differences(raw, _SHAPE, ""))
    for promise, what in differences:
        notes.find(promise, MANIFEST, what)
    if statement.data != _written(raw):
        notes.find("4", MANIFEST, "is not written as clean writes it: spaces or keys may tell more")
    if any(promise == "6" for promise, _ in differences):
        return False
    if datetime.fromisoformat(raw["finished"]) < datetime.fromisoformat(raw["started"]):
        notes.find("6", MANIFEST, "states a run that ended before it began")
    if (raw["cover"] is None) is not (raw["parameters"]["cover"] == 0):
        notes.find("6", MANIFEST, "states cover that was not asked for, or none that was")
    if why_stated(raw) is None:
        notes.find("4", MANIFEST, "gives another reason for or against publishing than clean does")
    if not _is_in_order(raw):
        notes.find("4", MANIFEST, "states its shards or lists in another order than clean does")
    if raw["run"] != run_id(raw):
        notes.find("6", MANIFEST, "its run is not the digest of what it states")
    return True


def _is_in_order(raw: Mapping[str, Any]) -> bool:
    """Lists by number, and the outputs as editions and inputs come: no order says anything."""
    numbers = [line["list_id"] for line in raw["lists"]]
    inputs = [(line["subset"], line["shard"]) for line in raw["inputs"]]
    outputs = [(line["edition"], line["subset"], line["shard"]) for line in raw["outputs"]]
    expected = [(e["name"], *key) for e in raw["editions"] for key in inputs]
    is_whole = sorted(outputs) == sorted(expected)  # what is missing is found elsewhere
    return numbers == sorted(numbers) and (outputs == expected or not is_whole)


def _written(raw: Mapping[str, Any]) -> bytes:
    return (json.dumps(raw, indent=1, ensure_ascii=True) + "\n").encode("ascii")


def run_id(raw: Mapping[str, Any]) -> str:
    """The digest of all that decides a run; empty where the manifest lacks some of it."""
    try:
        plan = {
            "versions": {name: raw[name] for name in ("relaion", "duckdb", "pyarrow")}
            | {"link_key": str(raw["key_version"])},
            **{k: raw[k] for k in ("sql_version", "scripts", "parameters", "editions", "lists")},
            "inputs": [
                {k: i[k] for k in ("subset", "shard", "rows", "bytes")} for i in raw["inputs"]
            ],
            "sidecars": [{k: s[k] for k in ("name", "bytes")} for s in raw["sidecars"]],
            "lineage": raw["lineage"],
        }
    except (KeyError, TypeError):
        return ""
    return hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()[:16]


def _differences(value: Any, shape: Any, where: str) -> Iterator[tuple[str, str]]:
    """What is otherwise than in a shape: a dict of keys, a list of items, or a test of a value."""
    named = where.lstrip(".") or "it"
    if isinstance(shape, dict | list) and not isinstance(value, type(shape)):
        yield "6", f"states something else as {named} than clean does"
    elif isinstance(shape, dict):
        if set(value) - set(shape):
            yield "4", f"holds a key that no manifest has (in {named})"
        elif list(value) != [key for key in shape if key in value]:
            yield "4", f"has the keys of {named} in another order than clean writes"
        for key, inner in shape.items():
            if key in value:
                yield from _differences(value[key], inner, f"{where}.{key}")
            else:
                yield "6", f"does not state {where.lstrip('.')}{'.' if where else ''}{key}"
    elif isinstance(shape, list):
        for item in value:
            yield from _differences(item, shape[0], where)
    elif not shape(value):
        yield "6", f"states something else as {named} than clean does"


def _like(pattern: str) -> Callable[[Any], bool]:
    """A test for text of this pattern."""
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


_VERSION = _like(r"[0-9][0-9A-Za-z.+!_-]{0,40}")
_SHA256 = _like(r"[0-9a-f]{64}")
_EDITION = _like(r"[a-z][a-z0-9-]*")
_DAY = _like(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_name(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 63


def _is_score(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _is_time(value: Any) -> bool:
    """ISO 8601 in UTC, just as Python writes it."""
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    return found.utcoffset() == timedelta(0) and found.isoformat() == value


def _is_day(value: Any) -> bool:
    try:
        return value is None or (_DAY(value) and bool(datetime.fromisoformat(value)))
    except ValueError:
        return False


def _are_entries(value: Any) -> bool:
    return isinstance(value, dict) and all(k in KINDS and _is_count(n) for k, n in value.items())


def _are_words(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value)) and len(set(value)) == len(value)


def _are_columns(value: Any) -> bool:
    return isinstance(value, dict) and all(
        role in ROLES and (_is_text(names) or _are_words(names)) for role, names in value.items()
    )


def _are_keywords(value: Any) -> bool:
    return value is None or (
        isinstance(value, dict)
        and list(value) == ["digest", "n"]
        and _SHA256(value["digest"])
        and _is_count(value["n"])
    )


def _is_cover(value: Any) -> bool:
    return value is None or (
        isinstance(value, dict)
        and list(value) == ["site_rows", "release", "weak"]
        and all(map(_is_count, value.values()))
    )


_RUN = _like(r"[0-9a-f]{16}")
_LIST = {
    "list_id": _is_count,
    "source": _is_name,
    "title": _is_name,
    "label": _is_name,
    "received": _is_day,
    "digest": _SHA256,
    "role": lambda value: value in ("bad", "good"),
    "entries": _are_entries,
}
_FILE = {"rows": _is_count, "bytes": _is_count, "sha256": _SHA256}
_SHARD = {"subset": _is_text, "shard": _is_text, **_FILE}
_SHAPE: dict[str, Any] = {
    "relaion": _VERSION,
    "duckdb": _VERSION,
    "pyarrow": _VERSION,
    "sql_version": _like(r"v[0-9]{1,4}"),
    "key_version": _is_count,
    "run": _RUN,
    "started": _is_time,
    "finished": _is_time,
    "scripts": [{"name": _like(r"(?:[a-z]+/)?[a-z0-9_]{1,80}\.sql"), "sha256": _SHA256}],
    "parameters": {
        "unscored": lambda value: value in ("keep", "drop"),
        "same_link": _is_flag,
        "inner": _is_flag,
        "good_wins": _is_flag,
        "keywords": _are_keywords,
        "columns": _are_columns,
        "unsafe_above": _is_score,
        "keyword_above": _is_score,
        "cover": _is_count,
        "cover_site_rows": lambda value: value is None or _is_count(value),
    },
    "editions": [
        {
            "name": _EDITION,
            "parent": _EDITION,
            "labels": _are_words,
            "rules": _are_words,
            "script": _is_text,
            "sha256": _SHA256,
            "builtin": _is_flag,
        }
    ],
    "lists": [_LIST],
    "sidecars": [{"name": _is_text, **_FILE}],
    "inputs": [_SHARD],
    "outputs": [{"edition": _EDITION, **_SHARD}],
    "lineage": [{"run": _RUN, "finished": _is_time, "manifest": _SHA256, "lists": [_LIST]}],
    "cover": _is_cover,
    "publishable": _is_flag,
    "why": _is_text,
}
