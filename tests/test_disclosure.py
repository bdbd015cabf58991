"""Nothing that leaves a run holds a listed link, hash, caption or row position.

Markers are planted in lists, rows and keywords. Every file of OUT is decoded, every table,
every column and all text that any command prints, errors included, is searched for them in
every form in which they could hide.
"""

import base64
import hashlib
import json
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.engine import connect
from relaion.errors import OutputError
from relaion.links import key_digest, link_key
from relaion.stages.clean import clean
from tests.pipeline import ALL_HASHES, InProcess, Sent, add_lists, here, relaion, write_shard

LINK = "https://marker-host.example/marker-link.jpg"
OTHER = "http://www.marker-host.example/marker-link.jpg#again"
MD5 = hashlib.md5(b"marker image").hexdigest()
SHA1 = hashlib.sha1(b"marker image").hexdigest()
CAPTION = "marker caption of a listed row"
KEYWORD = "markerword"
POSITION_NAMES = ("row_number", "rownumber", "file_row", "row_index", "rowid", "position")


def forms(text: str) -> Iterator[bytes]:
    """A text as it is, in other cases and encodings, and its digests."""
    raw = text.encode()
    yield from (raw, raw.lower(), raw.upper(), text.encode("utf-16-le"))
    yield from (base64.b64encode(raw)[:-4], base64.b32encode(raw)[:-8], raw.hex().encode())
    for algorithm in ("md5", "sha1", "sha256"):
        digest = hashlib.new(algorithm, raw)
        yield from (digest.hexdigest().encode(), digest.digest())


def digest_forms(hexadecimal: str) -> Iterator[bytes]:
    """A digest as hex, bytes, base64 and base32."""
    raw = bytes.fromhex(hexadecimal)
    yield from (hexadecimal.encode(), hexadecimal.upper().encode(), raw)
    yield from (base64.b64encode(raw).rstrip(b"="), base64.b32encode(raw).rstrip(b"="))


MARKERS = {
    form
    for text in (LINK, OTHER, CAPTION, KEYWORD, link_key(LINK), "marker-host", "marker-link")
    for form in forms(text)
} | {f for d in (MD5, SHA1, key_digest(link_key(LINK))) for f in digest_forms(d)}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    neutral = [
        {"url": f"https://host{i % 9}.example/{i}.jpg", "text": f"picture {i}", "punsafe": 0.1,
         "image_md5": hashlib.md5(b"%d" % i).hexdigest()}
        for i in range(200)
    ]  # fmt: skip
    rows: list[dict[str, Any]] = [dict(r) for r in neutral]
    rows[20] = {"url": LINK, "text": CAPTION, "image_md5": MD5.upper(), "image_sha1": SHA1}
    rows[40] = {"url": OTHER, "text": CAPTION, "punsafe": 0.2}
    rows[60] |= {"text": f"a {KEYWORD} here", "punsafe": 0.99}
    write_shard(folder / "data/en/a.parquet", rows[:100], ALL_HASHES)
    write_shard(folder / "data/en/b.parquet", rows[100:], ALL_HASHES)
    add_lists(
        folder / "lists.duckdb",
        [
            Sent((("image_md5", MD5), ("url", LINK), ("image_sha1", SHA1))),
            Sent((("url_md5", hashlib.md5(LINK.encode()).hexdigest()),)),
        ],
    )
    (folder / "keywords.txt").write_text(KEYWORD + "\n")
    # what nobody looks at: values in a sidecar that are no digest, shards and pictures beside
    (folder / "beside").mkdir()
    beside = {
        "url": [LINK, *(r["url"] for r in neutral[:5])],
        "md5": [MD5, LINK, CAPTION, SHA1, KEYWORD, None],
        "supplied_sha1": [[SHA1]] * 6,
    }
    pq.write_table(pa.table(beside), folder / "beside/supplier.parquet")
    write_shard(folder / "data/en/_hidden-shard.parquet", rows[:30], ALL_HASHES)
    (folder / "data/en/pictures-00000.tar").write_bytes(LINK.encode())
    return folder


# names of others' files and columns: told to whoever runs it, and never published
NAMES = (b"supplied_sha1", b"hidden-shard", b"pictures-00000")
SIDECAR = b"supplier"  # by its name in the manifest, and nowhere else


COMMON = ("--lists", "lists.duckdb")
BESIDE = ("--sidecar", "beside", "--keywords", "keywords.txt")
CLEAN = ("clean", "data", *COMMON, "--out", "out", *BESIDE)
VERIFY = ("verify", "out", "--inputs", "data", *COMMON, *BESIDE)


@pytest.fixture(scope="module")
def said(world: Path) -> dict[str, str]:
    """What every command says, in the order of a day's work, mistakes included."""
    commands: list[tuple[str, ...]] = [
        ("inspect", "data"), ("inspect", "data", "--json"),
        ("lists", "show", *COMMON), ("lists", "show", *COMMON, "--json"),
        ("match", "data", *COMMON), ("match", "data", *COMMON, "--sidecar", "beside", "--json"),
        CLEAN, (*CLEAN, "--json"), (*CLEAN, "--unscored", "drop"),
        VERIFY, ("verify", "out", *COMMON, "--json"),
        ("sql", "out", "-c", "from removals"), ("sql", "out", "-c", "from nothing"),
        ("sql", "out", "-c", "select * from read_parquet('data/en/a.parquet')"),
        ("sql", "out", "-c", "attach 'lists.duckdb' as l"),
        ("sql", "out", "-c", "select count(*) from research"),
        ("sql", "out", "data", "-c", "select 1"),
        ("sql", "data", "-c", "select count(*) from shard"),
        ("clean", "data", "--lists", "keywords.txt", "--out", "out2"),
        ("lists", "add", "keywords.txt", *COMMON, "--source", "A"),
        ("scripts",), ("scripts", "--check"),
    ]  # fmt: skip
    return {
        f"{i} {' '.join(c)}": (done.stdout + done.stderr)
        for i, c in enumerate(commands)
        # that which makes OUT as anybody runs it, the others without a process each
        for done in [(relaion if c == CLEAN else here)(*c, cwd=world)]
    }


def search(where: str, content: bytes) -> None:
    lowered = content.lower()
    for marker in MARKERS:
        assert marker not in content, f"{where} holds a marker"
        if marker.isascii():
            assert marker.lower() not in lowered, f"{where} holds a marker in another case"


def test_nothing_that_is_printed_holds_a_marker(said: dict[str, str]) -> None:
    assert len(said) > 20
    for command, text in said.items():
        assert text.strip(), command
        search(command, text.encode())


PASTED = [
    ("scripts", "{}"), ("inspect", "data", "--column", "url={}"), ("inspect", "data", "--column",
    "{}"), ("inspect", "data", "--column", "{}=url"), ("match", "data", *COMMON, "--memory", "{}"),
    *(("lists", "add", "keywords.txt", *COMMON, "--source", "A", f"--{option}", "{}")
      for option in ("label", "kind", "format", "received", "scope", "form")),
    ("clean", "data", *COMMON, "--out", "out3", "--unscored", "{}"),
]  # fmt: skip


@pytest.mark.parametrize("value", [LINK, MD5], ids=["link", "digest"])
def test_what_was_pasted_in_the_wrong_place_is_not_repeated(world: Path, value: str) -> None:
    for command in PASTED:
        done = here(*(word.format(value) for word in command), cwd=world)
        assert done.returncode == 2, command
        search(" ".join(command), (done.stdout + done.stderr).encode())


def test_the_markers_would_be_found(world: Path) -> None:
    """The search itself: what went in does hold them."""
    table = pq.read_table(world / "data/en/a.parquet")
    with pytest.raises(AssertionError, match="holds a marker"):
        search("input", repr(table.to_pylist()).encode())


def test_every_file_of_out_decoded_holds_no_marker(world: Path, said: dict[str, str]) -> None:
    files = [p for p in (world / "out").rglob("*") if p.is_file()]
    assert len(files) == 7
    for path in files:
        search(path.name, path.read_bytes())
        for name, values in decoded(path):
            search(f"{path.name} {name}", repr(values).encode())
            low = name.lower().rsplit(".", 1)[-1]
            assert not any(p in low for p in POSITION_NAMES), f"{path.name}: {name}"


def decoded(path: Path) -> Iterator[tuple[str, Any]]:
    """Column names and values of a file of OUT, whatever its form."""
    if path.suffix == ".parquet":
        table = pq.ParquetFile(path).read()
        assert table.schema.equals(ALL_HASHES)
        for name in table.column_names:
            yield name, table.column(name).to_pylist()
    elif path.suffix == ".duckdb":
        with connect(path, read_only=True) as engine:
            for (table,) in engine.rows("select table_name from duckdb_tables()"):
                result = engine.table(f"from {table}")
                for name in result.column_names:
                    yield f"{table}.{name}", result.column(name).to_pylist()
    else:
        yield "json", json.loads(path.read_text())


def test_an_update_tells_no_more(world: Path, said: dict[str, str], tmp_path: Path) -> None:
    shutil.copytree(world, tmp_path / "w")
    gained = hashlib.md5(b"120").hexdigest()
    (tmp_path / "w/gained.txt").write_text(gained + "\n")
    words = ("--inputs", "data", *COMMON, *BESIDE)
    for command in (
        ("lists", "add", "gained.txt", *COMMON, "--source", "A"),
        ("lists", "withdraw", "1", *COMMON),
        ("update", "out", *words, "--out", "out2"),
        ("update", "out", *words, "--out", "out2", "--json"),
        ("update", "out", *words[2:], "--inputs", "beside", "--out", "out4"),
        ("verify", "out2", *words, "--parent", "out"),
        ("verify", "out2", *words, "--parent", "out", "--json"),
    ):
        done = here(*command, cwd=tmp_path / "w")
        text = (done.stdout + done.stderr).encode()
        search(" ".join(command), text)
        assert not any(form in text for form in digest_forms(gained)), command
    files = [p for p in (tmp_path / "w/out2").rglob("*") if p.is_file()]
    assert len(files) == 6
    for path in files:
        search(path.name, path.read_bytes())
        assert not any(form in path.read_bytes() for form in digest_forms(gained)), path
        for name, values in decoded(path):
            search(f"{path.name} {name}", repr(values).encode())
            assert gained not in repr(values), f"{path.name} {name}"


def test_what_was_not_looked_at_is_told_in_numbers(world: Path, said: dict[str, str]) -> None:
    """Whoever runs it hears the names; what is published has sums, and no name of theirs."""
    counted = "sidecar supplier.parquet: column md5: 4 values that are no MD5"
    told = [text for command, text in said.items() if counted in text]
    assert len(told) >= 2
    assert any("_hidden-shard.parquet and 1 more" in text for text in told)
    for command in (c for c in said if "--json" in c and ("clean" in c or "verify" in c)):
        assert '"not_looked_at"' in said[command], command
    with connect(world / "out/audit.duckdb", read_only=True) as engine:
        lines = engine.rows(
            "select subset, role, column_name, reason, n_values from not_looked_at order by all"
        )
    assert (None, "image_md5", None, "values of sidecars that are no MD5", 4) in lines
    assert (None, "image_sha1", None, "columns of sidecars that are not used", None) in lines
    assert (None, "files", None, "beside the shards, not cleaned", 2) in lines


def test_no_name_of_others_is_published(world: Path, said: dict[str, str]) -> None:
    for path in (p for p in (world / "out").rglob("*") if p.is_file()):
        content = path.read_bytes() + b"".join(repr(v).encode() for _, v in decoded(path))
        for name in (*NAMES, *(() if path.name == "manifest.json" else (SIDECAR,))):
            assert name not in content, (path.name, name)


def test_the_state_of_a_broken_run_is_private_and_goes(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its journal and whatever lies beside it: for the owner only, and gone once it is finished."""
    given: dict[str, Any] = {
        "lists": world / "lists.duckdb", "out": tmp_path / "out", "sidecars": [world / "beside"],
        "keywords": world / "keywords.txt", "verify": False, "executor": InProcess(),
    }  # fmt: skip

    def no_room(*_: object) -> None:
        raise OutputError("no room")

    with monkeypatch.context() as broken, pytest.raises(OutputError):
        broken.setattr("relaion.run.pipeline.write_audit", no_room)
        clean([world / "data"], **given)
    work = tmp_path / "out/.work"
    held = {str(p.relative_to(work)): p for p in work.rglob("*")}
    assert {"journal.jsonl", "sidecar_values.parquet", "sidecar_keys.parquet"} <= set(held)
    assert stat.S_IMODE(work.stat().st_mode) == 0o700
    for name, path in held.items():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, name
    search("journal.jsonl", held["journal.jsonl"].read_bytes())
    search("sidecar_values.parquet", repr(pq.read_table(held["sidecar_values.parquet"])).encode())
    clean([world / "data"], **given)
    assert not work.exists()
    names = {p.name for p in tmp_path.rglob("*")}
    assert not [n for n in names if "journal" in n or "sidecar" in n]


def test_no_work_folder_or_temporary_file_is_left(world: Path, said: dict[str, str]) -> None:
    names = {p.name for p in world.rglob("*")}
    assert not [n for n in names if n.startswith(".work") or n.endswith((".part", ".tmp"))]


def test_private_files_are_private(world: Path) -> None:
    for name in ("lists.duckdb", "lists.duckdb.key"):
        assert (world / name).stat().st_mode & 0o077 == 0, name
