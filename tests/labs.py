"""A small data set before and after, and a copy of it in every form that people hold."""

import csv
import gzip
import io
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mmh3
import pyarrow as pa
import pyarrow.parquet as pq

Row = Mapping[str, Any]
N = 40
GONE = (3, 7, 20, 33)  # rows that leave
RECAPTIONED = (5, 20)  # rows of the copy with another caption
ALONE = (8, 33)  # samples of which only the row beside the tar tells what they are
NAMELESS = (11,)  # rows of the copy without a link


def rows() -> list[dict[str, Any]]:
    """The set before."""
    return [
        {"url": f"https://www.site{i % 6}.example/a/{i}.jpg?w={i}", "text": f"caption, {i} of it"}
        for i in range(N)
    ]


def murmur(row: Row) -> int:
    """LAION's row hash."""
    return mmh3.hash64((row["url"] or "") + (row["text"] or ""))[0]


def of_copy() -> list[dict[str, Any]]:
    """The rows of a copy: some captions and links are not those of the set."""
    found = [dict(row) for row in rows()]
    for i in RECAPTIONED:
        found[i]["text"] = "a machine wrote this"
    return found


@dataclass(frozen=True)
class Lab:
    """Where everything lies."""

    old: Path
    new: Path
    copy: Path


def make(folder: Path) -> Lab:
    """Write the sets before and after, and a copy in all forms."""
    lab = Lab(folder / "old", folder / "new", folder / "copy")
    before = rows()
    left = [row for i, row in enumerate(before) if i not in GONE]
    for path, some in ((lab.old, before), (lab.new, left)):
        path.mkdir(parents=True)
        for part in range(2):
            cut = some[part::2]
            table = pa.table({
                "url": [r["url"] for r in cut], "caption": [r["text"] for r in cut],
                "hash": [murmur(r) for r in cut], "width": list(range(len(cut))),
            })  # fmt: skip
            pq.write_table(table, path / f"part-{part}.parquet", row_group_size=7)
    held = of_copy()
    lab.copy.mkdir()
    parquet(lab.copy / "laion" / "part.parquet", held[:20])
    tables(lab.copy / "text", held)
    samples(lab.copy / "tars", held[:12])
    img2dataset(lab.copy / "images", held)
    return lab


def parquet(path: Path, some: Sequence[Row], **more: Sequence[Any]) -> None:
    """Rows as parquet, of links and captions."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table({
        "SAMPLE_ID": list(range(len(some))), "URL": [r["url"] for r in some],
        "TEXT": [r["text"] for r in some], "score": [i / 7 for i in range(len(some))], **more,
    }).replace_schema_metadata({"of": "a test"})  # fmt: skip
    pq.write_table(table, path, row_group_size=6, compression="zstd")


def tables(folder: Path, some: Sequence[Row]) -> None:
    """Rows as TSV with and without names, CSV with quotes, JSON lines; packed and plain."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{r['text']}\t{r['url']}\n".encode() for r in some]
    (folder / "cc3m.tsv").write_bytes(b"".join(lines[:6]) + b"\n" + b"".join(lines[6:]))
    named = b"url\tcaption\r\n" + b"".join(f"{r['url']}\t{r['text']}\r\n".encode() for r in some)
    (folder / "cc12m.tsv.gz").write_bytes(gzip.compress(named, mtime=0))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["id", "url", "caption"])
    for i, r in enumerate(some):
        writer.writerow([i, r["url"], f'{r["text"]}\nsaid "it"' if i % 3 == 0 else r["text"]])
    (folder / "a.csv").write_bytes(b"\xef\xbb\xbf" + text.getvalue().encode())
    objects = [
        {
            "image_url": None if i in NAMELESS else r["url"],
            "n": i,
            "text": r["text"] if i not in NAMELESS else "",
        }
        for i, r in enumerate(some)
    ]
    written = "\n".join(json.dumps(o) for o in objects)
    with pa.CompressedOutputStream(str(folder / "b.jsonl.zst"), "zstd") as out:
        out.write(written.encode())


def tar(path: Path, members: Iterable[tuple[str, bytes]], form: int = tarfile.GNU_FORMAT) -> None:
    """A tar of these members."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w", format=form) as out:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            out.addfile(info, io.BytesIO(data))


def samples(folder: Path, some: Sequence[Row]) -> None:
    """Webdataset tars: of json, and of links and captions in files of their own."""
    jsons = [
        member
        for i, r in enumerate(some)
        for member in (
            (f"shard/{i:06}.jpg", bytes([i]) * (700 + i)),
            (f"shard/{i:06}.json", json.dumps({"url": r["url"], "caption": r["text"]}).encode()),
        )
    ]
    tar(folder / "jsons.tar", [("README", b"of a test"), *jsons])
    plain = [
        member
        for i, r in enumerate(some)
        for member in ((f"{i}.url", r["url"].encode()), (f"{i}.txt", r["text"].encode()))
    ]
    tar(folder / "plain.tar", plain, tarfile.PAX_FORMAT)


def img2dataset(folder: Path, some: Sequence[Row]) -> None:
    """A shard as img2dataset writes it: a row for each attempt, samples of those that succeeded."""
    failed = {4, 20, 25}
    keys = [f"{i:09}" for i in range(len(some))]
    status = ["failed_to_download" if i in failed else "success" for i in range(len(some))]
    errors = ["HTTP Error 404" if i in failed else None for i in range(len(some))]
    parquet(folder / "00000.parquet", some, key=keys, status=status, error_message=errors)
    members = []
    for i, (key, r) in enumerate(zip(keys, some, strict=True)):
        if i in failed:
            continue
        members.append((f"{key}.jpg", b"\xff\xd8" + bytes([i]) * 300))
        if i not in ALONE:
            members.append((f"{key}.txt", r["text"].encode()))
            told = {"url": r["url"], "caption": r["text"]}
            members.append((f"{key}.json", json.dumps(told).encode()))
    tar(folder / "00000.tar", members)
    stats = {
        "count": len(some), "successes": len(some) - len(failed),
        "failed_to_download": len(failed), "failed_to_resize": 0, "duration": 1.5,
        "status_dict": {"success": len(some) - len(failed), "HTTP Error 404": len(failed)},
    }  # fmt: skip
    (folder / "00000_stats.json").write_text(json.dumps(stats, indent=4))


def img2dataset_folder(folder: Path) -> None:
    """What img2dataset wrote, by itself."""
    folder.mkdir()
    img2dataset(folder, of_copy())
