"""A file that fetches what is read of it never gives a hole that was filled meanwhile."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from tests.drawn import quickly

pytest.importorskip("s3fs", reason="without the extra [s3]")

DATA = b"".join(hashlib.sha256(b"%d" % i).digest() for i in range(20_000))  # 640 KB


@pytest.mark.slow
@pytest.mark.parametrize("step", quickly(1, [1_000, 8_192, 100_000]))
def test_every_byte_is_that_of_the_object(s3: Any, tmp_path: Path, step: int) -> None:
    from relaion.remote.brought import bring
    from relaion.remote.standing import OnDemand

    s3.put("demand/x.parquet", DATA)
    (path,) = bring([Path("s3:/shards/demand/x.parquet")], tmp_path, (".parquet",))
    with OnDemand(path) as file:
        for at in range(0, len(DATA), step):
            file.seek(at)
            assert file.read(step) == DATA[at : at + step]
