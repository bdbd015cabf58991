"""Which records of a copy stay? A plain model: what a diff names leaves, what an edition has stays.

Identities are a row hash, and 16 bytes of SHA-256 of a link key, salted where a diff asks for it.
They are held for some million records at a time; an edition is streamed past those that are looked
for.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from relaion.errors import InputError
from relaion.verifier.copies.editions import EditionSets
from relaion.verifier.copies.known import (
    HASHES,
    HashLengths,
    Records,
    any_of,
    flat,
    lengths_of,
)
from relaion.verifier.copies.records import bare_key, read_records
from relaion.verifier.copies.seconds import links_behind
from relaion.verifier.copies.standing import (
    NO_HASHES,
    NONE_WANTED,
    LinkIds,
    Links,
    StandingHashes,
    among,
    joined,
    link_ids,
    look_up,
    meets,
)
from relaion.verifier.copies.statement import (
    FATES,
    NAMELESS,
    PARQUET,
    WITH_KEY,
    CopyLine,
    CopyStatement,
)
from relaion.verifier.listable import Apply

ROW, LINK = "row", "link"
LEFT, LEFT_WITH_LINK = "removed", "removed with its link"
_META = b"relaion_diff"

# -- who a record is -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Identities:
    """Those of all records of a file, in order; `tails` and `hosts` are of link keys.

    `lengths` are those of links (`known.lengths_of`), without regard to what identities count.
    `others` are further row hashes, `doubt` how far their own are in doubt (`copy_known.Further`),
    `parts` of samples of one key. `behind` are records of a parquet file whose link holds others.
    """

    hashes: pa.Array
    lengths: pa.Array
    links: pa.Array
    tails: pa.Array
    hosts: pa.Array
    keys: list[str | None] | None
    weak: pa.Array
    others: pa.Array
    doubt: pa.Array
    parts: list[int]
    behind: int = 0

    @property
    def doubted(self) -> int:
        """How many records have a row hash that link and captions do not give."""
        return pc.equal(self.doubt, 2).true_count or 0

    @property
    def several(self) -> int:
        """How many others have further row hashes."""
        return pc.and_not(pc.is_valid(self.others), pc.equal(self.doubt, 2)).true_count or 0

    def alone(self, statement: CopyStatement) -> int:
        """Of how many no link says how long the one is that their row hash is of."""
        is_open = pc.is_null(self.lengths)
        is_trusted = "row_hash" in statement.columns and "diff" not in statement.against
        if LINK not in statement.by or is_trusted:
            is_open = pc.or_(is_open, pc.greater(self.doubt, 0))
        return pc.and_(is_open, pc.is_valid(self.hashes)).true_count or 0

    def __len__(self) -> int:
        return len(self.hashes)


@dataclass(frozen=True)
class IdentityTask:
    """A file whose records are to be known; `by_link` off spares the work of link keys."""

    path: Path
    line: CopyLine
    named: tuple[tuple[str, str], ...]
    salt: bytes
    by_link: bool


def identities_of(task: IdentityTask) -> Identities | None:
    """All identities of a file; None where it cannot be read."""
    found: list[Records] = []
    known: list[LinkIds] = []
    sizes: list[pa.Array] = []
    behind = 0
    try:
        for records in read_records(task.path, task.line, task.named):
            none = _none(len(records.hashes))
            is_weak = _all(len(none), False) if records.weak is None else records.weak
            sizes.append(lengths_of(records.links, is_weak))
            if task.line.form == PARQUET:
                behind += links_behind(records.links)
            links = records.links if task.by_link else none
            known.append(link_ids(links, task.salt))
            found.append(replace(records, links=none))
    except InputError:
        return None
    has_keys = any(r.keys is not None for r in found)
    keys = [key for r in found for key in r.keys or [None] * len(r.hashes)] if has_keys else None
    hashes = joined((r.hashes for r in found), pa.int64())
    weak = joined(
        (_all(len(r.hashes), False) if r.weak is None else r.weak for r in found), pa.bool_()
    )
    lengths = joined(sizes, pa.int64())
    links, tails, hosts = (joined((x[i] for x in known), pa.binary()) for i in range(3))
    others = joined((_or_none(r.others, r, HASHES) for r in found), HASHES)
    doubt = pc.fill_null(joined((_or_none(r.doubt, r, pa.int8()) for r in found), pa.int8()), 0)
    parts = [part for r in found for part in r.parts or [0] * len(r.hashes)]
    return Identities(
        hashes, lengths, links, tails, hosts, keys, weak, others, doubt, parts, behind
    )


def _or_none(column: pa.Array | None, records: Records, kind: pa.DataType) -> pa.Array:
    return pa.nulls(len(records.hashes), kind) if column is None else column


def _none(n: int) -> pa.Array:
    return pa.nulls(n, pa.binary())


# -- what it is held against -----------------------------------------------------------------------


@dataclass(frozen=True)
class DiffSets:
    """What a diff names: row hashes, and links that are gone; and what it says of itself.

    `shared` are row hashes that another row has, too, whose link is not as long.
    """

    hashes: pa.Array
    shared: HashLengths
    links: pa.Array
    salt: bytes
    said: Mapping[str, Any]


def read_sets(path: Path, key_version: int) -> DiffSets | None:
    """The sets of a diff; None where it cannot be read, or was made otherwise."""
    try:
        with pq.ParquetFile(path) as file:
            said = json.loads(file.metadata.metadata[_META])
            if said["key_version"] != key_version or said["rows"] != file.metadata.num_rows:
                return None
            names = ("row_hash", "link", "link_gone", "link_bytes")
            table = file.read([n for n in names if n in file.schema_arrow.names])
        gone = table.filter(table["link_gone"])["link"].cast(pa.binary()).drop_null()
        lengths = pa.chunked_array([], pa.int64())
        if "link_bytes" in table.column_names:
            some = table.filter(pc.is_valid(table["link_bytes"]))
            lengths = some["link_bytes"].cast(pa.int64())
            table = table.filter(pc.is_null(table["link_bytes"]))
        shared = some["row_hash"] if len(lengths) else lengths
        hashes = table["row_hash"].drop_null()
        salt = bytes.fromhex(said["salt"])
        told = HashLengths(shared.combine_chunks(), lengths.combine_chunks())
        return DiffSets(hashes.combine_chunks(), told, gone.combine_chunks(), salt, said)
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError, RecursionError):
        return None


@dataclass(frozen=True)
class Against:
    """What a copy is held against: a diff, or an edition and the set that it was made of."""

    diff: DiffSets | None = None
    new: EditionSets | None = None
    old: EditionSets | None = None

    @property
    def salt(self) -> bytes:
        """What link keys are salted with."""
        return self.diff.salt if self.diff else b""


# -- what becomes of it ----------------------------------------------------------------------------


def judge(
    files: Sequence[Identities], against: Against, statement: CopyStatement, apply: Apply
) -> list[pa.Array]:
    """The fate of every record of some files, as numbers of FATES."""
    hashes = joined((f.hashes for f in files), pa.int64())
    links = joined((f.links for f in files), pa.binary())
    others = joined((f.others for f in files), HASHES)
    doubt = joined((f.doubt for f in files), pa.int8())
    lengths = joined((f.lengths for f in files), pa.int64())
    if ROW not in statement.by:
        hashes, others = pa.nulls(len(hashes), pa.int64()), pa.nulls(len(hashes), HASHES)
    if LINK not in statement.by:
        links = _none(len(hashes))
    # a link that is no identity, and proves no hash, may be another than was hashed
    first = pc.if_else(pc.or_(pc.equal(doubt, 0), pc.is_valid(links)), lengths, None)
    known = pc.and_not(pc.is_valid(hashes), joined((f.weak for f in files), pa.bool_()))
    to_stay = known_by = _Hashes(HashLengths(hashes, first), others, lengths, doubt)
    if against.diff:
        codes = _by_diff(known_by, links, known, against.diff)
    else:
        tails = joined((f.tails for f in files), pa.binary())
        hosts = joined((f.hosts for f in files), pa.binary())
        if "row_hash" in statement.columns:  # whoever made the copy vouches for it
            bare = pc.if_else(pc.equal(doubt, 0), lengths, None)
            sure = pa.repeat(pa.scalar(0, pa.int8()), len(hashes))
            to_stay = replace(known_by, first=HashLengths(hashes, bare), doubt=sure)
        codes = _by_keep(
            known_by,
            to_stay,
            Links(links, tails, hosts),
            known,
            against,
            apply,
        )
    starts = [0]
    for each in files:
        starts.append(starts[-1] + len(each))
    return [codes.slice(a, len(f)) for a, f in zip(starts, files, strict=False)]


@dataclass(frozen=True)
class _Hashes:
    """Row hashes of records, others that they may be known by, and how far to doubt the first.

    `lengths` are those of their links, for the others.
    """

    first: HashLengths
    others: pa.Array
    lengths: pa.Array
    doubt: pa.Array

    @property
    def further(self) -> HashLengths:
        """The others, each with the length of its record's link."""
        return HashLengths(
            flat(self.others), self.lengths.take(pc.list_parent_indices(self.others))
        )

    def any(self, has: Callable[[HashLengths], pa.Array]) -> pa.Array:
        """Which records have a hash of which that is so."""
        return pc.or_(has(self.first), any_of(self.others, has(self.further)))

    def good(self, known: StandingHashes, most: int) -> pa.Array:
        """Which records have one that stands there, both in no more doubt than this."""
        some = known.upto(most)
        first = pc.and_(some.has(self.first), pc.less_equal(self.doubt, most))
        return pc.or_(first, any_of(self.others, some.has(self.further)))

    def values(self, mask: Callable[[HashLengths], pa.Array] | None = None) -> pa.Array:
        """Every hash, or those that are masked, once."""
        both = (self.first, self.further)
        some = both if mask is None else (x.filter(mask(x)) for x in both)
        return joined((x.hashes for x in some), pa.int64()).drop_null().unique()


def _by_diff(known_by: _Hashes, links: pa.Array, known: pa.Array, sets: DiffSets) -> pa.Array:
    def left(told: HashLengths) -> pa.Array:
        return meets(told, sets.shared.hashes, sets.shared.marks, sets.hashes)

    return _first(
        (
            (LEFT, known_by.any(left)),
            (LEFT_WITH_LINK, among(links, sets.links)),
            ("row", known),
            ("link", pc.is_valid(links)),
        ),
        len(links),
    )


def _by_keep(
    known_by: _Hashes,
    to_stay: _Hashes,
    by_link: Links,
    known: pa.Array,
    against: Against,
    apply: Apply,
) -> pa.Array:
    links = by_link.ids
    new, _ = look_up(against.new, known_by.values(), NONE_WANTED, apply)

    def not_there(told: HashLengths) -> pa.Array:
        return pc.invert(pc.or_(among(told.marks, new.marks), among(told.hashes, new.loose)))

    old, _ = look_up(against.old, known_by.values(not_there), NONE_WANTED, apply)
    left = old.where(_left(old, new))
    whole = left.hashes.filter(pc.invert(among(left.hashes, new.hashes)))
    in_old = known_by.any(lambda told: meets(told, left.hashes, left.marks, whole))
    is_gone = known_by.any(lambda told: among(told.hashes, whole))
    in_new = to_stay.good(new, 0)
    # of what is in both the hash may be another row's, or the link one that NEW spells anew
    agrees_in_both = pc.and_(in_new, pc.is_valid(to_stay.first.lengths))
    may_be = to_stay.good(new, 1)
    is_told = pc.or_(is_gone, pc.or_(agrees_in_both, pc.and_not(in_new, in_old)))
    is_open = pc.and_not(pc.is_valid(links), is_told)
    columns = (by_link.ids, by_link.tails, by_link.hosts)
    wanted = Links(*(x.filter(is_open).drop_null().unique() for x in columns))
    _, new_links = look_up(against.new, NO_HASHES, wanted, apply)
    rest_of = wanted.ids.filter(pc.invert(pc.is_in(wanted.ids, value_set=new_links)))
    _, old_links = look_up(against.old, NO_HASHES, replace(wanted, ids=rest_of), apply)
    rest = [("not in new", _all(len(links)))]
    if against.old is not None:
        rest = [(LEFT, among(links, old_links)), ("unknown", _all(len(links)))]
    may_stay = pc.or_(agrees_in_both, among(links, new_links))
    has_none = pc.invert(pc.or_(known, pc.is_valid(links)))
    agrees = pc.or_(pc.invert(pc.is_valid(links)), among(links, new_links))
    return _first(
        (
            (LEFT, pc.and_(in_old, pc.or_(is_gone, pc.invert(may_stay)))),
            ("row", in_new),
            ("row", pc.and_(may_be, agrees)),
            (NAMELESS, has_none),
            ("link", among(links, new_links)),
            *rest,
        ),
        len(links),
    )


def _left(old: StandingHashes, new: StandingHashes) -> pa.Array:
    """Which of these no row of the new set has: by hash, and by mark where both have one."""
    hashes, given = (old.table[name].combine_chunks() for name in ("hash", "mark"))
    same = pc.or_(among(given, new.marks), among(hashes, new.loose))
    bare = pc.and_(pc.is_null(given), among(hashes, new.hashes))
    return pc.invert(pc.or_(same, bare))


def _all(n: int, what: bool = True) -> pa.Array:
    return pa.repeat(pa.scalar(what), n)


def _first(cases: Iterable[tuple[str, pa.Array]], n: int) -> pa.Array:
    """The first case that holds of each record, as a number; nameless where none does."""
    codes = pa.repeat(pa.scalar(FATES.index(NAMELESS), pa.int8()), n)
    for fate, mask in reversed(list(cases)):
        codes = pc.if_else(mask, pa.scalar(FATES.index(fate), pa.int8()), codes)
    return codes


def stays(fate: str, statement: CopyStatement) -> bool:
    """Whether records of a fate are in OUT."""
    asked = {"unknown": statement.keeps_unknown, "not in new": statement.keeps_unknown}
    return {"row": True, "link": True, NAMELESS: statement.keeps_nameless, **asked}.get(fate, False)


def share_fates(
    files: Sequence[tuple[Identities, pa.Array]], statement: CopyStatement
) -> list[pa.Array]:
    """Let the records of one key share a fate: a sample, and its row in the file beside the tar.

    What leaves takes the others along; one without an identity goes with the others.
    """
    told = [codes.to_pylist() for _, codes in files]
    of_rows = {
        bare_key(key) for ids, _ in files if not any(ids.parts) for key in ids.keys or () if key
    } if len(files) > 1 else set()  # fmt: skip
    together: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for i, (ids, _) in enumerate(files):
        for j, key in enumerate(ids.keys or ()):
            if key is not None:
                bare = bare_key(key)
                part = 0 if bare in of_rows else ids.parts[j]
                together.setdefault((bare, part), []).append((i, j))
    for places in together.values():
        named = {f for i, j in places if (f := FATES[told[i][j]]) != NAMELESS}
        leave = {f for f in named if not stays(f, statement)}
        for i, j in places:
            fate = FATES[told[i][j]]
            if fate == NAMELESS:
                fate = min(leave or named or {NAMELESS})
            elif leave and fate not in leave:
                fate = WITH_KEY
            told[i][j] = FATES.index(fate)
    return [pa.array(codes, pa.int8()) for codes in told]


def counted(codes: pa.Array) -> Iterator[tuple[str, int]]:
    """How many records have which fate."""
    for item in codes.value_counts().to_pylist():
        yield FATES[item["values"]], item["counts"]


def leaving(codes: pa.Array, statement: CopyStatement) -> pa.Array:
    """A mask of the records that leave."""
    gone: list[Any] = [i for i, fate in enumerate(FATES) if not stays(fate, statement)]
    return pc.is_in(codes, value_set=pa.array(gone, pa.int8()))
