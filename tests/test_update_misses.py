"""Updates that miss rows on purpose: the check at their end, which rests on another, finds it."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from relaion.run.find import Hunt
from relaion.run.gains import Gains
from relaion.run.hits import Searched
from relaion.run.update import UpdateRun
from relaion.verifier.verdict import Verdict
from tests.drawn import drawn
from tests.pipeline import Sent
from tests.test_properties import ROWS
from tests.test_update import DELIVERY, Rows, World, audit, files

pytestmark = pytest.mark.usefixtures("all_counts", "no_sample")
GAINS, HUNT = UpdateRun._gains, UpdateRun._hunt
RUN = Hunt.run


def _gains(change: Callable[[Hunt], Hunt]) -> Callable[..., Hunt]:
    return lambda self, *given: change(GAINS(self, *given))


def _less(n: int) -> Callable[[Hunt], Hunt]:
    """A search for all new lists but one."""
    return lambda h: replace(
        h, store=replace(h.store, only=tuple(x for i, x in enumerate(h.store.only or ()) if i != n))
    )


def _set(**change: Any) -> Callable[[Hunt], Hunt]:
    return lambda h: replace(h, settings=replace(h.settings, **change))


def _blind_to(no: int) -> Callable[..., Searched]:
    """A search that finds nothing in a shard."""

    def run(self: Hunt, shards: Any) -> Searched:
        found = RUN(self, shards)
        if self.work.name != "gains":
            return found
        return replace(found, digests={k: v for k, v in found.digests.items() if k != no})

    return run


def _none_linked(self: Gains, searched: Searched) -> frozenset[int]:
    return frozenset()


MISSES: dict[str, tuple[type, str, Callable[..., Any]]] = {
    "no list": (UpdateRun, "_gains", _gains(lambda h: replace(h, store=replace(h.store, only=())))),
    "but the first list": (UpdateRun, "_gains", _gains(_less(0))),
    "but the second list": (UpdateRun, "_gains", _gains(_less(1))),
    "no same link": (UpdateRun, "_gains", _gains(_set(same_link=False))),
    "no link inside": (UpdateRun, "_gains", _gains(_set(inner=False))),
    "no column of a link": (
        UpdateRun, "_gains",
        _gains(lambda h: replace(h, roles=tuple(r for r in h.roles if r != "url"))),
    ),
    "no further links": (Gains, "linked_shards", _none_linked),
    "not the first shard": (Hunt, "run", _blind_to(0)),
    "not the second shard": (Hunt, "run", _blind_to(1)),
}  # fmt: skip


@drawn(
    0,
    40,
    name=st.sampled_from(sorted(MISSES)),
    shards=st.lists(st.lists(ROWS, min_size=1, max_size=6), min_size=2, max_size=4),
    sent=st.lists(DELIVERY, min_size=2, max_size=2),
)
def test_what_a_resting_check_holds_is_what_a_clean_of_it_all_makes(
    name: str, shards: list[Rows], sent: list[Sent]
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        world = World(Path(folder))
        world.grow(shards)
        world.send(sent[0])
        out = world.clean("out", verify=True)
        world.send(sent[1])
        patch.setattr(*MISSES[name])
        done = world.update(out, "out2", verify=True)
        patch.undo()
        whole = world.clean("whole")
        is_same = files(done.out) == files(whole) and audit(done.out) == audit(whole)
        verdict: Verdict | None = done.verdict
        assert verdict is not None
        assert verdict.ok is is_same, (name, verdict.rests, [str(f) for f in verdict.findings])
        assert not (verdict.rests and not is_same)
