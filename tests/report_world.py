"""Small finished runs that a report tells of, each of another kind."""

import hashlib
import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import relaion
from relaion.lists import store
from tests.pipeline import InProcess, write_shard

WORD = "zzkeyword"
TITLE = "first <b>list</b> | *of* `A` & co: see https://www.partner.example/x"
SUBSETS = {"en": 1_200, "multi": 1_100}
MD5 = [hashlib.md5(b"%d" % i).hexdigest() for i in range(60)]


def row(subset: str, i: int) -> dict[str, Any]:
    """A row; the same 60 images stand in each subset."""
    return {
        "url": f"https://host{i % 50}.listed.example/{subset}/{i}.jpg",
        "text": f"a picture {WORD}" if i % 100 == 7 else "a picture",
        "punsafe": None if i % 97 == 0 else (i % 20) / 20 + 0.02,
        "image_md5": MD5[i] if i < 60 else None,
        "row_hash": i,
    }


def make_data(folder: Path) -> None:
    """Two subsets of one shard each, and a file of one keyword."""
    for subset, n in SUBSETS.items():
        write_shard(folder / f"data/{subset}/a.parquet", [row(subset, i) for i in range(n)])
    (folder / "words.txt").write_text(f"{WORD}\n")


def add(folder: Path, values: list[str], **given: Any) -> None:
    """Add a list to the store of a folder."""
    path = folder / "list.txt"
    path.write_text("\n".join([*values, ""]))
    store.add(folder / "lists.duckdb", [path], **given)


def clean(folder: Path, **given: Any) -> Path:
    """Clean the data of a folder with its lists into `out`."""
    out = folder / "out"
    if given.pop("words", True):
        given["keywords"] = folder / "words.txt"
    relaion.clean(folder / "data", folder / "lists.duckdb", out, executor=InProcess(), **given)
    return out


def update(folder: Path, new: str = "new", **given: Any) -> Path:
    """Go on from `out` with the lists as they are now."""
    relaion.update(
        folder / "out", folder / "data", folder / "lists.duckdb", folder / new,
        keywords=folder / "words.txt", executor=InProcess(), **given,
    )  # fmt: skip
    return folder / new


def plain(folder: Path) -> Path:
    """Three lists: 12 images, 40 of which 6 are the same, 3 links."""
    shutil.copytree(_plain().name, folder, dirs_exist_ok=True)
    return folder / "out"


@cache
def _plain() -> "TemporaryDirectory[str]":
    """Made once, for all that look at it; it goes with this process."""
    made = TemporaryDirectory()
    folder = Path(made.name)
    make_data(folder)
    add(folder, MD5[:12], source="A", title=TITLE, received="2024-01-02")
    add(folder, MD5[6:46], source="B", received="2024-01-03")
    add(folder, [row("en", i)["url"] for i in (900, 901, 902)], source="C", label="privacy",
        received="2024-02-01")  # fmt: skip
    clean(folder)
    return made


def without_titles(folder: Path) -> Path:
    """Lists that nobody said a word about but who sent them."""
    make_data(folder)
    add(folder, MD5[:12], source="A")
    add(folder, MD5[6:46], source="B")
    return clean(folder, words=False)


def many_lists(folder: Path) -> Path:
    """Forty lists, neighbours of which share images."""
    make_data(folder)
    for n in range(40):
        add(folder, MD5[n : n + 3 + n % 7], source=f"partner {n % 9}", title=f"delivery {n + 1}",
            received=f"2024-{n % 12 + 1:02}-{n % 28 + 1:02}")  # fmt: skip
    return clean(folder)


def no_removals(folder: Path) -> Path:
    """A list that names no row, and no rule that does."""
    write_shard(folder / "data/en/a.parquet", [row("en", i) | {"punsafe": 0.1} for i in range(99)])
    add(folder, [hashlib.md5(b"other").hexdigest()], source="A", title="first")
    return clean(folder, words=False)


def updated(folder: Path) -> Path:
    """The plain run, a list more, and more of what list 2 held."""
    plain(folder)
    add(folder, [*MD5[20:31], MD5[50]], source="D", received="2024-02-03")
    add(folder, [MD5[5], MD5[51]], update=2)
    return update(folder)


def covered(folder: Path) -> Path:
    """One list and cover, with subsets of few rows."""
    make_data(folder)
    write_shard(folder / "data/wee/a.parquet", [row("wee", i) for i in range(60)])
    add(folder, MD5[:3], source="A")
    return clean(folder, cover=1)


KINDS = {
    "plain": plain, "without titles": without_titles, "many lists": many_lists,
    "no removals": no_removals, "updated": updated, "covered": covered,
}  # fmt: skip
