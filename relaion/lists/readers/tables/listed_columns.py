"""Which columns hold what is listed, where several hold links or digests: by their names.

Lists of corrections hold what was listed before, beside what replaces it: `old_md5,new_md5`,
`previous_sha1,sha1`, `new_hash,replaces`. What was replaced is listed no longer: it never enters,
and leaves a list that the delivery brings up to date. What a name calls new is read as if it did
not: only beside what is old, since `md5,new_md5` may be two files.

A complaint names three links: the work, the page that infringes, the complaint itself. Only the
second is listed, and the first belongs to whom the complaint protects. So a column called after
where something comes from is not taken beside links of which nobody here knows what they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from relaion.errors import ListError
from relaion.lists.digests import read_digest
from relaion.lists.readers import why
from relaion.lists.readers.format import ANY, Batch, Options, Values
from relaion.lists.readers.tables.columns import ListColumn
from relaion.lists.readers.tables.decisions import chosen_of, is_ignored, option_name
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.answers import answer_of
from relaion.lists.readers.vocabulary.spelling import words_in
from relaion.lists.values import shape
from relaion.paths import several
from relaion.roles import HASHED_LINK_KINDS, IMAGE_KINDS

_NEW = words_in("{new_names}")
_SUCCESSORS = words_in("{successor_names}")
_ALGORITHM = re.compile(r"(?:hash|digest|md5|sha1|sha256|url|link|id|entry)+\Z")
_TAKEN = (
    "column {} holds {} listed before, by its name, and replaced by others: taken back, none was "
    "entered; rename the column in a copy if they are listed"
)


def is_replaced(column: ListColumn) -> bool:
    """Whether a column holds what was listed before, by its name."""
    return column.what == names.OTHER and column.word in names.TAKEN_OUT


def is_successor(name: str) -> bool:
    """Whether a column by its name says by what the entry of its row was replaced."""
    joined = names.squeezed(name).removeprefix("is")
    return joined in _SUCCESSORS or _ALGORITHM.sub("", joined) in _SUCCESSORS


def refuse_successors(
    columns: Sequence[ListColumn], body: Sequence[Sequence[str]], options: Options
) -> None:
    """Raise ListError where rows name what replaces their own entries.

    Beside a column of what is old it is what is listed now; elsewhere nobody here can say whether
    the row's own entry still is.
    """
    if any(is_replaced(c) and not is_successor(c.name) for c in columns):
        return
    for c in columns:
        is_said = c.is_said or is_ignored(options, c.name, c.index)
        if is_said or not is_successor(c.name) or chosen_of(options, c.name, c.index) is not None:
            continue
        cells = [row[c.index].strip() for row in body if c.index < len(row)]
        n = sum(1 for cell in cells if cell and answer_of(cell) is None)
        if n:
            option = option_name(c.name, c.index)
            raise ListError(
                f"column {c.told} says in {several(n, 'row')} by what their entries were "
                "replaced, and nobody here knows whether those are still listed: take the rows "
                f"that nothing replaced with --where {option}='(empty)', or all rows with --ignore "
                f"{option}; what replaces them is a list of its own"
            )


def with_new(columns: Sequence[ListColumn]) -> list[ListColumn]:
    """The columns, of which those are entries that are called new beside what is old."""
    if not any(map(is_replaced, columns)):
        return [*columns]
    held = {kind for c in columns if c.what == names.ENTRY for kind in c.kinds}
    return [_as_new(c, held) if c.what == names.UNKNOWN else c for c in columns]


def _as_new(column: ListColumn, held: set[str]) -> ListColumn:
    says = _without(column.name, _NEW)
    if says is None or says.what != names.ENTRY or not held.isdisjoint(says.kinds):
        return column
    return replace(column, what=names.ENTRY, kinds=says.kinds, word=says.word)


def _without(name: str, words: frozenset[str] | set[str]) -> names.NameSays | None:
    """What a name says without some of its words; None where it has none of them."""
    told = names.words_of(name)
    rest = [word for word in told if word not in words]
    if len(rest) == len(told):
        return None
    return names.read_name(" ".join(rest)) if rest else names.NameSays(names.ENTRY, ANY, "hash")


def taken_back(
    columns: Sequence[ListColumn], cells: Mapping[int, Sequence[str]], fates: Mapping[int, str]
) -> Batch | None:
    """What rows say was listed before, as records of their own; None where they say nothing.

    A value that its row lists as well was not replaced, and a row that is not chosen says nothing.
    """
    held = [cells[c.index] for c in columns if c.what == names.ENTRY]
    values: list[Values] = []
    n = 0
    for c in filter(is_replaced, columns):
        found = [
            cell for i, cell in enumerate(cells[c.index])
            if cell and shape(cell) and fates.get(i) != why.NOT_CHOSEN
            and all(cell.casefold() != other[i].casefold() for other in held)
        ]  # fmt: skip
        says = _without(c.name, names.TAKEN_OUT)
        kinds = says.kinds if says and says.kinds else ANY
        if found:
            values.append(Values(kinds, found, range(n, n + len(found))))
        n += len(found)
    return Batch(n, values, fates=dict.fromkeys(range(n), why.TAKEN_BACK)) if n else None


def alone(columns: Sequence[ListColumn], cells: Mapping[int, Sequence[str]]) -> list[int]:
    """The rows that say what was listed before, and nothing that replaces it."""
    before = [cells[c.index] for c in columns if is_replaced(c)]
    held = [cells[c.index] for c in columns if c.what == names.ENTRY]
    rows = zip(zip(*before, strict=True), zip(*held, strict=True), strict=True) if before else ()
    return [i for i, (old, new) in enumerate(rows) if any(old) and not any(new)]


def notices(columns: Sequence[ListColumn], hashes: Mapping[int, int]) -> list[str]:
    """What a curator should know of such columns; `hashes` are the values of each."""
    return [
        _TAKEN.format(c.told, several(hashes[c.index], "value"))
        for c in columns
        if is_replaced(c) and hashes[c.index]
    ]


def rivals(columns: Sequence[ListColumn]) -> list[tuple[ListColumn, ListColumn]]:
    """Columns of entries that may hold digests of one kind, under names that are not the same."""
    open_ones = [c for c in columns if c.what == names.ENTRY and not c.is_said]
    return [
        (a, b)
        for a, b in combinations(open_ones, 2)
        if _of_what(a) & _of_what(b) and _unnumbered(a.name) != _unnumbered(b.name)
    ]


def _of_what(column: ListColumn) -> set[str]:
    """The kinds of a column's digests: of images, where it may hold those."""
    kinds = {*column.kinds}
    return kinds.intersection(IMAGE_KINDS) or kinds.intersection(HASHED_LINK_KINDS)


def _unnumbered(name: str) -> tuple[str, ...]:
    """A name without its number: `md5_1` and `md5_2` are of several files that are listed."""
    words = (re.sub(r"^([^\W\d]{4,})\d+$", r"\1", word) for word in names.words_of(name))
    return tuple(word for word in words if not word.isdigit())


def refuse_rivals(
    pairs: Sequence[tuple[ListColumn, ListColumn]], cells: Mapping[int, Sequence[str]]
) -> None:
    """Raise ListError where one row holds two digests of one kind: `md5` and `original_md5`."""
    for a, b in pairs:
        for one, other in zip(cells[a.index], cells[b.index], strict=True):
            if not one or not other or one.casefold() == other.casefold():
                continue
            first, second = read_digest(one.strip()), read_digest(other.strip())
            if first and second and first != second and first[0] == second[0]:
                raise ListError(
                    f"columns {a.told} and {b.told} hold different {first[0].upper()}s in one row; "
                    f"which are listed? leave one out with --ignore {b.index + 1} (or "
                    f"{a.index + 1}), or take both with --column {first[0]}={b.index + 1}"
                )


_ORIGIN = words_in("source src original originals origin")
_OF_COMPLAINT = words_in("{complaint_names} notice notices lumen")
_LINK = words_in("{link_names}")


def chosen_links(columns: Sequence[ListColumn]) -> list[ListColumn]:
    """The columns, of which those of links are entries that are listed; else a question.

    Raises ListError where the names leave open which are listed.
    """
    links = [c for c in columns if c.what == names.ENTRY and "url" in c.kinds and c.word != "hash"]
    if any(c.is_said for c in links):
        return [_reference(c) if c in links and not c.is_said else c for c in columns]
    is_plain = any(c.word == names.LISTED for c in links)
    if is_plain:  # `original_url` beside `infringing_url`
        told = [c for c in links if _is_of_origin(c)]
        columns = [_reference(c) if c in told else c for c in columns]
        links = [c for c in links if c not in told]
    strong = [c for c in links if not c.is_weak]
    if len(strong) > 1 and len({c.word for c in strong}) > 1:
        raise _asked(strong, strong[0])
    has_digest = any(c.what == names.ENTRY and c not in links for c in columns)
    if strong or has_digest:
        columns = [_reference(c) if c in links and c.is_weak else c for c in columns]
        links = strong
    origins = [c for c in links if _is_of_origin(c)]
    others = [c for c in columns if _may_be_listed(c) or (c in links and c not in origins)]
    if origins and others:
        raise _asked(sorted([*origins, *others], key=lambda c: c.index), others[0])
    return [*columns]


def _is_of_origin(column: ListColumn) -> bool:
    return not _ORIGIN.isdisjoint(names.words_of(column.name))


def _may_be_listed(column: ListColumn) -> bool:
    """Whether a column of links, or of a complaint, may tell that the origin is not listed."""
    told = {*names.words_of(column.name)}
    if column.what == names.REFERENCE:
        return not _OF_COMPLAINT.isdisjoint(told)
    return column.what == names.UNKNOWN and not _LINK.isdisjoint(told)


def _asked(columns: Sequence[ListColumn], example: ListColumn) -> ListError:
    return ListError(
        f"columns {' and '.join(c.told for c in columns)} hold links; which are listed? name it "
        f"with --column url={example.index + 1}, or leave others out with --ignore"
    )


def _reference(column: ListColumn) -> ListColumn:
    return replace(column, what=names.REFERENCE, kinds=())
