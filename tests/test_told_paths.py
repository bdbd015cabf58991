"""A path of any name stands on one line of an error, whoever speaks of it."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.engine import connect
from relaion.errors import RelaionError
from relaion.run import manifest
from relaion.run.editions import load_editions
from relaion.run.outputs import MANIFEST, Owners
from relaion.run.own_edition import check_statements
from relaion.run.settings import read_keywords
from relaion.sqlset import parse
from relaion.stages.clean import clean
from relaion.verifier.keywords import read_keywords as read_again
from tests.pipeline import Sent, add_lists

HEAD = "-- name: mine\n-- purpose: one\n"
EDITION = HEAD + "-- parent: original\n-- labels: csam\n"


def written(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def unscored(path: Path) -> None:
    path.mkdir()
    pq.write_table(pa.table({"url": ["https://h.example/a.jpg"]}), path / "a.parquet")
    lists = path.parent / "lists.duckdb"
    add_lists(lists, [Sent((("url", "https://listed.example/a.jpg"),))])
    clean(path, lists, path.parent / "out", unscored="drop")


def no_database(path: Path) -> None:
    with connect(written(path, b"none" * 5000)):
        pass


def no_manifest(path: Path) -> None:
    path.mkdir()
    written(path / MANIFEST, "{}")
    manifest.read(path)


def attached(path: Path) -> None:
    with connect() as engine:
        engine.attach(written(path, b"none" * 5000), "store")


CASES: list[tuple[str, Callable[[Path], object]]] = [
    ("cannot be read", read_keywords),
    ("is not UTF-8", lambda path: read_keywords(written(path, b"\xff"))),
    ("holds no keyword", lambda path: read_keywords(written(path, ""))),
    ("cannot be read", read_again),
    ("cannot be read", parse),
    ("is not UTF-8", lambda path: parse(written(path, b"\xff"))),
    ("no header", lambda path: parse(written(path, ""))),
    ("write `-- params", lambda path: parse(written(path, "-- params: x\n"))),
    ("write `-- reads", lambda path: parse(written(path, "-- reads: 1\n"))),
    ("no such edition", lambda path: load_editions([path.with_suffix("")])),
    ("named twice", lambda path: load_editions([written(path, EDITION)] * 2)),
    ("no `-- parent:`", lambda path: load_editions([written(path, HEAD)])),
    (
        "asks for parameters",
        lambda path: load_editions([written(path, EDITION + "-- params: $x int n\n")]),
    ),
    (
        "each other's parents",
        lambda path: load_editions([written(path, EDITION.replace("original", "mine"))]),
    ),
    (
        "holds a COPY",
        lambda path: check_statements(parse(written(path, EDITION + "copy (select 1) to 'x';"))),
    ),
    ("is not a manifest", no_manifest),
    ("cannot be opened", no_database),
    ("DuckDB", attached),
    ("--unscored drop", unscored),
]


@pytest.mark.parametrize(("said", "does"), CASES, ids=[said for said, _ in CASES])
def test_an_error_is_one_line(tmp_path: Path, said: str, does: Callable[[Path], object]) -> None:
    with pytest.raises(RelaionError, match=said) as caught:
        does(tmp_path / "a\nb.sql")
    assert "\n" not in str(caught.value)
    assert "a\\x0ab" in str(caught.value)


@pytest.mark.parametrize("kind", ["pipe", "huge"])
def test_a_manifest_of_others_is_neither_waited_for_nor_read_whole(
    tmp_path: Path, kind: str
) -> None:
    path = tmp_path / MANIFEST
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.touch()
        os.truncate(path, 1 << 40)
    found: list[object] = []
    looking = threading.Thread(target=lambda: found.append(Owners().at(tmp_path)), daemon=True)
    looking.start()
    looking.join(10)
    assert found == [None]
    with pytest.raises(RelaionError, match="is not a manifest of relaion"):
        manifest.read(tmp_path)


@pytest.mark.parametrize("start", ["{", "{\n ", "\n{ "])
def test_a_manifest_of_ours_is_told_however_it_is_indented(tmp_path: Path, start: str) -> None:
    (tmp_path / MANIFEST).write_text(start + '"relaion": "1", "run": "r", "outputs": []}')
    found = Owners().at(tmp_path)
    assert found is not None and found.manifest
