"""An output walked along its input: which rows it lacks, and whether the rest is the same.

Where it is known which rows have to be gone, the input without them has to be the output, bit for
bit. Where it is not, the output's rows are found in the input by numbers for rows
(`compare.row_digests`), and that is proved by the same bitwise comparison. So is what the run
before made of the same shard: whatever it lacks stays out.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from relaion.errors import InputError
from relaion.verifier.compare import Cursor, Pairs, bits, differing, row_digests
from relaion.verifier.footers import Said
from relaion.verifier.task import OutputTask, mask_of

_FEW = 256  # rows of which one is gone, or fewer


@dataclass
class Track:
    """One output on the walk. `cursor` is None where it has the input's very bytes.

    `removed` are the input rows of the last batch that it lacks. `said` looks at its rows.
    `before` is what the run before made of the shard, where that has other bytes; `expected` are
    the rows of each batch that have to be gone, where it takes both to tell.
    """

    output: OutputTask
    pairs: Pairs
    cursor: Cursor | None
    said: Said | None = None
    before: "Track | None" = None
    matches: bool = True
    columns: set[int] = field(default_factory=set)
    survivors: Counter[str] = field(default_factory=Counter)
    removed: pa.Array | None = None
    expected: list[pa.Array] = field(default_factory=list)

    def follow(
        self, batch: pa.RecordBatch, removed: pa.Array | None, among: pa.Array | None = None
    ) -> None:
        """Compare the next rows; `removed` None where it is not known which have to be gone.

        Then only rows of `among`, if that is given, may be.
        """
        if not self.matches:
            return
        try:
            self._follow(batch, removed, among)
        except InputError:  # the second look says so
            self.matches = False

    def and_before(self, batch: pa.RecordBatch, named: pa.Array) -> pa.Array | None:
        """The next rows that have to be gone: those named, and those that were gone before.

        None where that cannot be told.
        """
        if self.before is None:
            return None
        self.before.follow(batch, None)
        if not self.before.matches or self.before.removed is None:
            return None
        self.expected.append(pc.or_(named, self.before.removed))
        return self.expected[-1]

    def follow_before(self, batch: pa.RecordBatch) -> None:
        """Find the next rows in what the run before made: none that it lacks may be here."""
        if self.before is not None and self.matches:
            self.before.follow(batch, None, self.removed)

    def end(self) -> None:
        """The input is read: nothing may be left in the output."""
        try:
            if self.matches and self.cursor is not None:
                self.matches = self.cursor.is_done()
        except InputError:
            self.matches = False
        if self.before is not None:
            self.before.end()

    def _follow(
        self, batch: pa.RecordBatch, removed: pa.Array | None, among: pa.Array | None
    ) -> None:
        if self.cursor is None:
            self.removed = mask_of(batch.num_rows, ())
            self.matches = removed is None or not removed.true_count
            return
        self.removed = self._align(batch, self.cursor, among) if removed is None else removed
        kept = batch.num_rows - self.removed.true_count
        found = self.cursor.take(kept)
        if sum(b.num_rows for b in found) != kept:
            self.matches = False
            return
        if self.said is not None:
            for piece in found:
                self.said.see(piece)
        if batch.num_rows - kept > batch.num_rows // _FEW:
            differ = differing(batch.filter(pc.invert(self.removed)), found, self.pairs)
        else:  # to compare the rows between them costs less than a copy of all columns
            gone = pc.indices_nonzero(self.removed).to_pylist()
            differ = differing(batch, found, self.pairs, gone)
        self.columns.update(differ)
        self.matches = not self.columns

    def _align(self, batch: pa.RecordBatch, cursor: Cursor, among: pa.Array | None) -> pa.Array:
        """Which input rows are missing in the output, taking each as early as possible."""
        ours, theirs = ([pair[side] for pair in self.pairs] for side in (0, 1))
        ahead = cursor.peek(batch.num_rows)
        telling = self._telling(batch)
        if among is not None and telling is not None:
            return mask_of(batch.num_rows, self._among(batch, ahead, among, telling))
        digests = [digest for piece in ahead for digest in row_digests(piece, theirs)]
        missing = []
        at = 0
        for row, digest in enumerate(row_digests(batch, ours)):
            if at < len(digests) and digests[at] == digest:
                at += 1
            else:
                missing.append(row)
        return mask_of(batch.num_rows, missing)

    def _telling(self, batch: pa.RecordBatch) -> tuple[int, int] | None:
        """A column by whose values few rows are alike, in both: one of text, else of numbers."""
        plain = [pair for pair in self.pairs if not pa.types.is_nested(batch.column(pair[0]).type)]
        texts = [p for p in plain if pa.types.is_binary(batch.column(p[0]).type)]
        return next(iter(texts or plain), None)

    def _among(
        self,
        batch: pa.RecordBatch,
        ahead: Sequence[pa.RecordBatch],
        among: pa.Array,
        telling: tuple[int, int],
    ) -> list[int]:
        """Which of these rows are missing; all others stand ahead, so each has its one place."""
        rows = pc.indices_nonzero(among)
        if not len(rows):
            return []
        values = bits(batch.column(telling[0]).take(rows))
        found: dict[int, int] = {}
        start = 0
        for piece in ahead:
            alike = pc.indices_nonzero(pc.is_in(bits(piece.column(telling[1])), value_set=values))
            digests = row_digests(piece.take(alike), [j for _, j in self.pairs])
            found |= {start + n: d for n, d in zip(alike.to_pylist(), digests, strict=True)}
            start += piece.num_rows
        missing: list[int] = []
        wanted = row_digests(batch.take(rows), [i for i, _ in self.pairs])
        for row, digest in zip(rows.to_pylist(), wanted, strict=True):
            if found.get(row - len(missing)) != digest:
                missing.append(row)
        return missing
