"""The list store: counts, versions, withdrawal, locks, permissions, readers beside a writer."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from hashlib import md5
from pathlib import Path
from struct import pack
from typing import Any

import pytest

from relaion.cli.lists import form_words
from relaion.engine import Engine, connect
from relaion.errors import BusyError, EngineError, InputError, ListError, OutputError, RelaionError
from relaion.links import FORMS, KEY_VERSION
from relaion.lists import store
from relaion.lists.delivery import LABELS
from relaion.lists.key import key_path
from relaion.paths import locked
from relaion.run.editions import load_editions
from relaion.sqlset import BUILT_IN

A, B, C, D = (pair * 16 for pair in ("ab", "bc", "cd", "de"))


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    folder = tmp_path / "private"
    folder.mkdir()
    return folder / "lists.duckdb"


def add(lists: Path, *lines: str, source: str = "A partner", **options: Any) -> store.Added:
    path = lists.parent.parent / "list.txt"
    path.write_text("".join(f"{line}\n" for line in lines))
    return store.add(lists, [path], source=source, **options)


def held(lists: Path) -> set[tuple[int, str]]:
    with connect() as engine:
        engine.attach(lists, "store")
        return set(engine.rows("select list_id, digest from store.entries"))


def test_counts_of_two_deliveries_that_overlap(lists: Path) -> None:
    add(lists, A, B, A, "unknown")
    second = add(
        lists, B, C, C, source="Other", title="June", label="opt-out", received=date(2024, 6, 1)
    )
    assert (second.list_id, second.read, second.new, second.known, second.duplicate) == (
        2,
        3,
        1,
        1,
        1,
    )
    assert held(lists) == {(1, A), (1, B), (2, B), (2, C)}
    one, two = store.show(lists)
    assert (one.read, one.new, one.known, one.duplicate) == (4, 2, 0, 1)
    assert one.skipped == {"no link or hash": 1}
    assert (two.source, two.title, two.label, two.received) == (
        "Other", "June", "opt-out", date(2024, 6, 1),
    )  # fmt: skip
    assert two.entries == {"image_md5": 2}


def test_millions_are_taken_in_by_parts(lists: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relaion.lists.ingest._AT_ONCE", 10)
    digests = [f"{first:x}{i + 16:031x}" for first in range(16) for i in range(4)]
    one = add(lists, *digests, *digests[:5])
    assert (one.new, one.known, one.duplicate, one.entries) == (64, 0, 5, {"image_md5": 64})
    two = add(lists, *digests[8:], A)
    assert (two.new, two.known, two.duplicate) == (1, 56, 0)
    assert held(lists) == {(1, d) for d in digests} | {(2, d) for d in [*digests[8:], A]}


def test_what_a_file_in_an_old_code_says_of_its_entries_is_kept(lists: Path) -> None:
    """Its bytes are no UTF-8, which is all that a store can hold."""
    path = lists.parent.parent / "list.csv"
    for one in (A, B):
        path.write_bytes(f"md5;Catégorie\n{one};Pédopornographie\n".encode("latin-1"))
        store.add(lists, [path], source="A partner")
    with connect() as engine:
        engine.attach(lists, "store")
        assert [*engine.rows("select severity from store.traits")] == [("Pédopornographie",)]


def test_same_files_again_add_nothing(lists: Path) -> None:
    add(lists, A, B)
    before = lists.read_bytes()
    again = add(lists, A, B)
    assert (again.added, again.list_id, again.read) == (False, 1, 0)
    assert "already" in again.notices[0]
    assert lists.read_bytes() == before
    for options in ({"source": "Other"}, {"label": "privacy"}, {"kind": "url_md5"}):
        assert add(lists, A, B, **options).added
    assert len(store.show(lists)) == 4


def test_withdrawn_entries_are_in_no_byte_of_the_file(lists: Path) -> None:
    mine, theirs = [f"{i:032x}" for i in range(1, 40)], [f"{i:032x}" for i in range(900, 940)]
    add(lists, *mine, A)
    add(lists, *theirs, A, source="Other")
    with connect() as engine:  # digests are compressed, their hashes stand there as they are
        hashes = [
            pack("<Q", value)
            for (value,) in engine.rows("select hash(unnest($digests))", {"digests": theirs})
        ]
    assert any(value in lists.read_bytes() for value in hashes), "not seen when there"
    gone = store.withdraw(lists, 2)
    assert (gone.list_id, gone.source, gone.entries) == (2, "Other", {"image_md5": 41})
    assert held(lists) == {(1, digest) for digest in [*mine, A]}
    data = lists.read_bytes()
    assert not any(digest.encode() in data or bytes.fromhex(digest) in data for digest in theirs)
    assert not any(value in data for value in hashes)
    (_, kept) = store.show(lists, history=True)
    assert (kept.source, kept.entries, kept.withdrawn is not None) == (
        "Other",
        {"image_md5": 41},
        True,
    )
    assert [x.list_id for x in store.show(lists)] == [1]
    assert add(lists, C).list_id == 3, "a list's number is never given twice"


def test_withdraw_of_a_list_that_is_not_there(lists: Path) -> None:
    add(lists, A)
    with pytest.raises(InputError, match="has no list 7; its lists: 1"):
        store.withdraw(lists, 7)
    for n in range(2, 6):
        add(lists, f"{n}a" * 16)
    store.withdraw(lists, 3)
    for again in (store.withdraw, lambda at, n: add(at, B, update=n)):
        with pytest.raises(InputError, match=r"list 3 was withdrawn on 20\d\d-.*: 1-2, 4-5$"):
            again(lists, 3)
    for held in (1, 2, 4, 5):
        store.withdraw(lists, held)
    assert store.show(lists) == ()
    with pytest.raises(ListError, match="holds no list"):
        store.open_store(lists)


def test_open_store_tells_a_run_what_it_needs(lists: Path) -> None:
    add(lists, A, "https://pictures.example/one.jpg")
    info = store.open_store(lists)
    assert info.lists[0].entries == {"image_md5": 1, "url": 1}
    assert len(info.lists[0].content_sha256) == 64
    with connect() as engine:
        engine.attach(lists, "store")
        rows = engine.rows("select kind, host_digest is null from store.entries order by kind")
        with pytest.raises(EngineError):
            engine.execute("delete from store.entries")
    assert rows == [("image_md5", True), ("url", False)]


def change(lists: Path, statement: str) -> None:
    with connect(lists) as engine:
        engine.execute(statement)


@pytest.mark.parametrize("column", ["store_version", "key_version"])
def test_other_version_is_refused_with_the_way_out(lists: Path, column: str) -> None:
    add(lists, A)
    change(lists, f"update store set {column} = 99")
    for use in (store.open_store, store.show, lambda p: store.withdraw(p, 1), lambda p: add(p, B)):
        with pytest.raises(ListError, match=r"version 99.*new store"):
            use(lists)


def test_digests_outlive_the_link_keys_of_an_older_version(lists: Path) -> None:
    """A digest is its giver's in any version; what was made of a link key is of one only."""
    add(lists, A, B)
    older = f"update store set key_version = {KEY_VERSION - 1}"
    change(lists, older)
    data = lists.read_bytes()
    assert store.show(lists)[0].entries == {"image_md5": 2}
    assert store.open_store(lists).key_version == KEY_VERSION - 1
    assert lists.read_bytes() == data
    add(lists, "https://host.example/a.jpg")
    assert store.open_store(lists).key_version == KEY_VERSION
    change(lists, older)
    with pytest.raises(ListError, match=f"link keys of version {KEY_VERSION - 1}.*new store"):
        store.show(lists)


# the tables of version 1, as the first relaion made them
VERSION_1 = """
create table store (
    store_version integer not null, key_version integer not null, next_list_id integer not null
);
insert into store values (1, 1, 2);
create table lists (
    list_id integer not null, source varchar not null, title varchar, label varchar not null,
    received date, added timestamp not null, content_sha256 varchar not null,
    n_read bigint not null, n_new bigint not null, n_known bigint not null,
    n_duplicate bigint not null
);
insert into lists values (1, 'A', null, 'csam', null, '2024-06-01', '00', 1, 1, 0, 0);
create table skipped (list_id integer not null, reason varchar not null, n bigint not null);
create table files (list_id integer not null, name varchar not null, sha256 varchar not null);
insert into files values (1, 'list.txt', '00');
create table entries (
    list_id integer not null, kind varchar not null, digest varchar not null, host_digest varchar
);
insert into entries values (1, 'image_md5', 'abababababababababababababababab', null);
"""


def test_store_of_the_first_version_is_refused_with_the_way_out(lists: Path) -> None:
    with connect(lists) as engine:
        for statement in VERSION_1.split(";\n")[:-1]:
            engine.execute(statement)
    before = lists.read_bytes()
    for use in (store.open_store, store.show, lambda p: store.withdraw(p, 1), lambda p: add(p, B)):
        with pytest.raises(ListError) as caught:
            use(lists)
        assert str(caught.value) == (
            f"{lists}: holds tables of version 1, this relaion needs 4; add the partners' files to "
            "a new store with `relaion lists add`, or use the relaion that made this one"
        )
    assert lists.read_bytes() == before


def test_forms_are_kept_and_shown(lists: Path) -> None:
    add(lists, A, kind="url_md5", forms=["key-bare", "raw*", "raw"])
    add(lists, B, kind="url_md5")
    raw = tuple(form for form in FORMS if form.startswith("raw"))
    one, two = store.show(lists)
    assert one.forms == (*raw, "key-bare") and two.forms == ()
    assert [x.forms for x in store.open_store(lists).lists] == [one.forms, ()]
    with connect(lists, read_only=True) as engine:
        assert engine.rows("select forms from lists order by list_id") == [
            (list(one.forms),), (None,),
        ]  # fmt: skip
    assert form_words(one.forms) == "raw*, key-bare"
    store.withdraw(lists, 2)
    assert [x.forms for x in store.show(lists)] == [one.forms]


def test_the_same_files_read_otherwise_are_another_delivery(lists: Path) -> None:
    """What a file's values mean is part of what was delivered."""
    scopes: list[dict[str, Any]] = [{}, {"scope": "host"}, {"scope": "prefix"}]
    for options in scopes:
        assert add(lists, "https://pictures.example", "https://a.example/b", **options).added
        assert not add(lists, "https://pictures.example", "https://a.example/b", **options).added
    forms: list[dict[str, Any]] = [{}, {"forms": ["raw"]}, {"forms": ["raw", "key"]}]
    for options in forms:
        assert add(lists, A, kind="url_md5", **options).added
        assert not add(lists, A, kind="url_md5", **options).added
    again = add(lists, A, kind="url_md5", forms=["key", "raw", "raw"])
    assert (again.added, again.forms) == (False, ("raw", "key"))
    assert not add(lists, "https://pictures.example", "https://a.example/b", kind="host").added
    assert [x.entries for x in store.show(lists)] == [
        {"url": 1}, {"host": 1}, {"url_prefix": 2}, *[{"url_md5": 1}] * 3,
    ]  # fmt: skip


def test_host_digests_of_scoped_entries(lists: Path) -> None:
    """A row is looked at when its host is one of these, or below it; odd hosts have none."""
    add(lists, "*.one.example", "one.example/dir/*", "one.example:8080/*", "*.bücher.example")
    with connect(lists, read_only=True) as engine:
        rows = engine.rows("select kind, host_digest from entries order by all")
    one = md5(b"one.example").hexdigest()
    assert rows == [("host", one), ("host", None), ("url_prefix", one), ("url_prefix", None)]


def make_text(path: Path) -> None:
    path.write_text("no database at all\n")


def make_database(path: Path) -> None:
    change(path, "create table other (a integer)")


def make_cut(path: Path) -> None:
    add(path, *(f"{i:032x}" for i in range(5000)))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("make", [make_text, make_database, make_cut, Path.mkdir, Path.touch])
def test_file_that_is_no_store(lists: Path, make: Any) -> None:
    make(lists)
    for use in (store.open_store, store.show, lambda p: store.withdraw(p, 1), lambda p: add(p, B)):
        with pytest.raises((ListError, EngineError)) as caught:
            use(lists)
        assert str(lists) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_store_is_told_from_where_it_was_named(
    lists: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(lists, A)
    lists.with_name("link").symlink_to(lists)
    monkeypatch.chdir(lists.parent.parent)
    for name in ("private/lists.duckdb", "private/link"):
        with pytest.raises(InputError, match=r"^private/lists\.duckdb: has no list 9"):
            store.withdraw(name, 9)
    key_path(lists).unlink()
    with pytest.raises(ListError, match=r"^private/lists\.duckdb.key: the curator key cannot be"):
        store.withdraw("private/lists.duckdb", 1)


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="none: no such folder; make it"):
        add(tmp_path / "none" / "lists.duckdb", A)


def test_changes_of_another_program_are_not_lost(lists: Path) -> None:
    add(lists, A)
    lists.with_name("lists.duckdb.wal").write_bytes(b"something")
    with pytest.raises(ListError, match="another program"):
        add(lists, B)


OPTIONS: list[dict[str, Any]] = [
    {"label": "CSAM"}, {"label": ""}, {"label": "a b"}, {"label": "a--b"}, {"label": "-a"},
    {"source": ""}, {"source": "two\nlines"}, {"title": "\x1b[2J"}, {"kind": "hosts"},
    {"file_format": "xml"}, {"scope": "site"}, {"scope": "host", "kind": "image_md5"},
    {"forms": ["raw"], "kind": "url"}, {"forms": ["r*w"], "scope": "host"},
    {"forms": ["nothing"]},
]  # fmt: skip


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_option_that_makes_no_sense(lists: Path, options: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        add(lists, A, **options)
    assert str(caught.value).isprintable()
    assert list(lists.parent.iterdir()) == []


def test_paths_may_be_strings(lists: Path) -> None:
    import relaion

    path = lists.parent.parent / "list.txt"
    path.write_text(A)
    relaion.lists.add(str(lists), [str(path)], source="A partner")
    assert relaion.lists.open_store(str(lists)).path == lists
    assert [x.new for x in relaion.lists.show(str(lists))] == [1]
    relaion.lists.withdraw(str(lists), 1)


def test_own_labels(lists: Path) -> None:
    assert add(lists, A, label="validated-2024").label == "validated-2024"


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def test_private_whatever_the_umask(
    lists: Path, open_umask: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, int] = {}
    insert = Engine.lend

    def look(engine: Engine, *arguments: Any) -> None:
        for path in lists.parent.rglob("*"):
            seen[path.name] = stat.S_IMODE(path.stat().st_mode)
        insert(engine, *arguments)

    monkeypatch.setattr(Engine, "lend", look)
    add(lists, A)
    add(lists, B, source="Other")
    store.withdraw(lists, 1)
    assert seen.pop(".lists.duckdb.work") == 0o700
    assert {"store.duckdb", "lists.duckdb"} <= set(seen)
    for path in lists.parent.iterdir():
        seen[path.name] = stat.S_IMODE(path.stat().st_mode)
    assert set(seen.values()) == {0o600}
    assert {p.name for p in lists.parent.iterdir()} == {
        "lists.duckdb", "lists.duckdb.key", "lists.duckdb.lock",
    }  # fmt: skip
    assert os.umask(0) == 0, "the caller's umask is his own again"


def test_second_writer_is_refused(lists: Path) -> None:
    add(lists, A)
    with locked(lists.with_name("lists.duckdb.lock"), "writes"), pytest.raises(BusyError):
        add(lists, B)
    with locked(lists.with_name("lists.duckdb.lock"), "writes"), pytest.raises(BusyError):
        store.withdraw(lists, 1)
    assert held(lists) == {(1, A)}


def test_reader_keeps_what_it_attached(lists: Path) -> None:
    add(lists, A)
    with connect() as engine, connect() as other:
        engine.attach(lists, "store")
        other.attach(lists, "store")
        add(lists, B, source="Other")
        store.withdraw(lists, 1)
        for reader in (engine, other):
            assert reader.rows("select digest from store.entries") == [(A,)]
    assert held(lists) == {(2, B)}


HOLD = """
import sys, pathlib
from relaion.engine import connect
with connect(pathlib.Path(sys.argv[1])) as engine:
    print("open", flush=True)
    sys.stdin.read()
"""


def test_while_another_program_writes_it(lists: Path) -> None:
    add(lists, A)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lists)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"open\n"
        for use in (store.open_store, lambda p: add(p, B)):
            with pytest.raises(RelaionError, match="another process has it open"):
                use(lists)
        with connect() as engine, pytest.raises(EngineError) as caught:
            engine.attach(lists, "store")
        assert "\n" not in str(caught.value)
        holder.communicate(b"")
    assert add(lists, B).list_id == 2


def test_through_a_symlink_the_store_itself_changes(lists: Path, tmp_path: Path) -> None:
    add(lists, A)
    link = tmp_path / "link.duckdb"
    link.symlink_to(lists)
    path = tmp_path / "more.txt"
    path.write_text(B)
    store.add(link, [path], source="Other")
    assert link.is_symlink()
    assert held(lists) == {(1, A), (2, B)}


@pytest.mark.slow
def test_full_disk_leaves_the_store_as_it_was(lists: Path) -> None:
    add(lists, A)
    before = lists.read_bytes()
    big = lists.parent.parent / "big.txt"
    big.write_text("\n".join(f"{i * 2654435761 % 2**128:032x}" for i in range(200_000)))
    code = (
        "import resource, sys, signal, pathlib; from relaion.lists import store\n"
        "from relaion.errors import RelaionError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))\n"
        "try: store.add(pathlib.Path(sys.argv[1]), [pathlib.Path(sys.argv[2])], source='B')\n"
        "except RelaionError as e: print(type(e).__name__, e)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(lists), str(big)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.stdout.startswith("OutputError"), run
    assert "as it was" in run.stdout and run.stdout.count("\n") == 1
    assert lists.read_bytes() == before
    assert not lists.with_name(".lists.duckdb.work").exists()
    assert stat.S_IMODE(key_path(lists).stat().st_mode) == 0o600


def test_slips_of_the_pen_are_said(lists: Path) -> None:
    """A label that no built-in edition heeds, a day to come, and what a second time changes."""
    said, _ = add(lists, A, label="optout").notices
    assert said.endswith("an edition of your own does; did you mean opt-out?")
    said, _ = add(lists, A, label="blue").notices
    assert said.endswith("only an edition of your own does")
    assert len(add(lists, A, label="opt-out").notices) == 1
    said, _ = add(lists, A, received="2999-01-01").notices
    assert said.startswith("received 2999-01-01: that day is still to come")
    (said,) = add(lists, A, received="2024-03-26").notices
    assert "its title and day stay as they were (to change them: `relaion lists withdraw 4`" in said
    with pytest.raises(InputError, match="is no day of the calendar"):
        add(lists, A, received="2024-02-30")


def test_the_labels_of_the_built_in_editions() -> None:
    for edition in load_editions(BUILT_IN):
        assert set(edition.labels) == set(LABELS)


def test_beside_what_is_no_store_nothing_is_left(lists: Path) -> None:
    other = lists.with_name("iwf.csv")
    other.write_text("MD5\n")
    for path, why in ((other, "is no list store"), (lists.parent, "is a folder")):
        with pytest.raises(ListError, match=why):
            add(path, A)
    assert list(lists.parent.iterdir()) == [other]
    assert not lists.parent.with_name("private.lock").exists()
