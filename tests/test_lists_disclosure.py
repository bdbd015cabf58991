"""Nothing that the store's functions say, raise or write tells what is on a list."""

import base64
import gzip
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from relaion.engine import connect
from relaion.errors import RelaionError
from relaion.lists import store

LINK = "https://planted-host.example/planted-path?planted=query"
DIGESTS = ("5eed0fabad1dea5eed0fabad1dea5eed", "5eed0fabad1dea" * 2 + "5eed0fabad1d")
WORDS = ("planted-host", "planted-path", "planted=query", "planted-note", "planted-file")


def disguised(text: str) -> Iterator[bytes]:
    """A text as it might lie in a file, whatever stands before it."""
    raw = text.encode()
    yield from (raw, text.encode("utf-16-le"), text.encode("utf-16-be"), raw[::-1])
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for shift in range(3):  # base64 and base32 of a text depend on what precedes it
        yield base64.b64encode(b"x" * shift + raw)[4:-4]
    for shift in range(5):
        yield base64.b32encode(b"x" * shift + raw)[8:-8]


def assert_silent(said: str) -> None:
    for marker in (*WORDS, LINK, *DIGESTS):
        assert marker.lower() not in said.lower()


def bytes_of(lists: Path) -> bytes:
    """What lies in a store's folder, and the store's entries, which are compressed in it."""
    with connect(lists, read_only=True) as engine:
        entries = repr(engine.rows("from entries"))
    return entries.encode() + b"".join(p.read_bytes() for p in lists.parent.iterdir())


def zipped(files: dict[str, str]) -> bytes:
    """A zip archive of these files."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return held.getvalue()


CONTENTS = {
    "cut.gz": gzip.compress(f"{LINK}\n{DIGESTS[0]}\n".encode())[:-3],
    "binary": f"{LINK}\n{DIGESTS[0]}\n".encode() + bytes(range(32)) * 40,
    "utf-16": f"{LINK}\n{DIGESTS[0]}\n".encode("utf-16-le"),
    "odd": f"{LINK}\n{DIGESTS[0]}\n".encode("utf-16")[:-1],
    "json": f'{{"MD5": "{DIGESTS[0]}", "url": "{LINK}", "MD5": "{DIGESTS[0]}"}}'.encode(),
    "json-cut": f'[{{"MD5": "{DIGESTS[0]}", "url": "{LINK}"'.encode(),
    "json-decides": f'[{{"MD5": "{DIGESTS[0]}", "status": "{LINK}"}}]'.encode(),
    "xml": f'<queryResult><image id="{LINK}"><md5>{DIGESTS[0]}</md5></image>'.encode(),
    "zip": zipped({f"planted-file-{n}.txt": f"{LINK}\n{DIGESTS[0]}\n" for n in (1, 2)})[:-9],
    "none": f"planted-note\n{DIGESTS[0][:-1]}\nhttps://planted-host.example/\n".encode(),
    "kind": f"sha1,planted-note\n{DIGESTS[1]},{LINK}\n".encode(),
    "notes": f"{LINK} (removed)\n{LINK}. planted-note\n{LINK}.\n{LINK} -> {LINK}\n".encode(),
    "commas": f"{LINK},_a,2024-01-01\n{LINK},_b,2024-01-01\n".encode(),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_no_error_tells(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / f"{name}.txt"
    path.write_bytes(CONTENTS[name])
    with pytest.raises(RelaionError) as caught:
        store.add(
            tmp_path / "lists.duckdb",
            [path],
            source="A",
            kind="url_md5" if name == "kind" else None,
        )
    assert_silent(str(caught.value))
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert_silent("".join(capfd.readouterr()))


def test_no_result_tells_and_no_file_holds_a_link(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "private"
    folder.mkdir()
    lists = folder / "lists.duckdb"
    path = tmp_path / "planted-file.csv"
    rows = "".join(f"{LINK}{i},{DIGESTS[0][:-2]}{i},planted-note\n" for i in range(10, 99))
    path.write_text(f"url,md5,note\n{rows}unknown-planted-note,{DIGESTS[0]},\n")
    added = store.add(lists, [path], source="A partner")
    assert added.entries == {"url": 89, "image_md5": 90}
    again = store.add(lists, [path], source="A partner")
    shown, info = store.show(lists), store.open_store(lists)
    for result in (added, again, shown, info):
        assert_silent(repr(result))
    assert_silent("".join(capfd.readouterr()))
    data = bytes_of(lists)
    assert DIGESTS[0].encode() in data, "digests are what it is for; this search finds them"
    for word in WORDS[:4]:
        assert not any(form in data for form in disguised(word)), word
    assert b"planted-file" in data, "the partner's name of the file stays in the store"
    store.withdraw(lists, 1)
    data = bytes_of(lists)
    assert DIGESTS[0].encode() not in data
    assert b"planted-file" not in data


def test_nothing_is_left_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    (tmp_path / "list.txt").write_text(DIGESTS[0])
    store.add(tmp_path / "lists.duckdb", [tmp_path / "list.txt"], source="A")
    assert list(here.iterdir()) == []
