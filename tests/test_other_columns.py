"""Columns that play no role: what holds links or digests is named, wherever and however it does."""

import base64
import hashlib
import json
import pickle
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.errors import InputError
from relaion.parquet.leaves import leaves_of
from relaion.parquet.looked_at import looked_into
from relaion.parquet.looking import MOST_VALUES
from relaion.parquet.read_shard import group_shards, read_shard
from relaion.parquet.roles import Layout
from relaion.parquet.sights import MOST_LEAVES
from relaion.paths import ShardPath

LINK = "https://e.example/p/1.jpg"
MD5S = [hashlib.md5(b"%d" % i).digest() for i in range(40)]
SHA256 = hashlib.sha256(b"x").digest()
BASED = [base64.b64encode(d).decode() for d in MD5S]
UUIDS = [uuid.uuid5(uuid.NAMESPACE_URL, str(i)) for i in range(40)]
WORDS = ["a lighthouse", "", None, "photo of a cat and/or a dog, 50 % off", "v1.0", "n/a"]


def write(path: Path, table: dict[str, Any], **options: Any) -> Path:
    pq.write_table(pa.table(table), path, **options)
    return path


def layout_of(*paths: Path) -> Layout:
    """The layout of some shards that have one."""
    shards = [read_shard(ShardPath(path, "s"), looks=True) for path in paths]
    (group,) = group_shards(shards)
    return group.layout


def told(folder: Path, values: Any) -> tuple[str | None, str]:
    """What is said of a column of these values, called as nobody knows it."""
    urls = [f"https://a.example/{i}.jpg" for i in range(len(values))]
    layout = layout_of(write(folder / "p.parquet", {"url": urls, "thing": values}))
    return layout.columns[1].claimed, layout.columns[1].why


LINKS_BY_FORM: dict[str, Any] = {
    "one among words": [*WORDS, LINK],
    "without a scheme": ["e.example/1.jpg", *WORDS],
    "of one scheme or another": [*WORDS, "//e.example/1.jpg"],
    "quoted": [*WORDS, f' "{LINK}"'],
    "in another case": [*WORDS, LINK.upper()],
    "escaped": [*WORDS, LINK.replace(":", "%3A").replace("/", "%2F")],
    "backslashes": [*WORDS, LINK.replace("/", "\\")],
    "several": [*WORDS, f"{LINK} {LINK}", None],
    "bytes": [b"\xff\xd8", b"x", LINK.encode()],
    "JSON": [*WORDS, json.dumps({"caption": "x", "image": {"url": LINK}})],
    "escaped JSON": [*WORDS, json.dumps([LINK]).replace("/", "\\/")],
    "a Python dict": [*WORDS, str({"src": LINK})],
    "a list without quotes": [*WORDS, f"[{LINK}, {LINK}]"],
    "Markdown": [*WORDS, f"![a cat]({LINK})"],
    "a source set": [*WORDS, f"{LINK} 1x, {LINK} 2x"],
    "a field": [*WORDS, f"a cat|{LINK}|7"],
    "a named value": [*WORDS, f"source: {LINK}"],
    "a JSON type": pa.array([json.dumps({"a": {"u": LINK}})], pa.json_()),
    "views": pa.array([*WORDS, LINK], pa.string_view()),
    "views of bytes": pa.array([LINK.encode()], pa.binary_view()),
    "behind signs of UTF-8": [*WORDS, f"\u201c{LINK}\u201d", f"\u00a0{LINK}"],
    "of FTP": [*WORDS, LINK.replace("https", "ftp")],
    "at an address": ["192.0.2.1/1.jpg", *WORDS],
    "at a name with other letters": ["b\u00fccher.example/1.jpg", *WORDS],
    "with a user": ["someone@e.example/1.jpg", *WORDS],
    "below a country that ends files": ["www.e.com.py/1.jpg", *WORDS],
    "a field behind a comma": [*WORDS, f"12,{LINK},a cat"],
    "an assignment": [*WORDS, f'url = "{LINK}"'],
    "YAML": [*WORDS, f"image:\n  url: {LINK}\n"],
    "HTML behind text": [*WORDS, f"a cat <img width=3 src={LINK}>"],
    "escaped HTML": [*WORDS, f"&lt;img src=&quot;{LINK}&quot;&gt;"],
    "Markdown behind text": [*WORDS, f"a cat ![x]({LINK}) there"],
    "BBCode": [*WORDS, f"a cat [img]{LINK}[/img]"],
    "a style": [*WORDS, f"background: url('{LINK}')"],
    "JSON in JSON": [*WORDS, json.dumps(json.dumps({"u": LINK}))],
    "JSON behind a name": [*WORDS, f"data={json.dumps({'u': LINK})}"],
    "JSON with escapes of four digits": [*WORDS, json.dumps({"u": LINK}).replace("/", "\\u002f")],
    "a part of a query": [*WORDS, f"/get?w=1&url={LINK}"],
    "base64": [*WORDS, base64.b64encode(LINK.encode()).decode()],
    "UTF-16": [LINK.encode("utf-16-le")],
    "a link among licences": ["https://creativecommons.org/licenses/by/2.0/", f"x;{LINK}"],
    "packed bytes": [pickle.dumps({"a": 1, "u": LINK}), b"\xff\xd8"],
    "bytes of fixed length": pa.array([LINK.encode()], pa.binary(len(LINK))),
    "HTML": [*WORDS, f"<p>x<img alt='y' src='{LINK}'></p>"],
}
DIGESTS_BY_FORM: dict[str, tuple[str, Any]] = {
    "hex among words": ("image_md5", [*WORDS * 3, MD5S[0].hex()]),
    "upper case": ("image_md5", [d.hex().upper() for d in MD5S]),
    "base64": ("image_md5", BASED),
    "base64 unpadded": ("image_md5", [text.rstrip("=") for text in BASED]),
    "like UUIDs": ("image_md5", [str(uuid.UUID(bytes=d)) for d in MD5S]),
    "raw": ("image_md5", MD5S),
    "raw of fixed length": ("image_sha256", pa.array([SHA256, None], pa.binary(32))),
    "UUID type": ("image_md5", pa.array(MD5S, pa.uuid())),
    "file names": ("image_md5", [f"x/{d.hex()}.jpg" for d in MD5S]),
    "numbers": ("image_md5", [Decimal(int.from_bytes(d)) for d in MD5S]),
    "octets": ("image_md5", pa.array([list(d) for d in MD5S], pa.list_(pa.uint8()))),
    "octets of fixed length": ("image_md5", pa.array([list(MD5S[0])], pa.list_(pa.uint8(), 16))),
    "octets, or none": ("image_md5", pa.array([[], list(MD5S[0])], pa.list_(pa.uint8()))),
    "as Python shows bytes": ("image_md5", [str(d) for d in MD5S]),
    "before names of files": ("image_md5", [f"{d.hex()}  a.jpg" for d in MD5S]),
    "in names of files": ("image_md5", [f"img_{d.hex()}_0.jpg" for d in MD5S]),
    "fields": ("image_md5", [f"{i},{d.hex()}" for i, d in enumerate(MD5S)]),
    "JSON lists": ("image_md5", [json.dumps([d.hex()]) for d in MD5S]),
    "JSON lists by name": ("image_md5", [json.dumps({"hashes": [d.hex()]}) for d in MD5S]),
    "JSON": ("image_md5", [json.dumps({"image_md5": d.hex()}) for d in MD5S]),
}
NOTHING: dict[str, Any] = {
    "words": WORDS,
    "links in prose": ["see https://a.example/1.jpg", "a/b.jpg", 'he said "https://a.example/x"'],
    "files": ["00000.tar/0001.jpg", "images/1.jpg", "a.zip/b.png"],
    "UUIDs": [str(u) for u in UUIDS],
    "bare UUIDs": [u.hex for u in UUIDS],
    "raw UUIDs": [u.bytes for u in UUIDS],
    "slugs": ["a-slug-of-many-words-xy", "another-slug-of-words12"] * 9,
    "licences": ["?", "https://creativecommons.org/licenses/by/2.0/", None],
    "licences without a scheme": [
        "creativecommons.org/licenses/by/2.0/",
        "//creativecommons.org/licenses/x",
    ],
    "licences of museums": ["http://rightsstatements.org/vocab/InC/1.0/"],
    "licences in JSON": ['{"license": "https://creativecommons.org/licenses/by/2.0/"}'],
    "words of a vocabulary": ["http://schema.org/ImageObject"],
    "drawings": [b'<svg xmlns="http://www.w3.org/2000/svg"><path/></svg>'],
    "pages": ['<!DOCTYPE html PUBLIC "x" "http://www.w3.org/TR/xhtml1/DTD/xhtml1.dtd"><p>x'],
    "metadata of cameras": [
        "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><r xmlns:t='http://ns.adobe.com/tiff/1.0/'/>",
        json.dumps({"0x02bc": '<r xmlns:a="http://ns.adobe.com/xap/1.0/">'}),
    ],
    "JPEG XL": [b"\xff\x0ahttp://ns.example/x/1/"],
    "versions": ["v1.v2/part.1/x1", "a.m./p.m.", "1.5/2.0"],
    "long numbers": [str(10**31 + i) for i in range(40)],
    "UUIDs, or nil": [*map(str, UUIDS), str(uuid.UUID(int=0))],
    "files below a digest": [f"/cache/{MD5S[0].hex()}/img/{i}.jpg" for i in range(40)],
    "links in lines, seldom": [*["a lighthouse"] * 40, f"a cat,{LINK}\nMore: {LINK}"],
    "nil UUIDs": [str(uuid.UUID(int=0))] * 9,
    "named UUIDs": [f"img_{u}.png" for u in UUIDS],
    "digests of other things in JSON": [json.dumps({"url_md5": d.hex()}) for d in MD5S],
    "thumbnails": [bytes(range(256)) * 4, b"\x89PNG" * 99, b"\xff\xd8\xe1http://ns.example/x/1/\0"],
    "prose with brackets": ["[OC] my cat", "(see a.example)", "a; b | c"],
    "JSON without links": [json.dumps({"a": 1, "Software": "x/y"}), "[]", "{}"],
    "JSON of a host": [json.dumps({"by": "http://example.com"})],
    "names of sixteen letters": [b"sixteen letters!"] * 9,
    "numbers": [Decimal(i) for i in range(9)],
    "octets of any length": pa.array([[1, 2], [3]], pa.list_(pa.uint8())),
    "nothing": [None, "", " "],
}


@pytest.mark.parametrize("name", LINKS_BY_FORM)
def test_links_are_seen_however_they_are_written(name: str, tmp_path: Path) -> None:
    claimed, why = told(tmp_path, LINKS_BY_FORM[name])
    assert claimed == "url"
    assert "holds links" in why


@pytest.mark.parametrize("name", DIGESTS_BY_FORM)
def test_digests_are_seen_however_they_are_written(name: str, tmp_path: Path) -> None:
    role, values = DIGESTS_BY_FORM[name]
    assert told(tmp_path, values)[0] == role


@pytest.mark.parametrize("name", NOTHING)
def test_of_what_holds_neither_nothing_is_said(name: str, tmp_path: Path) -> None:
    assert told(tmp_path, NOTHING[name]) == (None, "")


@pytest.mark.parametrize("name", ["pdq_hash", "image_pHash", "dhash", "perceptual_hash"])
def test_of_what_images_share_that_look_alike_no_digest_is_said(name: str, tmp_path: Path) -> None:
    table = {"url": [LINK] * 40, name: [hashlib.sha256(d).hexdigest() for d in MD5S]}
    column = layout_of(write(tmp_path / "p.parquet", table)).columns[1]
    assert (column.claimed, "look alike" in column.why) == (None, True)


def test_so_it_is_of_members_of_a_column(tmp_path: Path) -> None:
    names = ("url_md5", "uid", "user_name", "textHash", "url_hash")
    hashes = [{"pdq": SHA256.hex(), **dict.fromkeys(names, d.hex())} for d in MD5S]
    assert told(tmp_path, hashes) == (None, "")
    assert told(tmp_path, [{"thing": d.hex(), **x} for d, x in zip(MD5S, hashes, strict=True)])[0]


def test_digests_by_a_name_that_may_be_an_image_s_are_named(tmp_path: Path) -> None:
    for name in ("image_url_hash", "photo_owner", "key", "hash_of_it"):
        table = {"url": [LINK] * 40, name: [d.hex() for d in MD5S]}
        column = layout_of(write(tmp_path / f"{name}.parquet", table)).columns[1]
        assert column.claimed == "image_md5"


def test_of_two_columns_of_one_name_each_is_looked_into(tmp_path: Path) -> None:
    table = pa.table(
        [[f"https://a.example/{i}" for i in range(4)], [LINK, *"xyz"], [*"xyz", LINK]],
        names=["url", "thing", "thing"],
    )
    pq.write_table(table, tmp_path / "p.parquet", row_group_size=2, write_statistics=False)
    assert [c.claimed for c in layout_of(tmp_path / "p.parquet").columns[1:]] == ["url", "url"]


# type, a value that holds a link, where it is
NESTED: tuple[tuple[pa.DataType, Any, str], ...] = (
    (pa.list_(pa.string()), [None, "x", LINK], "unnest(thing)"),
    (pa.large_list(pa.large_string()), [LINK], "unnest(thing)"),
    (pa.list_(pa.binary(), 1), [LINK.encode()], "unnest(thing)"),
    (pa.struct({"src": pa.string(), "n": pa.int8()}), {"src": LINK}, "thing.src"),
    (pa.struct({"A b": pa.struct({"x": pa.string()})}), {"A b": {"x": LINK}}, 'thing."A b".x'),
    (pa.map_(pa.string(), pa.string()), [("url", LINK)], "unnest(map_values(thing))"),
    (pa.map_(pa.string(), pa.int8()), [(LINK, 1)], "unnest(map_keys(thing))"),
    (pa.list_(pa.list_(pa.string())), [[], ["x", LINK]], "unnest(flatten(thing))"),
    (
        pa.list_(pa.struct({"bytes": pa.binary(), "link": pa.string()})),
        [None, {"bytes": b"x" * 9, "link": LINK}],
        "unnest(list_transform(thing, lambda x: x.link))",
    ),
    (
        pa.map_(pa.string(), pa.list_(pa.struct({"u": pa.string()}))),
        [("k", [{"u": LINK}])],
        "unnest(list_transform(flatten(map_values(thing)), lambda x: x.u))",
    ),
)


@pytest.mark.parametrize(("kind", "value", "sql"), NESTED)
def test_links_are_seen_at_any_depth(
    kind: pa.DataType, value: Any, sql: str, tmp_path: Path
) -> None:
    claimed, why = told(tmp_path, pa.array([None, value], kind))
    assert (claimed, why.partition("DuckDB: ")[2]) == ("url", f"{sql})")


def test_what_is_said_to_find_them_in_duckdb_does(tmp_path: Path) -> None:
    for kind, value, sql in NESTED:
        urls = ["https://a.example/1.jpg"]
        path = write(tmp_path / "p.parquet", {"url": urls, "thing": pa.array([value], kind)})
        found = duckdb.connect().execute(f"select {sql} from '{path}'").fetchall()
        assert (LINK,) in found or (LINK.encode(),) in found


def test_a_later_shard_and_a_later_row_group_are_looked_into(tmp_path: Path) -> None:
    n = 3 * MOST_VALUES
    urls = [f"https://a.example/{i}" for i in range(n)]
    late = [*["x"] * (n - 1), LINK]
    first = write(tmp_path / "a.parquet", {"url": urls, "thing": ["x"] * n, "rare": ["x"] * n})
    second = write(
        tmp_path / "b.parquet",
        # by the last row group, and by the bounds of what is read in part
        {"url": urls, "thing": late, "rare": [None if x == "x" else x for x in late]},
        row_group_size=n // 2,
        use_dictionary=False,
    )
    assert [c.claimed for c in layout_of(first).columns[1:]] == [None, None]
    assert [c.claimed for c in layout_of(first, second).columns[1:]] == ["url", "url"]
    assert [c.claimed for c in layout_of(second, first).columns[1:]] == ["url", "url"]


def test_bounds_tell_of_a_link_among_very_many_values(tmp_path: Path) -> None:
    n = 3 * MOST_VALUES
    values = [*["a"] * (n - 1), LINK]
    urls = [f"https://a.example/{i}" for i in range(n)]
    for bounds in (True, False):
        table = {"url": urls, "thing": values}
        path = write(tmp_path / "p.parquet", table, write_statistics=bounds)
        assert layout_of(path).columns[1].claimed == ("url" if bounds else None)


def test_images_are_not_read_with_the_links_beside_them(tmp_path: Path) -> None:
    """Their leaf is none that is read: what is large on average is no link."""
    image = [{"bytes": b"\xff" * 100_000, "path": LINK}] * 30
    path = write(tmp_path / "p.parquet", {"url": [LINK] * 30, "image": image}, compression="none")
    at = pq.read_metadata(path).row_group(0).column(1)
    damaged = bytearray(path.read_bytes())
    start = at.dictionary_page_offset or at.data_page_offset
    damaged[start : start + at.total_compressed_size] = bytes(at.total_compressed_size)
    path.write_bytes(damaged)
    column = layout_of(path).columns[1]
    assert (column.claimed, "(image.path)" in column.why) == ("url", True)


def test_it_is_said_of_which_columns_some_values_were_seen_and_of_which_none(
    tmp_path: Path,
) -> None:
    n = 30
    table = {"url": [LINK] * n, "jpg": [b"\xff" * 50_000] * n, "key": ["x"] * n, "n": range(n)}
    path = write(tmp_path / "p.parquet", table, use_dictionary=False)
    shards = [
        s for g in group_shards([read_shard(ShardPath(path, "s"), looks=True)]) for s in g.shards
    ]
    assert looked_into(shards) == (
        "columns without a role, in which a look at some values found no link or digest: key",
        "not looked into for links and digests, for values are large: jpg",
    )


def test_a_column_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = write(
        tmp_path / "p.parquet", {"url": [LINK] * 9, "thing": ["words"] * 9, "b": ["x"] * 9}
    )
    at = pq.read_metadata(path).row_group(0).column(1)
    damaged = bytearray(path.read_bytes())
    start = at.dictionary_page_offset or at.data_page_offset
    damaged[start : start + at.total_compressed_size] = b"\xff" * at.total_compressed_size
    path.write_bytes(damaged)
    columns = layout_of(path).columns
    assert (columns[1].claimed, "cannot be read" in columns[1].why) == ("url", True)
    assert columns[2].claimed is None


def test_of_a_very_wide_table_it_is_said_where_the_look_ends(tmp_path: Path) -> None:
    wide = {f"c{i}": ["x"] for i in range(MOST_LEAVES + 2)}
    columns = layout_of(write(tmp_path / "p.parquet", {"url": [LINK], **wide})).columns
    named = [c for c in columns if c.claimed]
    assert [c.name for c in named] == [f"c{MOST_LEAVES}"]
    assert "not looked into" in named[0].why


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"image": [{"src": LINK}]}, r"column image holds links \(image.src\) .*DuckDB: image.src"),
        ({"images": [[LINK]]}, r"column images holds links .*DuckDB: unnest\(images\)"),
        ({"where": [LINK], "src": ["x"]}, "say --column url=where"),
    ],
)
def test_without_another_link_column_it_is_said_where_links_are(
    table: dict[str, Any], said: str, tmp_path: Path
) -> None:
    path = write(tmp_path / "p.parquet", table)
    with pytest.raises(InputError, match=f"no link column.*{said}"):
        read_shard(ShardPath(path, "s"))


@pytest.mark.parametrize("columns", [None, {"url": LINK}])
def test_a_first_row_that_was_taken_for_names_is_refused_and_not_shown(
    columns: dict[str, str] | None, tmp_path: Path
) -> None:
    path = write(tmp_path / "p.parquet", {"a cat": ["x"], LINK: ["https://a.example/2.jpg"]})
    with pytest.raises(InputError, match=r"name of column 2, .* is a link: a first row") as caught:
        read_shard(ShardPath(path, "s"), columns)
    assert "example" not in str(caught.value)


def test_leaves_stand_where_parquet_has_them(tmp_path: Path) -> None:
    kinds = [kind for kind, _, _ in NESTED]
    schema = pa.schema([(f"c{i}", kind) for i, kind in enumerate(kinds)])
    path = tmp_path / "p.parquet"
    pq.write_table(schema.empty_table(), path)
    paths = [pq.read_metadata(path).schema.column(leaf.leaf).path for leaf in leaves_of(schema)]
    assert len(paths) == len(pq.read_metadata(path).schema)
    owners = [path.split(".")[0] for path in paths]
    assert owners == [f"c{leaf.column}" for leaf in leaves_of(schema)]
