"""img2dataset's `_stats.json`, the counts of one shard, without the rows that left."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from relaion.copies.form import Rewritten
from relaion.errors import InputError
from relaion.paths import atomic_write, shown

_LARGEST = 64 << 20  # it holds up to 100,000 messages
_COUNTERS = {
    "success": "successes",
    "failed_to_download": "failed_to_download",
    "failed_to_resize": "failed_to_resize",
}
"""By a row's `status`: the counter that counts it."""

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


def without(path: Path, target: Path, left_by_status: Mapping[str, int]) -> Rewritten:
    """Write the stats of a shard at `target`, less the rows that left.

    `left_by_status` counts these by their `status`, and those that failed by their
    `error_message` as well: img2dataset counts failures under both. A message whose rows all left
    is told no more. Everything else stays byte for byte. Raises InputError for a file of another
    shape, or that counts fewer rows than left.
    """
    data = _read(path)
    found, layout, end = _parsed(path, data)
    _lower(path, found, "count", sum(left_by_status.get(status, 0) for status in _COUNTERS))
    for status, counter in _COUNTERS.items():
        _lower(path, found, counter, left_by_status.get(status, 0))
    statuses = found["status_dict"]
    for status, left in left_by_status.items():
        if status in statuses:  # img2dataset forgets rare messages
            statuses[status] -= min(left, statuses[status])
            if not statuses[status] and left:
                del statuses[status]
    changed = (json.dumps(found, **layout) + end).encode("utf-8", "surrogatepass")
    with atomic_write(target) as part:
        part.write_bytes(changed)
    return Rewritten(found["count"], len(changed), hashlib.sha256(changed).hexdigest())


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
