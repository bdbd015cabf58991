"""Lists of changes: `+value` and `-value`, a line each, or a unified diff of two lists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from relaion.lists.kinds import ANY
from relaion.lists.readers.format import Maybe, Options, Stream, Sure
from relaion.lists.readers.record import TAKEN_BACK, Batch, Values
from relaion.lists.readers.rows import content
from relaion.lists.values import shape

_SIGNED = re.compile(r"([+-])\s*(\S.*?)\s*")
_HUNK = re.compile(r"@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@.*")
_FILES = re.compile(r"(?:---|\+\+\+) \S.*|diff .*|index [0-9a-f.]+.*|\\ No newline.*")


@dataclass(frozen=True)
class Changes:
    """What was added and what was taken out; in a diff, lines without a sign are still there."""

    name: str = "changes"

    def sniff(self, head: str, file_name: str) -> Sure | Maybe | None:
        """Sure for a diff, and where both signs stand before digests."""
        del file_name
        lines = content(head.split("\n", 2000)[:2000])
        if any(map(_HUNK.fullmatch, lines)) and any(line.startswith("--- ") for line in lines):
            return Sure()
        signed = [found for line in lines if (found := _SIGNED.fullmatch(line))]
        if len(signed) < len(lines) or {found[1] for found in signed} != {"+", "-"}:
            return None
        n = sum(shape(found[2]) not in (None, "link") for found in signed)
        return Sure() if n * 2 > len(signed) else None

    def read(self, stream: Stream, options: Options) -> Iterator[Batch]:
        """Each line as a record; one with a minus takes its value back."""
        is_diff = any(map(_HUNK.fullmatch, stream.lines_of_head()))
        kinds = (options.kind,) if options.kind else ANY
        for block in stream.blocks:
            batch = Batch(0)
            values: list[str] = []
            for line in content(block.split("\n")):
                if is_diff and (_HUNK.fullmatch(line) or _FILES.fullmatch(line)):
                    continue
                found = _SIGNED.fullmatch(line)
                if found and found[1] == "-":
                    batch.fates[len(values)] = TAKEN_BACK
                values.append(found[2] if found else line.strip())
            batch.n, batch.values = len(values), (Values(kinds, values),)
            yield batch
