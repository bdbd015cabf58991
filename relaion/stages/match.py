"""`match`: a dry run that counts what the lists find and writes nothing."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relaion.paths import shown
from relaion.run.coverage import Coverage, coverage
from relaion.run.inputs import read_inputs
from relaion.run.known import read_known
from relaion.run.progress import Progress, Quiet
from relaion.run.search import Hits, limits_of, notices, search_lists
from relaion.sqlset import VERSION

MEMORY = "2GB"


@dataclass(frozen=True)
class Matched:
    """What the lists of a store find in a data set.

    `lists` are those of the store (list_id, source, title, label, received, entries per
    kind), `rows` the rows of each subset, `hits` the counts per list, kind, form and subset
    with the unions, `coverage` how many rows each kind of list can reach.
    """

    lists: tuple[dict[str, Any], ...]
    rows: dict[str, int]
    hits: Hits
    coverage: tuple[Coverage, ...]
    notices: tuple[str, ...]


def match(
    paths: Sequence[Path],
    lists: Path,
    *,
    columns: Mapping[str, str] | None = None,
    key: Path | None = None,
    work: Path | None = None,
    workers: int | None = None,
    memory: str = MEMORY,
    sql_version: str = VERSION,
    same_link: bool = True,
    progress: Progress | None = None,
) -> Matched:
    """Count the rows that each list finds, per kind and subset; writes nothing.

    Gross counts, overlaps and unions come together: a row on two lists is two memberships
    and one row. Raises InputError or ListError in one line.
    """
    known = read_known(lists, key)
    inputs = read_inputs(paths, columns or {})
    limits = limits_of(workers, memory)
    with tempfile.TemporaryDirectory(prefix="relaion-", dir=work) as folder:
        hits = search_lists(
            inputs, lists, Path(folder), limits, progress or Quiet(),
            version=sql_version, same_link=same_link,
        )  # fmt: skip
    rows: dict[str, int] = {}
    for n in inputs.shards:
        subset = shown(n.shard.subset)
        rows[subset] = rows.get(subset, 0) + n.shard.rows
    told = (*inputs.notices, *notices(hits, known.kinds, inputs.roles))
    return Matched(known.lists, rows, hits, coverage(inputs), told)
