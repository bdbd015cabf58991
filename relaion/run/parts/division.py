"""Parts of one clean, for many machines: how shards are divided, and what a part notes.

Every part surveys all inputs, so that all have one plan and one numbering; it searches and writes
its own shards only. What decides over all of them (`same_link`, cover, the stops) is done where
the parts are joined.
"""

import heapq
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from relaion.errors import InputError
from relaion.lists.key import hmac_digest
from relaion.paths import shown, typed
from relaion.run.journal import FOUND, JOINED, MADE, WRITTEN, Entry, Journal
from relaion.run.outputs import MERGED
from relaion.run.plan_note import PLAN, damaged, left, spoiled
from relaion.run.settings import Plan
from relaion.run.survey import Inputs

FIND_PHASE, WRITE_PHASE = PHASES = ("find", "write")
_SHARE = re.compile(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})")
_SHORT = 16  # hex digits that tell a footer from another one
SIDECARS_STEP = "sidecars"  # the one step without shards that every part does for itself
SEARCH_AGAIN = (
    "run the `relaion clean ... --phase find` of every part again, then this `relaion merge`"
)
_MERGED = (
    "was merged already, and its files are in the OUT of that merge; to begin anew, remove this "
    "folder or name another one"
)
MERGE_NEXT = "`relaion merge PART... --phase find` with all parts"


@dataclass(frozen=True)
class Share:
    """Part `no` of `of` parts; the first is 1."""

    no: int
    of: int

    def __str__(self) -> str:
        return f"{self.no}/{self.of}"


def share_of(text: str) -> Share:
    """Read `2/8`; raises InputError for anything else."""
    found = _SHARE.fullmatch(text.strip())
    if found is not None and int(found[1]) > int(found[2]):
        raise InputError(
            f"--shards {found[0]}: there are {found[2]} parts, the last is {found[2]}/{found[2]}"
        )
    if found is None:
        raise InputError(
            f"--shards {typed(text)}: write which part of how many, such as 1/8 to 8/8"
        )
    return Share(int(found[1]), int(found[2]))


def check_phase(shards: str | None, phase: str | None) -> Share | None:
    """The share that is asked for, None for a whole run; raises InputError for half of both."""
    if shards is None and phase is None:
        return None
    if shards is None:
        raise InputError("--phase: is for one part of many; say which with --shards, such as 1/8")
    share = share_of(shards)
    if phase not in PHASES:
        said = "add" if phase is None else f"--phase {typed(phase)}: write"
        raise InputError(
            f"--shards {share}: {said} --phase find to search, and after `relaion merge` "
            "--phase write to write"
        )
    return share


def divided(sizes: Sequence[int], of: int) -> list[int]:
    """The part (1 to `of`) of each shard, by its bytes in order of number.

    The largest first, each to the part that has the fewest bytes; of equals to the first.
    """
    parts = [(0, 0, no) for no in range(1, of + 1)]
    found = [0] * len(sizes)
    for size, no in sorted((-size, no) for no, size in enumerate(sizes)):
        held, shards, part = parts[0]
        found[no] = part
        heapq.heapreplace(parts, (held - size, shards + 1, part))
    return found


def own_of(plan: Plan, share: Share) -> frozenset[int]:
    """The numbers of the shards of a part."""
    parts = divided(sizes_of(plan), share.of)
    return frozenset(no for no, part in enumerate(parts) if part == share.no)


def sizes_of(plan: Plan) -> list[int]:
    """The bytes of each shard, in order of number."""
    return [int(item["bytes"]) for item in plan.inputs]


def note_of(share: Share, key: bytes, inputs: Inputs, said: Mapping[str, Any]) -> dict[str, Any]:
    """What a part notes beside its plan: private. `said` are the arguments that a merge may need.

    Footers tell whether the parts have the same data, as far as that costs nothing.
    """
    return {
        "share": [share.no, share.of],
        "key": key_digest(key),
        "footers": [n.shard.footer[:_SHORT] for n in inputs.shards],
        "said": dict(said),
    }


def key_digest(key: bytes) -> str:
    """By what parts under one curator key are told: nobody can tell the key of it."""
    return hmac_digest(key, sha256(b"relaion part 1").hexdigest())


def others(work: Path) -> set[tuple[str, str]]:
    """The shards (subset, name) that were other parts' by then: this one did nothing with them."""
    found = note_at(work)
    if found is None:
        return set()
    share, plan, _ = found
    mine = own_of(plan, share)
    return {(x["subset"], x["shard"]) for no, x in enumerate(plan.inputs) if no not in mine}


def note_at(work: Path) -> tuple[Share, Plan, dict[str, Any]] | None:
    """What a part noted when it was begun: its share, plan and the rest; None where none was."""

    def read(note: Any) -> tuple[Share, Plan, dict[str, Any]]:
        share, plan = share_of("/".join(map(str, note["part"]["share"]))), Plan(**note["plan"])
        sizes_of(plan)  # has it all?
        return share, plan, {**note["part"], "said": dict(note["part"]["said"])}

    try:
        return left(work, read)
    except InputError:
        return None


def refuse_merged(part: Path) -> None:
    """Raise InputError for a part of which nothing is left to go on with."""
    found = merged_at(part)
    if found is not None:
        no, of = found["share"]
        raise InputError(f"{shown(part)}: part {no}/{of} {_MERGED}")


def merged_at(part: Path) -> dict[str, Any] | None:
    """What a merge left of a part: its run and share; None where none was merged.

    Raises InputError where that is not as it was written.
    """
    if (path := damaged(part, MERGED)) is not None:
        raise InputError(f"{spoiled(path)}of which run it was left; this part {_MERGED}")
    return left(part, lambda x: {"run": str(x["run"]), "share": list(map(int, x["share"]))}, MERGED)


def refuse_unsearched(part: Path, work: Path, share: Share) -> None:
    """Raise InputError where a part is to be written of which nothing is there, or is known."""
    refuse_merged(part)
    refuse_damaged(work)
    if not (work / PLAN).exists():
        raise InputError(
            f"{shown(part)}: part {share} was not searched yet; run the same command with "
            "--phase find first"
        )


def refuse_damaged(work: Path) -> None:
    """Raise InputError where a part left a note that is not as it was written."""
    if (path := damaged(work)) is not None:
        raise InputError(
            f"{spoiled(path)}what its part had done; repeat `relaion clean` for this part with "
            "--phase find"
        )


# -- What parts and their merge tell each other by the journal ---------------------------------


@dataclass(frozen=True)
class Joined:
    """What a merge left in a part.

    `of` is the digest of all that it knew, `asks` the step that is to be searched next, empty
    where all is found. `made` are digests of the steps that it left, `seen` of what it took from
    this part: where any of these is gone, nothing of it holds any more.
    """

    of: str
    asks: str
    made: dict[str, str]
    seen: dict[str, str]

    @classmethod
    def at(cls, journal: Journal) -> "Joined | None":
        """The one of a part; None where it was not joined, or has searched shards anew since."""
        found = journal.get(JOINED, "", lambda value: cls(**value))
        if found is None or not found.seen.items() <= seen_of(journal).items():
            return None
        return found


def seen_of(journal: Journal) -> dict[str, str]:
    """A digest of each entry of what was found in shards."""
    return {entry.name: digest_of(entry) for entry in journal.entries(FOUND)}


def digest_of(entry: Entry) -> str:
    """A digest of an entry, with the files that it vouches for."""
    text = json.dumps(entry, sort_keys=True)
    return sha256(text.encode("ascii")).hexdigest()


def found_by_all(journal: Journal, joined: Joined, name: str) -> dict[str, Any] | None:
    """What a merge found by a step, where it left it and its files are whole."""
    for entry in journal.entries(MADE):
        if entry.name == name and digest_of(entry) == joined.made.get(name):
            return journal.read(entry, lambda value: dict(value["found"]))
    return None


def written(journal: Journal, joined: Joined) -> dict[str, Any] | None:
    """What a part that is written knows; None where it is not, or was joined anew since."""

    def of_now(value: dict[str, Any]) -> dict[str, Any]:
        if value["of"] != joined.of:
            raise LookupError
        return value

    return journal.get(WRITTEN, "", of_now)
