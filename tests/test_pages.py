"""The pages of documentation: their links lead somewhere, and what they say to type runs."""

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import docs, labs
from tests.drawn import quickly
from tests.pipeline import hands_here, here, rows_of, write_shard

ROOT = docs.ROOT
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
LINK = re.compile(r"\[[^\]]*\]\(([^()\s]+)\)")
INSTALLS = re.compile(r"pip install|^pipx |^uvx ")  # `test_install.py` does what these lines say


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


PAGES = {name(page): page for page in docs.pages()}
TEXTS = {
    **{place: page.read_text(encoding="utf-8") for place, page in PAGES.items()},
    **{
        name(path): "\n\n".join(
            "".join(cell["source"])
            for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
            if cell["cell_type"] == "markdown"
        )
        for path in sorted((ROOT / "notebooks").glob("*.ipynb"))
    },
}


# -- links -------------------------------------------------------------------------------------


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ +(.+)$", FENCE.sub("", text), re.M):
        plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        n = 0
        while (numbered := f"{anchor}-{n}" if n else anchor) in found:
            n += 1
        found.add(numbered)
    return found


def broken(place: str, text: str) -> list[str]:
    """The links of a page that lead nowhere."""
    found = []
    for link in LINK.findall(FENCE.sub("", text)):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        path = (ROOT / place).parent / file if file else ROOT / place
        is_here = path.exists() and ROOT in [path.resolve(), *path.resolve().parents]
        if not is_here or (anchor and anchor not in anchors(path.read_text(encoding="utf-8"))):
            found.append(link)
    return found


@pytest.mark.parametrize("place", TEXTS)
def test_every_link_leads_somewhere(place: str) -> None:
    assert broken(place, TEXTS[place]) == []


def test_what_leads_nowhere_is_found() -> None:
    text = (
        "[a](tests/none.md) [b](README.md#none) [c](#words) [d](#none) [e](../shared)\n## Words\n"
    )
    assert broken("README.md", text) == ["tests/none.md", "README.md#none", "#none", "../shared"]
    assert broken("sql/README.md", "[up](../README.md#what-may-i-publish)") == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, ahead = set(), ["README.md"]
    while ahead:
        place = ahead.pop()
        if place in reached or place not in TEXTS:
            continue
        reached.add(place)
        for link in LINK.findall(FENCE.sub("", TEXTS[place])):
            path = (ROOT / place).parent / link.partition("#")[0]
            if path.exists():
                ahead.append(os.path.relpath(path, ROOT))
    assert set(TEXTS) - reached == set()


def test_the_readme_stays_short() -> None:
    assert TEXTS["README.md"].count("\n") <= 240


def test_the_demo_is_shown_as_it_is() -> None:
    """The page's table of editions, and the counts of README, are those that the demo must make."""
    pinned = (ROOT / "tests/cases/demo.txt").read_text("utf-8")
    unions = pinned.split("[unions]\n")[1].split("\n\n")[0]
    lines = [line.split("\t") for line in unions.splitlines()]
    page = TEXTS["relaion/sample/README.md"].replace(",", "")
    table = {tuple(x.split()[:5]) for x in page.splitlines() if x.startswith("research")}
    assert {tuple(line) for line in lines[1:]} == {x for x in table if x[1] != "all"}
    for count in ("2,861", "2,236"):
        assert all(count in TEXTS[page] for page in ("README.md", "relaion/sample/README.md"))


# -- what is to be typed -----------------------------------------------------------------------


def typed(page: str) -> Iterator[str]:
    """The lines of a page's shell blocks, in order; comments and installations left out."""
    for language, block in FENCE.findall(TEXTS[page]):
        if language == "bash" and not INSTALLS.search(block):
            yield from (line for line in block.splitlines() if line.strip())


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


HOSTS, EACH = 300, 4
LISTED = "https://www.site7.example/a/1.jpg"


def rows() -> list[dict[str, Any]]:
    """Many sites that are alike, so that cover finds neighbours for one with a listed link."""
    return [
        {"url": f"https://site{h}.example/a/{i}.jpg", "text": f"picture {i} of {h}",
         "punsafe": 0.5 if h % 30 == 29 else 0.1, "image_md5": md5(f"{h}-{i}")}
        for h in range(HOSTS) for i in range(EACH)
    ]  # fmt: skip


def data(folder: Path) -> None:
    """`data/`, a partner's file and keywords: all that a reader brings along."""
    some = rows()
    for part in range(2):
        write_shard(folder / f"data/part-{part}.parquet", some[part::2])
    (folder / "partner.txt").write_text(f"{LISTED}\n")
    for file in ("august.txt", "august.csv"):
        (folder / file).write_text("https://site9.example/a/2.jpg\n")
    (folder / "words.txt").write_text("badword\n")
    (folder / "links.csv").write_text("url,text\nhttps://site1.example/b.jpg,another\n")


def deliveries(folder: Path) -> None:
    """A file for each that the page on partner files names."""
    data(folder)
    nsrl = '"SHA-1","MD5","CRC32","FileName","FileSize","ProductCode","OpSystemCode","SpecialCode"'
    known = f'"{sha1("good")}","{md5("good")}","00000000","a.gif",10,1,"1",""'
    for file, lines in {
        "iwf-2024-03-26.csv": ["md5", md5("7-1"), md5("8-1")],
        "iwf-2024-04.csv": ["md5", md5("7-1"), md5("9-1")],
        "hrw-links.txt": [LISTED],
        "vics.csv": ["MD5,Category", f"{md5('1-1')},1", f"{md5('2-1')},3"],
        "open.csv": [
            "md5,status",
            f"{md5('3-1')},",
            f"{md5('4-1')},active",
            f"{md5('5-1')},closed",
        ],
        "hashes.csv": ["id,grade,sha1", f"a1,x,{sha1('6')}", f"a2,y,{sha1('7')}"],
        "delivery.txt": [md5("10-1")],
        "NSRLFile.txt": [nsrl, known],
        "sites.txt": ["site20.example"],
        "parts.txt": ["site21.example/a/"],
        "mixed.txt": ["*.site22.example", "site23.example/a/*", "https://site24.example/a/1.jpg"],
        "page1.xml": page("<next>/v2/entries?start=2&amp;size=1&amp;max=2</next>", "71-1"),
        "page2.xml": page("", "72-1"),
        "vics.json": media(1, "74-1"),
        "caid.json": media(8, "75-1"),
    }.items():
        (folder / file).write_text("\n".join([*lines, ""]))
    with zipfile.ZipFile(folder / "june.zip", "w") as archive:
        archive.writestr("hashes.csv", f"md5\n{md5('73-1')}\n")
        archive.writestr("notes.txt", "of June\n")


def media(category: int, name: str) -> list[str]:
    """One medium of Project VIC."""
    return [json.dumps([{"MediaID": 1, "Category": category, "MD5": md5(name)}])]


def page(following: str, name: str) -> list[str]:
    """A page of NCMEC's hash sharing with one image."""
    return [
        '<queryResult xmlns="https://hashsharing.ncmec.org/hashsharing/v2"><images><image><id>',
        f"{name}</id><classification>A1</classification><fingerprints><md5>{md5(name)}</md5>",
        f"</fingerprints></image></images><paging>{following}</paging></queryResult>",
    ]


def stored(folder: Path) -> None:
    """The same with a store, and the hashes of other pictures in a file apart."""
    data(folder)
    run("relaion lists add partner.txt --lists lists.duckdb --source IWF", folder)
    listed = [f"{row['url']}\t{'0' * 64}\t{row['image_md5']}" for row in rows()]
    (folder / "hashes.tsv").write_text("\n".join([*listed, ""]))


def run_page(folder: Path) -> None:
    """With an edition of one's own, and a copy that it is tried on."""
    stored(folder)
    (script,) = [block for language, block in FENCE.findall(TEXTS[RUN]) if language == "sql"]
    (folder / "large.sql").write_text(script)
    write_shard(folder / "my-copy/part.parquet", rows()[:40])


def cleaned(folder: Path) -> None:
    """A finished run."""
    run_page(folder)
    run("relaion clean data/ --lists lists.duckdb --keywords words.txt --out clean/", folder)


def published(folder: Path) -> None:
    """A finished run, and one with cover."""
    cleaned(folder)
    run("relaion clean data/ --lists lists.duckdb --cover 20 --out covered/", folder)


def third(folder: Path) -> None:
    """What a lab holds: a copy in many forms, the old set, and what was published."""
    lab = labs.make(folder)
    lab.copy.rename(folder / "my-copy")
    lab.old.rename(folder / "laion2B-en")
    lab.new.rename(folder / "edition")
    labs.img2dataset_folder(folder / "images")
    (folder / "partner.txt").write_text(f"{labs.rows()[9]['url']}\n")
    run("relaion lists add partner.txt --lists lists.duckdb --source IWF", folder)


RUN = "relaion/run/README.md"
WORLDS: dict[str, Callable[[Path], None]] = {
    "README.md": data,
    "relaion/links/README.md": data,
    "relaion/labs/README.md": third,
    "relaion/lists/README.md": deliveries,
    "relaion/parquet/README.md": stored,
    RUN: run_page,
    "relaion/verifier/README.md": cleaned,
    "sql/queries/README.md": published,
}


def no_listed_link(folder: Path) -> None:
    for edition in ("research", "research-safe"):
        kept = rows_of(folder / "clean", edition)
        assert LISTED not in {row["URL"].replace("//site7", "//www.site7") for row in kept}
        assert len(kept) == HOSTS * EACH - (1 if edition == "research" else HOSTS // 30 * EACH + 1)


def no_listed_sample(folder: Path) -> None:
    """By a list of one's own, in two steps: the listed sample left its tar, and no other did."""
    names = []
    for images in ("images", "my-images"):
        with tarfile.open(folder / images / "00000.tar") as tar:
            names.append({name.partition(".")[0] for name in tar.getnames()})
    assert names[0] - names[1] == {"000000009"} and names[1] <= names[0]


CHECKS = {"README.md": no_listed_link, "relaion/labs/README.md": no_listed_sample}


def run(line: str, folder: Path) -> str:
    """Do a line, by a shell where it needs one; what it prints."""
    if line.startswith("relaion ") and "|" not in line:
        done = here(*shlex.split(line, comments=True)[1:], cwd=folder)
    else:
        ours = 'relaion() { "$PYTHON" -m relaion "$@"; }; python() { "$PYTHON" "$@"; }\n'
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", ours + line],
            env=os.environ | {"PYTHON": sys.executable},
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_pages_with_something_to_type_are_all_tried() -> None:
    with_lines = {page for page in PAGES if list(typed(page))}
    # `test_walks.py` and `test_remote_read.py` do those of their own
    assert with_lines - {".github/CONTRIBUTING.md", "relaion/remote/README.md"} == set(WORLDS)


@pytest.mark.parametrize("page", quickly(2, WORLDS))
def test_what_a_page_says_to_type_runs(page: str, tmp_path: Path) -> None:
    WORLDS[page](tmp_path)
    for line in typed(page):
        if line != "relaion demo":  # `test_demo.py` runs it
            run(line, tmp_path)
    if page in CHECKS:
        CHECKS[page](tmp_path)


def test_what_a_page_says_of_the_library_runs(tmp_path: Path, monkeypatch: Any) -> None:
    data(tmp_path)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    with hands_here():
        for language, block in FENCE.findall(TEXTS["relaion/stages/README.md"]):
            if language == "python":
                exec(block, names)
    assert names["result"].verdict.clean is False  # no scores in some subset, no keywords
    assert names["answer"].rows


def test_no_command_is_shown_that_nothing_tries() -> None:
    """Commands stand in shell blocks, which are run; developers' name tasks and modules."""
    tasks = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["poe"]["tasks"]
    for place, text in TEXTS.items():
        for language, block in FENCE.findall(text):
            if (place, language) == (RUN, "sh"):
                continue  # the scripts of a cluster: `test_parts.py` runs them
            if language not in ("bash", "text"):
                assert not re.search(r"^\s*(\$ )?(python -m )?relaion ", block, re.M), place
        assert set(re.findall(r"`poe ([a-z-]+)", text)) <= set(tasks), place
        for module in re.findall(r"python -m (tests[\w.]*)", text):
            path = ROOT / module.replace(".", "/")
            assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), module


def test_an_extra_is_added_as_the_program_says() -> None:
    said = re.findall(r"pip install '[^']*\[(\w+)\]'", TEXTS["README.md"])
    assert f"pip install 'relaion[{said[0]}]'" in TEXTS["README.md"]
    source = (ROOT / "relaion/reporting/html.py").read_text(encoding="utf-8")
    assert f"run `pip install 'relaion[{said[0]}]'`" in source


@pytest.mark.slow
def test_a_user_installs_as_the_readme_says(tmp_path: Path) -> None:
    """Each line that installs, in a copy of the source, with a home of its own."""
    for part in ("relaion", "sql"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / part, tmp_path / part)
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    env["HOME"] = str(tmp_path / "home")
    blocks = [block for language, block in FENCE.findall(TEXTS["README.md"]) if language == "bash"]
    lines = [x for block in blocks if INSTALLS.search(block) for x in block.splitlines()]
    assert [line.split()[0] for line in lines] == ["python3", "pipx", "uvx"]
    missing = []
    for line in lines:
        program = line.split()[0]
        if shutil.which(program) is None:
            missing.append(program)
            continue
        starts = " && relaion --version" if "venv" in line else ""
        command = line.partition("#")[0] + starts
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=tmp_path, env=env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    if missing:
        pytest.skip(f"no {', '.join(missing)} here; the other lines were tried")
