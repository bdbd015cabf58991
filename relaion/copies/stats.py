"""img2dataset's `_stats.json`, the counts of one shard, without the rows that left."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from relaion.copies.form import Rewritten, bare_keys
from relaion.errors import InputError
from relaion.paths import atomic_write, shown

_LARGEST = 64 << 20  # it holds up to 100,000 messages
_COUNTERS = {
    "success": "successes",
    "failed_to_download": "failed_to_download",
    "failed_to_resize": "failed_to_resize",
}
"""By a row's `status`: the counter that counts it."""

_TOLD = ("status", "error_message", "key")

# Python's errors quote what they stumbled over: a link of a bad scheme, a path with a blank in it,
# a host whose certificate is another's, where a server sent them
_MAY_QUOTE = re.compile(r"[/%'\"]|url type|\.[^\W\d_]")
_OF_SSL = re.compile(
    r"\(_ssl\.c:[0-9]+\)"
)  # stands in most errors of TLS, and is no name of a host

_LAYOUTS: tuple[dict[str, Any], ...] = tuple(
    {"indent": indent, "separators": separators, "ensure_ascii": is_ascii}
    for indent, separators in (
        (4, (",", ": ")),
        (2, (",", ": ")),
        (None, (", ", ": ")),
        (None, (",", ":")),
    )
    for is_ascii in (True, False)
)


@dataclass(frozen=True)
class Left:
    """Attempts that left a shard: by `status`, how many else failed, and by `error_message`.

    `standing` are messages of rows that stay.
    """

    statuses: Mapping[str, int]
    failed: int = 0
    messages: Mapping[str, int] = field(default_factory=dict)
    standing: frozenset[str] = frozenset()


def left_of(rows: Path | None, samples: Path | None, gone: pa.ChunkedArray) -> Left:
    """What left, by the parquet file of its attempts and the index of its tar, if there are any.

    Without rows what left are samples: all of them were downloaded. A row without a status that
    img2dataset writes was downloaded if its sample is in the tar.
    """
    if rows is None:
        return Left({"success": len(gone)})
    with pq.ParquetFile(rows) as file:
        names = [n for n in _TOLD if file.schema_arrow.names.count(n) == 1]
        n = file.metadata.num_rows
        read = file.read(names)
    none = pa.chunked_array([pa.nulls(n)])
    columns = {name: read[name] if name in names else none for name in _TOLD}
    statuses, messages = (columns[name].take(gone).to_pylist() for name in _TOLD[:2])
    if samples is not None and "key" in names:
        there = set(bare_keys(pq.read_table(samples, columns=["key"])["key"]).to_pylist())
        is_there = [key in there for key in bare_keys(columns["key"].take(gone)).to_pylist()]
    else:
        is_there = [message is None for message in messages]
    found = [_text(status) for status in statuses]
    found = [
        status if status in _COUNTERS else "success" if here else None
        for status, here in zip(found, is_there, strict=True)
    ]
    stays = pc.invert(pc.is_in(pa.array(range(n), pa.int64()), value_set=gone))
    standing = columns["error_message"].filter(stays).unique().to_pylist()
    return Left(
        Counter(status for status in found if status is not None),
        found.count(None),
        Counter(text for m in messages if (text := _text(m)) is not None),
        frozenset(text for m in standing if (text := _text(m)) is not None),
    )


def tells_more(path: Path, left: Left) -> bool:
    """Whether stats hold a message that may quote a link, of no row that is there."""
    try:
        found, _, _ = _parsed(path, _read(path))
    except InputError:  # nothing left its shard, so it need not be written
        return False
    return any(_is_others(message, left) for message in found["status_dict"])


def _is_others(message: str, left: Left) -> bool:
    return message not in left.standing and bool(_MAY_QUOTE.search(_OF_SSL.sub("", message)))


def without(path: Path, target: Path, left: Left) -> Rewritten:
    """Write the stats of a shard at `target`, less the rows that left.

    img2dataset counts failures by their message as well. One whose rows all left is told no more;
    nor is one that may quote a link, where no row that stays has it. Where failures were at least
    as many as their messages count, they stay so. Everything else stays byte for byte. Raises
    InputError for a file of another shape, or that counts fewer rows than left.
    """
    data = _read(path)
    found, layout, end = _parsed(path, data)
    agreed = _untold(found) >= 0
    _lower(path, found, "count", sum(left.statuses.values()) + left.failed)
    for status, counter in _COUNTERS.items():
        _lower(path, found, counter, left.statuses.get(status, 0))
    failed = left.failed
    for counter in ("failed_to_download", "failed_to_resize"):  # nobody knows which of them
        some = min(failed, found[counter])
        failed -= some
        found[counter] -= some
    statuses = found["status_dict"]
    gone = Counter(left.messages)
    gone["success"] += left.statuses.get("success", 0)
    for message in [*statuses]:
        n = gone[message]
        statuses[message] -= min(n, statuses[message])  # img2dataset forgets rare messages
        if (n and not statuses[message]) or _is_others(message, left):
            del statuses[message]
    if agreed:  # without messages nobody knows which of them left; those of rows that stay, last
        for message in sorted(statuses, key=lambda m: m in left.standing):
            some = min(statuses[message], max(-_untold(found), 0)) if message != "success" else 0
            statuses[message] -= some
            if some and not statuses[message]:
                del statuses[message]
    changed = (json.dumps(found, **layout) + end).encode("utf-8", "surrogatepass")
    with atomic_write(target) as part:
        part.write_bytes(changed)
    return Rewritten(found["count"], len(changed), hashlib.sha256(changed).hexdigest())


def _untold(found: dict[str, Any]) -> int:
    """Failures that no message counts; below zero where messages count more than failed."""
    statuses = found["status_dict"]
    told = sum(statuses.values()) - statuses.get("success", 0)
    return int(found["failed_to_download"] + found["failed_to_resize"] - told)


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return None if value is None else str(value)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as f:
            return f.read(_LARGEST)
    except OSError as e:
        raise InputError(f"{shown(path)}: cannot be read ({e.strerror}); check the file") from None


def _parsed(path: Path, data: bytes) -> tuple[dict[str, Any], dict[str, Any], str]:
    """The stats, the layout in which they are written, and what ends them."""
    other = InputError(
        f"{shown(path)}: is not the stats file of a shard as img2dataset writes it; take it out "
        "of the folder, or get it again"
    )
    try:
        text = data.decode("utf-8")
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise other from None
    statuses = found.get("status_dict") if isinstance(found, dict) else None
    if not isinstance(statuses, dict):
        raise other
    counts = [found.get(name) for name in ("count", *_COUNTERS.values())]
    if not all(type(n) is int and n >= 0 for n in (*counts, *statuses.values())):
        raise other
    end = "\n" if text.endswith("\n") else ""
    for layout in _LAYOUTS:  # written as it was, or not at all
        if json.dumps(found, **layout) + end == text:
            return found, layout, end
    raise other


def _lower(path: Path, found: dict[str, Any], counter: str, left: int) -> None:
    if found[counter] < left:
        raise InputError(
            f"{shown(path)}: {counter} is {found[counter]}, but {left} rows leave its shard; it "
            "belongs to another one, take it out of the folder"
        )
    found[counter] -= left
