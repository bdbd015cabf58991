"""Reading shards: one-line refusals; grouping by what shards hold."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.errors import InputError
from relaion.parquet.columns import sample_values
from relaion.parquet.counted import count_missing
from relaion.parquet.layout import LayoutGroup, Shard, mixed_notices
from relaion.parquet.read_shard import group_shards, read_shard
from relaion.parquet.writer import write_editions
from relaion.paths import ShardPath, find_shards
from relaion.stages.inspect import inspect
from tests.layout_cases import digest, write
from tests.parquet_encrypted import write_encrypted
from tests.test_paths_find import ODD_NAMES, no_root, open_folder

LINKS = ["https://one.example/1.jpg", "https://two.example/2.jpg", None]


def shard(path: Path, **columns: Sequence[Any] | pa.Array) -> Path:
    """A shard with a link column and these."""
    rows = max([len(c) for c in columns.values()], default=3)
    links = (LINKS * rows)[:rows]
    return write(path, pa.table({"url": pa.array(links, pa.string()), **columns}))


def md5s(how: str, count: int, start: int = 0) -> list[str | bytes]:
    return [digest("md5", how, n) for n in range(start, start + count)]


def read(path: Path, **options: Any) -> Shard:
    return read_shard(ShardPath(path, "s"), **options)


def groups(*paths: Path) -> list[LayoutGroup]:
    return group_shards([read_shard(s) for s in find_shards(paths).shards])


def refused(path: Path, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        read(path, **options)
    text = str(caught.value)
    assert "\n" not in text
    assert text.encode("utf-8")
    return text


def test_a_shard_is_described_by_its_footer(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    table = pa.table({"URL": LINKS * 10, "md5": [*md5s("hex", 20), *[None] * 10]})
    write(path, table, row_group_size=10)
    found = read(path)
    assert (found.rows, found.row_groups, found.bytes) == (30, 3, path.stat().st_size)
    assert (found.subset, found.name, found.path) == ("s", "p.parquet", path)
    assert found.names == table.schema.names
    assert found.nulls == {0: 10, 1: 10}
    assert found.says_empty  # of the second row group


@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_file_name_is_read(tmp_path: Path, name: str) -> None:
    path = shard(tmp_path / name, md5=md5s("base64", 3))
    (group,) = group_shards([read(path)])
    assert group.layout.roles["image_md5"].encoding == "base64"
    assert count_missing(path, group.layout.roles["url"]) == (1, 0)


def test_what_is_no_parquet_file_is_refused_in_one_line(tmp_path: Path) -> None:
    whole = shard(tmp_path / "whole.parquet").read_bytes()
    broken = bytearray(whole)
    broken[-200:-8] = b"\xff" * 192
    for name, content, said in [
        ("empty", b"", "is not a parquet file"),
        ("text", b"url,caption\nsecret.example,words\n", "is not a parquet file"),
        ("short", whole[:-20], "cut off"),
        ("encrypted", b"PARE" + whole[4:-4] + b"PARE", "is an encrypted parquet file"),
        ("tiny", b"PAR1", "cut off"),
        ("broken", bytes(broken), "footer"),
    ]:
        path = tmp_path / f"{name}\n.parquet"
        path.write_bytes(content)
        text = refused(path)
        assert text.startswith(f"{tmp_path}/{name}\\x0a.parquet: ")
        assert said in text
        assert "secret" not in text
    assert "cannot be read (No such file or directory)" in refused(tmp_path / "gone.parquet")
    assert "cannot be read (Is a directory)" in refused(tmp_path)


@pytest.mark.parametrize("plain_footer", [True, False])
def test_a_really_encrypted_file_is_refused(tmp_path: Path, plain_footer: bool) -> None:
    """With a plain footer pyarrow would end the process at the first look at a column."""
    table = pa.table({"url": LINKS, "n": [1, 2, 3]})
    path = write_encrypted(table, tmp_path / "p.parquet", plain_footer=plain_footer)
    assert "is an encrypted parquet file; decrypt it first" in refused(path)
    for action in (lambda: inspect([path]), lambda: write_editions(path, [])):
        with pytest.raises(InputError, match="is an encrypted parquet file"):
            action()


def test_a_file_that_may_not_be_read_is_told() -> None:
    with open_folder() as folder:
        path = shard(folder / "p.parquet")
        path.chmod(0)
        with no_root():
            assert "cannot be read (Permission denied)" in refused(path)


def test_a_sidecar_needs_no_link(tmp_path: Path) -> None:
    path = write(tmp_path / "p.parquet", pa.table({"hash": [1], "md5": md5s("hex", 1)}))
    assert "no link column; it has hash, md5" in refused(path)
    assert "url" not in read(path, needs_link=False).layout.roles


def test_no_rows_and_no_row_groups(tmp_path: Path) -> None:
    schema = pa.schema([("url", pa.string()), ("md5", pa.string())])
    write(tmp_path / "a.parquet", schema.empty_table())
    with pq.ParquetWriter(tmp_path / "b.parquet", schema):
        pass
    shard(tmp_path / "c.parquet", md5=md5s("base32", 3))
    (group,) = groups(tmp_path)
    assert [s.row_groups for s in group.shards][1:] == [0, 1]
    assert group.layout.roles["image_md5"].encoding == "base32"
    (empty,) = group_shards([read(tmp_path / "b.parquet")])
    assert "no value to look at" in empty.layout.roles["image_md5"].why


def test_nullability_and_arrow_flavours_do_not_part_a_group(tmp_path: Path) -> None:
    links = pa.array(LINKS[:2])
    for number, kind in enumerate(
        [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())]
    ):
        for nullable in (True, False):
            schema = pa.schema([pa.field("url", kind, nullable), pa.field("WIDTH", pa.int32())])
            table = pa.table([links.cast(kind), pa.array([1, 2], pa.int32())], schema=schema)
            write(tmp_path / f"{number}{nullable}.parquet", table)
    (group,) = groups(tmp_path)
    assert len(group.shards) == 6
    assert mixed_notices([group]) == ()


@pytest.mark.parametrize(
    "other",
    [
        pa.table({"url": LINKS, "n": pa.array([1, 2, 3], pa.int64())}),
        pa.table({"url": LINKS, "N": pa.array([1, 2, 3], pa.int32())}),
        pa.table({"n": pa.array([1, 2, 3], pa.int32()), "url": LINKS}),
        pa.table({"url": LINKS}),
    ],
    ids=["type", "case", "order", "fewer"],
)
def test_layouts_are_never_mixed(tmp_path: Path, other: pa.Table) -> None:
    table = pa.table({"url": LINKS, "n": pa.array([1, 2, 3], pa.int32())})
    for name in ("a", "c", "d"):
        write(tmp_path / f"{name}.parquet", table)
    write(tmp_path / "b.parquet", other)
    found = groups(tmp_path)
    assert [[s.name[0] for s in g.shards] for g in found] == [["a", "c", "d"], ["b"]]
    (notice,) = mixed_notices(found)
    assert notice == (
        f"subset {tmp_path.name}: 1 of 4 shards has another layout (other columns, the same "
        "roles), such as b.parquet"
    )


def test_groups_come_by_subset_and_first_shard(tmp_path: Path) -> None:
    for name in ("en/b", "en/a", "de/z"):
        shard(tmp_path / f"{name}.parquet")
    shard(tmp_path / "en" / "0.parquet", md5=md5s("hex", 3))
    found = groups(tmp_path)
    assert [(g.subset, [s.name[0] for s in g.shards]) for g in found] == [
        ("de", ["z"]),
        ("en", ["0"]),
        ("en", ["a", "b"]),
    ]
    assert "en: 1 of 3 shards has another layout (with image MD5)" in mixed_notices(found)[0]


def test_values_are_read_once_a_group_when_footers_confirm(tmp_path: Path) -> None:
    for number in range(5):
        shard(tmp_path / f"{number}.parquet", md5=md5s("hex", 3, number))
    shards = [read(tmp_path / f"{number}.parquet") for number in range(5)]
    for number in range(1, 5):
        (tmp_path / f"{number}.parquet").unlink()  # only the first is there to be sampled
    (group,) = group_shards(shards)
    assert {s.layout.roles["image_md5"].encoding for s in group.shards} == {"hex"}
    assert all(s.layout is group.layout for s in group.shards)


def test_how_digests_are_written_parts_no_group(tmp_path: Path) -> None:
    for number in range(4):
        how = "base64" if number == 2 else "hex"
        shard(tmp_path / f"{number}.parquet", md5=md5s(how, 3, number))
    shard(tmp_path / "4.parquet", md5=["words"] * 3)
    (group,) = groups(tmp_path)
    assert len(group.shards) == 5
    assert mixed_notices([group]) == ()


def test_required_columns_have_no_null_whatever_statistics_say(tmp_path: Path) -> None:
    schema = pa.schema([pa.field("url", pa.string(), nullable=False)])
    table = pa.table({"url": LINKS[:2]}, schema=schema)
    found = read(write(tmp_path / "p.parquet", table, write_statistics=False))
    assert found.nulls[0] == 0


def test_the_sample_is_spread_and_passes_over_nulls(tmp_path: Path) -> None:
    values = [None] * 1000 + md5s("hex", 4000)
    path = write(
        tmp_path / "p.parquet",
        pa.table({"url": LINKS[:1] * 5000, "md5": values}),
        row_group_size=500,
    )
    column = read(path).layout.roles["image_md5"]
    sample = sample_values(path, column)
    assert 600 <= len(sample) <= 1000
    assert set(sample) <= set(md5s("hex", 4000))
    assert sample[-1] in set(md5s("hex", 500, 3500))  # the last row group too


def test_a_column_is_read_by_position(tmp_path: Path) -> None:
    names = ["a.b", "MD5", "md5", "md5.x", "url"]
    arrays = [pa.array(v) for v in (["x"], ["X"], md5s("hex", 1), ["y"], LINKS[:1])]
    path = write(tmp_path / "p.parquet", pa.Table.from_arrays(arrays, names))
    (group,) = group_shards([read(path)])
    column = group.layout.roles["image_md5"]
    assert (column.name, column.position, column.encoding) == ("md5", 2, "hex")
    for position, value in enumerate(["x", "X", md5s("hex", 1)[0], "y", LINKS[0]]):
        assert sample_values(path, group.layout.columns[position]) == [value]


def test_a_damaged_page_is_told_with_file_and_column(tmp_path: Path) -> None:
    path = write(
        tmp_path / "p.parquet",
        pa.table({"url": LINKS[:1] * 3000, "md5": md5s("hex", 3000)}),
        compression="snappy",
        use_dictionary=False,
    )
    data = bytearray(path.read_bytes())
    at = data.find(str(md5s("hex", 1)[0]).encode()) - 40
    data[at : at + 60000] = b"\xff" * 60000
    path.write_bytes(bytes(data))
    found = read(path)
    with pytest.raises(InputError) as caught:
        group_shards([found])
    text = str(caught.value)
    assert text.startswith(f"{path}: column md5 cannot be read; ")
    with pytest.raises(InputError, match=r"p\.parquet: column md5 cannot be read"):
        count_missing(path, found.layout.roles["image_md5"])


def test_values_that_are_not_utf8_are_survived(tmp_path: Path) -> None:
    def text(*values: bytes) -> pa.Array:
        raw = pa.array(values, pa.binary())
        return pa.Array.from_buffers(pa.string(), len(values), raw.buffers())

    path = write(
        tmp_path / "p.parquet",
        pa.table({"url": text(b"https://a.example/\xe9", b"x"), "md5": text(b"\xff\xfe", b"\x80")}),
    )
    (group,) = group_shards([read(path)])
    assert group.layout.roles["image_md5"].encoding == "none"
    assert count_missing(path, group.layout.roles["url"]) == (0, 0)


def test_missing_values_are_counted_by_reading(tmp_path: Path) -> None:
    scores = pa.array([0.5, None, float("nan"), float("nan")], pa.float32())
    path = shard(tmp_path / "p.parquet", punsafe=scores)
    assert count_missing(path, read(path).layout.roles["punsafe"]) == (1, 2)
    half = write(
        tmp_path / "h.parquet",
        pa.table({"hash": [1, 2, 3, 4], "prediction": scores.cast(pa.float16())}),
    )
    assert count_missing(half, read(half, needs_link=False).layout.roles["punsafe"]) == (1, 2)


def test_real_files_have_the_roles_that_a_person_sees(shared_data: Path, tmp_path: Path) -> None:
    expected = {
        "laion400m_10000.parquet": {"url": "URL", "text": "TEXT"},
        "laion2B_multi_9461.parquet": {"url": "URL", "text": "TEXT", "language": "LANGUAGE"},
        "img2dataset_sample_image.parquet": {
            "url": "url",
            "text": "txt",
            "image_sha256": "sha256hash",
        },
        "img2dataset_bbox.parquet": {"url": "url", "text": "txt"},
    }
    for group in groups(*(shared_data / "real").glob("*.parquet")):
        for found in group.shards:
            named = {role: column.name for role, column in group.layout.roles.items()}
            assert named == expected[found.name]
            assert group.subset == "real"
    assert "is not a parquet file" in refused(shared_data / "real" / "cc3m_1000.tsv")
    copy = tmp_path / "webdataset.parquet"
    shutil.copyfile(shared_data / "real" / "webdataset_mixed.tar", copy)
    assert "is not a parquet file" in refused(copy)


def test_named_by_user_and_bad_values_names_the_file(tmp_path: Path) -> None:
    path = shard(tmp_path / "p.parquet", note=["secret"] * 3)
    with pytest.raises(InputError) as caught:
        group_shards([read(path, overrides={"image_md5": "note"})])
    assert str(caught.value).startswith(
        f"{path}: --column image_md5=note: none of 3 sampled is an MD5"
    )
    assert "secret" not in str(caught.value)


def test_columns_of_one_name_and_names_with_dots_are_told_apart(tmp_path: Path) -> None:
    arrays = [pa.array(["x"]), pa.array(["y"]), pa.array([{"url": "z"}]), pa.array(["last"])]
    table = pa.Table.from_arrays(arrays, ["url", "url", "a", "a.url"])
    path = write(tmp_path / "p.parquet", table)
    assert "rename one of them" in refused(path)
    columns = read(path, settled=False).layout.columns
    assert [sample_values(path, columns[p]) for p in (0, 1, 3)] == [["x"], ["y"], ["last"]]


def test_dictionary_columns_are_sampled_as_what_they_hold(tmp_path: Path) -> None:
    table = pa.table({"url": LINKS[:2], "md5": pa.array(md5s("hex", 2)).dictionary_encode()})
    (group,) = group_shards([read(write(tmp_path / "p.parquet", table))])
    assert group.layout.roles["image_md5"].encoding == "hex"
    scores = pa.array([0.5, None, float("nan"), 0.5]).dictionary_encode()
    path = shard(tmp_path / "q.parquet", punsafe=scores)
    assert count_missing(path, read(path).layout.roles["punsafe"]) == (1, 1)


def test_a_column_name_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "p.parquet", pa.table({"url": LINKS, "odd_name": [1, 2, 3]}))
    path.write_bytes(path.read_bytes().replace(b"odd_name", b"odd\xffname"))
    assert "a column's name is not UTF-8" in refused(path)


def test_very_many_layouts_are_not_all_told(tmp_path: Path) -> None:
    for number in range(7):
        shard(tmp_path / f"{number}.parquet", **{f"c{number}": [1]})
    notices = mixed_notices(groups(tmp_path))
    assert len(notices) == 4
    assert notices[-1] == f"subset {tmp_path.name}: and 3 layouts more"
