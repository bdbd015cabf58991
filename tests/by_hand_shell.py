"""Run a script in one go, as a DuckDB shell would read it, and print what left: without relaion."""

import json
import sys
from pathlib import Path

import duckdb

con = duckdb.connect()
con.execute(Path(sys.argv[1]).read_text(encoding="utf-8"))
rows = con.execute(
    "select distinct edition, path, file_row_number, reason from removals "
    "join shard_files using (shard_no) order by all"
).fetchall()
assert not [name for name in sys.modules if name.startswith("relaion")]
print(json.dumps(rows))
