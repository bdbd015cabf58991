"""An edition that was copied out of its OUT: the manifest that tells of it may lie near.

Nothing within a shard says who made it, for a curator's shards stay as they were. So a copy is
known by the names, rows and bytes of all its shards, as a manifest near it states them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from relaion.run.numbered import Numbered
from relaion.run.outputs import MANIFEST, OurOutput, Owners

_ABOVE, _MOST = 2, 1_000  # folders above what was named, and folders in each that are looked at


def edition_near(paths: Iterable[Path], shards: Sequence[Numbered]) -> OurOutput | None:
    """The output near some paths or the current folder that states all of these shards.

    Not one whose inputs they are, too: these lost nothing.
    """
    wanted: Counter[tuple[Any, ...]] = Counter(
        (n.shard.name, n.shard.rows, n.shard.bytes) for n in shards if n.shard.rows
    )
    owners = Owners()
    for folder in _folders(paths) if wanted else ():
        found = owners.at(folder)
        made = found.manifest if found is not None else None
        if made:
            stated: dict[str, Counter[tuple[Any, ...]]] = {}
            for line in made["outputs"]:
                stated.setdefault(str(line.get("edition")), Counter())[_told(line)] += 1
            went_in = Counter(map(_told, made.get("inputs", ())))
            if any(wanted <= of for of in stated.values()) and not wanted <= went_in:
                return found
    return None


def _told(line: Mapping[str, Any]) -> tuple[Any, ...]:
    return line.get("shard"), line.get("rows"), line.get("bytes")


def _folders(paths: Iterable[Path]) -> Iterator[Path]:
    """Folders near by that hold a manifest; those that cannot be listed hold none."""
    tops = dict.fromkeys([Path.cwd()])
    for path in paths:
        tops |= dict.fromkeys(path.resolve().parents[: _ABOVE + 1])
    for top in tops:
        try:
            beside = sorted(islice((p for p in top.iterdir() if p.is_dir()), _MOST))
        except OSError:
            continue
        for folder in (top, *beside):
            try:
                if (folder / MANIFEST).is_file():
                    yield folder
            except OSError:
                continue
