"""Outputs of ours among what PATH arguments reach: told by the manifest above a shard.

A shard is looked at under the name by which it was reached and under the one that it links to.
A copy of an edition without its manifest, or a hard link elsewhere, cannot be told.
"""

import glob as globbing
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from relaion.errors import InputError
from relaion.paths import ShardPath, shown

MANIFEST = "manifest.json"
AUDIT = "audit.duckdb"
WORK_PLAN = ".work/plan.json"


@dataclass(frozen=True)
class OurOutput:
    """A folder that `clean` made, or began; its manifest is None where the run broke off."""

    folder: Path
    manifest: dict[str, Any] | None = field(compare=False)

    @property
    def editions(self) -> tuple[str, ...]:
        """The names of its editions; none where the manifest does not say."""
        return tuple(str(e["name"]) for e in (self.manifest or {}).get("editions", ()))

    @property
    def example(self) -> str:
        """An edition to name in place of the whole."""
        return shown(self.folder / (self.editions or ("research",))[0])


@dataclass(frozen=True)
class OwnedShard:
    """A shard of an output, and the folder there (an edition's name) that it lies in."""

    output: OurOutput
    edition: str


class Owners:
    """Finds the output that a file belongs to; every folder is looked at once."""

    def __init__(self) -> None:
        self._known: dict[Path, OurOutput | None] = {}

    def at(self, folder: Path) -> OurOutput | None:
        """The output that has its top here, if any."""
        if folder not in self._known:
            self._known[folder] = _output(folder)
        return self._known[folder]

    def of(self, path: Path) -> OwnedShard | None:
        """The output that a file lies in, by its own name or by what it links to."""
        # by its own name `a/OUT/../b` seems to lie in OUT
        names = [path.resolve(), *([] if ".." in path.parts else [path.absolute()])]
        for name in names:
            for folder in name.parents:
                found = self.at(folder)
                if found is not None:
                    parts = name.relative_to(folder).parts
                    top = OurOutput(folder.resolve(), found.manifest)
                    return OwnedShard(top, parts[0] if len(parts) > 1 else "")
        return None


def _output(folder: Path) -> OurOutput | None:
    manifest = _manifest(folder / MANIFEST)
    if manifest is not None or (_is_file(folder / MANIFEST) and _is_file(folder / AUDIT)):
        return OurOutput(folder, manifest or {})
    return OurOutput(folder, None) if _is_file(folder / WORK_PLAN) else None


def _manifest(path: Path) -> dict[str, Any] | None:
    """A manifest of ours; None for none, and for a file of that name that others made."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    ours = isinstance(found, dict) and {"relaion", "run", "outputs"} <= set(found)
    return found if ours else None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except PermissionError:  # it lies in the private folder of somebody's run
        return True


def refuse_outputs(paths: Sequence[Path | str], shards: Iterable[ShardPath]) -> None:
    """Refuse inputs that are outputs as a whole: every row would count once for each edition.

    One edition by itself is an input like another. Raises InputError.
    """
    owners = Owners()
    tops = tops_of(paths)
    seen: dict[Path, OwnedShard] = {}
    for shard in shards:
        for folder in entered(shard.path, tops):
            found = owners.at(folder)
            if found is not None:
                raise InputError(_whole(found))
        owned = owners.of(shard.path)
        if owned is None:
            continue
        first = seen.setdefault(owned.output.folder, owned)
        if first.edition != owned.edition:
            raise InputError(_whole(owned.output))


def _whole(found: OurOutput) -> str:
    where = shown(found.folder)
    if found.manifest is None:
        return (
            f"{where}: holds a run that broke off, so it is no input; finish that run, or "
            f"remove what it left (`relaion clean` with --out {where} --purge), or name other "
            "folders"
        )
    return (
        f"{where}: is a finished output, whose editions hold the same rows more than once; name "
        f"one of them ({found.example}), or folders apart from it"
    )


def tops_of(paths: Sequence[Path | str]) -> frozenset[Path]:
    """The folders that PATH arguments name, by themselves or by a pattern."""
    found: set[Path] = set()
    for given in map(Path, paths):
        if given.is_dir():
            found.add(given)
        elif not given.exists():
            found.update(map(Path, globbing.glob(str(given), recursive=True)))  # noqa: PTH207
    return frozenset(found)


def entered(shard: Path, tops: frozenset[Path]) -> Iterator[Path]:
    """The folders that were walked through to reach a shard, from the outermost PATH on."""
    parents = list(shard.parents)
    outermost = max((i for i, p in enumerate(parents) if p in tops), default=-1)
    yield from parents[: outermost + 1]
