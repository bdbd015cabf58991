"""A path of any name stands on one line of an error, whoever speaks of it."""

import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.cli.comfort import from_file
from relaion.engine import connect
from relaion.errors import RelaionError
from relaion.lists.key import load as load_key
from relaion.paths import file_sha256
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
        "holds the statement COPY",
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


@pytest.mark.parametrize(
    "read", [load_key, read_keywords, read_again, parse, from_file, file_sha256]
)
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_never_ends_is_not_waited_for(
    tmp_path: Path, kind: str, read: Callable[[Path], object]
) -> None:
    path = Path("/dev/zero") if kind == "device" else tmp_path / "pipe"
    if kind == "pipe":
        os.mkfifo(path)
    found: list[object] = []

    def look() -> None:
        with pytest.raises(
            RelaionError, match=r"no regular file|is a (pipe|device)|everybody"
        ) as caught:
            read(path)
        found.append(caught.value)

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    looking.join(10)
    assert found


def test_a_pipe_of_the_shell_is_read_to_its_end(tmp_path: Path) -> None:
    script = """exec python -c '
import sys; from pathlib import Path
from relaion.run.settings import read_keywords
print(read_keywords(Path(sys.argv[1])).words)' <(sleep 0.2; echo needle)"""
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == "('needle',)\n", done.stderr


@pytest.mark.parametrize("start", ["{", "{\n ", "\n{ "])
def test_a_manifest_of_ours_is_told_however_it_is_indented(tmp_path: Path, start: str) -> None:
    (tmp_path / MANIFEST).write_text(start + '"relaion": "1", "run": "r", "outputs": []}')
    found = Owners().at(tmp_path)
    assert found is not None and found.manifest
