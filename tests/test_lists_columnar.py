"""Parquet, Arrow and Feather lists: what a csv of the same columns would bring, or a refusal."""

import csv
import gzip
import io
import os
import random
import uuid
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relaion.links import key_digest, link_key
from relaion.lists.readers.format import Options
from tests.list_samples import Outcome, read_apart, read_list

MD5 = [f"{i * 7919:08x}" * 4 for i in range(101, 111)]
SHA1 = [f"{i * 7919:08x}" * 5 for i in range(201, 211)]
SHA256 = [f"{i * 104729:08x}" * 8 for i in range(301, 311)]
LINKS = [f"https://example.com/{i}/a,b;c|d e.jpg" for i in range(10)]
ROW_HASHES = [(-1) ** i * (1234567890123456789 + 977 * i) for i in range(10)]


def parquet(table: pa.Table, **more: Any) -> bytes:
    held = io.BytesIO()
    pq.write_table(table, held, **more)
    return held.getvalue()


def arrow(table: pa.Table, **more: Any) -> bytes:
    held = io.BytesIO()
    with pa.ipc.new_file(held, table.schema) as out:
        out.write_table(table, **more)
    return held.getvalue()


def stream(table: pa.Table) -> bytes:
    held = io.BytesIO()
    with pa.ipc.new_stream(held, table.schema) as out:
        out.write_table(table)
    return held.getvalue()


def feathered(table: pa.Table) -> bytes:
    held = io.BytesIO()
    feather.write_feather(table, held, compression="zstd")
    return held.getvalue()


FORMS: dict[str, Callable[[pa.Table], bytes]] = {
    "parquet": parquet, "parts": lambda t: parquet(t, row_group_size=3, data_page_size=64),
    "arrow": arrow, "stream": stream, "feather": feathered,
}  # fmt: skip


def read(data: bytes, name: str = "list.parquet", **said: object) -> Outcome:
    return read_list(data, name, Options(**said))  # type: ignore[arg-type]


def of(kind: str, values: list[str]) -> frozenset[tuple[str, str]]:
    return frozenset((kind, value) for value in values)


def of_links(links: list[str]) -> frozenset[tuple[str, str]]:
    return of("url", [key_digest(link_key(link)) for link in links])


def as_bytes(digests: list[str]) -> list[bytes]:
    return [bytes.fromhex(digest) for digest in digests]


COLUMNS: dict[str, tuple[pa.Table, frozenset[tuple[str, str]]]] = {
    "text": (pa.table({"md5": MD5}), of("image_md5", MD5)),
    "large text": (pa.table({"md5": pa.array(MD5, pa.large_string())}), of("image_md5", MD5)),
    "dictionary": (
        pa.table({"sha1": pa.array(SHA1 * 3).dictionary_encode()}), of("image_sha1", SHA1),
    ),
    "bytes": (pa.table({"md5": as_bytes(MD5)}), of("image_md5", MD5)),
    "bytes of one length": (
        pa.table({"sha1": pa.array(as_bytes(SHA1), pa.binary(20))}), of("image_sha1", SHA1),
    ),
    "bytes without a name": (
        pa.table({"hash": pa.array(as_bytes(SHA256), pa.binary(32))}), of("image_sha256", SHA256),
    ),
    "text as bytes": (pa.table({"md5": [d.encode() for d in MD5]}), of("image_md5", MD5)),
    "links": (pa.table({"URL": LINKS}), of_links(LINKS)),
    "links as bytes": (pa.table({"URL": [x.encode() for x in LINKS]}), of_links(LINKS)),
    "both": (
        pa.table({"url": LINKS, "md5": MD5, "width": [*range(10)]}),
        of("image_md5", MD5) | of_links(LINKS),
    ),
    "some of none": (
        pa.table({"md5": [*MD5, None], "url": [None, *LINKS]}),
        of("image_md5", MD5) | of_links(LINKS),
    ),
    "lists": (pa.table({"urls": [LINKS[:3], [], None, LINKS[3:]]}), of_links(LINKS)),
    "fields within": (
        pa.table({"image": [{"md5": d, "size": 3} for d in MD5]}), of("image_md5", MD5),
    ),
    "digests of links": (pa.table({"url_md5": MD5}), of("url_md5", MD5)),
    "a uuid beside": (
        pa.table({"id": pa.array([uuid.UUID(d).bytes for d in reversed(MD5)], pa.uuid()),
                  "md5": MD5}), of("image_md5", MD5),
    ),
    "pictures beside": (
        pa.table({"md5": MD5, "image": [b"\xff\xd8" + bytes(3000)] * 10}), of("image_md5", MD5),
    ),
    "vectors beside": (
        pa.table({"md5": MD5, "embedding": [[0.5] * 300] * 10}), of("image_md5", MD5),
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("what", COLUMNS)
def test_a_column_says_the_same_however_it_is_kept(what: str, form: str) -> None:
    table, right = COLUMNS[what]
    outcome = read(FORMS[form](table))
    assert outcome.refused is None
    assert outcome.entries == right


def test_row_hashes_are_whole_numbers() -> None:
    for kind in (pa.int64(), pa.decimal128(20, 0)):
        table = pa.table({"hash": pa.array(ROW_HASHES, pa.int64()).cast(kind)})
        outcome = read(parquet(table), kind="row_hash")
        assert len(outcome.entries) == 10, outcome.refused
    unsigned = pa.array([h % (1 << 64) for h in ROW_HASHES], pa.uint64())
    assert len(read(parquet(pa.table({"hash": unsigned})), kind="row_hash").entries) == 10


@pytest.mark.parametrize(
    "column",
    [pa.array([float(h) for h in ROW_HASHES]),
     pa.array([Decimal(h) for h in ROW_HASHES], pa.decimal128(30, 2))],
    ids=["double", "decimal"],
)  # fmt: skip
def test_row_hashes_that_lost_their_digits_are_refused(column: pa.Array) -> None:
    said = read(parquet(pa.table({"hash": column})), kind="row_hash").refused
    assert said is not None and "floating-point numbers" in said


def test_a_uuid_is_no_digest() -> None:
    ids = pa.array([uuid.UUID(digest).bytes for digest in MD5], pa.uuid())
    assert read(parquet(pa.table({"hash": ids}))).entries == frozenset()


def test_columns_that_decide_are_heeded() -> None:
    words = ["active"] * 8 + ["removed", "disputed"]
    outcome = read(parquet(pa.table({"md5": MD5, "status": words})))
    assert outcome.entries == of("image_md5", MD5[:8])
    flags = read(parquet(pa.table({"md5": MD5, "deleted": [False] * 9 + [True]})))
    assert flags.entries == of("image_md5", MD5[:9])
    inner = pa.table({"md5": MD5, "meta": [{"status": word} for word in words]})
    assert read(parquet(inner)).entries in (of("image_md5", MD5[:8]), frozenset())
    by_number = pa.table({"md5": MD5, "category": pa.array([1.0, 2.0, None] * 3 + [8.0])})
    chosen = read(parquet(by_number), where={"category": frozenset(("1", "2"))})
    assert len(chosen.entries) == 6


@pytest.mark.parametrize("name", ["_source", "node", "rec", "attributes", "document", "object"])
def test_a_field_that_wraps_all_others_says_nothing_of_them(name: str) -> None:
    words = ["active"] * 8 + ["removed", "disputed"]
    rows = [{"md5": md5, "status": word} for md5, word in zip(MD5, words, strict=True)]
    assert read(parquet(pa.table({name: rows}))).entries == of("image_md5", MD5[:8])


@pytest.mark.parametrize("name", ["thumbnail", "page", "previous", "archive", "video"])
def test_a_field_that_is_of_something_else_lists_nothing(name: str) -> None:
    inner = [{"md5": md5} for md5 in MD5]
    assert read(parquet(pa.table({name: inner}))).entries == frozenset()
    both = read(parquet(pa.table({name: inner, "md5": MD5[::-1]})))
    assert both.entries in (of("image_md5", MD5), frozenset())
    wrapped = read(parquet(pa.table({"doc": [{name: each} for each in inner]})))
    assert wrapped.entries == frozenset()


@pytest.mark.parametrize("written", [parquet, arrow, stream, feathered])
def test_metadata_of_a_table_speaks_as_a_title(written: Callable[[pa.Table], bytes]) -> None:
    table = pa.table({"md5": ["00112233445566778899aabbccddee01"]})
    expected = of("image_md5", ["00112233445566778899aabbccddee01"])
    for name, says in (
        ("description", "known good files, do not list"), ("title", "removed hashes"),
        ("status", "withdrawn"),
    ):  # fmt: skip
        said = written(table.replace_schema_metadata({name: says}))
        assert f"{name} in its metadata says" in (read(said).refused or "")
        assert read(said, ignore=frozenset(("title",))).entries == expected
    for name, says in (("title", "Hashes of June"), ("pandas", "{}"), ("version", "2")):
        assert read(written(table.replace_schema_metadata({name: says}))).entries == expected


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"info": '{"about": [{"list_type": "known good"}], "filler": "' + "x " * 999 + '"}'},
         "list_type in its metadata says that what is in it may not be listed"),
        ({"readme": "For partners.\nRetracted entries\n" + "x " * 99}, "readme in its metadata"),
        ({"hash_of": "normalized_url"}, "say --kind url_md5"),
        ({"digest_of": "file name"}, "says that its digests are of something else"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("of_column", [False, True])
def test_all_that_metadata_says_is_looked_at(
    said: dict[str, str], error: str, *, of_column: bool
) -> None:
    column = pa.field("md5", pa.string(), metadata=said if of_column else None)
    schema = pa.schema([column], metadata=None if of_column else said)
    data = parquet(pa.table([pa.array(MD5[:2])], schema=schema))
    where = "the metadata of its column md5" if of_column else "its metadata"
    refused = read_list(data, "a.parquet").refused or ""
    assert error.replace("its metadata", where) in refused


def test_structs_in_a_list_are_read_by_their_fields() -> None:
    """`deleted: false` is none, and what two structs of a row say of it is asked about."""
    kind = pa.list_(pa.struct([("md5", pa.string()), ("deleted", pa.bool_())]))
    one, two, three = ({"md5": MD5[i], "deleted": i == 0} for i in range(3))
    table = pa.table({"id": ["a", "b", "c"], "hashes": pa.array([[one], [two, three], []], kind)})
    read = read_list(parquet(table), "list.parquet")
    assert read.entries == {("image_md5", MD5[1]), ("image_md5", MD5[2])}
    assert read.skipped["marked as taken back"] == 1
    mixed = pa.table({"id": ["a"], "hashes": pa.array([[one, two]], kind)})
    refused = read_list(parquet(mixed), "list.parquet").refused
    assert refused and 'words in it are not known: "true, false": 1' in refused


_MAP = pa.map_(pa.string(), pa.string())
_WITH_MAPS = {"attributes": _MAP, "attributes / m": pa.struct([("m", _MAP)])}


@pytest.mark.parametrize(("name", "kind"), _WITH_MAPS.items())
def test_maps_are_asked_about(name: str, kind: pa.DataType) -> None:
    pairs = [("deleted", "false")]
    held = pa.array([pairs if kind is _MAP else {"m": pairs}, None], kind)
    table = parquet(pa.table({"md5": MD5[:2], "attributes": held}))
    refused = read_list(table, "list.parquet").refused
    assert refused and f"column 2 ({name}) holds maps" in refused
    options = Options(ignore=frozenset(["2"]))
    assert len(read_list(table, "list.parquet", options).entries) == 2


def test_metadata_that_is_too_long_to_look_at_is_counted() -> None:
    table = pa.table({"md5": MD5[:2]}).replace_schema_metadata(
        {"card": "word " * 100, "org.apache.spark.sql.parquet.row.metadata": '{"name": "removed"}',
         "license": "CC-BY-4.0"}
    )  # fmt: skip
    read = read_list(parquet(table), "a.parquet")
    assert read.entries == of("image_md5", MD5[:2])
    assert "metadata that was not looked at, by its characters: card: 500" in read.notices


def test_what_is_too_long_for_a_cell_is_no_matter_of_its_row() -> None:
    pages = ["retracted " * 200_000, None, "short", "x" * 3_000_000]
    for groups in (1, 4):
        data = parquet(pa.table({"md5": MD5[:4], "html": pages}), row_group_size=groups)
        assert read_list(data, "a.parquet").entries == of("image_md5", MD5[:4])
    long = read_list(parquet(pa.table({"md5": [*MD5[:3], MD5[3] * 40_000]})), "a.parquet")
    assert long.entries == of("image_md5", MD5[:3])
    assert sum(long.skipped.values()) == 1


@pytest.mark.slow
def test_options_reach_the_process_that_reads_a_table(tmp_path: Path) -> None:
    table = pa.table({"md5": MD5[:2]}).replace_schema_metadata({"note": "retracted"})
    path = tmp_path / "a.parquet"
    path.write_bytes(parquet(table))
    assert read_apart(path).refused
    assert read_apart(path, Options(ignore=frozenset({"title"}))).entries


def test_names_of_files_speak() -> None:
    data = parquet(pa.table({"md5": MD5}))
    assert "known good" in (read(data, "known_good.parquet").refused or "")
    assert "taken back" in (read(data, "removed.parquet").refused or "")


def test_a_packed_table_is_read_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    data = gzip.compress(parquet(pa.table({"md5": MD5})))
    assert read(data, "list.parquet.gz").entries == of("image_md5", MD5)
    assert list(tmp_path.iterdir()) == []


def test_many_columns_are_refused_or_read_as_of_a_csv() -> None:
    names = {"md5": MD5} | {f"column_{i}": ["x"] * 10 for i in range(70)}
    out = io.StringIO()
    csv.writer(out).writerows([names, *zip(*names.values(), strict=True)])
    as_csv = read_list(out.getvalue().encode(), "list.csv")
    outcome = read(parquet(pa.table(names)))
    assert (outcome.entries, outcome.refused) == (as_csv.entries, as_csv.refused)


def test_text_that_is_no_utf8_stays_what_it_is() -> None:
    links = [b"https://example.com/\xe9.jpg", b"https://example.com/a.jpg"]
    table = pa.table({"url": pa.array(links, pa.binary()).view(pa.string())})
    out = read_list(b"url\n" + b"\n".join(links) + b"\n", "list.csv")
    assert read(parquet(table)).entries == out.entries


@pytest.mark.parametrize("form", FORMS)
def test_a_table_that_is_cut_is_refused_in_one_line(form: str) -> None:
    data = FORMS[form](pa.table({"md5": MD5, "url": LINKS}))
    right = of("image_md5", MD5) | of_links(LINKS)
    for at in range(1, len(data), 37):
        outcome = read(data[:at])
        assert outcome.refused is not None or outcome.entries == right, at
        assert "\n" not in (outcome.refused or "")


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_damaged_tables_end_at_most_their_own_process(form: str) -> None:
    data = FORMS[form](pa.table({"md5": MD5, "url": LINKS}))
    rng = random.Random(form)
    for _ in range(200):
        changed = bytearray(data)
        for _ in range(rng.randint(1, 5)):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        child = os.fork()
        if child == 0:
            said = read(bytes(changed)).refused or ""
            os._exit(1 if "\n" in said or any(digest in said for digest in MD5) else 0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert code <= 0, bytes(changed)


@pytest.mark.slow
def test_a_process_that_ends_is_told_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "list.parquet"
    path.write_bytes(parquet(pa.table({"md5": MD5})))
    assert read_apart(path).entries == of("image_md5", MD5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.executable", "/bin/false")
        assert "ended or ran out of memory" in (read_apart(path).refused or "")
    path.write_bytes(path.read_bytes()[:-40])
    assert "is damaged, ends too early" in (read_apart(path).refused or "")


cells = st.none() | st.text(st.characters(codec="utf-8"), max_size=30)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from(MD5), cells), min_size=1, max_size=12))
def test_whatever_stands_beside_them_digests_are_those_of_a_csv(
    rows: list[tuple[str, str | None]],
) -> None:
    table = pa.table({"md5": [m for m, _ in rows], "caption": [c for _, c in rows]})
    outcome = read(parquet(table))
    assert outcome.refused is not None or outcome.entries <= of("image_md5", [m for m, _ in rows])


@pytest.mark.slow
def test_memory_does_not_grow_with_a_table(tmp_path: Path) -> None:
    path = tmp_path / "list.parquet"
    n = 2_000_000
    digests = pa.array([f"{i * 2654435761:032x}" for i in range(n)])
    pq.write_table(pa.table({"md5": digests}), path, row_group_size=n, compression="none")
    from relaion.lists.readers.documents.document import ListDocument
    from relaion.lists.readers.tables.columnar import PARQUET_TABLE

    def raw() -> Any:
        return path.open("rb")

    before = pa.total_allocated_bytes()
    peak = 0
    document = ListDocument(path.name, "PAR1", raw, raw=raw)
    for i, _ in enumerate(PARQUET_TABLE.rows(document, Options())):
        if i % 50_000 == 0:
            peak = max(peak, pa.total_allocated_bytes() - before)
    assert peak < 24 << 20


def test_a_field_within_another_is_named_in_messages_as_options_take_it() -> None:
    held = pa.array([{"zip": {"state": word}} for word in ("zork", "blorp")])
    refused = read_list(parquet(pa.table({"md5": MD5[:2], "image": held})), "list.parquet").refused
    assert refused and "column 2 (image / zip / state) decides" in refused
    assert "--ignore image.zip.state" in refused
