"""From PATH arguments to shards: names, links, folders, and one-line refusals."""

import hashlib
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from relaion.errors import InputError
from relaion.paths import (
    Found,
    file_sha256,
    find_shards,
    find_sidecars,
    is_still,
    read_sealed,
    read_still,
)  # fmt: skip

ODD_NAMES = [
    "part[1].parquet",
    "a b.parquet",
    "quote'\".parquet",
    "new\nline.parquet",
    "star*.parquet",
    "what?.parquet",
    "back\\slash.parquet",
    "back\\slash[1].parquet",
    "{a,b}.parquet",
    "-dash.parquet",
    "~home.parquet",
    "UPPER.PARQUET",
    "é.parquet",
    os.fsdecode(b"latin1-\xe9.parquet"),
]


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def names(found: Found) -> list[tuple[str, str]]:
    return [(s.subset, s.name) for s in found.shards]


@contextmanager
def no_root() -> Iterator[None]:
    """Root reads everything: become nobody for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that nobody can enter too, unlike pytest's."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        path.chmod(0o755)
        yield path


def refused(*paths: Path | str) -> str:
    with pytest.raises(InputError) as caught:
        find_shards(paths)
    text = str(caught.value)
    assert "\n" not in text
    assert text.encode("utf-8")  # printable anywhere
    return text


def test_a_folder_is_searched_to_the_bottom(tmp_path: Path) -> None:
    for name in ("b/p2.parquet", "b/p1.parquet", "a/x/p.parquet", "top.parquet"):
        touch(tmp_path / "data" / name)
    assert names(find_shards([tmp_path / "data"])) == [
        ("a/x", "p.parquet"),
        ("b", "p1.parquet"),
        ("b", "p2.parquet"),
        ("data", "top.parquet"),
    ]


def test_subset_of_a_file_and_of_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shard = touch(tmp_path / "en" / "p.parquet")
    monkeypatch.chdir(shard.parent)
    for given in (shard, "p.parquet", "./p.parquet", ".", "../en", "*.parquet"):
        assert names(find_shards([given])) == [("en", "p.parquet")], given


def test_partition_folders_are_plain_subsets(tmp_path: Path) -> None:
    touch(tmp_path / "lang=en" / "_year=2022" / "p.parquet")
    assert names(find_shards([tmp_path])) == [("lang=en/_year=2022", "p.parquet")]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_alone_and_in_a_folder(tmp_path: Path, name: str) -> None:
    shard = touch(tmp_path / "s" / name)
    touch(tmp_path / "s" / "part1.parquet")  # what `part[1].parquet` means as a pattern
    assert names(find_shards([shard])) == [("s", name)]
    assert ("s", name) in names(find_shards([tmp_path / "s"]))


def test_hidden_and_other_files_are_passed_over(tmp_path: Path) -> None:
    touch(tmp_path / "p.parquet")
    others = [
        "_SUCCESS",
        "_metadata",
        "_common_metadata",
        ".p.parquet.crc",
        ".hidden.parquet",
        "_old.parquet",
        "00000_stats.json",
        "p.parquet.part",
        "_temporary/0/p.parquet",
        ".work/p.parquet",
    ]
    for name in others:
        touch(tmp_path / name)
    found = find_shards([tmp_path])
    assert [s.name for s in found.shards] == ["p.parquet"]
    assert {p.name for p in found.skipped} == {Path(n).parts[0] for n in others}
    (notice,) = found.notices
    assert notice.startswith("10 paths (")
    assert "_SUCCESS" in notice or ".hidden.parquet" in notice


def test_sidecars_are_parquet_files_and_tables(tmp_path: Path) -> None:
    wanted = ["a.parquet", "b.tsv", "c.TSV.GZ", "d.Parquet"]
    others = [".a.tsv", "_b.tsv", "a_stats.json", "b.tar", "c.csv", "d.gz", "e.tsv.crc"]
    for name in wanted + others:
        touch(tmp_path / "s" / name)
    found = find_sidecars([tmp_path / "s"])
    assert [f.name for f in found.shards] == wanted
    assert sorted(p.name for p in found.skipped) == sorted(others)
    assert found.notices[0].endswith(
        "not read, no sidecar by its name (hidden, or does not end in .parquet or .tsv or .tsv.gz)"
    )
    touch(tmp_path / "none" / "x.csv")
    with pytest.raises(
        InputError, match=r"none: no sidecar found among 1 path .x.csv.; name files that end in"
    ):
        find_sidecars([tmp_path / "none"])


def test_notices_stay_on_one_line_and_short(tmp_path: Path) -> None:
    touch(tmp_path / "p.parquet")
    for i in range(50):
        touch(tmp_path / f"new\nline{i}")
    (notice,) = find_shards([tmp_path]).notices
    assert notice.startswith("50 paths (new\\x0aline0, ")
    assert "\n" not in notice
    assert len(notice) < 200


def test_nothing_passed_over_says_nothing(tmp_path: Path) -> None:
    touch(tmp_path / "p.parquet")
    assert find_shards([tmp_path]).notices == ()


def test_a_file_named_itself_is_taken_whatever_it_is_called(tmp_path: Path) -> None:
    shard = touch(tmp_path / "s" / "rows.pq")
    assert names(find_shards([shard])) == [("s", "rows.pq")]
    assert "no parquet shard found" in refused(tmp_path / "s")


def test_what_is_given_twice_counts_once_and_needs_no_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shard = touch(tmp_path / "s" / "p.parquet")
    monkeypatch.chdir(tmp_path)
    for twice in ("s", "./s", shard, "s/p.parquet", tmp_path / "s" / "*.parquet", "**"):
        found = find_shards([tmp_path / "s", twice])
        assert names(found) == [("s", "p.parquet")]
        assert found.notices == ()


def test_a_link_to_a_file_is_followed(tmp_path: Path) -> None:
    blob = touch(tmp_path / "blobs" / "0123abcd")
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "p.parquet").symlink_to(blob)
    assert names(find_shards([tmp_path / "s"])) == [("s", "p.parquet")]


def test_two_names_of_one_file_count_once_under_its_own(tmp_path: Path) -> None:
    shard = touch(tmp_path / "s" / "p.parquet")
    (tmp_path / "s" / "a.parquet").symlink_to(shard)
    found = find_shards([tmp_path / "s"])
    assert names(found) == [("s", "p.parquet")]
    assert [p.name for p in found.repeated] == ["a.parquet"]
    assert "another name of a shard" in found.notices[0]


def test_a_link_to_a_folder_is_followed_once(tmp_path: Path) -> None:
    touch(tmp_path / "s" / "z" / "p.parquet")
    (tmp_path / "s" / "a").symlink_to(tmp_path / "s" / "z")
    found = find_shards([tmp_path / "s"])
    assert names(found) == [("z", "p.parquet")]
    assert [p.name for p in found.looped] == ["a"]


def test_a_pattern_prefers_a_folder_to_a_link_to_it(tmp_path: Path) -> None:
    touch(tmp_path / "z" / "p.parquet")
    (tmp_path / "a").symlink_to(tmp_path / "z")
    found = find_shards([tmp_path / "*" / "*.parquet"])
    assert names(found) == [("z", "p.parquet")]
    assert find_shards([tmp_path / "*"]).shards == found.shards


def test_a_pattern_that_names_folders_within_folders(tmp_path: Path) -> None:
    touch(tmp_path / "top" / "deep" / "p.parquet")
    found = find_shards([tmp_path / "**"])
    assert [s.name for s in found.shards] == ["p.parquet"]
    assert found.looped == ()


def test_a_linked_folder_keeps_the_name_that_the_user_sees(tmp_path: Path) -> None:
    touch(tmp_path / "mnt" / "v3" / "p.parquet")
    (tmp_path / "laion2B-en").symlink_to(tmp_path / "mnt" / "v3")
    assert names(find_shards([tmp_path / "laion2B-en"])) == [("laion2B-en", "p.parquet")]


@pytest.mark.parametrize("pattern", [".", "**/*.parquet", "**"])
def test_a_loop_ends_and_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    touch(tmp_path / "s" / "p.parquet")
    (tmp_path / "s" / "again").symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    found = find_shards([pattern])
    assert names(found) == [("s", "p.parquet")]
    if pattern == ".":
        assert "a link to a folder that was read already" in found.notices[0]


def test_a_link_to_nothing_or_to_itself_is_refused(tmp_path: Path) -> None:
    touch(tmp_path / "s" / "p.parquet")
    link = tmp_path / "s" / "q.parquet"
    link.symlink_to("gone.parquet")
    assert "q.parquet: is a link to a file that is not there" in refused(tmp_path / "s")
    assert "q.parquet: is a link to a file that is not there" in refused(link)
    link.unlink()
    link.symlink_to(link)
    assert "q.parquet: is a link" in refused(tmp_path / "s")
    assert "q.parquet: is a link" in refused(tmp_path / "s" / "*.parquet")
    link.unlink()
    (tmp_path / "s" / "multi").symlink_to("/nowhere/laion2B-multi")  # a disk not mounted
    assert "multi: is a link" in refused(tmp_path / "s")


def test_one_line_for_what_is_not_there(tmp_path: Path) -> None:
    assert "no such file or folder" in refused(tmp_path / "gone")
    assert "gone\\x0a\\xff: no such" in refused(tmp_path / os.fsdecode(b"gone\n\xff"))
    assert "the pattern matches no file" in refused(tmp_path / "*.parquet")
    assert "the pattern matches no file" in refused(tmp_path / "part[1].parquet")
    assert "an empty path was given" in refused("")
    assert "no path given: no parquet shard found" in refused()
    touch(tmp_path / "s" / "readme.txt")
    (tmp_path / "x.parquet").mkdir()
    said = "x.parquet: is a folder, with no parquet shard found; name files that"
    assert said in refused(tmp_path / "x.parquet")
    assert "no parquet shard found" in refused(tmp_path / "s")
    assert "no parquet shard found" in refused(tmp_path / "s" / "*.txt")


def test_a_pipe_is_refused_and_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p.parquet")
    assert stat.S_ISFIFO((tmp_path / "p.parquet").stat().st_mode)
    assert "is not a regular file" in refused(tmp_path)
    assert "is not a regular file" in refused(tmp_path / "p.parquet")
    with pytest.raises(InputError, match="is a pipe, which cannot be read more than once"):
        file_sha256(tmp_path / "p.parquet")  # as of a diff


def test_an_unreadable_folder_stops_the_search() -> None:
    with open_folder() as folder:
        touch(folder / "s" / "p.parquet")
        touch(folder / "s" / "locked" / "q.parquet")
        (folder / "link.parquet").symlink_to(folder / "s" / "locked" / "q.parquet")
        (folder / "s" / "locked").chmod(0)
        try:
            with no_root():
                for given in ("s", "s/locked", "s/locked/q.parquet", "link.parquet"):
                    text = refused(folder / given)
                    assert ("locked" in text) or given == "link.parquet"
                    assert "cannot be read (Permission denied)" in text
        finally:
            (folder / "s" / "locked").chmod(0o700)


def test_two_shards_of_one_name_in_one_subset_are_refused(tmp_path: Path) -> None:
    for top in ("x", "y"):
        touch(tmp_path / top / "en" / "p.parquet")
    text = refused(tmp_path / "x" / "en", tmp_path / "y" / "en")
    assert "subset en has a shard p.parquet already" in text
    assert names(find_shards([tmp_path])) == [("x/en", "p.parquet"), ("y/en", "p.parquet")]


@pytest.mark.parametrize("options", [{}, {"beside": True}, {"digests": False}])
def test_a_file_is_sealed_as_it_was_read_also_where_its_times_were_put_back(
    tmp_path: Path, options: dict[str, bool]
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"before")
    seen: list[bytes] = []

    def read() -> None:
        if not seen:
            was = path.stat()
            time.sleep(0.05)  # who hashes beside has the old bytes by now
            path.write_bytes(b"after!")
            os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
            seen.append(b"before")
        else:
            seen.append(path.read_bytes())

    try:
        (seal,) = read_sealed([path], read, **options)
    except InputError as e:
        assert "changed" in str(e) or "replaced" in str(e)
    else:  # also without digests, once anything happened to a file
        assert seal.sha256 == hashlib.sha256(seen[-1]).hexdigest()
        assert is_still(path, seal)


def test_a_file_that_was_written_to_is_refused_where_none_is_digested(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"before")
    os.utime(path, (1, 1))

    def write() -> None:
        path.write_bytes(b"after!")

    with pytest.raises(InputError, match="was changed or replaced"):
        read_sealed([path], write, digests=False)
    (seal,) = read_sealed([path], lambda: None, digests=False)
    read_still({path: seal}, lambda: None)
    assert is_still(path, seal)
    was = path.stat()
    write()
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert not is_still(path, seal)
    with pytest.raises(InputError, match="was changed or replaced"):
        read_still({path: seal}, lambda: None)
