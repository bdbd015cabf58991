"""What was read of a delivery, sorted by kind: on its way from the readers into the store."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from relaion.lists.readers.format import Trait


@dataclass
class SortedEntries:
    """Entries of one kind: lower-case hex digests, and for links their host's digest or null.

    `records` are the numbers of their records, null where the file gives none.
    """

    digests: list[pa.Array] = field(default_factory=list)
    hosts: list[pa.Array] = field(default_factory=list)
    records: list[pa.Array] = field(default_factory=list)

    def add(
        self, digests: pa.Array, hosts: pa.Array | None = None, records: pa.Array | None = None
    ) -> None:
        """Append digests, for links as many host digests, and as many numbers of records."""
        n = len(digests)
        self.digests.append(digests)
        self.hosts.append(pa.nulls(n, pa.string()) if hosts is None else hosts)
        self.records.append(pa.nulls(n, pa.int64()) if records is None else records)


@dataclass
class SortedBatch:
    """Entries of a batch by kind; ids and traits of its records, whose numbers begin at `first`.

    `undone` are (kind, digest, host digest, record) of values that were taken back; `kept_ids`
    and `gone_ids` the givers' ids of records that bring an entry, and that take one back.
    """

    entries: dict[str, SortedEntries] = field(default_factory=dict)
    traits: Sequence[Trait] | None = None
    first: int = 0
    undone: list[tuple[str, str, str | None, int]] = field(default_factory=list)
    kept_ids: list[tuple[int, str]] = field(default_factory=list)
    gone_ids: list[tuple[int, str]] = field(default_factory=list)
