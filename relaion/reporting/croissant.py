"""The editions of a run as a Croissant file: JSON-LD that loaders of data sets read."""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

from relaion.parquet.glossary import UNKNOWN
from relaion.parquet.read_shard import read_shard
from relaion.parquet.roles import Column
from relaion.paths import ShardPath, shown
from relaion.reporting.card import (
    SUMS,
    TAGS,
    citation,
    name_of,
    named_by,
    not_promised,
    summary,
    sums,
)
from relaion.reporting.document import joined
from relaion.reporting.facts import AuditReport

MOST_SHARDS = 50  # of all editions that are named one by one
_CONFORMS = "http://mlcommons.org/croissant/1.0"
_PARQUET = "application/x-parquet"
_TERMS = (
    "citeAs", "column", "equivalentProperty", "extract", "field", "fileProperty", "fileObject",
    "fileSet", "format", "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField",
    "path", "recordSet", "references", "regex", "repeated", "replace", "samplingRate", "separator",
    "source", "subField", "transform",
)  # fmt: skip
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in _TERMS},
}
_MAKER = {"@type": "sc:Organization", "name": "relaion"}  # of the file, not of the data set
_PERSONAL = (
    "Links and captions are those of the public web: they may name people, or lead to images of "
    "them. Nothing was done to find such rows but what lists asked for."
)
_TYPES = {
    "string": "sc:Text", "binary": "sc:Text", "null": "sc:Text", "bool": "sc:Boolean",
    "int": "sc:Integer", "uint": "sc:Integer", "float": "sc:Float", "double": "sc:Float",
    "decimal": "sc:Float", "date": "sc:Date", "time": "sc:Time", "timestamp": "sc:DateTime",
}  # fmt: skip
_TYPE = re.compile(r"(list<)?([a-z]+)[^<>]*>?")
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
Found: TypeAlias = dict[tuple[str, int], list[Column]]  # by name, and which of that name in a shard


def croissant(
    report: AuditReport,
    licence: str | None,
    title: str | None,
    out: Path,
    outputs: Sequence[Mapping[str, Any]],
) -> bytes:
    """The file, to lie beside the editions: data set, files, and the columns of each edition.

    The columns are those of the footers of one edition's shards: editions keep them all. Raises
    OutputError where a shard is missing or has another size, DamagedError where one is damaged.
    """
    digests = sums(out, outputs)
    first = [x for x in outputs if x["edition"] == report.editions[0].name]
    found = _found(out, first)
    made = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": _CONFORMS,
        "name": name_of(report, title),
        "description": summary(report),
        **({} if licence is None else {"license": licence}),
        "datePublished": report.run.finished[:10],
        "version": f"{max((x.step for x in report.steps), default=1)}.0.0",
        "keywords": [*TAGS],
        "citeAs": "\n".join(citation(report, title)),
        "sdPublisher": _MAKER,
        "rai:personalSensitiveInformation": _PERSONAL,
        "rai:dataLimitations": [*_limits(report)],
        "distribution": [*_file_sets(report), *_files(outputs, digests)],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": edition.name,
                "name": edition.name,
                "description": _described(named_by(report, edition), found),
                "field": [*_fields(found, edition.name, len(first))],
            }
            for edition in report.editions
        ],
    }
    return (json.dumps(made, ensure_ascii=False, indent=1) + "\n").encode()


def _limits(report: AuditReport) -> Iterator[str]:
    for said in not_promised(report):
        yield f"Not promised: t{said[1:]}" if said.startswith("That ") else said


def is_croissant(raw: bytes) -> bool:
    """Whether `croissant` made this file."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and found.get("sdPublisher") == _MAKER


# -- Files --------------------------------------------------------------------------------------


def _file_sets(report: AuditReport) -> Iterator[dict[str, Any]]:
    for edition in report.editions:
        yield {
            "@type": "cr:FileSet",
            "@id": f"{edition.name}.parquet",
            "name": edition.name,
            "description": f"The shards of the edition {edition.name}.",
            "encodingFormat": _PARQUET,
            "includes": f"{edition.name}/**/*.parquet",
        }


def _files(outputs: Sequence[Mapping[str, Any]], digests: bytes) -> Iterator[dict[str, Any]]:
    """Each shard with its digest, or the file of digests where shards are many."""
    if len(outputs) > MOST_SHARDS:
        held = len(digests), sha256(digests).hexdigest()
        yield _file("sums.sha256", SUMS, "text/plain", *held)
        return
    shards = sorted((f"{x['edition']}/{x['subset']}/{x['shard']}", x) for x in outputs)
    for i, (name, line) in enumerate(shards, 1):
        yield _file(f"shard.{i}", name, _PARQUET, line["bytes"], str(line["sha256"]))


def _file(part: str, name: str, kind: str, size: int, digest: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": part,
        "name": shown(name),
        "contentUrl": quote(os.fsencode(name)),
        "contentSize": f"{size} B",
        "encodingFormat": kind,
        "sha256": digest,
    }


# -- Columns ------------------------------------------------------------------------------------


def _found(out: Path, outputs: Sequence[Mapping[str, Any]]) -> Found:
    found: Found = {}
    for line in outputs:
        subset, name = str(line["subset"]), str(line["shard"])
        path = ShardPath(out / line["edition"] / subset / name, subset)
        often: Counter[str] = Counter()
        for column in read_shard(path, needs_link=False, settled=False).layout.columns:
            found.setdefault((column.name, often[column.name]), []).append(column)
            often[column.name] += 1
    return found


def _type(columns: Sequence[Column]) -> tuple[str, bool] | None:
    """What the values of a column are, and whether they are lists of it; None if they are nested.

    Shards may have numbers of several types; of all that else differs, text can be made.
    """
    known = []
    for kind in {c.type for c in columns}:
        read = _TYPE.fullmatch(kind)
        if read is None or read[2] not in _TYPES:
            return None
        known.append((_TYPES[read[2]], read[1] is not None))
    types, (repeated, *others) = {t for t, _ in known}, {r for _, r in known}
    if others:
        return None
    if types == {"sc:Text"} and all(c.role == "url" for c in columns):
        return "sc:URL", repeated
    numbers = "sc:Float" if types == {"sc:Float", "sc:Integer"} else "sc:Text"
    return types.pop() if len(types) == 1 else numbers, repeated


def _described(said: str, found: Found) -> str:
    left = [shown(name) for (name, _), columns in found.items() if _type(columns) is None]
    told = f"The original {said}."
    if left:
        told += f" Not among the fields, since nested or of a type unknown here: {joined(left)}."
    return told


def _fields(found: Found, edition: str, shards: int) -> Iterator[dict[str, Any]]:
    often = Counter(name for name, _ in found)
    for i, ((name, _), columns) in enumerate(found.items(), 1):
        known = _type(columns)
        if known is None:
            continue
        # no plain name has a full stop: ids of odd names, or of files, are no column's
        part = name if _PLAIN.fullmatch(name) and often[name] == 1 else f"column.{i}"
        told = [] if columns[0].meaning == UNKNOWN else [columns[0].meaning]
        told += ["not in every shard"] if len(columns) < shards else []
        yield {
            "@type": "cr:Field",
            "@id": f"{edition}/{part}",
            "name": name,
            **({"description": "; ".join(told)} if told else {}),
            "dataType": known[0],
            **({"repeated": True} if known[1] else {}),
            "source": {
                "fileSet": {"@id": f"{edition}.parquet"},
                "extract": {"column": name},
            },
        }
