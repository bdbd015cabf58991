"""What goes wrong around a store leaves it as it was, and says so in one line."""

import os
import random
import resource
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from relaion.engine import connect
from relaion.errors import BusyError, InputError, ListError, OutputError, ShortError, is_short
from relaion.lists import store
from relaion.lists.database import reading
from relaion.lists.delivery import describe
from relaion.lists.key import key_path
from relaion.paths import shown as shown_name
from tests.pipeline import relaion

A, B = "ab" * 16, "bc" * 16
BIG = 60_000  # entries: a store of some megabytes


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    folder = tmp_path / "private"
    folder.mkdir()
    return folder / "lists.duckdb"


@pytest.fixture
def big(tmp_path: Path) -> Path:
    rng = random.Random(5)
    path = tmp_path / "big.txt"
    path.write_text("\n".join(f"{rng.getrandbits(128):032x}" for _ in range(BIG)))
    return path


def write(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def held(lists: Path) -> dict[int, int]:
    with connect(lists, read_only=True) as engine:
        return dict(engine.rows("select list_id, count(distinct digest) from entries group by 1"))


def in_process(code: str, *arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", HEAD + code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


HEAD = """
import sys
from relaion.errors import RelaionError
from relaion.lists import delivery, store
print("go", flush=True)
def run(work):
    try:
        work()
        print("done")
    except RelaionError as e:
        print(type(e).__name__, e)
"""
ADD = "run(lambda: store.add(sys.argv[1], [sys.argv[2]], source='B'))"
WITHDRAW = "run(lambda: store.withdraw(sys.argv[1], int(sys.argv[2])))"


def assert_clean(lists: Path) -> None:
    """Nothing is left beside the store but its key and its lock, all of them private."""
    left = {p.name: stat.S_IMODE(p.stat().st_mode) for p in lists.parent.iterdir()}
    names = {lists.name, f"{lists.name}.key", f"{lists.name}.lock"}
    assert set(left) <= names
    assert set(left.values()) <= {0o600}


@contextmanager
def room(limit: int) -> Iterator[None]:
    """No file may grow beyond `limit` bytes, as on a disk that is nearly full."""
    signal_before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, signal_before)


def refused(limit: int, work: Callable[[], object]) -> str:
    """The one line of an OutputError."""
    with room(limit), pytest.raises(OutputError) as caught:
        work()
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_first_list_on_a_disk_that_is_full_at_any_point(lists: Path, big: Path) -> None:
    with connect(lists) as engine:  # how large an empty database is
        engine.execute("create table a (a integer)")
    limits = [0, 1, 40, 64, 1_000, 4_096, lists.stat().st_size, 100_000, 500_000, 1_500_000]
    lists.unlink()
    for limit in limits:
        said = refused(limit, lambda: store.add(lists, [big], source="B"))
        assert "private" in said and "details" not in said
        assert not lists.exists()
        assert_clean(lists)
    store.add(lists, [big], source="B")
    assert held(lists) == {1: BIG}


def test_changes_on_a_disk_that_is_full_at_any_point(
    lists: Path, big: Path, tmp_path: Path
) -> None:
    store.add(lists, [write(tmp_path / "one.txt", A)], source="A")
    store.add(lists, [big], source="B")
    before = lists.read_bytes()
    other = write(tmp_path / "other.txt", B)
    for limit in (0, 1_000, 12_288, 100_000, 700_000, 1_000_000, len(before) // 2):
        said = refused(limit, lambda: store.add(lists, [other], source="B"))
        assert "the store is as it was" in said
        said = refused(limit, lambda: store.withdraw(lists, 1))
        assert "the store is as it was" in said
        assert lists.read_bytes() == before
        assert_clean(lists)
    assert store.add(lists, [other], source="B").list_id == 3
    assert held(lists) == {1: 1, 2: BIG, 3: 1}


def killed(child: "subprocess.Popen[str]", seconds: float) -> bool:
    assert child.stdout is not None and child.stdout.readline() == "go\n"
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        child.kill()
    child.communicate()
    return child.returncode < 0


def test_first_list_killed_at_random_moments(lists: Path, big: Path) -> None:
    """There is no store, or the whole of it with its key; the next run ends well."""
    rng = random.Random(3)
    begin = time.monotonic()
    assert not killed(in_process(ADD, lists, big), 120)
    lasts = time.monotonic() - begin
    kills = 0
    for _ in range(6):
        lists.unlink(missing_ok=True)
        kills += killed(in_process(ADD, lists, big), rng.random() * lasts)
        if lists.exists():
            assert held(lists) == {1: BIG}
            assert key_path(lists).exists()
    assert kills >= 2, "the kills came too late to try anything"
    store.add(lists, [big], source="B")
    assert held(lists) == {1: BIG}
    assert_clean(lists)


def test_withdrawal_killed_at_random_moments(lists: Path, big: Path, tmp_path: Path) -> None:
    store.add(lists, [write(tmp_path / "one.txt", A)], source="A")
    store.add(lists, [big], source="B")
    before = lists.read_bytes()
    rng = random.Random(4)
    begin = time.monotonic()
    assert not killed(in_process(WITHDRAW, lists, 2), 120)
    lasts = time.monotonic() - begin
    kills = 0
    for _ in range(6):
        lists.write_bytes(before)
        kills += killed(in_process(WITHDRAW, lists, 2), rng.random() * lasts)
        assert held(lists) in ({1: 1, 2: BIG}, {1: 1})
    assert kills >= 2, "the kills came too late to try anything"
    lists.write_bytes(before)
    store.withdraw(lists, 2)
    assert held(lists) == {1: 1}
    assert_clean(lists)


def test_folder_that_nobody_can_write(tmp_path: Path) -> None:
    folder = Path("/proc")  # not even root
    if os.geteuid():
        folder = tmp_path / "closed"
        folder.mkdir(mode=0o500)
    lists = folder / "lists.duckdb"
    with pytest.raises(OutputError, match=r"list store goes there; name another place") as caught:
        store.add(lists, [write(tmp_path / "one.txt", A)], source="A")
    assert str(caught.value).isprintable()
    assert not lists.exists()


@pytest.mark.parametrize(
    ("happens", "said"),
    [(Path.unlink, "cannot be read"), (lambda p: write(p, B, A), "changed while it was read")],
)
def test_input_that_goes_or_changes_on_the_way(
    lists: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, happens: Any, said: str
) -> None:
    store.add(lists, [write(tmp_path / "one.txt", A)], source="A")
    before = lists.read_bytes()
    path = write(tmp_path / "two.txt", B)

    def described(*files: Any, **options: Any) -> Any:
        found = describe(*files, **options)
        happens(path)
        return found

    monkeypatch.setattr(store, "describe", described)
    with pytest.raises(ListError, match=f"two.txt: {said}"):
        store.add(lists, [path], source="B")
    assert lists.read_bytes() == before
    assert_clean(lists)


HOLD = """
from relaion.lists.database import writing
from pathlib import Path
with writing(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_second_writer_beside_a_real_one(lists: Path, tmp_path: Path) -> None:
    """It is refused at once, touches nothing of the first, and succeeds when that has ended."""
    path = write(tmp_path / "one.txt", A)
    store.add(lists, [path], source="A")
    before = lists.read_bytes()
    holder = subprocess.Popen(
        [sys.executable, "-c", HEAD + HOLD, str(lists)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert [holder.stdout.readline() for _ in range(2)] == ["go\n", "held\n"]
        uses: tuple[Any, ...] = (
            lambda: store.add(lists, [path], source="B"),
            lambda: store.withdraw(lists, 1),
        )
        for use in uses:
            with pytest.raises(BusyError, match="writes to this store"):
                use()
        assert lists.with_name(".lists.duckdb.work").is_dir(), "the first one's folder is left"
        assert lists.read_bytes() == before
        assert [x.list_id for x in store.show(lists)] == [1], "readers are not kept waiting"
    finally:
        holder.kill()
        holder.communicate()
    assert store.add(lists, [path], source="B").list_id == 2
    assert_clean(lists)


NASTY = (
    "'; drop table store.lists; --", '"quoted"', "a;b", "$source ${HOME} $(id) `id`", "%s {0} {x}",
    "[bold]x[/bold] [/]", "*[a]", "a=b%41", "\u202eevil", "é漢😀", "-rf", "null", "a''b",
)  # fmt: skip


@pytest.mark.parametrize("text", NASTY)
def test_names_are_only_names(tmp_path: Path, text: str) -> None:
    """Source, title, file, folder and store may be called anything."""
    folder = tmp_path / text.replace("/", "_")
    folder.mkdir()
    lists, path = folder / f"{folder.name}.duckdb", write(folder / folder.name, A)
    added = store.add(lists, [path], source=text, title=text)
    assert (added.source, added.title, added.entries) == (text, text, {"image_md5": 1})
    store.add(lists, [write(folder / "two.txt", B)], source="B")
    assert [(x.source, x.title) for x in store.show(lists)] == [(text, text), ("B", None)]
    with connect() as engine:
        engine.attach(lists, "store")
        assert engine.rows("select name from store.files where list_id = 1") == [
            (shown_name(path.name),)
        ]
    store.withdraw(lists, 2)
    assert held(lists) == {1: 1}
    listed = relaion("lists", "show", "--lists", str(lists), cwd=tmp_path)
    assert "csam" in listed.stdout


@pytest.mark.parametrize("name", [b"what?", b"a\\b", b"\xff"])
def test_store_under_a_path_that_duckdb_takes_for_another(tmp_path: Path, name: bytes) -> None:
    """It would open `a/b` for `a\\b`, and put its log beside a folder with a `?`."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    folder.mkdir()
    path = write(tmp_path / "one.txt", A)
    for use in (lambda p: store.add(p, [path], source="A"), store.show, store.open_store):
        with pytest.raises(InputError, match="choose another place for the list store") as caught:
            use(folder / "lists.duckdb")
        assert str(caught.value).isprintable()
    assert list(folder.iterdir()) == []
    nasty = write(folder / "list.txt", A)
    store.add(tmp_path / "lists.duckdb", [nasty], source="A")


def test_file_names_of_any_bytes(lists: Path, tmp_path: Path) -> None:
    for i, name in enumerate((b"\xff\xfe.txt", b"two\nlines.txt", b"\x1b[2J.txt")):
        path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
        store.add(lists, [write(path, f"{i + 1:032x}")], source="A")
    with connect(lists, read_only=True) as engine:
        names = [name for (name,) in engine.rows("select name from files")]
    assert len(names) == 3 and all(name.isprintable() for name in names)


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def test_what_a_failed_first_run_leaves_is_private(
    lists: Path, tmp_path: Path, open_umask: None
) -> None:
    with pytest.raises(ListError):
        store.add(lists, [write(tmp_path / "list.txt", "nothing")], source="A")
    assert_clean(lists)
    assert not lists.exists()


def test_a_store_is_not_called_damaged_for_want_of_memory(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("https://a.example/1\n")
    store.add(tmp_path / "l.duckdb", [tmp_path / "a.txt"], source="one")
    with pytest.raises(ShortError, match="ran out of memory"), reading(tmp_path / "l.duckdb") as it:
        it.execute("set memory_limit = '1MB'")
        it.execute("set temp_directory = ''")
        it.rows("select sum(hash(a || b)) from (select list(range) as a from range(9_000_000)), "
                "(select list(range) as b from range(9_000_000))")  # fmt: skip
    with pytest.raises(ListError, match="is damaged"), reading(tmp_path / "l.duckdb") as it:
        it.rows("select no_such_column from lists")
    assert is_short(RuntimeError("can't start new thread"))
    assert is_short(OSError(12, "Cannot allocate memory")) and not is_short(OSError(2, "No"))
