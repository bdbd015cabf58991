"""`verify` sees whatever is changed in an OUT: hundreds of mutations of a small one."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from relaion.run.manifest import (
    BROUGHT_BACK,
    COVERED,
    JOINED,
    NOT_PUBLISHABLE,
    PUBLISHABLE,
    WEAK,
)
from relaion.stages.clean import clean
from relaion.verifier.audit_tables import TABLES, differences
from relaion.verifier.checker import verify
from relaion.verifier.manifest import WHY
from relaion.verifier.verdict import Verdict
from tests.mutations import HARMLESS, mutations
from tests.pipeline import hands_here
from tests.verify_world import World, planted, row

pytestmark = pytest.mark.usefixtures("all_counts", "no_sample")
Check = Callable[[Path], Verdict]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> World:
    """What `clean` itself makes of two shards, one of which loses nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("relaion.run.audit_file.FEW_ROWS", 0)
        patch.setattr("relaion.verifier.counts.FEW_ROWS", 0)
        world = World(tmp_path_factory.mktemp("mutations") / "w")
        world.shards = {
            ("alpha", "part-0.parquet"): planted(0),
            ("beta", "part-1.parquet"): [row(9000 + i) for i in range(10)],
        }
        world.make()
        shutil.rmtree(world.out)
        arguments = world.arguments()
        with hands_here():
            clean(
                arguments["inputs"], world.store, world.out, keywords=world.keywords,
                sidecars=arguments["sidecars"], verify=False, yes_i_checked=True, workers=1,
                copy=True,
            )  # fmt: skip
    return world


def _missed(world: World, top: Path, names: list[str]) -> list[str]:
    """The mutations after which the verdict is not the one that it has to be."""
    changes = mutations(json.loads((world.out / "manifest.json").read_text()))
    missed = []
    for i, name in enumerate(names):
        out = top / str(i) / "out"
        shutil.copytree(world.out, out)
        changes[name](out)
        verdict = verify(out, **world.arguments())
        if verdict.ok is not (name in HARMLESS):
            missed.append(name)
        assert not any("note" in str(f) for f in verdict.findings)  # what was put in is not said
        shutil.rmtree(top / str(i))
    return missed


def _names(world: World) -> list[str]:
    return list(mutations(json.loads((world.out / "manifest.json").read_text())))


@pytest.mark.slow
def test_what_is_not_changed_is_clean(finished: World) -> None:
    verdict = verify(finished.out, **finished.arguments())
    assert verdict.ok and not any(o.why for o in verdict.outcomes)
    assert verdict.not_looked_at == finished.idle


@pytest.mark.slow
def test_a_sample_of_the_mutations_is_found(finished: World, tmp_path: Path) -> None:
    names = _names(finished)
    shards = [name for name in names if name.startswith("shard")][::8]
    assert _missed(finished, tmp_path, [*names[::56], *shards]) == []


# a third of them in each CI run; `poe mutations` tries them all
EVERY = 1 if os.environ.get("MUTATIONS") == "all" else 3
PARTS = 4  # for several cores


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_every_mutation_is_found(finished: World, tmp_path: Path, part: int) -> None:
    names = _names(finished)
    assert len(names[::EVERY]) - len(HARMLESS) >= 200 and set(HARMLESS) <= set(names)
    assert _missed(finished, tmp_path, names[::EVERY][part::PARTS]) == []


def test_the_catalogue_is_what_clean_makes(finished: World) -> None:
    from relaion.engine import connect

    with connect(finished.out / "audit.duckdb", read_only=True) as engine:
        assert differences(engine) == {"4": [], "6": []}
        assert engine.rows("select count(*) from duckdb_tables()") == [(len(TABLES),)]


def test_the_reasons_are_those_of_clean() -> None:
    assert {
        "none": NOT_PUBLISHABLE, "nothing": PUBLISHABLE, "weak": WEAK, "covered": COVERED,
        "back": BROUGHT_BACK, "joined": JOINED, "both": f"{WEAK}; {JOINED}",
    } == WHY  # fmt: skip
