"""The SQL that views of shards are made of: the one place where SQL text is generated.

Columns are taken by position, since names may be the same but for case, or ours.
"""

import hashlib
import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from relaion.paths import private_folder, shown
from relaion.roles import ROLES, WIDTHS


def quote(name: str) -> str:
    """A name as a SQL identifier, whatever characters it holds."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as a SQL string, whatever characters it holds."""
    return "'" + text.replace("'", "''") + "'"


def told_apart(names: Sequence[str]) -> list[str]:
    """Names of columns that SQL, which knows no case, can tell apart; an empty one is `C1` at 1."""
    first = {name.lower(): place for place, name in reversed([*enumerate(names)]) if name}
    used = set(first)
    found: list[str] = []
    for place, name in enumerate(names):
        plain = name or f"C{place}"
        numbered = (f"{plain}_{n}" for n in count(1))
        if first.get(name.lower()) != place:  # another column has that name as its own
            plain = next(t for t in chain((plain,), numbered) if t.lower() not in used)
            used.add(plain.lower())
        found.append(plain)
    return found


# -- Paths as DuckDB takes them ----------------------------------------------------------------

_GLOB = re.compile(r"[*?\[]")


def sql_path(path: Path) -> str:
    """A path as `read_parquet` takes it: absolute, glob characters stand for themselves.

    Some names cannot be said to DuckDB at all: see `reachable`.
    """
    # absolute, since a relative `~x` or `s3://x` would mean something else to DuckDB
    whole = os.path.abspath(path)  # noqa: PTH100  resolve() would follow links
    return re.sub(r"([\[*?])", r"[\1]", whole)


def scanned(files: str) -> str:
    """Files, as SQL, as a table: what a folder such as `x=1` is called adds no column to them."""
    return f"read_parquet({files}, hive_partitioning = false)"


def _can_be_said(path: Path) -> bool:
    """Whether DuckDB can open a path by name: UTF-8, and no backslash within a pattern."""
    said = sql_path(path)
    try:
        said.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return not ("\\" in said and _GLOB.search(said))


def reachable(paths: Sequence[Path], links: Path | Callable[[], Path]) -> list[Path]:
    """The same files under names that DuckDB can open.

    A name that is not UTF-8, or holds a backslash beside `[`, `*` or `?`, is reached through
    a symlink in the private folder `links`, made (or asked for) only when there is such a
    name. The caller removes the folder; `links` itself must have a plain name.
    """
    names = []
    for path in paths:
        if _can_be_said(path):
            names.append(path)
            continue
        target = path.resolve()
        digest = hashlib.sha256(os.fsencode(target)).hexdigest()
        folder = private_folder(links) if isinstance(links, Path) else links()
        link = folder / f"{digest}.parquet"
        with suppress(FileExistsError):  # made before, maybe by another worker
            link.symlink_to(target)
        names.append(link)
    return names


# -- Views of shards ----------------------------------------------------------------------------

VIEWS = ("shard", "row_links", "row_digests", "row_no_digests", "row_values")
# What the footer of a shard says of values (bounds, counts of NULL, bloom filters) may be wrong:
# released programs write such footers. DuckDB takes it for the truth in these steps, and rows
# that are there would not be found. They are off wherever shards are looked at.
BELIEVERS = (
    "statistics_propagation",  # counts and bounds answer for the values; `is null` is decided
    "filter_pushdown",  # a filter in the scan passes over row groups
    "join_filter_pushdown",  # so do the bounds of a join's other side
    "top_n",  # and those of the best rows so far: `order by .. limit`
    "row_group_pruner",  # the same, by bounds alone
)


def roles_read(
    wanted: Collection[str], looked_at: Collection[str], shown_roles: Collection[str]
) -> frozenset[str]:
    """The roles whose columns some views read; `Engine.view_shards` says what is what."""
    found = frozenset(shown_roles if "shard" in wanted else ())
    if "row_links" in wanted:
        found |= {"url"}
    return found | (frozenset(looked_at) if {*wanted} - {"shard", "row_links"} else frozenset())


def names_of(n: int, positions: Collection[int] | None) -> list[str]:
    """Names for the columns of files, by position; those at no such position have none to say.

    So a view that reads a column which was not asked for, and not fetched, cannot be made.
    """
    return [f"c{i}" if positions is None or i in positions else f"not_read_{i}" for i in range(n)]


@dataclass(frozen=True)
class ShardSource:
    """Shards of one subset and one schema, each with its number.

    `roles` says which columns play a role, the first one first: the position of each in the
    file, from 0, and its name for people. A role that is missing reads as null.
    """

    subset: str
    numbers: tuple[int, ...]
    paths: tuple[Path, ...]
    roles: Mapping[str, tuple[tuple[int, str], ...]]

    def positions(self, roles: Collection[str] | None) -> frozenset[int] | None:
        """Where the columns of some roles stand; None for all columns where no roles are said."""
        if roles is None:
            return None
        return frozenset(p for role in roles for p, _ in self.roles.get(role, ()))


@dataclass(frozen=True)
class Reading:
    """Files to read: the `from` clause, with columns named by position, and their types.

    So no name of the data meets one of ours, and DuckDB's names of positions stay its own.
    `plain` are the positions of digest columns each value of which was seen to be a digest as most
    write it: to bind what is asked of any other takes DuckDB longer than to look at some thousands.
    """

    source: ShardSource
    clause: str
    types: tuple[str, ...]
    plain: frozenset[int] = frozenset()

    def select(self, *columns: str) -> str:
        """A query of these columns."""
        return f"select {', '.join(columns)} {self.clause}"

    @property
    def shard_no(self) -> str:
        """The number of the shard that a row stands in."""
        numbers = self.source.numbers
        first = numbers[0]
        if numbers == tuple(range(first, first + len(numbers))):
            return f"(file_index + {first:d})::integer as shard_no"
        listed = ", ".join(f"{no:d}" for no in numbers)
        return f"([{listed}])[(file_index + 1)::bigint]::integer as shard_no"

    def values(self, role: str) -> list[str]:
        """The values of a role's columns, as SQL of the role's type, the first one first."""
        return [self._value(role, position) for position, _ in self.source.roles.get(role, ())]

    def _value(self, role: str, position: int) -> str:
        value, kind = f"c{position}", self.types[position]
        if role in WIDTHS:
            return self.digest("digest", role, position)
        if role == "row_hash" and kind != "BIGINT":
            return f"row_hash_of_{'text' if kind == 'VARCHAR' else 'number'}({value})"
        if kind == "BLOB":  # text that nothing marks as such: not its escapes
            value = f"decode({value})"
        if kind.startswith("DECIMAL"):  # by its digits: the nearest double, as anybody reads it
            value = f"{value}::varchar"
        return f"{value}::{ROLES[role].sql_type}"

    def digest(self, asked: str, role: str, position: int) -> str:
        """What one of the digest macros says of a column: `digest`, `is_digest`, .."""
        value, is_text = f"c{position}", self.types[position] == "VARCHAR"
        if position in self.plain:
            if asked == "is_digest":
                return f"{value} is not null"
            return f"lower({value})" if is_text else f"lower(hex({value}::blob))"
        if is_text:
            return f"{asked}_of_text({value}, {WIDTHS[role]})"
        return f"{asked}_of_bytes({value}::blob, {WIDTHS[role]})"

    def is_plain(self, role: str, position: int) -> str:
        """Whether a value of a digest column is a plain one: hexadecimal, or its bytes; or null."""
        value, width = f"c{position}", WIDTHS[role]
        if self.types[position] == "VARCHAR":
            plain = f"strlen({value}) = {2 * width} and try(unhex({value})) is not null"
        else:
            plain = f"octet_length({value}::blob) = {width}"
        return f"{value} is null or ({plain})"

    def digests(self, roles: Collection[str]) -> list[tuple[str, int]]:
        """Role and position of each column of digests that plays one of these roles."""
        return [
            (role, place)
            for role in WIDTHS
            if role in roles
            for place, _ in self.source.roles.get(role, ())
        ]

    def is_simple(self, roles: Collection[str]) -> bool:
        """Whether these roles are read without the macros for what is written in many ways."""
        hashes = self.source.roles.get("row_hash", ()) if "row_hash" in roles else ()
        return all(place in self.plain for _, place in self.digests(roles)) and all(
            self.types[place] == "BIGINT" for place, _ in hashes
        )

    def present(self, position: int) -> str:
        """Whether a digest column holds a value, whatever it is."""
        value = f"c{position}"
        is_text = self.types[position] == "VARCHAR"
        return (
            f"has_text({value})" if is_text else f"coalesce(octet_length({value}::blob) > 0, false)"
        )


def of_shard(read: Reading, roles: Collection[str] = tuple(ROLES)) -> str:
    """The part of `shard`: the first column of each role that is told."""
    columns = [f"{literal(shown(read.source.subset))} as subset", read.shard_no, "file_row_number"]
    for role, (_, sql_type, *_) in ROLES.items():
        values = read.values(role) if role in roles else []
        value = next(iter(values), f"null::{sql_type}")
        columns.append(f"{value} as {role}")
    return read.select(*columns)


def of_source(read: Reading, names: Sequence[str]) -> str:
    """The view `source`: all columns of a file under the `names` that it gives them."""
    keys = ("shard_no", "file_row_number")
    own = [name or f"C{i}" for i, name in enumerate(names)]
    named = enumerate(told_apart([*keys, *own])[len(keys) :])
    return read.select(read.shard_no, keys[1], *(f"c{i} as {quote(name)}" for i, name in named))


def of_links(read: Reading) -> list[str]:
    """The parts of `row_links`, one a link column."""
    names = [literal(shown(name)) for _, name in read.source.roles.get("url", ())]
    found = list(zip(read.values("url"), names, strict=True)) or [("null::varchar",) * 2]
    return [
        read.select(read.shard_no, "file_row_number", f"{value} as url", f"{name} as column_name")
        for value, name in found
    ]


def of_digests(read: Reading, looked_at: Collection[str]) -> list[str]:
    """The parts of `row_digests`, one a digest column."""
    nothing = "null::varchar as kind", "null::varchar as digest"
    parts = [
        read.select(
            read.shard_no,
            "file_row_number",
            f"{literal(role)} as kind",
            f"{read.digest('digest', role, position)} as digest",
        )
        for role, position, _ in digest_columns(read, looked_at)
    ]
    return parts or [f"{read.select(read.shard_no, 'file_row_number', *nothing)} where false"]


def of_no_digests(read: Reading, looked_at: Collection[str]) -> list[str]:
    """The parts of `row_no_digests`, one a digest column."""
    nothing = "null::varchar as kind", "null::varchar as column_name", "null::boolean as is_odd"
    parts = [
        read.select(
            read.shard_no,
            f"{literal(role)} as kind",
            f"{literal(shown(name))} as column_name",
            f"{_is_odd(read, role, position)} as is_odd",
        )
        for role, position, name in digest_columns(read, looked_at)
    ]
    return parts or [f"{read.select(read.shard_no, *nothing)} where false"]


def _is_odd(read: Reading, role: str, position: int) -> str:
    """Whether a digest column holds a value that is no digest; no more is asked of one that is."""
    if position in read.plain:
        return "false"
    is_digest = read.digest("is_digest", role, position)
    return f"case when {is_digest} then false else {read.present(position)} end"


def digest_columns(read: Reading, looked_at: Collection[str]) -> list[tuple[str, int, str]]:
    """Role, position and name of each digest column that is looked at."""
    return [
        (role, position, name)
        for role in WIDTHS
        if role in looked_at
        for position, name in read.source.roles.get(role, ())
    ]


def of_values(read: Reading, looked_at: Collection[str]) -> str:
    """The part of `row_values`."""
    digests = digest_columns(read, looked_at)
    columns = [read.shard_no]
    # asked once a column: to bind what is asked of a digest takes its time
    columns += [f"{read.digest('is_digest', role, p)} as is_digest_{p}" for role, p, _ in digests]
    columns += [f"c{p}" for _, p, _ in digests]
    told = ["shard_no"]
    for role in ROLES:
        if role in WIDTHS:
            places = [f"is_digest_{p}" for of, p, _ in digests if of == role]
            told.append(f"{' or '.join(places) or 'false'} as {role}")
        else:
            columns.append(f"{' or '.join(_tests(read, role, looked_at)) or 'false'} as {role}")
            told.append(role)
    columns.append(f"{next(iter(_tests(read, 'url', looked_at)), 'false')} as first_url")
    odd = [
        f"case when is_digest_{p} then false else {read.present(p)} end"
        for _, p, _ in digests
        if p not in read.plain
    ]
    links = read.values("url") if "url" in looked_at else []
    columns.append(f"{' or '.join(f'link_is_giant({v})' for v in links) or 'false'} as has_giant")
    told += ["first_url", f"{' or '.join(odd) or 'false'} as has_no_digest", "has_giant"]
    return f"select {', '.join(told)} from ({read.select(*columns)})"  # noqa: S608


def _tests(read: Reading, role: str, looked_at: Collection[str]) -> list[str]:
    """Whether each of the columns that play a role holds a value, if the role is looked at."""
    values = read.values(role) if role in looked_at else []
    if role == "punsafe":
        return [f"coalesce(not isnan({v}), false)" for v in values]
    return [f"{v} is not null" for v in values]


def of_sidecar(read: Reading) -> list[str]:
    """The parts of `sidecar_digests`, one a pair of a key and a digest column."""
    # a row may lack the one and have the other, or its link may be another than the shard's
    row_hash = next(iter(read.values("row_hash")), "null::bigint")
    first, *more = read.values("url") or ["null::varchar"]
    keys = [(first, row_hash), *((url, "null::bigint") for url in more)]
    return [
        read.select(
            f"{url} as url",
            f"{row_hash} as row_hash",
            f"{literal(role)} as kind",
            f"{value} as digest",
        )
        for url, row_hash in keys
        for role in WIDTHS
        for value in read.values(role)
    ]
