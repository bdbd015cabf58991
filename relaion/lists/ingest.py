"""A delivery on its way into a store: its files read, what it takes back, what is new."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, fields
from itertools import pairwise

import pyarrow as pa

from relaion.engine import Engine
from relaion.errors import InputError, ListError
from relaion.lists.delivery import Delivery
from relaion.lists.nothing import advice_for, told_of
from relaion.lists.readers import why
from relaion.lists.readers.containers.text import file_sha256
from relaion.lists.readers.documents.document import OfDelivery
from relaion.lists.readers.format import NO_TRAIT, Trait
from relaion.lists.readers.lines.changes import CHANGES
from relaion.lists.readers.read import FileRead, read_entries
from relaion.lists.readers.vocabulary.spelling import escaped
from relaion.lists.results import Added, ListChanges
from relaion.lists.seldom import seldom_collected
from relaion.lists.taken_back import TakenBack
from relaion.lists.values import SortedBatch
from relaion.paths import shown
from relaion.roles import HASHED_LINK_KINDS, SCOPED_KINDS
from relaion.sqlset import load

_AT_ONCE = 4_000_000  # entries of a kind; more are told apart by parts
_HASHES = 1 << 64
_GROUP = 122_880  # entries of a row group of DuckDB: whole ones are written
_HELD = 8  # row groups that are held before they are written, of all kinds together
_NAMES = ["kind", "digest", "place", "record_no", "trait_id"]
_UNDONE = pa.schema([
    ("kind", pa.string()), ("digest", pa.string()), ("record_no", pa.int64()),
    ("id_digest", pa.string()),
])  # fmt: skip
_GONE = pa.schema([("record_no", pa.int64()), ("id_digest", pa.string())])
_NAMED = "kind varchar, digest varchar, record_no bigint, id_digest varchar"
_TAKEN_OUT = {
    "undone": _NAMED,
    "unchosen": _NAMED,
    "good": _NAMED,
    "gone": "record_no bigint, id_digest varchar",
}
_TRAITS = pa.schema([("trait_id", pa.int32()), *((f.name, pa.string()) for f in fields(Trait))])
_RECORDS = pa.schema(
    [("record_no", pa.int64()), ("id_digest", pa.string()), ("giver_id", pa.string())]
)


def take_in(
    engine: Engine,
    delivery: Delivery,
    list_id: int,
    notices: list[str],
    *,
    chain: Sequence[int] = (),
    is_full: bool = False,
    may_begin_anew: bool = False,
) -> Added:
    """Read the files into the store as list `list_id`, which brings those of `chain` up to date.

    Raises ListError when there is no entry in them, and nothing that they take back, and, if it
    `may_begin_anew`, ReadAnewError where that is needed: nothing in the store counts then.
    """
    incoming = _Incoming(engine, list_id, keep_ids=delivery.keep_ids)
    with seldom_collected():
        shared = OfDelivery(len(delivery.files), may_begin_anew)
        read = _read_all(delivery, incoming, notices, shared, chain, is_full=is_full)
    skipped: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    unusable: Counter[str] = Counter()
    for found in read:
        skipped += found.tally.skipped
        lost += found.tally.lost
        unusable += found.tally.unusable
    arrived = incoming.arrived
    if not arrived.total() and not (chain and incoming.may_take_back):
        raise _nothing(delivery, skipped, read)
    if delivery.forms and not arrived.keys() & set(HASHED_LINK_KINDS):
        raise InputError(
            "--form: is for hashed links, and the files hold none; say what they hold with "
            f"--kind {' or '.join(HASHED_LINK_KINDS)}, or leave --form out"
        )
    incoming.flush()
    notices += incoming.unclear(chain)
    back = incoming.take_back(chain)
    if not (arrived.total() or incoming.takes_back or back.earlier):
        raise _nothing(delivery, skipped, read)
    notices += back.told(is_update=bool(chain), is_full=is_full)
    if not (shared.held or shared.ends):  # of versions the records themselves tell the latest
        notices += back.between_files
    n_struck = sum(found.tally.struck for found in read)
    is_struck = back.own > 0 and n_struck == incoming.takes_back  # by nothing else
    notices += [_STRUCK.format(back.own)] * is_struck
    same_ids = 0 if is_full else incoming.same_ids(chain)
    notices += [_SAME_IDS.format(same_ids)] * bool(same_ids)
    is_of_changes = any(found.form == CHANGES for found in read)
    if not (chain or back.elsewhere) and incoming.takes_back > back.own and is_of_changes:
        notices.append(_NO_UPDATE)
    counted = _tell_apart(engine, list_id, arrived)
    undone = skipped.pop(why.TAKEN_BACK, 0)
    changes = None
    if chain:
        changes = _keep_changes(engine, list_id, chain, back.earlier, is_full=is_full)
        if is_full and changes.retracted and not changes.unchanged:
            raise _another_list(delivery, changes.retracted, chain[0])
    held = dict(engine.rows(_OF_LIST, [list_id]))
    if not held and not chain:
        raise _nothing(delivery, skipped + Counter({why.TAKEN_BACK: undone + back.own}), read)
    new, known, duplicate = counted
    return Added(
        list_id, delivery.source, delivery.title, delivery.label, delivery.received, True, held,
        arrived.total() + skipped.total() + undone, new, known, duplicate,
        dict(sorted(skipped.items())),
        forms=delivery.forms,
        retracted=undone + back.own,
        records=sum(f.tally.records for f in read),
        used=sum(f.tally.taken for f in read),
        lost=dict(sorted(lost.items())),
        decided={name: words for f in read for name, words in f.decided.items()},
        unusable=dict(sorted(unusable.items())),
        role=delivery.options.role or "bad",
        format=", ".join(dict.fromkeys(f.form for f in read)),
        changes=changes,
    )  # fmt: skip


_UNKNOWN_ID = (
    "records that are taken back by their giver's id alone: {:,} of them took nothing back, as no "
    "record of such an id is known; ask the giver for their hashes or links"
)
_STRUCK = (
    "entries that lines of the delivery list, and other lines strike out: {:,}; they are taken "
    "back, wherever in their file those lines stand"
)
_BOTH = (
    "records that call known good what others of the delivery list, or bad what they call good, by "
    "its value or its id: {:,}; within a file the last one counts, or the one that --where "
    "chooses: ask the giver"
)
_SAME_IDS = (
    "givers' ids that the list holds with another digest or link than the delivery: {:,}; both are "
    "listed now, and where the new one corrects the old, ask the giver to take the old one back"
)
_OF_LIST = "select kind, count(*) from store.entries where list_id = ? group by all order by all"


def _read_all(
    delivery: Delivery,
    incoming: "_Incoming",
    notices: list[str],
    shared: OfDelivery,
    chain: Sequence[int],
    *,
    is_full: bool,
) -> list[FileRead]:
    read = [
        _read_file(
            delivery, number, incoming, notices, shared, is_update=bool(chain), is_full=is_full
        )
        for number in range(len(delivery.files))
    ]
    for told_by in shared.ends.values():
        notices += told_by()
    return read


def _read_file(
    delivery: Delivery,
    number: int,
    incoming: "_Incoming",
    notices: list[str],
    shared: OfDelivery,
    *,
    is_update: bool,
    is_full: bool,
) -> FileRead:
    is_delta = is_update and not is_full
    path, sha256 = delivery.files[number], delivery.sha256[number]
    found = FileRead(first=incoming.next_record, shared=shared)
    incoming.starts.append(incoming.next_record)
    found.tally.is_delta = is_delta
    found.tally.behind += found.first
    found.put = incoming.add
    found.is_alone = len(delivery.files) == 1 and not is_update
    before = incoming.said
    for batch in read_entries(path, delivery.options, found):
        incoming.add(batch)
    after = found.after or incoming.next_record + found.tally.records
    incoming.next_record = max(after, found.tally.behind + 1) if found.tally.struck else after
    if file_sha256(path) != sha256:
        raise ListError(
            f"{shown(path)}: changed while it was read; wait until it is complete, then add it"
        )
    if delivery.options.kind in SCOPED_KINDS and found.tally.skipped[why.OTHER_HASH]:
        raise ListError(
            f"{shown(path)}: holds digests, which have no scope; add them by themselves, "
            "without --scope and --kind"
        )
    if incoming.said == before:
        found.notices.append("holds no link and no hash")
    which = f"file {number + 1}: " if len(delivery.files) > 1 else ""
    notices.extend(which + notice for notice in found.notices)
    return found


_WITHOUT_RECORD = """select count(*) from gone
where record_no not in (select record_no from undone) and id_digest not in (
    select id_digest from store.records where list_id = ? or list_contains(?::integer[], list_id)
)"""


_LISTED_AND_GOOD = """select count(distinct record_no) from (
    select g.record_no from store.entries as e inner join good as g
    on e.hash = hash(g.digest) and e.digest = g.digest and e.kind = g.kind where e.list_id = ?
    union all
    select g.record_no from store.records as r inner join good as g
    on r.id_digest = g.id_digest where r.list_id = ?
)"""


class _Incoming:
    """Entries on their way into the store, many of a kind at a time, with what is said of them."""

    def __init__(self, engine: Engine, list_id: int, *, keep_ids: bool) -> None:
        self.arrived: Counter[str] = Counter()
        self.takes_back = self.unchosen = self.calls_good = 0
        self.next_record = 0
        self.starts: list[int] = []  # the first record of each file
        self._engine = engine
        self._list_id = list_id
        self._keep_ids = keep_ids
        self._script = load("lists")["20_take_in"]
        self._held: dict[str, pa.Table] = {}
        self._traits: dict[Trait, int | None] = {NO_TRAIT: None}
        self._next_trait = 1
        for trait_id, *told in engine.rows("from store.traits"):
            self._traits[Trait(*told)] = trait_id
            self._next_trait = max(self._next_trait, trait_id + 1)
        self._new_traits: list[tuple[int, Trait]] = []
        for table, columns in _TAKEN_OUT.items():
            engine.execute(f"create temp table {table} ({columns})")

    @property
    def said(self) -> int:
        """How many values brought an entry or may take one back."""
        return self.arrived.total() + self.may_take_back

    @property
    def may_take_back(self) -> int:
        """How many values may take an entry back."""
        return self.takes_back + self.unchosen

    def add(self, batch: SortedBatch) -> None:
        """Take in a batch: its entries, the ids of its records, and what it takes back."""
        for kind, some in batch.entries.items():
            traits = [self._trait_ids(batch, records) for records in some.records]
            columns = map(pa.chunked_array, (some.digests, some.places, some.records, traits))
            rows = pa.table([*columns], _NAMES[1:])
            held = pa.concat_tables([self._held[kind], rows]) if kind in self._held else rows
            self._held[kind] = held
            self.arrived[kind] += len(rows)
            whole = max(1, _HELD // len(self._held)) * _GROUP
            if len(held) >= whole:
                self._flush(kind, whole)
        self._add_traits()
        self._add_ids(batch)

    def _add_ids(self, batch: SortedBatch) -> None:
        told = (*batch.kept_ids, *batch.gone_ids, *batch.unchosen_ids)
        digests = {no: _id_digest(giver_id) for no, giver_id in told}
        if batch.kept_ids:
            numbers, ids = zip(*batch.kept_ids, strict=True)
            kept_as = [escaped(each).decode() if self._keep_ids else None for each in ids]
            columns = [
                pa.array(numbers, pa.int64()),
                pa.array([digests[no] for no in numbers], pa.string()),
                pa.array(kept_as, pa.string()),
            ]
            self._engine.create("new_records", pa.table(columns, schema=_RECORDS))
            self._engine.execute(
                "insert into store.records select ?, * from new_records", [self._list_id]
            )
            self._engine.execute("drop table new_records")
        undone, unchosen, good = (
            [
                {"kind": kind, "digest": digest, "record_no": no, "id_digest": digests.get(no)}
                for kind, digest, _, no in some
            ]
            for some in (batch.undone, batch.unchosen, batch.good)
        )
        gone = [{"record_no": no, "id_digest": digests[no]} for no, _ in batch.gone_ids]
        self.takes_back += len(undone) + len(gone)
        self.unchosen += len(unchosen)
        self.calls_good += len(good)
        for table, rows in (("unchosen", unchosen), ("undone", undone), ("good", good)):
            if rows:
                self._engine.insert(table, pa.Table.from_pylist(rows, schema=_UNDONE))
        if gone:
            self._engine.insert("gone", pa.Table.from_pylist(gone, schema=_GONE))

    def _trait_ids(self, batch: SortedBatch, records: pa.Array) -> pa.Array:
        if batch.traits is None:
            return pa.nulls(len(records), pa.int32())
        first, traits = batch.first, batch.traits
        known: dict[int, int | None] = {}  # by the object, of which there are few
        found = []
        for no in records.to_pylist():
            trait = traits[no - first]
            if id(trait) not in known:
                known[id(trait)] = self._trait_id(trait)
            found.append(known[id(trait)])
        return pa.array(found, pa.int32())

    def _trait_id(self, trait: Trait) -> int | None:
        if trait not in self._traits:
            kept = trait.as_text()
            if kept not in self._traits:
                self._traits[kept] = self._next_trait
                self._new_traits.append((self._next_trait, kept))
                self._next_trait += 1
            self._traits[trait] = self._traits[kept]
        return self._traits[trait]

    def _add_traits(self) -> None:
        """Store the traits that no list had before; of a giver's dates there may be thousands."""
        rows = [{"trait_id": number, **asdict(trait)} for number, trait in self._new_traits]
        if rows:
            self._engine.create("new_traits", pa.Table.from_pylist(rows, schema=_TRAITS))
            self._engine.execute("insert into store.traits from new_traits")
            self._engine.execute("drop table new_traits")
            self._new_traits = []

    def flush(self) -> None:
        """The rest of all kinds."""
        for kind in [*self._held]:
            self._flush(kind, 1)

    def _flush(self, kind: str, whole: int) -> None:
        """As many entries as fill a number of parts of this size; the rest is held."""
        rows = self._held.pop(kind)
        n = len(rows) // whole * whole
        if n < len(rows):
            self._held[kind] = rows.slice(n)
        rows = rows.slice(0, n).add_column(0, _NAMES[0], pa.repeat(kind, n)).combine_chunks()
        self._engine.lend("incoming", rows)
        self._engine.run(self._script, list_id=self._list_id)

    def unclear(self, chain: Sequence[int]) -> list[str]:
        """What the giver alone can say: of records taken back that nobody knows, or listed too."""
        found = []
        if self.takes_back:
            ((n,),) = self._engine.rows(_WITHOUT_RECORD, [self._list_id, list(chain)])
            found += [_UNKNOWN_ID.format(n)] * bool(n)
        if self.calls_good:
            ((n,),) = self._engine.rows(_LISTED_AND_GOOD, [self._list_id, self._list_id])
            found += [_BOTH.format(n)] * bool(n)
        return found

    def same_ids(self, chain: Sequence[int]) -> int:
        """How many ids of the giver name another value here than in the lists of `chain`."""
        if not chain:
            return 0
        self._engine.run(load("lists")["27_same_ids"], list_id=self._list_id, chain=list(chain))
        ((n,),) = self._engine.rows("from same_ids")
        return int(n)

    def take_back(self, chain: Sequence[int]) -> TakenBack:
        """Take out what is taken back."""
        if not self.may_take_back:
            return TakenBack()
        script = load("lists")["25_take_back"]
        said = {"list_id": self._list_id, "chain": list(chain), "starts": self.starts}
        self._engine.run(script, **said)
        (counts,) = self._engine.rows("from taken_back")
        return TakenBack(*counts)


def _id_digest(giver_id: str) -> str:
    return hashlib.sha256(escaped(giver_id)).hexdigest()[:32]


_NO_UPDATE = (
    "it takes back what it does not hold; where an earlier list does, that stays listed until you "
    "say --update ID"
)


def _another_list(delivery: Delivery, retracted: int, list_id: int) -> ListError:
    named = ", ".join(shown(path) for path in delivery.files[:3])
    return ListError(
        f"{named}: has nothing in common with list {list_id}, of which --full would take back all "
        f"{retracted:,} entries; where it is another list, add it without --update, and where all "
        f"did change, withdraw list {list_id} first"
    )


def _nothing(delivery: Delivery, skipped: Counter[str], read: Sequence[FileRead]) -> ListError:
    return nothing_in(", ".join(shown(path) for path in delivery.files[:3]), skipped, read)


def nothing_in(named: str, skipped: Counter[str], read: Sequence[FileRead]) -> ListError:
    """Why files bring no entry, and what to do."""
    if not skipped:  # records that have no value, such as what takes back by an id alone
        skipped = sum((found.tally.lost for found in read), Counter())
    advice = advice_for(skipped)
    if title := next((found.title for found in read if found.title), ""):
        advice += f"; {title}"
    return ListError(
        f"{named}: nothing in it can be an entry ({told_of(skipped) or 'it is empty'}), and an "
        f"empty list is refused: {advice}"
    )


def _tell_apart(engine: Engine, list_id: int, arrived: Counter[str]) -> tuple[int, int, int]:
    """Tell apart and count what arrived in the store, kind by kind: new, known, duplicate."""
    script = load("lists")["30_tell_apart"]
    new = known = duplicate = 0
    for kind, n in sorted(arrived.items()):
        parts = max(1, -(-n // _AT_ONCE))
        ends = [_HASHES * i // parts for i in range(parts + 1)]
        for first, after in pairwise(ends):
            engine.run(script, list_id=list_id, kind=kind, first=first, last=after - 1)
            ((_, n_new, n_known, n_duplicate),) = engine.rows("from taken")
            new, known, duplicate = new + n_new, known + n_known, duplicate + n_duplicate
    return new, known, duplicate


def _keep_changes(
    engine: Engine, list_id: int, chain: Sequence[int], n_earlier: int, *, is_full: bool
) -> ListChanges:
    script = load("lists")["40_keep_changes"]
    engine.run(script, list_id=list_id, chain=list(chain), is_full=is_full)
    ((unchanged, lacking),) = engine.rows("from kept_changes")
    ((added,),) = engine.rows("select count(*) from store.entries where list_id = ?", [list_id])
    return ListChanges(added, n_earlier + lacking, unchanged)
