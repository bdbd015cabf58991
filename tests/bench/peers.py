"""The same work in polars, written with the same care: two phases, the regex on few rows.

Run as `python -m tests.bench.peers WHAT FOLDER ...` in a process of its own, so that time
and memory are its own. polars keeps neither nullability nor metadata nor mixed codecs.
"""

import re
import sys
from pathlib import Path

import polars as pl


def shards(data: Path) -> list[Path]:
    """The shards of a benchmark set."""
    return sorted(data.rglob("*.parquet"))


def read_list(path: Path) -> pl.DataFrame:
    """The listed digests, one a line."""
    return pl.read_csv(path, has_header=False, new_columns=["md5"])


def keys(data: Path) -> pl.LazyFrame:
    """Digest and place of every row."""
    return pl.concat(
        pl.scan_parquet(path, row_index_name="row").select(
            pl.lit(i, dtype=pl.Int32).alias("shard"), "row", "md5"
        )
        for i, path in enumerate(shards(data))
    )


def match_plain(data: Path, listed: Path) -> pl.DataFrame:
    """A semi join of digests as they are."""
    return (
        keys(data).join(read_list(listed).lazy(), on="md5", how="semi").collect(engine="streaming")
    )


def match_hashed(data: Path, listed: Path) -> pl.DataFrame:
    """A semi join of 64-bit hashes, the few survivors then compared exactly."""
    entries = read_list(listed)
    short = entries.select(pl.col("md5").hash().alias("h")).lazy()
    maybe = (
        keys(data)
        .with_columns(pl.col("md5").hash().alias("h"))
        .join(short, on="h", how="semi")
        .collect(engine="streaming")
    )
    return maybe.join(entries, on="md5", how="semi").drop("h")


def clean(data: Path, listed: Path, keywords: Path, out: Path, editions: list[str]) -> None:
    """Match, then one pass over every shard for each edition."""
    hits = match_hashed(data, listed)
    lines = keywords.read_text().split("\n") if keywords.exists() else ["\\x00"]
    words = [re.escape(w) for w in lines if w]
    pattern = r"(?i)(?:^|[^\p{L}\p{N}\p{M}])(?:" + "|".join(words) + r")(?:$|[^\p{L}\p{N}\p{M}])"
    for edition in editions:
        for i, path in enumerate(shards(data)):
            table = pl.read_parquet(path, row_index_name="row")
            listed_rows = hits.filter(pl.col("shard") == i)["row"]
            high = table.filter(pl.col("punsafe").cast(pl.Float64) > 0.95).select("row", "TEXT")
            gone = high.filter(pl.col("TEXT").str.contains(pattern))["row"]
            drop = pl.concat([listed_rows, gone])
            if edition == "research-safe":
                unsafe = pl.col("punsafe").cast(pl.Float64) > 0.45
                drop = pl.concat([drop, table.filter(unsafe.fill_null(False))["row"]])
            kept = table.filter(~pl.col("row").is_in(drop.implode()))
            target = out / edition / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            kept.drop("row").write_parquet(target, compression="snappy")


def main() -> None:
    """Run one piece of work by name."""
    what, *rest = sys.argv[1:]
    paths = [Path(p) for p in rest[:4]]
    if what == "match-plain":
        print(len(match_plain(*paths[:2])))
    elif what == "match-hashed":
        print(len(match_hashed(*paths[:2])))
    else:
        clean(paths[0], paths[1], paths[2], paths[3], rest[4:])


if __name__ == "__main__":
    main()
