"""What was seen in columns that play no role, and what is said of it in a verdict.

"Clean" is said of what was looked at. A column that holds links or digests and plays no role is
compared with nothing: it is named.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

from relaion.parquet.glossary import IDENTITY, says_link
from relaion.parquet.roles import Column, Layout
from relaion.paths import shown
from relaion.roles import ROLES, WIDTHS

# what values tell, beside the roles of WIDTHS: that they could be such digests
LINKS = "links"
IN_TEXT = "links in text"  # JSON, HTML or the like, in which links stand as values
DIGESTS_IN_TEXT = "digests in text"  # the same of digests, by the names of their members
SEEN = "seen"  # its name says links, and its values do not
UNREAD = "unread"
LARGE = "large"  # on average: images, or pages of text
TOO_LARGE = "not looked into for links and digests, for values are large"
UNLOOKED = "unlooked"
MOST_LEAVES = 1000  # of very wide tables there is no end


class Sight(NamedTuple):
    """What a leaf of a shard was seen to hold, in the words above; or why it was not seen.

    `column` is the position of its column; the others are those of its ValueLeaf.
    """

    column: int
    path: str
    sql: str
    many: bool
    what: str


Sights = frozenset[Sight]
NOTHING: Sights = frozenset()


# -- What is said of them ----------------------------------------------------------------------


def name_other_columns(layout: Layout, sights: Collection[Sight]) -> Layout:
    """Say of columns that play no role, by what was seen in them, that nothing is matched there.

    A column whose name says links, and of which no value was met, is one of them.
    """
    seen: dict[int, list[Sight]] = {}
    for sight in sorted(sights):
        seen.setdefault(sight.column, []).append(sight)
    told = list(layout.columns)
    for column in layout.columns:
        here = seen.get(column.position, [])
        if column.role is None and (said := _said(column, here, layout)):
            told[column.position] = replace(column, why=said[1], claimed=said[0])
    return replace(layout, columns=tuple(told))


Said = tuple[str | None, str]


def _said(column: Column, sights: Sequence[Sight], layout: Layout) -> Said | None:
    """The role that a column looks like, and why nobody looks at it; None for most columns."""
    found: dict[str, list[Sight]] = {}
    for sight in sights:
        found.setdefault(sight.what, []).append(sight)
    digests = {role: found[role] for role in WIDTHS if role in found}
    is_plain = "<" not in column.type
    if is_plain and (column.meaning.startswith(IDENTITY) or (column.why and not column.claimed)):
        digests = {}
        found.pop(DIGESTS_IN_TEXT, None)
    if (LINKS in found or digests) and not is_plain:
        return _said_of_inner(found.get(LINKS, []), digests)
    is_link_by_name = column.type in ("string", "binary") and says_link(column.name)
    if LINKS in found or (is_plain and is_link_by_name and not (sights or column.why)):
        what = "holds links" if found else "its name says links"
        names = [c.name for c in layout.playing("url")]
        say = " ".join(f"--column url={shown(name)}" for name in (*names, column.name))
        return "url", f"{what}, which are not matched; to match them give {say}"
    for role, (sight, *_) in digests.items():
        mine = [f"--column {role}={shown(c.name)}" for c in layout.playing(role)]
        way = f"give {' '.join([*mine, f'--column {role}={shown(column.name)}'])}"
        way = way if sight.sql else "write them in hexadecimal"
        what = f"holds what is as long as {ROLES[role].algorithm}"
        return role, f"{what}, which is not matched; if it is the image's, {way}"
    for kind, role, what in (
        (IN_TEXT, "url", "holds links"),
        (DIGESTS_IN_TEXT, "image_md5", "holds digests"),
    ):
        if kind in found:
            where = "" if is_plain else f" ({_paths(found[kind])})"
            way = "to match them write them as a column of their own"
            return role, f"{what} within JSON or another text{where}, which are not matched; {way}"
    return _said_of_unseen(column, found)


def _said_of_inner(
    links: Sequence[Sight], digests: Mapping[str, Sequence[Sight]]
) -> tuple[str, str]:
    what = [f"links ({_paths(links)})"] if links else []
    for role, sights in digests.items():
        what.append(f"what is as long as {ROLES[role].algorithm} ({_paths(sights)})")
    first = [*links, *chain.from_iterable(digests.values())][0]
    way = f"in DuckDB: {f'unnest({first.sql})' if first.many else first.sql}"
    way = way if first.sql else "in hexadecimal"
    rows = "a row for each of them" if first.many else "a column of them"
    when = "to match them" if links else "if they are of images,"
    said = f"holds {' and '.join(what)} inside, which are not matched; {when} write {rows}"
    return "url" if links else next(iter(digests)), f"{said} ({way})"


def _paths(sights: Sequence[Sight]) -> str:
    found = list(dict.fromkeys(sight.path for sight in sights))
    more = f" and {len(found) - 3} more" if found[3:] else ""
    return ", ".join(found[:3]) + more


def _said_of_unseen(column: Column, found: Mapping[str, Sequence[Sight]]) -> Said | None:
    if UNREAD in found:
        return "url", "cannot be read, so nobody knows whether it holds links"
    if UNLOOKED in found:
        why = f"it, and what stands behind it, was not looked into for links: over {MOST_LEAVES:,}"
        return "url", f"{why} such columns"
    if "<" in column.type and (column.claimed == "url" or column.claimed in WIDTHS):
        return column.claimed, f"{column.why}; to match them write them as a column of their own"
    if LARGE in found and not column.why:
        return None, f"{TOO_LARGE}: {_paths(found[LARGE])}"
    return None
