"""Which records of a copy stay? A plain model: what a diff names leaves, what an edition has stays.

Identities are a row hash, and 16 bytes of SHA-256 of a link key, salted where a diff asks for it.
They are held for some million records at a time; an edition is streamed past those that are looked
for.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from relaion.errors import InputError
from relaion.links import key_can_spread, link_key, names_part
from relaion.links.text import as_bytes
from relaion.parquet.glossary import bare_name
from relaion.parquet.mended import marked
from relaion.parquet.read_shard import group_shards, read_shard
from relaion.parquet.roles import Column, Layout
from relaion.paths import file_sha256, find_shards, shown
from relaion.roles import ROLES
from relaion.verifier.candidates import plain, plain_key
from relaion.verifier.copy_records import Records, bare_key, read_records, whole_number
from relaion.verifier.copy_statement import FATES, CopyLine, CopyStatement
from relaion.verifier.lookup import Apply
from relaion.verifier.rows import At, Source, batches, roles_of

ROW, LINK = "row", "link"
LEFT, LEFT_WITH_LINK, NAMELESS = "removed", "removed with its link", "nameless"
_META = b"relaion_diff"
_CHUNK = 1_000_000
_NO_HASHES, _NO_LINKS = pa.array([], pa.int64()), pa.array([], pa.binary())

# -- who a record is -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Identities:
    """Those of all records of a file, in order."""

    hashes: pa.Array
    links: pa.Array
    keys: list[str | None] | None
    weak: pa.Array

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
    try:
        for records in read_records(task.path, task.line, task.named):
            n = len(records.hashes)
            links = link_ids(records.links, task.salt) if task.by_link else _none(n)
            found.append(Records(records.hashes, links, records.keys, records.weak))
    except InputError:
        return None
    has_keys = any(r.keys is not None for r in found)
    keys = [key for r in found for key in r.keys or [None] * len(r.hashes)] if has_keys else None
    hashes = _joined((r.hashes for r in found), pa.int64())
    weak = _joined(
        (_all(len(r.hashes), False) if r.weak is None else r.weak for r in found), pa.bool_()
    )
    return Identities(hashes, _joined((r.links for r in found), pa.binary()), keys, weak)


def _none(n: int) -> pa.Array:
    return pa.nulls(n, pa.binary())


def _joined(arrays: Iterable[pa.Array], kind: pa.DataType) -> pa.Array:
    return pa.concat_arrays([pa.array([], kind), *arrays])


def link_ids(urls: pa.Array, salt: bytes) -> pa.Array:
    """The identity of each link; null for what stands for nothing in particular."""
    found = []
    for url, is_plain in zip(urls.to_pylist(), plain(urls).to_pylist(), strict=True):
        key = None
        if is_plain:
            key = plain_key(url)
            key = key if key_can_spread(key.decode("ascii")) else None
        elif url is not None:
            key = _key(url)
        found.append(None if key is None else hashlib.sha256(salt + key).digest()[:16])
    return pa.array(found, pa.binary())


def _key(url: bytes) -> bytes | None:
    key = link_key(url)
    if not key_can_spread(key) or names_part(url):
        return None
    return (key if key.isascii() else marked(as_bytes(key))).encode()


# -- what it is held against -----------------------------------------------------------------------


@dataclass(frozen=True)
class DiffSets:
    """What a diff names: row hashes, and links that are gone."""

    hashes: pa.Array
    links: pa.Array
    salt: bytes


def read_sets(path: Path, key_version: int) -> DiffSets | None:
    """The sets of a diff; None where it cannot be read, or was made otherwise."""
    try:
        with pq.ParquetFile(path) as file:
            said = json.loads(file.metadata.metadata[_META])
            if said["key_version"] != key_version or said["rows"] != file.metadata.num_rows:
                return None
            table = file.read(["row_hash", "link", "link_gone"])
        gone = table.filter(table["link_gone"])["link"].cast(pa.binary()).drop_null()
        hashes = table["row_hash"].drop_null()
        return DiffSets(hashes.combine_chunks(), gone.combine_chunks(), bytes.fromhex(said["salt"]))
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError, RecursionError):
        return None


@dataclass(frozen=True)
class EditionSets:
    """An edition by its shards; `digest` is that of their names and bytes."""

    sources: tuple[Source, ...]
    digest: str


def read_edition(paths: Sequence[Path], named: Mapping[str, str]) -> EditionSets:
    """The shards of an edition; raises InputError for what cannot be read.

    `named` are columns by role, for where no name of a column tells it.
    """
    shards = [read_shard(place, needs_link=False) for place in find_shards(paths).shards]
    sources, lines = [], []
    for group in group_shards(shards):
        for shard in group.shards:
            roles = _roles(shard.path, group.layout, named)
            sources.append(Source(shard.path, roles, is_checked=False))
            lines.append(f"{shard.subset}/{shard.name} {file_sha256(shard.path)}\n")
    digest = hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()
    return EditionSets(tuple(sources), digest)


def _roles(path: Path, layout: Layout, named: Mapping[str, str]) -> dict[str, tuple[At, ...]]:
    """Where the columns of roles stand, also of bytes that are texts and text that is numbers."""
    roles = roles_of(layout)
    for role in ("url", "text", "row_hash"):
        if role in roles:
            continue
        known = ROLES[role].names
        able = [c for c in layout.columns if named.get(role) in (c.name, shown(c.name))]
        if not able and role == "row_hash":
            able = [c for c in layout.columns if c.type == "string" and _bare(c) == "hash"]
            able = [c for c in able if _is_numbers(path, c.name)]
        elif not able:
            able = [c for c in layout.columns if c.type == "binary" and _bare(c) in known]
            able.sort(key=lambda c: known.index(_bare(c)))
        if able:
            roles[role] = (At(able[0].position, able[0].type),)
    return roles


def _bare(column: Column) -> str:
    return bare_name(column.name).lower()


def _is_numbers(path: Path, name: str) -> bool:
    """Whether a column of text holds whole 64-bit numbers, and blanks, alone."""
    told = [
        value.decode("latin-1")
        for batch in batches(path, [name])
        for value in batch.column(0).to_pylist()
        if value is not None and value.strip()
    ]
    return bool(told) and all(whole_number(text) is not None for text in told)


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


@dataclass(frozen=True)
class _Wanted:
    """What is looked for in one shard of an edition."""

    source: Source
    hashes: pa.Array
    links: pa.Array


def _known_in(wanted: _Wanted) -> tuple[pa.Array, pa.Array]:
    """Those row hashes and links that stand in a shard."""
    hashes, links = _Found(wanted.hashes), _Found(wanted.links)
    roles = set(wanted.source.roles)
    for _, rows in wanted.source.rows(("url", "text", "row_hash")):
        if len(wanted.hashes):
            computed = {"url", "text"} <= roles
            hashes.add(rows.hashes() if computed else rows.first("row_hash", pa.int64()))
        if len(wanted.links):
            for urls in rows.all("url"):
                links.add(link_ids(urls, b""))
    return hashes.values(), links.values()


@dataclass
class _Found:
    """Values that are looked for, of which some were found; asked for many at a time."""

    wanted: pa.Array
    held: list[pa.Array] = field(default_factory=list)
    found: list[pa.Array] = field(default_factory=list)

    def add(self, values: pa.Array) -> None:
        self.held.append(values)
        if sum(map(len, self.held)) >= _CHUNK:
            self._ask()

    def _ask(self) -> None:
        some = _joined(self.held, self.wanted.type)
        self.found.append(some.filter(pc.is_in(some, value_set=self.wanted)).unique())
        self.held = []

    def values(self) -> pa.Array:
        self._ask()
        return _joined(self.found, self.wanted.type).unique()


def _look_up(
    edition: EditionSets | None, hashes: pa.Array, links: pa.Array, apply: Apply
) -> tuple[pa.Array, pa.Array]:
    if edition is None or not (len(hashes) or len(links)):
        return _NO_HASHES, _NO_LINKS
    found = list(apply(_known_in, [_Wanted(s, hashes, links) for s in edition.sources]))
    return _joined((h for h, _ in found), pa.int64()), _joined((x for _, x in found), pa.binary())


# -- what becomes of it ----------------------------------------------------------------------------


def judge(
    files: Sequence[Identities], against: Against, statement: CopyStatement, apply: Apply
) -> list[pa.Array]:
    """The fate of every record of some files, as numbers of FATES."""
    hashes = _joined((f.hashes for f in files), pa.int64())
    links = _joined((f.links for f in files), pa.binary())
    if ROW not in statement.by:
        hashes = pa.nulls(len(hashes), pa.int64())
    if LINK not in statement.by:
        links = _none(len(hashes))
    told = _by_diff if against.diff else _by_keep
    known = pc.and_not(pc.is_valid(hashes), _joined((f.weak for f in files), pa.bool_()))
    codes = told(hashes, links, known, against, apply)
    starts = [0]
    for each in files:
        starts.append(starts[-1] + len(each))
    return [codes.slice(a, len(f)) for a, f in zip(starts, files, strict=False)]


def _by_diff(
    hashes: pa.Array, links: pa.Array, known: pa.Array, against: Against, apply: Apply
) -> pa.Array:
    sets = against.diff or DiffSets(_NO_HASHES, _NO_LINKS, b"")
    return _first(
        (
            (LEFT, _among(hashes, sets.hashes)),
            (LEFT_WITH_LINK, _among(links, sets.links)),
            ("row", known),
            ("link", pc.is_valid(links)),
        ),
        len(hashes),
    )


def _by_keep(
    hashes: pa.Array, links: pa.Array, known: pa.Array, against: Against, apply: Apply
) -> pa.Array:
    new_hashes, _ = _look_up(against.new, hashes.drop_null().unique(), _NO_LINKS, apply)
    in_new = _among(hashes, new_hashes)
    left = hashes.filter(pc.invert(in_new)).drop_null().unique()
    old_hashes, _ = _look_up(against.old, left, _NO_LINKS, apply)
    in_old = _among(hashes, old_hashes)
    open_links = pc.invert(pc.or_(in_new, in_old))
    wanted = links.filter(open_links).drop_null().unique()
    _, new_links = _look_up(against.new, _NO_HASHES, wanted, apply)
    left = wanted.filter(pc.invert(pc.is_in(wanted, value_set=new_links)))
    _, old_links = _look_up(against.old, _NO_HASHES, left, apply)
    rest = [("not in new", _all(len(hashes)))]
    if against.old is not None:
        rest = [(LEFT, _among(links, old_links)), ("unknown", _all(len(hashes)))]
    has_none = pc.invert(pc.or_(known, pc.is_valid(links)))
    return _first(
        (
            ("row", in_new),
            (LEFT, in_old),
            (NAMELESS, has_none),
            ("link", _among(links, new_links)),
            *rest,
        ),
        len(hashes),
    )


def _among(values: pa.Array, some: pa.Array) -> pa.Array:
    return pc.is_in(values, value_set=some, skip_nulls=True)


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
    together: dict[str, list[tuple[int, int]]] = {}
    for i, (ids, _) in enumerate(files):
        for j, key in enumerate(ids.keys or ()):
            if key is not None:
                together.setdefault(bare_key(key), []).append((i, j))
    for places in together.values():
        named = {f for i, j in places if (f := FATES[told[i][j]]) != NAMELESS}
        leave = {f for f in named if not stays(f, statement)}
        for i, j in places:
            fate = FATES[told[i][j]]
            if leave and fate not in leave:
                fate = min(leave)
            elif named and fate == NAMELESS:
                fate = min(named)
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
