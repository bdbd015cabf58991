"""The walks of CONTRIBUTING: each is done as it is written, in a copy of the house."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from tests import docs
from tests.pipeline import JOINED, Sent, add_lists, write_shard

TEXT = (docs.ROOT / ".github/CONTRIBUTING.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (Add .+?)\n(.*?)(?=^## |\Z)", TEXT, re.M | re.S))
FENCE = re.compile(r"^ *```\w+\n(.*?)^ *```$", re.M | re.S)
MD5 = "ab" * 16


def steps(section: str) -> Iterator[str]:
    """The numbered steps of a walk."""
    yield from re.findall(r"^[0-9]+\. .*\n(?:(?: .*)?\n)*", section, re.M)


def do(step: str, house: Path, world: Path) -> bool:
    """Do what a step says; whether it says anything that can be done."""
    said = re.sub(r"\n *", " ", FENCE.sub("", step))
    block = FENCE.search(step)
    new = textwrap.dedent("\n".join(line[3:] for line in (block[1] if block else "").splitlines()))
    if found := re.search(r"Write `([\w/.]+)`:", said):
        place = house / found[1] if "/" in found[1] else world / found[1]
        place.write_text(f"{new}\n", encoding="utf-8")
    elif found := re.search(r"Copy `([\w/.]+)` to `([\w/.]+)`", said):
        shutil.copy(docs.ROOT / found[1], house / found[2])
    elif found := re.search(r"In `([\w/.]+)`, `(.+?)` becomes `(.+?)`", said):
        swap(house / found[1], found[2], found[3])
    elif found := re.search(r"In `([\w/.]+)`, below `(.+?)`:", said):
        assert block
        new = "\n".join(line[3:] for line in block[1].splitlines())
        swap(house / found[1], f"{found[2]}\n", f"{found[2]}\n{new}\n")
    else:
        return False
    return True


def swap(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{path.name} has {text.count(old)} of {old!r}"
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture(scope="module")
def plain_house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house")
    for part in ("relaion", "sql"):
        shutil.copytree(
            docs.ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__")
        )
    return folder


def walked(name: str, plain_house: Path, folder: Path) -> str:
    """Do a walk and what it says to type at its end; what that prints."""
    house, world = folder / "house", folder / "world"
    shutil.copytree(plain_house, house)
    rows = [
        {"url": f"https://h.example/{i}.jpg", "text": None if i % 9 == 0 else "a picture",
         "punsafe": 0.97 if i % 6 == 0 else 0.1}
        for i in range(1200)
    ]  # fmt: skip
    rows[5] |= {"image_md5": MD5}
    schema = pa.schema([*JOINED, ("LICENSE", pa.string())])
    for i, row in enumerate(rows):
        row["LICENSE"] = "?" if i % 4 == 0 else "cc-by"
    write_shard(world / "data/part.parquet", rows, schema)
    add_lists(world / "lists.duckdb", [Sent((("image_md5", MD5),))])
    made = "%MADE 1\n1 listed md5:00112233445566778899aabbccddee01\n2 gone md5:" + "cd" * 16 + "\n"
    (world / "delivery.made").write_text(made)
    done = [do(step, house, world) for step in steps(SECTIONS[name])]
    assert done.count(False) == 1  # a case is to be written, which the copy does not need
    env = os.environ | {"PYTHONPATH": str(house)}
    told = ""
    for block in re.findall(r"^```bash\n(.*?)^```", SECTIONS[name], re.M | re.S):
        for line in block.splitlines():
            words = shlex.split(line)[1:]
            ran = subprocess.run(
                [sys.executable, "-m", "relaion", *words],
                cwd=world, env=env, capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert ran.returncode == 0, ran.stdout + ran.stderr
            told += ran.stdout
    return told


def test_every_walk_is_done() -> None:
    assert list(SECTIONS) == ["Add an edition", "Add a rule", "Add a role", "Add a list format"]


@pytest.mark.slow
def test_an_edition(plain_house: Path, tmp_path: Path) -> None:
    told = walked("Add an edition", plain_house, tmp_path)
    assert re.search(r"^listed +data +1,200 +1 +1,199 ", told, re.M)
    assert "held in part" not in told.replace("held in part: ", "")
    assert re.search(r"^held +1b ", told, re.M)


@pytest.mark.slow
def test_a_rule(plain_house: Path, tmp_path: Path) -> None:
    told = walked("Add a rule", plain_house, tmp_path)
    assert re.search(r"^held +1a ", told, re.M) and re.search(r"^held +6 ", told, re.M)
    counts = dict(re.findall(r"^(\w+)\t(\d+)$", told, re.M))
    assert counts == {"uncaptioned": "67", "unsafe": "200"}  # every 18th row, and every sixth


@pytest.mark.slow
def test_a_role(plain_house: Path, tmp_path: Path) -> None:
    told = walked("Add a role", plain_house, tmp_path)
    assert re.search(r"^LICENSE +string +license ", told, re.M)
    assert re.search(r"^open +data +1,200 +301 +899 ", told, re.M)  # every fourth row, and one


@pytest.mark.slow
def test_a_list_format(plain_house: Path, tmp_path: Path) -> None:
    told = walked("Add a list format", plain_house, tmp_path)
    assert "read as made" in told
    assert re.search(r"^new +1$", told, re.M)
