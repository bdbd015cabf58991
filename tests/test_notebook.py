"""The notebooks read every run, not the demo's only."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.pipeline import Sent, add_lists, here, write_shard

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
AUDIT = NOTEBOOKS / "02_audit_removals.ipynb"
OTHERS = [NOTEBOOKS / "01_first_look.ipynb", NOTEBOOKS / "03_choose_a_threshold.ipynb"]
MD5 = "ab" * 16
# the demo's is read by `test_demo.py`, which is part of every landing
pytestmark = pytest.mark.slow


def read(out: Path, monkeypatch: pytest.MonkeyPatch, notebook: Path = AUDIT) -> list[str]:
    """Run the cells here, without a kernel; the tables that they show."""
    import matplotlib as mpl  # a second that no other test needs
    import matplotlib.pyplot as plt

    monkeypatch.setenv("RELAION_OUT", str(out))
    monkeypatch.setenv("RELAION_DATA", str(out.parent / "data"))
    tables: list[str] = []
    names: dict[str, Any] = {}
    with mpl.rc_context({"backend": "agg"}):
        for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
            source = "".join(cell["source"])
            if cell["cell_type"] != "code":
                continue
            if source.startswith("show("):
                tables.append(eval(source, names).data)
            else:
                exec(source, names)
        plt.close("all")
    return tables


def made(folder: Path, rows: int, *args: str, listed: bool = True) -> Path:
    """A run whose lists have no title."""
    for subset, n in (("en", rows), ("multi", rows), ("tiny", 7)):
        shard: list[dict[str, Any]] = [
            {"url": f"https://h.example/{subset}-{i}.jpg", "punsafe": 0.1} for i in range(n)
        ]
        shard[3] |= {"image_md5": MD5 if listed else None}
        write_shard(folder / "data" / subset / "a.parquet", shard)
    add_lists(folder / "lists.duckdb", [Sent((("image_md5", MD5),))])
    done = here(
        "clean", "data", "--lists", "lists.duckdb", "--out", "out", "--no-verify", *args, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    return folder / "out"


def test_lists_without_titles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = read(made(tmp_path, 1200), monkeypatch)
    said = "\n".join(tables)
    assert "| list 1 partner | image_md5 | 3 | 3 |" in said
    assert "| small |" in said
    checks = next(t for t in tables if "question" in t)
    assert "false" not in checks and checks.count("true") == 4


@pytest.mark.parametrize(
    ("rows", "args", "listed"),
    [
        (20, (), True),
        (1200, (), False),
        (1200, ("--edition", "research"), True),
    ],
    ids=["nothing is told", "nothing was found", "one edition"],
)
def test_runs_of_which_there_is_little_to_tell(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rows: int,
    args: tuple[str, ...],
    listed: bool,
) -> None:
    tables = read(made(tmp_path, rows, *args, listed=listed), monkeypatch)
    assert not any("false" in t for t in tables if "question" in t)


@pytest.mark.parametrize("notebook", OTHERS, ids=lambda p: p.stem)
def test_what_is_asked_of_shards_fits_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notebook: Path
) -> None:
    read(made(tmp_path, 30), monkeypatch, notebook)
    write_shard(tmp_path / "data/en/a.parquet", [{"url": None, "text": None, "punsafe": None}])
    read(tmp_path / "out", monkeypatch, notebook)


@pytest.mark.parametrize(
    "notebook", [*OTHERS, NOTEBOOKS / "04_clean_your_copy.ipynb"], ids=lambda p: p.stem
)
def test_columns_that_the_run_was_told_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notebook: Path
) -> None:
    (tmp_path / "data").mkdir()
    links = [f"https://h{i % 9}.example/{i}.jpg" for i in range(40)]
    pq.write_table(pa.table({"address": links}), tmp_path / "data/a.parquet")
    add_lists(tmp_path / "lists.duckdb", [Sent((("url", links[7]),))])
    run = ("clean", "data", "--lists", "lists.duckdb", "--out", "out", "--no-verify")
    done = here(*run, "--column", "url=address", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    read(tmp_path / "out", monkeypatch, notebook)


@pytest.mark.parametrize("notebook", OTHERS, ids=lambda p: p.stem)
def test_what_is_missing_is_told_with_what_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notebook: Path
) -> None:
    with pytest.raises(SystemExit, match="not here; run `relaion clean`, or set RELAION_OUT"):
        read(tmp_path / "none", monkeypatch, notebook)
