"""The audit is a file that every DuckDB since 1.0 opens: tables, views, comments and all."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests import report_world

OLDEST = "1.0.0"
ASKED = """
import duckdb, json, sys
assert duckdb.__version__ == sys.argv[2]
con = duckdb.connect(sys.argv[1], read_only=True)
names = [name for (name,) in con.execute(
    "select table_name from duckdb_tables() union all select view_name from duckdb_views() "
    "where not internal order by all").fetchall()]
counts = {name: con.execute(f'select count(*) from "{name}"').fetchone()[0] for name in names}
said = con.execute("select count(*) from duckdb_columns() where comment is not null").fetchone()
print(json.dumps([counts, said[0]]))
"""


@pytest.mark.slow
def test_the_oldest_duckdb_reads_the_audit(tmp_path: Path) -> None:
    """Installed apart, beside the one that wrote it."""
    place = tmp_path / "old"
    got = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--target", place, f"duckdb=={OLDEST}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if got.returncode:
        pytest.skip(f"DuckDB {OLDEST} cannot be installed here")
    (tmp_path / "world").mkdir()
    audit = report_world.plain(tmp_path / "world") / "audit.duckdb"
    done = subprocess.run(
        [sys.executable, "-c", ASKED, audit, OLDEST],
        env={"PYTHONPATH": str(place)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    counts, comments = json.loads(done.stdout)
    assert {"removals", "coverage", "unions", "protocol", "shared_rows", "scores"} <= counts.keys()
    assert counts["lists"] == 3
    assert comments > 50
