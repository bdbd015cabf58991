"""`lists formats` and `lists sample`: every format in words, and a file of each that is read."""

import hashlib
import json
import re
import shlex
from pathlib import Path

import pytest

from relaion.cli import completion, consoles
from relaion.errors import InputError
from relaion.lists import catalogue
from relaion.lists.catalogue import PACKED
from relaion.lists.digests import LENGTHS
from relaion.lists.readers.formats import readable
from relaion.lists.samples import ABOUT, SAMPLES, sample_of
from tests.drawn import quickly
from tests.pipeline import here

TOLD = (
    "ncmec", "misp", "stix", "stopncii", "tat", "threatexchange", "vics",
    "json", "parquet", "arrow", "arrow-stream", "xlsx", "ods",
    "icse", "tat-csv", "threatexchange-csv", "te", "local-file",
    "hashdeep", "cdx", "misp-csv", "stix-patterns", "certutil", "get-filehash",
    "get-filehash-table", "fciv", "7z-h", "checksums", "changes", "host-rules", "csv", "txt",
)  # fmt: skip
OTHERS = {"changes": ("changes", 4), "gzip": ("txt", 5), "bzip2": ("txt", 5), "xz": ("txt", 5),
          "zstd": ("txt", 5), "zip": ("txt", 5)}  # fmt: skip


def test_formats_are_told_in_words_of_their_own() -> None:
    known = {x.name: x for x in catalogue.formats()}
    assert [*known] == [*readable(), *PACKED]
    for name in (*TOLD, *PACKED):
        assert known[name].reads and known[name].sender and known[name].default
    assert {*TOLD, *PACKED} == set(SAMPLES) == ABOUT.keys()


def test_what_a_shell_is_offered() -> None:
    assert (*readable(), *PACKED) == completion.SAMPLES


@pytest.mark.parametrize("name", quickly(6, SAMPLES))
def test_a_sample_is_read_with_the_options_that_it_needs(name: str, tmp_path: Path) -> None:
    if name in ("xlsx", "ods"):
        pytest.importorskip("python_calamine", reason="the extra `sheets` is not installed")
    made = catalogue.sample(name, tmp_path / f"list{sample_of(name).suffix}")
    add = ("lists", "add", str(made.path), "--lists", "lists.duckdb", "--source", "A", "--dry-run")
    done = here(*add, "--json", *shlex.split(made.options), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    form, n = OTHERS.get(name, (name, 4 if name == "vics" else 5))
    assert said["format"] == form
    assert said["used"] == n
    assert said["retracted"] == (name == "changes")
    if made.options:
        bare = here(*add, "--json", cwd=tmp_path)
        assert bare.returncode == 2 and bare.stderr.count("\n") == 1


@pytest.mark.parametrize("name", [name for name in SAMPLES if sample_of(name).is_text])
def test_a_text_is_printed_as_it_is_written(name: str, tmp_path: Path) -> None:
    done = here("lists", "sample", "--format", name, cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.encode() == sample_of(name).data
    done = here("lists", "sample", "--format", name, "--out", "a", cwd=tmp_path)
    assert (tmp_path / "a").read_bytes() == sample_of(name).data


def test_samples_are_of_nobody() -> None:
    texts = "".join(sample_of(x).data.decode() for x in SAMPLES if sample_of(x).is_text)
    made = {hashlib.new(a, f"sample {i}".encode()).hexdigest() for a in LENGTHS.values()
            for i in range(5)}  # fmt: skip
    told = {x.lower() for x in re.findall(r"\b(?:[0-9A-Fa-f]{32}|[0-9A-Fa-f]{40,64})\b", texts)}
    assert made >= told != set()
    hosts = set(re.findall(r"https?://([\w.-]+)|0\.0\.0\.0 (\S+)", texts))
    specified = {"hashsharing.ncmec.org", "github.com"}  # which their formats name
    assert {a or b for a, b in hosts} - specified == {"pictures.example"} | {
        f"pictures{i}.example" for i in range(5)
    }
    for name in SAMPLES:
        assert sample_of(name).data == sample_of(name).data, name


@pytest.mark.parametrize(
    ("args", "said"),
    [(("--format", "xlsx"), "--format xlsx: is no text; say --out FILE, such as list.xlsx"),
     (("--format", "xslx"), "did you mean xlsx?"),
     (("--format", "txt", "--out", "."), ".: is there already; name a new file"),
     (("--format", "txt", "--out", "nowhere/a"), "nowhere/a")],
)  # fmt: skip
def test_mistakes_are_told_in_one_line(args: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = here("lists", "sample", *args, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr and done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_formats_as_json(tmp_path: Path) -> None:
    done = here("lists", "formats", "--json", cwd=tmp_path)
    said = {x["name"]: x for x in json.loads(done.stdout)}
    assert said["vics"]["choose"] == "categories: --where category=1,2"
    assert said["zip"]["packing"] is True
    one = json.loads(here("lists", "formats", "--format", "vics", "--json", cwd=tmp_path).stdout)
    assert one == [said["vics"]]
    assert "did you mean vics?" in here("lists", "formats", "--format", "vcis").stderr


@pytest.mark.parametrize("width", [60, 80])
def test_formats_fit_the_window(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consoles.out, "_width", width)
    lines = here("lists", "formats").stdout.splitlines()
    assert max(map(len, lines)) <= width
    assert all(any(line.startswith(name) for line in lines) for name in readable())
    assert "…" not in "".join(lines)


def test_lines_of_formats_are_short_in_a_pipe_too() -> None:
    lines = here("lists", "formats").stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.strip().startswith("Taken: ") for line in lines)


def test_a_sample_whose_name_matters_says_so(tmp_path: Path) -> None:
    said = "let it end in .HASH_MD5.te"
    assert said in here("lists", "sample", "--format", "te", cwd=tmp_path).stderr
    for name, is_told in (("list.te", True), ("simple.HASH_MD5.te", False)):
        done = here("lists", "sample", "--format", "te", "--out", name, cwd=tmp_path)
        assert (said in done.stderr) == is_told
    assert said not in here("lists", "sample", "--format", "csv", cwd=tmp_path).stderr


def test_a_format_that_says_nothing_of_itself_is_told_by_its_docstring(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(ABOUT, "fciv")
    known = {x.name: x for x in catalogue.formats()}
    assert known["fciv"].reads


def test_the_library_gives_the_bytes() -> None:
    assert catalogue.sample("txt").data == sample_of("txt").data
    with pytest.raises(InputError, match="is no text"):
        catalogue.sample("zip")
