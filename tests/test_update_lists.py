"""`update` beside the store: which lists came, which were taken out, and is it the same store?"""

import shutil
from pathlib import Path

import pytest

from relaion.errors import ListError
from relaion.lists import store, withdraw
from relaion.lists.key import key_path
from relaion.stages.clean import clean
from relaion.stages.cleaned import Cleaned
from relaion.stages.report import report
from tests.drawn import quickly
from tests.pipeline import InProcess, Sent, rows_of
from tests.test_update import HOW, OTHER, ROW, World, audit, files

pytestmark = pytest.mark.usefixtures("all_counts", "no_sample")
THIRD = {"url": "https://c.example/3.jpg", "image_md5": f"{13:032x}"}


@pytest.fixture(scope="module")
def cleaned(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Two shards, two lists, and `out`, which a clean made of them; copied and never changed."""
    made = World(tmp_path_factory.mktemp("cleaned") / "world")
    made.grow([[ROW, OTHER, THIRD], [OTHER, {"url": "https://d.example/4.jpg"}]])
    made.send(Sent((("image_md5", f"{11:032x}"),)))
    made.send(Sent((("image_md5", f"{13:032x}"),), "privacy"))
    made.clean("out")
    return made


@pytest.fixture
def world(cleaned: World, tmp_path: Path) -> World:
    """The same, a test's own."""
    return cleaned.copied(tmp_path)


def _hold(made: Cleaned) -> None:
    assert made.verdict is not None
    assert made.verdict.ok, made.verdict.findings


def _other_store(world: World, n: int, gone: int = 0) -> None:
    """Another store, of `n` lists, whose first were taken out, with the key of the one before."""
    before = world.lists
    world.lists = world.folder / "others.duckdb"
    shutil.copy2(key_path(before), key_path(world.lists))
    for i in range(n):
        world.send(Sent((("url", f"https://z.example/{i}.jpg"),)))
    for i in range(gone):
        withdraw(world.lists, i + 1)


@pytest.mark.parametrize(
    ("n", "gone"), quickly(2, [(2, 0), (3, 3), (1, 0), (3, 0), (3, 1), (3, 2)])
)
def test_another_store_is_refused_whatever_it_holds(world: World, n: int, gone: int) -> None:
    """Also where none of its lists has the number of one that the run before was matched with."""
    out = world.folder / "out"
    _other_store(world, n, gone)
    with pytest.raises(
        ListError, match=r"others.duckdb: is not the store that .*out was made"
    ) as e:
        world.update(out, "out2")
    assert "\n" not in str(e.value)
    assert not (world.folder / "out2").exists()


@pytest.mark.slow
def test_an_older_copy_of_the_store_is_refused_by_what_it_lacks(world: World) -> None:
    older = world.folder / "older.duckdb"
    shutil.copy2(world.lists, older)
    shutil.copy2(key_path(world.lists), key_path(older))
    world.send(Sent((("image_md5", f"{12:032x}"),), "csam", "IWF"))
    out = world.clean("first")
    world.lists = older
    for withdrawn in (0, 1, 2):
        if withdrawn:
            withdraw(older, withdrawn)
        with pytest.raises(ListError, match=r"never held, list 3 \(IWF, csam\), or is an older"):
            world.update(out, "out2")


def test_another_key_is_refused_where_every_list_was_withdrawn(world: World) -> None:
    out = world.folder / "out"
    key_path(world.lists).unlink()
    (world.folder / "key").mkdir()
    other = World(world.folder / "key")
    other.send(Sent((("image_md5", f"{12:032x}"),)))
    shutil.copy2(key_path(other.lists), key_path(world.lists))
    for i in (1, 2):
        withdraw(world.lists, i)
    with pytest.raises(ListError, match=r"or the curator key is"):
        world.update(out, "out2")


def test_cover_goes_on_from_the_ledger_that_it_was_chosen_with(tmp_path: Path) -> None:
    """Beside a copy of the key there is none, and what left with cover would be chosen anew."""
    world = World(tmp_path / "w")
    links = [f"https://h{i % 30}.example/{i}.jpg" for i in range(300)]
    world.grow([[{"url": link, "text": "x", "punsafe": 0.1} for link in links]])
    ledger, early = world.folder / "cover.duckdb", tmp_path / "early.duckdb"
    for i, name in enumerate(("early", "out")):
        world.send(Sent((("url", links[i]),)))
        out = world.clean(name, cover=1)
        if not i:
            shutil.copy2(ledger, early)
    (tmp_path / "k").mkdir()
    key = shutil.copy2(key_path(world.lists), tmp_path / "k/k.key")
    with pytest.raises(ListError, match=r"k/cover.duckdb: is not there, though "):
        world.update(out, "out2", key=key)
    assert not (world.folder / "out2").exists() and not (tmp_path / "k/cover.duckdb").exists()
    shutil.copy2(early, tmp_path / "k/cover.duckdb")
    with pytest.raises(ListError, match=r"k/cover.duckdb: is an older copy, though "):
        world.update(out, "out2", key=key)
    shutil.copy2(ledger, tmp_path / "k/cover.duckdb")
    world.update(out, "out2", key=key)


def test_a_report_says_that_rows_of_withdrawn_lists_count_in_no_union(world: World) -> None:
    before, after = world.folder / "before.md", world.folder / "after.md"
    report(world.folder / "out", markdown=before)
    withdraw(world.lists, 2)
    told = report(world.update(world.folder / "out", "out2").out, markdown=after)
    said = "Withdrawn since: 2: partner. The rows named there stay out by an earlier run"
    assert told.withdrawn == (2,)
    assert said not in before.read_text()
    assert after.read_text().count(said) == 3  # where new rows, unions and reasons are told


@pytest.mark.slow
def test_lists_that_were_taken_out_are_told_and_their_rows_stay_out(world: World) -> None:
    out = world.folder / "out"
    withdraw(world.lists, 2)
    made = world.update(out, "out2", verify=True)
    _hold(made)
    (told,) = [n for n in made.notices if "withdrawn since" in n]
    assert told.startswith("list 2 (partner, privacy): withdrawn since ")
    assert files(made.out) == files(out)
    third = world.update(made.out, "out3")
    assert not any("withdrawn since" in n for n in third.notices)
    assert files(third.out) == files(out)


@pytest.mark.slow
def test_entries_that_were_taken_back_are_told(world: World) -> None:
    (world.folder / "u.txt").write_text(f"+{0xAB0090:032x}\n-{13:032x}\n")
    out = world.folder / "out"
    store.add(world.lists, [world.folder / "u.txt"], source="partner", update=2)
    made = world.update(out, "out2", verify=True)
    _hold(made)
    told = [n for n in made.notices if "entries were taken back since" in n]
    assert [n.partition(":")[0] for n in told] == ["list 2 (partner, privacy)"]
    assert files(made.out) == files(out)


@pytest.mark.slow
def test_where_all_lists_were_withdrawn_what_left_stays_out(world: World) -> None:
    out = world.folder / "out"
    for i in (1, 2):
        withdraw(world.lists, i)
    more = [{"url": "https://e.example/5.jpg", "image_md5": f"{11:032x}"}]
    world.grow([more])
    made = world.update(out, "out2", verify=True)
    _hold(made)
    before, kept = (files(o) for o in (out, made.out))
    assert {name: kept[name] for name in before} == before
    assert [len(rows_of(o, "research")) for o in (out, made.out)] == [3, 4]
    told = audit(made.out)
    assert [line[:2] for line in told["protocol"]]
    # and a list that comes after goes on from there
    world.send(Sent((("image_md5", f"{12:032x}"),)))
    third = world.update(made.out, "out3", verify=True)
    _hold(third)
    assert [row["md5"] for row in rows_of(third.out, "research")] == [None, f"{11:032x}"]
    # a clean of its own has nothing to go by
    withdraw(world.lists, 3)
    with pytest.raises(ListError, match="holds no list; add one"):
        clean(world.folder / "data", world.lists, world.folder / "new", executor=InProcess(), **HOW)


@pytest.mark.slow
def test_where_only_known_good_lists_are_left_what_left_stays_out(world: World) -> None:
    out = world.folder / "out"
    (world.folder / "good.txt").write_text(f"{77:032x}\n")
    store.add(world.lists, [world.folder / "good.txt"], source="NSRL", role="good")
    for i in (1, 2):
        withdraw(world.lists, i)
    made = world.update(out, "out2", verify=True)
    _hold(made)
    assert files(made.out) == files(out)
