"""A file of XML or JSON as entries: what its format reads from it, sorted, and its name heeded.

What holds for texts holds here: a name such as `removed.json` speaks of all that is in a file, a
file of which less than half can be read is not taken, and digests that match nothing are counted.
"""

from __future__ import annotations

from collections.abc import Iterator

from relaion.errors import ListError
from relaion.lists.links_beside import LinksBeside
from relaion.lists.normalise import Tally
from relaion.lists.nothing import refuse_pdq, refuse_unusable, without_word
from relaion.lists.readers import why
from relaion.lists.readers.documents.document import DocumentFormat, ListDocument
from relaion.lists.readers.documents.foreseen import ReadAnewError
from relaion.lists.readers.format import OF_FILE, SAMPLE, Options
from relaion.lists.readers.lines import titles
from relaion.lists.readers.lines.known_good import refuse_bad_head, refuse_good
from relaion.lists.values import SortedBatch

_BY_NAME = (
    "the file's name says that what is in it may not be listed; if it is, say --ignore title, and "
    "if it was taken back, add the file with --update ID"
)


def read_document(
    document: ListDocument, form: DocumentFormat, options: Options, tally: Tally, first: int
) -> Iterator[SortedBatch]:
    """Entries of a document by kind, a batch at a time; its records are counted from `first`.

    Raises ListError, without the file's name, for a document that must not be taken, and
    ReadAnewError for one that was foreseen and must be looked at first.
    """
    try:
        yield from _read(document, form, options, tally, first)
    except ListError:
        if document.is_foreseen:  # of several things that are wrong, a look may tell of another
            raise ReadAnewError from None
        raise


def _read(
    document: ListDocument, form: DocumentFormat, options: Options, tally: Tally, first: int
) -> Iterator[SortedBatch]:
    fate = _by_name(document.file_name, options, is_delta=document.is_delta)
    number, kinds, beside = 0, set[str](), LinksBeside()
    tally.plain_links = beside.plain_links
    for batch in beside.ahead(form.read(document, options)):
        if fate:
            batch.fates = dict.fromkeys(range(batch.n), fate) | batch.fates
        some = tally.take(batch, first + number)
        kinds.update(some.entries)
        yield some
        number += batch.n
        if tally.records * 2 >= SAMPLE:
            refuse_unusable(tally, options, so_far=True)
    tally.beside.refuse_unsure()
    refuse_unusable(tally, options, so_far=False)
    refuse_pdq(tally, options)
    document.notices.extend(tally.beside.notices())
    document.notices.extend(without_word(kinds, options, is_named=document.is_named))
    if tally.unusable:
        told = ", ".join(f"{name}: {n:,}" for name, n in tally.unusable.most_common(10))
        document.notices.append(f"digests that match nothing in a data set, not kept: {told}")


def _by_name(file_name: str, options: Options, *, is_delta: bool) -> str | None:
    """Why all of a file is taken out by its name; raises ListError where that is to be asked."""
    refuse_bad_head("", file_name, options)
    refuse_good("", file_name, options, is_delta=is_delta)
    says = None if OF_FILE in options.ignore else titles.of_name(file_name)
    if says is None or (says == why.GOOD and options.role):
        return None
    if isinstance(says, titles.Doubt) or not is_delta:
        raise ListError(_BY_NAME)
    return says
