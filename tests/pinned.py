"""What the demo must make, byte for byte: `python -m tests.pinned OUT > tests/cases/demo.txt`."""

import sys
from pathlib import Path

import duckdb
import pyarrow as pa

CASE = Path(__file__).parent / "cases" / "demo.txt"
# what is drawn at random or names the code itself
LEFT_OUT = {"lists": "digest", "scripts": "sha256", "steps": "run"}
RANDOM = ("run", "keywords", "relaion")


def versions() -> str:
    """The libraries that the bytes of parquet files, and sums of the demo's chances, hang on."""
    return f"pyarrow {pa.__version__}, duckdb {duckdb.__version__}"


def told(out: Path) -> list[str]:
    """The audit of a finished run as lines of text; the digests of its shards stand in it."""
    lines = [f"# made with {versions()}"]
    with duckdb.connect(str(out / "audit.duckdb"), read_only=True) as con:
        tables = con.execute("select table_name from information_schema.tables order by 1")
        for (table,) in tables.fetchall():
            left_out = LEFT_OUT.get(table)
            star = f"* exclude ({left_out})" if left_out else "*"
            found = con.execute(f"select {star} from {table} order by all")
            names = [column[0] for column in found.description or ()]
            lines += ["", f"[{table}]", "\t".join(names)]
            if table == "scripts":  # its lines change with the code, as they should
                continue
            for row in found.fetchall():
                if row[0] not in RANDOM:
                    lines.append("\t".join("" if v is None else str(v) for v in row))
    return lines


if __name__ == "__main__":
    print("\n".join(told(Path(sys.argv[1]))))
