"""verified.json: what the check at the end of a run found, under the curator key's seal.

It is bound to the manifest beside it by that file's digest, and by it to the audit and to every
shard. The next update may rest on it (sql/decisions/0011-what-an-update-rests-on.md), which is why
it is left only where every promise held whole.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from relaion.lists.key import hmac_of_check
from relaion.paths import atomic_write
from relaion.run.outputs import VERIFIED
from relaion.versions import installed


def leave_check(
    out: Path,
    key: bytes,
    run: str,
    manifest: str,
    verifier: int,
    held: Sequence[str],
    rests_on: Sequence[tuple[str, str]],
) -> None:
    """Write OUT/verified.json whole or not at all.

    `manifest` is the SHA-256 of what was checked, `verifier` the version of how, `held` are the
    promises that held whole, `rests_on` the checks that this one rests on, the first one first: run
    and time of each. Raises OutputError where it cannot be written.
    """
    said: dict[str, Any] = {
        **{name: installed(name) for name in ("relaion", "duckdb", "pyarrow")},
        "verifier": verifier,
        "run": run,
        "manifest": manifest,
        "checked": datetime.now(UTC).isoformat(),
        "held": list(held),
        "rests_on": [{"run": name, "checked": when} for name, when in rests_on],
    }
    sealed = said | {"seal": hmac_of_check(key, json.dumps(said).encode("ascii"))}
    with atomic_write(out / VERIFIED) as part:
        part.write_text(json.dumps(sealed, indent=1) + "\n", encoding="ascii")
