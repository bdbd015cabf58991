"""A 20 KB shard with every byte flipped, and cut at every byte: what becomes of it?

Each damaged file is read as the search reads it and rewritten as the writer does. It may be
refused in one line, or be written as undamaged, or be written true to what the damaged file
says (a flipped bit of a caption is a caption). Never another row, an unknown error, a crash.
Every so many bytes the whole of `clean` is run on it as well.
"""

import hashlib
import os
import random
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from relaion.engine import Engine, connect
from relaion.errors import EngineError, RelaionError, StopError
from relaion.parquet.writer import Target, write_editions
from relaion.run.sources import sources
from relaion.run.survey import read_inputs
from relaion.sqlset import VERSION
from tests.faults.kills import Row
from tests.faults.world import LISTED, MD5, run
from tests.pipeline import Sent, add_lists

SECONDS = 60  # without an answer: it hangs
DROPPED = 3
_SCAN = (
    "select count(*), count(url), sum(length(url)), count(image_md5), count(text), sum(punsafe), "
    "sum(row_hash::hugeint) from shard"
)
FOOTER, SEARCH, WRITER = "refused: footer", "refused: search", "refused: writer"
SAME, TRUE, BYTES = "written as undamaged", "written as it stands", "written, no longer text"
FINE = (FOOTER, SEARCH, WRITER, SAME, TRUE, BYTES)


def shard(path: Path, size: int = 20_000) -> None:
    """A shard of about so many bytes, as others write them: snappy, dictionaries, statistics."""
    rng = random.Random(5)
    n = size // 115
    rows = [
        {
            "URL": f"https://h{rng.randrange(50)}.example/{rng.getrandbits(48):x}.jpg",
            "TEXT": " ".join(rng.choice(("a", "red", "cat", "on", "wood")) for _ in range(6)),
            "hash": rng.getrandbits(62),
            "punsafe": rng.random(),
            "md5": f"{rng.getrandbits(128):032x}",
            "WIDTH": rng.randrange(2000),
        }
        for _ in range(n)
    ]
    rows[DROPPED] |= {"URL": LISTED, "md5": MD5}
    schema = pa.schema(
        [("URL", pa.string()), ("TEXT", pa.string()), ("hash", pa.int64()),
         ("punsafe", pa.float32()), ("md5", pa.string()), ("WIDTH", pa.int32())]
    )  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema), path, row_group_size=n // 2)


def flipped(data: bytes, place: int) -> bytes:
    """The same bytes but for one, in which some bits are flipped (which, differs by place)."""
    pattern = hashlib.sha256(place.to_bytes(4, "big")).digest()[0] or 1
    return data[:place] + bytes([data[place] ^ pattern]) + data[place + 1 :]


def cut(data: bytes, place: int) -> bytes:
    """The first so many bytes."""
    return data[:place]


def outcome(engine: Engine, path: Path, out: Path, good: pa.Table) -> str:
    """What becomes of one damaged file; a name that is not in FINE is a finding."""
    try:
        inputs = read_inputs([path], {})
    except RelaionError as e:
        return _line(FOOTER, e)
    try:
        engine.view_shards(sources(inputs.shards), VERSION)
        engine.rows(_SCAN)
    except EngineError as e:
        return _line(SEARCH, e)
    try:
        write_editions(path, [Target(out, pa.array([DROPPED]))])
    except RelaionError as e:
        return _line(WRITER, e)
    written = _read(out)
    if written is not None and written.equals(good):
        return SAME
    source = _read(path)
    if source is None or written is None:
        return BYTES if source is None and written is None else "WRITTEN ANOTHER WAY"
    keep = pa.array([i != DROPPED for i in range(source.num_rows)])
    return TRUE if _same(written, source.filter(keep)) else "OTHER ROWS"


def _line(where: str, error: RelaionError) -> str:
    text = str(error)
    return where if "\n" not in text and "planted" not in text else f"NOT ONE LINE: {where}"


def _read(path: Path) -> pa.Table | None:
    try:
        table = pq.ParquetFile(path).read()
        table.validate(full=True)
        return table
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        return None


def _same(a: pa.Table, b: pa.Table) -> bool:
    # NaN equals NaN, whatever its bits
    return a.schema.equals(b.schema) and repr(a.to_pylist()) == repr(b.to_pylist())


Mutate = Callable[[bytes, int], bytes]


def tabulate(
    folder: Path, what: str, mutate: Mutate, every: int = 1, size: int = 20_000
) -> list[Row]:
    """Try every so many places of a shard, in children that may crash or hang."""
    original = folder / "original.parquet"
    shard(original, size)
    data = original.read_bytes()
    places = list(range(0, len(data), every))
    found: Counter[str] = Counter()
    while places:
        seen = _in_child(folder, data, mutate, places)
        found.update(seen)
        if len(seen) < len(places):  # the next one ended the child
            found[f"CRASH OR HANG at byte {places[len(seen)]}"] += 1
        places = places[len(seen) + 1 :]
    return _table(what, found)


def _table(what: str, found: Counter[str]) -> list[Row]:
    total = sum(found.values())
    told = ", ".join(f"{n:,} {name}" for name, n in found.most_common())
    return [(what, total, told)]


def _in_child(folder: Path, data: bytes, mutate: Mutate, places: Sequence[int]) -> list[str]:
    """Outcomes of the places in order, as far as the child came."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _serve(folder, data, mutate, places, writer)
    os.close(writer)
    seen = []
    with os.fdopen(reader, "r", encoding="utf-8") as lines:
        signal.signal(signal.SIGALRM, lambda *_: os.kill(pid, signal.SIGKILL))
        signal.alarm(SECONDS)
        for line in lines:
            signal.alarm(SECONDS)
            seen.append(line.rstrip("\n"))
        signal.alarm(0)
    os.waitpid(pid, 0)
    return seen


def _serve(folder: Path, data: bytes, mutate: Mutate, places: Sequence[int], writer: int) -> None:
    damaged, out = folder / "in/p.parquet", folder / "out.parquet"
    damaged.parent.mkdir(exist_ok=True)
    whole = pq.ParquetFile(pa.BufferReader(data)).read()
    good = whole.filter(pa.array([i != DROPPED for i in range(whole.num_rows)]))
    with os.fdopen(writer, "w", encoding="utf-8", buffering=1) as said, connect() as engine:
        for place in places:
            damaged.write_bytes(mutate(data, place))
            try:
                name = outcome(engine, damaged, out, good)
            except BaseException as e:
                name = f"UNKNOWN {type(e).__name__} at byte {place}"
            said.write(name + "\n")
    os._exit(0)


def pipeline(folder: Path, every: int, size: int = 20_000) -> list[Row]:
    """Run the whole of `clean` over a good shard and a damaged one, for every so many bytes."""
    shard(folder / "data/en/good.parquet", size)
    data = (folder / "data/en/good.parquet").read_bytes()
    add_lists(folder / "lists.duckdb", [Sent((("image_md5", MD5), ("url", LISTED)))])
    damaged = folder / "data/en/p.parquet"
    found: Counter[str] = Counter()
    for place in range(every // 2, len(data), every):
        damaged.write_bytes(flipped(data, place))
        try:
            run(folder, editions=["research"])
            source, kept = _read(damaged), _read(folder / "out/research/en/p.parquet")
            found[_judged(source, kept)] += 1
        except StopError as e:
            text = str(e)
            named = "p.parquet: " in text and "1 of 2 shards failed" in text and "\n" not in text
            found["named, the other one written" if named else f"OTHERWISE: {text}"] += 1
            if not (folder / "out/research/en/good.parquet").exists():
                found["THE OTHER ONE IS LACKING"] += 1
        except RelaionError as e:
            found[f"OTHERWISE: {e}"] += 1
        shutil.rmtree(folder / "out", ignore_errors=True)
    return _table("clean with one flipped byte in one of two shards", found)


def _judged(source: pa.Table | None, kept: pa.Table | None) -> str:
    if source is None or kept is None:
        return BYTES if source is kept else "WRITTEN ANOTHER WAY"
    mask = [
        not (url == LISTED or md5 == MD5)
        for url, md5 in zip(
            source.column("URL").to_pylist(), source.column("md5").to_pylist(), strict=True
        )
    ]
    return (
        "written, listed rows gone" if _same(kept, source.filter(pa.array(mask))) else "OTHER ROWS"
    )


def findings(rows: Sequence[Row]) -> list[str]:
    """What ought not to be: the outcomes that begin with a word in capitals."""
    told = [
        text.split(" ", 1)[1] for _, _, line in rows for text in line.split(", ") if " " in text
    ]
    return [text for text in told if text.split()[0].strip(":").isupper()]


def flips(folder: Path, every: int) -> list[Row]:
    """Flip every so many bytes of a 20 KB shard."""
    return tabulate(folder, "one byte flipped in a 20 KB shard", flipped, every)


def cuts(folder: Path, every: int) -> list[Row]:
    """Cut a 20 KB shard at every so many bytes."""
    return tabulate(folder, "a 20 KB shard cut off", cut, every)
