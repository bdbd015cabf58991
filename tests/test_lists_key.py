"""The curator key: made once, private, never overwritten."""

import hashlib
import os
import stat
from pathlib import Path

import pytest

from relaion.errors import ListError
from relaion.lists import key, store


def test_made_with_the_store_and_kept(tmp_path: Path) -> None:
    lists, path = tmp_path / "lists.duckdb", tmp_path / "list.txt"
    path.write_text("ab" * 16)
    store.add(lists, [path], source="A partner")
    secret = key.load(key.key_path(lists))
    assert len(secret) == 32
    path.write_text("bc" * 16)
    store.add(lists, [path], source="A partner")
    lists.unlink()
    store.add(lists, [path], source="A partner")
    assert key.load(key.key_path(lists)) == secret, "a key outlives its store"


def test_key_of_a_store_that_is_named_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "lists.duckdb")
    assert key.key_path(tmp_path / "link") == key.key_path(tmp_path / "lists.duckdb")


def test_two_keys_differ_and_none_is_overwritten(tmp_path: Path) -> None:
    one, two = key.create(tmp_path / "1.key"), key.create(tmp_path / "2.key")
    assert one != two
    with pytest.raises(ListError, match="never overwritten"):
        key.create(tmp_path / "1.key")
    assert key.load(tmp_path / "1.key") == one


def test_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    key.create(tmp_path / "a.key")
    os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.key").stat().st_mode) == 0o600


def test_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a key"
    secret = key.create(path)
    path.chmod(0o640)
    with pytest.raises(ListError, match=r"mode 0640.*chmod 600 '.*a key'") as caught:
        key.load(path)
    assert secret.hex() not in str(caught.value)


@pytest.mark.parametrize("text", ["", "abc", "g" * 64, "A" * 65])
def test_what_is_no_key(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.key"
    path.touch(0o600)
    path.write_text(text)
    with pytest.raises(ListError, match="is no curator key"):
        key.load(path)
    with pytest.raises(ListError, match="cannot be read"):
        key.load(tmp_path / "none")
    reads, writes = os.pipe()
    os.fchmod(reads, 0o600)
    os.write(writes, text.encode())
    os.close(writes)
    with pytest.raises(ListError, match="see what writes to this pipe"):
        key.load(Path(f"/dev/fd/{reads}"))
    os.close(reads)


def test_digest_depends_on_key_and_file_and_is_its_own() -> None:
    one, two = b"1" * 32, b"2" * 32
    file, other = hashlib.sha256(b"a").hexdigest(), hashlib.sha256(b"b").hexdigest()
    digests = {key.hmac_digest(k, f) for k in (one, two) for f in (file, other)}
    assert len(digests) == 4
    assert all(len(d) == 64 for d in digests)
    assert key.hmac_digest(one, file) in digests
    # a number that must not change: it stands in public manifests
    assert key.hmac_digest(one, file)[:16] == "421092ff2134358e"
