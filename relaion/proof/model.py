"""One row's fate: which lists and rules name it, by plain Python and Arrow, without SQL."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from relaion.proof.keywords import holds_any
from relaion.proof.near import link_digest, near_rows
from relaion.proof.rows import Rows

IMAGE_KINDS = ("image_md5", "image_sha1", "image_sha256")
RAW_KINDS = {"url_md5": "md5", "url_sha1": "sha1", "url_sha256": "sha256"}
KINDS = frozenset({"url", *IMAGE_KINDS, *RAW_KINDS})
Lists = tuple[int, ...]


class Line(NamedTuple):
    """A reason for which rows leave; as the audit's table `removals` tells them apart."""

    reason_kind: str
    list_id: int | None = None
    kind: str | None = None
    form: str | None = None
    rule: str | None = None


@dataclass(frozen=True)
class Known:
    """What is listed, as far as the data set meets it.

    `exact`: kind -> digest -> lists that hold it. `links`: digest of the link key of a row
    that a list hit -> those lists. `hosts`: digests of the hosts on which these links stand;
    `tails`: the ends of their keys, or None while keys are known as digests only.
    """

    exact: Mapping[str, Mapping[str, Lists]]
    links: Mapping[str, Lists]
    hosts: frozenset[str]
    tails: frozenset[bytes] | None = None

    @cached_property
    def images(self) -> dict[str, pa.Array]:
        """The listed image digests by kind, to compare columns with."""
        return {k: pa.array(list(self.exact[k])) for k in IMAGE_KINDS if self.exact.get(k)}


NOTHING = Known({}, {}, frozenset())


@dataclass(frozen=True)
class Rules:
    """Thresholds and folded keywords; `keywords` None switches `unsafe_keyword` off."""

    unsafe_above: float
    keyword_above: float
    keywords: tuple[str, ...] | None
    drop_unscored: bool


class Fates:
    """For some rows: a mask for every reason that names at least one of them."""

    def __init__(self, n: int) -> None:
        self.n = n
        self._rows: dict[Line, list[int]] = {}
        self._masks: dict[Line, pa.Array] = {}
        self._listed: set[tuple[int, int]] = set()

    def add(self, line: Line, row: int) -> None:
        """This row is named."""
        self._rows.setdefault(line, []).append(row)
        if line.reason_kind == "list" and line.list_id is not None:
            self._listed.add((line.list_id, row))

    def is_listed(self, row: int, list_id: int) -> bool:
        """Whether this list names this row by itself."""
        return (list_id, row) in self._listed

    def add_mask(self, line: Line, mask: pa.Array) -> None:
        """These rows are named; a mask without nulls."""
        if mask.true_count:
            self._masks[line] = mask

    def listed(self) -> dict[int, list[int]]:
        """Row to the lists that name it by themselves."""
        found: dict[int, list[int]] = {}
        for list_id, row in sorted(self._listed):
            found.setdefault(row, []).append(list_id)
        return found

    @cached_property
    def masks(self) -> dict[Line, pa.Array]:
        """Reason to mask. Ask only when everything is added."""
        return self._masks | {line: mask_of(self.n, rows) for line, rows in self._rows.items()}


def mask_of(n: int, rows: Iterable[int]) -> pa.Array:
    """A boolean array of n rows, true at the given ones."""
    flags = bytearray(n)
    for row in rows:
        flags[row] = 1
    return pc.cast(pa.Array.from_buffers(pa.uint8(), n, [None, pa.py_buffer(flags)]), pa.bool_())


def judge(rows: Rows, known: Known, rules: Rules | None) -> Fates:
    """Name the rows: by list, by a listed link that others carry (`same_link`), by rule."""
    fates = Fates(rows.n)
    _images(rows, known, fates)
    _links(rows, known, fates)
    if rules is not None:
        _scores(rows, rules, fates)
    return fates


def _images(rows: Rows, known: Known, fates: Fates) -> None:
    for kind, listed in known.images.items():
        column = rows.columns.get(kind)
        if column is None:
            continue
        for row in pc.indices_nonzero(pc.is_in(column, value_set=listed)).to_pylist():
            for list_id in known.exact[kind][column[row].as_py()]:
                fates.add(Line("list", list_id, kind), row)


def _links(rows: Rows, known: Known, fates: Fates) -> None:
    urls = rows.columns.get("url")
    if urls is None:
        return
    for kind, algorithm in RAW_KINDS.items():
        if known.exact.get(kind):
            for row, digest in enumerate(raw_digests(urls, algorithm)):
                for list_id in known.exact[kind].get(digest or "", ()):
                    fates.add(Line("list", list_id, kind, "raw"), row)
    _keys(urls, known, fates)


def raw_digests(urls: pa.Array, algorithm: str) -> list[str | None]:
    """The hex digest of every link exactly as it stands; None for no link."""
    return [
        None if u is None else hashlib.new(algorithm, u, usedforsecurity=False).hexdigest()
        for u in urls.to_pylist()
    ]


def _keys(urls: pa.Array, known: Known, fates: Fates) -> None:
    """Compare link keys. A row takes over what its link is listed for by other rows."""
    listed = known.exact.get("url", {})
    if not listed and not known.links:
        return
    for row, url in near_rows(urls, known.hosts, known.tails):
        digest = link_digest(url)
        for list_id in listed.get(digest, ()):
            fates.add(Line("list", list_id, "url", "canonical"), row)
        for list_id in known.links.get(digest, ()):
            if not fates.is_listed(row, list_id):
                fates.add(Line("same_link", list_id), row)


def _scores(rows: Rows, rules: Rules, fates: Fates) -> None:
    score = rows.columns.get("punsafe")
    if score is None:
        score = pa.nulls(rows.n, pa.float64())
    scored = pc.fill_null(pc.invert(pc.is_nan(score)), False)
    fates.add_mask(Line("rule", rule="unsafe"), _above(score, scored, rules.unsafe_above))
    if rules.drop_unscored:
        fates.add_mask(Line("rule", rule="unscored"), pc.invert(scored))
    captions = rows.columns.get("text")
    if rules.keywords is None or captions is None:
        return
    line = Line("rule", rule="unsafe_keyword")
    high = _above(score, scored, rules.keyword_above)
    for row in pc.indices_nonzero(high).to_pylist():
        caption = captions[row].as_py()
        if caption is not None and holds_any(_text(caption), rules.keywords):
            fates.add(line, row)


def _above(score: pa.Array, scored: pa.Array, limit: float) -> pa.Array:
    return pc.and_(scored, pc.fill_null(pc.greater(score, pa.scalar(limit, pa.float64())), False))


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
