"""The list store on a machine of a cluster: read once from the shared folder, for all workers."""

import ctypes
import errno
import fcntl
import os
import secrets
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from relaion.errors import ListError
from relaion.lists.snapshot import Snapshot
from relaion.paths import file_sha256, sweep
from relaion.run import node_copy

WORKER = """
import sys
from pathlib import Path
from relaion.lists.snapshot import Snapshot
from relaion.run.node_copy import on_this_node
path = Path(sys.argv[1])
print(on_this_node(Snapshot(path, path, sys.argv[2], 0o600)), flush=True)
sys.stdin.read()
"""
_OPENED, _CLOSED = 0x20, 0x10  # the kernel's IN_OPEN, IN_CLOSE_NOWRITE; it joins two alike
_EVENT = struct.Struct("iIII")  # one that has no name; its second part says what it is


@pytest.fixture
def store(tmp_path: Path) -> Snapshot:
    path = tmp_path / "work/lists.duckdb"
    path.parent.mkdir()
    path.write_bytes(b"entries" * 100_000)
    return Snapshot(path, tmp_path / "mine.duckdb", file_sha256(path), 0o600)


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of a run, on a machine whose temporary files lie in a folder of this test."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setattr(node_copy, "_held", {})
    found = secrets.token_hex(4)
    monkeypatch.setenv(node_copy.FOLDER, str(node_copy.folder_of(found)))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="counted by the kernel's inotify")
def test_workers_of_one_machine_read_the_lists_from_the_shared_folder_once(
    store: Snapshot, token: str
) -> None:
    kernel = ctypes.CDLL(None)
    watch = kernel.inotify_init1(os.O_NONBLOCK)
    kernel.inotify_add_watch(watch, os.fsencode(store.path), _OPENED | _CLOSED)
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, store.path, store.sha256],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(3)
    ]  # fmt: skip
    found = {Path(w.stdout.readline().strip()) for w in workers if w.stdout is not None}
    (copy,) = found
    events = [what for _, what, *_ in _EVENT.iter_unpack(os.read(watch, 1 << 16))]
    assert events == [_OPENED, _CLOSED]
    os.close(watch)
    assert copy.read_bytes() == store.path.read_bytes()
    assert copy.stat().st_mode & 0o777 == 0o600 and copy.parent.stat().st_mode & 0o777 == 0o700
    for worker in workers[:2]:
        worker.kill()
        worker.communicate()
    assert sweep() == 0 and not node_copy.clear(token) and copy.exists()  # one still lives
    workers[2].communicate("")
    assert node_copy.clear(token) and not copy.parent.exists()


def test_a_copy_that_was_broken_off_is_made_anew(store: Snapshot, token: str) -> None:
    folder = node_copy.folder_of(token)
    folder.mkdir(mode=0o700)
    (folder / f"{store.sha256[:16]}.part").write_bytes(b"ent")
    assert node_copy.on_this_node(store).read_bytes() == store.path.read_bytes()
    assert not list(folder.glob("*.part"))


def test_a_folder_that_was_swept_is_made_again(store: Snapshot, token: str) -> None:
    first = node_copy.on_this_node(store)
    (handle,) = node_copy._held.values()
    os.close(handle)
    assert sweep() == 1
    os.open("/", os.O_RDONLY)  # the number is another file's now
    assert node_copy.on_this_node(store) == first and first.exists()


@pytest.mark.parametrize(
    "what", ["open to all", "a link", "no room", "no folder", "no locks", "no lock of a file"]
)
def test_where_no_copy_can_be_made_lists_are_read_where_they_lie(
    store: Snapshot, token: str, what: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = node_copy.folder_of(token)
    if what == "open to all":
        folder.mkdir()
        folder.chmod(0o777)
    elif what == "a link":
        (tmp_path / "theirs").mkdir(mode=0o700)
        folder.symlink_to(tmp_path / "theirs")
    elif what == "no folder":
        monkeypatch.setenv(node_copy.FOLDER, str(tmp_path / "gone/away"))
    elif "lock" in what:

        def refuses(handle: int, how: int) -> None:
            if what == "no locks" or how == fcntl.LOCK_EX:
                raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

        monkeypatch.setattr(fcntl, "flock", refuses)
    else:
        monkeypatch.setattr(node_copy, "_ROOM", 1 << 40)
    assert node_copy.on_this_node(store) == store.path
    assert not list(tmp_path.glob("**/*.part")) and not list(tmp_path.glob("tmp/*/*.duckdb"))


def test_a_store_that_was_written_to_meanwhile_is_told_as_that(store: Snapshot, token: str) -> None:
    store.path.write_bytes(b"other entries")
    with pytest.raises(ListError, match=r"mine\.duckdb: was changed while it was read"):
        node_copy.on_this_node(store)
    assert not list(node_copy.folder_of(token).glob("*.duckdb"))


def test_one_machine_alone_needs_no_copy(store: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(node_copy.FOLDER, raising=False)
    assert node_copy.on_this_node(store) == store.path
