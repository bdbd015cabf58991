"""`verify`: check a finished run's promises by other code than `clean` used."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from relaion.errors import RelaionError
from relaion.lists.snapshot import Held
from relaion.proof import Verdict
from relaion.proof import verify as check
from relaion.run import manifest
from relaion.run.progress import Progress, Quiet

SMALL = 500_000  # rows below which starting processes costs more than they save


def verify(
    out: Path,
    *,
    inputs: Sequence[Path] = (),
    lists: Path | Held | None = None,
    keywords: Path | bytes | None = None,
    key: Path | bytes | None = None,
    columns: Mapping[str, str] | None = None,
    sidecars: Sequence[Path] = (),
    workers: int | None = None,
    progress: Progress | None = None,
) -> Verdict:
    """Check a finished run's promises by other code than clean used.

    What cannot be checked for want of an argument is said; without lists the verdict is
    never clean. `clean` gives the very store, keywords and key that it used, read already.
    Raises InputError or ListError for an argument that cannot be read; what is
    wrong with OUT itself is a finding.
    """
    listen = progress or Quiet()
    stated = _stated_inputs(out)
    rows = sum(stated)
    listen.phase("verify", len(stated), rows)
    hands = 1 if rows < SMALL else workers or os.cpu_count() or 1
    return check(
        out, inputs=inputs, lists=lists, keywords=keywords, key=key, columns=columns,
        sidecars=sidecars, workers=hands, done=listen.done,
    )  # fmt: skip


def _stated_inputs(out: Path) -> list[int]:
    """Rows of each input as the manifest states them; none where it cannot be read."""
    try:
        return [int(item["rows"]) for item in (manifest.read(out) or {"inputs": []})["inputs"]]
    except (RelaionError, LookupError, TypeError, ValueError):
        return []  # a broken manifest is a finding of the check, not an error here
