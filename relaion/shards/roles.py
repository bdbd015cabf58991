"""What each column of a shard means, whatever it is called: roles by name and type.

`detect` looks at names and types only; `refine` looks at sampled values of the digest
columns, which alone tell how a digest is written. A role belongs to a column by position,
so names that differ only in case stay two columns.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import pyarrow as pa

from relaion.errors import InputError
from relaion.paths import shown
from relaion.shards.claims import NOUNS, ROLES, Claim, claim
from relaion.shards.digests import WIDTHS, Value, Verdict, judge
from relaion.shards.glossary import meaning
from relaion.shards.overrides import check_overrides
from relaion.shards.plain_types import plain_type

# why most columns play their role; anything worth a word more follows after this
BY_NAME = "by name and type"

__all__ = ["BY_NAME", "ROLES", "Column", "Layout", "detect", "refine"]


@dataclass(frozen=True)
class Column:
    """One column: where it stands, what it is, which role it plays and why.

    `type` is `plain_type`'s. `why` says why it plays its role, or why it was refused one;
    it is empty for a column that claims none. `encoding` says how a digest is written
    (hex, base64, base32, binary); None for other roles, and before `refine` has looked.
    """

    name: str
    position: int
    type: str
    role: str | None
    why: str
    meaning: str
    encoding: str | None


@dataclass(frozen=True)
class Layout:
    """The columns of a shard in their order, and the user's own `--column role=name`."""

    columns: tuple[Column, ...]
    overrides: tuple[tuple[str, str], ...] = ()

    @property
    def roles(self) -> dict[str, Column]:
        """Role to the column that plays it; a role that no column plays is missing."""
        return {c.role: c for c in self.columns if c.role is not None}

    @property
    def refused(self) -> tuple[Column, ...]:
        """Columns that look like a role and were refused it, with the reason in `why`."""
        return tuple(c for c in self.columns if c.role is None and c.why)


def detect(schema: pa.Schema, overrides: Mapping[str, str] | None = None) -> Layout:
    """Give roles to columns by name (any case) and type; values are not looked at.

    Raises InputError for an override of an unknown role, a column that is not there, or one
    of a type that cannot play the role.
    """
    return _detected(schema.remove_metadata(), tuple(sorted((overrides or {}).items())))


@lru_cache(maxsize=64)  # the shards of a data set are thousands, their schemas a few
def _detected(schema: pa.Schema, overrides: tuple[tuple[str, str], ...]) -> Layout:
    columns = []
    spelled: dict[str, list[str]] = {}
    for name in schema.names:
        spelled.setdefault(name.lower(), []).append(name)
    for position, field in enumerate(schema):
        kind = plain_type(field.type)
        note = meaning(field.name, kind)
        for other in spelled[field.name.lower()]:
            if other != field.name:
                note += f"; another column than {shown(other)}"
        columns.append(Column(field.name, position, kind, None, "", note, None))
    return _assign(Layout(tuple(columns), overrides), {})


def refine(layout: Layout, sample: Callable[[Column], Sequence[Value]]) -> Layout:
    """Let sampled values decide how digests are written, and refuse what is no digest.

    `sample` gives some non-NULL values of a column. A column whose values are no digest
    loses its role to the next one that claims it. Raises InputError when it was the user
    who named the column.
    """
    barred: dict[int, str] = {}
    while True:
        layout = _assign(layout, barred)
        verdicts = {
            column.position: _judge(column, role, sample)
            for role, column in layout.roles.items()
            if role in WIDTHS
        }
        bad = {position: v.why for position, v in verdicts.items() if v.encoding is None}
        if not bad:
            return replace(layout, columns=tuple(_judged(c, verdicts) for c in layout.columns))
        for role, name in layout.overrides:
            column = layout.roles.get(role)
            if column is not None and column.position in bad:
                raise InputError(f"--column {role}={name}: {bad[column.position]}")
        barred |= bad


def _judge(column: Column, role: str, sample: Callable[[Column], Sequence[Value]]) -> Verdict:
    if column.type == f"binary[{WIDTHS[role]}]":
        return Verdict("binary", f"{WIDTHS[role]} raw bytes each")
    return judge(sample(column), role)


def _judged(column: Column, verdicts: Mapping[int, Verdict]) -> Column:
    verdict = verdicts.get(column.position)
    if verdict is None:
        return column
    return replace(column, encoding=verdict.encoding, why=f"{column.why}; {verdict.why}")


def _assign(layout: Layout, barred: Mapping[int, str]) -> Layout:
    """Roles for columns; `barred` are positions that may claim none, with the reason."""
    bare = [replace(c, role=None, why="", encoding=None) for c in layout.columns]
    given = check_overrides(bare, dict(layout.overrides))
    claims = _claims(bare, barred, given)
    taken = {column.position: role for role, column in given.items()}
    whys = {column.position: f"named by --column {role}" for role, column in given.items()}
    # a role whose named column has no value here goes to no other column instead
    free = [role for role in ROLES if role in given or role not in dict(layout.overrides)]
    for role in free:
        rivals = sorted(
            (c for c in bare if claims[c.position].role == role),
            key=lambda c: (claims[c.position].rank, c.name != c.name.lower(), c.position),
        )
        winner = given.get(role) or next(iter(rivals), None)
        for column in rivals:
            whys[column.position] = _why(column, role, winner, rivals)
            if column is winner:
                taken[column.position] = role
    for column in bare:
        refusal = barred.get(column.position) or claims[column.position].refusal
        whys.setdefault(column.position, refusal)
    done = (replace(c, role=taken.get(c.position), why=whys[c.position]) for c in bare)
    return replace(layout, columns=tuple(done))


def _claims(
    columns: Sequence[Column], barred: Mapping[int, str], given: Mapping[str, Column]
) -> list[Claim]:
    """What each column claims; one that the user named, or that is barred, claims nothing."""
    plain = [claim(c.name, c.type) for c in columns]
    held = {c.role for c in plain}
    safety_table = "row_hash" in held and "url" not in held and "url" not in given
    quiet = {c.position for c in given.values()} | set(barred)
    return [
        Claim(None) if c.position in quiet else claim(c.name, c.type, safety_table=safety_table)
        for c in columns
    ]


def _why(column: Column, role: str, winner: Column | None, rivals: Sequence[Column]) -> str:
    """Why a column plays a role that it claims, or which one was preferred."""
    if winner is not None and column is not winner:
        return f"its name says {NOUNS[role]} too, but {winner.name} is taken for it"
    why = BY_NAME
    if column.name.lower() == "hash":
        other = "an image hash" if role == "row_hash" else "LAION's row hash"
        why += f": {NOUNS[role]}, not {other}"
    if column.name.lower() == "prediction":
        why += ": row hash and score are a LAION safety table"
    others = ", ".join(rival.name for rival in rivals if rival is not column)
    return f"{why}; taken before {others}" if others else why
