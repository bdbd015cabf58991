"""The numbers of an audit, counted again for some rows: keys are as its tables tell them apart.

A key begins with the table and ends with the column that holds the number; between them
stand the line's own columns, but for the subset.
"""

from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any

import pyarrow.compute as pc

from relaion.parquet.not_looked_at import BY_BYTES
from relaion.verifier import model
from relaion.verifier.decide import Reasons, mask_of
from relaion.verifier.rows import Rows
from relaion.verifier.task import ShardTask

Counts = Counter[tuple[Any, ...]]
ROLES = ("url", "text", "punsafe", "row_hash", "image_md5", "image_sha1", "image_sha256")
_DIGESTS = {"image_md5": "MD5", "image_sha1": "SHA-1", "image_sha256": "SHA-256"}


def count_coverage(rows: Rows, names: Mapping[tuple[str, int], str], counts: Counts) -> None:
    """How many rows have a value for a role, or can be given a row hash; and what is no digest.

    `names`: what the columns of a role are called, by role and place.
    """
    for role in ROLES:
        covered = mask_of(rows.n, ())
        for column in rows.all(role):
            held = pc.is_valid(column)
            if role == "punsafe":
                held = pc.fill_null(pc.invert(pc.is_nan(column)), False)
            covered = pc.or_(covered, held)
        counts["coverage", role, "column", "rows"] += rows.n
        counts["coverage", role, "column", "covered"] += covered.true_count
    counts["coverage", "row_hash", "computed", "rows"] += rows.n
    counts["coverage", "row_hash", "computed", "covered"] += rows.computable.true_count
    for (role, place), n in rows.unread.items():
        if n:
            why = BY_BYTES if role == "url" else f"values that are no {_DIGESTS[role]}"
            counts["not_looked_at", role, names[role, place], why, "n_values"] += n


def count_reasons(task: ShardTask, named: Reasons, counts: Counts) -> None:
    """What the lists found, and why rows leave the editions that the model knows."""
    rows = [reasons for reasons in named.values() if any(r.list_id is not None for r in reasons)]
    names = task.partners, task.labels
    _add(counts, ("hits",), model.hits(rows), ("gross", "exclusive"))
    _add(counts, ("hit_groups",), model.hit_groups(rows, *names), ("memberships", "rows"))
    for output in task.outputs:
        edition = output.edition
        if not task.is_exact(edition):
            continue
        removes = partial(task.removes, edition)
        for table, found in (
            ("removals", model.removals(named.values(), removes)),
            ("removal_groups", model.removal_groups(rows, removes, *names)),
        ):
            _add(counts, (table, edition.name), found, ("gross", "exclusive"))


def _add(
    counts: Counts, start: tuple[str, ...], found: model.Numbers, columns: tuple[str, str]
) -> None:
    for line, numbers in found.items():
        for column, n in zip(columns, numbers, strict=True):
            counts[*start, *line, column] += n
