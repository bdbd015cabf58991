"""The demo's data: published counts, real proportions, the same bytes for the same seed.

The oracle below reads the partners' files and the shards by plain Python and sets.
"""

import csv
import gzip
import hashlib
import math
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import mmh3
import pyarrow.parquet as pq
import pytest

from relaion.errors import InputError, OutputError
from relaion.links import entry_fault, link_key
from relaion.sample import DemoDelivery, DemoSet, build, make
from relaion.sample.words import KEYWORDS
from tests.drawn import quickly

EN, MULTI, NOLANG = "laion2B-en", "laion2B-multi", "laion1B-nolang"
SUBSETS = (EN, MULTI, NOLANG)
SMALLEST = 2_995
PUBLISHED = {
    ("IWF", "2024-02-22", None): (6, 1, 4),
    ("C3P", "2024-03-20", None): (459, 390, 280),
    ("IWF", "2024-03-26", None): (9, 3, 5),
    ("IWF", "2024-03-26", "url_md5"): (1, 0, 0),
    ("Stanford", "2024-04-24", None): (788, 487, 439),
}
RESERVED = re.compile(r"(?:.+\.)?(?:example|test|example\.(?:com|net|org))")


@dataclass(frozen=True)
class Row:
    subset: str
    number: int
    url: str | None
    text: str | None
    punsafe: float | None
    row_hash: int
    md5: str | None
    sha1: str | None
    language: str | None

    @cached_property
    def key(self) -> str | None:
        return None if self.url is None else link_key(self.url)


def read_rows(made: DemoSet) -> list[Row]:
    rows = []
    beside = {
        row["hash"]: row
        for path in made.sidecars.rglob("*.parquet")
        for row in pq.read_table(path).to_pylist()
    }
    for subset in SUBSETS:
        number = 0
        for shard in sorted((made.data / subset).iterdir()):
            for row in pq.read_table(shard).to_pylist():
                low = {name.lower(): value for name, value in row.items()}
                text = low["caption"] if subset == MULTI else low["text"]
                if subset == NOLANG:
                    low["hash"] = mmh3.hash64((low["url"] or "") + (text or ""))[0]
                    low |= {"md5": None, "sha1": None} | beside.get(low["hash"], {})
                values = (
                    low["url"], text, low.get("punsafe"), low["hash"], low["md5"], low["sha1"],
                )  # fmt: skip
                rows.append(Row(subset, number, *values, low.get("language")))
                number += 1
    return rows


def read_entries(delivery: DemoDelivery) -> list[str]:
    entries = []
    for path in delivery.files:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig")
        if path.suffix in (".xml", ".json", ".jsonl"):
            entries += re.findall('(?:>|"md5": "|"SHA1": ")([0-9A-Fa-f]{32,40})[<"]', text)
            continue
        lines = [line for line in text.splitlines() if not line.startswith("#")]
        if ".csv" in path.name:
            delimiter = ";" if ";" in lines[0] else ","
            rows = [row for row in csv.reader(lines, delimiter=delimiter) if row[0] != "remove"]
            lines = [row[row[0] in ("action", "add")] for row in rows]
        entries += lines[1:] if lines[0] in ("md5", "sha1", "SHA-1", "url") else lines
    return entries


def hits(delivery: DemoDelivery, rows: list[Row]) -> list[Row]:
    entries = read_entries(delivery)
    if delivery.kind == "url_md5":
        listed = {entry.lower() for entry in entries}
        return [r for r in rows if r.url and hashlib.md5(r.url.encode()).hexdigest() in listed]
    if len(entries[0]) == 32:
        listed = {entry.lower() for entry in entries}
        return [r for r in rows if r.md5 and r.md5.lower() in listed]
    if len(entries[0]) == 40:
        listed = {entry.lower() for entry in entries}
        return [r for r in rows if r.sha1 and r.sha1.lower() in listed]
    listed = {link_key(entry) for entry in entries}
    return [r for r in rows if r.key in listed]


def by_subset(rows: list[Row]) -> tuple[int, ...]:
    counts = Counter(row.subset for row in rows)
    return tuple(counts[subset] for subset in SUBSETS)


class Audit:
    """What plain Python finds in one demo."""

    def __init__(self, made: DemoSet) -> None:
        self.made = made
        self.rows = read_rows(made)
        self.hits = [(d, hits(d, self.rows)) for d in made.deliveries]

    def ids(self, *sources: str) -> set[tuple[str, int]]:
        return {(r.subset, r.number) for d, rows in self.hits if d.source in sources for r in rows}

    def of(self, title: str) -> list[Row]:
        return next(rows for d, rows in self.hits if title in d.title)


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    return Audit(make(tmp_path_factory.mktemp("demo"), rows=60_000))


def check_protocol(audit: Audit) -> None:
    found = {
        (d.source, d.received.isoformat(), d.kind): by_subset(rows)
        for d, rows in audit.hits
        if d.label == "csam" and not (d.updates or d.role)
    }
    assert found == PUBLISHED
    unions = [len(audit.ids(source)) for source in ("IWF", "C3P", "Stanford")]
    assert unions == [18, 1_129, 1_714]
    assert sum(unions) == 2_861
    assert len(audit.ids("IWF", "C3P", "Stanford")) == 2_236
    assert len(audit.ids("HRW")) == 399
    assert not audit.ids("HRW") & audit.ids("IWF", "C3P", "Stanford")


def test_published_protocol(audit: Audit) -> None:
    check_protocol(audit)
    files = [path for d, _ in audit.hits for path in d.files]
    assert {"".join(path.suffixes) for path in files} == {
        ".xml", ".json", ".jsonl", ".csv.gz", ".csv", ".txt",
    }  # fmt: skip
    assert {d.label for d, _ in audit.hits if d.source == "HRW"} == {"privacy"}


@pytest.mark.parametrize("seed", quickly(1, [0, 5]))
def test_protocol_in_the_smallest_demo(tmp_path: Path, seed: int) -> None:
    check_protocol(Audit(make(tmp_path, rows=SMALLEST, seed=seed)))


@pytest.mark.slow
def test_protocol_does_not_depend_on_block_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "_BLOCK", 700)
    made = make(tmp_path, rows=20_000)
    audit = Audit(made)
    check_protocol(audit)
    md5s = [r.md5 for r in audit.rows if r.md5]
    assert len(set(md5s)) > 0.99 * len(md5s)  # no block repeats another
    shard = next((made.data / EN).iterdir())
    assert pq.ParquetFile(shard).num_row_groups == 3


def test_second_iwf_list_contains_the_first(audit: Audit) -> None:
    first, second, *_ = (set(read_entries(d)) for d, _ in audit.hits if d.source == "IWF")
    assert first < second
    assert (len(first), len(second)) == (15_010, 22_015)


def test_sizes_of_lists(audit: Audit) -> None:
    sizes = {d.title: len(read_entries(d)) for d, _ in audit.hits}
    assert sizes == {
        "IWF image hashes, first list": 15_010,
        "C3P image hashes": 141_118,  # one of them until the update takes it back
        "IWF image hashes, second list": 22_015,
        "IWF link hashes": 100,
        "Stanford image hashes": 3_206,
        "Stanford image hashes, validated": 1_008,
        "HRW links to private pictures": 399,
        "C3P image hashes, update": 1,
        "Known-good placeholder pictures": 40,
    }
    for d, _ in audit.hits:
        entries = read_entries(d)
        assert len({entry.lower() for entry in entries}) == len(entries)


@pytest.mark.slow
def test_an_update_and_a_known_good_list_name_no_row(audit: Audit) -> None:
    found = [(d, rows) for d, rows in audit.hits if d.updates or d.role]
    assert [(d.source, d.updates, d.role, rows) for d, rows in found] == [
        ("C3P", "C3P image hashes", None, []),
        ("NSRL", None, "good", []),
    ]
    (update, _), (good, _) = found
    lines = update.files[0].read_text().splitlines()
    actions = {verb: md5 for verb, md5 in (line.split(",") for line in lines[1:])}
    before = {e.lower() for d, _ in audit.hits for e in read_entries(d) if d is not update}
    assert actions["remove"] in before and actions["add"] not in before
    assert actions["remove"] not in {r.md5.lower() for r in audit.rows if r.md5}
    rows = [*csv.DictReader(good.files[0].read_text().splitlines())]
    known = {row[name].lower() for row in rows for name in ("SHA-1", "MD5")}
    mistaken = {d.title: known & {e.lower() for e in read_entries(d)} for d, _ in audit.hits}
    counts = {title: len(entries) for title, entries in mistaken.items() if entries}
    assert counts == {"Stanford image hashes": 1, good.title: 40}


def test_validated_rows_are_in_the_list_that_removes(audit: Audit) -> None:
    validated, listed = audit.of("validated"), audit.of("Stanford image hashes")
    assert len(validated) == 1_008
    assert set(validated) <= set(listed)
    assert {d.label for d in audit.made.deliveries if "validated" in d.title} == {"validated"}


def test_same_link_rows(audit: Audit) -> None:
    named = [r for d, rows in audit.hits if d.source != "HRW" for r in rows]
    links = {r.url for r in named}
    ids = audit.ids("IWF", "C3P", "Stanford", "HRW")
    keys = Counter(r.key for r in {(r.subset, r.number): r for r in named}.values())
    others = [r for r in audit.rows if r.key in keys and (r.subset, r.number) not in ids]
    assert by_subset(others) == (10, 9, 5)
    assert all(r.md5 is None and r.sha1 is None and r.url not in links for r in others)
    # one row each, and no two planted rows share a link: nothing else is found by accident
    assert set(Counter(r.key for r in others).values()) == {1}
    assert set(keys.values()) == {1}
    ways = (r"&amp;", r"/$", r"^https?:")
    assert all(any(re.search(way, r.url or "") for r in others) for way in ways)


def test_privacy_links_need_a_link_key(audit: Audit) -> None:
    entries = [e for d, _ in audit.hits if d.source == "HRW" for e in read_entries(d)]
    assert not [fault for fault in map(entry_fault, entries) if fault]
    raw = {r.url for r in audit.rows}
    assert 50 < sum(entry in raw for entry in entries) < 150
    assert len({row.key for row in audit.of("HRW")}) == 399


def test_expected_says_what_the_oracle_finds(audit: Audit) -> None:
    expected = audit.made.expected
    for d, rows in audit.hits:
        assert tuple(expected.protocol[d.title][s] for s in SUBSETS) == by_subset(rows)
    assert {s: len(audit.ids(s)) for s in expected.sources} == expected.sources
    assert (expected.memberships, expected.union) == (2_861, 2_236)
    union = audit.ids("IWF", "C3P", "Stanford")
    assert Counter(subset for subset, _ in union) == expected.unions
    assert expected.privacy == Counter(subset for subset, _ in audit.ids("HRW"))
    assert tuple(expected.same_link[s] for s in SUBSETS) == (10, 9, 5)
    assert audit.made.rows == Counter(r.subset for r in audit.rows)


def test_layouts(audit: Audit) -> None:
    joined = "URL TEXT WIDTH HEIGHT similarity hash pwatermark punsafe md5 sha1"
    original = "SAMPLE_ID URL TEXT HEIGHT WIDTH LICENSE NSFW similarity"
    relaion = (
        "url similarity hash pwatermark punsafe caption language key status error_message "
        "width height original_width original_height exif md5 sha1"
    )
    layouts = (joined, relaion, original)
    for subset, names in zip(SUBSETS, layouts, strict=True):
        shards = sorted((audit.made.data / subset).iterdir())
        assert len(shards) >= 4
        for shard in shards:
            f = pq.ParquetFile(shard)
            assert " ".join(f.schema_arrow.names) == names
            assert all(field.nullable for field in f.schema_arrow)
            if subset != NOLANG:
                assert str(f.schema_arrow.field("hash").type) == "int64"
                assert str(f.schema_arrow.field("punsafe").type) == "float"
            assert b"relaion.sample" in f.metadata.metadata
            assert b"ARROW:schema" not in f.metadata.metadata
            column = f.metadata.row_group(0).column(0)
            assert column.compression == "SNAPPY"
            assert column.has_dictionary_page


def test_row_hash_is_the_real_one(audit: Audit) -> None:
    for row in audit.rows[::50]:
        text = (row.url or "") + (row.text or "")
        assert row.row_hash == mmh3.hash64(text.encode())[0]


def share(rows: list[str], is_so: Callable[[str], object]) -> float:
    return 100 * sum(map(bool, map(is_so, rows))) / len(rows)


def host_of(link: str) -> str:
    return link.split("/", 3)[2]


def test_links_are_spelled_as_real_ones(audit: Audit) -> None:
    links = [r.url for r in audit.rows if r.url]
    web = [link for link in links if link.startswith("http")]
    assert sum(map(len, links)) / len(links) == pytest.approx(98, abs=4)
    assert share(links, lambda u: u.startswith("https:")) == pytest.approx(62, abs=1)
    assert share(links, lambda u: re.search("&amp;|&#038;", u)) == pytest.approx(2.1, abs=0.3)
    assert share(links, lambda u: "%" in u) == pytest.approx(5.6, abs=0.5)
    assert share(links, lambda u: "?" in u) == pytest.approx(24, abs=1.5)
    assert share(web, lambda u: host_of(u).startswith("www.")) == pytest.approx(13, abs=1)
    assert share(web, lambda u: host_of(u).isupper()) == pytest.approx(0.1, abs=0.05)
    hosts = Counter(map(host_of, web)).most_common()
    assert 100 * hosts[0][1] / len(web) == pytest.approx(6.4, abs=0.4)
    assert 100 * hosts[1][1] / len(web) == pytest.approx(1.9, abs=0.3)
    assert len(hosts) > 5_000
    assert len(set(links)) < len(links)


def test_every_host_is_reserved(audit: Audit) -> None:
    entries = [e for d, _ in audit.hits if d.source == "HRW" for e in read_entries(d)]
    links = [r.url for r in audit.rows if r.url and r.url != "UNLIKELY"] + entries
    hosts = {host_of(link).lower().partition(":")[0] for link in links}
    assert not [host for host in hosts if not RESERVED.fullmatch(host)]


def test_captions(audit: Audit) -> None:
    texts = [r.text for r in audit.rows if r.text]
    assert sum(map(len, texts)) / len(texts) == pytest.approx(58, abs=3)
    multi = [r for r in audit.rows if r.subset == MULTI]
    assert {r.language for r in multi} == {"ru", "fr", "de", "es", "zh", "ja", "ko"}
    for r in multi:
        if r.language in ("ru", "zh") and r.text:
            assert re.search("[а-я]" if r.language == "ru" else "[\u4e00-\u9fff]", r.text)


def test_missing_values(audit: Audit) -> None:
    n = len(audit.rows)
    assert 0 < sum(r.url is None for r in audit.rows) < n / 1_000
    assert 0 < sum(r.text is None for r in audit.rows) < n / 100
    assert 0 < sum(r.md5 is None for r in audit.rows) < n / 20
    assert sum(r.sha1 is None for r in audit.rows) > sum(r.md5 is None for r in audit.rows)


def test_scores_and_keywords(audit: Audit) -> None:
    scored = [r for r in audit.rows if r.subset != NOLANG]  # that layout has no score
    scores = [r.punsafe for r in scored if r.punsafe is not None]
    n = len(scores)
    assert 0 < len(scored) - n < n / 100
    assert 0 < sum(map(math.isnan, scores)) < n / 1_000
    assert 100 * sum(s > 0.95 for s in scores) / n == pytest.approx(1.5, abs=0.2)
    assert 100 * sum(0.45 < s <= 0.95 for s in scores) / n == pytest.approx(1.5, abs=0.2)
    keywords = audit.made.keywords.read_text(encoding="utf-8").splitlines()
    assert set(keywords) == {word for words in KEYWORDS.values() for word in words}
    high = [r.text for r in audit.rows if r.text and r.punsafe and r.punsafe > 0.95]
    for keyword in set(keywords) - set(KEYWORDS["nolang"]):
        assert any(keyword in text for text in high)
    low = [r.text for r in audit.rows if r.text and r.punsafe and r.punsafe < 0.45]
    assert any(keyword in text for keyword in keywords for text in low)


def tree(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield (
                path.relative_to(folder).as_posix(),
                hashlib.sha256(path.read_bytes()).hexdigest(),
            )


@pytest.mark.slow
def test_same_seed_same_bytes(tmp_path: Path) -> None:
    make(tmp_path / "a", rows=4_000)
    made = [*tree(tmp_path / "a")]
    code = "import pathlib, sys, relaion.sample as d; d.make(pathlib.Path(sys.argv[1]), rows=4_000)"
    # another process with another hash seed: no order of a set may show
    env = {**os.environ, "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "b")], check=True, env=env)
    assert [*tree(tmp_path / "b")] == made
    make(tmp_path / "a", rows=4_000)
    assert [*tree(tmp_path / "a")] == made
    make(tmp_path / "c", rows=4_000, seed=6)
    assert not {digest for _, digest in tree(tmp_path / "c")} & {
        digest for name, digest in made if name != "keywords.txt"
    }


def test_lists_are_readable_by_their_owner_only(audit: Audit) -> None:
    files = [f for d in audit.made.deliveries for f in d.files] + [audit.made.keywords]
    assert {f.stat().st_mode & 0o777 for f in files} == {0o600}


def test_too_few_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"needs {SMALLEST:,} rows"):
        make(tmp_path / "demo", rows=SMALLEST - 1)
    assert not (tmp_path / "demo").exists()


def test_a_folder_with_other_shards_is_refused(tmp_path: Path) -> None:
    make(tmp_path, rows=4_000)
    before = [*tree(tmp_path)]
    with pytest.raises(OutputError, match="choose an empty folder"):
        make(tmp_path, rows=4_000, seed=6)
    assert [*tree(tmp_path)] == before
