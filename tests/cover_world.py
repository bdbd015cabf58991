"""A small data set of many sites, of which a few hold listed rows."""

import hashlib
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.pipeline import Sent, add_lists, write_shard

LISTED = "planted"
SHARDS = 4
Row = dict[str, Any]


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def rows() -> list[list[Row]]:
    """Shards of rows: 240 small hosts, one large one, images and links that hosts share."""
    draw = random.Random(3)
    found: list[list[Row]] = [[] for _ in range(SHARDS)]

    def put(host: str, path: str, image: str | None, score: float = 0.1) -> None:
        found[draw.randrange(SHARDS)].append(
            {"url": f"https://{host}/{path}", "text": "a picture", "punsafe": score,
             "image_md5": None if image is None else md5(image)}
        )  # fmt: skip

    for h in range(240):
        for i in range(3 + h % 3):
            put(f"site{h}.example", f"a/{i}.jpg", f"{h}-{i}", 0.1 if h % 2 else 0.3)
    for d in range(40):
        for i in range(4):
            put("large.example", f"d{d}/{i}.jpg", f"large-{d}-{i}")
    for i in range(80):  # one directory that is too large itself
        put("large.example", f"flat/{i}.jpg", f"flat-{i}")
    for h in range(60):  # shared with other hosts, and links inside links
        put(f"mirror{h}.example", f"m/{h}.jpg", f"{h}-0")
    for h in range(20):
        put("proxy.example", f"site{h}.example/a/0.jpg", None)
    for i in range(30):
        put(f"placeholder{i}.example", "x.gif", "placeholder")
    return found


LINKS = (
    "https://site3.example/a/0.jpg", "http://www.site8.example/a/1.jpg",
    "https://large.example/d5/1.jpg", "https://large.example/flat/7.jpg",
)  # fmt: skip


def make(folder: Path, links: Sequence[str] = LINKS, **how: Any) -> Path:
    """Write data/ and lists.duckdb into a folder."""
    for no, shard in enumerate(rows()):
        write_shard(folder / f"data/en/part-{no}.parquet", shard)
    add_lists(folder / "lists.duckdb", [Sent(tuple(("url", link) for link in links), **how)])
    return folder
