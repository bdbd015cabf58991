"""manifest.json as a checker reads it: every field that is relied on, looked at first."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from relaion.errors import OutputError

MANIFEST = "manifest.json"
RULES = frozenset({"unsafe", "unsafe_keyword", "unscored"})


@dataclass(frozen=True)
class FileLine:
    """A file as the manifest states it."""

    rows: int
    bytes: int
    sha256: str


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


@dataclass(frozen=True)
class ListLine:
    """A list as the manifest states it: (source, title, label, received, entries), digest."""

    facts: tuple[str, str, str, str, tuple[tuple[str, int], ...]]
    digest: str


@dataclass(frozen=True)
class SidecarLine:
    """A sidecar as the manifest states it; another folder does not make it another one."""

    name: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class StatedParameters:
    """The settings that decide which rows stay."""

    unscored: str
    same_link: bool
    inner: bool
    unsafe_above: float
    keyword_above: float
    keywords: str | None
    columns: Mapping[str, str | list[str]]


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
    sidecars: tuple[SidecarLine, ...]
    inputs: Mapping[tuple[str, str], FileLine]
    outputs: Mapping[tuple[str, str, str], FileLine]


def read_statement(out: Path) -> Statement:
    """Read OUT/manifest.json; raises OutputError in one line when it is not usable."""
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
        _refuse_escape("/".join(parts))
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
        sidecars=tuple(sorted((_sidecar(x) for x in raw.get("sidecars", ())), key=str)),
        inputs=inputs,
        outputs=outputs,
    )


def _refuse_escape(path: str) -> None:
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts:
        raise OutputError(f"{MANIFEST}: names a file outside of OUT")


def _file(line: Mapping[str, Any]) -> FileLine:
    return FileLine(int(line["rows"]), int(line["bytes"]), str(line["sha256"]))


def _sidecar(line: Mapping[str, Any]) -> SidecarLine:
    return SidecarLine(str(line["name"]), **asdict(_file(line)))


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
    return ListLine((source, title, label, received, entries), str(line["digest"]))


def _parameters(line: Mapping[str, Any]) -> StatedParameters:
    keywords = line["keywords"]
    return StatedParameters(
        unscored=str(line["unscored"]),
        same_link=line["same_link"] is not False,
        inner=line.get("inner") is not False,
        unsafe_above=float(line["unsafe_above"]),
        keyword_above=float(line["keyword_above"]),
        keywords=None if keywords is None else str(keywords["digest"]),
        columns={
            str(k): list(map(str, v)) if isinstance(v, list) else str(v)
            for k, v in line["columns"].items()
        },
    )
