"""An input shard walked against its outputs, batch by batch, each file read once.

Where the model knows what must remain, the input without the removed rows has to be the
output, bit for bit. Where it does not (an edition with a script of its own, no lists given),
the output's rows have to stand in the input in this order; which ones is found by numbers
for rows (`same.row_digests`) and then proved by the same bitwise comparison.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from relaion.errors import InputError
from relaion.paths import shown
from relaion.verifier.compare import Cursor, Pairs, differing, row_digests
from relaion.verifier.counts import count_coverage, count_reasons
from relaion.verifier.decide import Reasons, mask_of
from relaion.verifier.reading import batches
from relaion.verifier.rows import Roles, open_shard, rows_of
from relaion.verifier.said import Said
from relaion.verifier.task import OutputTask, ShardReport, ShardTask, gone, survivors


@dataclass
class Track:
    """One output on the walk. `cursor` is None where it has the input's very bytes.

    `removed` are the input rows of the last batch that it lacks. `said` looks at its rows.
    """

    output: OutputTask
    pairs: Pairs
    cursor: Cursor | None
    said: Said | None = None
    matches: bool = True
    columns: set[int] = field(default_factory=set)
    survivors: Counter[str] = field(default_factory=Counter)
    removed: pa.Array | None = None

    def follow(self, batch: pa.RecordBatch, removed: pa.Array | None) -> None:
        """Compare the next rows; `removed` None where the model does not know."""
        if not self.matches:
            return
        try:
            self._follow(batch, removed)
        except InputError:  # the second look says so
            self.matches = False

    def _follow(self, batch: pa.RecordBatch, removed: pa.Array | None) -> None:
        if self.cursor is None:
            self.removed = mask_of(batch.num_rows, ())
            self.matches = removed is None or not removed.true_count
            return
        self.removed = self._align(batch, self.cursor) if removed is None else removed
        expected = batch.filter(pc.invert(self.removed)) if self.removed.true_count else batch
        found = self.cursor.take(expected.num_rows)
        if sum(b.num_rows for b in found) != expected.num_rows:
            self.matches = False
            return
        if self.said is not None:
            for piece in found:
                self.said.see(piece)
        self.columns.update(differing(expected, found, self.pairs))
        self.matches = not self.columns

    def _align(self, batch: pa.RecordBatch, cursor: Cursor) -> pa.Array:
        """Which input rows are missing in the output, taking each as early as possible."""
        ahead = [
            digest
            for piece in cursor.peek(batch.num_rows)
            for digest in row_digests(piece, [j for _, j in self.pairs])
        ]
        missing = []
        at = 0
        for row, digest in enumerate(row_digests(batch, [i for i, _ in self.pairs])):
            if at < len(ahead) and ahead[at] == digest:
                at += 1
            else:
                missing.append(row)
        return mask_of(batch.num_rows, missing)

    def end(self) -> None:
        """The input is read: nothing may be left in the output."""
        try:
            if self.matches and self.cursor is not None:
                self.matches = self.cursor.is_done()
        except InputError:
            self.matches = False


def walk(
    task: ShardTask, source: Path, roles: Roles, tracks: Sequence[Track], report: ShardReport
) -> set[tuple[str, str]]:
    """Follow all outputs along the input; counts go to the report.

    Returns the pairs (child edition, parent edition) where the parent lacks a row that the
    child has, as far as both match.
    """
    with open_shard(source) as file:
        schema = file.schema_arrow
    names = {
        (role, place): shown(schema.field(at.position).name)
        for role, played in roles.items()
        for place, at in enumerate(played)
    }
    broken: set[tuple[str, str]] = set()
    report.rows = 0
    for batch in batches(source):
        rows = rows_of(batch, schema, roles)
        named = task.judge(source, report.rows, rows)
        report.rows += batch.num_rows
        count_coverage(rows, names, report.counts)
        count_reasons(task, named, report.counts)
        for track in tracks:
            _step(task, track, batch, named, report)
        broken |= _beyond_parent(tracks)
    for track in tracks:
        track.end()
    return broken


def _step(
    task: ShardTask, track: Track, batch: pa.RecordBatch, named: Reasons, report: ShardReport
) -> None:
    edition = track.output.edition
    if task.is_exact(edition):
        removed = gone(task, edition, named, batch.num_rows)
        report.kept[edition.name] += batch.num_rows - removed.true_count
        track.follow(batch, removed)
        return
    track.follow(batch, None)
    if track.matches and track.removed is not None:
        track.survivors += survivors(task, edition, named, pc.invert(track.removed))


def _beyond_parent(tracks: Sequence[Track]) -> set[tuple[str, str]]:
    found = set()
    by_name = {t.output.edition.name: t for t in tracks if t.matches}
    for track in by_name.values():
        parent = by_name.get(track.output.edition.parent or "")
        if parent is None or track.removed is None or parent.removed is None:
            continue
        if pc.and_(parent.removed, pc.invert(track.removed)).true_count:
            found.add((track.output.edition.name, parent.output.edition.name))
    return found
