"""Words for subsets whose shards do not all have one layout."""

from collections.abc import Sequence
from itertools import groupby

from relaion.paths import shown
from relaion.shards.claims import NOUNS, ROLES
from relaion.shards.layout import Group
from relaion.shards.overrides import listed
from relaion.shards.roles import Layout

_TOLD = 3  # layouts of one subset


def mixed_notices(groups: Sequence[Group]) -> tuple[str, ...]:
    """A line for each of the first groups that differ from the largest one of their subset."""
    notices = []
    for subset, members in groupby(groups, key=lambda g: g.subset):
        together = list(members)
        total = sum(len(group.shards) for group in together)
        rule = max(together, key=lambda g: len(g.shards))
        others = [group for group in together if group is not rule]
        for group in others[:_TOLD]:
            notices.append(
                f"subset {shown(subset)}: {len(group.shards)} of {total} shards have another "
                f"layout ({_difference(group.layout, rule.layout)}), such as "
                f"{shown(group.shards[0].name)}"
            )
        if others[_TOLD:]:
            notices.append(f"subset {shown(subset)}: and {len(others) - _TOLD} layouts more")
    return tuple(notices)


def _difference(here: Layout, rule: Layout) -> str:
    """How one layout differs from another, by what it means for matching."""
    lacks = [NOUNS[r] for r in ROLES if r in rule.roles and r not in here.roles]
    has = [NOUNS[r] for r in ROLES if r in here.roles and r not in rule.roles]
    told = []
    if lacks:
        told.append(f"without {', '.join(lacks)}")
    if has:
        told.append(f"with {', '.join(has)}")
    for role in ROLES:
        ours, theirs = ([c.name for c in x.playing(role)] for x in (here, rule))
        if ours and theirs and ours != theirs:
            told.append(f"{NOUNS[role]} in {listed(ours)} instead of {listed(theirs)}")
    return "; ".join(told) or "other columns, the same roles"
