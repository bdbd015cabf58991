"""Read the cases under `cases/roles/` and make shards of them."""

import base64
import hashlib
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

FOLDER = Path(__file__).parent / "cases" / "roles"
_TYPES = {
    "string": pa.string(),
    "binary": pa.binary(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "uint64": pa.uint64(),
    "float16": pa.float16(),
    "float": pa.float32(),
    "double": pa.float64(),
    "null": pa.null(),
    "decimal128(9, 8)": pa.decimal128(9, 8),
    "decimal128(20, 0)": pa.decimal128(20, 0),
    "list<string>": pa.list_(pa.string()),
    "list<double>": pa.list_(pa.float64()),
    "list<list<double>>": pa.list_(pa.list_(pa.float64())),
}


@dataclass(frozen=True)
class Line:
    """One column of a case: what it is, and what is expected of it."""

    name: str
    type: str
    holds: str
    role: str
    why: str


@dataclass(frozen=True)
class Case:
    """One layout, what the user says about it, and the refusal it must meet, if any."""

    name: str
    lines: tuple[Line, ...]
    said: dict[str, str | list[str]]
    error: str


def read_case(path: Path) -> Case:
    lines: list[Line] = []
    named: dict[str, list[str]] = {}
    error = ""
    for text in path.read_text(encoding="utf-8").splitlines():
        if text.startswith("#") or not text.strip():
            continue
        if text.startswith("column "):
            role, _, name = text.removeprefix("column ").partition("=")
            named.setdefault(role, []).append(name)
        elif text.startswith("error "):
            error = text.removeprefix("error ")
        else:
            parts = [part.strip() for part in text.split("|")]
            assert len(parts) == 5, f"{path.name}: five fields expected: {text}"
            name = json.loads(parts[0]) if parts[0].startswith('"') else parts[0]
            lines.append(Line(name, *parts[1:]))
    assert path.read_text(encoding="utf-8").startswith("# "), f"{path.name}: say what it is"
    said: dict[str, str | list[str]] = dict(named)
    return Case(path.stem, tuple(lines), said, error)


def all_cases() -> list[Case]:
    return [read_case(path) for path in sorted(FOLDER.glob("*.layout"))]


def digest(kind: str, how: str, number: int) -> str | bytes:
    """The digest of a number, written in some way."""
    raw = hashlib.new(kind, str(number).encode()).digest()
    written: dict[str, str | bytes] = {
        "hex": raw.hex(),
        "upper hex": raw.hex().upper(),
        "base64": base64.b64encode(raw).decode(),
        "base64 bare": base64.urlsafe_b64encode(raw).decode().rstrip("="),
        "base32": base64.b32encode(raw).decode(),
        "base32 bare": base64.b32encode(raw).decode().rstrip("=").lower(),
        "raw": raw,
        "hex padded": raw.hex() + "\0" * 8,
    }
    return written[how]


def values(line: Line) -> list[Any]:
    """Three or four values, one of them NULL."""
    kind, _, how = line.holds.partition(" ")
    if kind in ("md5", "sha1", "sha256", "sha512"):
        how, _, more = how.partition(" and ")
        made: list[Any] = [digest(kind, how, n) for n in range(2)]
        if more:
            made.append("no digest at all")
        if line.type.startswith("binary"):
            made = [v.encode() if isinstance(v, str) else v for v in made]
        return [*made, None]
    if line.holds == "links":
        return ["https://one.example/1.jpg", "https://two.example/2.jpg", None]
    if line.holds == "whole numbers":
        return ["-8060105469063116000", "18446744073709551615", None]
    if line.holds == "words" and line.type == "binary":
        return [b"some", b"words here", None]
    if line.holds == "words":
        return ["some", "words here", None]
    kind = column_type(line)
    if line.holds != "nulls" and (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return [0, 1, None]
    return [None, None, None]


def column_type(line: Line) -> pa.DataType:
    fixed = re.fullmatch(r"binary\[(\d+)\]", line.type)
    return pa.binary(int(fixed[1])) if fixed else _TYPES[line.type]


def table(lines: Sequence[Line], rows: int = 4) -> pa.Table:
    """A table with these columns; columns of fewer values end in NULLs."""
    arrays = []
    for line in lines:
        made = values(line)[:rows]
        arrays.append(pa.array(made + [None] * (rows - len(made)), column_type(line)))
    fields = [pa.field(line.name, column_type(line)) for line in lines]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def write(path: Path, data: pa.Table, **options: Any) -> Path:
    """Write a parquet file under any name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with pa.OSFile(os.fsencode(path), "wb") as out:
        pq.write_table(data, out, **options)
    return path
