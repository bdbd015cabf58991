"""Fields of records that decide, where a format says what its fields mean: MISP, STIX.

They are read as columns that decide are: each word is counted, those that nobody knows are asked
for, `--where` chooses and `--ignore` passes over. What a format defines goes before the words that
are known for all; a field that it does not define decides by its name and its words, as a column.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from relaion.errors import ListError
from relaion.lists.readers import why
from relaion.lists.readers.beside import questions
from relaion.lists.readers.beside.remarks import WATCHED, RemarkColumn
from relaion.lists.readers.documents.document import ListDocument
from relaion.lists.readers.documents.field_columns import FieldColumns, Row, SharedThings
from relaion.lists.readers.documents.field_names import path_of, spelled_of
from relaion.lists.readers.format import BETWEEN, EMPTY, OF_LINE, Options, Stream
from relaion.lists.readers.tables.columns import ListColumn
from relaion.lists.readers.tables.decisions import (
    DecidingColumn,
    chosen_of,
    fates_of,
    is_ignored,
    option_name,
    refuse_unsure,
)
from relaion.lists.readers.tables.said import COUNTS, CellsSay, WordSays
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.of_what import is_of_what
from relaion.lists.values import told, told_words
from relaion.paths import shown

Knows = Callable[[str], WordSays | None]
_NOWHERE = -1  # a field has no place among others
_TOLD = 12  # fields that an error names
NO_FIELDS = FieldColumns(0)


@dataclass(frozen=True)
class Meaning:
    """What a field means: the kind of its words, and what the format itself says of them.

    `what` is one of `names.DECIDING`, or of `remarks.WATCHED` for a text that may speak of its
    record, or nothing for a field that decides nothing. `is_quiet`: its words are told only where
    they are asked about. `out_of` is the highest figure that a format allows, 0 where none is told.
    """

    what: str = ""
    word: str = ""
    knows: Knows | None = None
    is_quiet: bool = False
    out_of: int = 0


@dataclass
class DecidingField(DecidingColumn):
    """A field that decides; of each word the format itself may know what it says."""

    knows: Knows | None = None
    is_quiet: bool = False

    def _say(self, cell: str) -> WordSays:
        known = self.knows(cell) if self.knows else None
        if known is None:
            said = super()._say(cell)
            return (
                replace(said, fate=why.NO_ENTRY) if said.kinds and is_of_what(self.word) else said
            )
        if self.chosen is None:
            return known
        said = super()._say(cell)
        if not said.is_chosen or said.fate == why.NOT_CHOSEN:
            return said
        return known if known.kinds or known.unusable else said

    @property
    def told(self) -> str:
        """What messages call it."""
        return told(path_of(self.name))

    @property
    def _which(self) -> str:
        return f"field {self.told} decides which records count"

    @property
    def _option(self) -> str:
        return option_name(path_of(self.name), _NOWHERE)

    @property
    def _may_be_ignored(self) -> bool:
        return not (self.what == names.TYPE and self.knows)

    @property
    def must_say(self) -> bool:
        """Whether that a record has no word of it counts as one."""
        return self.chosen is not None or self.what == names.STILL


@dataclass(frozen=True)
class NamedField(ListColumn):
    """A field as a column of remarks: it has a name and no number. `key` is its name in rows."""

    key: str = ""

    @property
    def told(self) -> str:
        """What messages call it."""
        return told(path_of(self.key or self.name))


def _are_same(name: str, other: str) -> bool:
    return names.squeezed(name) == names.squeezed(other)


@dataclass
class Fields:
    """The fields of a file that decide, by the meanings that its format gives them.

    `seen` are the names of all fields of its records.
    """

    options: Options
    meanings: Mapping[str, Meaning]
    seen: Collection[str]
    is_delta: bool = False
    deciding: list[DecidingField] = field(default_factory=list)
    remarks: list[RemarkColumn] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._refuse_unknown()
        for name in sorted(self.seen):
            meaning = self.meanings.get(name) or meaning_of(name)
            chosen = chosen_of(self.options, name, _NOWHERE)
            if is_ignored(self.options, name, _NOWHERE):
                self._remark(name, "ignored")
            elif chosen is not None or meaning.what in names.DECIDING:
                is_one = meaning.what in names.DECIDING
                what = meaning.what if is_one else names.STANDING
                self.deciding.append(
                    DecidingField(
                        name, what, _NOWHERE, meaning.word, chosen, is_delta=self.is_delta,
                        knows=meaning.knows, is_quiet=meaning.is_quiet,
                    )
                )  # fmt: skip
            elif meaning.what in WATCHED and not (
                meaning.what == names.NOTE and OF_LINE in self.options.ignore
            ):
                # a trait that no format defines speaks only where nothing else stands in it
                what = meaning.what if meaning.what in _TOLD_AS else names.CAPTION
                self._remark(name, what, meaning.out_of)

    @property
    def read_names(self) -> frozenset[str]:
        """The names of the fields that are read; no other need stand in a row."""
        return frozenset((*(d.name for d in self.deciding), *map(_key_of, self.remarks)))

    def _remark(self, name: str, what: str, out_of: int = 0) -> None:
        column = NamedField(_NOWHERE, spelled_of(name), what, key=name)
        # the format has names that are known here
        of_record = names.squeezed(name) in ("description", "name", "summary")
        self.remarks.append(
            RemarkColumn(
                column, self.options.is_good, is_read=True, is_of_record=of_record, out_of=out_of
            )
        )

    def _refuse_unknown(self) -> None:
        for option, name in self.options.columns_named():
            if option == "column":
                raise ListError(
                    f"--column {shown(name)}: its records say themselves what their values are; "
                    "leave --column out"
                )
            meant = next((m for n, m in self.meanings.items() if _are_same(n, name)), Meaning())
            if option == "ignore" and meant.what == names.TYPE and meant.knows:
                raise ListError(
                    f"--ignore {shown(name)}: it says of what each value is, and nothing else "
                    f"does; choose with --where {shown(name)}=WORD,WORD"
                )
            if not any(_are_same(name, seen) for seen in self.seen):
                held = ", ".join(told(path_of(s), 30) for s in sorted(self.seen)[:_TOLD])
                more = len(self.seen) - _TOLD
                held += f" and {more:,} more" if more > 0 else ""
                raise ListError(f"--{option} {shown(name)}: no record has such a field ({held})")

    def read(
        self, rows: SharedThings[Row] | FieldColumns, digits: Sequence[int], kinds_by: str = "",
        own: FieldColumns = NO_FIELDS,
    ) -> tuple[dict[int, str], Sequence[WordSays]]:  # fmt: skip
        """Why rows bring no entry, by their place, and what the field `kinds_by` says of each.

        `digits` are those of the digest of each row, 0 for none; `own` are fields that rows have
        by themselves, where they share the others.
        """
        if isinstance(rows, SharedThings) and any(d.name in own.names for d in self.deciding):
            rows = self._by_themselves(rows, own)
        if isinstance(rows, FieldColumns):
            held, at, times = rows, None, None
        else:
            rows = rows.fewer()
            held, at = self._columns(rows.each), rows.at
            times = [n for _, n in sorted(Counter(at).items())]
        decided = [(d, _by_row(d, held, times)) for d in self.deciding]
        fates = fates_of(held.n, decided, is_good=self.options.is_good)
        kinds = next((said for d, said in decided if d.name == kinds_by), [COUNTS] * held.n)
        if at is not None:
            fates = {i: fates[k] for i, k in enumerate(at) if k in fates} if fates else {}
            kinds = [*map(kinds.__getitem__, at)]
        for remarks in self.remarks:
            key = _key_of(remarks)
            is_own = key in own.names
            said = own if is_own else held
            cells = said.one.get(key) or [*map(" ; ".join, said.words(key))]
            if at is not None and not is_own:
                cells = [*map(cells.__getitem__, at)]
            for i, fate in remarks.read(cells, digits.__getitem__, fates).items():
                fates.setdefault(i, fate)
        return fates, kinds

    def _by_themselves(self, rows: SharedThings[Row], own: FieldColumns) -> FieldColumns:
        held, at, names = self._columns(rows.each), rows.at, own.names
        one = {n: [*map(x.__getitem__, at)] for n, x in held.one.items() if n not in names}
        several = {n: [*map(x.__getitem__, at)] for n, x in held.several.items() if n not in names}
        return FieldColumns(len(at), one | dict(own.one), several | dict(own.several))

    def _columns(self, rows: Sequence[Row]) -> FieldColumns:
        told = (*(d.name for d in self.deciding), *map(_key_of, self.remarks))
        return FieldColumns.of_rows(rows, dict.fromkeys(told))

    def refuse(self, *, so_far: bool) -> None:
        """Raise ListError where a field says what nobody here knows."""
        refuse_unsure(self.deciding, is_cut=False)
        for remarks in self.remarks:
            questions.refuse(remarks, so_far=so_far)

    def judge(self, document: ListDocument | Stream) -> None:
        """What all records showed: raises ListError where they may not be taken so."""
        telling = [d for d in self.deciding if d.words.keys() - {EMPTY} and not d.is_quiet]
        document.decided.update({d.told: dict(d.words) for d in telling})
        self.refuse(so_far=False)
        document.notices += [f"{d.told}: {told_words(d.words)}" for d in telling]
        for remarks in self.remarks:
            document.notices.extend(questions.notices(remarks))


_TOLD_AS = frozenset((names.NOTE, names.FILE_NAME, names.UNKNOWN))
_FLAGS = frozenset((names.GONE, names.STILL, names.UNTIL))


def meaning_of(name: str) -> Meaning:
    """What a field that no format defines says by its name, as a column of that name does.

    The last name of a path is enough for a flag: `a.long.way.removedAt`.
    """
    spelled = spelled_of(name)
    says = names.read_name(spelled)
    last = spelled.rpartition(BETWEEN)[2]
    if says.what in (names.UNKNOWN, names.STANDING) and last != spelled:
        flag = names.read_name(last)
        says = flag if flag.what in _FLAGS else says
    return Meaning(says.what, says.word)


def _key_of(remarks: RemarkColumn) -> str:
    return getattr(remarks.column, "key", "") or remarks.column.name


def _by_row(
    column: DecidingField, rows: FieldColumns, times: Sequence[int] | None
) -> Sequence[WordSays]:
    """What a field says of each row: of its words the first that takes it out, or gives a kind.

    Each row counts as often as `times` says.
    """
    if column.name in rows.one:  # as of nearly all fields
        return column.read(rows.one[column.name], times)
    lacking = ("",) if column.must_say else ()
    held = [words or lacking for words in rows.words(column.name)]
    if not any(held):
        return CellsSay([COUNTS] * rows.n, [COUNTS][: rows.n])
    if all(len(words) == 1 for words in held):
        return column.read([words[0] for words in held], times)
    each = times and [n for n, words in zip(times, held, strict=True) for _ in words]
    said = iter(column.read([word for words in held for word in words], each))
    found = []
    for words in held:
        if len(words) == 1:
            found.append(next(said))
            continue
        says = [next(said) for _ in words]
        if column.chosen is not None and any(
            s.is_chosen and s.fate != why.NOT_CHOSEN for s in says
        ):
            says = [s for s in says if s.is_chosen and s.fate != why.NOT_CHOSEN]
        telling = [s for s in says if s.fate] or [s for s in says if s.kinds or s.media]
        found.append(next(iter([*telling, *says]), COUNTS))
    return found
