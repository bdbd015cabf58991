"""Every row of a batch decided on: quick tests choose the few that the model is asked about."""

from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

from relaion.verifier.matched_entries import StatedLists
from relaion.verifier.model import Reason, Rules, list_reasons, rule_reasons
from relaion.verifier.rows import Rows

Reasons = dict[int, set[Reason]]
"""By number of a row in its batch, why it is named; what nothing names is missing."""


def judge(rows: Rows, known: StatedLists, rules: Rules | None, chosen: Collection[int]) -> Reasons:
    """Why lists and rules (if any) name the rows.

    `chosen` are rows that are asked about in any case: those that hold an entry of a list
    (`Known.rows_of`), and a sample.
    """
    asked = {*chosen, *_beside(rows, known)}
    for urls in rows.all("url"):
        asked.update(known.carriers.find(urls))
    found: Reasons = {}
    at = sorted(asked)
    for number, row in zip(at, rows.take(at).plain(), strict=True):
        found[number] = list_reasons(row, known)
        if rules is not None:
            found[number] |= rule_reasons(row, rules)
    if rules is not None:
        left = [number for number in _ruled(rows, rules) if number not in asked]
        columns = {role: c for role, c in rows.columns.items() if role in ("punsafe", "text")}
        some = Rows(rows.n, columns).take(left)
        for number, row in zip(left, some.plain(), strict=True):
            found[number] = rule_reasons(row, rules)
    return {number: reasons for number, reasons in found.items() if reasons}


def _beside(rows: Rows, known: StatedLists) -> list[int]:
    """Rows that a sidecar names by row hash."""
    if not known.beside.hashes:
        return []
    named = pa.array(list(known.beside.hashes), pa.int64())
    found: list[int] = pc.indices_nonzero(pc.is_in(rows.hashes(), value_set=named)).to_pylist()
    return found


def _ruled(rows: Rows, rules: Rules) -> list[int]:
    """Rows whose score could ask for a rule."""
    score = rows.columns.get("punsafe", pa.nulls(rows.n, pa.float64()))
    least = min(rules.unsafe_above, rules.keyword_above)
    scored = pc.fill_null(pc.invert(pc.is_nan(score)), False)
    wanted = pc.and_(scored, pc.fill_null(pc.greater(score, pa.array([least])[0]), False))
    if rules.drop_unscored:
        wanted = pc.or_(wanted, pc.invert(scored))
    found: list[int] = pc.indices_nonzero(wanted).to_pylist()
    return found


def mask_of(n: int, rows: Collection[int]) -> pa.Array:
    """A boolean array of n rows, true at the given ones."""
    flags = bytearray(n)
    for row in rows:
        flags[row] = 1
    return pc.cast(pa.Array.from_buffers(pa.uint8(), n, [None, pa.py_buffer(flags)]), pa.bool_())
