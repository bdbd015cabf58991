"""A small data set with a store, to be broken: eight shards of which three lose rows."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from relaion.engine import connect
from relaion.links import key_digest, link_key
from relaion.stages.clean import clean
from tests.pipeline import InProcess, Sent, add_lists, write_shard
from tests.replacing import Between

LISTED = "https://planted-host.example/planted-link.jpg"
CAPTION = "planted-caption"
MD5 = hashlib.md5(b"planted").hexdigest()
SHARDS = 6
MARKERS = (
    LISTED.encode(), b"planted-link", CAPTION.encode(), MD5.encode(), bytes.fromhex(MD5),
    key_digest(link_key(LISTED)).encode(), bytes.fromhex(key_digest(link_key(LISTED))),
)  # fmt: skip


def rows_of_shard(no: int, n: int = 40) -> list[dict[str, Any]]:
    """Neutral rows; shard 1 has a listed picture, shard 2 its link again, shard 4 a listed link."""
    rows: list[dict[str, Any]] = [
        {"url": f"https://h{i % 7}.example/{no}-{i}.jpg", "text": f"picture {no} {i}",
         "punsafe": 0.5 if i % 13 == 0 else 0.1, "image_md5": hashlib.md5(b"%d" % i).hexdigest()}
        for i in range(n)
    ]  # fmt: skip
    if no == 1:
        rows[7] |= {"image_md5": MD5, "url": "https://seen.example/planted-a.jpg", "text": CAPTION}
    if no == 2:
        rows[9] |= {"url": "http://www.seen.example/planted-a.jpg/", "image_md5": None}
    if no == 4:
        rows[3] |= {"url": LISTED, "text": CAPTION}
    return rows


# the head of an own edition's script, and one that removes what `research` does
OWN = (
    "-- name: mine\n-- purpose: Tries.\n-- parent: research\n-- labels: csam\n-- rules: odd\n"
    "-- reads: shard (shard_no integer)\n"
)
HONEST = (
    "insert into removals select 'mine', shard_no, file_row_number, reason from removals "
    "where edition = 'research';\n"
)


def make(folder: Path, shards: int = SHARDS, rows: int = 40) -> Path:
    """Write data/ and lists.duckdb into a folder."""
    for no in range(shards):
        write_shard(folder / f"data/en/part-{no}.parquet", rows_of_shard(no, rows))
    add_lists(folder / "lists.duckdb", [Sent((("image_md5", MD5), ("url", LISTED)))])
    return folder


def copied(whole: Path, to: Path) -> Path:
    """The inputs of a world, to be cleaned in another folder."""
    shutil.copytree(whole / "data", to / "data")
    for name in ("lists.duckdb", "lists.duckdb.key"):
        shutil.copy(whole / name, to / name)
    return to


def run(folder: Path, out: str = "out", **options: Any) -> Any:
    """Clean in this process."""
    options = {"workers": 1, "executor": InProcess(), "verify": False, **options}
    return clean([folder / "data"], folder / "lists.duckdb", folder / out, **options)


def searched(folder: Path, **options: Any) -> None:
    """The same up to its first write: a time limit given later is for what writes alone.

    A busy machine lets each step of a search take longer than a limit that a test would wait for.
    """

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(folder, executor=Between("write", stop), **options)


def contents(out: Path) -> dict[str, Any]:
    """Shards by bytes, the manifest without its times, the audit by contents."""
    found: dict[str, Any] = {
        str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*.parquet") if p.is_file()
    }
    manifest = json.loads((out / "manifest.json").read_text())
    found["manifest"] = {k: v for k, v in manifest.items() if k not in ("started", "finished")}
    with connect(out / "audit.duckdb", read_only=True) as engine:
        for (table,) in engine.rows("select table_name from duckdb_tables() order by all"):
            found[table] = engine.rows(f"from {table} order by all")
    return found


def disclosed(folder: Path, said: str = "") -> list[str]:
    """Where a planted value is found: in what was said, or in a file that is not private."""
    found = [f"said: {m!r}" for m in MARKERS if m in said.encode("utf-8", "surrogateescape")]
    private = (folder / "data", folder / "lists.duckdb", folder / "lists.duckdb.key")
    for path in folder.rglob("*"):
        is_private = ".work" in path.parts or any(path.is_relative_to(p) for p in private)
        if not is_private and path.is_file() and not path.name.startswith("list"):
            data = path.read_bytes()
            if path.suffix == ".parquet":
                data += repr(pq.ParquetFile(path).read().to_pylist()).encode()
            found += [f"{path.name}: {m!r}" for m in MARKERS if m in data]
    return found


def names(out: Path) -> set[str]:
    """Every file below a folder."""
    return {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()}
