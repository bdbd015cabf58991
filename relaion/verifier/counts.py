"""The numbers of an audit, counted again for some rows: keys are as its tables tell them apart.

A key begins with the table and ends with the column that holds the number; between them
stand the line's own columns, but for the subset.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from relaion.parquet.not_looked_at import BY_BYTES
from relaion.verifier.fates import FateLine, Fates, mask_of
from relaion.verifier.hashes import computable
from relaion.verifier.rows import Rows
from relaion.verifier.statement import EditionLine
from relaion.verifier.task import ShardTask

Counts = Counter[tuple[Any, ...]]
ROLES = ("url", "text", "punsafe", "row_hash", "image_md5", "image_sha1", "image_sha256")
_DIGESTS = {"image_md5": "MD5", "image_sha1": "SHA-1", "image_sha256": "SHA-256"}
Groups = dict[tuple[str, str | None], pa.Array]


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
    counts["coverage", "row_hash", "computed", "covered"] += computable(rows).true_count
    for (role, place), n in rows.unread.items():
        if n:
            why = BY_BYTES if role == "url" else f"values that are no {_DIGESTS[role]}"
            counts["not_looked_at", role, names[role, place], why, "n_values"] += n


def count_hits(task: ShardTask, fates: Fates, counts: Counts) -> None:
    """What the lists found, whatever the editions make of it: tables `hits` and `hit_groups`.

    A row that only carries a listed link (`same_link`) counts as such where no list names it.
    """
    direct = {line: m for line, m in fates.masks.items() if line.reason_kind == "list"}
    linked = {line: m for line, m in fates.masks.items() if line.reason_kind == "same_link"}
    if not direct and not linked:
        return
    n_direct, n_linked = _number(fates.n, direct.values()), _number(fates.n, linked.values())
    unnamed = pc.equal(n_direct, 0)
    alone = pc.and_(unnamed, pc.equal(n_linked, 1))
    for masks, only in ((direct, pc.equal(n_direct, 1)), (linked, alone)):
        for line, mask in masks.items():
            key = ("hits", line.list_id, line.kind, line.form)
            counts[*key, "gross"] += mask.true_count
            counts[*key, "exclusive"] += pc.and_(mask, only).true_count
    by_list: dict[int, pa.Array] = {}
    for line, mask in direct.items():
        if line.list_id is not None:
            _join(by_list, line.list_id, mask)
    groups: Groups = {}
    for list_id, mask in by_list.items():
        for group in (("all", None), *_names(task, list_id)):
            counts["hit_groups", *group, "memberships"] += mask.true_count
            _join(groups, group, mask)
    for mask in linked.values():
        beyond = pc.and_(mask, unnamed)
        counts["hit_groups", "same_link", None, "memberships"] += beyond.true_count
        _join(groups, ("same_link", None), beyond)
    for group, mask in groups.items():
        counts["hit_groups", *group, "rows"] += mask.true_count


def count_removals(task: ShardTask, edition: EditionLine, fates: Fates, counts: Counts) -> None:
    """Why rows leave an edition: tables `removals` and `removal_groups`."""
    masks = {line: m for line, m in fates.masks.items() if task.removes(edition, line)}
    if not masks:
        return
    alone = pc.equal(_number(fates.n, masks.values()), 1)
    for line, mask in masks.items():
        counts["removals", edition.name, *line, "gross"] += mask.true_count
        counts["removals", edition.name, *line, "exclusive"] += pc.and_(mask, alone).true_count
    for grouping in ("source", "label"):
        named, listed = _grouped(task, grouping, masks)
        only = pc.equal(_number(fates.n, named.values()), 1)
        for group, mask in listed.items():
            key = ("removal_groups", edition.name, *group)
            counts[*key, "gross"] += mask.true_count
            counts[*key, "exclusive"] += pc.and_(mask, only).true_count


def _grouped(
    task: ShardTask, grouping: str, masks: Mapping[FateLine, pa.Array]
) -> tuple[Groups, Groups]:
    """Rows by the name of what names them (a rule is its own name); and those that lists name.

    A source's rows that only carry a listed link count with it where it names them itself.
    """
    named: Groups = {}
    listed: Groups = {}
    for line, mask in masks.items():
        group = (grouping, line.rule)
        if line.list_id is not None:
            names = task.partners if grouping == "source" else task.labels
            group = (grouping, names.get(line.list_id))
        _join(named, group, mask)
        if line.reason_kind == "list":
            _join(listed, group, mask)
    return named, listed


def _names(task: ShardTask, list_id: int) -> tuple[tuple[str, str | None], ...]:
    return ("source", task.partners.get(list_id)), ("label", task.labels.get(list_id))


def _join(groups: dict[Any, pa.Array], key: Any, mask: pa.Array) -> None:
    groups[key] = pc.or_(groups[key], mask) if key in groups else mask


def _number(n: int, masks: Iterable[pa.Array]) -> pa.Array:
    """For every row, how many of the masks hold it."""
    found = pc.cast(mask_of(n, ()), pa.int32())
    for mask in masks:
        found = pc.add(found, pc.cast(mask, pa.int32()))
    return found
