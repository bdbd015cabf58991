"""A command that makes parquet of a file of text lines, to be copied from an error as it stands.

DuckDB is there with relaion, so the command needs nothing else. What a file is, is told by its
name, and by how it begins; whole columns decide which types they get.
"""

from __future__ import annotations

import csv
import gzip
import os
import re
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from relaion.paths.names import shown

_PACKED = (".gz", ".zst")
_LINES = {
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv",
    ".jsonl": "json", ".ndjson": "json", ".json": "json",
}  # fmt: skip
_FIRST = 1 << 16  # bytes within which the first line is looked for
_SAFE = re.compile(r"[^\"$`\\!]*")  # within double quotes of a shell
_PATTERN = str.maketrans({sign: f"[{sign}]" for sign in "*?["})


def to_parquet(path: Path, head: bytes = b"") -> str | None:
    """The command for a file that is no parquet, of which `head` is the beginning, if known.

    None where it is no text that is read line by line, or where its name cannot be typed.
    """
    kind, stem = _kind(path, head)
    said = shown(path)
    made = _made(path, stem)
    if kind is None or made is None or said != str(path) or said != " ".join(said.split()):
        return None
    code = "'import duckdb, sys; duckdb.sql(sys.argv[1])'"
    return f"{_python()} -c {code} {_quoted(_sql(path, kind, made))}"


def is_lines(path: Path) -> bool:
    """Whether a name is that of a file of text lines, packed or not."""
    return _kind(path, b"")[0] is not None


def _kind(path: Path, head: bytes) -> tuple[str | None, str]:
    """What a file holds, and its name without the endings that say so."""
    name = path.name
    for ending in _PACKED:
        if name.lower().endswith(ending):
            name = name[: -len(ending)]
    ending = Path(name).suffix.lower()
    stem = name[: -len(ending)] if ending else name
    if ending in _LINES:
        return _LINES[ending], stem
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text or name != path.name:
        return None, stem
    if text.startswith((b"{", b"[")):
        return "json", name
    line = text.partition(b"\n")[0]
    return ("tsv" if b"\t" in line else "csv" if b"," in line else None), name


def _made(path: Path, stem: str) -> Path | None:
    """Where the parquet file goes: beside it, in the place of no other file."""
    names = (f"{stem}.parquet", f"{path.name}.parquet")
    return next((p for p in map(path.with_name, names) if not os.path.lexists(p)), None)


def _sql(path: Path, kind: str, into: Path) -> str:
    source = _literal(str(path).translate(_PATTERN))
    made = _literal(str(into))
    if kind == "json":
        return f"copy (from read_json({source}, sample_size=-1)) to {made}"
    more = ["sample_size=-1"]
    if kind == "tsv":
        more.append(r"delim='\t'")
    if names := _names(_first_line(path), "\t" if kind == "tsv" else ","):
        more.append(f"header=false, names=[{', '.join(map(_literal, names))}]")
    return f"copy (from read_csv({source}, {', '.join(more)})) to {made}"


def _first_line(path: Path) -> str:
    """How a file begins; empty where it cannot be told without a library."""
    try:
        with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as f:
            start = f.read(_FIRST)
    except (OSError, EOFError):
        return ""
    return start.decode("utf-8-sig", errors="ignore").partition("\n")[0].rstrip("\r")


def _names(line: str, between: str) -> Sequence[str]:
    """Names for the columns of a file whose first line holds a link: it has none of its own."""
    fields = next(csv.reader([line], delimiter=between), [])
    link = next((i for i, field in enumerate(fields) if "://" in field), None)
    if link is None:
        return ()
    other = "text" if len(fields) == 2 else "column"
    return [
        "url" if i == link else other if other == "text" else f"{other}{i + 1}"
        for i in range(len(fields))
    ]


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _quoted(sql: str) -> str:
    """An argument for a shell, as plain as it can be."""
    plain = sql.replace(r"\t", "")
    return f'"{sql}"' if _SAFE.fullmatch(plain) else shlex.quote(sql)


def _python() -> str:
    """The Python that has DuckDB: by its short name where a shell finds this very one."""
    found = shutil.which("python")
    is_ours = found is not None and Path(found).parent == Path(sys.executable).parent
    return "python" if is_ours else shlex.quote(sys.executable)
