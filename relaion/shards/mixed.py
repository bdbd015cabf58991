"""Words for subsets whose shards do not all have one layout."""

from collections.abc import Sequence
from itertools import groupby

from relaion.paths import shown
from relaion.shards.claims import NOUNS, ROLES
from relaion.shards.digests import ENCODINGS
from relaion.shards.layout import Group
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
    for role, column in here.roles.items():
        other = rule.roles.get(role)
        if column.encoding and other and other.encoding and other.encoding != column.encoding:
            told.append(
                f"{NOUNS[role]} in {ENCODINGS[column.encoding]} "
                f"instead of {ENCODINGS[other.encoding]}"
            )
    return "; ".join(told) or "other columns, the same roles"
