"""What is asked of a column beside entries, where what its cells say does not settle it.

`OF_WORDS` and then `QUESTIONS` are asked in their order: the first that finds something refuses the
file, and tells what was found and what a curator may say. Of a column that none of them refuses the
first of `NOTICES` that finds something tells what was taken to decide nothing.

Why was a column refused? Look for the words of the message here: before them stands what is looked
for. Why was a row left out? That is asked cell by cell, by the table at the end of `remarks.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from relaion.errors import ListError
from relaion.lists.readers.beside.cell import IN_FOLDER
from relaion.lists.readers.beside.few_words import of_nothing, of_things
from relaion.lists.readers.beside.remarks import RemarkColumn
from relaion.lists.readers.format import EMPTY, words_written
from relaion.lists.readers.tables.columns import ListColumn
from relaion.lists.readers.tables.decisions import option_name
from relaion.lists.readers.tables.folders import CHOICE
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.spelling import words_in
from relaion.lists.values import told_words
from relaion.paths import several

Found = Counter[str] | str | bool
_FEW_SCORES = 5  # different ones; of votes there are more
_KNOWN_GOOD = "8"  # to some givers, whose categories are few; on a scale of ten it is high
_VOCABULARY, _PHRASE = 8, 6  # words of which a phrase may be told, and those that it consists of
_MOST_TOLD = 10
_ROWS = "choose its rows with --where {option}=WORD,WORD"
_OR = f"{_ROWS}, or say --ignore {{option}} if it decides nothing"
_IN_COPY = "leave out, in a copy, the rows that are not listed"
_IF_ALL = "or say --ignore {option} if all are"
_COUNT = "which rows count ({held}): " + _OR


@dataclass(frozen=True)
class ColumnQuestion:
    """What is looked for in a column, and what is told where it is found, with what may be done.

    `of_good`: lists of what is known good are asked, too; `at_once`: the first rows are, which may
    hold few of the words that are in all of a file. `_told` gives what stands in `{}`.
    """

    finds: Callable[[RemarkColumn], Found]
    says: str
    of_good: bool = True
    at_once: bool = True


# -- What is found in all that cells said ----------------------------------------------------------


def _folders(c: RemarkColumn) -> Found:
    return Counter({word: n for word, n in c.unsure.items() if word.startswith(IN_FOLDER)})


def _unsure(c: RemarkColumn) -> Counter[str]:
    """The words that may take rows out, and the grade that may be that of what is known good."""
    is_scale = c.column.what != names.SEVERITY or "9" in c.filled
    is_good = c.has_few and all(len(grade) == 1 for grade in c.filled) and not is_scale
    n = c.values[_KNOWN_GOOD] if is_good and not c.is_good else 0
    return c.unsure | Counter({_KNOWN_GOOD: n} if n else {})


def _doubted(c: RemarkColumn) -> Found:
    """The same, where all rows are told: of many scores 0 is one."""
    is_score = c.column.what == names.CONFIDENCE and len(c.values) > _FEW_SCORES
    return _doubted_so_far(c) if is_score else _unsure(c)


def _doubted_so_far(c: RemarkColumn) -> Found:
    without = ("0",) if c.column.what == names.CONFIDENCE else ()
    return Counter({word: n for word, n in _unsure(c).items() if word not in without})


def _of_no_child(c: RemarkColumn) -> Found:
    is_asked = c.texts is not None and not _unsure(c) and c.texts.speak_of_none()
    return c.texts.shown if c.texts and is_asked else ""


def _by_nobody(c: RemarkColumn) -> Found:
    """Rows of `listed_by`, `verified_by` that name nobody, where others do."""
    is_one = c.column.what == names.BY and names.read_name(c.column.word).what == names.STILL
    return Counter({EMPTY: c.values[""]} if is_one and c.values[""] and c.filled else {})


def _counts_below_0(c: RemarkColumn) -> Found:
    return c.numbers.negative if _counts(c.column.name) else ""


def _is_below_0(c: RemarkColumn) -> Found:
    """Of a column that may count; others have -1 for what is not known, or measure."""
    name = c.column.name
    is_of_else = of_nothing(name) or not _PLACES.isdisjoint(names.words_of(name))
    return "" if is_of_else or _counts(name) else c.numbers.negative


def _counts(name: str) -> bool:
    told = names.words_of(name)
    return told[-1:] == ("total",) or not _COUNTS.isdisjoint(told)  # and no `total size`


_COUNTS = words_in(
    "count counts counter counted anzahl nombre cantidad numero aantal antal "
    "reports hits votes matches sightings confirmations detections reporters occurrences frequency "
    "prevalence"
)
_OF_STRINGS = (
    "column {} counts, and nothing else stands beside the digests, as in lists of passwords, whose "
    "digests are of strings: withdraw the list if they are of no images"
)


def may_be_of_strings(column: ListColumn, entry: ListColumn) -> str | None:
    """What is told of digests under a name that says not of what, beside how often each occurs."""
    is_one = not entry.is_said and len(names.words_of(entry.name)) == 1 and _counts(column.name)
    is_of_image = any(kind.startswith("image_") for kind in entry.kinds)
    return _OF_STRINGS.format(column.told) if is_one and is_of_image else None


_PLACES = words_in("lat latitude lon lng long longitude x y offset timezone tz utc")


def _has_spans(c: RemarkColumn) -> bool:
    is_one = c.column.what == names.UNKNOWN and not of_things(c.column.name)
    return is_one and c.expiries.may_have_ended


def _low_in_few(c: RemarkColumn) -> Found:
    return c.figures.doubt() if c.figures and c.has_few else ""


def _low(c: RemarkColumn) -> Found:
    return c.figures.doubt() if c.figures else ""


OF_WORDS = (  # under a name that is not known
    ColumnQuestion(
        RemarkColumn.is_garbled,
        "holds words that are no UTF-8, and nobody here knows in which code they were written: "
        "save the file as UTF-8, or say --ignore {option} if it decides nothing",
    ),
    ColumnQuestion(
        RemarkColumn.is_coded, "holds codes, and nobody here knows what they say ({held}): " + _OR,
        of_good=False,
    ),
    ColumnQuestion(RemarkColumn.is_flag, "says yes and no, and {of_what} ({held}): " + _OR),
    ColumnQuestion(
        RemarkColumn.is_doubted,
        "says yes in {of_rows}, and may say that they are not listed ({held}): " + _OR,
        of_good=False,
    ),
    ColumnQuestion(
        RemarkColumn.may_list,
        "says of some rows that they are listed, and {of_what} ({held}): " + _OR,
    ),
    ColumnQuestion(
        RemarkColumn.has_marks,
        "holds signs alone, and nobody here knows of what ({held}): " + _OR,
    ),
    ColumnQuestion(
        RemarkColumn.has_lights, "holds colours as traffic lights have ({held}): " + _OR
    ),
    ColumnQuestion(
        RemarkColumn.is_unread,
        "holds {words} in a script of which no word is known here, and may decide " + _COUNT,
    ),
    ColumnQuestion(
        RemarkColumn.may_judge,
        "holds {words} that may decide " + _COUNT,
        of_good=False, at_once=False,
    ),
)  # fmt: skip
QUESTIONS = (
    ColumnQuestion(
        lambda c: c.expiries.may_expire or _has_spans(c),
        "holds days that are past and days to come, as those on which entries expire: say --ignore "
        "{option} if it decides nothing; if not, leave out, in a copy, the rows that have expired",
    ),
    ColumnQuestion(
        lambda c: Counter() if of_things(c.column.name) else c.expiries.in_few,
        "holds days in {rows} and nothing in others, as those on which entries were taken "
        "back: say --ignore {option} if it decides nothing; if not, leave out, in a copy, the rows "
        "that are not listed",
        at_once=False,
    ),
    ColumnQuestion(
        _folders,
        "names files in {rows} that lie in folders which may say that they are not listed "
        f"({{found}}): {CHOICE}",
    ),
    ColumnQuestion(
        _of_no_child, f"speaks in {{rows}} of what is no child ({{found}}); {_IN_COPY}, {_OR}"
    ),
    ColumnQuestion(
        _doubted, f"may say in {{rows}} that they are not listed ({{found}}); {_OR}",
        at_once=False,
    ),
    ColumnQuestion(
        _doubted_so_far, f"may say in {{rows}} that they are not listed ({{found}}); {_OR}"
    ),
    ColumnQuestion(
        lambda c: c.texts.mark() if c.texts else "",
        "holds words that nobody here understood in {found}, and nobody here knows whether they "
        "take these back: say --ignore {option} if not; if so, " + _IN_COPY,
        of_good=False, at_once=False,
    ),
    ColumnQuestion(
        _low_in_few,
        f"{{found}}, and nobody here knows which rows are listed ({{figures}}): {_ROWS}, {_IF_ALL}",
    ),
    ColumnQuestion(
        _by_nobody,
        f"names nobody in {{rows}}, which may not be listed: {_IN_COPY}, {_IF_ALL}",
        of_good=False,
    ),
    ColumnQuestion(
        _counts_below_0,
        f"holds numbers below 0 in {{rows}}, which may count what was taken back: {_IN_COPY}, "
        "or say --ignore {option} if it decides nothing",
        of_good=False,
    ),
    ColumnQuestion(
        _low, f"{{found}}, and nobody here knows which rows are listed: {_IN_COPY}, {_IF_ALL}"
    ),
)  # fmt: skip


def refuse_all(columns: Sequence[RemarkColumn], *, so_far: bool) -> None:
    """Raise ListError for all columns at once of which one is to be asked about; few are told."""
    asked = list[str]()
    for column in columns:
        try:
            refuse(column, so_far=so_far)
        except ListError as e:
            asked.append(str(e))
    if asked:
        more = f"; and {len(asked) - _AT_ONCE} more columns" if len(asked) > _AT_ONCE else ""
        raise ListError("; ".join(asked[:_AT_ONCE]) + more)


_AT_ONCE = 3  # columns that one line tells of


def refuse(column: RemarkColumn, *, so_far: bool) -> None:
    """Raise ListError where it speaks of rows, and nobody here can say what.

    `so_far`: only the first rows were read.
    """
    is_of_measure = column.figures is not None and column.figures.knows_words
    for question in QUESTIONS if is_of_measure else (*OF_WORDS, *QUESTIONS):
        if (so_far and not question.at_once) or (column.is_good and not question.of_good):
            continue
        if found := question.finds(column):
            raise ListError(_told(question, column, found))


def _strange(c: RemarkColumn) -> Found:
    is_one = c.column.what != names.UNKNOWN or (c.words and not of_nothing(c.column.name))
    return c.texts.strange() if c.texts and is_one else ""


_LOOK = (
    "holds texts that nobody here understood in {found}: look whether they take these back; if so, "
    "choose with --where {option}=WORD,WORD, if not, say --ignore {option}"
)
NOTICES = (
    ColumnQuestion(
        lambda c: c.kept_out,
        "keeps rows out: {found}; say --ignore {option} if it decides nothing",
    ),
    ColumnQuestion(
        lambda c: c.figures.told if c.figures else "",
        "{found}: taken to decide nothing; if it does, choose with --where {option}=WORD",
    ),
    ColumnQuestion(
        lambda c: c.is_vocabulary() or (not c.passed and c.is_repeated()),
        "holds {words} in {of_rows} and was taken to decide nothing; if it does, choose with "
        "--where {option}=WORD",
    ),
    ColumnQuestion(
        lambda c: not c.passed and c.is_phrase(),
        "holds one text that nobody here understood: taken to decide nothing; look whether it "
        "takes something back, and say --ignore {option} if not",
    ),
    ColumnQuestion(_strange, _LOOK),
    ColumnQuestion(
        _is_below_0,
        "holds numbers below 0 in {rows}: taken to decide nothing; if they count what was "
        "taken back, leave those rows out in a copy, and say --ignore {option} if not",
        of_good=False,
    ),
    ColumnQuestion(
        lambda c: not c.passed and c.is_constant(),
        "says the same in all {of_rows} ({held}): taken to decide nothing; if it says that they "
        "are not listed, withdraw the list",
    ),
    ColumnQuestion(
        lambda c: c.texts.shown if c.texts and not c.texts.n else "",
        "speaks in {rows} of what may be no child: taken to decide nothing; if it does, leave "
        "them out in a copy",
    ),
)  # the first that finds something
_BESIDES = (
    ColumnQuestion(lambda c: _strange(c) if c.kept_out.keys() - {c.column.name} else "", _LOOK),
    ColumnQuestion(
        lambda c: c.ignored, "is ignored, and says of rows that they are not listed: {found}"
    ),
    ColumnQuestion(lambda c: c.passed, "holds {found}: passed over"),
)  # fmt: skip


def notices(column: RemarkColumn) -> Iterator[str]:
    """What of it kept rows out, and what was passed over."""
    told = ((q, found) for q in NOTICES if (found := q.finds(column)))
    for question, found in (*[*told][:1], *((q, q.finds(column)) for q in _BESIDES)):
        if found:
            yield _told(question, column, found)


def _told(question: ColumnQuestion, c: RemarkColumn, found: Found) -> str:
    """A message, with what was found in place of the names in it."""
    held = {cell.rstrip(":=") or EMPTY: n for cell, n in c.values.items()}
    counted = found if isinstance(found, Counter) else Counter[str]()
    most = counted.most_common(_MOST_TOLD)
    some = ", ".join(f"{words_written((word,))}: {n:,}" for word, n in most)
    more = f" and {len(counted) - _MOST_TOLD:,} more" if len(counted) > _MOST_TOLD else ""
    return f"column {c.column.told} " + question.says.format(
        option=option_name(c.column.name, c.column.index),
        held=told_words(held, _PHRASE if len(held) <= _VOCABULARY else None),
        of_what="nobody here knows of what" if c.column.name else "it has no name",
        words=several(len(c.words), "word"),
        of_rows=several(c.values.total(), "row"),
        rows=several(counted.total(), "row"),
        figures=c.figures.held(c.values) if c.figures else "",
        found=found if isinstance(found, str) else some + more,
    )
