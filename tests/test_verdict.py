"""The verdict claims no more than was looked at: one sentence for each thing left out.

Each case leaves one thing out of an otherwise whole run; its sentence has to stand in the
verdict of `match`, `clean` and `verify` alike, in the audit, and nowhere else.
"""

import json
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.engine import connect
from relaion.errors import InputError
from relaion.run.audit_file import read_told
from relaion.stages.clean import clean
from relaion.stages.match import match
from relaion.stages.verify import verify
from relaion.verifier.verdict import Verdict
from tests import oracle
from tests.drawn import quickly
from tests.pipeline import InProcess, Sent, add_lists, here

pytestmark = pytest.mark.usefixtures("in_process")

ROWS = 4
MD5S = [oracle.md5(f"image {i}") for i in range(ROWS)]
WHOLE: dict[str, Any] = {
    "url": [f"https://a.example/{i}.jpg" for i in range(ROWS)],
    "text": ["a teapot", "words", None, "more words"],
    "punsafe": [0.1, 0.99, None, 0.2],
    "md5": [MD5S[0], None, MD5S[2], MD5S[3]],
}


@dataclass(frozen=True)
class Case:
    """What is left out: columns changed, entries added, files beside, arguments missing."""

    sentence: str
    columns: dict[str, Any] = field(default_factory=dict)
    entries: tuple[tuple[str, str], ...] = ()
    beside: tuple[str, ...] = ()
    keywords: bool = True
    in_match: bool = True
    labels: tuple[str, ...] = ("csam",)


CASES = {
    "values that are no digest": Case(
        "subset en: column md5: 2 values that are no MD5", {"md5": [MD5S[0], "x", "y", None]}
    ),
    "a second hash column with junk": Case(
        "subset en: column original_md5: 1 values that are no MD5",
        {"original_md5": [None, "junk", "", MD5S[1]]},
    ),
    "scores as text": Case(
        "subset en: column punsafe: string, but safety scores are numbers with a fraction "
        "(float, double or decimal)",
        {"punsafe": ["97 %", "0.99", None, "1"]},
    ),
    "hashes in lists": Case(
        "subset en: column sha1: list<string>, but image SHA-1s are text or bytes; to match them "
        "write them as a column of their own",
        {"sha1": [["a"], None, [], ["b"]]},
    ),
    "hashes inside another column": Case(
        "subset en: column crops: holds what is as long as MD5 (crops[].original_md5) inside, "
        "which are not matched; if they are of images, write a row for each of them (in DuckDB: "
        "unnest(list_transform(crops, lambda x: x.original_md5)))",
        {"crops": [[{"box": [1], "original_md5": MD5S[1]}], None, [], []]},
    ),
    "links in lists": Case(
        "subset en: column image_urls: holds links (image_urls[]) inside, which are not matched; "
        "to match them write a row for each of them (in DuckDB: unnest(image_urls))",
        {"image_urls": [["https://a.example/9.jpg"], None, [], []]},
    ),
    "a link inside a struct": Case(
        "subset en: column image: holds links (image.src) inside, which are not matched; to match "
        "them write a column of them (in DuckDB: image.src)",
        {"image": [{"src": "https://a.example/9.jpg", "alt": "x"}, None, None, None]},
    ),
    "boxes and scores inside another column": Case(
        "", {"faces": [[{"box": [1.0], "name": "x", "url": 1}], None, [], []]}
    ),
    "a rival caption": Case(
        "subset en: column caption: its name says caption too, but text is taken for it",
        {"caption": ["a", "b", "c", "d"]},
    ),
    "a kind without a column": Case(
        "subset en: 4 rows without a column or a sidecar of SHA-1s to hold the lists against",
        entries=(("image_sha1", "0" * 39 + "1"),),
    ),
    "no scores": Case(
        "subset en: 4 rows without a column of scores, which the rules on scores need",
        {"punsafe": None},
        in_match=False,
    ),
    "no captions": Case(
        "subset en: 4 rows without a column of captions, which the rule on keywords needs",
        {"text": None},
        in_match=False,
    ),
    "no keywords": Case(
        "no --keywords given, so the rule that needs them is off", keywords=False, in_match=False
    ),
    "a label that no edition removes": Case(
        "lists labelled optout: no edition uses them, so rows that only they name stay",
        labels=("csam", "optout"),
        in_match=False,
    ),
    "one tar": Case("00000.tar (beside the shards, not cleaned)", beside=("00000.tar",)),
    "three tars": Case(
        "00000.tar and 2 more (beside the shards, not cleaned)",
        beside=("00001.tar", "00000.tar", "00000_stats.json"),
    ),
    "nothing": Case(""),
    "a shard by a hidden name": Case(
        "_p.parquet (beside the shards, not cleaned)", beside=("_p.parquet", "._p.parquet")
    ),
    "a shard in a hidden folder": Case(
        ".old (beside the shards, not cleaned)",
        beside=(".old/a/p.parquet", "_empty/x", ".git/p.parquet"),
    ),
    "hidden files": Case("", beside=(".hidden.tar", "_SUCCESS", ".p.parquet.crc", "p.parquet.crc")),
}


# of one subset alone: these are told apart by its name, so one run has them all
OF_A_SUBSET = {
    name: case
    for name, case in CASES.items()
    if case.columns and case.keywords and not case.entries and not case.beside
}
OF_A_RUN = [name for name in CASES if name not in OF_A_SUBSET]
IMPLIED = {"scores as text": "no scores"}


def make(folder: Path, case: Case) -> tuple[Path, Path, Path | None]:
    data = folder / "en"
    write(data, case)
    for name in case.beside:
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        is_shard = name.endswith(".parquet") and not name.startswith("._")
        held = (data / "p.parquet").read_bytes() if is_shard else b"pictures"
        (data / name).write_bytes(held)
    entries = (("image_md5", MD5S[0]), *case.entries)
    add_lists(folder / "lists.duckdb", [Sent(entries, label) for label in case.labels])
    words = None
    if case.keywords:
        words = folder / "words.txt"
        words.write_text("teapot\n")
    return data, folder / "lists.duckdb", words


def write(data: Path, case: Case) -> None:
    columns = {k: v for k, v in (WHOLE | case.columns).items() if v is not None}
    data.mkdir(parents=True)
    pq.write_table(pa.table(columns), data / "p.parquet")


def said_by_all(
    data: Path, lists: Path, words: Path | None, out: Path
) -> tuple[set[str], set[str], Verdict]:
    """What `clean`, `verify` and the audit say alike, what `match` says, and a second verdict."""
    done = clean([data], lists, out, keywords=words, executor=InProcess())
    assert done.verdict is not None
    assert done.verdict.ok, done.verdict.findings
    told = {x.sentence for x in done.not_looked_at}
    assert set(done.verdict.not_looked_at) == told
    again = verify(out, inputs=[data], lists=lists, keywords=words)
    assert set(again.not_looked_at) == told
    assert again.clean == done.verdict.clean == (not told)
    seen = {x.sentence for x in match([data], lists).not_looked_at}
    assert seen <= told
    assert len(read_told(out).not_looked_at) == len(told)
    return told, seen, again


@pytest.mark.slow
def test_what_a_subset_leaves_out_is_said_of_it_and_nothing_else(tmp_path: Path) -> None:
    """A subset for each case."""
    _, lists, words = make(tmp_path, CASES["nothing"])
    wanted: set[str] = set()
    seen_too: set[str] = set()
    for name, case in OF_A_SUBSET.items():
        subset = name.replace(" ", "-")
        write(tmp_path / "data" / subset, case)
        for c in (case, CASES.get(IMPLIED.get(name, ""), case)):
            sentence = c.sentence.replace("subset en:", f"subset {subset}:")
            wanted |= {sentence} - {""}
            seen_too |= {sentence} - {""} if c.in_match else set()
    told, seen, again = said_by_all(tmp_path / "data", lists, words, tmp_path / "out")
    assert told == wanted
    assert seen == seen_too
    assert "clean as far as it was looked at" in again.summary
    assert "clean;" not in again.summary


LIKE_OTHERS = ("one tar", "three tars", "a shard in a hidden folder", "hidden files")


@pytest.mark.parametrize(
    "name",
    quickly(
        1, [pytest.param(x, marks=pytest.mark.slow if x in LIKE_OTHERS else ()) for x in OF_A_RUN]
    ),
)
def test_what_is_left_out_is_said_and_nothing_else(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    data, lists, words = make(tmp_path, case)
    out = tmp_path / "out"
    told, seen, again = said_by_all(data, lists, words, out)
    assert told == {case.sentence} - {""}
    if case.beside:  # what lies beside shards may be a partner's file
        assert "tar" not in str(read_told(out).not_looked_at)
    if not case.sentence:
        assert again.summary == f"{out}: clean; every promise was checked and held"
        return
    assert (case.sentence in seen) is case.in_match
    assert "clean as far as it was looked at" in again.summary
    assert "clean;" not in again.summary


@pytest.mark.parametrize(
    "name",
    ["no scores", *(pytest.param(x, marks=pytest.mark.slow) for x in ("nothing", "one tar"))],
)
def test_strict_makes_it_an_exit_code(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    data, lists, words = make(tmp_path, case)
    out = tmp_path / "out"
    assert words is not None
    given = ("--lists", lists, "--keywords", words)
    runs = {
        "match": here("match", data, "--lists", lists, "--strict"),
        "clean": here("clean", data, *given, "--out", out, "--strict"),
        "verify": here("verify", out, "--inputs", data, *given, "--strict"),
    }
    for stage, said in runs.items():
        wrong = bool(case.sentence) and (case.in_match or stage != "match")
        assert said.returncode == int(wrong), (stage, said.stderr)
        assert (case.sentence in said.stdout) is wrong or not case.sentence
        assert ("not looked at:" in said.stdout) is wrong
        assert ("relaion: --strict: not everything was looked at" in said.stderr) is wrong
    lax = here("verify", out, "--inputs", data, *given, "--json")
    assert lax.returncode == 0
    verdict = json.loads(lax.stdout)
    assert verdict["not_looked_at"] == ([case.sentence] if case.sentence else [])


@pytest.mark.slow
def test_a_missing_argument_of_verify_is_said(tmp_path: Path) -> None:
    data, lists, words = make(tmp_path, CASES["nothing"])
    out = tmp_path / "out"
    clean([data], lists, out, keywords=words, verify=False, executor=InProcess())
    given: dict[str, Any] = {"lists": lists, "keywords": words, "inputs": [data]}
    for missing in given:
        verdict = verify(out, **{name: value for name, value in given.items() if name != missing})
        assert verdict.ok
        assert not verdict.clean
        said = verdict.summary.partition(": ")[2]
        assert said.startswith("not checked: 1a") is (missing == "lists")
        assert said.startswith("clean as far as it was looked at; ") is (missing != "lists")
        assert "not checked: " in said or "held in part: " in said
        assert any(missing.rstrip("s") in o.why for o in verdict.outcomes)
        assert len(said) < 120


@pytest.mark.slow
def test_a_null_is_coverage_and_takes_nothing_from_clean(tmp_path: Path) -> None:
    case = Case("", {"md5": pa.nulls(ROWS, pa.string()), "punsafe": [float("nan")] * ROWS})
    data, lists, words = make(tmp_path, case)
    done = clean([data], lists, tmp_path / "out", keywords=words, executor=InProcess())
    assert done.verdict is not None
    assert done.verdict.clean
    with connect(tmp_path / "out" / "audit.duckdb", read_only=True) as engine:
        covered = dict(engine.rows("select role, covered from coverage where via = 'column'"))
    assert covered["image_md5"] == covered["punsafe"] == 0
    assert covered["url"] == ROWS


@pytest.mark.slow
def test_a_run_without_verify_says_it_too(tmp_path: Path) -> None:
    data, lists, words = make(tmp_path, CASES["no scores"])
    assert words is not None
    said = here(
        "clean", data, "--lists", lists, "--keywords", words, "--out", tmp_path / "out",
        "--no-verify",
    )  # fmt: skip
    assert said.returncode == 0
    assert CASES["no scores"].sentence in said.stdout
    check = f"to check it: relaion verify {tmp_path / 'out'} --inputs {data} --lists {lists} "
    check += f"--keywords {words}"
    known = "its audit names 1 thing that was not looked at, as told above"
    first = f"{tmp_path / 'out'}: finished; it was not checked; {known}"
    lines = said.stdout.splitlines()
    assert lines[lines.index(first) + 1] == check
    assert "clean" not in said.stdout.replace("relaion clean", "")
    given = (
        "clean", data, "--lists", lists, "--keywords", words, "--out", tmp_path / "out",
        "--no-verify",
    )  # fmt: skip
    again = here(*given)
    assert CASES["no scores"].sentence in again.stdout
    sentence = (
        f"{tmp_path / 'out'}: this run was finished before, so nothing was done or checked "
        f"now; {known}"
    )
    lines = again.stdout.splitlines()
    assert lines[lines.index(sentence) + 1] == check
    told = json.loads(here(*given, "--json").stdout)
    assert (told["done_before"], told["verdict"], told["summary"]) == (
        True, None, f"{sentence}; {check}",
    )  # fmt: skip
    assert here(*shlex.split(check.partition("relaion ")[2])).returncode == 0


@pytest.mark.slow
def test_a_finished_run_that_left_nothing_out_claims_nothing_more(tmp_path: Path) -> None:
    data, lists, words = make(tmp_path, CASES["nothing"])
    assert words is not None
    given = ("clean", data, "--lists", lists, "--keywords", words, "--out", tmp_path / "o u t")
    told = json.loads(here(*given, "--json").stdout)
    assert told["summary"] == f"{tmp_path / 'o u t'}: clean; every promise was checked and held"
    again = here(*given)
    lines = again.stdout.splitlines()
    (n,) = (n for n, line in enumerate(lines) if "finished before" in line)
    line, check = lines[n : n + 2]
    assert line.endswith("its audit names nothing that was not looked at")
    assert check.startswith("to check it: relaion verify '")
    assert "every promise" not in again.stdout


def test_a_run_whose_check_did_not_come_to_its_end_is_checked_when_repeated(tmp_path: Path) -> None:
    data, lists, words = make(tmp_path, CASES["nothing"])
    assert words is not None
    given = ("clean", data, "--lists", lists, "--keywords", words, "--out", tmp_path / "out")
    here(*given, "--no-verify")
    shard = next((tmp_path / "out/research").rglob("*.parquet"))
    whole = shard.read_bytes()
    shard.unlink()  # it may be a link of the input
    shard.write_bytes(whole[:-1] + b"?")
    broken = here(*given)
    assert broken.returncode == 1, broken.stdout
    shard.write_bytes(whole)
    told = json.loads(here(*given, "--json").stdout)
    assert told["done_before"]
    assert told["summary"] == f"{tmp_path / 'out'}: clean; every promise was checked and held"
    assert "nothing was done or checked" in here(*given).stdout  # it held: nothing is left to do


def test_a_folder_that_no_run_made_is_refused_with_the_way_out(tmp_path: Path) -> None:
    """It is no broken output; one that lost its manifest still has the audit, and is one."""
    research = tmp_path / "out/research"
    research.mkdir(parents=True)
    with pytest.raises(
        InputError, match="so `clean` did not write it; name the OUT of a finished run"
    ):
        verify(research)
    (tmp_path / "out/manifest.json").write_text("{}")
    with pytest.raises(InputError, match=f"it lies inside one: name {tmp_path / 'out'}"):
        verify(research)
    (research / ".work").mkdir()
    with pytest.raises(InputError, match="its run was interrupted; repeat the command that"):
        verify(research)
    (research / "audit.duckdb").symlink_to("nowhere")
    assert not verify(research).ok
