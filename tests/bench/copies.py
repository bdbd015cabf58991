"""`poe bench-copies`: time apply and diff against polars, and a tar against cp, in one run.

    python -m tests.bench.copies [--rows N] [--runs N] [--folder DIR] [WHAT ...]

Links and captions are recombined from a real sample. NEW lacks every twentieth row of OLD, and is
cut into shards alike. polars computes the same identities from the same columns: the row hash,
stored or by the same function, and link keys for rows that it does not settle; for links that are
not plain by `relaion.link_key`. Stored row hashes it believes ("hashed"), or holds against link and
caption on both sides as relaion does ("proved"). In the diff its task is less: an anti join of
stored row hashes, with the links of what left, or of nothing but these hashes ("bare").
"""

import argparse
import io
import json
import os
import sys
import tarfile
import tempfile
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from relaion.links import link_key
from relaion.sidecars.row_hash import row_hashes
from tests.bench.__main__ import OURS, Contest, compare
from tests.bench.data import bench_set

REAL = Path(__file__).resolve().parents[3] / "shared/data/real/laion400m_10000.parquet"
PEER = [sys.executable, "-m", "tests.bench.copies", "--peer"]
EVERY = 20
# what tells one link from another stands at its end, as in life: the name of the picture
_LINKS = r"""
select
    regexp_replace("URL", '^(https?://[^/]+)/([0-9a-f]+)/(.*?)(\.\w+)?(\?.*)?$', '\1/\3\2\4\5')
        as "URL",
    "TEXT", punsafe
from read_parquet($1)
"""
MEMBER = 30_000


def prepare(folder: Path, rows: int) -> Path:
    """OLD and NEW with row hashes, NEW without them, and a tar; made once."""
    top = folder / f"copies-{rows}"
    if (top / "done").exists():
        return top
    made = bench_set(folder, rows, n_keywords=3, real=REAL if REAL.exists() else None)
    for i, path in enumerate(sorted(made.data.rglob("*.parquet"))):
        found = duckdb.sql(_LINKS, params=[str(path)])
        assert found is not None
        table = found.to_arrow_table()
        table = table.append_column("hash", row_hashes(*_chunks(table)))
        new = table.filter(pa.array([n % EVERY > 0 for n in range(len(table))]))
        for name, of in (("old", table), ("new", new), ("plain", table.drop_columns(["hash"]))):
            (top / name).mkdir(parents=True, exist_ok=True)
            pq.write_table(of, top / name / f"part-{i:05}.parquet", compression="snappy")
    (top / "few").mkdir()
    few = pq.read_table(next((top / "new").iterdir())).slice(0, rows // 100)
    pq.write_table(few, top / "few/part-00000.parquet")
    _tar(top, _samples(rows))
    (top / "done").touch()
    return top


def _samples(rows: int) -> int:
    """Samples of the tar: of 40,000 it has 1.3 GB."""
    return min(rows // 100, 40_000)


def _chunks(table: pa.Table) -> tuple[pa.Array, pa.Array]:
    whole = table.combine_chunks()
    return whole["URL"].chunk(0), whole["TEXT"].chunk(0)


def _tar(top: Path, samples: int) -> None:
    """A webdataset tar of the first rows."""
    rows = pq.read_table(next((top / "old").iterdir())).slice(0, samples).to_pylist()
    (top / "tar").mkdir(exist_ok=True)
    with tarfile.open(top / "tar/00000.tar", "w") as tar:
        for i, row in enumerate(rows):
            told = json.dumps({"url": row["URL"], "caption": row["TEXT"]})
            for end, data in (("jpg", os.urandom(MEMBER)), ("json", told.encode())):
                info = tarfile.TarInfo(f"{i:09}.{end}")
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))


PLAIN = (
    r"^https?://(?:[a-wyz0-9_-][a-z0-9_-]*\.)+[a-wyz][a-z0-9_-]*"
    r"(?:/\.*[A-Za-z0-9_~!$'()*+,:=@&-][A-Za-z0-9_~!$'()*+,:=@&.-]*)*/?"
    r"(?:\?[A-Za-z0-9_~!$'()*+,:=@&./?-]*[A-Za-z0-9_~!$'()*+,:=@./?-])?$"
)


def _with_keys(rows: pl.DataFrame) -> pl.DataFrame:
    """The link key: of a plain link by cutting, of any other by `link_key`, as relaion has it."""
    is_plain = rows["URL"].str.contains(PLAIN)
    plain, odd = rows.filter(is_plain), rows.filter(~is_plain)
    cut = pl.col("URL").str.replace(r"^https?://(?:www\.)?", "").str.strip_chars_end("/")
    keys = pl.Series("key", [link_key(url) for url in odd["URL"]], dtype=pl.String)
    return pl.concat([plain.with_columns(cut.alias("key")), odd.with_columns(keys)])


def _proved(rows: pl.DataFrame) -> pl.DataFrame:
    """Of some rows those whose stored hash is that of their link and caption."""
    own = pl.Series("own", row_hashes(rows["URL"].to_arrow(), rows["TEXT"].to_arrow()))
    return rows.filter(rows["hash"] == own)


def peer(what: str, old: Path, new: Path, out: Path) -> None:
    """The same in polars."""
    out.mkdir(parents=True, exist_ok=True)
    if what in ("diff", "bare"):
        columns = ["hash", "URL"] if what == "diff" else ["hash"]
        left = pl.scan_parquet(old / "*.parquet").select(columns)
        right = pl.scan_parquet(new / "*.parquet").select("hash")
        found = left.join(right, on="hash", how="anti").collect(engine="streaming")
        found.write_parquet(out / "diff.parquet", compression="zstd")
        return
    is_hashed = "hash" in pl.read_parquet_schema(next(old.glob("*.parquet")))
    columns = ["hash", "URL", "TEXT"][: 3 if what == "proved" else 2]
    allowed = pl.read_parquet(new / "*.parquet", columns=columns)
    sure = _proved(allowed) if what == "proved" else allowed
    hashes = sure.select("hash").unique()
    links = _with_keys(allowed.select("URL")).select("key").unique()
    for path in sorted(old.glob("*.parquet")):
        copy = pl.read_parquet(path, row_index_name="row")
        if what == "computed":
            made = row_hashes(copy["URL"].to_arrow(), copy["TEXT"].to_arrow())
            copy = copy.with_columns(pl.Series("hash", made))
        known, rest = pl.Series("row", [], dtype=pl.UInt32), copy
        if is_hashed or what == "computed":
            able = _proved(copy) if what == "proved" else copy
            known = able.join(hashes, on="hash", how="semi")["row"]
            rest = copy.filter(~copy["row"].is_in(known.implode()))
        more = _with_keys(rest).join(links, on="key", how="semi")["row"]
        keep = pl.concat([known, more])
        kept = copy.filter(pl.col("row").is_in(keep.implode()))
        kept.drop("row").write_parquet(out / path.name, compression="snappy")


def contests(top: Path, rows: int, out: Path) -> dict[str, Contest]:
    """What is compared."""
    old, new, plain, tar = (str(top / name) for name in ("old", "new", "plain", "tar"))
    apply = [*OURS, "apply", "--keep", new]
    of_tar = [*OURS, "apply", "--keep", str(top / "few"), tar, "--out", str(out)]
    return {
        "hashed": Contest(
            "apply --keep, row hashes stored", rows, [*apply, old, "--out", str(out)],
            [*PEER, "apply", old, new, str(out)],
        ),
        "proved": Contest(
            "apply --keep, row hashes stored and proved", rows, [*apply, old, "--out", str(out)],
            [*PEER, "proved", old, new, str(out)],
        ),
        "plain": Contest(
            "apply --keep --by link, no row hashes", rows,
            [*apply, plain, "--by", "link", "--out", str(out)],
            [*PEER, "apply", plain, new, str(out)],
        ),
        "computed": Contest(
            "apply --keep, row hashes computed", rows, [*apply, plain, "--out", str(out)],
            [*PEER, "computed", plain, new, str(out)],
        ),
        "diff": Contest(
            "diff, sharded alike", rows,
            ["sh", "-c", 'mkdir -p "$0" && "$@"', str(out),
             *OURS, "diff", old, new, "--out", str(out / "d.parquet")],
            [*PEER, "diff", old, new, str(out)],
        ),
        "bare": Contest(
            "diff, sharded alike, hashes alone", rows,
            ["sh", "-c", 'mkdir -p "$0" && "$@"', str(out),
             *OURS, "diff", old, new, "--out", str(out / "d.parquet")],
            [*PEER, "bare", old, new, str(out)],
        ),
        "tar": Contest(
            "apply --keep to a tar, against cp", _samples(rows), of_tar,
            ["cp", "-r", tar, str(out)],
        ),
        "flushed": Contest(
            "apply --keep to a tar, against cp and sync", _samples(rows), of_tar,
            ["sh", "-c", 'cp -r "$0" "$1" && sync "$1"/*', tar, str(out)],
        ),
    }  # fmt: skip


def main() -> None:
    """Compare, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*")
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "bench")
    parser.add_argument("--peer", action="store_true")
    given = parser.parse_args()
    if given.peer:
        peer(given.what[0], *map(Path, given.what[1:]))
        return
    top = prepare(given.folder, given.rows)
    out = given.folder / "out"
    print("| work | relaion | peer | ratio |\n|---|---|---|---|")
    for name, contest in contests(top, given.rows, out).items():
        if not given.what or name in given.what:
            print(compare(contest, given.runs, out), flush=True)


if __name__ == "__main__":
    main()
