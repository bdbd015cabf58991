"""`apply`: which rows of a copy stay, by an edition or by a diff, and what is left on the disk."""

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relaion.labs.diff_file import read_diff
from relaion.labs.diffing import compare, write_diff
from relaion.labs.fates import Fates, Question, work_out
from relaion.links import KEY_VERSION
from relaion.run.settings import limits_of
from relaion.run.survey import Numbered
from tests import oracle_copy as oracle
from tests.copies import Laid, Shards, cut, cuts, layouts, sets

LIMITS = limits_of(1, "2GB")
SALT = bytes(range(16))
bys = st.sampled_from([("row", "link"), ("row", "link"), ("row",), ("link",)])


def unheard(*_: object) -> None:
    """Nobody listens."""


def decided(fates: Fates, shards: Sequence[Numbered]) -> tuple[list[bool], Counter[Any]]:
    """Whether each row leaves, in order, and how many rows had each fate."""
    leaves: list[bool] = []
    for n in shards:
        gone = pq.read_table(fates.leaving[n.no], filters=[("shard_no", "=", n.no)])
        numbers = gone["file_row_number"].to_pylist()
        assert numbers == sorted(set(numbers))
        leaves += [i in set(numbers) for i in range(n.shard.rows)]
    counts: Counter[Any] = Counter()
    for _, fate, leaving, rows in fates.counts:
        counts[oracle.Fate(fate, leaving)] += rows
    return leaves, counts


# -- Which rows stay ---------------------------------------------------------------------------


@settings(max_examples=7)
@given(
    copy=sets, new=sets, old=st.none() | sets, by=bys, laid=st.tuples(layouts, layouts, layouts),
    cut_at=st.tuples(cuts, cuts), unknown=st.sampled_from(["keep", "drop"]),
    without=st.sampled_from(["keep", "drop"]), batch=st.sampled_from([5, 1000]),
)  # fmt: skip
def test_an_edition_keeps_what_a_plain_reading_of_it_keeps(
    copy: list[Any], new: list[Any], old: list[Any] | None, by: tuple[str, ...],
    laid: tuple[Laid, Laid, Laid], cut_at: tuple[list[int], list[int]],
    unknown: str, without: str, batch: int,
) -> None:  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("relaion.labs.fates.BATCH_ROWS", batch)
        shards = Shards(Path(folder))
        copies = shards.of("copy", cut(copy, cut_at[0]), laid[0])
        news = shards.of("new", cut(new, cut_at[1]), laid[1], 1_000)
        olds = shards.of("old", [old], laid[2], 2_000) if old is not None else ()
        found = work_out(
            Question(
                Path(folder), "v1", LIMITS, copies, news, olds, by=by,
                keeps_unknown=unknown == "keep", keeps_nameless=without == "keep",
            ),
            unheard,
        )  # fmt: skip
        leaves, counts = decided(found, copies)
    fates = oracle.by_keep(
        [laid[0].seen(r) for r in copy], [laid[1].seen(r) for r in new],
        None if old is None else [laid[2].seen(r) for r in old],
        by=by, unknown=unknown, without_identity=without,
    )  # fmt: skip
    assert leaves == [f.leaves for f in fates]
    assert counts == Counter(fates)


@settings(max_examples=7)
@given(
    copy=sets, old=sets, new=sets, by=bys, laid=st.tuples(layouts, layouts, layouts),
    cut_at=st.tuples(cuts, cuts, cuts), without=st.sampled_from(["keep", "drop"]),
)  # fmt: skip
def test_a_diff_tells_and_takes_what_a_plain_reading_does(
    copy: list[Any], old: list[Any], new: list[Any], by: tuple[str, ...],
    laid: tuple[Laid, Laid, Laid], cut_at: tuple[list[int], list[int], list[int]], without: str,
) -> None:  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("relaion.labs.diffing.BATCH_ROWS", 6)
        shards = Shards(Path(folder))
        olds = shards.of("old", cut(old, cut_at[0]), laid[0], 2_000)
        news = shards.of("new", cut(new, cut_at[1]), laid[1], 1_000)
        seen = [[x.seen(r) for r in of] for x, of in zip(laid, (old, new, copy), strict=True)]
        found, lines = compare(Path(folder), "v1", LIMITS, olds, news, by, SALT, tell=unheard)
        path = Path(folder) / "diff.parquet"
        said = {"form": 1, "key_version": KEY_VERSION, "salt": SALT.hex(), "by": list(by)}
        write_diff(lines, path, {**said, "rows": found.lines})
        told = read_diff(path)
        held = [tuple(x.values()) for x in pq.ParquetFile(path).read().to_pylist()]
        copies = shards.of("copy", cut(copy, cut_at[2]), laid[2])
        work = Path(folder) / "work"
        work.mkdir()
        fates = work_out(
            Question(work, "v1", LIMITS, copies, diff=path, salt=told.salt, by=by,
                     keeps_nameless=without == "keep"),
            unheard,
        )  # fmt: skip
        leaves, counts = decided(fates, copies)
    expected = oracle.diff_of(seen[0], seen[1], SALT, by)
    assert held == expected.lines
    assert (found.rows, found.links, found.without, found.colliding) == expected[1:]
    of_copy = oracle.by_diff(seen[2], expected.lines, SALT, by=by, without_identity=without)
    assert leaves == [f.leaves for f in of_copy]
    assert counts == Counter(of_copy)
