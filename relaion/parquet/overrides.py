"""`--column role=name`: the user's word on what a column means, checked against the file."""

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from relaion.errors import InputError
from relaion.parquet.glossary import bare_name, misfit
from relaion.paths import shown, typed
from relaion.roles import ROLES


class Named(Protocol):
    """What is known of a column before it has a role."""

    @property
    def name(self) -> str:
        """The exact name."""

    @property
    def type(self) -> str:
        """The type, as `plain_type` writes it."""


Some = TypeVar("Some", bound=Named)
# what `--column` says: role and name, in the order given; a role may come several times
Overrides = tuple[tuple[str, str], ...]
Columns = Mapping[str, str | Sequence[str]]


def overrides_of(columns: Columns | None) -> Overrides:
    """`columns` (role to one name, or to several) as pairs; names of a role keep their order."""
    return tuple(
        (role, name)
        for role, names in sorted((columns or {}).items())
        for name in ([names] if isinstance(names, str) else names)
    )


def columns_of(overrides: Overrides) -> dict[str, str | list[str]]:
    """Pairs as `overrides_of` takes them: a name, or the names of a role that has several."""
    names: dict[str, list[str]] = {}
    for role, name in overrides:
        names.setdefault(role, []).append(name)
    return {role: found[0] if len(found) == 1 else found for role, found in names.items()}


def check_overrides(columns: Sequence[Some], overrides: Overrides) -> dict[str, list[Some]]:
    """Role to the columns that the user named for it, in that order, as `named_by` finds them.

    A column without a type, which is NULL in every row, is left out.

    Raises InputError for a role that does not exist, a name that no column or more than one
    has, one column named twice, a type that cannot play the role, and a second column for a
    role that only one can play.
    """
    chosen: dict[str, list[Some]] = {}
    for role, name in overrides:
        is_there = named_by(name, [column.name for column in columns])
        said = f"--column {typed(role)}={shown(name) if is_there else typed(name)}"
        if role not in ROLES:
            raise InputError(f"{said}: no such role; the roles are {', '.join(ROLES)}")
        column = _the_one(columns, name, said)
        if any(column in others for others in chosen.values()):
            raise InputError(f"{said}: that column has another role by --column already")
        if column.type == "null":
            continue  # a writer that met no value in this shard: there is none to look at
        wrong = misfit(role, column.type, named=True)
        if wrong:
            raise InputError(f"{said}: it cannot be used: {wrong}")
        if role in chosen and not ROLES[role].is_many:
            raise InputError(
                f"{said}: {role} was given to {shown(chosen[role][0].name)} already; only links "
                "and image hashes may have several columns, so name one"
            )
        chosen.setdefault(role, []).append(column)
    return chosen


def _the_one(columns: Sequence[Some], name: str, said: str) -> Some:
    found = [columns[i] for i in named_by(name, [column.name for column in columns])]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"{said}: {len(found)} columns have that very name; rename one of them")
    names = [column.name for column in columns]
    raise InputError(f"{said}: no such column; it has {listed(names)}{nearest(name, names)}")


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


def nearest(name: str, names: Sequence[str]) -> str:
    """`; did you mean x?` when a name is close to one of `names`, else nothing."""
    lower = {known.lower(): known for known in reversed(names)}
    close = difflib.get_close_matches(name.lower(), lower, n=1)
    return f"; did you mean {shown(lower[close[0]])}?" if close else ""
