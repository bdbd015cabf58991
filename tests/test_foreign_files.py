"""Every file of `../shared/data` that other programs wrote: inspect, match, clean, verify.

What must come out is told by pyarrow, which reads the files from end to end without what
their footers say of values, and by the plain oracle. A file is cleaned so, or refused in one
line; which of the two stands in the tables below, so that a change is seen.
"""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.engine import connect, literal
from relaion.errors import InputError
from relaion.parquet.writer import Target, write_editions
from tests import oracle
from tests.pipeline import here

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
SHARDS = {p.name: p for p in sorted((SHARED / "shards").glob("*")) if p.is_dir()}
FOREIGN = sorted((SHARED / "real" / "parquet-testing").rglob("*.parquet"))

# case -> further arguments
ARGUMENTS = {"plain_bytes_override": ("--column", "url=url")}
# what may be refused, and the words that say why
REFUSED = {"rows_zero_in_footer": "its footer counts 0 rows, its row groups 100"}
# what fails as yet, by the kind of fault; a line goes when its test passes
# files of parquet-testing that are refused as they stand, and the words that say why
DAMAGED = {
    "ARROW-GH-41317": "its pages cannot be decoded",
    "ARROW-GH-41321": "its pages cannot be decoded",
    "ARROW-RS-GH-6229-DICTHEADER": "column name cannot be read",
    "PARQUET-1481": "has a column of no known type",
    "incorrect_map_schema": "its footer cannot be read",
    "repeated_no_annotation": "its footer counts 0 rows, its row groups 6",
    "rle-dict-uncompressed-corrupt-checksum": "its pages cannot be decoded",
}
# files without a column of texts whose rows cannot be written
UNWRITABLE = {
    "ARROW-GH-45185": "repeats that belong to no row",
    "ARROW-GH-47662": "a page that ends too early",
    "ARROW-RS-GH-6229-LEVELS": "a page of too few levels",
    "datapage_v1-corrupt-checksum": "a checksum that is not the page's",
    "large_string_map.brotli": "two texts of 1 GiB, which take 11 GB: written, but not here",
}

pytestmark = pytest.mark.slow
needs_data = pytest.mark.skipif(not SHARDS, reason="no ../shared/data beside this checkout")


@dataclass(frozen=True)
class Rows:
    """The rows of a file as pyarrow reads them: a text each, and what the oracle asks for."""

    texts: list[str]
    roles: list[dict[str, Any]]


def text(value: Any) -> Any:
    """A value as it stands, told from every other one; long bytes by their digest."""
    if isinstance(value, bytes) and len(value) > 999:
        return hashlib.sha256(value).hexdigest()
    if isinstance(value, dict):
        return {key: text(item) for key, item in value.items()}
    return [text(item) for item in value] if isinstance(value, list) else repr(value)


def stored(path: Path) -> Iterator[dict[str, Any]]:
    """Rows by name of column, in order, a few at a time."""
    with pq.ParquetFile(path, binary_type=pa.large_binary()) as file:
        groups = range(file.num_row_groups)
        large = any(file.metadata.row_group(i).total_byte_size > 1e9 for i in groups)
        for batch in file.iter_batches(64 if large else 4096):
            try:
                yield from batch.to_pylist()
            except OverflowError:  # a time beyond Python's years
                with connect() as engine:
                    view = f"read_parquet({literal(str(path))})"
                    yield from ({"": row} for row in engine.rows(f"from {view}"))
                return


def rows_of(path: Path, roles: Mapping[str, str]) -> Rows:
    texts, known = [], []
    for row in stored(path):
        texts.append(repr(text(row)))
        known.append({role: row.get(name) for name, role in roles.items()})
    return Rows(texts, known)


def kept(rows: Rows, listing: oracle.Listing, edition: oracle.Edition) -> list[str]:
    named = oracle.reasons(rows.roles, [listing], oracle.Setting())
    keep = oracle.kept(named, replace(edition, labels=("csam",)), [listing])
    return [text for text, stays in zip(rows.texts, keep, strict=True) if stays]


def schema_text(path: Path) -> str:
    with pq.ParquetFile(path) as file:
        return str(file.schema).split("\n", 1)[1]


def assert_same_schema(source: Path, target: Path) -> None:
    assert schema_text(source) == schema_text(target)
    assert pq.read_schema(source).equals(pq.read_schema(target), check_metadata=True)


def add(folder: Path, entries: Sequence[str], *more: str) -> None:
    (folder / "list.txt").write_text("\n".join([*entries, ""]))
    to = ("--lists", folder / "l.duckdb", "--source", "p", "--label", "csam")
    done = here("lists", "add", folder / "list.txt", *to, *more)
    assert done.returncode == 0, done.stderr


def all_stages(
    folder: Path, source: Path, *more: str
) -> Iterator[subprocess.CompletedProcess[str]]:
    """What each stage said, up to the first that refused."""
    lists = ("--lists", folder / "l.duckdb")
    for command in (
        ("inspect", source),
        ("match", source, *lists),
        ("clean", source, *lists, "--out", folder / "out", "--workers", "1"),
        ("verify", folder / "out", *lists, "--inputs", source, "--workers", "1"),
    ):
        done = here(*command, *more)
        yield done
        if done.returncode:
            return


def assert_one_line(done: subprocess.CompletedProcess[str], words: str) -> None:
    assert done.returncode == 2, done.stdout
    last = done.stderr.splitlines()[-1]
    assert last.startswith("relaion: ")
    assert words in last
    assert "bug" not in last
    assert "Traceback" not in done.stderr


@needs_data
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if "2gb" in n else n for n in SHARDS]
)
def test_a_shard_that_broke_something_is_cleaned_or_refused(name: str, tmp_path: Path) -> None:
    (source,) = (SHARDS[name] / "in").iterdir()
    entries = (SHARDS[name] / "list.txt").read_text().split()
    add(tmp_path, entries)
    said = list(all_stages(tmp_path, source.parent, *ARGUMENTS.get(name, ())))
    if name in REFUSED:
        assert_one_line(said[-1], REFUSED[name])
        return
    assert [done.returncode for done in said] == [0] * 4, said[-1].stderr + said[-1].stdout
    roles = {"url": "url", "md5": "image_md5", "punsafe": "punsafe"}
    rows = rows_of(source, roles)
    listing = oracle.Listing(1, "csam", frozenset(
        ("image_md5", e) if re.fullmatch("[0-9a-f]{32}", e) else oracle.url_entry(e)
        for e in entries
    ))  # fmt: skip
    for edition in (oracle.RESEARCH, oracle.SAFE):
        target = tmp_path / "out" / edition.name / "in" / source.name
        expected = kept(rows, listing, edition)
        assert len(expected) < len(rows.texts)
        assert rows_of(target, roles).texts == expected
        assert_same_schema(source, target)


def link_column(path: Path) -> str | None:
    """The first column of texts, or of bytes."""
    try:
        schema = pq.read_schema(path)
    except (OSError, pa.ArrowException):
        return None
    texts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary)
    return next((f.name for f in schema if any(is_text(f.type) for is_text in texts)), None)


@needs_data
@pytest.mark.parametrize("path", FOREIGN, ids=lambda p: p.stem)
def test_a_file_of_parquet_testing_is_cleaned_or_refused(path: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    source = Path(shutil.copy(path, tmp_path / "in" / path.name))
    link = link_column(path)
    roles = {link: "url"} if link else {}
    rows = Rows([], [])
    if link:
        with suppress(*((OSError, pa.ArrowException) if path.stem in DAMAGED else ())):
            rows = rows_of(source, roles)
    listed = next((row["url"] for row in rows.roles if row["url"] is not None), b"nothing")
    raw = listed.encode() if isinstance(listed, str) else listed
    digest = hashlib.md5(raw).hexdigest()
    add(tmp_path, [digest], "--kind", "url_md5")
    said = list(
        all_stages(tmp_path, tmp_path / "in", *(("--column", f"url={link}") if link else ()))
    )
    if path.stem in DAMAGED:
        assert_one_line(said[-1], DAMAGED[path.stem])
        return
    if link is None:
        assert_one_line(said[-1], "no link column; it has ")
        return
    assert [done.returncode for done in said] == [0] * 4, said[-1].stderr + said[-1].stdout
    listing = oracle.Listing(1, "csam", frozenset({("url_md5", digest)}))
    for edition in (oracle.RESEARCH, oracle.SAFE):
        target = tmp_path / "out" / edition.name / "in" / path.name
        expected = kept(rows, listing, edition)
        assert len(expected) < len(rows.texts)
        assert rows_of(target, roles).texts == expected
        assert_same_schema(source, target)


@needs_data
@pytest.mark.parametrize(
    "path", [p for p in FOREIGN if p.stem not in DAMAGED | UNWRITABLE], ids=lambda p: p.stem
)
def test_a_file_of_parquet_testing_is_written_as_it_is(path: Path, tmp_path: Path) -> None:
    """Those without a link column too: the first row leaves, the others stay as they are."""
    texts = rows_of(path, {}).texts
    target = tmp_path / path.name
    write_editions(path, [Target(target, [0] if texts else [])])
    assert rows_of(target, {}).texts == texts[1:]
    assert_same_schema(path, target)


@needs_data
@pytest.mark.parametrize("stem", [s for s in UNWRITABLE if s != "large_string_map.brotli"])
def test_a_file_whose_rows_cannot_be_read_is_not_written(stem: str, tmp_path: Path) -> None:
    (path,) = [p for p in FOREIGN if p.stem == stem]
    with pytest.raises(InputError, match="the parquet file is damaged") as caught:
        write_editions(path, [Target(tmp_path / path.name, [0])])
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_the_tables_name_files_that_are_there() -> None:
    if not SHARDS:
        pytest.skip("no ../shared/data beside this checkout")
    assert (ARGUMENTS | REFUSED).keys() <= SHARDS.keys()
    assert (DAMAGED | UNWRITABLE).keys() <= {p.stem for p in FOREIGN}
