"""Nearly every format that partners and tools use: all of what is listed, or a refusal; never more.

What each file of ../shared/data/lists holds, and what in it must never become an entry, stands in
truth.json beside them. Then the same files changed in ways that change nothing of what they say.
"""

import codecs
import csv
import gzip
import io
import random
import re
import zlib
from collections.abc import Callable, Sequence

import pytest

from relaion.links import key_digest, link_key
from tests.list_samples import CHOSEN, SAMPLES, TRUTH, Outcome, Sample, read_list

pytestmark = pytest.mark.skipif(not TRUTH, reason="../shared/data/lists is not here")

# -- The files as they are ---------------------------------------------------------------------

_CHOICE = "a choice must be made first: "
REFUSED = {
    "google_removal_dmca.csv": _CHOICE + "`removed` beside `rejected` answers requests (point 3)",
    "iped.csv": _CHOICE + "numbers of categories mean another thing to every giver (point 3)",
    "hosts.txt": _CHOICE + "rules for hosts need --scope host (point 5)",
    "optout_domains.csv": _CHOICE + "a host stands for all that is there: --scope host (point 5)",
    "optout_domains.txt": _CHOICE + "a host stands for all that is there: --scope host (point 5)",
    "vics_export.csv": _CHOICE + "numbers of categories (point 3); read with --where",
    "vics13_media.json": _CHOICE + "numbers of categories; read with --where",
    "vics13_media_pretty.json": _CHOICE + "numbers of categories; read with --where",
    "vics20_media.json": _CHOICE + "numbers of categories; read with --where",
    "vics_array.json": _CHOICE + "numbers of categories; read with --where",
    "misp_text_export.txt": "a text of MISP has lost its types (point 3)",
    "stix21_patterns.txt": _CHOICE + "patterns alone cannot say what was revoked (point 1)",
}
"""Samples in text, tables and JSON that hold entries and are not read, each with the reason."""

_TEXTS = (".txt", ".csv", ".tsv", ".json", ".jsonl", ".js", ".yaml")

MORE = {
    "iwf_cp1252_url.csv": "each link that is no UTF-8 enters in a second spelling",
    "rpz_scope.zone": "the rule for what is below the host is a rule of its own",
    "sophos_like2.csv": "a row whose type is url lists that link",
    "url_hash_generic.csv": "a digest of the link beside it is a digest of a link",
}
"""Samples that bring entries which the truth does not name, and rightly."""

LESS = {
    "laion_hash_kind.csv": "the row hash of an empty row is a placeholder",
    "misp_export.csv": "the digest of the event's object is not in the table",
}


def _ids(samples: dict[str, Sample]) -> list[Sample]:
    return [pytest.param(sample, id=name) for name, sample in samples.items()]  # type: ignore[misc]


@pytest.mark.parametrize("sample", _ids(SAMPLES))
def test_all_that_is_listed_or_a_refusal(sample: Sample) -> None:
    _all_or_nothing(sample, sample.read())


@pytest.mark.parametrize("sample", _ids(CHOSEN))
def test_what_a_choice_leaves(sample: Sample) -> None:
    _all_or_nothing(sample, sample.read())


def _all_or_nothing(sample: Sample, outcome: Outcome) -> None:
    if outcome.refused is not None:
        assert "\n" not in outcome.refused
        return
    if sample.is_undecidable and outcome.entries & sample.bad:
        assert any("nothing in the file says of what" in notice for notice in outcome.notices)
        return
    assert not outcome.entries & sample.bad
    lost, more = sample.good - outcome.entries, outcome.entries - sample.good
    assert not lost or sample.name in LESS
    assert not more or sample.name in MORE


@pytest.mark.parametrize("name", [n for n in TRUTH if n.endswith(_TEXTS) and TRUTH[n]["good"]])
def test_texts_are_read_but_those_named(name: str) -> None:
    outcome = SAMPLES[name].read()
    assert (outcome.refused is not None) == (name in REFUSED), outcome.refused


BOXES = {
    "list.zip": None, "list.txt.gz_junk.gz": None, "list.parquet": None, "spawning.parquet": None,
    "list.xlsx": None, "list.arrow": "it is empty", "list.tar": "tar xf", "list.tar.gz": "tar xf",
    "list.Z": "uncompress", "list.gpg": "gpg --decrypt", "autopsy.kdb": "--role good",
    "rdsv3.db": "--role good", "rdsv3_delta.sql": "--role good",
}  # fmt: skip
"""Samples in containers and tables that are no text; of those refused what the error says."""


@pytest.mark.parametrize("name", BOXES)
def test_containers_are_read_or_refused_with_what_to_do(name: str) -> None:
    outcome, said = SAMPLES[name].read(), BOXES[name]
    if said is None:
        assert outcome.entries == SAMPLES[name].good
    elif name == "list.arrow":  # which the store refuses as empty
        assert outcome.entries == frozenset()
    else:
        assert said in (outcome.refused or "")


@pytest.mark.parametrize("name", CHOSEN)
def test_a_choice_is_enough(name: str) -> None:
    assert CHOSEN[name].read().refused is None


# -- The files changed where nothing of their meaning is ----------------------------------------

WRITTEN = {**SAMPLES, **{f"{name} chosen": s for name, s in CHOSEN.items()}}
Rows = list[list[str]]


def _rows(sample: Sample) -> tuple[Rows, str] | None:
    """A sample as the rows of a table, where its rows are all of one width."""
    text = sample.data.decode("utf-8", "surrogateescape")
    for delimiter in ",;\t|":
        try:
            rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
        except csv.Error:
            continue
        if len(rows) > 1 and len({len(row) for row in rows}) == 1 and len(rows[0]) > 1:
            return rows, delimiter
    return None


def _written(rows: Sequence[Sequence[str]], delimiter: str, quoting: int = 0) -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator="\n").writerows(rows)  # type: ignore[arg-type]
    return out.getvalue().encode("utf-8", "surrogateescape")


def _shuffled(rows: Rows, seed: int) -> Rows:
    places = [*range(len(rows[0]))]
    random.Random(seed).shuffle(places)
    return [[row[i] for i in places] for row in rows]


def _in_utf16(data: bytes, encoding: str, mark: bytes) -> bytes | None:
    try:
        return mark + data.decode("utf-8").encode(encoding)
    except UnicodeDecodeError:
        return None


_BASE64 = r"[A-Za-z0-9+/]{22}==|[A-Za-z0-9+/]{27}="


def _cased(sample: Sample, change: Callable[[str], str]) -> bytes | None:
    """All of a text in one case; links and base64 mean another thing then."""
    text = sample.data.decode("utf-8", "surrogateescape")
    keeps = "://" in text or re.search(rf"{_BASE64}|\w\.\w\w", text)
    return None if keeps or "b64" in sample.name or "b32" in sample.name else sample.changed(change)


def _hex_upper(text: str) -> str:
    return re.sub(r"(?<![\w/+])[0-9a-f]{32,64}(?![\w/+=])", lambda found: found[0].upper(), text)


WHOLE: dict[str, Callable[[Sample], bytes | None]] = {
    "bom": lambda s: codecs.BOM_UTF8 + s.data,
    "utf-16-le": lambda s: _in_utf16(s.data, "utf-16-le", codecs.BOM_UTF16_LE),
    "utf-16-be": lambda s: _in_utf16(s.data, "utf-16-be", codecs.BOM_UTF16_BE),
    "crlf": lambda s: s.data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
    "cr": lambda s: s.data.replace(b"\r\n", b"\n").replace(b"\n", b"\r"),
    "gzip": lambda s: gzip.compress(s.data),
    "blank lines behind": lambda s: s.data + b"\n\n\n",
    "blank lines before": lambda s: b"\n\n" + s.data,
    "no last line break": lambda s: s.data.rstrip(b"\r\n"),
    "a title": lambda s: b"List of June, our export\n" + s.data,
    "a title and a blank line": lambda s: b"Hash list 2024-06\n\n" + s.data,
    "a comment": lambda s: b"# a comment\n" + s.data,
    "upper case": lambda s: _cased(s, str.upper),
    "lower case": lambda s: _cased(s, str.lower),
    "digests in upper case": lambda s: s.changed(_hex_upper),
}
NAMED: dict[str, Callable[[Rows, str], bytes]] = {
    "names in upper case": lambda r, d: _written([[*map(str.upper, r[0])], *r[1:]], d),
    "names in lower case": lambda r, d: _written([[*map(str.lower, r[0])], *r[1:]], d),
    "names in title case": lambda r, d: _written([[*map(str.title, r[0])], *r[1:]], d),
    "names with blanks": lambda r, d: _written(
        [[f" {name.replace('_', ' ')} " for name in r[0]], *r[1:]], d
    ),
    "words in upper case": lambda r, d: _written(
        [r[0], *([c.upper() if re.fullmatch(r"[A-Za-z_ -]{2,20}", c) else c for c in row]
                 for row in r[1:])], d),
}  # fmt: skip
TABLES: dict[str, Callable[[Rows, str], bytes]] = {
    "columns reversed": lambda r, d: _written([row[::-1] for row in r], d),
    "columns shuffled": lambda r, d: _written(_shuffled(r, 1), d),
    "columns shuffled again": lambda r, d: _written(_shuffled(r, 2), d),
    "all cells quoted": lambda r, d: _written(r, d, csv.QUOTE_ALL),
    "divided by tabs": lambda r, d: _written(r, "\t"),
    "divided by semicolons": lambda r, d: _written(r, ";"),
    "divided by commas": lambda r, d: _written(r, ","),
    "divided by pipes": lambda r, d: _written(r, "|"),
    "sep=": lambda r, d: f"sep={d}\n".encode() + _written(r, d),
    "an empty column": lambda r, d: _written([[*row, ""] for row in r], d),
}
WITHOUT_NAMES = ("cc_urls.tsv", "uid_hex_bad_nohdr.csv", "iwf_one_named.csv", "excel_damaged.csv")
_BINARY = (".Z", ".tar", ".gz", ".gpg", ".xlsx", ".zip", ".parquet", ".arrow", ".db", ".kdb")


def _changed(sample: Sample) -> dict[str, bytes]:
    found = {how: change(sample) for how, change in WHOLE.items()}
    if (table := _rows(sample)) and not sample.name.endswith((".json", ".jsonl")):
        changes = TABLES | (NAMED if sample.name not in WITHOUT_NAMES else {})
        found |= {how: change(*table) for how, change in changes.items()}
    return {how: data for how, data in found.items() if data is not None and data != sample.data}


# what nobody sees, and what every program does, refuses no file that was read
PLAIN = {
    "bom", "crlf", "gzip", "blank lines behind", "no last line break", "digests in upper case",
    "names in upper case", "columns reversed", "all cells quoted", "divided by semicolons",
    "an empty column", "sep=",
}  # fmt: skip
MAY_REFUSE = {("nul.txt", "blank lines behind")}


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "sample", _ids({n: s for n, s in SAMPLES.items() if not n.endswith(_BINARY)} | CHOSEN)
)
def test_how_it_is_written_changes_no_entry(sample: Sample, every: bool) -> None:
    """In each way; or in every tenth, others of each sample."""
    before = sample.read()
    right = sample.good if before.refused else before.entries
    changed = [*_changed(sample).items()]
    for how, data in changed if every else changed[zlib.crc32(sample.name.encode()) % 10 :: 10]:
        outcome = sample.read(data)
        if outcome.refused is None:
            assert outcome.entries == right, f"{how}: {outcome.notices} {outcome.skipped}"
            assert sample.is_undecidable or not outcome.entries & sample.bad, how
        elif how in PLAIN and (sample.name, how) not in MAY_REFUSE:
            assert before.refused, f"{how}: {outcome.refused}"


# -- The files cut off -------------------------------------------------------------------------

_HALF = "if it was cut off, the last entry is half of one"
_WHOLE_KINDS = ("image_md5", "image_sha1", "image_sha256", "url_md5", "url_sha1", "url_sha256")


def _faults_of_cuts(sample: Sample, places: Sequence[int]) -> list[str]:
    """Where a file that ends early brings what it must not.

    Half a link may be another link, and no reader can see that: the last line of a file that has
    no end may bring one entry that the whole file has not, and a notice says so. Half a digest
    brings one only as the first of its file.
    """
    whole, faults = sample.read(), []
    right = whole.entries
    for at in places if whole.refused is None else ():
        outcome = sample.read(sample.data[:at])
        more = outcome.entries - right
        if more & sample.bad and not sample.is_undecidable:
            faults.append(f"{at}: what must never enter")
        if not more:
            continue
        is_told = any(_HALF in notice for notice in outcome.notices)
        is_first = outcome.found is not None and outcome.found.tally.records == 1
        is_half_link = all(kind not in _WHOLE_KINDS for kind, _ in more)
        if not is_told or len(more) > 2 or not (is_first or is_half_link):
            faults.append(f"{at}: {sorted(kind for kind, _ in more)} {outcome.notices}")
    return faults


@pytest.mark.parametrize("sample", _ids(WRITTEN))
def test_a_file_that_is_cut_brings_no_more(sample: Sample) -> None:
    rng = random.Random(sample.name)
    assert _faults_of_cuts(sample, sorted(rng.sample(range(len(sample.data)), 2))) == []


@pytest.mark.slow
@pytest.mark.parametrize("sample", _ids(WRITTEN))
def test_a_file_that_is_cut_anywhere_brings_no_more(sample: Sample) -> None:
    assert _faults_of_cuts(sample, range(len(sample.data))) == []


def test_half_a_digest_is_none_where_others_are_whole() -> None:
    whole = [f"{i:02x}" * 32 for i in range(18, 22)]
    for half in ("ab1d" * 8, "ab1d" * 10, "ab1d" * 7):
        outcome = read_list("\n".join([*whole, half]).encode(), "list.txt")
        assert outcome.entries == {("image_sha256", digest) for digest in whole}
        assert outcome.skipped == {"perhaps cut off at the end of the file": 1}


def test_the_last_of_whole_digests_is_an_entry_without_a_line_break() -> None:
    outcome = read_list("\n".join("0123456789abcdef" + f"{i:016x}" for i in range(9)).encode(), "l")
    assert len(outcome.entries) == 9
    assert not any(_HALF in notice for notice in outcome.notices)


def test_a_last_link_without_a_line_break_is_an_entry_and_told() -> None:
    outcome = read_list(
        b"https://pictures.example/one.jpg\nhttps://pictures.example/tw", "list.txt"
    )
    assert ("url", key_digest(link_key("https://pictures.example/tw"))) in outcome.entries
    assert any(_HALF in notice for notice in outcome.notices)


def test_half_a_name_does_not_make_a_picture_of_a_video() -> None:
    line = "0123456789abcdef0123456789abcd{:02x}  {}"
    text = "\n".join(line.format(i, "a.jpg") for i in range(8)) + "\n" + line.format(9, "b.mp")
    outcome = read_list(text.encode(), "list.md5")
    assert len(outcome.entries) == 8


def test_a_row_before_its_remark_is_no_entry() -> None:
    rows = [f"0123456789abcdef0123456789abcd{i:02x},1,ok" for i in range(8)]
    rows += ["0123456789abcdef0123456789abcd10,1,false positive"]
    text = "md5,nr,remarks\n" + "\n".join(rows) + "\n0123456789abcdef0123456789abcd11,1"
    assert "ends within a row" in (read_list(text.encode(), "list.csv").refused or "")
    kept = read_list((text + ",ok\n").encode(), "list.csv")
    assert len(kept.entries) == 9
