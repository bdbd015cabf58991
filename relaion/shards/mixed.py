"""Words for subsets whose shards do not all have one layout."""

from collections.abc import Sequence
from itertools import groupby

from relaion.paths import shown
from relaion.shards.claims import NOUNS, ROLES
from relaion.shards.digests import ENCODINGS
from relaion.shards.layout import Group
from relaion.shards.roles import Layout


def mixed_notices(groups: Sequence[Group]) -> tuple[str, ...]:
    """One line for each group that differs from the largest group of its subset."""
    notices = []
    for subset, members in groupby(groups, key=lambda g: g.subset):
        together = list(members)
        total = sum(len(group.shards) for group in together)
        rule = max(together, key=lambda g: len(g.shards))
        for group in together:
            if group is not rule:
                notices.append(
                    f"subset {shown(subset)}: {len(group.shards)} of {total} shards have another "
                    f"layout ({_difference(group.layout, rule.layout)}), such as "
                    f"{shown(group.shards[0].name)}"
                )
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
