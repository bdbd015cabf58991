"""What the curator says of a delivery, checked, and the digests of its files."""

import csv
import difflib
import fnmatch
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from relaion.errors import InputError
from relaion.links import FORMS, SCOPES
from relaion.lists.readers.containers.text import file_sha256
from relaion.lists.readers.format import EMPTY, OF_FILE, OF_NAME, Options, words_written
from relaion.lists.readers.formats import check_format
from relaion.paths import typed
from relaion.roles import HASHED_LINK_KINDS, KINDS

LABELS = ("csam", "privacy", "opt-out")  # of the lists that the built-in editions heed
_LABEL = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_LINE = re.compile(r"[^\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]{1,200}")


@dataclass(frozen=True)
class Delivery:
    """What the curator says about a delivery, checked, and the digests of its files."""

    files: tuple[Path, ...]
    sha256: tuple[str, ...]
    source: str
    title: str | None
    label: str
    received: date | None
    forms: tuple[str, ...]
    options: Options = field(default_factory=Options)
    keep_ids: bool = False

    @property
    def settings(self) -> str:
        """How it is read, in JSON, for the list's next delivery."""
        o = self.options
        said = {
            "kind": o.kind if o.scope is None else None,
            "scope": o.scope,
            "file_format": o.file_format,
            "forms": list(self.forms),
            "columns": [f"{kind}={name}" for kind, names in o.columns.items() for name in names],
            "where": [f"{name}={words_written(chosen)}" for name, chosen in o.where.items()],
            "ignore": sorted(o.ignore - {OF_FILE, OF_NAME}),  # the next delivery has its own
            "role": o.role,
            "partial": o.partial,
            "keep_ids": self.keep_ids,
            "member": o.member,
        }
        return json.dumps({name: value for name, value in said.items() if value})

    @property
    def content_sha256(self) -> str:
        """One digest for all files, in any order, and for how they were to be read."""
        o = self.options
        how = (o.kind or "", o.file_format or "", ",".join(self.forms), *o.told())
        parts = [*sorted(self.sha256), *how]
        return hashlib.sha256("\n".join(parts).encode("utf-8", "backslashreplace")).hexdigest()


def describe(
    files: Sequence[Path],
    *,
    source: str,
    title: str | None,
    label: str,
    received: date | str | None,
    kind: str | None,
    scope: str | None,
    forms: Sequence[str],
    file_format: str | None,
    columns: Sequence[str] = (),
    where: Sequence[str] = (),
    ignore: Sequence[str] = (),
    role: str | None = None,
    partial: bool = False,
    keep_ids: bool = False,
    member: str | None = None,
) -> Delivery:
    """Check what is said about a delivery and that its files can be read.

    Raises InputError for an option, ListError for a file.
    """
    if not files:
        raise InputError("no file named; name the partner's files")
    for option, text in (("--source", source), ("--title", title)):
        if text is not None and not (_LINE.fullmatch(text) and text.strip()):
            raise InputError(f"{option}: write a name of one line, 200 characters at most")
    if not _LABEL.fullmatch(label):
        raise InputError(
            f"--label {typed(label)}: write lower-case words with - between, "
            "such as csam, privacy or opt-out"
        )
    if kind is not None and kind not in KINDS:
        raise InputError(
            f"--kind {typed(kind)}: is no kind of entry; choose one of {', '.join(KINDS)}"
        )
    kind = scoped_kind(kind, scope)
    forms = chosen_forms(kind, forms)
    check_format(file_format)
    about = (source.strip(), title, label, _day(received))
    sha256 = tuple(map(file_sha256, files))
    options = Options(
        kind, scope, file_format, read_columns(columns), frozenset(ignore), read_where(where),
        read_role(role), partial, _member(member),
    )  # fmt: skip
    return Delivery(tuple(files), sha256, *about, forms, options, keep_ids)


def _day(received: date | str | None) -> date | None:
    if not isinstance(received, str):
        return received
    try:
        return datetime.strptime(received, "%Y-%m-%d").date()
    except ValueError:
        is_written_so = re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", received)
        why = "is no day of the calendar; " if is_written_so else ""
        raise InputError(
            f"--received {typed(received)}: {why}write a day as YYYY-MM-DD, such as 2024-03-26"
        ) from None


def doubts(delivery: Delivery) -> Iterator[str]:
    """What may be a slip of the pen, and would go unseen."""
    if delivery.label not in LABELS and not delivery.options.is_good:
        near = difflib.get_close_matches(delivery.label, LABELS, 1)
        meant = f"; did you mean {near[0]}?" if near else ""
        yield (
            f"research and research-safe remove nothing for lists labelled {delivery.label}, "
            f"only an edition of your own does{meant}"
        )
    # a day ahead somewhere on earth may be today
    if delivery.received and delivery.received > date.today() + timedelta(days=1):
        yield f"received {delivery.received}: that day is still to come; withdraw and add it again"


# -- Options of `lists add` that say how a delivery is meant ------------------------------------

_COLUMN_KINDS = ("md5", "sha1", "sha256", "hash", *KINDS)
ROLES_OF_LISTS = ("bad", "good")


def read_columns(said: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """`--column KIND=NAME` as names by kind; raises InputError for a kind that is none."""
    found: dict[str, tuple[str, ...]] = {}
    for text in said:
        kind, sign, name = text.partition("=")
        if not sign or not name.strip() or kind not in _COLUMN_KINDS:
            raise InputError(
                f"--column {typed(text)}: write KIND=NAME or KIND=NUMBER, such as sha1=3; a kind "
                f"is one of {', '.join(_COLUMN_KINDS)}"
            )
        found[kind] = (*found.get(kind, ()), name.strip())
    return found


def read_where(said: Sequence[str]) -> dict[str, frozenset[str]]:
    """`--where NAME=WORD,WORD` as words by name, without case; raises InputError.

    A word that holds a comma stands in quotes; `(empty)`, or nothing, is a cell without a word.
    """
    found: dict[str, frozenset[str]] = {}
    for text in said:
        name, sign, listed = text.partition("=")
        try:
            told = [word.strip().casefold() for word in next(csv.reader([listed]), [])]
        except csv.Error:
            told = []
        if not sign or not name.strip() or not any(told):
            raise InputError(
                f"--where {typed(text)}: write NAME=WORD,WORD, such as category=1,2; (empty) is a "
                "cell without a word"
            )
        empty = {""} if EMPTY in told else set()
        found[name.strip()] = found.get(name.strip(), frozenset()).union(told, empty)
    return found


def read_role(said: str | None) -> str | None:
    """`--role`; raises InputError for a word that is none."""
    if said is not None and said not in ROLES_OF_LISTS:
        raise InputError(f"--role {typed(said)}: choose one of {', '.join(ROLES_OF_LISTS)}")
    return said


def _member(said: str | None) -> str | None:
    """`--member`; raises InputError for no name."""
    if said is not None and not said.strip():
        raise InputError("--member: write the name of a member or a sheet, or its number")
    return said


def scoped_kind(kind: str | None, scope: str | None) -> str | None:
    """The kind that a scope makes of a delivery; raises InputError where they contradict."""
    if scope is None:
        return kind
    if scope not in SCOPES:
        raise InputError(f"--scope {typed(scope)}: choose one of {', '.join(SCOPES)}")
    if kind not in (None, "url", SCOPES[scope]):
        raise InputError(
            f"--scope {scope}: is for links and hosts, not for --kind {kind}; leave one out"
        )
    return SCOPES[scope]


def chosen_forms(kind: str | None, forms: Sequence[str]) -> tuple[str, ...]:
    """The spellings that names and patterns choose, each once, in the order of FORMS.

    Raises InputError for a name that is none, and for a kind that has no spellings.
    """
    for form in forms:
        if not fnmatch.filter(FORMS, form):
            near = difflib.get_close_matches(form, FORMS, 1)
            hint = f"did you mean {near[0]}" if near else "see `relaion lists add --help`"
            raise InputError(f"--form {typed(form)}: is no spelling of a link; {hint}")
    if forms and kind is not None and kind not in HASHED_LINK_KINDS:
        raise InputError(
            f"--form: is for hashed links, not for {kind}; leave it out, or choose one of "
            f"{', '.join(HASHED_LINK_KINDS)} with --kind"
        )
    chosen = {name for form in forms for name in fnmatch.filter(FORMS, form)}
    return tuple(name for name in FORMS if name in chosen)
