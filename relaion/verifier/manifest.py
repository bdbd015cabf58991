"""manifest.json as a checker reads it: every field that is relied on, looked at first."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from json import JSONEncoder
from pathlib import Path
from typing import Any, NamedTuple

from relaion.errors import OutputError
from relaion.paths import shown

MANIFEST = "manifest.json"
VERIFIED = "verified.json"
RULES = frozenset({"unsafe", "unsafe_keyword", "unscored"})


@dataclass(frozen=True, slots=True)
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


class StepLine(NamedTuple):
    """A run that this one goes on from: its name, its manifest's SHA-256, and its lists.

    `kept_out`: rows left there that nothing in the next run may name. That is taken as the run
    says it: `--allow-changed` makes it so, and nothing else tells whether that was given. Where
    it is said without need, less is recounted, and the verdict claims less.
    """

    run: str
    manifest: str
    lists: Mapping[int, ListLine]
    kept_out: bool


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
    """All that a manifest states. Shards are keyed (subset, name), outputs (edition, ...).

    `sha256` is that of the file. `is_as_written`: it has the very bytes that clean writes of this.
    """

    raw: dict[str, Any]
    sha256: str
    is_as_written: bool
    sql_version: str
    key_version: int
    scripts: Mapping[str, str]
    parameters: StatedParameters
    editions: tuple[EditionLine, ...]
    lists: Mapping[int, ListLine]
    sidecars: tuple[FileLine, ...]
    inputs: Mapping[tuple[str, str], FileLine]
    outputs: Mapping[tuple[str, str, str], FileLine]
    audit: str = ""
    lineage: tuple[StepLine, ...] = ()

    @cached_property
    def known_lists(self) -> dict[int, ListLine]:
        """Every list of this run or of one before it, as it was last."""
        found: dict[int, ListLine] = {}
        for step in self.lineage:
            found |= step.lists
        return found | dict(self.lists)

    @cached_property
    def whole_lists(self) -> frozenset[int]:
        """The lists that hold all that they ever held for a run; none where good ones came."""
        lessened: set[int] = set()
        for step in self.lineage:
            for list_id, before in step.lists.items():
                now = self.lists.get(list_id)
                held = {} if now is None else dict(now.entries)
                if now is None or any(held.get(kind, 0) < n for kind, n in before.entries):
                    lessened.add(list_id)
        first = self.lineage[0].lists if self.lineage else self.lists
        came = any(x.role == "good" for list_id, x in self.lists.items() if list_id not in first)
        if came and self.parameters.good_wins:
            return frozenset()
        return frozenset(self.lists) - lessened

    @property
    def taken_back(self) -> bool:
        """Whether rows may be gone that nothing names any more, as where entries went since."""
        is_less = self.known_lists.keys() != self.whole_lists
        return is_less or any(step.kept_out for step in self.lineage)

    def forget_lines(self) -> None:
        """Let go of the lines of shards as they are written, once all was asked of them."""
        self.raw["inputs"] = self.raw["outputs"] = ()

    def texts(self) -> Iterator[Any]:
        """Whatever has a text in it."""
        yield self.raw
        for key, file in chain(self.inputs.items(), self.outputs.items()):
            yield (*key, file.sha256)

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


def _statement(raw: dict[str, Any], data: bytes) -> Statement:
    names: dict[str, str] = {}  # the same stand in each line

    def key(line: Mapping[str, Any], *of: str) -> tuple[str, ...]:
        parts = tuple(names.setdefault(line[name], line[name]) for name in of)
        refuse_escape("/".join(parts))
        return parts

    inputs: dict[Any, FileLine] = {key(i, "subset", "shard"): _file(i) for i in raw["inputs"]}
    outputs: dict[Any, FileLine] = {
        key(o, "edition", "subset", "shard"): _file(o) for o in raw["outputs"]
    }
    if len(inputs) != len(raw["inputs"]) or len(outputs) != len(raw["outputs"]):
        raise OutputError(f"{MANIFEST}: states a shard twice")
    return Statement(
        raw=raw,
        sha256=hashlib.sha256(data).hexdigest(),
        is_as_written=_is_as_written(raw, data),
        sql_version=str(raw["sql_version"]),
        key_version=int(raw["key_version"]),
        scripts={str(s["name"]): str(s["sha256"]) for s in raw["scripts"]},
        parameters=_parameters(raw["parameters"]),
        editions=tuple(_edition(e, raw["editions"]) for e in raw["editions"]),
        lists=_lists(raw["lists"]),
        sidecars=tuple(
            sorted((_file(x, str(x["name"])) for x in raw.get("sidecars", ())), key=str)
        ),
        inputs=inputs,
        outputs=outputs,
        audit=str(raw["audit"]),
        lineage=tuple(
            StepLine(str(s["run"]), str(s["manifest"]), _lists(s["lists"]), s["kept_out"] is True)
            for s in raw["lineage"]
        ),
    )


def _is_as_written(raw: dict[str, Any], data: bytes) -> bool:
    """Whether this is how clean writes it, held against piece by piece: it may be very long."""
    at = 0
    for text in JSONEncoder(indent=1).iterencode(raw):
        piece = text.encode("ascii")
        if not data.startswith(piece, at):
            return False
        at += len(piece)
    return data[at:] == b"\n"


def refuse_escape(path: str) -> None:
    """Raise OutputError for a name that leads out of OUT."""
    if path.startswith("/") or ".." in path.split("/"):
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


def _lists(lines: Iterable[Mapping[str, Any]]) -> dict[int, ListLine]:
    return {int(x["list_id"]): _list(x) for x in lines}


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


# -- What follows from all that is stated ------------------------------------------------------

# what a manifest says of publishing, word for word
WHY = {
    "none": "there is no cover: whoever has the old metadata can subtract this edition from it and "
    "find the listed rows among the few that no public rule explains",
    "nothing": "no list removed a row, so the difference to the old metadata shows none",
    "back": "entries of the list store were withdrawn or taken back, so beside an edition that was "
    "made with them this one shows the rows that they named; an update of that edition keeps these "
    "out",
    "weak": "some sites with a listed row lack neutral ones like them (`cover` of manifest.json "
    "says how many), so the difference to the old metadata points at these",
    "joined": "some sites with a listed row share a listed image or link with another one (`cover` "
    "of manifest.json says how many): they are gone whole together, and too few neutral ones that "
    "share something are, so the difference to the old metadata points at these",
    "covered": "neutral sites left with every site that has a listed row, and whatever shares a "
    "link or an image with them, so the difference to the old metadata does not tell which were "
    "listed; that rests on the cover ledger and the curator key staying secret, on no edition of "
    "these rows without this cover being out, and on readers who do not know already which sites "
    "are bad; count on no more than half of what `cover` asked for",
}


_AS_BEFORE, _AS_NOW = "(`cover` says", "(`cover` of manifest.json says"  # of earlier versions
WHY["both"] = f"{WHY['weak']}; {WHY['joined']}"


def why_stated(raw: Mapping[str, Any]) -> str | None:
    """For or against publishing, as WHY has it: none, weak, joined, both, covered, nothing, back.

    None where what is stated is none of what may be.
    """
    cover = raw["cover"]
    state = "none" if cover is None else _state(cover["weak"], cover["joined"])
    for_it, against = ("nothing", "covered"), ("none", "weak", "joined", "both", "back")
    known = for_it if raw["publishable"] else against
    may_be = (state, "nothing", "back")
    why = str(raw["why"]).replace(_AS_BEFORE, _AS_NOW)
    return next((w for w in known if w in may_be and why == WHY[w]), None)


def _state(weak: int, joined: int) -> str:
    if not weak:
        return "covered"
    return "weak" if not joined else "both" if weak > joined else "joined"


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
