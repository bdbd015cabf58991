"""One delivery on its way into a store, and what the functions of the store give back."""

import difflib
import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pyarrow as pa

from relaion.engine import Engine
from relaion.errors import InputError, ListError
from relaion.lists.kinds import chosen_forms, read_columns, read_role, read_where, scoped_kind
from relaion.lists.normalise import WRONG_LENGTH, SortedEntries
from relaion.lists.readers.container import file_sha256
from relaion.lists.readers.format import Options
from relaion.lists.readers.formats import check_format
from relaion.lists.readers.read import FileRead, read_entries
from relaion.lists.readers.record import (
    BAD,
    GOOD,
    NOT_CHOSEN,
    OTHER_HASH,
    TAKEN_BACK,
    VIDEO,
)
from relaion.paths import shown, typed
from relaion.roles import HASHED_LINK_KINDS, KINDS, SCOPED_KINDS
from relaion.sqlset import load

# -- What the functions of the list store give back: counts and names, never an entry ----------


@dataclass(frozen=True)
class Added:
    """What `add` read. `read` = `new` + `known` + `duplicate` + the sum of `skipped`.

    `entries` counts the entries that the list holds now, by kind; `known` are those of them
    that an earlier list holds too. Where the delivery was in the store already, `list_id` is
    that list, `added` is false and all counts are zero.
    """

    list_id: int
    source: str
    title: str | None
    label: str
    received: date | None
    added: bool
    entries: Mapping[str, int]
    read: int
    new: int
    known: int
    duplicate: int
    skipped: Mapping[str, int]
    forms: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shown:
    """One list of a store; counts as `Added` had them. `added` is UTC.

    `forms` names the spellings that its giver hashed; empty where that is not known.
    """

    list_id: int
    source: str
    title: str | None
    label: str
    received: date | None
    added: datetime
    entries: Mapping[str, int]
    read: int
    new: int
    known: int
    duplicate: int
    skipped: Mapping[str, int]
    forms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Withdrawn:
    """The list that was taken out, and how many entries went with it, by kind."""

    list_id: int
    source: str
    title: str | None
    label: str
    received: date | None
    entries: Mapping[str, int]
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class StoredList:
    """One list as a run needs it. `content_sha256` must not leave the machine unsealed."""

    list_id: int
    source: str
    title: str | None
    label: str
    received: date | None
    content_sha256: str
    entries: Mapping[str, int]
    forms: tuple[str, ...] = ()


@dataclass(frozen=True)
class StoreInfo:
    """A store that this version can read: its lists in the order of their numbers."""

    path: Path
    store_version: int
    key_version: int
    lists: tuple[StoredList, ...]


# -- One delivery on its way into a store: who sent it, what its files hold, what is new -------

LABELS = ("csam", "privacy", "opt-out")  # of the lists that the built-in editions heed
_LABEL = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_LINE = re.compile(r"[^\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]{1,200}")
_AT_ONCE = 4_000_000  # entries of a kind; more are told apart by parts
_HASHES = 1 << 64
# entries of a kind, before they go to the engine: whole row groups, which are written once
_HELD = 8 * 122_880
_NAMES = ["kind", "digest", "host_digest"]


@dataclass(frozen=True)
class Delivery:
    """What the curator says about a delivery, checked, and the digests of its files."""

    files: tuple[Path, ...]
    sha256: tuple[str, ...]
    source: str
    title: str | None
    label: str
    received: date | None
    kind: str | None
    forms: tuple[str, ...]
    file_format: str | None
    options: Options = field(default_factory=Options)

    @property
    def content_sha256(self) -> str:
        """One digest for all files, in any order, and for how they were to be read."""
        how = (self.kind or "", self.file_format or "", ",".join(self.forms), *self.options.told())
        parts = [*sorted(self.sha256), *how]
        return hashlib.sha256("\n".join(parts).encode("ascii")).hexdigest()


@dataclass(frozen=True)
class Counts:
    """What a delivery brought; `read` = `new` + `known` + `duplicate` + the sum of `skipped`."""

    entries: dict[str, int]
    read: int
    new: int
    known: int
    duplicate: int
    skipped: dict[str, int]


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
        read_role(role), partial,
    )  # fmt: skip
    return Delivery(tuple(files), sha256, *about, kind, forms, file_format, options)


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
    if delivery.label not in LABELS:
        near = difflib.get_close_matches(delivery.label, LABELS, 1)
        meant = f"; did you mean {near[0]}?" if near else ""
        yield (
            f"research and research-safe remove nothing for lists labelled {delivery.label}, "
            f"only an edition of your own does{meant}"
        )
    # a day ahead somewhere on earth may be today
    if delivery.received and delivery.received > date.today() + timedelta(days=1):
        yield f"received {delivery.received}: that day is still to come; withdraw and add it again"


def take_in(engine: Engine, delivery: Delivery, list_id: int, notices: list[str]) -> Counts:
    """Read the files into the store as list `list_id`; raises ListError when there is no entry."""
    incoming = _Incoming(engine, list_id)
    skipped: Counter[str] = Counter()
    arrived: Counter[str] = Counter()
    for number, (path, sha256) in enumerate(zip(delivery.files, delivery.sha256, strict=True), 1):
        found = FileRead()
        before = arrived.total()
        for batch in read_entries(path, delivery.options, found):
            for kind, some in batch.entries.items():
                arrived[kind] += incoming.add(kind, some)
        if file_sha256(path) != sha256:
            raise ListError(
                f"{shown(path)}: changed while it was read; wait until it is complete, then add it"
            )
        skipped += found.tally.skipped
        if delivery.kind in SCOPED_KINDS and skipped[OTHER_HASH]:
            raise ListError(
                f"{shown(path)}: holds digests, which have no scope; add them by themselves, "
                "without --scope and --kind"
            )
        if arrived.total() == before:
            found.notices.append("holds no link and no hash")
        which = f"file {number}: " if len(delivery.files) > 1 else ""
        notices.extend(which + notice for notice in found.notices)
    if not arrived.total():
        raise _nothing(delivery, skipped)
    if delivery.forms and not arrived.keys() & set(HASHED_LINK_KINDS):
        raise InputError(
            "--form: is for hashed links, and the files hold none; say what they hold with "
            f"--kind {' or '.join(HASHED_LINK_KINDS)}, or leave --form out"
        )
    incoming.flush()
    return _count(engine, list_id, arrived, skipped)


class _Incoming:
    """Entries on their way into the store, many of a kind at a time."""

    def __init__(self, engine: Engine, list_id: int) -> None:
        self._engine = engine
        self._list_id = list_id
        self._script = load("lists")["20_take_in"]
        self._held: dict[str, SortedEntries] = {}

    def add(self, kind: str, some: SortedEntries) -> int:
        held = self._held.setdefault(kind, SortedEntries())
        held.digests += some.digests
        held.hosts += some.hosts
        if sum(map(len, held.digests)) >= _HELD:
            self._flush(kind, _HELD)
        return sum(map(len, some.digests))

    def flush(self) -> None:
        """The rest of all kinds."""
        for kind in [*self._held]:
            self._flush(kind, 1)

    def _flush(self, kind: str, whole: int) -> None:
        """As many entries as fill a number of parts of this size; the rest is held."""
        held = self._held.pop(kind)
        rows = pa.table([pa.chunked_array(held.digests), pa.chunked_array(held.hosts)], _NAMES[1:])
        n = len(rows) // whole * whole
        rest = rows.slice(n)
        if len(rest):
            self._held[kind] = SortedEntries(*(column.chunks for column in rest.columns))
        rows = rows.slice(0, n).add_column(0, _NAMES[0], pa.repeat(kind, n)).combine_chunks()
        self._engine.run_on(self._script, "incoming", rows, list_id=self._list_id)


def _nothing(delivery: Delivery, skipped: Counter[str]) -> ListError:
    named = ", ".join(shown(path) for path in delivery.files[:3])
    found = ", ".join(f"{reason}: {n:,}" for reason, n in sorted(skipped.items()))
    why = max(skipped, key=lambda reason: skipped[reason], default="")
    advice = _ADVICE.get(why, "check that it is the list, or say what it holds with --kind")
    return ListError(
        f"{named}: nothing in it can be an entry ({found or 'it is empty'}), and an empty list is "
        f"refused: {advice}"
    )


_ADVICE = {
    "only a host": "where each is to stand for all that is there use --scope host",
    GOOD: "known-good hashes are added with --role good, and remove nothing",
    VIDEO: "digests of videos match no image",
    TAKEN_BACK: "what was taken back leaves a list with `relaion lists add --update ID`",
    NOT_CHOSEN: "check the words of --where",
    BAD: "leave --role good out",
    OTHER_HASH: "ask the giver for MD5, SHA-1 or SHA-256 of the images' bytes",
    WRONG_LENGTH: "an MD5 has 32 digits, a SHA-1 40, a SHA-256 64; others match nothing",
}


def _count(engine: Engine, list_id: int, arrived: Counter[str], skipped: Counter[str]) -> Counts:
    """Tell apart and count what arrived in the store, kind by kind."""
    script = load("lists")["30_tell_apart"]
    entries: dict[str, int] = {}
    new = known = duplicate = 0
    for kind, n in sorted(arrived.items()):
        parts = max(1, -(-n // _AT_ONCE))
        ends = [_HASHES * i // parts for i in range(parts + 1)]
        for first, after in pairwise(ends):
            engine.run(script, list_id=list_id, kind=kind, first=first, last=after - 1)
            ((_, n_new, n_known, n_duplicate),) = engine.rows("from taken")
            new, known, duplicate = new + n_new, known + n_known, duplicate + n_duplicate
            entries[kind] = entries.get(kind, 0) + n_new + n_known
    read = arrived.total() + skipped.total()
    return Counts(
        {kind: n for kind, n in entries.items() if n},
        read,
        new,
        known,
        duplicate,
        dict(sorted(skipped.items())),
    )
