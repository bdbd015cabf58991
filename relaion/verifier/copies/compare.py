"""Is a file of OUT the file of the copy without what leaves it, and nothing else?"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from relaion.errors import InputError
from relaion.verifier.compare import (
    Cursor,
    Differences,
    Judged,
    compare_schemas,
    differing,
    explain,
    row_digests,
)
from relaion.verifier.copies.records import bare_key, text_units
from relaion.verifier.copies.statement import PARQUET, SAMPLES, CopyLine
from relaion.verifier.copies.tars import tar_units
from relaion.verifier.rows import batches, schema_of
from relaion.verifier.verdict import Notes, count

_MANY = 8_192
_ENDS = hashlib.sha256(bytes(1024)).digest()  # of a tar that holds nothing
_NOTHING = hashlib.sha256(b"").digest()


@dataclass(frozen=True)
class FilePair:
    """A file before and after; `gone` is a mask of its records."""

    source: Path
    target: Path
    line: CopyLine
    named: tuple[tuple[str, str], ...]
    gone: pa.Array


def compare_files(pair: FilePair) -> Notes:
    """What was lost, stayed against the rules, came from elsewhere or was changed."""
    notes = Notes()
    where = pair.line.name
    try:
        if pair.line.form == PARQUET:
            _parquet(pair, notes)
            return notes
        noun = "member" if pair.line.form == SAMPLES else "line"
        if not _same(_units(pair), _others(pair)):
            found = explain(lambda: _units(pair), (rows for rows, _ in _others(pair)))
            _say(where, found, noun, notes)
    except InputError:
        notes.unreadable(where)
    return notes


# -- parquet ---------------------------------------------------------------------------------------


def _parquet(pair: FilePair, notes: Notes) -> None:
    where = pair.line.name
    said, pairs = compare_schemas(pair.source, pair.target)
    for sentence in said:
        notes.find("2", where, sentence)
    left, right = [i for i, _ in pairs], [j for _, j in pairs]
    cursor = Cursor(batches(pair.target))
    changed: set[int] = set()
    whole = True
    for batch, gone in _judged(pair):
        kept = batch.filter(pc.invert(gone))
        there = cursor.take(kept.num_rows)
        if sum(b.num_rows for b in there) != kept.num_rows:
            whole = False
            break
        changed |= set(differing(kept, there, pairs))
    if (changed or not whole or not cursor.is_done()) and pairs:
        found = explain(
            lambda: ((row_digests(b, left), gone.to_pylist()) for b, gone in _judged(pair)),
            (row_digests(b, right) for b in batches(pair.target)),
        )
        _say(where, found, "row", notes)


def _judged(pair: FilePair) -> Iterator[tuple[pa.RecordBatch, pa.Array]]:
    start = 0
    for batch in batches(pair.source):
        yield batch, pair.gone.slice(start, batch.num_rows)
        start += batch.num_rows


# -- lines and members -----------------------------------------------------------------------------


def _units(pair: FilePair) -> Iterator[Judged]:
    """What the file of the copy is made of, as numbers, and what of it leaves."""
    if pair.line.form == SAMPLES:
        yield from _in_pieces(_members(pair.source, pair.gone))
        return
    gone = iter(pair.gone.to_pylist())
    units = text_units(pair.source, pair.line, dict(pair.named))
    yield from _in_pieces((hash(u.raw), u.record is not None and next(gone)) for u in units)


def _others(pair: FilePair) -> Iterator[Judged]:
    """What the file of OUT is made of; of text, cut as the lines of the copy are."""
    if pair.line.form == SAMPLES:
        yield from _in_pieces(_members(pair.target, None))
        return
    units = text_units(pair.target, pair.line, dict(pair.named))
    yield from _in_pieces((hash(u.raw), False) for u in units)


def _members(path: Path, gone: pa.Array | None) -> Iterator[tuple[int, bool]]:
    """A tar that has no end blocks, or nothing but them, has none to compare."""
    for digest, leaves in tar_units(path, gone):
        if digest not in (_NOTHING, _ENDS):
            yield hash(digest), leaves


def _in_pieces(units: Iterator[tuple[int, bool]]) -> Iterator[Judged]:
    numbers: list[int] = []
    flags: list[bool] = []
    for number, leaves in units:
        numbers.append(number)
        flags.append(leaves)
        if len(numbers) == _MANY:
            yield numbers, flags
            numbers, flags = [], []
    yield numbers, flags


def _same(source: Iterator[Judged], target: Iterator[Judged]) -> bool:
    kept = (
        n
        for numbers, gone in source
        for n, leaves in zip(numbers, gone or (), strict=True)
        if not leaves
    )
    there = (n for numbers, _ in target for n in numbers)
    end = object()
    while (one := next(kept, end)) == (other := next(there, end)):
        if one is end and other is end:
            return True
    return False


def _say(where: str, found: Differences, noun: str, notes: Notes) -> None:
    if found.too_many:
        notes.find("1b", where, f"so much differs from the copy that its {noun}s were not counted")
        return
    changed = found.changed
    if changed:
        notes.find("2", where, f"{count(changed, noun, 'is')} changed")
    if lost := found.lost - changed:
        notes.find("1b", where, f"{count(lost, noun, 'is')} lost that should have stayed")
    if found.kept:
        notes.find("1a", where, f"{count(found.kept, noun, 'stands')} there that should have left")
    if found.doubled:
        notes.find("1b", where, f"{count(found.doubled, noun, 'stands')} there once too often")
    if added := found.foreign - changed:
        notes.find("1b", where, f"{count(added, noun, 'is')} not of the copy")
    if found == Differences():
        notes.find("2", where, f"its {noun}s are in another order")


# -- the stats of a shard --------------------------------------------------------------------------

_COUNTERS = {
    "success": "successes",
    "failed_to_download": "failed_to_download",
    "failed_to_resize": "failed_to_resize",
}
_HARMLESS = re.compile(r"\(_ssl\.c:[0-9]+\)")
_QUOTING = ("/", "%", "'", '"', "url type")  # of messages: what may be a link, or part of one
_NAMING = re.compile(r"\.[^\W\d_]")


def compare_stats(
    source: Path, target: Path, rows: Path | None, samples: Collection[str] | None, gone: pa.Array
) -> str | None:
    """What is wrong with the counts of a shard, which are the copy's without what left it.

    `rows` is the parquet file of the shard before, `samples` the keys in its tar. Without rows
    what left are samples, which were all downloaded. Messages by which failures are counted may
    quote a link: such a one is there only if a row that stays has it.
    """
    try:
        before, after = (json.loads(path.read_bytes()) for path in (source, target))
        expected = _lowered(before, *_attempts(rows, samples, gone))
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError, AttributeError):
        same = gone.true_count == 0 and source.read_bytes() == target.read_bytes()
        return None if same else "its counts cannot be read"
    return None if expected == after else "its counts are not the copy's without what left"


def _attempts(
    rows: Path | None, samples: Collection[str] | None, gone: pa.Array
) -> tuple[Counter[str], Counter[str], set[str]]:
    """Attempts that left by status (empty where it failed somehow) and message; messages left."""
    if rows is None:
        return Counter({"success": gone.true_count}), Counter(), set()
    statuses, messages, standing = Counter[str](), Counter[str](), set[str]()
    wanted = ("status", "error_message", "key")
    names = [name for name in wanted if schema_of(rows).names.count(name) == 1]
    told = pq.read_table(rows, columns=names).to_pylist() if names else [{}] * len(gone)
    for row, leaves in zip(told, gone.to_pylist(), strict=True):
        status, message, key = (_text(row.get(name)) for name in wanted)
        if not leaves:
            standing |= {message} if message is not None else set()
            continue
        if status not in _COUNTERS:
            is_there = message is None
            if samples is not None and "key" in names:
                is_there = key is not None and bare_key(key) in samples
            status = "success" if is_there else ""
        statuses[status] += 1
        messages[message or ""] += message is not None
    return statuses, messages, standing


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return None if value is None else str(value)


def _lowered(
    stats: dict[str, Any], left: Counter[str], messages: Counter[str], standing: Collection[str]
) -> dict[str, Any]:
    found: dict[str, Any] = {**stats}
    found["count"] -= left.total()
    for status, counter in _COUNTERS.items():
        found[counter] -= left[status]
    of_download = min(left[""], found["failed_to_download"])
    found["failed_to_download"] -= of_download
    found["failed_to_resize"] -= min(left[""] - of_download, found["failed_to_resize"])
    messages = messages + Counter(success=left["success"])
    counts = {}
    for message, n in stats["status_dict"].items():
        bare = _HARMLESS.sub("", message)
        quotes = any(sign in bare for sign in _QUOTING) or _NAMING.search(bare)
        rest = max(n - messages[message], 0)
        if (rest or not messages[message]) and (message in standing or not quotes):
            counts[message] = rest
    failed = ("failed_to_download", "failed_to_resize")
    over = _failures(counts) - sum(found[name] for name in failed)
    if _failures(stats["status_dict"]) > sum(stats[name] for name in failed):
        over = 0  # it never agreed
    for message in [m for wanted in (False, True) for m in counts if (m in standing) is wanted]:
        if message != "success" and counts[message] and over > 0:
            taken = min(over, counts[message])
            over -= taken
            counts[message] -= taken
            if not counts[message]:
                del counts[message]
    return {**found, "status_dict": counts}


def _failures(counts: dict[str, int]) -> int:
    return sum(n for message, n in counts.items() if message != "success")
