"""What each column of a shard means, whatever it is called: roles by name and type.

`assign` looks at names and types only. Where several columns claim a role that one plays,
or are links, `settle` asks which of them hold a value; `describe` looks at some digests, to
say how they are written. A role belongs to a column by position, so names that differ only in
case stay two columns.
"""

import difflib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from relaion.errors import InputError
from relaion.parquet.digests import NONE, DigestReading, Value, is_number, judge
from relaion.parquet.glossary import BY_NAME, Claim, bare_name, claim, misfit
from relaion.paths import shown, typed
from relaion.roles import ROLES, WIDTHS

# what `--column` says: role and name, in the order given; a role may come several times
Overrides = tuple[tuple[str, str], ...]
Columns = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: where it stands, what it is, which role it plays and why.

    `name` is as the file has it, `position` counts from 0, `meaning` is what such a column usually
    holds. `type` is `plain_type`'s. `role` is None where it plays none. `why` says why it plays its
    role, or why it was refused one; it is empty for a column that claims none. `encoding` says how
    most digests that were looked at are written (hex, base64, base32, binary; none); None for other
    roles, and before `describe` has looked. `order` counts the columns of one role from 0.
    `claimed` is the role that a refused column looks like, where a list or a rule would look at its
    values.
    """

    name: str
    position: int
    type: str
    role: str | None
    why: str
    meaning: str
    encoding: str | None
    order: int = 0
    claimed: str | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a shard in their order, and the user's own `--column role=name`."""

    columns: tuple[Column, ...]
    overrides: Overrides = ()

    @property
    def roles(self) -> dict[str, Column]:
        """Role to the first column that plays it; a role that no column plays is missing."""
        return {str(c.role): c for c in self.used if not c.order}

    @property
    def used(self) -> tuple[Column, ...]:
        """Every column that plays a role, by role and in its order."""
        places = {role: place for place, role in enumerate(ROLES)}
        played = [c for c in self.columns if c.role is not None]
        return tuple(sorted(played, key=lambda c: (places[c.role or ""], c.order)))

    def playing(self, role: str) -> tuple[Column, ...]:
        """All columns that play a role, the first one first."""
        return tuple(c for c in self.used if c.role == role)

    @property
    def refused(self) -> tuple[Column, ...]:
        """Columns that look like a role and were refused it, with the reason in `why`."""
        return tuple(c for c in self.columns if c.role is None and c.why)

    @property
    def passed_over(self) -> tuple[Column, ...]:
        """Refused columns whose values a list or a rule would look at (`claimed`)."""
        return tuple(c for c in self.refused if c.claimed is not None)

    @property
    def contested(self) -> tuple[Column, ...]:
        """Columns that could play a role which one alone plays, where the user named none."""
        named = {role for role, _ in self.overrides}
        able = {c: r for c in self.columns if (r := c.role or c.claimed) and not misfit(r, c.type)}
        roles = {able.get(c) for c in self.passed_over} - named - {None}
        return tuple(c for c, role in able.items() if role in roles)


# -- `--column role=name`: the user's word on what a column means, checked against the file ----


def overrides_of(columns: Columns | None) -> Overrides:
    """`columns` (role to one name, or to several) as pairs; names of a role keep their order."""
    return tuple(
        (role, name)
        for role, names in sorted((columns or {}).items())
        for name in ([names] if isinstance(names, str) else names)
    )


def columns_of(
    overrides: Overrides, held: Sequence[str] | None = None
) -> dict[str, str | list[str]]:
    """Pairs as `overrides_of` takes them: a name, or the names of a role that has several.

    Only those that mean one of the columns that are `held`, where these are given.
    """
    names: dict[str, list[str]] = {}
    for role, name in overrides:
        if held is None or named_by(name, held):
            names.setdefault(role, []).append(name)
    return {role: found[0] if len(found) == 1 else found for role, found in names.items()}


def check_overrides(columns: Sequence[Column], overrides: Overrides) -> dict[str, list[Column]]:
    """Role to the columns that the user named for it, in that order, as `named_by` finds them.

    A column without a type, which is NULL in every row, is left out.

    Raises InputError for a role that does not exist, a name that no column or more than one
    has, one column named twice, a type that cannot play the role, and a second column for a
    role that only one can play.
    """
    chosen: dict[str, list[Column]] = {}
    names = [column.name for column in columns]
    for role, name in overrides:
        found = [columns[i] for i in named_by(name, names)]
        said = f"--column {typed(role)}={shown(name) if found else typed(name)}"
        if role not in ROLES:
            raise InputError(f"{said}: no such role; the roles are {', '.join(ROLES)}")
        if not found:
            near = _nearest(name, names)
            raise InputError(f"{said}: no such column; it has {listed(names)}{near}")
        if len(found) > 1:
            many = f"{len(found)} columns have that very name"
            raise InputError(f"{said}: {many}; rename one of them")
        (column,) = found
        if any(column in others for others in chosen.values()):
            raise InputError(f"{said}: that column has another role by --column already")
        if column.type == "null":
            continue  # a writer that met no value in this shard: there is none to look at
        if wrong := misfit(role, column.type, named=True):
            raise InputError(f"{said}: it cannot be used: {wrong}")
        if role in chosen and not ROLES[role].is_many:
            raise InputError(
                f"{said}: {role} was given to {shown(chosen[role][0].name)} already; only links "
                "and image hashes may have several columns, so name one"
            )
        chosen.setdefault(role, []).append(column)
    return chosen


def named_by(name: str, names: Sequence[str]) -> list[int]:
    """Which of some columns' names a user means: that very one, or one that nobody can type.

    Such a name is written as we show it, or without the blanks and marks around it.
    """
    ways: tuple[Callable[[str], str], ...] = (str, shown, bare_name)
    wanted = (name, name, bare_name(name))
    for way, said in zip(ways, wanted, strict=True):
        if found := [i for i, known in enumerate(names) if way(known) == said]:
            return found
    return []


def listed(names: Iterable[str], most: int = 20) -> str:
    """Column names on one line, cut short when there are very many."""
    texts = [shown(name) for name in names]
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more


def _nearest(name: str, names: Sequence[str]) -> str:
    """`; did you mean x?` when a name is close to one of `names`, else nothing."""
    lower = {known.lower(): known for known in reversed(names)}
    close = difflib.get_close_matches(name.lower(), lower, n=1)
    return f"; did you mean {shown(lower[close[0]])}?" if close else ""


# -- Roles by names and types, then by values -------------------------------------------------


def settle(
    layout: Layout, has_value: Callable[[Column], bool], *, takes_several: bool = True
) -> Layout:
    """Let values decide between rivals: a column without any never wins.

    `has_value` says whether a column holds a value in any row. Raises InputError where two
    link columns hold values and the user named none of them: which is the row's link?
    `takes_several` says whether more than one can be matched.
    """
    contested = layout.contested
    if not contested:
        return layout
    full = {c.position for c in contested if has_value(c)}
    settled = assign(layout, full)
    links = [c for c in contested if c.position in full and "url" in (c.role, c.claimed)]
    if len(links) > 1:
        named = [shown(c.name) for c in links]
        if len(set(named)) < len(named):
            raise InputError(
                f"{len(links)} link columns hold values ({', '.join(named)}), and --column cannot "
                "tell two of the same name apart; rename one of them"
            )
        raise InputError(
            f"{len(links)} link columns hold values ({', '.join(named)}); say which one is the "
            f"row's link with --column url={named[0]}"
            + (", or match several with " if takes_several else "")
            + " ".join(f"--column url={name}" for name in named if takes_several)
        )
    return settled


def describe(layout: Layout, sample: Callable[[Column], Sequence[Value]]) -> Layout:
    """Say how digests are written, by sampled values; every value is read by itself later.

    `sample` gives some non-NULL values of a column. Raises InputError where the user named a
    column none of whose sampled values is such a digest.
    """
    verdicts = {
        c.position: DigestReading("binary", f"{width} raw bytes each")
        if c.type == f"binary[{width}]"
        else judge(sample(c), c.role or "")
        for c in layout.used
        if (width := WIDTHS.get(c.role or ""))
    }
    for role, named in check_overrides(layout.columns, layout.overrides).items():
        for column in named:
            verdict = verdicts.get(column.position)
            if verdict and verdict.encoding == NONE:
                raise InputError(f"--column {role}={shown(column.name)}: {verdict.why}")
    if (own := layout.roles.get("row_hash")) and own.type == "string":
        seen = [value for value in sample(own) if value.strip()]
        if seen and not any(map(is_number, seen)):
            raise InputError(
                f"--column row_hash={shown(own.name)}: none of {len(seen):,} sampled is a whole "
                "64-bit number"
            )
    told = (
        replace(c, encoding=verdict.encoding, why=f"{c.why}; {verdict.why}")
        if (verdict := verdicts.get(c.position))
        else c
        for c in layout.columns
    )
    return replace(layout, columns=tuple(told))


def assign(layout: Layout, full: Collection[int] | None) -> Layout:
    """Roles for columns; `full` are positions of rivals that hold values, None before a look."""
    plain = [
        replace(c, role=None, why="", encoding=None, order=0, claimed=None) for c in layout.columns
    ]
    given = check_overrides(plain, layout.overrides)
    claims = _claims(plain, given)
    done = {
        c.position: replace(c, why=claims[c.position].refusal, claimed=claims[c.position].of)
        for c in plain
    }
    for role in ROLES:
        rivals = sorted(
            (c for c in plain if claims[c.position].role == role),
            key=lambda c: (
                full is not None and c.position not in full,
                claims[c.position].rank,
                c.name != bare_name(c.name),
                c.name != c.name.lower(),
                c.position,
            ),
        )
        named = given.get(role, [])
        several = role in WIDTHS
        # a role whose named column has no value here goes to no other column instead
        free = [] if role in dict(layout.overrides) else rivals
        players = named or (free if several else free[:1])
        for order, column in enumerate(players):
            why = _why(column, role, [] if several else rivals)
            why = f"named by --column {role}" if named else why
            done[column.position] = replace(column, role=role, order=order, why=why)
        for column in rivals:
            if column not in players:
                taken = players[0].name if players else dict(layout.overrides)[role]
                why = f"its name says {ROLES[role].noun} too, but {shown(taken)} is taken for it"
                done[column.position] = replace(column, why=why, claimed=role)
    return replace(layout, columns=tuple(done[c.position] for c in plain))


def _claims(columns: Sequence[Column], given: Mapping[str, Sequence[Column]]) -> list[Claim]:
    """What each column claims; one that the user named claims nothing."""
    plain = [claim(c.name, c.type) for c in columns]
    held = {c.role for c in plain}
    safety_table = "row_hash" in held and "url" not in held and "url" not in given
    quiet = {c.position for named in given.values() for c in named}
    return [
        Claim(None) if c.position in quiet else claim(c.name, c.type, safety_table=safety_table)
        for c in columns
    ]


def _why(column: Column, role: str, rivals: Sequence[Column]) -> str:
    """Why a column plays a role that it claims, and which ones it was preferred to."""
    why = BY_NAME
    if bare_name(column.name).lower() == "hash":
        other = "an image hash" if role == "row_hash" else "LAION's row hash"
        why += f": {ROLES[role].noun}, not {other}"
    if bare_name(column.name).lower() == "prediction":
        why += ": row hash and score are a LAION safety table"
    others = ", ".join(shown(rival.name) for rival in rivals if rival is not column)
    return f"{why}; taken before {others}" if others else why
