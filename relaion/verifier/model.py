"""One row's fate: which lists and rules name it, by plain Python and Arrow, without SQL."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from relaion.verifier.fates import FateLine, Fates
from relaion.verifier.hashes import row_hashes
from relaion.verifier.keywords import holds_any
from relaion.verifier.known import StatedLists
from relaion.verifier.linked import judge_links
from relaion.verifier.rows import Rows


@dataclass(frozen=True)
class Rules:
    """Thresholds and folded keywords; `keywords` None switches `unsafe_keyword` off."""

    unsafe_above: float
    keyword_above: float
    keywords: tuple[str, ...] | None
    drop_unscored: bool


def judge(rows: Rows, known: StatedLists, rules: Rules | None) -> Fates:
    """Name the rows: by list, by a listed link that others carry (`same_link`), by rule."""
    fates = Fates(rows.n)
    _images(rows, known, fates)
    if known.hashes or known.beside.hashes:
        _hashes(rows, known, fates)
    if "url" in rows.columns:
        judge_links(rows.all("url"), known, fates)
    if rules is not None:
        _scores(rows, rules, fates)
    return fates


def _images(rows: Rows, known: StatedLists, fates: Fates) -> None:
    for kind, listed in known.images.items():
        for column in rows.all(kind):
            for row in pc.indices_nonzero(pc.is_in(column, value_set=listed)).to_pylist():
                for list_id in known.exact[kind][column[row].as_py()]:
                    fates.add(FateLine("list", list_id, kind), row)


def _hashes(rows: Rows, known: StatedLists, fates: Fates) -> None:
    """By row hash: the shard's own or a computed one, listed itself or in a sidecar."""
    hashes, computed = row_hashes(rows)
    beside = known.beside.hashes
    listed = pa.array([*known.hashes, *beside], pa.int64())
    for row in pc.indices_nonzero(pc.is_in(hashes, value_set=listed)).to_pylist():
        number = hashes[row].as_py()
        form = "computed" if computed[row].as_py() else None
        for list_id in known.hashes.get(number, ()):
            fates.add(FateLine("list", list_id, "row_hash", form), row)
        for list_id, kind in beside.get(number, ()):
            fates.add(FateLine("list", list_id, kind, "sidecar"), row)


def _scores(rows: Rows, rules: Rules, fates: Fates) -> None:
    score = rows.columns.get("punsafe")
    if score is None:
        score = pa.nulls(rows.n, pa.float64())
    scored = pc.fill_null(pc.invert(pc.is_nan(score)), False)
    fates.add_mask(FateLine("rule", rule="unsafe"), _above(score, scored, rules.unsafe_above))
    if rules.drop_unscored:
        fates.add_mask(FateLine("rule", rule="unscored"), pc.invert(scored))
    captions = rows.columns.get("text")
    if rules.keywords is None or captions is None:
        return
    line = FateLine("rule", rule="unsafe_keyword")
    high = _above(score, scored, rules.keyword_above)
    for row in pc.indices_nonzero(high).to_pylist():
        caption = captions[row].as_py()
        if caption is not None and holds_any(_text(caption), rules.keywords):
            fates.add(line, row)


def _above(score: pa.Array, scored: pa.Array, limit: float) -> pa.Array:
    return pc.and_(scored, pc.fill_null(pc.greater(score, pa.scalar(limit, pa.float64())), False))


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
