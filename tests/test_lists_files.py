"""A delivery means the same in whatever form it comes, and no bytes at all break the reader."""

import codecs
import csv
import gzip
import io
import random
import tempfile
import time
import tracemalloc
from collections import Counter
from itertools import product
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from relaion.errors import ListError
from relaion.links import key_digest, link_key
from relaion.lists.normalise import Tally
from relaion.lists.readers.containers.text import RowReader
from relaion.lists.readers.format import ANY, Batch, Options, Values
from relaion.lists.readers.read import FileRead, read_entries
from relaion.lists.readers.tables.columns import TableSample, by_values
from relaion.lists.readers.vocabulary.names import STANDING, TYPE
from relaion.lists.readers.vocabulary.one_word import kinds_named
from relaion.lists.readers.vocabulary.paths import read_path
from relaion.roles import KINDS
from tests.drawn import quickly

HEX = "0123456789abcdef"
KIND_OF = {32: "image_md5", 40: "image_sha1", 64: "image_sha256"}

digests = st.sampled_from([32, 40, 64]).flatmap(
    lambda n: st.text(HEX, min_size=n, max_size=n).filter(lambda t: len(set(t)) > 3)
)
links = st.builds(
    "{}://{}.example/{}.jpg".format,
    st.sampled_from(["http", "https"]),
    st.text("abcdefgh", min_size=1, max_size=8),
    # a bare host before a comma may be the name of a column: such a file is asked about
    st.text("abcdefgh0123456789,;=_-é語", min_size=1, max_size=12).filter(
        lambda t: t[0] not in ",;"
    ),
)
deliveries = st.lists(digests | links, min_size=1, max_size=30)


def read(path: Path, **options: str) -> tuple[Counter[tuple[str, str]], Counter[str]]:
    """All entries (kind, digest) as often as they stand there, and what was skipped."""
    found: Counter[tuple[str, str]] = Counter()
    told = FileRead()
    for batch in read_entries(path, Options(**options), told):  # type: ignore[arg-type]
        for kind, some in batch.entries.items():
            for array in some.digests:
                found.update((kind, digest) for digest in array.to_pylist())
    return found, told.tally.skipped


def expected(delivery: list[str]) -> Counter[tuple[str, str]]:
    return Counter(
        ("url", key_digest(link_key(value))) if "/" in value else (KIND_OF[len(value)], value)
        for value in delivery
    )


def rendered(delivery: list[str], rng: random.Random) -> tuple[str, bytes]:
    """The delivery in a form drawn at random: name and bytes."""
    name, text = rng.choice([_as_txt, _as_table])(delivery, rng)
    text = text.replace("\n", rng.choice(["\n", "\r\n", "\r"]))
    data = text.encode(rng.choice(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
    return name, gzip.compress(data) if rng.random() < 0.3 else data


def _as_txt(delivery: list[str], rng: random.Random) -> tuple[str, str]:
    lines = rng.choice([["# a list"], [""], ["hash"], []]).copy()
    # before all or none: sorted lines of which some begin with tabs are what comm prints
    tab = rng.choice(["", "", "\t"])
    for value in delivery:
        quote = '"' if rng.random() < 0.2 else ""
        spelled = value.upper() if "/" not in value and rng.random() < 0.3 else value
        around = tab or rng.choice(["", " "]), rng.choice(["", "  "])
        lines.append(around[0] + quote + spelled + quote + around[1])
        lines += rng.choice([[], [], [""], ["# more"]])
    # a last digest that is shorter than others, in a line without end, may be half of one
    is_even = len({len(value) for value in delivery}) == 1
    return "list.txt", "\n".join(lines) + rng.choice(["", "\n"] if is_even else ["\n"])


def _as_table(delivery: list[str], rng: random.Random) -> tuple[str, str]:
    names = ["id", "Hash", "note"]
    order = rng.sample(range(3), 3)
    out = io.StringIO()
    writer = csv.writer(
        out,
        delimiter=rng.choice(",;\t|"),
        quoting=rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
        lineterminator="\n",
    )
    writer.writerow([names[i] for i in order])
    # notes of which nobody knows a word, in few rows of a column that is empty, are asked about
    notes = rng.choice([[""], ["x", 'say "no"', "a,b;c|d", "two\nlines", "#5"]])
    for value in delivery:
        row = ["".join(rng.choices(HEX, k=32)), value, rng.choice(notes)]
        cells = [row[i] for i in order]
        # a row that begins with # would be a comment in any reading
        writer.writerow(["x" if cells[0] == "#5" else cells[0], *cells[1:]])
    return "list.csv", out.getvalue()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries, st.randoms(use_true_random=False))
def test_any_form_gives_the_same_entries(
    tmp_path: Path, delivery: list[str], rng: random.Random
) -> None:
    name, data = rendered(delivery, rng)
    path = tmp_path / name
    path.write_bytes(data)
    found, skipped = read(path)
    assert found == expected(delivery), data
    assert skipped.total() == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(deliveries, st.randoms(use_true_random=False), st.integers(3, 60))
def test_borders_of_blocks_change_nothing(
    tmp_path: Path, delivery: list[str], rng: random.Random, size: int
) -> None:
    name, data = rendered(delivery, rng)
    path = tmp_path / name
    path.write_bytes(data)
    whole = read(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("relaion.lists.readers.containers.text.BLOCK", 400 + size)
        assert read(path) == whole


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400) | st.text('"\n\r,;\t|#\0 axhttp:/.e5', max_size=400))
def test_any_bytes_are_read_or_refused_in_one_line(tmp_path: Path, junk: bytes | str) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(junk if isinstance(junk, bytes) else junk.encode())
    try:
        read(path)
    except ListError as e:
        assert str(path) in str(e)
        assert "\n" not in str(e)


@pytest.mark.parametrize("times", [80, pytest.param(300, marks=pytest.mark.slow)])
def test_mutated_files(times: int, tmp_path: Path) -> None:
    """A digest that a mutation did not touch is found: damage costs the lines it touches."""
    rng = random.Random(7)
    path = tmp_path / "list.csv"
    values = ["".join(rng.choices(HEX, k=32)) for _ in range(40)]
    good = ("md5,note\n" + "".join(f"{v},a note\n" for v in values)).encode()
    for _ in range(times):
        bad = bytearray(good)
        at = rng.randrange(len("md5,note\n"), len(bad))
        bad[at] = rng.choice(b'"\n,;\0\xff#')
        path.write_bytes(bad)
        found, _ = read(path)
        assert len(values) - found.total() <= (2 if good[at : at + 1] == b"\n" else 1)


@pytest.mark.slow
@pytest.mark.parametrize("encoding", [pytest.param("utf-8", marks=pytest.mark.slow), "utf-16"])
def test_memory_is_bounded(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "list.txt"
    with codecs.open(str(path), "w", encoding) as f:
        f.write("x" * 60_000_000 + "\n")
        for i in range(600_000):
            f.write(f"{i + 1:032x}\n")
    tracemalloc.start()
    told = FileRead()
    n = sum(
        len(array)
        for batch in read_entries(path, Options(), told)
        for some in batch.entries.values()
        for array in some.digests
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert n == 600_000
    assert told.tally.skipped == {"longer than any link": 1}
    assert peak < 120e6


@pytest.mark.slow
def test_real_links_as_a_list(shared_data: Path, tmp_path: Path) -> None:
    links = pq.read_table(shared_data / "real/laion400m_10000.parquet").column("URL").to_pylist()
    wanted = Counter(("url", key_digest(link_key(link))) for link in links)
    for name, quote in (("list.txt", False), ("list.csv", True)):
        rows = [[link] for link in links]
        with (tmp_path / name).open("w", encoding="utf-8", newline="") as f:
            if quote:
                csv.writer(f, quoting=csv.QUOTE_ALL).writerows([["url"], *rows])
            else:
                f.write("\n".join(links))
        found, skipped = read(tmp_path / name)
        assert sum((wanted - found).values()) == skipped.total() == 1  # one is no link
        assert not found - wanted


def test_real_table_with_captions(shared_data: Path) -> None:
    found, skipped = read(shared_data / "real" / "cc3m_1000.tsv")
    # one link holds an escaped sign that nobody sees, and is listed without it, too
    assert (found.total(), skipped.total()) == (1001, 0)


def test_a_quoted_field_may_run_over_the_border_of_a_block() -> None:
    reader = RowReader(",")
    rows = reader.rows('a,"one\n') + reader.rows('two",b\nc,d\n') + reader.rows("", last=True)
    assert rows == [["a", "one\ntwo", "b"], ["c", "d"]]


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("MD5", ("image_md5", "url_md5")),
        ("SHA-1", ("image_sha1", "url_sha1")),
        ("sha_256 hash", ("image_sha256", "url_sha256")),
        ("image_md5", ("image_md5",)),
        ("md5-of-url", ("url_md5",)),
        ("URL (MD5)", ("url_md5",)),
        ("Image URL", ("url", "host", "url_prefix", "url_md5", "url_sha1", "url_sha256")),
        ("url_hash", ("url_md5", "url_sha1", "url_sha256")),
        ("hash", ANY),
        ("sha", ("image_sha1", "image_sha256", "url_sha1", "url_sha256")),
        ("id", ()),
        ("row_hash", ()),
        ("phash", ()),
        ("sha512", ()),
        ("md5_collision", ()),
        ("note", ()),
        ("", ()),
    ],
)
def test_column_names(name: str, kinds: tuple[str, ...]) -> None:
    assert kinds_named(name) == kinds
    assert set(kinds) <= set(KINDS)


@pytest.mark.parametrize(
    ("name", "said", "kinds"),
    [
        ("Domain", "host", ("host",)),
        ("host", "url_prefix", ()),
        ("prefix", "url_prefix", ("url_prefix",)),
        ("row_hash", "row_hash", ("row_hash",)),
        ("hash", "row_hash", (*ANY, "row_hash")),
        ("hash", "url_md5", ANY),
        ("note", "host", ()),
        ("", "host", ()),
    ],
)
def test_column_names_where_the_kind_is_said(name: str, said: str, kinds: tuple[str, ...]) -> None:
    """A column `domain` beside links names no hosts, unless the curator says that it does."""
    assert kinds_named(name, said) == kinds


PIECES = (
    *(
        " ",
        "\t",
        "[",
        "(",
        "h[",
        "[ ",
        "x # y",
        "'",
        '"',
        "<",
        "<a b=c ",
        "&lt;a&gt;",
        "*",
        "/*",
        "*.",
        "a.",
        "%25",
        "&amp;",
    ),
    *("http%253a", "0", "1e", "/..", "//", "é", "[.]", "url:", "xn--a.", "http://"),
)
FRAMES = (("", ""), ("http", "x"), ("http://a.example/", "# x"), ("(https://a.b", ")"))


SAID = (ANY, ("host",), ("url_prefix",), ("row_hash",))


@pytest.mark.parametrize("piece", quickly(8, PIECES))
@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_long_value_takes_time_in_proportion(piece: str, every: bool) -> None:
    """The longest that is looked at, wherever it stands: 65,536 characters.

    Each piece in each frame; with another kind each, or with every kind.
    """
    begin = time.process_time()
    for no, (start, end) in enumerate(FRAMES, PIECES.index(piece)):
        value = start + piece * ((65_530 - len(start) - len(end)) // len(piece)) + end
        for kinds in SAID if every else [SAID[no * 7 // 4 % 4]]:
            Tally().take(Batch(1, (Values(kinds, [value]),)), 0)
    assert time.process_time() - begin < 10


@pytest.mark.parametrize("piece", ["a.$b", ".$b", " / $b", "$a.", "a"])
def test_a_long_name_takes_time_in_proportion(piece: str) -> None:
    begin = time.process_time()
    for end in ("", "!"):
        read_path(piece * (60_000 // len(piece)) + end)
    assert time.process_time() - begin < 5


LINES = st.lists(
    st.sampled_from([
        "d41d8cd98f00b204e9800998ecf8427e", "0123456789abcdef0123456789ABCDEF", "# remark", "",
        " 00000000000000000000000000000001 \t", "00000000000000000000000000000002 # removed",
        "https://listed.example/a.jpg", "y", "\u00a0", "12" * 20, "23" * 32, "3" * 31, "\udcff",
        "00000000000000000000000000000003\r", "# 00000000000000000000000000000004",
    ]),
    max_size=8,
)  # fmt: skip


@given(LINES)
def test_lines_taken_together_are_the_entries_that_they_are_one_by_one(lines: list[str]) -> None:
    def entries() -> object:
        told = FileRead()
        found: Counter[tuple[str, str]] = Counter()
        for some in read_entries(path, Options(partial=True), told):
            for kind, values in some.entries.items():
                found.update((kind, d) for array in values.digests for d in array.to_pylist())
        return found, told.tally.skipped, told.tally.records, told.tally.taken, told.notices

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.txt"
        text = "\n".join([*lines, "0" * 31 + "5", ""])
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        together = entries()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("relaion.lists.readers.lines.plain._lines", lambda _: None)
            assert entries() == together


def test_of_words_of_two_kinds_the_first_decides() -> None:
    """And not the order of a set, which changes from process to process."""
    for word, other in product(("active", "valid", "new", "block"), ("sha1", "md5", "domain")):
        rows = [["1" * 32, word], ["2" * 32, other]]
        for body, what in ((rows, STANDING), (rows[::-1], TYPE)):
            layout = by_values(TableSample(",", body), Options())
            assert layout is not None
            assert [d.what for d in layout.deciders] == [what]


def test_a_number_that_is_no_digit_names_no_column() -> None:
    rows = [["1" * 32, "active"], ["2" * 32, "new"]]
    with pytest.raises(ListError, match="have no names; write its number"):
        by_values(TableSample(",", rows), Options(where={"²": frozenset(("active",))}))


@pytest.mark.parametrize(
    ("folder", "is_read"),
    [
        ("status=removed", False), ("status=active", True), ("deleted=true", False),
        ("deleted=false", True), ("year=2024", True), ("country=DE", True), ("category=4", False),
        ("media=video", False), ("batch=false%20positive", False), ("removed", True),
    ],
)  # fmt: skip
def test_a_folder_that_is_a_column_decides_as_one(
    folder: str, is_read: bool, tmp_path: Path
) -> None:
    path = tmp_path / folder / "list.csv"
    path.parent.mkdir()
    path.write_text(f"md5\n{'1f' * 16}\n")
    ignoring = Options(ignore=frozenset(["folders"]))
    for options, is_open in ((Options(), is_read), (ignoring, True)):
        found = FileRead()
        if is_open:
            assert sum(1 for _ in read_entries(path, options, found))
        else:
            with pytest.raises(ListError, match="lies in a folder that is a column"):
                [*read_entries(path, options, found)]
