"""What tells people of a run holds no listed thing: report, card, history, log, notebooks.

Markers are those of `test_disclosure`: of links, hashes, a caption and a keyword, in every form.
"""

import json
import re
import shutil
import stat
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from relaion import sqlset
from tests.drawn import quickly
from tests.pipeline import here
from tests.terminal import terminal
from tests.test_disclosure import (
    BESIDE,
    CAPTION,
    CLEAN,
    COMMON,
    KEYWORD,
    NAMES,
    SIDECAR,
    VERIFY,
    search,
    world,
)

__all__ = ["world"]  # the fixture
NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"


@pytest.fixture(scope="module")
def cleaned(world: Path) -> Path:
    """The folder with a finished run, and one that goes on from it."""
    (world / "gained.txt").write_text("ab" * 16 + "\n")
    for command in (
        CLEAN, ("lists", "add", "gained.txt", *COMMON, "--source", "B"),
        ("update", "out", "--inputs", "data", *COMMON, *BESIDE, "--out", "new"),
    ):  # fmt: skip
        done = here(*command, "--no-verify" if command is CLEAN else "--json", cwd=world)
        assert done.returncode == 0, done.stderr
    return world


@pytest.mark.parametrize("out", quickly(1, ["out", "new"]))
def test_no_form_of_the_report(cleaned: Path, out: str) -> None:
    place = cleaned / f"told-{out}"
    place.mkdir()
    written = ("--html", place / "r.html", "--markdown", place / "r.md", "--card", place / "card",
               "--croissant", place / "c.json", "--i-accept-disclosure")  # fmt: skip
    for command in ((), ("--json",), written, ("--card", place / "other")):
        done = here("report", out, *command, cwd=cleaned)
        assert done.stdout + done.stderr
        search(f"report {command}", (done.stdout + done.stderr).encode())
    files = [path for path in place.rglob("*") if path.is_file()]
    assert {path.name for path in files} == {
        "r.html", "r.md", "README.md", "SHA256SUMS", "c.json",
    }  # fmt: skip
    for path in files:
        content = path.read_bytes()
        search(path.name, content)
        for name in (*NAMES, SIDECAR, str(cleaned).encode()):
            assert name not in content, (path.name, name)
    lists = json.loads((cleaned / out / "manifest.json").read_text())["lists"]
    told = b"".join(path.read_bytes() for path in files)
    assert not any(x["digest"].encode() in told for x in lists)


@pytest.mark.slow
def test_no_answer_of_the_cookbook(cleaned: Path) -> None:
    for name, query in sqlset.queries().items():
        done = here("sql", "out", "-c", query.sql, cwd=cleaned)
        assert done.returncode == 0, done.stderr
        search(name, (done.stdout + done.stderr).encode())


@pytest.mark.slow
def test_a_history_holds_what_was_typed_and_no_answer(cleaned: Path) -> None:
    kept = cleaned / "history"
    with terminal(cleaned, "sql", "new", "--history", str(kept)) as t:
        for typed in ("from removals;", "from nothing_here;", ".run shared_rows", "from research;"):
            t.until_line("relaion>")
            t.type(typed + "\r")
        t.until_line("relaion>")
        t.type(".quit\r")
        assert t.ends() == 0
        search("the screen", "\n".join(t.shown()).encode())
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    search("history", kept.read_bytes())
    lines = [x for x in kept.read_text().splitlines() if x.startswith("+")]
    assert {x.lstrip("+") for x in lines} <= {
        "from removals;", "from nothing_here;", ".run shared_rows", "from research;", ".quit",
    }  # fmt: skip


LOGGED = {
    "clean": (*CLEAN, "--no-verify"), "again": CLEAN, "verify": VERIFY,
    "match": ("match", "data", *COMMON, "--sidecar", "beside"), "report": ("report", "out"),
    "wrong list": ("match", "data", "--lists", "keywords.txt"),
    "wrong query": ("sql", "out", "-c", "from nothing"),
    "wrong edition": (*CLEAN, "--edition", "keywords.txt"),
}  # fmt: skip
HAS_LOG = "--log" in here("clean", "--help").stdout


@pytest.mark.skipif(not HAS_LOG, reason="no command has --log")
@pytest.mark.parametrize("name", LOGGED)
def test_no_log(cleaned: Path, name: str) -> None:
    log = cleaned / f"{name}.log"
    here(*LOGGED[name], "-v", "--log", log, cwd=cleaned)
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    search(name, log.read_bytes())


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda p: p.stem)
def test_no_output_of_a_notebook(
    cleaned: Path, path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """01 shows data before cleaning to who holds them: hosts, but no caption and no hash."""
    data = tmp_path / "data"  # without the pictures beside, which are none
    shutil.copytree(cleaned / "data", data, ignore=shutil.ignore_patterns("*.tar", "_*"))
    book = nbformat.reads(path.read_text("utf-8"), as_version=4)  # type: ignore[no-untyped-call]
    monkeypatch.setenv("RELAION_OUT", str(cleaned / "out"))
    monkeypatch.setenv("RELAION_DATA", str(data))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    NotebookClient(book, timeout=120, kernel_name="python3").execute()
    outputs = json.dumps([c.get("outputs") for c in book.cells if c.cell_type == "code"])
    assert len(outputs) > 1000
    if path.stem.startswith("01"):
        assert CAPTION not in outputs and KEYWORD not in outputs
        assert not re.search(r"\b[0-9a-fA-F]{32,64}\b", outputs)
    else:
        search(path.name, outputs.encode())


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda p: p.stem)
def test_what_is_stored_in_a_notebook(path: Path) -> None:
    """Outputs are those of the demo: no digest of a row or list, no link, no place on a disk."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    for output in (o for c in cells for o in c.get("outputs", ())):
        data = {k: v for k, v in output.get("data", {}).items() if not k.startswith("image/png")}
        told = json.dumps({**output, "data": data})
        assert not re.search(r"\b[0-9a-f]{32}(?:[0-9a-f]{8}|[0-9a-f]{32})?\b", told)
        assert "://" not in told and "/tmp/" not in told and "/home/" not in told
